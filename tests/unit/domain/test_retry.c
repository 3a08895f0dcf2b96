/* Backoff: grows, stops at the cap, is spread by jitter, ends. */
#include "domain/retry.h"
#include "support.h"

static void delays_without_jitter(void **state)
{
    (void)state;
    const struct retry_policy p = { .first = 10, .cap = 100, .factor = 2, .jitter = 0.5, .tries = 7 };
    static const usec_t want[] = { 0, 10, 20, 40, 80, 100, 100, USEC_NEVER, USEC_NEVER };
    for (uint32_t i = 1; i < COUNT(want); i++) {
        assert_true(retry_delay(&p, i, NULL) == want[i]);
    }
    assert_true(retry_delay(&p, 0, NULL) == 10);
    const struct retry_policy forever = RETRY_BINDS, messages = RETRY_MESSAGES;
    assert_true(retry_delay(&forever, UINT32_MAX, NULL) == 2 * USEC_MINUTE);
    assert_true(retry_delay(&messages, 1, NULL) == 30 * USEC_SEC);
    assert_true(retry_delay(&messages, 7, NULL) == 32 * USEC_MINUTE);
    assert_true(retry_delay(&messages, 8, NULL) == USEC_NEVER);
}

static void odd_policies_still_wait(void **state)
{
    (void)state;
    const struct retry_policy flat = { .first = 5, .cap = 100, .factor = 1 },
                              zero = { .first = 0, .cap = 0, .factor = 2 },
                              huge = { .first = USEC_DAY, .cap = 400 * USEC_DAY, .factor = 1e9 };
    assert_true(retry_delay(&flat, 1000000000, NULL) == 5); /* and at once, without a long loop */
    assert_true(retry_delay(&zero, 3, NULL) == 1);
    assert_true(retry_delay(&huge, 1000, NULL) == 400 * USEC_DAY);
}

/* Evenly over [d/2, d]: both ends are reached, the mean is between. */
static void jitter_spreads_evenly_below(void **state)
{
    (void)state;
    const struct retry_policy p = { .first = 1000000, .cap = 1000000, .factor = 2, .jitter = 0.5 };
    struct rnd r;
    rnd_seed(&r, 6);
    double sum = 0;
    usec_t least = USEC_NEVER, most = 0;
    for (int i = 0; i < 20000; i++) {
        usec_t d = retry_delay(&p, 3, &r);
        assert_in_range(d, 500000, 1000000);
        least = d < least ? d : least;
        most = d > most ? d : most;
        sum += (double)d;
    }
    assert_true(least < 501000 && most > 999000);
    assert_true(sum / 20000 > 745000 && sum / 20000 < 755000);
}

static void a_wrong_password_is_not_tried_again(void **state)
{
    (void)state;
    assert_false(retry_bind_again(SMPP_ESME_RINVPASWD));
    assert_false(retry_bind_again(SMPP_ESME_RINVSYSID));
    assert_true(retry_bind_again(SMPP_ESME_RALYBND));
    assert_true(retry_bind_again(SMPP_ESME_RBINDFAIL));
    assert_true(retry_bind_again(SMPP_ESME_RSYSERR));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delays_without_jitter),
        cmocka_unit_test(odd_policies_still_wait),
        cmocka_unit_test(jitter_spreads_evenly_below),
        cmocka_unit_test(a_wrong_password_is_not_tried_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
