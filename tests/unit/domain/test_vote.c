/* Votes by text. */
#include "domain/vote.h"
#include "support.h"

static const struct strv sushi_aliases[] = { { "raw fish", 8 }, { "sashimi", 7 } };
static const struct vote_option_def lunch_options[] = {
    { { "PIZZA", 5 }, NULL, 0 },
    { { "SUSHI", 5 }, sushi_aliases, 2 },
    { { "Fish & Chips", 12 }, NULL, 0 },
};
static const struct vote_option_def door_options[] = { { { "1", 1 }, NULL, 0 },
                                                       { { "Door 2", 6 }, NULL, 0 } };

static struct vote_def lunch(void)
{
    return (
        struct vote_def){ .vote = 7, .keyword = STRV("LUNCH"), .options = lunch_options, .option_count = 3 };
}

static void texts_are_counted(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum vote_result result;
        uint32_t vote;
        unsigned option;
    } cases[] = {
        { "LUNCH sushi", VOTE_OPTION, 7, 1 },
        { "lunch 2", VOTE_OPTION, 7, 1 },
        { "  Lunch,  SUSHI! ", VOTE_OPTION, 7, 1 },
        { "lunch raw-fish", VOTE_OPTION, 7, 1 },
        { "Lunch: fish & chips", VOTE_OPTION, 7, 2 },
        { "lunch #1", VOTE_OPTION, 7, 0 },
        { "LUNCH P\xc3\x8dZZA", VOTE_OPTION, 7, 0 },
        { "lunch 4", VOTE_UNKNOWN_OPTION, 7, 0 },
        { "lunch 0", VOTE_UNKNOWN_OPTION, 7, 0 },
        { "lunch pizza and sushi", VOTE_UNKNOWN_OPTION, 7, 0 },
        { "lunch piza", VOTE_UNKNOWN_OPTION, 7, 0 },
        { "LUNCH", VOTE_NO_OPTION, 7, 0 },
        { "sushi", VOTE_NO_KEYWORD, 0, 0 },
        { "2", VOTE_NO_KEYWORD, 0, 0 },
        { "lunchtime sushi", VOTE_NO_KEYWORD, 0, 0 },
        { "my lunch sushi", VOTE_NO_KEYWORD, 0, 0 },
        { "", VOTE_NO_KEYWORD, 0, 0 },
        { "door 1", VOTE_OPTION, 9, 0 },
        { "door 2", VOTE_OPTION, 9, 1 },
        { "door door 2", VOTE_OPTION, 9, 1 },
    };
    struct votes *v = votes_new();
    struct vote_def a = lunch(),
                    b = { .vote = 9, .keyword = STRV("door"), .options = door_options, .option_count = 2 };
    struct err e = { 0 };
    expect(votes_add(v, &a, &e) && votes_add(v, &b, &e), "%s", e.text);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct vote_match m = votes_match(v, strv_from(cases[i].text));
        expect(m.result == cases[i].result, "\"%s\": %d", cases[i].text, (int)m.result);
        expect(m.result == VOTE_NO_KEYWORD || m.vote == cases[i].vote, "\"%s\"", cases[i].text);
        expect(m.result != VOTE_OPTION || m.option == cases[i].option, "\"%s\": %u", cases[i].text, m.option);
    }
    votes_free(v);
}

static void votes_come_and_go(void **state)
{
    (void)state;
    struct votes *v = votes_new();
    struct vote_def d = lunch();
    struct err e = { 0 };
    assert_true(votes_add(v, &d, &e));
    assert_false(votes_add(v, &d, &e));
    assert_int_equal(e.code, ERR_EXISTS);
    d.vote = 8;
    assert_false(votes_add(v, &d, &e)); /* the keyword is taken */
    assert_int_equal(e.code, ERR_EXISTS);
    assert_int_equal(votes_count(v), 1);
    assert_true(votes_remove(v, 7));
    assert_false(votes_remove(v, 7));
    assert_int_equal(votes_match(v, STRV("lunch 1")).result, VOTE_NO_KEYWORD);
    assert_true(votes_add(v, &d, &e));
    assert_int_equal(votes_match(v, STRV("lunch 1")).vote, 8);
    assert_int_equal(votes_match(v, (struct strv){ 0 }).result, VOTE_NO_KEYWORD);
    votes_free(v);
    votes_free(NULL);
}

static void definitions_are_checked(void **state)
{
    (void)state;
    static const struct strv pizza_alias[] = { { "pizza", 5 } }, other[] = { { "SUSHI!", 6 } };
    static const struct vote_option_def twice[] = { { { "Pizza", 5 }, NULL, 0 },
                                                    { { "pizza.", 6 }, NULL, 0 } },
                                        alias[] = { { { "Sushi", 5 }, NULL, 0 }, { { "x", 1 }, other, 1 } },
                                        number[] = { { { "2", 1 }, NULL, 0 }, { { "x", 1 }, NULL, 0 } },
                                        empty[] = { { { "", 0 }, NULL, 0 } },
                                        bad[] = { { { "\xff", 1 }, NULL, 0 } },
                                        untidy[] = { { { "Pizza", 5 }, pizza_alias, 1 } };
    struct {
        struct vote_def d;
        const char *says;
    } cases[] = {
        { { 1, STRV(""), lunch_options, 3 }, "keyword" },
        { { 1, STRV("x"), lunch_options, 0 }, "1 to 100 options" },
        { { 1, STRV("x"), lunch_options, VOTE_MAX_OPTIONS + 1 }, "1 to 100 options" },
        { { 1, STRV("x"), twice, 2 }, "option 2: \"pizza.\" is used twice" },
        { { 1, STRV("x"), alias, 2 }, "option 2: \"SUSHI!\" is used twice" },
        { { 1, STRV("x"), number, 2 }, "option 1 is called \"2\", the number of another" },
        { { 1, STRV("x"), empty, 1 }, "option 1" },
        { { 1, STRV("x"), bad, 1 }, "option 1 is not UTF-8" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err e = { 0 };
        expect(!vote_check(&cases[i].d, &e) && strstr(e.text, cases[i].says), "case %zu: %s", i, e.text);
    }
    struct vote_def d = { 1, STRV("x"), untidy, 1 };
    assert_true(vote_check(&d, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_counted),
        cmocka_unit_test(votes_come_and_go),
        cmocka_unit_test(definitions_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
