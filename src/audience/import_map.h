/* What the columns of a file mean: the header and the mapping made into one target a column. */
#ifndef TESSERA_AUDIENCE_IMPORT_MAP_H
#define TESSERA_AUDIENCE_IMPORT_MAP_H

#include "audience/import_csv.h"
#include "audience/import_value.h"

enum import_target { IMPORT_LEAVE_OUT, IMPORT_MSISDN, IMPORT_TIME, IMPORT_ID, IMPORT_FIELD };

struct import_column {
    char header[64];                /* as in the file, cut */
    char name[SCHEMA_MAX_NAME + 1]; /* of the target */
    enum import_target target;
    enum schema_type type; /* SCHEMA_NONE: to be guessed */
    unsigned scale;
    uint16_t id;   /* of the field or attribute; 0: to be declared */
    bool declared; /* by this import */
    size_t cell;   /* IMPORT_FIELD: its place among the row's cells */
};

struct import_map {
    struct import_column *columns;
    size_t n;
    size_t n_cells;
    size_t guesses; /* columns whose type is still to be guessed */
};

/* The options' kind, event, mapping and ignore_unknown decide. False with what is wrong with header or
 * mapping. */
bool import_map_make(struct import_map *m, const struct audience_import_options *o,
                     const struct schema *schema, const struct strv *header, size_t n, struct err *e);
void import_map_free(struct import_map *m);
/* Gives the types still missing from examples of the records, one guess a column. */
void import_map_guess(struct import_map *m, const struct import_guess *guesses);
/* Declares what is new; `event` is the type of the events. The ids become known. */
bool import_map_declare(struct import_map *m, struct catalog_txn *t, uint16_t event,
                        const struct audience_import_options *o, struct err *e);

#endif
