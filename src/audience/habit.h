/* What one customer's events tell about writing to them: when something last happened, which part of the
 * messages arrives, and the hours of the day in which they are active. Reads one customer inside a view and
 * keeps nothing; the meaning of zones, days and windows is that of the segment language (eval.h), so that
 * `count(delivered, last 90 days)` counts the same events. What is after `now` is never seen. */
#ifndef TESSERA_AUDIENCE_HABIT_H
#define TESSERA_AUDIENCE_HABIT_H

#include "audience/audience.h"
#include "domain/zone.h"

#define HABIT_DAYS       90 /* looked back, today included: `last 90 days` */
#define HABIT_MIN_EVENTS 5  /* fewer say nothing about hours */
#define HABIT_MAX_HOURS  8  /* a longer stretch is no habit */

struct habit_options {
    usec_t now;
    const struct zone *zone; /* the instance's; NULL = UTC */
    struct zones *zones;     /* for the customer's own, owned by the calling thread; NULL: the instance's */
};

struct habit {
    usec_t inbound, sent, delivered, failed; /* the last ever, in whole seconds; 0 = never */
    uint64_t receipts;                       /* final ones of the window: delivered or failed; 0 = unknown */
    uint64_t arrived;                        /* of these, delivered */
    /* Inbound messages, replies and clicks of the window by hour of the customer's clock. A reply that is an
     * inbound message of the same second is counted once. */
    uint64_t hours[24];
    uint64_t events;         /* in `hours` */
    const struct zone *zone; /* the customer's; NULL = UTC */
};

/* False with ERR_NOMEM or ERR_CORRUPT. No events, or no such customer: nothing happened. */
bool habit_read(struct audience_view *v, uint32_t customer, const struct habit_options *o, struct habit *out,
                struct err *e);

struct habit_peak { /* from `from`:00 until `to`:00, over midnight when to < from */
    unsigned from;  /* 0..23 */
    unsigned to;    /* 1..24 */
    uint64_t count; /* of habit.events */
};
/* The shortest stretch that holds three fifths of the events; of several the one with most, then the earliest
 * hour. False: too few events, or they are spread over more than HABIT_MAX_HOURS. */
bool habit_peak(const struct habit *h, struct habit_peak *out);

#endif
