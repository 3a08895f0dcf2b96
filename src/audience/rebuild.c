#include "audience/rebuild.h"

#include "audience/audience_inside.h"
#include "store/columns.h"
#include "store/events_lists.h"
#include "store/members.h"
#include "store/schema.h"

#include <stdlib.h>

#define BLOCKS_A_SLICE  16u /* of columns: as many customers as a container has, about */
#define IDS_A_CONTAINER 65536u
#define NUMBERS_A_SLICE 65536u

enum { COLUMNS, SETS, NUMBERS, STRAY, LISTS, COUNTERS, PHASES };

struct slice {
    struct audience_rebuild *r;
    struct audience_writer w;
    uint64_t end; /* ids below it */
    struct err *e;
    bool ok;
};

static uint64_t slices(uint64_t customers, uint64_t each)
{
    return customers / each + 1;
}

static bool slice_index(void *ctx, uint32_t id, const struct customer_record *r)
{
    struct slice *s = ctx;
    if (id >= s->end) {
        return false;
    }
    s->ok = index_change(s->w.index, s->w.txn, &s->w.dict, id, NULL, r, s->e);
    return s->ok;
}

static bool slice_columns(struct slice *s, uint64_t limit)
{
    uint64_t from = s->r->at * BLOCKS_A_SLICE, to = from + BLOCKS_A_SLICE - 1;
    bool last = (to + 1) * COLUMN_ROWS >= limit;
    uint16_t field = 0;
    while (column_next_field(s->w.txn, &field)) { /* also of fields that are no more */
        column_clear(s->w.txn, field, (uint32_t)from, last ? UINT32_MAX : (uint32_t)to);
        if (field++ == UINT16_MAX) {
            break;
        }
    }
    s->end = (to + 1) * COLUMN_ROWS;
    index_limit(s->w.index, INDEX_COLUMNS);
    return customer_each(s->w.txn, (uint32_t)(from * COLUMN_ROWS), slice_index, s) && s->ok;
}

static bool slice_sets(struct slice *s, uint64_t limit)
{
    uint64_t from = s->r->at * IDS_A_CONTAINER;
    bool last = from + IDS_A_CONTAINER >= limit;
    members_clear(s->w.txn, (uint16_t)s->r->at, last);
    s->end = from + IDS_A_CONTAINER;
    index_limit(s->w.index, INDEX_MEMBERS);
    return customer_each(s->w.txn, (uint32_t)from, slice_index, s) && s->ok;
}

/* Numbers are looked up while the cursor over the customers stands: what is missing is put after. */
struct slice_numbers {
    struct slice *s;
    uint64_t (*missing)[2];
    size_t n;
};

static bool slice_number(void *ctx, uint32_t id, const struct customer_record *r)
{
    struct slice_numbers *x = ctx;
    uint32_t found;
    if (id >= x->s->end) {
        return false;
    }
    if (!customer_find(x->s->w.txn, r->msisdn, &found) || found != id) {
        x->missing[x->n][0] = r->msisdn;
        x->missing[x->n++][1] = id;
    }
    return true;
}

static bool slice_put_numbers(struct slice *s)
{
    uint64_t from = s->r->at * NUMBERS_A_SLICE;
    struct slice_numbers x = { .s = s, .missing = malloc(NUMBERS_A_SLICE * sizeof(*x.missing)) };
    if (!x.missing) {
        return err_set(s->e, ERR_NOMEM, "out of memory");
    }
    s->end = from + NUMBERS_A_SLICE;
    bool ok = customer_each(s->w.txn, (uint32_t)from, slice_number, &x);
    for (size_t i = 0; ok && i < x.n; i++) {
        ok = customer_put_number(s->w.txn, x.missing[i][0], (uint32_t)x.missing[i][1]);
    }
    free(x.missing);
    return ok;
}

/* True in *over at the end. */
static bool slice_stray(struct slice *s, bool *over)
{
    size_t n = NUMBERS_A_SLICE;
    uint64_t next = s->r->at;
    *over = !customer_sweep_numbers(s->w.txn, s->r->at, &n, &next);
    s->r->stray += n;
    s->r->at = next;
    return true;
}

static bool is_text(const void *ctx, uint16_t attribute)
{
    const struct schema *s = ctx;
    for (size_t i = 0; i < s->n_events; i++) {
        const struct schema_event *ev = &s->events[i];
        for (size_t k = 0; k < ev->n_attributes; k++) {
            if (ev->attributes[k].id == attribute) {
                return ev->attributes[k].type == SCHEMA_TEXT;
            }
        }
    }
    return false;
}

/* What blocks of events keep beside their columns. */
static bool slice_lists(struct slice *s)
{
    const uint32_t parts = IDS_A_CONTAINER / EVENTS_CUSTOMERS, first = (uint32_t)s->r->at * parts;
    struct schema *schema = schema_load(s->w.txn, s->e);
    bool ok = schema != NULL;
    for (uint32_t i = 0; ok && i < parts; i++) {
        ok = events_lists_renew(s->w.txn, first + i, is_text, schema, s->e);
    }
    schema_free(schema);
    return ok;
}

static void slice_counters(struct slice *s)
{
    uint32_t last;
    catalog_set_number(s->w.txn, CATALOG_CUSTOMERS, customer_stored(s->w.txn));
    if (customer_last(s->w.txn, &last) && customer_limit(s->w.txn) <= last) {
        catalog_set_number(s->w.txn, CATALOG_NEXT_CUSTOMER, (uint64_t)last + 1);
    }
}

/* Ids go up to here, whatever the counter says. */
static uint64_t slice_limit(struct slice *s)
{
    uint32_t last = 0;
    uint64_t limit = customer_limit(s->w.txn);
    return customer_last(s->w.txn, &last) && last >= limit ? (uint64_t)last + 1 : limit;
}

static bool slice_run(struct slice *s, bool *over)
{
    struct audience_rebuild *r = s->r;
    uint64_t limit = slice_limit(s), each = 0;
    bool ok = true;
    if (r->total == 0) {
        r->total =
            slices(limit, (uint64_t)BLOCKS_A_SLICE * COLUMN_ROWS) + 4 * slices(limit, IDS_A_CONTAINER) + 1;
    }
    *over = true;
    switch (r->phase) {
    case COLUMNS:
        ok = slice_columns(s, limit);
        each = (uint64_t)BLOCKS_A_SLICE * COLUMN_ROWS;
        break;
    case SETS:
        ok = slice_sets(s, limit);
        each = IDS_A_CONTAINER;
        break;
    case NUMBERS:
        ok = slice_put_numbers(s);
        each = NUMBERS_A_SLICE;
        break;
    case STRAY: return slice_stray(s, over);
    case LISTS:
        ok = slice_lists(s);
        each = IDS_A_CONTAINER;
        break;
    default: slice_counters(s); return true;
    }
    *over = (++r->at) * each >= limit;
    return ok;
}

bool audience_rebuild_slice(struct audience *a, struct audience_rebuild *r, struct err *e)
{
    struct audience_rebuild before = *r;
    struct slice s = { .r = r, .e = e, .ok = true };
    bool over = false;
    bool ok = audience_writer_init(&s.w, a, e) && audience_writer_begin(&s.w, e);
    ok = ok && slice_run(&s, &over);
    ok = s.w.txn && catalog_ok(s.w.txn, e) && ok && audience_writer_commit(&s.w, true, e);
    audience_writer_free(&s.w);
    if (!ok) {
        *r = before;
        return false;
    }
    r->done++;
    if (over) {
        r->phase++;
        r->at = 0;
        r->finished = r->phase == PHASES;
    }
    return true;
}
