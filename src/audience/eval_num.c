/* Numbers of a range of customers, exact: a fraction each. */
#include "audience/eval_internal.h"

#include "store/columns.h"

#include <stdlib.h>
#include <string.h>

void eval_numbers_free(struct eval_numbers *x)
{
    free(x->v);
    free(x->den);
    memset(x, 0, sizeof *x);
}

bool eval_numbers_alloc(struct eval *ev, struct eval_range range, int64_t fill, struct eval_numbers *x)
{
    memset(x, 0, sizeof *x);
    x->range = range;
    x->den_all = 1;
    x->v =
        fill ? malloc((range.n ? range.n : 1) * sizeof *x->v) : calloc(range.n ? range.n : 1, sizeof *x->v);
    if (!x->v)
        return eval_nomem(ev);
    for (size_t i = 0; fill && i < range.n; i++)
        x->v[i] = fill;
    return true;
}

/* --- comparing --- */

typedef __int128 wide;

/* v / den with den >= 1, as whole part (rounded down) and the rest, 0 <= rest < den. */
struct fraction {
    wide whole, rest, den;
};

static struct fraction fraction_of(wide v, wide den, unsigned scale)
{
    for (unsigned s = 0; s < scale; s++)
        den *= 10;
    struct fraction f = { v / den, v % den, den };
    if (f.rest < 0) {
        f.whole--;
        f.rest += den;
    }
    return f;
}

/* The rests are below their denominators, those below 2^32 * 10^9: the products fit. */
int eval_fraction_cmp(int64_t v, int64_t den, unsigned scale, int64_t w, int64_t w_den, unsigned w_scale)
{
    struct fraction x = fraction_of(v, den, scale), y = fraction_of(w, w_den, w_scale);
    if (x.whole != y.whole)
        return x.whole < y.whole ? -1 : 1;
    wide left = x.rest * y.den, right = y.rest * x.den;
    return (left > right) - (left < right);
}

int eval_numbers_cmp(const struct eval_numbers *a, size_t i, const struct eval_numbers *b, size_t k)
{
    i = a->constant ? 0 : i;
    k = b->constant ? 0 : k;
    return eval_fraction_cmp(a->v[i], a->den ? a->den[i] : a->den_all, a->scale, b->v[k],
                             b->den ? b->den[k] : b->den_all, b->scale);
}

/* --- fields --- */

static bool numbers_field(struct eval *ev, const struct query_ref *field, struct eval_range range,
                          struct eval_numbers *out)
{
    if (!eval_numbers_alloc(ev, range, PACKED_UNSET, out))
        return false;
    out->scale = field->symbol.type == QUERY_TYPE_NUMBER ? field->symbol.scale : 0;
    uint64_t end = (uint64_t)range.first + range.n;
    for (uint64_t at = range.first; at < end;) {
        uint32_t block = (uint32_t)(at / COLUMN_ROWS), from = (uint32_t)(at % COLUMN_ROWS);
        uint64_t n = COLUMN_ROWS - from < end - at ? COLUMN_ROWS - from : end - at;
        struct packed rows;
        if (column_block(ev->txn, (uint16_t)field->symbol.id, block, &rows)) {
            uint64_t there = rows.rows > from ? rows.rows - from : 0;
            if (there > n)
                there = n;
            if (there)
                packed_unpack(&rows, from, (uint32_t)there, out->v + (at - range.first));
        } else if (!catalog_ok(ev->txn, NULL)) {
            return eval_torn(ev);
        }
        at += n;
    }
    return true;
}

int64_t eval_num_age(const struct eval *ev, int64_t birth)
{
    if (birth == PACKED_UNSET || birth < INT32_MIN / 2 || birth > INT32_MAX / 2)
        return PACKED_UNSET;
    return eval_time_age(ev->time.today, (int32_t)birth);
}

static bool numbers_age(struct eval *ev, const struct query_ref *field, struct eval_range range,
                        struct eval_numbers *out)
{
    if (!numbers_field(ev, field, range, out))
        return false;
    out->scale = 0;
    for (size_t i = 0; i < range.n; i++)
        out->v[i] = eval_num_age(ev, out->v[i]);
    return true;
}

/* --- percentile: of everybody who has the number --- */

static int ranked_cmp(const void *a, const void *b, void *ctx)
{
    const struct eval_numbers *x = ctx;
    return eval_numbers_cmp(x, *(const uint32_t *)a, x, *(const uint32_t *)b);
}

/* The same where there are no denominators: all are of one scale. */
static int ranked_cmp_whole(const void *a, const void *b, void *ctx)
{
    const struct eval_numbers *x = ctx;
    int64_t va = x->v[*(const uint32_t *)a], vb = x->v[*(const uint32_t *)b];
    return (va > vb) - (va < vb);
}

struct collect {
    struct eval_numbers *x;
    uint32_t *list; /* places in x */
    size_t n;
};

static bool collect_one(void *ctx, uint32_t id)
{
    struct collect *c = ctx;
    uint32_t i = id - c->x->range.first;
    if (i < c->x->range.n && c->x->v[i] != PACKED_UNSET)
        c->list[c->n++] = i;
    return true;
}

/* out->v = how many are below or equal, out->den_all = how many there are. */
static void percentile_rank(struct collect *c, struct eval_numbers *out)
{
    int (*cmp)(const void *, const void *, void *) = c->x->den ? ranked_cmp : ranked_cmp_whole;
    if (c->n == 0)
        return;
    qsort_r(c->list, c->n, sizeof *c->list, cmp, c->x);
    out->den_all = (int64_t)c->n;
    for (size_t i = 0; i < c->n;) {
        size_t end = i + 1;
        while (end < c->n && cmp(&c->list[i], &c->list[end], c->x) == 0)
            end++;
        for (; i < end; i++) {
            size_t id = (size_t)c->x->range.first + c->list[i];
            if (id >= out->range.first && id - out->range.first < out->range.n)
                out->v[id - out->range.first] = (int64_t)end;
        }
    }
}

static bool numbers_percentile(struct eval *ev, const struct query_num *operand, struct eval_range range,
                               struct eval_numbers *out)
{
    struct eval_numbers x;
    struct collect c = { .x = &x };
    if (!eval_numbers_get(ev, operand, eval_range_of(ev->existing), ev->existing, &x))
        return false;
    bool ok = eval_numbers_alloc(ev, range, PACKED_UNSET, out);
    if (ok && x.constant) { /* a literal: everybody is in the same place */
        for (size_t i = 0; i < range.n; i++)
            out->v[i] = 1;
    } else if (ok) {
        c.list = malloc((audience_set_count(ev->existing) + 1) * sizeof *c.list);
        ok = c.list || eval_nomem(ev);
        if (ok) {
            audience_set_each(ev->existing, collect_one, &c);
            percentile_rank(&c, out);
        }
    }
    free(c.list);
    eval_numbers_free(&x);
    return ok;
}

static bool numbers_literal(struct eval *ev, struct query_number l, struct eval_numbers *out)
{
    if (!eval_numbers_alloc(ev, (struct eval_range){ 0, 1 }, 0, out))
        return false;
    out->v[0] = l.units;
    out->scale = l.scale;
    out->constant = true;
    return true;
}

static bool numbers_get(struct eval *ev, const struct query_num *num, struct eval_range range,
                        const struct audience_set *candidates, struct eval_numbers *out)
{
    switch (num->kind) {
    case QUERY_NUM_LITERAL: return numbers_literal(ev, num->literal, out);
    case QUERY_NUM_FIELD: return numbers_field(ev, &num->field, range, out);
    case QUERY_NUM_AGE: return numbers_age(ev, &num->field, range, out);
    case QUERY_NUM_AGGREGATE: return eval_aggregate(ev, &num->aggregate, range, candidates, out);
    case QUERY_NUM_PERCENTILE: return numbers_percentile(ev, num->operand, range, out);
    case QUERY_NUM_RFM: return eval_rfm_numbers(ev, &num->rfm, range, out);
    case QUERY_NUM_P_ALIVE: return eval_alive(ev, range, out);
    }
    return err_set(ev->err, ERR_INTERNAL, "number is not evaluated by this version");
}

bool eval_numbers_get(struct eval *ev, const struct query_num *num, struct eval_range range,
                      const struct audience_set *candidates, struct eval_numbers *out)
{
    memset(out, 0, sizeof *out);
    if (numbers_get(ev, num, range, candidates, out))
        return true;
    eval_numbers_free(out);
    return false;
}
