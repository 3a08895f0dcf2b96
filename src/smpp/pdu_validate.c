/* What a PDU that could be read says, held against the specification. Refusing costs a message, so only what
 * is clearly out of bounds is refused. */
#include "smpp/pdu.h"
#include "smpp/time.h"

static inline bool time_ok(struct strv s)
{
    struct smpp_time t;
    return s.n == 0 || smpp_time_parse(s, &t);
}

static uint32_t check_dests(const struct smpp_list *l)
{
    if (l->count == 0 || l->count > 254) /* 3.4 §5.2.24 */
        return SMPP_ESME_RINVNUMDESTS;
    struct rd r = rd_from(l->octets.p, l->octets.n);
    struct smpp_dest d;
    while (smpp_dest_next(&r, &d)) {
        if (d.dest_flag != 1 && d.dest_flag != 2)
            return SMPP_ESME_RINVDESTFLAG;
        if (d.address.n == 0 || d.address.n > 20)
            return d.dest_flag == 1 ? SMPP_ESME_RINVDSTADR : SMPP_ESME_RINVDLNAME;
    }
    return SMPP_ESME_ROK;
}

#define LAYOUT(layout)                                                                                       \
    static uint32_t check_##layout(const struct smpp_##layout *b)                                            \
    {                                                                                                        \
        (void)b;
#define U8MAX(field, max, bad)                                                                               \
    if (b->field > (max))                                                                                    \
        return SMPP_##bad;
#define CSTR(field, max, bad)                                                                                \
    if (b->field.n >= (max))                                                                                 \
        return SMPP_##bad;
#define TIME(field, bad)                                                                                     \
    if (!time_ok(b->field))                                                                                  \
        return SMPP_##bad;
#define DESTS(field)                                                                                         \
    uint32_t dests = check_dests(&b->field);                                                                 \
    if (dests != SMPP_ESME_ROK)                                                                              \
        return dests;
#define END(layout)                                                                                          \
    return SMPP_ESME_ROK;                                                                                    \
    }
#include "smpp/pdu.def"

static uint32_t check_rows(const struct smpp_pdu *pdu, enum smpp_version version)
{
    switch (pdu->command_id) {
#define PDU(name, id, layout, since)                                                                         \
    case id:                                                                                                 \
        return (since) > version ? SMPP_ESME_RINVCMDID : check_##layout(&pdu->layout);
#include "smpp/pdu.def"
    default: return SMPP_ESME_RINVCMDID;
    }
}

static uint32_t check_tlvs(const struct smpp_pdu *pdu)
{
    struct smpp_tlv t;
    for (size_t pos = 0; smpp_tlv_next(pdu, &pos, &t);) {
        const struct smpp_tlv_info *info = smpp_tlv_info(t.tag);
        if (info && !smpp_tlv_size_ok(info, t.value.n))
            return SMPP_ESME_RINVPARLEN;
    }
    return SMPP_ESME_ROK;
}

/* short_message or message_payload, not both (3.4 §4.4.1); 254 octets before 5.0 (§5.2.21). */
static uint32_t check_message(const struct smpp_pdu *pdu, struct strv message, enum smpp_version version)
{
    if (message.n > 254 && version < SMPP_V50)
        return SMPP_ESME_RINVMSGLEN;
    if (message.n && smpp_tlv_find(pdu, SMPP_TLV_message_payload, NULL))
        return SMPP_ESME_ROPTPARNOTALLWD;
    return SMPP_ESME_ROK;
}

/* 5.0 §4.4.1: TLVs without which there is no broadcast. */
static uint32_t check_broadcast(const struct smpp_pdu *pdu)
{
    static const uint16_t needed[] = { SMPP_TLV_broadcast_area_identifier, SMPP_TLV_broadcast_content_type,
                                       SMPP_TLV_broadcast_rep_num, SMPP_TLV_broadcast_frequency_interval };
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (!smpp_tlv_find(pdu, needed[i], NULL))
            return SMPP_ESME_RMISSINGOPTPARAM;
    return SMPP_ESME_ROK;
}

static uint32_t check_meaning(const struct smpp_pdu *pdu, enum smpp_version version)
{
    switch (pdu->command_id) {
    case SMPP_CMD(submit_sm):
        if (pdu->sm.destination_addr.n == 0)
            return SMPP_ESME_RINVDSTADR;
        return check_message(pdu, pdu->sm.short_message, version);
    case SMPP_CMD(submit_multi): return check_message(pdu, pdu->submit_multi.short_message, version);
    case SMPP_CMD(data_sm): return pdu->data_sm.destination_addr.n ? SMPP_ESME_ROK : SMPP_ESME_RINVDSTADR;
    case SMPP_CMD(query_sm):
    case SMPP_CMD(query_broadcast_sm):
        return pdu->query_sm.message_id.n ? SMPP_ESME_ROK : SMPP_ESME_RINVMSGID;
    case SMPP_CMD(replace_sm):
        if (pdu->replace_sm.message_id.n == 0)
            return SMPP_ESME_RINVMSGID;
        return check_message(pdu, pdu->replace_sm.short_message, version);
    case SMPP_CMD(broadcast_sm): return check_broadcast(pdu);
    default: return SMPP_ESME_ROK;
    }
}

uint32_t smpp_pdu_validate(const struct smpp_pdu *pdu, enum smpp_version version)
{
    if (pdu->defect == SMPP_DEFECT_LENGTH || pdu->defect == SMPP_DEFECT_BODY)
        return SMPP_ESME_RINVCMDLEN;
    uint32_t status = check_rows(pdu, version);
    if (status == SMPP_ESME_ROK && pdu->defect == SMPP_DEFECT_TLVS)
        status = SMPP_ESME_RINVOPTPARSTREAM;
    if (status == SMPP_ESME_ROK)
        status = check_meaning(pdu, version);
    if (status == SMPP_ESME_ROK)
        status = check_tlvs(pdu);
    return status;
}
