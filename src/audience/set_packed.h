/* Inside of audience/: sets made, and read, a container at a time. A packed set is one piece of memory that
 * the library takes for a bitmap as it is (its frozen format): all bitsets, then all runs, then all arrays,
 * keys, counts, kinds and a head. What an evaluation answers is one: a container that is stored as it is
 * wanted becomes part of it by one copy, and the overlap of sets reads it in place. */
#ifndef TESSERA_AUDIENCE_SET_PACKED_H
#define TESSERA_AUDIENCE_SET_PACKED_H

#include "audience/set_bitmap.h"

/* Made container after container, ascending. Zero-initialise; `containers` is about how many there will be.
 */
struct set_packer {
    struct set_packed_zone {
        uint8_t *p;
        size_t n, cap;
    } bits, arrays;
    struct buf keys, counts, kinds;
    uint32_t n, containers;
};
/* The customers container * 65,536 .. as words[0..1024), of which `count` are set; none is fine. False: no
 * memory. */
bool set_packer_words(struct set_packer *p, uint16_t container, const uint64_t *words, size_t count);
/* The same as places, ascending, at most SET_LIST_MOST. */
#define SET_LIST_MOST 4096u
bool set_packer_list(struct set_packer *p, uint16_t container, const list_u16 *list, size_t n);
/* Adds what another one has, of containers the first has not. False: no memory. */
bool set_packer_join(struct set_packer *p, const struct set_packer *other);
/* Ends it in any case. NULL: no memory. */
struct audience_set *set_packer_finish(struct set_packer *p);
void set_packer_free(struct set_packer *p);
struct audience_set *set_packed_copy(const struct audience_set *s); /* of a packed set; NULL: no memory */

/* A set read a container at a time. Zero-initialise. */
struct set_reader {
    uint8_t *own; /* of a set that is not packed: packed for this */
    const uint8_t *bits, *runs, *arrays, *keys, *counts, *kinds;
    uint32_t n, at;
};
bool set_reader_open(struct set_reader *r, const struct audience_set *s); /* False: no memory */
/* The next container and its number; false: over. */
bool set_reader_next(struct set_reader *r, uint32_t *container, struct bitmap_container *c);
/* Container `container`, which must not be below that of the call before; false: the set has none. */
bool set_reader_seek(struct set_reader *r, uint32_t container, struct bitmap_container *c);
/* The same as words[0..1024), all 0 when there is none. */
bool set_reader_words(struct set_reader *r, uint32_t container, uint64_t *words);
void set_reader_close(struct set_reader *r);

#endif
