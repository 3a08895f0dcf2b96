noinst_LIBRARIES += src/libstore.a
src_libstore_a_CPPFLAGS = $(AM_CPPFLAGS) $(LMDB_CFLAGS)
src_libstore_a_SOURCES = \
	src/store/env.c src/store/env.h \
	src/store/spool.h
