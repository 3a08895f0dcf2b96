#include "base/civil.h"

#include <stdio.h>

/* Days are counted in eras of 400 years that begin on 1 March, so that the leap day is the last of its year
 * and month lengths follow one linear formula. */
#define ERA_DAYS   146097
#define EPOCH_DAYS 719468 /* 0000-03-01 to 1970-01-01 */

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

bool civil_is_leap(int32_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

unsigned civil_month_length(int32_t year, unsigned month)
{
    static const uint8_t lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    if (month < 1 || month > 12) {
        return 0;
    }
    return month == 2 && civil_is_leap(year) ? 29 : lengths[month - 1];
}

int32_t civil_days(int32_t year, unsigned month, unsigned day)
{
    int64_t y = (int64_t)year - (month <= 2);
    int64_t era = floor_div(y, 400);
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * (int64_t)(month > 2 ? month - 3 : month + 9) + 2) / 5 + (int64_t)day - 1;
    return (int32_t)(era * ERA_DAYS + of_era * 365 + of_era / 4 - of_era / 100 + of_year - EPOCH_DAYS);
}

void civil_from_days(int32_t days, int32_t *year, unsigned *month, unsigned *day)
{
    int64_t z = (int64_t)days + EPOCH_DAYS;
    int64_t era = floor_div(z, ERA_DAYS);
    int64_t of_era = z - era * ERA_DAYS;
    int64_t years = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * years + years / 4 - years / 100);
    int64_t m = (5 * of_year + 2) / 153;
    *day = (unsigned)(of_year - (153 * m + 2) / 5 + 1);
    *month = (unsigned)(m < 10 ? m + 3 : m - 9);
    *year = (int32_t)(years + era * 400 + (*month <= 2));
}

unsigned civil_weekday(int32_t days)
{
    int64_t d = (int64_t)days + 3; /* 1970-01-01 was a Thursday */
    return (unsigned)(d - floor_div(d, 7) * 7);
}

int32_t civil_add_months(int32_t days, int32_t months)
{
    int32_t year;
    unsigned month, day;
    civil_from_days(days, &year, &month, &day);
    int64_t at = (int64_t)year * 12 + (month - 1) + months;
    int64_t y = floor_div(at, 12);
    unsigned m = (unsigned)(at - y * 12) + 1;
    unsigned length = civil_month_length((int32_t)y, m);
    return civil_days((int32_t)y, m, day < length ? day : length);
}

bool civil_valid(const struct civil *c)
{
    return c->year >= 1 && c->year <= 9999 && c->month >= 1 && c->month <= 12 && c->day >= 1 &&
           c->day <= civil_month_length(c->year, c->month) && c->hour < 24 && c->minute < 60 &&
           c->second < 60 && c->usec < 1000000;
}

int64_t civil_to_usec(const struct civil *c)
{
    int64_t seconds =
        (int64_t)civil_days(c->year, c->month, c->day) * 86400 + c->hour * 3600 + c->minute * 60 + c->second;
    int64_t usec;
    if (__builtin_mul_overflow(seconds, USEC_SEC, &usec) || __builtin_add_overflow(usec, c->usec, &usec)) {
        return seconds < 0 ? INT64_MIN : INT64_MAX; /* years beyond what microseconds can count */
    }
    return usec;
}

struct civil civil_from_usec(int64_t usec)
{
    int64_t days = floor_div(usec, USEC_DAY);
    int64_t rest = usec % USEC_DAY;
    rest += rest < 0 ? USEC_DAY : 0;
    struct civil c = { 0 };
    unsigned month, day;
    civil_from_days((int32_t)days, &c.year, &month, &day);
    c.month = (uint8_t)month;
    c.day = (uint8_t)day;
    c.hour = (uint8_t)(rest / USEC_HOUR);
    c.minute = (uint8_t)(rest / USEC_MINUTE % 60);
    c.second = (uint8_t)(rest / USEC_SEC % 60);
    c.usec = (uint32_t)(rest % USEC_SEC);
    return c;
}

/* Exactly `digits` decimal digits off the front. */
static bool take_number(struct strv *s, unsigned digits, unsigned *out)
{
    if (s->n < digits) {
        return false;
    }
    unsigned v = 0;
    for (unsigned i = 0; i < digits; i++) {
        if (s->p[i] < '0' || s->p[i] > '9') {
            return false;
        }
        v = v * 10 + (unsigned)(s->p[i] - '0');
    }
    *s = strv_sub(*s, digits, s->n);
    *out = v;
    return true;
}

static bool take_char(struct strv *s, char c)
{
    if (!s->n || s->p[0] != c) {
        return false;
    }
    *s = strv_sub(*s, 1, s->n);
    return true;
}

static bool take_date(struct strv *s, struct civil *c)
{
    unsigned year, month, day;
    if (!take_number(s, 4, &year) || !take_char(s, '-') || !take_number(s, 2, &month) || !take_char(s, '-') ||
        !take_number(s, 2, &day)) {
        return false;
    }
    *c = (struct civil){ .year = (int32_t)year, .month = (uint8_t)month, .day = (uint8_t)day };
    return civil_valid(c);
}

/* Fractions finer than a microsecond are cut, as the clock would. */
static bool take_fraction(struct strv *s, uint32_t *usec)
{
    unsigned digits = 0;
    uint32_t v = 0;
    for (; s->n && s->p[0] >= '0' && s->p[0] <= '9' && digits < 9; digits++) {
        if (digits < 6) {
            v = v * 10 + (uint32_t)(s->p[0] - '0');
        }
        *s = strv_sub(*s, 1, s->n);
    }
    for (unsigned i = digits; i < 6; i++) {
        v *= 10;
    }
    *usec = v;
    return digits > 0;
}

static bool take_time(struct strv *s, struct civil *c)
{
    unsigned hour, minute, second = 0;
    if (!take_number(s, 2, &hour) || !take_char(s, ':') || !take_number(s, 2, &minute)) {
        return false;
    }
    if (take_char(s, ':')) {
        if (!take_number(s, 2, &second) || (take_char(s, '.') && !take_fraction(s, &c->usec))) {
            return false;
        }
    }
    c->hour = (uint8_t)hour;
    c->minute = (uint8_t)minute;
    c->second = (uint8_t)second;
    return civil_valid(c);
}

static bool take_offset(struct strv *s, int64_t *offset)
{
    if (take_char(s, 'Z')) {
        *offset = 0;
        return true;
    }
    unsigned hour, minute;
    bool west = s->n && s->p[0] == '-';
    if (!(west ? take_char(s, '-') : take_char(s, '+')) || !take_number(s, 2, &hour) || !take_char(s, ':') ||
        !take_number(s, 2, &minute) || hour > 23 || minute > 59) {
        return false;
    }
    *offset = (hour * USEC_HOUR + minute * USEC_MINUTE) * (west ? -1 : 1);
    return true;
}

bool civil_parse_date(struct strv s, int32_t *days)
{
    struct civil c;
    if (!take_date(&s, &c) || s.n) {
        return false;
    }
    *days = civil_days(c.year, c.month, c.day);
    return true;
}

bool civil_parse(struct strv s, int64_t *usec, bool *has_offset, bool *has_time)
{
    struct civil c;
    int64_t offset = 0;
    bool timed = false, zoned = false;
    if (!take_date(&s, &c)) {
        return false;
    }
    if (s.n) {
        timed = true;
        if (!(take_char(&s, 'T') || take_char(&s, ' ')) || !take_time(&s, &c)) {
            return false;
        }
    }
    if (s.n) {
        zoned = true;
        if (!take_offset(&s, &offset) || s.n) {
            return false;
        }
    }
    *usec = civil_to_usec(&c) - offset;
    if (has_offset) {
        *has_offset = zoned;
    }
    if (has_time) {
        *has_time = timed;
    }
    return true;
}

struct civil_text civil_format_date(int32_t days)
{
    struct civil_text t;
    int32_t year;
    unsigned month, day;
    civil_from_days(days, &year, &month, &day);
    snprintf(t.s, sizeof t.s, "%04d-%02u-%02u", (int)year, month, day);
    return t;
}

static int format_clock(char *dst, size_t size, int64_t usec)
{
    struct civil c = civil_from_usec(usec);
    char fraction[8] = "";
    if (c.usec) {
        snprintf(fraction, sizeof fraction, ".%03u", (unsigned)c.usec / 1000 % 1000);
    }
    return snprintf(dst, size, "%04d-%02u-%02uT%02u:%02u:%02u%s", (int)c.year, (unsigned)c.month,
                    (unsigned)c.day, (unsigned)c.hour, (unsigned)c.minute, (unsigned)c.second, fraction);
}

struct civil_text civil_format_utc(usec_t t)
{
    struct civil_text out;
    int n = format_clock(out.s, sizeof out.s - 1, t);
    out.s[n] = 'Z';
    out.s[n + 1] = '\0';
    return out;
}

struct civil_text civil_format_local(int64_t local_usec, int32_t offset_s)
{
    struct civil_text out;
    int n = format_clock(out.s, sizeof out.s, local_usec);
    unsigned off = offset_s < 0 ? 0u - (unsigned)offset_s : (unsigned)offset_s;
    snprintf(out.s + n, sizeof out.s - (size_t)n, "%c%02u:%02u", offset_s < 0 ? '-' : '+', off / 3600 % 100,
             off / 60 % 60);
    return out;
}
