/* The table of commands holds together, and the manual page and the help have all of it. */
#include "support.h"

#include "cli/commands.h"
#include "cli/help.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t count_words(const char *words, size_t *optional)
{
    struct strv rest = strv_from(words), one;
    size_t n = 0;
    *optional = 0;
    while (strv_next(&rest, ' ', &one)) {
        n++;
        *optional += one.p[0] == '[';
    }
    return n;
}

static void check_options(const struct command *c)
{
    size_t n = 0;
    for (const struct option *o = c->options; o != NULL && o->name != NULL; o++, n++) {
        assert_non_null(o->help);
        assert_true((o->type == OPTION_FLAG) == (o->value == NULL));
        assert_true((o->type == OPTION_CHOICE) == (o->choices != NULL));
        assert_true(o->type != OPTION_FLAG || !o->required);
        assert_true(o->type != OPTION_COUNT || o->max > o->min);
        for (const struct option *other = args_globals; other->name != NULL; other++) {
            assert_string_not_equal(o->name, other->name);
        }
        for (const struct option *other = c->options; other != o; other++) {
            assert_string_not_equal(o->name, other->name);
        }
    }
    assert_true(n <= ARGS_MAX_OPTIONS);
}

static void test_every_row_is_complete_and_there_once(void **state)
{
    (void)state;
    for (const struct command *c = commands; c->noun != NULL; c++) {
        size_t optional;
        assert_non_null(c->help);
        assert_non_null(c->run);
        assert_true(count_words(c->words, &optional) <= ARGS_MAX_WORDS);
        check_options(c);
        for (const struct command *other = commands; other != c; other++) {
            if (strcmp(other->noun, c->noun) == 0) {
                /* A noun either is a command or has verbs, and its rows stand together. */
                assert_true(other->verb != NULL && c->verb != NULL);
                assert_string_not_equal(other->verb, c->verb);
                assert_string_equal(c[-1].noun, c->noun);
            }
        }
    }
}

static char *read_manual(void)
{
    char path[4096];
    const char *source = getenv("TESSERA_SRC");
    snprintf(path, sizeof path, "%s/doc/tessera.1", source != NULL ? source : ".");
    FILE *f = fopen(path, "re");
    if (f == NULL) {
        return NULL;
    }
    char *text = calloc(1, 1 << 20);
    assert_non_null(text);
    size_t n = fread(text, 1, (1 << 20) - 1, f);
    fclose(f);
    /* "\-" is how a page writes "-". */
    size_t w = 0;
    for (size_t i = 0; i < n; i++) {
        if (text[i] != '\\' || text[i + 1] != '-') {
            text[w++] = text[i];
        }
    }
    text[w] = '\0';
    return text;
}

static void test_the_manual_has_every_command_and_option(void **state)
{
    char *manual = read_manual();
    (void)state;
    if (manual == NULL) {
        skip();
        return;
    }
    for (const struct command *c = commands; c->noun != NULL; c++) {
        char name[64];
        snprintf(name, sizeof name, "%s%s%s", c->noun, c->verb != NULL ? " " : "",
                 c->verb != NULL ? c->verb : "");
        if (strstr(manual, name) == NULL) {
            fail_msg("doc/tessera.1 has no \"%s\"", name);
        }
        for (const struct option *o = c->options; o != NULL && o->name != NULL; o++) {
            snprintf(name, sizeof name, "--%s", o->name);
            if (strstr(manual, name) == NULL) {
                fail_msg("doc/tessera.1 has no \"%s\"", name);
            }
        }
    }
    free(manual);
}

static void test_the_help_fits_a_terminal(void **state)
{
    struct buf out = { 0 };
    (void)state;
    help_put_all(&out, commands);
    for (const struct command *c = commands; c->noun != NULL; c++) {
        char name[64];
        snprintf(name, sizeof name, "  %s%s%s", c->noun, c->verb != NULL ? " " : "",
                 c->verb != NULL ? c->verb : "");
        assert_non_null(strstr(buf_cstr(&out), name));
        help_put_command(&out, c);
        if (c->verb != NULL) {
            help_put_noun(&out, commands, c->noun);
        }
    }
    struct strv rest = { (const char *)out.data, out.len }, line;
    while (strv_next(&rest, '\n', &line)) {
        if (line.n > 110) {
            fail_msg("%zu columns: " STRV_FMT, line.n, STRV_ARG(line));
        }
    }
    buf_free(&out);
}

static void test_the_help_of_a_command_shows_what_it_must_be_given(void **state)
{
    struct buf out = { 0 };
    (void)state;
    for (const struct command *c = commands; c->noun != NULL; c++) {
        if (strcmp(c->noun, "send") == 0) {
            help_put_command(&out, c);
        }
    }
    assert_non_null(strstr(buf_cstr(&out), "Usage: tessera send TEXT --to NUMBER [OPTION]...\n"));
    assert_non_null(strstr(buf_cstr(&out), "  --valid-for DURATION"));
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row_is_complete_and_there_once),
        cmocka_unit_test(test_the_manual_has_every_command_and_option),
        cmocka_unit_test(test_the_help_fits_a_terminal),
        cmocka_unit_test(test_the_help_of_a_command_shows_what_it_must_be_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
