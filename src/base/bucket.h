/* Token bucket in exact integer arithmetic: tokens are parts, accrued from a monotonic clock in microseconds.
 * Over any interval of t seconds at most rate*t + burst tokens are given. rate 0 means no limit. */
#ifndef TESSERA_BASE_BUCKET_H
#define TESSERA_BASE_BUCKET_H

#include "base/clock.h"

#include <stdbool.h>
#include <stdint.h>

struct bucket {
    int64_t rate;  /* tokens a second; 0 = unlimited, -1 = closed */
    int64_t burst; /* most tokens that can gather; at least 1 when rate > 0 */
    int64_t level; /* micro-tokens; may be negative when a cost above the burst was taken (see bucket_take) */
    usec_t at;     /* level is as of then */
};

void bucket_init(struct bucket *b, int64_t rate, int64_t burst, usec_t now);     /* starts full */
void bucket_set_rate(struct bucket *b, int64_t rate, int64_t burst, usec_t now); /* keeps what has accrued */
/* Takes `cost` tokens when they are there. A cost above the burst is given when the bucket is full, and
 * leaves a debt. */
bool bucket_take(struct bucket *b, int64_t cost, usec_t now);
void bucket_give_back(struct bucket *b, int64_t cost);
/* Leaves at most so many tokens: what else had gathered is forgone. */
void bucket_lower(struct bucket *b, int64_t tokens, usec_t now);
/* The earliest instant at which bucket_take(cost) succeeds if nobody else takes: `now` when at once,
 * USEC_NEVER when closed. */
usec_t bucket_when(const struct bucket *b, int64_t cost, usec_t now);

#endif
