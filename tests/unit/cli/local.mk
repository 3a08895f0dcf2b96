EXTRA_DIST += tests/unit/cli/support.h
check_PROGRAMS += \
	tests/unit/cli/test_args \
	tests/unit/cli/test_commands \
	tests/unit/cli/test_values \
	tests/unit/cli/test_text \
	tests/unit/cli/test_table \
	tests/unit/cli/test_split \
	tests/unit/cli/test_source \
	tests/unit/cli/test_views
tests_unit_cli_test_args_SOURCES = tests/unit/cli/test_args.c
tests_unit_cli_test_args_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_cli_test_args_LDADD = $(LIBS_cli) $(CMOCKA_LIBS)
tests_unit_cli_test_commands_SOURCES = tests/unit/cli/test_commands.c
tests_unit_cli_test_commands_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_cli_test_commands_LDADD = $(LIBS_cli) $(CMOCKA_LIBS)
tests_unit_cli_test_values_SOURCES = tests/unit/cli/test_values.c
tests_unit_cli_test_values_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_cli_test_values_LDADD = $(LIBS_cli) $(CMOCKA_LIBS)
tests_unit_cli_test_text_SOURCES = tests/unit/cli/test_text.c
tests_unit_cli_test_text_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_cli_test_text_LDADD = $(LIBS_cli) $(CMOCKA_LIBS)
tests_unit_cli_test_table_SOURCES = tests/unit/cli/test_table.c
tests_unit_cli_test_table_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_cli_test_table_LDADD = $(LIBS_cli) $(CMOCKA_LIBS)
tests_unit_cli_test_split_SOURCES = tests/unit/cli/test_split.c
tests_unit_cli_test_split_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_cli_test_split_LDADD = $(LIBS_cli) $(CMOCKA_LIBS)
tests_unit_cli_test_source_SOURCES = tests/unit/cli/test_source.c
tests_unit_cli_test_source_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_cli_test_source_LDADD = $(LIBS_cli) $(CMOCKA_LIBS)
tests_unit_cli_test_views_SOURCES = tests/unit/cli/test_views.c
tests_unit_cli_test_views_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_cli_test_views_LDADD = $(LIBS_cli) $(CMOCKA_LIBS)
