/* What people write for durations, sizes and instants. Pure but for the zone of the process (localtime). */
#ifndef TESSERA_CLI_VALUES_H
#define TESSERA_CLI_VALUES_H

#include "base/clock.h"
#include "base/err.h"
#include "base/strv.h"

#include <stdbool.h>
#include <stdint.h>

#define VALUES_MAX_DURATION (400 * USEC_DAY)

/* "90s", "1h30m", "1.5h", "2d", "1w", "500ms": one or more numbers with units, largest first. A number
 * without a unit is refused. */
bool values_parse_duration(struct strv s, usec_t *out, struct err *e);
/* "4096", "64K", "1M", "1MiB", "1.5m": octets, by powers of 1024. */
bool values_parse_size(struct strv s, uint64_t *out, struct err *e);

struct values_instant {
    bool relative; /* `usec` is to be added to the daemon's own time */
    int64_t usec;
};
/* RFC 3339 with an offset; "2026-11-21 18:30[:00]" or "2026-11-21" in the local zone; "now", "+2h", "-30m".
 */
bool values_parse_instant(struct strv s, struct values_instant *out, struct err *e);

/* The instant of a reading of the local clock (as if it were UTC); a reading that does not exist is moved on.
 */
usec_t values_local_to_wall(int64_t local_usec);

#endif
