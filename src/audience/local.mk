noinst_LIBRARIES += src/libaudience.a
src_libaudience_a_CPPFLAGS = $(AM_CPPFLAGS)
src_libaudience_a_SOURCES =
# the evaluator
src_libaudience_a_SOURCES += \
	src/audience/plan.h src/audience/plan.c \
	src/audience/eval.h src/audience/eval.c \
	src/audience/eval_internal.h \
	src/audience/eval_scan.h src/audience/eval_scan.c \
	src/audience/eval_time.h src/audience/eval_time.c \
	src/audience/eval_test.c src/audience/eval_rows.c src/audience/eval_zones.c \
	src/audience/eval_aggregate.c src/audience/eval_num.c src/audience/eval_cond.c
