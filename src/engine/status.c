/* The engine's own figures, copied out for whoever shows them. */
#include "engine/internal.h"

#include "base/buf.h"
#include "smpp/status.h"

#include <stdio.h>

size_t engine_carrier_count(const struct engine *g)
{
    return g->n_carriers;
}

const char *engine_carrier_name(const struct engine *g, size_t i)
{
    return i < g->n_carriers ? g->carriers[i]->o.name : NULL;
}

void engine_carrier_status(const struct engine *g, size_t i, struct carrier_status *out)
{
    const struct carrier *c = g->carriers[i];
    usec_t mono = engine_mono(g), shift = engine_wall(g) - mono;
    *out = (struct carrier_status){
        .name = c->o.name,
        .state = carrier_state_name(c),
        .rate_limit = c->o.rate,
        .bind_rate = c->o.bind_rate,
        .rate_last_s = c->rate_last,
        .rate_found = adaptive_rate(&c->adaptive),
        .rate_since = adaptive_is_on(&c->adaptive) ? c->adaptive.since + shift : 0,
        .rate_cause = adaptive_cause_name(c->adaptive.cause),
        .throttled_until = c->adaptive.pause_until > mono ? c->adaptive.pause_until + shift : 0,
        .paused_since = c->paused_since,
        .in_flight = hmap_count(&c->in_flight),
        .submitted = c->submitted,
        .answered = c->answered,
        .failed = c->failed,
        .lost = c->lost,
        .receipts = c->receipts,
        .tlvs_withheld = c->tlvs_withheld,
        .inbound = c->inbound,
        .receipt_kinds = c->receipt_kinds,
        .cost = c->cost,
        .health = route_health_name(g->health[i]),
    };
    for (enum message_class lane = 0; lane < LANE_COUNT; lane++) {
        out->queue[lane] = spool_ready_count(g->spool, c->number, lane);
    }
    spool_get_id_form(g->spool, c->number, &out->receipt_ids);
    out->own_certificate = certificates_own(c);
    out->own_certificate_days = certificates_days(out->own_certificate, mono + shift);
    out->peer_certificate = certificates_peer(c);
    for (size_t k = 0; k < c->n_links; k++) {
        link_get_status(c->links[k], &out->binds[out->n_binds++], shift);
    }
    for (size_t k = 0; k < ENGINE_MAX_OUTBINDS; k++) {
        if (c->outbinds[k] != NULL) {
            link_get_status(c->outbinds[k], &out->binds[out->n_binds++], shift);
        }
    }
    for (size_t k = 0; k < out->n_binds; k++) {
        out->binds[k].certificate_days = certificates_days(out->binds[k].certificate, mono + shift);
    }
}

size_t engine_rate_count(const struct engine *g)
{
    return g->rates.n;
}

void engine_rate_status(const struct engine *g, size_t i, struct rate_status *out)
{
    const struct rate_limit *l = &g->rates.list[i];
    *out = (struct rate_status){ .sender = l->o.sender,
                                 .region = l->o.region,
                                 .prefix = l->o.prefix,
                                 .class_ = l->o.class_,
                                 .carrier = l->o.carrier,
                                 .rate = l->bucket.rate,
                                 .burst = l->bucket.burst };
    for (size_t k = 0; k < g->n_carriers * 2 * LANE_COUNT; k++) {
        const struct lane *lane = &g->carriers[k / (2 * LANE_COUNT)]->lanes[k % (2 * LANE_COUNT)];
        out->waiting += lane->asides != NULL ? lane->asides[i + 1].n : 0;
    }
}

const struct carrier_options *engine_carrier_options(const struct engine *g, size_t i)
{
    return &g->carriers[i]->o;
}

/* "30 s", "1 h 30 m": settings are whole seconds, or less than one. */
static const char *status_duration(usec_t d, char out[32])
{
    long long s = d / USEC_SEC;
    if (s < 1) {
        snprintf(out, 32, "%lld ms", (long long)(d / USEC_MS));
    } else if (s < 60) {
        snprintf(out, 32, "%lld s", s);
    } else if (s < 3600) {
        snprintf(out, 32, s % 60 ? "%lld m %02lld s" : "%lld m", s / 60, s % 60);
    } else {
        snprintf(out, 32, s / 60 % 60 ? "%lld h %02lld m" : "%lld h", s / 3600, s / 60 % 60);
    }
    return out;
}

static void status_fill(const struct engine *g, const struct carrier *c, uint32_t status,
                        struct engine_status *out)
{
    const char *own = engine_status_text(g, c->number, status);
    char first[32], most[32];
    *out = (struct engine_status){ .status = status,
                                   .name = smpp_status_name(status),
                                   .text = own[0] != 0 ? own : smpp_status_text(status),
                                   .class_ = carrier_status_class(c, status),
                                   .usually = smpp_status_class(status) };
    for (size_t i = 0; i < c->o.n_statuses; i++) {
        out->overridden = out->overridden || c->o.statuses[i].status == status;
    }
    switch (out->class_) {
    case SMPP_CLASS_OK: snprintf(out->then, sizeof out->then, "sent"); break;
    case SMPP_CLASS_TEMPORARY:
        out->retry = true;
        out->first = g->o.retry_min;
        out->most = g->o.retry_max;
        out->attempts = g->o.max_attempts;
        snprintf(out->then, sizeof out->then, "again after %s, longer each time up to %s, %u attempts",
                 status_duration(out->first, first), status_duration(out->most, most), out->attempts);
        break;
    case SMPP_CLASS_THROTTLED:
        snprintf(out->then, sizeof out->then,
                 "the carrier is slowed down, then again; no attempt is used up");
        break;
    case SMPP_CLASS_PERMANENT: snprintf(out->then, sizeof out->then, "failed"); break;
    case SMPP_CLASS_BIND_FAULT:
        snprintf(out->then, sizeof out->then, "the bind is made anew, then again; no attempt is used up");
        break;
    }
}

void engine_status_each(const struct engine *g, size_t carrier,
                        void (*fn)(void *ctx, const struct engine_status *s), void *ctx)
{
    const struct carrier *c = g->carriers[carrier];
    struct engine_status row;
    uint32_t status;
    for (size_t i = 0; smpp_status_at(i, &status); i++) {
        status_fill(g, c, status, &row);
        fn(ctx, &row);
    }
    for (size_t i = 0; i < c->o.n_statuses; i++) {
        if (smpp_status_name(c->o.statuses[i].status) == NULL) {
            status_fill(g, c, c->o.statuses[i].status, &row);
            fn(ctx, &row);
        }
    }
}

const char *engine_status_text(const struct engine *g, size_t carrier, uint32_t status)
{
    const struct carrier_options *o = &g->carriers[carrier]->o;
    for (size_t i = 0; i < o->n_statuses; i++) {
        if (o->statuses[i].status == status) {
            return o->statuses[i].text;
        }
    }
    return "";
}

void engine_outbind_status(const struct engine *g, struct outbind_status *out)
{
    outbind_status(g->outbind, out);
}

usec_t engine_started(const struct engine *g)
{
    return g->started;
}

struct spool_recovered engine_recovered(const struct engine *g)
{
    return spool_get_recovered(g->spool);
}

const struct facts *engine_facts(const struct engine *g)
{
    return g->facts;
}

/* What the first of its binds that has an error says. */
static const char *status_why_down(const struct carrier *c)
{
    for (size_t i = 0; i < c->n_links; i++) {
        if (link_last_error(c->links[i])[0] != 0) {
            return link_last_error(c->links[i]);
        }
    }
    return "";
}

/* Down as a whole; or up, and a bind of it waits for an operator. */
static void status_carrier_problems(const struct carrier *c, struct buf *out)
{
    const char *state = carrier_state_name(c), *why = status_why_down(c);
    if (strv_eq_c(strv_from(state), "down") || strv_eq_c(strv_from(state), "stopped")) {
        buf_printf(out, "carrier \"%s\" is %s%s%s\n", c->o.name, state, why[0] ? ": " : "", why);
        return;
    }
    for (size_t i = 0; i < c->n_links; i++) {
        const struct link *k = c->links[i];
        if (link_state(k) == LINK_STOPPED) {
            buf_printf(out, "carrier \"%s\": bind %u (%s) is stopped: %s\n", c->o.name, link_id(k),
                       session_bind_name(link_mode(k)), link_last_error(k));
        }
    }
}

void engine_problems(const struct engine *g, struct buf *out)
{
    if (g->draining) {
        buf_printf(out, "shutting down\n");
    }
    if (g->alarm[0]) {
        buf_printf(out, "store: %s\n", g->alarm);
    }
    if (spool_problem(g->spool)[0]) {
        buf_printf(out, "spool: %s\n", spool_problem(g->spool));
    }
    for (size_t i = 0; i < g->n_carriers; i++) {
        if (g->carriers[i]->configured) {
            status_carrier_problems(g->carriers[i], out);
        }
    }
}
