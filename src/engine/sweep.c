/* Many messages of the store moved together, by its writer, a slice an operation: the loop only says what,
 * and lets carriers look again. Several may be under way; each is a chain of operations that ends by itself.
 */
#include "engine/internal.h"

#include <stdlib.h>

#define SWEEP_LOOK_AGAIN 16       /* slices: what has become ready goes before all of it has */
#define SWEEP_AGAIN      USEC_SEC /* the store refused a slice: it is asked again after so long */
#define CLOCK_REASONS    (1u << REASON_QUIET_HOURS | 1u << REASON_NO_CLOCK)

struct sweep {
    struct sweep *next;
    struct engine *g;
    struct loop_timer again;
    struct spool_sweep w;
    uint64_t moved, fresh; /* in all; since the carriers looked last */
    unsigned slices;
};

static void sweep_look_again(struct sweep *j)
{
    struct engine *g = j->g;
    if (j->fresh == 0 || j->w.state != MESSAGE_READY || g->closing) {
        return;
    }
    j->fresh = 0;
    for (size_t i = 0; i < g->n_carriers; i++) {
        for (enum message_class lane = 0; lane < LANE_COUNT; lane++) {
            lane_again(g->carriers[i], lane);
        }
    }
}

static void sweep_free(struct sweep *j)
{
    struct sweep **p = &j->g->sweeps;
    while (*p != j) {
        p = &(*p)->next;
    }
    *p = j->next;
    loop_timer_stop(&j->again);
    free(j);
}

void sweeps_stop(struct engine *g)
{
    while (g->sweeps != NULL) {
        sweep_free(g->sweeps);
    }
}

static void sweep_slice(void *ctx, const struct spool_result *r);

static void sweep_ask(void *arg)
{
    struct sweep *j = arg;
    spool_sweep(j->g->spool, &j->w, sweep_slice, j);
    engine_touch_spool(j->g);
}

static void sweep_slice(void *ctx, const struct spool_result *r)
{
    struct sweep *j = ctx;
    struct engine *g = j->g;
    if (r->code != ERR_NONE && !g->closing) { /* nothing else would ever move what is left */
        engine_store_alarm(g, "sweep_refused", r->code, r->text);
        loop_timer_in(&j->again, SWEEP_AGAIN);
        return;
    }
    bool over = r->code != ERR_NONE || r->sweep == NULL || r->sweep->done || g->closing;
    if (r->code == ERR_NONE) {
        j->moved += r->id;
        j->fresh += r->id;
    }
    if (over || j->slices % SWEEP_LOOK_AGAIN == 0) {
        sweep_look_again(j);
    }
    j->slices++;
    if (!over) {
        j->w = *r->sweep;
        sweep_ask(j);
        return;
    }
    if (j->moved > 0) {
        log_event(g->log, LOG_INFO, "swept", "messages=%llu campaign=%u to=%s", (unsigned long long)j->moved,
                  (unsigned)j->w.campaign, message_state_name(j->w.state));
    }
    sweep_free(j);
}

void sweep_begin(struct engine *g, const struct spool_sweep *w)
{
    struct sweep *j = calloc(1, sizeof *j);
    if (j == NULL) {
        engine_store_alarm(g, "sweep_refused", ERR_NOMEM, "out of memory");
        return;
    }
    *j = (struct sweep){ .g = g, .w = *w, .next = g->sweeps };
    g->sweeps = j;
    loop_timer_init(&j->again, g->loop, sweep_ask, j);
    sweep_ask(j);
}

void sweep_resume(struct engine *g, uint32_t campaign)
{
    usec_t until = spool_paused_until(campaign);
    sweep_begin(g, &(struct spool_sweep){ .campaign = campaign,
                                          .reasons = 1u << REASON_PAUSED,
                                          .from = until,
                                          .to = until,
                                          .state = MESSAGE_READY });
}

void sweep_cancel(struct engine *g, uint32_t campaign)
{
    sweep_begin(g, &(struct spool_sweep){ .campaign = campaign,
                                          .to = USEC_NEVER,
                                          .ready = true,
                                          .state = MESSAGE_CANCELLED,
                                          .reason = REASON_CANCELLED });
}

/* What was held by quiet hours, which is another time of the day now, is asked about when it is taken up; and
 * a retry waits no longer than a retry may. What was given a time keeps it. */
void sweep_clock_back(struct engine *g)
{
    for (size_t i = 0; i < g->n_campaigns; i++) {
        campaign_drop_candidates(g->campaigns[i]); /* their clocks may not have opened yet */
    }
    sweep_begin(g, &(struct spool_sweep){
                       .reasons = CLOCK_REASONS, .to = SPOOL_PAUSED_FIRST - 1, .state = MESSAGE_READY });
    sweep_begin(g, &(struct spool_sweep){ .reasons = 1u << REASON_RETRY,
                                          .from = engine_wall(g) + g->o.retry_max,
                                          .to = SPOOL_PAUSED_FIRST - 1,
                                          .state = MESSAGE_READY });
}

/* A campaign is stored as resumed or cancelled before all its messages are. */
void sweep_recover(struct engine *g)
{
    for (size_t i = 0; i < g->n_campaigns; i++) {
        const struct campaign *m = g->campaigns[i];
        if (m->state == CAMPAIGN_RUNNING || m->state == CAMPAIGN_DONE) {
            sweep_resume(g, m->id);
        } else if (m->state == CAMPAIGN_CANCELLED && m->started != 0) {
            usec_t until = spool_paused_until(m->id);
            sweep_begin(g, &(struct spool_sweep){ .campaign = m->id,
                                                  .from = until,
                                                  .to = until,
                                                  .state = MESSAGE_CANCELLED,
                                                  .reason = REASON_CANCELLED });
        }
    }
}
