/* Given the events of one customer, then what habit_read tells of them; and the queries which
 * doc/segments.md says are the same find whom they are about. */
#include "audience_fixture.h"

#include "audience/eval.h"
#include "audience/habit.h"
#include "audience/segment.h"
#include "base/civil.h"

#define NOW "2026-11-22T12:00:00Z"

/* The instance is in London: the window begins on 25 August at 00:00, which is 23:00 UTC of the day before.
 */
static const struct {
    const char *what, *zone, *region, *now;
    const char *events; /* "type time", a line each */
    const char *want;   /* last inbound sent delivered failed | arrived/receipts | hour:count | peak */
} cases[] = {
    { "nothing happened", "", "", NOW, "", "- - - - |0/0| |" },
    { "the last ones, also of long ago", "", "", NOW,
      "inbound 2024-01-01T05:00:00Z\ninbound 2025-02-03T05:00:00Z\nsent 2026-11-01T10:00:00Z\n"
      "delivered 2026-11-01T10:00:05Z\nfailed 2025-05-01T10:00:00Z\n",
      "2025-02-03T05:00:00Z 2026-11-01T10:00:00Z 2026-11-01T10:00:05Z 2025-05-01T10:00:00Z |1/1| |" },
    { "the window begins with a day of the instance", "", "", NOW,
      "delivered 2026-08-24T22:59:59Z\ndelivered 2026-08-24T23:00:00Z\nfailed 2026-08-24T22:59:59Z\n"
      "failed 2026-08-24T23:00:01Z\nfailed 2026-09-01T00:00:00Z\ninbound 2026-08-24T22:59:59Z\n",
      "2026-08-24T22:59:59Z - 2026-08-24T23:00:00Z 2026-09-01T00:00:00Z |1/3| |" },
    { "what has not happened yet is not seen", "", "", NOW,
      "inbound 2026-11-22T12:00:00Z\ninbound 2026-11-22T12:00:01Z\ndelivered 2026-12-01T00:00:00Z\n",
      "2026-11-22T12:00:00Z - - - |0/0|12:1 |" },
    { "an hour is of the customer's zone", "Asia/Kolkata", "", NOW,
      "inbound 2026-11-01T18:29:59Z\nclick 2026-11-01T18:30:00Z\n",
      "2026-11-01T18:29:59Z - - - |0/0|0:1 23:1 |" },
    { "without one of the first of the clock", "", "US-FL", NOW, "inbound 2026-11-10T12:00:00Z\n",
      "2026-11-10T12:00:00Z - - - |0/0|7:1 |" },
    { "the own zone goes before the clock", "Europe/Berlin", "US-FL", NOW, "inbound 2026-11-10T12:00:00Z\n",
      "2026-11-10T12:00:00Z - - - |0/0|13:1 |" },
    { "a zone that is none is the instance's", "Mars/Base", "US-FL", NOW, "inbound 2026-09-10T12:00:00Z\n",
      "2026-09-10T12:00:00Z - - - |0/0|13:1 |" },
    { "the same evening hour in summer and winter", "Europe/Berlin", "", NOW,
      "inbound 2026-10-24T19:30:00Z\ninbound 2026-10-25T20:30:00Z\n",
      "2026-10-25T20:30:00Z - - - |0/0|21:2 |" },
    { "the hour that is twice", "Europe/Berlin", "", NOW,
      "inbound 2026-10-24T23:59:59Z\ninbound 2026-10-25T00:59:59Z\ninbound 2026-10-25T01:00:00Z\n"
      "inbound 2026-10-25T02:00:00Z\n",
      "2026-10-25T02:00:00Z - - - |0/0|1:1 2:2 3:1 |" },
    { "the hour that is not", "Europe/Berlin", "", "2026-04-10T12:00:00Z",
      "inbound 2026-03-29T00:59:59Z\ninbound 2026-03-29T01:00:00Z\n",
      "2026-03-29T01:00:00Z - - - |0/0|1:1 3:1 |" },
    { "a reply and its inbound message count once; what we send is no habit", "", "", NOW,
      "inbound 2026-11-10T08:00:00Z\nreply 2026-11-10T08:00:00Z\nreply 2026-11-10T09:00:00Z\n"
      "inbound 2026-11-09T08:00:00Z\nclick 2026-11-10T08:00:00Z\nsent 2026-11-10T07:00:00Z\n"
      "delivered 2026-11-10T07:00:01Z\npurchase 2026-11-10T07:00:01Z\n",
      "2026-11-10T08:00:00Z 2026-11-10T07:00:00Z 2026-11-10T07:00:01Z - |1/1|8:3 9:1 |" },
    { "a habit of the evening", "", "", NOW,
      "inbound 2026-11-01T20:00:00Z\ninbound 2026-11-02T20:10:00Z\nclick 2026-11-03T20:59:59Z\n"
      "click 2026-11-04T21:00:00Z\nclick 2026-11-05T21:00:00Z\nclick 2026-11-06T21:00:00Z\n"
      "click 2026-11-07T22:00:00Z\nclick 2026-11-08T22:00:00Z\nclick 2026-11-09T22:59:59Z\n"
      "click 2026-11-10T03:00:00Z\nclick 2026-11-10T07:00:00Z\nclick 2026-11-10T11:00:00Z\n"
      "click 2026-11-10T15:00:00Z\nclick 2026-11-10T17:00:00Z\n",
      "2026-11-02T20:10:00Z - - - |0/0|3:1 7:1 11:1 15:1 17:1 20:3 21:3 22:3 |20-23 9/14" },
    { "four events say nothing", "", "", NOW,
      "click 2026-11-01T23:00:00Z\nclick 2026-11-02T23:00:00Z\nclick 2026-11-03T23:00:00Z\n"
      "click 2026-11-04T23:00:00Z\n",
      "- - - - |0/0|23:4 |" },
    { "five do; a day ends at 24", "", "", NOW,
      "click 2026-11-01T23:00:00Z\nclick 2026-11-02T23:00:00Z\nclick 2026-11-03T23:00:00Z\n"
      "click 2026-11-04T23:00:00Z\nclick 2026-11-05T10:00:00Z\n",
      "- - - - |0/0|10:1 23:4 |23-24 4/5" },
    { "over midnight", "", "", NOW,
      "click 2026-11-01T22:00:00Z\nclick 2026-11-02T23:00:00Z\nclick 2026-11-03T00:00:00Z\n"
      "click 2026-11-04T01:00:00Z\nclick 2026-11-05T10:00:00Z\nclick 2026-11-05T12:00:00Z\n",
      "- - - - |0/0|0:1 1:1 10:1 12:1 22:1 23:1 |22-2 4/6" },
    { "at any hour", "", "", NOW,
      "click 2026-11-01T01:00:00Z\nclick 2026-11-02T05:00:00Z\nclick 2026-11-03T09:00:00Z\n"
      "click 2026-11-04T13:00:00Z\nclick 2026-11-05T17:00:00Z\nclick 2026-11-05T21:00:00Z\n",
      "- - - - |0/0|1:1 5:1 9:1 13:1 17:1 21:1 |" },
};
#define CASES (sizeof cases / sizeof cases[0])

static struct zones *zones;
static const struct zone *london;

static usec_t instant(const char *text)
{
    int64_t at;
    bool offset, time;
    assert_true(civil_parse(strv_from(text), &at, &offset, &time));
    return at;
}

static bool locate(void *ctx, uint64_t msisdn, struct strv zone, struct strv region,
                   struct audience_place_of *out)
{
    (void)ctx;
    (void)msisdn;
    (void)zone;
    *out = (struct audience_place_of){ .region = region };
    if (region.n)
        out->clock = STRV("US-FL America/New_York,America/Chicago");
    return region.n != 0;
}

static void import_customers(struct fixture *f, const char *text)
{
    const struct audience_locator locator = { .locate = locate };
    const struct audience_import_options o = {
        .kind = IMPORT_CUSTOMERS, .mapping = STRV("phone=msisdn"), .now = FIXTURE_NOW, .locator = &locator
    };
    if (!fixture_import(f, &o, strv_from(text)) || f->progress.rejected)
        fail_msg("%s", f->rejects);
}

/* "type time" lines of one customer, one import each: late ones and blocks of their own come by themselves.
 */
static void import_events(struct fixture *f, int number, const char *lines)
{
    struct strv rest = strv_from(lines), line;
    while (strv_next(&rest, '\n', &line)) {
        char text[200], name[20];
        struct strv type;
        if (!strv_next(&line, ' ', &type))
            continue;
        strv_copy(type, name, sizeof name);
        snprintf(text, sizeof text, "phone,time\n+4477009000%02d," STRV_FMT "\n", number, STRV_ARG(line));
        if (!fixture_events(f, name, "phone=msisdn", text) || f->progress.rejected)
            fail_msg("%s: %s", text, f->rejects);
    }
}

static void cases_import(struct fixture *f)
{
    struct buf b = { 0 };
    buf_put_strv(&b, STRV("phone,zone,region\n"));
    for (size_t i = 0; i < CASES; i++)
        buf_printf(&b, "+4477009000%02d,%s,%s\n", (int)i, cases[i].zone, cases[i].region);
    import_customers(f, buf_cstr(&b));
    buf_free(&b);
    for (size_t i = 0; i < CASES; i++)
        import_events(f, (int)i, cases[i].events);
}

static void put_last(struct buf *b, usec_t at)
{
    buf_printf(b, "%s ", at ? civil_format_utc(at).s : "-");
}

static void put_habit(struct buf *b, const struct habit *h)
{
    struct habit_peak p;
    put_last(b, h->inbound);
    put_last(b, h->sent);
    put_last(b, h->delivered);
    put_last(b, h->failed);
    buf_printf(b, "|%d/%d|", (int)h->arrived, (int)h->receipts);
    for (unsigned i = 0; i < 24; i++)
        if (h->hours[i])
            buf_printf(b, "%u:%d ", i, (int)h->hours[i]);
    buf_put_strv(b, h->events ? STRV("|") : STRV(" |"));
    if (habit_peak(h, &p))
        buf_printf(b, "%u-%u %d/%d", p.from, p.to, (int)p.count, (int)h->events);
}

static struct habit habit_of(struct audience_view *v, size_t i)
{
    const struct habit_options o = { .now = instant(cases[i].now), .zone = london, .zones = zones };
    struct habit h;
    struct err e = { 0 };
    if (!habit_read(v, (uint32_t)i, &o, &h, &e))
        fail_msg("%s: %s", cases[i].what, e.text);
    return h;
}

static void test_habits_of_customers(void **state)
{
    struct fixture *f = *state;
    cases_import(f);
    struct audience_view *v = audience_view_begin(f->a, NULL);
    for (size_t i = 0; i < CASES; i++) {
        struct buf b = { 0 };
        const struct habit h = habit_of(v, i);
        put_habit(&b, &h);
        if (strcmp(buf_cstr(&b), cases[i].want) != 0)
            fail_msg("%s\nexpected %s\nfound    %s", cases[i].what, cases[i].want, buf_cstr(&b));
        buf_free(&b);
    }
    audience_view_end(v);
}

static bool holds(struct audience_view *v, const char *text, size_t i)
{
    const struct eval_options o = { .now = instant(cases[i].now), .zone = london, .zones = zones };
    struct query_error qe = { 0 };
    struct err e = { 0 };
    bool in = false;
    struct query *q = segment_parse(v, strv_from(text), NULL, &qe);
    if (!q || !eval_customer(v, q, (uint32_t)i, &o, &in, &qe, &e))
        fail_msg("%s\n%s", text, q ? e.text : qe.text);
    query_free(q);
    return in;
}

/* Then the segment language counts the same, hour by hour, in all zones. */
static void test_the_language_counts_the_same(void **state)
{
    struct fixture *f = *state;
    char text[200];
    cases_import(f);
    struct audience_view *v = audience_view_begin(f->a, NULL);
    for (size_t i = 0; i < CASES; i++) {
        const struct habit h = habit_of(v, i);
        for (unsigned hour = 0; hour < 24 && !strstr(cases[i].events, "reply"); hour++) {
            snprintf(text, sizeof text, "count(inbound | click where hour = %u, last 90 days) = %d", hour,
                     (int)h.hours[hour]);
            if (!holds(v, text, i))
                fail_msg("%s\nnot %s", cases[i].what, text);
        }
        snprintf(text, sizeof text,
                 "count(delivered, last 90 days) = %d and count(delivered | failed, last 90 days) = %d",
                 (int)h.arrived, (int)h.receipts);
        if (!holds(v, text, i))
            fail_msg("%s\nnot %s", cases[i].what, text);
    }
    audience_view_end(v);
}

static void test_who_is_no_customer_did_nothing(void **state)
{
    struct fixture *f = *state;
    const struct habit_options o = { .now = instant(NOW) };
    struct habit h;
    struct err e = { 0 };
    struct audience_view *v = audience_view_begin(f->a, NULL);
    assert_true(habit_read(v, 12345, &o, &h, &e));
    assert_int_equal(h.inbound, 0);
    assert_int_equal(h.receipts, 0);
    assert_int_equal(h.events, 0);
    assert_null(h.zone);
    audience_view_end(v);
}

/* --- the section of doc/segments.md --- */

/* Ann writes and clicks at night and is reached; Bob wrote once, what is sent to him fails; Cid never did
 * anything; Dan writes on working days at noon and was reached in May. */
static const char *const people[] = {
    "inbound 2026-11-10T23:30:00Z\ninbound 2026-11-12T02:30:00Z\ninbound 2026-11-14T22:00:00Z\n"
    "click 2026-11-15T23:00:00Z\nclick 2026-11-16T23:00:00Z\ndelivered 2026-11-09T12:00:00Z\n"
    "sent 2026-11-09T11:59:00Z\n",
    "inbound 2026-09-01T10:00:00Z\nsent 2026-11-20T10:00:00Z\nfailed 2026-11-20T10:00:05Z\n"
    "failed 2026-11-01T10:00:05Z\n",
    "",
    "inbound 2026-11-10T12:00:00Z\ninbound 2026-11-11T12:00:00Z\nsent 2026-05-01T12:00:00Z\n"
    "delivered 2026-05-01T12:00:01Z\n",
};
#define PEOPLE (sizeof people / sizeof people[0])

/* In the order of the section's table. */
static const char *const found[] = { "B", "C", "B", "BCD", "A", "B", "CD", "A", "A", "BD" };

/* The text between the line's last two backticks, "\|" as "|". False: no row of a query. */
static bool doc_query(const char *line, char *out, size_t size)
{
    const char *end = strrchr(line, '`'), *begin = end;
    size_t n = 0;
    if (line[0] != '|' || !end)
        return false;
    while (begin > line && *--begin != '`')
        ;
    for (begin++; begin < end && n + 1 < size; begin++)
        if (*begin != '\\')
            out[n++] = *begin;
    out[n] = '\0';
    return true;
}

static void expect_found(struct audience_view *v, const char *text, const char *want)
{
    const struct eval_options o = { .now = instant(NOW), .zone = london, .zones = zones };
    struct query_error qe = { 0 };
    struct err e = { 0 };
    char who[PEOPLE + 1];
    size_t n = 0;
    struct query *q = segment_parse(v, strv_from(text), NULL, &qe);
    struct audience_set *s = q ? eval_query(v, q, &o, &qe, &e) : NULL;
    if (!s)
        fail_msg("%s\n%s", text, q ? e.text : qe.text);
    for (uint32_t i = 0; i < PEOPLE; i++)
        if (audience_set_contains(s, i))
            who[n++] = "ABCD"[i];
    who[n] = '\0';
    if (strcmp(who, want) != 0)
        fail_msg("%s\nexpected %s, found %s", text, want, who);
    audience_set_free(s);
    query_free(q);
}

static void test_the_queries_of_the_description(void **state)
{
    struct fixture *f = *state;
    const char *src = getenv("TESSERA_SRC");
    char path[400], line[1000], text[1000];
    size_t n = 0;
    bool inside = false;
    import_customers(f, "phone\n+447700900000\n+447700900001\n+447700900002\n+447700900003\n");
    for (size_t i = 0; i < PEOPLE; i++)
        import_events(f, (int)i, people[i]);
    snprintf(path, sizeof path, "%s/doc/segments.md", src ? src : ".");
    FILE *doc = fopen(path, "r");
    if (!doc)
        fail_msg("%s cannot be read", path);
    struct audience_view *v = audience_view_begin(f->a, NULL);
    while (fgets(line, sizeof line, doc)) {
        if (strncmp(line, "## ", 3) == 0)
            inside = strcmp(line, "## Habits and reachability\n") == 0;
        if (!inside || !doc_query(line, text, sizeof text))
            continue;
        assert_true(n < sizeof found / sizeof found[0]);
        expect_found(v, text, found[n++]);
    }
    assert_int_equal(n, sizeof found / sizeof found[0]);
    audience_view_end(v);
    fclose(doc);
}

#define T(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_habits_of_customers),
        T(test_the_language_counts_the_same),
        T(test_who_is_no_customer_did_nothing),
        T(test_the_queries_of_the_description),
    };
    zones = zones_new(NULL, NULL);
    london = zones ? zones_get(zones, STRV("Europe/London"), NULL) : NULL;
    if (!london)
        return 77; /* no time zones here: skipped, as automake says */
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    zones_free(zones);
    return failed;
}
