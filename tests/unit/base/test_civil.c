#include "base/civil.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

static void known_days(void **state)
{
    (void)state;
    static const struct {
        int year;
        unsigned month, day;
        int32_t days;
        unsigned weekday; /* 0 = Monday */
    } rows[] = {
        { 1970, 1, 1, 0, 3 },         { 1969, 12, 31, -1, 2 },    { 2000, 2, 29, 11016, 1 },
        { 2000, 3, 1, 11017, 2 },     { 2026, 11, 21, 20778, 5 }, { 1, 1, 1, -719162, 0 },
        { 9999, 12, 31, 2932896, 4 }, { 0, 3, 1, -719468, 2 },    { 1900, 3, 1, -25508, 3 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(civil_days(rows[i].year, rows[i].month, rows[i].day), rows[i].days);
        assert_int_equal(civil_weekday(rows[i].days), rows[i].weekday);
    }
}

static void every_day_of_ten_thousand_years_round_trips(void **state)
{
    (void)state;
    /* given a naive calendar that counts on day by day, when each is converted both ways, then they agree */
    int32_t days = civil_days(1, 1, 1);
    unsigned weekday = civil_weekday(days);
    for (int32_t year = 1; year <= 9999; year++) {
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        assert_int_equal(civil_is_leap(year), leap);
        for (unsigned month = 1; month <= 12; month++) {
            unsigned length = month == 2                                              ? (leap ? 29 : 28)
                              : month == 4 || month == 6 || month == 9 || month == 11 ? 30
                                                                                      : 31;
            assert_int_equal(civil_month_length(year, month), length);
            for (unsigned day = 1; day <= length; day++, days++) {
                int32_t y;
                unsigned m, d;
                civil_from_days(days, &y, &m, &d);
                if (civil_days(year, month, day) != days || y != year || m != month || d != day ||
                    civil_weekday(days) != weekday) {
                    fail_msg("%d-%u-%u", (int)year, month, day);
                }
                weekday = weekday == 6 ? 0 : weekday + 1;
            }
        }
    }
    assert_int_equal(civil_month_length(2026, 0), 0);
    assert_int_equal(civil_month_length(2026, 13), 0);
}

static void instants_round_trip_on_both_sides_of_the_epoch(void **state)
{
    (void)state;
    for (int64_t at = -400 * 366 * USEC_DAY; at < 400 * 366 * USEC_DAY;
         at += 977 * USEC_MINUTE * 60 + 1234567) {
        struct civil c = civil_from_usec(at);
        assert_true(civil_valid(&c));
        assert_true(civil_to_usec(&c) == at);
    }
    struct civil before = civil_from_usec(-1);
    assert_int_equal(before.year, 1969);
    assert_int_equal(before.second, 59);
    assert_int_equal(before.usec, 999999);
    struct civil first = civil_from_usec(INT64_MIN), last = civil_from_usec(INT64_MAX);
    assert_true(civil_to_usec(&first) == INT64_MIN);
    assert_true(civil_to_usec(&last) == INT64_MAX);
    struct civil beyond = { .year = 400000, .month = 1, .day = 1 },
                 before_all = { .year = -400000, .month = 1, .day = 1 };
    assert_true(civil_to_usec(&beyond) == INT64_MAX);
    assert_true(civil_to_usec(&before_all) == INT64_MIN);
}

static void months_are_added_with_the_day_clamped(void **state)
{
    (void)state;
    static const struct {
        const char *from;
        int months;
        const char *to;
    } rows[] = {
        { "2026-01-31", 1, "2026-02-28" },  { "2024-01-31", 1, "2024-02-29" },
        { "2024-02-29", 12, "2025-02-28" }, { "2026-11-21", 2, "2027-01-21" },
        { "2026-01-15", -1, "2025-12-15" }, { "2026-03-31", -13, "2025-02-28" },
        { "2026-05-31", 0, "2026-05-31" },  { "2026-12-31", 1200, "2126-12-31" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int32_t from, to;
        assert_true(civil_parse_date(strv_from(rows[i].from), &from));
        assert_true(civil_parse_date(strv_from(rows[i].to), &to));
        assert_int_equal(civil_add_months(from, rows[i].months), to);
    }
}

static void texts_that_are_times(void **state)
{
    (void)state;
    static const struct {
        const char *text, *utc;
        bool offset, time;
    } rows[] = {
        { "2026-11-21", "2026-11-21T00:00:00Z", false, false },
        { "2026-11-21T22:10", "2026-11-21T22:10:00Z", false, true },
        { "2026-11-21 22:10:05", "2026-11-21T22:10:05Z", false, true },
        { "2026-11-21T22:10:05.5Z", "2026-11-21T22:10:05.500Z", true, true },
        { "2026-11-21T22:10:05.123456789Z", "2026-11-21T22:10:05.123Z", true, true },
        { "2026-11-21T22:10:05+01:00", "2026-11-21T21:10:05Z", true, true },
        { "2026-11-21T22:10-03:30", "2026-11-22T01:40:00Z", true, true },
        { "2026-11-21T22:10Z", "2026-11-21T22:10:00Z", true, true },
        { "0001-01-01", "0001-01-01T00:00:00Z", false, false },
        { "9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z", true, true },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t usec;
        bool offset, time;
        if (!civil_parse(strv_from(rows[i].text), &usec, &offset, &time)) {
            fail_msg("%s", rows[i].text);
        }
        assert_string_equal(civil_format_utc(usec).s, rows[i].utc);
        assert_int_equal(offset, rows[i].offset);
        assert_int_equal(time, rows[i].time);
    }
    int64_t usec;
    assert_true(civil_parse(STRV("2026-11-21"), &usec, NULL, NULL));
    assert_true(usec == 20778 * USEC_DAY);
}

static void texts_that_are_not(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "2026",
        "2026-11",
        "2026-11-31",
        "2026-02-29",
        "2026-00-10",
        "2026-13-10",
        "2026-11-00",
        "0000-01-01",
        "26-11-21",
        "2026-1-21",
        "2026/11/21",
        "+2026-11-21",
        "2026-11-21T",
        "2026-11-21T22",
        "2026-11-21T24:00",
        "2026-11-21T22:60",
        "2026-11-21T22:10:60",
        "2026-11-21T22:10:05.",
        "2026-11-21T22:10:05.1234567891",
        "2026-11-21T22:10:05+0100",
        "2026-11-21T22:10:05+24:00",
        "2026-11-21T22:10:05+01:60",
        "2026-11-21T22:10:05Zx",
        "2026-11-21Z",
        "2026-11-21T22:10z",
        "2026-11-21  22:10",
        " 2026-11-21",
        "2026-11-21 ",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t usec;
        bool offset, time;
        if (civil_parse(strv_from(rows[i]), &usec, &offset, &time)) {
            fail_msg("%s", rows[i]);
        }
    }
    int32_t days;
    assert_false(civil_parse_date(STRV("2026-11-21T00:00"), &days));
    /* every octet of a good text matters: any prefix that ends inside a field is refused */
    const char *good = "2026-11-21T22:10:05.5+01:00";
    for (size_t n = 0; n < strlen(good); n++) {
        int64_t usec;
        bool ok = civil_parse((struct strv){ good, n }, &usec, NULL, NULL);
        assert_int_equal(ok, n == 10 || n == 16 || n == 19 || n == 21);
    }
}

static void texts_written(void **state)
{
    (void)state;
    int64_t t = 20778 * USEC_DAY + 22 * USEC_HOUR;
    assert_string_equal(civil_format_date(20778).s, "2026-11-21");
    assert_string_equal(civil_format_date(civil_days(1, 1, 1)).s, "0001-01-01");
    assert_string_equal(civil_format_utc(t).s, "2026-11-21T22:00:00Z");
    assert_string_equal(civil_format_utc(t + 7 * USEC_MS).s, "2026-11-21T22:00:00.007Z");
    assert_string_equal(civil_format_local(t + USEC_HOUR, 3600).s, "2026-11-21T23:00:00+01:00");
    assert_string_equal(civil_format_local(t, 0).s, "2026-11-21T22:00:00+00:00");
    assert_string_equal(civil_format_local(t - 12600 * USEC_SEC, -12600).s, "2026-11-21T18:30:00-03:30");
    /* the far ends of the type stay inside the text's room */
    assert_true(strlen(civil_format_utc(INT64_MAX).s) < sizeof(struct civil_text));
    assert_true(strlen(civil_format_utc(INT64_MIN).s) < sizeof(struct civil_text));
    assert_true(strlen(civil_format_local(INT64_MIN, INT32_MIN).s) < sizeof(struct civil_text));
    assert_true(strlen(civil_format_date(INT32_MIN).s) < sizeof(struct civil_text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_days),
        cmocka_unit_test(every_day_of_ten_thousand_years_round_trips),
        cmocka_unit_test(instants_round_trip_on_both_sides_of_the_epoch),
        cmocka_unit_test(months_are_added_with_the_day_clamped),
        cmocka_unit_test(texts_that_are_times),
        cmocka_unit_test(texts_that_are_not),
        cmocka_unit_test(texts_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
