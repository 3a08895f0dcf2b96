/* Which carrier takes a number: rules prefix -> carrier, the longest prefix decides, else the default
 * carrier. Immutable between additions. */
#ifndef TESSERA_DOMAIN_ROUTE_H
#define TESSERA_DOMAIN_ROUTE_H

#include "base/err.h"
#include "base/strv.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROUTE_NONE      (-1)
#define ROUTE_MAX_RULES 10000

struct route;

struct route *route_new(void);
void route_free(struct route *r);
/* Digits of an international number, 1 to 15, "+" allowed. ERR_EXISTS: the prefix has a rule already. */
bool route_add(struct route *r, struct strv prefix, uint16_t carrier, struct err *e);
void route_set_default(struct route *r, int carrier); /* ROUTE_NONE: no default */
size_t route_rule_count(const struct route *r);
/* The carrier's index, or ROUTE_NONE. */
int route_choose(const struct route *r, uint64_t number);

#endif
