#include "audience/eval_time.h"

#include "base/civil.h"

#define DAY_S INT64_C(86400)

/* Days beyond are moved to the bound: ten thousand years are enough, and no product overflows. */
#define DAY_BOUND 4000000

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b != 0 && (a % b < 0) != (b < 0));
}

int32_t eval_time_day_of(const struct eval_time *t, int64_t second)
{
    int64_t offset = t->zone ? zone_offset(t->zone, second * USEC_SEC) : 0;
    return (int32_t)floor_div(second + offset, DAY_S);
}

int64_t eval_time_day_start(const struct eval_time *t, int32_t day)
{
    if (day > DAY_BOUND)
        day = DAY_BOUND;
    if (day < -DAY_BOUND)
        day = -DAY_BOUND;
    int64_t local = (int64_t)day * USEC_DAY;
    usec_t at = t->zone ? zone_instant(t->zone, local) : local;
    return -floor_div(-at, USEC_SEC); /* zones have whole seconds; rounded up all the same */
}

struct eval_time eval_time_at(usec_t now, const struct zone *zone)
{
    struct eval_time t = { .now = now, .now_s = floor_div(now, USEC_SEC), .zone = zone };
    t.today = eval_time_day_of(&t, t.now_s);
    return t;
}

int32_t eval_time_move(int32_t days, int64_t n, enum query_unit unit)
{
    switch (unit) {
    case QUERY_UNIT_HOUR: return days;
    case QUERY_UNIT_DAY: return (int32_t)(days + n);
    case QUERY_UNIT_WEEK: return (int32_t)(days + 7 * n);
    case QUERY_UNIT_MONTH: return civil_add_months(days, (int32_t)n);
    case QUERY_UNIT_YEAR: return civil_add_months(days, (int32_t)(12 * n));
    }
    return days;
}

int32_t eval_time_when(const struct eval_time *t, const struct query_when *w)
{
    switch (w->kind) {
    case QUERY_WHEN_DATE: return w->days;
    case QUERY_WHEN_TODAY: return t->today;
    case QUERY_WHEN_AGO: break;
    }
    if (w->unit == QUERY_UNIT_HOUR)
        return eval_time_day_of(t, t->now_s - (int64_t)w->n * 3600);
    return eval_time_move(t->today, -(int64_t)w->n, w->unit);
}

/* The day on which the unit that holds `day` begins. */
static int32_t unit_start(int32_t day, enum query_unit unit)
{
    int32_t year;
    unsigned month, dom;
    civil_from_days(day, &year, &month, &dom);
    switch (unit) {
    case QUERY_UNIT_WEEK: return day - (int32_t)civil_weekday(day);
    case QUERY_UNIT_MONTH: return civil_days(year, month, 1);
    case QUERY_UNIT_YEAR: return civil_days(year, 1, 1);
    default: return day;
    }
}

/* The second at which the local hour that holds `second` began. */
static int64_t hour_start(const struct eval_time *t, int64_t second)
{
    int64_t local = second + (t->zone ? zone_offset(t->zone, second * USEC_SEC) : 0);
    return second - (local - floor_div(local, 3600) * 3600);
}

/* First and last day of a window of the calendar; false for one that rolls by the hour. */
static bool window_days(const struct eval_time *t, const struct query_window *w, int32_t *first,
                        int32_t *last)
{
    *first = -DAY_BOUND;
    *last = t->today;
    switch (w->kind) {
    case QUERY_WINDOW_LIFETIME: return true;
    case QUERY_WINDOW_LAST:
        *first = eval_time_move(t->today, -(int64_t)w->n, w->unit) + 1;
        return w->unit != QUERY_UNIT_HOUR;
    case QUERY_WINDOW_THIS: *first = unit_start(t->today, w->unit); return w->unit != QUERY_UNIT_HOUR;
    case QUERY_WINDOW_BETWEEN:
        *first = eval_time_when(t, &w->from);
        *last = eval_time_when(t, &w->to);
        return true;
    }
    return true;
}

/* The window with its last day as a whole, even if that is today. */
static struct eval_span window_whole(const struct eval_time *t, const struct query_window *w)
{
    int32_t first, last;
    if (window_days(t, w, &first, &last))
        return (struct eval_span){ eval_time_day_start(t, first), eval_time_day_start(t, last + 1) - 1 };
    if (w->kind == QUERY_WINDOW_THIS)
        return (struct eval_span){ hour_start(t, t->now_s), t->now_s };
    return (struct eval_span){ t->now_s - (int64_t)w->n * 3600 + 1, t->now_s };
}

struct eval_span eval_time_window(const struct eval_time *t, const struct query_window *w)
{
    struct eval_span s = window_whole(t, w);
    if (s.to > t->now_s)
        s.to = t->now_s;
    return s;
}

/* The unit that begins at or after the second. */
static struct eval_span unit_after(const struct eval_time *t, int64_t second, enum query_unit unit)
{
    if (unit == QUERY_UNIT_HOUR) {
        int64_t from = hour_start(t, second);
        while (from < second)
            from = hour_start(t, from + 3600);
        return (struct eval_span){ from, hour_start(t, from + 3600) - 1 };
    }
    int32_t day = unit_start(eval_time_day_of(t, second), unit);
    while (eval_time_day_start(t, day) < second)
        day = unit_start(eval_time_move(day, 1, unit), unit);
    int32_t next = eval_time_move(day, 1, unit);
    return (struct eval_span){ eval_time_day_start(t, day), eval_time_day_start(t, next) - 1 };
}

bool eval_time_next_unit(const struct eval_time *t, const struct query_window *w, enum query_unit unit,
                         int64_t *at, bool *begun, struct eval_span *out)
{
    struct eval_span whole = window_whole(t, w);
    if (!*begun)
        *at = whole.from;
    *begun = true;
    if (*at > whole.to)
        return false;
    *out = unit_after(t, *at, unit);
    *at = out->to + 1;
    return out->to <= whole.to;
}

void eval_time_within(const struct eval_time *t, bool next, uint32_t n, enum query_unit unit, int32_t *first,
                      int32_t *last)
{
    *first = next ? t->today : eval_time_move(t->today, -(int64_t)n, unit) + 1;
    *last = next ? eval_time_move(t->today, n, unit) - 1 : t->today;
}

int64_t eval_time_age(int32_t today, int32_t birth)
{
    int32_t y, by;
    unsigned m, d, bm, bd;
    civil_from_days(today, &y, &m, &d);
    civil_from_days(birth, &by, &bm, &bd);
    /* Day by day in the year the birthday of 29 February comes after 28 February, which is all it takes. */
    return (int64_t)y - by - (m < bm || (m == bm && d < bd));
}

int32_t eval_time_age_cutoff(int32_t today, int32_t years)
{
    int32_t y;
    unsigned m, d;
    civil_from_days(today, &y, &m, &d);
    if (m == 2 && d == 29 && !civil_is_leap(y - years))
        d = 28; /* who was born on 1 March has not had the birthday yet */
    return civil_days(y - years, m, d);
}

void eval_time_anniversaries(int32_t first, int32_t last, struct eval_anniversary *out)
{
    for (size_t i = 0; i < sizeof out->year / sizeof out->year[0]; i++)
        out->year[i] = INT32_MIN;
    if (last > first + 1500) /* every day of the year is in the last four, leap days too */
        first = last - 1500;
    for (int32_t day = first; day <= last; day++) {
        int32_t y;
        unsigned m, d;
        civil_from_days(day, &y, &m, &d);
        out->year[m * 32 + d] = y;
        if (m == 3 && d == 1 && !civil_is_leap(y))
            out->year[2 * 32 + 29] = y;
    }
}
