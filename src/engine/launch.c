/* The beginning of a campaign: who is to get it as of now, by the clock each lives by. */
#include "engine/internal.h"

#include "audience/eval.h"
#include "engine/schedule.h"

#include <stdlib.h>

static bool launch_union(struct audience_view *av, const struct strv *names, size_t n,
                         const struct eval_options *o, struct audience_set *into, struct err *e)
{
    for (size_t i = 0; i < n; i++) {
        struct audience_set *one = eval_segment(av, names[i], o, NULL, e);
        if (one == NULL) {
            return err_prefix(e, "segment \"" STRV_FMT "\"", STRV_ARG(names[i]));
        }
        bool ok = audience_set_or(into, one);
        audience_set_free(one);
        if (!ok) {
            return err_set(e, ERR_NOMEM, "out of memory");
        }
    }
    return true;
}

struct audience_set *launch_recipients(const struct engine_view *v, struct audience_view *av,
                                       const struct campaign_spec *s, struct err *e)
{
    struct eval_options o = { .now = v->now,
                              .zone = v->facts->zone,
                              .zones = v->facts->zones,
                              .rfm = v->facts->shared->rfm,
                              .limits = &v->facts->shared->limits,
                              .threads = v->facts->shared->query_threads };
    struct audience_set *all = audience_set_new(), *out = audience_set_new();
    bool ok = all != NULL && out != NULL && launch_union(av, s->segments, s->n_segments, &o, all, e) &&
              launch_union(av, s->exclude, s->n_exclude, &o, out, e) && audience_set_andnot(all, out);
    audience_set_free(out);
    if (!ok) {
        if (e->code == ERR_NONE) {
            err_set(e, ERR_NOMEM, "out of memory");
        }
        audience_set_free(all);
        return NULL;
    }
    return all;
}

struct launch_clock {
    char *text;
    struct audience_set *set;
    uint64_t count;
};

struct launch {
    struct campaign *m;
    engine_done_fn done;
    void *ctx;
    struct launch_clock *clocks;
    size_t n;
    uint64_t recipients;
    struct err err;
};

static bool launch_add_clock(void *ctx, uint32_t clock, struct strv text, const struct audience_set *part,
                             uint64_t count)
{
    struct launch *l = ctx;
    (void)clock;
    struct launch_clock *p = realloc(l->clocks, (l->n + 1) * sizeof *p);
    if (p == NULL) {
        return err_set(&l->err, ERR_NOMEM, "out of memory");
    }
    l->clocks = p;
    p[l->n] = (struct launch_clock){ strv_dup(text), audience_set_copy(part), count };
    l->n++;
    if (p[l->n - 1].text == NULL || p[l->n - 1].set == NULL) {
        return err_set(&l->err, ERR_NOMEM, "out of memory");
    }
    audience_set_compact(p[l->n - 1].set);
    l->recipients += count;
    return true;
}

static void launch_run(const struct engine_view *v, void *job)
{
    struct launch *l = job;
    struct audience_view *av = audience_view_begin(v->audience, &l->err);
    if (av == NULL) {
        return;
    }
    struct audience_set *all = campaign_check_text(av, l->m->spec.text, &l->err)
                                   ? launch_recipients(v, av, &l->m->spec, &l->err)
                                   : NULL;
    if (all != NULL) {
        audience_split_clocks(av, all, launch_add_clock, l, &l->err);
    }
    audience_set_free(all);
    audience_view_end(av);
}

static void launch_free(struct launch *l)
{
    for (size_t i = 0; i < l->n; i++) {
        free(l->clocks[i].text);
        audience_set_free(l->clocks[i].set);
    }
    free(l->clocks);
    free(l);
}

static void launch_end(struct launch *l)
{
    struct campaign *m = l->m;
    if (l->err.code != ERR_NONE && m->state == CAMPAIGN_STARTING) {
        campaign_move(m, CAMPAIGN_DRAFT, l->err.text);
        m->schedule = (struct engine_schedule){ 0 };
    }
    l->done(l->ctx, &l->err);
    launch_free(l);
    campaign_job_back(m);
}

static void launch_stored(void *ctx, const struct spool_result *r)
{
    struct launch *l = ctx;
    struct campaign *m = l->m;
    if (!spool_result_ok(r, &l->err)) {
        campaign_free_clocks(m);
    } else {
        campaign_move(m, CAMPAIGN_RUNNING, "started");
        log_event(m->g->log, LOG_INFO, "campaign_started", "campaign=%s recipients=%llu clocks=%zu",
                  m->spec.name.p, (unsigned long long)m->recipients, m->n_clocks);
        campaign_check_done(m); /* nobody in it */
    }
    campaign_kick(m);
    launch_end(l);
}

/* Sets of the same clock are one: a cursor belongs to a clock. (Texts that are none, such as that of
 * customers nobody knows a zone of, all are the unknown clock.) */
static bool launch_take_clock(struct campaign *m, uint32_t clock, struct launch_clock *from)
{
    for (size_t i = 0; i < m->n_clocks; i++) {
        if (m->clocks[i].clock == clock) {
            m->clocks[i].count += from->count;
            return audience_set_or(m->clocks[i].set, from->set);
        }
    }
    uint32_t book = engine_book_of_clock(m->g, clock);
    m->clocks[m->n_clocks++] =
        (struct campaign_clock){ .book = book,
                                 .clock = clock,
                                 .set = from->set,
                                 .count = from->count,
                                 .opens = schedule_instant(m->g->facts, &m->schedule, clock) };
    from->set = NULL;
    return book != 0;
}

/* Takes the sets over and writes them with the campaign's record, in one transaction. It runs when that is
 * synced: nobody is claimed of an audience that is not there. */
static bool launch_store(struct launch *l)
{
    struct campaign *m = l->m;
    struct engine *g = m->g;
    struct buf sets = { 0 }, doc = { 0 };
    struct spool_clock_set *list = calloc(l->n + 1, sizeof *list);
    size_t *ends = calloc(l->n + 1, sizeof *ends);
    m->clocks = calloc(l->n + 1, sizeof *m->clocks);
    bool ok = list != NULL && ends != NULL && m->clocks != NULL;
    for (size_t i = 0; ok && i < l->n; i++) {
        uint32_t clock = clocks_intern(g->facts->clocks, strv_from(l->clocks[i].text), NULL);
        ok = launch_take_clock(m, clock, &l->clocks[i]);
    }
    for (size_t i = 0; ok && i < m->n_clocks; i++) {
        ok = audience_set_serialize(m->clocks[i].set, &sets);
        ends[i + 1] = sets.len;
    }
    for (size_t i = 0; ok && i < m->n_clocks; i++) {
        list[i] = (struct spool_clock_set){ m->clocks[i].book,
                                            { (const char *)sets.data + ends[i], ends[i + 1] - ends[i] },
                                            m->clocks[i].count };
    }
    m->recipients = l->recipients;
    m->started = engine_wall(g);
    ok = ok && campaign_encode(m, CAMPAIGN_RUNNING, &doc);
    if (ok) {
        spool_put_audience(g->spool, m->id, list, m->n_clocks, m->spec.name,
                           (struct strv){ (const char *)doc.data, doc.len }, launch_stored, l);
        engine_touch_spool(g);
    } else {
        campaign_free_clocks(m);
    }
    buf_free(&sets);
    buf_free(&doc);
    free(list);
    free(ends);
    return ok;
}

static void launch_done(void *job)
{
    struct launch *l = job;
    if (l->err.code == ERR_NONE && l->m->state != CAMPAIGN_STARTING) {
        err_set(&l->err, ERR_STATE, "the campaign was changed while it was starting");
    }
    if (l->err.code == ERR_NONE && launch_store(l)) {
        return;
    }
    if (l->err.code == ERR_NONE) {
        err_set(&l->err, ERR_NOMEM, "out of memory");
    }
    launch_end(l);
}

void campaign_begin(struct campaign *m, engine_done_fn done, void *ctx)
{
    struct err e = { 0 };
    struct launch *l = calloc(1, sizeof *l);
    if (l == NULL) {
        err_set(&e, ERR_NOMEM, "out of memory");
        engine_answer_later(m->g, done, ctx, &e);
        return;
    }
    *l = (struct launch){ .m = m, .done = done, .ctx = ctx };
    if (!engine_submit(m->g, &m->g->query, launch_run, launch_done, l, &e)) {
        free(l);
        engine_answer_later(m->g, done, ctx, &e);
        return;
    }
    m->jobs++;
    campaign_move(m, CAMPAIGN_STARTING, "an operator");
}
