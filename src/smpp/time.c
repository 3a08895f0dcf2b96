#include "smpp/time.h"

#include <stdio.h>
#include <string.h>

/* Two digits at s, or -1. */
static int two(const char *s)
{
    unsigned a = (unsigned)(s[0] - '0'), b = (unsigned)(s[1] - '0');
    return a > 9 || b > 9 ? -1 : (int)(a * 10 + b);
}

static bool absolute_ok(const struct smpp_time *t)
{
    struct civil c = { .year = t->year,
                       .month = t->month,
                       .day = t->day,
                       .hour = t->hour,
                       .minute = t->minute,
                       .second = t->second };
    return civil_valid(&c);
}

bool smpp_time_parse(struct strv s, struct smpp_time *out)
{
    *out = (struct smpp_time){ .kind = SMPP_TIME_NONE };
    if (s.n == 0)
        return true;
    if (s.n != SMPP_TIME_SIZE - 1)
        return false;
    int f[6], quarters = two(s.p + 13);
    for (int i = 0; i < 6; i++)
        if ((f[i] = two(s.p + 2 * i)) < 0)
            return false;
    unsigned tenth = (unsigned)(s.p[12] - '0');
    char sign = s.p[15];
    if (tenth > 9 || quarters < 0 || !memchr("+-R", sign, 3))
        return false;
    struct smpp_time t = { .kind = sign == 'R' ? SMPP_TIME_RELATIVE : SMPP_TIME_ABSOLUTE,
                           .year = (uint16_t)f[0],
                           .month = (uint8_t)f[1],
                           .day = (uint8_t)f[2],
                           .hour = (uint8_t)f[3],
                           .minute = (uint8_t)f[4],
                           .second = (uint8_t)f[5],
                           .tenth = (uint8_t)tenth };
    if (t.kind == SMPP_TIME_ABSOLUTE) {
        t.year = (uint16_t)(t.year + 2000);
        t.offset_minutes = (int16_t)(sign == '-' ? -15 * quarters : 15 * quarters);
        if (quarters > 48 || !absolute_ok(&t)) /* 3.4 §7.1.1: nn is 00..48 */
            return false;
    }
    *out = t;
    return true;
}

static usec_t relative_instant(const struct smpp_time *t, usec_t now)
{
    struct civil c = civil_from_usec(now);
    int32_t days = civil_add_months(civil_days(c.year, c.month, c.day), 12 * t->year + t->month);
    usec_t of_day = now - civil_days(c.year, c.month, c.day) * USEC_DAY;
    return (days + t->day) * USEC_DAY + of_day + t->hour * USEC_HOUR + t->minute * USEC_MINUTE +
           t->second * USEC_SEC + t->tenth * (USEC_SEC / 10);
}

usec_t smpp_time_instant(const struct smpp_time *t, usec_t now)
{
    if (t->kind == SMPP_TIME_NONE)
        return 0;
    if (t->kind == SMPP_TIME_RELATIVE)
        return relative_instant(t, now);
    struct civil c = { .year = t->year,
                       .month = t->month,
                       .day = t->day,
                       .hour = t->hour,
                       .minute = t->minute,
                       .second = t->second,
                       .usec = t->tenth * 100000u };
    return civil_to_usec(&c) - t->offset_minutes * USEC_MINUTE;
}

/* By hand: one is written into every submission. */
static void put_two(char *out, unsigned n)
{
    out[0] = (char)('0' + n / 10);
    out[1] = (char)('0' + n % 10);
}

bool smpp_time_format(const struct smpp_time *t, char out[SMPP_TIME_SIZE])
{
    out[0] = '\0';
    if (t->kind == SMPP_TIME_NONE)
        return true;
    unsigned year = t->year, quarters = 0;
    char sign = 'R';
    if (t->kind == SMPP_TIME_ABSOLUTE) {
        if (t->year < 2000 || t->offset_minutes % 15 || !absolute_ok(t))
            return false;
        year = t->year - 2000u;
        sign = t->offset_minutes < 0 ? '-' : '+';
        quarters = (unsigned)(t->offset_minutes < 0 ? -t->offset_minutes : t->offset_minutes) / 15;
    }
    if (year > 99 || t->month > 99 || t->day > 99 || t->hour > 99 || t->minute > 99 || t->second > 99 ||
        t->tenth > 9 || quarters > 48)
        return false;
    put_two(out, year);
    put_two(out + 2, t->month);
    put_two(out + 4, t->day);
    put_two(out + 6, t->hour);
    put_two(out + 8, t->minute);
    put_two(out + 10, t->second);
    out[12] = (char)('0' + t->tenth);
    put_two(out + 13, quarters);
    out[15] = sign;
    out[16] = '\0';
    return true;
}

bool smpp_time_from_instant(usec_t at, char out[SMPP_TIME_SIZE])
{
    out[0] = '\0';
    struct civil c = civil_from_usec(at);
    if (c.year < 2000 || c.year > 2099)
        return false;
    struct smpp_time t = { .kind = SMPP_TIME_ABSOLUTE,
                           .year = (uint16_t)c.year,
                           .month = c.month,
                           .day = c.day,
                           .hour = c.hour,
                           .minute = c.minute,
                           .second = c.second,
                           .tenth = (uint8_t)(c.usec / 100000) };
    return smpp_time_format(&t, out);
}

bool smpp_time_from_duration(usec_t duration, char out[SMPP_TIME_SIZE])
{
    out[0] = '\0';
    if (duration < 0)
        return false;
    if (duration > 30 * USEC_DAY)
        duration = 30 * USEC_DAY;
    struct smpp_time t = { .kind = SMPP_TIME_RELATIVE,
                           .day = (uint8_t)(duration / USEC_DAY),
                           .hour = (uint8_t)(duration / USEC_HOUR % 24),
                           .minute = (uint8_t)(duration / USEC_MINUTE % 60),
                           .second = (uint8_t)(duration / USEC_SEC % 60) };
    return smpp_time_format(&t, out);
}
