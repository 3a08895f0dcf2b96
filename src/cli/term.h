/* What the terminal can do, and styles. No signal handlers: signals that matter are blocked and asked for. */
#ifndef TESSERA_CLI_TERM_H
#define TESSERA_CLI_TERM_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/strv.h"

#include <stdbool.h>

struct term {
    bool out, err; /* stdout, stderr are terminals */
    bool colour;   /* of stdout */
    bool unicode;
};

enum style { STYLE_PLAIN, STYLE_STRONG, STYLE_FAINT, STYLE_GOOD, STYLE_WARN, STYLE_BAD };

struct term term_find(void); /* asks isatty, NO_COLOR, TERM and the locale */
/* Columns and lines; 0 where that is no terminal. */
unsigned term_width(int fd);
unsigned term_height(int fd);
void term_put_style(struct buf *out, bool colour, enum style style, struct strv text);

/* From here on SIGINT, SIGTERM and SIGHUP, and with `stop_too` SIGTSTP, wait until they are asked for. */
void term_hold_signals(bool stop_too);
/* Whether one is waiting that ends the program; it stays waiting. */
bool term_ending(void);
/* Sleeps, at most so long; the number of the held signal that came, 0 when none. One that ends the program
 * stays waiting. */
int term_sleep(usec_t d);

#endif
