/* Percentiles and scores of worlds made for them: averages of which the sums are large, or that differ in the
 * last digit only, ties, and values far apart. Expected is what counting pairs says, in wide integers. */
#include "audience_fixture.h"

#include "audience/eval.h"
#include "audience/segment.h"
#include "base/random.h"

#define PEOPLE 8 /* parts of 8 are exact in decimals */
#define MOST   400

struct person {
    int n;
    int64_t cents[MOST];
};

struct world {
    const char *name;
    struct person people[PEOPLE];
};

static void import(struct fixture *f, const struct world *w)
{
    struct buf b = { 0 };
    buf_put_strv(&b, STRV("msisdn,part\n"));
    for (unsigned i = 0; i < PEOPLE; i++) {
        unsigned upto = 0;
        for (unsigned k = 0; k < PEOPLE; k++) { /* average k <= average i, crosswise */
            __int128 left = 0, right = 0;
            for (int m = 0; m < w->people[k].n; m++) {
                left += w->people[k].cents[m];
            }
            for (int m = 0; m < w->people[i].n; m++) {
                right += w->people[i].cents[m];
            }
            upto += left * w->people[i].n <= right * w->people[k].n;
        }
        buf_printf(&b, "+4917100000%02u,%u.%03u\n", i, upto * 125 / 1000, upto * 125 % 1000);
    }
    assert_true(fixture_customers(f, "part=part:number(3)", buf_cstr(&b)));
    assert_int_equal(f->progress.created, PEOPLE);
    buf_clear(&b);
    buf_put_strv(&b, STRV("msisdn,time,amount\n"));
    for (unsigned i = 0; i < PEOPLE; i++) {
        for (int k = 0; k < w->people[i].n; k++) {
            const int64_t c = w->people[i].cents[k], a = c < 0 ? -c : c;
            buf_printf(&b, "+4917100000%02u,2023-11-%02dT10:%02d:00Z,%s%lld.%02d\n", i, 1 + k % 13, k % 60,
                       c < 0 ? "-" : "", (long long)(a / 100), (int)(a % 100));
        }
    }
    assert_true(fixture_events(f, "purchase", NULL, buf_cstr(&b)));
    assert_int_equal(f->progress.rejected, 0);
    buf_free(&b);
}

static uint64_t count(struct fixture *f, const char *query)
{
    const struct eval_options o = { .now = FIXTURE_NOW };
    struct err e = { 0 };
    struct query_error qe = { 0 };
    struct audience_view *v = audience_view_begin(f->a, &e);
    struct query *q = segment_parse(v, strv_from(query), NULL, &qe);
    struct audience_set *set = q ? eval_query(v, q, &o, &qe, &e) : NULL;
    if (!set) {
        fail_msg("%s: %s %s", query, e.text, qe.text);
    }
    uint64_t n = audience_set_count(set);
    struct eval_one *one = eval_one_new(v, q, &o, &qe, &e);
    for (uint32_t i = 0; i < PEOPLE; i++) {
        bool in;
        assert_true(eval_one_test(one, i, &in, &e));
        assert_int_equal(in, audience_set_contains(set, i));
    }
    eval_one_free(one);
    audience_set_free(set);
    query_free(q);
    audience_view_end(v);
    return n;
}

/* What the part of everybody is, is in the field "part": as a number, and by the borders of literals. */
static void ranks_are_exact(struct fixture *f, const struct world *w)
{
    import(f, w);
    if (count(f, "percentile(avg(purchase.amount)) = part") != PEOPLE) {
        fail_msg("%s: of everybody", w->name);
    }
    for (unsigned k = 0; k <= PEOPLE; k++) {
        char as_part[100], as_rank[100];
        snprintf(as_part, sizeof as_part, "part >= 0.%03u", k * 125 % 1000);
        snprintf(as_rank, sizeof as_rank, "percentile(avg(purchase.amount)) >= 0.%03u", k * 125 % 1000);
        if (count(f, as_rank) != count(f, as_part)) {
            fail_msg("%s: %s", w->name, as_rank);
        }
        char both[300];
        snprintf(both, sizeof both, "%s and %s", as_part, as_rank);
        assert_int_equal(count(f, both), count(f, as_part));
    }
}

static void given(struct world *w, unsigned who, int n, int64_t cents)
{
    w->people[who].n = n;
    for (int i = 0; i < n; i++) {
        w->people[who].cents[i] = cents;
    }
}

static void averages_that_differ_in_the_last_digit(void **state)
{
    static struct world w = { .name = "last digit" };
    given(&w, 0, 399, 1000); /* 1 cent more or less in 399 and in 400 */
    given(&w, 1, 400, 1000);
    w.people[0].cents[7]++;
    w.people[1].cents[9]++;
    given(&w, 2, 399, 1000);
    w.people[2].cents[0]--;
    given(&w, 3, 1, 1000);
    given(&w, 4, 7, 1000);
    given(&w, 5, 3, -1);
    w.people[5].cents[1] = 0; /* below 0 is rounded the other way */
    given(&w, 6, 4, -1);
    w.people[6].cents[3] = 1;
    given(&w, 7, 2, 1);
    w.people[7].cents[0] = 0;
    ranks_are_exact(*state, &w);
}

static void large_sums_of_many(void **state)
{
    static struct world w = { .name = "large sums" };
    for (unsigned i = 0; i < PEOPLE; i++) {
        given(&w, i, (int)(MOST - i), INT64_C(10000000000000) + i / 2);
        w.people[i].cents[0] += i % 3;
    }
    ranks_are_exact(*state, &w);
}

static void averages_too_large_for_integers(void **state)
{
    static struct world w = { .name = "too large" };
    for (unsigned i = 0; i < PEOPLE; i++) {
        given(&w, i, (int)(MOST - i % 3 * 50), INT64_C(20000000000000000) - i / 3);
        w.people[i].cents[3] -= i == 4;
    }
    ranks_are_exact(*state, &w);
}

static void values_anywhere(void **state)
{
    struct rnd r;
    static struct world w = { .name = "anywhere" };
    rnd_seed(&r, 3);
    for (unsigned i = 0; i < PEOPLE; i++) {
        w.people[i].n = 1 + (int)rnd_below(&r, 30);
        for (int k = 0; k < w.people[i].n; k++) {
            w.people[i].cents[k] = (int64_t)rnd_below(&r, INT64_C(1) << 40) - (INT64_C(1) << 39);
        }
    }
    ranks_are_exact(*state, &w);
}

#define T(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(averages_that_differ_in_the_last_digit),
        T(large_sums_of_many),
        T(averages_too_large_for_integers),
        T(values_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
