/* A time given for sending, as the instant for each recipient's clock. */
#include "engine/schedule.h"

#include "base/civil.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "facts_fixture.h"

static int setup(void **state)
{
    (void)state;
    return facts_setup("Asia/Tokyo", 0);
}

static void a_reading_is_an_instant_in_each_zone(void **state)
{
    static const struct {
        const char *clock, *reading, *instant;
    } ROWS[] = {
        { "DE Europe/Berlin", "2026-12-01T10:00", "2026-12-01T09:00:00Z" },
        { "DE Europe/Berlin", "2026-07-01T10:00", "2026-07-01T08:00:00Z" },
        { "NZ Pacific/Auckland", "2026-12-01T10:00", "2026-11-30T21:00:00Z" },
        /* a number that may be in one of several zones: the last of them */
        { "US America/Chicago,America/New_York", "2026-12-01T10:00", "2026-12-01T16:00:00Z" },
        { "RU Asia/Vladivostok,Europe/Kaliningrad", "2026-12-01T10:00", "2026-12-01T08:00:00Z" },
        /* a reading that the change to summer time leaves out: when the clocks are put forward */
        { "DE Europe/Berlin", "2026-03-29T02:30", "2026-03-29T01:00:00Z" },
        /* one that comes twice: the first */
        { "DE Europe/Berlin", "2026-10-25T02:30", "2026-10-25T00:30:00Z" },
        /* no zone known: the instance's own */
        { "ZZ -", "2026-12-01T10:00", "2026-12-01T01:00:00Z" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct engine_schedule s = { at(ROWS[i].reading), true };
        uint32_t clock = clocks_intern(facts->clocks, strv_from(ROWS[i].clock), NULL);
        assert_string_equal(civil_format_utc(schedule_instant(facts, &s, clock)).s, ROWS[i].instant);
    }
}

static void an_instant_is_the_same_for_all(void **state)
{
    struct engine_schedule s = { at("2026-12-01T10:00:00+01:00"), false }, none = { 0, false };
    uint32_t clock = clocks_intern(facts->clocks, STRV("NZ Pacific/Auckland"), NULL);
    (void)state;
    assert_int_equal(schedule_instant(facts, &s, clock), at("2026-12-01T09:00:00Z"));
    assert_int_equal(schedule_instant(facts, &none, clock), 0);
}

static void what_is_past_everywhere_is_a_mistake(void **state)
{
    static const struct {
        const char *when;
        bool local, fine;
    } ROWS[] = {
        { "2026-11-22T11:58:00", true, true },   { "2026-11-22T00:00:00", true, true },
        { "2026-11-21T23:58:00", true, false },  { "2026-11-22T12:00:00Z", false, true },
        { "2026-11-22T11:59:30Z", false, true }, { "2026-11-22T11:58:00Z", false, false },
    };
    struct engine_schedule none = { 0, false };
    (void)state;
    assert_true(schedule_check(&none, at("2026-11-22T12:00:00Z"), NULL));
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct err e = { 0 };
        struct engine_schedule s = { at(ROWS[i].when), ROWS[i].local };
        assert_int_equal(schedule_check(&s, at("2026-11-22T12:00:00Z"), &e), ROWS[i].fine);
        assert_int_equal(e.code, ROWS[i].fine ? ERR_NONE : ERR_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reading_is_an_instant_in_each_zone),
        cmocka_unit_test(an_instant_is_the_same_for_all),
        cmocka_unit_test(what_is_past_everywhere_is_a_mistake),
    };
    return cmocka_run_group_tests(tests, setup, facts_teardown);
}
