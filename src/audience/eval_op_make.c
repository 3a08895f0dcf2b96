/* Trees of operations: made of a query's tree. */
#include "audience/eval_fold.h"
#include "audience/eval_op.h"
#include "audience/plan.h"
#include "store/dict.h"
#include "store/members.h"

#include <stdlib.h>
#include <string.h>

#define MOST_TEXTS 32u /* so many texts of a field are read as sets; more, as a column */

void op_free(struct op *op)
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

struct op *op_make(struct eval *ev, const struct query_node *node, bool negated,
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

bool op_divides(const struct op *op)
{
    for (size_t i = 0; i < op->n_kids; i++)
        if (!op_divides(op->kids[i]))
            return false;
    return op->kind != OP_VALUES && op->kind != OP_SET && op->kind != OP_ASK;
}
