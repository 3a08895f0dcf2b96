/* How often binds are tried, over all carriers: at most `limit` attempts in any minute, so that a broken
 * network does not become a storm of binds that locks us out. An attempt that has to wait takes its place
 * behind those that wait already and is called when it is its turn, a random moment later than need be so
 * that binds do not go together. Only the loop's thread. */
#ifndef TESSERA_ENGINE_ATTEMPTS_H
#define TESSERA_ENGINE_ATTEMPTS_H

#include "base/random.h"
#include "net/loop.h"

#define ATTEMPTS_MAX 10000 /* a minute */

/* Embedded by who makes attempts; {0} with `go` and `arg` set. It must be cancelled before it goes. */
struct attempt {
    struct attempt *next, *prev;
    struct attempts *queue; /* it waits in */
    void (*go)(void *arg);
    void *arg;
};

struct attempts {
    struct loop *loop;
    struct rnd *rnd;
    usec_t *at;              /* ring of the instants of the last `limit` attempts, mono */
    unsigned limit, n, head; /* limit 0: none; head: the oldest of n */
    struct attempt *first, *last;
    unsigned waiting;
    struct loop_timer timer;
};

/* `rnd` is kept by pointer. */
void attempts_init(struct attempts *a, struct loop *l, struct rnd *rnd);
void attempts_free(struct attempts *a);
/* 0: no limit. What was tried in the last minute counts on. False: no memory, and the limit stays. */
bool attempts_set_limit(struct attempts *a, unsigned limit);
/* True: now. False: `t->go(arg)` will be called, never from in here; asking again changes nothing. */
bool attempts_ask(struct attempts *a, struct attempt *t);
void attempts_cancel(struct attempt *t);        /* fine when it does not wait */
usec_t attempts_next(const struct attempts *a); /* mono, when the first that waits may go; 0: at once */

#endif
