/* Where commands come from: standard input, and a Unix socket with any number of clients. */
#ifndef TESSERA_SIMULATOR_CONSOLE_H
#define TESSERA_SIMULATOR_CONSOLE_H

#include "base/err.h"
#include "net/loop.h"
#include "simulator/simulator.h"

#include <stdbool.h>

struct console;

/* `quit` is called at "quit". The console must be freed before the simulator. */
struct console *console_new(struct loop *l, struct simulator *s, void (*quit)(void *arg), void *arg);
void console_free(struct console *c); /* NULL is fine */
bool console_listen(struct console *c, const char *unix_path, struct err *err);
/* Commands from fd (a pipe, a socket or a terminal; of anything else nothing is read), answers to stdout. At
 * its end the simulator goes on. */
void console_watch(struct console *c, int fd);

#endif
