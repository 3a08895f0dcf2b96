/* Why a segment has the members it has: the plan of a query as it runs, step by step, and for one customer
 * the tree with yes or no at each node and the values found. Evaluates inside one view; keeps nothing of it.
 */
#ifndef TESSERA_AUDIENCE_EXPLAIN_H
#define TESSERA_AUDIENCE_EXPLAIN_H

#include "audience/eval.h"
#include "base/buf.h"
#include "base/clock.h"

/* A step is a condition or an `and`, `or`, `not` around its steps, in the order in which they are taken (the
 * cheapest first). Each is evaluated for itself here, so that it has a time; where no one asks, the steps of
 * a tree are taken together for 65,536 customers at a time, which is faster. Under a condition on a segment
 * stand the steps of its query, where it is named first. */
struct explain_step {
    unsigned depth;
    struct strv text; /* of a condition as it is written; else "and", "or", "not" */
    bool condition;
    bool taken;         /* else nobody was left to look at */
    const char *how;    /* how a condition is answered: "bitmap", "column", "events", ... */
    uint64_t count;     /* true of so many customers, by itself */
    uint64_t unset;     /* of a condition: who has nothing to compare */
    uint64_t looked_at; /* candidates before the step: after `and`'s steps so far, not yet in by `or`'s */
    uint64_t left;      /* of them, of whom it is true */
    usec_t took;        /* for the candidates */
};

struct explain {
    struct explain_step *steps; /* parents first */
    size_t n, cap;
    uint64_t count, customers;
    struct query **queries; /* of segments referred to: texts point into them */
    size_t n_queries, cap_queries;
};

#define EXPLAIN_MOST_STEPS 10000

/* Texts point into q, too. False with *e, and *qe, as eval_query; explain_free in any case. */
bool explain_query(struct audience_view *v, const struct query *q, const struct eval_options *o,
                   const struct clock *clock, struct explain *out, struct query_error *qe, struct err *e);
void explain_free(struct explain *x);

/* One node for one customer, by the evaluator that is for one customer (eval_one_new). */
struct explain_reason {
    unsigned depth;
    struct strv text; /* as in a step */
    bool condition, holds;
    bool has_value;    /* of a condition: there is something to show */
    struct strv value; /* what was found, as text; "" = unset */
};
typedef bool explain_reason_fn(void *ctx, const struct explain_reason *r); /* lives during the call */

/* Every node in the order of the text, parents first; segments referred to with their own nodes under them.
 * *in: whether the customer is a member. False with *e and *qe as eval_query, or when fn returned false. */
bool explain_why(struct audience_view *v, const struct query *q, uint32_t customer,
                 const struct eval_options *o, bool *in, explain_reason_fn *fn, void *ctx,
                 struct query_error *qe, struct err *e);

#endif
