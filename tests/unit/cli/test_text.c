/* Given values, how people see them. */
#include "support.h"

#include "base/utf8.h"
#include "cli/text.h"

#include <stdlib.h>
#include <time.h>

static void test_counts(void **state)
{
    static const struct {
        int64_t n;
        const char *want;
    } CASES[] = { { 0, "0" },
                  { 7, "7" },
                  { 999, "999" },
                  { 1000, "1,000" },
                  { 12345, "12,345" },
                  { 123456, "123,456" },
                  { 1234567, "1,234,567" },
                  { -1, "-1" },
                  { -1000, "-1,000" },
                  { INT64_MAX, "9,223,372,036,854,775,807" },
                  { INT64_MIN, "-9,223,372,036,854,775,808" } };
    (void)state;
    for (size_t i = 0; i < COUNT(CASES); i++) {
        assert_string_equal(text_count(CASES[i].n).s, CASES[i].want);
    }
}

static void test_sizes(void **state)
{
    static const struct {
        uint64_t n;
        const char *want;
    } CASES[] = { { 0, "0 B" },
                  { 1023, "1023 B" },
                  { 1024, "1.0 KiB" },
                  { 1536, "1.5 KiB" },
                  { (1 << 20) - 1, "1.0 MiB" }, /* and not 1024.0 KiB */
                  { 1 << 20, "1.0 MiB" },
                  { UINT64_C(64) << 30, "64.0 GiB" },
                  { UINT64_MAX, "16.0 EiB" } };
    (void)state;
    for (size_t i = 0; i < COUNT(CASES); i++) {
        assert_string_equal(text_size(CASES[i].n).s, CASES[i].want);
    }
}

static void test_durations(void **state)
{
    static const struct {
        usec_t d;
        const char *want, *remaining;
    } CASES[] = {
        { 0, "0 ms", "0:00" },
        { 340 * USEC_MS, "340 ms", "0:01" },
        { 999 * USEC_MS + 600, "1.0 s", "0:01" },
        { 2400 * USEC_MS, "2.4 s", "0:03" },
        { 9960 * USEC_MS, "10 s", "0:10" },
        { 59 * USEC_SEC, "59 s", "0:59" },
        { 59700 * USEC_MS, "1 m 00 s", "1:00" },
        { 65 * USEC_SEC, "1 m 05 s", "1:05" },
        { 3 * USEC_HOUR + 20 * USEC_MINUTE, "3 h 20 m", "3:20:00" },
        { 52 * USEC_HOUR, "2 d 4 h", "52:00:00" },
        { -90 * USEC_SEC, "-1 m 30 s", "0:00" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(CASES); i++) {
        assert_string_equal(text_duration(CASES[i].d).s, CASES[i].want);
        assert_string_equal(text_remaining(CASES[i].d).s, CASES[i].remaining);
    }
}

static void test_shares(void **state)
{
    static const struct {
        int64_t part, whole;
        const char *want;
    } CASES[] = { { 0, 0, "" },
                  { 0, 10, "0 %" },
                  { 10, 10, "100 %" },
                  { 617, 1000, "61.7 %" },
                  { 1, 1000000, "< 0.1 %" },
                  { 999999, 1000000, "> 99.9 %" },
                  { 1, 3, "33.3 %" } };
    (void)state;
    for (size_t i = 0; i < COUNT(CASES); i++) {
        assert_string_equal(text_percent(CASES[i].part, CASES[i].whole).s, CASES[i].want);
    }
}

static void test_instants_are_local(void **state)
{
    (void)state;
    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    tzset();
    assert_string_equal(text_instant(1795298405 * USEC_SEC + 999).s, "2026-11-21 23:00:05 CET");
    assert_string_equal(text_minute(1782900000 * USEC_SEC).s, "2026-07-01 12:00 CEST");
    assert_string_equal(text_instant(-1).s, "1970-01-01 00:59:59 CET");
    assert_string_equal(text_instant(0).s, "-");
    assert_string_equal(text_instant(USEC_NEVER).s, "-");
}

static void test_texts_of_others_cannot_steer_the_terminal(void **state)
{
    static const struct {
        const char *text, *want;
    } CASES[] = {
        { "Grüße, 李 🙂", "Grüße, 李 🙂" },
        { "a\nb\tc\r", "a\\nb\\tc\\r" },
        { "\033[2J", "<U+001B>[2J" },
        { "\x7f", "<U+007F>" },
        { "\xC2\x9B"
          "31m",
          "<U+009B>31m" }, /* CSI in one character */
        { "a\xE2\x80\xAE"
          "b",
          "a<U+202E>b" }, /* right-to-left override */
        { "a\xFF"
          "b",
          "a\xEF\xBF\xBD"
          "b" }, /* not UTF-8 */
        { "", "" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct buf out = { 0 };
        text_put_clean(&out, strv_from(CASES[i].text));
        assert_string_equal(buf_cstr(&out), CASES[i].want);
        buf_free(&out);
    }
}

static void test_bars(void **state)
{
    static const struct {
        int64_t part, whole;
        bool unicode;
        const char *want;
    } CASES[] = {
        { 5, 10, false, "#####" }, { 10, 10, false, "##########" }, { 1, 1000000, false, "#" },
        { 0, 10, false, "" },      { 20, 10, false, "##########" }, { 1, 0, false, "" },
        { 5, 10, true, "█████" },  { 25, 100, true, "██▌" },        { 1, 1000000, true, "▏" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct buf out = { 0 };
        text_put_bar(&out, CASES[i].part, CASES[i].whole, 10, CASES[i].unicode);
        assert_string_equal(buf_cstr(&out), CASES[i].want);
        buf_free(&out);
    }
}

static void test_csv_fields(void **state)
{
    static const struct {
        const char *text, *want;
    } CASES[] = { { "", "" },
                  { "plain", "plain" },
                  { "a,b", "\"a,b\"" },
                  { "a\"b", "\"a\"\"b\"" },
                  { "a\nb", "\"a\nb\"" },
                  { " a", "\" a\"" },
                  { "\"", "\"\"\"\"" } };
    (void)state;
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct buf out = { 0 };
        text_put_csv(&out, strv_from(CASES[i].text));
        assert_string_equal(buf_cstr(&out), CASES[i].want);
        buf_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_shares),
        cmocka_unit_test(test_instants_are_local),
        cmocka_unit_test(test_texts_of_others_cannot_steer_the_terminal),
        cmocka_unit_test(test_bars),
        cmocka_unit_test(test_csv_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
