/* The gate: whether a message may go now. Asked at intake, when a message is taken up, and once more at the
 * instant of submission; suppression is the last question. Keeps the quiet-hours answer of each clock and
 * class until it changes, so that the hot path compares two instants. */
#ifndef TESSERA_ENGINE_GATE_H
#define TESSERA_ENGINE_GATE_H

#include "base/hmap.h"
#include "engine/facts.h"
#include "store/spool.h"

struct gate {
    struct facts *facts;       /* the loop's */
    struct quiet_state *cache; /* [clock * CLASS_COUNT + class] */
    size_t cache_size;
    struct hmap suppressed;    /* number -> which stop it was */
    const struct spool *spool; /* knows the marks of erased numbers; NULL: there are none */
    size_t marks;              /* how many of `suppressed` are such */
    uint64_t stops;            /* so far: see gate_unsuppress */
    usec_t last_wall;          /* a clock that went backwards empties the cache */
};

void gate_init(struct gate *t, struct facts *f);
void gate_free(struct gate *t);
void gate_forget(struct gate *t); /* the wall clock was set, or zones were read again */

const struct quiet_state *gate_quiet(struct gate *t, uint32_t clock, enum message_class c, usec_t wall);

enum gate_answer { GATE_OPEN, GATE_CLOSED, GATE_STALE, GATE_SUPPRESSED };
/* `until`: GATE_CLOSED: when it opens (USEC_NEVER: nobody knows). `closes_at`: GATE_OPEN: legal end of the
 * window. */
enum gate_answer gate_ask(struct gate *t, uint64_t number, uint32_t clock, enum message_class c,
                          usec_t valid_until, usec_t wall, usec_t *until, usec_t *closes_at);

bool gate_suppress(struct gate *t, uint64_t number); /* false: out of memory */
/* `as_of`: t->stops when the recipient said START. Until that is stored, a later STOP may come: it stands. */
void gate_unsuppress(struct gate *t, uint64_t number, uint64_t as_of);
bool gate_is_suppressed(const struct gate *t, uint64_t number);
/* The number was erased: if it is suppressed, only its mark remembers it (spool_erase). Whether it is. */
bool gate_erase(struct gate *t, uint64_t number);

#endif
