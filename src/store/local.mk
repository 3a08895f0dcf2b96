noinst_LIBRARIES += src/libstore.a
src_libstore_a_CPPFLAGS = $(AM_CPPFLAGS) $(LMDB_CFLAGS)
src_libstore_a_SOURCES = \
	src/store/env.c src/store/env.h src/store/env_internal.h src/store/env_open.c \
	src/store/env_space.c src/store/env_compact.c src/store/env_check.c \
	src/store/spool.c src/store/spool.h src/store/spool_internal.h \
	src/store/spool_ops.c src/store/spool_settings.c \
	src/store/spool_apply.c \
	src/store/spool_check.c src/store/spool_check.h \
	src/store/spool_block.c src/store/spool_block.h \
	src/store/spool_core.c src/store/spool_core.h \
	src/store/spool_count.c src/store/spool_count.h \
	src/store/spool_delta.c src/store/spool_delta.h \
	src/store/spool_erase.c \
	src/store/spool_history.c src/store/spool_history.h \
	src/store/spool_ids.c src/store/spool_ids.h \
	src/store/spool_index.c src/store/spool_index.h src/store/spool_index_internal.h \
	src/store/spool_index_find.c src/store/spool_index_merge.c src/store/spool_index_sweep.c \
	src/store/spool_life.c \
	src/store/spool_load.c \
	src/store/spool_orphan.c src/store/spool_orphan.h \
	src/store/spool_people.c src/store/spool_people.h \
	src/store/spool_queue.c src/store/spool_queue.h \
	src/store/spool_retain.c src/store/spool_retain.h \
	src/store/spool_read.c src/store/spool_read.h \
	src/store/spool_refs.c src/store/spool_refs.h \
	src/store/spool_read_people.c \
	src/store/spool_sweep.c \
	src/store/spool_table.c src/store/spool_table.h \
	src/store/spool_writer.c src/store/spool_writer.h
# the audience environment
src_libstore_a_SOURCES += \
	src/store/catalog.c src/store/catalog.h src/store/tables.h \
	src/store/schema.c src/store/schema.h src/store/schema_change.c src/store/schema_stored.h \
	src/store/schema_table.c src/store/schema_table.h \
	src/store/packed.c src/store/packed.h \
	src/store/dict.c src/store/dict.h \
	src/store/columns.c src/store/columns.h \
	src/store/members.c src/store/members.h \
	src/store/customers.c src/store/customers.h \
	src/store/events.c src/store/events.h src/store/events_append.c \
	src/store/events_block.c src/store/events_block.h \
	src/store/events_lists.c src/store/events_lists.h src/store/events_renew.c \
	src/store/documents.c src/store/documents.h
