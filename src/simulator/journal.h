/* The audit file: one line an event, columns by TAB. Lines gather and are written together with
 * journal_flush(), once a turn of the loop; what stands in a field is escaped (\t \n \r \\). */
#ifndef TESSERA_SIMULATOR_JOURNAL_H
#define TESSERA_SIMULATOR_JOURNAL_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/strv.h"

#include <stdbool.h>
#include <stdint.h>

struct journal {
    int fd; /* -1: nothing is kept */
    bool failed;
    struct buf lines;
};

/* Empty members are written "-". */
struct journal_line {
    usec_t at;         /* wall clock */
    const char *event; /* bind, submit, receipt, receipt-ack, inbound, inbound-ack, query, close, ... */
    struct strv account, message_id, from, to;
    const char *status; /* name of a command_status, or of a state, or a reason */
    struct strv part;   /* "ref/seq/total" */
    struct strv text;   /* UTF-8 */
};

/* path NULL: none. Appends to a file that is there. */
bool journal_open(struct journal *j, const char *path, struct err *err);
void journal_close(struct journal *j);
bool journal_on(const struct journal *j);
void journal_put(struct journal *j, const struct journal_line *line);
bool journal_flush(struct journal *j); /* false from the first failed write on: the file is then given up */

#endif
