/* Random queries over the model's names, as a person could write them. */
#include "eval_model.h"

#include "base/civil.h"

struct writer {
    struct rnd *r;
    const struct model *m;
    struct buf *out;
    int event; /* inside where: of which event; -1 outside */
    int budget;
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
    buf_printf(w->out, "\"%s\"", word);
}

static void put_strings(struct writer *w)
{
    put(w, "(");
    for (uint64_t i = 0, n = 1 + pick(w, 3); i < n; i++) {
        put(w, i ? ", " : "");
        put_string(w);
    }
    put(w, ")");
}

static void put_literal(struct writer *w)
{
    switch (pick(w, 6)) {
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
    buf_printf(w->out, "%d %s", (int)n, names[unit]);
}

static void put_when(struct writer *w)
{
    int32_t day = (int32_t)(w->m->now / USEC_DAY) - (int32_t)pick(w, 400) + 3;
    switch (pick(w, 4)) {
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
}

/* --- where --- */

static const char *attribute(struct writer *w, enum query_type type)
{
    int found[ATTRIBUTES], n = 0;
    for (int i = 0; i < ATTRIBUTES; i++)
        if (w->m->attributes[i].type == type && w->m->attributes[i].id[w->event])
            found[n++] = i;
    return n ? w->m->attributes[found[pick(w, (uint64_t)n)]].name : NULL;
}

static void put_where_number(struct writer *w)
{
    const char *name = pick(w, 3) ? attribute(w, QUERY_TYPE_NUMBER) : NULL;
    put(w, name ? name : ONE_OF(w, "hour", "weekday", "month"));
}

static void put_where_cond(struct writer *w)
{
    const char *text = attribute(w, QUERY_TYPE_TEXT), *date = attribute(w, QUERY_TYPE_DATE);
    const char *flag = attribute(w, QUERY_TYPE_BOOL), *number = attribute(w, QUERY_TYPE_NUMBER);
    switch (pick(w, 10)) {
    case 0:
        if (text) {
            buf_printf(w->out, "%s %s ", text, ONE_OF(w, "=", "!=", "contains", "starts with"));
            put_string(w);
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
        if (number) {
            buf_printf(w->out, "%s is %sset", pick(w, 2) && text ? text : number, pick(w, 2) ? "not " : "");
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

static void put_source(struct writer *w, const char *attributes)
{
    int first = (int)pick(w, attributes ? 2 : EVENTS);
    put(w, model_event_names[first]);
    w->event = first;
    if (pick(w, 4) == 0) {
        int second = (int)pick(w, attributes ? 2 : EVENTS);
        buf_printf(w->out, " | %s", model_event_names[second]);
        /* what both have is what the second but the first of the two may lack */
        w->event = second > first ? second : first;
    }
    if (attributes)
        put(w, attributes);
}

static void put_where(struct writer *w, int depth)
{
    if (pick(w, 2)) {
        put(w, " where ");
        put_disj(w, depth > 1 ? 1 : depth);
    }
    w->event = -1;
}

static void put_aggregate(struct writer *w, int depth)
{
    static const char *const plain[] = { "count", "days_since", "share" };
    static const char *const of_number[] = { "sum", "avg", "min", "max", "first", "last", "distinct" };
    switch (pick(w, 6)) {
    case 0:
    case 1:
        buf_printf(w->out, "%s(", of_number[pick(w, 7)]);
        put_source(w, ONE_OF(w, ".amount", ".quantity"));
        put_where(w, depth);
        break;
    case 2:
        put(w, "distinct(");
        put_source(w, ".product");
        put_where(w, depth);
        break;
    case 3:
        buf_printf(w->out, "min_per(%s, ", ONE_OF(w, "day", "week", "month", "year"));
        put_source(w, NULL);
        put_where(w, depth);
        put_window(w, true);
        put(w, ")");
        return;
    default: {
        const char *fn = plain[pick(w, 3)];
        buf_printf(w->out, "%s(", fn);
        put_source(w, NULL);
        if (fn[0] == 's') {
            put(w, " where ");
            put_disj(w, 1);
            w->event = -1;
        } else {
            put_where(w, depth);
        }
        break;
    }
    }
    put_window(w, false);
    put(w, ")");
}

static void put_num(struct writer *w, int depth)
{
    switch (pick(w, 8)) {
    case 0: put(w, "balance"); break;
    case 1: put(w, "visits"); break;
    case 2: buf_printf(w->out, "age(%s)", ONE_OF(w, "birth_date", "signup")); break;
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

/* --- conditions --- */

static void put_cond(struct writer *w, int depth)
{
    if (w->event >= 0) {
        put_where_cond(w);
        return;
    }
    const char *text = ONE_OF(w, "gender", "region", "tier", "zone"),
               *date = ONE_OF(w, "birth_date", "signup", "created");
    const char *set = ONE_OF(w, "tags", "interests");
    switch (pick(w, 18)) {
    case 0:
    case 1:
        buf_printf(w->out, "%s %s ", text, ONE_OF(w, "=", "!=", "contains", "starts with"));
        put_string(w);
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
    case 5:
        buf_printf(w->out, "%s is %sset",
                   ONE_OF(w, "gender", "birth_date", "balance", "newsletter", "tags", "home"),
                   pick(w, 2) ? "not " : "");
        break;
    case 6: put(w, "newsletter"); break;
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
                   1 + (int)pick(w, 500));
        break;
    case 10:
        buf_printf(w->out, "home within %d.%d km of (%d.5, %d.25)", (int)pick(w, 300), (int)pick(w, 10),
                   47 + (int)pick(w, 6), 11 + (int)pick(w, 8));
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
        buf_printf(w->out, "%d", (int)pick(w, 100));
        break;
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
    struct writer w = { .r = r, .m = m, .out = out, .event = -1, .budget = rnd_below(r, 6) == 0 };
    put_disj(&w, 2);
}
