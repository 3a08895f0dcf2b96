/* Messages that wait for a limit which holds for few: put aside, so that those behind them which it does not
 * hold for can pass. One list a limit and lane, by age; behind the first of a limit wait all others of it,
 * and behind one to a recipient all others to the same. Also, while the carrier is slowed, one message to a
 * recipient waits for the last one to be answered: what is refused goes again, and what came after it must
 * not have passed it meanwhile.
 *
 * Bounded: ASIDE_MOST messages a lane. When there are so many, the lane waits. */
#include "engine/internal.h"

#include <stdlib.h>

#define ASIDE_MOST     2048
#define FOR_RECIPIENTS 0
#define BUSY_LOOK      256             /* recipients without an outcome looked past, for one that has it */
#define OVER_LOOK      (60 * USEC_SEC) /* one for which too many rates hold is looked at again */

/* --- lists --- */

static bool aside_need(struct carrier *c, struct lane *l)
{
    size_t n = c->g->rates.n + 1;
    if (l->asides == NULL) {
        l->asides = calloc(n, sizeof *l->asides);
        l->n_asides = l->asides != NULL ? n : 0;
    }
    return l->asides != NULL;
}

/* By age; mostly it is the youngest. */
static void aside_link(struct aside *p, struct outgoing *o)
{
    if (p->last == NULL || p->last->m.id < o->m.id) {
        o->next_aside = NULL;
        *(p->last != NULL ? &p->last->next_aside : &p->first) = o;
        p->last = o;
        return;
    }
    struct outgoing **at = &p->first;
    while ((*at)->m.id < o->m.id) {
        at = &(*at)->next_aside;
    }
    o->next_aside = *at;
    *at = o;
    p->until = 0; /* there may be a new first */
}

/* False: out of memory. */
static bool aside_push(struct carrier *c, struct lane *l, struct outgoing *o, size_t queue, usec_t until)
{
    uint64_t waiting = (uint64_t)queue << 32;
    if (!aside_need(c, l)) {
        return false;
    }
    hmap_get(&l->waiting, o->m.to, &waiting);
    if (!hmap_put(&l->waiting, o->m.to, waiting + 1)) {
        return false;
    }
    struct aside *p = &l->asides[queue];
    p->until = p->first == NULL ? until : p->until;
    aside_link(p, o);
    p->n++;
    o->aside = (uint16_t)(queue + 1);
    l->put_aside++;
    return true;
}

void aside_pop(struct carrier *c, struct outgoing *o)
{
    struct lane *l = &c->lanes[lane_of(o)];
    struct aside *p = &l->asides[o->aside - 1];
    uint64_t waiting = 0;
    struct outgoing **at = &p->first, *before = NULL; /* mostly it is the first */
    while (*at != o) {
        before = *at;
        at = &before->next_aside;
    }
    *at = o->next_aside;
    p->last = p->last == o ? before : p->last;
    p->n--;
    p->until = 0;
    o->aside = 0;
    o->next_aside = NULL;
    l->put_aside--;
    hmap_get(&l->waiting, o->m.to, &waiting);
    if ((uint32_t)waiting <= 1) {
        hmap_del(&l->waiting, o->m.to);
    } else {
        hmap_put(&l->waiting, o->m.to, waiting - 1);
    }
}

void aside_clear(struct lane *l)
{
    for (size_t i = 0; i < l->n_asides; i++) {
        struct aside *p = &l->asides[i];
        for (struct outgoing *o = p->first, *next; o != NULL; o = next) {
            next = o->next_aside;
            outgoing_free(o);
        }
        *p = (struct aside){ .until = 0 };
    }
    l->put_aside = 0;
    hmap_clear(&l->waiting);
}

static int aside_younger_first(const void *a, const void *b)
{
    uint64_t x = (*(struct outgoing *const *)a)->m.id, y = (*(struct outgoing *const *)b)->m.id;
    return x < y ? 1 : x > y ? -1 : 0;
}

void aside_empty(struct carrier *c, unsigned lane)
{
    struct lane *l = &c->lanes[lane];
    struct outgoing **list = l->put_aside > 0 ? malloc(l->put_aside * sizeof(struct outgoing *)) : NULL;
    size_t n = 0;
    if (l->put_aside == 0) {
        return;
    }
    if (list == NULL) {
        lane_again(c, (enum message_class)(lane % LANE_COUNT)); /* the store has them all */
        return;
    }
    for (size_t i = 0; i < l->n_asides; i++) {
        for (struct outgoing *o = l->asides[i].first, *next; o != NULL; o = next) {
            next = o->next_aside;
            o->aside = 0;
            o->next_aside = NULL;
            list[n++] = o;
        }
        l->asides[i] = (struct aside){ .until = 0 };
    }
    l->put_aside = 0;
    hmap_clear(&l->waiting);
    qsort(list, n, sizeof(struct outgoing *), aside_younger_first); /* each goes before the last: no search */
    bool kept = true;
    for (size_t i = 0; i < n; i++) {
        if (!lane_insert(l, list[i])) {
            outgoing_free(list[i]);
            kept = false;
        }
    }
    free(list);
    if (!kept) {
        lane_again(c, (enum message_class)(lane % LANE_COUNT));
    }
}

void aside_forget(struct carrier *c)
{
    for (unsigned i = 0; i < 2 * LANE_COUNT; i++) {
        struct lane *l = &c->lanes[i];
        aside_empty(c, i);
        free(l->asides);
        l->asides = NULL;
        l->n_asides = 0;
    }
}

/* --- recipients of a carrier that is slowed --- */

static void aside_count(struct carrier *c, uint64_t to, int change)
{
    uint64_t n = 0;
    hmap_get(&c->busy, to, &n);
    n += (uint64_t)change;
    if ((int64_t)n > 0) {
        hmap_put(&c->busy, to, n); /* without memory its order may be lost, and nothing else */
    } else {
        hmap_del(&c->busy, to);
    }
}

void aside_fly(struct carrier *c, const struct outgoing *o)
{
    if (adaptive_is_on(&c->adaptive)) {
        aside_count(c, o->m.to, 1);
    }
}

void aside_land(struct carrier *c, const struct outgoing *o)
{
    if (adaptive_is_on(&c->adaptive)) {
        aside_count(c, o->m.to, -1);
    }
}

void aside_slow(struct carrier *c, bool on)
{
    size_t pos = 0;
    uint64_t id, p;
    hmap_clear(&c->busy);
    while (on && hmap_next(&c->in_flight, &pos, &id, &p)) {
        aside_count(c, ((const struct outgoing *)(uintptr_t)p)->m.to, 1);
    }
}

static bool aside_is_busy(const struct carrier *c, uint64_t to)
{
    return adaptive_is_on(&c->adaptive) && hmap_get(&c->busy, to, NULL);
}

/* --- who may go --- */

/* When its limits let it go: the latest, and which of them that is. Classes before its own come first. */
static usec_t aside_limits(struct carrier *c, struct outgoing *o, usec_t now, size_t *queue)
{
    usec_t latest = now;
    rates_resolve(c, o);
    if (o->limits_over) {
        *queue = o->limits[0] + 1u;
        return now + OVER_LOOK;
    }
    for (unsigned i = 0; i < o->n_limits; i++) {
        size_t k = o->limits[i] + 1u;
        usec_t when = rates_when(c, o, i, dispatch_parts(c, o), now);
        for (unsigned n = 0; n < 2 * LANE_COUNT; n++) {
            const struct lane *l = &c->lanes[n];
            if (n % LANE_COUNT < o->m.class_ && l->asides != NULL && l->asides[k].first != NULL &&
                l->asides[k].until > when) {
                when = l->asides[k].until;
            }
        }
        if (when > latest) {
            latest = when;
            *queue = k;
        }
    }
    return latest;
}

usec_t aside_when(struct carrier *c, struct outgoing *o, usec_t now)
{
    size_t queue;
    return c->g->rates.n == 0 ? now : aside_limits(c, o, now, &queue);
}

bool aside_lets(struct carrier *c, struct outgoing *o, usec_t now)
{
    return !aside_is_busy(c, o->m.to) && aside_when(c, o, now) <= now;
}

/* Whether a message of the look-ahead has to wait aside; then where, and until when at least. */
static bool aside_must(struct carrier *c, struct lane *l, struct outgoing *o, usec_t now, size_t *queue,
                       usec_t *until)
{
    uint64_t waiting;
    *until = now;
    if (l->put_aside > 0 && hmap_get(&l->waiting, o->m.to, &waiting)) {
        *queue = (size_t)(waiting >> 32);
        return true;
    }
    if (aside_is_busy(c, o->m.to)) {
        *queue = FOR_RECIPIENTS;
        return true;
    }
    if (c->g->rates.n == 0) {
        return false;
    }
    rates_resolve(c, o);
    for (unsigned i = 0; l->put_aside > 0 && i < o->n_limits; i++) {
        if (l->asides[o->limits[i] + 1].first != NULL) { /* behind those that wait for it already */
            *queue = o->limits[i] + 1u;
            return true;
        }
    }
    *until = aside_limits(c, o, now, queue);
    return *until > now;
}

/* The first of a list that does not wait for its recipient's last one, whose outcome kicks. Those behind the
 * first of a limit wait for that limit anyway. */
static struct outgoing *aside_first(const struct carrier *c, const struct aside *p, size_t queue)
{
    struct outgoing *o = p->first;
    unsigned looked = queue == FOR_RECIPIENTS ? BUSY_LOOK : 1;
    for (; o != NULL && aside_is_busy(c, o->m.to); o = o->next_aside) {
        if (--looked == 0) {
            return NULL;
        }
    }
    return o;
}

/* The oldest of those put aside that may go now. */
static struct outgoing *aside_ready(struct carrier *c, struct lane *l, usec_t now, usec_t *later)
{
    struct outgoing *best = NULL;
    for (size_t i = 0; l->put_aside > 0 && i < l->n_asides; i++) {
        struct aside *p = &l->asides[i];
        struct outgoing *o = aside_first(c, p, i);
        size_t queue;
        if (o == NULL) {
            continue;
        }
        if (c->g->rates.n > 0 && (p->until <= now || i == FOR_RECIPIENTS || rates_is_turn(c, i - 1))) {
            p->until = aside_limits(c, o, now, &queue);
        }
        if (p->until > now) {
            *later = p->until < *later ? p->until : *later;
        } else if (best == NULL || o->m.id < best->m.id) {
            best = o;
        }
    }
    return best;
}

/* The head `o` of the look-ahead, or what goes instead of it. */
static __attribute__((noinline)) struct outgoing *aside_search(struct carrier *c, unsigned lane,
                                                               struct outgoing *o, usec_t now, usec_t *later)
{
    struct lane *l = &c->lanes[lane];
    struct outgoing *best = aside_ready(c, l, now, later);
    size_t queue;
    usec_t until;
    while (o != NULL && (best == NULL || o->m.id < best->m.id)) {
        if (!aside_must(c, l, o, now, &queue, &until)) {
            return o;
        }
        *later = until > now && until < *later ? until : *later;
        if (l->put_aside >= ASIDE_MOST || !aside_push(c, l, o, queue, until)) {
            break; /* the lane waits */
        }
        lane_pop(c, lane);
        if (o->m.id == l->asides[queue].first->m.id) { /* it may be older than the best: look again */
            best = aside_ready(c, l, now, later);
        }
        o = lane_peek(c, lane);
    }
    return best;
}

struct outgoing *aside_peek(struct carrier *c, unsigned lane, usec_t now, usec_t *later)
{
    struct outgoing *o = lane_peek(c, lane);
    if (c->g->rates.n == 0 && c->lanes[lane].put_aside == 0 && !adaptive_is_on(&c->adaptive)) {
        return o; /* mostly */
    }
    return aside_search(c, lane, o, now, later);
}
