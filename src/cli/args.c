#include "cli/args.h"

#include "base/nearest.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct args_given {
    const struct option *option;
    const char *text; /* NULL: a flag */
    union {
        uint64_t number;
        usec_t duration;
        struct values_instant instant;
    } value;
};

const struct option args_globals[] = {
    OPT("json", OPTION_FLAG, NULL, "print the answer of the API, one JSON document", .repeats = true),
    OPT("socket", OPTION_PATH, "PATH", "the daemon's socket [$TESSERA_SOCKET, else /run/tessera/api.sock]",
        .repeats = true),
    OPT("help", OPTION_FLAG, NULL, "say how it is used", .repeats = true),
    OPT("version", OPTION_FLAG, NULL, "print the version", .repeats = true),
    { .name = NULL },
};

struct parsing {
    const struct command *commands;
    char **argv;
    int argc, at;
    struct args *a;
    struct args_error *e;
};

static bool args_fail(struct args_error *e, const char *next, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static bool args_fail(struct args_error *e, const char *next, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char text[sizeof e->err.text];
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    snprintf(e->next, sizeof e->next, "%s", next);
    return err_set(&e->err, ERR_INVALID, "%s", text);
}

/* "tessera segment add --help says how it is used" */
static const char *args_see(const struct command *c, char text[160])
{
    if (c == NULL) {
        return "\"tessera help\" lists the commands";
    }
    snprintf(text, 160, "\"tessera %s%s%s --help\" says how it is used", c->noun, c->verb != NULL ? " " : "",
             c->verb != NULL ? c->verb : "");
    return text;
}

/* --- options --- */

static const struct option *args_find(const struct option *table, struct strv name)
{
    for (; table != NULL && table->name != NULL; table++) {
        if (strv_eq_c(name, table->name)) {
            return table;
        }
    }
    return NULL;
}

static void args_offer(struct nearest *s, const struct option *table)
{
    for (; table != NULL && table->name != NULL; table++) {
        nearest_offer(s, strv_from(table->name));
    }
}

static bool args_unknown_option(struct parsing *p, struct strv name)
{
    const struct command *c = p->a->command;
    char next[160];
    struct nearest s;
    nearest_begin(&s, name);
    args_offer(&s, args_globals);
    if (c != NULL) {
        args_offer(&s, c->options);
    } else {
        for (const struct command *k = p->commands; k->noun != NULL; k++) {
            if (args_find(k->options, name) != NULL) {
                return args_fail(p->e, "options of a command stand after its noun and verb",
                                 "--" STRV_FMT " stands too early", STRV_ARG(name));
            }
        }
    }
    return args_fail(p->e, args_see(c, next), "there is no option --" STRV_FMT "%s%s%s", STRV_ARG(name),
                     s.found[0] != '\0' ? "; did you mean --" : "", s.found, s.found[0] != '\0' ? "?" : "");
}

static bool args_choice(const struct option *o, struct strv value, struct err *e)
{
    struct strv rest = strv_from(o->choices), one;
    while (strv_next(&rest, '|', &one)) {
        if (strv_eq(one, value)) {
            return true;
        }
    }
    char list[160];
    size_t n = 0;
    for (const char *p = o->choices; *p != '\0' && n + 3 < sizeof list; p++) {
        list[n++] = *p == '|' ? ',' : *p;
        if (*p == '|') {
            list[n++] = ' ';
        }
    }
    list[n] = '\0';
    return err_set(e, ERR_INVALID, "is none of %s", list);
}

static bool args_whole(const struct option *o, struct strv value, uint64_t *out, struct err *e)
{
    bool ok = o->type == OPTION_SIZE ? values_parse_size(value, out, e) : strv_to_u64(value, out);
    if (!ok && o->type == OPTION_SIZE) {
        return false;
    }
    if (!ok || *out < o->min || *out > o->max) {
        return err_set(e, ERR_INVALID, "must be %s from %llu to %llu",
                       o->type == OPTION_SIZE ? "a size" : "a whole number", (unsigned long long)o->min,
                       (unsigned long long)o->max);
    }
    return true;
}

static bool args_convert(struct args_given *g, struct err *e)
{
    struct strv value = strv_from(g->text);
    switch (g->option->type) {
    case OPTION_FLAG: return true;
    case OPTION_TEXT:
    case OPTION_PATH:
        return value.n != 0 ? g->option->type == OPTION_PATH || utf8_valid(value) ||
                                  err_set(e, ERR_INVALID, "is not UTF-8")
                            : err_set(e, ERR_INVALID, "is empty");
    case OPTION_CHOICE: return args_choice(g->option, value, e);
    case OPTION_COUNT:
    case OPTION_SIZE: return args_whole(g->option, value, &g->value.number, e);
    case OPTION_DURATION:
        return values_parse_duration(value, &g->value.duration, e) &&
               (g->value.duration >= USEC_SEC || err_set(e, ERR_INVALID, "is shorter than a second"));
    case OPTION_INSTANT: return values_parse_instant(value, &g->value.instant, e);
    }
    return false;
}

static bool args_take(struct parsing *p, const struct option *o, const char *value)
{
    struct args *a = p->a;
    struct args_given *g = &a->given[a->n_given];
    char next[160];
    struct err e = { 0 };
    for (size_t i = 0; i < a->n_given && !o->repeats; i++) {
        if (a->given[i].option == o) {
            return args_fail(p->e, args_see(a->command, next), "--%s is given twice", o->name);
        }
    }
    *g = (struct args_given){ .option = o, .text = value };
    if (!args_convert(g, &e)) {
        return args_fail(p->e, args_see(a->command, next), "--%s: \"%.100s\" %s", o->name, value, e.text);
    }
    a->n_given++;
    if (o == args_find(args_globals, STRV("json"))) {
        a->json = true;
    } else if (o == args_find(args_globals, STRV("socket"))) {
        a->socket = value;
    } else if (o == args_find(args_globals, STRV("help"))) {
        a->help = true;
    } else if (o == args_find(args_globals, STRV("version"))) {
        a->version = true;
    }
    return true;
}

/* "--name", "--name value" or "--name=value". */
static bool args_option(struct parsing *p, const char *word)
{
    const char *equals = strchr(word, '='), *value = equals != NULL ? equals + 1 : NULL;
    struct strv name = strv_sub(strv_from(word), 2, equals != NULL ? (size_t)(equals - word) - 2 : SIZE_MAX);
    const struct option *o = args_find(args_globals, name);
    char next[160];
    if (o == NULL && p->a->command != NULL) {
        o = args_find(p->a->command->options, name);
    }
    if (o == NULL) {
        return args_unknown_option(p, name);
    }
    if (o->type == OPTION_FLAG && value != NULL) {
        return args_fail(p->e, args_see(p->a->command, next), "--%s takes no value", o->name);
    }
    if (o->type != OPTION_FLAG && value == NULL) {
        if (p->at >= p->argc) {
            return args_fail(p->e, args_see(p->a->command, next), "--%s needs a value: --%s %s", o->name,
                             o->name, o->value);
        }
        value = p->argv[p->at++];
    }
    return args_take(p, o, value);
}

/* --- commands --- */

static bool args_noun_known(const struct command *commands, const char *noun)
{
    for (; commands->noun != NULL; commands++) {
        if (strcmp(commands->noun, noun) == 0) {
            return true;
        }
    }
    return false;
}

static bool args_noun(struct parsing *p, const char *word)
{
    struct nearest s;
    nearest_begin(&s, strv_from(word));
    for (const struct command *k = p->commands; k->noun != NULL; k++) {
        if (strcmp(k->noun, word) == 0) {
            p->a->noun = k->noun;
            p->a->command = k->verb == NULL ? k : NULL;
            return true;
        }
        nearest_offer(&s, strv_from(k->noun));
    }
    if (s.found[0] != '\0') {
        return args_fail(p->e, "\"tessera help\" lists the commands",
                         "there is no command \"%.60s\"; did you mean \"%s\"?", word, s.found);
    }
    return args_fail(p->e, "\"tessera help\" lists the commands", "there is no command \"%.60s\"", word);
}

/* "add, set, list" */
static void args_list_verbs(const struct command *commands, const char *noun, char *text, size_t size)
{
    size_t n = 0;
    text[0] = '\0';
    for (const struct command *k = commands; k->noun != NULL && n < size; k++) {
        if (strcmp(k->noun, noun) == 0) {
            n += (size_t)snprintf(text + n, size - n, "%s%s", n != 0 ? ", " : "", k->verb);
        }
    }
}

static bool args_verb(struct parsing *p, const char *word)
{
    struct nearest s;
    char verbs[200], next[240];
    nearest_begin(&s, strv_from(word));
    for (const struct command *k = p->commands; k->noun != NULL; k++) {
        if (strcmp(k->noun, p->a->noun) != 0) {
            continue;
        }
        if (strcmp(k->verb, word) == 0) {
            p->a->command = k;
            return true;
        }
        nearest_offer(&s, strv_from(k->verb));
    }
    args_list_verbs(p->commands, p->a->noun, verbs, sizeof verbs);
    snprintf(next, sizeof next, "what can be done: %s", verbs);
    return args_fail(p->e, next, "there is no \"%s %.60s\"%s%s%s", p->a->noun, word,
                     s.found[0] != '\0' ? "; did you mean \"" : "", s.found, s.found[0] != '\0' ? "\"?" : "");
}

/* The i-th of the command's words; "" when there are not so many. */
static struct strv args_word_name(const struct command *c, size_t i, bool *optional)
{
    struct strv rest = strv_from(c->words), one;
    while (strv_next(&rest, ' ', &one)) {
        if (i-- == 0) {
            *optional = one.n != 0 && one.p[0] == '[';
            return one;
        }
    }
    return (struct strv){ 0 };
}

static bool args_word(struct parsing *p, const char *word)
{
    struct args *a = p->a;
    if (a->noun == NULL) {
        return args_noun(p, word);
    }
    if (a->command == NULL) {
        return args_verb(p, word);
    }
    bool optional;
    struct strv name = args_word_name(a->command, a->n_words, &optional);
    bool many = name.n > 3 && strv_eq_c(strv_sub(name, name.n - 3, 3), "...");
    if (many || (name.n != 0 && a->n_words < ARGS_MAX_WORDS)) {
        char next[160];
        if (word[0] == '\0' || (!strv_eq_c(name, "FILE") && !utf8_valid(strv_from(word)))) {
            return args_fail(p->e, args_see(a->command, next), STRV_FMT " is %s", STRV_ARG(name),
                             word[0] == '\0' ? "empty" : "not UTF-8");
        }
        *(many ? &a->rest[a->n_rest++] : &a->words[a->n_words++]) = word;
        return true;
    }
    if (a->n_words == 0) {
        char next[160];
        return args_fail(p->e, args_see(a->command, next), "what is \"%.60s\"? Nothing is expected there",
                         word);
    }
    name = args_word_name(a->command, a->n_words - 1, &optional);
    return args_fail(p->e, "put what has spaces in it between single quotes",
                     "what is \"%.60s\"? It follows " STRV_FMT ", which is the last that is expected", word,
                     STRV_ARG(name));
}

static bool args_complete(struct parsing *p)
{
    const struct args *a = p->a;
    char next[240], verbs[200];
    if (a->help || a->version) {
        return true;
    }
    if (a->noun == NULL) {
        return args_fail(p->e, "\"tessera help\" lists the commands", "what is to be done?");
    }
    if (a->command == NULL) {
        args_list_verbs(p->commands, a->noun, verbs, sizeof verbs);
        snprintf(next, sizeof next, "what can be done: %s", verbs);
        return args_fail(p->e, next, "what is to be done with \"%s\"?", a->noun);
    }
    bool optional = false;
    struct strv missing = args_word_name(a->command, a->n_words, &optional);
    if (missing.n != 0 && !optional) {
        return args_fail(p->e, args_see(a->command, next), STRV_FMT " is missing", STRV_ARG(missing));
    }
    for (const struct option *o = a->command->options; o != NULL && o->name != NULL; o++) {
        if (o->required && args_text(a, o->name) == NULL) {
            return args_fail(p->e, args_see(a->command, next), "--%s %s is missing: %s", o->name, o->value,
                             o->help);
        }
    }
    return true;
}

/* "help [NOUN [VERB]]" is NOUN VERB --help. */
static bool args_is_help(const struct parsing *p, const char *word)
{
    return p->a->noun == NULL && !p->a->help && strcmp(word, "help") == 0 &&
           !args_noun_known(p->commands, word);
}

bool args_parse(const struct command *commands, int argc, char **argv, struct args *a, struct args_error *e)
{
    struct parsing p = { .commands = commands, .argv = argv, .argc = argc, .at = 1, .a = a, .e = e };
    bool only_words = false, ok = true;
    *a = (struct args){ .given = calloc((size_t)argc + 1, sizeof(struct args_given)),
                        .rest = calloc((size_t)argc + 1, sizeof(const char *)) };
    if (a->given == NULL || a->rest == NULL) {
        return err_set(&e->err, ERR_NOMEM, "out of memory");
    }
    while (ok && p.at < argc) {
        const char *word = argv[p.at++];
        if (!only_words && strcmp(word, "--") == 0) {
            only_words = true;
        } else if (!only_words && strcmp(word, "-h") == 0) {
            a->help = true;
        } else if (!only_words && strncmp(word, "--", 2) == 0) {
            ok = args_option(&p, word);
        } else if (!only_words && word[0] == '-' && word[1] != '\0') {
            char next[160];
            ok = args_fail(e, args_see(a->command, next),
                           "there is no option %.60s: options begin with two dashes (and \"--\" ends them)",
                           word);
        } else if (args_is_help(&p, word)) {
            a->help = true;
        } else {
            ok = args_word(&p, word);
        }
    }
    return ok && args_complete(&p);
}

void args_free(struct args *a)
{
    free(a->given);
    free(a->rest);
    a->given = NULL;
    a->rest = NULL;
    a->n_rest = 0;
    a->n_given = 0;
}

/* --- what was given --- */

static const struct args_given *args_nth(const struct args *a, const char *name, size_t n)
{
    const struct option *o = args_find(a->command->options, strv_from(name));
    if (o == NULL) {
        fprintf(stderr, "tessera: --%s is not in the table of this command\n", name);
        abort();
    }
    for (size_t i = 0; i < a->n_given; i++) {
        if (a->given[i].option == o && n-- == 0) {
            return &a->given[i];
        }
    }
    return NULL;
}

bool args_flag(const struct args *a, const char *name)
{
    return args_nth(a, name, 0) != NULL;
}

const char *args_text_at(const struct args *a, const char *name, size_t i)
{
    const struct args_given *g = args_nth(a, name, i);
    return g != NULL ? g->text : NULL;
}

const char *args_text(const struct args *a, const char *name)
{
    return args_text_at(a, name, 0);
}

bool args_number(const struct args *a, const char *name, uint64_t *out)
{
    const struct args_given *g = args_nth(a, name, 0);
    if (g != NULL) {
        *out = g->value.number;
    }
    return g != NULL;
}

bool args_duration(const struct args *a, const char *name, usec_t *out)
{
    const struct args_given *g = args_nth(a, name, 0);
    if (g != NULL) {
        *out = g->value.duration;
    }
    return g != NULL;
}

bool args_instant(const struct args *a, const char *name, struct values_instant *out)
{
    const struct args_given *g = args_nth(a, name, 0);
    if (g != NULL) {
        *out = g->value.instant;
    }
    return g != NULL;
}
