/* The life of a message as a table: every move that is allowed, and that no other is. */
#include "domain/message.h"
#include "support.h"

/* Rows: from; columns: to. '+' allowed. */
static const struct {
    enum message_state from;
    const char *to; /* held ready in_flight uncertain sent | delivered undeliverable expired rejected deleted
                     * unknown failed suppressed cancelled */
} moves[] = {
    /*                      hrius deriux fsc: see `columns` */
    { MESSAGE_NONE, "+++-- --+--- +++" },      { MESSAGE_HELD, "-+--- --+--- +++" },
    { MESSAGE_READY, "+-+-- --+--- +++" },     { MESSAGE_IN_FLIGHT, "++-++ --+--- +++" },
    { MESSAGE_UNCERTAIN, "++--+ ++++++ +++" }, { MESSAGE_SENT, "----- ++++++ ---" },
    { MESSAGE_DELIVERED, "----- ------ ---" }, { MESSAGE_UNDELIVERABLE, "----- ------ ---" },
    { MESSAGE_EXPIRED, "----- ------ ---" },   { MESSAGE_REJECTED, "----- ------ ---" },
    { MESSAGE_DELETED, "----- ------ ---" },   { MESSAGE_UNKNOWN, "----- +++++- ---" },
    { MESSAGE_FAILED, "----- ------ ---" },    { MESSAGE_SUPPRESSED, "----- ------ ---" },
    { MESSAGE_CANCELLED, "----- ------ ---" },
};

static const enum message_state columns[] = {
    MESSAGE_HELD,      MESSAGE_READY,         MESSAGE_IN_FLIGHT,  MESSAGE_UNCERTAIN, MESSAGE_SENT,
    MESSAGE_DELIVERED, MESSAGE_UNDELIVERABLE, MESSAGE_EXPIRED,    MESSAGE_REJECTED,  MESSAGE_DELETED,
    MESSAGE_UNKNOWN,   MESSAGE_FAILED,        MESSAGE_SUPPRESSED, MESSAGE_CANCELLED,
};

static void moves_are_those_of_the_table(void **state)
{
    (void)state;
    assert_int_equal(COUNT(moves), MESSAGE_STATE_COUNT);
    assert_int_equal(COUNT(columns), MESSAGE_STATE_COUNT - 1);
    for (size_t i = 0; i < COUNT(moves); i++) {
        const char *c = moves[i].to;
        for (size_t k = 0; k < COUNT(columns); k++, c++) {
            c += *c == ' ';
            expect(message_move_allowed(moves[i].from, columns[k]) == (*c == '+'), "%s to %s",
                   message_state_name(moves[i].from), message_state_name(columns[k]));
        }
        assert_false(message_move_allowed(moves[i].from, MESSAGE_NONE));
        assert_false(message_move_allowed(moves[i].from, moves[i].from));
        /* UNKNOWN is an end, but gives way to what a later receipt knows */
        bool final = strchr(moves[i].to, '+') == NULL || moves[i].from == MESSAGE_UNKNOWN;
        assert_int_equal(message_state_final(moves[i].from), final);
        assert_int_equal(message_state_settled(moves[i].from), final || moves[i].from == MESSAGE_SENT);
    }
    assert_false(message_move_allowed(MESSAGE_STATE_COUNT, MESSAGE_HELD));
    assert_false(message_move_allowed(MESSAGE_HELD, MESSAGE_STATE_COUNT));
}

static void names_and_back(void **state)
{
    (void)state;
    for (unsigned i = 0; i < MESSAGE_STATE_COUNT; i++) {
        enum message_state s;
        assert_true(message_state_parse(strv_from(message_state_name((enum message_state)i)), &s));
        assert_int_equal(s, i);
    }
    for (unsigned i = 0; i < CLASS_COUNT; i++) {
        enum message_class c;
        assert_true(message_class_parse(strv_from(message_class_name((enum message_class)i)), &c));
        assert_int_equal(c, i);
    }
    enum message_state s;
    enum message_class c;
    assert_true(message_class_parse(STRV("Promotional"), &c) && c == CLASS_PROMOTIONAL);
    assert_false(message_class_parse(STRV("promo"), &c));
    assert_false(message_state_parse(STRV(""), &s));
    assert_string_equal(message_state_name(MESSAGE_IN_FLIGHT), "in_flight");
    assert_string_equal(message_state_name(MESSAGE_STATE_COUNT), "?");
    assert_string_equal(message_reason_name(REASON_NO_CLOCK), "no_clock");
    for (unsigned i = 1; i < REASON_COUNT; i++) {
        assert_true(strlen(message_reason_text((enum message_reason)i)) > 5);
    }
    assert_string_equal(message_reason_name(REASON_COUNT), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moves_are_those_of_the_table),
        cmocka_unit_test(names_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
