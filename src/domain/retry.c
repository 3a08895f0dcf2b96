#include "domain/retry.h"

usec_t retry_delay(const struct retry_policy *p, uint32_t failures, struct rnd *r)
{
    if (p->tries != 0 && failures >= p->tries) {
        return USEC_NEVER;
    }
    double delay = (double)p->first, cap = (double)p->cap;
    for (uint32_t i = 1; i < failures && delay < cap && p->factor > 1; i++) {
        delay *= p->factor;
    }
    delay = delay < cap ? delay : cap;
    if (r) {
        delay -= delay * p->jitter * rnd_unit(r);
    }
    return delay < 1 ? 1 : (usec_t)delay;
}

bool retry_bind_again(uint32_t status)
{
    return status != SMPP_ESME_RINVPASWD && status != SMPP_ESME_RINVSYSID;
}
