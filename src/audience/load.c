#include "audience/load.h"

#include "base/civil.h"
#include "base/decimal.h"
#include "store/dict.h"
#include "store/events.h"
#include "store/packed.h"

#include <inttypes.h>
#include <stdlib.h>

static bool load_one(struct audience_view *v, uint32_t id, struct customer_arena *arena,
                     audience_customer_fn *fn, void *ctx, bool *there)
{
    struct audience_customer c = { .id = id, .view = v };
    *there = customer_get(v->txn, id, arena, &c.record);
    if (!*there) {
        return true;
    }
    if (c.record.clock) {
        dict_text(v->txn, FIELD_CLOCK, c.record.clock, &c.clock);
    }
    return fn(ctx, &c);
}

bool audience_load_id(struct audience_view *v, uint32_t id, audience_customer_fn *fn, void *ctx,
                      struct err *e)
{
    struct customer_arena arena = { 0 };
    bool there;
    load_one(v, id, &arena, fn, ctx, &there);
    customer_arena_free(&arena);
    return catalog_ok(v->txn, e) && (there || err_set(e, ERR_NOT_FOUND, "there is no such customer"));
}

bool audience_load_number(struct audience_view *v, uint64_t msisdn, audience_customer_fn *fn, void *ctx,
                          struct err *e)
{
    uint32_t id;
    if (!customer_find(v->txn, msisdn, &id)) {
        return catalog_ok(v->txn, e) && err_set(e, ERR_NOT_FOUND, "there is no customer with this number");
    }
    return audience_load_id(v, id, fn, ctx, e);
}

bool audience_load_batch(struct audience_view *v, const uint32_t *ids, size_t n, audience_customer_fn *fn,
                         void *ctx, struct err *e)
{
    struct customer_arena arena = { 0 };
    bool there, more = true;
    for (size_t i = 0; i < n && more; i++) {
        more = load_one(v, ids[i], &arena, fn, ctx, &there);
    }
    customer_arena_free(&arena);
    return catalog_ok(v->txn, e);
}

/* --- as text --- */

static bool put_set(const struct audience_customer *c, const struct customer_value *v, struct buf *out)
{
    for (size_t i = 0; i < v->n_codes; i++) {
        struct strv text;
        if (dict_text(c->view->txn, v->field, v->codes[i], &text)) {
            buf_put_strv(out, i ? STRV(", ") : strv_from(NULL));
            buf_put_strv(out, text);
        }
    }
    return v->n_codes > 0;
}

static void put_degrees(struct buf *out, int32_t e7)
{
    buf_put_strv(out, strv_from(decimal_format_short(e7, 7).s));
}

/* A value that is not a set. */
static bool put_scalar(struct catalog_txn *t, const struct schema_field *f, int64_t number, struct buf *out)
{
    struct strv text;
    switch (f->type) {
    case SCHEMA_TEXT:
        if (dict_text(t, f->id, (uint32_t)number, &text)) {
            buf_put_strv(out, text);
        }
        break;
    case SCHEMA_NUMBER: buf_put_strv(out, strv_from(decimal_format_short(number, f->scale).s)); break;
    case SCHEMA_DATE: buf_put_strv(out, strv_from(civil_format_date((int32_t)number).s)); break;
    case SCHEMA_BOOL: buf_put_strv(out, number == PACKED_YES ? STRV("yes") : STRV("no")); break;
    case SCHEMA_PLACE:
        put_degrees(out, packed_latitude_e7(number));
        buf_put_u8(out, ',');
        put_degrees(out, packed_longitude_e7(number));
        break;
    default: return false;
    }
    return true;
}

bool audience_column_text(struct audience_view *v, const struct schema_field *f, int64_t value,
                          struct buf *out)
{
    return value != PACKED_UNSET && put_scalar(v->txn, f, value, out);
}

static bool put_value(const struct audience_customer *c, const struct customer_value *v, struct buf *out)
{
    const struct schema_field *f = schema_field(c->view->schema, v->field);
    const struct schema_field unknown = { .type = v->type };
    if (v->type == SCHEMA_TEXT) {
        return buf_put_strv(out, v->text);
    }
    return v->type == SCHEMA_SET ? put_set(c, v, out)
                                 : put_scalar(c->view->txn, f ? f : &unknown, v->number, out);
}

bool audience_value_text(struct catalog_txn *t, const struct schema_field *f, const struct customer_value *v,
                         struct buf *out)
{
    return v->type == SCHEMA_TEXT ? buf_put_strv(out, v->text)
                                  : v->type != SCHEMA_SET && put_scalar(t, f, v->number, out);
}

bool audience_customer_text(const struct audience_customer *c, uint16_t field, struct buf *out)
{
    switch (field) {
    case FIELD_MSISDN: buf_printf(out, "+%" PRIu64, c->record.msisdn); return true;
    case FIELD_CLOCK: buf_put_strv(out, c->clock); return c->clock.n > 0;
    case FIELD_CREATED:
        buf_put_strv(out, strv_from(civil_format_date((int32_t)(c->record.created / USEC_DAY)).s));
        return true;
    default: break;
    }
    const struct customer_value *v = customer_value(&c->record, field);
    return v && put_value(c, v, out);
}

bool audience_customer_fields(const struct audience_customer *c, audience_field_fn *fn, void *ctx)
{
    struct buf b = { 0 };
    bool more = true;
    for (size_t i = 0; i < c->view->schema->n_fields && more; i++) {
        const struct schema_field *f = &c->view->schema->fields[i];
        buf_clear(&b);
        if (!f->hidden && audience_customer_text(c, f->id, &b)) {
            more = fn(ctx, f, (struct strv){ (const char *)b.data, b.len });
        }
    }
    buf_free(&b);
    return more;
}

bool audience_customer_activity(struct audience_view *v, uint32_t id, audience_activity_fn *fn, void *ctx,
                                struct err *e)
{
    for (size_t i = 0; i < v->schema->n_events; i++) {
        const struct schema_event *ev = &v->schema->events[i];
        struct events_summary s;
        if (events_summarize(v->txn, ev->id, id, &s) && s.count && !fn(ctx, ev, s.count, s.first, s.last)) {
            break;
        }
    }
    return catalog_ok(v->txn, e);
}

/* --- events --- */

struct load_events {
    struct audience_view *v;
    uint32_t id;
    const struct schema_event *type;
    audience_event_fn *fn;
    void *ctx;
    struct buf texts;
    const struct schema_field *fields[EVENTS_MAX_COLUMNS];
    struct strv views[EVENTS_MAX_COLUMNS];
    bool stopped;
};

static bool load_event_row(struct load_events *l, const struct events_block *b, uint32_t row)
{
    size_t ends[EVENTS_MAX_COLUMNS];
    struct audience_event ev = { .type = l->type, .attributes = l->fields, .texts = l->views };
    ev.at = b->day * USEC_DAY + packed_get(&b->second, row) * USEC_SEC;
    buf_clear(&l->texts);
    for (size_t i = 0; i < l->type->n_attributes && ev.n < EVENTS_MAX_COLUMNS; i++) {
        const struct schema_field *f = &l->type->attributes[i];
        const struct packed *column = events_column(b, f->id);
        int64_t value = column ? packed_get(column, row) : PACKED_UNSET;
        if (value != PACKED_UNSET) {
            put_scalar(l->v->txn, f, value, &l->texts);
            l->fields[ev.n] = f;
            ends[ev.n++] = l->texts.len;
        }
    }
    for (size_t i = 0; i < ev.n; i++) {
        size_t from = i ? ends[i - 1] : 0;
        l->views[i] = (struct strv){ (const char *)l->texts.data + from, ends[i] - from };
    }
    return l->fn(l->ctx, &ev);
}

static bool load_event_block(void *ctx, const struct events_block *b)
{
    struct load_events *l = ctx;
    uint32_t first, end;
    if (events_rows_of(b, l->id, &first, &end)) {
        for (uint32_t row = first; row < end && !l->stopped; row++) {
            l->stopped = !load_event_row(l, b, row);
        }
    }
    return !l->stopped;
}

bool audience_customer_events(struct audience_view *v, uint32_t id, audience_event_fn *fn, void *ctx,
                              struct err *e)
{
    struct load_events *l = calloc(1, sizeof(*l));
    if (!l) {
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    *l = (struct load_events){ .v = v, .id = id, .fn = fn, .ctx = ctx };
    for (size_t i = 0; i < v->schema->n_events && !l->stopped; i++) {
        l->type = &v->schema->events[i];
        events_each_of(v->txn, l->type->id, id, id, INT32_MIN, INT32_MAX, load_event_block, l);
    }
    buf_free(&l->texts);
    free(l);
    return catalog_ok(v->txn, e);
}
