/* The TLVs of a PDU in memory, and the PDUs a session writes all the time. */
#include "smpp/pdu.h"

#include <string.h>

bool smpp_tlv_next(const struct smpp_pdu *pdu, size_t *pos, struct smpp_tlv *out)
{
    if (*pos < pdu->tlv_count) {
        *out = pdu->tlvs[(*pos)++];
        return true;
    }
    /* beyond the array, the position counts octets of tlv_rest */
    size_t at = *pos - pdu->tlv_count;
    if (at > pdu->tlv_rest.n || pdu->tlv_rest.n - at < 4)
        return false;
    const uint8_t *p = (const uint8_t *)pdu->tlv_rest.p + at;
    size_t n = be_get16(p + 2);
    if (n > pdu->tlv_rest.n - at - 4)
        return false;
    *out = (struct smpp_tlv){ be_get16(p), { (const char *)p + 4, n } };
    *pos += 4 + n;
    return true;
}

bool smpp_tlv_find(const struct smpp_pdu *pdu, uint16_t tag, struct strv *value)
{
    struct smpp_tlv t;
    for (size_t pos = 0; smpp_tlv_next(pdu, &pos, &t);) {
        if (t.tag != tag)
            continue;
        if (value)
            *value = t.value;
        return true;
    }
    return false;
}

bool smpp_tlv_get_uint(const struct smpp_pdu *pdu, uint16_t tag, uint32_t *out)
{
    struct strv v;
    if (!smpp_tlv_find(pdu, tag, &v))
        return false;
    const uint8_t *p = (const uint8_t *)v.p;
    switch (v.n) {
    case 1: *out = p[0]; return true;
    case 2: *out = be_get16(p); return true;
    case 4: *out = be_get32(p); return true;
    default: return false;
    }
}

bool smpp_tlv_get_u8(const struct smpp_pdu *pdu, uint16_t tag, uint8_t *out)
{
    struct strv v;
    if (!smpp_tlv_find(pdu, tag, &v) || v.n != 1)
        return false;
    *out = (uint8_t)v.p[0];
    return true;
}

bool smpp_tlv_get_u16(const struct smpp_pdu *pdu, uint16_t tag, uint16_t *out)
{
    struct strv v;
    if (!smpp_tlv_find(pdu, tag, &v) || v.n != 2)
        return false;
    *out = be_get16((const uint8_t *)v.p);
    return true;
}

bool smpp_tlv_get_u32(const struct smpp_pdu *pdu, uint16_t tag, uint32_t *out)
{
    struct strv v;
    if (!smpp_tlv_find(pdu, tag, &v) || v.n != 4)
        return false;
    *out = be_get32((const uint8_t *)v.p);
    return true;
}

bool smpp_tlv_get_cstr(const struct smpp_pdu *pdu, uint16_t tag, struct strv *out)
{
    struct strv v;
    if (!smpp_tlv_find(pdu, tag, &v))
        return false;
    const char *nul = v.n ? memchr(v.p, 0, v.n) : NULL;
    *out = (struct strv){ v.p, nul ? (size_t)(nul - v.p) : v.n };
    return true;
}

bool smpp_tlv_add(struct smpp_pdu *pdu, uint16_t tag, struct strv value)
{
    if (pdu->tlv_count >= SMPP_TLVS_MAX)
        return false;
    pdu->tlvs[pdu->tlv_count++] = (struct smpp_tlv){ tag, value };
    return true;
}

bool smpp_tlv_add_uint(struct smpp_pdu *pdu, uint16_t tag, uint32_t v, unsigned width, uint8_t *store)
{
    switch (width) {
    case 1: store[0] = (uint8_t)v; break;
    case 2: be_put16(store, (uint16_t)v); break;
    case 4: be_put32(store, v); break;
    default: return false;
    }
    return smpp_tlv_add(pdu, tag, (struct strv){ (const char *)store, width });
}

struct strv smpp_pdu_message(const struct smpp_pdu *pdu)
{
    struct strv s = { NULL, 0 };
    switch (pdu->command_id) {
    case SMPP_CMD(submit_sm):
    case SMPP_CMD(deliver_sm): s = pdu->sm.short_message; break;
    case SMPP_CMD(submit_multi): s = pdu->submit_multi.short_message; break;
    case SMPP_CMD(replace_sm): s = pdu->replace_sm.short_message; break;
    default: break;
    }
    if (s.n == 0)
        smpp_tlv_find(pdu, SMPP_TLV_message_payload, &s);
    return s;
}

void smpp_pdu_init(struct smpp_pdu *pdu, uint32_t command_id, uint32_t status, uint32_t sequence)
{
    memset(pdu, 0, offsetof(struct smpp_pdu, tlvs));
    pdu->command_id = command_id;
    pdu->command_status = status;
    pdu->sequence_number = sequence;
}

bool smpp_put_header(struct buf *out, uint32_t command_id, uint32_t status, uint32_t sequence)
{
    if (!buf_reserve(out, SMPP_HEADER_SIZE))
        return false;
    uint8_t *w = out->data + out->len;
    be_put32(w, SMPP_HEADER_SIZE);
    be_put32(w + 4, command_id);
    be_put32(w + 8, status);
    be_put32(w + 12, sequence);
    out->len += SMPP_HEADER_SIZE;
    return true;
}

bool smpp_put_bind(struct buf *out, uint32_t command_id, uint32_t sequence, const struct smpp_bind *bind)
{
    struct smpp_pdu pdu;
    smpp_pdu_init(&pdu, command_id, SMPP_ESME_ROK, sequence);
    pdu.bind = *bind;
    return smpp_pdu_encode(&pdu, out);
}

bool smpp_put_bind_resp(struct buf *out, uint32_t command_id, uint32_t status, uint32_t sequence,
                        struct strv system_id, uint8_t version)
{
    if (status != SMPP_ESME_ROK) /* 3.4 §4.1.2: the body is not returned with an error */
        return smpp_put_header(out, command_id, status, sequence);
    struct smpp_pdu pdu;
    uint8_t store[1];
    smpp_pdu_init(&pdu, command_id, status, sequence);
    pdu.bind_resp.system_id = system_id;
    if (version)
        smpp_tlv_add_uint(&pdu, SMPP_TLV_sc_interface_version, version, 1, store);
    return smpp_pdu_encode(&pdu, out);
}

bool smpp_put_id_resp(struct buf *out, uint32_t command_id, uint32_t status, uint32_t sequence,
                      struct strv message_id)
{
    if (status != SMPP_ESME_ROK && command_id != SMPP_CMD(deliver_sm_resp))
        return smpp_put_header(out, command_id, status, sequence);
    struct smpp_pdu pdu;
    smpp_pdu_init(&pdu, command_id, status, sequence);
    pdu.id_resp.message_id = message_id;
    return smpp_pdu_encode(&pdu, out);
}

static bool put_sm(struct buf *out, uint32_t command_id, uint32_t sequence, const struct smpp_sm *sm,
                   const struct smpp_tlv *tlvs, size_t tlv_count)
{
    struct smpp_pdu pdu;
    if (tlv_count > SMPP_TLVS_MAX)
        return false;
    smpp_pdu_init(&pdu, command_id, SMPP_ESME_ROK, sequence);
    pdu.sm = *sm;
    if (tlv_count)
        memcpy(pdu.tlvs, tlvs, tlv_count * sizeof *tlvs);
    pdu.tlv_count = (uint16_t)tlv_count;
    return smpp_pdu_encode(&pdu, out);
}

bool smpp_put_submit_sm(struct buf *out, uint32_t sequence, const struct smpp_sm *sm,
                        const struct smpp_tlv *tlvs, size_t tlv_count)
{
    return put_sm(out, SMPP_CMD(submit_sm), sequence, sm, tlvs, tlv_count);
}

bool smpp_put_deliver_sm(struct buf *out, uint32_t sequence, const struct smpp_sm *sm,
                         const struct smpp_tlv *tlvs, size_t tlv_count)
{
    return put_sm(out, SMPP_CMD(deliver_sm), sequence, sm, tlvs, tlv_count);
}

bool smpp_pdu_refuse(struct buf *out, const struct smpp_pdu *request, uint32_t status)
{
    if (request->defect != SMPP_DEFECT_LENGTH && smpp_is_response(request->command_id))
        return true; /* a response is never answered */
    uint32_t answer = request->command_id | SMPP_RESPONSE;
    if (request->defect == SMPP_DEFECT_LENGTH || !smpp_command_known(request->command_id) ||
        !smpp_command_known(answer))
        answer = SMPP_CMD(generic_nack);
    return smpp_put_id_resp(out, answer, status, request->sequence_number, STRV(""));
}
