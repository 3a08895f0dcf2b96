/* Given documents of the API, what a person reads; and what paths are asked for. */
#include "support.h"

#include "cli/ask.h"
#include "cli/campaign_view.h"
#include "cli/doc.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct command REPORT = { .noun = "campaign", .verb = "report", .words = "NAME" };

static void draw(ask_draw *f, const char *json, struct buf *out)
{
    json_error_t e;
    json_t *doc = json_loads(json, 0, &e);
    struct cli c = { .args = { .command = &REPORT, .words = { "spring" }, .n_words = 1 } };
    if (doc == NULL) {
        fail_msg("%s at %d", e.text, e.position);
    }
    f(&c, doc, out);
    json_decref(doc);
}

static void test_a_report_shows_every_state_and_why(void **state)
{
    struct buf out = { 0 };
    (void)state;
    draw(campaign_draw_report,
         "{\"name\":\"spring\",\"state\":\"running\",\"recipients\":2000,\"queued\":500,\"held\":250,"
         "\"held_clocks\":[{\"clock\":\"US "
         "Pacific/Honolulu\",\"recipients\":250,\"opens\":\"2026-11-18T18:00:00Z\","
         "\"detail\":\"quiet hours\"}],\"in_flight\":0,\"uncertain\":1,\"sent\":49,\"delivered\":1100,"
         "\"undeliverable\":0,\"expired\":0,\"rejected\":0,\"deleted\":0,\"unknown\":0,\"failed\":100,"
         "\"failed_by\":[{\"reason\":\"carrier_status\",\"status\":\"ESME_RINVDSTADR\",\"count\":100}],"
         "\"suppressed\":0,\"cancelled\":0,\"replied\":12,\"opted_out\":3,\"parts_sent\":1249,\"complete\":"
         "false}",
         &out);
    assert_string_equal(buf_cstr(&out),
                        "spring  running\n"
                        "  recipients            2,000\n"
                        "  queued                  500   25.0 %  ########\n"
                        "  held                    250   12.5 %  ####\n"
                        "  in flight                 0\n"
                        "  uncertain                 1  < 0.1 %  #\n"
                        "  sent, no receipt yet     49    2.5 %  #\n"
                        "  delivered             1,100   55.0 %  #################\n"
                        "  undeliverable             0\n"
                        "  expired                   0\n"
                        "  rejected                  0\n"
                        "  deleted                   0\n"
                        "  unknown                   0\n"
                        "  failed                  100    5.0 %  ##\n"
                        "  suppressed                0\n"
                        "  cancelled                 0\n"
                        "\n"
                        "Failed\n"
                        "  reason          status           messages\n"
                        "  carrier_status  ESME_RINVDSTADR       100\n"
                        "\n"
                        "Held by quiet hours or schedule\n"
                        "  clock                recipients  opens                 why\n"
                        "  US Pacific/Honolulu         250  2026-11-18 18:00 UTC  quiet hours\n"
                        "\n"
                        "replied 12   opted out 3   parts sent 1,249\n");
    buf_free(&out);
}

static void test_a_preview_shows_who_is_held_and_what_is_missing(void **state)
{
    struct buf out = { 0 };
    (void)state;
    draw(
        campaign_draw_preview,
        "{\"recipients\":310,\"suppressed\":2,\"parts\":{\"total\":320,\"1\":300,\"2\":10},\"alphabets\":{"
        "\"gsm7\":309,"
        "\"ucs2\":1},\"sampled\":310,\"texts\":[{\"number\":\"+447700900001\",\"text\":\"Hello\\nAnn\","
        "\"parts\":1,"
        "\"alphabet\":\"gsm7\"}],\"missing\":{\"first_name\":12},\"clocks\":[{\"clock\":\"GB Europe/London\","
        "\"recipients\":300,\"open\":true,\"until\":\"2026-11-18T20:55:00Z\",\"detail\":\"\"},{\"clock\":"
        "\"US "
        "Pacific/"
        "Honolulu\",\"recipients\":10,\"open\":false,\"opens\":\"2026-11-18T18:00:00Z\",\"detail\":\"quiet "
        "hours\"}],\"held\":10}",
        &out);
    assert_string_equal(buf_cstr(&out),
                        "spring  as it would be sent now\n"
                        "  recipients  310\n"
                        "  suppressed  2 opted out and get nothing\n"
                        "  parts       320 (300 with 1 part, 10 with 2 parts)\n"
                        "  alphabets   309 gsm7, 1 ucs2\n"
                        "  held now    10\n"
                        "\n"
                        "Placeholders without a value\n"
                        "  field       recipients\n"
                        "  first_name          12\n"
                        "\n"
                        "Clocks\n"
                        "  clock                recipients  now                              why\n"
                        "  GB Europe/London            300  open until 2026-11-18 20:55 UTC\n"
                        "  US Pacific/Honolulu          10  held until 2026-11-18 18:00 UTC  quiet hours\n"
                        "\n"
                        "Texts\n"
                        "  +447700900001  1 part, GSM 7-bit\n"
                        "    Hello\\nAnn\n");
    buf_free(&out);
}

/* A daemon of another version may leave members out, or send other types. */
static void test_documents_that_are_not_as_expected_do_no_harm(void **state)
{
    static const char *const DOCS[] = {
        "{}", "{\"recipients\":\"x\",\"failed_by\":{},\"held_clocks\":[1,null,{}],"
              "\"clocks\":[[]],\"parts\":[],\"texts\":[{}],\"missing\":{\"a\":null}}"
    };
    (void)state;
    for (size_t i = 0; i < COUNT(DOCS); i++) {
        struct buf out = { 0 };
        draw(campaign_draw_report, DOCS[i], &out);
        draw(campaign_draw_preview, DOCS[i], &out);
        draw(campaign_draw, DOCS[i], &out);
        assert_false(out.failed);
        buf_free(&out);
    }
}

static void test_values_of_documents(void **state)
{
    json_t *o = json_loads(
        "{\"t\":\"x\",\"i\":7,\"r\":2.6,\"n\":-2.6,\"b\":true,\"at\":\"1970-01-01T00:00:01Z\",\"z\":null}", 0,
        NULL);
    (void)state;
    assert_string_equal(doc_text(o, "t"), "x");
    assert_string_equal(doc_text(o, "i"), "");
    assert_string_equal(doc_text(o, "missing"), "");
    assert_int_equal(doc_int(o, "i"), 7);
    assert_int_equal(doc_int(o, "r"), 3);
    assert_int_equal(doc_int(o, "n"), -3);
    assert_int_equal(doc_int(o, "t"), 0);
    assert_true(doc_bool(o, "b"));
    assert_false(doc_bool(o, "i"));
    assert_int_equal(doc_instant(o, "at"), USEC_SEC);
    assert_int_equal(doc_instant(o, "z"), 0);
    assert_int_equal(doc_int(NULL, "i"), 0);
    json_decref(o);
}

static void test_paths_are_escaped(void **state)
{
    struct buf path = ask_path("segments", "50% off/\"Zo\xC3\xAB\"?", NULL);
    (void)state;
    client_path_query(&path, "number", "+44 7700");
    client_path_query(&path, "nothing", NULL);
    client_path_query(&path, "state", "in_flight");
    assert_string_equal(buf_cstr(&path),
                        "/v1/segments/50%25%20off%2F%22Zo%C3%AB%22%3F?number=%2B44%207700&state=in_flight");
    buf_free(&path);
}

static int in_utc(void **state)
{
    (void)state;
    setenv("TZ", "UTC0", 1);
    tzset();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_report_shows_every_state_and_why),
        cmocka_unit_test(test_a_preview_shows_who_is_held_and_what_is_missing),
        cmocka_unit_test(test_documents_that_are_not_as_expected_do_no_harm),
        cmocka_unit_test(test_values_of_documents),
        cmocka_unit_test(test_paths_are_escaped),
    };
    return cmocka_run_group_tests(tests, in_utc, NULL);
}
