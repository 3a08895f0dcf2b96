/* Events on their way into the log: ordered by partition once, then each partition's rows merged with its
 * newest blocks. */
#include "store/events_block.h"

#include <stdlib.h>
#include <string.h>

/* Blocks of up to so many rows are merged whatever comes: they share a page anyway. */
#define EVENTS_SMALL_ROWS 256u
/* A partition that a batch leaves behind, for later days of the same customers, is put together when it is at
 * most so many times what came: of an import in order of time this is the last that comes to it. */
#define EVENTS_LEFT_TIMES 8u

/* --- order --- */

/* A row of the batch inside of its partition, in the order of a block: customer, second, place in the batch.
 */
#define ROW_BITS    27
#define SECOND_BITS 22
#define ROW_MASK    ((UINT64_C(1) << ROW_BITS) - 1)
#define SECOND_MASK ((UINT64_C(1) << SECOND_BITS) - 1)
#define MOST_ROWS   ROW_MASK

struct events_order {
    size_t n;
    uint64_t *keys, *spare;
    struct events_sort {
        int32_t bucket;
        uint32_t part;
        uint64_t key;
    } * sorts; /* of batches whose partitions are too many to count */
};

static void order_free(struct events_order *o)
{
    free(o->keys);
    free(o->spare);
    free(o->sorts);
}

static int sort_cmp(const void *a, const void *b)
{
    const struct events_sort *x = a, *y = b;
    if (x->part != y->part) {
        return x->part < y->part ? -1 : 1;
    }
    if (x->bucket != y->bucket) {
        return x->bucket < y->bucket ? -1 : 1;
    }
    return x->key < y->key ? -1 : x->key > y->key;
}

static int key_cmp(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* Orders keys, whose lowest bits (the place in the batch) are in order among equals already. */
static void keys_sort(uint64_t *keys, uint64_t *spare, size_t n)
{
    enum { DIGIT = 10, DIGITS = 1 << DIGIT };
    if (n < 512) {
        qsort(keys, n, sizeof(*keys), key_cmp);
        return;
    }
    uint64_t *from = keys, *to = spare;
    for (unsigned shift = ROW_BITS; shift < 64; shift += DIGIT) {
        uint32_t starts[DIGITS] = { 0 }, at = 0;
        for (size_t i = 0; i < n; i++) {
            starts[from[i] >> shift & (DIGITS - 1)]++;
        }
        if (starts[from[0] >> shift & (DIGITS - 1)] == n) {
            continue;
        }
        for (size_t d = 0; d < DIGITS; d++) {
            uint32_t count = starts[d];
            starts[d] = at;
            at += count;
        }
        for (size_t i = 0; i < n; i++) {
            to[starts[from[i] >> shift & (DIGITS - 1)]++] = from[i];
        }
        uint64_t *swap = from;
        from = to;
        to = swap;
    }
    if (from != keys) {
        memcpy(keys, from, n * sizeof(*keys));
    }
}

static struct events_sort sort_of(uint32_t customer, usec_t at, size_t row)
{
    int64_t seconds = at / USEC_SEC - (at % USEC_SEC < 0);
    int64_t bucket = seconds / (86400 * EVENTS_DAYS) - (seconds % (86400 * EVENTS_DAYS) < 0);
    uint64_t second = (uint64_t)(seconds - bucket * 86400 * EVENTS_DAYS);
    return (struct events_sort){ .bucket = (int32_t)bucket,
                                 .part = customer / EVENTS_CUSTOMERS,
                                 .key = (uint64_t)(customer % EVENTS_CUSTOMERS) << (SECOND_BITS + ROW_BITS) |
                                        second << ROW_BITS | row };
}

/* --- merging --- */

/* Merges into *rows the newest blocks that are not more than `times` larger than it, deleting them; *next is
 * the number the first block that is written gets. */
static bool events_absorb(struct catalog_txn *t, const struct events_place *where, struct events_rows *rows,
                          uint32_t times, uint32_t *next)
{
    struct env_key k;
    struct env_cursor c;
    struct events_place at;
    *next = 0;
    if (!env_cursor_open(&c, &t->env, TABLE_EVENT)) {
        return false;
    }
    while (env_cursor_seek_le(&c, events_key(&k, where->type, where->part, where->bucket, UINT32_MAX)) &&
           events_key_read(c.key, &at) && at.type == where->type && at.part == where->part &&
           at.bucket == where->bucket) {
        struct events_block b;
        struct events_rows older = { 0 }, merged = { 0 };
        *next = at.block + 1;
        if (!events_open(t, c.key, c.value, &b)) {
            break;
        }
        uint32_t limit = rows->n > EVENTS_SMALL_ROWS ? rows->n : EVENTS_SMALL_ROWS;
        if (b.rows / times > limit || b.rows == EVENTS_BLOCK_ROWS) {
            break;
        }
        bool ok = events_rows_unpack(&older, &b);
        bool fits = ok && events_rows_mergeable(&older, rows);
        if (fits) {
            ok = events_rows_merge(&merged, &older, rows);
        }
        events_rows_free(&older);
        if (!ok) {
            env_fail(&t->env, ERR_NOMEM);
        }
        if (!ok || !fits) {
            break;
        }
        events_rows_free(rows);
        *rows = merged;
        env_cursor_del(&c);
        *next = at.block;
    }
    env_cursor_close(&c);
    return env_ok(&t->env);
}

static bool events_write(struct catalog_txn *t, const struct events_place *where, uint32_t next,
                         const struct events_rows *rows)
{
    for (uint32_t from = 0; from < rows->n; from += EVENTS_BLOCK_ROWS) {
        struct env_key k;
        uint32_t n = rows->n - from < EVENTS_BLOCK_ROWS ? rows->n - from : EVENTS_BLOCK_ROWS;
        buf_clear(&t->scratch);
        if (!events_block_encode(&t->scratch, rows, from, n)) {
            env_fail(&t->env, ERR_NOMEM);
            return false;
        }
        env_put(&t->env, TABLE_EVENT, events_key(&k, where->type, where->part, where->bucket, next++),
                env_view(t->scratch.data, t->scratch.len));
    }
    return env_ok(&t->env);
}

static int attribute_cmp(const void *a, const void *b)
{
    return *(const uint16_t *)a < *(const uint16_t *)b ? -1 : *(const uint16_t *)a > *(const uint16_t *)b;
}

/* The rows of keys[0..n), all of one partition, as a block's rows. */
static bool events_take(struct events_rows *rows, const struct events_batch *b, uint32_t part,
                        const uint64_t *keys, size_t n)
{
    uint16_t ids[EVENTS_MAX_COLUMNS];
    memcpy(ids, b->attribute, b->n_attributes * sizeof(*ids));
    qsort(ids, b->n_attributes, sizeof(*ids), attribute_cmp);
    if (!events_rows_alloc(rows, (uint32_t)n, ids, b->n_attributes)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        rows->customer[i] = part * EVENTS_CUSTOMERS + (uint32_t)(keys[i] >> (SECOND_BITS + ROW_BITS));
        rows->second[i] = (int64_t)(keys[i] >> ROW_BITS & SECOND_MASK);
    }
    for (size_t c = 0; c < b->n_attributes; c++) {
        size_t from = 0;
        while (b->attribute[from] != ids[c]) {
            from++;
        }
        rows->coded |= (b->coded >> from & 1) << c;
        for (size_t i = 0; i < n; i++) {
            rows->column[c][i] = b->values[from][keys[i] & ROW_MASK];
        }
    }
    return true;
}

static bool events_add(struct catalog_txn *t, const struct events_batch *b, uint32_t part, int32_t bucket,
                       bool left, const uint64_t *keys, size_t n)
{
    const struct events_place where = { .type = b->type, .part = part, .bucket = bucket };
    const uint32_t times = left ? EVENTS_LEFT_TIMES : 1;
    struct events_rows rows = { 0 };
    uint32_t next;
    if (!events_take(&rows, b, part, keys, n)) {
        env_fail(&t->env, ERR_NOMEM);
    } else if (events_absorb(t, &where, &rows, times, &next)) {
        events_write(t, &where, next, &rows);
    }
    events_rows_free(&rows);
    return env_ok(&t->env);
}

/* --- a batch --- */

/* Few rows, or far apart: ordered by comparing. */
static bool append_sorted(struct catalog_txn *t, const struct events_batch *b, struct events_order *o)
{
    const struct events_sort *s = o->sorts;
    qsort(o->sorts, o->n, sizeof(*o->sorts), sort_cmp);
    for (size_t i = 0; i < o->n; i++) {
        o->keys[i] = s[i].key;
    }
    for (size_t i = 0, end; i < o->n && env_ok(&t->env); i = end) {
        for (end = i + 1; end < o->n && s[end].part == s[i].part && s[end].bucket == s[i].bucket; end++) {
        }
        bool first = i == 0 || s[i - 1].part != s[i].part;
        bool left = first && end < o->n && s[end].part == s[i].part;
        events_add(t, b, s[i].part, s[i].bucket, left, o->keys + i, end - i);
    }
    return env_ok(&t->env);
}

struct events_grid { /* the partitions a batch reaches */
    uint32_t part;
    int32_t bucket;
    uint64_t parts, buckets;
};

static struct events_grid grid_of(const struct events_order *o)
{
    uint32_t low_part = UINT32_MAX, high_part = 0;
    int32_t low = INT32_MAX, high = INT32_MIN;
    for (size_t i = 0; i < o->n; i++) {
        const struct events_sort *s = &o->sorts[i];
        low_part = s->part < low_part ? s->part : low_part;
        high_part = s->part > high_part ? s->part : high_part;
        low = s->bucket < low ? s->bucket : low;
        high = s->bucket > high ? s->bucket : high;
    }
    return (struct events_grid){ low_part, low, (uint64_t)high_part - low_part + 1,
                                 (uint64_t)((int64_t)high - low) + 1 };
}

/* Many rows: dealt out to their partitions by counting. `ends` has a place for each partition of the grid. */
static bool append_dealt(struct catalog_txn *t, const struct events_batch *b, struct events_order *o,
                         const struct events_grid *g, uint32_t *ends)
{
    const uint64_t cells = g->parts * g->buckets;
#define CELL(s) ((s)->part - g->part) * g->buckets + (uint64_t)((int64_t)(s)->bucket - g->bucket)
    for (size_t i = 0; i < o->n; i++) {
        ends[CELL(&o->sorts[i])]++;
    }
    uint32_t at = 0;
    for (uint64_t i = 0; i < cells; i++) {
        uint32_t count = ends[i];
        ends[i] = at;
        at += count;
    }
    for (size_t i = 0; i < o->n; i++) {
        o->keys[ends[CELL(&o->sorts[i])]++] = o->sorts[i].key;
    }
#undef CELL
    uint32_t from = 0, of_part = 0;
    for (uint64_t i = 0; i < cells && env_ok(&t->env); i++) {
        uint32_t n = ends[i] - from;
        of_part = i % g->buckets ? of_part : from;
        if (n) {
            const uint32_t end_of_part = ends[i - i % g->buckets + g->buckets - 1];
            keys_sort(o->keys + from, o->spare, n);
            events_add(t, b, g->part + (uint32_t)(i / g->buckets), g->bucket + (int32_t)(i % g->buckets),
                       from == of_part && ends[i] < end_of_part, o->keys + from, n);
        }
        from = ends[i];
    }
    return env_ok(&t->env);
}

bool events_append(struct catalog_txn *t, const struct events_batch *b, struct err *e)
{
    if (b->n == 0) {
        return true;
    }
    if (b->coded && !env_version_raise(&t->env)) {
        return catalog_ok(t, e);
    }
    if (b->n_attributes > EVENTS_MAX_COLUMNS) {
        return err_set(e, ERR_LIMIT, "at most %u attributes of an event", EVENTS_MAX_COLUMNS);
    }
    if (b->n > MOST_ROWS) {
        return err_set(e, ERR_LIMIT, "at most %llu events at once", (unsigned long long)MOST_ROWS);
    }
    struct events_order o = { .n = b->n,
                              .keys = malloc(b->n * sizeof(*o.keys)),
                              .spare = malloc(b->n * sizeof(*o.spare)),
                              .sorts = malloc(b->n * sizeof(*o.sorts)) };
    if (!o.keys || !o.spare || !o.sorts) {
        order_free(&o);
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    for (size_t i = 0; i < b->n; i++) {
        o.sorts[i] = sort_of(b->customer[i], b->at[i], i);
    }
    struct events_grid g = grid_of(&o);
    bool few = b->n < 64 || g.buckets > 1 << 20 || g.parts * g.buckets > 16 * (uint64_t)b->n;
    uint32_t *ends = few ? NULL : calloc(g.parts * g.buckets, sizeof(*ends));
    if (ends) {
        append_dealt(t, b, &o, &g, ends);
    } else {
        append_sorted(t, b, &o);
    }
    free(ends);
    order_free(&o);
    return catalog_ok(t, e);
}
