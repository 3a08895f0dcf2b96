# base/: no knowledge of the product; may include libc and utf8proc.
noinst_LIBRARIES += src/libbase.a
src_libbase_a_CPPFLAGS = $(AM_CPPFLAGS) $(UTF8PROC_CFLAGS)
src_libbase_a_SOURCES = \
	src/base/err.h src/base/err.c \
	src/base/strv.h src/base/strv.c \
	src/base/nearest.h src/base/nearest.c \
	src/base/buf.h src/base/buf.c \
	src/base/log.h src/base/log.c \
	src/base/clock.h src/base/clock.c \
	src/base/civil.h src/base/civil.c \
	src/base/decimal.h src/base/decimal.c \
	src/base/hash.h src/base/hash.c \
	src/base/hmap.h src/base/hmap.c \
	src/base/heap.h src/base/heap.c \
	src/base/ring.h src/base/ring.c \
	src/base/bucket.h src/base/bucket.c \
	src/base/utf8.h src/base/utf8.c \
	src/base/mailbox.h src/base/mailbox.c \
	src/base/random.h src/base/random.c
