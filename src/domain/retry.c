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

usec_t retry_at(const struct retry_policy *p, uint32_t failures, usec_t now, struct rnd *r)
{
    usec_t delay = retry_delay(p, failures, r), at;
    return delay == USEC_NEVER || __builtin_add_overflow(now, delay, &at) ? USEC_NEVER : at;
}

const char *retry_action_name(enum retry_action a)
{
    static const char *const names[] = {
        [RETRY_DONE] = "done",     [RETRY_LATER] = "later",     [RETRY_SLOWER] = "slower",
        [RETRY_REBIND] = "rebind", [RETRY_GIVE_UP] = "give_up",
    };
    return (unsigned)a < sizeof names / sizeof *names ? names[a] : "?";
}

enum retry_action retry_action_for(enum smpp_status_class c)
{
    switch (c) {
    case SMPP_CLASS_OK: return RETRY_DONE;
    case SMPP_CLASS_TEMPORARY: return RETRY_LATER;
    case SMPP_CLASS_THROTTLED: return RETRY_SLOWER;
    case SMPP_CLASS_BIND_FAULT: return RETRY_REBIND;
    case SMPP_CLASS_PERMANENT: break;
    }
    return RETRY_GIVE_UP; /* also for what is not a class: repeating what nobody understands is not safe */
}

bool retry_bind_again(uint32_t status)
{
    return status != SMPP_ESME_RINVPASWD && status != SMPP_ESME_RINVSYSID;
}
