/* Percentiles compared with literals, without ranking anybody: `percentile(x) >= 0.8` is `x >= t`, and t is
 * found by selection in a few passes. With n who have x, p(x) = c / n, where c counts those at or below x. */
#include "audience/eval_internal.h"

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

/* --- as a test of the number --- */

/* c >= first is x >= the value at place first - 1; c <= last is x below the one at place last. */
static bool values_of(struct eval *ev, const struct eval_numbers *x, struct eval_spread s, struct counts c,
                      struct scan_test *t)
{
    uint64_t place[2];
    int64_t value[2], *ends[2];
    size_t n = 0;
    *t =
        (struct scan_test){ .kind = SCAN_RANGE, .outside = c.outside, .low = SCAN_LOWEST, .high = INT64_MAX };
    if (c.first > s.n || c.first > c.last || c.last == 0) {
        t->low = 1;
        t->high = 0;
        return true;
    }
    if (c.first > 1) {
        place[n] = c.first - 1;
        ends[n++] = &t->low;
    }
    if (c.last < s.n) {
        place[n] = c.last;
        ends[n++] = &t->high;
    }
    if (!eval_select(ev, x->v, x->range.n, s, place, n, value))
        return false;
    for (size_t i = 0; i < n; i++)
        *ends[i] = ends[i] == &t->high ? value[i] - 1 : value[i];
    return true;
}

bool eval_percentile_test(struct eval *ev, const struct query_node *node, struct eval_numbers *x,
                          struct scan_test *t, bool *is)
{
    memset(x, 0, sizeof *x);
    *is = false;
    if ((node->kind != QUERY_COMPARE && node->kind != QUERY_BETWEEN && node->kind != QUERY_RANGE) ||
        !eval_test_is_literal(node) || eval_test_subject(node)->kind != QUERY_NUM_PERCENTILE)
        return true;
    bool whole;
    if (!eval_ranked_numbers(ev, eval_test_subject(node)->operand, x, &whole))
        return false;
    if (!whole) {
        eval_numbers_free(x);
        return true;
    }
    const struct eval_spread s = eval_spread_of(x->v, x->range.n);
    *is = values_of(ev, x, s, counts_of(node, s.n), t);
    if (!*is)
        eval_numbers_free(x);
    return *is;
}
