/* Sender addresses and their types on the wire. */
#include "domain/sender.h"
#include "support.h"

static void senders_and_their_types(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum sender_kind kind;
        unsigned ton, npi;
        const char *address;
    } cases[] = {
        { "TESSERA", SENDER_ALPHANUMERIC, 5, 0, "TESSERA" },
        { " My Shop 24 ", SENDER_ALPHANUMERIC, 5, 0, "My Shop 24" },
        { "A-Z &Co.@$_", SENDER_ALPHANUMERIC, 5, 0, "A-Z &Co.@$_" },
        { "1800 TEST", SENDER_ALPHANUMERIC, 5, 0, "1800 TEST" },
        { "+447700900123", SENDER_INTERNATIONAL, 1, 1, "447700900123" },
        { "+44 7700 900-123", SENDER_INTERNATIONAL, 1, 1, "447700900123" },
        { "447700900123", SENDER_INTERNATIONAL, 1, 1, "447700900123" },
        { "+2908123", SENDER_INTERNATIONAL, 1, 1, "2908123" },
        { "123456789012345", SENDER_INTERNATIONAL, 1, 1, "123456789012345" },
        { "123456789", SENDER_INTERNATIONAL, 1, 1, "123456789" },
        { "80080", SENDER_SHORT_CODE, 3, 0, "80080" },
        { "123", SENDER_SHORT_CODE, 3, 0, "123" },
        { "12345678", SENDER_SHORT_CODE, 3, 0, "12345678" },
        { "01234", SENDER_SHORT_CODE, 3, 0, "01234" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct sender s;
        struct err e = { 0 };
        expect(sender_parse(strv_from(cases[i].text), NULL, &s, &e), "\"%s\": %s", cases[i].text, e.text);
        expect(s.kind == cases[i].kind && s.ton == cases[i].ton && s.npi == cases[i].npi, "\"%s\": %s",
               cases[i].text, sender_kind_name(s.kind));
        assert_string_equal(s.address, cases[i].address);
    }
    struct sender s;
    assert_false(sender_parse((struct strv){ 0 }, NULL, &s, NULL));
    const struct sender_options o = { .short_ton = 0, .short_npi = 1 };
    assert_true(sender_parse(STRV("80080"), &o, &s, NULL));
    assert_int_equal(s.ton, 0);
    assert_int_equal(s.npi, 1);
}

static void senders_that_are_not(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        { "", "empty" },
        { "   ", "empty" },
        { "TESSERAHOUSE", "more than 11 characters" },
        { "Caf\xc3\xa9", "at octet 4" },
        { "a[b]", "at octet 2" },
        { "a\tb", "at octet 2" },
        { "a|b", "at octet 2" },
        { "12", "2 digits" },
        { "+12345", "5 digits" },
        { "1234567890123456", "16 digits" },
        { "+", "neither a number nor" },
        { "...", "neither a number nor" },
        { "44 7700", "neither a number nor" },
        { "07700900123", "with its country code" },
        { "+07700900123", "with its country code" },
        { "123456789012345678901234567890", "more than 11" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct sender s;
        struct err e = { 0 };
        expect(!sender_parse(strv_from(cases[i].text), NULL, &s, &e) && strstr(e.text, cases[i].says),
               "\"%s\": %s", cases[i].text, e.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(senders_and_their_types),
        cmocka_unit_test(senders_that_are_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
