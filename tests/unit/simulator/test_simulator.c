/* The carrier seen from its clients, over loopback with ports the kernel chooses. */
#include "world.h"

#include "base/buf.h"
#include "simulator/control.h"

#include <unistd.h>

static void every_submit_gets_its_response_and_its_receipt(void **state)
{
    struct world *w = *state;
    struct esme *e = begin(w);
    esme_submit(e, 100);
    ESME_UNTIL(w->loop, e->responses == 100 && e->receipts == 100);
    for (unsigned i = 0; i < 100; i++) {
        assert_string_equal(e->got[i].id, e->ids[i]);
        assert_int_equal(e->got[i].state, SMPP_STATE_DELIVERED);
        for (unsigned k = 0; k < i; k++)
            assert_string_not_equal(e->ids[i], e->ids[k]);
    }
    ESME_UNTIL(w->loop, st(w)->receipts_acked == 100);
    assert_int_equal(st(w)->waiting, 0);
    session_unbind(e->session, loop_now(w->loop));
    esme_flush(e);
    ESME_UNTIL(w->loop, e->conn_closed);
    assert_int_equal(e->reason, SESSION_REASON_UNBOUND);
    esme_free(e);
}

static void binds_are_judged(void **state)
{
    static const struct {
        const char *system_id, *password;
        uint32_t status;
    } rows[] = {
        { "acme", "secret", SMPP_ESME_ROK },
        { "acme", "secret", SMPP_ESME_RALYBND },
        { "acme", "Secret", SMPP_ESME_RINVPASWD },
        { "evil", "secret", SMPP_ESME_RINVSYSID },
    };
    struct world *w = *state;
    struct esme *first = NULL;
    w->o.system_id = "acme";
    w->o.password = "secret";
    w->o.max_binds = 1;
    esme_free(begin(w));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct session_options so = { .system_id = strv_from(rows[i].system_id),
                                      .password = strv_from(rows[i].password) };
        struct esme *e = esme_connect(w->loop, simulator_port(w->sim), &so, NULL);
        ESME_UNTIL(w->loop, e->bound || e->closed);
        assert_int_equal(e->bind_status, rows[i].status);
        assert_int_equal(e->bound, rows[i].status == SMPP_ESME_ROK);
        if (i == 0)
            first = e;
        else
            esme_free(e);
    }
    assert_int_equal(st(w)->bound, 1);
    assert_int_equal(st(w)->binds_refused, 4);
    esme_free(first);
    ESME_UNTIL(w->loop, st(w)->bound == 0);
}

static void outcomes_are_shared_out_by_their_weights(void **state)
{
    struct world *w = *state;
    unsigned states[16] = { 0 };
    assert_true(outcomes_parse(STRV("delivered=50,undelivered=30,expired=20"), &w->o.outcomes, NULL));
    struct esme *e = begin(w);
    for (unsigned sent = 0; sent < 1000; sent += 100) {
        esme_submit(e, 100);
        ESME_UNTIL(w->loop, e->receipts == sent + 100);
    }
    for (unsigned i = 0; i < 1000; i++)
        states[e->got[i].state]++;
    assert_in_range(states[SMPP_STATE_DELIVERED], 440, 560);
    assert_in_range(states[SMPP_STATE_UNDELIVERABLE], 240, 360);
    assert_int_equal(
        states[SMPP_STATE_DELIVERED] + states[SMPP_STATE_UNDELIVERABLE] + states[SMPP_STATE_EXPIRED], 1000);
    esme_free(e);
}

static void above_the_rate_submits_are_throttled(void **state)
{
    struct world *w = *state;
    w->o.throttle_rate = 10;
    struct esme *e = begin(w);
    esme_submit(e, 50);
    ESME_UNTIL(w->loop, e->responses == 50);
    assert_in_range(e->ok, 10, 12);
    assert_int_equal(e->last_status, SMPP_ESME_RTHROTTLED);
    assert_int_equal(st(w)->throttled, 50 - e->ok);
    simulator_set_throttle(w->sim, 0);
    esme_submit(e, 50);
    ESME_UNTIL(w->loop, e->responses == 100);
    assert_int_equal(e->last_status, SMPP_ESME_ROK);
    esme_free(e);
}

static void receipts_come_only_where_they_are_wanted(void **state)
{
    static const struct {
        uint8_t registered;
        enum simulator_receipts receipts;
        const char *outcomes;
        bool comes;
    } rows[] = {
        { 0, SIMULATOR_RECEIPTS_REQUESTED, "delivered=1", false },
        { 1, SIMULATOR_RECEIPTS_REQUESTED, "delivered=1", true },
        { 2, SIMULATOR_RECEIPTS_REQUESTED, "delivered=1", false },
        { 2, SIMULATOR_RECEIPTS_REQUESTED, "expired=1", true },
        { 3, SIMULATOR_RECEIPTS_REQUESTED, "expired=1", false },
        { 0, SIMULATOR_RECEIPTS_ALWAYS, "expired=1", true },
        { 1, SIMULATOR_RECEIPTS_NEVER, "delivered=1", false },
    };
    struct world *w = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct smpp_sm sm = { .destination_addr = STRV("447700900123"),
                              .registered_delivery = rows[i].registered };
        w->o.receipts = rows[i].receipts;
        assert_true(outcomes_parse(strv_from(rows[i].outcomes), &w->o.outcomes, NULL));
        struct esme *e = begin(w);
        assert_int_not_equal(session_submit_sm(e->session, &sm, NULL, 0, 1, loop_now(w->loop)), 0);
        esme_flush(e);
        ESME_UNTIL(w->loop, e->responses == 1);
        assert_int_equal(st(w)->receipts_made, rows[i].comes);
        esme_free(e);
        simulator_free(w->sim);
        w->sim = NULL;
    }
}

static void the_id_in_the_receipt_may_have_another_form(void **state)
{
    struct world *w = *state;
    w->o.id_form = MESSAGEID_HEX;
    w->o.receipt_id_form = MESSAGEID_DECIMAL;
    struct esme *e = begin(w);
    esme_submit(e, 1);
    ESME_UNTIL(w->loop, e->receipts == 1);
    assert_int_equal(strtoull(e->ids[0], NULL, 16), strtoull(e->got[0].id, NULL, 10));
    assert_string_not_equal(e->ids[0], e->got[0].id);
    esme_free(e);
}

static void an_inbound_message_waits_for_a_client_that_receives(void **state)
{
    struct world *w = *state;
    struct session_options tx = { .bind = SESSION_TRANSMITTER }, rx = { .bind = SESSION_RECEIVER };
    esme_free(begin(w));
    assert_true(
        simulator_inbound(w->sim, STRV("+447700900123"), STRV("80800"), STRV("LUNCH sushi"), 0, NULL));
    struct esme *t = esme_connect(w->loop, simulator_port(w->sim), &tx, NULL);
    ESME_UNTIL(w->loop, t->bound);
    struct esme *r = esme_connect(w->loop, simulator_port(w->sim), &rx, NULL);
    ESME_UNTIL(w->loop, r->inbound == 1 && st(w)->inbound_acked == 1);
    assert_int_equal(t->inbound, 0);
    assert_string_equal(r->text, "LUNCH sushi");
    assert_string_equal(r->from, "447700900123");
    assert_string_equal(r->to, "80800");
    assert_false(simulator_inbound(w->sim, STRV(""), STRV("80800"), STRV("x"), 0, NULL));
    esme_free(t);
    esme_free(r);
}

static void a_long_inbound_message_comes_in_parts(void **state)
{
    struct world *w = *state;
    char text[300];
    memset(text, 'a', sizeof text);
    struct esme *e = begin(w);
    assert_true(
        simulator_inbound(w->sim, STRV("447700900123"), STRV("80800"), (struct strv){ text, 300 }, 0, NULL));
    ESME_UNTIL(w->loop, e->inbound == 2);
    assert_int_equal(e->esm_class, SMPP_ESM_UDHI);
    esme_free(e);
}

/* What is not answered, or answered "later", is not lost: it comes again. */
static void an_unanswered_delivery_comes_again(void **state)
{
    struct world *w = *state;
    struct esme *e = begin(w);
    e->mute = true;
    esme_submit(e, 1);
    ESME_UNTIL(w->loop, e->receipts == 1);
    esme_free(e);
    struct esme *again = esme_connect(w->loop, simulator_port(w->sim), NULL, NULL);
    again->answer = SMPP_ESME_RMSGQFUL;
    ESME_UNTIL(w->loop, again->receipts == 1);
    again->answer = SMPP_ESME_ROK;
    ESME_UNTIL(w->loop, st(w)->receipts_acked == 1);
    assert_int_equal(st(w)->redelivered, 2);
    assert_int_equal(st(w)->waiting, 0);
    esme_free(again);
}

static void recipients_reply(void **state)
{
    struct world *w = *state;
    w->o.reply_rate = 1;
    w->o.reply_texts[w->o.reply_count++] = "STOP";
    w->o.reply_to = "80800";
    w->o.reply_delay = USEC_MS;
    struct esme *e = begin(w);
    esme_submit(e, 20);
    ESME_UNTIL(w->loop, e->inbound == 20);
    assert_string_equal(e->text, "STOP");
    assert_string_equal(e->from, "447700900123");
    assert_string_equal(e->to, "80800");
    esme_free(e);
}

static void responses_can_be_delayed(void **state)
{
    struct world *w = *state;
    w->o.response_delay = 30 * USEC_MS;
    struct esme *e = begin(w);
    usec_t start = clock_mono(loop_clock(w->loop));
    esme_submit(e, 10);
    ESME_UNTIL(w->loop, e->responses == 10 && e->receipts == 10);
    assert_true(clock_mono(loop_clock(w->loop)) - start >= 30 * USEC_MS);
    esme_free(e);
}

/* Each fault at probability 1: what the client sees of ten submits. */
static void faults_happen_on_request(void **state)
{
    static const struct {
        const char *faults;
        unsigned responses, ok, receipts;
        bool disconnected;
        enum session_reason reason;
    } rows[] = {
        { "reset=1", 0, 0, 0, true, SESSION_REASON_DISCONNECTED },
        { "garbage=1", 0, 0, 0, true, SESSION_REASON_GARBAGE },
        { "system-error=1", 10, 0, 0, false, 0 },
        { "nack=1", 10, 0, 0, false, 0 },
        { "lost-response=1", 0, 0, 10, false, 0 },
        { "duplicate-response=1", 10, 10, 10, false, 0 },
        { "unknown-response=1", 10, 10, 10, false, 0 },
        { "early-receipt=1", 10, 10, 10, false, 0 },
        { "duplicate-receipt=1", 10, 10, 20, false, 0 },
        { "late-response=1", 10, 10, 10, false, 0 },
        { "stall=1", 10, 10, 10, false, 0 },
    };
    struct world *w = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_true(faults_parse(strv_from(rows[i].faults), &w->o.faults, NULL));
        w->o.late_time = 20 * USEC_MS;
        w->o.stall_time = 5 * USEC_MS;
        struct esme *e = begin(w);
        esme_submit(e, 10);
        ESME_UNTIL(w->loop, rows[i].disconnected
                                ? e->conn_closed
                                : e->responses >= rows[i].responses && e->receipts >= rows[i].receipts);
        assert_int_equal(e->responses, rows[i].responses);
        assert_int_equal(e->ok, rows[i].ok);
        assert_int_equal(e->receipts, rows[i].receipts);
        assert_int_equal(e->reason, rows[i].reason);
        assert_int_equal(e->lost, rows[i].disconnected ? 10 : 0);
        esme_free(e);
        simulator_free(w->sim);
        w->sim = NULL;
    }
}

static void down_drops_and_up_comes_back_at_the_same_port(void **state)
{
    struct world *w = *state;
    struct esme *e = begin(w);
    uint16_t port = simulator_port(w->sim);
    simulator_down(w->sim);
    ESME_UNTIL(w->loop, e->conn_closed);
    assert_int_equal(e->reason, SESSION_REASON_DISCONNECTED);
    esme_free(e);
    e = esme_connect(w->loop, port, NULL, NULL);
    ESME_UNTIL(w->loop, e->conn_closed);
    assert_false(e->bound);
    esme_free(e);
    assert_true(simulator_up(w->sim, NULL));
    assert_true(simulator_up(w->sim, NULL));
    assert_int_equal(simulator_port(w->sim), port);
    e = esme_connect(w->loop, port, NULL, NULL);
    ESME_UNTIL(w->loop, e->bound);
    esme_free(e);
}

static void on_stopped(void *arg)
{
    *(bool *)arg = true;
}

static void stopping_unbinds_everybody(void **state)
{
    struct world *w = *state;
    bool stopped = false;
    struct esme *e = begin(w);
    simulator_stop(w->sim, on_stopped, &stopped);
    assert_false(stopped);
    ESME_UNTIL(w->loop, stopped && e->conn_closed);
    assert_int_equal(e->reason, SESSION_REASON_PEER_UNBOUND);
    esme_free(e);
}

static void stopping_does_not_wait_for_the_dead(void **state)
{
    struct world *w = *state;
    bool stopped = false;
    w->o.stop_time = 10 * USEC_MS;
    struct esme *e = begin(w);
    e->mute = true;
    esme_submit(e, 1);
    ESME_UNTIL(w->loop, e->receipts == 1);
    simulator_stop(w->sim, on_stopped, &stopped);
    ESME_UNTIL(w->loop, stopped && e->conn_closed);
    assert_int_equal(e->reason, SESSION_REASON_DISCONNECTED);
    esme_free(e);
}

static void what_a_client_asks_besides_is_answered(void **state)
{
    static const struct {
        uint32_t command, status;
    } rows[] = { { SMPP_CMD(query_sm), SMPP_ESME_RQUERYFAIL },
                 { SMPP_CMD(cancel_sm), SMPP_ESME_RCANCELFAIL },
                 { SMPP_CMD(replace_sm), SMPP_ESME_RREPLACEFAIL },
                 { SMPP_CMD(submit_sm), SMPP_ESME_RINVDSTADR } };
    struct world *w = *state;
    struct esme *e = begin(w);
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct smpp_pdu p;
        smpp_pdu_init(&p, rows[i].command, 0, 0);
        if (rows[i].command == SMPP_CMD(query_sm))
            p.query_sm.message_id = STRV("1");
        else if (rows[i].command == SMPP_CMD(cancel_sm))
            p.cancel_sm.message_id = STRV("1");
        else if (rows[i].command == SMPP_CMD(replace_sm))
            p.replace_sm.message_id = STRV("1");
        assert_int_not_equal(session_submit(e->session, &p, 1, loop_now(w->loop)), 0);
        esme_flush(e);
        ESME_UNTIL(w->loop, e->responses == i + 1);
        assert_int_equal(e->last_status, rows[i].status);
    }
    esme_free(e);
}

static void submit_multi_has_a_receipt_for_each(void **state)
{
    struct world *w = *state;
    struct buf dests = { 0 };
    struct smpp_pdu p;
    struct esme *e = begin(w);
    for (unsigned i = 0; i < 3; i++) {
        struct smpp_dest d = { .dest_flag = 1, .ton = 1, .npi = 1, .address = STRV("447700900123") };
        assert_true(smpp_dest_put(&dests, &d));
    }
    smpp_pdu_init(&p, SMPP_CMD(submit_multi), 0, 0);
    p.submit_multi.dests = (struct smpp_list){ 3, { (const char *)dests.data, dests.len } };
    p.submit_multi.registered_delivery = 1;
    assert_int_not_equal(session_submit(e->session, &p, 1, loop_now(w->loop)), 0);
    esme_flush(e);
    ESME_UNTIL(w->loop, e->responses == 1 && e->receipts == 3);
    assert_string_equal(e->got[2].id, e->got[0].id);
    buf_free(&dests);
    esme_free(e);
}

static char *read_all(const char *path)
{
    static char text[65536];
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = 0;
    fclose(f);
    return text;
}

static void the_journal_tells_what_happened(void **state)
{
    struct world *w = *state;
    snprintf(w->journal, sizeof w->journal, "/tmp/tessera-journal-%d.tsv", (int)getpid());
    w->o.journal_path = w->journal;
    struct esme *e = begin(w);
    assert_true(esme_submit_text(e, "447700900123", "two\nlines", 0));
    esme_flush(e);
    ESME_UNTIL(w->loop, st(w)->receipts_acked == 1);
    char *text = read_all(w->journal), line[128];
    assert_int_equal(strncmp(text, "#time\tevent\taccount\tmessage_id\tfrom\tto\tstatus\tpart\ttext\n", 50),
                     0);
    assert_non_null(strstr(text, "\tbind\tesme\t-\t-\t-\tESME_ROK\t-\tbind_transceiver\n"));
    snprintf(line, sizeof line, "\tsubmit\tesme\t%s\tTESSERA\t447700900123\tESME_ROK\t-\ttwo\\nlines\n",
             e->ids[0]);
    assert_non_null(strstr(text, line));
    snprintf(line, sizeof line, "\treceipt\tesme\t%s\t447700900123\tTESSERA\tdelivered\t-\t-\n", e->ids[0]);
    assert_non_null(strstr(text, line));
    snprintf(line, sizeof line, "\treceipt-ack\tesme\t%s\t447700900123\tTESSERA\tESME_ROK\t-\t-\n",
             e->ids[0]);
    assert_non_null(strstr(text, line));
    esme_free(e);
}

static void a_file_of_inbound_messages_is_taken_whole_or_not(void **state)
{
    static const struct {
        const char *text, *error;
        unsigned messages;
    } rows[] = {
        { "# comment\n\n0\t447700900123\t80800\tLUNCH pizza\r\n1ms\t+447700900124\t80800\tHi \xc3\xa4\n",
          NULL, 2 },
        { "0\t447700900123\t80800\tLUNCH\nsoon\t447700900123\t80800\tx\n", ":2: not \"delay TAB", 0 },
        { "0\t447700900123\n", ":1: not \"delay TAB", 0 },
        { "0\t447700900123\t80800\t\xff\n", ":1: not \"delay TAB", 0 },
    };
    struct world *w = *state;
    struct esme *e = begin(w);
    struct err err = { 0 };
    snprintf(w->journal, sizeof w->journal, "/tmp/tessera-inbound-%d.tsv", (int)getpid());
    assert_false(simulator_inbound_file(w->sim, "/nonexistent/file", &err));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        unsigned before = (unsigned)st(w)->inbound_made;
        FILE *f = fopen(w->journal, "w");
        assert_non_null(f);
        fputs(rows[i].text, f);
        fclose(f);
        err.text[0] = 0;
        assert_int_equal(simulator_inbound_file(w->sim, w->journal, &err), rows[i].error == NULL);
        if (rows[i].error)
            assert_non_null(strstr(err.text, rows[i].error));
        assert_int_equal(st(w)->inbound_made - before, rows[i].messages);
    }
    ESME_UNTIL(w->loop, e->inbound == 2);
    esme_free(e);
}

static void commands_are_answered(void **state)
{
    static const struct {
        const char *line, *reply;
        bool goes_on;
    } rows[] = {
        { "", "", true },
        { "throttle 10", "ok\n", true },
        { "throttle -2", "error: throttle N (submits a second, 0 none, -1 nothing passes)\n", true },
        { "  inbound  +447700900123  80800  LUNCH sushi ", "ok\n", true },
        { "inbound 447700900123", "error: inbound FROM TO TEXT\n", true },
        { "faults reset=2", "error: the probability of reset must be 0 to 1\n", true },
        { "faults none", "ok\n", true },
        { "outcomes delivered=1,expired=1", "ok\n", true },
        { "outcomes maybe=1", "error: no such outcome: \"maybe\"\n", true },
        { "response-delay 10ms", "ok\n", true },
        { "receipt-delay 10ms 5ms", "ok\n", true },
        { "receipt-delay soon", "error: receipt-delay DURATION [JITTER]\n", true },
        { "fly", "error: no such command: \"fly\"; try inbound, throttle, down, up, stats, quit\n", true },
        { "down", "ok\n", true },
        { "up", "ok\n", true },
        { "drop", "ok\n", true },
        { "unbind", "ok\n", true },
        { "quit", "ok\n", false },
    };
    struct world *w = *state;
    struct buf reply = { 0 };
    esme_free(begin(w));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        buf_clear(&reply);
        assert_int_equal(control_run(w->sim, strv_from(rows[i].line), &reply), rows[i].goes_on);
        assert_string_equal(buf_cstr(&reply), rows[i].reply);
    }
    buf_clear(&reply);
    control_run(w->sim, STRV("stats"), &reply);
    assert_non_null(strstr(buf_cstr(&reply), " inbound_made=1 "));
    buf_free(&reply);
}

static void impossible_options_are_refused(void **state)
{
    struct world *w = *state;
    struct err err = { 0 };
    w->o.listen = "192.0.2.1:1";
    assert_null(simulator_new(w->loop, &w->o, &err));
    w->o.listen = "127.0.0.1:0";
    w->o.tls_cert = "/nonexistent/cert.pem";
    assert_null(simulator_new(w->loop, &w->o, &err));
    w->o.tls_cert = NULL;
    w->o.journal_path = "/nonexistent/journal";
    assert_null(simulator_new(w->loop, &w->o, &err));
    assert_non_null(strstr(err.text, "/nonexistent/journal"));
    simulator_free(NULL);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(every_submit_gets_its_response_and_its_receipt),
        T(binds_are_judged),
        T(outcomes_are_shared_out_by_their_weights),
        T(above_the_rate_submits_are_throttled),
        T(receipts_come_only_where_they_are_wanted),
        T(the_id_in_the_receipt_may_have_another_form),
        T(an_inbound_message_waits_for_a_client_that_receives),
        T(a_long_inbound_message_comes_in_parts),
        T(an_unanswered_delivery_comes_again),
        T(recipients_reply),
        T(responses_can_be_delayed),
        T(faults_happen_on_request),
        T(down_drops_and_up_comes_back_at_the_same_port),
        T(stopping_unbinds_everybody),
        T(stopping_does_not_wait_for_the_dead),
        T(what_a_client_asks_besides_is_answered),
        T(submit_multi_has_a_receipt_for_each),
        T(the_journal_tells_what_happened),
        T(a_file_of_inbound_messages_is_taken_whole_or_not),
        T(commands_are_answered),
        T(impossible_options_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
