/* Activity of customers (sent, delivered, inbound ...) on its way from the spool's feed into the event log.
 * The feed's sequence number is committed with the events, so that each happening counts exactly once across
 * the two environments whatever is repeated after a crash. */
#ifndef TESSERA_AUDIENCE_ACTIVITY_H
#define TESSERA_AUDIENCE_ACTIVITY_H

#include "audience/audience.h"
#include "audience/import.h"

struct audience_activity { /* as struct spool_feed of store/spool.h */
    uint64_t seq;          /* ascending in a list; those applied already are passed over */
    uint16_t event;        /* EVENT_INBOUND, EVENT_SENT, ... of store/schema.h */
    uint64_t number;
    uint32_t customer; /* id + 1; 0 = find it by number */
    uint32_t campaign; /* 0 = none */
    usec_t at;
};

struct audience_feed_options {
    /* Writes customers for numbers that are none when they send us something (inbound, start); else such
     * numbers are only counted. */
    bool create_customers;
    const struct audience_locator *locator; /* for new customers; NULL: no clock is known */
};

struct audience_feed_result {
    size_t applied;  /* became events */
    size_t repeated; /* seq was applied before */
    size_t unknown;  /* number of no customer */
    size_t created;
};

/* Writes: stores the events and `last_seq` (at least the last of the list; it may be more when the caller
 * filtered) in one transaction. Gives the number to trim the spool's feed to. */
bool audience_apply_feed(struct audience *a, const struct audience_activity *list, size_t n,
                         uint64_t last_seq, const struct audience_feed_options *o,
                         struct audience_feed_result *result, struct err *e);
uint64_t audience_feed_seq(struct audience *a);     /* applied up to here; 0: nothing */
uint64_t audience_feed_unknown(struct audience *a); /* of numbers that are no customers, ever */

#endif
