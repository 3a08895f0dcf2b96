#include "simulator/outcomes.h"

#include "simulator/number.h"
#include "smpp/status.h"

static unsigned outcomes_state(struct strv name)
{
    if (strv_eq_c(name, "undelivered"))
        return SMPP_STATE_UNDELIVERABLE;
    for (unsigned state = SMPP_STATE_DELIVERED; state <= SMPP_STATE_SKIPPED; state++)
        if (smpp_state_name(state) && strv_eq_c(name, smpp_state_name(state)) && smpp_state_is_final(state))
            return state;
    return SMPP_STATE_NONE;
}

bool outcomes_parse(struct strv text, struct outcomes *out, struct err *err)
{
    struct outcomes o = { 0 };
    double sum = 0, weight;
    struct strv row, name;
    while (strv_next(&text, ',', &row)) {
        struct strv value = row;
        strv_next(&value, '=', &name);
        unsigned state = outcomes_state(name);
        if (state == SMPP_STATE_NONE)
            return err_set(err, ERR_INVALID, "no such outcome: \"" STRV_FMT "\"", STRV_ARG(name));
        if (!number_parse_fraction(value, &weight))
            return err_set(err, ERR_INVALID, "the weight of " STRV_FMT " is no number", STRV_ARG(name));
        if (o.count == OUTCOMES_MAX)
            return err_set(err, ERR_LIMIT, "too many outcomes");
        o.state[o.count] = (unsigned char)state;
        o.upto[o.count++] = sum += weight;
    }
    if (!(sum > 0))
        return err_set(err, ERR_INVALID, "outcomes need a weight above 0");
    *out = o;
    return true;
}

unsigned outcomes_pick(const struct outcomes *o, struct rnd *rnd)
{
    double x = rnd_unit(rnd) * o->upto[o->count - 1];
    unsigned i = 0;
    while (i + 1 < o->count && x >= o->upto[i])
        i++;
    return o->state[i];
}

unsigned outcomes_error(unsigned state)
{
    switch (state) {
    case SMPP_STATE_DELIVERED:
    case SMPP_STATE_SKIPPED: return 0;
    case SMPP_STATE_UNDELIVERABLE: return 27; /* absent subscriber, TS 29.002 */
    case SMPP_STATE_EXPIRED: return 31;
    case SMPP_STATE_REJECTED: return 21;
    default: return 99;
    }
}
