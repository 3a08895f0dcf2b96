/* The messages a carrier remembers having taken, so that it can be asked about them (SMPP 3.4 §4.8 to §4.10):
 * the newest KEPT_MAX, each in the place of its id; the oldest is forgotten for the newest. */
#ifndef TESSERA_SIMULATOR_KEPT_H
#define TESSERA_SIMULATOR_KEPT_H

#include "simulator/delivery.h"

#define KEPT_MAX   65536
#define KEPT_QUOTE 20 /* octets of the text that a receipt repeats (3.4 Appendix B) */

struct kept_message {
    uint64_t id; /* 0: none */
    struct account *account;
    struct delivery_address from, to;
    usec_t submitted; /* wall clock */
    usec_t due;       /* of the loop: from then on the state is final, before it is enroute */
    usec_t done;      /* the same on the wall */
    uint8_t state;    /* the final one, enum smpp_message_state */
    uint8_t registered, data_coding;
    uint8_t text_n;
    char text[KEPT_QUOTE];
};

struct kept {
    struct kept_message *slots;
};

bool kept_init(struct kept *k); /* false: no memory */
void kept_free(struct kept *k);
void kept_put(struct kept *k, const struct kept_message *m);
/* By the id as it was written in a response; NULL: never taken, or forgotten. */
struct kept_message *kept_find(const struct kept *k, enum messageid_form form, struct strv id);
void kept_quote(struct kept_message *m, struct strv text); /* without its user data header */
unsigned kept_state(const struct kept_message *m, usec_t now);

#endif
