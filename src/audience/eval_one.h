/* Inside of eval_one*.c: a query made ready for one customer after the other. Names, codes, windows and tests
 * are worked out once; what is said of everybody (percentiles, scores) when it is first asked for; of a
 * customer only what a condition comes to. */
#ifndef TESSERA_AUDIENCE_EVAL_ONE_H
#define TESSERA_AUDIENCE_EVAL_ONE_H

#include "audience/eval_internal.h"
#include "store/customers.h"
#include "store/events.h"

struct one_value { /* v / (den * 10^scale); v is PACKED_UNSET when unset */
    int64_t v, den;
    unsigned scale;
};

/* --- eval_one_log.c --- */

struct one_block {
    struct events_block *b; /* with as many columns as there are, and no room for more */
    uint16_t *marks;        /* NULL: none */
    int64_t day;            /* b's */
    uint64_t test;          /* for which the rows first .. end - 1 are */
    uint32_t first, end;
    uint16_t want;
};

struct one_part { /* of the customers of one partition, by day */
    bool loaded;
    struct one_block *blocks;
    size_t n, cap;
    uint64_t test; /* the last one */
    uint32_t tests;
};

/* The events of one type, as far as any window reaches, by partition of customers: opened when first asked
 * for. */
struct one_log {
    uint16_t type;
    int32_t from, to; /* UTC days */
    struct one_part *parts;
    size_t n_parts, n_blocks;
    struct one_log *next;
};

struct one_logs {
    struct eval *ev;
    struct one_log *list;
    uint64_t test; /* which customer it is: rows found for this one are not looked for again */
};
void one_logs_free(struct one_logs *l);

struct one_log *one_log_need(struct one_logs *l, uint16_t type, int32_t from, int32_t to);
/* The customer's partition; in its blocks that are in the span the customer's rows have been found. NULL:
 * error. */
struct one_part *one_log_find(struct one_logs *l, struct one_log *log, struct eval_span span,
                              uint32_t customer);
/* Whether days of the block are. */
bool one_block_in(const struct one_block *x, struct eval_span span);
static inline int32_t one_day_of(int64_t second)
{
    int64_t day = second / 86400 - (second % 86400 < 0);
    return day < INT32_MIN ? INT32_MIN : day > INT32_MAX ? INT32_MAX : (int32_t)day;
}

/* --- eval_one_events.c --- */

struct one_aggregate;

struct one_aggregate *one_aggregate_new(struct one_logs *l, const struct query_aggregate *a);
void one_aggregate_free(struct one_aggregate *x);
bool one_aggregate_get(struct one_aggregate *x, uint32_t customer, struct one_value *out);

/* The code of the newest status of the survey. */
struct one_survey;
struct one_survey *one_survey_new(struct one_logs *l, const struct query_node *node);
void one_survey_free(struct one_survey *s);
bool one_survey_get(struct one_survey *s, uint32_t customer, int64_t *code);

/* p_alive. */
struct one_log *one_alive_log(struct one_logs *l);
bool one_alive_get(struct one_logs *l, struct one_log *log, uint32_t customer, struct one_value *out);

/* --- eval_one.c, for explaining: looks at the customer of the last eval_one_test --- */

struct one_node;
struct one_node *eval_one_root(const struct eval_one *x);
const struct query_node *one_node_query(const struct one_node *n);
/* The i-th operand in the order in which they are tested; NULL past the end. */
struct one_node *one_node_kid(const struct one_node *n, size_t i);
/* Of a condition on a segment: its tree, and its query in *q; NULL for others. */
struct one_node *one_node_segment(const struct one_node *n, const struct query **q);
bool one_node_holds(struct eval_one *x, struct one_node *n, bool *holds);
/* The i-th number of those compared, in the order of the text: *is false when there are not so many. */
bool one_node_number(struct eval_one *x, struct one_node *n, size_t i, bool *is, struct one_value *out);
int64_t one_node_column(struct eval_one *x, const struct one_node *n, bool *is);
int64_t one_age(const struct eval_one *x, int64_t birth); /* in whole years */
/* What a survey's status or a class comes to. */
bool one_node_code(struct eval_one *x, struct one_node *n, bool *is, int64_t *code);
bool one_node_members(struct eval_one *x, uint16_t field, const uint32_t **codes, size_t *n);

#endif
