/* What comes in: inbound messages and what they answer, consent, votes; documents, audiences, the feed. */
#include "spool_fixture.h"

#include <stdio.h>
#include <string.h>

#define A UINT64_C(447700900001)
#define B UINT64_C(447700900002)

static struct spool_inbound inbound(uint64_t from, const char *text)
{
    return (struct spool_inbound){
        .carrier = 1, .from = from, .to = STRV("80800"), .text = strv_from(text), .at = T0
    };
}

static struct got take(struct fx *f, const struct spool_inbound *in)
{
    struct got g = { 0 };
    spool_inbound(f->s, in, fx_done, &g);
    fx_sync(f);
    assert_int_equal(g.calls, 1);
    return g;
}

static uint64_t sent_to(struct fx *f, uint64_t to, uint32_t campaign, const char *cid)
{
    struct message m = fx_message(to);
    m.campaign = campaign;
    m.customer = 4;
    uint64_t id = fx_claimed(f, &m);
    fx_answer(f, id, 0, 0, cid);
    return id;
}

static size_t feed(struct fx *f, uint64_t after, struct spool_feed *out, size_t max)
{
    return spool_feed_read(f->r, after, out, max);
}

/* --- inbound --- */

struct inbox {
    unsigned n;
    uint64_t id[16], reply_to[16];
    char text[64], vote[16];
};

static bool inbox_add(void *ctx, const struct spool_inbound_view *v)
{
    struct inbox *b = ctx;
    b->id[b->n] = v->id;
    b->reply_to[b->n++] = v->reply_to;
    strv_copy(v->text, b->text, sizeof(b->text));
    strv_copy(v->vote, b->vote, sizeof(b->vote));
    return true;
}

static void inbound_messages_are_kept_and_found(void **state)
{
    struct fx *f = *state;
    struct inbox b = { 0 };
    for (int i = 0; i < 6; i++) {
        struct spool_inbound in = inbound(i % 2 ? A : B, i % 2 ? "odd" : "even");
        assert_int_equal(take(f, &in).id, 1 + i);
    }
    fx_reopen(f);
    assert_int_equal(spool_find_inbound(f->r, A, 0, 2, inbox_add, &b), 3);
    assert_int_equal(b.n, 2);
    assert_int_equal(b.id[0], 6);
    assert_int_equal(b.id[1], 4);
    assert_string_equal(b.text, "odd");
    b.n = 0;
    assert_int_equal(spool_find_inbound(f->r, A, 3, 10, inbox_add, &b), 0);
    assert_int_equal(b.n, 1);
    assert_int_equal(b.id[0], 2);
    b.n = 0;
    assert_int_equal(spool_find_inbound(f->r, 0, 0, 10, inbox_add, &b), 0);
    assert_int_equal(b.n, 6);
    assert_int_equal(b.id[0], 6);
}

static void repeats_within_a_day_are_not_counted(void **state)
{
    struct fx *f = *state;
    struct spool_inbound in = inbound(A, "LUNCH pizza");
    in.dedup = 12345;
    in.vote = STRV("lunch");
    assert_int_equal(take(f, &in).code, ERR_NONE);
    in.at = T0 + USEC_HOUR;
    struct got g = take(f, &in);
    assert_int_equal(g.code, ERR_EXISTS);
    assert_int_equal(g.id, 1);
    fx_reopen(f);
    assert_int_equal(take(f, &in).code, ERR_EXISTS);
    in.at = T0 + USEC_DAY + 1;
    assert_int_equal(take(f, &in).code, ERR_NONE);
    in.dedup = 0; /* no key: never the same */
    assert_int_equal(take(f, &in).code, ERR_NONE);
    assert_int_equal(take(f, &in).code, ERR_NONE);
    uint64_t counts[1];
    assert_int_equal(spool_vote_tally(f->r, STRV("lunch"), counts, 1), 1);
}

static void old_keys_are_forgotten(void **state)
{
    struct fx *f = *state;
    for (uint64_t i = 1; i <= 50; i++) {
        struct spool_inbound in = inbound(A, "x");
        in.dedup = i;
        take(f, &in);
    }
    for (uint64_t i = 51; i <= 70; i++) { /* two days later: four old ones go for each new one */
        struct spool_inbound in = inbound(A, "x");
        in.dedup = i;
        in.at = T0 + 2 * USEC_DAY;
        assert_int_equal(take(f, &in).code, ERR_NONE);
        assert_int_equal(take(f, &in).code, ERR_EXISTS);
    }
    struct spool_inbound in = inbound(A, "x"); /* the table knows key 1 no more, even for the old instant */
    in.dedup = 1;
    assert_int_equal(take(f, &in).code, ERR_NONE);
}

static void an_answer_finds_the_newest_message_sent(void **state)
{
    struct fx *f = *state;
    struct inbox b = { 0 };
    uint64_t first = sent_to(f, A, 3, "m1"), second = sent_to(f, A, 4, "m2");
    struct message m = fx_message(A);
    fx_accept(f, &m, MESSAGE_HELD, T0 + USEC_DAY); /* newer, but never sent */
    struct spool_inbound in = inbound(A, "yes please");
    in.find_reply_to = true;
    in.at = T0 + USEC_HOUR;
    take(f, &in);
    take(f, &in); /* the first answer counts */
    assert_int_equal(spool_find_inbound(f->r, A, 0, 10, inbox_add, &b), 0);
    assert_int_equal(b.reply_to[0], second);
    assert_int_equal(b.reply_to[1], second);
    assert_int_equal(fx_counts(f, 4).replied, 1);
    assert_int_equal(fx_counts(f, 3).replied, 0);
    assert_int_equal(fx_counts(f, 0).replied, 1);
    /* somebody who was sent nothing; and one to whom it was long ago */
    struct spool_inbound stranger = inbound(B, "hello");
    stranger.find_reply_to = true;
    take(f, &stranger);
    in.at = T0 + 8 * USEC_DAY;
    take(f, &in);
    assert_int_equal(fx_counts(f, 0).replied, 1);
    (void)first;
    /* the feed: one reply, with its campaign and customer */
    struct spool_feed r[32];
    size_t n = feed(f, 0, r, 32), replies = 0;
    for (size_t i = 0; i < n; i++) {
        if (r[i].kind != FEED_REPLY)
            continue;
        replies++;
        assert_int_equal(r[i].campaign, 4);
        assert_int_equal(r[i].customer, 4);
        assert_int_equal(r[i].number, A);
    }
    assert_int_equal(replies, 1);
}

static void an_answer_in_the_same_batch_finds_its_message(void **state)
{
    struct fx *f = *state;
    struct message m = fx_message(A);
    m.campaign = 6;
    struct inbox b = { 0 };
    uint64_t id = spool_accept_claimed(f->s, &m, NULL, NULL, NULL);
    struct spool_inbound in = inbound(A, "already?");
    in.find_reply_to = true;
    spool_inbound(f->s, &in, NULL, NULL);
    fx_sync(f);
    spool_find_inbound(f->r, A, 0, 1, inbox_add, &b);
    assert_int_equal(b.reply_to[0], id);
}

/* --- consent --- */

struct ledger {
    unsigned n;
    enum consent_action c[8];
    char how[8][16], words[8][32];
    usec_t at[8];
};

static bool ledger_add(void *ctx, const struct spool_consent_view *v)
{
    struct ledger *l = ctx;
    l->c[l->n] = v->consent;
    l->at[l->n] = v->at;
    strv_copy(v->how, l->how[l->n], sizeof(l->how[0]));
    strv_copy(v->words, l->words[l->n++], sizeof(l->words[0]));
    return true;
}

struct numbers {
    unsigned n;
    uint64_t v[8];
};

static bool numbers_add(void *ctx, uint64_t number)
{
    struct numbers *l = ctx;
    l->v[l->n++] = number;
    return true;
}

static void consent_has_a_ledger_and_a_list(void **state)
{
    struct fx *f = *state;
    struct ledger l = { 0 };
    struct numbers n = { 0 };
    struct got g = { 0 };
    sent_to(f, A, 3, "m1");
    struct spool_inbound in = inbound(A, "STOP it");
    in.consent = CONSENT_STOP;
    in.consent_word = STRV("STOP");
    in.find_reply_to = true;
    take(f, &in);
    take(f, &in); /* once more: in the ledger, but opted out once */
    spool_consent(f->s, B, CONSENT_STOP, STRV("api"), STRV(""), T0 + 5, fx_done, &g);
    fx_sync(f);
    assert_int_equal(g.code, ERR_NONE);
    fx_reopen(f);
    spool_each_suppressed(f->r, numbers_add, &n);
    assert_int_equal(n.n, 2);
    assert_int_equal(n.v[0], A);
    assert_int_equal(n.v[1], B);
    assert_int_equal(fx_counts(f, 3).opted_out, 1);
    assert_int_equal(fx_counts(f, 0).opted_out, 2);
    spool_consent(f->s, A, CONSENT_START, STRV("cli"), STRV("asked on the phone"), T0 + 9, fx_done, &g);
    fx_sync(f);
    n.n = 0;
    spool_each_suppressed(f->r, numbers_add, &n);
    assert_int_equal(n.n, 1);
    assert_int_equal(n.v[0], B);
    spool_each_consent(f->r, A, ledger_add, &l);
    assert_int_equal(l.n, 3);
    assert_int_equal(l.c[0], CONSENT_STOP);
    assert_string_equal(l.how[0], "inbound");
    assert_string_equal(l.words[0], "STOP");
    assert_int_equal(l.c[2], CONSENT_START);
    assert_string_equal(l.how[2], "cli");
    assert_string_equal(l.words[2], "asked on the phone");
    assert_int_equal(l.at[2], T0 + 9);
}

static void nonsense_is_refused(void **state)
{
    struct fx *f = *state;
    struct got g = { 0 };
    spool_consent(f->s, 0, CONSENT_STOP, STRV("api"), STRV(""), T0, fx_done, &g);
    fx_sync(f);
    assert_int_equal(g.code, ERR_INVALID);
    spool_consent(f->s, A, CONSENT_HELP, STRV("api"), STRV(""), T0, fx_done, &g);
    fx_sync(f);
    assert_int_equal(g.code, ERR_INVALID);
    spool_put_doc(f->s, 'm', STRV(""), STRV("v"), fx_done, &g);
    fx_sync(f);
    assert_int_equal(g.code, ERR_INVALID);
}

/* --- votes --- */

static void vote(struct fx *f, uint64_t from, uint16_t option, bool last)
{
    struct spool_inbound in = inbound(from, "vote");
    in.vote = STRV("lunch");
    in.option = option;
    in.vote_last_wins = last;
    take(f, &in);
}

static void first_vote_counts_or_the_last(void **state)
{
    struct fx *f = *state;
    uint64_t c[3];
    vote(f, A, 1, false);
    vote(f, A, 2, false);
    vote(f, B, 1, false);
    assert_int_equal(spool_vote_tally(f->r, STRV("lunch"), c, 3), 2);
    assert_int_equal(c[0], 0);
    assert_int_equal(c[1], 2);
    assert_int_equal(c[2], 0);
    vote(f, A, 2, true);
    vote(f, A, 2, true);
    fx_reopen(f);
    assert_int_equal(spool_vote_tally(f->r, STRV("lunch"), c, 3), 2);
    assert_int_equal(c[1], 1);
    assert_int_equal(c[2], 1);
    assert_int_equal(spool_vote_tally(f->r, STRV("lunc"), c, 3), 0);
    assert_int_equal(c[1], 0);
}

/* --- documents, audiences --- */

struct docs {
    unsigned n;
    char name[8][16], value[8][16];
};

static bool docs_add(void *ctx, struct strv name, struct strv value)
{
    struct docs *d = ctx;
    strv_copy(name, d->name[d->n], sizeof(d->name[0]));
    strv_copy(value, d->value[d->n++], sizeof(d->value[0]));
    return true;
}

static void documents_are_put_replaced_and_deleted(void **state)
{
    struct fx *f = *state;
    struct docs d = { 0 };
    spool_put_doc(f->s, 'v', STRV("b"), STRV("1"), NULL, NULL);
    spool_put_doc(f->s, 'v', STRV("a"), STRV("2"), NULL, NULL);
    spool_put_doc(f->s, 'w', STRV("c"), STRV("3"), NULL, NULL);
    spool_put_doc(f->s, 'v', STRV("b"), STRV("4"), NULL, NULL);
    spool_put_doc(f->s, 'v', STRV("gone"), STRV("5"), NULL, NULL);
    spool_put_doc(f->s, 'v', STRV("gone"), STRV(""), NULL, NULL);
    fx_sync(f);
    fx_reopen(f);
    spool_each_doc(f->r, 'v', docs_add, &d);
    assert_int_equal(d.n, 2);
    assert_string_equal(d.name[0], "a");
    assert_string_equal(d.name[1], "b");
    assert_string_equal(d.value[1], "4");
}

struct clocks {
    unsigned n;
    uint32_t clock[4], next[4];
    uint64_t count[4], done[4];
    size_t size[4];
};

static bool clocks_add(void *ctx, const struct spool_clock_set *set, uint32_t next, uint64_t done)
{
    struct clocks *c = ctx;
    c->clock[c->n] = set->clock;
    c->count[c->n] = set->count;
    c->size[c->n] = set->set.n;
    c->next[c->n] = next;
    c->done[c->n++] = done;
    return true;
}

static void audience_and_document_are_one(void **state)
{
    struct fx *f = *state;
    static char big[100000];
    struct clocks c = { 0 };
    struct docs d = { 0 };
    struct spool_clock_set sets[] = { { 1, { big, sizeof(big) }, 5000 }, { 7, STRV("bits"), 4 } };
    spool_put_audience(f->s, 3, sets, 2, STRV("spring"), STRV("doc"), NULL, NULL);
    spool_put_audience(f->s, 4, sets, 1, STRV("other"), STRV("doc"), NULL, NULL);
    struct message m = fx_message(A);
    m.campaign = 3;
    m.customer = 42;
    spool_accept_claimed(f->s, &m, &(struct spool_cursor){ 7, 0 }, NULL, NULL);
    fx_sync(f);
    fx_reopen(f);
    spool_each_audience(f->r, 3, clocks_add, &c);
    assert_int_equal(c.n, 2);
    assert_int_equal(c.clock[0], 1);
    assert_int_equal(c.size[0], sizeof(big));
    assert_int_equal(c.count[0], 5000);
    assert_int_equal(c.next[0], 0);
    assert_int_equal(c.clock[1], 7);
    assert_int_equal(c.next[1], 42); /* customer id 41 was claimed */
    assert_int_equal(c.done[1], 1);
    spool_each_doc(f->r, SPOOL_DOC_CAMPAIGN, docs_add, &d);
    assert_int_equal(d.n, 2);
}

/* --- feed --- */

static void feed_tells_in_order_until_it_is_trimmed(void **state)
{
    struct fx *f = *state;
    struct spool_feed r[600];
    char cid[32];
    for (int i = 0; i < 300; i++) {
        snprintf(cid, sizeof(cid), "f%d", i);
        sent_to(f, A + (uint64_t)i, 3, cid);
    }
    fx_receipt(f, "f0", MESSAGE_DELIVERED);
    fx_receipt(f, "f1", MESSAGE_EXPIRED);
    assert_int_equal(spool_feed_last(f->s), 302);
    assert_int_equal(feed(f, 0, r, 600), 302);
    for (size_t i = 0; i < 302; i++)
        assert_int_equal(r[i].seq, i + 1);
    assert_int_equal(r[0].kind, FEED_SENT);
    assert_int_equal(r[0].number, A);
    assert_int_equal(r[0].customer, 4);
    assert_int_equal(r[0].campaign, 3);
    assert_int_equal(r[300].kind, FEED_DELIVERED);
    assert_int_equal(r[301].kind, FEED_FAILED);
    assert_int_equal(feed(f, 100, r, 10), 10);
    assert_int_equal(r[0].seq, 101);
    spool_feed_trim(f->s, 150);
    fx_sync(f);
    assert_int_equal(feed(f, 0, r, 600), 152);
    assert_int_equal(r[0].seq, 151);
    spool_feed_trim(f->s, 1000); /* no further than there is */
    fx_sync(f);
    fx_reopen(f);
    assert_int_equal(feed(f, 0, r, 600), 0);
    assert_int_equal(spool_feed_last(f->s), 302); /* numbers are not used again */
    sent_to(f, A, 3, "more");
    assert_int_equal(feed(f, 0, r, 600), 1);
    assert_int_equal(r[0].seq, 303);
    struct spool_usage u;
    spool_get_usage(f->r, &u);
    assert_int_equal(u.feed_pending, 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)
    const struct CMUnitTest tests[] = {
        T(inbound_messages_are_kept_and_found),
        T(repeats_within_a_day_are_not_counted),
        T(old_keys_are_forgotten),
        T(an_answer_finds_the_newest_message_sent),
        T(an_answer_in_the_same_batch_finds_its_message),
        T(consent_has_a_ledger_and_a_list),
        T(nonsense_is_refused),
        T(first_vote_counts_or_the_last),
        T(documents_are_put_replaced_and_deleted),
        T(audience_and_document_are_one),
        T(feed_tells_in_order_until_it_is_trimmed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
