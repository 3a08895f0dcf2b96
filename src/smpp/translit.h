/* Transliteration: what GSM 7-bit text cannot carry, in its own letters. Typographic: quotation marks,
 * dashes, spaces, the ellipsis, full-width forms, invisible marks. Full: also letters to their base letters,
 * Greek to the capitals of GSM 03.38, Cyrillic as in passports (ICAO Doc 9303-3 §6 B), ligatures and signs.
 * Scripts that carry meaning beyond that (Arabic, Indic, Han, Kana, Hangul, Thai, Hebrew, emoji ...) are
 * never touched.
 *
 * Only what the tables in use lack is replaced. Canonically equal letters (e + U+0301 for é) are composed at
 * any level but off, which is no replacement. Whether a text is better sent replaced is decided in parts.h.
 */
#ifndef TESSERA_SMPP_TRANSLIT_H
#define TESSERA_SMPP_TRANSLIT_H

#include "base/buf.h"
#include "base/strv.h"
#include "smpp/shift.h"

#include <stdbool.h>
#include <stdint.h>

enum translit_level { TRANSLIT_OFF, TRANSLIT_TYPOGRAPHIC, TRANSLIT_FULL };

const char *translit_name(enum translit_level level); /* "off", "typographic", "full" */
bool translit_parse(struct strv name, enum translit_level *level);

struct translit_change {
    uint32_t from; /* code point */
    char to[12];   /* UTF-8, NUL-terminated; "" = left out */
    uint32_t count;
};
#define TRANSLIT_CHANGES 32
struct translit_report {
    uint32_t replaced; /* characters in all */
    uint32_t n;        /* entries in the list; kinds beyond its end count in `replaced` only */
    struct translit_change changes[TRANSLIT_CHANGES];
};

/* Appends the text with everything replaced that the map lacks and the level has a replacement for; the rest
 * stays as it is. `report` (may be NULL) is added to: zero it before. False when memory is out. */
bool translit_text(struct strv utf8, enum translit_level level, const struct shift_map *map, struct buf *out,
                   struct translit_report *report);
/* The replacement of one character at a level; NULL when it has none ("" is: leave it out). */
const char *translit_of(uint32_t codepoint, enum translit_level level);

#endif
