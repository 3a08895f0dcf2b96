#include "audience/eval.h"

#include "audience/eval_internal.h"
#include "audience/plan.h"
#include "audience/segment.h"
#include "audience/watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_FRAMES 64 /* segments referring to segments; bounds the stack */

bool eval_nomem(struct eval *ev)
{
    return err_set(ev->err, ERR_NOMEM, "out of memory");
}

bool eval_torn(struct eval *ev)
{
    if (catalog_ok(ev->txn, ev->err))
        err_set(ev->err, ERR_CORRUPT, "audience store: block that cannot be read");
    return false;
}

bool eval_supported(const struct query *q, struct query_error *qe)
{
    return plan_supported(q, qe);
}

/* --- trees --- */

/* Each operand looks only at those the ones before it left. */
static struct audience_set *tree_and(struct eval *ev, const struct query_node *node,
                                     const struct plan_step *steps, const struct audience_set *candidates)
{
    struct audience_set *left = NULL;
    for (size_t i = 0; i < node->operands.n; i++) {
        if (left && audience_set_empty(left))
            break;
        struct audience_set *next =
            eval_node(ev, node->operands.items[steps[i].operand], left ? left : candidates);
        audience_set_free(left);
        if (!next)
            return NULL;
        left = next;
    }
    return left;
}

/* Each operand looks only at those that are not in yet. */
static struct audience_set *tree_or(struct eval *ev, const struct query_node *node,
                                    const struct plan_step *steps, const struct audience_set *candidates)
{
    struct audience_set *out = audience_set_new(), *left = audience_set_copy(candidates);
    bool ok = (out && left) || eval_nomem(ev);
    for (size_t i = 0; ok && i < node->operands.n && !audience_set_empty(left); i++) {
        struct audience_set *in = eval_node(ev, node->operands.items[steps[i].operand], left);
        ok = in && ((audience_set_or(out, in) && audience_set_andnot(left, in)) || eval_nomem(ev));
        audience_set_free(in);
    }
    audience_set_free(left);
    if (ok)
        return out;
    audience_set_free(out);
    return NULL;
}

static struct audience_set *tree_not(struct eval *ev, const struct query_node *node,
                                     const struct audience_set *candidates)
{
    struct audience_set *in = eval_node(ev, node->operands.items[0], candidates);
    struct audience_set *out = in ? audience_set_copy(candidates) : NULL;
    if (in && (!out || !audience_set_andnot(out, in))) {
        eval_nomem(ev);
        audience_set_free(out);
        out = NULL;
    }
    audience_set_free(in);
    return out;
}

struct audience_set *eval_node(struct eval *ev, const struct query_node *node,
                               const struct audience_set *candidates)
{
    if (node->kind == QUERY_NOT)
        return tree_not(ev, node, candidates);
    if (node->kind != QUERY_AND && node->kind != QUERY_OR)
        return eval_cond(ev, node, candidates);
    struct plan_step *steps = malloc(node->operands.n * sizeof *steps);
    if (!steps) {
        eval_nomem(ev);
        return NULL;
    }
    plan_order(node, steps);
    struct audience_set *out = (node->kind == QUERY_AND ? tree_and : tree_or)(ev, node, steps, candidates);
    free(steps);
    return out;
}

/* Few candidates are looked up one by one, many in pieces. */
#define FEW 64

static struct audience_set *eval_tree(struct eval *ev, const struct query_node *root)
{
    bool few = audience_set_count(ev->universe) <= FEW;
    return few ? eval_node(ev, root, ev->universe) : eval_pieces(ev, root);
}

/* --- segments --- */

static bool query_fault(struct eval *ev, enum query_error_code code, uint32_t at, const char *tail,
                        struct strv name)
{
    struct query_error e;
    query_error_set(&e, code, ev->q->text, at, tail, "segment \"" STRV_FMT "\"",
                    STRV_ARG(strv_sub(name, 0, 64)));
    query_error_to_err(&e, ev->err);
    if (ev->qe)
        *ev->qe = e;
    return false;
}

static bool segment_no_cycle(struct eval *ev, struct strv name, uint32_t at)
{
    unsigned depth = 0;
    for (const struct eval_frame *f = ev->frame; f; f = f->outer, depth++)
        if (strv_eq(f->name, name))
            return query_fault(ev, QUERY_E_CYCLE, at, " refers to itself", name);
    if (depth >= MOST_FRAMES)
        return query_fault(ev, QUERY_E_TOO_DEEP, at, " is referred to through more than 64 others", name);
    return true;
}

/* Parsed, checked and supported; on failure the error is told as one of the reference. */
static struct query *segment_load(struct eval *ev, struct strv name, uint32_t at)
{
    char *text = segment_query_text(ev->view, name);
    if (!text) {
        query_fault(ev, QUERY_E_UNKNOWN_SEGMENT, at, " does not exist or is inactive", name);
        return NULL;
    }
    struct query_error e;
    struct query *q = segment_parse(ev->view, strv_from(text), ev->o->limits, &e);
    free(text);
    if (q && plan_supported(q, &e))
        return q;
    query_free(q);
    char tail[200];
    snprintf(tail, sizeof tail, " cannot be evaluated: %.170s", e.text);
    query_fault(ev, e.code, at, tail, name);
    return NULL;
}

static bool known_add(struct eval *ev, struct strv name, struct query *q, struct audience_set *set)
{
    struct eval_known *k = calloc(1, sizeof *k);
    char *copy = query_alloc(q, name.n ? name.n : 1);
    if (!k || !copy) {
        free(k);
        return eval_nomem(ev);
    }
    memcpy(copy, name.p, name.n);
    *k = (struct eval_known){ { copy, name.n }, set, q, ev->known };
    ev->known = k;
    return true;
}

struct query *eval_segment_load(struct eval *ev, struct strv name, uint32_t at)
{
    return segment_no_cycle(ev, name, at) ? segment_load(ev, name, at) : NULL;
}

static const struct audience_set *known_find(const struct eval *ev, struct strv name)
{
    for (const struct eval_known *k = ev->known; k; k = k->next)
        if (strv_eq(k->name, name))
            return k->set;
    return NULL;
}

/* The segment within the universe: once an evaluation, however often it is referred to. */
static const struct audience_set *segment_set(struct eval *ev, struct strv name, uint32_t at)
{
    const struct audience_set *known = known_find(ev, name);
    if (known)
        return known;
    struct query *q = eval_segment_load(ev, name, at);
    if (!q)
        return NULL;
    const struct eval_frame frame = { name, ev->frame };
    const struct query *outer = ev->q;
    ev->frame = &frame;
    ev->q = q;
    struct audience_set *set = eval_tree(ev, q->root);
    ev->frame = frame.outer;
    ev->q = outer;
    if (set && known_add(ev, name, q, set))
        return set;
    audience_set_free(set);
    query_free(q);
    return NULL;
}

bool eval_ever(struct eval *ev, struct strv name, struct audience_set **set)
{
    struct err e = { 0 };
    *set = watch_ever(ev->txn, name, &e);
    if (*set || e.code == ERR_NOT_FOUND) /* not watched yet: those who are members now */
        return true;
    *ev->err = e;
    return false;
}

struct audience_set *eval_in_segment(struct eval *ev, const struct query_node *node,
                                     const struct audience_set *candidates)
{
    const struct audience_set *members = segment_set(ev, node->segment.name, node->segment.name_at);
    struct audience_set *out = members ? audience_set_copy(members) : NULL, *ever = NULL;
    if (out && node->segment.ever && !eval_ever(ev, node->segment.name, &ever)) {
        audience_set_free(out);
        return NULL;
    }
    bool ok = out && (!ever || audience_set_or(out, ever));
    audience_set_free(ever);
    if (members && (!ok || !audience_set_and(out, candidates))) {
        eval_nomem(ev);
        audience_set_free(out);
        out = NULL;
    }
    return out;
}

/* --- beginning and end --- */

void eval_end(struct eval *ev)
{
    for (struct eval_known *k = ev->known, *next; k; k = next) {
        next = k->next;
        audience_set_free(k->set);
        query_free(k->query);
        free(k);
    }
    audience_set_free(ev->existing);
    audience_set_free(ev->universe);
    eval_zones_free(ev->zones);
    eval_rfm_free(ev->rfm);
}

bool eval_begin(struct eval *ev, struct audience_view *v, const struct eval_options *o,
                struct query_error *qe, struct err *e)
{
    *ev = (struct eval){ .view = v, .txn = v->txn, .o = o, .qe = qe, .err = e };
    if (qe)
        memset(qe, 0, sizeof *qe);
    ev->time = eval_time_at(o->now, o->zone);
    ev->existing = audience_existing(v, e);
    if (!ev->existing)
        return false;
    ev->universe = audience_set_copy(o->among ? o->among : ev->existing);
    if (!ev->universe || (o->among && !audience_set_and(ev->universe, ev->existing)))
        return eval_nomem(ev);
    return true;
}

/* Refuses before anything is evaluated, so that the answer does not depend on the data. */
bool eval_accept(struct eval *ev, const struct query *q)
{
    struct query_error e;
    ev->q = q;
    if (!q->checked)
        return err_set(ev->err, ERR_INTERNAL, "query was not checked");
    if (plan_supported(q, &e))
        return true;
    query_error_to_err(&e, ev->err);
    if (ev->qe)
        *ev->qe = e;
    return false;
}

/* A read that met torn data left its mark in the transaction; whatever came out is not an answer. */
static struct audience_set *eval_finish(struct eval *ev, struct audience_set *out)
{
    if (out && !catalog_ok(ev->txn, ev->err)) {
        audience_set_free(out);
        out = NULL;
    }
    eval_end(ev);
    return out;
}

bool eval_queries(struct audience_view *v, const struct query *const *queries, size_t n,
                  const struct eval_options *o, struct audience_set **sets, size_t *at,
                  struct query_error *qe, struct err *e)
{
    struct eval ev;
    bool ok = eval_begin(&ev, v, o, qe, e);
    size_t done = 0;
    *at = 0;
    memset(sets, 0, n * sizeof *sets);
    for (; ok && done < n; done += ok) {
        *at = done;
        sets[done] = eval_accept(&ev, queries[done]) ? eval_tree(&ev, queries[done]->root) : NULL;
        ok = sets[done] != NULL;
    }
    ok = ok && catalog_ok(ev.txn, e);
    while (!ok && done > 0) {
        audience_set_free(sets[--done]);
        sets[done] = NULL;
    }
    eval_end(&ev);
    return ok;
}

struct audience_set *eval_query(struct audience_view *v, const struct query *q, const struct eval_options *o,
                                struct query_error *qe, struct err *e)
{
    struct audience_set *out;
    size_t at;
    return eval_queries(v, &q, 1, o, &out, &at, qe, e) ? out : NULL;
}

struct audience_set *eval_segment(struct audience_view *v, struct strv name, const struct eval_options *o,
                                  struct query_error *qe, struct err *e)
{
    struct eval ev;
    struct audience_set *out = NULL;
    const struct query nowhere = { .text = { 0 } }; /* the reference is not part of a text */
    if (eval_begin(&ev, v, o, qe, e)) {
        ev.q = &nowhere;
        const struct audience_set *set = segment_set(&ev, name, 0);
        out = set ? audience_set_copy(set) : NULL;
        if (set && !out)
            eval_nomem(&ev);
    }
    return eval_finish(&ev, out);
}

/* --- breakdown --- */

struct breakdown {
    struct eval *ev;
    struct eval_clause *clauses;
};

static bool breakdown_clause(void *ctx, const struct query_node *node)
{
    struct breakdown *b = ctx;
    if (node->kind == QUERY_AND || node->kind == QUERY_OR || node->kind == QUERY_NOT)
        return true;
    struct eval_clause *c = &b->clauses[node->clause];
    struct audience_set *in = eval_cond(b->ev, node, b->ev->universe);
    struct audience_set *set = in ? eval_cond_set(b->ev, node, b->ev->universe) : NULL;
    c->node = node;
    if (set) {
        c->count = audience_set_count(in);
        c->unset = audience_set_count(b->ev->universe) - audience_set_count(set);
    }
    audience_set_free(in);
    audience_set_free(set);
    return set != NULL;
}

bool eval_breakdown(struct audience_view *v, const struct query *q, const struct eval_options *o,
                    struct eval_clause *clauses, struct query_error *qe, struct err *e)
{
    struct eval ev;
    struct breakdown b = { &ev, clauses };
    memset(clauses, 0, q->clauses * sizeof *clauses);
    bool ok = eval_begin(&ev, v, o, qe, e) && eval_accept(&ev, q) &&
              query_walk(q->root, false, breakdown_clause, &b) && catalog_ok(ev.txn, e);
    eval_end(&ev);
    return ok;
}
