#include "script.h"

static void script_say(struct script_run *r, const char *fmt, ...)
{
    char text[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    buf_printf(&r->log, "%s%s", r->log.len ? "; " : "", text);
}

static const char *script_status(uint32_t status)
{
    const char *name = smpp_status_name(status);
    return name ? name + 5 : "?"; /* without "ESME_" */
}

static void script_on_bound(void *arg, const struct session_bound *b)
{
    script_say(arg, "bound %x " STRV_FMT, (unsigned)b->version, STRV_ARG(b->system_id));
}

static void script_on_bind_failed(void *arg, uint32_t status, const char *text)
{
    assert_non_null(text);
    script_say(arg, "bind_failed %s", script_status(status));
}

static void script_on_bind(void *arg, const struct smpp_pdu *p)
{
    struct script_run *r = arg;
    script_say(r, "bind " STRV_FMT, STRV_ARG(p->bind.system_id));
    if (!r->answer_late)
        session_answer_bind(r->s, SMPP_ESME_ROK, r->now);
}

static bool script_on_outbind(void *arg, const struct smpp_pdu *p)
{
    struct script_run *r = arg;
    script_say(r, "outbind " STRV_FMT, STRV_ARG(p->outbind.system_id));
    return !r->refuse_outbind;
}

static void script_on_response(void *arg, uint64_t token, const struct smpp_pdu *p, usec_t rtt)
{
    script_say(arg, "response %u %s%s %ums", (unsigned)token, script_status(p->command_status),
               p->command_id == SMPP_CMD(generic_nack) ? " nack" : "", (unsigned)(rtt / USEC_MS));
}

static void script_on_lost(void *arg, uint64_t token, enum session_lost why)
{
    script_say(arg, "lost %u %s", (unsigned)token, why == SESSION_LOST_TIMEOUT ? "timeout" : "closed");
}

static void script_on_late(void *arg, uint64_t token, const struct smpp_pdu *p, usec_t rtt)
{
    script_say(arg, "late %u %s %ums", (unsigned)token, script_status(p->command_status),
               (unsigned)(rtt / USEC_MS));
}

static void script_on_pdu(void *arg, const struct smpp_pdu *p)
{
    script_say(arg, "pdu %s %u", smpp_command_name(p->command_id), (unsigned)p->sequence_number);
}

static void script_on_room(void *arg)
{
    script_say(arg, "room");
}

static void script_on_unbind(void *arg)
{
    script_say(arg, "unbind");
}

static void script_on_closed(void *arg, enum session_reason reason, const char *text)
{
    assert_non_null(text);
    script_say(arg, "closed %s", session_reason_name(reason));
}

const struct session_ops script_ops = {
    .on_bound = script_on_bound,
    .on_bind_failed = script_on_bind_failed,
    .on_bind = script_on_bind,
    .on_outbind = script_on_outbind,
    .on_response = script_on_response,
    .on_response_lost = script_on_lost,
    .on_late_response = script_on_late,
    .on_pdu = script_on_pdu,
    .on_room = script_on_room,
    .on_unbind = script_on_unbind,
    .on_closed = script_on_closed,
};

static void script_encode(struct buf *out, const struct script_step *st)
{
    struct smpp_pdu p;
    smpp_pdu_init(&p, st->command, st->status, st->sequence);
    if (st->command == SMPP_CMD(bind_transmitter) || st->command == SMPP_CMD(bind_receiver) ||
        st->command == SMPP_CMD(bind_transceiver)) {
        p.bind.system_id = STRV("ESME");
        p.bind.interface_version = st->n ? (uint8_t)st->n : 0x34;
        assert_true(smpp_pdu_encode(&p, out));
    } else if (st->command == SMPP_CMD(bind_transmitter_resp) ||
               st->command == SMPP_CMD(bind_receiver_resp) ||
               st->command == SMPP_CMD(bind_transceiver_resp)) {
        assert_true(
            smpp_put_bind_resp(out, st->command, st->status, st->sequence, STRV("SMSC"), (uint8_t)st->n));
    } else if (st->command == SMPP_CMD(outbind)) {
        p.outbind.system_id = STRV("SMSC");
        assert_true(smpp_pdu_encode(&p, out));
    } else if (!smpp_command_known(st->command) ||
               ((st->command & SMPP_RESPONSE) && st->status != SMPP_ESME_ROK)) {
        assert_true(smpp_put_header(out, st->command, st->status, st->sequence));
    } else {
        assert_true(smpp_pdu_encode(&p, out));
    }
}

void script_recv(struct script_run *r, const struct script_step *st)
{
    struct buf octets = { 0 };
    script_encode(&octets, st);
    assert_int_equal(session_input(r->s, octets.data, octets.len, r->now), octets.len);
    buf_free(&octets);
}

static void script_raw(struct script_run *r, const struct script_step *st)
{
    uint8_t octets[512];
    long n = hex_decode(strv_from(st->hex), octets, sizeof octets);
    assert_true(n >= 0);
    size_t used = session_input(r->s, octets, (size_t)n, r->now);
    if (used != (size_t)n)
        script_say(r, "used %u", (unsigned)used);
}

static void script_request(struct script_run *r, const struct script_step *st)
{
    struct smpp_pdu p;
    smpp_pdu_init(&p, st->command, 0, 0);
    if (!session_submit(r->s, &p, (uint64_t)st->n, r->now))
        script_say(r, "refused");
}

static void script_submit(struct script_run *r, const struct script_step *st)
{
    struct smpp_sm sm = { .destination_addr = STRV("447700900123"), .short_message = STRV("hello") };
    if (!session_submit_sm(r->s, &sm, NULL, 0, (uint64_t)st->n, r->now))
        script_say(r, "refused");
}

static void script_notify(struct script_run *r, const struct script_step *st)
{
    struct smpp_pdu p;
    smpp_pdu_init(&p, st->command, 0, 0);
    if (!session_notify(r->s, &p, r->now))
        script_say(r, "refused");
}

static void script_next(struct script_run *r, const struct script_step *st)
{
    usec_t next = session_next_tick(r->s);
    long ms = next == USEC_NEVER ? -1 : next <= r->now ? 0 : (long)(next / USEC_MS);
    if (ms != st->n)
        script_say(r, "next tick at %ld ms, not %ld", ms, st->n);
}

static void script_act(struct script_run *r, const struct script_step *st)
{
    switch (st->act) {
    case START: session_start(r->s, r->now); break;
    case TICK: session_tick(r->s, r->now); break;
    case RECV: script_recv(r, st); break;
    case RAW: script_raw(r, st); break;
    case SUBMIT: script_submit(r, st); break;
    case REQUEST: script_request(r, st); break;
    case NOTIFY: script_notify(r, st); break;
    case ANSWER:
        if (!session_answer(r->s, st->command, st->sequence, st->status))
            script_say(r, "refused");
        break;
    case BIND:
        if (!session_answer_bind(r->s, st->status, r->now))
            script_say(r, "refused");
        break;
    case UNBIND: session_unbind(r->s, r->now); break;
    case UNBIND_NOW: session_unbind_now(r->s, r->now); break;
    case CLOSE: session_close(r->s, NULL, r->now); break;
    case DISCONNECT: session_disconnected(r->s, "gone", r->now); break;
    case WINDOW: session_set_window(r->s, (uint32_t)st->n); break;
    case NEXT: script_next(r, st); break;
    case STATE: script_say(r, "%s", session_state_name(session_state(r->s))); break;
    case ROOM: script_say(r, "%u", (unsigned)session_window_room(r->s)); break;
    }
}

/* Every PDU put out must be whole and well-formed. */
static void script_drain(struct script_run *r)
{
    struct buf *out = session_output(r->s);
    struct rd rd = rd_from(out->data, out->len);
    while (rd_left(&rd)) {
        struct smpp_pdu p;
        assert_int_equal(smpp_pdu_decode(rd.p, rd_left(&rd), &p, NULL), SMPP_DECODE_OK);
        rd_bytes(&rd, p.command_length);
        const char *space = p.command_status ? " " : "";
        script_say(r, "> %s %u%s%s", smpp_command_name(p.command_id), (unsigned)p.sequence_number, space,
                   p.command_status ? script_status(p.command_status) : "");
    }
    buf_clear(out);
}

void script_play(const struct script *sc, bool answer_late, bool refuse_outbind)
{
    struct script_run r = { .answer_late = answer_late, .refuse_outbind = refuse_outbind };
    struct err err = { 0 };
    r.s = session_new(&sc->o, &script_ops, &r, &err);
    if (!r.s)
        fail_msg("%s: %s", sc->name, err.text);
    for (size_t i = 0; sc->steps[i].ms >= 0; i++) {
        const struct script_step *st = &sc->steps[i];
        buf_clear(&r.log);
        r.now = 1 + st->ms * USEC_MS; /* never 0, so that "at once" is told from the beginning */
        script_act(&r, st);
        script_drain(&r);
        const char *expect = st->expect ? st->expect : "";
        if (strcmp(buf_cstr(&r.log), expect) != 0)
            fail_msg("%s, step %zu at %d ms:\n  expected: %s\n  happened: %s", sc->name, i, st->ms, expect,
                     buf_cstr(&r.log));
    }
    session_free(r.s);
    buf_free(&r.log);
}

void script_play_all(const struct script *scripts, size_t n, bool answer_late)
{
    for (size_t i = 0; i < n; i++)
        script_play(&scripts[i], answer_late, false);
}
