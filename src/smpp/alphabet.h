/* Text to and from the alphabets of short messages: GSM 03.38 default with its extension table (3GPP
 * TS 23.038 §6.2.1), UCS-2 as UTF-16BE, ISO-8859-1/5/8, ASCII, octets; and what data_coding says (SMPP 3.4
 * §5.2.19, TS 23.038 §4). Text is UTF-8. Results are appended to a buf of the caller. Decoding never fails on
 * damaged input: what means nothing becomes U+FFFD. National tables are in shift.h. */
#ifndef TESSERA_SMPP_ALPHABET_H
#define TESSERA_SMPP_ALPHABET_H

#include "base/buf.h"
#include "base/strv.h"
#include "smpp/shift.h"
#include "smpp/udh.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum alphabet {
    ALPHABET_GSM7,     /* one septet an octet, as SMPP carries it */
    ALPHABET_UCS2,     /* UTF-16 big-endian: a character beyond U+FFFF is two units */
    ALPHABET_LATIN1,   /* ISO-8859-1 */
    ALPHABET_ASCII,    /* IA5 */
    ALPHABET_BINARY,   /* octets as they are; shown as text they are read like Latin-1 */
    ALPHABET_CYRILLIC, /* ISO-8859-5 */
    ALPHABET_HEBREW,   /* ISO-8859-8 */
    ALPHABET_UNKNOWN,  /* JIS and others this project does not read; decoded like ASCII, the rest U+FFFD */
};

/* GSM7 where every character is in the default alphabet or its extension table, else UCS2. */
enum alphabet alphabet_choose(struct strv utf8);

/* Appends the text in this alphabet. What it does not have becomes '?' (GSM7, 8-bit) or U+FFFD (UCS2, of
 * malformed UTF-8) and is counted in *lost (may be NULL). False only when memory is out. */
bool alphabet_encode(enum alphabet a, struct strv utf8, struct buf *out, size_t *lost);
/* Whether nothing would be lost. */
bool alphabet_can_encode(enum alphabet a, struct strv utf8);
/* Appends UTF-8. In GSM7 an escape before a septet without an extension is shown as that septet of the
 * default table (TS 23.038 §6.2.1.1), two escapes or one at the end as a space, an octet above 127 as U+FFFD.
 */
bool alphabet_decode(enum alphabet a, struct strv octets, struct buf *utf8);
/* Length of the text in units: septets for GSM7 (an escape pair is two), 16-bit units for UCS2, octets of
 * UTF-8 for BINARY, characters else. */
size_t alphabet_units(enum alphabet a, struct strv utf8);
/* Octets of the longest beginning of the text that takes at most `capacity` units (whole characters), and
 * *units, how many it takes. */
size_t alphabet_fit(enum alphabet a, struct strv utf8, size_t capacity, size_t *units);

/* One character: 1 or 2 septets (the first then 0x1b) written to out; 0 when the alphabet does not have it.
 */
unsigned alphabet_gsm7_from(uint32_t codepoint, uint8_t out[2]);
uint32_t alphabet_gsm7_to(uint8_t septet);  /* default table; 0xfffd for escape and above 127 */
uint32_t alphabet_gsm7_ext(uint8_t septet); /* extension table; 0 where it has nothing */

/* Packs septets (one an octet) as on the air, after `fill_bits` zero bits (0..6). With cr_pad 7 spare bits
 * become a CR (the rule of USSD, TS 23.038 §6.1.2.3.1). */
bool alphabet_pack7(struct strv septets, unsigned fill_bits, bool cr_pad, struct buf *out);
/* Unpacks at most max_septets; SIZE_MAX takes all that fit. */
bool alphabet_unpack7(struct strv packed, unsigned fill_bits, bool cr_pad, size_t max_septets,
                      struct buf *out);

enum data_coding_group {
    DATA_CODING_CHARSET, /* 0x00..0x0f: the table of SMPP 3.4 §5.2.19 */
    DATA_CODING_GENERAL, /* 0x10..0x7f: as TS 23.038, general data coding with or without class, compression
                          */
    DATA_CODING_RESERVED,
    DATA_CODING_WAITING_DISCARD, /* 0xc0..0xcf */
    DATA_CODING_WAITING_STORE,   /* 0xd0..0xdf */
    DATA_CODING_WAITING_UCS2,    /* 0xe0..0xef */
    DATA_CODING_CLASS,           /* 0xf0..0xff: message class */
};
struct data_coding {
    enum alphabet alphabet;
    enum data_coding_group group;
    int8_t message_class; /* 0..3 (0 = flash), -1 = none said */
    bool compressed;
    bool is_default; /* "the SMSC's default alphabet": alphabet is what the caller said that is */
};
/* `smsc_default` is the alphabet the carrier means by its default: GSM7 for most, LATIN1 for some. */
struct data_coding data_coding_read(uint8_t value, enum alphabet smsc_default);
/* The value that announces an alphabet: 0, 8, 3, 1, 4, 6, 7. */
uint8_t data_coding_for(enum alphabet a);

/* A message as it came: header, alphabet, national tables, packing. Views into the octets. */
struct alphabet_reading {
    enum alphabet smsc_default; /* what data_coding 0 means to the carrier */
    bool packed;                /* the carrier sends GSM7 seven bits to a septet */
};
struct alphabet_message {
    struct data_coding coding;
    struct udh udh; /* concat_bits 0 = not one of several; data is what the text was read from */
    bool has_udh;
    struct shift shift; /* the tables it was read with */
};
/* Reads short_message or message_payload; esm_class tells of the header. The text is appended to utf8 as
 * UTF-8. The tables a header names hold for the SMSC's default alphabet and for GSM 7-bit codings. False only
 * when memory is out. */
bool alphabet_decode_message(uint8_t data_coding, uint8_t esm_class, struct strv octets,
                             const struct alphabet_reading *how, struct buf *utf8,
                             struct alphabet_message *out);

const char *alphabet_name(enum alphabet a); /* "gsm7", "ucs2", "latin1", "ascii", "binary", ... */
bool alphabet_parse(struct strv name, enum alphabet *out);

#endif
