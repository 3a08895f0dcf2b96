#include "support.h"

#include "smpp/time.h"

#include <inttypes.h>

static void absolute_times_are_instants(void **state)
{
    (void)state;
    static const struct {
        const char *text, *utc;
    } cases[] = {
        { "000101000000000+", "2000-01-01T00:00:00Z" },
        { "201020182347832+", "2020-10-20T10:23:47.800Z" },
        { "111019080000704-", "2011-10-19T09:00:00.700Z" },
        { "991231235959948-", "2100-01-01T11:59:59.900Z" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct smpp_time t;
        assert_true(smpp_time_parse(strv_from(cases[i].text), &t));
        assert_int_equal(t.kind, SMPP_TIME_ABSOLUTE);
        assert_string_equal(civil_format_utc(smpp_time_instant(&t, 0)).s, cases[i].utc);
    }
}

static void what_is_no_time_is_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "000101000000000",   "000101000000000*",
        "00010100000000+",   "000230000000000+",
        "001301000000000+",  "000101240000000+",
        "000101006000000+",  "000101000060000+",
        "000101000000049+",  "0001010000000a0+",
        "00010100000000 R",  "-00101000000000+",
        "020610233429000RX", "0",
    };
    struct smpp_time t;
    for (size_t i = 0; i < COUNT(cases); i++)
        if (smpp_time_parse(strv_from(cases[i]), &t))
            fail_msg("taken: %s", cases[i]);
}

static void relative_times_follow_the_calendar(void **state)
{
    (void)state;
    static const struct {
        const char *now, *text, *then;
    } cases[] = {
        { "2026-01-31T10:00:00Z", "000100000000000R", "2026-02-28T10:00:00Z" }, /* the day is clamped */
        { "2024-02-29T00:00:00Z", "010000000000000R", "2025-02-28T00:00:00Z" },
        { "2026-11-21T22:00:00Z", "000007000000000R", "2026-11-28T22:00:00Z" },
        { "2026-11-21T22:00:00Z", "000000020000500R", "2026-11-22T00:00:00.500Z" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct smpp_time t;
        int64_t now;
        bool offset, time;
        assert_true(civil_parse(strv_from(cases[i].now), &now, &offset, &time));
        assert_true(smpp_time_parse(strv_from(cases[i].text), &t));
        assert_string_equal(civil_format_utc(smpp_time_instant(&t, now)).s, cases[i].then);
    }
}

static void instants_and_durations_are_written(void **state)
{
    (void)state;
    char out[SMPP_TIME_SIZE];
    assert_true(smpp_time_from_instant(INT64_C(1795298400) * USEC_SEC + 750000, out));
    assert_string_equal(out, "261121220000700+");
    assert_false(smpp_time_from_instant(0, out)); /* 1970 has no two digits of its own */
    assert_string_equal(out, "");

    static const struct {
        usec_t duration;
        const char *text;
    } cases[] = {
        { 0, "000000000000000R" },
        { USEC_SEC - 1, "000000000000000R" },
        { 90 * USEC_MINUTE, "000000013000000R" },
        { 2 * USEC_DAY + 3 * USEC_SEC, "000002000003000R" },
        { 400 * USEC_DAY, "000030000000000R" }, /* cut: months and years differ in length */
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_true(smpp_time_from_duration(cases[i].duration, out));
        assert_string_equal(out, cases[i].text);
    }
    assert_false(smpp_time_from_duration(-1, out));
}

static void fields_out_of_range_are_not_written(void **state)
{
    (void)state;
    char out[SMPP_TIME_SIZE];
    struct smpp_time t = { .kind = SMPP_TIME_ABSOLUTE, .year = 2026, .month = 2, .day = 30 };
    assert_false(smpp_time_format(&t, out));
    t.day = 28;
    assert_true(smpp_time_format(&t, out));
    t.offset_minutes = 7;
    assert_false(smpp_time_format(&t, out));
    t = (struct smpp_time){ .kind = SMPP_TIME_RELATIVE, .hour = 100 };
    assert_false(smpp_time_format(&t, out));
}

/* "2011-10-19T08:00:00.7-01:00", "7 days", "1 y 2 mo 3 d ...", "2017-01-01T00:00:00Z + this =
 * 2017-01-02T00:00:00Z" */
static void check_relative(const struct smpp_time *t, const char *meaning)
{
    static const struct {
        const char *unit;
        size_t field;
    } units[] = {
        { "y", offsetof(struct smpp_time, year) },   { "mo", offsetof(struct smpp_time, month) },
        { "d", offsetof(struct smpp_time, day) },    { "days", offsetof(struct smpp_time, day) },
        { "h", offsetof(struct smpp_time, hour) },   { "min", offsetof(struct smpp_time, minute) },
        { "s", offsetof(struct smpp_time, second) },
    };
    double value;
    char unit[8];
    int used;
    while (sscanf(meaning, "%lf %7[a-z]%n", &value, unit, &used) == 2) {
        size_t u = 0;
        while (u < COUNT(units) && strcmp(units[u].unit, unit) != 0)
            u++;
        assert_true(u < COUNT(units));
        const uint8_t *field = (const uint8_t *)t + units[u].field;
        unsigned got = units[u].field == offsetof(struct smpp_time, year) ? t->year : *field;
        assert_int_equal(got, (unsigned)value);
        if (strcmp(unit, "s") == 0)
            assert_int_equal(t->tenth, (unsigned)(value * 10 + 0.5) % 10);
        meaning += used;
        meaning += strspn(meaning, " ");
    }
}

static void conformance_vectors(void **state)
{
    (void)state;
    FILE *f = vectors_open("smpp-time.tsv");
    char line[1024], *c[4], again[SMPP_TIME_SIZE];
    int rows = 0;
    for (int n; (n = vectors_row(f, line, sizeof line, c, 4)) >= 0; rows++) {
        assert_int_equal(n, 4);
        struct smpp_time t;
        int64_t want, now;
        bool offset, time, ok = smpp_time_parse(strv_from(c[0]), &t);
        if (strcmp(c[1], "error") == 0) {
            assert_false(ok);
            continue;
        }
        assert_true(ok);
        assert_true(smpp_time_format(&t, again));
        if (strcmp(c[0], "020610233429000-") != 0) /* minus zero is written as plus zero */
            assert_string_equal(again, c[0]);
        char *sum = strstr(c[2], " + this = ");
        if (strcmp(c[2], "none") == 0) {
            assert_int_equal(t.kind, SMPP_TIME_NONE);
        } else if (sum) {
            assert_true(civil_parse((struct strv){ c[2], (size_t)(sum - c[2]) }, &now, &offset, &time));
            assert_true(civil_parse(strv_from(sum + strlen(" + this = ")), &want, &offset, &time));
            assert_true(smpp_time_instant(&t, now) == want);
        } else if (strcmp(c[1], "absolute") == 0) {
            assert_int_equal(t.kind, SMPP_TIME_ABSOLUTE);
            assert_true(civil_parse(strv_from(c[2]), &want, &offset, &time));
            assert_true(offset);
            assert_true(smpp_time_instant(&t, 0) == want);
        } else {
            assert_int_equal(t.kind, SMPP_TIME_RELATIVE);
            check_relative(&t, c[2]);
        }
    }
    fclose(f);
    assert_true(rows >= 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(absolute_times_are_instants),
        cmocka_unit_test(what_is_no_time_is_refused),
        cmocka_unit_test(relative_times_follow_the_calendar),
        cmocka_unit_test(instants_and_durations_are_written),
        cmocka_unit_test(fields_out_of_range_are_not_written),
        cmocka_unit_test(conformance_vectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
