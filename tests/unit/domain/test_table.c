/* Tables of conf/: views of fields, errors with file and line. */
#include "domain/table.h"
#include "support.h"

static void rows_are_fields_as_written(void **state)
{
    (void)state;
    struct table t;
    struct strv f[TABLE_MAX_COLUMNS];
    struct err e = { 0 };
    assert_true(table_from(&t, STRV("a\tb\tc\n1\t\t3\n\n \"x\"\ty\t\n\t\tlast"), "name", "a,b,c", &e));
    assert_true(table_next(&t, f, &e));
    assert_true(strv_eq_c(f[0], "1") && f[1].n == 0 && strv_eq_c(f[2], "3"));
    assert_int_equal(t.line, 2);
    assert_true(table_next(&t, f, &e)); /* an empty line is skipped, but counted */
    assert_int_equal(t.line, 4);
    assert_true(strv_eq_c(f[0], " \"x\"") && strv_eq_c(f[1], "y") && f[2].n == 0);
    assert_true(table_next(&t, f, &e)); /* without a newline at the end */
    assert_true(f[0].n == 0 && f[1].n == 0 && strv_eq_c(f[2], "last"));
    assert_false(table_next(&t, f, &e));
    assert_int_equal(e.code, ERR_NONE);
    assert_false(table_error(&t, &e, "no %s", "good"));
    assert_string_equal(e.text, "name:5: no good");
    table_free(&t);
    table_free(&t);
}

static void what_is_broken_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        { "a\tb\tc\n1\t2\n", "n:2: 2 columns instead of 3" },
        { "a\tb\tc\n1\t2\t3\t4\n", "n:2: more than 3 columns" },
        { "a\tB\tc\n", "n:1: column 2 must be \"b\"" },
        { "a\tb\n", "n:1: column 3 must be \"c\"" },
        { "a\tb\tc\td\n", "n:1: more than 3 columns" },
        { "", "n:1: empty" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct table t;
        struct strv f[TABLE_MAX_COLUMNS];
        struct err e = { 0 };
        bool ok = table_from(&t, strv_from(cases[i].text), "n", "a,b,c", &e);
        if (ok) {
            assert_false(table_next(&t, f, &e));
            table_free(&t);
        }
        expect(strstr(e.text, cases[i].says), "case %zu: %s", i, e.text);
    }
    struct table t;
    struct err e = { 0 };
    assert_false(table_load(&t, "/nonexistent", "a", &e));
    assert_int_not_equal(e.code, ERR_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_fields_as_written),
        cmocka_unit_test(what_is_broken_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
