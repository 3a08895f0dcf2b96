/* Prefix -> carrier, the longest prefix decides, else the default carrier: what the carriers' own `prefixes`
 * say. Immutable between additions. */
#ifndef TESSERA_DOMAIN_PREFIXES_H
#define TESSERA_DOMAIN_PREFIXES_H

#include "base/err.h"
#include "base/strv.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PREFIXES_NONE (-1)
#define PREFIXES_MAX  10000

struct prefixes;

struct prefixes *prefixes_new(void);
void prefixes_free(struct prefixes *r);
/* Digits of an international number, 1 to 15, "+" allowed. */
bool prefixes_parse(struct strv text, uint64_t *value, unsigned *digits, struct err *e);
/* ERR_EXISTS: the prefix has a carrier already. */
bool prefixes_add(struct prefixes *r, struct strv prefix, uint16_t carrier, struct err *e);
void prefixes_set_default(struct prefixes *r, int carrier); /* PREFIXES_NONE: no default */
size_t prefixes_count(const struct prefixes *r);
/* The carrier's index, or PREFIXES_NONE. */
int prefixes_find(const struct prefixes *r, uint64_t number);

#endif
