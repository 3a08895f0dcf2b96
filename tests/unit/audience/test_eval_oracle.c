/* The evaluators against the slow, obvious one (eval_reference.c) over many small worlds: each with a schema,
 * customers, happenings, a zone and instants of its own, made from one seed. TESSERA_ORACLE_QUERIES says how
 * many queries (2,000), TESSERA_ORACLE_SEED where to begin; a failure prints what it takes to see it again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audience/eval.h"
#include "audience/segment.h"
#include "base/civil.h"
#include "eval_model.h"
#include "query/print.h"

#define QUERIES_A_WORLD     40
#define CUSTOMERS           220
#define EVENTS_A_WORLD      1500
#define EVENTS_A_BUSY_WORLD 15000 /* blocks of many rows have lists */

static const char *const zones_of_instances[] = {
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "America/St_Johns",
    "Pacific/Apia",
    "Africa/Cairo",
    "UTC",
    NULL, /* no zone at all */
};
/* Around changes of daylight saving, leap days, the ends of years and anything. */
static const char *const instants[] = {
    "2026-10-26T09:30:15.25Z", "2026-10-25T00:59:59Z", "2026-10-25T01:10:00Z", "2026-03-29T01:00:00Z",
    "2026-11-01T06:30:00Z",    "2024-02-29T12:00:00Z", "2025-03-01T00:00:00Z", "2026-12-31T23:30:00Z",
    "2026-04-05T03:15:59.9Z",  "2027-01-04T05:00:00Z", "2026-06-30T18:45:01Z",
};

/* Across the bounds of a column's block, of a partition of the log, of a container of a bitmap. */
static const uint32_t first_customers[] = { 0, 0, 3950, 32700, 65500, 131000 };

struct world {
    struct model m;
    uint64_t seed;
    struct audience_view *v;
    struct bgnbd alive;
    bool want[CUSTOMERS];
};

static usec_t at(const char *iso)
{
    int64_t t;
    bool offset, time;
    assert_true(civil_parse(strv_from(iso), &t, &offset, &time));
    return t;
}

static void world_make(struct world *w, struct zones *zones, uint64_t seed)
{
    struct rnd r;
    rnd_seed(&r, seed);
    memset(w, 0, sizeof *w);
    w->seed = seed;
    w->m.zones = zones;
    const char *zone = zones_of_instances[rnd_below(&r, 9)];
    w->m.zone = zone ? zones_get(zones, strv_from(zone), NULL) : NULL;
    w->m.now = at(instants[rnd_below(&r, sizeof instants / sizeof instants[0])]);
    w->m.first = first_customers[rnd_below(&r, sizeof first_customers / sizeof first_customers[0])];
    model_make(&w->m, seed, CUSTOMERS, seed % 8 ? EVENTS_A_WORLD : EVENTS_A_BUSY_WORLD, true);
    w->alive = (struct bgnbd){ w->m.alive[0], w->m.alive[1], w->m.alive[2], w->m.alive[3] };
    for (int i = 0; i < 3; i++) { /* each may refer to those before */
        struct buf b = { 0 };
        random_query(&r, &w->m, &b);
        model_add_segment(&w->m, ((const char *const[]){ "first", "second", "third" })[i], buf_cstr(&b));
        buf_free(&b);
    }
    w->v = audience_view_begin(w->m.audience, NULL);
    assert_non_null(w->v);
}

static void world_free(struct world *w)
{
    audience_view_end(w->v);
    model_free(&w->m);
}

/* In every other world a second thread helps, however few the customers are. */
static struct eval_options world_options(const struct world *w)
{
    return (struct eval_options){ .now = w->m.now,
                                  .zone = w->m.zone,
                                  .zones = w->m.zones,
                                  .alive = &w->alive,
                                  .threads = w->seed % 2 ? 2 : 1,
                                  .alone = 1 };
}

static void broken(const struct world *w, const struct query *q, const struct err *e)
{
    fail_msg("TESSERA_ORACLE_SEED=%llu\n" STRV_FMT "\n%s", (unsigned long long)w->seed, STRV_ARG(q->text),
             e->text);
}

/* The first customer on whom the evaluator over the index errs, asked about everybody or (when `few`) about
 * some; -1: none. */
static int64_t index_errs(struct world *w, const struct query *q, bool few)
{
    struct eval_options o = world_options(w);
    struct err e = { 0 };
    struct audience_set *among = NULL;
    int64_t found = -1;
    if (few) {
        among = audience_set_new();
        for (uint32_t i = (uint32_t)(w->seed % 5); i < w->m.n; i += 5)
            audience_set_add(among, w->m.first + i);
        o.among = among;
    }
    struct audience_set *got = eval_query(w->v, q, &o, NULL, &e);
    if (!got)
        broken(w, q, &e);
    for (uint32_t i = 0; i < w->m.n && found < 0; i++) {
        bool asked = !few || audience_set_contains(among, w->m.first + i);
        if (audience_set_contains(got, w->m.first + i) != (asked && w->want[i]))
            found = i;
    }
    audience_set_free(got);
    audience_set_free(among);
    return found;
}

/* Likewise the evaluator of one customer after the other. */
static int64_t one_errs(struct world *w, const struct query *q)
{
    struct eval_options o = world_options(w);
    struct err e = { 0 };
    int64_t found = -1;
    struct eval_one *one = eval_one_new(w->v, q, &o, NULL, &e);
    if (!one)
        broken(w, q, &e);
    for (uint32_t i = 0; i < w->m.n && found < 0; i++) {
        bool in;
        if (!eval_one_test(one, w->m.first + i, &in, &e))
            broken(w, q, &e);
        if (in != w->want[i])
            found = i;
    }
    eval_one_free(one);
    return found;
}

/* The counts of single conditions: of a query of one, how many members it has. */
static void breakdown_agrees(struct world *w, const struct query *q)
{
    struct eval_options o = world_options(w);
    struct err e = { 0 };
    struct eval_clause *c = calloc(q->clauses, sizeof *c);
    uint64_t members = 0, exist = 0;
    if (!eval_breakdown(w->v, q, &o, c, NULL, &e))
        broken(w, q, &e);
    for (uint32_t i = 0; i < w->m.n; i++) {
        members += w->want[i];
        exist += w->m.customers[i].exists;
    }
    for (uint32_t i = 0; i < q->clauses; i++)
        if (c[i].count > exist || c[i].unset > exist)
            fail_msg(STRV_FMT "\nmore than everybody", STRV_ARG(q->text));
    if (q->root->kind > QUERY_NOT && c[0].count != members)
        fail_msg(STRV_FMT "\nthe breakdown counts %llu", STRV_ARG(q->text), (unsigned long long)c[0].count);
    free(c);
}

/* The first customer on whom somebody disagrees with the reference; -1: nobody. */
static int64_t disagreement(struct world *w, const struct query *q, const char **who)
{
    reference_evaluate(&w->m, q, w->want);
    *who = "everybody at once";
    int64_t found = index_errs(w, q, false);
    if (found < 0) {
        *who = "some";
        found = index_errs(w, q, true);
    }
    if (found < 0) {
        *who = "one after the other";
        found = one_errs(w, q);
    }
    if (found < 0)
        breakdown_agrees(w, q);
    return found;
}

/* The smallest part of the tree that still disagrees, as text. */
static void shrunk(struct world *w, const struct query *q, const struct query_node *n, struct buf *out)
{
    const char *who;
    struct buf text = { 0 };
    for (size_t i = 0; n->kind <= QUERY_NOT && i < n->operands.n; i++) {
        buf_clear(&text);
        query_print_node(n->operands.items[i], &text);
        struct query *part = segment_parse(w->v, (struct strv){ buf_cstr(&text), text.len }, NULL, NULL);
        bool still = part && disagreement(w, part, &who) >= 0;
        if (still)
            shrunk(w, part, part->root, out);
        query_free(part);
        if (still) {
            buf_free(&text);
            return;
        }
    }
    buf_free(&text);
    (void)q;
    buf_clear(out);
    query_print_node(n, out);
}

static void compare(struct world *w, struct strv text)
{
    struct query_error qe;
    const char *who;
    struct query *q = segment_parse(w->v, text, NULL, &qe);
    if (!q)
        fail_msg("seed %llu\n" STRV_FMT "\n%s", (unsigned long long)w->seed, STRV_ARG(text), qe.text);
    int64_t customer = disagreement(w, q, &who);
    if (customer >= 0) {
        struct buf b = { 0 };
        bool want = w->want[customer];
        shrunk(w, q, q->root, &b);
        fail_msg("TESSERA_ORACLE_SEED=%llu, now %lld\n" STRV_FMT
                 "\nsmaller: %s\n%s: customer %lld, expected %d",
                 (unsigned long long)w->seed, (long long)w->m.now, STRV_ARG(text), buf_cstr(&b), who,
                 (long long)customer, want);
    }
    query_free(q);
}

static void test_all_evaluators_agree(void **state)
{
    (void)state;
    const char *queries = getenv("TESSERA_ORACLE_QUERIES"), *first = getenv("TESSERA_ORACLE_SEED");
    const unsigned long n = queries ? strtoul(queries, NULL, 10) : 2000;
    uint64_t seed = first ? strtoull(first, NULL, 10) : 1;
    struct zones *zones = zones_new(NULL, NULL);
    if (!zones || !zones_get(zones, STRV("Europe/Berlin"), NULL))
        skip();
    for (unsigned long done = 0; done < n; seed++) {
        struct world w;
        struct rnd r;
        world_make(&w, zones, seed);
        rnd_seed(&r, seed ^ 0x9E3779B97F4A7C15u);
        usec_t home = w.m.now;
        for (int i = 0; i < QUERIES_A_WORLD && done < n; i++, done++) {
            struct buf b = { 0 };
            w.m.now = home;
            if (rnd_below(&r, 3) == 0)
                w.m.now = at(instants[rnd_below(&r, sizeof instants / sizeof instants[0])]);
            else if (rnd_below(&r, 2))
                w.m.now =
                    home - (usec_t)rnd_below(&r, 40 * 86400) * USEC_SEC - (usec_t)rnd_below(&r, USEC_SEC);
            random_query(&r, &w.m, &b);
            compare(&w, (struct strv){ buf_cstr(&b), b.len });
            buf_free(&b);
        }
        w.m.now = home;
        world_free(&w);
    }
    zones_free(zones);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_evaluators_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
