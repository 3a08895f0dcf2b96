/* `p_alive` of a range of customers: a probability at nine digits. */
#include "audience/alive.h"
#include "audience/eval_internal.h"

#include <math.h>
#include <stdlib.h>

#define DIGITS 9

/* Given, stored, or worked out here: once an evaluation. */
const struct bgnbd *eval_alive_model(struct eval *ev)
{
    struct alive_fit fit;
    if (ev->o->alive)
        return ev->o->alive;
    if (ev->alive.r > 0)
        return &ev->alive;
    if (!alive_fit_get(ev->view, &fit) && !alive_fit_make(ev->view, ev->o->now, ev->o->zone, &fit, ev->err))
        return NULL;
    ev->alive = fit.model;
    return &ev->alive;
}

int64_t eval_alive_value(const struct eval *ev, const struct bgnbd *m, const struct alive_history *h)
{
    if (h->days == 0)
        return PACKED_UNSET;
    return llround(alive_probability(m, h, ev->time.today) * 1e9);
}

bool eval_alive(struct eval *ev, struct eval_range range, struct eval_numbers *out)
{
    const struct bgnbd *m = eval_alive_model(ev);
    if (!m || !eval_numbers_alloc(ev, range, PACKED_UNSET, out))
        return false;
    struct alive_history *h = malloc((range.n ? range.n : 1) * sizeof *h);
    if (!h)
        return eval_nomem(ev);
    out->scale = DIGITS;
    bool ok = alive_histories(ev->txn, ev->o->now, ev->o->zone, range.first, range.n, h) || eval_torn(ev);
    for (size_t i = 0; ok && i < range.n; i++)
        out->v[i] = eval_alive_value(ev, m, &h[i]);
    free(h);
    return ok;
}
