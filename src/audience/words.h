/* Plain bitmaps: words of 64 bits, 1,024 of them for the 65,536 customers of a Roaring container; and lists:
 * the places of the bits that are set, ascending, for where they are few. Pure. */
#ifndef TESSERA_AUDIENCE_WORDS_H
#define TESSERA_AUDIENCE_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WORDS_OF_CONTAINER 1024u
#define LIST_SLACK         32u /* so many places past the end of a list that is made may be written */

typedef uint16_t list_u16 __attribute__((aligned(1), may_alias)); /* of stored octets, too */

uint64_t words_count(const uint64_t *a, size_t n);
uint64_t words_and_count(const uint64_t *a, const uint64_t *b, size_t n);
/* How many each of the n bitmaps has in common with `a`, added to counts[0..n). */
void words_and_counts(const uint64_t *a, const uint64_t *const *others, size_t n, uint64_t *counts);

/* The places of words[0..1024), which must be few enough for `list` (and LIST_SLACK more); returns how many.
 */
size_t words_list(const uint64_t *words, uint16_t *list);
/* The same as first + place, at most `room`, which is written exactly. */
size_t words_ids(const uint64_t *words, uint32_t first, uint32_t *ids, size_t room);
/* Sets the bits of a list. */
void words_set_list(uint64_t *words, const list_u16 *list, size_t n);
/* Of the list what is in words, or (outside) what is not; out may be the list. LIST_SLACK is not needed. */
size_t list_filter_words(const list_u16 *list, size_t n, const uint64_t *words, bool outside, uint16_t *out);
/* Whether each place is above the one before. */
bool list_ascends(const list_u16 *list, size_t n);

#endif
