/* The index's own account of itself: its tail and its runs in memory and in the store, and what a transaction
 * does for them. */
#include "store/spool_index_internal.h"

#include <stdlib.h>
#include <string.h>

#define CACHE_ENTRIES 400000 /* a generation; 16 MB for two */

static const char *dead_name(const struct spool_index *x)
{
    return x->tail_table == SPOOL_RID_TAIL ? SPOOL_META_RID_DEAD : SPOOL_META_NUM_DEAD;
}

/* --- life --- */

void spool_index_init(struct spool_index *x, unsigned tail_table, bool cached)
{
    *x = (struct spool_index){ .tail_table = tail_table, .cached = cached };
    x->run_table = SPOOL_RUN_TABLE(tail_table);
    x->chunk_table = SPOOL_CHUNK_TABLE(tail_table);
}

void spool_index_free(struct spool_index *x)
{
    spool_index_merge_stop(x);
    free(x->tail);
    free(x->runs);
    hmap_free(&x->young);
    hmap_free(&x->old);
    *x = (struct spool_index){ 0 };
}

static bool cache_put(struct spool_index *x, uint64_t key, uint64_t value)
{
    if (hmap_count(&x->young) >= CACHE_ENTRIES) {
        struct hmap elder = x->old;
        x->old = x->young;
        x->young = elder;
        hmap_clear(&x->young);
    }
    return hmap_put(&x->young, key, value);
}

/* The tail may exceed the mark by what one transaction brings. */
static bool tail_add(struct spool_index *x, struct env_txn *t, uint64_t key, uint64_t value)
{
    if (x->n_tail % SPOOL_INDEX_TAIL == 0) {
        struct spool_entry *tail = realloc(x->tail, (x->n_tail + SPOOL_INDEX_TAIL) * sizeof(*tail));
        if (!tail)
            goto nomem;
        x->tail = tail;
    }
    x->tail[x->n_tail++] = (struct spool_entry){ key, value };
    if (!x->cached || cache_put(x, key, value))
        return true;
nomem:
    env_fail(t, ERR_NOMEM);
    return false;
}

static bool load_tail(struct spool_index *x, struct env_txn *t)
{
    struct env_cursor c;
    struct spool_entry e;
    x->n_tail = 0;
    x->tail_seq = 0;
    env_cursor_open(&c, t, x->tail_table);
    for (bool more = env_cursor_first(&c); more; more = env_cursor_next(&c)) {
        x->tail_seq = env_key_u64(c.key, 0);
        for (size_t at = 0; at + sizeof(e) <= c.value.n; at += sizeof(e)) {
            memcpy(&e, c.value.p + at, sizeof(e));
            if (!tail_add(x, t, e.key, e.value))
                break;
        }
    }
    env_cursor_close(&c);
    x->n_logged = x->n_tail;
    return env_ok(t);
}

static struct spool_run *run_new(struct spool_index *x, struct env_txn *t)
{
    if (x->n_runs == x->cap_runs) {
        size_t cap = x->cap_runs ? x->cap_runs * 2 : 32;
        struct spool_run *runs = realloc(x->runs, cap * sizeof(*runs));
        if (!runs) {
            env_fail(t, ERR_NOMEM);
            return NULL;
        }
        x->runs = runs;
        x->cap_runs = cap;
    }
    return &x->runs[x->n_runs++];
}

bool spool_index_load(struct spool_index *x, struct env_txn *t)
{
    struct env_cursor c;
    spool_index_merge_stop(x);
    x->sweeping = false;
    x->dead = env_meta_get(t, dead_name(x));
    hmap_clear(&x->young);
    hmap_clear(&x->old);
    x->n_runs = 0;
    x->next_run = 1;
    x->garbage = true;
    env_cursor_open(&c, t, x->run_table);
    for (bool more = env_cursor_first(&c); more; more = env_cursor_next(&c)) {
        struct spool_run *r = run_new(x, t);
        if (!r || c.value.n != sizeof(*r)) {
            env_fail(t, ERR_CORRUPT);
            break;
        }
        memcpy(r, c.value.p, sizeof(*r));
    }
    env_cursor_close(&c);
    /* ids above every chunk there is, so that a half-merged run is never mistaken for a new one */
    if (env_cursor_open(&c, t, x->chunk_table) && env_cursor_last(&c))
        x->next_run = env_key_u64(c.key, 0) + 1;
    env_cursor_close(&c);
    return load_tail(x, t);
}

/* --- sorting --- */

/* Least significant octet first, octets that are the same everywhere skipped; equal keys stay in their order
 * and are put in order of value at the end, which is nearly free as values come in order. */
static bool sort_entries(struct spool_entry *e, size_t n)
{
    struct spool_entry *other = malloc(n * sizeof(*e)), *from = e, *to = other;
    if (!other)
        return false;
    for (unsigned shift = 0; shift < 64; shift += 8) {
        size_t place[257] = { 0 };
        for (size_t i = 0; i < n; i++)
            place[(from[i].key >> shift & 255) + 1]++;
        if (place[(from[0].key >> shift & 255) + 1] == n)
            continue;
        for (size_t i = 0; i < 256; i++)
            place[i + 1] += place[i];
        for (size_t i = 0; i < n; i++)
            to[place[from[i].key >> shift & 255]++] = from[i];
        struct spool_entry *swap = from;
        from = to;
        to = swap;
    }
    if (from != e)
        memcpy(e, from, n * sizeof(*e));
    free(other);
    for (size_t i = 1; i < n; i++) {
        struct spool_entry one = e[i];
        size_t j = i;
        for (; j > 0 && spool_entry_before(&one, &e[j - 1]); j--)
            e[j] = e[j - 1];
        e[j] = one;
    }
    return true;
}

/* --- writing --- */

void spool_index_put_chunk(struct spool_index *x, struct env_txn *t, uint64_t run,
                           const struct spool_entry *e, size_t n)
{
    struct spool_chunk_key k;
    env_append(t, x->chunk_table, spool_chunk_key(&k, run, e[0].key, e[0].value),
               env_view(e, n * sizeof(*e)));
}

void spool_index_put_run(struct spool_index *x, struct env_txn *t, const struct spool_run *r)
{
    struct env_key k;
    env_put(t, x->run_table, env_key1(&k, r->order), env_view(r, sizeof(*r)));
}

void spool_index_note_dead(struct spool_index *x, struct env_txn *t)
{
    env_meta_put(t, dead_name(x), x->dead);
}

void spool_index_add(struct spool_index *x, struct env_txn *t, uint64_t key, uint64_t value)
{
    tail_add(x, t, key, value);
}

static void log_tail(struct spool_index *x, struct env_txn *t)
{
    struct env_key k;
    while (x->n_logged < x->n_tail) {
        size_t n = x->n_tail - x->n_logged;
        n = n < SPOOL_ENTRIES_PER_CHUNK ? n : SPOOL_ENTRIES_PER_CHUNK;
        env_append(t, x->tail_table, env_key1(&k, ++x->tail_seq),
                   env_view(x->tail + x->n_logged, n * sizeof(struct spool_entry)));
        x->n_logged += n;
    }
}

/* The tail becomes the newest run of level 0. */
static void flush_tail(struct spool_index *x, struct env_txn *t)
{
    struct spool_run *r = run_new(x, t);
    if (!r || !sort_entries(x->tail, x->n_tail)) {
        env_fail(t, ERR_NOMEM);
        return;
    }
    *r = (struct spool_run){ .id = x->next_run++, .count = x->n_tail };
    r->order = r->id;
    for (size_t i = 0; i < x->n_tail; i += SPOOL_ENTRIES_PER_CHUNK) {
        size_t n = x->n_tail - i;
        spool_index_put_chunk(x, t, r->id, x->tail + i,
                              n < SPOOL_ENTRIES_PER_CHUNK ? n : SPOOL_ENTRIES_PER_CHUNK);
    }
    spool_index_put_run(x, t, r);
    env_clear(t, x->tail_table);
    x->n_tail = x->n_logged = 0;
    x->tail_seq = 0;
}

void spool_index_write(struct spool_index *x, struct env_txn *t)
{
    size_t from;
    log_tail(x, t);
    if (x->n_tail >= SPOOL_INDEX_TAIL) {
        flush_tail(x, t);
        return;
    }
    if (x->merging)
        spool_index_merge_slice(x, t);
    else if (x->garbage)
        spool_index_collect_slice(x, t);
    else if (x->sweeping || spool_index_sweep_wanted(x))
        spool_index_sweep_slice(x, t);
    else if (spool_index_merge_find(x, &from))
        spool_index_merge_start(x, t, from);
}

bool spool_index_busy(const struct spool_index *x)
{
    size_t from;
    return x->merging || x->garbage || x->sweeping || spool_index_sweep_wanted(x) ||
           spool_index_merge_find(x, &from);
}
