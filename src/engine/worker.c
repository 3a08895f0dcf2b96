#include "engine/worker.h"

#include "base/mailbox.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct job {
    void (*run)(void *, bool);
    void (*done)(void *);
    void *arg;
};

struct worker {
    pthread_t thread;
    struct mailbox *in, *out;
    struct loop_watch *watch;
    size_t pending, limit;
    atomic_bool stopping;
};

static void *worker_main(void *arg)
{
    struct worker *w = arg;
    while (true) {
        struct job *j = mailbox_wait(w->in, USEC_NEVER);
        if (j == NULL) {
            if (mailbox_closed(w->in)) {
                return NULL;
            }
            continue;
        }
        j->run(j->arg, atomic_load(&w->stopping));
        mailbox_post(w->out, j); /* cannot be full: it holds as many as may be pending */
    }
}

static void worker_collect(void *arg)
{
    struct worker *w = arg;
    struct job *j;
    while ((j = mailbox_take(w->out)) != NULL) {
        w->pending--;
        j->done(j->arg);
        free(j);
    }
}

struct worker *worker_new(struct loop *l, const char *name, size_t limit, struct err *e)
{
    struct worker *w = calloc(1, sizeof *w);
    if (w == NULL) {
        err_set(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    w->limit = limit;
    w->in = mailbox_new(limit);
    w->out = mailbox_new(limit);
    if (w->in == NULL || w->out == NULL) {
        err_set(e, ERR_NOMEM, "no mailbox for the %s thread", name);
        goto fail;
    }
    w->watch = loop_watch_new(l, mailbox_fd(w->out), worker_collect, w, e);
    if (w->watch == NULL) {
        goto fail;
    }
    int rc = pthread_create(&w->thread, NULL, worker_main, w);
    if (rc != 0) {
        err_set_errno(e, rc, "cannot start the %s thread", name);
        goto fail;
    }
    pthread_setname_np(w->thread, name);
    return w;
fail:
    loop_watch_free(w->watch);
    mailbox_free(w->in);
    mailbox_free(w->out);
    free(w);
    return NULL;
}

void worker_free(struct worker *w)
{
    if (w == NULL) {
        return;
    }
    atomic_store(&w->stopping, true);
    mailbox_close(w->in);
    pthread_join(w->thread, NULL);
    worker_collect(w);
    loop_watch_free(w->watch);
    mailbox_free(w->in);
    mailbox_free(w->out);
    free(w);
}

bool worker_submit(struct worker *w, void (*run)(void *job, bool stopping), void (*done)(void *job),
                   void *job)
{
    if (w->pending >= w->limit) {
        return false;
    }
    struct job *j = malloc(sizeof *j);
    if (j == NULL) {
        return false;
    }
    *j = (struct job){ run, done, job };
    if (!mailbox_post(w->in, j)) {
        free(j);
        return false;
    }
    w->pending++;
    return true;
}
