#include "support.h"

#include "base/random.h"
#include "base/utf8.h"
#include "smpp/alphabet.h"
#include "smpp/parts.h"

#define UDHI 0x40

static void messages_are_read(void **state)
{
    (void)state;
    static const struct {
        uint8_t data_coding, esm_class;
        bool packed;
        const char *hex, *text;
        enum alphabet alphabet;
        unsigned single, locking, bits, total, seq;
    } cases[] = {
        { 0, 0, false, "", "", ALPHABET_GSM7, 0, 0, 0, 0, 0 },
        { 0, 0, false, "611b65", "a€", ALPHABET_GSM7, 0, 0, 0, 0, 0 },
        { 8, 0, false, "0436d83dde1c", "ж😜", ALPHABET_UCS2, 0, 0, 0, 0, 0 },
        { 8, UDHI, false, "0500032a02010436", "ж", ALPHABET_UCS2, 0, 0, 8, 2, 1 },
        { 0, UDHI, false,
          "03240101"
          "1b691b47",
          "ıĞ", ALPHABET_GSM7, 1, 0, 0, 0, 0 },
        { 0, UDHI, false,
          "03250101"
          "070b",
          "ıĞ", ALPHABET_GSM7, 0, 1, 0, 0, 0 },
        { 0xf1, UDHI, false,
          "0625010d24010d"
          "68656c6c6f20071b2a",
          "hello ت؎", ALPHABET_GSM7, 13, 13, 0, 0, 0 },
        { 0, UDHI, false,
          "0b00032a0302250106240106"
          "011b24",
          "ं८", ALPHABET_GSM7, 6, 6, 8, 3, 2 },
        { 0, UDHI, false, "0608040001020207", "ì", ALPHABET_GSM7, 0, 0, 16, 2, 2 },
        { 0, UDHI, false,
          "03250163"
          "0b",
          "Ø", ALPHABET_GSM7, 0, 99, 0, 0, 0 },                         /* a language not known */
        { 0, UDHI, false, "0961", "Ça", ALPHABET_GSM7, 0, 0, 0, 0, 0 }, /* no such header: all is text */
        { 0, 0, true, "e8329bfd06", "hello", ALPHABET_GSM7, 0, 0, 0, 0, 0 },
        { 0, 0, true, "31d98c56b3dd1a", "1234567", ALPHABET_GSM7, 0, 0, 0, 0, 0 }, /* CR in the spare bits */
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct octets in = octets_from_hex(strv_from(cases[i].hex));
        struct buf out = { 0 };
        struct alphabet_message m;
        struct alphabet_reading how = { ALPHABET_GSM7, cases[i].packed };
        assert_true(alphabet_decode_message(cases[i].data_coding, cases[i].esm_class, octets_view(in), &how,
                                            &out, &m));
        assert_octets(cases[i].hex, buf_view(&out), strv_from(cases[i].text));
        assert_int_equal(m.coding.alphabet, cases[i].alphabet);
        assert_int_equal(m.shift.single, cases[i].single);
        assert_int_equal(m.shift.locking, cases[i].locking);
        assert_int_equal(m.udh.concat_bits, cases[i].bits);
        assert_int_equal(m.udh.concat_total, cases[i].total);
        assert_int_equal(m.udh.concat_seq, cases[i].seq);
        buf_free(&out);
        free(in.p);
    }
}

static void the_carriers_default_is_what_it_says_unless_tables_are_named(void **state)
{
    (void)state;
    struct alphabet_reading how = { .smsc_default = ALPHABET_LATIN1 };
    struct alphabet_message m;
    struct buf out = { 0 };
    assert_true(alphabet_decode_message(0, 0, STRV("\xe9"), &how, &out, &m));
    assert_octets("latin1", buf_view(&out), STRV("é"));
    assert_int_equal(m.coding.alphabet, ALPHABET_LATIN1);
    buf_clear(&out);
    assert_true(alphabet_decode_message(0, UDHI, STRV("\x03\x25\x01\x01\x07"), &how, &out, &m));
    assert_octets("turkish", buf_view(&out), STRV("ı"));
    assert_int_equal(m.coding.alphabet, ALPHABET_GSM7);
    buf_clear(&out);
    /* in other alphabets they mean nothing */
    assert_true(alphabet_decode_message(8, UDHI, STRV("\x03\x25\x01\x01\x04\x36"), &how, &out, &m));
    assert_octets("ucs2", buf_view(&out), STRV("ж"));
    assert_int_equal(m.shift.locking, 0);
    buf_free(&out);
}

static void noise_gives_utf8(void **state)
{
    (void)state;
    struct rnd r;
    rnd_seed(&r, 31);
    for (int round = 0; round < 20000; round++) {
        uint8_t noise[40];
        size_t n = rnd_below(&r, sizeof noise);
        for (size_t i = 0; i < n; i++)
            noise[i] = (uint8_t)(i < 8 && rnd_below(&r, 2) ? rnd_below(&r, 0x28) : rnd_u64(&r));
        struct octets o = octets_copy(noise, n);
        struct buf out = { 0 };
        struct alphabet_message m;
        struct alphabet_reading how = { (enum alphabet)rnd_below(&r, ALPHABET_UNKNOWN), rnd_below(&r, 2) };
        assert_true(alphabet_decode_message((uint8_t)rnd_u64(&r), (uint8_t)rnd_u64(&r), octets_view(o), &how,
                                            &out, &m));
        assert_true(utf8_valid(buf_view(&out)));
        buf_free(&out);
        free(o.p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_read),
        cmocka_unit_test(the_carriers_default_is_what_it_says_unless_tables_are_named),
        cmocka_unit_test(noise_gives_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
