/* What was sent and never answered, by each policy: nothing is lost, and nothing that was answered goes
 * again. */
#include "rig.h"

#include <string.h>

#define DE UINT64_C(4915100000001)

/* The token of a message of one part. */
static uint64_t whole(uint64_t id)
{
    return outgoing_token(&(struct message){ .id = id, .parts = 1 }, 0);
}

static int64_t judge_second_part_waits(struct submit *s)
{
    return s->part == 2 ? JUDGE_WAIT : SMPP_ESME_ROK;
}

static int64_t judge_one_refused_one_waits(struct submit *s)
{
    return s->part == 2 ? JUDGE_WAIT : SMPP_ESME_RINVDSTADR;
}

static void started(struct rig *r, enum spool_uncertain policy)
{
    for (enum message_class c = 0; c < CLASS_COUNT; c++) {
        r->o.uncertain[c] = policy;
    }
    rig_start_bound(r);
}

static const char *two_parts(void)
{
    static char text[201];
    memset(text, 'a', sizeof text - 1);
    return text;
}

static void a_break_follows_the_policy(void **state)
{
    static const struct {
        enum spool_uncertain policy;
        enum message_state after;
        size_t submits;
    } rows[] = {
        { UNCERTAIN_RESEND, MESSAGE_SENT, 2 },
        { UNCERTAIN_HOLD, MESSAGE_UNCERTAIN, 1 },
        { UNCERTAIN_FAIL, MESSAGE_FAILED, 1 },
    };
    struct rig *r = *state;
    for (size_t i = 0; i < 3; i++) {
        struct smsc *m = &r->smsc[0];
        m->n = 0;
        m->judge = rig_judge_wait;
        started(r, rows[i].policy);
        struct engine_sent s = rig_send(r, CLASS_TRANSACTIONAL, DE + i, "Hello");
        rig_until(r, m->n == 1);
        m->judge = NULL;
        rig_drop(m);
        rig_until(r, rig_state(r, s.id) != MESSAGE_IN_FLIGHT);
        rig_until_passing(r, m->bound == 1);
        rig_until_passing(r, rig_state(r, s.id) == rows[i].after);
        rig_quiet(r);
        assert_int_equal(m->n, rows[i].submits);
        if (rows[i].after != MESSAGE_SENT) {
            assert_int_equal(rig_message(r, s.id).reason, REASON_UNCERTAIN);
        }
        rig_stop(r);
        rig_until(r, m->bound == 0);
    }
}

static void a_response_that_never_comes_follows_the_policy(void **state)
{
    struct rig *r = *state;
    r->smsc[0].judge = rig_judge_wait;
    started(r, UNCERTAIN_HOLD);
    struct engine_sent s = rig_send(r, CLASS_TRANSACTIONAL, DE, "Hello");
    rig_until(r, r->smsc[0].n == 1);
    rig_pass(r, 9 * USEC_SEC);
    assert_int_equal(rig_state(r, s.id), MESSAGE_IN_FLIGHT);
    rig_pass(r, 2 * USEC_SEC);
    rig_until(r, rig_state(r, s.id) == MESSAGE_UNCERTAIN);
    rig_answer(&r->smsc[0].submits[0], 0); /* late, and still good news */
    rig_until(r, rig_state(r, s.id) == MESSAGE_SENT);
    rig_receipt(&r->smsc[0].submits[0], "DELIVRD");
    rig_until(r, rig_state(r, s.id) == MESSAGE_DELIVERED);
}

static void a_late_success_stops_a_second_sending(void **state)
{
    struct rig *r = *state;
    r->carriers[0].rate = 1;
    r->carriers[0].burst = 1;
    r->smsc[0].judge = rig_judge_wait;
    started(r, UNCERTAIN_RESEND);
    struct engine_sent s = rig_send(r, CLASS_TRANSACTIONAL, DE, "Hello");
    rig_until_passing(r, r->smsc[0].n == 1);
    engine_reload(r->engine, &r->o, NULL);
    r->engine->carriers[0]->store_until = clock_mono(&r->clock) + 20 * USEC_SEC; /* it has to wait */
    rig_pass(r, 11 * USEC_SEC);
    rig_until(r, rig_state(r, s.id) == MESSAGE_READY);
    rig_answer(&r->smsc[0].submits[0], 0);
    rig_until(r, rig_state(r, s.id) == MESSAGE_SENT);
    rig_pass(r, 30 * USEC_SEC);
    assert_int_equal(r->smsc[0].n, 1);
}

/* The same, when the second sending has been claimed already and is not on the wire yet. */
static void a_late_success_stops_a_second_sending_at_the_last_moment(void **state)
{
    struct rig *r = *state;
    r->smsc[0].judge = rig_judge_wait;
    started(r, UNCERTAIN_RESEND);
    struct carrier *c = r->engine->carriers[0];
    struct engine_sent s = rig_send(r, CLASS_TRANSACTIONAL, DE, "Hello");
    rig_until(r, r->smsc[0].n == 1);
    c->store_until = clock_mono(&r->clock) + 20 * USEC_SEC;
    rig_pass(r, 11 * USEC_SEC);
    rig_until(r, rig_state(r, s.id) == MESSAGE_READY);
    rig_quiet(r);
    c->store_until = 0;
    dispatch_kick(c);
    rig_until(r, hmap_count(&c->in_flight) == 1);
    struct smpp_pdu late = { .command_id = SMPP_CMD(submit_sm_resp),
                             .id_resp = { .message_id = STRV("1000001") } };
    outcome_late(c, whole(s.id), &late);
    rig_until(r, rig_state(r, s.id) == MESSAGE_SENT);
    rig_until(r, hmap_count(&c->in_flight) == 0);
    rig_pass(r, 5 * USEC_SEC);
    assert_int_equal(r->smsc[0].n, 1);
    assert_int_equal(rig_state(r, s.id), MESSAGE_SENT);
}

static void a_carrier_that_never_answers_does_not_get_it_for_ever(void **state)
{
    struct rig *r = *state;
    r->smsc[0].judge = rig_judge_wait;
    started(r, UNCERTAIN_RESEND);
    struct engine_sent s = rig_send(r, CLASS_TRANSACTIONAL, DE, "Hello");
    rig_until_passing(r, rig_state(r, s.id) == MESSAGE_FAILED);
    assert_int_equal(rig_message(r, s.id).reason, REASON_UNCERTAIN);
    assert_int_equal(r->smsc[0].n, 3); /* max_attempts */
}

static void only_the_uncertain_part_is_sent_again(void **state)
{
    struct rig *r = *state;
    r->smsc[0].judge = judge_second_part_waits;
    started(r, UNCERTAIN_RESEND);
    struct engine_sent s = rig_send(r, CLASS_TRANSACTIONAL, DE, two_parts());
    rig_until(r, r->smsc[0].n == 2);
    rig_quiet(r);
    r->smsc[0].judge = NULL;
    rig_drop(&r->smsc[0]);
    rig_until_passing(r, rig_state(r, s.id) == MESSAGE_SENT);
    assert_int_equal(r->smsc[0].n, 3);
    assert_int_equal(r->smsc[0].submits[2].part, 2);
}

static void a_message_with_a_refused_part_is_not_sent_again(void **state)
{
    struct rig *r = *state;
    r->smsc[0].judge = judge_one_refused_one_waits;
    started(r, UNCERTAIN_RESEND);
    struct engine_sent s = rig_send(r, CLASS_TRANSACTIONAL, DE, two_parts());
    rig_until(r, r->smsc[0].n == 2);
    rig_quiet(r);
    rig_drop(&r->smsc[0]);
    rig_until_passing(r, rig_state(r, s.id) == MESSAGE_FAILED);
    assert_int_equal(rig_message(r, s.id).code, SMPP_ESME_RINVDSTADR);
    rig_until_passing(r, r->smsc[0].bound == 1);
    rig_pass(r, 5 * USEC_SEC);
    assert_int_equal(r->smsc[0].n, 2);
}

static void a_crash_is_a_break_for_all_that_was_in_flight(void **state)
{
    struct rig *r = *state;
    r->smsc[0].judge = rig_judge_wait;
    started(r, UNCERTAIN_HOLD);
    uint64_t ids[10];
    for (unsigned i = 0; i < 10; i++) {
        ids[i] = rig_send(r, CLASS_TRANSACTIONAL, DE + i, "Hello").id;
    }
    rig_until(r, r->smsc[0].n == 10); /* the window */
    for (unsigned i = 0; i < 4; i++) {
        rig_answer(&r->smsc[0].submits[i], 0);
    }
    rig_until(r, rig_state(r, ids[3]) == MESSAGE_SENT);
    r->smsc[0].judge = NULL;
    rig_restart(r);
    rig_quiet(r);
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(rig_state(r, ids[i]), i < 4 ? MESSAGE_SENT : MESSAGE_UNCERTAIN);
    }
    assert_int_equal(r->smsc[0].n, 10);
    assert_int_equal(rig_resolve(r, ids[4], true).code, ERR_NONE);
    assert_int_equal(rig_resolve(r, ids[5], false).code, ERR_NONE);
    assert_int_equal(rig_resolve(r, ids[0], true).code, ERR_STATE);
    assert_int_equal(rig_resolve(r, 99999, true).code, ERR_NOT_FOUND);
    rig_until(r, rig_state(r, ids[4]) == MESSAGE_SENT);
    assert_int_equal(rig_state(r, ids[5]), MESSAGE_FAILED);
    assert_int_equal(r->smsc[0].n, 11);
}

/* The look-ahead is begun anew (something held came due) while messages come back: each is taken up once. */
static void what_comes_back_while_the_queue_is_read_anew_is_in_it_once(void **state)
{
    struct rig *r = *state;
    struct smsc *m = &r->smsc[0];
    m->judge = rig_judge_wait;
    started(r, UNCERTAIN_RESEND);
    for (unsigned i = 0; i < 30; i++) {
        rig_send(r, CLASS_TRANSACTIONAL, DE + i, "Hello");
    }
    rig_until(r, m->n == 10);
    for (unsigned i = 0; i < 10; i++) {
        lane_again(r->engine->carriers[0], CLASS_TRANSACTIONAL);
        rig_answer(&m->submits[i], SMPP_ESME_RTHROTTLED);
        if (i % 3 == 0) {
            rig_turn(r);
        }
    }
    m->judge = NULL;
    rig_until_passing(r, rig_settled(r, 0) == 30);
    rig_quiet(r);
    assert_int_equal(m->n, 40); /* each once more than it was refused */
    for (unsigned i = 0; i < 30; i++) {
        assert_int_equal(rig_sent_to(m, DE + i), i < 10 ? 2 : 1);
    }
    assert_int_equal(hmap_count(&r->engine->carriers[0]->in_flight), 0);
}

/* A message comes back while the queue behind it is on its way from the store: the load had passed it by, and
 * it is not forgotten. */
static void what_comes_back_during_a_load_is_not_passed_by(void **state)
{
    struct rig *r = *state;
    struct smsc *m = &r->smsc[0];
    r->carriers[0].rate = r->carriers[0].burst = 1;
    m->judge = rig_judge_wait;
    started(r, UNCERTAIN_RESEND);
    struct carrier *c = r->engine->carriers[0];
    struct lane *lane = &c->lanes[CLASS_TRANSACTIONAL];
    struct engine_sent first = rig_send(r, CLASS_TRANSACTIONAL, DE, "one");
    struct engine_sent second = rig_send(r, CLASS_TRANSACTIONAL, DE + 1, "two");
    rig_until(r, m->n == 1 && ring_count(&lane->ahead) == 1);
    rig_quiet(r);
    assert_false(lane->loading || lane->more);
    lane_again(c, CLASS_TRANSACTIONAL);
    rig_until(r, lane->loading || ring_count(&lane->ahead) > 0);
    assert_true(lane->loading);
    spool_flush(r->engine->spool); /* the load goes to the writer without what comes now */
    struct smpp_pdu refused = { .command_id = SMPP_CMD(submit_sm_resp),
                                .command_status = SMPP_ESME_RTHROTTLED,
                                .body_absent = true };
    outcome_response(c, c->links[0], whole(first.id), &refused);
    m->judge = NULL;
    rig_until_passing(r, rig_state(r, second.id) == MESSAGE_SENT);
    assert_int_equal(rig_state(r, first.id), MESSAGE_SENT); /* the older one first */
    assert_int_equal(m->submits[1].to, DE);
    assert_int_equal(m->n, 3);
}

static void done(void *ctx, const struct err *e)
{
    assert_int_equal(e->code, ERR_NONE);
    *(bool *)ctx = true;
}

static void paused(struct rig *r, bool pause)
{
    bool is = false;
    engine_carrier_pause(r->engine, STRV("acme"), pause, done, &is);
    rig_until(r, is);
}

/* A part is answered late while the message waits, and by a reload its carrier wants other parts: it goes on
 * as it was cut, without the part that is there. */
static void what_was_answered_late_is_not_cut_anew(void **state)
{
    struct rig *r = *state;
    struct smsc *m = &r->smsc[0];
    m->judge = rig_judge_wait;
    started(r, UNCERTAIN_RESEND);
    struct engine_sent s = rig_send(r, CLASS_TRANSACTIONAL, DE, two_parts());
    rig_until(r, m->n == 2);
    paused(r, true);
    rig_pass(r, 11 * USEC_SEC);
    rig_until(r, rig_state(r, s.id) == MESSAGE_READY);
    rig_answer(&m->submits[0], 0);
    rig_quiet(r);
    m->judge = NULL;
    strcpy(r->carriers[0].long_messages, "udh16");
    engine_reload(r->engine, &r->o, NULL);
    paused(r, false);
    rig_until_passing(r, rig_state(r, s.id) == MESSAGE_SENT);
    assert_int_equal(m->n, 3);
    assert_int_equal(m->submits[2].part, 2);
}

/* It was cut anew before: the late answer is about a piece that is no more. */
static void a_late_answer_of_before_it_was_cut_anew_takes_no_part(void **state)
{
    struct rig *r = *state;
    struct smsc *m = &r->smsc[0];
    m->judge = rig_judge_wait;
    started(r, UNCERTAIN_RESEND);
    struct engine_sent s = rig_send(r, CLASS_TRANSACTIONAL, DE, two_parts());
    rig_until(r, m->n == 2);
    paused(r, true);
    rig_pass(r, 11 * USEC_SEC);
    rig_until(r, rig_state(r, s.id) == MESSAGE_READY);
    strcpy(r->carriers[0].long_messages, "udh16");
    engine_reload(r->engine, &r->o, NULL);
    paused(r, false);
    rig_until_passing(r, m->n == 4); /* the new pieces */
    rig_answer(&m->submits[0], 0);
    rig_answer(&m->submits[1], 0);
    rig_quiet(r);
    assert_int_equal(rig_state(r, s.id), MESSAGE_IN_FLIGHT);
    rig_answer(&m->submits[2], 0);
    rig_answer(&m->submits[3], 0);
    rig_until(r, rig_state(r, s.id) == MESSAGE_SENT);
    assert_int_equal(m->n, 4);
}

#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_break_follows_the_policy),
        T(a_response_that_never_comes_follows_the_policy),
        T(a_late_success_stops_a_second_sending),
        T(a_late_success_stops_a_second_sending_at_the_last_moment),
        T(what_was_answered_late_is_not_cut_anew),
        T(a_late_answer_of_before_it_was_cut_anew_takes_no_part),
        T(a_carrier_that_never_answers_does_not_get_it_for_ever),
        T(only_the_uncertain_part_is_sent_again),
        T(a_message_with_a_refused_part_is_not_sent_again),
        T(a_crash_is_a_break_for_all_that_was_in_flight),
        T(what_comes_back_during_a_load_is_not_passed_by),
        T(what_comes_back_while_the_queue_is_read_anew_is_in_it_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
