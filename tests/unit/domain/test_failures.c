/* The minute slides: what is older does not count. */
#include "domain/failures.h"
#include "support.h"

static void expect_sum(struct failures *f, usec_t at, uint64_t all, uint64_t bad)
{
    struct failures_sum s = failures_of_minute(f, at);
    expect(s.all == all && s.bad == bad, "at %lld s: %llu of %llu", (long long)(at / USEC_SEC),
           (unsigned long long)s.bad, (unsigned long long)s.all);
}

static void counts_the_last_sixty_seconds(void **state)
{
    (void)state;
    struct failures f = { 0 };
    const usec_t t = 1000 * USEC_SEC;
    expect_sum(&f, t, 0, 0);
    failures_note(&f, t, true);
    failures_note(&f, t + USEC_SEC / 2, false);
    expect_sum(&f, t + USEC_SEC / 2, 2, 1);
    failures_note(&f, t + 30 * USEC_SEC, true);
    expect_sum(&f, t + 59 * USEC_SEC, 3, 2);
    expect_sum(&f, t + 60 * USEC_SEC, 1, 1);
    expect_sum(&f, t + 90 * USEC_SEC, 0, 0);
    failures_note(&f, t + 91 * USEC_SEC, false);
    expect_sum(&f, t + 91 * USEC_SEC, 1, 0);
    expect_sum(&f, t + 5000 * USEC_SEC, 0, 0); /* a long silence */
}

static void every_second_of_many_minutes(void **state)
{
    (void)state;
    struct failures f = { 0 };
    for (int s = 0; s < 1000; s++) {
        failures_note(&f, s * USEC_SEC, s % 2 == 0);
        uint64_t all = s < 60 ? (uint64_t)s + 1 : 60;
        expect_sum(&f, s * USEC_SEC, all, (s % 2 == 0 ? all + 1 : all) / 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_the_last_sixty_seconds),
        cmocka_unit_test(every_second_of_many_minutes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
