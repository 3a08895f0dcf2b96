#include "support.h"

#include "smpp/status.h"

static void rows_are_ascending_and_complete(void **state)
{
    (void)state;
    uint32_t status, before = 0;
    size_t n = 0;
    for (; smpp_status_at(n, &status); n++) {
        assert_true(n == 0 || status > before); /* the search is binary */
        before = status;
        assert_non_null(smpp_status_name(status));
        assert_true(strlen(smpp_status_text(status)) > 3);
        assert_memory_equal(smpp_status_name(status), "ESME_R", 6);
    }
    assert_int_equal(n, 67); /* 48 of 3.4 Table 5-2, 19 more of 5.0 Table 4-45 */
}

static void each_status_has_the_class_a_sender_needs(void **state)
{
    (void)state;
    static const struct {
        uint32_t status;
        enum smpp_status_class class;
    } cases[] = {
        { 0x00, SMPP_CLASS_OK },         { 0x58, SMPP_CLASS_THROTTLED },
        { 0x14, SMPP_CLASS_THROTTLED },  { 0x08, SMPP_CLASS_TEMPORARY },
        { 0x64, SMPP_CLASS_TEMPORARY },  { 0x0b, SMPP_CLASS_PERMANENT },
        { 0x65, SMPP_CLASS_PERMANENT },  { 0x04, SMPP_CLASS_BIND_FAULT },
        { 0x0e, SMPP_CLASS_BIND_FAULT }, { 0x112, SMPP_CLASS_PERMANENT },
        { 0x401, SMPP_CLASS_PERMANENT }, { 0xffffffff, SMPP_CLASS_PERMANENT },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(smpp_status_class(cases[i].status), cases[i].class);
}

static void unknown_statuses_have_a_sentence_but_no_name(void **state)
{
    (void)state;
    assert_null(smpp_status_name(0x09));
    assert_null(smpp_status_name(0x400));
    assert_string_equal(smpp_status_text(0x400), "a status of the carrier's own");
    assert_string_equal(smpp_status_text(0x09), "an unassigned status");
}

static void statuses_are_read_from_configuration(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool ok;
        uint32_t status;
    } cases[] = {
        { "ESME_RTHROTTLED", true, 0x58 },
        { "rthrottled", true, 0x58 },
        { "0x58", true, 0x58 },
        { "88", true, 0x58 },
        { "0xffffffff", true, UINT32_MAX },
        { "0X0B", true, 0x0b },
        { "4294967296", false, 0 },
        { "0x", false, 0 },
        { "0x123456789", false, 0 },
        { "0xfg", false, 0 },
        { "THROTTLE", false, 0 },
        { "", false, 0 },
        { "-1", false, 0 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint32_t status = 0;
        assert_int_equal(smpp_status_parse(strv_from(cases[i].text), &status), cases[i].ok);
        assert_int_equal(status, cases[i].status);
    }
}

static void class_names_go_both_ways(void **state)
{
    (void)state;
    for (int c = SMPP_CLASS_OK; c <= SMPP_CLASS_BIND_FAULT; c++) {
        enum smpp_status_class back;
        assert_true(
            smpp_status_class_parse(strv_from(smpp_status_class_name((enum smpp_status_class)c)), &back));
        assert_int_equal(back, c);
    }
    enum smpp_status_class none;
    assert_false(smpp_status_class_parse(STRV("sometimes"), &none));
}

static void message_states_have_names_and_receipt_words(void **state)
{
    (void)state;
    static const struct {
        unsigned state;
        const char *name, *word;
        bool final;
    } cases[] = {
        { 1, "enroute", "ENROUTE", false },      { 2, "delivered", "DELIVRD", true },
        { 3, "expired", "EXPIRED", true },       { 4, "deleted", "DELETED", true },
        { 5, "undeliverable", "UNDELIV", true }, { 6, "accepted", "ACCEPTD", false },
        { 7, "unknown", "UNKNOWN", true },       { 8, "rejected", "REJECTD", true },
        { 9, "skipped", "SKIPPED", true },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_string_equal(smpp_state_name(cases[i].state), cases[i].name);
        assert_string_equal(smpp_state_word(cases[i].state), cases[i].word);
        assert_int_equal(smpp_state_from_word(strv_from(cases[i].word)), cases[i].state);
        assert_int_equal(smpp_state_is_final(cases[i].state), cases[i].final);
    }
    assert_int_equal(smpp_state_from_word(STRV("delivrd")), 2);
    assert_int_equal(smpp_state_from_word(STRV("DELIVERED")), 0);
    assert_null(smpp_state_name(0));
    assert_null(smpp_state_word(10));
    assert_false(smpp_state_is_final(0));
    assert_false(smpp_state_is_final(255));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_ascending_and_complete),
        cmocka_unit_test(each_status_has_the_class_a_sender_needs),
        cmocka_unit_test(unknown_statuses_have_a_sentence_but_no_name),
        cmocka_unit_test(statuses_are_read_from_configuration),
        cmocka_unit_test(class_names_go_both_ways),
        cmocka_unit_test(message_states_have_names_and_receipt_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
