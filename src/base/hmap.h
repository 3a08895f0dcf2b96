/* uint64 to uint64 in open addressing with linear probing and backward-shift deletion: 16 octets a slot, load
 * at most 3/4. Key 0 is allowed. Not for keys an attacker chooses without hashing them first (they are
 * mixed). */
#ifndef TESSERA_BASE_HMAP_H
#define TESSERA_BASE_HMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hmap {
    struct hmap_slot *slots;
    size_t count, mask; /* mask + 1 slots, or no slots at all */
    bool has_zero;
    uint64_t zero_value;
};

void hmap_free(struct hmap *m);
void hmap_clear(struct hmap *m);
bool hmap_put(struct hmap *m, uint64_t key, uint64_t value); /* inserts or overwrites; false: out of memory */
bool hmap_get(const struct hmap *m, uint64_t key, uint64_t *value); /* value may be NULL */
bool hmap_del(struct hmap *m, uint64_t key);                        /* whether it was there */
size_t hmap_count(const struct hmap *m);
/* Iterates in no order: start with *pos = 0; false at the end. The map must not change meanwhile. */
bool hmap_next(const struct hmap *m, size_t *pos, uint64_t *key, uint64_t *value);

#endif
