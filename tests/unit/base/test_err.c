#include "base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static void setting_always_gives_false_and_keeps_code_and_text(void **state)
{
    (void)state;
    struct err e = { 0 };
    assert_false(err_set(&e, ERR_LIMIT, "segment \"%s\" has %d conditions", "vip", 65));
    assert_int_equal(e.code, ERR_LIMIT);
    assert_string_equal(e.text, "segment \"vip\" has 65 conditions");
}

static void a_caller_may_pass_null(void **state)
{
    (void)state;
    assert_false(err_set(NULL, ERR_IO, "x"));
    assert_false(err_set_errno(NULL, EIO, "x"));
    assert_false(err_prefix(NULL, "x"));
}

static void errno_adds_its_words_and_chooses_the_code(void **state)
{
    (void)state;
    static const struct {
        int number;
        enum err_code code;
    } rows[] = {
        { EIO, ERR_IO },           { ENOSPC, ERR_FULL },   { EDQUOT, ERR_FULL },       { ENOMEM, ERR_NOMEM },
        { ENOENT, ERR_NOT_FOUND }, { EEXIST, ERR_EXISTS }, { EADDRINUSE, ERR_EXISTS }, { EACCES, ERR_IO },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct err e;
        char want[320];
        snprintf(want, sizeof want, "open spool: %s", strerror(rows[i].number));
        assert_false(err_set_errno(&e, rows[i].number, "open %s", "spool"));
        assert_int_equal(e.code, rows[i].code);
        assert_string_equal(e.text, want);
    }
}

static void a_prefix_keeps_the_code(void **state)
{
    (void)state;
    struct err e;
    err_set(&e, ERR_CORRUPT, "page 7 is torn");
    assert_false(err_prefix(&e, "store %s", "spool"));
    assert_int_equal(e.code, ERR_CORRUPT);
    assert_string_equal(e.text, "store spool: page 7 is torn");
}

static void the_old_text_may_be_an_argument(void **state)
{
    (void)state;
    struct err e;
    err_set(&e, ERR_INVALID, "bad");
    err_set(&e, ERR_INVALID, "line %d: %s", 4, e.text);
    assert_string_equal(e.text, "line 4: bad");
}

static void no_control_character_gets_into_the_text(void **state)
{
    (void)state;
    struct err e;
    err_set(&e, ERR_INVALID, "a%cb%cc%cd", '\n', '\r', 0x7f);
    assert_string_equal(e.text, "a b c d");
}

static void a_long_text_is_cut_between_characters(void **state)
{
    (void)state;
    /* given texts of 1 to 4 octets a character at every alignment to the end of the room */
    static const char *const letters[] = { "a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80" };
    for (size_t l = 0; l < 4; l++) {
        for (size_t shift = 0; shift < 4; shift++) {
            char big[1024] = "";
            struct err e;
            memset(big, '.', shift);
            while (strlen(big) < 400) {
                strcat(big, letters[l]);
            }
            err_set(&e, ERR_INVALID, "%s", big);
            size_t n = strlen(e.text);
            assert_in_range(n, sizeof e.text - 4, sizeof e.text - 1);
            assert_int_equal((n - shift) % strlen(letters[l]), 0);
            assert_memory_equal(e.text, big, n);
        }
    }
}

static void every_code_has_its_own_stable_name(void **state)
{
    (void)state;
    assert_string_equal(err_code_name(ERR_NONE), "none");
    assert_string_equal(err_code_name(ERR_INVALID), "invalid");
    assert_string_equal(err_code_name(ERR_NOT_FOUND), "not_found");
    assert_string_equal(err_code_name(ERR_BUSY), "busy");
    assert_string_equal(err_code_name(ERR_INTERNAL), "internal");
    assert_string_equal(err_code_name((enum err_code)99), "unknown");
    for (int a = 0; a <= ERR_INTERNAL; a++) {
        for (int b = 0; b < a; b++) {
            assert_string_not_equal(err_code_name((enum err_code)a), err_code_name((enum err_code)b));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(setting_always_gives_false_and_keeps_code_and_text),
        cmocka_unit_test(a_caller_may_pass_null),
        cmocka_unit_test(errno_adds_its_words_and_chooses_the_code),
        cmocka_unit_test(a_prefix_keeps_the_code),
        cmocka_unit_test(the_old_text_may_be_an_argument),
        cmocka_unit_test(no_control_character_gets_into_the_text),
        cmocka_unit_test(a_long_text_is_cut_between_characters),
        cmocka_unit_test(every_code_has_its_own_stable_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
