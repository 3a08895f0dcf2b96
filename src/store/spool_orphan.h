/* Receipts whose message is not known yet: the receipt overtook the response, or it is for somebody else.
 * Kept in the store under a growing number (so that the oldest are first, for forgetting), found by a table
 * in memory: the hash of (carrier, canonical id) leads to that number. Bounded by number and age. Belongs to
 * the writer. */
#ifndef TESSERA_STORE_SPOOL_ORPHAN_H
#define TESSERA_STORE_SPOOL_ORPHAN_H

#include "base/hmap.h"
#include "store/spool_table.h"

#include <stddef.h>

#define SPOOL_ORPHANS_MAX 100000 /* the oldest make room */

struct spool_orphan {
    uint64_t key;
    int64_t kept_at, at;
    uint32_t error;
    uint16_t carrier;
    uint8_t state, n_id; /* the id as the receipt wrote it, in canonical form, follows */
    char id[64];
    uint64_t to, other; /* the receipt's numbers; 0 = not known. Not in the store of an earlier version */
    uint8_t stage, spare[7];
};
#define SPOOL_ORPHAN_SHORT offsetof(struct spool_orphan, to) /* as an earlier version wrote it */
struct spool_orphans {
    struct hmap index; /* key -> seq */
    uint64_t last;
    size_t count;
};

void spool_orphan_free(struct spool_orphans *o);
bool spool_orphan_load(struct spool_orphans *o, struct env_txn *t);
/* A final state replaces an intermediate one of the same id; anything else that is repeated is dropped. */
void spool_orphan_put(struct spool_orphans *o, struct env_txn *t, const struct spool_orphan *one);
/* Copies it out; false when there is none. */
bool spool_orphan_get(struct spool_orphans *o, struct env_txn *t, uint64_t key, struct spool_orphan *out);
void spool_orphan_del(struct spool_orphans *o, struct env_txn *t, uint64_t key);
bool spool_orphan_read(struct strv value, struct spool_orphan *out);
/* Forgets what was kept before `limit`, at most a slice of it; whether there is more. */
bool spool_orphan_purge(struct spool_orphans *o, struct env_txn *t, usec_t limit);

#endif
