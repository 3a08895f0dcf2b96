#include "audience/journal.h"

#include "base/buf.h"
#include "store/documents.h"

#include <stdlib.h>
#include <string.h>

void journal_free(struct journal *j)
{
    free(j->ids);
    *j = (struct journal){ 0 };
}

void journal_clear(struct journal *j)
{
    j->n = 0;
    j->everybody = false;
    j->latest = 0;
}

void journal_add(struct journal *j, uint32_t customer)
{
    if (j->everybody || (j->n > 0 && j->ids[j->n - 1] == customer)) {
        return;
    }
    if (j->n == j->cap) {
        size_t cap = j->cap ? j->cap * 4 : 256;
        uint32_t *more = cap <= JOURNAL_MOST ? realloc(j->ids, cap * sizeof(*more)) : NULL;
        if (!more) {
            j->everybody = true; /* which is always true enough */
            return;
        }
        j->ids = more;
        j->cap = cap;
    }
    j->ids[j->n++] = customer;
}

void journal_add_events(struct journal *j, const uint32_t *customers, const usec_t *at, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        j->latest = at[i] > j->latest ? at[i] : j->latest;
        journal_add(j, customers[i]);
    }
}

#define SORT_FROM  64u /* fewer are as well added one by one */
#define DIGIT_BITS 11
#define DIGITS     (1u << DIGIT_BITS)

/* One pass of a radix sort: stable, by the digit at `shift`. */
static void sort_digit(const uint32_t *from, uint32_t *to, size_t n, unsigned shift)
{
    uint32_t start[DIGITS] = { 0 }, at = 0;
    for (size_t i = 0; i < n; i++) {
        start[from[i] >> shift & (DIGITS - 1)]++;
    }
    for (size_t d = 0; d < DIGITS; d++) {
        uint32_t count = start[d];
        start[d] = at;
        at += count;
    }
    for (size_t i = 0; i < n; i++) {
        to[start[from[i] >> shift & (DIGITS - 1)]++] = from[i];
    }
}

/* Activity comes in any order; a set takes ten thousands in order many times faster. */
static void journal_sort(struct journal *j)
{
    uint32_t *other = j->n >= SORT_FROM ? malloc(j->n * sizeof *other) : NULL, most = 0;
    if (!other) {
        return; /* in any order, then */
    }
    for (size_t i = 0; i < j->n; i++) {
        most = j->ids[i] > most ? j->ids[i] : most;
    }
    uint32_t *from = j->ids, *to = other;
    for (unsigned shift = 0; shift < 32 && most >> shift; shift += DIGIT_BITS) {
        sort_digit(from, to, j->n, shift);
        uint32_t *sorted = to;
        to = from;
        from = sorted;
    }
    if (from != j->ids) {
        memcpy(j->ids, from, j->n * sizeof *from);
    }
    free(other);
}

static bool any_document(void *ctx, struct strv name, struct strv value)
{
    (void)name;
    (void)value;
    *(bool *)ctx = true;
    return false;
}

static struct strv journal_name(uint8_t name[8], uint64_t change)
{
    be_put64(name, change);
    return (struct strv){ (const char *)name, 8 };
}

bool journal_write(struct journal *j, struct catalog_txn *t, uint64_t change, struct err *e)
{
    bool watched = false;
    document_each(t, DOCUMENT_WATCH, any_document, &watched);
    if (!watched || (j->n == 0 && !j->everybody)) { /* nobody said who: there is no row, which is everybody */
        journal_clear(j);
        return catalog_ok(t, e);
    }
    uint8_t name[8];
    struct buf b = { 0 };
    struct audience_set *set = j->everybody ? NULL : audience_set_new();
    journal_sort(j);
    buf_put_u8(&b, j->everybody);
    buf_put_svarint(&b, j->latest);
    bool ok = j->everybody || (set && audience_set_add_many(set, j->ids, j->n));
    if (ok && set) {
        audience_set_compact(set);
        ok = audience_set_serialize(set, &b);
    }
    if (!ok || b.failed) {
        ok = err_set(e, ERR_NOMEM, "out of memory");
    } else {
        document_put(t, DOCUMENT_JOURNAL, journal_name(name, change),
                     (struct strv){ (const char *)b.data, b.len });
        ok = catalog_ok(t, e);
    }
    audience_set_free(set);
    buf_free(&b);
    journal_clear(j);
    return ok;
}

struct reading {
    struct journal_sum *out;
    uint64_t next, to;
    bool ok;
    struct err *e;
};

static bool read_row(void *ctx, struct strv name, struct strv value)
{
    struct reading *x = ctx;
    struct rd r = rd_from(value.p, value.n);
    uint64_t change = name.n == 8 ? be_get64((const uint8_t *)name.p) : 0;
    if (change > x->to || change != x->next) {
        return false;
    }
    x->next++;
    x->out->everybody = rd_u8(&r) != 0 || x->out->everybody;
    usec_t latest = rd_svarint(&r);
    x->out->latest = latest > x->out->latest ? latest : x->out->latest;
    if (r.failed || x->out->everybody) {
        return !r.failed;
    }
    struct audience_set *one = audience_set_deserialize(rd_bytes(&r, rd_left(&r)), x->e);
    x->ok = one && (audience_set_or(x->out->among, one) || err_set(x->e, ERR_NOMEM, "out of memory"));
    audience_set_free(one);
    return x->ok;
}

bool journal_read(struct catalog_txn *t, uint64_t after, uint64_t to, struct journal_sum *out, struct err *e)
{
    uint8_t name[8];
    struct reading x = { out, after + 1, to, true, e };
    *out = (struct journal_sum){ .among = audience_set_new() };
    if (!out->among) {
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    if (after < to) {
        document_each_from(t, DOCUMENT_JOURNAL, journal_name(name, after + 1), read_row, &x);
    }
    if (x.ok && (after > to || x.next != to + 1)) {
        out->everybody = out->missing = true;
    }
    if (x.ok && catalog_ok(t, e)) {
        return true;
    }
    audience_set_free(out->among);
    out->among = NULL;
    return false;
}

static bool first_row(void *ctx, struct strv name, struct strv value)
{
    (void)value;
    *(uint64_t *)ctx = name.n == 8 ? be_get64((const uint8_t *)name.p) : 0;
    return false;
}

void journal_purge(struct catalog_txn *t, uint64_t change)
{
    uint64_t now = catalog_number(t, CATALOG_CHANGE);
    if (now > JOURNAL_ROWS && change < now - JOURNAL_ROWS) {
        change = now - JOURNAL_ROWS;
    }
    for (;;) {
        uint8_t name[8];
        uint64_t first = UINT64_MAX;
        document_each(t, DOCUMENT_JOURNAL, first_row, &first);
        if (first > change) {
            return;
        }
        document_delete(t, DOCUMENT_JOURNAL, journal_name(name, first));
    }
}
