/* What comes in: opt-outs, votes, and what customers' records learn. Also what is no good. */
#include "rig.h"

#include "audience/eval.h"
#include "audience/segment.h"

#include <string.h>

#define GB    UINT64_C(447700900001)
#define GB_S  "447700900001"
#define OTHER "447700900002"

/* Delivered, and answered with that status. */
static void inbound(struct rig *r, const char *from, const char *text, uint32_t status)
{
    unsigned acks = r->smsc[0].acks;
    rig_inbound(&r->smsc[0], from, text);
    rig_until(r, r->smsc[0].acks == acks + 1);
    assert_int_equal(r->smsc[0].last_ack, status);
}

static void stop_is_heard_at_once_and_kept(void **state)
{
    struct rig *r = *state;
    rig_start_bound(r);
    inbound(r, GB_S, "Hello there", SMPP_ESME_ROK);
    assert_false(engine_suppressed(r->engine, GB));
    inbound(r, GB_S, " stop ", SMPP_ESME_ROK);
    assert_true(engine_suppressed(r->engine, GB));
    rig_restart(r);
    assert_true(engine_suppressed(r->engine, GB));
    assert_int_equal(rig_send(r, CLASS_PROMOTIONAL, GB, "Offer").err.code, ERR_STATE);
    inbound(r, GB_S, "thank you, start sending again", SMPP_ESME_ROK);
    assert_true(engine_suppressed(r->engine, GB)); /* ordinary messages opt nobody in */
    inbound(r, GB_S, "START", SMPP_ESME_ROK);
    assert_false(engine_suppressed(r->engine, GB));
    rig_restart(r);
    assert_false(engine_suppressed(r->engine, GB));
}

static void the_last_word_counts_however_close(void **state)
{
    struct rig *r = *state;
    rig_start_bound(r);
    inbound(r, GB_S, "STOP", SMPP_ESME_ROK);
    rig_inbound(&r->smsc[0], GB_S, "START"); /* both on their way to the store */
    rig_inbound(&r->smsc[0], GB_S, "STOP");
    rig_until(r, r->smsc[0].acks == 3);
    assert_true(engine_suppressed(r->engine, GB));
    rig_inbound(&r->smsc[0], GB_S, "STOP");
    rig_inbound(&r->smsc[0], GB_S, "START");
    rig_until(r, r->smsc[0].acks == 5);
    assert_false(engine_suppressed(r->engine, GB));
}

static void the_number_is_read_as_carriers_write_it(void **state)
{
    static const char *const forms[] = { "447700900001", "+447700900001", "00447700900001" };
    struct rig *r = *state;
    rig_start_bound(r);
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        inbound(r, forms[i], "STOP", SMPP_ESME_ROK);
        assert_true(engine_suppressed(r->engine, GB));
        inbound(r, forms[i], "START", SMPP_ESME_ROK);
        assert_false(engine_suppressed(r->engine, GB));
    }
}

static void stop_stops_what_is_queued(void **state)
{
    struct rig *r = *state;
    r->carriers[0].rate = 1;
    r->carriers[0].burst = 1;
    rig_start_bound(r);
    for (unsigned i = 0; i < 3; i++) {
        rig_send(r, CLASS_TRANSACTIONAL, GB, "Hello");
    }
    rig_until(r, r->smsc[0].n == 1);
    inbound(r, GB_S, "STOP", SMPP_ESME_ROK);
    rig_until_passing(r, rig_counts(r, 0).by_state[MESSAGE_SUPPRESSED] == 2);
    rig_pass(r, 5 * USEC_SEC);
    assert_int_equal(r->smsc[0].n, 1);
}

static void vote_put(struct rig *r)
{
    const struct vote_spec lunch = { .name = STRV("lunch"),
                                     .keyword = STRV("LUNCH"),
                                     .options = { STRV("PIZZA"), STRV("SUSHI") },
                                     .n_options = 2 };
    rig_vote_put(r, &lunch);
}

static uint64_t tally(struct rig *r, uint64_t counts[2])
{
    struct err e = { 0 };
    struct spool_reader *reader = spool_reader_new(r->engine->spool, &e);
    uint64_t voters = spool_vote_tally(reader, STRV("lunch"), counts, 2);
    spool_reader_free(reader);
    return voters;
}

static void a_vote_counts_once_a_number(void **state)
{
    struct rig *r = *state;
    uint64_t counts[2];
    rig_start_bound(r);
    vote_put(r);
    inbound(r, GB_S, "lunch sushi", SMPP_ESME_ROK);
    inbound(r, OTHER, "LUNCH pizza", SMPP_ESME_ROK);
    inbound(r, GB_S, "lunch pizza", SMPP_ESME_ROK);   /* the first counts */
    inbound(r, GB_S, "lunch burger", SMPP_ESME_ROK);  /* no option */
    inbound(r, "SHOP", "lunch sushi", SMPP_ESME_ROK); /* nobody's number */
    assert_int_equal(tally(r, counts), 2);
    assert_int_equal(counts[0], 1);
    assert_int_equal(counts[1], 1);
    rig_restart(r);
    inbound(r, "447700900003", "lunch 2", SMPP_ESME_ROK);
    assert_int_equal(tally(r, counts), 3);
    assert_int_equal(counts[1], 2);
}

static void a_reply_is_counted_for_its_campaign(void **state)
{
    struct rig *r = *state;
    struct campaign_spec s = rig_spec("spring", "Hello");
    rig_populate_many(r, GB, 3);
    rig_start_bound(r);
    assert_int_equal(rig_add(r, &s).code, ERR_NONE);
    assert_int_equal(rig_act(r, "spring", CAMPAIGN_START).code, ERR_NONE);
    rig_until(r, rig_settled(r, 1) == 3);
    inbound(r, GB_S, "thanks", SMPP_ESME_ROK);
    inbound(r, GB_S, "thanks again", SMPP_ESME_ROK);
    inbound(r, OTHER, "stop", SMPP_ESME_ROK);
    struct spool_counts c = rig_counts(r, 1);
    assert_int_equal(c.replied, 2);
    assert_int_equal(c.opted_out, 1);
}

struct counting {
    const char *query;
    int64_t count;
    bool done;
};

static void counting_run(const struct engine_view *v, void *job)
{
    struct counting *c = job;
    struct err e = { 0 };
    struct query_error qe;
    struct audience_view *av = audience_view_begin(v->audience, &e);
    struct query *q = av ? segment_parse(av, strv_from(c->query), NULL, &qe) : NULL;
    struct eval_options o = { .now = v->now, .zone = v->facts->zone, .zones = v->facts->zones };
    struct audience_set *set = q ? eval_query(av, q, &o, NULL, &e) : NULL;
    c->count = set ? (int64_t)audience_set_count(set) : -1;
    audience_set_free(set);
    query_free(q);
    audience_view_end(av);
}

static void counting_done(void *job)
{
    ((struct counting *)job)->done = true;
}

static int64_t count(struct rig *r, const char *query)
{
    struct counting c = { .query = query };
    struct err e = { 0 };
    assert_true(engine_read(r->engine, counting_run, counting_done, &c, &e));
    rig_until(r, c.done);
    return c.count;
}

static void what_happens_reaches_the_customers_records(void **state)
{
    struct rig *r = *state;
    struct campaign_spec s = rig_spec("spring", "Hello");
    rig_populate_many(r, GB, 4);
    rig_start_bound(r);
    assert_int_equal(count(r, "count(delivered) > 0"), 0);
    assert_int_equal(rig_add(r, &s).code, ERR_NONE);
    assert_int_equal(rig_act(r, "spring", CAMPAIGN_START).code, ERR_NONE);
    rig_until(r, rig_settled(r, 1) == 4);
    rig_receipt(&r->smsc[0].submits[0], "DELIVRD");
    rig_receipt(&r->smsc[0].submits[1], "DELIVRD");
    rig_receipt(&r->smsc[0].submits[2], "UNDELIV");
    rig_until(r, r->smsc[0].acks == 3);
    inbound(r, GB_S, "thanks", SMPP_ESME_ROK);
    rig_until_passing(r, count(r, "count(delivered) > 0") == 2);
    rig_until_passing(r, count(r, "count(inbound) > 0") == 1);
    rig_until_passing(r, count(r, "count(failed) > 0") == 1);
    rig_restart(r); /* once, though the feed may be read again */
    rig_pass(r, 3 * USEC_SEC);
    assert_int_equal(count(r, "count(delivered) = 1"), 2);
    assert_int_equal(count(r, "count(delivered) > 1"), 0);
}

static void garbage_is_survived(void **state)
{
    static const struct {
        const char *from, *text;
        size_t n;
        uint8_t esm, coding;
    } rows[] = {
        { "", "", 0, 0, 0 },
        { "447700900001", "\xff\x00\x01", 3, SMPP_ESM_UDHI, 0 }, /* a header longer than the message */
        { "447700900001", "\x00", 1, SMPP_ESM_UDHI, 8 },
        { "447700900001", "\xd8\x00\xd8", 3, 0, 8 }, /* half a surrogate pair */
        { "99999999999999999999", "STOP", 4, 0, 0 },
        { "abc", "STOP", 4, 0, 0 },
        { "0", "STOP", 4, 0, 0 },
        { "447700900001", "id:1 stat:", 10, SMPP_ESM_RECEIPT, 0 },
        { "447700900001", "nothing of the kind", 19, SMPP_ESM_RECEIPT, 0 },
        { "447700900001", "id:999 stat:DELIVRD err:99999999999999999999", 44, SMPP_ESM_RECEIPT, 0 },
        { "447700900001", "\x1b\x1b\x1b", 3, 0, 0xf5 },
    };
    struct rig *r = *state;
    rig_start_bound(r);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct smpp_sm sm = { .source_addr = strv_from(rows[i].from),
                              .destination_addr = STRV("12345"),
                              .esm_class = rows[i].esm,
                              .data_coding = rows[i].coding,
                              .short_message = { rows[i].text, rows[i].n } };
        unsigned acks = r->smsc[0].acks;
        rig_deliver(&r->smsc[0], &sm);
        rig_until(r, r->smsc[0].acks == acks + 1);
    }
    assert_int_equal(engine_suppressed_count(r->engine), 0);
    assert_int_equal(r->smsc[0].bound, 1);
    inbound(r, GB_S, "STOP", SMPP_ESME_ROK);
    assert_int_equal(engine_suppressed_count(r->engine), 1);
}

static void what_cannot_be_stored_is_not_acknowledged(void **state)
{
    struct rig *r = *state;
    rig_start_bound(r);
    inbound(r, GB_S, "one", SMPP_ESME_ROK);
    rig_set_full(r, true);
    rig_consent(r, GB + 1, CONSENT_STOP); /* the reserve is noticed with a batch */
    rig_quiet(r);
    inbound(r, GB_S, "STOP", SMPP_ESME_RX_T_APPN); /* the carrier will send it again */
    assert_true(engine_suppressed(r->engine, GB)); /* and nothing goes there meanwhile */
    rig_set_full(r, false);
}

#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(stop_is_heard_at_once_and_kept),
        T(the_last_word_counts_however_close),
        T(the_number_is_read_as_carriers_write_it),
        T(stop_stops_what_is_queued),
        T(a_vote_counts_once_a_number),
        T(a_reply_is_counted_for_its_campaign),
        T(what_happens_reaches_the_customers_records),
        T(garbage_is_survived),
        T(what_cannot_be_stored_is_not_acknowledged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
