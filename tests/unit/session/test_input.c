/* What a PDU of the peer means: garbage, unknown, misplaced, damaged, too many (SMPP 3.4 §2.3, §3.2, §4.3).
 */
#include "script.h"

#include "base/random.h"

#define SERVING(how)                                                                                         \
    { 0, START },                                                                                            \
    {                                                                                                        \
        0, RECV, CMD(how), .sequence = 1, .expect = "bind ESME; bound 34 ESME; > " #how "_resp 1"            \
    }
#define VENDOR 0x00010200
#define DELIVER_BODY                                                                                         \
    "000000000000000000000000000000000200" /* 17 mandatory octets, sm_length 2 but nothing                   \
                                            */

static const struct script scripts[] = {
    { "command_length below 16: refused at once, with number 0",
      { CLIENT },
      { BOUND,
        { 1, SUBMIT, .n = 3, .expect = "> submit_sm 2" },
        { 2, RAW, .hex = "0000000f", .expect = "lost 3 closed; closed garbage; > generic_nack 0 RINVCMDLEN" },
        { 3, RAW, .hex = "00000010000000150000000000000001" },
        END } },
    { "command_length 0 with a whole header keeps the number",
      { CLIENT },
      { BOUND,
        { 1, RAW, .hex = "00000000000000050000000000000009",
          .expect = "closed garbage; > generic_nack 9 RINVCMDLEN" },
        END } },
    { "command_length above the limit, as soon as the header is there",
      { CLIENT, .max_pdu = 100 },
      { BOUND,
        { 1, RAW, .hex = "00000065000000050000000000", .expect = "used 0" },
        { 2, RAW, .hex = "00000065000000050000000000000007",
          .expect = "closed garbage; > generic_nack 7 RINVCMDLEN" },
        END } },
    { "text instead of SMPP",
      { CLIENT },
      { BINDING,
        { 1, RAW, .hex = "485454502f312e312034303020426164",
          .expect = "closed garbage; > generic_nack 541221220 RINVCMDLEN" },
        END } },
    { "a frame in pieces, and two at once with the start of a third",
      { CLIENT },
      { BOUND,
        { 1, RAW, .hex = "000000", .expect = "used 0" },
        { 1, RAW, .hex = "00000010000000150000000000", .expect = "used 0" },
        { 1, RAW, .hex = "0000001000000015000000000000000500000010000000150000000000000006000000",
          .expect = "used 32; > enquire_link_resp 5; > enquire_link_resp 6" },
        END } },
    { "bind_resp and what follows it at once, in one piece",
      { CLIENT },
      { BINDING,
        { 1, RAW,
          .hex = "00000010800000090000000000000001"
                 "00000021000000050000000000000007"
                 "0000000000000000000000000000000000"
                 "00000010000000150000000000000008",
          .expect = "bound 34 ; pdu deliver_sm 7; room; > enquire_link_resp 8" },
        END } },
    { "an unknown request keeps its number; an unknown response is never answered",
      { CLIENT },
      { BOUND,
        { 1, RECV, .command = VENDOR, .sequence = 77, .expect = "> generic_nack 77 RINVCMDID" },
        { 1, RECV, .command = VENDOR | SMPP_RESPONSE, .sequence = 78 },
        { 1, RECV, CMD(generic_nack), .status = SMPP_ESME_RINVCMDID, .sequence = 79 },
        END } },
    { "requests before the bind is answered",
      { CLIENT },
      { BINDING,
        { 1, RECV, CMD(deliver_sm), .sequence = 5, .expect = "> deliver_sm_resp 5 RINVBNDSTS" },
        { 1, RECV, CMD(data_sm), .sequence = 6, .expect = "> data_sm_resp 6 RINVBNDSTS" },
        { 1, RECV, CMD(alert_notification), .sequence = 7, .expect = "> generic_nack 7 RINVBNDSTS" },
        { 2, RECV, CMD(bind_transceiver_resp), .sequence = 1, .expect = "bound 34 SMSC; room" },
        END } },
    { "requests that only an ESME sends",
      { CLIENT },
      { BOUND,
        { 1, RECV, CMD(submit_sm), .sequence = 5, .expect = "> submit_sm_resp 5 RINVBNDSTS" },
        { 1, RECV, CMD(query_sm), .sequence = 6, .expect = "> query_sm_resp 6 RINVBNDSTS" },
        { 1, RECV, CMD(bind_transceiver), .sequence = 7, .expect = "> bind_transceiver_resp 7 RINVBNDSTS" },
        END } },
    { "a transmitter is not delivered to",
      { CLIENT, .bind = SESSION_TRANSMITTER },
      { { 0, START, .expect = "> bind_transmitter 1" },
        { 1, RECV, CMD(bind_transmitter_resp), .sequence = 1, .expect = "bound 34 SMSC; room" },
        { 1, RECV, CMD(deliver_sm), .sequence = 5, .expect = "> deliver_sm_resp 5 RINVBNDSTS" },
        END } },
    { "what a carrier may send",
      { CLIENT },
      { BOUND,
        { 1, RECV, CMD(deliver_sm), .sequence = 5, .expect = "pdu deliver_sm 5" },
        { 1, RECV, CMD(data_sm), .sequence = 6, .expect = "pdu data_sm 6" },
        { 1, RECV, CMD(alert_notification), .sequence = 7, .expect = "pdu alert_notification 7" },
        { 2, ANSWER, CMD(data_sm), .sequence = 6, .status = SMPP_ESME_RSYSERR,
          .expect = "> data_sm_resp 6 RSYSERR" },
        { 2, ANSWER, CMD(deliver_sm), .sequence = 5, .expect = "> deliver_sm_resp 5" },
        { 2, ANSWER, CMD(alert_notification), .sequence = 7, .expect = "refused" },
        END } },
    { "more requests than are answered: the carrier is told to slow down",
      { CLIENT, .inbound_limit = 2 },
      { BOUND,
        { 1, RECV, CMD(deliver_sm), .sequence = 5, .expect = "pdu deliver_sm 5" },
        { 1, RECV, CMD(deliver_sm), .sequence = 6, .expect = "pdu deliver_sm 6" },
        { 1, RECV, CMD(deliver_sm), .sequence = 7, .expect = "> deliver_sm_resp 7 RTHROTTLED" },
        { 2, ANSWER, CMD(deliver_sm), .sequence = 6, .expect = "> deliver_sm_resp 6" },
        { 3, RECV, CMD(deliver_sm), .sequence = 7, .expect = "pdu deliver_sm 7" },
        END } },
    { "a damaged body is refused",
      { CLIENT },
      { BOUND,
        { 1, RAW,
          .hex = "00000022"
                 "00000005"
                 "00000000"
                 "00000009" DELIVER_BODY,
          .expect = "> deliver_sm_resp 9 RINVCMDLEN" },
        END } },
    { "damaged TLVs behind a whole body are passed on",
      { CLIENT },
      { BOUND,
        { 1, RAW,
          .hex = "00000024"
                 "00000005"
                 "00000000"
                 "00000009"
                 "0000000000000000000000000000000000"
                 "1400ff",
          .expect = "pdu deliver_sm 9" },
        END } },
    { "damaged TLVs are refused by the strict",
      { CLIENT, .strict = true },
      { BOUND,
        { 1, RAW,
          .hex = "00000024"
                 "00000005"
                 "00000000"
                 "00000009"
                 "0000000000000000000000000000000000"
                 "1400ff",
          .expect = "> deliver_sm_resp 9 RINVOPTPARSTREAM" },
        END } },
    { "enquire_link and unbind with octets behind them are what they are",
      { CLIENT },
      { BOUND,
        { 1, RAW, .hex = "0000001100000015000000000000000900", .expect = "> enquire_link_resp 9" },
        { 2, RAW, .hex = "0000001100000006000000000000000a00",
          .expect = "unbind; closed peer_unbound; > unbind_resp 10" },
        END } },
    { "what an ESME may send to a server that takes it as a transmitter",
      { SERVER },
      { SERVING(bind_transmitter),
        { 1, RECV, CMD(submit_sm), .sequence = 2, .expect = "pdu submit_sm 2" },
        { 1, RECV, CMD(query_sm), .sequence = 3, .expect = "pdu query_sm 3" },
        { 1, RECV, CMD(deliver_sm), .sequence = 4, .expect = "> deliver_sm_resp 4 RINVBNDSTS" },
        { 1, RECV, CMD(outbind), .sequence = 5, .expect = "> generic_nack 5 RINVBNDSTS" },
        { 2, ANSWER, CMD(query_sm), .sequence = 3, .status = SMPP_ESME_RQUERYFAIL,
          .expect = "> query_sm_resp 3 RQUERYFAIL" },
        END } },
    { "a server does not take submits before a bind",
      { SERVER },
      { { 0, START },
        { 1, RECV, CMD(submit_sm), .sequence = 2, .expect = "> submit_sm_resp 2 RINVBNDSTS" },
        { 1, RECV, CMD(enquire_link), .sequence = 3, .expect = "> enquire_link_resp 3" },
        { 1, RECV, CMD(unbind), .sequence = 4, .expect = "> unbind_resp 4 RINVBNDSTS" },
        { 2, RAW,
          .hex = "00000012000000090000000000000005"
                 "4141",
          .expect = "> bind_transceiver_resp 5 RINVCMDLEN" },
        { 2, STATE, .expect = "open" },
        END } },
    { "a client that is receiver only may not submit",
      { SERVER },
      { { 0, START },
        { 0, RECV, CMD(bind_receiver), .sequence = 1,
          .expect = "bind ESME; bound 34 ESME; room; > bind_receiver_resp 1" },
        { 1, RECV, CMD(submit_sm), .sequence = 2, .expect = "> submit_sm_resp 2 RINVBNDSTS" },
        END } },
};

PLAY(scripts, false)

static void a_flood_before_the_bind_ends(void **state)
{
    (void)state;
    struct session_options o = { SERVER };
    struct script_run r = { 0 };
    r.s = session_new(&o, &script_ops, &r, NULL);
    session_start(r.s, 1);
    int n = 0;
    for (; session_state(r.s) != SESSION_CLOSED && n < 100; n++)
        session_input(r.s, "\0\0\0\x10\0\1\2\0\0\0\0\0\0\0\0\x01", 16, 2);
    assert_int_equal(n, 17);
    assert_string_equal(buf_cstr(&r.log), "closed protocol");
    assert_int_equal(session_stats(r.s)->refused, 17);
    session_free(r.s);
    buf_free(&r.log);
}

static void what_happens_is_counted(void **state)
{
    (void)state;
    struct session_options o = { CLIENT };
    struct script_run r = { .now = 5 };
    struct smpp_sm sm = { .short_message = STRV("hi") };
    r.s = session_new(&o, &script_ops, &r, NULL);
    session_start(r.s, 5);
    const struct script_step bound = { .command = SMPP_CMD(bind_transceiver_resp), .sequence = 1 };
    const struct script_step resp = { .command = SMPP_CMD(submit_sm_resp), .sequence = 2 };
    const struct script_step other = { .command = SMPP_CMD(data_sm_resp), .sequence = 3 };
    const struct script_step unknown = { .command = SMPP_CMD(submit_sm_resp), .sequence = 99 };
    const struct script_step nack = { .command = SMPP_CMD(generic_nack), .sequence = 99 };
    const struct script_step submit = { .command = SMPP_CMD(submit_sm), .sequence = 1 };
    script_recv(&r, &bound);
    session_submit_sm(r.s, &sm, NULL, 0, 1, 5);
    session_submit_sm(r.s, &sm, NULL, 0, 2, 5);
    const struct script_step *steps[] = { &resp, &resp, &other, &unknown, &nack, &submit };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        script_recv(&r, steps[i]);
    const struct session_stats *st = session_stats(r.s);
    assert_int_equal(st->pdus_in, 7);
    assert_int_equal(st->pdus_out, 4);
    assert_int_equal(st->submitted, 2);
    assert_int_equal(st->responses, 1);
    assert_int_equal(st->duplicate_responses, 1);
    assert_int_equal(st->mismatched_responses, 1);
    assert_int_equal(st->unknown_responses, 2);
    assert_int_equal(st->nacks_in, 1);
    assert_int_equal(st->refused, 1);
    session_free(r.s);
    buf_free(&r.log);
}

/* A server and a client joined by a wire that cuts, mutates and repeats: whatever comes, every token is told
 * exactly once, the output stays well-formed and nothing is read outside (run with sanitizers). */
struct wild {
    struct session *s;
    struct rnd *rnd;
    usec_t now;
    uint64_t submitted, told;
    bool closed;
};

static void wild_on_response(void *arg, uint64_t token, const struct smpp_pdu *p, usec_t rtt)
{
    (void)token, (void)p, (void)rtt;
    ((struct wild *)arg)->told++;
}

static void wild_on_lost(void *arg, uint64_t token, enum session_lost why)
{
    (void)token, (void)why;
    ((struct wild *)arg)->told++;
}

static void wild_on_pdu(void *arg, const struct smpp_pdu *p)
{
    struct wild *w = arg;
    if (rnd_below(w->rnd, 4))
        session_answer(w->s, p->command_id, p->sequence_number, 0);
}

static void wild_on_closed(void *arg, enum session_reason reason, const char *text)
{
    (void)reason, (void)text;
    assert_false(((struct wild *)arg)->closed);
    ((struct wild *)arg)->closed = true;
}

static const struct session_ops wild_ops = { .on_response = wild_on_response,
                                             .on_response_lost = wild_on_lost,
                                             .on_pdu = wild_on_pdu,
                                             .on_closed = wild_on_closed };

static void wild_act(struct wild *w)
{
    struct smpp_sm sm = { .short_message = STRV("hi") };
    switch (rnd_below(w->rnd, 40)) {
    case 0: session_unbind(w->s, w->now); break;
    case 1:
        if (rnd_below(w->rnd, 20) == 0)
            session_disconnected(w->s, NULL, w->now);
        break;
    case 2: session_set_window(w->s, (uint32_t)rnd_below(w->rnd, 12)); break;
    case 3: session_answer_bind(w->s, (uint32_t)rnd_below(w->rnd, 2), w->now); break;
    default: w->submitted += session_submit_sm(w->s, &sm, NULL, 0, 1, w->now) != 0;
    }
}

static void wild_wire(struct wild *from, struct wild *to, struct buf *line, unsigned noise)
{
    struct buf *out = session_output(from->s);
    buf_put(line, out->data, out->len);
    buf_clear(out);
    size_t n = line->len ? rnd_below(from->rnd, line->len + 1) : 0;
    if (noise && n && rnd_below(from->rnd, noise) == 0)
        line->data[rnd_below(from->rnd, n)] ^= (uint8_t)(1u << rnd_below(from->rnd, 8));
    size_t used = session_input(to->s, line->data, n, to->now);
    assert_true(used <= n);
    buf_consume(line, used);
}

static void wild_round(struct rnd *rnd, unsigned noise)
{
    struct session_options co = { CLIENT, .window = 8 }, so = { SERVER, .window = 8 };
    struct wild c = { .rnd = rnd, .now = 1 }, s = { .rnd = rnd, .now = 1 };
    struct buf up = { 0 }, down = { 0 };
    c.s = session_new(&co, &wild_ops, &c, NULL);
    s.s = session_new(&so, &wild_ops, &s, NULL);
    session_start(c.s, 1);
    session_start(s.s, 1);
    for (int i = 0; i < 300 && !(c.closed && s.closed); i++) {
        c.now = s.now += (usec_t)rnd_below(rnd, 2 * USEC_SEC);
        wild_wire(&c, &s, &up, noise);
        wild_wire(&s, &c, &down, noise);
        wild_act(rnd_below(rnd, 2) ? &c : &s);
        for (int k = 0; k < 2; k++) {
            struct wild *w = k ? &c : &s;
            if (session_next_tick(w->s) <= w->now)
                session_tick(w->s, w->now);
            assert_true(session_outstanding(w->s) <= 8);
            assert_int_equal(w->submitted, w->told + session_outstanding(w->s));
        }
    }
    session_close(c.s, NULL, c.now);
    session_disconnected(s.s, NULL, s.now);
    assert_true(c.closed && s.closed);
    assert_int_equal(c.submitted, c.told);
    assert_int_equal(s.submitted, s.told);
    session_free(c.s);
    session_free(s.s);
    buf_free(&up);
    buf_free(&down);
}

static void every_token_is_told_once_over_a_bad_wire(void **state)
{
    (void)state;
    struct rnd rnd;
    rnd_seed(&rnd, 7);
    for (int i = 0; i < 600; i++)
        wild_round(&rnd, i % 3 ? 10 * (unsigned)(i % 3) * (unsigned)(i % 3) : 0);
}

/* Random octets, half of them with believable headers, in random pieces. */
static void random_octets_never_harm(void **state)
{
    (void)state;
    struct rnd rnd;
    rnd_seed(&rnd, 99);
    for (int round = 0; round < 3000; round++) {
        struct session_options o = { .role = round & 1 ? SESSION_CLIENT : SESSION_SERVER,
                                     .strict = round & 2 };
        struct wild w = { .rnd = &rnd, .now = 1 };
        w.s = session_new(&o, &wild_ops, &w, NULL);
        session_start(w.s, 1);
        for (int i = 0; i < 20 && !w.closed; i++) {
            size_t n = 16 + rnd_below(&rnd, 80);
            uint8_t *octets = malloc(n); /* of the exact size, for the sanitizer to see an octet too far */
            for (size_t k = 0; k < n; k++)
                octets[k] = (uint8_t)(rnd_below(&rnd, 3) ? 0 : rnd_u64(&rnd));
            size_t count = 0;
            while (smpp_command_at(count))
                count++;
            be_put32(octets, rnd_below(&rnd, 8) ? (uint32_t)n : (uint32_t)rnd_below(&rnd, 300));
            be_put32(octets + 4, smpp_command_at(rnd_below(&rnd, count)));
            be_put32(octets + 12, (uint32_t)rnd_below(&rnd, 4));
            session_input(w.s, octets, rnd_below(&rnd, 2) ? n : rnd_below(&rnd, n), w.now);
            free(octets);
            w.now += USEC_SEC;
            wild_act(&w);
            session_tick(w.s, w.now);
            buf_clear(session_output(w.s));
        }
        session_free(w.s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(play_scripts),
        cmocka_unit_test(a_flood_before_the_bind_ends),
        cmocka_unit_test(what_happens_is_counted),
        cmocka_unit_test(every_token_is_told_once_over_a_bad_wire),
        cmocka_unit_test(random_octets_never_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
