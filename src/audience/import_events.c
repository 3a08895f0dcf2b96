#include "audience/import_inside.h"

#include "audience/set_bitmap.h"
#include "base/hash.h"
#include "store/events.h"

#include <stdio.h>
#include <stdlib.h>

#define AHEAD 12 /* rows whose customer is on the way from memory */

/* --- whose events they are --- */

void import_refuse_unknown(struct audience_import *im, struct import_row *row)
{
    char number[24];
    const char *header = "";
    for (size_t i = 0; i < im->map.n; i++) {
        if (im->map.columns[i].target == IMPORT_MSISDN) {
            header = im->map.columns[i].header;
        }
    }
    snprintf(number, sizeof(number), "+%llu", (unsigned long long)row->msisdn);
    row->skip = true;
    import_reject(im, row->line, header, strv_from(number), "no customer has this number");
}

static bool rows_find_customers(struct audience_import *im, struct err *e)
{
    struct audience_writer *w = &im->writer;
    bool ok = true;
    audience_writer_expect(w, im->n_rows);
    for (size_t i = 0; ok && i < im->n_rows; i++) {
        struct import_row *row = &im->rows[i];
        if (directory_there(&w->directory) && i + AHEAD < im->n_rows) {
            directory_prefetch(&w->directory, im->rows[i + AHEAD].msisdn);
        }
        if (audience_writer_find(w, row->msisdn, &row->customer)) {
            continue;
        }
        if (!im->o.create_customers) {
            import_refuse_unknown(im, row);
            continue;
        }
        struct customer_record r = { .msisdn = row->msisdn, .created = im->o.now, .changed = im->o.now };
        im->next.created++;
        ok = audience_writer_create(w, im->o.locator, &r, &row->customer, e);
    }
    return ok;
}

bool import_events_check(struct audience_import *im, struct catalog_txn *t, struct err *e)
{
    for (size_t i = 0; i < im->n_rows; i++) {
        uint32_t id;
        if (!im->o.create_customers && !customer_find(t, im->rows[i].msisdn, &id)) {
            import_refuse_unknown(im, &im->rows[i]);
        }
    }
    return catalog_ok(t, e);
}

/* --- which were seen before --- */

struct event_id {
    uint64_t value; /* the number itself, or a hash */
    uint32_t row;
    bool number;
};

/* Numbers that are written the one usual way are kept as numbers: shops count upwards. */
static struct event_id event_id_of(struct strv text, uint32_t row)
{
    uint64_t n;
    if (text.n <= 18 && (text.p[0] != '0' || text.n == 1) && strv_to_u64(text, &n)) {
        return (struct event_id){ .value = n, .row = row, .number = true };
    }
    return (struct event_id){ .value = hash_stable(text.p, text.n), .row = row };
}

static int event_id_cmp(const void *a, const void *b)
{
    const struct event_id *x = a, *y = b;
    if (x->number != y->number) {
        return x->number ? -1 : 1;
    }
    if (x->value != y->value) {
        return x->value < y->value ? -1 : 1;
    }
    return x->row < y->row ? -1 : x->row > y->row;
}

static void row_repeat(struct audience_import *im, uint32_t row)
{
    im->rows[row].skip = true;
    im->next.repeated++;
}

/* The numbers ids[0..n), all of one container. */
static bool ids_of_container(struct audience_import *im, const struct event_id *ids, size_t n,
                             struct buf *octets, struct err *e)
{
    struct strv have;
    uint64_t container = ids->value >> 16;
    bool there = events_ids_get(im->writer.txn, im->event, container, &have);
    roaring_bitmap_t *r = there ? bitmap_from_octets(have) : roaring_bitmap_create();
    if (!r) {
        return err_set(e, ERR_CORRUPT, "the ids of events seen are torn, or memory ran out");
    }
    bool changed = false;
    for (size_t i = 0; i < n; i++) {
        if (roaring_bitmap_add_checked(r, (uint32_t)(ids[i].value & 0xffff))) {
            changed = true;
        } else {
            row_repeat(im, ids[i].row);
        }
    }
    bool ok = true;
    if (changed) {
        roaring_bitmap_run_optimize(r);
        ok = bitmap_to_octets(r, octets) || err_set(e, ERR_NOMEM, "out of memory");
        events_ids_put(im->writer.txn, im->event, container,
                       (struct strv){ (char *)octets->data, octets->len });
    }
    roaring_bitmap_free(r);
    return ok;
}

static bool ids_apply(struct audience_import *im, const struct event_id *ids, size_t n, struct buf *octets,
                      struct err *e)
{
    bool ok = true;
    for (size_t i = 0; ok && i < n;) {
        size_t end = i + 1;
        if (ids[i].number) {
            while (end < n && ids[end].number && ids[end].value >> 16 == ids[i].value >> 16) {
                end++;
            }
            ok = ids_of_container(im, ids + i, end - i, octets, e);
        } else if (events_id_seen(im->writer.txn, im->event, ids[i].value)) {
            row_repeat(im, ids[i].row);
        } else {
            events_id_put(im->writer.txn, im->event, ids[i].value);
        }
        i = end;
    }
    return ok && catalog_ok(im->writer.txn, e);
}

static bool rows_find_repeats(struct audience_import *im, struct err *e)
{
    struct event_id *ids = malloc((im->n_rows + 1) * sizeof(*ids));
    struct buf octets = { 0 };
    size_t n = 0;
    if (!ids) {
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    for (size_t i = 0; i < im->n_rows; i++) {
        if (!im->rows[i].skip && im->rows[i].id.n) {
            ids[n++] = event_id_of(im->rows[i].id, (uint32_t)i);
        }
    }
    bool sorted = true; /* a shop's export mostly is */
    for (size_t i = 1; sorted && i < n; i++) {
        sorted = event_id_cmp(&ids[i - 1], &ids[i]) < 0;
    }
    if (!sorted) {
        qsort(ids, n, sizeof(*ids), event_id_cmp);
    }
    bool ok = ids_apply(im, ids, n, &octets, e);
    free(ids);
    buf_free(&octets);
    return ok;
}

/* --- into the log --- */

struct event_columns {
    uint32_t *customer;
    usec_t *at;
    uint16_t *attribute;
    int64_t **values;
    int64_t *storage;
};

static bool columns_alloc(struct event_columns *c, size_t n, size_t attributes)
{
    c->customer = malloc((n + 1) * sizeof(*c->customer));
    c->at = malloc((n + 1) * sizeof(*c->at));
    c->attribute = malloc((attributes + 1) * sizeof(*c->attribute));
    c->values = malloc((attributes + 1) * sizeof(*c->values));
    c->storage = malloc((n * attributes + 1) * sizeof(*c->storage));
    return c->customer && c->at && c->attribute && c->values && c->storage;
}

static void columns_free(struct event_columns *c)
{
    free(c->customer);
    free(c->at);
    free(c->attribute);
    free(c->values);
    free(c->storage);
}

static bool columns_fill(struct audience_import *im, const struct import_column *column, int64_t *out,
                         struct err *e)
{
    size_t n = 0;
    for (size_t i = 0; i < im->n_rows; i++) {
        const struct import_cell *cell = &im->cells[i * im->map.n_cells + column->cell];
        if (im->rows[i].skip) {
            continue;
        }
        out[n] = PACKED_UNSET;
        if (cell->set && column->type == SCHEMA_TEXT) {
            uint32_t code = dict_cache_intern(&im->writer.dict, im->writer.txn, column->id, cell->text, e);
            if (!code) {
                return false;
            }
            out[n] = code;
        } else if (cell->set) {
            out[n] = cell->number;
        }
        n++;
    }
    return true;
}

static bool rows_append(struct audience_import *im, struct err *e)
{
    struct event_columns c = { 0 };
    struct events_batch b = { .type = im->event };
    bool ok = columns_alloc(&c, im->n_rows, im->map.n_cells) || err_set(e, ERR_NOMEM, "out of memory");
    for (size_t i = 0; ok && i < im->n_rows; i++) {
        if (!im->rows[i].skip) {
            c.customer[b.n] = im->rows[i].customer;
            c.at[b.n++] = im->rows[i].at;
        }
    }
    for (size_t i = 0; ok && i < im->map.n; i++) {
        const struct import_column *column = &im->map.columns[i];
        if (column->target == IMPORT_FIELD && !column->shared && column->type != SCHEMA_NONE) {
            c.attribute[b.n_attributes] = column->id;
            c.values[b.n_attributes] = c.storage + b.n_attributes * im->n_rows;
            ok = columns_fill(im, column, c.values[b.n_attributes++], e);
        }
    }
    b.customer = c.customer;
    b.at = c.at;
    b.attribute = c.attribute;
    b.values = (const int64_t *const *)c.values;
    ok = ok && events_append(im->writer.txn, &b, e);
    im->next.events += ok ? b.n : 0;
    columns_free(&c);
    return ok;
}

bool import_events_apply(struct audience_import *im, struct err *e)
{
    return rows_find_customers(im, e) && rows_find_repeats(im, e) && rows_append(im, e);
}
