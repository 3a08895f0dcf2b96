/* How likely a customer is still active: the BG/NBD model (Fader, Hardie, Lee 2005, "Counting Your Customers"
 * the Easy Way, Marketing Science 24(2)). While active a customer buys at a rate of his own (gamma: r, alpha)
 * and after each purchase leaves with a probability of his own (beta: a, b). Pure; time in weeks.
 *
 * Known of a customer: x, the purchases after the first one; recency, when the last one was; age, how long
 * ago the first one was, both counted from the first. Who never came back (x = 0) is active for certain in
 * this model: one leaves only after a purchase that followed the first. */
#ifndef TESSERA_AUDIENCE_BGNBD_H
#define TESSERA_AUDIENCE_BGNBD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bgnbd {
    double r, alpha, a, b; /* all above 0 */
};

struct bgnbd_row {
    uint32_t x;
    double recency, age; /* 0 <= recency <= age */
    uint64_t customers;  /* that many are alike */
};

/* Section 4 (equation 6 for n rows): the sum over all customers. The terms are of very different size, so it
 * is worked out in logarithms from beginning to end. */
double bgnbd_log_likelihood(const struct bgnbd *m, const struct bgnbd_row *rows, size_t n);

struct bgnbd_fit {
    struct bgnbd model;
    double log_likelihood;
    unsigned steps;
    bool converged;
};
/* The most likely model: the downhill simplex of Nelder and Mead over the logarithms of the four, from
 * several beginnings. False: out of memory. */
bool bgnbd_fit(const struct bgnbd_row *rows, size_t n, struct bgnbd_fit *out);

/* The probability of being active now. */
double bgnbd_alive(const struct bgnbd *m, uint32_t x, double recency, double age);

#endif
