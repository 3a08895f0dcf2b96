/* How texts are sent: POST /v1/preview, and the same of messages and campaigns. */
#include "api/call.h"

#include "base/utf8.h"

json_t *call_text_replaced(const struct translit_report *r)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < r->n; i++) {
        const struct translit_change *c = &r->changes[i];
        char from[4];
        json_t *one = json_object();
        json_object_set_new(one, "from", reply_text((struct strv){ from, utf8_put(c->from, from) }));
        json_object_set_new(one, "codepoint", reply_u64(c->from));
        json_object_set_new(one, "to", reply_cstr(c->to));
        json_object_set_new(one, "count", reply_u64(c->count));
        json_array_append_new(list, one);
    }
    return list;
}

void call_put_text(json_t *o, const struct text_look *t)
{
    json_t *languages = json_object();
    if (t->plan.shift.locking != 0) {
        json_object_set_new(languages, "locking", reply_cstr(shift_name(t->plan.shift.locking)));
    }
    if (t->plan.shift.single != 0) {
        json_object_set_new(languages, "single", reply_cstr(shift_name(t->plan.shift.single)));
    }
    json_object_set_new(o, "parts", reply_u64(t->plan.parts));
    json_object_set_new(o, "alphabet", reply_cstr(alphabet_name(t->plan.alphabet)));
    json_object_set_new(o, "languages", languages);
    json_object_set_new(o, "units", reply_u64(t->plan.units));
    json_object_set_new(o, "left", reply_u64(t->plan.left));
    json_object_set_new(o, "replaced", call_text_replaced(&t->replaced));
    json_object_set_new(o, "sent_text",
                        t->replaced.n > 0
                            ? reply_text((struct strv){ (const char *)t->sent.data, t->sent.len })
                            : json_null());
    json_object_set_new(o, "advice",
                        t->advice.len > 0
                            ? reply_text((struct strv){ (const char *)t->advice.data, t->advice.len })
                            : json_null());
}

/* --- POST /v1/preview --- */

struct preview_asked {
    struct strv text, to, carrier, sender, class_, tag;
};

static const struct member PREVIEW_MEMBERS[] = {
    { "text", MEMBER_TEXT, true, offsetof(struct preview_asked, text), 1, MESSAGE_MAX_TEXT },
    { "to", MEMBER_TEXT, false, offsetof(struct preview_asked, to), 1, 250 },
    { "carrier", MEMBER_TEXT, false, offsetof(struct preview_asked, carrier), 1, 32 },
    { "sender", MEMBER_TEXT, false, offsetof(struct preview_asked, sender), 0, 64 },
    { "class", MEMBER_TEXT, false, offsetof(struct preview_asked, class_), 1, 32 },
    { "tag", MEMBER_TEXT, false, offsetof(struct preview_asked, tag), 0, 64 },
};

void api_text_preview(struct call *c)
{
    struct preview_asked q = { .class_ = STRV("transactional") };
    struct engine_text_ask ask = { .class_ = CLASS_TRANSACTIONAL };
    struct text_look t;
    const char *carrier;
    if (!call_members(c, PREVIEW_MEMBERS, sizeof PREVIEW_MEMBERS / sizeof PREVIEW_MEMBERS[0], &q)) {
        return;
    }
    if (!message_class_parse(q.class_, &ask.class_)) {
        call_fail(c, ERR_INVALID, "\"class\" must be \"transactional\", \"promotional\" or \"otp\"");
        return;
    }
    ask.text = q.text;
    ask.carrier = q.carrier;
    ask.sender = q.sender;
    ask.tag = q.tag;
    if (q.to.n > 0 && !call_number(c, q.to, &ask.to)) {
        return;
    }
    if (!engine_text_preview(c->api->engine, &ask, &t, &carrier, &c->err)) {
        call_reply(c);
        return;
    }
    c->out = json_object();
    json_object_set_new(c->out, "carrier", reply_cstr(carrier));
    json_object_set_new(c->out, "long_messages", reply_cstr(parts_mode_name(t.style.mode)));
    call_put_text(c->out, &t);
    text_look_free(&t);
    call_reply(c);
}
