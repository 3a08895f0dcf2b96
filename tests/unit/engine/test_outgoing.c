#include "engine/outgoing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
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
        assert_true(outgoing_split(&w, &o, &c));
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
    assert_true(outgoing_split(&w, &o, &c));
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

/* A reload changes how the carrier wants its parts, in the middle of a message: answers are counted against
 * the parts it was accepted with. */
static void a_message_keeps_its_number_of_parts(void **state)
{
    static const struct {
        bool udh16;
        unsigned parts;
        bool fits;
    } rows[] = {
        { false, 2, true }, { true, 2, true }, { false, 3, true }, { true, 3, true }, { false, 4, false },
    };
    char text[307] = "";
    memset(text, 'a', sizeof text - 1); /* 2 x 153, or 3 x 152 at most */
    (void)state;
    struct outgoing_writer w = { 0 };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct outgoing o = message(text, rows[i].parts);
        struct carrier_options c = { .udh16 = rows[i].udh16 };
        assert_int_equal(outgoing_split(&w, &o, &c), rows[i].fits);
        if (rows[i].fits) {
            assert_int_equal(w.parts.count, rows[i].parts);
        }
    }
    outgoing_writer_free(&w);
}

static void a_long_text_carries_the_same_reference_each_time(void **state)
{
    (void)state;
    char text[301];
    memset(text, 'a', 300);
    text[300] = 0;
    struct outgoing_writer w = { 0 };
    struct outgoing o = message(text, 2);
    struct carrier_options c = { .udh16 = false };
    struct smpp_sm sm;
    char first[2][6];
    for (int round = 0; round < 2; round++) { /* the second is after a restart */
        assert_true(outgoing_split(&w, &o, &c));
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
        cmocka_unit_test(a_message_keeps_its_number_of_parts),
        cmocka_unit_test(a_long_text_carries_the_same_reference_each_time),
        cmocka_unit_test(parts_that_were_taken_are_not_sent_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
