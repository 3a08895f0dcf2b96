/* Many messages that wait, moved together: a slice an operation, so that nobody waits for long. First what is
 * held, in the order of its instants, then what is ready, in the order of the queues. */
#include "store/spool_core.h"

#include <string.h>

#define SWEEP_LOOK  1024 /* messages looked at in one operation */
#define SWEEP_TIGHT 96   /* when space is short: what is rewritten needs as much again until the commit */

enum sweep_phase { SWEEP_HELD, SWEEP_READY, SWEEP_DONE };

struct sweep_found {
    uint64_t id[SWEEP_LOOK];
    size_t n, most;
};

/* The next ones that are held, wanted or not; where they are read the cursor is not disturbed. */
static void look_held(struct spool_core *c, struct spool_sweep *w, struct sweep_found *f)
{
    struct env_cursor cur;
    struct env_key k;
    if (w->next.a == 0 && w->next.b == 0)
        w->next.a = (uint64_t)w->from;
    env_cursor_open(&cur, &c->t, SPOOL_HELD);
    bool more = env_cursor_seek_ge(&cur, env_key2(&k, w->next.a, w->next.b));
    while (more && f->n < f->most && (usec_t)env_key_u64(cur.key, 0) <= w->to) {
        w->next.a = env_key_u64(cur.key, 0);
        w->next.b = env_key_u64(cur.key, 8) + 1;
        f->id[f->n++] = w->next.b - 1;
        more = env_cursor_next(&cur);
    }
    env_cursor_close(&cur);
    if (f->n < f->most) {
        w->next.phase = w->ready ? SWEEP_READY : SWEEP_DONE;
        w->next.a = w->next.b = 0;
    }
}

static void look_ready(struct spool_core *c, struct spool_sweep *w, struct sweep_found *f)
{
    struct env_cursor cur;
    struct env_key k;
    struct spool_bits bits;
    spool_queue_write(&c->queue, &c->t); /* what became ready in this transaction waits in memory */
    env_cursor_open(&cur, &c->t, SPOOL_QUEUE);
    bool more = env_cursor_seek_ge(&cur, env_key1(&k, w->next.a));
    for (; more && f->n + SPOOL_BLOCK_IDS <= f->most; more = env_cursor_next(&cur)) {
        uint64_t key = env_key_u64(cur.key, 0), block = key & ((UINT64_C(1) << 40) - 1);
        if (key >> 40 == SPOOL_FLIGHT_LANE || cur.value.n != sizeof(bits))
            break;
        memcpy(&bits, cur.value.p, sizeof(bits));
        for (unsigned i = 0; i < SPOOL_BLOCK_IDS; i++) {
            if (bits.w[i >> 6] >> (i & 63) & 1)
                f->id[f->n++] = block * SPOOL_BLOCK_IDS + i;
        }
        w->next.a = key + 1;
    }
    bool rest = more && env_key_u64(cur.key, 0) >> 40 != SPOOL_FLIGHT_LANE;
    env_cursor_close(&cur);
    if (!rest)
        w->next.phase = SWEEP_DONE;
}

static bool wanted(const struct spool_sweep *w, const struct spool_record *r, enum message_state in)
{
    return r->state == in && (w->campaign == 0 || r->campaign == w->campaign) &&
           (in != MESSAGE_HELD || w->reasons == 0 || (w->reasons >> r->reason & 1) != 0);
}

size_t spool_sweep_slice(struct spool_core *c, struct spool_sweep *w)
{
    struct sweep_found f = { .n = 0, .most = c->tight ? SWEEP_TIGHT : SWEEP_LOOK };
    w->next = w->at;
    enum message_state in = w->next.phase == SWEEP_HELD ? MESSAGE_HELD : MESSAGE_READY;
    size_t moved = 0;
    if (w->next.phase == SWEEP_HELD)
        look_held(c, w, &f);
    else if (w->next.phase == SWEEP_READY)
        look_ready(c, w, &f);
    for (size_t i = 0; i < f.n && env_ok(&c->t); i++) {
        struct spool_record *r = spool_block_find(&c->blocks, &c->t, f.id[i]);
        if (!r || !wanted(w, r, in))
            continue;
        spool_life_set(c, f.id[i], r, w->state, w->reason, 0, 0, c->now);
        moved++;
    }
    w->done = w->next.phase == SWEEP_DONE;
    return moved;
}
