/* What operators do to one message that is here: cancel, resolve, pause and resume; and consent of a person.
 */
#include "engine/internal.h"

#include <stdlib.h>

struct moving {
    struct engine *g;
    engine_done_fn done;
    void *ctx;
    uint64_t id;
    uint64_t number;
    enum consent_action consent;
    uint64_t stops; /* the gate's, when it was asked for */
    bool ready, cancel;
    bool yes; /* what was asked for: to be sent again, to be paused */
    /* as it was found */
    enum message_state state;
    enum message_reason reason;
    uint32_t campaign;
    usec_t not_before;
};

/* What the loop knows follows what is stored. */
static void moving_follow(const struct moving *j)
{
    if (j->consent == CONSENT_START) {
        gate_unsuppress(&j->g->gate, j->number, j->stops);
    } else if (j->ready) {
        for (size_t i = 0; i < j->g->n_carriers; i++) { /* it may stand before what is looked ahead at */
            for (enum message_class lane = 0; lane < LANE_COUNT; lane++) {
                lane_again(j->g->carriers[i], lane);
            }
        }
    }
}

static void moving_stored(void *ctx, const struct spool_result *r)
{
    struct moving *j = ctx;
    struct err e = { 0 };
    if (r->code == ERR_STATE && j->cancel) {
        err_set(&e, r->code,
                "it does not wait here any more; if it is sent, `tessera message cancel "
                "--at-carrier` asks its carrier to forget it");
    } else if (spool_result_ok(r, &e)) {
        moving_follow(j);
    }
    j->done(j->ctx, &e);
    free(j);
}

static struct moving *moving_new(struct engine *g, engine_done_fn done, void *ctx)
{
    struct moving *j = calloc(1, sizeof *j);
    if (j == NULL) {
        struct err e = { 0 };
        err_set(&e, ERR_NOMEM, "out of memory");
        engine_answer_later(g, done, ctx, &e);
        return NULL;
    }
    *j = (struct moving){ .g = g, .done = done, .ctx = ctx };
    return j;
}

static bool moving_in_flight(const struct engine *g, uint64_t id)
{
    for (size_t i = 0; i < g->n_carriers; i++) {
        if (hmap_get(&g->carriers[i]->in_flight, id, NULL)) {
            return true;
        }
    }
    return false;
}

void engine_message_cancel(struct engine *g, uint64_t id, engine_done_fn done, void *ctx)
{
    if (moving_in_flight(g, id)) {
        struct err e = { 0 };
        err_set(&e, ERR_STATE, "message %llu is in flight: it can no longer be cancelled here",
                (unsigned long long)id);
        engine_answer_later(g, done, ctx, &e);
        return;
    }
    struct moving *j = moving_new(g, done, ctx);
    if (j != NULL) {
        j->cancel = true;
        spool_move(g->spool, id, MESSAGE_CANCELLED, REASON_CANCELLED, 0, 0, moving_stored, j);
        engine_touch_spool(g);
    }
}

static bool moving_found(void *ctx, const struct spool_view *v)
{
    struct moving *j = ctx;
    j->state = v->state;
    j->reason = v->reason;
    j->campaign = v->m.campaign;
    j->not_before = v->m.not_before;
    return true;
}

static void moving_read(const struct engine_view *v, void *job)
{
    struct moving *j = job;
    spool_get_message(v->spool, j->id, moving_found, j);
}

/* Reads the message, then `decide`. */
static void moving_ask(struct engine *g, uint64_t id, bool yes, void (*decide)(void *job),
                       engine_done_fn done, void *ctx)
{
    struct err e = { 0 };
    struct moving *j = moving_new(g, done, ctx);
    if (j == NULL) {
        return;
    }
    j->id = id;
    j->yes = yes;
    if (!engine_submit(g, &g->lookup, moving_read, decide, j, &e)) {
        free(j);
        engine_answer_later(g, done, ctx, &e);
    }
}

static void moving_refused(struct moving *j, const struct err *e)
{
    j->done(j->ctx, e);
    free(j);
}

static void moving_to(struct moving *j, enum message_state to, enum message_reason reason, usec_t until)
{
    j->ready = to == MESSAGE_READY;
    spool_move(j->g->spool, j->id, to, reason, 0, until, moving_stored, j);
    engine_touch_spool(j->g);
}

bool engine_no_message(uint64_t id, struct err *e)
{
    return err_set(e, ERR_NOT_FOUND, "there is no message %llu; \"tessera message list\" shows the latest",
                   (unsigned long long)id);
}

/* Only what is uncertain: a message in flight must not be made ready under the feet of its response. */
static void resolve_decide(void *job)
{
    struct moving *j = job;
    struct err e = { 0 };
    if (j->state == MESSAGE_UNCERTAIN && !moving_in_flight(j->g, j->id)) {
        moving_to(j, j->yes ? MESSAGE_READY : MESSAGE_FAILED, REASON_UNCERTAIN, 0);
        return;
    }
    if (j->state == MESSAGE_NONE) {
        engine_no_message(j->id, &e);
    } else {
        err_set(&e, ERR_STATE, "message %llu is %s; only an uncertain one can be resolved",
                (unsigned long long)j->id, message_state_name(j->state));
    }
    moving_refused(j, &e);
}

void engine_message_resolve(struct engine *g, uint64_t id, bool resend, engine_done_fn done, void *ctx)
{
    moving_ask(g, id, resend, resolve_decide, done, ctx);
}

static bool pause_check(const struct moving *j, struct err *e)
{
    const struct engine *g = j->g;
    const struct campaign *m = j->campaign != 0 ? campaign_by_id(g, j->campaign) : NULL;
    if (j->state == MESSAGE_NONE) {
        return engine_no_message(j->id, e);
    }
    if (j->yes && ((j->state != MESSAGE_HELD && j->state != MESSAGE_READY) || moving_in_flight(g, j->id))) {
        return err_set(e, ERR_STATE, "it is %s: only what waits here can be paused",
                       message_state_name(j->state));
    }
    if (!j->yes && (j->state != MESSAGE_HELD || j->reason != REASON_PAUSED)) {
        return err_set(e, ERR_STATE, "it is %s, not paused", message_state_name(j->state));
    }
    if (!j->yes && m != NULL && m->state == CAMPAIGN_PAUSED) {
        return err_set(e, ERR_STATE, "its campaign \"%s\" is paused: resume that", m->spec.name.p);
    }
    return true;
}

static void pause_decide(void *job)
{
    struct moving *j = job;
    struct err e = { 0 };
    if (!pause_check(j, &e)) {
        moving_refused(j, &e);
    } else if (j->yes) {
        moving_to(j, MESSAGE_HELD, REASON_PAUSED, USEC_NEVER);
    } else if (j->not_before > engine_wall(j->g)) {
        moving_to(j, MESSAGE_HELD, REASON_SCHEDULE, j->not_before);
    } else {
        moving_to(j, MESSAGE_READY, REASON_NONE, 0);
    }
}

void engine_message_pause(struct engine *g, uint64_t id, bool pause, engine_done_fn done, void *ctx)
{
    moving_ask(g, id, pause, pause_decide, done, ctx);
}

void engine_consent(struct engine *g, uint64_t number, enum consent_action c, struct strv how,
                    struct strv words, engine_done_fn done, void *ctx)
{
    struct moving *j = moving_new(g, done, ctx);
    if (j == NULL) {
        return;
    }
    j->number = number;
    j->consent = c;
    if (c == CONSENT_STOP) {
        gate_suppress(&g->gate, number);
    }
    j->stops = g->gate.stops;
    spool_consent(g->spool, number, c, how, words, engine_wall(g), moving_stored, j);
    engine_touch_spool(g);
}

bool engine_suppressed(const struct engine *g, uint64_t number)
{
    return gate_is_suppressed(&g->gate, number);
}

size_t engine_suppressed_count(const struct engine *g)
{
    return hmap_count(&g->gate.suppressed);
}
