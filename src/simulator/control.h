/* Commands to a running simulator, a line each, answered by one line: "ok ..." or "error: ...". */
#ifndef TESSERA_SIMULATOR_CONTROL_H
#define TESSERA_SIMULATOR_CONTROL_H

#include "base/buf.h"
#include "base/strv.h"
#include "simulator/simulator.h"

#include <stdbool.h>

/* Appends the answer with its newline (nothing for an empty line). False when it was "quit". */
bool control_run(struct simulator *s, struct strv line, struct buf *reply);
void control_put_stats(const struct simulator *s, struct buf *out); /* "submits=1 accepted=1 ..." */
void control_put_help(struct buf *out);                             /* a line a command, for --help */

#endif
