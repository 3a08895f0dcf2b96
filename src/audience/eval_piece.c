/* A tree over 65,536 customers at a time (piece.h): a container of the bitmaps, so that members are read
 * where they are stored, and all that is in between stays in the first caches. Conditions are prepared once:
 * `not` goes down to them, what asks for members of stored sets side by side is one operation, and the
 * cheapest are first. What has no such form here is asked of eval_cond, piece by piece or, when it must look
 * at everybody, once. */
#include "audience/eval_few.h"
#include "audience/eval_fold.h"
#include "audience/eval_internal.h"
#include "audience/piece.h"
#include "audience/plan.h"
#include "store/columns.h"
#include "store/dict.h"
#include "store/members.h"

#include <stdlib.h>
#include <string.h>

#if defined(__GNUC__) && !defined(__clang__) && defined(__OPTIMIZE__)
#pragma GCC optimize("O3")
#endif

#define MOST_TEXTS 32u /* so many texts of a field are read as sets; more, as a column */

enum op_kind {
    OP_AND,
    OP_OR,
    OP_NOT,
    OP_HAS_ALL, /* members of stored sets: of tags, of customers with a text */
    OP_HAS_ANY,
    OP_HAS_NONE,
    OP_SCAN,    /* a column against a test */
    OP_COUNT,   /* a small count of events */
    OP_NUMBERS, /* a number of events that is an integer */
    OP_VALUES,  /* numbers of everybody, at hand */
    OP_SET,     /* a set, at hand */
    OP_ASK,     /* eval_cond, of the piece */
};

struct stored_set {
    uint16_t field;
    uint32_t code;     /* 0: a text nobody has */
    struct strv ahead; /* its container of the piece after the one looked at */
    uint64_t next;     /* and that piece's number, and 1; 0: not looked for yet */
};

struct op {
    enum op_kind kind;
    const struct query_node *node;
    struct op **kids; /* AND, OR, NOT */
    size_t n_kids;
    struct eval_test test; /* SCAN, COUNT, NUMBERS, VALUES */
    struct column_reader column;
    struct stored_set *sets; /* HAS_... */
    size_t n_sets;
    struct fold *fold;     /* COUNT, NUMBERS */
    uint8_t low, high;     /* COUNT */
    unsigned reach;        /* COUNT: of few events */
    struct eval_numbers x; /* VALUES */
    struct audience_set *set;
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
    free(op->sets);
    eval_fold_free(op->fold);
    eval_numbers_free(&op->x);
    audience_set_free(op->set);
    free(op);
}

/* --- preparing --- */

/* With `negated`, of those for whom the node is not true. */
static struct op *op_make(struct eval *ev, const struct query_node *node, bool negated,
                          const struct audience_set *everybody);

/* Orders of magnitude: containers that are read whole, columns whose rows are, what plan.h says of others. */
static uint32_t op_cost(const struct op *op)
{
    uint64_t cost = 0;
    switch (op->kind) {
    case OP_HAS_ALL: return 1;
    case OP_HAS_ANY:
    case OP_HAS_NONE: return op->n_sets < 8 ? (uint32_t)op->n_sets + 1 : 8;
    case OP_AND:
    case OP_OR:
    case OP_NOT:
        for (size_t i = 0; i < op->n_kids; i++)
            cost += op_cost(op->kids[i]);
        return cost < UINT32_MAX ? (uint32_t)cost : UINT32_MAX;
    default: return plan_cost(op->node);
    }
}

static void kids_order(struct op *op)
{
    for (size_t i = 1; i < op->n_kids; i++) {
        struct op *kid = op->kids[i];
        const uint32_t cost = op_cost(kid);
        size_t k = i;
        for (; k > 0 && op_cost(op->kids[k - 1]) > cost; k--)
            op->kids[k] = op->kids[k - 1];
        op->kids[k] = kid;
    }
}

static bool sets_join(struct eval *ev, struct op *to, const struct op *from)
{
    struct stored_set *sets = realloc(to->sets, (to->n_sets + from->n_sets + 1) * sizeof *sets);
    if (!sets)
        return eval_nomem(ev);
    to->sets = sets;
    if (from->n_sets)
        memcpy(sets + to->n_sets, from->sets, from->n_sets * sizeof *sets);
    to->n_sets += from->n_sets;
    return true;
}

/* Of one set, any and all are the same. */
static bool is_kind(const struct op *op, enum op_kind kind)
{
    return op->kind == kind ||
           (kind != OP_HAS_NONE && op->n_sets == 1 && (op->kind == OP_HAS_ALL || op->kind == OP_HAS_ANY));
}

/* Kids of the kind become one. */
static bool kids_join(struct eval *ev, struct op *op, enum op_kind kind)
{
    struct op *first = NULL;
    size_t n = 0;
    bool ok = true;
    for (size_t i = 0; i < op->n_kids; i++) {
        struct op *kid = op->kids[i];
        if (ok && is_kind(kid, kind) && first) {
            ok = sets_join(ev, first, kid);
            op_free(kid);
            continue;
        }
        if (is_kind(kid, kind)) {
            first = kid;
            first->kind = kind;
        }
        op->kids[n++] = kid;
    }
    op->n_kids = n;
    return ok;
}

static bool make_kids(struct eval *ev, struct op *op, bool negated, const struct audience_set *everybody)
{
    const size_t n = op->node->operands.n;
    op->kids = calloc(n, sizeof *op->kids);
    if (!op->kids)
        return eval_nomem(ev);
    for (; op->n_kids < n; op->n_kids++) {
        op->kids[op->n_kids] = op_make(ev, op->node->operands.items[op->n_kids], negated, everybody);
        if (!op->kids[op->n_kids])
            return false;
    }
    return true;
}

/* The kids of kids that are of the same kind become its own. */
static bool kids_flatten(struct eval *ev, struct op *op)
{
    size_t n = 0, k = 0;
    for (size_t i = 0; i < op->n_kids; i++)
        n += op->kids[i]->kind == op->kind ? op->kids[i]->n_kids : 1;
    struct op **kids = calloc(n + 1, sizeof *kids);
    if (!kids)
        return eval_nomem(ev);
    for (size_t i = 0; i < op->n_kids; i++) {
        struct op *kid = op->kids[i];
        if (kid->kind != op->kind) {
            kids[k++] = kid;
            continue;
        }
        memcpy(kids + k, kid->kids, kid->n_kids * sizeof *kids);
        k += kid->n_kids;
        kid->n_kids = 0;
        op_free(kid);
    }
    free(op->kids);
    op->kids = kids;
    op->n_kids = n;
    return true;
}

/* not (a or b) is not a and not b, and the other way round. */
static bool make_group(struct eval *ev, struct op *op, bool negated, const struct audience_set *everybody)
{
    op->kind = (op->node->kind == QUERY_AND) != negated ? OP_AND : OP_OR;
    if (!make_kids(ev, op, negated, everybody) || !kids_flatten(ev, op))
        return false;
    bool ok = op->kind == OP_OR ? kids_join(ev, op, OP_HAS_ANY)
                                : kids_join(ev, op, OP_HAS_ALL) && kids_join(ev, op, OP_HAS_NONE);
    kids_order(op);
    return ok;
}

static bool make_has(struct eval *ev, struct op *op)
{
    static const enum op_kind kinds[] = { [QUERY_HAS] = OP_HAS_ALL,
                                          [QUERY_HAS_ANY] = OP_HAS_ANY,
                                          [QUERY_HAS_ALL] = OP_HAS_ALL,
                                          [QUERY_HAS_NONE] = OP_HAS_NONE };
    const struct query_node *node = op->node;
    const uint16_t field = (uint16_t)node->has.field.symbol.id;
    op->kind = kinds[node->has.op];
    op->sets = calloc(node->has.n + 1, sizeof *op->sets);
    if (!op->sets)
        return eval_nomem(ev);
    for (; op->n_sets < node->has.n; op->n_sets++)
        op->sets[op->n_sets] =
            (struct stored_set){ .field = field,
                                 .code = dict_find(ev->txn, field, node->has.strings[op->n_sets]) };
    return true;
}

static bool code_take(struct op *op, uint16_t field, uint64_t code)
{
    bool fits = code >= 1 && code <= MEMBERS_TEXTS && op->n_sets < MOST_TEXTS;
    if (fits)
        op->sets[op->n_sets++] = (struct stored_set){ .field = field, .code = (uint32_t)code };
    return fits;
}

/* Whether the texts that pass are few and have sets; those then are what is read. */
static bool texts_are_sets(struct op *op, const struct query_ref *ref)
{
    const struct scan_test *t = &op->test.scan;
    const uint16_t field = (uint16_t)ref->symbol.id;
    if (ref->symbol.type != QUERY_TYPE_TEXT || op->test.negated || t->outside || t->kind == SCAN_FN)
        return false;
    bool all = true;
    op->sets = calloc(MOST_TEXTS, sizeof *op->sets);
    op->n_sets = 0;
    if (!op->sets)
        return false; /* the column will do */
    if (t->kind == SCAN_RANGE)
        for (int64_t code = t->low; all && code <= t->high; code++)
            all = code_take(op, field, (uint64_t)code);
    else
        for (size_t i = 0; all && i < t->n_codes / 64; i++)
            for (uint64_t left = t->codes[i]; all && left; left &= left - 1)
                all = code_take(op, field, i * 64 + (unsigned)__builtin_ctzll(left));
    return all;
}

static bool make_scan(struct eval *ev, struct op *op, const struct query_ref *ref)
{
    if (!eval_test_compile(ev, op->node, &ref->symbol, &op->test))
        return false;
    op->kind = texts_are_sets(op, ref) ? OP_HAS_ANY : OP_SCAN;
    return op->kind == OP_HAS_ANY ||
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

/* How often each must be looked for to tell whether the count passes; 0: more often than is worth while. */
static unsigned count_reach(const struct op *op)
{
    const unsigned k = op->high == UINT8_MAX ? op->low : op->high + 1u;
    return k <= FOLD_REACH ? k : 0;
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
        op->reach = op->kind == OP_COUNT ? count_reach(op) : 0;
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

/* Those for whom it is not true. Where it has a form of its own that is it, else what is left. NULL: no
 * memory, and op is freed. */
static struct op *op_negate(struct eval *ev, struct op *op)
{
    struct op *not = NULL;
    if (op->kind == OP_SCAN) {
        op->test.negated = !op->test.negated;
        return op;
    }
    if (op->kind == OP_HAS_ANY || is_kind(op, OP_HAS_ANY) || op->kind == OP_HAS_NONE) {
        op->kind = op->kind == OP_HAS_NONE ? OP_HAS_ANY : OP_HAS_NONE;
        return op;
    }
    not = calloc(1, sizeof *not );
    if (not &&(not ->kids = calloc(1, sizeof *not ->kids))) {
        not ->kind = OP_NOT;
        not ->node = op->node;
        not ->kids[0] = op;
        not ->n_kids = 1;
        return not ;
    }
    free(not );
    op_free(op);
    eval_nomem(ev);
    return NULL;
}

/* A group of one is that one. */
static struct op *op_only(struct op *group)
{
    struct op *kid = group->kids[0];
    group->n_kids = 0;
    op_free(group);
    return kid;
}

static struct op *op_make(struct eval *ev, const struct query_node *node, bool negated,
                          const struct audience_set *everybody)
{
    if (node->kind == QUERY_NOT)
        return op_make(ev, node->operands.items[0], !negated, everybody);
    struct op *op = calloc(1, sizeof *op);
    if (!op) {
        eval_nomem(ev);
        return NULL;
    }
    op->node = node;
    const bool group = node->kind == QUERY_AND || node->kind == QUERY_OR;
    if (group ? make_group(ev, op, negated, everybody) : make_cond(ev, op, everybody)) {
        if (group)
            return op->n_kids == 1 ? op_only(op) : op;
        return negated ? op_negate(ev, op) : op;
    }
    op_free(op);
    return NULL;
}

/* The candidates, when they are at most EVAL_FEW; else 0. */
static size_t piece_few(struct piece *p, uint32_t *few)
{
    if (!piece_to_list(p) || p->n > EVAL_FEW)
        return 0;
    for (size_t i = 0; i < p->n; i++)
        few[i] = p->number * PIECE_BITS + p->list[i];
    return p->n;
}

/* --- running: keeps of the piece what the operation is true of --- */

static bool op_run(struct eval *ev, struct op *op, struct piece *p);

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

static bool op_run(struct eval *ev, struct op *op, struct piece *p)
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

/* The candidates of a piece; false: nobody. Everybody is read where it is stored: torn ones were found when
 * everybody was read. */
static bool candidates_of(struct eval *ev, struct set_reader *among, uint32_t number, struct piece *p)
{
    struct strv octets;
    struct bitmap_container c;
    if (ev->o->among ? !set_reader_seek(among, number, &c)
                     : !members_get(ev->txn, 0, MEMBERS_EXIST, (uint16_t)number, &octets) ||
                           !bitmap_container_open(octets, &c))
        return false;
    piece_begin(p, number, &c);
    return true;
}

struct audience_set *eval_pieces(struct eval *ev, const struct query_node *root)
{
    const roaring_bitmap_t *all = ev->universe->r;
    const uint32_t last = roaring_bitmap_is_empty(all) ? 0 : roaring_bitmap_maximum(all) / PIECE_BITS;
    struct set_reader among = { 0 };
    struct set_packer out = { .containers = last + 1 };
    struct op *op = op_make(ev, root, false, ev->universe);
    bool ok = op && (!ev->o->among || set_reader_open(&among, ev->universe) || eval_nomem(ev));
    for (uint32_t i = 0; ok && i <= last; i++) {
        struct piece p;
        if (candidates_of(ev, &among, i, &p))
            ok = op_run(ev, op, &p) && (piece_pack(&p, &out) || eval_nomem(ev));
    }
    op_free(op);
    set_reader_close(&among);
    struct audience_set *set = ok ? set_packer_finish(&out) : NULL;
    set_packer_free(&out);
    if (ok && !set)
        eval_nomem(ev);
    return set;
}
