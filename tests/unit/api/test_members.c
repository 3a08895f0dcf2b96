/* The strict reader of requests: what is taken, and what exactly is said about what is not. */
#include "api/members.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

struct asked {
    struct strv to;
    bool dry_run;
    int64_t rate;
    usec_t valid_for, send_at;
    const json_t *segments, *map;
};

static const struct member TABLE[] = {
    { "to", MEMBER_TEXT, true, offsetof(struct asked, to), 1, 8 },
    { "dry_run", MEMBER_BOOL, false, offsetof(struct asked, dry_run), 0, 0 },
    { "rate", MEMBER_INT, false, offsetof(struct asked, rate), 1, 1000 },
    { "valid_for_s", MEMBER_SECONDS, false, offsetof(struct asked, valid_for), USEC_SEC, USEC_DAY },
    { "send_at", MEMBER_INSTANT, false, offsetof(struct asked, send_at), 0, 0 },
    { "segments", MEMBER_TEXTS, false, offsetof(struct asked, segments), 1, 2 },
    { "map", MEMBER_OBJECT, false, offsetof(struct asked, map), 0, 1 },
};
#define TABLE_N (sizeof TABLE / sizeof TABLE[0])

static json_t *parse(const char *text)
{
    json_t *j = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(j);
    return j;
}

static void every_type_is_read(void **state)
{
    (void)state;
    json_t *j =
        parse("{\"to\":\"+4477\",\"dry_run\":true,\"rate\":1000,\"valid_for_s\":1.5,"
              "\"send_at\":\"2026-11-21T23:00:00+01:00\",\"segments\":[\"a\",\"b\"],\"map\":{\"x\":\"y\"}}");
    struct asked q = { 0 };
    struct err e = { 0 };
    assert_true(members_read(j, TABLE, TABLE_N, &q, &e));
    assert_true(strv_eq_c(q.to, "+4477"));
    assert_true(q.dry_run);
    assert_int_equal(q.rate, 1000);
    assert_int_equal(q.valid_for, 1500000);
    assert_int_equal(q.send_at, INT64_C(1795298400) * USEC_SEC); /* 2026-11-21T22:00:00Z */
    assert_int_equal(json_array_size(q.segments), 2);
    assert_true(strv_eq_c(member_text(json_array_get(q.segments, 1)), "b"));
    assert_int_equal(json_object_size(q.map), 1);
    json_decref(j);
}

static void what_is_not_given_stays(void **state)
{
    (void)state;
    json_t *j = parse("{\"to\":\"x\",\"rate\":null}");
    struct asked q = { .rate = 7, .dry_run = true };
    assert_true(members_read(j, TABLE, TABLE_N, &q, NULL));
    assert_int_equal(q.rate, 7);
    assert_true(q.dry_run);
    assert_null(q.segments);
    json_decref(j);
}

static void errors_say_what_to_do(void **state)
{
    static const struct {
        const char *body;
        enum err_code code;
        const char *text;
    } CASES[] = {
        { "{}", ERR_INVALID, "\"to\" is missing" },
        { "{\"to\":null}", ERR_INVALID, "\"to\" must be a text" },
        { "{\"to\":5}", ERR_INVALID, "\"to\" must be a text" },
        { "{\"to\":\"\"}", ERR_INVALID, "\"to\" must not be empty" },
        { "{\"to\":\"123456789\"}", ERR_LIMIT, "\"to\" has 9 octets; at most 8 are possible" },
        { "{\"to\":\"1\",\"rat\":1}", ERR_INVALID, "unknown member \"rat\"; did you mean \"rate\"?" },
        { "{\"to\":\"1\",\"valid_for\":1}", ERR_INVALID,
          "unknown member \"valid_for\"; did you mean \"valid_for_s\"?" },
        { "{\"to\":\"1\",\"zzzzzz\":1}", ERR_INVALID,
          "unknown member \"zzzzzz\"; there are: to, dry_run, rate, valid_for_s, send_at, segments, map" },
        { "{\"to\":\"1\",\"dry_run\":\"yes\"}", ERR_INVALID, "\"dry_run\" must be true or false" },
        { "{\"to\":\"1\",\"dry_run\":1}", ERR_INVALID, "\"dry_run\" must be true or false" },
        { "{\"to\":\"1\",\"rate\":0}", ERR_INVALID, "\"rate\" must be a whole number from 1 to 1000" },
        { "{\"to\":\"1\",\"rate\":1001}", ERR_INVALID, "\"rate\" must be a whole number from 1 to 1000" },
        { "{\"to\":\"1\",\"rate\":1.0}", ERR_INVALID, "\"rate\" must be a whole number from 1 to 1000" },
        { "{\"to\":\"1\",\"valid_for_s\":0}", ERR_INVALID,
          "\"valid_for_s\" must be a number of seconds from 1 to 86400" },
        { "{\"to\":\"1\",\"valid_for_s\":1e300}", ERR_INVALID,
          "\"valid_for_s\" must be a number of seconds from 1 to 86400" },
        { "{\"to\":\"1\",\"send_at\":\"2026-11-21T22:00:00\"}", ERR_INVALID,
          "\"send_at\" must be an instant with its offset, such as \"2026-11-21T22:00:00Z\"" },
        { "{\"to\":\"1\",\"send_at\":\"2026-11-21\"}", ERR_INVALID,
          "\"send_at\" must be an instant with its offset, such as \"2026-11-21T22:00:00Z\"" },
        { "{\"to\":\"1\",\"segments\":\"a\"}", ERR_INVALID, "\"segments\" must be a list of texts" },
        { "{\"to\":\"1\",\"segments\":[]}", ERR_INVALID, "\"segments\" must have at least 1" },
        { "{\"to\":\"1\",\"segments\":[\"a\",\"b\",\"c\"]}", ERR_LIMIT,
          "\"segments\" has 3; at most 2 are possible" },
        { "{\"to\":\"1\",\"segments\":[\"a\",1]}", ERR_INVALID,
          "\"segments\": number 2 must be a text of 1 to 1024 octets" },
        { "{\"to\":\"1\",\"map\":[]}", ERR_INVALID, "\"map\" must be an object" },
        { "{\"to\":\"1\",\"map\":{\"a\":1,\"b\":2}}", ERR_LIMIT, "\"map\" must have 0 to 1 members" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        json_t *j = parse(CASES[i].body);
        struct asked q = { 0 };
        struct err e = { 0 };
        assert_false(members_read(j, TABLE, TABLE_N, &q, &e));
        assert_string_equal(e.text, CASES[i].text);
        assert_int_equal(e.code, CASES[i].code);
        json_decref(j);
    }
}

static void a_request_without_members_takes_none(void **state)
{
    (void)state;
    json_t *none = parse("{}"), *one = parse("{\"a\":1}");
    struct err e = { 0 };
    assert_true(members_read(none, NULL, 0, NULL, &e));
    assert_false(members_read(one, NULL, 0, NULL, &e));
    assert_string_equal(e.text, "unknown member \"a\": this request takes none");
    json_decref(none);
    json_decref(one);
}

static void nearest_is_near(void **state)
{
    static const char *const NAMES[] = { "number", "campaign", "to", "before" };
    (void)state;
    assert_string_equal(nearest_name(STRV("numbr"), NAMES, 4), "number");
    assert_string_equal(nearest_name(STRV("campagin"), NAMES, 4), "campaign");
    assert_null(nearest_name(STRV("xyzzy"), NAMES, 4));
    assert_null(nearest_name(STRV("anything"), NAMES, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_is_read),    cmocka_unit_test(what_is_not_given_stays),
        cmocka_unit_test(errors_say_what_to_do), cmocka_unit_test(a_request_without_members_takes_none),
        cmocka_unit_test(nearest_is_near),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
