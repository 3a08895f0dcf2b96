/* /v1/carriers: how they are now, with their binds; one of them with its settings, and what each status means
 * there; pause and resume. */
#include "api/call.h"

#include <stdio.h>
#include <string.h>

/* --- as it is now --- */

static json_t *carrier_certificate(usec_t expires, int64_t days)
{
    if (expires == 0) {
        return json_null();
    }
    json_t *o = json_object();
    json_object_set_new(o, "expires", reply_instant(expires));
    json_object_set_new(o, "days_left", json_integer(days));
    return o;
}

static json_t *carrier_bind(const struct bind_status *b)
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
    json_object_set_new(o, "certificate", carrier_certificate(b->certificate, b->certificate_days));
    json_object_set_new(o, "last_error", reply_cstr(b->last_error));
    json_object_set_new(o, "next_attempt", reply_instant(b->next_attempt));
    return o;
}

/* How the carrier's receipts name messages, and what came of them. */
static void carrier_put_receipts(json_t *o, const struct carrier_status *s)
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

static json_t *carrier_json(const struct carrier_status *s)
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
        json_array_append_new(binds, carrier_bind(&s->binds[i]));
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
    carrier_put_receipts(o, s);
    json_object_set_new(o, "tlvs_withheld", reply_u64(s->tlvs_withheld));
    json_object_set_new(o, "inbound", reply_u64(s->inbound));
    json_object_set_new(o, "cost", json_real((double)s->cost / 1e6));
    json_object_set_new(o, "health", reply_cstr(s->health));
    json_object_set_new(o, "own_certificate",
                        carrier_certificate(s->own_certificate, s->own_certificate_days));
    json_object_set_new(o, "binds", binds);
    return o;
}

static json_t *carrier_at(const struct call *c, size_t i)
{
    struct carrier_status s;
    engine_carrier_status(c->api->engine, i, &s);
    return carrier_json(&s);
}

json_t *call_carriers(const struct engine *g)
{
    json_t *list = json_array();
    for (size_t i = 0; i < engine_carrier_count(g); i++) {
        struct carrier_status s;
        engine_carrier_status(g, i, &s);
        json_array_append_new(list, carrier_json(&s));
    }
    return list;
}

/* --- its settings --- */

static void put_text(json_t *o, const char *name, const char *value)
{
    json_object_set_new(o, name, value[0] != '\0' ? reply_cstr(value) : json_null());
}

static void put_seconds(json_t *o, const char *name, usec_t value)
{
    json_object_set_new(o, name, json_real((double)value / 1e6));
}

static json_t *carrier_tls(const struct carrier_options *k)
{
    json_t *o = json_object();
    if (!k->tls) {
        json_decref(o);
        return json_null();
    }
    json_object_set_new(o, "verify", json_boolean(k->tls_verify));
    put_text(o, "min", k->tls_min);
    put_text(o, "ca", k->tls_ca);
    put_text(o, "certificate", k->tls_cert);
    put_text(o, "name", k->tls_name);
    return o;
}

/* "smsc.example:2775", in the order of preference. */
static json_t *carrier_hosts(const struct carrier_options *k)
{
    json_t *list = json_array();
    for (size_t i = 0; i < k->n_hosts || (i == 0 && k->n_hosts == 0); i++) {
        const char *name = k->n_hosts != 0 ? k->hosts[i].name : k->host;
        unsigned port = k->n_hosts != 0 ? k->hosts[i].port : k->port;
        bool v6 = strchr(name, ':') != NULL;
        json_array_append_new(list, json_sprintf("%s%s%s:%u", v6 ? "[" : "", name, v6 ? "]" : "", port));
    }
    return list;
}

/* As configured; without what is secret. */
static json_t *carrier_settings(const struct carrier_options *k)
{
    json_t *o = json_object(), *binds = json_object();
    json_object_set_new(o, "hosts", carrier_hosts(k));
    put_seconds(o, "failback_s", k->failback);
    put_text(o, "system_id", k->system_id);
    put_text(o, "system_type", k->system_type);
    put_text(o, "address_range", k->address_range);
    json_object_set_new(o, "version", json_sprintf("%x.%x", k->version >> 4, k->version & 15));
    json_object_set_new(binds, "transceivers", reply_u64(k->transceivers));
    json_object_set_new(binds, "transmitters", reply_u64(k->transmitters));
    json_object_set_new(binds, "receivers", reply_u64(k->receivers));
    json_object_set_new(o, "binds", binds);
    json_object_set_new(o, "window", reply_u64(k->window));
    json_object_set_new(o, "rate", k->rate != 0 ? json_integer(k->rate) : json_null());
    json_object_set_new(o, "burst", json_integer(k->burst));
    json_object_set_new(o, "bind_rate", k->bind_rate != 0 ? json_integer(k->bind_rate) : json_null());
    json_object_set_new(o, "bind_burst", json_integer(k->bind_burst));
    json_object_set_new(o, "congestion", reply_u64(k->congestion));
    put_seconds(o, "response_timeout_s", k->response_timeout);
    put_seconds(o, "enquire_link_s", k->enquire_link);
    put_seconds(o, "enquire_timeout_s", k->enquire_timeout);
    put_seconds(o, "bind_timeout_s", k->bind_timeout);
    put_seconds(o, "connect_timeout_s", k->connect_timeout);
    put_seconds(o, "reconnect_min_s", k->reconnect_min);
    put_seconds(o, "reconnect_max_s", k->reconnect_max);
    put_seconds(o, "already_bound_wait_s", k->already_bound_wait);
    put_text(o, "sender", k->sender);
    put_text(o, "prefixes", k->prefixes);
    put_text(o, "service_type", k->service_type);
    put_text(o, "validity", k->validity);
    put_text(o, "long_messages", k->long_messages);
    put_text(o, "alphabet", k->alphabet);
    put_text(o, "transliteration", k->transliteration);
    put_text(o, "languages", k->languages);
    json_object_set_new(o, "packed", json_boolean(k->packed));
    json_object_set_new(o, "latin1", json_boolean(k->latin1));
    json_object_set_new(o, "ucs2", json_boolean(k->ucs2));
    put_text(o, "receipt_ids", k->receipt_ids);
    put_text(o, "receipts_by", k->receipts_by);
    json_object_set_new(o, "max_failures", reply_u64(k->max_failures));
    json_object_set_new(o, "tls", carrier_tls(k));
    return o;
}

/* Its number, or the call has been ended. */
static int carrier_of_call(struct call *c)
{
    int i = engine_carrier_find(c->api->engine, c->param[0], &c->err);
    if (i < 0) {
        call_reply(c);
    }
    return i;
}

void api_carrier_show(struct call *c)
{
    int i = carrier_of_call(c);
    if (i >= 0) {
        c->out = carrier_at(c, (size_t)i);
        json_object_set_new(c->out, "settings",
                            carrier_settings(engine_carrier_options(c->api->engine, (size_t)i)));
        call_reply(c);
    }
}

static json_t *status_row(const struct engine_status *s)
{
    json_t *o = json_object(), *retry = json_null();
    char number[16];
    snprintf(number, sizeof number, "0x%08X", (unsigned)s->status);
    json_object_set_new(o, "status", reply_u64(s->status));
    json_object_set_new(o, "hex", reply_cstr(number));
    json_object_set_new(o, "name", s->name != NULL ? reply_cstr(s->name) : json_null());
    json_object_set_new(o, "class", reply_cstr(smpp_status_class_name(s->class_)));
    json_object_set_new(o, "text", reply_cstr(s->text));
    if (s->retry) {
        retry = json_object();
        put_seconds(retry, "first_s", s->first);
        put_seconds(retry, "most_s", s->most);
        json_object_set_new(retry, "attempts", reply_u64(s->attempts));
    }
    json_object_set_new(o, "retry", retry);
    json_object_set_new(o, "then", reply_cstr(s->then));
    json_object_set_new(o, "overridden", json_boolean(s->overridden));
    json_object_set_new(o, "usually",
                        s->overridden ? reply_cstr(smpp_status_class_name(s->usually)) : json_null());
    return o;
}

static void status_put(void *ctx, const struct engine_status *s)
{
    json_array_append_new(ctx, status_row(s));
}

void api_carrier_statuses(struct call *c)
{
    int i = carrier_of_call(c);
    if (i >= 0) {
        json_t *list = json_array();
        engine_status_each(c->api->engine, (size_t)i, status_put, list);
        c->out = json_object();
        json_object_set_new(c->out, "carrier", reply_cstr(engine_carrier_name(c->api->engine, (size_t)i)));
        json_object_set_new(c->out, "statuses", list);
        call_reply(c);
    }
}

/* --- the list; pause and resume --- */

void api_carrier_list(struct call *c)
{
    c->out = json_object();
    json_object_set_new(c->out, "carriers", call_carriers(c->api->engine));
    call_reply(c);
}

static void carrier_then_paused(struct call *c)
{
    struct engine *g = c->api->engine;
    for (size_t i = 0; i < engine_carrier_count(g) && c->out == NULL; i++) {
        struct carrier_status s;
        engine_carrier_status(g, i, &s);
        if (strv_eq_c(c->param[0], s.name)) {
            c->out = carrier_json(&s);
        }
    }
    call_reply(c);
}

static void carrier_set_paused(struct call *c, bool pause)
{
    if (call_members(c, NULL, 0, NULL)) {
        c->then = carrier_then_paused;
        engine_carrier_pause(c->api->engine, c->param[0], pause, call_done, c);
    }
}

void api_carrier_pause(struct call *c)
{
    carrier_set_paused(c, true);
}

void api_carrier_resume(struct call *c)
{
    carrier_set_paused(c, false);
}
