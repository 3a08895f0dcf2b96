/* What becomes of a message: a distribution of final states, such as "delivered=90,undelivered=6,expired=2".
 */
#ifndef TESSERA_SIMULATOR_OUTCOMES_H
#define TESSERA_SIMULATOR_OUTCOMES_H

#include "base/err.h"
#include "base/random.h"
#include "base/strv.h"

#include <stdbool.h>

#define OUTCOMES_MAX 16

struct outcomes {
    unsigned count;
    unsigned char state[OUTCOMES_MAX]; /* enum smpp_message_state */
    double upto[OUTCOMES_MAX];         /* sum of the weights up to and with this one */
};

/* Names are those of smpp_state_name(), "undelivered" too; weights are numbers of any sum above 0. */
bool outcomes_parse(struct strv text, struct outcomes *out, struct err *err);
unsigned outcomes_pick(const struct outcomes *o, struct rnd *rnd); /* enum smpp_message_state */
/* The error code of the receipt of such a message: 0 when delivered. */
unsigned outcomes_error(unsigned state);

#endif
