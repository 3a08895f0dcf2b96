/* The event loop: one thread waits for descriptors, timers and signals and calls back.
 *
 * A turn is: wait; callbacks of readable descriptors and signals; timers that are due; deferred tasks (this
 * is where connections write what the turn produced, all at once); then whatever was given to loop_free_later
 * is freed. So nothing is freed inside a callback that may still be on the stack.
 *
 * Threads: a loop and everything made from it (timers, watches, connections, servers) belong to the thread
 * that runs it. Other threads wake it through a mailbox of base/ whose descriptor is watched here. Time:
 * absolute instants of clock_mono() of the clock given, in microseconds. */
#ifndef TESSERA_NET_LOOP_H
#define TESSERA_NET_LOOP_H

#include "base/clock.h"
#include "base/err.h"
#include "base/heap.h"

#include <stdbool.h>
#include <stdint.h>

struct loop;

/* `clock` must outlive the loop; NULL is the system's clock. Ignores SIGPIPE for the process. */
struct loop *loop_new(const struct clock *clock, struct err *err);
/* Timers and watches must be gone or never touched again; connections, listeners and servers freed before. */
void loop_free(struct loop *l);
void loop_run(struct loop *l); /* until loop_stop */
/* loop_run() returns at the end of this turn; kept when called before it. */
void loop_stop(struct loop *l);
/* One turn, waiting at most `max_wait` microseconds for something to happen (0: poll). For tests and tools.
 */
void loop_turn(struct loop *l, usec_t max_wait);
/* clock_mono read once after the wait of this turn: cheap. */
usec_t loop_now(const struct loop *l);
const struct clock *loop_clock(const struct loop *l);

/* --- timers: embed, loop_timer_init once, arm and re-arm freely (a heap move, no system call, no allocation
 * once warm). One shot. A deadline in the past fires at the next turn's timers at the latest, never inside
 * the arming call. Out of memory while arming ends the process: a lost timer would hang a session for ever.
 * --- */
struct loop_timer {
    struct heap_node node; /* private */
    struct loop *loop;
    void (*cb)(void *arg);
    void *arg;
};

void loop_timer_init(struct loop_timer *t, struct loop *l, void (*cb)(void *arg), void *arg);
void loop_timer_at(struct loop_timer *t, usec_t deadline); /* USEC_NEVER disarms */
void loop_timer_in(struct loop_timer *t, usec_t delay);    /* from the clock now, not from loop_now */
void loop_timer_stop(struct loop_timer *t); /* fine when not armed, or never initialised ({0}) */
bool loop_timer_armed(const struct loop_timer *t);
usec_t loop_timer_deadline(const struct loop_timer *t); /* USEC_NEVER when not armed */

/* --- deferred work: runs at the end of this turn, once however often it was asked for. A task that defers
 * itself again from its own callback runs at the end of the next turn, which then does not wait. --- */
struct loop_task {
    struct loop_task *next, *prev; /* private */
    struct loop *loop;
    void (*cb)(void *arg);
    void *arg;
    uint64_t turn; /* private: last turn it ran in */
};

void loop_task_init(struct loop_task *t, struct loop *l, void (*cb)(void *arg), void *arg);
void loop_defer(struct loop_task *t);
void loop_task_cancel(struct loop_task *t); /* fine when not deferred, or never initialised ({0}) */

/* fn(p) at the very end of this turn, after all callbacks and tasks. */
void loop_free_later(struct loop *l, void (*fn)(void *p), void *p);

/* --- descriptors (mailboxes): cb each turn in which fd is readable. The descriptor stays the caller's and
 * must outlive the watch. --- */
struct loop_watch;
struct loop_watch *loop_watch_new(struct loop *l, int fd, void (*cb)(void *arg), void *arg, struct err *err);
void loop_watch_free(struct loop_watch *w); /* no callback after this, also not in this turn; NULL is fine */

/* --- signals: cb in the loop's thread, until loop_free. Only one loop of a process may take signals. --- */
bool loop_on_signal(struct loop *l, int signo, void (*cb)(int signo, void *arg), void *arg, struct err *err);

#endif
