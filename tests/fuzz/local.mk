# Fuzz targets. Each is always built as a plain test over its seeds; with --enable-fuzzers (clang) also for libFuzzer:
#   tests/fuzz/seeds_pdu --corpus /tmp/corpus && tests/fuzz/seeds_pdu --dictionary > /tmp/dict
#   tests/fuzz/fuzz_pdu -dict=/tmp/dict /tmp/corpus

FUZZ_LIBS_pdu = $(LIBS_smpp)
check_PROGRAMS += tests/fuzz/seeds_pdu
tests_fuzz_seeds_pdu_SOURCES = tests/fuzz/run_seeds.c tests/fuzz/fuzz_pdu.c tests/fuzz/fuzz.h
tests_fuzz_seeds_pdu_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/fuzz -DFUZZ_TARGET='"pdu"'
tests_fuzz_seeds_pdu_LDADD = $(FUZZ_LIBS_pdu)

FUZZ_LIBS_receipt = $(LIBS_smpp)
check_PROGRAMS += tests/fuzz/seeds_receipt
tests_fuzz_seeds_receipt_SOURCES = tests/fuzz/run_seeds.c tests/fuzz/fuzz_receipt.c tests/fuzz/fuzz.h
tests_fuzz_seeds_receipt_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/fuzz -DFUZZ_TARGET='"receipt"'
tests_fuzz_seeds_receipt_LDADD = $(FUZZ_LIBS_receipt)

FUZZ_LIBS_session = $(LIBS_session)
check_PROGRAMS += tests/fuzz/seeds_session
tests_fuzz_seeds_session_SOURCES = tests/fuzz/run_seeds.c tests/fuzz/fuzz_session.c tests/fuzz/fuzz.h
tests_fuzz_seeds_session_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/fuzz -DFUZZ_TARGET='"session"'
tests_fuzz_seeds_session_LDADD = $(FUZZ_LIBS_session)

FUZZ_LIBS_http = src/libnet.a $(LIBS_smpp) $(LIBEVENT_LIBS) -lssl -lcrypto
check_PROGRAMS += tests/fuzz/seeds_http
tests_fuzz_seeds_http_SOURCES = tests/fuzz/run_seeds.c tests/fuzz/fuzz_http.c tests/fuzz/fuzz.h
tests_fuzz_seeds_http_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/fuzz -DFUZZ_TARGET='"http"'
tests_fuzz_seeds_http_LDADD = $(FUZZ_LIBS_http)

FUZZ_LIBS_query = src/libquery.a $(LIBS_smpp)
check_PROGRAMS += tests/fuzz/seeds_query
tests_fuzz_seeds_query_SOURCES = tests/fuzz/run_seeds.c tests/fuzz/fuzz_query.c tests/fuzz/fuzz.h
tests_fuzz_seeds_query_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/fuzz -DFUZZ_TARGET='"query"'
tests_fuzz_seeds_query_LDADD = $(FUZZ_LIBS_query)

FUZZ_LIBS_template = $(LIBS_domain)
check_PROGRAMS += tests/fuzz/seeds_template
tests_fuzz_seeds_template_SOURCES = tests/fuzz/run_seeds.c tests/fuzz/fuzz_template.c tests/fuzz/fuzz.h
tests_fuzz_seeds_template_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/fuzz -DFUZZ_TARGET='"template"'
tests_fuzz_seeds_template_LDADD = $(FUZZ_LIBS_template)

FUZZ_LIBS_csv = $(LIBS_audience)
check_PROGRAMS += tests/fuzz/seeds_csv
tests_fuzz_seeds_csv_SOURCES = tests/fuzz/run_seeds.c tests/fuzz/fuzz_csv.c tests/fuzz/fuzz.h
tests_fuzz_seeds_csv_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/fuzz -DFUZZ_TARGET='"csv"'
tests_fuzz_seeds_csv_LDADD = $(FUZZ_LIBS_csv)

FUZZ_LIBS_config = src/libdaemon.a $(LIBS_api) $(LIBCONFIG_LIBS) $(SYSTEMD_LIBS)
check_PROGRAMS += tests/fuzz/seeds_config
tests_fuzz_seeds_config_SOURCES = tests/fuzz/run_seeds.c tests/fuzz/fuzz_config.c tests/fuzz/fuzz.h
tests_fuzz_seeds_config_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/fuzz -DFUZZ_TARGET='"config"'
tests_fuzz_seeds_config_LDADD = $(FUZZ_LIBS_config)

if FUZZERS
noinst_PROGRAMS =

noinst_PROGRAMS += tests/fuzz/fuzz_pdu
tests_fuzz_fuzz_pdu_SOURCES = tests/fuzz/fuzz_pdu.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_pdu_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/fuzz
tests_fuzz_fuzz_pdu_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_pdu_LDADD = $(FUZZ_LIBS_pdu)

noinst_PROGRAMS += tests/fuzz/fuzz_receipt
tests_fuzz_fuzz_receipt_SOURCES = tests/fuzz/fuzz_receipt.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_receipt_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/fuzz
tests_fuzz_fuzz_receipt_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_receipt_LDADD = $(FUZZ_LIBS_receipt)

noinst_PROGRAMS += tests/fuzz/fuzz_session
tests_fuzz_fuzz_session_SOURCES = tests/fuzz/fuzz_session.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_session_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/fuzz
tests_fuzz_fuzz_session_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_session_LDADD = $(FUZZ_LIBS_session)

noinst_PROGRAMS += tests/fuzz/fuzz_http
tests_fuzz_fuzz_http_SOURCES = tests/fuzz/fuzz_http.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_http_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/fuzz
tests_fuzz_fuzz_http_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_http_LDADD = $(FUZZ_LIBS_http)

noinst_PROGRAMS += tests/fuzz/fuzz_query
tests_fuzz_fuzz_query_SOURCES = tests/fuzz/fuzz_query.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_query_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/fuzz
tests_fuzz_fuzz_query_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_query_LDADD = $(FUZZ_LIBS_query)

noinst_PROGRAMS += tests/fuzz/fuzz_template
tests_fuzz_fuzz_template_SOURCES = tests/fuzz/fuzz_template.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_template_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/fuzz
tests_fuzz_fuzz_template_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_template_LDADD = $(FUZZ_LIBS_template)

noinst_PROGRAMS += tests/fuzz/fuzz_csv
tests_fuzz_fuzz_csv_SOURCES = tests/fuzz/fuzz_csv.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_csv_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/fuzz
tests_fuzz_fuzz_csv_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_csv_LDADD = $(FUZZ_LIBS_csv)

noinst_PROGRAMS += tests/fuzz/fuzz_config
tests_fuzz_fuzz_config_SOURCES = tests/fuzz/fuzz_config.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_config_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/fuzz
tests_fuzz_fuzz_config_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_config_LDADD = $(FUZZ_LIBS_config)
endif

EXTRA_DIST += tests/fuzz/seeds
