/* TLVs: {"name": value} in requests and answers, octets in the engine. */
#include "api/call.h"

#include <stdio.h>

bool call_tlvs(struct call *c, const json_t *object, struct buf *out)
{
    const char *name;
    json_t *v;
    json_object_foreach((json_t *)object, name, v)
    {
        char number[24];
        struct strv text = member_text(v);
        if (json_is_integer(v)) {
            snprintf(number, sizeof number, "%lld", (long long)json_integer_value(v));
            text = strv_from(number);
        } else if (json_is_true(v)) {
            text = STRV("true");
        } else if (!json_is_string(v)) {
            buf_free(out);
            call_fail(c, ERR_INVALID, "\"tlvs\": \"%.40s\" must be a text, a whole number or true", name);
            return false;
        }
        if (!engine_tlv_put(c->api->engine, strv_from(name), text, out, &c->err)) {
            buf_free(out);
            call_reply(c);
            return false;
        }
    }
    return true;
}

json_t *call_tlvs_json(const struct call *c, struct strv list)
{
    struct buf scratch = { 0 };
    struct tlv_shown t;
    json_t *o = json_object();
    for (size_t pos = 0; engine_tlv_next(c->api->engine, list, &pos, &t, &scratch);) {
        json_object_set_new(o, t.name,
                            t.kind == TLV_SHOWN_NUMBER ? reply_u64(t.number)
                            : t.kind == TLV_SHOWN_FLAG ? json_true()
                                                       : reply_text(t.text));
    }
    buf_free(&scratch);
    return o;
}

static void put_tlvs(const struct call *c, json_t *thing)
{
    uint8_t list[TLVS_MAX_OCTETS];
    const char *hex = json_string_value(json_object_get(thing, "tlvs"));
    long n = hex != NULL ? hex_decode(strv_from(hex), list, sizeof list) : 0;
    json_object_set_new(thing, "tlvs",
                        call_tlvs_json(c, (struct strv){ (const char *)list, n > 0 ? (size_t)n : 0 }));
}

void call_put_tlvs(const struct call *c, json_t *things)
{
    size_t i;
    json_t *one;
    if (json_is_object(things)) {
        put_tlvs(c, things);
    }
    json_array_foreach(things, i, one)
    {
        put_tlvs(c, one);
    }
}
