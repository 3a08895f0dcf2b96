/* Several limits that hold at once, composed: gather them, get one next allowed instant, take from all or
 * from none. A throttle is a short-lived list on the stack; the buckets belong to carriers, senders,
 * campaigns ... Instants are monotonic, as those of the buckets. */
#ifndef TESSERA_DOMAIN_THROTTLE_H
#define TESSERA_DOMAIN_THROTTLE_H

#include "base/bucket.h"
#include "base/clock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define THROTTLE_MAX 20

struct throttle {
    struct {
        struct bucket *bucket;
        const char *name; /* static storage: "carrier rate" */
    } limits[THROTTLE_MAX];
    size_t count;
    usec_t not_before; /* the latest of all instants added */
    const char *not_before_name;
};

void throttle_init(struct throttle *t);
/* A bucket that must have the tokens. NULL and the same bucket again are ignored. More than THROTTLE_MAX: the
 * throttle is closed, because a limit that was forgotten must not be one that is exceeded. */
void throttle_add(struct throttle *t, struct bucket *b, const char *name);
/* An instant before which nothing goes (USEC_NEVER: closed). */
void throttle_not_before(struct throttle *t, usec_t at, const char *name);

/* The earliest instant at which `cost` may be taken if nobody else takes; `now` when at once, USEC_NEVER when
 * closed. `*which` (may be NULL): the name of the limit that decides, NULL when none does. */
usec_t throttle_when(const struct throttle *t, int64_t cost, usec_t now, const char **which);
/* All or nothing. */
bool throttle_take(struct throttle *t, int64_t cost, usec_t now);

#endif
