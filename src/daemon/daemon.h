/* tesserad: options, configuration, signals, and the wiring of engine and API. Everything but main(). */
#ifndef TESSERA_DAEMON_DAEMON_H
#define TESSERA_DAEMON_DAEMON_H

/* Exit codes: 0 stopped in good order, 1 could not run, 2 wrong usage or configuration. */
int daemon_main(int argc, char **argv);

#endif
