#include "audience/import_inside.h"

#include "audience/set_bitmap.h"
#include "base/hash.h"
#include "store/events.h"

#include <stdio.h>
#include <stdlib.h>

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
        if (i + IMPORT_AHEAD < im->n_rows) {
            audience_writer_soon(w, im->rows[i + IMPORT_AHEAD].msisdn);
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

void import_log_free(struct import_log *log)
{
    for (size_t i = 0; log->values && i < log->n_columns; i++) {
        free(log->values[i]);
    }
    free(log->values);
    free(log->attribute);
    free(log->customer);
    free(log->at);
    *log = (struct import_log){ 0 };
}

static bool grow(void **p, size_t n, size_t size)
{
    void *q = realloc(*p, n * size);
    if (q) {
        *p = q;
    }
    return q != NULL;
}

static bool column_stored(const struct import_column *c)
{
    return c->target == IMPORT_FIELD && !c->shared && c->type != SCHEMA_NONE;
}

bool import_log_reserve(struct import_log *log, size_t columns, size_t n)
{
    if (log->n == 0 && log->n_columns != columns) {
        import_log_free(log);
    }
    if (!log->values) {
        log->values = calloc(columns + 1, sizeof(*log->values));
        log->attribute = calloc(columns + 1, sizeof(*log->attribute));
        log->n_columns = columns;
    }
    bool ok = log->values && log->attribute;
    if (ok && log->n + n > log->cap) {
        size_t cap = log->n + n > 2 * log->cap ? log->n + n : 2 * log->cap;
        ok = grow((void **)&log->customer, cap, sizeof(*log->customer)) &&
             grow((void **)&log->at, cap, sizeof(*log->at));
        for (size_t i = 0; ok && i < columns; i++) {
            ok = grow((void **)&log->values[i], cap, sizeof(**log->values));
        }
        log->cap = ok ? cap : log->cap;
    }
    return ok;
}

static bool column_fill(struct audience_import *im, const struct import_column *column, int64_t *out,
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
            uint32_t code = (uint32_t)cell->number;
            if (!code) {
                code = dict_cache_intern(&im->writer.dict, im->writer.txn, column->id, cell->text, e);
            }
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

static bool rows_gather(struct audience_import *im, struct err *e)
{
    struct import_log *log = &im->log;
    const size_t before = log->n;
    size_t columns = 0, k = 0;
    for (size_t i = 0; i < im->map.n; i++) {
        columns += column_stored(&im->map.columns[i]);
    }
    if (!import_log_reserve(log, columns, im->n_rows + 1)) {
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    for (size_t i = 0; i < im->n_rows; i++) {
        if (!im->rows[i].skip) {
            log->customer[log->n] = im->rows[i].customer;
            log->at[log->n++] = im->rows[i].at;
        }
    }
    for (size_t i = 0; i < im->map.n; i++) {
        const struct import_column *column = &im->map.columns[i];
        if (column_stored(column)) {
            log->attribute[k] = column->id;
            log->texts &= ~(UINT64_C(1) << (k % 64));
            log->texts |= (uint64_t)(column->type == SCHEMA_TEXT) << (k % 64);
            if (!column_fill(im, column, log->values[k++] + before, e)) {
                return false;
            }
        }
    }
    return true;
}

bool import_log_append(struct audience_import *im, uint16_t type, struct err *e)
{
    const struct import_log *log = &im->log;
    const struct events_batch b = { .type = type,
                                    .n = log->n,
                                    .customer = log->customer,
                                    .at = log->at,
                                    .n_attributes = log->n_columns,
                                    .attribute = log->attribute,
                                    .values = (const int64_t *const *)log->values,
                                    .coded = log->texts };
    return events_append(im->writer.txn, &b, e);
}

bool import_events_store(struct audience_import *im, struct err *e)
{
    const struct import_log *log = &im->log;
    if (!import_log_append(im, im->event, e)) {
        return false;
    }
    journal_add_events(&im->writer.journal, log->customer, log->at, log->n);
    im->next.events += log->n;
    return true;
}

bool import_events_apply(struct audience_import *im, struct err *e)
{
    return rows_find_customers(im, e) && rows_find_repeats(im, e) && rows_gather(im, e);
}
