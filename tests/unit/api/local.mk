check_PROGRAMS += \
	tests/unit/api/test_members \
	tests/unit/api/test_reply \
	tests/unit/api/test_routes \
	tests/unit/api/test_api

API_TEST_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/unit/api $(CMOCKA_CFLAGS) $(JANSSON_CFLAGS)
API_TEST_LDADD = $(LIBS_api) $(CMOCKA_LIBS)

tests_unit_api_test_members_SOURCES = tests/unit/api/test_members.c
tests_unit_api_test_members_CPPFLAGS = $(API_TEST_CPPFLAGS)
tests_unit_api_test_members_LDADD = $(API_TEST_LDADD)
tests_unit_api_test_reply_SOURCES = tests/unit/api/test_reply.c
tests_unit_api_test_reply_CPPFLAGS = $(API_TEST_CPPFLAGS)
tests_unit_api_test_reply_LDADD = $(API_TEST_LDADD)
tests_unit_api_test_routes_SOURCES = tests/unit/api/test_routes.c
tests_unit_api_test_routes_CPPFLAGS = $(API_TEST_CPPFLAGS)
tests_unit_api_test_routes_LDADD = $(API_TEST_LDADD)
tests_unit_api_test_api_SOURCES = tests/unit/api/test_api.c tests/unit/api/harness.c tests/unit/api/harness.h
tests_unit_api_test_api_CPPFLAGS = $(API_TEST_CPPFLAGS)
tests_unit_api_test_api_LDADD = $(API_TEST_LDADD)
