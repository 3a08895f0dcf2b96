/* /v1/carriers/NAME: one carrier with its settings, and what each status means there. */
#include "api/call.h"

#include <stdio.h>
#include <string.h>

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
        c->out = call_carrier(c, (size_t)i);
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
