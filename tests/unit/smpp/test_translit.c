#include "support.h"

#include "base/utf8.h"
#include "smpp/translit.h"

static void check(enum translit_level level, struct shift tables, const char *text, const char *want,
                  unsigned replaced)
{
    struct shift_map m;
    struct buf out = { 0 };
    struct translit_report r = { .replaced = 0 };
    shift_map_init(&m, tables);
    assert_true(translit_text(strv_from(text), level, &m, &out, &r));
    assert_octets(text, buf_view(&out), strv_from(want));
    assert_int_equal(r.replaced, replaced);
    buf_free(&out);
}

static void texts_are_replaced_up_to_a_level(void **state)
{
    (void)state;
    static const struct {
        enum translit_level level;
        const char *text, *want;
        unsigned replaced;
    } cases[] = {
        { TRANSLIT_OFF, "“naïve”", "“naïve”", 0 },
        { TRANSLIT_TYPOGRAPHIC, "", "", 0 },
        { TRANSLIT_TYPOGRAPHIC, "plain é à Ç € {}", "plain é à Ç € {}", 0 },
        { TRANSLIT_TYPOGRAPHIC, "“Anna’s” – 5 — 6…", "\"Anna's\" - 5 - 6...", 6 },
        { TRANSLIT_TYPOGRAPHIC,
          "a\xc2\xa0"
          "b\xe2\x80\x8b"
          "c\td",
          "a bc d", 3 },
        { TRANSLIT_TYPOGRAPHIC, "ＡＢ！　«x»", "AB! \"x\"", 6 },
        { TRANSLIT_TYPOGRAPHIC, "naïve", "naïve", 0 },       /* a letter stays */
        { TRANSLIT_TYPOGRAPHIC, "cafe\xcc\x81", "café", 0 }, /* canonically equal */
        { TRANSLIT_FULL, "naïve cafe\xcc\x81", "naive café", 1 },
        { TRANSLIT_FULL, "Ça ça où", "Ça ca où", 1 }, /* Ç and ù are there, ç is not */
        { TRANSLIT_FULL, "Zażółć gęślą jaźń", "Zazolc gesla jazn", 9 },
        { TRANSLIT_FULL, "Günaydın, ŞİŞLİ", "Günaydin, SISLI", 5 },
        { TRANSLIT_FULL, "Tiếng Việt", "Tieng Viet", 2 },
        { TRANSLIT_FULL, "Þór Œuvre œuf ŒUF", "Thor Oeuvre oeuf OEUF", 5 },
        { TRANSLIT_FULL, "Καλημέρα ΣΑΣ", "KAΛHMEPA ΣAΣ", 9 }, /* GSM has Λ and Σ */
        { TRANSLIT_FULL, "Привет, Юлия! Щи", "Privet, Yuliya! Shchi", 12 },
        { TRANSLIT_FULL, "ЩУКА Жук", "SHCHUKA Zhuk", 7 },
        { TRANSLIT_FULL, "България объект", "Balgariya obekt", 14 },
        { TRANSLIT_FULL, "x\xcc\x8c", "x", 1 }, /* a mark that composes with nothing */
        { TRANSLIT_FULL, "日本 😀 مرحبا नमस्ते", "日本 😀 مرحبا नमस्ते", 0 },
        { TRANSLIT_FULL, "می\xe2\x80\x8cخواهم", "می\xe2\x80\x8cخواهم", 0 }, /* a joiner that spells */
        { TRANSLIT_FULL, "a\xff“", "a\xff\"", 1 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        check(cases[i].level, (struct shift){ 0, 0 }, cases[i].text, cases[i].want, cases[i].replaced);
    }
}

static void what_the_tables_have_stays(void **state)
{
    (void)state;
    check(TRANSLIT_FULL, (struct shift){ .single = SHIFT_TURKISH }, "ığüş ł ’", "ığüş l '", 2);
    check(TRANSLIT_FULL, (struct shift){ .locking = SHIFT_HINDI }, "नमस्ते Ж", "नमस्ते Zh", 1);
    /* an accent on a letter of such a script is not dropped */
    check(TRANSLIT_FULL, (struct shift){ .locking = SHIFT_HINDI }, "न\xcc\x81", "न\xcc\x81", 0);
}

static void what_was_replaced_is_told(void **state)
{
    (void)state;
    struct shift_map m;
    struct buf out = { 0 };
    struct translit_report r = { .replaced = 0 };
    shift_map_init(&m, (struct shift){ 0, 0 });
    assert_true(translit_text(STRV("‘a’ … ‘b’"), TRANSLIT_TYPOGRAPHIC, &m, &out, &r));
    assert_int_equal(r.replaced, 5);
    assert_int_equal(r.n, 3);
    assert_int_equal(r.changes[0].from, 0x2018);
    assert_string_equal(r.changes[0].to, "'");
    assert_int_equal(r.changes[0].count, 2);
    assert_int_equal(r.changes[2].from, 0x2026);
    assert_string_equal(r.changes[2].to, "...");
    /* more kinds than the list holds are counted all the same */
    buf_clear(&out);
    struct buf many = { 0 };
    for (uint32_t cp = 0x100; cp < 0x180; cp++) {
        char t[4];
        buf_put(&many, t, utf8_put(cp, t));
    }
    assert_true(translit_text(buf_view(&many), TRANSLIT_FULL, &m, &out, &r));
    assert_int_equal(r.replaced, 5 + 128);
    assert_int_equal(r.n, TRANSLIT_CHANGES);
    buf_free(&many);
    buf_free(&out);
}

/* A row out of order would not be found; what stands for a character must itself be GSM. */
static void each_row_is_found_and_can_be_sent(void **state)
{
    (void)state;
    struct shift_map m;
    unsigned typographic = 0, full = 0, rows = 0;
    shift_map_init(&m, (struct shift){ 0, 0 });
    for (uint32_t cp = 0; cp < 0x11000; cp++) {
        const char *t = translit_of(cp, TRANSLIT_TYPOGRAPHIC), *f = translit_of(cp, TRANSLIT_FULL);
        assert_null(translit_of(cp, TRANSLIT_OFF));
        assert_true(!t || t == f);
        typographic += t != NULL;
        full += f != NULL;
        if (f)
            assert_true(shift_can_encode(&m, strv_from(f)));
    }
#define TYPOGRAPHIC(from, to) assert_string_equal(translit_of(from, TRANSLIT_TYPOGRAPHIC), to), rows++;
#define FULL(from, to)                                                                                       \
    assert_null(translit_of(from, TRANSLIT_TYPOGRAPHIC)),                                                    \
        assert_string_equal(translit_of(from, TRANSLIT_FULL), to), rows++;
#include "smpp/translit.def"
    assert_true(typographic > 150);
    assert_int_equal(full, rows + 0x70 - 1); /* the marks need no rows, but one has one */
}

/* Latin letters against Unicode's own decomposition, as keywords are folded by. */
static void base_letters_are_those_of_unicode(void **state)
{
    (void)state;
    for (uint32_t cp = 0xc0; cp < 0x1f00; cp = cp == 0x24f ? 0x1e00 : cp + 1) {
        const char *f = translit_of(cp, TRANSLIT_FULL);
        struct buf loose = { 0 }, mine = { 0 };
        char t[4];
        assert_true(utf8_fold_loose(&loose, (struct strv){ t, utf8_put(cp, t) }));
        if (f && loose.len == 1 && loose.data[0] < 0x80) {
            assert_true(utf8_fold_loose(&mine, strv_from(f)));
            assert_octets(f, buf_view(&mine), buf_view(&loose));
        }
        buf_free(&loose);
        buf_free(&mine);
    }
}

static void names_go_both_ways(void **state)
{
    (void)state;
    enum translit_level back;
    for (int i = TRANSLIT_OFF; i <= TRANSLIT_FULL; i++) {
        assert_true(translit_parse(strv_from(translit_name((enum translit_level)i)), &back));
        assert_int_equal(back, i);
    }
    assert_false(translit_parse(STRV("some"), &back));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_replaced_up_to_a_level),
        cmocka_unit_test(what_the_tables_have_stays),
        cmocka_unit_test(what_was_replaced_is_told),
        cmocka_unit_test(each_row_is_found_and_can_be_sent),
        cmocka_unit_test(base_letters_are_those_of_unicode),
        cmocka_unit_test(names_go_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
