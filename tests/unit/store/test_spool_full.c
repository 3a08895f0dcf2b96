/* No space: new work is refused, what has begun goes on, nothing is lost or half there, and it comes back. */
#include "spool_fixture.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static int setup_small(void **state)
{
    if (fx_setup(state) != 0)
        return -1;
    struct fx *f = *state;
    fx_close(f);
    f->o.map_size = (size_t)6 << 20;
    f->o.reserve = (size_t)2 << 20;
    fx_open(f);
    return 0;
}

static struct spool_usage usage(struct fx *f)
{
    struct spool_usage u;
    spool_get_usage(f->r, &u);
    return u;
}

/* Fills with claimed messages until one is refused; their ids. */
static size_t fill(struct fx *f, uint64_t *ids, size_t max)
{
    static char text[600];
    struct message m = fx_message(491701);
    memset(text, 't', sizeof(text));
    m.text = (struct strv){ text, sizeof(text) };
    m.class_ = CLASS_OTP;
    for (size_t n = 0; n < max;) {
        struct got g[64] = { 0 };
        size_t i;
        for (i = 0; i < 64; i++)
            spool_accept_claimed(f->s, &m, NULL, fx_done, &g[i]);
        fx_sync(f);
        for (i = 0; i < 64 && g[i].code == ERR_NONE; i++)
            ids[n++] = g[i].id;
        if (i < 64) {
            assert_int_equal(g[i].code, ERR_FULL);
            return n;
        }
    }
    fail_msg("never full");
    return 0;
}

static void reserve_is_kept_for_what_has_begun(void **state)
{
    struct fx *f = *state;
    static uint64_t ids[20000];
    size_t n = fill(f, ids, 20000);
    struct spool_usage u = usage(f);
    assert_true(u.intake_closed);
    assert_false(u.stalled);
    assert_true(u.used <= u.map_size);
    /* inbound and acceptance are intake */
    struct got g = { 0 };
    struct spool_inbound in = { .from = 1, .at = T0, .text = STRV("hello") };
    spool_inbound(f->s, &in, fx_done, &g);
    fx_sync(f);
    assert_int_equal(g.code, ERR_FULL);
    /* every claimed message is answered, and a receipt is recorded for each */
    for (size_t i = 0; i < n; i++) {
        char cid[32];
        snprintf(cid, sizeof(cid), "full-%zu", i);
        struct spool_answer a = { .id = ids[i], .carrier = 1, .carrier_id = strv_from(cid), .at = T0 };
        struct spool_receipt r = {
            .carrier = 1, .carrier_id = strv_from(cid), .state = MESSAGE_DELIVERED, .at = T0
        };
        spool_answer(f->s, &a, NULL, NULL);
        spool_receipt(f->s, &r, NULL, NULL);
        if (i % 500 == 0)
            fx_sync(f);
    }
    fx_sync(f);
    struct spool_counts c = fx_counts(f, 0);
    assert_int_equal(c.by_state[MESSAGE_DELIVERED], n);
    assert_int_equal(c.by_state[MESSAGE_IN_FLIGHT], 0);
    fx_reopen(f);
    assert_int_equal(fx_counts(f, 0).by_state[MESSAGE_DELIVERED], n);
    assert_int_equal(usage(f).messages, n);
}

static void a_campaign_has_no_gap_after_a_refusal(void **state)
{
    struct fx *f = *state;
    static char text[900];
    struct message m = fx_message(491701);
    struct got g[200];
    uint32_t next = 0, good = 0;
    bool refused = false;
    m.text = (struct strv){ text, sizeof(text) };
    m.campaign = 1;
    memset(text, 't', sizeof(text));
    while (!refused) {
        memset(g, 0, sizeof(g));
        for (uint32_t i = 0; i < 200; i++) {
            m.customer = next + i + 1;
            spool_accept_claimed(f->s, &m, &(struct spool_cursor){ 0, next + i }, fx_done, &g[i]);
            if (i % 20 == 0)
                spool_flush(f->s);
        }
        fx_sync(f);
        for (uint32_t i = 0; i < 200; i++) {
            if (refused)
                assert_int_not_equal(g[i].code, ERR_NONE); /* none behind the first refused one */
            else if (g[i].code == ERR_NONE)
                good++;
            refused |= g[i].code != ERR_NONE;
        }
        next += 200;
    }
    assert_int_equal(fx_counts(f, 1).by_state[MESSAGE_IN_FLIGHT], good);
    fx_close(f);
    f->o.map_size *= 2; /* room again: go on where it stopped */
    fx_open(f);
    m.customer = good + 1;
    memset(g, 0, sizeof(g));
    spool_accept_claimed(f->s, &m, &(struct spool_cursor){ 0, good }, fx_done, &g[0]);
    fx_sync(f);
    assert_int_equal(g[0].code, ERR_NONE);
}

/* Without a reserve the map fills to the brim: even then what cannot be written is not half written. */
static void full_to_the_brim_and_back(void **state)
{
    struct fx *f = *state;
    static uint64_t ids[20000];
    struct got last = { 0 };
    fx_close(f);
    f->o.reserve = 1;
    fx_open(f);
    size_t n = fill(f, ids, 20000);
    /* endings until nothing more fits: they wait, and say so */
    size_t handed = 0;
    for (; handed < n && !usage(f).stalled; handed++) {
        char cid[64];
        snprintf(cid, sizeof(cid), "a-rather-long-id-of-a-carrier-%020zu", handed);
        struct spool_answer a = { .id = ids[handed], .carrier = 1, .carrier_id = strv_from(cid), .at = T0 };
        spool_answer(f->s, &a, fx_done, &last);
        spool_flush(f->s);
        spool_poll(f->s);
    }
    spool_reader_free(f->r);
    spool_close(f->s); /* gives up what cannot be written, with its callback */
    f->s = NULL;
    f->r = NULL;
    assert_int_equal(last.calls, handed);
    f->o.map_size *= 4;
    f->o.reserve = 0;
    fx_open(f);
    struct spool_counts c = fx_counts(f, 0);
    assert_int_equal(usage(f).messages, n);
    assert_int_equal(c.by_state[MESSAGE_SENT] + c.by_state[MESSAGE_READY], n);
    assert_int_equal(spool_get_recovered(f->s).resent, c.by_state[MESSAGE_READY]);
    assert_int_equal(c.parts_sent, c.by_state[MESSAGE_SENT]);
    struct message m = fx_message(491701);
    fx_claimed(f, &m); /* and new work is taken again */
}

static void trimming_the_feed_makes_room(void **state)
{
    struct fx *f = *state;
    static uint64_t ids[20000];
    fill(f, ids, 20000);
    for (int i = 0; i < 3000; i++) {
        spool_consent(f->s, 4477009 + (uint64_t)i, CONSENT_STOP, STRV("api"), STRV(""), T0, NULL, NULL);
        if (i % 100 == 0)
            fx_sync(f);
    }
    fx_sync(f);
    struct spool_usage before = usage(f);
    assert_true(before.intake_closed);
    assert_int_equal(before.feed_pending, 3000);
    spool_feed_trim(f->s, 3000);
    fx_sync(f);
    assert_int_equal(usage(f).feed_pending, 0);
    assert_true(usage(f).used < before.used);
}

static void a_document_that_never_fits_does_not_block(void **state)
{
    struct fx *f = *state;
    struct message m = fx_message(491701);
    struct got doc = { 0 }, answer = { 0 };
    uint64_t id = fx_claimed(f, &m);
    char *big = calloc(1, (size_t)8 << 20);
    struct spool_answer a = { .id = id, .carrier = 1, .carrier_id = STRV("x"), .at = T0 };
    spool_put_doc(f->s, 'm', STRV("big"), (struct strv){ big, (size_t)8 << 20 }, fx_done, &doc);
    spool_answer(f->s, &a, fx_done, &answer);
    fx_sync(f);
    assert_int_equal(doc.code, ERR_FULL);
    assert_int_equal(answer.code, ERR_NONE);
    assert_int_equal(fx_state(f, id), MESSAGE_SENT);
    assert_int_equal(fx_accept(f, &m, MESSAGE_READY, 0), id + 1);
    free(big);
}

/* The disk, not the map: the file may not grow (a limit of the process stands for a full file system). */
static void full_disk_refuses_and_recovers(void **state)
{
    struct fx *f = *state;
    static uint64_t ids[20000];
    struct rlimit before, small;
    fx_close(f);
    f->o.map_size = (size_t)64 << 20;
    f->o.reserve = (size_t)1 << 20;
    fx_open(f);
    getrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, SIG_IGN);
    small = before;
    small.rlim_cur = (rlim_t)3 << 20;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    size_t n = fill(f, ids, 20000);
    assert_true(n > 100);
    assert_int_equal(fx_counts(f, 0).by_state[MESSAGE_IN_FLIGHT], n);
    /* an answer waits until there is space; then it is recorded, and so is everything behind it */
    struct got g[200] = { 0 };
    for (size_t i = 0; i < 200; i++) {
        struct spool_answer a = { .id = ids[i], .carrier = 1, .carrier_id = STRV("same"), .at = T0 };
        spool_answer(f->s, &a, fx_done, &g[i]);
    }
    spool_flush(f->s);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    fx_sync(f);
    for (size_t i = 0; i < 200; i++)
        assert_int_equal(g[i].code, ERR_NONE);
    fx_reopen(f);
    struct spool_counts c = fx_counts(f, 0);
    assert_int_equal(c.by_state[MESSAGE_SENT], 200);
    assert_int_equal(c.by_state[MESSAGE_READY], n - 200);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup_small, fx_teardown)
    const struct CMUnitTest tests[] = {
        T(reserve_is_kept_for_what_has_begun),
        T(a_campaign_has_no_gap_after_a_refusal),
        T(full_to_the_brim_and_back),
        T(trimming_the_feed_makes_room),
        T(a_document_that_never_fits_does_not_block),
        T(full_disk_refuses_and_recovers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
