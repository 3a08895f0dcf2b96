#include "audience_fixture.h"

#include "audience/activity.h"

#define DAY0 INT64_C(1699920000) /* 2023-11-14T00:00:00Z */

static const char *const three = "phone\n+447700900001\n+447700900002\n+447700900003\n";

static struct audience_activity activity(uint64_t seq, uint16_t event, uint64_t number, int64_t second)
{
    return (struct audience_activity){
        .seq = seq, .event = event, .number = number, .campaign = 7, .at = (DAY0 + second) * USEC_SEC
    };
}

static bool put_activity(void *ctx, const struct schema_event *ev, uint64_t count, usec_t first, usec_t last)
{
    struct buf *b = ctx;
    return buf_printf(b, STRV_FMT "=%llu:%lld-%lld;", STRV_ARG(ev->name), (unsigned long long)count,
                      (long long)(first / USEC_SEC - DAY0), (long long)(last / USEC_SEC - DAY0));
}

static void expect_activity(struct fixture *f, uint32_t id, const char *want)
{
    struct buf b = { 0 };
    struct err e = { 0 };
    struct audience_view *v = audience_view_begin(f->a, &e);
    assert_true(audience_customer_activity(v, id, put_activity, &b, &e));
    assert_string_equal(buf_cstr(&b), want);
    audience_view_end(v);
    buf_free(&b);
}

static void happenings_become_events_of_their_customers(void **state)
{
    struct fixture *f = *state;
    struct err e = { 0 };
    struct audience_feed_result r;
    assert_true(fixture_customers(f, "", three));
    struct audience_activity list[] = {
        activity(1, EVENT_SENT, 447700900001, 10),       activity(2, EVENT_SENT, 447700900002, 11),
        activity(3, EVENT_DELIVERED, 447700900001, 15),  activity(4, EVENT_INBOUND, 447700900001, 60),
        activity(5, EVENT_REPLY, 447700900001, 60),      activity(6, EVENT_SENT, 447700900001, 86400 + 5),
        activity(8, EVENT_FAILED, 447700900002, -86400),
    };
    list[1].customer = 2; /* id + 1 */
    assert_int_equal(audience_feed_seq(f->a), 0);
    assert_true(audience_apply_feed(f->a, list, 7, 9, NULL, &r, &e));
    assert_int_equal(r.applied, 7);
    assert_int_equal(audience_feed_seq(f->a), 9);
    expect_activity(f, 0, "inbound=1:60-60;reply=1:60-60;sent=2:10-86405;delivered=1:15-15;");
    expect_activity(f, 1, "sent=1:11-11;failed=1:-86400--86400;");
    expect_activity(f, 2, "");
    fixture_verify(f);
}

/* Given a feed that is given again after a crash, then nothing counts twice. */
static void what_was_applied_is_not_applied_again(void **state)
{
    struct fixture *f = *state;
    struct err e = { 0 };
    struct audience_feed_result r;
    struct audience_activity list[10];
    assert_true(fixture_customers(f, "", three));
    for (uint64_t i = 0; i < 10; i++) {
        list[i] = activity(i + 1, EVENT_INBOUND, 447700900001 + i % 3, (int64_t)i);
    }
    assert_true(audience_apply_feed(f->a, list, 6, 6, NULL, &r, &e));
    audience_close(f->a);
    fixture_open(f);
    assert_int_equal(audience_feed_seq(f->a), 6);
    assert_true(audience_apply_feed(f->a, list + 2, 8, 10, NULL, &r, &e));
    assert_int_equal(r.repeated, 4);
    assert_int_equal(r.applied, 4);
    assert_true(audience_apply_feed(f->a, list, 3, 3, NULL, &r, &e)); /* an old part */
    assert_int_equal(audience_feed_seq(f->a), 10);
    expect_activity(f, 0, "inbound=4:0-9;");
    expect_activity(f, 1, "inbound=3:1-7;");
    expect_activity(f, 2, "inbound=3:2-8;");
}

static void strangers_are_counted_or_made_customers(void **state)
{
    struct fixture *f = *state;
    struct err e = { 0 };
    struct audience_feed_result r;
    struct audience_activity list[] = {
        activity(1, EVENT_INBOUND, 447700900077, 1),
        activity(2, EVENT_DELIVERED, 447700900078, 2),
        activity(3, EVENT_INBOUND, 447700900077, 3),
        activity(4, EVENT_INBOUND, 0, 3),
    };
    assert_true(audience_apply_feed(f->a, list, 4, 4, NULL, &r, &e));
    assert_int_equal(r.unknown, 4);
    assert_int_equal(audience_feed_unknown(f->a), 4);
    const struct audience_feed_options o = { .create_customers = true };
    for (size_t i = 0; i < 4; i++) {
        list[i].seq += 4;
    }
    assert_true(audience_apply_feed(f->a, list, 4, 8, &o, &r, &e));
    assert_int_equal(r.created, 1);
    assert_int_equal(r.unknown, 2);
    assert_int_equal(audience_feed_unknown(f->a), 6);
    expect_activity(f, 0, "inbound=2:1-3;");
    assert_string_equal(fixture_show(f, 447700900077).s, "msisdn=+447700900077;created=2023-11-14;");
    fixture_verify(f);
}

/* Given a customer id that belongs to somebody else by now, then the number decides. */
static void a_wrong_id_is_not_believed(void **state)
{
    struct fixture *f = *state;
    struct err e = { 0 };
    struct audience_feed_result r;
    assert_true(fixture_customers(f, "", three));
    struct audience_activity list[] = { activity(1, EVENT_SENT, 447700900001, 1),
                                        activity(2, EVENT_SENT, 447700900099, 1) };
    list[0].customer = 3;
    list[1].customer = 2;
    assert_true(audience_apply_feed(f->a, list, 2, 2, NULL, &r, &e));
    assert_int_equal(r.applied, 1);
    expect_activity(f, 0, "sent=1:1-1;");
    expect_activity(f, 1, "");
    expect_activity(f, 2, "");
}

static bool campaign_block(void *ctx, const struct events_block *b)
{
    const struct packed *campaign = events_column(b, ATTRIBUTE_CAMPAIGN);
    assert_non_null(campaign);
    *(int64_t *)ctx = packed_get(campaign, 0);
    return true;
}

static void the_campaign_is_an_attribute(void **state)
{
    struct fixture *f = *state;
    struct err e = { 0 };
    assert_true(fixture_customers(f, "", three));
    struct audience_activity a = activity(1, EVENT_SENT, 447700900001, 1);
    assert_true(audience_apply_feed(f->a, &a, 1, 1, NULL, NULL, &e));
    a = activity(2, 9999, 447700900001, 1);
    assert_false(audience_apply_feed(f->a, &a, 1, 2, NULL, NULL, &e));
    assert_int_equal(e.code, ERR_INVALID);
    assert_int_equal(audience_feed_seq(f->a), 1);
    struct audience_view *v = audience_view_begin(f->a, &e);
    const struct schema_event *sent = schema_event(v->schema, EVENT_SENT);
    assert_int_equal(schema_find_attribute(sent, STRV("campaign"))->id, ATTRIBUTE_CAMPAIGN);
    int64_t campaign = 0;
    assert_true(events_each(v->txn, EVENT_SENT, INT32_MIN, INT32_MAX, campaign_block, &campaign));
    assert_int_equal(campaign, 7);
    audience_view_end(v);
}

#define T(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(happenings_become_events_of_their_customers),
        T(what_was_applied_is_not_applied_again),
        T(strangers_are_counted_or_made_customers),
        T(a_wrong_id_is_not_believed),
        T(the_campaign_is_an_attribute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
