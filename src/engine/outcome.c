/* What became of a submission: responses, responses that never came, responses that came late; and from them
 * what the message does next. Nothing is decided before every part that was submitted has been answered or
 * given up. */
#include "engine/internal.h"

#include "domain/retry.h"

struct outgoing *outcome_find(const struct carrier *c, uint64_t token)
{
    uint64_t p;
    return hmap_get(&c->in_flight, outgoing_token_id(token), &p) ? (struct outgoing *)(uintptr_t)p : NULL;
}

void outcome_forget(struct carrier *c, const struct outgoing *o)
{
    uint64_t p;
    if (hmap_get(&c->in_flight, o->m.id, &p) && (const struct outgoing *)(uintptr_t)p == o) {
        hmap_del(&c->in_flight, o->m.id);
        aside_land(c, o);
    }
}

/* A part's answer asks to slow down: see domain/adaptive.h. Told when it begins and when nothing goes at all.
 */
static void outcome_slow(struct carrier *c, const struct outgoing *o, enum adaptive_cause cause)
{
    struct adaptive *a = &c->adaptive;
    switch (adaptive_asked(a, cause, o->claimed_at, engine_mono(c->g))) {
    case ADAPTIVE_BEGAN:
        aside_slow(c, true);
        log_event(c->g->log, LOG_WARN, "throttled", "carrier=%s cause=%s rate=%lld before=%lld", c->o.name,
                  adaptive_cause_name(cause), (long long)adaptive_rate(a), (long long)a->before);
        break;
    case ADAPTIVE_PAUSED:
        log_event(c->g->log, LOG_WARN, "throttled_pause", "carrier=%s cause=%s pause_ms=%lld", c->o.name,
                  adaptive_cause_name(cause), (long long)(a->pause / USEC_MS));
        break;
    case ADAPTIVE_SAME:
    case ADAPTIVE_LOWERED:
    case ADAPTIVE_ENDED: break;
    }
}

/* SMPP 5.0 §4.8.4.18: 0 idle ... 80-89 the best load, 90-99 near congestion, 100 congested. */
static void outcome_congestion(struct carrier *c, const struct outgoing *o, const struct smpp_pdu *r)
{
    uint8_t state;
    if (r->tlv_count > 0 && c->o.congestion > 0 && smpp_tlv_get_u8(r, SMPP_TLV_congestion_state, &state) &&
        state >= c->o.congestion) {
        outcome_slow(c, o, ADAPTIVE_CONGESTED);
    }
}

void outcome_second(struct carrier *c)
{
    usec_t now = engine_mono(c->g), since = c->adaptive.since;
    if (adaptive_second(&c->adaptive, now) == ADAPTIVE_ENDED) {
        aside_slow(c, false);
        log_event(c->g->log, LOG_INFO, "throttled_end", "carrier=%s after_ms=%lld", c->o.name,
                  (long long)((now - since) / USEC_MS));
    }
}

/* It did not go, or not for certain: `place` is kept with the reason. */
static void outcome_move(struct carrier *c, const struct outgoing *o, enum message_state to,
                         enum message_reason reason, uint32_t code, usec_t until)
{
    struct outgoing_place place;
    outgoing_place(o, &place);
    spool_move_at(c->g->spool, o->m.id, to, reason, code, until, &place.at, NULL, NULL);
}

/* The last of its attempts is used up by this one. */
static bool outcome_last_attempt(const struct engine *g, const struct outgoing *o)
{
    return g->o.max_attempts != 0 && o->attempts + 1u >= g->o.max_attempts;
}

static void outcome_fail(struct carrier *c, struct outgoing *o, enum message_reason reason, uint32_t code)
{
    outcome_move(c, o, MESSAGE_FAILED, reason, code, 0);
    c->failed++;
    outgoing_free(o);
}

static void outcome_retry_later(struct carrier *c, struct outgoing *o)
{
    struct engine *g = c->g;
    struct retry_policy p = RETRY_MESSAGES;
    p.first = g->o.retry_min;
    p.cap = g->o.retry_max;
    p.tries = g->o.max_attempts;
    usec_t delay = retry_delay(&p, o->attempts + 1u, &g->rnd);
    if (delay == USEC_NEVER) {
        outcome_fail(c, o, REASON_ATTEMPTS, o->status);
        return;
    }
    outcome_move(c, o, MESSAGE_HELD, REASON_RETRY, o->status, engine_wall(g) + delay);
    outgoing_free(o);
}

/* Part of it was sent and no response came: nobody knows. */
static void outcome_uncertain(struct carrier *c, struct outgoing *o)
{
    struct engine *g = c->g;
    switch (g->o.uncertain[o->m.class_]) {
    case UNCERTAIN_RESEND:
        if (outcome_last_attempt(g, o)) { /* a carrier that never answers would deliver it for ever */
            outcome_fail(c, o, REASON_UNCERTAIN, 0);
            return;
        }
        o->attempts++;
        dispatch_ready_again(c, o, REASON_UNCERTAIN, 0);
        return;
    case UNCERTAIN_HOLD:
        outcome_move(c, o, MESSAGE_UNCERTAIN, REASON_UNCERTAIN, 0, 0);
        outgoing_free(o);
        return;
    case UNCERTAIN_FAIL: outcome_fail(c, o, REASON_UNCERTAIN, 0); return;
    }
}

/* Every part that was submitted has been answered or given up. */
static void outcome_finish(struct carrier *c, struct outgoing *o)
{
    outcome_forget(c, o);
    engine_touch_spool(c->g);
    dispatch_kick(c);
    if (o->failed > 0 && (o->lost || o->again || o->unsent)) {
        /* It can never be whole: no other part of it is worth a submission. */
        outcome_move(c, o, MESSAGE_FAILED, REASON_CARRIER_STATUS, o->failed_status, 0);
        outgoing_free(o);
    } else if (o->lost) {
        outcome_uncertain(c, o);
    } else if (o->again && o->worst == SMPP_CLASS_TEMPORARY) {
        outcome_retry_later(c, o);
    } else if (o->again) {
        dispatch_ready_again(c, o, o->worst == SMPP_CLASS_THROTTLED ? REASON_THROTTLED : REASON_NO_BIND,
                             o->status);
    } else if (o->unsent) {
        dispatch_ready_again(c, o, REASON_NO_BIND, 0);
    } else {
        outgoing_free(o); /* the store knows from the answers: sent, or failed */
    }
}

static void outcome_record(struct carrier *c, uint64_t token, const struct smpp_pdu *r, int64_t cost)
{
    struct spool_answer a = {
        .id = outgoing_token_id(token),
        .part = (uint8_t)token,
        .cut = outgoing_token_cut(token),
        .carrier = c->number,
        .command_status = r->command_status,
        .carrier_id = r->command_id == SMPP_CMD(submit_sm_resp) && !r->body_absent ? r->id_resp.message_id
                                                                                   : (struct strv){ 0 },
        .at = engine_wall(c->g),
        .cost = cost,
    };
    spool_answer(c->g->spool, &a, NULL, NULL);
    engine_touch_spool(c->g);
}

static void outcome_part_taken(struct outgoing *o, uint64_t token)
{
    o->parts_done[(token & 255) / 32] |= UINT32_C(1) << (token & 31);
}

void outcome_response(struct carrier *c, struct link *k, uint64_t token, const struct smpp_pdu *r)
{
    struct outgoing *o = outcome_find(c, token);
    enum smpp_status_class class_ = carrier_status_class(c, r->command_status);
    if (o == NULL || o->waiting == 0) {
        return;
    }
    c->answered++;
    o->waiting--;
    routing_note(c, class_ == SMPP_CLASS_TEMPORARY || class_ == SMPP_CLASS_BIND_FAULT);
    outcome_congestion(c, o, r);
    int64_t cost = 0;
    switch (class_) {
    case SMPP_CLASS_OK:
        outcome_part_taken(o, token);
        adaptive_taken(&c->adaptive, o->claimed_at, engine_mono(c->g));
        cost = routing_cost(c->g, &o->m);
        c->cost += cost;
        outcome_record(c, token, r, cost);
        break;
    case SMPP_CLASS_PERMANENT:
        o->failed++;
        o->failed_status = r->command_status;
        c->failed++;
        outcome_record(c, token, r, 0);
        break;
    case SMPP_CLASS_THROTTLED:
        outcome_slow(c, o,
                     r->command_status == SMPP_ESME_RMSGQFUL ? ADAPTIVE_QUEUE_FULL : ADAPTIVE_THROTTLED);
        /* fall through */
    case SMPP_CLASS_TEMPORARY:
    case SMPP_CLASS_BIND_FAULT:
        o->again = true;
        if (class_ >= o->worst) {
            o->worst = class_;
            o->status = r->command_status;
        }
        break;
    }
    if (o->waiting == 0) {
        outcome_finish(c, o);
    }
    if (class_ == SMPP_CLASS_BIND_FAULT) {
        link_kick(k);
    }
}

void outcome_lost(struct carrier *c, struct link *k, uint64_t token, enum session_lost why)
{
    struct outgoing *o = outcome_find(c, token);
    if (o == NULL || o->waiting == 0) {
        return;
    }
    c->lost++;
    o->waiting--;
    routing_note(c, true);
    o->lost = true;
    log_event(c->g->log, LOG_WARN, "response_lost", "carrier=%s bind=%u message=%llu part=%u why=%s",
              c->o.name, link_id(k), (unsigned long long)o->m.id, (unsigned)(token & 255),
              why == SESSION_LOST_TIMEOUT ? "timeout" : "closed");
    if (o->waiting == 0) {
        outcome_finish(c, o);
    }
}

/* The store decides what a late success still means: one that waits again becomes sent, others stay what they
 * are. One that has been taken up again meanwhile, and is not on the wire yet, does not go twice; but for one
 * that is cut otherwise now, of which the old pieces are none. */
void outcome_late(struct carrier *c, uint64_t token, const struct smpp_pdu *r)
{
    struct outgoing *o = outcome_find(c, token);
    if (smpp_status_class(r->command_status) != SMPP_CLASS_OK) {
        return;
    }
    if (o != NULL && outgoing_token_cut(token) == spool_cut(o->m.parts, o->m.plan)) {
        outcome_part_taken(o, token);
    }
    outcome_record(c, token, r, o != NULL ? routing_cost(c->g, &o->m) : 0);
}
