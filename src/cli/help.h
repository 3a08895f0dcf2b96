/* What `tessera help` and --help say, out of the tables. Pure. */
#ifndef TESSERA_CLI_HELP_H
#define TESSERA_CLI_HELP_H

#include "base/buf.h"
#include "cli/args.h"

void help_put_all(struct buf *out, const struct command *commands);
void help_put_noun(struct buf *out, const struct command *commands, const char *noun);
void help_put_command(struct buf *out, const struct command *c);

#endif
