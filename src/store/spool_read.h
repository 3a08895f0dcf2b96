/* A reader: one read transaction, taken up for each call and put aside after it. Internal to the spool. */
#ifndef TESSERA_STORE_SPOOL_READ_H
#define TESSERA_STORE_SPOOL_READ_H

#include "store/spool_internal.h"

struct spool_reader {
    struct spool *s;
    struct env_txn t;
    unsigned depth;                /* calls inside callbacks see the same snapshot */
    struct spool_delta_set deltas; /* rows up to delta_seq; kept from call to call */
    uint64_t delta_seq;
};

bool spool_read_begin(struct spool_reader *r);
void spool_read_end(struct spool_reader *r);

#endif
