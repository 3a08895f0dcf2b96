/* One customer's habits. */
#include "audience/habit.h"

#include "audience/eval_internal.h"
#include "store/events.h"

#include <stdlib.h>

#define DAY_S INT64_C(86400)

/* --- one type of event --- */

struct habit_scan {
    uint32_t customer;
    int64_t from, to; /* seconds, both included */
    int64_t *seconds; /* of those in it; NULL: only counted */
    size_t n, cap;
    int64_t last; /* of what there is at all */
    bool keep, nomem;
};

static bool scan_keep(struct habit_scan *s, int64_t second)
{
    if (s->n == s->cap) {
        size_t cap = s->cap ? s->cap * 2 : 64;
        int64_t *more = realloc(s->seconds, cap * sizeof *more);
        if (!more) {
            s->nomem = true;
            return false;
        }
        s->seconds = more;
        s->cap = cap;
    }
    s->seconds[s->n] = second;
    return true;
}

static bool scan_block(void *ctx, const struct events_block *b)
{
    struct habit_scan *s = ctx;
    uint32_t row, end;
    if (!events_rows_of(b, s->customer, &row, &end))
        return true;
    for (; row < end; row++) {
        int64_t second = b->day * DAY_S + packed_get(&b->second, row);
        if (second < s->from || second > s->to)
            continue;
        if (s->keep && !scan_keep(s, second))
            return false;
        s->n++;
        s->last = second > s->last ? second : s->last;
    }
    return true;
}

static int32_t scan_day(int64_t second)
{
    int64_t day = second / DAY_S - (second % DAY_S < 0);
    return day < INT32_MIN ? INT32_MIN : day > INT32_MAX ? INT32_MAX : (int32_t)day;
}

static bool scan_type(struct audience_view *v, uint16_t type, struct habit_scan *s, struct err *e)
{
    s->last = INT64_MIN;
    events_each_of(v->txn, type, s->customer, s->customer, scan_day(s->from), scan_day(s->to), scan_block, s);
    return s->nomem ? err_set(e, ERR_NOMEM, "out of memory") : catalog_ok(v->txn, e);
}

/* --- the last ones, and what arrives --- */

struct habit_reader {
    struct audience_view *view;
    uint32_t customer;
    struct eval_span window;
    struct err *err;
};

/* How many there are in the window, and the last one: before the window it is looked for only when there is
 * none in it. */
static bool read_last(const struct habit_reader *r, uint16_t type, uint64_t *count, usec_t *last)
{
    struct habit_scan s = { .customer = r->customer, .from = r->window.from, .to = r->window.to };
    if (!scan_type(r->view, type, &s, r->err))
        return false;
    *count = s.n;
    if (s.n == 0) {
        s.from = INT64_MIN;
        if (!scan_type(r->view, type, &s, r->err))
            return false;
    }
    *last = s.n ? s.last * USEC_SEC : 0;
    return true;
}

/* --- hours --- */

static int compare_seconds(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void count_hours(struct habit *h, const struct habit_scan *s, const struct habit_scan *except)
{
    struct zone_span span = { 0 };
    for (size_t i = 0; i < s->n; i++) {
        const usec_t at = s->seconds[i] * USEC_SEC;
        if (except && except->n &&
            bsearch(&s->seconds[i], except->seconds, except->n, sizeof *s->seconds, compare_seconds))
            continue;
        if (h->zone && (at < span.from || at >= span.to))
            span = zone_span_at(h->zone, at);
        int64_t second = (s->seconds[i] + span.offset_s) % DAY_S;
        h->hours[(second < 0 ? second + DAY_S : second) / 3600]++;
        h->events++;
    }
}

static bool read_hours(const struct habit_reader *r, struct habit *h)
{
    static const uint16_t types[] = { EVENT_INBOUND, EVENT_REPLY, EVENT_CLICK };
    struct habit_scan s[3];
    bool ok = true;
    for (size_t i = 0; i < 3; i++) {
        s[i] = (struct habit_scan){
            .customer = r->customer, .from = r->window.from, .to = r->window.to, .keep = true
        };
        ok = ok && scan_type(r->view, types[i], &s[i], r->err);
    }
    if (ok && s[0].n)
        qsort(s[0].seconds, s[0].n, sizeof *s[0].seconds, compare_seconds);
    for (size_t i = 0; ok && i < 3; i++)
        count_hours(h, &s[i], types[i] == EVENT_REPLY ? &s[0] : NULL);
    for (size_t i = 0; i < 3; i++)
        free(s[i].seconds);
    return ok;
}

bool habit_read(struct audience_view *v, uint32_t customer, const struct habit_options *o, struct habit *out,
                struct err *e)
{
    const struct query_window window = { .kind = QUERY_WINDOW_LAST, .n = HABIT_DAYS, .unit = QUERY_UNIT_DAY };
    const struct eval_time time = eval_time_at(o->now, o->zone);
    const struct habit_reader r = { v, customer, eval_time_window(&time, &window), e };
    uint64_t failed, unused;
    *out = (struct habit){ .zone = eval_zones_of(v, customer, o->zones, o->zone) };
    if (!read_last(&r, EVENT_INBOUND, &unused, &out->inbound) ||
        !read_last(&r, EVENT_SENT, &unused, &out->sent) ||
        !read_last(&r, EVENT_DELIVERED, &out->arrived, &out->delivered) ||
        !read_last(&r, EVENT_FAILED, &failed, &out->failed))
        return false;
    out->receipts = out->arrived + failed;
    return read_hours(&r, out);
}

bool habit_peak(const struct habit *h, struct habit_peak *out)
{
    if (h->events < HABIT_MIN_EVENTS)
        return false;
    for (unsigned n = 1; n <= HABIT_MAX_HOURS; n++) {
        *out = (struct habit_peak){ .count = 0 };
        for (unsigned from = 0; from < 24; from++) {
            uint64_t count = 0;
            for (unsigned i = 0; i < n; i++)
                count += h->hours[(from + i) % 24];
            if (count > out->count)
                *out = (struct habit_peak){ from, (from + n - 1) % 24 + 1, count };
        }
        if (out->count * 5 >= h->events * 3)
            return true;
    }
    return false;
}
