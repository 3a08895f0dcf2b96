# cli/: the command line; may include base/ only, and owns libcurl.
LIBS_cli = src/libcli.a $(LIBS_base) $(LIBCURL_LIBS) $(JANSSON_LIBS)
noinst_LIBRARIES += src/libcli.a
src_libcli_a_CPPFLAGS = $(AM_CPPFLAGS) -DTESSERAD='"$(sbindir)/tesserad"' $(LIBCURL_CFLAGS) $(JANSSON_CFLAGS)
src_libcli_a_SOURCES = \
	src/cli/cli.h src/cli/cli.c \
	src/cli/commands.h src/cli/commands.c src/cli/handlers.h \
	src/cli/args.h src/cli/args.c \
	src/cli/help.h src/cli/help.c \
	src/cli/values.h src/cli/values.c \
	src/cli/text.h src/cli/text.c \
	src/cli/table.h src/cli/table.c \
	src/cli/term.h src/cli/term.c \
	src/cli/doc.h src/cli/doc.c \
	src/cli/client.h src/cli/client.c \
	src/cli/ask.h src/cli/ask.c \
	src/cli/split.h src/cli/split.c \
	src/cli/source.h src/cli/source.c \
	src/cli/import.c \
	src/cli/import_tell.h src/cli/import_tell.c \
	src/cli/segment.c src/cli/segment_cross.c src/cli/segment_top.c src/cli/segment_explain.c src/cli/segment_watch.c \
	src/cli/campaign.c \
	src/cli/campaign_view.h src/cli/campaign_view.c \
	src/cli/vote.c src/cli/route.c \
	src/cli/customer.c src/cli/customer_set.c \
	src/cli/receipt.c src/cli/receipt_view.h \
	src/cli/message.c \
	src/cli/message_view.h src/cli/message_view.c src/cli/preview.c src/cli/preview.h \
	src/cli/status.c src/cli/status_view.h src/cli/carrier.c \
	src/cli/audience.c src/cli/store.c src/cli/event.c \
	src/cli/field.c
bin_PROGRAMS += src/cli/tessera
src_cli_tessera_SOURCES = src/cli/main.c
src_cli_tessera_CPPFLAGS = $(AM_CPPFLAGS)
src_cli_tessera_LDADD = $(LIBS_cli)
