#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void the_zero_clock_is_the_systems(void **state)
{
    (void)state;
    struct clock c = { 0 };
    assert_true(clock_wall(&c) > 1600000000 * USEC_SEC);
    usec_t before = clock_mono(&c);
    assert_true(clock_mono(&c) >= before);
}

static void a_set_wall_clock_runs_on_and_leaves_mono_alone(void **state)
{
    (void)state;
    struct clock c = { 0 }, system = { 0 };
    usec_t target = 86400 * USEC_SEC;
    clock_set_wall(&c, target);
    usec_t got = clock_wall(&c);
    assert_true(got >= target && got < target + USEC_MINUTE);
    assert_true(clock_mono(&c) - clock_mono(&system) < USEC_MINUTE);
}

static void a_frozen_clock_stands_still_until_changed(void **state)
{
    (void)state;
    struct clock c = { 0 };
    clock_freeze(&c, 5 * USEC_SEC);
    assert_true(clock_wall(&c) == 5 * USEC_SEC);
    assert_true(clock_mono(&c) == 5 * USEC_SEC);
    clock_freeze(&c, 6 * USEC_SEC);
    assert_true(clock_wall(&c) == 6 * USEC_SEC);
    clock_set_wall(&c, 7 * USEC_SEC); /* running again */
    assert_true(clock_wall(&c) >= 7 * USEC_SEC);
    assert_true(clock_wall(&c) < 7 * USEC_SEC + USEC_MINUTE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_zero_clock_is_the_systems),
        cmocka_unit_test(a_set_wall_clock_runs_on_and_leaves_mono_alone),
        cmocka_unit_test(a_frozen_clock_stands_still_until_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
