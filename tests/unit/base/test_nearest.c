/* "Did you mean": what is near enough to an unknown name, and what is another word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/nearest.h"

static void test_found(void **state)
{
    static const char *const names[] = { "campaign", "carrier", "clock", "customer", "birth_date", "ACME" };
    static const struct {
        const char *written, *found;
    } rows[] = {
        { "campain", "campaign" },
        { "CARRIR", "carrier" },
        { "camp", "campaign" }, /* unfinished */
        { "birth", "birth_date" },
        { "birthdate", "birth_date" },
        { "acne", "ACME" },
        { "lock", "clock" },
        { "xyzzy", "" },
        { "ab", "" },
        { "", "" },
        { "costomre", "customer" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct nearest n;
        nearest_begin(&n, strv_from(rows[i].written));
        for (size_t k = 0; k < sizeof names / sizeof names[0]; k++)
            nearest_offer(&n, strv_from(names[k]));
        assert_string_equal(n.found, rows[i].found);
    }
}

static void test_bounds(void **state)
{
    char longest[80];
    struct nearest n;
    (void)state;
    for (size_t i = 0; i < sizeof longest; i++)
        longest[i] = 'a';
    /* one that is too long is near to nothing, and nothing that is too long is near */
    nearest_begin(&n, (struct strv){ longest, sizeof longest });
    assert_false(nearest_offer(&n, STRV("aaaa")));
    nearest_begin(&n, (struct strv){ longest, 64 });
    assert_false(nearest_offer(&n, (struct strv){ longest, 65 }));
    assert_true(nearest_offer(&n, (struct strv){ longest, 63 }));
    assert_int_equal(nearest_found(&n).n, 63);
    /* the first of equals stays */
    nearest_begin(&n, STRV("cat1"));
    assert_true(nearest_offer(&n, STRV("cat2")));
    assert_false(nearest_offer(&n, STRV("cat3")));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_found), cmocka_unit_test(test_bounds) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
