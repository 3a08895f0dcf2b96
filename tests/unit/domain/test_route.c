/* Routes: the longest prefix decides. */
#include "domain/route.h"
#include "support.h"

#include "base/random.h"

static void longest_prefix_then_default(void **state)
{
    (void)state;
    struct route *r = route_new();
    assert_int_equal(route_choose(r, 447700900123), ROUTE_NONE);
    assert_true(route_add(r, STRV("44"), 1, NULL));
    assert_true(route_add(r, STRV("+4477"), 2, NULL));
    assert_true(route_add(r, STRV("1"), 3, NULL));
    assert_int_equal(route_choose(r, 447700900123), 2);
    assert_int_equal(route_choose(r, 442070000000), 1);
    assert_int_equal(route_choose(r, 12015550123), 3);
    assert_int_equal(route_choose(r, 4915112345678), ROUTE_NONE);
    assert_int_equal(route_choose(r, 4), ROUTE_NONE);
    assert_int_equal(route_choose(r, 44), 1);
    assert_int_equal(route_choose(r, 0), ROUTE_NONE);
    route_set_default(r, 9);
    assert_int_equal(route_choose(r, 4915112345678), 9);
    route_set_default(r, -5);
    assert_int_equal(route_choose(r, 4915112345678), ROUTE_NONE);
    assert_int_equal(route_choose(r, UINT64_MAX), 3); /* begins with 1 */
    route_free(r);
    route_free(NULL);
}

static void prefixes_are_checked(void **state)
{
    (void)state;
    static const char *const bad[] = { "", "+", "0", "044", "4a", "44 77", "1234567890123456", "-1" };
    struct route *r = route_new();
    struct err e = { 0 };
    for (size_t i = 0; i < COUNT(bad); i++) {
        expect(!route_add(r, strv_from(bad[i]), 1, &e) && e.code == ERR_INVALID, "\"%s\"", bad[i]);
    }
    assert_true(route_add(r, STRV("123456789012345"), 1, &e));
    assert_false(route_add(r, STRV("+123456789012345"), 2, &e));
    assert_int_equal(e.code, ERR_EXISTS);
    assert_int_equal(route_rule_count(r), 1);
    assert_int_equal(route_choose(r, 123456789012345), 1);
    route_free(r);
}

static void agrees_with_a_plain_search(void **state)
{
    (void)state;
    struct rnd rnd;
    rnd_seed(&rnd, 15);
    for (int round = 0; round < 50; round++) {
        struct route *r = route_new();
        char prefixes[200][20];
        size_t n = 0;
        for (int i = 0; i < 200; i++) {
            uint64_t power = 1;
            for (uint64_t k = rnd_below(&rnd, 6); k > 0; k--) {
                power *= 10;
            }
            snprintf(prefixes[n], sizeof prefixes[n], "%llu",
                     (unsigned long long)(1 + rnd_below(&rnd, 9 * power)));
            n += route_add(r, strv_from(prefixes[n]), (uint16_t)n, NULL);
        }
        assert_int_equal(route_rule_count(r), n);
        for (int i = 0; i < 1000; i++) {
            char number[24];
            uint64_t v = 1 + rnd_below(&rnd, 1000000000);
            snprintf(number, sizeof number, "%llu", (unsigned long long)v);
            int best = ROUTE_NONE;
            size_t len = 0;
            for (size_t k = 0; k < n; k++) {
                size_t m = strlen(prefixes[k]);
                if (m > len && strncmp(number, prefixes[k], m) == 0) {
                    best = (int)k;
                    len = m;
                }
            }
            assert_int_equal(route_choose(r, v), best);
        }
        route_free(r);
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
