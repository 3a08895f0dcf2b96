#include "base/clock.h"

#include <stdatomic.h>
#include <time.h>

static usec_t clock_read(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (usec_t)ts.tv_sec * USEC_SEC + ts.tv_nsec / 1000;
}

usec_t clock_wall(const struct clock *c)
{
    int64_t manual = atomic_load_explicit(&c->manual, memory_order_relaxed);
    if (manual) {
        return manual;
    }
    return clock_read(CLOCK_REALTIME) + atomic_load_explicit(&c->offset, memory_order_relaxed);
}

usec_t clock_mono(const struct clock *c)
{
    int64_t manual = atomic_load_explicit(&c->manual, memory_order_relaxed);
    return manual ? manual : clock_read(CLOCK_MONOTONIC);
}

void clock_set_wall(struct clock *c, usec_t now)
{
    atomic_store(&c->offset, now - clock_read(CLOCK_REALTIME));
    atomic_store(&c->manual, 0);
}

void clock_freeze(struct clock *c, usec_t now)
{
    atomic_store(&c->manual, now);
}
