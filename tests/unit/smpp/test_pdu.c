#include "support.h"

#include "smpp/pdu.h"

#define SUBMIT_SM                                                                                            \
    "00000039000000040000000000004fe80001013430343034000101343439353133363139323000000000000001000000"       \
    "084024232125262f3a"

static enum smpp_decode decode_hex(const char *hex, struct octets *o, struct smpp_pdu *pdu, uint32_t *status)
{
    *o = octets_from_hex(strv_from(hex));
    return smpp_pdu_decode(o->p, o->n, pdu, status);
}

static void a_submit_sm_is_read_as_views(void **state)
{
    (void)state;
    struct octets o;
    struct smpp_pdu pdu;
    uint32_t status;
    assert_int_equal(decode_hex(SUBMIT_SM, &o, &pdu, &status), SMPP_DECODE_OK);
    assert_int_equal(pdu.command_id, SMPP_CMD(submit_sm));
    assert_int_equal(pdu.sequence_number, 20456);
    assert_int_equal(pdu.sm.source_addr_ton, 1);
    assert_octets("source", pdu.sm.source_addr, STRV("40404"));
    assert_octets("destination", pdu.sm.destination_addr, STRV("44951361920"));
    assert_int_equal(pdu.sm.registered_delivery, 1);
    assert_octets("message", pdu.sm.short_message, STRV("@$#!%&/:"));
    assert_octets("message", smpp_pdu_message(&pdu), STRV("@$#!%&/:"));
    assert_true((const uint8_t *)pdu.sm.short_message.p >= o.p &&
                (const uint8_t *)pdu.sm.short_message.p < o.p + o.n);
    assert_int_equal(smpp_pdu_validate(&pdu, SMPP_V34), SMPP_ESME_ROK);
    free(o.p);
}

static void frames_are_measured(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        long length;
    } cases[] = {
        { "", 0 },
        { "000000", 0 },
        { "00000010", 16 },
        { "00000039", 57 },
        { "00010000", 65536 },
        { "0000000f", -1 }, /* at once */
        { "00000000", -1 },
        { "00010001", 0 }, /* too long, but the header is awaited to answer it */
        { "0001000100000004000000000000000", 0 },
        { "00010001000000040000000000000001", -1 },
        { "ffffffff000000040000000000000001", -1 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct octets o = octets_from_hex(strv_sub(strv_from(cases[i].hex), 0, strlen(cases[i].hex) & ~1u));
        assert_int_equal(smpp_frame_length(o.p, o.n, SMPP_FRAME_MAX), cases[i].length);
        free(o.p);
    }
}

static void damage_is_told_with_what_is_usable(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        enum smpp_decode result;
        enum smpp_defect defect;
        uint32_t status;
    } cases[] = {
        { "00000010000000150000000000000007", SMPP_DECODE_OK, SMPP_DEFECT_NONE, 0 },
        { "000000100000001500000000000000", SMPP_DECODE_NEED_MORE, SMPP_DEFECT_NONE, 0 },
        { "0000000f000000150000000000000007", SMPP_DECODE_BAD, SMPP_DEFECT_LENGTH, SMPP_ESME_RINVCMDLEN },
        { "00000010000000990000000000000007", SMPP_DECODE_BAD, SMPP_DEFECT_COMMAND, SMPP_ESME_RINVCMDID },
        { "00000010000000040000000000000007", SMPP_DECODE_BAD, SMPP_DEFECT_BODY, SMPP_ESME_RINVCMDLEN },
        { "00000012800000040000000000000007"
          "3132",
          SMPP_DECODE_BAD, SMPP_DEFECT_BODY, SMPP_ESME_RINVCMDLEN },
        { "00000015800000040000000000000007"
          "0004270001",
          SMPP_DECODE_BAD, SMPP_DEFECT_TLVS, SMPP_ESME_RINVOPTPARSTREAM },
        { "00000012800000040000000000000007"
          "0004",
          SMPP_DECODE_BAD, SMPP_DEFECT_TLVS, SMPP_ESME_RINVOPTPARSTREAM },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct octets o;
        struct smpp_pdu pdu;
        uint32_t status;
        assert_int_equal(decode_hex(cases[i].hex, &o, &pdu, &status), cases[i].result);
        assert_int_equal(pdu.defect, cases[i].defect);
        assert_int_equal(status, cases[i].status);
        if (cases[i].result != SMPP_DECODE_NEED_MORE)
            assert_int_equal(pdu.sequence_number, 7);
        free(o.p);
    }
}

/* Found by the seeds of tests/fuzz: a deliver_sm of length 15 kept the views of the PDU before it. */
static void an_unusable_header_leaves_no_field_behind(void **state)
{
    (void)state;
    static const char *const cases[] = { "0000000f000000050000000000000007",
                                         "00000040000000050000000000000007", "000000" };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct octets o;
        struct smpp_pdu pdu;
        memset(&pdu, 0xee, sizeof pdu);
        assert_int_not_equal(decode_hex(cases[i], &o, &pdu, NULL), SMPP_DECODE_OK);
        assert_int_equal(pdu.sm.short_message.n, 0);
        assert_int_equal(smpp_pdu_message(&pdu).n, 0);
        assert_int_equal(pdu.tlv_count, 0);
        free(o.p);
    }
}

static void an_unknown_command_survives(void **state)
{
    (void)state;
    struct octets o;
    struct smpp_pdu pdu;
    struct buf out = { 0 };
    assert_int_equal(decode_hex("00000013000000990000000500000007"
                                "aabbcc",
                                &o, &pdu, NULL),
                     SMPP_DECODE_BAD);
    assert_octets("body", pdu.unknown, STRV("\xaa\xbb\xcc"));
    assert_true(smpp_pdu_encode(&pdu, &out));
    assert_octets("again", buf_view(&out), octets_view(o));
    out.len = 0;
    assert_true(smpp_pdu_dump(&pdu, true, &out));
    assert_octets("dump", buf_view(&out), STRV("0x00000099 seq=7 status=ESME_RALYBND body[3]=aabbcc"));
    free(o.p);
    buf_free(&out);
}

static void a_response_may_have_no_body(void **state)
{
    (void)state;
    struct octets o;
    struct smpp_pdu pdu;
    memset(&pdu, 0xee, sizeof pdu);
    assert_int_equal(decode_hex("00000010800000040000005800000007", &o, &pdu, NULL), SMPP_DECODE_OK);
    assert_true(pdu.body_absent);
    assert_int_equal(pdu.command_status, SMPP_ESME_RTHROTTLED);
    assert_int_equal(pdu.id_resp.message_id.n, 0);
    assert_int_equal(pdu.tlv_count, 0);
    free(o.p);
}

static void tlvs_beyond_the_bound_stay_readable(void **state)
{
    (void)state;
    /* given an enquire_link with 40 vendor TLVs */
    struct buf in = { 0 }, out = { 0 };
    smpp_put_header(&in, SMPP_CMD(enquire_link), 0, 1);
    for (uint16_t i = 0; i < 40; i++) {
        buf_put_u16(&in, (uint16_t)(0x1400 + i));
        buf_put_u16(&in, 2);
        buf_put_u16(&in, i);
    }
    buf_set_u32(&in, 0, (uint32_t)in.len);
    struct octets o = octets_copy(in.data, in.len);
    struct smpp_pdu pdu;
    assert_int_equal(smpp_pdu_decode(o.p, o.n, &pdu, NULL), SMPP_DECODE_OK);
    assert_int_equal(pdu.tlv_count, SMPP_TLVS_MAX);
    /* then the last is found, all are visited, and nothing is lost when it is written again */
    uint16_t v;
    assert_true(smpp_tlv_get_u16(&pdu, 0x1400 + 39, &v));
    assert_int_equal(v, 39);
    struct smpp_tlv t;
    size_t pos = 0, n = 0;
    while (smpp_tlv_next(&pdu, &pos, &t))
        n++;
    assert_int_equal(n, 40);
    assert_true(smpp_pdu_encode(&pdu, &out));
    assert_octets("again", buf_view(&out), octets_view(o));
    assert_false(smpp_tlv_add(&pdu, 0x1500, STRV("")));
    free(o.p);
    buf_free(&in);
    buf_free(&out);
}

static void typed_tlvs_are_read_and_added(void **state)
{
    (void)state;
    struct smpp_pdu pdu;
    uint8_t store[3][4], u8;
    uint16_t u16;
    uint32_t u32;
    struct strv s;
    smpp_pdu_init(&pdu, SMPP_CMD(data_sm), 0, 1);
    assert_true(smpp_tlv_add_uint(&pdu, 0x1401, 0xab, 1, store[0]));
    assert_true(smpp_tlv_add_uint(&pdu, 0x1402, 0xabcd, 2, store[1]));
    assert_true(smpp_tlv_add_uint(&pdu, 0x1404, 0xabcdef01, 4, store[2]));
    assert_false(smpp_tlv_add_uint(&pdu, 0x1403, 1, 3, store[2]));
    assert_true(smpp_tlv_add(&pdu, 0x1405, STRV("with\0nul")));
    assert_true(smpp_tlv_add(&pdu, 0x1406, STRV("none")));
    assert_true(smpp_tlv_get_u8(&pdu, 0x1401, &u8) && u8 == 0xab);
    assert_true(smpp_tlv_get_u16(&pdu, 0x1402, &u16) && u16 == 0xabcd);
    assert_true(smpp_tlv_get_u32(&pdu, 0x1404, &u32) && u32 == 0xabcdef01);
    assert_true(smpp_tlv_get_uint(&pdu, 0x1402, &u32) && u32 == 0xabcd);
    assert_false(smpp_tlv_get_u8(&pdu, 0x1402, &u8));
    assert_false(smpp_tlv_get_u16(&pdu, 0x1499, &u16));
    assert_false(smpp_tlv_get_uint(&pdu, 0x1405, &u32));
    assert_true(smpp_tlv_get_cstr(&pdu, 0x1405, &s));
    assert_octets("cstr", s, STRV("with"));
    assert_true(smpp_tlv_get_cstr(&pdu, 0x1406, &s));
    assert_octets("cstr", s, STRV("none"));
}

static void what_cannot_be_written_is_not_half_written(void **state)
{
    (void)state;
    struct buf out = { 0 };
    struct smpp_pdu pdu;
    static char long_text[70000];
    buf_put_u8(&out, 1);
    smpp_pdu_init(&pdu, SMPP_CMD(submit_sm), 0, 1);
    pdu.sm.source_addr = STRV("in\0jected");
    assert_false(smpp_pdu_encode(&pdu, &out));
    pdu.sm.source_addr = STRV("");
    pdu.sm.short_message = (struct strv){ long_text, 256 };
    assert_false(smpp_pdu_encode(&pdu, &out));
    pdu.sm.short_message = (struct strv){ long_text, 255 };
    assert_true(smpp_pdu_encode(&pdu, &out));
    out.len = 1;
    smpp_tlv_add(&pdu, SMPP_TLV_message_payload, (struct strv){ long_text, 65536 });
    assert_false(smpp_pdu_encode(&pdu, &out));
    assert_int_equal(out.len, 1);
    buf_free(&out);
}

static struct smpp_pdu valid_submit(void)
{
    struct smpp_pdu pdu;
    smpp_pdu_init(&pdu, SMPP_CMD(submit_sm), 0, 1);
    pdu.sm.destination_addr = STRV("447700900123");
    return pdu;
}

/* A submit_sm that is valid but for one assignment to `sm`, its fields, or `pdu`. */
#define INVALID(assignment, bad)                                                                             \
    do {                                                                                                     \
        struct smpp_pdu pdu = valid_submit();                                                                \
        struct smpp_sm *sm = &pdu.sm;                                                                        \
        assert_int_equal(smpp_pdu_validate(&pdu, SMPP_V34), SMPP_ESME_ROK);                                  \
        (void)sm, (void)(assignment);                                                                        \
        assert_int_equal(smpp_pdu_validate(&pdu, SMPP_V34), bad);                                            \
    } while (0)

static void a_validator_answers_with_the_right_status(void **state)
{
    (void)state;
    static char text[255];
    INVALID(sm->service_type = STRV("123456"), SMPP_ESME_RINVSERTYP);
    INVALID(sm->service_type = STRV("12345"), SMPP_ESME_ROK);
    INVALID(sm->source_addr = STRV("123456789012345678901"), SMPP_ESME_RINVSRCADR);
    INVALID(sm->destination_addr = STRV("123456789012345678901"), SMPP_ESME_RINVDSTADR);
    INVALID(sm->destination_addr = STRV(""), SMPP_ESME_RINVDSTADR);
    INVALID(sm->priority_flag = 5, SMPP_ESME_RINVPRTFLG);
    INVALID(sm->registered_delivery = 0x20, SMPP_ESME_RINVREGDLVFLG);
    INVALID(sm->replace_if_present_flag = 2, SMPP_ESME_RINVREPFLAG);
    INVALID(sm->schedule_delivery_time = STRV("tomorrow"), SMPP_ESME_RINVSCHED);
    INVALID(sm->validity_period = STRV("000007000000000X"), SMPP_ESME_RINVEXPIRY);
    INVALID(sm->validity_period = STRV("000007000000000R"), SMPP_ESME_ROK);
    INVALID((sm->short_message = (struct strv){ text, 255 }), SMPP_ESME_RINVMSGLEN);
    INVALID(smpp_tlv_add(&pdu, SMPP_TLV_message_state, STRV("12")), SMPP_ESME_RINVPARLEN);
    INVALID(smpp_tlv_add(&pdu, 0x1400, STRV("vendor")), SMPP_ESME_ROK);
    INVALID((smpp_tlv_add(&pdu, SMPP_TLV_message_payload, STRV("x")), sm->short_message = STRV("y")),
            SMPP_ESME_ROPTPARNOTALLWD);

    struct smpp_pdu pdu = valid_submit();
    pdu.sm.short_message = (struct strv){ text, 255 };
    assert_int_equal(smpp_pdu_validate(&pdu, SMPP_V50), SMPP_ESME_ROK); /* 5.0 has the whole octet */
}

static void operations_younger_than_the_session_are_unknown_to_it(void **state)
{
    (void)state;
    struct smpp_pdu pdu;
    smpp_pdu_init(&pdu, SMPP_CMD(bind_transceiver), 0, 1);
    assert_int_equal(smpp_pdu_validate(&pdu, SMPP_V33), SMPP_ESME_RINVCMDID);
    assert_int_equal(smpp_pdu_validate(&pdu, SMPP_V34), SMPP_ESME_ROK);
    smpp_pdu_init(&pdu, SMPP_CMD(broadcast_sm), 0, 1);
    assert_int_equal(smpp_pdu_validate(&pdu, SMPP_V34), SMPP_ESME_RINVCMDID);
    assert_int_equal(smpp_pdu_validate(&pdu, SMPP_V50), SMPP_ESME_RMISSINGOPTPARAM);
}

static void lists_of_submit_multi_go_both_ways(void **state)
{
    (void)state;
    struct buf list = { 0 }, out = { 0 };
    struct smpp_dest one = { 1, 1, 1, STRV("447700900123") }, two = { 2, 0, 0, STRV("friends") }, got;
    assert_true(smpp_dest_put(&list, &one));
    assert_true(smpp_dest_put(&list, &two));
    struct smpp_pdu pdu, back;
    smpp_pdu_init(&pdu, SMPP_CMD(submit_multi), 0, 9);
    pdu.submit_multi.dests = (struct smpp_list){ 2, buf_view(&list) };
    pdu.submit_multi.short_message = STRV("hi");
    assert_true(smpp_pdu_encode(&pdu, &out));
    struct octets o = octets_copy(out.data, out.len);
    assert_int_equal(smpp_pdu_decode(o.p, o.n, &back, NULL), SMPP_DECODE_OK);
    assert_int_equal(smpp_pdu_validate(&back, SMPP_V34), SMPP_ESME_ROK);
    struct rd r = rd_from(back.submit_multi.dests.octets.p, back.submit_multi.dests.octets.n);
    assert_true(smpp_dest_next(&r, &got));
    assert_octets("address", got.address, one.address);
    assert_true(smpp_dest_next(&r, &got));
    assert_octets("list", got.address, two.address);
    assert_false(smpp_dest_next(&r, &got));
    free(o.p);

    /* a count above the entries there is damage, and no destination is an error */
    pdu.submit_multi.dests.count = 200;
    out.len = 0;
    assert_true(smpp_pdu_encode(&pdu, &out));
    assert_int_equal(smpp_pdu_decode(out.data, out.len, &back, NULL), SMPP_DECODE_BAD);
    assert_int_equal(back.submit_multi.dests.count, 0);
    pdu.submit_multi.dests = (struct smpp_list){ 0 };
    assert_int_equal(smpp_pdu_validate(&pdu, SMPP_V34), SMPP_ESME_RINVNUMDESTS);
    list.len = 0;
    one.dest_flag = 3;
    assert_true(smpp_dest_put(&list, &one));
    pdu.submit_multi.dests = (struct smpp_list){ 1, buf_view(&list) };
    assert_int_equal(smpp_pdu_validate(&pdu, SMPP_V34), SMPP_ESME_RINVDESTFLAG);
    buf_free(&list);
    buf_free(&out);
}

static void a_session_writes_its_usual_pdus(void **state)
{
    (void)state;
    struct buf out = { 0 };
    struct octets want;
#define WRITES(call, hex)                                                                                    \
    out.len = 0;                                                                                             \
    assert_true(call);                                                                                       \
    want = octets_from_hex(STRV(hex));                                                                       \
    assert_octets(#call, buf_view(&out), octets_view(want));                                                 \
    free(want.p)

    struct smpp_bind bind = { .system_id = STRV("ALL_TW"),
                              .password = STRV("ALL_TW"),
                              .interface_version = 0x34,
                              .addr_ton = 1,
                              .addr_npi = 2 };
    struct smpp_sm sm = { .source_addr_ton = 1,
                          .source_addr_npi = 1,
                          .source_addr = STRV("40404"),
                          .dest_addr_ton = 1,
                          .dest_addr_npi = 1,
                          .destination_addr = STRV("44951361920"),
                          .registered_delivery = 1,
                          .short_message = STRV("@$#!%&/:") };
    WRITES(smpp_put_header(&out, SMPP_CMD(enquire_link), 0, 7), "00000010000000150000000000000007");
    WRITES(smpp_put_header(&out, SMPP_CMD(generic_nack), 3, 7), "00000010800000000000000300000007");
    WRITES(smpp_put_bind(&out, SMPP_CMD(bind_transceiver), 235857, &bind),
           "00000023000000090000000000039951414c4c5f545700414c4c5f5457000034010200");
    WRITES(smpp_put_bind_resp(&out, SMPP_CMD(bind_transmitter_resp), 0, 235871, STRV("TWITTER"), 0x34),
           "0000001d80000002000000000003995f54574954544552000210000134");
    WRITES(smpp_put_bind_resp(&out, SMPP_CMD(bind_transmitter_resp), 0x0e, 1, STRV("TWITTER"), 0x34),
           "00000010800000020000000e00000001");
    WRITES(smpp_put_id_resp(&out, SMPP_CMD(submit_sm_resp), 0, 171192033, STRV("94258431594")),
           "0000001c80000004000000000a342ee1393432353834333135393400");
    WRITES(smpp_put_id_resp(&out, SMPP_CMD(submit_sm_resp), 0x58, 1, STRV("x")),
           "00000010800000040000005800000001");
    WRITES(smpp_put_id_resp(&out, SMPP_CMD(deliver_sm_resp), 0, 1, STRV("")),
           "0000001180000005000000000000000100");
    WRITES(smpp_put_submit_sm(&out, 20456, &sm, NULL, 0), SUBMIT_SM);
    struct smpp_tlv tlv = { SMPP_TLV_message_state, STRV("\x02") };
    WRITES(smpp_put_deliver_sm(&out, 1, &(struct smpp_sm){ .esm_class = 4 }, &tlv, 1),
           "0000002600000005000000000000000100000000000000040000000000000000000427000102");
    buf_free(&out);
}

static void refusals_go_to_whom_they_belong(void **state)
{
    (void)state;
    static const struct {
        uint32_t request, status, answer;
        size_t length;
    } cases[] = {
        { SMPP_CMD(submit_sm), SMPP_ESME_RINVMSGLEN, SMPP_CMD(submit_sm_resp), 16 },
        { SMPP_CMD(deliver_sm), SMPP_ESME_RX_T_APPN, SMPP_CMD(deliver_sm_resp), 17 },
        { SMPP_CMD(bind_receiver), SMPP_ESME_RALYBND, SMPP_CMD(bind_receiver_resp), 16 },
        { 0x99, SMPP_ESME_RINVCMDID, SMPP_CMD(generic_nack), 16 },
        { SMPP_CMD(outbind), SMPP_ESME_RINVBNDSTS, SMPP_CMD(generic_nack), 16 },
        { SMPP_CMD(submit_sm_resp), SMPP_ESME_RINVCMDLEN, 0, 0 },
        { 0x80000099, SMPP_ESME_RINVCMDID, 0, 0 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf out = { 0 };
        struct smpp_pdu pdu;
        smpp_pdu_init(&pdu, cases[i].request, 0, 77);
        assert_true(smpp_pdu_refuse(&out, &pdu, cases[i].status));
        assert_int_equal(out.len, cases[i].length);
        if (out.len) {
            assert_int_equal(smpp_pdu_decode(out.data, out.len, &pdu, NULL), SMPP_DECODE_OK);
            assert_int_equal(pdu.command_id, cases[i].answer);
            assert_int_equal(pdu.command_status, cases[i].status);
            assert_int_equal(pdu.sequence_number, 77);
        }
        buf_free(&out);
    }
}

static void dumps_keep_secrets(void **state)
{
    (void)state;
    struct buf out = { 0 };
    struct octets o;
    struct smpp_pdu pdu;
    decode_hex(SUBMIT_SM, &o, &pdu, NULL);
    assert_true(smpp_pdu_dump(&pdu, false, &out));
    const char *text = buf_cstr(&out);
    assert_non_null(strstr(text, "submit_sm seq=20456 status=ESME_ROK"));
    assert_non_null(strstr(text, "destination_addr=\"449513*****\""));
    assert_non_null(strstr(text, "short_message[8]"));
    assert_null(strstr(text, "4024232125262f3a"));
    out.len = 0;
    assert_true(smpp_pdu_dump(&pdu, true, &out));
    assert_non_null(strstr(buf_cstr(&out), "short_message[8]=4024232125262f3a"));
    free(o.p);
    smpp_pdu_init(&pdu, SMPP_CMD(bind_transceiver), 0, 1);
    pdu.bind.system_id = STRV("a\"b\n");
    pdu.bind.password = STRV("secret");
    out.len = 0;
    assert_true(smpp_pdu_dump(&pdu, true, &out));
    assert_null(strstr(buf_cstr(&out), "secret"));
    assert_non_null(strstr(buf_cstr(&out), "system_id=\"a\\x22b\\x0a\""));
    buf_free(&out);
}

static void commands_have_names(void **state)
{
    (void)state;
    size_t n = 0;
    for (uint32_t id; (id = smpp_command_at(n)) != 0; n++)
        assert_non_null(smpp_command_name(id));
    assert_int_equal(n, 33);
    assert_string_equal(smpp_command_name(0x80000103), "data_sm_resp");
    assert_null(smpp_command_name(0x110));
    assert_true(smpp_is_response(SMPP_CMD(generic_nack)));
    assert_false(smpp_command_known(0x80000102)); /* alert_notification has no response */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_submit_sm_is_read_as_views),
        cmocka_unit_test(frames_are_measured),
        cmocka_unit_test(damage_is_told_with_what_is_usable),
        cmocka_unit_test(an_unusable_header_leaves_no_field_behind),
        cmocka_unit_test(an_unknown_command_survives),
        cmocka_unit_test(a_response_may_have_no_body),
        cmocka_unit_test(tlvs_beyond_the_bound_stay_readable),
        cmocka_unit_test(typed_tlvs_are_read_and_added),
        cmocka_unit_test(what_cannot_be_written_is_not_half_written),
        cmocka_unit_test(a_validator_answers_with_the_right_status),
        cmocka_unit_test(operations_younger_than_the_session_are_unknown_to_it),
        cmocka_unit_test(lists_of_submit_multi_go_both_ways),
        cmocka_unit_test(a_session_writes_its_usual_pdus),
        cmocka_unit_test(refusals_go_to_whom_they_belong),
        cmocka_unit_test(dumps_keep_secrets),
        cmocka_unit_test(commands_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
