/* Texts become trees, trees become canonical texts, and what is wrong is said precisely. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "examples.h"
#include "query/parse.h"
#include "query/print.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static void test_examples_print_canonically_and_reparse_equal(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(query_examples); i++) {
        const char *text = query_examples[i].text;
        const char *canonical = query_examples[i].canonical ? query_examples[i].canonical : text;
        struct query_error e;
        struct query *q = query_parse(strv_from(text), NULL, &e);
        if (!*canonical) {
            assert_null(q);
            continue;
        }
        if (!q)
            fail_msg("%s: %s", text, e.text);
        struct buf out = { 0 };
        assert_true(query_print(q, &out));
        assert_string_equal(buf_cstr(&out), canonical);
        struct query *again = query_parse(strv_from(buf_cstr(&out)), NULL, &e);
        if (!again)
            fail_msg("%s: %s", buf_cstr(&out), e.text);
        if (!query_equal(q, again))
            fail_msg("not equal after printing: %s", text);
        query_free(again);
        query_free(q);
        buf_free(&out);
    }
}

static void test_different_texts_are_different_trees(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "x = 1",
        "x = 2",
        "x = 1.5",
        "x != 1",
        "y = 1",
        "x = \"1\"",
        "x in (\"1\")",
        "x not in (\"1\")",
        "x in 1..2",
        "x in 2..1",
        "x between 1 and 2",
        "x not between 1 and 2",
        "x",
        "not x",
        "x is set",
        "x is not set",
        "x and y",
        "x or y",
        "x and y and z",
        "x and (y or z)",
        "(x and y) or z",
        "in segment \"a\"",
        "ever in segment \"a\"",
        "count(x) = 1",
        "count(x, last 1 day) = 1",
        "count(x, last 1 week) = 1",
        "count(x, last 2 days) = 1",
        "count(x, this day) = 1",
        "count(x where y) = 1",
        "count(x | y) = 1",
        "sum(x.a) = 1",
        "sum(x.b) = 1",
        "max(x.a) = 1",
        "percentile(sum(x.a)) = 1",
        "min_per(day, x, last 2 days) = 1",
        "min_per(week, x, last 2 days) = 1",
        "x within last 2 days",
        "x within next 2 days",
        "anniversary(x) within last 2 days",
        "x before today",
        "x after today",
        "x before 2026-01-01",
        "x before 1 day ago",
        "x has \"a\"",
        "x has none \"a\"",
        "x has any (\"a\", \"b\")",
        "x has all (\"a\", \"b\")",
        "rfm(x).r = 1",
        "rfm(x).f = 1",
        "rfm(x, this year).f = 1",
        "rfm(x).class = \"1\"",
        "bucket(\"a\") < 1",
        "bucket(\"b\") < 1",
        "x within 1 km of (1, 2)",
        "x within 1 km of (2, 1)",
        "survey \"a\" status = \"b\"",
        "survey \"a\" status != \"b\"",
        "customer for at least 1 day",
        "customer for at least 2 days",
        "age(x) = 1",
        "p_alive = 1",
    };
    struct query *q[COUNT(texts)];
    for (size_t i = 0; i < COUNT(texts); i++) {
        q[i] = query_parse(strv_from(texts[i]), NULL, NULL);
        assert_non_null(q[i]);
    }
    for (size_t i = 0; i < COUNT(texts); i++)
        for (size_t j = 0; j < COUNT(texts); j++)
            if (query_equal(q[i], q[j]) != (i == j))
                fail_msg("wrong: %s / %s", texts[i], texts[j]);
    for (size_t i = 0; i < COUNT(texts); i++)
        query_free(q[i]);
}

static const struct {
    const char *text, *message;
    enum query_error_code code;
} error_cases[] = {
    { "", "unexpected end at 1; expected a condition", QUERY_E_SYNTAX },
    { "  # nothing", "unexpected end at 12; expected a condition", QUERY_E_SYNTAX },
    { "x =", "unexpected end at 4; expected a number, a string, a field or a function", QUERY_E_SYNTAX },
    { "x == 1", "unexpected \"==\" at 3; did you mean \"=\"?", QUERY_E_CHARACTER },
    { "x && y", "unexpected \"&&\" at 3; did you mean \"and\"?", QUERY_E_CHARACTER },
    { "x <> 1", "unexpected \"<>\" at 3; did you mean \"!=\"?", QUERY_E_CHARACTER },
    { "x = 'a'", "unexpected character ' at 5; strings are in straight double quotes: \"...\"",
      QUERY_E_CHARACTER },
    { "x = \xE2\x80\x9C"
      "a\xE2\x80\x9D",
      "unexpected character \xE2\x80\x9C at 5; strings are in straight double quotes: \"...\"",
      QUERY_E_CHARACTER },
    { "x = \"a", "string that begins at 5 is not closed", QUERY_E_STRING },
    { "x = \"a\nb\"", "string that begins at 5 is not closed in its line", QUERY_E_STRING },
    { "x = \"a\\n\"", "unknown escape at 7; only \\\" and \\\\ are known", QUERY_E_STRING },
    { "x = \"a\x01\"", "control character in a string at 7", QUERY_E_STRING },
    { "x = \xFF", "text that is not UTF-8 at 5", QUERY_E_CHARACTER },
    { "\xC3\xA4 = 1", "unexpected character \xC3\xA4 at 1", QUERY_E_CHARACTER },
    { "name = \"\xC3\xA4\xC3\xB6\" $", "unexpected character $ at 13", QUERY_E_CHARACTER },
    { "x = 1\nand y ~ 2", "unexpected character ~ at line 2, 7", QUERY_E_CHARACTER },
    { "x = 1 y", "unexpected \"y\" at 7; expected \"and\", \"or\" or the end", QUERY_E_SYNTAX },
    { "tags hass \"VIP\"",
      "unexpected \"hass\" at 6; expected a comparison, \"and\", \"or\" or the end; did you mean \"has\"?",
      QUERY_E_SYNTAX },
    { "(x = 1", "unexpected end at 7; expected \"and\", \"or\" or \")\"", QUERY_E_SYNTAX },
    { "x = 1)", "unexpected \")\" at 6; expected \"and\", \"or\" or the end", QUERY_E_SYNTAX },
    { "and x", "unexpected \"and\" at 1; expected a condition", QUERY_E_SYNTAX },
    { "x and or y", "unexpected \"or\" at 7; expected a condition", QUERY_E_SYNTAX },
    { "x not = 1", "unexpected \"=\" at 7; expected \"between\" or \"in\" after \"not\"", QUERY_E_SYNTAX },
    { "Gender = \"f\"", "name \"Gender\" with capital letters at 1; did you mean \"gender\"?",
      QUERY_E_SYNTAX },
    { "10 > bucket(\"x\")", "unexpected \"bucket\" at 6; expected a function", QUERY_E_SYNTAX },
    { "cuont(purchase) > 1", "unexpected \"cuont\" at 1; expected a function; did you mean \"count\"?",
      QUERY_E_SYNTAX },
    { "count(purchase, last 7 dais) > 1",
      "unexpected \"dais\" at 24; expected hours, days, weeks, months or years; did you mean \"days\"?",
      QUERY_E_SYNTAX },
    { "count(purchase, lats 7 days) > 1",
      "unexpected \"lats\" at 17; expected a window: last 7 days, this month, lifetime, or between two "
      "dates; did "
      "you mean \"last\"?",
      QUERY_E_SYNTAX },
    { "count(purchase, last 0 days) > 1", "count out of range (1 to 100000) at 22", QUERY_E_NUMBER },
    { "count(purchase, last 1.5 days) > 1", "unexpected \"1.5\" at 22; expected a whole number",
      QUERY_E_SYNTAX },
    { "count(purchase wher x) > 1",
      "unexpected \"wher\" at 16; expected \"where\", \",\" and a window, or \")\"; did you mean \"where\"?",
      QUERY_E_SYNTAX },
    { "count(a.x | b) > 1", "unexpected \"|\" at 11; expected the attribute after the last event",
      QUERY_E_SYNTAX },
    { "count(purchase)", "unexpected end at 16; expected a comparison: =, !=, <, <=, >, >=, between or in",
      QUERY_E_SYNTAX },
    { "count(purchase where count(x) > 1) > 1",
      "unexpected \"count\" at 22; inside \"where\" are the event's attributes, hour, weekday, month and "
      "literals",
      QUERY_E_PLACE },
    { "count(purchase where in segment \"a\") > 1",
      "unexpected \"in\" at 22; inside \"where\" are the event's attributes, hour, weekday, month and "
      "literals",
      QUERY_E_PLACE },
    { "min_per(month, inbound) > 1", "unexpected \")\" at 23; expected \"where\", or \",\" and a window",
      QUERY_E_SYNTAX },
    { "min_per(inbound, last 6 months) > 1",
      "unexpected \"inbound\" at 9; expected hour, day, week, month or year", QUERY_E_SYNTAX },
    { "signup before 2024-02-30", "no such date \"2024-02-30\" at 15; dates are written 2026-11-21",
      QUERY_E_NUMBER },
    { "signup before 2 years", "unexpected end at 22; expected \"ago\"", QUERY_E_SYNTAX },
    { "signup > 2024-02-03",
      "a date cannot be compared this way at 8; dates compare with before, after, on and within",
      QUERY_E_TYPE },
    { "x < \"a\"",
      "a string cannot be compared this way at 3; texts compare with =, !=, contains, starts with, matches",
      QUERY_E_TYPE },
    { "x > -9223372036854775808",
      "number \"-9223372036854775808\" is too long at 5; at most 18 digits, 9 of them after the point",
      QUERY_E_NUMBER },
    { "x > -9223372036.854775808",
      "number \"-9223372036.854775808\" is too long at 5; at most 18 digits, 9 of them after the point",
      QUERY_E_NUMBER },
    { "x = 12345678901234567890",
      "number \"12345678901234567890\" is too long at 5; at most 18 digits, 9 of them "
      "after the point",
      QUERY_E_NUMBER },
    { "x = 1.0123456789",
      "number \"1.0123456789\" is too long at 5; at most 18 digits, 9 of them after the point",
      QUERY_E_NUMBER },
    { "x in ()", "unexpected \")\" at 7; expected a string in double quotes", QUERY_E_SYNTAX },
    { "x in (\"a\"", "unexpected end at 10; expected \",\" or \")\"", QUERY_E_SYNTAX },
    { "x in 1,4", "unexpected \",\" at 7; expected \"..\"", QUERY_E_SYNTAX },
    { "x not in 1..4", "unexpected \"1\" at 10; expected \"(\" and strings", QUERY_E_SYNTAX },
    { "5 has \"a\"", "\"has\" needs the name of a field on its left, not a number at 1", QUERY_E_SYNTAX },
    { "home within 5 miles of (1, 2)", "unexpected \"miles\" at 15; expected \"km\"", QUERY_E_SYNTAX },
    { "home within 5 km of (91, 2)", "a latitude must be from -90 to 90 at 22", QUERY_E_NUMBER },
    { "anniversary(birth_date) within next 2 weeks",
      "an anniversary in units other than days at 37; expected days", QUERY_E_SYNTAX },
    { "rfm(purchase).x = 1", "unexpected \"x\" at 15; expected r, f, m, score or class", QUERY_E_SYNTAX },
    { "bucket(spring) < 10", "unexpected \"spring\" at 8; expected a string in double quotes",
      QUERY_E_SYNTAX },
    { "x = \"a\" \"b\"", "unexpected string \"b\" at 9; expected \"and\", \"or\" or the end",
      QUERY_E_SYNTAX },
};

static void test_errors_name_place_found_and_expected(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(error_cases); i++) {
        struct query_error e;
        struct query *q = query_parse(strv_from(error_cases[i].text), NULL, &e);
        if (q)
            fail_msg("parsed: %s", error_cases[i].text);
        assert_string_equal(e.text, error_cases[i].message);
        if (e.code != error_cases[i].code)
            fail_msg("%s: code %s", error_cases[i].text, query_error_name(e.code));
        struct err err = { 0 };
        assert_false(query_error_to_err(&e, &err));
        assert_int_equal(err.code, ERR_INVALID);
        assert_string_equal(err.text, e.text);
        assert_null(query_parse(strv_from(error_cases[i].text), NULL, NULL));
    }
}

static void test_error_fields_are_for_programs(void **state)
{
    (void)state;
    struct query_error e;
    assert_null(query_parse(strv_from("x and\n \"\xC3\xA4\" \"b\""), NULL, &e));
    assert_int_equal(e.line, 2);
    assert_int_equal(e.column, 2);
    assert_int_equal(e.offset, 7);
    assert_string_equal(e.found, "\"\xC3\xA4\"");
    assert_string_equal(e.expected, "a condition");
    assert_string_equal(e.suggestion, "");
}

static void put_times(struct buf *b, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_put_strv(b, strv_from(s));
}

static struct query *parse_limited(struct buf *b, struct query_limits limits, struct query_error *e)
{
    struct query *q = query_parse((struct strv){ (const char *)b->data, b->len }, &limits, e);
    buf_clear(b);
    return q;
}

static void test_limits_are_named(void **state)
{
    (void)state;
    struct query_error e;
    struct buf b = { 0 };
    const struct query_limits limits = { .max_length = 1000, .max_depth = 5, .max_conditions = 4 };

    put_times(&b, "(", 5);
    buf_printf(&b, "x");
    put_times(&b, ")", 5);
    struct query *q = parse_limited(&b, limits, &e);
    assert_non_null(q);
    query_free(q);

    put_times(&b, "(", 6);
    assert_null(parse_limited(&b, limits, &e));
    assert_int_equal(e.code, QUERY_E_TOO_DEEP);
    assert_string_equal(e.text, "nested deeper than the limit of 5 (query.max_depth) at 7");

    put_times(&b, "not ", 6);
    assert_null(parse_limited(&b, limits, &e));
    assert_int_equal(e.code, QUERY_E_TOO_DEEP);
    put_times(&b, "percentile(", 6);
    assert_null(parse_limited(&b, limits, &e));
    assert_int_equal(e.code, QUERY_E_TOO_DEEP);

    buf_printf(&b, "a and b and c and d");
    q = parse_limited(&b, limits, &e);
    assert_non_null(q);
    assert_int_equal(q->conditions, 4);
    assert_int_equal(q->clauses, 4);
    query_free(q);
    buf_printf(&b, "a and count(b where c and d) > 1 and e");
    assert_null(parse_limited(&b, limits, &e));
    assert_int_equal(e.code, QUERY_E_TOO_MANY);
    assert_string_equal(e.text, "more conditions than the limit of 4 (query.max_conditions) at 38");

    put_times(&b, " ", 1001);
    assert_null(parse_limited(&b, limits, &e));
    assert_int_equal(e.code, QUERY_E_TOO_LONG);
    assert_string_equal(e.text,
                        "text of 1001 octets is longer than the limit of 1000 (query.max_length) at 1");
    struct err err;
    query_error_to_err(&e, &err);
    assert_int_equal(err.code, ERR_LIMIT);

    /* Whatever the configuration says, the stack is safe. */
    const struct query_limits wild = { .max_length = 10000000,
                                       .max_depth = UINT32_MAX,
                                       .max_conditions = 1000000 };
    put_times(&b, "(", 1000000);
    assert_null(parse_limited(&b, wild, &e));
    assert_int_equal(e.code, QUERY_E_TOO_DEEP);
    put_times(&b, "NOT(", 1000000);
    assert_null(parse_limited(&b, wild, &e));
    buf_free(&b);
}

static void test_clauses_are_numbered_and_keep_their_text(void **state)
{
    (void)state;
    struct query *q =
        query_parse(strv_from("a = 1 and (not b or  count(e where x and y) > 1 # c\n)"), NULL, NULL);
    assert_non_null(q);
    assert_int_equal(q->conditions, 5);
    assert_int_equal(q->clauses, 3);
    const struct query_node *disj = q->root->operands.items[1];
    const struct query_node *count = disj->operands.items[1];
    assert_int_equal(disj->operands.items[0]->operands.items[0]->clause, 1);
    assert_int_equal(count->clause, 2);
    assert_true(strv_eq_c(query_node_text(q, count), "count(e where x and y) > 1"));
    query_free(q);
}

static void test_time_dependence(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool moves;
    } cases[] = {
        { "x = 1 and y has \"a\" and bucket(\"x\") < 1", false },
        { "count(x) > 1", false },
        { "count(x, between 2020-01-01 and 2021-01-01) > 1", false },
        { "signup before 2020-01-01", false },
        { "in segment \"a\"", false },
        { "count(x, between 2020-01-01 and today) > 1", true },
        { "percentile(count(x, last 3 days)) > 1", true },
        { "a or not (b and days_since(x) > 3)", true },
        { "count(x where d before 1 day ago) > 1", true },
        { "signup before today", true },
        { "signup within last 3 days", true },
        { "age(b) > 3", true },
        { "anniversary(b) within next 3 days", true },
        { "customer for at least 1 day", true },
        { "rfm(x).class = \"a\"", true },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct query *q = query_parse(strv_from(cases[i].text), NULL, NULL);
        assert_non_null(q);
        if (query_uses_time(q) != cases[i].moves)
            fail_msg("%s", cases[i].text);
        query_free(q);
    }
}

/* --- the examples of doc/segments.md: rows of the tables "who | query" --- */

static void cell_of(const char *line, char *out, size_t size) /* the first `...` of the second cell */
{
    const char *p = strstr(line + 2, " | `");
    size_t n = 0;
    for (p = p ? p + 4 : ""; *p && *p != '`' && n + 1 < size; p++)
        if (*p != '\\' || p[1] != '|')
            out[n++] = *p;
    out[n] = '\0';
}

static void test_examples_of_the_manual_reparse_equal(void **state)
{
    (void)state;
    char path[1000], line[2000], text[2000];
    const char *src = getenv("TESSERA_SRC");
    snprintf(path, sizeof path, "%s/doc/segments.md", src ? src : "../../..");
    FILE *f = fopen(path, "r");
    if (!f)
        fail_msg("%s is not there: TESSERA_SRC names the source tree", path);
    unsigned examples = 0;
    bool open = false;
    while (fgets(line, sizeof line, f)) {
        bool head = strcmp(line, "| who | query |\n") == 0, row = line[0] == '|';
        if (open && row && !head && strncmp(line, "| ---", 5) != 0) {
            struct query_error e = { 0 };
            struct buf once = { 0 }, twice = { 0 };
            cell_of(line, text, sizeof text);
            struct query *q = query_parse(strv_from(text), NULL, &e);
            if (!q)
                fail_msg("%s\n%s", text, e.text);
            assert_true(query_print(q, &once));
            struct query *again = query_parse(strv_from(buf_cstr(&once)), NULL, &e);
            if (!again || !query_equal(q, again))
                fail_msg("not the same tree after printing: %s", buf_cstr(&once));
            assert_true(query_print(again, &twice));
            assert_string_equal(buf_cstr(&twice), buf_cstr(&once));
            query_free(q);
            query_free(again);
            buf_free(&once);
            buf_free(&twice);
            examples++;
        }
        open = head || (open && row);
    }
    fclose(f);
    assert_true(examples > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples_print_canonically_and_reparse_equal),
        cmocka_unit_test(test_examples_of_the_manual_reparse_equal),
        cmocka_unit_test(test_different_texts_are_different_trees),
        cmocka_unit_test(test_errors_name_place_found_and_expected),
        cmocka_unit_test(test_error_fields_are_for_programs),
        cmocka_unit_test(test_limits_are_named),
        cmocka_unit_test(test_clauses_are_numbered_and_keep_their_text),
        cmocka_unit_test(test_time_dependence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
