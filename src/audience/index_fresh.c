#include "audience/index_fresh.h"

#include "audience/set_bitmap.h"
#include "audience/words.h"
#include "store/members.h"

#include <stdlib.h>
#include <string.h>

#define CONTAINER    65536u
#define MANY_MEMBERS 256u
#define DEAL_MOST    1024u /* codes above the number of members that are still dealt out by counting */

struct fresh_field {
    bool valued;       /* rows are those of the block */
    bool changed;      /* since the beginning of the transaction */
    uint32_t most;     /* the greatest code among the members */
    uint64_t *members; /* code, then place in the container */
    uint16_t *dealt;   /* room for as many */
    size_t n, cap;
    int64_t rows[COLUMN_ROWS];
};

void fresh_free(struct index_fresh *x)
{
    for (size_t i = 0; i < x->n_used; i++) {
        struct fresh_field *f = x->fields[x->used[i]];
        free(f->members);
        free(f->dealt);
        free(f);
    }
    free(x->used);
    free(x->starts);
    buf_free(&x->octets);
}

/* What the transaction is over with is no more "since its beginning". */
static void fresh_end(struct index_fresh *x)
{
    for (size_t i = 0; i < x->n_used; i++) {
        struct fresh_field *f = x->fields[x->used[i]];
        f->valued = f->changed = false;
        f->n = 0;
        f->most = 0;
    }
    x->next = 0;
    x->blocks = x->containers = x->failed = false;
}

void fresh_discard(struct index_fresh *x)
{
    fresh_end(x);
}

static struct fresh_field *fresh_field(struct index_fresh *x, uint16_t field)
{
    if (field >= INDEX_FIELDS) {
        return NULL;
    }
    if (x->fields[field]) {
        return x->fields[field];
    }
    if (x->n_used == x->cap_used) {
        size_t cap = x->cap_used ? x->cap_used * 2 : 32;
        uint16_t *p = realloc(x->used, cap * sizeof(*p));
        if (!p) {
            return NULL;
        }
        x->used = p;
        x->cap_used = cap;
    }
    struct fresh_field *f = calloc(1, sizeof(*f));
    if (f) {
        x->fields[field] = f;
        x->used[x->n_used++] = field;
    }
    return f;
}

/* --- columns --- */

static void block_put(struct index_fresh *x, struct catalog_txn *t)
{
    for (size_t i = 0; x->blocks && i < x->n_used; i++) {
        struct fresh_field *f = x->fields[x->used[i]];
        if (f->valued) {
            column_write(t, x->used[i], x->block, f->rows);
            f->valued = false;
        }
    }
    x->blocks = false;
}

void fresh_value(struct index_fresh *x, struct catalog_txn *t, uint16_t field, uint32_t id, int64_t value)
{
    struct fresh_field *f = fresh_field(x, field);
    if (!f) {
        x->failed = true;
        return;
    }
    if (!f->valued) {
        column_read(t, field, x->block, f->rows);
        f->valued = f->changed = x->blocks = true;
    }
    f->rows[id % COLUMN_ROWS] = value;
}

/* --- sets --- */

static int member_cmp(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* The members ordered by code; those of one code are in order already. */
static bool members_deal(struct index_fresh *x, struct fresh_field *f)
{
    if (f->most > 2 * f->n + DEAL_MOST) {
        qsort(f->members, f->n, sizeof(*f->members), member_cmp);
        for (size_t i = 0; i < f->n; i++) {
            f->dealt[i] = (uint16_t)f->members[i];
        }
        return true;
    }
    if (f->most + 2 > x->cap_starts) {
        uint32_t *p = realloc(x->starts, 2 * ((size_t)f->most + 2) * sizeof(*p));
        if (!p) {
            return false;
        }
        x->starts = p;
        x->cap_starts = 2 * ((size_t)f->most + 2);
    }
    memset(x->starts, 0, ((size_t)f->most + 2) * sizeof(*x->starts));
    for (size_t i = 0; i < f->n; i++) {
        x->starts[(f->members[i] >> 16) + 1]++;
    }
    for (size_t code = 1; code <= (size_t)f->most + 1; code++) {
        x->starts[code] += x->starts[code - 1];
    }
    for (size_t i = 0; i < f->n; i++) {
        f->dealt[x->starts[f->members[i] >> 16]++] = (uint16_t)f->members[i];
    }
    return true;
}

/* Many are added as words. NULL: torn, or no memory. */
static roaring_bitmap_t *container_of_many(uint16_t container, const uint16_t *low, size_t n,
                                           const struct strv *stored)
{
    uint64_t words[WORDS_OF_CONTAINER] = { 0 };
    struct bitmap_builder b = { 0 };
    if (stored && !bitmap_or_words(*stored, words)) {
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        words[low[i] / 64] |= UINT64_C(1) << low[i] % 64;
    }
    if (bitmap_builder_add(&b, container, words)) {
        return bitmap_builder_finish(&b);
    }
    bitmap_builder_free(&b);
    return NULL;
}

static roaring_bitmap_t *container_of_few(uint16_t container, const uint16_t *low, size_t n,
                                          const struct strv *stored)
{
    uint32_t ids[MANY_MEMBERS];
    roaring_bitmap_t *r = stored ? bitmap_from_octets(*stored) : roaring_bitmap_create();
    for (size_t i = 0; i < n; i++) {
        ids[i] = (uint32_t)container << 16 | low[i];
    }
    if (r) {
        roaring_bitmap_add_many(r, n, ids);
    }
    return r;
}

static bool set_write(struct index_fresh *x, struct catalog_txn *t, uint16_t field, uint32_t code,
                      const uint16_t *low, size_t n)
{
    struct strv octets;
    const struct strv *stored = members_get(t, field, code, x->container, &octets) ? &octets : NULL;
    roaring_bitmap_t *r = n < MANY_MEMBERS ? container_of_few(x->container, low, n, stored)
                                           : container_of_many(x->container, low, n, stored);
    if (!r) {
        return false;
    }
    roaring_bitmap_run_optimize(r);
    bool ok = bitmap_to_octets(r, &x->octets);
    roaring_bitmap_free(r);
    members_put(t, field, code, x->container, (struct strv){ (char *)x->octets.data, x->octets.len });
    return ok;
}

static bool field_write(struct index_fresh *x, struct catalog_txn *t, uint16_t field, struct fresh_field *f)
{
    bool ok = members_deal(x, f);
    const bool dealt = f->most <= 2 * f->n + DEAL_MOST;
    for (size_t i = 0, code = 0; ok && i < f->n; code++) {
        size_t end = i;
        if (dealt) {
            end = x->starts[code];
        } else {
            for (code = f->members[i] >> 16; end < f->n && f->members[end] >> 16 == code; end++) {
            }
        }
        ok = end == i || set_write(x, t, field, (uint32_t)code, f->dealt + i, end - i);
        i = end;
    }
    f->n = 0;
    f->most = 0;
    return ok;
}

static void containers_put(struct index_fresh *x, struct catalog_txn *t)
{
    for (size_t i = 0; x->containers && i < x->n_used; i++) {
        struct fresh_field *f = x->fields[x->used[i]];
        if (f->n && !field_write(x, t, x->used[i], f)) {
            x->failed = true;
        }
    }
    x->containers = false;
}

static bool members_grow(struct fresh_field *f)
{
    size_t cap = f->cap ? f->cap * 2 : 1024;
    uint64_t *p = realloc(f->members, cap * sizeof(*p));
    f->members = p ? p : f->members;
    uint16_t *q = p ? realloc(f->dealt, cap * sizeof(*q)) : NULL;
    f->dealt = q ? q : f->dealt;
    f->cap = q ? cap : f->cap;
    return q != NULL;
}

void fresh_member(struct index_fresh *x, uint16_t field, uint32_t id, uint32_t code)
{
    struct fresh_field *f = fresh_field(x, field);
    if (!f || (f->n == f->cap && !members_grow(f))) {
        x->failed = true;
        return;
    }
    f->members[f->n++] = (uint64_t)code << 16 | id % CONTAINER;
    f->most = code > f->most ? code : f->most;
    f->changed = x->containers = true;
}

/* --- */

bool fresh_customer(struct index_fresh *x, struct catalog_txn *t, uint32_t id)
{
    if (id < x->next) {
        return false;
    }
    if (id / COLUMN_ROWS != x->block) {
        block_put(x, t);
        x->block = id / COLUMN_ROWS;
    }
    if (id / CONTAINER != x->container) {
        containers_put(x, t);
        x->container = (uint16_t)(id / CONTAINER);
    }
    x->next = (uint64_t)id + 1;
    return true;
}

bool fresh_flush(struct index_fresh *x, struct catalog_txn *t)
{
    block_put(x, t);
    containers_put(x, t);
    bool ok = !x->failed;
    fresh_end(x);
    return ok;
}

bool fresh_next_changed(const struct index_fresh *x, uint16_t *field)
{
    uint32_t least = INDEX_FIELDS;
    for (size_t i = 0; i < x->n_used; i++) {
        if (x->used[i] >= *field && x->used[i] < least && x->fields[x->used[i]]->changed) {
            least = x->used[i];
        }
    }
    if (least < INDEX_FIELDS) {
        *field = (uint16_t)least;
    }
    return least < INDEX_FIELDS;
}
