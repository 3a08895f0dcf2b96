/* What people see of the routes: the rules, and why a message would go where it goes. */
#include "domain/numbering.h"
#include "engine/internal.h"

size_t engine_route_count(const struct engine *g)
{
    return route_rule_count(g->route);
}

/* The shares of what a rule decides, as route_choose() deals them out. */
static void explain_shares(struct engine_route *r, const struct route_rule *s, const uint8_t *health)
{
    uint64_t total = 0;
    size_t best = s->n_candidates;
    for (size_t i = 0; i < s->n_candidates; i++) {
        const struct route_candidate *k = &s->candidates[i];
        if (health[k->carrier] != ROUTE_UP) {
            continue;
        }
        total += k->weight;
        if (best == s->n_candidates ||
            (s->strategy == ROUTE_LEAST_COST && k->cost < s->candidates[best].cost)) {
            best = i;
        }
    }
    for (size_t i = 0; i < s->n_candidates; i++) {
        const struct route_candidate *k = &s->candidates[i];
        bool by_weight = s->strategy == ROUTE_WEIGHTED && total > 0;
        r->carriers[i].share =
            by_weight ? health[k->carrier] == ROUTE_UP ? (double)k->weight / (double)total : 0 : i == best;
    }
}

static struct engine_route_carrier explain_carrier(const struct engine *g, const struct route_candidate *k)
{
    enum route_health h = (enum route_health)g->health[k->carrier];
    return (struct engine_route_carrier){ .name = g->carriers[k->carrier]->o.name,
                                          .weight = k->weight,
                                          .cost = k->cost,
                                          .health = route_health_name(h),
                                          .health_text = route_health_text(h) };
}

void engine_route_get(const struct engine *g, size_t i, struct engine_route *out)
{
    const struct route_rule *s = route_rule_get(g->route, i);
    *out = (struct engine_route){ .rule = (unsigned)i,
                                  .prefix = s->prefix,
                                  .region = s->region,
                                  .class_ = s->class_,
                                  .sender = s->sender,
                                  .campaign = s->campaign,
                                  .tag = s->tag,
                                  .strategy = route_strategy_name(s->strategy),
                                  .n_carriers = s->n_candidates,
                                  .why = "",
                                  .why_text = "" };
    for (size_t k = 0; k < s->n_candidates; k++) {
        out->carriers[k] = explain_carrier(g, &s->candidates[k]);
    }
    explain_shares(out, s, g->health);
}

static bool explain_any_up(const struct engine_route *r)
{
    for (size_t i = 0; i < r->n_carriers; i++) {
        if (r->carriers[i].share > 0) {
            return true;
        }
    }
    return false;
}

static void explain_why(struct engine_route *r, enum route_why why, const struct route_choice *choice)
{
    if (why != ROUTE_MATCHES) {
        r->why = route_why_name(why);
        r->why_text = route_why_text(why);
    } else if (choice->carrier != ROUTE_NONE && r->rule == choice->rule) {
        r->why = "chosen";
        r->why_text = choice->healthy ? "decides" : "decides: nothing that matches is up, so it waits there";
    } else if (!explain_any_up(r)) {
        r->why = "nothing_up";
        r->why_text = "matches, but none of its carriers is up";
    } else {
        r->why = "later";
        r->why_text = "matches, but one before it decides";
    }
}

static void explain_prefixes(const struct engine *g, const struct engine_route_ask *ask,
                             const struct route_choice *choice,
                             void (*each)(void *ctx, const struct engine_route *r), void *ctx)
{
    int carrier = route_by_prefix(g->route, ask->number);
    if (carrier == ROUTE_NONE) {
        return;
    }
    const struct route_candidate only = { .carrier = (uint16_t)carrier, .weight = 1 };
    struct engine_route r = { .strategy = route_strategy_name(ROUTE_ORDER), .n_carriers = 1 };
    r.prefix = strv_from(g->carriers[carrier]->o.prefixes);
    r.carriers[0] = explain_carrier(g, &only);
    r.carriers[0].share = g->health[carrier] == ROUTE_UP;
    explain_why(&r, ROUTE_MATCHES, choice);
    each(ctx, &r);
}

void engine_route_explain(const struct engine *g, const struct engine_route_ask *ask,
                          void (*each)(void *ctx, const struct engine_route *r), void *ctx,
                          struct engine_route_told *told)
{
    struct numbering_hit hit;
    struct route_choice choice;
    struct route_query q = { .number = ask->number,
                             .class_ = ask->class_,
                             .sender = ask->sender,
                             .campaign = ask->campaign,
                             .tag = ask->tag };
    if (numbering_lookup(g->facts->shared->numbering, ask->number, &hit)) {
        q.region = strv_from(hit.region);
    }
    bool found = route_choose(g->route, &q, g->health, 0, &choice);
    *told = (struct engine_route_told){ .carrier = found ? g->carriers[choice.carrier]->o.name : NULL,
                                        .region = q.region.n > 0 ? q.region.p : "",
                                        .rule = choice.rule,
                                        .cost = choice.cost,
                                        .healthy = choice.healthy };
    for (size_t i = 1; i <= route_rule_count(g->route); i++) {
        struct engine_route r;
        engine_route_get(g, i, &r);
        explain_why(&r, route_rule_why(g->route, i, &q), &choice);
        each(ctx, &r);
    }
    explain_prefixes(g, ask, &choice, each, ctx);
}
