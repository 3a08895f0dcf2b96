/* The cap on bind attempts: never more than the limit in any minute, in turn, and nothing forgotten. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/attempts.h"

#include <string.h>

#define BINDS 40

struct fixture {
    struct clock clock;
    struct loop *loop;
    struct rnd rnd;
    struct attempts a;
    struct bind {
        struct fixture *f;
        struct attempt t;
        unsigned gone;
    } binds[BINDS];
    unsigned order[1000];
    usec_t at[1000];
    size_t n;
};

static void note(struct bind *b)
{
    struct fixture *f = b->f;
    b->gone++;
    f->order[f->n] = (unsigned)(b - f->binds);
    f->at[f->n++] = clock_mono(&f->clock);
}

static void bind_goes(void *arg)
{
    note(arg);
}

static int setup(void **state)
{
    static struct fixture fixture;
    struct fixture *f = &fixture;
    struct err e = { 0 };
    memset(f, 0, sizeof *f);
    clock_freeze(&f->clock, INT64_C(1795003200) * USEC_SEC);
    f->loop = loop_new(&f->clock, &e);
    assert_non_null(f->loop);
    rnd_seed(&f->rnd, 7);
    attempts_init(&f->a, f->loop, &f->rnd);
    for (size_t i = 0; i < BINDS; i++) {
        f->binds[i] = (struct bind){ .f = f, .t = { .go = bind_goes, .arg = &f->binds[i] } };
    }
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    attempts_free(&f->a);
    loop_free(f->loop);
    return 0;
}

static void ask(struct bind *b)
{
    if (attempts_ask(&b->f->a, &b->t)) {
        note(b);
    }
}

static void pass(struct fixture *f, usec_t dur)
{
    usec_t end = clock_wall(&f->clock) + dur;
    while (clock_wall(&f->clock) < end) {
        clock_freeze(&f->clock, clock_wall(&f->clock) + 50 * USEC_MS);
        loop_turn(f->loop, 0);
    }
}

static void no_minute_has_more_than_the_limit_and_each_has_its_turn(void **state)
{
    struct fixture *f = *state;
    assert_true(attempts_set_limit(&f->a, 15));
    for (usec_t t = 0; t < 6 * USEC_MINUTE; t += USEC_SEC) { /* every bind fails and asks again at once */
        for (size_t i = 0; i < BINDS; i++) {
            ask(&f->binds[i]);
        }
        pass(f, USEC_SEC);
    }
    assert_in_range(f->n, 5 * 15, 6 * 15 + 15);
    for (size_t i = 15; i < f->n; i++) {
        assert_true(f->at[i] - f->at[i - 15] >= USEC_MINUTE);
    }
    unsigned most = 0, least = 1000;
    for (size_t i = 0; i < BINDS; i++) {
        most = f->binds[i].gone > most ? f->binds[i].gone : most;
        least = f->binds[i].gone < least ? f->binds[i].gone : least;
    }
    assert_true(least >= 1 && most - least <= 1);
}

static void without_a_limit_nobody_waits(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < 10 * BINDS; i++) {
        ask(&f->binds[i % BINDS]);
    }
    assert_int_equal(f->n, 10 * BINDS);
}

static void one_that_is_given_up_leaves_its_place(void **state)
{
    struct fixture *f = *state;
    assert_true(attempts_set_limit(&f->a, 1));
    for (size_t i = 0; i < 4; i++) {
        ask(&f->binds[i]);
    }
    assert_int_equal(f->a.waiting, 3);
    attempts_cancel(&f->binds[2].t);
    attempts_cancel(&f->binds[2].t);
    pass(f, 3 * USEC_MINUTE + USEC_SEC);
    assert_int_equal(f->n, 3);
    assert_int_equal(f->order[1], 1);
    assert_int_equal(f->order[2], 3);
    assert_int_equal(f->a.waiting, 0);
}

static void another_limit_counts_what_was_tried(void **state)
{
    struct fixture *f = *state;
    assert_true(attempts_set_limit(&f->a, 5));
    for (size_t i = 0; i < 10; i++) {
        ask(&f->binds[i]);
    }
    assert_int_equal(f->n, 5);
    assert_true(
        attempts_set_limit(&f->a, 3)); /* fewer: the next only when three of the last minute are left */
    pass(f, 30 * USEC_SEC);
    assert_int_equal(f->n, 5);
    assert_true(attempts_set_limit(&f->a, 7)); /* three are known of, so four more */
    pass(f, 10 * USEC_SEC);
    assert_int_equal(f->n, 9);
    assert_true(attempts_set_limit(&f->a, 0));
    pass(f, USEC_SEC);
    assert_int_equal(f->n, 10);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(no_minute_has_more_than_the_limit_and_each_has_its_turn),
        T(without_a_limit_nobody_waits),
        T(one_that_is_given_up_leaves_its_place),
        T(another_limit_counts_what_was_tried),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
