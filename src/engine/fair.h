/* Whose turn it is inside a lane of a carrier: single messages (weight 1) and campaigns by their weights,
 * counted in parts. Start-time fair queueing: each has a virtual time that runs on by parts / weight with
 * what it sends; the one whose time is earliest is next. One that had nothing to send begins at the present,
 * so that it neither has saved up a burst nor owes anything. Pure. */
#ifndef TESSERA_ENGINE_FAIR_H
#define TESSERA_ENGINE_FAIR_H

#include "base/hmap.h"
#include "domain/message.h"

struct fair {
    uint64_t now[CLASS_COUNT], singles[CLASS_COUNT];
    struct hmap campaigns; /* id -> its time */
};

void fair_free(struct fair *f);
/* When the next part of a campaign (0: single messages) is due: the smaller goes first. */
uint64_t fair_start(const struct fair *f, enum message_class class_, uint32_t campaign);
/* It goes now. Weight 0 counts as 1. */
void fair_take(struct fair *f, enum message_class class_, uint32_t campaign, unsigned weight, unsigned parts);

#endif
