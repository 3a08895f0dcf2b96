# the environment and the spool
check_PROGRAMS += tests/unit/store/test_env
tests_unit_store_test_env_SOURCES = tests/unit/store/test_env.c
tests_unit_store_test_env_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_store_test_env_LDADD = $(LIBS_store) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/store/test_env_check
tests_unit_store_test_env_check_SOURCES = tests/unit/store/test_env_check.c
tests_unit_store_test_env_check_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_store_test_env_check_LDADD = $(LIBS_store) $(CMOCKA_LIBS)

spool_fixture = tests/unit/store/spool_fixture.c tests/unit/store/spool_fixture.h

check_PROGRAMS += tests/unit/store/test_spool
tests_unit_store_test_spool_SOURCES = tests/unit/store/test_spool.c $(spool_fixture)
tests_unit_store_test_spool_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_store_test_spool_LDADD = $(LIBS_store) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/store/test_spool_receipt
tests_unit_store_test_spool_receipt_SOURCES = tests/unit/store/test_spool_receipt.c $(spool_fixture)
tests_unit_store_test_spool_receipt_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_store_test_spool_receipt_LDADD = $(LIBS_store) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/store/test_spool_check
tests_unit_store_test_spool_check_SOURCES = tests/unit/store/test_spool_check.c $(spool_fixture)
tests_unit_store_test_spool_check_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_store_test_spool_check_LDADD = $(LIBS_store) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/store/test_spool_erase
tests_unit_store_test_spool_erase_SOURCES = tests/unit/store/test_spool_erase.c $(spool_fixture)
tests_unit_store_test_spool_erase_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_store_test_spool_erase_LDADD = $(LIBS_store) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/store/test_spool_ids
tests_unit_store_test_spool_ids_SOURCES = tests/unit/store/test_spool_ids.c $(spool_fixture)
tests_unit_store_test_spool_ids_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_store_test_spool_ids_LDADD = $(LIBS_store) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/store/test_spool_people
tests_unit_store_test_spool_people_SOURCES = tests/unit/store/test_spool_people.c $(spool_fixture)
tests_unit_store_test_spool_people_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_store_test_spool_people_LDADD = $(LIBS_store) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/store/test_spool_model
tests_unit_store_test_spool_model_SOURCES = tests/unit/store/test_spool_model.c $(spool_fixture)
tests_unit_store_test_spool_model_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_store_test_spool_model_LDADD = $(LIBS_store) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/store/test_spool_full
tests_unit_store_test_spool_full_SOURCES = tests/unit/store/test_spool_full.c $(spool_fixture)
tests_unit_store_test_spool_full_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_store_test_spool_full_LDADD = $(LIBS_store) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/store/test_spool_kill
tests_unit_store_test_spool_kill_SOURCES = tests/unit/store/test_spool_kill.c $(spool_fixture)
tests_unit_store_test_spool_kill_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_store_test_spool_kill_LDADD = $(LIBS_store) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/store/test_spool_history
tests_unit_store_test_spool_history_SOURCES = tests/unit/store/test_spool_history.c $(spool_fixture)
tests_unit_store_test_spool_history_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_store_test_spool_history_LDADD = $(LIBS_store) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/store/test_spool_index
tests_unit_store_test_spool_index_SOURCES = tests/unit/store/test_spool_index.c
tests_unit_store_test_spool_index_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_store_test_spool_index_LDADD = $(LIBS_store) $(CMOCKA_LIBS)
# (end of the spool)
# the audience environment
EXTRA_DIST += tests/unit/store/audience_store.h
check_PROGRAMS += tests/unit/store/test_packed
tests_unit_store_test_packed_SOURCES = tests/unit/store/test_packed.c
tests_unit_store_test_packed_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_store_test_packed_LDADD = $(LIBS_store) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/store/test_catalog
tests_unit_store_test_catalog_SOURCES = tests/unit/store/test_catalog.c
tests_unit_store_test_catalog_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_store_test_catalog_LDADD = $(LIBS_store) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/store/test_schema
tests_unit_store_test_schema_SOURCES = tests/unit/store/test_schema.c
tests_unit_store_test_schema_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_store_test_schema_LDADD = $(LIBS_store) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/store/test_dict
tests_unit_store_test_dict_SOURCES = tests/unit/store/test_dict.c
tests_unit_store_test_dict_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_store_test_dict_LDADD = $(LIBS_store) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/store/test_columns
tests_unit_store_test_columns_SOURCES = tests/unit/store/test_columns.c
tests_unit_store_test_columns_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_store_test_columns_LDADD = $(LIBS_store) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/store/test_customers
tests_unit_store_test_customers_SOURCES = tests/unit/store/test_customers.c
tests_unit_store_test_customers_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_store_test_customers_LDADD = $(LIBS_store) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/store/test_events
tests_unit_store_test_events_SOURCES = tests/unit/store/test_events.c
tests_unit_store_test_events_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_store_test_events_LDADD = $(LIBS_store) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/store/test_events_lists
tests_unit_store_test_events_lists_SOURCES = tests/unit/store/test_events_lists.c
tests_unit_store_test_events_lists_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_store_test_events_lists_LDADD = $(LIBS_store) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/store/test_spool_retain
tests_unit_store_test_spool_retain_SOURCES = tests/unit/store/test_spool_retain.c $(spool_fixture)
tests_unit_store_test_spool_retain_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_store_test_spool_retain_LDADD = $(LIBS_store) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/store/test_spool_refs
tests_unit_store_test_spool_refs_SOURCES = tests/unit/store/test_spool_refs.c $(spool_fixture)
tests_unit_store_test_spool_refs_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_store_test_spool_refs_LDADD = $(LIBS_store) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/store/test_spool_sweep
tests_unit_store_test_spool_sweep_SOURCES = tests/unit/store/test_spool_sweep.c $(spool_fixture)
tests_unit_store_test_spool_sweep_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_store_test_spool_sweep_LDADD = $(LIBS_store) $(CMOCKA_LIBS)
