/* The reference that joins the parts of a long message at the handset (3GPP TS 23.040 §9.2.3.24.1): 8 bits on
 * the air, or 16. Two messages to one recipient that carry the same one while the first is not whole yet are
 * taken for one message, and both are spoilt.
 *
 * Each recipient has a counter of its own, so that a reference comes back only with the 256th (65536th) long
 * message to the same number, however many go to others meanwhile; whoever the sender is. It needs no table:
 * the reference is in the message's record, so the last one to a number is that of the newest message with
 * more than one part which the index of numbers finds. Kept here are those of the numbers written to lately,
 * in two generations of REFS_KEPT, the elder of which is dropped when the younger is full; the index, which
 * is a look-up in each of its runs, is asked for others only. What is in the index's tail is always kept: it
 * is read when the first long message comes.
 *
 * Restart: what was committed is found by the same look-up; what was not has not been on the wire. A message
 * that is sent again keeps its reference, as it is in its record: the handset sees the same parts once more,
 * and not a second message. It gets a new one only when it was tried already and its parts are cut otherwise
 * now, as parts of the two must not be joined.
 *
 * Bound: of a number that is not kept, REFS_LOOK messages are looked at. One whose last long message is
 * further back begins where a hash of the message's id says: it was whole long ago. Belongs to the writer. */
#ifndef TESSERA_STORE_SPOOL_REFS_H
#define TESSERA_STORE_SPOOL_REFS_H

#include "base/hmap.h"

#include <stdbool.h>
#include <stdint.h>

#define REFS_KEPT (1u << 17) /* at least SPOOL_INDEX_TAIL */
#define REFS_LOOK 64

struct spool_core;

struct spool_refs {
    struct hmap young, old; /* number -> last reference */
    bool read;              /* those of the index's tail are kept */
};

void spool_refs_free(struct spool_refs *r);
/* The next one of this number, for the message `id`, which is not in the index yet or has none. */
uint16_t spool_refs_next(struct spool_core *c, uint64_t number, uint64_t id);

#endif
