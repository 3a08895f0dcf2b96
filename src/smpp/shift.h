/* National language tables of GSM 7-bit text (3GPP TS 23.038 §6.2.1.2, A.2 single shift, A.3 locking shift).
 * A locking table takes the place of the default alphabet, a single shift table that of its extension table,
 * in the part whose user data header names it (TS 23.040 §9.2.3.24.15, .16: elements 0x24 and 0x25, 3 octets
 * each). Texts are UTF-8, septets stand one in an octet, as SMPP carries them.
 *
 * A map is what one pair of tables can write; it is a value of about 1 kB, made in well under a microsecond,
 * owns nothing and may lie on the stack. */
#ifndef TESSERA_SMPP_SHIFT_H
#define TESSERA_SMPP_SHIFT_H

#include "base/buf.h"
#include "base/strv.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* National language identifiers (TS 23.038 §6.2.1.2.4). Spanish has a single shift table only. */
enum shift_language {
    SHIFT_DEFAULT = 0,
    SHIFT_TURKISH = 1,
    SHIFT_SPANISH,
    SHIFT_PORTUGUESE,
    SHIFT_BENGALI,
    SHIFT_GUJARATI,
    SHIFT_HINDI,
    SHIFT_KANNADA,
    SHIFT_MALAYALAM,
    SHIFT_ORIYA,
    SHIFT_PUNJABI,
    SHIFT_TAMIL,
    SHIFT_TELUGU,
    SHIFT_URDU,
    SHIFT_LANGUAGES, /* one more than the last */
};
/* Sets of languages: bit n is language n. */
#define SHIFT_BIT(language) (1u << (language))
#define SHIFT_ALL           (SHIFT_BIT(SHIFT_LANGUAGES) - SHIFT_BIT(SHIFT_TURKISH))

/* A pair of tables; {0, 0} is the default alphabet with its extension table. */
struct shift {
    uint8_t single, locking;
};

/* The 128 code points of a table, 0 where it has nothing. Language 0 and one that has no such table give the
 * default ones: what is not known is read as if it were not said (TS 23.038 §6.2.1.2.4). */
const uint16_t *shift_locking_table(unsigned language);
const uint16_t *shift_single_table(unsigned language);
bool shift_has_locking(unsigned language);
/* The languages with this character in one of their tables. */
uint32_t shift_languages_with(uint32_t codepoint);

/* "turkish", ...; "default" for 0 and what is above the last. */
const char *shift_name(unsigned language);
/* By its name or its ISO 639-1 code: "turkish", "tr". */
bool shift_parse(struct strv name, unsigned *language);

/* Writes the information elements of the pair (0, 3 or 6 octets) and returns their length. */
unsigned shift_write_elements(struct shift s, uint8_t out[6]);

#define SHIFT_MAP_END   0x2280u /* U+221E (infinity) is the last */
#define SHIFT_MAP_PAGES 8       /* of 128 code points; no pair of tables has characters in more */
struct shift_map {
    uint8_t page[SHIFT_MAP_END / 128];  /* of each 128 code points ; 0 = none */
    uint8_t code[SHIFT_MAP_PAGES][128]; /* 0 = not there, 0x80 | septet, or the septet after an escape */
};
void shift_map_init(struct shift_map *m, struct shift s);
/* As alphabet_can_encode, _fit and _encode, with these tables. */
bool shift_can_encode(const struct shift_map *m, struct strv utf8);
size_t shift_fit(const struct shift_map *m, struct strv utf8, size_t capacity, size_t *units);
bool shift_encode(const struct shift_map *m, struct strv utf8, struct buf *out, size_t *lost);

static inline uint8_t shift_map_code(const struct shift_map *m, uint32_t codepoint)
{
    return codepoint < SHIFT_MAP_END ? m->code[m->page[codepoint >> 7]][codepoint & 127] : 0;
}

/* Appends UTF-8. An escape before a septet that the single shift table does not have is shown as that septet
 * of the other table; the rest as alphabet_decode does. */
bool shift_decode(struct shift s, struct strv septets, struct buf *utf8);

#endif
