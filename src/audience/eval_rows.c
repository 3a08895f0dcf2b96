/* `where` over a block of events: a bit a row. */
#include "audience/eval_internal.h"

#include "base/civil.h"
#include "base/decimal.h"
#include "store/events_lists.h"

#include <stdlib.h>
#include <string.h>

#define ROW_WORDS SCAN_WORDS(EVENTS_BLOCK_ROWS)

struct eval_rows {
    const struct query_node *node;
    struct eval_rows **kids; /* of and, or, not */
    size_t n_kids;
    const struct query_ref *ref; /* what the tests look at; NULL: two names are compared */
    struct eval_test *tests;     /* one for each event of the source, or one of a builtin */
    size_t n_tests;
};

void eval_rows_free(struct eval_rows *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->n_kids; i++)
        eval_rows_free(r->kids[i]);
    for (size_t i = 0; i < r->n_tests; i++)
        eval_test_free(&r->tests[i]);
    free(r->kids);
    free(r->tests);
    free(r);
}

static struct eval_rows *rows_compile(struct eval *ev, const struct query_node *node, size_t n_events);

static bool compile_kids(struct eval *ev, struct eval_rows *r, size_t n_events)
{
    r->kids = calloc(r->node->operands.n, sizeof *r->kids);
    if (!r->kids)
        return eval_nomem(ev);
    for (; r->n_kids < r->node->operands.n; r->n_kids++) {
        r->kids[r->n_kids] = rows_compile(ev, r->node->operands.items[r->n_kids], n_events);
        if (!r->kids[r->n_kids])
            return false;
    }
    return true;
}

static bool uses_builtin(const struct query_node *node)
{
    struct query_num *nums[3];
    for (size_t i = 0, n = query_node_nums(node, nums); i < n; i++)
        if (nums[i]->kind == QUERY_NUM_FIELD && nums[i]->field.builtin)
            return true;
    return false;
}

static bool compile_cond(struct eval *ev, struct eval_rows *r, size_t n_events)
{
    if ((uses_builtin(r->node) || r->node->kind == QUERY_IS_SET) && !eval_zones_ready(ev))
        return false;
    r->ref = eval_test_ref(r->node);
    if (!r->ref)
        return true;
    size_t n = r->ref->builtin ? 1 : n_events;
    r->tests = calloc(n, sizeof *r->tests);
    if (!r->tests)
        return eval_nomem(ev);
    for (; r->n_tests < n; r->n_tests++) {
        const struct query_symbol *s = r->ref->per_event ? &r->ref->per_event[r->n_tests] : &r->ref->symbol;
        if (!eval_test_compile(ev, r->node, s, &r->tests[r->n_tests]))
            return false;
    }
    return true;
}

static struct eval_rows *rows_compile(struct eval *ev, const struct query_node *node, size_t n_events)
{
    struct eval_rows *r = calloc(1, sizeof *r);
    if (!r) {
        eval_nomem(ev);
        return NULL;
    }
    r->node = node;
    bool tree = node->kind == QUERY_AND || node->kind == QUERY_OR || node->kind == QUERY_NOT;
    if (tree ? compile_kids(ev, r, n_events) : compile_cond(ev, r, n_events))
        return r;
    eval_rows_free(r);
    return NULL;
}

struct eval_rows *eval_rows_compile(struct eval *ev, const struct query_aggregate *a)
{
    return rows_compile(ev, a->where, a->n_events);
}

/* --- values of single rows --- */

static int64_t builtin_value(struct eval *ev, enum query_builtin builtin, const struct events_block *b,
                             uint32_t row)
{
    int64_t second = (int64_t)b->day * 86400 + packed_get(&b->second, row);
    int64_t local = eval_zones_local(ev, (uint32_t)packed_get(&b->customer, row), second);
    int64_t of_day = local % 86400 < 0 ? local % 86400 + 86400 : local % 86400;
    if (builtin == QUERY_HOUR)
        return of_day / 3600;
    int32_t day = (int32_t)((local - of_day) / 86400), year;
    if (builtin == QUERY_WEEKDAY)
        return (int64_t)civil_weekday(day) + 1;
    unsigned month, dom;
    civil_from_days(day, &year, &month, &dom);
    return month;
}

struct row_number {
    int64_t units; /* PACKED_UNSET: unset */
    unsigned scale;
};

static struct row_number row_number(struct eval *ev, const struct query_num *num,
                                    const struct events_block *b, size_t event, uint32_t row)
{
    if (num->kind == QUERY_NUM_LITERAL)
        return (struct row_number){ num->literal.units, num->literal.scale };
    if (num->field.builtin)
        return (struct row_number){ builtin_value(ev, num->field.builtin, b, row), 0 };
    const struct query_symbol *s = &num->field.per_event[event];
    const struct packed *column = events_column(b, (uint16_t)s->id);
    return (struct row_number){ column ? packed_get(column, row) : PACKED_UNSET, s->scale };
}

bool eval_cmp_holds(enum query_cmp op, int c)
{
    switch (op) {
    case QUERY_EQ: return c == 0;
    case QUERY_NE: return c != 0;
    case QUERY_LT: return c < 0;
    case QUERY_LE: return c <= 0;
    case QUERY_GT: return c > 0;
    case QUERY_GE: return c >= 0;
    }
    return false;
}

static int row_cmp(struct row_number a, struct row_number b)
{
    return decimal_cmp(a.units, a.scale, b.units, b.scale);
}

/* Numbers on both sides that are not literals, row by row. */
static bool row_compare(struct eval *ev, const struct query_node *node, const struct events_block *b,
                        size_t event, uint32_t row)
{
    struct query_num *nums[3];
    struct row_number x[3] = { 0 };
    for (size_t i = 0, n = query_node_nums(node, nums); i < n; i++) {
        x[i] = row_number(ev, nums[i], b, event, row);
        if (x[i].units == PACKED_UNSET)
            return false;
    }
    if (node->kind == QUERY_COMPARE)
        return eval_cmp_holds(node->compare.op, row_cmp(x[0], x[1]));
    if (node->kind == QUERY_BETWEEN)
        return (row_cmp(x[0], x[1]) >= 0 && row_cmp(x[0], x[2]) <= 0) != node->negated;
    bool low = row_cmp(x[0], (struct row_number){ node->range.from, 0 }) >= 0;
    bool high = row_cmp(x[0], (struct row_number){ node->range.to, 0 }) <= 0;
    return node->range.from <= node->range.to ? low && high : low || high;
}

/* --- blocks --- */

static bool row_holds(struct eval *ev, const struct eval_rows *r, const struct events_block *b, size_t event,
                      uint32_t row)
{
    if (r->ref)
        return scan_value(builtin_value(ev, r->ref->builtin, b, row), &r->tests[0].scan) !=
               r->tests[0].negated;
    return row_compare(ev, r->node, b, event, row);
}

static void apply_by_row(struct eval *ev, const struct eval_rows *r, const struct events_block *b,
                         size_t event, uint64_t *words)
{
    for (size_t w = 0; w < SCAN_WORDS(b->rows); w++) {
        for (uint64_t left = words[w]; left; left &= left - 1) {
            unsigned bit = (unsigned)__builtin_ctzll(left);
            if (!row_holds(ev, r, b, event, (uint32_t)(w * 64 + bit)))
                words[w] &= ~(UINT64_C(1) << bit);
        }
    }
}

/* So few that each is looked at by itself. */
static bool words_few(const uint64_t *words, size_t n, uint32_t rows)
{
    unsigned set = 0;
    for (size_t w = 0; w < n; w++)
        set += (unsigned)__builtin_popcountll(words[w]);
    return set < rows / 128;
}

static void few_column(const struct packed *column, const struct eval_test *t, uint64_t *words, size_t n)
{
    for (size_t w = 0; w < n; w++)
        for (uint64_t left = words[w]; left; left &= left - 1) {
            const unsigned bit = (unsigned)__builtin_ctzll(left);
            if (scan_value(packed_get(column, (uint32_t)(w * 64 + bit)), &t->scan) == t->negated)
                words[w] &= ~(UINT64_C(1) << bit);
        }
}

static void apply_column(const struct eval_rows *r, const struct events_block *b, size_t event,
                         uint64_t *words)
{
    const struct query_symbol *s = &r->ref->per_event[event];
    const struct packed *column = events_column(b, (uint16_t)s->id);
    uint64_t pass[ROW_WORDS];
    const size_t n = SCAN_WORDS(b->rows);
    if (column && words_few(words, n, b->rows)) {
        few_column(column, &r->tests[event], words, n);
        return;
    }
    if (column)
        scan_rows(column, b->rows, &r->tests[event].scan, pass);
    else
        memset(pass, 0, n * sizeof *pass);
    const uint64_t flip = r->tests[event].negated ? UINT64_MAX : 0;
    for (size_t w = 0; w < n; w++)
        words[w] &= pass[w] ^ flip;
}

static void rows_apply(struct eval *ev, const struct eval_rows *r, const struct events_block *b, size_t event,
                       const struct eval_rows *known, uint64_t *words);

static void apply_or(struct eval *ev, const struct eval_rows *r, const struct events_block *b, size_t event,
                     uint64_t *words)
{
    uint64_t any[ROW_WORDS], kid[ROW_WORDS];
    const size_t n = SCAN_WORDS(b->rows);
    memset(any, 0, n * sizeof *any);
    for (size_t i = 0; i < r->n_kids; i++) {
        for (size_t w = 0; w < n; w++)
            kid[w] = words[w] & ~any[w];
        rows_apply(ev, r->kids[i], b, event, NULL, kid);
        for (size_t w = 0; w < n; w++)
            any[w] |= kid[w];
    }
    memcpy(words, any, n * sizeof *any);
}

static void apply_not(struct eval *ev, const struct eval_rows *r, const struct events_block *b, size_t event,
                      uint64_t *words)
{
    uint64_t kid[ROW_WORDS];
    const size_t n = SCAN_WORDS(b->rows);
    memcpy(kid, words, n * sizeof *kid);
    rows_apply(ev, r->kids[0], b, event, NULL, kid);
    for (size_t w = 0; w < n; w++)
        words[w] &= ~kid[w];
}

static void rows_apply(struct eval *ev, const struct eval_rows *r, const struct events_block *b, size_t event,
                       const struct eval_rows *known, uint64_t *words)
{
    if (r == known)
        return;
    if (r->node->kind == QUERY_AND)
        for (size_t i = 0; i < r->n_kids; i++)
            rows_apply(ev, r->kids[i], b, event, known, words);
    else if (r->node->kind == QUERY_OR)
        apply_or(ev, r, b, event, words);
    else if (r->node->kind == QUERY_NOT)
        apply_not(ev, r, b, event, words);
    else if (!r->ref || r->ref->builtin)
        apply_by_row(ev, r, b, event, words);
    else
        apply_column(r, b, event, words);
}

bool eval_rows_apply(struct eval *ev, const struct eval_rows *r, const struct events_block *b, size_t event,
                     const struct eval_rows *known, uint64_t *words)
{
    if (b->rows > EVENTS_BLOCK_ROWS)
        return err_set(ev->err, ERR_CORRUPT, "block of %u events is larger than a block can be",
                       (unsigned)b->rows);
    rows_apply(ev, r, b, event, known, words);
    return true;
}

/* --- keys --- */

struct key_codes {
    uint64_t bits[EVENTS_LISTS_CODES / 64 + 1];
    bool any; /* of all codes, those without lists too */
};

static bool key_add(struct key_codes *k, int64_t code)
{
    k->any = true;
    if (code >= 1 && code <= EVENTS_LISTS_CODES)
        k->bits[code / 64] |= UINT64_C(1) << code % 64;
    return code >= 1; /* greater ones are in no block that has lists */
}

static bool key_test(const struct scan_test *t, struct key_codes *k)
{
    bool fits = !t->outside && t->kind != SCAN_FN;
    k->any |= t->kind == SCAN_RANGE && t->low <= t->high;
    if (fits && t->kind == SCAN_RANGE)
        for (int64_t code = t->low; fits && code <= t->high && code <= EVENTS_LISTS_CODES + 1; code++)
            fits = key_add(k, code);
    if (fits && t->kind == SCAN_CODES)
        for (size_t i = 0; fits && i < t->n_codes / 64; i++)
            for (uint64_t left = t->codes[i]; fits && left; left &= left - 1)
                fits = key_add(k, (int64_t)(i * 64) + __builtin_ctzll(left));
    return fits;
}

/* A condition on an attribute's texts, or some of the same attribute joined by `or`. */
static bool key_part(const struct eval_rows *r, size_t event, uint16_t *attribute, struct key_codes *k)
{
    if (r->node->kind == QUERY_OR) {
        bool fits = true;
        for (size_t i = 0; fits && i < r->n_kids; i++) {
            uint16_t of = 0;
            fits = key_part(r->kids[i], event, &of, k) && (i == 0 || of == *attribute);
            *attribute = of;
        }
        return fits;
    }
    if (r->n_kids || !r->ref || r->ref->builtin || r->tests[event].negated)
        return false;
    *attribute = (uint16_t)r->ref->per_event[event].id;
    return key_test(&r->tests[event].scan, k);
}

static bool key_make(const struct eval_rows *r, size_t event, bool alone, struct eval_key *key, bool *none)
{
    struct key_codes codes = { 0 };
    *key = (struct eval_key){ .part = r, .alone = alone };
    if (!key_part(r, event, &key->attribute, &codes))
        return false;
    *none |= !codes.any;
    for (size_t i = 0; i < sizeof codes.bits / sizeof *codes.bits; i++)
        for (uint64_t left = codes.bits[i]; left; left &= left - 1) {
            if (key->n == EVAL_KEY_CODES)
                return false;
            key->codes[key->n++] = (uint8_t)(i * 64 + (unsigned)__builtin_ctzll(left));
        }
    return true;
}

size_t eval_rows_keys(const struct eval_rows *r, size_t event, struct eval_key *keys, bool *none)
{
    size_t n = 0;
    const bool tree = r->node->kind == QUERY_AND;
    *none = false;
    for (size_t i = 0; i < (tree ? r->n_kids : 1) && n < EVAL_KEYS; i++)
        n += key_make(tree ? r->kids[i] : r, event, !tree, &keys[n], none);
    return n;
}

/* --- single rows --- */

static bool cond_hold(struct eval *ev, const struct eval_rows *r, const struct events_block *b, size_t event,
                      uint32_t row)
{
    if (!r->ref || r->ref->builtin)
        return row_holds(ev, r, b, event, row);
    const struct packed *column = events_column(b, (uint16_t)r->ref->per_event[event].id);
    const struct eval_test *t = &r->tests[event];
    return scan_value(column ? packed_get(column, row) : PACKED_UNSET, &t->scan) != t->negated;
}

bool eval_rows_hold(struct eval *ev, const struct eval_rows *r, const struct events_block *b, size_t event,
                    uint32_t row)
{
    if (r->node->kind > QUERY_NOT)
        return cond_hold(ev, r, b, event, row);
    if (r->node->kind == QUERY_NOT)
        return !eval_rows_hold(ev, r->kids[0], b, event, row);
    const bool stop = r->node->kind == QUERY_OR;
    for (size_t i = 0; i < r->n_kids; i++)
        if (eval_rows_hold(ev, r->kids[i], b, event, row) == stop)
            return stop;
    return !stop;
}
