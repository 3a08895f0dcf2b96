/* How many of the submissions of the last minute failed: sixty counters that slide. Pure; time is a
 * parameter. */
#ifndef TESSERA_DOMAIN_FAILURES_H
#define TESSERA_DOMAIN_FAILURES_H

#include "base/clock.h"

#include <stdbool.h>
#include <stdint.h>

#define FAILURES_SECONDS 60

struct failures {
    uint32_t all[FAILURES_SECONDS], bad[FAILURES_SECONDS];
    int64_t second; /* of the newest counter */
};

void failures_note(struct failures *f, usec_t mono, bool bad);
struct failures_sum {
    uint64_t all, bad;
};
struct failures_sum failures_of_minute(struct failures *f, usec_t mono);

#endif
