TESTS += tests/unit/daemon/settings-documented.sh
