#include "cli/help.h"

#include "base/utf8.h"

#include <string.h>

#define HELP_LEFT 30 /* columns of what stands before the explanations */

static void help_put_row(struct buf *out, struct buf *left, const char *help)
{
    size_t width = utf8_width((struct strv){ (const char *)left->data, left->len });
    buf_put_strv(out, strv_from(buf_cstr(left)));
    if (width >= HELP_LEFT) {
        buf_put_u8(out, '\n');
        width = 0;
    }
    buf_printf(out, "%*s%s\n", (int)(HELP_LEFT - width), "", help);
    buf_clear(left);
}

static void help_put_name(struct buf *out, const struct command *c)
{
    buf_printf(out, "%s%s%s%s%s", c->noun, c->verb != NULL ? " " : "", c->verb != NULL ? c->verb : "",
               c->words[0] != '\0' ? " " : "", c->words);
}

static void help_put_options(struct buf *out, const struct option *table)
{
    struct buf left = { 0 };
    for (; table != NULL && table->name != NULL; table++) {
        buf_printf(&left, "  --%s%s%s%s", table->name, table->value != NULL ? " " : "",
                   table->value != NULL ? table->value : "",
                   table->repeats && table->value != NULL ? " .." : "");
        help_put_row(out, &left, table->help);
    }
    buf_free(&left);
}

static void help_put_globals(struct buf *out)
{
    struct buf left = { 0 };
    for (const struct option *o = args_globals; o->name != NULL; o++) {
        buf_printf(&left, "  --%s%s%s", o->name, o->value != NULL ? " " : "",
                   o->value != NULL ? o->value : "");
        help_put_row(out, &left, o->help);
    }
    buf_free(&left);
}

/* A noun with several verbs stands by itself; those with one, or none, stand together. */
static bool help_group_begins(const struct command *first, const struct command *c)
{
    bool alone = c[1].noun == NULL || strcmp(c[1].noun, c->noun) != 0;
    bool before_alone = c - 1 == first || strcmp(c[-1].noun, c[-2].noun) != 0;
    return strcmp(c[-1].noun, c->noun) != 0 && !(alone && before_alone);
}

static void help_put_commands(struct buf *out, const struct command *commands, const char *noun)
{
    struct buf left = { 0 };
    for (const struct command *c = commands; c->noun != NULL; c++) {
        if (noun != NULL && strcmp(noun, c->noun) != 0) {
            continue;
        }
        if (noun == NULL && c > commands && help_group_begins(commands, c)) {
            buf_put_u8(out, '\n');
        }
        buf_put_strv(&left, STRV("  "));
        help_put_name(&left, c);
        help_put_row(out, &left, c->help);
    }
    buf_free(&left);
}

static const char HELP_STATUS[] =
    "\nExit status: 0 done, 1 the daemon refused or failed, 2 wrong usage, 3 cannot reach the daemon, "
    "4 not found.\n";

void help_put_all(struct buf *out, const struct command *commands)
{
    buf_put_strv(out, STRV("Usage: tessera NOUN VERB [ARGUMENT]... [OPTION]...\n"
                           "Text messages to customers: import, segment, send, follow.\n\n"));
    help_put_commands(out, commands, NULL);
    buf_put_strv(out, STRV("\nOptions of every command:\n"));
    help_put_globals(out);
    buf_put_strv(out, strv_from(HELP_STATUS));
    buf_put_strv(out, STRV("More: tessera help NOUN [VERB], man tessera\n"));
}

void help_put_noun(struct buf *out, const struct command *commands, const char *noun)
{
    buf_printf(out, "Usage: tessera %s VERB [ARGUMENT]... [OPTION]...\n\n", noun);
    help_put_commands(out, commands, noun);
    buf_printf(out, "\nMore: tessera help %s VERB\n", noun);
}

void help_put_command(struct buf *out, const struct command *c)
{
    buf_put_strv(out, STRV("Usage: tessera "));
    help_put_name(out, c);
    for (const struct option *o = c->options; o != NULL && o->name != NULL; o++) {
        if (o->required) {
            buf_printf(out, " --%s %s", o->name, o->value);
        }
    }
    buf_printf(out, " [OPTION]...\n\n%s\n", c->help);
    if (c->more != NULL) {
        buf_printf(out, "\n%s\n", c->more);
    }
    if (c->options != NULL) {
        buf_put_strv(out, STRV("\nOptions:\n"));
        help_put_options(out, c->options);
    }
    buf_put_strv(out, STRV("\nOptions of every command:\n"));
    help_put_globals(out);
}
