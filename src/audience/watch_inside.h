/* Inside of watch*.c: what the answer of a query depends on, and how a state is stored. */
#ifndef TESSERA_AUDIENCE_WATCH_INSIDE_H
#define TESSERA_AUDIENCE_WATCH_INSIDE_H

#include "audience/watch.h"

struct watch_window { /* over the events of one type */
    uint16_t type;
    struct query_window window;
};

struct watch_class {        /* of a segment with all it refers to; nothing: of each customer's record alone */
    bool events;            /* asks about events */
    bool days;              /* anybody may have another answer on another day, or in another zone */
    bool zoned;             /* likewise only in another zone: windows of the calendar */
    bool hours;             /* at any time */
    bool population, alive; /* one customer's answer depends on others; p_alive is among it */
    uint64_t stamp;         /* another one: a query was changed */
    struct watch_window *windows; /* all there are: whoever has no event near their borders stays as he is */
    size_t n_windows;
    uint32_t *ago; /* days so many hours ago count: another day, perhaps another answer of anybody */
    size_t n_ago;
};
/* False with *e: something in it does not parse, or is not there. Free in any case. */
bool watch_classify(struct audience_view *v, const struct segment *s, const struct query_limits *limits,
                    struct watch_class *out, struct err *e);
void watch_class_free(struct watch_class *c);

struct watch_slid { /* between two looks */
    usec_t from, to;
    const struct zone *zone;
    bool ahead; /* at the first there were events of later */
};
/* Adds to `among` the customers who had an event that came into or fell out of a window by time alone. */
bool watch_slide(struct catalog_txn *t, const struct watch_class *c, const struct watch_slid *s,
                 struct audience_set *among, struct err *e);

/* Looks that found nothing to do, since the state that is stored. */
struct watch_idle;
struct watch_idle *watch_idle_new(void); /* NULL: no memory */
void watch_idle_free(struct watch_idle *x);
void watch_idle_note(struct watch_idle *x, struct strv name, const struct watch_state *stored, usec_t now);
/* Brings a stored state up to date. */
void watch_idle_add(struct watch_idle *x, struct strv name, struct watch_state *s);

#endif
