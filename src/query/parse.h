/* Text to tree: the whole grammar of the segment language, by recursive descent with bounded depth. Needs no
 * schema; what the names mean is decided by check.h. Only `and`, `or` and `not` are reserved, every other
 * keyword is one only where the grammar has it, so that a field may be called "last" or "month". */
#ifndef TESSERA_QUERY_PARSE_H
#define TESSERA_QUERY_PARSE_H

#include "query/error.h"
#include "query/tree.h"

struct query_limits {        /* 0 = the default */
    uint32_t max_length;     /* octets of text; 16384 */
    uint32_t max_depth;      /* parentheses, not, where, functions inside each other; 32, at most 200 */
    uint32_t max_conditions; /* 256 */
};

#define QUERY_DEFAULT_LENGTH     16384
#define QUERY_DEFAULT_DEPTH      32
#define QUERY_DEFAULT_CONDITIONS 256
#define QUERY_DEPTH_CEILING      200 /* bounds the stack whatever the configuration says */

/* The most there can be: for texts that were accepted when they were stored. */
extern const struct query_limits query_limits_most;

/* NULL with *e filled in (e may be NULL) when the text is no query. limits may be NULL. */
struct query *query_parse(struct strv text, const struct query_limits *limits, struct query_error *e);

#endif
