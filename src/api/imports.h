/* The sessions of imports that are in memory, by id. At most IMPORTS_MAX; the one not used for longest makes
 * room (its progress is in the store, so that it can be begun again). */
#ifndef TESSERA_API_IMPORTS_H
#define TESSERA_API_IMPORTS_H

#define IMPORTS_MAX 64

struct imports;

struct imports *imports_new(void); /* NULL: out of memory */
void imports_free(struct imports *s); /* no call of an import may be under way */

#endif
