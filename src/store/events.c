#include "store/events.h"

#include "store/events_block.h"

#include <string.h>

int32_t events_bucket_of(int32_t day)
{
    return day >= 0 ? day / EVENTS_DAYS : -1 - (-1 - day) / EVENTS_DAYS;
}

struct strv events_key(struct env_key *k, uint16_t type, uint32_t part, int32_t bucket, uint32_t block)
{
    k->n = 0;
    key_u16(k, type);
    key_u32(k, part);
    key_u32(k, (uint32_t)bucket ^ UINT32_C(0x80000000)); /* so that octets order like days */
    key_u32(k, block);
    return env_key_view(k);
}

bool events_key_read(struct strv key, struct events_place *out)
{
    const uint8_t *p = (const uint8_t *)key.p;
    if (key.n != 14) {
        return false;
    }
    out->type = be_get16(p);
    out->part = be_get32(p + 2);
    out->bucket = (int32_t)(be_get32(p + 6) ^ UINT32_C(0x80000000));
    out->block = be_get32(p + 10);
    return true;
}

bool events_open(struct catalog_txn *t, struct strv key, struct strv value, struct events_block *b)
{
    struct events_place at;
    if (!events_key_read(key, &at)) {
        return catalog_torn(t);
    }
    b->type = at.type;
    b->day = at.bucket * EVENTS_DAYS;
    b->first_customer = at.part * EVENTS_CUSTOMERS;
    return events_block_decode(b, value.p, value.n) || catalog_torn(t);
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

struct events_walk {
    struct env_cursor c;
    uint16_t type;
    uint32_t last_part;
    int32_t from, to; /* buckets */
    bool more;        /* the cursor stands on something */
};

/* Where the next blocks lie, at most AHEAD of them: their heads are on the way while the first is read. Each
 * is a miss of every cache otherwise, one after the other. */
#define AHEAD     16
#define HEAD_SIZE 192 /* octets, of a few columns */

static size_t walk_ahead(struct events_walk *w, struct strv *key, struct strv *value)
{
    struct env_key k;
    struct events_place at;
    size_t n = 0;
    while (n < AHEAD && w->more && events_key_read(w->c.key, &at) && at.type == w->type &&
           at.part <= w->last_part) {
        if (at.bucket < w->from) {
            w->more = env_cursor_seek_ge(&w->c, events_key(&k, w->type, at.part, w->from, 0));
        } else if (at.bucket > w->to) {
            w->more = env_cursor_seek_ge(&w->c, events_key(&k, w->type, at.part + 1, w->from, 0));
        } else {
            key[n] = w->c.key;
            value[n++] = w->c.value;
            w->more = env_cursor_next(&w->c);
        }
    }
    for (size_t i = 0; i < n; i++) { /* each waits for its page to be found: all of them at once */
        __builtin_prefetch(value[i].p);
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t line = 64; line < HEAD_SIZE; line += 64) {
            __builtin_prefetch(value[i].p + line);
        }
    }
    return n;
}

bool events_each_of(struct catalog_txn *t, uint16_t type, uint32_t first, uint32_t last, int32_t from_day,
                    int32_t to_day, events_fn *fn, void *ctx)
{
    struct env_key k;
    struct events_block b;
    struct strv key[AHEAD], value[AHEAD];
    struct events_walk w = { .type = type,
                             .last_part = last / EVENTS_CUSTOMERS,
                             .from = events_bucket_of(from_day),
                             .to = events_bucket_of(to_day) };
    if (from_day > to_day || !env_cursor_open(&w.c, &t->env, TABLE_EVENT)) {
        return env_ok(&t->env);
    }
    w.more = env_cursor_seek_ge(&w.c, events_key(&k, type, first / EVENTS_CUSTOMERS, w.from, 0));
    bool go = true;
    for (size_t n; go && (n = walk_ahead(&w, key, value)) > 0;) {
        for (size_t i = 0; go && i < n; i++) {
            go = events_open(t, key[i], value[i], &b) && fn(ctx, &b);
        }
    }
    env_cursor_close(&w.c);
    return env_ok(&t->env);
}

bool events_each(struct catalog_txn *t, uint16_t type, int32_t from_day, int32_t to_day, events_fn *fn,
                 void *ctx)
{
    return events_each_of(t, type, 0, UINT32_MAX, from_day, to_day, fn, ctx);
}

/* Customers are spread about evenly, so that a guess is a few rows off: from there in growing steps, then by
 * halves. The first row of [*low, *high) that is not below `want`, or *high, lies in what is left. */
static void events_guess(const struct packed *p, uint64_t want, uint32_t *low, uint32_t *high)
{
    const uint64_t first = packed_raw(p, 0), last = packed_raw(p, p->rows - 1);
    if (want <= first || want > last) {
        *low = *high = want <= first ? 0 : p->rows;
        return;
    }
    uint32_t at = (uint32_t)((double)(want - first) / (double)(last - first) * (p->rows - 1)), step = 16;
    if (packed_raw(p, at) < want) {
        for (*low = at + 1; *high - *low > step; step *= 2) {
            if (packed_raw(p, *low + step) >= want) {
                *high = *low + step;
                break;
            }
            *low += step + 1;
        }
    } else {
        for (*high = at; *high - *low > step; step *= 2) {
            if (packed_raw(p, *high - step) < want) {
                *low = *high - step + 1;
                break;
            }
            *high -= step;
        }
    }
}

bool events_rows_of(const struct events_block *b, uint32_t customer, uint32_t *first, uint32_t *end)
{
    uint64_t want, top;
    if (b->rows == 0 || !packed_bounds(&b->customer, customer, customer, &want, &top)) {
        return false;
    }
    uint32_t low = 0, high = b->rows;
    events_guess(&b->customer, want, &low, &high);
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

struct events_spanning {
    int64_t first, last; /* seconds */
    bool any;
};

static bool events_span_block(void *ctx, const struct events_block *b)
{
    struct events_spanning *s = ctx;
    const int64_t start = b->day * INT64_C(86400);
    if (s->any && start >= s->first && start + EVENTS_DAYS * INT64_C(86400) - 1 <= s->last) {
        return true;
    }
    for (uint32_t i = 0; i < b->rows; i++) {
        int64_t second = start + packed_get(&b->second, i);
        s->first = !s->any || second < s->first ? second : s->first;
        s->last = !s->any || second > s->last ? second : s->last;
        s->any = true;
    }
    return true;
}

bool events_span(struct catalog_txn *t, uint16_t type, int32_t *first_day, int32_t *last_day)
{
    struct events_spanning s = { 0 };
    events_each(t, type, INT32_MIN, INT32_MAX, events_span_block, &s);
    *first_day = (int32_t)(s.first / 86400 - (s.first % 86400 < 0));
    *last_day = (int32_t)(s.last / 86400 - (s.last % 86400 < 0));
    return s.any;
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
    return events_each_of(t, type, customer, customer, INT32_MIN, INT32_MAX, events_sum_block, &s);
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

/* The customer out of the block where the cursor stands. */
static bool events_erase_at(struct catalog_txn *t, struct env_cursor *c, uint32_t customer)
{
    struct events_block b;
    struct events_rows rows = { 0 };
    uint32_t first, end;
    if (!events_open(t, c->key, c->value, &b)) {
        return false;
    }
    if (!events_rows_of(&b, customer, &first, &end)) {
        return true;
    }
    if (end - first == b.rows) {
        return env_cursor_del(c);
    }
    bool ok = events_rows_unpack(&rows, &b);
    if (ok) {
        uint8_t key[14]; /* a view into the map does not outlive the write */
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
    const uint32_t part = customer / EVENTS_CUSTOMERS;
    struct env_key k;
    struct env_cursor c;
    struct events_place at;
    if (!env_cursor_open(&c, &t->env, TABLE_EVENT)) {
        return catalog_ok(t, e);
    }
    bool more = env_cursor_first(&c);
    while (more && events_key_read(c.key, &at)) {
        if (at.part < part) {
            more = env_cursor_seek_ge(&c, events_key(&k, at.type, part, INT32_MIN, 0));
        } else if (at.part > part) {
            more = at.type < UINT16_MAX &&
                   env_cursor_seek_ge(&c, events_key(&k, (uint16_t)(at.type + 1), part, INT32_MIN, 0));
        } else {
            more = events_erase_at(t, &c, customer) && env_cursor_next(&c);
        }
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
