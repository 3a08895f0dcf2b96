/* Evaluates a checked query over the index, as of one instant: exactly the customers for whom it is true. The
 * same code answers for everybody and for a given set; for one customer after the other there is a second
 * one, made for that (eval_one_new). That they agree is what tests/unit/audience/test_eval_oracle.c is for.
 *
 * Runs on any thread, inside one view; keeps nothing. A query is planned cheapest first (plan.h); what is
 * left after each step is all that the next one looks at.
 *
 * Meaning, where the language's description leaves room:
 * - Happenings after `now` are never seen, whatever the window.
 * - A day is a calendar day of the instance's zone. `last 3 months` begins the day after today's date three
 *   months ago; `last 5 hours` is (now - 5 h, now]; a week begins on Monday; `next 7 days` includes today.
 * - days_since counts midnights between the last happening and now; age counts birthdays.
 * - weekday is 1 (Monday) to 7. The customer's own zone is the field "zone", else the first zone of the
 *   customer's clock, else the instance's.
 * - An anniversary is at least one year after its date.
 * - min_per looks only at units that lie in the window as a whole; without one it is unset.
 * - A set is never unset, it may be empty: `has none` is true of the empty set.
 * - first and last take the first and last happening in which the attribute is set.
 * - `customer for at least` counts from "signup", else from "created".
 * - bucket is hash_stable(salt, 0, number as 8 octets big-endian) modulo 100. */
#ifndef TESSERA_AUDIENCE_EVAL_H
#define TESSERA_AUDIENCE_EVAL_H

#include "audience/audience.h"
#include "audience/bgnbd.h"
#include "audience/rfm.h"
#include "domain/zone.h"
#include "query/error.h"
#include "query/parse.h"
#include "query/tree.h"

struct eval_options {
    usec_t now;
    const struct zone *zone; /* the instance's; NULL = UTC */
    /* For the customers' own zones, owned by the calling thread; NULL: all live in the instance's. */
    struct zones *zones;
    const struct query_limits *limits; /* for segments referred to; NULL = defaults */
    const struct audience_set *among;  /* only these (and existing) customers; NULL = all */
    const struct rfm_classes *rfm;     /* NULL = the built-in ones */
    const struct bgnbd *alive;         /* NULL = the stored fit, or one made for this evaluation */
    unsigned threads; /* 2: a second one helps with many customers; else the caller's alone */
    uint32_t alone;   /* so many are none of its business; 0 = two million */
};

/* Whether this version evaluates all of the query; else *qe is QUERY_E_UNSUPPORTED and names what it cannot.
 * Segments referred to are not looked into. For saving segments. */
bool eval_supported(const struct query *q, struct query_error *qe);

/* The members; the caller frees. NULL with *e, and *qe (may be NULL) when the query is at fault: unsupported,
 * a segment that does not exist or is inactive, a cycle of segments. */
struct audience_set *eval_query(struct audience_view *v, const struct query *q, const struct eval_options *o,
                                struct query_error *qe, struct err *e);

/* Several queries by one evaluation: what they share (scores, segments referred to) is worked out once.
 * sets[0..n), each the caller's; all NULL when it fails, *at then says of which query. */
bool eval_queries(struct audience_view *v, const struct query *const *queries, size_t n,
                  const struct eval_options *o, struct audience_set **sets, size_t *at,
                  struct query_error *qe, struct err *e);

/* A stored active segment by name. */
struct audience_set *eval_segment(struct audience_view *v, struct strv name, const struct eval_options *o,
                                  struct query_error *qe, struct err *e);

/* A query made ready for one customer after the other, within the view: what does not depend on the customer
 * is done once. `o->among` is not looked at; everything given lives as long. NULL as eval_query. */
struct eval_one;
struct eval_one *eval_one_new(struct audience_view *v, const struct query *q, const struct eval_options *o,
                              struct query_error *qe, struct err *e);
bool eval_one_test(struct eval_one *x, uint32_t customer, bool *in, struct err *e);
void eval_one_free(struct eval_one *x); /* NULL is fine */

/* Whether one customer is a member: the three above. False with *e; *in is the answer. */
bool eval_customer(struct audience_view *v, const struct query *q, uint32_t customer,
                   const struct eval_options *o, bool *in, struct query_error *qe, struct err *e);

/* How many customers each condition is true of by itself, and how many have nothing to compare (the field or
 * number on its left is unset). */
struct eval_clause {
    const struct query_node *node; /* text: query_node_text */
    uint64_t count, unset;
};
/* Fills clauses[0 .. q->clauses-1], in the order of the text. */
bool eval_breakdown(struct audience_view *v, const struct query *q, const struct eval_options *o,
                    struct eval_clause *clauses, struct query_error *qe, struct err *e);

#endif
