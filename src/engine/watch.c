/* Segments are looked at every `segments.sweep` for who entered and who left. A look is a job on the query
 * thread, one segment that must be evaluated after the other so that what people ask comes between; what it
 * found is stored by the audience's writer. One sweep at a time. */
#include "engine/internal.h"

#include "audience/watch.h"

#include <stdlib.h>
#include <string.h>

#define LOOKS 256 /* at most in one job */

struct watch_job {
    struct engine *g;
    char name[SEGMENT_MAX_NAME + 1]; /* the last that was looked at */
    char bad[SEGMENT_MAX_NAME + 1];  /* the last that failed */
    bool anew, end;
    struct watch_look looks[LOOKS];
    size_t n;
    size_t failed;
    bool stored;
    struct err err;
};

/* Until one has been evaluated. */
static void watch_run(const struct engine_view *v, void *job)
{
    struct watch_job *j = job;
    const struct eval_options o = { .now = v->now,
                                    .zone = v->facts->zone,
                                    .zones = v->facts->zones,
                                    .limits = &v->facts->shared->limits,
                                    .rfm = v->facts->shared->rfm,
                                    .threads = v->facts->shared->query_threads };
    struct audience_view *view = v->stopping ? NULL : audience_view_begin(v->audience, &j->err);
    j->end = view == NULL;
    bool evaluated = false;
    while (!j->end && !evaluated && j->n < LOOKS) {
        struct watch_look *l = &j->looks[j->n];
        if (!watch_next(view, strv_from(j->name), j->name)) {
            j->end = true;
        } else if (watch_look(view, strv_from(j->name), &o, j->anew, l, &j->err)) {
            evaluated = l->members != NULL;
            j->n++;
        } else {
            memcpy(j->bad, j->name, sizeof j->bad);
            j->failed++;
        }
    }
    audience_view_end(view);
}

static void watch_write(const struct engine_view *v, void *job)
{
    struct watch_job *j = job;
    j->stored = !v->stopping && watch_store(v->audience, j->looks, j->n, &j->err);
}

static void watch_end(struct watch_job *j)
{
    struct engine *g = j->g;
    for (size_t i = 0; i < j->n; i++) {
        watch_look_free(&j->looks[i]);
    }
    if (j->err.code != ERR_NONE && !g->closing) {
        log_event(g->log, LOG_WARN, "segments_not_swept", "segment=\"%s\" failed=%zu reason=\"%s\"", j->bad,
                  j->failed, j->err.text);
    }
    g->watch_anew = g->watch_anew && !j->end;
    g->watch_running = false;
    free(j);
}

static void watch_looked(void *job);

static void watch_stored(void *job)
{
    struct watch_job *j = job;
    for (size_t i = 0; i < j->n; i++) {
        watch_look_free(&j->looks[i]);
    }
    j->n = 0;
    if (!j->stored || j->end || j->g->closing || !engine_read(j->g, watch_run, watch_looked, j, &j->err)) {
        watch_end(j);
    }
}

static void watch_looked(void *job)
{
    struct watch_job *j = job;
    if (!watch_any(j->looks, j->n)) { /* all were skipped: the writer has nothing to do */
        j->stored = true;
        watch_stored(j);
    } else if (!engine_write(j->g, watch_write, watch_stored, j, &j->err)) {
        watch_end(j);
    }
}

void watch_second(struct engine *g)
{
    const usec_t now = clock_mono(g->clock);
    if (g->o.segments_sweep == 0 || g->closing || g->watch_running || now < g->watch_next) {
        return;
    }
    const bool first = g->watch_next == 0;
    g->watch_next = now + g->o.segments_sweep;
    if (first) {
        g->watch_anew = true;
        return; /* a daemon that begins has other things to do */
    }
    struct watch_job *j = calloc(1, sizeof *j);
    if (j != NULL) {
        j->g = g;
        j->anew = g->watch_anew;
        g->watch_running = engine_read(g, watch_run, watch_looked, j, &j->err);
        if (!g->watch_running) {
            free(j); /* busy: next time */
        }
    }
}
