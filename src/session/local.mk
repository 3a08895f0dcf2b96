noinst_LIBRARIES += src/libsession.a
src_libsession_a_CPPFLAGS = $(AM_CPPFLAGS)
src_libsession_a_SOURCES =
