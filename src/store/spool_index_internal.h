/* What the files of the index share: how its three tables are laid out, and the slices of the work that
 * spool_index_write() shares out. Internal to the files of spool_index.h.
 *
 * Each slice is part of the writer's transaction and remembers its failure there; about a millisecond. */
#ifndef TESSERA_STORE_SPOOL_INDEX_INTERNAL_H
#define TESSERA_STORE_SPOOL_INDEX_INTERNAL_H

#include "store/spool_index.h"

#define SPOOL_INDEX_SLICE 64 /* chunks merged, swept or deleted a transaction */

/* The three tables of an index are neighbours in the list. */
#define SPOOL_RUN_TABLE(tail)   ((tail) + 1)
#define SPOOL_CHUNK_TABLE(tail) ((tail) + 2)
_Static_assert(SPOOL_RID_CHUNK == SPOOL_RID_TAIL + 2 && SPOOL_NUM_CHUNK == SPOOL_NUM_TAIL + 2, "neighbours");

struct spool_chunk_key {
    uint8_t b[24];
};

static inline struct strv spool_chunk_key(struct spool_chunk_key *k, uint64_t run, uint64_t key,
                                          uint64_t value)
{
    be_put64(k->b, run);
    be_put64(k->b + 8, key);
    be_put64(k->b + 16, value);
    return env_view(k->b, sizeof(k->b));
}

/* The order inside a run. */
static inline bool spool_entry_before(const struct spool_entry *a, const struct spool_entry *b)
{
    return a->key != b->key ? a->key < b->key : a->value < b->value;
}

/* --- spool_index.c --- */
void spool_index_put_chunk(struct spool_index *x, struct env_txn *t, uint64_t run,
                           const struct spool_entry *e, size_t n);
void spool_index_put_run(struct spool_index *x, struct env_txn *t, const struct spool_run *r);

/* --- spool_index_merge.c --- */
/* Is there a merge to begin, and where. */
bool spool_index_merge_find(const struct spool_index *x, size_t *from);
void spool_index_merge_start(struct spool_index *x, struct env_txn *t, size_t from);
void spool_index_merge_slice(struct spool_index *x, struct env_txn *t);
/* Forgets the merge under way; what it has written is a run that no record names. */
void spool_index_merge_stop(struct spool_index *x);
void spool_index_collect_slice(struct spool_index *x, struct env_txn *t); /* deletes such leftovers */

/* --- spool_index_sweep.c --- */
bool spool_index_sweep_wanted(const struct spool_index *x);
void spool_index_sweep_slice(struct spool_index *x, struct env_txn *t);

#endif
