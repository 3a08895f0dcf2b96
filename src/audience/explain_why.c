/* One customer, node by node, with what was found. */
#include "audience/explain.h"

#include "audience/eval_one.h"
#include "audience/load.h"
#include "base/civil.h"
#include "base/decimal.h"
#include "base/hash.h"
#include "store/dict.h"

#include <stdlib.h>

#define MOST_MEMBERS 20 /* of a set that are shown */

struct why {
    struct audience_view *view;
    const struct eval_options *o;
    struct eval_one *one;
    const struct query *q; /* of the tree that is walked */
    explain_reason_fn *fn;
    void *ctx;
    size_t n;
    struct buf value;
    struct err *err;
};

/* --- values as text: nothing appended is unset --- */

static bool put_stored(struct why *w, uint32_t id, int64_t value)
{
    const struct schema_field *f = schema_field(w->view->schema, (uint16_t)id);
    if (f && value != PACKED_UNSET && f->id == FIELD_MSISDN)
        return buf_printf(&w->value, "+%llu", (unsigned long long)value);
    if (f)
        audience_column_text(w->view, f, value, &w->value);
    return true;
}

static bool put_number(struct why *w, const struct one_value *v)
{
    if (v->v == PACKED_UNSET)
        return buf_put_strv(&w->value, STRV("unset"));
    if (v->den == 1)
        return buf_put_strv(&w->value, strv_from(decimal_format_short(v->v, v->scale).s));
    double value = (double)v->v / (double)v->den;
    for (unsigned i = 0; i < v->scale; i++)
        value /= 10;
    return buf_printf(&w->value, "%.6g", value);
}

/* What is compared, literals left out; alone, unset is nothing. */
static bool put_numbers(struct why *w, struct one_node *n, bool *has)
{
    struct query_num *nums[3];
    const struct query_node *node = one_node_query(n);
    const size_t count = query_node_nums(node, nums);
    bool single = true;
    for (size_t i = 0, k = 0; i < count; i++) {
        struct one_value v;
        bool is;
        if (nums[i]->kind == QUERY_NUM_LITERAL && !eval_test_is_literal(node))
            continue;
        size_t at = eval_test_is_literal(node) ? 0 : i; /* one subject, whichever side it stands on */
        if (!one_node_number(w->one, n, at, &is, &v))
            return false;
        if (!is || (nums[i]->kind == QUERY_NUM_LITERAL))
            continue;
        single = single && k == 0;
        *has = true;
        if (k++ > 0)
            buf_put_strv(&w->value, STRV(" and "));
        put_number(w, &v);
    }
    if (*has && single && strv_eq_c((struct strv){ (const char *)w->value.data, w->value.len }, "unset"))
        buf_clear(&w->value);
    return true;
}

static bool put_members(struct why *w, uint16_t field)
{
    const uint32_t *codes;
    size_t n;
    if (!one_node_members(w->one, field, &codes, &n))
        return false;
    for (size_t i = 0; i < n && i < MOST_MEMBERS; i++) {
        struct strv text;
        buf_put_strv(&w->value, i ? STRV(", ") : strv_from(NULL));
        if (dict_text(w->view->txn, field, codes[i], &text))
            buf_put_strv(&w->value, text);
    }
    return n <= MOST_MEMBERS || buf_printf(&w->value, " and %zu more", n - MOST_MEMBERS);
}

static bool put_code(struct why *w, const struct query_node *node, int64_t code)
{
    struct strv text;
    unsigned r, f, m;
    if (code == PACKED_UNSET)
        return true;
    if (node->kind == QUERY_SURVEY)
        return !dict_text(w->view->txn, ATTRIBUTE_SURVEY_STATUS, (uint32_t)code, &text) ||
               buf_put_strv(&w->value, text);
    rfm_scores((unsigned)code, &r, &f, &m);
    const struct rfm_class *class = rfm_class_of(w->o->rfm, r, f, m);
    return buf_printf(&w->value, STRV_FMT " (r %u, f %u, m %u)",
                      STRV_ARG(class ? class->name : STRV("no class")), r, f, m);
}

static bool put_bucket(struct why *w, const struct query_node *node, int64_t number)
{
    struct buf salted = { 0 };
    buf_put_strv(&salted, node->bucket.salt);
    buf_put_u8(&salted, 0);
    buf_put_u64(&salted, (uint64_t)number); /* big-endian, as the condition has it */
    bool ok =
        !salted.failed && buf_printf(&w->value, "%u", (unsigned)(hash_stable(salted.data, salted.len) % 100));
    buf_free(&salted);
    return ok;
}

/* What a condition found, into w->value. */
static bool put_found(struct why *w, struct one_node *n, bool *has)
{
    const struct query_node *node = one_node_query(n);
    const struct query_ref *ref = eval_test_ref(node);
    bool is = false;
    int64_t code = PACKED_UNSET, stored = one_node_column(w->one, n, has);
    if (node->kind == QUERY_SEGMENT)
        return true;
    if (node->kind == QUERY_SET_HAS || (node->kind == QUERY_IS_SET && !*has)) {
        *has = true;
        return put_members(w,
                           (uint16_t)(node->kind == QUERY_SET_HAS ? node->has.field : node->field).symbol.id);
    }
    if (node->kind == QUERY_BUCKET)
        return put_bucket(w, node, stored);
    if (node->kind == QUERY_TENURE)
        return put_stored(w, FIELD_SIGNUP, stored);
    struct query_num *nums[3];
    if (*has && query_node_nums(node, nums) && eval_test_subject(node)->kind == QUERY_NUM_AGE) {
        const struct one_value age = { one_age(w->one, stored), 1, 0 };
        return stored == PACKED_UNSET || put_number(w, &age);
    }
    if (*has)
        return put_stored(w, ref ? ref->symbol.id : 0, stored);
    if (!one_node_code(w->one, n, &is, &code))
        return false;
    *has = is;
    return is ? put_code(w, node, code) : put_numbers(w, n, has);
}

/* --- the tree --- */

static bool why_node(struct why *w, struct one_node *n, unsigned depth);

static int by_place(const void *a, const void *b)
{
    const uint32_t x = one_node_query(*(struct one_node *const *)a)->at,
                   y = one_node_query(*(struct one_node *const *)b)->at;
    return (x > y) - (x < y);
}

static bool why_kids(struct why *w, const struct one_node *n, unsigned depth)
{
    size_t count = 0;
    while (one_node_kid(n, count))
        count++;
    struct one_node **kids = calloc(count + 1, sizeof(*kids));
    bool ok = kids || err_set(w->err, ERR_NOMEM, "out of memory");
    for (size_t i = 0; ok && i < count; i++)
        kids[i] = one_node_kid(n, i);
    if (ok)
        qsort(kids, count, sizeof(*kids), by_place);
    for (size_t i = 0; ok && i < count; i++)
        ok = why_node(w, kids[i], depth);
    free(kids);
    return ok;
}

static bool why_segment(struct why *w, const struct one_node *n, unsigned depth)
{
    const struct query *outer = w->q, *q;
    struct one_node *root = one_node_segment(n, &q);
    if (!root)
        return true;
    w->q = q;
    bool ok = why_node(w, root, depth);
    w->q = outer;
    return ok;
}

static bool why_node(struct why *w, struct one_node *n, unsigned depth)
{
    static const struct strv NAMES[] = {
        [QUERY_OR] = { "or", 2 }, [QUERY_AND] = { "and", 3 }, [QUERY_NOT] = { "not", 3 }
    };
    const struct query_node *node = one_node_query(n);
    struct explain_reason r = { .depth = depth, .condition = node->kind > QUERY_NOT };
    r.text = r.condition ? query_node_text(w->q, node) : NAMES[node->kind];
    buf_clear(&w->value);
    if (++w->n > EXPLAIN_MOST_STEPS)
        return err_set(w->err, ERR_LIMIT, "the tree has more than %d nodes", EXPLAIN_MOST_STEPS);
    if (!one_node_holds(w->one, n, &r.holds) || (r.condition && !put_found(w, n, &r.has_value)))
        return false;
    if (w->value.failed)
        return err_set(w->err, ERR_NOMEM, "out of memory");
    r.value = (struct strv){ (const char *)w->value.data, w->value.len };
    return w->fn(w->ctx, &r) && why_kids(w, n, depth + 1) && why_segment(w, n, depth + 1);
}

bool explain_why(struct audience_view *v, const struct query *q, uint32_t customer,
                 const struct eval_options *o, bool *in, explain_reason_fn *fn, void *ctx,
                 struct query_error *qe, struct err *e)
{
    struct why w = { .view = v, .o = o, .q = q, .fn = fn, .ctx = ctx, .err = e };
    *in = false;
    w.one = eval_one_new(v, q, o, qe, e);
    bool ok = w.one && eval_one_test(w.one, customer, in, e) && why_node(&w, eval_one_root(w.one), 0) &&
              catalog_ok(v->txn, e);
    eval_one_free(w.one);
    buf_free(&w.value);
    return ok;
}
