#include "base/decimal.h"
#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static void texts_at_a_given_scale(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned scale;
        bool good;
        int64_t units;
    } rows[] = {
        { "-12.5", 2, true, -1250 },
        { "12", 2, true, 1200 },
        { "+12.34", 2, true, 1234 },
        { "0.10", 1, true, 1 },
        { "12.345", 2, false, 0 },
        { "12.340", 2, true, 1234 },
        { "12.3400000000000000000", 2, true, 1234 },
        { "007", 0, true, 7 },
        { "-0", 3, true, 0 },
        { "9223372036854775807", 0, true, INT64_MAX },
        { "-9223372036854775808", 0, true, INT64_MIN },
        { "9223372036854775808", 0, false, 0 },
        { "-9223372036854775809", 0, false, 0 },
        { "-9223372036.854775808", 9, true, INT64_MIN },
        { "9223372036.854775808", 9, false, 0 },
        { "99999999999999999999999999", 0, false, 0 },
        { "", 0, false, 0 },
        { "-", 0, false, 0 },
        { ".5", 1, false, 0 },
        { "5.", 1, false, 0 },
        { "1,5", 1, false, 0 },
        { "1e3", 0, false, 0 },
        { " 1", 0, false, 0 },
        { "1 ", 0, false, 0 },
        { "--1", 0, false, 0 },
        { "1.2.3", 4, false, 0 },
        { "0x10", 0, false, 0 },
        { "nan", 0, false, 0 },
        { "1", 10, false, 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t units = 0;
        bool ok = decimal_parse(strv_from(rows[i].text), rows[i].scale, &units);
        if (ok != rows[i].good || (ok && units != rows[i].units)) {
            fail_msg("\"%s\" at %u gave %d, %lld", rows[i].text, rows[i].scale, ok, (long long)units);
        }
    }
}

static void a_text_knows_its_own_scale(void **state)
{
    (void)state;
    int64_t units;
    unsigned scale;
    assert_true(decimal_parse_any(STRV("1.50"), &units, &scale));
    assert_int_equal(units, 150);
    assert_int_equal(scale, 2);
    assert_true(decimal_parse_any(STRV("-3"), &units, &scale));
    assert_int_equal(units, -3);
    assert_int_equal(scale, 0);
    assert_true(decimal_parse_any(STRV("0.00000000100"), &units, &scale));
    assert_int_equal(units, 1);
    assert_int_equal(scale, 9);
    assert_false(decimal_parse_any(STRV("0.0000000001"), &units, &scale));
    assert_false(decimal_parse_any(STRV("x"), &units, &scale));
}

static void scales_change_only_without_loss(void **state)
{
    (void)state;
    int64_t out = 0;
    assert_true(decimal_rescale(-125, 1, 3, &out));
    assert_int_equal(out, -12500);
    assert_true(decimal_rescale(-12500, 3, 1, &out));
    assert_int_equal(out, -125);
    assert_false(decimal_rescale(-12501, 3, 1, &out));
    assert_false(decimal_rescale(INT64_MAX, 0, 1, &out));
    assert_false(decimal_rescale(INT64_MIN, 0, 1, &out));
    assert_true(decimal_rescale(INT64_MIN, 4, 4, &out));
    assert_true(out == INT64_MIN);
    assert_false(decimal_rescale(0, 10, 0, &out));
}

static void comparison_is_exact_over_scales(void **state)
{
    (void)state;
    assert_int_equal(decimal_cmp(150, 2, 15, 1), 0);
    assert_int_equal(decimal_cmp(151, 2, 15, 1), 1);
    assert_int_equal(decimal_cmp(-151, 2, -15, 1), -1);
    assert_int_equal(decimal_cmp(INT64_MAX, 0, INT64_MAX, 9), 1);
    assert_int_equal(decimal_cmp(INT64_MIN, 0, INT64_MIN, 9), -1);
    /* a binary fraction cannot tell these apart: 2^53 + 1 against 2^53 */
    assert_int_equal(decimal_cmp(9007199254740993, 0, 90071992547409920, 1), 1);
}

static void every_value_round_trips_through_its_text(void **state)
{
    (void)state;
    struct rnd rnd;
    rnd_seed(&rnd, 3);
    for (int i = 0; i < 20000; i++) {
        int64_t units = (int64_t)(rnd_u64(&rnd)) >> rnd_below(&rnd, 64), back, back_short;
        unsigned scale = (unsigned)rnd_below(&rnd, 10);
        struct decimal_text t = decimal_format(units, scale);
        assert_true(decimal_parse(strv_from(t.s), scale, &back));
        assert_true(back == units);
        assert_true(decimal_parse(strv_from(decimal_format_short(units, scale).s), scale, &back_short));
        assert_true(back_short == units);
    }
}

static void texts_written(void **state)
{
    (void)state;
    assert_string_equal(decimal_format(1250, 2).s, "12.50");
    assert_string_equal(decimal_format(-5, 3).s, "-0.005");
    assert_string_equal(decimal_format(7, 0).s, "7");
    assert_string_equal(decimal_format(INT64_MIN, 9).s, "-9223372036.854775808");
    assert_string_equal(decimal_format(INT64_MIN, 0).s, "-9223372036854775808");
    assert_string_equal(decimal_format_short(1250, 2).s, "12.5");
    assert_string_equal(decimal_format_short(1200, 2).s, "12");
    assert_string_equal(decimal_format_short(0, 4).s, "0");
    assert_string_equal(decimal_format_short(100, 0).s, "100");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_at_a_given_scale),
        cmocka_unit_test(a_text_knows_its_own_scale),
        cmocka_unit_test(scales_change_only_without_loss),
        cmocka_unit_test(comparison_is_exact_over_scales),
        cmocka_unit_test(every_value_round_trips_through_its_text),
        cmocka_unit_test(texts_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
