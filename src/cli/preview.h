/* How a text is sent, drawn for people: of a preview, a message, a campaign. */
#ifndef TESSERA_CLI_PREVIEW_H
#define TESSERA_CLI_PREVIEW_H

#include "cli/cli.h"

#include <jansson.h>

/* "2 parts, GSM 7-bit, turkish locking table, 12 characters left" */
void preview_put_line(struct buf *out, const json_t *doc);
/* A table of the characters that are replaced; nothing when there are none. */
void preview_put_replaced(struct cli *c, const json_t *list, struct buf *out);
/* The text as it goes, when it is another; what would save parts. */
void preview_put_rest(struct cli *c, const json_t *doc, const char *indent, struct buf *out);

#endif
