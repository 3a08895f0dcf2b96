/* Given words on the command line, what is asked for, or what is wrong and what to do about it. */
#include "support.h"

#include "cli/commands.h"

#include <stdio.h>
#include <string.h>

#define MAX_WORDS 24

struct run {
    struct args args;
    struct args_error error;
    bool ok;
    char line[512];
};

/* Words are separated by '|'. */
static void parse(struct run *r, const char *line)
{
    char *argv[MAX_WORDS + 1] = { (char[]){ "tessera" } };
    int argc = 1;
    memset(r, 0, sizeof *r);
    snprintf(r->line, sizeof r->line, "%s", line);
    for (char *p = r->line[0] != '\0' ? r->line : NULL; p != NULL && argc < MAX_WORDS;) {
        argv[argc++] = p;
        p = strchr(p, '|');
        if (p != NULL) {
            *p++ = '\0';
        }
    }
    r->ok = args_parse(commands, argc, argv, &r->args, &r->error);
}

static void test_what_is_wrong_is_said(void **state)
{
    static const struct {
        const char *line, *message, *next; /* parts of them */
    } CASES[] = {
        { "", "what is to be done?", "tessera help" },
        { "segmnt|list", "there is no command \"segmnt\"; did you mean \"segment\"?", "tessera help" },
        { "xyzzy", "there is no command \"xyzzy\"", "tessera help" },
        { "segment", "what is to be done with \"segment\"?", "add, set, list, show" },
        { "segment|lst", "there is no \"segment lst\"; did you mean \"list\"?", "add, set" },
        { "segment|frobnicate", "there is no \"segment frobnicate\"", "add, set" },
        { "segment|add|a", "QUERY is missing", "tessera segment add --help" },
        { "segment|add", "NAME is missing", "tessera segment add --help" },
        { "segment|add|a|b|c", "what is \"c\"? It follows QUERY", "single quotes" },
        { "segment|list|x", "what is \"x\"? Nothing is expected", "tessera segment list --help" },
        { "segment|add||x", "NAME is empty", "tessera segment add --help" },
        { "send|--to|+44|a\xFF", "TEXT is not UTF-8", "tessera send --help" },
        { "send|hi", "--to NUMBER is missing", "tessera send --help" },
        { "send|hi|--to", "--to needs a value: --to NUMBER", "tessera send --help" },
        { "send|hi|--to=", "--to: \"\" is empty", "tessera send --help" },
        { "send|hi|--sendr|x|--to|+44", "there is no option --sendr; did you mean --sender?",
          "tessera send --help" },
        { "send|hi|--zzzzzz", "there is no option --zzzzzz", "tessera send --help" },
        { "send|hi|--to|+44|--to|+45", "--to is given twice", "tessera send --help" },
        { "send|hi|--to|+44|--class|prmo", "\"prmo\" is none of promotional, transactional, otp",
          "tessera send" },
        { "send|hi|--to|+44|--valid-for|5", "has no unit", "tessera send" },
        { "send|hi|--to|+44|--valid-for|10ms", "is shorter than a second", "tessera send" },
        { "send|hi|--to|+44|--at|noon", "is no instant", "tessera send" },
        { "message|list|--limit|0", "must be a whole number from 1", "tessera message list" },
        { "message|list|--limit|x", "must be a whole number from 1", "tessera message list" },
        { "message|list|--all=yes", "--all takes no value", "tessera message list" },
        { "import|customers|f|--piece|5M", "must be a size from 4096 to 4194304",
          "tessera import customers" },
        { "import|customers|f|--piece|x", "is no size", "tessera import customers" },
        { "--region|DE|import|customers|f", "--region stands too early", "after its noun and verb" },
        { "-v", "there is no option -v: options begin with two dashes", "tessera help" },
        { "--jsn|status", "there is no option --jsn; did you mean --json?", "tessera help" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct run r;
        parse(&r, CASES[i].line);
        if (r.ok || strstr(r.error.err.text, CASES[i].message) == NULL ||
            strstr(r.error.next, CASES[i].next) == NULL) {
            fail_msg("%s: %s: %s (%s)", CASES[i].line, r.ok ? "taken" : "refused", r.error.err.text,
                     r.error.next);
        }
        args_free(&r.args);
    }
}

static void test_options_stand_anywhere(void **state)
{
    static const char *const LINES[] = {
        "--json|--socket|/x|segment|add|vips|age > 5", "segment|--json|add|--socket=/x|vips|age > 5",
        "segment|add|vips|age > 5|--socket|/x|--json",
        "segment|add|--json|--socket|/y|--socket|/x|--|vips|age > 5", /* the last socket wins */
    };
    (void)state;
    for (size_t i = 0; i < COUNT(LINES); i++) {
        struct run r;
        parse(&r, LINES[i]);
        assert_true(r.ok);
        assert_string_equal(r.args.command->verb, "add");
        assert_true(r.args.json);
        assert_string_equal(r.args.socket, "/x");
        assert_int_equal(r.args.n_words, 2);
        assert_string_equal(r.args.words[0], "vips");
        assert_string_equal(r.args.words[1], "age > 5");
        args_free(&r.args);
    }
}

static void test_values_of_every_type(void **state)
{
    struct run r;
    usec_t valid_for;
    uint64_t rate = 0, limit;
    struct values_instant at;
    (void)state;
    parse(&r, "campaign|add|x|--segment|a|--segment=b|--text|--json|--rate|20|--valid-for|1h30m|--class|otp");
    assert_true(r.ok);
    assert_string_equal(args_text(&r.args, "segment"), "a");
    assert_string_equal(args_text_at(&r.args, "segment", 1), "b");
    assert_null(args_text_at(&r.args, "segment", 2));
    assert_null(args_text(&r.args, "exclude"));
    assert_string_equal(args_text(&r.args, "text"), "--json"); /* a value is taken as it is */
    assert_false(r.args.json);
    assert_true(args_number(&r.args, "rate", &rate));
    assert_int_equal(rate, 20);
    assert_true(args_duration(&r.args, "valid-for", &valid_for));
    assert_int_equal(valid_for, 90 * USEC_MINUTE);
    assert_string_equal(args_text(&r.args, "class"), "otp");
    args_free(&r.args);
    parse(&r, "message|list|--from=-30m|--all");
    assert_true(r.ok);
    assert_true(args_flag(&r.args, "all"));
    assert_false(args_number(&r.args, "limit", &limit));
    assert_true(args_instant(&r.args, "from", &at));
    assert_true(at.relative && at.usec == -30 * USEC_MINUTE);
    assert_false(args_instant(&r.args, "to", &at));
    args_free(&r.args);
    parse(&r, "import|customers|-|--piece|64K");
    assert_true(r.ok);
    assert_string_equal(r.args.words[0], "-");
    assert_true(args_number(&r.args, "piece", &limit));
    assert_int_equal(limit, 65536);
    args_free(&r.args);
}

static void test_two_dashes_end_the_options(void **state)
{
    struct run r;
    (void)state;
    parse(&r, "send|--to|+44|--|--json");
    assert_true(r.ok);
    assert_false(r.args.json);
    assert_string_equal(r.args.words[0], "--json");
    args_free(&r.args);
}

static void test_help_is_asked_for_in_several_ways(void **state)
{
    static const struct {
        const char *line, *noun, *verb;
    } CASES[] = {
        { "help", NULL, NULL },
        { "--help", NULL, NULL },
        { "-h", NULL, NULL },
        { "help|segment", "segment", NULL },
        { "segment|--help", "segment", NULL },
        { "help|segment|add", "segment", "add" },
        { "segment|add|--help", "segment", "add" },
        { "segment|add|x|-h", "segment", "add" },
        { "help|send", "send", NULL },
        { "send|--help", "send", NULL },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct run r;
        parse(&r, CASES[i].line);
        assert_true(r.ok);
        assert_true(r.args.help);
        assert_true((r.args.noun == NULL) == (CASES[i].noun == NULL));
        if (CASES[i].noun != NULL) {
            assert_string_equal(r.args.noun, CASES[i].noun);
        }
        if (CASES[i].verb != NULL) {
            assert_string_equal(r.args.command->verb, CASES[i].verb);
        }
        args_free(&r.args);
    }
}

static void test_the_version_needs_no_command(void **state)
{
    struct run r;
    (void)state;
    parse(&r, "--version");
    assert_true(r.ok && r.args.version);
    args_free(&r.args);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_wrong_is_said),
        cmocka_unit_test(test_options_stand_anywhere),
        cmocka_unit_test(test_values_of_every_type),
        cmocka_unit_test(test_two_dashes_end_the_options),
        cmocka_unit_test(test_help_is_asked_for_in_several_ways),
        cmocka_unit_test(test_the_version_needs_no_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
