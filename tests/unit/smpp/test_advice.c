/* What would save parts, in words. */
#include "smpp/advice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void what_would_save_parts_is_said(void **state)
{
    static const struct {
        struct parts_options o;
        const char *text;
        int times; /* an "x" before it */
        const char *advice;
    } rows[] = {
        { { 0 }, "short \u2019", 0, "" }, /* one part: nothing can be saved */
        { { 0 }, "", 200, "" },
        { { 0 },
          "\u2019",
          139,
          "the character U+2019 (\u2019) forces UCS-2: 3 parts rather than 1; transliteration = "
          "\"typographic\" would "
          "make it 1; 6 characters less would make it 2" },
        { { 0 },
          "\u017d",
          100,
          "the character U+017D (\u017d) forces UCS-2: 2 parts rather than 1; transliteration = \"full\" "
          "would make it 1" },
        { { .translit = TRANSLIT_TYPOGRAPHIC },
          "\u017d\u2019",
          100,
          "the characters U+017D (\u017d) and U+2019 (\u2019) force UCS-2: 2 parts rather than 1; "
          "transliteration = "
          "\"full\" would make it 1" },
        { { .translit = TRANSLIT_FULL },
          "\u4f60\u597d\u200b\U0001f600\u0e01",
          100,
          "the characters U+4F60 (\u4f60), U+597D (\u597d), U+200B and 2 more force UCS-2: 2 parts rather "
          "than 1" },
        { { .translit = TRANSLIT_FULL }, "\u015f", 100, "" }, /* replaced already */
        { { 0 },
          "\u015f\u011f\u0131",
          100,
          "the characters U+015F (\u015f), U+011F (\u011f) and U+0131 (\u0131) force UCS-2: 2 parts rather "
          "than 1; "
          "transliteration = \"full\" would make it 1; turkish tables would make it 1" },
        { { 0 }, "", 161, "1 character less would make it 1" },
        { { 0 }, "", 2 * 153 + 5, "5 characters less would make it 2" },
        { { .mode = PARTS_PAYLOAD }, "\u2019", 300, "" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[600] = "";
        memset(text, 'x', (size_t)rows[i].times);
        strcat(text, rows[i].text);
        struct parts_estimate plan = parts_plan(strv_from(text), &rows[i].o);
        struct advice a;
        struct buf out = { 0 };
        advice_make(strv_from(text), &rows[i].o, &plan, &a);
        assert_true(advice_text(&a, &plan, &out));
        assert_string_equal(buf_cstr(&out), rows[i].advice);
        buf_free(&out);
    }
}

static void what_cannot_be_sent_is_said(void **state)
{
#define NO "the carrier takes no UCS-2 (ucs2 = false), which "
    static const struct {
        struct parts_options o;
        const char *text, *why;
    } rows[] = {
        { { .no_ucs2 = true },
          "caf\u00e9 \u4f60\u597d",
          NO "the characters U+4F60 (\u4f60) and U+597D (\u597d) need" },
        { { .no_ucs2 = true },
          "it\u2019s",
          NO "the character U+2019 (\u2019) needs; transliteration = \"typographic\" would replace it" },
        { { .no_ucs2 = true, .translit = TRANSLIT_TYPOGRAPHIC },
          "\u0436it\u2019s \u017d",
          NO "the characters U+0436 (\u0436) and U+017D (\u017d) need; transliteration = \"full\" would "
             "replace them" },
        { { .no_ucs2 = true, .translit = TRANSLIT_FULL },
          "\u0436\u4f60",
          NO "the character U+4F60 (\u4f60) needs" },
        { { .no_ucs2 = true, .wire = ALPHABET_ASCII },
          "caf\u00e9",
          NO "the character U+00E9 (\u00e9) needs" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf out = { 0 };
        assert_int_equal(parts_plan(strv_from(rows[i].text), &rows[i].o).parts, 0);
        assert_true(advice_refusal(strv_from(rows[i].text), &rows[i].o, &out));
        assert_string_equal(buf_cstr(&out), rows[i].why);
        buf_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_would_save_parts_is_said),
        cmocka_unit_test(what_cannot_be_sent_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
