# Fuzz targets. Each is always built as a plain test over its seeds; with --enable-fuzzers (clang) also for libFuzzer:
#   tests/fuzz/seeds_pdu --corpus /tmp/corpus && tests/fuzz/seeds_pdu --dictionary > /tmp/dict
#   tests/fuzz/fuzz_pdu -dict=/tmp/dict /tmp/corpus
check_PROGRAMS += tests/fuzz/seeds_pdu
tests_fuzz_seeds_pdu_SOURCES = tests/fuzz/run_seeds.c tests/fuzz/fuzz_pdu.c tests/fuzz/fuzz.h
tests_fuzz_seeds_pdu_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/fuzz -DFUZZ_TARGET='"pdu"'
tests_fuzz_seeds_pdu_LDADD = $(LIBS_smpp)

check_PROGRAMS += tests/fuzz/seeds_receipt
tests_fuzz_seeds_receipt_SOURCES = tests/fuzz/run_seeds.c tests/fuzz/fuzz_receipt.c tests/fuzz/fuzz.h
tests_fuzz_seeds_receipt_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/fuzz -DFUZZ_TARGET='"receipt"'
tests_fuzz_seeds_receipt_LDADD = $(LIBS_smpp)

if FUZZERS
noinst_PROGRAMS = tests/fuzz/fuzz_pdu tests/fuzz/fuzz_receipt
tests_fuzz_fuzz_pdu_SOURCES = tests/fuzz/fuzz_pdu.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_pdu_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/fuzz
tests_fuzz_fuzz_pdu_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_pdu_LDADD = $(LIBS_smpp)
tests_fuzz_fuzz_receipt_SOURCES = tests/fuzz/fuzz_receipt.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_receipt_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/fuzz
tests_fuzz_fuzz_receipt_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_receipt_LDADD = $(LIBS_smpp)
endif

EXTRA_DIST += tests/fuzz/seeds
