/* Retention: what has come to its end and is old is deleted, a slice a transaction, so that nobody waits.
 *
 * Workload: millions of messages a day, of which nearly all of a block of neighbouring ids become old
 * together. So the unit is the block of 72: it goes when each of its messages is over and has not changed for
 * the time; one that still waits keeps its block, and no other. A pass goes from the lowest block to the
 * first message that was accepted too lately; it begins again every few minutes. With a block go its parts,
 * and the messages' texts when no other block needs the row they are in. Entries of the indexes and of the
 * log of changes may stay behind: they name messages that are not there, which is the same as none; the
 * indexes sweep their oldest runs once enough has gone. Counters stay: reports remain right. The last block
 * always stays, as the next id is told from it. Inbound messages go one by one, oldest first.
 *
 * Belongs to the writer; where a pass stands is not stored. Freed pages are used again. */
#ifndef TESSERA_STORE_SPOOL_RETAIN_H
#define TESSERA_STORE_SPOOL_RETAIN_H

#include "store/spool_delta.h"
#include "store/spool_index.h"

#include <stdatomic.h>

struct spool_retain {
    _Atomic int64_t messages, inbound; /* how long, microseconds; 0 = for ever. Set from any thread */
    usec_t next_at;                    /* wall: the next pass */
    bool active, texts, people;        /* a pass is under way, and what it still has to look at */
    uint64_t at;                       /* the next block it looks at */
    usec_t before_messages, before_inbound;
};

/* A slice; before anything else of the transaction. `last_message` and `last_inbound` stay. */
void spool_retain_slice(struct spool_retain *x, struct env_txn *t, usec_t now,
                        const struct spool_deltas *deltas, struct spool_index *rid, struct spool_index *num,
                        uint64_t last_message, uint64_t last_inbound);
/* Whether a slice has something to do now. */
bool spool_retain_due(const struct spool_retain *x, usec_t now);
void spool_retain_reset(struct spool_retain *x); /* after a failed transaction: the pass begins again */

/* Whether a message may go: over, or sent and nothing heard since. */
bool spool_retain_over(const struct spool_record *r, usec_t before);

#endif
