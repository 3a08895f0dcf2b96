/* Which of a carrier's hosts a bind tries next, and how long it waits when all have failed: each host at most
 * once a round, in the order of the configuration and without a pause; the pause comes after the round. It
 * grows with the rounds that failed; a carrier that still has our old session (a crash, a half-open
 * connection) is given `already_bound_wait` to notice. */
#ifndef TESSERA_ENGINE_LINK_HOSTS_H
#define TESSERA_ENGINE_LINK_HOSTS_H

#include "base/random.h"
#include "engine/options.h"

struct link_hosts {
    unsigned host;     /* index: in use, or to be tried next */
    unsigned tried;    /* hosts that have failed in this round */
    unsigned most;     /* one round over so many only; 0: over all of them, round after round */
    unsigned failures; /* rounds since it was last bound for a while */
    bool held;         /* in this round a host said that we are bound already */
    unsigned holds;    /* rounds in which one did */
};

void link_hosts_begin(struct link_hosts *h);  /* at the first host */
void link_hosts_bound(struct link_hosts *h);  /* from now on like any other bind */
void link_hosts_steady(struct link_hosts *h); /* was bound for a while: the past is forgotten */
/* The current host has failed. False: it was the last one of this round. */
bool link_hosts_next(struct link_hosts *h, const struct carrier_options *o);
/* The round has failed: the pause before the next one, which begins at the first host. */
usec_t link_hosts_pause(struct link_hosts *h, const struct carrier_options *o, struct rnd *rnd);

#endif
