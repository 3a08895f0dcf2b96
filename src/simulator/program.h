/* tessera-smsc from its command line to its end; main() does nothing but call this. */
#ifndef TESSERA_SIMULATOR_PROGRAM_H
#define TESSERA_SIMULATOR_PROGRAM_H

int program_run(int argc, char **argv); /* the exit status: 0 good, 1 failure, 2 usage */

#endif
