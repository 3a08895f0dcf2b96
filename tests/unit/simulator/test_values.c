/* The small parsers and writers of the simulator: numbers, outcomes, faults, ids, addresses, command line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "simulator/delivery.h"
#include "simulator/number.h"
#include "simulator/options.h"

static void durations_have_units(void **state)
{
    static const struct {
        const char *text;
        usec_t t; /* -1: none */
    } rows[] = { { "0", 0 },
                 { "2", 2 * USEC_SEC },
                 { "1.5s", 1500 * USEC_MS },
                 { "200ms", 200 * USEC_MS },
                 { "30us", 30 },
                 { "2m", 2 * USEC_MINUTE },
                 { "1h", USEC_HOUR },
                 { "", -1 },
                 { "ms", -1 },
                 { "-1s", -1 },
                 { "1 s", -1 },
                 { "1e3s", -1 },
                 { "1.2.3s", -1 },
                 { "99999999h", -1 },
                 { ".5s", -1 } };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        usec_t t = 7;
        assert_int_equal(number_parse_duration(strv_from(rows[i].text), &t), rows[i].t >= 0);
        if (rows[i].t >= 0)
            assert_int_equal(t, rows[i].t);
    }
}

static void outcomes_need_names_and_weights(void **state)
{
    static const struct {
        const char *text, *error;
    } rows[] = {
        { "delivered=90,undelivered=6,expired=2,rejected=2", NULL },
        { "deleted=0.5,unknown=1", NULL },
        { "", "outcomes need a weight above 0" },
        { "delivered=0", "outcomes need a weight above 0" },
        { "delivered", "the weight of delivered is no number" },
        { "delivered=-1", "the weight of delivered is no number" },
        { "enroute=1", "no such outcome: \"enroute\"" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct outcomes o;
        struct err err = { 0 };
        assert_int_equal(outcomes_parse(strv_from(rows[i].text), &o, &err), rows[i].error == NULL);
        if (rows[i].error)
            assert_string_equal(err.text, rows[i].error);
    }
}

static void an_outcome_of_weight_0_never_comes(void **state)
{
    struct outcomes o;
    struct rnd rnd;
    (void)state;
    rnd_seed(&rnd, 3);
    assert_true(outcomes_parse(STRV("expired=0,delivered=3,rejected=0,unknown=1"), &o, NULL));
    for (int i = 0; i < 10000; i++) {
        unsigned picked = outcomes_pick(&o, &rnd);
        assert_true(picked == SMPP_STATE_DELIVERED || picked == SMPP_STATE_UNKNOWN);
    }
}

static void faults_are_named(void **state)
{
    struct faults f;
    struct err err = { 0 };
    (void)state;
    assert_true(faults_parse(STRV("reset=0.001,lost-response=1"), &f, &err));
    assert_true(f.p[FAULT_RESET] > 0.0009 && f.p[FAULT_RESET] < 0.0011);
    assert_true(f.p[FAULT_LOST_RESPONSE] == 1);
    assert_true(f.p[FAULT_GARBAGE] == 0);
    assert_true(faults_parse(STRV("none"), &f, &err));
    assert_true(f.p[FAULT_RESET] == 0);
    assert_false(faults_parse(STRV("fire=1"), &f, &err));
    assert_string_equal(err.text, "no such fault: \"fire\"");
    assert_false(faults_parse(STRV("reset=1.5"), &f, &err));
    for (unsigned i = 0; i < FAULT_COUNT; i++)
        assert_true(faults_name(i) && faults_help(i));
}

static void ids_have_the_form_asked_for(void **state)
{
    (void)state;
    assert_string_equal(messageid_format(MESSAGEID_HEX, 0x6b0225b900001).s, "6b0225b900001");
    assert_string_equal(messageid_format(MESSAGEID_DECIMAL, 1882485012398081).s, "1882485012398081");
    struct messageid a = messageid_format(MESSAGEID_UUID, 1), b = messageid_format(MESSAGEID_UUID, 2);
    assert_int_equal(strlen(a.s), 36);
    assert_int_equal(a.s[14], '8');
    assert_string_not_equal(a.s, b.s);
    assert_string_equal(a.s, messageid_format(MESSAGEID_UUID, 1).s);
    assert_true(strlen(messageid_format(MESSAGEID_DECIMAL, UINT64_MAX).s) == 20);
}

static void addresses_get_their_type_of_number(void **state)
{
    static const struct {
        const char *text;
        int ton, npi; /* -1: none */
        const char *digits;
    } rows[] = { { "+447700900123", 1, 1, "447700900123" },
                 { "447700900123", 1, 1, "447700900123" },
                 { "80800", 3, 0, "80800" },
                 { "TESSERA", 5, 0, "TESSERA" },
                 { "", -1, 0, NULL },
                 { "+", -1, 0, NULL },
                 { "+TESSERA", -1, 0, NULL },
                 { "123456789012345678901", -1, 0, NULL } };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct delivery_address a;
        assert_int_equal(delivery_address_parse(strv_from(rows[i].text), &a), rows[i].ton >= 0);
        if (rows[i].ton < 0)
            continue;
        assert_int_equal(a.ton, rows[i].ton);
        assert_int_equal(a.npi, rows[i].npi);
        assert_string_equal(a.digits, rows[i].digits);
    }
}

static bool parse(struct options *o, struct err *err, const char *const *words)
{
    static char text[512];
    char *argv[16] = { text };
    size_t used = 0;
    int argc = 1;
    for (; *words; words++) {
        argv[argc++] = text + used;
        used += (size_t)snprintf(text + used, sizeof text - used, "%s", *words) + 1;
    }
    return options_parse(argc, argv, o, err);
}

static void the_command_line_is_understood(void **state)
{
    static const char *const words[] = { "--listen=[::1]:0",
                                         "--system-id",
                                         "acme",
                                         "--throttle-rate",
                                         "500",
                                         "--receipt-delay",
                                         "1.5s",
                                         "--interface-version=5.0",
                                         "--reply-rate=0.1",
                                         "--reply-text",
                                         "LUNCH sushi",
                                         "--quiet",
                                         "--outcomes=expired=1",
                                         NULL };
    struct options o;
    struct err err = { 0 };
    (void)state;
    if (!parse(&o, &err, words))
        fail_msg("%s", err.text);
    assert_string_equal(o.sim.listen, "[::1]:0");
    assert_string_equal(o.sim.system_id, "acme");
    assert_int_equal(o.sim.throttle_rate, 500);
    assert_int_equal(o.sim.receipt_delay, 1500 * USEC_MS);
    assert_int_equal(o.sim.version, SMPP_V50);
    assert_string_equal(o.sim.reply_texts[0], "LUNCH sushi");
    assert_true(o.quiet);
    assert_int_equal(o.sim.outcomes.state[0], SMPP_STATE_EXPIRED);
    assert_int_equal(o.sim.window, 100);
}

static void a_wrong_command_line_is_named(void **state)
{
    static const struct {
        const char *words[4], *error;
    } rows[] = {
        { { "--lisen", "x" }, "no such option: --lisen; did you mean --listen?" },
        { { "--quite-something-else" }, "no such option: --quite-something-else" },
        { { "listen" }, "what is \"listen\"? Options begin with --" },
        { { "--" }, "what is \"--\"? Options begin with --" },
        { { "--seed" }, "--seed needs a value: N" },
        { { "--seed", "x" }, "--seed x: is no number, or too large" },
        { { "--quiet=yes" }, "--quiet takes no value" },
        { { "--receipt-delay=soon" }, "--receipt-delay soon: is no duration such as 200ms, 1.5s, 2m" },
        { { "--interface-version=4.0" }, "--interface-version 4.0: is none of 3.3, 3.4, 5.0" },
        { { "--receipts=some" }, "--receipts some: is none of requested, always, never" },
        { { "--message-id-form=roman" }, "--message-id-form roman: is none of hex, decimal, uuid" },
        { { "--reply-rate=2" }, "--reply-rate 2: is no probability from 0 to 1" },
        { { "--reply-rate=0.5" }, "--reply-rate needs --reply-text" },
        { { "--tls-key=x" }, "--tls-key needs --tls-cert" },
        { { "--smsc-id=0123456789abcdef" }, "--smsc-id: at most 15 characters" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct options o;
        struct err err = { 0 };
        assert_false(parse(&o, &err, rows[i].words));
        assert_string_equal(err.text, rows[i].error);
    }
}

static void the_help_names_everything(void **state)
{
    struct buf b = { 0 };
    (void)state;
    options_put_help(&b);
    const char *const must[] = { "--listen", "--fault", "lost-response", "inbound", "Exit status" };
    for (size_t i = 0; i < sizeof must / sizeof *must; i++)
        assert_non_null(strstr(buf_cstr(&b), must[i]));
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_have_units),
        cmocka_unit_test(outcomes_need_names_and_weights),
        cmocka_unit_test(an_outcome_of_weight_0_never_comes),
        cmocka_unit_test(faults_are_named),
        cmocka_unit_test(ids_have_the_form_asked_for),
        cmocka_unit_test(addresses_get_their_type_of_number),
        cmocka_unit_test(the_command_line_is_understood),
        cmocka_unit_test(a_wrong_command_line_is_named),
        cmocka_unit_test(the_help_names_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
