#include "engine/rates.h"

#include "engine/internal.h"

#include <stdlib.h>
#include <string.h>

#define TURN_GRACE (50 * USEC_MS) /* a carrier may be so late: half of what a burst is by default */
#define CLAIM_LOOK USEC_MS        /* claims under way fill the burst: look again */

/* --- the list --- */

void rates_free(struct rates *r)
{
    route_free(r->keys);
    free(r->list);
    *r = (struct rates){ .generation = r->generation };
}

static bool rates_add_key(struct route *keys, const struct rate_options *o, struct err *e)
{
    struct route_candidate any = { .weight = 1 };
    struct route_rule rule = { .prefix = strv_from(o->prefix),
                               .region = strv_from(o->region),
                               .class_ = strv_from(o->class_),
                               .sender = strv_from(o->sender),
                               .candidates = &any,
                               .n_candidates = 1 };
    return route_add_rule(keys, &rule, e);
}

static bool rates_make(struct rates *r, const struct engine_options *o, struct err *e)
{
    *r = (struct rates){ .n = o->n_rates };
    if (r->n == 0) {
        return true;
    }
    r->keys = route_new();
    r->list = calloc(r->n, sizeof *r->list);
    if (r->keys == NULL || r->list == NULL) {
        rates_free(r);
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    for (size_t i = 0; i < r->n; i++) {
        if (!rates_add_key(r->keys, &o->rates[i], e)) {
            rates_free(r);
            return false;
        }
        r->list[i] = (struct rate_limit){ .o = o->rates[i], .carrier = -1, .turn = -1, .next = -1 };
    }
    return true;
}

bool rates_check(const struct engine_options *o, struct err *e)
{
    struct rates r;
    bool ok = rates_make(&r, o, e);
    rates_free(&r);
    return ok && rates_overlap_check(o->rates, o->n_rates, e);
}

static bool rates_same_keys(const struct rate_options *a, const struct rate_options *b)
{
    return strcmp(a->prefix, b->prefix) == 0 && strcmp(a->region, b->region) == 0 &&
           strcmp(a->class_, b->class_) == 0 && strcmp(a->sender, b->sender) == 0 &&
           strcmp(a->carrier, b->carrier) == 0;
}

/* The carrier that is not known (any more) holds for nothing. */
static int rates_carrier(const struct engine *g, const char *name)
{
    for (size_t i = 0; i < g->n_carriers; i++) {
        if (strcmp(g->carriers[i]->o.name, name) == 0) {
            return (int)i;
        }
    }
    return INT32_MAX;
}

bool rates_set(struct engine *g, const struct engine_options *o, struct err *e)
{
    struct rates fresh, *old = &g->rates;
    usec_t now = engine_mono(g);
    if (!rates_make(&fresh, o, e)) {
        return false;
    }
    for (size_t i = 0; i < fresh.n; i++) {
        struct rate_limit *l = &fresh.list[i];
        l->carrier = l->o.carrier[0] ? rates_carrier(g, l->o.carrier) : -1;
        bucket_init(&l->bucket, l->o.rate, l->o.burst, now);
        for (size_t k = 0; k < old->n; k++) {
            if (rates_same_keys(&l->o, &old->list[k].o)) {
                l->bucket = old->list[k].bucket;
                bucket_set_rate(&l->bucket, l->o.rate, l->o.burst, now);
            }
        }
    }
    fresh.generation = old->generation + 1;
    rates_free(old);
    *old = fresh;
    for (size_t i = 0; i < g->n_carriers; i++) {
        aside_forget(g->carriers[i]);
        dispatch_kick(g->carriers[i]);
    }
    return true;
}

/* --- a message's --- */

void rates_resolve(struct carrier *c, struct outgoing *o)
{
    struct engine *g = c->g;
    const struct rates *r = &g->rates;
    if (o->limits_of == r->generation) {
        return;
    }
    struct route_query q = { .number = o->m.to,
                             .region = strv_from(clocks_region(g->facts->clocks, o->clock)),
                             .class_ = o->m.class_,
                             .sender = o->m.sender };
    o->limits_of = r->generation;
    o->n_limits = 0;
    o->limits_over = false;
    for (size_t i = 0; i < r->n; i++) {
        if ((r->list[i].carrier != -1 && r->list[i].carrier != c->number) ||
            route_rule_why(r->keys, i + 1, &q) != ROUTE_MATCHES) {
            continue;
        }
        o->limits_over = o->n_limits == OUTGOING_LIMITS;
        if (o->limits_over) { /* it stays: a limit that is forgotten would be one that is exceeded */
            log_event(g->log, LOG_WARN, "too_many_rates", "carrier=%s message=%llu rates=%d", c->o.name,
                      (unsigned long long)o->m.id, OUTGOING_LIMITS);
            break;
        }
        o->limits[o->n_limits++] = (uint16_t)i;
    }
}

static struct rate_flow rates_flow(const struct outgoing *o)
{
    bool turns = o->campaign != NULL || o->m.parked; /* what is stored of it otherwise has had its turn */
    return (struct rate_flow){ o->m.class_, turns ? o->m.campaign : 0 };
}

/* Whether `f` comes before those of the same carrier that have the turn. */
static bool rates_is_before(const struct carrier *c, struct rate_flow f, struct rate_flow holds)
{
    if (f.class_ != holds.class_) {
        return f.class_ < holds.class_;
    }
    return f.campaign == holds.campaign ||
           fair_start(&c->fair, f.class_, f.campaign) < fair_start(&c->fair, holds.class_, holds.campaign);
}

usec_t rates_when(struct carrier *c, const struct outgoing *o, unsigned i, int64_t cost, usec_t now)
{
    struct rate_flow f = rates_flow(o);
    struct rate_limit *l = &c->g->rates.list[o->limits[i]];
    usec_t when = bucket_when(&l->bucket, cost, now);
    if (l->claiming > 0 && l->claiming + cost > l->bucket.burst) {
        when = when > now ? when : now + CLAIM_LOOK; /* a slow disk, and they would go all at once */
    }
    if (l->turn != -1 && l->turn != c->number && l->turn_until > now) {
        l->next = c->number;
        l->next_of = f;
        l->next_cost = cost;
        return when > l->turn_until ? when : l->turn_until;
    }
    if (l->turn != -1 && l->turn_until > now && !rates_is_before(c, f, l->turn_of)) {
        return when > l->turn_until ? when : l->turn_until;
    }
    if (when > now) {
        l->turn = c->number;
        l->turn_of = f;
        l->turn_until = when == USEC_NEVER ? when : when + TURN_GRACE;
    }
    return when;
}

bool rates_is_turn(const struct carrier *c, size_t limit)
{
    int turn = c->g->rates.list[limit].turn;
    return turn == -1 || turn == c->number;
}

/* The carrier has had its turn: the one that asked meanwhile is next, and looks at once. */
static void rates_pass_on(struct carrier *c, struct rate_limit *l)
{
    struct engine *g = c->g;
    int next = l->next;
    l->turn = l->turn == c->number ? -1 : l->turn;
    l->next = -1;
    if (l->turn == -1 && next != -1 && next != c->number) {
        usec_t now = engine_mono(g), when = bucket_when(&l->bucket, l->next_cost, now);
        l->turn = next;
        l->turn_of = l->next_of;
        l->turn_until = when == USEC_NEVER ? when : when + TURN_GRACE;
        dispatch_kick(g->carriers[next]);
    }
}

void rates_add(struct carrier *c, struct outgoing *o, struct throttle *t)
{
    rates_resolve(c, o);
    for (unsigned i = 0; i < o->n_limits; i++) {
        throttle_add(t, &c->g->rates.list[o->limits[i]].bucket, "rates");
    }
    if (o->limits_over) {
        throttle_not_before(t, USEC_NEVER, "too many rates");
    }
}

void rates_claim(struct carrier *c, const struct outgoing *o, unsigned parts)
{
    for (unsigned i = 0; o->limits_of == c->g->rates.generation && i < o->n_limits; i++) {
        struct rate_limit *l = &c->g->rates.list[o->limits[i]];
        l->claiming += parts;
        rates_pass_on(c, l);
    }
}

void rates_claimed(struct carrier *c, const struct outgoing *o, unsigned parts, bool late, usec_t now)
{
    if (o->limits_of != c->g->rates.generation) {
        return; /* others hold since a reload */
    }
    for (unsigned i = 0; i < o->n_limits; i++) {
        struct rate_limit *l = &c->g->rates.list[o->limits[i]];
        if (late) {
            bucket_lower(&l->bucket, l->bucket.burst - l->claiming, now);
        }
        l->claiming -= parts;
    }
}
