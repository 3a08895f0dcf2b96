#include "engine/link_hosts.h"

#include "domain/retry.h"

#define LINK_HOLD_JITTER 0.1

void link_hosts_begin(struct link_hosts *h)
{
    h->host = h->tried = 0;
}

void link_hosts_bound(struct link_hosts *h)
{
    h->most = 0;
    h->held = false;
}

void link_hosts_steady(struct link_hosts *h)
{
    h->failures = h->tried = h->holds = 0;
}

static unsigned link_hosts_count(const struct link_hosts *h, const struct carrier_options *o)
{
    return h->most > 0 && h->most < o->n_hosts ? h->most : (unsigned)o->n_hosts;
}

bool link_hosts_next(struct link_hosts *h, const struct carrier_options *o)
{
    unsigned n = link_hosts_count(h, o);
    if (++h->tried >= n) {
        return false;
    }
    h->host = (h->host + 1) % n;
    return true;
}

usec_t link_hosts_pause(struct link_hosts *h, const struct carrier_options *o, struct rnd *rnd)
{
    struct retry_policy policy = RETRY_BINDS;
    bool held = h->held;
    policy.first = o->reconnect_min;
    policy.cap = o->reconnect_max;
    link_hosts_begin(h);
    h->held = false;
    h->failures++;
    if (!held) {
        h->holds = 0;
        return retry_delay(&policy, h->failures, rnd);
    }
    policy.first = o->already_bound_wait > policy.first ? o->already_bound_wait : policy.first;
    policy.cap = policy.cap > policy.first ? policy.cap : policy.first;
    policy.jitter = LINK_HOLD_JITTER;
    return retry_delay(&policy, ++h->holds, rnd);
}
