#include "base/bucket.h"
#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>

/* The reference: exact rational arithmetic in 128 bits, in micro-tokens, without any shortcut. */
struct exact {
    __int128 rate, burst, level;
    usec_t at;
};

static void exact_accrue(struct exact *e, usec_t now)
{
    if (now > e->at) {
        e->level += e->rate * (now - e->at);
        if (e->level > e->burst * 1000000) {
            e->level = e->burst * 1000000;
        }
        e->at = now;
    }
}

static bool exact_take(struct exact *e, int64_t cost, usec_t now)
{
    exact_accrue(e, now);
    __int128 need = (cost < e->burst ? cost : e->burst) * (__int128)1000000;
    if (e->level < need) {
        return false;
    }
    e->level -= cost * (__int128)1000000;
    return true;
}

static void it_agrees_with_exact_arithmetic(void **state)
{
    (void)state;
    struct rnd rnd;
    rnd_seed(&rnd, 9);
    for (int round = 0; round < 200; round++) {
        int64_t rate = 1 + (int64_t)rnd_below(&rnd, round % 2 ? 10 : 200000);
        int64_t burst = 1 + (int64_t)rnd_below(&rnd, (uint64_t)rate);
        usec_t now = (usec_t)rnd_below(&rnd, (uint64_t)(USEC_DAY * 365));
        struct bucket b;
        struct exact e = { rate, burst, (__int128)burst * 1000000, now };
        bucket_init(&b, rate, burst, now);
        for (int step = 0; step < 500; step++) {
            now += (usec_t)rnd_below(&rnd, (uint64_t)(3 * USEC_SEC / rate + 2));
            int64_t cost = 1 + (int64_t)rnd_below(&rnd, step % 20 ? 3 : (uint64_t)burst * 2 + 1);
            usec_t when = bucket_when(&b, cost, now);
            bool took = bucket_take(&b, cost, now);
            assert_int_equal(took, when == now);
            assert_int_equal(took, exact_take(&e, cost, now));
            assert_true(b.level == (int64_t)e.level);
        }
    }
}

static void it_never_gives_more_than_the_rate_and_the_burst(void **state)
{
    (void)state;
    /* given any pattern of hungry takers, then over EVERY interval the parts given are at most rate*t + burst
     */
    enum { EVENTS = 600 };
    struct rnd rnd;
    rnd_seed(&rnd, 10);
    for (int round = 0; round < 20; round++) {
        int64_t rate = 1 + (int64_t)rnd_below(&rnd, 1000), burst = 1 + (int64_t)rnd_below(&rnd, 50);
        usec_t at[EVENTS], now = 0;
        int64_t cost[EVENTS];
        struct bucket b;
        bucket_init(&b, rate, burst, now);
        int n = 0;
        for (int step = 0; n < EVENTS && step < 100000; step++) {
            int64_t c = 1 + (int64_t)rnd_below(&rnd, (uint64_t)(burst < 5 ? burst : 5));
            if (bucket_take(&b, c, now)) {
                at[n] = now;
                cost[n++] = c;
            } else {
                now += rnd_below(&rnd, 2) ? bucket_when(&b, c, now) - now : (usec_t)rnd_below(&rnd, 100000);
            }
        }
        assert_int_equal(n, EVENTS);
        for (int i = 0; i < n; i++) {
            __int128 given = 0;
            for (int k = i; k < n; k++) {
                given += cost[k];
                assert_true(given * 1000000 <= (__int128)rate * (at[k] - at[i]) + (__int128)burst * 1000000);
            }
        }
    }
}

static void a_hungry_taker_gets_the_whole_rate(void **state)
{
    (void)state;
    /* given 7 a second, which divides no second evenly, when one waits exactly as told for an hour, then
     * nothing of the rate is lost to rounding: the waits round up, but the remainders stay in the level */
    struct bucket b;
    usec_t now = 0, end = USEC_HOUR;
    int64_t given = 0;
    bucket_init(&b, 7, 1, now);
    for (;;) {
        now = bucket_when(&b, 1, now);
        if (now > end) {
            break;
        }
        assert_true(bucket_take(&b, 1, now));
        given++;
    }
    assert_in_range(given, 7 * 3600 - 1, 7 * 3600 + 1);
}

static void when_is_the_earliest_instant(void **state)
{
    (void)state;
    struct rnd rnd;
    rnd_seed(&rnd, 11);
    for (int i = 0; i < 5000; i++) {
        int64_t rate = 1 + (int64_t)rnd_below(&rnd, 5000), burst = 1 + (int64_t)rnd_below(&rnd, 20);
        struct bucket b;
        bucket_init(&b, rate, burst, 1000);
        while (bucket_take(&b, 1, 1000)) {
        }
        int64_t cost = 1 + (int64_t)rnd_below(&rnd, 30);
        usec_t when = bucket_when(&b, cost, 1000);
        assert_true(when > 1000);
        struct bucket early = b, right = b;
        assert_false(bucket_take(&early, cost, when - 1));
        assert_true(bucket_take(&right, cost, when));
    }
}

static void a_cost_above_the_burst_is_given_when_full_and_leaves_a_debt(void **state)
{
    (void)state;
    struct bucket b;
    bucket_init(&b, 10, 2, 0);
    assert_true(bucket_take(&b, 6, 0)); /* full: given; four are owed */
    assert_int_equal(b.level, -4000000);
    assert_true(bucket_when(&b, 1, 0) == 500 * USEC_MS);
    assert_false(bucket_take(&b, 1, 499999));
    assert_true(bucket_take(&b, 1, 500000));
    assert_false(bucket_take(&b, 6, 600000)); /* not full */
    assert_true(bucket_when(&b, 6, 600000) == 700000);
}

static void no_limit_and_closed(void **state)
{
    (void)state;
    struct bucket b;
    bucket_init(&b, 0, 0, 0);
    for (int i = 0; i < 1000; i++) {
        assert_true(bucket_take(&b, INT64_MAX, 0));
    }
    assert_true(bucket_when(&b, INT64_MAX, 5) == 5);
    bucket_init(&b, -1, 10, 0);
    assert_false(bucket_take(&b, 1, USEC_DAY));
    assert_true(bucket_when(&b, 1, USEC_DAY) == USEC_NEVER);
    bucket_init(&b, 5, 0, 0); /* a burst below 1 would never give anything */
    assert_true(bucket_take(&b, 1, 0));
    assert_false(bucket_take(&b, 1, 0));
}

static void what_has_accrued_survives_a_new_rate(void **state)
{
    (void)state;
    struct bucket b;
    bucket_init(&b, 10, 10, 0);
    for (int i = 0; i < 10; i++) {
        assert_true(bucket_take(&b, 1, 0));
    }
    bucket_set_rate(&b, 100, 10, 200 * USEC_MS); /* two tokens by then */
    assert_true(bucket_take(&b, 2, 200 * USEC_MS));
    assert_false(bucket_take(&b, 1, 200 * USEC_MS));
    assert_true(bucket_take(&b, 1, 210 * USEC_MS));
    bucket_set_rate(&b, -1, 10, 250 * USEC_MS); /* four more, then closed: they keep, but do not grow */
    assert_false(bucket_take(&b, 1, USEC_SEC));
    bucket_set_rate(&b, 1, 10, 10 * USEC_SEC);
    assert_true(bucket_take(&b, 4, 10 * USEC_SEC));
    assert_false(bucket_take(&b, 1, 10 * USEC_SEC));
    bucket_set_rate(&b, 100, 3, 20 * USEC_SEC); /* a smaller burst cuts what is above it */
    assert_true(bucket_take(&b, 3, 20 * USEC_SEC));
    assert_false(bucket_take(&b, 1, 20 * USEC_SEC));
    bucket_set_rate(&b, 0, 0, 30 * USEC_SEC);
    bucket_set_rate(&b, 10, 5, 30 * USEC_SEC); /* from no limit: full, and no more than that */
    assert_true(bucket_take(&b, 5, 30 * USEC_SEC));
    assert_false(bucket_take(&b, 1, 30 * USEC_SEC));
}

static void given_back_tokens_never_exceed_the_burst(void **state)
{
    (void)state;
    struct bucket b;
    bucket_init(&b, 1, 3, 0);
    assert_true(bucket_take(&b, 2, 0));
    bucket_give_back(&b, 1);
    assert_true(bucket_take(&b, 2, 0));
    assert_false(bucket_take(&b, 1, 0));
    bucket_give_back(&b, INT64_MAX);
    assert_true(bucket_take(&b, 3, 0));
    assert_false(bucket_take(&b, 1, 0));
    assert_true(bucket_take(&b, 0, 0));
    assert_true(bucket_take(&b, -5, 0));
    assert_false(bucket_take(&b, 1, 0)); /* a negative cost gave nothing */
}

static void lowering_takes_what_is_above_and_gives_nothing(void **state)
{
    (void)state;
    struct bucket b;
    bucket_init(&b, 10, 5, 0);
    bucket_lower(&b, 2, 0);
    assert_true(bucket_take(&b, 2, 0));
    assert_false(bucket_take(&b, 1, 0));
    bucket_lower(&b, 3, 100 * USEC_MS); /* one has accrued: it stays */
    assert_true(bucket_take(&b, 1, 100 * USEC_MS));
    bucket_lower(&b, -1, USEC_SEC);
    assert_false(bucket_take(&b, 1, USEC_SEC));
    assert_true(bucket_when(&b, 1, USEC_SEC) == USEC_SEC + 100 * USEC_MS);
    bucket_init(&b, 0, 0, 0);
    bucket_lower(&b, 0, 0);
    assert_true(bucket_take(&b, 1000, 0)); /* without a limit there is nothing to lower */
}

static void a_clock_that_steps_back_gives_nothing(void **state)
{
    (void)state;
    struct bucket b;
    bucket_init(&b, 10, 1, 10 * USEC_SEC);
    assert_true(bucket_take(&b, 1, 10 * USEC_SEC));
    assert_false(bucket_take(&b, 1, 0));
    assert_false(bucket_take(&b, 1, 10 * USEC_SEC)); /* the time in between is not counted twice */
    assert_true(bucket_when(&b, 1, 0) == 10 * USEC_SEC + 100 * USEC_MS);
    assert_true(bucket_take(&b, 1, 10 * USEC_SEC + 100 * USEC_MS));
}

static void the_ends_of_every_type_do_not_overflow(void **state)
{
    (void)state;
    static const int64_t ends[] = { 1, 2, 1000000, INT64_MAX / 2, INT64_MAX };
    for (size_t r = 0; r < 5; r++) {
        for (size_t k = 0; k < 5; k++) {
            for (size_t c = 0; c < 5; c++) {
                struct bucket b;
                bucket_init(&b, ends[r], ends[k], INT64_MIN + 1);
                assert_true(bucket_take(&b, ends[c], INT64_MIN + 1));
                bucket_when(&b, ends[c], INT64_MAX);
                bucket_give_back(&b, ends[c]);
                assert_true(bucket_take(&b, ends[c], INT64_MAX)); /* full again after half a million years */
                assert_true(bucket_when(&b, ends[c], INT64_MAX) >= INT64_MAX - 1);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_agrees_with_exact_arithmetic),
        cmocka_unit_test(it_never_gives_more_than_the_rate_and_the_burst),
        cmocka_unit_test(a_hungry_taker_gets_the_whole_rate),
        cmocka_unit_test(when_is_the_earliest_instant),
        cmocka_unit_test(a_cost_above_the_burst_is_given_when_full_and_leaves_a_debt),
        cmocka_unit_test(no_limit_and_closed),
        cmocka_unit_test(what_has_accrued_survives_a_new_rate),
        cmocka_unit_test(given_back_tokens_never_exceed_the_burst),
        cmocka_unit_test(lowering_takes_what_is_above_and_gives_nothing),
        cmocka_unit_test(a_clock_that_steps_back_gives_nothing),
        cmocka_unit_test(the_ends_of_every_type_do_not_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
