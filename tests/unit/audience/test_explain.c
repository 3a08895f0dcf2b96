/* The plan as it runs, and why a customer is a member: by hand, and for random queries against the
 * evaluators.
 */
#include "audience_fixture.h"

#include "audience/explain.h"
#include "audience/segment.h"
#include "base/civil.h"
#include "eval_model.h"

static const char PEOPLE[] = "msisdn,gender,tier,tags,birth_date,csat\n"
                             "+491710000001,f,gold,VIP;new,1990-02-03,4.5\n"
                             "+491710000002,m,,VIP,,2\n"
                             "+491710000003,f,silver,,1980-12-31,\n"
                             "+491710000004,,gold,,,\n";
static const char ORDERS[] = "msisdn,time,amount\n"
                             "+491710000001,2023-11-10T10:00:00Z,10.50\n"
                             "+491710000001,2023-11-12T10:00:00Z,20\n"
                             "+491710000002,2023-01-01T10:00:00Z,5\n";

static const struct eval_options OPTIONS = { .now = FIXTURE_NOW };

static void given_people(struct fixture *f)
{
    const struct segment_by by = { .now = FIXTURE_NOW };
    struct err e = { 0 };
    assert_true(fixture_customers(f, "tags=tags:set", PEOPLE));
    assert_true(fixture_events(f, "purchase", NULL, ORDERS));
    assert_int_equal(f->progress.rejected, 0);
    assert_true(segment_save(f->a, STRV("golden"), STRV("tier = \"gold\" and gender is set"), SEGMENT_ADD,
                             NULL, &by, NULL, &e));
}

static struct query *parse(struct audience_view *v, const char *text)
{
    struct query_error qe = { 0 };
    struct query *q = segment_parse(v, strv_from(text), NULL, &qe);
    if (q == NULL) {
        fail_msg("%s: %s", text, qe.text);
    }
    return q;
}

static void the_plan_is_told_in_the_order_in_which_it_runs(void **state)
{
    struct fixture *f = *state;
    given_people(f);
    struct err e = { 0 };
    struct clock clock = { 0 };
    struct explain x;
    struct buf told = { 0 };
    struct audience_view *v = audience_view_begin(f->a, &e);
    struct query *q =
        parse(v, "percentile(sum(purchase.amount)) > 0.5 and (count(purchase, last 30 days) >= 1 or "
                 "in segment \"golden\") and not gender = \"m\" and tags has \"VIP\"");
    assert_true(explain_query(v, q, &OPTIONS, &clock, &x, NULL, &e));
    for (size_t i = 0; i < x.n; i++) {
        const struct explain_step *s = &x.steps[i];
        buf_printf(&told, "%*s" STRV_FMT " [%s] looked %llu left %llu alone %llu unset %llu\n",
                   (int)s->depth * 2, "", STRV_ARG(s->text), s->how, (unsigned long long)s->looked_at,
                   (unsigned long long)s->left, (unsigned long long)s->count, (unsigned long long)s->unset);
    }
    assert_string_equal(buf_cstr(&told),
                        "and [] looked 4 left 1 alone 1 unset 0\n"
                        "  tags has \"VIP\" [bitmap] looked 4 left 2 alone 2 unset 2\n"
                        "  not [] looked 2 left 1 alone 3 unset 0\n"
                        "    gender = \"m\" [column] looked 2 left 1 alone 1 unset 1\n"
                        "  or [] looked 1 left 1 alone 1 unset 0\n"
                        "    in segment \"golden\" [segment] looked 1 left 1 alone 1 unset 0\n"
                        "      and [] looked 4 left 1 alone 1 unset 0\n"
                        "        tier = \"gold\" [column] looked 4 left 2 alone 2 unset 1\n"
                        "        gender is set [column] looked 2 left 1 alone 3 unset 1\n"
                        "    count(purchase, last 30 days) >= 1 [events] looked 0 left 0 alone 1 unset 0\n"
                        "  percentile(sum(purchase.amount)) > 0.5 [percentiles of everybody] looked 1 left 1 "
                        "alone 2 unset 0\n");
    assert_int_equal(x.count, 1);
    assert_int_equal(x.customers, 4);
    assert_false(x.steps[9].taken); /* nobody was left for it */
    explain_free(&x);
    query_free(q);
    audience_view_end(v);
    buf_free(&told);
}

static bool put_reason(void *ctx, const struct explain_reason *r)
{
    buf_printf(ctx, "%*s" STRV_FMT " %s", (int)r->depth * 2, "", STRV_ARG(r->text), r->holds ? "yes" : "no");
    if (r->has_value) {
        buf_printf(ctx, ": " STRV_FMT, STRV_ARG(r->value.n ? r->value : STRV("unset")));
    }
    return buf_put_u8(ctx, '\n');
}

static void a_reason_has_what_was_found(void **state)
{
    struct fixture *f = *state;
    given_people(f);
    static const struct {
        uint32_t customer;
        const char *query, *want;
        bool in;
    } cases[] = {
        { 0, "count(purchase, last 90 days) >= 3", "count(purchase, last 90 days) >= 3 no: 2\n", false },
        { 1, "tier = \"gold\"", "tier = \"gold\" no: unset\n", false },
        { 0, "tier = \"gold\"", "tier = \"gold\" yes: gold\n", true },
        { 0, "tags has \"VIP\"", "tags has \"VIP\" yes: VIP, new\n", true },
        { 2, "tags is set", "tags is set no: unset\n", false },
        { 2, "csat > 3", "csat > 3 no: unset\n", false },
        { 0, "csat > 3", "csat > 3 yes: 4.5\n", true },
        { 0, "3 < csat", "3 < csat yes: 4.5\n", true },
        { 0, "age(birth_date) between 30 and 40", "age(birth_date) between 30 and 40 yes: 33\n", true },
        { 1, "age(birth_date) > 3", "age(birth_date) > 3 no: unset\n", false },
        { 0, "birth_date before 1990-01-01", "birth_date before 1990-01-01 no: 1990-02-03\n", false },
        { 0, "avg(purchase.amount) > 15", "avg(purchase.amount) > 15 yes: 15.25\n", true },
        { 0, "count(purchase) > csat", "count(purchase) > csat no: 2 and 4.5\n", false },
        { 0, "sum(purchase.amount) in 1..100", "sum(purchase.amount) in 1..100 yes: 30.5\n", true },
        { 1, "days_since(purchase) > 60", "days_since(purchase) > 60 yes: 317\n", true },
        { 3, "days_since(purchase) > 60", "days_since(purchase) > 60 no: unset\n", false },
        { 1, "tier = \"gold\" or not gender = \"f\"",
          "or yes\n  tier = \"gold\" no: unset\n  not yes\n    gender = \"f\" no: m\n", true },
        { 3, "gender = \"f\" or in segment \"golden\"",
          "or no\n  gender = \"f\" no: unset\n  in segment \"golden\" no\n    and no\n"
          "      tier = \"gold\" yes: gold\n      gender is set no: unset\n",
          false },
    };
    struct err e = { 0 };
    struct audience_view *v = audience_view_begin(f->a, &e);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf told = { 0 };
        bool in;
        struct query *q = parse(v, cases[i].query);
        assert_true(explain_why(v, q, cases[i].customer, &OPTIONS, &in, put_reason, &told, NULL, &e));
        assert_string_equal(buf_cstr(&told), cases[i].want);
        assert_int_equal(in, cases[i].in);
        query_free(q);
        buf_free(&told);
    }
    audience_view_end(v);
}

/* --- random ones --- */

struct root {
    bool holds, set;
};

static bool take_root(void *ctx, const struct explain_reason *r)
{
    struct root *root = ctx;
    if (!root->set) {
        root->holds = r->holds;
        root->set = true;
    }
    return true;
}

static void agrees(struct model *m, struct audience_view *v, const struct query *q)
{
    const struct bgnbd alive = { m->alive[0], m->alive[1], m->alive[2], m->alive[3] };
    const struct eval_options o = { .now = m->now, .zones = m->zones, .alive = &alive };
    struct err e = { 0 };
    struct clock clock = { 0 };
    struct explain x;
    struct audience_set *want = eval_query(v, q, &o, NULL, &e);
    struct eval_clause *clauses = calloc(q->clauses, sizeof *clauses);
    assert_non_null(want);
    if (!explain_query(v, q, &o, &clock, &x, NULL, &e) || !eval_breakdown(v, q, &o, clauses, NULL, &e)) {
        fail_msg(STRV_FMT ": %s", STRV_ARG(q->text), e.text);
    }
    assert_int_equal(x.count, audience_set_count(want));
    assert_int_equal(x.steps[0].left, x.count);
    assert_int_equal(x.steps[0].count, x.count);
    for (uint32_t i = 0; i < q->clauses; i++) {
        struct strv text = query_node_text(q, clauses[i].node);
        bool found = false;
        for (size_t k = 0; k < x.n; k++) {
            const struct explain_step *s = &x.steps[k];
            found = found ||
                    (s->text.p == text.p && s->count == clauses[i].count && s->unset == clauses[i].unset);
        }
        if (!found) {
            fail_msg(STRV_FMT ": clause %u", STRV_ARG(q->text), i);
        }
    }
    for (uint32_t i = 0; i < m->n; i += 7) {
        struct root root = { false, false };
        bool in;
        if (!m->customers[i].exists) {
            continue;
        }
        assert_true(explain_why(v, q, m->first + i, &o, &in, take_root, &root, NULL, &e));
        assert_int_equal(in, audience_set_contains(want, m->first + i));
        assert_int_equal(root.holds, in);
    }
    explain_free(&x);
    free(clauses);
    audience_set_free(want);
}

static void random_queries_are_explained_as_they_are_evaluated(void **state)
{
    (void)state;
    struct zones *zones = zones_new(NULL, NULL);
    struct model m = { .now = INT64_C(1793007015000000), .zones = zones };
    struct rnd r;
    rnd_seed(&r, 7);
    model_make(&m, 7, 100, 700, true);
    struct audience_view *v = audience_view_begin(m.audience, NULL);
    for (int i = 0; i < 150; i++) {
        struct buf text = { 0 };
        random_query(&r, &m, &text);
        struct query *q = parse(v, buf_cstr(&text));
        agrees(&m, v, q);
        query_free(q);
        buf_free(&text);
    }
    audience_view_end(v);
    model_free(&m);
    zones_free(zones);
}

#define T(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_plan_is_told_in_the_order_in_which_it_runs),
        T(a_reason_has_what_was_found),
        cmocka_unit_test(random_queries_are_explained_as_they_are_evaluated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
