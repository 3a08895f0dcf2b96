#include "session/state.h"

/* The one place where the state changes. What a phase is bounded by is set with it by the caller. */
void state_enter(struct session *s, enum session_state to)
{
    s->state = to;
    s->phase_end = USEC_NEVER;
    s->starved = true;
}

void state_close(struct session *s, enum session_reason reason, const char *text)
{
    if (s->state == SESSION_CLOSED)
        return;
    state_enter(s, SESSION_CLOSED);
    s->reason = reason;
    uint64_t token;
    while (window_expire(&s->window, USEC_NEVER, &token)) {
        s->stats.lost_closed++;
        if (s->ops->on_response_lost)
            s->ops->on_response_lost(s->arg, token, SESSION_LOST_CLOSED);
    }
    if (s->ops->on_closed)
        s->ops->on_closed(s->arg, reason, text ? text : names_reason_text(reason));
}

bool state_sent(struct session *s, bool fine, usec_t now)
{
    if (s->out.failed)
        s->overflowed = true;
    if (fine) {
        s->stats.pdus_out++;
        s->last_out = now;
    }
    return fine;
}

enum smpp_version state_version(uint8_t interface_version)
{
    return interface_version >= SMPP_V50 ? SMPP_V50 : interface_version >= SMPP_V34 ? SMPP_V34 : SMPP_V33;
}

void state_bind(struct session *s, usec_t now)
{
    struct smpp_bind bind = { .system_id = s->o.system_id,
                              .password = s->o.password,
                              .system_type = s->o.system_type,
                              .interface_version = (uint8_t)s->o.version,
                              .addr_ton = s->o.addr_ton,
                              .addr_npi = s->o.addr_npi,
                              .address_range = s->o.address_range };
    state_enter(s, SESSION_BINDING);
    s->bind_seq = window_draw(&s->window);
    s->phase_end = state_after(now, s->o.bind_timeout);
    state_sent(s, smpp_put_bind(&s->out, rules_bind_command(s->bind), s->bind_seq, &bind), now);
}

static void state_send_unbind(struct session *s, usec_t now)
{
    state_enter(s, SESSION_UNBINDING);
    s->unbind_seq = window_draw(&s->window);
    s->phase_end = state_after(now, s->o.unbind_timeout);
    state_sent(s, smpp_put_header(&s->out, SMPP_CMD_unbind, SMPP_ESME_ROK, s->unbind_seq), now);
}

void state_bound(struct session *s, const struct session_bound *b, usec_t now)
{
    s->version = b->version;
    s->last_business = now;
    if (s->unbind_wanted) {
        state_send_unbind(s, now);
        return;
    }
    state_enter(s, SESSION_BOUND);
    if (s->ops->on_bound)
        s->ops->on_bound(s->arg, b);
}

void state_unbind(struct session *s, enum session_reason reason, usec_t now)
{
    s->unbind_reason = reason;
    if (s->state == SESSION_BINDING && s->o.role == SESSION_CLIENT) {
        s->unbind_wanted = true;
    } else if (s->state == SESSION_BOUND) {
        state_enter(s, SESSION_DRAINING);
        state_progress(s, now);
    } else if (s->state < SESSION_BOUND) {
        state_close(s, SESSION_REASON_LOCAL, NULL);
    }
}

void state_hurry(struct session *s, usec_t now)
{
    if (s->state == SESSION_DRAINING)
        state_send_unbind(s, now);
}

void state_leave(struct session *s, uint32_t peer_unbind_seq, usec_t now)
{
    state_enter(s, SESSION_LEAVING);
    s->peer_unbind_seq = peer_unbind_seq;
    s->phase_end = state_after(now, s->o.unbind_timeout);
    if (s->ops->on_unbind)
        s->ops->on_unbind(s->arg);
}

/* Waits for the responses as long as their own timeouts last, then for our answers. */
static void state_progress_draining(struct session *s, usec_t now)
{
    if (s->window.waiting)
        return;
    if (s->unanswered && s->phase_end == USEC_NEVER)
        s->phase_end = state_after(now, s->o.unbind_timeout);
    if (!s->unanswered || now >= s->phase_end)
        state_send_unbind(s, now);
}

/* unbind_resp goes last: a peer that gets it closes, and what it had answered before is then not uncertain.
 */
static void state_progress_leaving(struct session *s, usec_t now)
{
    if ((s->window.waiting || s->unanswered) && now < s->phase_end)
        return;
    state_sent(s, smpp_put_header(&s->out, SMPP_CMD_unbind_resp, SMPP_ESME_ROK, s->peer_unbind_seq), now);
    state_close(s, SESSION_REASON_PEER_UNBOUND, NULL);
}

void state_progress(struct session *s, usec_t now)
{
    if (s->overflowed)
        state_close(s, SESSION_REASON_OVERFLOW, NULL);
    else if (s->state == SESSION_DRAINING)
        state_progress_draining(s, now);
    else if (s->state == SESSION_LEAVING)
        state_progress_leaving(s, now);
    else if (s->starved && session_window_room(s)) {
        s->starved = false;
        if (s->ops->on_room)
            s->ops->on_room(s->arg);
    }
}
