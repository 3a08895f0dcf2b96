/* Carriers come, change and go while messages are under way; binds break; the daemon stops. */
#include "rig.h"

#include "net/listener.h"

#include <string.h>

#define DE UINT64_C(4915100000001)
#define GB UINT64_C(447700900001)

static void reloaded(struct rig *r)
{
    struct err e = { 0 };
    if (!engine_reload(r->engine, &r->o, &e)) {
        fail_msg("reload: %s", e.text);
    }
}

static void a_reload_without_a_change_keeps_the_binds(void **state)
{
    struct rig *r = *state;
    r->smsc[0].judge = rig_judge_wait;
    rig_start_bound(r);
    struct engine_sent s = rig_send(r, CLASS_TRANSACTIONAL, DE, "Hello");
    rig_until(r, r->smsc[0].n == 1);
    r->carriers[0].rate = 50; /* this may change under a bind */
    strcpy(r->carriers[0].sender, "OTHER");
    reloaded(r);
    rig_quiet(r);
    assert_int_equal(r->smsc[0].binds, 1);
    rig_answer_all(&r->smsc[0]);
    rig_until(r, rig_state(r, s.id) == MESSAGE_SENT);
    rig_send(r, CLASS_TRANSACTIONAL, DE, "Hello");
    rig_until(r, r->smsc[0].n == 2);
    assert_string_equal(r->smsc[0].submits[1].from, "OTHER");
}

static void binds_that_change_end_in_good_order(void **state)
{
    struct rig *r = *state;
    struct smsc *m = &r->smsc[0];
    m->judge = rig_judge_wait;
    rig_start_bound(r);
    uint64_t ids[25];
    for (unsigned i = 0; i < 25; i++) {
        ids[i] = rig_send(r, CLASS_TRANSACTIONAL, DE + i, "Hello").id;
    }
    rig_until(r, m->n == 10);
    strcpy(r->carriers[0].system_id, "other");
    reloaded(r);
    rig_until_passing(r, m->binds == 2);    /* the new bind does not wait for the old one */
    rig_receipt(&m->submits[0], "DELIVRD"); /* on whichever */
    rig_until(r, m->acks == 1);
    m->judge = NULL;
    rig_answer_all(m);
    rig_until_passing(r, rig_settled(r, 0) == 25);
    rig_until_passing(r, m->unbinds == 1 && m->bound == 1);
    rig_until_passing(r, r->engine->carriers[0]->n_leaving == 0);
    for (unsigned i = 0; i < 25; i++) {
        assert_int_equal(rig_sent_to(m, DE + i), 1); /* nothing uncertain, nothing twice */
    }
    assert_int_equal(rig_state(r, ids[0]), MESSAGE_DELIVERED);
}

static void a_claim_outlives_the_bind_it_was_made_for(void **state)
{
    struct rig *r = *state;
    struct carrier *c;
    r->o.uncertain[CLASS_TRANSACTIONAL] = UNCERTAIN_HOLD; /* accepted first, claimed then */
    rig_start_bound(r);
    c = r->engine->carriers[0];
    for (unsigned i = 0; i < 5; i++) {
        struct engine_sent s = rig_send(r, CLASS_TRANSACTIONAL, DE + i, "Hello");
        rig_until(r, hmap_count(&c->in_flight) == 1); /* claimed, not synced */
        r->carriers[0].window++;
        reloaded(r);
        rig_drop(&r->smsc[0]); /* and the old one breaks at this very moment */
        rig_until_passing(r, rig_state(r, s.id) == MESSAGE_SENT);
    }
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(rig_sent_to(&r->smsc[0], DE + i), 1);
    }
    rig_until_passing(r, c->n_leaving == 0);
}

static void a_carrier_is_added_and_takes_its_numbers(void **state)
{
    struct rig *r = *state;
    rig_start_bound(r);
    rig_send(r, CLASS_TRANSACTIONAL, GB, "one");
    rig_until(r, r->smsc[0].n == 1);
    rig_more_carriers(r);
    reloaded(r);
    rig_until_passing(r, r->smsc[1].bound == 1);
    struct engine_sent s = rig_send(r, CLASS_TRANSACTIONAL, GB, "two");
    rig_until(r, rig_state(r, s.id) == MESSAGE_SENT);
    assert_int_equal(r->smsc[1].n, 1);
    assert_int_equal(r->smsc[0].n, 1);
}

static void a_carrier_that_is_taken_out_answers_what_it_has(void **state)
{
    struct rig *r = *state;
    rig_more_carriers(r);
    r->smsc[1].judge = rig_judge_wait;
    rig_start_bound(r);
    rig_until_passing(r, r->smsc[1].bound == 1);
    struct engine_sent flying = rig_send(r, CLASS_TRANSACTIONAL, GB, "flying");
    rig_until(r, r->smsc[1].n == 1);
    r->o.n_carriers = 1;
    reloaded(r);
    rig_quiet(r);
    rig_answer_all(&r->smsc[1]);
    rig_until_passing(r, rig_state(r, flying.id) == MESSAGE_SENT);
    rig_until_passing(r, r->smsc[1].bound == 0 && r->smsc[1].unbinds == 1);
    struct engine_sent next = rig_send(r, CLASS_TRANSACTIONAL, GB, "next");
    rig_until(r, rig_state(r, next.id) == MESSAGE_SENT);
    assert_int_equal(r->smsc[0].n, 1); /* by the default now */
}

static void what_waits_for_a_carrier_that_was_taken_out_goes_when_it_is_back(void **state)
{
    struct rig *r = *state;
    rig_more_carriers(r);
    r->smsc[1].bind_status = SMPP_ESME_RSYSERR;
    rig_start_bound(r);
    struct engine_sent s = rig_send(r, CLASS_TRANSACTIONAL, GB, "Hello");
    r->o.n_carriers = 1;
    reloaded(r);
    rig_restart(r); /* the number of its queue is kept in the store */
    assert_int_equal(rig_state(r, s.id), MESSAGE_READY);
    r->smsc[1].bind_status = 0;
    r->o.n_carriers = 2;
    reloaded(r);
    rig_until_passing(r, rig_state(r, s.id) == MESSAGE_SENT);
    assert_int_equal(r->smsc[1].n, 1);
}

static void a_campaign_follows_the_carriers_there_are(void **state)
{
    struct rig *r = *state;
    struct campaign_spec s = rig_spec("spring", "Hello");
    rig_populate_many(r, GB, 200);
    rig_more_carriers(r);
    r->smsc[1].judge = rig_judge_wait;
    rig_start_bound(r);
    rig_until_passing(r, r->smsc[1].bound == 1);
    assert_int_equal(rig_add(r, &s).code, ERR_NONE);
    assert_int_equal(rig_act(r, "spring", CAMPAIGN_START).code, ERR_NONE);
    rig_until(r, r->smsc[1].n == 10); /* candidates of the rest are made already */
    r->o.n_carriers = 1;
    reloaded(r);
    rig_answer_all(&r->smsc[1]);
    rig_until_passing(r, rig_settled(r, 1) == 200);
    assert_int_equal(r->smsc[0].n + r->smsc[1].n, 200);
    assert_int_equal(r->smsc[1].n, 10);
}

static void a_refused_reload_changes_nothing(void **state)
{
    struct rig *r = *state;
    struct err e = { 0 };
    rig_start_bound(r);
    r->carriers[0].rate = 1;
    r->carriers[0].port++; /* good */
    r->o.n_carriers = 3;
    r->carriers[2].tls = true; /* bad */
    strcpy(r->carriers[2].tls_ca, "/nonexistent.pem");
    assert_false(engine_reload(r->engine, &r->o, &e));
    assert_non_null(strstr(e.text, "gamma"));
    rig_pass(r, 2 * USEC_SEC);
    assert_int_equal(r->smsc[0].binds, 1);
    assert_int_equal(r->smsc[0].bound, 1);
    assert_int_equal(r->engine->carriers[0]->o.rate, 0);
    assert_int_equal(engine_carrier_count(r->engine), 1);
    r->carriers[2].tls = false;
    strcpy(r->carriers[1].prefixes, "x");
    assert_false(engine_reload(r->engine, &r->o, &e));
    assert_int_equal(engine_carrier_count(r->engine), 1);
    for (unsigned i = 0; i < 20; i++) {
        rig_send(r, CLASS_TRANSACTIONAL, DE + i, "Hello");
    }
    rig_until(r, r->smsc[0].n == 20); /* the rate is the old one */
}

static void a_wrong_password_stops_until_somebody_mends_it(void **state)
{
    struct rig *r = *state;
    r->smsc[0].bind_status = SMPP_ESME_RINVPASWD;
    rig_start(r);
    rig_until_passing(r, link_state(r->engine->carriers[0]->links[0]) == LINK_STOPPED);
    r->smsc[0].bind_status = 0;
    rig_pass(r, USEC_MINUTE);
    assert_int_equal(r->smsc[0].binds, 0); /* no account is locked by trying again */
    reloaded(r);
    rig_until_passing(r, r->smsc[0].bound == 1);
}

static int64_t judge_bad_bind_once(struct submit *s)
{
    return s->smsc->r->notes[0]++ == 0 ? SMPP_ESME_RINVBNDSTS : SMPP_ESME_ROK;
}

static void an_unfit_bind_is_bound_anew_and_the_message_goes(void **state)
{
    struct rig *r = *state;
    r->smsc[0].judge = judge_bad_bind_once;
    rig_start_bound(r);
    struct engine_sent s = rig_send(r, CLASS_TRANSACTIONAL, DE, "Hello");
    rig_until_passing(r, rig_state(r, s.id) == MESSAGE_SENT);
    assert_int_equal(r->smsc[0].binds, 2);
    assert_int_equal(r->smsc[0].n, 2);
}

static void a_carrier_that_takes_binds_and_drops_them_is_asked_less_and_less(void **state)
{
    struct rig *r = *state;
    r->carriers[0].reconnect_max = 10 * USEC_SEC;
    rig_start(r);
    usec_t begun = clock_wall(&r->clock);
    for (unsigned i = 1; i <= 8; i++) {
        rig_until_passing(r, r->smsc[0].binds == i);
        rig_drop(&r->smsc[0]);
    }
    /* 100 ms, 200, ... 6.4 s, at least half of each; without it 8 times 50 ms */
    assert_true(clock_wall(&r->clock) - begun >= 6 * USEC_SEC);
}

static void two_binds_share_the_work(void **state)
{
    struct rig *r = *state;
    r->carriers[0].transceivers = 2;
    r->smsc[0].judge = rig_judge_wait;
    rig_start(r);
    rig_until_passing(r, r->smsc[0].bound == 2);
    for (unsigned i = 0; i < 30; i++) {
        rig_send(r, CLASS_TRANSACTIONAL, DE + i, "Hello");
    }
    rig_until(r, r->smsc[0].n == 20);
    size_t first = 0;
    for (size_t i = 0; i < 20; i++) {
        first += r->smsc[0].submits[i].peer == r->smsc[0].submits[0].peer;
    }
    assert_int_equal(first, 10);
}

struct drained {
    unsigned times;
};

static void on_drained(void *ctx)
{
    ((struct drained *)ctx)->times++;
}

static void a_stop_waits_for_responses_and_begins_nothing(void **state)
{
    struct rig *r = *state;
    struct drained d = { 0 };
    r->smsc[0].judge = rig_judge_wait;
    rig_start_bound(r);
    uint64_t ids[30];
    for (unsigned i = 0; i < 30; i++) {
        ids[i] = rig_send(r, CLASS_TRANSACTIONAL, DE + i, "Hello").id;
    }
    rig_until(r, r->smsc[0].n == 10);
    engine_drain(r->engine, on_drained, &d);
    rig_pass(r, USEC_SEC);
    assert_int_equal(d.times, 0);
    assert_int_equal(rig_send(r, CLASS_OTP, DE, "late").err.code, ERR_BUSY);
    assert_int_equal(rig_send(r, CLASS_PROMOTIONAL, DE, "late").err.code, ERR_BUSY);
    rig_answer_all(&r->smsc[0]);
    rig_until_passing(r, d.times == 1);
    assert_int_equal(r->smsc[0].n, 10);
    assert_int_equal(r->smsc[0].unbinds, 1);
    r->smsc[0].judge = NULL;
    rig_restart(r);
    assert_int_equal(engine_recovered(r->engine).in_flight, 0); /* nothing uncertain after a clean stop */
    rig_until_passing(r, rig_settled(r, 0) == 30);
    for (unsigned i = 0; i < 30; i++) {
        assert_int_equal(rig_state(r, ids[i]), MESSAGE_SENT);
        assert_int_equal(rig_sent_to(&r->smsc[0], DE + i), 1);
    }
}

static void a_stop_does_not_wait_for_ever(void **state)
{
    struct rig *r = *state;
    struct drained d = { 0 };
    r->smsc[0].judge = rig_judge_wait;
    rig_start_bound(r);
    rig_send(r, CLASS_TRANSACTIONAL, DE, "Hello");
    rig_until(r, r->smsc[0].n == 1);
    usec_t begun = clock_wall(&r->clock);
    engine_drain(r->engine, on_drained, &d);
    rig_until_passing(r, d.times == 1);
    assert_in_range(clock_wall(&r->clock) - begun, 5 * USEC_SEC, 17 * USEC_SEC);
}

static void a_stop_with_no_carrier_up_is_quick(void **state)
{
    struct rig *r = *state;
    struct drained d = { 0 };
    listener_pause(r->smsc[0].listener);
    rig_start(r);
    rig_pass(r, USEC_SEC);
    usec_t begun = clock_wall(&r->clock);
    engine_drain(r->engine, on_drained, &d);
    rig_until_passing(r, d.times == 1);
    assert_true(clock_wall(&r->clock) - begun < USEC_SEC); /* no bind is waited for */
}

static void count_sent(void *ctx, const struct engine_sent *s)
{
    (void)s;
    ++*(unsigned *)ctx;
}

static void what_is_asked_for_at_the_very_end_is_answered(void **state)
{
    struct rig *r = *state;
    unsigned answered = 0;
    rig_start_bound(r);
    for (unsigned i = 0; i < 20; i++) {
        struct engine_send s = { .to = i % 2 ? STRV("+4915100000001") : STRV("12"),
                                 .text = STRV("Hi"),
                                 .class_ = i % 3 ? CLASS_OTP : CLASS_TRANSACTIONAL };
        engine_send(r->engine, &s, count_sent, &answered);
    }
    rig_stop(r);
    assert_int_equal(answered, 20);
}

#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_reload_without_a_change_keeps_the_binds),
        T(binds_that_change_end_in_good_order),
        T(a_claim_outlives_the_bind_it_was_made_for),
        T(a_carrier_is_added_and_takes_its_numbers),
        T(a_carrier_that_is_taken_out_answers_what_it_has),
        T(what_waits_for_a_carrier_that_was_taken_out_goes_when_it_is_back),
        T(a_campaign_follows_the_carriers_there_are),
        T(a_refused_reload_changes_nothing),
        T(a_wrong_password_stops_until_somebody_mends_it),
        T(an_unfit_bind_is_bound_anew_and_the_message_goes),
        T(a_carrier_that_takes_binds_and_drops_them_is_asked_less_and_less),
        T(two_binds_share_the_work),
        T(a_stop_waits_for_responses_and_begins_nothing),
        T(a_stop_does_not_wait_for_ever),
        T(a_stop_with_no_carrier_up_is_quick),
        T(what_is_asked_for_at_the_very_end_is_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
