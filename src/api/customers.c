/* /v1/customers/NUMBER and /v1/consents. */
#include "api/call.h"
#include "api/view.h"
#include "audience/habit.h"
#include "audience/load.h"
#include "engine/facts.h"

#include <string.h>

#define CUSTOMER_LAST_MESSAGES 10
#define CUSTOMER_PAGE          1000

struct customer_job {
    uint64_t number;
    bool suppressed;
    bool all; /* an export: everything, not the latest */
    /* while it runs */
    const struct engine_view *v;
    struct audience_view *view;
    json_t *out, *messages;
};

/* --- what the audience knows --- */

struct customer_fields {
    struct audience_view *view;
    const struct customer_record *record;
    json_t *fields, *out;
};

static bool customer_put_field(void *ctx, const struct schema_field *f, struct strv text)
{
    struct customer_fields *x = ctx;
    char name[SCHEMA_MAX_NAME + 1];
    if (f->hidden || f->id == FIELD_MSISDN) {
        return true;
    }
    const struct customer_value *value = customer_value(x->record, f->id);
    json_t *j = f->type == SCHEMA_SET && value != NULL ? view_members(x->view->txn, value) : reply_text(text);
    if (f->id == FIELD_TAGS) {
        json_object_set_new(x->out, "tags", j);
        return true;
    }
    strv_copy(f->name, name, sizeof name);
    json_object_set_new(x->fields, name, j);
    return true;
}

static bool customer_put_activity(void *ctx, const struct schema_event *ev, uint64_t count, usec_t first,
                                  usec_t last)
{
    char name[SCHEMA_MAX_NAME + 1];
    json_t *one = json_object();
    json_object_set_new(one, "count", reply_u64(count));
    json_object_set_new(one, "first", reply_instant(first));
    json_object_set_new(one, "last", reply_instant(last));
    strv_copy(ev->name, name, sizeof name);
    json_object_set_new(ctx, name, one);
    return true;
}

static bool customer_put_event(void *ctx, const struct audience_event *ev)
{
    char name[SCHEMA_MAX_NAME + 1];
    json_t *one = json_object(), *attributes = json_object();
    json_object_set_new(one, "type", reply_text(ev->type->name));
    json_object_set_new(one, "at", reply_instant(ev->at));
    for (size_t i = 0; i < ev->n; i++) {
        strv_copy(ev->attributes[i]->name, name, sizeof name);
        json_object_set_new(attributes, name, reply_text(ev->texts[i]));
    }
    json_object_set_new(one, "attributes", attributes);
    json_array_append_new(ctx, one);
    return true;
}

static void customer_put_last(json_t *out, const char *name, usec_t at, usec_t now)
{
    json_t *one = json_null();
    if (at != 0) {
        one = json_object();
        json_object_set_new(one, "at", reply_instant(at));
        json_object_set_new(one, "ago_s", reply_u64((uint64_t)((now - at) / USEC_SEC)));
    }
    json_object_set_new(out, name, one);
}

static json_t *customer_hours(const struct habit *h)
{
    struct habit_peak peak;
    json_t *out = json_object(), *counts = json_array(), *mostly = json_null();
    for (unsigned i = 0; i < 24; i++) {
        json_array_append_new(counts, reply_u64(h->hours[i]));
    }
    if (habit_peak(h, &peak)) {
        mostly = json_object();
        json_object_set_new(mostly, "from", reply_u64(peak.from));
        json_object_set_new(mostly, "to", reply_u64(peak.to));
        json_object_set_new(mostly, "count", reply_u64(peak.count));
    }
    json_object_set_new(out, "zone", reply_cstr(h->zone != NULL ? zone_name(h->zone) : "UTC"));
    json_object_set_new(out, "events", reply_u64(h->events));
    json_object_set_new(out, "counts", counts);
    json_object_set_new(out, "mostly", mostly);
    return out;
}

static void customer_put_habit(struct customer_job *j, uint32_t id)
{
    const struct engine_view *v = j->v;
    const struct habit_options o = { .now = v->now, .zone = v->facts->zone, .zones = v->facts->zones };
    struct habit h;
    if (!habit_read(j->view, id, &o, &h, NULL)) {
        return;
    }
    json_t *out = json_object(), *last = json_object(), *receipts = json_object();
    customer_put_last(last, "inbound", h.inbound, v->now);
    customer_put_last(last, "sent", h.sent, v->now);
    customer_put_last(last, "delivered", h.delivered, v->now);
    customer_put_last(last, "failed", h.failed, v->now);
    json_object_set_new(receipts, "final", reply_u64(h.receipts));
    json_object_set_new(receipts, "delivered", reply_u64(h.arrived));
    json_object_set_new(out, "days", reply_u64(HABIT_DAYS));
    json_object_set_new(out, "last", last);
    json_object_set_new(out, "receipts", receipts);
    json_object_set_new(out, "hours", customer_hours(&h));
    json_object_set_new(j->out, "habit", out);
}

static bool customer_found(void *ctx, const struct audience_customer *k)
{
    struct customer_job *j = ctx;
    json_object_set_new(j->out, "customer", json_true());
    struct customer_fields x = { k->view, &k->record, json_object_get(j->out, "fields"), j->out };
    audience_customer_fields(k, customer_put_field, &x);
    audience_customer_activity(k->view, k->id, customer_put_activity, json_object_get(j->out, "activity"),
                               NULL);
    customer_put_habit(j, k->id);
    if (j->all) {
        json_t *events = json_array();
        audience_customer_events(k->view, k->id, customer_put_event, events, NULL);
        json_object_set_new(j->out, "events", events);
        json_object_set_new(j->out, "changed", reply_instant(k->record.changed));
    }
    const struct customer_value *region = customer_value(&k->record, FIELD_REGION);
    if (region != NULL) {
        json_object_set_new(j->out, "region", reply_text(region->text));
    }
    return true;
}

/* --- what the spool knows --- */

static bool customer_put_consent(void *ctx, const struct spool_consent_view *v)
{
    json_t *one = json_object();
    json_object_set_new(one, "at", reply_instant(v->at));
    json_object_set_new(one, "action", reply_cstr(consent_action_name(v->consent)));
    json_object_set_new(one, "how", reply_text(v->how));
    json_object_set_new(one, "words", reply_text(v->words));
    json_array_append_new(ctx, one);
    return true;
}

static bool customer_put_message(void *ctx, const struct spool_view *m)
{
    struct customer_job *j = ctx;
    json_array_append_new(j->messages, view_message(j->v, j->view, m));
    return true;
}

static bool customer_put_inbound(void *ctx, const struct spool_inbound_view *m)
{
    json_array_append_new(ctx, view_inbound(m));
    return true;
}

static bool customer_put_vote(void *ctx, struct strv vote, uint16_t option)
{
    json_t *one = json_object();
    json_object_set_new(one, "vote", reply_text(vote));
    json_object_set_new(one, "option", reply_u64(option + 1u));
    json_array_append_new(ctx, one);
    return true;
}

/* What a look at the customer leaves out. */
static void customer_put_rest(struct customer_job *j)
{
    json_t *inbound = json_array(), *votes = json_array();
    spool_find_inbound(j->v->spool, j->number, 0, SIZE_MAX, customer_put_inbound, inbound);
    spool_each_vote_of(j->v->spool, j->number, customer_put_vote, votes);
    json_object_set_new(j->out, "inbound", inbound);
    json_object_set_new(j->out, "votes", votes);
    json_object_set_new(j->out, "exported", reply_instant(j->v->now));
}

static void customer_put_clock(struct customer_job *j)
{
    struct clocks *clocks = j->v->facts->clocks;
    uint32_t clock = view_clock(j->v, j->view, j->number);
    json_t *zones = json_array();
    for (unsigned i = 0; i < clocks_zone_count(clocks, clock); i++) {
        json_array_append_new(zones, reply_cstr(clocks_zone(clocks, clock, i)));
    }
    json_object_set_new(j->out, "region", reply_cstr(clocks_region(clocks, clock)));
    json_object_set_new(j->out, "clock", reply_cstr(clocks_text(clocks, clock)));
    json_object_set_new(j->out, "zones", zones);
    json_object_set_new(j->out, "quiet", view_quiet(j->v, clock));
}

static void customer_run(const struct engine_view *v, struct call *c)
{
    struct customer_job *j = c->job;
    j->v = v;
    j->view = audience_view_begin(v->audience, &c->err);
    if (j->view == NULL) {
        return;
    }
    c->out = j->out = json_object();
    json_object_set_new(j->out, "number", reply_number(j->number));
    json_object_set_new(j->out, "customer", json_false());
    customer_put_clock(j);
    json_object_set_new(j->out, "fields", json_object());
    json_object_set_new(j->out, "tags", json_array());
    json_object_set_new(j->out, "activity", json_object());
    json_object_set_new(j->out, "habit", json_null());
    json_object_set_new(j->out, "suppressed", json_boolean(j->suppressed));
    audience_load_number(j->view, j->number, customer_found, j, NULL);
    json_t *consent = json_array();
    spool_each_consent(v->spool, j->number, customer_put_consent, consent);
    json_object_set_new(j->out, "consent", consent);
    j->messages = json_array();
    struct spool_filter f = { .number = j->number,
                              .state = -1,
                              .max = j->all ? CUSTOMER_PAGE : CUSTOMER_LAST_MESSAGES };
    do {
        f.before_id = spool_find_messages(v->spool, &f, customer_put_message, j);
    } while (j->all && f.before_id != 0);
    if (j->all) {
        customer_put_rest(j);
    }
    json_object_set_new(j->out, "messages", j->messages);
    audience_view_end(j->view);
}

static void customer_then(struct call *c)
{
    call_put_names(c, json_object_get(c->out, "messages"));
    call_put_tlvs(c, json_object_get(c->out, "inbound"));
    call_reply(c);
}

static void customer_begin(struct call *c, bool all)
{
    uint64_t number;
    struct customer_job *j = call_number(c, c->param[0], &number) ? call_job(c, sizeof *j, NULL) : NULL;
    if (j != NULL) {
        j->number = number;
        j->all = all;
        j->suppressed = engine_suppressed(c->api->engine, number);
        call_read(c, customer_run, customer_then);
    }
}

void api_customer_show(struct call *c)
{
    customer_begin(c, false);
}

void api_customer_export(struct call *c)
{
    customer_begin(c, true);
}

/* --- DELETE /v1/customers/NUMBER --- */

static void customer_erased(void *ctx, const struct engine_erased *e)
{
    struct call *c = ctx;
    c->err = e->err;
    if (e->err.code == ERR_NONE) {
        c->out = json_object();
        json_object_set_new(c->out, "customer", json_boolean(e->customer));
        json_object_set_new(c->out, "messages", reply_u64(e->messages));
        json_object_set_new(c->out, "suppressed", json_boolean(e->suppressed));
        if (c->api->log != NULL) {
            log_event(c->api->log, LOG_INFO, "customer_erased", "customer=%d messages=%llu suppressed=%d",
                      e->customer, (unsigned long long)e->messages, e->suppressed);
        }
    }
    call_reply(c);
}

void api_customer_erase(struct call *c)
{
    uint64_t number;
    if (call_number(c, c->param[0], &number)) {
        engine_erase(c->api->engine, number, customer_erased, c);
    }
}

/* --- POST /v1/consents --- */

struct consent_asked {
    struct strv number, action, words;
};

static const struct member CONSENT_MEMBERS[] = {
    { "number", MEMBER_TEXT, true, offsetof(struct consent_asked, number), 1, 250 },
    { "action", MEMBER_TEXT, true, offsetof(struct consent_asked, action), 1, 16 },
    { "words", MEMBER_TEXT, false, offsetof(struct consent_asked, words), 0, 1000 },
};

struct consent_job {
    uint64_t number;
    enum consent_action action;
};

static void consent_then(struct call *c)
{
    struct consent_job *j = c->job;
    c->out = json_object();
    json_object_set_new(c->out, "number", reply_number(j->number));
    json_object_set_new(c->out, "action", reply_cstr(consent_action_name(j->action)));
    json_object_set_new(c->out, "suppressed", json_boolean(engine_suppressed(c->api->engine, j->number)));
    call_reply(c);
}

void api_consent_put(struct call *c)
{
    struct consent_asked q = { 0 };
    uint64_t number;
    if (!call_members(c, CONSENT_MEMBERS, sizeof CONSENT_MEMBERS / sizeof CONSENT_MEMBERS[0], &q)) {
        return;
    }
    bool stop = strv_eq_c(q.action, "stop");
    if (!stop && !strv_eq_c(q.action, "start")) {
        call_fail(c, ERR_INVALID, "\"action\" must be \"stop\" or \"start\"");
        return;
    }
    struct consent_job *j = call_number(c, q.number, &number) ? call_job(c, sizeof *j, NULL) : NULL;
    if (j != NULL) {
        j->number = number;
        j->action = stop ? CONSENT_STOP : CONSENT_START;
        c->then = consent_then;
        engine_consent(c->api->engine, number, j->action, STRV("api"), q.words, call_done, c);
    }
}
