/* The writer thread and the batches that travel between it and the loop. Internal to the spool.
 *
 * A batch has one owner at a time: the loop while it gathers, the `in` mailbox, the writer, the `out`
 * mailbox, the loop again while callbacks run. */
#ifndef TESSERA_STORE_SPOOL_WRITER_H
#define TESSERA_STORE_SPOOL_WRITER_H

#include "base/mailbox.h"
#include "store/spool_core.h"

#include <pthread.h>
#include <stdatomic.h>

#define SPOOL_BATCH_OPS   4096
#define SPOOL_BATCH_BYTES ((size_t)16 << 20)
#define SPOOL_BATCHES_MAX 256 /* in circulation */

struct spool_lane {
    uint64_t lane, count;
};
struct spool_batch {
    struct spool_op *ops;
    size_t n, cap;
    struct buf data;
    /* filled in by the writer: the state after it */
    usec_t next_due;
    uint64_t feed_last;
    struct spool_lane *lanes; /* whose ready count changed */
    size_t n_lanes;
    struct spool_batch *next; /* in the loop's list of idle ones */
};

struct spool_writer {
    struct spool_core core;
    struct mailbox *in, *out;
    size_t reserve;
    pthread_t thread;
    bool started;
    usec_t relaxed_at;
    bool over_reserve; /* what is used reaches into the reserve */
    atomic_bool closing, intake_closed, stalled;
    _Atomic uint64_t commits, operations;
};

bool spool_writer_start(struct spool_writer *w, struct err *e);
void spool_writer_stop(struct spool_writer *w); /* runs what is in the mailbox, then joins */

void spool_batch_free(struct spool_batch *b);

#endif
