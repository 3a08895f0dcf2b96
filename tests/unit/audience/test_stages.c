/* Which values of a field may follow which, and the history that is kept of them. */
#include "audience_fixture.h"

#include "audience/stages.h"

#define RULES "lead>prospect, Prospect > qualified, qualified>customer, *>lost"

static void set_rules(struct fixture *f, const char *rules)
{
    struct err e = { 0 };
    if (!audience_set_transitions(f->a, STRV("stage"), strv_from(rules), &e)) {
        fail_msg("%s", e.text);
    }
}

static void rules_say_what_may_follow(void **state)
{
    static const struct {
        const char *rules, *from, *to, *why;
    } cases[] = {
        { RULES, "", "lead", "" },
        { RULES, "", "Customer", "" },
        { RULES, "lead", "PROSPECT", "" },
        { RULES, "lead", "Lead", "" },
        { RULES, "elsewhere", "lost", "" },
        { RULES, "lead", "customer", "\"customer\" may not follow \"lead\"; allowed: prospect, lost" },
        { RULES, "lost", "lead", "\"lead\" may not follow \"lost\"; allowed: nothing" },
        { RULES, "lead", "foo", "\"foo\" is none of: lead, prospect, qualified, customer, lost" },
        { ">lead,lead>won", "", "won", "\"won\" may not be the first value; allowed: lead" },
        { ">lead,lead>won", "", "lead", "" },
        { "*>*", "", "x", "" },
        { "*>*", "x", "y", "" },
        { "a>*", "b", "x", "\"x\" may not follow \"b\"; allowed: nothing" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf why = { 0 };
        bool ok =
            stages_allow(strv_from(cases[i].rules), strv_from(cases[i].from), strv_from(cases[i].to), &why);
        assert_int_equal(ok, cases[i].why[0] == '\0');
        buf_printf(&why, "%c", 0);
        assert_string_equal((char *)why.data, cases[i].why);
        buf_free(&why);
    }
}

static void rules_that_cannot_be_are_refused(void **state)
{
    static const struct {
        const char *field, *rules;
        enum err_code code;
    } cases[] = {
        { "stage", "lead", ERR_INVALID },  { "stage", "lead>", ERR_INVALID },
        { "stage", "a>b>c", ERR_INVALID }, { "birth_date", "a>b", ERR_INVALID },
        { "tags", "a>b", ERR_INVALID },    { "stag", "a>b", ERR_NOT_FOUND },
        { "region", "a>b", ERR_INVALID },
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct err e = { 0 };
        assert_false(
            audience_set_transitions(f->a, strv_from(cases[i].field), strv_from(cases[i].rules), &e));
        assert_int_equal(e.code, cases[i].code);
    }
}

static bool put_event(void *ctx, const struct audience_event *ev)
{
    struct buf *b = ctx;
    for (size_t i = 0; i < ev->n; i++) {
        buf_printf(b, STRV_FMT "=" STRV_FMT " ", STRV_ARG(ev->attributes[i]->name), STRV_ARG(ev->texts[i]));
    }
    buf_printf(b, ";");
    return true;
}

static void expect_history(struct fixture *f, uint32_t id, const char *expected)
{
    struct err e = { 0 };
    struct buf b = { 0 };
    struct audience_view *v = audience_view_begin(f->a, &e);
    assert_true(audience_customer_events(v, id, put_event, &b, &e));
    audience_view_end(v);
    buf_printf(&b, "%c", 0);
    assert_string_equal((char *)b.data, expected);
    buf_free(&b);
}

static void imports_keep_to_the_rules_and_the_history(void **state)
{
    struct fixture *f = *state;
    set_rules(f, RULES);
    assert_true(fixture_customers(f, "",
                                  "phone,stage\n+447700900001,lead\n+447700900002,banana\n"
                                  "+447700900001,customer\n+447700900001,prospect\n"
                                  "+447700900003,\n"));
    assert_string_equal(f->rejects,
                        "3 stage [banana] \"banana\" is none of: lead, prospect, qualified, customer, lost\n"
                        "4 stage [customer] \"customer\" may not follow \"lead\"; allowed: prospect, lost\n");
    assert_int_equal(f->progress.created, 2);
    assert_int_equal(f->progress.updated, 1);
    assert_string_equal(fixture_show(f, 447700900001).s,
                        "msisdn=+447700900001;created=2023-11-14;stage=prospect;");
    assert_string_equal(fixture_show(f, 447700900002).s, "");
    const char *history = "field=stage to=lead ;field=stage from=lead to=prospect ;";
    expect_history(f, 0, history);
    expect_history(f, 1, "");
    /* the same again, and in other letters: nothing */
    assert_true(fixture_customers(f, "", "phone,stage\n+447700900001,Prospect\n"));
    expect_history(f, 0, history);
    fixture_verify(f);
    /* without rules anything goes, and nothing is kept */
    set_rules(f, "");
    assert_true(fixture_customers(f, "", "phone,stage\n+447700900001,banana\n"));
    assert_string_equal(f->rejects, "");
    expect_history(f, 0, history);
    /* any change is kept, back and forth; and a value taken away */
    set_rules(f, "*>*");
    assert_true(fixture_customers(f, "", "phone,stage\n+447700900003,a\n+447700900003,b\n+447700900003,a\n"));
    const struct audience_import_options o = { .kind = IMPORT_CUSTOMERS,
                                               .mode = IMPORT_REPLACE,
                                               .now = FIXTURE_NOW + 1000000 };
    assert_true(fixture_import(f, &o, STRV("phone,tier\n+447700900003,gold\n")));
    expect_history(
        f, 1, "field=stage to=a ;field=stage from=a to=b ;field=stage from=b to=a ;field=stage from=a ;");
    fixture_verify(f);
}

static void a_rehearsal_and_a_restart_know_the_rules(void **state)
{
    struct fixture *f = *state;
    set_rules(f, RULES);
    assert_true(fixture_customers(f, "", "phone,stage\n+447700900001,lead\n"));
    audience_close(f->a);
    fixture_open(f);
    const struct audience_import_options o = { .kind = IMPORT_CUSTOMERS,
                                               .validate = true,
                                               .now = FIXTURE_NOW };
    assert_true(fixture_import(f, &o, STRV("phone,stage\n+447700900001,customer\n+447700900009,foo\n")));
    assert_int_equal(f->progress.rejected, 2);
    expect_history(f, 0, "field=stage to=lead ;");
}

#define T(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(rules_say_what_may_follow),
        T(rules_that_cannot_be_are_refused),
        T(imports_keep_to_the_rules_and_the_history),
        T(a_rehearsal_and_a_restart_know_the_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
