#include "smpp/udh.h"

#include "base/buf.h"

static void read_ie(struct udh *u, uint8_t id, const uint8_t *p, size_t n)
{
    switch (id) {
    case UDH_CONCAT8:
    case UDH_CONCAT16: {
        size_t ref = id == UDH_CONCAT8 ? 1 : 2;
        if (n != ref + 2 || p[ref] == 0 || p[ref + 1] == 0 || p[ref + 1] > p[ref])
            return; /* §9.2.3.24.1: such an element is ignored */
        u->concat_bits = id == UDH_CONCAT8 ? 8 : 16;
        u->concat_ref = ref == 1 ? p[0] : be_get16(p);
        u->concat_total = p[ref];
        u->concat_seq = p[ref + 1];
        return;
    }
    case UDH_PORTS8:
        if (n != 2)
            return;
        u->port_bits = 8;
        u->port_dst = p[0];
        u->port_src = p[1];
        return;
    case UDH_PORTS16:
        if (n != 4)
            return;
        u->port_bits = 16;
        u->port_dst = be_get16(p);
        u->port_src = be_get16(p + 2);
        return;
    case UDH_NATIONAL_SINGLE:
        if (n == 1)
            u->national_single = p[0];
        return;
    case UDH_NATIONAL_LOCKING:
        if (n == 1)
            u->national_locking = p[0];
        return;
    default: return;
    }
}

bool udh_read(struct strv message, struct udh *out)
{
    *out = (struct udh){ .data = message };
    if (message.n == 0)
        return false;
    const uint8_t *p = (const uint8_t *)message.p;
    size_t length = (size_t)p[0] + 1;
    if (length > message.n)
        return false;
    out->header = strv_sub(message, 0, length);
    out->data = strv_sub(message, length, message.n - length);
    size_t at = 1;
    while (length - at >= 2) {
        size_t n = p[at + 1];
        if (n > length - at - 2)
            break;
        read_ie(out, p[at], p + at + 2, n);
        at += 2 + n;
    }
    return true;
}

unsigned udh_write_concat(uint8_t out[7], unsigned bits, uint16_t ref, uint8_t total, uint8_t seq)
{
    unsigned at = 0, wide = bits == 16;
    out[at++] = (uint8_t)(5 + wide);
    out[at++] = wide ? UDH_CONCAT16 : UDH_CONCAT8;
    out[at++] = (uint8_t)(3 + wide);
    if (wide)
        out[at++] = (uint8_t)(ref >> 8);
    out[at++] = (uint8_t)ref;
    out[at++] = total;
    out[at++] = seq;
    return at;
}
