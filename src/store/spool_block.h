/* The blocks of messages that one transaction touches: loaded once, changed in memory, written once, in
 * order, before the commit. However many operations meet in a block, it is one put; where few do, see
 * spool_delta.h.
 *
 * Belongs to the writer. Pointers to records stay valid until spool_block_reset(). Failures (memory, store)
 * end up in the transaction. */
#ifndef TESSERA_STORE_SPOOL_BLOCK_H
#define TESSERA_STORE_SPOOL_BLOCK_H

#include "base/hmap.h"
#include "store/spool_delta.h"
#include "store/spool_table.h"

struct spool_block {
    uint64_t no;
    bool whole, parts_loaded;               /* whole: to be written as a block */
    struct spool_bits loaded, changed;      /* which records of `s` were */
    const struct spool_state_block *stored; /* in the map; NULL: a new block. Not written to before the end of
                                             * the transaction, so the view stays good. */
    size_t parts_from;                      /* where the entries of this transaction begin */
    bool parts_answers;                     /* there are answers among them */
    struct spool_state_block s;
    struct buf parts;
};

struct spool_blocks {
    struct spool_deltas *deltas; /* what waits to be written into blocks; set by the owner */
    struct hmap index;           /* block number -> place in `list` */
    struct spool_block **list, *last;
    size_t n, cap;
    uint64_t
        top; /* highest block number in the store + 1: above it, blocks are appended and nothing is read */
    /* the message block being filled */
    uint64_t first;
    unsigned n_messages;
    uint16_t offset[SPOOL_MESSAGES_MAX];
    struct buf messages, value;
};

void spool_block_free(struct spool_blocks *b);
/* Forgets everything: after a commit (the content is in the store) and after an abort alike. */
void spool_block_reset(struct spool_blocks *b, struct env_txn *t);

/* A new message; its record is zeroed and counts as changed. `body`: from spool_table_put_message. Ids must
 * grow. */
struct spool_record *spool_block_add(struct spool_blocks *b, struct env_txn *t, uint64_t id,
                                     struct strv body);
/* NULL when there is no such message. Call spool_block_touch() when the record is changed. */
struct spool_record *spool_block_find(struct spool_blocks *b, struct env_txn *t, uint64_t id);
void spool_block_touch(struct spool_blocks *b, struct env_txn *t, uint64_t id);
/* The part entries of the block of `id`; valid until the next spool_block_put_part. */
struct strv spool_block_parts(struct spool_blocks *b, struct env_txn *t, uint64_t id);
void spool_block_put_part(struct spool_blocks *b, struct env_txn *t, uint64_t id, unsigned part,
                          unsigned kind, uint32_t value, struct strv carrier_id);
/* Writes the block in this transaction even if little of it has changed, if it is there. */
void spool_block_force(struct spool_blocks *b, struct env_txn *t, uint64_t no);
/* Writes all that has changed: whole blocks, or entries for the deltas. */
void spool_block_write(struct spool_blocks *b, struct env_txn *t);

#endif
