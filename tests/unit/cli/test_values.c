/* Given what people write for durations, sizes and instants, what is meant. */
#include "support.h"

#include "base/civil.h"
#include "cli/values.h"

#include <stdlib.h>
#include <time.h>

static void test_durations(void **state)
{
    static const struct {
        const char *text;
        usec_t want; /* -1: refused */
    } CASES[] = {
        { "90s", 90 * USEC_SEC },
        { "5m", 5 * USEC_MINUTE },
        { "24h", USEC_DAY },
        { "1h30m", 90 * USEC_MINUTE },
        { "1.5h", 90 * USEC_MINUTE },
        { "2d4h", 52 * USEC_HOUR },
        { "1w", 7 * USEC_DAY },
        { "500ms", USEC_SEC / 2 },
        { "1s500ms", 1500 * USEC_MS },
        { "2H", 2 * USEC_HOUR },
        { "0s", 0 },
        { "400d", 400 * USEC_DAY },
        { "", -1 },
        { "30", -1 },
        { "m", -1 },
        { "-5m", -1 },
        { "5 m", -1 },
        { "5x", -1 },
        { "1.h", -1 },
        { "1.2.3h", -1 },
        { "5m1h", -1 }, /* largest first */
        { "5m5m", -1 },
        { "401d", -1 },
        { "300d300d", -1 },
        { "1w9223372036854s", -1 },
        { "200d400000h", -1 },
        { "99999999999999999999s", -1 },
        { "9223372036854775807w", -1 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(CASES); i++) {
        usec_t got = -1;
        struct err e = { 0 };
        bool ok = values_parse_duration(strv_from(CASES[i].text), &got, &e);
        if (ok != (CASES[i].want >= 0) || (ok && got != CASES[i].want)) {
            fail_msg("\"%s\": %s, %lld", CASES[i].text, ok ? "taken" : e.text, (long long)got);
        }
    }
}

static void test_a_number_without_unit_is_told_how(void **state)
{
    usec_t got;
    struct err e = { 0 };
    (void)state;
    assert_false(values_parse_duration(STRV("30"), &got, &e));
    assert_string_equal(e.text, "has no unit; write 30s, 30m or 30h");
}

static void test_sizes(void **state)
{
    static const struct {
        const char *text;
        int64_t want;
    } CASES[] = {
        { "0", 0 },          { "4096", 4096 },    { "64K", 65536 },
        { "1M", 1 << 20 },   { "1MiB", 1 << 20 }, { "1.5m", 3 << 19 },
        { "2G", 2LL << 30 }, { "1 M", -1 },       { "", -1 },
        { "M", -1 },         { "-1", -1 },        { "1MB", -1 },
        { "9e9", -1 },       { "1M1", -1 },       { "9223372036854775807G", -1 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(CASES); i++) {
        uint64_t got = 0;
        bool ok = values_parse_size(strv_from(CASES[i].text), &got, NULL);
        if (ok != (CASES[i].want >= 0) || (ok && got != (uint64_t)CASES[i].want)) {
            fail_msg("\"%s\": %d, %llu", CASES[i].text, ok, (unsigned long long)got);
        }
    }
}

static void test_instants(void **state)
{
    /* In Berlin: 23 March 2026 is winter, 1 July is summer; on 29 March 02:30 does not exist. */
    static const struct {
        const char *text, *want; /* NULL: refused; else in UTC */
    } CASES[] = {
        { "2026-11-21T18:30:00Z", "2026-11-21T18:30:00Z" },
        { "2026-11-21T18:30:00+01:00", "2026-11-21T17:30:00Z" },
        { "2026-03-23 18:30", "2026-03-23T17:30:00Z" },
        { "2026-07-01 18:30:15", "2026-07-01T16:30:15Z" },
        { "2026-07-01", "2026-06-30T22:00:00Z" },
        { "2026-03-29 02:30", "2026-03-29T01:30:00Z" },
        { "tomorrow", NULL },
        { "18:30", NULL },
        { "2026-13-01", NULL },
        { "", NULL },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct values_instant t;
        bool ok = values_parse_instant(strv_from(CASES[i].text), &t, NULL);
        if (ok != (CASES[i].want != NULL)) {
            fail_msg("\"%s\": %d", CASES[i].text, ok);
        } else if (ok) {
            assert_false(t.relative);
            assert_string_equal(civil_format_utc(t.usec).s, CASES[i].want);
        }
    }
}

static void test_relative_instants(void **state)
{
    static const struct {
        const char *text;
        int64_t want;
    } CASES[] = {
        { "now", 0 }, { "+2h", 2 * USEC_HOUR }, { "-30m", -30 * USEC_MINUTE }, { "+1d12h", 36 * USEC_HOUR }
    };
    struct values_instant t;
    (void)state;
    for (size_t i = 0; i < COUNT(CASES); i++) {
        assert_true(values_parse_instant(strv_from(CASES[i].text), &t, NULL));
        assert_true(t.relative);
        assert_int_equal(t.usec, CASES[i].want);
    }
    assert_false(values_parse_instant(STRV("+"), &t, NULL));
    assert_false(values_parse_instant(STRV("+2"), &t, NULL));
}

static int in_berlin(void **state)
{
    (void)state;
    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    tzset();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_a_number_without_unit_is_told_how),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_instants),
        cmocka_unit_test(test_relative_instants),
    };
    return cmocka_run_group_tests(tests, in_berlin, NULL);
}
