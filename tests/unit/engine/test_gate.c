#include "base/civil.h"
#include "engine/gate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "facts_fixture.h"

#define LONDON UINT64_C(447700900001)

static int setup(void **state)
{
    (void)state;
    return facts_setup("Europe/Berlin", 5 * USEC_MINUTE);
}

static enum gate_answer ask(struct gate *t, enum message_class c, usec_t valid_until, const char *when,
                            usec_t *until)
{
    usec_t closes;
    return gate_ask(t, LONDON, clocks_of_number(facts->clocks, LONDON), c, valid_until, at(when), until,
                    &closes);
}

static void the_cached_answer_is_that_of_the_rules_at_every_minute(void **state)
{
    (void)state;
    struct gate t;
    gate_init(&t, facts);
    uint32_t clock = clocks_of_number(facts->clocks, LONDON);
    for (usec_t w = at("2026-03-27T00:00:00Z"); w < at("2026-03-31T00:00:00Z"); w += USEC_MINUTE) {
        for (enum message_class c = 0; c < CLASS_COUNT; c++) {
            bool allowed = quiet_allowed(facts->quiet, clock, c, w, NULL);
            assert_int_equal(gate_quiet(&t, clock, c, w)->open, allowed);
        }
    }
    gate_free(&t);
}

static void a_clock_that_goes_back_is_noticed(void **state)
{
    (void)state;
    struct gate t;
    usec_t until;
    gate_init(&t, facts);
    assert_int_equal(ask(&t, CLASS_PROMOTIONAL, 0, "2026-11-18T12:00:00Z", &until), GATE_OPEN);
    assert_int_equal(ask(&t, CLASS_PROMOTIONAL, 0, "2026-11-18T03:00:00Z", &until), GATE_CLOSED);
    assert_true(until > at("2026-11-18T03:00:00Z") && until < at("2026-11-18T12:00:00Z"));
    assert_int_equal(ask(&t, CLASS_OTP, 0, "2026-11-18T03:00:00Z", &until), GATE_OPEN);
    gate_free(&t);
}

static void suppression_is_the_last_question_and_holds_for_every_class(void **state)
{
    (void)state;
    struct gate t;
    usec_t until;
    gate_init(&t, facts);
    assert_true(gate_suppress(&t, LONDON));
    for (enum message_class c = 0; c < CLASS_COUNT; c++) {
        assert_int_equal(ask(&t, c, 0, "2026-11-18T12:00:00Z", &until), GATE_SUPPRESSED);
    }
    assert_int_equal(ask(&t, CLASS_PROMOTIONAL, 0, "2026-11-18T03:00:00Z", &until), GATE_SUPPRESSED);
    gate_unsuppress(&t, LONDON, t.stops);
    assert_int_equal(ask(&t, CLASS_OTP, 0, "2026-11-18T12:00:00Z", &until), GATE_OPEN);
    gate_free(&t);
}

static void what_is_stale_is_not_sent(void **state)
{
    (void)state;
    struct gate t;
    usec_t until;
    gate_init(&t, facts);
    assert_int_equal(ask(&t, CLASS_OTP, at("2026-11-18T12:00:00Z"), "2026-11-18T12:00:00Z", &until),
                     GATE_STALE);
    assert_int_equal(ask(&t, CLASS_OTP, at("2026-11-18T12:00:00Z"), "2026-11-18T11:59:59Z", &until),
                     GATE_OPEN);
    gate_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_cached_answer_is_that_of_the_rules_at_every_minute),
        cmocka_unit_test(a_clock_that_goes_back_is_noticed),
        cmocka_unit_test(suppression_is_the_last_question_and_holds_for_every_class),
        cmocka_unit_test(what_is_stale_is_not_sent),
    };
    return cmocka_run_group_tests(tests, setup, facts_teardown);
}
