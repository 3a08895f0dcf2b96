/* One customer after the other over blocks of thousands of rows: in any order, whoever has none, one or very
 * many of them, first and last of a block. The other evaluator says the same. */
#include "audience_fixture.h"

#include "audience/eval.h"
#include "audience/segment.h"
#include "base/random.h"

#define PEOPLE 3000
#define MOST   300 /* rows of one customer: more than what is between two marks */

static const char *const QUERIES[] = {
    "count(purchase) >= 3",
    "sum(purchase.amount) > 60",
    "count(purchase, last 40 days) = 1 or count(purchase, last 10 days) > 2",
    "days_since(purchase) < 20 and count(purchase where amount > 5) > 1",
    "avg(purchase.amount) > 9.5",
    "percentile(sum(purchase.amount)) > 0.75 and percentile(avg(purchase.amount)) <= 0.9",
    "rfm(purchase).score >= 9 or rfm(purchase).f = 5",
    "not count(purchase | inbound) = 0",
};

static void given_people(struct fixture *f)
{
    struct buf b = { 0 };
    buf_put_strv(&b, STRV("msisdn,tier\n"));
    for (unsigned i = 0; i < PEOPLE; i++) {
        buf_printf(&b, "+49171000%04u,%s\n", i, i % 3 ? "gold" : "iron");
    }
    assert_true(fixture_customers(f, NULL, buf_cstr(&b)));
    assert_int_equal(f->progress.created, PEOPLE);
    buf_free(&b);
}

static void put_purchase(struct buf *b, struct rnd *r, unsigned customer)
{
    buf_printf(b, "+49171000%04u,2023-%02u-%02uT%02u:00:00Z,%u.%02u\n", customer,
               9 + (unsigned)rnd_below(r, 3), 1 + (unsigned)rnd_below(r, 13), (unsigned)rnd_below(r, 24),
               (unsigned)rnd_below(r, 20), (unsigned)rnd_below(r, 100));
}

static void given_purchases(struct fixture *f, struct rnd *r)
{
    struct buf b = { 0 };
    buf_put_strv(&b, STRV("msisdn,time,amount\n"));
    for (unsigned i = 0; i < PEOPLE; i++) {
        unsigned n = i % 7 == 0 ? 0 : (unsigned)rnd_below(r, 5);
        n = i == 0 || i == 1234 || i == PEOPLE - 1 ? MOST : n;
        while (n-- > 0) {
            put_purchase(&b, r, i);
        }
    }
    assert_true(fixture_events(f, "purchase", NULL, buf_cstr(&b)));
    assert_int_equal(f->progress.rejected, 0);
    buf_free(&b);
}

static void anybody_in_any_order(void **state)
{
    struct fixture *f = *state;
    struct rnd r;
    struct err e = { 0 };
    struct query_error qe = { 0 };
    const struct eval_options o = { .now = FIXTURE_NOW };
    rnd_seed(&r, 4);
    given_people(f);
    given_purchases(f, &r);
    given_purchases(f, &r); /* a second set of blocks */
    struct audience_view *v = audience_view_begin(f->a, &e);
    for (size_t i = 0; i < sizeof QUERIES / sizeof QUERIES[0]; i++) {
        struct query *q = segment_parse(v, strv_from(QUERIES[i]), NULL, &qe);
        struct audience_set *want = q ? eval_query(v, q, &o, &qe, &e) : NULL;
        if (!want) {
            fail_msg("%s: %s %s", QUERIES[i], e.text, qe.text);
        }
        const uint64_t members = audience_set_count(want);
        assert_true(members > 0 && members < PEOPLE);
        struct eval_one *one = eval_one_new(v, q, &o, &qe, &e);
        for (unsigned n = 0; n < 3 * PEOPLE; n++) {
            const uint32_t id = n < PEOPLE ? n : (uint32_t)rnd_below(&r, PEOPLE + 100); /* and nobody */
            bool in;
            assert_true(eval_one_test(one, id, &in, &e));
            if (in != audience_set_contains(want, id)) {
                fail_msg("%s: customer %u", QUERIES[i], (unsigned)id);
            }
        }
        eval_one_free(one);
        audience_set_free(want);
        query_free(q);
    }
    audience_view_end(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(anybody_in_any_order, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
