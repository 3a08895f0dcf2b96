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

/* den * 10^scale, when it fits. */
static inline bool whole_den(int64_t den, unsigned scale, int64_t *out)
{
    static const int64_t tens[] = {
        1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000
    };
    return scale < sizeof tens / sizeof tens[0] && !__builtin_mul_overflow(den, tens[scale], out);
}

/* Crosswise where that fits. Else by whole parts and rests, which are below their denominators, those below
 * 2^32 * 10^9: the products fit. */
int eval_fraction_cmp(int64_t v, int64_t den, unsigned scale, int64_t w, int64_t w_den, unsigned w_scale)
{
    int64_t d, w_d;
    if (den == w_den && scale == w_scale)
        return (v > w) - (v < w);
    if (whole_den(den, scale, &d) && whole_den(w_den, w_scale, &w_d)) {
        wide left = (wide)v * w_d, right = (wide)w * d;
        return (left > right) - (left < right);
    }
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

/* --- all of them --- */

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
    case QUERY_NUM_PERCENTILE: return eval_rank(ev, num->operand, range, out);
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
