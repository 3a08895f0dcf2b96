/* A tree over 65,536 customers at a time, as words of one bit each: a container of the bitmaps, so that
 * members are read where they are stored, and all that is in between stays in the first caches. Conditions
 * are prepared once. What has no such form here is asked of eval_cond, piece by piece or, when it must look
 * at everybody, once. */
#include "audience/eval_internal.h"
#include "audience/plan.h"
#include "audience/set_bitmap.h"
#include "audience/words.h"
#include "store/columns.h"
#include "store/dict.h"
#include "store/members.h"

#include <stdlib.h>
#include <string.h>

#if defined(__GNUC__) && !defined(__clang__) && defined(__OPTIMIZE__)
#pragma GCC optimize("O3")
#endif

#define PIECE_WORDS WORDS_OF_CONTAINER
#define PIECE_BITS  (PIECE_WORDS * 64u)

#define MOST_TEXTS  32u /* so many texts of a field are read as sets; more, as a column */

enum op_kind {
    OP_AND,
    OP_OR,
    OP_NOT,
    OP_SCAN,    /* a column against a test */
    OP_HAS,     /* members of a set, or customers with a text */
    OP_COUNT,   /* a small count of events */
    OP_NUMBERS, /* a number of events that is an integer */
    OP_VALUES,  /* numbers of everybody, at hand */
    OP_SET,     /* a set, at hand */
    OP_ASK,     /* eval_cond, of the piece */
};

struct op {
    enum op_kind kind;
    const struct query_node *node;
    struct op **kids; /* AND, OR, NOT */
    size_t n_kids;
    struct eval_test test; /* SCAN, COUNT, NUMBERS, VALUES */
    struct column_reader column;
    uint16_t field; /* HAS */
    enum query_has how;
    uint32_t *codes;
    size_t n_codes;
    struct fold *fold;     /* COUNT, NUMBERS */
    uint8_t low, high;     /* COUNT */
    struct eval_numbers x; /* VALUES */
    struct audience_set *set;
};

struct piece {
    uint32_t number; /* customers from number * PIECE_BITS */
    uint64_t *words;
};

static void op_free(struct op *op)
{
    if (!op)
        return;
    for (size_t i = 0; i < op->n_kids; i++)
        op_free(op->kids[i]);
    free(op->kids);
    eval_test_free(&op->test);
    column_reader_close(&op->column);
    free(op->codes);
    eval_fold_free(op->fold);
    eval_numbers_free(&op->x);
    audience_set_free(op->set);
    free(op);
}

/* --- preparing --- */

static struct op *op_make(struct eval *ev, const struct query_node *node,
                          const struct audience_set *everybody);

static bool make_kids(struct eval *ev, struct op *op, const struct audience_set *everybody)
{
    const size_t n = op->node->operands.n;
    struct plan_step *steps = malloc(n * sizeof *steps);
    op->kids = calloc(n, sizeof *op->kids);
    bool ok = (steps && op->kids) || eval_nomem(ev);
    if (ok)
        plan_order(op->node, steps);
    for (; ok && op->n_kids < n; op->n_kids += ok) {
        op->kids[op->n_kids] = op_make(ev, op->node->operands.items[steps[op->n_kids].operand], everybody);
        ok = op->kids[op->n_kids] != NULL;
    }
    free(steps);
    return ok;
}

static bool make_has(struct eval *ev, struct op *op)
{
    const struct query_node *node = op->node;
    op->kind = OP_HAS;
    op->field = (uint16_t)node->has.field.symbol.id;
    op->how = node->has.op;
    op->codes = calloc(node->has.n + 1, sizeof *op->codes);
    if (!op->codes)
        return eval_nomem(ev);
    for (; op->n_codes < node->has.n; op->n_codes++)
        op->codes[op->n_codes] =
            dict_find(ev->txn, (uint16_t)node->has.field.symbol.id, node->has.strings[op->n_codes]);
    return true;
}

static bool codes_take(struct op *op, uint64_t code)
{
    bool fits = code >= 1 && code <= MEMBERS_TEXTS && op->n_codes < MOST_TEXTS;
    if (fits)
        op->codes[op->n_codes++] = (uint32_t)code;
    return fits;
}

/* Whether the texts that pass are few and have sets; those then are what is read. */
static bool texts_are_sets(struct op *op, const struct query_ref *ref)
{
    const struct scan_test *t = &op->test.scan;
    if (ref->symbol.type != QUERY_TYPE_TEXT || op->test.negated || t->outside || t->kind == SCAN_FN)
        return false;
    bool all = true;
    op->codes = calloc(MOST_TEXTS, sizeof *op->codes);
    op->n_codes = 0;
    if (!op->codes)
        return false; /* the column will do */
    if (t->kind == SCAN_RANGE)
        for (int64_t code = t->low; all && code <= t->high; code++)
            all = codes_take(op, (uint64_t)code);
    else
        for (size_t i = 0; all && i < t->n_codes / 64; i++)
            for (uint64_t left = t->codes[i]; all && left; left &= left - 1)
                all = codes_take(op, i * 64 + (unsigned)__builtin_ctzll(left));
    op->field = (uint16_t)ref->symbol.id;
    op->how = op->n_codes == 1 ? QUERY_HAS : QUERY_HAS_ANY;
    return all;
}

static bool make_scan(struct eval *ev, struct op *op, const struct query_ref *ref)
{
    if (!eval_test_compile(ev, op->node, &ref->symbol, &op->test))
        return false;
    op->kind = texts_are_sets(op, ref) ? OP_HAS : OP_SCAN;
    return op->kind == OP_HAS ||
           (column_reader_open(&op->column, ev->txn, (uint16_t)ref->symbol.id) || eval_torn(ev));
}

/* Whether the counts that pass are told by octets that stay at 255. */
static bool fits_octets(struct op *op)
{
    const struct scan_test *t = &op->test.scan;
    if (t->kind != SCAN_RANGE || t->low > t->high || t->low >= UINT8_MAX || t->high < 0 ||
        (t->high >= UINT8_MAX && t->high != INT64_MAX))
        return false;
    op->low = t->low < 0 ? 0 : (uint8_t)t->low;
    op->high = t->high == INT64_MAX ? UINT8_MAX : (uint8_t)t->high;
    return true;
}

static bool make_aggregate(struct eval *ev, struct op *op, const struct query_aggregate *a)
{
    op->kind = OP_NUMBERS;
    op->fold = eval_fold_new(ev, a);
    if (!op->fold)
        return false;
    if (a->fn == QUERY_COUNT && !a->attribute.n) {
        op->test.scan = eval_test_number(op->node, 0);
        op->kind = fits_octets(op) ? OP_COUNT : OP_NUMBERS;
    }
    return true;
}

static bool looks_at_everybody(const struct query_node *node)
{
    struct query_num *nums[3];
    for (size_t i = 0, n = query_node_nums(node, nums); i < n; i++)
        if (nums[i]->kind >= QUERY_NUM_PERCENTILE)
            return true;
    return node->kind != QUERY_COMPARE && node->kind != QUERY_BETWEEN && node->kind != QUERY_RANGE &&
           node->kind != QUERY_TENURE && node->kind != QUERY_BUCKET;
}

static bool make_other(struct eval *ev, struct op *op, const struct audience_set *everybody)
{
    bool is;
    op->kind = OP_ASK;
    if (!looks_at_everybody(op->node))
        return true;
    if (!eval_percentile_test(ev, op->node, &op->x, &op->test.scan, &is))
        return false;
    op->kind = is ? OP_VALUES : OP_SET;
    if (!is)
        op->set = eval_cond(ev, op->node, everybody);
    return is || op->set;
}

static bool make_cond(struct eval *ev, struct op *op, const struct audience_set *everybody)
{
    const struct query_node *node = op->node;
    const struct query_ref *ref = eval_test_ref(node);
    if (node->kind == QUERY_SET_HAS)
        return make_has(ev, op);
    if (ref && ref->symbol.type != QUERY_TYPE_SET)
        return make_scan(ev, op, ref);
    bool numbers = node->kind == QUERY_COMPARE || node->kind == QUERY_BETWEEN || node->kind == QUERY_RANGE;
    if (numbers && eval_test_is_literal(node) && eval_test_subject(node)->kind == QUERY_NUM_AGGREGATE) {
        const struct query_aggregate *a = &eval_test_subject(node)->aggregate;
        if (a->fn != QUERY_AVG && a->fn != QUERY_SHARE) /* fractions */
            return make_aggregate(ev, op, a);
    }
    return make_other(ev, op, everybody);
}

static struct op *op_make(struct eval *ev, const struct query_node *node,
                          const struct audience_set *everybody)
{
    struct op *op = calloc(1, sizeof *op);
    if (!op) {
        eval_nomem(ev);
        return NULL;
    }
    op->node = node;
    bool ok = true;
    switch (node->kind) {
    case QUERY_AND:
    case QUERY_OR:
    case QUERY_NOT:
        op->kind = node->kind == QUERY_AND ? OP_AND : node->kind == QUERY_OR ? OP_OR : OP_NOT;
        ok = make_kids(ev, op, everybody);
        break;
    default: ok = make_cond(ev, op, everybody);
    }
    if (ok)
        return op;
    op_free(op);
    return NULL;
}

/* --- words --- */

static bool words_any(const uint64_t *words)
{
    uint64_t any = 0;
    for (size_t i = 0; i < PIECE_WORDS; i++)
        any |= words[i];
    return any != 0;
}

static void words_and(uint64_t *a, const uint64_t *b, bool inverted)
{
    const uint64_t flip = inverted ? UINT64_MAX : 0;
    for (size_t i = 0; i < PIECE_WORDS; i++)
        a[i] &= b[i] ^ flip;
}

static void words_or(uint64_t *a, const uint64_t *b)
{
    for (size_t i = 0; i < PIECE_WORDS; i++)
        a[i] |= b[i];
}

/* The candidates, when they are at most EVAL_FEW; else 0. */
static size_t words_few(const struct piece *p, uint32_t *few)
{
    size_t n = 0;
    for (size_t w = 0; w < PIECE_WORDS; w++)
        for (uint64_t left = p->words[w]; left; left &= left - 1) {
            if (n == EVAL_FEW)
                return 0;
            few[n++] = (uint32_t)(p->number * PIECE_BITS + w * 64) + (uint32_t)__builtin_ctzll(left);
        }
    return n;
}

/* --- running: keeps of the piece's words what the operation is true of --- */

static bool op_run(struct eval *ev, struct op *op, struct piece *p);

static bool run_and(struct eval *ev, struct op *op, struct piece *p)
{
    for (size_t i = 0; i < op->n_kids && (i == 0 || words_any(p->words)); i++)
        if (!op_run(ev, op->kids[i], p))
            return false;
    return true;
}

/* Each operand looks only at those that are not in yet. */
static bool run_or(struct eval *ev, struct op *op, struct piece *p)
{
    uint64_t rest[PIECE_WORDS], in[PIECE_WORDS];
    struct piece kid = { p->number, in };
    memcpy(rest, p->words, sizeof rest);
    memset(p->words, 0, sizeof rest);
    for (size_t i = 0; i < op->n_kids && words_any(rest); i++) {
        memcpy(in, rest, sizeof in);
        if (!op_run(ev, op->kids[i], &kid))
            return false;
        words_or(p->words, in);
        words_and(rest, in, true);
    }
    return true;
}

static bool run_not(struct eval *ev, struct op *op, struct piece *p)
{
    uint64_t in[PIECE_WORDS];
    struct piece kid = { p->number, in };
    memcpy(in, p->words, sizeof in);
    if (!op_run(ev, op->kids[0], &kid))
        return false;
    words_and(p->words, in, true);
    return true;
}

static bool run_scan(struct eval *ev, struct op *op, struct piece *p)
{
    const uint64_t at = (uint64_t)p->number * PIECE_WORDS;
    for (uint64_t block = at / COLUMN_WORDS; block * COLUMN_WORDS < at + PIECE_WORDS; block++) {
        const uint64_t first = block * COLUMN_WORDS, end = first + COLUMN_WORDS;
        const uint64_t from = first > at ? first : at, to = end < at + PIECE_WORDS ? end : at + PIECE_WORDS;
        uint64_t any = 0;
        for (uint64_t w = from; w < to; w++)
            any |= p->words[w - at];
        struct packed rows = { .rows = COLUMN_ROWS }; /* a block that is not there is unset */
        if (!any)
            continue;
        if (!column_reader_block(&op->column, (uint32_t)block, &rows))
            rows = (struct packed){ .rows = COLUMN_ROWS };
        scan_filter(&rows, (uint32_t)(from - first) * 64, &op->test.scan, op->test.negated,
                    p->words + (from - at), (size_t)(to - from));
    }
    return catalog_ok(ev->txn, NULL) || eval_torn(ev);
}

static bool has_torn(struct eval *ev)
{
    return err_set(ev->err, ERR_CORRUPT, "a set of the index is torn");
}

static bool run_has(struct eval *ev, struct op *op, struct piece *p)
{
    const uint16_t field = op->field;
    const enum query_has how = op->how;
    const bool every = how == QUERY_HAS || how == QUERY_HAS_ALL;
    uint64_t any[PIECE_WORDS];
    if (!every)
        memset(any, 0, sizeof any);
    for (size_t i = 0; i < op->n_codes; i++) {
        struct strv octets;
        bool there = op->codes[i] && members_get(ev->txn, field, op->codes[i], (uint16_t)p->number, &octets);
        if (there && !(every ? bitmap_and_words(octets, p->words) : bitmap_or_words(octets, any)))
            return has_torn(ev);
        if (!there && every)
            memset(p->words, 0, PIECE_WORDS * sizeof *p->words);
    }
    if (!every)
        words_and(p->words, any, how == QUERY_HAS_NONE);
    return catalog_ok(ev->txn, NULL) || eval_torn(ev);
}

static bool run_count(struct op *op, struct piece *p)
{
    uint8_t counts[PIECE_BITS] = { 0 };
    const struct eval_range range = { p->number * PIECE_BITS, PIECE_BITS };
    if (!eval_fold_small(op->fold, range, counts))
        return false;
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
    words_and(p->words, pass, false);
}

static bool run_numbers(struct op *op, struct piece *p)
{
    struct eval_range range = { p->number * PIECE_BITS, PIECE_BITS };
    struct eval_numbers x;
    uint32_t few[EVAL_FEW];
    size_t n_few = words_few(p, few);
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

static bool op_run(struct eval *ev, struct op *op, struct piece *p)
{
    uint64_t own[PIECE_WORDS];
    switch (op->kind) {
    case OP_AND: return run_and(ev, op, p);
    case OP_OR: return run_or(ev, op, p);
    case OP_NOT: return run_not(ev, op, p);
    case OP_SCAN: return run_scan(ev, op, p);
    case OP_HAS: return run_has(ev, op, p);
    case OP_COUNT: return run_count(op, p);
    case OP_NUMBERS: return run_numbers(op, p);
    case OP_VALUES: filter_numbers(op->x.v, op->x.range.first, op->x.range.n, &op->test.scan, p); return true;
    case OP_SET:
        bitmap_words(op->set->r, p->number, own);
        words_and(p->words, own, false);
        return true;
    case OP_ASK: return run_ask(ev, op, p);
    }
    return false;
}

/* The candidates of a piece. Everybody is read where it is stored. */
static bool piece_begin(struct eval *ev, struct bitmap_view *among, struct piece *p)
{
    struct strv octets;
    if (ev->o->among)
        return bitmap_view_words(among, p->number, p->words);
    if (!members_get(ev->txn, 0, MEMBERS_EXIST, (uint16_t)p->number, &octets))
        return false;
    memset(p->words, 0, PIECE_WORDS * sizeof *p->words);
    return bitmap_or_words(octets, p->words); /* torn ones were found when everybody was read */
}

struct audience_set *eval_pieces(struct eval *ev, const struct query_node *root)
{
    const roaring_bitmap_t *all = ev->universe->r;
    struct bitmap_view among = { 0 };
    struct bitmap_builder out = { 0 };
    struct op *op = op_make(ev, root, ev->universe);
    bool ok = op && (!ev->o->among || bitmap_view_open(&among, all) || eval_nomem(ev));
    const uint32_t last = roaring_bitmap_is_empty(all) ? 0 : roaring_bitmap_maximum(all) / PIECE_BITS;
    for (uint32_t i = 0; ok && i <= last; i++) {
        uint64_t words[PIECE_WORDS];
        struct piece p = { i, words };
        if (piece_begin(ev, &among, &p))
            ok = op_run(ev, op, &p) && (bitmap_builder_add(&out, (uint16_t)i, words) || eval_nomem(ev));
    }
    op_free(op);
    bitmap_view_free(&among);
    struct audience_set *set = ok ? malloc(sizeof *set) : NULL;
    if (set)
        set->r = bitmap_builder_finish(&out);
    bitmap_builder_free(&out);
    if (ok && (!set || !set->r)) {
        eval_nomem(ev);
        free(set);
        set = NULL;
    }
    return set;
}
