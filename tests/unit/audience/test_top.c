/* The highest of a number: against the evaluator's own comparisons, and as a person would expect it. */
#include "audience_fixture.h"

#include "audience/segment.h"
#include "audience/top.h"
#include "query/print.h"

#define PEOPLE   500
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void import_people(struct fixture *f)
{
    struct buf people = { 0 }, bought = { 0 };
    buf_put_strv(&people, STRV("phone,first_name,tier,csat\n"));
    buf_put_strv(&bought, STRV("phone,time,amount\n"));
    for (unsigned i = 0; i < PEOPLE; i++) { /* numbers descend while ids ascend */
        unsigned number = 900999 - i;
        buf_printf(&people, "+447700%06u,P%u,%s,%s\n", number, i, i % 5 ? "gold" : "", i % 3 ? "4" : "");
        for (unsigned k = 0; k < i * 7 % 5; k++)
            buf_printf(&bought, "+447700%06u,2023-0%u-10,%u.%02u\n", number, 1 + (i + k) % 8, i * 31 % 50,
                       i % 4 * 25);
    }
    assert_true(fixture_customers(f, "csat=csat:number(0)", buf_cstr(&people)));
    assert_true(fixture_events(f, "purchase", "", buf_cstr(&bought)));
    assert_string_equal(f->rejects, "");
    buf_free(&people);
    buf_free(&bought);
}

static uint64_t count_of(struct audience_view *v, const char *text)
{
    struct err e = { 0 };
    struct query_error qe;
    const struct eval_options o = { .now = FIXTURE_NOW };
    struct query *q = segment_parse(v, strv_from(text), NULL, &qe);
    struct audience_set *set = q ? eval_query(v, q, &o, &qe, &e) : NULL;
    if (!set)
        fail_msg("%s: %s", text, q ? e.text : qe.text);
    uint64_t n = audience_set_count(set);
    audience_set_free(set);
    query_free(q);
    return n;
}

static struct top top_of(struct audience_view *v, const char *who, const char *by, size_t limit)
{
    struct err e = { 0 };
    struct query_error qe = { 0 };
    struct top t = { 0 };
    const struct eval_options o = { .now = FIXTURE_NOW };
    struct query *w = who ? segment_parse(v, strv_from(who), NULL, &qe) : NULL;
    struct query *number = top_parse(v, strv_from(by), NULL, &qe);
    if (!number || !top_find(v, w, number, limit, &o, &t, &qe, &e))
        fail_msg("%s: %s%s", by, qe.text, e.text);
    query_free(w);
    query_free(number);
    return t;
}

/* Of each row as many are above it as the language says, and the shorter list is the beginning of the longer.
 */
static void a_ranking_is_what_the_language_compares(void **state)
{
    struct fixture *f = *state;
    static const char *const numbers[] = {
        "sum(purchase.amount)", "count(purchase, last 1 year)",        "avg(purchase.amount)", "csat",
        "days_since(purchase)", "percentile(count(purchase))",         "rfm(purchase).score",  "msisdn",
        "max(purchase.amount)", "share(purchase where month in 1..3)",
    };
    import_people(f);
    struct err e = { 0 };
    struct audience_view *v = audience_view_begin(f->a, &e);
    for (size_t i = 0; i < COUNT(numbers); i++) {
        struct top all = top_of(v, NULL, numbers[i], PEOPLE + 1);
        char text[200];
        assert_int_equal(all.among, PEOPLE);
        assert_int_equal(all.n, all.with);
        snprintf(text, sizeof text, "%s >= 0", numbers[i]);
        assert_int_equal(all.with, count_of(v, text));
        for (size_t k = 1; k < all.n; k++) {
            const struct top_row *a = &all.rows[k - 1], *b = &all.rows[k];
            __int128 left = (__int128)a->v * b->den, right = (__int128)b->v * a->den;
            if (left < right || (left == right && a->msisdn >= b->msisdn))
                fail_msg("%s: rows %zu and %zu", numbers[i], k - 1, k);
        }
        for (size_t k = 0; k < all.n; k += 37) { /* only what is a decimal can be written as one */
            struct buf value = { 0 };
            size_t above = 0;
            top_put_value(&all, &all.rows[k], &value);
            while (all.rows[above].v * (__int128)all.rows[k].den !=
                   all.rows[k].v * (__int128)all.rows[above].den)
                above++;
            snprintf(text, sizeof text, "%s > %s", numbers[i], buf_cstr(&value));
            if (all.rows[k].den == 1)
                assert_int_equal(count_of(v, text), above);
            buf_free(&value);
        }
        for (size_t limit = 1; limit < PEOPLE; limit = limit * 3 + 1) {
            struct top some = top_of(v, NULL, numbers[i], limit);
            assert_int_equal(some.n, limit < all.n ? limit : all.n);
            assert_int_equal(some.with, all.with);
            for (size_t k = 0; k < some.n; k++)
                assert_int_equal(some.rows[k].msisdn, all.rows[k].msisdn);
            top_free(&some);
        }
        top_free(&all);
    }
    audience_view_end(v);
}

static void of_a_segment_only_its_members(void **state)
{
    struct fixture *f = *state;
    import_people(f);
    struct err e = { 0 };
    struct audience_view *v = audience_view_begin(f->a, &e);
    struct top t = top_of(v, "tier = \"gold\" and csat is set", "csat # the last score\n", 3);
    assert_int_equal(t.among, count_of(v, "tier = \"gold\" and csat is set"));
    assert_int_equal(t.with, t.among);
    /* all have 4: the lowest numbers, that is those imported last */
    assert_int_equal(t.n, 3);
    assert_int_equal(t.rows[0].msisdn, 447700900999 - 499);
    assert_int_equal(t.rows[1].msisdn, 447700900999 - 497);
    assert_int_equal(t.rows[2].msisdn, 447700900999 - 496);
    top_free(&t);
    t = top_of(v, "tier = \"none\"", "csat", 3);
    assert_int_equal(t.n + t.among + t.with, 0);
    top_free(&t);
    audience_view_end(v);
}

static void what_is_no_number_is_refused(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *by, *says;
    } cases[] = {
        { "tier",
          "this is not one number of a customer at 1: write one such as sum(purchase.amount, this month)" },
        { "count(purchase) > 1 and csat", "not one number" },
        { "csat = 4 or csat", "not one number" },
        { "csat <", "not one number" },
        { "csat +", "at 6" },
        { "sum(purchase.amount", "not one number" },
        { "42", "the same for everybody" },
        { "sum(purchase.amuont)", "did you mean \"amount\"?" },
        { "# nothing", "not one number" },
        { "csat = 1 #", "" },
        { "csat is set", "" },
        { "not csat", "" },
    };
    import_people(f);
    struct err e = { 0 };
    struct audience_view *v = audience_view_begin(f->a, &e);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct query_error qe = { 0 };
        struct query *q = top_parse(v, strv_from(cases[i].by), NULL, &qe);
        if (q || qe.code == QUERY_OK || !strstr(qe.text, cases[i].says))
            fail_msg("%s: %s", cases[i].by, qe.text);
    }
    struct query_error qe;
    struct query *q = top_parse(v, STRV("SUM( purchase.amount , last 1 year )"), NULL, &qe);
    struct buf text = { 0 };
    assert_true(q && top_put_number(q, &text));
    assert_string_equal(buf_cstr(&text), "sum(purchase.amount, last 1 year)");
    buf_free(&text);
    query_free(q);
    audience_view_end(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_ranking_is_what_the_language_compares, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(of_a_segment_only_its_members, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(what_is_no_number_is_refused, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
