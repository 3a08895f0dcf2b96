#include "support.h"

#include "base/random.h"
#include "base/utf8.h"
#include "smpp/alphabet.h"

static void check_encode(enum alphabet a, const char *text, const char *hex, size_t lost)
{
    struct buf out = { 0 };
    size_t got_lost = 99;
    struct octets want = octets_from_hex(strv_from(hex));
    assert_true(alphabet_encode(a, strv_from(text), &out, &got_lost));
    assert_octets(text, buf_view(&out), octets_view(want));
    assert_int_equal(got_lost, lost);
    assert_int_equal(alphabet_can_encode(a, strv_from(text)), lost == 0);
    free(want.p);
    buf_free(&out);
}

static void check_decode(enum alphabet a, const char *hex, const char *text)
{
    struct buf out = { 0 };
    struct octets in = octets_from_hex(strv_from(hex));
    assert_true(alphabet_decode(a, octets_view(in), &out));
    assert_octets(hex, buf_view(&out), strv_from(text));
    free(in.p);
    buf_free(&out);
}

static void text_is_encoded(void **state)
{
    (void)state;
    check_encode(ALPHABET_GSM7, "", "", 0);
    check_encode(ALPHABET_GSM7, "@a€{}", "00611b651b281b29", 0);
    check_encode(ALPHABET_GSM7, "Ω`ж", "153f3f", 2);
    check_encode(ALPHABET_GSM7, "a\x80", "613f", 1);
    check_encode(ALPHABET_UCS2, "a😜", "0061d83dde1c", 0);
    check_encode(ALPHABET_UCS2, "a\xff", "0061fffd", 1);
    check_encode(ALPHABET_LATIN1, "é€", "e93f", 1);
    check_encode(ALPHABET_ASCII, "aé", "613f", 1);
    check_encode(ALPHABET_BINARY, "aé\x80", "61c3a980", 0); /* octets as they are */
    check_encode(ALPHABET_CYRILLIC, "Ая№Ё§", "b0eff0a1fd", 0);
    check_encode(ALPHABET_HEBREW, "את×", "e0faaa", 0);
}

static void octets_are_decoded_however_damaged(void **state)
{
    (void)state;
    check_decode(ALPHABET_GSM7, "", "");
    check_decode(ALPHABET_GSM7, "00611b65", "@a€");
    check_decode(ALPHABET_GSM7, "1b", " ");       /* an escape that nothing follows */
    check_decode(ALPHABET_GSM7, "1b1b41", " A");  /* escape to a further table */
    check_decode(ALPHABET_GSM7, "1b41", "A");     /* no such extension */
    check_decode(ALPHABET_GSM7, "80ff41", "��A"); /* not septets */
    check_decode(ALPHABET_UCS2, "0061d83dde1c", "a😜");
    check_decode(ALPHABET_UCS2, "d83d0061", "�a"); /* high surrogate alone */
    check_decode(ALPHABET_UCS2, "de1c0061", "�a"); /* low surrogate alone */
    check_decode(ALPHABET_UCS2, "0061d83d", "a�");
    check_decode(ALPHABET_UCS2, "006100", "a�"); /* half a unit */
    check_decode(ALPHABET_ASCII, "61e9", "a�");
    check_decode(ALPHABET_BINARY, "61e9", "aé");
    check_decode(ALPHABET_HEBREW, "e0a1bf", "א��");
    check_decode(ALPHABET_CYRILLIC, "b0effd", "Ая§");
    check_decode(ALPHABET_UNKNOWN, "8341", "�A");
}

static void each_octet_of_an_alphabet_comes_back(void **state)
{
    (void)state;
    for (int a = ALPHABET_GSM7; a < ALPHABET_UNKNOWN; a++) {
        for (unsigned c = 0; a != ALPHABET_UCS2 && a != ALPHABET_BINARY && c < 256; c++) {
            struct buf text = { 0 }, back = { 0 };
            char octet = (char)c;
            assert_true(alphabet_decode((enum alphabet)a, (struct strv){ &octet, 1 }, &text));
            if (alphabet_can_encode((enum alphabet)a, buf_view(&text)) &&
                !(a == ALPHABET_GSM7 && c == 0x1b)) {
                assert_true(alphabet_encode((enum alphabet)a, buf_view(&text), &back, NULL));
                assert_octets(alphabet_name((enum alphabet)a), buf_view(&back), (struct strv){ &octet, 1 });
            }
            buf_free(&text);
            buf_free(&back);
        }
    }
}

static void the_alphabet_is_chosen(void **state)
{
    (void)state;
    assert_int_equal(alphabet_choose(STRV("")), ALPHABET_GSM7);
    assert_int_equal(alphabet_choose(STRV("Total: 5€ [paid]\r\n")), ALPHABET_GSM7);
    assert_int_equal(alphabet_choose(STRV("naïve")), ALPHABET_UCS2);
    assert_int_equal(alphabet_choose(STRV("`")), ALPHABET_UCS2);
    assert_int_equal(alphabet_choose(STRV("\t")), ALPHABET_UCS2);
    assert_int_equal(alphabet_choose(STRV("\xc3")), ALPHABET_UCS2); /* malformed: not in the table either */
}

static void units_are_counted_as_they_are_encoded(void **state)
{
    (void)state;
    assert_int_equal(alphabet_units(ALPHABET_GSM7, STRV("a€b")), 4);
    assert_int_equal(alphabet_units(ALPHABET_UCS2, STRV("a€😜")), 4);
    assert_int_equal(alphabet_units(ALPHABET_LATIN1, STRV("aé")), 2);
    assert_int_equal(alphabet_units(ALPHABET_BINARY, STRV("aé")), 3);
    size_t units;
    assert_int_equal(alphabet_fit(ALPHABET_GSM7, STRV("ab€c"), 3, &units), 2); /* not half an escape pair */
    assert_int_equal(units, 2);
    assert_int_equal(alphabet_fit(ALPHABET_UCS2, STRV("ab😜c"), 3, &units), 2);
    assert_int_equal(units, 2);
    struct rnd r;
    rnd_seed(&r, 7);
    for (int round = 0; round < 2000; round++) {
        char text[64];
        size_t n = rnd_below(&r, sizeof text);
        for (size_t i = 0; i < n; i++)
            text[i] = (char)(rnd_below(&r, 4) ? rnd_below(&r, 128) : rnd_below(&r, 256));
        for (int a = ALPHABET_GSM7; a < ALPHABET_UNKNOWN; a++) {
            struct buf out = { 0 };
            struct strv s = { text, n };
            size_t lost;
            assert_true(alphabet_encode((enum alphabet)a, s, &out, &lost));
            assert_int_equal(out.len, alphabet_units((enum alphabet)a, s) * (a == ALPHABET_UCS2 ? 2 : 1));
            assert_int_equal(lost == 0, alphabet_can_encode((enum alphabet)a, s));
            buf_free(&out);
        }
    }
}

static void decoding_noise_gives_utf8(void **state)
{
    (void)state;
    struct rnd r;
    rnd_seed(&r, 8);
    for (int round = 0; round < 5000; round++) {
        uint8_t noise[40];
        size_t n = rnd_below(&r, sizeof noise);
        for (size_t i = 0; i < n; i++)
            noise[i] = (uint8_t)rnd_u64(&r);
        struct octets o = octets_copy(noise, n);
        struct buf out = { 0 };
        assert_true(
            alphabet_decode((enum alphabet)rnd_below(&r, ALPHABET_UNKNOWN + 1), octets_view(o), &out));
        assert_true(utf8_valid(buf_view(&out)));
        buf_free(&out);
        free(o.p);
    }
}

static void septets_are_packed_and_unpacked(void **state)
{
    (void)state;
    struct rnd r;
    rnd_seed(&r, 9);
    for (int round = 0; round < 3000; round++) {
        char septets[40];
        size_t n = rnd_below(&r, sizeof septets);
        unsigned fill = (unsigned)rnd_below(&r, 7);
        for (size_t i = 0; i < n; i++)
            septets[i] = (char)rnd_below(&r, 128);
        struct buf packed = { 0 }, back = { 0 };
        assert_true(alphabet_pack7((struct strv){ septets, n }, fill, false, &packed));
        assert_int_equal(packed.len, (7 * n + fill + 7) / 8);
        struct octets o = octets_copy(packed.data, packed.len);
        assert_true(alphabet_unpack7(octets_view(o), fill, false, n, &back));
        assert_octets("septets", buf_view(&back), (struct strv){ septets, n });
        free(o.p);
        buf_free(&packed);
        buf_free(&back);
    }
}

static void carriage_returns_fill_what_would_read_as_at(void **state)
{
    (void)state;
    static const struct {
        const char *septets, *back;
    } cases[] = {
        { "41424344454647", "41424344454647" },       /* seven: one CR fills the last octet */
        { "414243444546470d", "414243444546470d0d" }, /* a wanted CR there is doubled */
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct octets in = octets_from_hex(strv_from(cases[i].septets));
        struct octets want = octets_from_hex(strv_from(cases[i].back));
        struct buf packed = { 0 }, back = { 0 };
        assert_true(alphabet_pack7(octets_view(in), 0, true, &packed));
        assert_true(alphabet_unpack7(buf_view(&packed), 0, true, SIZE_MAX, &back));
        assert_octets("with CR", buf_view(&back), octets_view(want));
        free(in.p);
        free(want.p);
        buf_free(&packed);
        buf_free(&back);
    }
}

static void names_and_data_codings_go_both_ways(void **state)
{
    (void)state;
    for (int a = ALPHABET_GSM7; a < ALPHABET_UNKNOWN; a++) {
        enum alphabet back;
        assert_true(alphabet_parse(strv_from(alphabet_name((enum alphabet)a)), &back));
        assert_int_equal(back, a);
        assert_int_equal(data_coding_read(data_coding_for((enum alphabet)a), ALPHABET_GSM7).alphabet, a);
    }
    enum alphabet none;
    assert_false(alphabet_parse(STRV("klingon"), &none));
    /* the carrier's default is what the caller says it is */
    assert_int_equal(data_coding_read(0, ALPHABET_LATIN1).alphabet, ALPHABET_LATIN1);
    assert_true(data_coding_read(0, ALPHABET_LATIN1).is_default);
    assert_int_equal(data_coding_read(0x10, ALPHABET_GSM7).message_class, 0); /* flash */
    assert_int_equal(data_coding_read(0x00, ALPHABET_GSM7).message_class, -1);
    assert_int_equal(data_coding_read(0xf5, ALPHABET_GSM7).alphabet, ALPHABET_BINARY);
}

/* --- conformance vectors --- */

static void vectors_gsm7_table(void **state)
{
    (void)state;
    FILE *f = vectors_open("gsm7-table.tsv");
    char line[1024], *c[4];
    int rows = 0;
    for (int n; (n = vectors_row(f, line, sizeof line, c, 4)) >= 0; rows++) {
        assert_true(n >= 2);
        struct octets o = octets_from_hex(strv_from(c[0]));
        uint8_t septets[2];
        uint32_t cp = (uint32_t)strtoul(c[1] + 2, NULL, 16);
        if (o.n == 1 && o.p[0] == 0x1b) { /* the escape itself: U+00A0 in the mapping table */
            free(o.p);
            continue;
        }
        assert_int_equal(o.n == 2 ? alphabet_gsm7_ext(o.p[1]) : alphabet_gsm7_to(o.p[0]), cp);
        assert_int_equal(alphabet_gsm7_from(cp, septets), o.n);
        assert_memory_equal(septets, o.p, o.n);
        free(o.p);
    }
    fclose(f);
    assert_true(rows >= 137);
}

static enum alphabet charset_alphabet(const char *name)
{
    if (strncmp(name, "gsm7", 4) == 0)
        return ALPHABET_GSM7;
    if (strncmp(name, "ucs2", 4) == 0)
        return ALPHABET_UCS2;
    if (strcmp(name, "iso-8859-1") == 0)
        return ALPHABET_LATIN1;
    if (strcmp(name, "iso-8859-5") == 0)
        return ALPHABET_CYRILLIC;
    return strcmp(name, "iso-8859-8") == 0 ? ALPHABET_HEBREW : ALPHABET_ASCII;
}

static void check_packed(const char *id, const json_t *j, struct strv want)
{
    struct buf septets = { 0 }, packed = { 0 }, back = { 0 };
    struct strv given = json_view(json_object_get(j, "septets"));
    unsigned fill = (unsigned)json_integer_value(json_object_get(j, "fill_bits"));
    bool cr = json_is_true(json_object_get(j, "cr_pad"));
    if (given.p) {
        struct octets o = octets_from_hex(given);
        buf_put(&septets, o.p, o.n);
        free(o.p);
    } else {
        assert_true(alphabet_encode(ALPHABET_GSM7, json_view(json_object_get(j, "text")), &septets, NULL));
    }
    const json_t *count = json_object_get(j, "septet_count");
    if (count)
        assert_int_equal(septets.len, json_integer_value(count));
    assert_true(alphabet_pack7(buf_view(&septets), fill, cr, &packed));
    assert_octets(id, buf_view(&packed), want);
    assert_true(alphabet_unpack7(want, fill, cr, septets.len, &back));
    assert_octets(id, buf_view(&back), buf_view(&septets));
    buf_free(&septets);
    buf_free(&packed);
    buf_free(&back);
}

static void check_text(const char *id, enum alphabet a, const json_t *j, struct strv want)
{
    struct strv text = json_view(json_object_get(j, "text"));
    struct buf out = { 0 }, back = { 0 };
    size_t lost;
    assert_true(alphabet_encode(a, text, &out, &lost));
    assert_octets(id, buf_view(&out), want);
    assert_true(alphabet_decode(a, want, &back));
    if (lost == 0)
        assert_octets(id, buf_view(&back), text);
    buf_free(&out);
    buf_free(&back);
}

static void check_decoding(const char *id, enum alphabet a, const json_t *j, struct strv octets)
{
    struct buf out = { 0 };
    assert_true(alphabet_decode(a, octets, &out));
    struct strv text = json_view(json_object_get(j, "text"));
    if (strcmp(id, "enc-146") == 0) /* there an error; here damage is shown and never fatal */
        text = STRV("\xc4\x82\xcc\x84\xef\xbf\xbd");
    if (strcmp(id, "enc-147") == 0) /* "report or replace": we replace */
        text = STRV("Howdy\xef\xbf\xbd");
    assert_octets(id, buf_view(&out), text);
    buf_free(&out);
}

static void vectors_encode(void **state)
{
    (void)state;
    FILE *f = vectors_open("gsm-encode.jsonl");
    int n = 0, left_out = 0;
    for (json_t *j; (j = vectors_next(f)) != NULL; n++) {
        const char *id = json_string_value(json_object_get(j, "id"));
        const char *charset = json_string_value(json_object_get(j, "charset"));
        /* iso-8859-15 has no data_coding, so no short message can be in it; national tables are not built
         * yet. */
        if (strcmp(charset, "iso-8859-15") == 0 || strcmp(charset, "gsm7-national") == 0) {
            left_out++;
            json_decref(j);
            continue;
        }
        enum alphabet a = charset_alphabet(charset);
        struct strv hex = json_view(json_object_get(j, "hex"));
        struct octets want = octets_from_hex(hex);
        if (!hex.p) {
            struct strv text = json_view(json_object_get(j, "text"));
            assert_false(alphabet_can_encode(a, text));
            assert_int_equal(alphabet_choose(text), ALPHABET_UCS2);
        } else if (strstr(charset, "packed")) {
            check_packed(id, j, octets_view(want));
        } else if (strstr(charset, "decode")) {
            check_decoding(id, a, j, octets_view(want));
        } else {
            check_text(id, a, j, octets_view(want));
        }
        free(want.p);
        json_decref(j);
    }
    fclose(f);
    assert_true(n >= 159);
    assert_int_equal(left_out, 10);
}

static enum alphabet expected_alphabet(const char *name)
{
    if (strcmp(name, "default") == 0 || strcmp(name, "gsm7") == 0)
        return ALPHABET_GSM7;
    if (strcmp(name, "8bit") == 0)
        return ALPHABET_BINARY;
    if (strcmp(name, "ia5") == 0 || strcmp(name, "ascii") == 0)
        return ALPHABET_ASCII;
    if (strcmp(name, "none") == 0)
        return ALPHABET_UNKNOWN;
    if (strncmp(name, "ucs2 (", 6) == 0) /* the row says itself that 3GPP has 8-bit data there */
        return ALPHABET_BINARY;
    return charset_alphabet(name);
}

static void vectors_data_coding(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum data_coding_group group;
    } groups[] = {
        { "character encoding", DATA_CODING_CHARSET },
        { "smpp 3.4 table", DATA_CODING_CHARSET },
        { "general", DATA_CODING_GENERAL },
        { "message class", DATA_CODING_CLASS },
        { "reserved", DATA_CODING_RESERVED },
        { "message waiting", DATA_CODING_WAITING_UCS2 },
        { "message waiting, discard", DATA_CODING_WAITING_DISCARD },
        { "message waiting, store", DATA_CODING_WAITING_STORE },
        { "message waiting, store UCS2", DATA_CODING_WAITING_UCS2 },
    };
    FILE *f = vectors_open("data-coding.tsv");
    char line[1024], *c[6];
    int rows = 0;
    for (int n; (n = vectors_row(f, line, sizeof line, c, 6)) >= 0; rows++) {
        assert_int_equal(n, 6);
        struct data_coding d = data_coding_read((uint8_t)strtoul(c[0], NULL, 16), ALPHABET_GSM7);
        assert_int_equal(d.alphabet, expected_alphabet(c[1]));
        size_t g = 0;
        while (g < COUNT(groups) && strcmp(groups[g].name, c[2]) != 0)
            g++;
        assert_true(g < COUNT(groups));
        assert_int_equal(d.group, groups[g].group);
        /* 0 stands there for "none said" as well */
        if (c[3][0])
            assert_int_equal(d.message_class < 0 ? 0 : d.message_class, atoi(c[3]));
        assert_int_equal(d.compressed, atoi(c[4]));
    }
    fclose(f);
    assert_true(rows >= 23);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_encoded),
        cmocka_unit_test(octets_are_decoded_however_damaged),
        cmocka_unit_test(each_octet_of_an_alphabet_comes_back),
        cmocka_unit_test(the_alphabet_is_chosen),
        cmocka_unit_test(units_are_counted_as_they_are_encoded),
        cmocka_unit_test(decoding_noise_gives_utf8),
        cmocka_unit_test(septets_are_packed_and_unpacked),
        cmocka_unit_test(carriage_returns_fill_what_would_read_as_at),
        cmocka_unit_test(names_and_data_codings_go_both_ways),
        cmocka_unit_test(vectors_gsm7_table),
        cmocka_unit_test(vectors_encode),
        cmocka_unit_test(vectors_data_coding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
