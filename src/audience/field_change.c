/* A field becomes another: the new one is filled beside the old one, part by part, while every record that is
 * written meanwhile gets both; then it takes the old one's name. */
#include "audience/fields.h"

#include "audience/audience_inside.h"
#include "audience/import_value.h"
#include "audience/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PART_CUSTOMERS 16384u

void derived_free(struct derived *d)
{
    free(d->values);
    free(d->codes);
    buf_free(&d->text);
    *d = (struct derived){ 0 };
}

static bool derived_reserve(struct derived *d, size_t values, size_t codes)
{
    if (values > d->cap_values) {
        struct customer_value *p = realloc(d->values, values * 2 * sizeof(*p));
        if (!p) {
            return false;
        }
        d->values = p;
        d->cap_values = values * 2;
    }
    if (codes > d->cap_codes) {
        uint32_t *p = realloc(d->codes, codes * 2 * sizeof(*p));
        if (!p) {
            return false;
        }
        d->codes = p;
        d->cap_codes = codes * 2;
    }
    return true;
}

/* The value as a cell of an import; false: it does not fit. Its text lives in `text`. */
static bool change_cell(struct catalog_txn *t, const struct field_change *x, const struct customer_value *v,
                        struct buf *text, struct import_cell *cell)
{
    struct err e = { 0 };
    buf_clear(text);
    return audience_value_text(t, &x->from, v, text) &&
           import_value(x->to.type, x->to.scale, (struct strv){ (const char *)text->data, text->len }, cell,
                        &e) &&
           cell->set;
}

static int code_cmp(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static bool change_members(struct audience_writer *w, struct strv text, struct customer_value *out,
                           struct err *e)
{
    struct strv member;
    size_t n = 0, kept = 0;
    if (!derived_reserve(&w->derived, 1, text.n / 2 + 2)) {
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    uint32_t *codes = w->derived.codes;
    while (import_next_member(&text, &member)) {
        codes[n] = dict_cache_intern(&w->dict, w->txn, out->field, member, e);
        if (!codes[n++]) {
            return false;
        }
    }
    qsort(codes, n, sizeof(*codes), code_cmp);
    for (size_t i = 0; i < n; i++) {
        if (kept == 0 || codes[kept - 1] != codes[i]) {
            codes[kept++] = codes[i];
        }
    }
    out->codes = codes;
    out->n_codes = kept;
    return true;
}

bool audience_writer_derive(struct audience_writer *w, struct customer_record *r, struct err *e)
{
    struct field_change *x = &w->audience->change;
    const struct customer_value *old = customer_value(r, x->from.id);
    struct customer_value made = { .field = x->to.id, .type = x->to.type };
    struct import_cell cell = { 0 };
    bool there = false;
    if (old) {
        there = change_cell(w->txn, x, old, &w->derived.text, &cell);
        x->bad += !there;
        made.text = cell.text;
        made.number = cell.number;
        if (there && made.type == SCHEMA_SET && !change_members(w, cell.text, &made, e)) {
            return false;
        }
    }
    if (!derived_reserve(&w->derived, r->n_values + 2, 1)) {
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    struct customer_value *values = w->derived.values;
    size_t n = 0;
    for (size_t i = 0; i < r->n_values; i++) { /* the new field's id is above all there were */
        if (r->values[i].field == x->to.id) {
            continue;
        }
        if (there && r->values[i].field > x->to.id) {
            values[n++] = made;
            there = false;
        }
        values[n++] = r->values[i];
    }
    if (there) {
        values[n++] = made;
    }
    r->values = values;
    r->n_values = n;
    return true;
}

/* --- looking first --- */

struct checking {
    struct audience_view *v;
    struct field_change x;
    struct buf text;
    struct audience_change_check *out;
};

static bool check_customer(void *ctx, uint32_t id, const struct customer_record *r)
{
    struct checking *c = ctx;
    const struct customer_value *v = customer_value(r, c->x.from.id);
    struct import_cell cell;
    (void)id;
    if (v) {
        c->out->values++;
        if (!change_cell(c->v->txn, &c->x, v, &c->text, &cell) && c->out->bad++ == 0) {
            snprintf(c->out->example, sizeof(c->out->example), "%.*s",
                     (int)(c->text.len < 40 ? c->text.len : 40), (const char *)c->text.data);
        }
    }
    return true;
}

static bool change_types(const struct schema *s, struct strv name, struct strv type, struct field_change *x,
                         struct err *e)
{
    const struct schema_field *f = schema_find_field(s, name);
    unsigned scale;
    if (!f || f->hidden) {
        return schema_no_field(s, name, e);
    }
    if (f->builtin) {
        return err_set(e, ERR_INVALID, "\"" STRV_FMT "\" is built in: it stays as it is", STRV_ARG(name));
    }
    if (!schema_type_read(type, &x->to.type, &scale, e)) {
        return false;
    }
    if (f->type == SCHEMA_SET) {
        return err_set(e, ERR_INVALID, "a set has no type it could become");
    }
    x->from = *f;
    x->to.scale = (uint8_t)scale;
    if (f->type == x->to.type && (f->type != SCHEMA_NUMBER || f->scale == scale)) {
        return err_set(e, ERR_EXISTS, "\"" STRV_FMT "\" is that already", STRV_ARG(name));
    }
    return true;
}

bool audience_change_check(struct audience_view *v, struct strv name, struct strv type,
                           struct audience_change_check *out, struct err *e)
{
    struct checking c = { .v = v, .out = out };
    *out = (struct audience_change_check){ 0 };
    if (!change_types(v->schema, name, type, &c.x, e)) {
        return false;
    }
    bool ok = customer_each(v->txn, 0, check_customer, &c) || catalog_ok(v->txn, e);
    buf_free(&c.text);
    if (ok && out->bad) {
        return err_set(e, ERR_INVALID, "%llu of %llu values are no " STRV_FMT ", such as \"%s\"",
                       (unsigned long long)out->bad, (unsigned long long)out->values, STRV_ARG(type),
                       out->example);
    }
    return ok;
}

/* --- changing --- */

bool audience_change_begin(struct audience *a, struct strv name, struct strv type, usec_t now,
                           struct audience_changing *c, struct err *e)
{
    struct field_change x = { 0 };
    if (a->change.to.id) {
        return err_set(e, ERR_BUSY, "another field is just changing its type");
    }
    *c = (struct audience_changing){ 0 };
    struct catalog_txn *t = catalog_begin_write(a->catalog, e);
    struct schema *s = t ? schema_load(t, e) : NULL;
    bool ok = s && change_types(s, name, type, &x, e) && strv_copy(name, c->name, sizeof(c->name));
    schema_free(s);
    x.from.name = strv_from(NULL);
    x.to.id = ok ? schema_prepare_field(t, name, x.to.type, x.to.scale, now, e) : 0;
    if (!x.to.id) {
        catalog_end(t);
        return false;
    }
    c->of = customer_limit(t);
    if (!catalog_commit(t, e)) {
        return false;
    }
    a->change = x;
    return true;
}

struct collecting {
    uint32_t *ids, next;
    size_t n, looked;
    uint16_t field;
    bool more;
};

static bool collect_customer(void *ctx, uint32_t id, const struct customer_record *r)
{
    struct collecting *c = ctx;
    if (c->looked++ == PART_CUSTOMERS) {
        c->more = true;
        return false;
    }
    if (customer_value(r, c->field)) {
        c->ids[c->n++] = id;
    }
    c->next = id + 1;
    return true;
}

/* One customer written anew: audience_writer_derive does the rest. */
static bool change_customer(struct audience_writer *w, uint32_t id, struct buf *copy,
                            struct customer_arena *arena, struct err *e)
{
    struct customer_record before, after;
    if (!customer_get_copy(w->txn, id, copy, arena, &before)) {
        return catalog_ok(w->txn, e);
    }
    after = before;
    return audience_writer_replace(w, NULL, id, &before, &after, e);
}

static bool change_some(struct audience *a, struct audience_changing *c, bool *over, struct err *e)
{
    struct audience_writer w;
    struct collecting x = { .ids = malloc(PART_CUSTOMERS * sizeof(*x.ids)), .next = c->at };
    struct buf copy = { 0 };
    struct customer_arena arena = { 0 };
    x.field = a->change.from.id;
    bool ok = audience_writer_init(&w, a, e) && (x.ids || err_set(e, ERR_NOMEM, "out of memory")) &&
              audience_writer_begin(&w, e);
    ok = ok && (customer_each(w.txn, c->at, collect_customer, &x) || catalog_ok(w.txn, e));
    for (size_t i = 0; ok && i < x.n; i++) {
        ok = change_customer(&w, x.ids[i], &copy, &arena, e);
    }
    ok = ok && audience_writer_commit(&w, false, e); /* nobody sees it yet */
    audience_writer_free(&w);
    free(x.ids);
    buf_free(&copy);
    customer_arena_free(&arena);
    c->at = x.next;
    *over = !x.more;
    return ok;
}

bool audience_change_part(struct audience *a, struct audience_changing *c, struct err *e)
{
    bool over;
    bool ok = change_some(a, c, &over, e);
    if (ok && !over && !a->change.bad) {
        return true;
    }
    if (ok && a->change.bad) {
        ok = err_set(e, ERR_INVALID, "%llu values that came meanwhile do not fit: the field is as it was",
                     (unsigned long long)a->change.bad);
    }
    ok = ok && audience_change_schema(a, strv_from(c->name), strv_from(NULL), a->change.to.id, e);
    a->change = (struct field_change){ 0 };
    c->finished = ok;
    return ok;
}
