/* The limits of the configuration's `rates`: so many parts a second to a region, from a sender, of a class,
 * over a carrier, or any of these together. One bucket each, shared by all carriers it holds for.
 *
 * Which of them hold for a message is found once, when it is first looked at (and again after a reload), and
 * kept with it as a few small numbers; without `rates` nothing is looked at. A carrier that waits for a limit
 * has its turn: others leave it the tokens until the instant at which it can go, so that a long message does
 * not wait for ever beside short ones of other carriers. Instants are monotonic. */
#ifndef TESSERA_ENGINE_RATES_H
#define TESSERA_ENGINE_RATES_H

#include "base/bucket.h"
#include "base/err.h"
#include "domain/throttle.h"
#include "engine/options.h"

struct carrier;
struct engine;
struct outgoing;
struct route;

struct rate_limit {
    struct rate_options o;
    struct bucket bucket;
    int carrier;       /* its number; -1: any */
    int64_t claiming;  /* parts whose claim is not synced yet; their tokens are taken */
    int turn;          /* the carrier that waits; -1: none */
    usec_t turn_until; /* the others leave it the tokens until then */
    int next;          /* the one that asked meanwhile; -1: none */
    int64_t next_cost;
    struct rate_flow {
        enum message_class class_;
        uint32_t campaign; /* 0: single messages */
    } turn_of, next_of;    /* whose of that carrier */
};

struct rates {
    struct route *keys; /* rule i + 1 is what limit i holds for */
    struct rate_limit *list;
    size_t n;
    uint32_t generation; /* of the list: a reload makes another */
};

/* Takes the list of the options; limits with the same keys keep what has accrued. False: one is wrong, and
 * nothing has changed. */
bool rates_set(struct engine *g, const struct engine_options *o, struct err *e);
/* Whether it would. */
bool rates_check(const struct engine_options *o, struct err *e);
void rates_free(struct rates *r);
/* rates_overlap.c: false when more of them than a message can keep may hold for one. */
bool rates_overlap_check(const struct rate_options *rates, size_t n, struct err *e);

/* Finds out which hold for the message on this carrier. */
void rates_resolve(struct carrier *c, struct outgoing *o);
/* When limit i (of o->limits) allows `cost`; `now`: at once. */
usec_t rates_when(struct carrier *c, const struct outgoing *o, unsigned i, int64_t cost, usec_t now);
/* It is no other carrier's turn at the limit. */
bool rates_is_turn(const struct carrier *c, size_t limit);
/* All limits of the message. */
void rates_add(struct carrier *c, struct outgoing *o, struct throttle *t);
/* Its tokens are taken, its claim is under way; and that is synced. `late`: what waited for the disk goes
 * now, as if its tokens were taken now. */
void rates_claim(struct carrier *c, const struct outgoing *o, unsigned parts);
void rates_claimed(struct carrier *c, const struct outgoing *o, unsigned parts, bool late, usec_t now);

#endif
