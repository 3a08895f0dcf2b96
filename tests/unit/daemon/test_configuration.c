/* Routes and statuses in the configuration: what is right is taken as written, what is wrong is refused with
 * file and line. */
#include "daemon/configuration.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ACME  "{ name = \"acme\"; host = \"h\"; system_id = \"s\"; }"
#define OTHER "{ name = \"other\"; host = \"h\"; system_id = \"s\"; }"

/* The text is the file; NULL with *e. */
static struct config *load(const char *text, struct err *e)
{
    char path[] = "/tmp/tessera-conf-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    struct config *c = config_load(path, e);
    unlink(path);
    return c;
}

static void routes_are_taken_as_written(void **state)
{
    (void)state;
    struct err e = { 0 };
    struct config *c =
        load("carriers = ( " ACME ", " OTHER " );\n"
             "routes = ( { prefix = \"49,43\"; region = \"DE\"; class = \"otp\"; sender = \"S\";\n"
             "  campaign = \"spring\"; tag = \"t\"; strategy = \"weighted\";\n"
             "  carriers = ( { name = \"other\"; weight = 3; cost = 0.05; }, { name = \"acme\"; cost = 1; } "
             "); },\n"
             "  { carriers = ( { name = \"acme\"; cost = \"0.000001\"; } ); } );\n"
             "messages: { reroute_after = \"2s\"; };\n",
             &e);
    if (c == NULL) {
        fail_msg("%s", e.text);
    }
    struct engine_options o;
    config_engine_options(c, &o);
    assert_int_equal(o.n_routes, 2);
    assert_int_equal(o.reroute_after, 2 * USEC_SEC);
    const struct route_options *r = o.routes;
    assert_string_equal(r[0].prefix, "49,43");
    assert_string_equal(r[0].region, "DE");
    assert_string_equal(r[0].class_, "otp");
    assert_string_equal(r[0].sender, "S");
    assert_string_equal(r[0].campaign, "spring");
    assert_string_equal(r[0].tag, "t");
    assert_string_equal(r[0].strategy, "weighted");
    assert_int_equal(r[0].n_carriers, 2);
    assert_string_equal(r[0].carriers[0].name, "other");
    assert_int_equal(r[0].carriers[0].weight, 3);
    assert_int_equal(r[0].carriers[0].cost, 50000);
    assert_int_equal(r[0].carriers[1].weight, 1);
    assert_int_equal(r[0].carriers[1].cost, 1000000);
    assert_string_equal(r[1].strategy, "order");
    assert_string_equal(r[1].prefix, "");
    assert_int_equal(r[1].carriers[0].cost, 1);
    config_free(c);
}

static void statuses_are_by_number_or_name(void **state)
{
    (void)state;
    struct err e = { 0 };
    struct config *c = load(
        "carriers = ( { name = \"acme\"; host = \"h\"; system_id = \"s\"; max_failures = 20; statuses = (\n"
        " { status = \"ESME_RSUBMITFAIL\"; class = \"temporary\"; },\n"
        " { status = \"0x401\"; class = \"permanent\"; text = \"blocked\"; },\n"
        " { status = \"1026\"; class = \"throttled\"; } ); } );",
        &e);
    if (c == NULL) {
        fail_msg("%s", e.text);
    }
    const struct carrier_options *o = &c->carriers[0];
    assert_int_equal(o->max_failures, 20);
    assert_int_equal(o->n_statuses, 3);
    assert_int_equal(o->statuses[0].status, SMPP_ESME_RSUBMITFAIL);
    assert_int_equal(o->statuses[0].class_, SMPP_CLASS_TEMPORARY);
    assert_string_equal(o->statuses[0].text, "");
    assert_int_equal(o->statuses[1].status, 0x401);
    assert_int_equal(o->statuses[1].class_, SMPP_CLASS_PERMANENT);
    assert_string_equal(o->statuses[1].text, "blocked");
    assert_int_equal(o->statuses[2].status, 1026);
    assert_int_equal(o->statuses[2].class_, SMPP_CLASS_THROTTLED);
    config_free(c);
}

static void rates_have_any_keys_and_a_burst(void **state)
{
    (void)state;
    struct err e = { 0 };
    struct config *c =
        load("carriers = ( { name = \"acme\"; host = \"h\"; system_id = \"s\"; bind_rate = 40; } );\n"
             "rates = ( { sender = \"S\"; region = \"DE,US-FL\"; class = \"otp\"; prefix = \"49\";\n"
             "            carrier = \"acme\"; rate = 200; },\n"
             "          { region = \"FR\"; rate = 5; }, { rate = 7; burst = 3; } );",
             &e);
    struct engine_options o;
    if (c == NULL) {
        fail_msg("%s", e.text);
    }
    config_engine_options(c, &o);
    assert_int_equal(o.n_rates, 3);
    assert_string_equal(o.rates[0].sender, "S");
    assert_string_equal(o.rates[0].region, "DE,US-FL");
    assert_string_equal(o.rates[0].class_, "otp");
    assert_string_equal(o.rates[0].prefix, "49");
    assert_string_equal(o.rates[0].carrier, "acme");
    assert_int_equal(o.rates[0].rate, 200);
    assert_int_equal(o.rates[0].burst, 20);
    assert_int_equal(o.rates[1].burst, 1);
    assert_string_equal(o.rates[2].sender, "");
    assert_int_equal(o.rates[2].burst, 3);
    assert_int_equal(c->carriers[0].bind_rate, 40);
    assert_int_equal(c->carriers[0].bind_burst, 4);
    assert_int_equal(c->carriers[0].congestion, 90);
    config_free(c);
}

static void without_either_there_are_none(void **state)
{
    (void)state;
    struct config *c = load("carriers = ( " ACME " );", NULL);
    assert_non_null(c);
    assert_int_equal(c->n_routes, 0);
    assert_int_equal(c->carriers[0].n_statuses, 0);
    assert_int_equal(c->carriers[0].max_failures, 50);
    assert_int_equal(c->reroute_after, 5 * USEC_SEC);
    config_free(c);
}

static void what_is_wrong_is_refused_with_its_line(void **state)
{
    (void)state;
#define ROUTES(text) "carriers = ( " ACME ", " OTHER " );\nroutes = (\n" text ");"
#define RATES(text)  "carriers = ( " ACME " );\nrates = (\n" text ");"
#define PREFIX(text) "{ rate = 1; prefix = \"" text "\"; }"
#define STATUSES(text)                                                                                       \
    "carriers = ( { name = \"acme\"; host = \"h\"; system_id = \"s\"; statuses = (\n" text "); } );"
    static const struct {
        const char *text, *says;
    } rows[] = {
        { ROUTES("{ carriers = ( { name = \"acne\"; } ); }"),
          ":3: there is no carrier \"acne\"; did you mean \"acme\"?" },
        { ROUTES("{ carriers = ( { name = \"something\"; } ); }"), ":3: there is no carrier \"something\"" },
        { ROUTES("{ prefix = \"4x\"; carriers = ( { name = \"acme\"; } ); }"), ":3: prefix \"4x\"" },
        { ROUTES("{ prefix = 49; carriers = ( { name = \"acme\"; } ); }"), ":3: prefix must be a text" },
        { ROUTES("{ region = \"Germany\"; carriers = ( { name = \"acme\"; } ); }"), ":3: region" },
        { ROUTES("{ class = \"bulk\"; carriers = ( { name = \"acme\"; } ); }"), ":3: class \"bulk\"" },
        { ROUTES("{ strategy = \"best\"; carriers = ( { name = \"acme\"; } ); }"),
          "order|weighted|least_cost" },
        { ROUTES("{ prefx = \"49\"; carriers = ( { name = \"acme\"; } ); }"), "did you mean \"prefix\"?" },
        { ROUTES("{ prefix = \"49\"; }"), ":3: carriers is missing" },
        { ROUTES("{ carriers = ( ); }"), "1 to 16 carriers" },
        { ROUTES("{ carriers = \"acme\"; }"), "carriers is a list" },
        { ROUTES("{ carriers = ( \"acme\" ); }"), "is a group" },
        { ROUTES("{ carriers = ( { name = \"acme\"; }, { name = \"acme\"; } ); }"),
          "the same carrier twice" },
        { ROUTES("{ carriers = ( { name = \"acme\"; cost = -0.5; } ); }"), "cost must be" },
        { ROUTES("{ carriers = ( { name = \"acme\"; cost = \"0.1234567\"; } ); }"), "cost must be" },
        { ROUTES("{ carriers = ( { name = \"acme\"; weight = 1000001; } ); }"), "weight must be from 0 to" },
        { ROUTES("{ strategy = \"weighted\"; carriers = ( { name = \"acme\"; weight = 0; } ); }"),
          "above 0" },
        { "carriers = ( " ACME " );\nroutes = { };", ":2: routes is a list" },
        { RATES("{ sender = \"S\"; }"), ":3: rate is missing" },
        { RATES("{ rate = 0; }"), ":3: rate" },
        { RATES("{ rate = 1; region = \"Germany\"; }"), ":3: region" },
        { RATES("{ rate = 1; class = \"bulk\"; }"), ":3: class \"bulk\"" },
        { RATES("{ rate = 1; prefix = \"4x\"; }"), ":3: prefix \"4x\"" },
        { RATES("{ rate = 1; carrier = \"acne\"; }"), "did you mean \"acme\"?" },
        { RATES("{ rate = 1; sender = \"S\"; },\n{ rate = 2; sender = \"S\"; }"), ":4: there is a rate for" },
        { RATES(PREFIX("4") ",\n" PREFIX("49") ",\n" PREFIX("491") "," PREFIX("4915") "," PREFIX("49151") "," PREFIX("491512") "," PREFIX("4915123") "," PREFIX("49151234") "," PREFIX(
              "491512345") "," PREFIX("4915123456") "," PREFIX("49151234567") "," PREFIX("49151234567"
                                                                                         "8") "," PREFIX("491"
                                                                                                         "512"
                                                                                                         "345"
                                                                                                         "678"
                                                                                                         "9") "," PREFIX("49151234567891") "," PREFIX("491512345678912") ", { rate = 1; }, { rate = 1; class = \"otp\"; }"),
          ":2: 17 rates, from the 1. to the 17., hold for the same message; at most 16 may" },
        { RATES("{ rate = 1; sendr = \"S\"; }"), "did you mean \"sender\"?" },
        { STATUSES("{ status = \"ESME_RNONE\"; class = \"temporary\"; }"),
          ":2: \"ESME_RNONE\" is no status" },
        { STATUSES("{ status = \"0\"; class = \"temporary\"; }"), "but not 0" },
        { STATUSES("{ status = \"0x8\"; class = \"ok\"; }"), "class must be" },
        { STATUSES("{ status = \"0x8\"; }"), "class is missing" },
        { STATUSES("{ status = \"0x8\"; class = \"temporary\"; }, { status = \"ESME_RSYSERR\"; class = "
                   "\"permanent\"; }"),
          "there already" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct err e = { 0 };
        struct config *c = load(rows[i].text, &e);
        if (c != NULL || strstr(e.text, rows[i].says) == NULL) {
            fail_msg("row %zu: \"%s\"", i, e.text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(routes_are_taken_as_written),
        cmocka_unit_test(rates_have_any_keys_and_a_burst),
        cmocka_unit_test(statuses_are_by_number_or_name),
        cmocka_unit_test(without_either_there_are_none),
        cmocka_unit_test(what_is_wrong_is_refused_with_its_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
