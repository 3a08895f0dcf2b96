/* National language tables and the texts in them. */
#include "smpp/shift.h"

#include "base/utf8.h"
#include "smpp/udh.h"

#define ESCAPE      0x1b
#define REPLACEMENT 0xfffdu
#define BASE        0x80 /* of a code in a map: in the table without escape */

/* Language 0 is the default alphabet and its extension table. */
static const uint16_t locking[SHIFT_LANGUAGES][128] = {
#define LOW(septet, codepoint)  [SHIFT_DEFAULT][septet] = codepoint,
#define HIGH(septet, codepoint) [SHIFT_DEFAULT][septet] = codepoint,
#define LOW_EXT(septet, codepoint)
#define HIGH_EXT(septet, codepoint)
#include "smpp/gsm7.def"
#define LOCKING(language, ...) [SHIFT_##language] = { __VA_ARGS__ },
#define SINGLE(language, ...)
#include "smpp/shift.def"
};

static const uint16_t single[SHIFT_LANGUAGES][128] = {
#define LOW(septet, codepoint)
#define HIGH(septet, codepoint)
#define LOW_EXT(septet, codepoint)  [SHIFT_DEFAULT][septet] = codepoint,
#define HIGH_EXT(septet, codepoint) [SHIFT_DEFAULT][septet] = codepoint,
#include "smpp/gsm7.def"
#define LOCKING(language, ...)
#define SINGLE(language, ...) [SHIFT_##language] = { __VA_ARGS__ },
#include "smpp/shift.def"
};

bool shift_has_locking(unsigned language)
{
    /* every locking table has the space */
    return language > 0 && language < SHIFT_LANGUAGES && locking[language][' '] != 0;
}

const uint16_t *shift_locking_table(unsigned language)
{
    return locking[shift_has_locking(language) ? language : SHIFT_DEFAULT];
}

const uint16_t *shift_single_table(unsigned language)
{
    return single[language < SHIFT_LANGUAGES ? language : SHIFT_DEFAULT];
}

static bool table_has(const uint16_t table[128], uint32_t codepoint)
{
    unsigned found = 0;
    for (unsigned i = 0; i < 128; i++)
        found |= table[i] == codepoint;
    return found != 0;
}

uint32_t shift_languages_with(uint32_t codepoint)
{
    uint32_t set = 0;
    if (codepoint == 0 || codepoint >= SHIFT_MAP_END)
        return 0;
    /* No table has anything there: Cyrillic and Hebrew texts, say, are not searched for in all of them. */
    if ((codepoint >= 0x180 && codepoint < 0x393) || (codepoint >= 0x3aa && codepoint < 0x600) ||
        (codepoint >= 0xd80 && codepoint < 0x20ac))
        return 0;
    for (unsigned i = SHIFT_TURKISH; i < SHIFT_LANGUAGES; i++) {
        if (table_has(single[i], codepoint) || table_has(locking[i], codepoint))
            set |= SHIFT_BIT(i);
    }
    return set;
}

static const char *const codes[SHIFT_LANGUAGES] = {
    /* ISO 639-1 */
    "", "tr", "es", "pt", "bn", "gu", "hi", "kn", "ml", "or", "pa", "ta", "te", "ur",
};
static const char *const names[SHIFT_LANGUAGES] = {
    "default", "turkish",   "spanish", "portuguese", "bengali", "gujarati", "hindi",
    "kannada", "malayalam", "oriya",   "punjabi",    "tamil",   "telugu",   "urdu",
};

const char *shift_name(unsigned language)
{
    return names[language < SHIFT_LANGUAGES ? language : SHIFT_DEFAULT];
}

bool shift_parse(struct strv name, unsigned *language)
{
    for (unsigned i = 0; i < SHIFT_LANGUAGES; i++) {
        if (strv_eq_c(name, names[i]) || (i != SHIFT_DEFAULT && strv_eq_c(name, codes[i]))) {
            *language = i;
            return true;
        }
    }
    return false;
}

unsigned shift_write_elements(struct shift s, uint8_t out[6])
{
    unsigned n = 0;
    if (s.locking) {
        out[n++] = UDH_NATIONAL_LOCKING;
        out[n++] = 1;
        out[n++] = s.locking;
    }
    if (s.single) {
        out[n++] = UDH_NATIONAL_SINGLE;
        out[n++] = 1;
        out[n++] = s.single;
    }
    return n;
}

/* --- maps --- */

static void map_put(struct shift_map *m, unsigned *pages, uint32_t codepoint, uint8_t code)
{
    if (codepoint == 0 || codepoint >= SHIFT_MAP_END)
        return;
    uint8_t *page = &m->page[codepoint >> 7];
    if (*page == 0) {
        if (*pages == SHIFT_MAP_PAGES)
            return;
        *page = (uint8_t)(*pages)++;
    }
    m->code[*page][codepoint & 127] = code;
}

void shift_map_init(struct shift_map *m, struct shift s)
{
    const uint16_t *behind = shift_single_table(s.single), *base = shift_locking_table(s.locking);
    unsigned pages = 1; /* the first is the empty one */
    *m = (struct shift_map){ .page = { 0 } };
    /* What both have is written without escape, and of a character that a table has twice the first place
     * counts. */
    for (unsigned i = 128; i-- > 0;)
        map_put(m, &pages, behind[i],
                (uint8_t)(i ? i : ESCAPE)); /* no table has anything behind two escapes */
    for (unsigned i = 128; i-- > 0;)
        map_put(m, &pages, base[i], (uint8_t)(BASE | i));
}

/* The code of the next character, which is stepped over; 0 when there is none. */
static inline uint8_t next_code(const struct shift_map *m, const char **p, const char *end)
{
    if ((uint8_t) * *p < 0x80)
        return m->code[m->page[0]][(uint8_t) * (*p)++];
    int32_t cp = utf8_next(p, end);
    return cp < 0 ? 0 : shift_map_code(m, (uint32_t)cp);
}

bool shift_can_encode(const struct shift_map *m, struct strv utf8)
{
    if (utf8.n == 0)
        return true;
    for (const char *p = utf8.p, *end = p + utf8.n; p < end;) {
        if (next_code(m, &p, end) == 0)
            return false;
    }
    return true;
}

size_t shift_fit(const struct shift_map *m, struct strv utf8, size_t capacity, size_t *units)
{
    size_t used = 0, fitted = 0;
    if (utf8.n) {
        for (const char *p = utf8.p, *end = p + utf8.n; p < end; fitted = (size_t)(p - utf8.p)) {
            uint8_t code = next_code(m, &p, end);
            unsigned n = code == 0 || code & BASE ? 1 : 2;
            if (n > capacity - used)
                break;
            used += n;
        }
    }
    *units = used;
    return fitted;
}

bool shift_encode(const struct shift_map *m, struct strv utf8, struct buf *out, size_t *lost)
{
    size_t losses = 0;
    uint8_t question = m->code[m->page[0]]['?'] & 0x7f; /* in each table at its usual place */
    if (lost)
        *lost = 0;
    if (utf8.n == 0)
        return true;
    if (!buf_reserve(out, 2 * utf8.n))
        return false;
    uint8_t *w = out->data + out->len;
    for (const char *p = utf8.p, *end = p + utf8.n; p < end;) {
        uint8_t code = next_code(m, &p, end);
        losses += code == 0;
        if (code == 0) {
            *w++ = question;
        } else if (code & BASE) {
            *w++ = code & 0x7f;
        } else {
            *w++ = ESCAPE;
            *w++ = code == ESCAPE ? 0 : code;
        }
    }
    out->len = (size_t)(w - out->data);
    if (lost)
        *lost = losses;
    return true;
}

/* --- UTF-8 out --- */

static inline char *put_char(char *w, uint32_t cp)
{
    if (cp - 1 < 0x7f) {
        *w = (char)cp;
        return w + 1;
    }
    return w + utf8_put(cp ? cp : REPLACEMENT, w);
}

bool shift_decode(struct shift s, struct strv septets, struct buf *utf8)
{
    const uint16_t *behind = shift_single_table(s.single), *base = shift_locking_table(s.locking);
    if (septets.n == 0)
        return true;
    if (!buf_reserve(utf8, 3 * septets.n))
        return false;
    char *w = (char *)utf8->data + utf8->len;
    for (size_t i = 0; i < septets.n; i++) {
        uint8_t c = (uint8_t)septets.p[i];
        if (c != ESCAPE) {
            w = put_char(w, c < 128 ? base[c] : REPLACEMENT);
            continue;
        }
        /* TS 23.038 §6.2.1.1: escape twice is reserved for a further table and shown as a space */
        c = ++i < septets.n ? (uint8_t)septets.p[i] : ESCAPE;
        if (c == ESCAPE)
            w = put_char(w, ' ');
        else if (c < 128 && behind[c])
            w = put_char(w, behind[c]);
        else
            w = put_char(w, c < 128 ? base[c] : REPLACEMENT);
    }
    utf8->len = (size_t)(w - (char *)utf8->data);
    return true;
}
