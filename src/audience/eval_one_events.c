/* Numbers made of one customer's events. */
#include "audience/eval_one.h"

#include <stdlib.h>
#include <string.h>

#define DAY_S      INT64_C(86400)
#define MOST_UNITS 4096 /* of min_per */

/* --- one aggregate --- */

struct one_source {
    struct one_log *log;
    size_t event;          /* which of the aggregate's */
    int64_t factor;        /* brings the attribute to the result's scale */
    const int64_t *recode; /* distinct texts, see eval_recode */
    size_t n_recode;
};

struct one_aggregate {
    struct one_logs *logs;
    const struct query_aggregate *a;
    struct eval_span span;
    struct eval_rows *where;
    struct one_source *sources;
    size_t n_sources;
    unsigned scale;
    struct eval_span *units; /* min_per */
    int64_t *counts;
    size_t n_units;
    int64_t *seen; /* distinct */
    size_t n_seen, cap_seen;
    struct zone_span zone; /* days_since: the stretch last asked for */
};

struct sums { /* what one customer's events come to */
    int64_t count, all, value, second;
    bool any;
};

void one_aggregate_free(struct one_aggregate *x)
{
    if (!x)
        return;
    for (size_t i = 0; i < x->n_sources; i++)
        free((void *)(uintptr_t)x->sources[i].recode);
    eval_rows_free(x->where);
    free(x->sources);
    free(x->units);
    free(x->counts);
    free(x->seen);
    free(x);
}

static bool add_unit(struct one_aggregate *x, struct eval_span unit)
{
    struct eval_span *more = realloc(x->units, (x->n_units + 1) * sizeof *more);
    if (!more)
        return eval_nomem(x->logs->ev);
    x->units = more;
    x->units[x->n_units++] = unit;
    return true;
}

static bool make_units(struct one_aggregate *x)
{
    struct eval *ev = x->logs->ev;
    struct eval_span unit;
    int64_t at;
    bool begun = false;
    while (eval_time_next_unit(&ev->time, &x->a->window, x->a->per, &at, &begun, &unit)) {
        if (x->n_units == MOST_UNITS)
            return err_set(ev->err, ERR_LIMIT, "min_per over more than %d units", MOST_UNITS);
        if (unit.to > x->span.to)
            unit.to = x->span.to; /* the day that is today is whole, but there is nothing after now */
        if (!add_unit(x, unit))
            return false;
    }
    x->counts = calloc(x->n_units ? x->n_units : 1, sizeof *x->counts);
    return x->counts || eval_nomem(ev);
}

static bool make_source(struct one_aggregate *x, size_t i)
{
    struct one_source *s = &x->sources[x->n_sources];
    const struct query_event *event = &x->a->events[i];
    *s = (struct one_source){ .event = i, .factor = 1 };
    for (size_t k = 0; k < i; k++)
        if (x->a->events[k].id == event->id)
            return true; /* `a | a` counts a once */
    s->log = one_log_need(x->logs, (uint16_t)event->id, one_day_of(x->span.from), one_day_of(x->span.to));
    if (!s->log)
        return false;
    x->n_sources++;
    if (event->symbol.type == QUERY_TYPE_NUMBER)
        for (unsigned scale = event->symbol.scale; scale < x->scale; scale++)
            s->factor *= 10;
    int64_t *table;
    if (!eval_recode(x->logs->ev, x->a, i, &table, &s->n_recode))
        return false;
    s->recode = table;
    return true;
}

static bool aggregate_fill(struct one_aggregate *x)
{
    struct eval *ev = x->logs->ev;
    x->span = eval_time_window(&ev->time, &x->a->window);
    x->scale = eval_source_scale(x->a);
    x->sources = calloc(x->a->n_events, sizeof *x->sources);
    if (!x->sources)
        return eval_nomem(ev);
    if (x->a->where && !(x->where = eval_rows_compile(ev, x->a)))
        return false;
    for (size_t i = 0; x->span.from <= x->span.to && i < x->a->n_events; i++)
        if (!make_source(x, i))
            return false;
    return x->a->fn != QUERY_MIN_PER || make_units(x);
}

struct one_aggregate *one_aggregate_new(struct one_logs *l, const struct query_aggregate *a)
{
    struct one_aggregate *x = calloc(1, sizeof *x);
    if (!x) {
        eval_nomem(l->ev);
        return NULL;
    }
    x->logs = l;
    x->a = a;
    if (aggregate_fill(x))
        return x;
    one_aggregate_free(x);
    return NULL;
}

/* --- one row --- */

static bool see(struct one_aggregate *x, int64_t value)
{
    for (size_t i = 0; i < x->n_seen; i++)
        if (x->seen[i] == value)
            return true;
    if (x->n_seen == x->cap_seen) {
        size_t cap = x->cap_seen ? x->cap_seen * 2 : 64;
        int64_t *more = realloc(x->seen, cap * sizeof *more);
        if (!more)
            return eval_nomem(x->logs->ev);
        x->seen = more;
        x->cap_seen = cap;
    }
    x->seen[x->n_seen++] = value;
    return true;
}

static void count_unit(struct one_aggregate *x, int64_t second)
{
    size_t low = 0, high = x->n_units;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (x->units[middle].to < second)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < x->n_units && x->units[low].from <= second)
        x->counts[low]++;
}

static bool add_value(struct one_aggregate *x, struct sums *s, int64_t second, int64_t value)
{
    bool take = !s->any;
    switch (x->a->fn) {
    case QUERY_SUM:
    case QUERY_AVG: s->value = eval_saturated_add(s->value, value); break;
    case QUERY_MIN: take = take || value < s->value; break;
    case QUERY_MAX: take = take || value > s->value; break;
    case QUERY_FIRST: take = take || second < s->second; break;
    case QUERY_LAST: take = take || second >= s->second; break;
    case QUERY_DISTINCT: return see(x, value);
    default: break;
    }
    s->count++;
    s->any = true;
    if (take && x->a->fn != QUERY_SUM && x->a->fn != QUERY_AVG) {
        s->value = value;
        s->second = second;
    }
    return true;
}

static bool add_row(struct one_aggregate *x, const struct one_source *source, const struct events_block *b,
                    const struct packed *column, uint32_t row, struct sums *s)
{
    const int64_t second = b->day * DAY_S + packed_get(&b->second, row);
    if (second < x->span.from || second > x->span.to)
        return true;
    s->all++;
    if (x->where && !eval_rows_hold(x->logs->ev, x->where, b, source->event, row))
        return true;
    if (!x->a->attribute.n) {
        s->count++;
        if (second > s->second || s->count == 1)
            s->second = second;
        if (x->a->fn == QUERY_MIN_PER)
            count_unit(x, second);
        return true;
    }
    int64_t value = packed_get(column, row);
    if (value == PACKED_UNSET)
        return true;
    if (!source->recode)
        value = eval_saturated_mul(value, source->factor);
    else if (value >= 0 && (uint64_t)value < source->n_recode)
        value = source->recode[value];
    return add_value(x, s, second, value);
}

static bool add_source(struct one_aggregate *x, const struct one_source *source, uint32_t customer,
                       struct sums *s)
{
    const struct one_part *part = one_log_find(x->logs, source->log, x->span, customer);
    for (size_t i = 0; part && i < part->n; i++) {
        const struct one_block *block = &part->blocks[i];
        const struct packed *column = NULL;
        if (!one_block_in(block, x->span) || block->first == block->end)
            continue;
        if (x->a->attribute.n &&
            !(column = events_column(block->b, (uint16_t)x->a->events[source->event].symbol.id)))
            continue; /* unset in every row */
        for (uint32_t row = block->first; row < block->end; row++)
            if (!add_row(x, source, block->b, column, row, s))
                return false;
    }
    return part != NULL;
}

/* --- what they come to --- */

static int32_t local_day(const struct eval *ev, struct zone_span *span, int64_t second)
{
    usec_t at = second * USEC_SEC;
    if (ev->time.zone && (at < span->from || at >= span->to))
        *span = zone_span_at(ev->time.zone, at);
    return one_day_of(second + span->offset_s);
}

static struct one_value whole(int64_t v)
{
    return (struct one_value){ v, 1, 0 };
}

static struct one_value least_unit(const struct one_aggregate *x)
{
    if (x->n_units == 0)
        return whole(PACKED_UNSET);
    int64_t least = x->counts[0];
    for (size_t i = 1; i < x->n_units; i++)
        least = x->counts[i] < least ? x->counts[i] : least;
    return whole(least);
}

static struct one_value finish(struct one_aggregate *x, const struct sums *s)
{
    const struct eval *ev = x->logs->ev;
    switch (x->a->fn) {
    case QUERY_COUNT: return whole(s->count);
    case QUERY_SUM: return (struct one_value){ s->value, 1, x->scale };
    case QUERY_AVG:
        return s->count ? (struct one_value){ s->value, s->count, x->scale } : whole(PACKED_UNSET);
    case QUERY_MIN:
    case QUERY_MAX:
    case QUERY_FIRST:
    case QUERY_LAST: return s->any ? (struct one_value){ s->value, 1, x->scale } : whole(PACKED_UNSET);
    case QUERY_DISTINCT: return whole((int64_t)x->n_seen);
    case QUERY_SHARE: return (struct one_value){ s->count, s->all ? s->all : 1, 0 };
    case QUERY_DAYS_SINCE:
        return whole(s->count ? ev->time.today - local_day(ev, &x->zone, s->second) : PACKED_UNSET);
    case QUERY_MIN_PER: return least_unit(x);
    }
    return whole(PACKED_UNSET);
}

bool one_aggregate_get(struct one_aggregate *x, uint32_t customer, struct one_value *out)
{
    struct sums s = { 0 };
    x->n_seen = 0;
    if (x->counts)
        memset(x->counts, 0, x->n_units * sizeof *x->counts);
    for (size_t i = 0; i < x->n_sources; i++)
        if (!add_source(x, &x->sources[i], customer, &s))
            return false;
    *out = finish(x, &s);
    return true;
}

/* --- the status of a survey --- */

struct one_survey {
    struct eval_survey_source source; /* the aggregate points into it */
    struct one_aggregate *last;
};

struct one_survey *one_survey_new(struct one_logs *l, const struct query_node *node)
{
    struct one_survey *s = calloc(1, sizeof *s);
    if (!s) {
        eval_nomem(l->ev);
        return NULL;
    }
    eval_survey_source(&s->source, node);
    s->last = one_aggregate_new(l, &s->source.last);
    if (s->last)
        return s;
    free(s);
    return NULL;
}

void one_survey_free(struct one_survey *s)
{
    if (s)
        one_aggregate_free(s->last);
    free(s);
}

bool one_survey_get(struct one_survey *s, uint32_t customer, int64_t *code)
{
    struct one_value v;
    if (!one_aggregate_get(s->last, customer, &v))
        return false;
    *code = v.v;
    return true;
}

/* --- p_alive --- */

struct one_log *one_alive_log(struct one_logs *l)
{
    return one_log_need(l, EVENT_PURCHASE, INT32_MIN, one_day_of(l->ev->time.now_s));
}

bool one_alive_get(struct one_logs *l, struct one_log *log, uint32_t customer, struct one_value *out)
{
    struct alive_history h = { 0 };
    struct zone_span span = { 0 };
    const struct bgnbd *m = eval_alive_model(l->ev);
    const struct eval_span ever = { INT64_MIN, l->ev->time.now_s };
    const struct one_part *part = m ? one_log_find(l, log, ever, customer) : NULL;
    if (!part)
        return false;
    for (size_t i = 0; i < part->n; i++) {
        const struct events_block *b = part->blocks[i].b;
        if (!one_block_in(&part->blocks[i], ever))
            continue;
        for (uint32_t row = part->blocks[i].first; row < part->blocks[i].end; row++) {
            int64_t second = b->day * DAY_S + packed_get(&b->second, row);
            if (second <= l->ev->time.now_s)
                alive_history_add(&h, b->day, local_day(l->ev, &span, second));
        }
    }
    *out = (struct one_value){ eval_alive_value(l->ev, m, &h), 1, 9 };
    return true;
}
