/* Numbering plans: what the leading digits of an international number say about its region, its possible
 * time zones and its possible lengths (conf/numbering.tsv). Immutable after loading: any thread may ask.
 *
 * The longest matching prefix decides region and zones; lengths come from the longest matching prefix that
 * names them. A prefix tells where a number was issued, not where the person is. */
#ifndef TESSERA_DOMAIN_NUMBERING_H
#define TESSERA_DOMAIN_NUMBERING_H

#include "base/err.h"
#include "base/strv.h"

#include <stdbool.h>
#include <stdint.h>

struct numbering;

/* Errors name file and line. NULL on failure. */
struct numbering *numbering_load(const char *path, struct err *e);
/* The same from memory; `name` is what errors call it. */
struct numbering *numbering_parse(struct strv text, const char *name, struct err *e);
void numbering_free(struct numbering *n);

struct numbering_hit {
    const char *region;       /* "DE", "US-FL"; owned by the numbering */
    const char *zones;        /* "America/Chicago,America/New_York"; "" = unknown */
    uint32_t place;           /* dense index of the pair (region, zones), < numbering_places() */
    uint8_t prefix_len;       /* digits of the prefix that matched */
    uint8_t min_len, max_len; /* total digits of a possible number */
};

/* False when no prefix matches (no such country code). Works on an incomplete number, too. */
bool numbering_lookup(const struct numbering *n, uint64_t number, struct numbering_hit *hit);
/* Only the place; UINT32_MAX when no prefix matches. The fast one, for millions of numbers. */
uint32_t numbering_place(const struct numbering *n, uint64_t number);
uint32_t numbering_places(const struct numbering *n);
const char *numbering_place_region(const struct numbering *n, uint32_t place);
const char *numbering_place_zones(const struct numbering *n, uint32_t place);

/* The country calling code of a region ("GB" 44, "KZ" 7, "US-FL" 1); 0 when the table does not have it. */
unsigned numbering_country_code(const struct numbering *n, struct strv region);
/* The calling code a number starts with, by ITU-T E.164's assignment of lengths: 1, 44, 371 ...; 0 when no
 * row of the table starts so. */
unsigned numbering_calling_code(const struct numbering *n, uint64_t number);

#endif
