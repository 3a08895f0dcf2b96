#include "engine/attempts.h"

#include <stdlib.h>

#define ATTEMPTS_JITTER (500 * USEC_MS)

static void attempts_go(void *arg);

void attempts_init(struct attempts *a, struct loop *l, struct rnd *rnd)
{
    *a = (struct attempts){ .loop = l, .rnd = rnd };
    loop_timer_init(&a->timer, l, attempts_go, a);
}

void attempts_free(struct attempts *a)
{
    loop_timer_stop(&a->timer);
    free(a->at);
    a->at = NULL;
    a->n = a->limit = 0;
}

usec_t attempts_next(const struct attempts *a)
{
    return a->limit == 0 || a->n < a->limit ? 0 : a->at[a->head] + USEC_MINUTE;
}

static void attempts_note(struct attempts *a)
{
    if (a->limit == 0) {
        return;
    }
    a->at[(a->head + a->n) % a->limit] = loop_now(a->loop);
    if (a->n < a->limit) {
        a->n++;
    } else {
        a->head = (a->head + 1) % a->limit;
    }
}

static void attempts_arm(struct attempts *a)
{
    if (a->first == NULL) {
        loop_timer_stop(&a->timer);
        return;
    }
    usec_t at = attempts_next(a), now = loop_now(a->loop);
    loop_timer_at(&a->timer, (at > now ? at : now) + (usec_t)rnd_below(a->rnd, ATTEMPTS_JITTER));
}

static void attempts_go(void *arg)
{
    struct attempts *a = arg;
    struct attempt *t = a->first;
    if (t != NULL && attempts_next(a) <= loop_now(a->loop)) {
        attempts_cancel(t);
        attempts_note(a);
        t->go(t->arg);
    }
    attempts_arm(a);
}

bool attempts_ask(struct attempts *a, struct attempt *t)
{
    if (t->queue != NULL) {
        return false;
    }
    if (a->first == NULL && attempts_next(a) <= loop_now(a->loop)) {
        attempts_note(a);
        return true;
    }
    t->queue = a;
    t->next = NULL;
    t->prev = a->last;
    *(a->last != NULL ? &a->last->next : &a->first) = t;
    a->last = t;
    a->waiting++;
    if (!loop_timer_armed(&a->timer)) {
        attempts_arm(a);
    }
    return false;
}

void attempts_cancel(struct attempt *t)
{
    struct attempts *a = t->queue;
    if (a == NULL) {
        return;
    }
    *(t->prev != NULL ? &t->prev->next : &a->first) = t->next;
    *(t->next != NULL ? &t->next->prev : &a->last) = t->prev;
    t->queue = NULL;
    t->next = t->prev = NULL;
    a->waiting--;
}

bool attempts_set_limit(struct attempts *a, unsigned limit)
{
    if (limit == a->limit) {
        return true;
    }
    usec_t *at = limit > 0 ? calloc(limit, sizeof *at) : NULL;
    if (limit > 0 && at == NULL) {
        return false;
    }
    unsigned keep = a->n < limit ? a->n : limit; /* the latest */
    for (unsigned i = 0; i < keep; i++) {
        at[i] = a->at[(a->head + a->n - keep + i) % a->limit];
    }
    free(a->at);
    a->at = at;
    a->limit = limit;
    a->n = keep;
    a->head = 0;
    attempts_arm(a);
    return true;
}
