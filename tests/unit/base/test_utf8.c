#include "base/random.h"
#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <utf8proc.h>

static int32_t first(const char *s, size_t n)
{
    const char *p = s;
    return utf8_next(&p, s + n);
}

static void every_scalar_value_round_trips(void **state)
{
    (void)state;
    for (uint32_t cp = 0; cp <= 0x110010; cp++) {
        char t[4];
        size_t n = utf8_put(cp, t);
        if (cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff)) {
            assert_int_equal(n, 0);
            continue;
        }
        const char *p = t;
        if (n != (cp < 0x80      ? 1u
                  : cp < 0x800   ? 2u
                  : cp < 0x10000 ? 3u
                                 : 4u) ||
            utf8_next(&p, t + n) != (int32_t)cp || p != t + n) {
            fail_msg("U+%04X", (unsigned)cp);
        }
        for (size_t cut = 1; cut < n; cut++) { /* torn anywhere: malformed */
            assert_int_equal(first(t, cut), -1);
        }
    }
    assert_int_equal(utf8_put(UINT32_MAX, (char[4]){ 0 }), 0);
}

static void malformed_sequences(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "\x80",
        "\xbf", /* continuation alone */
        "\xc0\x80",
        "\xc1\xbf", /* overlong, two octets */
        "\xe0\x80\x80",
        "\xe0\x9f\xbf", /* overlong, three */
        "\xf0\x80\x80\x80",
        "\xf0\x8f\xbf\xbf", /* overlong, four */
        "\xed\xa0\x80",
        "\xed\xbf\xbf", /* surrogates */
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80", /* above U+10FFFF */
        "\xfe",
        "\xff",
        "\xf8\x88\x80\x80\x80",
        "\xc3(",
        "\xe2\x82(",
        "\xf0\x9f\x98(",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *p = rows[i];
        assert_int_equal(utf8_next(&p, rows[i] + strlen(rows[i])), -1);
        assert_ptr_equal(p, rows[i] + 1); /* one octet, so that what follows is read afresh */
        assert_false(utf8_valid(strv_from(rows[i])));
        struct buf b = { 0 };
        assert_false(utf8_nfc(&b, strv_from(rows[i])));
        assert_false(utf8_fold(&b, strv_from(rows[i])));
        assert_false(utf8_fold_loose(&b, strv_from(rows[i])));
        assert_int_equal(b.len, 0);
        buf_free(&b);
    }
    assert_int_equal(first("", 0), -2);
    assert_true(utf8_valid((struct strv){ NULL, 0 }));
    assert_true(utf8_valid(STRV("caf\xc3\xa9 \xf0\x9f\x98\x80")));
    assert_true(utf8_valid(STRV("a\0b")));
}

static void every_pair_and_triple_is_judged_as_the_definition_says(void **state)
{
    (void)state;
    /* given all inputs of two octets, and three with an E-lead, then valid is: re-encoding gives the input */
    for (unsigned a = 0; a < 256; a++) {
        for (unsigned b = 0; b < 256; b++) {
            char t[2] = { (char)a, (char)b };
            bool want = (a < 0x80 && b < 0x80) || (a >= 0xc2 && a <= 0xdf && (b & 0xc0) == 0x80);
            assert_int_equal(utf8_valid((struct strv){ t, 2 }), want);
        }
    }
    for (unsigned a = 0xe0; a < 0xf0; a++) {
        for (unsigned b = 0; b < 256; b++) {
            for (unsigned c = 0x70; c < 0xd0; c++) {
                char t[3] = { (char)a, (char)b, (char)c }, back[4];
                unsigned cp = (a & 15) << 12 | (b & 63) << 6 | (c & 63);
                bool want = (b & 0xc0) == 0x80 && (c & 0xc0) == 0x80 && utf8_put(cp, back) == 3 &&
                            memcmp(back, t, 3) == 0;
                assert_int_equal(utf8_valid((struct strv){ t, 3 }), want);
            }
        }
    }
}

static void counting_and_cleaning(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t count;
        const char *clean;
    } rows[] = {
        { "", 0, "" },
        { "abc", 3, "abc" },
        { "caf\xc3\xa9", 4, "caf\xc3\xa9" },
        { "a\xff"
          "b",
          3,
          "a\xef\xbf\xbd"
          "b" },
        { "\xe2\x82", 2, "\xef\xbf\xbd\xef\xbf\xbd" },
        { "\xed\xa0\x80", 3, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf b = { 0 };
        assert_int_equal(utf8_count(strv_from(rows[i].text)), rows[i].count);
        assert_true(utf8_put_clean(&b, strv_from(rows[i].text)));
        assert_string_equal(buf_cstr(&b), rows[i].clean);
        buf_free(&b);
    }
    assert_int_equal(utf8_count((struct strv){ NULL, 0 }), 0);
}

static void random_octets_always_clean_to_valid(void **state)
{
    (void)state;
    struct rnd rnd;
    rnd_seed(&rnd, 12);
    static const uint8_t biased[] = { 0xc2, 0xe0, 0xed, 0xf0, 0xf4, 0x80, 0x9f, 0xa0, 0xbf, 0x8f, 0x90, 'a' };
    for (int round = 0; round < 20000; round++) {
        char raw[12];
        size_t n = (size_t)rnd_below(&rnd, sizeof raw + 1);
        for (size_t i = 0; i < n; i++) {
            raw[i] = (char)biased[rnd_below(&rnd, sizeof biased)];
        }
        struct strv s = { raw, n };
        struct buf b = { 0 };
        assert_true(utf8_put_clean(&b, s));
        struct strv clean = { (const char *)b.data, b.len };
        assert_true(utf8_valid(clean));
        assert_int_equal(utf8_count(clean), utf8_count(s));
        if (utf8_valid(s)) {
            assert_true(strv_eq(s, clean));
        }
        assert_true(utf8_cut(s, n / 2) <= n / 2);
        buf_free(&b);
    }
}

static void compositions(void **state)
{
    (void)state;
    struct buf b = { 0 };
    assert_true(utf8_nfc(&b, STRV("cafe\xcc\x81 ")));
    assert_true(utf8_nfc(&b, STRV("Plain ")));       /* appends */
    assert_true(utf8_nfc(&b, STRV("\xef\xac\x81"))); /* the ligature fi stays: canonical only */
    assert_string_equal(buf_cstr(&b), "caf\xc3\xa9 Plain \xef\xac\x81");
    buf_free(&b);
}

static void assert_same_fold(const char *a, const char *b)
{
    struct buf x = { 0 }, y = { 0 };
    assert_true(utf8_fold(&x, strv_from(a)));
    assert_true(utf8_fold(&y, strv_from(b)));
    assert_string_equal(buf_cstr(&x), buf_cstr(&y));
    buf_free(&x);
    buf_free(&y);
}

static void texts_that_match_without_regard_to_case(void **state)
{
    (void)state;
    assert_same_fold("Hello World", "hELLO wORLD");
    assert_same_fold("STRASSE", "stra\xc3\x9f"
                                "e");
    assert_same_fold("\xc3\x89t\xc3\xa9", "e\xcc\x81TE\xcc\x81");             /* composed and not */
    assert_same_fold("\xce\xa3\xce\x8a\xce\xa3", "\xcf\x83\xce\xaf\xcf\x82"); /* final sigma */
    assert_same_fold("\xef\xac\x81n", "FIN");                                 /* ligature */
    assert_same_fold("\xef\xbc\xb3", "s");                                    /* full width */
    assert_same_fold("\xd0\x94\xd0\x90", "\xd0\xb4\xd0\xb0");                 /* Cyrillic */
    /* the iota below folds to a letter, but only when the marks are in order (D145) */
    assert_same_fold("\xe1\xbe\xb3\xcc\x80", "\xe1\xbd\xb0\xcd\x85");
    assert_same_fold("\xce\x91\xcd\x85\xcc\x80", "\xce\xb1\xcc\x80\xcd\x85");
    struct buf b = { 0 };
    assert_true(utf8_fold(&b, STRV("\xc3\x89")));
    assert_string_equal(buf_cstr(&b), "\xc3\xa9"); /* accents stay */
    buf_free(&b);
}

static void folding_twice_changes_nothing(void **state)
{
    (void)state;
    bool (*const folds[])(struct buf *, struct strv) = { utf8_nfc, utf8_fold, utf8_fold_loose };
    struct buf once = { 0 }, twice = { 0 };
    for (uint32_t cp = 1; cp <= 0x10ffff; cp++) {
        char t[4];
        size_t n = utf8_put(cp, t);
        if (!n || utf8proc_category((utf8proc_int32_t)cp) == UTF8PROC_CATEGORY_CN) {
            continue;
        }
        for (size_t f = 0; f < 3; f++) {
            buf_clear(&once);
            buf_clear(&twice);
            assert_true(folds[f](&once, (struct strv){ t, n }));
            assert_true(folds[f](&twice, (struct strv){ (const char *)once.data, once.len }));
            if (once.len != twice.len || (once.len && memcmp(once.data, twice.data, once.len) != 0)) {
                fail_msg("fold %zu of U+%04X is not stable", f, (unsigned)cp);
            }
        }
    }
    buf_free(&once);
    buf_free(&twice);
}

static void keywords_are_found_however_people_type_them(void **state)
{
    (void)state;
    static const struct {
        const char *typed, *keyword;
    } rows[] = {
        { "stop", "stop" },
        { " Stop!! ", "stop" },
        { "STOP.", "stop" },
        { "\xc2\xabSTOP\xc2\xbb", "stop" },
        { "opt-out", "opt out" },
        { "Opt\xc2\xa0Out", "opt out" },
        { "opt\xe2\x80\x93out", "opt out" }, /* en dash */
        { "stop\r\n\r\nall", "stop all" },
        { "\xc4\xb0PTAL", "iptal" }, /* dotted capital I */
        { "IPTAL", "iptal" },
        { "iptal", "iptal" },
        { "\xc4\xb1ptal", "iptal" }, /* dotless small i */
        { "\xc3\x87IKI\xc5\x9e", "cikis" },
        { "\xc3\xa7\xc4\xb1k\xc4\xb1\xc5\x9f", "cikis" },
        { "ARR\xc3\x8aT", "arret" },
        { "arre\xcc\x82t", "arret" },
        { "No M\xc3\xa1s", "no mas" },
        { "\xef\xbc\xb3\xef\xbc\xb4\xef\xbc\xaf\xef\xbc\xb0", "stop" }, /* full width */
        { "st\xc2\xadop", "stop" },                                     /* soft hyphen */
        { "\xef\xbb\xbfstop", "stop" },                                 /* byte order mark */
        { "s\xe2\x80\x8btop", "stop" },                                 /* zero width space */
        { "STOP+", "stop" },
        { "wy\xc5\x82\xc4\x85"
          "cz",
          "wylacz" },
        { "\xce\xa3\xce\xa4\xce\x9f\xce\xa0", "\xcf\x83\xcf\x84\xce\xbf\xcf\x80" },
        { "\xd0\xa1\xd0\xa2\xd0\x9e\xd0\x9f", "\xd1\x81\xd1\x82\xd0\xbe\xd0\xbf" }, /* Cyrillic */
        { "\xd0\xb9", "\xd0\xb8" },
        { "\xe0\xa4\xac\xe0\xa4\x82\xe0\xa4\xa6",
          "\xe0\xa4\xac\xe0\xa4\x82\xe0\xa4\xa6" }, /* Hindi keeps its signs */
        { "\xe9\x80\x80\xe8\xae\xa2", "\xe9\x80\x80\xe8\xae\xa2" },
        { "STOP \xf0\x9f\x98\x80", "stop \xf0\x9f\x98\x80" },
        { "", "" },
        { " \t!?-- ", "" },
        { "\xcc\x81", "" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf b = { 0 };
        assert_true(utf8_fold_loose(&b, strv_from(rows[i].typed)));
        assert_string_equal(buf_cstr(&b), rows[i].keyword);
        buf_free(&b);
    }
    struct buf b = { 0 };
    assert_true(buf_put_strv(&b, STRV("x:")));
    assert_true(utf8_fold_loose(&b, STRV("STOP"))); /* appends */
    assert_string_equal(buf_cstr(&b), "x:stop");
    buf_free(&b);
}

static void a_full_buffer_is_reported(void **state)
{
    (void)state;
    bool (*const puts[])(struct buf *, struct strv) = { utf8_put_clean, utf8_nfc, utf8_fold,
                                                        utf8_fold_loose };
    static const struct strv texts[] = { { "abcdef", 6 }, { "\xc3\xa9\xc3\xa9\xc3\xa9\xe4\xb8\xad", 9 } };
    for (size_t i = 0; i < 4; i++) {
        for (size_t t = 0; t < 2; t++) {
            struct buf b = { .limit = 2 };
            assert_false(puts[i](&b, texts[t]));
            assert_true(b.failed);
            buf_free(&b);
        }
    }
}

static void cuts_are_between_what_people_see_as_characters(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t max, cut;
    } rows[] = {
        { "hello", 3, 3 },
        { "hello", 5, 5 },
        { "hello", 99, 5 },
        { "caf\xc3\xa9", 4, 3 },  /* inside the octets of one letter */
        { "cafe\xcc\x81", 5, 3 }, /* letter and its accent */
        { "cafe\xcc\x81x", 6, 6 },
        { "a\r\nb", 2, 1 },                            /* CR LF is one */
        { "\xf0\x9f\x87\xac\xf0\x9f\x87\xa7!", 7, 0 }, /* a flag is two code points */
        { "\xf0\x9f\x87\xac\xf0\x9f\x87\xa7!", 8, 8 },
        { "\xf0\x9f\x87\xac\xf0\x9f\x87\xa7\xf0\x9f\x87\xab\xf0\x9f\x87\xb7", 13, 8 }, /* two flags */
        { "x\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7.", 11, 1 },                   /* a joined family */
        { "x\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7.", 12, 12 },
        { "a\xff\xff", 2, 2 }, /* malformed octets stand alone */
        { "", 0, 0 },
        { "abc", 0, 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(utf8_cut(strv_from(rows[i].text), rows[i].max), rows[i].cut);
    }
}

static void columns(void **state)
{
    (void)state;
    assert_int_equal(utf8_width(STRV("abc")), 3);
    assert_int_equal(utf8_width(STRV("caf\xc3\xa9")), 4);
    assert_int_equal(utf8_width(STRV("cafe\xcc\x81")), 4);
    assert_int_equal(utf8_width(STRV("\xe4\xb8\xad\xe6\x96\x87")), 4);
    assert_int_equal(utf8_width(STRV("\xff")), 1);
    assert_int_equal(utf8_width((struct strv){ NULL, 0 }), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_scalar_value_round_trips),
        cmocka_unit_test(malformed_sequences),
        cmocka_unit_test(every_pair_and_triple_is_judged_as_the_definition_says),
        cmocka_unit_test(counting_and_cleaning),
        cmocka_unit_test(random_octets_always_clean_to_valid),
        cmocka_unit_test(compositions),
        cmocka_unit_test(texts_that_match_without_regard_to_case),
        cmocka_unit_test(folding_twice_changes_nothing),
        cmocka_unit_test(keywords_are_found_however_people_type_them),
        cmocka_unit_test(a_full_buffer_is_reported),
        cmocka_unit_test(cuts_are_between_what_people_see_as_characters),
        cmocka_unit_test(columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
