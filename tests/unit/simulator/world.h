/* A simulator and its loop, for the tests of what a client sees: setup, teardown, and begin with the options
 * set. */
#ifndef TESSERA_TEST_WORLD_H
#define TESSERA_TEST_WORLD_H

#include "esme.h"

#include <unistd.h>

struct world {
    struct loop *loop;
    struct simulator_options o;
    struct simulator *sim;
    char journal[64];
};

static inline int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    w->loop = loop_new(NULL, NULL);
    simulator_defaults(&w->o);
    w->o.listen = "127.0.0.1:0";
    w->o.receipt_delay = 0;
    w->o.seed = 1;
    *state = w;
    return w->loop ? 0 : -1;
}

static inline int teardown(void **state)
{
    struct world *w = *state;
    simulator_free(w->sim);
    loop_free(w->loop);
    if (w->journal[0])
        unlink(w->journal);
    free(w);
    return 0;
}

static inline struct esme *begin(struct world *w)
{
    struct err err = { 0 };
    w->sim = simulator_new(w->loop, &w->o, &err);
    if (!w->sim)
        fail_msg("%s", err.text);
    struct esme *e = esme_connect(w->loop, simulator_port(w->sim), NULL, NULL);
    ESME_UNTIL(w->loop, e->bound || e->conn_closed);
    return e;
}

static inline const struct simulator_stats *st(const struct world *w)
{
    return simulator_stats(w->sim);
}

#endif
