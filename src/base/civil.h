/* The proleptic Gregorian calendar without zones: days and seconds to and from fields, ISO 8601 text. Pure.
 */
#ifndef TESSERA_BASE_CIVIL_H
#define TESSERA_BASE_CIVIL_H

#include "base/clock.h"
#include "base/strv.h"

#include <stdbool.h>
#include <stdint.h>

struct civil {
    int32_t year;                 /* 1..9999 in text; wider in arithmetic */
    uint8_t month, day;           /* 1..12, 1..31 */
    uint8_t hour, minute, second; /* 0..23, 0..59, 0..59 */
    uint32_t usec;                /* 0..999999 */
};

int32_t civil_days(int32_t year, unsigned month, unsigned day); /* days since 1970-01-01 */
void civil_from_days(int32_t days, int32_t *year, unsigned *month, unsigned *day);
unsigned civil_weekday(int32_t days); /* 0 = Monday .. 6 = Sunday */
bool civil_is_leap(int32_t year);
unsigned civil_month_length(int32_t year, unsigned month);
/* Moves by whole months, the day clamped to the month's length. */
int32_t civil_add_months(int32_t days, int32_t months);

/* Fields to and from microseconds since the epoch of the same (zone-less or UTC) clock. */
int64_t civil_to_usec(const struct civil *c);
struct civil civil_from_usec(int64_t usec);
bool civil_valid(const struct civil *c);

/* "2026-11-21" only. */
bool civil_parse_date(struct strv s, int32_t *days);
/* A date, or a date with "T" or " " and hh:mm[:ss[.frac]] and "Z" or +hh:mm or nothing. *has_offset tells
 * whether the text named its offset; the instant is then UTC, else it is the local reading as if UTC. */
bool civil_parse(struct strv s, int64_t *usec, bool *has_offset, bool *has_time);

struct civil_text {
    char s[40];
};
struct civil_text civil_format_date(int32_t days); /* 2026-11-21 */
struct civil_text civil_format_utc(usec_t t);      /* 2026-11-21T22:00:00Z (milliseconds when not whole) */
struct civil_text civil_format_local(int64_t local_usec, int32_t offset_s); /* 2026-11-21T23:00:00+01:00 */

#endif
