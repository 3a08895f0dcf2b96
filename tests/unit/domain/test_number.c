/* Numbers as people write them. The vectors of libphonenumber's tests are read where they are there: every
 * case must hold, or be listed with the reason why not. */
#include "domain/number.h"
#include "support.h"

#include "base/random.h"

static struct numbering *plans;

static int setup(void **state)
{
    (void)state;
    plans = numbering_load(conf_path("numbering.tsv"), NULL);
    return plans ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    numbering_free(plans);
    return 0;
}

static void forms_that_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text, *region;
        uint64_t number;
    } cases[] = {
        /* international, no region needed */
        { "+44 7700 900123", "", 447700900123 },
        { "+447700900123", "US", 447700900123 },
        { "0044 7700 900123", "", 447700900123 },
        { "(+49) 151 123456-78", "", 4915112345678 },
        { "+44 (0)7700 900123", "", 447700900123 },
        { "+44 07700 900123", "", 447700900123 },
        { "tel:+44-7700-900123", "", 447700900123 },
        { "TEL:+44.7700.900123;ext=5", "", 447700900123 },
        { "\xef\xbc\x8b\xef\xbc\x94\xef\xbc\x94 7700 900123", "", 447700900123 }, /* full width */
        { "\xe2\x80\xaa+44\xc2\xa0"
          "7700\xe2\x80\x91"
          "900123\xe2\x80\xac",
          "", 447700900123 }, /* pasted from a page */
        { "++44 7700 900123", "", 447700900123 },
        { "  +44 7700 900123\t", "", 447700900123 },
        { "+39 06 698 1234", "", 39066981234 },       /* Italy keeps its 0 */
        { "+225 07 01 23 45 67", "", 2250701234567 }, /* and so does Ivory Coast */
        { "+36 06 30 123 4567", "", 36301234567 },
        { "+1 (201) 555-0123 ext. 5", "", 12015550123 },
        { "+44 7700 900123 x 12", "", 447700900123 },
        { "+44 7700 900123-12#", "", 447700900123 },
        /* national */
        { "07700 900123", "GB", 447700900123 },
        { "7700 900123", "GB", 447700900123 },
        { "447700900123", "GB", 447700900123 },
        { "0151 12345678", "DE", 4915112345678 },
        { "4915112345678", "DE", 4915112345678 },
        { "(201) 555-0123", "US", 12015550123 },
        { "1-201-555-0123", "US", 12015550123 },
        { "201 555 0123", "US-NJ", 12015550123 },
        { "011 44 7700 900123", "US", 447700900123 },
        { "8 (916) 123-45-67", "RU", 79161234567 },
        { "8 10 44 7700 900123", "RU", 447700900123 },
        { "89161234567", "RU", 79161234567 },
        { "79161234567", "RU", 79161234567 },
        { "06 30 123 4567", "HU", 36301234567 },
        { "312 345 6789", "IT", 393123456789 },
        { "393123456789", "IT", 393123456789 },
        { "393 123 4567", "IT", 393931234567 }, /* 393 is a mobile prefix, too */
        { "612 345 678", "ES", 34612345678 },
        { "9123456789", "IN", 919123456789 },
        { "919123456789", "IN", 919123456789 },
        { "09123456789", "IN", 919123456789 },
        { "55 99123-4567", "BR", 5555991234567 },
        { "5511961234567", "BR", 5511961234567 },
        { "6591234567", "SG", 6591234567 },
        { "9123 4567", "SG", 6591234567 },
        { "8 029 491-19-11", "BY", 375294911911 },
        { "0011 44 7700 900123", "AU", 447700900123 },
        { "010 44 7700 900123", "JP", 447700900123 },
        { "64(0)21 123 4567", "NZ", 64211234567 },
        { "49(0)30 12345", "DE", 493012345 },
        { "tel:07700900123;phone-context=+44", "", 447700900123 },
        { "tel:7700-900123;phone-context=example.com", "GB", 447700900123 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err e = { 0 };
        uint64_t number;
        bool ok = number_parse(plans, strv_from(cases[i].text), strv_from(cases[i].region), &number, &e);
        expect(ok && number == cases[i].number, "\"%s\" (%s): %s%s", cases[i].text, cases[i].region,
               number_format(number).s, e.text);
    }
}

static void what_is_wrong_is_said(void **state)
{
    (void)state;
    static const struct {
        const char *text, *region, *says;
    } cases[] = {
        { "", "GB", "no digits" },
        { "   ", "GB", "no digits" },
        { "+", "", "no digits" },
        { "hello", "GB", "unexpected character at column 1" },
        { "07700 9oo123", "GB", "unexpected character at column 8" },
        { "+44 77+00", "", "a \"+\" in the middle, at column 7" },
        { "07700 900123", "", "not in international form" },
        { "07700 900123", "ZZ", "not in international form" },
        { "07700 900123", "QQ", "no region \"QQ\"" },
        { "+210 3456 56789", "", "no country has this calling code" },
        { "+0", "", "no country has this calling code" },
        { "+44 7700", "", "too short for GB: 4 digits after +44 instead of 7 to 10" },
        { "+44 7700 9001234", "", "too long for GB: 11 digits after +44 instead of 7 to 10" },
        { "+1 201 555 012", "", "too short for US-NJ: 9 digits after +1 instead of 10" },
        { "+4477009001234567890", "", "too long: more than 15 digits" },
        { "+49 0030 123456", "", "a 0 too many after +49" },
        { "0044", "GB", "too short for GB: 0 digits" },
        { "00", "GB", "nothing after the international prefix" },
        { "011", "US", "nothing after the international prefix" },
        { "12345678901234567890123456789012345678901234567890", "GB", "too long" },
        { "\xff\xfe", "GB", "unexpected character at column 1" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err e = { 0 };
        uint64_t number = 7;
        bool ok = number_parse(plans, strv_from(cases[i].text), strv_from(cases[i].region), &number, &e);
        expect(!ok && strstr(e.text, cases[i].says), "\"%s\": %s", cases[i].text, e.text);
        assert_int_equal(e.code, strstr(e.text, "no region") ? ERR_NOT_FOUND : ERR_INVALID);
    }
    char big[NUMBER_MAX_INPUT + 2];
    uint64_t number;
    assert_false(number_parse(plans, (struct strv){ 0 }, (struct strv){ 0 }, &number, NULL));
    memset(big, ' ', sizeof big);
    assert_false(number_parse(plans, (struct strv){ big, sizeof big }, STRV("GB"), &number, NULL));
}

/* --- vectors --- */

static const struct {
    const char *text, *region, *reason;
    bool read_by_library; /* no exception where the build has libphonenumber */
} exceptions[] = {
    { "0800 DDA 005", "NZ", "letters for digits", false },
    { "0900 DDA 6005", "NZ", "letters for digits", false },
    { "0900 332 6005a", "NZ", "letters for digits", false },
    { "0900 332 600a5", "NZ", "letters for digits", false },
    { "0900 332 600A5", "NZ", "letters for digits", false },
    { "0900 a332 600A5", "NZ", "letters for digits", false },
    { "1800 six-flags", "US", "letters for digits", false },
    { "1800 SIX FLAGS", "US", "letters for digits", false },
    { "1800FLOWERS", "US", "letters for digits", false },
    { "0343 15 555 1212", "AR", "Argentina's mobile 15 is not rewritten to 9", true },
    { "03715 15 65 4320", "AR", "Argentina's mobile 15 is not rewritten to 9", true },
    { "011 15 2345-6789", "AR", "Argentina's mobile 15 is not rewritten to 9", true },
    { "(0xx) 1187654321", "AR", "x for a carrier to be chosen", false },
    { "011xx5481429712", "US", "x for a carrier to be chosen", false },
    { "0191-650-253-0000", "SG", "one operator's international prefix", true },
    { "(212)123-1234 x508/x1234", "US", "two extensions", false },
    { "(212)123-1234 x508/ x1234", "US", "two extensions", false },
    { "(212)123-1234 x508\\x1234", "US", "two extensions", false },
    { "tel:253-0000;phone-context=www.google.com", "US", "no possible length: the area code is missing",
      false },
    { "tel:253-0000;isub=12345;phone-context=www.google.com", "US",
      "no possible length: the area code is missing", false },
    { "tel:2530000;isub=12345;phone-context=1234.com", "US", "no possible length: the area code is missing",
      false },
    { "+81 *2345", "JP", "no possible length: a service number", false },
    { "12", "NZ", "no possible length", false },
    { "8123", "BY", "no possible length", false },
    { "40404", "US", "no possible length: a short code", false },
    { "0~0 1800 7493 5247", "PL", "no possible length", false },
    { "(1800) 7493.5247", "US", "no possible length", false },
    { "+4477009001234567890", "ZZ", "more than 15 digits are no E.164 number", false },
};

static const char *exception(const char *text, const char *region)
{
    for (size_t i = 0; i < COUNT(exceptions); i++) {
        if (strcmp(exceptions[i].text, text) == 0 && strcmp(exceptions[i].region, region) == 0 &&
            !(exceptions[i].read_by_library && number_has_library())) {
            return exceptions[i].reason;
        }
    }
    return NULL;
}

static void unescape(char *s)
{
    char *to = s;
    for (; *s; s++) {
        if (*s == '\\' && s[1]) {
            s++;
            *to++ = *s == 't' ? '\t' : *s == 'n' ? '\n' : *s;
        } else {
            *to++ = *s;
        }
    }
    *to = '\0';
}

static void vectors_of_libphonenumber(void **state)
{
    (void)state;
    FILE *f = open_vectors("msisdn-parse.tsv");
    char line[1000];
    unsigned count = 0, bad_international = 0, bad_national = 0, bad_errors = 0;
    while (fgets(line, sizeof line, f)) {
        struct strv rest = strv_from(line), field[3];
        if (line[0] == '#') {
            continue;
        }
        for (int i = 0; i < 3; i++) {
            assert_true(strv_next(&rest, '\t', &field[i]));
        }
        char text[400], region[8], want[40];
        strv_copy(field[0], text, sizeof text);
        strv_copy(field[1], region, sizeof region);
        strv_copy(field[2], want, sizeof want);
        unescape(text);
        struct err e = { 0 };
        uint64_t number;
        bool ok = number_parse(plans, strv_from(text), strv_from(region), &number, &e);
        bool good = want[0] == '+' ? ok && strcmp(number_format(number).s, want) == 0 : !ok;
        if (!good && !exception(text, region)) {
            unsigned *which = want[0] != '+'      ? &bad_errors
                              : strchr(text, '+') ? &bad_international
                                                  : &bad_national;
            ++*which;
            print_message("\"%s\" (%s): %s%s instead of %s\n", text, region, number_format(number).s, e.text,
                          want);
        }
        count++;
    }
    fclose(f);
    print_message("%u cases: %u international, %u national, %u errors differ\n", count, bad_international,
                  bad_national, bad_errors);
    assert_true(count > 190);
    assert_int_equal(bad_international, 0);
    assert_int_equal(bad_errors, 0);
    assert_int_equal(bad_national, 0);
}

/* Argentina's mobile: dialled with 15 behind the area, written with 9 before it. */
static void the_library_reads_what_the_plans_cannot(void **state)
{
    (void)state;
    static const struct {
        const char *text, *region;
        uint64_t number;
    } cases[] = {
        { "011 15 2345-6789", "AR", 5491123456789 },
        { "49 151 12345678", "DE", 4915112345678 }, /* valid behind area 4915, too */
        { "0343 15 555 1212", "AR", 5493435551212 },
        { "0191-650-253-0000", "SG", 16502530000 },
        { "07700 900123", "GB", 447700900123 }, /* not valid, only possible: read here */
        { "650 253 0000", "US-CA", 16502530000 },
    };
    uint64_t berlin, want = number_has_library() ? 493012345 : 49493012345;
    assert_true(number_parse(plans, STRV("4930 12345"), STRV("DE"), &berlin, NULL));
    assert_int_equal(berlin, want); /* without the (0) it may be an area 4930: the library knows of none */
    for (size_t i = 0; number_has_library() && i < COUNT(cases); i++) {
        uint64_t number;
        struct err e = { 0 };
        bool ok = number_parse(plans, strv_from(cases[i].text), strv_from(cases[i].region), &number, &e);
        expect(ok && number == cases[i].number, "\"%s\": %s%s", cases[i].text, number_format(number).s,
               e.text);
    }
}

/* --- properties --- */

/* What is written is read back, whatever the default region. */
static void format_then_parse_is_the_number(void **state)
{
    (void)state;
    static const char *const regions[] = { "", "GB", "US", "IT", "RU", "HU", "ZZ" };
    struct rnd r;
    rnd_seed(&r, 3);
    unsigned good = 0;
    for (int i = 0; i < 50000; i++) {
        uint64_t number, again, n = rnd_below(&r, 1000000000000000);
        char text[24];
        snprintf(text, sizeof text, "+%llu", (unsigned long long)n);
        if (!number_parse(plans, strv_from(text), STRV(""), &number, NULL)) {
            continue;
        }
        good++;
        struct strv region = strv_from(regions[rnd_below(&r, COUNT(regions))]);
        assert_true(number_parse(plans, strv_from(number_format(number).s), region, &again, NULL));
        assert_true(again == number);
        assert_true(number_parse_digits(strv_from(number_format(number).s), &again) && again == number);
        assert_in_range(number_digits(number), 4, NUMBER_MAX_DIGITS);
    }
    assert_true(good > 10000);
}

/* Given a number of "+" and digits, which has a short way, then it is read and refused as with a space in it.
 */
static void the_short_way_gives_the_same(void **state)
{
    (void)state;
    struct rnd r;
    rnd_seed(&r, 42);
    unsigned read = 0;
    for (unsigned i = 0; i < 200000; i++) {
        char plain[32], spaced[32];
        unsigned digits = 3 + (unsigned)rnd_below(&r, 16);
        plain[0] = '+';
        for (unsigned k = 1; k <= digits; k++) {
            plain[k] = (char)('0' + rnd_below(&r, 10));
        }
        plain[digits + 1] = '\0';
        snprintf(spaced, sizeof spaced, "+ %.18s", plain + 1);
        uint64_t a = 1, b = 2;
        struct err ea = { 0 }, eb = { 0 };
        bool x = number_parse(plans, strv_from(plain), STRV("GB"), &a, &ea);
        bool y = number_parse(plans, strv_from(spaced), STRV("GB"), &b, &eb);
        if (x != y || a != b || strcmp(ea.text, eb.text) != 0) {
            fail_msg("%s: %d %llu \"%s\", with a space %d %llu \"%s\"", plain, x, (unsigned long long)a,
                     ea.text, y, (unsigned long long)b, eb.text);
        }
        read += x;
    }
    assert_true(read > 10000);
}

static void any_text_is_survived(void **state)
{
    (void)state;
    static const char alphabet[] = "+00112344567890  ()-x#;,tel:phone-context=\xef\xbc\x8b\xd9\xa0\xff";
    struct rnd r;
    rnd_seed(&r, 9);
    for (int i = 0; i < 100000; i++) {
        size_t n = rnd_below(&r, 40);
        char *text = malloc(n + 1); /* exact, so that the sanitizer sees a step outside */
        for (size_t k = 0; k < n; k++) {
            text[k] = alphabet[rnd_below(&r, sizeof alphabet - 1)];
        }
        text = realloc(text, n ? n : 1);
        uint64_t number;
        struct err e = { 0 };
        bool ok = number_parse(plans, (struct strv){ text, n }, i % 2 ? STRV("GB") : STRV("US"), &number, &e);
        assert_true(ok ? number_digits(number) <= NUMBER_MAX_DIGITS : e.code != ERR_NONE);
        free(text);
    }
}

static void writing(void **state)
{
    (void)state;
    uint64_t n = 1;
    assert_string_equal(number_format(447700900123).s, "+447700900123");
    assert_string_equal(number_format(0).s, "");
    assert_string_equal(number_mask(447700900123).s, "+4477009*****");
    assert_string_equal(number_mask(12345).s, "+*****");
    assert_string_equal(number_mask(123456).s, "+1*****");
    assert_string_equal(number_mask(1).s, "+*");
    assert_string_equal(number_mask(0).s, "");
    assert_int_equal(number_digits(0), 0);
    assert_int_equal(number_digits(999999999999999), 15);
    assert_true(number_parse_digits(STRV("+447700900123"), &n) && n == 447700900123);
    assert_true(number_parse_digits(STRV("447700900123"), &n) && n == 447700900123);
    static const char *const bad[] = { "", "+", "044", "44 77", "++44", "1234567890123456", "44x" };
    for (size_t i = 0; i < COUNT(bad); i++) {
        expect(!number_parse_digits(strv_from(bad[i]), &n), "\"%s\"", bad[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms_that_are_read),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(vectors_of_libphonenumber),
        cmocka_unit_test(format_then_parse_is_the_number),
        cmocka_unit_test(the_short_way_gives_the_same),
        cmocka_unit_test(any_text_is_survived),
        cmocka_unit_test(writing),
        cmocka_unit_test(the_library_reads_what_the_plans_cannot),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
