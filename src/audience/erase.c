/* Taking a customer out: record, number, index, events, and every text that nobody else has used; and texts
 * that nobody has used for some time. */
#include "audience/audience_inside.h"
#include "store/columns.h"
#include "store/dict.h"
#include "store/events.h"
#include "store/members.h"

#include <stdlib.h>

/* Texts the customer had: space << 32 | code. */
struct erasing {
    struct audience_writer w;
    uint32_t id;
    struct hmap texts;  /* -> 1: somebody else has it too */
    struct hmap spaces; /* attributes among them */
    struct err *e;
    bool nomem;
};

static void erasing_note(struct erasing *x, uint16_t space, uint32_t code)
{
    uint64_t key = (uint64_t)space << 32 | code;
    x->nomem = x->nomem || !code || !hmap_put(&x->texts, key, 0) || !hmap_put(&x->spaces, space, 0);
}

static void erasing_note_fields(struct erasing *x, const struct customer_record *r)
{
    for (size_t i = 0; i < r->n_values; i++) {
        const struct customer_value *v = &r->values[i];
        uint32_t code = v->type == SCHEMA_TEXT ? dict_find(x->w.txn, v->field, v->text) : 0;
        if (code) {
            erasing_note(x, v->field, code);
        }
        for (size_t k = 0; v->type == SCHEMA_SET && k < v->n_codes; k++) {
            erasing_note(x, v->field, v->codes[k]);
        }
    }
}

/* --- what the events say --- */

struct erasing_events {
    struct erasing *x;
    const struct schema_event *event;
    bool others; /* look for others' use; else note the customer's */
};

static void erasing_look(struct erasing *x, const struct packed *column, uint16_t space, uint32_t rows)
{
    for (uint32_t i = 0; i < rows; i++) {
        int64_t code = packed_get(column, i);
        uint64_t key = (uint64_t)space << 32 | (uint32_t)code;
        if (code != PACKED_UNSET && hmap_get(&x->texts, key, NULL)) {
            hmap_put(&x->texts, key, 1); /* it is there: no memory is needed */
        }
    }
}

static bool erasing_block(void *ctx, const struct events_block *b)
{
    struct erasing_events *v = ctx;
    uint32_t first = 0, end = b->rows;
    if (!v->others && !events_rows_of(b, v->x->id, &first, &end)) {
        return true;
    }
    for (size_t i = 0; i < v->event->n_attributes; i++) {
        const struct schema_field *a = &v->event->attributes[i];
        const struct packed *column = a->type == SCHEMA_TEXT ? events_column(b, a->id) : NULL;
        if (column == NULL || (v->others && !hmap_get(&v->x->spaces, a->id, NULL))) {
            continue;
        }
        if (v->others) {
            erasing_look(v->x, column, a->id, b->rows);
            continue;
        }
        for (uint32_t r = first; r < end; r++) {
            int64_t code = packed_get(column, r);
            if (code != PACKED_UNSET) {
                erasing_note(v->x, a->id, (uint32_t)code);
            }
        }
    }
    return true;
}

static bool erasing_each_event(struct erasing *x, const struct schema *s, bool others)
{
    for (size_t i = 0; i < s->n_events; i++) {
        struct erasing_events v = { .x = x, .event = &s->events[i], .others = others };
        if (!events_each(x->w.txn, v.event->id, INT32_MIN, INT32_MAX, erasing_block, &v)) {
            return false;
        }
    }
    return true;
}

/* --- who else --- */

struct erasing_field {
    struct erasing *x;
    uint16_t field;
};

static bool erasing_column(void *ctx, uint32_t block, const struct packed *rows)
{
    struct erasing_field *f = ctx;
    (void)block;
    erasing_look(f->x, rows, f->field, rows->rows);
    return true;
}

static bool erasing_set(void *ctx, uint32_t code, uint16_t container, struct strv octets)
{
    struct erasing_field *f = ctx;
    (void)container;
    (void)octets;
    hmap_put(&f->x->texts, (uint64_t)f->field << 32 | code, 1);
    return false;
}

static void erasing_find_others(struct erasing *x, const struct schema *s)
{
    uint64_t key, used;
    for (size_t i = 0; i < s->n_fields; i++) {
        struct erasing_field f = { x, s->fields[i].id };
        if (s->fields[i].type == SCHEMA_TEXT && hmap_get(&x->spaces, f.field, NULL)) {
            column_each(x->w.txn, f.field, 0, erasing_column, &f);
        }
    }
    for (size_t pos = 0; hmap_next(&x->texts, &pos, &key, &used);) {
        struct erasing_field f = { x, (uint16_t)(key >> 32) };
        const struct schema_field *field = schema_field(s, f.field);
        if (field && field->type == SCHEMA_SET) {
            members_each(x->w.txn, f.field, (uint32_t)key, erasing_set, &f);
        }
    }
    erasing_each_event(x, s, true);
}

static bool erasing_forget(struct erasing *x, const struct schema *s)
{
    uint64_t key, used;
    erasing_find_others(x, s);
    for (size_t pos = 0; hmap_next(&x->texts, &pos, &key, &used);) {
        if (!used) {
            dict_forget(x->w.txn, (uint16_t)(key >> 32), (uint32_t)key);
        }
    }
    x->w.audience->forgotten++;
    return catalog_ok(x->w.txn, x->e);
}

/* --- */

static bool erasing_run(struct erasing *x, const struct customer_record *r, const struct schema *s)
{
    struct catalog_txn *t = x->w.txn;
    erasing_note_fields(x, r);
    erasing_each_event(x, s, false);
    if (x->nomem) {
        return err_set(x->e, ERR_NOMEM, "out of memory");
    }
    if (!index_change(x->w.index, t, &x->w.dict, x->id, r, NULL, x->e)) {
        return false;
    }
    customer_delete(t, x->id);
    journal_add(&x->w.journal, x->id);
    return events_erase(t, x->id, x->e) && index_flush(x->w.index, t, x->e) && erasing_forget(x, s) &&
           audience_writer_commit(&x->w, true, x->e);
}

bool audience_erase(struct audience *a, uint64_t msisdn, struct err *e)
{
    struct erasing x = { .e = e };
    struct customer_arena arena = { 0 };
    struct customer_record r;
    bool ok = audience_writer_init(&x.w, a, e) && audience_writer_begin(&x.w, e);
    struct schema *s = ok ? schema_load(x.w.txn, e) : NULL;
    ok = ok && s;
    if (ok && (!customer_find(x.w.txn, msisdn, &x.id) || !customer_get(x.w.txn, x.id, &arena, &r))) {
        ok = catalog_ok(x.w.txn, e) && err_set(e, ERR_NOT_FOUND, "there is no customer with this number");
    }
    ok = ok && erasing_run(&x, &r, s);
    schema_free(s);
    customer_arena_free(&arena);
    hmap_free(&x.texts);
    hmap_free(&x.spaces);
    audience_writer_free(&x.w);
    return ok;
}

/* --- texts that nobody has any more --- */

struct unused {
    struct catalog_txn *txn;
    uint8_t *used; /* a bit a code */
    uint32_t count, *codes;
    size_t n, cap;
    bool nomem;
};

static void unused_mark(struct unused *u, uint64_t code)
{
    if (code <= u->count) {
        u->used[code / 8] |= (uint8_t)(1u << code % 8);
    }
}

static bool unused_column(void *ctx, uint32_t block, const struct packed *rows)
{
    (void)block;
    for (uint32_t i = 0; i < rows->rows; i++) {
        int64_t code = packed_get(rows, i);
        if (code != PACKED_UNSET) {
            unused_mark(ctx, (uint64_t)code);
        }
    }
    return true;
}

static bool unused_set(void *ctx, uint32_t code, uint16_t container, struct strv octets)
{
    (void)container;
    (void)octets;
    unused_mark(ctx, code);
    return true;
}

static bool unused_text(void *ctx, uint32_t code, struct strv text)
{
    struct unused *u = ctx;
    if (text.n == 0 || code > u->count || (u->used[code / 8] >> code % 8 & 1) != 0) {
        return true;
    }
    if (u->n == u->cap) {
        size_t cap = u->cap ? u->cap * 2 : 1024;
        uint32_t *p = realloc(u->codes, cap * sizeof(*p));
        if (!p) {
            u->nomem = true;
            return false;
        }
        u->codes = p;
        u->cap = cap;
    }
    u->codes[u->n++] = code;
    return true;
}

static bool unused_forget(struct catalog_txn *t, const struct schema_field *f, struct err *e)
{
    struct unused u = { .txn = t, .count = dict_count(t, f->id) };
    u.used = calloc(u.count / 8 + 1, 1);
    u.nomem = !u.used;
    if (!u.nomem && f->type == SCHEMA_TEXT) {
        column_each(t, f->id, 0, unused_column, &u);
    } else if (!u.nomem) {
        members_each_code(t, f->id, unused_set, &u);
    }
    if (!u.nomem && catalog_ok(t, e)) {
        dict_each(t, f->id, unused_text, &u);
    }
    for (size_t i = 0; i < u.n; i++) {
        dict_forget(t, f->id, u.codes[i]);
    }
    free(u.used);
    free(u.codes);
    return u.nomem ? err_set(e, ERR_NOMEM, "out of memory") : catalog_ok(t, e);
}

bool audience_forget_unused(struct audience *a, struct err *e)
{
    struct catalog_txn *t = catalog_begin_write(a->catalog, e);
    struct schema *s = t ? schema_load(t, e) : NULL;
    bool ok = s != NULL;
    for (size_t i = 0; ok && i < s->n_fields; i++) {
        const struct schema_field *f = &s->fields[i];
        bool texts = f->type == SCHEMA_TEXT || f->type == SCHEMA_SET;
        ok = !texts || f->hidden || unused_forget(t, f, e);
    }
    schema_free(s);
    a->forgotten++;
    if (ok) {
        return catalog_commit(t, e);
    }
    if (t) {
        catalog_end(t);
    }
    return false;
}
