/* Personal texts: what is rendered, what is refused and at which column. */
#include "domain/template.h"
#include "support.h"

#include "base/random.h"
#include "base/utf8.h"

/* A customer: pairs of name and value. */
static const char *const values[][2] = {
    { "first_name", "Zo\xc3\xab" },
    { "last_name", "o'neil-SMITH" },
    { "city", "" },
    { "street", "Hauptstra\xc3\x9f"
                "e" },
    { "flag", "\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa\xf0\x9f\x87\xab\xf0\x9f\x87\xb7" },
    { "bad", "a\xff"
             "b" },
    { "words", "women's shoes" },
    { "greek", "\xce\x86\xcf\x83\xcf\x86" },
};

static bool lookup(void *ctx, size_t field, const char *name, struct strv *value)
{
    const struct template *t = ctx;
    assert_string_equal(template_field(t, field), name);
    for (size_t i = 0; i < COUNT(values); i++) {
        if (strcmp(values[i][0], name) == 0) {
            *value = strv_from(values[i][1]);
            return true;
        }
    }
    return false;
}

static void texts_as_the_customer_reads_them(void **state)
{
    (void)state;
    static const struct {
        const char *source, *text;
        unsigned missing;
    } cases[] = {
        { "Hello", "Hello", 0 },
        { "", "", 0 },
        { "Hello {{first_name}}, hi", "Hello Zo\xc3\xab, hi", 0 },
        { "{{ first_name }}{{first_name}}", "Zo\xc3\xabZo\xc3\xab", 0 },
        { "Hello {{nick}}!", "Hello !", 1 },
        { "{{nick}}{{nack}}", "", 2 },
        { "Hello {{nick|default:\"there\"}}!", "Hello there!", 0 },
        { "Hello {{ nick | default : 'there' }}!", "Hello there!", 0 },
        { "{{city|default:\"your city\"}}", "your city", 0 }, /* an empty value, too */
        { "{{city}}", "", 0 },                                /* has a value: nothing to report */
        { "{{nick|default:\"say \\\"hi\\\" \\\\o/\"}}", "say \"hi\" \\o/", 0 },
        { "{{nick|default:''}}", "", 0 },
        { "{{first_name|upper}}", "ZO\xc3\x8b", 0 },
        { "{{first_name|lower}}", "zo\xc3\xab", 0 },
        { "{{last_name|title}}", "O'Neil-Smith", 0 },
        { "{{words|title}}", "Women's Shoes", 0 },
        { "{{street|upper}}", "HAUPTSTRASSE", 0 },
        { "{{nick|default:\"dear guest\"|title}}", "Dear Guest", 0 },
        { "{{nick|upper|default:\"guest\"}}", "guest", 0 },
        { "{{last_name|truncate:4}}", "o'ne", 0 },
        { "{{words|truncate:8}}.", "women's.", 0 }, /* no space left at the end */
        { "{{words|truncate:1000}}", "women's shoes", 0 },
        { "{{flag|truncate:1}}", "\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa", 0 }, /* a flag is one character */
        { "{{bad}}",
          "a\xef\xbf\xbd"
          "b",
          0 },
        { "{{\"{{\"}}x}} } {", "{{x}} } {", 0 },
        { "{{ '{{first_name}}' }}", "{{first_name}}", 0 },
        { "{ {first_name} }", "{ {first_name} }", 0 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err e = { 0 };
        struct buf out = { 0 };
        struct template_report report;
        struct template *t = template_parse(strv_from(cases[i].source), NULL, &e);
        expect(t, "%s: %s", cases[i].source, e.text);
        buf_put(&out, ">", 1); /* appended, not replaced */
        expect(template_render(t, lookup, t, &out, &report, &e), "%s: %s", cases[i].source, e.text);
        expect(strcmp(buf_cstr(&out) + 1, cases[i].text) == 0, "%s: \"%s\"", cases[i].source, buf_cstr(&out));
        expect(report.missing == cases[i].missing, "%s: %u missing", cases[i].source, report.missing);
        template_free(t);
        buf_free(&out);
    }
}

static void fields_are_listed_once(void **state)
{
    (void)state;
    struct template *t = template_parse(STRV("{{b}} {{a}} {{b|upper}} {{c.d}}"), NULL, NULL);
    assert_int_equal(template_field_count(t), 3);
    assert_string_equal(template_field(t, 0), "b");
    assert_string_equal(template_field(t, 1), "a");
    assert_string_equal(template_field(t, 2), "c.d");
    assert_null(template_field(t, 3));
    assert_false(template_is_constant(t));
    struct buf out = { 0 };
    struct template_report report;
    assert_true(template_render(t, lookup, t, &out, &report, NULL));
    assert_int_equal(report.missing, 4);
    assert_int_equal(report.first_missing, 0);
    assert_true(template_render(t, lookup, t, &out, NULL, NULL));
    template_free(t);
    t = template_parse(STRV("{{'x'}} y"), NULL, NULL);
    assert_true(template_is_constant(t));
    template_free(t);
    buf_free(&out);
}

static void mistakes_are_shown_where_they_are(void **state)
{
    (void)state;
    static const char *const names[] = { "first_name", "last_name", "city" };
    static const struct template_names known = { names, COUNT(names) };
    static const struct {
        const char *source, *says;
    } cases[] = {
        { "Hi {{frist_name}}", "column 6: unknown field \"frist_name\"; did you mean \"first_name\"?" },
        { "Zo\xc3\xab {{frist_name}}", "column 7: unknown field" }, /* characters, not octets */
        { "{{zzzzzzzzzzzz}}", "column 3: unknown field \"zzzzzzzzzzzz\"" },
        { "Hi {{first_name", "column 4: \"{{\" is not closed" },
        { "Hi {{first_name}", "column 16: \"|\" or \"}}\" expected" },
        { "{{first_name upper}}", "column 14: \"|\" or \"}}\" expected" },
        { "{{}}", "column 3: the name of a field is missing" },
        { "{{|upper}}", "column 3: the name of a field is missing" },
        { "{{city|uper}}", "column 8: unknown filter \"uper\"; did you mean upper" },
        { "{{city|}}", "column 8: unknown filter" },
        { "{{city|frobnicate}}", "there are default, upper, lower, title, truncate" },
        { "{{city|default}}", "column 15: default needs \":\"" },
        { "{{city|default:there}}", "column 16: default needs a text in quotes" },
        { "{{city|default:\"there}}", "column 16: this quote is not closed" },
        { "{{city|default:\"a\\nb\"}}", "column 18: only \\\" and \\\\ may follow" },
        { "{{city|upper:3}}", "column 13: upper takes no argument" },
        { "{{city|truncate:0}}", "column 17: truncate needs a number" },
        { "{{city|truncate:1001}}", "column 17: truncate needs a number" },
        { "{{city|truncate:x}}", "column 17: truncate needs a number" },
        { "{{city|upper|upper|upper|upper|upper|upper|upper|upper|upper}}", "more than 8 filters" },
        { "{{\"x}}", "column 3: this quote is not closed" },
        { "a\xff", "not UTF-8" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err e = { 0 };
        struct template *t = template_parse(strv_from(cases[i].source), &known, &e);
        expect(!t && e.code == ERR_INVALID && strstr(e.text, cases[i].says), "%s: %s", cases[i].source,
               e.text);
    }
}

static void limits_hold(void **state)
{
    (void)state;
    struct buf source = { 0 }, out = { 0 };
    struct err e = { 0 };
    for (int i = 0; i < TEMPLATE_MAX_FIELDS + 1; i++) {
        buf_printf(&source, "{{f%d}}", i);
    }
    assert_null(template_parse((struct strv){ (const char *)source.data, source.len }, NULL, &e));
    assert_non_null(strstr(e.text, "different fields"));
    buf_clear(&source);
    while (source.len <= TEMPLATE_MAX_TEXT) {
        buf_put(&source, "x", 1);
    }
    assert_null(template_parse((struct strv){ (const char *)source.data, source.len }, NULL, &e));
    assert_int_equal(e.code, ERR_LIMIT);
    struct template *t =
        template_parse((struct strv){ (const char *)source.data, TEMPLATE_MAX_TEXT }, NULL, &e);
    assert_true(template_render(t, lookup, t, &out, NULL, &e));
    assert_int_equal(out.len, TEMPLATE_MAX_TEXT);
    template_free(t);
    /* Short source, long rendering. */
    buf_clear(&source);
    buf_clear(&out);
    for (int i = 0; i < 3500; i++) {
        buf_printf(&source, "{{words}}");
    }
    t = template_parse((struct strv){ (const char *)source.data, source.len }, NULL, &e);
    e.code = ERR_NONE;
    assert_false(template_render(t, lookup, t, &out, NULL, &e));
    assert_int_equal(e.code, ERR_LIMIT);
    template_free(t);
    t = template_parse((struct strv){ 0 }, NULL, &e);
    assert_true(t && template_is_constant(t) && template_render(t, lookup, t, &out, NULL, &e));
    template_free(t);
    template_free(NULL);
    buf_free(&source);
    buf_free(&out);
}

/* Any text is either refused with a column, or rendered to valid UTF-8. */
static void any_source_is_survived(void **state)
{
    (void)state;
    static const char *const parts[] = { "{{",
                                         "}}",
                                         "{",
                                         "}",
                                         "\"",
                                         "'",
                                         "\\",
                                         "|",
                                         "default",
                                         ":",
                                         "upper",
                                         "title",
                                         "truncate",
                                         "12",
                                         " ",
                                         "first_name",
                                         "flag",
                                         "bad",
                                         "\xc3\xab",
                                         "\xf0\x9f\x98\x80",
                                         "{{city|default:\"x\"}}",
                                         "{{flag|truncate:1|upper}}" };
    struct rnd r;
    rnd_seed(&r, 12);
    unsigned good = 0;
    for (int i = 0; i < 30000; i++) {
        struct buf source = { 0 }, out = { 0 };
        for (uint64_t n = rnd_below(&r, 12); n > 0; n--) {
            buf_put_strv(&source, strv_from(parts[rnd_below(&r, COUNT(parts))]));
        }
        char *exact = malloc(source.len ? source.len : 1);
        memcpy(exact, source.len ? (char *)source.data : "", source.len);
        struct err e = { 0 };
        struct template *t = template_parse((struct strv){ exact, source.len }, NULL, &e);
        free(exact); /* nothing of the source is kept */
        if (t) {
            good++;
            assert_true(template_render(t, lookup, t, &out, NULL, NULL));
            assert_true(utf8_valid((struct strv){ (const char *)out.data, out.len }));
        } else {
            expect(strncmp(e.text, "column ", 7) == 0, "%s", e.text);
        }
        template_free(t);
        buf_free(&source);
        buf_free(&out);
    }
    assert_true(good > 3000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_as_the_customer_reads_them),
        cmocka_unit_test(fields_are_listed_once),
        cmocka_unit_test(mistakes_are_shown_where_they_are),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(any_source_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
