/* Exact decimals as scaled integers: value = units / 10^scale. Never a binary fraction. */
#ifndef TESSERA_BASE_DECIMAL_H
#define TESSERA_BASE_DECIMAL_H

#include "base/strv.h"

#include <stdbool.h>
#include <stdint.h>

#define DECIMAL_MAX_SCALE 9

/* "-12.5" at scale 2 gives -1250. False on bad syntax, overflow, or more non-zero fraction digits than the
 * scale. */
bool decimal_parse(struct strv s, unsigned scale, int64_t *units);
/* Parses with the scale the text itself has (at most DECIMAL_MAX_SCALE). */
bool decimal_parse_any(struct strv s, int64_t *units, unsigned *scale);
/* Changes the scale; false when it would overflow or lose digits. */
bool decimal_rescale(int64_t units, unsigned from, unsigned to, int64_t *out);
/* Exact comparison of values with different scales: <0, 0, >0. */
int decimal_cmp(int64_t a, unsigned a_scale, int64_t b, unsigned b_scale);

struct decimal_text {
    char s[32];
};
/* All `scale` digits: 1250 at 2 is "12.50". */
struct decimal_text decimal_format(int64_t units, unsigned scale);
struct decimal_text decimal_format_short(int64_t units, unsigned scale); /* trailing zeros off: "12.5" */

#endif
