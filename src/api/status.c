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
    json_object_set_new(c->out, "carriers", call_carriers(g));
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
