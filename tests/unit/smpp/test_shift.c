#include "support.h"

#include "base/random.h"
#include "base/utf8.h"
#include "smpp/alphabet.h"
#include "smpp/shift.h"

static struct shift pair(unsigned single, unsigned locking)
{
    return (struct shift){ .single = (uint8_t)single, .locking = (uint8_t)locking };
}

static void check(struct shift s, const char *text, const char *hex, size_t lost)
{
    struct shift_map m;
    struct buf out = { 0 };
    size_t got_lost, units;
    struct octets want = octets_from_hex(strv_from(hex));
    struct strv utf8 = strv_from(text);
    shift_map_init(&m, s);
    assert_true(shift_encode(&m, utf8, &out, &got_lost));
    assert_octets(text, buf_view(&out), octets_view(want));
    assert_int_equal(got_lost, lost);
    assert_int_equal(shift_can_encode(&m, utf8), lost == 0);
    assert_int_equal(shift_fit(&m, utf8, SIZE_MAX, &units), utf8.n);
    assert_int_equal(units, out.len);
    if (lost == 0) {
        struct buf back = { 0 };
        assert_true(shift_decode(s, octets_view(want), &back));
        assert_octets(text, buf_view(&back), utf8);
        buf_free(&back);
    }
    buf_free(&out);
    free(want.p);
}

static void texts_are_written_with_a_pair_of_tables(void **state)
{
    (void)state;
    check(pair(0, 0), "a€@", "611b6500", 0);
    check(pair(0, SHIFT_TURKISH), "ığ€", "070c04", 0); /* the euro is one septet there */
    check(pair(SHIFT_TURKISH, 0), "ığ€ç", "1b691b671b651b63", 0);
    check(pair(SHIFT_TURKISH, SHIFT_TURKISH), "ığ€ç", "070c0460", 0); /* what both have goes without escape */
    check(pair(0, SHIFT_TURKISH), "[¿]", "1b3c3f1b3e", 1); /* the extension table stays; ¿ made room for ç */
    check(pair(0, SHIFT_HINDI), "@", "3f", 1);             /* not in that locking table */
    check(pair(SHIFT_HINDI, SHIFT_HINDI), "@", "1b00", 0);    /* but at 0 of the single shift table */
    check(pair(SHIFT_HINDI, SHIFT_HINDI), "\x1b", "3f", 1);   /* no character, nor the start of one */
    check(pair(SHIFT_SPANISH, 0), "áÓ\xff", "1b611b4f3f", 1); /* malformed */
    check(pair(99, 200), "a€", "611b65", 0);                  /* not known: as if not said */
    check(pair(0, SHIFT_SPANISH), "a€", "611b65", 0);         /* there is no such locking table */
}

static void damaged_septets_are_shown(void **state)
{
    (void)state;
    static const struct {
        struct shift s;
        const char *hex, *text;
    } cases[] = {
        { { SHIFT_TURKISH, 0 }, "1b41", "A" },             /* no such extension */
        { { SHIFT_TURKISH, SHIFT_TURKISH }, "1b07", "ı" }, /* then the septet of the locking table */
        { { 0, SHIFT_TURKISH }, "1b1b41", " A" },
        { { 0, SHIFT_TURKISH }, "411b", "A " },
        { { 0, SHIFT_BENGALI }, "0c41", "�ভ" }, /* nothing at 0x0c */
        { { SHIFT_URDU, SHIFT_URDU }, "80ff", "��" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct octets in = octets_from_hex(strv_from(cases[i].hex));
        struct buf out = { 0 };
        assert_true(shift_decode(cases[i].s, octets_view(in), &out));
        assert_octets(cases[i].hex, buf_view(&out), strv_from(cases[i].text));
        buf_free(&out);
        free(in.p);
    }
}

/* Maps against the tables themselves, character by character and pair by pair. */
static void maps_are_the_tables(void **state)
{
    (void)state;
    struct shift_map m;
    for (unsigned single = 0; single < SHIFT_LANGUAGES; single++) {
        for (unsigned locking = 0; locking < SHIFT_LANGUAGES; locking++) {
            const uint16_t *behind = shift_single_table(single), *base = shift_locking_table(locking);
            uint8_t want[0x2400] = { 0 };
            for (unsigned i = 128; i-- > 0;)
                want[behind[i]] = (uint8_t)(i ? i : 0x1b);
            for (unsigned i = 128; i-- > 0;)
                want[base[i]] = (uint8_t)(0x80 | i);
            want[0] = 0;
            shift_map_init(&m, pair(single, locking));
            for (uint32_t cp = 0; cp < COUNT(want); cp++)
                assert_int_equal(shift_map_code(&m, cp), want[cp]);
            assert_int_equal(shift_map_code(&m, 0x10ffff), 0);
        }
    }
}

static void languages_are_found_by_a_character(void **state)
{
    (void)state;
    assert_int_equal(shift_languages_with(0x11f), SHIFT_BIT(SHIFT_TURKISH));
    assert_int_equal(shift_languages_with(0xe7),
                     SHIFT_BIT(SHIFT_TURKISH) | SHIFT_BIT(SHIFT_SPANISH) | SHIFT_BIT(SHIFT_PORTUGUESE));
    assert_int_equal(shift_languages_with('a') & ~SHIFT_ALL, 0);
    for (uint32_t cp = 0; cp < 0x11000; cp++) {
        uint32_t want = 0;
        for (unsigned i = 1; i < SHIFT_LANGUAGES; i++) {
            bool has = false;
            for (unsigned k = 0; k < 128 && cp; k++)
                has = has || shift_single_table(i)[k] == cp ||
                      (shift_has_locking(i) && shift_locking_table(i)[k] == cp);
            want |= has ? SHIFT_BIT(i) : 0;
        }
        assert_int_equal(shift_languages_with(cp), want);
    }
}

static void names_go_both_ways(void **state)
{
    (void)state;
    unsigned back;
    for (unsigned i = 0; i < SHIFT_LANGUAGES; i++) {
        assert_true(shift_parse(strv_from(shift_name(i)), &back));
        assert_int_equal(back, i);
    }
    assert_false(shift_parse(STRV("klingon"), &back));
    assert_string_equal(shift_name(200), "default");
}

static void elements_name_the_tables(void **state)
{
    (void)state;
    uint8_t out[6];
    assert_int_equal(shift_write_elements(pair(0, 0), out), 0);
    assert_int_equal(shift_write_elements(pair(1, 0), out), 3);
    assert_memory_equal(out, "\x24\x01\x01", 3);
    assert_int_equal(shift_write_elements(pair(13, 6), out), 6);
    assert_memory_equal(out, "\x25\x01\x06\x24\x01\x0d", 6);
}

static void noise_gives_utf8(void **state)
{
    (void)state;
    struct rnd r;
    rnd_seed(&r, 21);
    for (int round = 0; round < 5000; round++) {
        uint8_t noise[40];
        size_t n = rnd_below(&r, sizeof noise);
        for (size_t i = 0; i < n; i++)
            noise[i] = (uint8_t)rnd_u64(&r);
        struct octets o = octets_copy(noise, n);
        struct buf out = { 0 };
        assert_true(shift_decode(pair((unsigned)rnd_below(&r, 256), (unsigned)rnd_below(&r, 256)),
                                 octets_view(o), &out));
        assert_true(utf8_valid(buf_view(&out)));
        buf_free(&out);
        free(o.p);
    }
}

/* --- conformance vectors --- */

static void vectors_national_tables(void **state)
{
    (void)state;
    FILE *f = vectors_open("gsm-national.tsv");
    char line[256], *c[6];
    unsigned seen[2][SHIFT_LANGUAGES] = { { 0 } }, rows = 0, language;
    int other = 0;
    for (; vectors_row(f, line, sizeof line, c, 6) >= 0; rows++) {
        unsigned id = (unsigned)strtoul(c[0], NULL, 10), septet = (unsigned)strtoul(c[3], NULL, 16);
        bool locking = strcmp(c[2], "locking") == 0;
        const uint16_t *table = locking ? shift_locking_table(id) : shift_single_table(id);
        assert_in_range(id, 1, SHIFT_LANGUAGES - 1);
        assert_true(shift_parse(strv_from(c[1]), &language) && language == id);
        unsigned long codepoint = strtoul(c[4] + 2, NULL, 16);
        /* The escape is no character. And the first three signs of Hindi are those of Devanagari, as the
         * standard and the handsets have them; the file has the same signs of Bengali there. */
        if (septet == 0x1b)
            codepoint = 0;
        if (locking && id == SHIFT_HINDI && septet < 3)
            codepoint -= 0x80;
        other += codepoint != strtoul(c[4] + 2, NULL, 16);
        assert_int_equal(table[septet], codepoint);
        seen[locking][id] += codepoint != 0;
    }
    fclose(f);
    assert_int_equal(rows, 2304);
    assert_int_equal(other, 3 + 10);
    /* and nothing but what is there */
    for (unsigned i = 1; i < SHIFT_LANGUAGES; i++) {
        unsigned single = 0, locking = 0;
        for (unsigned k = 0; k < 128; k++) {
            single += shift_single_table(i)[k] != 0;
            locking += shift_has_locking(i) && shift_locking_table(i)[k] != 0;
        }
        assert_int_equal(single, seen[0][i]);
        assert_int_equal(locking, seen[1][i]);
    }
}

static void vectors_national_texts(void **state)
{
    (void)state;
    FILE *f = vectors_open("gsm-encode.jsonl");
    int n = 0;
    for (json_t *j; (j = vectors_next(f)) != NULL; json_decref(j)) {
        if (!strv_eq_c(json_view(json_object_get(j, "charset")), "gsm7-national"))
            continue;
        unsigned id = (unsigned)json_integer_value(json_object_get(j, "nli"));
        const char *table = json_string_value(json_object_get(j, "table"));
        struct shift s = pair(strstr(table, "single") ? id : 0, strstr(table, "locking") ? id : 0);
        check(s, json_string_value(json_object_get(j, "text")), json_string_value(json_object_get(j, "hex")),
              0);
        n++;
    }
    fclose(f);
    assert_int_equal(n, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_written_with_a_pair_of_tables),
        cmocka_unit_test(damaged_septets_are_shown),
        cmocka_unit_test(maps_are_the_tables),
        cmocka_unit_test(languages_are_found_by_a_character),
        cmocka_unit_test(names_go_both_ways),
        cmocka_unit_test(elements_name_the_tables),
        cmocka_unit_test(noise_gives_utf8),
        cmocka_unit_test(vectors_national_tables),
        cmocka_unit_test(vectors_national_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
