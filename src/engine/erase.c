/* Erasing a number: the audience's writer first, so that no campaign takes it up again, then what campaigns
 * hold ready in memory, then the spool in one transaction. Each step may be repeated; when the last one must
 * wait (a message is on its way to a carrier) the whole is asked for again. */
#include "engine/internal.h"

#include "audience/audience.h"

#include <stdlib.h>

struct erasing {
    struct engine *g;
    engine_erased_fn done;
    void *ctx;
    uint64_t number;
    struct engine_erased result;
};

static void erasing_end(struct erasing *j)
{
    j->done(j->ctx, &j->result);
    free(j);
}

static void erasing_stored(void *ctx, const struct spool_result *r)
{
    struct erasing *j = ctx;
    if (r->code == ERR_BUSY) {
        err_set(&j->result.err, ERR_BUSY,
                "a message to this number is just on its way to a carrier: try again");
    } else if (spool_result_ok(r, &j->result.err)) {
        j->result.messages = r->id;
        j->result.suppressed = gate_erase(&j->g->gate, j->number);
    }
    erasing_end(j);
}

static void erasing_write(const struct engine_view *v, void *job)
{
    struct erasing *j = job;
    j->result.customer = audience_erase(v->audience, j->number, &j->result.err);
    if (j->result.err.code == ERR_NOT_FOUND) {
        j->result.err = (struct err){ 0 };
    }
}

static void erasing_written(void *job)
{
    struct erasing *j = job;
    struct engine *g = j->g;
    if (j->result.err.code != ERR_NONE) {
        erasing_end(j);
        return;
    }
    for (size_t i = 0; i < g->n_campaigns; i++) { /* they may hold the rendered text of this customer */
        campaign_drop_candidates(g->campaigns[i]);
        campaign_kick(g->campaigns[i]);
    }
    spool_erase(g->spool, j->number, erasing_stored, j);
    engine_touch_spool(g);
}

void engine_erase(struct engine *g, uint64_t number, engine_erased_fn done, void *ctx)
{
    struct erasing *j = calloc(1, sizeof *j);
    struct engine_erased failed = { 0 };
    if (j == NULL) {
        err_set(&failed.err, ERR_NOMEM, "out of memory");
        done(ctx, &failed);
        return;
    }
    *j = (struct erasing){ .g = g, .done = done, .ctx = ctx, .number = number };
    if (!engine_write(g, erasing_write, erasing_written, j, &j->result.err)) {
        erasing_end(j);
    }
}
