/* Percentiles compared with literals, without ranking anybody: `percentile(x) >= 0.8` is `x >= t`, and t is
 * found by selection in a few passes. With n who have x, p(x) = c / n, where c counts those at or below x. */
#include "audience/eval_internal.h"

#include "store/events.h"

#include <stdlib.h>
#include <string.h>

typedef __int128 wide;

/* --- which counts c the condition is true of --- */

struct counts { /* first <= c <= last, or not that */
    uint64_t first, last;
    bool outside;
};

/* The least c, from 1, with c / n >= literal (or > it); n + 1 when there is none. */
static uint64_t least_count(struct query_number literal, uint64_t n, bool above)
{
    wide den = 1, num = (wide)literal.units * (wide)n;
    for (unsigned i = 0; i < literal.scale; i++)
        den *= 10;
    wide c = num < 0 ? 1 : above ? num / den + 1 : (num + den - 1) / den;
    return c > (wide)n ? n + 1 : c < 1 ? 1 : (uint64_t)c;
}

static struct counts counts_compare(const struct query_node *node, uint64_t n)
{
    static const enum query_cmp flipped[] = { QUERY_EQ, QUERY_NE, QUERY_GT, QUERY_GE, QUERY_LT, QUERY_LE };
    bool left = node->compare.left->kind == QUERY_NUM_LITERAL;
    struct query_number l = (left ? node->compare.left : node->compare.right)->literal;
    uint64_t at_least = least_count(l, n, false), above = least_count(l, n, true);
    switch (left ? flipped[node->compare.op] : node->compare.op) {
    case QUERY_EQ: return (struct counts){ at_least, above - 1, false };
    case QUERY_NE: return (struct counts){ at_least, above - 1, true };
    case QUERY_LT: return (struct counts){ 1, at_least - 1, false };
    case QUERY_LE: return (struct counts){ 1, above - 1, false };
    case QUERY_GT: return (struct counts){ above, n, false };
    case QUERY_GE: return (struct counts){ at_least, n, false };
    }
    return (struct counts){ 1, 0, false };
}

static struct counts counts_of(const struct query_node *node, uint64_t n)
{
    if (node->kind == QUERY_COMPARE)
        return counts_compare(node, n);
    if (node->kind == QUERY_BETWEEN)
        return (struct counts){ least_count(node->between.low->literal, n, false),
                                least_count(node->between.high->literal, n, true) - 1, node->negated };
    const struct query_number from = { node->range.from, 0 }, to = { node->range.to, 0 };
    if (node->range.from <= node->range.to)
        return (struct counts){ least_count(from, n, false), least_count(to, n, true) - 1, false };
    return (struct counts){ least_count(to, n, true), least_count(from, n, false) - 1, true };
}

/* --- selection --- */

struct spread { /* of the values that are set */
    uint64_t n;
    int64_t low, high;
};

static struct spread spread_of(const int64_t *v, size_t n)
{
    struct spread s = { 0, INT64_MAX, PACKED_UNSET };
    for (size_t i = 0; i < n; i++) {
        int64_t as_low = v[i] == PACKED_UNSET ? INT64_MAX : v[i];
        s.n += v[i] != PACKED_UNSET;
        s.low = as_low < s.low ? as_low : s.low;
        s.high = v[i] > s.high ? v[i] : s.high;
    }
    return s;
}

#define BINS (1u << 14)

/* The k-th smallest (from 0) of the set values: bins of equal width, then the bin it is in, until bins are
 * values. */
static int64_t select_kth(const int64_t *v, size_t n, struct spread s, uint64_t k, uint32_t *bins)
{
    int64_t low = s.low, high = s.high;
    for (;;) {
        uint64_t width = (uint64_t)high - (uint64_t)low;
        unsigned shift = 0;
        while (width >> shift >= BINS)
            shift++;
        memset(bins, 0, BINS * sizeof *bins);
        for (size_t i = 0; i < n; i++) {
            uint64_t at = (uint64_t)v[i] - (uint64_t)low; /* below and unset: more than the width */
            if (v[i] >= low && at <= width)
                bins[at >> shift]++;
        }
        uint64_t bin = 0;
        while (k >= bins[bin])
            k -= bins[bin++];
        low = (int64_t)((uint64_t)low + (bin << shift));
        if (shift == 0)
            return low;
        uint64_t last = (uint64_t)low + ((UINT64_C(1) << shift) - 1);
        high = (int64_t)last > high || (int64_t)last < low ? high : (int64_t)last;
    }
}

/* c >= first is x >= the value at place first - 1; c <= last is x below the one at place last. */
static struct scan_test values_of(const struct eval_numbers *x, struct spread s, struct counts c,
                                  uint32_t *bins)
{
    struct scan_test t = { .kind = SCAN_RANGE, .outside = c.outside, .low = SCAN_LOWEST, .high = INT64_MAX };
    if (c.first > s.n || c.first > c.last || c.last == 0) {
        t.low = 1;
        t.high = 0;
        return t;
    }
    if (c.first > 1)
        t.low = select_kth(x->v, x->range.n, s, c.first - 1, bins);
    if (c.last < s.n)
        t.high = select_kth(x->v, x->range.n, s, c.last, bins) - 1;
    return t;
}

/* --- everybody's numbers --- */

/* Whole partitions of events, so that they need not be looked at one by one. */
static struct eval_range whole_range(const struct audience_set *existing)
{
    struct eval_range r = eval_range_of(existing);
    uint64_t end = (uint64_t)r.first + r.n;
    r.first = r.first / EVENTS_CUSTOMERS * EVENTS_CUSTOMERS;
    end = (end + EVENTS_CUSTOMERS - 1) / EVENTS_CUSTOMERS * EVENTS_CUSTOMERS;
    r.n = (size_t)(end - r.first);
    return r;
}

/* Ids that are nobody's count for nothing. */
static void clear_missing(const struct audience_set *existing, struct eval_numbers *x)
{
    uint64_t words[256];
    for (size_t i = 0; i < x->range.n; i += 256 * 64) {
        size_t n = x->range.n - i < 256 * 64 ? x->range.n - i : 256 * 64;
        audience_set_words(existing, (uint32_t)(x->range.first + i), words, SCAN_WORDS(n));
        for (size_t w = 0; w < SCAN_WORDS(n); w++)
            for (uint64_t none = ~words[w]; none; none &= none - 1) {
                size_t at = i + w * 64 + (unsigned)__builtin_ctzll(none);
                if (at < x->range.n)
                    x->v[at] = PACKED_UNSET;
            }
    }
}

bool eval_percentile_test(struct eval *ev, const struct query_node *node, struct eval_numbers *x,
                          struct scan_test *t, bool *is)
{
    memset(x, 0, sizeof *x);
    *is = false;
    if ((node->kind != QUERY_COMPARE && node->kind != QUERY_BETWEEN && node->kind != QUERY_RANGE) ||
        !eval_test_is_literal(node) || eval_test_subject(node)->kind != QUERY_NUM_PERCENTILE)
        return true;
    if (!eval_numbers_get(ev, eval_test_subject(node)->operand, whole_range(ev->existing), ev->existing, x))
        return false;
    if (x->den || x->den_all != 1 || x->constant) {
        eval_numbers_free(x);
        return true;
    }
    clear_missing(ev->existing, x);
    const struct spread s = spread_of(x->v, x->range.n);
    uint32_t *bins = malloc(BINS * sizeof *bins);
    if (!bins)
        return eval_nomem(ev);
    *t = values_of(x, s, counts_of(node, s.n), bins);
    free(bins);
    *is = true;
    return true;
}
