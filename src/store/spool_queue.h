/* Which messages are ready, by carrier and lane, and which are in flight: bitmaps of 72 ids, changed in
 * memory during a transaction and written once at its end. Belongs to the writer; spool_queue_next also
 * serves readers of the store. */
#ifndef TESSERA_STORE_SPOOL_QUEUE_H
#define TESSERA_STORE_SPOOL_QUEUE_H

#include "base/hmap.h"
#include "store/spool_table.h"

struct spool_queue_entry {
    uint64_t key; /* spool_table_queue_key */
    struct spool_bits bits;
    bool stored; /* the store has a value under this key */
};
struct spool_queue {
    struct hmap index; /* key -> place in list */
    struct spool_queue_entry *list;
    size_t n, cap;
    struct hmap counts;  /* lane -> ids set, as of this transaction */
    struct hmap changed; /* lanes whose count this transaction changed */
};

/* Counts what the store holds: a pass over the bitmaps, 12 octets a thousandth of a message. */
void spool_queue_load(struct spool_queue *q, struct env_txn *t);
void spool_queue_free(struct spool_queue *q);
void spool_queue_set(struct spool_queue *q, struct env_txn *t, uint64_t lane, uint64_t id, bool on);
void spool_queue_write(struct spool_queue *q, struct env_txn *t);
void spool_queue_reset(struct spool_queue *q); /* after the commit */

/* The first id above `after` in a lane, from the store; 0 when there is none. */
uint64_t spool_queue_next(struct env_cursor *c, uint64_t lane, uint64_t after);

#endif
