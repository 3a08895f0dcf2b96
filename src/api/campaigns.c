/* /v1/campaigns: what a campaign is, and what is done to it. Its figures are in report.c. */
#include "api/call.h"

#include <string.h>

static json_t *campaign_names(const struct strv *list, size_t n)
{
    json_t *out = json_array();
    for (size_t i = 0; i < n; i++) {
        json_array_append_new(out, reply_text(list[i]));
    }
    return out;
}

static json_t *campaign_json(const struct call *c, const struct campaign_info *i)
{
    json_t *o = json_object();
    json_object_set_new(o, "name", reply_text(i->spec.name));
    json_object_set_new(o, "id", reply_u64(i->id));
    json_object_set_new(o, "state", reply_cstr(campaign_state_name(i->state)));
    json_object_set_new(o, "segments", campaign_names(i->spec.segments, i->spec.n_segments));
    json_object_set_new(o, "exclude", campaign_names(i->spec.exclude, i->spec.n_exclude));
    json_object_set_new(o, "sender", reply_text(i->spec.sender));
    json_object_set_new(o, "text", reply_text(i->spec.text));
    json_object_set_new(o, "tlvs", call_tlvs_json(c, i->spec.tlvs));
    json_object_set_new(o, "class", reply_cstr(message_class_name(i->spec.class_)));
    json_object_set_new(o, "valid_for_s",
                        i->spec.valid_for != 0 ? reply_u64((uint64_t)(i->spec.valid_for / USEC_SEC))
                                               : json_null());
    json_object_set_new(o, "rate", i->spec.rate != 0 ? json_integer(i->spec.rate) : json_null());
    json_object_set_new(o, "weight", reply_u64(i->spec.weight != 0 ? i->spec.weight : 1));
    json_object_set_new(o, "created", reply_instant(i->created));
    json_object_set_new(o, "started", reply_instant(i->started));
    bool local = i->schedule.local;
    json_object_set_new(o, "at", reply_instant(local ? 0 : i->schedule.at));
    json_object_set_new(o, "at_local", local ? reply_local(i->schedule.at) : json_null());
    json_object_set_new(o, "ended", reply_instant(i->ended));
    json_object_set_new(o, "recipients", reply_u64(i->recipients));
    return o;
}

/* Answers with the campaign as it is now. */
static void campaign_reply(struct call *c, struct strv name)
{
    struct campaign_info *i = engine_campaign_get(c->api->engine, name, &c->err);
    if (i != NULL) {
        c->out = campaign_json(c, i);
        engine_campaign_free(i);
    }
    call_reply(c);
}

void api_campaign_show(struct call *c)
{
    campaign_reply(c, c->param[0]);
}

struct campaign_listing {
    const struct call *c;
    json_t *list;
};

static bool campaign_listed(void *ctx, const struct campaign_info *i)
{
    struct campaign_listing *l = ctx;
    json_array_append_new(l->list, campaign_json(l->c, i));
    return true;
}

void api_campaign_list(struct call *c)
{
    json_t *list = json_array();
    struct campaign_listing l = { c, list };
    engine_campaign_each(c->api->engine, campaign_listed, &l);
    c->out = json_object();
    json_object_set_new(c->out, "campaigns", list);
    call_reply(c);
}

/* --- POST /v1/campaigns --- */

struct campaign_asked {
    struct strv name, sender, text, class_;
    const json_t *segments, *exclude, *tlvs;
    usec_t valid_for;
    int64_t rate, weight;
};

static const struct member CAMPAIGN_MEMBERS[] = {
    { "name", MEMBER_TEXT, true, offsetof(struct campaign_asked, name), 1, ENGINE_NAME_MAX - 1 },
    { "segments", MEMBER_TEXTS, true, offsetof(struct campaign_asked, segments), 1, CAMPAIGN_MAX_SEGMENTS },
    { "exclude", MEMBER_TEXTS, false, offsetof(struct campaign_asked, exclude), 0, CAMPAIGN_MAX_SEGMENTS },
    { "sender", MEMBER_TEXT, false, offsetof(struct campaign_asked, sender), 0, 64 },
    { "text", MEMBER_TEXT, true, offsetof(struct campaign_asked, text), 1, MESSAGE_MAX_TEXT },
    { "class", MEMBER_TEXT, false, offsetof(struct campaign_asked, class_), 1, 32 },
    { "valid_for_s", MEMBER_SECONDS, false, offsetof(struct campaign_asked, valid_for), USEC_SEC,
      400 * USEC_DAY },
    { "tlvs", MEMBER_OBJECT, false, offsetof(struct campaign_asked, tlvs), 0, ENGINE_CARRIER_TLVS },
    { "rate", MEMBER_INT, false, offsetof(struct campaign_asked, rate), 1, 1000000 },
    { "weight", MEMBER_INT, false, offsetof(struct campaign_asked, weight), 1, CAMPAIGN_MAX_WEIGHT },
};

static size_t campaign_take(const json_t *names, struct strv *out)
{
    size_t n = json_array_size(names); /* 0 for NULL; its bounds have been looked at */
    for (size_t i = 0; i < n; i++) {
        out[i] = member_text(json_array_get(names, i));
    }
    return n;
}

static void campaign_then_added(struct call *c)
{
    c->status = 201;
    campaign_reply(c, member_text(json_object_get(c->in, "name")));
}

void api_campaign_put(struct call *c)
{
    struct campaign_asked q = { .class_ = STRV("promotional") };
    struct campaign_spec s = { 0 };
    if (!call_members(c, CAMPAIGN_MEMBERS, sizeof CAMPAIGN_MEMBERS / sizeof CAMPAIGN_MEMBERS[0], &q)) {
        return;
    }
    if (!message_class_parse(q.class_, &s.class_)) {
        call_fail(c, ERR_INVALID, "\"class\" must be \"promotional\", \"transactional\" or \"otp\"");
        return;
    }
    s.name = q.name;
    s.sender = q.sender;
    s.text = q.text;
    s.n_segments = campaign_take(q.segments, s.segments);
    s.n_exclude = campaign_take(q.exclude, s.exclude);
    s.valid_for = q.valid_for;
    s.rate = q.rate;
    s.weight = (unsigned)q.weight;
    struct buf tlvs = { 0 };
    if (!call_tlvs(c, q.tlvs, &tlvs)) {
        return;
    }
    s.tlvs = (struct strv){ (const char *)tlvs.data, tlvs.len };
    c->then = campaign_then_added;
    engine_campaign_add(c->api->engine, &s, call_done, c);
    buf_free(&tlvs);
}

/* --- what is done to one --- */

static void campaign_then_acted(struct call *c)
{
    campaign_reply(c, c->param[0]);
}

static void campaign_act(struct call *c, enum campaign_action a)
{
    if (call_members(c, NULL, 0, NULL)) {
        c->then = campaign_then_acted;
        engine_campaign_act(c->api->engine, c->param[0], a, call_done, c);
    }
}

void api_campaign_start(struct call *c)
{
    struct {
        usec_t at, local;
    } q = { 0, 0 };
    static const struct member MEMBERS[] = {
        { "at", MEMBER_INSTANT, false, 0, 0, 0 },
        { "at_local", MEMBER_LOCAL, false, sizeof(usec_t), 0, 0 },
    };
    struct engine_schedule s;
    if (call_members(c, MEMBERS, sizeof MEMBERS / sizeof MEMBERS[0], &q) &&
        call_schedule(c, q.at, q.local, &s)) {
        c->then = campaign_then_acted;
        engine_campaign_start(c->api->engine, c->param[0], &s, call_done, c);
    }
}

void api_campaign_pause(struct call *c)
{
    campaign_act(c, CAMPAIGN_PAUSE);
}

void api_campaign_resume(struct call *c)
{
    campaign_act(c, CAMPAIGN_RESUME);
}

void api_campaign_cancel(struct call *c)
{
    campaign_act(c, CAMPAIGN_CANCEL);
}

void api_campaign_remove(struct call *c)
{
    engine_campaign_act(c->api->engine, c->param[0], CAMPAIGN_REMOVE, call_done, c);
}
