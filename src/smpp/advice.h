/* Why a text takes as many parts as it does, and what would save some: for previews. Pure; it tries the other
 * ways, so it is not for the hot path (some ten times the work of a plan). */
#ifndef TESSERA_SMPP_ADVICE_H
#define TESSERA_SMPP_ADVICE_H

#include "smpp/parts.h"

#define ADVICE_FOREIGN 64 /* different characters that are told apart */
#define ADVICE_NEAR    20 /* units: so few can be left out */

struct advice {
    /* Characters for which the default alphabet does not do, by their first place; more than ADVICE_FOREIGN
     * are not told apart. */
    struct advice_foreign {
        uint32_t codepoint, count;
    } foreign[ADVICE_FOREIGN];
    unsigned n_foreign;
    /* Parts with a letter of the alphabet for each of them; at another level of replacement; with tables. 0:
     * no fewer than planned. */
    unsigned parts_plain, parts_level, parts_tables;
    enum translit_level level;
    struct shift tables;
    unsigned over, parts_over; /* units too many for one part less; 0: not near */
};

void advice_make(struct strv utf8, const struct parts_options *o, const struct parts_estimate *plan,
                 struct advice *out);
/* "the character U+2019 (’) forces UCS-2: 3 parts rather than 2; transliteration = "typographic" would
 * replace it" for people; nothing when nothing would be saved. False when memory is out. */
bool advice_text(const struct advice *a, const struct parts_estimate *plan, struct buf *out);
/* Why a text of 0 parts cannot be sent: "the carrier takes no UCS-2 (ucs2 = false), which the character
 * U+4F60 (\u4f60) needs". False when memory is out. */
bool advice_refusal(struct strv utf8, const struct parts_options *o, struct buf *out);

#endif
