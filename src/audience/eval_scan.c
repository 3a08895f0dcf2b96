#include "audience/eval_scan.h"

#include <string.h>

/* gcc vectorises these loops from -O3 on only (three times as fast); clang does from -O2. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__OPTIMIZE__)
#pragma GCC optimize("O3")
#endif

/* Which of 64 stored numbers u have u - low <= span, as unsigned numbers of their width: both bounds at once,
 * and false for u = 0 (unset) as long as low is at least 1. */
#ifdef __SSE2__
#include <emmintrin.h>

#define LOAD(p, i) _mm_loadu_si128((const __m128i *)(const void *)(p) + (i))

static inline uint64_t bits_8(const uint8_t *u, uint8_t low, uint8_t span)
{
    const __m128i l = _mm_set1_epi8((char)low), s = _mm_set1_epi8((char)span);
    uint64_t word = 0;
    for (unsigned k = 0; k < 4; k++) {
        const __m128i x = _mm_sub_epi8(LOAD(u, k), l);
        word |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(x, s), x)) << 16 * k;
    }
    return word;
}

static inline uint64_t bits_16(const packed_u16 *u, uint16_t low, uint16_t span)
{
    const __m128i l = _mm_set1_epi16((short)low), s = _mm_set1_epi16((short)span), zero = _mm_setzero_si128();
    uint64_t word = 0;
    for (unsigned k = 0; k < 4; k++) {
        const __m128i a = _mm_cmpeq_epi16(_mm_subs_epu16(_mm_sub_epi16(LOAD(u, 2 * k), l), s), zero);
        const __m128i b = _mm_cmpeq_epi16(_mm_subs_epu16(_mm_sub_epi16(LOAD(u, 2 * k + 1), l), s), zero);
        word |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_packs_epi16(a, b)) << 16 * k;
    }
    return word;
}

static inline uint64_t bits_32(const packed_u32 *u, uint32_t low, uint32_t span)
{
    const __m128i sign = _mm_set1_epi32(INT32_MIN), l = _mm_set1_epi32((int)low),
                  s = _mm_xor_si128(_mm_set1_epi32((int)span), sign);
    uint64_t word = 0;
#define ABOVE(i) _mm_cmpgt_epi32(_mm_xor_si128(_mm_sub_epi32(LOAD(u, i), l), sign), s)
    for (unsigned k = 0; k < 4; k++) {
        const __m128i a = _mm_packs_epi32(ABOVE(4 * k), ABOVE(4 * k + 1));
        const __m128i b = _mm_packs_epi32(ABOVE(4 * k + 2), ABOVE(4 * k + 3));
        word |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_packs_epi16(a, b)) << 16 * k;
    }
#undef ABOVE
    return ~word;
}
#else
#define BITS_OF(name, type, plain)                                                                           \
    static inline uint64_t name(const type *u, plain low, plain span)                                        \
    {                                                                                                        \
        uint64_t word = 0;                                                                                   \
        for (unsigned i = 0; i < 64; i++)                                                                    \
            word |= (uint64_t)((plain)(u[i] - low) <= span) << i;                                            \
        return word;                                                                                         \
    }
BITS_OF(bits_8, uint8_t, uint8_t)
BITS_OF(bits_16, packed_u16, uint16_t)
BITS_OF(bits_32, packed_u32, uint32_t)
#endif

static inline uint64_t bits_64(const packed_u64 *u, uint64_t low, uint64_t span)
{
    uint64_t word = 0;
    for (unsigned i = 0; i < 64; i++)
        word |= (uint64_t)(u[i] - low <= span) << i;
    return word;
}

/* Rows that are set and lie in [ulow, uhigh]; with `outside`, that are set and do not. */
#define SCAN_RANGE_OF(attributes, name, type, plain, bits)                                                   \
    attributes static void name(const type *u, uint32_t rows, uint64_t ulow64, uint64_t uhigh64,             \
                                bool outside, uint64_t *words)                                               \
    {                                                                                                        \
        const plain ulow = (plain)ulow64, span = (plain)(uhigh64 - ulow64), most = (plain)-2;                \
        uint32_t at = 0;                                                                                     \
        for (; at + 64 <= rows; at += 64)                                                                    \
            *words++ =                                                                                       \
                outside ? bits(u + at, 1, most) & ~bits(u + at, ulow, span) : bits(u + at, ulow, span);      \
        if (at == rows)                                                                                      \
            return;                                                                                          \
        *words = 0;                                                                                          \
        for (uint32_t i = 0; at + i < rows; i++)                                                             \
            *words |= (uint64_t)((((plain)(u[at + i] - ulow) <= span) != outside) && u[at + i] != 0) << i;   \
    }

#define FILTER_WORDS 64u /* a block of customers has 63 */

/* One word of candidates at a time; where none is left nothing is read, where it is one only that is, and
 * what is read next is on its way: of many customers' columns a row is a miss of every cache. */
#define AHEAD 12u
#define FILTER_OF(attributes, name, type, plain, bits)                                                       \
    attributes static void name(const type *u, uint64_t ulow64, uint64_t uhigh64, bool outside,              \
                                uint64_t flip, uint64_t *words, size_t n)                                    \
    {                                                                                                        \
        const plain ulow = (plain)ulow64, span = (plain)(uhigh64 - ulow64), most = (plain)-2;                \
        uint16_t at[FILTER_WORDS + 1];                                                                       \
        for (size_t from = 0; from < n; from += FILTER_WORDS) {                                              \
            unsigned k = 0;                                                                                  \
            for (size_t w = from; w < n && w < from + FILTER_WORDS; w++) {                                   \
                at[k] = (uint16_t)w;                                                                         \
                k += words[w] != 0;                                                                          \
            }                                                                                                \
            for (unsigned i = 0; i < k && i < AHEAD; i++)                                                    \
                __builtin_prefetch(u + 64 * (size_t)at[i] + __builtin_ctzll(words[at[i]]));                  \
            for (unsigned i = 0; i < k; i++) {                                                               \
                const size_t w = at[i];                                                                      \
                uint64_t pass = 0;                                                                           \
                if (i + AHEAD < k)                                                                           \
                    __builtin_prefetch(u + 64 * (size_t)at[i + AHEAD] +                                      \
                                       __builtin_ctzll(words[at[i + AHEAD]]));                               \
                if ((words[w] & (words[w] - 1)) == 0) { /* one row: no need of its neighbours */             \
                    const plain x = (plain)u[64 * w + (unsigned)__builtin_ctzll(words[w])];                  \
                    const bool in = (plain)(x - ulow) <= span;                                               \
                    pass = (outside ? !in && x != 0 : in) ? UINT64_MAX : 0;                                  \
                } else {                                                                                     \
                    pass = bits(u + 64 * w, ulow, span);                                                     \
                    if (outside)                                                                             \
                        pass = bits(u + 64 * w, 1, most) & ~pass;                                            \
                }                                                                                            \
                words[w] &= pass ^ flip;                                                                     \
            }                                                                                                \
        }                                                                                                    \
    }

#define OCTETS_OF(attributes, name, bits)                                                                    \
    attributes static void name(const uint8_t *octets, uint8_t low, uint8_t high, uint64_t flip,             \
                                uint64_t *words, size_t n)                                                   \
    {                                                                                                        \
        for (size_t w = 0; w < n; w++)                                                                       \
            words[w] &= bits(octets + 64 * w, low, (uint8_t)(high - low)) ^ flip;                            \
    }

#define LOOPS_OF(attributes, tail)                                                                           \
    SCAN_RANGE_OF(attributes, scan_range_8##tail, uint8_t, uint8_t, bits_8##tail)                            \
    SCAN_RANGE_OF(attributes, scan_range_16##tail, packed_u16, uint16_t, bits_16##tail)                      \
    SCAN_RANGE_OF(attributes, scan_range_32##tail, packed_u32, uint32_t, bits_32##tail)                      \
    SCAN_RANGE_OF(attributes, scan_range_64##tail, packed_u64, uint64_t, bits_64##tail)                      \
    OCTETS_OF(attributes, in_octets##tail, bits_8##tail)                                                     \
    FILTER_OF(attributes, filter_8##tail, uint8_t, uint8_t, bits_8##tail)                                    \
    FILTER_OF(attributes, filter_16##tail, packed_u16, uint16_t, bits_16##tail)                              \
    FILTER_OF(attributes, filter_32##tail, packed_u32, uint32_t, bits_32##tail)                              \
    FILTER_OF(attributes, filter_64##tail, packed_u64, uint64_t, bits_64##tail)

LOOPS_OF(, )

/* The same where the machine compares 64 octets at once into a word of answers; asked for at each call. */
#ifdef __x86_64__
#include <immintrin.h>
#define WIDE            __attribute__((target("avx512f,avx512bw")))

#define LOAD_WIDE(p, i) _mm512_loadu_si512((const void *)((const uint8_t *)(p) + 64 * (i)))

WIDE static inline uint64_t bits_8_wide(const uint8_t *u, uint8_t low, uint8_t span)
{
    return _mm512_cmple_epu8_mask(_mm512_sub_epi8(LOAD_WIDE(u, 0), _mm512_set1_epi8((char)low)),
                                  _mm512_set1_epi8((char)span));
}

WIDE static inline uint64_t bits_16_wide(const packed_u16 *u, uint16_t low, uint16_t span)
{
    const __m512i l = _mm512_set1_epi16((short)low), s = _mm512_set1_epi16((short)span);
    return (uint64_t)_mm512_cmple_epu16_mask(_mm512_sub_epi16(LOAD_WIDE(u, 0), l), s) |
           (uint64_t)_mm512_cmple_epu16_mask(_mm512_sub_epi16(LOAD_WIDE(u, 1), l), s) << 32;
}

WIDE static inline uint64_t bits_32_wide(const packed_u32 *u, uint32_t low, uint32_t span)
{
    const __m512i l = _mm512_set1_epi32((int)low), s = _mm512_set1_epi32((int)span);
    uint64_t word = 0;
    for (unsigned k = 0; k < 4; k++)
        word |= (uint64_t)_mm512_cmple_epu32_mask(_mm512_sub_epi32(LOAD_WIDE(u, k), l), s) << 16 * k;
    return word;
}

WIDE static inline uint64_t bits_64_wide(const packed_u64 *u, uint64_t low, uint64_t span)
{
    const __m512i l = _mm512_set1_epi64((long long)low), s = _mm512_set1_epi64((long long)span);
    uint64_t word = 0;
    for (unsigned k = 0; k < 8; k++)
        word |= (uint64_t)_mm512_cmple_epu64_mask(_mm512_sub_epi64(LOAD_WIDE(u, k), l), s) << 8 * k;
    return word;
}

LOOPS_OF(WIDE, _wide)
#define CALL(name, ...) (__builtin_cpu_supports("avx512bw") ? name##_wide(__VA_ARGS__) : name(__VA_ARGS__))
#else
#define CALL(name, ...) name(__VA_ARGS__)
#endif

void scan_octets(const uint8_t *octets, uint8_t low, uint8_t high, bool outside, uint64_t *words, size_t n)
{
    CALL(in_octets, octets, low, high, outside ? UINT64_MAX : 0, words, n);
}

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
    case 1: CALL(scan_range_8, data, rows, ulow, uhigh, outside, words); break;
    case 2: CALL(scan_range_16, data, rows, ulow, uhigh, outside, words); break;
    case 4: CALL(scan_range_32, data, rows, ulow, uhigh, outside, words); break;
    case 8: CALL(scan_range_64, data, rows, ulow, uhigh, outside, words); break;
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

/* --- filtering --- */

static void filter_by_row(const struct packed *p, uint32_t from, const struct scan_test *t, bool negated,
                          uint64_t *words, size_t n)
{
    for (size_t w = 0; w < n; w++)
        for (uint64_t left = words[w]; left; left &= left - 1) {
            unsigned bit = (unsigned)__builtin_ctzll(left);
            uint64_t row = from + w * 64 + bit;
            int64_t value = row < p->rows ? packed_get(p, (uint32_t)row) : PACKED_UNSET;
            if (scan_value(value, t) == negated)
                words[w] &= ~(UINT64_C(1) << bit);
        }
}

static void filter_range(const struct packed *p, uint32_t from, const struct scan_test *t, bool negated,
                         uint64_t *words, size_t n)
{
    uint64_t ulow, uhigh;
    const uint64_t flip = negated ? UINT64_MAX : 0;
    bool outside = t->outside;
    if ((uint64_t)from + n * 64 > p->rows || p->width == 0) {
        filter_by_row(p, from, t, negated, words, n);
        return;
    }
    if (t->low > t->high || !packed_bounds(p, t->low, t->high, &ulow, &uhigh)) {
        if (!outside) {
            for (size_t w = 0; w < n; w++)
                words[w] &= flip;
            return;
        }
        ulow = 1; /* nothing is inside: every set row is outside */
        uhigh = p->width >= 8 ? UINT64_MAX : (UINT64_C(1) << (8 * p->width)) - 1;
        outside = false;
    }
    const void *data = p->data + (size_t)from * p->width;
    switch (p->width) {
    case 1: CALL(filter_8, data, ulow, uhigh, outside, flip, words, n); break;
    case 2: CALL(filter_16, data, ulow, uhigh, outside, flip, words, n); break;
    case 4: CALL(filter_32, data, ulow, uhigh, outside, flip, words, n); break;
    default: CALL(filter_64, data, ulow, uhigh, outside, flip, words, n); break;
    }
}

#define FEW_CODES 16u /* so many are looked for one after the other, 64 rows at a time */

static bool filter_codes(const struct packed *p, uint32_t from, const struct scan_test *t, uint64_t *words,
                         size_t n)
{
    uint64_t found[FILTER_WORDS] = { 0 }, one[FILTER_WORDS];
    unsigned count = 0;
    for (size_t i = 0; i < t->n_codes / 64; i++)
        count += (unsigned)__builtin_popcountll(t->codes[i]);
    if (count > FEW_CODES || n > FILTER_WORDS || t->outside)
        return false;
    for (size_t i = 0; i < t->n_codes / 64; i++)
        for (uint64_t left = t->codes[i]; left; left &= left - 1) {
            struct scan_test code = { .kind = SCAN_RANGE };
            code.low = code.high = (int64_t)(i * 64) + __builtin_ctzll(left);
            memcpy(one, words, n * sizeof *words);
            filter_range(p, from, &code, false, one, n);
            for (size_t w = 0; w < n; w++)
                found[w] |= one[w];
        }
    memcpy(words, found, n * sizeof *words);
    return true;
}

void scan_filter(const struct packed *p, uint32_t from, const struct scan_test *t, bool negated,
                 uint64_t *words, size_t n)
{
    if (t->kind == SCAN_RANGE)
        filter_range(p, from, t, negated, words, n);
    else if (t->kind != SCAN_CODES || negated || !filter_codes(p, from, t, words, n))
        filter_by_row(p, from, t, negated, words, n);
}
