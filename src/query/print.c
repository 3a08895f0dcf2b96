#include "query/print.h"

#include "base/civil.h"
#include "base/decimal.h"

static void put_strv(struct buf *out, struct strv s)
{
    buf_put_strv(out, s);
}

static void put(struct buf *out, const char *s)
{
    buf_put_strv(out, strv_from(s));
}

static void put_string(struct buf *out, struct strv s)
{
    put(out, "\"");
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"' || s.p[i] == '\\')
            buf_put_u8(out, '\\');
        buf_put_u8(out, (uint8_t)s.p[i]);
    }
    put(out, "\"");
}

static void put_strings(struct buf *out, const struct strv *strings, size_t n)
{
    put(out, "(");
    for (size_t i = 0; i < n; i++) {
        if (i)
            put(out, ", ");
        put_string(out, strings[i]);
    }
    put(out, ")");
}

static void put_number(struct buf *out, struct query_number v)
{
    put(out, decimal_format_short(v.units, v.scale).s);
}

static const char *const unit_names[] = { "hour", "day", "week", "month", "year" };

static void put_units(struct buf *out, uint32_t n, enum query_unit unit)
{
    buf_printf(out, "%u %s%s", (unsigned)n, unit_names[unit], n == 1 ? "" : "s");
}

static void put_when(struct buf *out, const struct query_when *w)
{
    switch (w->kind) {
    case QUERY_WHEN_DATE: put(out, civil_format_date(w->days).s); break;
    case QUERY_WHEN_TODAY: put(out, "today"); break;
    case QUERY_WHEN_AGO:
        put_units(out, w->n, w->unit);
        put(out, " ago");
        break;
    }
}

/* With the comma before it; nothing for `lifetime`, which is what no window means. */
static void put_window(struct buf *out, const struct query_window *w, bool always)
{
    if (w->kind == QUERY_WINDOW_LIFETIME && !always)
        return;
    put(out, ", ");
    switch (w->kind) {
    case QUERY_WINDOW_LIFETIME: put(out, "lifetime"); break;
    case QUERY_WINDOW_LAST:
        put(out, "last ");
        put_units(out, w->n, w->unit);
        break;
    case QUERY_WINDOW_THIS:
        put(out, "this ");
        put(out, unit_names[w->unit]);
        break;
    case QUERY_WINDOW_BETWEEN:
        put(out, "between ");
        put_when(out, &w->from);
        put(out, " and ");
        put_when(out, &w->to);
        break;
    }
}

static const char *const fn_names[] = { "count", "sum",      "avg",   "min",        "max",    "first",
                                        "last",  "distinct", "share", "days_since", "min_per" };

static void put_node(struct buf *out, const struct query_node *n);

static void put_aggregate(struct buf *out, const struct query_aggregate *a)
{
    put(out, fn_names[a->fn]);
    put(out, "(");
    if (a->fn == QUERY_MIN_PER) {
        put(out, unit_names[a->per]);
        put(out, ", ");
    }
    for (size_t i = 0; i < a->n_events; i++) {
        if (i)
            put(out, " | ");
        put_strv(out, a->events[i].name);
    }
    if (a->attribute.n) {
        put(out, ".");
        put_strv(out, a->attribute);
    }
    if (a->where) {
        put(out, " where ");
        put_node(out, a->where);
    }
    put_window(out, &a->window, a->fn == QUERY_MIN_PER);
    put(out, ")");
}

static void put_rfm(struct buf *out, const struct query_rfm *r)
{
    static const char *const parts[] = { "r", "f", "m", "score", "class" };
    put(out, "rfm(");
    put_strv(out, r->event.name);
    put_window(out, &r->window, false);
    put(out, ").");
    put(out, parts[r->part]);
}

static void put_num(struct buf *out, const struct query_num *num)
{
    switch (num->kind) {
    case QUERY_NUM_LITERAL: put_number(out, num->literal); break;
    case QUERY_NUM_FIELD: put_strv(out, num->field.name); break;
    case QUERY_NUM_AGGREGATE: put_aggregate(out, &num->aggregate); break;
    case QUERY_NUM_AGE:
        put(out, "age(");
        put_strv(out, num->field.name);
        put(out, ")");
        break;
    case QUERY_NUM_PERCENTILE:
        put(out, "percentile(");
        put_num(out, num->operand);
        put(out, ")");
        break;
    case QUERY_NUM_RFM: put_rfm(out, &num->rfm); break;
    case QUERY_NUM_P_ALIVE: put(out, "p_alive"); break;
    }
}

static const char *const cmp_names[] = { " = ", " != ", " < ", " <= ", " > ", " >= " };
static const char *const tcmp_names[] = { " = ", " != ", " contains ", " starts with ", " matches " };

static void put_text(struct buf *out, const struct query_node *n)
{
    if (n->text.value.is_rfm)
        put_rfm(out, &n->text.value.rfm);
    else
        put_strv(out, n->text.value.field.name);
    if (n->kind == QUERY_TEXT) {
        put(out, tcmp_names[n->text.op]);
        put_string(out, n->text.strings[0]);
        return;
    }
    put(out, n->negated ? " not in " : " in ");
    put_strings(out, n->text.strings, n->text.n);
}

static void put_has(struct buf *out, const struct query_node *n)
{
    static const char *const names[] = { " has ", " has any ", " has all ", " has none " };
    put_strv(out, n->has.field.name);
    put(out, names[n->has.op]);
    if (n->has.n == 1)
        put_string(out, n->has.strings[0]);
    else
        put_strings(out, n->has.strings, n->has.n);
}

static void put_within(struct buf *out, const struct query_node *n)
{
    if (n->kind == QUERY_ANNIVERSARY)
        put(out, "anniversary(");
    put_strv(out, n->within.field.name);
    if (n->kind == QUERY_ANNIVERSARY)
        put(out, ")");
    put(out, n->within.next ? " within next " : " within last ");
    put_units(out, n->within.n, n->within.unit);
}

static void put_near(struct buf *out, const struct query_node *n)
{
    put_strv(out, n->near.field.name);
    put(out, " within ");
    put_number(out, n->near.km);
    put(out, " km of (");
    put_number(out, n->near.latitude);
    put(out, ", ");
    put_number(out, n->near.longitude);
    put(out, ")");
}

static void put_between(struct buf *out, const struct query_node *n)
{
    put_num(out, n->between.value);
    put(out, n->negated ? " not between " : " between ");
    put_num(out, n->between.low);
    put(out, " and ");
    put_num(out, n->between.high);
}

static void put_range(struct buf *out, const struct query_node *n)
{
    put_num(out, n->range.value);
    buf_printf(out, " in %lld..%lld", (long long)n->range.from, (long long)n->range.to);
}

static void put_survey(struct buf *out, const struct query_node *n)
{
    put(out, "survey ");
    put_string(out, n->survey.name);
    put(out, " status");
    put(out, tcmp_names[n->survey.op]);
    put_string(out, n->survey.status);
}

static void put_cond(struct buf *out, const struct query_node *n)
{
    static const char *const date_names[] = { " before ", " after ", " on " };
    switch (n->kind) {
    case QUERY_COMPARE:
        put_num(out, n->compare.left);
        put(out, cmp_names[n->compare.op]);
        put_num(out, n->compare.right);
        break;
    case QUERY_BETWEEN: put_between(out, n); break;
    case QUERY_RANGE: put_range(out, n); break;
    case QUERY_TEXT:
    case QUERY_TEXT_IN: put_text(out, n); break;
    case QUERY_SET_HAS: put_has(out, n); break;
    case QUERY_BOOL: put_strv(out, n->field.name); break;
    case QUERY_IS_SET:
        put_strv(out, n->field.name);
        put(out, n->negated ? " is not set" : " is set");
        break;
    case QUERY_DATE:
        put_strv(out, n->date.field.name);
        put(out, date_names[n->date.op]);
        put_when(out, &n->date.when);
        break;
    case QUERY_DATE_WITHIN:
    case QUERY_ANNIVERSARY: put_within(out, n); break;
    case QUERY_NEAR: put_near(out, n); break;
    case QUERY_SEGMENT:
        put(out, n->segment.ever ? "ever in segment " : "in segment ");
        put_string(out, n->segment.name);
        break;
    case QUERY_SURVEY: put_survey(out, n); break;
    case QUERY_TENURE:
        put(out, "customer for at least ");
        put_units(out, n->tenure.n, n->tenure.unit);
        break;
    case QUERY_BUCKET:
        put(out, "bucket(");
        put_string(out, n->bucket.salt);
        put(out, ")");
        put(out, cmp_names[n->bucket.op]);
        put_number(out, n->bucket.value);
        break;
    default: break;
    }
}

/* An operand of and/or: what is mixed is put in parentheses, also where the grammar would do without. */
static void put_operand(struct buf *out, const struct query_node *n)
{
    bool mixed = n->kind == QUERY_AND || n->kind == QUERY_OR;
    if (mixed)
        put(out, "(");
    put_node(out, n);
    if (mixed)
        put(out, ")");
}

static void put_not(struct buf *out, const struct query_node *operand)
{
    bool bare = operand->kind == QUERY_NOT || operand->kind == QUERY_BOOL || operand->kind == QUERY_SEGMENT;
    put(out, bare ? "not " : "not (");
    put_node(out, operand);
    if (!bare)
        put(out, ")");
}

static void put_node(struct buf *out, const struct query_node *n)
{
    if (n->kind == QUERY_NOT) {
        put_not(out, n->operands.items[0]);
        return;
    }
    if (n->kind != QUERY_AND && n->kind != QUERY_OR) {
        put_cond(out, n);
        return;
    }
    for (size_t i = 0; i < n->operands.n; i++) {
        if (i)
            put(out, n->kind == QUERY_AND ? " and " : " or ");
        put_operand(out, n->operands.items[i]);
    }
}

bool query_print_node(const struct query_node *node, struct buf *out)
{
    put_node(out, node);
    return !out->failed;
}

bool query_print(const struct query *q, struct buf *out)
{
    return q->root && query_print_node(q->root, out);
}
