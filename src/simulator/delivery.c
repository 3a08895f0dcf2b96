#include "simulator/delivery.h"

#include "simulator/outcomes.h"
#include "smpp/receipt.h"

#include <stdlib.h>
#include <string.h>

struct delivery *delivery_new(struct strv text)
{
    if (text.n > UINT8_MAX)
        return NULL;
    struct delivery *d = calloc(1, sizeof *d + text.n);
    if (!d)
        return NULL;
    d->text_n = (uint8_t)text.n;
    if (text.n)
        memcpy(d->text, text.p, text.n);
    return d;
}

struct delivery *delivery_copy(const struct delivery *d)
{
    struct delivery *copy = malloc(sizeof *d + d->text_n);
    if (copy) {
        memcpy(copy, d, sizeof *d + d->text_n);
        copy->due = (struct heap_node){ 0 };
    }
    return copy;
}

bool delivery_is_receipt(const struct delivery *d)
{
    return d->id != 0;
}

static struct strv delivery_text(const struct delivery *d)
{
    return (struct strv){ (const char *)d->text, d->text_n };
}

/* Both ways at once, as the better carriers do: TLVs, and the text of 3.4 Appendix B. */
static void delivery_write_receipt(const struct delivery *d, enum messageid_form form, struct buf *scratch,
                                   struct delivery_pdu *out)
{
    out->id = messageid_format(form, d->id);
    unsigned error = outcomes_error(d->state);
    struct receipt_write r = { .id = strv_from(out->id.s),
                               .message_state = d->state,
                               .err = error,
                               .submitted = d->submitted,
                               .done = d->done,
                               .text = delivery_text(d) };
    buf_clear(scratch);
    receipt_put(scratch, &r);
    out->sm.esm_class = SMPP_ESM_RECEIPT;
    out->sm.short_message = (struct strv){ (const char *)scratch->data, scratch->len };
    out->octets[0] = d->state;
    out->octets[1] = 3; /* network type: GSM (5.3.2.31) */
    be_put16(out->octets + 2, (uint16_t)error);
    out->tlvs[0].tag = SMPP_TLV_receipted_message_id;
    out->tlvs[0].value = (struct strv){ out->id.s, strlen(out->id.s) + 1 };
    out->tlvs[1].tag = SMPP_TLV_message_state;
    out->tlvs[1].value = (struct strv){ (const char *)out->octets, 1 };
    out->tlvs[2].tag = SMPP_TLV_network_error_code;
    out->tlvs[2].value = (struct strv){ (const char *)out->octets + 1, 3 };
    out->tlv_count = error ? 3 : 2;
}

void delivery_write(const struct delivery *d, enum messageid_form form, struct buf *scratch,
                    struct delivery_pdu *out)
{
    out->sm = (struct smpp_sm){ .source_addr_ton = d->from.ton,
                                .source_addr_npi = d->from.npi,
                                .source_addr = strv_from(d->from.digits),
                                .dest_addr_ton = d->to.ton,
                                .dest_addr_npi = d->to.npi,
                                .destination_addr = strv_from(d->to.digits),
                                .esm_class = d->esm_class,
                                .data_coding = d->data_coding,
                                .short_message = delivery_text(d) };
    out->tlv_count = 0;
    if (delivery_is_receipt(d))
        delivery_write_receipt(d, form, scratch, out);
}

bool delivery_address_parse(struct strv s, struct delivery_address *out)
{
    bool plus = s.n && s.p[0] == '+', digits = true;
    if (plus)
        s = strv_sub(s, 1, s.n);
    for (size_t i = 0; i < s.n; i++)
        digits = digits && s.p[i] >= '0' && s.p[i] <= '9';
    if (s.n == 0 || s.n > 20 || (plus && !digits))
        return false;
    if (!digits)
        delivery_address_set(out, 5, 0, s); /* alphanumeric, unknown plan (3.4 §5.2.5, §5.2.6) */
    else if (s.n <= 6 && !plus)
        delivery_address_set(out, 3, 0, s); /* network specific: a short code */
    else
        delivery_address_set(out, 1, 1, s); /* international, E.164 */
    return true;
}

void delivery_address_set(struct delivery_address *a, uint8_t ton, uint8_t npi, struct strv digits)
{
    a->ton = ton;
    a->npi = npi;
    strv_copy(digits, a->digits, sizeof a->digits);
}
