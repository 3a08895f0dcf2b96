#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdbool.h>

static void a_seed_gives_the_same_numbers_for_ever(void **state)
{
    (void)state;
    struct rnd a, b, c;
    rnd_seed(&a, 42);
    rnd_seed(&b, 42);
    rnd_seed(&c, 43);
    bool differs = false;
    for (int i = 0; i < 100; i++) {
        uint64_t v = rnd_u64(&a);
        assert_true(v == rnd_u64(&b));
        differs |= v != rnd_u64(&c);
    }
    assert_true(differs);
}

static void it_is_xoroshiro128plusplus(void **state)
{
    (void)state;
    /* From state {1, 2}: by hand from the definition, rotl(1 + 2, 17) + 1, and the state after it. */
    struct rnd r = { { 1, 2 } };
    assert_true(rnd_u64(&r) == ((UINT64_C(3) << 17) + 1));
    assert_true(r.s[0] == ((UINT64_C(1) << 49) ^ UINT64_C(3) ^ (UINT64_C(3) << 21)));
    assert_true(r.s[1] == UINT64_C(3) << 28);
}

static void below_is_below_and_even(void **state)
{
    (void)state;
    struct rnd r;
    rnd_seed(&r, 7);
    unsigned seen[10] = { 0 };
    for (int i = 0; i < 100000; i++) {
        uint64_t v = rnd_below(&r, 10);
        assert_true(v < 10);
        seen[v]++;
    }
    for (int i = 0; i < 10; i++) {
        assert_in_range(seen[i], 9500, 10500); /* more than five standard deviations of 95 */
    }
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(rnd_below(&r, 1), 0);
        assert_true(rnd_below(&r, UINT64_MAX) < UINT64_MAX);
    }
    /* two thirds of 2^64: without the second draw the odd ones of the lower half would come twice as often,
     * and by a plain modulo all of that half */
    uint64_t n = UINT64_MAX / 3 * 2;
    unsigned low = 0, odd = 0;
    for (int i = 0; i < 10000; i++) {
        uint64_t v = rnd_below(&r, n);
        low += v < n / 2;
        odd += v < n / 2 && v % 2;
    }
    assert_in_range(low, 4700, 5300);
    assert_in_range(odd, 2250, 2750);
}

static void the_unit_is_half_open_and_even(void **state)
{
    (void)state;
    struct rnd r;
    rnd_seed(&r, 8);
    double sum = 0;
    for (int i = 0; i < 100000; i++) {
        double v = rnd_unit(&r);
        assert_true(v >= 0 && v < 1);
        sum += v;
    }
    assert_true(fabs(sum / 100000 - 0.5) < 0.01);
}

static void the_systems_seed_differs_each_time(void **state)
{
    (void)state;
    struct rnd a, b;
    rnd_seed_system(&a);
    rnd_seed_system(&b);
    assert_true(rnd_u64(&a) != rnd_u64(&b) || rnd_u64(&a) != rnd_u64(&b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_seed_gives_the_same_numbers_for_ever),
        cmocka_unit_test(it_is_xoroshiro128plusplus),
        cmocka_unit_test(below_is_below_and_even),
        cmocka_unit_test(the_unit_is_half_open_and_even),
        cmocka_unit_test(the_systems_seed_differs_each_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
