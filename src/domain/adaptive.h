/* The rate a carrier takes, found by what it answers: lowered when it asks to slow down (ESME_RTHROTTLED,
 * ESME_RMSGQFUL: SMPP 3.4 §5.1.3; congestion_state: SMPP 5.0 §4.8.4.18), raised again when it does not.
 *
 * Lowering is multiplicative: to 0.7 of the parts a second that it took of late (measured over the last two
 * seconds, or since sending began when that is less), but to no less than a quarter of the rate at once.
 * Answers to what was taken up before the last cut tell nothing new, so there is one cut in a round trip.
 * Raising is additive: after each second without such an answer by a twentieth of the rate last known to be
 * taken; beyond that rate the step doubles each second, so that a carrier that has recovered is used again
 * soon. It ends when it has been at the configured rate, or without one at what was sent when it began, for
 * ten seconds.
 *
 * The lowest rate is one part a second. When even that is refused, nothing is sent for a pause that doubles
 * up to half a minute; what is taken after it ends the pauses. (That pause was all there was before.)
 *
 * Pure: instants are monotonic and parameters. Rates are parts a second. */
#ifndef TESSERA_DOMAIN_ADAPTIVE_H
#define TESSERA_DOMAIN_ADAPTIVE_H

#include "base/bucket.h"
#include "base/clock.h"
#include "domain/throttle.h"

#include <stdbool.h>
#include <stdint.h>

#define ADAPTIVE_SLOTS 20 /* of a tenth of a second each */

enum adaptive_cause { ADAPTIVE_NONE, ADAPTIVE_THROTTLED, ADAPTIVE_QUEUE_FULL, ADAPTIVE_CONGESTED };
const char *adaptive_cause_name(enum adaptive_cause c); /* "throttled", "queue_full", "congested"; "" */

enum adaptive_change { ADAPTIVE_SAME, ADAPTIVE_BEGAN, ADAPTIVE_LOWERED, ADAPTIVE_PAUSED, ADAPTIVE_ENDED };

struct adaptive {
    int64_t limit;        /* as configured; 0 = none */
    struct bucket bucket; /* the rate found; its rate is 0 while nothing is lowered */
    int64_t before;       /* what it is to come back to */
    int64_t known;        /* taken when it was last lowered */
    int64_t step;         /* of the last raise */
    enum adaptive_cause cause;
    usec_t since;     /* it began */
    usec_t cut_at;    /* last lowered or paused */
    usec_t asked_at;  /* last asked to slow down */
    usec_t raised_at; /* last raised */
    usec_t back_at;   /* at `before` since; USEC_NEVER: not */
    usec_t pause_until, pause;
    struct adaptive_meter {
        usec_t end; /* of the newest slot */
        unsigned at;
        uint32_t sent[ADAPTIVE_SLOTS], taken[ADAPTIVE_SLOTS];
    } meter;
};

void adaptive_init(struct adaptive *a, int64_t limit);
/* At a reload. What has been found stays, but never above the new limit. */
void adaptive_set_limit(struct adaptive *a, int64_t limit, usec_t now);

void adaptive_slide(struct adaptive_meter *m, usec_t now);
static inline void adaptive_sent(struct adaptive *a, usec_t now)
{
    if (now >= a->meter.end) {
        adaptive_slide(&a->meter, now);
    }
    a->meter.sent[a->meter.at]++;
}
/* A part was taken, which had been claimed at `claimed`. */
static inline void adaptive_taken(struct adaptive *a, usec_t claimed, usec_t now)
{
    if (now >= a->meter.end) {
        adaptive_slide(&a->meter, now);
    }
    a->meter.taken[a->meter.at]++;
    if (a->pause != 0 && claimed >= a->cut_at) {
        a->pause = a->pause_until = 0;
    }
}
/* The answer to what was claimed at `claimed` asks to slow down. SAME: known already. */
enum adaptive_change adaptive_asked(struct adaptive *a, enum adaptive_cause cause, usec_t claimed,
                                    usec_t now);
/* Call about once a second: ENDED, or SAME. */
enum adaptive_change adaptive_second(struct adaptive *a, usec_t now);

static inline bool adaptive_is_on(const struct adaptive *a)
{
    return a->bucket.rate != 0;
}
static inline int64_t adaptive_rate(const struct adaptive *a) /* 0: nothing is lowered */
{
    return a->bucket.rate;
}
/* Adds what holds now. */
void adaptive_limit(struct adaptive *a, struct throttle *t);
/* It takes nothing: paused again and again, and after the pause it has not had as long again to show whether
 * it takes something. */
bool adaptive_is_stuck(const struct adaptive *a, usec_t now);

#endif
