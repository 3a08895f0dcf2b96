/* The command line against the tables of commands and options: finds the command, checks and converts what
 * was given. Pure but for the zone of the process. Texts are views into argv, which must live as long. */
#ifndef TESSERA_CLI_ARGS_H
#define TESSERA_CLI_ARGS_H

#include "cli/values.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cli;

enum option_type {
    OPTION_FLAG,
    OPTION_TEXT,     /* UTF-8, not empty */
    OPTION_PATH,     /* any octets, not empty */
    OPTION_CHOICE,   /* one of `choices` */
    OPTION_COUNT,    /* a whole number from min to max */
    OPTION_SIZE,     /* octets, from min to max */
    OPTION_DURATION, /* at least a second */
    OPTION_INSTANT,
};

struct option {
    const char *name; /* without "--"; NULL ends a table */
    enum option_type type;
    const char *value; /* what the help calls it */
    const char *help;
    bool required, repeats; /* repeats: may be given several times, else once */
    uint64_t min, max;
    const char *choices; /* separated by '|' */
};

/* A row of a table: name, type, value, help, and what else by name. */
#define OPT(n, t, v, h, ...)                                                                                 \
    {                                                                                                        \
        .name = n, .type = t, .value = v, .help = h, ##__VA_ARGS__                                           \
    }

struct command {
    const char *noun, *verb; /* verb NULL: the noun is the command; noun NULL ends the table */
    const char *words; /* arguments, separated by a space; "[X]" may be left out, FILE is any octets; the
                        * last may be "[X]...": as many as there are */
    const char *help;  /* one line */
    const struct option *options; /* NULL: none of its own */
    const char *more;             /* what else the help says; NULL: nothing */
    int (*run)(struct cli *c);    /* the exit status */
};

#define ARGS_MAX_WORDS   4
#define ARGS_MAX_OPTIONS 20 /* of one command */

struct args {
    const struct command *command; /* NULL: only help or version were asked for */
    const char *noun;              /* of the help asked for, when there is no command */
    const char *words[ARGS_MAX_WORDS];
    size_t n_words;
    const char **rest; /* what "[X]..." stands for */
    size_t n_rest;
    bool json, help, version;
    const char *socket; /* NULL: not given */
    struct args_given *given;
    size_t n_given;
};

/* What is wrong, and what to do about it. */
struct args_error {
    struct err err;
    char next[200];
};

extern const struct option args_globals[];

/* False with *e: usage. Free in either case. */
bool args_parse(const struct command *commands, int argc, char **argv, struct args *a, struct args_error *e);
void args_free(struct args *a);

/* Of the command's options: asking for one that is not in its table is a bug and aborts. */
bool args_flag(const struct args *a, const char *name);
const char *args_text(const struct args *a, const char *name);              /* NULL: not given */
const char *args_text_at(const struct args *a, const char *name, size_t i); /* i-th time; NULL: no more */
bool args_number(const struct args *a, const char *name, uint64_t *out);    /* COUNT and SIZE */
bool args_duration(const struct args *a, const char *name, usec_t *out);
bool args_instant(const struct args *a, const char *name, struct values_instant *out);

#endif
