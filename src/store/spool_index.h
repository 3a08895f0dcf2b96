/* A log-structured index from one 64-bit number to another, several values a key: receipts by the hash of the
 * carrier's id, messages by the recipient's number.
 *
 * Workload: hundreds of thousands of insertions a second at random places of the key space, few look-ups,
 * most of them for what came lately. A B-tree would rewrite a page an insertion. Here a batch appends its
 * entries to a log (the tail, same transaction), 64 Ki entries are sorted into a run, eight runs of a level
 * are merged into one of the next, a slice a transaction. Runs are disjoint in time: the newest run has the
 * newest entries.
 *
 *   tail   seq            -> up to 255 entries, unsorted
 *   run    order          -> run id, level, entries; order grows with time
 *   chunk  run, key, value (of its first entry) -> up to 255 entries, sorted: one page
 *
 * When enough messages have been deleted, the oldest run is swept: chunks of which most entries name a
 * message that is no more are written anew without them, or deleted; a run without chunks goes.
 *
 * Chunks of a run that no record names are leftovers of a merge that a crash or a full map has ended: they
 * are collected in slices too. Opening reads the tail only. Belongs to the writer; spool_index_find serves
 * any reader of the store. */
#ifndef TESSERA_STORE_SPOOL_INDEX_H
#define TESSERA_STORE_SPOOL_INDEX_H

#include "base/hmap.h"
#include "store/spool_table.h"

struct spool_entry {
    uint64_t key, value;
};
#define SPOOL_ENTRIES_PER_CHUNK (ENV_PAGE_PAYLOAD / sizeof(struct spool_entry))
#define SPOOL_INDEX_TAIL        65536 /* entries before a run is written */
#define SPOOL_INDEX_FANOUT      8

struct spool_run {
    uint64_t order, id, count;
    uint32_t level, spare;
};
struct spool_merge_input {
    uint64_t run;
    struct spool_entry *e; /* the chunk it stands in */
    size_t n, at;
};
struct spool_index {
    unsigned tail_table, run_table, chunk_table;
    struct spool_entry *tail; /* everything that is in no run yet, oldest first */
    size_t n_tail, n_logged;  /* of which logged in the store */
    uint64_t tail_seq;
    struct spool_run *runs; /* oldest first */
    size_t n_runs, cap_runs;
    uint64_t next_run;
    bool garbage; /* chunks without a run may be there */
    /* what retention has made useless: entries that name a message whose block is gone */
    uint64_t dead;                               /* how many, at most; stored */
    uint64_t floor;                              /* number of a block: below it, the store is asked */
    bool sweeping;                               /* the oldest run is being gone through */
    uint64_t sweep_key, sweep_value, sweep_left; /* where, and how many entries have stayed */
    /* the latest entries, for the writer's look-ups; two generations, the elder is dropped when the younger
     * is full */
    bool cached;
    struct hmap young, old;
    /* the merge under way: runs[merge_from .. +FANOUT) become one */
    bool merging;
    size_t merge_from;
    uint64_t merge_id, merge_count;
    struct spool_merge_input in[SPOOL_INDEX_FANOUT];
    struct spool_entry *out;
    size_t n_out;
};

void spool_index_init(struct spool_index *x, unsigned tail_table, bool cached);
void spool_index_free(struct spool_index *x);
/* Reads tail and runs: at open, and after an aborted transaction. */
bool spool_index_load(struct spool_index *x, struct env_txn *t);
void spool_index_add(struct spool_index *x, struct env_txn *t, uint64_t key, uint64_t value);
/* Logs what was added; turns a long tail into a run; does a slice of merging. */
void spool_index_write(struct spool_index *x, struct env_txn *t);
/* Whether spool_index_write() has more to do even without additions. */
bool spool_index_busy(const struct spool_index *x);
/* Takes every entry of the key out of tail and runs, also out of what a merge has left. */
void spool_index_erase(struct spool_index *x, struct env_txn *t, uint64_t key);
void spool_index_note_dead(struct spool_index *x, struct env_txn *t); /* stores it */
/* The newest value of a key, as the writer sees it now. */
bool spool_index_last(struct spool_index *x, struct env_txn *t, uint64_t key, uint64_t *value);

/* Every value of a key as the writer sees it now, newest first; false from `fn` stops. */
typedef bool (*spool_index_fn)(void *ctx, uint64_t value);
void spool_index_find_now(struct spool_index *x, struct env_txn *t, uint64_t key, spool_index_fn fn,
                          void *ctx);

/* Those of them that are in runs: not in the tail. */
void spool_index_find_runs(struct spool_index *x, struct env_txn *t, uint64_t key, spool_index_fn fn,
                           void *ctx);

/* Every value below `below` of a key in the store, greatest first within what is newest; false from `fn`
 * stops. For values that grow with time this is descending order. False: out of memory or the store failed.
 */
bool spool_index_find(struct env_txn *t, unsigned tail_table, uint64_t key, uint64_t below, spool_index_fn fn,
                      void *ctx);

#endif
