/* The nearest name to one that is unknown. Pure. */
#ifndef TESSERA_CLI_SUGGEST_H
#define TESSERA_CLI_SUGGEST_H

#include "base/strv.h"

struct suggest {
    struct strv name;
    const char *best; /* NULL while none is near */
    unsigned distance;
};

struct suggest suggest_begin(struct strv name);
void suggest_offer(struct suggest *s, const char *candidate); /* kept by pointer */

#endif
