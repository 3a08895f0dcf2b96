#include "support.h"

#include "smpp/tlv.h"

static void rows_are_ascending_with_unique_names(void **state)
{
    (void)state;
    const struct smpp_tlv_info *row, *other;
    size_t n = 0;
    for (; (row = smpp_tlv_at(n)) != NULL; n++) {
        assert_true(n == 0 || smpp_tlv_at(n - 1)->tag < row->tag); /* the search is binary */
        assert_true(row->min <= row->max);
        assert_ptr_equal(smpp_tlv_info(row->tag), row);
        other = smpp_tlv_by_name(strv_from(row->name));
        assert_ptr_equal(other, row);
    }
    assert_int_equal(n, 64);
}

static void tags_are_those_of_the_specification(void **state)
{
    (void)state;
    static const struct {
        uint16_t tag;
        const char *name;
        enum smpp_tlv_type type;
    } cases[] = {
        { 0x001e, "receipted_message_id", SMPP_TLV_TYPE_CSTR },
        { 0x0423, "network_error_code", SMPP_TLV_TYPE_OCTETS },
        { 0x0424, "message_payload", SMPP_TLV_TYPE_OCTETS },
        { 0x0427, "message_state", SMPP_TLV_TYPE_UINT },
        { 0x020c, "sar_msg_ref_num", SMPP_TLV_TYPE_UINT },
        { 0x1383, "its_session_info", SMPP_TLV_TYPE_OCTETS },
        { 0x0606, "broadcast_area_identifier", SMPP_TLV_TYPE_OCTETS },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct smpp_tlv_info *row = smpp_tlv_info(cases[i].tag);
        assert_non_null(row);
        assert_string_equal(row->name, cases[i].name);
        assert_int_equal(row->type, cases[i].type);
    }
    assert_null(smpp_tlv_info(0x1400));
    assert_null(smpp_tlv_by_name(STRV("no_such")));
}

static void sizes_are_held_to_the_row(void **state)
{
    (void)state;
    static const struct {
        uint16_t tag;
        size_t n;
        bool ok;
    } cases[] = {
        { 0x0427, 1, true },   { 0x0427, 0, false }, { 0x0427, 2, false },    { 0x001e, 65, true },
        { 0x001e, 66, false }, { 0x0423, 3, true },  { 0x0423, 2, false },    { 0x0424, 0, true },
        { 0x0008, 1, true },   { 0x0008, 2, true },  { 0x0424, 65535, true }, { 0x130c, 0, true },
        { 0x1204, 4, true },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(smpp_tlv_size_ok(smpp_tlv_info(cases[i].tag), cases[i].n), cases[i].ok);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_ascending_with_unique_names),
        cmocka_unit_test(tags_are_those_of_the_specification),
        cmocka_unit_test(sizes_are_held_to_the_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
