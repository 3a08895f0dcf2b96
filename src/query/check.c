#include "query/check.h"

#include "base/nearest.h"
#include "query/pattern.h"

#include <stdio.h>

struct check {
    struct query *q;
    const struct query_schema *schema;
    const struct query_aggregate *source; /* inside its `where`; else NULL */
    struct query_error *e;
};

static bool check_node(struct check *c, struct query_node *n);

const char *query_type_name(enum query_type type)
{
    switch (type) {
    case QUERY_TYPE_TEXT: return "text";
    case QUERY_TYPE_NUMBER: return "number";
    case QUERY_TYPE_DATE: return "date";
    case QUERY_TYPE_BOOL: return "yes/no";
    case QUERY_TYPE_SET: return "set";
    case QUERY_TYPE_PLACE: return "place";
    default: return "nothing";
    }
}

/* How a value of the type is tested: the hint for who used another way. */
static const char *type_tests(enum query_type type)
{
    switch (type) {
    case QUERY_TYPE_TEXT: return "=, !=, in, contains, starts with, matches and a string";
    case QUERY_TYPE_NUMBER: return "=, !=, <, <=, >, >=, between, in and a number";
    case QUERY_TYPE_DATE: return "before, after, on, within";
    case QUERY_TYPE_BOOL: return "its name alone";
    case QUERY_TYPE_SET: return "has, has any, has all, has none";
    case QUERY_TYPE_PLACE: return "within ... km of (...)";
    default: return "nothing";
    }
}

/* --- unknown names --- */

static bool check_unknown(struct check *c, enum query_error_code code, const char *what, struct strv name,
                          uint32_t at, const char *tail)
{
    query_error_set(c->e, code, c->q->text, at, tail, "unknown %s \"" STRV_FMT "\"", what,
                    STRV_ARG(strv_sub(name, 0, 60)));
    if (c->e)
        strv_copy(name, c->e->found, sizeof c->e->found);
    return false;
}

static bool unknown_field(struct check *c, const struct query_ref *ref)
{
    char tail[160] = "";
    struct strv rest = ref->name, event = rest;
    uint32_t id;
    if (strv_next(&rest, '.', &event) && c->schema->event(c->schema->ctx, event, &id))
        snprintf(tail, sizeof tail,
                 "; \"" STRV_FMT "\" is an event: ask for count(" STRV_FMT ") and the like",
                 STRV_ARG(strv_sub(event, 0, 40)), STRV_ARG(strv_sub(event, 0, 40)));
    check_unknown(c, QUERY_E_UNKNOWN_FIELD, "field", ref->name, ref->at, *tail ? tail : NULL);
    if (*tail)
        return false;
    struct nearest s;
    struct strv name;
    nearest_begin(&s, ref->name);
    for (size_t i = 0; c->schema->field_name && c->schema->field_name(c->schema->ctx, i, &name); i++)
        nearest_offer(&s, name);
    query_error_suggest(c->e, nearest_found(&s));
    return false;
}

static bool unknown_event(struct check *c, const struct query_event *event)
{
    check_unknown(c, QUERY_E_UNKNOWN_EVENT, "event", event->name, event->at, NULL);
    struct nearest s;
    struct strv name;
    nearest_begin(&s, event->name);
    for (size_t i = 0; c->schema->event_name && c->schema->event_name(c->schema->ctx, i, &name); i++)
        nearest_offer(&s, name);
    query_error_suggest(c->e, nearest_found(&s));
    return false;
}

static bool unknown_attribute(struct check *c, const struct query_event *event, struct strv attribute,
                              uint32_t at, bool builtins)
{
    char what[128];
    snprintf(what, sizeof what,
             "attribute of event \"" STRV_FMT "\":", STRV_ARG(strv_sub(event->name, 0, 60)));
    check_unknown(c, QUERY_E_UNKNOWN_ATTRIBUTE, what, attribute, at, NULL);
    struct nearest s;
    struct strv name;
    nearest_begin(&s, attribute);
    for (size_t i = 0;
         c->schema->attribute_name && c->schema->attribute_name(c->schema->ctx, event->id, i, &name); i++)
        nearest_offer(&s, name);
    if (builtins) {
        nearest_offer(&s, STRV("hour"));
        nearest_offer(&s, STRV("weekday"));
        nearest_offer(&s, STRV("month"));
    }
    query_error_suggest(c->e, nearest_found(&s));
    return false;
}

static bool check_segment(struct check *c, const struct query_node *n)
{
    const struct query_schema *schema = c->schema;
    if (!schema->segment || schema->segment(schema->ctx, n->segment.name))
        return true;
    check_unknown(c, QUERY_E_UNKNOWN_SEGMENT, "segment", n->segment.name, n->segment.name_at, NULL);
    struct nearest s;
    struct strv name;
    nearest_begin(&s, n->segment.name);
    for (size_t i = 0; schema->segment_name && schema->segment_name(schema->ctx, i, &name); i++) {
        if (strv_eq(name, n->segment.name)) /* there, and yet not to be referred to */
            return query_error_set(c->e, QUERY_E_UNKNOWN_SEGMENT, c->q->text, n->segment.name_at,
                                   "; activate it first", "the segment \"" STRV_FMT "\" is inactive",
                                   STRV_ARG(strv_sub(name, 0, 80)));
        nearest_offer(&s, name);
    }
    query_error_suggest(c->e, nearest_found(&s));
    return false;
}

/* --- names --- */

static enum query_builtin builtin_find(struct strv name)
{
    if (strv_eq_c(name, "hour"))
        return QUERY_HOUR;
    if (strv_eq_c(name, "weekday"))
        return QUERY_WEEKDAY;
    return strv_eq_c(name, "month") ? QUERY_MONTH : QUERY_NOT_BUILTIN;
}

static bool check_same_type(struct check *c, const struct query_aggregate *a, size_t i,
                            struct query_symbol first, struct query_symbol other, struct strv attribute,
                            uint32_t at)
{
    if (first.type == other.type)
        return true;
    return query_error_set(c->e, QUERY_E_TYPE, c->q->text, at, NULL,
                           "attribute \"" STRV_FMT "\" is a %s in \"" STRV_FMT "\" but a %s in \"" STRV_FMT
                           "\"",
                           STRV_ARG(strv_sub(attribute, 0, 40)), query_type_name(first.type),
                           STRV_ARG(strv_sub(a->events[0].name, 0, 40)), query_type_name(other.type),
                           STRV_ARG(strv_sub(a->events[i].name, 0, 40)));
}

/* An attribute inside `where`: every event of the source must have it, of one type. */
static bool check_attribute(struct check *c, struct query_ref *ref)
{
    const struct query_aggregate *a = c->source;
    ref->builtin = builtin_find(ref->name);
    if (ref->builtin) {
        ref->symbol = (struct query_symbol){ .type = QUERY_TYPE_NUMBER };
        return true;
    }
    struct query_symbol *symbols = query_alloc(c->q, a->n_events * sizeof *symbols);
    if (!symbols)
        return query_error_set(c->e, QUERY_E_NOMEM, c->q->text, ref->at, NULL, "out of memory");
    for (size_t i = 0; i < a->n_events; i++) {
        if (!c->schema->attribute(c->schema->ctx, a->events[i].id, ref->name, &symbols[i]))
            return unknown_attribute(c, &a->events[i], ref->name, ref->at, true);
        if (!check_same_type(c, a, i, symbols[0], symbols[i], ref->name, ref->at))
            return false;
    }
    ref->symbol = symbols[0];
    ref->per_event = symbols;
    return true;
}

static bool check_ref(struct check *c, struct query_ref *ref)
{
    ref->builtin = QUERY_NOT_BUILTIN;
    ref->per_event = NULL;
    if (c->source)
        return check_attribute(c, ref);
    if (c->schema->field(c->schema->ctx, ref->name, &ref->symbol))
        return true;
    if (builtin_find(ref->name))
        return query_error_set(c->e, QUERY_E_PLACE, c->q->text, ref->at,
                               "; it has a meaning only inside \"where\"", "unknown field \"" STRV_FMT "\"",
                               STRV_ARG(ref->name));
    return unknown_field(c, ref);
}

/* Resolves the name and insists on its type. */
static bool check_typed(struct check *c, struct query_ref *ref, enum query_type type)
{
    if (!check_ref(c, ref))
        return false;
    if (ref->symbol.type == type)
        return true;
    char tail[160];
    snprintf(tail, sizeof tail, "; a %s is tested with %s", query_type_name(ref->symbol.type),
             type_tests(ref->symbol.type));
    query_error_set(c->e, QUERY_E_TYPE, c->q->text, ref->at, tail, "%s \"" STRV_FMT "\" is a %s, not a %s",
                    c->source ? "attribute" : "field", STRV_ARG(strv_sub(ref->name, 0, 60)),
                    query_type_name(ref->symbol.type), query_type_name(type));
    if (c->e) {
        strv_copy(ref->name, c->e->found, sizeof c->e->found);
        strv_copy(strv_from(query_type_name(type)), c->e->expected, sizeof c->e->expected);
    }
    return false;
}

static bool check_event(struct check *c, struct query_event *event)
{
    return c->schema->event(c->schema->ctx, event->name, &event->id) || unknown_event(c, event);
}

/* --- numbers --- */

enum fn_attribute { ATTRIBUTE_NONE, ATTRIBUTE_NUMBER, ATTRIBUTE_ANY };

static const struct {
    const char *name;
    enum fn_attribute attribute;
} fn_rules[] = {
    [QUERY_COUNT] = { "count", ATTRIBUTE_NONE },     [QUERY_SUM] = { "sum", ATTRIBUTE_NUMBER },
    [QUERY_AVG] = { "avg", ATTRIBUTE_NUMBER },       [QUERY_MIN] = { "min", ATTRIBUTE_NUMBER },
    [QUERY_MAX] = { "max", ATTRIBUTE_NUMBER },       [QUERY_FIRST] = { "first", ATTRIBUTE_NUMBER },
    [QUERY_LAST] = { "last", ATTRIBUTE_NUMBER },     [QUERY_DISTINCT] = { "distinct", ATTRIBUTE_ANY },
    [QUERY_SHARE] = { "share", ATTRIBUTE_NONE },     [QUERY_DAYS_SINCE] = { "days_since", ATTRIBUTE_NONE },
    [QUERY_MIN_PER] = { "min_per", ATTRIBUTE_NONE },
};

static bool check_source_attribute(struct check *c, struct query_aggregate *a, uint32_t at)
{
    enum fn_attribute rule = fn_rules[a->fn].attribute;
    const char *fn = fn_rules[a->fn].name;
    if (a->attribute.n == 0) {
        if (rule == ATTRIBUTE_NONE)
            return true;
        char tail[128];
        snprintf(tail, sizeof tail, "; expected %s(" STRV_FMT ".attribute)", fn,
                 STRV_ARG(strv_sub(a->events[0].name, 0, 60)));
        return query_error_set(c->e, QUERY_E_ARGUMENT, c->q->text, at, tail,
                               "%s needs an attribute of the event", fn);
    }
    if (rule == ATTRIBUTE_NONE)
        return query_error_set(c->e, QUERY_E_ARGUMENT, c->q->text, a->attribute_at, NULL,
                               "%s takes an event without an attribute, not \"" STRV_FMT "\"", fn,
                               STRV_ARG(strv_sub(a->attribute, 0, 60)));
    for (size_t i = 0; i < a->n_events; i++) {
        struct query_symbol *s = &a->events[i].symbol;
        if (!c->schema->attribute(c->schema->ctx, a->events[i].id, a->attribute, s))
            return unknown_attribute(c, &a->events[i], a->attribute, a->attribute_at, false);
        if (!check_same_type(c, a, i, a->events[0].symbol, *s, a->attribute, a->attribute_at))
            return false;
    }
    if (rule == ATTRIBUTE_NUMBER && a->events[0].symbol.type != QUERY_TYPE_NUMBER)
        return query_error_set(c->e, QUERY_E_TYPE, c->q->text, a->attribute_at, NULL,
                               "%s needs a number, but attribute \"" STRV_FMT "\" is a %s", fn,
                               STRV_ARG(strv_sub(a->attribute, 0, 60)),
                               query_type_name(a->events[0].symbol.type));
    return true;
}

static bool check_aggregate(struct check *c, struct query_aggregate *a, uint32_t at)
{
    for (size_t i = 0; i < a->n_events; i++)
        if (!check_event(c, &a->events[i]))
            return false;
    if (!check_source_attribute(c, a, at))
        return false;
    if (a->fn == QUERY_SHARE && !a->where)
        return query_error_set(c->e, QUERY_E_ARGUMENT, c->q->text, at, "; expected share(event where ...)",
                               "share needs a condition");
    if (a->fn == QUERY_MIN_PER && a->window.kind == QUERY_WINDOW_LIFETIME)
        return query_error_set(c->e, QUERY_E_ARGUMENT, c->q->text, a->window.at,
                               "; expected a window with an end and a beginning", "min_per over a lifetime");
    if (!a->where)
        return true;
    const struct query_aggregate *outer = c->source;
    c->source = a;
    bool ok = check_node(c, a->where);
    c->source = outer;
    return ok;
}

/* The money is the event's attribute "amount"; what asks for it needs one. */
static bool check_rfm(struct check *c, struct query_rfm *rfm)
{
    struct query_symbol *amount = &rfm->event.symbol;
    if (!check_event(c, &rfm->event))
        return false;
    bool found = c->schema->attribute(c->schema->ctx, rfm->event.id, STRV("amount"), amount);
    if (found && amount->type == QUERY_TYPE_NUMBER)
        return true;
    *amount = (struct query_symbol){ .type = QUERY_TYPE_NONE };
    if (rfm->part == QUERY_RFM_R || rfm->part == QUERY_RFM_F)
        return true;
    return query_error_set(c->e, QUERY_E_ARGUMENT, c->q->text, rfm->event.at, "; r and f do without",
                           "rfm needs a number \"amount\", which the event \"" STRV_FMT "\" has not",
                           STRV_ARG(strv_sub(rfm->event.name, 0, 60)));
}

static bool check_num(struct check *c, struct query_num *num)
{
    switch (num->kind) {
    case QUERY_NUM_LITERAL:
    case QUERY_NUM_P_ALIVE: return true;
    case QUERY_NUM_FIELD: return check_typed(c, &num->field, QUERY_TYPE_NUMBER);
    case QUERY_NUM_AGE: return check_typed(c, &num->field, QUERY_TYPE_DATE);
    case QUERY_NUM_AGGREGATE: return check_aggregate(c, &num->aggregate, num->at);
    case QUERY_NUM_PERCENTILE: return check_num(c, num->operand);
    case QUERY_NUM_RFM:
        if (num->rfm.part == QUERY_RFM_CLASS)
            return query_error_set(c->e, QUERY_E_TYPE, c->q->text, num->at,
                                   "; compare it with a string, or use r, f, m or score",
                                   "rfm class is a text");
        return check_rfm(c, &num->rfm);
    }
    return false;
}

/* --- conditions --- */

static bool check_within(struct check *c, struct query_node *n)
{
    if (!check_typed(c, &n->within.field, QUERY_TYPE_DATE))
        return false;
    if (n->within.unit == QUERY_UNIT_HOUR)
        return query_error_set(c->e, QUERY_E_TYPE, c->q->text, n->at,
                               "; expected days, weeks, months or years", "a date has no hours");
    return true;
}

/* Read once here, so that a wrong one is told before anything is evaluated. */
static bool check_pattern(struct check *c, enum query_tcmp op, struct strv pattern, uint32_t at)
{
    char why[120], tail[128];
    if (op != QUERY_TEXT_MATCHES)
        return true;
    struct query_pattern *p = query_pattern_new(pattern, why, sizeof why);
    query_pattern_free(p);
    if (p)
        return true;
    const struct strv all = c->q->text; /* a string without escapes is a part of it, behind its quote */
    if ((uintptr_t)pattern.p > (uintptr_t)all.p && (uintptr_t)pattern.p <= (uintptr_t)all.p + all.n)
        at = (uint32_t)(pattern.p - all.p - 1);
    snprintf(tail, sizeof tail, ": %s", why);
    query_error_set(c->e, QUERY_E_PATTERN, c->q->text, at, tail, "\"" STRV_FMT "\" is no regular expression",
                    STRV_ARG(strv_sub(pattern, 0, 60)));
    if (c->e)
        strv_copy(pattern, c->e->found, sizeof c->e->found);
    return false;
}

static bool check_text(struct check *c, const struct query_node *n, struct query_text *text)
{
    if (text->is_rfm ? !check_rfm(c, &text->rfm) : !check_typed(c, &text->field, QUERY_TYPE_TEXT))
        return false;
    return n->kind != QUERY_TEXT || check_pattern(c, n->text.op, n->text.strings[0], n->at);
}

static bool check_node(struct check *c, struct query_node *n)
{
    struct query_num *nums[3];
    switch (n->kind) {
    case QUERY_OR:
    case QUERY_AND:
    case QUERY_NOT:
        for (size_t i = 0; i < n->operands.n; i++)
            if (!check_node(c, n->operands.items[i]))
                return false;
        return true;
    case QUERY_COMPARE:
    case QUERY_BETWEEN:
    case QUERY_RANGE:
        for (size_t i = 0, k = query_node_nums(n, nums); i < k; i++)
            if (!check_num(c, nums[i]))
                return false;
        return true;
    case QUERY_TEXT:
    case QUERY_TEXT_IN: return check_text(c, n, &n->text.value);
    case QUERY_SET_HAS: return check_typed(c, &n->has.field, QUERY_TYPE_SET);
    case QUERY_BOOL: return check_typed(c, &n->field, QUERY_TYPE_BOOL);
    case QUERY_IS_SET: return check_ref(c, &n->field);
    case QUERY_DATE: return check_typed(c, &n->date.field, QUERY_TYPE_DATE);
    case QUERY_DATE_WITHIN:
    case QUERY_ANNIVERSARY: return check_within(c, n);
    case QUERY_NEAR: return check_typed(c, &n->near.field, QUERY_TYPE_PLACE);
    case QUERY_SEGMENT: return check_segment(c, n);
    case QUERY_SURVEY: return check_pattern(c, n->survey.op, n->survey.status, n->at);
    case QUERY_TENURE:
    case QUERY_BUCKET: return true;
    }
    return false;
}

bool query_check(struct query *q, const struct query_schema *schema, struct query_error *e)
{
    struct check c = { .q = q, .schema = schema, .e = e };
    q->checked = q->root && check_node(&c, q->root);
    return q->checked;
}
