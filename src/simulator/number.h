/* Values of the command line and of the control commands. */
#ifndef TESSERA_SIMULATOR_NUMBER_H
#define TESSERA_SIMULATOR_NUMBER_H

#include "base/clock.h"
#include "base/strv.h"

#include <stdbool.h>
#include <stdint.h>

bool number_parse_fraction(struct strv s, double *out); /* "0.25", "12": not negative, finite */
/* "200ms", "1.5s", "2m", "1h", "30us"; a bare number is seconds. */
bool number_parse_duration(struct strv s, usec_t *out);

#endif
