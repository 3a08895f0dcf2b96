/* What a carrier's receipts are like: how their ids are written, and what came of them. */
#ifndef TESSERA_CLI_RECEIPT_VIEW_H
#define TESSERA_CLI_RECEIPT_VIEW_H

#include "cli/cli.h"

/* A table with a row for each carrier of the status; nothing when there are none. */
void receipt_put_carriers(struct cli *c, const json_t *carriers, struct buf *out);

#endif
