/* What the answer of a segment depends on. */
#include "audience/watch_inside.h"

#include "audience/segment_inside.h"
#include "base/buf.h"
#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

#define MOST_SEGMENTS 1024

struct classing {
    struct audience_view *view;
    const struct query_limits *limits;
    struct watch_class *out;
    char (*seen)[SEGMENT_MAX_NAME + 1];
    size_t n;
    struct buf text; /* of all queries: their stamp */
    struct err *err;
};

static bool class_segment(struct classing *x, const struct segment *s);

static bool class_nomem(struct classing *x)
{
    return err_set(x->err, ERR_NOMEM, "out of memory");
}

static bool class_ago(struct classing *x, uint32_t hours)
{
    struct watch_class *c = x->out;
    uint32_t *more = realloc(c->ago, (c->n_ago + 1) * sizeof *more);
    if (!more) {
        return class_nomem(x);
    }
    c->ago = more;
    c->ago[c->n_ago++] = hours;
    return true;
}

static bool class_when(struct classing *x, const struct query_when *w)
{
    x->out->days = x->out->days || w->kind != QUERY_WHEN_DATE;
    return w->kind != QUERY_WHEN_AGO || w->unit != QUERY_UNIT_HOUR || class_ago(x, w->n);
}

static bool same_when(const struct query_when *a, const struct query_when *b)
{
    return a->kind == b->kind && a->days == b->days && a->n == b->n && a->unit == b->unit;
}

static bool same_window(const struct query_window *v, const struct query_window *w)
{
    return v->kind == w->kind && v->n == w->n && v->unit == w->unit && same_when(&v->from, &w->from) &&
           same_when(&v->to, &w->to);
}

/* Over the events of one name. A window between two dates begins where the zone's days do, too. */
static bool class_window(struct classing *x, struct strv event, const struct query_window *w)
{
    struct watch_class *c = x->out;
    const struct schema_event *type = schema_find_event(x->view->schema, event);
    c->events = true;
    c->zoned = c->zoned || w->kind != QUERY_WINDOW_LIFETIME;
    if (!type) {
        c->hours = true; /* whatever it is: it cannot be evaluated */
        return true;
    }
    for (size_t i = 0; i < c->n_windows; i++) {
        if (c->windows[i].type == type->id && same_window(&c->windows[i].window, w)) {
            return true;
        }
    }
    struct watch_window *more = realloc(c->windows, (c->n_windows + 1) * sizeof *more);
    if (!more) {
        return class_nomem(x);
    }
    c->windows = more;
    c->windows[c->n_windows++] = (struct watch_window){ type->id, *w };
    return true;
}

static bool class_lifetime(struct classing *x, struct strv event)
{
    return class_window(x, event, &(struct query_window){ .kind = QUERY_WINDOW_LIFETIME });
}

static bool window_rolls(const struct query_window *w)
{
    return (w->kind == QUERY_WINDOW_LAST || w->kind == QUERY_WINDOW_THIS) && w->unit == QUERY_UNIT_HOUR;
}

/* The least of units: another unit is another answer also of those who have no event in it. */
static bool class_aggregate(struct classing *x, const struct query_aggregate *a)
{
    struct watch_class *c = x->out;
    c->days = c->days || a->fn == QUERY_DAYS_SINCE || a->fn == QUERY_MIN_PER;
    c->hours = c->hours || (a->fn == QUERY_MIN_PER && window_rolls(&a->window));
    bool ok = a->fn != QUERY_MIN_PER || (class_when(x, &a->window.from) && class_when(x, &a->window.to));
    for (size_t i = 0; ok && i < a->n_events; i++) {
        ok = class_window(x, a->events[i].name, &a->window);
    }
    return ok;
}

/* Read in the customer's own zone, which may be the instance's. The tree was not checked: by their names. */
static bool class_of_zone(struct strv name)
{
    return strv_ieq_c(name, "hour") || strv_ieq_c(name, "weekday") || strv_ieq_c(name, "month");
}

static bool class_rfm(struct classing *x, const struct query_rfm *rfm)
{
    x->out->population = x->out->days = true;
    return class_window(x, rfm->event.name, &rfm->window);
}

static bool class_num(struct classing *x, const struct query_num *num)
{
    struct watch_class *c = x->out;
    while (num->kind == QUERY_NUM_PERCENTILE) {
        c->population = true;
        num = num->operand;
    }
    switch (num->kind) {
    case QUERY_NUM_AGE: c->days = true; return true;
    case QUERY_NUM_AGGREGATE: return class_aggregate(x, &num->aggregate);
    case QUERY_NUM_RFM: return class_rfm(x, &num->rfm);
    case QUERY_NUM_P_ALIVE:
        c->population = c->days = c->alive = true;
        return class_lifetime(x, STRV("purchase"));
    case QUERY_NUM_FIELD: c->days = c->days || class_of_zone(num->field.name); return true;
    default: return true;
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
    if (!segment_find(x->view->txn, name, &s) || !s.active) {
        return err_set(x->err, ERR_STATE, "segment \"" STRV_FMT "\" does not exist or is inactive",
                       STRV_ARG(name));
    }
    return class_segment(x, &s);
}

static bool class_node(void *ctx, const struct query_node *node)
{
    struct classing *x = ctx;
    struct query_num *nums[3];
    bool ok = true;
    switch (node->kind) {
    case QUERY_DATE: ok = class_when(x, &node->date.when); break;
    case QUERY_DATE_WITHIN:
    case QUERY_ANNIVERSARY: x->out->days = true; break;
    case QUERY_TENURE:
        x->out->days = true;
        ok = node->tenure.unit != QUERY_UNIT_HOUR || class_ago(x, node->tenure.n);
        break;
    case QUERY_SURVEY: ok = class_lifetime(x, STRV("survey")); break;
    case QUERY_SEGMENT: return class_reference(x, node->segment.name);
    case QUERY_TEXT:
    case QUERY_TEXT_IN: ok = !node->text.value.is_rfm || class_rfm(x, &node->text.value.rfm); break;
    default: break;
    }
    for (size_t i = 0, n = query_node_nums(node, nums); ok && i < n; i++) {
        ok = class_num(x, nums[i]);
    }
    return ok;
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

bool watch_classify(struct audience_view *v, const struct segment *s, const struct query_limits *limits,
                    struct watch_class *out, struct err *e)
{
    struct classing x = { .view = v, .limits = limits, .out = out, .err = e };
    *out = (struct watch_class){ 0 };
    x.seen = calloc(MOST_SEGMENTS, sizeof *x.seen);
    bool ok = x.seen ? class_segment(&x, s) : class_nomem(&x);
    if (ok && x.text.failed) {
        ok = class_nomem(&x);
    }
    out->stamp = ok ? hash_stable(x.text.data, x.text.len) : 0;
    free(x.seen);
    buf_free(&x.text);
    return ok;
}

void watch_class_free(struct watch_class *c)
{
    free(c->windows);
    free(c->ago);
    *c = (struct watch_class){ 0 };
}
