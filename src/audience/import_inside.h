/* Inside of an import: the rows of one chunk, and the steps they go through: read (import_rows), then applied
 * to customers (import_customers) or to the event log (import_events). */
#ifndef TESSERA_AUDIENCE_IMPORT_INSIDE_H
#define TESSERA_AUDIENCE_IMPORT_INSIDE_H

#include "audience/audience_inside.h"
#include "audience/import.h"
#include "audience/import_map.h"
#include "audience/stages.h"

#define IMPORT_AHEAD 12 /* rows further on whose customer is on the way from memory */

struct import_row {
    uint64_t line;
    uint64_t msisdn;
    usec_t at;                 /* events */
    struct strv id;            /* events; "" = none */
    uint32_t customer;         /* events, once known */
    bool skip;                 /* events: refused or a repeat */
    bool ready;                /* customers: the following are there, and all texts' codes */
    uint32_t record, n_record; /* where in `records` the values are as a record has them */
    uint32_t clock, region;    /* codes of what the number gives; 0: nothing, or the row says it itself */
};

/* Events on their way into the log, in columns: of the map's fields in their order. */
struct import_log {
    size_t n, cap, n_columns;
    uint32_t *customer;
    usec_t *at;
    uint16_t *attribute;
    int64_t **values;
    uint64_t texts; /* bit i: column i is of codes */
};

struct audience_import {
    struct audience *audience;
    struct audience_import_options o; /* texts are own copies */
    struct audience_writer writer;    /* not when validating */
    struct import_map map;
    uint64_t schema_moves;    /* the audience's, when the map was made */
    struct buf header;        /* CSV: as in the file; NDJSON: the names so far; empty until the first chunk */
    struct buf header_before; /* NDJSON: as it was before this chunk */
    int staged;               /* atomic: the pieces so far; -1: none */
    uint32_t *pieces;         /* their lengths */
    size_t n_pieces, cap_pieces;
    struct buf ids; /* joined ids of the chunk's rows */
    char delimiter;
    uint16_t event; /* id of the events' type; 0 until declared */

    struct audience_import_progress done; /* committed */
    struct audience_import_progress next; /* with the chunk that is being done */
    struct audience_reject *rejects;
    size_t n_rejects, cap_rejects;

    /* the chunk's rows; row i has the cells [i * map.n_cells, (i + 1) * map.n_cells) */
    struct buf texts;
    struct import_row *rows;
    size_t n_rows, cap_rows;
    struct import_cell *cells;
    size_t cap_cells;
    uint32_t *members; /* codes of sets, see import_cell_codes */
    size_t n_members, cap_members;
    struct buf records;
    bool nomem;

    struct import_ahead *ahead; /* NULL until a chunk is large */
    struct strv soon;           /* the chunk after this one; "" = not known */

    /* how rows are made ready */
    struct dict_cache *known; /* of the thread that reads; NULL: rows are not */
    const struct audience_locator *locator;
    bool planned;                      /* every field has its id: */
    uint16_t plan[IMPORT_MAX_COLUMNS]; /* the columns that are fields, ascending by id */
    size_t n_plan;

    struct import_log log;        /* events; of customers the changes of fields with transitions */
    struct stages stages;         /* customers: as of this chunk */
    struct schema *stages_schema; /* NULL when no field has transitions */

    /* of the customer at hand */
    struct customer_arena arena;
    struct buf copy;
    struct customer_value *values;
    size_t cap_values;
    uint32_t *codes;
    size_t n_codes, cap_codes;
};

void import_reject(struct audience_import *im, uint64_t line, const char *column, struct strv value,
                   const char *reason);
/* Reads the records of a chunk, header left out, into rows; *line is the first one's number. */
bool import_rows_read(struct audience_import *im, struct strv octets, uint64_t *line, struct err *e);
/* The same of at least `most` octets, if there are so many, up to the end of a record; *used of them. */
bool import_rows_read_some(struct audience_import *im, struct strv octets, size_t most, size_t *used,
                           uint64_t *line, struct err *e);
void import_rows_free(struct audience_import *im); /* what reading has grown */
/* Guesses the types that are missing from the first records. */
bool import_rows_guess(struct audience_import *im, struct strv octets, struct err *e);
/* NDJSON: takes the names of a chunk up into im->header and makes the map of them; then the rows, as above.
 */
bool import_rows_names(struct audience_import *im, struct catalog_txn *t, struct strv octets, struct err *e);
bool import_rows_read_json(struct audience_import *im, struct strv octets, uint64_t *line, struct err *e);
/* Before the rows of a chunk: none yet, and room for the ids in so many octets. */
bool import_rows_begin(struct audience_import *im, size_t octets);
/* One record's fields, as the columns of the map. */
bool import_rows_record(void *im, uint64_t line, const struct strv *fields, size_t n);

/* import_ready.c: which columns are fields, before rows are read; then the codes of each row's texts, where
 * they are known: of a text the cell's number is its code (0: not known), of a set (only when the row is
 * ready) it leads to the codes. */
void import_plan_make(struct audience_import *im);
void import_row_ready(struct audience_import *im, struct import_row *row, struct import_cell *cells);
const uint32_t *import_cell_codes(const struct audience_import *im, const struct import_cell *cell,
                                  size_t *n);
/* Ascending, each once; how many are left. */
size_t import_codes_sort(uint32_t *codes, size_t n);

/* In the writer's open transaction: the rows that were read. Events are gathered, and stored at the end of
 * the chunk. */
typedef bool import_apply_fn(struct audience_import *im, struct err *e);
bool import_customers_apply(struct audience_import *im, struct err *e);
/* One of them; import_stages_begin came before, import_stages_store comes after the last. A column without a
 * type whose cell is set takes the field's value away. */
bool import_customers_row(struct audience_import *im, size_t row, struct err *e);
bool import_events_apply(struct audience_import *im, struct err *e);
bool import_events_store(struct audience_import *im, struct err *e);
/* Writes the rows that im->log holds as events of one type. */
bool import_log_append(struct audience_import *im, uint16_t type, struct err *e);
void import_log_free(struct import_log *log);
/* Room for n more rows of so many columns, which may be others in every chunk. */
bool import_log_reserve(struct import_log *log, size_t columns, size_t n);
/* Fields with transitions: read once a batch; then each row is refused (false; the reason is in the rejects)
 * or its changes are noted, and stored as events with the batch. `before` NULL: a new customer. */
bool import_stages_begin(struct audience_import *im, struct catalog_txn *t, struct err *e);
bool import_stages_allow(struct audience_import *im, size_t row, const struct customer_record *before);
bool import_stages_note(struct audience_import *im, size_t row, const struct customer_record *before,
                        uint32_t customer, struct err *e);
bool import_stages_store(struct audience_import *im, struct err *e);
/* import_ahead.c: reads on another thread, and applies, a chunk without its header; begins with the one that
 * was said to come soon. */
bool import_is_large(const struct audience_import *im, struct strv octets);
bool import_ahead(struct audience_import *im, struct strv octets, import_apply_fn *apply, struct err *e);
/* What was read and not applied is forgotten, and the thread is gone. */
void import_ahead_drop(struct audience_import *im);
void import_ahead_free(struct audience_import *im);
/* The reader's refusals become the import's. */
void import_rejects_take(struct audience_import *im, struct audience_import *reader);
/* A rehearsal of the latter: refuses rows of unknown customers. */
bool import_customers_check(struct audience_import *im, struct catalog_txn *t, struct err *e);
/* Its number is no customer's, and must be. */
void import_refuse_unknown(struct audience_import *im, struct import_row *row);
bool import_events_check(struct audience_import *im, struct catalog_txn *t, struct err *e);

#endif
