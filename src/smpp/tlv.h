/* What the TLVs of SMPP 3.4 §5.3.2 and 5.0 §4.8.4 are called and how long they may be: a table that never
 * changes. Vendors' are declared in the configuration (engine/tlvs.h); the TLVs of one PDU are read with
 * smpp/pdu.h. */
#ifndef TESSERA_SMPP_TLV_H
#define TESSERA_SMPP_TLV_H

#include "base/strv.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum smpp_tlv_type {
    SMPP_TLV_TYPE_UINT,   /* big-endian integer of min..max octets (1, 2 or 4) */
    SMPP_TLV_TYPE_CSTR,   /* C-Octet String, NUL included in min..max */
    SMPP_TLV_TYPE_OCTETS, /* octets */
    SMPP_TLV_TYPE_FLAG,   /* no value */
};

enum smpp_tlv_tag {
#define TLV(name, tag, type, min, max, since) SMPP_TLV_##name = (tag),
#include "smpp/tlv.def"
};

struct smpp_tlv_info {
    uint16_t tag;
    uint8_t type;      /* enum smpp_tlv_type */
    uint8_t since;     /* 0x34 or 0x50 */
    uint16_t min, max; /* octets of the value */
    const char *name;  /* "receipted_message_id" */
};

/* NULL when unknown. */
const struct smpp_tlv_info *smpp_tlv_info(uint16_t tag);
const struct smpp_tlv_info *smpp_tlv_by_name(struct strv name);
const struct smpp_tlv_info *smpp_tlv_at(size_t i); /* rows of the standard table; NULL after the last */
/* Whether a value of n octets fits the row (an integer has 1, 2 or 4). */
bool smpp_tlv_size_ok(const struct smpp_tlv_info *row, size_t n);

#endif
