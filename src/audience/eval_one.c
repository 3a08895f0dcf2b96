#include "audience/eval_one.h"

#include "audience/plan.h"
#include "store/columns.h"
#include "store/dict.h"

#include <stdlib.h>
#include <string.h>

struct one_column { /* its blocks, opened when first asked for */
    uint16_t field;
    size_t n_blocks;
    struct packed *blocks; /* rows 0: not asked for; width 0: all unset */
    struct one_column *next;
};

struct one_num {
    const struct query_num *num;
    struct one_value literal;
    struct one_column *column; /* a field, an age */
    struct one_aggregate *aggregate;
    struct one_log *log;           /* p_alive */
    struct eval_numbers everybody; /* percentiles: when first asked for */
};

struct one_node {
    const struct query_node *node;
    struct one_node **kids; /* and, or: the cheapest first */
    size_t n_kids;
    struct eval_test test; /* of the column, of a whole number, of a code */
    bool tested;           /* numbers: by `test`, all but the first are literals */
    struct one_column *column, *second;
    struct one_num nums[3];
    size_t n_nums;
    uint32_t *codes;            /* has */
    struct audience_set **sets; /* their members, when many are asked about; NULL: not yet */
    size_t n_codes;
    struct one_survey *survey;
    struct one_segment *segment;
    struct audience_set *ever; /* its members of before */
};

struct one_segment {
    struct strv name;
    struct query *query;
    struct one_node *root;
    uint32_t customer; /* of whom the answer is known */
    bool known, in;
    struct one_segment *next;
};

struct eval_one {
    struct eval ev;
    struct eval_options o;
    struct one_logs logs;
    struct one_column *columns, *exists;
    struct one_segment *segments;
    struct one_node *root;
    uint32_t customer;
    struct customer_arena arena; /* the record, once a set is asked for */
    struct customer_record record;
    bool record_known;
};

static bool node_holds(struct eval_one *x, struct one_node *n, bool *holds);
static struct one_node *node_new(struct eval_one *x, const struct query_node *node);

/* --- making it ready --- */

static struct one_column *column_need(struct eval_one *x, uint16_t field)
{
    struct one_column *c = x->columns;
    while (c && c->field != field)
        c = c->next;
    if (c)
        return c;
    c = calloc(1, sizeof *c);
    if (!c) {
        eval_nomem(&x->ev);
        return NULL;
    }
    *c = (struct one_column){ .field = field, .next = x->columns };
    x->columns = c;
    c->n_blocks = customer_limit(x->ev.txn) / COLUMN_ROWS + 1;
    c->blocks = calloc(c->n_blocks, sizeof *c->blocks);
    if (!c->blocks)
        eval_nomem(&x->ev);
    return c->blocks ? c : NULL;
}

static bool num_new(struct eval_one *x, const struct query_num *num, struct one_num *out)
{
    out->num = num;
    switch (num->kind) {
    case QUERY_NUM_LITERAL:
        out->literal = (struct one_value){ num->literal.units, 1, num->literal.scale };
        return true;
    case QUERY_NUM_FIELD:
    case QUERY_NUM_AGE: return (out->column = column_need(x, (uint16_t)num->field.symbol.id)) != NULL;
    case QUERY_NUM_AGGREGATE: return (out->aggregate = one_aggregate_new(&x->logs, &num->aggregate)) != NULL;
    case QUERY_NUM_P_ALIVE: return (out->log = one_alive_log(&x->logs)) != NULL || eval_nomem(&x->ev);
    case QUERY_NUM_PERCENTILE:
    case QUERY_NUM_RFM: return true;
    }
    return true;
}

/* Whether the number is an integer at a scale known before: then one test of ranges does. */
static bool num_whole(const struct query_num *num, unsigned *scale)
{
    *scale = 0;
    switch (num->kind) {
    case QUERY_NUM_AGGREGATE: {
        const enum query_fn fn = num->aggregate.fn;
        bool valued =
            fn == QUERY_SUM || fn == QUERY_MIN || fn == QUERY_MAX || fn == QUERY_FIRST || fn == QUERY_LAST;
        *scale = valued ? eval_source_scale(&num->aggregate) : 0;
        return fn != QUERY_AVG && fn != QUERY_SHARE;
    }
    case QUERY_NUM_P_ALIVE: *scale = 9; return true;
    case QUERY_NUM_RFM: return true;
    default: return false;
    }
}

static bool numbers_new(struct eval_one *x, struct one_node *n)
{
    struct query_num *nums[3];
    unsigned scale;
    const size_t count = query_node_nums(n->node, nums);
    if (eval_test_is_literal(n->node) && num_whole(eval_test_subject(n->node), &scale)) {
        n->tested = true;
        n->n_nums = 1;
        n->test.scan = eval_test_number(n->node, scale);
        return num_new(x, eval_test_subject(n->node), &n->nums[0]);
    }
    for (; n->n_nums < count; n->n_nums++)
        if (!num_new(x, nums[n->n_nums], &n->nums[n->n_nums]))
            return false;
    return true;
}

static bool has_new(struct eval_one *x, struct one_node *n)
{
    const struct query_ref *field = &n->node->has.field;
    n->n_codes = n->node->has.n;
    n->codes = calloc(n->n_codes, sizeof *n->codes);
    if (!n->codes)
        return eval_nomem(&x->ev);
    for (size_t i = 0; i < n->n_codes; i++)
        n->codes[i] = dict_find(x->ev.txn, (uint16_t)field->symbol.id, n->node->has.strings[i]);
    return true;
}

static bool tenure_new(struct eval_one *x, struct one_node *n)
{
    struct query_when ago = { .kind = QUERY_WHEN_AGO, .n = n->node->tenure.n, .unit = n->node->tenure.unit };
    n->test.scan = (struct scan_test){ .kind = SCAN_RANGE,
                                       .low = SCAN_LOWEST,
                                       .high = eval_time_when(&x->ev.time, &ago) };
    n->column = column_need(x, FIELD_SIGNUP);
    n->second = column_need(x, FIELD_CREATED);
    return n->column && n->second;
}

static struct one_segment *segment_new(struct eval_one *x, const struct query_node *node)
{
    struct strv name = node->segment.name;
    for (struct one_segment *s = x->segments; s; s = s->next)
        if (s->root && strv_eq(s->name, name))
            return s;
    struct query *q = eval_segment_load(&x->ev, name, node->segment.name_at);
    if (!q)
        return NULL;
    struct one_segment *s = calloc(1, sizeof *s);
    if (!s) {
        query_free(q);
        eval_nomem(&x->ev);
        return NULL;
    }
    *s = (struct one_segment){ .name = name, .query = q, .next = x->segments };
    x->segments = s;
    const struct eval_frame frame = { name, x->ev.frame };
    const struct query *outer = x->ev.q;
    x->ev.frame = &frame;
    x->ev.q = q;
    s->root = node_new(x, q->root);
    x->ev.frame = frame.outer;
    x->ev.q = outer;
    return s->root ? s : NULL;
}

static bool stored_new(struct eval_one *x, struct one_node *n, const struct query_ref *ref)
{
    n->column = column_need(x, (uint16_t)ref->symbol.id);
    return n->column && eval_test_compile(&x->ev, n->node, &ref->symbol, &n->test);
}

static bool cond_new(struct eval_one *x, struct one_node *n)
{
    const struct query_node *node = n->node;
    const struct query_ref *ref = eval_test_ref(node);
    if (node->kind == QUERY_IS_SET && node->field.symbol.type == QUERY_TYPE_SET)
        return true;
    if (ref)
        return stored_new(x, n, ref);
    switch (node->kind) {
    case QUERY_COMPARE:
    case QUERY_BETWEEN:
    case QUERY_RANGE: return numbers_new(x, n);
    case QUERY_TEXT:
    case QUERY_TEXT_IN: return eval_coded_test(&x->ev, node, &n->test.scan);
    case QUERY_SURVEY:
        n->survey = one_survey_new(&x->logs, node);
        return n->survey && eval_coded_test(&x->ev, node, &n->test.scan);
    case QUERY_SET_HAS: return has_new(x, n);
    case QUERY_SEGMENT:
        n->segment = segment_new(x, node);
        return n->segment && (!node->segment.ever || eval_ever(&x->ev, node->segment.name, &n->ever));
    case QUERY_TENURE: return tenure_new(x, n);
    case QUERY_BUCKET: n->column = x->exists; return eval_bucket_test(&x->ev, node, &n->test.scan);
    default: return err_set(x->ev.err, ERR_INTERNAL, "condition is not evaluated by this version");
    }
}

static void node_free(struct one_node *n)
{
    if (!n)
        return;
    for (size_t i = 0; i < n->n_kids; i++)
        node_free(n->kids[i]);
    for (size_t i = 0; i < 3; i++) {
        one_aggregate_free(n->nums[i].aggregate);
        eval_numbers_free(&n->nums[i].everybody);
    }
    eval_test_free(&n->test);
    one_survey_free(n->survey);
    audience_set_free(n->ever);
    for (size_t i = 0; n->sets && i < n->n_codes; i++)
        audience_set_free(n->sets[i]);
    free(n->sets);
    free(n->codes);
    free(n->kids);
    free(n);
}

static bool tree_new(struct eval_one *x, struct one_node *n)
{
    const size_t count = n->node->operands.n;
    struct plan_step *steps = malloc(count * sizeof *steps);
    n->kids = calloc(count, sizeof *n->kids);
    bool ok = (steps && n->kids) || eval_nomem(&x->ev);
    if (ok)
        plan_order(n->node, steps);
    for (; ok && n->n_kids < count; n->n_kids += ok) {
        n->kids[n->n_kids] = node_new(x, n->node->operands.items[steps[n->n_kids].operand]);
        ok = n->kids[n->n_kids] != NULL;
    }
    free(steps);
    return ok;
}

static struct one_node *node_new(struct eval_one *x, const struct query_node *node)
{
    struct one_node *n = calloc(1, sizeof *n);
    if (!n) {
        eval_nomem(&x->ev);
        return NULL;
    }
    n->node = node;
    if (node->kind <= QUERY_NOT ? tree_new(x, n) : cond_new(x, n))
        return n;
    node_free(n);
    return NULL;
}

struct eval_one *eval_one_new(struct audience_view *v, const struct query *q, const struct eval_options *o,
                              struct query_error *qe, struct err *e)
{
    struct eval_one *x = calloc(1, sizeof *x);
    if (!x) {
        err_set(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    x->o = *o;
    x->o.among = NULL;
    x->logs.ev = &x->ev;
    if (eval_begin(&x->ev, v, &x->o, qe, e) && eval_accept(&x->ev, q) &&
        (x->exists = column_need(x, FIELD_MSISDN)) && (x->root = node_new(x, q->root)) &&
        catalog_ok(v->txn, e)) {
        x->ev.qe = NULL; /* the caller's; a query that is at fault was refused above */
        return x;
    }
    eval_one_free(x);
    return NULL;
}

void eval_one_free(struct eval_one *x)
{
    if (!x)
        return;
    node_free(x->root);
    for (struct one_segment *s = x->segments, *next; s; s = next) {
        next = s->next;
        node_free(s->root);
        query_free(s->query);
        free(s);
    }
    for (struct one_column *c = x->columns, *next; c; c = next) {
        next = c->next;
        free(c->blocks);
        free(c);
    }
    one_logs_free(&x->logs);
    customer_arena_free(&x->arena);
    eval_end(&x->ev);
    free(x);
}

/* --- values --- */

static int64_t column_value(struct eval_one *x, struct one_column *c)
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

static bool num_value(struct eval_one *x, struct one_num *n, struct one_value *out)
{
    switch (n->num->kind) {
    case QUERY_NUM_LITERAL: *out = n->literal; return true;
    case QUERY_NUM_FIELD:
        *out = (struct one_value){ column_value(x, n->column), 1, n->num->field.symbol.scale };
        return true;
    case QUERY_NUM_AGE:
        *out = (struct one_value){ eval_num_age(&x->ev, column_value(x, n->column)), 1, 0 };
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

static bool numbers_hold(struct eval_one *x, struct one_node *n, bool *holds)
{
    const struct query_node *node = n->node;
    struct one_value v[3] = { { 0 } };
    *holds = false;
    for (size_t i = 0; i < n->n_nums; i++) {
        if (!num_value(x, &n->nums[i], &v[i]))
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
static bool set_codes(struct eval_one *x, uint16_t field, const uint32_t **codes, size_t *n)
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
    if (!n->sets && !set_codes(x, (uint16_t)n->node->has.field.symbol.id, &codes, &n_codes))
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

static bool coded_value(struct eval_one *x, struct one_node *n, int64_t *code)
{
    if (n->survey)
        return one_survey_get(n->survey, x->customer, code);
    return eval_rfm_one(&x->ev, &n->node->text.value.rfm, x->customer, code);
}

static bool coded_holds(struct eval_one *x, struct one_node *n, bool *holds)
{
    int64_t code;
    if (!coded_value(x, n, &code))
        return false;
    *holds = scan_value(code, &n->test.scan);
    return true;
}

static bool segment_holds(struct eval_one *x, struct one_segment *s, bool *holds)
{
    if (!s->known || s->customer != x->customer) {
        if (!node_holds(x, s->root, &s->in))
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
            if (!set_codes(x, (uint16_t)node->field.symbol.id, &codes, &n_codes))
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
        int64_t since = column_value(x, n->column);
        if (since == PACKED_UNSET)
            since = column_value(x, n->second);
        *holds = scan_value(since, &n->test.scan);
        return true;
    }
    default: break;
    }
    *holds = scan_value(column_value(x, n->column), &n->test.scan) != n->test.negated;
    return true;
}

static bool node_holds(struct eval_one *x, struct one_node *n, bool *holds)
{
    if (n->node->kind > QUERY_NOT)
        return cond_holds(x, n, holds);
    const bool stop = n->node->kind == QUERY_OR; /* what ends it */
    for (size_t i = 0; i < n->n_kids; i++) {
        if (!node_holds(x, n->kids[i], holds))
            return false;
        if (n->node->kind == QUERY_NOT)
            *holds = !*holds;
        else if (*holds == stop)
            return true;
    }
    return true;
}

bool eval_one_test(struct eval_one *x, uint32_t customer, bool *in, struct err *e)
{
    *in = false;
    x->ev.err = e;
    x->customer = customer;
    x->logs.test++;
    x->record_known = false;
    bool ok = column_value(x, x->exists) == PACKED_UNSET || node_holds(x, x->root, in);
    return ok && catalog_ok(x->ev.txn, e);
}

bool eval_customer(struct audience_view *v, const struct query *q, uint32_t customer,
                   const struct eval_options *o, bool *in, struct query_error *qe, struct err *e)
{
    *in = false;
    struct eval_one *x = eval_one_new(v, q, o, qe, e);
    bool wanted = !o->among || audience_set_contains(o->among, customer);
    bool ok = x && (!wanted || eval_one_test(x, customer, in, e));
    eval_one_free(x);
    return ok;
}

/* --- for explaining --- */

struct one_node *eval_one_root(const struct eval_one *x)
{
    return x->root;
}

const struct query_node *one_node_query(const struct one_node *n)
{
    return n->node;
}

struct one_node *one_node_kid(const struct one_node *n, size_t i)
{
    return i < n->n_kids ? n->kids[i] : NULL;
}

struct one_node *one_node_segment(const struct one_node *n, const struct query **q)
{
    *q = n->segment ? n->segment->query : NULL;
    return n->segment ? n->segment->root : NULL;
}

bool one_node_holds(struct eval_one *x, struct one_node *n, bool *holds)
{
    return node_holds(x, n, holds);
}

bool one_node_number(struct eval_one *x, struct one_node *n, size_t i, bool *is, struct one_value *out)
{
    *is = i < n->n_nums;
    return !*is || num_value(x, &n->nums[i], out);
}

int64_t one_node_column(struct eval_one *x, const struct one_node *n, bool *is)
{
    *is = n->column != NULL;
    int64_t value = *is ? column_value(x, n->column) : PACKED_UNSET;
    return value == PACKED_UNSET && n->second ? column_value(x, n->second) : value;
}

int64_t one_age(const struct eval_one *x, int64_t birth)
{
    return eval_num_age(&x->ev, birth);
}

bool one_node_code(struct eval_one *x, struct one_node *n, bool *is, int64_t *code)
{
    const enum query_node_kind kind = n->node->kind;
    *is =
        kind == QUERY_SURVEY || ((kind == QUERY_TEXT || kind == QUERY_TEXT_IN) && n->node->text.value.is_rfm);
    return !*is || coded_value(x, n, code);
}

bool one_node_members(struct eval_one *x, uint16_t field, const uint32_t **codes, size_t *n)
{
    return set_codes(x, field, codes, n);
}
