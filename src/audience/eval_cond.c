/* Single conditions over customers: bitmaps, columns block by block, numbers of a range. */
#include "audience/eval_internal.h"

#include "audience/set_bitmap.h"
#include "base/buf.h"
#include "base/hash.h"
#include "store/columns.h"
#include "store/dict.h"

#include <stdlib.h>
#include <string.h>

#define FEW 64 /* so few candidates are looked up one by one */

static struct audience_set *set_new(struct eval *ev)
{
    struct audience_set *s = audience_set_new();
    if (!s)
        eval_nomem(ev);
    return s;
}

static struct audience_set *set_copy(struct eval *ev, const struct audience_set *from)
{
    struct audience_set *s = audience_set_copy(from);
    if (!s)
        eval_nomem(ev);
    return s;
}

/* Gives `s` back, or frees it when `ok` is false. */
static struct audience_set *set_keep(struct audience_set *s, bool ok)
{
    if (ok)
        return s;
    audience_set_free(s);
    return NULL;
}

struct eval_range eval_range_of(const struct audience_set *candidates)
{
    struct eval_range r = { 0, 0 };
    if (audience_set_empty(candidates))
        return r;
    r.first = roaring_bitmap_minimum(candidates->r) / 64 * 64;
    r.n = (size_t)(roaring_bitmap_maximum(candidates->r) - r.first) + 1;
    return r;
}

/* --- columns --- */

static bool scan_few(struct eval *ev, uint16_t field, const struct eval_test *t,
                     const struct audience_set *candidates, struct audience_set *out)
{
    uint32_t ids[FEW];
    size_t n = audience_set_read(candidates, 0, ids, FEW);
    for (size_t i = 0; i < n; i++)
        if (scan_value(column_get(ev->txn, field, ids[i]), &t->scan) != t->negated)
            if (!audience_set_add(out, ids[i]))
                return eval_nomem(ev);
    return true;
}

/* Candidates are taken, and members given back, a container of the bitmap at a time: that is what both are
 * cheapest in. */
#define PIECE_WORDS 1024u
#define PIECE_BITS  (PIECE_WORDS * 64u)

/* The candidates piece * 65,536 ..; false: none. */
static bool piece_words(const struct audience_set *candidates, uint64_t piece, uint64_t *words)
{
    uint64_t n =
        roaring_bitmap_range_cardinality(candidates->r, piece * PIECE_BITS, (piece + 1) * PIECE_BITS);
    if (n == PIECE_BITS)
        memset(words, 0xFF, PIECE_WORDS * sizeof *words);
    else if (n > 0)
        audience_set_words(candidates, (uint32_t)(piece * PIECE_BITS), words, PIECE_WORDS);
    return n > 0;
}

/* Keeps of the words what passes in the block; the words begin at the customer 64 * at. */
static void scan_block(struct eval *ev, uint16_t field, const struct eval_test *t, uint64_t block,
                       uint64_t at, uint64_t *words)
{
    uint64_t pass[COLUMN_WORDS] = { 0 }, first = block * COLUMN_WORDS, end = first + COLUMN_WORDS;
    const uint64_t flip = t->negated ? UINT64_MAX : 0;
    struct packed rows;
    uint64_t from = first > at ? first : at, to = end < at + PIECE_WORDS ? end : at + PIECE_WORDS, any = 0;
    for (uint64_t w = from; w < to; w++)
        any |= words[w - at];
    if (!any)
        return;
    if (column_block(ev->txn, field, (uint32_t)block, &rows))
        scan_rows(&rows, COLUMN_ROWS, &t->scan, pass);
    for (uint64_t w = from; w < to; w++)
        words[w - at] &= pass[w - first] ^ flip;
}

static bool scan_blocks(struct eval *ev, uint16_t field, const struct eval_test *t,
                        const struct audience_set *candidates, struct audience_set *out)
{
    const struct eval_range r = eval_range_of(candidates);
    const uint64_t end = r.first + (uint64_t)r.n;
    for (uint64_t piece = r.first / PIECE_BITS; piece * PIECE_BITS < end; piece++) {
        uint64_t words[PIECE_WORDS], at = piece * PIECE_WORDS;
        if (!piece_words(candidates, piece, words))
            continue;
        for (uint64_t block = at / COLUMN_WORDS; block * COLUMN_WORDS < at + PIECE_WORDS; block++)
            scan_block(ev, field, t, block, at, words);
        if (!audience_set_add_words(out, (uint32_t)(piece * PIECE_BITS), words, PIECE_WORDS))
            return eval_nomem(ev);
    }
    return true;
}

static struct audience_set *scan_field(struct eval *ev, uint16_t field, const struct eval_test *t,
                                       const struct audience_set *candidates)
{
    struct audience_set *out = set_new(ev);
    if (!out)
        return NULL;
    bool few = audience_set_count(candidates) <= FEW;
    return set_keep(out, (few ? scan_few : scan_blocks)(ev, field, t, candidates, out));
}

static struct audience_set *cond_stored(struct eval *ev, const struct query_node *node,
                                        const struct query_ref *ref, const struct audience_set *candidates)
{
    struct eval_test t;
    struct audience_set *out = NULL;
    if (eval_test_compile(ev, node, &ref->symbol, &t))
        out = scan_field(ev, (uint16_t)ref->symbol.id, &t, candidates);
    eval_test_free(&t);
    return out;
}

/* --- sets --- */

static struct audience_set *members_of(struct eval *ev, uint16_t field, uint32_t code)
{
    return code ? audience_members(ev->view, field, code, ev->err) : set_new(ev);
}

static bool has_member(struct eval *ev, uint16_t field, uint32_t code, enum query_has op,
                       struct audience_set *out)
{
    struct audience_set *m = members_of(ev, field, code);
    if (!m)
        return false;
    bool every = op == QUERY_HAS || op == QUERY_HAS_ALL;
    bool ok = (every ? audience_set_and(out, m) : audience_set_or(out, m)) || eval_nomem(ev);
    audience_set_free(m);
    return ok;
}

/* `any` and `none` gather a union first; `all` narrows the candidates. */
static struct audience_set *has_finish(struct eval *ev, enum query_has op, struct audience_set *out,
                                       const struct audience_set *candidates)
{
    if (op == QUERY_HAS || op == QUERY_HAS_ALL)
        return out;
    if (op == QUERY_HAS_ANY)
        return set_keep(out, audience_set_and(out, candidates) || eval_nomem(ev));
    struct audience_set *rest = set_copy(ev, candidates);
    bool ok = rest && (audience_set_andnot(rest, out) || eval_nomem(ev));
    audience_set_free(out);
    return set_keep(rest, ok);
}

static struct audience_set *cond_has(struct eval *ev, const struct query_node *node,
                                     const struct audience_set *candidates)
{
    enum query_has op = node->has.op;
    uint16_t field = (uint16_t)node->has.field.symbol.id;
    struct audience_set *out =
        op == QUERY_HAS || op == QUERY_HAS_ALL ? set_copy(ev, candidates) : set_new(ev);
    for (size_t i = 0; out && i < node->has.n; i++)
        out = set_keep(out, has_member(ev, field, dict_find(ev->txn, field, node->has.strings[i]), op, out));
    return out ? has_finish(ev, op, out, candidates) : NULL;
}

/* `is set` of a set: it has any member at all. */
static struct audience_set *cond_has_any(struct eval *ev, uint16_t field, bool negated,
                                         const struct audience_set *candidates)
{
    struct audience_set *out = set_new(ev);
    uint32_t n = dict_count(ev->txn, field);
    for (uint32_t code = 1; out && code <= n; code++)
        out = set_keep(out, has_member(ev, field, code, QUERY_HAS_ANY, out));
    return out ? has_finish(ev, negated ? QUERY_HAS_NONE : QUERY_HAS_ANY, out, candidates) : NULL;
}

/* --- numbers --- */

typedef bool pass_fn(const void *ctx, size_t i); /* of customer range.first + i */

struct numbers { /* what a condition compares, at most three */
    const struct query_node *node;
    struct eval_numbers x[3], from, to; /* from, to: of `in` */
    size_t n;
};

static bool numbers_set(const struct numbers *c, size_t i)
{
    for (size_t k = 0; k < c->n; k++)
        if (c->x[k].v[c->x[k].constant ? 0 : i] == PACKED_UNSET)
            return false;
    return true;
}

static bool numbers_pass(const void *ctx, size_t i)
{
    const struct numbers *c = ctx;
    const struct query_node *node = c->node;
    if (!numbers_set(c, i))
        return false;
    if (node->kind == QUERY_COMPARE)
        return eval_cmp_holds(node->compare.op, eval_numbers_cmp(&c->x[0], i, &c->x[1], i));
    if (node->kind == QUERY_BETWEEN)
        return (eval_numbers_cmp(&c->x[0], i, &c->x[1], i) >= 0 &&
                eval_numbers_cmp(&c->x[0], i, &c->x[2], i) <= 0) != node->negated;
    bool low = eval_numbers_cmp(&c->x[0], i, &c->from, i) >= 0,
         high = eval_numbers_cmp(&c->x[0], i, &c->to, i) <= 0;
    return node->range.from <= node->range.to ? low && high : low || high;
}

static bool numbers_load(struct eval *ev, struct numbers *c, struct eval_range range,
                         const struct audience_set *candidates)
{
    struct query_num *nums[3];
    size_t n = query_node_nums(c->node, nums);
    for (; c->n < n; c->n++)
        if (!eval_numbers_get(ev, nums[c->n], range, candidates, &c->x[c->n]))
            return false;
    if (c->node->kind != QUERY_RANGE)
        return true;
    struct query_num from = { .literal = { c->node->range.from, 0 } },
                     to = { .literal = { c->node->range.to, 0 } };
    return eval_numbers_get(ev, &from, range, candidates, &c->from) &&
           eval_numbers_get(ev, &to, range, candidates, &c->to);
}

static void numbers_unload(struct numbers *c)
{
    for (size_t i = 0; i < 3; i++)
        eval_numbers_free(&c->x[i]);
    eval_numbers_free(&c->from);
    eval_numbers_free(&c->to);
}

/* How the numbers of a range are tested: whole ones by `scan` on v, else fn one by one. */
struct range_test {
    struct eval_range range;
    const int64_t *v;
    const struct scan_test *scan;
    pass_fn *fn;
    const void *ctx;
};

/* Keeps of `words` (n of them, from the range's place i) what passes. */
static void range_words(const struct range_test *t, size_t i, uint64_t *words, size_t n)
{
    if (t->scan) {
        uint64_t pass[PIECE_WORDS];
        size_t rows = t->range.n - i < n * 64 ? t->range.n - i : n * 64;
        scan_values(t->v + i, (uint32_t)rows, t->scan, pass);
        for (size_t w = 0; w < n; w++)
            words[w] &= pass[w];
        return;
    }
    for (size_t w = 0; w < n; w++) {
        for (uint64_t left = words[w]; left; left &= left - 1) {
            unsigned bit = (unsigned)__builtin_ctzll(left);
            if (!t->fn(t->ctx, i + w * 64 + bit))
                words[w] &= ~(UINT64_C(1) << bit);
        }
    }
}

/* The candidates that pass. The range must be the candidates' own. */
static bool range_filter(struct eval *ev, const struct range_test *t, const struct audience_set *candidates,
                         struct audience_set *out)
{
    const uint64_t first = t->range.first, end = first + t->range.n;
    for (uint64_t piece = first / PIECE_BITS; piece * PIECE_BITS < end; piece++) {
        uint64_t words[PIECE_WORDS], at = piece * PIECE_BITS;
        if (!piece_words(candidates, piece, words))
            continue;
        uint64_t skip = first > at ? (first - at) / 64 : 0; /* no candidate is below */
        uint64_t stop = end - at < PIECE_BITS ? SCAN_WORDS(end - at) : PIECE_WORDS; /* nor past the end */
        range_words(t, (size_t)(at + skip * 64 - first), words + skip, (size_t)(stop - skip));
        if (!audience_set_add_words(out, (uint32_t)at, words, PIECE_WORDS))
            return eval_nomem(ev);
    }
    return true;
}

static struct audience_set *cond_numbers(struct eval *ev, const struct query_node *node,
                                         const struct audience_set *candidates)
{
    struct numbers c = { .node = node };
    const struct eval_range range = eval_range_of(candidates);
    struct audience_set *out = set_new(ev);
    bool ok = out != NULL;
    if (ok && eval_test_is_literal(node)) {
        struct eval_numbers x;
        struct scan_test t;
        bool whole;
        ok = eval_percentile_test(ev, node, &x, &t, &whole);
        if (ok && !whole) {
            ok = eval_numbers_get(ev, eval_test_subject(node), range, candidates, &x);
            whole = ok && !x.den && x.den_all == 1 && !x.constant;
            t = eval_test_number(node, x.scale);
        }
        if (ok && whole) { /* nothing but integers: no fractions needed */
            struct range_test test = { .range = x.range, .v = x.v, .scan = &t };
            ok = range_filter(ev, &test, candidates, out);
        }
        if (ok)
            eval_numbers_free(&x);
        if (!ok || whole)
            return set_keep(out, ok);
    }
    const struct range_test test = { .range = range, .fn = numbers_pass, .ctx = &c };
    ok = ok && numbers_load(ev, &c, range, candidates) && range_filter(ev, &test, candidates, out);
    numbers_unload(&c);
    return set_keep(out, ok);
}

/* --- the rest --- */

/* "signup" before or on the day; for those without, "created". */
static struct audience_set *cond_tenure(struct eval *ev, const struct query_node *node,
                                        const struct audience_set *candidates)
{
    struct query_when ago = { .kind = QUERY_WHEN_AGO, .n = node->tenure.n, .unit = node->tenure.unit };
    int32_t day = eval_time_when(&ev->time, &ago);
    struct eval_test long_ago = { .scan = { .kind = SCAN_RANGE, .low = SCAN_LOWEST, .high = day } };
    struct eval_test unset = { .scan = { .kind = SCAN_RANGE, .low = SCAN_LOWEST, .high = INT64_MAX },
                               .negated = true };
    struct audience_set *out = scan_field(ev, FIELD_SIGNUP, &long_ago, candidates), *by_created = NULL;
    struct audience_set *without = out ? scan_field(ev, FIELD_SIGNUP, &unset, candidates) : NULL;
    if (without)
        by_created = scan_field(ev, FIELD_CREATED, &long_ago, without);
    bool ok = by_created && (audience_set_or(out, by_created) || eval_nomem(ev));
    audience_set_free(without);
    audience_set_free(by_created);
    return set_keep(out, ok);
}

struct bucket {
    struct scan_test test;
    size_t n;
    uint8_t *salted; /* salt, 0, eight octets of the number */
    uint8_t storage[];
};

static bool bucket_holds(const void *ctx, int64_t number)
{
    const struct bucket *b = ctx;
    be_put64(b->salted + b->n - 8, (uint64_t)number);
    return scan_value((int64_t)(hash_stable(b->salted, b->n) % 100), &b->test);
}

bool eval_bucket_test(struct eval *ev, const struct query_node *node, struct scan_test *t)
{
    struct query_num literal = { .kind = QUERY_NUM_LITERAL, .literal = node->bucket.value };
    struct query_num number = { .kind = QUERY_NUM_FIELD };
    struct query_node compare = { .kind = QUERY_COMPARE,
                                  .compare = { .left = &number, .right = &literal, .op = node->bucket.op } };
    const struct strv salt = node->bucket.salt;
    struct bucket *b = calloc(1, sizeof *b + salt.n + 9);
    if (!b)
        return eval_nomem(ev);
    b->test = eval_test_number(&compare, 0);
    b->n = salt.n + 9;
    b->salted = b->storage;
    if (salt.n)
        memcpy(b->salted, salt.p, salt.n);
    *t = (struct scan_test){ .kind = SCAN_FN, .fn = bucket_holds, .ctx = b };
    return true;
}

static struct audience_set *cond_bucket(struct eval *ev, const struct query_node *node,
                                        const struct audience_set *candidates)
{
    struct eval_test t = { .negated = false };
    struct audience_set *out = NULL;
    if (eval_bucket_test(ev, node, &t.scan))
        out = scan_field(ev, FIELD_MSISDN, &t, candidates);
    eval_test_free(&t);
    return out;
}

/* --- codes: the status of a survey, classes --- */

static bool coded_numbers(struct eval *ev, const struct query_node *node, struct eval_range range,
                          const struct audience_set *candidates, struct eval_numbers *x)
{
    if (node->kind == QUERY_SURVEY)
        return eval_survey(ev, node, range, candidates, x);
    return eval_rfm_numbers(ev, &node->text.value.rfm, range, x);
}

bool eval_coded_test(struct eval *ev, const struct query_node *node, struct scan_test *t)
{
    if (node->kind == QUERY_SURVEY)
        return eval_text_test(ev, ATTRIBUTE_SURVEY_STATUS, node->survey.op, node->survey.status, node->at, t);
    return eval_rfm_test(ev, node, t);
}

static bool is_coded(const struct query_node *node)
{
    return node->kind == QUERY_SURVEY ||
           ((node->kind == QUERY_TEXT || node->kind == QUERY_TEXT_IN) && node->text.value.is_rfm);
}

/* What is worked out of events as the code of a text is tested like a whole number. */
static struct audience_set *cond_coded(struct eval *ev, const struct query_node *node,
                                       const struct audience_set *candidates)
{
    struct scan_test t = { 0 };
    struct eval_numbers x = { 0 };
    const struct eval_range range = eval_range_of(candidates);
    struct audience_set *out = set_new(ev);
    bool ok = out && eval_coded_test(ev, node, &t) && coded_numbers(ev, node, range, candidates, &x);
    if (ok) {
        const struct range_test test = { .range = range, .v = x.v, .scan = &t };
        ok = range_filter(ev, &test, candidates, out);
    }
    eval_numbers_free(&x);
    free(t.codes);
    return set_keep(out, ok);
}

struct audience_set *eval_cond(struct eval *ev, const struct query_node *node,
                               const struct audience_set *candidates)
{
    const struct query_ref *ref = eval_test_ref(node);
    if (node->kind == QUERY_IS_SET && node->field.symbol.type == QUERY_TYPE_SET)
        return cond_has_any(ev, (uint16_t)node->field.symbol.id, node->negated, candidates);
    if (ref)
        return cond_stored(ev, node, ref, candidates);
    if (eval_rfm_asked(node))
        return eval_rfm_set(ev, node, candidates);
    switch (node->kind) {
    case QUERY_COMPARE:
    case QUERY_BETWEEN:
    case QUERY_RANGE: return cond_numbers(ev, node, candidates);
    case QUERY_SET_HAS: return cond_has(ev, node, candidates);
    case QUERY_SEGMENT: return eval_in_segment(ev, node, candidates);
    case QUERY_TENURE: return cond_tenure(ev, node, candidates);
    case QUERY_BUCKET: return cond_bucket(ev, node, candidates);
    case QUERY_SURVEY:
    case QUERY_TEXT:
    case QUERY_TEXT_IN: return cond_coded(ev, node, candidates);
    default: break;
    }
    err_set(ev->err, ERR_INTERNAL, "condition is not evaluated by this version");
    return NULL;
}

/* --- who has something to compare --- */

static bool has_number(const void *ctx, size_t i)
{
    const struct eval_numbers *x = ctx;
    return x->v[x->constant ? 0 : i] != PACKED_UNSET;
}

static struct audience_set *set_numbers(struct eval *ev, const struct query_node *node,
                                        const struct audience_set *candidates)
{
    struct eval_numbers x = { 0 };
    const struct eval_range range = eval_range_of(candidates);
    struct audience_set *out = set_new(ev);
    if (!out || !(is_coded(node) ? coded_numbers(ev, node, range, candidates, &x)
                                 : eval_numbers_get(ev, eval_test_subject(node), range, candidates, &x)))
        return set_keep(out, false);
    const struct range_test test = { .range = range, .fn = has_number, .ctx = &x };
    bool ok = range_filter(ev, &test, candidates, out);
    eval_numbers_free(&x);
    return set_keep(out, ok);
}

struct audience_set *eval_cond_set(struct eval *ev, const struct query_node *node,
                                   const struct audience_set *candidates)
{
    const struct query_ref *ref = eval_test_ref(node);
    if (node->kind == QUERY_SET_HAS)
        return cond_has_any(ev, (uint16_t)node->has.field.symbol.id, false, candidates);
    if (ref && ref->symbol.type == QUERY_TYPE_SET)
        return cond_has_any(ev, (uint16_t)ref->symbol.id, false, candidates);
    if (ref) {
        struct eval_test set = { .scan = { .kind = SCAN_RANGE, .low = SCAN_LOWEST, .high = INT64_MAX } };
        return scan_field(ev, (uint16_t)ref->symbol.id, &set, candidates);
    }
    struct query_num *nums[3];
    if (is_coded(node) || query_node_nums(node, nums))
        return set_numbers(ev, node, candidates);
    return set_copy(ev, candidates);
}
