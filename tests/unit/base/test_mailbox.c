#include "base/mailbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>

static bool readable(const struct mailbox *m)
{
    struct pollfd p = { .fd = mailbox_fd(m), .events = POLLIN };
    return poll(&p, 1, 0) == 1;
}

static void what_is_posted_comes_out_in_order(void **state)
{
    (void)state;
    struct mailbox *m = mailbox_new(3);
    int a, b, c, d;
    assert_null(mailbox_take(m));
    for (int turn = 0; turn < 5; turn++) { /* several turns, so that the places wrap */
        assert_true(mailbox_post(m, &a));
        assert_true(mailbox_post(m, &b));
        assert_int_equal(mailbox_room(m), 1);
        assert_true(mailbox_post(m, &c));
        assert_false(mailbox_post(m, &d)); /* full: the message stays the caller's */
        assert_int_equal(mailbox_count(m), 3);
        assert_ptr_equal(mailbox_take(m), &a);
        assert_true(mailbox_post(m, &d));
        assert_ptr_equal(mailbox_take(m), &b);
        assert_ptr_equal(mailbox_wait(m, 0), &c);
        assert_ptr_equal(mailbox_take(m), &d);
        assert_null(mailbox_take(m));
    }
    mailbox_free(m);
}

static void the_descriptor_is_readable_exactly_while_something_is_inside(void **state)
{
    (void)state;
    struct mailbox *m = mailbox_new(10);
    int x;
    assert_false(readable(m));
    for (int turn = 0; turn < 3; turn++) {
        for (int i = 0; i < 10; i++) {
            mailbox_post(m, &x);
            assert_true(readable(m));
        }
        for (int i = 0; i < 10; i++) {
            assert_true(readable(m));
            mailbox_take(m);
        }
        assert_false(readable(m));
        mailbox_take(m);
        assert_false(readable(m));
    }
    mailbox_free(m);
}

static void a_closed_mailbox_gives_what_it_has_and_takes_no_more(void **state)
{
    (void)state;
    struct mailbox *m = mailbox_new(4);
    int a, b;
    mailbox_post(m, &a);
    assert_false(mailbox_closed(m));
    mailbox_close(m);
    assert_true(mailbox_closed(m));
    assert_false(mailbox_post(m, &b));
    assert_int_equal(mailbox_room(m), 0);
    assert_ptr_equal(mailbox_wait(m, USEC_NEVER), &a);
    assert_null(mailbox_wait(m, USEC_NEVER)); /* closed and empty: no waiting */
    mailbox_free(m);
}

static void waiting_ends_with_the_timeout(void **state)
{
    (void)state;
    struct mailbox *m = mailbox_new(1);
    struct clock c = { 0 };
    usec_t before = clock_mono(&c);
    assert_null(mailbox_wait(m, 5 * USEC_MS));
    assert_true(clock_mono(&c) - before >= 5 * USEC_MS);
    assert_null(mailbox_wait(m, 0));
    assert_null(mailbox_wait(m, -1));
    mailbox_free(m);
}

static void a_capacity_of_nothing_or_of_too_much_is_refused(void **state)
{
    (void)state;
    assert_null(mailbox_new(0));
    assert_null(mailbox_new(SIZE_MAX));
    assert_null(mailbox_new(SIZE_MAX / sizeof(void *)));
    mailbox_free(NULL);
}

#define PRODUCERS 2
#define EACH      20000

struct producer {
    pthread_t thread;
    struct mailbox *m;
    uintptr_t id;
};

static void *produce(void *arg)
{
    struct producer *p = arg;
    for (uintptr_t i = 1; i <= EACH;) {
        if (mailbox_post(p->m, (void *)(p->id << 32 | i))) {
            i++;
        } else {
            sched_yield(); /* full: the taker is behind */
        }
    }
    return NULL;
}

/* Takes everything by `take`, checking that nothing is lost, doubled or out of a producer's order. */
static void consume_all(struct mailbox *m, void *(*take)(struct mailbox *m))
{
    struct producer producers[PRODUCERS];
    uintptr_t last[PRODUCERS] = { 0 };
    for (uintptr_t i = 0; i < PRODUCERS; i++) {
        producers[i] = (struct producer){ .m = m, .id = i };
        assert_int_equal(pthread_create(&producers[i].thread, NULL, produce, &producers[i]), 0);
    }
    for (size_t n = 0; n < (size_t)PRODUCERS * EACH; n++) {
        uintptr_t v = (uintptr_t)take(m);
        assert_true(v != 0);
        assert_true((v & UINT32_MAX) == ++last[v >> 32]);
    }
    for (size_t i = 0; i < PRODUCERS; i++) {
        pthread_join(producers[i].thread, NULL);
        assert_int_equal(last[i], EACH);
    }
    assert_int_equal(mailbox_count(m), 0);
    assert_false(readable(m));
}

static void *take_by_waiting(struct mailbox *m)
{
    return mailbox_wait(m, 60 * USEC_SEC);
}

static void *take_by_polling(struct mailbox *m)
{
    void *message = mailbox_take(m);
    while (!message) {
        struct pollfd p = { .fd = mailbox_fd(m), .events = POLLIN };
        if (poll(&p, 1, 60000) != 1) {
            return NULL;
        }
        message = mailbox_take(m);
    }
    return message;
}

static void threads_lose_nothing_to_a_waiter(void **state)
{
    (void)state;
    struct mailbox *m = mailbox_new(16);
    consume_all(m, take_by_waiting);
    mailbox_free(m);
}

static void threads_lose_nothing_to_a_loop(void **state)
{
    (void)state;
    struct mailbox *m = mailbox_new(16);
    consume_all(m, take_by_polling);
    mailbox_free(m);
}

struct waiter {
    pthread_t thread;
    pthread_barrier_t *start;
    struct mailbox *m;
};

static void *wait_for_ever(void *arg)
{
    struct waiter *w = arg;
    pthread_barrier_wait(w->start);
    return mailbox_wait(w->m, USEC_NEVER);
}

static void closing_wakes_all_who_wait(void **state)
{
    (void)state;
    /* many rounds, as nothing tells from outside whether a thread waits already */
    for (int round = 0; round < 300; round++) {
        struct mailbox *m = mailbox_new(1);
        struct waiter waiters[3];
        pthread_barrier_t start;
        assert_int_equal(pthread_barrier_init(&start, NULL, 4), 0);
        for (int i = 0; i < 3; i++) {
            waiters[i] = (struct waiter){ .start = &start, .m = m };
            assert_int_equal(pthread_create(&waiters[i].thread, NULL, wait_for_ever, &waiters[i]), 0);
        }
        pthread_barrier_wait(&start);
        for (int i = 0; i < round % 10; i++) {
            sched_yield();
        }
        mailbox_close(m);
        for (int i = 0; i < 3; i++) {
            void *got = m;
            assert_int_equal(pthread_join(waiters[i].thread, &got), 0);
            assert_null(got);
        }
        pthread_barrier_destroy(&start);
        mailbox_free(m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_posted_comes_out_in_order),
        cmocka_unit_test(the_descriptor_is_readable_exactly_while_something_is_inside),
        cmocka_unit_test(a_closed_mailbox_gives_what_it_has_and_takes_no_more),
        cmocka_unit_test(waiting_ends_with_the_timeout),
        cmocka_unit_test(a_capacity_of_nothing_or_of_too_much_is_refused),
        cmocka_unit_test(threads_lose_nothing_to_a_waiter),
        cmocka_unit_test(threads_lose_nothing_to_a_loop),
        cmocka_unit_test(closing_wakes_all_who_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
