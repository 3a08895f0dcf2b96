#include "audience/audience_inside.h"

#include <stdlib.h>
#include <string.h>

struct audience_number {
    uint64_t msisdn;
    uint32_t id;
};

bool audience_writer_init(struct audience_writer *w, struct audience *a, struct err *e)
{
    *w = (struct audience_writer){ .audience = a, .index = index_new() };
    return w->index || err_set(e, ERR_NOMEM, "out of memory");
}

void audience_writer_free(struct audience_writer *w)
{
    audience_writer_abort(w);
    index_free(w->index);
    dict_cache_free(&w->dict);
    hmap_free(&w->fresh);
    free(w->numbers);
    *w = (struct audience_writer){ 0 };
}

bool audience_writer_begin(struct audience_writer *w, struct err *e)
{
    if (w->forgotten != w->audience->forgotten) {
        dict_cache_clear(&w->dict);
        w->forgotten = w->audience->forgotten;
    }
    w->txn = catalog_begin_write(w->audience->catalog, e);
    return w->txn != NULL;
}

void audience_writer_abort(struct audience_writer *w)
{
    if (w->txn) {
        catalog_end(w->txn);
        w->txn = NULL;
        index_discard(w->index);
        dict_cache_clear(&w->dict); /* it knows codes that are not given out now */
        hmap_clear(&w->fresh);
        w->n_numbers = 0;
    }
}

static int number_cmp(const void *a, const void *b)
{
    const struct audience_number *x = a, *y = b;
    return x->msisdn < y->msisdn ? -1 : x->msisdn > y->msisdn;
}

bool audience_writer_commit(struct audience_writer *w, bool changed, struct err *e)
{
    if (w->n_numbers) {
        qsort(w->numbers, w->n_numbers, sizeof(*w->numbers), number_cmp);
    }
    for (size_t i = 0; i < w->n_numbers; i++) {
        customer_put_number(w->txn, w->numbers[i].msisdn, w->numbers[i].id);
    }
    if (changed) {
        catalog_set_number(w->txn, CATALOG_CHANGE, catalog_number(w->txn, CATALOG_CHANGE) + 1);
    }
    if (!index_flush(w->index, w->txn, e)) {
        audience_writer_abort(w);
        return false;
    }
    bool ok = catalog_commit(w->txn, e);
    w->txn = NULL;
    hmap_clear(&w->fresh);
    w->n_numbers = 0;
    if (!ok) {
        dict_cache_clear(&w->dict);
    }
    return ok;
}

bool audience_writer_find(struct audience_writer *w, uint64_t msisdn, uint32_t *id)
{
    uint64_t found;
    if (hmap_get(&w->fresh, msisdn, &found)) {
        *id = (uint32_t)found;
        return true;
    }
    return customer_find(w->txn, msisdn, id);
}

static struct strv record_text(const struct customer_record *r, uint16_t field)
{
    const struct customer_value *v = customer_value(r, field);
    return v && v->type == SCHEMA_TEXT ? v->text : strv_from(NULL);
}

/* A copy of the values with the region added in its place. The caller frees it. */
static struct customer_value *record_with_region(const struct customer_record *r, struct strv region)
{
    struct customer_value *v = malloc((r->n_values + 1) * sizeof(*v));
    size_t at = 0;
    if (!v) {
        return NULL;
    }
    while (at < r->n_values && r->values[at].field < FIELD_REGION) {
        at++;
    }
    if (at) {
        memcpy(v, r->values, at * sizeof(*v));
    }
    v[at] = (struct customer_value){ .field = FIELD_REGION, .type = SCHEMA_TEXT, .text = region };
    if (r->n_values > at) {
        memcpy(v + at + 1, r->values + at, (r->n_values - at) * sizeof(*v));
    }
    return v;
}

/* Clock and region as the number has them. *own: values to free, when the region was added. */
static bool writer_locate(struct audience_writer *w, const struct audience_locator *locator,
                          struct customer_record *r, struct customer_value **own, struct err *e)
{
    struct audience_place_of place = { 0 };
    struct strv region = record_text(r, FIELD_REGION);
    *own = NULL;
    if (!locator || !locator->locate(locator->ctx, r->msisdn, record_text(r, FIELD_ZONE), region, &place)) {
        return true;
    }
    if (place.clock.n) {
        r->clock = dict_cache_intern(&w->dict, w->txn, FIELD_CLOCK, place.clock, e);
        if (!r->clock) {
            return false;
        }
    }
    if (place.region.n && !region.n) {
        *own = record_with_region(r, place.region);
        if (!*own) {
            return err_set(e, ERR_NOMEM, "out of memory");
        }
        r->values = *own;
        r->n_values++;
    }
    return true;
}

static bool writer_remember(struct audience_writer *w, uint64_t msisdn, uint32_t id)
{
    if (w->n_numbers == w->cap_numbers) {
        size_t cap = w->cap_numbers ? w->cap_numbers * 2 : 1024;
        struct audience_number *p = realloc(w->numbers, cap * sizeof(*p));
        if (!p) {
            return false;
        }
        w->numbers = p;
        w->cap_numbers = cap;
    }
    w->numbers[w->n_numbers++] = (struct audience_number){ .msisdn = msisdn, .id = id };
    return hmap_put(&w->fresh, msisdn, id);
}

bool audience_writer_create(struct audience_writer *w, const struct audience_locator *locator,
                            struct customer_record *r, uint32_t *id, struct err *e)
{
    struct customer_value *own;
    if (!writer_locate(w, locator, r, &own, e)) {
        return false;
    }
    bool ok = customer_create(w->txn, r, false, id) || catalog_ok(w->txn, e);
    ok = ok && catalog_ok(w->txn, e);
    if (ok && !writer_remember(w, r->msisdn, *id)) {
        ok = err_set(e, ERR_NOMEM, "out of memory");
    }
    ok = ok && index_change(w->index, w->txn, &w->dict, *id, NULL, r, e);
    free(own);
    return ok;
}

bool audience_writer_replace(struct audience_writer *w, const struct audience_locator *locator, uint32_t id,
                             const struct customer_record *before, struct customer_record *after,
                             struct err *e)
{
    struct customer_value *own = NULL;
    bool moved = !strv_eq(record_text(before, FIELD_ZONE), record_text(after, FIELD_ZONE)) ||
                 !strv_eq(record_text(before, FIELD_REGION), record_text(after, FIELD_REGION));
    if (moved && !writer_locate(w, locator, after, &own, e)) {
        return false;
    }
    /* First the index: `before` points into the map and does not outlive a write. */
    bool ok = index_change(w->index, w->txn, &w->dict, id, before, after, e);
    ok = ok && (customer_put(w->txn, id, after) || catalog_ok(w->txn, e)) && catalog_ok(w->txn, e);
    free(own);
    return ok;
}
