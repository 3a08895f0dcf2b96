/* POSIX TZ strings as in the footer of TZif files: "CET-1CEST,M3.5.0,M10.5.0/3", with the extension of RFC
 * 9636 §3.3.1 (times of change from -167 to 167 hours). Names are checked and forgotten. Pure. */
#ifndef TESSERA_DOMAIN_POSIX_TZ_H
#define TESSERA_DOMAIN_POSIX_TZ_H

#include "base/err.h"
#include "base/strv.h"
#include "domain/tzif.h"

#include <stdbool.h>
#include <stdint.h>

struct posix_tz_day {
    enum { POSIX_DAY_MONTH, POSIX_DAY_JULIAN, POSIX_DAY_OF_YEAR } kind; /* Mm.w.d, Jn, n */
    uint16_t day; /* Jn: 1..365, n: 0..365, M: weekday, 0 = Sunday */
    uint8_t month, week;
    int32_t time; /* seconds after 00:00 local time */
};

struct posix_tz {
    int32_t std, dst; /* seconds east of UTC */
    bool has_dst;     /* two changes a year: standard time until `start`, summer time until `end` */
    struct posix_tz_day start, end;
};

bool posix_tz_parse(struct strv s, struct posix_tz *out, struct err *e);
/* Any int64; the calendar repeats after 400 years. */
struct tzif_span posix_tz_span(const struct posix_tz *tz, int64_t at);

#endif
