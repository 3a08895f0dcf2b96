#include "audience/words.h"

#if defined(__GNUC__) && !defined(__clang__) && defined(__OPTIMIZE__)
#pragma GCC optimize("O3")
#endif

/* Counting bits is an instruction that not every x86-64 has, and a wide one that few have: the best one is
 * asked for at each call, which costs a comparison. */
#define COUNT_OF(name, attributes)                                                                           \
    attributes static uint64_t name(const uint64_t *a, const uint64_t *b, size_t n)                          \
    {                                                                                                        \
        uint64_t count = 0;                                                                                  \
        for (size_t i = 0; i < n; i++)                                                                       \
            count += (uint64_t)__builtin_popcountll(a[i] & b[i]);                                            \
        return count;                                                                                        \
    }

COUNT_OF(count_plain, )
#ifdef __x86_64__
#include <immintrin.h>

COUNT_OF(count_scalar, __attribute__((target("popcnt"))))

#define WIDE_COUNT   __attribute__((target("avx512f,avx512vpopcntdq")))
#define LOAD(p, i)   _mm512_loadu_si512((const void *)((p) + (i)))
#define BITS_OF(a_b) _mm512_popcnt_epi64(a_b)

WIDE_COUNT static uint64_t count_wide(const uint64_t *a, const uint64_t *b, size_t n)
{
    __m512i x = _mm512_setzero_si512(), y = x;
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        x = _mm512_add_epi64(x, BITS_OF(_mm512_and_si512(LOAD(a, i), LOAD(b, i))));
        y = _mm512_add_epi64(y, BITS_OF(_mm512_and_si512(LOAD(a, i + 8), LOAD(b, i + 8))));
    }
    return (uint64_t)_mm512_reduce_add_epi64(_mm512_add_epi64(x, y)) + count_plain(a + i, b + i, n - i);
}

/* Four at a time: what is loaded of `a` serves them all. */
WIDE_COUNT static void counts_wide(const uint64_t *a, const uint64_t *const *others, uint64_t *counts)
{
    __m512i sums[4] = { _mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512(),
                        _mm512_setzero_si512() };
    for (size_t i = 0; i < WORDS_OF_CONTAINER; i += 8) {
        const __m512i x = LOAD(a, i);
        for (unsigned k = 0; k < 4; k++)
            sums[k] = _mm512_add_epi64(sums[k], BITS_OF(_mm512_and_si512(x, LOAD(others[k], i))));
    }
    for (unsigned k = 0; k < 4; k++)
        counts[k] += (uint64_t)_mm512_reduce_add_epi64(sums[k]);
}
#endif

uint64_t words_and_count(const uint64_t *a, const uint64_t *b, size_t n)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx512vpopcntdq"))
        return count_wide(a, b, n);
    if (__builtin_cpu_supports("popcnt"))
        return count_scalar(a, b, n);
#endif
    return count_plain(a, b, n);
}

void words_and_counts(const uint64_t *a, const uint64_t *const *others, size_t n, uint64_t *counts)
{
    size_t i = 0;
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx512vpopcntdq"))
        for (; i + 4 <= n; i += 4)
            counts_wide(a, others + i, counts + i);
#endif
    for (; i < n; i++)
        counts[i] += words_and_count(a, others[i], WORDS_OF_CONTAINER);
}

uint64_t words_count(const uint64_t *a, size_t n)
{
    return words_and_count(a, a, n);
}

/* --- places --- */

static inline unsigned bit_take(uint64_t *left)
{
    const unsigned bit = (unsigned)__builtin_ctzll(*left);
    *left &= *left - 1;
    return bit;
}

static size_t list_plain(const uint64_t *words, uint16_t *list)
{
    size_t n = 0;
    for (uint32_t i = 0; i < WORDS_OF_CONTAINER; i++)
        for (uint64_t left = words[i]; left;)
            list[n++] = (uint16_t)(i * 64 + bit_take(&left));
    return n;
}

#ifdef __x86_64__
#define WIDE_LIST __attribute__((target("avx512f,avx512bw,avx512vbmi2,popcnt")))

WIDE_LIST static size_t list_wide(const uint64_t *words, uint16_t *list)
{
    static const uint16_t first[32] = { 0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
                                        16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31 };
    const __m512i step = _mm512_set1_epi16(32);
    __m512i low = _mm512_loadu_si512((const void *)first);
    size_t n = 0;
    for (uint32_t i = 0; i < WORDS_OF_CONTAINER; i++) {
        if (i % 8 == 0 && !_mm512_test_epi64_mask(_mm512_loadu_si512((const void *)(words + i)),
                                                  _mm512_loadu_si512((const void *)(words + i)))) {
            low = _mm512_add_epi16(low, _mm512_set1_epi16(8 * 64)); /* most, where few are members */
            i += 7;
            continue;
        }
        const __m512i high = _mm512_add_epi16(low, step);
        const uint32_t a = (uint32_t)words[i], b = (uint32_t)(words[i] >> 32);
        _mm512_storeu_si512((void *)(list + n), _mm512_maskz_compress_epi16(a, low));
        n += (size_t)__builtin_popcount(a);
        _mm512_storeu_si512((void *)(list + n), _mm512_maskz_compress_epi16(b, high));
        n += (size_t)__builtin_popcount(b);
        low = _mm512_add_epi16(high, step);
    }
    return n;
}

/* While there is room for a word's worth more than it has. */
WIDE_LIST static uint32_t ids_wide(const uint64_t *words, uint32_t first, uint32_t *ids, size_t room,
                                   size_t *n)
{
    const __m512i places = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    uint32_t i = 0;
    for (; i < WORDS_OF_CONTAINER && room - *n >= 80; i++)
        for (unsigned k = 0; words[i] && k < 64; k += 16) {
            const uint16_t bits = (uint16_t)(words[i] >> k);
            const __m512i x = _mm512_add_epi32(places, _mm512_set1_epi32((int)(first + i * 64 + k)));
            _mm512_storeu_si512((void *)(ids + *n), _mm512_maskz_compress_epi32(bits, x));
            *n += (size_t)__builtin_popcount(bits);
        }
    return i;
}
#endif

size_t words_list(const uint64_t *words, uint16_t *list)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx512vbmi2"))
        return list_wide(words, list);
#endif
    return list_plain(words, list);
}

size_t words_ids(const uint64_t *words, uint32_t first, uint32_t *ids, size_t room)
{
    size_t n = 0;
    uint32_t i = 0;
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx512vbmi2"))
        i = ids_wide(words, first, ids, room, &n);
#endif
    for (; i < WORDS_OF_CONTAINER; i++)
        for (uint64_t left = words[i]; left && n < room;)
            ids[n++] = first + i * 64 + bit_take(&left);
    return n;
}

/* Neighbours are often in one word, and each then waits for the one before: four places far from each other
 * at a time do not. */
void words_set_list(uint64_t *words, const list_u16 *list, size_t n)
{
    const size_t part = n / 4;
#define SET(v) words[(v) / 64] |= UINT64_C(1) << (v) % 64
    for (size_t i = 0; i < part; i++) {
        SET(list[i]);
        SET(list[part + i]);
        SET(list[2 * part + i]);
        SET(list[3 * part + i]);
    }
    for (size_t i = 4 * part; i < n; i++)
        SET(list[i]);
#undef SET
}

size_t list_filter_words(const list_u16 *list, size_t n, const uint64_t *words, bool outside, uint16_t *out)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        const uint16_t v = list[i];
        out[kept] = v;
        kept += (size_t)(words[v / 64] >> v % 64 & 1) ^ (size_t)outside;
    }
    return kept;
}

bool list_ascends(const list_u16 *list, size_t n)
{
    uint16_t wrong = 0;
    for (size_t i = 1; i < n; i++)
        wrong |= (uint16_t) - (list[i] <= list[i - 1]);
    return !wrong;
}
