/* Prefixes: the longest prefix decides. */
#include "domain/prefixes.h"
#include "support.h"

#include "base/random.h"

static void longest_prefix_then_default(void **state)
{
    (void)state;
    struct prefixes *r = prefixes_new();
    assert_int_equal(prefixes_find(r, 447700900123), PREFIXES_NONE);
    assert_true(prefixes_add(r, STRV("44"), 1, NULL));
    assert_true(prefixes_add(r, STRV("+4477"), 2, NULL));
    assert_true(prefixes_add(r, STRV("1"), 3, NULL));
    assert_int_equal(prefixes_find(r, 447700900123), 2);
    assert_int_equal(prefixes_find(r, 442070000000), 1);
    assert_int_equal(prefixes_find(r, 12015550123), 3);
    assert_int_equal(prefixes_find(r, 4915112345678), PREFIXES_NONE);
    assert_int_equal(prefixes_find(r, 4), PREFIXES_NONE);
    assert_int_equal(prefixes_find(r, 44), 1);
    assert_int_equal(prefixes_find(r, 0), PREFIXES_NONE);
    prefixes_set_default(r, 9);
    assert_int_equal(prefixes_find(r, 4915112345678), 9);
    prefixes_set_default(r, -5);
    assert_int_equal(prefixes_find(r, 4915112345678), PREFIXES_NONE);
    assert_int_equal(prefixes_find(r, UINT64_MAX), 3); /* begins with 1 */
    prefixes_free(r);
    prefixes_free(NULL);
}

static void prefixes_are_checked(void **state)
{
    (void)state;
    static const char *const bad[] = { "", "+", "0", "044", "4a", "44 77", "1234567890123456", "-1" };
    struct prefixes *r = prefixes_new();
    struct err e = { 0 };
    for (size_t i = 0; i < COUNT(bad); i++) {
        expect(!prefixes_add(r, strv_from(bad[i]), 1, &e) && e.code == ERR_INVALID, "\"%s\"", bad[i]);
    }
    assert_true(prefixes_add(r, STRV("123456789012345"), 1, &e));
    assert_false(prefixes_add(r, STRV("+123456789012345"), 2, &e));
    assert_int_equal(e.code, ERR_EXISTS);
    assert_int_equal(prefixes_count(r), 1);
    assert_int_equal(prefixes_find(r, 123456789012345), 1);
    prefixes_free(r);
}

static void agrees_with_a_plain_search(void **state)
{
    (void)state;
    struct rnd rnd;
    rnd_seed(&rnd, 15);
    for (int round = 0; round < 50; round++) {
        struct prefixes *r = prefixes_new();
        char prefixes[200][20];
        size_t n = 0;
        for (int i = 0; i < 200; i++) {
            uint64_t power = 1;
            for (uint64_t k = rnd_below(&rnd, 6); k > 0; k--) {
                power *= 10;
            }
            snprintf(prefixes[n], sizeof prefixes[n], "%llu",
                     (unsigned long long)(1 + rnd_below(&rnd, 9 * power)));
            n += prefixes_add(r, strv_from(prefixes[n]), (uint16_t)n, NULL);
        }
        assert_int_equal(prefixes_count(r), n);
        for (int i = 0; i < 1000; i++) {
            char number[24];
            uint64_t v = 1 + rnd_below(&rnd, 1000000000);
            snprintf(number, sizeof number, "%llu", (unsigned long long)v);
            int best = PREFIXES_NONE;
            size_t len = 0;
            for (size_t k = 0; k < n; k++) {
                size_t m = strlen(prefixes[k]);
                if (m > len && strncmp(number, prefixes[k], m) == 0) {
                    best = (int)k;
                    len = m;
                }
            }
            assert_int_equal(prefixes_find(r, v), best);
        }
        prefixes_free(r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(longest_prefix_then_default),
        cmocka_unit_test(prefixes_are_checked),
        cmocka_unit_test(agrees_with_a_plain_search),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
