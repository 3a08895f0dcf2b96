/* The dictionary of clocks. A clock is what decides when a recipient may be disturbed: the region whose rules
 * hold (with its country: the chain) and the set of zones that all must be open. Every recipient has exactly
 * one; ids are dense from 0, given on first sight, and mean nothing outside this dictionary. Its text, such
 * as "DE Europe/Berlin" or "US-FL America/Chicago,America/New_York", is the stable form: it is what is
 * stored, and interning it again gives the clock back. Zones are in byte order in it, and "-" stands for
 * none.
 *
 * Interning changes the dictionary: one thread owns it. At most CLOCKS_MAX clocks; when it is full, and for
 * input that is no clock, the answer is CLOCKS_UNKNOWN ("ZZ -"), for which promotional messages are always
 * held: failing is quiet. */
#ifndef TESSERA_DOMAIN_CLOCKS_H
#define TESSERA_DOMAIN_CLOCKS_H

#include "base/err.h"
#include "base/strv.h"
#include "domain/numbering.h"

#include <stdbool.h>
#include <stdint.h>

#define CLOCKS_UNKNOWN   0u /* "ZZ -": always there */
#define CLOCKS_MAX       65536u
#define CLOCKS_MAX_TEXT  1023 /* octets of a clock's text: the US as a whole has 640 */
#define CLOCKS_MAX_ZONES 48

struct clocks;

/* Keeps the pointer to the numbering, which must live longer. NULL: out of memory. */
struct clocks *clocks_new(const struct numbering *n);
void clocks_free(struct clocks *c);

/* By the number alone: region and zones of its longest prefix. */
uint32_t clocks_of_number(struct clocks *c, uint64_t number);
/* By the number's region and the customer's own zone, which wins over the number's zones. An empty zone is as
 * clocks_of_number. ERR_INVALID for what cannot be a zone's name (whether it exists, zones_get tells), then
 * the answer is that of the number alone. */
uint32_t clocks_of_zone(struct clocks *c, uint64_t number, struct strv zone, struct err *e);
/* From the stable text. CLOCKS_UNKNOWN and an error when it is not one. */
uint32_t clocks_intern(struct clocks *c, struct strv text, struct err *e);

uint32_t clocks_count(const struct clocks *c);
/* Owned by the dictionary; for any id below count. */
const char *clocks_text(const struct clocks *c, uint32_t id);
const char *clocks_region(const struct clocks *c, uint32_t id);
unsigned clocks_zone_count(const struct clocks *c, uint32_t id);
const char *clocks_zone(const struct clocks *c, uint32_t id, unsigned i);

#endif
