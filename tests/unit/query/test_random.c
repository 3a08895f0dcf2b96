/* Properties over random trees and hostile texts: what is printed is read back as the same tree, and no text
 * makes the parser do anything but answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/civil.h"
#include "base/random.h"
#include "examples.h"
#include "query/parse.h"
#include "query/print.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

struct grower {
    struct query *q;
    struct rnd *r;
    bool in_where;
};

static uint64_t pick(struct grower *g, uint64_t n)
{
    return rnd_below(g->r, n);
}

static void *grow(struct grower *g, size_t size)
{
    void *p = query_alloc(g->q, size);
    assert_non_null(p);
    return p;
}

static struct strv grow_name(struct grower *g)
{
    /* names that are keywords, too */
    static const char *const names[] = { "x",      "a.b",    "last",     "count",  "today", "in",
                                         "ever",   "survey", "customer", "bucket", "is",    "set",
                                         "has",    "month",  "where",    "within", "age",   "between",
                                         "_1",     "tags",   "segment",  "min",    "this",  "on",
                                         "starts", "with",   "of" };
    return strv_from(names[pick(g, COUNT(names))]);
}

static struct strv grow_event(struct grower *g)
{
    static const char *const names[] = { "purchase", "last", "where", "reply", "month" };
    return strv_from(names[pick(g, COUNT(names))]);
}

static struct strv grow_string(struct grower *g)
{
    static const char *const strings[] = {
        "", "a", "\"", "\\", "\\\"\\", "# no comment", "\xC3\xA4 \xE2\x82\xAC", "and", "\t"
    };
    return strv_from(strings[pick(g, COUNT(strings))]);
}

static struct strv *grow_strings(struct grower *g, size_t n)
{
    struct strv *s = grow(g, n * sizeof *s);
    for (size_t i = 0; i < n; i++)
        s[i] = grow_string(g);
    return s;
}

static struct query_number grow_number(struct grower *g)
{
    struct query_number v = { (int64_t)pick(g, 20000) - 10000, (uint8_t)pick(g, 4) };
    if (pick(g, 10) == 0)
        v = (struct query_number){ INT64_C(999999999999999999), 9 };
    while (v.scale && v.units % 10 == 0) {
        v.units /= 10;
        v.scale--;
    }
    return v;
}

static struct query_when grow_when(struct grower *g)
{
    struct query_when w = { .kind = (enum query_when_kind)pick(g, 3) };
    if (w.kind == QUERY_WHEN_DATE)
        w.days = civil_days(1000, 1, 1) + (int32_t)pick(g, 3000000);
    if (w.kind == QUERY_WHEN_AGO) {
        w.n = (uint32_t)pick(g, 5);
        w.unit = (enum query_unit)pick(g, 5);
    }
    return w;
}

static struct query_window grow_window(struct grower *g)
{
    struct query_window w = { .kind = (enum query_window_kind)pick(g, 4) };
    w.n = w.kind == QUERY_WINDOW_LAST ? 1 + (uint32_t)pick(g, 400) : 0;
    w.unit = (enum query_unit)pick(g, 5);
    w.from = grow_when(g);
    w.to = grow_when(g);
    return w;
}

static struct query_node *grow_node(struct grower *g, int depth, enum query_node_kind not_this);

static struct query_rfm grow_rfm(struct grower *g, bool text)
{
    return (struct query_rfm){ .event = { .name = grow_event(g) },
                               .window = grow_window(g),
                               .part = text ? QUERY_RFM_CLASS : (enum query_rfm_part)pick(g, 4) };
}

static void grow_aggregate(struct grower *g, int depth, struct query_aggregate *a)
{
    a->fn = (enum query_fn)pick(g, 11);
    a->per = (enum query_unit)pick(g, 5);
    a->n_events = 1 + pick(g, 3);
    a->events = grow(g, a->n_events * sizeof *a->events);
    for (size_t i = 0; i < a->n_events; i++)
        a->events[i].name = grow_event(g);
    if (pick(g, 2))
        a->attribute = grow_name(g);
    a->window = grow_window(g);
    if (depth > 0 && pick(g, 2)) {
        g->in_where = true;
        a->where = grow_node(g, depth - 1, QUERY_TENURE);
        g->in_where = false;
    }
}

static struct query_num *grow_num(struct grower *g, int depth)
{
    struct query_num *num = grow(g, sizeof *num);
    num->kind = (enum query_num_kind)pick(g, g->in_where ? 2 : depth > 0 ? 7 : 3);
    switch (num->kind) {
    case QUERY_NUM_LITERAL: num->literal = grow_number(g); break;
    case QUERY_NUM_FIELD:
    case QUERY_NUM_AGE: num->field.name = grow_name(g); break;
    case QUERY_NUM_AGGREGATE: grow_aggregate(g, depth, &num->aggregate); break;
    case QUERY_NUM_PERCENTILE: num->operand = grow_num(g, depth - 1); break;
    case QUERY_NUM_RFM: num->rfm = grow_rfm(g, false); break;
    case QUERY_NUM_P_ALIVE: break;
    }
    return num;
}

static void grow_text(struct grower *g, struct query_node *n)
{
    n->text.value.is_rfm = !g->in_where && pick(g, 4) == 0;
    if (n->text.value.is_rfm)
        n->text.value.rfm = grow_rfm(g, true);
    else
        n->text.value.field.name = grow_name(g);
    n->text.n = n->kind == QUERY_TEXT ? 1 : 1 + pick(g, 3);
    n->text.op = n->kind == QUERY_TEXT ? (enum query_tcmp)pick(g, 5) : QUERY_TEXT_EQ;
    n->text.strings = grow_strings(g, n->text.n);
    n->negated = n->kind == QUERY_TEXT_IN && pick(g, 2);
}

static void grow_has(struct grower *g, struct query_node *n)
{
    n->has.field.name = grow_name(g);
    n->has.n = 1 + pick(g, 3);
    n->has.strings = grow_strings(g, n->has.n);
    if (n->has.n == 1)
        n->has.op = pick(g, 2) ? QUERY_HAS : QUERY_HAS_NONE;
    else
        n->has.op = (enum query_has)(QUERY_HAS_ANY + pick(g, 3));
}

static void grow_special(struct grower *g, struct query_node *n)
{
    switch (n->kind) {
    case QUERY_NEAR:
        n->near.field.name = grow_name(g);
        n->near.km = (struct query_number){ 25, 1 };
        n->near.latitude = (struct query_number){ -(int64_t)pick(g, 90), 0 };
        n->near.longitude = (struct query_number){ 14433, 3 };
        break;
    case QUERY_SEGMENT:
        n->segment.name = grow_string(g);
        n->segment.ever = pick(g, 2);
        break;
    case QUERY_SURVEY:
        n->survey.name = grow_string(g);
        n->survey.op = (enum query_tcmp)pick(g, 5);
        n->survey.status = grow_string(g);
        break;
    case QUERY_TENURE:
        n->tenure.n = 1 + (uint32_t)pick(g, 3);
        n->tenure.unit = (enum query_unit)pick(g, 5);
        break;
    case QUERY_BUCKET:
        n->bucket.salt = grow_string(g);
        n->bucket.op = (enum query_cmp)pick(g, 6);
        n->bucket.value = grow_number(g);
        break;
    default: fail();
    }
}

static void grow_cond(struct grower *g, int depth, struct query_node *n)
{
    switch (n->kind) {
    case QUERY_COMPARE:
        n->compare.left = grow_num(g, depth);
        n->compare.right = grow_num(g, depth);
        n->compare.op = (enum query_cmp)pick(g, 6);
        break;
    case QUERY_BETWEEN:
        n->between.value = grow_num(g, depth);
        n->between.low = grow_num(g, depth);
        n->between.high = grow_num(g, depth);
        n->negated = pick(g, 2);
        break;
    case QUERY_RANGE:
        n->range.value = grow_num(g, depth);
        n->range.from = (int64_t)pick(g, 48) - 24;
        n->range.to = (int64_t)pick(g, 48) - 24;
        break;
    case QUERY_TEXT:
    case QUERY_TEXT_IN: grow_text(g, n); break;
    case QUERY_SET_HAS: grow_has(g, n); break;
    case QUERY_IS_SET:
        n->negated = pick(g, 2);
        n->field.name = grow_name(g);
        break;
    case QUERY_BOOL: n->field.name = grow_name(g); break;
    case QUERY_DATE:
        n->date.field.name = grow_name(g);
        n->date.op = (enum query_date_op)pick(g, 3);
        n->date.when = grow_when(g);
        break;
    case QUERY_DATE_WITHIN:
    case QUERY_ANNIVERSARY:
        n->within.field.name = grow_name(g);
        n->within.next = pick(g, 2);
        n->within.n = 1 + (uint32_t)pick(g, 3);
        n->within.unit = n->kind == QUERY_ANNIVERSARY ? QUERY_UNIT_DAY : (enum query_unit)pick(g, 5);
        break;
    default: grow_special(g, n); break;
    }
}

/* A tree in normal form: and/or never directly inside its own kind. */
static struct query_node *grow_node(struct grower *g, int depth, enum query_node_kind not_this)
{
    struct query_node *n = grow(g, sizeof *n);
    if (depth > 0 && pick(g, 2)) {
        do
            n->kind = (enum query_node_kind)pick(g, 3);
        while (n->kind == not_this);
        n->operands.n = n->kind == QUERY_NOT ? 1 : 2 + pick(g, 3);
        n->operands.items = grow(g, n->operands.n * sizeof(struct query_node *));
        for (size_t i = 0; i < n->operands.n; i++)
            n->operands.items[i] = grow_node(g, depth - 1, n->kind == QUERY_NOT ? QUERY_TENURE : n->kind);
        return n;
    }
    do
        n->kind = (enum query_node_kind)(QUERY_COMPARE + pick(g, QUERY_BUCKET - QUERY_COMPARE + 1));
    while (g->in_where && (n->kind >= QUERY_SEGMENT || n->kind == QUERY_ANNIVERSARY));
    grow_cond(g, depth, n);
    return n;
}

/* The only name a bare p_alive cannot be, and a count of conditions above any limit, are not grown. */
static void test_random_trees_survive_printing(void **state)
{
    (void)state;
    struct rnd r;
    rnd_seed(&r, 20261121);
    struct query_limits limits = { 1 << 20, QUERY_DEPTH_CEILING, 100000 };
    for (int i = 0; i < 20000; i++) {
        struct grower g = { .q = query_new(STRV("")), .r = &r };
        assert_non_null(g.q);
        g.q->root = grow_node(&g, (int)pick(&g, 5), QUERY_TENURE);
        struct buf out = { 0 };
        assert_true(query_print(g.q, &out));
        struct query_error e;
        struct query *again = query_parse(strv_from(buf_cstr(&out)), &limits, &e);
        if (!again)
            fail_msg("%s\n%s", buf_cstr(&out), e.text);
        if (!query_equal(g.q, again))
            fail_msg("another tree: %s", buf_cstr(&out));
        struct buf twice = { 0 };
        assert_true(query_print(again, &twice));
        assert_string_equal(buf_cstr(&twice), buf_cstr(&out));
        buf_free(&twice);
        buf_free(&out);
        query_free(again);
        query_free(g.q);
    }
}

static void try_text(const char *p, size_t n)
{
    /* An exact copy, so that a sanitizer sees every step past the end. */
    char *copy = malloc(n ? n : 1);
    assert_non_null(copy);
    memcpy(copy, p, n);
    struct query_error e;
    struct query *q = query_parse((struct strv){ copy, n }, NULL, &e);
    free(copy);
    if (!q) {
        assert_int_not_equal(e.code, QUERY_OK);
        assert_true(e.text[0] != '\0' && e.line >= 1 && e.column >= 1);
        return;
    }
    struct buf out = { 0 };
    assert_true(query_print(q, &out));
    struct query *again = query_parse(strv_from(buf_cstr(&out)), NULL, &e);
    /* The canonical text may be over a limit the original kept: it has more parentheses. */
    if (!again)
        assert_true(e.code == QUERY_E_TOO_LONG || e.code == QUERY_E_TOO_DEEP);
    else
        assert_true(query_equal(q, again));
    query_free(again);
    query_free(q);
    buf_free(&out);
}

static void test_random_tokens(void **state)
{
    (void)state;
    static const char *const tokens[] = {
        "(",          ")",           ",",        ".",        "..",    "|",       "=",      "!=",
        "<",          ">=",          "1",        "22..4",    "-1.5",  "\"a\"",   "and",    "or",
        "not",        "in",          "segment",  "ever",     "has",   "any",     "all",    "none",
        "between",    "is",          "set",      "where",    "count", "sum",     "last",   "7",
        "days",       "month",       "this",     "lifetime", "ago",   "today",   "before", "within",
        "km",         "of",          "rfm",      "class",    "score", "p_alive", "bucket", "survey",
        "status",     "customer",    "for",      "at",       "least", "age",     "x.y",    "percentile",
        "2026-11-21", "anniversary", "next",     "starts",   "with",  "min_per", "#\n",    "\"",
        "\\",         "\xC3\xA4",    "contains",
    };
    struct rnd r;
    rnd_seed(&r, 7);
    for (int i = 0; i < 100000; i++) {
        char text[512];
        size_t n = 0;
        for (uint64_t k = rnd_below(&r, 14) + 1; k > 0; k--) {
            const char *t = tokens[rnd_below(&r, COUNT(tokens))];
            memcpy(text + n, t, strlen(t));
            n += strlen(t);
            if (rnd_below(&r, 5))
                text[n++] = ' ';
        }
        try_text(text, n);
    }
}

static void test_damaged_examples(void **state)
{
    (void)state;
    struct rnd r;
    rnd_seed(&r, 99);
    for (int i = 0; i < 100000; i++) {
        char text[600];
        struct strv s = strv_from(query_examples[rnd_below(&r, COUNT(query_examples))].text);
        size_t n = s.n;
        memcpy(text, s.p, n);
        for (uint64_t k = rnd_below(&r, 4); k > 0 && n > 0; k--) {
            size_t at = rnd_below(&r, n);
            switch (rnd_below(&r, 4)) {
            case 0: text[at] = (char)rnd_u64(&r); break;
            case 1: n = at; break; /* cut off */
            case 2:                /* one character less */
                memmove(text + at, text + at + 1, n - at - 1);
                n--;
                break;
            default: /* a piece twice */
                if (n - at > 20 && n + 20 < sizeof text) {
                    memmove(text + at + 20, text + at, n - at);
                    n += 20;
                }
                break;
            }
        }
        try_text(text, n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_trees_survive_printing),
        cmocka_unit_test(test_random_tokens),
        cmocka_unit_test(test_damaged_examples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
