/* One time zone: the compiled form of tzdata (TZif, RFC 9636, versions 1 to 4) parsed from memory, and the
 * questions asked of it: the offset from UTC at an instant and the next instant at which it changes. The
 * footer (a POSIX TZ string with the extensions of RFC 9636 §3.3.1) answers for all later dates.
 *
 * Instants are seconds since the epoch, UTC, any int64. The input is hostile: every count is checked against
 * the size. Files with leap seconds ("right/") are refused, as instants here have none. Immutable after
 * parsing: any thread may ask. */
#ifndef TESSERA_DOMAIN_TZIF_H
#define TESSERA_DOMAIN_TZIF_H

#include "base/err.h"
#include "base/strv.h"

#include <stdint.h>

#define TZIF_NEVER INT64_MAX

struct tzif;

/* Parses a whole file's content; nothing of `data` is kept. NULL with ERR_CORRUPT, ERR_VERSION or ERR_NOMEM.
 */
struct tzif *tzif_parse(struct strv data, struct err *e);
/* A zone from a POSIX TZ string alone, such as "CET-1CEST,M3.5.0,M10.5.0/3". */
struct tzif *tzif_from_posix(struct strv tz, struct err *e);
void tzif_free(struct tzif *z);

/* A stretch of time during which the local clock runs evenly: [from, to) with local = UTC + offset. */
struct tzif_span {
    int64_t from, to; /* INT64_MIN and TZIF_NEVER when unbounded */
    int32_t offset;   /* seconds east of UTC */
};

/* The span that holds the instant. Neighbouring spans may have the same offset (a change of name or of the
 * DST flag only); tzif_next_change skips those. */
struct tzif_span tzif_span_at(const struct tzif *z, int64_t at);
int32_t tzif_offset(const struct tzif *z, int64_t at);
/* The first instant after `at` at which the offset differs from the one just before it; TZIF_NEVER when there
 * is none within 400 years. */
int64_t tzif_next_change(const struct tzif *z, int64_t at);

#endif
