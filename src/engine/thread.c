/* The engine's threads: short look-ups, long queries, the one writer of the audience. And answers that must
 * not come from inside the call that asked. */
#include "engine/internal.h"

#include <stdlib.h>

struct thread_job {
    struct engine *g;
    struct engine_thread *t;
    void (*run)(const struct engine_view *v, void *job);
    void (*done)(void *job);
    void *job;
};

static void thread_run(void *arg, bool stopping)
{
    struct thread_job *j = arg;
    j->t->view.now = clock_wall(j->g->clock);
    j->t->view.stopping = stopping;
    j->run(&j->t->view, j->job);
}

static void thread_done(void *arg)
{
    struct thread_job *j = arg;
    j->done(j->job);
    free(j);
}

bool engine_submit(struct engine *g, struct engine_thread *t,
                   void (*run)(const struct engine_view *v, void *job), void (*done)(void *job), void *job,
                   struct err *e)
{
    struct thread_job *j;
    if (g->closing) {
        return err_set(e, ERR_BUSY, "shutting down: nothing new is begun");
    }
    j = malloc(sizeof *j);
    if (j == NULL) {
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    *j = (struct thread_job){ g, t, run, done, job };
    if (!worker_submit(t->worker, thread_run, thread_done, j)) {
        free(j);
        return err_set(e, ERR_BUSY, "too many requests wait already: try again in a moment");
    }
    return true;
}

bool engine_read(struct engine *g, void (*run)(const struct engine_view *v, void *job),
                 void (*done)(void *job), void *job, struct err *e)
{
    return engine_submit(g, &g->query, run, done, job, e);
}

bool engine_write(struct engine *g, void (*run)(const struct engine_view *v, void *job),
                  void (*done)(void *job), void *job, struct err *e)
{
    return engine_submit(g, &g->writer, run, done, job, e);
}

bool thread_start(struct engine *g, struct engine_thread *t, const char *name, size_t limit, struct err *e)
{
    struct facts_options fo = engine_facts_options(g);
    t->facts = facts_new(g->shared, &fo, e);
    if (t->facts == NULL) {
        return false;
    }
    t->view.facts = t->facts;
    t->view.audience = g->audience;
    t->view.facts_dir = g->facts_dir;
    t->view.spool = spool_reader_new(g->spool, e);
    if (t->view.spool == NULL) {
        return false;
    }
    t->worker = worker_new(g->loop, name, limit, e);
    return t->worker != NULL;
}

void thread_stop(struct engine_thread *t)
{
    worker_free(t->worker);
    t->worker = NULL;
    spool_reader_free(t->view.spool); /* before the spool is closed: it holds a transaction */
    t->view.spool = NULL;
}

void thread_free(struct engine_thread *t)
{
    spool_reader_free(t->view.spool); /* of an engine that did not come up */
    facts_free(t->facts);
}

/* --- answers in the next turn --- */

struct answer {
    struct answer *next;
    engine_done_fn done;
    void *ctx;
    struct err err;
};

/* Those asked for meanwhile come in the next turn, but for the last time of all. */
void engine_answer_run(void *arg)
{
    struct engine *g = arg;
    do {
        struct answer *list = g->answers;
        g->answers = NULL;
        g->answers_end = &g->answers;
        while (list != NULL) {
            struct answer *a = list;
            list = a->next;
            a->done(a->ctx, &a->err);
            free(a);
        }
    } while (g->closing && g->answers != NULL);
}

void engine_answer_later(struct engine *g, engine_done_fn done, void *ctx, const struct err *e)
{
    struct answer *a = calloc(1, sizeof *a);
    if (a == NULL) {
        done(ctx, e);
        return;
    }
    *a = (struct answer){ .done = done, .ctx = ctx, .err = *e };
    *g->answers_end = a;
    g->answers_end = &a->next;
    loop_defer(&g->answer_task);
}
