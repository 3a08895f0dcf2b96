/* Finds the name nearest to one that is unknown. Internal to query/ and the evaluator. */
#ifndef TESSERA_QUERY_SUGGEST_H
#define TESSERA_QUERY_SUGGEST_H

#include "base/strv.h"

struct suggest {
    char name[64]; /* in lower case; "" when too long to compare */
    unsigned best; /* distance a candidate must be below */
    char found[64];
};

void suggest_begin(struct suggest *s, struct strv name);
void suggest_offer(struct suggest *s, struct strv candidate); /* the first of equals stays */
struct strv suggest_found(const struct suggest *s);           /* empty when nothing is near enough */

#endif
