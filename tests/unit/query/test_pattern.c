/* The regular expressions of `matches`: what they find in folded texts, and that no pattern takes long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "query/pattern.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static enum query_pattern_found found(const char *pattern, const char *text)
{
    char why[120];
    struct buf folded = { 0 };
    struct query_pattern *p = query_pattern_new(strv_from(pattern), why, sizeof why);
    if (!p)
        fail_msg("%s: %s", pattern, why);
    assert_true(utf8_fold(&folded, strv_from(text)));
    enum query_pattern_found f =
        query_pattern_find(p, (struct strv){ (const char *)folded.data, folded.len });
    query_pattern_free(p);
    buf_free(&folded);
    return f;
}

static void test_finds(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *text;
        bool found;
    } rows[] = {
        { "red", "Bright RED shoe", true },
        { "^red", "Bright red", false },
        { "red$", "bright red\n", false }, /* the end is the end */
        { "^(red|green) sh?oes?$", "GREEN soe", true },
        { "^(red|green)$", "reddish", false },
        { "", "", true },
        { "^$", "", true },
        { "^$", "x", false },
        { "a{2,3}b", "xaaab", true },
        { "^[a-f]+$", "CAFE", true },
        { "^[^0-9]+$", "no. 5", false },
        { "^\\d{3}-\\D+$", "123-abc", true },
        { "^\\S+$", "two words", false },
        { "\\bcar\\b", "my car!", true },
        { "\\bcar\\b", "scarf", false },
        { "STRASSE",
          "Haupt-Stra\xC3\x9F"
          "e",
          true },
        { "stra\xC3\x9F"
          "e",
          "HAUPTSTRASSE", true },
        { "^\xC3\x84.fel$", "\xC3\xA4pfel", true },
        { "^A\xCC\x88.fel$", "\xC3\xA4pfel", true }, /* decomposed */
        { "^.$", "\xE2\x82\xAC", true },             /* a character, not an octet */
        { "\xEF\xBC\x88", "a(b", true }, /* a full-width parenthesis is a text, and folds to one */
        { "^\\p{Lu}$", "A", false },     /* what is looked at is folded: there are no capitals */
        { "^\\x{E4}$", "\xC3\x84", true },
        { "(?<Twice>ab)\\k<Twice>", "ABAB", true },
        { "(?i)X(?-i)y", "xY", true },
        { "\\Qa.b\\E", "a.b", true },
        { "\\Qa.b\\E", "axb", false },
        { "(?#A Comment)b", "b", true },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        bool want = rows[i].found;
        if (found(rows[i].pattern, rows[i].text) != (want ? QUERY_PATTERN_YES : QUERY_PATTERN_NO))
            fail_msg("/%s/ in \"%s\": expected %d", rows[i].pattern, rows[i].text, want);
    }
}

static void test_what_is_no_pattern_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *why;
    } rows[] = {
        { "(", "missing closing parenthesis" },
        { "[a", "missing terminating ] for character class" },
        { "*", "quantifier does not follow a repeatable item" },
        { "a\\", "\\ at end of pattern" },
        { "\\C", "using \\C is disabled by the application" },
        { "((((((((((((((((((((((((((((((((((((a))))))))))))))))))))))))))))))))))))",
          "parentheses are too deeply nested" },
        { "((a{1,9999}){1,9999}){1,9999}", "regular expression is too large" },
    };
    char why[120], big[QUERY_PATTERN_LENGTH + 2];
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_null(query_pattern_new(strv_from(rows[i].pattern), why, sizeof why));
        if (strcmp(why, rows[i].why) != 0)
            fail_msg("/%s/: %s", rows[i].pattern, why);
    }
    memset(big, 'a', sizeof big);
    assert_null(query_pattern_new((struct strv){ big, QUERY_PATTERN_LENGTH + 1 }, why, sizeof why));
    assert_string_equal(why, "it is longer than 512 octets");
    assert_null(query_pattern_new(STRV("\xFF"), why, sizeof why));
}

/* Each of these takes for ever without bounds. */
static void test_what_grows_exponentially_is_given_up(void **state)
{
    (void)state;
    static const char *const patterns[] = {
        "(a+)+$", "(a|a)*$", "(a|aa)+$", "(.*a){12}$", "^(([a-z])+.)+[A-Z]([a-z])+$", "(?:(?:a?){30}){30}b"
    };
    char text[3000];
    memset(text, 'a', sizeof text);
    strcpy(text + sizeof text - 2, "!");
    for (size_t i = 0; i < COUNT(patterns); i++)
        if (found(patterns[i], text) == QUERY_PATTERN_YES)
            fail_msg("%s", patterns[i]);
    assert_int_equal(found("(a+)+$", text), QUERY_PATTERN_COSTLY);
    assert_int_equal(found("a+!$", text), QUERY_PATTERN_YES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds),
        cmocka_unit_test(test_what_is_no_pattern_is_told),
        cmocka_unit_test(test_what_grows_exponentially_is_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
