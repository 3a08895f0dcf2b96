/* The plan of a query as it runs. */
#include "audience/explain.h"

#include "audience/eval_internal.h"
#include "audience/plan.h"

#include <stdlib.h>

struct explaining {
    struct eval ev;
    const struct clock *clock;
    struct explain *out;
};

/* What a node is true of: among its candidates, and by itself. */
struct explained {
    struct audience_set *in, *alone;
};

static bool explain_node(struct explaining *x, const struct query_node *node,
                         const struct audience_set *candidates, unsigned depth, struct explained *out);

/* --- how a condition is answered --- */

static const char *number_how(const struct query_num *num)
{
    switch (num->kind) {
    case QUERY_NUM_LITERAL:
    case QUERY_NUM_FIELD:
    case QUERY_NUM_AGE: return "column";
    case QUERY_NUM_AGGREGATE: return "events";
    case QUERY_NUM_PERCENTILE: return "percentiles of everybody";
    case QUERY_NUM_RFM: return "scores of everybody";
    case QUERY_NUM_P_ALIVE: return "model of p_alive";
    }
    return "column";
}

static const char *numbers_how(const struct query_node *node)
{
    struct query_num *nums[3];
    const struct query_num *dearest = NULL;
    for (size_t i = 0, n = query_node_nums(node, nums); i < n; i++)
        if (!dearest || nums[i]->kind > dearest->kind)
            dearest = nums[i];
    return dearest ? number_how(dearest) : "column";
}

static const char *step_how(const struct query_node *node)
{
    switch (node->kind) {
    case QUERY_COMPARE:
    case QUERY_BETWEEN:
    case QUERY_RANGE: return numbers_how(node);
    case QUERY_TEXT:
    case QUERY_TEXT_IN:
        if (node->text.value.is_rfm)
            return "scores of everybody";
        return node->text.op <= QUERY_TEXT_NE ? "column" : "dictionary, column";
    case QUERY_SET_HAS: return "bitmap";
    case QUERY_IS_SET: return node->field.symbol.type == QUERY_TYPE_SET ? "bitmaps of all members" : "column";
    case QUERY_SEGMENT: return "segment";
    case QUERY_SURVEY: return "events";
    case QUERY_TENURE: return "two columns";
    case QUERY_BUCKET: return "hash of the number";
    default: return "column";
    }
}

/* --- the list --- */

static bool step_add(struct explaining *x, const struct explain_step *step, size_t *at)
{
    struct explain *out = x->out;
    if (out->n == EXPLAIN_MOST_STEPS)
        return err_set(x->ev.err, ERR_LIMIT, "the plan has more than %d steps", EXPLAIN_MOST_STEPS);
    if (out->n == out->cap) {
        size_t cap = out->cap ? out->cap * 2 : 32;
        struct explain_step *more = realloc(out->steps, cap * sizeof *more);
        if (!more)
            return eval_nomem(&x->ev);
        out->steps = more;
        out->cap = cap;
    }
    *at = out->n;
    out->steps[out->n++] = *step;
    return true;
}

static bool query_keep(struct explaining *x, struct query *q)
{
    struct explain *out = x->out;
    if (out->n_queries == out->cap_queries) {
        size_t cap = out->cap_queries ? out->cap_queries * 2 : 8;
        struct query **more = realloc(out->queries, cap * sizeof(*more));
        if (!more) {
            query_free(q);
            return eval_nomem(&x->ev);
        }
        out->queries = more;
        out->cap_queries = cap;
    }
    out->queries[out->n_queries++] = q;
    return true;
}

void explain_free(struct explain *x)
{
    for (size_t i = 0; i < x->n_queries; i++)
        query_free(x->queries[i]);
    free(x->queries);
    free(x->steps);
    *x = (struct explain){ 0 };
}

/* --- steps --- */

static void explained_free(struct explained *x)
{
    audience_set_free(x->in);
    audience_set_free(x->alone);
    *x = (struct explained){ NULL, NULL };
}

/* Whether an earlier step named the segment: its steps stand there. */
static bool segment_shown(const struct explaining *x, struct strv text, size_t before)
{
    for (size_t i = 0; i < before; i++)
        if (x->out->steps[i].condition && strv_eq(x->out->steps[i].text, text))
            return true;
    return false;
}

static bool explain_segment(struct explaining *x, const struct query_node *node, unsigned depth)
{
    struct eval *ev = &x->ev;
    struct explained of = { NULL, NULL };
    struct query *q = eval_segment_load(ev, node->segment.name, node->segment.name_at);
    if (!q || !query_keep(x, q))
        return false;
    const struct eval_frame frame = { node->segment.name, ev->frame };
    const struct query *outer = ev->q;
    ev->frame = &frame;
    ev->q = q;
    bool ok = explain_node(x, q->root, ev->universe, depth + 1, &of);
    ev->frame = frame.outer;
    ev->q = outer;
    explained_free(&of);
    return ok;
}

static bool explain_condition(struct explaining *x, const struct query_node *node,
                              const struct audience_set *candidates, unsigned depth, size_t at,
                              struct explained *out)
{
    struct eval *ev = &x->ev;
    const usec_t began = clock_mono(x->clock);
    out->in = eval_cond(ev, node, candidates);
    const usec_t took = clock_mono(x->clock) - began;
    struct audience_set *set = out->in ? eval_cond_set(ev, node, ev->universe) : NULL;
    out->alone = set ? eval_cond(ev, node, ev->universe) : NULL;
    if (out->alone) {
        struct explain_step *s = &x->out->steps[at];
        s->took = took;
        s->unset = audience_set_count(ev->universe) - audience_set_count(set);
    }
    audience_set_free(set);
    if (!out->alone || node->kind != QUERY_SEGMENT || segment_shown(x, x->out->steps[at].text, at))
        return out->alone != NULL;
    return explain_segment(x, node, depth);
}

/* One operand into what there is so far; `left` are those the next one looks at. */
static bool explain_join(struct eval *ev, enum query_node_kind kind, bool first, const struct explained *one,
                         struct explained *out, struct audience_set *left)
{
    if (kind == QUERY_AND)
        return (audience_set_and(left, one->in) &&
                (first ? audience_set_or : audience_set_and)(out->alone, one->alone)) ||
               eval_nomem(ev);
    return (audience_set_andnot(left, one->in) && audience_set_or(out->in, one->in) &&
            audience_set_or(out->alone, one->alone)) ||
           eval_nomem(ev);
}

static bool explain_operands(struct explaining *x, const struct query_node *node,
                             const struct plan_step *steps, const struct audience_set *candidates,
                             unsigned depth, struct explained *out)
{
    struct eval *ev = &x->ev;
    struct audience_set *left = audience_set_copy(candidates);
    out->in = audience_set_new();
    out->alone = audience_set_new();
    bool ok = (left && out->in && out->alone) || eval_nomem(ev);
    for (size_t i = 0; ok && i < node->operands.n; i++) {
        struct explained one = { NULL, NULL };
        ok = explain_node(x, node->operands.items[steps[i].operand], left, depth + 1, &one) &&
             explain_join(ev, node->kind, i == 0, &one, out, left);
        explained_free(&one);
    }
    if (ok && node->kind == QUERY_AND)
        ok = audience_set_or(out->in, left) || eval_nomem(ev);
    audience_set_free(left);
    return ok;
}

static bool explain_not(struct explaining *x, const struct query_node *node,
                        const struct audience_set *candidates, unsigned depth, struct explained *out)
{
    struct explained one = { NULL, NULL };
    out->in = audience_set_copy(candidates);
    out->alone = audience_set_copy(x->ev.universe);
    bool ok = (out->in && out->alone) || eval_nomem(&x->ev);
    ok = ok && explain_node(x, node->operands.items[0], candidates, depth + 1, &one);
    ok = ok && ((audience_set_andnot(out->in, one.in) && audience_set_andnot(out->alone, one.alone)) ||
                eval_nomem(&x->ev));
    explained_free(&one);
    return ok;
}

static bool explain_group(struct explaining *x, const struct query_node *node,
                          const struct audience_set *candidates, unsigned depth, size_t at,
                          struct explained *out)
{
    struct plan_step *steps = malloc(node->operands.n * sizeof *steps);
    if (!steps)
        return eval_nomem(&x->ev);
    plan_order(node, steps);
    bool ok = node->kind == QUERY_NOT ? explain_not(x, node, candidates, depth, out)
                                      : explain_operands(x, node, steps, candidates, depth, out);
    free(steps);
    unsigned below = depth + 1; /* what its steps took */
    for (size_t i = at + 1; ok && i < x->out->n; i++)
        if (x->out->steps[i].depth == below)
            x->out->steps[at].took += x->out->steps[i].took;
    return ok;
}

static bool explain_node(struct explaining *x, const struct query_node *node,
                         const struct audience_set *candidates, unsigned depth, struct explained *out)
{
    static const struct strv NAMES[] = {
        [QUERY_OR] = { "or", 2 }, [QUERY_AND] = { "and", 3 }, [QUERY_NOT] = { "not", 3 }
    };
    const bool condition = node->kind > QUERY_NOT;
    struct explain_step step = { .depth = depth, .condition = condition };
    size_t at = 0;
    step.text = condition ? query_node_text(x->ev.q, node) : NAMES[node->kind];
    step.how = condition ? step_how(node) : "";
    step.looked_at = audience_set_count(candidates);
    step.taken = step.looked_at > 0;
    if (!step_add(x, &step, &at) ||
        !(condition ? explain_condition : explain_group)(x, node, candidates, depth, at, out))
        return false;
    x->out->steps[at].count = audience_set_count(out->alone);
    x->out->steps[at].left = audience_set_count(out->in);
    return true;
}

bool explain_query(struct audience_view *v, const struct query *q, const struct eval_options *o,
                   const struct clock *clock, struct explain *out, struct query_error *qe, struct err *e)
{
    struct explaining x = { .clock = clock, .out = out };
    struct explained all = { NULL, NULL };
    *out = (struct explain){ 0 };
    bool ok = eval_begin(&x.ev, v, o, qe, e) && eval_accept(&x.ev, q) &&
              explain_node(&x, q->root, x.ev.universe, 0, &all) && catalog_ok(v->txn, e);
    if (ok) {
        out->count = audience_set_count(all.in);
        out->customers = audience_set_count(x.ev.universe);
    }
    explained_free(&all);
    eval_end(&x.ev);
    return ok;
}
