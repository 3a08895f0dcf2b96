/* Plain bitmaps: words of 64 bits, 1,024 of them for the 65,536 customers of a Roaring container. Pure. */
#ifndef TESSERA_AUDIENCE_WORDS_H
#define TESSERA_AUDIENCE_WORDS_H

#include <stddef.h>
#include <stdint.h>

#define WORDS_OF_CONTAINER 1024u

uint64_t words_count(const uint64_t *a, size_t n);
uint64_t words_and_count(const uint64_t *a, const uint64_t *b, size_t n);

#endif
