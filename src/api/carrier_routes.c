/* /v1/routes: the rules, and why a message would go where it goes. */
#include "api/call.h"

#include <string.h>

static void put_condition(json_t *o, const char *name, struct strv text)
{
    if (text.n > 0) {
        json_object_set_new(o, name, reply_text(text));
    }
}

static json_t *route_json(const struct engine_route *r)
{
    json_t *o = json_object(), *when = json_object(), *list = json_array();
    put_condition(when, "prefix", r->prefix);
    put_condition(when, "region", r->region);
    put_condition(when, "class", r->class_);
    put_condition(when, "sender", r->sender);
    put_condition(when, "campaign", r->campaign);
    put_condition(when, "tag", r->tag);
    for (size_t i = 0; i < r->n_carriers; i++) {
        const struct engine_route_carrier *k = &r->carriers[i];
        json_t *one = json_object();
        json_object_set_new(one, "name", reply_cstr(k->name));
        json_object_set_new(one, "weight", reply_u64(k->weight));
        json_object_set_new(one, "cost", json_real((double)k->cost / 1e6));
        json_object_set_new(one, "health", reply_cstr(k->health));
        json_object_set_new(one, "detail", reply_cstr(k->health_text));
        json_object_set_new(one, "share", json_real(k->share));
        json_array_append_new(list, one);
    }
    json_object_set_new(o, "rule", reply_u64(r->rule));
    json_object_set_new(o, "when", when);
    json_object_set_new(o, "strategy", reply_cstr(r->strategy));
    json_object_set_new(o, "carriers", list);
    return o;
}

/* --- GET /v1/routes --- */

void api_carrier_routes(struct call *c)
{
    json_t *list = json_array();
    for (size_t i = 1; i <= engine_route_count(c->api->engine); i++) {
        struct engine_route r;
        engine_route_get(c->api->engine, i, &r);
        json_array_append_new(list, route_json(&r));
    }
    c->out = json_object();
    json_object_set_new(c->out, "routes", list);
    call_reply(c);
}

/* --- GET /v1/routes/explain --- */

static void route_explained(void *ctx, const struct engine_route *r)
{
    json_t *o = route_json(r);
    json_object_set_new(o, "why", reply_cstr(r->why));
    json_object_set_new(o, "detail", reply_cstr(r->why_text));
    json_array_append_new(ctx, o);
}

void api_carrier_route_explain(struct call *c)
{
    struct engine_route_ask ask = { .class_ = CLASS_TRANSACTIONAL };
    struct engine_route_told told;
    struct strv class_ = call_query(c, "class");
    if (!call_number(c, call_query(c, "number"), &ask.number)) {
        return;
    }
    if (class_.n > 0 && !message_class_parse(class_, &ask.class_)) {
        call_fail(c, ERR_INVALID, "\"class\" must be \"transactional\", \"promotional\" or \"otp\"");
        return;
    }
    ask.sender = call_query(c, "sender");
    ask.campaign = call_query(c, "campaign");
    ask.tag = call_query(c, "tag");
    json_t *list = json_array();
    engine_route_explain(c->api->engine, &ask, route_explained, list, &told);
    c->out = json_object();
    json_object_set_new(c->out, "number", reply_number(ask.number));
    json_object_set_new(c->out, "region", told.region[0] != '\0' ? reply_cstr(told.region) : json_null());
    json_object_set_new(c->out, "class", reply_cstr(message_class_name(ask.class_)));
    json_object_set_new(c->out, "carrier", told.carrier != NULL ? reply_cstr(told.carrier) : json_null());
    json_object_set_new(c->out, "rule", told.carrier != NULL ? reply_u64(told.rule) : json_null());
    json_object_set_new(c->out, "healthy", json_boolean(told.healthy));
    json_object_set_new(c->out, "cost", json_real((double)told.cost / 1e6));
    json_object_set_new(c->out, "rules", list);
    call_reply(c);
}
