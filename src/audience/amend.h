/* Customers changed one by one, without a file: values set, fields emptied, members put into sets and taken
 * out of them. What an import does with a row (types, transitions, clocks, index, journal) is done by the
 * same code; all requests of a call are one transaction, and durable when it returns true.
 *
 * A request that cannot be done says so in its own `err` and changes nothing; the others are done:
 * ERR_NOT_FOUND: no such customer or field; ERR_INVALID or ERR_LIMIT: a value that the field cannot have;
 * ERR_STATE: a value that may not follow the one there is. */
#ifndef TESSERA_AUDIENCE_AMEND_H
#define TESSERA_AUDIENCE_AMEND_H

#include "audience/import.h"
#include "audience/import_value.h"
#include "store/customers.h"

#define AMEND_MAX_FIELDS 256 /* of one request */

enum amend_what {
    AMEND_UNSET,
    AMEND_VALUE, /* `value`: a text as a cell of an import has it, not empty */
    AMEND_LIST,  /* `value`: the members of a set, each behind IMPORT_MEMBER; may be empty */
    AMEND_EDIT,  /* `remove`, then `add`, each as the members of AMEND_LIST */
};

struct amend_field {
    struct strv name;
    enum amend_what what;
    struct strv value, add, remove;
};

struct amend_request {
    uint64_t msisdn;
    bool create; /* make a customer of a number that is none; else it is refused */
    const struct amend_field *fields;
    size_t n;
    void *ctx; /* for amend_told_fn */
    /* what came of it */
    struct err err;
    bool created, changed;
};

/* A field of which the value is another now, before it is committed; NULL: it had, or has, none. */
typedef void amend_told_fn(void *ctx, struct catalog_txn *t, const struct schema_field *f,
                           const struct customer_value *before, const struct customer_value *after);

struct amend_options {
    usec_t now;
    const struct audience_locator *locator; /* NULL: no clocks, no regions */
    amend_told_fn *told;                    /* NULL: not wanted */
};

/* Writes. False with *e: nothing of any request was stored. */
bool amend_customers(struct audience *a, const struct amend_options *o, struct amend_request *list, size_t n,
                     struct err *e);

#endif
