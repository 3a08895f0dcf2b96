#include "domain/posix_tz.h"

#include "base/civil.h"

#include <string.h>

#define DAY         86400
#define CYCLE       (INT64_C(146097) * DAY) /* 400 years: a whole number of weeks, too */
#define MAX_TZ_SIZE 256

/* --- reading --- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alpha(char c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool eat(struct strv *s, char c)
{
    if (s->n == 0 || s->p[0] != c) {
        return false;
    }
    *s = strv_sub(*s, 1, s->n);
    return true;
}

/* Three or more letters, or "<" letters, digits and signs ">". */
static bool eat_name(struct strv *s)
{
    bool quoted = eat(s, '<');
    size_t n = 0;
    while (n < s->n &&
           (is_alpha(s->p[n]) || (quoted && (is_digit(s->p[n]) || s->p[n] == '+' || s->p[n] == '-')))) {
        n++;
    }
    *s = strv_sub(*s, n, s->n);
    return n >= 3 && (!quoted || eat(s, '>'));
}

static bool eat_number(struct strv *s, unsigned min, unsigned max, unsigned *out)
{
    unsigned v = 0;
    size_t n = 0;
    while (n < s->n && n < 4 && is_digit(s->p[n])) {
        v = v * 10 + (unsigned)(s->p[n++] - '0');
    }
    *s = strv_sub(*s, n, s->n);
    *out = v;
    return n > 0 && v >= min && v <= max;
}

/* [+-]hh[:mm[:ss]] in seconds. */
static bool eat_time(struct strv *s, unsigned max_hours, int32_t *out)
{
    bool minus = eat(s, '-');
    unsigned h, m = 0, sec = 0;
    if (!minus) {
        eat(s, '+');
    }
    if (!eat_number(s, 0, max_hours, &h)) {
        return false;
    }
    if (eat(s, ':')) {
        if (!eat_number(s, 0, 59, &m) || (eat(s, ':') && !eat_number(s, 0, 59, &sec))) {
            return false;
        }
    }
    int32_t v = (int32_t)(h * 3600 + m * 60 + sec);
    *out = minus ? -v : v;
    return true;
}

static bool eat_day(struct strv *s, struct posix_tz_day *d)
{
    unsigned a, b = 0, c = 0;
    if (eat(s, 'M')) {
        d->kind = POSIX_DAY_MONTH;
        if (!eat_number(s, 1, 12, &a) || !eat(s, '.') || !eat_number(s, 1, 5, &b) || !eat(s, '.') ||
            !eat_number(s, 0, 6, &c)) {
            return false;
        }
        d->month = (uint8_t)a;
        d->week = (uint8_t)b;
        d->day = (uint16_t)c;
    } else {
        d->kind = eat(s, 'J') ? POSIX_DAY_JULIAN : POSIX_DAY_OF_YEAR;
        if (!eat_number(s, d->kind == POSIX_DAY_JULIAN ? 1 : 0, 365, &a)) {
            return false;
        }
        d->day = (uint16_t)a;
    }
    d->time = 2 * 3600;
    return !eat(s, '/') || eat_time(s, 167, &d->time);
}

static int64_t change_at(const struct posix_tz_day *d, int32_t year, int32_t offset);

/* "EST5EDT,0/0,J365/25": summer time that ends when it begins again, that is always. */
static bool is_permanent(const struct posix_tz *tz)
{
    for (int32_t year = 2000; year < 2400; year++) {
        if (change_at(&tz->end, year, tz->dst) < change_at(&tz->start, year + 1, tz->std)) {
            return false;
        }
    }
    return true;
}

bool posix_tz_parse(struct strv s, struct posix_tz *out, struct err *e)
{
    struct posix_tz tz = { 0 };
    bool ok = s.n <= MAX_TZ_SIZE && eat_name(&s) && eat_time(&s, 24, &tz.std);
    tz.std = -tz.std; /* POSIX counts west of Greenwich */
    tz.dst = tz.std + 3600;
    if (ok && s.n) {
        tz.has_dst = true;
        ok = eat_name(&s);
        if (ok && s.n && s.p[0] != ',') {
            ok = eat_time(&s, 24, &tz.dst);
            tz.dst = -tz.dst;
        }
        ok = ok && eat(&s, ',') && eat_day(&s, &tz.start) && eat(&s, ',') && eat_day(&s, &tz.end) && s.n == 0;
    }
    if (!ok) {
        return err_set(e, ERR_CORRUPT, "the TZ string is not valid");
    }
    if (tz.has_dst && (tz.dst == tz.std || is_permanent(&tz))) {
        tz.std = tz.dst;
        tz.has_dst = false;
    }
    *out = tz;
    return true;
}

/* --- asking --- */

static int32_t day_in_year(const struct posix_tz_day *d, int32_t year)
{
    if (d->kind == POSIX_DAY_OF_YEAR) {
        return civil_days(year, 1, 1) + d->day;
    }
    if (d->kind == POSIX_DAY_JULIAN) { /* 29 February is never counted */
        return civil_days(year, 1, 1) + d->day - 1 + (civil_is_leap(year) && d->day >= 60);
    }
    int32_t first = civil_days(year, d->month, 1);
    unsigned weekday = (civil_weekday(first) + 1) % 7; /* 0 = Sunday, as POSIX has it */
    unsigned day = (d->day + 7 - weekday) % 7 + 7 * (d->week - 1u);
    while (day >= civil_month_length(year, d->month)) { /* week 5 is the last */
        day -= 7;
    }
    return first + (int32_t)day;
}

/* The instant of the change, given the offset that holds before it. */
static int64_t change_at(const struct posix_tz_day *d, int32_t year, int32_t offset)
{
    return (int64_t)day_in_year(d, year) * DAY + d->time - offset;
}

static int64_t add_saturating(int64_t a, int64_t b)
{
    int64_t v;
    return __builtin_add_overflow(a, b, &v) ? (b < 0 ? INT64_MIN : TZIF_NEVER) : v;
}

struct tzif_span posix_tz_span(const struct posix_tz *tz, int64_t at)
{
    struct tzif_span s = { INT64_MIN, TZIF_NEVER, tz->std };
    if (!tz->has_dst) {
        return s;
    }
    int64_t near = at % CYCLE; /* within 400 years of 1970: the same calendar, and nothing overflows */
    int32_t year;
    unsigned month, day;
    civil_from_days((int32_t)(near / DAY), &year, &month, &day);

    int64_t from = INT64_MIN, to = TZIF_NEVER;
    for (int32_t y = year - 2; y <= year + 2; y++) {
        const struct {
            int64_t at;
            int32_t offset;
        } changes[] = { { change_at(&tz->start, y, tz->std), tz->dst },
                        { change_at(&tz->end, y, tz->dst), tz->std } };
        for (unsigned i = 0; i < 2; i++) {
            if (changes[i].at <= near && changes[i].at >= from) {
                from = changes[i].at;
                s.offset = changes[i].offset;
            } else if (changes[i].at > near && changes[i].at < to) {
                to = changes[i].at;
            }
        }
    }
    s.from = add_saturating(at, from - near);
    s.to = add_saturating(at, to - near);
    return s;
}
