/* When to try again: exponential backoff with jitter for messages and for binds. The randomness is a
 * parameter; durations are microseconds. What a status asks for is its class (smpp/status.h). Pure. */
#ifndef TESSERA_DOMAIN_RETRY_H
#define TESSERA_DOMAIN_RETRY_H

#include "base/clock.h"
#include "base/random.h"
#include "smpp/status.h"

#include <stdbool.h>
#include <stdint.h>

struct retry_policy {
    usec_t first;   /* the delay after the first failure, before jitter; at least 1 */
    usec_t cap;     /* no delay is longer, jitter included */
    double factor;  /* each further failure multiplies the delay; at least 1 */
    double jitter;  /* 0..1: the delay is drawn evenly from [d * (1 - jitter), d] */
    uint32_t tries; /* attempts in all, the first included; 0 = without end */
};

/* Messages: 30 s, doubling, at most an hour, 8 attempts. Binds: 1 s, doubling, at most 2 minutes, for ever,
 * and half of it jitter, so that many binds do not come back at once. */
#define RETRY_MESSAGES                                                                                       \
    ((struct retry_policy){                                                                                  \
        .first = 30 * USEC_SEC, .cap = USEC_HOUR, .factor = 2, .jitter = 0.25, .tries = 8 })
#define RETRY_BINDS                                                                                          \
    ((struct retry_policy){                                                                                  \
        .first = USEC_SEC, .cap = 2 * USEC_MINUTE, .factor = 2, .jitter = 0.5, .tries = 0 })

/* The delay after `failures` failed attempts (at least 1). USEC_NEVER: out of attempts. `r` NULL: no jitter.
 */
usec_t retry_delay(const struct retry_policy *p, uint32_t failures, struct rnd *r);

/* Whether a refused bind is worth trying again by itself: not with a wrong password or system id (that locks
 * accounts: stop and alarm), yes with everything else. */
bool retry_bind_again(uint32_t status);

#endif
