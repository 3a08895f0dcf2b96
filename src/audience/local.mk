noinst_LIBRARIES += src/libaudience.a
src_libaudience_a_CPPFLAGS = $(AM_CPPFLAGS)
src_libaudience_a_SOURCES =
