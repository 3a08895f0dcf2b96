/* What joins the parts of long messages at the handset: different for those that may be there at a time. */
#include "spool_fixture.h"

#include "store/spool_refs.h"

#include <string.h>

#define ALICE UINT64_C(447700900001)
#define PLAN  5

static uint64_t accept_long(struct fx *f, uint64_t to)
{
    struct message m = fx_message(to);
    m.parts = 2;
    m.plan = PLAN;
    return fx_accept(f, &m, MESSAGE_READY, 0);
}

static uint16_t reference(struct fx *f, uint64_t id)
{
    struct seen *s = fx_get(f, id);
    assert_true(s->found);
    assert_int_equal(s->v.m.plan, PLAN);
    return s->v.m.reference;
}

/* Without waiting for each: many others. */
static void accept_others(struct fx *f, unsigned n, unsigned parts)
{
    for (unsigned i = 0; i < n; i++) {
        struct message m = fx_message(ALICE + 1 + i % 5000);
        m.parts = (uint8_t)parts;
        m.plan = parts > 1 ? PLAN : 0;
        while (spool_accept(f->s, &m, MESSAGE_READY, REASON_NONE, 0, NULL, NULL) == 0)
            fx_sync(f);
    }
    fx_sync(f);
}

/* The references of the last 255 long messages to Alice. */
struct last {
    uint16_t refs[255];
    size_t n;
};

static void must_be_new(struct last *l, uint16_t ref)
{
    size_t kept = l->n < 255 ? l->n : 255;
    for (size_t i = 0; i < kept; i++)
        if ((l->refs[i] & 255) == (ref & 255))
            fail_msg("message %zu has the reference %u, which one of the last 255 had", l->n, ref & 255);
    if (l->n > 0) /* so it is counted, and not by luck */
        assert_int_equal(ref, (uint16_t)(l->refs[(l->n - 1) % 255] + 1));
    l->refs[l->n++ % 255] = ref;
}

static void none_comes_again_within_255_messages(void **state)
{
    struct fx *f = *state;
    struct last l = { .n = 0 };
    for (unsigned i = 0; i < 700; i++) {
        must_be_new(&l, reference(f, accept_long(f, ALICE)));
        if (i % 50 == 10)
            accept_others(f, 3 + i, 3); /* long ones to others do not matter */
        if (i % 50 == 20)
            accept_others(f, 200, 1);
        if (i % 100 == 30)
            fx_reopen(f);
    }
}

/* By then they are in a run of the index, and nothing is remembered. */
static void nor_when_70000_others_came_between_and_a_restart(void **state)
{
    struct fx *f = *state;
    struct last l = { .n = 0 };
    for (unsigned i = 0; i < 40; i++)
        must_be_new(&l, reference(f, accept_long(f, ALICE)));
    accept_others(f, 70000, 1);
    fx_reopen(f);
    for (unsigned i = 0; i < 40; i++)
        must_be_new(&l, reference(f, accept_long(f, ALICE)));
    /* short ones to her do not hide the long ones */
    struct message m = fx_message(ALICE);
    for (unsigned i = 0; i < REFS_LOOK / 2; i++)
        fx_accept(f, &m, MESSAGE_READY, 0);
    fx_reopen(f);
    for (unsigned i = 0; i < 40; i++)
        must_be_new(&l, reference(f, accept_long(f, ALICE)));
}

static void a_message_sent_again_has_the_same(void **state)
{
    struct fx *f = *state;
    uint64_t id = accept_long(f, ALICE), other;
    uint16_t ref = reference(f, id);
    fx_claim(f, id);
    fx_move(f, id, MESSAGE_READY, REASON_UNCERTAIN, 0);
    other = accept_long(f, ALICE);
    assert_int_equal(reference(f, id), ref);
    fx_reopen(f);
    fx_claim(f, id);
    assert_int_equal(reference(f, id), ref);
    fx_answer(f, id, 0, 0, "a1");
    fx_move(f, id, MESSAGE_HELD, REASON_RETRY, T0 + 1);
    assert_int_equal(reference(f, id), ref);
    assert_int_not_equal(reference(f, other), ref);
}

static void replan(struct fx *f, uint64_t id, unsigned parts, uint16_t plan, enum err_code want)
{
    struct got g = { 0 };
    spool_replan(f->s, id, parts, plan, fx_done, &g);
    fx_sync(f);
    assert_int_equal(g.code, want);
}

/* Not on the wire yet, it may be cut otherwise; once it was, the pieces of before must not be joined with
 * those of now. */
static void a_message_planned_again_has_a_new_one_if_it_was_tried(void **state)
{
    struct fx *f = *state;
    uint64_t id = accept_long(f, ALICE);
    uint16_t ref = reference(f, id);
    fx_claim(f, id);
    replan(f, id, 3, PLAN + 1, ERR_NONE);
    struct seen *s = fx_get(f, id);
    assert_int_equal(s->v.state, MESSAGE_READY);
    assert_int_equal(s->v.attempts, 0);
    assert_int_equal(s->v.m.parts, 3);
    assert_int_equal(s->v.m.plan, PLAN + 1);
    assert_int_equal(s->v.m.reference, ref);
    fx_claim(f, id);
    fx_move(f, id, MESSAGE_READY, REASON_UNCERTAIN, 0);
    fx_claim(f, id);
    replan(f, id, 2, PLAN, ERR_NONE);
    assert_int_not_equal(reference(f, id), ref);
    ref = reference(f, id);
    replan(f, id, 3, PLAN + 1, ERR_STATE); /* it is not in flight */
    fx_claim(f, id);
    fx_answer(f, id, 1, 0, "b1");
    replan(f, id, 3, PLAN + 1, ERR_STATE); /* a part of it was taken */
    assert_int_equal(reference(f, id), ref);
    /* the other way: one part becomes several, at another carrier */
    struct message m = fx_message(ALICE);
    struct got g = { 0 };
    uint64_t one = fx_accept(f, &m, MESSAGE_READY, 0);
    spool_reroute(f->s, one, 1, 2, 2, PLAN, fx_done, &g);
    fx_sync(f);
    assert_int_equal(g.code, ERR_NONE);
    assert_int_equal(fx_get(f, one)->v.m.parts, 2);
    assert_int_equal(reference(f, one), (uint16_t)(ref + 1));
}

/* Pieces of before say nothing of those of now. */
static void a_late_answer_about_other_pieces_changes_nothing(void **state)
{
    struct fx *f = *state;
    struct got g = { 0 };
    uint64_t id = accept_long(f, ALICE);
    struct seen *s = fx_get(f, id);
    struct spool_answer a = { .id = id,
                              .carrier = 1,
                              .carrier_id = STRV("c0"),
                              .at = T0,
                              .cut = spool_cut(s->v.m.parts, s->v.m.plan) };
    fx_claim(f, id);
    fx_move(f, id, MESSAGE_READY, REASON_UNCERTAIN, 0);
    spool_reroute(f->s, id, 1, 2, 1, 0, fx_done, &g); /* it goes whole at another carrier */
    fx_sync(f);
    assert_int_equal(g.code, ERR_NONE);
    spool_answer(f->s, &a, fx_done, &g);
    fx_sync(f);
    assert_int_equal(g.code, ERR_STATE);
    assert_int_equal(fx_state(f, id), MESSAGE_READY);
    a.cut = spool_cut(1, 0);
    spool_answer(f->s, &a, fx_done, &g);
    fx_sync(f);
    assert_int_equal(g.code, ERR_NONE);
    assert_int_equal(fx_state(f, id), MESSAGE_SENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(none_comes_again_within_255_messages, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(nor_when_70000_others_came_between_and_a_restart, fx_setup,
                                        fx_teardown),
        cmocka_unit_test_setup_teardown(a_message_sent_again_has_the_same, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(a_message_planned_again_has_a_new_one_if_it_was_tried, fx_setup,
                                        fx_teardown),
        cmocka_unit_test_setup_teardown(a_late_answer_about_other_pieces_changes_nothing, fx_setup,
                                        fx_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
