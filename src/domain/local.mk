noinst_LIBRARIES += src/libdomain.a
src_libdomain_a_CPPFLAGS = $(AM_CPPFLAGS)
src_libdomain_a_SOURCES =
