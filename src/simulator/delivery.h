/* A deliver_sm on its way to a client: a receipt or an inbound message, from its making until it is answered.
 */
#ifndef TESSERA_SIMULATOR_DELIVERY_H
#define TESSERA_SIMULATOR_DELIVERY_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/heap.h"
#include "simulator/messageid.h"
#include "smpp/pdu.h"

#include <stdbool.h>
#include <stdint.h>

struct account;

struct delivery_address {
    uint8_t ton, npi;
    char digits[22]; /* NUL-terminated */
};

struct delivery {
    struct heap_node due;    /* while it waits for its time */
    struct account *account; /* whose it is; NULL: of any client that receives */
    uint64_t id;             /* of the message the receipt is about; 0: an inbound message */
    uint64_t follows;        /* of an inbound message: the reply to this one; 0: to none */
    usec_t submitted, done;  /* wall clock */
    uint8_t state;           /* of a receipt */
    uint8_t esm_class, data_coding;
    uint16_t attempts;
    struct delivery_address from, to;
    uint8_t text_n;
    uint8_t text[]; /* octets in data_coding; of a receipt the first of the message's */
};

struct delivery *delivery_new(struct strv text); /* NULL: no memory, or text over 255 octets */
struct delivery *delivery_copy(const struct delivery *d);
bool delivery_is_receipt(const struct delivery *d);

/* The deliver_sm: fields, and TLVs (of a receipt). `scratch` holds the text of a receipt, `pdu` views both
 * and the delivery. */
struct delivery_pdu {
    struct smpp_sm sm;
    struct smpp_tlv tlvs[3];
    size_t tlv_count;
    struct messageid id;
    uint8_t octets[4];
};
void delivery_write(const struct delivery *d, enum messageid_form form, struct buf *scratch,
                    struct delivery_pdu *out);

/* Digits (a '+' is dropped) as an international number, at most six as a short code, anything else
 * alphanumeric. False when longer than 20 octets or empty. */
bool delivery_address_parse(struct strv s, struct delivery_address *out);
/* As it came in a PDU; cut at 21 octets. */
void delivery_address_set(struct delivery_address *a, uint8_t ton, uint8_t npi, struct strv digits);

#endif
