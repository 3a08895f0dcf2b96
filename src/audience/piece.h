/* Who is left of 65,536 customers while a tree is evaluated (eval_piece.c): as words, or where they are few
 * as a list of places, which is what a stored container of few is. */
#ifndef TESSERA_AUDIENCE_PIECE_H
#define TESSERA_AUDIENCE_PIECE_H

#include "audience/set_packed.h"
#include "audience/words.h"

#include <string.h>

#define PIECE_WORDS WORDS_OF_CONTAINER
#define PIECE_BITS  (PIECE_WORDS * 64u)

struct piece {
    uint32_t number; /* customers from number * PIECE_BITS */
    enum { PIECE_ALL, PIECE_BITMAP, PIECE_LIST } kind;
    const list_u16 *list; /* ascending; `own`, or octets of the index */
    size_t n;
    uint64_t words[PIECE_WORDS];
    uint16_t own[SET_LIST_MOST + LIST_SLACK];
};

bool piece_any(const struct piece *p);
/* All of the container, or nobody. */
void piece_begin(struct piece *p, uint32_t number, const struct bitmap_container *c);
void piece_clear(struct piece *p);
/* The same as `from`, as words. */
void piece_copy(struct piece *p, const struct piece *from);
/* From now on it is words. */
void piece_to_words(struct piece *p);
/* A list, when they are few enough. */
bool piece_to_list(struct piece *p);
/* Keeps what is in words (outside: what is not). */
void piece_filter(struct piece *p, const uint64_t *words, bool outside);
/* Keeps what is in a stored container. False: that one is torn. */
bool piece_and(struct piece *p, const struct bitmap_container *c);
/* False: no memory. */
bool piece_pack(struct piece *p, struct set_packer *out);

#endif
