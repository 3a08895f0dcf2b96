/* Inside of eval_one*.c: the tree of a query as it is tested of one customer. */
#ifndef TESSERA_AUDIENCE_EVAL_ONE_NODE_H
#define TESSERA_AUDIENCE_EVAL_ONE_NODE_H

#include "audience/eval_one.h"

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
    struct audience_set *ever;     /* its members of before */
    bool percentile, ranked;       /* against literals; ranked: tested by `test` on */
    struct eval_numbers everybody; /* ... the number of all, when first asked for */
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

/* --- eval_one_node.c --- */

struct one_column *one_column_need(struct eval_one *x, uint16_t field);
/* NULL: error. */
struct one_node *one_node_new(struct eval_one *x, const struct query_node *node);
void one_node_free(struct one_node *n); /* NULL is fine */

/* --- eval_one_cond.c: of the customer x is about; false: error --- */

int64_t one_column_value(struct eval_one *x, struct one_column *c);
bool one_num_value(struct eval_one *x, struct one_num *n, struct one_value *out);
/* What a survey's status or a class comes to. */
bool one_coded_value(struct eval_one *x, struct one_node *n, int64_t *code);
/* The members of a set field, from the record. */
bool one_set_codes(struct eval_one *x, uint16_t field, const uint32_t **codes, size_t *n);

#endif
