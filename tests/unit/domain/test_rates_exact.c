/* Rates are exact: messages of random senders, regions, campaigns, carriers and parts arrive at random, all
 * limits of each are gathered, and one timer is set for the next allowed instant. Then every window of one
 * and of ten seconds is looked at, of every limit. */
#include "domain/throttle.h"
#include "support.h"

#include "base/random.h"

#define DURATION (40 * USEC_SEC)
#define MOST     200000
#define KIND_MAX 4

enum { CARRIER, BIND, SENDER, REGION, CAMPAIGN, KINDS };
static const char *const KIND_NAMES[] = { "carrier", "bind", "sender", "region", "campaign" };

struct limit {
    struct bucket bucket;
    int64_t rate, burst;
    struct {
        usec_t at;
        unsigned parts;
    } * sent;
    size_t n;
    bool busy; /* there was always something that waited for it, and for nothing else */
};

/* What waits: one queue for each combination of limits, since they do not hold each other up. */
struct flow {
    unsigned of[KINDS];
    unsigned waiting[4096]; /* parts of each message */
    size_t head, tail;
};

struct scene {
    struct limit limits[KINDS][KIND_MAX];
    unsigned count[KINDS]; /* of each kind; 0: there is no such limit */
    struct flow flows[1024];
    size_t n_flows;
    unsigned parts_most;
    struct rnd rnd;
};

static void gather(struct scene *s, const struct flow *f, struct throttle *t)
{
    throttle_init(t);
    for (unsigned k = 0; k < KINDS; k++) {
        if (s->count[k] > 0) {
            throttle_add(t, &s->limits[k][f->of[k]].bucket, KIND_NAMES[k]);
        }
    }
}

static void note(struct scene *s, const struct flow *f, usec_t now, unsigned parts)
{
    for (unsigned k = 0; k < KINDS; k++) {
        struct limit *l = &s->limits[k][f->of[k]];
        if (s->count[k] > 0) {
            assert_true(l->n < MOST);
            l->sent[l->n].at = now;
            l->sent[l->n++].parts = parts;
        }
    }
}

/* Sends what may go now; the earliest instant at which something else may. Turns rotate. */
static usec_t drain(struct scene *s, usec_t now, size_t *turn)
{
    usec_t next = USEC_NEVER;
    bool again = true;
    while (again) {
        again = false;
        next = USEC_NEVER;
        for (size_t i = 0; i < s->n_flows; i++) {
            struct flow *f = &s->flows[(*turn + i) % s->n_flows];
            struct throttle t;
            if (f->head == f->tail) {
                continue;
            }
            unsigned parts = f->waiting[f->head % COUNT(f->waiting)];
            gather(s, f, &t);
            usec_t when = throttle_when(&t, parts, now, NULL);
            assert_int_equal(when <= now, throttle_take(&t, parts, now)); /* the one means the other */
            if (when > now) {
                next = when < next ? when : next;
                continue;
            }
            note(s, f, now, parts);
            f->head++;
            *turn += i + 1;
            again = true;
            break;
        }
    }
    return next;
}

static void run(struct scene *s, usec_t mean_gap)
{
    usec_t now = 1000 * USEC_SEC + 17, end = now + DURATION, arrival = now;
    size_t turn = 0;
    for (unsigned k = 0; k < KINDS; k++) {
        for (unsigned i = 0; i < s->count[k]; i++) {
            struct limit *l = &s->limits[k][i];
            bucket_init(&l->bucket, l->rate, l->burst, now);
            l->sent = malloc(MOST * sizeof *l->sent);
            assert_non_null(l->sent);
        }
    }
    while (now < end) {
        while (arrival <= now) {
            struct flow *f = &s->flows[rnd_u64(&s->rnd) % s->n_flows];
            if (f->tail - f->head < COUNT(f->waiting)) {
                f->waiting[f->tail++ % COUNT(f->waiting)] = 1 + (unsigned)(rnd_u64(&s->rnd) % s->parts_most);
            }
            arrival += 1 + (usec_t)(rnd_u64(&s->rnd) % (uint64_t)(2 * mean_gap));
        }
        usec_t timer = drain(s, now, &turn);
        now = timer < arrival ? timer : arrival;
    }
}

static int64_t window_most(const struct limit *l, usec_t width)
{
    int64_t sum = 0, most = 0;
    for (size_t i = 0, j = 0; i < l->n; i++) {
        for (sum += l->sent[i].parts; l->sent[i].at - l->sent[j].at >= width; j++) {
            sum -= l->sent[j].parts;
        }
        most = sum > most ? sum : most;
    }
    return most;
}

/* The least in any window that begins with a part, but for the last. */
static int64_t window_least(const struct limit *l, usec_t width)
{
    int64_t sum = 0, least = INT64_MAX;
    for (size_t i = 0, j = 0; j < l->n && l->sent[l->n - 1].at - l->sent[i].at >= width; i++) {
        for (; l->sent[j].at - l->sent[i].at < width; j++) {
            sum += l->sent[j].parts;
        }
        least = sum < least ? sum : least;
        sum -= l->sent[i].parts;
    }
    return least;
}

static void check(const struct scene *s, const char *name)
{
    for (unsigned k = 0; k < KINDS; k++) {
        for (unsigned i = 0; i < s->count[k]; i++) {
            const struct limit *l = &s->limits[k][i];
            int64_t second = window_most(l, USEC_SEC), ten = window_most(l, 10 * USEC_SEC);
            if (second > l->rate + l->burst || ten > 10 * l->rate + l->burst) {
                fail_msg("%s, %s %u: %lld in a second, %lld in ten, allowed are %lld/s and %lld", name,
                         KIND_NAMES[k], i, (long long)second, (long long)ten, (long long)l->rate,
                         (long long)l->burst);
            }
            /* with the default burst ten seconds are within a hundredth */
            assert_true(l->burst > l->rate / 10 || ten * 100 <= 10 * l->rate * 101);
            int64_t least = window_least(l, 10 * USEC_SEC);
            if (l->busy && least * 100 < 10 * l->rate * 99) {
                fail_msg("%s, %s %u: only %lld in ten seconds of %lld/s", name, KIND_NAMES[k], i,
                         (long long)least, (long long)l->rate);
            }
        }
    }
}

static struct scene *scene_new(uint64_t seed, unsigned parts_most)
{
    struct scene *s = calloc(1, sizeof *s);
    assert_non_null(s);
    rnd_seed(&s->rnd, seed);
    s->parts_most = parts_most;
    return s;
}

static void scene_limit(struct scene *s, unsigned kind, int64_t rate, int64_t burst, bool busy)
{
    s->limits[kind][s->count[kind]++] = (struct limit){ .rate = rate, .burst = burst, .busy = busy };
}

/* A flow for each combination. */
static void scene_flows(struct scene *s)
{
    unsigned of[KINDS] = { 0 };
    for (unsigned k = 0; k < KINDS;) {
        assert_true(s->n_flows < COUNT(s->flows));
        memcpy(s->flows[s->n_flows++].of, of, sizeof of);
        for (k = 0; k < KINDS && ++of[k] >= s->count[k]; k++) {
            of[k] = 0;
        }
    }
}

static void scene_free(struct scene *s)
{
    for (unsigned k = 0; k < KINDS; k++) {
        for (unsigned i = 0; i < s->count[k]; i++) {
            free(s->limits[k][i].sent);
        }
    }
    free(s);
}

static void each_kind_alone_is_exact(void **state)
{
    static const struct {
        int64_t rate, burst;
        unsigned parts;
    } CASES[] = { { 7, 1, 1 }, { 50, 5, 1 }, { 50, 5, 4 }, { 333, 33, 3 }, { 500, 1, 1 }, { 999, 99, 4 } };
    (void)state;
    for (unsigned kind = 0; kind < KINDS; kind++) {
        for (size_t i = 0; i < COUNT(CASES); i++) {
            struct scene *s = scene_new(i + 1, CASES[i].parts);
            scene_limit(s, kind, CASES[i].rate, CASES[i].burst, CASES[i].rate >= 50);
            scene_flows(s);
            run(s, USEC_SEC / (2 * CASES[i].rate)); /* twice as many as may go */
            check(s, "alone");
            scene_free(s);
        }
    }
}

static void two_and_three_at_once_are_exact(void **state)
{
    (void)state;
    for (unsigned a = 0; a < KINDS; a++) {
        for (unsigned b = a + 1; b < KINDS; b++) {
            struct scene *s = scene_new(a * 10 + b, 3);
            /* the tight ones are always waited for; the wide one is not */
            scene_limit(s, a, 90, 9, true);
            scene_limit(s, a, 60, 6, true);
            scene_limit(s, b, 1000, 100, false);
            scene_flows(s);
            run(s, USEC_SEC / 400);
            check(s, "two kinds");
            scene_free(s);
        }
    }
}

static void all_five_at_once_are_never_exceeded(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct scene *s = scene_new(seed, 4);
        scene_limit(s, CARRIER, 400, 40, false);
        scene_limit(s, CARRIER, 150, 10, false);
        scene_limit(s, BIND, 120, 12, false);
        scene_limit(s, BIND, 300, 4, false);
        scene_limit(s, SENDER, 80, 8, false);
        scene_limit(s, SENDER, 500, 50, false);
        scene_limit(s, REGION, 100, 100, false);
        scene_limit(s, REGION, 300, 30, false);
        scene_limit(s, REGION, 11, 4, false);
        scene_limit(s, CAMPAIGN, 70, 7, false);
        scene_limit(s, CAMPAIGN, 200, 20, false);
        scene_flows(s);
        run(s, 200 + (usec_t)(seed * 1500)); /* from far too much to less than may go */
        check(s, "all five");
        scene_free(s);
    }
}

static void what_arrives_below_the_rate_is_not_delayed(void **state)
{
    (void)state;
    struct scene *s = scene_new(3, 1);
    scene_limit(s, CARRIER, 1000, 100, false);
    scene_limit(s, SENDER, 800, 80, false);
    scene_flows(s);
    run(s, USEC_SEC / 300);
    for (size_t i = 0; i < s->n_flows; i++) {
        assert_true(s->flows[i].tail - s->flows[i].head <= 1);
        assert_true(s->flows[i].tail > 10000);
    }
    scene_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_alone_is_exact),
        cmocka_unit_test(two_and_three_at_once_are_exact),
        cmocka_unit_test(all_five_at_once_are_never_exceeded),
        cmocka_unit_test(what_arrives_below_the_rate_is_not_delayed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
