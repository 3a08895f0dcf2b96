#include "store/events.h"

#include "store/events_block.h"
#include "store/tables.h"

#include <stdlib.h>
#include <string.h>

/* Blocks of up to so many rows are merged whatever comes: they share a page anyway. */
#define EVENTS_SMALL_ROWS 256u

static struct strv events_key(struct env_key *k, uint16_t type, int32_t day, uint32_t block)
{
    k->n = 0;
    key_u16(k, type);
    key_u32(k, (uint32_t)day ^ UINT32_C(0x80000000)); /* so that octets order like days */
    key_u32(k, block);
    return env_key_view(k);
}

static int32_t events_key_day(struct strv key)
{
    return (int32_t)(be_get32((const uint8_t *)key.p + 2) ^ UINT32_C(0x80000000));
}

static bool events_key_is(struct strv key, uint16_t type)
{
    return key.n == 10 && be_get16((const uint8_t *)key.p) == type;
}

static bool events_open(struct catalog_txn *t, const struct env_cursor *c, struct events_block *b)
{
    b->type = be_get16((const uint8_t *)c->key.p);
    b->day = events_key_day(c->key);
    return events_block_decode(b, c->value.p, c->value.n) || catalog_torn(t);
}

/* --- reading --- */

const struct packed *events_column(const struct events_block *b, uint16_t attribute)
{
    for (size_t i = 0; i < b->n_columns; i++) {
        if (b->attribute[i] == attribute) {
            return &b->column[i];
        }
    }
    return NULL;
}

bool events_each(struct catalog_txn *t, uint16_t type, int32_t from_day, int32_t to_day, events_fn *fn,
                 void *ctx)
{
    struct env_key k;
    struct env_cursor c;
    struct events_block b;
    if (!env_cursor_open(&c, &t->env, TABLE_EVENT)) {
        return false;
    }
    for (bool more = env_cursor_seek_ge(&c, events_key(&k, type, from_day, 0)); more;
         more = env_cursor_next(&c)) {
        if (!events_key_is(c.key, type) || events_key_day(c.key) > to_day || !events_open(t, &c, &b) ||
            !fn(ctx, &b)) {
            break;
        }
    }
    env_cursor_close(&c);
    return env_ok(&t->env);
}

bool events_each_back(struct catalog_txn *t, uint16_t type, int32_t to_day, int32_t from_day, events_fn *fn,
                      void *ctx)
{
    struct env_key k;
    struct env_cursor c;
    struct events_block b;
    if (!env_cursor_open(&c, &t->env, TABLE_EVENT)) {
        return false;
    }
    bool more = env_cursor_seek_le(&c, events_key(&k, type, to_day, UINT32_MAX));
    for (; more; more = env_cursor_prev(&c)) {
        if (!events_key_is(c.key, type) || events_key_day(c.key) < from_day || !events_open(t, &c, &b) ||
            !fn(ctx, &b)) {
            break;
        }
    }
    env_cursor_close(&c);
    return env_ok(&t->env);
}

bool events_rows_of(const struct events_block *b, uint32_t customer, uint32_t *first, uint32_t *end)
{
    uint64_t want, top;
    if (!packed_bounds(&b->customer, customer, customer, &want, &top)) {
        return false;
    }
    uint32_t low = 0, high = b->rows;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (packed_raw(&b->customer, middle) < want) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *first = low;
    while (low < b->rows && packed_raw(&b->customer, low) == want) {
        low++;
    }
    *end = low;
    return *end > *first;
}

bool events_span(struct catalog_txn *t, uint16_t type, int32_t *first_day, int32_t *last_day)
{
    struct env_key k;
    struct env_cursor c;
    if (!env_cursor_open(&c, &t->env, TABLE_EVENT)) {
        return false;
    }
    bool found = env_cursor_seek_ge(&c, events_key(&k, type, INT32_MIN, 0)) && events_key_is(c.key, type);
    if (found) {
        *first_day = events_key_day(c.key);
        found =
            env_cursor_seek_le(&c, events_key(&k, type, INT32_MAX, UINT32_MAX)) && events_key_is(c.key, type);
        *last_day = found ? events_key_day(c.key) : 0;
    }
    env_cursor_close(&c);
    return found;
}

struct events_summing {
    uint32_t customer;
    struct events_summary *out;
};

static bool events_sum_block(void *ctx, const struct events_block *b)
{
    struct events_summing *s = ctx;
    uint32_t first, end;
    if (events_rows_of(b, s->customer, &first, &end)) {
        usec_t day = b->day * USEC_DAY;
        usec_t from = day + packed_get(&b->second, first) * USEC_SEC;
        usec_t to = day + packed_get(&b->second, end - 1) * USEC_SEC;
        bool none = s->out->count == 0;
        s->out->first = none || from < s->out->first ? from : s->out->first;
        s->out->last = none || to > s->out->last ? to : s->out->last;
        s->out->count += end - first;
    }
    return true;
}

bool events_summarize(struct catalog_txn *t, uint16_t type, uint32_t customer, struct events_summary *out)
{
    struct events_summing s = { .customer = customer, .out = out };
    *out = (struct events_summary){ 0 };
    return events_each(t, type, INT32_MIN, INT32_MAX, events_sum_block, &s);
}

/* --- appending --- */

struct events_order {
    int32_t day;
    uint32_t customer, second, row;
};

static int events_order_cmp(const void *a, const void *b)
{
    const struct events_order *x = a, *y = b;
    if (x->day != y->day) {
        return x->day < y->day ? -1 : 1;
    }
    if (x->customer != y->customer) {
        return x->customer < y->customer ? -1 : 1;
    }
    if (x->second != y->second) {
        return x->second < y->second ? -1 : 1;
    }
    return x->row < y->row ? -1 : x->row > y->row;
}

/* Merges into *rows the newest blocks that are not larger than it, deleting them; *next is the number the
 * first block that is written gets. */
static bool events_absorb(struct catalog_txn *t, uint16_t type, int32_t day, struct events_rows *rows,
                          uint32_t *next)
{
    struct env_key k;
    struct env_cursor c;
    *next = 0;
    if (!env_cursor_open(&c, &t->env, TABLE_EVENT)) {
        return false;
    }
    while (env_cursor_seek_le(&c, events_key(&k, type, day, UINT32_MAX)) && events_key_is(c.key, type) &&
           events_key_day(c.key) == day) {
        struct events_block b;
        struct events_rows older = { 0 }, merged = { 0 };
        uint32_t number = be_get32((const uint8_t *)c.key.p + 6);
        *next = number + 1;
        if (!events_open(t, &c, &b)) {
            break;
        }
        uint32_t limit = rows->n > EVENTS_SMALL_ROWS ? rows->n : EVENTS_SMALL_ROWS;
        if (b.rows > limit || b.rows == EVENTS_BLOCK_ROWS) {
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
        *next = number;
    }
    env_cursor_close(&c);
    return env_ok(&t->env);
}

static bool events_write(struct catalog_txn *t, uint16_t type, int32_t day, uint32_t next,
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
        env_put(&t->env, TABLE_EVENT, events_key(&k, type, day, next++),
                env_view(t->scratch.data, t->scratch.len));
    }
    return env_ok(&t->env);
}

static int attribute_cmp(const void *a, const void *b)
{
    return *(const uint16_t *)a < *(const uint16_t *)b ? -1 : *(const uint16_t *)a > *(const uint16_t *)b;
}

/* The rows order[0..n), all of one day, as a block's rows. */
static bool events_take(struct events_rows *rows, const struct events_batch *b,
                        const struct events_order *order, size_t n)
{
    uint16_t ids[EVENTS_MAX_COLUMNS];
    memcpy(ids, b->attribute, b->n_attributes * sizeof(*ids));
    qsort(ids, b->n_attributes, sizeof(*ids), attribute_cmp);
    if (!events_rows_alloc(rows, (uint32_t)n, ids, b->n_attributes)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        rows->customer[i] = order[i].customer;
        rows->second[i] = order[i].second;
    }
    for (size_t c = 0; c < b->n_attributes; c++) {
        size_t from = 0;
        while (b->attribute[from] != ids[c]) {
            from++;
        }
        for (size_t i = 0; i < n; i++) {
            rows->column[c][i] = b->values[from][order[i].row];
        }
    }
    return true;
}

bool events_append(struct catalog_txn *t, const struct events_batch *b, struct err *e)
{
    if (b->n == 0) {
        return true;
    }
    if (b->n_attributes > EVENTS_MAX_COLUMNS || b->n > UINT32_MAX) {
        return err_set(e, ERR_LIMIT, "at most %u attributes of an event", EVENTS_MAX_COLUMNS);
    }
    struct events_order *order = malloc(b->n * sizeof(*order));
    if (!order) {
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    for (size_t i = 0; i < b->n; i++) {
        int64_t seconds = b->at[i] / USEC_SEC - (b->at[i] % USEC_SEC < 0);
        int64_t day = seconds / 86400 - (seconds % 86400 < 0);
        order[i] = (struct events_order){ .day = (int32_t)day,
                                          .customer = b->customer[i],
                                          .second = (uint32_t)(seconds - day * 86400),
                                          .row = (uint32_t)i };
    }
    qsort(order, b->n, sizeof(*order), events_order_cmp);
    for (size_t i = 0; i < b->n && env_ok(&t->env);) {
        struct events_rows rows = { 0 };
        uint32_t next;
        size_t end = i + 1;
        while (end < b->n && order[end].day == order[i].day) {
            end++;
        }
        if (!events_take(&rows, b, order + i, end - i)) {
            env_fail(&t->env, ERR_NOMEM);
        } else if (events_absorb(t, b->type, order[i].day, &rows, &next)) {
            events_write(t, b->type, order[i].day, next, &rows);
        }
        events_rows_free(&rows);
        i = end;
    }
    free(order);
    return catalog_ok(t, e);
}

/* --- erasing --- */

/* Takes rows first..end-1 out. */
static void events_cut(struct events_rows *r, uint32_t first, uint32_t end)
{
    size_t tail = (r->n - end) * sizeof(int64_t);
    memmove(r->customer + first, r->customer + end, tail);
    memmove(r->second + first, r->second + end, tail);
    for (size_t i = 0; i < r->n_columns; i++) {
        memmove(r->column[i] + first, r->column[i] + end, tail);
    }
    r->n -= end - first;
}

static bool events_erase_at(struct catalog_txn *t, struct env_cursor *c, uint32_t customer)
{
    struct events_block b;
    struct events_rows rows = { 0 };
    uint32_t first, end;
    if (c->key.n != 10 || !events_open(t, c, &b)) {
        return catalog_torn(t);
    }
    if (!events_rows_of(&b, customer, &first, &end)) {
        return true;
    }
    if (end - first == b.rows) {
        return env_cursor_del(c);
    }
    bool ok = events_rows_unpack(&rows, &b);
    if (ok) {
        uint8_t key[10]; /* a view into the map does not outlive the write */
        memcpy(key, c->key.p, sizeof(key));
        events_cut(&rows, first, end);
        buf_clear(&t->scratch);
        ok = events_block_encode(&t->scratch, &rows, 0, rows.n) &&
             env_cursor_put(c, env_view(key, sizeof(key)), env_view(t->scratch.data, t->scratch.len));
    }
    events_rows_free(&rows);
    if (!ok) {
        env_fail(&t->env, ERR_NOMEM);
    }
    return ok;
}

bool events_erase(struct catalog_txn *t, uint32_t customer, struct err *e)
{
    struct env_cursor c;
    if (!env_cursor_open(&c, &t->env, TABLE_EVENT)) {
        return catalog_ok(t, e);
    }
    bool more = env_cursor_first(&c);
    while (more && events_erase_at(t, &c, customer)) {
        more = env_cursor_next(&c);
    }
    env_cursor_close(&c);
    return catalog_ok(t, e);
}

/* --- ids of events --- */

static struct strv events_id_key(struct env_key *k, uint16_t type, uint8_t kind, uint64_t number)
{
    k->n = 0;
    key_u16(k, type);
    key_u8(k, kind);
    key_u64(k, number);
    return env_key_view(k);
}

bool events_id_seen(struct catalog_txn *t, uint16_t type, uint64_t hash)
{
    struct env_key k;
    struct strv v;
    return env_get(&t->env, TABLE_EVENT_ID, events_id_key(&k, type, 0, hash), &v);
}

bool events_id_put(struct catalog_txn *t, uint16_t type, uint64_t hash)
{
    struct env_key k;
    return env_put(&t->env, TABLE_EVENT_ID, events_id_key(&k, type, 0, hash), strv_from(NULL));
}

bool events_ids_get(struct catalog_txn *t, uint16_t type, uint64_t container, struct strv *out)
{
    struct env_key k;
    return env_get(&t->env, TABLE_EVENT_ID, events_id_key(&k, type, 1, container), out);
}

bool events_ids_put(struct catalog_txn *t, uint16_t type, uint64_t container, struct strv octets)
{
    struct env_key k;
    return env_put(&t->env, TABLE_EVENT_ID, events_id_key(&k, type, 1, container), octets);
}
