/* `p_alive`: how often and when each customer bought, the model fitted to it (bgnbd.h), and the fit as a
 * document of the store with when it was made and over how many.
 *
 * Of the event "purchase", everything up to now: several on one day are one. Days are the instance's; times
 * are weeks of seven days from the first purchase. */
#ifndef TESSERA_AUDIENCE_ALIVE_H
#define TESSERA_AUDIENCE_ALIVE_H

#include "audience/audience.h"
#include "audience/bgnbd.h"
#include "domain/zone.h"

struct alive_fit {
    struct bgnbd model;
    double log_likelihood;
    usec_t at;          /* made, with all purchases up to then */
    uint64_t customers; /* who bought */
    uint64_t repeaters; /* of those, on more than one day */
    uint64_t fitted;    /* of those, looked at: all, or a sample that does not depend on chance */
    bool converged;
};

#define ALIVE_LEAST_REPEATERS 20u
#define ALIVE_MOST_FITTED     100000u
#define ALIVE_FRESH           (INT64_C(7) * USEC_DAY) /* how long a fit is good */

/* Fits over all customers of the view. False with ERR_STATE when there are too few to tell. Takes up to some
 * seconds. */
bool alive_fit_make(struct audience_view *v, usec_t now, const struct zone *zone, struct alive_fit *out,
                    struct err *e);
/* What is stored; false: nothing, or not of this version. */
bool alive_fit_get(struct audience_view *v, struct alive_fit *out);
/* Whether it should be made anew by itself. `fit` NULL: there is none. */
bool alive_fit_stale(const struct alive_fit *fit, usec_t now);
/* Writes. */
bool alive_fit_put(struct audience *a, const struct alive_fit *fit, struct err *e);

/* --- for the evaluator --- */

struct alive_history { /* one customer's days of purchase */
    int32_t first, last;
    uint32_t days; /* different ones; 0: never bought */
    int32_t base;  /* of the partition added last: bit i of `seen` is the day base + i */
    uint64_t seen;
};
/* Adds a day out of a partition of the log (events.h): partitions ascending, days within one in any order. */
void alive_history_add(struct alive_history *h, int32_t partition, int32_t day);
double alive_probability(const struct bgnbd *m, const struct alive_history *h, int32_t today);

/* The histories of the customers first..first + n - 1. False: torn data. */
bool alive_histories(struct catalog_txn *t, usec_t now, const struct zone *zone, uint32_t first, size_t n,
                     struct alive_history *out);

#endif
