noinst_LIBRARIES += src/libaudience.a
src_libaudience_a_CPPFLAGS = $(AM_CPPFLAGS)
src_libaudience_a_SOURCES =
# the evaluator
src_libaudience_a_SOURCES += \
	src/audience/plan.h src/audience/plan.c \
	src/audience/eval.h src/audience/eval.c \
	src/audience/eval_internal.h \
	src/audience/eval_scan.h src/audience/eval_scan.c \
	src/audience/eval_time.h src/audience/eval_time.c \
	src/audience/eval_test.c src/audience/eval_text.c src/audience/eval_survey.c src/audience/eval_rows.c src/audience/eval_zones.c \
	src/audience/eval_fold.h src/audience/eval_fold.c \
	src/audience/eval_lists.h src/audience/eval_lists.c \
	src/audience/eval_op.h src/audience/eval_op_make.c src/audience/eval_op_run.c \
	src/audience/eval_piece.c src/audience/piece.c src/audience/piece.h \
	src/audience/eval_few.c src/audience/eval_few.h \
	src/audience/eval_select.c src/audience/eval_percentile.c src/audience/eval_rank.c \
	src/audience/eval_aggregate.c src/audience/eval_num.c src/audience/eval_cond.c
# values of customers: scores, the chance of being active
src_libaudience_a_SOURCES += \
	src/audience/bgnbd.h src/audience/bgnbd.c \
	src/audience/alive.h src/audience/alive.c \
	src/audience/rfm.h src/audience/rfm.c \
	src/audience/eval_rfm.c src/audience/eval_alive.c
# one customer after the other
src_libaudience_a_SOURCES += \
	src/audience/eval_one.h src/audience/eval_one.c \
	src/audience/eval_one_node.h src/audience/eval_one_node.c src/audience/eval_one_cond.c \
	src/audience/eval_one_log.c src/audience/eval_one_events.c
# customers, events, import, segments
src_libaudience_a_SOURCES += \
	src/audience/audience.c src/audience/audience.h src/audience/audience_inside.h \
	src/audience/set.c src/audience/set.h \
	src/audience/words.c src/audience/words.h \
	src/audience/set_bitmap.c src/audience/set_bitmap.h \
	src/audience/set_packed.c src/audience/set_packed.h src/audience/set_overlap.c \
	src/audience/dict_cache.c src/audience/dict_cache.h \
	src/audience/directory.c src/audience/directory.h \
	src/audience/index.c src/audience/index.h \
	src/audience/index_fresh.c src/audience/index_fresh.h \
	src/audience/writer.c \
	src/audience/load.c src/audience/load.h \
	src/audience/habit.c src/audience/habit.h \
	src/audience/verify.c \
	src/audience/field_change.c \
	src/audience/fields.c src/audience/fields.h \
	src/audience/stages.c src/audience/stages.h src/audience/import_stages.c \
	src/audience/erase.c \
	src/audience/amend.c src/audience/amend.h \
	src/audience/rebuild.c src/audience/rebuild.h \
	src/audience/activity.c src/audience/activity.h \
	src/audience/import.c src/audience/import.h src/audience/import_inside.h \
	src/audience/import_csv.c src/audience/import_csv.h \
	src/audience/import_map.c src/audience/import_map.h src/audience/import_ahead.c \
	src/audience/import_value.c src/audience/import_value.h \
	src/audience/import_json.c src/audience/import_json.h src/audience/import_names.c \
	src/audience/import_ready.c src/audience/import_rows.c src/audience/import_customers.c src/audience/import_events.c \
	src/audience/segment.c src/audience/segment.h src/audience/segment_inside.h \
	src/audience/segment_query.c src/audience/segment_refs.c \
	src/audience/cross.c src/audience/cross.h \
	src/audience/top.c src/audience/top.h \
	src/audience/explain.c src/audience/explain_why.c src/audience/explain.h \
	src/audience/segment_history.c \
	src/audience/journal.c src/audience/journal.h \
	src/audience/watch.c src/audience/watch_store.c src/audience/watch_class.c \
	src/audience/watch_slide.c src/audience/watch_idle.c \
	src/audience/watch.h src/audience/watch_inside.h
