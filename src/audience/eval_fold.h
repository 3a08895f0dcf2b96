/* The inner loops of numbers made of events: the rows of one block into an array with a cell a customer.
 * Pure. The caller has made sure that every customer of the block's partition has a cell, EVENTS_CUSTOMERS
 * of them from `cell` on: whatever is stored as a customer, nothing else is touched. */
#ifndef TESSERA_AUDIENCE_EVAL_FOLD_H
#define TESSERA_AUDIENCE_EVAL_FOLD_H

#include "store/packed.h"

#include <stdbool.h>
#include <stdint.h>

struct fold_rows {
    const struct packed *customer;
    uint32_t rows;
    uint32_t first, cell;  /* the partition's first customer, and where it is counted */
    const uint64_t *words; /* only rows whose bit is set; NULL: all */
};

void fold_count(const struct fold_rows *r, int64_t *v);
/* The same up to 255, where it stays. */
void fold_count_small(const struct fold_rows *r, uint8_t *v);
/* How often up to `k` (at most FOLD_REACH): bit c % 64 of reached[c / 64 * k + i] is whether cell c was
 * counted more than i times. For few rows: r->words must be there. */
#define FOLD_REACH 3u
void fold_reached(const struct fold_rows *r, unsigned k, uint64_t *reached);
static inline void fold_reach(uint64_t *reached, unsigned k, uint32_t cell)
{
    uint64_t *at = reached + (size_t)(cell / 64) * k, bit = UINT64_C(1) << cell % 64;
    for (unsigned i = 0; i < k; i++) { /* what was there already goes on to the next */
        const uint64_t had = at[i] & bit;
        at[i] |= bit;
        bit = had;
    }
}
/* v = max(v, start + second) */
void fold_latest(const struct fold_rows *r, const struct packed *second, int64_t start, int64_t *v);
/* v += value * factor where it is set. False, and nothing done, when `value` could bring any sum past 2^62:
 * *bound is how large one may be so far, and grows. */
bool fold_sum(const struct fold_rows *r, const struct packed *value, int64_t factor, double *bound,
              int64_t *v);
/* The same, and counts the values that are set. */
bool fold_avg(const struct fold_rows *r, const struct packed *value, int64_t factor, double *bound,
              int64_t *v, int64_t *counts);

#endif
