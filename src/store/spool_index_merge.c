/* Eight runs of the index into one, a slice a transaction, and the deletion of what nobody names any more. */
#include "store/spool_index_internal.h"

#include <stdlib.h>
#include <string.h>

void spool_index_merge_stop(struct spool_index *x)
{
    for (size_t i = 0; i < SPOOL_INDEX_FANOUT; i++) {
        free(x->in[i].e);
        x->in[i] = (struct spool_merge_input){ 0 };
    }
    free(x->out);
    x->out = NULL;
    x->merging = false;
}

/* The chunk of the run that starts at or above (key, value); the entries are copied. False: no further one.
 */
static bool input_load(struct spool_index *x, struct env_txn *t, struct spool_merge_input *in, uint64_t key,
                       uint64_t value)
{
    struct env_cursor c;
    struct spool_chunk_key k;
    env_cursor_open(&c, t, x->chunk_table);
    bool ok = env_cursor_seek_ge(&c, spool_chunk_key(&k, in->run, key, value)) &&
              env_key_u64(c.key, 0) == in->run && c.value.n <= SPOOL_ENTRIES_PER_CHUNK * sizeof(*in->e);
    in->at = 0;
    in->n = ok ? c.value.n / sizeof(*in->e) : 0;
    if (ok)
        memcpy(in->e, c.value.p, in->n * sizeof(*in->e));
    env_cursor_close(&c);
    return in->n > 0;
}

/* Eight neighbouring runs of one level, the lowest such level first. */
bool spool_index_merge_find(const struct spool_index *x, size_t *from)
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

void spool_index_merge_start(struct spool_index *x, struct env_txn *t, size_t from)
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
        spool_index_put_chunk(x, t, x->merge_id, x->out, x->n_out);
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
    spool_index_put_run(x, t, &merged);
    x->runs[x->merge_from] = merged;
    size_t rest = x->merge_from + SPOOL_INDEX_FANOUT;
    memmove(x->runs + x->merge_from + 1, x->runs + rest, (x->n_runs - rest) * sizeof(*x->runs));
    x->n_runs -= SPOOL_INDEX_FANOUT - 1;
    spool_index_merge_stop(x);
    x->garbage = true;
}

void spool_index_merge_slice(struct spool_index *x, struct env_txn *t)
{
    for (size_t left = SPOOL_INDEX_SLICE * SPOOL_ENTRIES_PER_CHUNK; left > 0 && env_ok(t); left--) {
        struct spool_merge_input *least = NULL;
        for (size_t i = 0; i < SPOOL_INDEX_FANOUT; i++) {
            struct spool_merge_input *in = &x->in[i];
            if (in->at < in->n && (!least || spool_entry_before(&in->e[in->at], &least->e[least->at])))
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
void spool_index_collect_slice(struct spool_index *x, struct env_txn *t)
{
    struct env_cursor c;
    struct spool_chunk_key k;
    size_t left = SPOOL_INDEX_SLICE;
    env_cursor_open(&c, t, x->chunk_table);
    bool more = env_cursor_first(&c);
    while (more && left > 0) {
        uint64_t run = env_key_u64(c.key, 0);
        if (run_known(x, run)) {
            more = env_cursor_seek_ge(&c, spool_chunk_key(&k, run + 1, 0, 0));
            continue;
        }
        left--;
        more = env_cursor_del(&c) && env_cursor_next(&c);
    }
    env_cursor_close(&c);
    x->garbage = more;
}
