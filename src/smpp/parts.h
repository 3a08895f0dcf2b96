/* A long text as the parts it is sent in (3GPP TS 23.040 §9.2.3.24.1): 160 septets alone and 153 or 152 in a
 * part, 70 and 67 or 66 UTF-16 units, 140 and 134 or 133 octets; less with national tables, whose header is 3
 * octets for each. An escape pair and a surrogate pair are never split, and neither is a grapheme cluster
 * that fits into one part.
 *
 * What is sent is decided by struct parts_options: {0} is the plain choice between the default alphabet and
 * UCS-2. With transliteration or national languages the fewest parts win, and of equal ones the least
 * changed text:
 *   - the default alphabet where it has everything, unless a national table takes fewer parts;
 *   - national tables where they take fewer parts than UCS-2 (with full transliteration, which avoids UCS-2:
 *     no more parts than the replaced text);
 *   - the replaced text, only where nothing is left that would need UCS-2: else the text stays untouched.
 * Without UCS-2 whatever can be sent at all is, the fewest parts first.
 * National tables are not chosen for long texts in the modes SAR and PAYLOAD, where it is the carrier that
 * splits or joins and would have to repeat the header; forced they are put in all the same.
 *
 * `struct parts` keeps its storage from one text to the next, so that splitting allocates nothing once warm.
 */
#ifndef TESSERA_SMPP_PARTS_H
#define TESSERA_SMPP_PARTS_H

#include "base/buf.h"
#include "base/strv.h"
#include "smpp/alphabet.h"
#include "smpp/shift.h"
#include "smpp/translit.h"

#include <stdbool.h>
#include <stdint.h>

#define PARTS_MAX 255

enum parts_mode {
    PARTS_UDH8,    /* header of 6 octets in each part, esm_class UDHI */
    PARTS_UDH16,   /* header of 7 octets, 16-bit reference */
    PARTS_SAR,     /* no header: the caller adds the sar_* TLVs; same sizes as UDH8 */
    PARTS_PAYLOAD, /* not split: one payload for message_payload, however long */
};

const char *parts_mode_name(enum parts_mode mode); /* "udh8", "udh16", "sar", "payload" */
bool parts_mode_parse(struct strv name, enum parts_mode *mode);

/* {0}: header of 6 octets, plain choice, nothing replaced, septets one in an octet. */
struct parts_options {
    enum parts_mode mode;
    uint16_t reference;           /* must differ from text to text of one sender and number */
    enum translit_level translit; /* how far characters may be replaced */
    uint32_t languages;           /* SHIFT_BIT()s that may be chosen; 0 = none, SHIFT_ALL */
    bool packed;                  /* GSM7 seven bits to a septet, as on the air, for carriers that want it */
    enum alphabet wire;     /* what data_coding 0 means to the carrier: GSM7, LATIN1 or ASCII. Septets are
                               counted; the octets are written in it, and it must have them all. No
                               languages and no packing with another than GSM7 */
    bool latin1;            /* the carrier takes Latin-1 (data_coding 3), where the text needs no more */
    bool no_ucs2;           /* the carrier does not take UCS-2: what the rest cannot say is not sent */
    bool forced;            /* the next two instead of a choice; nothing is replaced */
    enum alphabet alphabet; /* characters it lacks become '?' */
    struct shift shift;     /* GSM7 only */
};

struct parts {
    enum alphabet alphabet;
    struct shift shift; /* tables of GSM7, named in each part's header */
    enum parts_mode mode;
    enum alphabet wire;           /* as in the options */
    enum translit_level translit; /* as far as characters were replaced */
    uint16_t reference;
    uint16_t count; /* 1..PARTS_MAX; an empty text is one empty part */
    bool udhi;      /* parts begin with a header: set SMPP_ESM_UDHI */
    bool packed;
    uint8_t data_coding;     /* that announces the alphabet */
    uint8_t header;          /* octets of header in each part; 0 = none */
    struct buf octets;       /* all parts, one after the other */
    struct buf scratch;      /* the text with its replacements */
    uint32_t end[PARTS_MAX]; /* where each ends in it */
};

void parts_free(struct parts *p); /* zero-initialise with {0} before first use */
/* Chooses and splits. False when there would be more than PARTS_MAX parts, a payload above 65535 octets, no
 * way without UCS-2 (count is then 0) or memory is out. */
bool parts_make(struct parts *p, struct strv utf8, const struct parts_options *o);
/* Splits the text as it is; `a` is alphabet_choose(utf8) or the one that is forced (characters it lacks
 * become '?'; BINARY takes the octets of `utf8` as they are). False when there would be more than PARTS_MAX
 * parts (count is then 0) or memory is out. The reference (its low 8 bits with UDH8) must differ from text to
 * text of one sender and number. */
bool parts_split(struct parts *p, struct strv utf8, enum alphabet a, enum parts_mode mode,
                 uint16_t reference);
/* Part i (0..count-1), header included: what short_message carries. */
struct strv parts_get(const struct parts *p, unsigned i);
/* Part i without its header. */
struct strv parts_data(const struct parts *p, unsigned i);

/* What a PDU is filled with for part i, whatever the mode. */
struct parts_fields {
    struct strv short_message;   /* empty when the payload carries the text (SMPP 3.4 §5.3.2.32) */
    struct strv message_payload; /* mode PAYLOAD and the text too long for one short message */
    uint8_t esm_class;           /* UDHI (0x40) or 0, to be or-ed in */
    uint8_t data_coding;
    bool sar; /* the next three as TLVs, all of them (SMPP 3.4 §5.3.2.22) */
    uint16_t sar_msg_ref_num;
    uint8_t sar_total_segments;
    uint8_t sar_segment_seqnum;
};
struct parts_fields parts_fields(const struct parts *p, unsigned i);

/* How many parts there would be, without making them: exact. It allocates only where characters are to be
 * replaced. */
struct parts_estimate {
    enum alphabet alphabet;
    struct shift shift;
    enum translit_level translit; /* as far as characters are replaced; OFF = the text is sent as it is */
    uint32_t replaced;            /* characters; parts_plan_text lists them */
    uint32_t parts;               /* may be above PARTS_MAX: then it cannot be sent; 0: it needs UCS-2, which
                                     the carrier does not take */
    uint32_t units;               /* septets, 16-bit units or octets of the whole text */
    uint32_t left;                /* units that still fit into the last part */
};
struct parts_estimate parts_plan(struct strv utf8, const struct parts_options *o);
/* For a preview: appends the text that a plan sends and adds what was replaced in it to the report (may be
 * NULL). False when memory is out. */
bool parts_plan_text(struct strv utf8, const struct parts_estimate *plan, struct buf *out,
                     struct translit_report *report);
struct parts_estimate parts_count(struct strv utf8, enum parts_mode mode); /* alphabet chosen automatically */
struct parts_estimate parts_count_in(struct strv utf8, enum alphabet a, enum parts_mode mode);

/* Units that fit into a message alone, or into one of several. */
unsigned parts_capacity(enum alphabet a, enum parts_mode mode, bool alone);
/* With national tables: 155 or 152 alone, 149 or 146 (UDH16: 148 or 145) in a part. */
unsigned parts_capacity_shifted(enum alphabet a, struct shift s, enum parts_mode mode, bool alone);

#endif
