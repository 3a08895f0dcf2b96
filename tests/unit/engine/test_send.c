/* Single messages: from the API's call to the carrier and back. */
#include "rig.h"

#include <string.h>

#define DE UINT64_C(4915100000001)

static struct carrier *acme(struct rig *r)
{
    return r->engine->carriers[0];
}

/* The first `notes[0]` submissions get the status `notes[1]`, later ones ROK. */
static int64_t judge_first(struct submit *s)
{
    struct rig *r = s->smsc->r;
    return r->notes[0]-- > 0 ? r->notes[1] : SMPP_ESME_ROK;
}

static void a_message_is_submitted_answered_and_receipted(void **state)
{
    struct rig *r = *state;
    rig_start_bound(r);
    struct engine_sent s = rig_send(r, CLASS_TRANSACTIONAL, DE, "Hello");
    assert_int_equal(s.err.code, ERR_NONE);
    assert_int_equal(s.state, MESSAGE_READY);
    assert_int_equal(s.parts, 1);
    rig_until(r, rig_state(r, s.id) == MESSAGE_SENT);
    assert_int_equal(r->smsc[0].n, 1);
    assert_int_equal(r->smsc[0].submits[0].to, DE);
    assert_string_equal(r->smsc[0].submits[0].text, "Hello");
    assert_string_equal(r->smsc[0].submits[0].from, "TESSERA");
    rig_receipt(&r->smsc[0].submits[0], "DELIVRD");
    rig_until(r, rig_state(r, s.id) == MESSAGE_DELIVERED);
    rig_until(r, r->smsc[0].acks == 1);
    assert_int_equal(r->smsc[0].last_ack, SMPP_ESME_ROK);
    struct spool_counts c = rig_counts(r, 0);
    assert_int_equal(c.by_state[MESSAGE_DELIVERED], 1);
    assert_int_equal(c.parts_sent, 1);
}

static int64_t judge_receipt_first(struct submit *s)
{
    rig_receipt(s, "DELIVRD");
    return JUDGE_WAIT;
}

static void a_receipt_before_its_response_counts(void **state)
{
    struct rig *r = *state;
    r->smsc[0].judge = judge_receipt_first;
    rig_start_bound(r);
    struct engine_sent s = rig_send(r, CLASS_TRANSACTIONAL, DE, "Hello");
    rig_until(r, r->smsc[0].acks == 1);
    assert_int_equal(rig_state(r, s.id), MESSAGE_IN_FLIGHT);
    rig_answer(&r->smsc[0].submits[0], 0);
    rig_until(r, rig_state(r, s.id) == MESSAGE_DELIVERED);
}

static void a_receipt_may_come_on_another_bind(void **state)
{
    struct rig *r = *state;
    r->carriers[0].transceivers = 0;
    r->carriers[0].transmitters = r->carriers[0].receivers = 1;
    rig_start(r);
    rig_until_passing(r, r->smsc[0].bound == 2);
    struct engine_sent s = rig_send(r, CLASS_TRANSACTIONAL, DE, "Hello");
    rig_until(r, rig_state(r, s.id) == MESSAGE_SENT);
    rig_receipt(&r->smsc[0].submits[0], "UNDELIV");
    rig_until(r, rig_state(r, s.id) == MESSAGE_UNDELIVERABLE);
}

static void a_temporary_refusal_is_held_and_tried_again(void **state)
{
    struct rig *r = *state;
    r->notes[0] = 1;
    r->notes[1] = SMPP_ESME_RSYSERR;
    r->smsc[0].judge = judge_first;
    rig_start_bound(r);
    struct engine_sent s = rig_send(r, CLASS_TRANSACTIONAL, DE, "Hello");
    rig_until(r, rig_state(r, s.id) == MESSAGE_HELD);
    struct stored_message m = rig_message(r, s.id);
    assert_int_equal(m.reason, REASON_RETRY);
    assert_int_equal(m.code, SMPP_ESME_RSYSERR);
    assert_in_range(m.until, clock_wall(&r->clock) + USEC_SEC, clock_wall(&r->clock) + 2 * USEC_SEC);
    rig_quiet(r);
    assert_int_equal(r->smsc[0].n, 1); /* not before its time */
    rig_pass(r, 4 * USEC_SEC);
    rig_until_passing(r, rig_state(r, s.id) == MESSAGE_SENT);
    assert_int_equal(r->smsc[0].n, 2);
}

static void attempts_come_to_an_end(void **state)
{
    struct rig *r = *state;
    r->notes[0] = 100;
    r->notes[1] = SMPP_ESME_RSYSERR;
    r->smsc[0].judge = judge_first;
    rig_start_bound(r);
    struct engine_sent s = rig_send(r, CLASS_TRANSACTIONAL, DE, "Hello");
    rig_until_passing(r, rig_state(r, s.id) == MESSAGE_FAILED);
    assert_int_equal(r->smsc[0].n, 3); /* max_attempts */
    assert_int_equal(rig_message(r, s.id).reason, REASON_ATTEMPTS);
}

static void throttling_uses_up_no_attempts(void **state)
{
    struct rig *r = *state;
    r->notes[0] = 5;
    r->notes[1] = SMPP_ESME_RTHROTTLED;
    r->smsc[0].judge = judge_first;
    rig_start_bound(r);
    struct engine_sent s = rig_send(r, CLASS_TRANSACTIONAL, DE, "Hello");
    rig_until_passing(r, r->smsc[0].n == 4);
    rig_restart(r); /* what is counted is counted in the store */
    rig_until_passing(r, r->smsc[0].n == 5);
    r->notes[0] = 1;
    r->notes[1] = SMPP_ESME_RSYSERR;
    rig_until_passing(r, rig_state(r, s.id) == MESSAGE_HELD && rig_message(r, s.id).reason == REASON_RETRY);
    rig_until_passing(r, rig_state(r, s.id) == MESSAGE_SENT);
}

static void a_throttled_carrier_is_given_a_pause_and_keeps_the_order(void **state)
{
    struct rig *r = *state;
    r->carriers[0].window = 1;
    r->notes[0] = 1;
    r->notes[1] = SMPP_ESME_RTHROTTLED;
    r->smsc[0].judge = judge_first;
    rig_start_bound(r);
    for (unsigned i = 0; i < 5; i++) {
        rig_send(r, CLASS_TRANSACTIONAL, DE + i, "Hello");
    }
    rig_quiet(r);
    assert_int_equal(r->smsc[0].n, 1); /* silence after the first refusal */
    rig_pass(r, 2 * USEC_SEC);
    rig_until_passing(r, r->smsc[0].n == 6);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(r->smsc[0].submits[i + 1].to, DE + i);
    }
}

static void a_permanent_refusal_ends_it_with_its_status(void **state)
{
    struct rig *r = *state;
    r->notes[0] = 1;
    r->notes[1] = SMPP_ESME_RINVDSTADR;
    r->smsc[0].judge = judge_first;
    rig_start_bound(r);
    struct engine_sent s = rig_send(r, CLASS_TRANSACTIONAL, DE, "Hello");
    rig_until(r, rig_state(r, s.id) == MESSAGE_FAILED);
    assert_int_equal(rig_message(r, s.id).code, SMPP_ESME_RINVDSTADR);
    assert_int_equal(rig_message(r, s.id).reason, REASON_CARRIER_STATUS);
    rig_pass(r, 5 * USEC_SEC);
    assert_int_equal(r->smsc[0].n, 1);
}

static int64_t judge_second_part(struct submit *s)
{
    return s->part == 2 ? SMPP_ESME_RINVDSTADR : SMPP_ESME_ROK;
}

static const char *long_text(void)
{
    static char text[301];
    memset(text, 'a', sizeof text - 1);
    return text;
}

static void a_refused_part_fails_the_whole_and_nothing_is_repeated(void **state)
{
    struct rig *r = *state;
    r->smsc[0].judge = judge_second_part;
    rig_start_bound(r);
    struct engine_sent s = rig_send(r, CLASS_TRANSACTIONAL, DE, long_text());
    assert_int_equal(s.parts, 2);
    rig_until(r, rig_state(r, s.id) == MESSAGE_FAILED);
    assert_int_equal(r->smsc[0].n, 2);
    rig_pass(r, 5 * USEC_SEC);
    assert_int_equal(r->smsc[0].n, 2);
}

static int64_t judge_second_part_once(struct submit *s)
{
    return s->part == 2 && s->smsc->r->notes[0]++ == 0 ? SMPP_ESME_RSYSERR : SMPP_ESME_ROK;
}

static void only_the_part_that_was_not_taken_is_sent_again(void **state)
{
    struct rig *r = *state;
    r->smsc[0].judge = judge_second_part_once;
    rig_start_bound(r);
    struct engine_sent s = rig_send(r, CLASS_TRANSACTIONAL, DE, long_text());
    rig_until_passing(r, rig_state(r, s.id) == MESSAGE_SENT);
    assert_int_equal(r->smsc[0].n, 3);
    assert_int_equal(r->smsc[0].submits[2].part, 2);
    rig_receipt(&r->smsc[0].submits[0], "DELIVRD");
    rig_receipt(&r->smsc[0].submits[2], "DELIVRD");
    rig_until(r, rig_state(r, s.id) == MESSAGE_DELIVERED);
}

static void more_parts_than_the_window_go_in_turns(void **state)
{
    struct rig *r = *state;
    char text[1001] = "";
    memset(text, 'b', sizeof text - 1);
    r->carriers[0].window = 2;
    rig_start_bound(r);
    struct engine_sent s = rig_send(r, CLASS_TRANSACTIONAL, DE, text);
    assert_int_equal(s.parts, 7);
    rig_until_passing(r, rig_state(r, s.id) == MESSAGE_SENT);
    assert_int_equal(r->smsc[0].n, 7); /* each part once */
    for (unsigned i = 0; i < 7; i++) {
        assert_int_equal(r->smsc[0].submits[i].part, i + 1);
    }
}

static int64_t judge_busy(struct submit *s)
{
    return s->smsc->r->notes[0]-- > 0 ? SMPP_ESME_RSYSERR : SMPP_ESME_ROK;
}

static void parts_beyond_the_window_do_not_hurry_a_refused_one(void **state)
{
    struct rig *r = *state;
    r->carriers[0].window = 1;
    r->notes[0] = 1;
    r->smsc[0].judge = judge_busy;
    rig_start_bound(r);
    struct engine_sent s = rig_send(r, CLASS_TRANSACTIONAL, DE, long_text());
    rig_until(r, rig_state(r, s.id) == MESSAGE_HELD);
    assert_int_equal(rig_message(r, s.id).reason, REASON_RETRY);
    rig_until_passing(r, rig_state(r, s.id) == MESSAGE_SENT);
    assert_int_equal(r->smsc[0].n, 3);
}

static void a_one_time_password_passes_what_waits(void **state)
{
    struct rig *r = *state;
    r->carriers[0].window = 1;
    r->smsc[0].judge = rig_judge_wait;
    rig_start_bound(r);
    for (unsigned i = 0; i < 20; i++) {
        rig_send(r, CLASS_PROMOTIONAL, DE + i, "Offer");
    }
    rig_until(r, r->smsc[0].n == 1);
    rig_send(r, CLASS_OTP, DE + 100, "Your code is 123456");
    rig_until(r, ring_count(&acme(r)->lanes[CLASS_OTP].ahead) == 1); /* it has been read back */
    rig_until(r, ring_count(&acme(r)->lanes[CLASS_OTP].ahead) == 1);
    r->smsc[0].judge = NULL;
    rig_answer_all(&r->smsc[0]);
    rig_until(r, r->smsc[0].n == 21);
    assert_int_equal(r->smsc[0].submits[1].to, DE + 100);
    for (unsigned i = 1; i < 20; i++) {
        assert_int_equal(r->smsc[0].submits[i + 1].to, DE + i); /* and the others keep their order */
    }
}

static void who_opts_out_between_claim_and_submission_gets_nothing(void **state)
{
    struct rig *r = *state;
    r->o.uncertain[CLASS_OTP] = UNCERTAIN_HOLD; /* accepted first, claimed then */
    rig_start_bound(r);
    struct engine_send s = { .to = STRV("+4915100000001"), .text = STRV("Hi"), .class_ = CLASS_OTP };
    struct engine_sent sent = rig_send_as(r, &s);
    rig_until(r, hmap_count(&acme(r)->in_flight) == 1 || r->smsc[0].n > 0);
    assert_int_equal(r->smsc[0].n, 0); /* claimed, and the claim is not synced yet */
    gate_suppress(&r->engine->gate, DE);
    rig_until(r, rig_state(r, sent.id) == MESSAGE_SUPPRESSED);
    rig_quiet(r);
    assert_int_equal(r->smsc[0].n, 0);
    assert_int_equal(hmap_count(&acme(r)->in_flight), 0);
}

static void what_waits_when_hours_close_is_held_until_they_open(void **state)
{
    struct rig *r = *state;
    r->carriers[0].window = 1;
    r->smsc[0].judge = rig_judge_wait;
    clock_freeze(&r->clock,
                 RIG_NOON + 7 * USEC_HOUR + 59 * USEC_MINUTE + 50 * USEC_SEC); /* 20:59:50 Berlin */
    rig_start_bound(r);
    struct engine_sent first = rig_send(r, CLASS_PROMOTIONAL, DE, "Offer");
    struct engine_sent second = rig_send(r, CLASS_PROMOTIONAL, DE + 1, "Offer");
    assert_int_equal(second.state, MESSAGE_READY);
    rig_until(r, r->smsc[0].n == 1);
    assert_string_not_equal(r->smsc[0].submits[0].validity, ""); /* it ends with the window */
    rig_pass(r, 8 * USEC_SEC);
    clock_freeze(&r->clock, RIG_NOON + 8 * USEC_HOUR + USEC_SEC);
    r->smsc[0].judge = NULL;
    rig_answer_all(&r->smsc[0]);
    rig_until(r, rig_state(r, first.id) == MESSAGE_SENT);
    rig_until(r, rig_state(r, second.id) == MESSAGE_HELD);
    struct stored_message m = rig_message(r, second.id);
    assert_int_equal(m.reason, REASON_QUIET_HOURS);
    assert_int_equal(m.until, RIG_NOON + 19 * USEC_HOUR); /* 08:00 in Berlin */
    assert_int_equal(r->smsc[0].n, 1);
    clock_freeze(&r->clock, RIG_NOON + 19 * USEC_HOUR);
    engine_clock_changed(r->engine);
    rig_until_passing(r, rig_state(r, second.id) == MESSAGE_SENT);
    assert_true(r->smsc[0].submits[1].at < RIG_NOON + 19 * USEC_HOUR + USEC_MINUTE);
}

static void what_is_stale_is_not_sent(void **state)
{
    struct rig *r = *state;
    rig_start(r);
    struct engine_send s = {
        .to = STRV("+4915100000001"), .text = STRV("Hi"), .class_ = CLASS_OTP, .valid_for = USEC_SEC
    };
    r->smsc[0].bind_status = SMPP_ESME_RSYSERR; /* no bind yet */
    struct engine_sent sent = rig_send_as(r, &s);
    clock_freeze(&r->clock, clock_wall(&r->clock) + 2 * USEC_SEC);
    r->smsc[0].bind_status = 0;
    rig_until_passing(r, rig_state(r, sent.id) == MESSAGE_EXPIRED);
    assert_int_equal(r->smsc[0].n, 0);
}

static void a_message_of_later_waits_for_its_time(void **state)
{
    struct rig *r = *state;
    rig_start_bound(r);
    struct engine_send s = { .to = STRV("+4915100000001"),
                             .text = STRV("Hi"),
                             .class_ = CLASS_TRANSACTIONAL,
                             .schedule.at = RIG_NOON + USEC_HOUR };
    struct engine_sent sent = rig_send_as(r, &s);
    assert_int_equal(sent.state, MESSAGE_HELD);
    assert_int_equal(sent.reason, REASON_SCHEDULE);
    rig_pass(r, 30 * USEC_MINUTE);
    assert_int_equal(r->smsc[0].n, 0);
    rig_pass(r, 31 * USEC_MINUTE);
    rig_until_passing(r, r->smsc[0].n == 1);
    assert_true(r->smsc[0].submits[0].at >= RIG_NOON + USEC_HOUR);
}

static void refusals_come_with_a_reason_and_not_from_inside_the_call(void **state)
{
    static const struct {
        const char *to, *text;
        enum message_class class_;
        enum err_code code;
    } rows[] = {
        { "12", "Hi", CLASS_OTP, ERR_INVALID },
        { "+4915100000001", "  ", CLASS_OTP, ERR_INVALID },
        { "+4915100000002", "Hi", CLASS_OTP, ERR_STATE }, /* opted out */
        { "+4915100000002", "Hi", CLASS_PROMOTIONAL, ERR_STATE },
        { "+447700900001", "Hi", CLASS_OTP, ERR_STATE }, /* no carrier for it */
        { "+447700900001", "Hi", CLASS_TRANSACTIONAL, ERR_STATE },
    };
    struct rig *r = *state;
    strcpy(r->carriers[0].prefixes, "49");
    rig_start_bound(r);
    assert_int_equal(rig_consent(r, DE + 1, CONSENT_STOP).code, ERR_NONE);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct engine_send s = { .to = strv_from(rows[i].to),
                                 .text = strv_from(rows[i].text),
                                 .class_ = rows[i].class_ };
        struct engine_sent sent = rig_send_as(r, &s);
        assert_int_equal(sent.err.code, rows[i].code);
        assert_string_not_equal(sent.err.text, "");
        assert_null(strstr(sent.err.text, "15100000002")); /* masked */
    }
    rig_quiet(r);
    assert_int_equal(r->smsc[0].n, 0);
}

static void the_rate_counts_parts(void **state)
{
    struct rig *r = *state;
    r->carriers[0].rate = 4;
    r->carriers[0].burst = 2;
    r->carriers[0].window = 100;
    rig_start_bound(r);
    for (unsigned i = 0; i < 6; i++) {
        rig_send(r, CLASS_TRANSACTIONAL, DE + i, long_text()); /* 12 parts */
    }
    usec_t begun = clock_wall(&r->clock);
    rig_until_passing(r, r->smsc[0].n == 12);
    assert_true(clock_wall(&r->clock) - begun >= 2500 * USEC_MS - 20 * USEC_MS);
    for (size_t i = 2; i < 12; i++) { /* in any second at most rate + burst */
        size_t k = i;
        while (k > 0 && r->smsc[0].submits[k - 1].at > r->smsc[0].submits[i].at - USEC_SEC) {
            k--;
        }
        assert_true(i - k + 1 <= 6);
    }
}

static void an_operator_cancels_what_waits_and_not_what_is_in_flight(void **state)
{
    struct rig *r = *state;
    r->carriers[0].window = 1;
    r->smsc[0].judge = rig_judge_wait;
    rig_start_bound(r);
    struct engine_sent first = rig_send(r, CLASS_TRANSACTIONAL, DE, "one");
    struct engine_sent second = rig_send(r, CLASS_TRANSACTIONAL, DE + 1, "two");
    rig_until(r, r->smsc[0].n == 1);
    assert_int_equal(rig_cancel(r, first.id).code, ERR_STATE);
    assert_int_equal(rig_cancel(r, second.id).code, ERR_NONE);
    r->smsc[0].judge = NULL;
    rig_answer_all(&r->smsc[0]);
    rig_until(r, rig_state(r, first.id) == MESSAGE_SENT);
    rig_quiet(r);
    assert_int_equal(r->smsc[0].n, 1);
    assert_int_equal(rig_state(r, second.id), MESSAGE_CANCELLED);
}

#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_message_is_submitted_answered_and_receipted),
        T(a_receipt_before_its_response_counts),
        T(a_receipt_may_come_on_another_bind),
        T(a_temporary_refusal_is_held_and_tried_again),
        T(attempts_come_to_an_end),
        T(throttling_uses_up_no_attempts),
        T(a_throttled_carrier_is_given_a_pause_and_keeps_the_order),
        T(a_permanent_refusal_ends_it_with_its_status),
        T(a_refused_part_fails_the_whole_and_nothing_is_repeated),
        T(only_the_part_that_was_not_taken_is_sent_again),
        T(more_parts_than_the_window_go_in_turns),
        T(parts_beyond_the_window_do_not_hurry_a_refused_one),
        T(a_one_time_password_passes_what_waits),
        T(who_opts_out_between_claim_and_submission_gets_nothing),
        T(what_waits_when_hours_close_is_held_until_they_open),
        T(what_is_stale_is_not_sent),
        T(a_message_of_later_waits_for_its_time),
        T(refusals_come_with_a_reason_and_not_from_inside_the_call),
        T(the_rate_counts_parts),
        T(an_operator_cancels_what_waits_and_not_what_is_in_flight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
