/* The API end to end over a real engine: what is asked on the socket, and what comes back. */
#include "harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char CUSTOMERS[] = "phone,first_name,tags,tier\r\n"
                                "+447700900001,Ada,VIP;news,gold\r\n"
                                "+447700900002,Ben,VIP,silver\r\n"
                                "07700900003,Eve,,gold\r\n"
                                "nonsense,Zoe,VIP,gold\r\n"
                                "+447700900004,Zed,news,\r\n";

static const char IMPORT[] =
    "{\"kind\":\"customers\",\"region\":\"GB\",\"map\":{\"phone\":\"msisdn\",\"tags\":\"tags\"},"
    "\"name\":\"shop.csv\",\"size\":%zu,\"dry_run\":%s}";

static int setup(void **state)
{
    *state = harness_new(true);
    return 0;
}

static int teardown(void **state)
{
    harness_free(*state);
    return 0;
}

static void begin_import(struct harness *h, int status, bool dry_run, char path[128])
{
    char body[512];
    snprintf(body, sizeof body, IMPORT, sizeof CUSTOMERS - 1, dry_run ? "true" : "false");
    harness_expect(h, status, "POST", "/v1/imports", body);
    snprintf(path, 128, "/v1/imports/%s", harness_text(h, "id"));
}

static void put_piece(struct harness *h, int status, const char *path, size_t offset, bool last,
                      const char *piece)
{
    char url[192];
    snprintf(url, sizeof url, "%s?offset=%zu%s", path, offset, last ? "&last=1" : "");
    harness_expect(h, status, "PUT", url, piece);
}

static void given_customers(struct harness *h)
{
    char path[128];
    begin_import(h, 201, false, path);
    put_piece(h, 200, path, 0, true, CUSTOMERS);
    assert_int_equal(harness_int(h, "created"), 4);
    harness_expect(h, 200, "DELETE", path, NULL);
}

/* --- imports --- */

static void import_counts_and_rejects(void **state)
{
    struct harness *h = *state;
    char path[128];
    begin_import(h, 201, false, path);
    assert_int_equal(harness_int(h, "offset"), 0);
    assert_false(harness_true(h, "finished"));
    put_piece(h, 200, path, 0, true, CUSTOMERS);
    assert_int_equal(harness_int(h, "offset"), sizeof CUSTOMERS - 1);
    assert_int_equal(harness_int(h, "rows"), 5);
    assert_int_equal(harness_int(h, "accepted"), 4);
    assert_int_equal(harness_int(h, "created"), 4);
    assert_int_equal(harness_int(h, "rejected"), 1);
    assert_int_equal(harness_int(h, "rejects.0.line"), 5);
    assert_string_equal(harness_text(h, "rejects.0.column"), "phone");
    assert_string_equal(harness_text(h, "rejects.0.value"), "nonsense");
    assert_string_equal(harness_text(h, "columns.0.column"), "phone");
    assert_string_equal(harness_text(h, "columns.0.target"), "msisdn");
    assert_true(harness_true(h, "finished"));
    /* the same piece again changes nothing */
    put_piece(h, 200, path, 0, true, CUSTOMERS);
    assert_int_equal(harness_int(h, "rows"), 0);
    assert_null(harness_get(h, "columns"));
    harness_expect(h, 200, "GET", "/v1/customers/+447700900003", NULL);
    assert_true(harness_true(h, "customer"));
    assert_string_equal(harness_text(h, "fields.first_name"), "Eve");
    assert_string_equal(harness_text(h, "fields.tier"), "gold");
}

static void import_goes_on_after_restart(void **state)
{
    struct harness *h = *state;
    char path[128], again[128];
    const char *half = strstr(CUSTOMERS, "07700900003");
    char first[256];
    snprintf(first, sizeof first, "%.*s", (int)(half - CUSTOMERS), CUSTOMERS);
    begin_import(h, 201, false, path);
    put_piece(h, 200, path, 0, false, first);
    assert_int_equal(harness_int(h, "created"), 2);
    harness_restart(h);
    put_piece(h, 404, path, strlen(first), true, half);
    begin_import(h, 201, false, again);
    assert_string_equal(path, again);
    assert_int_equal(harness_int(h, "offset"), strlen(first));
    assert_int_equal(harness_int(h, "created"), 2);
    put_piece(h, 409, path, strlen(first) + 1, true, half + 1); /* a gap */
    put_piece(h, 200, path, strlen(first), true, half);
    assert_int_equal(harness_int(h, "created"), 2);
    assert_int_equal(harness_int(h, "rejects.0.line"), 5);
    /* done is done, until it is said to be forgotten */
    begin_import(h, 200, false, again);
    assert_true(harness_true(h, "finished"));
    harness_expect(h, 200, "DELETE", path, NULL);
    begin_import(h, 201, false, again);
    assert_int_equal(harness_int(h, "offset"), 0);
    put_piece(h, 200, path, 0, true, CUSTOMERS);
    assert_int_equal(harness_int(h, "created"), 0);
    assert_int_equal(harness_int(h, "unchanged"), 4);
}

static void rehearsal_writes_nothing(void **state)
{
    struct harness *h = *state;
    char path[128];
    for (int i = 0; i < 2; i++) { /* it may be held again */
        begin_import(h, 201, true, path);
        put_piece(h, 200, path, 0, true, CUSTOMERS);
        assert_int_equal(harness_int(h, "rejected"), 1);
    }
    harness_expect(h, 200, "GET", "/v1/fields", NULL);
    assert_int_equal(harness_int(h, "customers"), 0);
}

static void import_errors(void **state)
{
    static const struct {
        const char *body, *words;
    } CASES[] = {
        { "{\"kind\":\"people\",\"name\":\"x\",\"size\":1}", "\"kind\" must be \"customers\" or \"events\"" },
        { "{\"kind\":\"events\",\"name\":\"x\",\"size\":1}", "\"type\" is missing" },
        { "{\"kind\":\"customers\",\"type\":\"purchase\",\"name\":\"x\",\"size\":1}",
          "\"type\" is only for events" },
        { "{\"kind\":\"customers\",\"region\":\"XX\",\"name\":\"x\",\"size\":1}", "unknown region \"XX\"" },
        { "{\"kind\":\"customers\",\"name\":\"x\"}", "\"size\" is missing" },
        { "{\"kind\":\"customers\",\"name\":\"x\",\"size\":1,\"map\":{\"a\":1}}", "\"a\" must go to a name" },
        { "{\"kind\":\"customers\",\"name\":\"x\",\"size\":1,\"map\":{\"a=b\":\"c\"}}", "rename the column" },
        { "{\"kind\":\"customers\",\"name\":\"x\",\"size\":1,\"header\":\"a\"}",
          "unknown member \"header\"" },
    };
    struct harness *h = *state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        harness_expect(h, 400, "POST", "/v1/imports", CASES[i].body);
        harness_error(h, "invalid", CASES[i].words);
    }
    harness_expect(h, 404, "PUT", "/v1/imports/0123456789abcdef?offset=0", "a,b\n");
    harness_error(h, "not_found", "POST /v1/imports again");
    char path[128];
    begin_import(h, 201, false, path);
    harness_expect(h, 400, "PUT", path, "a,b\n");
    harness_error(h, "invalid", "parameter \"offset\" is missing");
    put_piece(h, 400, path, 0, true, "colour,size\nred,1\n"); /* no column for the number */
    put_piece(h, 200, path, 0, true, CUSTOMERS);              /* and it may be sent again */
}

/* --- segments --- */

static void segment_counts_and_reach(void **state)
{
    struct harness *h = *state;
    given_customers(h);
    harness_expect(h, 201, "PUT", "/v1/segments/vips",
                   "{\"query\":\"tags has \\\"VIP\\\" and tier = \\\"gold\\\"\"}");
    assert_int_equal(harness_int(h, "version"), 1);
    harness_expect(h, 200, "PUT", "/v1/segments/vips", "{\"query\":\"tags has \\\"VIP\\\"\"}");
    assert_int_equal(harness_int(h, "version"), 2);
    harness_expect(h, 200, "POST", "/v1/consents",
                   "{\"number\":\"+447700900002\",\"action\":\"stop\",\"words\":\"leave me\"}");
    assert_true(harness_true(h, "suppressed"));
    harness_expect(h, 200, "GET", "/v1/segments/vips", NULL);
    assert_string_equal(harness_text(h, "name"), "vips");
    assert_int_equal(harness_int(h, "count"), 2);
    assert_int_equal(harness_int(h, "reachable"), 1);
    assert_int_equal(harness_int(h, "customers"), 4);
    harness_expect(
        h, 200, "POST", "/v1/segments:evaluate",
        "{\"query\":\"tags has \\\"VIP\\\" and (tier = \\\"gold\\\" or first_name = \\\"Ben\\\")\"}");
    assert_int_equal(harness_int(h, "count"), 2);
    assert_int_equal(json_array_size(harness_get(h, "clauses")), 3);
    assert_string_equal(harness_text(h, "clauses.1.clause"), "tier = \"gold\"");
    assert_int_equal(harness_int(h, "clauses.1.count"), 2);
    assert_int_equal(harness_int(h, "clauses.1.unset"), 1);
    assert_int_equal(harness_int(h, "clauses.0.depth"), 1);
    assert_int_equal(harness_int(h, "clauses.1.depth"), 2);
    /* the evaluation above was noted behind its answer; what is written later comes after it */
    harness_expect(h, 201, "PUT", "/v1/segments/zeds", "{\"query\":\"first_name = \\\"Zed\\\"\"}");
    harness_expect(h, 200, "GET", "/v1/segments", NULL);
    assert_string_equal(harness_text(h, "segments.0.name"), "vips");
    assert_int_equal(harness_int(h, "segments.0.last_count"), 2);
    assert_true(json_is_null(harness_get(h, "segments.1.last_count")));
    harness_expect(h, 200, "DELETE", "/v1/segments/vips", NULL);
    harness_expect(h, 404, "GET", "/v1/segments/vips", NULL);
}

static void segment_errors_have_a_place(void **state)
{
    struct harness *h = *state;
    given_customers(h);
    harness_expect(h, 400, "POST", "/v1/segments:evaluate",
                   "{\"query\":\"tags has \\\"VIP\\\" and teir = \\\"gold\\\"\"}");
    harness_error(h, "invalid", "unknown field \"teir\"");
    harness_error(h, "invalid", "did you mean \"tier\"?");
    assert_int_equal(harness_int(h, "error.line"), 1);
    assert_int_equal(harness_int(h, "error.column"), 20);
    assert_string_equal(harness_text(h, "error.suggestion"), "tier");
    harness_expect(h, 400, "PUT", "/v1/segments/x", "{\"query\":\"tier = \"}");
    assert_int_equal(harness_int(h, "error.column"), 8);
    harness_expect(h, 400, "PUT", "/v1/segments/a%20b", "{\"query\":\"tier = \\\"gold\\\"\"}");
    harness_expect(h, 404, "DELETE", "/v1/segments/nobody", NULL);
    harness_expect(h, 400, "PUT", "/v1/segments/x", "{}");
    harness_error(h, "invalid", "\"query\" is missing");
}

/* --- campaigns --- */

static const char SPRING[] = "{\"name\":\"spring\",\"segments\":[\"vips\"],\"sender\":\"TESSERA\","
                             "\"text\":\"Hello {{first_name}}\"}";

static void given_vips(struct harness *h)
{
    given_customers(h);
    harness_expect(h, 201, "PUT", "/v1/segments/vips", "{\"query\":\"tags has \\\"VIP\\\"\"}");
}

static void assert_every_recipient_once(const struct harness *h)
{
    static const char *const STATES[] = { "queued",        "held",    "in_flight", "uncertain", "sent",
                                          "delivered",     "expired", "rejected",  "deleted",   "unknown",
                                          "undeliverable", "failed",  "cancelled", "suppressed" };
    long long sum = 0;
    for (size_t i = 0; i < sizeof STATES / sizeof STATES[0]; i++) {
        sum += harness_int(h, STATES[i]);
    }
    assert_int_equal(harness_int(h, "recipients"), 2);
    assert_int_equal(sum, 2);
}

static void campaign_from_preview_to_report(void **state)
{
    struct harness *h = *state;
    given_vips(h);
    harness_expect(h, 201, "POST", "/v1/campaigns", SPRING);
    assert_string_equal(harness_text(h, "state"), "draft");
    assert_string_equal(harness_text(h, "class"), "promotional");
    assert_string_equal(harness_text(h, "segments.0"), "vips");
    harness_expect(h, 409, "POST", "/v1/campaigns", SPRING);
    harness_expect(h, 200, "GET", "/v1/campaigns/spring/preview", NULL);
    assert_int_equal(harness_int(h, "recipients"), 2);
    assert_int_equal(harness_int(h, "parts.total"), 2);
    assert_int_equal(harness_int(h, "parts.1"), 2);
    assert_int_equal(harness_int(h, "alphabets.gsm7"), 2);
    assert_string_equal(harness_text(h, "texts.0.text"), "Hello Ada");
    assert_string_equal(harness_text(h, "texts.0.number"), "+447700900001");
    assert_true(harness_true(h, "clocks.0.open")); /* Wednesday noon in Britain */
    harness_expect(h, 200, "POST", "/v1/campaigns/spring/start", NULL);
    harness_expect(h, 200, "GET", "/v1/campaigns/spring/report", NULL);
    assert_every_recipient_once(h);
    assert_false(harness_true(h, "complete"));
    harness_expect(h, 200, "POST", "/v1/campaigns/spring/cancel", "{}");
    assert_string_equal(harness_text(h, "state"), "cancelled");
    do { /* its messages follow it */
        harness_expect(h, 200, "GET", "/v1/campaigns/spring/report", NULL);
        assert_every_recipient_once(h);
    } while (!harness_true(h, "complete"));
    assert_int_equal(harness_int(h, "cancelled"), 2);
    assert_int_equal(json_array_size(harness_get(h, "failed_by")), 0); /* cancelled is not failed */
    harness_expect(h, 409, "DELETE", "/v1/campaigns/spring", NULL);
    harness_expect(h, 200, "GET", "/v1/campaigns", NULL);
    assert_int_equal(json_array_size(harness_get(h, "campaigns")), 1);
}

static void campaign_errors(void **state)
{
    struct harness *h = *state;
    given_vips(h);
    harness_expect(h, 400, "POST", "/v1/campaigns", "{\"name\":\"x\",\"segment\":[\"vips\"],\"text\":\"x\"}");
    harness_error(h, "invalid", "unknown member \"segment\"; did you mean \"segments\"?");
    harness_expect(
        h, 400, "POST", "/v1/campaigns",
        "{\"name\":\"x\",\"segments\":[\"vips\"],\"sender\":\"TESSERA\",\"text\":\"x\",\"class\":\"spam\"}");
    harness_error(h, "invalid", "\"class\" must be \"promotional\"");
    harness_expect(h, 201, "POST", "/v1/campaigns", SPRING);
    harness_expect(h, 404, "GET", "/v1/campaigns/sprnig", NULL);
    harness_error(h, "not_found", "did you mean \"spring\"?");
    harness_expect(h, 404, "GET", "/v1/campaigns/sprnig/preview", NULL);
    harness_expect(h, 404, "GET", "/v1/campaigns/sprnig/report", NULL);
    harness_expect(h, 404, "POST", "/v1/campaigns/sprnig/start", NULL);
    harness_expect(h, 409, "POST", "/v1/campaigns/spring/resume", NULL);
    harness_expect(h, 400, "POST", "/v1/campaigns/spring/start", "{\"now\":true}");
    harness_error(h, "invalid", "unknown member \"now\"; there are: at, at_local");
    harness_expect(h, 200, "DELETE", "/v1/campaigns/spring", NULL);
    harness_expect(h, 404, "GET", "/v1/campaigns/spring", NULL);
}

/* --- messages --- */

static void message_accepted_listed_cancelled(void **state)
{
    struct harness *h = *state;
    harness_expect(h, 202, "POST", "/v1/messages",
                   "{\"to\":\"+44 7700 900001\",\"text\":\"Good "
                   "morning\",\"ref\":\"a-1\",\"send_at\":\"2026-11-20T09:00:00Z\"}");
    char id[32], path[64];
    snprintf(id, sizeof id, "%s", harness_text(h, "id"));
    assert_string_equal(harness_text(h, "state"), "held");
    assert_string_equal(harness_text(h, "reason"), "schedule");
    assert_string_equal(harness_text(h, "until"), "2026-11-20T09:00:00Z");
    assert_string_equal(harness_text(h, "to"), "+447700900001");
    assert_string_equal(harness_text(h, "alphabet"), "gsm7");
    assert_int_equal(harness_int(h, "parts"), 1);
    snprintf(path, sizeof path, "/v1/messages/%s", id);
    harness_expect(h, 200, "GET", path, NULL);
    assert_string_equal(harness_text(h, "text"), "Good morning");
    assert_string_equal(harness_text(h, "sender"), "TESSERA");
    assert_string_equal(harness_text(h, "carrier"), "nowhere");
    assert_string_equal(harness_text(h, "ref"), "a-1");
    assert_true(json_is_null(harness_get(h, "campaign")));
    harness_expect(h, 200, "GET", "/v1/messages?number=%2B447700900001&state=held", NULL);
    assert_int_equal(json_array_size(harness_get(h, "messages")), 1);
    assert_string_equal(harness_text(h, "messages.0.id"), id);
    harness_expect(h, 200, "GET", "/v1/messages?number=+447700900001&state=sent",
                   NULL); /* "+" is a space here */
    assert_int_equal(json_array_size(harness_get(h, "messages")), 0);
    char act[96];
    snprintf(act, sizeof act, "%s/cancel", path);
    harness_expect(h, 200, "POST", act, NULL);
    assert_string_equal(harness_text(h, "state"), "cancelled");
    harness_expect(h, 409, "POST", act, NULL);
    snprintf(act, sizeof act, "%s/resolve", path);
    harness_expect(h, 400, "POST", act, "{\"action\":\"retry\"}");
    harness_error(h, "invalid", "\"action\" must be \"resend\" or \"fail\"");
    harness_expect(h, 409, "POST", act, "{\"action\":\"fail\"}");
}

static void message_errors(void **state)
{
    static const struct {
        int status;
        const char *method, *path, *body, *code, *words;
    } CASES[] = {
        { 400, "POST", "/v1/messages", "{\"to\":\"12\",\"text\":\"x\"}", "invalid", "" },
        { 400, "POST", "/v1/messages", "{\"text\":\"x\"}", "invalid", "\"to\" is missing" },
        { 400, "POST", "/v1/messages", "{\"to\":\"+447700900001\",\"text\":\"\"}", "invalid",
          "must not be empty" },
        { 400, "POST", "/v1/messages", "{\"to\":\"+447700900001\",\"text\":\"x\",\"class\":\"vip\"}",
          "invalid", "class" },
        { 400, "POST", "/v1/messages", "{\"to\":\"+447700900001\",", "invalid",
          "the body is not JSON: line 1" },
        { 400, "POST", "/v1/messages", "{\"to\":\"1\",\"to\":\"2\"}", "invalid", "the body is not JSON" },
        { 400, "POST", "/v1/messages", "[1]", "invalid", "must be a JSON object" },
        { 404, "GET", "/v1/messages/999", NULL, "not_found", "no message 999" },
        { 404, "GET", "/v1/messages/abc", NULL, "not_found", "its id is a whole number" },
        { 404, "POST", "/v1/messages/999/cancel", NULL, "not_found", "999" },
        { 400, "GET", "/v1/messages?numbr=1", NULL, "invalid",
          "unknown parameter \"numbr\"; did you mean \"number\"?" },
        { 400, "GET", "/v1/messages?state=held&state=sent", NULL, "invalid", "given twice" },
        { 400, "GET", "/v1/messages?state=delivred", NULL, "invalid", "did you mean \"delivered\"?" },
        { 400, "GET", "/v1/messages?limit=1001", NULL, "invalid", "from 1 to 1000" },
        { 400, "GET", "/v1/messages?limit=0", NULL, "invalid", "from 1 to 1000" },
        { 400, "GET", "/v1/messages?from=yesterday", NULL, "invalid", "must be an instant" },
        { 404, "GET", "/v1/messages?campaign=none", NULL, "not_found", "none" },
        { 400, "GET", "/v1/customers/12", NULL, "invalid", "" },
        { 400, "GET", "/v1/status", "{}", "invalid", "takes no body" },
        { 404, "GET", "/v1/nothing", NULL, "not_found", "there is no \"/v1/nothing\"" },
        { 405, "DELETE", "/v1/messages/1", NULL, "method", "DELETE is not possible here" },
    };
    struct harness *h = *state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        harness_expect(h, CASES[i].status, CASES[i].method, CASES[i].path, CASES[i].body);
        harness_error(h, CASES[i].code, CASES[i].words);
    }
    assert_non_null(strcasestr(h->head, "\r\nallow: get, head\r\n"));
}

static void suppressed_number_is_refused(void **state)
{
    struct harness *h = *state;
    harness_expect(h, 200, "POST", "/v1/consents",
                   "{\"number\":\"+447700900009\",\"action\":\"stop\",\"words\":\"STOP\"}");
    harness_expect(h, 409, "POST", "/v1/messages",
                   "{\"to\":\"+447700900009\",\"text\":\"x\",\"class\":\"promotional\"}");
    harness_error(h, "state", "opted out");
    harness_expect(h, 200, "GET", "/v1/customers/+447700900009", NULL);
    assert_true(harness_true(h, "suppressed"));
    assert_false(harness_true(h, "customer"));
    assert_string_equal(harness_text(h, "region"), "GB");
    assert_string_equal(harness_text(h, "zones.0"), "Europe/London");
    assert_true(harness_true(h, "quiet.promotional.open"));
    assert_string_equal(harness_text(h, "consent.0.action"), "stop");
    assert_string_equal(harness_text(h, "consent.0.how"), "api");
    assert_string_equal(harness_text(h, "consent.0.words"), "STOP");
    harness_expect(h, 200, "POST", "/v1/consents", "{\"number\":\"+447700900009\",\"action\":\"start\"}");
    assert_false(harness_true(h, "suppressed"));
    harness_expect(h, 400, "POST", "/v1/consents", "{\"number\":\"+447700900009\",\"action\":\"halt\"}");
}

/* --- votes --- */

static void vote_life(void **state)
{
    struct harness *h = *state;
    harness_expect(
        h, 201, "PUT", "/v1/votes/lunch",
        "{\"keyword\":\"LUNCH\",\"options\":[\"PIZZA\",\"SUSHI\"],\"aliases\":{\"PIZZA\":[\"P\",\"PZ\"]}}");
    assert_string_equal(harness_text(h, "aliases.PIZZA.1"), "PZ");
    harness_expect(h, 200, "PUT", "/v1/votes/lunch",
                   "{\"keyword\":\"LUNCH\",\"options\":[\"PIZZA\",\"SUSHI\",\"SOUP\"],\"last_wins\":true}");
    harness_expect(h, 200, "GET", "/v1/votes", NULL);
    assert_int_equal(json_array_size(harness_get(h, "votes")), 1);
    harness_expect(h, 200, "GET", "/v1/votes/lunch", NULL);
    assert_int_equal(harness_int(h, "voters"), 0);
    assert_int_equal(harness_int(h, "options.2.n"), 3);
    assert_string_equal(harness_text(h, "options.2.option"), "SOUP");
    assert_int_equal(harness_int(h, "options.2.votes"), 0);
    assert_true(harness_true(h, "last_wins"));
    harness_expect(h, 400, "PUT", "/v1/votes/x", "{\"keyword\":\"X\",\"options\":[\"A\"]}");
    harness_expect(h, 400, "PUT", "/v1/votes/x",
                   "{\"keyword\":\"X\",\"options\":[\"A\",\"B\"],\"aliases\":{\"C\":[\"D\"]}}");
    harness_error(h, "invalid", "\"C\" is none of the options");
    harness_expect(h, 400, "PUT", "/v1/votes/x",
                   "{\"keyword\":\"X\",\"options\":[\"A\",\"B\"],\"aliases\":{\"A\":[\"D,E\"]}}");
    harness_expect(h, 404, "GET", "/v1/votes/lnuch", NULL);
    harness_error(h, "not_found", "did you mean \"lunch\"?");
    harness_expect(h, 200, "DELETE", "/v1/votes/lunch", NULL);
    harness_expect(h, 404, "DELETE", "/v1/votes/lunch", NULL);
}

/* --- service --- */

static void status_metrics_health(void **state)
{
    struct harness *h = *state;
    given_customers(h);
    harness_expect(h, 200, "GET", "/v1/status", NULL);
    assert_string_equal(harness_text(h, "version"), "test");
    assert_string_equal(harness_text(h, "state"), "running");
    assert_true(harness_true(h, "test_clock"));
    assert_string_equal(harness_text(h, "carriers.0.name"), "nowhere");
    assert_int_equal(harness_int(h, "carriers.0.rate.limit"), 100);
    assert_string_equal(harness_text(h, "carriers.0.binds.0.mode"), "transceiver");
    assert_int_equal(harness_int(h, "queue.ready"), 0);
    assert_int_equal(harness_int(h, "audience.customers"), 4);
    assert_int_equal(harness_int(h, "recovered.in_flight"), 0);
    assert_false(harness_true(h, "spool.intake_closed"));
    harness_expect(h, 200, "GET", "/metrics", NULL);
    assert_non_null(strcasestr(h->head, "content-type: text/plain; version=0.0.4"));
    assert_non_null(strstr(h->body, "\ntessera_audience_customers 4\n"));
    assert_non_null(strstr(h->body, "\n# TYPE tessera_submitted_total counter\n"
                                    "tessera_submitted_total{carrier=\"nowhere\"} 0\n"));
    assert_non_null(strstr(h->body, "\ntessera_messages{state=\"delivered\"} 0\n"));
    harness_ask(h, "GET", "/healthz", NULL);
    assert_true(h->status == 200 || h->status == 503); /* as the bind has been refused already or not */
    assert_non_null(harness_get(h, "status"));
    harness_expect(h, 200, "GET", "/v1/inbound", NULL);
    assert_int_equal(json_array_size(harness_get(h, "inbound")), 0);
}

static void fields_have_coverage(void **state)
{
    struct harness *h = *state;
    given_customers(h);
    harness_expect(h, 200, "GET", "/v1/fields", NULL);
    assert_int_equal(harness_int(h, "customers"), 4);
    size_t i;
    json_t *f;
    bool found = false;
    json_array_foreach(harness_get(h, "fields"), i, f)
    {
        assert_string_not_equal(json_string_value(json_object_get(f, "name")), "clock"); /* hidden */
        if (strcmp(json_string_value(json_object_get(f, "name")), "tier") == 0) {
            found = true;
            assert_int_equal(json_integer_value(json_object_get(f, "set")), 3);
            assert_int_equal(json_integer_value(json_object_get(f, "distinct")), 2);
            assert_true(json_real_value(json_object_get(f, "coverage")) == 0.75);
        }
    }
    assert_true(found);
}

static void clock_is_set_only_in_tests(void **state)
{
    struct harness *h = *state;
    harness_expect(h, 200, "PUT", "/v1/clock", "{\"now\":\"2027-01-02T03:04:05Z\"}");
    harness_expect(h, 200, "GET", "/v1/clock", NULL);
    assert_memory_equal(harness_text(h, "now"), "2027-01-02T03:04:", 17);
    harness_expect(h, 400, "PUT", "/v1/clock", "{\"now\":\"soon\"}");
    harness_restart(h); /* without the test clock */
    harness_expect(h, 404, "PUT", "/v1/clock", "{\"now\":\"2027-01-02T03:04:05Z\"}");
    harness_error(h, "not_found", "--test-clock");
    harness_expect(h, 404, "GET", "/v1/clock", NULL);
}

/* Given requests that are being worked on, when the daemon stops or the client leaves, then nothing is
 * touched that is gone (this is what the sanitizers look at) and the next daemon answers. */
static void stops_with_requests_under_way(void **state)
{
    static const struct {
        const char *method, *path, *body;
    } ASKED[] = {
        { "GET", "/v1/status", NULL },
        { "GET", "/metrics", NULL },
        { "GET", "/v1/segments/vips", NULL },
        { "GET", "/v1/campaigns/spring/preview", NULL },
        { "GET", "/v1/campaigns/spring/report", NULL },
        { "GET", "/v1/messages", NULL },
        { "GET", "/v1/customers/+447700900001", NULL },
        { "PUT", "/v1/segments/other", "{\"query\":\"first_name = \\\"Ada\\\"\"}" },
        { "POST", "/v1/imports", "{\"kind\":\"customers\",\"name\":\"x\",\"size\":1}" },
        { "POST", "/v1/messages", "{\"to\":\"+447700900001\",\"text\":\"x\"}" },
        { "POST", "/v1/campaigns/spring/start", NULL },
        { "PUT", "/v1/votes/x", "{\"keyword\":\"X\",\"options\":[\"A\",\"B\"]}" },
        /* the first is a transaction, the others wait for the next */
        { "PATCH", "/v1/customers/+447700900001", "{\"tier\":\"a\"}" },
        { "PATCH", "/v1/customers/+447700900001", "{\"tier\":\"b\"}" },
        { "PATCH", "/v1/customers/+447700900002", "{\"tags\":{\"add\":[\"c\"]}}" },
    };
    struct harness *h = *state;
    given_vips(h);
    harness_expect(h, 201, "POST", "/v1/campaigns", SPRING);
    for (int leave = 0; leave < 2; leave++) {
        int fds[sizeof ASKED / sizeof ASKED[0]];
        for (size_t i = 0; i < sizeof ASKED / sizeof ASKED[0]; i++) {
            fds[i] = harness_begin(h, ASKED[i].method, ASKED[i].path, ASKED[i].body);
            if (leave) {
                close(fds[i]);
            }
        }
        harness_restart(h);
        for (size_t i = 0; !leave && i < sizeof ASKED / sizeof ASKED[0]; i++) {
            close(fds[i]);
        }
        harness_expect(h, 200, "GET", "/v1/status", NULL);
    }
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(import_counts_and_rejects),
        CASE(import_goes_on_after_restart),
        CASE(rehearsal_writes_nothing),
        CASE(import_errors),
        CASE(segment_counts_and_reach),
        CASE(segment_errors_have_a_place),
        CASE(campaign_from_preview_to_report),
        CASE(campaign_errors),
        CASE(message_accepted_listed_cancelled),
        CASE(message_errors),
        CASE(suppressed_number_is_refused),
        CASE(vote_life),
        CASE(status_metrics_health),
        CASE(fields_have_coverage),
        CASE(clock_is_set_only_in_tests),
        CASE(stops_with_requests_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
