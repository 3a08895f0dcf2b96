noinst_LIBRARIES += src/libquery.a
src_libquery_a_CPPFLAGS = $(AM_CPPFLAGS)
src_libquery_a_SOURCES =
