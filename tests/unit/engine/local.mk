# Unit tests of engine/; rig.c is the engine with its stores and scripted carriers.
EXTRA_DIST += tests/unit/engine/facts_fixture.h
check_PROGRAMS += tests/unit/engine/test_worker tests/unit/engine/test_gate tests/unit/engine/test_outgoing
tests_unit_engine_test_worker_SOURCES = tests/unit/engine/test_worker.c
tests_unit_engine_test_worker_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_engine_test_worker_LDADD = $(LIBS_engine) $(CMOCKA_LIBS)
tests_unit_engine_test_gate_SOURCES = tests/unit/engine/test_gate.c
tests_unit_engine_test_gate_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_engine_test_gate_LDADD = $(LIBS_engine) $(CMOCKA_LIBS)
tests_unit_engine_test_outgoing_SOURCES = tests/unit/engine/test_outgoing.c
tests_unit_engine_test_outgoing_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_engine_test_outgoing_LDADD = $(LIBS_engine) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/engine/test_send tests/unit/engine/test_uncertain \
	tests/unit/engine/test_campaign tests/unit/engine/test_binds tests/unit/engine/test_inbound
tests_unit_engine_test_send_SOURCES = tests/unit/engine/test_send.c tests/unit/engine/rig.c tests/unit/engine/rig.h
tests_unit_engine_test_send_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS) -I$(srcdir)/tests/unit/engine
tests_unit_engine_test_send_LDADD = $(LIBS_engine) $(CMOCKA_LIBS)
tests_unit_engine_test_uncertain_SOURCES = tests/unit/engine/test_uncertain.c tests/unit/engine/rig.c tests/unit/engine/rig.h
tests_unit_engine_test_uncertain_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS) -I$(srcdir)/tests/unit/engine
tests_unit_engine_test_uncertain_LDADD = $(LIBS_engine) $(CMOCKA_LIBS)
tests_unit_engine_test_campaign_SOURCES = tests/unit/engine/test_campaign.c tests/unit/engine/rig.c tests/unit/engine/rig.h
tests_unit_engine_test_campaign_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS) -I$(srcdir)/tests/unit/engine
tests_unit_engine_test_campaign_LDADD = $(LIBS_engine) $(CMOCKA_LIBS)
tests_unit_engine_test_binds_SOURCES = tests/unit/engine/test_binds.c tests/unit/engine/rig.c tests/unit/engine/rig.h
tests_unit_engine_test_binds_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS) -I$(srcdir)/tests/unit/engine
tests_unit_engine_test_binds_LDADD = $(LIBS_engine) $(CMOCKA_LIBS)
tests_unit_engine_test_inbound_SOURCES = tests/unit/engine/test_inbound.c tests/unit/engine/rig.c tests/unit/engine/rig.h
tests_unit_engine_test_inbound_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS) -I$(srcdir)/tests/unit/engine
tests_unit_engine_test_inbound_LDADD = $(LIBS_engine) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/engine/test_schedule
tests_unit_engine_test_schedule_SOURCES = tests/unit/engine/test_schedule.c
tests_unit_engine_test_schedule_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_engine_test_schedule_LDADD = $(LIBS_engine) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/engine/test_fair
tests_unit_engine_test_fair_SOURCES = tests/unit/engine/test_fair.c
tests_unit_engine_test_fair_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_engine_test_fair_LDADD = $(LIBS_engine) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/engine/test_attempts
tests_unit_engine_test_attempts_SOURCES = tests/unit/engine/test_attempts.c
tests_unit_engine_test_attempts_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_engine_test_attempts_LDADD = $(LIBS_engine) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/engine/test_tlvs
tests_unit_engine_test_tlvs_SOURCES = tests/unit/engine/test_tlvs.c
tests_unit_engine_test_tlvs_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_engine_test_tlvs_LDADD = $(LIBS_engine) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/engine/test_rates
tests_unit_engine_test_rates_SOURCES = tests/unit/engine/test_rates.c tests/unit/engine/rig.c tests/unit/engine/rig.h
tests_unit_engine_test_rates_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS) -I$(srcdir)/tests/unit/engine
tests_unit_engine_test_rates_LDADD = $(LIBS_engine) $(CMOCKA_LIBS)
