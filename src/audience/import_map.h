/* What the columns of a file mean: the header and the mapping made into one target a column. */
#ifndef TESSERA_AUDIENCE_IMPORT_MAP_H
#define TESSERA_AUDIENCE_IMPORT_MAP_H

#include "audience/import_csv.h"
#include "audience/import_value.h"

/* IMPORT_LOCALE: a country code for the row's numbers. IMPORT_ONLY: decides whether the row counts. */
enum import_target {
    IMPORT_LEAVE_OUT,
    IMPORT_MSISDN,
    IMPORT_TIME,
    IMPORT_ID,
    IMPORT_FIELD,
    IMPORT_LOCALE,
    IMPORT_ONLY
};

struct import_column {
    char header[128];               /* as in the file, cut */
    char name[SCHEMA_MAX_NAME + 1]; /* of the target */
    enum import_target target;
    enum schema_type type; /* SCHEMA_NONE: to be guessed */
    unsigned scale;
    uint16_t id;   /* of the field or attribute; 0: to be declared */
    bool declared; /* by this import */
    bool in_id;    /* a part of the id as well */
    bool unit;     /* an amount of one: times the row's quantity */
    bool need;     /* a row without a value, or with 0, does not count */
    unsigned
        rank; /* by which columns are looked at: of two for one place the lower counts; 0: not by a preset */
    struct strv only; /* IMPORT_ONLY: what counts, separated by '|'; a view into the preset */
    size_t cell;      /* IMPORT_FIELD: its place among the row's cells */
    bool shared;      /* an earlier column has the same cell */
};

struct import_map {
    struct import_column *columns;
    size_t n;
    size_t n_cells;
    uint16_t order[IMPORT_MAX_COLUMNS]; /* in which columns are looked at */
    size_t quantity;                    /* place + 1 of the cell of "quantity"; 0: there is none */
    size_t guesses;                     /* columns whose type is still to be guessed */
};

/* The options' kind, event, mapping and ignore_unknown decide. False with what is wrong with header or
 * mapping. */
bool import_map_make(struct import_map *m, const struct audience_import_options *o,
                     const struct schema *schema, const struct strv *header, size_t n, struct err *e);
void import_map_free(struct import_map *m);
/* Whether a customer's field may be given a value from outside. */
bool import_map_settable(const struct schema_field *f);
/* Gives the types still missing from examples of the records, one guess a column; `wait`: not to those of
 * which no example was seen. */
void import_map_guess(struct import_map *m, const struct import_guess *guesses, bool wait);
/* Declares what is new; `event` is the type of the events. The ids become known. */
bool import_map_declare(struct import_map *m, struct catalog_txn *t, uint16_t event,
                        const struct audience_import_options *o, struct err *e);

#endif
