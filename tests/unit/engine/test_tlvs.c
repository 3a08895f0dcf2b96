/* TLVs by name: what is declared, what a value must be, what goes with a part. */
#include "engine/tlvs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct tlv_options INDIA[] = {
    { .name = "dlt_entity_id", .type = "cstring", .tag = 0x1400, .max = 30 },
    { .name = "dlt_template_id", .type = "cstring", .tag = 0x1401, .max = 30, .value = "1107" },
    { .name = "dlt_kind", .type = "int8", .tag = 0x1402 },
    { .name = "raw", .type = "octets", .tag = 0x2000, .max = 4 },
    { .name = "plain", .type = "string", .tag = 0x2001, .max = 4 },
    { .name = "urgent", .type = "flag", .tag = 0x3fff },
};

static struct strv view(const struct buf *b)
{
    return (struct strv){ (const char *)b->data, b->len };
}

static void values_are_checked_and_written(void **state)
{
    static const struct {
        const char *name, *value, *hex, *error;
    } rows[] = {
        { "dlt_entity_id", "110",
          "1400"
          "0004"
          "31313000",
          "" },
        { "dlt_entity_id", "12345678901234567890123456789", NULL, "" },
        { "dlt_entity_id", "123456789012345678901234567890", NULL, "has 30 octets; 0 to 29 are possible" },
        { "dlt_kind", "255",
          "1402"
          "0001"
          "ff",
          "" },
        { "dlt_kind", "256", NULL, "a whole number from 0 to 255" },
        { "dlt_kind", "-1", NULL, "a whole number" },
        { "dlt_kind", "", NULL, "a whole number" },
        { "raw", "00fF",
          "2000"
          "0002"
          "00ff",
          "" },
        { "raw", "0", NULL, "hexadecimal" },
        { "raw", "0011223344", NULL, "0 to 4 octets" },
        { "plain", "abcd",
          "2001"
          "0004"
          "61626364",
          "" },
        { "urgent", "true",
          "3fff"
          "0000",
          "" },
        { "urgent", "yes", NULL, "has no value" },
        { "source_port", "8080",
          "020a"
          "0002"
          "1f90",
          "" }, /* the standard's */
        { "user_message_reference", "70000", NULL, "from 0 to 65535" },
        { "ms_validity", "03",
          "1204"
          "0001"
          "03",
          "" },
        { "alert_on_message_delivery", "",
          "130c"
          "0000",
          "" },
        { "message_payload", "00", NULL, "written by Tessera itself" },
        { "sar_msg_ref_num", "1", NULL, "written by Tessera itself" },
        { "dlt_entitiy_id", "1", NULL, "did you mean \"dlt_entity_id\"?" },
        { "sorce_port", "1", NULL, "did you mean \"source_port\"?" },
        { "zzz", "1", NULL, "declare it in tesserad.conf" },
    };
    (void)state;
    struct err e = { 0 };
    struct tlvs *t = tlvs_new(INDIA, 6, &e);
    assert_non_null(t);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf list = { 0 };
        struct err why = { 0 };
        char hex[200] = "";
        bool ok = tlvs_put(t, strv_from(rows[i].name), strv_from(rows[i].value), &list, &why);
        if (ok != (rows[i].error[0] == 0) || strstr(why.text, rows[i].error) == NULL) {
            fail_msg("%s=%s: %s", rows[i].name, rows[i].value, why.text);
        }
        if (rows[i].hex != NULL) {
            hex_encode(list.data, list.len, hex);
            assert_string_equal(hex, rows[i].hex);
        }
        assert_true(ok || list.len == 0);
        buf_free(&list);
    }
    tlvs_free(t);
}

static void declarations_are_checked(void **state)
{
    static const struct {
        struct tlv_options o[2];
        const char *error;
    } rows[] = {
        { { { .name = "a", .type = "int8", .tag = 0x1400 }, { .name = "b", .type = "int8", .tag = 0x1400 } },
          "already" },
        { { { .name = "a", .type = "int8", .tag = 0x1400 }, { .name = "a", .type = "int8", .tag = 0x1401 } },
          "already" },
        { { { .name = "source_port", .type = "int16", .tag = 0x1400 } }, "needs no declaration" },
        { { { .name = "mine", .type = "octets", .tag = 0x0424 } }, "is the standard's message_payload" },
        { { { .name = "mine", .type = "octets", .tag = 0 } }, "vendors have 0x1400 to 0x3FFF" },
        { { { .name = "a", .type = "float", .tag = 0x1400 } }, "is no type" },
        { { { .name = "a", .type = "int8", .tag = 0x1400, .value = "x" } }, "must be a whole number" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct err e = { 0 };
        assert_null(tlvs_new(rows[i].o, rows[i].o[1].name[0] != 0 ? 2 : 1, &e));
        assert_non_null(strstr(e.text, rows[i].error));
    }
}

static void a_carriers_own_tags_are_checked(void **state)
{
    static const struct {
        struct tlv_options o[2];
        const char *error;
    } rows[] = {
        { { { .name = "raw", .tag = 0x0424 } }, "is written by Tessera itself" },
        { { { .name = "raw", .tag = 0x020c } }, "is written by Tessera itself" },
        { { { .name = "raw", .tag = 0x2400 }, { .name = "plain", .tag = 0x2400 } },
          "that name or tag already" },
        { { { .name = "raw", .tag = 0x2400 }, { .name = "raw", .tag = 0x2401 } },
          "that name or tag already" },
    };
    (void)state;
    struct err e = { 0 };
    struct tlvs *t = tlvs_new(INDIA, 6, &e);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct carrier_options c = { .n_tlvs = rows[i].o[1].name[0] != 0 ? 2 : 1 };
        struct tlvs_carrier carrier = { .n_tags = 0 };
        memcpy(c.tlvs, rows[i].o, sizeof rows[i].o);
        e = (struct err){ 0 };
        assert_false(tlvs_carrier_set(t, &c, &carrier, &e));
        assert_non_null(strstr(e.text, rows[i].error));
    }
    tlvs_free(t);
}

static void a_list_is_bounded_and_names_each_once(void **state)
{
    (void)state;
    struct err e = { 0 };
    struct tlv_options o[4] = { { .name = "a", .type = "string", .tag = 0x1400 },
                                { .name = "b", .type = "string", .tag = 0x1401 },
                                { .name = "c", .type = "string", .tag = 0x1402 } };
    char text[256] = "";
    struct tlvs *t = tlvs_new(o, 3, &e);
    struct buf list = { 0 };
    memset(text, 'x', 250);
    assert_true(tlvs_put(t, STRV("a"), strv_from(text), &list, &e));
    assert_false(tlvs_put(t, STRV("a"), STRV("1"), &list, &e));
    assert_non_null(strstr(e.text, "given twice"));
    assert_true(tlvs_put(t, STRV("b"), strv_from(text), &list, &e));
    size_t before = list.len;
    assert_false(tlvs_put(t, STRV("c"), strv_from(text), &list, &e));
    assert_int_equal(list.len, before);
    buf_free(&list);
    tlvs_free(t);
}

/* The message's own, then its campaign's, then its carrier's, then all carriers'; under the carrier's tags.
 */
static void the_nearest_value_goes(void **state)
{
    (void)state;
    struct err e = { 0 };
    struct tlvs *t = tlvs_new(INDIA, 6, &e);
    struct carrier_options c = { .tlvs = { { .name = "dlt_entity_id", .value = "carrier", .tag = 0x2400 },
                                           { .name = "dlt_kind", .value = "7" } },
                                 .n_tlvs = 2 };
    struct tlvs_carrier carrier = { .n_tags = 0 };
    struct buf message = { 0 }, campaign = { 0 };
    struct smpp_tlv out[8];
    assert_true(tlvs_carrier_set(t, &c, &carrier, &e));
    assert_true(tlvs_put(t, STRV("dlt_kind"), STRV("1"), &campaign, &e));
    assert_true(tlvs_put(t, STRV("source_port"), STRV("5"), &campaign, &e));
    assert_true(tlvs_put(t, STRV("source_port"), STRV("6"), &message, &e));
    assert_int_equal(tlvs_merge(&carrier, view(&message), view(&campaign), out, 8), 4);
    assert_int_equal(out[0].tag, SMPP_TLV_source_port);
    assert_memory_equal(out[0].value.p, "\0\6", 2);
    assert_int_equal(out[1].tag, 0x1402);
    assert_memory_equal(out[1].value.p, "\1", 1);
    assert_int_equal(out[2].tag, 0x2400); /* its own tag */
    assert_memory_equal(out[2].value.p, "carrier", 8);
    assert_int_equal(out[3].tag, 0x1401);
    assert_memory_equal(out[3].value.p, "1107", 5);
    assert_int_equal(tlvs_merge(&carrier, view(&message), view(&campaign), out, 2), 2);
    struct carrier_options wrong = { .tlvs = { { .name = "dlt_kind", .value = "300" } }, .n_tlvs = 1 };
    assert_false(tlvs_carrier_set(t, &wrong, &carrier, &e));
    assert_int_equal(tlvs_merge(&carrier, view(&message), view(&campaign), out, 8), 4); /* as before */
    buf_free(&message);
    buf_free(&campaign);
    tlvs_carrier_free(&carrier);
    tlvs_free(t);
}

static void they_are_shown_by_name_or_tag(void **state)
{
    static const struct {
        uint16_t tag;
        struct strv value;
        const char *name, *text;
        int kind;
        uint32_t number;
    } rows[] = {
        { 0x1400, STRV("1101\0"), "dlt_entity_id", "1101", TLV_SHOWN_TEXT, 0 },
        { 0x1400, STRV("1101"), "dlt_entity_id", "1101", TLV_SHOWN_TEXT, 0 },
        { 0x1400, STRV("\xff\0"), "dlt_entity_id", "ff00", TLV_SHOWN_TEXT, 0 },
        { 0x1402, STRV("\x07"), "dlt_kind", "", TLV_SHOWN_NUMBER, 7 },
        { 0x1402, STRV("\x01\x00"), "dlt_kind", "", TLV_SHOWN_NUMBER, 256 }, /* wider than declared */
        { 0x2000, STRV("ab"), "raw", "6162", TLV_SHOWN_TEXT, 0 },
        { 0x1405, STRV("ab"), "0x1405", "6162", TLV_SHOWN_TEXT, 0 },
        { 0x3fff, STRV(""), "urgent", "", TLV_SHOWN_FLAG, 0 },
        { 0x020a, STRV("\x1f\x90"), "source_port", "", TLV_SHOWN_NUMBER, 8080 },
    };
    (void)state;
    struct err e = { 0 };
    struct tlvs *t = tlvs_new(INDIA, 6, &e);
    struct buf scratch = { 0 };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct smpp_tlv tlv = { rows[i].tag, rows[i].value };
        struct tlv_shown s;
        tlvs_show(t, &tlv, &s, &scratch);
        assert_string_equal(s.name, rows[i].name);
        assert_int_equal(s.kind, rows[i].kind);
        assert_int_equal(s.number, rows[i].number);
        assert_true(s.kind != TLV_SHOWN_TEXT || strv_eq_c(s.text, rows[i].text));
    }
    buf_free(&scratch);
    tlvs_free(t);
}

static void a_damaged_list_ends(void **state)
{
    (void)state;
    struct smpp_tlv out;
    static const struct strv lists[] = { STRV("\x14"), STRV("\x14\0\0"), STRV("\x14\0\0\5ab"), STRV("") };
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        size_t pos = 0;
        assert_false(tlvs_next(lists[i], &pos, &out));
    }
}

static void what_came_in_is_kept_but_for_what_is_ours(void **state)
{
    (void)state;
    struct smpp_pdu pdu;
    struct buf list = { 0 };
    static char large[600];
    smpp_pdu_init(&pdu, SMPP_CMD(deliver_sm), 0, 1);
    smpp_tlv_add(&pdu, SMPP_TLV_message_payload, STRV("text"));
    smpp_tlv_add(&pdu, SMPP_TLV_receipted_message_id, STRV("1\0"));
    smpp_tlv_add(&pdu, 0x1400, STRV("a"));
    smpp_tlv_add(&pdu, 0x1401, (struct strv){ large, sizeof large }); /* no room */
    smpp_tlv_add(&pdu, SMPP_TLV_source_port, STRV("\0\1"));
    tlvs_of_pdu(&pdu, &list);
    assert_int_equal(list.len, 5 + 6);
    assert_memory_equal(list.data, "\x14\0\0\1a\2\x0a\0\2\0\1", 11);
    buf_free(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_checked_and_written),
        cmocka_unit_test(declarations_are_checked),
        cmocka_unit_test(a_carriers_own_tags_are_checked),
        cmocka_unit_test(a_list_is_bounded_and_names_each_once),
        cmocka_unit_test(the_nearest_value_goes),
        cmocka_unit_test(they_are_shown_by_name_or_tag),
        cmocka_unit_test(a_damaged_list_ends),
        cmocka_unit_test(what_came_in_is_kept_but_for_what_is_ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
