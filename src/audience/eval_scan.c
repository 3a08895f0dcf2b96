#include "audience/eval_scan.h"

#include <string.h>

/* gcc vectorises these loops from -O3 on only (three times as fast); clang does from -O2. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__OPTIMIZE__)
#pragma GCC optimize("O3")
#endif

/* Eight octets of 0 or 1 become eight bits: the product gathers octet i's bit at place 56 + i. */
static inline uint64_t gather_bits(const uint8_t flag[64])
{
    uint64_t word = 0;
    for (unsigned i = 0; i < 8; i++) {
        uint64_t octets = 0;
        for (unsigned k = 0; k < 8; k++)
            octets |= (uint64_t)flag[i * 8 + k] << (8 * k);
        word |= (octets * UINT64_C(0x0102040810204080) >> 56) << (8 * i);
    }
    return word;
}

/* Rows that are set and lie in [ulow, uhigh]; with `outside`, that are set and do not. As unsigned numbers,
 * u - ulow <= uhigh - ulow is both bounds at once, and false for u = 0 (unset), as ulow is at least 1. */
#define SCAN_RANGE_OF(name, type)                                                                            \
    static void name(const type *u, uint32_t rows, uint64_t ulow64, uint64_t uhigh64, bool outside,          \
                     uint64_t *words)                                                                        \
    {                                                                                                        \
        const type ulow = (type)ulow64, span = (type)(uhigh64 - ulow64);                                     \
        const uint8_t flip = outside;                                                                        \
        for (uint32_t at = 0; at < rows; at += 64) {                                                         \
            uint8_t flag[64] = { 0 };                                                                        \
            const uint32_t n = rows - at < 64 ? rows - at : 64;                                              \
            const type *p = u + at;                                                                          \
            if (n == 64)                                                                                     \
                for (uint32_t i = 0; i < 64; i++)                                                            \
                    flag[i] =                                                                                \
                        (uint8_t)(((uint8_t)((type)(p[i] - ulow) <= span) ^ flip) & (uint8_t)(p[i] != 0));   \
            else                                                                                             \
                for (uint32_t i = 0; i < n; i++)                                                             \
                    flag[i] =                                                                                \
                        (uint8_t)(((uint8_t)((type)(p[i] - ulow) <= span) ^ flip) & (uint8_t)(p[i] != 0));   \
            *words++ = gather_bits(flag);                                                                    \
        }                                                                                                    \
    }

SCAN_RANGE_OF(scan_range_8, uint8_t)
SCAN_RANGE_OF(scan_range_16, packed_u16)
SCAN_RANGE_OF(scan_range_32, packed_u32)
SCAN_RANGE_OF(scan_range_64, packed_u64)

static void scan_range(const struct packed *p, uint32_t rows, const struct scan_test *t, uint64_t *words)
{
    uint64_t ulow, uhigh;
    bool outside = t->outside;
    if (t->low > t->high || !packed_bounds(p, t->low, t->high, &ulow, &uhigh)) {
        if (!outside) {
            memset(words, 0, SCAN_WORDS(rows) * sizeof *words);
            return;
        }
        ulow = 1; /* nothing is inside: every set row is outside */
        uhigh = p->width >= 8 ? UINT64_MAX : (UINT64_C(1) << (8 * p->width)) - 1;
        outside = false;
    }
    const void *data = p->data;
    switch (p->width) {
    case 1: scan_range_8(data, rows, ulow, uhigh, outside, words); break;
    case 2: scan_range_16(data, rows, ulow, uhigh, outside, words); break;
    case 4: scan_range_32(data, rows, ulow, uhigh, outside, words); break;
    case 8: scan_range_64(data, rows, ulow, uhigh, outside, words); break;
    default: memset(words, 0, SCAN_WORDS(rows) * sizeof *words); break;
    }
}

static inline uint64_t codes_bit(const struct scan_test *t, int64_t value)
{
    if (value < 0 || (uint64_t)value >= t->n_codes)
        return 0;
    return t->codes[value / 64] >> (value % 64) & 1;
}

bool scan_value(int64_t v, const struct scan_test *t)
{
    if (v == PACKED_UNSET)
        return false;
    bool pass = false;
    switch (t->kind) {
    case SCAN_RANGE: pass = t->low <= v && v <= t->high; break;
    case SCAN_CODES: pass = codes_bit(t, v); break;
    case SCAN_FN: pass = t->fn(t->ctx, v); break;
    }
    return pass != t->outside;
}

void scan_rows(const struct packed *p, uint32_t rows, const struct scan_test *t, uint64_t *words)
{
    if (rows > p->rows) { /* what is past the block's end is unset */
        memset(words, 0, SCAN_WORDS(rows) * sizeof *words);
        rows = p->rows;
    }
    if (t->kind == SCAN_RANGE) {
        scan_range(p, rows, t, words);
        return;
    }
    for (uint32_t at = 0; at < rows; at += 64) {
        uint64_t word = 0;
        const uint32_t n = rows - at < 64 ? rows - at : 64;
        for (uint32_t i = 0; i < n; i++)
            word |= (uint64_t)scan_value(packed_get(p, at + i), t) << i;
        *words++ = word;
    }
}

void scan_values(const int64_t *v, uint32_t rows, const struct scan_test *t, uint64_t *words)
{
    for (uint32_t at = 0; at < rows; at += 64) {
        uint64_t word = 0;
        const uint32_t n = rows - at < 64 ? rows - at : 64;
        if (t->kind == SCAN_RANGE)
            for (uint32_t i = 0; i < n; i++) {
                int64_t x = v[at + i];
                uint64_t in = (uint64_t)(t->low <= x) & (uint64_t)(x <= t->high);
                word |= ((in ^ (uint64_t)t->outside) & (uint64_t)(x != PACKED_UNSET)) << i;
            }
        else
            for (uint32_t i = 0; i < n; i++)
                word |= (uint64_t)scan_value(v[at + i], t) << i;
        *words++ = word;
    }
}
