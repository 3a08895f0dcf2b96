/* Delivery receipts: TLVs first, then a tolerant reader of the texts that carriers really send (SMPP 3.4
 * Appendix B, §5.2.28), and the writing of one in the standard form. Whose receipt it is: message ids in
 * canonical form, because carriers give an id in hexadecimal in the response and in decimal, padded, in the
 * receipt. */
#ifndef TESSERA_SMPP_RECEIPT_H
#define TESSERA_SMPP_RECEIPT_H

#include "base/buf.h"
#include "base/civil.h"
#include "base/strv.h"
#include "smpp/pdu.h"

#include <stdbool.h>
#include <stdint.h>

enum receipt_verdict {
    RECEIPT_NOT,     /* not a receipt: an inbound message */
    RECEIPT_PARTIAL, /* has receipt fields, but no id or no state */
    RECEIPT_FULL,    /* id and state are there */
};
enum receipt_date_kind {
    RECEIPT_DATE_NONE, /* absent, zeros or unreadable */
    RECEIPT_DATE_OK,
    RECEIPT_DATE_AMBIGUOUS, /* twelve digits that are a date as YYMMDDhhmmss and as YYYYMMDDhhmm */
};
struct receipt_date {
    struct civil civil; /* the carrier's local time; when AMBIGUOUS the reading as YYMMDDhhmmss */
    uint8_t kind;       /* enum receipt_date_kind */
};

/* Views live as long as the input (and the scratch of receipt_read). An absent field has p == NULL. */
struct receipt {
    enum receipt_verdict verdict;
    bool marked;           /* esm_class says receipt or intermediate notification (§5.2.12) */
    bool intermediate;     /* ... the latter */
    uint8_t message_state; /* TLV, else stat; enum smpp_message_state, SMPP_STATE_NONE when unknown */
    bool scheduled;        /* ... or the state 0 of SMPP 5.0 (§4.7.15), which is not final */
    bool has_error;        /* network_error_code TLV: */
    uint8_t error_network; /* network type, */
    uint16_t error_code;   /* and its code */
    struct strv tlv_id;    /* receipted_message_id */
    struct strv id, sub, dlvrd, submit_date, done_date, stat, err, text; /* of the text, as written */
    struct receipt_date submit, done;
};

/* Reads a deliver_sm or data_sm. `scratch` (cleared first) takes the text when it must be converted (UCS-2,
 * packed septets): keep it as long as the receipt. A text alone is believed only as far as it goes: a
 * subscriber can type one, so the caller decides by `marked` and tlv_id whether an unmarked one counts. */
enum receipt_verdict receipt_read(const struct smpp_pdu *pdu, struct buf *scratch, struct receipt *out);
/* The same for a text alone (octets of an ASCII-compatible alphabet). */
enum receipt_verdict receipt_read_text(struct strv text, struct receipt *out);
/* What it says of the message: message_state; when the stat is none of the nine words, what carriers mean by
 * it
 * ("DELIVERED", "FAILED", "REJECTED" ...); SMPP_STATE_NONE when nobody knows. */
unsigned receipt_state(const struct receipt *r);
/* The id that counts: the TLV's, else the text's; empty when neither is there. */
struct strv receipt_id(const struct receipt *r);

/* Appends "id:... sub:001 dlvrd:001 submit date:YYMMDDhhmm done date:YYMMDDhhmm stat:DELIVRD err:000
 * text:...". */
struct receipt_write {
    struct strv id;
    unsigned message_state;
    unsigned err; /* 0..999 */
    usec_t submitted, done;
    struct strv text; /* the first 20 octets are used */
};
bool receipt_put(struct buf *out, const struct receipt_write *r);

/* --- message ids --- */

enum msgid_form {
    MSGID_TEXT, /* as it is */
    MSGID_HEX,  /* a hexadecimal number */
    MSGID_DEC,  /* a decimal number */
};
struct smpp_msgid {
    uint8_t n;
    char s[65]; /* NUL-terminated */
};

/* The key to look an id up by: white space off, lower case, leading zeros off, and with MSGID_DEC a decimal
 * number turned into hexadecimal digits, so that a response's id in HEX and a receipt's in DEC give the same
 * key. With TEXT and HEX the digits stay. False when the id is empty, over 64 characters, or not a number of
 * that form (of at most 64 bits for DEC): *out is then the key as TEXT, or empty. */
bool smpp_msgid_canonical(struct strv id, enum msgid_form form, struct smpp_msgid *out);
/* A hexadecimal number (at most 64 bits) turned into decimal digits: what MSGID_DEC does, the other way.
 * False: it is none. */
bool smpp_msgid_decimal(struct strv id, struct smpp_msgid *out);
/* Keys under which the same message may be known when the forms are not: first the TEXT key, then decimal
 * read as hexadecimal and hexadecimal as decimal where the digits allow. Returns how many (0..3), all
 * different. */
unsigned smpp_msgid_candidates(struct strv id, struct smpp_msgid out[3]);

enum receipt_id_match { RECEIPT_ID_DIFFERENT, RECEIPT_ID_SAME, RECEIPT_ID_MAYBE };
/* SAME: equal in canonical form, or a number once in hexadecimal (with a letter) and once in decimal. MAYBE:
 * equal only if one of two all-digit ids is hexadecimal: that, a setting of the carrier must tell. */
enum receipt_id_match receipt_id_same(struct strv a, struct strv b);

#endif
