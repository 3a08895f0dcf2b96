/* For net/ only: what the other files of this folder need of the loop's inside. */
#ifndef TESSERA_NET_LOOP_BASE_H
#define TESSERA_NET_LOOP_BASE_H

#include "net/loop.h"

#include <event2/event.h>
#include <event2/event_struct.h>

struct event_base *loop_base(struct loop *l);

/* The place of the loop's one resolver (net/resolve.h): made on first use, freed with the loop. */
struct loop_slot {
    void *p;
    void (*free)(void *p);
};
struct loop_slot *loop_resolver_slot(struct loop *l);

#endif
