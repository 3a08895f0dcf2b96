/* A campaign as people see it: what it is, what it would do, where its messages are. */
#ifndef TESSERA_CLI_CAMPAIGN_VIEW_H
#define TESSERA_CLI_CAMPAIGN_VIEW_H

#include "cli/ask.h"

void campaign_draw(struct cli *c, const json_t *doc, struct buf *out);
void campaign_draw_preview(struct cli *c, const json_t *doc, struct buf *out);
void campaign_draw_report(struct cli *c, const json_t *doc, struct buf *out);
bool campaign_complete(const json_t *doc);
enum style campaign_style(const char *state);

#endif
