# Programs of the benchmarks: built on demand only (tests/bench/run), never by `make` or `make check`.
EXTRA_PROGRAMS = tests/bench/sink tests/bench/raw_client tests/bench/session_client tests/bench/post tests/bench/audience_gen tests/bench/audience_run \
	tests/bench/eval_one
EXTRA_DIST += tests/bench

tests_bench_sink_SOURCES = tests/bench/sink.c tests/bench/sink.h tests/bench/raw.h
tests_bench_sink_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
tests_bench_sink_LDADD = -lssl -lcrypto
tests_bench_raw_client_SOURCES = tests/bench/raw_client.c tests/bench/raw.h
tests_bench_raw_client_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
tests_bench_raw_client_LDADD = -lssl -lcrypto
tests_bench_session_client_SOURCES = tests/bench/session_client.c tests/bench/raw.h
tests_bench_session_client_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
tests_bench_session_client_LDADD = src/libnet.a $(LIBS_session) $(LIBEVENT_LIBS) -lssl -lcrypto
tests_bench_post_SOURCES = tests/bench/post.c tests/bench/raw.h
tests_bench_post_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
tests_bench_audience_gen_SOURCES = tests/bench/audience_gen.c tests/bench/audience_queries.h
tests_bench_audience_gen_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
tests_bench_audience_gen_LDADD = -lm
tests_bench_audience_run_SOURCES = tests/bench/audience_run.c tests/bench/audience_queries.h
tests_bench_audience_run_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
tests_bench_audience_run_LDADD = $(LIBS_audience)
tests_bench_eval_one_SOURCES = tests/bench/eval_one.c tests/bench/audience_queries.h
tests_bench_eval_one_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
tests_bench_eval_one_LDADD = $(LIBS_audience)
