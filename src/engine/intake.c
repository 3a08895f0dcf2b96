/* A single message comes in: number, sender, recipient's clock, route, opt-out, parts, quiet hours; then it
 * is accepted or refused with its reason. Only time and rate delay; everything else refuses. */
#include "engine/internal.h"

#include "audience/load.h"
#include "engine/schedule.h"
#include "engine/text.h"
#include "smpp/parts.h"

#include <stdlib.h>
#include <string.h>

#define INTAKE_WAITING 4096     /* messages waiting to be looked up */
#define UNKNOWN_LOOK   USEC_DAY /* what nobody knows the hours of is looked at again: see dispatch.c */

struct intake {
    struct engine *g;
    struct intake *next; /* of those that are looked up together */
    engine_sent_fn done;
    void *ctx;
    struct engine_sent sent;
    struct message m;
    usec_t valid_for;
    uint32_t clock; /* of the loop's dictionary */
    struct engine_schedule schedule;
    char clock_text[CLOCKS_MAX_TEXT + 1]; /* of the customer; "" = go by the number */
    char sender[MESSAGE_MAX_SENDER + 1];
    char tag[ENGINE_TAG_MAX];
    struct strv strings; /* text, then ref, then TLVs: one heap block */
};

static void intake_end(struct intake *j)
{
    j->done(j->ctx, &j->sent);
    free((void *)(uintptr_t)j->strings.p);
    free(j);
}

static void intake_end_later(void *ctx, const struct err *e)
{
    struct intake *j = ctx;
    (void)e;
    intake_end(j);
}

static bool intake_found(void *ctx, const struct audience_customer *c)
{
    struct intake *j = ctx;
    j->m.customer = c->id + 1;
    strv_copy(c->clock, j->clock_text, sizeof j->clock_text);
    return true;
}

/* On the look-up thread: are the numbers customers', and by which clocks do they live? One view for all that
 * had gathered. */
static void intake_lookup(const struct engine_view *v, void *job)
{
    struct intake_batch *b = job;
    struct err none = { 0 };
    struct audience_view *av = audience_view_begin(v->audience, &none);
    for (struct intake *j = b->first; j != NULL; j = j->next) {
        struct err e = none;
        if (av != NULL && !audience_load_number(av, j->m.to, intake_found, j, &e) &&
            e.code == ERR_NOT_FOUND) {
            e.code = ERR_NONE;
        }
        if (e.code != ERR_NONE) {
            j->sent.err = e;
        }
    }
    audience_view_end(av);
}

/* What is to be sent, with texts of its own. NULL: out of memory. */
static struct outgoing *intake_outgoing(const struct intake *j)
{
    struct outgoing *o = calloc(1, sizeof *o);
    char *block = o != NULL ? malloc(j->strings.n + j->m.sender.n + j->m.tag.n + 1) : NULL;
    if (block == NULL) {
        free(o);
        return NULL;
    }
    memcpy(block, j->strings.p, j->strings.n);
    memcpy(block + j->strings.n, j->m.sender.p, j->m.sender.n);
    memcpy(block + j->strings.n + j->m.sender.n, j->tag, j->m.tag.n);
    *o = (struct outgoing){ .m = j->m, .block = block, .clock = j->clock };
    o->m.tag.p = block + j->strings.n + j->m.sender.n;
    o->m.text.p = block;
    o->m.client_ref.p = block + j->m.text.n;
    o->m.tlvs.p = block + j->m.text.n + j->m.client_ref.n;
    o->m.sender.p = block + j->strings.n;
    return o;
}

static void intake_ready(struct intake *j)
{
    struct carrier *c = j->g->carriers[j->m.carrier];
    struct outgoing *o = intake_outgoing(j);
    if (o != NULL) {
        o->m.id = j->sent.id;
    }
    if (o == NULL || !lane_offer(c, o)) {
        outgoing_free(o);
        lane_more(c, j->m.class_);
    }
}

static void intake_stored(void *ctx, const struct spool_result *r)
{
    struct intake *j = ctx;
    struct engine *g = j->g;
    if (j->sent.state == MESSAGE_READY) {
        g->carriers[j->m.carrier]->lanes[j->m.class_].coming--;
    }
    if (spool_result_ok(r, &j->sent.err) && j->sent.state == MESSAGE_READY) {
        intake_ready(j);
    }
    intake_end(j);
}

/* Accepted and claimed at once: nobody has to look for it. */
static void intake_claimed(void *ctx, const struct spool_result *r)
{
    struct intake *j = ctx;
    spool_result_ok(r, &j->sent.err);
    intake_end(j);
}

/* Straight to the carrier when nothing stands before it. Only where a crash between claim and submission
 * means that it is sent again: with another policy it would wait for a person, or fail, without need. */
static bool intake_direct(struct intake *j)
{
    struct engine *g = j->g;
    struct carrier *c = g->carriers[j->m.carrier];
    if (j->sent.state != MESSAGE_READY || g->o.uncertain[j->m.class_] != UNCERTAIN_RESEND ||
        !lane_is_clear(c, j->m.class_)) {
        return false;
    }
    struct outgoing *o = intake_outgoing(j);
    if (o == NULL) {
        return false;
    }
    o->accepted = intake_claimed;
    o->accepted_ctx = j;
    j->sent.id = dispatch_direct(c, o);
    if (j->sent.id == 0) {
        outgoing_free(o);
    }
    return j->sent.id != 0;
}

static bool intake_route(struct intake *j)
{
    struct engine *g = j->g;
    struct sender sender;
    struct route_choice choice;
    if (!routing_choose(g, j->m.to, j->m.class_, strv_from(j->sender), NULL, strv_from(j->tag), &choice)) {
        return err_set(&j->sent.err, ERR_STATE,
                       "no carrier takes %s: see `routes`, and `prefixes` of the carriers, in tesserad.conf",
                       number_mask(j->m.to).s);
    }
    int n = choice.carrier;
    j->m.carrier = (uint16_t)n;
    if (j->sender[0] == 0) {
        strv_copy(strv_from(g->carriers[n]->o.sender), j->sender, sizeof j->sender);
    }
    if (j->sender[0] == 0) {
        return err_set(&j->sent.err, ERR_INVALID, "a sender is needed: carrier \"%s\" has no default",
                       g->carriers[n]->o.name);
    }
    if (!sender_parse(strv_from(j->sender), NULL, &sender, &j->sent.err)) {
        return err_prefix(&j->sent.err, "sender");
    }
    j->m.sender = strv_from(j->sender);
    if (gate_is_suppressed(&g->gate, j->m.to)) {
        return err_set(&j->sent.err, ERR_STATE, "%s has opted out; nothing is sent to it",
                       number_mask(j->m.to).s);
    }
    return true;
}

static bool intake_measure(struct intake *j)
{
    struct engine *g = j->g;
    struct parts_estimate est;
    carrier_plan(g->carriers[j->m.carrier], &j->m, &est);
    j->sent.parts = est.parts;
    j->sent.text = j->m.text;
    j->sent.style = carrier_style(g->carriers[j->m.carrier]);
    if (est.parts == 0) {
        return !text_refused(j->m.text, &j->sent.style, &j->sent.err);
    }
    if (est.parts > g->o.max_parts || est.parts > PARTS_MAX) {
        return err_set(&j->sent.err, ERR_LIMIT,
                       "the text has %u parts in %s; at most %u are allowed (max_parts)", est.parts,
                       alphabet_name(est.alphabet), g->o.max_parts);
    }
    return true;
}

static void intake_hold(struct engine_sent *s, enum message_reason reason, usec_t until, const char *why)
{
    s->state = MESSAGE_HELD;
    s->reason = reason;
    s->until = until;
    strv_copy(strv_from(why), s->detail, sizeof s->detail);
}

/* When it may go: its own time first, then the recipient's hours at that time. */
static void intake_schedule(struct intake *j, uint32_t clock)
{
    struct engine *g = j->g;
    struct engine_sent *s = &j->sent;
    j->m.not_before = schedule_instant(g->facts, &j->schedule, clock);
    usec_t wall = engine_wall(g), at = j->m.not_before > wall ? j->m.not_before : wall;
    struct quiet_why why;
    s->state = MESSAGE_READY;
    if (!quiet_allowed(g->facts->quiet, clock, j->m.class_, at, &why)) {
        intake_hold(s, why.reason, why.until, why.text);
    } else if (at > wall) {
        char text[96];
        schedule_text(&j->schedule, text, sizeof text);
        intake_hold(s, REASON_SCHEDULE, at, text);
    }
}

/* False: refused, with the reason in j->sent.err. True: the store answers. */
static bool intake_accept(struct intake *j)
{
    struct engine *g = j->g;
    if (g->draining) {
        err_set(&j->sent.err, ERR_BUSY, "shutting down: nothing new is accepted");
    }
    if (j->sent.err.code != ERR_NONE || !intake_route(j) || !intake_measure(j)) {
        return false;
    }
    uint32_t clock = j->clock_text[0] ? clocks_intern(g->facts->clocks, strv_from(j->clock_text), NULL)
                                      : clocks_of_number(g->facts->clocks, j->m.to);
    j->clock = clock;
    if (j->clock_text[0]) {
        j->m.clock = engine_book_of_clock(g, clock);
    }
    intake_schedule(j, clock);
    j->m.accepted_at = engine_wall(g);
    usec_t from = j->m.not_before > j->m.accepted_at ? j->m.not_before : j->m.accepted_at;
    j->m.valid_until = j->valid_for ? from + j->valid_for : 0;
    j->sent.to = j->m.to;
    if (intake_direct(j)) {
        return true;
    }
    usec_t until = j->sent.until == USEC_NEVER ? j->m.accepted_at + UNKNOWN_LOOK : j->sent.until;
    j->sent.id = spool_accept(g->spool, &j->m, j->sent.state, j->sent.reason, until, intake_stored, j);
    if (j->sent.id == 0) {
        return err_set(&j->sent.err, ERR_BUSY, "the queue's intake is full: try again in a moment");
    }
    if (j->sent.state == MESSAGE_READY) {
        g->carriers[j->m.carrier]->lanes[j->m.class_].coming++;
    }
    engine_touch_spool(g);
    return true;
}

static void intake_look(struct engine *g);

static void intake_decide(void *job)
{
    struct intake_batch *b = job;
    struct engine *g = b->g;
    b->busy = false;
    for (struct intake *j = b->first, *next; j != NULL; j = next) {
        next = j->next;
        if (!intake_accept(j)) {
            intake_end(j);
        }
    }
    b->first = NULL;
    intake_look(g);
}

/* Looks up what has gathered, when no look-up is under way. */
static void intake_look(struct engine *g)
{
    struct intake_batch *b = &g->looking;
    if (b->busy || b->waiting == NULL) {
        return;
    }
    struct err e = { 0 };
    b->first = b->waiting;
    b->waiting = b->last = NULL;
    b->n = 0;
    b->busy = engine_submit(g, &g->lookup, intake_lookup, intake_decide, b, &e);
    if (!b->busy) {
        for (struct intake *j = b->first, *next; j != NULL; j = next) {
            next = j->next;
            j->sent.err = e;
            intake_end(j);
        }
        b->first = NULL;
    }
}

static void intake_look_task(void *arg)
{
    intake_look(arg);
}

void intake_init(struct engine *g)
{
    g->looking.g = g;
    loop_task_init(&g->looking.task, g->loop, intake_look_task, g);
}

void intake_stop(struct engine *g)
{
    loop_task_cancel(&g->looking.task);
    intake_look(g);
}

static bool intake_wait(struct intake *j)
{
    struct engine *g = j->g;
    struct intake_batch *b = &g->looking;
    if (b->n >= INTAKE_WAITING) {
        return err_set(&j->sent.err, ERR_BUSY, "too many requests wait already: try again in a moment");
    }
    if (b->waiting == NULL) {
        b->waiting = j;
    } else {
        b->last->next = j;
    }
    b->last = j;
    b->n++;
    loop_defer(&b->task); /* those of this turn together */
    return true;
}

static bool intake_read(struct intake *j, const struct engine_send *s)
{
    struct engine *g = j->g;
    struct err *e = &j->sent.err;
    if (!number_parse(g->shared->numbering, s->to, (struct strv){ 0 }, &j->m.to, e)) {
        return err_prefix(e, "to");
    }
    if (strv_trim(s->text).n == 0) {
        return err_set(e, ERR_INVALID, "text: there is nothing to send");
    }
    if (s->text.n > MESSAGE_MAX_TEXT || s->ref.n > 64) {
        return err_set(e, ERR_LIMIT, s->ref.n > 64 ? "ref: at most 64 octets" : "text: at most %d octets",
                       MESSAGE_MAX_TEXT);
    }
    if (!strv_copy(s->sender, j->sender, sizeof j->sender)) {
        return err_set(e, ERR_INVALID, "sender: at most %d characters", MESSAGE_MAX_SENDER);
    }
    if (!strv_copy(s->tag, j->tag, sizeof j->tag)) {
        return err_set(e, ERR_LIMIT, "tag: at most %d octets", ENGINE_TAG_MAX - 1);
    }
    j->m.tag = strv_from(j->tag);
    char *block = malloc(s->text.n + s->ref.n + s->tlvs.n + 1);
    if (block == NULL) {
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    memcpy(block, s->text.p, s->text.n);
    memcpy(block + s->text.n, s->ref.n ? s->ref.p : "", s->ref.n);
    memcpy(block + s->text.n + s->ref.n, s->tlvs.n ? s->tlvs.p : "", s->tlvs.n);
    j->strings = (struct strv){ block, s->text.n + s->ref.n + s->tlvs.n };
    j->m.tlvs = (struct strv){ block + s->text.n + s->ref.n, s->tlvs.n };
    j->m.text = (struct strv){ block, s->text.n };
    j->m.client_ref = (struct strv){ block + s->text.n, s->ref.n };
    j->m.class_ = s->class_;
    j->schedule = s->schedule;
    j->valid_for = s->valid_for;
    return true;
}

void engine_send(struct engine *g, const struct engine_send *s, engine_sent_fn done, void *ctx)
{
    struct err none = { 0 };
    struct intake *j = calloc(1, sizeof *j);
    if (j == NULL) {
        struct engine_sent sent = { .err = { .code = ERR_NOMEM, .text = "out of memory" } };
        done(ctx, &sent);
        return;
    }
    j->g = g;
    j->done = done;
    j->ctx = ctx;
    /* A one-time password has no quiet hours: it need not wait for the look-up of the recipient's zone. */
    bool going = intake_read(j, s);
    if (going && s->class_ == CLASS_OTP && !s->schedule.local) {
        going = intake_accept(j);
    } else if (going) {
        going = intake_wait(j);
    }
    if (!going) {
        engine_answer_later(g, intake_end_later, j, &none);
    }
}

/* The number of the carrier that is asked about; -1: none, *e says why. */
static int preview_carrier(struct engine *g, const struct engine_text_ask *ask, struct err *e)
{
    struct route_choice choice;
    if (ask->carrier.n > 0) {
        const struct carrier *c = engine_carrier_need(g, ask->carrier, e);
        return c != NULL ? c->number : -1;
    }
    if (ask->to != 0) {
        if (routing_choose(g, ask->to, ask->class_, ask->sender, NULL, ask->tag, &choice)) {
            return choice.carrier;
        }
        err_set(e, ERR_STATE, "no carrier takes %s: see `tessera route explain`", number_mask(ask->to).s);
        return -1;
    }
    for (size_t i = 0; i < g->n_carriers; i++) {
        if (g->carriers[i]->configured) {
            return (int)i;
        }
    }
    err_set(e, ERR_STATE, "there is no carrier: see `carriers` in tesserad.conf");
    return -1;
}

bool engine_text_preview(struct engine *g, const struct engine_text_ask *ask, struct text_look *out,
                         const char **carrier, struct err *e)
{
    int n = preview_carrier(g, ask, e);
    if (n < 0) {
        return false;
    }
    struct parts_options style = carrier_style(g->carriers[n]);
    *carrier = g->carriers[n]->o.name;
    text_look(ask->text, &style, out);
    return true;
}
