#include "engine/outgoing.h"

#include "domain/number.h"
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
}

bool outgoing_split(struct outgoing_writer *w, const struct outgoing *o, const struct carrier_options *c)
{
    struct err e;
    /* The reference is the message's own, so that parts sent again after a break still belong together. */
    uint16_t reference = (uint16_t)(o->m.id ^ o->m.id >> 16);
    const enum parts_mode modes[] = { c->udh16 ? PARTS_UDH16 : PARTS_UDH8,
                                      c->udh16 ? PARTS_UDH8 : PARTS_UDH16 };
    if (!sender_parse(o->m.sender, NULL, &w->sender, &e)) {
        return false;
    }
    /* Answers are counted against m.parts: a reload may have changed how the carrier wants its parts. */
    for (size_t i = 0; i < 2; i++) {
        if (parts_split(&w->parts, o->m.text, alphabet_choose(o->m.text), modes[i], reference) &&
            w->parts.count == o->m.parts) {
            return true;
        }
    }
    return false;
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

void outgoing_fill(struct outgoing_writer *w, const struct outgoing *o, const struct carrier_options *c,
                   unsigned part, usec_t left, usec_t wall, struct smpp_sm *sm)
{
    struct number_text to = number_format(o->m.to);
    strv_copy(strv_from(to.s + 1), w->to, sizeof w->to);
    outgoing_validity(w, c, left, wall);
    *sm = (struct smpp_sm){
        .service_type = strv_from(c->service_type),
        .source_addr_ton = w->sender.ton,
        .source_addr_npi = w->sender.npi,
        .source_addr = strv_from(w->sender.address),
        .dest_addr_ton = SENDER_DEST_TON,
        .dest_addr_npi = SENDER_DEST_NPI,
        .destination_addr = strv_from(w->to),
        .esm_class = w->parts.udhi ? SMPP_ESM_UDHI : 0,
        .validity_period = strv_from(w->validity),
        .registered_delivery = SMPP_REGISTERED_FINAL,
        .data_coding = w->parts.data_coding,
        .short_message = parts_get(&w->parts, part),
    };
}
