#include "audience/import_inside.h"

#include <stdlib.h>
#include <string.h>

static bool grow(void **p, size_t *cap, size_t need, size_t size)
{
    if (need <= *cap) {
        return true;
    }
    void *q = realloc(*p, need * 2 * size);
    if (q) {
        *p = q;
        *cap = need * 2;
    }
    return q != NULL;
}

static int code_cmp(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static void codes_insert(uint32_t *codes, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        uint32_t code = codes[i];
        size_t k = i;
        for (; k > 0 && codes[k - 1] > code; k--) {
            codes[k] = codes[k - 1];
        }
        codes[k] = code;
    }
}

size_t import_codes_sort(uint32_t *codes, size_t n)
{
    size_t kept = 0;
    if (n > 16) {
        qsort(codes, n, sizeof(*codes), code_cmp);
    } else {
        codes_insert(codes, n);
    }
    for (size_t i = 0; i < n; i++) {
        if (kept == 0 || codes[kept - 1] != codes[i]) {
            codes[kept++] = codes[i];
        }
    }
    return kept;
}

/* The members' codes, ascending, each once. */
static bool set_codes(struct audience_import *im, uint16_t field, struct strv text, const uint32_t **codes,
                      size_t *n, struct err *e)
{
    uint32_t *own = im->codes + im->n_codes; /* room was made for every member a row can have */
    struct strv member;
    size_t count = 0;
    while (import_next_member(&text, &member)) {
        uint32_t code = dict_cache_intern(&im->writer.dict, im->writer.txn, field, member, e);
        if (!code) {
            return false;
        }
        own[count++] = code;
    }
    *n = import_codes_sort(own, count);
    *codes = own;
    im->n_codes += *n;
    return true;
}

static bool row_value(struct audience_import *im, const struct import_column *c,
                      const struct import_cell *cell, struct customer_value *v, struct err *e)
{
    *v = (struct customer_value){ .field = c->id, .type = c->type };
    if (c->type == SCHEMA_TEXT) {
        v->text = cell->text;
        v->code = (uint32_t)cell->number; /* 0: not known */
    } else if (c->type == SCHEMA_SET) {
        return set_codes(im, c->id, cell->text, &v->codes, &v->n_codes, e);
    } else {
        v->number = cell->number;
    }
    return true;
}

static size_t row_members(const struct audience_import *im, const struct import_cell *cells)
{
    size_t most = 0;
    for (size_t i = 0; i < im->map.n; i++) {
        const struct import_column *c = &im->map.columns[i];
        if (c->target == IMPORT_FIELD && !c->shared && c->type == SCHEMA_SET && cells[c->cell].set) {
            most += cells[c->cell].text.n / 2 + 1;
        }
    }
    return most;
}

/* What the row says, ordered by field, with room behind it for what the customer has. */
static bool row_values(struct audience_import *im, size_t row, size_t room, size_t *n, struct err *e)
{
    const struct import_cell *cells = im->cells + row * im->map.n_cells;
    im->n_codes = *n = 0;
    if (!grow((void **)&im->values, &im->cap_values, 2 * (im->map.n + room) + 1, sizeof(*im->values)) ||
        !grow((void **)&im->codes, &im->cap_codes, row_members(im, cells) + 1, sizeof(*im->codes))) {
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    for (size_t i = 0; i < im->map.n; i++) {
        const struct import_column *c = &im->map.columns[i];
        if (c->target != IMPORT_FIELD || c->shared || !cells[c->cell].set) {
            continue;
        }
        size_t at = (*n)++; /* few, and mostly in order: into their place at once */
        for (; at > 0 && im->values[at - 1].field > c->id; at--) {
            im->values[at] = im->values[at - 1];
        }
        if (!row_value(im, c, &cells[c->cell], &im->values[at], e)) {
            return false;
        }
    }
    return true;
}

static bool value_same(const struct customer_value *a, const struct customer_value *b)
{
    if (a->type != b->type) {
        return false;
    }
    switch (a->type) {
    case SCHEMA_TEXT: return strv_eq(a->text, b->text);
    case SCHEMA_SET:
        return a->n_codes == b->n_codes &&
               (a->n_codes == 0 || memcmp(a->codes, b->codes, a->n_codes * sizeof(*a->codes)) == 0);
    default: return a->number == b->number;
    }
}

/* The customer's values with those of the row over them; one without a type takes the field's away. Whether
 * any differs. */
static bool merge_values(const struct customer_record *before, const struct customer_value *said,
                         size_t n_said, struct customer_value *out, size_t *n)
{
    bool changed = false;
    *n = 0;
    for (size_t i = 0, j = 0; i < before->n_values || j < n_said;) {
        uint32_t x = i < before->n_values ? before->values[i].field : UINT32_MAX;
        uint32_t y = j < n_said ? said[j].field : UINT32_MAX;
        if (x < y) {
            out[(*n)++] = before->values[i++];
            continue;
        }
        bool same = x == y ? value_same(&before->values[i], &said[j]) : said[j].type == SCHEMA_NONE;
        changed = changed || !same;
        i += x == y;
        out[*n] = said[j++];
        *n += out[*n].type != SCHEMA_NONE;
    }
    return changed;
}

/* The record is there and every code is known. */
static bool row_create_ready(struct audience_import *im, const struct import_row *row,
                             const struct import_cell *cells, struct err *e)
{
    struct customer_record r = {
        .msisdn = row->msisdn, .created = im->o.now, .changed = im->o.now, .clock = row->clock
    };
    struct index *index = im->writer.index;
    struct catalog_txn *t = im->writer.txn;
    const struct strv record = { (const char *)im->records.data + row->record, row->n_record };
    uint32_t id;
    if (!audience_writer_add(&im->writer, &r, record, &id, e)) {
        return false;
    }
    for (size_t i = 0; i < im->n_plan; i++) {
        const struct import_column *c = &im->map.columns[im->plan[i]];
        const struct import_cell *cell = &cells[c->cell];
        size_t n;
        if (!cell->set) {
            continue;
        }
        if (c->type == SCHEMA_TEXT) {
            index_add_text(index, t, id, c->id, (uint32_t)cell->number);
        } else if (c->type == SCHEMA_SET) {
            const uint32_t *codes = import_cell_codes(im, cell, &n);
            index_add_set(index, id, c->id, codes, n);
        } else {
            index_add_number(index, t, id, c->id, cell->number);
        }
    }
    if (row->region) {
        index_add_text(index, t, id, FIELD_REGION, row->region);
    }
    im->next.created++;
    return true;
}

static bool row_create(struct audience_import *im, size_t row, struct err *e)
{
    if (im->rows[row].ready && im->stages.n == 0 && !audience_writer_derives(&im->writer)) {
        return row_create_ready(im, &im->rows[row], im->cells + row * im->map.n_cells, e);
    }
    struct customer_record r = { .msisdn = im->rows[row].msisdn, .created = im->o.now, .changed = im->o.now };
    uint32_t id;
    if (!import_stages_allow(im, row, NULL)) {
        return true;
    }
    if (!row_values(im, row, 0, &r.n_values, e)) {
        return false;
    }
    r.values = im->values;
    im->next.created++;
    return audience_writer_create(&im->writer, im->o.locator, &r, &id, e) &&
           import_stages_note(im, row, NULL, id, e);
}

static bool values_same(const struct customer_record *a, const struct customer_record *b)
{
    bool same = a->n_values == b->n_values;
    for (size_t i = 0; same && i < a->n_values; i++) {
        same = a->values[i].field == b->values[i].field && value_same(&a->values[i], &b->values[i]);
    }
    return same;
}

/* The region that the number gives, when the row says none. There is room for one more value. */
static void row_region(struct audience_import *im, struct customer_record *r)
{
    struct audience_place_of place = { 0 };
    const struct customer_value *zone = customer_value(r, FIELD_ZONE);
    const struct audience_locator *l = im->o.locator;
    size_t at = 0;
    if (customer_value(r, FIELD_REGION) || !l ||
        !l->locate(l->ctx, r->msisdn, zone ? zone->text : strv_from(NULL), strv_from(NULL), &place) ||
        !place.region.n) {
        return;
    }
    while (at < r->n_values && r->values[at].field < FIELD_REGION) {
        at++;
    }
    memmove(r->values + at + 1, r->values + at, (r->n_values - at) * sizeof(*r->values));
    r->values[at] =
        (struct customer_value){ .field = FIELD_REGION, .type = SCHEMA_TEXT, .text = place.region };
    r->n_values++;
}

/* What the row says is all there is. */
static bool row_replace(struct audience_import *im, uint32_t id, const struct customer_record *before,
                        size_t n, struct err *e)
{
    struct customer_record after = *before;
    after.values = im->values;
    after.n_values = n;
    after.changed = im->o.now;
    row_region(im, &after);
    if (values_same(before, &after)) {
        im->next.unchanged++;
        return true;
    }
    im->next.updated++;
    return audience_writer_replace(&im->writer, im->o.locator, id, before, &after, e);
}

static bool row_update(struct audience_import *im, size_t row, uint32_t id, struct err *e)
{
    struct customer_record before, after;
    size_t n;
    if (!customer_get_copy(im->writer.txn, id, &im->copy, &im->arena, &before)) {
        return catalog_ok(im->writer.txn, e) &&
               err_set(e, ERR_CORRUPT, "a number of the index leads to no customer");
    }
    if (!import_stages_allow(im, row, &before)) {
        return true;
    }
    if (!row_values(im, row, before.n_values, &n, e) || !import_stages_note(im, row, &before, id, e)) {
        return false;
    }
    if (im->o.mode == IMPORT_REPLACE) {
        return row_replace(im, id, &before, n, e);
    }
    after = before;
    after.values = im->values + n;
    after.changed = im->o.now;
    if (!merge_values(&before, im->values, n, after.values, &after.n_values)) {
        im->next.unchanged++;
        return true;
    }
    im->next.updated++;
    return audience_writer_replace(&im->writer, im->o.locator, id, &before, &after, e);
}

bool import_customers_check(struct audience_import *im, struct catalog_txn *t, struct err *e)
{
    if (!import_stages_begin(im, t, e)) {
        return false;
    }
    for (size_t i = 0; (im->o.mode == IMPORT_UPDATE || im->stages.n) && i < im->n_rows; i++) {
        uint32_t id;
        struct customer_record before;
        bool there = customer_find(t, im->rows[i].msisdn, &id);
        if (!there && im->o.mode == IMPORT_UPDATE) {
            import_refuse_unknown(im, &im->rows[i]);
        } else if (im->stages.n) {
            there = there && customer_get(t, id, &im->arena, &before);
            import_stages_allow(im, i, there ? &before : NULL);
        }
    }
    return catalog_ok(t, e);
}

bool import_customers_row(struct audience_import *im, size_t row, struct err *e)
{
    uint32_t id;
    if (audience_writer_find(&im->writer, im->rows[row].msisdn, &id)) {
        return row_update(im, row, id, e);
    }
    if (im->o.mode == IMPORT_UPDATE) {
        import_refuse_unknown(im, &im->rows[row]);
        return true;
    }
    return row_create(im, row, e);
}

bool import_customers_apply(struct audience_import *im, struct err *e)
{
    bool ok = import_stages_begin(im, im->writer.txn, e);
    audience_writer_expect(&im->writer, im->n_rows);
    for (size_t i = 0; ok && i < im->n_rows; i++) {
        if (i + IMPORT_AHEAD < im->n_rows) {
            audience_writer_soon(&im->writer, im->rows[i + IMPORT_AHEAD].msisdn);
        }
        ok = import_customers_row(im, i, e);
    }
    return ok && import_stages_store(im, e) && catalog_ok(im->writer.txn, e);
}
