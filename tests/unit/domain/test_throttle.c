/* Limits composed: all or none, and one instant that is exact. */
#include "domain/throttle.h"
#include "support.h"

#include "base/random.h"

static void all_or_none(void **state)
{
    (void)state;
    struct bucket a, b;
    struct throttle t;
    bucket_init(&a, 10, 5, 0);
    bucket_init(&b, 1, 1, 0);
    throttle_init(&t);
    throttle_add(&t, &a, "a");
    throttle_add(&t, NULL, "none");
    throttle_add(&t, &b, "b");
    throttle_add(&t, &a, "again");
    assert_int_equal(t.count, 2);
    assert_true(throttle_take(&t, 1, 0));
    assert_false(throttle_take(&t, 1, 0));
    /* The refused one took nothing of the first bucket: four are left of five. */
    assert_true(bucket_take(&a, 4, 0));
    assert_false(bucket_take(&a, 1, 0));
}

static void the_slowest_decides(void **state)
{
    (void)state;
    struct bucket a, b;
    struct throttle t;
    const char *which = "?";
    bucket_init(&a, 10, 1, 0);
    bucket_init(&b, 1, 1, 0);
    throttle_init(&t);
    assert_true(throttle_when(&t, 1, 7, &which) == 7); /* no limit at all */
    assert_null(which);
    assert_true(throttle_take(&t, 1, 7));
    throttle_add(&t, &a, "carrier rate");
    throttle_add(&t, &b, "sender rate");
    assert_true(throttle_when(&t, 1, 0, &which) == 0);
    assert_null(which);
    assert_true(throttle_take(&t, 1, 0));
    assert_true(throttle_when(&t, 1, 0, &which) == USEC_SEC);
    assert_string_equal(which, "sender rate");
    throttle_not_before(&t, 3 * USEC_SEC, "carrier asked to slow down");
    throttle_not_before(&t, 2 * USEC_SEC, "earlier");
    assert_true(throttle_when(&t, 1, 0, &which) == 3 * USEC_SEC);
    assert_string_equal(which, "carrier asked to slow down");
    assert_false(throttle_take(&t, 1, 2 * USEC_SEC));
    assert_true(throttle_take(&t, 1, 3 * USEC_SEC));
    bucket_set_rate(&a, -1, 1, 3 * USEC_SEC);
    assert_true(throttle_when(&t, 1, 9 * USEC_SEC, &which) == USEC_NEVER);
    assert_string_equal(which, "carrier rate");
}

static void too_many_limits_are_closed_and_not_forgotten(void **state)
{
    (void)state;
    struct bucket many[THROTTLE_MAX + 1];
    struct throttle t;
    throttle_init(&t);
    for (size_t i = 0; i < COUNT(many); i++) {
        bucket_init(&many[i], 0, 1, 0);
        throttle_add(&t, &many[i], "x");
    }
    assert_true(throttle_when(&t, 1, 5, NULL) == USEC_NEVER);
    assert_false(throttle_take(&t, 1, 5));
}

/* At the instant it names everything can be taken, a microsecond before it cannot; and over any run no bucket
 * gives more than its rate and burst. */
static void the_instant_is_exact_and_no_limit_is_exceeded(void **state)
{
    (void)state;
    struct rnd r;
    rnd_seed(&r, 14);
    for (int round = 0; round < 300; round++) {
        struct bucket b[4];
        struct throttle t;
        int64_t rate[4], burst[4], taken = 0;
        usec_t now = (usec_t)rnd_below(&r, 1000000000), start = now;
        size_t n = 1 + rnd_below(&r, 4);
        throttle_init(&t);
        for (size_t i = 0; i < n; i++) {
            rate[i] = 1 + (int64_t)rnd_below(&r, 5000);
            burst[i] = 3 + (int64_t)rnd_below(&r, 100);
            bucket_init(&b[i], rate[i], burst[i], now);
            throttle_add(&t, &b[i], "b");
        }
        for (int step = 0; step < 200; step++) {
            int64_t cost = 1 + (int64_t)rnd_below(&r, 3);
            usec_t at = throttle_when(&t, cost, now, NULL);
            assert_true(at >= now && at != USEC_NEVER);
            assert_true(at == now || !throttle_take(&t, cost, at - 1));
            now = at;
            assert_true(throttle_take(&t, cost, now));
            taken += cost;
            for (size_t i = 0; i < n; i++) {
                assert_true((double)taken <=
                            (double)rate[i] * (double)(now - start) / 1e6 + (double)burst[i] + 1e-6);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_or_none),
        cmocka_unit_test(the_slowest_decides),
        cmocka_unit_test(too_many_limits_are_closed_and_not_forgotten),
        cmocka_unit_test(the_instant_is_exact_and_no_limit_is_exceeded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
