/* Tree to canonical text: keywords in lower case, one space, parentheses around every `and` inside `or` and
 * around what `not` negates, so that a person sees how a mixed query was read. Parsing the result gives an
 * equal tree. */
#ifndef TESSERA_QUERY_PRINT_H
#define TESSERA_QUERY_PRINT_H

#include "base/buf.h"
#include "query/tree.h"

bool query_print(const struct query *q, struct buf *out); /* appends; false: out of memory or limit of buf */
bool query_print_node(const struct query_node *node, struct buf *out);

#endif
