/* Numbers of carriers and campaigns, as messages keep them, to the names people know. */
#include "api/call.h"

#include "base/hmap.h"

#include <stdio.h>
#include <string.h>

struct names {
    struct hmap campaigns; /* id -> json_t * of the name, 0 until it is known */
    json_t *found;         /* owns them */
};

static bool names_offer(void *ctx, const struct campaign_info *i)
{
    struct names *n = ctx;
    if (hmap_get(&n->campaigns, i->id, NULL)) {
        json_t *name = reply_text(i->spec.name);
        json_array_append_new(n->found, name);
        hmap_put(&n->campaigns, i->id, (uint64_t)(uintptr_t)name);
    }
    return true;
}

/* The carrier's own words for a status, before the table's. */
static void names_put_status(struct call *c, json_t *message, size_t carrier)
{
    const char *reason = json_string_value(json_object_get(message, "reason"));
    const char *detail = json_string_value(json_object_get(message, "detail"));
    json_int_t code = json_integer_value(json_object_get(message, "code"));
    const char *said = engine_status_text(c->api->engine, carrier, (uint32_t)code);
    bool about = reason != NULL && (strcmp(reason, message_reason_name(REASON_CARRIER_STATUS)) == 0 ||
                                    strcmp(reason, message_reason_name(REASON_RETRY)) == 0);
    if (about && code != 0 && detail != NULL && said[0] != '\0') {
        char text[700];
        snprintf(text, sizeof text, "%s: %s", said, detail);
        json_object_set_new(message, "detail", reply_cstr(text));
    }
}

static void names_put_carrier(struct call *c, json_t *message)
{
    json_int_t number = json_integer_value(json_object_get(message, "carrier"));
    struct carrier_status s;
    json_t *name = json_null();
    if (number >= 0 && (size_t)number < engine_carrier_count(c->api->engine)) {
        memset(&s, 0, sizeof s);
        engine_carrier_status(c->api->engine, (size_t)number, &s);
        name = reply_cstr(s.name);
        names_put_status(c, message, (size_t)number);
    }
    json_object_set_new(message, "carrier", name);
}

static void names_put_history(struct call *c, json_t *history)
{
    size_t i;
    json_t *e;
    json_array_foreach(history, i, e)
    {
        if (json_object_get(e, "carrier") != NULL) {
            names_put_carrier(c, e);
        }
        if (json_object_get(e, "tlvs") != NULL) {
            call_put_tlvs(c, e);
        }
    }
}

static void names_put_campaign(const struct names *n, json_t *message)
{
    uint64_t name = 0;
    uint64_t id = (uint64_t)json_integer_value(json_object_get(message, "campaign"));
    if (id != 0 && hmap_get(&n->campaigns, id, &name) && name != 0) {
        json_object_set(message, "campaign", (json_t *)(uintptr_t)name);
    } else {
        json_object_set_new(message, "campaign", json_null());
    }
}

void call_put_names(struct call *c, json_t *messages)
{
    struct names n = { .found = json_array() };
    json_t *list = json_is_array(messages) ? json_incref(messages) : json_pack("[O]", messages);
    size_t i;
    json_t *m;
    json_array_foreach(list, i, m)
    {
        uint64_t id = (uint64_t)json_integer_value(json_object_get(m, "campaign"));
        if (id != 0) {
            hmap_put(&n.campaigns, id, 0);
        }
        names_put_carrier(c, m);
        call_put_tlvs(c, m);
        names_put_history(c, json_object_get(m, "history"));
    }
    if (hmap_count(&n.campaigns) != 0) {
        engine_campaign_each(c->api->engine, names_offer, &n);
    }
    json_array_foreach(list, i, m)
    {
        names_put_campaign(&n, m);
    }
    hmap_free(&n.campaigns);
    json_decref(n.found);
    json_decref(list);
}
