/* Who entered and left, and what it cost: looks at segments against evaluations, by hand and at random. */
#include "audience_fixture.h"

#include "audience/activity.h"
#include "audience/segment.h"
#include "audience/watch.h"
#include "base/hash.h"
#include "base/random.h"

#define PEOPLE 40

static const struct segment_by BY = { .now = FIXTURE_NOW };

static void save(struct fixture *f, const char *name, const char *query)
{
    struct err e = { 0 };
    if (!segment_save(f->a, strv_from(name), strv_from(query), SEGMENT_PUT, NULL, &BY, NULL, &e)) {
        fail_msg("%s: %s", name, e.text);
    }
}

/* Customers first .. first + n - 1 with this tier. */
static void given_tier(struct fixture *f, unsigned first, unsigned n, const char *tier)
{
    struct buf b = { 0 };
    buf_put_strv(&b, STRV("msisdn,tier\n"));
    for (unsigned i = 0; i < n; i++) {
        buf_printf(&b, "+4917100000%02u,%s\n", first + i, tier);
    }
    assert_true(fixture_customers(f, NULL, buf_cstr(&b)));
    assert_int_equal(f->progress.rejected, 0);
    buf_free(&b);
}

static void given_purchase(struct fixture *f, unsigned customer, const char *time)
{
    char text[200];
    snprintf(text, sizeof text, "msisdn,time,amount\n+4917100000%02u,%s,5\n", customer, time);
    assert_true(fixture_events(f, "purchase", NULL, text)); /* of an erased customer it is rejected */
}

static struct watch_state state_of(struct fixture *f, const char *name)
{
    struct watch_state s;
    struct audience_view *v = audience_view_begin(f->a, NULL);
    assert_true(watch_seen(v, strv_from(name), &s));
    audience_view_end(v);
    return s;
}

/* One look at one segment. */
static struct watch_state look(struct fixture *f, const char *name, usec_t now, bool anew)
{
    const struct eval_options o = { .now = now };
    struct watch_look l;
    struct err e = { 0 };
    struct audience_view *v = audience_view_begin(f->a, &e);
    if (!watch_look(v, strv_from(name), &o, anew, &l, &e)) {
        fail_msg("%s: %s", name, e.text);
    }
    audience_view_end(v);
    assert_true(watch_store(f->a, &l, 1, &e));
    watch_look_free(&l);
    return state_of(f, name);
}

static uint64_t count(struct fixture *f, const char *query, usec_t now)
{
    const struct eval_options o = { .now = now };
    struct err e = { 0 };
    struct query_error qe = { 0 };
    struct audience_view *v = audience_view_begin(f->a, &e);
    struct query *q = segment_parse(v, strv_from(query), NULL, &qe);
    struct audience_set *set = q ? eval_query(v, q, &o, &qe, &e) : NULL;
    if (set == NULL) {
        fail_msg("%s: %s %s", query, e.text, qe.text);
    }
    uint64_t n = audience_set_count(set), one = 0;
    for (uint32_t id = 0; id < PEOPLE; id++) { /* the other evaluator says the same */
        bool in;
        assert_true(eval_customer(v, q, id, &o, &in, &qe, &e));
        one += in;
    }
    assert_int_equal(one, n);
    audience_set_free(set);
    query_free(q);
    audience_view_end(v);
    return n;
}

static void what_did_not_change_costs_nothing(void **state)
{
    struct fixture *f = *state;
    given_tier(f, 0, PEOPLE, "silver");
    given_tier(f, 0, 5, "gold");
    save(f, "gold", "tier = \"gold\"");
    struct watch_state s = look(f, "gold", FIXTURE_NOW, true);
    assert_int_equal(s.last, WATCH_BASELINE);
    assert_int_equal(s.members, 5);
    assert_int_equal(s.evaluated, PEOPLE);
    s = look(f, "gold", FIXTURE_NOW + 3 * USEC_DAY, false);
    assert_int_equal(s.last, WATCH_SKIPPED);
    given_tier(f, 4, 3, "gold"); /* one is already */
    s = look(f, "gold", FIXTURE_NOW + 3 * USEC_DAY, false);
    assert_int_equal(s.last, WATCH_PARTIAL);
    assert_int_equal(s.evaluated, 2); /* of the third nothing changed */
    assert_int_equal(s.members, 7);
    assert_int_equal(s.entered, 2);
    given_tier(f, 10, 3, "bronze");
    s = look(f, "gold", FIXTURE_NOW + 3 * USEC_DAY, true); /* no clock in it: also in a new process */
    assert_int_equal(s.last, WATCH_PARTIAL);
    assert_int_equal(s.evaluated, 3);
    assert_int_equal(s.entered, 2);
    given_tier(f, 0, 1, "silver");
    audience_close(f->a);
    fixture_open(f);
    s = look(f, "gold", FIXTURE_NOW + 3 * USEC_DAY, true);
    assert_int_equal(s.last, WATCH_PARTIAL);
    assert_int_equal(s.left, 1);
    assert_int_equal(s.skipped, 1);
    assert_int_equal(s.partial, 3);
    assert_int_equal(s.full, 1);
    struct err e = { 0 };
    assert_true(audience_erase(f->a, 491710000001, &e));
    s = look(f, "gold", FIXTURE_NOW + 3 * USEC_DAY, false);
    assert_int_equal(s.evaluated, 1);
    assert_int_equal(s.left, 2);
    save(f, "gold", "tier = \"bronze\"");
    s = look(f, "gold", FIXTURE_NOW + 3 * USEC_DAY, false);
    assert_int_equal(s.last, WATCH_FULL);
    assert_int_equal(s.members, 3);
}

static void what_depends_on_time_or_on_others_is_looked_at_when_it_must(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *query;
        enum watch_kind same_day, next_day, changed, anew;
    } cases[] = {
        { "tier = \"gold\"", WATCH_SKIPPED, WATCH_SKIPPED, WATCH_PARTIAL, WATCH_SKIPPED },
        { "count(purchase) >= 1", WATCH_SKIPPED, WATCH_SKIPPED, WATCH_PARTIAL, WATCH_SKIPPED },
        { "count(purchase, last 30 days) >= 1", WATCH_SKIPPED, WATCH_SKIPPED, WATCH_PARTIAL, WATCH_FULL },
        { "count(purchase, this day) >= 1", WATCH_SKIPPED, WATCH_SKIPPED, WATCH_PARTIAL, WATCH_FULL },
        { "min_per(day, purchase, last 5 hours) >= 1", WATCH_FULL, WATCH_FULL, WATCH_FULL, WATCH_FULL },
        { "min_per(day, purchase, last 5 days) >= 1", WATCH_SKIPPED, WATCH_FULL, WATCH_PARTIAL, WATCH_FULL },
        { "birth_date before 10 hours ago", WATCH_SKIPPED, WATCH_FULL, WATCH_PARTIAL, WATCH_FULL },
        { "birth_date before 13 hours ago", WATCH_FULL, WATCH_FULL, WATCH_PARTIAL, WATCH_FULL },
        { "days_since(purchase) > 3", WATCH_SKIPPED, WATCH_FULL, WATCH_PARTIAL, WATCH_FULL },
        { "birth_date before 30 years ago", WATCH_SKIPPED, WATCH_FULL, WATCH_PARTIAL, WATCH_FULL },
        { "count(purchase where hour in 22..4) >= 1", WATCH_SKIPPED, WATCH_FULL, WATCH_PARTIAL, WATCH_FULL },
        { "count(purchase, last 5 hours) >= 1", WATCH_SKIPPED, WATCH_SKIPPED, WATCH_PARTIAL, WATCH_FULL },
        { "percentile(count(purchase, last 5 hours)) > 0.5", WATCH_SKIPPED, WATCH_SKIPPED, WATCH_FULL,
          WATCH_FULL },
        { "percentile(count(purchase)) > 0.5", WATCH_SKIPPED, WATCH_SKIPPED, WATCH_FULL, WATCH_SKIPPED },
        { "rfm(purchase).score > 3", WATCH_SKIPPED, WATCH_FULL, WATCH_FULL, WATCH_FULL },
        { "tier = \"gold\" or in segment \"days\"", WATCH_SKIPPED, WATCH_FULL, WATCH_PARTIAL, WATCH_FULL },
    };
    const usec_t noon = FIXTURE_NOW / USEC_DAY * USEC_DAY + 12 * USEC_HOUR;
    given_tier(f, 0, PEOPLE, "silver");
    given_purchase(f, 1, "2023-11-10T10:00:00Z");
    save(f, "days", "age(birth_date) > 3");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        save(f, "it", cases[i].query);
        look(f, "it", noon, false);
        const enum watch_kind same = look(f, "it", noon + USEC_HOUR, false).last;
        given_tier(f, 7, 1, i % 2 ? "gold" : "iron");
        const enum watch_kind changed = look(f, "it", noon + USEC_HOUR, false).last;
        const enum watch_kind next = look(f, "it", noon + USEC_DAY, false).last;
        const enum watch_kind anew = look(f, "it", noon + USEC_DAY, true).last;
        if (same != cases[i].same_day || next != cases[i].next_day || changed != cases[i].changed ||
            anew != cases[i].anew) {
            fail_msg("%s: %s, changed %s, next day %s, anew %s", cases[i].query, watch_kind_name(same),
                     watch_kind_name(changed), watch_kind_name(next), watch_kind_name(anew));
        }
        assert_int_equal(look(f, "it", noon, false).last, WATCH_FULL); /* the clock went back */
    }
}

/* How many customers a look evaluated. */
static uint64_t cost(struct fixture *f, const char *name, usec_t now)
{
    const struct eval_options o = { .now = now };
    struct watch_look l;
    struct err e = { 0 };
    struct audience_view *v = audience_view_begin(f->a, &e);
    assert_true(watch_look(v, strv_from(name), &o, false, &l, &e));
    audience_view_end(v);
    const uint64_t evaluated = l.evaluated;
    assert_true(watch_store(f->a, &l, 1, &e));
    watch_look_free(&l);
    return evaluated;
}

static void the_cost_is_what_changed(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *query;
        usec_t slid; /* after so long one purchase falls out */
    } cases[] = {
        { "tier = \"gold\"", 0 },
        { "count(purchase) >= 2", 0 },
        { "count(purchase, last 10 hours) >= 1", 9 * USEC_HOUR },
        { "count(purchase, this hour) >= 1", USEC_HOUR },
        { "count(purchase, this day) = 0", 12 * USEC_HOUR },
        { "count(purchase, last 2 days) >= 1", 36 * USEC_HOUR },
        { "sum(purchase.amount, between 9 hours ago and today) > 1 or tier = \"gold\"", 21 * USEC_HOUR },
        { "in segment \"window\" and not tier = \"iron\"", 9 * USEC_HOUR },
    };
    const usec_t noon = FIXTURE_NOW / USEC_DAY * USEC_DAY + 12 * USEC_HOUR;
    given_tier(f, 0, PEOPLE, "silver");
    save(f, "window", "count(purchase, last 10 hours) >= 1");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const usec_t day = noon + (usec_t)(4 * i) * USEC_DAY;
        const int32_t date = 14 + 4 * (int32_t)i;
        char time[40];
        save(f, "it", cases[i].query);
        look(f, "it", day, true);
        assert_int_equal(cost(f, "it", day + USEC_MINUTE), 0); /* nothing changed */
        given_tier(f, 3, 1, i % 2 ? "gold" : "iron");
        assert_int_equal(cost(f, "it", day + USEC_MINUTE), 1);
        snprintf(time, sizeof time, "2023-%02d-%02dT12:00:30Z", date > 30 ? 12 : 11,
                 date > 30 ? date - 30 : date);
        given_purchase(f, 8, time); /* seen at once */
        assert_int_equal(cost(f, "it", day + USEC_MINUTE), 1);
        assert_int_equal(cost(f, "it", day + 2 * USEC_MINUTE), 0);
        if (cases[i].slid) {
            const usec_t before = day + cases[i].slid - USEC_MINUTE;
            if (cost(f, "it", before) != 0) {
                fail_msg("%s: before its time", cases[i].query);
            }
            const uint64_t n = cost(f, "it", before + 62 * USEC_MINUTE);
            if (n != 1) {
                fail_msg("%s: %llu customers of a window that moved", cases[i].query, (unsigned long long)n);
            }
        }
        assert_int_equal(cost(f, "it", day + 3 * USEC_DAY + 5 * USEC_HOUR), 0); /* days pass */
    }
}

/* Of the pages that name the last transaction: every commit changes them. */
static uint64_t commits_of(struct fixture *f)
{
    char path[400];
    uint8_t pages[2 * 4096];
    snprintf(path, sizeof path, "%s/audience.mdb", f->dir);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fread(pages, 1, sizeof pages, file), sizeof pages);
    fclose(file);
    return hash_stable(pages, sizeof pages);
}

/* Not even that nothing was found is written; it is remembered all the same. */
static void a_look_that_is_skipped_writes_nothing(void **state)
{
    struct fixture *f = *state;
    given_tier(f, 0, PEOPLE, "silver");
    save(f, "it", "count(purchase, last 168 hours) >= 1");
    look(f, "it", FIXTURE_NOW, true);
    const uint64_t before = commits_of(f);
    for (int i = 1; i <= 3; i++) {
        struct watch_state s = look(f, "it", FIXTURE_NOW + i * USEC_MINUTE, false);
        assert_int_equal(s.last, WATCH_SKIPPED);
        assert_int_equal(s.skipped, i);
        assert_int_equal(s.at, FIXTURE_NOW + i * USEC_MINUTE);
    }
    assert_true(commits_of(f) == before);
    given_tier(f, 1, 1, "gold");
    struct watch_state s = look(f, "it", FIXTURE_NOW + USEC_HOUR, false);
    assert_int_equal(s.last, WATCH_PARTIAL);
    assert_int_equal(s.skipped, 3); /* written with it */
    assert_true(commits_of(f) != before);
    audience_close(f->a);
    fixture_open(f);
    assert_int_equal(state_of(f, "it").skipped, 3);
}

static void happenings_of_the_future_come_to_be_seen(void **state)
{
    struct fixture *f = *state;
    given_tier(f, 0, PEOPLE, "silver");
    save(f, "buyers", "count(purchase) >= 1");
    look(f, "buyers", FIXTURE_NOW, true);
    given_purchase(f, 3, "2023-11-14T23:00:00Z"); /* in 47 minutes */
    assert_int_equal(look(f, "buyers", FIXTURE_NOW, false).members, 0);
    struct watch_state s = look(f, "buyers", FIXTURE_NOW + USEC_HOUR, false);
    assert_int_equal(s.members, 1);
    assert_int_equal(s.last, WATCH_PARTIAL); /* nobody else's time has come */
    assert_int_equal(s.evaluated, 1);
    assert_int_equal(look(f, "buyers", FIXTURE_NOW + USEC_HOUR, false).last, WATCH_SKIPPED);
    save(f, "late", "count(purchase) >= 1"); /* the same when the baseline finds them there */
    look(f, "late", FIXTURE_NOW, true);
    assert_int_equal(look(f, "late", FIXTURE_NOW + USEC_HOUR, false).members, 1);
}

static void events_tell_who_entered_and_left_once(void **state)
{
    struct fixture *f = *state;
    struct err e = { 0 };
    const usec_t later = FIXTURE_NOW + USEC_HOUR;
    given_tier(f, 0, PEOPLE, "silver");
    given_tier(f, 0, 2, "gold");
    save(f, "gold", "tier = \"gold\"");
    save(f, "quiet", "tier = \"gold\"");
    assert_true(segment_set_events(f->a, STRV("gold"), true, &e));
    look(f, "gold", FIXTURE_NOW, true);
    look(f, "quiet", FIXTURE_NOW, true);
    assert_int_equal(count(f, "count(segment_enter) >= 1", later), 0); /* the baseline */
    given_tier(f, 1, 3, "gold");
    given_tier(f, 0, 1, "silver");
    look(f, "gold", FIXTURE_NOW, false);
    look(f, "quiet", FIXTURE_NOW, false);
    audience_close(f->a);
    fixture_open(f);
    for (int i = 0; i < 3; i++) {
        look(f, "gold", FIXTURE_NOW + i, true);
        look(f, "quiet", FIXTURE_NOW + i, true);
    }
    assert_int_equal(count(f, "count(segment_enter where segment = \"gold\") = 1", later), 2);
    assert_int_equal(count(f, "count(segment_leave where segment = \"gold\") = 1", later), 1);
    assert_int_equal(
        count(f, "count(segment_enter) > 1 or count(segment_enter where segment = \"quiet\") > 0", later), 0);
    assert_int_equal(state_of(f, "quiet").entered, 2);
    fixture_verify(f);
}

static void who_ever_was_a_member_is_remembered(void **state)
{
    struct fixture *f = *state;
    given_tier(f, 0, PEOPLE, "silver");
    given_tier(f, 0, 2, "gold");
    save(f, "gold", "tier = \"gold\"");
    assert_int_equal(count(f, "ever in segment \"gold\"", FIXTURE_NOW), 2); /* not watched yet: now */
    look(f, "gold", FIXTURE_NOW, true);
    given_tier(f, 0, 1, "silver");
    given_tier(f, 5, 2, "gold");
    assert_int_equal(count(f, "ever in segment \"gold\"", FIXTURE_NOW), 4);
    assert_int_equal(count(f, "ever in segment \"gold\" and not in segment \"gold\"", FIXTURE_NOW), 1);
    look(f, "gold", FIXTURE_NOW, false);
    given_tier(f, 0, PEOPLE, "silver");
    look(f, "gold", FIXTURE_NOW, false);
    assert_int_equal(count(f, "in segment \"gold\"", FIXTURE_NOW), 0);
    assert_int_equal(count(f, "ever in segment \"gold\"", FIXTURE_NOW), 4);
    save(f, "once", "ever in segment \"gold\"");
    look(f, "once", FIXTURE_NOW, true);
    struct err e = { 0 };
    assert_true(segment_delete(f->a, STRV("once"), &BY, &e));
    assert_true(segment_delete(f->a, STRV("gold"), &BY, &e));
    save(f, "gold", "tier = \"gold\""); /* another one: nothing of the old is known */
    assert_int_equal(count(f, "ever in segment \"gold\"", FIXTURE_NOW), 0);
}

static bool take_change(void *ctx, const struct watch_change *c)
{
    return buf_printf(ctx, "%s +%llu -%llu =%llu;", watch_kind_name(c->kind), (unsigned long long)c->entered,
                      (unsigned long long)c->left, (unsigned long long)c->members);
}

static void looks_that_found_something_are_listed(void **state)
{
    struct fixture *f = *state;
    struct buf b = { 0 };
    given_tier(f, 0, PEOPLE, "silver");
    save(f, "gold", "tier = \"gold\"");
    look(f, "gold", FIXTURE_NOW, true);
    given_tier(f, 5, 2, "gold");
    look(f, "gold", FIXTURE_NOW, false);
    look(f, "gold", FIXTURE_NOW, false);
    given_tier(f, 6, 1, "iron");
    look(f, "gold", FIXTURE_NOW, false);
    struct audience_view *v = audience_view_begin(f->a, NULL);
    watch_changes(v, STRV("gold"), 0, take_change, &b);
    buf_put_strv(&b, STRV("|"));
    watch_changes(v, STRV("gold"), 2, take_change, &b);
    audience_view_end(v);
    assert_string_equal(buf_cstr(&b),
                        "partial +0 -1 =1;partial +2 -0 =2;baseline +0 -0 =0;|baseline +0 -0 =0;");
    buf_free(&b);
}

/* --- at random --- */

static const char *const QUERIES[] = {
    "tier = \"gold\"",
    "count(purchase) >= 2 and not tier = \"iron\"",
    "count(purchase, last 2 days) >= 1",
    "count(purchase, last 3 hours) >= 1",
    "count(purchase, this hour) >= 1 or count(purchase, this day) = 2",
    "sum(purchase.amount, between 2 days ago and 1 days ago) > 5 and not count(purchase, last 26 hours) = 1",
    "percentile(count(purchase, last 5 hours)) > 0.9",
    "days_since(purchase) <= 1 or min_per(day, purchase, last 2 days) >= 1",
    "avg(purchase.amount, between 20 hours ago and 3 hours ago) > 1",
    "percentile(count(purchase)) > 0.6",
    "in segment \"s0\" or in segment \"s2\"",
    "ever in segment \"s0\" and not in segment \"s1\"",
};
#define QUERIES_N (sizeof QUERIES / sizeof QUERIES[0])

static struct audience_set *fresh(struct fixture *f, const char *name, usec_t now)
{
    const struct eval_options o = { .now = now };
    struct err e = { 0 };
    struct audience_view *v = audience_view_begin(f->a, &e);
    struct audience_set *set = eval_segment(v, strv_from(name), &o, NULL, &e);
    assert_non_null(set);
    audience_view_end(v);
    return set;
}

static void change_something(struct fixture *f, struct rnd *r, usec_t now)
{
    static const char *const TIERS[] = { "gold", "silver", "iron" };
    char time[40];
    struct err e = { 0 };
    switch (rnd_below(r, 5)) {
    case 0:
        given_tier(f, (unsigned)rnd_below(r, PEOPLE - 4), 1 + (unsigned)rnd_below(r, 4),
                   TIERS[rnd_below(r, 3)]);
        break;
    case 1:
    case 2: {
        const usec_t at =
            now - 30 * USEC_HOUR + (usec_t)rnd_below(r, 40) * USEC_HOUR; /* to ten hours ahead */
        const int64_t second = at / USEC_SEC, day = second / 86400;
        snprintf(time, sizeof time, "2023-11-%02dT%02d:%02d:%02dZ", (int)(day - 19662),
                 (int)(second % 86400 / 3600), (int)(second % 3600 / 60), (int)(second % 60));
        given_purchase(f, (unsigned)rnd_below(r, PEOPLE), time);
        break;
    }
    case 3: {
        const struct audience_activity a = { .seq = audience_feed_seq(f->a) + 1,
                                             .event = EVENT_PURCHASE,
                                             .number = 491710000000 + rnd_below(r, PEOPLE),
                                             .at = now };
        const struct audience_feed_options o = { .create_customers = false };
        assert_true(audience_apply_feed(f->a, &a, 1, a.seq, &o, NULL, &e));
        break;
    }
    default:
        if (rnd_below(r, 4) == 0) {
            audience_erase(f->a, 491710000000 + rnd_below(r, PEOPLE), &e);
        }
    }
}

/* Members are those of an evaluation; entered and left since are what differs from the look before. */
static void look_and_compare(struct fixture *f, const char *name, usec_t now, bool anew)
{
    struct err e = { 0 };
    struct audience_view *v = audience_view_begin(f->a, NULL);
    struct watch_state before = { 0 };
    bool known = watch_get(v->txn, strv_from(name), &before);
    struct audience_set *was = known ? watch_members(v->txn, strv_from(name), &e) : audience_set_new();
    audience_view_end(v);
    struct audience_set *want = fresh(f, name, now);
    struct watch_state s = look(f, name, now, anew);
    v = audience_view_begin(f->a, NULL);
    struct audience_set *members = watch_members(v->txn, strv_from(name), &e);
    audience_view_end(v);
    if (!audience_set_equal(members, want)) {
        fail_msg("%s after a look that was %s: %llu members, not %llu", name, watch_kind_name(s.last),
                 (unsigned long long)audience_set_count(members),
                 (unsigned long long)audience_set_count(want));
    }
    assert_int_equal(s.members, audience_set_count(want));
    if (known) {
        uint64_t both = audience_set_and_count(was, want);
        assert_int_equal(s.entered - before.entered, audience_set_count(want) - both);
        assert_int_equal(s.left - before.left, audience_set_count(was) - both);
    }
    audience_set_free(was);
    audience_set_free(want);
    audience_set_free(members);
}

static void members_are_always_those_of_an_evaluation(void **state)
{
    struct fixture *f = *state;
    struct rnd r;
    struct err e = { 0 };
    usec_t now = FIXTURE_NOW - 10 * USEC_DAY;
    uint64_t kinds[4] = { 0 };
    rnd_seed(&r, 11);
    given_tier(f, 0, PEOPLE, "silver");
    for (size_t i = 0; i < QUERIES_N; i++) {
        char name[8];
        snprintf(name, sizeof name, "s%zu", i);
        save(f, name, QUERIES[i]);
        assert_true(segment_set_events(f->a, strv_from(name), true, &e));
    }
    for (int step = 0; step < 120; step++) {
        for (unsigned n = (unsigned)rnd_below(&r, 4); n > 0; n--) {
            change_something(f, &r, now);
        }
        now += (usec_t)rnd_below(&r, 3) * 50 * USEC_MINUTE;
        bool anew = rnd_below(&r, 10) == 0;
        for (size_t i = 0; i < QUERIES_N; i++) {
            char name[8];
            snprintf(name, sizeof name, "s%zu", i);
            if (rnd_below(&r, 3) != 0) {
                look_and_compare(f, name, now, anew);
                kinds[state_of(f, name).last]++;
            }
        }
        if (step % 40 == 39) {
            audience_close(f->a);
            fixture_open(f);
        }
    }
    assert_true(kinds[WATCH_SKIPPED] > 10 && kinds[WATCH_PARTIAL] > 50 && kinds[WATCH_FULL] > 50);
    struct watch_state s = state_of(f, "s0");
    char query[100]; /* as many events as there were entries, of those who were not erased */
    snprintf(query, sizeof query, "count(segment_enter where segment = \"s0\") > %llu",
             (unsigned long long)s.entered);
    assert_true(s.entered > 0);
    assert_int_equal(count(f, query, now + USEC_DAY), 0);
    fixture_verify(f);
}

#define T(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(what_did_not_change_costs_nothing),
        T(what_depends_on_time_or_on_others_is_looked_at_when_it_must),
        T(the_cost_is_what_changed),
        T(a_look_that_is_skipped_writes_nothing),
        T(happenings_of_the_future_come_to_be_seen),
        T(events_tell_who_entered_and_left_once),
        T(who_ever_was_a_member_is_remembered),
        T(looks_that_found_something_are_listed),
        T(members_are_always_those_of_an_evaluation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
