/* Cross tables: how many customers there are of each combination of a few conditions being true or not, such
 * as the loyal and the large baskets. Reads one view, keeps nothing. */
#ifndef TESSERA_AUDIENCE_CROSS_H
#define TESSERA_AUDIENCE_CROSS_H

#include "audience/eval.h"

#define CROSS_MAX 4

struct cross {
    size_t n;                        /* conditions */
    uint64_t customers;              /* that exist; the sum of the cells */
    uint64_t alone[CROSS_MAX];       /* of whom condition i is true */
    uint64_t cells[1u << CROSS_MAX]; /* bit i of the index is set: condition i is true, else it is not */
};

/* Each of the queries is checked, 1 to CROSS_MAX of them. False with *e, and *qe and *at (which query) when
 * one is at fault. */
bool cross_count(struct audience_view *v, const struct query *const *queries, size_t n,
                 const struct eval_options *o, struct cross *out, size_t *at, struct query_error *qe,
                 struct err *e);

/* Appends the query whose members are those of a cell, in canonical form. False: out of memory. */
bool cross_put_query(const struct query *const *queries, size_t n, unsigned cell, struct buf *out);

#endif
