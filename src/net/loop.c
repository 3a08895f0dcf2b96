#include "net/loop.h"
#include "net/loop_base.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* It waits in pieces of at most this, which keeps every conversion in range. */
#define LOOP_MAX_WAIT USEC_HOUR

struct loop_garbage {
    void (*fn)(void *p);
    void *p;
};

struct loop_signal {
    struct loop_signal *next;
    struct event ev;
    void (*cb)(int signo, void *arg);
    void *arg;
};

struct loop_watch {
    struct event ev;
    struct loop *loop;
    void (*cb)(void *arg);
    void *arg;
};

struct loop {
    struct event_base *base;
    const struct clock *clock;
    struct clock own_clock;
    struct heap timers;
    int wake_fd; /* a timerfd of our own: libevent's would be set anew in every turn */
    struct event wake;
    usec_t wake_at;
    usec_t now;
    uint64_t turn;
    bool in_timers, stop;
    struct loop_task tasks, next_tasks; /* list heads: this turn's and the next one's */
    struct loop_garbage *garbage;
    size_t garbage_count, garbage_cap;
    struct loop_signal *signals;
    struct loop_slot resolver;
};

struct event_base *loop_base(struct loop *l)
{
    return l->base;
}

struct loop_slot *loop_resolver_slot(struct loop *l)
{
    return &l->resolver;
}

usec_t loop_now(const struct loop *l)
{
    return l->now;
}

const struct clock *loop_clock(const struct loop *l)
{
    return l->clock;
}

/* --- lists of tasks --- */

static void task_list_init(struct loop_task *head)
{
    head->next = head->prev = head;
}

static bool task_list_empty(const struct loop_task *head)
{
    return head->next == head;
}

static void task_list_append(struct loop_task *head, struct loop_task *t)
{
    t->prev = head->prev;
    t->next = head;
    head->prev->next = t;
    head->prev = t;
}

void loop_task_init(struct loop_task *t, struct loop *l, void (*cb)(void *arg), void *arg)
{
    *t = (struct loop_task){ .loop = l, .cb = cb, .arg = arg };
}

void loop_defer(struct loop_task *t)
{
    if (t->next)
        return;
    task_list_append(t->turn == t->loop->turn ? &t->loop->next_tasks : &t->loop->tasks, t);
}

void loop_task_cancel(struct loop_task *t)
{
    if (!t->next)
        return;
    t->next->prev = t->prev;
    t->prev->next = t->next;
    t->next = t->prev = NULL;
}

static void loop_run_tasks(struct loop *l)
{
    while (!task_list_empty(&l->tasks)) {
        struct loop_task *t = l->tasks.next;
        loop_task_cancel(t);
        t->turn = l->turn;
        t->cb(t->arg);
    }
    while (!task_list_empty(&l->next_tasks)) {
        struct loop_task *t = l->next_tasks.next;
        loop_task_cancel(t);
        task_list_append(&l->tasks, t);
    }
}

/* --- timers --- */

void loop_timer_init(struct loop_timer *t, struct loop *l, void (*cb)(void *arg), void *arg)
{
    *t = (struct loop_timer){ .loop = l, .cb = cb, .arg = arg };
}

void loop_timer_at(struct loop_timer *t, usec_t deadline)
{
    struct loop *l = t->loop;
    if (deadline == USEC_NEVER) {
        loop_timer_stop(t);
        return;
    }
    /* Out of reach of the round that is running, or a timer that arms itself in the past would never let go.
     */
    if (l->in_timers && deadline <= l->now)
        deadline = l->now + 1;
    if (!heap_push(&l->timers, &t->node, deadline))
        abort();
}

void loop_timer_in(struct loop_timer *t, usec_t delay)
{
    usec_t now = clock_mono(t->loop->clock);
    loop_timer_at(t, delay < USEC_NEVER - now ? now + delay : USEC_NEVER);
}

void loop_timer_stop(struct loop_timer *t)
{
    if (t->node.place)
        heap_remove(&t->loop->timers, &t->node);
}

bool loop_timer_armed(const struct loop_timer *t)
{
    return t->node.place != 0;
}

usec_t loop_timer_deadline(const struct loop_timer *t)
{
    return t->node.place ? t->node.key : USEC_NEVER;
}

static void loop_run_timers(struct loop *l)
{
    l->in_timers = true;
    struct heap_node *n;
    while ((n = heap_min(&l->timers)) && n->key <= l->now) {
        struct loop_timer *t = (struct loop_timer *)(void *)n;
        heap_remove(&l->timers, n);
        t->cb(t->arg);
    }
    l->in_timers = false;
}

static void loop_on_wake(evutil_socket_t fd, short what, void *arg)
{
    uint64_t times;
    (void)what;
    if (read(fd, &times, sizeof times) > 0) /* else it has been armed anew meanwhile */
        ((struct loop *)arg)->wake_at = USEC_NEVER;
}

/* --- things to free --- */

void loop_free_later(struct loop *l, void (*fn)(void *p), void *p)
{
    if (l->garbage_count == l->garbage_cap) {
        size_t cap = l->garbage_cap ? 2 * l->garbage_cap : 64;
        struct loop_garbage *g = realloc(l->garbage, cap * sizeof(*g));
        if (!g)
            return; /* leaking it is the only safe thing left */
        l->garbage = g;
        l->garbage_cap = cap;
    }
    l->garbage[l->garbage_count++] = (struct loop_garbage){ fn, p };
}

static void loop_run_garbage(struct loop *l)
{
    for (size_t i = 0; i < l->garbage_count; i++) { /* may grow meanwhile */
        struct loop_garbage g = l->garbage[i];
        g.fn(g.p);
    }
    l->garbage_count = 0;
}

/* --- turns --- */

static usec_t loop_wait_time(struct loop *l, usec_t max_wait)
{
    if (l->stop || l->garbage_count || !task_list_empty(&l->tasks))
        return 0;
    usec_t wait = max_wait < LOOP_MAX_WAIT ? max_wait : LOOP_MAX_WAIT;
    struct heap_node *n = heap_min(&l->timers);
    if (n) {
        usec_t now = clock_mono(l->clock);
        if (n->key <= now)
            return 0;
        if (n->key - now < wait)
            wait = n->key - now;
    }
    return wait;
}

/* The wake-up is only moved when it must be: a little early costs one empty turn, most turns cost nothing. */
static void loop_arm_wake(struct loop *l, usec_t wait)
{
    usec_t now = clock_mono(l->clock), at = now + wait;
    if (l->wake_at > now && l->wake_at <= at && at - l->wake_at <= wait / 8)
        return;
    struct itimerspec in = { .it_value = { .tv_sec = (time_t)(wait / USEC_SEC),
                                           .tv_nsec = (long)(wait % USEC_SEC) * 1000 } };
    timerfd_settime(l->wake_fd, 0, &in, NULL);
    l->wake_at = at;
}

void loop_turn(struct loop *l, usec_t max_wait)
{
    l->turn++;
    usec_t wait = loop_wait_time(l, max_wait);
    int flags = EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY;
    if (wait <= 0)
        flags |= EVLOOP_NONBLOCK;
    else
        loop_arm_wake(l, wait);
    event_base_loop(l->base, flags);
    l->now = clock_mono(l->clock);
    loop_run_timers(l);
    loop_run_tasks(l);
    loop_run_garbage(l);
}

void loop_run(struct loop *l)
{
    while (!l->stop)
        loop_turn(l, USEC_NEVER);
    l->stop = false;
}

void loop_stop(struct loop *l)
{
    l->stop = true;
}

/* --- descriptors and signals --- */

static void watch_on_event(evutil_socket_t fd, short what, void *arg)
{
    struct loop_watch *w = arg;
    (void)fd;
    (void)what;
    w->cb(w->arg);
}

struct loop_watch *loop_watch_new(struct loop *l, int fd, void (*cb)(void *arg), void *arg, struct err *err)
{
    struct loop_watch *w = calloc(1, sizeof(*w));
    if (!w) {
        err_set(err, ERR_NOMEM, "out of memory");
        return NULL;
    }
    w->loop = l;
    w->cb = cb;
    w->arg = arg;
    event_assign(&w->ev, l->base, fd, EV_READ | EV_PERSIST, watch_on_event, w);
    if (event_add(&w->ev, NULL)) {
        err_set(err, ERR_IO, "cannot watch descriptor %d", fd);
        free(w);
        return NULL;
    }
    return w;
}

void loop_watch_free(struct loop_watch *w)
{
    if (!w)
        return;
    event_del(&w->ev);
    free(
        w); /* event_del takes it out of libevent's queues too, and watch_on_event touches nothing after cb */
}

static void signal_on_event(evutil_socket_t signo, short what, void *arg)
{
    struct loop_signal *s = arg;
    (void)what;
    s->cb((int)signo, s->arg);
}

bool loop_on_signal(struct loop *l, int signo, void (*cb)(int signo, void *arg), void *arg, struct err *err)
{
    struct loop_signal *s = calloc(1, sizeof(*s));
    if (!s)
        return err_set(err, ERR_NOMEM, "out of memory");
    s->cb = cb;
    s->arg = arg;
    evsignal_assign(&s->ev, l->base, signo, signal_on_event, s);
    if (event_add(&s->ev, NULL)) {
        free(s);
        return err_set(err, ERR_IO, "cannot catch signal %d", signo);
    }
    s->next = l->signals;
    l->signals = s;
    return true;
}

/* --- life --- */

static struct event_base *loop_base_new(void)
{
    struct event_config *cfg = event_config_new();
    if (!cfg)
        return NULL;
    event_config_set_flag(cfg, EVENT_BASE_FLAG_NOLOCK); /* one thread, so no locks */
    struct event_base *base = event_base_new_with_config(cfg);
    event_config_free(cfg);
    return base;
}

struct loop *loop_new(const struct clock *clock, struct err *err)
{
    struct loop *l = calloc(1, sizeof(*l));
    if (l) {
        l->base = loop_base_new();
        l->wake_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    }
    if (!l || !l->base || l->wake_fd < 0) {
        if (l && l->base)
            event_base_free(l->base);
        free(l);
        err_set(err, ERR_IO, "cannot make an event loop");
        return NULL;
    }
    signal(SIGPIPE, SIG_IGN); /* OpenSSL writes with write(2), which knows no MSG_NOSIGNAL */
    l->clock = clock ? clock : &l->own_clock;
    l->now = clock_mono(l->clock);
    l->wake_at = USEC_NEVER;
    l->turn = 1; /* 0 is a task that never ran */
    task_list_init(&l->tasks);
    task_list_init(&l->next_tasks);
    event_assign(&l->wake, l->base, l->wake_fd, EV_READ | EV_PERSIST, loop_on_wake, l);
    event_add(&l->wake, NULL);
    return l;
}

void loop_free(struct loop *l)
{
    if (!l)
        return;
    if (l->resolver.free)
        l->resolver.free(l->resolver.p);
    loop_run_garbage(l);
    while (l->signals) {
        struct loop_signal *s = l->signals;
        l->signals = s->next;
        event_del(&s->ev);
        free(s);
    }
    event_del(&l->wake);
    close(l->wake_fd);
    event_base_free(l->base);
    heap_free(&l->timers);
    free(l->garbage);
    free(l);
}
