#include "engine/routing.h"

#include "domain/numbering.h"
#include "engine/internal.h"

#include <stdlib.h>

#define MOVE_AHEAD    4096 /* of a look-ahead that single messages are put into */
#define FAILING_LEAST 20   /* submissions in a minute, before their failures mean anything */

/* --- rules --- */

bool routing_add_rules(struct route *r, const struct engine_options *o,
                       int (*number)(const void *ctx, const char *name), const void *ctx, struct err *e)
{
    for (size_t i = 0; i < o->n_routes; i++) {
        const struct route_options *w = &o->routes[i];
        struct route_candidate list[ROUTE_MAX_CANDIDATES];
        struct route_rule rule = { .prefix = strv_from(w->prefix),
                                   .region = strv_from(w->region),
                                   .class_ = strv_from(w->class_),
                                   .sender = strv_from(w->sender),
                                   .campaign = strv_from(w->campaign),
                                   .tag = strv_from(w->tag),
                                   .candidates = list,
                                   .n_candidates = w->n_carriers };
        for (size_t k = 0; k < w->n_carriers; k++) {
            int n = number(ctx, w->carriers[k].name);
            if (n < 0) {
                return err_set(e, ERR_INVALID, "route %zu: there is no carrier \"%s\"", i + 1,
                               w->carriers[k].name);
            }
            list[k] = (struct route_candidate){ (uint16_t)n, w->carriers[k].weight, w->carriers[k].cost };
        }
        if (!route_strategy_parse(strv_from(w->strategy), &rule.strategy)) {
            return err_set(e, ERR_INVALID, "route %zu: strategy \"%s\"", i + 1, w->strategy);
        }
        if (!route_add_rule(r, &rule, e)) {
            return err_prefix(e, "route %zu", i + 1);
        }
    }
    return true;
}

void routing_fill_query(const struct engine *g, struct route_query *q)
{
    struct numbering_hit hit;
    if (route_asks_region(g->route) && numbering_lookup(g->facts->shared->numbering, q->number, &hit)) {
        q->region = strv_from(hit.region);
    }
}

bool routing_choose(struct engine *g, uint64_t number, enum message_class class_, struct strv sender,
                    const struct campaign *m, struct strv tag, struct route_choice *out)
{
    struct route_query q = { .number = number, .class_ = class_, .sender = sender, .tag = tag };
    q.campaign = m != NULL ? m->spec.name : q.campaign;
    routing_fill_query(g, &q);
    return route_choose(g->route, &q, g->health, rnd_u64(&g->rnd), out);
}

int64_t routing_cost(const struct engine *g, const struct message *m)
{
    if (!route_has_costs(g->route)) {
        return 0;
    }
    const struct campaign *by = m->campaign != 0 ? campaign_by_id(g, m->campaign) : NULL;
    struct route_query q = { .number = m->to, .class_ = m->class_, .sender = m->sender, .tag = m->tag };
    q.campaign = by != NULL ? by->spec.name : q.campaign;
    routing_fill_query(g, &q);
    return route_cost(g->route, &q, m->carrier);
}

/* --- health --- */

static enum route_health routing_health(struct carrier *c)
{
    usec_t now = engine_mono(c->g);
    if (!c->configured) {
        return ROUTE_REMOVED;
    }
    if (c->paused) {
        return ROUTE_PAUSED;
    }
    if (!carrier_bound(c)) {
        return ROUTE_DOWN;
    }
    if (adaptive_is_stuck(&c->adaptive, now)) {
        return ROUTE_THROTTLED;
    }
    struct failures_sum s = failures_of_minute(&c->routing.failures, now);
    return c->o.max_failures > 0 && s.all >= FAILING_LEAST && s.bad * 100 >= s.all * c->o.max_failures
               ? ROUTE_FAILING
               : ROUTE_UP;
}

void routing_note(struct carrier *c, bool bad)
{
    failures_note(&c->routing.failures, engine_mono(c->g), bad);
}

static void routing_take(struct carrier *c, enum route_health h)
{
    struct engine *g = c->g;
    if (g->health[c->number] == ROUTE_UP && h != ROUTE_UP) {
        c->routing.unfit_since = engine_mono(g);
        c->routing.look_again = c->routing.unfit_since + g->o.reroute_after;
    }
    g->health[c->number] = (uint8_t)h;
}

void routing_look(struct carrier *c)
{
    struct engine *g = c->g;
    enum route_health before = g->health[c->number], h = routing_health(c);
    if (h == before || g->draining || g->closing || g->route == NULL) {
        return;
    }
    routing_take(c, h);
    if (route_rule_count(g->route) == 0) {
        return; /* prefixes decide whatever the health */
    }
    log_event(g->log, h == ROUTE_UP ? LOG_INFO : LOG_WARN, "route_health", "carrier=%s health=%s before=%s",
              c->o.name, route_health_name(h), route_health_name(before));
    for (size_t i = 0; i < g->n_campaigns; i++) {
        campaign_route_again(g->campaigns[i]);
    }
    for (size_t i = 0; i < g->n_carriers; i++) {
        g->carriers[i]->routing.look_again =
            g->carriers[i]->routing.unfit_since + g->o.reroute_after; /* one more may be a way out */
    }
}

void routing_reset(struct engine *g)
{
    for (size_t i = 0; i < g->n_carriers; i++) {
        struct carrier *c = g->carriers[i];
        routing_take(c, routing_health(c));
        c->routing.look_again = c->routing.unfit_since + g->o.reroute_after;
    }
}

/* --- messages that wait --- */

struct move_job {
    struct engine *g;
    struct carrier *from;
    size_t pending;
    bool single; /* one that was about to be sent: into the other's look-ahead, instead of beginning that anew
                  */
    bool failed[LANE_COUNT];
    bool touched[ENGINE_MAX_CARRIERS * 4][LANE_COUNT];
};

struct move_one {
    struct move_job *job;
    struct outgoing *o; /* kept when it moves alone */
    uint16_t to;
    uint8_t lane;
};

static void move_end(struct move_job *j)
{
    struct engine *g = j->g;
    for (enum message_class lane = 0; lane < LANE_COUNT; lane++) {
        if (j->failed[lane]) {
            lane_again(j->from, lane);
        }
        for (size_t i = 0; i < g->n_carriers; i++) {
            if (j->touched[i][lane]) {
                lane_again(g->carriers[i], lane);
            }
        }
    }
    j->from->routing.moving = j->single && j->from->routing.moving;
    if (!g->closing) {
        dispatch_kick(j->from);
    }
    free(j);
}

static void move_done(void *ctx, const struct spool_result *r)
{
    struct move_one *one = ctx;
    struct move_job *j = one->job;
    struct carrier *to = j->g->carriers[one->to];
    if (r->code != ERR_NONE) {
        j->failed[one->lane] = true;
    } else if (one->o != NULL && ring_count(&to->lanes[one->lane].ahead) < MOVE_AHEAD) {
        one->o->m.carrier = one->to;
        one->o->limits_of = 0; /* others may hold there */
        lane_put_back(to, one->o);
        one->o = NULL;
    } else {
        j->touched[one->to][one->lane] = true;
    }
    if (one->o != NULL) {
        outgoing_free(one->o);
    }
    free(one);
    if (--j->pending == 0) {
        move_end(j);
    }
}

/* Whether the message goes to another carrier: it is handed to the store, and freed. */
static bool move_take(void *ctx, struct outgoing *o)
{
    struct move_job *j = ctx;
    struct engine *g = j->g;
    struct route_choice choice;
    struct parts_estimate est;
    struct message as = o->m;
    for (size_t i = 0; i < sizeof o->parts_done / sizeof o->parts_done[0]; i++) {
        if (o->parts_done[i] != 0) {
            return false; /* its parts belong together */
        }
    }
    const struct campaign *m = o->m.campaign != 0 ? campaign_by_id(g, o->m.campaign) : NULL;
    if (!routing_choose(g, o->m.to, o->m.class_, o->m.sender, m, o->m.tag, &choice) || !choice.healthy ||
        choice.carrier == j->from->number) {
        return false;
    }
    carrier_plan(g->carriers[choice.carrier], &as, &est); /* it may want its parts otherwise */
    if (as.parts == 0 || as.parts > g->o.max_parts) {
        return false;
    }
    struct move_one *one = malloc(sizeof *one);
    if (one == NULL) {
        return false;
    }
    *one = (struct move_one){ j, j->single ? o : NULL, (uint16_t)choice.carrier, (uint8_t)o->m.class_ };
    j->pending++;
    if (j->single) {
        o->m.parts = as.parts;
        o->m.plan = as.plan;
    } else {
        outgoing_free(o);
    }
    spool_reroute(g->spool, as.id, j->from->number, (uint16_t)choice.carrier, as.parts, as.plan, move_done,
                  one);
    return true;
}

/* Counts one more than it has, so that it cannot end while it is filled. */
static struct move_job *move_begin(struct carrier *c, bool single)
{
    struct move_job *j = calloc(1, sizeof *j);
    if (j != NULL) {
        j->g = c->g;
        j->from = c;
        j->pending = 1;
        j->single = single;
    }
    return j;
}

bool routing_move_one(struct carrier *c, struct outgoing *o)
{
    struct engine *g = c->g;
    if (g->health[c->number] == ROUTE_UP || route_rule_count(g->route) == 0 ||
        engine_mono(g) < c->routing.unfit_since + g->o.reroute_after) {
        return false;
    }
    struct move_job *j = move_begin(c, true);
    bool taken = j != NULL && move_take(j, o);
    if (j != NULL && --j->pending == 0) {
        if (taken) {
            move_end(j);
        } else {
            free(j);
        }
    }
    engine_touch_spool(g);
    return taken;
}

void routing_move_waiting(struct carrier *c)
{
    struct engine *g = c->g;
    usec_t now = engine_mono(g);
    if (g->health[c->number] == ROUTE_UP || c->routing.moving || now < c->routing.look_again || g->draining ||
        g->closing || route_rule_count(g->route) == 0) {
        return;
    }
    struct move_job *j = move_begin(c, false);
    c->routing.look_again = now + USEC_SEC;
    if (j == NULL) {
        return;
    }
    for (enum message_class lane = 0; lane < LANE_COUNT; lane++) {
        lane_sift(c, lane, move_take, j);
    }
    size_t moved = --j->pending;
    c->routing.moving = true;
    if (moved == 0) {
        move_end(j);
        return;
    }
    c->routing.look_again = now; /* the next lot at once */
    engine_touch_spool(g);
    log_event(g->log, LOG_INFO, "rerouted", "carrier=%s health=%s messages=%zu", c->o.name,
              route_health_name(g->health[c->number]), moved);
}
