#include "api/view.h"

#include "api/reply.h"
#include "audience/load.h"
#include "base/civil.h"
#include "engine/facts.h"
#include "smpp/status.h"
#include "store/dict.h"

#include <stdio.h>

struct view_clock_of {
    const struct engine_view *v;
    uint32_t clock;
};

static bool view_clock_found(void *ctx, const struct audience_customer *c)
{
    struct view_clock_of *x = ctx;
    if (c->clock.n != 0) {
        x->clock = clocks_intern(x->v->facts->clocks, c->clock, NULL);
    }
    return true;
}

uint32_t view_clock(const struct engine_view *v, struct audience_view *view, uint64_t number)
{
    struct view_clock_of x = { .v = v, .clock = CLOCKS_UNKNOWN };
    if (view != NULL) {
        audience_load_number(view, number, view_clock_found, &x, NULL);
    }
    return x.clock != CLOCKS_UNKNOWN ? x.clock : clocks_of_number(v->facts->clocks, number);
}

json_t *view_quiet(const struct engine_view *v, uint32_t clock)
{
    static const enum message_class CLASSES[] = { CLASS_PROMOTIONAL, CLASS_TRANSACTIONAL };
    json_t *out = json_object();
    for (size_t i = 0; i < sizeof CLASSES / sizeof CLASSES[0]; i++) {
        struct quiet_why why = { .reason = REASON_NONE };
        bool open = quiet_allowed(v->facts->quiet, clock, CLASSES[i], v->now, &why);
        struct quiet_state s = quiet_ask(v->facts->quiet, clock, CLASSES[i], v->now);
        json_t *one = json_object();
        json_object_set_new(one, "open", json_boolean(open));
        json_object_set_new(one, "until", reply_instant(s.until));
        json_object_set_new(one, "detail", reply_cstr(open ? "" : why.text));
        json_object_set_new(out, message_class_name(CLASSES[i]), one);
    }
    return out;
}

/* Why it is where it is, in a sentence. */
static json_t *view_detail(const struct engine_view *v, struct audience_view *view,
                           const struct spool_view *m)
{
    char text[512];
    if (m->reason == REASON_QUIET_HOURS && m->state == MESSAGE_HELD) {
        struct quiet_why why = { .reason = REASON_NONE };
        if (!quiet_allowed(v->facts->quiet, view_clock(v, view, m->m.to), m->m.class_, v->now, &why)) {
            return reply_cstr(why.text);
        }
    }
    if (m->reason == REASON_CARRIER_STATUS || (m->reason == REASON_RETRY && m->code != 0)) {
        const char *name = smpp_status_name(m->code);
        snprintf(text, sizeof text, "%s: %s (%s, 0x%08X)", message_reason_text(m->reason),
                 smpp_status_text(m->code), name != NULL ? name : "of the carrier's own", (unsigned)m->code);
        return reply_cstr(text);
    }
    if (m->reason == REASON_CARRIER_RECEIPT && m->code != 0) {
        snprintf(text, sizeof text, "%s, with the network's error %u", message_reason_text(m->reason),
                 (unsigned)m->code);
        return reply_cstr(text);
    }
    if (m->state == MESSAGE_HELD && m->until != 0 && m->until != USEC_NEVER) {
        snprintf(text, sizeof text, "%s, until %s", message_reason_text(m->reason),
                 civil_format_utc(m->until).s);
        return reply_cstr(text);
    }
    return reply_cstr(message_reason_text(m->reason));
}

/* A part without an answer is in flight only while the message is; else it is where the message is. */
static enum message_state view_part_state(const struct spool_view *m, const struct spool_part_view *p)
{
    bool out = m->state == MESSAGE_IN_FLIGHT || m->state == MESSAGE_UNCERTAIN;
    return p->state == MESSAGE_IN_FLIGHT && !out ? m->state : p->state;
}

static json_t *view_parts(const struct spool_view *m)
{
    json_t *list = json_array();
    for (size_t i = 0; i < m->n_parts; i++) {
        const struct spool_part_view *p = &m->parts[i];
        const char *name = smpp_status_name(p->command_status), *stage = spool_stage_name(p->stage);
        json_t *one = json_object();
        json_object_set_new(one, "n", reply_u64(i + 1));
        json_object_set_new(one, "state", reply_cstr(message_state_name(view_part_state(m, p))));
        json_object_set_new(one, "status",
                            p->command_status == 0 ? json_null()
                            : name != NULL         ? reply_cstr(name)
                                                   : reply_u64(p->command_status));
        json_object_set_new(one, "carrier_id", reply_text(p->carrier_id));
        json_object_set_new(one, "stage", stage != NULL ? reply_cstr(stage) : json_null());
        json_object_set_new(one, "error", p->error != 0 ? reply_u64(p->error) : json_null());
        json_array_append_new(list, one);
    }
    return list;
}

json_t *view_message(const struct engine_view *v, struct audience_view *view, const struct spool_view *m)
{
    json_t *o = json_object();
    json_object_set_new(o, "id", reply_id(m->m.id));
    json_object_set_new(o, "to", reply_number(m->m.to));
    json_object_set_new(o, "sender", reply_text(m->m.sender));
    json_object_set_new(o, "text", reply_text(m->m.text));
    json_object_set_new(o, "class", reply_cstr(message_class_name(m->m.class_)));
    json_object_set_new(o, "state", reply_cstr(message_state_name(m->state)));
    json_object_set_new(o, "reason", reply_cstr(message_reason_name(m->reason)));
    json_object_set_new(o, "detail", view_detail(v, view, m));
    json_object_set_new(o, "code", m->code != 0 ? reply_u64(m->code) : json_null());
    json_object_set_new(o, "carrier", reply_u64(m->m.carrier));
    json_object_set_new(o, "campaign", reply_u64(m->m.campaign));
    json_object_set_new(o, "customer", json_boolean(m->m.customer != 0));
    json_object_set_new(o, "ref", m->m.client_ref.n != 0 ? reply_text(m->m.client_ref) : json_null());
    json_object_set_new(o, "tlvs", reply_octets(m->m.tlvs));
    json_object_set_new(o, "tag", m->m.tag.n != 0 ? reply_text(m->m.tag) : json_null());
    json_object_set_new(o, "accepted", reply_instant(m->m.accepted_at));
    json_object_set_new(o, "until", reply_instant(m->until));
    json_object_set_new(o, "valid_until", reply_instant(m->m.valid_until));
    json_object_set_new(o, "sent", reply_instant(m->sent_at));
    json_object_set_new(o, "final", reply_instant(m->final_at));
    json_object_set_new(o, "attempts", reply_u64(m->attempts));
    json_object_set_new(o, "parts", view_parts(m));
    return o;
}

/* --- what became of it on its way --- */

static json_t *history_row(const char *what, usec_t at)
{
    json_t *o = json_object();
    json_object_set_new(o, "at", reply_instant(at));
    json_object_set_new(o, "what", reply_cstr(what));
    return o;
}

static json_t *history_detail(const struct spool_event *e)
{
    char text[512];
    if (e->code == 0) {
        return reply_cstr(message_reason_text(e->reason));
    }
    const char *name = smpp_status_name(e->code);
    snprintf(text, sizeof text, "%s: %s (%s, 0x%08X)", message_reason_text(e->reason),
             smpp_status_text(e->code), name != NULL ? name : "of the carrier's own", (unsigned)e->code);
    return reply_cstr(text);
}

static json_t *history_event(const struct spool_event *e)
{
    bool replaced = e->to == MESSAGE_NONE;
    json_t *o = history_row(replaced ? "replaced" : e->tlvs.n ? "receipt" : message_state_name(e->to), e->at);
    if (e->tlvs.n) {
        json_object_set_new(o, "state", reply_cstr(message_state_name(e->to)));
        json_object_set_new(o, "tlvs", reply_octets(e->tlvs));
    }
    if (e->count > 1) {
        json_object_set_new(o, "count", reply_u64(e->count));
        json_object_set_new(o, "last", reply_instant(e->last));
    }
    json_object_set_new(o, "tried", json_boolean(e->tried));
    json_object_set_new(o, "carrier", reply_u64(e->carrier));
    if (e->bind >= 0) {
        json_object_set_new(o, "bind", reply_u64((uint64_t)e->bind));
        json_object_set_new(o, "host", reply_text(e->host));
    }
    if (replaced) {
        json_object_set_new(o, "text", reply_text(e->text));
        return o;
    }
    json_object_set_new(o, "reason", reply_cstr(message_reason_name(e->reason)));
    json_object_set_new(o, "code", e->code != 0 ? reply_u64(e->code) : json_null());
    json_object_set_new(o, "detail", history_detail(e));
    json_object_set_new(o, "until", reply_instant(e->until));
    return o;
}

json_t *view_history(const struct spool_view *m)
{
    json_t *list = json_array();
    json_array_append_new(list, history_row("accepted", m->m.accepted_at));
    if (m->events_dropped != 0) {
        json_t *o = history_row("forgotten", m->events[0].at);
        json_object_set_new(o, "count", reply_u64(m->events_dropped));
        json_array_append_new(list, o);
    }
    bool told = false; /* its end is the last event already */
    for (size_t i = 0; i < m->n_events; i++) {
        json_array_append_new(list, history_event(&m->events[i]));
        told = message_state_final(m->state) && m->events[i].to == m->state && m->events[i].tlvs.n == 0;
    }
    if (m->sent_at != 0) {
        json_t *o = history_row(message_state_name(MESSAGE_SENT), m->sent_at);
        json_object_set_new(o, "carrier", reply_u64(m->m.carrier));
        json_array_append_new(list, o);
    }
    if (message_state_final(m->state) && !told) {
        json_t *o = history_row(message_state_name(m->state), m->final_at);
        struct spool_event e = { .reason = m->reason, .code = m->code };
        bool receipt = m->reason == REASON_CARRIER_RECEIPT; /* its code is the network's */
        e.code = receipt ? 0 : e.code;
        json_object_set_new(o, "reason", reply_cstr(message_reason_name(m->reason)));
        json_object_set_new(o, "code", m->code != 0 ? reply_u64(m->code) : json_null());
        json_object_set_new(o, "detail", history_detail(&e));
        json_array_append_new(list, o);
    }
    return list;
}

json_t *view_members(struct catalog_txn *t, const struct customer_value *set)
{
    json_t *list = json_array();
    for (size_t i = 0; i < set->n_codes; i++) {
        struct strv text;
        if (dict_text(t, set->field, set->codes[i], &text)) {
            json_array_append_new(list, reply_text(text));
        }
    }
    return list;
}

json_t *view_inbound(const struct spool_inbound_view *m)
{
    json_t *o = json_object();
    json_object_set_new(o, "id", reply_id(m->id));
    json_object_set_new(o, "from", reply_number(m->from));
    json_object_set_new(o, "to", reply_text(m->to));
    json_object_set_new(o, "text", reply_text(m->text));
    json_object_set_new(o, "at", reply_instant(m->at));
    json_object_set_new(
        o, "consent", m->consent != CONSENT_NONE ? reply_cstr(consent_action_name(m->consent)) : json_null());
    json_object_set_new(o, "vote", m->vote.n != 0 ? reply_text(m->vote) : json_null());
    json_object_set_new(o, "reply_to", m->reply_to != 0 ? reply_id(m->reply_to) : json_null());
    json_object_set_new(o, "tlvs", reply_octets(m->tlvs));
    return o;
}
