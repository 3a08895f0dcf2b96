EXTRA_DIST += tests/unit/simulator/esme.h tests/unit/simulator/world.h
check_PROGRAMS += \
	tests/unit/simulator/test_simulator \
	tests/unit/simulator/test_errands \
	tests/unit/simulator/test_values \
	tests/unit/simulator/test_program
tests_unit_simulator_test_simulator_SOURCES = tests/unit/simulator/test_simulator.c
tests_unit_simulator_test_simulator_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_simulator_test_simulator_LDADD = $(LIBS_simulator) $(CMOCKA_LIBS)
tests_unit_simulator_test_errands_SOURCES = tests/unit/simulator/test_errands.c
tests_unit_simulator_test_errands_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_simulator_test_errands_LDADD = $(LIBS_simulator) $(CMOCKA_LIBS)
tests_unit_simulator_test_values_SOURCES = tests/unit/simulator/test_values.c
tests_unit_simulator_test_values_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_simulator_test_values_LDADD = $(LIBS_simulator) $(CMOCKA_LIBS)
tests_unit_simulator_test_program_SOURCES = tests/unit/simulator/test_program.c
tests_unit_simulator_test_program_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/unit/net $(CMOCKA_CFLAGS)
tests_unit_simulator_test_program_LDADD = $(LIBS_simulator) $(CMOCKA_LIBS)
