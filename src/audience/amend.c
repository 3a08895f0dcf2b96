#include "audience/amend.h"

#include "audience/import_inside.h"
#include "base/utf8.h"
#include "store/dict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An import of rows that come one by one, each with columns of its own. */
struct amending {
    struct audience_import *im;
    const struct amend_options *o;
    struct schema *schema;
    bool changed; /* anything */
    /* of the request at hand */
    struct buf edited[AMEND_MAX_FIELDS]; /* what becomes of sets that are edited */
    struct buf copy;
    struct customer_arena arena, arena_after;
    struct customer_record before;
    bool there;
};

static bool amend_field_of(const struct amending *x, struct strv name, const struct schema_field **out,
                           struct err *e)
{
    const struct schema_field *f = schema_find_field(x->schema, name);
    if (!f || f->hidden) {
        return schema_no_field(x->schema, name, e);
    }
    if (f->id == FIELD_MSISDN) {
        return err_set(e, ERR_INVALID, "\"msisdn\" is who the customer is: it cannot be changed");
    }
    if (!import_map_settable(f)) {
        return err_set(e, ERR_INVALID, "\"" STRV_FMT "\" is kept by the gateway and cannot be set",
                       STRV_ARG(name));
    }
    *out = f;
    return true;
}

/* --- sets that are edited --- */

/* The codes of members; those nobody has are left out. */
static size_t member_codes(struct catalog_txn *t, uint16_t field, struct strv list, uint32_t *codes)
{
    struct strv member;
    size_t n = 0;
    while (n < IMPORT_MAX_MEMBERS && import_next_member(&list, &member)) {
        codes[n] = dict_find(t, field, member);
        n += codes[n] != 0;
    }
    return n;
}

static bool is_among(uint32_t code, const uint32_t *codes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (codes[i] == code) {
            return true;
        }
    }
    return false;
}

/* The members that are left, and those that are added, as a cell has them. */
static bool amend_edit(struct amending *x, const struct schema_field *f, const struct amend_field *q,
                       struct buf *out)
{
    struct catalog_txn *t = x->im->writer.txn;
    const struct customer_value *v = x->there ? customer_value(&x->before, f->id) : NULL;
    uint32_t removed[IMPORT_MAX_MEMBERS];
    size_t n = member_codes(t, f->id, q->remove, removed);
    buf_clear(out);
    for (size_t i = 0; v && i < v->n_codes; i++) {
        struct strv text;
        if (!is_among(v->codes[i], removed, n) && dict_text(t, f->id, v->codes[i], &text)) {
            buf_put_u8(out, IMPORT_MEMBER);
            buf_put_strv(out, text);
        }
    }
    return buf_put_strv(out, q->add);
}

/* --- the row --- */

static bool amend_type_failed(const struct schema_field *f, struct strv text, struct err *e)
{
    char type[24], why[160];
    snprintf(why, sizeof why, "%s", e->text);
    snprintf(type, sizeof type, f->type == SCHEMA_NUMBER ? "%s(%u)" : "%s",
             f->type == SCHEMA_BOOL ? "yes/no" : schema_type_name(f->type), (unsigned)f->scale);
    if (!text.n || text.p[0] == IMPORT_MEMBER) {
        return err_set(e, e->code, STRV_FMT " (%s): %s", STRV_ARG(f->name), type, why);
    }
    return err_set(e, e->code, STRV_FMT " (%s): %s: \"" STRV_FMT "\"", STRV_ARG(f->name), type, why,
                   STRV_ARG(strv_sub(text, 0, utf8_cut(text, 60))));
}

static bool amend_cell(struct amending *x, const struct amend_field *q, size_t i, struct err *e)
{
    struct import_column *c = &x->im->map.columns[i];
    struct import_cell *cell = &x->im->cells[i];
    const struct schema_field *f = NULL;
    struct strv text = q->value;
    if (!amend_field_of(x, q->name, &f, e)) {
        return false;
    }
    if ((q->what == AMEND_EDIT || q->what == AMEND_LIST) && f->type != SCHEMA_SET) {
        return err_set(e, ERR_INVALID, "\"" STRV_FMT "\" is no set (%s): it has one value", STRV_ARG(f->name),
                       schema_type_name(f->type));
    }
    if (q->what == AMEND_EDIT) {
        if (!amend_edit(x, f, q, &x->edited[i])) {
            return err_set(e, ERR_NOMEM, "out of memory");
        }
        text = (struct strv){ (const char *)x->edited[i].data, x->edited[i].len };
    }
    *c = (struct import_column){ .target = IMPORT_FIELD, .id = f->id, .cell = i };
    strv_copy(f->name, c->header, sizeof c->header);
    *cell = (struct import_cell){ .set = true };
    if (q->what == AMEND_UNSET || !text.n) {
        return true; /* a column without a type: the value goes */
    }
    c->type = f->type;
    c->scale = f->scale;
    return import_value(f->type, f->scale, text, cell, e) || amend_type_failed(f, text, e);
}

/* The columns of the row that is the request; false with the request's error. */
static bool amend_row(struct amending *x, struct amend_request *q)
{
    struct audience_import *im = x->im;
    size_t n = 0;
    for (size_t i = 0; i < q->n; i++) {
        if (!amend_cell(x, &q->fields[i], n, &q->err)) {
            return false;
        }
        for (size_t k = 0; k < n; k++) {
            if (im->map.columns[k].id == im->map.columns[n].id) {
                return err_set(&q->err, ERR_INVALID, "\"%s\" is said twice", im->map.columns[n].header);
            }
        }
        n += x->there || im->map.columns[n].type != SCHEMA_NONE; /* a new customer has nothing to lose */
    }
    im->map.n = im->map.n_cells = n;
    im->rows[0] = (struct import_row){ .line = 1, .msisdn = q->msisdn };
    return true;
}

/* --- what came of it --- */

static bool amend_same(const struct customer_value *a, const struct customer_value *b)
{
    if (!a || !b) {
        return a == b;
    }
    return a->number == b->number && strv_eq(a->text, b->text) && a->n_codes == b->n_codes &&
           (a->n_codes == 0 || memcmp(a->codes, b->codes, a->n_codes * sizeof(*a->codes)) == 0);
}

static void amend_tell(struct amending *x, const struct amend_request *q)
{
    struct audience_writer *w = &x->im->writer;
    struct customer_record after;
    uint32_t id;
    if (!x->o->told || !audience_writer_find(w, q->msisdn, &id) ||
        !customer_get(w->txn, id, &x->arena_after, &after)) {
        return;
    }
    for (size_t i = 0; i < q->n; i++) {
        const struct schema_field *f = schema_find_field(x->schema, q->fields[i].name);
        const struct customer_value *was = x->there && f ? customer_value(&x->before, f->id) : NULL;
        const struct customer_value *is = f ? customer_value(&after, f->id) : NULL;
        if (!amend_same(was, is)) {
            x->o->told(q->ctx, w->txn, f, was, is);
        }
    }
}

static bool amend_one(struct amending *x, struct amend_request *q, struct err *e)
{
    struct audience_import *im = x->im;
    uint32_t id;
    x->there = audience_writer_find(&im->writer, q->msisdn, &id);
    if (!x->there && !q->create) {
        err_set(&q->err, ERR_NOT_FOUND, "no customer has this number: \"create\" makes it one");
        return true;
    }
    if (x->there && !customer_get_copy(im->writer.txn, id, &x->copy, &x->arena, &x->before)) {
        return catalog_ok(im->writer.txn, e) &&
               err_set(e, ERR_CORRUPT, "a number of the index leads to no customer");
    }
    if (!amend_row(x, q)) {
        return q->err.code != ERR_NOMEM || err_set(e, ERR_NOMEM, "out of memory");
    }
    im->next = (struct audience_import_progress){ 0 };
    if (!import_customers_row(im, 0, e)) {
        return false;
    }
    if (im->n_rejects) { /* nothing else is refused at this point */
        err_set(&q->err, ERR_STATE, "%s: %s", im->rejects[0].column, im->rejects[0].reason);
        im->n_rejects = 0;
        return true;
    }
    q->created = im->next.created != 0;
    q->changed = q->created || im->next.updated != 0;
    x->changed = x->changed || q->changed;
    if (q->changed) {
        amend_tell(x, q);
    }
    return true;
}

/* --- the transaction --- */

static struct audience_import *amend_import(struct audience *a, const struct amend_options *o)
{
    struct audience_import *im = calloc(1, sizeof(*im));
    if (!im) {
        return NULL;
    }
    im->audience = a;
    im->staged = -1;
    im->o.now = o->now;
    im->o.locator = o->locator;
    im->rows = calloc(1, sizeof(*im->rows));
    im->cells = calloc(AMEND_MAX_FIELDS, sizeof(*im->cells));
    im->map.columns = calloc(AMEND_MAX_FIELDS, sizeof(*im->map.columns));
    if (!im->rows || !im->cells || !im->map.columns) {
        audience_import_free(im);
        return NULL;
    }
    return im;
}

static bool amend_all(struct amending *x, struct amend_request *list, size_t n, struct err *e)
{
    struct audience_import *im = x->im;
    im->writer.now = x->o->now;
    bool ok = audience_writer_begin(&im->writer, e);
    x->schema = ok ? schema_load(im->writer.txn, e) : NULL;
    ok = ok && x->schema && import_stages_begin(im, im->writer.txn, e);
    for (size_t i = 0; ok && i < n; i++) {
        ok = list[i].n <= AMEND_MAX_FIELDS
                 ? amend_one(x, &list[i], e)
                 : !err_set(&list[i].err, ERR_LIMIT, "more than %d fields", AMEND_MAX_FIELDS);
    }
    if (ok && x->changed) {
        ok = import_stages_store(im, e) && catalog_ok(im->writer.txn, e) &&
             audience_writer_commit(&im->writer, true, e);
    }
    audience_writer_abort(&im->writer);
    return ok;
}

bool amend_customers(struct audience *a, const struct amend_options *o, struct amend_request *list, size_t n,
                     struct err *e)
{
    struct amending *x = calloc(1, sizeof(*x));
    if (x) {
        x->o = o;
        x->im = amend_import(a, o);
    }
    bool ok = x && x->im ? audience_writer_init(&x->im->writer, a, e) && amend_all(x, list, n, e)
                         : err_set(e, ERR_NOMEM, "out of memory");
    if (x) {
        schema_free(x->schema);
        customer_arena_free(&x->arena);
        customer_arena_free(&x->arena_after);
        buf_free(&x->copy);
        for (size_t i = 0; i < AMEND_MAX_FIELDS; i++) {
            buf_free(&x->edited[i]);
        }
        audience_import_free(x->im);
    }
    free(x);
    return ok;
}
