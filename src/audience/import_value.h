/* From the text of a cell to the value a column holds. Pure, but for the callbacks of the import. */
#ifndef TESSERA_AUDIENCE_IMPORT_VALUE_H
#define TESSERA_AUDIENCE_IMPORT_VALUE_H

#include "audience/import.h"

#define IMPORT_MAX_MEMBERS 1000 /* of one set in one cell */
/* A text that begins with it is an array's: its members are separated by it and nothing else. */
#define IMPORT_MEMBER '\x1f'
/* Stands for what no field can hold: an array of objects or arrays. */
#define IMPORT_NESTED '\x1e'

struct import_cell {
    bool set;
    int64_t number;   /* NUMBER, DATE, BOOL, PLACE */
    struct strv text; /* TEXT, SET: the trimmed text */
};

/* Empty texts give an unset cell. False with the reason in *e. */
bool import_value(enum schema_type type, unsigned scale, struct strv text, struct import_cell *out,
                  struct err *e);
bool import_number(const struct audience_import_options *o, struct strv text, struct strv region,
                   uint64_t *msisdn, struct err *e);
bool import_time(const struct audience_import_options *o, struct strv text, usec_t *at, struct err *e);
/* Cuts the next member off a set's text; false at the end. */
bool import_next_member(struct strv *rest, struct strv *member);

/* Guessing a type from examples. */
struct import_guess { /* zero-initialise */
    uint64_t seen;
    bool not_date, not_number, not_bool, set;
    unsigned scale;
};
void import_guess_add(struct import_guess *g, struct strv text);
enum schema_type import_guess_type(const struct import_guess *g, unsigned *scale);

#endif
