/* The look-ahead into a carrier's stored queue: bounded, oldest first, one ring a lane. It holds the READY
 * messages of the lane with ids up to `after` that nobody has taken up, each once; what is behind is loaded
 * when it runs low. */
#include "engine/internal.h"

#include <stdlib.h>

#define LANE_HIGH 2048 /* messages of a lane held in memory at most */
#define LANE_LOW  512  /* below: load more */

struct load_job {
    struct carrier *c;
    unsigned lane;
    uint32_t generation;
};

static void lane_load(struct carrier *c, unsigned lane);

/* False: out of memory; it is loaded again, and those behind it. */
static bool lane_take(struct carrier *c, struct lane *l, struct spool_loaded *loaded)
{
    uint64_t id = loaded->m.id;
    if (hmap_get(&c->in_flight, id, NULL)) { /* never twice; when its claim fails it is put back */
        free(loaded);
        l->after = id;
        return true;
    }
    struct outgoing *o = outgoing_from_loaded(loaded);
    if (o == NULL) {
        return false;
    }
    o->clock = engine_clock_of_message(c->g, &o->m);
    if (!ring_push(&l->ahead, &o)) {
        outgoing_free(o);
        return false;
    }
    l->after = id;
    return true;
}

static void lane_loaded(void *ctx, struct spool_loaded **list, size_t n, bool more)
{
    struct load_job *j = ctx;
    struct carrier *c = j->c;
    struct lane *l = &c->lanes[j->lane];
    bool stale = j->generation != l->generation, whole = true;
    for (size_t i = 0; i < n; i++) {
        if (stale || !whole) {
            free(list[i]);
        } else {
            whole = lane_take(c, l, list[i]);
        }
    }
    free(list);
    l->loading = false;
    if (stale) {
        lane_load(c, j->lane);
    } else {
        l->more = l->more || more || !whole;
        l->returned = false;
    }
    free(j);
    dispatch_kick(c);
}

static void lane_load(struct carrier *c, unsigned lane)
{
    struct lane *l = &c->lanes[lane];
    struct load_job *j = l->loading || c->g->closing ? NULL : malloc(sizeof *j);
    if (j == NULL) {
        return;
    }
    *j = (struct load_job){ c, lane, l->generation };
    l->loading = true;
    l->more = false;
    spool_load_ready(c->g->spool, c->number, lane, l->after, LANE_HIGH - ring_count(&l->ahead), lane_loaded,
                     j);
    engine_touch_spool(c->g);
}

struct outgoing *lane_peek(struct carrier *c, unsigned lane)
{
    struct lane *l = &c->lanes[lane];
    if (l->more && !l->loading && ring_count(&l->ahead) < LANE_LOW) {
        lane_load(c, lane);
    }
    struct outgoing **p = ring_peek(&l->ahead);
    return p ? *p : NULL;
}

bool lane_waits(const struct carrier *c, unsigned lane)
{
    const struct lane *l = &c->lanes[lane];
    return l->returned && ring_count(&l->ahead) == 0;
}

void lane_pop(struct carrier *c, unsigned lane)
{
    ring_pop(&c->lanes[lane].ahead, NULL);
}

static void lane_sift_one(struct carrier *c, unsigned lane, bool (*take)(void *ctx, struct outgoing *o),
                          void *ctx)
{
    struct lane *l = &c->lanes[lane];
    aside_empty(c, lane);
    lane_peek(c, lane); /* loads more */
    for (size_t n = ring_count(&l->ahead); n > 0; n--) {
        struct outgoing *o;
        ring_pop(&l->ahead, &o);
        if (!take(ctx, o)) {
            ring_push(&l->ahead, &o); /* into the place just left */
        }
    }
}

void lane_sift(struct carrier *c, enum message_class class_, bool (*take)(void *ctx, struct outgoing *o),
               void *ctx)
{
    lane_sift_one(c, class_, take, ctx);
    lane_sift_one(c, LANE_PARKED + class_, take, ctx);
}

static void lane_clear(struct lane *l)
{
    struct outgoing *o;
    aside_clear(l);
    while (ring_pop(&l->ahead, &o)) {
        outgoing_free(o);
    }
}

void lane_more(struct carrier *c, unsigned lane)
{
    c->lanes[lane].more = true;
    dispatch_kick(c);
}

static void lane_renew(struct carrier *c, unsigned lane)
{
    struct lane *l = &c->lanes[lane];
    lane_clear(l);
    l->after = 0;
    l->generation++;
    l->more = true;
    dispatch_kick(c);
}

void lane_again(struct carrier *c, enum message_class class_)
{
    lane_renew(c, class_);
    lane_renew(c, LANE_PARKED + class_);
}

/* Several may come back in any order: oldest first. */
bool lane_insert(struct lane *l, struct outgoing *o)
{
    struct outgoing **here, **next;
    for (size_t i = 0; (here = ring_at(&l->ahead, i)) != NULL && (*here)->m.id <= o->m.id; i++) {
        if ((*here)->m.id == o->m.id) {
            outgoing_free(o);
            return true;
        }
    }
    if (!ring_push_front(&l->ahead, &o)) {
        return false;
    }
    here = ring_at(&l->ahead, 0);
    for (size_t i = 1; (next = ring_at(&l->ahead, i)) != NULL && (*next)->m.id < (*here)->m.id; i++) {
        struct outgoing *t = *here;
        *here = *next;
        *next = t;
        here = next;
    }
    return true;
}

void lane_put_back(struct carrier *c, struct outgoing *o)
{
    unsigned lane = lane_of(o);
    struct lane *l = &c->lanes[lane];
    dispatch_kick(c);
    if (o->m.id <= l->after) {
        if (!lane_insert(l, o)) {
            outgoing_free(o);
            lane_renew(c, lane);
        }
        return;
    }
    /* Behind what has been looked at: the store gives it back in its order. A load under way may have passed
     * it by, and may not. */
    outgoing_free(o);
    if (l->loading) {
        lane_renew(c, lane);
    }
    l->more = true;
    l->returned = true;
}

bool lane_offer(struct carrier *c, struct outgoing *o)
{
    struct lane *l = &c->lanes[o->m.class_];
    if (l->loading || l->more || l->returned || o->m.id <= l->after || ring_count(&l->ahead) >= LANE_HIGH ||
        !ring_push(&l->ahead, &o)) {
        return false;
    }
    l->after = o->m.id;
    dispatch_kick(c);
    return true;
}

static bool lane_is_empty(const struct lane *l)
{
    return ring_count(&l->ahead) == 0 && l->put_aside == 0 && !l->loading && !l->more && !l->returned &&
           l->coming == 0;
}

bool lane_is_clear(const struct carrier *c, enum message_class class_)
{
    for (enum message_class i = 0; i <= class_; i++) {
        if (!lane_is_empty(&c->lanes[i]) || !lane_is_empty(&c->lanes[LANE_PARKED + i])) {
            return false;
        }
    }
    return true;
}

bool lane_has_parked(const struct carrier *c, enum message_class class_)
{
    return !lane_is_empty(&c->lanes[LANE_PARKED + class_]) ||
           spool_parked_count(c->g->spool, c->number, class_) > 0;
}

void lane_init(struct lane *l)
{
    ring_init(&l->ahead, sizeof(struct outgoing *), 0);
    l->more = true;
}

void lane_free(struct lane *l)
{
    lane_clear(l);
    free(l->asides);
    hmap_free(&l->waiting);
    ring_free(&l->ahead);
}
