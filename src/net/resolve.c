#include "net/resolve.h"
#include "base/mailbox.h"
#include "base/strv.h"
#include "net/loop_base.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RESOLVE_JOBS    256 /* names being looked up at once */
#define RESOLVE_THREADS 4   /* so that one dead name server does not hold up the other names */

struct resolve_job {
    char host[256];
    uint16_t port;
    struct addr addrs[RESOLVE_MAX]; /* written by the thread */
    size_t count;
    char error[160];
    resolve_fn *cb; /* the loop's thread only; NULL: cancelled */
    void *arg;
};

/* What the threads share with the loop. A thread may hang in getaddrinfo when the loop ends, so nobody waits
 * for it: the last to let go frees. */
struct resolve_shared {
    struct mailbox *asked, *answered;
    atomic_uint refs;
};

struct resolver {
    struct resolve_shared *shared;
    struct loop_watch *watch;
    unsigned threads, jobs;
};

static void shared_unref(struct resolve_shared *s)
{
    void *j;
    if (atomic_fetch_sub(&s->refs, 1) != 1)
        return;
    while ((j = mailbox_take(s->asked)))
        free(j);
    while ((j = mailbox_take(s->answered)))
        free(j);
    mailbox_free(s->asked);
    mailbox_free(s->answered);
    free(s);
}

static void job_look_up(struct resolve_job *j)
{
    char port[8];
    struct addrinfo *list = NULL,
                    hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG };
    snprintf(port, sizeof(port), "%u", j->port);
    int rc = getaddrinfo(j->host, port, &hints, &list);
    if (rc) {
        int e = errno;
        snprintf(j->error, sizeof(j->error), "%s", rc == EAI_SYSTEM ? strerror(e) : gai_strerror(rc));
        return;
    }
    for (struct addrinfo *a = list; a && j->count < RESOLVE_MAX; a = a->ai_next) {
        if (a->ai_addrlen > sizeof(j->addrs[0].ss))
            continue;
        memcpy(&j->addrs[j->count].ss, a->ai_addr, a->ai_addrlen);
        j->addrs[j->count++].len = a->ai_addrlen;
    }
    freeaddrinfo(list);
    if (!j->count)
        snprintf(j->error, sizeof(j->error), "the name has no address");
}

static void *resolver_thread(void *arg)
{
    struct resolve_shared *s = arg;
    struct resolve_job *j;
    while (!mailbox_closed(s->asked)) {
        if (!(j = mailbox_wait(s->asked, USEC_HOUR)))
            continue;
        job_look_up(j);
        if (!mailbox_post(s->answered, j)) /* closed: the loop is gone */
            free(j);
    }
    shared_unref(s);
    return NULL;
}

static void resolver_on_answer(void *arg)
{
    struct resolver *r = arg;
    struct resolve_job *j;
    while ((j = mailbox_take(r->shared->answered))) {
        r->jobs--;
        if (j->cb)
            j->cb(j->arg, j->addrs, j->count, j->error);
        free(j);
    }
}

static void resolver_free(void *p)
{
    struct resolver *r = p;
    loop_watch_free(r->watch);
    mailbox_close(r->shared->asked);
    mailbox_close(r->shared->answered);
    shared_unref(r->shared);
    free(r);
}

static struct resolver *resolver_of(struct loop *l)
{
    struct loop_slot *slot = loop_resolver_slot(l);
    if (slot->p)
        return slot->p;
    struct resolver *r = calloc(1, sizeof(*r));
    struct resolve_shared *s = calloc(1, sizeof(*s));
    if (!r || !s)
        goto fail;
    s->asked = mailbox_new(RESOLVE_JOBS);
    s->answered = mailbox_new(RESOLVE_JOBS);
    s->refs = 1;
    r->shared = s;
    if (!s->asked || !s->answered ||
        !(r->watch = loop_watch_new(l, mailbox_fd(s->answered), resolver_on_answer, r, NULL)))
        goto fail;
    slot->p = r;
    slot->free = resolver_free;
    return r;
fail:
    if (s) {
        if (s->asked)
            mailbox_free(s->asked);
        if (s->answered)
            mailbox_free(s->answered);
    }
    free(s);
    free(r);
    return NULL;
}

/* Signals are for the loop's thread: ours blocks them all. */
static bool resolver_start_thread(struct resolver *r)
{
    pthread_t t;
    pthread_attr_t attr;
    sigset_t all, old;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, 1024 * 1024);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    atomic_fetch_add(&r->shared->refs, 1);
    bool ok = !pthread_create(&t, &attr, resolver_thread, r->shared);
    if (!ok)
        atomic_fetch_sub(&r->shared->refs, 1);
    else
        r->threads++;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attr);
    return ok;
}

struct resolve_job *resolve_start(struct loop *l, const char *host, uint16_t port, resolve_fn *cb, void *arg,
                                  struct err *err)
{
    struct resolver *r = resolver_of(l);
    struct resolve_job *j = r ? calloc(1, sizeof(*j)) : NULL;
    if (!j) {
        err_set(err, ERR_NOMEM, "out of memory");
        return NULL;
    }
    j->port = port;
    j->cb = cb;
    j->arg = arg;
    if (!strv_copy(strv_from(host), j->host, sizeof(j->host))) {
        err_set(err, ERR_INVALID, "name too long: %.80s...", host);
        goto fail;
    }
    if (r->jobs >= RESOLVE_JOBS) {
        err_set(err, ERR_BUSY, "too many names are being looked up");
        goto fail;
    }
    if (r->threads < RESOLVE_THREADS && r->jobs >= r->threads && !resolver_start_thread(r) && !r->threads) {
        err_set(err, ERR_NOMEM, "cannot start a thread to look up names");
        goto fail;
    }
    if (!mailbox_post(r->shared->asked, j)) {
        err_set(err, ERR_BUSY, "too many names are being looked up");
        goto fail;
    }
    r->jobs++;
    return j;
fail:
    free(j);
    return NULL;
}

void resolve_cancel(struct resolve_job *j)
{
    if (j)
        j->cb = NULL;
}
