/* Campaigns: each recipient once, whatever happens on the way. */
#include "rig.h"

#include "audience/fields.h"
#include "store/spool_internal.h"

#include <stdio.h>
#include <string.h>

#define GB   UINT64_C(447700900000)
#define MANY 700 /* more than one batch of candidates */

static void launched(struct rig *r, const char *text)
{
    struct campaign_spec s = rig_spec("spring", text);
    struct err e = rig_add(r, &s);
    assert_string_equal(e.text, "");
    assert_int_equal(rig_act(r, "spring", CAMPAIGN_START).code, ERR_NONE);
}

static uint64_t sent_of(struct rig *r)
{
    return rig_counts(r, 1).by_state[MESSAGE_SENT];
}

static void each_of_them_once(const struct smsc *m, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        if (rig_sent_to(m, GB + i) != 1) {
            fail_msg("%llu: %zu times", (unsigned long long)(GB + i), rig_sent_to(m, GB + i));
        }
    }
}

static void everybody_gets_it_once_with_a_text_of_his_own(void **state)
{
    struct rig *r = *state;
    rig_populate_many(r, GB, MANY);
    rig_start_bound(r);
    launched(r, "Hello {{first_name}}");
    rig_until(r, sent_of(r) == MANY);
    rig_until(r, rig_campaign_state(r, "spring") == CAMPAIGN_DONE);
    assert_int_equal(r->smsc[0].n, MANY);
    each_of_them_once(&r->smsc[0], MANY);
    for (unsigned i = 0; i < MANY; i++) {
        char want[32];
        snprintf(want, sizeof want, "Hello n%u", (unsigned)(r->smsc[0].submits[i].to - GB));
        assert_string_equal(r->smsc[0].submits[i].text, want);
    }
    assert_string_equal(r->smsc[0].submits[0].from, "SHOP");
}

static void declare_nick(const struct engine_view *v, void *job)
{
    (void)job;
    assert_true(audience_declare_field(v->audience, STRV("nick"), STRV("text"), v->now, NULL));
}

static void drop_nick(const struct engine_view *v, void *job)
{
    (void)job;
    assert_true(audience_drop_field(v->audience, STRV("nick"), NULL));
}

static void note_done(void *job)
{
    *(bool *)job = true;
}

static void written(struct rig *r, void (*run)(const struct engine_view *v, void *job))
{
    bool over = false;
    struct err e = { 0 };
    assert_true(engine_write(r->engine, run, note_done, &over, &e));
    rig_until(r, over);
}

/* Who drops a field asks for the campaigns first; one that is added meanwhile must not go with a hole in its
 * text. */
static void a_text_is_looked_at_again_when_it_starts(void **state)
{
    struct rig *r = *state;
    rig_populate_many(r, GB, 3);
    rig_start_bound(r);
    written(r, declare_nick);
    struct campaign_spec s = rig_spec("spring", "Hello {{nick|default:\"you\"}}");
    assert_int_equal(rig_add(r, &s).code, ERR_NONE);
    struct err e = { 0 };
    assert_false(engine_campaign_spares(r->engine, STRV("nick"), &e));
    assert_string_equal(e.text, "campaign \"spring\" (draft) has {{nick}} in its text: remove it first");
    assert_true(engine_campaign_spares(r->engine, STRV("nic"), &e));
    written(r, drop_nick); /* without asking */
    e = rig_act(r, "spring", CAMPAIGN_START);
    assert_int_equal(e.code, ERR_INVALID);
    assert_non_null(strstr(e.text, "unknown field \"nick\""));
    assert_int_equal(rig_campaign_state(r, "spring"), CAMPAIGN_DRAFT);
    written(r, declare_nick);
    assert_int_equal(rig_act(r, "spring", CAMPAIGN_START).code, ERR_NONE);
    rig_until(r, sent_of(r) == 3);
    assert_true(engine_campaign_spares(r->engine, STRV("nick"), &e) ||
                rig_campaign_state(r, "spring") != CAMPAIGN_DONE);
}

static void pause_and_resume_leave_no_gap_and_no_duplicate(void **state)
{
    struct rig *r = *state;
    rig_populate_many(r, GB, MANY);
    rig_start_bound(r);
    launched(r, "Hello");
    for (size_t stop = 50; stop < MANY; stop += 150) {
        rig_until(r, r->smsc[0].n >= stop);
        assert_int_equal(rig_act(r, "spring", CAMPAIGN_PAUSE).code, ERR_NONE);
        rig_quiet(r);
        size_t n = r->smsc[0].n;
        rig_pass(r, 3 * USEC_SEC);
        assert_int_equal(r->smsc[0].n, n); /* nothing goes while it is paused */
        assert_int_equal(rig_act(r, "spring", CAMPAIGN_RESUME).code, ERR_NONE);
    }
    rig_until_passing(r, rig_settled(r, 1) == MANY);
    rig_quiet(r);
    assert_int_equal(r->smsc[0].n, MANY);
    each_of_them_once(&r->smsc[0], MANY);
}

static void cancel_ends_it_and_what_of_it_waits(void **state)
{
    struct rig *r = *state;
    rig_populate_many(r, GB, MANY);
    r->smsc[0].judge = rig_judge_wait;
    rig_start_bound(r);
    launched(r, "Hello");
    rig_until(r, r->smsc[0].n == 10);
    for (unsigned i = 0; i < 5; i++) {
        rig_answer(&r->smsc[0].submits[i], SMPP_ESME_RSYSERR); /* these are held for a retry */
    }
    rig_quiet(r);
    size_t n = r->smsc[0].n;
    assert_int_equal(rig_act(r, "spring", CAMPAIGN_CANCEL).code, ERR_NONE);
    r->smsc[0].judge = NULL;
    rig_answer_all(&r->smsc[0]);
    rig_pass(r, 10 * USEC_SEC);
    rig_until_passing(r, rig_counts(r, 1).by_state[MESSAGE_CANCELLED] == 5);
    assert_int_equal(r->smsc[0].n, n);
    assert_int_equal(sent_of(r), n - 5);
    assert_int_equal(rig_act(r, "spring", CAMPAIGN_RESUME).code, ERR_STATE);
}

static void a_restart_goes_on_where_it_was(void **state)
{
    struct rig *r = *state;
    for (enum message_class c = 0; c < CLASS_COUNT; c++) {
        r->o.uncertain[c] = UNCERTAIN_FAIL; /* so that nobody may be seen twice */
    }
    rig_populate_many(r, GB, MANY);
    rig_start_bound(r);
    launched(r, "Hello");
    for (size_t stop = 40; stop < MANY; stop += 130) {
        rig_until_passing(r, r->smsc[0].n >= stop || rig_campaign_state(r, "spring") == CAMPAIGN_DONE);
        rig_restart(r);
    }
    rig_until_passing(r, rig_settled(r, 1) == MANY);
    rig_until(r, rig_campaign_state(r, "spring") == CAMPAIGN_DONE);
    for (unsigned i = 0; i < MANY; i++) {
        assert_true(rig_sent_to(&r->smsc[0], GB + i) <= 1);
    }
    struct spool_counts c = rig_counts(r, 1);
    assert_int_equal(c.by_state[MESSAGE_SENT] + c.by_state[MESSAGE_FAILED], MANY);
    assert_true(c.by_state[MESSAGE_FAILED] <= 6 * 20); /* a window and what was being claimed, each time */
    assert_int_equal(r->smsc[0].n >= c.by_state[MESSAGE_SENT], 1);
}

static void a_crash_after_the_last_claim_leaves_it_done(void **state)
{
    struct rig *r = *state;
    rig_populate_many(r, GB, 5);
    r->smsc[0].judge = rig_judge_wait;
    rig_start_bound(r);
    launched(r, "Hello");
    rig_until(r, r->smsc[0].n == 5);
    rig_until(r, rig_campaign_state(r, "spring") == CAMPAIGN_DONE);
    /* As it is when the last word was not written: */
    campaign_set_state(campaign_find(r->engine, STRV("spring")), CAMPAIGN_RUNNING, "test");
    rig_restart(r);
    assert_int_equal(rig_campaign_state(r, "spring"), CAMPAIGN_DONE);
}

static void a_closed_clock_waits_and_the_open_one_goes(void **state)
{
    static const char people[] = "phone,zone,name\n"
                                 "+447700900001,,a\n+447700900002,,b\n+447700900003,,c\n"
                                 "+12125550101,America/New_York,d\n+12125550102,America/New_York,e\n";
    struct rig *r = *state;
    clock_freeze(&r->clock, RIG_NOON - 2 * USEC_HOUR); /* 10:00 in London, 05:00 in New York */
    rig_populate(r, people);
    rig_start_bound(r);
    launched(r, "Hello");
    rig_until(r, sent_of(r) == 3);
    rig_pass(r, 30 * USEC_SEC);
    assert_int_equal(r->smsc[0].n, 3);
    assert_int_equal(rig_campaign_state(r, "spring"), CAMPAIGN_RUNNING);
    struct err e = { 0 };
    struct campaign_info *info = engine_campaign_get(r->engine, STRV("spring"), &e);
    assert_non_null(info);
    assert_int_equal(info->n_clocks, 2);
    usec_t opens = 0;
    for (size_t i = 0; i < 2; i++) {
        const struct campaign_clock_info *k = &info->clocks[i];
        assert_int_equal(k->claimed, k->open ? 3 : 0);
        opens = k->open ? opens : k->changes;
    }
    engine_campaign_free(info);
    assert_true(opens > clock_wall(&r->clock));
    clock_freeze(&r->clock, opens - USEC_SEC);
    rig_pass(r, 500 * USEC_MS);
    rig_quiet(r);
    assert_int_equal(r->smsc[0].n, 3); /* not a moment too early */
    clock_freeze(&r->clock, opens);
    rig_until_passing(r, rig_settled(r, 1) == 5);
    assert_true(r->smsc[0].submits[3].at >= opens && r->smsc[0].submits[4].at < opens + USEC_MINUTE);
    rig_until(r, rig_campaign_state(r, "spring") == CAMPAIGN_DONE);
}

static void hours_that_close_in_the_middle_leave_the_rest_for_the_morning(void **state)
{
    usec_t closes = RIG_NOON + 9 * USEC_HOUR; /* 21:00 in London */
    struct rig *r = *state;
    rig_populate_many(r, GB, 100);
    r->carriers[0].rate = r->carriers[0].burst = 10;
    clock_freeze(&r->clock, closes - 5 * USEC_SEC);
    rig_start_bound(r);
    launched(r, "Hello");
    rig_until_passing(r, clock_wall(&r->clock) > closes + 5 * USEC_SEC);
    size_t n = r->smsc[0].n;
    assert_in_range(n, 10, 60);
    for (size_t i = 0; i < n; i++) {
        /* The clock of the test runs on while what went in time is on its way. */
        assert_true(r->smsc[0].submits[i].at < closes + 2 * USEC_SEC);
        assert_string_not_equal(r->smsc[0].submits[i].validity, ""); /* useless after the window */
    }
    assert_int_equal(rig_campaign_state(r, "spring"), CAMPAIGN_RUNNING);
    clock_freeze(&r->clock, closes + 11 * USEC_HOUR - USEC_SEC);
    rig_quiet(r);
    assert_int_equal(r->smsc[0].n, n);
    rig_until_passing(r, rig_settled(r, 1) == 100);
    assert_true(r->smsc[0].submits[n].at >= closes + 11 * USEC_HOUR);
    assert_int_equal(r->smsc[0].n, 100);
    each_of_them_once(&r->smsc[0], 100);
}

static void who_opted_out_is_counted_and_gets_nothing(void **state)
{
    struct rig *r = *state;
    rig_populate_many(r, GB, 20);
    rig_start_bound(r);
    rig_consent(r, GB + 3, CONSENT_STOP);
    rig_consent(r, GB + 19, CONSENT_STOP);
    launched(r, "Hello");
    rig_until(r, rig_settled(r, 1) == 20);
    assert_int_equal(rig_counts(r, 1).by_state[MESSAGE_SUPPRESSED], 2);
    assert_int_equal(r->smsc[0].n, 18);
    assert_int_equal(rig_sent_to(&r->smsc[0], GB + 3), 0);
    rig_until(r, rig_campaign_state(r, "spring") == CAMPAIGN_DONE);
}

static void a_full_store_leaves_no_gap(void **state)
{
    struct rig *r = *state;
    rig_populate_many(r, GB, 300);
    r->carriers[0].rate = r->carriers[0].burst = 100;
    rig_start_bound(r);
    launched(r, "Hello");
    rig_until(r, r->smsc[0].n == 100);
    /* As when the reserve is reached: what begins something is refused. */
    rig_set_full(r, true);
    rig_pass(r, 3 * USEC_SEC);
    r->carriers[0].rate = 0; /* from now on nothing but the store holds it */
    assert_true(engine_reload(r->engine, &r->o, NULL));
    rig_quiet(r);
    size_t n = r->smsc[0].n;
    uint64_t asked = r->engine->spool->next_id;
    rig_quiet(r);
    assert_int_equal(r->engine->spool->next_id, asked); /* it is not asked again in every turn */
    rig_pass(r, 5 * USEC_SEC);
    assert_int_equal(r->smsc[0].n, n);
    assert_true(n < 300);
    struct buf problems = { 0 };
    engine_problems(r->engine, &problems);
    assert_true(problems.len > 0);
    buf_free(&problems);
    rig_set_full(r, false);
    rig_until_passing(r, rig_settled(r, 1) == 300);
    assert_int_equal(r->smsc[0].n, 300);
    each_of_them_once(&r->smsc[0], 300);
    rig_until(r, rig_campaign_state(r, "spring") == CAMPAIGN_DONE);
}

static void a_full_store_does_not_hold_up_what_is_accepted(void **state)
{
    struct rig *r = *state;
    rig_populate_many(r, GB, 300);
    r->carriers[0].window = 1;
    r->smsc[0].judge = rig_judge_wait;
    rig_start_bound(r);
    for (unsigned i = 0; i < 10; i++) {
        rig_send(r, CLASS_PROMOTIONAL, GB + 1000 + i, "Offer");
    }
    struct campaign_spec s = rig_spec("spring", "Hello");
    s.class_ = CLASS_TRANSACTIONAL; /* before the lane of the ten */
    assert_int_equal(rig_add(r, &s).code, ERR_NONE);
    assert_int_equal(rig_act(r, "spring", CAMPAIGN_START).code, ERR_NONE);
    rig_set_full(r, true);
    r->smsc[0].judge = NULL;
    rig_answer_all(&r->smsc[0]);
    usec_t begun = clock_wall(&r->clock);
    rig_until_passing(r, rig_settled(r, 0) >= 10);
    assert_true(clock_wall(&r->clock) - begun < 3 * USEC_SEC);
    rig_set_full(r, false);
    rig_until_passing(r, rig_settled(r, 1) == 300);
    each_of_them_once(&r->smsc[0], 300);
}

static void a_campaigns_own_rate_holds_nobody_else_up(void **state)
{
    struct rig *r = *state;
    rig_populate_many(r, GB, 30);
    rig_start_bound(r);
    struct campaign_spec slow = rig_spec("slow", "Slow"), fast = rig_spec("fast", "Fast");
    slow.rate = 1;
    slow.class_ = CLASS_TRANSACTIONAL;
    assert_int_equal(rig_add(r, &slow).code, ERR_NONE);
    assert_int_equal(rig_add(r, &fast).code, ERR_NONE);
    assert_int_equal(rig_act(r, "slow", CAMPAIGN_START).code, ERR_NONE);
    assert_int_equal(rig_act(r, "fast", CAMPAIGN_START).code, ERR_NONE);
    usec_t begun = clock_wall(&r->clock);
    rig_until_passing(r, rig_settled(r, 2) == 30);
    assert_true(clock_wall(&r->clock) - begun < 2 * USEC_SEC);
    rig_until_passing(r, rig_settled(r, 1) == 30);
    assert_true(clock_wall(&r->clock) - begun >= 28 * USEC_SEC);
}

static void a_carrier_that_is_down_holds_up_only_its_own(void **state)
{
    static const char people[] = "phone,zone,name\n+447700900001,,a\n+4915100000001,,b\n+447700900002,,c\n"
                                 "+4915100000002,,d\n+4915100000003,,e\n";
    struct rig *r = *state;
    rig_populate(r, people);
    rig_more_carriers(r);
    r->smsc[1].bind_status = SMPP_ESME_RSYSERR;
    rig_start_bound(r);
    launched(r, "Hello");
    rig_until_passing(r, sent_of(r) == 3);
    assert_int_equal(r->smsc[0].n, 3);
    rig_until_passing(r, rig_counts(r, 1).by_state[MESSAGE_READY] == 2);
    r->smsc[1].bind_status = 0;
    rig_until_passing(r, sent_of(r) == 5);
    assert_int_equal(r->smsc[1].n, 2);
    assert_int_equal(r->smsc[0].n, 3);
}

/* It has had its turn then, and is stored with the rest of its class: there it is looked for. */
static void what_was_parked_and_comes_back_goes_again(void **state)
{
    static const char people[] = "phone,zone,name\n+447700900001,,a\n+4915100000001,,b\n+447700900002,,c\n";
    struct rig *r = *state;
    struct smsc *m = &r->smsc[1];
    rig_populate(r, people);
    rig_more_carriers(r);
    m->judge = rig_judge_wait;
    m->bind_status = SMPP_ESME_RSYSERR;
    rig_start_bound(r);
    launched(r, "Hello");
    rig_until_passing(r, rig_counts(r, 1).by_state[MESSAGE_READY] == 2);
    m->bind_status = 0;
    rig_until_passing(r, m->n == 2);
    lane_again(r->engine->carriers[1], CLASS_PROMOTIONAL); /* as when a retry is due */
    rig_quiet(r);
    rig_answer(&m->submits[0], SMPP_ESME_RTHROTTLED);
    rig_answer(&m->submits[1], SMPP_ESME_ROK);
    m->judge = NULL;
    rig_until_passing(r, sent_of(r) == 3);
    assert_int_equal(m->n, 3);
}

static void carriers_that_wait_do_not_wake_each_other(void **state)
{
    struct rig *r = *state;
    struct buf people = { 0 };
    buf_printf(&people, "phone,zone,name\n");
    for (unsigned i = 0; i < 40; i++) {
        buf_printf(&people, "+4477009000%02u,,g\n+49151000000%02u,,h\n", i, i);
    }
    rig_populate(r, buf_cstr(&people));
    buf_free(&people);
    rig_more_carriers(r);
    r->carriers[1].window = 9; /* with the one of acme ten: it is the turn of the first campaign again */
    r->smsc[1].judge = rig_judge_wait;
    rig_start_bound(r);
    rig_until_passing(r, r->smsc[1].bound == 1);
    struct campaign_spec a = rig_spec("a", "Hello"), b = rig_spec("b", "Hello");
    a.rate = 1; /* to acme: waits for its own rate */
    a.segments[0] = STRV("not-g");
    b.segments[0] = STRV("g"); /* to beta: waits for room in the window */
    assert_int_equal(rig_add(r, &a).code, ERR_NONE);
    assert_int_equal(rig_add(r, &b).code, ERR_NONE);
    assert_int_equal(rig_act(r, "a", CAMPAIGN_START).code, ERR_NONE);
    assert_int_equal(rig_act(r, "b", CAMPAIGN_START).code, ERR_NONE);
    rig_until(r, r->smsc[1].n == 9 && r->smsc[0].n == 1);
    for (unsigned turn = 0; turn < 3; turn++) {
        rig_quiet(r);
        for (unsigned i = 0; i < 2; i++) {
            assert_null(r->engine->carriers[i]->dispatch.next); /* nothing is to be done in the next turn */
        }
    }
    r->smsc[1].judge = NULL;
    rig_answer_all(&r->smsc[1]);
    rig_until_passing(r, rig_settled(r, 1) == 40 && rig_settled(r, 2) == 40);
}

static void texts_that_cannot_be_sent_are_refused_with_a_reason(void **state)
{
    struct rig *r = *state;
    rig_populate_many(r, GB, 3);
    r->carriers[0].sender[0] = 0;
    rig_start_bound(r);
    struct campaign_spec nobody = rig_spec("nobody", "Hello"), empty = rig_spec("empty", "{{zone}}");
    nobody.sender = (struct strv){ 0 };
    assert_int_equal(rig_add(r, &nobody).code, ERR_NONE);
    assert_int_equal(rig_add(r, &empty).code, ERR_NONE);
    assert_int_equal(rig_act(r, "nobody", CAMPAIGN_START).code, ERR_NONE);
    assert_int_equal(rig_act(r, "empty", CAMPAIGN_START).code, ERR_NONE);
    rig_until_passing(r, rig_settled(r, 1) == 3 && rig_settled(r, 2) == 3);
    assert_int_equal(rig_counts(r, 1).failed_by_reason[REASON_BAD_SENDER], 3);
    assert_int_equal(rig_counts(r, 2).failed_by_reason[REASON_NO_TEXT], 3);
    assert_int_equal(r->smsc[0].n, 0);
}

struct two {
    unsigned done, fine;
};

static void two_added(void *ctx, const struct err *e)
{
    struct two *t = ctx;
    t->done++;
    t->fine += e->code == ERR_NONE;
}

static void names_are_given_once(void **state)
{
    struct rig *r = *state;
    rig_populate_many(r, GB, 3);
    rig_start_bound(r);
    struct campaign_spec s = rig_spec("spring", "Hello");
    struct two two = { 0, 0 };
    engine_campaign_add(r->engine, &s, two_added, &two);
    engine_campaign_add(r->engine, &s, two_added, &two);
    rig_until(r, two.done == 2);
    assert_int_equal(two.fine, 1);
    assert_int_equal(rig_act(r, "spring", CAMPAIGN_REMOVE).code, ERR_NONE);
    assert_int_equal(rig_act(r, "spring", CAMPAIGN_START).code, ERR_NOT_FOUND);
    assert_int_equal(rig_add(r, &s).code, ERR_NONE);
    rig_restart(r);
    assert_int_equal(rig_campaign_state(r, "spring"), CAMPAIGN_DRAFT);
    s.name = STRV("autumn");
    s.segments[0] = STRV("nobody");
    assert_int_equal(rig_add(r, &s).code, ERR_NOT_FOUND);
}

#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(everybody_gets_it_once_with_a_text_of_his_own),
        T(a_text_is_looked_at_again_when_it_starts),
        T(pause_and_resume_leave_no_gap_and_no_duplicate),
        T(cancel_ends_it_and_what_of_it_waits),
        T(a_restart_goes_on_where_it_was),
        T(a_crash_after_the_last_claim_leaves_it_done),
        T(a_closed_clock_waits_and_the_open_one_goes),
        T(hours_that_close_in_the_middle_leave_the_rest_for_the_morning),
        T(who_opted_out_is_counted_and_gets_nothing),
        T(a_full_store_leaves_no_gap),
        T(a_full_store_does_not_hold_up_what_is_accepted),
        T(a_campaigns_own_rate_holds_nobody_else_up),
        T(a_carrier_that_is_down_holds_up_only_its_own),
        T(what_was_parked_and_comes_back_goes_again),
        T(carriers_that_wait_do_not_wake_each_other),
        T(texts_that_cannot_be_sent_are_refused_with_a_reason),
        T(names_are_given_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
