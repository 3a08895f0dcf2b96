/* Every customer's id by number, in memory: for writers with many numbers to find. 12 octets a slot, at most
 * two thirds of them in use. Zero-initialise; not there until directory_build. */
#ifndef TESSERA_AUDIENCE_DIRECTORY_H
#define TESSERA_AUDIENCE_DIRECTORY_H

#include "store/catalog.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct directory {
    struct directory_slot *slots;
    size_t mask, n;
};

void directory_free(struct directory *d);
/* Reads the column of numbers, with room for `more`. False: no memory, or torn (catalog_ok tells); it is not
 * there. */
bool directory_build(struct directory *d, struct catalog_txn *t, size_t more);
static inline bool directory_there(const struct directory *d)
{
    return d->slots != NULL;
}
bool directory_add(struct directory *d, uint64_t msisdn, uint32_t id); /* a number that is not in it */
bool directory_find(const struct directory *d, uint64_t msisdn, uint32_t *id);
/* Says that the number will be asked for soon. */
void directory_prefetch(const struct directory *d, uint64_t msisdn);

#endif
