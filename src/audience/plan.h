/* What a condition costs, roughly, and in which order the operands of `and` and `or` are best evaluated:
 * bitmaps first, then columns, then events by the length of their window, and last what must look at
 * everybody. Pure. */
#ifndef TESSERA_AUDIENCE_PLAN_H
#define TESSERA_AUDIENCE_PLAN_H

#include "query/error.h"
#include "query/tree.h"

uint32_t plan_cost(const struct query_node *node);
struct plan_step {
    uint32_t cost, operand; /* the operand's place in the text */
};
/* One step for each operand, the cheapest first; equal ones keep the order of the text. */
void plan_order(const struct query_node *node, struct plan_step *steps);

/* Whether everything in the tree is evaluated by this version; else QUERY_E_UNSUPPORTED with the construct.
 */
bool plan_supported(const struct query *q, struct query_error *e);

#endif
