/* What the answer of a segment depends on. */
#include "audience/watch_inside.h"

#include "audience/segment_inside.h"
#include "base/buf.h"
#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

#define MOST_SEGMENTS 1024

struct classing {
    struct catalog_txn *txn;
    const struct query_limits *limits;
    struct watch_class *out;
    char (*seen)[SEGMENT_MAX_NAME + 1];
    size_t n;
    struct buf text; /* of all queries: their stamp */
    struct err *err;
};

static bool class_segment(struct classing *x, const struct segment *s);

static void class_unit(struct classing *x, enum query_unit unit)
{
    x->out->hours = x->out->hours || unit == QUERY_UNIT_HOUR;
    x->out->days = true;
}

static void class_when(struct classing *x, const struct query_when *w)
{
    if (w->kind == QUERY_WHEN_AGO) {
        class_unit(x, w->unit);
    } else if (w->kind == QUERY_WHEN_TODAY) {
        x->out->days = true;
    }
}

/* Also a window between two dates: where its days begin is the zone's to say. */
static void class_window(struct classing *x, const struct query_window *w)
{
    switch (w->kind) {
    case QUERY_WINDOW_LIFETIME: return;
    case QUERY_WINDOW_LAST:
    case QUERY_WINDOW_THIS: class_unit(x, w->unit); return;
    case QUERY_WINDOW_BETWEEN:
        x->out->days = true;
        class_when(x, &w->from);
        class_when(x, &w->to);
        return;
    }
}

/* Read in the customer's own zone, which may be the instance's. The tree was not checked: by their names. */
static bool class_of_zone(struct strv name)
{
    return strv_ieq_c(name, "hour") || strv_ieq_c(name, "weekday") || strv_ieq_c(name, "month");
}

static void class_num(struct classing *x, const struct query_num *num)
{
    struct watch_class *c = x->out;
    while (num->kind == QUERY_NUM_PERCENTILE) {
        c->population = true;
        num = num->operand;
    }
    switch (num->kind) {
    case QUERY_NUM_AGE: c->days = true; break;
    case QUERY_NUM_AGGREGATE:
        c->events = true;
        c->days = c->days || num->aggregate.fn == QUERY_DAYS_SINCE || num->aggregate.fn == QUERY_MIN_PER;
        class_window(x, &num->aggregate.window);
        break;
    case QUERY_NUM_RFM:
        c->events = c->population = c->days = true;
        class_window(x, &num->rfm.window);
        break;
    case QUERY_NUM_P_ALIVE: c->events = c->population = c->days = c->alive = true; break;
    case QUERY_NUM_FIELD: c->days = c->days || class_of_zone(num->field.name); break;
    default: break;
    }
}

static bool class_reference(struct classing *x, struct strv name)
{
    struct segment s;
    for (size_t i = 0; i < x->n; i++) {
        if (strv_eq_c(name, x->seen[i])) {
            return true;
        }
    }
    if (x->n == MOST_SEGMENTS) {
        return err_set(x->err, ERR_LIMIT, "it refers to more than %d segments", MOST_SEGMENTS);
    }
    strv_copy(name, x->seen[x->n++], sizeof *x->seen);
    if (!segment_find(x->txn, name, &s) || !s.active) {
        return err_set(x->err, ERR_STATE, "segment \"" STRV_FMT "\" does not exist or is inactive",
                       STRV_ARG(name));
    }
    return class_segment(x, &s);
}

static bool class_node(void *ctx, const struct query_node *node)
{
    struct classing *x = ctx;
    struct query_num *nums[3];
    switch (node->kind) {
    case QUERY_DATE: class_when(x, &node->date.when); break;
    case QUERY_DATE_WITHIN:
    case QUERY_ANNIVERSARY: class_unit(x, node->within.unit); break;
    case QUERY_TENURE: class_unit(x, node->tenure.unit); break;
    case QUERY_SURVEY: x->out->events = true; break;
    case QUERY_SEGMENT: return class_reference(x, node->segment.name);
    case QUERY_TEXT:
    case QUERY_TEXT_IN:
        if (node->text.value.is_rfm) {
            x->out->events = x->out->population = x->out->days = true;
            class_window(x, &node->text.value.rfm.window);
        }
        break;
    default: break;
    }
    for (size_t i = 0, n = query_node_nums(node, nums); i < n; i++) {
        class_num(x, nums[i]);
    }
    return true;
}

static bool class_segment(struct classing *x, const struct segment *s)
{
    struct query_error qe = { 0 };
    struct query *q = query_parse(s->query, x->limits, &qe);
    if (!q) {
        return query_error_to_err(&qe, x->err);
    }
    buf_put_strv(&x->text, s->name);
    buf_put_u8(&x->text, 0);
    buf_put_strv(&x->text, s->query);
    buf_put_u8(&x->text, 0);
    bool ok = query_walk(q->root, true, class_node, x);
    query_free(q);
    return ok;
}

bool watch_classify(struct catalog_txn *t, const struct segment *s, const struct query_limits *limits,
                    struct watch_class *out, struct err *e)
{
    struct classing x = { .txn = t, .limits = limits, .out = out, .err = e };
    *out = (struct watch_class){ 0 };
    x.seen = calloc(MOST_SEGMENTS, sizeof *x.seen);
    bool ok = x.seen ? class_segment(&x, s) : err_set(e, ERR_NOMEM, "out of memory");
    if (ok && x.text.failed) {
        ok = err_set(e, ERR_NOMEM, "out of memory");
    }
    out->stamp = ok ? hash_stable(x.text.data, x.text.len) : 0;
    free(x.seen);
    buf_free(&x.text);
    return ok;
}
