/* Random queries over the model's names, as a person could write them. */
#include "eval_model.h"

#include "base/civil.h"

struct writer {
    struct rnd *r;
    const struct model *m;
    struct buf *out;
    int events[3]; /* of the source */
    int n_events;  /* inside where: of which events; 0 outside */
    int budget;
    bool near; /* min_per: no windows of thousands of units */
};

static uint64_t pick(struct writer *w, uint64_t n)
{
    return rnd_below(w->r, n);
}

static void put(struct writer *w, const char *s)
{
    buf_put_strv(w->out, strv_from(s));
}

#define ONE_OF(w, ...)                                                                                       \
    ((const char *const[]){                                                                                  \
        __VA_ARGS__ })[pick(w, sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))]

static void put_disj(struct writer *w, int depth);
static void put_num(struct writer *w, int depth);

static const char *put_cmp(struct writer *w)
{
    const char *op = ONE_OF(w, " = ", " != ", " < ", " <= ", " > ", " >= ");
    put(w, op);
    return op;
}

static void put_string(struct writer *w)
{
    size_t n = 0;
    while (model_words[n])
        n++;
    const char *word = pick(w, 12) ? model_words[pick(w, n)] : "unheard of";
    buf_printf(w->out, "\"%s\"",
               pick(w, 25) ? word : ONE_OF(w, "", "a\\\"b", "\\\\", " gold", "GO\xCC\x88", "A\xCC\x88PFEL"));
}

static void put_strings(struct writer *w)
{
    put(w, "(");
    for (uint64_t i = 0, n = pick(w, 30) ? 1 + pick(w, 3) : 40; i < n; i++) {
        put(w, i ? ", " : "");
        put_string(w);
    }
    put(w, ")");
}

/* Single characters that perhaps repeat: what the reference understands (eval_reference.c). */
static void put_pattern(struct writer *w)
{
    static const char *const atoms[] = { ".", ".", "o",        "G",        "s", "v",
                                         "l", "e", "\xC3\x84", "\xC3\x9F", "x", " " };
    put(w, pick(w, 4) ? "\"" : "\"^");
    for (uint64_t n = pick(w, 5); n > 0; n--) {
        put(w, atoms[pick(w, sizeof atoms / sizeof atoms[0])]);
        put(w, ONE_OF(w, "", "", "*", "+", "?"));
    }
    put(w, pick(w, 4) ? "\"" : "$\"");
}

static void put_tcmp(struct writer *w)
{
    if (pick(w, 5) == 0) {
        put(w, " matches ");
        put_pattern(w);
        return;
    }
    buf_printf(w->out, " %s ", ONE_OF(w, "=", "!=", "contains", "starts with"));
    put_string(w);
}

static void put_class(struct writer *w)
{
    static const char *const names[] = { "Champions",     "at risk",        "lost",      "hibernating",
                                         "new customers", "about to sleep", "promising", "o" };
    if (pick(w, 3) == 0) {
        put(w, " matches ");
        put_pattern(w);
        return;
    }
    buf_printf(w->out, " %s \"%s\"", ONE_OF(w, "=", "!=", "contains", "starts with"),
               names[pick(w, sizeof names / sizeof names[0])]);
}

static void put_literal(struct writer *w)
{
    switch (pick(w, 9)) {
    case 8: /* what only just fits, and what is the same with fewer digits */
        put(w, ONE_OF(w, "999999999.999999999", "-999999999.999999999", "999999999999999999",
                      "-999999999999999999", "9223372036854775807", "-9223372036854775807", "3.000000000",
                      "-0", "0.000000001", "-0.000000001", "007.50"));
        break;
    case 6: buf_printf(w->out, "%d.%09d", (int)pick(w, 40) - 20, (int)pick(w, 1000000000)); break;
    case 7: put(w, ONE_OF(w, "99999999999", "-99999999999", "0", "1", "20", "40")); break;
    case 0: buf_printf(w->out, "%d", (int)pick(w, 60) - 20); break;
    case 1: buf_printf(w->out, "%d.%d", (int)pick(w, 30), (int)pick(w, 100)); break;
    case 2: buf_printf(w->out, "%d.%03d", (int)pick(w, 10) - 5, (int)pick(w, 1000)); break;
    case 3: buf_printf(w->out, "0.%d", (int)pick(w, 10)); break;
    default: buf_printf(w->out, "%d", (int)pick(w, 5)); break;
    }
}

static void put_units(struct writer *w, bool hours)
{
    static const int most[] = { 100, 800, 60, 30, 4 };
    static const char *const names[] = { "hours", "days", "weeks", "months", "years" };
    size_t unit = hours ? pick(w, 5) : 1 + pick(w, 4);
    uint64_t n = pick(w, 3) ? 1 + pick(w, 8) : 1 + pick(w, (uint64_t)most[unit]);
    if (!w->near && pick(w, 40) == 0)
        n = unit < 3 ? 100000 : unit == 3 ? 20000 : 1900; /* beyond everything that happened */
    buf_printf(w->out, "%d %s", (int)n, names[unit]);
}

static void put_when(struct writer *w)
{
    int32_t day = (int32_t)(w->m->now / USEC_DAY) - (int32_t)pick(w, 400) + 3;
    switch (pick(w, w->near ? 4 : 5)) {
    case 4:
        put(w, ONE_OF(w, "0001-01-01", "9999-12-31", "2024-02-29", "2026-02-28", "1969-12-31", "1970-01-01",
                      "2026-10-25", "2026-03-29"));
        break;
    case 0: put(w, "today"); break;
    case 1:
        put_units(w, true);
        put(w, " ago");
        break;
    default: put(w, civil_format_date(day).s); break;
    }
}

static void put_window(struct writer *w, bool must)
{
    w->near = must;
    switch (pick(w, must ? 4 : 6)) {
    case 0:
        put(w, ", this ");
        put(w, must ? "year" : ONE_OF(w, "hour", "day", "week", "month", "year"));
        break;
    case 1:
        put(w, ", between ");
        put_when(w);
        put(w, " and ");
        put_when(w);
        break;
    case 4: put(w, ", lifetime"); break;
    case 5: break;
    default:
        put(w, ", last ");
        put_units(w, !must);
        break;
    }
    w->near = false;
}

/* --- where --- */

static bool of_all(const struct writer *w, const struct model_name *a)
{
    for (int i = 0; i < w->n_events; i++)
        if (!a->id[w->events[i]])
            return false;
    return true;
}

/* An attribute that all events of the source have; NULL: none of this type (NONE: of any). */
static const char *attribute(struct writer *w, enum query_type type)
{
    int found[ATTRIBUTES_MOST], n = 0;
    for (int i = 0; i < w->m->n_attributes; i++)
        if ((type == QUERY_TYPE_NONE || w->m->attributes[i].type == type) && of_all(w, &w->m->attributes[i]))
            found[n++] = i;
    return n ? w->m->attributes[found[pick(w, (uint64_t)n)]].name : NULL;
}

static const char *field(struct writer *w, enum query_type type)
{
    int found[FIELDS_MOST], n = 0;
    for (int i = 0; i < w->m->n_fields; i++)
        if (type == QUERY_TYPE_NONE || w->m->fields[i].type == type)
            found[n++] = i;
    return w->m->fields[found[pick(w, (uint64_t)n)]].name;
}

static void put_where_number(struct writer *w)
{
    const char *name = pick(w, 3) ? attribute(w, QUERY_TYPE_NUMBER) : NULL;
    put(w, name ? name : ONE_OF(w, "hour", "weekday", "month"));
}

static void put_where_cond(struct writer *w)
{
    const char *text = attribute(w, QUERY_TYPE_TEXT), *date = attribute(w, QUERY_TYPE_DATE);
    const char *flag = attribute(w, QUERY_TYPE_BOOL), *any = attribute(w, QUERY_TYPE_NONE);
    switch (pick(w, 10)) {
    case 0:
        if (text) {
            put(w, text);
            put_tcmp(w);
            return;
        }
        break;
    case 1:
        if (text) {
            buf_printf(w->out, "%s%s", text, pick(w, 2) ? " in " : " not in ");
            put_strings(w);
            return;
        }
        break;
    case 2:
        if (date) {
            buf_printf(w->out, "%s %s ", date, ONE_OF(w, "before", "after", "on"));
            put_when(w);
            return;
        }
        break;
    case 3:
        if (flag) {
            put(w, flag);
            return;
        }
        break;
    case 4:
        if (any) {
            buf_printf(w->out, "%s is %sset", any, pick(w, 2) ? "not " : "");
            return;
        }
        break;
    case 5:
        put_where_number(w);
        put(w, pick(w, 2) ? " between " : " not between ");
        put_literal(w);
        put(w, " and ");
        pick(w, 3) ? put_literal(w) : put_where_number(w);
        return;
    case 6:
        put_where_number(w);
        buf_printf(w->out, " in %d..%d", (int)pick(w, 24), (int)pick(w, 24));
        return;
    case 7:
        pick(w, 2) ? put_literal(w) : put_where_number(w);
        put_cmp(w);
        put_where_number(w);
        return;
    default: break;
    }
    put_where_number(w);
    put_cmp(w);
    put_literal(w);
}

/* --- aggregates --- */

/* One to three events, the same one perhaps twice, and what they have in common: `type` NONE for no
 * attribute, else falls back to what every schema has. */
static void put_source(struct writer *w, bool attributed, enum query_type type)
{
    const char *name = NULL;
    w->n_events = 0;
    for (uint64_t n = pick(w, 4) ? 1 : 2 + pick(w, 2); n > 0; n--)
        w->events[w->n_events++] = (int)pick(w, (uint64_t)w->m->n_event_types);
    for (; attributed && !(name = attribute(w, type)) && w->n_events > 1;)
        w->n_events--;
    if (attributed && !name) {
        w->events[0] = E_PURCHASE;
        name = attribute(w, type);
    }
    for (int i = 0; i < w->n_events; i++)
        buf_printf(w->out, "%s%s", i ? " | " : "", w->m->event_names[w->events[i]]);
    if (attributed)
        buf_printf(w->out, ".%s", name);
}

static void put_where(struct writer *w, int depth)
{
    if (pick(w, 2)) {
        put(w, " where ");
        put_disj(w, depth > 1 ? 1 : depth);
    }
    w->n_events = 0;
}

static void put_aggregate(struct writer *w, int depth)
{
    static const char *const plain[] = { "count", "days_since", "share" };
    static const char *const of_number[] = { "sum", "avg", "min", "max", "first", "last" };
    switch (pick(w, 6)) {
    case 0:
    case 1:
        buf_printf(w->out, "%s(", of_number[pick(w, 6)]);
        put_source(w, true, QUERY_TYPE_NUMBER);
        put_where(w, depth);
        break;
    case 2:
        put(w, "distinct(");
        put_source(w, true, QUERY_TYPE_NONE);
        put_where(w, depth);
        break;
    case 3:
        buf_printf(w->out, "min_per(%s, ", ONE_OF(w, "day", "week", "month", "year"));
        put_source(w, false, QUERY_TYPE_NONE);
        put_where(w, depth);
        put_window(w, true);
        put(w, ")");
        return;
    default: {
        const char *fn = plain[pick(w, 3)];
        buf_printf(w->out, "%s(", fn);
        put_source(w, false, QUERY_TYPE_NONE);
        if (fn[0] == 's') {
            put(w, " where ");
            put_disj(w, 1);
            w->n_events = 0;
        } else {
            put_where(w, depth);
        }
        break;
    }
    }
    put_window(w, false);
    put(w, ")");
}

/* Of an event that has an "amount" when one is needed. */
static void put_rfm(struct writer *w, const char *part)
{
    const bool amount = *part == 'm' || *part == 's' || *part == 'c';
    int event = (int)pick(w, (uint64_t)w->m->n_event_types);
    if (amount && !w->m->attributes[A_AMOUNT].id[event])
        event = E_PURCHASE;
    buf_printf(w->out, "rfm(%s", w->m->event_names[event]);
    put_window(w, false);
    buf_printf(w->out, ").%s", part);
}

static void put_num(struct writer *w, int depth)
{
    switch (pick(w, 10)) {
    case 8: put_rfm(w, ONE_OF(w, "r", "f", "m", "score")); break;
    case 9: put(w, "p_alive"); break;
    case 0:
    case 1: put(w, field(w, QUERY_TYPE_NUMBER)); break;
    case 2: buf_printf(w->out, "age(%s)", field(w, QUERY_TYPE_DATE)); break;
    case 3:
        if (w->budget-- > 0) {
            put(w, "percentile(");
            put_num(w, depth - 1);
            put(w, ")");
            break;
        }
        put(w, "balance");
        break;
    default: put_aggregate(w, depth); break;
    }
}

static void put_num_cond(struct writer *w, int depth)
{
    if (pick(w, 10) == 0) { /* the number that is known comes first */
        put_literal(w);
        if (pick(w, 2)) {
            put_cmp(w);
            put_num(w, depth);
        } else {
            put(w, pick(w, 2) ? " between " : " not between ");
            put_num(w, depth);
            put(w, " and ");
            put_num(w, depth);
        }
        return;
    }
    put_num(w, depth);
    switch (pick(w, 6)) {
    case 0:
        put(w, pick(w, 2) ? " between " : " not between ");
        pick(w, 4) ? put_literal(w) : put_num(w, depth);
        put(w, " and ");
        put_literal(w);
        break;
    case 1: buf_printf(w->out, " in %d..%d", (int)pick(w, 30) - 5, (int)pick(w, 30) - 5); break;
    case 2:
        put_cmp(w);
        put_num(w, depth);
        break;
    default:
        put_cmp(w);
        put_literal(w);
        break;
    }
}

/* Of averages above all, which are fractions. */
static void put_percentile(struct writer *w, int depth)
{
    put(w, "percentile(");
    if (pick(w, 2)) {
        put(w, "avg(");
        put_source(w, true, QUERY_TYPE_NUMBER);
        put_where(w, depth);
        put_window(w, false);
        put(w, ")");
    } else if (pick(w, 3) == 0) {
        put(w, field(w, QUERY_TYPE_NUMBER));
    } else {
        put_aggregate(w, depth);
    }
    put(w, ")");
}

/* Against literals, others and between them. */
static void put_percentile_cond(struct writer *w, int depth)
{
    put_percentile(w, depth);
    if (pick(w, 5) == 0) {
        put(w, pick(w, 2) ? " between " : " not between ");
        buf_printf(w->out, "0.%d and ", (int)pick(w, 10));
        pick(w, 2) ? put_percentile(w, depth) : put(w, "0.9");
        return;
    }
    put_cmp(w);
    switch (pick(w, 4)) {
    case 0: put_percentile(w, depth); break;
    case 1: put_num(w, depth); break;
    default: buf_printf(w->out, "0.%03d", (int)pick(w, 1000)); break;
    }
}

/* --- conditions --- */

static void put_cond(struct writer *w, int depth)
{
    if (w->n_events > 0) {
        put_where_cond(w);
        return;
    }
    const char *text = field(w, QUERY_TYPE_TEXT), *date = field(w, QUERY_TYPE_DATE);
    const char *set = field(w, QUERY_TYPE_SET);
    switch (pick(w, 20)) {
    case 15:
        put_rfm(w, "class");
        if (pick(w, 2))
            put_class(w);
        else
            buf_printf(w->out, pick(w, 2) ? " in (\"lost\", \"At Risk\", \"x\")"
                                          : " not in (\"promising\", \"champions\")");
        break;
    case 0:
    case 1:
        put(w, text);
        put_tcmp(w);
        break;
    case 2:
        buf_printf(w->out, "%s%s", text, pick(w, 2) ? " in " : " not in ");
        put_strings(w);
        break;
    case 3:
        buf_printf(w->out, "%s has ", set);
        put_string(w);
        break;
    case 4:
        buf_printf(w->out, "%s has %s ", set, ONE_OF(w, "any", "all", "none"));
        put_strings(w);
        break;
    case 5: buf_printf(w->out, "%s is %sset", field(w, QUERY_TYPE_NONE), pick(w, 2) ? "not " : ""); break;
    case 6: put(w, field(w, QUERY_TYPE_BOOL)); break;
    case 7:
        buf_printf(w->out, "%s %s ", date, ONE_OF(w, "before", "after", "on"));
        put_when(w);
        break;
    case 8:
        buf_printf(w->out, "%s within %s ", date, pick(w, 2) ? "last" : "next");
        put_units(w, false);
        break;
    case 9:
        buf_printf(w->out, "anniversary(%s) within %s %d days", date, pick(w, 2) ? "last" : "next",
                   1 + (int)(pick(w, 2) ? pick(w, 5) : pick(w, 500)));
        break;
    case 10:
        if (pick(w, 4) == 0) { /* poles, the date line, nothing and everything */
            buf_printf(w->out, "%s within %s km of (%s, %s)", field(w, QUERY_TYPE_PLACE),
                       ONE_OF(w, "0", "1", "20015.5", "20100", "4000.25"),
                       ONE_OF(w, "90", "-90", "0", "-33.9", "51.2345678"),
                       ONE_OF(w, "180", "-180", "0", "179.9999999", "-14.5"));
            break;
        }
        buf_printf(w->out, "%s within %d.%d km of (%d.5, %d.25)", field(w, QUERY_TYPE_PLACE),
                   (int)pick(w, 300), (int)pick(w, 10), 47 + (int)pick(w, 6), 11 + (int)pick(w, 8));
        break;
    case 11:
        if (w->m->n_segments) {
            buf_printf(w->out, "in segment \"%s\"", w->m->segments[pick(w, w->m->n_segments)][0]);
            break;
        }
        put(w, "newsletter");
        break;
    case 12:
        put(w, "customer for at least ");
        put_units(w, true);
        break;
    case 13:
        buf_printf(w->out, "bucket(\"%s\")", ONE_OF(w, "spring", "", "x"));
        put_cmp(w);
        buf_printf(w->out, ONE_OF(w, "%d", "%d", "%d.5", "-%d"), (int)pick(w, 101));
        break;
    case 14:
        put(w, "survey ");
        put_string(w);
        put(w, " status");
        put_tcmp(w);
        break;
    case 16: put_percentile_cond(w, depth); break;
    default: put_num_cond(w, depth); break;
    }
}

static void put_unary(struct writer *w, int depth)
{
    uint64_t k = pick(w, 10);
    if (k == 0 && depth > 0) {
        put(w, "not ");
        put_unary(w, depth - 1);
    } else if (k < 4 && depth > 0) {
        put(w, pick(w, 3) == 0 ? "not (" : "(");
        put_disj(w, depth - 1);
        put(w, ")");
    } else {
        put_cond(w, depth);
    }
}

static void put_disj(struct writer *w, int depth)
{
    put_unary(w, depth);
    while (pick(w, 3) == 0) {
        put(w, pick(w, 2) ? " and " : " or ");
        put_unary(w, depth);
    }
}

void random_query(struct rnd *r, const struct model *m, struct buf *out)
{
    struct writer w = { .r = r, .m = m, .out = out, .budget = rnd_below(r, 6) == 0 };
    put_disj(&w, 2);
}
