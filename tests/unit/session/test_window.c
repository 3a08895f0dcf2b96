#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/random.h"
#include "session/window.h"

#define SUBMIT 4

static void numbers_increase_and_wrap_to_one(void **state)
{
    (void)state;
    struct window w;
    assert_true(window_init(&w, 8, WINDOW_SEQUENCE_MAX - 1));
    assert_int_equal(window_add(&w, SUBMIT, 1, 0), WINDOW_SEQUENCE_MAX - 1);
    assert_int_equal(window_add(&w, SUBMIT, 2, 0), WINDOW_SEQUENCE_MAX);
    assert_int_equal(window_add(&w, SUBMIT, 3, 0), 1);
    assert_int_equal(window_draw(&w), 2);
    uint64_t token = 0;
    usec_t sent;
    assert_int_equal(window_answer(&w, WINDOW_SEQUENCE_MAX, SUBMIT, &token, &sent), WINDOW_OK);
    assert_int_equal(token, 2);
    assert_int_equal(window_answer(&w, 1, SUBMIT, &token, &sent), WINDOW_OK);
    assert_int_equal(token, 3);
    window_free(&w);
}

static void answers_are_told_apart(void **state)
{
    (void)state;
    struct window w;
    uint64_t token = 0;
    usec_t sent = 0;
    assert_true(window_init(&w, 2, 1));
    uint32_t a = window_add(&w, SUBMIT, 10, 100), b = window_add(&w, SUBMIT, 20, 200);
    assert_int_equal(window_room(&w), 0);
    assert_int_equal(window_answer(&w, b + 1, SUBMIT, &token, &sent), WINDOW_UNKNOWN);
    assert_int_equal(window_answer(&w, 0, SUBMIT, &token, &sent), WINDOW_UNKNOWN);
    assert_int_equal(window_answer(&w, UINT32_MAX, 0, &token, &sent), WINDOW_UNKNOWN);
    assert_int_equal(window_answer(&w, a, SUBMIT + 1, &token, &sent), WINDOW_MISMATCH);
    assert_int_equal(w.waiting, 2);
    assert_int_equal(window_answer(&w, b, 0, &token, &sent), WINDOW_OK);
    assert_int_equal(token, 20);
    assert_int_equal(sent, 200);
    assert_int_equal(window_answer(&w, b, SUBMIT, &token, &sent), WINDOW_DUPLICATE);
    assert_int_equal(window_oldest_sent(&w), 100);
    assert_false(window_expire(&w, 99, &token));
    assert_true(window_expire(&w, 100, &token));
    assert_int_equal(token, 10);
    assert_int_equal(window_oldest_sent(&w), USEC_NEVER);
    assert_int_equal(window_answer(&w, a, SUBMIT, &token, &sent), WINDOW_LATE);
    assert_int_equal(window_answer(&w, a, SUBMIT, &token, &sent), WINDOW_DUPLICATE);
    assert_int_equal(window_room(&w), 2);
    window_free(&w);
}

/* Given one request that is never answered, when the numbers come round to its place, it is skipped. */
static void a_waiting_place_is_not_taken_twice(void **state)
{
    (void)state;
    struct window w;
    uint64_t token;
    usec_t sent;
    assert_true(window_init(&w, 4, 1));
    uint32_t stuck = window_add(&w, SUBMIT, 7, 0), slots = w.mask + 1;
    for (uint32_t i = 0; i < 3 * slots; i++) {
        uint32_t seq = window_add(&w, SUBMIT, 8, 1);
        assert_int_not_equal(seq & w.mask, stuck & w.mask);
        assert_int_equal(window_answer(&w, seq, SUBMIT, &token, &sent), WINDOW_OK);
    }
    assert_int_equal(window_answer(&w, stuck, SUBMIT, &token, &sent), WINDOW_OK);
    assert_int_equal(token, 7);
    window_free(&w);
}

/* Against a list searched from the front, over the wrap of the numbers. */
static void it_agrees_with_a_plain_list(void **state)
{
    (void)state;
    struct {
        uint32_t seq;
        uint64_t token;
        usec_t sent;
    } list[16];
    size_t n = 0;
    struct rnd rnd;
    struct window w;
    rnd_seed(&rnd, 42);
    assert_true(window_init(&w, 16, WINDOW_SEQUENCE_MAX - 1000));
    for (usec_t now = 1; now < 200000; now++) {
        uint64_t token = 0;
        usec_t sent = 0;
        size_t i = n ? rnd_below(&rnd, n) : 0;
        switch (rnd_below(&rnd, 5)) {
        case 0:
        case 1:
            if (window_room(&w)) {
                list[n].seq = window_add(&w, SUBMIT, (uint64_t)now, now);
                list[n].token = (uint64_t)now;
                list[n++].sent = now;
            }
            break;
        case 2:
            if (!n)
                break;
            assert_int_equal(window_answer(&w, list[i].seq, SUBMIT, &token, &sent), WINDOW_OK);
            assert_int_equal(token, list[i].token);
            for (; i + 1 < n; i++)
                list[i] = list[i + 1];
            n--;
            break;
        case 3: { /* any number: never an answer that the list does not have */
            uint32_t seq = (uint32_t)rnd_below(&rnd, 64) + w.next - 60;
            enum window_answer a = window_answer(&w, seq, SUBMIT, &token, &sent);
            for (i = 0; i < n && list[i].seq != seq; i++)
                ;
            assert_int_equal(a == WINDOW_OK, i < n);
            if (i < n) {
                for (; i + 1 < n; i++)
                    list[i] = list[i + 1];
                n--;
            }
            break;
        }
        default: {
            usec_t before = now - 20;
            bool due = n && list[0].sent <= before;
            assert_int_equal(window_expire(&w, before, &token), due);
            if (due) {
                assert_int_equal(token, list[0].token);
                for (i = 0; i + 1 < n; i++)
                    list[i] = list[i + 1];
                n--;
            }
        }
        }
        assert_int_equal(w.waiting, n);
        assert_int_equal(window_oldest_sent(&w), n ? list[0].sent : USEC_NEVER);
    }
    window_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_increase_and_wrap_to_one),
        cmocka_unit_test(answers_are_told_apart),
        cmocka_unit_test(a_waiting_place_is_not_taken_twice),
        cmocka_unit_test(it_agrees_with_a_plain_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
