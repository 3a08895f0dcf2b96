/* The name nearest to one that is unknown, for "did you mean": begin with what was written, offer each name
 * there is, ask what was found. A third of the letters may be wrong, three at most; case does not count; what
 * is only unfinished ("camp") is near, too. Pure; the names offered are not kept. */
#ifndef TESSERA_BASE_NEAREST_H
#define TESSERA_BASE_NEAREST_H

#include "base/err.h"
#include "base/strv.h"

struct nearest {
    char name[65]; /* in lower case; "" when too long to compare */
    unsigned best; /* distance a candidate must be below */
    char found[65];
};

void nearest_begin(struct nearest *n, struct strv name);
/* True: it is the nearest so far. The first of equals stays. */
bool nearest_offer(struct nearest *n, struct strv candidate);
struct strv nearest_found(const struct nearest *n); /* empty when nothing is near enough */

/* How an unknown name is refused, everywhere: ERR_NOT_FOUND, `there is no carrier "acem"; did you mean
 * "acme"? "tessera carrier list" shows what there is`. `command` may be NULL: nothing lists them. Returns
 * false. */
bool nearest_refuse(const struct nearest *n, const char *what, struct strv name, const char *command,
                    struct err *e);

#endif
