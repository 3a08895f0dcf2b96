/* The slow, obvious evaluator: one customer after the other, one happening after the other. */
#include "eval_model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/civil.h"
#include "base/hash.h"
#include "base/utf8.h"
#include "query/parse.h"

typedef __int128 wide;

struct ref_segments {
    struct query *of[16];
};

struct scope {
    const struct model *m;
    const struct query *q;
    uint32_t customer;
    const struct model_event *event; /* inside where */
    struct ref_percentile *cache;
    struct ref_segments *segments;
};

struct fraction {
    bool set;
    wide num, den; /* den > 0 */
};

struct rfm_everybody { /* a value of everybody, computed once a query */
    const struct query_rfm *of;
    int which;
    struct fraction *values;
    struct rfm_everybody *next;
};

struct ref_percentile { /* likewise; the first of the list holds all that is computed */
    const struct query_num *num;
    struct fraction *of;
    struct ref_percentile *next;
    struct rfm_everybody *rfm;
};

static bool ref_node(struct scope *s, const struct query_node *n);
static struct fraction ref_num(struct scope *s, const struct query_num *num);

/* --- days --- */

static int64_t floor_div(int64_t a, int64_t b)
{
    return a >= 0 ? a / b : -((-a + b - 1) / b);
}

static int64_t local_second(const struct zone *z, int64_t second)
{
    return z ? floor_div(zone_local(z, second * USEC_SEC), USEC_SEC) : second;
}

static int32_t local_day(const struct zone *z, int64_t second)
{
    return (int32_t)floor_div(local_second(z, second), 86400);
}

static int32_t today(const struct scope *s)
{
    return local_day(s->m->zone, floor_div(s->m->now, USEC_SEC));
}

struct ymd {
    int32_t y;
    unsigned m, d;
};

static struct ymd ymd(int32_t day)
{
    struct ymd x;
    civil_from_days(day, &x.y, &x.m, &x.d);
    return x;
}

/* A date n units away, forward or back. */
static int32_t moved(int32_t day, int n, enum query_unit unit)
{
    struct ymd x = ymd(day);
    switch (unit) {
    case QUERY_UNIT_DAY: return day + n;
    case QUERY_UNIT_WEEK: return day + 7 * n;
    case QUERY_UNIT_YEAR: n *= 12; break;
    case QUERY_UNIT_MONTH: break;
    case QUERY_UNIT_HOUR: return day;
    }
    for (; n > 0; n--)
        if (++x.m > 12) {
            x.m = 1;
            x.y++;
        }
    for (; n < 0; n++)
        if (--x.m < 1) {
            x.m = 12;
            x.y--;
        }
    while (x.d > civil_month_length(x.y, x.m))
        x.d--;
    return civil_days(x.y, x.m, x.d);
}

static int32_t ref_when(const struct scope *s, const struct query_when *w)
{
    if (w->kind == QUERY_WHEN_DATE)
        return w->days;
    if (w->kind == QUERY_WHEN_TODAY)
        return today(s);
    if (w->unit == QUERY_UNIT_HOUR)
        return local_day(s->m->zone, floor_div(s->m->now, USEC_SEC) - (int64_t)w->n * 3600);
    return moved(today(s), -(int)w->n, w->unit);
}

/* First and last day of a calendar window. */
static void window_days(const struct scope *s, const struct query_window *w, int32_t *first, int32_t *last)
{
    struct ymd t = ymd(today(s));
    *first = INT32_MIN / 2;
    *last = today(s);
    if (w->kind == QUERY_WINDOW_LAST)
        *first = moved(today(s), -(int)w->n, w->unit) + 1;
    if (w->kind == QUERY_WINDOW_BETWEEN) {
        *first = ref_when(s, &w->from);
        *last = ref_when(s, &w->to);
    }
    if (w->kind == QUERY_WINDOW_THIS) {
        if (w->unit == QUERY_UNIT_DAY)
            *first = today(s);
        else if (w->unit == QUERY_UNIT_WEEK)
            for (*first = today(s); civil_weekday(*first) != 0; --*first) {
            }
        else
            *first = civil_days(t.y, w->unit == QUERY_UNIT_YEAR ? 1 : t.m, 1);
    }
}

static bool in_window(const struct scope *s, const struct query_window *w, int64_t second)
{
    usec_t at = second * USEC_SEC, now = s->m->now;
    if (at > now)
        return false;
    if (w->kind == QUERY_WINDOW_LAST && w->unit == QUERY_UNIT_HOUR)
        return at > now - (usec_t)w->n * USEC_HOUR;
    if (w->kind == QUERY_WINDOW_THIS && w->unit == QUERY_UNIT_HOUR) {
        usec_t local = s->m->zone ? zone_local(s->m->zone, now) : now;
        return at >= now - (local - floor_div(local, USEC_HOUR) * USEC_HOUR);
    }
    int32_t first, last, day = local_day(s->m->zone, second);
    window_days(s, w, &first, &last);
    return day >= first && day <= last;
}

/* --- texts --- */

static char *folded(struct strv s)
{
    struct buf b = { 0 };
    assert_true(utf8_fold(&b, s));
    char *copy = strdup(buf_cstr(&b));
    buf_free(&b);
    return copy;
}

static bool same_text(struct strv a, struct strv b)
{
    char *x = folded(a), *y = folded(b);
    bool same = strcmp(x, y) == 0;
    free(x);
    free(y);
    return same;
}

/* Patterns of single characters, "." for any, each perhaps with *, + or ?, tied by ^ and $. */
static size_t char_length(const char *p)
{
    size_t n = *p ? 1 : 0;
    while (n && ((unsigned char)p[n] & 0xC0) == 0x80)
        n++;
    return n;
}

static bool pattern_here(const char *p, const char *text)
{
    size_t n = char_length(p), k = char_length(text);
    if (n == 0 || (p[0] == '$' && p[1] == 0))
        return n == 0 || k == 0;
    bool one = k > 0 && (*p == '.' || (n == k && memcmp(p, text, n) == 0));
    switch (p[n]) {
    case '?': return (one && pattern_here(p + n + 1, text + k)) || pattern_here(p + n + 1, text);
    case '*': return (one && pattern_here(p, text + k)) || pattern_here(p + n + 1, text);
    case '+':
        if (!one)
            return false;
        return pattern_here(p, text + k) || pattern_here(p + n + 1, text + k);
    default: return one && pattern_here(p + n, text + k);
    }
}

static bool pattern_found(const char *p, const char *text)
{
    if (*p == '^')
        return pattern_here(p + 1, text);
    for (; *text; text += char_length(text))
        if (pattern_here(p, text))
            return true;
    return pattern_here(p, text);
}

static bool text_holds(enum query_tcmp op, const char *value, struct strv wanted)
{
    char *x = folded(strv_from(value)), *y = folded(wanted);
    bool holds = false;
    switch (op) {
    case QUERY_TEXT_EQ: holds = strcmp(x, y) == 0; break;
    case QUERY_TEXT_NE: holds = strcmp(x, y) != 0; break;
    case QUERY_TEXT_CONTAINS: holds = strstr(x, y) != NULL; break;
    case QUERY_TEXT_STARTS: holds = strncmp(x, y, strlen(y)) == 0; break;
    case QUERY_TEXT_MATCHES: holds = pattern_found(y, x); break;
    }
    free(x);
    free(y);
    return holds;
}

/* --- values --- */

static int name_find(const struct model_name *names, int n, struct strv name)
{
    for (int i = 0; i < n; i++)
        if (strv_eq_c(name, names[i].name))
            return i;
    fail_msg("no name " STRV_FMT, STRV_ARG(name));
    return -1;
}

static const struct model_value *ref_value(const struct scope *s, const struct query_ref *ref,
                                           unsigned *scale)
{
    const struct model *m = s->m;
    if (s->event) {
        int i = name_find(m->attributes, m->n_attributes, ref->name);
        *scale = m->attributes[i].scale[s->event->type];
        return &s->event->attribute[i];
    }
    int i = name_find(m->fields, m->n_fields, ref->name);
    *scale = m->fields[i].scale[0];
    return &m->customers[s->customer].field[i];
}

/* --- numbers --- */

static wide pow10_wide(unsigned n)
{
    wide v = 1;
    while (n--)
        v *= 10;
    return v;
}

static int fraction_cmp(struct fraction a, struct fraction b)
{
    wide left = a.num * b.den, right = b.num * a.den;
    return (left > right) - (left < right);
}

static bool is_builtin(struct strv name)
{
    return strv_eq_c(name, "hour") || strv_eq_c(name, "weekday") || strv_eq_c(name, "month");
}

static struct fraction ref_builtin(const struct scope *s, struct strv name)
{
    int64_t local = local_second(s->m->customers[s->customer].zone, s->event->second);
    int32_t day = (int32_t)floor_div(local, 86400);
    struct fraction f = { true, 0, 1 };
    if (strv_eq_c(name, "hour"))
        f.num = (local - (int64_t)day * 86400) / 3600;
    else if (strv_eq_c(name, "weekday"))
        f.num = civil_weekday(day) + 1;
    else
        f.num = ymd(day).m;
    return f;
}

static int ref_age(int32_t now, int32_t birth)
{
    struct ymd t = ymd(now), b = ymd(birth);
    if (b.m == 2 && b.d == 29 && !civil_is_leap(t.y)) {
        b.m = 3;
        b.d = 1;
    }
    int age = t.y - b.y;
    return t.m < b.m || (t.m == b.m && t.d < b.d) ? age - 1 : age;
}

/* Its place among the events of the source, -1 when it is none of them. */
static int source_place(const struct scope *s, const struct query_aggregate *a, const struct model_event *e)
{
    for (size_t i = 0; i < a->n_events; i++)
        if (strv_eq_c(a->events[i].name, s->m->event_names[e->type]))
            return (int)i;
    return -1;
}

static bool of_source(const struct scope *s, const struct query_aggregate *a, const struct model_event *e)
{
    return source_place(s, a, e) >= 0;
}

static bool event_matches(struct scope *s, const struct query_aggregate *a, const struct model_event *e)
{
    if (!a->where)
        return true;
    struct scope inner = *s;
    inner.event = e;
    return ref_node(&inner, a->where);
}

/* First and last day of the unit a day is in. */
static void unit_days(int32_t day, enum query_unit unit, int32_t *first, int32_t *last)
{
    struct ymd x = ymd(day);
    *first = *last = day;
    if (unit == QUERY_UNIT_WEEK) {
        *first = day - (int32_t)civil_weekday(day);
        *last = *first + 6;
    } else if (unit == QUERY_UNIT_MONTH) {
        *first = civil_days(x.y, x.m, 1);
        *last = civil_days(x.y, x.m, civil_month_length(x.y, x.m));
    } else if (unit == QUERY_UNIT_YEAR) {
        *first = civil_days(x.y, 1, 1);
        *last = civil_days(x.y, 12, 31);
    }
}

static struct fraction ref_min_per(struct scope *s, const struct query_aggregate *a)
{
    const struct model_customer *c = &s->m->customers[s->customer];
    struct fraction least = { false, 0, 1 };
    int32_t first, last, from, to;
    window_days(s, &a->window, &first, &last);
    for (int32_t day = first; day <= last; day = to + 1) {
        unit_days(day, a->per, &from, &to);
        if (from < first || to > last)
            continue;
        int64_t n = 0;
        for (size_t i = c->first; i < c->end; i++) {
            const struct model_event *e = &s->m->events[i];
            int32_t d = local_day(s->m->zone, e->second);
            n += of_source(s, a, e) && d >= from && d <= to && e->second * USEC_SEC <= s->m->now &&
                 event_matches(s, a, e);
        }
        if (!least.set || n < least.num)
            least = (struct fraction){ true, n, 1 };
    }
    return least;
}

struct seen { /* distinct */
    wide num, den;
    const char *text;
};

static bool seen_before(const struct seen *list, size_t n, const struct seen *x)
{
    for (size_t i = 0; i < n; i++) {
        if (x->text ? same_text(strv_from(list[i].text), strv_from(x->text))
                    : list[i].num * x->den == x->num * list[i].den)
            return true;
    }
    return false;
}

static struct fraction ref_aggregate(struct scope *s, const struct query_aggregate *a)
{
    const struct model_customer *c = &s->m->customers[s->customer];
    struct fraction none = { false, 0, 1 }, sum = { true, 0, 1 }, best = none;
    int64_t count = 0, all = 0, days = 0, distinct = 0, best_second = 0;
    int best_place = 0;
    struct seen seen[512];
    if (a->fn == QUERY_MIN_PER)
        return ref_min_per(s, a);
    for (size_t i = c->first; i < c->end; i++) {
        const struct model_event *e = &s->m->events[i];
        if (!of_source(s, a, e) || !in_window(s, &a->window, e->second))
            continue;
        all++;
        if (!event_matches(s, a, e))
            continue;
        if (!a->attribute.n) {
            count++;
            days = today(s) - local_day(s->m->zone, e->second); /* in order of time: the last one stays */
            continue;
        }
        int k = name_find(s->m->attributes, s->m->n_attributes, a->attribute);
        if (!e->attribute[k].set)
            continue;
        count++;
        struct fraction v = { true, e->attribute[k].n, pow10_wide(s->m->attributes[k].scale[e->type]) };
        sum.num = sum.num * v.den + v.num * sum.den;
        sum.den *= v.den;
        while (sum.den > 1000000) { /* none has more than six digits */
            sum.num /= 10;
            sum.den /= 10;
        }
        /* Of one second: the events of the source as they are written, then as they arrived. */
        int place = source_place(s, a, e);
        bool later = e->second > best_second || (e->second == best_second && place >= best_place);
        if (!best.set || (a->fn == QUERY_MIN && fraction_cmp(v, best) < 0) ||
            (a->fn == QUERY_MAX && fraction_cmp(v, best) > 0) || (a->fn == QUERY_LAST && later) ||
            (a->fn == QUERY_FIRST && e->second == best_second && place < best_place)) {
            best = v;
            best_second = e->second;
            best_place = place;
        }
        struct seen x = { v.num, v.den,
                          s->m->attributes[k].type == QUERY_TYPE_TEXT ? e->attribute[k].text : NULL };
        assert_true(distinct < 512);
        if (!seen_before(seen, (size_t)distinct, &x))
            seen[distinct++] = x;
    }
    switch (a->fn) {
    case QUERY_COUNT: return (struct fraction){ true, count, 1 };
    case QUERY_SUM: return sum;
    case QUERY_AVG: return count ? (struct fraction){ true, sum.num, sum.den * count } : none;
    case QUERY_MIN:
    case QUERY_MAX:
    case QUERY_FIRST:
    case QUERY_LAST: return best;
    case QUERY_DISTINCT: return (struct fraction){ true, distinct, 1 };
    case QUERY_SHARE: return (struct fraction){ true, count, all ? all : 1 };
    case QUERY_DAYS_SINCE: return count ? (struct fraction){ true, days, 1 } : none;
    case QUERY_MIN_PER: break;
    }
    fail();
    return none;
}

static struct fraction ref_percentile(struct scope *s, const struct query_num *num)
{
    struct ref_percentile *p = s->cache->next;
    while (p && p->num != num)
        p = p->next;
    if (!p) {
        p = calloc(1, sizeof *p);
        p->num = num;
        p->of = calloc(s->m->n, sizeof *p->of);
        p->next = s->cache->next;
        s->cache->next = p;
        for (uint32_t i = 0; i < s->m->n; i++) {
            struct scope other = *s;
            other.customer = i;
            if (s->m->customers[i].exists)
                p->of[i] = ref_num(&other, num->operand);
        }
    }
    if (!p->of[s->customer].set)
        return p->of[s->customer];
    struct fraction f = { true, 0, 0 };
    for (uint32_t i = 0; i < s->m->n; i++) {
        f.den += p->of[i].set;
        f.num += p->of[i].set && fraction_cmp(p->of[i], p->of[s->customer]) <= 0;
    }
    return f;
}

/* --- recency, frequency, monetary --- */

static struct fraction rfm_value(struct scope *s, const struct query_rfm *rfm, int which)
{
    static const enum query_fn fns[] = { QUERY_DAYS_SINCE, QUERY_COUNT, QUERY_SUM };
    struct query_event event = rfm->event;
    struct query_aggregate a = { .fn = fns[which], .events = &event, .n_events = 1, .window = rfm->window };
    if (which == 2)
        a.attribute = STRV("amount");
    struct fraction f = ref_aggregate(s, &a);
    if (which == 0)
        f.num = -f.num;
    return f;
}

static bool has_amount(const struct scope *s, const struct query_rfm *rfm)
{
    const struct model_name *amount = &s->m->attributes[A_AMOUNT];
    for (int i = 0; i < s->m->n_event_types; i++)
        if (strv_eq_c(rfm->event.name, s->m->event_names[i]))
            return amount->id[i] != 0;
    return false;
}

/* 1 and the whole part of five times the part of those who have a value that is worse. */
static int rfm_score(struct scope *s, const struct query_rfm *rfm, int which)
{
    struct rfm_everybody *all = s->cache->rfm;
    int64_t worse = 0, n = 0;
    while (all && (all->of != rfm || all->which != which))
        all = all->next;
    if (!all) {
        all = calloc(1, sizeof *all);
        *all = (struct rfm_everybody){ rfm, which, calloc(s->m->n, sizeof *all->values), s->cache->rfm };
        s->cache->rfm = all;
        for (uint32_t i = 0; i < s->m->n; i++) {
            struct scope other = *s;
            other.customer = i;
            bool counted = s->m->customers[i].exists && rfm_value(&other, rfm, 1).num > 0;
            all->values[i] = counted ? rfm_value(&other, rfm, which) : (struct fraction){ false, 0, 1 };
        }
    }
    for (uint32_t i = 0; i < s->m->n; i++) {
        n += all->values[i].set;
        worse += all->values[i].set && fraction_cmp(all->values[i], all->values[s->customer]) < 0;
    }
    return 1 + (int)(5 * worse / n);
}

/* False: no such event in the window. */
static bool rfm_scores_of(struct scope *s, const struct query_rfm *rfm, int score[3])
{
    if (rfm_value(s, rfm, 1).num == 0)
        return false;
    for (int which = 0; which < 3; which++)
        score[which] = which == 2 && !has_amount(s, rfm) ? 0 : rfm_score(s, rfm, which);
    return true;
}

static struct fraction ref_rfm(struct scope *s, const struct query_rfm *rfm)
{
    int score[3] = { 0 };
    if (!rfm_scores_of(s, rfm, score))
        return (struct fraction){ false, 0, 1 };
    if (rfm->part == QUERY_RFM_SCORE)
        return (struct fraction){ true, score[0] + score[1] + score[2], 1 };
    return (struct fraction){ true,
                              score[rfm->part == QUERY_RFM_R   ? 0
                                    : rfm->part == QUERY_RFM_F ? 1
                                                               : 2],
                              1 };
}

/* conf/README.md in words. */
static const char *class_of(int r, int f, int m)
{
    if (r >= 4 && f >= 4 && m >= 4)
        return "champions";
    if (r <= 2 && f >= 4 && m >= 4)
        return "cannot lose them";
    if (f >= 4 && r >= 3)
        return "loyal customers";
    if (f >= 3 && r <= 2)
        return "at risk";
    if (r >= 4)
        return f > 1 ? "potential loyalists" : r == 5 ? "new customers" : "promising";
    if (r == 3)
        return f == 3 ? "need attention" : "about to sleep";
    return r == 2 ? "hibernating" : "lost";
}

static bool ref_class(struct scope *s, const struct query_node *n)
{
    int score[3];
    if (!rfm_scores_of(s, &n->text.value.rfm, score))
        return false;
    const char *class = class_of(score[0], score[1], score[2]);
    if (n->kind == QUERY_TEXT)
        return text_holds(n->text.op, class, n->text.strings[0]);
    for (size_t i = 0; i < n->text.n; i++)
        if (text_holds(QUERY_TEXT_EQ, class, n->text.strings[i]))
            return !n->negated;
    return n->negated;
}

/* --- the chance of being active --- */

static struct fraction ref_alive(struct scope *s)
{
    const struct model_customer *c = &s->m->customers[s->customer];
    const double *p = s->m->alive;
    int32_t first = 0, last = 0;
    int days = 0;
    for (size_t i = c->first; i < c->end; i++) {
        const struct model_event *e = &s->m->events[i];
        int32_t day = local_day(s->m->zone, e->second);
        if (e->type != E_PURCHASE || e->second * USEC_SEC > s->m->now)
            continue;
        if (days == 0)
            first = day;
        days += days == 0 || day != last;
        last = day;
    }
    if (days == 0)
        return (struct fraction){ false, 0, 1 };
    double x = days - 1, t_x = (last - first) / 7.0, t = (today(s) - first) / 7.0;
    double odds = p[2] / (p[3] + x - 1) * pow((p[1] + t) / (p[1] + t_x), p[0] + x);
    return (struct fraction){ true, llround(1e9 * (days == 1 ? 1 : 1 / (1 + odds))), 1000000000 };
}

static struct fraction ref_num(struct scope *s, const struct query_num *num)
{
    unsigned scale;
    switch (num->kind) {
    case QUERY_NUM_LITERAL:
        return (struct fraction){ true, num->literal.units, pow10_wide(num->literal.scale) };
    case QUERY_NUM_FIELD: {
        if (s->event && is_builtin(num->field.name))
            return ref_builtin(s, num->field.name);
        const struct model_value *v = ref_value(s, &num->field, &scale);
        return (struct fraction){ v->set, v->n, pow10_wide(scale) };
    }
    case QUERY_NUM_AGE: {
        const struct model_value *v = ref_value(s, &num->field, &scale);
        return (struct fraction){ v->set, v->set ? ref_age(today(s), (int32_t)v->n) : 0, 1 };
    }
    case QUERY_NUM_AGGREGATE: return ref_aggregate(s, &num->aggregate);
    case QUERY_NUM_PERCENTILE: return ref_percentile(s, num);
    case QUERY_NUM_RFM: return ref_rfm(s, &num->rfm);
    case QUERY_NUM_P_ALIVE: return ref_alive(s);
    }
    return (struct fraction){ 0 };
}

/* --- conditions --- */

static bool cmp_holds(enum query_cmp op, int c)
{
    const bool holds[] = { c == 0, c != 0, c<0, c <= 0, c> 0, c >= 0 };
    return holds[op];
}

static bool ref_numbers(struct scope *s, const struct query_node *n)
{
    struct query_num *nums[3];
    struct fraction x[3];
    for (size_t i = 0, k = query_node_nums(n, nums); i < k; i++) {
        x[i] = ref_num(s, nums[i]);
        if (!x[i].set)
            return false;
    }
    if (n->kind == QUERY_COMPARE)
        return cmp_holds(n->compare.op, fraction_cmp(x[0], x[1]));
    if (n->kind == QUERY_BETWEEN)
        return (fraction_cmp(x[0], x[1]) >= 0 && fraction_cmp(x[0], x[2]) <= 0) != n->negated;
    bool from = fraction_cmp(x[0], (struct fraction){ true, n->range.from, 1 }) >= 0;
    bool to = fraction_cmp(x[0], (struct fraction){ true, n->range.to, 1 }) <= 0;
    return n->range.from <= n->range.to ? from && to : from || to;
}

static bool ref_text(struct scope *s, const struct query_node *n)
{
    unsigned scale;
    const struct model_value *v = ref_value(s, &n->text.value.field, &scale);
    if (!v->set)
        return false;
    if (n->kind == QUERY_TEXT)
        return text_holds(n->text.op, v->text, n->text.strings[0]);
    for (size_t i = 0; i < n->text.n; i++)
        if (text_holds(QUERY_TEXT_EQ, v->text, n->text.strings[i]))
            return !n->negated;
    return n->negated;
}

static bool ref_has(struct scope *s, const struct query_node *n)
{
    unsigned scale;
    const struct model_value *v = ref_value(s, &n->has.field, &scale);
    size_t found = 0;
    for (size_t i = 0; i < n->has.n; i++) {
        bool member = false;
        for (int k = 0; k < 13; k++)
            member =
                member || ((v->members >> k & 1) && same_text(strv_from(model_words[k]), n->has.strings[i]));
        found += member;
    }
    if (n->has.op == QUERY_HAS_ANY)
        return found > 0;
    if (n->has.op == QUERY_HAS_NONE)
        return found == 0;
    return found == n->has.n;
}

static bool ref_anniversary(int32_t date, int32_t first, int32_t last)
{
    struct ymd b = ymd(date);
    for (int32_t day = first; day <= last; day++) {
        struct ymd x = ymd(day);
        bool leap = b.m == 2 && b.d == 29 && !civil_is_leap(x.y) && x.m == 3 && x.d == 1;
        if (((x.m == b.m && x.d == b.d) || leap) && x.y > b.y)
            return true;
    }
    return false;
}

static bool ref_within(struct scope *s, const struct query_node *n)
{
    unsigned scale;
    const struct model_value *v = ref_value(s, &n->within.field, &scale);
    int32_t first = today(s), last = today(s);
    if (n->within.next)
        last = moved(today(s), (int)n->within.n, n->within.unit) - 1;
    else
        first = moved(today(s), -(int)n->within.n, n->within.unit) + 1;
    if (!v->set)
        return false;
    return n->kind == QUERY_ANNIVERSARY ? ref_anniversary((int32_t)v->n, first, last)
                                        : v->n >= first && v->n <= last;
}

static bool ref_date(struct scope *s, const struct query_node *n)
{
    unsigned scale;
    const struct model_value *v = ref_value(s, &n->date.field, &scale);
    int32_t day = ref_when(s, &n->date.when);
    if (!v->set)
        return false;
    return n->date.op == QUERY_BEFORE ? v->n < day : n->date.op == QUERY_AFTER ? v->n > day : v->n == day;
}

/* By the angle between two vectors; the product uses haversines. */
static bool ref_near(struct scope *s, const struct query_node *n)
{
    unsigned scale;
    const struct model_value *v = ref_value(s, &n->near.field, &scale);
    double rad = acos(-1) / 180;
    double a = v->lat / 1e7 * rad, b = v->lon / 1e7 * rad;
    double c = (double)n->near.latitude.units / pow(10, n->near.latitude.scale) * rad;
    double d = (double)n->near.longitude.units / pow(10, n->near.longitude.scale) * rad;
    double dot = cos(a) * cos(b) * cos(c) * cos(d) + cos(a) * sin(b) * cos(c) * sin(d) + sin(a) * sin(c);
    double km = (double)n->near.km.units / pow(10, n->near.km.scale);
    return v->set && 6371.0088 * acos(dot > 1 ? 1 : dot) <= km;
}

/* Read once an evaluation, so that what is computed of everybody is. */
static bool ref_segment(struct scope *s, const struct query_node *n)
{
    struct ref_segments *known = s->segments;
    for (size_t i = 0; i < s->m->n_segments; i++) {
        if (!strv_eq_c(n->segment.name, s->m->segments[i][0]))
            continue;
        if (!known->of[i])
            known->of[i] = query_parse(strv_from(s->m->segments[i][1]), NULL, NULL);
        struct scope inner = *s;
        inner.q = known->of[i];
        return ref_node(&inner, inner.q->root);
    }
    fail();
    return false;
}

static bool ref_tenure(struct scope *s, const struct query_node *n)
{
    const struct model_customer *c = &s->m->customers[s->customer];
    const struct model_value *since = c->field[F_SIGNUP].set ? &c->field[F_SIGNUP] : &c->field[F_CREATED];
    struct query_when ago = { .kind = QUERY_WHEN_AGO, .n = n->tenure.n, .unit = n->tenure.unit };
    return since->set && since->n <= ref_when(s, &ago);
}

static bool ref_bucket(struct scope *s, const struct query_node *n)
{
    struct buf b = { 0 };
    buf_put_strv(&b, n->bucket.salt);
    buf_put_u8(&b, 0);
    buf_put_u64(&b, (uint64_t)s->m->customers[s->customer].field[F_MSISDN].n);
    struct fraction bucket = { true, (wide)(hash_stable(b.data, b.len) % 100), 1 };
    struct fraction value = { true, n->bucket.value.units, pow10_wide(n->bucket.value.scale) };
    buf_free(&b);
    return cmp_holds(n->bucket.op, fraction_cmp(bucket, value));
}

static bool ref_survey(struct scope *s, const struct query_node *n)
{
    const struct model_customer *c = &s->m->customers[s->customer];
    const char *status = NULL;
    for (size_t i = c->first; i < c->end; i++) {
        const struct model_event *e = &s->m->events[i];
        if (e->type == E_SURVEY && e->second * USEC_SEC <= s->m->now && e->attribute[A_NAME].set &&
            e->attribute[A_STATUS].set && same_text(strv_from(e->attribute[A_NAME].text), n->survey.name))
            status = e->attribute[A_STATUS].text;
    }
    return status && text_holds(n->survey.op, status, n->survey.status);
}

static bool ref_node(struct scope *s, const struct query_node *n)
{
    unsigned scale;
    switch (n->kind) {
    case QUERY_OR:
        for (size_t i = 0; i < n->operands.n; i++)
            if (ref_node(s, n->operands.items[i]))
                return true;
        return false;
    case QUERY_AND:
        for (size_t i = 0; i < n->operands.n; i++)
            if (!ref_node(s, n->operands.items[i]))
                return false;
        return true;
    case QUERY_NOT: return !ref_node(s, n->operands.items[0]);
    case QUERY_COMPARE:
    case QUERY_BETWEEN:
    case QUERY_RANGE: return ref_numbers(s, n);
    case QUERY_TEXT:
    case QUERY_TEXT_IN: return n->text.value.is_rfm ? ref_class(s, n) : ref_text(s, n);
    case QUERY_SET_HAS: return ref_has(s, n);
    case QUERY_BOOL: {
        const struct model_value *v = ref_value(s, &n->field, &scale);
        return v->set && v->n;
    }
    case QUERY_IS_SET: return ref_value(s, &n->field, &scale)->set != n->negated;
    case QUERY_DATE: return ref_date(s, n);
    case QUERY_DATE_WITHIN:
    case QUERY_ANNIVERSARY: return ref_within(s, n);
    case QUERY_NEAR: return ref_near(s, n);
    case QUERY_SEGMENT: return ref_segment(s, n);
    case QUERY_TENURE: return ref_tenure(s, n);
    case QUERY_BUCKET: return ref_bucket(s, n);
    case QUERY_SURVEY: return ref_survey(s, n);
    }
    fail();
    return false;
}

static void cache_free(struct ref_percentile *cache)
{
    for (struct ref_percentile *p = cache->next, *next; p; p = next) {
        next = p->next;
        free(p->of);
        free(p);
    }
    for (struct rfm_everybody *x = cache->rfm, *next; x; x = next) {
        next = x->next;
        free(x->values);
        free(x);
    }
}

void reference_evaluate(const struct model *m, const struct query *q, bool *answers)
{
    struct ref_percentile cache = { 0 };
    struct ref_segments segments = { { 0 } };
    for (uint32_t i = 0; i < m->n; i++) {
        struct scope s = { .m = m, .q = q, .customer = i, .cache = &cache, .segments = &segments };
        answers[i] = m->customers[i].exists && ref_node(&s, q->root);
    }
    cache_free(&cache);
    for (size_t i = 0; i < 16; i++)
        query_free(segments.of[i]);
}
