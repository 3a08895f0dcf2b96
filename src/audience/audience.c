#include "audience/audience.h"

#include "audience/audience_inside.h"
#include "audience/set_bitmap.h"
#include "audience/watch_inside.h"
#include "store/columns.h"
#include "store/documents.h"
#include "store/events.h"
#include "store/members.h"

#include <stdlib.h>

struct audience *audience_open(const struct audience_options *o, struct err *e)
{
    struct audience *a = calloc(1, sizeof(*a));
    if (!a) {
        err_set(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    const struct catalog_options co = { .dir = o->dir, .map_size = o->map_size, .nosync = o->nosync };
    a->dir = strv_dup(strv_from(o->dir));
    a->catalog = catalog_open(&co, e);
    a->idle = watch_idle_new();
    if (!a->catalog || !a->dir || !a->idle) {
        audience_close(a);
        return NULL;
    }
    return a;
}

void audience_close(struct audience *a)
{
    if (a) {
        catalog_close(a->catalog);
        watch_idle_free(a->idle);
        free(a->dir);
        free(a);
    }
}

struct audience_view *audience_view_begin(struct audience *a, struct err *e)
{
    struct audience_view *v = calloc(1, sizeof(*v));
    if (!v) {
        err_set(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    v->audience = a;
    v->txn = catalog_begin_read(a->catalog, e);
    v->schema = v->txn ? schema_load(v->txn, e) : NULL;
    if (!v->schema) {
        audience_view_end(v);
        return NULL;
    }
    v->change = catalog_number(v->txn, CATALOG_CHANGE);
    return v;
}

void audience_view_end(struct audience_view *v)
{
    if (v) {
        schema_free((struct schema *)(uintptr_t)v->schema);
        catalog_end(v->txn);
        free(v);
    }
}

/* --- sets --- */

struct loading {
    struct audience_set *set;
    bool torn;
};

static bool load_container(void *ctx, uint32_t code, uint16_t container, struct strv octets)
{
    struct loading *l = ctx;
    (void)code;
    (void)container;
    l->torn = !bitmap_add_octets(l->set->r, octets);
    return !l->torn;
}

struct audience_set *audience_members(struct audience_view *v, uint16_t field, uint32_t code, struct err *e)
{
    struct loading l = { .set = audience_set_new() };
    if (!l.set) {
        err_set(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    if (code || field == 0) {
        members_each(v->txn, field, code, load_container, &l);
    }
    if (l.torn) {
        err_set(e, ERR_CORRUPT, "a set of the index is torn");
    }
    if (l.torn || !catalog_ok(v->txn, e)) {
        audience_set_free(l.set);
        return NULL;
    }
    return l.set;
}

struct audience_set *audience_existing(struct audience_view *v, struct err *e)
{
    return audience_members(v, 0, MEMBERS_EXIST, e);
}

uint64_t audience_count(struct audience_view *v)
{
    return catalog_number(v->txn, CATALOG_CUSTOMERS);
}

/* --- by clock --- */

struct clock_ids {
    uint32_t *ids;
    size_t n, cap;
};

static bool clock_add(struct clock_ids *c, uint32_t id)
{
    if (c->n == c->cap) {
        size_t cap = c->cap ? c->cap * 2 : 256;
        uint32_t *p = realloc(c->ids, cap * sizeof(*p));
        if (!p) {
            return false;
        }
        c->ids = p;
        c->cap = cap;
    }
    c->ids[c->n++] = id;
    return true;
}

/* Deals the members out by clock; clocks[0] is those without one. */
static bool clocks_deal(struct audience_view *v, const struct audience_set *set, struct clock_ids *clocks,
                        uint32_t n_clocks)
{
    uint32_t ids[1024], block = UINT32_MAX;
    struct packed column = { 0 };
    bool there = false;
    size_t got;
    for (uint64_t from = 0; from <= UINT32_MAX; from = (uint64_t)ids[got - 1] + 1) {
        got = audience_set_read(set, (uint32_t)from, ids, 1024);
        for (size_t i = 0; i < got; i++) {
            if (ids[i] / COLUMN_ROWS != block) {
                block = ids[i] / COLUMN_ROWS;
                there = column_block(v->txn, FIELD_CLOCK, block, &column);
            }
            int64_t code = there ? packed_get(&column, ids[i] % COLUMN_ROWS) : PACKED_UNSET;
            if (!clock_add(&clocks[code > 0 && code <= n_clocks ? code : 0], ids[i])) {
                return false;
            }
        }
        if (got < 1024) {
            break;
        }
    }
    return true;
}

static bool clock_call(struct audience_view *v, const struct clock_ids *ids, uint32_t code,
                       audience_clock_fn *fn, void *ctx, struct err *e)
{
    struct strv text = { 0 };
    struct audience_set *part = audience_set_new();
    if (!part) {
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    audience_set_add_many(part, ids->ids, ids->n);
    audience_set_compact(part);
    if (code) {
        dict_text(v->txn, FIELD_CLOCK, code, &text);
    }
    bool ok = fn(ctx, code, text, part, ids->n);
    audience_set_free(part);
    return ok;
}

bool audience_split_clocks(struct audience_view *v, const struct audience_set *set, audience_clock_fn *fn,
                           void *ctx, struct err *e)
{
    uint32_t n = dict_count(v->txn, FIELD_CLOCK);
    struct clock_ids *clocks = calloc((size_t)n + 1, sizeof(*clocks));
    bool ok = clocks && clocks_deal(v, set, clocks, n);
    if (!ok) {
        err_set(e, ERR_NOMEM, "out of memory");
    }
    ok = ok && catalog_ok(v->txn, e);
    for (uint32_t i = 0; ok && i <= n; i++) {
        ok = clocks[i].n == 0 || clock_call(v, &clocks[i], i, fn, ctx, e);
    }
    for (uint32_t i = 0; clocks && i <= n; i++) {
        free(clocks[i].ids);
    }
    free(clocks);
    return ok;
}

/* --- coverage --- */

struct coverage_column {
    uint64_t n;
    struct hmap values;
    bool many, texts; /* texts: the dictionary counts them */
};

static bool coverage_block(void *ctx, uint32_t block, const struct packed *rows)
{
    struct coverage_column *c = ctx;
    (void)block;
    for (uint32_t i = 0; i < rows->rows; i++) {
        if (packed_raw(rows, i) == 0) {
            continue;
        }
        c->n++;
        if (!c->many && !c->texts) {
            c->many = hmap_count(&c->values) >= AUDIENCE_MAX_DISTINCT ||
                      !hmap_put(&c->values, (uint64_t)packed_get(rows, i), 0);
        }
    }
    return true;
}

static usec_t coverage_changed(struct audience_view *v, uint16_t field)
{
    uint8_t name[2];
    struct strv at;
    be_put16(name, field);
    return document_get(v->txn, DOCUMENT_FRESH, (struct strv){ (const char *)name, sizeof(name) }, &at) &&
                   at.n == 8
               ? (usec_t)be_get64((const uint8_t *)at.p)
               : 0;
}

struct coverage_sets {
    struct audience_set *any;
    uint32_t last_code;
    uint64_t codes;
    bool torn;
};

static bool coverage_container(void *ctx, uint32_t code, uint16_t container, struct strv octets)
{
    struct coverage_sets *c = ctx;
    (void)container;
    c->codes += code != c->last_code;
    c->last_code = code;
    c->torn = !bitmap_add_octets(c->any->r, octets);
    return !c->torn;
}

bool audience_field_coverage(struct audience_view *v, const struct schema_field *f,
                             struct audience_coverage *out, struct err *e)
{
    *out = (struct audience_coverage){ 0 };
    out->changed = coverage_changed(v, f->id);
    if (f->type != SCHEMA_SET) {
        struct coverage_column c = { .texts = f->type == SCHEMA_TEXT };
        column_each(v->txn, f->id, 0, coverage_block, &c);
        out->customers = c.n;
        out->distinct = c.texts ? dict_count(v->txn, f->id) : c.many ? 0 : hmap_count(&c.values);
        hmap_free(&c.values);
        return catalog_ok(v->txn, e);
    }
    struct coverage_sets c = { .any = audience_set_new() };
    if (!c.any) {
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    members_each_code(v->txn, f->id, coverage_container, &c);
    out->customers = audience_set_count(c.any);
    out->distinct = c.codes;
    audience_set_free(c.any);
    return !c.torn ? catalog_ok(v->txn, e) : err_set(e, ERR_CORRUPT, "a set of the index is torn");
}

static bool coverage_events(void *ctx, const struct events_block *b)
{
    *(uint64_t *)ctx += b->rows;
    return true;
}

bool audience_event_coverage(struct audience_view *v, const struct schema_event *ev,
                             struct audience_event_coverage *out, struct err *e)
{
    int32_t first, last;
    *out = (struct audience_event_coverage){ 0 };
    if (events_span(v->txn, ev->id, &first, &last)) {
        out->first = first * USEC_DAY;
        out->last = last * USEC_DAY;
        events_each(v->txn, ev->id, first, last, coverage_events, &out->events);
    }
    return catalog_ok(v->txn, e);
}

void audience_get_usage(struct audience_view *v, struct catalog_usage *out)
{
    catalog_get_usage(v->txn, out);
}

/* --- declaring --- */

static bool end_declaring(struct catalog_txn *t, bool ok, struct err *e)
{
    if (ok) {
        return catalog_commit(t, e);
    }
    catalog_end(t);
    return false;
}

bool audience_declare_field(struct audience *a, struct strv name, struct strv type, usec_t now, struct err *e)
{
    enum schema_type ty;
    unsigned scale;
    if (!schema_type_read(type, &ty, &scale, e)) {
        return false;
    }
    struct catalog_txn *t = catalog_begin_write(a->catalog, e);
    return t && end_declaring(t, schema_add_field(t, name, ty, scale, now, e) != 0, e);
}

bool audience_declare_event(struct audience *a, struct strv name, usec_t now, struct err *e)
{
    struct catalog_txn *t = catalog_begin_write(a->catalog, e);
    return t && end_declaring(t, schema_add_event(t, name, now, e) != 0, e);
}

bool audience_declare_attribute(struct audience *a, struct strv event, struct strv name, struct strv type,
                                usec_t now, struct err *e)
{
    enum schema_type ty;
    unsigned scale;
    if (!schema_type_read(type, &ty, &scale, e)) {
        return false;
    }
    struct catalog_txn *t = catalog_begin_write(a->catalog, e);
    if (!t) {
        return false;
    }
    uint16_t id = schema_add_event(t, event, now, e);
    return end_declaring(t, id && schema_add_attribute(t, id, name, ty, scale, now, e), e);
}
