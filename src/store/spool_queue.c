#include "store/spool_queue.h"

#include <stdlib.h>
#include <string.h>

static unsigned bits_count(const struct spool_bits *b)
{
    return (unsigned)(__builtin_popcountll(b->w[0]) + __builtin_popcountll(b->w[1]));
}

static bool read_bits(struct strv v, struct spool_bits *b)
{
    if (v.n != sizeof(*b))
        return false;
    memcpy(b, v.p, sizeof(*b));
    return true;
}

void spool_queue_free(struct spool_queue *q)
{
    hmap_free(&q->index);
    hmap_free(&q->counts);
    hmap_free(&q->changed);
    free(q->list);
    *q = (struct spool_queue){ 0 };
}

void spool_queue_reset(struct spool_queue *q)
{
    hmap_clear(&q->index);
    hmap_clear(&q->changed);
    q->n = 0;
}

void spool_queue_load(struct spool_queue *q, struct env_txn *t)
{
    struct env_cursor c;
    struct spool_bits b;
    spool_queue_reset(q);
    hmap_clear(&q->counts);
    if (env_cursor_open(&c, t, SPOOL_QUEUE)) {
        for (bool more = env_cursor_first(&c); more; more = env_cursor_next(&c)) {
            uint64_t lane = env_key_u64(c.key, 0) >> 40, n = 0;
            if (!read_bits(c.value, &b)) {
                env_fail(t, ERR_CORRUPT);
                break;
            }
            hmap_get(&q->counts, lane, &n);
            hmap_put(&q->counts, lane, n + bits_count(&b));
            hmap_put(&q->changed, lane, 1);
        }
    }
    env_cursor_close(&c);
}

static struct spool_queue_entry *entry_get(struct spool_queue *q, struct env_txn *t, uint64_t key)
{
    struct env_key k;
    struct strv v;
    uint64_t at;
    if (hmap_get(&q->index, key, &at))
        return &q->list[at];
    if (q->n == q->cap) {
        size_t cap = q->cap ? q->cap * 2 : 256;
        struct spool_queue_entry *list = realloc(q->list, cap * sizeof(*list));
        if (!list)
            return NULL;
        q->list = list;
        q->cap = cap;
    }
    struct spool_queue_entry *e = &q->list[q->n];
    if (!hmap_put(&q->index, key, q->n))
        return NULL;
    q->n++;
    *e = (struct spool_queue_entry){ .key = key };
    e->stored = env_get(t, SPOOL_QUEUE, env_key1(&k, key), &v) && read_bits(v, &e->bits);
    return e;
}

void spool_queue_set(struct spool_queue *q, struct env_txn *t, uint64_t lane, uint64_t id, bool on)
{
    unsigned bit = (unsigned)(id % SPOOL_BLOCK_IDS);
    uint64_t mask = UINT64_C(1) << (bit & 63), n = 0;
    struct spool_queue_entry *e = entry_get(q, t, spool_table_queue_key(lane, id / SPOOL_BLOCK_IDS));
    if (!e) {
        env_fail(t, ERR_NOMEM);
        return;
    }
    uint64_t *w = &e->bits.w[bit >> 6];
    if (((*w & mask) != 0) == on)
        return;
    *w ^= mask;
    if (lane == SPOOL_FLIGHT_LANE)
        return; /* nobody asks how many */
    hmap_get(&q->counts, lane, &n);
    if (!hmap_put(&q->counts, lane, on ? n + 1 : n - 1) || !hmap_put(&q->changed, lane, 1))
        env_fail(t, ERR_NOMEM);
}

static int by_key(const void *a, const void *b)
{
    const struct spool_queue_entry *x = a, *y = b;
    return (x->key > y->key) - (x->key < y->key);
}

void spool_queue_write(struct spool_queue *q, struct env_txn *t)
{
    struct env_key k;
    if (q->n > 1)
        qsort(q->list, q->n, sizeof(*q->list), by_key);
    for (size_t i = 0; i < q->n; i++) {
        struct spool_queue_entry *e = &q->list[i];
        if (e->bits.w[0] | e->bits.w[1])
            env_put(t, SPOOL_QUEUE, env_key1(&k, e->key), env_view(&e->bits, sizeof(e->bits)));
        else if (e->stored)
            env_del(t, SPOOL_QUEUE, env_key1(&k, e->key));
    }
    hmap_clear(&q->index); /* the list is in another order now */
    q->n = 0;
}

/* The first bit at or above `from`, or SPOOL_BLOCK_IDS. */
static unsigned next_bit(const struct spool_bits *b, unsigned from)
{
    for (unsigned i = from >> 6; i < 2; i++) {
        uint64_t w = b->w[i];
        if (i == from >> 6)
            w &= ~UINT64_C(0) << (from & 63);
        if (w)
            return i * 64 + (unsigned)__builtin_ctzll(w);
    }
    return SPOOL_BLOCK_IDS;
}

uint64_t spool_queue_next(struct env_cursor *c, uint64_t lane, uint64_t after)
{
    struct env_key k;
    struct spool_bits b;
    uint64_t block = (after + 1) / SPOOL_BLOCK_IDS;
    unsigned from = (unsigned)((after + 1) % SPOOL_BLOCK_IDS);
    bool more = env_cursor_seek_ge(c, env_key1(&k, spool_table_queue_key(lane, block)));
    for (; more; more = env_cursor_next(c), from = 0) {
        uint64_t key = env_key_u64(c->key, 0);
        uint64_t found = key & ((UINT64_C(1) << 40) - 1);
        if (key >> 40 != lane || !read_bits(c->value, &b))
            return 0;
        unsigned bit = next_bit(&b, found == block ? from : 0);
        if (bit < SPOOL_BLOCK_IDS)
            return found * SPOOL_BLOCK_IDS + bit;
    }
    return 0;
}
