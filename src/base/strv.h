/* A view of characters owned by somebody else: pointer and length, not NUL-terminated. */
#ifndef TESSERA_BASE_STRV_H
#define TESSERA_BASE_STRV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct strv {
    const char *p; /* may be NULL when n is 0 */
    size_t n;
};

#define STRV(literal) ((struct strv){ (literal), sizeof(literal) - 1 })
#define STRV_FMT      "%.*s" /* with STRV_ARG: printf("[" STRV_FMT "]", STRV_ARG(v)) */
#define STRV_ARG(v)   (int)(v).n, (v).n ? (v).p : ""

struct strv strv_from(const char *s); /* of a NUL-terminated string; NULL gives the empty view */
bool strv_eq(struct strv a, struct strv b);
bool strv_eq_c(struct strv a, const char *b);
/* The same for a password and what somebody says it is: the time it takes does not tell how much fits. */
bool strv_eq_secret(struct strv secret, struct strv said);
bool strv_ieq_c(struct strv a, const char *b); /* ASCII case-insensitive */
int strv_cmp(struct strv a, struct strv b);    /* byte order, as memcmp */
bool strv_starts(struct strv a, struct strv prefix);
struct strv strv_trim(struct strv a);                       /* ASCII white space off both ends */
struct strv strv_sub(struct strv a, size_t from, size_t n); /* clamped to the view */

/* Cuts the next field off `*rest` at `sep`; false when nothing is left. "a,,b" gives a, "", b; "" gives
 * nothing. */
bool strv_next(struct strv *rest, char sep, struct strv *field);

/* Whole view must be a decimal integer without sign (u64) or with an optional sign (i64), no overflow. */
bool strv_to_u64(struct strv a, uint64_t *out);
bool strv_to_i64(struct strv a, int64_t *out);

/* Whether it has nothing but ASCII letters, digits, '-', '_' and '.': what names given by people are made of.
 * The empty view has. */
bool strv_is_name(struct strv a);

/* NUL-terminated copy on the heap; NULL when out of memory. */
char *strv_dup(struct strv a);

/* Copies into dst (size >= 1), cut at size-1, always NUL-terminated; true when it all fitted. */
bool strv_copy(struct strv a, char *dst, size_t size);

/* Damerau-Levenshtein distance of two short names (at most 64 characters each; longer give 99). */
unsigned strv_distance(struct strv a, struct strv b);

#endif
