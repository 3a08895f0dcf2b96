#include "domain/quiet.h"

#include "base/civil.h"
#include "domain/quiet_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_INSTANT (INT64_C(1) << 60) /* 36,000 years: nothing below overflows */
#define DAY_SECONDS 86400
#define MAX_MARGIN  (12 * USEC_HOUR)
#define CLASS_PLANS 2 /* transactional and promotional: one-time passwords need none */

/* A row in one zone: the unit that is open or closed. The span and the day asked for last are remembered,
 * since the next question is nearly always about the same day. */
struct pair {
    const struct quiet_row *row;
    const struct zone *zone;
    struct zone_span span; /* of the instant asked last; empty at first */
    int32_t day;           /* local day the two cells below are of */
    bool day_known;
    const struct quiet_cell *cell;
    const struct quiet_cell *also; /* must be open as well, or NULL */
};

/* What decides for one clock and class. No pairs: always open. */
struct plan {
    bool no_clock; /* never open: a zone is needed and not known */
    unsigned pair_count;
    const struct quiet_holidays *of_region, *of_country;
    const struct quiet_row *rows[2];
    unsigned row_count;
    char missing[ZONE_MAX_NAME + 1]; /* no_clock: the zone that could not be loaded, "" = none known at all */
    struct pair pairs[];
};

struct quiet {
    struct quiet_table table;
    struct clocks *clocks;
    struct zones *zones;
    usec_t margin;
    unsigned generation; /* of the zones when the plans were made */
    struct plan **plans; /* [clock * CLASS_PLANS + class] */
    size_t plan_cap;
};

/* --- life --- */

struct quiet *quiet_load(const struct quiet_options *o, struct err *e)
{
    if (o->margin < 0 || o->margin > MAX_MARGIN) {
        err_set(e, ERR_INVALID, "the closing margin must be 0 to 12 hours");
        return NULL;
    }
    struct quiet *q = calloc(1, sizeof *q);
    if (!q) {
        err_set(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    q->clocks = o->clocks;
    q->zones = o->zones;
    q->margin = o->margin;
    q->generation = zones_generation(o->zones);
    if (!quiet_table_load(&q->table, o->rules_path, o->holidays_path, o->skip_low, o->skip_unverified, e)) {
        free(q);
        return NULL;
    }
    return q;
}

void quiet_forget(struct quiet *q)
{
    for (size_t i = 0; i < q->plan_cap; i++) {
        free(q->plans[i]);
    }
    free(q->plans);
    q->plans = NULL;
    q->plan_cap = 0;
}

void quiet_free(struct quiet *q)
{
    if (q) {
        quiet_forget(q);
        quiet_table_free(&q->table);
        free(q);
    }
}

/* --- plans --- */

static const struct quiet_row *row_for(const struct quiet_table *t, struct strv region, enum message_class c)
{
    const struct quiet_row *r = quiet_table_row(t, region, message_class_name(c));
    return r ? r : quiet_table_row(t, region, "all");
}

/* The rows that hold for a region: its own and its country's, or those of region "*". */
static unsigned rows_for(const struct quiet_table *t, struct strv region, enum message_class c,
                         const struct quiet_row *rows[2])
{
    unsigned n = 0;
    const struct quiet_row *r = row_for(t, region, c);
    if (r) {
        rows[n++] = r;
    }
    if (region.n > 2 && (r = row_for(t, strv_sub(region, 0, 2), c))) {
        rows[n++] = r;
    }
    if (n == 0) {
        rows[n++] = row_for(t, STRV("*"), c); /* there is one: checked at loading */
    }
    return n;
}

static void add_pair(struct quiet *q, struct plan *p, const struct quiet_row *row, const char *zone_name)
{
    const struct zone *zone = zones_get(q->zones, strv_from(zone_name), NULL);
    if (!zone) {
        p->no_clock = true;
        strv_copy(strv_from(zone_name), p->missing, sizeof p->missing);
        return;
    }
    p->pairs[p->pair_count++] = (struct pair){ .row = row, .zone = zone };
}

static struct plan *make_plan(struct quiet *q, uint32_t clock, enum message_class c)
{
    struct strv region = strv_from(clocks_region(q->clocks, clock));
    unsigned zone_count = clocks_zone_count(q->clocks, clock);
    struct plan *p = calloc(1, sizeof *p + (2 * (size_t)zone_count + 2) * sizeof p->pairs[0]);
    if (!p) {
        return NULL;
    }
    p->row_count = rows_for(&q->table, region, c, p->rows);
    p->of_region = quiet_table_holidays(&q->table, region);
    p->of_country = region.n > 2 ? quiet_table_holidays(&q->table, strv_sub(region, 0, 2)) : NULL;
    for (unsigned i = 0; i < p->row_count; i++) {
        const struct quiet_row *row = p->rows[i];
        if (row->unlimited) {
            continue;
        }
        if (row->zone[0]) {
            add_pair(q, p, row, row->zone);
            continue;
        }
        p->no_clock = p->no_clock || zone_count == 0;
        for (unsigned z = 0; z < zone_count; z++) {
            add_pair(q, p, row, clocks_zone(q->clocks, clock, z));
        }
    }
    return p;
}

/* NULL, which is closed: without memory, or for an instant that no calendar holds. */
static struct plan *plan_for(struct quiet *q, uint32_t clock, enum message_class c, usec_t at)
{
    if (at < -MAX_INSTANT || at > MAX_INSTANT) {
        return NULL;
    }
    if (clock >= clocks_count(q->clocks)) {
        clock = CLOCKS_UNKNOWN;
    }
    if (q->generation != zones_generation(q->zones)) {
        quiet_forget(q);
        q->generation = zones_generation(q->zones);
    }
    size_t slot = (size_t)clock * CLASS_PLANS + (c == CLASS_PROMOTIONAL);
    if (slot >= q->plan_cap) {
        size_t cap = (size_t)clocks_count(q->clocks) * CLASS_PLANS;
        cap = cap > slot ? cap : slot + 1;
        struct plan **more = realloc(q->plans, cap * sizeof *more);
        if (!more) {
            return NULL;
        }
        memset(more + q->plan_cap, 0, (cap - q->plan_cap) * sizeof *more);
        q->plans = more;
        q->plan_cap = cap;
    }
    if (!q->plans[slot]) {
        q->plans[slot] = make_plan(q, clock, c);
    }
    return q->plans[slot];
}

/* --- one pair --- */

static void choose_cells(const struct quiet *q, const struct plan *p, struct pair *r, int32_t day)
{
    const struct quiet_row *row = r->row;
    r->day = day;
    r->day_known = true;
    r->cell = &row->days[civil_weekday(day)];
    r->also = NULL;
    if (!row->own_holiday) {
        return;
    }
    if (quiet_holidays_has(p->of_region, day) || quiet_holidays_has(p->of_country, day)) {
        r->cell = &row->holiday;
    } else if ((p->of_region || p->of_country) &&
               (day < q->table.covered_from || day >= q->table.covered_to)) {
        r->also = &row->holiday; /* nobody knows whether it is a holiday: both must agree */
    }
}

/* The local second of the day; the pair's span and cells are then those of the instant. */
static int32_t enter(const struct quiet *q, const struct plan *p, struct pair *r, usec_t at)
{
    if (at < r->span.from || at >= r->span.to) {
        r->span = zone_span_at(r->zone, at);
    }
    int64_t local = at / USEC_SEC - (at % USEC_SEC < 0) + r->span.offset_s;
    int64_t day = local / DAY_SECONDS - (local % DAY_SECONDS < 0);
    if (!r->day_known || r->day != (int32_t)day) {
        choose_cells(q, p, r, (int32_t)day);
    }
    return (int32_t)(local - day * DAY_SECONDS);
}

static bool cell_open(const struct quiet_cell *c, int32_t second)
{
    for (unsigned i = 0; i < c->count; i++) {
        if (second >= c->windows[i].from * 60 && second < c->windows[i].to * 60) {
            return true;
        }
    }
    return false;
}

/* The next second of this day at which the cell may change; the end of the day when it does not. */
static int32_t cell_edge(const struct quiet_cell *c, int32_t second)
{
    for (unsigned i = 0; i < c->count; i++) {
        if (c->windows[i].from * 60 > second) {
            return c->windows[i].from * 60;
        }
        if (c->windows[i].to * 60 > second) {
            return c->windows[i].to * 60;
        }
    }
    return DAY_SECONDS;
}

static bool pair_open(const struct quiet *q, const struct plan *p, struct pair *r, usec_t at)
{
    int32_t second = enter(q, p, r, at);
    return cell_open(r->cell, second) && (!r->also || cell_open(r->also, second));
}

/* The nearer of the next edge on the local clock and the next change of that clock, which may be nothing. */
static usec_t pair_edge(const struct quiet *q, const struct plan *p, struct pair *r, usec_t at)
{
    int32_t second = enter(q, p, r, at), edge = cell_edge(r->cell, second);
    if (r->also) {
        int32_t other = cell_edge(r->also, second);
        edge = other < edge ? other : edge;
    }
    usec_t part = at % USEC_SEC, next;
    usec_t whole = at - (part < 0 ? part + USEC_SEC : part);
    if (__builtin_add_overflow(whole, (edge - second) * USEC_SEC, &next)) {
        return USEC_NEVER;
    }
    return next < r->span.to ? next : r->span.to;
}

/* --- all pairs --- */

/* A pair that is closed at the instant, or NULL when all are open. */
static struct pair *closed_pair(const struct quiet *q, struct plan *p, usec_t at)
{
    for (unsigned i = 0; i < p->pair_count; i++) {
        if (!pair_open(q, p, &p->pairs[i], at)) {
            return &p->pairs[i];
        }
    }
    return NULL;
}

static usec_t plus(usec_t at, usec_t by)
{
    usec_t v;
    return __builtin_add_overflow(at, by, &v) ? USEC_NEVER : v;
}

/* The first instant >= from, and not after `limit`, at which all are open, without margin. */
static usec_t opens_at(const struct quiet *q, struct plan *p, usec_t from, usec_t limit)
{
    struct pair *closed;
    while (from <= limit && from != USEC_NEVER) {
        if (!(closed = closed_pair(q, p, from))) {
            return from;
        }
        from = pair_edge(q, p, closed, from); /* nothing opens before this one moves */
    }
    return USEC_NEVER;
}

/* All are open at `at`: the first instant after it, and not after `limit`, at which one is not. */
static usec_t closes_at(const struct quiet *q, struct plan *p, usec_t at, usec_t limit)
{
    if (p->pair_count == 0) {
        return USEC_NEVER;
    }
    for (;;) {
        usec_t next = USEC_NEVER;
        for (unsigned i = 0; i < p->pair_count; i++) {
            usec_t edge = pair_edge(q, p, &p->pairs[i], at);
            next = edge < next ? edge : next;
        }
        if (next > limit || next == USEC_NEVER) {
            return USEC_NEVER;
        }
        if (closed_pair(q, p, next)) {
            return next;
        }
        at = next;
    }
}

static bool allowed(const struct quiet *q, struct plan *p, usec_t at)
{
    if (p->no_clock || closed_pair(q, p, at)) {
        return false;
    }
    return q->margin == 0 || closes_at(q, p, at, plus(at, q->margin)) == USEC_NEVER;
}

static usec_t next_open(const struct quiet *q, struct plan *p, usec_t from)
{
    usec_t limit = plus(from, QUIET_HORIZON);
    while (!p->no_clock && from != USEC_NEVER) {
        from = opens_at(q, p, from, limit);
        if (from == USEC_NEVER || q->margin == 0) {
            return from;
        }
        usec_t end = closes_at(q, p, from, plus(from, q->margin));
        if (end == USEC_NEVER) {
            return from;
        }
        from = end; /* too little left of this window */
    }
    return USEC_NEVER;
}

/* --- questions --- */

usec_t quiet_next_open(struct quiet *q, uint32_t clock, enum message_class c, usec_t from)
{
    if (c == CLASS_OTP) {
        return from;
    }
    struct plan *p = plan_for(q, clock, c, from);
    return p ? next_open(q, p, from) : USEC_NEVER;
}

usec_t quiet_closes_at(struct quiet *q, uint32_t clock, enum message_class c, usec_t at)
{
    if (c == CLASS_OTP) {
        return USEC_NEVER;
    }
    struct plan *p = plan_for(q, clock, c, at);
    if (!p || p->no_clock || closed_pair(q, p, at)) {
        return at;
    }
    return closes_at(q, p, at, plus(at, QUIET_HORIZON));
}

struct quiet_state quiet_ask(struct quiet *q, uint32_t clock, enum message_class c, usec_t at)
{
    if (c == CLASS_OTP) {
        return (struct quiet_state){ true, USEC_NEVER, USEC_NEVER };
    }
    struct plan *p = plan_for(q, clock, c, at);
    if (!p || !allowed(q, p, at)) {
        return (struct quiet_state){ false, p ? next_open(q, p, at) : USEC_NEVER, 0 };
    }
    usec_t end = closes_at(q, p, at, plus(at, QUIET_HORIZON));
    /* Within the horizon nothing closes: then ask again at its end, less than a margin early. */
    usec_t until = end != USEC_NEVER ? end - q->margin : p->pair_count ? plus(at, USEC_DAY) : USEC_NEVER;
    return (struct quiet_state){ true, until, end };
}

unsigned quiet_caps(struct quiet *q, uint32_t clock, enum message_class c, struct quiet_cap caps[2])
{
    struct plan *p = c == CLASS_OTP ? NULL : plan_for(q, clock, c, 0);
    unsigned n = 0;
    for (unsigned i = 0; p && i < p->row_count; i++) {
        if (p->rows[i]->max_hours) {
            caps[n++] =
                (struct quiet_cap){ p->rows[i]->max_messages, p->rows[i]->max_hours, p->rows[i]->region };
        }
    }
    return n;
}

/* --- reasons --- */

/* "2026-11-22 08:00 +01:00" on the zone's clock. */
static void write_local(const struct zone *z, usec_t at, char *out, size_t size)
{
    struct civil c = civil_from_usec(zone_local(z, at));
    int32_t offset = zone_offset(z, at), minutes = abs(offset) / 60;
    snprintf(out, size, "%04d-%02u-%02u %02u:%02u %c%02d:%02d", (int)c.year, c.month, c.day, c.hour, c.minute,
             offset < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

static void explain_no_clock(const struct quiet *q, const struct plan *p, uint32_t clock,
                             struct quiet_why *why)
{
    why->reason = REASON_NO_CLOCK;
    why->until = USEC_NEVER;
    const char *region = clocks_region(q->clocks, clock);
    if (p && p->missing[0]) {
        snprintf(why->text, sizeof why->text, "the time zone %s of a recipient in %s cannot be read",
                 p->missing, region);
    } else {
        snprintf(why->text, sizeof why->text, "no time zone is known for the recipient (region %s)", region);
    }
}

static void explain_closed(const struct quiet *q, struct plan *p, usec_t at, struct quiet_why *why)
{
    char until[64] = "further notice", cell[96];
    struct pair *closed = closed_pair(q, p, at);
    bool ending = !closed; /* open still, but not for long enough: what closes is the reason */
    usec_t end = at;
    if (ending) {
        end = closes_at(q, p, at, plus(at, q->margin));
        closed = closed_pair(q, p, end);
    }
    why->reason = REASON_QUIET_HOURS;
    why->until = next_open(q, p, at);
    if (why->until != USEC_NEVER) {
        write_local(closed->zone, why->until, until, sizeof until);
    }
    enter(q, p, closed, at); /* the cells of today, which the search has left */
    const struct quiet_row *row = closed->row;
    snprintf(cell, sizeof cell, STRV_FMT "%s", STRV_ARG(closed->cell->text),
             closed->cell == &row->holiday ? " (holiday)"
             : closed->also                ? " (holidays of that year not known)"
                                           : "");
    int n = snprintf(why->text, sizeof why->text,
                     "%s in %s (%s) until %s; rule: %s " STRV_FMT " %s, " STRV_FMT ", confidence " STRV_FMT,
                     ending ? "quiet hours begin shortly" : "quiet hours", row->region,
                     zone_name(closed->zone), until, row->region, STRV_ARG(row->class_name), cell,
                     STRV_ARG(row->basis), STRV_ARG(row->confidence));
    if (n > 0 && (size_t)n < sizeof why->text && row->source.n) {
        snprintf(why->text + n, sizeof why->text - (size_t)n, ", " STRV_FMT, STRV_ARG(row->source));
    }
}

bool quiet_allowed(struct quiet *q, uint32_t clock, enum message_class c, usec_t at, struct quiet_why *why)
{
    if (why) {
        *why = (struct quiet_why){ .reason = REASON_NONE, .until = at };
    }
    if (c == CLASS_OTP) {
        return true;
    }
    struct plan *p = plan_for(q, clock, c, at);
    if (p && allowed(q, p, at)) {
        return true;
    }
    if (why && (!p || p->no_clock)) {
        explain_no_clock(q, p, clock, why);
    } else if (why) {
        explain_closed(q, p, at, why);
    }
    return false;
}
