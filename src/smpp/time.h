/* SMPP times of 16 characters, "YYMMDDhhmmsstnnp" (3.4 §7.1.1, 5.0 §4.7.23.4): absolute with a UTC offset in
 * quarter hours, or relative ("R"). Years 70..99 of an absolute time are read as 2070..2099: such a time is
 * never past. */
#ifndef TESSERA_SMPP_TIME_H
#define TESSERA_SMPP_TIME_H

#include "base/civil.h"
#include "base/clock.h"
#include "base/strv.h"

#include <stdbool.h>
#include <stdint.h>

enum smpp_time_kind { SMPP_TIME_NONE, SMPP_TIME_ABSOLUTE, SMPP_TIME_RELATIVE };

struct smpp_time {
    enum smpp_time_kind kind; /* NONE: the empty string */
    /* ABSOLUTE: the local reading, and its offset from UTC. RELATIVE: the same fields as amounts; year 0..99.
     */
    uint16_t year;
    uint8_t month, day, hour, minute, second, tenth;
    int16_t offset_minutes;
};

#define SMPP_TIME_SIZE 17 /* with the NUL */

/* False when the text is neither empty nor a time. A relative month of 12 and more is taken, as some senders
 * write it; an absolute date must exist. */
bool smpp_time_parse(struct strv s, struct smpp_time *out);
/* The instant meant, for a time said at `now` (months and years by the calendar, in UTC). 0 for NONE. */
usec_t smpp_time_instant(const struct smpp_time *t, usec_t now);
/* Writes the fields as they are; false when one is out of range. NONE gives "". */
bool smpp_time_format(const struct smpp_time *t, char out[SMPP_TIME_SIZE]);
/* The instant in UTC, to a tenth of a second: "YYMMDDhhmmsst00+". False before 2000 or after 2099. */
bool smpp_time_from_instant(usec_t at, char out[SMPP_TIME_SIZE]);
/* A duration as days, hours, minutes and seconds, never months, whose lengths differ; rounded down to a
 * second, and cut to 30 days. False when negative. */
bool smpp_time_from_duration(usec_t duration, char out[SMPP_TIME_SIZE]);

#endif
