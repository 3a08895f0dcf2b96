/* One line of NDJSON: an object (RFC 8259), its values told one by one as texts. Objects inside are
 * flattened: the path is "outer.inner". An array of plain values is one text: before each member stands
 * IMPORT_MEMBER (import_value.h); any other array is IMPORT_NESTED. null is an empty text. Numbers are told
 * as they are written, so that no digit is lost. Strict: no comments, no trailing commas, no control
 * characters, no halves of surrogate pairs; names twice are the caller's. */
#ifndef TESSERA_AUDIENCE_IMPORT_JSON_H
#define TESSERA_AUDIENCE_IMPORT_JSON_H

#include "base/buf.h"
#include "base/strv.h"

#define IMPORT_JSON_DEPTH 16
#define IMPORT_JSON_PATH  128 /* octets */

struct import_json_error {
    size_t octet; /* from 1 */
    const char *reason;
};

/* False ends it, with the place at hand in the error. The path lives during the call, the text as long as
 * `texts` is not cleared. */
typedef bool import_json_fn(void *ctx, struct strv path, struct strv text);

/* Appends the texts to `texts`, which must have room for line.n * 2 + 16 octets, so that it does not move. */
bool import_json_read(struct strv line, struct buf *texts, import_json_fn *fn, void *ctx,
                      struct import_json_error *bad);

#endif
