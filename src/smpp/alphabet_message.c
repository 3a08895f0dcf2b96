/* A message as it came to text: header, packing, national tables. */
#include "smpp/alphabet.h"

#define UDHI 0x40 /* esm_class, SMPP 3.4 §5.2.12 */

/* The bits between the header and the first septet (TS 23.040 §9.2.3.24). */
static unsigned fill_bits(size_t header)
{
    return (unsigned)((7 - 8 * header % 7) % 7);
}

static bool decode_gsm7(const struct alphabet_message *m, bool packed, struct buf *utf8)
{
    if (!packed)
        return m->shift.single || m->shift.locking ? shift_decode(m->shift, m->udh.data, utf8)
                                                   : alphabet_decode(ALPHABET_GSM7, m->udh.data, utf8);
    struct buf septets = { 0 };
    bool ok = alphabet_unpack7(m->udh.data, fill_bits(m->udh.header.n), true, SIZE_MAX, &septets) &&
              shift_decode(m->shift, (struct strv){ (const char *)septets.data, septets.len }, utf8);
    buf_free(&septets);
    return ok;
}

bool alphabet_decode_message(uint8_t data_coding, uint8_t esm_class, struct strv octets,
                             const struct alphabet_reading *how, struct buf *utf8,
                             struct alphabet_message *out)
{
    *out = (struct alphabet_message){ .coding = data_coding_read(data_coding, how->smsc_default),
                                      .udh = { .data = octets } };
    /* A length that points outside: no header after all, the octets are shown as they are. */
    out->has_udh = (esm_class & UDHI) && udh_read(octets, &out->udh);
    enum alphabet a = out->coding.alphabet;
    bool named = out->udh.national_single || out->udh.national_locking;
    /* Tables are for the 7-bit default alphabet of the air, whatever the carrier makes of coding 0 else. */
    if (a == ALPHABET_GSM7 || (out->coding.is_default && named)) {
        out->coding.alphabet = ALPHABET_GSM7;
        out->shift.single = out->udh.national_single;
        out->shift.locking = out->udh.national_locking;
        return decode_gsm7(out, how->packed, utf8);
    }
    return alphabet_decode(a, out->udh.data, utf8);
}
