/* What the conditions come to of one customer. */
#include "audience/eval_one_node.h"

#include "store/columns.h"

#include <stdlib.h>

/* --- values --- */

int64_t one_column_value(struct eval_one *x, struct one_column *c)
{
    const size_t at = x->customer / COLUMN_ROWS;
    if (at >= c->n_blocks)
        return PACKED_UNSET;
    struct packed *block = &c->blocks[at];
    if (block->rows == 0 && !column_block(x->ev.txn, c->field, (uint32_t)at, block))
        *block = (struct packed){ .rows = COLUMN_ROWS };
    return packed_get(block, x->customer % COLUMN_ROWS);
}

/* Of everybody, when first asked for. */
static struct one_value everybody_value(const struct eval_one *x, const struct eval_numbers *all)
{
    uint64_t i = (uint64_t)x->customer - all->range.first;
    if (all->constant)
        i = 0;
    else if (x->customer < all->range.first || i >= all->range.n)
        return (struct one_value){ PACKED_UNSET, 1, 0 };
    return (struct one_value){ all->v[i], all->den ? all->den[i] : all->den_all, all->scale };
}

static bool num_everybody(struct eval_one *x, struct one_num *n, struct one_value *out)
{
    struct eval *ev = &x->ev;
    if (!n->everybody.v &&
        !eval_numbers_get(ev, n->num, eval_range_of(ev->existing), ev->existing, &n->everybody))
        return false;
    *out = everybody_value(x, &n->everybody);
    return true;
}

bool one_num_value(struct eval_one *x, struct one_num *n, struct one_value *out)
{
    switch (n->num->kind) {
    case QUERY_NUM_LITERAL: *out = n->literal; return true;
    case QUERY_NUM_FIELD:
        *out = (struct one_value){ one_column_value(x, n->column), 1, n->num->field.symbol.scale };
        return true;
    case QUERY_NUM_AGE:
        *out = (struct one_value){ eval_num_age(&x->ev, one_column_value(x, n->column)), 1, 0 };
        return true;
    case QUERY_NUM_AGGREGATE: return one_aggregate_get(n->aggregate, x->customer, out);
    case QUERY_NUM_P_ALIVE: return one_alive_get(&x->logs, n->log, x->customer, out);
    case QUERY_NUM_PERCENTILE: return num_everybody(x, n, out);
    case QUERY_NUM_RFM:
        *out = (struct one_value){ PACKED_UNSET, 1, 0 };
        return eval_rfm_one(&x->ev, &n->num->rfm, x->customer, &out->v);
    }
    return false;
}

/* --- conditions --- */

static int value_cmp(const struct one_value *a, const struct one_value *b)
{
    if (a->den == 1 && b->den == 1 && a->scale == b->scale)
        return (a->v > b->v) - (a->v < b->v);
    return eval_fraction_cmp(a->v, a->den, a->scale, b->v, b->den, b->scale);
}

/* A percentile against literals is a test of the number itself, when its numbers are integers. */
static bool percentile_holds(struct eval_one *x, struct one_node *n, bool *is, bool *holds)
{
    if (n->percentile && !n->ranked) {
        if (!eval_percentile_test(&x->ev, n->node, &n->everybody, &n->test.scan, &n->ranked))
            return false;
        n->percentile = n->ranked;
    }
    *is = n->ranked;
    *holds = *is && scan_value(everybody_value(x, &n->everybody).v, &n->test.scan);
    return true;
}

static bool numbers_hold(struct eval_one *x, struct one_node *n, bool *holds)
{
    const struct query_node *node = n->node;
    struct one_value v[3] = { { 0 } };
    bool is;
    if (!percentile_holds(x, n, &is, holds))
        return false;
    if (is)
        return true;
    *holds = false;
    for (size_t i = 0; i < n->n_nums; i++) {
        if (!one_num_value(x, &n->nums[i], &v[i]))
            return false;
        if (v[i].v == PACKED_UNSET)
            return true;
    }
    if (n->tested) {
        *holds = scan_value(v[0].v, &n->test.scan);
        return true;
    }
    if (node->kind == QUERY_COMPARE) {
        *holds = eval_cmp_holds(node->compare.op, value_cmp(&v[0], &v[1]));
        return true;
    }
    if (node->kind == QUERY_RANGE) {
        v[1] = (struct one_value){ node->range.from, 1, 0 };
        v[2] = (struct one_value){ node->range.to, 1, 0 };
    }
    bool low = value_cmp(&v[0], &v[1]) >= 0, high = value_cmp(&v[0], &v[2]) <= 0;
    if (node->kind == QUERY_RANGE)
        *holds = node->range.from <= node->range.to ? low && high : low || high;
    else
        *holds = (low && high) != node->negated;
    return true;
}

/* The members of a set field, from the record. */
bool one_set_codes(struct eval_one *x, uint16_t field, const uint32_t **codes, size_t *n)
{
    if (!x->record_known) {
        if (!customer_get(x->ev.txn, x->customer, &x->arena, &x->record))
            return eval_torn(&x->ev);
        x->record_known = true;
    }
    const struct customer_value *v = customer_value(&x->record, field);
    *codes = v ? v->codes : NULL;
    *n = v ? v->n_codes : 0;
    return true;
}

static bool codes_contain(const uint32_t *codes, size_t n, uint32_t code)
{
    for (size_t i = 0; i < n; i++)
        if (codes[i] == code)
            return true;
    return false;
}

/* For a few customers the record is read, which has all sets; for many the bitmaps are fetched. */
#define MANY 64

static bool sets_fetch(struct eval_one *x, struct one_node *n)
{
    const uint16_t field = (uint16_t)n->node->has.field.symbol.id;
    n->sets = calloc(n->n_codes, sizeof *n->sets);
    if (!n->sets)
        return eval_nomem(&x->ev);
    for (size_t i = 0; i < n->n_codes; i++)
        if (n->codes[i] && !(n->sets[i] = audience_members(x->ev.view, field, n->codes[i], x->ev.err)))
            return false;
    return true;
}

static bool has_holds(struct eval_one *x, struct one_node *n, bool *holds)
{
    const uint32_t *codes;
    size_t n_codes, found = 0;
    if (x->logs.test > MANY && !n->sets && !sets_fetch(x, n))
        return false;
    if (!n->sets && !one_set_codes(x, (uint16_t)n->node->has.field.symbol.id, &codes, &n_codes))
        return false;
    for (size_t i = 0; i < n->n_codes; i++)
        found += n->codes[i] && (n->sets ? audience_set_contains(n->sets[i], x->customer)
                                         : codes_contain(codes, n_codes, n->codes[i]));
    if (n->node->has.op == QUERY_HAS_ANY)
        *holds = found > 0;
    else if (n->node->has.op == QUERY_HAS_NONE)
        *holds = found == 0;
    else
        *holds = found == n->n_codes;
    return true;
}

bool one_coded_value(struct eval_one *x, struct one_node *n, int64_t *code)
{
    if (n->survey)
        return one_survey_get(n->survey, x->customer, code);
    return eval_rfm_one(&x->ev, &n->node->text.value.rfm, x->customer, code);
}

static bool coded_holds(struct eval_one *x, struct one_node *n, bool *holds)
{
    int64_t code;
    if (!one_coded_value(x, n, &code))
        return false;
    *holds = scan_value(code, &n->test.scan);
    return true;
}

static bool segment_holds(struct eval_one *x, struct one_segment *s, bool *holds)
{
    if (!s->known || s->customer != x->customer) {
        if (!one_node_holds(x, s->root, &s->in))
            return false;
        s->customer = x->customer;
        s->known = true;
    }
    *holds = s->in;
    return true;
}

static bool cond_holds(struct eval_one *x, struct one_node *n, bool *holds)
{
    const struct query_node *node = n->node;
    switch (node->kind) {
    case QUERY_COMPARE:
    case QUERY_BETWEEN:
    case QUERY_RANGE:
        if (!n->column)
            return numbers_hold(x, n, holds);
        break;
    case QUERY_TEXT:
    case QUERY_TEXT_IN:
    case QUERY_SURVEY:
        if (!n->column)
            return coded_holds(x, n, holds);
        break;
    case QUERY_IS_SET:
        if (!n->column) {
            const uint32_t *codes;
            size_t n_codes;
            if (!one_set_codes(x, (uint16_t)node->field.symbol.id, &codes, &n_codes))
                return false;
            *holds = (n_codes > 0) != node->negated;
            return true;
        }
        break;
    case QUERY_SET_HAS: return has_holds(x, n, holds);
    case QUERY_SEGMENT:
        *holds = n->ever && audience_set_contains(n->ever, x->customer);
        return *holds || segment_holds(x, n->segment, holds);
    case QUERY_TENURE: {
        int64_t since = one_column_value(x, n->column);
        if (since == PACKED_UNSET)
            since = one_column_value(x, n->second);
        *holds = scan_value(since, &n->test.scan);
        return true;
    }
    default: break;
    }
    *holds = scan_value(one_column_value(x, n->column), &n->test.scan) != n->test.negated;
    return true;
}

bool one_node_holds(struct eval_one *x, struct one_node *n, bool *holds)
{
    if (n->node->kind > QUERY_NOT)
        return cond_holds(x, n, holds);
    const bool stop = n->node->kind == QUERY_OR; /* what ends it */
    for (size_t i = 0; i < n->n_kids; i++) {
        if (!one_node_holds(x, n->kids[i], holds))
            return false;
        if (n->node->kind == QUERY_NOT)
            *holds = !*holds;
        else if (*holds == stop)
            return true;
    }
    return true;
}
