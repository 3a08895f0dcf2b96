/* The life of messages in the spool: what is accepted stays, what is claimed is not sent twice. */
#include "spool_fixture.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void accepted_message_is_there_after_restart(void **state)
{
    struct fx *f = *state;
    struct message m = fx_message(491701);
    m.not_before = T0 + 5;
    uint64_t id = fx_accept(f, &m, MESSAGE_READY, 0);
    fx_reopen(f);
    struct seen *s = fx_get(f, id);
    assert_true(s->found);
    assert_int_equal(s->v.state, MESSAGE_READY);
    assert_int_equal(s->v.m.id, id);
    assert_int_equal(s->v.m.to, 491701);
    assert_string_equal(s->text, "Hello there, number");
    assert_string_equal(s->sender, "TESSERA");
    assert_string_equal(s->ref, "ref-1");
    assert_int_equal(s->v.m.class_, CLASS_TRANSACTIONAL);
    assert_int_equal(s->v.m.carrier, 1);
    assert_int_equal(s->v.m.accepted_at, T0);
    assert_int_equal(s->v.m.not_before, T0 + 5);
    assert_int_equal(s->v.m.valid_until, T0 + USEC_HOUR);
    assert_int_equal(s->v.n_parts, 1);
    assert_int_equal(s->part_state[0], MESSAGE_IN_FLIGHT); /* no response yet */
}

static void ids_are_dense_and_go_on_after_restart(void **state)
{
    struct fx *f = *state;
    struct message m = fx_message(491701);
    for (uint64_t want = 1; want <= 300; want++) {
        if (want % 90 == 0)
            fx_reopen(f);
        assert_int_equal(fx_accept(f, &m, MESSAGE_READY, 0), want);
    }
    assert_false(fx_get(f, 301)->found);
    assert_false(fx_get(f, 0)->found);
    assert_true(fx_get(f, 300)->found);
}

static void long_and_short_texts_share_blocks(void **state)
{
    struct fx *f = *state;
    char *text = malloc(MESSAGE_MAX_TEXT);
    memset(text, 'x', MESSAGE_MAX_TEXT);
    size_t len[] = { 0, 160, 4000, 4079, 4080, 5000, MESSAGE_MAX_TEXT, 1, 1 };
    uint64_t id[9];
    for (size_t i = 0; i < 9; i++) {
        struct message m = fx_message(1000 + i);
        m.text = (struct strv){ text, len[i] };
        id[i] = spool_accept(f->s, &m, MESSAGE_READY, REASON_NONE, 0, NULL, NULL);
    }
    fx_sync(f);
    for (size_t i = 0; i < 9; i++) {
        struct seen *s = fx_get(f, id[i]);
        assert_int_equal(s->v.m.to, 1000 + i);
        assert_int_equal(s->v.m.text.n, len[i]);
    }
    free(text);
}

static void answered_message_is_sent_and_never_resent(void **state)
{
    struct fx *f = *state;
    struct message m = fx_message(491701);
    m.class_ = CLASS_OTP; /* resent when uncertain */
    uint64_t id = fx_accept(f, &m, MESSAGE_READY, 0);
    assert_int_equal(fx_claim(f, id).code, ERR_NONE);
    assert_int_equal(fx_state(f, id), MESSAGE_IN_FLIGHT);
    struct got g = fx_answer(f, id, 0, 0, "abc1");
    assert_int_equal(g.code, ERR_NONE);
    assert_true(g.has_settled);
    assert_int_equal(g.settled.before, MESSAGE_IN_FLIGHT);
    assert_int_equal(g.settled.after, MESSAGE_SENT);
    assert_int_equal(g.settled.to, 491701);
    fx_reopen(f);
    assert_int_equal(spool_get_recovered(f->s).in_flight, 0);
    struct seen *s = fx_get(f, id);
    assert_int_equal(s->v.state, MESSAGE_SENT);
    assert_int_equal(s->v.sent_at, T0);
    assert_string_equal(s->part_id[0], "abc1");
    assert_int_equal(s->part_state[0], MESSAGE_SENT);
    assert_int_equal(spool_ready_count(f->s, 1, CLASS_OTP), 0);
}

static void in_flight_is_settled_by_policy_at_open(void **state)
{
    struct fx *f = *state;
    uint64_t id[CLASS_COUNT];
    for (int c = 0; c < CLASS_COUNT; c++) {
        struct message m = fx_message(491701);
        m.class_ = (enum message_class)c;
        id[c] = fx_claimed(f, &m);
    }
    fx_reopen(f);
    struct spool_recovered r = spool_get_recovered(f->s);
    assert_int_equal(r.in_flight, 3);
    assert_int_equal(r.resent, 1);
    assert_int_equal(r.held, 1);
    assert_int_equal(r.failed, 1);
    assert_int_equal(fx_state(f, id[CLASS_OTP]), MESSAGE_READY);
    assert_int_equal(fx_get(f, id[CLASS_OTP])->v.attempts, 1);
    assert_int_equal(fx_state(f, id[CLASS_TRANSACTIONAL]), MESSAGE_UNCERTAIN);
    assert_int_equal(fx_get(f, id[CLASS_TRANSACTIONAL])->v.reason, REASON_UNCERTAIN);
    assert_int_equal(fx_state(f, id[CLASS_PROMOTIONAL]), MESSAGE_FAILED);
    assert_int_equal(spool_ready_count(f->s, 1, CLASS_OTP), 1);
    /* and a second restart has nothing to settle */
    fx_reopen(f);
    assert_int_equal(spool_get_recovered(f->s).in_flight, 0);
    /* somebody decides */
    assert_int_equal(fx_move(f, id[CLASS_TRANSACTIONAL], MESSAGE_READY, REASON_NONE, 0).code, ERR_NONE);
    assert_int_equal(spool_ready_count(f->s, 1, CLASS_TRANSACTIONAL), 1);
}

static void many_in_flight_are_settled(void **state)
{
    struct fx *f = *state;
    struct message m = fx_message(491701);
    m.class_ = CLASS_OTP;
    for (int i = 0; i < 5000; i++)
        assert_int_not_equal(spool_accept_claimed(f->s, &m, NULL, NULL, NULL), 0);
    fx_sync(f);
    fx_reopen(f);
    assert_int_equal(spool_get_recovered(f->s).resent, 5000);
    assert_int_equal(spool_ready_count(f->s, 1, CLASS_OTP), 5000);
    assert_int_equal(fx_counts(f, 0).by_state[MESSAGE_READY], 5000);
}

static void refused_part_fails_the_message(void **state)
{
    struct fx *f = *state;
    struct message m = fx_message(491701);
    m.campaign = 9;
    uint64_t id = fx_claimed(f, &m);
    struct got g = fx_answer(f, id, 0, 0x0B, "");
    assert_int_equal(g.settled.after, MESSAGE_FAILED);
    assert_int_equal(fx_get(f, id)->v.reason, REASON_CARRIER_STATUS);
    assert_int_equal(fx_get(f, id)->v.code, 0x0B);
    struct spool_counts c = fx_counts(f, 9);
    assert_int_equal(c.by_state[MESSAGE_FAILED], 1);
    assert_int_equal(c.failed_by_reason[REASON_CARRIER_STATUS], 1);
    assert_int_equal(c.failed_by_status[0].command_status, 0x0B);
    assert_int_equal(c.failed_by_status[0].count, 1);
    assert_int_equal(c.failed_by_status[1].count, 0);
    assert_int_equal(c.parts_sent, 0);
}

static void repeated_and_impossible_answers_change_nothing(void **state)
{
    struct fx *f = *state;
    struct message m = fx_message(491701);
    uint64_t id = fx_claimed(f, &m);
    assert_int_equal(fx_answer(f, id, 3, 0, "x").code, ERR_INVALID);
    assert_int_equal(fx_answer(f, id + 1, 0, 0, "x").code, ERR_NOT_FOUND);
    assert_int_equal(fx_answer(f, id, 0, 0, "x").code, ERR_NONE);
    assert_int_equal(fx_answer(f, id, 0, 0, "y").code, ERR_EXISTS);
    assert_int_equal(fx_answer(f, id, 0, 8, "").code, ERR_EXISTS);
    assert_string_equal(fx_get(f, id)->part_id[0], "x");
    assert_int_equal(fx_counts(f, 0).parts_sent, 1);
}

static void late_answer_ends_the_waiting(void **state)
{
    static const enum message_state waits[] = { MESSAGE_READY, MESSAGE_HELD, MESSAGE_UNCERTAIN };
    struct fx *f = *state;
    for (size_t i = 0; i < 3; i++) {
        struct message m = fx_message(491701);
        char cid[32];
        snprintf(cid, sizeof(cid), "late%zu", i);
        uint64_t id = fx_claimed(f, &m);
        assert_int_equal(fx_move(f, id, waits[i], REASON_RETRY, T0 + 5).code, ERR_NONE);
        assert_int_equal(fx_answer(f, id, 0, 0x58, "").code, ERR_STATE); /* a late refusal is of no use */
        assert_int_equal(fx_answer(f, id, 0, 0, cid).settled.after, MESSAGE_SENT);
        assert_int_equal(fx_receipt(f, cid, MESSAGE_DELIVERED).settled.after, MESSAGE_DELIVERED);
        assert_int_equal(fx_claim(f, id).code, ERR_STATE);
    }
    assert_int_equal(spool_ready_count(f->s, 1, CLASS_TRANSACTIONAL), 0);
    assert_int_equal(spool_next_due(f->s), USEC_NEVER);
}

static void parts_are_counted_each(void **state)
{
    struct fx *f = *state;
    struct message m = fx_message(491701);
    m.parts = 3;
    uint64_t id = fx_claimed(f, &m);
    assert_int_equal(fx_answer(f, id, 1, 0, "p1").settled.after, MESSAGE_IN_FLIGHT);
    assert_int_equal(fx_answer(f, id, 1, 0, "p1").code, ERR_EXISTS);
    assert_int_equal(fx_answer(f, id, 0, 0, "p0").settled.after, MESSAGE_IN_FLIGHT);
    assert_int_equal(fx_get(f, id)->part_state[2], MESSAGE_IN_FLIGHT);
    assert_int_equal(fx_answer(f, id, 2, 0, "p2").settled.after, MESSAGE_SENT);
    assert_int_equal(fx_counts(f, 0).parts_sent, 3);
    struct seen *s = fx_get(f, id);
    assert_int_equal(s->v.n_parts, 3);
    assert_string_equal(s->part_id[0], "p0");
    assert_string_equal(s->part_id[2], "p2");
    /* one part refused: failed when the last is answered */
    uint64_t other = fx_claimed(f, &m);
    assert_int_equal(fx_answer(f, other, 0, 0x0A, "").settled.after, MESSAGE_IN_FLIGHT);
    fx_answer(f, other, 1, 0, "q1");
    assert_int_equal(fx_answer(f, other, 2, 0, "q2").settled.after, MESSAGE_FAILED);
    assert_int_equal(fx_get(f, other)->v.code, 0x0A);
}

static void answered_parts_are_not_sent_again_after_a_crash(void **state)
{
    struct fx *f = *state;
    struct message m = fx_message(491701);
    m.parts = 40;
    m.class_ = CLASS_OTP;
    uint64_t id = fx_claimed(f, &m), got;
    fx_answer(f, id, 0, 0, "a0");
    fx_answer(f, id, 33, 0, "a33");
    fx_reopen(f); /* resent by policy */
    assert_int_equal(fx_load(f, 1, CLASS_OTP, 0, 10, &got, NULL), 1);
    assert_int_equal(got, id);
    assert_int_equal(fx_get(f, id)->part_state[33], MESSAGE_SENT);
    assert_int_equal(fx_claim(f, id).code, ERR_NONE);
    for (unsigned i = 1; i < 40; i++)
        assert_int_equal(fx_answer(f, id, i, 0, "z").code, i == 33 ? ERR_EXISTS : ERR_NONE);
    assert_int_equal(fx_state(f, id), MESSAGE_SENT);
}

struct parts_seen {
    uint32_t done[8];
    uint16_t attempts;
    char text[64], sender[16], ref[16];
};

static void keep_parts(void *ctx, struct spool_loaded **list, size_t n, bool more)
{
    struct parts_seen *p = ctx;
    assert_int_equal(n, 1);
    assert_false(more);
    memcpy(p->done, list[0]->parts_done, sizeof(p->done));
    p->attempts = list[0]->attempts;
    strv_copy(list[0]->m.text, p->text, sizeof(p->text));
    strv_copy(list[0]->m.sender, p->sender, sizeof(p->sender));
    strv_copy(list[0]->m.client_ref, p->ref, sizeof(p->ref));
    free(list[0]);
    free(list);
}

static void loaded_message_is_whole(void **state)
{
    struct fx *f = *state;
    struct message m = fx_message(491701);
    struct parts_seen p;
    m.parts = 40;
    uint64_t id = fx_claimed(f, &m);
    fx_answer(f, id, 1, 0, "a");
    fx_answer(f, id, 33, 0, "b");
    fx_move(f, id, MESSAGE_READY, REASON_RETRY, 0);
    spool_load_ready(f->s, 1, CLASS_TRANSACTIONAL, 0, 5, keep_parts, &p);
    fx_sync(f);
    assert_int_equal(p.done[0], 1u << 1);
    assert_int_equal(p.done[1], 1u << 1);
    assert_int_equal(p.done[2], 0);
    assert_int_equal(p.attempts, 1);
    assert_string_equal(p.text, "Hello there, number");
    assert_string_equal(p.sender, "TESSERA");
    assert_string_equal(p.ref, "ref-1");
}

static void moves_the_life_does_not_allow_are_refused(void **state)
{
    struct fx *f = *state;
    struct message m = fx_message(491701);
    uint64_t id = fx_accept(f, &m, MESSAGE_READY, 0);
    assert_int_equal(fx_move(f, id, MESSAGE_DELIVERED, REASON_NONE, 0).code, ERR_STATE);
    assert_int_equal(fx_state(f, id), MESSAGE_READY);
    assert_int_equal(fx_claim(f, id).code, ERR_NONE);
    assert_int_equal(fx_claim(f, id).code, ERR_STATE);
    assert_int_equal(fx_claim(f, id + 7).code, ERR_NOT_FOUND);
    assert_int_equal(fx_move(f, id + 7, MESSAGE_READY, REASON_NONE, 0).code, ERR_NOT_FOUND);
    assert_int_equal(fx_move(f, id, MESSAGE_HELD, REASON_RETRY, T0 + 9).code, ERR_NONE);
    assert_int_equal(fx_get(f, id)->v.attempts, 1);
    assert_int_equal(fx_get(f, id)->v.until, T0 + 9);
    assert_int_equal(fx_move(f, id, MESSAGE_HELD, REASON_PAUSED, 0).code, ERR_NONE); /* another reason */
    assert_int_equal(fx_get(f, id)->v.attempts, 1);
    assert_int_equal(spool_next_due(f->s), USEC_NEVER);
    assert_int_equal(fx_move(f, id, MESSAGE_CANCELLED, REASON_CANCELLED, 0).code, ERR_NONE);
    assert_int_equal(fx_move(f, id, MESSAGE_READY, REASON_NONE, 0).code, ERR_STATE);
    struct spool_counts c = fx_counts(f, 0);
    assert_int_equal(c.by_state[MESSAGE_CANCELLED], 1);
    assert_int_equal(c.by_state[MESSAGE_HELD], 0);
    assert_int_equal(c.failed_by_reason[REASON_CANCELLED], 1);
}

static void held_are_released_in_order_of_time(void **state)
{
    struct fx *f = *state;
    struct message m = fx_message(491701);
    usec_t until[] = { T0 + 30, T0 + 10, T0 + 20, USEC_NEVER, 0 };
    uint64_t id[5], ids[8];
    struct got g = { 0 };
    for (int i = 0; i < 5; i++)
        id[i] = fx_accept(f, &m, MESSAGE_HELD, until[i]);
    assert_int_equal(spool_next_due(f->s), T0 + 10);
    fx_reopen(f);
    assert_int_equal(spool_next_due(f->s), T0 + 10);
    spool_release_due(f->s, T0 + 9, 10, fx_done, &g);
    fx_sync(f);
    assert_int_equal(g.id, 0);
    spool_release_due(f->s, T0 + 25, 1, fx_done, &g); /* at most one: the earliest */
    fx_sync(f);
    assert_int_equal(g.id, 1);
    assert_int_equal(fx_state(f, id[1]), MESSAGE_READY);
    assert_int_equal(fx_state(f, id[2]), MESSAGE_HELD);
    assert_int_equal(spool_next_due(f->s), T0 + 20);
    spool_release_due(f->s, T0 + USEC_DAY, 10, fx_done, &g);
    fx_sync(f);
    assert_int_equal(g.id, 2);
    assert_int_equal(spool_next_due(f->s), USEC_NEVER); /* the others wait for somebody */
    assert_int_equal(fx_load(f, 1, CLASS_TRANSACTIONAL, 0, 8, ids, NULL), 3);
    assert_int_equal(fx_state(f, id[3]), MESSAGE_HELD);
    assert_int_equal(fx_state(f, id[4]), MESSAGE_HELD);
}

static void look_ahead_continues_where_it_stopped(void **state)
{
    struct fx *f = *state;
    uint64_t ids[400], after = 0;
    size_t total = 0;
    bool more = true;
    for (int i = 0; i < 1000; i++) {
        struct message m = fx_message(491701);
        m.carrier = (uint16_t)(i % 2 ? 1 : 2);
        m.class_ = i % 10 == 1 ? CLASS_OTP : CLASS_PROMOTIONAL;
        spool_accept(f->s, &m, MESSAGE_READY, REASON_NONE, 0, NULL, NULL);
    }
    fx_sync(f);
    assert_int_equal(spool_ready_count(f->s, 1, CLASS_OTP), 100);
    assert_int_equal(spool_ready_count(f->s, 1, CLASS_PROMOTIONAL), 400);
    assert_int_equal(spool_ready_count(f->s, 2, CLASS_PROMOTIONAL), 500);
    fx_reopen(f);
    assert_int_equal(spool_ready_count(f->s, 1, CLASS_PROMOTIONAL), 400);
    while (more) {
        size_t n = fx_load(f, 1, CLASS_PROMOTIONAL, after, 150, ids, &more);
        for (size_t i = 0; i < n; i++) {
            assert_true(ids[i] > after);
            after = ids[i];
        }
        total += n;
    }
    assert_int_equal(total, 400);
    assert_int_equal(fx_load(f, 3, CLASS_PROMOTIONAL, 0, 150, ids, &more), 0);
    assert_false(more);
    /* what is claimed is not loaded again */
    assert_int_equal(fx_load(f, 1, CLASS_OTP, 0, 1, ids, &more), 1);
    assert_true(more);
    uint64_t first = ids[0];
    fx_claim(f, first);
    assert_int_equal(fx_load(f, 1, CLASS_OTP, 0, 100, ids, &more), 99);
    assert_true(ids[0] > first);
    assert_int_equal(spool_ready_count(f->s, 1, CLASS_OTP), 99);
}

static void cursor_and_message_are_one(void **state)
{
    struct fx *f = *state;
    struct message m = fx_message(491701);
    struct got g[5] = { 0 };
    m.campaign = 5;
    m.customer = 10; /* customer id 9 */
    assert_int_not_equal(spool_accept_claimed(f->s, &m, &(struct spool_cursor){ 2, 0 }, fx_done, &g[0]), 0);
    m.customer = 13;
    spool_accept_refused(f->s, &m, &(struct spool_cursor){ 2, 10 }, MESSAGE_SUPPRESSED, REASON_SUPPRESSED,
                         fx_done, &g[1]);
    spool_accept_claimed(f->s, &m, &(struct spool_cursor){ 2, 10 }, fx_done, &g[2]); /* again: no */
    m.customer = 20;
    spool_accept_claimed(f->s, &m, &(struct spool_cursor){ 2, 19 }, fx_done, &g[3]); /* a gap: no */
    spool_accept_refused(f->s, &m, &(struct spool_cursor){ 3, 0 }, MESSAGE_READY, REASON_NONE, fx_done,
                         &g[4]); /* another clock */
    fx_sync(f);
    assert_int_equal(g[0].code, ERR_NONE);
    assert_int_equal(g[1].code, ERR_NONE);
    assert_int_equal(g[2].code, ERR_STATE);
    assert_int_equal(g[3].code, ERR_STATE);
    assert_int_equal(g[4].code, ERR_NONE);
    assert_false(fx_get(f, g[2].id)->found);
    struct spool_counts c = fx_counts(f, 5);
    assert_int_equal(c.by_state[MESSAGE_IN_FLIGHT], 1);
    assert_int_equal(c.by_state[MESSAGE_SUPPRESSED], 1);
    assert_int_equal(c.by_state[MESSAGE_READY], 1);
    assert_int_equal(c.failed_by_reason[REASON_SUPPRESSED], 1);
    fx_reopen(f);
    m.customer = 14;
    spool_accept_claimed(f->s, &m, &(struct spool_cursor){ 2, 13 }, fx_done, &g[0]);
    fx_sync(f);
    assert_int_equal(g[0].code, ERR_NONE);
}

static bool count_view(void *ctx, const struct spool_view *v)
{
    uint64_t *ids = ctx;
    ids[++ids[0]] = v->m.id;
    return true;
}

static void messages_are_found_newest_first(void **state)
{
    struct fx *f = *state;
    uint64_t ids[64] = { 0 };
    for (int i = 0; i < 30; i++) {
        struct message m = fx_message(i % 3 == 0 ? 4477001 : 4477002);
        m.campaign = i % 2 ? 7 : 0;
        m.accepted_at = T0 + i;
        fx_accept(f, &m, i < 15 ? MESSAGE_READY : MESSAGE_CANCELLED, 0);
    }
    struct spool_filter all = { .state = -1, .max = 100 };
    assert_int_equal(spool_find_messages(f->r, &all, count_view, ids), 0);
    assert_int_equal(ids[0], 30);
    assert_int_equal(ids[1], 30);
    assert_int_equal(ids[30], 1);

    memset(ids, 0, sizeof(ids));
    struct spool_filter number = { .number = 4477001, .state = -1, .max = 4 };
    uint64_t next = spool_find_messages(f->r, &number, count_view, ids);
    assert_int_equal(ids[0], 4);
    assert_int_equal(ids[1], 28);
    assert_int_equal(ids[4], 19);
    number.before_id = next;
    number.max = 100;
    assert_int_equal(spool_find_messages(f->r, &number, count_view, ids), 0);
    assert_int_equal(ids[0], 10);
    assert_int_equal(ids[5], 16);
    assert_int_equal(ids[10], 1);

    memset(ids, 0, sizeof(ids));
    struct spool_filter some = {
        .campaign = 7, .state = MESSAGE_READY, .from = T0 + 4, .to = T0 + 13, .max = 100
    };
    assert_int_equal(spool_find_messages(f->r, &some, count_view, ids), 0);
    assert_int_equal(ids[0], 4); /* 5, 7, 9, 11 */
    assert_int_equal(ids[1], 12);
}

static void a_full_queue_refuses_new_work_and_nothing_else(void **state)
{
    struct fx *f = *state;
    fx_close(f);
    f->o.queue_max = 10;
    fx_open(f);
    struct message m = fx_message(491701);
    uint64_t first = spool_accept_claimed(f->s, &m, NULL, NULL, NULL);
    for (int i = 0; i < 9; i++)
        assert_int_not_equal(spool_accept(f->s, &m, MESSAGE_READY, REASON_NONE, 0, NULL, NULL), 0);
    assert_int_equal(spool_room(f->s), 0);
    assert_int_equal(spool_accept(f->s, &m, MESSAGE_READY, REASON_NONE, 0, NULL, NULL), 0);
    struct got g = { 0 }, busy = { 0 };
    struct spool_inbound in = { .from = 1, .at = T0 };
    spool_inbound(f->s, &in, fx_done, &busy);
    assert_int_equal(busy.code, ERR_BUSY);
    struct spool_answer a = { .id = first, .carrier = 1, .carrier_id = STRV("x"), .at = T0 };
    spool_answer(f->s, &a, fx_done, &g);
    fx_sync(f);
    assert_int_equal(g.code, ERR_NONE);
    assert_int_equal(fx_state(f, first), MESSAGE_SENT);
    assert_int_equal(spool_room(f->s), 10);
}

struct order {
    unsigned next, wrong;
};
struct order_one {
    struct order *o;
    unsigned n;
};

static void in_order(void *ctx, const struct spool_result *r)
{
    struct order_one *one = ctx;
    (void)r;
    one->o->wrong += one->n != one->o->next;
    one->o->next++;
}

static void callbacks_come_in_order_across_batches(void **state)
{
    struct fx *f = *state;
    struct order o = { 0 };
    struct order_one *one = calloc(20000, sizeof(*one));
    struct message m = fx_message(491701);
    for (unsigned i = 0; i < 20000; i++) {
        one[i] = (struct order_one){ &o, i };
        spool_accept(f->s, &m, MESSAGE_READY, REASON_NONE, 0, in_order, &one[i]);
        if (i % 777 == 0)
            spool_flush(f->s);
    }
    fx_sync(f);
    assert_int_equal(o.next, 20000);
    assert_int_equal(o.wrong, 0);
    free(one);
}

static void closing_delivers_what_is_due(void **state)
{
    struct fx *f = *state;
    struct message m = fx_message(491701);
    struct got g = { 0 };
    for (int i = 0; i < 100; i++)
        spool_accept(f->s, &m, MESSAGE_READY, REASON_NONE, 0, fx_done, &g);
    fx_reopen(f);
    assert_int_equal(g.calls, 100);
    assert_int_equal(spool_ready_count(f->s, 1, CLASS_TRANSACTIONAL), 100);
}

static void second_open_is_refused(void **state)
{
    struct fx *f = *state;
    struct err e = { 0 };
    assert_null(spool_open(&f->o, &e));
    assert_int_equal(e.code, ERR_EXISTS);
}

static void without_flush_the_descriptor_calls(void **state)
{
    struct fx *f = *state;
    struct message m = fx_message(491701);
    struct got g = { 0 };
    spool_accept(f->s, &m, MESSAGE_READY, REASON_NONE, 0, fx_done, &g);
    while (!g.calls) { /* nobody calls spool_flush() */
        struct pollfd p = { .fd = spool_fd(f->s), .events = POLLIN };
        assert_int_equal(poll(&p, 1, 20000), 1);
        spool_poll(f->s);
    }
    assert_int_equal(fx_state(f, g.id), MESSAGE_READY);
}

/* --- from one carrier's queue to another's --- */

static struct got reroute(struct fx *f, uint64_t id, uint16_t from, uint16_t to)
{
    struct got g = { 0 };
    spool_reroute(f->s, id, from, to, 1, 0, fx_done, &g);
    fx_sync(f);
    return g;
}

static void a_ready_message_changes_its_queue_for_good(void **state)
{
    struct fx *f = *state;
    struct message m = fx_message(447700900001);
    uint64_t ids[4], first = fx_accept(f, &m, MESSAGE_READY, 0), second = fx_accept(f, &m, MESSAGE_READY, 0);
    uint64_t held = fx_accept(f, &m, MESSAGE_HELD, T0 * 2), flying = fx_claimed(f, &m);
    bool more;
    assert_int_equal(reroute(f, first, 1, 7).code, ERR_NONE);
    assert_int_equal(reroute(f, first, 1, 7).code, ERR_STATE); /* it is not there any more */
    assert_int_equal(reroute(f, second, 2, 7).code, ERR_STATE);
    assert_int_equal(reroute(f, held, 1, 7).code, ERR_STATE);
    assert_int_equal(reroute(f, flying, 1, 7).code, ERR_STATE);
    assert_int_equal(reroute(f, 999, 1, 7).code, ERR_NOT_FOUND);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(fx_load(f, 7, m.class_, 0, 4, ids, &more), 1);
        assert_int_equal(ids[0], first);
        assert_int_equal(fx_load(f, 1, m.class_, 0, 4, ids, &more), 1);
        assert_int_equal(ids[0], second);
        assert_int_equal(spool_ready_count(f->s, 7, m.class_), 1);
        assert_int_equal(fx_get(f, first)->v.m.carrier, 7);
        fx_reopen(f);
        if (round == 0) {
            fx_move(f, flying, MESSAGE_HELD, REASON_RETRY,
                    T0 * 2); /* else uncertain by now: not of interest */
        }
    }
    assert_int_equal(fx_claim(f, first).code, ERR_NONE);
    assert_int_equal(fx_load(f, 7, m.class_, 0, 4, ids, &more), 0);
}

static void parts_that_were_taken_keep_the_others_where_they_are(void **state)
{
    struct fx *f = *state;
    struct message m = fx_message(447700900001);
    m.parts = 3;
    uint64_t id = fx_claimed(f, &m);
    fx_answer(f, id, 1, 0, "first");
    fx_move(f, id, MESSAGE_READY, REASON_THROTTLED, 0);
    assert_int_equal(reroute(f, id, 1, 7).code, ERR_STATE);
    id = fx_claimed(f, &m);
    fx_move(f, id, MESSAGE_READY, REASON_NO_BIND, 0);
    assert_int_equal(reroute(f, id, 1, 7).code, ERR_NONE);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)
    const struct CMUnitTest tests[] = {
        T(accepted_message_is_there_after_restart),
        T(ids_are_dense_and_go_on_after_restart),
        T(long_and_short_texts_share_blocks),
        T(answered_message_is_sent_and_never_resent),
        T(in_flight_is_settled_by_policy_at_open),
        T(many_in_flight_are_settled),
        T(refused_part_fails_the_message),
        T(repeated_and_impossible_answers_change_nothing),
        T(late_answer_ends_the_waiting),
        T(parts_are_counted_each),
        T(answered_parts_are_not_sent_again_after_a_crash),
        T(loaded_message_is_whole),
        T(moves_the_life_does_not_allow_are_refused),
        T(held_are_released_in_order_of_time),
        T(look_ahead_continues_where_it_stopped),
        T(a_ready_message_changes_its_queue_for_good),
        T(parts_that_were_taken_keep_the_others_where_they_are),
        T(cursor_and_message_are_one),
        T(messages_are_found_newest_first),
        T(a_full_queue_refuses_new_work_and_nothing_else),
        T(callbacks_come_in_order_across_batches),
        T(closing_delivers_what_is_due),
        T(second_open_is_refused),
        T(without_flush_the_descriptor_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
