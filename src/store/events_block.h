/* Inside of the event log: keys, one block of rows in memory, and how it is stored. For events.c and
 * events_append.c. */
#ifndef TESSERA_STORE_EVENTS_BLOCK_H
#define TESSERA_STORE_EVENTS_BLOCK_H

#include "store/events.h"
#include "store/events_lists.h"
#include "store/tables.h"

/* Where a block lies: `part` is customer / EVENTS_CUSTOMERS, `bucket` is day / EVENTS_DAYS, rounded down. */
struct events_place {
    uint16_t type;
    uint32_t part;
    int32_t bucket;
    uint32_t block; /* grows with every block written to the partition */
};
int32_t events_bucket_of(int32_t day);
struct strv events_key(struct env_key *k, uint16_t type, uint32_t part, int32_t bucket, uint32_t block);
bool events_key_read(struct strv key, struct events_place *out);
/* The block where the cursor stands, or stood. False: torn. */
bool events_open(struct catalog_txn *t, struct strv key, struct strv value, struct events_block *b);

/* Rows in plain arrays, ordered by (customer, second, arrival). Zero-initialise; free with events_rows_free.
 */
struct events_rows {
    uint32_t n;
    int64_t *customer, *second;
    size_t n_columns;
    uint64_t coded;                         /* bit i: column i gets lists, when it can have them */
    uint16_t attribute[EVENTS_MAX_COLUMNS]; /* ascending */
    int64_t *column[EVENTS_MAX_COLUMNS];
    int64_t *storage; /* what all the arrays lie in */
};

void events_rows_free(struct events_rows *r);
/* Room for n rows of these attributes; what is in it is not initialised. False: no memory. */
bool events_rows_alloc(struct events_rows *r, uint32_t n, const uint16_t *attributes, size_t n_attributes);
bool events_rows_unpack(struct events_rows *r, const struct events_block *b);
/* Rows of both in order, those of `older` first among equals. False: no memory. */
bool events_rows_merge(struct events_rows *out, const struct events_rows *older,
                       const struct events_rows *newer);
/* Whether a merge would have too many columns. */
bool events_rows_mergeable(const struct events_rows *a, const struct events_rows *b);

/* --- events_lists.c: what of them is stored --- */

#define LISTS_ENTRY 16 /* octets of the directory */

struct events_lists_plan {
    uint32_t codes, cells, n, least, greatest;
};
/* Whether a column gets lists. */
bool events_lists_plan(const int64_t *values, const int64_t *second, uint32_t n,
                       struct events_lists_plan *out);
bool events_lists_put_entry(struct buf *out, uint8_t column, const struct events_lists_plan *p);
bool events_lists_encode(struct buf *out, const struct events_lists_plan *p, const int64_t *values,
                         const int64_t *customer, const int64_t *second, uint32_t n);
/* Checks an entry of the directory; *size is of its lists. */
bool events_lists_skip(const uint8_t *entry, uint32_t rows, size_t n_columns, size_t *size);

/* --- blocks --- */

/* Appends the stored form of rows from..from+n-1; columns without a value are left out. */
bool events_block_encode(struct buf *out, const struct events_rows *r, uint32_t from, uint32_t n);
/* Fills in everything but type and day. False: torn. */
bool events_block_decode(struct events_block *b, const void *octets, size_t n);

#endif
