/* Changes to single messages far apart: receipts come minutes after their messages, in any order, and
 * rewriting a page for each would make the disk write hundreds of octets for one. So a block in which a
 * transaction has changed few messages is not written; the changed records are appended to a log (tail of the
 * state, same transaction) and kept in memory. When the log has grown long, its blocks are written in order
 * of their number, a slice a transaction (folding), and the log is cut off: one page takes all that has
 * happened to it meanwhile.
 *
 *   delta   seq -> up to 63 entries
 *
 * Each record counts its changes (rev): of block and log the greater one is the truth, so that an entry which
 * has been folded, or overtaken by a whole block, does no harm. Receipts of single parts are entries too;
 * they are only ever added, and a final one stays.
 *
 * Opening reads the log (a few MB at most). Writer and readers use the same table in memory. */
#ifndef TESSERA_STORE_SPOOL_DELTA_H
#define TESSERA_STORE_SPOOL_DELTA_H

#include "base/hmap.h"
#include "store/spool_table.h"

/* A record, or (state NONE) a receipt of one part: parts = its number, reason = the receipt's state, code =
 * error. */
struct spool_delta {
    uint64_t id;
    struct spool_record r;
};
#define SPOOL_DELTAS_PER_ROW (ENV_PAGE_PAYLOAD / sizeof(struct spool_delta))
#define SPOOL_DELTA_FOLD     32768 /* entries before folding begins at the latest, */
#define SPOOL_DELTA_DENSE    16    /* or so many for each of their blocks */
#define SPOOL_DELTA_SPARSE   12    /* changed messages of a block that are not yet worth a page */

struct spool_delta_node {
    struct spool_delta d;
    uint32_t next, spare; /* place + 1 of the next one of the same block */
};
struct spool_delta_set {
    struct hmap heads; /* block number -> place + 1 */
    struct hmap ids;   /* id -> place + 1 of its record */
    struct spool_delta_node *list;
    size_t n, cap;
};
struct spool_deltas {
    struct spool_delta_set cur, old; /* old: being folded */
    uint64_t last_seq, fold_seq;
    size_t logged;  /* entries in the log that are not being folded */
    size_t fold_at; /* begin folding at so many; 0 = SPOOL_DELTA_FOLD */
    bool folding;
    uint64_t *blocks; /* of the old set, in order */
    size_t n_blocks, at_block;
    struct spool_delta *out; /* of this transaction */
    size_t n_out, cap_out;
};

bool spool_delta_set_add(struct spool_delta_set *s, const struct spool_delta *d);
void spool_delta_set_clear(struct spool_delta_set *s);
void spool_delta_set_free(struct spool_delta_set *s);
/* Replaces *r by a newer record of `id` when the set has one. */
void spool_delta_set_record(const struct spool_delta_set *s, uint64_t id, struct spool_record *r);
/* Adds the receipts of single parts of `id`. */
void spool_delta_set_parts(const struct spool_delta_set *s, uint64_t id, struct spool_parts *out);
/* Adds the rows of the store above *seq to a set; *seq becomes the last one. */
bool spool_delta_read(struct env_txn *t, struct spool_delta_set *s, uint64_t *seq);

/* Takes the number out of what waits, in memory and in the log. */
void spool_delta_erase(struct spool_deltas *x, struct env_txn *t, uint64_t number);
void spool_delta_free(struct spool_deltas *x);
bool spool_delta_load(struct spool_deltas *x, struct env_txn *t);
void spool_delta_add(struct spool_deltas *x, struct env_txn *t, const struct spool_delta *d);
void spool_delta_record(const struct spool_deltas *x, uint64_t id, struct spool_record *r);
/* Brings a block up to date: the newer records, and the receipts of parts (appended where they are missing).
 */
void spool_delta_block(const struct spool_deltas *x, uint64_t no, struct spool_state_block *s);
bool spool_delta_has_parts(const struct spool_deltas *x, uint64_t no);
bool spool_delta_parts(const struct spool_deltas *x, uint64_t no, struct buf *parts);
/* Numbers of the blocks to be written whole in this transaction; at most `max` of them. Starts folding when
 * the log is long enough. */
size_t spool_delta_fold(struct spool_deltas *x, struct env_txn *t, uint64_t *no, size_t max);
/* Appends to the log; cuts it off when the last block was folded. After the blocks were written. */
void spool_delta_write(struct spool_deltas *x, struct env_txn *t);
bool spool_delta_busy(const struct spool_deltas *x);

#endif
