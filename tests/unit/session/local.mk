session_script = tests/unit/session/script.c tests/unit/session/script.h
check_PROGRAMS += \
	tests/unit/session/test_window \
	tests/unit/session/test_rules \
	tests/unit/session/test_session \
	tests/unit/session/test_input
tests_unit_session_test_window_SOURCES = tests/unit/session/test_window.c
tests_unit_session_test_window_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_session_test_window_LDADD = $(LIBS_session) $(CMOCKA_LIBS)
tests_unit_session_test_rules_SOURCES = tests/unit/session/test_rules.c
tests_unit_session_test_rules_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_session_test_rules_LDADD = $(LIBS_session) $(CMOCKA_LIBS)
tests_unit_session_test_session_SOURCES = tests/unit/session/test_session.c $(session_script)
tests_unit_session_test_session_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_session_test_session_LDADD = $(LIBS_session) $(CMOCKA_LIBS)
tests_unit_session_test_input_SOURCES = tests/unit/session/test_input.c $(session_script)
tests_unit_session_test_input_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_session_test_input_LDADD = $(LIBS_session) $(CMOCKA_LIBS)
