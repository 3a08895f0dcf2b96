/* Cuts a CSV file into pieces that end where a record ends. Pure and without memory of what was before: every
 * piece begins at the beginning of a record.
 *
 * In a well-formed file a newline ends a record exactly if the number of quotes before it is even. In one
 * that is not, a stray quote must not turn the rest of the file inside out, so that a record that breaks RFC
 * 4180 (a quote in the middle of an unquoted field, text after a closing quote), has more than 100 lines or
 * more than 1 MiB ends with its first line: the daemon reads it in the same way, and refuses just that line.
 */
#ifndef TESSERA_CLI_SPLIT_H
#define TESSERA_CLI_SPLIT_H

#include "base/strv.h"

#include <stdbool.h>
#include <stddef.h>

#define SPLIT_MAX_PIECE  ((size_t)4 << 20)
#define SPLIT_MAX_RECORD ((size_t)1 << 20)
#define SPLIT_MAX_LINES  100

struct split {
    char delimiter;
    bool lines;         /* NDJSON: every line is a record, and there is no header */
    size_t target;      /* octets of a piece, unless its first record is longer */
    size_t max_records; /* 0 = any number */
};

/* Octets of the header with its newline, byte order mark included; 0: it is not complete. */
size_t split_header(struct strv octets, bool at_end);
/* What the header separates its columns with: comma, semicolon or tab. */
char split_delimiter(struct strv header);
/* Octets of the next record of CSV, or of as much of it as the daemon takes for one; 0: more octets are
 * needed. */
size_t split_record(struct strv octets, char delimiter, bool at_end);
/* Octets of the next piece; 0: more octets are needed, or there are none. `header` (may be 0) octets at the
 * front are the header, which the piece includes. */
size_t split_piece(const struct split *s, struct strv octets, size_t header, bool at_end);

#endif
