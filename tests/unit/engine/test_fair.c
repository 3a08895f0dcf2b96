/* Turns inside a lane: shares in parts by weight, whatever the length of the messages. */
#include "engine/fair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct sender {
    uint32_t campaign;
    unsigned weight, parts;  /* of each of its messages */
    unsigned sent, from, to; /* parts; it has something to send in rounds [from, to) */
};

/* `rounds` messages go, each that of whose turn it is. */
static void send(struct fair *f, struct sender *s, size_t n, unsigned rounds)
{
    for (unsigned r = 0; r < rounds; r++) {
        struct sender *next = NULL;
        for (size_t i = 0; i < n; i++) {
            if (r >= s[i].from && r < s[i].to &&
                (next == NULL || fair_start(f, CLASS_PROMOTIONAL, s[i].campaign) <
                                     fair_start(f, CLASS_PROMOTIONAL, next->campaign))) {
                next = &s[i];
            }
        }
        fair_take(f, CLASS_PROMOTIONAL, next->campaign, next->weight, next->parts);
        next->sent += next->parts;
    }
}

static void shares_are_by_weight_in_parts(void **state)
{
    struct fair f = { 0 };
    struct sender s[] = { { 0, 1, 1, 0, 0, UINT32_MAX },
                          { 7, 3, 1, 0, 0, UINT32_MAX },
                          { 8, 1, 4, 0, 0, UINT32_MAX },
                          { 9, 5, 2, 0, 0, UINT32_MAX } };
    (void)state;
    send(&f, s, 4, 6000);
    unsigned all = s[0].sent + s[1].sent + s[2].sent + s[3].sent;
    for (size_t i = 0; i < 4; i++) {
        int want = (int)(all * s[i].weight / 10);
        assert_in_range(s[i].sent, want - 6, want + 6);
    }
    fair_free(&f);
}

static void at_any_time_nobody_is_far_behind(void **state)
{
    struct fair f = { 0 };
    struct sender s[] = { { 1, 1, 1, 0, 0, UINT32_MAX }, { 2, 3, 1, 0, 0, UINT32_MAX } };
    (void)state;
    for (unsigned i = 1; i < 1000; i++) {
        send(&f, s, 2, 1);
        assert_in_range(s[0].sent * 4 + 8, i, i + 16);
    }
    fair_free(&f);
}

static void who_was_silent_has_saved_up_nothing(void **state)
{
    struct fair f = { 0 };
    struct sender s[] = { { 1, 1, 1, 0, 0, UINT32_MAX }, { 2, 1, 1, 0, 10000, UINT32_MAX } };
    (void)state;
    send(&f, s, 2, 10000);
    assert_int_equal(s[1].sent, 0);
    s[1].from = 0;
    send(&f, s, 2, 100);
    assert_in_range(s[1].sent, 49, 51);
    fair_free(&f);
}

static void classes_have_their_own_turns(void **state)
{
    struct fair f = { 0 };
    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        fair_take(&f, CLASS_OTP, 0, 1, 10);
    }
    assert_int_equal(fair_start(&f, CLASS_PROMOTIONAL, 0), 0);
    fair_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_are_by_weight_in_parts),
        cmocka_unit_test(at_any_time_nobody_is_far_behind),
        cmocka_unit_test(who_was_silent_has_saved_up_nothing),
        cmocka_unit_test(classes_have_their_own_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
