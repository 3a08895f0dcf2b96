#include "audience/top.h"

#include "audience/eval_internal.h"
#include "audience/segment.h"
#include "base/decimal.h"
#include "query/print.h"

#include <stdlib.h>
#include <string.h>

#define TOP_PIECE ((uint32_t)1 << 20) /* customers whose numbers are in memory at once; a power of two */
#define TOP_ZERO  STRV("\n= 0")       /* behind a comment at the text's end, too */
#define TOP_TAIL  4                   /* " = 0" as it is printed */

/* --- the number: the left side of a comparison --- */

static const struct query_num *top_number(const struct query *q)
{
    return q->root->kind == QUERY_COMPARE ? q->root->compare.left : NULL;
}

struct query *top_parse(struct audience_view *v, struct strv text, const struct query_limits *limits,
                        struct query_error *qe)
{
    struct buf compared = { 0 };
    buf_put_strv(&compared, text);
    buf_put_strv(&compared, TOP_ZERO);
    struct query *q =
        compared.failed
            ? NULL
            : segment_parse(v, (struct strv){ (const char *)compared.data, compared.len }, limits, qe);
    if (compared.failed) {
        query_error_set(qe, QUERY_E_NOMEM, text, 0, NULL, "out of memory");
    }
    buf_free(&compared);
    const struct query_num *number = q ? top_number(q) : NULL;
    const char *use = ": write one such as sum(purchase.amount, this month)";
    if (number && number->kind == QUERY_NUM_LITERAL) {
        query_error_set(qe, QUERY_E_ARGUMENT, text, 0, use, "a number that is the same for everybody");
    } else if ((q && !number) || (!q && qe->code == QUERY_E_TYPE) || (!q && qe->offset >= text.n && text.n)) {
        query_error_set(qe, QUERY_E_SYNTAX, text, 0, use, "this is not one number of a customer");
    } else if (!q || eval_supported(q, qe)) {
        return q;
    }
    query_free(q);
    return NULL;
}

bool top_put_number(const struct query *number, struct buf *out)
{
    if (!query_print_node(number->root, out) || out->len < TOP_TAIL) {
        return false;
    }
    out->len -= TOP_TAIL;
    return true;
}

/* --- the highest so far: a heap with the lowest of them on top --- */

struct ranking {
    struct eval *ev;
    const struct query_num *number;
    struct top *top;
    size_t limit;
    const struct audience_set *who;
    uint32_t end, piece; /* past the last customer; customers of a piece */
    struct eval_numbers values, msisdns;
    bool failed;
};

/* a comes before b. */
static bool ranks_before(const struct ranking *r, const struct top_row *a, const struct top_row *b)
{
    int cmp = eval_fraction_cmp(a->v, a->den, r->top->scale, b->v, b->den, r->top->scale);
    return cmp ? cmp > 0 : a->msisdn < b->msisdn;
}

static void ranking_swap(struct top_row *rows, size_t i, size_t k)
{
    struct top_row row = rows[i];
    rows[i] = rows[k];
    rows[k] = row;
}

static void ranking_down(const struct ranking *r, size_t n, size_t at)
{
    struct top_row *rows = r->top->rows;
    for (size_t kid; (kid = 2 * at + 1) < n; at = kid) {
        if (kid + 1 < n && ranks_before(r, &rows[kid], &rows[kid + 1])) {
            kid++;
        }
        if (!ranks_before(r, &rows[at], &rows[kid])) {
            return;
        }
        ranking_swap(rows, at, kid);
    }
}

static void ranking_take(struct ranking *r, const struct top_row *row)
{
    struct top_row *rows = r->top->rows;
    if (r->top->n == r->limit) {
        if (ranks_before(r, row, &rows[0])) {
            rows[0] = *row;
            ranking_down(r, r->limit, 0);
        }
        return;
    }
    size_t at = r->top->n++;
    for (rows[at] = *row; at > 0 && ranks_before(r, &rows[(at - 1) / 2], &rows[at]); at = (at - 1) / 2) {
        ranking_swap(rows, at, (at - 1) / 2);
    }
}

/* Ascending order of the heap is the ranking from its end. */
static void ranking_sort(const struct ranking *r)
{
    for (size_t n = r->top->n; n > 1; n--) {
        ranking_swap(r->top->rows, 0, n - 1);
        ranking_down(r, n - 1, 0);
    }
}

/* --- everybody's number, a piece at a time --- */

static bool ranking_load(struct ranking *r, uint32_t id)
{
    const struct query_num msisdn = { .kind = QUERY_NUM_FIELD,
                                      .field.symbol = { .type = QUERY_TYPE_NUMBER, .id = FIELD_MSISDN } };
    const uint32_t first = id & ~(r->piece - 1), left = r->end - first;
    const struct eval_range range = { first, left < r->piece ? left : r->piece };
    eval_numbers_free(&r->values);
    eval_numbers_free(&r->msisdns);
    if (!eval_numbers_get(r->ev, r->number, range, r->who, &r->values) ||
        !eval_numbers_get(r->ev, &msisdn, range, r->who, &r->msisdns)) {
        return false;
    }
    r->top->scale = r->values.scale;
    return true;
}

static bool ranking_customer(void *ctx, uint32_t id)
{
    struct ranking *r = ctx;
    const struct eval_numbers *x = &r->values;
    if (!x->v || id - x->range.first >= x->range.n) {
        r->failed = !ranking_load(r, id);
        if (r->failed) {
            return false;
        }
    }
    const size_t i = id - x->range.first, at = x->constant ? 0 : i;
    if (x->v[at] != PACKED_UNSET) {
        const struct top_row row = { .msisdn = (uint64_t)r->msisdns.v[i],
                                     .v = x->v[at],
                                     .den = x->den ? x->den[at] : x->den_all,
                                     .customer = id };
        r->top->with++;
        ranking_take(r, &row);
    }
    return true;
}

static bool top_rank(struct eval *ev, const struct audience_set *who, const struct query_num *number,
                     size_t limit, struct top *out)
{
    const struct eval_range all = eval_range_of(who);
    struct ranking r = { .ev = ev, .number = number, .top = out, .limit = limit, .who = who };
    r.end = all.first + (uint32_t)all.n;
    /* Of a percentile every piece would ask for everybody anew. */
    r.piece = number->kind == QUERY_NUM_PERCENTILE ? (uint32_t)1 << 31 : TOP_PIECE;
    out->among = audience_set_count(who);
    out->rows = calloc(limit, sizeof *out->rows);
    if (!out->rows) {
        return eval_nomem(ev);
    }
    audience_set_each(who, ranking_customer, &r);
    ranking_sort(&r);
    eval_numbers_free(&r.values);
    eval_numbers_free(&r.msisdns);
    return !r.failed && (catalog_ok(ev->txn, NULL) || eval_torn(ev));
}

bool top_find(struct audience_view *v, const struct query *who, const struct query *number, size_t limit,
              const struct eval_options *o, struct top *out, struct query_error *qe, struct err *e)
{
    struct eval ev;
    memset(out, 0, sizeof *out);
    struct audience_set *set = who ? eval_query(v, who, o, qe, e) : NULL;
    if (who && !set) {
        return false;
    }
    bool ok = eval_begin(&ev, v, o, qe, e) && eval_accept(&ev, number) &&
              top_rank(&ev, set ? set : ev.universe, top_number(number), limit ? limit : 1, out);
    eval_end(&ev);
    audience_set_free(set);
    return ok;
}

void top_free(struct top *t)
{
    free(t->rows);
    memset(t, 0, sizeof *t);
}

bool top_put_value(const struct top *t, const struct top_row *r, struct buf *out)
{
    if (r->den == 1) {
        return buf_put_strv(out, strv_from(decimal_format_short(r->v, t->scale).s));
    }
    double value = (double)r->v / (double)r->den;
    for (unsigned i = 0; i < t->scale; i++) {
        value /= 10;
    }
    return buf_printf(out, value > -1e5 && value < 1e5 ? "%.6g" : "%.2f", value);
}
