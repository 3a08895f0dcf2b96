noinst_LIBRARIES += src/libapi.a
src_libapi_a_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
src_libapi_a_SOURCES = \
	src/api/amend.c src/api/amend.h \
	src/api/api.c src/api/api.h \
	src/api/call.c src/api/call.h \
	src/api/campaigns.c \
	src/api/carriers.c \
	src/api/customers.c \
	src/api/events.c \
	src/api/fields.c \
	src/api/import_facts.c src/api/import_facts.h \
	src/api/imports.c src/api/imports.h \
	src/api/members.c src/api/members.h \
	src/api/messages.c \
	src/api/receipts.c \
	src/api/metrics.c \
	src/api/names.c \
	src/api/reply.c src/api/reply.h \
	src/api/report.c \
	src/api/routes.c src/api/routes.h \
	src/api/segments.c src/api/segment_cross.c src/api/segment_top.c src/api/segment_explain.c src/api/segment_history.c src/api/segment_watch.c src/api/segment_watch.h src/api/caller.c \
	src/api/status.c \
	src/api/fit.c src/api/store.c src/api/store.h \
	src/api/stores.c src/api/stores.h \
	src/api/texts.c src/api/tlvs.c src/api/view.c src/api/view.h \
	src/api/votes.c src/api/carrier_routes.c
