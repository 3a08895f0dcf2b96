/* A thread that runs jobs one after the other for the loop: run() on the thread, then done() on the loop. A
 * job belongs to run() until it returns, before and after to the loop; done() is called exactly once for each
 * that was taken, also for those that were not run. Every function is the loop's. */
#ifndef TESSERA_ENGINE_WORKER_H
#define TESSERA_ENGINE_WORKER_H

#include "base/err.h"
#include "net/loop.h"

#include <stdbool.h>
#include <stddef.h>

struct worker;

/* `limit`: most jobs waiting or running. */
struct worker *worker_new(struct loop *l, const char *name, size_t limit, struct err *e);
/* Waits for the job that runs, calls done() of all that were given (those not run too, see worker_submit),
 * frees. */
void worker_free(struct worker *w);

/* False when the limit is reached: nothing is called. `run` gets a flag it may look at: true when the worker
 * is being freed and the job should give up (or do nothing at all). */
bool worker_submit(struct worker *w, void (*run)(void *job, bool stopping), void (*done)(void *job),
                   void *job);

#endif
