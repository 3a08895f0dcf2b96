/* What goes out to a carrier, and when: strict lanes, then campaigns in turn; all limits gathered into one
 * next allowed instant and one timer. Claims are synced before anything is written to a socket; the gate is
 * asked when a message is taken up and once more when its claim is synced. */
#include "engine/internal.h"
#include "engine/style.h"
#include "engine/text.h"

#include "domain/throttle.h"

#include <stdlib.h>

#define UNKNOWN_LOOK  USEC_DAY       /* one that nobody knows the hours of */
#define CLAIM_LATE    (20 * USEC_MS) /* a claim that took longer has made the carrier's rate uneven */
#define STORE_RETRY   USEC_SEC       /* the store refused an operation: pause before the next */
#define DISPATCH_TURN 1024           /* messages taken up in one turn at most */
#define SPARE         32             /* this part of a window is kept for one-time passwords */

/* --- taking up --- */

static void dispatch_claimed(void *ctx, const struct spool_result *r);

/* Why it is closed for this recipient: the slow question. */
static enum message_reason dispatch_why_closed(struct engine *g, const struct outgoing *o)
{
    struct quiet_why why;
    bool open = quiet_allowed(g->facts->quiet, o->clock, o->m.class_, engine_wall(g), &why);
    return open || why.reason == REASON_NONE ? REASON_QUIET_HOURS : why.reason;
}

/* The message does not go now: what the store is to know of it. Frees it. */
static void dispatch_divert(struct carrier *c, struct outgoing *o, enum gate_answer a, usec_t until)
{
    struct engine *g = c->g;
    if (o->campaign != NULL) {
        campaign_divert(o, a);
        return;
    }
    if (a == GATE_CLOSED) {
        until = until == USEC_NEVER ? engine_wall(g) + UNKNOWN_LOOK : until; /* never out of sight */
        spool_move(g->spool, o->m.id, MESSAGE_HELD, dispatch_why_closed(g, o), 0, until, NULL, NULL);
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
    } else if (o->aside != 0) {
        aside_pop(c, o);
    } else {
        lane_pop(c, lane_of(o));
    }
}

/* The head of the stored lane or that of a campaign, whose turn it is. What is stored of campaigns has had
 * its turn: it comes back, and goes first; but for what is parked, which takes its campaign's turn. */
static struct outgoing *dispatch_peek_lane(struct carrier *c, enum message_class lane, usec_t now,
                                           usec_t *later)
{
    uint64_t start = 0;
    struct outgoing *single = aside_peek(c, lane, now, later);
    if (lane_waits(c, lane)) {
        return NULL;
    }
    if (single != NULL && single->m.campaign != 0) {
        return single;
    }
    struct outgoing *parked = aside_peek(c, LANE_PARKED + lane, now, later);
    struct outgoing *o = campaign_peek_any(c, lane, later, &start);
    uint64_t due = parked != NULL ? fair_start(&c->fair, lane, parked->m.campaign) : 0;
    if (parked != NULL && (o == NULL || due <= start)) {
        o = parked;
        start = due;
    }
    bool first = single != NULL && (o == NULL || fair_start(&c->fair, lane, 0) <= start);
    return first ? single : o;
}

static void dispatch_took(struct carrier *c, const struct outgoing *o, unsigned parts)
{
    if (o->campaign != NULL) {
        fair_take(&c->fair, o->m.class_, o->campaign->id, o->campaign->spec.weight, parts);
    } else if (o->m.parked) {
        const struct campaign *m = campaign_by_id(c->g, o->m.campaign);
        fair_take(&c->fair, o->m.class_, o->m.campaign, m != NULL ? m->spec.weight : 1, parts);
    } else if (o->m.campaign == 0) {
        fair_take(&c->fair, o->m.class_, 0, 1, parts);
    }
}

/* `later`: when a limit that holds for few, such as a campaign's own rate, allows its next one. */
static struct outgoing *dispatch_peek(struct carrier *c, usec_t now, usec_t *later)
{
    *later = USEC_NEVER;
    for (enum message_class lane = 0; lane < LANE_COUNT; lane++) {
        struct outgoing *o = dispatch_peek_lane(c, lane, now, later);
        if (o != NULL || lane_waits(c, lane)) {
            return o;
        }
    }
    return NULL;
}

static void dispatch_unclaim(struct carrier *c, struct outgoing *o)
{
    if (o->link != NULL) {
        link_release(o->link, o->reserved);
    }
    c->claiming -= o->reserved;
    rates_claimed(c, o, o->reserved, false, engine_mono(c->g));
    o->reserved = 0;
    outcome_forget(c, o);
}

static bool dispatch_fly(struct carrier *c, struct outgoing *o)
{
    if (!hmap_put(&c->in_flight, o->m.id, (uint64_t)(uintptr_t)o)) {
        return false;
    }
    aside_fly(c, o);
    return true;
}

/* Its parts are under way to the bind as soon as the claim is synced. */
static void dispatch_reserve(struct carrier *c, struct outgoing *o, struct link *k, unsigned parts)
{
    o->carrier = c;
    o->link = k;
    o->reserved = parts;
    o->claimed_at = engine_mono(c->g);
    c->claiming += parts;
    if (o->n_limits > 0) {
        rates_claim(c, o, parts);
    }
    link_reserve(k, parts);
}

/* False: not now (out of memory). */
static bool dispatch_claim(struct carrier *c, struct outgoing *o, struct link *k, unsigned parts)
{
    struct engine *g = c->g;
    dispatch_reserve(c, o, k, parts);
    engine_touch_spool(g);
    if (o->campaign != NULL) {
        if (!campaign_claim(o, dispatch_claimed)) {
            dispatch_unclaim(c, o);
            campaign_refused(o, ERR_NOMEM);
            return false;
        }
        dispatch_fly(c, o);
        return true;
    }
    if (!dispatch_fly(c, o)) {
        dispatch_unclaim(c, o);
        lane_put_back(c, o);
        return false;
    }
    spool_claim(g->spool, o->m.id, dispatch_claimed, o);
    return true;
}

unsigned dispatch_parts(const struct carrier *c, const struct outgoing *o)
{
    unsigned n = outgoing_parts_left(o), window = c->o.window;
    n = n < window ? n : window; /* the rest goes when these are answered */
    return n > 0 ? n : 1;
}

/* All limits asked: the bind it goes on now, and how many of its parts. NULL: not now; the timer, room in a
 * window or a bind kicks again. */
static struct link *dispatch_pick(struct carrier *c, struct outgoing *o, usec_t now, unsigned *parts)
{
    unsigned n = dispatch_parts(c, o), window = c->o.window;
    usec_t later = USEC_NEVER;
    if (c->claiming > 0 &&
        ((c->rate.rate > 0 && c->claiming + n > c->rate.burst) ||
         (c->o.bind_rate > 0 && c->claiming + n > c->o.bind_burst * (int64_t)c->n_links))) {
        return NULL; /* a slow disk, and they would go all at once: the spool's poll kicks again */
    }
    struct throttle t;
    throttle_init(&t);
    throttle_add(&t, &c->rate, "carrier rate");
    if (o->campaign != NULL) {
        throttle_add(&t, campaign_rate(o->campaign), "campaign rate");
    }
    adaptive_limit(&c->adaptive, &t);
    if (c->g->rates.n > 0) {
        rates_add(c, o, &t);
    }
    throttle_not_before(&t, c->store_until, "the store refused");
    usec_t when = throttle_when(&t, n, now, NULL);
    if (when > now) {
        loop_timer_at(&c->wake, when);
        return NULL;
    }
    unsigned room = n + (o->m.class_ == CLASS_OTP ? 0 : window / SPARE);
    struct link *k = carrier_pick(c, room < window ? room : window, n, &later);
    if (k == NULL && later != USEC_NEVER) {
        loop_timer_at(&c->wake, later);
    }
    if (k != NULL) {
        throttle_add(&t, carrier_bind_rate(c, k), "bind rate");
        throttle_take(&t, n, now);
        *parts = n;
    }
    return k;
}

uint64_t dispatch_direct(struct carrier *c, struct outgoing *o)
{
    struct engine *g = c->g;
    usec_t until, closes;
    unsigned parts;
    if (c->paused || g->draining || g->closing || !c->configured || spool_room(g->spool) == 0 ||
        !lane_is_clear(c, o->m.class_) ||
        gate_ask(&g->gate, o->m.to, o->clock, o->m.class_, o->m.valid_until, engine_wall(g), &until,
                 &closes) != GATE_OPEN) {
        return 0;
    }
    if (!aside_lets(c, o, engine_mono(g))) {
        return 0;
    }
    struct link *k = dispatch_pick(c, o, engine_mono(g), &parts);
    if (k == NULL) {
        dispatch_kick(c); /* its timer may have been set for another one's sake */
        return 0;
    }
    o->carrier = c;
    o->link = k;
    o->m.id = spool_accept_claimed(g->spool, &o->m, NULL, dispatch_claimed, o);
    if (o->m.id == 0) {
        return 0;
    }
    dispatch_took(c, o, parts);
    dispatch_reserve(c, o, k, parts);
    dispatch_fly(c, o); /* no memory: found out when it is synced */
    engine_touch_spool(g);
    return o->m.id;
}

/* A message that its campaign once accepted follows the campaign, which may be stopped. */
static bool dispatch_stopped(const struct campaign *m)
{
    return m != NULL && (m->state == CAMPAIGN_CANCELLED || m->state == CAMPAIGN_PAUSED);
}

static const struct campaign *dispatch_campaign(const struct engine *g, const struct outgoing *o)
{
    return o->campaign == NULL && o->m.campaign != 0 ? campaign_by_id(g, o->m.campaign) : NULL;
}

static void dispatch_stop(struct engine *g, struct outgoing *o, const struct campaign *by)
{
    if (by->state == CAMPAIGN_CANCELLED) {
        spool_move(g->spool, o->m.id, MESSAGE_CANCELLED, REASON_CANCELLED, 0, 0, NULL, NULL);
    } else {
        spool_move(g->spool, o->m.id, MESSAGE_HELD, REASON_PAUSED, 0, spool_paused_until(by->id), NULL, NULL);
    }
    engine_touch_spool(g);
    outgoing_free(o);
}

/* The first in line goes, is diverted, or waits. False: nothing more can be done now. */
static bool dispatch_next(struct carrier *c, usec_t now)
{
    struct engine *g = c->g;
    usec_t later, until, closes;
    struct outgoing *o = dispatch_peek(c, now, &later);
    if (o == NULL) {
        loop_timer_at(&c->wake, later);
        return false; /* a load, a production or an acceptance kicks again */
    }
    if (o->campaign != NULL && spool_room(g->spool) == 0) {
        return false; /* the spool's poll kicks again */
    }
    if (o->campaign == NULL && hmap_get(&c->in_flight, o->m.id, NULL)) { /* loaded twice: one is under way */
        dispatch_pop(c, o);
        outgoing_free(o);
        return true;
    }
    const struct campaign *of = dispatch_campaign(g, o);
    if (dispatch_stopped(of)) {
        dispatch_pop(c, o);
        dispatch_stop(g, o, of);
        return true;
    }
    if (o->campaign == NULL && o->m.not_before > engine_wall(g)) { /* the wall clock was set back */
        spool_move(g->spool, o->m.id, MESSAGE_HELD, REASON_SCHEDULE, 0, o->m.not_before, NULL, NULL);
        engine_touch_spool(g);
        dispatch_pop(c, o);
        outgoing_free(o);
        return true;
    }
    if (o->campaign == NULL && routing_move_one(c, o)) { /* it is told later, in another turn */
        dispatch_pop(c, o);
        return true;
    }
    enum gate_answer a =
        gate_ask(&g->gate, o->m.to, o->clock, o->m.class_, o->m.valid_until, engine_wall(g), &until, &closes);
    if (a != GATE_OPEN || o->refused != MESSAGE_NONE) {
        dispatch_pop(c, o);
        dispatch_divert(c, o, a, until);
        return true;
    }
    unsigned parts;
    struct link *k = dispatch_pick(c, o, now, &parts);
    if (k == NULL) {
        return false;
    }
    dispatch_took(c, o, parts);
    dispatch_pop(c, o);
    return dispatch_claim(c, o, k, parts);
}

static void dispatch_run(void *arg)
{
    struct carrier *c = arg;
    struct engine *g = c->g;
    usec_t now = engine_mono(g);
    errand_pump(c);
    routing_move_waiting(c);
    if (c->paused || g->draining || g->closing || !c->configured) {
        return;
    }
    for (unsigned taken = 0; taken < DISPATCH_TURN; taken++) {
        if (!dispatch_next(c, now)) {
            return;
        }
    }
    dispatch_kick(c); /* fair to others: go on in the next turn */
}

/* --- the claim is synced --- */

void dispatch_ready_again(struct carrier *c, struct outgoing *o, enum message_reason reason, uint32_t code)
{
    struct outgoing_place place;
    outgoing_place(o, &place);
    spool_move_at(c->g->spool, o->m.id, MESSAGE_READY, reason, code, 0, &place.at, NULL, NULL);
    engine_touch_spool(c->g);
    o->link = NULL;
    o->waiting = o->failed = 0;
    o->again = o->lost = o->unsent = false;
    o->worst = SMPP_CLASS_OK;
    lane_put_back(c, o);
}

/* TLVs that go with every part; SMPP 3.3 has none, and the message goes without. */
static void dispatch_put_tlvs(struct carrier *c, const struct outgoing *o, const struct link *k)
{
    struct outgoing_writer *w = &c->writer;
    const struct campaign *m = o->m.campaign != 0 ? campaign_by_id(c->g, o->m.campaign) : NULL;
    size_t room = OUTGOING_TLVS - OUTGOING_PART_TLVS;
    w->n_common =
        tlvs_merge(&c->tlvs, o->m.tlvs, m != NULL ? m->spec.tlvs : (struct strv){ 0 }, w->tlvs, room);
    if (w->n_common > 0 && link_version(k) < SMPP_V34) {
        w->n_common = 0;
        if (c->tlvs_withheld++ == 0) {
            log_event(c->g->log, LOG_WARN, "tlvs_withheld", "carrier=%s bind=%u text=%s", c->o.name,
                      link_id(k),
                      "\"SMPP 3.3 has no TLVs: messages go without; see tlvs_withheld in the status\"");
        }
    }
}

static enum outgoing_split dispatch_submit(struct carrier *c, struct outgoing *o, struct link *k, usec_t left)
{
    struct smpp_sm sm;
    enum outgoing_split split = outgoing_split(&c->writer, o, carrier_style(c));
    if (split != OUTGOING_SPLIT) {
        return split;
    }
    if (o->m.tlvs.n > 0 || c->tlvs.defaults.len > 0 || (o->m.campaign != 0 && c->g->campaign_tlvs)) {
        dispatch_put_tlvs(c, o, k);
    }
    for (unsigned i = 0; i < c->writer.parts.count; i++) {
        if (outgoing_part_done(o, i)) {
            continue;
        }
        outgoing_fill(&c->writer, o, &c->o, i, left, engine_wall(c->g), &sm);
        if (link_submit_sm(k, &sm, c->writer.tlvs, c->writer.n_tlvs, outgoing_token(&o->m, i))) {
            o->waiting++;
            c->submitted++;
            c->rate_sum++;
            adaptive_sent(&c->adaptive, engine_mono(c->g));
        } else {
            o->unsent = true;
        }
    }
    return split;
}

/* The store knows of a part that was taken, by a response that came late: it goes on as it was cut then. */
static void dispatch_replanned(void *ctx, const struct spool_result *r)
{
    struct carrier *c = ctx;
    if (r->code != ERR_STATE || c->g->closing) {
        return;
    }
    spool_move(c->g->spool, r->id, MESSAGE_READY, REASON_NO_BIND, 0, 0, NULL, NULL);
    engine_touch_spool(c->g);
    for (enum message_class lane = 0; lane < LANE_COUNT; lane++) {
        lane_again(c, lane);
    }
}

/* The carrier wants its parts otherwise than when they were counted: counted anew, it takes its turn again.
 */
static void dispatch_replan(struct carrier *c, struct outgoing *o)
{
    const struct parts *p = &c->writer.parts;
    if (p->count > c->g->o.max_parts) {
        spool_move(c->g->spool, o->m.id, MESSAGE_FAILED, REASON_TOO_LONG, 0, 0, NULL, NULL);
        engine_touch_spool(c->g);
        outgoing_free(o);
        return;
    }
    o->m.parts = (uint8_t)p->count;
    o->m.plan = p->count > 1 ? style_plan_made(p) : 0;
    spool_replan(c->g->spool, o->m.id, o->m.parts, o->m.plan, dispatch_replanned, c);
    engine_touch_spool(c->g);
    o->link = NULL;
    lane_put_back(c, o);
}

static void dispatch_store_refused(struct carrier *c, struct outgoing *o, const struct spool_result *r)
{
    struct engine *g = c->g;
    bool gone = r->code == ERR_STATE || r->code == ERR_NOT_FOUND;
    if (!gone) {
        engine_store_alarm(g, "claim_refused", r->code, r->text);
    }
    if (o->campaign != NULL) {
        campaign_refused(o, r->code);
        return;
    }
    if (gone) {
        outgoing_free(o); /* cancelled meanwhile */
        return;
    }
    c->store_until = engine_mono(g) + STORE_RETRY;
    lane_put_back(c, o);
}

/* Written to the socket, unless somebody has opted out, hours have closed or an operator has stopped it since
 * it was taken up. */
static void dispatch_go(struct carrier *c, struct outgoing *o, struct link *k)
{
    struct engine *g = c->g;
    usec_t wall = engine_wall(g), until, closes;
    enum gate_answer a =
        gate_ask(&g->gate, o->m.to, o->clock, o->m.class_, o->m.valid_until, wall, &until, &closes);
    if (a != GATE_OPEN) {
        outcome_forget(c, o);
        dispatch_divert(c, o, a, until);
        return;
    }
    usec_t left = closes == USEC_NEVER ? USEC_NEVER : closes - wall;
    if (o->m.valid_until != 0 && o->m.valid_until - wall < left) {
        left = o->m.valid_until - wall;
    }
    if (outgoing_parts_left(o) == 0) { /* a late response has said so; the store knows */
        outcome_forget(c, o);
        outgoing_free(o);
        return;
    }
    enum outgoing_split split = dispatch_submit(c, o, k, left);
    if (split == OUTGOING_OTHER) {
        outcome_forget(c, o);
        dispatch_replan(c, o);
    } else if (split == OUTGOING_BAD) {
        outcome_forget(c, o);
        struct parts_options style = carrier_style(c);
        bool foreign = text_refused(o->m.text, &style, NULL); /* ucs2 = false came with a reload */
        spool_move(g->spool, o->m.id, MESSAGE_FAILED, foreign ? REASON_ALPHABET : REASON_BAD_SENDER, 0, 0,
                   NULL, NULL);
        engine_touch_spool(g);
        if (!foreign) {
            log_event(g->log, LOG_ERROR, "not_writable", "carrier=%s message=%llu parts=%u", c->o.name,
                      (unsigned long long)o->m.id, o->m.parts);
        }
        outgoing_free(o);
    } else if (o->waiting == 0) {
        outcome_forget(c, o);
        dispatch_ready_again(c, o, REASON_NO_BIND, 0);
    }
}

static void dispatch_claimed(void *ctx, const struct spool_result *r)
{
    struct outgoing *o = ctx;
    struct carrier *c = o->carrier;
    struct engine *g = c->g;
    struct link *k = o->link;
    if (k != NULL) {
        link_release(k, o->reserved);
    }
    unsigned parts = o->reserved;
    bool late = r->code == ERR_NONE && engine_mono(g) - o->claimed_at > CLAIM_LATE;
    if (o->n_limits > 0) {
        rates_claimed(c, o, parts, late, engine_mono(g));
    }
    if (late) {
        /* What waited for the disk goes now: as if its tokens were taken now. */
        bucket_lower(&c->rate, c->rate.burst - c->claiming, engine_mono(g));
        if (k != NULL && carrier_bind_rate(c, k) != NULL) {
            bucket_lower(carrier_bind_rate(c, k), c->o.bind_burst - parts, engine_mono(g));
        }
    }
    c->claiming -= parts;
    o->reserved = 0;
    if (o->accepted != NULL) {
        spool_done accepted = o->accepted;
        o->accepted = NULL;
        accepted(o->accepted_ctx, r);
        if (r->code != ERR_NONE) { /* it never was: whoever asked has been told */
            outcome_forget(c, o);
            outgoing_free(o);
            return;
        }
    }
    if (r->code != ERR_NONE) {
        outcome_forget(c, o);
        dispatch_store_refused(c, o, r);
        return;
    }
    g->alarm[0] = 0;
    o->m.reference = r->reference;
    o->m.parked = false; /* it has had its turn; the store knows */
    const struct campaign *of = o->campaign;
    if (of != NULL) {
        campaign_claimed(o); /* from now on a message like others */
    } else {
        of = dispatch_campaign(g, o);
    }
    if (dispatch_stopped(of)) {
        outcome_forget(c, o);
        dispatch_stop(g, o, of);
        return;
    }
    if (c->paused) {
        outcome_forget(c, o);
        dispatch_ready_again(c, o, REASON_PAUSED, 0);
        return;
    }
    if (k == NULL || link_state(k) != LINK_BOUND) {
        k = carrier_pick(c, parts, parts, NULL);
        if (k != NULL && carrier_bind_rate(c, k) != NULL) {
            bucket_take(carrier_bind_rate(c, k), parts, engine_mono(g));
        }
    }
    if (k == NULL ||
        outcome_find(c, outgoing_token(&o->m, 0)) != o) { /* no bind; or no memory to find it by */
        outcome_forget(c, o);
        dispatch_ready_again(c, o, REASON_NO_BIND, 0);
        return;
    }
    o->link = k;
    dispatch_go(c, o, k);
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
    for (size_t i = 0; i < 2 * LANE_COUNT; i++) {
        lane_init(&c->lanes[i]);
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
    fair_free(&c->fair);
    hmap_free(&c->busy);
    for (size_t i = 0; i < 2 * LANE_COUNT; i++) {
        lane_free(&c->lanes[i]);
    }
    outgoing_writer_free(&c->writer);
}
