/* Keeps columns and sets in step with the customers' records: takes what changed from record to record, and
 * applies it at the end of the transaction in order, each block and container once. Customers that are new,
 * in order of their ids, are written as blocks and containers become full. */
#ifndef TESSERA_AUDIENCE_INDEX_H
#define TESSERA_AUDIENCE_INDEX_H

#include "audience/dict_cache.h"
#include "base/err.h"
#include "store/customers.h"

struct index;

struct index *index_new(void); /* NULL: out of memory */
void index_free(struct index *ix);

/* Records that customer `id` was `before` (NULL: new) and is `after` (NULL: gone). Texts get their codes from
 * `dict`. */
bool index_change(struct index *ix, struct catalog_txn *t, struct dict_cache *dict, uint32_t id,
                  const struct customer_record *before, const struct customer_record *after, struct err *e);
/* A customer that is new, in parts: first that there is one, then each value it has. False, and nothing done:
 * one with a greater id was new already, or there is no room: index_change takes it. What goes wrong
 * later, index_flush tells. */
bool index_add(struct index *ix, struct catalog_txn *t, uint32_t id, uint64_t msisdn, usec_t created,
               uint32_t clock);
void index_add_text(struct index *ix, struct catalog_txn *t, uint32_t id, uint16_t field, uint32_t code);
void index_add_number(struct index *ix, struct catalog_txn *t, uint32_t id, uint16_t field, int64_t number);
void index_add_set(struct index *ix, uint32_t id, uint16_t field, const uint32_t *codes, size_t n);
/* Applies and forgets what was gathered. */
bool index_flush(struct index *ix, struct catalog_txn *t, struct err *e);
/* The next field >= *field that has changes gathered; false: none. */
bool index_next_changed(const struct index *ix, uint16_t *field);
void index_discard(struct index *ix);
/* What index_change gathers from now on: for building anew one of the two. */
enum index_part { INDEX_COLUMNS = 1, INDEX_MEMBERS = 2, INDEX_ALL = 3 };
void index_limit(struct index *ix, enum index_part parts);

#endif
