/* Days, windows, ages and anniversaries of one instant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "audience/eval_time.h"
#include "base/buf.h"
#include "base/civil.h"
#include "query/parse.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static struct zones *zones;

static int setup(void **state)
{
    (void)state;
    zones = zones_new(NULL, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    zones_free(zones);
    return 0;
}

static usec_t at(const char *iso)
{
    int64_t t;
    bool offset, time;
    assert_true(civil_parse(strv_from(iso), &t, &offset, &time));
    return t;
}

static int32_t day(const char *iso)
{
    int32_t d;
    assert_true(civil_parse_date(strv_from(iso), &d));
    return d;
}

static const struct {
    const char *now, *window, *from, *to; /* UTC, both included; "" = before everything */
} window_cases[] = {
    /* summer time until 2026-10-25 03:00 */
    { "2026-10-26T10:00:00Z", "last 1 day", "2026-10-25T23:00:00Z", "2026-10-26T10:00:00Z" },
    { "2026-10-26T10:00:00Z", "last 2 days", "2026-10-24T22:00:00Z", "2026-10-26T10:00:00Z" },
    { "2026-10-26T10:00:00Z", "last 1 week", "2026-10-19T22:00:00Z", "2026-10-26T10:00:00Z" },
    { "2026-10-26T10:00:00Z", "last 48 hours", "2026-10-24T10:00:01Z", "2026-10-26T10:00:00Z" },
    { "2026-10-26T10:00:00.5Z", "last 1 hour", "2026-10-26T09:00:01Z", "2026-10-26T10:00:00Z" },
    { "2026-10-26T10:20:30Z", "this hour", "2026-10-26T10:00:00Z", "2026-10-26T10:20:30Z" },
    { "2026-10-25T01:20:00Z", "this hour", "2026-10-25T01:00:00Z", "2026-10-25T01:20:00Z" },
    { "2026-10-25T10:20:30Z", "this day", "2026-10-24T22:00:00Z", "2026-10-25T10:20:30Z" },
    { "2026-10-25T10:20:30Z", "this week", "2026-10-18T22:00:00Z", "2026-10-25T10:20:30Z" },
    { "2026-10-25T10:20:30Z", "this month", "2026-09-30T22:00:00Z", "2026-10-25T10:20:30Z" },
    { "2026-10-25T10:20:30Z", "this year", "2025-12-31T23:00:00Z", "2026-10-25T10:20:30Z" },
    { "2026-03-31T10:00:00Z", "last 1 month", "2026-02-28T23:00:00Z", "2026-03-31T10:00:00Z" },
    { "2024-02-29T10:00:00Z", "last 1 year", "2023-02-28T23:00:00Z", "2024-02-29T10:00:00Z" },
    { "2026-10-26T10:00:00Z", "between 2026-10-24 and 2026-10-25", "2026-10-23T22:00:00Z",
      "2026-10-25T22:59:59Z" },
    { "2026-10-26T10:00:00Z", "between 2 days ago and today", "2026-10-23T22:00:00Z",
      "2026-10-26T10:00:00Z" },
    { "2026-10-26T10:00:00Z", "between 2026-12-24 and 2026-12-25", "2026-12-23T23:00:00Z",
      "2026-10-26T10:00:00Z" },
    /* the local day has begun, that of UTC has not */
    { "2026-06-30T22:30:00Z", "last 1 day", "2026-06-30T22:00:00Z", "2026-06-30T22:30:00Z" },
    { "2026-06-30T22:30:00Z", "this month", "2026-06-30T22:00:00Z", "2026-06-30T22:30:00Z" },
};

static struct query *window_query(const char *window)
{
    struct buf b = { 0 };
    buf_printf(&b, "count(x, %s) > 0", window);
    struct query *q = query_parse(strv_from(buf_cstr(&b)), NULL, NULL);
    assert_non_null(q);
    buf_free(&b);
    return q;
}

static void test_windows(void **state)
{
    (void)state;
    const struct zone *berlin = zones ? zones_get(zones, STRV("Europe/Berlin"), NULL) : NULL;
    if (!berlin)
        skip();
    for (size_t i = 0; i < COUNT(window_cases); i++) {
        struct query *q = window_query(window_cases[i].window);
        struct eval_time t = eval_time_at(at(window_cases[i].now), berlin);
        struct eval_span s = eval_time_window(&t, &q->root->compare.left->aggregate.window);
        assert_string_equal(civil_format_utc(s.from * USEC_SEC).s, window_cases[i].from);
        assert_string_equal(civil_format_utc(s.to * USEC_SEC).s, window_cases[i].to);
        query_free(q);
    }
}

static void test_lifetime_is_everything_up_to_now(void **state)
{
    (void)state;
    struct query *q = window_query("lifetime");
    struct eval_time t = eval_time_at(at("2026-10-26T10:00:00Z"), NULL);
    struct eval_span s = eval_time_window(&t, &q->root->compare.left->aggregate.window);
    assert_true(s.from < -60000000000);
    assert_int_equal(s.to * USEC_SEC, t.now);
    query_free(q);
}

static const struct {
    const char *now, *window;
    enum query_unit unit;
    const char *units; /* first seconds, UTC; one after another */
} unit_cases[] = {
    { "2026-11-21T10:00:00Z", "last 3 months", QUERY_UNIT_MONTH,
      "2026-09-01T00:00:00Z 2026-10-01T00:00:00Z " },
    { "2026-11-30T10:00:00Z", "last 3 months", QUERY_UNIT_MONTH,
      "2026-09-01T00:00:00Z 2026-10-01T00:00:00Z 2026-11-01T00:00:00Z " },
    { "2026-11-21T10:00:00Z", "last 1 month", QUERY_UNIT_MONTH, "" },
    { "2026-11-21T10:00:00Z", "last 3 days", QUERY_UNIT_DAY,
      "2026-11-19T00:00:00Z 2026-11-20T00:00:00Z 2026-11-21T00:00:00Z " },
    { "2026-11-21T10:00:00Z", "last 14 days", QUERY_UNIT_WEEK, "2026-11-09T00:00:00Z " },
    { "2026-11-22T10:00:00Z", "last 14 days", QUERY_UNIT_WEEK, "2026-11-09T00:00:00Z 2026-11-16T00:00:00Z " },
    { "2026-11-22T10:20:00Z", "last 3 hours", QUERY_UNIT_HOUR, "2026-11-22T08:00:00Z 2026-11-22T09:00:00Z " },
    { "2026-11-22T10:20:00Z", "this year", QUERY_UNIT_YEAR, "" },
    { "2026-11-22T10:20:00Z", "between 2024-02-01 and 2026-01-01", QUERY_UNIT_YEAR, "2025-01-01T00:00:00Z " },
};

static void test_whole_units_of_a_window(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(unit_cases); i++) {
        struct query *q = window_query(unit_cases[i].window);
        struct eval_time t = eval_time_at(at(unit_cases[i].now), NULL);
        int64_t place;
        bool begun = false;
        struct eval_span s;
        struct buf b = { 0 };
        while (eval_time_next_unit(&t, &q->root->compare.left->aggregate.window, unit_cases[i].unit, &place,
                                   &begun, &s))
            buf_printf(&b, "%s ", civil_format_utc(s.from * USEC_SEC).s);
        assert_string_equal(buf_cstr(&b), unit_cases[i].units);
        buf_free(&b);
        query_free(q);
    }
}

static const struct {
    const char *birth, *today;
    int age;
} age_cases[] = {
    { "2000-05-20", "2026-05-19", 25 }, { "2000-05-20", "2026-05-20", 26 },
    { "2000-02-29", "2023-02-28", 22 }, { "2000-02-29", "2023-03-01", 23 },
    { "2000-02-29", "2024-02-28", 23 }, { "2000-02-29", "2024-02-29", 24 },
    { "2000-03-01", "2024-02-29", 23 }, { "1900-03-01", "2024-03-01", 124 },
    { "2026-05-20", "2026-05-19", -1 },
};

static void test_ages(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(age_cases); i++)
        assert_int_equal(eval_time_age(day(age_cases[i].today), day(age_cases[i].birth)), age_cases[i].age);
}

static void test_an_age_and_its_cutoff_are_the_same_thing(void **state)
{
    (void)state;
    for (int32_t today = day("2023-01-01"); today <= day("2025-01-01"); today += 1)
        for (int32_t years = -1; years <= 30; years++) {
            int32_t cutoff = eval_time_age_cutoff(today, years);
            assert_true(eval_time_age(today, cutoff) >= years);
            assert_true(eval_time_age(today, cutoff + 1) < years);
        }
}

static void test_anniversaries(void **state)
{
    (void)state;
    struct eval_anniversary a;
    eval_time_anniversaries(day("2026-12-30"), day("2027-03-01"), &a);
    assert_int_equal(a.year[12 * 32 + 30], 2026);
    assert_int_equal(a.year[12 * 32 + 29], INT32_MIN);
    assert_int_equal(a.year[1 * 32 + 1], 2027);
    assert_int_equal(a.year[3 * 32 + 1], 2027);
    assert_int_equal(a.year[2 * 32 + 29], 2027); /* on 1 March */
    eval_time_anniversaries(day("2028-02-29"), day("2028-02-29"), &a);
    assert_int_equal(a.year[2 * 32 + 29], 2028);
    eval_time_anniversaries(day("2028-03-01"), day("2028-03-01"), &a);
    assert_int_equal(a.year[2 * 32 + 29], INT32_MIN); /* has been the day before */
    eval_time_anniversaries(day("2000-01-01"), day("2028-03-01"), &a);
    assert_int_equal(a.year[6 * 32 + 30], 2027);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_lifetime_is_everything_up_to_now),
        cmocka_unit_test(test_whole_units_of_a_window),
        cmocka_unit_test(test_ages),
        cmocka_unit_test(test_an_age_and_its_cutoff_are_the_same_thing),
        cmocka_unit_test(test_anniversaries),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
