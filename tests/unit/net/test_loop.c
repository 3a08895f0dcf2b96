#include "net_test.h"

#include "base/mailbox.h"

#include <pthread.h>
#include <signal.h>

static int setup(void **state)
{
    *state = loop_new(NULL, NULL);
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    loop_free(*state);
    return 0;
}

/* --- timers --- */

struct fired {
    struct loop_timer timer;
    char name;
    char *log;
    bool rearm_in_past;
    int count;
};

static void on_fired(void *arg)
{
    struct fired *f = arg;
    f->count++;
    if (f->log)
        strncat(f->log, &f->name, 1);
    if (f->rearm_in_past && f->count < 3)
        loop_timer_at(&f->timer, 0);
}

static void timers_fire_in_order_of_their_deadlines(void **state)
{
    struct loop *l = *state;
    char log[16] = "";
    struct fired f[3] = { { .name = 'a', .log = log },
                          { .name = 'b', .log = log },
                          { .name = 'c', .log = log } };
    for (int i = 0; i < 3; i++)
        loop_timer_init(&f[i].timer, l, on_fired, &f[i]);
    usec_t now = clock_mono(&test_clock);
    loop_timer_at(&f[0].timer, now + 3000);
    loop_timer_at(&f[1].timer, now + 1000);
    loop_timer_at(&f[2].timer, now + 2000);
    WAIT_FOR(l, strlen(log) == 3);
    assert_string_equal(log, "bca");
    assert_true(loop_now(l) >= now + 3000);
    assert_false(loop_timer_armed(&f[0].timer));
}

static void a_deadline_in_the_past_fires_next_turn_and_not_in_the_arming_call(void **state)
{
    struct loop *l = *state;
    struct fired f = { 0 };
    loop_timer_init(&f.timer, l, on_fired, &f);
    loop_timer_at(&f.timer, 1);
    assert_int_equal(f.count, 0);
    loop_turn(l, USEC_SEC);
    assert_int_equal(f.count, 1);
}

static void a_timer_that_arms_itself_in_the_past_fires_once_a_turn(void **state)
{
    struct loop *l = *state;
    struct fired f = { .rearm_in_past = true };
    loop_timer_init(&f.timer, l, on_fired, &f);
    loop_timer_at(&f.timer, 1);
    loop_turn(l, 0);
    assert_int_equal(f.count, 1);
    loop_turn(l, USEC_SEC);
    assert_int_equal(f.count, 2);
    loop_timer_stop(&f.timer); /* it is armed again, and lives on this stack */
}

static void a_timer_can_be_moved_and_stopped(void **state)
{
    struct loop *l = *state;
    struct fired moved = { 0 }, stopped = { 0 }, never = { 0 };
    loop_timer_init(&moved.timer, l, on_fired, &moved);
    loop_timer_init(&stopped.timer, l, on_fired, &stopped);
    loop_timer_init(&never.timer, l, on_fired, &never);
    loop_timer_in(&moved.timer, USEC_HOUR);
    loop_timer_in(&stopped.timer, 1);
    loop_timer_in(&never.timer, USEC_NEVER);
    assert_false(loop_timer_armed(&never.timer));
    assert_int_equal(loop_timer_deadline(&never.timer), USEC_NEVER);
    loop_timer_in(&moved.timer, 1000);
    loop_timer_stop(&stopped.timer);
    loop_timer_stop(&stopped.timer);
    WAIT_FOR(l, moved.count == 1);
    assert_int_equal(stopped.count, 0);
    struct loop_timer zero = { 0 };
    loop_timer_stop(&zero);
}

static void timers_follow_the_clock_they_were_given(void **state)
{
    (void)state;
    struct clock manual = { 0 };
    clock_freeze(&manual, 1000 * USEC_SEC);
    struct loop *l = loop_new(&manual, NULL);
    struct fired f = { 0 };
    loop_timer_init(&f.timer, l, on_fired, &f);
    loop_timer_at(&f.timer, 1010 * USEC_SEC);
    loop_turn(l, 1000);
    assert_int_equal(f.count, 0);
    clock_freeze(&manual, 1010 * USEC_SEC);
    loop_turn(l, 1000);
    assert_int_equal(f.count, 1);
    loop_free(l);
}

static void many_timers_each_fire_once(void **state)
{
    enum { N = 5000 };
    struct loop *l = *state;
    struct fired *f = calloc(N, sizeof(*f));
    usec_t now = clock_mono(&test_clock);
    for (int i = 0; i < N; i++) {
        loop_timer_init(&f[i].timer, l, on_fired, &f[i]);
        loop_timer_at(&f[i].timer, now + (i * 7919) % 3000);
    }
    for (int i = 0; i < N; i += 2)
        loop_timer_stop(&f[i].timer);
    for (int i = 1; i < N; i += 2)
        WAIT_FOR(l, f[i].count);
    for (int i = 0; i < N; i++)
        assert_int_equal(f[i].count, i % 2);
    free(f);
}

/* --- deferred work --- */

struct deferred {
    struct loop_task task;
    struct deferred *also;
    bool again;
    int count;
};

static void on_deferred(void *arg)
{
    struct deferred *d = arg;
    d->count++;
    if (d->also)
        loop_defer(&d->also->task);
    if (d->again)
        loop_defer(&d->task);
}

static void deferred_work_runs_once_at_the_end_of_the_turn(void **state)
{
    struct loop *l = *state;
    struct deferred second = { 0 }, first = { .also = &second }, gone = { 0 };
    loop_task_init(&first.task, l, on_deferred, &first);
    loop_task_init(&second.task, l, on_deferred, &second);
    loop_task_init(&gone.task, l, on_deferred, &gone);
    loop_defer(&first.task);
    loop_defer(&first.task);
    loop_defer(&gone.task);
    loop_task_cancel(&gone.task);
    assert_int_equal(first.count, 0);
    loop_turn(l, USEC_SEC);
    assert_int_equal(first.count, 1);
    assert_int_equal(second.count, 1); /* deferred by a task: still the same turn */
    assert_int_equal(gone.count, 0);
}

static void a_task_that_defers_itself_runs_once_a_turn_and_the_loop_does_not_sleep(void **state)
{
    struct loop *l = *state;
    struct deferred d = { .again = true };
    loop_task_init(&d.task, l, on_deferred, &d);
    loop_defer(&d.task);
    for (int turn = 1; turn <= 3; turn++) {
        loop_turn(l, USEC_HOUR); /* would hang if it slept */
        assert_int_equal(d.count, turn);
    }
}

static void mark(void *p)
{
    ++*(int *)p;
}

static void on_free_later(void *arg)
{
    int *freed = arg;
    assert_int_equal(*freed, 0);
}

static void things_are_freed_after_all_callbacks_of_the_turn(void **state)
{
    struct loop *l = *state;
    int freed = 0;
    struct loop_task task;
    loop_task_init(&task, l, on_free_later, &freed);
    loop_defer(&task);
    loop_free_later(l, mark, &freed);
    assert_int_equal(freed, 0);
    loop_turn(l, USEC_HOUR);
    assert_int_equal(freed, 1);
}

/* --- other threads and signals --- */

struct letters {
    struct loop *loop;
    struct mailbox *box;
    int taken;
};

static void on_mail(void *arg)
{
    struct letters *m = arg;
    while (mailbox_take(m->box))
        m->taken++;
    if (m->taken == 3)
        loop_stop(m->loop);
}

static void *post_three(void *arg)
{
    static int letter;
    for (int i = 0; i < 3; i++)
        mailbox_post(arg, &letter);
    return NULL;
}

static void a_mailbox_wakes_the_loop_from_another_thread(void **state)
{
    struct letters m = { .loop = *state, .box = mailbox_new(8) };
    struct loop_watch *w = loop_watch_new(m.loop, mailbox_fd(m.box), on_mail, &m, NULL);
    pthread_t t;
    assert_non_null(w);
    assert_int_equal(pthread_create(&t, NULL, post_three, m.box), 0);
    loop_run(m.loop);
    assert_int_equal(m.taken, 3);
    pthread_join(t, NULL);
    loop_watch_free(w);
    loop_watch_free(NULL);
    mailbox_free(m.box);
}

static void a_stop_before_run_is_kept(void **state)
{
    loop_stop(*state);
    loop_run(*state); /* returns */
}

static void on_signal(int signo, void *arg)
{
    *(int *)arg = signo;
}

static void signals_are_callbacks(void **state)
{
    struct loop *l = *state;
    int got = 0;
    assert_true(loop_on_signal(l, SIGHUP, on_signal, &got, NULL));
    raise(SIGHUP);
    WAIT_FOR(l, got);
    assert_int_equal(got, SIGHUP);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(timers_fire_in_order_of_their_deadlines),
        TEST(a_deadline_in_the_past_fires_next_turn_and_not_in_the_arming_call),
        TEST(a_timer_that_arms_itself_in_the_past_fires_once_a_turn),
        TEST(a_timer_can_be_moved_and_stopped),
        TEST(timers_follow_the_clock_they_were_given),
        TEST(many_timers_each_fire_once),
        TEST(deferred_work_runs_once_at_the_end_of_the_turn),
        TEST(a_task_that_defers_itself_runs_once_a_turn_and_the_loop_does_not_sleep),
        TEST(things_are_freed_after_all_callbacks_of_the_turn),
        TEST(a_mailbox_wakes_the_loop_from_another_thread),
        TEST(a_stop_before_run_is_kept),
        TEST(signals_are_callbacks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
