/* struct smpp_pdu to octets: the size is computed first from the same rows, so that the writer needs no
 * checks. */
#include "smpp/pdu.h"

#include <string.h>

/* What a PDU needs; `ok` is false when it cannot be written. */
struct need {
    size_t n;
    bool ok;
};

static inline void need_cstr(struct need *need, struct strv s)
{
    need->n += s.n + 1;
    if (s.n && memchr(s.p, 0, s.n))
        need->ok = false;
}

static inline void need_counted(struct need *need, struct strv s)
{
    need->n += s.n + 1;
    if (s.n > 255)
        need->ok = false;
}

#define LAYOUT(layout)                                                                                       \
    static void need_##layout(struct need *need, const struct smpp_##layout *b)                              \
    {                                                                                                        \
        (void)need, (void)b;
#define U8(field, bad)        need->n++;
#define CSTR(field, max, bad) need_cstr(need, b->field);
#define SM(field)             need_counted(need, b->field);
#define DESTS(field)          need->n += 1 + b->field.octets.n;
#define UNSUCCESS(field)      need->n += 1 + b->field.octets.n;
#define END(layout)           }
#include "smpp/pdu.def"

static inline uint8_t *put(uint8_t *w, struct strv s)
{
    if (s.n)
        memcpy(w, s.p, s.n);
    return w + s.n;
}

static inline uint8_t *put_cstr(uint8_t *w, struct strv s)
{
    w = put(w, s);
    *w++ = 0;
    return w;
}

static inline uint8_t *put_counted(uint8_t *w, size_t count, struct strv s)
{
    *w++ = (uint8_t)count;
    return put(w, s);
}

#define LAYOUT(layout)                                                                                       \
    static uint8_t *write_##layout(uint8_t *w, const struct smpp_##layout *b)                                \
    {                                                                                                        \
        (void)b;
#define U8(field, bad)        *w++ = b->field;
#define CSTR(field, max, bad) w = put_cstr(w, b->field);
#define SM(field)             w = put_counted(w, b->field.n, b->field);
#define DESTS(field)          w = put_counted(w, b->field.count, b->field.octets);
#define UNSUCCESS(field)      w = put_counted(w, b->field.count, b->field.octets);
#define END(layout)                                                                                          \
    return w;                                                                                                \
    }
#include "smpp/pdu.def"

static struct need need_of(const struct smpp_pdu *pdu)
{
    struct need need = { SMPP_HEADER_SIZE, true };
    if (pdu->body_absent)
        return need;
    switch (pdu->command_id) {
#define PDU(name, id, layout, since)                                                                         \
    case id:                                                                                                 \
        need_##layout(&need, &pdu->layout);                                                                  \
        break;
#include "smpp/pdu.def"
    default: need.n += pdu->unknown.n;
    }
    for (unsigned i = 0; i < pdu->tlv_count; i++) {
        need.n += 4 + pdu->tlvs[i].value.n;
        if (pdu->tlvs[i].value.n > UINT16_MAX)
            need.ok = false;
    }
    need.n += pdu->tlv_rest.n;
    if (need.n > UINT32_MAX)
        need.ok = false;
    return need;
}

static uint8_t *write_body(uint8_t *w, const struct smpp_pdu *pdu)
{
    switch (pdu->command_id) {
#define PDU(name, id, layout, since)                                                                         \
    case id:                                                                                                 \
        w = write_##layout(w, &pdu->layout);                                                                 \
        break;
#include "smpp/pdu.def"
    default: w = put(w, pdu->unknown);
    }
    for (unsigned i = 0; i < pdu->tlv_count; i++) {
        be_put16(w, pdu->tlvs[i].tag);
        be_put16(w + 2, (uint16_t)pdu->tlvs[i].value.n);
        w = put(w + 4, pdu->tlvs[i].value);
    }
    return put(w, pdu->tlv_rest);
}

bool smpp_pdu_encode(const struct smpp_pdu *pdu, struct buf *out)
{
    struct need need = need_of(pdu);
    if (!need.ok || !buf_reserve(out, need.n))
        return false;
    uint8_t *w = out->data + out->len;
    be_put32(w, (uint32_t)need.n);
    be_put32(w + 4, pdu->command_id);
    be_put32(w + 8, pdu->command_status);
    be_put32(w + 12, pdu->sequence_number);
    if (!pdu->body_absent)
        write_body(w + SMPP_HEADER_SIZE, pdu);
    out->len += need.n;
    return true;
}

bool smpp_dest_put(struct buf *out, const struct smpp_dest *d)
{
    if (d->address.n && memchr(d->address.p, 0, d->address.n))
        return false;
    size_t start = out->len;
    buf_put_u8(out, d->dest_flag);
    if (d->dest_flag != 2) {
        buf_put_u8(out, d->ton);
        buf_put_u8(out, d->npi);
    }
    buf_put_strv(out, d->address);
    if (buf_put_u8(out, 0))
        return true;
    out->len = start;
    return false;
}

bool smpp_unsuccess_put(struct buf *out, const struct smpp_unsuccess *u)
{
    if (u->address.n && memchr(u->address.p, 0, u->address.n))
        return false;
    size_t start = out->len;
    buf_put_u8(out, u->ton);
    buf_put_u8(out, u->npi);
    buf_put_strv(out, u->address);
    buf_put_u8(out, 0);
    if (buf_put_u32(out, u->error_status_code))
        return true;
    out->len = start;
    return false;
}
