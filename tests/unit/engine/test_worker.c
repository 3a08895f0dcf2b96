#include "engine/worker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>

#include <cmocka.h>

struct record {
    int order[64];
    int n, ran, told_to_stop;
    struct loop *loop;
    int wanted;
};

struct one {
    struct record *r;
    int number;
    bool ran;
};

static void one_run(void *job, bool stopping)
{
    struct one *o = job;
    o->ran = !stopping;
}

static void one_done(void *job)
{
    struct one *o = job;
    struct record *r = o->r;
    r->order[r->n++] = o->number;
    r->ran += o->ran;
    r->told_to_stop += !o->ran;
    if (r->n == r->wanted) {
        loop_stop(r->loop);
    }
}

static void jobs_run_on_the_thread_and_come_back_in_order(void **state)
{
    (void)state;
    struct err e = { 0 };
    struct record r = { .loop = loop_new(NULL, &e), .wanted = 10 };
    struct worker *w = worker_new(r.loop, "test", 16, &e);
    struct one jobs[10];
    assert_non_null(w);
    for (int i = 0; i < 10; i++) {
        jobs[i] = (struct one){ &r, i, false };
        assert_true(worker_submit(w, one_run, one_done, &jobs[i]));
    }
    assert_int_equal(r.n, 0); /* never from inside the call */
    loop_run(r.loop);
    assert_int_equal(r.ran, 10);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(r.order[i], i);
    }
    worker_free(w);
    loop_free(r.loop);
}

static void the_limit_counts_what_waits_and_runs(void **state)
{
    (void)state;
    struct err e = { 0 };
    struct record r = { .loop = loop_new(NULL, &e), .wanted = 2 };
    struct worker *w = worker_new(r.loop, "test", 2, &e);
    struct one jobs[3] = { { &r, 0, false }, { &r, 1, false }, { &r, 2, false } };
    assert_true(worker_submit(w, one_run, one_done, &jobs[0]));
    assert_true(worker_submit(w, one_run, one_done, &jobs[1]));
    assert_false(worker_submit(w, one_run, one_done, &jobs[2])); /* their results have not been collected */
    loop_run(r.loop);
    r.wanted = 3;
    assert_true(worker_submit(w, one_run, one_done, &jobs[2]));
    loop_run(r.loop);
    assert_int_equal(r.n, 3);
    worker_free(w);
    loop_free(r.loop);
}

static void every_job_is_done_when_the_worker_is_freed(void **state)
{
    (void)state;
    struct err e = { 0 };
    struct record r = { .loop = loop_new(NULL, &e), .wanted = -1 };
    struct worker *w = worker_new(r.loop, "test", 64, &e);
    struct one jobs[64];
    for (int i = 0; i < 64; i++) {
        jobs[i] = (struct one){ &r, i, false };
        assert_true(worker_submit(w, one_run, one_done, &jobs[i]));
    }
    worker_free(w);
    assert_int_equal(r.n, 64);
    assert_int_equal(r.ran + r.told_to_stop, 64);
    loop_free(r.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jobs_run_on_the_thread_and_come_back_in_order),
        cmocka_unit_test(the_limit_counts_what_waits_and_runs),
        cmocka_unit_test(every_job_is_done_when_the_worker_is_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
