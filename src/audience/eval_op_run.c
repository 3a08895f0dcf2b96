/* Operations, run: each keeps of a piece what it is true of. */
#include "audience/eval_few.h"
#include "audience/eval_fold.h"
#include "audience/eval_op.h"
#include "store/members.h"

#include <string.h>

#if defined(__GNUC__) && !defined(__clang__) && defined(__OPTIMIZE__)
#pragma GCC optimize("O3")
#endif

/* The candidates, when they are at most EVAL_FEW; else 0. */
static size_t piece_few(struct piece *p, uint32_t *few)
{
    if (!piece_to_list(p) || p->n > EVAL_FEW)
        return 0;
    for (size_t i = 0; i < p->n; i++)
        few[i] = p->number * PIECE_BITS + p->list[i];
    return p->n;
}

static bool run_and(struct eval *ev, struct op *op, struct piece *p)
{
    for (size_t i = 0; i < op->n_kids && (i == 0 || piece_any(p)); i++)
        if (!op_run(ev, op->kids[i], p))
            return false;
    return true;
}

/* Each operand looks only at those that are not in yet. */
static bool run_or(struct eval *ev, struct op *op, struct piece *p)
{
    uint64_t in[PIECE_WORDS] = { 0 };
    struct piece rest;
    piece_copy(&rest, p);
    piece_to_words(p);
    for (size_t i = 0; i < op->n_kids && piece_any(&rest); i++) {
        if (!op_run(ev, op->kids[i], &rest))
            return false;
        piece_to_words(&rest);
        for (size_t w = 0; w < PIECE_WORDS; w++) {
            in[w] |= rest.words[w];
            rest.words[w] = p->words[w] & ~in[w];
        }
    }
    memcpy(p->words, in, sizeof in);
    return true;
}

static bool run_not(struct eval *ev, struct op *op, struct piece *p)
{
    struct piece in;
    piece_copy(&in, p);
    if (!op_run(ev, op->kids[0], &in))
        return false;
    piece_to_words(&in);
    piece_filter(p, in.words, true);
    return true;
}

/* What is read of the block; one that is not there is unset. */
static struct packed scan_block(struct op *op, uint64_t block)
{
    struct packed rows;
    return column_reader_block(&op->column, (uint32_t)block, &rows) ? rows
                                                                    : (struct packed){ .rows = COLUMN_ROWS };
}

/* How many of list[0..n) are below `end`. */
static size_t list_below(const list_u16 *list, size_t n, int64_t end)
{
    size_t below = 0;
    while (n > 0) {
        const size_t half = (n + 1) / 2;
        below += list[below + half - 1] < end ? half : 0;
        n -= half;
    }
    return below;
}

/* A block's part of the list: what it asks for is on its way while the block before is looked at. */
struct few {
    struct packed rows;
    int64_t first; /* row 0, as a place in the piece */
    const list_u16 *list;
    size_t n;
};

static struct few few_of_block(struct op *op, const struct piece *p, size_t at)
{
    const uint64_t first = (uint64_t)p->number * PIECE_BITS;
    const uint64_t block = at < p->n ? (first + p->list[at]) / COLUMN_ROWS : 0;
    struct few f = { .first = (int64_t)(block * COLUMN_ROWS) - (int64_t)first, .list = p->list + at };
    if (at == p->n)
        return f;
    f.n = list_below(f.list, p->n - at < COLUMN_ROWS ? p->n - at : COLUMN_ROWS, f.first + COLUMN_ROWS);
    f.rows = scan_block(op, block);
    for (size_t i = 0; i < f.n && f.rows.width; i++)
        __builtin_prefetch(f.rows.data + (size_t)(f.list[i] - f.first) * f.rows.width);
    return f;
}

static void filter_few(struct op *op, struct piece *p)
{
    size_t kept = 0, at = 0;
    for (struct few f = few_of_block(op, p, 0), next; f.n > 0; f = next) {
        at += f.n;
        next = few_of_block(op, p, at);
        kept += scan_few(&f.rows, f.first, &op->test.scan, op->test.negated, f.list, f.n, p->own + kept);
    }
    p->list = p->own;
    p->n = kept;
}

static void filter_many(struct op *op, struct piece *p)
{
    const uint64_t at = (uint64_t)p->number * PIECE_WORDS;
    piece_to_words(p);
    for (uint64_t block = at / COLUMN_WORDS; block * COLUMN_WORDS < at + PIECE_WORDS; block++) {
        const uint64_t first = block * COLUMN_WORDS, end = first + COLUMN_WORDS;
        const uint64_t from = first > at ? first : at, to = end < at + PIECE_WORDS ? end : at + PIECE_WORDS;
        uint64_t any = 0;
        for (uint64_t w = from; w < to; w++)
            any |= p->words[w - at];
        if (!any)
            continue;
        const struct packed rows = scan_block(op, block);
        scan_filter(&rows, (uint32_t)(from - first) * 64, &op->test.scan, op->test.negated,
                    p->words + (from - at), (size_t)(to - from));
    }
}

static bool run_scan(struct eval *ev, struct op *op, struct piece *p)
{
    if (piece_to_list(p))
        filter_few(op, p);
    else
        filter_many(op, p);
    return catalog_ok(ev->txn, NULL) || eval_torn(ev);
}

static bool has_torn(struct eval *ev)
{
    return err_set(ev->err, ERR_CORRUPT, "a set of the index is torn");
}

static struct strv has_find(struct eval *ev, const struct stored_set *s, uint64_t number)
{
    struct strv octets = { 0 };
    if (s->code && number <= UINT16_MAX)
        members_get(ev->txn, s->field, s->code, (uint16_t)number, &octets);
    return octets;
}

/* *there: the piece has members of the set. Those of the next piece are on their way then. */
static bool has_get(struct eval *ev, struct stored_set *s, const struct piece *p, struct bitmap_container *c,
                    bool *there)
{
    const struct strv octets = s->next == p->number + 1u ? s->ahead : has_find(ev, s, p->number);
    s->ahead = has_find(ev, s, p->number + 1u);
    s->next = p->number + 2u;
    for (size_t i = 0; i < s->ahead.n; i += 64)
        __builtin_prefetch(s->ahead.p + i, 0, 2);
    *there = octets.n > 0;
    return !*there || bitmap_container_open(octets, c) || has_torn(ev);
}

static bool run_has_all(struct eval *ev, struct op *op, struct piece *p)
{
    for (size_t i = 0; i < op->n_sets; i++) {
        struct bitmap_container c;
        bool there;
        if (!has_get(ev, &op->sets[i], p, &c, &there))
            return false;
        if (there && !piece_and(p, &c))
            return has_torn(ev);
        if (!there)
            piece_clear(p);
    }
    return catalog_ok(ev->txn, NULL) || eval_torn(ev);
}

static bool run_has_any(struct eval *ev, struct op *op, struct piece *p)
{
    uint64_t any[PIECE_WORDS];
    bool first = true;
    for (size_t i = 0; i < op->n_sets; i++) {
        struct bitmap_container c;
        bool there;
        if (!has_get(ev, &op->sets[i], p, &c, &there))
            return false;
        if (there)
            (first ? bitmap_container_words : bitmap_container_or)(&c, any);
        first = first && !there;
    }
    if (!first)
        piece_filter(p, any, op->kind == OP_HAS_NONE);
    else if (op->kind == OP_HAS_ANY)
        piece_clear(p);
    return catalog_ok(ev->txn, NULL) || eval_torn(ev);
}

/* A count of few events, as bits instead of octets: less to clear and to look through than to count. */
static bool run_reached(struct op *op, struct piece *p)
{
    uint64_t reached[PIECE_WORDS * FOLD_REACH];
    const struct eval_range range = { p->number * PIECE_BITS, PIECE_BITS };
    const unsigned k = op->reach, low = op->low;
    const uint64_t flip = op->test.scan.outside ? UINT64_MAX : 0;
    memset(reached, 0, PIECE_WORDS * k * sizeof *reached);
    if (!eval_fold_reached(op->fold, range, k, reached))
        return false;
    piece_to_words(p);
    for (size_t w = 0; w < PIECE_WORDS; w++) {
        const uint64_t *at = reached + w * k;
        const uint64_t enough = low ? at[low - 1] : UINT64_MAX;
        p->words[w] &= (op->high == UINT8_MAX ? enough : enough & ~at[op->high]) ^ flip;
    }
    return true;
}

static bool run_count(struct op *op, struct piece *p)
{
    if (op->reach && eval_fold_is_of_few(op->fold))
        return run_reached(op, p);
    uint8_t counts[PIECE_BITS] = { 0 };
    const struct eval_range range = { p->number * PIECE_BITS, PIECE_BITS };
    if (!eval_fold_small(op->fold, range, counts))
        return false;
    piece_to_words(p);
    scan_octets(counts, op->low, op->high, op->test.scan.outside, p->words, PIECE_WORDS);
    return true;
}

/* Keeps what passes of the numbers v of the customers from `first` on, `n` of them; others are unset. */
static void filter_numbers(const int64_t *v, uint64_t first, size_t n, const struct scan_test *t,
                           struct piece *p)
{
    const uint64_t at = (uint64_t)p->number * PIECE_BITS;
    uint64_t pass[PIECE_WORDS] = { 0 };
    uint64_t from = first > at ? first : at, to = first + n < at + PIECE_BITS ? first + n : at + PIECE_BITS;
    if (from < to) /* first is a multiple of 64 */
        scan_values(v + (from - first), (uint32_t)(to - from), t, pass + (from - at) / 64);
    piece_filter(p, pass, false);
}

static bool run_numbers(struct op *op, struct piece *p)
{
    struct eval_range range = { p->number * PIECE_BITS, PIECE_BITS };
    struct eval_numbers x;
    uint32_t few[EVAL_FEW];
    size_t n_few = piece_few(p, few);
    if (n_few) {
        range.first = few[0] / 64 * 64;
        range.n = few[n_few - 1] - range.first + 1;
    }
    if (!eval_fold_range(op->fold, range, few, n_few, &x))
        return false;
    const struct scan_test t = eval_test_number(op->node, x.scale);
    filter_numbers(x.v, range.first, range.n, &t, p);
    eval_numbers_free(&x);
    return true;
}

static bool run_ask(struct eval *ev, struct op *op, struct piece *p)
{
    struct audience_set *candidates = audience_set_new(), *out = NULL;
    piece_to_words(p);
    bool ok =
        (candidates && audience_set_add_words(candidates, p->number * PIECE_BITS, p->words, PIECE_WORDS)) ||
        eval_nomem(ev);
    if (ok && !audience_set_empty(candidates)) {
        out = eval_cond(ev, op->node, candidates);
        ok = out != NULL;
    }
    if (out)
        bitmap_words(out->r, p->number, p->words);
    audience_set_free(candidates);
    audience_set_free(out);
    return ok;
}

static void run_set(struct op *op, struct piece *p)
{
    uint64_t own[PIECE_WORDS];
    bitmap_words(op->set->r, p->number, own);
    piece_filter(p, own, false);
}

bool op_run(struct eval *ev, struct op *op, struct piece *p)
{
    switch (op->kind) {
    case OP_AND: return run_and(ev, op, p);
    case OP_OR: return run_or(ev, op, p);
    case OP_NOT: return run_not(ev, op, p);
    case OP_SCAN: return run_scan(ev, op, p);
    case OP_HAS_ALL: return run_has_all(ev, op, p);
    case OP_HAS_ANY:
    case OP_HAS_NONE: return run_has_any(ev, op, p);
    case OP_COUNT: return run_count(op, p);
    case OP_NUMBERS: return run_numbers(op, p);
    case OP_VALUES: filter_numbers(op->x.v, op->x.range.first, op->x.range.n, &op->test.scan, p); return true;
    case OP_SET: run_set(op, p); return true;
    case OP_ASK: return run_ask(ev, op, p);
    }
    return false;
}
