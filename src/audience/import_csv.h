/* CSV records with their line numbers, over libcsv. A record that is broken (a stray or unclosed quote, too
 * long) is reported and reading goes on after its first line, so that one bad quote does not swallow the
 * rest. */
#ifndef TESSERA_AUDIENCE_IMPORT_CSV_H
#define TESSERA_AUDIENCE_IMPORT_CSV_H

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"

#define IMPORT_MAX_COLUMNS 512
#define IMPORT_MAX_RECORD  ((size_t)1 << 20)
#define IMPORT_MAX_LINES   100 /* of one record */

struct import_csv_sink {
    void *ctx;
    /* n may be above IMPORT_MAX_COLUMNS; only so many fields are there. Texts live in the octets
     * or in the buffer given to import_csv_read. False stops. */
    bool (*record)(void *ctx, uint64_t line, const struct strv *fields, size_t n);
    /* column: 0-based, of the field in which it broke. */
    void (*broken)(void *ctx, uint64_t line, size_t column, const char *reason);
};

/* Reads the records of `octets`, whose first line is number *line; *line is the one after the last at the
 * end. `texts` is cleared first and holds the fields. */
bool import_csv_read(struct strv octets, char delimiter, struct buf *texts,
                     const struct import_csv_sink *sink, uint64_t *line, struct err *e);
/* The same of at least `most` octets, if there are so many, up to the end of a record; *used of them. */
bool import_csv_read_some(struct strv octets, size_t most, size_t *used, char delimiter, struct buf *texts,
                          const struct import_csv_sink *sink, uint64_t *line, struct err *e);
/* More octets than the records that it reads can have. */
size_t import_csv_room(struct strv octets, size_t most);
/* The delimiter a header line uses: comma, semicolon or tab. */
char import_csv_delimiter(struct strv header);

#endif
