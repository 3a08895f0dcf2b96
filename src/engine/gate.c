#include "engine/gate.h"

#include <stdlib.h>
#include <string.h>

void gate_init(struct gate *t, struct facts *f)
{
    *t = (struct gate){ .facts = f };
}

void gate_free(struct gate *t)
{
    free(t->cache);
    hmap_free(&t->suppressed);
    *t = (struct gate){ 0 };
}

void gate_forget(struct gate *t)
{
    if (t->cache != NULL) {
        memset(t->cache, 0, t->cache_size * sizeof *t->cache);
    }
}

static bool gate_grow(struct gate *t, size_t need)
{
    size_t size = t->cache_size ? t->cache_size * 2 : 256 * CLASS_COUNT;
    while (size < need) {
        size *= 2;
    }
    struct quiet_state *p = realloc(t->cache, size * sizeof *p);
    if (p == NULL) {
        return false;
    }
    memset(p + t->cache_size, 0, (size - t->cache_size) * sizeof *p);
    t->cache = p;
    t->cache_size = size;
    return true;
}

const struct quiet_state *gate_quiet(struct gate *t, uint32_t clock, enum message_class c, usec_t wall)
{
    static const struct quiet_state closed = { .open = false, .until = USEC_NEVER, .closes_at = 0 };
    size_t i = (size_t)clock * CLASS_COUNT + c;
    if (i >= t->cache_size && !gate_grow(t, i + 1)) {
        return &closed; /* failing is quiet */
    }
    if (wall < t->last_wall) {
        gate_forget(t);
    }
    t->last_wall = wall;
    if (wall >= t->cache[i].until) { /* also when never asked: until is 0 */
        t->cache[i] = quiet_ask(t->facts->quiet, clock, c, wall);
    }
    return &t->cache[i];
}

enum gate_answer gate_ask(struct gate *t, uint64_t number, uint32_t clock, enum message_class c,
                          usec_t valid_until, usec_t wall, usec_t *until, usec_t *closes_at)
{
    const struct quiet_state *q = gate_quiet(t, clock, c, wall);
    *until = 0;
    *closes_at = q->closes_at;
    if (valid_until != 0 && wall >= valid_until) {
        return GATE_STALE;
    }
    if (!q->open) {
        *until = q->until;
        return gate_is_suppressed(t, number) ? GATE_SUPPRESSED : GATE_CLOSED;
    }
    return gate_is_suppressed(t, number) ? GATE_SUPPRESSED : GATE_OPEN;
}

bool gate_suppress(struct gate *t, uint64_t number)
{
    t->marks += (number & SPOOL_MARK) != 0 && !hmap_get(&t->suppressed, number, NULL);
    return hmap_put(&t->suppressed, number, ++t->stops);
}

void gate_unsuppress(struct gate *t, uint64_t number, uint64_t as_of)
{
    uint64_t stop;
    if (hmap_get(&t->suppressed, number, &stop) && stop <= as_of) {
        hmap_del(&t->suppressed, number);
    }
    if (t->marks != 0) {
        uint64_t mark = spool_erase_mark(t->spool, number);
        if (hmap_get(&t->suppressed, mark, &stop) && stop <= as_of) {
            hmap_del(&t->suppressed, mark);
            t->marks--;
        }
    }
}

bool gate_is_suppressed(const struct gate *t, uint64_t number)
{
    return hmap_get(&t->suppressed, number, NULL) ||
           (t->marks != 0 && hmap_get(&t->suppressed, spool_erase_mark(t->spool, number), NULL));
}

bool gate_erase(struct gate *t, uint64_t number)
{
    if (hmap_get(&t->suppressed, number, NULL)) {
        if (t->spool == NULL || !gate_suppress(t, spool_erase_mark(t->spool, number))) {
            return true; /* out of memory: the number itself does until the next start */
        }
        hmap_del(&t->suppressed, number);
    }
    return gate_is_suppressed(t, number);
}
