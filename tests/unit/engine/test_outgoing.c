#include "engine/outgoing.h"
#include "engine/style.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct outgoing message(const char *text, unsigned parts)
{
    return (struct outgoing){ .m = { .id = 77,
                                     .to = UINT64_C(447700900001),
                                     .sender = STRV("TESSERA"),
                                     .text = strv_from(text),
                                     .class_ = CLASS_TRANSACTIONAL,
                                     .parts = (uint8_t)parts } };
}

static const struct parts_options PLAIN = { .mode = PARTS_UDH8 };

#define T0 (INT64_C(1795262400) * USEC_SEC) /* 2026-11-21T12:00:00Z */

static void the_carrier_is_told_until_when_as_it_wants_it(void **state)
{
    static const struct {
        const char *how;
        usec_t left;
        const char *text;
    } ROWS[] = {
        { "relative", 90 * USEC_MINUTE, "000000013000000R" },
        { "relative", 200 * USEC_MS, "000000000001000R" },
        { "relative", USEC_NEVER, "" },
        { "absolute", 90 * USEC_MINUTE, "261121133000000+" },
        { "absolute", 0, "261121120001000+" },
        { "absolute", USEC_NEVER, "" },
        { "none", USEC_MINUTE, "" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct outgoing_writer w = { 0 };
        struct outgoing o = message("Hello", 1);
        struct carrier_options c = { 0 };
        struct smpp_sm sm;
        strv_copy(strv_from(ROWS[i].how), c.validity, sizeof c.validity);
        assert_int_equal(outgoing_split(&w, &o, PLAIN), OUTGOING_SPLIT);
        outgoing_fill(&w, &o, &c, 0, ROWS[i].left, T0, &sm);
        assert_true(strv_eq_c(sm.validity_period, ROWS[i].text));
        outgoing_writer_free(&w);
    }
}

static void a_short_text_is_one_plain_part(void **state)
{
    (void)state;
    struct outgoing_writer w = { 0 };
    struct outgoing o = message("Hello", 1);
    struct carrier_options c = { .validity = "relative" };
    struct smpp_sm sm;
    assert_int_equal(outgoing_split(&w, &o, PLAIN), OUTGOING_SPLIT);
    assert_int_equal(w.parts.count, 1);
    outgoing_fill(&w, &o, &c, 0, 90 * USEC_MINUTE, T0, &sm);
    assert_true(strv_eq_c(sm.destination_addr, "447700900001"));
    assert_int_equal(sm.dest_addr_ton, 1);
    assert_true(strv_eq_c(sm.source_addr, "TESSERA"));
    assert_int_equal(sm.source_addr_ton, 5);
    assert_int_equal(sm.esm_class, 0);
    assert_int_equal(sm.registered_delivery, SMPP_REGISTERED_FINAL);
    assert_true(strv_eq_c(sm.short_message, "Hello"));
    assert_true(strv_eq_c(sm.validity_period, "000000013000000R"));
    outgoing_fill(&w, &o, &c, 0, USEC_NEVER, T0, &sm);
    assert_int_equal(sm.validity_period.n, 0);
    outgoing_writer_free(&w);
}

/* What a carrier wants, and how it is told: octets of the text, header, TLVs. */
static void long_texts_go_as_the_carrier_wants_them(void **state)
{
    static const struct {
        struct parts_options style;
        const char *text; /* twenty times */
        unsigned parts, esm_class, data_coding, n_tlvs;
        const char *header; /* of the first, hexadecimal */
    } rows[] = {
        { { .mode = PARTS_UDH8 }, "abcdefghij", 2, 0x40, 0, 0, "050003340201" },
        { { .mode = PARTS_UDH16 }, "abcdefghij", 2, 0x40, 0, 0, "06080412340201" },
        { { .mode = PARTS_SAR }, "abcdefghij", 2, 0, 0, 3, "" },
        { { .mode = PARTS_PAYLOAD }, "abcdefghij", 1, 0, 0, 1, "" },
        { { .mode = PARTS_UDH8, .languages = SHIFT_BIT(SHIFT_TURKISH) },
          "\u015fabcdefgh",
          2,
          0x40,
          0,
          0,
          NULL },
        { { .mode = PARTS_UDH8 }, "\u015fabcdefgh", 3, 0x40, 8, 0, "050003340301" },
        { { .mode = PARTS_UDH8, .translit = TRANSLIT_FULL },
          "\u015fabcdefgh",
          2,
          0x40,
          0,
          0,
          "050003340201" },
        { { .mode = PARTS_UDH8, .latin1 = true }, "\u00e3abcdefgh", 2, 0x40, 3, 0, "050003340201" },
        { { .mode = PARTS_UDH8, .wire = ALPHABET_LATIN1 }, "\u00e9abcdefgh", 2, 0x40, 0, 0, "050003340201" },
    };
    (void)state;
    struct outgoing_writer w = { 0 };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[20 * 12 + 1] = "", hex[32] = "";
        for (int k = 0; k < 20; k++) {
            strcat(text, rows[i].text);
        }
        struct parts_estimate e = parts_plan(strv_from(text), &rows[i].style);
        struct outgoing o = message(text, e.parts);
        struct carrier_options c = { .validity = "none" };
        struct smpp_sm sm;
        assert_int_equal(e.parts, rows[i].parts);
        o.m.reference = 0x1234;
        o.m.plan = e.parts > 1 ? style_plan(&rows[i].style, &e) : 0;
        assert_int_equal(outgoing_split(&w, &o, rows[i].style), OUTGOING_SPLIT);
        outgoing_fill(&w, &o, &c, 0, USEC_NEVER, T0, &sm);
        assert_int_equal(sm.esm_class, rows[i].esm_class);
        assert_int_equal(sm.data_coding, rows[i].data_coding);
        assert_int_equal(w.n_tlvs, rows[i].n_tlvs);
        for (size_t k = 0; rows[i].header && k < strlen(rows[i].header) / 2; k++) {
            snprintf(hex + 2 * k, 3, "%02x", (unsigned char)sm.short_message.p[k]);
        }
        if (rows[i].header) {
            assert_string_equal(hex, rows[i].header);
        }
        if (rows[i].style.mode == PARTS_SAR) {
            assert_int_equal(w.tlvs[0].tag, SMPP_TLV_sar_msg_ref_num);
            assert_memory_equal(w.tlvs[0].value.p, "\x12\x34", 2);
            assert_memory_equal(w.tlvs[1].value.p, "\x02", 1);
            assert_memory_equal(w.tlvs[2].value.p, "\x01", 1);
            outgoing_fill(&w, &o, &c, 1, USEC_NEVER, T0, &sm);
            assert_int_equal(w.n_tlvs, 3);
            assert_memory_equal(w.tlvs[2].value.p, "\x02", 1);
        }
        if (rows[i].style.mode == PARTS_PAYLOAD) {
            assert_int_equal(w.tlvs[0].tag, SMPP_TLV_message_payload);
            assert_true(strv_eq_c(w.tlvs[0].value, text));
            assert_int_equal(sm.short_message.n, 0);
        }
    }
    outgoing_writer_free(&w);
}

/* A reload changes how the carrier wants its parts, while the message waits: it is planned again, unless
 * parts of it were taken, which the others must fit to. */
static void a_message_is_planned_again_until_a_part_was_taken(void **state)
{
    static const struct {
        enum parts_mode then, now;
        unsigned n; /* octets of text */
        bool taken;
        enum outgoing_split want;
        unsigned parts;
    } rows[] = {
        { PARTS_UDH8, PARTS_UDH8, 306, false, OUTGOING_SPLIT, 2 },
        { PARTS_UDH8, PARTS_UDH16, 306, false, OUTGOING_OTHER, 3 },
        { PARTS_UDH8, PARTS_UDH16, 300, false, OUTGOING_OTHER, 2 }, /* as many, but cut elsewhere */
        { PARTS_UDH8, PARTS_PAYLOAD, 306, false, OUTGOING_OTHER, 1 },
        { PARTS_PAYLOAD, PARTS_UDH8, 306, false, OUTGOING_OTHER, 2 },
        { PARTS_UDH8, PARTS_UDH16, 100, false, OUTGOING_SPLIT, 1 },
        { PARTS_UDH8, PARTS_UDH16, 306, true, OUTGOING_SPLIT, 2 },
        { PARTS_UDH16, PARTS_PAYLOAD, 306, true, OUTGOING_SPLIT, 3 },
    };
    (void)state;
    struct outgoing_writer w = { 0 };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[310] = "";
        memset(text, 'a', rows[i].n);
        struct parts_options then = { .mode = rows[i].then }, now = { .mode = rows[i].now };
        struct parts_estimate e = parts_plan(strv_from(text), &then);
        struct outgoing o = message(text, e.parts);
        o.m.plan = e.parts > 1 ? style_plan(&then, &e) : 0;
        o.m.reference = 7;
        o.parts_done[0] = rows[i].taken;
        assert_int_equal(outgoing_split(&w, &o, now), rows[i].want);
        assert_int_equal(w.parts.count, rows[i].parts);
        if (rows[i].taken) {
            assert_int_equal(w.parts.mode, rows[i].then);
            assert_int_equal(w.parts.reference, 7);
        }
    }
    outgoing_writer_free(&w);
}

/* Whatever was chosen, the plan that is stored makes the same octets again. */
static void a_plan_makes_the_same_parts_again(void **state)
{
    static const char *const TEXTS[] = {
        "plain [text] with {escapes} \u20ac",
        "\u015fu \u0131\u011f\u0130 g\u00fczel",
        "\u2018quoted\u2019 \u2014 and more\u2026",
        "\u0928\u092e\u0938\u094d\u0924\u0947 \u0926\u0941\u0928\u093f\u092f\u093e",
        "mixed \U0001f600\u200d\U0001f4bb \u4f60\u597d",
        "n\u00e3o \u00e9 poss\u00edvel",
        "\u041f\u0440\u0438\u0432\u0435\u0442"
    };
    (void)state;
    struct outgoing_writer w = { 0 };
    struct buf first = { 0 };
    for (size_t i = 0; i < 7 * 4 * 3 * 2 * 2 * 2; i++) {
        char text[1200] = "";
        struct parts_options s = { .mode = (enum parts_mode)(i / 7 % 4),
                                   .translit = (enum translit_level)(i / 28 % 3),
                                   .languages = i / 84 % 2 ? SHIFT_ALL : 0,
                                   .packed = i / 168 % 2,
                                   .latin1 = i / 336 % 2 };
        while (strlen(text) < 500) {
            strcat(text, TEXTS[i % 7]);
        }
        struct parts_estimate e = parts_plan(strv_from(text), &s);
        struct outgoing o = message(text, e.parts);
        if (e.parts == 1) {
            continue; /* a payload: of one part no plan is kept */
        }
        o.m.plan = style_plan(&s, &e);
        assert_int_equal(outgoing_split(&w, &o, s), OUTGOING_SPLIT);
        buf_clear(&first);
        buf_put(&first, w.parts.octets.data, w.parts.octets.len);
        o.parts_done[0] = 1;
        assert_int_equal(outgoing_split(&w, &o, PLAIN), OUTGOING_SPLIT);
        assert_int_equal(w.parts.octets.len, first.len);
        assert_memory_equal(w.parts.octets.data, first.data, first.len);
        assert_int_equal(w.parts.count, e.parts);
    }
    buf_free(&first);
    outgoing_writer_free(&w);
}

static void the_words_of_a_style_are_checked(void **state)
{
    static const struct {
        struct carrier_options c;
        const char *error; /* "": fine */
    } rows[] = {
        { { .long_messages = "" }, "" },
        { { .long_messages = "sar",
            .transliteration = "full",
            .languages = " tr, hi ,turkish,",
            .packed = true },
          "" },
        { { .languages = "all" }, "" },
        { { .languages = "tr,de" }, "\"de\" is no language" },
        { { .languages = "tr", .alphabet = "latin1" }, "languages needs alphabet = \"gsm7\"" },
        { { .packed = true, .alphabet = "ascii" }, "packed needs alphabet" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct parts_options o;
        struct err e = { 0 };
        assert_int_equal(style_of(&rows[i].c, &o, &e), rows[i].error[0] == 0);
        assert_non_null(strstr(e.text, rows[i].error));
    }
    struct parts_options o;
    assert_true(style_of(&rows[1].c, &o, NULL));
    assert_int_equal(o.languages, SHIFT_BIT(SHIFT_TURKISH) | SHIFT_BIT(SHIFT_HINDI));
    assert_int_equal(o.mode, PARTS_SAR);
}

static void a_long_text_carries_the_same_reference_each_time(void **state)
{
    (void)state;
    char text[301];
    memset(text, 'a', 300);
    text[300] = 0;
    struct outgoing_writer w = { 0 };
    struct outgoing o = message(text, 2);
    struct carrier_options c = { .validity = "none" };
    struct parts_estimate e = parts_plan(o.m.text, &PLAIN);
    o.m.plan = style_plan(&PLAIN, &e);
    o.m.reference = 300;
    struct smpp_sm sm;
    char first[2][6];
    for (int round = 0; round < 2; round++) { /* the second is after a restart */
        assert_int_equal(outgoing_split(&w, &o, PLAIN), OUTGOING_SPLIT);
        assert_int_equal(w.parts.count, 2);
        for (unsigned i = 0; i < 2; i++) {
            outgoing_fill(&w, &o, &c, i, USEC_NEVER, T0, &sm);
            assert_int_equal(sm.esm_class, SMPP_ESM_UDHI);
            if (round == 0) {
                memcpy(first[i], sm.short_message.p, 6);
            } else {
                assert_memory_equal(first[i], sm.short_message.p, 6);
            }
            assert_int_equal(sm.short_message.p[5], (int)i + 1);
        }
    }
    outgoing_writer_free(&w);
}

static void parts_that_were_taken_are_not_sent_again(void **state)
{
    (void)state;
    struct outgoing o = message("x", 40);
    assert_int_equal(outgoing_parts_left(&o), 40);
    o.parts_done[0] = 0x80000001;
    o.parts_done[1] = 1;
    assert_int_equal(outgoing_parts_left(&o), 37);
    assert_true(outgoing_part_done(&o, 0));
    assert_true(outgoing_part_done(&o, 31));
    assert_true(outgoing_part_done(&o, 32));
    assert_false(outgoing_part_done(&o, 33));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_carrier_is_told_until_when_as_it_wants_it),
        cmocka_unit_test(a_short_text_is_one_plain_part),
        cmocka_unit_test(long_texts_go_as_the_carrier_wants_them),
        cmocka_unit_test(a_message_is_planned_again_until_a_part_was_taken),
        cmocka_unit_test(a_plan_makes_the_same_parts_again),
        cmocka_unit_test(the_words_of_a_style_are_checked),
        cmocka_unit_test(a_long_text_carries_the_same_reference_each_time),
        cmocka_unit_test(parts_that_were_taken_are_not_sent_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
