# the evaluator
check_PROGRAMS += tests/unit/audience/test_eval_scan
tests_unit_audience_test_eval_scan_SOURCES = tests/unit/audience/test_eval_scan.c
tests_unit_audience_test_eval_scan_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_audience_test_eval_scan_LDADD = $(LIBS_audience) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/audience/test_eval_time
tests_unit_audience_test_eval_time_SOURCES = tests/unit/audience/test_eval_time.c
tests_unit_audience_test_eval_time_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_audience_test_eval_time_LDADD = $(LIBS_audience) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/audience/test_eval_plan
tests_unit_audience_test_eval_plan_SOURCES = tests/unit/audience/test_eval_plan.c
tests_unit_audience_test_eval_plan_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_audience_test_eval_plan_LDADD = $(LIBS_audience) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/audience/test_eval
tests_unit_audience_test_eval_SOURCES = tests/unit/audience/test_eval.c \
	tests/unit/audience/eval_model.h tests/unit/audience/eval_model.c \
	tests/unit/audience/eval_reference.c tests/unit/audience/eval_random.c
tests_unit_audience_test_eval_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_audience_test_eval_LDADD = $(LIBS_audience) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/audience/test_eval_oracle
tests_unit_audience_test_eval_oracle_SOURCES = tests/unit/audience/test_eval_oracle.c \
	tests/unit/audience/eval_model.h tests/unit/audience/eval_model.c \
	tests/unit/audience/eval_reference.c tests/unit/audience/eval_random.c
tests_unit_audience_test_eval_oracle_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_audience_test_eval_oracle_LDADD = $(LIBS_audience) $(CMOCKA_LIBS)
# customers, import, activity, segments
EXTRA_DIST += tests/unit/audience/audience_fixture.h
check_PROGRAMS += tests/unit/audience/test_set
tests_unit_audience_test_set_SOURCES = tests/unit/audience/test_set.c
tests_unit_audience_test_set_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_audience_test_set_LDADD = $(LIBS_audience) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/audience/test_import_csv
tests_unit_audience_test_import_csv_SOURCES = tests/unit/audience/test_import_csv.c
tests_unit_audience_test_import_csv_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_audience_test_import_csv_LDADD = $(LIBS_audience) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/audience/test_import
tests_unit_audience_test_import_SOURCES = tests/unit/audience/test_import.c
tests_unit_audience_test_import_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_audience_test_import_LDADD = $(LIBS_audience) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/audience/test_activity
tests_unit_audience_test_activity_SOURCES = tests/unit/audience/test_activity.c
tests_unit_audience_test_activity_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_audience_test_activity_LDADD = $(LIBS_audience) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/audience/test_segment
tests_unit_audience_test_segment_SOURCES = tests/unit/audience/test_segment.c
tests_unit_audience_test_segment_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_audience_test_segment_LDADD = $(LIBS_audience) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/audience/test_import_crash
tests_unit_audience_test_import_crash_SOURCES = tests/unit/audience/test_import_crash.c
tests_unit_audience_test_import_crash_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_audience_test_import_crash_LDADD = $(LIBS_audience) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/audience/test_import_cdnow
tests_unit_audience_test_import_cdnow_SOURCES = tests/unit/audience/test_import_cdnow.c
tests_unit_audience_test_import_cdnow_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_audience_test_import_cdnow_LDADD = $(LIBS_audience) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/audience/test_rebuild
tests_unit_audience_test_rebuild_SOURCES = tests/unit/audience/test_rebuild.c
tests_unit_audience_test_rebuild_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_audience_test_rebuild_LDADD = $(LIBS_audience) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/audience/test_load
tests_unit_audience_test_load_SOURCES = tests/unit/audience/test_load.c
tests_unit_audience_test_load_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_audience_test_load_LDADD = $(LIBS_audience) $(CMOCKA_LIBS)
