/* What a client may ask about a message it submitted, and when it is refused: SMPP 3.4 §4.8 to §4.10. */
#include "world.h"

#include "simulator/kept.h"

#define LATER (3600 * USEC_SEC) /* as receipt_delay: not within a test */

/* As esme_submit_text() sends it. */
static void ask(struct world *w, struct esme *e, uint32_t command, const char *id, const char *from,
                const char *text)
{
    struct smpp_pdu p;
    unsigned before = e->responses;
    uint8_t ton = strcmp(from, "TESSERA") == 0 ? 5 : 1;
    smpp_pdu_init(&p, command, 0, 0);
    if (command == SMPP_CMD(query_sm)) {
        p.query_sm.message_id = strv_from(id);
        p.query_sm.source_addr_ton = ton;
        p.query_sm.source_addr = strv_from(from);
    } else if (command == SMPP_CMD(cancel_sm)) {
        p.cancel_sm.message_id = strv_from(id);
        p.cancel_sm.source_addr_ton = ton;
        p.cancel_sm.source_addr = strv_from(from);
    } else {
        p.replace_sm.message_id = strv_from(id);
        p.replace_sm.source_addr_ton = ton;
        p.replace_sm.source_addr = strv_from(from);
        p.replace_sm.registered_delivery = 1;
        p.replace_sm.short_message = strv_from(text);
    }
    assert_int_not_equal(session_submit(e->session, &p, ESME_KEPT, loop_now(w->loop)), 0);
    esme_flush(e);
    ESME_UNTIL(w->loop, e->responses == before + 1);
}

static struct esme *begin_with_one(struct world *w)
{
    struct esme *e = begin(w);
    esme_submit(e, 1);
    ESME_UNTIL(w->loop, e->responses == 1);
    return e;
}

static void end(struct world *w, struct esme *e)
{
    esme_free(e);
    simulator_free(w->sim);
    w->sim = NULL;
}

static void a_query_tells_the_state_in_every_form_of_id(void **state)
{
    static const struct {
        const char *outcomes;
        enum messageid_form form;
        unsigned state, error;
    } rows[] = { { "delivered=1", MESSAGEID_HEX, SMPP_STATE_DELIVERED, 0 },
                 { "undelivered=1", MESSAGEID_DECIMAL, SMPP_STATE_UNDELIVERABLE, 27 },
                 { "expired=1", MESSAGEID_UUID, SMPP_STATE_EXPIRED, 31 } };
    struct world *w = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_true(outcomes_parse(strv_from(rows[i].outcomes), &w->o.outcomes, NULL));
        w->o.id_form = w->o.receipt_id_form = rows[i].form;
        w->o.receipt_delay = LATER;
        struct esme *e = begin_with_one(w);
        ask(w, e, SMPP_CMD(query_sm), e->ids[0], "TESSERA", NULL);
        assert_int_equal(e->last_status, SMPP_ESME_ROK);
        assert_int_equal(e->asked_state, SMPP_STATE_ENROUTE);
        assert_string_equal(e->asked_date, "");
        end(w, e);
        w->o.receipt_delay = 0;
        e = begin_with_one(w);
        ESME_UNTIL(w->loop, e->receipts == 1);
        ask(w, e, SMPP_CMD(query_sm), e->ids[0], "TESSERA", NULL);
        assert_int_equal(e->asked_state, rows[i].state);
        assert_int_equal(e->asked_error, rows[i].error);
        assert_int_equal(strlen(e->asked_date), 16);
        end(w, e);
    }
}

static void a_message_without_its_final_state_can_be_cancelled_once(void **state)
{
    struct world *w = *state;
    w->o.receipt_delay = LATER;
    w->o.reply_rate = 1;
    w->o.reply_texts[w->o.reply_count++] = "YES";
    struct esme *e = begin_with_one(w);
    assert_int_equal(st(w)->waiting, 2); /* the receipt and the reply */
    ask(w, e, SMPP_CMD(cancel_sm), e->ids[0], "TESSERA", NULL);
    assert_int_equal(e->last_status, SMPP_ESME_ROK);
    ESME_UNTIL(w->loop, e->receipts == 1 && st(w)->waiting == 0);
    assert_int_equal(e->got[0].state, SMPP_STATE_DELETED);
    assert_string_equal(e->got[0].id, e->ids[0]);
    ask(w, e, SMPP_CMD(query_sm), e->ids[0], "TESSERA", NULL);
    assert_int_equal(e->asked_state, SMPP_STATE_DELETED);
    ask(w, e, SMPP_CMD(cancel_sm), e->ids[0], "TESSERA", NULL);
    assert_int_equal(e->last_status, SMPP_ESME_RCANCELFAIL);
    assert_int_equal(st(w)->receipts_made, 1);
    assert_int_equal(st(w)->inbound_made, 0);
    esme_free(e);
}

static void a_message_without_its_final_state_can_be_replaced(void **state)
{
    struct world *w = *state;
    w->o.receipt_delay = 300 * USEC_MS;
    struct esme *e = begin_with_one(w);
    ask(w, e, SMPP_CMD(replace_sm), e->ids[0], "TESSERA", "at eight");
    assert_int_equal(e->last_status, SMPP_ESME_ROK);
    assert_int_equal(st(w)->receipts_made, 1);
    ESME_UNTIL(w->loop, e->receipts == 1);
    assert_int_equal(e->got[0].state, SMPP_STATE_DELIVERED);
    assert_non_null(strstr(e->receipt, "at eight"));
    ask(w, e, SMPP_CMD(replace_sm), e->ids[0], "TESSERA", "at nine");
    assert_int_equal(e->last_status, SMPP_ESME_RREPLACEFAIL);
    esme_free(e);
}

static void whose_it_is_not_is_refused(void **state)
{
    static const struct {
        uint32_t command, status;
    } rows[] = { { SMPP_CMD(query_sm), SMPP_ESME_RQUERYFAIL },
                 { SMPP_CMD(cancel_sm), SMPP_ESME_RCANCELFAIL },
                 { SMPP_CMD(replace_sm), SMPP_ESME_RREPLACEFAIL } };
    struct world *w = *state;
    struct session_options other = { .system_id = STRV("other"), .window = 100 };
    w->o.receipt_delay = LATER;
    struct esme *e = begin_with_one(w), *o = esme_connect(w->loop, simulator_port(w->sim), &other, NULL);
    ESME_UNTIL(w->loop, o->bound);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct {
            struct esme *who;
            const char *id, *from;
        } tries[] = { { o, e->ids[0], "TESSERA" }, /* of another client */
                      { e, e->ids[0], "447700900555" },
                      { e, "1", "TESSERA" },
                      { e, "no number", "TESSERA" } };
        for (size_t t = 0; t < sizeof tries / sizeof *tries; t++) {
            ask(w, tries[t].who, rows[i].command, tries[t].id, tries[t].from, "x");
            assert_int_equal(tries[t].who->last_status, rows[i].status);
        }
    }
    ask(w, e, SMPP_CMD(query_sm), e->ids[0], "TESSERA", NULL);
    assert_int_equal(e->asked_state, SMPP_STATE_ENROUTE);
    esme_free(o);
    esme_free(e);
}

static void the_oldest_are_forgotten(void **state)
{
    struct kept k;
    (void)state;
    assert_true(kept_init(&k));
    for (uint64_t id = 1; id <= KEPT_MAX + 1; id++)
        kept_put(&k, &(struct kept_message){ .id = id, .state = SMPP_STATE_DELIVERED });
    const struct {
        const char *id;
        bool kept;
    } rows[] = { { "1", false },  { "2", true },  { "65537", true }, { "65538", false },
                 { "02", false }, { "0", false }, { "", false } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(kept_find(&k, MESSAGEID_DECIMAL, strv_from(rows[i].id)) != NULL, rows[i].kept);
    kept_free(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_query_tells_the_state_in_every_form_of_id, setup, teardown),
        cmocka_unit_test_setup_teardown(a_message_without_its_final_state_can_be_cancelled_once, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_message_without_its_final_state_can_be_replaced, setup, teardown),
        cmocka_unit_test_setup_teardown(whose_it_is_not_is_refused, setup, teardown),
        cmocka_unit_test(the_oldest_are_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
