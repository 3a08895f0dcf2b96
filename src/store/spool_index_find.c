/* Looking up in the index, by the writer and by any reader of the store: what is newest first. */
#include "store/spool_index_internal.h"

#include <string.h>

/* Last entry below (key, below) in a sorted array: its place + 1. */
static size_t lower(const struct spool_entry *e, size_t n, uint64_t key, uint64_t below)
{
    struct spool_entry at = { key, below };
    size_t lo = 0;
    while (lo < n) {
        size_t mid = lo + (n - lo) / 2;
        if (spool_entry_before(&e[mid], &at))
            lo = mid + 1;
        else
            n = mid;
    }
    return lo;
}

struct finder {
    uint64_t key, below;
    spool_index_fn fn;
    void *ctx;
    bool stopped;
    struct spool_entry e[SPOOL_ENTRIES_PER_CHUNK];
};

/* The values of a run, greatest first: from the last chunk that begins below (key, below) backwards. */
static void find_in_run(struct env_cursor *c, struct finder *f, uint64_t run)
{
    struct spool_chunk_key k;
    bool more = env_cursor_seek_le(c, spool_chunk_key(&k, run, f->key, f->below - 1));
    for (; more && !f->stopped; more = env_cursor_prev(c)) {
        size_t n = c->value.n / sizeof(*f->e);
        if (env_key_u64(c->key, 0) != run || n > SPOOL_ENTRIES_PER_CHUNK)
            return;
        memcpy(f->e, c->value.p, n * sizeof(*f->e)); /* values in a leaf are not aligned */
        size_t i = lower(f->e, n, f->key, f->below);
        for (; i > 0 && f->e[i - 1].key == f->key && !f->stopped; i--)
            f->stopped = !f->fn(f->ctx, f->e[i - 1].value);
        if (i > 0)
            return; /* the chunk begins with a smaller key */
    }
}

static void find_in_runs(struct env_txn *t, unsigned tail_table, struct finder *f)
{
    struct env_cursor runs, chunks;
    struct spool_run r;
    env_cursor_open(&runs, t, SPOOL_RUN_TABLE(tail_table));
    env_cursor_open(&chunks, t, SPOOL_CHUNK_TABLE(tail_table));
    for (bool more = env_cursor_last(&runs); more && !f->stopped; more = env_cursor_prev(&runs)) {
        if (runs.value.n != sizeof(r)) {
            env_fail(t, ERR_CORRUPT);
            break;
        }
        memcpy(&r, runs.value.p, sizeof(r));
        find_in_run(&chunks, f, r.id);
    }
    env_cursor_close(&chunks);
    env_cursor_close(&runs);
}

/* The tail is in order of time: backwards is newest first. */
static void find_in_tail(struct env_txn *t, unsigned tail_table, struct finder *f)
{
    struct env_cursor c;
    struct spool_entry e;
    env_cursor_open(&c, t, tail_table);
    for (bool more = env_cursor_last(&c); more && !f->stopped; more = env_cursor_prev(&c)) {
        for (size_t n = c.value.n / sizeof(e); n > 0 && !f->stopped; n--) {
            memcpy(&e, c.value.p + (n - 1) * sizeof(e), sizeof(e));
            if (e.key == f->key && e.value < f->below)
                f->stopped = !f->fn(f->ctx, e.value);
        }
    }
    env_cursor_close(&c);
}

bool spool_index_find(struct env_txn *t, unsigned tail_table, uint64_t key, uint64_t below, spool_index_fn fn,
                      void *ctx)
{
    struct finder f = { .key = key, .below = below, .fn = fn, .ctx = ctx };
    if (below == 0)
        return env_ok(t);
    find_in_tail(t, tail_table, &f);
    if (!f.stopped)
        find_in_runs(t, tail_table, &f);
    return env_ok(t);
}

void spool_index_find_now(struct spool_index *x, struct env_txn *t, uint64_t key, spool_index_fn fn,
                          void *ctx)
{
    struct finder f = { .key = key, .below = UINT64_MAX, .fn = fn, .ctx = ctx };
    for (size_t i = x->n_tail; i-- > 0 && !f.stopped;) {
        if (x->tail[i].key == key)
            f.stopped = !fn(ctx, x->tail[i].value);
    }
    if (!f.stopped)
        find_in_runs(t, x->tail_table, &f);
}

void spool_index_find_runs(struct spool_index *x, struct env_txn *t, uint64_t key, spool_index_fn fn,
                           void *ctx)
{
    struct finder f = { .key = key, .below = UINT64_MAX, .fn = fn, .ctx = ctx };
    find_in_runs(t, x->tail_table, &f);
}

static bool take_first(void *ctx, uint64_t value)
{
    *(uint64_t *)ctx = value;
    return false;
}

bool spool_index_last(struct spool_index *x, struct env_txn *t, uint64_t key, uint64_t *value)
{
    struct finder f = { .key = key, .below = UINT64_MAX, .fn = take_first, .ctx = value };
    if (!x->cached) {
        *value = 0; /* no value is */
        spool_index_find_now(x, t, key, take_first, value);
        return *value != 0;
    }
    if (hmap_get(&x->young, key, value) || hmap_get(&x->old, key, value))
        return true;
    find_in_runs(t, x->tail_table, &f); /* the tail is in memory, and was looked through */
    return f.stopped;
}
