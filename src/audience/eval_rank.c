/* Percentiles of everybody. Fractions become integers of the same order where they can, which they nearly
 * always can; integers are ranked by counting when they lie close together, else by sorting them a few bits
 * at a time, together with whose they are in one word each. What fits none of that is sorted by comparing. */
#include "audience/eval_internal.h"

#include "audience/set_packed.h"
#include "audience/words.h"
#include "store/events.h"

#include <stdlib.h>
#include <string.h>

#if defined(__GNUC__) && !defined(__clang__) && defined(__OPTIMIZE__)
#pragma GCC optimize("O3")
#endif

#define CONTAINER (WORDS_OF_CONTAINER * 64u)

/* --- everybody's numbers --- */

struct eval_range eval_range_whole(struct eval *ev)
{
    struct eval_range r = eval_range_of(ev->existing);
    uint64_t end = (uint64_t)r.first + r.n;
    r.first = r.first / EVENTS_CUSTOMERS * EVENTS_CUSTOMERS;
    end = (end + EVENTS_CUSTOMERS - 1) / EVENTS_CUSTOMERS * EVENTS_CUSTOMERS;
    r.n = (size_t)(end - r.first);
    return r;
}

/* Ids that are nobody's count for nothing. */
static bool clear_missing(struct eval *ev, struct eval_numbers *x)
{
    struct set_reader all;
    uint64_t words[WORDS_OF_CONTAINER];
    const uint64_t first = x->range.first, end = first + x->range.n;
    if (!set_reader_open(&all, ev->existing))
        return eval_nomem(ev);
    for (uint64_t piece = first / CONTAINER; piece * CONTAINER < end; piece++) {
        set_reader_words(&all, (uint32_t)piece, words);
        for (uint64_t w = 0; w < WORDS_OF_CONTAINER; w++)
            for (uint64_t none = ~words[w]; none; none &= none - 1) {
                uint64_t id = piece * CONTAINER + w * 64 + (unsigned)__builtin_ctzll(none);
                if (id >= first && id < end)
                    x->v[id - first] = PACKED_UNSET;
            }
    }
    set_reader_close(&all);
    return true;
}

/* --- fractions as integers --- */

#define KEY_BITS 62

/* So many binary digits that two fractions that differ, differ in them, too: two of denominators up to D are
 * at least 1 / D^2 apart. */
static unsigned digits_of(int64_t most_den)
{
    unsigned bits = 0;
    while (bits < KEY_BITS && (UINT64_C(1) << bits) < (uint64_t)most_den)
        bits++;
    return 2 * bits;
}

typedef __int128 wide;

static int64_t magnitude(int64_t v)
{
    return v == PACKED_UNSET ? 0 : v < 0 ? -v : v;
}

static int64_t floor_div(int64_t v, int64_t den)
{
    return v / den - (v % den < 0);
}

static int64_t floor_div_wide(wide v, int64_t den)
{
    return (int64_t)(v / den - (v % den < 0));
}

/* Whether the keys fit when the numbers times 2^digits do not: large sums of many are no large averages. */
static bool averages_fit(const struct eval_numbers *x, unsigned digits)
{
    for (size_t i = 0; i < x->range.n; i++)
        if (x->v[i] != PACKED_UNSET && magnitude(x->v[i]) / x->den[i] >> (KEY_BITS - digits))
            return false;
    return true;
}

/* Replaces each fraction by its whole part and `digits`: floor(v / den * 2^digits). False, and nothing done:
 * they do not fit. */
static bool fraction_keys(struct eval_numbers *x)
{
    int64_t most_den = 1, most = 0;
    for (size_t i = 0; i < x->range.n; i++) {
        int64_t v = magnitude(x->v[i]);
        most = v > most ? v : most;
        most_den = x->den[i] > most_den ? x->den[i] : most_den;
    }
    const unsigned digits = digits_of(most_den);
    if (digits >= KEY_BITS)
        return false;
    const bool narrow = !(most >> (KEY_BITS - digits));
    if (!narrow && !averages_fit(x, digits))
        return false;
    for (size_t i = 0; i < x->range.n; i++)
        if (x->v[i] != PACKED_UNSET)
            x->v[i] = narrow ? floor_div(x->v[i] * (INT64_C(1) << digits), x->den[i])
                             : floor_div_wide((wide)x->v[i] * (INT64_C(1) << digits), x->den[i]);
    free(x->den);
    x->den = NULL;
    return true;
}

bool eval_ranked_numbers(struct eval *ev, const struct query_num *operand, struct eval_numbers *x,
                         bool *whole)
{
    *whole = false;
    if (!eval_numbers_get(ev, operand, eval_range_whole(ev), ev->existing, x))
        return false;
    if (x->constant)
        return true;
    *whole = !x->den || fraction_keys(x);
    return clear_missing(ev, x);
}

/* --- ranking: out->v = how many are below or equal, out->den_all = how many there are --- */

struct ranking {
    struct eval_numbers *x;
    struct eval_spread spread;
    uint64_t *list; /* places in x; by sorting bits: the value above the place */
    size_t n;
    unsigned place_bits;
    struct eval_numbers *out;
};

static void rank_set(struct ranking *r, uint64_t place, uint64_t rank)
{
    uint64_t at = r->x->range.first + place - r->out->range.first; /* below the first: very large */
    if (at < r->out->range.n)
        r->out->v[at] = (int64_t)rank;
}

#define MOST_COUNTERS (UINT64_C(1) << 20)

/* Values that lie close together. */
static bool rank_by_counting(struct eval *ev, struct ranking *r)
{
    const int64_t *v = r->x->v, low = r->spread.low;
    const uint64_t width = (uint64_t)r->spread.high - (uint64_t)low;
    uint32_t *upto = calloc(width + 1, sizeof *upto);
    if (!upto)
        return eval_nomem(ev);
    for (size_t i = 0; i < r->x->range.n; i++)
        if (v[i] != PACKED_UNSET)
            upto[v[i] - low]++;
    for (uint64_t i = 1; i <= width; i++)
        upto[i] += upto[i - 1];
    for (size_t i = 0; i < r->x->range.n; i++)
        if (v[i] != PACKED_UNSET)
            rank_set(r, i, upto[v[i] - low]);
    free(upto);
    return true;
}

#define DIGIT_BITS 11
#define DIGITS     (1u << DIGIT_BITS)

/* One pass of a radix sort: stable, by the digit at `shift`. */
static void sort_digit(const uint64_t *from, uint64_t *to, size_t n, unsigned shift)
{
    size_t start[DIGITS] = { 0 }, at = 0;
    for (size_t i = 0; i < n; i++)
        start[from[i] >> shift & (DIGITS - 1)]++;
    for (size_t d = 0; d < DIGITS; d++) {
        size_t count = start[d];
        start[d] = at;
        at += count;
    }
    for (size_t i = 0; i < n; i++)
        to[start[from[i] >> shift & (DIGITS - 1)]++] = from[i];
}

/* Value and place in one word. The numbers themselves are the other half of the room it takes. */
static void rank_by_digits(struct ranking *r, unsigned bits)
{
    uint64_t *a = r->list, *b = (uint64_t *)(void *)r->x->v;
    const uint64_t places = (UINT64_C(1) << r->place_bits) - 1;
    for (size_t i = 0; i < r->x->range.n; i++) {
        const int64_t v = r->x->v[i];
        a[r->n] = ((uint64_t)v - (uint64_t)r->spread.low) << r->place_bits | i;
        r->n += v != PACKED_UNSET;
    }
    for (unsigned shift = r->place_bits; shift < r->place_bits + bits; shift += DIGIT_BITS) {
        sort_digit(a, b, r->n, shift);
        uint64_t *sorted = b;
        b = a;
        a = sorted;
    }
    for (size_t i = 0, end; i < r->n;) {
        for (end = i + 1; end < r->n && a[end] >> r->place_bits == a[i] >> r->place_bits;)
            end++;
        for (; i < end; i++)
            rank_set(r, a[i] & places, end);
    }
}

static int rank_cmp(const void *a, const void *b, void *ctx)
{
    const struct eval_numbers *x = ctx;
    return eval_numbers_cmp(x, *(const uint64_t *)a, x, *(const uint64_t *)b);
}

static void rank_by_comparing(struct ranking *r)
{
    for (size_t i = 0; i < r->x->range.n; i++) {
        r->list[r->n] = i;
        r->n += r->x->v[i] != PACKED_UNSET;
    }
    qsort_r(r->list, r->n, sizeof *r->list, rank_cmp, r->x);
    for (size_t i = 0, end; i < r->n;) {
        for (end = i + 1; end < r->n && rank_cmp(&r->list[i], &r->list[end], r->x) == 0;)
            end++;
        for (; i < end; i++)
            rank_set(r, r->list[i], end);
    }
}

static unsigned bits_of(uint64_t most)
{
    return most ? 64 - (unsigned)__builtin_clzll(most) : 0;
}

static bool rank_all(struct eval *ev, struct ranking *r, bool whole)
{
    const uint64_t width = (uint64_t)r->spread.high - (uint64_t)r->spread.low;
    if (r->spread.n == 0)
        return true;
    r->out->den_all = (int64_t)r->spread.n;
    if (whole && width < MOST_COUNTERS)
        return rank_by_counting(ev, r);
    r->place_bits = bits_of(r->x->range.n);
    r->list = malloc((r->x->range.n + 1) * sizeof *r->list);
    if (!r->list)
        return eval_nomem(ev);
    if (whole && bits_of(width) + r->place_bits <= 64)
        rank_by_digits(r, bits_of(width));
    else
        rank_by_comparing(r);
    free(r->list);
    return true;
}

bool eval_rank(struct eval *ev, const struct query_num *operand, struct eval_range range,
               struct eval_numbers *out)
{
    struct eval_numbers x = { 0 };
    struct ranking r = { .x = &x, .out = out };
    bool whole, ok = eval_ranked_numbers(ev, operand, &x, &whole) &&
                     eval_numbers_alloc(ev, range, x.constant ? 1 : PACKED_UNSET, out);
    if (ok && !x.constant) { /* a literal: everybody is in the same place */
        r.spread = eval_spread_of(x.v, x.range.n);
        ok = rank_all(ev, &r, whole);
    }
    eval_numbers_free(&x);
    return ok;
}
