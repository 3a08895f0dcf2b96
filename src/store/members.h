/* Sets of customers by (field, code): one container of 65,536 customers a key, its octets a portable Roaring
 * bitmap with that one container. Opaque here: audience/ reads and writes the octets. (0, 0) is the set of
 * customers that exist. Views, threads and errors: as in catalog.h. */
#ifndef TESSERA_STORE_MEMBERS_H
#define TESSERA_STORE_MEMBERS_H

#include "base/err.h"
#include "base/strv.h"
#include "store/catalog.h"

enum { MEMBERS_EXIST = 0 }; /* code under field 0 */

/* Of a text field the customers of the first so many texts are sets as well, beside the column: countries,
 * tiers, stages have few texts, and are asked for often. */
#define MEMBERS_TEXTS 255u

bool members_get(struct catalog_txn *t, uint16_t field, uint32_t code, uint16_t container, struct strv *out);
/* Containers of one set ascending, until fn returns false. */
typedef bool members_fn(void *ctx, uint32_t code, uint16_t container, struct strv octets);
void members_each(struct catalog_txn *t, uint16_t field, uint32_t code, members_fn *fn, void *ctx);
/* Containers of all sets of the field, by code, then container. */
void members_each_code(struct catalog_txn *t, uint16_t field, members_fn *fn, void *ctx);
/* Empty octets delete. */
bool members_put(struct catalog_txn *t, uint16_t field, uint32_t code, uint16_t container,
                 struct strv octets);

/* For building anew, in a write transaction: deletes this container of every set, or (above) all containers
 * from it on. */
bool members_clear(struct catalog_txn *t, uint16_t container, bool above);
/* Deletes every set of a field, at most `max` containers; false when there may be more. */
bool members_clear_field(struct catalog_txn *t, uint16_t field, size_t max);

#endif
