/* Octets to struct smpp_pdu. The cursor is base/buf.h's `struct rd`; its few readers are inline here because
 * a submit_sm has eighteen fields and there are millions of them a second. */
#include "smpp/pdu.h"

#include <string.h>

static inline size_t left(const struct rd *r)
{
    return (size_t)(r->end - r->p);
}

static inline void fail(struct rd *r)
{
    r->failed = true;
    r->p = r->end;
}

static inline uint8_t take_u8(struct rd *r)
{
    if (r->p < r->end)
        return *r->p++;
    fail(r);
    return 0;
}

static inline struct strv take_octets(struct rd *r, size_t n)
{
    if (r->failed || n > left(r)) {
        fail(r);
        return (struct strv){ NULL, 0 };
    }
    struct strv v = { (const char *)r->p, n };
    r->p += n;
    return v;
}

/* Too long a string is the validator's matter: here the body's end is the only bound. */
static inline struct strv take_cstr(struct rd *r)
{
    if (r->p < r->end && *r->p == 0) { /* most strings of a PDU are empty */
        struct strv v = { (const char *)r->p, 0 };
        r->p++;
        return v;
    }
    const uint8_t *nul = r->p < r->end ? memchr(r->p, 0, left(r)) : NULL;
    if (!nul) {
        fail(r);
        return (struct strv){ NULL, 0 };
    }
    struct strv v = { (const char *)r->p, (size_t)(nul - r->p) };
    r->p = nul + 1;
    return v;
}

bool smpp_dest_next(struct rd *r, struct smpp_dest *out)
{
    *out = (struct smpp_dest){ 0 };
    if (r->failed || left(r) == 0)
        return false;
    out->dest_flag = take_u8(r);
    if (out->dest_flag != 2) { /* 3.4 §4.5.1.1; an unknown flag is read as an address, for want of better */
        out->ton = take_u8(r);
        out->npi = take_u8(r);
    }
    out->address = take_cstr(r);
    return !r->failed;
}

bool smpp_unsuccess_next(struct rd *r, struct smpp_unsuccess *out)
{
    *out = (struct smpp_unsuccess){ 0 };
    if (r->failed || left(r) == 0)
        return false;
    out->ton = take_u8(r);
    out->npi = take_u8(r);
    out->address = take_cstr(r);
    struct strv code = take_octets(r, 4);
    if (code.n == 4)
        out->error_status_code = be_get32((const uint8_t *)code.p);
    return !r->failed;
}

static struct smpp_list take_dests(struct rd *r)
{
    struct smpp_list l = { .count = take_u8(r) };
    const uint8_t *start = r->p;
    struct smpp_dest d;
    for (unsigned i = 0; i < l.count; i++)
        if (!smpp_dest_next(r, &d))
            fail(r);
    if (r->failed)
        return (struct smpp_list){ 0 };
    l.octets = (struct strv){ (const char *)start, (size_t)(r->p - start) };
    return l;
}

static struct smpp_list take_unsuccess(struct rd *r)
{
    struct smpp_list l = { .count = take_u8(r) };
    const uint8_t *start = r->p;
    struct smpp_unsuccess u;
    for (unsigned i = 0; i < l.count; i++)
        if (!smpp_unsuccess_next(r, &u))
            fail(r);
    if (r->failed)
        return (struct smpp_list){ 0 };
    l.octets = (struct strv){ (const char *)start, (size_t)(r->p - start) };
    return l;
}

/* With a failed cursor every field becomes empty. */
#define LAYOUT(layout)                                                                                       \
    static void decode_##layout(struct rd *r, struct smpp_##layout *b)                                       \
    {                                                                                                        \
        (void)r;                                                                                             \
        b->end_ = 0;
#define U8(field, bad)        b->field = take_u8(r);
#define CSTR(field, max, bad) b->field = take_cstr(r);
#define SM(field)             b->field = take_octets(r, take_u8(r));
#define DESTS(field)          b->field = take_dests(r);
#define UNSUCCESS(field)      b->field = take_unsuccess(r);
#define END(layout)           }
#include "smpp/pdu.def"

static bool decode_body(struct rd *r, struct smpp_pdu *pdu)
{
    switch (pdu->command_id) {
#define PDU(name, id, layout, since)                                                                         \
    case id:                                                                                                 \
        decode_##layout(r, &pdu->layout);                                                                    \
        return true;
#include "smpp/pdu.def"
    default: return false;
    }
}

static bool decode_tlvs(struct rd *r, struct smpp_pdu *pdu)
{
    while (left(r) >= 4) {
        if (pdu->tlv_count == SMPP_TLVS_MAX && pdu->tlv_rest.n == 0)
            pdu->tlv_rest.p = (const char *)r->p;
        uint16_t tag = be_get16(r->p);
        size_t n = be_get16(r->p + 2);
        if (n > left(r) - 4)
            return false;
        if (pdu->tlv_count < SMPP_TLVS_MAX)
            pdu->tlvs[pdu->tlv_count++] = (struct smpp_tlv){ tag, { (const char *)r->p + 4, n } };
        else
            pdu->tlv_rest.n += 4 + n;
        r->p += 4 + n;
    }
    return left(r) == 0;
}

long smpp_frame_length(const void *p, size_t n, size_t max)
{
    if (n < 4)
        return 0;
    uint32_t length = be_get32(p);
    if (length < SMPP_HEADER_SIZE)
        return -1;
    if (length <= max)
        return (long)length;
    /* refused when the header is there, so that the generic_nack can carry its sequence_number (3.4 §4.3) */
    return n < SMPP_HEADER_SIZE ? 0 : -1;
}

static enum smpp_decode bad(struct smpp_pdu *pdu, enum smpp_defect defect, uint32_t status, uint32_t *out)
{
    pdu->defect = (uint8_t)defect;
    if (out)
        *out = status;
    return SMPP_DECODE_BAD;
}

static void read_header(const uint8_t *p, size_t n, struct smpp_pdu *pdu)
{
    pdu->command_length = n >= 4 ? be_get32(p) : 0;
    pdu->command_id = n >= 8 ? be_get32(p + 4) : 0;
    pdu->command_status = n >= 12 ? be_get32(p + 8) : 0;
    pdu->sequence_number = n >= 16 ? be_get32(p + 12) : 0;
    pdu->body_absent = false;
    pdu->defect = SMPP_DEFECT_NONE;
    pdu->tlv_count = 0;
    pdu->tlv_rest = (struct strv){ NULL, 0 };
}

enum smpp_decode smpp_pdu_decode(const void *p, size_t n, struct smpp_pdu *pdu, uint32_t *status)
{
    const uint8_t *octets = p;
    if (status)
        *status = SMPP_ESME_ROK;
    if (n < SMPP_HEADER_SIZE || n < be_get32(octets) || be_get32(octets) < SMPP_HEADER_SIZE) {
        memset(pdu, 0, offsetof(struct smpp_pdu, tlvs)); /* no field may point anywhere */
        read_header(octets, n, pdu);
        if (n >= 4 && pdu->command_length < SMPP_HEADER_SIZE)
            return bad(pdu, SMPP_DEFECT_LENGTH, SMPP_ESME_RINVCMDLEN, status);
        return SMPP_DECODE_NEED_MORE;
    }
    read_header(octets, n, pdu);

    struct rd r = { octets + SMPP_HEADER_SIZE, octets + pdu->command_length, false };
    pdu->body_absent = pdu->command_length == SMPP_HEADER_SIZE && (pdu->command_id & SMPP_RESPONSE);
    if (pdu->body_absent)
        r.failed = true; /* every field empty, and no reproach */
    if (!decode_body(&r, pdu)) {
        pdu->unknown = (struct strv){ (const char *)r.p, left(&r) };
        return bad(pdu, SMPP_DEFECT_COMMAND, SMPP_ESME_RINVCMDID, status);
    }
    if (pdu->body_absent)
        return SMPP_DECODE_OK;
    if (r.failed)
        return bad(pdu, SMPP_DEFECT_BODY, SMPP_ESME_RINVCMDLEN, status);
    if (!decode_tlvs(&r, pdu))
        return bad(pdu, SMPP_DEFECT_TLVS, SMPP_ESME_RINVOPTPARSTREAM, status);
    return SMPP_DECODE_OK;
}

const char *smpp_command_name(uint32_t command_id)
{
    const char *text = NULL;
    switch (command_id) {
#define PDU(name, id, layout, since)                                                                         \
    case id:                                                                                                 \
        text = #name;                                                                                        \
        break;
#include "smpp/pdu.def"
    default: break;
    }
    return text;
}

bool smpp_command_known(uint32_t command_id)
{
    return smpp_command_name(command_id) != NULL;
}

bool smpp_is_response(uint32_t command_id)
{
    return (command_id & SMPP_RESPONSE) != 0;
}

uint32_t smpp_command_at(size_t i)
{
    static const uint32_t ids[] = {
#define PDU(name, id, layout, since) id,
#include "smpp/pdu.def"
    };
    return i < sizeof ids / sizeof *ids ? ids[i] : 0;
}
