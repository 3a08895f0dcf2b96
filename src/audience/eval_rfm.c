/* Quintile scores of recency, frequency and monetary value, once an evaluation for each event and window.
 *
 * Of the customers with such an event in the window; others have no score. Recency is days_since, frequency
 * count, monetary the sum of the attribute "amount". A score is one more than the number of the quintiles'
 * bounds the value is above: 1 + the whole part of 5 * (part of the customers whose value is worse). Equal
 * values have equal scores: where half of all bought once, once is a 1. */
#include "audience/eval_internal.h"

#include "audience/rfm.h"

#include <stdlib.h>
#include <string.h>

struct eval_rfm {
    const struct query_rfm *of; /* event and window */
    struct eval_range range;    /* everybody */
    uint8_t *cell;              /* rfm_cell of customer first + i, 0: none */
    struct eval_rfm *next;
};

void eval_rfm_free(struct eval_rfm *x)
{
    while (x) {
        struct eval_rfm *next = x->next;
        free(x->cell);
        free(x);
        x = next;
    }
}

/* --- quintiles --- */

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

struct quintiles {
    int64_t bound[RFM_SCORES - 1];
};

/* Sorts the values. */
static struct quintiles quintiles_of(int64_t *values, size_t n)
{
    struct quintiles q = { { 0 } };
    qsort(values, n, sizeof *values, by_value);
    for (size_t k = 1; n > 0 && k < RFM_SCORES; k++)
        q.bound[k - 1] = values[(k * n + RFM_SCORES - 1) / RFM_SCORES - 1];
    return q;
}

static unsigned quintile_score(const struct quintiles *q, int64_t value)
{
    unsigned score = 1;
    for (size_t k = 0; k < RFM_SCORES - 1; k++)
        score += value > q->bound[k];
    return score;
}

/* --- everybody --- */

enum { RECENCY, FREQUENCY, MONETARY, VALUES };

static bool rfm_values(struct eval *ev, const struct query_rfm *rfm, struct eval_range range, int which,
                       struct eval_numbers *out)
{
    static const enum query_fn fns[VALUES] = { QUERY_DAYS_SINCE, QUERY_COUNT, QUERY_SUM };
    struct query_event event = rfm->event;
    const struct query_aggregate a = {
        .fn = fns[which],
        .events = &event,
        .n_events = 1,
        .attribute = which == MONETARY ? STRV("amount") : (struct strv){ 0 },
        .window = rfm->window,
    };
    if (which == MONETARY && event.symbol.type == QUERY_TYPE_NONE) /* nothing asks for it: check.c */
        return eval_numbers_alloc(ev, range, 0, out);
    if (!eval_aggregate(ev, &a, range, ev->existing, out))
        return false;
    for (size_t i = 0; which == RECENCY && i < range.n; i++)
        if (out->v[i] != PACKED_UNSET)
            out->v[i] = -out->v[i]; /* the fewer days, the better */
    return true;
}

static bool rfm_score(struct eval *ev, struct eval_rfm *x, const struct eval_numbers *v)
{
    int64_t *sorted = malloc((x->range.n ? x->range.n : 1) * sizeof *sorted);
    struct quintiles q[VALUES];
    if (!sorted)
        return eval_nomem(ev);
    for (int k = 0; k < VALUES; k++) {
        size_t n = 0;
        for (size_t i = 0; i < x->range.n; i++)
            if (v[FREQUENCY].v[i] > 0)
                sorted[n++] = v[k].v[i];
        q[k] = quintiles_of(sorted, n);
    }
    free(sorted);
    for (size_t i = 0; i < x->range.n; i++)
        if (v[FREQUENCY].v[i] > 0)
            x->cell[i] = (uint8_t)rfm_cell(quintile_score(&q[RECENCY], v[RECENCY].v[i]),
                                           quintile_score(&q[FREQUENCY], v[FREQUENCY].v[i]),
                                           quintile_score(&q[MONETARY], v[MONETARY].v[i]));
    return true;
}

static bool rfm_make(struct eval *ev, struct eval_rfm *x)
{
    struct eval_numbers v[VALUES];
    bool ok = true;
    memset(v, 0, sizeof v);
    x->range = eval_range_of(ev->existing);
    x->cell = calloc(x->range.n ? x->range.n : 1, 1);
    if (!x->cell)
        return eval_nomem(ev);
    for (int k = 0; ok && k < VALUES; k++)
        ok = rfm_values(ev, x->of, x->range, k, &v[k]);
    ok = ok && rfm_score(ev, x, v);
    for (int k = 0; k < VALUES; k++)
        eval_numbers_free(&v[k]);
    return ok;
}

static bool same_when(const struct query_when *a, const struct query_when *b)
{
    return a->kind == b->kind && a->days == b->days && a->n == b->n && a->unit == b->unit;
}

static bool same_source(const struct query_rfm *a, const struct query_rfm *b)
{
    const struct query_window *v = &a->window, *w = &b->window;
    return a->event.id == b->event.id && a->event.symbol.type == b->event.symbol.type && v->kind == w->kind &&
           v->n == w->n && v->unit == w->unit && same_when(&v->from, &w->from) && same_when(&v->to, &w->to);
}

/* The scores of everybody: made when first asked for. */
static const struct eval_rfm *rfm_find(struct eval *ev, const struct query_rfm *rfm)
{
    for (const struct eval_rfm *x = ev->rfm; x; x = x->next)
        if (same_source(x->of, rfm))
            return x;
    struct eval_rfm *x = calloc(1, sizeof *x);
    if (!x) {
        eval_nomem(ev);
        return NULL;
    }
    x->of = rfm;
    if (!rfm_make(ev, x)) {
        eval_rfm_free(x);
        return NULL;
    }
    x->next = ev->rfm;
    ev->rfm = x;
    return x;
}

static int64_t rfm_part(enum query_rfm_part part, unsigned cell)
{
    unsigned r, f, m;
    rfm_scores(cell, &r, &f, &m);
    switch (part) {
    case QUERY_RFM_R: return r;
    case QUERY_RFM_F: return f;
    case QUERY_RFM_M: return m;
    case QUERY_RFM_SCORE: return r + f + m;
    case QUERY_RFM_CLASS: return cell;
    }
    return 0;
}

bool eval_rfm_numbers(struct eval *ev, const struct query_rfm *rfm, struct eval_range range,
                      struct eval_numbers *out)
{
    const struct eval_rfm *x = rfm_find(ev, rfm);
    if (!x || !eval_numbers_alloc(ev, range, PACKED_UNSET, out))
        return false;
    for (size_t i = 0; i < range.n; i++) {
        uint64_t at = (uint64_t)range.first + i - x->range.first; /* below the first: very large */
        if (at < x->range.n && x->cell[at])
            out->v[i] = rfm_part(rfm->part, x->cell[at]);
    }
    return true;
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
