/* Classes by their scores: the built-in ones, the table that is shipped, and tables that are wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audience/rfm.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static void test_every_cell_has_a_class_and_every_class_a_cell(void **state)
{
    (void)state;
    size_t n;
    const struct rfm_class *rows = rfm_classes_rows(NULL, &n);
    size_t cells[11] = { 0 };
    assert_int_equal(n, 11);
    for (unsigned cell = 1; cell <= RFM_CELLS; cell++) {
        unsigned r, f, m;
        rfm_scores(cell, &r, &f, &m);
        assert_int_equal(rfm_cell(r, f, m), cell);
        const struct rfm_class *c = rfm_class_of(NULL, r, f, m);
        assert_non_null(c);
        cells[c - rows]++;
    }
    for (size_t i = 0; i < n; i++)
        assert_true(cells[i] > 0);
}

static void test_classes_by_scores(void **state)
{
    (void)state;
    static const struct {
        unsigned r, f, m;
        const char *name;
    } rows[] = {
        { 5, 5, 5, "champions" },        { 4, 4, 4, "champions" },
        { 5, 5, 3, "loyal customers" },  { 3, 5, 5, "loyal customers" },
        { 2, 5, 5, "cannot lose them" }, { 2, 5, 1, "at risk" },
        { 1, 3, 5, "at risk" },          { 5, 1, 5, "new customers" },
        { 4, 1, 1, "promising" },        { 5, 2, 1, "potential loyalists" },
        { 3, 3, 3, "need attention" },   { 3, 1, 5, "about to sleep" },
        { 2, 2, 2, "hibernating" },      { 1, 1, 1, "lost" },
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_true(strv_eq_c(rfm_class_of(NULL, rows[i].r, rows[i].f, rows[i].m)->name, rows[i].name));
}

static void test_the_shipped_table_is_the_built_in_one(void **state)
{
    (void)state;
    const char *src = getenv("TESSERA_SRC");
    char path[1000];
    struct err e = { 0 };
    snprintf(path, sizeof path, "%s/conf/rfm_classes.tsv", src ? src : ".");
    struct rfm_classes *c = rfm_classes_load(path, &e);
    if (!c)
        fail_msg("%s", e.text);
    for (unsigned cell = 1; cell <= RFM_CELLS; cell++) {
        unsigned r, f, m;
        rfm_scores(cell, &r, &f, &m);
        assert_true(strv_eq(rfm_class_of(c, r, f, m)->name, rfm_class_of(NULL, r, f, m)->name));
    }
    rfm_classes_free(c);
}

static void test_a_table_of_ones_own(void **state)
{
    (void)state;
    struct err e = { 0 };
    struct rfm_classes *c =
        rfm_classes_from(STRV("class\tr\tf\tm\nBest\t5\t5\t4-5\nRest\t1-4\t1-5\t1-5\n"), "own.tsv", &e);
    assert_non_null(c);
    assert_true(strv_eq_c(rfm_class_of(c, 5, 5, 4)->name, "Best"));
    assert_true(strv_eq_c(rfm_class_of(c, 1, 1, 1)->name, "Rest"));
    assert_null(rfm_class_of(c, 5, 1, 1));
    rfm_classes_free(c);
}

static void test_what_is_wrong_in_a_table_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } rows[] = {
        { "class\tr\tf\tm\nx\t0\t1\t1\n", "own.tsv:2: scores are 1 to 5, as in \"4\" or \"2-5\"" },
        { "class\tr\tf\tm\nx\t1\t1\t5-4\n", "own.tsv:2: scores are 1 to 5, as in \"4\" or \"2-5\"" },
        { "class\tr\tf\tm\n\t1\t1\t1\n", "own.tsv:2: a class needs a name" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = { 0 };
        assert_null(rfm_classes_from(strv_from(rows[i].text), "own.tsv", &e));
        assert_string_equal(e.text, rows[i].message);
    }
    struct err e = { 0 };
    assert_null(rfm_classes_from(STRV("class\tr\n"), "own.tsv", &e));
    assert_true(e.code != ERR_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_cell_has_a_class_and_every_class_a_cell),
        cmocka_unit_test(test_classes_by_scores),
        cmocka_unit_test(test_the_shipped_table_is_the_built_in_one),
        cmocka_unit_test(test_a_table_of_ones_own),
        cmocka_unit_test(test_what_is_wrong_in_a_table_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
