/* What goes wrong on request, each with a probability a submit (or a receipt):
 * "reset=0.001,lost-response=0.01". */
#ifndef TESSERA_SIMULATOR_FAULTS_H
#define TESSERA_SIMULATOR_FAULTS_H

#include "base/buf.h"
#include "base/err.h"
#include "base/random.h"
#include "base/strv.h"

#include <stdbool.h>

enum fault {
    FAULT_RESET,
    FAULT_GARBAGE,
    FAULT_STALL,
    FAULT_SYSTEM_ERROR,
    FAULT_LOST_RESPONSE,
    FAULT_LATE_RESPONSE,
    FAULT_DUPLICATE_RESPONSE,
    FAULT_UNKNOWN_RESPONSE,
    FAULT_NACK,
    FAULT_EARLY_RECEIPT,
    FAULT_LOST_RECEIPT,
    FAULT_DUPLICATE_RECEIPT,
    FAULT_COUNT,
};

struct faults {
    double p[FAULT_COUNT];
};

/* Faults not named become 0; "" and "none" mean none at all. */
bool faults_parse(struct strv text, struct faults *out, struct err *err);
bool faults_hit(const struct faults *f, enum fault which, struct rnd *rnd);
const char *faults_name(enum fault which);
const char *faults_help(enum fault which); /* half a sentence */

#endif
