#include "simulator/faults.h"

#include "simulator/number.h"

static const struct {
    const char *name, *help;
} rows[FAULT_COUNT] = {
    [FAULT_RESET] = { "reset", "the connection is closed, the submit not taken" },
    [FAULT_GARBAGE] = { "garbage", "octets that are no SMPP, the submit not taken" },
    [FAULT_STALL] = { "stall", "nothing is read for --stall-time" },
    [FAULT_SYSTEM_ERROR] = { "system-error", "answered ESME_RSYSERR, not taken" },
    [FAULT_LOST_RESPONSE] = { "lost-response", "taken, but never answered" },
    [FAULT_LATE_RESPONSE] = { "late-response", "taken, answered after --late-time" },
    [FAULT_DUPLICATE_RESPONSE] = { "duplicate-response", "answered twice" },
    [FAULT_UNKNOWN_RESPONSE] = { "unknown-response", "a further response to nothing" },
    [FAULT_NACK] = { "nack", "answered by generic_nack, not taken" },
    [FAULT_EARLY_RECEIPT] = { "early-receipt", "the receipt comes before the response" },
    [FAULT_LOST_RECEIPT] = { "lost-receipt", "no receipt" },
    [FAULT_DUPLICATE_RECEIPT] = { "duplicate-receipt", "the receipt comes twice" },
};

static bool faults_find(struct strv name, enum fault *out)
{
    for (unsigned i = 0; i < FAULT_COUNT; i++)
        if (strv_eq_c(name, rows[i].name)) {
            *out = i;
            return true;
        }
    return false;
}

bool faults_parse(struct strv text, struct faults *out, struct err *err)
{
    struct faults f = { 0 };
    struct strv row, name;
    if (strv_eq_c(text, "none"))
        text.n = 0;
    while (strv_next(&text, ',', &row)) {
        struct strv value = row;
        enum fault which;
        strv_next(&value, '=', &name);
        if (!faults_find(name, &which))
            return err_set(err, ERR_INVALID, "no such fault: \"" STRV_FMT "\"", STRV_ARG(name));
        if (!number_parse_fraction(value, &f.p[which]) || f.p[which] > 1)
            return err_set(err, ERR_INVALID, "the probability of " STRV_FMT " must be 0 to 1",
                           STRV_ARG(name));
    }
    *out = f;
    return true;
}

bool faults_hit(const struct faults *f, enum fault which, struct rnd *rnd)
{
    return f->p[which] > 0 && rnd_unit(rnd) < f->p[which];
}

const char *faults_name(enum fault which)
{
    return rows[which].name;
}

const char *faults_help(enum fault which)
{
    return rows[which].help;
}
