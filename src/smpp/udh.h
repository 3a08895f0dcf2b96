/* User data headers (3GPP TS 23.040 §9.2.3.24): what stands before the text when esm_class has UDHI. Views
 * into the input. Pure; damage is never an error, as the text behind it is still to be shown. */
#ifndef TESSERA_SMPP_UDH_H
#define TESSERA_SMPP_UDH_H

#include "base/strv.h"

#include <stdbool.h>
#include <stdint.h>

enum udh_ie {
    UDH_CONCAT8 = 0x00,
    UDH_PORTS8 = 0x04,
    UDH_PORTS16 = 0x05,
    UDH_CONCAT16 = 0x08,
    UDH_NATIONAL_SINGLE = 0x24,
    UDH_NATIONAL_LOCKING = 0x25,
};

struct udh {
    struct strv header;  /* with its length octet */
    struct strv data;    /* what follows it */
    uint8_t concat_bits; /* 8 or 16; 0 = not one of several parts */
    uint16_t concat_ref;
    uint8_t concat_total, concat_seq; /* 1 <= seq <= total */
    uint8_t port_bits;                /* 8 or 16; 0 = none */
    uint16_t port_dst, port_src;
    uint8_t national_single, national_locking; /* language identifiers; 0 = default tables */
};

/* False when the length octet points outside the message: header is then empty and data is all. A damaged or
 * unknown information element is passed over (§9.2.3.24: the last of several equal ones counts). */
bool udh_read(struct strv message, struct udh *out);
/* Octets of a concatenation header: 6 for 8 bits, 7 for 16. Written to out; returns that length. */
unsigned udh_write_concat(uint8_t out[7], unsigned bits, uint16_t ref, uint8_t total, uint8_t seq);

#endif
