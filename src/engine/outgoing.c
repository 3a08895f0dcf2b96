#include "engine/outgoing.h"

#include "domain/number.h"
#include "engine/style.h"
#include "smpp/time.h"

#include <stdlib.h>
#include <string.h>

struct outgoing *outgoing_from_loaded(struct spool_loaded *l)
{
    struct outgoing *o = calloc(1, sizeof *o);
    if (o == NULL) {
        free(l);
        return NULL;
    }
    o->m = l->m;
    o->block = l;
    o->attempts = l->attempts;
    memcpy(o->parts_done, l->parts_done, sizeof o->parts_done);
    return o;
}

void outgoing_free(struct outgoing *o)
{
    if (o != NULL) {
        free(o->block);
        free(o);
    }
}

void outgoing_place(const struct outgoing *o, struct outgoing_place *out)
{
    out->at = (struct spool_place){ .bind = -1 };
    if (o->link != NULL) {
        link_get_status(o->link, &out->bind, 0);
        out->at = (struct spool_place){ (int)link_id(o->link), strv_from(out->bind.host) };
    }
}

bool outgoing_part_done(const struct outgoing *o, unsigned part)
{
    return (o->parts_done[part / 32] >> (part % 32) & 1) != 0;
}

unsigned outgoing_parts_left(const struct outgoing *o)
{
    unsigned done = 0;
    for (size_t i = 0; i < 8; i++) {
        done += (unsigned)__builtin_popcount(o->parts_done[i]);
    }
    return o->m.parts > done ? o->m.parts - done : 0;
}

void outgoing_writer_free(struct outgoing_writer *w)
{
    parts_free(&w->parts);
    buf_free(&w->scratch);
}

/* As it was before plans were stored: one of the two headers, joined by the message's id. */
static bool outgoing_split_old(struct outgoing_writer *w, const struct outgoing *o)
{
    uint16_t reference = (uint16_t)(o->m.id ^ o->m.id >> 16);
    for (enum parts_mode mode = PARTS_UDH8; mode <= PARTS_UDH16; mode++) {
        if (parts_split(&w->parts, o->m.text, alphabet_choose(o->m.text), mode, reference) &&
            w->parts.count == o->m.parts) {
            return true;
        }
    }
    return false;
}

/* The rest of a message: its parts must fit to those that have been taken. */
static bool outgoing_split_again(struct outgoing_writer *w, const struct outgoing *o)
{
    return o->m.plan == 0 ? outgoing_split_old(w, o)
                          : style_make(&w->parts, o->m.text, o->m.plan, o->m.reference, &w->scratch) &&
                                w->parts.count == o->m.parts;
}

enum outgoing_split outgoing_split(struct outgoing_writer *w, const struct outgoing *o,
                                   struct parts_options style)
{
    struct err e;
    w->n_common = 0;
    if (!sender_parse(o->m.sender, NULL, &w->sender, &e)) {
        return OUTGOING_BAD;
    }
    if (o->m.parts > 1 && outgoing_parts_left(o) < o->m.parts) {
        return outgoing_split_again(w, o) ? OUTGOING_SPLIT : OUTGOING_BAD;
    }
    style.reference = o->m.reference;
    if (!parts_make(&w->parts, o->m.text, &style)) {
        return OUTGOING_BAD;
    }
    /* Answers are counted against what is stored: a reload may have changed how the carrier wants its parts.
     */
    bool same =
        w->parts.count == o->m.parts && (w->parts.count == 1 || style_plan_made(&w->parts) == o->m.plan);
    return same ? OUTGOING_SPLIT : OUTGOING_OTHER;
}

/* Never later than it ends: a relative one is cut to a second; less than one is written as one, since "now"
 * is a time that some carriers take for none. */
static void outgoing_validity(struct outgoing_writer *w, const struct carrier_options *c, usec_t left,
                              usec_t wall)
{
    w->validity[0] = 0;
    if (left == USEC_NEVER || strcmp(c->validity, "none") == 0) {
        return;
    }
    left = left > USEC_SEC ? left : USEC_SEC;
    if (strcmp(c->validity, "absolute") == 0) {
        smpp_time_from_instant(wall + left, w->validity);
    } else {
        smpp_time_from_duration(left, w->validity);
    }
}

static void outgoing_add(struct outgoing_writer *w, uint16_t tag, struct strv value)
{
    if (w->n_tlvs < OUTGOING_TLVS) {
        w->tlvs[w->n_tlvs++] = (struct smpp_tlv){ tag, value };
    }
}

/* What goes beside the text: SMPP 3.4 §5.3.2.22 to 24, .32. */
static void outgoing_put_parts(struct outgoing_writer *w, const struct parts_fields *f)
{
    const char *sar = (const char *)w->sar;
    w->n_tlvs = w->n_common;
    if (f->sar) {
        be_put16(w->sar, f->sar_msg_ref_num);
        w->sar[2] = f->sar_total_segments;
        w->sar[3] = f->sar_segment_seqnum;
        outgoing_add(w, SMPP_TLV_sar_msg_ref_num, (struct strv){ sar, 2 });
        outgoing_add(w, SMPP_TLV_sar_total_segments, (struct strv){ sar + 2, 1 });
        outgoing_add(w, SMPP_TLV_sar_segment_seqnum, (struct strv){ sar + 3, 1 });
    }
    if (f->message_payload.n > 0) {
        outgoing_add(w, SMPP_TLV_message_payload, f->message_payload);
    }
}

void outgoing_fill(struct outgoing_writer *w, const struct outgoing *o, const struct carrier_options *c,
                   unsigned part, usec_t left, usec_t wall, struct smpp_sm *sm)
{
    struct number_text to = number_format(o->m.to);
    strv_copy(strv_from(to.s + 1), w->to, sizeof w->to);
    struct parts_fields f = parts_fields(&w->parts, part);
    outgoing_validity(w, c, left, wall);
    outgoing_put_parts(w, &f);
    *sm = (struct smpp_sm){
        .service_type = strv_from(c->service_type),
        .source_addr_ton = w->sender.ton,
        .source_addr_npi = w->sender.npi,
        .source_addr = strv_from(w->sender.address),
        .dest_addr_ton = SENDER_DEST_TON,
        .dest_addr_npi = SENDER_DEST_NPI,
        .destination_addr = strv_from(w->to),
        .esm_class = f.esm_class,
        .validity_period = strv_from(w->validity),
        .registered_delivery = SMPP_REGISTERED_FINAL,
        .data_coding = f.data_coding,
        .short_message = f.short_message,
    };
}
