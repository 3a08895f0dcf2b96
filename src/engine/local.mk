# engine/: joins the layers; see src/engine/engine.h.
noinst_LIBRARIES += src/libengine.a
src_libengine_a_CPPFLAGS = $(AM_CPPFLAGS)
src_libengine_a_SOURCES = \
	src/engine/options.h \
	src/engine/engine.h src/engine/engine.c src/engine/internal.h src/engine/status.c \
	src/engine/facts.h src/engine/facts.c \
	src/engine/worker.h src/engine/worker.c \
	src/engine/schedule.h src/engine/schedule.c src/engine/fair.h src/engine/fair.c \
	src/engine/gate.h src/engine/gate.c \
	src/engine/attempts.h src/engine/attempts.c src/engine/link.h src/engine/link.c src/engine/link_internal.h src/engine/link_wire.c src/engine/link_hosts.h src/engine/link_hosts.c \
	src/engine/style.h src/engine/style.c src/engine/tlvs.h src/engine/tlvs.c src/engine/text.h src/engine/text.c \
	src/engine/outgoing.h src/engine/outgoing.c \
	src/engine/routing.h src/engine/routing.c src/engine/explain.c \
	src/engine/thread.c src/engine/carriers.c src/engine/pause.c \
	src/engine/carrier.h src/engine/carrier.c src/engine/failback.c src/engine/certificates.c src/engine/outbind.h src/engine/outbind.c src/engine/lane.c src/engine/aside.c \
	src/engine/rates.h src/engine/rates.c \
	src/engine/rates_overlap.c src/engine/dispatch.c src/engine/outcome.c \
	src/engine/campaign.h src/engine/campaign.c src/engine/campaign_doc.c src/engine/campaign_info.c \
	src/engine/launch.c src/engine/produce.c src/engine/preview.c \
	src/engine/erase.c src/engine/intake.c src/engine/moving.c src/engine/errand.c src/engine/sweep.c src/engine/fit.c src/engine/watch.c src/engine/receive.c src/engine/activity.c src/engine/votes.c src/engine/votes_note.c
