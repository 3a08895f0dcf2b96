#include "audience_fixture.h"

#include "audience/cross.h"
#include "audience/segment.h"

#define PEOPLE 300

static const char *const CONDITIONS[CROSS_MAX] = { "gender = \"f\" or csat >= 4", "tags has \"a\"",
                                                   "csat is set", "not tags has \"b\" and csat < 3" };

static void import_people(struct fixture *f)
{
    struct buf text = { 0 };
    buf_put_strv(&text, STRV("msisdn,gender,csat,tags\n"));
    for (unsigned i = 0; i < PEOPLE; i++) {
        buf_printf(&text, "+4917100%05u,%s,", i, i % 3 ? "f" : "m");
        buf_printf(&text, i % 4 ? "%u," : ",", i % 5 + 1);
        buf_printf(&text, "%s%s\n", i % 7 < 3 ? "a;" : "", i % 2 ? "b" : "");
    }
    assert_true(fixture_customers(f, "tags=tags:set", buf_cstr(&text)));
    assert_int_equal(f->progress.created, PEOPLE);
    buf_free(&text);
}

/* What the cell's own query finds. */
static uint64_t count_query(struct audience_view *v, const struct buf *text, const struct eval_options *o)
{
    struct err e = { 0 };
    struct query_error qe;
    struct query *q = segment_parse(v, (struct strv){ (const char *)text->data, text->len }, NULL, &qe);
    struct audience_set *set = q ? eval_query(v, q, o, &qe, &e) : NULL;
    assert_non_null(set);
    uint64_t n = audience_set_count(set);
    audience_set_free(set);
    query_free(q);
    return n;
}

static void cells_are_what_their_queries_find(void **state)
{
    struct fixture *f = *state;
    import_people(f);
    struct err e = { 0 };
    struct query_error qe;
    const struct eval_options o = { .now = FIXTURE_NOW };
    struct audience_view *v = audience_view_begin(f->a, &e);
    struct query *queries[CROSS_MAX];
    for (size_t i = 0; i < CROSS_MAX; i++) {
        queries[i] = segment_parse(v, strv_from(CONDITIONS[i]), NULL, &qe);
        assert_non_null(queries[i]);
    }
    for (size_t n = 1; n <= CROSS_MAX; n++) {
        const struct query *const *list = (const struct query *const *)queries;
        struct cross x;
        size_t at;
        uint64_t sum = 0, alone[CROSS_MAX] = { 0 };
        assert_true(cross_count(v, list, n, &o, &x, &at, &qe, &e));
        assert_int_equal(x.customers, PEOPLE);
        for (unsigned cell = 0; cell < 1u << n; cell++) {
            struct buf text = { 0 };
            assert_true(cross_put_query(list, n, cell, &text));
            assert_int_equal(x.cells[cell], count_query(v, &text, &o));
            sum += x.cells[cell];
            for (size_t i = 0; i < n; i++) {
                alone[i] += cell >> i & 1 ? x.cells[cell] : 0;
            }
            buf_free(&text);
        }
        assert_int_equal(sum, PEOPLE);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(x.alone[i], alone[i]);
            assert_true(alone[i] > 0 && alone[i] < PEOPLE);
        }
    }
    struct cross x;
    size_t at;
    assert_false(cross_count(v, NULL, 0, &o, &x, &at, &qe, &e));
    for (size_t i = 0; i < CROSS_MAX; i++) {
        query_free(queries[i]);
    }
    audience_view_end(v);
}

/* One evaluation works the scores out for all conditions. */
static void conditions_on_scores_may_be_crossed(void **state)
{
    struct fixture *f = *state;
    struct err e = { 0 };
    struct query_error qe;
    const struct eval_options o = { .now = FIXTURE_NOW };
    static const char *const SCORES[CROSS_MAX] = { "rfm(purchase).score >= 8",
                                                   "rfm(purchase).class = \"lost\"",
                                                   "rfm(purchase, last 10 days).f > 2",
                                                   "in segment \"gone\"" };
    struct buf text = { 0 };
    import_people(f);
    buf_put_strv(&text, STRV("msisdn,time,amount\n"));
    for (unsigned i = 0; i < 2 * PEOPLE; i++) {
        buf_printf(&text, "+4917100%05u,2023-11-%02uT10:00:00Z,%u\n", i * i % PEOPLE, 1 + i % 13, i % 40);
    }
    assert_true(fixture_events(f, "purchase", NULL, buf_cstr(&text)));
    buf_free(&text);
    const struct segment_by by = { .now = FIXTURE_NOW };
    assert_true(segment_save(f->a, STRV("gone"), STRV("csat > 1"), SEGMENT_PUT, NULL, &by, NULL, &e));
    struct audience_view *v = audience_view_begin(f->a, &e);
    struct query *queries[CROSS_MAX];
    const struct query *const *list = (const struct query *const *)queries;
    for (size_t i = 0; i < CROSS_MAX; i++) {
        queries[i] = segment_parse(v, strv_from(SCORES[i]), NULL, &qe);
        if (!queries[i]) {
            fail_msg("%s: %s", SCORES[i], qe.text);
        }
    }
    audience_view_end(v);
    assert_true(segment_delete(f->a, STRV("gone"), &by, &e));
    v = audience_view_begin(f->a, &e);
    struct cross x;
    size_t at = 9;
    assert_true(cross_count(v, list, 3, &o, &x, &at, &qe, &e));
    for (unsigned cell = 0; cell < 1u << 3; cell++) {
        assert_true(cross_put_query(list, 3, cell, &text));
        assert_int_equal(x.cells[cell], count_query(v, &text, &o));
        buf_clear(&text);
    }
    assert_true(x.alone[0] > 0 && x.alone[1] > 0 && x.alone[2] > 0);
    assert_false(cross_count(v, list, 4, &o, &x, &at, &qe, &e));
    assert_int_equal(at, 3);
    assert_int_equal(qe.code, QUERY_E_UNKNOWN_SEGMENT);
    for (size_t i = 0; i < CROSS_MAX; i++) {
        query_free(queries[i]);
    }
    buf_free(&text);
    audience_view_end(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(cells_are_what_their_queries_find, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(conditions_on_scores_may_be_crossed, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
