/* Making a query ready: names, codes, windows and tests are worked out once. */
#include "audience/eval_one_node.h"

#include "audience/plan.h"
#include "store/columns.h"
#include "store/dict.h"

#include <stdlib.h>

/* --- making it ready --- */

struct one_column *one_column_need(struct eval_one *x, uint16_t field)
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
    case QUERY_NUM_AGE: return (out->column = one_column_need(x, (uint16_t)num->field.symbol.id)) != NULL;
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
    n->percentile = eval_test_is_literal(n->node) && eval_test_subject(n->node)->kind == QUERY_NUM_PERCENTILE;
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
    n->column = one_column_need(x, FIELD_SIGNUP);
    n->second = one_column_need(x, FIELD_CREATED);
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
    s->root = one_node_new(x, q->root);
    x->ev.frame = frame.outer;
    x->ev.q = outer;
    return s->root ? s : NULL;
}

static bool stored_new(struct eval_one *x, struct one_node *n, const struct query_ref *ref)
{
    n->column = one_column_need(x, (uint16_t)ref->symbol.id);
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

void one_node_free(struct one_node *n)
{
    if (!n)
        return;
    for (size_t i = 0; i < n->n_kids; i++)
        one_node_free(n->kids[i]);
    for (size_t i = 0; i < 3; i++) {
        one_aggregate_free(n->nums[i].aggregate);
        eval_numbers_free(&n->nums[i].everybody);
    }
    eval_test_free(&n->test);
    one_survey_free(n->survey);
    audience_set_free(n->ever);
    eval_numbers_free(&n->everybody);
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
        n->kids[n->n_kids] = one_node_new(x, n->node->operands.items[steps[n->n_kids].operand]);
        ok = n->kids[n->n_kids] != NULL;
    }
    free(steps);
    return ok;
}

struct one_node *one_node_new(struct eval_one *x, const struct query_node *node)
{
    struct one_node *n = calloc(1, sizeof *n);
    if (!n) {
        eval_nomem(&x->ev);
        return NULL;
    }
    n->node = node;
    if (node->kind <= QUERY_NOT ? tree_new(x, n) : cond_new(x, n))
        return n;
    one_node_free(n);
    return NULL;
}
