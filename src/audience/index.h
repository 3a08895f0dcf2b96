/* Keeps columns and sets in step with the customers' records: takes what changed from record to record, and
 * applies it at the end of the transaction in order, each block and container once. */
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
/* Applies and forgets what was gathered. */
bool index_flush(struct index *ix, struct catalog_txn *t, struct err *e);
/* The next field >= *field that has changes gathered; false: none. */
bool index_next_changed(const struct index *ix, uint16_t *field);
void index_discard(struct index *ix);
/* What index_change gathers from now on: for building anew one of the two. */
enum index_part { INDEX_COLUMNS = 1, INDEX_MEMBERS = 2, INDEX_ALL = 3 };
void index_limit(struct index *ix, enum index_part parts);

#endif
