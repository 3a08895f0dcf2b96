/* Conditions on one stored value, compiled to a test of a packed column: the same for customers' fields and
 * events' attributes. */
#include "audience/eval_internal.h"

#include "base/civil.h"
#include "store/dict.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- numbers --- */

typedef __int128 wide;

static wide wide_pow10(unsigned n)
{
    wide v = 1;
    while (n--)
        v *= 10;
    return v;
}

/* The literal at another scale, rounded down; *exact when nothing was lost. */
static wide literal_floor(struct query_number l, unsigned scale, bool *exact)
{
    wide num = (wide)l.units * wide_pow10(scale), den = wide_pow10(l.scale);
    wide q = num / den;
    *exact = q * den == num;
    return !*exact && num < 0 ? q - 1 : q;
}

static struct scan_test range_of(wide low, wide high, bool outside)
{
    struct scan_test t = { .kind = SCAN_RANGE, .outside = outside, .low = 1, .high = 0 };
    if (low > high || low > INT64_MAX || high < SCAN_LOWEST)
        return t;
    t.low = low < SCAN_LOWEST ? SCAN_LOWEST : (int64_t)low;
    t.high = high > INT64_MAX ? INT64_MAX : (int64_t)high;
    return t;
}

static struct scan_test compare_range(enum query_cmp op, struct query_number literal, unsigned scale)
{
    bool exact;
    wide floor = literal_floor(literal, scale, &exact), ceil = exact ? floor : floor + 1;
    const wide least = SCAN_LOWEST, most = INT64_MAX;
    switch (op) {
    case QUERY_EQ: return range_of(ceil, floor, false); /* empty when not exact */
    case QUERY_NE: return range_of(ceil, floor, true);
    case QUERY_LT: return range_of(least, ceil - 1, false);
    case QUERY_LE: return range_of(least, floor, false);
    case QUERY_GT: return range_of(floor + 1, most, false);
    case QUERY_GE: return range_of(ceil, most, false);
    }
    return range_of(1, 0, false);
}

static enum query_cmp cmp_flip(enum query_cmp op)
{
    static const enum query_cmp flipped[] = { QUERY_EQ, QUERY_NE, QUERY_GT, QUERY_GE, QUERY_LT, QUERY_LE };
    return flipped[op];
}

static struct scan_test between_range(const struct query_node *node, unsigned scale)
{
    bool exact;
    wide low = literal_floor(node->between.low->literal, scale, &exact);
    if (!exact)
        low++;
    wide high = literal_floor(node->between.high->literal, scale, &exact);
    return range_of(low, high, node->negated);
}

/* 22..4 is all but what lies strictly between 4 and 22. */
static struct scan_test wrapping_range(int64_t from, int64_t to, unsigned scale)
{
    wide one = wide_pow10(scale), low = from * one, high = to * one;
    if (from <= to)
        return range_of(low, high, false);
    return range_of(high + 1, low - 1, true);
}

struct scan_test eval_test_number(const struct query_node *node, unsigned scale)
{
    if (node->kind == QUERY_BETWEEN)
        return between_range(node, scale);
    if (node->kind == QUERY_RANGE)
        return wrapping_range(node->range.from, node->range.to, scale);
    if (node->compare.right->kind == QUERY_NUM_LITERAL)
        return compare_range(node->compare.op, node->compare.right->literal, scale);
    return compare_range(cmp_flip(node->compare.op), node->compare.left->literal, scale);
}

bool eval_test_is_literal(const struct query_node *node)
{
    struct query_num *nums[3];
    size_t n = query_node_nums(node, nums), literals = 0;
    for (size_t i = 0; i < n; i++)
        literals += nums[i]->kind == QUERY_NUM_LITERAL;
    return n > 0 && literals == n - 1 && eval_test_subject(node)->kind != QUERY_NUM_LITERAL;
}

const struct query_num *eval_test_subject(const struct query_node *node)
{
    struct query_num *nums[3] = { 0 };
    size_t n = query_node_nums(node, nums);
    if (n == 2 && nums[0]->kind == QUERY_NUM_LITERAL)
        return nums[1];
    return nums[0];
}

/* Ages in a range are births in a range; the youngest was born last. */
static struct scan_test age_test(const struct eval *ev, struct scan_test ages)
{
    const int64_t most = 10000; /* years either way: more than the calendar has */
    if (ages.low > ages.high)
        return ages;
    struct scan_test t = {
        .kind = SCAN_RANGE, .outside = ages.outside, .low = SCAN_LOWEST, .high = INT64_MAX
    };
    if (ages.low > most || ages.high < -most)
        return range_of(1, 0, ages.outside);
    if (ages.low >= -most)
        t.high = eval_time_age_cutoff(ev->time.today, (int32_t)ages.low);
    if (ages.high < most)
        t.low = (int64_t)eval_time_age_cutoff(ev->time.today, (int32_t)ages.high + 1) + 1;
    return t;
}

/* --- texts --- */

static bool test_text(struct eval *ev, const struct query_node *node, uint16_t space, struct scan_test *t)
{
    if (node->kind == QUERY_TEXT)
        return eval_text_test(ev, space, node->text.op, node->text.strings[0], node->at, t);
    return eval_text_among(ev, space, node->text.strings, node->text.n, node->negated, t);
}

/* --- dates --- */

static struct scan_test test_date(const struct eval *ev, const struct query_node *node)
{
    int32_t day = eval_time_when(&ev->time, &node->date.when);
    switch (node->date.op) {
    case QUERY_BEFORE: return range_of(SCAN_LOWEST, (wide)day - 1, false);
    case QUERY_AFTER: return range_of((wide)day + 1, INT64_MAX, false);
    case QUERY_ON: return range_of(day, day, false);
    }
    return range_of(1, 0, false);
}

static bool anniversary_falls(const void *ctx, int64_t value)
{
    const struct eval_anniversary *a = ctx;
    if (value < INT32_MIN || value > INT32_MAX)
        return false;
    int32_t year;
    unsigned month, day;
    civil_from_days((int32_t)value, &year, &month, &day);
    return year < a->year[month * 32 + day];
}

static bool test_within(struct eval *ev, const struct query_node *node, struct scan_test *t)
{
    int32_t first, last;
    eval_time_within(&ev->time, node->within.next, node->within.n, node->within.unit, &first, &last);
    if (node->kind == QUERY_DATE_WITHIN) {
        *t = range_of(first, last, false);
        return true;
    }
    struct eval_anniversary *a = malloc(sizeof *a);
    if (!a)
        return eval_nomem(ev);
    eval_time_anniversaries(first, last, a);
    t->kind = SCAN_FN;
    t->fn = anniversary_falls;
    t->ctx = a;
    return true;
}

/* --- places --- */

struct near {
    double latitude, longitude, km; /* radians */
    double cos_latitude;
    int32_t south, north; /* 10^-7 degrees: outside this band it is too far whatever the longitude */
};

#define EARTH_KM 6371.0088 /* mean radius, IUGG */

static double number_double(struct query_number v)
{
    return (double)v.units / (double)wide_pow10(v.scale);
}

static bool near_enough(const void *ctx, int64_t value)
{
    const struct near *n = ctx;
    int32_t lat = packed_latitude_e7(value), lon = packed_longitude_e7(value);
    if (lat < n->south || lat > n->north)
        return false;
    const double rad = M_PI / 180 / 1e7;
    double phi = lat * rad, s1 = sin((phi - n->latitude) / 2), s2 = sin((lon * rad - n->longitude) / 2);
    double h = s1 * s1 + cos(phi) * n->cos_latitude * s2 * s2; /* haversine */
    return 2 * EARTH_KM * asin(sqrt(h < 1 ? h : 1)) <= n->km;
}

static bool test_near(struct eval *ev, const struct query_node *node, struct scan_test *t)
{
    struct near *n = malloc(sizeof *n);
    if (!n)
        return eval_nomem(ev);
    double latitude = number_double(node->near.latitude);
    n->km = number_double(node->near.km);
    n->latitude = latitude * M_PI / 180;
    n->longitude = number_double(node->near.longitude) * M_PI / 180;
    n->cos_latitude = cos(n->latitude);
    double band = n->km / EARTH_KM * 180 / M_PI + 1e-6;
    n->south = latitude - band < -90 ? -900000000 : (int32_t)((latitude - band) * 1e7);
    n->north = latitude + band > 90 ? 900000000 : (int32_t)((latitude + band) * 1e7);
    t->kind = SCAN_FN;
    t->fn = near_enough;
    t->ctx = n;
    return true;
}

/* --- all of them --- */

const struct query_ref *eval_test_ref(const struct query_node *node)
{
    switch (node->kind) {
    case QUERY_COMPARE:
    case QUERY_BETWEEN:
    case QUERY_RANGE: {
        const struct query_num *subject = eval_test_subject(node);
        bool stored = subject->kind == QUERY_NUM_FIELD || subject->kind == QUERY_NUM_AGE;
        return stored && eval_test_is_literal(node) ? &subject->field : NULL;
    }
    case QUERY_TEXT:
    case QUERY_TEXT_IN: return node->text.value.is_rfm ? NULL : &node->text.value.field;
    case QUERY_BOOL:
    case QUERY_IS_SET: return &node->field;
    case QUERY_DATE: return &node->date.field;
    case QUERY_DATE_WITHIN:
    case QUERY_ANNIVERSARY: return &node->within.field;
    case QUERY_NEAR: return &node->near.field;
    default: return NULL;
    }
}

bool eval_test_compile(struct eval *ev, const struct query_node *node, const struct query_symbol *symbol,
                       struct eval_test *out)
{
    memset(out, 0, sizeof *out);
    struct scan_test *t = &out->scan;
    switch (node->kind) {
    case QUERY_COMPARE:
    case QUERY_BETWEEN:
    case QUERY_RANGE:
        if (eval_test_subject(node)->kind == QUERY_NUM_AGE)
            *t = age_test(ev, eval_test_number(node, 0));
        else
            *t = eval_test_number(node, symbol->scale);
        return true;
    case QUERY_TEXT:
    case QUERY_TEXT_IN: return test_text(ev, node, (uint16_t)symbol->id, t);
    case QUERY_BOOL: *t = range_of(PACKED_YES, PACKED_YES, false); return true;
    case QUERY_IS_SET:
        *t = range_of(SCAN_LOWEST, INT64_MAX, false);
        out->negated = node->negated;
        return true;
    case QUERY_DATE: *t = test_date(ev, node); return true;
    case QUERY_DATE_WITHIN:
    case QUERY_ANNIVERSARY: return test_within(ev, node, t);
    case QUERY_NEAR: return test_near(ev, node, t);
    default: return err_set(ev->err, ERR_INTERNAL, "condition cannot be compiled to a test");
    }
}

void eval_test_free(struct eval_test *t)
{
    free(t->scan.codes);
    free(t->scan.ctx);
    memset(t, 0, sizeof *t);
}
