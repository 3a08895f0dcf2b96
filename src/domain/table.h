/* Reading of this product's data tables: UTF-8, tab separated, LF, first line the names of the columns, no
 * quoting, no comments. Values are views into the text, which lives as long as the table. Errors name file
 * and line. */
#ifndef TESSERA_DOMAIN_TABLE_H
#define TESSERA_DOMAIN_TABLE_H

#include "base/err.h"
#include "base/strv.h"

#include <stdbool.h>
#include <stddef.h>

#define TABLE_MAX_COLUMNS 24
#define TABLE_MAX_BYTES   (64u << 20)

struct table {
    char *text; /* owned */
    size_t size;
    const char *name; /* for errors; owned by the caller until the table is read */
    struct strv rest; /* what was not read yet */
    unsigned line;    /* of the row read last, from 1 */
    unsigned columns; /* each row must have exactly these many */
};

/* Whole file in memory. `columns`: the names in the first line, joined by ",", which must be the file's. */
bool table_load(struct table *t, const char *path, const char *columns, struct err *e);
/* A copy of `text`. */
bool table_from(struct table *t, struct strv text, const char *name, const char *columns, struct err *e);
void table_free(struct table *t);

/* The next row's fields, `columns` of them. False at the end, or with e->code set when the row is broken (set
 * it to ERR_NONE before). Empty lines are skipped. */
bool table_next(struct table *t, struct strv *fields, struct err *e);
/* "file:line: ..." for an error in the row read last. Returns false. */
bool table_error(const struct table *t, struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
