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
        assert_ptr_equal(smpp_tlv_info(NULL, row->tag), row);
        other = smpp_tlv_by_name(NULL, strv_from(row->name));
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
        const struct smpp_tlv_info *row = smpp_tlv_info(NULL, cases[i].tag);
        assert_non_null(row);
        assert_string_equal(row->name, cases[i].name);
        assert_int_equal(row->type, cases[i].type);
    }
    assert_null(smpp_tlv_info(NULL, 0x1400));
    assert_null(smpp_tlv_by_name(NULL, STRV("no_such")));
}

static void vendor_tlvs_are_found_by_tag_and_name(void **state)
{
    (void)state;
    /* given a table of the caller with room for two */
    struct smpp_tlv_info rows[2];
    struct smpp_tlv_vendor v = { rows, 0, 2 };
    struct smpp_tlv_info entity = { 0x1400, SMPP_TLV_TYPE_CSTR, 0, 1, 30, "dlt_entity_id" };
    struct smpp_tlv_info template = { 0x1401, SMPP_TLV_TYPE_CSTR, 0, 1, 30, "dlt_template_id" };
    struct smpp_tlv_info third = { 0x1402, SMPP_TLV_TYPE_CSTR, 0, 1, 30, "third" };
    struct smpp_tlv_info taken = { 0x001e, SMPP_TLV_TYPE_CSTR, 0, 1, 30, "mine" };
    struct smpp_tlv_info same_name = { 0x1499, SMPP_TLV_TYPE_CSTR, 0, 1, 30, "dlt_entity_id" };
    struct smpp_tlv_info backwards = { 0x1498, SMPP_TLV_TYPE_CSTR, 0, 9, 3, "backwards" };
    /* when they are registered, then a taken tag or name and bad bounds are refused, and so is a full table
     */
    assert_true(smpp_tlv_register(&v, &entity));
    assert_false(smpp_tlv_register(&v, &taken));
    assert_false(smpp_tlv_register(&v, &same_name));
    assert_false(smpp_tlv_register(&v, &backwards));
    assert_true(smpp_tlv_register(&v, &template));
    assert_false(smpp_tlv_register(&v, &third));
    assert_string_equal(smpp_tlv_info(&v, 0x1401)->name, "dlt_template_id");
    assert_int_equal(smpp_tlv_by_name(&v, STRV("dlt_entity_id"))->tag, 0x1400);
    assert_int_equal(smpp_tlv_by_name(&v, STRV("message_state"))->tag, 0x0427);
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
        assert_int_equal(smpp_tlv_size_ok(smpp_tlv_info(NULL, cases[i].tag), cases[i].n), cases[i].ok);
}

static void type_names_go_both_ways(void **state)
{
    (void)state;
    for (int t = SMPP_TLV_TYPE_UINT; t <= SMPP_TLV_TYPE_FLAG; t++) {
        enum smpp_tlv_type back;
        assert_true(smpp_tlv_type_parse(strv_from(smpp_tlv_type_name((enum smpp_tlv_type)t)), &back));
        assert_int_equal(back, t);
    }
    enum smpp_tlv_type none;
    assert_false(smpp_tlv_type_parse(STRV("float"), &none));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_ascending_with_unique_names),
        cmocka_unit_test(tags_are_those_of_the_specification),
        cmocka_unit_test(vendor_tlvs_are_found_by_tag_and_name),
        cmocka_unit_test(sizes_are_held_to_the_row),
        cmocka_unit_test(type_names_go_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
