/* The customers of whom a number of the language is highest: the customer of the month is who has the highest
 * sum(purchase.amount, this month). Reads one view, keeps nothing but `limit` rows. */
#ifndef TESSERA_AUDIENCE_TOP_H
#define TESSERA_AUDIENCE_TOP_H

#include "audience/eval.h"

struct top_row { /* the value is v / (den * 10^top.scale) */
    uint64_t msisdn;
    int64_t v, den;
    uint32_t customer;
};

struct top {
    struct top_row *rows; /* the highest first, equal ones in the order of their numbers */
    size_t n;
    unsigned scale;
    uint64_t among; /* who was asked about */
    uint64_t with;  /* those of them who have the number: unset ones are left out */
};

/* A number such as "avg(purchase.amount, last 1 year)", parsed and checked; for top_find. NULL with *qe,
 * whose places are those of the text. Free with query_free. */
struct query *top_parse(struct audience_view *v, struct strv text, const struct query_limits *limits,
                        struct query_error *qe);
/* Its canonical form. False: out of memory. */
bool top_put_number(const struct query *number, struct buf *out);

/* Of the members of `who` (NULL: everybody), at most `limit`. False with *e, and *qe when a query is at
 * fault. Free with top_free whatever it returned. */
bool top_find(struct audience_view *v, const struct query *who, const struct query *number, size_t limit,
              const struct eval_options *o, struct top *out, struct query_error *qe, struct err *e);
void top_free(struct top *t);

/* Appends a row's value: exactly, or (of an average, a share) six digits or two behind the point. */
bool top_put_value(const struct top *t, const struct top_row *r, struct buf *out);

#endif
