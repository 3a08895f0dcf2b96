/* The one table of what `tessera` can do; ends with a row without a noun. */
#ifndef TESSERA_CLI_COMMANDS_H
#define TESSERA_CLI_COMMANDS_H

#include "cli/args.h"

extern const struct command commands[];

#endif
