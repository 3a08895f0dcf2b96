/* What goes out to a carrier, and when: strict lanes, then campaigns in turn; all limits gathered into one
 * next allowed instant and one timer. Claims are synced before anything is written to a socket; the gate is
 * asked when a message is taken up and once more when its claim is synced. */
#include "engine/internal.h"

#include "domain/retry.h"
#include "domain/throttle.h"

#include <stdlib.h>

#define LANE_HIGH      2048 /* messages of a lane held in memory at most */
#define LANE_LOW       512  /* below: load more */
#define THROTTLE_FIRST USEC_SEC
#define THROTTLE_MOST  (30 * USEC_SEC)
#define PAUSED_LOOK    (30 * USEC_SEC) /* a message of a paused campaign is looked at again */
#define STORE_RETRY    USEC_SEC        /* the store refused an operation: pause before the next */

/* --- the look-ahead --- */

struct load_job {
    struct carrier *c;
    enum message_class lane;
    uint32_t generation;
};

static void lane_load(struct carrier *c, enum message_class lane);

static void lane_loaded(void *ctx, struct spool_loaded **list, size_t n, bool more)
{
    struct load_job *j = ctx;
    struct carrier *c = j->c;
    struct lane *l = &c->lanes[j->lane];
    bool stale = j->generation != l->generation;
    for (size_t i = 0; i < n; i++) {
        if (stale) {
            free(list[i]);
            continue;
        }
        struct outgoing *o = outgoing_from_loaded(list[i]);
        if (o == NULL) {
            more = true;
            continue;
        }
        l->after = o->m.id;
        o->clock = engine_clock_of_message(c->g, &o->m);
        if (!ring_push(&l->ahead, &o)) {
            outgoing_free(o);
            more = true;
        }
    }
    free(list);
    l->loading = false;
    if (stale) {
        lane_load(c, j->lane);
    } else {
        l->more = l->more || more;
    }
    free(j);
    dispatch_kick(c);
}

static void lane_load(struct carrier *c, enum message_class lane)
{
    struct lane *l = &c->lanes[lane];
    struct load_job *j = l->loading ? NULL : malloc(sizeof *j);
    if (j == NULL) {
        return;
    }
    *j = (struct load_job){ c, lane, l->generation };
    l->loading = true;
    l->more = false;
    spool_load_ready(c->g->spool, c->number, lane, l->after, LANE_HIGH - ring_count(&l->ahead), lane_loaded,
                     j);
    engine_touch_spool(c->g);
}

static struct outgoing *lane_peek(struct carrier *c, enum message_class lane)
{
    struct lane *l = &c->lanes[lane];
    if (l->more && !l->loading && ring_count(&l->ahead) < LANE_LOW) {
        lane_load(c, lane);
    }
    struct outgoing **p = ring_peek(&l->ahead);
    return p ? *p : NULL;
}

static void lane_clear(struct lane *l)
{
    struct outgoing *o;
    while (ring_pop(&l->ahead, &o)) {
        outgoing_free(o);
    }
}

void dispatch_more(struct carrier *c, enum message_class lane)
{
    c->lanes[lane].more = true;
    dispatch_kick(c);
}

void dispatch_again(struct carrier *c, enum message_class lane)
{
    struct lane *l = &c->lanes[lane];
    lane_clear(l);
    l->after = 0;
    l->generation++;
    l->more = true;
    dispatch_kick(c);
}

/* Back to the head of its lane: it is READY in the store and first in its order. */
static void lane_put_back(struct carrier *c, struct outgoing *o)
{
    enum message_class class_ = o->m.class_;
    struct lane *l = &c->lanes[class_];
    if (!ring_push_front(&l->ahead, &o)) {
        outgoing_free(o);
        dispatch_again(c, class_);
        return;
    }
    /* Several may come back in any order: oldest first. */
    struct outgoing **here = ring_at(&l->ahead, 0), **next;
    for (size_t i = 1; (next = ring_at(&l->ahead, i)) != NULL && (*next)->m.id < (*here)->m.id; i++) {
        struct outgoing *t = *here;
        *here = *next;
        *next = t;
        here = next;
    }
}

/* --- taking up --- */

static void dispatch_claimed(void *ctx, const struct spool_result *r);

/* The message does not go now: what the store is to know of it. The message is freed, or kept by its
 * campaign. */
static void dispatch_divert(struct carrier *c, struct outgoing *o, enum gate_answer a, usec_t until)
{
    struct engine *g = c->g;
    if (o->campaign != NULL) {
        campaign_divert(o, a);
        return;
    }
    if (a == GATE_CLOSED) {
        spool_move(g->spool, o->m.id, MESSAGE_HELD, REASON_QUIET_HOURS, 0, until, NULL, NULL);
    } else if (a == GATE_STALE) {
        spool_move(g->spool, o->m.id, MESSAGE_EXPIRED, REASON_STALE, 0, 0, NULL, NULL);
    } else {
        spool_move(g->spool, o->m.id, MESSAGE_SUPPRESSED, REASON_SUPPRESSED, 0, 0, NULL, NULL);
    }
    engine_touch_spool(g);
    outgoing_free(o);
}

static void dispatch_pop(struct carrier *c, struct outgoing *o)
{
    if (o->campaign != NULL) {
        campaign_pop(o->campaign);
    } else {
        ring_pop(&c->lanes[o->m.class_].ahead, NULL);
    }
}

static struct outgoing *dispatch_peek(struct carrier *c)
{
    for (enum message_class lane = 0; lane < LANE_COUNT; lane++) {
        struct outgoing *o = lane_peek(c, lane);
        if (o == NULL) {
            o = campaign_peek_any(c, lane);
        }
        if (o != NULL) {
            return o;
        }
    }
    return NULL;
}

static void dispatch_claim(struct carrier *c, struct outgoing *o, struct link *k, unsigned parts)
{
    struct engine *g = c->g;
    o->carrier = c;
    o->link = k;
    o->reserved = parts;
    link_reserve(k, parts);
    if (o->campaign != NULL) {
        campaign_claim(o, dispatch_claimed);
    } else {
        spool_claim(g->spool, o->m.id, dispatch_claimed, o);
    }
    hmap_put(&c->in_flight, o->m.id, (uint64_t)(uintptr_t)o);
    engine_touch_spool(g);
}

/* A message that its campaign once accepted follows the campaign: whether it was dealt with here. */
static bool dispatch_follow_campaign(struct carrier *c, struct outgoing *o)
{
    struct engine *g = c->g;
    const struct campaign *m =
        o->campaign == NULL && o->m.campaign != 0 ? campaign_by_id(g, o->m.campaign) : NULL;
    if (m == NULL || (m->state != CAMPAIGN_CANCELLED && m->state != CAMPAIGN_PAUSED)) {
        return false;
    }
    dispatch_pop(c, o);
    if (m->state == CAMPAIGN_CANCELLED) {
        spool_move(g->spool, o->m.id, MESSAGE_CANCELLED, REASON_CANCELLED, 0, 0, NULL, NULL);
    } else {
        spool_move(g->spool, o->m.id, MESSAGE_HELD, REASON_PAUSED, 0, engine_wall(g) + PAUSED_LOOK, NULL,
                   NULL);
    }
    engine_touch_spool(g);
    outgoing_free(o);
    return true;
}

static void dispatch_run(void *arg)
{
    struct carrier *c = arg;
    struct engine *g = c->g;
    usec_t now = engine_mono(g), wall = engine_wall(g);
    if (c->paused || g->draining || !c->configured) {
        return;
    }
    for (unsigned taken = 0; taken < 1024; taken++) {
        struct outgoing *o = dispatch_peek(c);
        if (o == NULL) {
            return; /* a load, a production or an acceptance kicks again */
        }
        if (o->campaign != NULL && spool_room(g->spool) == 0) {
            return; /* the spool's poll kicks again */
        }
        if (dispatch_follow_campaign(c, o)) {
            continue;
        }
        usec_t until, closes;
        enum gate_answer a =
            gate_ask(&g->gate, o->m.to, o->clock, o->m.class_, o->m.valid_until, wall, &until, &closes);
        if (a != GATE_OPEN || o->refused != MESSAGE_NONE) {
            dispatch_pop(c, o);
            dispatch_divert(c, o, a, until);
            continue;
        }
        unsigned parts = outgoing_parts_left(o);
        parts = parts < c->o.window ? parts : c->o.window; /* the rest goes when these are answered */
        struct throttle t;
        throttle_init(&t);
        throttle_add(&t, &c->rate, "carrier rate");
        if (o->campaign != NULL) {
            throttle_add(&t, campaign_rate(o->campaign), "campaign rate");
        }
        throttle_not_before(&t, c->throttled_until, "throttled by the carrier");
        usec_t when = throttle_when(&t, parts, now, NULL);
        if (when > now) {
            loop_timer_at(&c->wake, when);
            return;
        }
        struct link *k = carrier_pick(c, parts);
        if (k == NULL) {
            return; /* room in a window, or a bind, kicks again */
        }
        throttle_take(&t, parts, now);
        dispatch_pop(c, o);
        dispatch_claim(c, o, k, parts);
    }
    dispatch_kick(c); /* fair to others: go on in the next turn */
}

/* --- the claim is synced --- */

static void dispatch_forget(struct carrier *c, struct outgoing *o)
{
    hmap_del(&c->in_flight, o->m.id);
}

static void dispatch_ready_again(struct carrier *c, struct outgoing *o, enum message_reason reason,
                                 uint32_t code)
{
    spool_move(c->g->spool, o->m.id, MESSAGE_READY, reason, code, 0, NULL, NULL);
    engine_touch_spool(c->g);
    o->link = NULL;
    o->waiting = o->failed = 0;
    o->again = o->lost = false;
    o->worst = SMPP_CLASS_OK;
    lane_put_back(c, o);
    dispatch_kick(c);
}

static bool dispatch_submit(struct carrier *c, struct outgoing *o, struct link *k, usec_t left)
{
    struct smpp_sm sm;
    if (!outgoing_split(&c->writer, o, &c->o)) {
        return false;
    }
    for (unsigned i = 0; i < c->writer.parts.count; i++) {
        if (outgoing_part_done(o, i)) {
            continue;
        }
        outgoing_fill(&c->writer, o, &c->o, i, left, &sm);
        if (link_submit_sm(k, &sm, NULL, 0, outgoing_token(o->m.id, i))) {
            o->waiting++;
            c->submitted++;
            c->rate_sum++;
        } else {
            o->again = true;
            o->worst = SMPP_CLASS_BIND_FAULT;
        }
    }
    return o->waiting > 0;
}

static void dispatch_store_refused(struct carrier *c, struct outgoing *o, const struct spool_result *r)
{
    struct engine *g = c->g;
    if (r->code != ERR_STATE) {
        strv_copy(strv_from(r->text), g->alarm, sizeof g->alarm);
        log_event(g->log, LOG_ERROR, "claim_refused", "carrier=%s code=%s text=%s", c->o.name,
                  err_code_name(r->code), log_quote(strv_from(r->text)).s);
        c->throttled_until = engine_mono(g) + STORE_RETRY;
        loop_timer_at(&c->wake, c->throttled_until);
    }
    if (o->campaign != NULL) {
        campaign_refused(o);
    } else if (r->code == ERR_STATE) {
        outgoing_free(o); /* cancelled meanwhile */
    } else {
        lane_put_back(c, o);
    }
}

static void dispatch_claimed(void *ctx, const struct spool_result *r)
{
    struct outgoing *o = ctx;
    struct carrier *c = o->carrier;
    struct engine *g = c->g;
    struct link *k = o->link;
    link_release(k, o->reserved);
    o->reserved = 0;
    if (r->code != ERR_NONE) {
        dispatch_forget(c, o);
        dispatch_store_refused(c, o, r);
        return;
    }
    g->alarm[0] = 0;
    if (o->campaign != NULL) {
        campaign_claimed(o); /* from now on a message like others */
    }
    usec_t wall = engine_wall(g), until, closes;
    enum gate_answer a =
        gate_ask(&g->gate, o->m.to, o->clock, o->m.class_, o->m.valid_until, wall, &until, &closes);
    if (a != GATE_OPEN) {
        dispatch_forget(c, o);
        dispatch_divert(c, o, a, until);
        return;
    }
    usec_t left = closes == USEC_NEVER ? USEC_NEVER : closes - wall;
    if (o->m.valid_until != 0 && o->m.valid_until - wall < left) {
        left = o->m.valid_until - wall;
    }
    if (!dispatch_submit(c, o, k, left)) {
        dispatch_forget(c, o);
        dispatch_ready_again(c, o, REASON_NO_BIND, 0);
    }
}

/* --- responses --- */

static void dispatch_throttled(struct carrier *c)
{
    usec_t now = engine_mono(c->g);
    if (now < c->throttled_until) {
        return; /* one of many in the same window */
    }
    c->throttle_step = c->throttle_step ? c->throttle_step * 2 : THROTTLE_FIRST;
    c->throttle_step = c->throttle_step < THROTTLE_MOST ? c->throttle_step : THROTTLE_MOST;
    c->throttled_until = now + c->throttle_step;
    log_event(c->g->log, LOG_WARN, "throttled", "carrier=%s pause_ms=%lld", c->o.name,
              (long long)(c->throttle_step / USEC_MS));
}

static void dispatch_retry_later(struct carrier *c, struct outgoing *o)
{
    struct engine *g = c->g;
    struct retry_policy p = RETRY_MESSAGES;
    p.first = g->o.retry_min;
    p.cap = g->o.retry_max;
    p.tries = g->o.max_attempts;
    usec_t delay = retry_delay(&p, o->attempts + 1u, &g->rnd);
    if (delay == USEC_NEVER) {
        spool_move(g->spool, o->m.id, MESSAGE_FAILED, REASON_ATTEMPTS, o->status, 0, NULL, NULL);
        c->failed++;
    } else {
        spool_move(g->spool, o->m.id, MESSAGE_HELD, REASON_RETRY, o->status, engine_wall(g) + delay, NULL,
                   NULL);
    }
    outgoing_free(o);
}

/* Part of it was sent and no response came: nobody knows. */
static void dispatch_uncertain(struct carrier *c, struct outgoing *o)
{
    struct engine *g = c->g;
    switch (g->o.uncertain[o->m.class_]) {
    case UNCERTAIN_RESEND: dispatch_ready_again(c, o, REASON_UNCERTAIN, 0); return;
    case UNCERTAIN_HOLD:
        spool_move(g->spool, o->m.id, MESSAGE_UNCERTAIN, REASON_UNCERTAIN, 0, 0, NULL, NULL);
        break;
    case UNCERTAIN_FAIL:
        spool_move(g->spool, o->m.id, MESSAGE_FAILED, REASON_UNCERTAIN, 0, 0, NULL, NULL);
        c->failed++;
        break;
    }
    outgoing_free(o);
}

/* Every part that was submitted has been answered or given up. */
static void dispatch_finish(struct carrier *c, struct outgoing *o)
{
    struct engine *g = c->g;
    dispatch_forget(c, o);
    engine_touch_spool(g);
    dispatch_kick(c);
    if (o->lost) {
        dispatch_uncertain(c, o);
    } else if (o->again && o->failed > 0) {
        spool_move(g->spool, o->m.id, MESSAGE_FAILED, REASON_CARRIER_STATUS, o->status, 0, NULL, NULL);
        outgoing_free(o);
    } else if (o->again && o->worst == SMPP_CLASS_TEMPORARY) {
        dispatch_retry_later(c, o);
    } else if (o->again) {
        dispatch_ready_again(c, o, o->worst == SMPP_CLASS_THROTTLED ? REASON_THROTTLED : REASON_NO_BIND,
                             o->status);
    } else {
        outgoing_free(o);
    }
}

static struct outgoing *dispatch_find(const struct carrier *c, uint64_t token)
{
    uint64_t p;
    return hmap_get(&c->in_flight, token >> 8, &p) ? (struct outgoing *)(uintptr_t)p : NULL;
}

static void dispatch_answer(struct carrier *c, uint64_t token, const struct smpp_pdu *r)
{
    struct spool_answer a = {
        .id = token >> 8,
        .part = (uint8_t)token,
        .carrier = c->number,
        .command_status = r->command_status,
        .carrier_id = r->command_id == SMPP_CMD(submit_sm_resp) && !r->body_absent ? r->id_resp.message_id
                                                                                   : (struct strv){ 0 },
        .at = engine_wall(c->g),
    };
    spool_answer(c->g->spool, &a, NULL, NULL);
    engine_touch_spool(c->g);
}

void dispatch_response(struct carrier *c, struct link *k, uint64_t token, const struct smpp_pdu *r)
{
    struct outgoing *o = dispatch_find(c, token);
    enum smpp_status_class class_ = smpp_status_class(r->command_status);
    if (o == NULL) {
        return;
    }
    c->answered++;
    o->waiting--;
    switch (class_) {
    case SMPP_CLASS_OK:
        o->parts_done[(token & 255) / 32] |= UINT32_C(1) << (token & 31);
        c->throttle_step = 0;
        dispatch_answer(c, token, r);
        break;
    case SMPP_CLASS_PERMANENT:
        o->failed++;
        o->status = r->command_status;
        c->failed++;
        dispatch_answer(c, token, r);
        break;
    case SMPP_CLASS_THROTTLED: dispatch_throttled(c); /* fall through */
    case SMPP_CLASS_TEMPORARY:
    case SMPP_CLASS_BIND_FAULT:
        o->again = true;
        o->worst = class_ > o->worst ? class_ : o->worst;
        o->status = r->command_status;
        break;
    }
    if (class_ == SMPP_CLASS_BIND_FAULT) {
        link_kick(k);
    }
    if (o->waiting == 0) {
        dispatch_finish(c, o);
    }
}

void dispatch_lost(struct carrier *c, struct link *k, uint64_t token, enum session_lost why)
{
    struct outgoing *o = dispatch_find(c, token);
    if (o == NULL) {
        return;
    }
    c->lost++;
    o->waiting--;
    o->lost = true;
    log_event(c->g->log, LOG_WARN, "response_lost", "carrier=%s bind=%u message=%llu part=%u why=%s",
              c->o.name, link_id(k), (unsigned long long)o->m.id, (unsigned)(token & 255),
              why == SESSION_LOST_TIMEOUT ? "timeout" : "closed");
    if (o->waiting == 0) {
        dispatch_finish(c, o);
    }
}

/* The store decides what a late response still means: an uncertain message becomes sent, others stay what
 * they are. */
void dispatch_late(struct carrier *c, struct link *k, uint64_t token, const struct smpp_pdu *r)
{
    (void)k;
    if (smpp_status_class(r->command_status) == SMPP_CLASS_OK && dispatch_find(c, token) == NULL) {
        dispatch_answer(c, token, r);
    }
}

/* --- life --- */

void dispatch_kick(struct carrier *c)
{
    loop_defer(&c->dispatch);
}

static void dispatch_wake(void *arg)
{
    dispatch_kick(arg);
}

void dispatch_init(struct carrier *c)
{
    loop_task_init(&c->dispatch, c->g->loop, dispatch_run, c);
    loop_timer_init(&c->wake, c->g->loop, dispatch_wake, c);
    for (size_t i = 0; i < LANE_COUNT; i++) {
        ring_init(&c->lanes[i].ahead, sizeof(struct outgoing *), 0);
        c->lanes[i].more = true;
    }
}

void dispatch_free(struct carrier *c)
{
    loop_task_cancel(&c->dispatch);
    loop_timer_stop(&c->wake);
    size_t pos = 0;
    uint64_t id, p;
    while (hmap_next(&c->in_flight, &pos, &id, &p)) {
        outgoing_free((struct outgoing *)(uintptr_t)p);
    }
    hmap_free(&c->in_flight);
    for (size_t i = 0; i < LANE_COUNT; i++) {
        lane_clear(&c->lanes[i]);
        ring_free(&c->lanes[i].ahead);
    }
    outgoing_writer_free(&c->writer);
}
