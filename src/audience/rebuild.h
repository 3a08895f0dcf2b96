/* Building the index (columns, sets, numbers, counters) anew from the customers' records, and the lists of
 * blocks of events from their columns, in place and a slice at a time. Each slice is one durable transaction
 * after which the part it went over is what the records say; what changes meanwhile keeps its index as ever.
 * So readers and other writers go on, a rebuild may be given up after any slice, and a kill at any instant
 * leaves every slice either as it was or right. */
#ifndef TESSERA_AUDIENCE_REBUILD_H
#define TESSERA_AUDIENCE_REBUILD_H

#include "audience/audience.h"

struct audience_rebuild { /* zero-initialise */
    unsigned phase;
    uint64_t at;          /* within the phase */
    uint64_t done, total; /* slices so far, and of all (about) */
    uint64_t stray;       /* numbers that led to no customer */
    bool finished;
};

/* Writes: the next slice. */
bool audience_rebuild_slice(struct audience *a, struct audience_rebuild *r, struct err *e);

#endif
