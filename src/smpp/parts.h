/* A long text as the parts it is sent in (3GPP TS 23.040 §9.2.3.24.1): 160 septets alone and 153 or 152 in a
 * part, 70 and 67 or 66 UTF-16 units, 140 and 134 or 133 octets. An escape pair and a surrogate pair are
 * never split, and neither is a grapheme cluster that fits into one part.
 *
 * `struct parts` keeps its storage from one text to the next, so that splitting allocates nothing once warm.
 */
#ifndef TESSERA_SMPP_PARTS_H
#define TESSERA_SMPP_PARTS_H

#include "base/buf.h"
#include "base/strv.h"
#include "smpp/alphabet.h"

#include <stdbool.h>
#include <stdint.h>

#define PARTS_MAX 255

enum parts_mode {
    PARTS_UDH8,    /* header of 6 octets in each part, esm_class UDHI */
    PARTS_UDH16,   /* header of 7 octets, 16-bit reference */
    PARTS_SAR,     /* no header: the caller adds the sar_* TLVs; same sizes as UDH8 */
    PARTS_PAYLOAD, /* not split: one payload for message_payload, however long */
};

struct parts {
    enum alphabet alphabet;
    enum parts_mode mode;
    uint16_t reference;
    uint16_t count;          /* 1..PARTS_MAX; an empty text is one empty part */
    bool udhi;               /* parts begin with a header: set SMPP_ESM_UDHI */
    uint8_t data_coding;     /* that announces the alphabet */
    struct buf octets;       /* all parts, one after the other */
    uint32_t end[PARTS_MAX]; /* where each ends in it */
};

void parts_free(struct parts *p); /* zero-initialise with {0} before first use */
/* Splits the text; `a` is alphabet_choose(utf8) or the one that is forced (characters it lacks become '?';
 * BINARY takes the octets of `utf8` as they are). False when there would be more than PARTS_MAX parts (count
 * is then 0) or memory is out. The reference (its low 8 bits with UDH8) must differ from text to text of one
 * sender and number. */
bool parts_split(struct parts *p, struct strv utf8, enum alphabet a, enum parts_mode mode,
                 uint16_t reference);
/* Part i (0..count-1), header included: what short_message carries. */
struct strv parts_get(const struct parts *p, unsigned i);
/* Part i without its header. */
struct strv parts_data(const struct parts *p, unsigned i);

/* How many parts there would be, without making them: exact, no allocation. */
struct parts_estimate {
    enum alphabet alphabet;
    uint32_t parts; /* may be above PARTS_MAX: then it cannot be sent */
    uint32_t units; /* septets, 16-bit units or octets of the whole text */
    uint32_t left;  /* units that still fit into the last part */
};
struct parts_estimate parts_count(struct strv utf8, enum parts_mode mode); /* alphabet chosen automatically */
struct parts_estimate parts_count_in(struct strv utf8, enum alphabet a, enum parts_mode mode);

/* Units that fit into a message alone, or into one of several. */
unsigned parts_capacity(enum alphabet a, enum parts_mode mode, bool alone);

#endif
