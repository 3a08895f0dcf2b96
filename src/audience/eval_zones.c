/* Who lives in which zone: for the hour, weekday and month of happenings. Made when a query first asks. */
#include "audience/eval_internal.h"

#include "store/columns.h"
#include "store/customers.h"
#include "store/dict.h"

#include <stdlib.h>
#include <string.h>

struct eval_zones {
    struct { /* a zone and the stretch of time last asked for */
        const struct zone *zone;
        struct zone_span span;
    } * list;
    size_t n;
    uint16_t *of; /* customer -> place in the list; 0 is the instance's */
    uint32_t customers;
};

static bool zones_put(struct eval *ev, struct eval_zones *z, struct strv name, uint16_t *place)
{
    *place = 0;
    const struct zone *zone = zones_get(ev->o->zones, name, NULL);
    if (!zone || zone == ev->time.zone)
        return true; /* who has a zone that is none lives in ours */
    for (size_t i = 1; i < z->n; i++) {
        if (z->list[i].zone == zone) {
            *place = (uint16_t)i;
            return true;
        }
    }
    if (z->n > UINT16_MAX)
        return true;
    void *more = realloc(z->list, (z->n + 1) * sizeof *z->list);
    if (!more)
        return eval_nomem(ev);
    z->list = more;
    memset(&z->list[z->n], 0, sizeof *z->list);
    z->list[z->n].zone = zone;
    *place = (uint16_t)z->n++;
    return true;
}

/* "US-FL America/Chicago,America/New_York" -> America/Chicago; "-" is none. */
static struct strv clock_zone(struct strv text)
{
    struct strv region, zone = { 0 };
    if (!strv_next(&text, ' ', &region) || !strv_next(&text, ',', &zone))
        return (struct strv){ 0 };
    return zone;
}

const struct zone *eval_zones_of(struct audience_view *v, uint32_t customer, struct zones *zones,
                                 const struct zone *ours)
{
    struct strv name = { 0 }, text;
    const int64_t own = column_get(v->txn, FIELD_ZONE, customer);
    const int64_t clock = column_get(v->txn, FIELD_CLOCK, customer);
    if (!zones)
        return ours;
    if (own > 0)
        dict_text(v->txn, FIELD_ZONE, (uint32_t)own, &name);
    else if (clock > 0 && dict_text(v->txn, FIELD_CLOCK, (uint32_t)clock, &text))
        name = clock_zone(text);
    const struct zone *zone = name.n ? zones_get(zones, name, NULL) : NULL;
    return zone ? zone : ours;
}

struct zones_fill {
    struct eval *ev;
    struct eval_zones *z;
    uint16_t place;
    uint16_t *places; /* by code of the field "zone" */
    uint32_t codes;
    bool ok;
};

static bool fill_customer(void *ctx, uint32_t id)
{
    struct zones_fill *f = ctx;
    if (id < f->z->customers)
        f->z->of[id] = f->place;
    return true;
}

static bool fill_clock(void *ctx, uint32_t clock, struct strv text, const struct audience_set *part,
                       uint64_t count)
{
    (void)clock;
    (void)count;
    struct zones_fill *f = ctx;
    struct strv zone = clock_zone(text);
    if (zone.n == 0 || strv_eq_c(zone, "-"))
        return true;
    f->ok = zones_put(f->ev, f->z, zone, &f->place);
    if (f->ok && f->place)
        audience_set_each(part, fill_customer, f);
    return f->ok;
}

static bool fill_code(void *ctx, uint32_t code, struct strv text)
{
    struct zones_fill *f = ctx;
    if (code < f->codes)
        f->ok = zones_put(f->ev, f->z, text, &f->places[code]);
    return f->ok;
}

static bool fill_block(void *ctx, uint32_t block, const struct packed *rows)
{
    struct zones_fill *f = ctx;
    for (uint32_t i = 0; i < rows->rows; i++) {
        uint64_t id = (uint64_t)block * COLUMN_ROWS + i;
        int64_t code = packed_get(rows, i);
        if (code > 0 && code < f->codes && id < f->z->customers)
            f->z->of[id] = f->places[code];
    }
    return true;
}

static bool zones_fill(struct eval *ev, struct eval_zones *z)
{
    struct zones_fill f = { .ev = ev, .z = z, .ok = true };
    if (!audience_split_clocks(ev->view, ev->existing, fill_clock, &f, ev->err))
        return false;
    f.codes = dict_count(ev->txn, FIELD_ZONE) + 1;
    f.places = calloc(f.codes, sizeof *f.places);
    if (!f.places)
        return eval_nomem(ev);
    dict_each(ev->txn, FIELD_ZONE, fill_code, &f);
    bool ok = f.ok && (column_each(ev->txn, FIELD_ZONE, 0, fill_block, &f) || eval_torn(ev));
    free(f.places);
    return ok;
}

bool eval_zones_ready(struct eval *ev)
{
    if (ev->zones)
        return true;
    struct eval_zones *z = calloc(1, sizeof *z);
    if (!z)
        return eval_nomem(ev);
    z->customers = customer_limit(ev->txn);
    z->n = 1;
    z->list = calloc(1, sizeof *z->list);
    z->of = calloc(z->customers ? z->customers : 1, sizeof *z->of);
    ev->zones = z;
    if (!z->list || !z->of)
        return eval_nomem(ev);
    z->list[0].zone = ev->time.zone;
    return !ev->o->zones || zones_fill(ev, z);
}

int64_t eval_zones_local(struct eval *ev, uint32_t customer, int64_t second)
{
    struct eval_zones *z = ev->zones;
    size_t i = customer < z->customers ? z->of[customer] : 0;
    if (!z->list[i].zone)
        return second;
    usec_t at = second * USEC_SEC;
    if (at < z->list[i].span.from || at >= z->list[i].span.to)
        z->list[i].span = zone_span_at(z->list[i].zone, at);
    return second + z->list[i].span.offset_s;
}

void eval_zones_free(struct eval_zones *z)
{
    if (!z)
        return;
    free(z->list);
    free(z->of);
    free(z);
}
