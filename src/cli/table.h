/* Tables for people: columns aligned by display width, numbers to the right, two spaces between, no lines.
 * The last column is cut where the terminal ends. Rows may come in pages: widths only grow, the header comes
 * once. */
#ifndef TESSERA_CLI_TABLE_H
#define TESSERA_CLI_TABLE_H

#include "cli/term.h"

#include <stdint.h>

#define TABLE_MAX_COLUMNS 16

enum table_align { TABLE_LEFT, TABLE_RIGHT };

struct table_look {
    unsigned width;  /* of the terminal; 0 = no limit */
    unsigned indent; /* spaces before each row */
    bool colour, unicode;
};

struct table;

struct table *table_new(const struct table_look *look); /* NULL: out of memory; the rest does nothing then */
void table_free(struct table *t);
/* All columns before the first cell. Titles are kept by pointer; when all are "" there is no header. */
void table_column(struct table *t, const char *title, enum table_align align);
/* Cells left to right; a row is full with its last one. Text of others is made harmless. */
void table_text(struct table *t, const char *text);
void table_strv(struct table *t, struct strv text, enum style style);
void table_styled(struct table *t, const char *text, enum style style);
void table_count(struct table *t, int64_t n); /* 12,345; 0 is faint */
/* As it is, without a look at what is in it: bars. */
void table_raw(struct table *t, struct strv text, enum style style);
size_t table_rows(const struct table *t);
/* Appends what was gathered since the last time, and forgets it. */
void table_put(struct table *t, struct buf *out);

#endif
