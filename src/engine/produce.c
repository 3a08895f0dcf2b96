#include "engine/internal.h"

#include "audience/load.h"
#include "engine/style.h"
#include "engine/text.h"

#include <stdlib.h>
#include <string.h>

#define PRODUCE_BATCH 512     /* customers a job */
#define PRODUCE_LOW   1024    /* below so many candidates in memory: make more (so a batch more at most) */
#define PARK_MOST     1000000 /* parked messages of a carrier and class, before its campaigns wait */
#define LIMIT_MOST    10000   /* the same, of a limit that holds for some of a campaign only */
#define PARK_TURN     256     /* parked in one look at most */
#define PARK_AFTER    (20 * USEC_MS) /* so long others wait for the head of a campaign to be taken */

/* --- rendering, on a worker's thread --- */

struct render {
    const struct template *t;
    const struct schema *schema;
    uint16_t fields[TEMPLATE_MAX_FIELDS]; /* schema ids by the template's index; 0 = no such field */
    const struct audience_customer *customer;
    struct buf value, text;
    bool (*fn)(void *, const struct produced *);
    void *ctx;
    struct err *e;
    bool failed;
};

static bool render_lookup(void *ctx, size_t field, const char *name, struct strv *value)
{
    struct render *r = ctx;
    (void)name;
    buf_clear(&r->value); /* a value is used up before the next is asked for */
    if (r->fields[field] == 0 || !audience_customer_text(r->customer, r->fields[field], &r->value)) {
        return false;
    }
    *value = (struct strv){ (const char *)r->value.data, r->value.len };
    return value->n > 0;
}

static bool render_one(void *ctx, const struct audience_customer *c)
{
    struct render *r = ctx;
    struct template_report report = { 0 };
    buf_clear(&r->text);
    r->customer = c;
    bool ok = template_render(r->t, render_lookup, r, &r->text, &report, NULL);
    struct produced p = {
        .customer = c->id,
        .number = c->record.msisdn,
        .text = { (const char *)r->text.data, r->text.len },
        .missing = report.missing,
        .first_missing = report.first_missing,
    };
    p.text.n = ok ? p.text.n : 0;
    return r->fn(r->ctx, &p);
}

bool produce_render(const struct engine_view *v, const struct template *t, const uint32_t *ids, size_t n,
                    bool (*fn)(void *ctx, const struct produced *p), void *ctx, struct err *e)
{
    struct audience_view *av = audience_view_begin(v->audience, e);
    if (av == NULL) {
        return false;
    }
    struct render r = { .t = t, .schema = av->schema, .fn = fn, .ctx = ctx, .e = e };
    for (size_t i = 0; i < template_field_count(t); i++) {
        const struct schema_field *f = schema_find_field(av->schema, strv_from(template_field(t, i)));
        r.fields[i] = f ? f->id : 0;
    }
    bool ok = audience_load_batch(av, ids, n, render_one, &r, e);
    buf_free(&r.value);
    buf_free(&r.text);
    audience_view_end(av);
    return ok;
}

/* --- production of candidates --- */

struct produce_job {
    struct campaign *m;
    size_t slot;
    uint32_t generation, from, next;
    const struct audience_set *set;
    const struct template *t;
    struct parts_options style; /* of the carrier that took the last one: it will take most of these */
    struct outgoing *list[PRODUCE_BATCH];
    size_t n, asked;
    bool ok;
    struct err err;
};

/* What every style makes one plain part of, with those of GSM 7-bit in data_coding 0 at least. */
#define STYLE_ANY UINT32_MAX

static void produce_count(struct outgoing *o, const struct parts_options *style)
{
    struct parts_estimate e = parts_plan(o->m.text, style);
    bool plain = e.alphabet == ALPHABET_GSM7 && e.parts == 1 && e.translit == TRANSLIT_OFF &&
                 e.shift.single == 0 && e.shift.locking == 0 && style->wire == ALPHABET_GSM7;
    o->m.parts = (uint8_t)(e.parts <= PARTS_MAX ? e.parts : 0);
    o->m.plan = o->m.parts > 1 ? style_plan(style, &e) : 0;
    o->style = plain ? STYLE_ANY : style_id(style);
}

/* One allocation: the message, its text behind it, and room for its sender. */
static bool produce_add(void *ctx, const struct produced *p)
{
    struct produce_job *j = ctx;
    struct outgoing *o = calloc(1, sizeof *o + p->text.n + MESSAGE_MAX_SENDER);
    if (o == NULL) {
        return err_set(&j->err, ERR_NOMEM, "out of memory");
    }
    memcpy(o + 1, p->text.n ? p->text.p : "", p->text.n);
    o->m.text = (struct strv){ (const char *)(o + 1), p->text.n };
    o->m.to = p->number;
    o->m.customer = p->customer + 1;
    if (p->text.n > 0) {
        produce_count(o, &j->style);
    } else {
        o->refused = MESSAGE_FAILED;
        o->reason = REASON_NO_TEXT;
    }
    j->list[j->n++] = o;
    return true;
}

static void produce_run(const struct engine_view *v, void *job)
{
    struct produce_job *j = job;
    uint32_t ids[PRODUCE_BATCH];
    j->asked = audience_set_read(j->set, j->from, ids, PRODUCE_BATCH);
    j->ok = !v->stopping && produce_render(v, j->t, ids, j->asked, produce_add, j, &j->err);
    /* A customer erased since the start has no record: it is passed over, and must still be accounted for. */
    if (!j->ok || j->n == j->asked) {
        return;
    }
    size_t have = j->n;
    for (size_t i = j->asked, k = have; i-- > 0;) {
        if (k > 0 && j->list[k - 1]->m.customer == ids[i] + 1) {
            j->list[i] = j->list[--k];
            continue;
        }
        struct outgoing *o = calloc(1, sizeof *o);
        if (o != NULL) {
            o->m.customer = ids[i] + 1;
            o->refused = MESSAGE_FAILED;
            o->reason = REASON_ERASED;
        }
        j->list[i] = o;
        j->ok = j->ok && o != NULL;
    }
    j->n = j->asked;
}

/* A copy: a carrier's default may change at a reload while the message is on its way. */
static void produce_sender(struct outgoing *o, struct strv sender)
{
    if (o->refused != MESSAGE_NONE) {
        return;
    }
    if (sender.n == 0 || sender.n > MESSAGE_MAX_SENDER) {
        o->refused = MESSAGE_FAILED;
        o->reason = REASON_BAD_SENDER;
        return;
    }
    char *room = (char *)(o + 1) + o->m.text.n;
    memcpy(room, sender.p, sender.n);
    o->m.sender = (struct strv){ room, sender.n };
}

/* The carrier, and what depends on it. */
static void produce_route(struct campaign *m, struct outgoing *o)
{
    struct engine *g = m->g;
    struct route_choice choice = { .carrier = 0 };
    if (o->refused == MESSAGE_NONE &&
        !routing_choose(g, o->m.to, m->spec.class_, m->spec.sender, m, (struct strv){ 0 }, &choice)) {
        o->refused = MESSAGE_FAILED;
        o->reason = REASON_NO_ROUTE;
        choice.carrier = 0;
    }
    struct carrier *c = g->carriers[choice.carrier];
    o->m.carrier = (uint16_t)choice.carrier;
    o->limits_of = 0;
    produce_sender(o, m->spec.sender.n ? m->spec.sender : strv_from(c->o.sender));
    if (o->refused == MESSAGE_NONE) {
        struct parts_options style = carrier_style(c);
        m->styled = c->number;
        if (o->style != style_id(&style) && (o->style != STYLE_ANY || style.wire != ALPHABET_GSM7)) {
            produce_count(o, &style);
        }
    }
    if (o->refused == MESSAGE_NONE && (o->m.parts == 0 || o->m.parts > g->o.max_parts)) {
        struct parts_options style = carrier_style(c);
        o->refused = MESSAGE_FAILED;
        o->reason =
            o->m.parts == 0 && text_refused(o->m.text, &style, NULL) ? REASON_ALPHABET : REASON_TOO_LONG;
    }
}

static void produce_complete(struct campaign *m, struct campaign_clock *k, struct outgoing *o)
{
    o->campaign = m;
    o->clock = k->clock;
    o->m.campaign = m->id;
    o->m.class_ = m->spec.class_;
    o->m.clock = k->book;
    produce_route(m, o);
}

static void produce_free(struct produce_job *j)
{
    for (size_t i = 0; i < j->n; i++) {
        outgoing_free(j->list[i]);
    }
    free(j);
}

static void produce_done(void *job)
{
    struct produce_job *j = job;
    struct campaign *m = j->m;
    struct campaign_clock *k = &m->clocks[j->slot];
    m->producing = false;
    if (!j->ok || m->removed || j->generation != k->generation) {
        if (!j->ok && !m->removed && !m->g->draining) {
            log_event(m->g->log, LOG_ERROR, "produce_failed", "campaign=%s text=%s", m->spec.name.p,
                      log_quote(strv_from(j->err.text)).s);
            m->stalled = true; /* the engine's second tries again */
        }
        produce_free(j);
        campaign_kick(m);
        campaign_job_back(m);
        return;
    }
    uint32_t expected = j->from;
    for (size_t i = 0; i < j->n; i++) {
        struct outgoing *o = j->list[i];
        o->clock_slot = (uint32_t)j->slot;
        o->generation = j->generation;
        o->expected = expected;
        expected = o->m.customer; /* dense id + 1 */
        produce_complete(m, k, o);
        if (!ring_push(&m->ahead, &o)) {
            outgoing_free(o);
            k->generation++; /* what was pushed goes too: begin again where it was */
            k->produce_from = j->from;
            while (++i < j->n) {
                outgoing_free(j->list[i]);
            }
            free(j);
            m->stalled = true;
            campaign_job_back(m);
            return;
        }
    }
    k->produce_from = expected;
    k->exhausted = j->asked < PRODUCE_BATCH;
    free(j);
    campaign_kick(m);
    campaign_job_back(m);
}

/* Begins to make candidates of the next open clock, when there is one. */
static void produce_more(struct campaign *m)
{
    struct engine *g = m->g;
    usec_t wall = engine_wall(g);
    if (m->producing || m->stalled || m->state != CAMPAIGN_RUNNING) {
        return;
    }
    for (size_t i = 0; i < m->n_clocks; i++) {
        size_t slot = (m->next_clock + i) % m->n_clocks;
        struct campaign_clock *k = &m->clocks[slot];
        if (k->exhausted || k->opens > wall || !gate_quiet(&g->gate, k->clock, m->spec.class_, wall)->open) {
            continue;
        }
        struct produce_job *j = malloc(sizeof *j);
        if (j == NULL) {
            return;
        }
        j->m = m;
        j->slot = slot;
        j->generation = k->generation;
        j->from = k->produce_from;
        j->set = k->set;
        j->t = m->template_;
        j->style = carrier_style(g->carriers[m->styled]);
        j->n = 0;
        j->err = (struct err){ 0 };
        if (!engine_submit(g, &g->lookup, produce_run, produce_done, j, NULL)) {
            free(j);
            m->stalled = true;
            return;
        }
        m->next_clock = slot + 1;
        m->producing = true;
        m->jobs++;
        return;
    }
}

/* --- for the dispatcher --- */

/* There is a new head: its carrier may take it. Told once, and not whenever somebody else looks at it:
 * carriers that woke each other so would never sleep. */
static void campaign_new_head(const struct campaign *m)
{
    struct outgoing **p = ring_peek(&m->ahead);
    if (p != NULL) {
        dispatch_kick(m->g->carriers[(*p)->m.carrier]);
    }
}

static struct outgoing *campaign_peek(struct campaign *m)
{
    struct outgoing **p;
    bool stale = false;
    while ((p = ring_peek(&m->ahead)) != NULL && (*p)->generation != m->clocks[(*p)->clock_slot].generation) {
        outgoing_free(*p);
        ring_pop(&m->ahead, NULL);
        stale = true;
    }
    if (stale) {
        campaign_new_head(m);
    }
    if (ring_count(&m->ahead) < PRODUCE_LOW) {
        produce_more(m);
    }
    return p ? *p : NULL;
}

static void campaign_accept(struct outgoing *o);

/* Whether a candidate that its carrier does not take now is to be parked: accepted, and stored in that
 * carrier's queue, so that those behind it can go by theirs. A carrier gets a moment; but once something of
 * it is parked it is the slower one, until all of that has gone. */
static bool campaign_is_behind(struct campaign *m, const struct outgoing *o, const struct carrier *by,
                               usec_t now, usec_t *later)
{
    const struct carrier *c = m->g->carriers[o->m.carrier];
    if (m->head != o) {
        m->head = o;
        m->head_since = now;
    }
    usec_t when = m->head_since + PARK_AFTER;
    if (!carrier_bound(by) || by->paused) {
        return false;
    }
    if (!carrier_bound(c) || c->paused || now >= when || lane_has_parked(c, o->m.class_)) {
        return true;
    }
    *later = when < *later ? when : *later;
    return false;
}

static bool campaign_park(struct campaign *m, struct outgoing *o, usec_t now, usec_t *later)
{
    struct engine *g = m->g;
    struct carrier *c = g->carriers[o->m.carrier];
    if (spool_room(g->spool) == 0 || spool_parked_count(g->spool, c->number, o->m.class_) >= PARK_MOST) {
        return false;
    }
    if (m->spec.rate > 0 && !bucket_take(&m->rate, outgoing_parts_left(o), now)) {
        usec_t when = bucket_when(&m->rate, outgoing_parts_left(o), now);
        *later = when < *later ? when : *later;
        return false;
    }
    campaign_pop(m);
    o->refused = MESSAGE_READY;
    o->reason = carrier_bound(c) ? REASON_NONE : REASON_NO_BIND;
    o->m.parked = true;
    c->lanes[lane_of(o)].coming++;
    campaign_accept(o);
    return true;
}

/* The campaign's head, if it is for this carrier. Others' are theirs to take. */
static struct outgoing *campaign_peek_for(struct campaign *m, struct carrier *c, usec_t now, usec_t *later)
{
    struct outgoing *o;
    for (unsigned n = 0;
         (o = campaign_peek(m)) != NULL && o->m.carrier != c->number && o->refused == MESSAGE_NONE; n++) {
        if (n == PARK_TURN) {
            dispatch_kick(c);
            return NULL;
        }
        if (!campaign_is_behind(m, o, c, now, later) || !campaign_park(m, o, now, later)) {
            return NULL;
        }
    }
    return o;
}

/* The campaign's head, and when its own rate and the configuration's let it go. A rate that does not hold for
 * all of the campaign (its recipients are of several regions) holds up the others only when many wait for it
 * in the carrier's stored queue already. */
static struct outgoing *campaign_peek_limited(struct campaign *m, struct carrier *c, usec_t now, usec_t *when,
                                              usec_t *later)
{
    struct outgoing *o;
    *when = now;
    while ((o = campaign_peek_for(m, c, now, later)) != NULL && o->refused == MESSAGE_NONE) {
        if (m->spec.rate > 0) {
            *when = bucket_when(&m->rate, outgoing_parts_left(o), now);
        }
        usec_t rates = *when > now ? now : aside_when(c, o, now);
        if (rates <= now || m->n_clocks < 2 ||
            spool_parked_count(m->g->spool, c->number, o->m.class_) >= LIMIT_MOST ||
            !campaign_park(m, o, now, later)) {
            *when = rates > *when ? rates : *when;
            break;
        }
    }
    return o;
}

struct outgoing *campaign_peek_any(struct carrier *c, enum message_class class_, usec_t *later,
                                   uint64_t *start)
{
    struct engine *g = c->g;
    struct outgoing *best = NULL;
    usec_t now = engine_mono(g);
    for (size_t i = 0; i < g->n_campaigns; i++) {
        struct campaign *m = g->campaigns[(g->next_campaign + i) % g->n_campaigns];
        if (m->state != CAMPAIGN_RUNNING || m->spec.class_ != class_ || m->stalled) {
            continue;
        }
        usec_t when;
        struct outgoing *o = campaign_peek_limited(m, c, now, &when, later);
        if (o == NULL) {
            continue;
        }
        uint64_t due = fair_start(&c->fair, class_, m->id);
        if (when > now) {
            *later = when < *later ? when : *later; /* its own limit holds nobody else up */
        } else if (best == NULL || due < *start) {
            best = o;
            *start = due;
        }
    }
    return best;
}

void campaign_pop(struct campaign *m)
{
    ring_pop(&m->ahead, NULL);
    m->head = NULL;
    campaign_new_head(m);
    m->g->next_campaign++; /* the next one's turn */
}

struct bucket *campaign_rate(struct campaign *m)
{
    return m->spec.rate > 0 ? &m->rate : NULL;
}

static void campaign_stamp(struct outgoing *o)
{
    struct campaign *m = o->campaign;
    o->m.accepted_at = engine_wall(m->g);
    o->m.valid_until = m->spec.valid_for ? o->m.accepted_at + m->spec.valid_for : 0;
}

static struct spool_cursor campaign_cursor(const struct outgoing *o)
{
    return (struct spool_cursor){ o->campaign->clocks[o->clock_slot].book, o->expected };
}

bool campaign_claim(struct outgoing *o, spool_done done)
{
    struct spool_cursor cursor = campaign_cursor(o);
    campaign_stamp(o);
    o->m.id = spool_accept_claimed(o->campaign->g->spool, &o->m, &cursor, done, o);
    return o->m.id != 0;
}

/* The cursor has moved past the customer. */
static void campaign_advance(struct campaign *m, const struct outgoing *o)
{
    struct campaign_clock *k = &m->clocks[o->clock_slot];
    k->claimed++;
    k->next_claim = o->m.customer;
    if (k->claimed == k->count) {
        campaign_check_done(m);
    }
}

void campaign_claimed(struct outgoing *o)
{
    struct campaign *m = o->campaign;
    o->campaign = NULL;
    campaign_advance(m, o);
}

void campaign_refused(struct outgoing *o, enum err_code code)
{
    struct campaign *m = o->campaign;
    struct campaign_clock *k = &m->clocks[o->clock_slot];
    if (o->generation == k->generation) {
        k->generation++;
        k->produce_from = k->next_claim;
        k->exhausted = false;
    }
    /* Behind a refused one all others are refused as out of turn: that is no news. Otherwise the engine's
     * second tries again, and carriers go on with what is stored. */
    if (code != ERR_STATE || o->expected == k->next_claim) {
        m->stalled = true;
    }
    outgoing_free(o);
    campaign_kick(m);
}

static void campaign_accepted(void *ctx, const struct spool_result *r)
{
    struct outgoing *o = ctx;
    struct campaign *m = o->campaign;
    struct engine *g = m->g;
    if (o->m.parked) {
        g->carriers[o->m.carrier]->lanes[lane_of(o)].coming--;
    }
    if (r->code != ERR_NONE) {
        if (r->code != ERR_STATE) {
            engine_store_alarm(g, "campaign_refused", r->code, r->text);
        }
        campaign_refused(o, r->code);
        return;
    }
    if (o->refused == MESSAGE_READY) {
        lane_more(g->carriers[o->m.carrier], lane_of(o));
    }
    campaign_claimed(o);
    outgoing_free(o);
    campaign_kick(m);
}

/* Accepted as something else than claimed: a final state, or READY. */
static void campaign_accept(struct outgoing *o)
{
    struct campaign *m = o->campaign;
    struct spool_cursor cursor = campaign_cursor(o);
    campaign_stamp(o);
    if (spool_accept_refused(m->g->spool, &o->m, &cursor, o->refused, o->reason, campaign_accepted, o) == 0) {
        if (o->m.parked) {
            m->g->carriers[o->m.carrier]->lanes[lane_of(o)].coming--;
        }
        campaign_refused(o, ERR_BUSY);
    }
    engine_touch_spool(m->g);
}

void campaign_divert(struct outgoing *o, enum gate_answer a)
{
    struct campaign *m = o->campaign;
    struct campaign_clock *k = &m->clocks[o->clock_slot];
    if (o->refused == MESSAGE_NONE && a == GATE_CLOSED) {
        k->generation++;
        k->produce_from = o->expected;
        k->exhausted = false;
        outgoing_free(o);
        return;
    }
    if (o->refused == MESSAGE_NONE) {
        o->refused = a == GATE_SUPPRESSED ? MESSAGE_SUPPRESSED : MESSAGE_EXPIRED;
        o->reason = a == GATE_SUPPRESSED ? REASON_SUPPRESSED : REASON_STALE;
    }
    campaign_accept(o);
}

void campaign_route_again(struct campaign *m)
{
    struct outgoing **p;
    for (size_t i = 0; (p = ring_at(&m->ahead, i)) != NULL; i++) {
        struct outgoing *o = *p;
        if (o->refused == MESSAGE_NONE) {
            produce_route(m, o);
        }
    }
    if (ring_count(&m->ahead) > 0) {
        campaign_kick(m);
    }
}

void campaign_drop_candidates(struct campaign *m)
{
    struct outgoing *o;
    while (ring_pop(&m->ahead, &o)) {
        outgoing_free(o);
    }
    for (size_t i = 0; i < m->n_clocks; i++) {
        m->clocks[i].generation++;
        m->clocks[i].produce_from = m->clocks[i].next_claim;
        m->clocks[i].exhausted = false;
    }
}

void campaign_kick(struct campaign *m)
{
    for (size_t i = 0; i < m->g->n_carriers; i++) {
        dispatch_kick(m->g->carriers[i]);
    }
}
