/* Inside of watch*.c: what the answer of a query depends on, and how a state is stored. */
#ifndef TESSERA_AUDIENCE_WATCH_INSIDE_H
#define TESSERA_AUDIENCE_WATCH_INSIDE_H

#include "audience/watch.h"

struct watch_class {        /* of a segment with all it refers to; nothing: of each customer's record alone */
    bool events;            /* asks about events */
    bool days;              /* another answer on another day, or in another zone */
    bool hours;             /* at any time */
    bool population, alive; /* one customer's answer depends on others; p_alive is among it */
    uint64_t stamp;         /* another one: a query was changed */
};
/* False with *e: something in it does not parse, or is not there. */
bool watch_classify(struct catalog_txn *t, const struct segment *s, const struct query_limits *limits,
                    struct watch_class *out, struct err *e);

#endif
