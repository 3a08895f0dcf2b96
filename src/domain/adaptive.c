#include "domain/adaptive.h"

#include <string.h>

#define SLOT        (100 * USEC_MS)
#define LEAST       1  /* part a second */
#define STEPS       20 /* from nothing to the rate last known */
#define PAUSE_FIRST (2 * USEC_SEC)
#define PAUSE_MOST  (30 * USEC_SEC)
#define STUCK_FROM  (4 * USEC_SEC)  /* so long a pause was reached by being refused again and again */
#define BACK_FOR    (10 * USEC_SEC) /* so long at the old rate before it counts as recovered */
#define RATE_MOST   INT64_C(1000000000)

const char *adaptive_cause_name(enum adaptive_cause c)
{
    static const char *const names[] = { "", "throttled", "queue_full", "congested" };
    return names[c];
}

/* --- what is sent, what is taken --- */

void adaptive_slide(struct adaptive_meter *m, usec_t now)
{
    if (now - m->end >= ADAPTIVE_SLOTS * SLOT) {
        memset(m, 0, sizeof *m);
        m->end = now - now % SLOT + SLOT;
        return;
    }
    while (now >= m->end) {
        m->at = (m->at + 1) % ADAPTIVE_SLOTS;
        m->sent[m->at] = m->taken[m->at] = 0;
        m->end += SLOT;
    }
}

/* Parts a second: over the last two seconds, or since the first of them was sent. */
static void adaptive_measure(struct adaptive_meter *m, usec_t now, int64_t *sent, int64_t *taken)
{
    int64_t slots = 0;
    adaptive_slide(m, now);
    *sent = *taken = 0;
    for (unsigned i = 1; i <= ADAPTIVE_SLOTS; i++) { /* the oldest first */
        unsigned k = (m->at + i) % ADAPTIVE_SLOTS;
        *sent += m->sent[k];
        *taken += m->taken[k];
        slots += slots > 0 || m->sent[k] > 0 || m->taken[k] > 0;
    }
    slots = slots > 0 ? slots : 1;
    *sent = *sent * (USEC_SEC / SLOT) / slots;
    *taken = *taken * (USEC_SEC / SLOT) / slots;
}

/* --- the rate --- */

static int64_t adaptive_burst(int64_t rate)
{
    return rate > 10 ? rate / 10 : 1;
}

static void adaptive_set(struct adaptive *a, int64_t rate, usec_t now)
{
    if (a->bucket.rate == 0) {
        bucket_init(&a->bucket, rate, adaptive_burst(rate), now);
    } else {
        bucket_set_rate(&a->bucket, rate, adaptive_burst(rate), now);
    }
}

void adaptive_init(struct adaptive *a, int64_t limit)
{
    memset(a, 0, sizeof *a);
    a->limit = limit;
    a->back_at = USEC_NEVER;
}

void adaptive_set_limit(struct adaptive *a, int64_t limit, usec_t now)
{
    a->limit = limit;
    if (adaptive_is_on(a) && limit > 0) {
        a->before = limit;
        a->back_at = USEC_NEVER;
        if (a->bucket.rate > limit) {
            adaptive_set(a, limit, now);
        }
    }
}

/* Not even the lowest rate: a pause, longer each time. */
static enum adaptive_change adaptive_pause(struct adaptive *a, usec_t now)
{
    a->pause = a->pause == 0 ? PAUSE_FIRST : a->pause < PAUSE_MOST / 2 ? a->pause * 2 : PAUSE_MOST;
    a->pause_until = now + a->pause;
    a->cut_at = now;
    return ADAPTIVE_PAUSED;
}

enum adaptive_change adaptive_asked(struct adaptive *a, enum adaptive_cause cause, usec_t claimed, usec_t now)
{
    bool on = adaptive_is_on(a);
    int64_t sent, taken, from = a->bucket.rate;
    a->asked_at = now;
    if (on && claimed < a->cut_at) {
        return ADAPTIVE_SAME;
    }
    adaptive_measure(&a->meter, now, &sent, &taken);
    if (!on) {
        from = sent > LEAST ? sent : LEAST;
        from = a->limit > 0 && from > a->limit ? a->limit : from;
        taken = taken < from ? taken : from; /* a burst in a short while is no rate */
        a->before = a->limit > 0 ? a->limit : from;
        a->since = now;
    }
    int64_t to = taken * 7 / 10 > from / 4 ? taken * 7 / 10 : from / 4;
    to = to > LEAST ? to : LEAST;
    a->cause = cause;
    if (on && to >= from) { /* it is below already what was taken; its effect is still to come */
        return from == LEAST && taken == 0 ? adaptive_pause(a, now) : ADAPTIVE_SAME;
    }
    adaptive_set(a, to, now);
    bucket_lower(&a->bucket, 0, now); /* nothing is left of what had gathered */
    a->known = taken > to ? taken : to;
    a->step = 0;
    a->cut_at = now;
    a->back_at = USEC_NEVER;
    return on ? ADAPTIVE_LOWERED : ADAPTIVE_BEGAN;
}

static void adaptive_raise(struct adaptive *a, usec_t now)
{
    int64_t rate = a->bucket.rate, plain = a->known / STEPS > 0 ? a->known / STEPS : 1;
    a->step = rate < a->known || a->step == 0 ? plain : a->step * 2;
    rate = rate + a->step < RATE_MOST ? rate + a->step : RATE_MOST;
    a->step = rate < RATE_MOST ? a->step : plain;
    rate = a->limit > 0 && rate > a->limit ? a->limit : rate;
    adaptive_set(a, rate, now);
    a->raised_at = now;
    if (rate >= a->before && a->back_at == USEC_NEVER) {
        a->back_at = now;
    }
}

enum adaptive_change adaptive_second(struct adaptive *a, usec_t now)
{
    usec_t last = a->asked_at > a->raised_at ? a->asked_at : a->raised_at;
    if (!adaptive_is_on(a) || a->pause != 0 || now - last < USEC_SEC) {
        return ADAPTIVE_SAME;
    }
    adaptive_raise(a, now);
    if (a->back_at == USEC_NEVER || now - a->back_at < BACK_FOR) {
        return ADAPTIVE_SAME;
    }
    int64_t limit = a->limit;
    struct adaptive_meter meter = a->meter;
    adaptive_init(a, limit);
    a->meter = meter;
    return ADAPTIVE_ENDED;
}

void adaptive_limit(struct adaptive *a, struct throttle *t)
{
    if (adaptive_is_on(a)) {
        throttle_add(t, &a->bucket, "rate found");
        throttle_not_before(t, a->pause_until, "the carrier takes nothing");
    }
}

bool adaptive_is_stuck(const struct adaptive *a, usec_t now)
{
    return a->pause >= STUCK_FROM && now < a->pause_until + a->pause;
}
