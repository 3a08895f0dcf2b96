/* TLVs by name: those the configuration declares (vendors', such as the Indian DLT ids 0x1400 to 0x1402), and
 * the standard's that are for whoever submits. Values are texts for people and octets on the wire (SMPP 3.4
 * §5.3.2).
 *
 * A list of TLVs is kept as octets, with a message, a campaign, an inbound message: u16 tag, u16 length,
 * value, one after the other, at most TLVS_MAX_OCTETS. It does not change its meaning when the configuration
 * does. What goes with a part is the message's own, then what is not named there of its campaign, of its
 * carrier, of all. A carrier may want a name under another tag. */
#ifndef TESSERA_ENGINE_TLVS_H
#define TESSERA_ENGINE_TLVS_H

#include "base/buf.h"
#include "base/err.h"
#include "engine/options.h"
#include "smpp/pdu.h"

struct tlvs; /* what is declared */

struct tlvs *tlvs_new(const struct tlv_options *o, size_t n, struct err *e);
void tlvs_free(struct tlvs *t);

/* Appends one to a list. ERR_INVALID, ERR_LIMIT: no such name, which is near, or what its value must be. */
bool tlvs_put(const struct tlvs *t, struct strv name, struct strv value, struct buf *list, struct err *e);
/* Steps through a list: start with *pos = 0. */
bool tlvs_next(struct strv list, size_t *pos, struct smpp_tlv *out);

/* One as it is shown: its name, or "0x1405"; a number, a flag, a text, or octets in hexadecimal. */
struct tlv_shown {
    char name[48];
    enum { TLV_SHOWN_TEXT, TLV_SHOWN_NUMBER, TLV_SHOWN_FLAG } kind;
    uint32_t number;
    struct strv text; /* in the scratch */
};
void tlvs_show(const struct tlvs *t, const struct smpp_tlv *tlv, struct tlv_shown *out, struct buf *scratch);

/* What a carrier adds, and its own tags. */
struct tlvs_carrier {
    struct buf defaults;
    uint16_t from[ENGINE_CARRIER_TLVS], to[ENGINE_CARRIER_TLVS];
    size_t n_tags;
};
/* Replaces what was there. */
bool tlvs_carrier_set(const struct tlvs *t, const struct carrier_options *c, struct tlvs_carrier *out,
                      struct err *e);
void tlvs_carrier_free(struct tlvs_carrier *c);
/* What goes with a part, at most `max`, under the carrier's tags; views into the lists. */
size_t tlvs_merge(const struct tlvs_carrier *c, struct strv message, struct strv campaign,
                  struct smpp_tlv *out, size_t max);

/* What an inbound PDU brought that a person may want to see, as a list: all but what is read elsewhere (the
 * text, its parts, receipts), as far as there is room. */
void tlvs_of_pdu(const struct smpp_pdu *pdu, struct buf *list);
/* Only those that are declared: with receipts, of which there is one for every message, that is what is asked
 * for. */
void tlvs_declared_of_pdu(const struct tlvs *t, const struct smpp_pdu *pdu, struct buf *list);

#endif
