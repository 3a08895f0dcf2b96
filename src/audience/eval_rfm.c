/* Quintile scores of recency, frequency and monetary value, once an evaluation for each event and window.
 *
 * Of the customers with such an event in the window; others have no score. Recency is days_since, frequency
 * count, monetary the sum of the attribute "amount". A score is one more than the number of the quintiles'
 * bounds the value is above: 1 + the whole part of 5 * (part of the customers whose value is worse). Equal
 * values have equal scores: where half of all bought once, once is a 1.
 *
 * The bounds are found by selection, nobody is sorted; of recency, frequency and monetary only what is asked
 * for. A condition on a score or class is then a table of so many truths. */
#include "audience/eval_internal.h"

#include "audience/rfm.h"
#include "audience/set_packed.h"
#include "audience/words.h"
#include "store/events.h"

#include <stdlib.h>
#include <string.h>

#if defined(__GNUC__) && !defined(__clang__) && defined(__OPTIMIZE__)
#pragma GCC optimize("O3")
#endif

#define CONTAINER (WORDS_OF_CONTAINER * 64u)

enum { RECENCY, FREQUENCY, MONETARY, VALUES };

struct eval_rfm {
    const struct query_rfm *of; /* event and window */
    struct eval_range range;    /* everybody */
    uint8_t *score[VALUES];     /* of customer first + i, 0: none; NULL: not asked for */
    uint8_t *cell;              /* rfm_cell of the three, likewise */
    struct eval_rfm *next;
};

void eval_rfm_free(struct eval_rfm *x)
{
    while (x) {
        struct eval_rfm *next = x->next;
        for (int k = 0; k < VALUES; k++)
            free(x->score[k]);
        free(x->cell);
        free(x);
        x = next;
    }
}

static uint8_t *octets_new(struct eval *ev, const struct eval_rfm *x)
{
    uint8_t *p = calloc(x->range.n ? x->range.n : 1, 1);
    if (!p)
        eval_nomem(ev);
    return p;
}

/* --- one of the three --- */

static struct query_aggregate rfm_aggregate(const struct eval_rfm *x, struct query_event *event, int which)
{
    static const enum query_fn fns[VALUES] = { QUERY_DAYS_SINCE, QUERY_COUNT, QUERY_SUM };
    *event = x->of->event;
    return (struct query_aggregate){ .fn = fns[which],
                                     .events = event,
                                     .n_events = 1,
                                     .attribute = which == MONETARY ? STRV("amount") : (struct strv){ 0 },
                                     .window = x->of->window };
}

/* The k-th bound is the value at the place of k fifths of all who have one. */
static size_t bound_places(uint64_t n, uint64_t k[RFM_SCORES - 1])
{
    for (size_t i = 1; n > 0 && i < RFM_SCORES; i++)
        k[i - 1] = (i * n + RFM_SCORES - 1) / RFM_SCORES - 1;
    return n > 0 ? RFM_SCORES - 1 : 0;
}

/* Unset is below every bound, and the lowest: 0. */
static void score_values(const int64_t *v, size_t n, const int64_t b[RFM_SCORES - 1], uint8_t *score)
{
    for (size_t i = 0; i < n; i++)
        score[i] =
            (uint8_t)((v[i] != PACKED_UNSET) + (v[i] > b[0]) + (v[i] > b[1]) + (v[i] > b[2]) + (v[i] > b[3]));
}

static bool score_numbers(struct eval *ev, const int64_t *v, size_t n, uint8_t *score)
{
    uint64_t k[RFM_SCORES - 1] = { 0 };
    int64_t bound[RFM_SCORES - 1] = { 0 };
    const struct eval_spread s = eval_spread_of(v, n);
    if (!eval_select(ev, v, n, s, k, bound_places(s.n, k), bound))
        return false;
    score_values(v, n, bound, score);
    return true;
}

/* Counts that all are below 255, in place. */
static void score_octets(uint8_t *counts, size_t n)
{
    uint64_t many[256] = { 0 }, k[RFM_SCORES - 1] = { 0 };
    uint8_t score[256];
    for (size_t i = 0; i < n; i++)
        many[counts[i]]++;
    const size_t n_k = bound_places(n - many[0], k);
    uint64_t worse = 0;
    for (unsigned c = 1; c < 256; c++) {
        score[c] = 1;
        for (size_t i = 0; i < n_k; i++)
            score[c] = (uint8_t)(score[c] + (worse > k[i]));
        worse += many[c];
    }
    score[0] = 0;
    for (size_t i = 0; i < n; i++)
        counts[i] = score[counts[i]];
}

/* As octets, which nearly always do; *fits: they did. */
static bool rfm_small_counts(struct eval *ev, struct eval_rfm *x, const struct query_aggregate *a, bool *fits)
{
    struct fold *f = eval_fold_new(ev, a);
    uint8_t *counts = octets_new(ev, x), most = 0;
    bool ok = f && counts && eval_fold_small(f, x->range, counts);
    eval_fold_free(f);
    for (size_t i = 0; ok && i < x->range.n; i++)
        most = counts[i] > most ? counts[i] : most;
    *fits = ok && most < UINT8_MAX;
    if (*fits) {
        score_octets(counts, x->range.n);
        x->score[FREQUENCY] = counts;
    } else {
        free(counts);
    }
    return ok;
}

static bool rfm_need(struct eval *ev, struct eval_rfm *x, int which);

/* What there is to score: nothing of those without such an event; the fewer days, the better. */
static bool rfm_values(struct eval *ev, struct eval_rfm *x, int which, const struct query_aggregate *a,
                       struct eval_numbers *out)
{
    if (which == MONETARY && !rfm_need(ev, x, FREQUENCY))
        return false;
    if (!eval_aggregate(ev, a, x->range, ev->existing, out))
        return false;
    for (size_t i = 0; i < x->range.n; i++)
        if (which == RECENCY)
            out->v[i] = out->v[i] == PACKED_UNSET ? PACKED_UNSET : -out->v[i];
        else if (which == MONETARY ? !x->score[FREQUENCY][i] : !out->v[i])
            out->v[i] = PACKED_UNSET;
    return true;
}

static bool rfm_need(struct eval *ev, struct eval_rfm *x, int which)
{
    struct query_event event;
    const struct query_aggregate a = rfm_aggregate(x, &event, which);
    struct eval_numbers v = { 0 };
    bool done = x->score[which] != NULL;
    if (done || (which == FREQUENCY && (!rfm_small_counts(ev, x, &a, &done) || done)))
        return done;
    if (which == MONETARY && event.symbol.type == QUERY_TYPE_NONE)
        return err_set(ev->err, ERR_INTERNAL, "scores of money without an amount"); /* check.c */
    uint8_t *score = octets_new(ev, x);
    bool ok = score && rfm_values(ev, x, which, &a, &v) && score_numbers(ev, v.v, x->range.n, score);
    eval_numbers_free(&v);
    if (ok)
        x->score[which] = score;
    else
        free(score);
    return ok;
}

/* --- all of them --- */

static bool rfm_cells(struct eval *ev, struct eval_rfm *x)
{
    if (x->cell)
        return true;
    for (int k = 0; k < VALUES; k++)
        if (!rfm_need(ev, x, k))
            return false;
    const uint8_t *r = x->score[RECENCY], *f = x->score[FREQUENCY], *m = x->score[MONETARY];
    x->cell = octets_new(ev, x);
    for (size_t i = 0; x->cell && i < x->range.n; i++)
        x->cell[i] = f[i] ? (uint8_t)rfm_cell(r[i], f[i], m[i]) : 0;
    return x->cell != NULL;
}

static bool same_when(const struct query_when *a, const struct query_when *b)
{
    return a->kind == b->kind && a->days == b->days && a->n == b->n && a->unit == b->unit;
}

static bool same_source(const struct query_rfm *a, const struct query_rfm *b)
{
    const struct query_window *v = &a->window, *w = &b->window;
    return a->event.id == b->event.id && v->kind == w->kind && v->n == w->n && v->unit == w->unit &&
           same_when(&v->from, &w->from) && same_when(&v->to, &w->to);
}

static struct eval_rfm *rfm_find(struct eval *ev, const struct query_rfm *rfm)
{
    for (struct eval_rfm *x = ev->rfm; x; x = x->next)
        if (same_source(x->of, rfm)) {
            x->of = rfm->event.symbol.type == QUERY_TYPE_NONE ? x->of : rfm; /* which knows the amount */
            return x;
        }
    struct eval_rfm *x = calloc(1, sizeof *x);
    if (!x) {
        eval_nomem(ev);
        return NULL;
    }
    *x = (struct eval_rfm){ .of = rfm, .range = eval_range_whole(ev), .next = ev->rfm };
    ev->rfm = x;
    return x;
}

/* What the part is told from, an octet a customer: its score, or the cell of all three. */
static const uint8_t *rfm_octets(struct eval *ev, const struct query_rfm *rfm, struct eval_range *range)
{
    struct eval_rfm *x = rfm_find(ev, rfm);
    const int which = rfm->part == QUERY_RFM_R   ? RECENCY
                      : rfm->part == QUERY_RFM_F ? FREQUENCY
                      : rfm->part == QUERY_RFM_M ? MONETARY
                                                 : VALUES;
    if (!x || !(which == VALUES ? rfm_cells(ev, x) : rfm_need(ev, x, which)))
        return NULL;
    *range = x->range;
    return which == VALUES ? x->cell : x->score[which];
}

/* Of such an octet. */
static int64_t rfm_value(enum query_rfm_part part, uint8_t octet)
{
    unsigned r, f, m;
    if (octet == 0)
        return PACKED_UNSET;
    if (part != QUERY_RFM_SCORE)
        return octet;
    rfm_scores(octet, &r, &f, &m);
    return r + f + m;
}

bool eval_rfm_numbers(struct eval *ev, const struct query_rfm *rfm, struct eval_range range,
                      struct eval_numbers *out)
{
    struct eval_range all;
    const uint8_t *octets = rfm_octets(ev, rfm, &all);
    if (!octets || !eval_numbers_alloc(ev, range, PACKED_UNSET, out))
        return false;
    for (size_t i = 0; i < range.n; i++) {
        uint64_t at = (uint64_t)range.first + i - all.first; /* below the first: very large */
        if (at < all.n)
            out->v[i] = rfm_value(rfm->part, octets[at]);
    }
    return true;
}

bool eval_rfm_one(struct eval *ev, const struct query_rfm *rfm, uint32_t customer, int64_t *value)
{
    struct eval_range all;
    const uint8_t *octets = rfm_octets(ev, rfm, &all);
    uint64_t at = octets ? (uint64_t)customer - all.first : 0;
    *value = octets && at < all.n ? rfm_value(rfm->part, octets[at]) : PACKED_UNSET;
    return octets != NULL;
}

/* --- classes --- */

/* Whether the condition is true of a class. */
static bool class_holds(struct eval *ev, const struct query_node *node, struct eval_text *texts,
                        struct strv name, bool *holds)
{
    bool any = false;
    for (size_t i = 0; i < node->text.n && !any; i++)
        if (!eval_text_holds(ev, &texts[i], name, &any))
            return false;
    *holds = any != (node->kind == QUERY_TEXT_IN && node->negated);
    return true;
}

static bool class_cells(struct eval *ev, const struct query_node *node, struct eval_text *texts,
                        struct scan_test *t)
{
    for (unsigned cell = 1; cell <= RFM_CELLS; cell++) {
        unsigned r, f, m;
        bool holds = false;
        rfm_scores(cell, &r, &f, &m);
        const struct rfm_class *c = rfm_class_of(ev->o->rfm, r, f, m);
        if (c && !class_holds(ev, node, texts, c->name, &holds))
            return false;
        if (holds)
            t->codes[cell / 64] |= UINT64_C(1) << (cell % 64);
    }
    return true;
}

bool eval_rfm_test(struct eval *ev, const struct query_node *node, struct scan_test *t)
{
    struct eval_text *texts = calloc(node->text.n, sizeof *texts);
    t->kind = SCAN_CODES;
    t->n_codes = (RFM_CELLS / 64 + 1) * 64;
    t->codes = calloc(t->n_codes / 64, sizeof *t->codes);
    bool ok = (texts && t->codes) || eval_nomem(ev);
    enum query_tcmp op = node->kind == QUERY_TEXT ? node->text.op : QUERY_TEXT_EQ;
    for (size_t i = 0; ok && i < node->text.n; i++)
        ok = eval_text_init(ev, op, node->text.strings[i], node->at, &texts[i]);
    ok = ok && class_cells(ev, node, texts, t);
    for (size_t i = 0; texts && i < node->text.n; i++)
        eval_text_free(&texts[i]);
    free(texts);
    return ok;
}

/* --- conditions --- */

const struct query_rfm *eval_rfm_asked(const struct query_node *node)
{
    switch (node->kind) {
    case QUERY_TEXT:
    case QUERY_TEXT_IN: return node->text.value.is_rfm ? &node->text.value.rfm : NULL;
    case QUERY_COMPARE:
    case QUERY_BETWEEN:
    case QUERY_RANGE:
        if (eval_test_is_literal(node) && eval_test_subject(node)->kind == QUERY_NUM_RFM)
            return &eval_test_subject(node)->rfm;
        return NULL;
    default: return NULL;
    }
}

/* For each octet whether the condition holds. */
static bool rfm_truths(struct eval *ev, const struct query_node *node, enum query_rfm_part part,
                       uint8_t truth[256])
{
    struct scan_test t = { 0 };
    if (part == QUERY_RFM_CLASS) {
        if (!eval_rfm_test(ev, node, &t)) {
            free(t.codes);
            return false;
        }
    } else {
        t = eval_test_number(node, 0);
    }
    for (unsigned i = 0; i < 256; i++)
        truth[i] = i <= RFM_CELLS && scan_value(rfm_value(part, (uint8_t)i), &t);
    free(t.codes);
    return true;
}

/* The customers piece * 65,536 .. for whom it holds, of those in words. */
static void rfm_piece(const uint8_t *octets, struct eval_range range, const uint8_t truth[256],
                      uint32_t piece, uint64_t words[WORDS_OF_CONTAINER])
{
    for (size_t w = 0; w < WORDS_OF_CONTAINER; w++) {
        uint64_t at = ((uint64_t)piece * WORDS_OF_CONTAINER + w) * 64 - range.first, in = 0;
        if (!words[w] || at >= range.n) /* whole partitions are whole words */
            words[w] = 0;
        for (unsigned i = 0; words[w] && i < 64; i++)
            in |= (uint64_t)truth[octets[at + i]] << i;
        words[w] &= in;
    }
}

struct audience_set *eval_rfm_set(struct eval *ev, const struct query_node *node,
                                  const struct audience_set *candidates)
{
    const struct query_rfm *rfm = eval_rfm_asked(node);
    uint8_t truth[256];
    uint64_t words[WORDS_OF_CONTAINER];
    struct eval_range range;
    struct set_reader view = { 0 };
    struct set_packer out = { 0 };
    struct bitmap_container c;
    uint32_t piece;
    const uint8_t *octets = rfm_truths(ev, node, rfm->part, truth) ? rfm_octets(ev, rfm, &range) : NULL;
    if (!octets)
        return NULL;
    bool ok = set_reader_open(&view, candidates);
    while (ok && set_reader_next(&view, &piece, &c)) {
        bitmap_container_words(&c, words);
        rfm_piece(octets, range, truth, piece, words);
        ok = set_packer_words(&out, (uint16_t)piece, words, words_count(words, WORDS_OF_CONTAINER));
    }
    struct audience_set *set = ok ? set_packer_finish(&out) : NULL;
    set_reader_close(&view);
    set_packer_free(&out);
    if (set)
        return set;
    eval_nomem(ev);
    return NULL;
}
