/* Random operations against a plain model: after any sequence, with restarts in between, every message, every
 * counter, every queue of the spool is what the model says. The model is the life of a message and nothing
 * else. */
#include "spool_fixture.h"

#include "base/random.h"
#include "store/spool_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGES  3000
#define STEPS     30000
#define CARRIERS  3
#define CAMPAIGNS 3
#define NUMBERS   50

struct mm {
    enum message_state state;
    enum message_reason reason;
    struct message m;
    usec_t until;
    unsigned attempts, taken, refused, delivered, ended; /* parts */
    uint32_t status;
    enum message_state bad;
    bool replied;
    uint8_t part_taken[8], part_done[8], part_receipt[8];
};
struct model {
    struct mm m[MESSAGES + 1];
    uint64_t n;
    uint64_t parts_sent[CAMPAIGNS];
    struct spool_counts counts[CAMPAIGNS];
};

static void cid_of(char *s, size_t size, uint64_t id, unsigned part)
{
    snprintf(s, size, "x%llu-%u", (unsigned long long)id, part);
}

static enum message_state pick_start(struct rnd *r)
{
    static const enum message_state s[] = { MESSAGE_READY,     MESSAGE_READY,     MESSAGE_HELD,
                                            MESSAGE_IN_FLIGHT, MESSAGE_IN_FLIGHT, MESSAGE_SUPPRESSED };
    return s[rnd_below(r, 6)];
}

static void step_accept(struct fx *f, struct model *md, struct rnd *r)
{
    struct message m = fx_message(447700900000 + rnd_below(r, NUMBERS));
    enum message_state start = pick_start(r);
    usec_t until = start == MESSAGE_HELD ? T0 + (usec_t)rnd_below(r, 1000) + 1 : 0;
    if (md->n == MESSAGES)
        return;
    m.carrier = (uint16_t)rnd_below(r, CARRIERS);
    m.campaign = (uint32_t)rnd_below(r, CAMPAIGNS);
    m.class_ = (enum message_class)rnd_below(r, CLASS_COUNT);
    m.parts = (uint8_t)(rnd_below(r, 4) ? 1 : 1 + rnd_below(r, 7));
    uint64_t id = start == MESSAGE_IN_FLIGHT ? spool_accept_claimed(f->s, &m, NULL, NULL, NULL)
                                             : spool_accept(f->s, &m, start, REASON_NONE, until, NULL, NULL);
    assert_int_equal(id, md->n + 1);
    struct mm *k = &md->m[++md->n];
    *k = (struct mm){ .state = start, .m = m, .until = until, .attempts = start == MESSAGE_IN_FLIGHT };
}

static bool waits(const struct mm *k)
{
    return k->state == MESSAGE_IN_FLIGHT || k->state == MESSAGE_READY || k->state == MESSAGE_HELD ||
           k->state == MESSAGE_UNCERTAIN;
}

static void model_settle(struct mm *k)
{
    if (k->taken + k->refused < k->m.parts)
        return;
    if (k->refused == 0 && waits(k)) {
        k->state = MESSAGE_SENT;
        k->reason = REASON_NONE;
    } else if (k->state == MESSAGE_IN_FLIGHT) {
        k->state = MESSAGE_FAILED;
        k->reason = REASON_CARRIER_STATUS;
    }
    if (k->state == MESSAGE_SENT && k->bad && k->ended == k->m.parts) {
        k->state = k->bad;
        k->reason = REASON_CARRIER_RECEIPT;
    } else if (k->state == MESSAGE_SENT && k->delivered == k->m.parts) {
        k->state = MESSAGE_DELIVERED;
    }
}

static void step_answer(struct fx *f, struct model *md, struct rnd *r, uint64_t id)
{
    struct mm *k = &md->m[id];
    unsigned part = (unsigned)rnd_below(r, k->m.parts);
    uint32_t status = rnd_below(r, 8) ? 0 : 0x0B;
    char cid[32];
    cid_of(cid, sizeof(cid), id, part);
    struct spool_answer a = { .id = id,
                              .part = (uint8_t)part,
                              .carrier = k->m.carrier,
                              .command_status = status,
                              .carrier_id = strv_from(status ? "" : cid),
                              .at = T0 };
    spool_answer(f->s, &a, NULL, NULL);
    if (k->part_taken[part] || (status && k->state != MESSAGE_IN_FLIGHT))
        return;
    if (status) {
        k->refused += !k->part_done[part];
        k->part_done[part] = 1;
    } else {
        k->refused -= k->part_done[part]; /* refused before, taken now */
        k->part_done[part] = k->part_taken[part] = 1;
        k->taken++;
        md->parts_sent[0]++;
        if (k->m.campaign)
            md->parts_sent[k->m.campaign]++;
    }
    model_settle(k);
}

/* Receipts of parts that were taken, and some of parts that were not yet: those wait for the answer. */
static void step_receipt(struct fx *f, struct model *md, struct rnd *r, uint64_t id)
{
    struct mm *k = &md->m[id];
    unsigned part = (unsigned)rnd_below(r, k->m.parts);
    enum message_state s = rnd_below(r, 3) ? MESSAGE_DELIVERED : MESSAGE_UNDELIVERABLE;
    char cid[32];
    if (!k->part_taken[part])
        return; /* early receipts have their own tests */
    cid_of(cid, sizeof(cid), id, part);
    struct spool_receipt p = {
        .carrier = k->m.carrier, .carrier_id = strv_from(cid), .state = s, .error = 3, .at = T0
    };
    spool_receipt(f->s, &p, NULL, NULL);
    if (k->part_receipt[part])
        return;
    k->part_receipt[part] = 1;
    k->ended++;
    if (s == MESSAGE_DELIVERED)
        k->delivered++;
    else if (!k->bad)
        k->bad = s;
    model_settle(k);
}

static void step_move(struct fx *f, struct model *md, struct rnd *r, uint64_t id)
{
    static const enum message_state to[] = { MESSAGE_READY,     MESSAGE_HELD,      MESSAGE_FAILED,
                                             MESSAGE_UNCERTAIN, MESSAGE_CANCELLED, MESSAGE_READY };
    struct mm *k = &md->m[id];
    enum message_state want = to[rnd_below(r, 6)];
    usec_t until = T0 + 1 + (usec_t)rnd_below(r, 1000);
    if ((want == MESSAGE_FAILED || want == MESSAGE_CANCELLED) && rnd_below(r, 4))
        return;
    spool_move(f->s, id, want, REASON_RETRY, 0, until, NULL, NULL);
    if (!message_move_allowed(k->state, want) && !(k->state == MESSAGE_HELD && want == MESSAGE_HELD))
        return;
    k->state = want;
    k->reason = REASON_RETRY;
    k->until = want == MESSAGE_HELD ? until : 0;
}

static void step_claim(struct fx *f, struct model *md, uint64_t id)
{
    spool_claim(f->s, id, NULL, NULL);
    if (md->m[id].state == MESSAGE_READY) {
        md->m[id].state = MESSAGE_IN_FLIGHT;
        md->m[id].attempts++;
        md->m[id].reason = REASON_NONE;
    }
}

/* The earliest first; among equals the lowest id. */
static void step_release(struct fx *f, struct model *md, struct rnd *r)
{
    usec_t now = T0 + (usec_t)rnd_below(r, 600);
    size_t max = 1 + rnd_below(r, 20);
    spool_release_due(f->s, now, max, NULL, NULL);
    while (max-- > 0) {
        uint64_t best = 0;
        for (uint64_t i = 1; i <= md->n; i++) {
            if (md->m[i].state == MESSAGE_HELD && md->m[i].until <= now &&
                (!best || md->m[i].until < md->m[best].until))
                best = i;
        }
        if (!best)
            return;
        md->m[best].state = MESSAGE_READY;
        md->m[best].reason = REASON_NONE;
    }
}

static void model_reopen(struct fx *f, struct model *md)
{
    fx_sync(f);
    fx_reopen(f);
    for (uint64_t i = 1; i <= md->n; i++) {
        struct mm *k = &md->m[i];
        if (k->state != MESSAGE_IN_FLIGHT)
            continue;
        k->reason = REASON_UNCERTAIN;
        switch (f->o.uncertain[k->m.class_]) {
        case UNCERTAIN_RESEND: k->state = MESSAGE_READY; break;
        case UNCERTAIN_HOLD: k->state = MESSAGE_UNCERTAIN; break;
        case UNCERTAIN_FAIL: k->state = MESSAGE_FAILED; break;
        }
    }
}

/* --- comparing --- */

static void check_messages(struct fx *f, struct model *md)
{
    for (uint64_t i = 1; i <= md->n; i++) {
        struct mm *k = &md->m[i];
        struct seen *s = fx_get(f, i);
        assert_true(s->found);
        if (s->v.state != k->state)
            fail_msg("message %llu is %s, should be %s", (unsigned long long)i,
                     message_state_name(s->v.state), message_state_name(k->state));
        assert_int_equal(s->v.reason, k->reason);
        assert_int_equal(s->v.attempts, k->attempts);
        assert_int_equal(s->v.m.to, k->m.to);
        assert_int_equal(s->v.m.campaign, k->m.campaign);
        assert_int_equal(s->v.until, k->state == MESSAGE_HELD ? k->until : 0);
        assert_int_equal(s->v.n_parts, k->m.parts);
        for (unsigned p = 0; p < k->m.parts; p++)
            assert_int_equal(s->part_id[p][0] != 0, k->part_taken[p]);
    }
}

static void check_counts(struct fx *f, struct model *md)
{
    for (uint32_t c = 0; c < CAMPAIGNS; c++) {
        struct spool_counts want = { 0 }, got = fx_counts(f, c);
        for (uint64_t i = 1; i <= md->n; i++) {
            struct mm *k = &md->m[i];
            if (c && k->m.campaign != c)
                continue;
            want.by_state[k->state]++;
            if (!message_state_final(k->state) || k->state == MESSAGE_DELIVERED)
                continue;
            want.failed_by_reason[k->reason]++;
            if (k->state == MESSAGE_FAILED && k->reason == REASON_CARRIER_STATUS) {
                want.failed_by_status[0].command_status = 0x0B;
                want.failed_by_status[0].count++;
            }
        }
        want.parts_sent = md->parts_sent[c];
        assert_memory_equal(want.by_state, got.by_state, sizeof(want.by_state));
        assert_memory_equal(want.failed_by_reason, got.failed_by_reason, sizeof(want.failed_by_reason));
        assert_int_equal(want.failed_by_status[0].count, got.failed_by_status[0].count);
        assert_int_equal(want.parts_sent, got.parts_sent);
    }
}

static void check_queues(struct fx *f, struct model *md)
{
    static uint64_t ids[MESSAGES];
    usec_t due = USEC_NEVER;
    for (uint16_t carrier = 0; carrier < CARRIERS; carrier++) {
        for (int lane = 0; lane < CLASS_COUNT; lane++) {
            bool more;
            size_t n = fx_load(f, carrier, (enum message_class)lane, 0, MESSAGES, ids, &more), at = 0;
            for (uint64_t i = 1; i <= md->n; i++) {
                struct mm *k = &md->m[i];
                if (k->state != MESSAGE_READY || k->m.carrier != carrier || (int)k->m.class_ != lane)
                    continue;
                assert_true(at < n);
                assert_int_equal(ids[at++], i);
            }
            assert_int_equal(at, n);
            assert_int_equal(spool_ready_count(f->s, carrier, (enum message_class)lane), n);
        }
    }
    for (uint64_t i = 1; i <= md->n; i++) {
        if (md->m[i].state == MESSAGE_HELD && md->m[i].until < due)
            due = md->m[i].until;
    }
    assert_int_equal(spool_next_due(f->s), due);
}

static bool collect(void *ctx, const struct spool_view *v)
{
    uint64_t *ids = ctx;
    ids[++ids[0]] = v->m.id;
    return true;
}

static void check_search(struct fx *f, struct model *md)
{
    static uint64_t ids[MESSAGES + 1];
    for (uint64_t number = 447700900000; number < 447700900000 + NUMBERS; number += 7) {
        struct spool_filter q = { .number = number, .state = -1, .max = MESSAGES };
        ids[0] = 0;
        assert_int_equal(spool_find_messages(f->r, &q, collect, ids), 0);
        uint64_t at = 0;
        for (uint64_t i = md->n; i > 0; i--) {
            if (md->m[i].m.to == number)
                assert_int_equal(ids[++at], i);
        }
        assert_int_equal(at, ids[0]);
    }
}

static void check_all(struct fx *f, struct model *md)
{
    fx_sync(f);
    check_messages(f, md);
    check_counts(f, md);
    check_queues(f, md);
    check_search(f, md);
}

/* Folds the log of changes early, so that a short run meets it often. Before anything is handed over. */
static void fold_early(struct fx *f)
{
    f->s->w.core.deltas.fold_at = 300;
}

static void run(struct fx *f, uint64_t seed)
{
    struct model *md = calloc(1, sizeof(*md));
    struct rnd r;
    rnd_seed(&r, seed);
    fold_early(f);
    for (unsigned i = 0; i < STEPS; i++) {
        uint64_t id = md->n ? 1 + rnd_below(&r, md->n) : 0;
        unsigned what = (unsigned)rnd_below(&r, 100);
        if (what < 20 || !id)
            step_accept(f, md, &r);
        else if (what < 40)
            step_claim(f, md, id);
        else if (what < 65)
            step_answer(f, md, &r, id);
        else if (what < 85)
            step_receipt(f, md, &r, id);
        else if (what < 97)
            step_move(f, md, &r, id);
        else
            step_release(f, md, &r);
        if (rnd_below(&r, 200) == 0)
            fx_sync(f);
        if (rnd_below(&r, 6000) == 0) {
            model_reopen(f, md);
            fold_early(f);
        }
        if (rnd_below(&r, 8000) == 0)
            check_all(f, md);
    }
    check_all(f, md);
    model_reopen(f, md);
    check_all(f, md);
    free(md);
}

static void random_operations_agree_with_the_model(void **state)
{
    run(*state, 1);
}

static void and_again_with_another_seed(void **state)
{
    run(*state, 20261121);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)
    const struct CMUnitTest tests[] = {
        T(random_operations_agree_with_the_model),
        T(and_again_with_another_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
