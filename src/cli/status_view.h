/* How carriers and their binds are drawn. */
#ifndef TESSERA_CLI_STATUS_VIEW_H
#define TESSERA_CLI_STATUS_VIEW_H

#include "cli/cli.h"

#include <jansson.h>

/* An array of carriers as in the status: figures, binds, receipts. */
void status_draw_carriers(struct cli *c, const json_t *carriers, struct buf *out);

#endif
