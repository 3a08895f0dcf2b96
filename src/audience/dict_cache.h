/* Texts seen lately and their dictionary codes, so that an import asks the store once for each different
 * text. Bounded: forgets everything when it is full. Must be cleared when the transaction that gave codes did
 * not commit. */
#ifndef TESSERA_AUDIENCE_DICT_CACHE_H
#define TESSERA_AUDIENCE_DICT_CACHE_H

#include "base/buf.h"
#include "base/hmap.h"
#include "store/dict.h"

struct dict_cache {     /* zero-initialise */
    struct hmap places; /* hash -> index of the entry */
    struct dict_cache_entry *entries;
    size_t n, cap;
    struct buf texts;
    struct dict_cache_near *near; /* short texts asked for last; NULL until the first */
    uint64_t clears;              /* how often it forgot everything */
};

void dict_cache_free(struct dict_cache *c);
void dict_cache_clear(struct dict_cache *c);
/* As dict_intern. */
uint32_t dict_cache_intern(struct dict_cache *c, struct catalog_txn *t, uint16_t space, struct strv text,
                           struct err *e);

/* The code as far as the cache knows it; 0: it does not. */
uint32_t dict_cache_find(struct dict_cache *c, uint16_t space, struct strv text);

/* For another cache, of another thread: what one has learned is told to it from time to time, by whoever may
 * look at both. Only of fields with few texts. */
struct dict_cache_mark { /* zero-initialise: how far it was told */
    size_t n;
    uint64_t clears;
};
void dict_cache_tell(const struct dict_cache *c, struct dict_cache_mark *mark, struct dict_cache *to);

#endif
