/* Taking entries out of the index: those of messages that retention has deleted, and those of a key. */
#include "store/spool_index_internal.h"

#include <string.h>

/* --- the oldest run, in slices --- */

/* Its message's block is in the store. */
static bool entry_lives(const struct spool_index *x, struct env_txn *t, const struct spool_entry *e)
{
    struct env_key k;
    struct strv v;
    uint64_t id = x->tail_table == SPOOL_RID_TAIL ? e->value >> 8 : e->value, no = id / SPOOL_BLOCK_IDS;
    return no >= x->floor || env_get(t, SPOOL_STATE, env_key1(&k, no), &v);
}

/* The oldest run has as many entries as twice what has died: it is worth going through. */
bool spool_index_sweep_wanted(const struct spool_index *x)
{
    return x->n_runs > 0 && x->floor > 0 && x->dead >= x->runs[0].count / 2 + 1;
}

static void sweep_finish(struct spool_index *x, struct env_txn *t)
{
    struct env_key k;
    struct spool_run *r = &x->runs[0];
    uint64_t gone = r->count > x->sweep_left ? r->count - x->sweep_left : 0;
    r->count = x->sweep_left;
    /* One that has kept entries is not looked at again before as many have died once more. */
    x->dead = r->count == 0 && x->dead > gone ? x->dead - gone : 0;
    if (r->count > 0) {
        spool_index_put_run(x, t, r);
    } else {
        env_del(t, x->run_table, env_key1(&k, r->order));
        x->n_runs--;
        memmove(x->runs, x->runs + 1, x->n_runs * sizeof(*x->runs));
    }
    spool_index_note_dead(x, t);
    x->sweeping = false;
}

/* Writes the chunk at the cursor without its dead entries, when they are the greater part. */
static void sweep_chunk(struct spool_index *x, struct env_txn *t, struct env_cursor *c)
{
    struct spool_entry e[SPOOL_ENTRIES_PER_CHUNK];
    uint64_t run = x->runs[0].id;
    size_t n = c->value.n / sizeof(*e), left = 0;
    if (n == 0 || n > SPOOL_ENTRIES_PER_CHUNK) {
        env_fail(t, ERR_CORRUPT);
        return;
    }
    memcpy(e, c->value.p, n * sizeof(*e));
    x->sweep_key = e[n - 1].key;
    x->sweep_value = e[n - 1].value + 1;
    for (size_t i = 0; i < n; i++) {
        if (entry_lives(x, t, &e[i]))
            e[left++] = e[i];
    }
    if (left > n / 2) {
        x->sweep_left += n;
        return;
    }
    x->sweep_left += left;
    if (env_cursor_del(c) && left > 0) {
        struct spool_chunk_key k;
        env_put(t, x->chunk_table, spool_chunk_key(&k, run, e[0].key, e[0].value),
                env_view(e, left * sizeof(*e)));
    }
}

void spool_index_sweep_slice(struct spool_index *x, struct env_txn *t)
{
    if (!x->sweeping) {
        x->sweeping = true;
        x->sweep_key = x->sweep_value = x->sweep_left = 0;
    }
    for (size_t i = 0; i < SPOOL_INDEX_SLICE && env_ok(t); i++) {
        struct env_cursor c;
        struct spool_chunk_key k;
        env_cursor_open(&c, t, x->chunk_table);
        bool more =
            env_cursor_seek_ge(&c, spool_chunk_key(&k, x->runs[0].id, x->sweep_key, x->sweep_value)) &&
            env_key_u64(c.key, 0) == x->runs[0].id;
        if (more)
            sweep_chunk(x, t, &c);
        env_cursor_close(&c);
        if (!more) {
            sweep_finish(x, t);
            return;
        }
    }
}

/* --- a key --- */

/* The chunk at the cursor without the key's entries; how many those were. */
static size_t erase_in_chunk(struct spool_index *x, struct env_txn *t, struct env_cursor *c, uint64_t key)
{
    struct spool_entry e[SPOOL_ENTRIES_PER_CHUNK];
    struct spool_chunk_key k;
    uint64_t run = env_key_u64(c->key, 0);
    size_t n = c->value.n / sizeof(*e), left = 0;
    if (n > SPOOL_ENTRIES_PER_CHUNK) {
        env_fail(t, ERR_CORRUPT);
        return 0;
    }
    memcpy(e, c->value.p, n * sizeof(*e));
    for (size_t i = 0; i < n; i++) {
        if (e[i].key != key)
            e[left++] = e[i];
    }
    if (left < n && env_cursor_del(c) && left > 0)
        env_put(t, x->chunk_table, spool_chunk_key(&k, run, e[0].key, e[0].value),
                env_view(e, left * sizeof(*e)));
    return n - left;
}

/* From the last chunk of the run that may have the key backwards; each look begins anew, as chunks change. */
static uint64_t erase_in_run(struct spool_index *x, struct env_txn *t, uint64_t run, uint64_t key)
{
    uint64_t erased = 0, below = UINT64_MAX;
    for (bool more = true; more && env_ok(t);) {
        struct env_cursor c;
        struct spool_chunk_key k;
        env_cursor_open(&c, t, x->chunk_table);
        more = env_cursor_seek_le(&c, spool_chunk_key(&k, run, key, below)) && env_key_u64(c.key, 0) == run;
        uint64_t first = more ? env_key_u64(c.key, 8) : 0, value = more ? env_key_u64(c.key, 16) : 0;
        if (more)
            erased += erase_in_chunk(x, t, &c, key);
        env_cursor_close(&c);
        more = more && first == key && value > 0; /* else it began below the key: nothing is before it */
        below = value - 1;
    }
    return erased;
}

static void erase_in_tail(struct spool_index *x, struct env_txn *t, uint64_t key)
{
    struct env_cursor c;
    size_t left = 0, logged = 0;
    for (size_t i = 0; i < x->n_tail; i++) {
        if (x->tail[i].key == key)
            continue;
        logged += i < x->n_logged;
        x->tail[left++] = x->tail[i];
    }
    if (left == x->n_tail)
        return;
    x->n_tail = left;
    x->n_logged = logged;
    env_cursor_open(&c, t, x->tail_table);
    for (bool more = env_cursor_first(&c); more; more = env_cursor_next(&c)) {
        struct spool_entry e[SPOOL_ENTRIES_PER_CHUNK];
        uint8_t seq[8];
        size_t n = c.value.n / sizeof(*e), kept = 0;
        n = n < SPOOL_ENTRIES_PER_CHUNK ? n : SPOOL_ENTRIES_PER_CHUNK;
        memcpy(e, c.value.p, n * sizeof(*e));
        for (size_t i = 0; i < n; i++) {
            if (e[i].key != key)
                e[kept++] = e[i];
        }
        if (kept < n) {
            memcpy(seq, c.key.p, sizeof(seq));
            env_cursor_put(&c, env_view(seq, sizeof(seq)), env_view(e, kept * sizeof(*e)));
        }
    }
    env_cursor_close(&c);
}

void spool_index_erase(struct spool_index *x, struct env_txn *t, uint64_t key)
{
    uint64_t run = 0;
    if (x->merging) { /* begun anew later; what it has written is a run that no record names */
        spool_index_merge_stop(x);
        x->garbage = true;
    }
    x->sweeping = false;
    erase_in_tail(x, t, key);
    for (bool more = true; more && env_ok(t); run++) {
        struct env_cursor c;
        struct spool_chunk_key k;
        env_cursor_open(&c, t, x->chunk_table);
        more = env_cursor_seek_ge(&c, spool_chunk_key(&k, run, 0, 0));
        run = more ? env_key_u64(c.key, 0) : run;
        env_cursor_close(&c);
        uint64_t erased = more ? erase_in_run(x, t, run, key) : 0;
        for (size_t i = 0; erased && i < x->n_runs; i++) {
            if (x->runs[i].id == run) {
                x->runs[i].count -= erased < x->runs[i].count ? erased : x->runs[i].count;
                spool_index_put_run(x, t, &x->runs[i]);
            }
        }
    }
}
