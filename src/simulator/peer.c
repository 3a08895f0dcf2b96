/* One client: the session over its connection. */
#include "simulator/impl.h"

#include <stdlib.h>
#include <string.h>

static usec_t peer_now(const struct peer *p)
{
    return loop_now(p->sim->loop);
}

/* --- session to connection --- */

static usec_t peer_next_answer(const struct peer *p)
{
    const struct peer_answer *first = ring_peek(&p->answers), *late = ring_peek(&p->late);
    usec_t due = first ? first->due : USEC_NEVER;
    return late && late->due < due ? late->due : due;
}

static void peer_flush(void *arg)
{
    struct peer *p = arg;
    struct buf *out = session_output(p->session);
    size_t room = conn_writable_room(p->conn), n = out->len < room ? out->len : room;
    if (n && conn_write(p->conn, out->data, n))
        buf_consume(out, n);
    if (session_state(p->session) == SESSION_CLOSED) {
        conn_shutdown(p->conn);
        return;
    }
    usec_t tick = session_next_tick(p->session), answer = peer_next_answer(p);
    loop_timer_at(&p->timer, tick < answer ? tick : answer);
}

void peer_touch(struct peer *p)
{
    loop_defer(&p->flush);
}

static void peer_send_due(struct peer *p, struct ring *answers)
{
    for (struct peer_answer *a; (a = ring_peek(answers)) && a->due <= peer_now(p); ring_pop(answers, NULL)) {
        struct messageid id = messageid_format(p->sim->o.id_form, a->id);
        session_answer_id(p->session, a->command, a->sequence, a->status,
                          a->id ? strv_from(id.s) : (struct strv){ 0 });
    }
}

static void peer_on_timer(void *arg)
{
    struct peer *p = arg;
    peer_send_due(p, &p->answers);
    peer_send_due(p, &p->late);
    session_tick(p->session, peer_now(p));
    peer_touch(p);
}

static void peer_on_stall_over(void *arg)
{
    conn_resume_read(((struct peer *)arg)->conn);
}

/* --- the session's events --- */

static void peer_log(struct peer *p, const char *event, struct strv account, const char *status,
                     const char *text)
{
    struct journal_line line = {
        .event = event, .account = account, .status = status, .text = strv_from(text)
    };
    impl_log(p->sim, &line);
}

static uint32_t peer_judge_bind(const struct simulator *s, const struct account *a, const struct smpp_bind *b)
{
    if (s->o.system_id && !strv_eq_c(b->system_id, s->o.system_id))
        return SMPP_ESME_RINVSYSID;
    if (s->o.password && !strv_eq_c(b->password, s->o.password))
        return SMPP_ESME_RINVPASWD;
    if (!a)
        return SMPP_ESME_RSYSERR;
    return s->o.max_binds && a->binds >= s->o.max_binds ? SMPP_ESME_RALYBND : SMPP_ESME_ROK;
}

static void peer_on_bind(void *arg, const struct smpp_pdu *pdu)
{
    struct peer *p = arg;
    struct account *a = impl_account(p->sim, pdu->bind.system_id);
    uint32_t status = peer_judge_bind(p->sim, a, &pdu->bind);
    peer_log(p, "bind", pdu->bind.system_id, smpp_status_name(status), smpp_command_name(pdu->command_id));
    if (status == SMPP_ESME_ROK) {
        p->account = a;
        a->binds++;
        p->sim->stats.binds++;
        p->sim->stats.bound++;
    } else {
        p->sim->stats.binds_refused++;
    }
    session_answer_bind(p->session, status, peer_now(p));
    dispatch_wake(p->sim);
}

static void peer_on_response(void *arg, uint64_t token, const struct smpp_pdu *response, usec_t rtt)
{
    (void)rtt;
    dispatch_answered(arg, token, response->command_status);
}

static void peer_on_lost(void *arg, uint64_t token, enum session_lost why)
{
    (void)why;
    dispatch_lost(arg, token);
}

static void peer_on_room(void *arg)
{
    dispatch_wake(((struct peer *)arg)->sim);
}

static void peer_on_pdu(void *arg, const struct smpp_pdu *pdu)
{
    submit_take(arg, pdu);
}

static void peer_on_session_closed(void *arg, enum session_reason reason, const char *text)
{
    struct peer *p = arg;
    peer_log(p, "close", p->account ? strv_from(p->account->system_id) : (struct strv){ 0 },
             session_reason_name(reason), text);
    if (p->account) {
        p->account->binds--;
        p->sim->stats.bound--;
        p->account = NULL;
    }
    peer_touch(p);
}

static const struct session_ops peer_session_ops = {
    .on_bind = peer_on_bind,
    .on_response = peer_on_response,
    .on_response_lost = peer_on_lost,
    .on_pdu = peer_on_pdu,
    .on_room = peer_on_room,
    .on_closed = peer_on_session_closed,
};

/* --- the connection's --- */

static size_t peer_on_data(struct conn *c, void *arg, const uint8_t *octets, size_t n)
{
    (void)c;
    struct peer *p = arg;
    size_t used = session_input(p->session, octets, n, peer_now(p));
    peer_touch(p);
    return used;
}

static void peer_on_drain(struct conn *c, void *arg)
{
    (void)c;
    peer_touch(arg);
}

static void peer_destroy(void *arg)
{
    struct peer *p = arg;
    session_free(p->session);
    ring_free(&p->answers);
    ring_free(&p->late);
    free(p);
}

static void peer_unlink(struct peer *p)
{
    struct simulator *s = p->sim;
    if (s->turn == p)
        s->turn = p->next;
    *p->link = p->next;
    if (p->next)
        p->next->link = p->link;
    loop_timer_stop(&p->timer);
    loop_timer_stop(&p->stall);
    loop_task_cancel(&p->flush);
}

static void peer_on_conn_closed(struct conn *c, void *arg, enum conn_reason reason, const char *text)
{
    (void)c, (void)reason;
    struct peer *p = arg;
    session_disconnected(p->session, text, peer_now(p));
    peer_unlink(p);
    if (p->sim->stopped && !p->sim->peers)
        loop_defer(&p->sim->stopping);
    loop_free_later(p->sim->loop, peer_destroy, p);
}

static const struct conn_ops peer_conn_ops = { .on_data = peer_on_data,
                                               .on_drain = peer_on_drain,
                                               .on_closed = peer_on_conn_closed };

void peer_accept(struct simulator *s, struct conn *c)
{
    struct session_options o = { .role = SESSION_SERVER,
                                 .version = s->o.version,
                                 .system_id = strv_from(s->o.smsc_id),
                                 .strict = true,
                                 .window = s->o.window,
                                 .inbound_limit = UINT32_MAX,
                                 .enquire_interval = s->o.enquire_interval };
    struct peer *p = calloc(1, sizeof *p);
    if (!p || !(p->session = session_new(&o, &peer_session_ops, p, NULL))) {
        free(p);
        conn_free(c);
        return;
    }
    p->sim = s;
    p->conn = c;
    p->link = &s->peers;
    p->next = s->peers;
    if (p->next)
        p->next->link = &p->next;
    s->peers = p;
    ring_init(&p->answers, sizeof(struct peer_answer), 0);
    ring_init(&p->late, sizeof(struct peer_answer), 0);
    loop_timer_init(&p->timer, s->loop, peer_on_timer, p);
    loop_timer_init(&p->stall, s->loop, peer_on_stall_over, p);
    loop_task_init(&p->flush, s->loop, peer_flush, p);
    s->stats.connections++;
    conn_set_ops(c, &peer_conn_ops, p);
    session_start(p->session, peer_now(p));
    peer_touch(p);
}

void peer_free(struct peer *p)
{
    conn_free(p->conn);
    session_disconnected(p->session, "stopped", peer_now(p));
    peer_unlink(p);
    loop_free_later(p->sim->loop, peer_destroy, p);
}
