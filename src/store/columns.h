/* Scalars of customers as columns: for each field, blocks of 4,032 rows (63 words of a bitmap) in packed form
 * (packed.h). 16 octets of header and 4,032 rows of 1, 2, 4 or 8 octets fill 1, 2, 4 or 8 pages of LMDB
 * almost exactly (n pages hold n * 4096 - 16 octets), and all columns share the same boundaries. Row r of
 * block b is the customer b * 4,032 + r. A block that is not there is all unset. Rows of customers that do
 * not exist (any more) are unset, too; who exists is in the bitmap of members.h.
 *
 * Derived from the customers' records, in the same transaction, and can be rebuilt from them. */
#ifndef TESSERA_STORE_COLUMNS_H
#define TESSERA_STORE_COLUMNS_H

#include "base/err.h"
#include "store/catalog.h"
#include "store/env.h"
#include "store/packed.h"

#define COLUMN_ROWS  4032u
#define COLUMN_WORDS (COLUMN_ROWS / 64)

/* False when it is not there (all unset). Torn data: false, and catalog_ok tells. */
bool column_block(struct catalog_txn *t, uint16_t field, uint32_t block, struct packed *out);
int64_t column_get(struct catalog_txn *t, uint16_t field, uint32_t customer);
/* Blocks that are there, ascending from `from`, until fn returns false. */
typedef bool column_fn(void *ctx, uint32_t block, const struct packed *rows);
bool column_each(struct catalog_txn *t, uint16_t field, uint32_t from, column_fn *fn, void *ctx);

/* Block after block of one field, for scans: the next one costs no search. Ends with column_reader_close
 * before the transaction does. */
struct column_reader {
    struct env_cursor cursor;
    struct catalog_txn *txn;
    uint16_t field;
    uint64_t known, at; /* the first block that is there from `known` on is `at`, where the cursor stands */
};
bool column_reader_open(struct column_reader *r, struct catalog_txn *t, uint16_t field);
void column_reader_close(struct column_reader *r);
/* As column_block. */
bool column_reader_block(struct column_reader *r, uint32_t block, struct packed *out);

struct column_change {
    uint32_t customer;
    uint32_t order; /* for the caller's sorting; not looked at */
    int64_t value;  /* PACKED_UNSET clears */
};
/* Applies changes ordered by customer (of equal ones the last wins), each block rewritten once. */
bool column_apply(struct catalog_txn *t, uint16_t field, const struct column_change *changes, size_t n);

/* A block's COLUMN_ROWS rows as values, to be changed and written again in a write transaction. Errors stay
 * in the transaction. */
void column_read(struct catalog_txn *t, uint16_t field, uint32_t block, int64_t *rows);
void column_write(struct catalog_txn *t, uint16_t field, uint32_t block, const int64_t *rows);

/* For building anew, in a write transaction: deletes the blocks [from, to] of a field without looking at
 * them, and goes from field to field (the first one >= *field that has any block). */
bool column_clear(struct catalog_txn *t, uint16_t field, uint32_t from, uint32_t to);
bool column_next_field(struct catalog_txn *t, uint16_t *field);

#endif
