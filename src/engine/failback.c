/* Back to the first host, make before break: while a bind is on another host, the first is tried by a bind of
 * its own; once that is bound it takes over, and the old one ends in good order behind it: what is in flight
 * is answered there, so nothing is lost and nothing goes twice. One bind of a carrier after the other, so
 * that never two are missing. */
#include "engine/internal.h"

static void failback_free_link(void *p)
{
    link_free(p);
}

void failback_drop(struct carrier *c)
{
    if (c->trying != NULL) {
        link_abandon(c->trying);
        loop_free_later(c->g->loop, failback_free_link, c->trying);
        c->trying = NULL;
    }
}

/* A bind that is up, but elsewhere; n_links: none. */
static size_t failback_find(const struct carrier *c)
{
    size_t i = 0;
    while (i < c->n_links && (link_state(c->links[i]) != LINK_BOUND || link_host(c->links[i]) == 0)) {
        i++;
    }
    return i;
}

void failback_second(struct carrier *c)
{
    struct engine *g = c->g;
    usec_t now = engine_mono(g), every = c->o.failback;
    size_t i = failback_find(c);
    if (i == c->n_links || every == 0) {
        c->failback_at = 0;
        return;
    }
    if (c->trying != NULL || g->draining || g->closing) {
        return;
    }
    if (c->failback_at == 0) {
        c->failback_at = now + every - (usec_t)rnd_below(&g->rnd, (uint64_t)every / 10 + 1);
    }
    if (now < c->failback_at) {
        return;
    }
    struct err e = { 0 };
    c->failback_at = 0;
    c->trying = carrier_new_link(c, link_mode(c->links[i]), link_id(c->links[i]), &e);
    if (c->trying != NULL) {
        c->trying_for = i;
        link_try(c->trying, link_host(c->links[i]));
    }
}

void failback_on_state(struct carrier *c, struct link *k)
{
    if (k != c->trying) {
        return;
    }
    if (link_state(k) == LINK_BOUND) {
        struct link *old = c->links[c->trying_for];
        c->links[c->trying_for] = k;
        c->trying = NULL;
        c->failback_at = engine_mono(c->g); /* the next bind follows */
        log_event(c->g->log, LOG_INFO, "failback", "carrier=%s bind=%u", c->o.name, link_id(k));
        carrier_retire(c, old, "back on a host that is preferred");
    } else if (link_state(k) == LINK_DOWN || link_state(k) == LINK_STOPPED) {
        failback_drop(c);
    }
}
