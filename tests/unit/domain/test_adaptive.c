/* The rate a carrier takes, found by its answers: simulated carriers, a sender that always has something to
 * send, and a clock that is a parameter. */
#include "domain/adaptive.h"
#include "support.h"

#define RTT   (20 * USEC_MS)
#define STEP  USEC_MS
#define PLACE 4096

/* A carrier that takes `capacity` parts in any second, and says so to the others. */
struct sink {
    int64_t capacity;
    usec_t taken[20000];
    size_t n, from;
    size_t refused;
};

static bool sink_take(struct sink *s, usec_t now)
{
    while (s->from < s->n && s->taken[s->from] <= now - USEC_SEC) {
        s->from++;
    }
    if ((int64_t)(s->n - s->from) >= s->capacity || s->n == COUNT(s->taken)) {
        s->refused++;
        return false;
    }
    s->taken[s->n++] = now;
    return true;
}

struct world {
    struct adaptive a;
    struct bucket limit;
    struct sink sink;
    usec_t now, next_second, ended;
    unsigned window, began;
    struct {
        usec_t due, claimed;
        bool ok;
    } flight[PLACE]; /* a ring */
    size_t head, tail;
};

static struct world *world_new(int64_t limit, unsigned window, int64_t capacity)
{
    struct world *w = calloc(1, sizeof *w);
    w->now = 1000 * USEC_SEC + 333;
    w->window = window;
    w->sink.capacity = capacity;
    adaptive_init(&w->a, limit);
    bucket_init(&w->limit, limit, limit / 10, w->now);
    w->next_second = w->now + USEC_SEC;
    return w;
}

static void world_run(struct world *w, usec_t dur)
{
    for (usec_t end = w->now + dur; w->now < end; w->now += STEP) {
        for (; w->head != w->tail && w->flight[w->head % PLACE].due <= w->now; w->head++) {
            usec_t claimed = w->flight[w->head % PLACE].claimed;
            if (w->flight[w->head % PLACE].ok) {
                adaptive_taken(&w->a, claimed, w->now);
            } else {
                w->began += adaptive_asked(&w->a, ADAPTIVE_THROTTLED, claimed, w->now) == ADAPTIVE_BEGAN;
            }
        }
        if (w->now >= w->next_second) {
            w->next_second += USEC_SEC;
            w->ended = adaptive_second(&w->a, w->now) == ADAPTIVE_ENDED ? w->now : w->ended;
        }
        for (;;) {
            struct throttle t;
            throttle_init(&t);
            throttle_add(&t, &w->limit, "rate");
            adaptive_limit(&w->a, &t);
            if (w->tail - w->head >= w->window || !throttle_take(&t, 1, w->now)) {
                break;
            }
            adaptive_sent(&w->a, w->now);
            w->flight[w->tail % PLACE].claimed = w->now;
            w->flight[w->tail % PLACE].due = w->now + RTT;
            w->flight[w->tail++ % PLACE].ok = sink_take(&w->sink, w->now + RTT / 2);
        }
    }
}

static void it_converges_to_what_the_carrier_takes(void **state)
{
    static const struct {
        int64_t limit, capacity;
        unsigned window;
    } CASES[] = {
        { 0, 50, 100 },   { 0, 500, 100 },     { 0, 20, 1000 },
        { 1000, 50, 10 }, { 1000, 300, 1000 }, { 100, 90, 100 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct world *w = world_new(CASES[i].limit, CASES[i].window, CASES[i].capacity);
        world_run(w, 3 * USEC_SEC);
        assert_true(adaptive_is_on(&w->a));
        size_t taken = w->sink.n, refused = w->sink.refused;
        world_run(w, 20 * USEC_SEC);
        double share = (double)(w->sink.n - taken) / (20.0 * (double)CASES[i].capacity);
        if (share < 0.7 || share > 1.01 || (w->sink.refused - refused) * 20 > w->sink.n - taken) {
            fail_msg("case %zu: %.2f of the capacity, %zu refused, %zu taken", i, share,
                     w->sink.refused - refused, w->sink.n - taken);
        }
        assert_int_equal(w->began, 1);
        free(w);
    }
}

static void it_recovers_when_the_carrier_does_and_ends(void **state)
{
    static const int64_t LIMITS[] = { 0, 1000 };
    (void)state;
    for (size_t i = 0; i < COUNT(LIMITS); i++) {
        struct world *w = world_new(LIMITS[i], 10, 40);
        world_run(w, 5 * USEC_SEC);
        assert_in_range(adaptive_rate(&w->a), 20, 60);
        w->sink.capacity = INT64_MAX;
        world_run(w, 15 * USEC_SEC);
        assert_true(adaptive_rate(&w->a) >= w->a.before);
        world_run(w, 12 * USEC_SEC);
        assert_true(w->ended != 0);
        assert_false(adaptive_is_on(&w->a));
        assert_int_equal(w->a.cause, ADAPTIVE_NONE);
        free(w);
    }
}

static void one_cut_in_a_round_trip(void **state)
{
    (void)state;
    struct adaptive a;
    usec_t t = 100 * USEC_SEC;
    adaptive_init(&a, 0);
    for (unsigned i = 0; i < 100; i++) {
        adaptive_sent(&a, t);
        adaptive_taken(&a, t, t + 50 * USEC_MS);
    }
    /* 100 in a tenth of a second are 1000/s; all were under way when the first was refused */
    assert_int_equal(adaptive_asked(&a, ADAPTIVE_THROTTLED, t, t + 60 * USEC_MS), ADAPTIVE_BEGAN);
    assert_int_equal(adaptive_rate(&a), 700);
    for (unsigned i = 0; i < 99; i++) {
        assert_int_equal(adaptive_asked(&a, ADAPTIVE_THROTTLED, t, t + 61 * USEC_MS), ADAPTIVE_SAME);
    }
    assert_int_equal(adaptive_rate(&a), 700);
    /* in the next round trip: again, when little was taken meanwhile, but to a quarter at most */
    t += USEC_SEC + 60 * USEC_MS;
    assert_int_equal(adaptive_asked(&a, ADAPTIVE_QUEUE_FULL, t - 1, t), ADAPTIVE_LOWERED);
    assert_int_equal(adaptive_rate(&a), 175);
    assert_int_equal(a.cause, ADAPTIVE_QUEUE_FULL);
}

static void nothing_of_what_had_gathered_goes_after_a_cut(void **state)
{
    (void)state;
    struct adaptive a;
    struct throttle t;
    usec_t now = 100 * USEC_SEC;
    adaptive_init(&a, 1000);
    throttle_init(&t);
    adaptive_limit(&a, &t);
    assert_int_equal(t.count, 0); /* costs nothing while nobody asks */
    for (unsigned i = 0; i < 10; i++) {
        adaptive_sent(&a, now);
    }
    adaptive_asked(&a, ADAPTIVE_THROTTLED, now, now);
    throttle_init(&t);
    adaptive_limit(&a, &t);
    assert_true(throttle_when(&t, 1, now, NULL) == now + USEC_SEC / adaptive_rate(&a));
}

static void a_carrier_that_takes_nothing_is_left_alone_for_longer_and_longer(void **state)
{
    (void)state;
    struct world *w = world_new(200, 50, 100);
    world_run(w, 3 * USEC_SEC);
    assert_false(adaptive_is_stuck(&w->a, w->now));
    w->sink.capacity = 0;
    size_t before = w->sink.refused;
    world_run(w, 5 * USEC_SEC);
    world_run(w, 60 * USEC_SEC);
    assert_true(adaptive_is_stuck(&w->a, w->now));
    assert_int_equal(adaptive_rate(&w->a), 1);
    assert_true(w->sink.refused - before < 200);
    before = w->sink.refused;
    world_run(w, 60 * USEC_SEC);
    assert_in_range(w->sink.refused - before, 1, 4); /* half a minute each */
    w->sink.capacity = 100;
    size_t taken = w->sink.n;
    world_run(w, 60 * USEC_SEC);
    assert_false(adaptive_is_stuck(&w->a, w->now));
    assert_true(w->sink.n - taken > 1500);
    free(w);
}

static void congestion_is_a_gentle_cut_a_second(void **state)
{
    (void)state;
    struct adaptive a;
    usec_t t = 100 * USEC_SEC;
    int64_t rates[4], n = 0;
    adaptive_init(&a, 0);
    for (unsigned ms = 0; ms < 3000; ms++, t += USEC_MS) {
        bool send = ms < 1000 || bucket_take(&a.bucket, 1, t);
        if (send) {
            adaptive_sent(&a, t);
            adaptive_taken(&a, t, t);
            if (ms >= 1000) {
                adaptive_asked(&a, ADAPTIVE_CONGESTED, t, t);
            }
        }
        if (ms == 999) {
            adaptive_asked(&a, ADAPTIVE_CONGESTED, t, t);
        }
        if (ms % 1000 == 999) {
            rates[n++] = adaptive_rate(&a);
        }
    }
    assert_in_range(rates[0], 690, 710);
    assert_in_range(rates[1], 350, 600);
    assert_in_range(rates[2], 170, 420);
}

static void a_reload_moves_the_way_back(void **state)
{
    (void)state;
    struct adaptive a;
    usec_t t = 100 * USEC_SEC;
    adaptive_init(&a, 1000);
    for (unsigned i = 0; i < 100; i++) {
        adaptive_sent(&a, t);
        adaptive_taken(&a, t, t);
    }
    adaptive_asked(&a, ADAPTIVE_THROTTLED, t, t);
    assert_int_equal(adaptive_rate(&a), 700);
    adaptive_set_limit(&a, 300, t);
    assert_int_equal(adaptive_rate(&a), 300);
    for (unsigned i = 0; i < 12; i++) {
        t += USEC_SEC;
        adaptive_second(&a, t);
        assert_true(adaptive_rate(&a) <= 300);
    }
    assert_false(adaptive_is_on(&a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_converges_to_what_the_carrier_takes),
        cmocka_unit_test(it_recovers_when_the_carrier_does_and_ends),
        cmocka_unit_test(one_cut_in_a_round_trip),
        cmocka_unit_test(nothing_of_what_had_gathered_goes_after_a_cut),
        cmocka_unit_test(a_carrier_that_takes_nothing_is_left_alone_for_longer_and_longer),
        cmocka_unit_test(congestion_is_a_gentle_cut_a_second),
        cmocka_unit_test(a_reload_moves_the_way_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
