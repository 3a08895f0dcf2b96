/* One run of `tessera`: what was asked, the daemon it is asked of, how it ended. */
#ifndef TESSERA_CLI_CLI_H
#define TESSERA_CLI_CLI_H

#include "base/buf.h"
#include "cli/args.h"
#include "cli/client.h"
#include "cli/table.h"
#include "cli/term.h"

#include <stdbool.h>

#define CLI_SOCKET "/run/tessera/api.sock"

enum cli_exit {
    CLI_OK = 0,
    CLI_FAILED = 1, /* the daemon refused or failed, or this program did */
    CLI_USAGE = 2,
    CLI_UNREACHABLE = 3,
    CLI_NOT_FOUND = 4,
};

struct cli {
    struct args args;
    struct term term;
    struct client *client;
    const char *socket;
    const char
        *query; /* text to point into when the daemon finds an error at a line and column; NULL: none */
    bool document_begun; /* part of a JSON document is out: nothing else may come between */
    int exit;            /* why it failed: set with `message` */
    struct buf message, next;
};

/* The whole program. */
int cli_main(int argc, char **argv);

/* Notes what went wrong and what to do next ("" = nothing to say); it is printed at the end. Returns `code`.
 */
int cli_fail(struct cli *c, int code, const char *next, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* The same for what could have been seen without asking the daemon. */
int cli_usage(struct cli *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The look of a table on standard output. */
struct table *cli_table(const struct cli *c, unsigned indent);
/* Writes to standard output; CLI_FAILED when that is not possible (disk full). Frees it. */
int cli_print(struct cli *c, struct buf *out);
void cli_put_styled(const struct cli *c, struct buf *out, enum style style, const char *text);

#endif
