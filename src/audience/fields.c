#include "audience/fields.h"

#include "audience/audience_inside.h"
#include "audience/segment.h"
#include "store/columns.h"
#include "store/dict.h"
#include "store/documents.h"
#include "store/members.h"

#include <stdlib.h>
#include <string.h>

#define CLEAR_CUSTOMERS 16384u  /* changed in a transaction */
#define CLEAR_LOOK      131072u /* looked at */
#define CLEAR_TEXTS     65536u

/* --- segments must still mean something --- */

struct asking {
    struct audience_view *before, *after;
    struct err *e;
    bool ok;
};

static bool segment_parses(struct audience_view *v, struct strv query)
{
    const struct query_limits *defaults = NULL;
    struct query_error qe = { 0 };
    struct query *q = segment_parse(v, query, defaults, &qe);
    query_free(q);
    return q != NULL;
}

static bool asking_segment(void *ctx, const struct segment *s)
{
    struct asking *x = ctx;
    if (segment_parses(x->before, s->query) && !segment_parses(x->after, s->query)) {
        x->ok = err_set(x->e, ERR_STATE, "segment \"" STRV_FMT "\" asks for it: change that first",
                        STRV_ARG(s->name));
    }
    return x->ok;
}

/* Changes the schema: a new name, another field in its place (`prepared`), or none. Refused when a segment
 * that could be read cannot be any more. */
static bool change_apply(struct catalog_txn *t, struct strv name, struct strv to, uint16_t prepared,
                         struct err *e)
{
    return prepared ? schema_switch_field(t, name, prepared, e)
           : to.n   ? schema_rename_field(t, name, to, e)
                    : schema_drop_field(t, name, e);
}

/* How fresh the field was is how fresh the one in its place is. */
static void fresh_goes_on(struct audience_view *before, struct catalog_txn *t, struct strv name, uint16_t to)
{
    const struct schema_field *f = schema_find_field(before->schema, name);
    uint8_t from_name[2], to_name[2], copy[8];
    struct strv at;
    be_put16(from_name, f ? f->id : 0);
    be_put16(to_name, to);
    if (f && document_get(t, DOCUMENT_FRESH, (struct strv){ (const char *)from_name, 2 }, &at) &&
        at.n == sizeof(copy)) {
        memcpy(copy, at.p, sizeof(copy)); /* what is in the map moves when it is written */
        document_put(t, DOCUMENT_FRESH, (struct strv){ (const char *)to_name, 2 },
                     (struct strv){ (const char *)copy, sizeof(copy) });
    }
}

bool audience_change_schema(struct audience *a, struct strv name, struct strv to, uint16_t prepared,
                            struct err *e)
{
    struct audience_view *before = audience_view_begin(a, e);
    struct catalog_txn *t = before ? catalog_begin_write(a->catalog, e) : NULL;
    bool ok = t && change_apply(t, name, to, prepared, e);
    if (ok && prepared) {
        fresh_goes_on(before, t, name, prepared);
    }
    struct schema *schema = ok ? schema_load(t, e) : NULL;
    struct audience_view after = { .txn = t, .schema = schema, .audience = a };
    struct asking x = { before, &after, e, schema != NULL };
    if (schema) {
        segment_each(before, asking_segment, &x);
    }
    schema_free(schema);
    audience_view_end(before);
    if (x.ok) {
        catalog_set_number(t, CATALOG_CHANGE, catalog_number(t, CATALOG_CHANGE) + 1);
        a->schema_moves++;
        return catalog_commit(t, e);
    }
    catalog_end(t);
    return false;
}

static bool changing(const struct audience *a, struct err *e)
{
    if (a->change.to.id) {
        err_set(e, ERR_BUSY, "a field is just changing its type: try again when that is done");
    }
    return a->change.to.id != 0;
}

bool audience_rename_field(struct audience *a, struct strv name, struct strv to, struct err *e)
{
    if (to.n == 0) {
        return err_set(e, ERR_INVALID, "a field needs a name");
    }
    return !changing(a, e) && audience_change_schema(a, name, to, 0, e);
}

bool audience_drop_field(struct audience *a, struct strv name, struct err *e)
{
    return !changing(a, e) && audience_change_schema(a, name, strv_from(NULL), 0, e);
}

/* --- clearing away --- */

struct finding {
    struct audience_clearing *c;
    uint32_t *ids;
    size_t n, looked;
    bool more;
};

static bool find_value(void *ctx, uint32_t id, const struct customer_record *r)
{
    struct finding *f = ctx;
    if (f->n == CLEAR_CUSTOMERS || f->looked++ == CLEAR_LOOK) {
        f->more = true;
        return false;
    }
    if (customer_value(r, f->c->field)) {
        f->ids[f->n++] = id;
    }
    f->c->at = id + 1;
    return true;
}

/* The customer without the value. */
static bool clear_value(struct audience_writer *w, uint16_t field, uint32_t id, struct buf *copy,
                        struct customer_arena *arena, struct err *e)
{
    struct customer_record before, after;
    if (!customer_get_copy(w->txn, id, copy, arena, &before)) {
        return catalog_ok(w->txn, e);
    }
    struct customer_value *values = malloc((before.n_values + 1) * sizeof(*values));
    if (!values) {
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    after = before;
    after.values = values;
    after.n_values = 0;
    for (size_t i = 0; i < before.n_values; i++) {
        if (before.values[i].field != field) {
            values[after.n_values++] = before.values[i];
        }
    }
    bool ok = audience_writer_replace(w, NULL, id, &before, &after, e);
    free(values);
    return ok;
}

static void clear_rest(struct audience_writer *w, struct audience_clearing *c)
{
    uint8_t name[2];
    be_put16(name, c->field);
    column_clear(w->txn, c->field, 0, UINT32_MAX);
    if (!members_clear_field(w->txn, c->field, CLEAR_TEXTS) || !dict_clear(w->txn, c->field, CLEAR_TEXTS)) {
        return; /* more of it with the next part */
    }
    document_delete(w->txn, DOCUMENT_FRESH, (struct strv){ (const char *)name, sizeof(name) });
    document_delete(w->txn, DOCUMENT_TRANSITIONS, (struct strv){ (const char *)name, sizeof(name) });
    schema_forget_field(w->txn, c->field);
    c->field = 0;
}

static bool clear_part(struct audience_writer *w, struct audience_clearing *c, struct err *e)
{
    struct finding f = { .c = c, .ids = malloc(CLEAR_CUSTOMERS * sizeof(*f.ids)) };
    struct buf copy = { 0 };
    struct customer_arena arena = { 0 };
    bool ok = f.ids || err_set(e, ERR_NOMEM, "out of memory");
    ok = ok && (customer_each(w->txn, c->at, find_value, &f) || catalog_ok(w->txn, e));
    for (size_t i = 0; ok && i < f.n; i++) {
        ok = clear_value(w, c->field, f.ids[i], &copy, &arena, e);
    }
    c->cleared += f.n;
    if (ok && !f.more) {
        ok = audience_writer_flush(w, e);
        if (ok) {
            clear_rest(w, c);
        }
    }
    free(f.ids);
    buf_free(&copy);
    customer_arena_free(&arena);
    return ok && catalog_ok(w->txn, e);
}

bool audience_clear_fields(struct audience *a, struct audience_clearing *c, struct err *e)
{
    const struct audience_clearing before = *c;
    struct audience_writer w;
    bool ok = audience_writer_init(&w, a, e) && audience_writer_begin(&w, e);
    struct schema *s = ok && !c->field ? schema_load(w.txn, e) : NULL;
    if (s) {
        c->at = 0;
        c->finished = !schema_dropped(s, a->change.to.id, &c->field);
        schema_free(s);
    } else {
        ok = ok && c->field;
    }
    ok = ok && (c->finished || (clear_part(&w, c, e) && audience_writer_commit(&w, true, e)));
    audience_writer_free(&w);
    a->forgotten++; /* codes of texts that are no more */
    if (!ok) {
        *c = before;
    }
    return ok;
}
