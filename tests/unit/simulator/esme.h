/* A client over loopback for the simulator's tests: session over connection, everything kept for looking at.
 */
#ifndef TESSERA_TEST_ESME_H
#define TESSERA_TEST_ESME_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/conn.h"
#include "net/loop.h"
#include "session/session.h"
#include "simulator/simulator.h"
#include "smpp/receipt.h"

#define ESME_KEPT 4096

struct esme_receipt {
    char id[40];
    unsigned state;
};

struct esme {
    struct loop *loop;
    struct conn *conn;
    struct session *session;
    struct loop_timer timer;
    bool bound, closed, conn_closed, mute; /* mute: deliver_sm is not answered */
    uint32_t bind_status, answer;          /* `answer` is the status deliver_sm is answered with */
    enum session_reason reason;
    unsigned responses, lost, inbound, receipts, ok;
    uint32_t last_status;
    unsigned asked_state, asked_error; /* of the last query_sm_resp */
    char asked_date[24];
    char first_id[40], ids[ESME_KEPT][40]; /* by token */
    struct esme_receipt got[ESME_KEPT];
    char receipt[512];                /* the text of the last */
    char text[512], from[24], to[24]; /* of the last inbound part */
    uint8_t esm_class;
};

static inline void esme_flush(struct esme *e)
{
    struct buf *out = session_output(e->session);
    if (conn_is_open(e->conn) && out->len && conn_write(e->conn, out->data, out->len))
        buf_clear(out);
    if (e->closed)
        conn_shutdown(e->conn);
    else
        loop_timer_at(&e->timer, session_next_tick(e->session));
}

static inline void esme_on_timer(void *arg)
{
    struct esme *e = arg;
    session_tick(e->session, loop_now(e->loop));
    esme_flush(e);
}

static inline void esme_on_bound(void *arg, const struct session_bound *b)
{
    (void)b;
    ((struct esme *)arg)->bound = true;
}

static inline void esme_on_bind_failed(void *arg, uint32_t status, const char *text)
{
    (void)text;
    ((struct esme *)arg)->bind_status = status;
}

static inline void esme_on_response(void *arg, uint64_t token, const struct smpp_pdu *p, usec_t rtt)
{
    (void)rtt;
    struct esme *e = arg;
    e->responses++;
    e->last_status = p->command_status;
    if (p->command_status != SMPP_ESME_ROK || p->command_id == SMPP_CMD(generic_nack))
        return;
    e->ok++;
    if (p->command_id == SMPP_CMD(query_sm_resp)) {
        e->asked_state = p->query_sm_resp.message_state;
        e->asked_error = p->query_sm_resp.error_code;
        strv_copy(p->query_sm_resp.final_date, e->asked_date, sizeof e->asked_date);
        return;
    }
    if (token < ESME_KEPT)
        strv_copy(p->id_resp.message_id, e->ids[token], sizeof e->ids[token]);
}

static inline void esme_on_lost(void *arg, uint64_t token, enum session_lost why)
{
    (void)token, (void)why;
    ((struct esme *)arg)->lost++;
}

static inline void esme_on_pdu(void *arg, const struct smpp_pdu *p)
{
    struct esme *e = arg;
    struct buf scratch = { 0 };
    struct receipt r;
    if (receipt_read(p, &scratch, &r) == RECEIPT_FULL) {
        if (e->receipts < ESME_KEPT) {
            strv_copy(receipt_id(&r), e->got[e->receipts].id, sizeof e->got[0].id);
            e->got[e->receipts].state = r.message_state;
        }
        strv_copy(smpp_pdu_message(p), e->receipt, sizeof e->receipt);
        assert_true(r.marked);
        assert_true(strv_eq(r.id, r.tlv_id));
        e->receipts++;
    } else {
        strv_copy(smpp_pdu_message(p), e->text, sizeof e->text);
        strv_copy(p->sm.source_addr, e->from, sizeof e->from);
        strv_copy(p->sm.destination_addr, e->to, sizeof e->to);
        e->esm_class = p->sm.esm_class;
        e->inbound++;
    }
    buf_free(&scratch);
    if (!e->mute)
        session_answer(e->session, p->command_id, p->sequence_number, e->answer);
}

static inline void esme_on_closed(void *arg, enum session_reason reason, const char *text)
{
    (void)text;
    struct esme *e = arg;
    e->closed = true;
    e->reason = reason;
}

static const struct session_ops esme_session_ops = { .on_bound = esme_on_bound,
                                                     .on_bind_failed = esme_on_bind_failed,
                                                     .on_response = esme_on_response,
                                                     .on_response_lost = esme_on_lost,
                                                     .on_pdu = esme_on_pdu,
                                                     .on_closed = esme_on_closed };

static inline void esme_on_connected(struct conn *c, void *arg)
{
    (void)c;
    struct esme *e = arg;
    session_start(e->session, loop_now(e->loop));
    esme_flush(e);
}

static inline size_t esme_on_data(struct conn *c, void *arg, const uint8_t *p, size_t n)
{
    (void)c;
    struct esme *e = arg;
    size_t used = session_input(e->session, p, n, loop_now(e->loop));
    esme_flush(e);
    return used;
}

static inline void esme_on_conn_closed(struct conn *c, void *arg, enum conn_reason reason, const char *text)
{
    (void)c, (void)reason;
    struct esme *e = arg;
    session_disconnected(e->session, text, loop_now(e->loop));
    loop_timer_stop(&e->timer);
    e->conn_closed = true;
}

static const struct conn_ops esme_conn_ops = { .on_connected = esme_on_connected,
                                               .on_data = esme_on_data,
                                               .on_closed = esme_on_conn_closed };

static inline struct esme *esme_connect(struct loop *l, uint16_t port, const struct session_options *so,
                                        struct tls_ctx *tls)
{
    struct session_options o = so ? *so : (struct session_options){ .window = 100 };
    struct conn_options co = { .host = "127.0.0.1", .port = port, .tls = tls };
    struct err err = { 0 };
    struct esme *e = calloc(1, sizeof *e);
    assert_non_null(e);
    if (!o.system_id.n)
        o.system_id = STRV("esme");
    e->loop = l;
    e->session = session_new(&o, &esme_session_ops, e, &err);
    assert_non_null(e->session);
    loop_timer_init(&e->timer, l, esme_on_timer, e);
    e->conn = conn_connect(l, &co, &esme_conn_ops, e, &err);
    assert_non_null(e->conn);
    return e;
}

static inline void esme_free(struct esme *e)
{
    if (!e->conn_closed)
        conn_free(e->conn);
    loop_timer_stop(&e->timer);
    session_free(e->session);
    free(e);
}

/* Turns the loop until the condition holds; a test that hangs fails after ten seconds. */
#define ESME_UNTIL(l, condition)                                                                             \
    do {                                                                                                     \
        usec_t esme_end = clock_mono(loop_clock(l)) + 10 * USEC_SEC;                                         \
        while (!(condition)) {                                                                               \
            loop_turn(l, 100 * USEC_MS);                                                                     \
            if (clock_mono(loop_clock(l)) > esme_end)                                                        \
                fail_msg("never came: %s", #condition);                                                      \
        }                                                                                                    \
    } while (0)

static inline bool esme_submit_text(struct esme *e, const char *to, const char *text, uint64_t token)
{
    struct smpp_sm sm = { .source_addr = STRV("TESSERA"),
                          .source_addr_ton = 5,
                          .destination_addr = strv_from(to),
                          .dest_addr_ton = 1,
                          .dest_addr_npi = 1,
                          .registered_delivery = 1,
                          .short_message = strv_from(text) };
    return session_submit_sm(e->session, &sm, NULL, 0, token, loop_now(e->loop)) != 0;
}

static inline void esme_submit(struct esme *e, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        assert_true(esme_submit_text(e, "447700900123", "hello", i));
    esme_flush(e);
}

#endif
