/* The order of evaluation, and what this version does not evaluate. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "audience/plan.h"
#include "query/parse.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static const struct {
    const char *text;
    uint32_t order[4];
} order_cases[] = {
    { "count(a) > 1 and tags has \"x\"", { 1, 0 } },
    { "tags has \"x\" and count(a) > 1", { 0, 1 } },
    { "count(a) > 1 and count(a, last 7 days) > 1 and x = 1 and tags has \"x\"", { 3, 2, 1, 0 } },
    { "x = 1 and y = 2 and z = 3", { 0, 1, 2 } },
    { "percentile(x) > 0.5 and count(a) > 1 and name contains \"x\" and x = 1", { 3, 2, 1, 0 } },
    { "(count(a) > 1 or x = 1) and home within 3 km of (1, 2)", { 1, 0 } },
    { "not (count(a) > 1) or x", { 1, 0 } },
};

static void test_cheapest_first(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(order_cases); i++) {
        struct query *q = query_parse(strv_from(order_cases[i].text), NULL, NULL);
        assert_non_null(q);
        struct plan_step steps[4];
        assert_true(q->root->operands.n <= 4);
        plan_order(q->root, steps);
        for (size_t k = 0; k < q->root->operands.n; k++)
            assert_int_equal(steps[k].operand, order_cases[i].order[k]);
        query_free(q);
    }
}

static const struct {
    const char *text, *message; /* NULL: supported */
} support_cases[] = {
    { "p_alive < 0.3", NULL },
    { "x = 1 and rfm(a).r > 3", NULL },
    { "percentile(rfm(a).r) > 3", NULL },
    { "rfm(a).class = \"x\"", NULL },
    { "not (survey \"a\" status = \"b\")", NULL },
    { "ever in segment \"a\"", NULL },
    { "count(a where b matches \"x\") > 1", NULL },
    { "in segment \"a\" and percentile(count(a)) > 0.5", NULL },
    { "min_per(month, a, last 3 months) > 1 and bucket(\"x\") < 10", NULL },
    { "customer for at least 3 months and home within 3 km of (1, 2)", NULL },
};

static void test_what_is_not_evaluated_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(support_cases); i++) {
        struct query *q = query_parse(strv_from(support_cases[i].text), NULL, NULL);
        assert_non_null(q);
        struct query_error e = { 0 };
        assert_int_equal(plan_supported(q, &e), support_cases[i].message == NULL);
        if (support_cases[i].message) {
            assert_string_equal(e.text, support_cases[i].message);
            assert_int_equal(e.code, QUERY_E_UNSUPPORTED);
        }
        query_free(q);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cheapest_first),
        cmocka_unit_test(test_what_is_not_evaluated_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
