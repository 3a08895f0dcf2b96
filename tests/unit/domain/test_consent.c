/* Opt-out words: what people really write, and the lists of providers and rule books. */
#include "domain/consent.h"
#include "support.h"

static struct consent *words;

static int setup(void **state)
{
    (void)state;
    struct err e = { 0 };
    words = consent_load(conf_path("optout_keywords.tsv"), &e);
    expect(words, "%s", e.text);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    consent_free(words);
    return 0;
}

static void what_people_write(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum consent_action action;
        const char *word;
    } cases[] = {
        { "STOP", CONSENT_STOP, "STOP" },
        { "stop", CONSENT_STOP, "STOP" },
        { "  Stop.  ", CONSENT_STOP, "STOP" },
        { "\"STOP\"!!!", CONSENT_STOP, "STOP" },
        { "\xef\xbc\xb3\xef\xbc\xb4\xef\xbc\xaf\xef\xbc\xb0", CONSENT_STOP, "STOP" }, /* full width */
        { "STOP ALL", CONSENT_STOP, "STOP ALL" },
        { "opt out", CONSENT_STOP, NULL },
        { "Opt-Out", CONSENT_STOP, NULL },
        { "optout", CONSENT_STOP, "OPTOUT" },
        { "arr\xc3\xaat", CONSENT_STOP, "ARRET" },  /* arrêt */
        { "arre\xcc\x82t", CONSENT_STOP, "ARRET" }, /* the same, decomposed */
        { "ARR\xc3\x8aTER", CONSENT_STOP, "ARRETER" },
        { "\xc4\xb0PTAL", CONSENT_STOP, "IPTAL" }, /* İPTAL */
        { "no m\xc3\xa1s", CONSENT_STOP, "NO MAS" },
        { "Baja por favor", CONSENT_STOP, "BAJA" },
        { "please cancel", CONSENT_STOP, "CANCEL" },
        { "unsubscribe me from this", CONSENT_STOP, "UNSUBSCRIBE" },
        { "Stop texting me please", CONSENT_STOP, "STOP" },
        { "STOP TESSERA", CONSENT_STOP, "STOP" },
        { "stopall now", CONSENT_STOP, "STOPALL" },
        { "td", CONSENT_STOP, "TD" },
        /* more than three words after it: a sentence, not a request */
        { "stop by the shop and say hello", CONSENT_NONE, "" },
        { "the bus stop", CONSENT_NONE, "" },
        { "don't stop", CONSENT_NONE, "" },
        { "stopping", CONSENT_NONE, "" },
        { "the end", CONSENT_NONE, "" },
        { "end of the story", CONSENT_NONE, "" }, /* only the unmistakable words may be followed by others */
        { "cancel my order", CONSENT_NONE, "" },
        { "START", CONSENT_START, "START" },
        { "unstop", CONSENT_START, "UNSTOP" },
        { "start now", CONSENT_NONE, "" },
        { "please start", CONSENT_NONE, "" },
        { "yes", CONSENT_NONE, "" },
        { "Help", CONSENT_HELP, "HELP" },
        { "info?", CONSENT_HELP, "INFO" },
        { "help me please", CONSENT_NONE, "" },
        { "", CONSENT_NONE, "" },
        { "  ...  ", CONSENT_NONE, "" },
        { "\xff\xfe", CONSENT_NONE, "" },
        { "please", CONSENT_NONE, "" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *word = NULL;
        enum consent_action a = consent_match(words, strv_from(cases[i].text), false, &word);
        expect(a == cases[i].action, "\"%s\": %s", cases[i].text, consent_action_name(a));
        expect(!cases[i].word || strcmp(word, cases[i].word) == 0, "\"%s\": %s", cases[i].text, word);
    }
}

static void yes_counts_only_while_it_was_asked_for(void **state)
{
    (void)state;
    const char *word;
    assert_int_equal(consent_match(words, STRV("Yes!"), true, &word), CONSENT_START);
    assert_string_equal(word, "YES");
    assert_int_equal(consent_match(words, STRV("Yes!"), false, NULL), CONSENT_NONE);
    assert_int_equal(consent_match(words, STRV("yes please"), true, NULL), CONSENT_NONE);
    assert_int_equal(consent_match(words, STRV("STOP"), true, NULL), CONSENT_STOP);
    assert_int_equal(consent_match(words, (struct strv){ 0 }, true, NULL), CONSENT_NONE);
}

/* Every word of every list: stop words must stop; start and help words must not be taken for a stop. */
static void lists_of_providers_and_rule_books(void **state)
{
    (void)state;
    static const struct {
        const char *word, *reason;
    } not_ours[] = {
        { "SUBSCRIBE",
          "not in conf/optout_keywords.tsv: one provider's start word, likely a campaign's keyword" },
    };
    FILE *f = open_vectors("optout-keywords.tsv");
    char line[1000];
    unsigned count = 0;
    while (fgets(line, sizeof line, f)) {
        struct strv rest = strv_from(line), list, action, word;
        if (line[0] == '#' || !strv_next(&rest, '\t', &list) || !strv_next(&rest, '\t', &action) ||
            !strv_next(&rest, '\t', &word)) {
            continue;
        }
        count++;
        bool listed = false;
        for (size_t i = 0; i < COUNT(not_ours); i++) {
            listed = listed || strv_eq_c(word, not_ours[i].word);
        }
        enum consent_action got = consent_match(words, word, true, NULL);
        expect(listed ? got != CONSENT_STOP : strv_eq_c(action, consent_action_name(got)),
               STRV_FMT " (" STRV_FMT "): %s", STRV_ARG(word), STRV_ARG(action), consent_action_name(got));
    }
    fclose(f);
    expect(count > 90, "only %u words", count);
}

#define HEAD "action\tkeyword\tlanguages\tregions\tsourced\tsource\n"

static void broken_tables_are_named_by_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        { HEAD, "nobody could opt out" },
        { HEAD "halt\tSTOP\t*\t*\tyes\tx\n", "t:2: action" },
        { HEAD "stop\t\t*\t*\tyes\tx\n", "t:2: keyword" },
        { HEAD "stop\t...\t*\t*\tyes\tx\n", "t:2: keyword" },
        { HEAD "stop\tSTOP\t*\t*\tyes\n", "t:2: 5 columns" },
        { "action\tword\n", "t:1: column 2" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err e = { 0 };
        expect(!consent_parse(strv_from(cases[i].text), "t", &e) && strstr(e.text, cases[i].says),
               "case %zu: %s", i, e.text);
    }
    assert_null(consent_load("/nonexistent", NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_people_write),
        cmocka_unit_test(yes_counts_only_while_it_was_asked_for),
        cmocka_unit_test(lists_of_providers_and_rule_books),
        cmocka_unit_test(broken_tables_are_named_by_line),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
