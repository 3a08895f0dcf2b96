/* The sessions of imports that are in memory, by id. At most IMPORTS_MAX; the one not used for longest makes
 * room (its progress is in the store, so that it can be begun again). On the loop's thread. */
#ifndef TESSERA_API_IMPORTS_H
#define TESSERA_API_IMPORTS_H

#define IMPORTS_MAX 64

struct imports;

struct imports *imports_new(void); /* NULL: out of memory */
/* Sessions that are being worked on are freed when their call ends. NULL is fine. */
void imports_free(struct imports *s);

#endif
