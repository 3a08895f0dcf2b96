#include "audience/audience_inside.h"
#include "store/documents.h"

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
    directory_free(&w->directory);
    journal_free(&w->journal);
    free(w->numbers);
    derived_free(&w->derived);
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
        journal_clear(&w->journal);
        directory_free(&w->directory);
        w->n_numbers = 0;
    }
}

/* By number, digit after digit from the lowest; those that are the same for all cost one look. */
static bool numbers_sort(struct audience_number *numbers, size_t n)
{
    enum { DIGIT = 11, DIGITS = 1 << DIGIT };
    struct audience_number *spare = malloc((n + 1) * sizeof(*spare)), *from = numbers, *to = spare;
    if (!spare) {
        return false;
    }
    for (unsigned shift = 0; shift < 64; shift += DIGIT) {
        uint32_t starts[DIGITS] = { 0 }, at = 0;
        for (size_t i = 0; i < n; i++) {
            starts[from[i].msisdn >> shift & (DIGITS - 1)]++;
        }
        if (n == 0 || starts[from[0].msisdn >> shift & (DIGITS - 1)] == n) {
            continue;
        }
        for (size_t d = 0; d < DIGITS; d++) {
            uint32_t count = starts[d];
            starts[d] = at;
            at += count;
        }
        for (size_t i = 0; i < n; i++) {
            to[starts[from[i].msisdn >> shift & (DIGITS - 1)]++] = from[i];
        }
        struct audience_number *swap = from;
        from = to;
        to = swap;
    }
    if (from != numbers) {
        memcpy(numbers, from, n * sizeof(*numbers));
    }
    free(spare);
    return true;
}

static bool numbers_put(struct audience_writer *w, struct err *e)
{
    struct customer_number_writer put;
    if (w->n_numbers == 0) {
        return true;
    }
    if (!numbers_sort(w->numbers, w->n_numbers)) {
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    bool ok = customer_numbers_begin(&put, w->txn);
    for (size_t i = 0; ok && i < w->n_numbers; i++) {
        ok = customer_numbers_put(&put, w->numbers[i].msisdn, w->numbers[i].id);
    }
    customer_numbers_end(&put);
    return catalog_ok(w->txn, e);
}

/* Which fields this transaction changes, and when: how fresh they are. */
static void note_changed(struct audience_writer *w)
{
    uint16_t field = 1; /* 0 is no field */
    uint8_t at[8], name[2];
    be_put64(at, (uint64_t)w->now);
    for (; w->now && index_next_changed(w->index, &field); field++) {
        be_put16(name, field);
        document_put(w->txn, DOCUMENT_FRESH, (struct strv){ (const char *)name, sizeof(name) },
                     (struct strv){ (const char *)at, sizeof(at) });
    }
}

bool audience_writer_flush(struct audience_writer *w, struct err *e)
{
    note_changed(w);
    if (!numbers_put(w, e) || !index_flush(w->index, w->txn, e)) {
        return false;
    }
    hmap_clear(&w->fresh);
    w->n_numbers = 0;
    return true;
}

bool audience_writer_commit(struct audience_writer *w, bool changed, struct err *e)
{
    note_changed(w);
    if (changed) {
        catalog_set_number(w->txn, CATALOG_CHANGE, catalog_number(w->txn, CATALOG_CHANGE) + 1);
    }
    w->directory_change = catalog_number(w->txn, CATALOG_CHANGE);
    bool told = !changed || journal_write(&w->journal, w->txn, w->directory_change, e);
    journal_clear(&w->journal);
    if (!told || !numbers_put(w, e) || !index_flush(w->index, w->txn, e)) {
        audience_writer_abort(w);
        return false;
    }
    bool ok = catalog_commit(w->txn, e);
    w->txn = NULL;
    hmap_clear(&w->fresh);
    w->n_numbers = 0;
    if (!ok) {
        dict_cache_clear(&w->dict);
        directory_free(&w->directory);
    }
    return ok;
}

#define DIRECTORY_FROM  2000 /* numbers to look for: below it is not worth the while */
#define DIRECTORY_RATIO 40   /* customers read into it for each number that was or will be looked for */

void audience_writer_expect(struct audience_writer *w, size_t numbers)
{
    uint64_t change = catalog_number(w->txn, CATALOG_CHANGE), all = catalog_number(w->txn, CATALOG_CUSTOMERS);
    w->asked += numbers;
    if (directory_there(&w->directory) && w->directory_change == change) {
        return;
    }
    directory_free(&w->directory);
    if (numbers >= DIRECTORY_FROM && all / DIRECTORY_RATIO <= w->asked && hmap_count(&w->fresh) == 0) {
        directory_build(&w->directory, w->txn, numbers);
        w->directory_change = change;
        w->asked = 0; /* another one must be earned again */
    }
}

bool audience_writer_find(struct audience_writer *w, uint64_t msisdn, uint32_t *id)
{
    if (directory_there(&w->directory)) {
        return directory_find(&w->directory, msisdn, id);
    }
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
    return directory_there(&w->directory) ? directory_add(&w->directory, msisdn, id)
                                          : hmap_put(&w->fresh, msisdn, id);
}

bool audience_writer_create(struct audience_writer *w, const struct audience_locator *locator,
                            struct customer_record *r, uint32_t *id, struct err *e)
{
    struct customer_value *own;
    if (audience_writer_derives(w) && !audience_writer_derive(w, r, e)) {
        return false;
    }
    if (!writer_locate(w, locator, r, &own, e)) {
        return false;
    }
    bool ok = customer_create(w->txn, r, false, id) || catalog_ok(w->txn, e);
    ok = ok && catalog_ok(w->txn, e);
    if (ok && !writer_remember(w, r->msisdn, *id)) {
        ok = err_set(e, ERR_NOMEM, "out of memory");
    }
    ok = ok && index_change(w->index, w->txn, &w->dict, *id, NULL, r, e);
    if (ok) {
        journal_add(&w->journal, *id);
    }
    free(own);
    return ok;
}

bool audience_writer_add(struct audience_writer *w, const struct customer_record *r, struct strv values,
                         uint32_t *id, struct err *e)
{
    if (!customer_create_encoded(w->txn, r, values, id)) {
        return catalog_ok(w->txn, e) && err_set(e, ERR_INTERNAL, "a customer was not stored");
    }
    if (!writer_remember(w, r->msisdn, *id)) {
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    journal_add(&w->journal, *id);
    return index_add(w->index, w->txn, *id, r->msisdn, r->created, r->clock) ||
           err_set(e, ERR_INTERNAL, "customers do not come in order");
}

bool audience_writer_replace(struct audience_writer *w, const struct audience_locator *locator, uint32_t id,
                             const struct customer_record *before, struct customer_record *after,
                             struct err *e)
{
    struct customer_value *own = NULL;
    if (audience_writer_derives(w) && !audience_writer_derive(w, after, e)) {
        return false;
    }
    bool moved = !strv_eq(record_text(before, FIELD_ZONE), record_text(after, FIELD_ZONE)) ||
                 !strv_eq(record_text(before, FIELD_REGION), record_text(after, FIELD_REGION));
    if (moved && !writer_locate(w, locator, after, &own, e)) {
        return false;
    }
    /* First the index: `before` points into the map and does not outlive a write. */
    bool ok = index_change(w->index, w->txn, &w->dict, id, before, after, e);
    journal_add(&w->journal, id);
    ok = ok && (customer_put(w->txn, id, after) || catalog_ok(w->txn, e)) && catalog_ok(w->txn, e);
    free(own);
    return ok;
}
