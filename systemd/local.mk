# The unit, its user and its directories; installed with --with-systemdsystemunitdir=DIR.
EXTRA_DIST += systemd/tesserad.service.in systemd/tessera.tmpfiles.in systemd/tessera.sysusers
CLEANFILES = systemd/tesserad.service systemd/tessera.tmpfiles
SYSTEMD_FILL = $(AM_V_GEN)$(MKDIR_P) systemd && \
	sed -e 's|@sbindir[@]|$(sbindir)|g' -e 's|@sysconfdir[@]|$(sysconfdir)|g'
systemd/tesserad.service: systemd/tesserad.service.in Makefile
	$(SYSTEMD_FILL) '$(srcdir)/systemd/tesserad.service.in' >$@
systemd/tessera.tmpfiles: systemd/tessera.tmpfiles.in Makefile
	$(SYSTEMD_FILL) '$(srcdir)/systemd/tessera.tmpfiles.in' >$@

if SYSTEMD_UNITS
systemdsystemunit_DATA = systemd/tesserad.service
noinst_DATA = systemd/tessera.tmpfiles
install-data-hook: systemd/tessera.tmpfiles
	$(MKDIR_P) '$(DESTDIR)$(prefix)/lib/sysusers.d' '$(DESTDIR)$(prefix)/lib/tmpfiles.d'
	$(INSTALL_DATA) '$(srcdir)/systemd/tessera.sysusers' '$(DESTDIR)$(prefix)/lib/sysusers.d/tessera.conf'
	$(INSTALL_DATA) systemd/tessera.tmpfiles '$(DESTDIR)$(prefix)/lib/tmpfiles.d/tessera.conf'
uninstall-hook:
	rm -f '$(DESTDIR)$(prefix)/lib/sysusers.d/tessera.conf' '$(DESTDIR)$(prefix)/lib/tmpfiles.d/tessera.conf'
endif
# What `make distcheck` installs must include the units.
AM_DISTCHECK_CONFIGURE_FLAGS = --with-systemdsystemunitdir=$$dc_install_base/lib/systemd/system
