/* Every example of the language's description over five people of whom one knows who must be found: by the
 * evaluator over the index and by the one of one customer after the other. */
#include "audience_fixture.h"

#include "../query/examples.h"
#include "audience/eval.h"
#include "audience/segment.h"
#include "base/civil.h"

#define EXAMPLES 22 /* of the description's table: the first of query_examples */
#define PEOPLE   5
#define OTHERS   40 /* of whom nothing is known but the number */

/* Ann has everything; Bob and Cid little; Dan spent much and went; Eve never answers. Today is 2026-11-20. */
static const char *const people =
    "phone,first_name,tags,gender,birth_date,region,signup,stage,tier,interests,channels,home\n"
    "+447700900001,Ann,VIP;new,f,1996-11-23,DE-BY,2026-11-18,qualified,gold,baby "
    "fashion,sms;email,\"50.1,14.4\"\n"
    "+447700900002,Bob,,m,1990-01-01,DE-BY,2020-01-01,lead,silver,,email,\"48.1,11.6\"\n"
    "+447700900003,Cid,new,f,1980-11-23,DE-BY,2026-01-01,lead,silver,baby fashion,sms,\n"
    "+447700900004,Dan,VIP,,,,2026-02-01,,,,,\n"
    "+447700900005,Eve,,f,1998-05-05,US-FL,2026-03-01,,,,,\n";

static const struct {
    const char *type, *text;
} happened[] = {
    { "purchase", "phone,time,amount,department,product,category\n"
                  "+447700900001,2026-11-01T23:30:00Z,100.00,Accessories,TRUCK,food\n"
                  "+447700900001,2026-11-02T03:30:00Z,100.00,accessories,truck,food\n"
                  "+447700900001,2026-11-03T12:00:00Z,100.00,Accessories,TRUCK,toys\n"
                  "+447700900002,2026-01-10T12:00:00Z,1.00,Accessories,TRUCK,food\n"
                  "+447700900003,2026-10-10T12:00:00Z,20.00,Baby,doll,toys\n"
                  "+447700900004,2025-12-27T12:00:00Z,5000.00,Cars,coupe,car\n"
                  "+447700900004,2026-01-15T12:00:00Z,50.00,Cars,mat,toys\n"
                  "+447700900004,2026-02-01T12:00:00Z,50.00,Cars,mat,toys\n" },
    { "cart_add", "phone,time,product\n+447700900002,2026-11-20T08:00:00Z,doll\n" },
    { "csat", "phone,time,score\n+447700900003,2026-11-01T12:00:00Z,5\n+447700900003,2026-11-02T12:00:00Z,2\n"
              "+447700900001,2026-11-02T12:00:00Z,3\n" },
    { "survey", "phone,time,name,status\n+447700900003,2026-11-01T12:00:00Z,spring,invited\n"
                "+447700900001,2026-11-01T12:00:00Z,spring,invited\n"
                "+447700900001,2026-11-04T12:00:00Z,spring,answered\n" },
    { "inbound", "phone,time\n+447700900001,2026-06-01T00:00:00Z\n+447700900001,2026-07-31T23:59:59Z\n"
                 "+447700900001,2026-08-15T12:00:00Z\n+447700900001,2026-09-15T12:00:00Z\n"
                 "+447700900001,2026-10-15T12:00:00Z\n+447700900002,2026-10-15T12:00:00Z\n" },
    { "sent", "phone,time\n+447700900005,2026-11-01T00:00:01Z\n+447700900005,2026-11-01T00:00:02Z\n"
              "+447700900005,2026-11-01T00:00:03Z\n+447700900005,2026-11-01T00:00:04Z\n"
              "+447700900005,2026-11-01T00:00:05Z\n+447700900001,2026-11-01T00:00:05Z\n" },
};

/* In the order of query_examples: who is found, by initials. */
static const char *const found[EXAMPLES] = {
    "A",  /* tagged VIP and buys accessories often */
    "A",  /* women of 25 to 34 in Bavaria */
    "A",  /* welcome */
    "BD", /* reactivation */
    "B",  /* abandoned cart */
    "A",  /* interest shown, not bought */
    "A",  /* sales stage */
    "AB", /* loyal */
    "C",  /* dissatisfied: the last score counts */
    "C",  /* has not answered the survey */
    "A",  /* writes to us every month */
    "A",  /* e-mail and SMS */
    "AD", /* loyal customers with a large basket */
    "BD", /* top fifth by money (most spent nothing), asleep */
    "AC", /* birthday soon */
    "A",  /* Christmas buyers: of Dan's three, one was in December */
    "A",  /* late-night snackers */
    "E",  /* never answers */
    "D",  /* just bought a car */
    "A",  /* near the shop */
    "D",  /* probably gone */
    NULL, /* holdout of a tenth: by the hash */
};

static int setup(void **state)
{
    struct fixture *f;
    struct buf b = { 0 };
    if (fixture_setup(state) != 0)
        return -1;
    f = *state;
    buf_put_strv(&b, strv_from(people));
    for (int i = 0; i < OTHERS; i++)
        buf_printf(&b, "+4477009001%02d,,,,,,,,,,,\n", i);
    if (!fixture_customers(f, "phone=msisdn", buf_cstr(&b)) || f->progress.rejected)
        fail_msg("%s", f->rejects);
    buf_free(&b);
    for (size_t i = 0; i < sizeof happened / sizeof happened[0]; i++)
        if (!fixture_events(f, happened[i].type, "phone=msisdn", happened[i].text) || f->progress.rejected)
            fail_msg("%s: %s", happened[i].type, f->rejects);
    return 0;
}

static void initials(const struct audience_set *s, char out[PEOPLE + 1])
{
    size_t n = 0;
    for (uint32_t i = 0; i < PEOPLE; i++)
        if (audience_set_contains(s, i))
            out[n++] = "ABCDE"[i];
    out[n] = '\0';
}

static void example(struct audience_view *v, size_t i)
{
    /* CDNOW's parameters; of Dan's three purchases the last is 42 weeks ago */
    const struct bgnbd alive = { 0.243, 4.414, 0.793, 2.426 };
    int64_t now;
    bool offset, time;
    assert_true(civil_parse(STRV("2026-11-20T12:00:00Z"), &now, &offset, &time));
    const struct eval_options o = { .now = now, .alive = &alive };
    const char *text = query_examples[i].text;
    struct query_error qe;
    struct err e = { 0 };
    struct query *q = segment_parse(v, strv_from(text), NULL, &qe);
    struct audience_set *all = q ? eval_query(v, q, &o, NULL, &e) : NULL;
    struct eval_one *one = all ? eval_one_new(v, q, &o, NULL, &e) : NULL;
    if (!one)
        fail_msg("%s\n%s", text, q ? e.text : qe.text);
    for (uint32_t id = 0; id < PEOPLE + OTHERS; id++) {
        bool in;
        assert_true(eval_one_test(one, id, &in, &e));
        if (in != audience_set_contains(all, id))
            fail_msg("%s\ncustomer %u alone: %d", text, id, in);
    }
    char who[PEOPLE + 1];
    const uint64_t count = audience_set_count(all);
    initials(all, who);
    if (found[i] && (strcmp(who, found[i]) != 0 || count != strlen(found[i])))
        fail_msg("%s\nexpected %s, found %s of %d", text, found[i], who, (int)count);
    assert_true(count > 0 && count < PEOPLE + OTHERS);
    eval_one_free(one);
    audience_set_free(all);
    query_free(q);
}

static void test_every_example_finds_who_it_is_about(void **state)
{
    struct fixture *f = *state;
    struct audience_view *v = audience_view_begin(f->a, NULL);
    for (size_t i = 0; i < EXAMPLES; i++)
        example(v, i);
    audience_view_end(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_example_finds_who_it_is_about, setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
