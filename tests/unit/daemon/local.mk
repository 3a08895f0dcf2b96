# What the manuals say is what the programs have.
TESTS += tests/unit/daemon/settings-documented.sh tests/unit/daemon/events-documented.sh tests/unit/daemon/help-documented.sh
EXTRA_DIST += tests/unit/daemon/settings-documented.sh tests/unit/daemon/events-documented.sh tests/unit/daemon/help-documented.sh

check_PROGRAMS += tests/unit/daemon/test_configuration
tests_unit_daemon_test_configuration_SOURCES = tests/unit/daemon/test_configuration.c
tests_unit_daemon_test_configuration_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_daemon_test_configuration_LDADD = src/libdaemon.a $(LIBS_api) $(LIBCONFIG_LIBS) $(SYSTEMD_LIBS) $(CMOCKA_LIBS)
