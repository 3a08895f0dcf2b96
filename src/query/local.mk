# query/: the segment language; may include base/.
noinst_LIBRARIES += src/libquery.a
src_libquery_a_CPPFLAGS = $(AM_CPPFLAGS) $(PCRE2_CFLAGS)
src_libquery_a_SOURCES = \
	src/query/error.h src/query/error.c \
	src/query/tree.h src/query/tree.c \
	src/query/lex.h src/query/lex.c \
	src/query/parser.h src/query/parser.c \
	src/query/parse_value.c src/query/parse_num.c \
	src/query/parse.h src/query/parse.c \
	src/query/pattern.h src/query/pattern.c \
	src/query/check.h src/query/check.c \
	src/query/print.h src/query/print.c
