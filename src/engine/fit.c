/* The model of p_alive is made anew by itself: when an active segment asks for it and the fit that is stored
 * is old, or there is none. It takes seconds on the query thread, once a week. */
#include "engine/internal.h"

#include "audience/alive.h"
#include "audience/segment.h"

#include <stdlib.h>
#include <string.h>

#define FIT_FIRST USEC_MINUTE /* after the start */
#define FIT_LOOK  USEC_HOUR

struct fit_job {
    struct engine *g;
    struct alive_fit fit;
    bool made, stored;
    struct err err;
};

static bool fit_wanted(void *ctx, const struct segment *s)
{
    bool *wanted = ctx;
    *wanted = s->active && s->query.n != 0 && memmem(s->query.p, s->query.n, "p_alive", 7) != NULL;
    return !*wanted;
}

static void fit_run(const struct engine_view *v, void *job)
{
    struct fit_job *j = job;
    struct alive_fit stored;
    bool wanted = false;
    struct audience_view *view = v->stopping ? NULL : audience_view_begin(v->audience, &j->err);
    if (view == NULL) {
        return;
    }
    segment_each(view, fit_wanted, &wanted);
    if (wanted && alive_fit_stale(alive_fit_get(view, &stored) ? &stored : NULL, v->now)) {
        j->made = alive_fit_make(view, v->now, v->facts->zone, &j->fit, &j->err);
    }
    audience_view_end(view);
}

static void fit_store(const struct engine_view *v, void *job)
{
    struct fit_job *j = job;
    j->stored = alive_fit_put(v->audience, &j->fit, &j->err);
}

static void fit_stored(void *job)
{
    struct fit_job *j = job;
    if (j->stored) {
        log_event(j->g->log, LOG_INFO, "p_alive_fitted", "customers=%llu fitted=%llu converged=%s",
                  (unsigned long long)j->fit.customers, (unsigned long long)j->fit.fitted,
                  j->fit.converged ? "yes" : "no");
    } else if (j->err.code != ERR_NONE) {
        log_event(j->g->log, LOG_WARN, "p_alive_not_fitted", "reason=\"%s\"", j->err.text);
    }
    free(j);
}

static void fit_made(void *job)
{
    struct fit_job *j = job;
    if (!j->made || !engine_write(j->g, fit_store, fit_stored, j, &j->err)) {
        fit_stored(j);
    }
}

void fit_second(struct engine *g)
{
    const usec_t now = clock_mono(g->clock);
    if (g->fit_next == 0) {
        g->fit_next = now + FIT_FIRST;
    }
    if (g->fit_next > now || g->closing) {
        return;
    }
    g->fit_next = now + FIT_LOOK;
    struct fit_job *j = calloc(1, sizeof *j);
    if (j != NULL) {
        j->g = g;
        if (!engine_read(g, fit_run, fit_made, j, &j->err)) {
            free(j); /* busy: in an hour */
        }
    }
}
