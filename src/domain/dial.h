/* How numbers are dialled inside a region: the trunk prefix before a national number and the prefix of an
 * international call. Facts of national numbering plans (ITU-T, regulators); the exceptions are listed, "0"
 * and "00" hold everywhere else. Used by number.c alone. */
#ifndef TESSERA_DOMAIN_DIAL_H
#define TESSERA_DOMAIN_DIAL_H

#include "base/strv.h"

struct dial {
    const char *trunk;         /* alternatives joined by ",", longest first; "" = none is used */
    const char *international; /* the same */
    unsigned longest; /* digits of the longest national number that can begin with the digits of its own
                       * country code: a longer one that begins so was written internationally without "+" */
};

/* `region` such as "GB" or "US-FL" (only the country counts), `code` its calling code. */
struct dial dial_of(struct strv region, unsigned code);

#endif
