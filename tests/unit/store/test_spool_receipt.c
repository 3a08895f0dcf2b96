/* Receipts: whose they are, in which spelling, before and after their response, for messages of several
 * parts. */
#include "spool_fixture.h"

#include <stdio.h>
#include <string.h>

static uint64_t sent(struct fx *f, const char *carrier_id)
{
    struct message m = fx_message(491701);
    uint64_t id = fx_claimed(f, &m);
    assert_int_equal(fx_answer(f, id, 0, 0, carrier_id).code, ERR_NONE);
    return id;
}

static uint64_t orphans(struct fx *f)
{
    struct spool_usage u;
    spool_get_usage(f->r, &u);
    return u.orphans;
}

static void receipt_ends_its_message(void **state)
{
    static const enum message_state ends[] = { MESSAGE_DELIVERED, MESSAGE_UNDELIVERABLE, MESSAGE_EXPIRED,
                                               MESSAGE_REJECTED,  MESSAGE_DELETED,       MESSAGE_UNKNOWN };
    struct fx *f = *state;
    for (size_t i = 0; i < 6; i++) {
        char cid[32];
        snprintf(cid, sizeof(cid), "id-%zu", i);
        clock_freeze(&f->clock, T0);
        uint64_t id = sent(f, cid);
        clock_freeze(&f->clock, T0 + 77);
        struct got g = fx_receipt(f, cid, ends[i]);
        assert_true(g.has_settled);
        assert_int_equal(g.id, id);
        assert_int_equal(g.settled.before, MESSAGE_SENT);
        assert_int_equal(g.settled.after, ends[i]);
        assert_false(g.settled.duplicate);
        struct seen *s = fx_get(f, id);
        assert_int_equal(s->v.state, ends[i]);
        assert_int_equal(s->v.sent_at, T0);
        assert_int_equal(s->v.final_at, T0 + 77);
        assert_int_equal(s->part_state[0], ends[i]);
        assert_int_equal(s->v.reason, i == 0 ? REASON_NONE : REASON_CARRIER_RECEIPT);
        assert_int_equal(s->v.code, i == 0 ? 0 : 7);
    }
}

static void repeated_receipts_are_told_apart(void **state)
{
    struct fx *f = *state;
    uint64_t id = sent(f, "a9");
    fx_receipt(f, "a9", MESSAGE_DELIVERED);
    struct got g = fx_receipt(f, "a9", MESSAGE_DELIVERED);
    assert_true(g.settled.duplicate);
    assert_int_equal(g.settled.before, g.settled.after);
    g = fx_receipt(f, "a9", MESSAGE_EXPIRED); /* the first final one counts */
    assert_false(g.settled.duplicate);
    assert_int_equal(g.settled.receipt, RECEIPT_CONTRADICTS);
    assert_int_equal(fx_receipt(f, "a9", MESSAGE_SENT).settled.receipt, RECEIPT_LATE);
    assert_int_equal(g.settled.after, MESSAGE_DELIVERED);
    assert_int_equal(fx_state(f, id), MESSAGE_DELIVERED);
    assert_int_equal(fx_counts(f, 0).by_state[MESSAGE_DELIVERED], 1);
    assert_int_equal(fx_counts(f, 0).by_state[MESSAGE_EXPIRED], 0);
}

static void intermediate_receipts_are_recorded_only(void **state)
{
    struct fx *f = *state;
    uint64_t id = sent(f, "b1");
    struct got g = fx_receipt(f, "b1", MESSAGE_SENT);
    assert_false(g.settled.duplicate);
    assert_int_equal(g.settled.after, MESSAGE_SENT);
    assert_int_equal(fx_get(f, id)->v.code, 7);
    assert_true(fx_receipt(f, "b1", MESSAGE_SENT).settled.duplicate);
    assert_int_equal(fx_receipt(f, "b1", MESSAGE_DELIVERED).settled.after, MESSAGE_DELIVERED);
    assert_int_equal(fx_receipt(f, "b1", MESSAGE_SENT).settled.after, MESSAGE_DELIVERED);
}

static struct got intermediate(struct fx *f, const char *id, enum spool_stage stage)
{
    struct got g = { 0 };
    struct spool_receipt r = { .carrier = 1,
                               .carrier_id = strv_from(id),
                               .state = MESSAGE_SENT,
                               .stage = stage,
                               .at = clock_wall(&f->clock) };
    spool_receipt(f->s, &r, fx_done, &g);
    fx_sync(f);
    return g;
}

static void stages_are_kept_of_each_part(void **state)
{
    struct fx *f = *state;
    struct message m = fx_message(491701);
    uint64_t one = sent(f, "s1");
    m.parts = 2;
    uint64_t two = fx_claimed(f, &m);
    fx_answer(f, two, 0, 0, "t0");
    fx_answer(f, two, 1, 0, "t1");
    assert_int_equal(intermediate(f, "s1", STAGE_SCHEDULED).settled.receipt, RECEIPT_INTERMEDIATE);
    assert_int_equal(intermediate(f, "s1", STAGE_ENROUTE).settled.receipt, RECEIPT_INTERMEDIATE);
    assert_int_equal(fx_get(f, one)->part_stage[0], STAGE_ENROUTE);
    static const enum spool_stage steps[] = { STAGE_ACCEPTED, STAGE_ENROUTE, STAGE_ACCEPTED,
                                              STAGE_ENROUTE }; /* forward only */
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(intermediate(f, "t1", steps[i]).settled.receipt,
                         i < 2 ? RECEIPT_INTERMEDIATE : RECEIPT_REPEATED);
    fx_reopen(f);
    assert_int_equal(fx_get(f, two)->part_stage[0], STAGE_NONE);
    assert_int_equal(fx_get(f, two)->part_stage[1], STAGE_ENROUTE);
    assert_int_equal(fx_get(f, two)->part_state[1], MESSAGE_SENT);
    fx_receipt(f, "t1", MESSAGE_DELIVERED);
    assert_int_equal(intermediate(f, "t1", STAGE_SCHEDULED).settled.receipt, RECEIPT_LATE);
    assert_int_equal(fx_receipt(f, "t0", MESSAGE_DELIVERED).settled.after, MESSAGE_DELIVERED);
}

/* UNKNOWN says that nobody knows: what a later receipt knows takes its place, of a message and of a part. */
static void unknown_gives_way(void **state)
{
    struct fx *f = *state;
    struct message m = fx_message(491701);
    uint64_t one = sent(f, "k1");
    assert_int_equal(fx_receipt(f, "k1", MESSAGE_UNKNOWN).settled.after, MESSAGE_UNKNOWN);
    assert_int_equal(fx_receipt(f, "k1", MESSAGE_DELIVERED).settled.receipt, RECEIPT_FINAL);
    assert_int_equal(fx_state(f, one), MESSAGE_DELIVERED);
    assert_int_equal(fx_receipt(f, "k1", MESSAGE_UNKNOWN).settled.receipt, RECEIPT_CONTRADICTS);
    m.parts = 2;
    uint64_t two = fx_claimed(f, &m);
    fx_answer(f, two, 0, 0, "k2");
    fx_answer(f, two, 1, 0, "k3");
    fx_receipt(f, "k2", MESSAGE_DELIVERED);
    assert_int_equal(fx_receipt(f, "k3", MESSAGE_UNKNOWN).settled.after, MESSAGE_UNKNOWN);
    assert_int_equal(fx_receipt(f, "k3", MESSAGE_DELIVERED).settled.after, MESSAGE_DELIVERED);
    assert_int_equal(fx_get(f, two)->part_state[1], MESSAGE_DELIVERED);
    struct spool_counts c = fx_counts(f, 0);
    assert_int_equal(c.by_state[MESSAGE_DELIVERED], 2);
    assert_int_equal(c.by_state[MESSAGE_UNKNOWN], 0);
}

static void receipts_before_the_response_wait_for_it(void **state)
{
    struct fx *f = *state;
    struct message m = fx_message(491701);
    uint64_t id = fx_claimed(f, &m);
    assert_false(fx_receipt(f, "e1", MESSAGE_SENT).has_settled);
    assert_false(fx_receipt(f, "e1", MESSAGE_DELIVERED).has_settled); /* replaces the intermediate one */
    assert_false(fx_receipt(f, "e1", MESSAGE_SENT).has_settled);
    assert_int_equal(orphans(f), 1);
    m.class_ = CLASS_OTP;
    fx_reopen(f); /* what was kept survives; the message became uncertain */
    assert_int_equal(orphans(f), 1);
    assert_int_equal(fx_state(f, id), MESSAGE_UNCERTAIN);
    struct got g = fx_answer(f, id, 0, 0, "E1");
    assert_int_equal(g.settled.after, MESSAGE_DELIVERED);
    assert_int_equal(orphans(f), 0);
    struct spool_counts c = fx_counts(f, 0);
    assert_int_equal(c.by_state[MESSAGE_DELIVERED], 1);
    assert_int_equal(c.parts_sent, 1);
    assert_true(fx_receipt(f, "e1", MESSAGE_DELIVERED).settled.duplicate);
}

static void early_receipt_and_response_in_one_batch(void **state)
{
    struct fx *f = *state;
    struct message m = fx_message(491701);
    uint64_t id = fx_claimed(f, &m);
    struct got r = { 0 }, a = { 0 };
    struct spool_receipt receipt = {
        .carrier = 1, .carrier_id = STRV("x77"), .state = MESSAGE_DELIVERED, .at = T0
    };
    struct spool_answer answer = { .id = id, .carrier = 1, .carrier_id = STRV("x77"), .at = T0 };
    spool_receipt(f->s, &receipt, fx_done, &r);
    spool_answer(f->s, &answer, fx_done, &a);
    fx_sync(f);
    assert_false(r.has_settled);
    assert_int_equal(a.settled.after, MESSAGE_DELIVERED);
    assert_int_equal(orphans(f), 0);
}

static void carriers_do_not_share_ids(void **state)
{
    struct fx *f = *state;
    uint64_t id = sent(f, "c1");
    struct got g = { 0 };
    struct spool_receipt r = { .carrier = 2, .carrier_id = STRV("c1"), .state = MESSAGE_DELIVERED, .at = T0 };
    spool_receipt(f->s, &r, fx_done, &g);
    fx_sync(f);
    assert_false(g.has_settled);
    assert_int_equal(fx_state(f, id), MESSAGE_SENT);
}

static void ids_are_known_in_other_spellings(void **state)
{
    static const struct {
        uint16_t carrier;
        const char *answer, *receipt;
        bool found;
    } cases[] = {
        { 1, "00AbC", "abc", true }, /* case, leading zeros */
        { 1, "00000000", "0", true },
        { 2, "3f2a", "0000016170", true },     /* hexadecimal there, decimal here */
        { 2, "7b000000", "2063597568", true }, /* the same, longer */
        { 2, "77", "119", true },              /* without a letter: the carrier is known to count so */
        { 2, "78", "122", false },             /* another number */
        { 3, "77", "119", false },             /* nothing is known of this carrier */
        { 4, "550E8400-E29B-41D4", "550e8400-e29b-41d4", true },
        { 1, "3f2b", "16171", false }, /* this carrier's receipts have been hexadecimal */
    };
    struct fx *f = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct message m = fx_message(491701);
        struct got g = { 0 };
        uint64_t id = fx_claimed(f, &m);
        struct spool_answer a = {
            .id = id, .carrier = cases[i].carrier, .carrier_id = strv_from(cases[i].answer), .at = T0
        };
        struct spool_receipt r = { .carrier = cases[i].carrier,
                                   .carrier_id = strv_from(cases[i].receipt),
                                   .state = MESSAGE_DELIVERED,
                                   .at = T0 };
        spool_answer(f->s, &a, NULL, NULL);
        spool_receipt(f->s, &r, fx_done, &g);
        fx_sync(f);
        assert_int_equal(g.has_settled, cases[i].found);
        assert_int_equal(fx_state(f, id), cases[i].found ? MESSAGE_DELIVERED : MESSAGE_SENT);
    }
}

static void decimal_there_hexadecimal_here(void **state)
{
    struct fx *f = *state;
    uint64_t id = sent(f, "16170");
    assert_true(fx_receipt(f, "3F2A", MESSAGE_DELIVERED).has_settled);
    assert_int_equal(fx_state(f, id), MESSAGE_DELIVERED);
    /* early, too */
    struct message m = fx_message(491701);
    id = fx_claimed(f, &m);
    assert_false(fx_receipt(f, "ff", MESSAGE_DELIVERED).has_settled);
    assert_int_equal(fx_answer(f, id, 0, 0, "255").settled.after, MESSAGE_DELIVERED);
}

/* A carrier that counts in decimal: the receipt of 161 comes early, and 353 (161 read as hexadecimal) is
 * another message. */
static void digits_alone_are_not_reinterpreted(void **state)
{
    struct fx *f = *state;
    uint64_t other = sent(f, "353");
    struct message m = fx_message(491701);
    uint64_t id = fx_claimed(f, &m);
    assert_false(fx_receipt(f, "161", MESSAGE_DELIVERED).has_settled);
    assert_int_equal(fx_state(f, other), MESSAGE_SENT);
    assert_int_equal(fx_answer(f, id, 0, 0, "161").settled.after, MESSAGE_DELIVERED);
    fx_reopen(f);
    assert_int_equal(fx_state(f, other), MESSAGE_SENT);
}

static void what_was_learned_of_ids_survives(void **state)
{
    struct fx *f = *state;
    sent(f, "3f2a"); /* this carrier answers in hexadecimal */
    fx_reopen(f);
    uint64_t id = sent(f, "77");
    assert_true(fx_receipt(f, "119", MESSAGE_DELIVERED).has_settled);
    assert_int_equal(fx_state(f, id), MESSAGE_DELIVERED);
}

static void unknown_receipts_are_forgotten_after_their_time(void **state)
{
    struct fx *f = *state;
    spool_keep_receipts(f->s, USEC_DAY);
    assert_false(fx_receipt(f, "u1", MESSAGE_DELIVERED).has_settled);
    clock_freeze(&f->clock, T0 + USEC_DAY - USEC_MINUTE);
    assert_false(fx_receipt(f, "u2", MESSAGE_DELIVERED).has_settled);
    assert_int_equal(orphans(f), 2);
    clock_freeze(&f->clock, T0 + USEC_DAY + USEC_MINUTE);
    sent(f, "zz");
    assert_int_equal(orphans(f), 1);
    clock_freeze(&f->clock, T0 + 3 * USEC_DAY);
    sent(f, "zy");
    assert_int_equal(orphans(f), 0);
}

static void parts_are_delivered_when_all_are(void **state)
{
    struct fx *f = *state;
    struct message m = fx_message(491701);
    m.parts = 3;
    uint64_t id = fx_claimed(f, &m);
    fx_answer(f, id, 0, 0, "p0");
    assert_int_equal(fx_receipt(f, "p0", MESSAGE_DELIVERED).settled.after, MESSAGE_IN_FLIGHT); /* early */
    fx_answer(f, id, 1, 0, "p1");
    assert_int_equal(fx_answer(f, id, 2, 0, "p2").settled.after, MESSAGE_SENT);
    assert_int_equal(fx_receipt(f, "p2", MESSAGE_DELIVERED).settled.after, MESSAGE_SENT);
    assert_true(fx_receipt(f, "p2", MESSAGE_DELIVERED).settled.duplicate);
    assert_int_equal(fx_get(f, id)->part_state[2], MESSAGE_DELIVERED);
    assert_int_equal(fx_get(f, id)->part_state[1], MESSAGE_SENT);
    assert_int_equal(fx_receipt(f, "p1", MESSAGE_DELIVERED).settled.after, MESSAGE_DELIVERED);
    assert_int_equal(fx_counts(f, 0).by_state[MESSAGE_DELIVERED], 1);
}

static void one_part_that_ends_otherwise_ends_the_message(void **state)
{
    struct fx *f = *state;
    struct message m = fx_message(491701);
    m.parts = 2;
    uint64_t id = fx_claimed(f, &m);
    assert_false(fx_receipt(f, "r1", MESSAGE_UNDELIVERABLE).has_settled); /* before its response */
    fx_answer(f, id, 0, 0, "r0");
    assert_int_equal(fx_answer(f, id, 1, 0, "r1").settled.after, MESSAGE_SENT); /* one is pending */
    assert_int_equal(fx_get(f, id)->part_state[1], MESSAGE_UNDELIVERABLE);
    assert_int_equal(fx_receipt(f, "r0", MESSAGE_DELIVERED).settled.after, MESSAGE_UNDELIVERABLE);
    assert_int_equal(fx_get(f, id)->v.code, 7);
    assert_int_equal(fx_get(f, id)->part_state[0], MESSAGE_DELIVERED);
}

static void receipts_are_found_after_restart_and_far_behind(void **state)
{
    struct fx *f = *state;
    struct message m = fx_message(491701);
    char cid[32];
    uint64_t first = sent(f, "first");
    for (int i = 0; i < 150000; i++) { /* enough for two runs of the index */
        uint64_t id = spool_accept_claimed(f->s, &m, NULL, NULL, NULL);
        snprintf(cid, sizeof(cid), "n%d", i);
        struct spool_answer a = { .id = id, .carrier = 1, .carrier_id = strv_from(cid), .at = T0 };
        spool_answer(f->s, &a, NULL, NULL);
        if (i % 8192 == 0)
            fx_sync(f);
    }
    fx_sync(f);
    fx_reopen(f);
    assert_int_equal(fx_receipt(f, "first", MESSAGE_DELIVERED).id, first);
    for (int i = 0; i < 150000; i += 7919) {
        snprintf(cid, sizeof(cid), "n%d", i);
        assert_int_equal(fx_receipt(f, cid, MESSAGE_DELIVERED).id, first + 1 + (uint64_t)i);
    }
    assert_false(fx_receipt(f, "n150000", MESSAGE_DELIVERED).has_settled);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)
    const struct CMUnitTest tests[] = {
        T(receipt_ends_its_message),
        T(repeated_receipts_are_told_apart),
        T(intermediate_receipts_are_recorded_only),
        T(stages_are_kept_of_each_part),
        T(unknown_gives_way),
        T(receipts_before_the_response_wait_for_it),
        T(early_receipt_and_response_in_one_batch),
        T(carriers_do_not_share_ids),
        T(ids_are_known_in_other_spellings),
        T(decimal_there_hexadecimal_here),
        T(digits_alone_are_not_reinterpreted),
        T(what_was_learned_of_ids_survives),
        T(unknown_receipts_are_forgotten_after_their_time),
        T(parts_are_delivered_when_all_are),
        T(one_part_that_ends_otherwise_ends_the_message),
        T(receipts_are_found_after_restart_and_far_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
