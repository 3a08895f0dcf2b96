/* Inside of audience/: what a set is made of, and the checked way from octets to a bitmap. */
#ifndef TESSERA_AUDIENCE_SET_BITMAP_H
#define TESSERA_AUDIENCE_SET_BITMAP_H

#include "audience/set.h"

#include <roaring/roaring.h>

struct audience_set {
    roaring_bitmap_t *r;
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
/* ORs a stored container (octets of members.h) into words[0..1024): bit i of the container is bit i % 64 of
 * word i / 64. Stays inside of octets and words whatever is in them. False: not one such container. */
bool bitmap_or_words(struct strv octets, uint64_t *words);
/* words &= container, likewise. */
bool bitmap_and_words(struct strv octets, uint64_t *words);
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

/* A bitmap as octets, to be read a container at a time in ascending order. Zero-initialise. */
struct bitmap_view {
    struct buf octets;
    uint32_t n, at;
    bool runs;
    size_t heads, data;
};
bool bitmap_view_open(struct bitmap_view *v, const roaring_bitmap_t *r); /* False: no memory */
/* As bitmap_words; `container` must not be below that of the call before. */
bool bitmap_view_words(struct bitmap_view *v, uint32_t container, uint64_t *words);
void bitmap_view_free(struct bitmap_view *v);

/* Writes over `out`. False: no memory. */
bool bitmap_to_octets(const roaring_bitmap_t *r, struct buf *out);

#endif
