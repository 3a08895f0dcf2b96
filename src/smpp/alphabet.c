#include "smpp/alphabet.h"

#include "base/utf8.h"

#include <string.h>

#define REPLACEMENT 0xfffdu
#define ESCAPE      0x1b

/* --- GSM 03.38, both ways from the same rows --- */

/* Code points below U+0100: 0 = not there, bit 7 set = default table, else a septet after an escape. */
static const uint8_t gsm7_low[256] = {
#define LOW(septet, codepoint) [codepoint] = 0x80 | (septet),
#define HIGH(septet, codepoint)
#define LOW_EXT(septet, codepoint) [codepoint] = (septet),
#define HIGH_EXT(septet, codepoint)
#include "smpp/gsm7.def"
};

static uint8_t gsm7_high(uint32_t codepoint)
{
    uint8_t code = 0;
    switch (codepoint) {
#define LOW(septet, value)
#define HIGH(septet, value)                                                                                  \
    case value:                                                                                              \
        code = 0x80 | (septet);                                                                              \
        break;
#define LOW_EXT(septet, value)
#define HIGH_EXT(septet, value)                                                                              \
    case value:                                                                                              \
        code = (septet);                                                                                     \
        break;
#include "smpp/gsm7.def"
    default: break;
    }
    return code;
}

static inline uint8_t gsm7_code(uint32_t codepoint)
{
    return codepoint < 256 ? gsm7_low[codepoint] : gsm7_high(codepoint);
}

unsigned alphabet_gsm7_from(uint32_t codepoint, uint8_t out[2])
{
    uint8_t code = gsm7_code(codepoint);
    if (code == 0)
        return 0;
    if (code & 0x80) {
        out[0] = code & 0x7f;
        return 1;
    }
    out[0] = ESCAPE;
    out[1] = code;
    return 2;
}

uint32_t alphabet_gsm7_to(uint8_t septet)
{
    uint16_t cp = septet < 128 ? shift_locking_table(SHIFT_DEFAULT)[septet] : 0;
    return cp ? cp : REPLACEMENT;
}

uint32_t alphabet_gsm7_ext(uint8_t septet)
{
    return septet < 128 ? shift_single_table(SHIFT_DEFAULT)[septet] : 0;
}

/* --- eight-bit alphabets; 0x100 in `from` means: not there --- */

#define ABSENT 0x100u

static unsigned cyrillic_from(uint32_t cp) /* ISO-8859-5 */
{
    if (cp <= 0xa0 || cp == 0xad)
        return (unsigned)cp;
    if (cp == 0x2116)
        return 0xf0;
    if (cp == 0xa7)
        return 0xfd;
    if (cp > 0x400 && cp < 0x460 && cp != 0x40d && cp != 0x450 && cp != 0x45d)
        return (unsigned)(cp - 0x400 + 0xa0);
    return ABSENT;
}

static uint32_t cyrillic_to(uint8_t c)
{
    if (c <= 0xa0 || c == 0xad)
        return c;
    return c == 0xf0 ? 0x2116 : c == 0xfd ? 0xa7 : 0x400u + c - 0xa0u;
}

static unsigned hebrew_from(uint32_t cp) /* ISO-8859-8 */
{
    if (cp >= 0x5d0 && cp <= 0x5ea)
        return (unsigned)(cp - 0x5d0 + 0xe0);
    switch (cp) {
    case 0xd7: return 0xaa;
    case 0xf7: return 0xba;
    case 0x2017: return 0xdf;
    case 0x200e: return 0xfd;
    case 0x200f: return 0xfe;
    case 0xa1:
    case 0xaa:
    case 0xba: return ABSENT;
    default: return cp <= 0xbe ? (unsigned)cp : ABSENT;
    }
}

static uint32_t hebrew_to(uint8_t c)
{
    if (c >= 0xe0 && c <= 0xfa)
        return 0x5d0u + c - 0xe0u;
    switch (c) {
    case 0xaa: return 0xd7;
    case 0xba: return 0xf7;
    case 0xdf: return 0x2017;
    case 0xfd: return 0x200e;
    case 0xfe: return 0x200f;
    case 0xa1: return REPLACEMENT;
    default: return c <= 0xbe ? c : REPLACEMENT;
    }
}

static unsigned octet_from(enum alphabet a, uint32_t cp)
{
    switch (a) {
    case ALPHABET_CYRILLIC: return cyrillic_from(cp);
    case ALPHABET_HEBREW: return hebrew_from(cp);
    case ALPHABET_LATIN1: return cp < 0x100 ? (unsigned)cp : ABSENT;
    default: return cp < 0x80 ? (unsigned)cp : ABSENT;
    }
}

static uint32_t octet_to(enum alphabet a, uint8_t c)
{
    switch (a) {
    case ALPHABET_CYRILLIC: return cyrillic_to(c);
    case ALPHABET_HEBREW: return hebrew_to(c);
    case ALPHABET_LATIN1:
    case ALPHABET_BINARY: return c;
    default: return c < 0x80 ? c : REPLACEMENT;
    }
}

/* --- UTF-8 in --- */

/* The next character; a malformed octet gives -1. ASCII does not leave this function. */
static inline int32_t next(const char **p, const char *end)
{
    if ((uint8_t) * *p < 0x80)
        return *(*p)++;
    return utf8_next(p, end);
}

/* Units of one character (-1: malformed), as the encoder writes it; *there tells whether the alphabet has it.
 */
static inline unsigned units_of(enum alphabet a, int32_t cp, bool *there)
{
    *there = cp >= 0;
    if (a == ALPHABET_UCS2)
        return cp > 0xffff ? 2 : 1;
    if (a == ALPHABET_GSM7) {
        uint8_t code = cp < 0 ? 0 : gsm7_code((uint32_t)cp);
        *there = code != 0;
        return code == 0 || code & 0x80 ? 1 : 2;
    }
    *there = cp >= 0 && octet_from(a, (uint32_t)cp) != ABSENT;
    return 1;
}

enum alphabet alphabet_choose(struct strv utf8)
{
    return alphabet_can_encode(ALPHABET_GSM7, utf8) ? ALPHABET_GSM7 : ALPHABET_UCS2;
}

/* Texts are mostly letters that are the same number in ASCII and in the default alphabet: those are passed in
 * runs, as vectors. Where a run fails it is tried again behind it. */
#define RUN 16
typedef uint8_t run __attribute__((vector_size(RUN)));

static inline bool is_same_run(const char *p)
{
    run c;
    uint64_t halves[2];
    memcpy(&c, p, RUN);
    run other = (run)(c - ' ' > 'z' - ' ') | (run)(c - '[' <= '`' - '[') | (run)(c == '$') | (run)(c == '@');
    memcpy(halves, &other, RUN);
    return (halves[0] | halves[1]) == 0;
}

/* Whether p stands before such a run; *retry, where to look again. */
static inline bool at_run(const char *p, const char *end, const char **retry)
{
    if (p < *retry || end - p < RUN)
        return false;
    if (is_same_run(p))
        return true;
    *retry = p + RUN;
    return false;
}

/* The first octet that is not ASCII or has no septet: what is before it needs no look at alphabets. */
static const char *skip_plain(const char *p, const char *end, const char **retry)
{
    for (;;) {
        if (at_run(p, end, retry))
            p += RUN;
        else if (p < end && (uint8_t)*p < 0x80 && gsm7_low[(uint8_t)*p] != 0)
            p++;
        else
            return p;
    }
}

bool alphabet_can_encode(enum alphabet a, struct strv utf8)
{
    bool there;
    if (utf8.n == 0 || a == ALPHABET_BINARY)
        return true;
    const char *p = utf8.p, *end = utf8.p + utf8.n, *retry = p;
    while ((p = skip_plain(p, end, &retry)) < end) {
        units_of(a, next(&p, end), &there);
        if (!there)
            return false;
    }
    return true;
}

size_t alphabet_fit(enum alphabet a, struct strv utf8, size_t capacity, size_t *units)
{
    bool there;
    *units = 0;
    if (utf8.n == 0)
        return 0;
    const char *p = utf8.p, *end = utf8.p + utf8.n, *retry = p;
    if (a == ALPHABET_BINARY)
        return *units = utf8.n < capacity ? utf8.n : capacity;
    while (p < end) {
        if (capacity - *units >= RUN && at_run(p, end, &retry)) {
            *units += RUN;
            p += RUN;
            continue;
        }
        uint8_t c = (uint8_t)*p;
        if (c < 0x80 && (a != ALPHABET_GSM7 || gsm7_low[c] & 0x80)) {
            if (*units == capacity)
                break;
            (*units)++;
            p++;
            continue;
        }
        const char *after = p;
        unsigned n = units_of(a, next(&after, end), &there);
        if (n > capacity - *units)
            break;
        *units += n;
        p = after;
    }
    return (size_t)(p - utf8.p);
}

size_t alphabet_units(enum alphabet a, struct strv utf8)
{
    size_t n;
    alphabet_fit(a, utf8, SIZE_MAX, &n);
    return n;
}

static uint8_t *write_utf16(uint8_t *w, uint32_t cp)
{
    if (cp > 0xffff) {
        be_put16(w, (uint16_t)(0xd800 + ((cp - 0x10000) >> 10)));
        be_put16(w + 2, (uint16_t)(0xdc00 + ((cp - 0x10000) & 0x3ff)));
        return w + 4;
    }
    be_put16(w, (uint16_t)cp);
    return w + 2;
}

bool alphabet_encode(enum alphabet a, struct strv utf8, struct buf *out, size_t *lost)
{
    size_t losses = 0;
    if (lost)
        *lost = 0;
    if (utf8.n == 0)
        return true;
    if (a == ALPHABET_BINARY)
        return buf_put_strv(out, utf8);
    /* No alphabet needs more than two octets for each octet of UTF-8. */
    if (!buf_reserve(out, 2 * utf8.n))
        return false;
    const char *p = utf8.p, *end = utf8.p + utf8.n, *retry = p;
    uint8_t *w = out->data + out->len;
    while (p < end) {
        if (a == ALPHABET_GSM7 && at_run(p, end, &retry)) {
            memcpy(w, p, RUN);
            w += RUN;
            p += RUN;
            continue;
        }
        if (a == ALPHABET_GSM7 && (uint8_t)*p < 0x80 && gsm7_low[(uint8_t)*p] & 0x80) {
            *w++ = gsm7_low[(uint8_t)*p++] & 0x7f;
            continue;
        }
        int32_t cp = next(&p, end);
        if (a == ALPHABET_UCS2) {
            losses += cp < 0;
            w = write_utf16(w, cp < 0 ? REPLACEMENT : (uint32_t)cp);
        } else if (a == ALPHABET_GSM7) {
            unsigned n = cp < 0 ? 0 : alphabet_gsm7_from((uint32_t)cp, w);
            losses += n == 0;
            if (n == 0)
                *w = '?';
            w += n ? n : 1;
        } else {
            unsigned c = cp < 0 ? ABSENT : octet_from(a, (uint32_t)cp);
            losses += c == ABSENT;
            *w++ = c == ABSENT ? '?' : (uint8_t)c;
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
    if (cp < 0x80) {
        *w = (char)cp;
        return w + 1;
    }
    return w + utf8_put(cp, w);
}

static char *decode_utf16(char *w, struct strv s)
{
    const uint8_t *p = (const uint8_t *)s.p;
    size_t i = 0;
    while (s.n - i >= 2) {
        uint32_t unit = be_get16(p + i);
        i += 2;
        if (unit >= 0xd800 && unit < 0xdc00 && s.n - i >= 2) {
            uint32_t low = be_get16(p + i);
            if (low >= 0xdc00 && low < 0xe000) {
                i += 2;
                w = put_char(w, 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
                continue;
            }
        }
        w = put_char(w, unit >= 0xd800 && unit < 0xe000 ? REPLACEMENT : unit);
    }
    return i < s.n ? put_char(w, REPLACEMENT) : w;
}

bool alphabet_decode(enum alphabet a, struct strv octets, struct buf *utf8)
{
    if (a == ALPHABET_GSM7)
        return shift_decode((struct shift){ SHIFT_DEFAULT, SHIFT_DEFAULT }, octets, utf8);
    /* No octet of any alphabet becomes more than three octets of UTF-8. */
    if (octets.n == 0)
        return true;
    if (!buf_reserve(utf8, 3 * octets.n))
        return false;
    char *w = (char *)utf8->data + utf8->len;
    if (a == ALPHABET_UCS2)
        w = decode_utf16(w, octets);
    else
        for (size_t i = 0; i < octets.n; i++)
            w = put_char(w, octet_to(a, (uint8_t)octets.p[i]));
    utf8->len = (size_t)(w - (char *)utf8->data);
    return true;
}

/* --- seven bits to eight and back (TS 23.038 §6.1.2) --- */

bool alphabet_pack7(struct strv septets, unsigned fill_bits, bool cr_pad, struct buf *out)
{
    size_t bits = fill_bits + 7 * septets.n;
    size_t n = (bits + 7) / 8;
    /* Seven spare bits would read as an '@'; and a CR that ends a full octet needs another one after it. */
    bool spare = cr_pad && septets.n && n * 8 - bits == 7;
    bool full = cr_pad && septets.n && n * 8 == bits && septets.p[septets.n - 1] == '\r';
    size_t total = n + (full ? 1 : 0);
    if (total == 0)
        return true;
    if (!buf_reserve(out, total))
        return false;
    uint8_t *w = out->data + out->len;
    memset(w, 0, total);
    size_t at = fill_bits;
    for (size_t i = 0; i < septets.n + (spare || full ? 1 : 0); i++, at += 7) {
        unsigned v = (unsigned)(i < septets.n ? (uint8_t)septets.p[i] & 0x7f : '\r') << (at & 7);
        w[at / 8] |= (uint8_t)v;
        if (v > 0xff)
            w[at / 8 + 1] |= (uint8_t)(v >> 8);
    }
    out->len += total;
    return true;
}

bool alphabet_unpack7(struct strv packed, unsigned fill_bits, bool cr_pad, size_t max_septets,
                      struct buf *out)
{
    size_t bits = packed.n * 8;
    if (fill_bits > bits)
        return true;
    size_t n = (bits - fill_bits) / 7;
    if (n > max_septets)
        n = max_septets;
    if (n == 0)
        return true;
    if (!buf_reserve(out, n))
        return false;
    const uint8_t *p = (const uint8_t *)packed.p;
    uint8_t *w = out->data + out->len;
    for (size_t i = 0, at = fill_bits; i < n; i++, at += 7) {
        unsigned v = p[at / 8];
        if (at / 8 + 1 < packed.n)
            v |= (unsigned)p[at / 8 + 1] << 8;
        w[i] = (v >> (at & 7)) & 0x7f;
    }
    /* A CR in the last seven bits is padding when it ends an octet. */
    if (cr_pad && w[n - 1] == '\r' && (fill_bits + 7 * n) % 8 == 0)
        n--;
    out->len += n;
    return true;
}
