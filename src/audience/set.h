/* A set of customers (dense ids): a compressed bitmap. The result of every evaluation and the recipients of
 * every campaign. Operations that can run out of memory return false and leave the target as it was.
 *
 * Owned by whoever made it with audience_set_new or _copy; free with audience_set_free (NULL is fine). Not
 * thread-safe; a set nobody changes may be read from several threads. */
#ifndef TESSERA_AUDIENCE_SET_H
#define TESSERA_AUDIENCE_SET_H

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct audience_set;

struct audience_set *audience_set_new(void); /* empty; NULL: out of memory */
struct audience_set *audience_set_copy(const struct audience_set *s);
void audience_set_free(struct audience_set *s);
bool audience_set_clear(struct audience_set *s);

bool audience_set_add(struct audience_set *s, uint32_t id);
bool audience_set_add_many(struct audience_set *s, const uint32_t *ids, size_t n);
bool audience_set_add_range(struct audience_set *s, uint32_t first, uint64_t end); /* first..end-1 */
bool audience_set_remove(struct audience_set *s, uint32_t id);
bool audience_set_contains(const struct audience_set *s, uint32_t id);
uint64_t audience_set_count(const struct audience_set *s);
bool audience_set_empty(const struct audience_set *s);
bool audience_set_equal(const struct audience_set *a, const struct audience_set *b);
uint64_t audience_set_and_count(const struct audience_set *a, const struct audience_set *b);

/* How many customers each two of the sets have in common: counts[i * n + k], and of each alone counts[i * n +
 * i]. With two threads (else the caller's alone) a second one helps where the sets reach over millions of
 * customers. */
bool audience_sets_overlap(const struct audience_set *const *sets, size_t n, unsigned threads,
                           uint64_t *counts);

/* a = a op b */
bool audience_set_and(struct audience_set *a, const struct audience_set *b);
bool audience_set_or(struct audience_set *a, const struct audience_set *b);
bool audience_set_andnot(struct audience_set *a, const struct audience_set *b);

/* Adds every id whose bit is set: bit i of words[w] is the customer first + 64*w + i. `first` is a multiple
 * of
 * 64. Bits past UINT32_MAX are ignored. */
bool audience_set_add_words(struct audience_set *s, uint32_t first, const uint64_t *words, size_t n);
/* The other way: fills words[0..n) with the members first..first+64n-1. */
void audience_set_words(const struct audience_set *s, uint32_t first, uint64_t *words, size_t n);

/* Up to `max` members not below `from`, ascending; returns how many. */
size_t audience_set_read(const struct audience_set *s, uint32_t from, uint32_t *ids, size_t max);
/* Calls fn for each member ascending, until it returns false. */
void audience_set_each(const struct audience_set *s, bool (*fn)(void *ctx, uint32_t id), void *ctx);

/* Portable Roaring serialisation, appended. */
bool audience_set_serialize(const struct audience_set *s, struct buf *out);
/* NULL with ERR_CORRUPT when the octets are not exactly one valid bitmap (untrusted input is fine). */
struct audience_set *audience_set_deserialize(struct strv octets, struct err *e);

/* Moves the representation to its smallest form; worth it before keeping or serialising. */
void audience_set_compact(struct audience_set *s);

#endif
