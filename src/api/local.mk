noinst_LIBRARIES += src/libapi.a
src_libapi_a_CPPFLAGS = $(AM_CPPFLAGS)
src_libapi_a_SOURCES =
