/* Customers: the record is the truth about a customer; the number finds it. Ids are dense from 0 and never
 * reused. Columns and sets are derived from records by audience/. Views, threads and errors: as in
 * catalog.h; instants are wall clock. */
#ifndef TESSERA_STORE_CUSTOMERS_H
#define TESSERA_STORE_CUSTOMERS_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/strv.h"
#include "store/catalog.h"
#include "store/env.h"
#include "store/schema.h"

struct customer_value {
    uint16_t field;
    enum schema_type type;
    int64_t number;        /* NUMBER, DATE, BOOL, PLACE: as in a column */
    struct strv text;      /* TEXT: as written for this customer */
    uint32_t code;         /* TEXT: its dictionary code where that is known; else 0. Not part of the record */
    const uint32_t *codes; /* SET: dictionary codes, ascending, without repeats */
    size_t n_codes;
};

struct customer_record {
    uint64_t msisdn;
    usec_t created, changed;
    uint32_t clock; /* dictionary code under FIELD_CLOCK; 0 = none known */
    struct customer_value
        *values; /* ascending by field; set ones only; built-in ones of this struct are not in it
                  */
    size_t n_values;
};

/* Memory a decoded record lives in; zero-initialise, reuse for record after record, free once. */
struct customer_arena {
    struct customer_value *values;
    size_t cap_values;
    uint32_t *codes;
    size_t cap_codes;
};
void customer_arena_free(struct customer_arena *a);

uint32_t customer_limit(struct catalog_txn *t); /* every id is below */
bool customer_find(struct catalog_txn *t, uint64_t msisdn, uint32_t *id);
/* False: not there, or torn (catalog_ok tells). Texts point into the transaction. */
bool customer_get(struct catalog_txn *t, uint32_t id, struct customer_arena *a, struct customer_record *out);
/* The same with the record copied into `copy` first, so that it outlives writes. */
bool customer_get_copy(struct catalog_txn *t, uint32_t id, struct buf *copy, struct customer_arena *a,
                       struct customer_record *out);
/* Ascending from `from`, until fn returns false. The arena is reused from call to call. */
typedef bool customer_fn(void *ctx, uint32_t id, const struct customer_record *r);
bool customer_each(struct catalog_txn *t, uint32_t from, customer_fn *fn, void *ctx);
/* NULL: unset. */
const struct customer_value *customer_value(const struct customer_record *r, uint16_t field);

/* In a write transaction. A new customer gets the next id; the number must be free. Without `index_number`
 * the caller says customer_put_number itself before it commits (many at once are faster in order of the
 * number). */
bool customer_create(struct catalog_txn *t, const struct customer_record *r, bool index_number, uint32_t *id);
/* The same of values that were encoded before, perhaps on another thread; r's are not looked at, and the
 * number is the caller's. */
bool customer_create_encoded(struct catalog_txn *t, const struct customer_record *r, struct strv values,
                             uint32_t *id);
/* Appends them as a record has them; ascending by field. Pure. False: no memory. */
bool customer_encode_values(struct buf *b, const struct customer_value *values, size_t n);
bool customer_put_number(struct catalog_txn *t, uint64_t msisdn, uint32_t id);
/* Many numbers in ascending order. */
struct customer_number_writer {
    struct catalog_txn *txn;
    struct env_cursor cursor;
    bool append; /* every number so far was above all that are stored */
};
bool customer_numbers_begin(struct customer_number_writer *w, struct catalog_txn *t);
bool customer_numbers_put(struct customer_number_writer *w, uint64_t msisdn, uint32_t id);
void customer_numbers_end(struct customer_number_writer *w);
bool customer_put(struct catalog_txn *t, uint32_t id, const struct customer_record *r);
/* Record and number; the caller clears columns, sets and events. */
bool customer_delete(struct catalog_txn *t, uint32_t id);

/* --- for building the index anew --- */
uint64_t customer_stored(struct catalog_txn *t);         /* how many records there are */
uint64_t customer_numbers(struct catalog_txn *t);        /* how many numbers lead to one */
bool customer_last(struct catalog_txn *t, uint32_t *id); /* the greatest id there is */
/* Deletes, of at most *n numbers from `from` on, those that lead to no customer with that number. *n becomes
 * how many were deleted, *next where to go on; false at the end. */
bool customer_sweep_numbers(struct catalog_txn *t, uint64_t from, size_t *n, uint64_t *next);

#endif
