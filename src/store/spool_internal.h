/* What the loop's side and the readers know of an open spool. Internal to the spool. */
#ifndef TESSERA_STORE_SPOOL_INTERNAL_H
#define TESSERA_STORE_SPOOL_INTERNAL_H

#include "store/spool_writer.h"

struct spool {
    struct spool_writer w;
    /* the loop's */
    struct spool_batch *gather, *idle;
    size_t n_batches, n_idle, n_waiting_batches;
    size_t waiting, queue_max; /* operations */
    size_t mark;               /* where the octets of the operation being handed over begin */
    uint64_t next_id, feed_last;
    bool kicked, closing;
    struct hmap ready; /* lane -> READY messages */
    usec_t next_due;
    struct spool_recovered recovered;
};

const char *spool_text(enum err_code code);

struct spool_checked;
bool spool_check_env(struct env *env, struct spool_checked *out, struct err *e); /* spool_check.c */

#endif
