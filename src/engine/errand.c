/* An errand at a carrier: query_sm, cancel_sm or replace_sm for each part of a message that it has (SMPP 3.4
 * §4.8, §4.9, §4.10). The look-up thread reads what was stored when the parts were taken; the loop submits,
 * before anything else and within the window; what is answered goes into the store, also when whoever asked
 * has been told meanwhile that no answer came. */
#include "engine/internal.h"
#include "engine/text.h"

#include "smpp/status.h"
#include "smpp/time.h"

#include <stdlib.h>
#include <string.h>

#define ERRAND_TOKEN  (UINT64_C(1) << 63) /* no message has such an id */
#define ERRAND_MOST   64                  /* that somebody waits for */
#define ERRAND_WAIT   (20 * USEC_SEC)     /* so long somebody waits at most */
#define ERRAND_LINGER (10 * USEC_MINUTE)  /* so long an answer may be late */
#define ERRAND_ID_MAX 65

enum errand_step { STEP_SKIP, STEP_TODO, STEP_ASKED, STEP_LATE, STEP_DONE };

struct errand_part {
    enum errand_step step;
    char id[ERRAND_ID_MAX + 1];
};

struct errand {
    struct errand *next;
    struct engine *g;
    enum errand_kind kind;
    uint64_t id;
    uint32_t number;
    engine_errand_fn done;
    void *ctx;
    bool told;
    unsigned storing;
    struct loop_timer timer;
    struct carrier *carrier;
    struct err err;
    /* the message as the look-up thread found it */
    bool found;
    struct outgoing o;
    struct buf strings; /* sender, text, and the new text */
    struct strv text;
    enum message_state state;
    size_t n_parts;
    struct errand_part part[MESSAGE_MAX_PARTS + 1];
    struct engine_errand_part result[MESSAGE_MAX_PARTS + 1];
};

static const char *errand_word(const struct errand *d)
{
    static const char *const words[] = { "queried", "cancelled", "replaced" };
    return words[d->kind];
}

static void errand_free(struct errand *d)
{
    loop_timer_stop(&d->timer);
    buf_free(&d->strings);
    free(d);
}

static void errand_unlink(struct errand *d)
{
    for (struct errand **p = &d->g->errands; *p != NULL; p = &(*p)->next) {
        if (*p == d) {
            *p = d->next;
            return;
        }
    }
}

/* No part had a yes: what to say of it. */
static void errand_sum_up(struct errand *d)
{
    const struct engine_errand_part *worst = NULL;
    for (size_t i = 0; i < d->n_parts; i++) {
        const struct engine_errand_part *p = &d->result[i];
        if (p->done) {
            return;
        }
        worst = p->asked && (worst == NULL || (worst->status == 0 && p->status != 0)) ? p : worst;
    }
    if (worst == NULL) {
        err_set(&d->err, ERR_STATE, "%s gave no id for it, by which it could be %s", d->carrier->o.name,
                errand_word(d));
    } else if (worst->status != 0) {
        const char *name = smpp_status_name(worst->status);
        err_set(&d->err, ERR_STATE, "%s refused: %s (%s, 0x%08X)", d->carrier->o.name,
                smpp_status_text(worst->status), name != NULL ? name : "of the carrier's own",
                (unsigned)worst->status);
    } else {
        err_set(&d->err, ERR_BUSY, "%s: %s; what it says later is recorded", d->carrier->o.name,
                worst->problem);
    }
}

static void errand_tell(struct errand *d)
{
    if (d->told) {
        return;
    }
    if (d->err.code == ERR_NONE) {
        errand_sum_up(d);
    }
    d->told = true;
    struct engine_errand e = { .err = d->err,
                               .carrier = d->carrier != NULL ? d->carrier->o.name : "",
                               .n_parts = d->n_parts,
                               .parts = d->result };
    d->done(d->ctx, &e);
}

static bool errand_any(const struct errand *d, enum errand_step step)
{
    for (size_t i = 0; i < d->n_parts; i++) {
        if (d->part[i].step == step) {
            return true;
        }
    }
    return false;
}

/* Something of it has come to its end. */
static void errand_look(struct errand *d)
{
    if (errand_any(d, STEP_TODO) || errand_any(d, STEP_ASKED) || d->storing > 0) {
        return;
    }
    bool told = d->told;
    errand_tell(d);
    if (errand_any(d, STEP_LATE)) {
        if (!told) {
            loop_timer_in(&d->timer, ERRAND_LINGER);
        }
        return;
    }
    errand_unlink(d);
    errand_free(d);
}

static void errand_refuse(struct errand *d)
{
    errand_tell(d);
    errand_unlink(d);
    errand_free(d);
}

/* Whoever asked has waited long enough; or nothing late will come any more. */
static void errand_on_timer(void *arg)
{
    struct errand *d = arg;
    if (d->told) {
        errand_unlink(d);
        errand_free(d);
        return;
    }
    for (size_t i = 0; i < d->n_parts; i++) {
        struct errand_part *p = &d->part[i];
        if (p->step == STEP_TODO) {
            p->step = STEP_DONE;
            d->result[i].problem = "no bind had room for it in time";
        } else if (p->step == STEP_ASKED) {
            p->step = STEP_LATE;
            d->result[i].problem = "no answer in time";
        }
    }
    errand_look(d);
}

/* --- what is asked --- */

static void errand_fill_query(struct errand *d, unsigned part, const struct sender *from,
                              struct smpp_pdu *pdu)
{
    smpp_pdu_init(pdu, SMPP_CMD(query_sm), 0, 0);
    pdu->query_sm.message_id = strv_from(d->part[part].id);
    pdu->query_sm.source_addr_ton = from->ton;
    pdu->query_sm.source_addr_npi = from->npi;
    pdu->query_sm.source_addr = strv_from(from->address);
}

/* With the recipient as submitted: some carriers compare it although there is an id. */
static void errand_fill_cancel(struct errand *d, unsigned part, const struct smpp_sm *sm,
                               struct smpp_pdu *pdu)
{
    smpp_pdu_init(pdu, SMPP_CMD(cancel_sm), 0, 0);
    pdu->cancel_sm.message_id = strv_from(d->part[part].id);
    pdu->cancel_sm.source_addr_ton = sm->source_addr_ton;
    pdu->cancel_sm.source_addr_npi = sm->source_addr_npi;
    pdu->cancel_sm.source_addr = sm->source_addr;
    pdu->cancel_sm.dest_addr_ton = sm->dest_addr_ton;
    pdu->cancel_sm.dest_addr_npi = sm->dest_addr_npi;
    pdu->cancel_sm.destination_addr = sm->destination_addr;
}

static void errand_fill_replace(struct errand *d, const struct smpp_sm *sm, struct smpp_pdu *pdu)
{
    smpp_pdu_init(pdu, SMPP_CMD(replace_sm), 0, 0);
    pdu->replace_sm.message_id = strv_from(d->part[0].id);
    pdu->replace_sm.source_addr_ton = sm->source_addr_ton;
    pdu->replace_sm.source_addr_npi = sm->source_addr_npi;
    pdu->replace_sm.source_addr = sm->source_addr;
    pdu->replace_sm.validity_period = sm->validity_period;
    pdu->replace_sm.registered_delivery = sm->registered_delivery;
    pdu->replace_sm.short_message = sm->short_message;
}

/* Writes it as the message was written; the part is over when that is not possible any more. */
static bool errand_submit(struct errand *d, struct link *k, unsigned part)
{
    struct carrier *c = d->carrier;
    struct outgoing_writer *w = &c->writer;
    struct smpp_pdu pdu;
    struct smpp_sm sm;
    usec_t wall = engine_wall(d->g), left = d->o.m.valid_until != 0 ? d->o.m.valid_until - wall : USEC_NEVER;
    struct strv was = d->o.m.text;
    if (d->kind == ERRAND_REPLACE) {
        d->o.m.text = d->text;
    }
    bool ok = outgoing_split(w, &d->o, carrier_style(c)) == OUTGOING_SPLIT;
    if (ok) {
        outgoing_fill(w, &d->o, &c->o, part, left, wall, &sm);
    }
    d->o.m.text = was;
    if (!ok) {
        d->part[part].step = STEP_DONE;
        d->result[part].problem = "its carrier now wants messages written in another way";
        return true;
    }
    d->part[part].step = STEP_ASKED;
    switch (d->kind) {
    case ERRAND_QUERY: errand_fill_query(d, part, &w->sender, &pdu); break;
    case ERRAND_CANCEL: errand_fill_cancel(d, part, &sm, &pdu); break;
    case ERRAND_REPLACE: errand_fill_replace(d, &sm, &pdu); break;
    }
    if (!link_submit(k, &pdu, ERRAND_TOKEN | (uint64_t)d->number << 8 | part)) {
        d->part[part].step = STEP_TODO;
        return false;
    }
    return true;
}

void errand_pump(struct carrier *c)
{
    for (struct errand *d = c->g->errands, *next; d != NULL; d = next) {
        bool over = false;
        next = d->next;
        for (unsigned i = 0; d->carrier == c && i < d->n_parts; i++) {
            if (d->part[i].step != STEP_TODO) {
                continue;
            }
            struct link *k = carrier_pick(c, 1, 0, NULL);
            if (k == NULL) {
                return; /* room in a window, or a bind, kicks again */
            }
            if (!errand_submit(d, k, i)) {
                return;
            }
            over = over || d->part[i].step == STEP_DONE;
        }
        if (over) {
            errand_look(d); /* no answer will tell */
        }
    }
}

/* --- what is answered --- */

static struct errand *errand_find(const struct engine *g, uint64_t token, unsigned *part)
{
    *part = (unsigned)(token & 255);
    for (struct errand *d = g->errands; d != NULL; d = d->next) {
        if (d->number == (uint32_t)(token >> 8) && *part < d->n_parts &&
            (d->part[*part].step == STEP_ASKED || d->part[*part].step == STEP_LATE)) {
            return d;
        }
    }
    return NULL;
}

bool errand_owns(uint64_t token)
{
    return (token & ERRAND_TOKEN) != 0;
}

static void errand_stored(void *ctx, const struct spool_result *r)
{
    struct errand *d = ctx;
    if (r->code != ERR_NONE && d->err.code == ERR_NONE) {
        err_set(&d->err, r->code, "it could not be recorded: %s", r->text);
    }
    d->storing--;
    errand_look(d);
}

static void errand_record(struct errand *d, unsigned part, enum message_state state, uint32_t error,
                          usec_t at)
{
    d->storing++;
    spool_part_state(d->g->spool, d->id, (uint8_t)part, state, error, at, errand_stored, d);
    engine_touch_spool(d->g);
}

static void errand_queried(struct errand *d, unsigned part, const struct smpp_pdu *r)
{
    struct engine_errand_part *p = &d->result[part];
    struct smpp_time t;
    usec_t wall = engine_wall(d->g);
    p->state = r->query_sm_resp.message_state;
    p->error = r->query_sm_resp.error_code;
    if (smpp_time_parse(r->query_sm_resp.final_date, &t) && t.kind == SMPP_TIME_ABSOLUTE) {
        p->final_at = smpp_time_instant(&t, wall);
    }
    enum message_state state = receive_state(p->state);
    if (message_state_final(state)) {
        errand_record(d, part, state, p->error, p->final_at != 0 && p->final_at < wall ? p->final_at : wall);
    }
}

void errand_response(struct engine *g, uint64_t token, const struct smpp_pdu *r)
{
    static const uint32_t answers[] = { SMPP_CMD(query_sm_resp), SMPP_CMD(cancel_sm_resp),
                                        SMPP_CMD(replace_sm_resp) };
    unsigned part;
    struct errand *d = errand_find(g, token, &part);
    if (d == NULL) {
        return;
    }
    struct engine_errand_part *p = &d->result[part];
    if (d->part[part].step == STEP_LATE) {
        log_event(g->log, LOG_INFO, "errand_late", "carrier=%s message=%llu part=%u status=%u",
                  d->carrier->o.name, (unsigned long long)d->id, part, (unsigned)r->command_status);
    }
    d->part[part].step = STEP_DONE;
    p->problem = "";
    p->status = r->command_status;
    p->done = r->command_id == answers[d->kind] && r->command_status == 0 &&
              (d->kind != ERRAND_QUERY || !r->body_absent);
    if (!p->done && p->status == 0) {
        p->problem = "its answer makes no sense";
    } else if (p->done && d->kind == ERRAND_QUERY) {
        errand_queried(d, part, r);
    } else if (p->done && d->kind == ERRAND_CANCEL) {
        errand_record(d, part, MESSAGE_CANCELLED, 0, engine_wall(g));
    } else if (p->done) {
        d->storing++;
        spool_replaced(g->spool, d->id, d->text, engine_wall(g), errand_stored, d);
        engine_touch_spool(g);
    }
    errand_look(d);
}

void errand_lost(struct engine *g, uint64_t token, enum session_lost why)
{
    unsigned part;
    struct errand *d = errand_find(g, token, &part);
    if (d == NULL) {
        return;
    }
    bool late = why == SESSION_LOST_TIMEOUT;
    d->result[part].problem = late ? "no answer in time" : "the bind ended before it answered";
    d->part[part].step = late ? STEP_LATE : STEP_DONE;
    errand_look(d);
}

/* --- the beginning --- */

static struct strv errand_keep(struct errand *d, struct strv s)
{
    size_t at = d->strings.len;
    buf_put_strv(&d->strings, s);
    return (struct strv){ (const char *)d->strings.data + at, s.n };
}

static bool errand_read_one(void *ctx, const struct spool_view *v)
{
    struct errand *d = ctx;
    size_t text_n = d->text.n; /* it is there already: see engine_message_errand */
    if (!buf_reserve(&d->strings, v->m.sender.n + v->m.text.n)) {
        return true;
    }
    d->text = (struct strv){ (const char *)d->strings.data, text_n };
    d->o.m = v->m;
    d->o.m.sender = errand_keep(d, v->m.sender);
    d->o.m.text = errand_keep(d, v->m.text);
    d->o.m.client_ref = d->o.m.tag = d->o.m.tlvs = (struct strv){ 0 };
    d->state = v->state;
    d->n_parts = v->n_parts < MESSAGE_MAX_PARTS ? v->n_parts : MESSAGE_MAX_PARTS;
    for (size_t i = 0; i < d->n_parts; i++) {
        const struct spool_part_view *p = &v->parts[i];
        bool ours = p->state != MESSAGE_IN_FLIGHT && p->command_status == 0 && p->carrier_id.n > 0 &&
                    p->carrier_id.n <= ERRAND_ID_MAX &&
                    (d->kind == ERRAND_QUERY || !message_state_final(p->state));
        d->result[i] = (struct engine_errand_part){ .n = (unsigned)i, .asked = ours, .problem = "" };
        d->part[i].step = ours ? STEP_TODO : STEP_SKIP;
        strv_copy(p->carrier_id, d->part[i].id, sizeof d->part[i].id);
    }
    d->found = true;
    return true;
}

static void errand_read(const struct engine_view *v, void *job)
{
    struct errand *d = job;
    spool_get_message(v->spool, d->id, errand_read_one, d);
}

/* Whether its state allows it. */
static bool errand_check_state(struct errand *d)
{
    if (!d->found) {
        return engine_no_message(d->id, &d->err);
    }
    if (d->state == MESSAGE_HELD || d->state == MESSAGE_READY) {
        return err_set(&d->err, ERR_STATE, "it is %s here and no carrier has it; %s",
                       message_state_name(d->state),
                       d->kind == ERRAND_CANCEL    ? "cancel it without --at-carrier"
                       : d->kind == ERRAND_REPLACE ? "cancel it and send another"
                                                   : "`tessera message show` tells what it waits for");
    }
    if (d->state == MESSAGE_IN_FLIGHT) {
        return err_set(&d->err, ERR_STATE, "it is being submitted: ask again when it is sent");
    }
    if (message_state_final(d->state) && d->kind != ERRAND_QUERY) {
        return err_set(&d->err, ERR_STATE, "it is %s: that is its end, nothing can be %s any more",
                       message_state_name(d->state), errand_word(d));
    }
    if (!errand_any(d, STEP_TODO)) {
        return err_set(&d->err, ERR_STATE, "its carrier gave no id for it, by which it could be %s",
                       errand_word(d));
    }
    return true;
}

/* replace_sm has neither esm_class nor data_coding nor parts: the new text must be written as the old one. */
static bool errand_check_text(struct errand *d)
{
    struct outgoing_writer *w = &d->carrier->writer;
    if (d->n_parts != 1) {
        return err_set(&d->err, ERR_STATE,
                       "it has %zu parts; a carrier can replace a message of one part only", d->n_parts);
    }
    struct parts_options style = carrier_style(d->carrier);
    if (outgoing_split(w, &d->o, style) != OUTGOING_SPLIT) {
        return err_set(&d->err, ERR_STATE, "the carrier now wants texts in another way than it was sent in");
    }
    uint8_t coding = w->parts.data_coding;
    bool udhi = w->parts.udhi;
    struct strv was = d->o.m.text;
    if (text_refused(d->text, &style, &d->err)) {
        return false;
    }
    d->o.m.text = d->text;
    bool one = outgoing_split(w, &d->o, style) == OUTGOING_SPLIT &&
               parts_fields(&w->parts, 0).message_payload.n == 0;
    d->o.m.text = was;
    if (!one) {
        return err_set(&d->err, ERR_INVALID, "the new text does not fit into one part");
    }
    if (w->parts.data_coding != coding || w->parts.udhi || udhi) {
        return err_set(&d->err, ERR_INVALID,
                       "the new text needs another alphabet than the one that was sent, "
                       "and a replacement cannot change that");
    }
    return true;
}

static bool errand_check(struct errand *d)
{
    struct engine *g = d->g;
    if (!errand_check_state(d)) {
        return false;
    }
    d->carrier = d->o.m.carrier < g->n_carriers ? g->carriers[d->o.m.carrier] : NULL;
    if (d->carrier == NULL || !d->carrier->configured) {
        return err_set(&d->err, ERR_STATE, "its carrier is not in the configuration any more");
    }
    if (g->draining || g->closing) {
        return err_set(&d->err, ERR_STATE, "the daemon is shutting down");
    }
    if (!carrier_bound(d->carrier)) {
        return err_set(&d->err, ERR_STATE, "%s is not bound; see `tessera carrier list`", d->carrier->o.name);
    }
    return d->kind != ERRAND_REPLACE || errand_check_text(d);
}

static void errand_go(void *job)
{
    struct errand *d = job;
    if (!errand_check(d)) {
        errand_refuse(d);
        return;
    }
    usec_t wait = d->carrier->o.response_timeout;
    loop_timer_in(&d->timer, wait > 0 && wait < ERRAND_WAIT ? wait : ERRAND_WAIT);
    dispatch_kick(d->carrier);
}

struct errand_refusal {
    engine_errand_fn done;
    void *ctx;
};

static void errand_refused(void *ctx, const struct err *e)
{
    struct errand_refusal *x = ctx;
    struct engine_errand refused = { .err = *e, .carrier = "" };
    x->done(x->ctx, &refused);
    free(x);
}

static void errand_refuse_new(struct engine *g, const char *text, engine_errand_fn done, void *ctx)
{
    struct engine_errand e = { .carrier = "" };
    struct errand_refusal *x = malloc(sizeof *x);
    err_set(&e.err, ERR_BUSY, "%s", text);
    if (x == NULL) {
        done(ctx, &e);
        return;
    }
    *x = (struct errand_refusal){ done, ctx };
    engine_answer_later(g, errand_refused, x, &e.err);
}

void engine_message_errand(struct engine *g, uint64_t id, enum errand_kind kind, struct strv text,
                           engine_errand_fn done, void *ctx)
{
    size_t waiting = 0;
    for (struct errand *d = g->errands; d != NULL; d = d->next) {
        waiting += !d->told;
    }
    struct errand *d = waiting < ERRAND_MOST ? calloc(1, sizeof *d) : NULL;
    if (d == NULL) {
        errand_refuse_new(g, "too many are asked for at once", done, ctx);
        return;
    }
    d->g = g;
    d->kind = kind;
    d->id = id;
    d->done = done;
    d->ctx = ctx;
    d->number = ++g->last_errand;
    loop_timer_init(&d->timer, g->loop, errand_on_timer, d);
    d->text = errand_keep(d, text);
    if (d->strings.failed || !engine_submit(g, &g->lookup, errand_read, errand_go, d, NULL)) {
        errand_free(d);
        errand_refuse_new(g, "too many look-ups wait already", done, ctx);
        return;
    }
    d->next = g->errands;
    g->errands = d;
}

void errands_stop(struct engine *g)
{
    while (g->errands != NULL) {
        struct errand *d = g->errands;
        g->errands = d->next;
        if (!d->told) {
            err_set(&d->err, ERR_STATE, "the daemon is shutting down");
            errand_tell(d);
        }
        errand_free(d);
    }
}
