#include "session/session.h"

#include "session/state.h"

#include <stdlib.h>
#include <string.h>

#define SESSION_SHORT_MESSAGE_MAX 254 /* octets (3.4 §5.2.22) */

/* --- making --- */

static void session_default(usec_t *t, usec_t value)
{
    if (*t == 0)
        *t = value;
}

static void session_fill_defaults(struct session_options *o)
{
    if (!o->bind)
        o->bind = SESSION_TRANSCEIVER;
    if (!o->version)
        o->version = SMPP_V34;
    if (!o->untold)
        o->untold = SMPP_V34;
    if (!o->window)
        o->window = 10;
    if (!o->inbound_limit)
        o->inbound_limit = 10000;
    if (!o->max_pdu)
        o->max_pdu = SMPP_FRAME_MAX;
    if (!o->max_output)
        o->max_output = 4u << 20;
    if (!o->first_sequence)
        o->first_sequence = 1;
    session_default(&o->bind_timeout, 10 * USEC_SEC);
    session_default(&o->response_timeout, 60 * USEC_SEC);
    session_default(&o->enquire_interval, 30 * USEC_SEC);
    session_default(&o->enquire_timeout, 10 * USEC_SEC);
    session_default(&o->inactivity, USEC_NEVER);
    session_default(&o->unbind_timeout, 5 * USEC_SEC);
}

static bool session_check_string(struct strv s, size_t max, const char *name, struct err *err)
{
    if (s.n > max)
        return err_set(err, ERR_INVALID, "%s is longer than %zu octets", name, max);
    if (s.n && memchr(s.p, 0, s.n))
        return err_set(err, ERR_INVALID, "%s has a NUL in it", name);
    return true;
}

static bool session_check_times(const struct session_options *o, struct err *err)
{
    const usec_t times[] = { o->bind_timeout,    o->response_timeout, o->enquire_interval,
                             o->enquire_timeout, o->inactivity,       o->unbind_timeout };
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        if (times[i] < 0)
            return err_set(err, ERR_INVALID, "a session's times must not be negative");
    if (o->unbind_timeout == USEC_NEVER)
        return err_set(err, ERR_INVALID, "unbind_timeout must have an end");
    return true;
}

static bool session_check(const struct session_options *o, struct err *err)
{
    if (o->version != SMPP_V33 && o->version != SMPP_V34 && o->version != SMPP_V50)
        return err_set(err, ERR_INVALID, "SMPP version 0x%02x is none of 0x33, 0x34, 0x50",
                       (unsigned)o->version);
    if (o->bind > SESSION_TRANSCEIVER)
        return err_set(err, ERR_INVALID, "impossible bind type %u", (unsigned)o->bind);
    if (o->role == SESSION_CLIENT && o->version == SMPP_V33 && o->bind == SESSION_TRANSCEIVER)
        return err_set(err, ERR_INVALID, "SMPP 3.3 has no transceiver bind");
    if (o->window > WINDOW_MAX)
        return err_set(err, ERR_LIMIT, "a window is at most %u", (unsigned)WINDOW_MAX);
    if (o->max_pdu < SMPP_HEADER_SIZE || o->max_pdu > 1u << 20)
        return err_set(err, ERR_LIMIT, "the longest PDU must be of 16 to 1048576 octets");
    if (o->first_sequence > WINDOW_SEQUENCE_MAX)
        return err_set(err, ERR_LIMIT, "sequence numbers end at 0x7fffffff");
    return session_check_times(o, err) && session_check_string(o->system_id, 15, "system_id", err) &&
           session_check_string(o->password, 64, "password", err) &&
           session_check_string(o->system_type, 12, "system_type", err) &&
           session_check_string(o->address_range, 40, "address_range", err);
}

static void session_copy_string(struct session *s, size_t *used, struct strv *text)
{
    if (text->n)
        memcpy(s->names + *used, text->p, text->n);
    text->p = s->names + *used;
    *used += text->n;
}

struct session *session_new(const struct session_options *o, const struct session_ops *ops, void *arg,
                            struct err *err)
{
    struct session_options filled = *o;
    session_fill_defaults(&filled);
    if (!session_check(&filled, err))
        return NULL;
    struct session *s = calloc(1, sizeof *s);
    if (!s || !window_init(&s->window, filled.window, filled.first_sequence)) {
        free(s);
        err_set(err, ERR_NOMEM, "no memory for a session");
        return NULL;
    }
    s->o = filled;
    size_t used = 0;
    session_copy_string(s, &used, &s->o.system_id);
    session_copy_string(s, &used, &s->o.password);
    session_copy_string(s, &used, &s->o.system_type);
    session_copy_string(s, &used, &s->o.address_range);
    s->ops = ops;
    s->arg = arg;
    s->bind = s->o.bind;
    s->version = s->o.version;
    s->unbind_reason = SESSION_REASON_UNBOUND;
    s->out.limit = s->o.max_output;
    state_enter(s, SESSION_NEW);
    return s;
}

void session_free(struct session *s)
{
    if (!s)
        return;
    window_free(&s->window);
    buf_free(&s->out);
    memset(s->names, 0, sizeof s->names); /* the password */
    free(s);
}

/* --- octets and time --- */

void session_start(struct session *s, usec_t now)
{
    if (s->state != SESSION_NEW)
        return;
    s->last_in = s->last_out = s->last_business = now;
    if (s->o.role == SESSION_CLIENT && !s->o.wait_outbind) {
        state_bind(s, now);
    } else {
        state_enter(s, SESSION_OPEN);
        s->phase_end = state_after(now, s->o.bind_timeout);
    }
}

/* The octets are out of step and cannot be resynchronised: say so and go (3.4 §4.3, ESME_RINVCMDLEN). */
static void session_refuse_garbage(struct session *s, const uint8_t *p, size_t n, usec_t now)
{
    uint32_t sequence = n >= SMPP_HEADER_SIZE ? be_get32(p + 12) : 0;
    state_sent(s, smpp_put_header(&s->out, SMPP_CMD_generic_nack, SMPP_ESME_RINVCMDLEN, sequence), now);
    state_close(s, SESSION_REASON_GARBAGE, NULL);
}

size_t session_input(struct session *s, const void *p, size_t n, usec_t now)
{
    const uint8_t *octets = p;
    size_t used = 0;
    if (s->state == SESSION_NEW)
        return 0;
    if (n)
        s->last_in = now;
    while (used < n && s->state != SESSION_CLOSED && !s->overflowed) {
        long length = smpp_frame_length(octets + used, n - used, s->o.max_pdu);
        if (length < 0) {
            session_refuse_garbage(s, octets + used, n - used, now);
            break;
        }
        if (length == 0 || (size_t)length > n - used)
            break;
        input_frame(s, octets + used, (size_t)length, now);
        used += (size_t)length;
    }
    state_progress(s, now);
    return s->state == SESSION_CLOSED ? n : used;
}

static void session_tick_phase(struct session *s, usec_t now)
{
    if (now < s->phase_end)
        return;
    if (s->state == SESSION_OPEN || s->state == SESSION_BINDING)
        state_close(s, SESSION_REASON_BIND_TIMEOUT, NULL);
    else if (s->state == SESSION_UNBINDING)
        state_close(s, SESSION_REASON_UNBIND_TIMEOUT, NULL);
    /* LEAVING and DRAINING: state_progress() */
}

static bool session_expects_responses(const struct session *s)
{
    return s->state == SESSION_BOUND || s->state == SESSION_DRAINING || s->state == SESSION_LEAVING;
}

static void session_tick_responses(struct session *s, usec_t now)
{
    uint64_t token;
    while (session_expects_responses(s) && window_expire(&s->window, now - s->o.response_timeout, &token)) {
        s->stats.lost_timeout++;
        if (s->ops->on_response_lost)
            s->ops->on_response_lost(s->arg, token, SESSION_LOST_TIMEOUT);
    }
}

static usec_t session_enquire_due(const struct session *s)
{
    if (s->state != SESSION_BOUND && s->state != SESSION_DRAINING)
        return USEC_NEVER;
    if (s->enquire_seq)
        return state_after(s->enquire_sent, s->o.enquire_timeout);
    return state_after(s->last_in < s->last_out ? s->last_in : s->last_out, s->o.enquire_interval);
}

/* A peer that is busy sending is alive, even if it is one of those that forget to answer enquire_link. */
static void session_tick_enquire(struct session *s, usec_t now)
{
    if (now < session_enquire_due(s))
        return;
    if (s->enquire_seq) {
        s->stats.enquires_lost++;
        s->enquire_seq = 0;
        if (s->last_in <= s->enquire_sent) {
            state_close(s, SESSION_REASON_ENQUIRE_TIMEOUT, NULL);
            return;
        }
        if (now < session_enquire_due(s))
            return;
    }
    s->enquire_seq = window_draw(&s->window);
    s->enquire_sent = now;
    s->stats.enquires_out++;
    state_sent(s, smpp_put_header(&s->out, SMPP_CMD_enquire_link, SMPP_ESME_ROK, s->enquire_seq), now);
}

static usec_t session_inactivity_due(const struct session *s)
{
    return s->state == SESSION_BOUND ? state_after(s->last_business, s->o.inactivity) : USEC_NEVER;
}

void session_tick(struct session *s, usec_t now)
{
    session_tick_phase(s, now);
    session_tick_responses(s, now);
    session_tick_enquire(s, now);
    if (now >= session_inactivity_due(s))
        state_unbind(s, SESSION_REASON_INACTIVE, now);
    state_progress(s, now);
}

static bool session_progress_due(const struct session *s)
{
    bool waits = s->window.waiting || s->unanswered;
    return s->overflowed || ((s->state == SESSION_DRAINING || s->state == SESSION_LEAVING) && !waits) ||
           (s->state == SESSION_DRAINING && !s->window.waiting && s->phase_end == USEC_NEVER) ||
           (s->starved && session_window_room(s));
}

usec_t session_next_tick(const struct session *s)
{
    if (s->state == SESSION_NEW || s->state == SESSION_CLOSED)
        return USEC_NEVER;
    if (session_progress_due(s))
        return 0;
    usec_t due[] = { s->phase_end, session_enquire_due(s), session_inactivity_due(s), USEC_NEVER };
    if (session_expects_responses(s) && s->window.waiting)
        due[3] = state_after(window_oldest_sent(&s->window), s->o.response_timeout);
    usec_t first = USEC_NEVER;
    for (size_t i = 0; i < sizeof due / sizeof *due; i++)
        if (due[i] < first)
            first = due[i];
    return first;
}

struct buf *session_output(struct session *s)
{
    return &s->out;
}

/* --- requests of ours --- */

uint32_t session_window_room(const struct session *s)
{
    unsigned half = s->o.role == SESSION_CLIENT ? SESSION_TRANSMITTER : SESSION_RECEIVER;
    /* the other half of the output is for answers, so that a peer that reads slowly loses requests first */
    if (s->state != SESSION_BOUND || !(s->bind & half) || s->out.len > s->o.max_output / 2)
        return 0;
    return window_room(&s->window);
}

uint32_t session_outstanding(const struct session *s)
{
    return s->window.waiting;
}

void session_set_window(struct session *s, uint32_t window)
{
    s->window.limit = window < 1 ? 1 : window < s->window.max ? window : s->window.max;
}

/* 3.3 has no TLVs, and not the operations that came with them. */
static bool session_speaks(const struct session *s, uint32_t command)
{
    return s->version > SMPP_V33 || command != SMPP_CMD_data_sm;
}

static bool session_encode(struct session *s, const struct smpp_pdu *pdu)
{
    if (s->version > SMPP_V33 || (pdu->tlv_count == 0 && pdu->tlv_rest.n == 0))
        return smpp_pdu_encode(pdu, &s->out);
    struct smpp_pdu bare = *pdu;
    bare.tlv_count = 0;
    bare.tlv_rest = (struct strv){ 0 };
    return smpp_pdu_encode(&bare, &s->out);
}

static bool session_may_submit(struct session *s, uint32_t command)
{
    if (!session_speaks(s, command))
        return false;
    if (!session_window_room(s)) {
        s->starved = true;
        return false;
    }
    return rules_kind(command) == RULES_BUSINESS && rules_allow(command, s->o.role, s->bind);
}

/* `at` is where the request was appended to the output with any sequence number. */
static uint32_t session_submitted(struct session *s, bool fine, size_t at, uint32_t command, uint64_t token,
                                  usec_t now)
{
    if (!state_sent(s, fine, now))
        return 0;
    uint32_t sequence = window_add(&s->window, command, token, now);
    buf_set_u32(&s->out, at + 8, SMPP_ESME_ROK);
    buf_set_u32(&s->out, at + 12, sequence);
    s->stats.submitted++;
    s->last_business = now;
    if (!window_room(&s->window))
        s->starved = true;
    return sequence;
}

uint32_t session_submit(struct session *s, const struct smpp_pdu *pdu, uint64_t token, usec_t now)
{
    if (!session_may_submit(s, pdu->command_id))
        return 0;
    size_t at = s->out.len;
    if (s->version <= SMPP_V33 && smpp_tlv_find(pdu, SMPP_TLV_message_payload, &(struct strv){ 0 }))
        return 0; /* its text would be lost */
    return session_submitted(s, session_encode(s, pdu), at, pdu->command_id, token, now);
}

/* The text of a message_payload where it goes without TLVs. False: it does not fit there. */
static bool session_unwrap_payload(struct smpp_sm *sm, const struct smpp_tlv *tlvs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (tlvs[i].tag != SMPP_TLV_message_payload)
            continue;
        if (sm->short_message.n > 0 || tlvs[i].value.n > SESSION_SHORT_MESSAGE_MAX)
            return false;
        sm->short_message = tlvs[i].value;
    }
    return true;
}

uint32_t session_submit_sm(struct session *s, const struct smpp_sm *sm, const struct smpp_tlv *tlvs,
                           size_t tlv_count, uint64_t token, usec_t now)
{
    uint32_t command = s->o.role == SESSION_CLIENT ? SMPP_CMD_submit_sm : SMPP_CMD_deliver_sm;
    struct smpp_sm bare;
    if (!session_may_submit(s, command))
        return 0;
    if (s->version <= SMPP_V33 && tlv_count > 0) {
        bare = *sm;
        if (!session_unwrap_payload(&bare, tlvs, tlv_count))
            return 0;
        sm = &bare;
        tlv_count = 0;
    }
    size_t at = s->out.len;
    bool fine = s->o.role == SESSION_CLIENT ? smpp_put_submit_sm(&s->out, 0, sm, tlvs, tlv_count)
                                            : smpp_put_deliver_sm(&s->out, 0, sm, tlvs, tlv_count);
    return session_submitted(s, fine, at, command, token, now);
}

bool session_notify(struct session *s, const struct smpp_pdu *pdu, usec_t now)
{
    enum rules_kind kind = rules_kind(pdu->command_id);
    bool fit = (kind == RULES_NOTICE && s->state == SESSION_BOUND &&
                rules_allow(pdu->command_id, s->o.role, s->bind)) ||
               (kind == RULES_OUTBIND && s->state == SESSION_OPEN && s->o.role == SESSION_SERVER);
    if (!fit)
        return false;
    size_t at = s->out.len;
    if (!state_sent(s, smpp_pdu_encode(pdu, &s->out), now))
        return false;
    buf_set_u32(&s->out, at + 12, window_draw(&s->window));
    return true;
}

/* --- answers --- */

static bool session_may_answer(struct session *s)
{
    if (s->state < SESSION_BOUND || s->state == SESSION_CLOSED || !s->unanswered)
        return false;
    s->unanswered--;
    return true;
}

static bool session_answered(struct session *s, bool fine)
{
    return state_sent(s, fine, s->last_in > s->last_out ? s->last_in : s->last_out);
}

bool session_answer(struct session *s, uint32_t command_id, uint32_t sequence, uint32_t status)
{
    return session_answer_id(s, command_id, sequence, status, (struct strv){ 0 });
}

bool session_answer_id(struct session *s, uint32_t command_id, uint32_t sequence, uint32_t status,
                       struct strv message_id)
{
    if (!session_may_answer(s))
        return false;
    uint32_t response = command_id | SMPP_RESPONSE;
    bool has_id =
        response == (uint32_t)SMPP_CMD_submit_sm_resp || response == (uint32_t)SMPP_CMD_deliver_sm_resp ||
        response == (uint32_t)SMPP_CMD_data_sm_resp || response == (uint32_t)SMPP_CMD_broadcast_sm_resp;
    return session_answered(s, has_id ? smpp_put_id_resp(&s->out, response, status, sequence, message_id)
                                      : smpp_put_header(&s->out, response, status, sequence));
}

bool session_answer_pdu(struct session *s, const struct smpp_pdu *response)
{
    return (response->command_id & SMPP_RESPONSE) && session_may_answer(s) &&
           session_answered(s, session_encode(s, response));
}

bool session_answer_bind(struct session *s, uint32_t status, usec_t now)
{
    if (s->state != SESSION_BINDING || s->o.role != SESSION_SERVER)
        return false;
    uint8_t told = s->version >= SMPP_V34 ? (uint8_t)s->o.version : 0; /* 3.3 has no TLVs */
    state_sent(s,
               smpp_put_bind_resp(&s->out, s->peer_bind_command | SMPP_RESPONSE, status, s->peer_bind_seq,
                                  s->o.system_id, told),
               now);
    if (status != SMPP_ESME_ROK) {
        usec_t end = s->phase_end;
        state_enter(s, SESSION_OPEN);
        s->phase_end = end;
        return true;
    }
    struct session_bound b = { .version = s->version,
                               .bind = s->bind,
                               .system_id = strv_from(s->peer_system_id),
                               .system_type = strv_from(s->peer_system_type) };
    state_bound(s, &b, now);
    return true;
}

void session_forgo_answer(struct session *s)
{
    session_may_answer(s);
}

/* --- the end --- */

void session_unbind(struct session *s, usec_t now)
{
    state_unbind(s, SESSION_REASON_UNBOUND, now);
}

void session_unbind_now(struct session *s, usec_t now)
{
    state_unbind(s, SESSION_REASON_UNBOUND, now);
    state_hurry(s, now);
}

void session_close(struct session *s, const char *text, usec_t now)
{
    (void)now;
    state_close(s, SESSION_REASON_LOCAL, text);
}

void session_disconnected(struct session *s, const char *text, usec_t now)
{
    (void)now;
    if (s->state == SESSION_UNBINDING) /* many peers close instead of answering unbind */
        state_close(s, s->unbind_reason, text);
    else if (s->state == SESSION_LEAVING)
        state_close(s, SESSION_REASON_PEER_UNBOUND, text);
    else
        state_close(s, SESSION_REASON_DISCONNECTED, text);
}

enum session_state session_state(const struct session *s)
{
    return s->state;
}

enum session_reason session_close_reason(const struct session *s)
{
    return s->reason;
}

enum smpp_version session_version(const struct session *s)
{
    return s->version;
}

const struct session_stats *session_stats(const struct session *s)
{
    return &s->stats;
}
