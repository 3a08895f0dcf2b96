/* /healthz, /v1/status and the test clock. */
#include "api/call.h"
#include "api/stores.h"
#include "engine/facts.h"

#include <string.h>

/* A list of the lines. */
static json_t *status_sentences(const struct buf *text)
{
    struct strv rest = { (const char *)text->data, text->len }, line;
    json_t *list = json_array();
    while (strv_next(&rest, '\n', &line)) {
        if (line.n != 0) {
            json_array_append_new(list, reply_text(line));
        }
    }
    return list;
}

/* --- GET /healthz --- */

void api_status_health(struct call *c)
{
    struct buf problems = { 0 };
    engine_problems(c->api->engine, &problems);
    c->out = json_object();
    if (problems.len == 0) {
        json_object_set_new(c->out, "status", reply_cstr("ok"));
    } else {
        c->status = 503;
        json_object_set_new(c->out, "status",
                            reply_cstr(engine_draining(c->api->engine) ? "draining" : "degraded"));
        json_object_set_new(c->out, "problems", status_sentences(&problems));
    }
    buf_free(&problems);
    call_reply(c);
}

/* --- GET /v1/status --- */

static json_t *status_certificate(usec_t expires, int64_t days)
{
    if (expires == 0) {
        return json_null();
    }
    json_t *o = json_object();
    json_object_set_new(o, "expires", reply_instant(expires));
    json_object_set_new(o, "days_left", json_integer(days));
    return o;
}

static json_t *status_bind(const struct bind_status *b)
{
    json_t *o = json_object(), *window = json_object();
    json_object_set_new(window, "used", reply_u64(b->used));
    json_object_set_new(window, "size", reply_u64(b->window));
    json_object_set_new(o, "id", reply_u64(b->id));
    json_object_set_new(o, "mode", reply_cstr(b->mode));
    json_object_set_new(o, "host", reply_cstr(b->host));
    json_object_set_new(o, "outbind", json_boolean(b->outbind));
    json_object_set_new(o, "first_choice", json_boolean(b->first_choice));
    json_object_set_new(o, "state", reply_cstr(b->state));
    json_object_set_new(o, "version", reply_cstr(b->version));
    json_object_set_new(o, "since", reply_instant(b->since));
    json_object_set_new(o, "window", window);
    json_object_set_new(o, "tls", json_boolean(b->tls));
    json_object_set_new(o, "certificate", status_certificate(b->certificate, b->certificate_days));
    json_object_set_new(o, "last_error", reply_cstr(b->last_error));
    json_object_set_new(o, "next_attempt", reply_instant(b->next_attempt));
    return o;
}

/* How the carrier's receipts name messages, and what came of them. */
static void status_put_receipts(json_t *o, const struct carrier_status *s)
{
    const struct spool_id_view *v = &s->receipt_ids;
    const struct carrier_receipts *n = &s->receipt_kinds;
    json_t *ids = json_object(), *seen = json_object(), *kinds = json_object();
    for (unsigned i = SPOOL_IDS_SAME; i < SPOOL_ID_FORMS; i++) {
        json_object_set_new(seen, spool_id_form_name((enum spool_id_form)i), reply_u64(v->seen[i]));
    }
    json_object_set_new(ids, "form", reply_cstr(spool_id_form_name(v->form)));
    json_object_set_new(ids, "set", json_boolean(v->set != SPOOL_IDS_AUTO));
    json_object_set_new(ids, "seen", seen);
    json_object_set_new(ids, "elsewhere", reply_u64(v->elsewhere));
    json_object_set_new(kinds, "intermediate", reply_u64(n->intermediate));
    json_object_set_new(kinds, "repeated", reply_u64(n->repeated));
    json_object_set_new(kinds, "contradicting", reply_u64(n->contradicting));
    json_object_set_new(kinds, "unknown", reply_u64(n->unknown));
    json_object_set_new(kinds, "unreadable", reply_u64(n->unreadable));
    json_object_set_new(o, "receipt_ids", ids);
    json_object_set_new(o, "receipt_kinds", kinds);
}

static json_t *status_carrier(const struct carrier_status *s)
{
    json_t *o = json_object(), *rate = json_object(), *queue = json_object(), *binds = json_array();
    json_object_set_new(rate, "limit", s->rate_limit != 0 ? json_integer(s->rate_limit) : json_null());
    json_object_set_new(rate, "bind", s->bind_rate != 0 ? json_integer(s->bind_rate) : json_null());
    json_object_set_new(rate, "last_s", reply_u64(s->rate_last_s));
    json_object_set_new(rate, "found", s->rate_found != 0 ? json_integer(s->rate_found) : json_null());
    json_object_set_new(rate, "since", reply_instant(s->rate_since));
    json_object_set_new(rate, "cause", reply_cstr(s->rate_cause));
    for (unsigned i = 0; i < CLASS_COUNT; i++) {
        json_object_set_new(queue, message_class_name((enum message_class)i), reply_u64(s->queue[i]));
    }
    for (size_t i = 0; i < s->n_binds; i++) {
        json_array_append_new(binds, status_bind(&s->binds[i]));
    }
    json_object_set_new(o, "name", reply_cstr(s->name));
    json_object_set_new(o, "state", reply_cstr(s->state));
    json_object_set_new(o, "paused", json_boolean(s->paused_since != 0));
    json_object_set_new(o, "paused_since", reply_instant(s->paused_since));
    json_object_set_new(o, "rate", rate);
    json_object_set_new(o, "throttled_until", reply_instant(s->throttled_until));
    json_object_set_new(o, "queue", queue);
    json_object_set_new(o, "in_flight", reply_u64(s->in_flight));
    json_object_set_new(o, "submitted", reply_u64(s->submitted));
    json_object_set_new(o, "answered", reply_u64(s->answered));
    json_object_set_new(o, "failed", reply_u64(s->failed));
    json_object_set_new(o, "lost", reply_u64(s->lost));
    json_object_set_new(o, "receipts", reply_u64(s->receipts));
    status_put_receipts(o, s);
    json_object_set_new(o, "tlvs_withheld", reply_u64(s->tlvs_withheld));
    json_object_set_new(o, "inbound", reply_u64(s->inbound));
    json_object_set_new(o, "cost", json_real((double)s->cost / 1e6));
    json_object_set_new(o, "health", reply_cstr(s->health));
    json_object_set_new(o, "own_certificate",
                        status_certificate(s->own_certificate, s->own_certificate_days));
    json_object_set_new(o, "binds", binds);
    return o;
}

static json_t *status_rates(const struct engine *g)
{
    json_t *list = json_array();
    for (size_t i = 0; i < engine_rate_count(g); i++) {
        struct rate_status r;
        json_t *o = json_object();
        engine_rate_status(g, i, &r);
        json_object_set_new(o, "rate", json_integer(r.rate));
        json_object_set_new(o, "burst", json_integer(r.burst));
        json_object_set_new(o, "sender", reply_cstr(r.sender));
        json_object_set_new(o, "region", reply_cstr(r.region));
        json_object_set_new(o, "prefix", reply_cstr(r.prefix));
        json_object_set_new(o, "class", reply_cstr(r.class_));
        json_object_set_new(o, "carrier", reply_cstr(r.carrier));
        json_object_set_new(o, "waiting", reply_u64(r.waiting));
        json_array_append_new(list, o);
    }
    return list;
}

/* --- /v1/carriers --- */

json_t *call_carrier(const struct call *c, size_t i)
{
    struct carrier_status s;
    engine_carrier_status(c->api->engine, i, &s);
    return status_carrier(&s);
}

static json_t *status_carriers(const struct engine *g)
{
    json_t *list = json_array();
    for (size_t i = 0; i < engine_carrier_count(g); i++) {
        struct carrier_status s;
        engine_carrier_status(g, i, &s);
        json_array_append_new(list, status_carrier(&s));
    }
    return list;
}

void api_carrier_list(struct call *c)
{
    c->out = json_object();
    json_object_set_new(c->out, "carriers", status_carriers(c->api->engine));
    call_reply(c);
}

static void status_then_paused(struct call *c)
{
    struct engine *g = c->api->engine;
    for (size_t i = 0; i < engine_carrier_count(g) && c->out == NULL; i++) {
        struct carrier_status s;
        engine_carrier_status(g, i, &s);
        if (strv_eq_c(c->param[0], s.name)) {
            c->out = status_carrier(&s);
        }
    }
    call_reply(c);
}

static void status_pause(struct call *c, bool pause)
{
    if (call_members(c, NULL, 0, NULL)) {
        c->then = status_then_paused;
        engine_carrier_pause(c->api->engine, c->param[0], pause, call_done, c);
    }
}

void api_carrier_pause(struct call *c)
{
    status_pause(c, true);
}

void api_carrier_resume(struct call *c)
{
    status_pause(c, false);
}

/* --- the whole --- */

static void status_run(const struct engine_view *v, struct call *c)
{
    struct stores s;
    if (!stores_read(v, &s, &c->err)) {
        return;
    }
    json_t *queue = json_object(), *spool = json_object(), *audience = json_object();
    for (unsigned i = MESSAGE_NONE + 1; i < MESSAGE_STATE_COUNT; i++) {
        json_object_set_new(queue, message_state_name((enum message_state)i),
                            reply_u64(s.counts.by_state[i]));
    }
    json_object_set_new(spool, "map_size", reply_u64(s.spool.map_size));
    json_object_set_new(spool, "used", reply_u64(s.spool.used));
    json_object_set_new(spool, "messages", reply_u64(s.spool.messages));
    json_object_set_new(spool, "deleted", reply_u64(s.spool.retired));
    json_object_set_new(spool, "oldest", reply_instant(s.spool.oldest));
    json_object_set_new(spool, "retention", reply_instant(s.spool.retained_at));
    json_object_set_new(spool, "intake_closed", json_boolean(s.spool.intake_closed));
    json_object_set_new(spool, "orphan_receipts", reply_u64(s.spool.orphans));
    json_object_set_new(spool, "commits", reply_u64(s.spool.commits));
    json_object_set_new(spool, "operations", reply_u64(s.spool.operations));
    json_object_set_new(audience, "customers", reply_u64(s.customers));
    json_object_set_new(audience, "events", reply_u64(s.events));
    json_object_set_new(audience, "map_size", reply_u64(s.audience.map_size));
    json_object_set_new(audience, "used", reply_u64(s.audience.used));
    json_object_set_new(audience, "feed_pending", reply_u64(s.spool.feed_pending));
    json_object_set_new(c->out, "queue", queue);
    json_object_set_new(c->out, "spool", spool);
    json_object_set_new(c->out, "audience", audience);
}

static json_t *status_warnings(const struct engine *g)
{
    struct buf text = { 0 };
    engine_warnings(g, &text);
    json_t *list = status_sentences(&text);
    buf_free(&text);
    return list;
}

static json_t *status_outbind(const struct engine *g)
{
    struct outbind_status s;
    engine_outbind_status(g, &s);
    if (s.listen[0] == 0) {
        return json_null();
    }
    json_t *o = json_object();
    json_object_set_new(o, "listen", reply_cstr(s.listen));
    json_object_set_new(o, "waiting", reply_u64(s.strangers));
    json_object_set_new(o, "accepted", reply_u64(s.accepted));
    json_object_set_new(o, "refused", reply_u64(s.refused));
    return o;
}

void api_status_show(struct call *c)
{
    struct engine *g = c->api->engine;
    json_t *recovered = json_object();
    struct spool_recovered r = engine_recovered(g);
    json_object_set_new(recovered, "in_flight", reply_u64(r.in_flight));
    json_object_set_new(recovered, "resent", reply_u64(r.resent));
    json_object_set_new(recovered, "held", reply_u64(r.held));
    json_object_set_new(recovered, "failed", reply_u64(r.failed));
    c->out = json_object();
    json_object_set_new(c->out, "version", reply_cstr(c->api->version));
    json_object_set_new(c->out, "state", reply_cstr(engine_draining(g) ? "draining" : "running"));
    json_object_set_new(c->out, "now", reply_instant(engine_wall(g)));
    json_object_set_new(c->out, "started", reply_instant(engine_started(g)));
    json_object_set_new(c->out, "tzdata", reply_cstr(zones_version(engine_facts(g)->zones)));
    json_object_set_new(c->out, "test_clock", json_boolean(c->api->clock_settable));
    json_object_set_new(c->out, "carriers", status_carriers(g));
    json_object_set_new(c->out, "outbind", status_outbind(g));
    json_object_set_new(c->out, "warnings", status_warnings(g));
    json_object_set_new(c->out, "rates", status_rates(g));
    json_object_set_new(c->out, "recovered", recovered);
    json_object_set_new(c->out, "suppressed_numbers", reply_u64(engine_suppressed_count(g)));
    call_read(c, status_run, NULL);
}

/* --- the test clock --- */

static void status_reply_clock(struct call *c)
{
    c->out = json_object();
    json_object_set_new(c->out, "now", reply_instant(engine_wall(c->api->engine)));
    call_reply(c);
}

static bool status_has_clock(struct call *c)
{
    if (c->api->clock_settable) {
        return true;
    }
    call_fail(c, ERR_NOT_FOUND, "there is no test clock: tesserad was started without --test-clock");
    return false;
}

void api_clock_show(struct call *c)
{
    if (status_has_clock(c)) {
        status_reply_clock(c);
    }
}

void api_clock_put(struct call *c)
{
    static const struct member MEMBERS[] = { { "now", MEMBER_INSTANT, true, 0, 0, 0 } };
    usec_t now;
    if (status_has_clock(c) && call_members(c, MEMBERS, 1, &now)) {
        clock_set_wall(c->api->clock, now);
        engine_clock_changed(c->api->engine);
        status_reply_clock(c);
    }
}
