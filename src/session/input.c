/* What a PDU of the peer means in the state the session is in. */
#include "session/state.h"

/* Requests before the bind that are refused one by one before the session gives up. */
#define INPUT_MISPLACED_MAX 16

static void input_refuse(struct session *s, const struct smpp_pdu *pdu, uint32_t status, usec_t now)
{
    s->stats.refused++;
    state_sent(s, smpp_pdu_refuse(&s->out, pdu, status), now);
    if (s->state <= SESSION_BINDING && ++s->misplaced > INPUT_MISPLACED_MAX)
        state_close(s, SESSION_REASON_PROTOCOL, NULL);
}

/* --- responses --- */

static void input_bind_refused(struct session *s, uint32_t status)
{
    s->bind_seq = 0;
    if (s->ops->on_bind_failed)
        s->ops->on_bind_failed(s->arg, status, smpp_status_text(status));
    state_close(s, SESSION_REASON_BIND_REFUSED, smpp_status_text(status));
}

static void input_bind_resp(struct session *s, const struct smpp_pdu *pdu, usec_t now)
{
    if (pdu->command_status != SMPP_ESME_ROK) {
        input_bind_refused(s, pdu->command_status);
        return;
    }
    struct session_bound b = { .bind = s->bind };
    if (pdu->defect != SMPP_DEFECT_BODY && !pdu->body_absent)
        b.system_id = pdu->bind_resp.system_id;
    smpp_tlv_get_u8(pdu, SMPP_TLV_sc_interface_version, &b.sc_interface_version);
    enum smpp_version theirs = b.sc_interface_version ? state_version(b.sc_interface_version) : s->o.untold;
    b.version = theirs < s->o.version ? theirs : s->o.version;
    s->bind_seq = 0;
    state_bound(s, &b, now);
}

static void input_window_answer(struct session *s, const struct smpp_pdu *pdu, uint32_t request, usec_t now)
{
    uint64_t token = 0;
    usec_t sent = 0;
    switch (window_answer(&s->window, pdu->sequence_number, request, &token, &sent)) {
    case WINDOW_OK:
        s->stats.responses++;
        s->last_business = now;
        if (s->ops->on_response)
            s->ops->on_response(s->arg, token, pdu, now - sent);
        break;
    case WINDOW_LATE:
        s->stats.late_responses++;
        if (s->ops->on_late_response)
            s->ops->on_late_response(s->arg, token, pdu, now - sent);
        break;
    case WINDOW_DUPLICATE: s->stats.duplicate_responses++; break;
    case WINDOW_MISMATCH: s->stats.mismatched_responses++; break;
    case WINDOW_UNKNOWN: s->stats.unknown_responses++; break;
    }
}

/* `nack`: generic_nack ends whatever request has its sequence number (3.4 §4.3). */
static void input_response(struct session *s, const struct smpp_pdu *pdu, bool nack, usec_t now)
{
    uint32_t sequence = pdu->sequence_number;
    uint32_t request = nack ? 0 : pdu->command_id & ~SMPP_RESPONSE;
    if (sequence && sequence == s->bind_seq && s->state == SESSION_BINDING &&
        (nack || request == rules_bind_command(s->bind))) {
        input_bind_resp(s, pdu, now);
    } else if (sequence && sequence == s->enquire_seq && (nack || request == SMPP_CMD_enquire_link)) {
        s->enquire_seq = 0;
    } else if (sequence && sequence == s->unbind_seq && (nack || request == SMPP_CMD_unbind)) {
        s->unbind_seq = 0;
        state_close(s, s->unbind_reason, NULL);
    } else {
        input_window_answer(s, pdu, request, now);
    }
}

static void input_generic_nack(struct session *s, struct smpp_pdu *pdu, usec_t now)
{
    s->stats.nacks_in++;
    if (pdu->command_status == SMPP_ESME_ROK) /* nobody may take a refusal for a success */
        pdu->command_status = SMPP_ESME_RUNKNOWNERR;
    input_response(s, pdu, true, now);
}

/* --- requests --- */

static void input_bind(struct session *s, const struct smpp_pdu *pdu, usec_t now)
{
    if (s->o.role == SESSION_CLIENT || s->state == SESSION_LEAVING || s->state == SESSION_UNBINDING) {
        input_refuse(s, pdu, SMPP_ESME_RINVBNDSTS, now);
    } else if (s->state != SESSION_OPEN) {
        input_refuse(s, pdu, SMPP_ESME_RALYBND, now);
    } else {
        usec_t end = s->phase_end; /* refused binds do not make the time for a good one longer */
        state_enter(s, SESSION_BINDING);
        s->phase_end = end;
        s->bind = rules_bind(pdu->command_id);
        s->version = state_version(pdu->bind.interface_version);
        if (s->version > s->o.version)
            s->version = s->o.version;
        s->peer_bind_seq = pdu->sequence_number;
        s->peer_bind_command = pdu->command_id;
        strv_copy(pdu->bind.system_id, s->peer_system_id, sizeof s->peer_system_id);
        strv_copy(pdu->bind.system_type, s->peer_system_type, sizeof s->peer_system_type);
        if (s->ops->on_bind)
            s->ops->on_bind(s->arg, pdu);
        else
            session_answer_bind(s, SMPP_ESME_ROK, now);
    }
}

static void input_outbind(struct session *s, const struct smpp_pdu *pdu, usec_t now)
{
    if (s->o.role != SESSION_CLIENT || s->state != SESSION_OPEN)
        input_refuse(s, pdu, SMPP_ESME_RINVBNDSTS, now);
    else if (s->ops->on_outbind && !s->ops->on_outbind(s->arg, pdu))
        state_close(s, SESSION_REASON_LOCAL, "outbind not accepted");
    else if (s->state == SESSION_OPEN)
        state_bind(s, now);
}

static void input_unbind(struct session *s, const struct smpp_pdu *pdu, usec_t now)
{
    switch (s->state) {
    case SESSION_BOUND:
    case SESSION_DRAINING: state_leave(s, pdu->sequence_number, now); break;
    case SESSION_UNBINDING: /* both at once: each answers the other */
        state_sent(s, smpp_put_header(&s->out, SMPP_CMD_unbind_resp, SMPP_ESME_ROK, pdu->sequence_number),
                   now);
        break;
    default: input_refuse(s, pdu, SMPP_ESME_RINVBNDSTS, now); break;
    }
}

static uint32_t input_business_status(const struct session *s, const struct smpp_pdu *pdu, bool answered)
{
    bool bound = s->state == SESSION_BOUND || s->state == SESSION_DRAINING || s->state == SESSION_UNBINDING;
    enum session_role peer = s->o.role == SESSION_CLIENT ? SESSION_SERVER : SESSION_CLIENT;
    if (!bound || !rules_allow(pdu->command_id, peer, s->bind))
        return SMPP_ESME_RINVBNDSTS;
    uint32_t status = s->o.strict ? smpp_pdu_validate(pdu, s->version) : SMPP_ESME_ROK;
    if (status != SMPP_ESME_ROK)
        return status;
    if (answered && s->unanswered >= s->o.inbound_limit)
        return SMPP_ESME_RTHROTTLED;
    return s->ops->on_pdu ? SMPP_ESME_ROK : SMPP_ESME_RSYSERR;
}

static void input_business(struct session *s, const struct smpp_pdu *pdu, bool answered, usec_t now)
{
    uint32_t status = input_business_status(s, pdu, answered);
    if (status != SMPP_ESME_ROK) {
        input_refuse(s, pdu, status, now);
        return;
    }
    s->last_business = now;
    s->unanswered += answered;
    s->ops->on_pdu(s->arg, pdu);
}

/* A request whose body is damaged is refused; damaged TLVs behind a whole body are left to who is not strict:
 * losing an inbound message is worse. */
static bool input_unusable(const struct session *s, const struct smpp_pdu *pdu)
{
    return pdu->defect == SMPP_DEFECT_COMMAND || pdu->defect == SMPP_DEFECT_LENGTH ||
           pdu->defect == SMPP_DEFECT_BODY || (pdu->defect == SMPP_DEFECT_TLVS && s->o.strict);
}

static void input_request(struct session *s, const struct smpp_pdu *pdu, uint32_t status, usec_t now)
{
    enum rules_kind kind = rules_kind(pdu->command_id);
    if (kind == RULES_ENQUIRE) { /* answered in every state: some carriers ask before they are bound */
        s->stats.enquires_in++;
        state_sent(s,
                   smpp_put_header(&s->out, SMPP_CMD_enquire_link_resp, SMPP_ESME_ROK, pdu->sequence_number),
                   now);
        return;
    }
    if (kind == RULES_UNBIND) {
        input_unbind(s, pdu, now);
        return;
    }
    if (kind == RULES_UNKNOWN || input_unusable(s, pdu)) {
        input_refuse(s, pdu, status ? status : SMPP_ESME_RINVCMDID, now);
        return;
    }
    switch (kind) {
    case RULES_BIND: input_bind(s, pdu, now); break;
    case RULES_OUTBIND: input_outbind(s, pdu, now); break;
    case RULES_NOTICE: input_business(s, pdu, false, now); break;
    default: input_business(s, pdu, true, now); break;
    }
}

void input_frame(struct session *s, const void *p, size_t n, usec_t now)
{
    struct smpp_pdu pdu;
    uint32_t status = SMPP_ESME_ROK;
    if (smpp_pdu_decode(p, n, &pdu, &status) == SMPP_DECODE_NEED_MORE)
        return; /* not with a whole frame */
    s->stats.pdus_in++;
    if (pdu.defect != SMPP_DEFECT_NONE)
        s->stats.damaged++;
    if (pdu.command_id == (uint32_t)SMPP_CMD_generic_nack)
        input_generic_nack(s, &pdu, now);
    else if (pdu.command_id & SMPP_RESPONSE)
        input_response(s, &pdu, false, now);
    else
        input_request(s, &pdu, status, now);
}
