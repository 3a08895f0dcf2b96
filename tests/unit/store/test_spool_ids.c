/* Whose receipt it is, when nobody says how a carrier writes its ids: no receipt ends another message than
 * its own, whatever comes in which order; and what is learned is kept. */
#include "spool_fixture.h"

#include "base/random.h"

#include "store/spool_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* --- by hand --- */

static uint64_t answered(struct fx *f, uint64_t to, const char *carrier_id)
{
    struct message m = fx_message(to);
    uint64_t id = fx_claimed(f, &m);
    assert_int_equal(fx_answer(f, id, 0, 0, carrier_id).code, ERR_NONE);
    return id;
}

/* The message a receipt ended; 0: it waits. */
static uint64_t told(struct fx *f, uint64_t to, const char *carrier_id)
{
    struct got g = { 0 };
    struct spool_receipt r = { .carrier = 1,
                               .carrier_id = strv_from(carrier_id),
                               .state = MESSAGE_DELIVERED,
                               .to = to,
                               .at = clock_wall(&f->clock) };
    spool_receipt(f->s, &r, fx_done, &g);
    fx_sync(f);
    return g.has_settled ? g.id : 0;
}

static struct spool_id_view form(struct fx *f)
{
    struct spool_id_view v;
    spool_get_id_form(f->s, 1, &v);
    return v;
}

static uint64_t waiting(struct fx *f)
{
    struct spool_usage u;
    spool_get_usage(f->r, &u);
    return u.orphans;
}

#define A UINT64_C(447700900001)
#define B UINT64_C(447700900002)

static void the_number_tells_which_of_two(void **state)
{
    struct fx *f = *state;
    uint64_t ten = answered(f, A, "10"), sixteen = answered(f, B, "16");
    assert_int_equal(told(f, A, "16"), ten); /* "10" hexadecimal: to A, as the receipt says */
    assert_int_equal(told(f, B, "16"), sixteen);
    assert_int_equal(told(f, 900002, "16"), sixteen);               /* too short to tell: as it is written */
    assert_int_equal(told(f, UINT64_C(7700900002), "16"), sixteen); /* without the country code */
}

/* A carrier of mixed habits may give evidence for ever: it is counted without a turn of the counter, which
 * would make the rarer one look like the only one. */
static void evidence_that_never_decides_does_not_overflow(void **state)
{
    struct fx *f = *state;
    struct spool_idform *known = &f->s->w.core.ids.form[1]; /* the writer rests */
    char id[24];
    known->points[SPOOL_IDS_SAME] = 10000;
    known->points[SPOOL_IDS_HEX_DEC] = 5000;
    for (unsigned i = 0; i < 8; i++) {
        snprintf(id, sizeof id, "msg-%u", i);
        answered(f, A, id);
        assert_true(told(f, A, id) != 0);
        assert_true(known->points[SPOOL_IDS_SAME] <= 10004);
        assert_int_equal(known->learned, SPOOL_IDS_AUTO);
    }
    assert_int_equal(known->points[SPOOL_IDS_HEX_DEC], 2500); /* the same share as before */
}

static void two_that_fit_wait_until_it_is_known(void **state)
{
    struct fx *f = *state;
    uint64_t ten = answered(f, A, "10"), sixteen = answered(f, A, "16");
    assert_int_equal(told(f, A, "16"), 0);
    assert_int_equal(waiting(f), 1);
    for (unsigned i = 0; i < 3; i++) { /* three receipts that only one form explains */
        char hex[16], dec[16];
        snprintf(hex, sizeof(hex), "%X", 0xabc0 + i);
        snprintf(dec, sizeof(dec), "%010u", 0xabc0 + i);
        uint64_t id = answered(f, B, hex);
        assert_int_equal(form(f).form, SPOOL_IDS_AUTO);
        assert_int_equal(told(f, B, dec), id);
    }
    assert_int_equal(form(f).form, SPOOL_IDS_HEX_DEC);
    assert_int_equal(form(f).seen[SPOOL_IDS_HEX_DEC] >= 3, 1);
    fx_sync(f);
    assert_int_equal(waiting(f), 0); /* what waited was looked through */
    assert_int_equal(fx_state(f, ten), MESSAGE_DELIVERED);
    assert_int_equal(fx_state(f, sixteen), MESSAGE_SENT);
    fx_reopen(f); /* and it is remembered */
    assert_int_equal(form(f).form, SPOOL_IDS_HEX_DEC);
    assert_int_equal(told(f, A, "22"), sixteen);
    assert_int_equal(told(f, A, "10"), 0); /* in decimal, which is "a": not there */
}

static void digits_of_an_early_receipt_wait(void **state)
{
    struct fx *f = *state;
    struct message m = fx_message(A);
    uint64_t other = answered(f, A, "353"), early = fx_claimed(f, &m);
    assert_int_equal(told(f, A, "161"), 0); /* 353 is 161 in the other form, and to the same number */
    assert_int_equal(fx_answer(f, early, 0, 0, "161").settled.after, MESSAGE_SENT); /* it may be either's */
    assert_int_equal(waiting(f), 1);
    for (unsigned i = 0; i < 8;
         i++) { /* with nothing under way it can be nothing else, and is learned from */
        char id[16];
        snprintf(id, sizeof(id), "%u", 900100 + i);
        uint64_t one = answered(f, B, id);
        assert_int_equal(told(f, B, id), one);
    }
    fx_sync(f);
    assert_int_equal(form(f).form, SPOOL_IDS_SAME);
    assert_int_equal(fx_state(f, early), MESSAGE_DELIVERED);
    assert_int_equal(fx_state(f, other), MESSAGE_SENT);
    assert_int_equal(told(f, A, "851"), 0);
}

static void numbers_that_never_fit_are_not_asked_for(void **state)
{
    struct fx *f = *state;
    char id[16];
    uint64_t last = 0;
    for (unsigned i = 0; i < 4; i++) { /* a carrier that writes something else into its receipts' addresses */
        snprintf(id, sizeof(id), "%u", 700100 + i);
        last = answered(f, A, id);
        assert_int_equal(told(f, B, id), i < 3 ? 0 : last);
    }
    assert_int_equal(form(f).elsewhere, 3);
    answered(f, A, "800000"); /* with nothing under way, what waited is looked through */
    fx_sync(f);
    assert_int_equal(waiting(f), 0);
}

static void a_setting_counts_more_than_what_was_learned(void **state)
{
    struct fx *f = *state;
    uint64_t ten = answered(f, A, "10"), sixteen = answered(f, A, "16");
    spool_set_id_form(f->s, 1, SPOOL_IDS_DEC_HEX);
    assert_int_equal(form(f).set, SPOOL_IDS_DEC_HEX);
    assert_int_equal(told(f, A, "10"), sixteen);
    assert_int_equal(told(f, A, "a"), ten);
    assert_int_equal(told(f, A, "22"), 0);
    spool_set_id_form(f->s, 1, SPOOL_IDS_HEX_DEC); /* 22 waited: hexadecimal 16 */
    answered(f, A, "zz");
    fx_sync(f);
    assert_int_equal(waiting(f), 0);
}

static void a_carrier_that_changes_is_learned_anew(void **state)
{
    struct fx *f = *state;
    char id[16], other[16];
    for (unsigned i = 0; i < 6; i++) {
        snprintf(id, sizeof(id), "%x", 0xfeed00 + i);
        assert_int_not_equal(0, (answered(f, A, id), told(f, A, id)));
    }
    assert_int_equal(form(f).form, SPOOL_IDS_SAME);
    uint64_t sent[64];
    for (unsigned i = 0; i < 64; i++) {
        snprintf(id, sizeof(id), "%x", 0xbeef00 + i);
        snprintf(other, sizeof(other), "%u", 0xbeef00 + i);
        sent[i] = answered(f, A, id);
        told(f, A, other);
    }
    answered(f, B, "1");
    fx_sync(f);
    assert_int_equal(form(f).form, SPOOL_IDS_HEX_DEC);
    assert_int_equal(waiting(f), 0);
    for (unsigned i = 0; i < 64; i++)
        assert_int_equal(fx_state(f, sent[i]), MESSAGE_DELIVERED);
}

/* --- by chance: a carrier with habits, and every receipt told from every other by its error --- */

struct habit {
    const char *name, *answer, *receipt; /* formats of printf for the number; NULL: see write_id */
    enum spool_id_form form;
};
static const struct habit habits[] = {
    { "decimal", "%llu", "%llu", SPOOL_IDS_SAME },
    { "decimal, padded in the receipt", "%llu", "%010llu", SPOOL_IDS_SAME },
    { "hexadecimal", "%llx", "%llx", SPOOL_IDS_SAME },
    { "capitals in the response", "%08llX", "%llx", SPOOL_IDS_SAME },
    { "hexadecimal, then decimal", "%llx", "%llu", SPOOL_IDS_HEX_DEC },
    { "capitals, then padded decimal", "%llX", "%010llu", SPOOL_IDS_HEX_DEC },
    { "decimal, then hexadecimal", "%llu", "%llX", SPOOL_IDS_DEC_HEX },
    { "padded decimal, then padded hexadecimal", "%010llu", "%08llx", SPOOL_IDS_DEC_HEX },
    { "text", "msg-%llu.a", "MSG-%llu.a", SPOOL_IDS_SAME },
    { "like a UUID", "%016llx-4b1d-8c3e", "%016llX-4B1D-8C3E", SPOOL_IDS_SAME },
};

struct run {
    unsigned messages, numbers; /* to so many numbers */
    uint64_t first;             /* of the counter, */
    unsigned step;              /* which goes on by up to so much */
    unsigned early, repeated;   /* percent */
};
static const struct run runs[] = {
    { 600, 600, 1, 1, 0, 10 },  /* small numbers, dense: each form's ids are others' in the other form */
    { 600, 1, 1, 1, 0, 0 },     /* and all to one number */
    { 600, 3, 1, 2, 50, 10 },   /* and receipts that overtake their responses */
    { 600, 600, 1, 1, 100, 0 }, /* all of them */
    { 400, 5, 0x9000, 7, 30, 30 }, { 400, 400, 0x10000000, 3, 20, 0 }, { 300, 2, 999990, 1, 50, 0 },
};

static void write_id(const char *format, uint64_t n, char out[40])
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(out, 40, format, (unsigned long long)n);
#pragma GCC diagnostic pop
}

struct sent {
    uint64_t id, n, to;
};

static void receipt_of(struct fx *f, const struct habit *h, const struct sent *s, unsigned at)
{
    char id[40];
    write_id(h->receipt, s->n, id);
    struct spool_receipt r = { .carrier = 1,
                               .carrier_id = strv_from(id),
                               .state = MESSAGE_UNDELIVERABLE,
                               .error = at + 1,
                               .to = s->to,
                               .at = T0 };
    spool_receipt(f->s, &r, NULL, NULL);
}

static void answer_of(struct fx *f, const struct habit *h, const struct sent *s)
{
    char id[40];
    write_id(h->answer, s->n, id);
    struct spool_answer a = { .id = s->id, .carrier = 1, .carrier_id = strv_from(id), .at = T0 };
    spool_answer(f->s, &a, NULL, NULL);
}

/* Messages go out in windows of 20; of each window answers come in any order, receipts after (or before)
 * them. */
static void play(struct fx *f, const struct habit *h, const struct run *run, struct rnd *rnd, struct sent *s)
{
    uint64_t n = run->first;
    for (unsigned at = 0; at < run->messages; at += 20) {
        unsigned order[20], end = run->messages - at < 20 ? run->messages - at : 20;
        for (unsigned i = 0; i < end; i++) {
            struct message m = fx_message(A + rnd_below(rnd, run->numbers));
            n += 1 + rnd_below(rnd, run->step);
            s[at + i] = (struct sent){ spool_accept_claimed(f->s, &m, NULL, NULL, NULL), n, m.to };
            order[i] = at + i;
        }
        for (unsigned i = end; i > 1; i--) {
            unsigned k = (unsigned)rnd_below(rnd, i), x = order[k];
            order[k] = order[i - 1];
            order[i - 1] = x;
        }
        bool early[20];
        for (unsigned i = 0; i < end; i++) {
            early[i] = rnd_below(rnd, 100) < run->early;
            if (early[i])
                receipt_of(f, h, &s[order[i]], order[i]);
            if (early[i] && rnd_below(rnd, 100) < run->repeated)
                receipt_of(f, h, &s[order[i]], order[i]);
        }
        for (unsigned i = 0; i < end; i++)
            answer_of(f, h, &s[order[i]]);
        for (unsigned i = end; i-- > 0;) {
            if (!early[i] || rnd_below(rnd, 100) < run->repeated)
                receipt_of(f, h, &s[order[i]], order[i]);
        }
        fx_sync(f);
    }
}

static void audit(struct fx *f, const struct habit *h, const struct run *run, const struct sent *s)
{
    unsigned sent = 0;
    for (unsigned i = 0; i < run->messages; i++) {
        const struct spool_view *v = &fx_get(f, s[i].id)->v;
        if (v->state == MESSAGE_SENT)
            sent++;
        else if (v->state != MESSAGE_UNDELIVERABLE || v->code != i + 1)
            fail_msg("%s, run %zu: message %u has the receipt of %u", h->name, (size_t)(run - runs), i,
                     v->code - 1);
    }
    if (sent > 0 || waiting(f) > 0)
        fail_msg("%s, run %zu: %u of %u messages without their receipts, %u wait; %s", h->name,
                 (size_t)(run - runs), sent, run->messages, (unsigned)waiting(f),
                 spool_id_form_name(form(f).form));
    if (form(f).form != h->form)
        fail_msg("%s, run %zu: learned as %s", h->name, (size_t)(run - runs),
                 spool_id_form_name(form(f).form));
}

static void no_receipt_ends_another_message(void **state)
{
    struct fx *f = *state;
    struct sent *s = calloc(1000, sizeof(*s));
    struct rnd rnd;
    rnd_seed(&rnd, 20261122);
    assert_non_null(s);
    for (size_t h = 0; h < sizeof(habits) / sizeof(habits[0]); h++) {
        for (size_t r = 0; r < sizeof(runs) / sizeof(runs[0]); r++) {
            fx_close(f);
            fx_remove(f);
            assert_int_equal(mkdir(f->dir, 0700), 0);
            clock_freeze(&f->clock, T0);
            fx_open(f);
            play(f, &habits[h], &runs[r], &rnd, s);
            clock_freeze(&f->clock, T0 + 2 * USEC_MINUTE);
            for (unsigned i = 0; i < 12; i++) { /* the writer's chores come to an end */
                spool_consent(f->s, 1, CONSENT_START, STRV("test"), STRV(""), T0, NULL, NULL);
                fx_sync(f);
            }
            audit(f, &habits[h], &runs[r], s);
        }
    }
    free(s);
}

/* --- what waits --- */

struct page {
    char ids[8][16];
    unsigned n;
};

static bool page_add(void *ctx, const struct spool_unknown_view *v)
{
    struct page *p = ctx;
    strv_copy(v->carrier_id, p->ids[p->n++ % 8], sizeof(p->ids[0]));
    return true;
}

static void what_waits_is_shown_in_pages(void **state)
{
    struct fx *f = *state;
    struct page p = { 0 };
    for (unsigned i = 0; i < 5; i++) {
        char id[16];
        snprintf(id, sizeof(id), "u-%u", i);
        told(f, A, id);
    }
    struct spool_receipt other = {
        .carrier = 2, .carrier_id = STRV("v"), .state = MESSAGE_DELIVERED, .at = T0
    };
    spool_receipt(f->s, &other, NULL, NULL);
    fx_sync(f);
    uint64_t next = spool_find_unknown(f->r, 1, 0, 2, page_add, &p);
    assert_int_equal(p.n, 2);
    assert_string_equal(p.ids[0], "u-4"); /* newest first */
    next = spool_find_unknown(f->r, 1, next, 2, page_add, &p);
    assert_string_equal(p.ids[3], "u-1");
    assert_int_not_equal(next, 0);
    assert_int_equal(spool_find_unknown(f->r, 1, next, 2, page_add, &p), 0);
    assert_int_equal(p.n, 5);
    assert_int_equal(spool_find_unknown(f->r, -1, 0, 8, page_add, &p), 0);
    assert_int_equal(p.n, 11);
}

static bool page_number(void *ctx, const struct spool_unknown_view *v)
{
    *(uint64_t *)ctx |= v->to;
    return true;
}

static void who_is_erased_is_not_named_by_what_waits(void **state)
{
    struct fx *f = *state;
    struct got g = { 0 };
    uint64_t seen = 0, one = answered(f, A, "900100");
    told(f, A, "stranger");
    spool_find_unknown(f->r, -1, 0, 8, page_number, &seen);
    assert_int_equal(seen, A);
    spool_erase(f->s, A, fx_done, &g);
    fx_sync(f);
    assert_int_equal(g.code, ERR_NONE);
    seen = 0;
    assert_int_equal(spool_find_unknown(f->r, -1, 0, 8, page_number, &seen), 0);
    assert_int_equal(seen, 0);
    assert_int_equal(waiting(f), 1);
    assert_int_equal(told(f, A, "900100"), one); /* its receipts are still its own */
}

static void many_are_forgotten_in_slices(void **state)
{
    struct fx *f = *state;
    spool_keep_receipts(f->s, USEC_HOUR);
    for (unsigned i = 0; i < 3000; i++) {
        char id[16];
        snprintf(id, sizeof(id), "old-%u", i);
        struct spool_receipt r = {
            .carrier = 1, .carrier_id = strv_from(id), .state = MESSAGE_DELIVERED, .at = T0
        };
        spool_receipt(f->s, &r, NULL, NULL);
    }
    fx_sync(f);
    assert_int_equal(waiting(f), 3000);
    clock_freeze(&f->clock, T0 + 2 * USEC_HOUR);
    for (unsigned i = 0; i < 14 && waiting(f) > 0; i++)
        answered(f, A, "zz");
    assert_int_equal(waiting(f), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)
    const struct CMUnitTest tests[] = {
        T(the_number_tells_which_of_two),
        T(evidence_that_never_decides_does_not_overflow),
        T(two_that_fit_wait_until_it_is_known),
        T(digits_of_an_early_receipt_wait),
        T(numbers_that_never_fit_are_not_asked_for),
        T(a_setting_counts_more_than_what_was_learned),
        T(a_carrier_that_changes_is_learned_anew),
        T(no_receipt_ends_another_message),
        T(what_waits_is_shown_in_pages),
        T(who_is_erased_is_not_named_by_what_waits),
        T(many_are_forgotten_in_slices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
