#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "session/rules.h"

#define TX  SESSION_TRANSMITTER
#define RX  SESSION_RECEIVER
#define TRX SESSION_TRANSCEIVER

/* SMPP 3.4 §2.3, table 2-1: E for the ESME, S for the SMSC, on a transmitter, receiver and transceiver. */
static const struct {
    uint32_t command;
    enum rules_kind kind;
    const char *tx, *rx, *trx;
} table[] = {
    { SMPP_CMD(submit_sm), RULES_BUSINESS, "E", "", "E" },
    { SMPP_CMD(submit_multi), RULES_BUSINESS, "E", "", "E" },
    { SMPP_CMD(data_sm), RULES_BUSINESS, "E", "S", "ES" },
    { SMPP_CMD(deliver_sm), RULES_BUSINESS, "", "S", "S" },
    { SMPP_CMD(query_sm), RULES_BUSINESS, "E", "", "E" },
    { SMPP_CMD(cancel_sm), RULES_BUSINESS, "E", "", "E" },
    { SMPP_CMD(replace_sm), RULES_BUSINESS, "E", "", "E" },
    { SMPP_CMD(alert_notification), RULES_NOTICE, "", "S", "S" },
    { SMPP_CMD(broadcast_sm), RULES_BUSINESS, "E", "", "E" },
    { SMPP_CMD(query_broadcast_sm), RULES_BUSINESS, "E", "", "E" },
    { SMPP_CMD(cancel_broadcast_sm), RULES_BUSINESS, "E", "", "E" },
    { SMPP_CMD(bind_receiver), RULES_BIND, "", "", "" },
    { SMPP_CMD(outbind), RULES_OUTBIND, "", "", "" },
    { SMPP_CMD(unbind), RULES_UNBIND, "", "", "" },
    { SMPP_CMD(enquire_link), RULES_ENQUIRE, "", "", "" },
    { SMPP_CMD(submit_sm_resp), RULES_UNKNOWN, "", "", "" },
    { SMPP_CMD(generic_nack), RULES_UNKNOWN, "", "", "" },
    { 0x00010200, RULES_UNKNOWN, "", "", "" },
    { 0, RULES_UNKNOWN, "", "", "" },
};

static bool names(const char *who, char one)
{
    for (; *who; who++)
        if (*who == one)
            return true;
    return false;
}

static void requests_are_allowed_as_in_the_specification(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const char *by[] = { [TX] = table[i].tx, [RX] = table[i].rx, [TRX] = table[i].trx };
        assert_int_equal(rules_kind(table[i].command), table[i].kind);
        for (unsigned b = TX; b <= TRX; b++) {
            assert_int_equal(rules_allow(table[i].command, SESSION_CLIENT, b), names(by[b], 'E'));
            assert_int_equal(rules_allow(table[i].command, SESSION_SERVER, b), names(by[b], 'S'));
        }
    }
}

static void every_request_of_the_protocol_has_a_rule(void **state)
{
    (void)state;
    for (size_t i = 0; smpp_command_at(i); i++) {
        uint32_t command = smpp_command_at(i);
        assert_int_equal(rules_kind(command) == RULES_UNKNOWN, (command & SMPP_RESPONSE) != 0);
    }
}

static void binds_go_both_ways(void **state)
{
    (void)state;
    for (unsigned b = TX; b <= TRX; b++)
        assert_int_equal(rules_bind(rules_bind_command(b)), b);
    assert_int_equal(rules_bind_command(TX), SMPP_CMD(bind_transmitter));
    assert_int_equal(rules_bind_command(RX), SMPP_CMD(bind_receiver));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_allowed_as_in_the_specification),
        cmocka_unit_test(every_request_of_the_protocol_has_a_rule),
        cmocka_unit_test(binds_go_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
