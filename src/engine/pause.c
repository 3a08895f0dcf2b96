/* Pausing a carrier: an operator's decision that outlives the daemon. Its binds stay up and what comes in is
 * taken; only submitting stops. Stored as a document a paused carrier, its value the instant in decimal. */
#include "base/nearest.h"
#include "engine/internal.h"

#include <stdio.h>
#include <stdlib.h>

struct pausing {
    engine_done_fn done;
    void *ctx;
};

static void pause_take(struct carrier *c, usec_t since)
{
    c->paused = since != 0;
    c->paused_since = since;
    dispatch_kick(c);
}

static void pause_stored(void *ctx, const struct spool_result *r)
{
    struct pausing *j = ctx;
    struct err e = { 0 };
    spool_result_ok(r, &e);
    j->done(j->ctx, &e);
    free(j);
}

struct carrier *engine_carrier_need(const struct engine *g, struct strv name, struct err *e)
{
    struct nearest near;
    nearest_begin(&near, name);
    for (size_t i = 0; i < g->n_carriers; i++) {
        struct carrier *c = g->carriers[i];
        if (strv_eq_c(name, c->o.name)) {
            return c;
        }
        nearest_offer(&near, strv_from(c->o.name));
    }
    nearest_refuse(&near, "carrier", name, "tessera carrier list", e);
    return NULL;
}

int engine_carrier_find(const struct engine *g, struct strv name, struct err *e)
{
    const struct carrier *c = engine_carrier_need(g, name, e);
    return c != NULL ? c->number : -1;
}

/* It holds at once: nothing may go while the disk is waited for. What could not be stored holds until the
 * daemon ends; whoever asked is told. */
void engine_carrier_pause(struct engine *g, struct strv name, bool pause, engine_done_fn done, void *ctx)
{
    struct err e = { 0 };
    struct carrier *c = engine_carrier_need(g, name, &e);
    struct pausing *j = c && c->paused != pause ? calloc(1, sizeof *j) : NULL;
    char text[24];
    if (c != NULL && !pause && !g->draining) {
        carrier_start(c); /* binds that had stopped over a refused password */
    }
    if (j == NULL) {
        if (c != NULL && c->paused != pause) {
            err_set(&e, ERR_NOMEM, "out of memory");
        }
        engine_answer_later(g, done, ctx, &e);
        return;
    }
    *j = (struct pausing){ .done = done, .ctx = ctx };
    pause_take(c, pause ? engine_wall(g) : 0);
    log_event(g->log, LOG_INFO, "carrier_pause", "carrier=%s paused=%s", c->o.name, pause ? "yes" : "no");
    int n = pause ? snprintf(text, sizeof text, "%lld", (long long)c->paused_since) : 0;
    spool_put_doc(g->spool, DOC_PAUSE, strv_from(c->o.name), (struct strv){ text, (size_t)n }, pause_stored,
                  j);
    engine_touch_spool(g);
}

static bool pause_load_one(void *ctx, struct strv name, struct strv value)
{
    struct engine *g = ctx;
    struct carrier *c = engine_carrier_need(g, name, NULL);
    uint64_t since;
    if (c != NULL && strv_to_u64(value, &since)) {
        pause_take(c, since != 0 ? (usec_t)since : 1);
    }
    return true;
}

void pause_load_docs(struct engine *g, struct spool_reader *r)
{
    spool_each_doc(r, DOC_PAUSE, pause_load_one, g);
}
