/* The evaluator against a slow, obvious one (eval_reference.c): random customers, happenings and queries, at
 * instants around a daylight-saving change; for everybody, for some, and for one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audience/audience_inside.h"
#include "audience/eval.h"
#include "audience/segment.h"
#include "base/civil.h"
#include "eval_model.h"
#include "store/documents.h"

static struct model model;
static struct bgnbd alive;

static usec_t at(const char *iso)
{
    int64_t t;
    bool offset, time;
    assert_true(civil_parse(strv_from(iso), &t, &offset, &time));
    return t;
}

static int setup(void **state)
{
    (void)state;
    model.now = at("2026-10-26T09:30:15.25Z");
    model.zones = zones_new(NULL, NULL);
    model.zone = model.zones ? zones_get(model.zones, STRV("Europe/Berlin"), NULL) : NULL;
    if (!model.zone)
        return 0;
    model_make(&model, 20261026, 9000, 14000, false);
    model_add_segment(&model, "gold", "tier = \"gold\" and not newsletter");
    model_add_segment(&model, "buyers", "count(purchase, last 60 days) >= 1");
    model_add_segment(&model, "either", "in segment \"gold\" or in segment \"buyers\"");
    model_add_segment(&model, "twice",
                      "in segment \"either\" and not (in segment \"gold\" and in segment \"buyers\")");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    if (model.zone)
        model_free(&model);
    zones_free(model.zones);
    return 0;
}

#define NEED_ZONES()                                                                                         \
    if (!model.zone)                                                                                         \
    skip()

static struct eval_options options(void)
{
    alive = (struct bgnbd){ model.alive[0], model.alive[1], model.alive[2], model.alive[3] };
    return (
        struct eval_options){ .now = model.now, .zone = model.zone, .zones = model.zones, .alive = &alive };
}

static struct query *parsed(struct audience_view *v, const char *text)
{
    struct query_error qe;
    struct query *q = segment_parse(v, strv_from(text), NULL, &qe);
    if (!q)
        fail_msg("%s\n%s", text, qe.text);
    return q;
}

static struct audience_set *evaluated(struct audience_view *v, const struct query *q,
                                      const struct eval_options *o)
{
    struct err e = { 0 };
    struct audience_set *s = eval_query(v, q, o, NULL, &e);
    if (!s)
        fail_msg(STRV_FMT "\n%s", STRV_ARG(q->text), e.text);
    return s;
}

/* Everybody, then a random part, then single customers: all must agree with the reference. */
static void compare(struct audience_view *v, struct rnd *r, const char *text, bool *want)
{
    struct query *q = parsed(v, text);
    struct eval_options o = options();
    reference_evaluate(&model, q, want);
    struct audience_set *got = evaluated(v, q, &o);
    uint64_t count = 0;
    for (uint32_t i = 0; i < model.n; i++) {
        if (audience_set_contains(got, i) != want[i])
            fail_msg("%s\ncustomer %u: expected %d", text, (unsigned)i, want[i]);
        count += want[i];
    }
    assert_int_equal(audience_set_count(got), count);

    struct audience_set *some = audience_set_new();
    for (uint64_t k = 1 + rnd_below(r, rnd_below(r, 3) ? 20 : 400); k > 0; k--)
        audience_set_add(some, (uint32_t)rnd_below(r, model.n));
    o.among = some;
    struct audience_set *part = evaluated(v, q, &o);
    audience_set_and(some, got);
    if (!audience_set_equal(part, some))
        fail_msg("%s\nevaluated among some is another answer", text);
    audience_set_free(part);
    audience_set_free(some);
    o.among = NULL;

    for (int k = 0; k < 3; k++) {
        uint32_t id = (uint32_t)rnd_below(r, model.n);
        bool in = false;
        assert_true(eval_customer(v, q, id, &o, &in, NULL, NULL));
        if (in != want[id])
            fail_msg("%s\ncustomer %u alone: expected %d", text, (unsigned)id, want[id]);
    }
    audience_set_free(got);
    query_free(q);
}

static void test_agrees_with_the_reference(void **state)
{
    (void)state;
    NEED_ZONES();
    static const char *const instants[] = { "2026-10-26T09:30:15.25Z", "2026-10-25T00:59:59Z",
                                            "2026-10-25T01:10:00Z", "2026-10-24T22:30:00Z",
                                            "2024-02-29T12:00:00Z" };
    const char *rounds = getenv("TESSERA_EVAL_ROUNDS");
    const int n = rounds ? atoi(rounds) : 120;
    struct rnd r;
    rnd_seed(&r, 4711);
    bool *want = calloc(model.n, sizeof *want);
    struct audience_view *v = audience_view_begin(model.audience, NULL);
    assert_non_null(v);
    usec_t home = model.now;
    for (int i = 0; i < n; i++) {
        struct buf b = { 0 };
        model.now = i % 3 ? at(instants[rnd_below(&r, 5)]) : home;
        random_query(&r, &model, &b);
        compare(v, &r, buf_cstr(&b), want);
        buf_free(&b);
    }
    model.now = home;
    audience_view_end(v);
    free(want);
}

static void test_one_of_each_construct_agrees(void **state)
{
    (void)state;
    NEED_ZONES();
    static const char *const texts[] = {
        "tags has \"VIP\" and days_since(purchase) > 60",
        "gender != \"gold\"",
        "not (gender = \"gold\")",
        "gender is not set or tags is not set",
        "tags has none (\"vip\", \"gold\")",
        "age(birth_date) between 25 and 34",
        "age(birth_date) != 40",
        "age(birth_date) < age(signup)",
        "birth_date before 1980-02-29",
        "signup within last 7 days or signup within next 1 month",
        "anniversary(birth_date) within next 7 days",
        "anniversary(signup) within last 366 days",
        "count(purchase, last 90 days) >= 3",
        "count(purchase) = 0",
        "count(purchase | cart_add | purchase, this year) > count(inbound)",
        "sum(purchase.amount, last 365 days) > 10.005",
        "sum(purchase.amount) >= balance",
        "avg(purchase.amount, last 365 days) > 12.333",
        "avg(purchase.quantity) = 2",
        "min(cart_add.amount) < -1",
        "max(purchase | cart_add.amount) > 30",
        "first(purchase.amount) = last(purchase.amount)",
        "last(purchase.price) > 15.5",
        "distinct(purchase.product) >= 3",
        "distinct(purchase | cart_add.product) >= 5",
        "distinct(purchase | cart_add.price) >= 3",
        "max(purchase | cart_add.price) > 10.05",
        "p_alive < 0.3",
        "p_alive >= 1",
        "percentile(p_alive) between 0.2 and 0.5",
        "rfm(purchase).r >= 4 and rfm(purchase).f = 1 and rfm(purchase).m != 3",
        "rfm(purchase, last 90 days).score >= 10",
        "rfm(inbound, this year).f > rfm(inbound, this year).r",
        "rfm(purchase, last 1 year).class in (\"Champions\", \"lost\")",
        "rfm(cart_add).class != \"at risk\"",
        "share(purchase where month in 9..10, last 730 days) >= 0.5",
        "share(purchase where hour in 22..4 and product = \"vip\", last 60 days) > 0.4",
        "count(purchase where weekday in 6..7) > 1",
        "count(purchase where not (product = \"x\") and amount > 5) > 1",
        "count(purchase where amount > quantity) > 1",
        "count(inbound, last 168 hours) > 0",
        "days_since(inbound, last 1 year) <= 1",
        "min_per(month, purchase | inbound, last 6 months) >= 1",
        "percentile(count(purchase, last 365 days)) > 0.5",
        "percentile(avg(purchase.amount)) > 0.5",
        "percentile(balance) <= 0.25",
        "percentile(5) = 1",
        "3 < 4",
        "home within 100 km of (50.08, 14.43)",
        "bucket(\"spring\") < 10",
        "customer for at least 3 months",
        "in segment \"twice\" or visits in 9..2",
        "msisdn > 447700930000",
        "balance = 1.005",
        "balance != 1.005",
        "balance >= -0.001 and balance < 0.001",
        "balance < 99999999999",
        "balance not between 3 and 1",
        "region matches \"^g.*d$\" or tier matches \"\xC3\x84.?f\"",
        "count(purchase where product matches \"^vi\") > 1",
        "survey \"gold\" status = \"vip\"",
        "survey \"silver\" status != \"vip\" and not (survey \"gold\" status starts with \"s\")",
        "survey \"gold\" status matches \"^.o\" or survey \"unheard of\" status contains \"\"",
    };
    struct rnd r;
    rnd_seed(&r, 1);
    bool *want = calloc(model.n, sizeof *want);
    struct audience_view *v = audience_view_begin(model.audience, NULL);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        compare(v, &r, texts[i], want);
    audience_view_end(v);
    free(want);
}

/* Every production over every type of value: evaluated where it fits, refused as a matter of type where not.
 */
static const struct {
    const char *text;  /* %s is the value */
    const char *types; /* it fits: Text, Number, Date, Bool, Set, Place */
} productions[] = {
    { "%s = 3", "N" },
    { "2.5 >= %s", "N" },
    { "%s != %s", "N" },
    { "%s between 1 and 20", "N" },
    { "%s not between -1 and %s", "N" },
    { "%s in 5..2", "N" },
    { "percentile(%s) > 0.4", "N" },
    { "age(%s) >= 18", "D" },
    { "%s = \"gold\"", "T" },
    { "%s != \"gold\"", "T" },
    { "%s contains \"o\"", "T" },
    { "%s starts with \"G\"", "T" },
    { "%s matches \"^.o\"", "T" },
    { "%s in (\"gold\", \"vip\")", "T" },
    { "%s not in (\"gold\")", "T" },
    { "%s has \"vip\"", "S" },
    { "%s has any (\"vip\", \"x\")", "S" },
    { "%s has all (\"vip\", \"x\")", "S" },
    { "%s has none (\"vip\", \"x\")", "S" },
    { "%s", "B" },
    { "not %s", "B" },
    { "%s is set", "TNDBSP" },
    { "%s is not set", "TNDBSP" },
    { "%s before today", "D" },
    { "%s after 2 years ago", "D" },
    { "%s on 2026-10-26", "D" },
    { "%s within last 3 months", "D" },
    { "%s within next 2 weeks", "D" },
    { "anniversary(%s) within last 30 days", "D" },
    { "anniversary(%s) within next 7 days", "D" },
    { "%s within 200 km of (50, 14)", "P" },
};
static const struct {
    char type;
    const char *field, *attribute; /* of purchase */
} typed[] = {
    { 'T', "gender", "product" },  { 'N', "balance", "amount" }, { 'D', "birth_date", "due" },
    { 'B', "newsletter", "gift" }, { 'S', "tags", NULL },        { 'P', "home", NULL },
};

static void production(struct audience_view *v, struct rnd *r, const char *text, bool fits, bool *want)
{
    if (fits) {
        compare(v, r, text, want);
        return;
    }
    struct query_error qe;
    struct query *q = segment_parse(v, strv_from(text), NULL, &qe);
    if (q || qe.code != QUERY_E_TYPE || !strstr(qe.text, " is a "))
        fail_msg("%s: expected an error of type, %s", text, q ? "there was none" : qe.text);
    query_free(q);
}

static void test_every_production_over_every_type(void **state)
{
    (void)state;
    NEED_ZONES();
    struct rnd r;
    rnd_seed(&r, 2);
    bool *want = calloc(model.n, sizeof *want);
    struct audience_view *v = audience_view_begin(model.audience, NULL);
    for (size_t i = 0; i < sizeof productions / sizeof productions[0]; i++) {
        for (size_t k = 0; k < sizeof typed / sizeof typed[0]; k++) {
            char text[200], where[240], condition[160];
            const char *p = productions[i].text;
            bool fits = strchr(productions[i].types, typed[k].type) != NULL;
            snprintf(text, sizeof text, p, typed[k].field, typed[k].field);
            production(v, &r, text, fits, want);
            if (!typed[k].attribute || strstr(p, "percentile") || strstr(p, "age(") ||
                strstr(p, "anniversary("))
                continue; /* functions are not of `where`: test_parse.c */
            snprintf(condition, sizeof condition, p, typed[k].attribute, typed[k].attribute);
            snprintf(where, sizeof where, "count(purchase where %s, last 2 years) >= 1", condition);
            production(v, &r, where, fits, want);
        }
    }
    audience_view_end(v);
    free(want);
}

static void test_breakdown_counts_each_condition_alone(void **state)
{
    (void)state;
    NEED_ZONES();
    static const char *const clauses[] = { "tags has \"VIP\"", "days_since(purchase) > 60", "gender = \"x\"",
                                           "newsletter", "count(purchase) > 2" };
    static const char *const unset[] = { "tags is not set", "count(purchase) = 0", "gender is not set",
                                         "newsletter is not set", "3 > 4" };
    struct audience_view *v = audience_view_begin(model.audience, NULL);
    struct query *q =
        parsed(v, "tags has \"VIP\" and (days_since(purchase) > 60 or not (gender = \"x\")) and "
                  "(newsletter or count(purchase) > 2)");
    struct eval_options o = options();
    struct eval_clause c[5];
    assert_int_equal(q->clauses, 5);
    assert_true(eval_breakdown(v, q, &o, c, NULL, NULL));
    for (int i = 0; i < 5; i++) {
        struct query *alone = parsed(v, clauses[i]), *none = parsed(v, unset[i]);
        struct audience_set *a = evaluated(v, alone, &o), *b = evaluated(v, none, &o);
        assert_true(strv_eq_c(query_node_text(q, c[i].node), clauses[i]));
        assert_int_equal(c[i].count, audience_set_count(a));
        assert_int_equal(c[i].unset, audience_set_count(b));
        audience_set_free(a);
        audience_set_free(b);
        query_free(alone);
        query_free(none);
    }
    query_free(q);
    audience_view_end(v);
}

static void test_segments_by_name(void **state)
{
    (void)state;
    NEED_ZONES();
    struct audience_view *v = audience_view_begin(model.audience, NULL);
    struct eval_options o = options();
    struct query *q = parsed(v, "tier = \"gold\" and not newsletter");
    struct audience_set *a = evaluated(v, q, &o), *b = eval_segment(v, STRV("gold"), &o, NULL, NULL);
    assert_non_null(b);
    assert_true(audience_set_equal(a, b));
    audience_set_free(a);
    audience_set_free(b);
    query_free(q);
    struct err e = { 0 };
    struct query_error qe;
    assert_null(eval_segment(v, STRV("nowhere"), &o, &qe, &e));
    assert_int_equal(qe.code, QUERY_E_UNKNOWN_SEGMENT);
    assert_string_equal(e.text, "segment \"nowhere\" at 1 does not exist or is inactive; \"tessera segment "
                                "list\" shows what there is");
    audience_view_end(v);
}

/* Saving refuses cycles; one that is in the store all the same (another program, a restored file) must not
 * hang. */
static void test_a_cycle_of_segments_is_refused(void **state)
{
    (void)state;
    NEED_ZONES();
    model_add_segment(&model, "first", "newsletter");
    model_add_segment(&model, "second", "tags has \"x\" or in segment \"first\"");
    model_add_segment(&model, "third", "not in segment \"second\"");
    struct err e = { 0 };
    struct strv octets;
    struct catalog_txn *t = catalog_begin_write(model.audience->catalog, &e);
    assert_true(document_get(t, DOCUMENT_SEGMENT, STRV("third"), &octets));
    char copy[512];
    assert_true(octets.n <= sizeof copy);
    memcpy(copy, octets.p, octets.n);
    assert_true(document_put(t, DOCUMENT_SEGMENT, STRV("first"), (struct strv){ copy, octets.n }));
    assert_true(catalog_commit(t, &e));

    struct audience_view *v = audience_view_begin(model.audience, NULL);
    struct eval_options o = options();
    struct query_error qe;
    assert_null(eval_segment(v, STRV("first"), &o, &qe, &e));
    assert_int_equal(qe.code, QUERY_E_CYCLE);
    assert_string_equal(e.text, "segment \"first\" at 28 refers to itself");
    audience_view_end(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_of_each_construct_agrees),
        cmocka_unit_test(test_every_production_over_every_type),
        cmocka_unit_test(test_agrees_with_the_reference),
        cmocka_unit_test(test_breakdown_counts_each_condition_alone),
        cmocka_unit_test(test_segments_by_name),
        cmocka_unit_test(test_a_cycle_of_segments_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
