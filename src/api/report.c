/* A campaign's figures: before it starts (preview) and while it runs and after (report). */
#include "api/call.h"
#include "smpp/status.h"
#include "store/spool.h"

#include <stdio.h>
#include <string.h>

static json_t *report_clock(const struct campaign_clock_info *k, bool preview)
{
    json_t *o = json_object();
    json_object_set_new(o, "clock", reply_cstr(k->text));
    json_object_set_new(o, "recipients", reply_u64(preview ? k->recipients : k->recipients - k->claimed));
    if (preview) {
        json_object_set_new(o, "open", json_boolean(k->open));
    }
    json_object_set_new(o, k->open ? "until" : "opens", reply_instant(k->changes));
    json_object_set_new(o, "detail", reply_cstr(k->detail));
    return o;
}

/* --- GET /v1/campaigns/NAME/preview --- */

static json_t *report_parts(const struct campaign_preview *p)
{
    json_t *o = json_object();
    json_object_set_new(o, "total", reply_u64(p->parts_total));
    for (unsigned i = 1; i < sizeof p->by_parts / sizeof p->by_parts[0]; i++) {
        char name[8];
        snprintf(name, sizeof name, "%u", i);
        if (p->by_parts[i] != 0) {
            json_object_set_new(o, i == 7 ? "7+" : name, reply_u64(p->by_parts[i]));
        }
    }
    if (p->by_parts[0] != 0) {
        json_object_set_new(o, "refused", reply_u64(p->by_parts[0]));
    }
    return o;
}

static json_t *report_texts(const struct campaign_preview *p)
{
    json_t *list = json_array();
    for (size_t i = 0; i < p->n_texts; i++) {
        json_t *one = json_object();
        json_object_set_new(one, "number", reply_number(p->texts[i].number));
        json_object_set_new(one, "text", reply_cstr(p->texts[i].text));
        call_put_text(one, &p->texts[i].look);
        json_array_append_new(list, one);
    }
    return list;
}

static json_t *report_preview(const struct campaign_preview *p)
{
    json_t *o = json_object();
    json_object_set_new(o, "recipients", reply_u64(p->recipients));
    json_object_set_new(o, "suppressed", reply_u64(p->suppressed));
    json_object_set_new(o, "parts", report_parts(p));
    json_t *alphabets = json_object();
    json_object_set_new(alphabets, "gsm7", reply_u64(p->gsm7));
    json_object_set_new(alphabets, "ucs2", reply_u64(p->ucs2));
    json_object_set_new(alphabets, "latin1", reply_u64(p->latin1));
    json_object_set_new(o, "alphabets", alphabets);
    json_t *languages = json_object();
    for (unsigned i = SHIFT_TURKISH; i < SHIFT_LANGUAGES; i++) {
        if (p->languages[i] != 0) {
            json_object_set_new(languages, shift_name(i), reply_u64(p->languages[i]));
        }
    }
    json_object_set_new(o, "languages", languages);
    json_object_set_new(o, "replaced", call_text_replaced(&p->replaced));
    json_object_set_new(o, "sampled", reply_u64(p->sampled));
    json_object_set_new(o, "texts", report_texts(p));
    json_t *missing = json_object();
    for (size_t i = 0; i < p->n_missing; i++) {
        json_object_set_new(missing, p->missing[i].field, reply_u64(p->missing[i].count));
    }
    json_object_set_new(o, "missing", missing);
    json_t *clocks = json_array();
    for (size_t i = 0; i < p->n_clocks; i++) {
        json_array_append_new(clocks, report_clock(&p->clocks[i], true));
    }
    json_object_set_new(o, "clocks", clocks);
    json_object_set_new(o, "held", reply_u64(p->held));
    json_object_set_new(o, "cost", p->has_cost ? json_real(p->cost) : json_null());
    return o;
}

static void report_on_preview(void *ctx, const struct campaign_preview *p)
{
    struct call *c = ctx;
    if (p->err.code != ERR_NONE) {
        c->err = p->err;
    } else {
        c->out = report_preview(p);
    }
    call_reply(c);
}

void api_campaign_preview_show(struct call *c)
{
    usec_t at = 0, local = 0;
    struct engine_schedule s;
    if (call_query_instant(c, "at", &at) && call_query_local(c, "at_local", &local) &&
        call_schedule(c, at, local, &s)) {
        engine_campaign_preview(c->api->engine, c->param[0], s.at != 0 ? &s : NULL, report_on_preview, c);
    }
}

/* --- GET /v1/campaigns/NAME/report --- */

struct report_job {
    uint32_t id;
    uint64_t recipients;
    uint64_t unclaimed_closed; /* not yet produced, in clocks that are closed now */
    bool over, cancelled;      /* the engine has nothing more to do for it */
};

static void report_add(json_t *list, const char *reason, json_t *status, uint64_t count)
{
    json_t *one = json_object();
    json_object_set_new(one, "reason", reply_cstr(reason));
    json_object_set_new(one, "status", status);
    json_object_set_new(one, "count", reply_u64(count));
    json_array_append_new(list, one);
}

/* The spool counts the reasons of every end but delivery; these have a figure of their own in the report. */
static bool report_has_own_state(enum message_reason r)
{
    return r == REASON_SUPPRESSED || r == REASON_CANCELLED || r == REASON_STALE ||
           r == REASON_CARRIER_RECEIPT;
}

/* The carrier's refusals one by one; what the table of the most frequent has no room for as one. */
static json_t *report_failed_by(const struct spool_counts *n)
{
    json_t *list = json_array();
    uint64_t refused = n->failed_by_reason[REASON_CARRIER_STATUS];
    for (size_t i = 0; i < sizeof n->failed_by_status / sizeof n->failed_by_status[0]; i++) {
        uint64_t count = n->failed_by_status[i].count;
        if (count == 0 || refused == 0) {
            break;
        }
        uint32_t status = n->failed_by_status[i].command_status;
        char number[16];
        snprintf(number, sizeof number, "0x%08X", (unsigned)status);
        const char *name = smpp_status_name(status);
        count = count < refused ? count : refused;
        report_add(list, message_reason_name(REASON_CARRIER_STATUS), reply_cstr(name != NULL ? name : number),
                   count);
        refused -= count;
    }
    for (unsigned r = 0; r < REASON_COUNT; r++) {
        uint64_t count = r == REASON_CARRIER_STATUS ? refused : n->failed_by_reason[r];
        if (count != 0 && !report_has_own_state((enum message_reason)r)) {
            report_add(list, message_reason_name((enum message_reason)r), json_null(), count);
        }
    }
    return list;
}

/* Every recipient is in exactly one place: has a message, whose state says where, or has none yet. The sum is
 * kept exact although counts and clocks are read one after the other. */
static void report_put_counts(json_t *o, const struct report_job *j, const struct spool_counts *n)
{
    uint64_t with_message = 0;
    for (unsigned s = MESSAGE_NONE + 1; s < MESSAGE_STATE_COUNT; s++) {
        with_message += n->by_state[s];
    }
    uint64_t recipients = j->recipients > with_message ? j->recipients : with_message;
    uint64_t rest = recipients - with_message;
    uint64_t rest_cancelled = j->cancelled ? rest : 0;
    uint64_t rest_held = j->cancelled ? 0 : rest < j->unclaimed_closed ? rest : j->unclaimed_closed;
    uint64_t rest_queued = rest - rest_cancelled - rest_held;
    uint64_t queued = n->by_state[MESSAGE_READY] + rest_queued, held = n->by_state[MESSAGE_HELD] + rest_held;
    json_object_set_new(o, "recipients", reply_u64(recipients));
    json_object_set_new(o, "queued", reply_u64(queued));
    json_object_set_new(o, "held", reply_u64(held));
    for (unsigned s = MESSAGE_IN_FLIGHT; s < MESSAGE_STATE_COUNT; s++) {
        uint64_t count = n->by_state[s] + (s == MESSAGE_CANCELLED ? rest_cancelled : 0);
        json_object_set_new(o, message_state_name((enum message_state)s), reply_u64(count));
    }
    json_object_set_new(
        o, "complete",
        json_boolean(j->over &&
                     queued + held + n->by_state[MESSAGE_IN_FLIGHT] + n->by_state[MESSAGE_UNCERTAIN] == 0));
}

struct report_costs {
    json_t *list;
    int64_t total;
};

/* The carrier is a number until it is on the loop. */
static bool report_add_cost(void *ctx, uint16_t carrier, uint64_t parts, int64_t cost)
{
    struct report_costs *k = ctx;
    json_t *one = json_object();
    json_object_set_new(one, "carrier", reply_u64(carrier));
    json_object_set_new(one, "parts", reply_u64(parts));
    json_object_set_new(one, "cost", json_real((double)cost / 1e6));
    json_array_append_new(k->list, one);
    k->total += cost;
    return true;
}

static void report_put_costs(const struct engine_view *v, struct call *c, uint32_t campaign)
{
    struct report_costs k = { .list = json_array() };
    spool_each_cost(v->spool, campaign, report_add_cost, &k);
    json_object_set_new(c->out, "by_carrier", k.list);
    json_object_set_new(c->out, "cost", k.total != 0 ? json_real((double)k.total / 1e6) : json_null());
}

static void report_then_names(struct call *c)
{
    json_t *list = json_object_get(c->out, "by_carrier"), *one;
    size_t i;
    json_array_foreach(list, i, one)
    {
        json_int_t n = json_integer_value(json_object_get(one, "carrier"));
        const char *name = engine_carrier_name(c->api->engine, (size_t)n);
        json_object_set_new(one, "carrier", name != NULL ? reply_cstr(name) : json_null());
    }
    call_reply(c);
}

static void report_run(const struct engine_view *v, struct call *c)
{
    struct report_job *j = c->job;
    struct spool_counts n;
    memset(&n, 0, sizeof n);
    spool_get_counts(v->spool, j->id, &n);
    report_put_counts(c->out, j, &n);
    json_object_set_new(c->out, "failed_by", report_failed_by(&n));
    json_object_set_new(c->out, "replied", reply_u64(n.replied));
    json_object_set_new(c->out, "opted_out", reply_u64(n.opted_out));
    json_object_set_new(c->out, "parts_sent", reply_u64(n.parts_sent));
    report_put_costs(v, c, j->id);
}

void api_campaign_report(struct call *c)
{
    struct campaign_info *i = engine_campaign_get(c->api->engine, c->param[0], &c->err);
    if (i == NULL) {
        call_reply(c);
        return;
    }
    struct report_job job = { .id = i->id,
                              .recipients = i->recipients,
                              .over = i->complete,
                              .cancelled = i->state == CAMPAIGN_CANCELLED };
    c->out = json_object();
    json_object_set_new(c->out, "name", reply_text(i->spec.name));
    json_object_set_new(c->out, "state", reply_cstr(campaign_state_name(i->state)));
    json_t *held = json_array();
    for (size_t k = 0; k < i->n_clocks; k++) {
        const struct campaign_clock_info *clock = &i->clocks[k];
        if (!clock->open && clock->claimed < clock->recipients) {
            job.unclaimed_closed += clock->recipients - clock->claimed;
            json_array_append_new(held, report_clock(clock, false));
        }
    }
    json_object_set_new(c->out, "held_clocks", held);
    engine_campaign_free(i);
    struct report_job *j = call_job(c, sizeof *j, NULL);
    if (j != NULL) {
        *j = job;
        call_read(c, report_run, report_then_names);
    }
}
