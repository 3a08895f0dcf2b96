/* /v1/messages and /v1/inbound. */
#include "api/call.h"
#include "api/view.h"
#include "smpp/status.h"

#include <string.h>

/* --- POST /v1/messages --- */

struct message_asked {
    struct strv to, text, class_, sender, ref, tag;
    const json_t *tlvs;
    usec_t send_at, send_at_local, valid_for;
};

static const struct member SEND_MEMBERS[] = {
    { "to", MEMBER_TEXT, true, offsetof(struct message_asked, to), 1, 250 },
    { "text", MEMBER_TEXT, true, offsetof(struct message_asked, text), 1, MESSAGE_MAX_TEXT },
    { "class", MEMBER_TEXT, false, offsetof(struct message_asked, class_), 1, 32 },
    { "sender", MEMBER_TEXT, false, offsetof(struct message_asked, sender), 0, 64 },
    { "send_at", MEMBER_INSTANT, false, offsetof(struct message_asked, send_at), 0, 0 },
    { "send_at_local", MEMBER_LOCAL, false, offsetof(struct message_asked, send_at_local), 0, 0 },
    { "valid_for_s", MEMBER_SECONDS, false, offsetof(struct message_asked, valid_for), USEC_SEC,
      400 * USEC_DAY },
    { "tag", MEMBER_TEXT, false, offsetof(struct message_asked, tag), 0, 64 },
    { "ref", MEMBER_TEXT, false, offsetof(struct message_asked, ref), 0, 64 },
    { "tlvs", MEMBER_OBJECT, false, offsetof(struct message_asked, tlvs), 0, ENGINE_CARRIER_TLVS },
};

static bool message_refused(enum message_state s)
{
    return s == MESSAGE_SUPPRESSED || s == MESSAGE_FAILED || s == MESSAGE_EXPIRED || s == MESSAGE_CANCELLED;
}

static void message_on_sent(void *ctx, const struct engine_sent *s)
{
    struct call *c = ctx;
    if (s->err.code != ERR_NONE) {
        c->err = s->err;
    } else if (message_refused(s->state)) {
        err_set(&c->err, ERR_STATE, "%s", s->detail[0] != '\0' ? s->detail : message_reason_text(s->reason));
    } else {
        c->status = 202;
        c->out = json_object();
        json_object_set_new(c->out, "id", reply_id(s->id));
        json_object_set_new(c->out, "state", reply_cstr(message_state_name(s->state)));
        struct text_look t;
        text_look(s->text, &s->style, &t);
        call_put_text(c->out, &t);
        text_look_free(&t);
        json_object_set_new(c->out, "to", reply_number(s->to));
        if (s->state == MESSAGE_HELD) {
            json_object_set_new(c->out, "reason", reply_cstr(message_reason_name(s->reason)));
            json_object_set_new(c->out, "until", reply_instant(s->until));
            json_object_set_new(c->out, "detail", reply_cstr(s->detail));
        }
    }
    call_reply(c);
}

void api_message_send(struct call *c)
{
    struct message_asked q = { .class_ = STRV("transactional") };
    struct engine_send s = { 0 };
    if (!call_members(c, SEND_MEMBERS, sizeof SEND_MEMBERS / sizeof SEND_MEMBERS[0], &q)) {
        return;
    }
    if (!message_class_parse(q.class_, &s.class_)) {
        call_fail(c, ERR_INVALID, "\"class\" must be \"transactional\", \"promotional\" or \"otp\"");
        return;
    }
    s.to = q.to;
    s.text = q.text;
    s.sender = q.sender;
    s.ref = q.ref;
    s.tag = q.tag;
    s.valid_for = q.valid_for;
    if (!call_schedule(c, q.send_at, q.send_at_local, &s.schedule)) {
        return;
    }
    struct buf tlvs = { 0 };
    if (!call_tlvs(c, q.tlvs, &tlvs)) {
        return;
    }
    s.tlvs = (struct strv){ (const char *)tlvs.data, tlvs.len };
    engine_send(c->api->engine, &s, message_on_sent, c);
    buf_free(&tlvs);
}

/* --- GET /v1/messages/ID, and what changes one --- */

struct message_job {
    uint64_t id;
    struct spool_filter filter;
    json_t *asked; /* what the carrier said */
    /* while it runs */
    const struct engine_view *v;
    struct audience_view *view;
    json_t *list;
};

static bool message_found(void *ctx, const struct spool_view *m)
{
    struct call *c = ctx;
    struct message_job *j = c->job;
    c->out = view_message(j->v, j->view, m);
    json_object_set_new(c->out, "history", view_history(m));
    return true;
}

static void message_run_show(const struct engine_view *v, struct call *c)
{
    struct message_job *j = c->job;
    j->v = v;
    j->view = audience_view_begin(v->audience, NULL); /* only for the customer's clock */
    if (!spool_get_message(v->spool, j->id, message_found, c)) {
        engine_no_message(j->id, &c->err);
    }
    audience_view_end(j->view);
}

static void message_then_names(struct call *c)
{
    struct message_job *j = c->job;
    call_put_names(c, c->out);
    if (j->asked != NULL && c->out != NULL) {
        json_object_set(c->out, "asked", j->asked);
    }
    call_reply(c);
}

static void message_read(struct call *c)
{
    call_read(c, message_run_show, message_then_names);
}

static void message_job_free(void *job)
{
    json_decref(((struct message_job *)job)->asked);
}

static struct message_job *message_job_of(struct call *c)
{
    uint64_t id;
    struct message_job *j = call_param_id(c, &id) ? call_job(c, sizeof *j, message_job_free) : NULL;
    if (j != NULL) {
        j->id = id;
    }
    return j;
}

void api_message_show(struct call *c)
{
    if (message_job_of(c) != NULL) {
        message_read(c);
    }
}

/* As call_done, with the message's name. */
static void message_on_done(void *call, const struct err *e)
{
    struct call *c = call;
    struct err named = e != NULL ? *e : (struct err){ .code = ERR_NONE };
    uint64_t id = ((struct message_job *)c->job)->id;
    if (named.code == ERR_NOT_FOUND) {
        engine_no_message(id, &named);
    } else if (named.code != ERR_NONE) {
        err_prefix(&named, "message %llu", (unsigned long long)id);
    }
    call_done(c, &named);
}

/* --- what the carrier is asked --- */

static json_t *message_asked_part(const struct engine_errand_part *p, enum errand_kind kind)
{
    json_t *o = json_object();
    const char *status = smpp_status_name(p->status), *state = smpp_state_name(p->state);
    json_object_set_new(o, "n", reply_u64(p->n + 1));
    json_object_set_new(o, "ok", json_boolean(p->done));
    json_object_set_new(o, "status",
                        p->status == 0   ? json_null()
                        : status != NULL ? reply_cstr(status)
                                         : reply_u64(p->status));
    json_object_set_new(o, "detail",
                        reply_cstr(!p->asked ? "not asked: the carrier gave no id for it, or its end is known"
                                   : p->status != 0 ? smpp_status_text(p->status)
                                                    : p->problem));
    if (kind == ERRAND_QUERY && p->done) {
        json_object_set_new(o, "state", state != NULL ? reply_cstr(state) : reply_u64(p->state));
        json_object_set_new(o, "error", p->error != 0 ? reply_u64(p->error) : json_null());
        json_object_set_new(o, "final", reply_instant(p->final_at));
    }
    return o;
}

static enum errand_kind message_errand_kind(const struct call *c)
{
    return strcmp(c->route->pattern, "/v1/messages/{id}/query") == 0     ? ERRAND_QUERY
           : strcmp(c->route->pattern, "/v1/messages/{id}/replace") == 0 ? ERRAND_REPLACE
                                                                         : ERRAND_CANCEL;
}

static void message_on_errand(void *ctx, const struct engine_errand *e)
{
    struct call *c = ctx;
    struct message_job *j = c->job;
    if (e->err.code == ERR_NONE) {
        j->asked = json_array();
        for (size_t i = 0; i < e->n_parts; i++) {
            json_array_append_new(j->asked, message_asked_part(&e->parts[i], message_errand_kind(c)));
        }
    }
    message_on_done(c, &e->err);
}

static void message_errand(struct call *c, struct strv text)
{
    struct message_job *j = message_job_of(c);
    if (j != NULL) {
        c->then = message_read;
        engine_message_errand(c->api->engine, j->id, message_errand_kind(c), text, message_on_errand, c);
    }
}

void api_message_query(struct call *c)
{
    if (call_members(c, NULL, 0, NULL)) {
        message_errand(c, (struct strv){ 0 });
    }
}

void api_message_replace(struct call *c)
{
    static const struct member MEMBERS[] = { { "text", MEMBER_TEXT, true, 0, 1, MESSAGE_MAX_TEXT } };
    struct strv text;
    if (call_members(c, MEMBERS, 1, &text)) {
        message_errand(c, text);
    }
}

void api_message_cancel(struct call *c)
{
    static const struct member MEMBERS[] = { { "at_carrier", MEMBER_BOOL, false, 0, 0, 0 } };
    bool at_carrier = false;
    struct message_job *j;
    if (!call_members(c, MEMBERS, 1, &at_carrier)) {
        return;
    }
    if (at_carrier) {
        message_errand(c, (struct strv){ 0 });
    } else if ((j = message_job_of(c)) != NULL) {
        c->then = message_read;
        engine_message_cancel(c->api->engine, j->id, message_on_done, c);
    }
}

static void message_pause(struct call *c, bool pause)
{
    struct message_job *j;
    if (call_members(c, NULL, 0, NULL) && (j = message_job_of(c)) != NULL) {
        c->then = message_read;
        engine_message_pause(c->api->engine, j->id, pause, message_on_done, c);
    }
}

void api_message_pause(struct call *c)
{
    message_pause(c, true);
}

void api_message_resume(struct call *c)
{
    message_pause(c, false);
}

void api_message_resolve(struct call *c)
{
    static const struct member MEMBERS[] = { { "action", MEMBER_TEXT, true, 0, 1, 16 } };
    struct strv action;
    if (!call_members(c, MEMBERS, 1, &action)) {
        return;
    }
    if (!strv_eq_c(action, "resend") && !strv_eq_c(action, "fail")) {
        call_fail(c, ERR_INVALID, "\"action\" must be \"resend\" or \"fail\"");
        return;
    }
    struct message_job *j = message_job_of(c);
    if (j != NULL) {
        c->then = message_read;
        engine_message_resolve(c->api->engine, j->id, strv_eq_c(action, "resend"), message_on_done, c);
    }
}

/* --- GET /v1/messages --- */

static bool message_listed(void *ctx, const struct spool_view *m)
{
    struct message_job *j = ctx;
    json_array_append_new(j->list, view_message(j->v, j->view, m));
    return true;
}

static void message_run_list(const struct engine_view *v, struct call *c)
{
    struct message_job *j = c->job;
    j->v = v;
    j->view = audience_view_begin(v->audience, NULL);
    j->list = json_array();
    uint64_t next = spool_find_messages(v->spool, &j->filter, message_listed, j);
    audience_view_end(j->view);
    c->out = json_object();
    json_object_set_new(c->out, "messages", j->list);
    call_put_next(c, next);
}

static void message_then_list(struct call *c)
{
    call_put_names(c, json_object_get(c->out, "messages"));
    call_reply(c);
}

static bool message_filter_campaign(struct call *c, struct spool_filter *f)
{
    struct strv name = call_query(c, "campaign");
    if (name.n == 0) {
        return true;
    }
    struct campaign_info *i = engine_campaign_get(c->api->engine, name, &c->err);
    if (i == NULL) {
        call_reply(c);
        return false;
    }
    f->campaign = i->id;
    engine_campaign_free(i);
    return true;
}

static bool message_filter_state(struct call *c, struct spool_filter *f)
{
    struct strv name = call_query(c, "state");
    enum message_state s;
    f->state = -1;
    if (name.n == 0) {
        return true;
    }
    if (message_state_parse(name, &s)) {
        f->state = (int)s;
        return true;
    }
    const char *names[MESSAGE_STATE_COUNT];
    for (unsigned i = 0; i < MESSAGE_STATE_COUNT; i++) {
        names[i] = message_state_name((enum message_state)i);
    }
    const char *near = nearest_name(strv_sub(name, 0, 32), names + 1, MESSAGE_STATE_COUNT - 1);
    call_fail(c, ERR_INVALID, "unknown state \"" STRV_FMT "\"; %s\"%s\"%s", STRV_ARG(strv_sub(name, 0, 32)),
              near != NULL ? "did you mean " : "states are such as ", near != NULL ? near : "delivered",
              near != NULL ? "?" : "");
    return false;
}

static bool message_filter_carrier(struct call *c, struct spool_filter *f)
{
    struct strv name = call_query(c, "carrier");
    if (name.n == 0) {
        return true;
    }
    int n = engine_carrier_find(c->api->engine, name, &c->err);
    if (n < 0) {
        call_reply(c);
        return false;
    }
    f->carrier = (uint32_t)n + 1;
    return true;
}

static bool message_filter_number(struct call *c, uint64_t *number)
{
    struct strv text = call_query(c, "number");
    return text.n == 0 || call_number(c, text, number);
}

void api_message_list(struct call *c)
{
    struct spool_filter f = { 0 };
    uint64_t limit;
    if (!message_filter_number(c, &f.number) || !message_filter_campaign(c, &f) ||
        !message_filter_carrier(c, &f) || !message_filter_state(c, &f) ||
        !call_query_instant(c, "from", &f.from) || !call_query_instant(c, "to", &f.to) ||
        !call_page(c, &f.before_id, &limit)) {
        return;
    }
    struct message_job *j = call_job(c, sizeof *j, NULL);
    if (j != NULL) {
        f.max = (size_t)limit;
        f.tag = call_query(c, "tag");
        j->filter = f;
        call_read(c, message_run_list, message_then_list);
    }
}

/* --- GET /v1/inbound --- */

struct inbound_job {
    uint64_t number, before, limit;
};

static bool inbound_listed(void *ctx, const struct spool_inbound_view *m)
{
    json_array_append_new(ctx, view_inbound(m));
    return true;
}

static void inbound_run_list(const struct engine_view *v, struct call *c)
{
    struct inbound_job *j = c->job;
    json_t *list = json_array();
    uint64_t next =
        spool_find_inbound(v->spool, j->number, j->before, (size_t)j->limit, inbound_listed, list);
    c->out = json_object();
    json_object_set_new(c->out, "inbound", list);
    call_put_next(c, next);
}

static void inbound_then_list(struct call *c)
{
    call_put_tlvs(c, json_object_get(c->out, "inbound"));
    call_reply(c);
}

void api_inbound_list(struct call *c)
{
    struct inbound_job q = { 0 };
    if (!message_filter_number(c, &q.number) || !call_page(c, &q.before, &q.limit)) {
        return;
    }
    struct inbound_job *j = call_job(c, sizeof *j, NULL);
    if (j != NULL) {
        *j = q;
        call_read(c, inbound_run_list, inbound_then_list);
    }
}
