#include "support.h"

#include "smpp/alphabet.h"
#include "smpp/receipt.h"

static void the_standard_form_is_read(void **state)
{
    (void)state;
    struct receipt r;
    struct strv text =
        STRV("id:0123456789 sub:002 dlvrd:001 submit date:1005232039 done date:100524233959 stat:DELIVRD "
             "err:012 text:This is a sample");
    assert_int_equal(receipt_read_text(text, &r), RECEIPT_FULL);
    assert_octets("id", r.id, STRV("0123456789"));
    assert_octets("sub", r.sub, STRV("002"));
    assert_octets("dlvrd", r.dlvrd, STRV("001"));
    assert_octets("stat", r.stat, STRV("DELIVRD"));
    assert_octets("err", r.err, STRV("012"));
    assert_octets("text", r.text, STRV("This is a sample"));
    assert_int_equal(r.message_state, SMPP_STATE_DELIVERED);
    assert_int_equal(r.submit.kind, RECEIPT_DATE_OK);
    assert_string_equal(civil_format_utc(civil_to_usec(&r.submit.civil)).s, "2010-05-23T20:39:00Z");
    assert_string_equal(civil_format_utc(civil_to_usec(&r.done.civil)).s, "2010-05-24T23:39:59Z");
}

static void verdicts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum receipt_verdict verdict;
        const char *id, *stat, *rest;
    } cases[] = {
        { "", RECEIPT_NOT, NULL, NULL, NULL },
        { "Hello, are you there?", RECEIPT_NOT, NULL, NULL, NULL },
        { "avoid: this stats: that", RECEIPT_NOT, NULL, NULL, NULL }, /* keys are whole words */
        { "text: me later", RECEIPT_NOT, NULL, NULL, "me later" },
        { "id:1", RECEIPT_PARTIAL, "1", NULL, NULL },
        { "id: stat:DELIVRD", RECEIPT_PARTIAL, "", "DELIVRD", NULL },
        { "ID:1 STAT:delivrd", RECEIPT_FULL, "1", "delivrd", NULL },
        { "id: 7 stat: EXPIRED text: x", RECEIPT_FULL, "7", "EXPIRED", " x" },
        { "id:7 text:id:8 stat:DELIVRD", RECEIPT_FULL, "7", "DELIVRD", "id:8" },
        { "id:7 stat:DELIVRD text:id:8 stat:EXPIRED", RECEIPT_FULL, "7", "DELIVRD", "id:8 stat:EXPIRED" },
        { "id:7 id:8 stat:DELIVRD", RECEIPT_FULL, "7", "DELIVRD", NULL },
        { "id:7\nstat:DELIVRD\r\n", RECEIPT_FULL, "7", "DELIVRD", NULL },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct octets o = octets_copy(cases[i].text, strlen(cases[i].text));
        struct receipt r;
        assert_int_equal(receipt_read_text(octets_view(o), &r), cases[i].verdict);
        assert_int_equal(r.id.p != NULL, cases[i].id != NULL);
        assert_int_equal(r.stat.p != NULL, cases[i].stat != NULL);
        if (cases[i].id)
            assert_octets(cases[i].text, r.id, strv_from(cases[i].id));
        if (cases[i].stat)
            assert_octets(cases[i].text, r.stat, strv_from(cases[i].stat));
        if (cases[i].rest && cases[i].verdict == RECEIPT_FULL)
            assert_octets(cases[i].text, r.text, strv_from(cases[i].rest));
        free(o.p);
    }
}

static void dates_are_read_or_left(void **state)
{
    (void)state;
    static const struct {
        const char *date;
        enum receipt_date_kind kind;
        const char *iso;
    } cases[] = {
        { "2611212147", RECEIPT_DATE_OK, "2026-11-21T21:47:00Z" },
        { "261121214759", RECEIPT_DATE_OK, "2026-11-21T21:47:59Z" },
        { "20261121214759", RECEIPT_DATE_OK, "2026-11-21T21:47:59Z" },
        { "201506201641", RECEIPT_DATE_OK, "2015-06-20T16:41:00Z" },
        { "200101010030", RECEIPT_DATE_AMBIGUOUS, "2020-01-01T01:00:30Z" },
        { "0000000000", RECEIPT_DATE_NONE, NULL },
        { "2613212147", RECEIPT_DATE_NONE, NULL },
        { "2602302147", RECEIPT_DATE_NONE, NULL },
        { "26112121", RECEIPT_DATE_NONE, NULL },
        { "26112121a7", RECEIPT_DATE_NONE, NULL },
        { "7001010000", RECEIPT_DATE_OK, "1970-01-01T00:00:00Z" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[64];
        struct receipt r;
        snprintf(text, sizeof text, "id:1 stat:DELIVRD done date:%s", cases[i].date);
        receipt_read_text(strv_from(text), &r);
        assert_int_equal(r.done.kind, cases[i].kind);
        if (cases[i].iso)
            assert_string_equal(civil_format_utc(civil_to_usec(&r.done.civil)).s, cases[i].iso);
    }
}

/* A deliver_sm with this text, esm_class and data_coding. */
static struct smpp_pdu deliver(struct strv text, uint8_t esm_class, uint8_t data_coding)
{
    struct smpp_pdu pdu;
    smpp_pdu_init(&pdu, SMPP_CMD(deliver_sm), 0, 1);
    pdu.sm.short_message = text;
    pdu.sm.esm_class = esm_class;
    pdu.sm.data_coding = data_coding;
    return pdu;
}

static void tlvs_come_before_the_text(void **state)
{
    (void)state;
    struct smpp_pdu pdu = deliver(STRV("id:5000 stat:DELIVRD err:000"), SMPP_ESM_RECEIPT, 0);
    struct buf scratch = { 0 };
    struct receipt r;
    uint8_t store[1];
    smpp_tlv_add(&pdu, SMPP_TLV_receipted_message_id, STRV("6000\0"));
    smpp_tlv_add_uint(&pdu, SMPP_TLV_message_state, 6, 1, store);
    smpp_tlv_add(&pdu, SMPP_TLV_network_error_code, STRV("\x03\x01\x02"));
    assert_int_equal(receipt_read(&pdu, &scratch, &r), RECEIPT_FULL);
    assert_octets("id", receipt_id(&r), STRV("6000"));
    assert_octets("text id", r.id, STRV("5000"));
    assert_int_equal(r.message_state, SMPP_STATE_ACCEPTED);
    assert_true(r.has_error);
    assert_int_equal(r.error_network, 3);
    assert_int_equal(r.error_code, 0x0102);
    assert_true(r.marked);
    assert_false(r.intermediate);
    buf_free(&scratch);
}

static void other_messages_are_not_receipts(void **state)
{
    (void)state;
    struct buf scratch = { 0 };
    struct receipt r;
    struct smpp_pdu pdu = deliver(STRV("STOP"), 0, 0);
    assert_int_equal(receipt_read(&pdu, &scratch, &r), RECEIPT_NOT);
    assert_false(r.marked);
    /* a text that looks like one is read, but not marked: the caller decides */
    pdu = deliver(STRV("id:1 stat:DELIVRD"), 0, 0);
    assert_int_equal(receipt_read(&pdu, &scratch, &r), RECEIPT_FULL);
    assert_false(r.marked);
    pdu = deliver(STRV("id:1 stat:ENROUTE"), SMPP_ESM_INTERMEDIATE, 0);
    assert_int_equal(receipt_read(&pdu, &scratch, &r), RECEIPT_FULL);
    assert_true(r.marked && r.intermediate);
    smpp_pdu_init(&pdu, SMPP_CMD(enquire_link), 0, 1);
    assert_int_equal(receipt_read(&pdu, &scratch, &r), RECEIPT_NOT);
    buf_free(&scratch);
}

static void a_header_and_two_octet_texts_are_seen_through(void **state)
{
    (void)state;
    struct buf scratch = { 0 }, wide = { 0 };
    struct receipt r;
    struct smpp_pdu pdu =
        deliver(STRV("\x05\x00\x03\x01\x01\x01id:9 stat:DELIVRD"), SMPP_ESM_RECEIPT | SMPP_ESM_UDHI, 0);
    assert_int_equal(receipt_read(&pdu, &scratch, &r), RECEIPT_FULL);
    assert_octets("id", r.id, STRV("9"));
    for (const char *p = "id:abc stat:EXPIRED text:x"; *p; p++)
        buf_put_u16(&wide, (uint8_t)*p);
    for (uint8_t data_coding = 0; data_coding <= 8; data_coding += 8) { /* announced or not */
        pdu = deliver(buf_view(&wide), SMPP_ESM_RECEIPT, data_coding);
        assert_int_equal(receipt_read(&pdu, &scratch, &r), RECEIPT_FULL);
        assert_octets("id", r.id, STRV("abc"));
        assert_int_equal(r.message_state, SMPP_STATE_EXPIRED);
    }
    buf_free(&scratch);
    buf_free(&wide);
}

/* Septets packed as on the air, where nothing else reads: only of a message that is marked. */
static void packed_texts_are_unpacked(void **state)
{
    (void)state;
    struct buf scratch = { 0 }, packed = { 0 };
    struct receipt r;
    assert_true(alphabet_pack7(STRV("id:abc sub:001 stat:EXPIRED err:004 text:x"), 0, false, &packed));
    struct strv octets = { (const char *)packed.data, packed.len };
    struct smpp_pdu pdu = deliver(octets, SMPP_ESM_RECEIPT, 0);
    assert_int_equal(receipt_read(&pdu, &scratch, &r), RECEIPT_FULL);
    assert_octets("id", r.id, STRV("abc"));
    assert_octets("err", r.err, STRV("004"));
    assert_int_equal(r.message_state, SMPP_STATE_EXPIRED);
    pdu = deliver(octets, 0, 0);
    assert_int_equal(receipt_read(&pdu, &scratch, &r), RECEIPT_NOT);
    pdu = deliver(STRV("Thank you very much, that was nice"), SMPP_ESM_RECEIPT, 0);
    assert_int_equal(receipt_read(&pdu, &scratch, &r), RECEIPT_NOT);
    buf_free(&scratch);
    buf_free(&packed);
}

static void states_of_other_words_and_of_smpp_5(void **state)
{
    (void)state;
    static const struct {
        const char *stat;
        unsigned state;
        bool scheduled;
    } cases[] = {
        { "DELIVRD", SMPP_STATE_DELIVERED, false },    { "delivered", SMPP_STATE_DELIVERED, false },
        { "FAILED", SMPP_STATE_UNDELIVERABLE, false }, { "DND_REJECTED", SMPP_STATE_REJECTED, false },
        { "SKIPPED", SMPP_STATE_SKIPPED, false },      { "SCHEDULED", SMPP_STATE_NONE, true },
        { "BADSTAT", SMPP_STATE_NONE, false },         { "", SMPP_STATE_NONE, false },
    };
    struct receipt r;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[64];
        snprintf(text, sizeof text, "id:1 stat:%s", cases[i].stat);
        receipt_read_text(strv_from(text), &r);
        assert_int_equal(receipt_state(&r), cases[i].state);
        assert_int_equal(r.scheduled, cases[i].scheduled);
    }
    /* a TLV's 0 is "scheduled", whatever the text says */
    struct smpp_pdu pdu = deliver(STRV("id:1 stat:DELIVRD"), SMPP_ESM_RECEIPT, 0);
    struct buf scratch = { 0 };
    uint8_t store[1];
    smpp_tlv_add_uint(&pdu, SMPP_TLV_message_state, 0, 1, store);
    assert_int_equal(receipt_read(&pdu, &scratch, &r), RECEIPT_FULL);
    assert_true(r.scheduled);
    assert_int_equal(receipt_state(&r), SMPP_STATE_NONE);
    buf_free(&scratch);
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    struct buf out = { 0 };
    struct receipt_write w = { .id = STRV("38601fa"),
                               .message_state = SMPP_STATE_UNDELIVERABLE,
                               .err = 42,
                               .submitted = INT64_C(1795298400) * USEC_SEC,
                               .done = INT64_C(1795298460) * USEC_SEC,
                               .text = STRV("A text of more than twenty octets") };
    assert_true(receipt_put(&out, &w));
    assert_octets(
        "receipt", buf_view(&out),
        STRV("id:38601fa sub:001 dlvrd:000 submit date:2611212200 done date:2611212201 stat:UNDELIV err:042 "
             "text:A text of more than "));
    struct receipt r;
    assert_int_equal(receipt_read_text(buf_view(&out), &r), RECEIPT_FULL);
    assert_octets("id", r.id, w.id);
    assert_int_equal(r.message_state, w.message_state);
    assert_true(civil_to_usec(&r.done.civil) == w.done);
    buf_free(&out);
}

static void ids_have_one_key(void **state)
{
    (void)state;
    static const struct {
        const char *id;
        enum msgid_form form;
        bool ok;
        const char *key;
    } cases[] = {
        { "0059113978", MSGID_DEC, true, "38601fa" },
        { "38601fa", MSGID_HEX, true, "38601fa" },
        { " 0038601FA ", MSGID_HEX, true, "38601fa" },
        { "0059113978", MSGID_TEXT, true, "59113978" },
        { "ABC-00", MSGID_TEXT, true, "abc-00" },
        { "ABC-00", MSGID_HEX, false, "abc-00" },
        { "38601fa", MSGID_DEC, false, "38601fa" },
        { "18446744073709551615", MSGID_DEC, true, "ffffffffffffffff" },
        { "18446744073709551616", MSGID_DEC, false, "18446744073709551616" },
        { "000", MSGID_DEC, true, "0" },
        { "", MSGID_TEXT, false, "" },
        { "   ", MSGID_TEXT, false, "" },
        { "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0", MSGID_TEXT, true,
          "123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0" },
        { "1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0", MSGID_TEXT, false, "" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct smpp_msgid key;
        assert_int_equal(smpp_msgid_canonical(strv_from(cases[i].id), cases[i].form, &key), cases[i].ok);
        assert_string_equal(key.s, cases[i].key);
        assert_int_equal(key.n, strlen(cases[i].key));
    }
}

static void candidates_cover_both_readings(void **state)
{
    (void)state;
    struct smpp_msgid c[3];
    assert_int_equal(smpp_msgid_candidates(STRV("0000000016"), c), 3);
    assert_string_equal(c[0].s, "16");
    assert_string_equal(c[1].s, "10"); /* 16 decimal */
    assert_string_equal(c[2].s, "22"); /* 16 hexadecimal */
    assert_int_equal(smpp_msgid_candidates(STRV("38601FA"), c), 2);
    assert_string_equal(c[0].s, "38601fa");
    assert_string_equal(c[1].s, "59113978");
    assert_int_equal(smpp_msgid_candidates(STRV("7"), c), 1);
    assert_int_equal(smpp_msgid_candidates(STRV("msg-1"), c), 1);
    assert_int_equal(smpp_msgid_candidates(STRV(""), c), 0);
}

/* --- conformance vectors --- */

static void check_date(const char *id, const struct receipt_date *d, const json_t *iso)
{
    if (!iso)
        return;
    if (json_is_null(iso)) {
        assert_int_equal(d->kind, RECEIPT_DATE_NONE);
    } else if (strcmp(json_string_value(iso), "ambiguous") == 0) {
        assert_int_equal(d->kind, RECEIPT_DATE_AMBIGUOUS);
    } else {
        char want[64];
        snprintf(want, sizeof want, "%sZ", json_string_value(iso));
        assert_int_equal(d->kind, RECEIPT_DATE_OK);
        struct civil_text got = civil_format_utc(civil_to_usec(&d->civil));
        assert_octets(id, strv_from(got.s), strv_from(want));
    }
}

static void check_fields(const char *id, const struct receipt *r, const json_t *expect)
{
    static const struct {
        const char *key;
        size_t offset;
    } fields[] = {
        { "id", offsetof(struct receipt, id) },
        { "sub", offsetof(struct receipt, sub) },
        { "dlvrd", offsetof(struct receipt, dlvrd) },
        { "submit_date", offsetof(struct receipt, submit_date) },
        { "done_date", offsetof(struct receipt, done_date) },
        { "stat", offsetof(struct receipt, stat) },
        { "err", offsetof(struct receipt, err) },
        { "text", offsetof(struct receipt, text) },
    };
    for (size_t i = 0; i < COUNT(fields); i++) {
        const json_t *want = json_object_get(expect, fields[i].key);
        const struct strv *got = (const struct strv *)((const char *)r + fields[i].offset);
        if (want && (got->p != NULL) != json_is_string(want))
            fail_msg("%s: %s", id, fields[i].key);
        if (want)
            assert_octets(id, *got, json_view(want));
    }
    struct strv hex = json_view(json_object_get(expect, "text_hex"));
    if (hex.p) {
        struct octets want = octets_from_hex(hex);
        assert_octets(id, r->text, octets_view(want));
        free(want.p);
    }
    check_date(id, &r->submit, json_object_get(expect, "submit_iso"));
    check_date(id, &r->done, json_object_get(expect, "done_iso"));
}

static void check_receipt(const json_t *j)
{
    const char *id = json_string_value(json_object_get(j, "id"));
    const char *verdict = json_string_value(json_object_get(j, "verdict"));
    const json_t *expect = json_object_get(j, "expect"), *tlv = json_object_get(j, "tlv");
    struct strv hex = json_view(json_object_get(j, "hex")), text = json_view(json_object_get(j, "text"));
    struct octets o = hex.p ? octets_from_hex(hex) : octets_copy(text.p, text.n);
    struct smpp_pdu pdu = deliver(octets_view(o), SMPP_ESM_RECEIPT,
                                  (uint8_t)json_integer_value(json_object_get(j, "data_coding")));
    struct strv message_id = json_view(json_object_get(tlv, "receipted_message_id"));
    const json_t *state = json_object_get(tlv, "message_state");
    struct octets error = octets_from_hex(json_view(json_object_get(tlv, "network_error_code")));
    uint8_t store[1];
    if (message_id.p)
        smpp_tlv_add(&pdu, SMPP_TLV_receipted_message_id, message_id);
    if (state)
        smpp_tlv_add_uint(&pdu, SMPP_TLV_message_state, (uint32_t)json_integer_value(state), 1, store);
    if (error.n)
        smpp_tlv_add(&pdu, SMPP_TLV_network_error_code, octets_view(error));

    struct receipt r;
    struct buf scratch = { 0 };
    enum receipt_verdict got = receipt_read(&pdu, &scratch, &r), want = RECEIPT_FULL;
    if (strcmp(verdict, "partial") == 0)
        want = RECEIPT_PARTIAL;
    else if (strcmp(verdict, "not_receipt") == 0)
        want = RECEIPT_NOT;
    if (got != want)
        fail_msg("%s: verdict %d, not %s", id, got, verdict);
    if (strcmp(verdict, "tlv") == 0) {
        assert_octets(id, receipt_id(&r), json_view(json_object_get(expect, "id")));
        assert_string_equal(smpp_state_word(r.message_state),
                            json_string_value(json_object_get(expect, "stat")));
    } else {
        check_fields(id, &r, expect);
    }
    const json_t *want_state = json_object_get(expect, "message_state");
    if (want_state)
        assert_int_equal(r.message_state, json_integer_value(want_state));
    assert_int_equal(r.has_error, error.n == 3);
    free(o.p);
    free(error.p);
    buf_free(&scratch);
}

static void vectors_receipts(void **state)
{
    (void)state;
    FILE *f = vectors_open("dlr.jsonl");
    int n = 0;
    for (json_t *j; (j = vectors_next(f)) != NULL; n++) {
        check_receipt(j);
        json_decref(j);
    }
    fclose(f);
    assert_true(n >= 83);
}

static void vectors_message_ids(void **state)
{
    (void)state;
    FILE *f = vectors_open("msgid-match.tsv");
    char line[2048], *c[6];
    int rows = 0;
    for (int n; (n = vectors_row(f, line, sizeof line, c, 6)) >= 0; rows++) {
        assert_int_equal(n, 6);
        struct strv response = strv_from(c[0]), text = strv_from(c[1]), tlv = strv_from(c[2]);
        struct strv receipt = tlv.n ? tlv : text;
        enum receipt_id_match m = receipt_id_same(response.n ? response : tlv, response.n ? receipt : text);
        if (strcmp(c[0], "msg_id_not_implemented") == 0) {
            /* "no" there, because that SMSC gives every message this id: equal it is, and uniqueness is not
             * ours */
            assert_int_equal(m, RECEIPT_ID_SAME);
        } else if (strcmp(c[3], "yes") == 0) {
            assert_int_equal(m, RECEIPT_ID_SAME);
        } else if (strcmp(c[3], "no") == 0) {
            assert_int_equal(m, RECEIPT_ID_DIFFERENT);
        } else if (response.n == 2) {
            assert_int_equal(m, RECEIPT_ID_MAYBE); /* 10 and 16 */
        } else {
            /* leading zeros and the case of hexadecimal digits: "config" there, the same by default here */
            assert_int_equal(m, RECEIPT_ID_SAME);
        }
        /* what is the same has a common key */
        if (m != RECEIPT_ID_DIFFERENT) {
            struct smpp_msgid a[3], b[3];
            unsigned na = smpp_msgid_candidates(response.n ? response : tlv, a), common = 0;
            unsigned nb = smpp_msgid_candidates(response.n ? receipt : text, b);
            for (unsigned i = 0; i < na; i++)
                for (unsigned k = 0; k < nb; k++)
                    common += strcmp(a[i].s, b[k].s) == 0;
            assert_true(common > 0);
        }
    }
    fclose(f);
    assert_true(rows >= 19);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_standard_form_is_read),
        cmocka_unit_test(verdicts),
        cmocka_unit_test(dates_are_read_or_left),
        cmocka_unit_test(tlvs_come_before_the_text),
        cmocka_unit_test(other_messages_are_not_receipts),
        cmocka_unit_test(a_header_and_two_octet_texts_are_seen_through),
        cmocka_unit_test(packed_texts_are_unpacked),
        cmocka_unit_test(states_of_other_words_and_of_smpp_5),
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(ids_have_one_key),
        cmocka_unit_test(candidates_cover_both_readings),
        cmocka_unit_test(vectors_receipts),
        cmocka_unit_test(vectors_message_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
