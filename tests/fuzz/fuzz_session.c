/* A client and a server session that talk to each other through two wires on which anything may happen. The
 * input is a small program: the first three octets choose the options and what the callbacks do, each
 * following instruction is an octet (low bit: which of the two, the rest: what) with its operands. Octets are
 * carried over in pieces, lost, changed, added; PDUs of every kind with small sequence numbers are put in
 * between, since random octets alone would hardly ever answer a request; time goes on; requests are
 * submitted, answered, refused.
 *
 * Whatever happens: each request ends exactly once, never more are outstanding than the window has places,
 * on_closed is told once and last, only whole and valid PDUs are written, what is left of the input is less
 * than a frame, and a session never asks to be woken for something that it does not then do. */
#include "fuzz.h"

#include "session/session.h"

#include <stdlib.h>
#include <string.h>

#define TOKENS 512

enum token_state { UNUSED, WAITING, ANSWERED, LOST, LATE };

struct end {
    struct session *s;
    struct end *peer;
    struct buf wire; /* octets on their way to this end */
    uint8_t token[TOKENS];
    unsigned tokens, waiting, window;
    unsigned bound, closed;
    uint32_t asked_command[64], asked_sequence[64]; /* requests of the peer to answer later */
    unsigned asked;
    uint8_t manners; /* bits: answer at once, submit from callbacks, close from callbacks, refuse */
    usec_t *now;
};

struct program {
    const uint8_t *p;
    size_t n;
};

/* A macro, so that the stack of the abort names the line. */
#define require(ok) ((ok) ? (void)0 : abort())

static uint8_t take(struct program *pr)
{
    if (pr->n == 0)
        return 0;
    pr->n--;
    return *pr->p++;
}

static void submit(struct end *e, uint8_t kind)
{
    struct smpp_pdu p;
    struct smpp_sm sm = { .destination_addr = STRV("447700900123"), .short_message = STRV("hello") };
    if (e->tokens == TOKENS)
        return;
    uint32_t room = session_window_room(e->s), sequence;
    unsigned token = e->tokens++;
    e->token[token] = WAITING; /* it may end inside the call */
    e->waiting++;
    if (kind % 4 == 0) {
        smpp_pdu_init(&p, smpp_command_at(kind % 24 / 4), 0, 0);
        sequence = session_submit(e->s, &p, token, *e->now);
    } else {
        sequence = session_submit_sm(e->s, &sm, NULL, 0, token, *e->now);
    }
    require(sequence == 0 || room > 0);
    if (sequence == 0 && e->token[token] == WAITING) {
        e->token[token] = UNUSED;
        e->waiting--;
    }
}

static void answer(struct end *e, uint32_t command, uint32_t sequence, uint32_t status)
{
    if (command == SMPP_CMD(submit_sm) || command == SMPP_CMD(data_sm))
        session_answer_id(e->s, command, sequence, status, STRV("4711"));
    else
        session_answer(e->s, command, sequence, status);
}

/* What a callback does beside taking note. */
static void react(struct end *e)
{
    require(e->closed == 0);
    if (e->manners & 2)
        submit(e, 1);
    if ((e->manners & 4) && e->tokens % 8 == 7)
        session_close(e->s, NULL, *e->now);
    if ((e->manners & 8) && e->tokens % 8 == 5)
        session_unbind(e->s, *e->now);
}

static void on_bound(void *arg, const struct session_bound *b)
{
    struct end *e = arg;
    require(b->version != 0 && e->closed == 0);
    require(++e->bound == 1);
    react(e);
}

static void on_bind_failed(void *arg, uint32_t status, const char *text)
{
    struct end *e = arg;
    require(status != 0 && text != NULL && e->bound == 0 && e->closed == 0);
}

static void on_bind(void *arg, const struct smpp_pdu *bind)
{
    struct end *e = arg;
    require(bind->command_id != 0 && e->bound == 0);
    if (e->manners & 1)
        session_answer_bind(e->s, e->manners & 16 ? SMPP_ESME_RBINDFAIL : 0, *e->now);
}

static bool on_outbind(void *arg, const struct smpp_pdu *p)
{
    struct end *e = arg;
    require(p->command_id == SMPP_CMD(outbind));
    return (e->manners & 16) == 0;
}

static void ended(struct end *e, uint64_t token, enum token_state to)
{
    require(e->closed == 0 && token < e->tokens);
    require(e->token[token] == (to == LATE ? LOST : WAITING));
    e->token[token] = (uint8_t)to;
    if (to != LATE)
        e->waiting--;
}

static void on_response(void *arg, uint64_t token, const struct smpp_pdu *p, usec_t rtt)
{
    ended(arg, token, ANSWERED);
    require((p->command_id & SMPP_RESPONSE) != 0 && rtt >= 0);
    react(arg);
}

static void on_lost(void *arg, uint64_t token, enum session_lost why)
{
    ended(arg, token, why == SESSION_LOST_TIMEOUT ? LOST : ANSWERED);
}

static void on_late(void *arg, uint64_t token, const struct smpp_pdu *p, usec_t rtt)
{
    ended(arg, token, LATE);
    require((p->command_id & SMPP_RESPONSE) != 0 && rtt >= 0);
    react(arg);
}

static void on_pdu(void *arg, const struct smpp_pdu *p)
{
    struct end *e = arg;
    require(e->bound == 1 || session_state(e->s) == SESSION_UNBINDING); /* told to unbind while binding */
    require((p->command_id & SMPP_RESPONSE) == 0);
    if (p->command_id == SMPP_CMD(alert_notification))
        return; /* has no answer */
    if (e->manners & 1) {
        answer(e, p->command_id, p->sequence_number, e->manners & 32 ? SMPP_ESME_RTHROTTLED : 0);
    } else if (e->asked < 64) {
        e->asked_command[e->asked] = p->command_id;
        e->asked_sequence[e->asked++] = p->sequence_number;
    } else {
        session_forgo_answer(e->s);
    }
    react(e);
}

static void on_room(void *arg)
{
    struct end *e = arg;
    require(session_window_room(e->s) > 0);
    react(e);
}

static void on_unbind(void *arg)
{
    react(arg);
}

static void on_closed(void *arg, enum session_reason reason, const char *text)
{
    struct end *e = arg;
    require(e->closed++ == 0 && reason != SESSION_REASON_NONE && text != NULL);
    require(e->waiting == 0); /* each has been told */
}

static const struct session_ops ops = {
    .on_bound = on_bound,
    .on_bind_failed = on_bind_failed,
    .on_bind = on_bind,
    .on_outbind = on_outbind,
    .on_response = on_response,
    .on_response_lost = on_lost,
    .on_late_response = on_late,
    .on_pdu = on_pdu,
    .on_room = on_room,
    .on_unbind = on_unbind,
    .on_closed = on_closed,
};

/* What was written is whole and valid, and goes onto the wire to the other end. */
static void drain(struct end *e)
{
    struct buf *out = session_output(e->s);
    struct rd rd = rd_from(out->data, out->len);
    while (rd_left(&rd)) {
        struct smpp_pdu p;
        require(smpp_pdu_decode(rd.p, rd_left(&rd), &p, NULL) == SMPP_DECODE_OK);
        rd_bytes(&rd, p.command_length);
    }
    if (e->peer->wire.len < 1 << 16)
        buf_put(&e->peer->wire, out->data, out->len);
    buf_clear(out);
}

static void check(struct end *e)
{
    require(session_outstanding(e->s) <= e->window);
    require(session_outstanding(e->s) == e->waiting);
    require((session_state(e->s) == SESSION_CLOSED) == (e->closed == 1));
    require(e->closed == 0 || session_next_tick(e->s) == USEC_NEVER);
    drain(e);
}

/* Gives the end n octets of its wire, in an allocation of exactly their size. */
static void deliver(struct end *e, size_t n)
{
    n = n < e->wire.len ? n : e->wire.len;
    uint8_t *exact = malloc(n ? n : 1);
    require(exact != NULL);
    memcpy(exact, e->wire.data ? (const void *)e->wire.data : "", n);
    size_t used = session_input(e->s, exact, n, *e->now);
    require(used <= n && (e->closed == 0 || used == n));
    if (used < n) {
        long length = smpp_frame_length(exact + used, n - used, SMPP_FRAME_MAX);
        require(length >= 0 && (length == 0 || (size_t)length > n - used));
    }
    free(exact);
    if (used)
        buf_consume(&e->wire, used);
}

/* A PDU of any kind, with the sequence number of something that may be outstanding. */
static void put_pdu(struct end *e, struct program *pr)
{
    uint8_t which = take(pr), status = take(pr), sequence = take(pr);
    uint32_t command;
    size_t count = 0;
    struct smpp_pdu p;
    while (smpp_command_at(count) != 0)
        count++;
    command = smpp_command_at(which % count) | (which & 0x80 ? SMPP_RESPONSE : 0);
    if (smpp_command_known(command) && (status == 0 || !(command & SMPP_RESPONSE))) {
        smpp_pdu_init(&p, command, status, sequence);
        if (smpp_pdu_encode(&p, &e->wire))
            return;
    }
    smpp_put_header(&e->wire, command, status, sequence);
}

static void put_octets(struct end *e, struct program *pr)
{
    for (unsigned n = take(pr); n > 0 && pr->n > 0; n--)
        buf_put_u8(&e->wire, take(pr));
}

static void pass_time(struct end *a, struct end *b, uint8_t much)
{
    *a->now += (usec_t)1 << (much % 28); /* up to two minutes */
    session_tick(a->s, *a->now);
    session_tick(b->s, *b->now);
    require(session_state(a->s) == SESSION_NEW || session_next_tick(a->s) > *a->now);
    require(session_state(b->s) == SESSION_NEW || session_next_tick(b->s) > *b->now);
}

static void answer_asked(struct end *e, uint8_t which, uint8_t status)
{
    if (e->asked == 0)
        return;
    unsigned i = which % e->asked;
    uint32_t command = e->asked_command[i], sequence = e->asked_sequence[i];
    e->asked--;
    e->asked_command[i] = e->asked_command[e->asked];
    e->asked_sequence[i] = e->asked_sequence[e->asked];
    answer(e, command, sequence, status);
}

static void step(struct end *e, struct program *pr, uint8_t what)
{
    struct smpp_pdu p;
    switch (what % 16) {
    case 0:
    case 1: deliver(e, e->wire.len); break;
    case 2: deliver(e, take(pr)); break;
    case 3: put_pdu(e, pr); break;
    case 4: put_octets(e, pr); break;
    case 5: pass_time(e, e->peer, take(pr)); break;
    case 6: submit(e, take(pr)); break;
    case 7: answer_asked(e, take(pr), take(pr)); break;
    case 8: session_answer_bind(e->s, take(pr) % 16, *e->now); break;
    case 9: session_unbind(e->s, *e->now); break;
    case 10:
        if (e->wire.len) {
            size_t at = take(pr) % e->wire.len;
            e->wire.data[at] ^= take(pr);
        }
        break;
    case 11: buf_clear(&e->wire); break;
    case 12:
        smpp_pdu_init(&p, take(pr) & 1 ? SMPP_CMD(outbind) : SMPP_CMD(alert_notification), 0, 0);
        session_notify(e->s, &p, *e->now);
        break;
    case 13:
        for (unsigned n = take(pr) % 32; n > 0; n--)
            submit(e, 1);
        break;
    case 14: session_set_window(e->s, take(pr)); break;
    default:
        switch (take(pr) % 4) {
        case 0: session_unbind_now(e->s, *e->now); break;
        case 1: session_close(e->s, NULL, *e->now); break;
        case 2: session_disconnected(e->s, "gone", *e->now); break;
        default: session_start(e->s, *e->now); break;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct program pr = { data, size };
    usec_t now = 1;
    uint8_t how = take(&pr);
    static const enum smpp_version versions[] = { SMPP_V33, SMPP_V34, SMPP_V50, SMPP_V34 };
    struct session_options o = { .role = SESSION_CLIENT,
                                 .bind = (enum session_bind)(1 + how % 3),
                                 .version = versions[how >> 2 & 3],
                                 .system_id = STRV("ESME"),
                                 .password = STRV("secret"),
                                 .wait_outbind = how & 16,
                                 .strict = how & 32,
                                 .window = how & 64 ? 3 : 64,
                                 .inbound_limit = how & 128 ? 4 : 0,
                                 .response_timeout = USEC_SEC,
                                 .inactivity = how & 128 ? 20 * USEC_SEC : 0,
                                 .max_output = how & 64 ? 4096 : 0,
                                 .first_sequence = how & 128 ? 0x7ffffffe : 0 };
    struct session_options other = { .role = SESSION_SERVER,
                                     .version = SMPP_V50,
                                     .system_id = STRV("SMSC"),
                                     .window = o.window,
                                     .response_timeout = USEC_SEC,
                                     .strict = o.strict };
    struct end client = { .manners = take(&pr), .window = o.window, .now = &now };
    struct end server = { .manners = take(&pr), .window = o.window, .now = &now };
    client.peer = &server;
    server.peer = &client;
    client.s = session_new(&o, &ops, &client, NULL);
    server.s = session_new(&other, &ops, &server, NULL);
    if (client.s == NULL) { /* a transceiver of 3.3 does not exist */
        require(o.version == SMPP_V33);
        session_free(server.s);
        return 0;
    }
    require(server.s != NULL);
    session_start(server.s, now);
    session_start(client.s, now);
    while (pr.n > 0) {
        uint8_t what = take(&pr);
        step(what & 1 ? &server : &client, &pr, what >> 1);
        check(&client);
        check(&server);
    }
    session_close(client.s, NULL, now);
    session_disconnected(server.s, "gone", now);
    check(&client);
    check(&server);
    session_free(client.s);
    session_free(server.s);
    buf_free(&client.wire);
    buf_free(&server.wire);
    return 0;
}
