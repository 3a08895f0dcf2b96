/* Messages in lists. */
#ifndef TESSERA_CLI_MESSAGE_VIEW_H
#define TESSERA_CLI_MESSAGE_VIEW_H

#include "cli/table.h"

#include <jansson.h>

enum style message_style(const char *state);
const char *message_state_label(const char *state); /* "in flight" */

/* of many numbers */
void message_columns(struct table *t);
void message_row(struct table *t, const json_t *m);
/* of one number, which is not repeated */
void message_columns_of_one(struct table *t);
void message_row_of_one(struct table *t, const json_t *m);

#endif
