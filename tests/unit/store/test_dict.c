#include "audience_store.h"

#include "store/dict.h"

static void texts_that_differ_in_case_or_form_share_a_code(void **state)
{
    struct scratch *s = *state;
    struct err e = { 0 };
    struct strv text;
    scratch_begin(s, true);
    assert_int_equal(dict_intern(s->txn, 9, STRV("Gold"), &e), 1);
    assert_int_equal(dict_intern(s->txn, 9, STRV("silver"), &e), 2);
    assert_int_equal(dict_intern(s->txn, 9, STRV("GOLD"), &e), 1);
    assert_int_equal(dict_intern(s->txn, 9, STRV("caf\u00e9"), &e), 3);
    assert_int_equal(dict_intern(s->txn, 9, STRV("CAFE\u0301"), &e), 3); /* e and a combining acute */
    assert_int_equal(dict_intern(s->txn, 9, STRV("Stra\u00dfe"), &e), 4);
    assert_int_equal(dict_intern(s->txn, 9, STRV("STRASSE"), &e), 4);
    assert_int_equal(dict_intern(s->txn, 10, STRV("gold"), &e), 1); /* another space */
    scratch_commit(s);
    scratch_begin(s, false);
    assert_int_equal(dict_count(s->txn, 9), 4);
    assert_int_equal(dict_count(s->txn, 10), 1);
    assert_int_equal(dict_count(s->txn, 11), 0);
    assert_int_equal(dict_find(s->txn, 9, STRV("gOLD")), 1);
    assert_int_equal(dict_find(s->txn, 9, STRV("bronze")), 0);
    assert_true(dict_text(s->txn, 9, 1, &text));
    assert_true(strv_eq_c(text, "Gold")); /* the first spelling */
    assert_false(dict_text(s->txn, 9, 5, &text));
}

static void codes_go_on_after_a_reopen(void **state)
{
    struct scratch *s = *state;
    struct err e = { 0 };
    scratch_begin(s, true);
    assert_int_equal(dict_intern(s->txn, 9, STRV("a"), &e), 1);
    scratch_commit(s);
    scratch_begin(s, true);
    assert_int_equal(dict_intern(s->txn, 9, STRV("lost"), &e), 2);
    scratch_end(s);
    scratch_reopen(s);
    scratch_begin(s, true);
    assert_int_equal(dict_intern(s->txn, 9, STRV("b"), &e), 2);
    assert_int_equal(dict_find(s->txn, 9, STRV("lost")), 0);
}

static void long_texts_are_told_apart(void **state)
{
    struct scratch *s = *state;
    struct err e = { 0 };
    char a[DICT_MAX_TEXT + 1], b[DICT_MAX_TEXT + 1];
    memset(a, 'a', sizeof(a));
    memset(b, 'a', sizeof(b));
    b[DICT_MAX_TEXT - 1] = 'b';
    scratch_begin(s, true);
    assert_int_equal(dict_intern(s->txn, 9, (struct strv){ a, DICT_MAX_TEXT }, &e), 1);
    assert_int_equal(dict_intern(s->txn, 9, (struct strv){ b, DICT_MAX_TEXT }, &e), 2);
    assert_int_equal(dict_find(s->txn, 9, (struct strv){ a, DICT_MAX_TEXT }), 1);
    assert_int_equal(dict_find(s->txn, 9, (struct strv){ a, 401 }), 0);
    assert_int_equal(dict_intern(s->txn, 9, (struct strv){ a, DICT_MAX_TEXT + 1 }, &e), 0);
    assert_int_equal(e.code, ERR_LIMIT);
    assert_int_equal(dict_intern(s->txn, 9, STRV("\xff"), &e), 0);
    assert_int_equal(e.code, ERR_INVALID);
    assert_int_equal(dict_intern(s->txn, 9, STRV(""), &e), 0);
    assert_true(catalog_ok(s->txn, &e)); /* a bad text is not a bad transaction */
}

static bool gather(void *ctx, uint32_t code, struct strv text)
{
    char *out = ctx;
    sprintf(out + strlen(out), "%u=" STRV_FMT ";", code, STRV_ARG(text));
    return code < 3;
}

static void codes_come_in_order(void **state)
{
    struct scratch *s = *state;
    struct err e = { 0 };
    char list[100] = "";
    scratch_begin(s, true);
    dict_intern(s->txn, 8, STRV("before"), &e);
    dict_intern(s->txn, 9, STRV("z"), &e);
    dict_intern(s->txn, 9, STRV("y"), &e);
    dict_intern(s->txn, 9, STRV("x"), &e);
    dict_intern(s->txn, 9, STRV("w"), &e);
    dict_intern(s->txn, 10, STRV("after"), &e);
    dict_each(s->txn, 9, gather, list);
    assert_string_equal(list, "1=z;2=y;3=x;");
}

#define T(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(texts_that_differ_in_case_or_form_share_a_code),
        T(codes_go_on_after_a_reopen),
        T(long_texts_are_told_apart),
        T(codes_come_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
