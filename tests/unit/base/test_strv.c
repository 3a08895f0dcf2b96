#include "base/strv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static void views_compare_by_content(void **state)
{
    (void)state;
    struct strv none = { NULL, 0 };
    assert_true(strv_eq(none, STRV("")));
    assert_true(strv_eq(strv_from(NULL), none));
    assert_true(strv_eq_c(STRV("abc"), "abc"));
    assert_false(strv_eq_c(STRV("abc"), "abcd"));
    assert_false(strv_eq(STRV("a\0b"), STRV("a\0c")));
    assert_true(strv_ieq_c(STRV("SeGment"), "sEgMENT"));
    assert_false(strv_ieq_c(STRV("a["), "A{")); /* 0x5b and 0x7b differ in the case bit, but are no letters */
    assert_true(strv_starts(STRV("+4477"), STRV("+44")));
    assert_true(strv_starts(STRV("x"), none));
    assert_false(strv_starts(STRV("+4"), STRV("+44")));
}

static void order_is_that_of_octets_then_length(void **state)
{
    (void)state;
    static const char *const sorted[] = { "", "A", "Aa", "B", "a", "aa", "ab", "\xc3\xa9" };
    const int n = sizeof sorted / sizeof sorted[0];
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++) {
            int got = strv_cmp(strv_from(sorted[i]), strv_from(sorted[j]));
            assert_int_equal((got > 0) - (got < 0), (i > j) - (i < j));
        }
    }
}

static void trimming_takes_ascii_white_space_only(void **state)
{
    (void)state;
    assert_true(strv_eq_c(strv_trim(STRV(" \t\r\n\v\f a b \n")), "a b"));
    assert_true(strv_eq_c(strv_trim(STRV("   ")), ""));
    assert_true(strv_eq_c(strv_trim((struct strv){ NULL, 0 }), ""));
    assert_true(strv_eq_c(strv_trim(STRV("\xc2\xa0x")), "\xc2\xa0x"));
}

static void a_part_is_clamped_to_the_view(void **state)
{
    (void)state;
    assert_true(strv_eq_c(strv_sub(STRV("hello"), 1, 3), "ell"));
    assert_true(strv_eq_c(strv_sub(STRV("hello"), 3, SIZE_MAX), "lo"));
    assert_true(strv_eq_c(strv_sub(STRV("hello"), 5, 1), ""));
    assert_true(strv_eq_c(strv_sub(STRV("hello"), SIZE_MAX, SIZE_MAX), ""));
    assert_true(strv_eq_c(strv_sub((struct strv){ NULL, 0 }, 0, 4), ""));
}

static void fields_come_one_by_one(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *fields[4];
    } rows[] = {
        { "a,,b", { "a", "", "b" } }, { "", { NULL } },  { "one", { "one" } },
        { ",x", { "", "x" } },        { "a,", { "a" } }, { ",", { "" } },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct strv rest = strv_from(rows[i].text), field;
        size_t n = 0;
        for (; strv_next(&rest, ',', &field); n++) {
            assert_non_null(rows[i].fields[n]);
            assert_true(strv_eq_c(field, rows[i].fields[n]));
        }
        assert_null(rows[i].fields[n]);
    }
}

static void whole_numbers_are_read_strictly(void **state)
{
    (void)state;
    static const char *const bad_u[] = {
        "", "-1", "+1", " 1", "1 ", "0x1", "1.0", "18446744073709551616", "99999999999999999999"
    };
    uint64_t u = 7;
    for (size_t i = 0; i < sizeof bad_u / sizeof bad_u[0]; i++) {
        assert_false(strv_to_u64(strv_from(bad_u[i]), &u));
        assert_int_equal(u, 7);
    }
    assert_true(strv_to_u64(STRV("18446744073709551615"), &u));
    assert_true(u == UINT64_MAX);
    assert_true(strv_to_u64(STRV("007"), &u));
    assert_true(u == 7);

    static const char *const bad_i[] = {
        "", "-", "+", "--1", "+-1", "9223372036854775808", "-9223372036854775809", "1e3"
    };
    int64_t v = 7;
    for (size_t i = 0; i < sizeof bad_i / sizeof bad_i[0]; i++) {
        assert_false(strv_to_i64(strv_from(bad_i[i]), &v));
        assert_int_equal(v, 7);
    }
    assert_true(strv_to_i64(STRV("-9223372036854775808"), &v));
    assert_true(v == INT64_MIN);
    assert_true(strv_to_i64(STRV("+9223372036854775807"), &v));
    assert_true(v == INT64_MAX);
    assert_true(strv_to_i64(STRV("-0"), &v));
    assert_true(v == 0);
}

static void copies_end_with_nul(void **state)
{
    (void)state;
    char *s = strv_dup(strv_sub(STRV("hello"), 1, 3));
    assert_string_equal(s, "ell");
    free(s);
    s = strv_dup((struct strv){ NULL, 0 });
    assert_string_equal(s, "");
    free(s);

    char four[4] = { 'x', 'x', 'x', 'x' };
    assert_true(strv_copy(STRV("abc"), four, sizeof four));
    assert_string_equal(four, "abc");
    assert_false(strv_copy(STRV("abcd"), four, sizeof four));
    assert_string_equal(four, "abc");
    assert_true(strv_copy((struct strv){ NULL, 0 }, four, 1));
    assert_string_equal(four, "");
}

static void distance_counts_edits_and_swaps(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        unsigned distance;
    } rows[] = {
        { "", "", 0 },
        { "", "abc", 3 },
        { "gender", "gendr", 1 },
        { "gender", "gendre", 1 },
        { "kitten", "sitting", 3 },
        { "abcd", "badc", 2 },
        { "same", "same", 0 },
        { "ca", "abc", 3 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(strv_distance(strv_from(rows[i].a), strv_from(rows[i].b)), rows[i].distance);
        assert_int_equal(strv_distance(strv_from(rows[i].b), strv_from(rows[i].a)), rows[i].distance);
    }
    char most[64], more[65];
    memset(most, 'a', sizeof most);
    memset(more, 'a', sizeof more);
    assert_int_equal(strv_distance((struct strv){ most, 64 }, STRV("")), 64);
    assert_int_equal(strv_distance((struct strv){ more, 65 }, STRV("a")), 99);
}

static void a_name_has_letters_digits_and_three_signs(void **state)
{
    (void)state;
    static const char *const names[] = { "", "spring", "Spring-2026_v1.0", "a", "-", "Z9" };
    static const char *const others[] = { " ", "spring sale", "a/b", "caf\xc3\xa9", "a\n", "a:" };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_true(strv_is_name(strv_from(names[i])));
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_false(strv_is_name(strv_from(others[i])));
    }
    assert_false(strv_is_name((struct strv){ "a\0b", 3 }));
}

static void a_secret_is_compared_in_whole(void **state)
{
    (void)state;
    assert_true(strv_eq_secret(STRV("letmein"), STRV("letmein")));
    assert_true(strv_eq_secret(STRV(""), STRV("")));
    const char *wrong[] = { "", "l", "letmei", "letmein1", "letmeiN", "Letmein", "letmeinletmein" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_false(strv_eq_secret(STRV("letmein"), strv_from(wrong[i])));
        assert_false(strv_eq_secret(strv_from(wrong[i]), STRV("letmein")));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_has_letters_digits_and_three_signs),
        cmocka_unit_test(views_compare_by_content),
        cmocka_unit_test(order_is_that_of_octets_then_length),
        cmocka_unit_test(trimming_takes_ascii_white_space_only),
        cmocka_unit_test(a_part_is_clamped_to_the_view),
        cmocka_unit_test(fields_come_one_by_one),
        cmocka_unit_test(whole_numbers_are_read_strictly),
        cmocka_unit_test(copies_end_with_nul),
        cmocka_unit_test(distance_counts_edits_and_swaps),
        cmocka_unit_test(a_secret_is_compared_in_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
