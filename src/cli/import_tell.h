/* What an import tells: progress while it runs, the lines that were rejected, what came of it. */
#ifndef TESSERA_CLI_IMPORT_TELL_H
#define TESSERA_CLI_IMPORT_TELL_H

#include "base/clock.h"
#include "cli/cli.h"

#include <jansson.h>
#include <stdio.h>

#define IMPORT_SHOWN_REJECTS 20

struct import_tally {
    int64_t rows, accepted, created, updated, unchanged, events, duplicates, rejected, skipped;
};

struct import_tell {
    struct cli *c;
    const char *name;  /* of the file */
    const char *doing; /* "importing", "checking" */
    uint64_t size;     /* 0 = not known */
    usec_t began, drawn;
    uint64_t began_at; /* octet; where an earlier run stopped */
    int64_t began_rows, began_rejected;
    bool line;         /* a progress line stands on the terminal */
    struct buf shown;  /* the first rejects, as text */
    int64_t n_rejects; /* listed by the daemon, of this run */
    json_t *rejects;   /* the first of them, for --json */
    json_t *columns;
    FILE *file; /* of --rejects; NULL: none */
};

void import_tell_begin(struct import_tell *t, struct cli *c, const char *name, const char *doing,
                       uint64_t size);
void import_tell_end(struct import_tell *t);
/* Draws where standard error is a terminal, some ten times a second. `at` is the octet reached. */
void import_tell_progress(struct import_tell *t, uint64_t at, const struct import_tally *n);
void import_tell_clear(struct import_tell *t); /* takes the progress line off again */
/* Takes the rejects of an answer. */
bool import_tell_rejects(struct import_tell *t, const json_t *rejects, struct err *e);
/* Prints the first rejects to standard error. */
void import_tell_show_rejects(struct import_tell *t, int64_t rejected);

void import_tally_add(struct import_tally *n, const json_t *counts);
/* The final summary, for people and as JSON. `took` of this run. */
void import_tally_put(const struct cli *c, struct buf *out, const struct import_tell *t,
                      const struct import_tally *n, bool dry_run, bool events);
json_t *import_tally_json(const struct import_tally *n);
void import_tell_put_columns(const struct import_tell *t, struct buf *out, bool only_new);

#endif
