/* Inside of audience/: what a set is made of, and the checked way from octets to a bitmap. */
#ifndef TESSERA_AUDIENCE_SET_BITMAP_H
#define TESSERA_AUDIENCE_SET_BITMAP_H

#include "audience/set.h"
#include "audience/words.h"

#include <roaring/roaring.h>

struct audience_set {
    roaring_bitmap_t *r;
    uint8_t *packed; /* what r stands in (set_packed.h), or NULL; r then is only read */
    size_t packed_n;
};

/* The library's does not take NULL. */
static inline void bitmap_free(roaring_bitmap_t *r)
{
    if (r) {
        roaring_bitmap_free(r);
    }
}

/* Whether the octets are exactly one well-formed portable Roaring bitmap: sizes, order and counts of every
 * container. The library itself only keeps inside the octets. */
bool bitmap_valid(struct strv octets);
/* NULL: not valid, or no memory. */
roaring_bitmap_t *bitmap_from_octets(struct strv octets);
/* Adds a container of members.h (a bitmap of one container) to `into`. False: torn or no memory. */
bool bitmap_add_octets(roaring_bitmap_t *into, struct strv octets);
/* The members container * 65,536 .. + 65,535 as words[0..1024). False: there are none, and words are all 0.
 */
bool bitmap_words(const roaring_bitmap_t *r, uint32_t container, uint64_t *words);
/* The one container of the octets of members.h, or of a packed set, in place. */
struct bitmap_container {
    enum { CONTAINER_ARRAY, CONTAINER_BITSET, CONTAINER_RUNS } kind;
    uint32_t n; /* values, or runs */
    const uint8_t *p;
};
/* False: not one such container. Its octets are there, but whatever they are: places may not ascend, counts
 * may be wrong. What follows stays inside of octets and words all the same. */
bool bitmap_container_open(struct strv octets, struct bitmap_container *c);
/* ORs it into words[0..1024): bit i of the container is bit i % 64 of word i / 64. */
void bitmap_container_or(const struct bitmap_container *c, uint64_t *words);
/* words = container */
void bitmap_container_words(const struct bitmap_container *c, uint64_t *words);
bool bitmap_or_words(struct strv octets, uint64_t *words); /* bitmap_container_open and _or */

/* A bitmap made container after container, ascending. Zero-initialise. */
struct bitmap_builder {
    struct buf heads, data;
    uint32_t n;
};
/* The customers container * 65,536 .. as words[0..1024); none is fine. False: no memory. */
bool bitmap_builder_add(struct bitmap_builder *b, uint16_t container, const uint64_t *words);
/* Ends it in any case. NULL: no memory. */
roaring_bitmap_t *bitmap_builder_finish(struct bitmap_builder *b);
void bitmap_builder_free(struct bitmap_builder *b);

/* Writes over `out`. False: no memory. */
bool bitmap_to_octets(const roaring_bitmap_t *r, struct buf *out);

#endif
