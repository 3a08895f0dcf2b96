NET_TESTS = tests/unit/net/test_loop tests/unit/net/test_conn
check_PROGRAMS += $(NET_TESTS)
tests_unit_net_test_loop_SOURCES = tests/unit/net/test_loop.c tests/unit/net/net_test.h
tests_unit_net_test_loop_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_net_test_loop_LDADD = $(LIBS_net) $(CMOCKA_LIBS)
tests_unit_net_test_conn_SOURCES = tests/unit/net/test_conn.c tests/unit/net/net_test.h
tests_unit_net_test_conn_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_net_test_conn_LDADD = $(LIBS_net) $(CMOCKA_LIBS)
