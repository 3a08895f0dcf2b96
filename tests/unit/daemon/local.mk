# What the manual says is what the daemon has.
TESTS += tests/unit/daemon/settings-documented.sh tests/unit/daemon/events-documented.sh
EXTRA_DIST += tests/unit/daemon/settings-documented.sh tests/unit/daemon/events-documented.sh
