#include "store/spool_index.h"

#include <stdlib.h>
#include <string.h>

#define CACHE_ENTRIES 400000 /* a generation; 16 MB for two */
#define SLICE_CHUNKS  64     /* merged or deleted a transaction: about a millisecond */

/* The three tables of an index are neighbours in the list. */
#define RUN_TABLE(tail)   ((tail) + 1)
#define CHUNK_TABLE(tail) ((tail) + 2)
_Static_assert(SPOOL_RID_CHUNK == SPOOL_RID_TAIL + 2 && SPOOL_NUM_CHUNK == SPOOL_NUM_TAIL + 2, "neighbours");

struct chunk_key {
    uint8_t b[24];
};

static struct strv chunk_key(struct chunk_key *k, uint64_t run, uint64_t key, uint64_t value)
{
    be_put64(k->b, run);
    be_put64(k->b + 8, key);
    be_put64(k->b + 16, value);
    return env_view(k->b, sizeof(k->b));
}

static bool before(const struct spool_entry *a, const struct spool_entry *b)
{
    return a->key != b->key ? a->key < b->key : a->value < b->value;
}

static const char *dead_name(const struct spool_index *x)
{
    return x->tail_table == SPOOL_RID_TAIL ? SPOOL_META_RID_DEAD : SPOOL_META_NUM_DEAD;
}

/* --- life --- */

void spool_index_init(struct spool_index *x, unsigned tail_table, bool cached)
{
    *x = (struct spool_index){ .tail_table = tail_table, .cached = cached };
    x->run_table = RUN_TABLE(tail_table);
    x->chunk_table = CHUNK_TABLE(tail_table);
}

static void merge_stop(struct spool_index *x)
{
    for (size_t i = 0; i < SPOOL_INDEX_FANOUT; i++) {
        free(x->in[i].e);
        x->in[i] = (struct spool_merge_input){ 0 };
    }
    free(x->out);
    x->out = NULL;
    x->merging = false;
}

void spool_index_free(struct spool_index *x)
{
    merge_stop(x);
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
    merge_stop(x);
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
        for (; j > 0 && before(&one, &e[j - 1]); j--)
            e[j] = e[j - 1];
        e[j] = one;
    }
    return true;
}

/* --- writing --- */

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

static void put_chunk(struct spool_index *x, struct env_txn *t, uint64_t run, const struct spool_entry *e,
                      size_t n)
{
    struct chunk_key k;
    env_append(t, x->chunk_table, chunk_key(&k, run, e[0].key, e[0].value), env_view(e, n * sizeof(*e)));
}

static void put_run(struct spool_index *x, struct env_txn *t, const struct spool_run *r)
{
    struct env_key k;
    env_put(t, x->run_table, env_key1(&k, r->order), env_view(r, sizeof(*r)));
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
        put_chunk(x, t, r->id, x->tail + i, n < SPOOL_ENTRIES_PER_CHUNK ? n : SPOOL_ENTRIES_PER_CHUNK);
    }
    put_run(x, t, r);
    env_clear(t, x->tail_table);
    x->n_tail = x->n_logged = 0;
    x->tail_seq = 0;
}

/* --- merging --- */

/* The chunk of the run that starts at or above (key, value); the entries are copied. False: no further one.
 */
static bool input_load(struct spool_index *x, struct env_txn *t, struct spool_merge_input *in, uint64_t key,
                       uint64_t value)
{
    struct env_cursor c;
    struct chunk_key k;
    env_cursor_open(&c, t, x->chunk_table);
    bool ok = env_cursor_seek_ge(&c, chunk_key(&k, in->run, key, value)) &&
              env_key_u64(c.key, 0) == in->run && c.value.n <= SPOOL_ENTRIES_PER_CHUNK * sizeof(*in->e);
    in->at = 0;
    in->n = ok ? c.value.n / sizeof(*in->e) : 0;
    if (ok)
        memcpy(in->e, c.value.p, in->n * sizeof(*in->e));
    env_cursor_close(&c);
    return in->n > 0;
}

/* Eight neighbouring runs of one level, the lowest such level first. */
static bool merge_find(const struct spool_index *x, size_t *from)
{
    size_t same = 0;
    for (size_t i = x->n_runs; i-- > 0;) {
        same = i + 1 < x->n_runs && x->runs[i].level == x->runs[i + 1].level ? same + 1 : 1;
        if (same == SPOOL_INDEX_FANOUT) {
            while (i > 0 && x->runs[i - 1].level == x->runs[i].level)
                i--; /* the oldest eight of the level, so that time stays in order */
            *from = i;
            return true;
        }
    }
    return false;
}

static void merge_start(struct spool_index *x, struct env_txn *t, size_t from)
{
    x->merging = true;
    x->merge_from = from;
    x->merge_id = x->next_run++;
    x->merge_count = 0;
    x->n_out = 0;
    x->out = malloc(ENV_PAGE_PAYLOAD);
    for (size_t i = 0; i < SPOOL_INDEX_FANOUT; i++) {
        x->in[i].run = x->runs[from + i].id;
        x->in[i].e = malloc(ENV_PAGE_PAYLOAD);
        if (!x->in[i].e || !x->out) {
            env_fail(t, ERR_NOMEM);
            return;
        }
        input_load(x, t, &x->in[i], 0, 0);
    }
}

static void merge_flush(struct spool_index *x, struct env_txn *t)
{
    if (x->n_out)
        put_chunk(x, t, x->merge_id, x->out, x->n_out);
    x->merge_count += x->n_out;
    x->n_out = 0;
}

static void merge_finish(struct spool_index *x, struct env_txn *t)
{
    struct env_key k;
    struct spool_run merged = x->runs[x->merge_from + SPOOL_INDEX_FANOUT - 1];
    merge_flush(x, t);
    for (size_t i = 0; i < SPOOL_INDEX_FANOUT; i++)
        env_del(t, x->run_table, env_key1(&k, x->runs[x->merge_from + i].order));
    merged.id = x->merge_id;
    merged.level++;
    merged.count = x->merge_count;
    put_run(x, t, &merged);
    x->runs[x->merge_from] = merged;
    size_t rest = x->merge_from + SPOOL_INDEX_FANOUT;
    memmove(x->runs + x->merge_from + 1, x->runs + rest, (x->n_runs - rest) * sizeof(*x->runs));
    x->n_runs -= SPOOL_INDEX_FANOUT - 1;
    merge_stop(x);
    x->garbage = true;
}

static void merge_slice(struct spool_index *x, struct env_txn *t)
{
    for (size_t left = SLICE_CHUNKS * SPOOL_ENTRIES_PER_CHUNK; left > 0 && env_ok(t); left--) {
        struct spool_merge_input *least = NULL;
        for (size_t i = 0; i < SPOOL_INDEX_FANOUT; i++) {
            struct spool_merge_input *in = &x->in[i];
            if (in->at < in->n && (!least || before(&in->e[in->at], &least->e[least->at])))
                least = in;
        }
        if (!least) {
            merge_finish(x, t);
            return;
        }
        struct spool_entry e = least->e[least->at++];
        x->out[x->n_out++] = e;
        if (x->n_out == SPOOL_ENTRIES_PER_CHUNK)
            merge_flush(x, t);
        if (least->at == least->n)
            input_load(x, t, least, e.key, e.value + 1); /* values are ids: no overflow */
    }
}

static bool run_known(const struct spool_index *x, uint64_t id)
{
    if (x->merging && id == x->merge_id)
        return true;
    for (size_t i = 0; i < x->n_runs; i++) {
        if (x->runs[i].id == id)
            return true;
    }
    return false;
}

/* Deletes some chunks of runs that are no more; steps over the living ones by their ids. */
static void collect_slice(struct spool_index *x, struct env_txn *t)
{
    struct env_cursor c;
    struct chunk_key k;
    size_t left = SLICE_CHUNKS;
    env_cursor_open(&c, t, x->chunk_table);
    bool more = env_cursor_first(&c);
    while (more && left > 0) {
        uint64_t run = env_key_u64(c.key, 0);
        if (run_known(x, run)) {
            more = env_cursor_seek_ge(&c, chunk_key(&k, run + 1, 0, 0));
            continue;
        }
        left--;
        more = env_cursor_del(&c) && env_cursor_next(&c);
    }
    env_cursor_close(&c);
    x->garbage = more;
}

/* --- sweeping --- */

void spool_index_note_dead(struct spool_index *x, struct env_txn *t)
{
    env_meta_put(t, dead_name(x), x->dead);
}

/* Its message's block is in the store. */
static bool entry_lives(const struct spool_index *x, struct env_txn *t, const struct spool_entry *e)
{
    struct env_key k;
    struct strv v;
    uint64_t id = x->tail_table == SPOOL_RID_TAIL ? e->value >> 8 : e->value, no = id / SPOOL_BLOCK_IDS;
    return no >= x->floor || env_get(t, SPOOL_STATE, env_key1(&k, no), &v);
}

/* The oldest run has as many entries as twice what has died: it is worth going through. */
static bool sweep_wanted(const struct spool_index *x)
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
        put_run(x, t, r);
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
        struct chunk_key k;
        env_put(t, x->chunk_table, chunk_key(&k, run, e[0].key, e[0].value), env_view(e, left * sizeof(*e)));
    }
}

static void sweep_slice(struct spool_index *x, struct env_txn *t)
{
    if (!x->sweeping) {
        x->sweeping = true;
        x->sweep_key = x->sweep_value = x->sweep_left = 0;
    }
    for (size_t i = 0; i < SLICE_CHUNKS && env_ok(t); i++) {
        struct env_cursor c;
        struct chunk_key k;
        env_cursor_open(&c, t, x->chunk_table);
        bool more = env_cursor_seek_ge(&c, chunk_key(&k, x->runs[0].id, x->sweep_key, x->sweep_value)) &&
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

/* --- erasing a key --- */

/* The chunk at the cursor without the key's entries; how many those were. */
static size_t erase_in_chunk(struct spool_index *x, struct env_txn *t, struct env_cursor *c, uint64_t key)
{
    struct spool_entry e[SPOOL_ENTRIES_PER_CHUNK];
    struct chunk_key k;
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
        env_put(t, x->chunk_table, chunk_key(&k, run, e[0].key, e[0].value), env_view(e, left * sizeof(*e)));
    return n - left;
}

/* From the last chunk of the run that may have the key backwards; each look begins anew, as chunks change. */
static uint64_t erase_in_run(struct spool_index *x, struct env_txn *t, uint64_t run, uint64_t key)
{
    uint64_t erased = 0, below = UINT64_MAX;
    for (bool more = true; more && env_ok(t);) {
        struct env_cursor c;
        struct chunk_key k;
        env_cursor_open(&c, t, x->chunk_table);
        more = env_cursor_seek_le(&c, chunk_key(&k, run, key, below)) && env_key_u64(c.key, 0) == run;
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
        merge_stop(x);
        x->garbage = true;
    }
    x->sweeping = false;
    erase_in_tail(x, t, key);
    for (bool more = true; more && env_ok(t); run++) {
        struct env_cursor c;
        struct chunk_key k;
        env_cursor_open(&c, t, x->chunk_table);
        more = env_cursor_seek_ge(&c, chunk_key(&k, run, 0, 0));
        run = more ? env_key_u64(c.key, 0) : run;
        env_cursor_close(&c);
        uint64_t erased = more ? erase_in_run(x, t, run, key) : 0;
        for (size_t i = 0; erased && i < x->n_runs; i++) {
            if (x->runs[i].id == run) {
                x->runs[i].count -= erased < x->runs[i].count ? erased : x->runs[i].count;
                put_run(x, t, &x->runs[i]);
            }
        }
    }
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
        merge_slice(x, t);
    else if (x->garbage)
        collect_slice(x, t);
    else if (x->sweeping || sweep_wanted(x))
        sweep_slice(x, t);
    else if (merge_find(x, &from))
        merge_start(x, t, from);
}

bool spool_index_busy(const struct spool_index *x)
{
    size_t from;
    return x->merging || x->garbage || x->sweeping || sweep_wanted(x) || merge_find(x, &from);
}

/* --- looking up --- */

/* Last entry below (key, below) in a sorted array: its place + 1. */
static size_t lower(const struct spool_entry *e, size_t n, uint64_t key, uint64_t below)
{
    struct spool_entry at = { key, below };
    size_t lo = 0;
    while (lo < n) {
        size_t mid = lo + (n - lo) / 2;
        if (before(&e[mid], &at))
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
    struct chunk_key k;
    bool more = env_cursor_seek_le(c, chunk_key(&k, run, f->key, f->below - 1));
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
    env_cursor_open(&runs, t, RUN_TABLE(tail_table));
    env_cursor_open(&chunks, t, CHUNK_TABLE(tail_table));
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
