# smpp/: the protocol as pure functions; may include base.
noinst_LIBRARIES += src/libsmpp.a
src_libsmpp_a_CPPFLAGS = $(AM_CPPFLAGS)
src_libsmpp_a_SOURCES = \
	src/smpp/gsm7.def src/smpp/pdu.def src/smpp/shift.def src/smpp/status.def src/smpp/tlv.def \
	src/smpp/translit.def \
	src/smpp/advice.h src/smpp/advice.c \
	src/smpp/alphabet.h src/smpp/alphabet.c src/smpp/alphabet_message.c src/smpp/data_coding.c \
	src/smpp/parts.h src/smpp/parts.c src/smpp/parts_plan.c src/smpp/parts_inside.h \
	src/smpp/pdu.h src/smpp/pdu_decode.c src/smpp/pdu_encode.c src/smpp/pdu_dump.c src/smpp/pdu_validate.c \
	src/smpp/pdu_build.c \
	src/smpp/receipt.h src/smpp/receipt.c src/smpp/msgid.c \
	src/smpp/shift.h src/smpp/shift.c \
	src/smpp/status.h src/smpp/status.c \
	src/smpp/time.h src/smpp/time.c \
	src/smpp/tlv.h src/smpp/tlv.c \
	src/smpp/translit.h src/smpp/translit.c \
	src/smpp/udh.h src/smpp/udh.c
