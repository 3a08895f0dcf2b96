# daemon/: tesserad. The library is everything but main(), for tests.
noinst_LIBRARIES += src/libdaemon.a
src_libdaemon_a_CPPFLAGS = $(AM_CPPFLAGS) $(LIBCONFIG_CFLAGS) $(SYSTEMD_CFLAGS) \
	-DFACTS_DIR='"$(pkgdatadir)"' -DCONFIG_FILE='"$(sysconfdir)/tessera/tesserad.conf"'
src_libdaemon_a_SOURCES = \
	src/daemon/setting.h src/daemon/setting.c \
	src/daemon/configuration.h src/daemon/configuration.c src/daemon/configuration_inside.h \
	src/daemon/configuration_tables.c src/daemon/configuration_carrier.c src/daemon/configuration_routes.c \
	src/daemon/stores.h src/daemon/stores.c \
	src/daemon/daemon.h src/daemon/daemon.c

sbin_PROGRAMS += src/daemon/tesserad
src_daemon_tesserad_SOURCES = src/daemon/main.c
src_daemon_tesserad_LDADD = src/libdaemon.a $(LIBS_api) $(LIBCONFIG_LIBS) $(SYSTEMD_LIBS)
