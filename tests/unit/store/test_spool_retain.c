/* Retention against a model: what is over and old goes, with all that names it; what waits stays with its
 * block; counters, and what is younger, are untouched; also across restarts and kills. */
#include "spool_fixture.h"

#include "base/random.h"
#include "store/spool_internal.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KEEP   (10 * USEC_DAY)
#define BLOCKS 120
#define MANY   (BLOCKS * SPOOL_BLOCK_IDS)

static bool there(struct fx *f, uint64_t id)
{
    return fx_get(f, id)->found;
}

static struct spool_usage usage(struct fx *f)
{
    struct spool_usage u;
    spool_get_usage(f->r, &u);
    return u;
}

/* The writer has nothing more to do: no pass is under way or due, no index is being swept. */
static void settled(struct fx *f)
{
    fx_sync(f);
    uint64_t commits = 0;
    for (unsigned i = 0, still = 0; i < 20000; i++) {
        struct timespec step = { 0, 2000000 };
        nanosleep(&step, NULL); /* chores are done by another thread, which tells nobody */
        uint64_t now = atomic_load(&f->s->w.commits);
        bool busy = spool_core_busy(&f->s->w.core); /* a look from aside: hence several */
        still = now == commits && !busy && usage(f).retained_at >= f->clock.manual ? still + 1 : 0;
        commits = now;
        if (still == 10)
            return;
    }
    fail_msg("retention did not come to its end");
}

/* A pass at this instant. */
static void pass_at(struct fx *f, usec_t wall)
{
    f->clock.manual = wall;
    struct message m = fx_message(447700999999);
    m.accepted_at = wall;
    uint64_t id = fx_accept(f, &m, MESSAGE_READY, 0); /* wakes the writer */
    fx_move(f, id, MESSAGE_CANCELLED, REASON_CANCELLED, 0);
    settled(f);
}

static uint64_t delivered(struct fx *f, uint64_t number, uint32_t campaign, unsigned parts)
{
    struct message m = fx_message(number);
    char cid[32];
    m.accepted_at = f->clock.manual;
    m.campaign = campaign;
    m.parts = (uint8_t)parts;
    uint64_t id = spool_accept_claimed(f->s, &m, NULL, NULL, NULL);
    for (unsigned p = 0; p < parts; p++) {
        snprintf(cid, sizeof(cid), "r%llu-%u", (unsigned long long)id, p);
        struct spool_answer a = {
            .id = id, .part = (uint8_t)p, .carrier = 1, .carrier_id = strv_from(cid), .at = f->clock.manual
        };
        struct spool_receipt r = {
            .carrier = 1, .carrier_id = strv_from(cid), .state = MESSAGE_DELIVERED, .at = f->clock.manual
        };
        spool_answer(f->s, &a, NULL, NULL);
        spool_receipt(f->s, &r, NULL, NULL);
    }
    return id;
}

static void fill(struct fx *f, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        assert_true(delivered(f, 447700900000 + i % 50, 1 + i % 2, i % 10 == 0 ? 3 : 1) != 0);
        if (i % 5000 == 4999)
            fx_sync(f);
    }
    fx_sync(f);
}

static bool count_one(void *ctx, const struct spool_view *v)
{
    (void)v;
    ++*(uint64_t *)ctx;
    return true;
}

static uint64_t found(struct fx *f, struct spool_filter q)
{
    uint64_t n = 0;
    q.max = SIZE_MAX;
    do
        q.before_id = spool_find_messages(f->r, &q, count_one, &n);
    while (q.before_id);
    return n;
}

static void what_is_old_and_over_goes_and_counters_stay(void **state)
{
    struct fx *f = *state;
    fill(f, MANY);
    struct spool_counts before = fx_counts(f, 1);
    uint64_t used = usage(f).used;
    spool_keep(f->s, KEEP, 0);
    pass_at(f, T0 + KEEP - USEC_HOUR);
    assert_int_equal(usage(f).retired, 0);
    assert_int_equal(usage(f).oldest, T0);
    pass_at(f, T0 + KEEP + USEC_HOUR);
    for (uint64_t id = 1; id <= MANY; id += 7)
        assert_int_equal(there(f, id), id / SPOOL_BLOCK_IDS >= BLOCKS);
    struct spool_counts after = fx_counts(f, 1);
    assert_memory_equal(before.by_state, after.by_state, sizeof(before.by_state));
    assert_int_equal(before.parts_sent, after.parts_sent);
    struct spool_usage u = usage(f);
    assert_true(u.retired > MANY - 2 * SPOOL_BLOCK_IDS);
    assert_int_equal(u.messages + u.retired, MANY + 2);
    assert_true(u.used < used / 2);
    assert_int_equal(found(f, (struct spool_filter){ .state = -1 }), u.messages);
    assert_int_equal(found(f, (struct spool_filter){ .number = 447700900007, .state = -1 }), 0);
    /* and what comes now is as ever */
    uint64_t id = delivered(f, 447700900007, 1, 3);
    fx_sync(f);
    assert_int_equal(fx_state(f, id), MESSAGE_DELIVERED);
    fx_reopen(f);
    assert_int_equal(fx_state(f, id), MESSAGE_DELIVERED);
    assert_true(delivered(f, 447700900007, 1, 1) > id);
    fx_sync(f);
}

static void what_waits_keeps_its_block_only(void **state)
{
    struct fx *f = *state;
    fill(f, 10 * SPOOL_BLOCK_IDS);
    struct message m = fx_message(447700911111);
    m.accepted_at = T0;
    uint64_t held = fx_accept(f, &m, MESSAGE_HELD, T0 + 40 * USEC_DAY);
    fill(f, 10 * SPOOL_BLOCK_IDS);
    spool_keep(f->s, KEEP, 0);
    pass_at(f, T0 + 20 * USEC_DAY);
    assert_int_equal(fx_state(f, held), MESSAGE_HELD);
    uint64_t block = held / SPOOL_BLOCK_IDS;
    for (uint64_t id = 1; id < 20 * SPOOL_BLOCK_IDS; id++)
        assert_int_equal(there(f, id), id / SPOOL_BLOCK_IDS == block);
    assert_string_equal(fx_get(f, held)->text, fx_get(f, held + 1)->text);
    assert_int_equal(usage(f).oldest, T0);
    /* It goes its way, and then goes, too. */
    f->clock.manual = T0 + 41 * USEC_DAY;
    spool_release_due(f->s, f->clock.manual, 10, NULL, NULL);
    fx_sync(f);
    assert_int_equal(fx_claim(f, held).code, ERR_NONE);
    assert_int_equal(fx_answer(f, held, 0, 0, "late").code, ERR_NONE);
    pass_at(f, T0 + 45 * USEC_DAY);
    assert_int_equal(fx_state(f, held), MESSAGE_SENT);
    pass_at(f, T0 + 52 * USEC_DAY);
    assert_false(there(f, held));
    /* A receipt for it now is one for an unknown message. */
    struct got r = fx_receipt(f, "late", MESSAGE_DELIVERED);
    assert_false(r.has_settled);
    assert_int_equal(usage(f).orphans, 1);
    assert_int_equal(fx_answer(f, held, 0, 0, "again").code, ERR_NOT_FOUND);
}

static void changes_that_wait_in_the_log_do_not_bring_it_back(void **state)
{
    struct fx *f = *state;
    struct spool_receipt r = { .carrier = 1, .state = MESSAGE_DELIVERED, .at = T0 };
    for (unsigned i = 0; i < 6 * SPOOL_BLOCK_IDS; i++) {
        char cid[16];
        uint64_t id = fx_claimed(f, &(struct message){ .to = 447700900001,
                                                       .accepted_at = T0,
                                                       .carrier = 1,
                                                       .parts = 1,
                                                       .text = STRV("x"),
                                                       .sender = STRV("y") });
        snprintf(cid, sizeof(cid), "w%llu", (unsigned long long)id);
        assert_int_equal(fx_answer(f, id, 0, 0, cid).code, ERR_NONE); /* each alone: goes to the log */
    }
    assert_true(f->s->w.core.deltas.cur.n > 0);
    spool_keep(f->s, KEEP, 0);
    pass_at(f, T0 + 11 * USEC_DAY);
    assert_false(there(f, 100));
    f->s->w.core.deltas.fold_at = 8;
    r.carrier_id = STRV("none");
    spool_receipt(f->s, &r, NULL, NULL);
    settled(f);
    assert_false(there(f, 100));
    assert_false(there(f, 1));
    fx_reopen(f);
    assert_false(there(f, 100));
    assert_int_equal(usage(f).messages + usage(f).retired, 6 * SPOOL_BLOCK_IDS + 1);
}

static bool inbound_one(void *ctx, const struct spool_inbound_view *v)
{
    (void)v;
    ++*(uint64_t *)ctx;
    return true;
}

static void inbound_goes_by_its_own_time(void **state)
{
    struct fx *f = *state;
    for (unsigned i = 0; i < 1000; i++) {
        struct spool_inbound in = { .carrier = 1,
                                    .from = 447700900000 + i % 5,
                                    .to = STRV("123"),
                                    .text = STRV("hello"),
                                    .at = T0 + (i < 900 ? 0 : 5 * USEC_DAY),
                                    .consent = i == 0 ? CONSENT_STOP : CONSENT_NONE,
                                    .consent_word = STRV("STOP") };
        spool_inbound(f->s, &in, NULL, NULL);
    }
    fx_sync(f);
    spool_keep(f->s, 0, 3 * USEC_DAY);
    pass_at(f, T0 + 6 * USEC_DAY);
    uint64_t n = 0, of_one = 0, suppressed = 0;
    spool_find_inbound(f->r, 0, 0, SIZE_MAX, inbound_one, &n);
    spool_find_inbound(f->r, 447700900002, 0, SIZE_MAX, inbound_one, &of_one);
    assert_int_equal(n, 100);
    assert_int_equal(of_one, 20);
    (void)suppressed;
    pass_at(f, T0 + 60 * USEC_DAY);
    n = 0;
    spool_find_inbound(f->r, 0, 0, SIZE_MAX, inbound_one, &n);
    assert_int_equal(n, 1); /* the last one: the next id is told from it */
    struct got g = { 0 };
    struct spool_inbound in = {
        .carrier = 1, .from = 1, .to = STRV("1"), .text = STRV("x"), .at = f->clock.manual
    };
    spool_inbound(f->s, &in, fx_done, &g);
    fx_sync(f);
    assert_int_equal(g.id, 1001);
}

static bool no_suppressed(void *ctx, uint64_t number)
{
    *(uint64_t *)ctx = number;
    return true;
}

static bool no_consent(void *ctx, const struct spool_consent_view *v)
{
    (void)v;
    ++*(unsigned *)ctx;
    return true;
}

static void consent_is_never_deleted(void **state)
{
    struct fx *f = *state;
    uint64_t number = 0;
    unsigned entries = 0;
    spool_consent(f->s, 447700900001, CONSENT_STOP, STRV("cli"), STRV("stop"), T0, NULL, NULL);
    fx_sync(f);
    spool_keep(f->s, USEC_DAY, USEC_DAY);
    pass_at(f, T0 + 4000 * USEC_DAY);
    spool_each_suppressed(f->r, no_suppressed, &number);
    spool_each_consent(f->r, 447700900001, no_consent, &entries);
    assert_int_equal(number, 447700900001);
    assert_int_equal(entries, 1);
}

/* The indexes shrink: a run of which all messages have gone is deleted, half of one is written anew. */
static void the_indexes_are_swept(void **state)
{
    struct fx *f = *state;
    unsigned n = 2 * SPOOL_INDEX_TAIL + 5000;
    for (unsigned i = 0; i < n; i++) {
        if (i == SPOOL_INDEX_TAIL + SPOOL_INDEX_TAIL / 4 * 3) {
            fx_sync(f);
            f->clock.manual = T0 + 8 * USEC_DAY;
        }
        delivered(f, 447700000000 + i % 1000, 1, 1);
        if (i % 2000 == 0)
            fx_sync(f);
    }
    fx_sync(f);
    uint64_t all = 0;
    for (size_t i = 0; i < f->s->w.core.num.n_runs; i++)
        all += f->s->w.core.num.runs[i].count;
    assert_true(all >= 2 * SPOOL_INDEX_TAIL);
    spool_keep(f->s, KEEP, 0);
    pass_at(f, T0 + 11 * USEC_DAY);
    uint64_t left = 0, left_rid = 0;
    for (size_t i = 0; i < f->s->w.core.num.n_runs; i++)
        left += f->s->w.core.num.runs[i].count;
    for (size_t i = 0; i < f->s->w.core.rid.n_runs; i++)
        left_rid += f->s->w.core.rid.runs[i].count;
    assert_true(left <= SPOOL_INDEX_TAIL / 2);
    assert_true(left_rid <= SPOOL_INDEX_TAIL / 2);
    assert_true(usage(f).retired > SPOOL_INDEX_TAIL);
    uint64_t per_number = found(f, (struct spool_filter){ .number = 447700000500, .state = -1 });
    uint64_t young = n - (SPOOL_INDEX_TAIL + SPOOL_INDEX_TAIL / 4 * 3);
    assert_in_range(per_number, young / 1000, young / 1000 + 1);
    char cid[32]; /* a repeated receipt of one that is there finds it; of one that has gone, does not */
    snprintf(cid, sizeof(cid), "r%u-0", n - 10000);
    assert_true(fx_receipt(f, cid, MESSAGE_DELIVERED).settled.duplicate);
    assert_false(fx_receipt(f, "r100-0", MESSAGE_DELIVERED).has_settled);
    fx_reopen(f);
    assert_int_equal(found(f, (struct spool_filter){ .number = 447700000500, .state = -1 }), per_number);
    assert_true(fx_receipt(f, cid, MESSAGE_DELIVERED).settled.duplicate);
}

static void times_are_found_by_halving(void **state)
{
    struct fx *f = *state;
    for (unsigned day = 0; day < 30; day++) {
        f->clock.manual = T0 + day * USEC_DAY;
        fill(f, 100);
    }
    spool_keep(f->s, KEEP, 0);
    pass_at(f, T0 + 29 * USEC_DAY);
    struct spool_filter q = { .state = -1, .from = T0 + 22 * USEC_DAY, .to = T0 + 25 * USEC_DAY };
    assert_int_equal(found(f, q), 300);
    q.campaign = 2;
    assert_int_equal(found(f, q), 150);
    q.state = MESSAGE_FAILED;
    assert_int_equal(found(f, q), 0);
    q = (struct spool_filter){ .state = -1, .to = T0 + 15 * USEC_DAY };
    assert_int_equal(found(f, q), 0);
    q = (struct spool_filter){ .number = 447700900003, .state = -1, .from = T0 + 24 * USEC_DAY };
    assert_int_equal(found(f, q), 12); /* two a day, six days */
}

/* Random lives, random steps of the clock, restarts: each message is there exactly when the model has it. */
static void random_lives_agree_with_the_model(void **state)
{
    enum { LIVES = 6000 };
    struct fx *f = *state;
    static struct {
        bool over, gone;
        usec_t changed;
    } m[LIVES + 200];
    uint64_t n = 0;
    struct rnd r;
    rnd_seed(&r, 7);
    spool_keep(f->s, KEEP, 0);
    f->o.keep_messages = KEEP;
    memset(m, 0, sizeof(m));
    for (unsigned step = 0; step < 60; step++) {
        f->clock.manual += (usec_t)rnd_below(&r, 2 * USEC_DAY);
        for (unsigned i = 0; i < 100; i++) {
            bool over = rnd_below(&r, 500) != 0;
            struct message one = fx_message(447700900000 + rnd_below(&r, 50));
            one.accepted_at = f->clock.manual;
            uint64_t id = over ? delivered(f, one.to, 1, 1 + (unsigned)rnd_below(&r, 3))
                               : spool_accept(f->s, &one, MESSAGE_HELD, REASON_SCHEDULE, 0, NULL, NULL);
            m[id].over = over;
            m[id].changed = f->clock.manual;
            n = id;
        }
        for (uint64_t id = 1; id <= n; id++) {
            if (!m[id].over && rnd_below(&r, 20) == 0) {
                fx_move(f, id, MESSAGE_CANCELLED, REASON_CANCELLED, 0);
                m[id].over = true;
                m[id].changed = f->clock.manual;
            }
        }
        if (rnd_below(&r, 8) == 0)
            fx_reopen(f);
        f->clock.manual += 10 * USEC_MINUTE;
        uint64_t was = n + 1;
        m[was].over = true;
        m[was].changed = f->clock.manual;
        pass_at(f, f->clock.manual);
        for (uint64_t block = 0; block < was / SPOOL_BLOCK_IDS; block++) {
            bool goes = true;
            for (uint64_t id = block * SPOOL_BLOCK_IDS; id < (block + 1) * SPOOL_BLOCK_IDS; id++)
                goes = goes && (id == 0 || (m[id].over && m[id].changed < f->clock.manual - KEEP));
            for (uint64_t id = block * SPOOL_BLOCK_IDS; goes && id < (block + 1) * SPOOL_BLOCK_IDS; id++)
                m[id].gone = true;
        }
        n = was;
        for (uint64_t id = 1; id <= n; id++) {
            if (there(f, id) == m[id].gone)
                fail_msg("message %llu should be %s", (unsigned long long)id, m[id].gone ? "gone" : "there");
        }
    }
    assert_true(usage(f).retired > LIVES / 2);
}

/* --- kill -9 in the middle --- */

static void child(struct fx *f)
{
    struct err e;
    f->s = spool_open(&f->o, &e);
    if (!f->s)
        _exit(2);
    for (;;)
        pause();
}

static void a_kill_in_the_middle_does_no_harm(void **state)
{
    struct fx *f = *state;
    struct rnd r;
    rnd_seed(&r, 11);
    fill(f, 1000 * SPOOL_BLOCK_IDS);
    struct message m = fx_message(447700911111);
    m.accepted_at = T0;
    uint64_t held = fx_accept(f, &m, MESSAGE_HELD, 0), young = 0;
    fill(f, SPOOL_BLOCK_IDS);
    f->clock.manual = T0 + 11 * USEC_DAY;
    young = delivered(f, 447700922222, 2, 2);
    fx_sync(f);
    struct spool_counts before = fx_counts(f, 0);
    fx_close(f);
    f->o.nosync = false;
    f->o.keep_messages = KEEP;
    uint64_t retired = 0;
    for (unsigned round = 0; round < 12; round++) {
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
            child(f);
        struct timespec t = { 0, (long)rnd_below(&r, 30) * 1000000 };
        nanosleep(&t, NULL);
        kill(pid, SIGKILL);
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        f->o.keep_messages = 0;
        fx_open(f);
        struct spool_usage u = usage(f);
        struct spool_counts all = fx_counts(f, 0);
        assert_true(u.retired >= retired);
        retired = u.retired;
        assert_memory_equal(all.by_state, before.by_state, sizeof(all.by_state));
        assert_int_equal(found(f, (struct spool_filter){ .state = -1 }), u.messages);
        assert_int_equal(fx_state(f, held), MESSAGE_HELD);
        assert_int_equal(fx_state(f, young), MESSAGE_DELIVERED);
        fx_close(f);
        f->o.keep_messages = KEEP;
    }
    fx_open(f);
    pass_at(f, f->clock.manual + USEC_HOUR);
    assert_in_range(usage(f).retired, 999 * SPOOL_BLOCK_IDS, 1003 * SPOOL_BLOCK_IDS);
    assert_int_equal(fx_state(f, held), MESSAGE_HELD);
    assert_int_equal(fx_state(f, young), MESSAGE_DELIVERED);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)
    const struct CMUnitTest tests[] = {
        T(what_is_old_and_over_goes_and_counters_stay),
        T(what_waits_keeps_its_block_only),
        T(changes_that_wait_in_the_log_do_not_bring_it_back),
        T(inbound_goes_by_its_own_time),
        T(consent_is_never_deleted),
        T(the_indexes_are_swept),
        T(times_are_found_by_halving),
        T(random_lives_agree_with_the_model),
        T(a_kill_in_the_middle_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
