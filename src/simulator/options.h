/* The command line of tessera-smsc. */
#ifndef TESSERA_SIMULATOR_OPTIONS_H
#define TESSERA_SIMULATOR_OPTIONS_H

#include "base/err.h"
#include "simulator/simulator.h"

#include <stdbool.h>

struct options {
    struct simulator_options sim;
    const char *port_file, *inbound_file, *control;
    bool help, version, quiet, no_stdin;
};

/* Strings point into argv. False: err says what is wrong in a line for people. */
bool options_parse(int argc, char **argv, struct options *o, struct err *err);
void options_put_help(struct buf *out);

#endif
