# smpp/: the protocol as pure functions; may include base.
noinst_LIBRARIES += src/libsmpp.a
src_libsmpp_a_CPPFLAGS = $(AM_CPPFLAGS)
src_libsmpp_a_SOURCES = \
	src/smpp/gsm7.def src/smpp/pdu.def src/smpp/status.def src/smpp/tlv.def \
	src/smpp/alphabet.h src/smpp/alphabet.c src/smpp/data_coding.c \
	src/smpp/parts.h src/smpp/parts.c \
	src/smpp/pdu.h src/smpp/pdu_decode.c src/smpp/pdu_encode.c src/smpp/pdu_dump.c src/smpp/pdu_validate.c \
	src/smpp/pdu_build.c \
	src/smpp/receipt.h src/smpp/receipt.c src/smpp/msgid.c \
	src/smpp/status.h src/smpp/status.c \
	src/smpp/time.h src/smpp/time.c \
	src/smpp/tlv.h src/smpp/tlv.c \
	src/smpp/udh.h src/smpp/udh.c
