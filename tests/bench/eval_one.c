/* What it costs to test one customer against a query that is ready: a store made by `audience_run import`,
 * customers in random order (a number that just did something) and one after the other.
 *
 *   eval_one DIR [TESTS]      one line of JSON a query: nanoseconds of processor a test, and how many were
 * members
 *
 * The queries have eight conditions each: of fields and sets (Q5 of the benchmark), and with events. */
#include "audience/audience.h"
#include "audience/eval.h"
#include "audience/segment.h"
#include "base/random.h"
#include "tests/bench/audience_queries.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const struct {
    const char *name, *text;
} queries[] = {
    { "fields",
      "country in (\"DE\", \"FR\", \"GB\") and gender = \"f\" and age(birth_date) between 25 and 44 and "
      "(tags has any (\"tag005\", \"tag012\") or tier = \"gold\" or stage = \"qualified\") and "
      "not (language = \"en\" or csat <= 2)" },
    /* every condition is come to: each is true, or stands in an `or` of false ones */
    { "all of the fields",
      "country != \"none\" and gender != \"none\" and age(birth_date) > 0 and language != \"none\" and "
      "(tags has any (\"none\", \"nothing\") or tier = \"none\" or stage = \"none\" or csat < 100)" },
    { "events, 90 days",
      "country != \"none\" and gender != \"none\" and age(birth_date) > 0 and language != \"none\" and "
      "(tags has \"none\" or tier = \"none\" or count(purchase where department = \"none\", last 90 days) > "
      "0 or "
      "count(purchase, last 90 days) >= 0)" },
    { "events, lifetime",
      "country != \"none\" and gender != \"none\" and age(birth_date) > 0 and language != \"none\" and "
      "(tags has \"none\" or tier = \"none\" or days_since(purchase) < 0 or sum(purchase.amount) >= 0)" },
};

/* Of this thread only, as others may keep the machine busy. */
static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static _Noreturn void fail(const char *what, const char *why)
{
    fprintf(stderr, "eval_one: %s: %s\n", what, why);
    exit(1);
}

static double measure(struct eval_one *one, uint32_t customers, unsigned tests, bool random,
                      unsigned *members)
{
    struct rnd r;
    struct err e;
    rnd_seed(&r, 1);
    *members = 0;
    double began = now_ns();
    for (unsigned i = 0; i < tests; i++) {
        bool in;
        uint32_t id = random ? (uint32_t)rnd_below(&r, customers) : i % customers;
        if (!eval_one_test(one, id, &in, &e))
            fail("test", e.text);
        *members += in;
    }
    return (now_ns() - began) / tests;
}

int main(int argc, char **argv)
{
    struct err e;
    struct query_error qe;
    const struct audience_options ao = { .dir = argc > 1 ? argv[1] : "" };
    const unsigned tests = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 200000;
    struct audience *a = argc > 1 && tests > 0 ? audience_open(&ao, &e) : NULL;
    struct audience_view *v = a ? audience_view_begin(a, &e) : NULL;
    if (!v)
        fail("usage: eval_one DIR [TESTS]", argc > 1 ? e.text : "a folder that audience_run import has made");
    const struct eval_options o = { .now = AUDIENCE_NOW_S * USEC_SEC };
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        struct query *q = segment_parse(v, strv_from(queries[i].text), NULL, &qe);
        struct eval_one *one = q ? eval_one_new(v, q, &o, &qe, &e) : NULL;
        if (!one)
            fail(queries[i].name, q ? e.text : qe.text);
        uint32_t n = (uint32_t)audience_count(v);
        unsigned members;
        measure(one, n, n < tests ? n : tests, false, &members); /* warm */
        double random = measure(one, n, tests, true, &members);
        double next = measure(one, n, tests, false, &members);
        printf(
            "{\"query\": \"%s\", \"customers\": %u, \"tests\": %u, \"random_ns\": %.0f, \"next_ns\": %.0f, "
            "\"members\": %u}\n",
            queries[i].name, n, tests, random, next, members);
        eval_one_free(one);
        query_free(q);
    }
    audience_view_end(v);
    audience_close(a);
    return 0;
}
