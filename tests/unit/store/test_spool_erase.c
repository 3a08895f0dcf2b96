/* Erasing a number: nothing of it is found by any reader, nothing of it is in the file once that has been
 * written anew, and nobody else's things have changed. */
#include "spool_fixture.h"

#include "store/env.h"
#include "store/spool_check.h"
#include "store/spool_index.h"

#include "base/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANNA UINT64_C(447700900001)
#define BERT UINT64_C(447700900002)

static struct got erase(struct fx *f, uint64_t number)
{
    struct got got = { 0 };
    spool_erase(f->s, number, fx_done, &got);
    fx_sync(f);
    assert_int_equal(got.calls, 1);
    return got;
}

static void come_in(struct fx *f, uint64_t from, const char *text, const char *vote)
{
    struct got got = { 0 };
    struct spool_inbound in = { .carrier = 1,
                                .from = from,
                                .to = STRV("80010"),
                                .text = strv_from(text),
                                .at = T0,
                                .vote = strv_from(vote),
                                .option = 1,
                                .find_reply_to = true };
    spool_inbound(f->s, &in, fx_done, &got);
    fx_sync(f);
    assert_int_equal(got.code, ERR_NONE);
}

static void stop(struct fx *f, uint64_t number)
{
    spool_consent(f->s, number, CONSENT_STOP, STRV("api"), STRV("leave me alone"), T0, NULL, NULL);
    fx_sync(f);
}

static uint64_t with_text(struct fx *f, uint64_t to, const char *text, enum message_state state)
{
    struct message m = fx_message(to);
    m.text = strv_from(text);
    m.client_ref = to == ANNA ? STRV("ref-of-anna") : STRV("");
    return fx_accept(f, &m, state, state == MESSAGE_HELD ? T0 + USEC_HOUR : 0);
}

/* Whether the number as text or binary, or the text, is anywhere in the file. */
static bool file_has(const struct fx *f, const void *what, size_t n)
{
    char path[200];
    struct buf b = { 0 };
    char piece[65536];
    snprintf(path, sizeof(path), "%s/spool.mdb", f->dir);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    for (size_t got; (got = fread(piece, 1, sizeof(piece), file)) > 0;) {
        buf_put(&b, piece, got);
    }
    fclose(file);
    bool found = memmem(b.data, b.len, what, n) != NULL;
    buf_free(&b);
    return found;
}

static bool file_has_number(const struct fx *f, uint64_t number)
{
    uint8_t be[8];
    be_put64(be, number);
    return file_has(f, be + 2, 6) || file_has(f, &number, 6);
}

static void write_anew(struct fx *f)
{
    struct env_compacted c;
    struct err e = { 0 };
    fx_close(f);
    if (!spool_compact(&f->o, &c, &e)) {
        fail_msg("%s", e.text);
    }
    fx_open(f);
}

static void check(struct fx *f)
{
    struct spool_checked checked;
    struct err e = { 0 };
    if (!spool_check(f->r, &checked, &e)) {
        fail_msg("%s", e.text);
    }
}

static bool count_vote(void *ctx, struct strv vote, uint16_t option)
{
    (void)vote;
    (void)option;
    ++*(unsigned *)ctx;
    return true;
}
static bool count_inbound(void *ctx, const struct spool_inbound_view *v)
{
    (void)v;
    ++*(unsigned *)ctx;
    return true;
}
static bool count_message(void *ctx, const struct spool_view *v)
{
    (void)v;
    ++*(unsigned *)ctx;
    return true;
}
static bool count_consent(void *ctx, const struct spool_consent_view *v)
{
    (void)v;
    ++*(unsigned *)ctx;
    return true;
}

/* messages, inbound, ledger, votes */
static void found(struct fx *f, uint64_t number, unsigned out[4])
{
    struct spool_filter filter = { .number = number, .state = -1, .max = 1000 };
    memset(out, 0, 4 * sizeof(*out));
    spool_find_messages(f->r, &filter, count_message, &out[0]);
    spool_find_inbound(f->r, number, 0, 1000, count_inbound, &out[1]);
    spool_each_consent(f->r, number, count_consent, &out[2]);
    spool_each_vote_of(f->r, number, count_vote, &out[3]);
}

static void nothing_is_left(void **state)
{
    struct fx *f = *state;
    unsigned anna[4], bert[4];
    uint64_t counts[4];
    uint64_t ready = with_text(f, ANNA, "Dear Anna, your secret is xyzzy", MESSAGE_READY);
    uint64_t held = with_text(f, ANNA, "Anna again, plugh", MESSAGE_HELD);
    uint64_t other = with_text(f, BERT, "Dear Bert", MESSAGE_READY);
    struct message m = fx_message(ANNA);
    uint64_t sent = fx_claimed(f, &m);
    fx_answer(f, sent, 0, 0, "C1");
    come_in(f, ANNA, "PIZZA please, says Anna", "lunch");
    come_in(f, BERT, "PIZZA", "lunch");
    stop(f, ANNA);
    stop(f, BERT);
    fx_reopen(f);
    assert_true(file_has_number(f, ANNA));

    struct got got = erase(f, ANNA);

    assert_int_equal(got.code, ERR_NONE);
    assert_int_equal(got.id, 4); /* three messages and one that came in */
    check(f);
    assert_int_equal(fx_state(f, ready), MESSAGE_CANCELLED);
    assert_int_equal(fx_get(f, ready)->v.reason, REASON_ERASED);
    assert_int_equal(fx_state(f, held), MESSAGE_CANCELLED);
    assert_int_equal(fx_state(f, sent), MESSAGE_SENT);
    assert_int_equal(fx_state(f, other), MESSAGE_READY);
    assert_int_equal(fx_get(f, ready)->v.m.to, 0);
    assert_string_equal(fx_get(f, ready)->text, "");
    assert_string_equal(fx_get(f, ready)->ref, "");
    assert_string_equal(fx_get(f, other)->text, "Dear Bert");
    found(f, ANNA, anna);
    found(f, BERT, bert);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(anna[i], 0);
        assert_int_equal(bert[i], 1);
    }
    assert_int_equal(spool_vote_tally(f->r, STRV("lunch"), counts, 4), 2);
    assert_int_equal(counts[1], 2);

    /* a late receipt for what was sent still counts, and brings nothing back */
    struct got late = fx_receipt(f, "C1", MESSAGE_DELIVERED);
    assert_int_equal(late.code, ERR_NONE);
    assert_int_equal(fx_state(f, sent), MESSAGE_DELIVERED);

    write_anew(f);
    check(f);
    assert_false(file_has_number(f, ANNA));
    assert_true(file_has_number(f, BERT));
    static const char *const texts[] = { "447700900001", "xyzzy", "plugh", "ref-of-anna", "says Anna" };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (file_has(f, texts[i], strlen(texts[i]))) {
            fail_msg("\"%s\" is still in the file", texts[i]);
        }
    }
    assert_int_equal(erase(f, ANNA).id, 0); /* again: nothing to do */
    check(f);
}

struct marks {
    uint64_t numbers[8];
    unsigned n;
};
static bool take_suppressed(void *ctx, uint64_t number)
{
    struct marks *m = ctx;
    m->numbers[m->n++] = number;
    return m->n < 8;
}

static void who_had_opted_out_stays_so(void **state)
{
    struct fx *f = *state;
    struct marks m = { 0 };
    stop(f, ANNA);
    assert_int_equal(erase(f, ANNA).code, ERR_NONE);
    uint64_t mark = spool_erase_mark(f->s, ANNA);
    assert_true(mark & SPOOL_MARK);
    fx_reopen(f);
    assert_true(spool_erase_mark(f->s, ANNA) == mark); /* the key is kept */
    spool_each_suppressed(f->r, take_suppressed, &m);
    assert_int_equal(m.n, 1);
    assert_true(m.numbers[0] == mark);

    /* a new STOP replaces the mark and is no new opt-out; a START ends it */
    stop(f, ANNA);
    m.n = 0;
    spool_each_suppressed(f->r, take_suppressed, &m);
    assert_int_equal(m.n, 1);
    assert_true(m.numbers[0] == ANNA);
    assert_int_equal(fx_counts(f, 0).opted_out, 1);
    erase(f, ANNA);
    spool_consent(f->s, ANNA, CONSENT_START, STRV("api"), STRV("yes"), T0, NULL, NULL);
    fx_sync(f);
    m.n = 0;
    spool_each_suppressed(f->r, take_suppressed, &m);
    assert_int_equal(m.n, 0);
    check(f);
}

static void what_is_on_its_way_is_waited_for(void **state)
{
    struct fx *f = *state;
    unsigned anna[4];
    struct message m = fx_message(ANNA);
    uint64_t id = fx_claimed(f, &m);
    assert_int_equal(erase(f, ANNA).code, ERR_BUSY);
    found(f, ANNA, anna);
    assert_int_equal(anna[0], 1);
    fx_answer(f, id, 0, 0, "C1");
    assert_int_equal(erase(f, ANNA).code, ERR_NONE);
    assert_int_equal(erase(f, 0).code, ERR_INVALID);
}

/* Many messages: the index has runs, and merges of them. */
static void runs_of_the_index_forget_too(void **state)
{
    struct fx *f = *state;
    unsigned anna[4];
    for (unsigned i = 0; i < 150000; i++) {
        struct message m = fx_message(i % 997 == 0 ? ANNA : BERT + i);
        spool_accept(f->s, &m, MESSAGE_SUPPRESSED, REASON_SUPPRESSED, 0, NULL, NULL);
        if (i % 4096 == 0) {
            fx_sync(f);
        }
    }
    fx_sync(f);
    found(f, ANNA, anna);
    assert_int_equal(anna[0], 151);
    assert_int_equal(erase(f, ANNA).id, 151);
    found(f, ANNA, anna);
    assert_int_equal(anna[0], 0);
    check(f);
    write_anew(f);
    assert_false(file_has_number(f, ANNA));
    assert_true(file_has_number(f, BERT + 100));
    check(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_is_left, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(who_had_opted_out_stays_so, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(what_is_on_its_way_is_waited_for, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(runs_of_the_index_forget_too, fx_setup, fx_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
