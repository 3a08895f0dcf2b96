noinst_LIBRARIES += src/libsmpp.a
src_libsmpp_a_CPPFLAGS = $(AM_CPPFLAGS)
src_libsmpp_a_SOURCES =
