/* What the files of the evaluator share. Internal to eval*.c.
 *
 * One evaluation asks for the customers of a *range* (64-aligned, from the first to past the last candidate),
 * so that the same code is a scan of everybody or a look at one. Functions that return false or NULL have set
 * ev->err (and ev->qe when the query is at fault). */
#ifndef TESSERA_AUDIENCE_EVAL_INTERNAL_H
#define TESSERA_AUDIENCE_EVAL_INTERNAL_H

#include "audience/alive.h"
#include "audience/eval.h"
#include "audience/eval_scan.h"
#include "audience/eval_time.h"
#include "base/buf.h"

struct eval_known { /* a segment evaluated before */
    struct strv name;
    struct audience_set *set;
    struct query *query; /* the names above point into it */
    struct eval_known *next;
};

struct eval_zones; /* eval_zones.c: who lives in which zone */

struct eval {
    struct audience_view *view;
    struct catalog_txn *txn;
    const struct eval_options *o;
    struct eval_time time;
    struct audience_set *existing; /* everybody */
    struct audience_set *universe; /* everybody asked for */
    const struct query *q;         /* the one being evaluated, for the places of errors */
    struct eval_known *known;
    struct eval_zones *zones;
    struct eval_rfm *rfm;           /* scores asked for so far */
    struct bgnbd alive;             /* r is 0: not asked for */
    const struct eval_frame *frame; /* segments on the way here */
    struct query_error *qe;
    struct err *err;
};

struct eval_frame {
    struct strv name;
    const struct eval_frame *outer;
};

/* Beginning and end of every evaluation; eval_end whatever eval_begin returned. */
bool eval_begin(struct eval *ev, struct audience_view *v, const struct eval_options *o,
                struct query_error *qe, struct err *e);
void eval_end(struct eval *ev);
/* Refuses before anything is evaluated, so that the answer does not depend on the data. */
bool eval_accept(struct eval *ev, const struct query *q);
/* Parsed, checked and supported, and none of the frames: the caller frees it. */
struct query *eval_segment_load(struct eval *ev, struct strv name, uint32_t at);

struct eval_range { /* customers first .. first + n - 1; first is a multiple of 64 */
    uint32_t first;
    size_t n;
};
struct eval_range eval_range_of(const struct audience_set *candidates);

bool eval_nomem(struct eval *ev);
bool eval_torn(struct eval *ev); /* the transaction's own error */

/* --- eval_test.c: conditions on one stored value --- */

/* Compiles a condition on a field or attribute compared with literals; space is the id of column and
 * dictionary. Free with eval_test_free. False: error. `*is` false: not such a condition. */
struct eval_test {
    struct scan_test scan;
    bool negated; /* `is not set`: what does not pass, unset included */
};
bool eval_test_compile(struct eval *ev, const struct query_node *node, const struct query_symbol *symbol,
                       struct eval_test *out);
void eval_test_free(struct eval_test *t);
/* The name a condition tests alone, against literals; NULL when it is of another kind (two names, functions).
 */
const struct query_ref *eval_test_ref(const struct query_node *node);
/* Integers v (at `scale`) for which `v op literal`, as a range test. */
struct scan_test eval_test_number(const struct query_node *node, unsigned scale);
bool eval_test_is_literal(
    const struct query_node *node); /* BETWEEN, COMPARE, RANGE: all but one are literals */
/* The number that is not a literal (the left one when both are). */
const struct query_num *eval_test_subject(const struct query_node *node);

/* --- eval_text.c: texts, compared folded --- */

struct query_pattern;
struct eval_text { /* one text against one condition; for texts that are in no dictionary */
    enum query_tcmp op;
    uint32_t at; /* of the condition, for errors */
    struct buf wanted, folded;
    struct query_pattern *pattern;
};
/* Free with eval_text_free whatever it returned. */
bool eval_text_init(struct eval *ev, enum query_tcmp op, struct strv wanted, uint32_t at,
                    struct eval_text *t);
bool eval_text_holds(struct eval *ev, struct eval_text *t, struct strv text, bool *holds);
void eval_text_free(struct eval_text *t);
/* The codes of a dictionary that hold; t is zeroed before, its codes are the caller's. */
bool eval_text_test(struct eval *ev, uint16_t space, enum query_tcmp op, struct strv wanted, uint32_t at,
                    struct scan_test *t);
bool eval_text_among(struct eval *ev, uint16_t space, const struct strv *wanted, size_t n, bool outside,
                     struct scan_test *t);

/* --- eval_rows.c: `where` over a block of events --- */

struct eval_rows; /* a compiled `where` */
struct eval_rows *eval_rows_compile(struct eval *ev, const struct query_aggregate *a);
void eval_rows_free(struct eval_rows *r);
struct events_block;
/* ANDs into words the rows of the block (of the source's event number `event`) that satisfy it; `known` is a
 * part of it that they are known to satisfy, or NULL. */
bool eval_rows_apply(struct eval *ev, const struct eval_rows *r, const struct events_block *b, size_t event,
                     const struct eval_rows *known, uint64_t *words);
/* A part of `where` that every row it is true of satisfies: the attribute has one of these codes. */
#define EVAL_KEYS      4
#define EVAL_KEY_CODES 64
struct eval_key {
    const struct eval_rows *part;
    uint16_t attribute;
    bool alone; /* it is all of `where` */
    size_t n;   /* of codes that have lists (events_lists.h), ascending */
    uint8_t codes[EVAL_KEY_CODES];
};
/* Those there are, at most EVAL_KEYS. *none: no row can satisfy it. */
size_t eval_rows_keys(const struct eval_rows *r, size_t event, struct eval_key *keys, bool *none);

/* Whether one row does. */
bool eval_rows_hold(struct eval *ev, const struct eval_rows *r, const struct events_block *b, size_t event,
                    uint32_t row);

/* --- eval_zones.c --- */

/* Local reading, in seconds as if UTC, of an instant in the customer's own zone. eval_zones_ready first. */
bool eval_zones_ready(struct eval *ev);
int64_t eval_zones_local(struct eval *ev, uint32_t customer, int64_t second);
void eval_zones_free(struct eval_zones *z);
/* The zone of one customer by the same rules, without asking for everybody's; NULL is UTC. */
const struct zone *eval_zones_of(struct audience_view *v, uint32_t customer, struct zones *zones,
                                 const struct zone *ours);

/* --- eval_aggregate.c, eval_num.c: numbers of a range of customers --- */

struct eval_numbers { /* of customer first + i: v[i] / (den[i] * 10^scale); v is PACKED_UNSET when unset */
    struct eval_range range;
    int64_t *v;
    int64_t *den; /* NULL: den_all */
    int64_t den_all;
    unsigned scale;
    bool constant; /* v[0] is everybody's */
};
void eval_numbers_free(struct eval_numbers *x);
bool eval_numbers_alloc(struct eval *ev, struct eval_range range, int64_t fill, struct eval_numbers *x);
/* `candidates` is a hint: who is not in it need not be right. */
bool eval_numbers_get(struct eval *ev, const struct query_num *num, struct eval_range range,
                      const struct audience_set *candidates, struct eval_numbers *out);
bool eval_aggregate(struct eval *ev, const struct query_aggregate *a, struct eval_range range,
                    const struct audience_set *candidates, struct eval_numbers *out);
/* The same over one range after the other: made once, then asked for each. few[0..n_few), ascending, when
 * only so few need be right. */
#define EVAL_FEW 32 /* so few candidates are found by bisection in each block */
struct fold;
struct fold *eval_fold_new(struct eval *ev, const struct query_aggregate *a);
void eval_fold_free(struct fold *f);
bool eval_fold_range(struct fold *f, struct eval_range range, const uint32_t *few, size_t n_few,
                     struct eval_numbers *out);
/* Of a plain `count`, over whole partitions of events: up to 255, added to counts[0..range.n). */
bool eval_fold_small(struct fold *f, struct eval_range range, uint8_t *counts);
/* The same where few events are expected to be counted (`where` asks for texts, and few were in the range
 * before): up to k, into reached as of fold_reached (eval_fold.h). */
bool eval_fold_is_of_few(const struct fold *f);
bool eval_fold_reached(struct fold *f, struct eval_range range, unsigned k, uint64_t *reached);
/* The largest scale of the attribute in the source's events: what it is brought to. */
unsigned eval_source_scale(const struct query_aggregate *a);
/* For distinct texts: the codes of event i as those of the first event that knows the text; NULL when they
 * are the same anyway. */
bool eval_recode(struct eval *ev, const struct query_aggregate *a, size_t i, int64_t **table, size_t *n);
/* Sums that do not fit stay at the end of what does. */
static inline int64_t eval_saturated_add(int64_t a, int64_t b)
{
    int64_t sum;
    if (!__builtin_add_overflow(a, b, &sum) && sum >= SCAN_LOWEST)
        return sum;
    return b > 0 ? INT64_MAX : SCAN_LOWEST;
}
static inline int64_t eval_saturated_mul(int64_t a, int64_t b) /* b > 0 */
{
    int64_t product;
    if (!__builtin_mul_overflow(a, b, &product) && product >= SCAN_LOWEST)
        return product;
    return a > 0 ? INT64_MAX : SCAN_LOWEST;
}
/* last(survey.status where name = NAME), which the language has for numbers only; points into itself. */
struct eval_survey_source {
    struct strv name;
    struct query_symbol symbol;
    struct query_node where;
    struct query_event event;
    struct query_aggregate last;
};
void eval_survey_source(struct eval_survey_source *s, const struct query_node *node);
/* The code of the newest status of the condition's survey. */
bool eval_survey(struct eval *ev, const struct query_node *node, struct eval_range range,
                 const struct audience_set *candidates, struct eval_numbers *out);
/* --- eval_select.c: places in an order, found by counting --- */

struct eval_spread { /* of the values that are set */
    uint64_t n;
    int64_t low, high;
};
struct eval_spread eval_spread_of(const int64_t *v, size_t n);
/* out[i] = the set value at place k[i] (from 0, below spread.n; ascending) in their order. */
#define EVAL_SELECT_MOST 4
bool eval_select(struct eval *ev, const int64_t *v, size_t n, struct eval_spread spread, const uint64_t *k,
                 size_t n_k, int64_t *out);

/* --- eval_rank.c: percentiles of everybody --- */

/* Everybody, in whole partitions of events, so that they need not be looked at one by one. */
struct eval_range eval_range_whole(struct eval *ev);
/* The number of all who exist, others unset. *whole: x->v alone are in the order of the numbers; fractions
 * may have become other integers for that. */
bool eval_ranked_numbers(struct eval *ev, const struct query_num *operand, struct eval_numbers *x,
                         bool *whole);
/* The part of everybody whose number is not above the customer's. */
bool eval_rank(struct eval *ev, const struct query_num *operand, struct eval_range range,
               struct eval_numbers *out);

/* --- eval_rfm.c: scores over everybody --- */

/* What a condition asks for, when it is on one score or class against literals; else NULL. */
const struct query_rfm *eval_rfm_asked(const struct query_node *node);
/* The candidates for whom such a condition is true. */
struct audience_set *eval_rfm_set(struct eval *ev, const struct query_node *node,
                                  const struct audience_set *candidates);
/* The part's number; of a class its cell (rfm.h). */
bool eval_rfm_numbers(struct eval *ev, const struct query_rfm *rfm, struct eval_range range,
                      struct eval_numbers *out);
/* Of one customer, or unset. */
bool eval_rfm_one(struct eval *ev, const struct query_rfm *rfm, uint32_t customer, int64_t *value);
/* The cells for which a condition on a class is true; the codes are the caller's. */
bool eval_rfm_test(struct eval *ev, const struct query_node *node, struct scan_test *t);
void eval_rfm_free(struct eval_rfm *x);

/* --- eval_alive.c --- */

bool eval_alive(struct eval *ev, struct eval_range range, struct eval_numbers *out);
const struct bgnbd *eval_alive_model(struct eval *ev);
int64_t eval_alive_value(const struct eval *ev, const struct bgnbd *m, const struct alive_history *h);

/* <0, 0, >0; both must be set. */
int eval_numbers_cmp(const struct eval_numbers *a, size_t i, const struct eval_numbers *b, size_t k);
/* Of v / (den * 10^scale). */
int eval_fraction_cmp(int64_t v, int64_t den, unsigned scale, int64_t w, int64_t w_den, unsigned w_scale);
/* The age of a birth, or unset. */
int64_t eval_num_age(const struct eval *ev, int64_t birth);
bool eval_cmp_holds(enum query_cmp op, int c); /* c: as of a comparison */
/* bucket(...) as a test of the number. */
bool eval_bucket_test(struct eval *ev, const struct query_node *node, struct scan_test *t);

/* --- eval_cond.c, eval.c --- */

/* The candidates for whom the condition or tree is true: a new set. */
struct audience_set *eval_cond(struct eval *ev, const struct query_node *node,
                               const struct audience_set *candidates);
struct audience_set *eval_node(struct eval *ev, const struct query_node *node,
                               const struct audience_set *candidates);
/* eval_node over the universe, all of the tree for 65,536 customers, then for the next: for many.
 * eval_piece.c */
struct audience_set *eval_pieces(struct eval *ev, const struct query_node *root);
/* A condition on a percentile compared with literals: what the test must hold of, for each of the range x is
 * filled with. *is false: not such a condition, or its numbers are no integers. eval_percentile.c */
bool eval_percentile_test(struct eval *ev, const struct query_node *node, struct eval_numbers *x,
                          struct scan_test *t, bool *is);
/* Who was a member since the segment is watched; *set is NULL when it was not looked at yet. */
bool eval_ever(struct eval *ev, struct strv name, struct audience_set **set);
struct audience_set *eval_in_segment(struct eval *ev, const struct query_node *node,
                                     const struct audience_set *candidates);
/* The codes for which a survey's status or a class is as the condition wants; they are the caller's. */
bool eval_coded_test(struct eval *ev, const struct query_node *node, struct scan_test *t);
/* Candidates that have something to compare in the condition. */
struct audience_set *eval_cond_set(struct eval *ev, const struct query_node *node,
                                   const struct audience_set *candidates);

#endif
