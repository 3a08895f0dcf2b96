/* Inside of index.c: what customers that are new have. Their ids ascend, so that each block of a column and
 * each container of a set is filled once, while it is in the caches, and written when it is full; index_flush
 * writes those that are not.
 *
 * Ids may be left out, and blocks that are stored already are added to. What a customer has is said once. */
#ifndef TESSERA_AUDIENCE_INDEX_FRESH_H
#define TESSERA_AUDIENCE_INDEX_FRESH_H

#include "base/buf.h"
#include "store/columns.h"

#define INDEX_FIELDS 8192u /* above every id of schema.h */

struct index_fresh {
    struct fresh_field *fields[INDEX_FIELDS];
    uint16_t *used; /* the fields that are there, in no order */
    size_t n_used, cap_used;
    uint64_t next;  /* ids from here on may be said; 0: all */
    uint32_t block; /* of which the columns are, and of which container the sets */
    uint16_t container;
    bool blocks, containers; /* there is something in them */
    bool failed;             /* no memory, or a set that is stored is torn */
    struct buf octets;
    uint32_t *starts; /* for dealing members out by code */
    size_t cap_starts;
};

void fresh_free(struct index_fresh *x);
void fresh_discard(struct index_fresh *x);
/* The customer that is spoken of; writes what is full. False: it is below one that was, and not taken. */
bool fresh_customer(struct index_fresh *x, struct catalog_txn *t, uint32_t id);
void fresh_value(struct index_fresh *x, struct catalog_txn *t, uint16_t field, uint32_t id, int64_t value);
void fresh_member(struct index_fresh *x, uint16_t field, uint32_t id, uint32_t code);
/* Writes the rest. False: no memory or torn; errors of the transaction stay there. */
bool fresh_flush(struct index_fresh *x, struct catalog_txn *t);
/* The next field >= *field that anything was said of since the last flush; false: none. */
bool fresh_next_changed(const struct index_fresh *x, uint16_t *field);

#endif
