/* The system's time zones by name: loads TZif files on first use, keeps them, reads them again on request.
 *
 * A `struct zone` pointer stays valid, with the same name, until zones_free, also across a reload. Getting
 * and reloading change the cache: one thread owns a `struct zones` (make one a thread, they are small);
 * asking a `struct zone` changes nothing. */
#ifndef TESSERA_DOMAIN_ZONE_H
#define TESSERA_DOMAIN_ZONE_H

#include "base/clock.h"
#include "base/err.h"
#include "base/strv.h"

#include <stdbool.h>
#include <stddef.h>

#define ZONE_DEFAULT_DIR "/usr/share/zoneinfo"
#define ZONE_MAX_NAME    63 /* octets; the longest in tzdata has 32 */

struct zone;
struct zones;

/* `dir` NULL: the environment's TZDIR, else ZONE_DEFAULT_DIR. Fails when the directory cannot be read. */
struct zones *zones_new(const char *dir, struct err *e);
void zones_free(struct zones *z);

/* By tzdata name ("Europe/Berlin", "UTC"). NULL: ERR_INVALID for a name that cannot be one (empty, absolute,
 * "..", odd characters), ERR_NOT_FOUND, ERR_CORRUPT, ERR_IO. Failures are not remembered. */
const struct zone *zones_get(struct zones *z, struct strv name, struct err *e);
/* Reads every loaded zone and the version again. On failure nothing changes, the error names the zone. */
bool zones_reload(struct zones *z, struct err *e);
/* Changes whenever a reload has brought new data in: what caches spans compares it. */
unsigned zones_generation(const struct zones *z);
/* tzdata's version, "2026f", from tzdata.zi or +VERSION; "unknown" when neither is there. */
const char *zones_version(const struct zones *z);
const char *zones_dir(const struct zones *z);
size_t zones_loaded(const struct zones *z);
/* Whether the text has the form of a zone's name; touches no disk. */
bool zone_name_valid(struct strv name);

const char *zone_name(const struct zone *z);

/* A stretch of time [from, to) during which local = UTC + offset; 0 > from and USEC_NEVER when unbounded. */
struct zone_span {
    usec_t from, to;
    int32_t offset_s;
};
struct zone_span zone_span_at(const struct zone *z, usec_t at);
int32_t zone_offset(const struct zone *z, usec_t at); /* seconds east of UTC */
/* First instant after `at` at which the offset changes; USEC_NEVER when none. */
usec_t zone_next_change(const struct zone *z, usec_t at);
/* The local reading as microseconds since the epoch as if UTC (see civil_from_usec). */
int64_t zone_local(const struct zone *z, usec_t at);
/* The instant of a local reading: in an overlap the earlier one, in a gap the instant of the transition. */
usec_t zone_instant(const struct zone *z, int64_t local_usec);

#endif
