/* The regular expressions of `matches` (PCRE2's syntax), bounded whatever the pattern: its length, how deep
 * it nests, how much memory and how many steps one text may take. A text and a pattern are compared in the
 * folded form that all texts are compared in (utf8_fold): literal characters of the pattern are folded,
 * escapes and classes keep their meaning, and case does not count. A pattern is found anywhere; ^ and $ tie
 * it to the ends.
 *
 * Owned by whoever made it; one thread at a time. */
#ifndef TESSERA_QUERY_PATTERN_H
#define TESSERA_QUERY_PATTERN_H

#include "base/strv.h"

#include <stdbool.h>
#include <stddef.h>

#define QUERY_PATTERN_LENGTH 512 /* octets */

struct query_pattern;

/* NULL when it is no pattern; `why` is a sentence for a person. */
struct query_pattern *query_pattern_new(struct strv pattern, char *why, size_t size);
void query_pattern_free(struct query_pattern *p); /* NULL is fine */

enum query_pattern_found {
    QUERY_PATTERN_NO,
    QUERY_PATTERN_YES,
    QUERY_PATTERN_COSTLY, /* could not be told within the bounds: a hundred steps for each octet */
    QUERY_PATTERN_NOMEM,
};
enum query_pattern_found query_pattern_find(struct query_pattern *p, struct strv folded);

#endif
