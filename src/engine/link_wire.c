/* A bind's session and connection, and how the one is joined to the other. */
#include "engine/link_internal.h"

#include "domain/retry.h"

#include <stdio.h>

/* --- session to connection --- */

static bool link_in_good_order(enum session_reason r)
{
    return r == SESSION_REASON_UNBOUND || r == SESSION_REASON_PEER_UNBOUND || r == SESSION_REASON_INACTIVE;
}

void link_flush(void *arg)
{
    struct link *k = arg;
    if (k->session == NULL || k->conn == NULL || !conn_is_open(k->conn)) {
        return;
    }
    struct buf *out = session_output(k->session);
    size_t n = out->len, room = conn_writable_room(k->conn);
    n = n < room ? n : room; /* the rest goes when the connection drains */
    if (n > 0 && conn_write(k->conn, out->data, n)) {
        if (n == out->len) {
            buf_clear(out);
        } else {
            buf_consume(out, n);
        }
    }
    if (session_state(k->session) == SESSION_CLOSED) {
        if (link_in_good_order(session_close_reason(k->session))) {
            conn_shutdown(k->conn);
        } else {
            conn_shutdown_now(k->conn); /* a peer that is out of step or gone is not waited for */
        }
    } else {
        loop_timer_at(&k->timer, session_next_tick(k->session));
    }
}

static void link_on_bound(void *arg, const struct session_bound *bound)
{
    struct link *k = arg;
    k->bound_at = link_now(k);
    k->last_error[0] = 0;
    link_hosts_bound(&k->hosts);
    char why[80];
    snprintf(why, sizeof why, "bound to " STRV_FMT " version %x.%x", STRV_ARG(bound->system_id),
             (unsigned)bound->version >> 4, (unsigned)bound->version & 15);
    link_move(k, LINK_BOUND, why);
    k->ops->on_room(k->arg, k);
}

static void link_on_bind_failed(void *arg, uint32_t status, const char *text)
{
    struct link *k = arg;
    if (!retry_bind_again(status)) {
        k->bind_fault = true;
        log_event(
            k->env.log, LOG_ERROR, "bind_refused", "carrier=%s bind=%u status=%s action=%s", k->o->name,
            k->id, smpp_status_name(status),
            "\"stopped; correct system_id and password, then: tessera carrier resume NAME, or a reload\"");
    }
    k->hosts.held = k->hosts.held || status == SMPP_ESME_RALYBND;
    link_set_error(k, text);
}

static void link_on_response(void *arg, uint64_t token, const struct smpp_pdu *r, usec_t rtt)
{
    struct link *k = arg;
    (void)rtt;
    k->ops->on_response(k->arg, k, token, r);
}

static void link_on_lost(void *arg, uint64_t token, enum session_lost why)
{
    struct link *k = arg;
    k->ops->on_lost(k->arg, k, token, why);
}

static void link_on_late(void *arg, uint64_t token, const struct smpp_pdu *r, usec_t rtt)
{
    struct link *k = arg;
    (void)rtt;
    k->ops->on_late(k->arg, k, token, r);
}

static void link_on_pdu(void *arg, const struct smpp_pdu *pdu)
{
    struct link *k = arg;
    k->ops->on_request(k->arg, k, pdu);
}

static void link_on_session_room(void *arg)
{
    struct link *k = arg;
    k->ops->on_room(k->arg, k);
}

static void link_on_unbind(void *arg)
{
    link_move(arg, LINK_UNBINDING, "the carrier asked to unbind");
}

static void link_on_session_closed(void *arg, enum session_reason reason, const char *text)
{
    struct link *k = arg;
    if (reason != SESSION_REASON_UNBOUND && reason != SESSION_REASON_BIND_REFUSED &&
        reason != SESSION_REASON_LOCAL && reason != SESSION_REASON_DISCONNECTED) {
        link_set_error(k, text);
        log_event(k->env.log, LOG_WARN, "session_closed", "carrier=%s bind=%u reason=%s text=%s", k->o->name,
                  k->id, session_reason_name(reason), log_quote(strv_from(text)).s);
    }
    link_touch(k); /* writes what is left, then shuts the connection down */
}

static const struct session_ops link_session_ops = {
    .on_bound = link_on_bound,
    .on_bind_failed = link_on_bind_failed,
    .on_response = link_on_response,
    .on_response_lost = link_on_lost,
    .on_late_response = link_on_late,
    .on_pdu = link_on_pdu,
    .on_room = link_on_session_room,
    .on_unbind = link_on_unbind,
    .on_closed = link_on_session_closed,
};

/* --- connection to session --- */

void link_take_certificate(struct link *k, const struct conn *c)
{
    if (!conn_peer_cert_expiry(c, &k->certificate)) {
        k->certificate = 0;
    }
}

static void link_on_connected(struct conn *c, void *arg)
{
    struct link *k = arg;
    link_take_certificate(k, c);
    link_move(k, LINK_BINDING, "connected");
    session_start(k->session, link_now(k));
    link_touch(k);
}

static size_t link_on_data(struct conn *c, void *arg, const uint8_t *p, size_t n)
{
    struct link *k = arg;
    (void)c;
    size_t used = session_input(k->session, p, n, link_now(k));
    link_touch(k);
    return used;
}

static void link_on_drain(struct conn *c, void *arg)
{
    (void)c;
    link_touch(arg);
}

static void link_free_session(void *p)
{
    session_free(p);
}

static void link_on_conn_closed(struct conn *c, void *arg, enum conn_reason reason, const char *text)
{
    struct link *k = arg;
    (void)c;
    k->conn = NULL;
    loop_task_cancel(&k->flush);
    struct session *s = k->session;
    session_disconnected(s, text, link_now(k)); /* tells every outstanding token before the state changes */
    loop_task_cancel(&k->flush);
    k->session = NULL;
    loop_free_later(k->env.loop, link_free_session, s);
    if (reason != CONN_LOCAL) {
        if (k->last_error[0] == 0 || k->state == LINK_CONNECTING) {
            link_set_error(k, text);
        }
        log_event(k->env.log, LOG_WARN, "connection_closed", "carrier=%s bind=%u reason=%s text=%s",
                  k->o->name, k->id, conn_reason_name(reason), log_quote(strv_from(text)).s);
    }
    loop_timer_stop(&k->timer);
    link_wait(k, k->last_error[0] ? k->last_error : text);
}

const struct conn_ops link_conn_ops = {
    .on_connected = link_on_connected,
    .on_data = link_on_data,
    .on_drain = link_on_drain,
    .on_closed = link_on_conn_closed,
};

bool link_open_session(struct link *k, struct err *e)
{
    struct session_options so = {
        .role = SESSION_CLIENT,
        .wait_outbind = k->outbind,
        .bind = k->mode,
        .version = k->o->version,
        .untold = (enum smpp_version)k->o->untold_version,
        .system_id = strv_from(k->o->system_id),
        .password = strv_from(k->o->password),
        .system_type = strv_from(k->o->system_type),
        .address_range = strv_from(k->o->address_range),
        .window = k->o->window,
        .bind_timeout = k->o->bind_timeout,
        .response_timeout = k->o->response_timeout,
        .enquire_interval = k->o->enquire_link,
        .enquire_timeout = k->o->enquire_timeout,
    };
    k->session = session_new(&so, &link_session_ops, k, e);
    return k->session != NULL;
}
