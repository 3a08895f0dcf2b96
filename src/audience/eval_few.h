/* Tests of a packed column for few rows, which are a list of places: each row's number is fetched by itself,
 * without branches, so that many are on their way from memory at a time. */
#ifndef TESSERA_AUDIENCE_EVAL_FEW_H
#define TESSERA_AUDIENCE_EVAL_FEW_H

#include "audience/eval_scan.h"
#include "audience/words.h"

/* Of list[0..n), which are rows list[i] - first of the block (all inside of it), those that pass; with
 * `negated` those that do not, unset ones included. To out, which may be the list; returns how many. */
size_t scan_few(const struct packed *p, int64_t first, const struct scan_test *t, bool negated,
                const list_u16 *list, size_t n, uint16_t *out);

#endif
