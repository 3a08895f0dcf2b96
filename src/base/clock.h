/* Time as a parameter. All instants and durations in Tessera are `usec_t`: signed microseconds, instants
 * since 1970-01-01T00:00:00Z without leap seconds. `wall` is for what people and laws see; `mono` for
 * timeouts and rates. */
#ifndef TESSERA_BASE_CLOCK_H
#define TESSERA_BASE_CLOCK_H

#include <stdint.h>

typedef int64_t usec_t;

#define USEC_MS     INT64_C(1000)
#define USEC_SEC    INT64_C(1000000)
#define USEC_MINUTE (60 * USEC_SEC)
#define USEC_HOUR   (60 * USEC_MINUTE)
#define USEC_DAY    (24 * USEC_HOUR)
#define USEC_NEVER  INT64_MAX

/* The system's clocks, with an offset of the wall clock (0 but in tests), or a manual clock that stands
 * still. Read from any thread; `offset` and `manual_*` are only written by their owner (atomics). */
struct clock {
    _Atomic int64_t offset; /* added to the system's wall clock */
    _Atomic int64_t manual; /* when not 0: both clocks stand at this value */
};

usec_t clock_wall(const struct clock *c);
usec_t clock_mono(const struct clock *c);
void clock_set_wall(struct clock *c,
                    usec_t now);                /* sets the offset so that clock_wall is `now`, running on */
void clock_freeze(struct clock *c, usec_t now); /* manual: both clocks are `now` until changed */

#endif
