/* One message on its way to a carrier: from the queue's look-ahead or a campaign's producer, until every part
 * has been answered or given up. Also how it is written: alphabet, parts, addresses, validity (SMPP 3.4
 * §4.4.1). */
#ifndef TESSERA_ENGINE_OUTGOING_H
#define TESSERA_ENGINE_OUTGOING_H

#include "domain/sender.h"
#include "engine/link.h"
#include "smpp/parts.h"
#include "store/spool.h"

struct campaign;
struct carrier;

#define OUTGOING_LIMITS 16 /* of the configuration's rates that may hold for one message */

struct outgoing {
    struct message m; /* its views point into `block` */
    void *block;      /* freed with it; NULL: the views are in the same allocation */
    uint32_t clock;   /* of the loop's dictionary */
    uint16_t attempts;
    uint32_t parts_done[8]; /* answered OK in an earlier attempt */

    /* which of the configuration's rates hold for it: rates.h */
    uint32_t limits_of; /* the list they are of; 0 = not looked up */
    uint16_t limits[OUTGOING_LIMITS];
    uint8_t n_limits;
    bool limits_over; /* there are more: it cannot go */
    /* it waits for one of them, so that others can pass: aside.c */
    uint16_t aside; /* the queue, from 1; 0 = not */
    struct outgoing *next_aside;

    /* of a campaign: not yet accepted */
    struct campaign *campaign;
    uint32_t clock_slot, generation;
    uint32_t expected;          /* the cursor before it */
    enum message_state refused; /* MESSAGE_NONE, or what it is accepted as at once (FAILED, READY ...) */
    enum message_reason reason;
    uint32_t style; /* by which its parts were counted: style_id() */

    /* accepted and claimed at once: told when that is synced, or refused (then the message is freed) */
    spool_done accepted;
    void *accepted_ctx;

    /* in flight */
    struct carrier *carrier;
    struct link *link;            /* NULL when that bind has been taken out of the configuration */
    unsigned reserved;            /* places kept on the link until the claim is synced */
    usec_t claimed_at;            /* mono; when it was asked for */
    unsigned waiting, failed;     /* parts without a response; parts refused for good */
    uint32_t failed_status;       /* why */
    enum smpp_status_class worst; /* of those to be tried again */
    uint32_t status;              /* of `worst` */
    bool again, lost;             /* some part is to be tried again; some part is uncertain */
    bool unsent;                  /* some part found no room: it goes when these are answered */
};

/* Takes the block; NULL: out of memory (block freed). */
struct outgoing *outgoing_from_loaded(struct spool_loaded *l);
void outgoing_free(struct outgoing *o);
/* The bind it is on, for its history. */
struct outgoing_place {
    struct spool_place at; /* its host points into the next */
    struct bind_status bind;
};
void outgoing_place(const struct outgoing *o, struct outgoing_place *out);
bool outgoing_part_done(const struct outgoing *o, unsigned part);
unsigned outgoing_parts_left(const struct outgoing *o); /* parts that are still to be submitted */

#define OUTGOING_TLVS      SMPP_TLVS_MAX
#define OUTGOING_PART_TLVS 4 /* of which the parts need at most so many */

/* Scratch for encoding, one a carrier. */
struct outgoing_writer {
    struct parts parts;
    struct buf scratch;
    char validity[20];
    char to[24];
    struct sender sender;
    struct smpp_tlv tlvs[OUTGOING_TLVS]; /* of the part filled last */
    size_t n_tlvs, n_common;             /* the first go with every part: set after outgoing_split */
    uint8_t sar[4];                      /* their values: reference, parts, number */
};
void outgoing_writer_free(struct outgoing_writer *w);
/* Splits the text in the style of the carrier; when some parts of it have been taken, as it was split then.
 * OTHER: that makes other parts than were counted (w->parts has them): the message is to be planned again.
 * BAD: the sender or the text cannot be (intake lets neither through). */
enum outgoing_split { OUTGOING_SPLIT, OUTGOING_OTHER, OUTGOING_BAD };
enum outgoing_split outgoing_split(struct outgoing_writer *w, const struct outgoing *o,
                                   struct parts_options style);
/* The submit_sm of part i, after outgoing_split; its TLVs are in the writer. Views are into the writer and
 * the message. `left`: how long it is worth anything to the recipient from now on (USEC_NEVER: no limit);
 * `wall`: now. */
void outgoing_fill(struct outgoing_writer *w, const struct outgoing *o, const struct carrier_options *c,
                   unsigned part, usec_t left, usec_t wall, struct smpp_sm *sm);

/* Token of a submission: how the message was cut (8 bits below the highest, see spool_cut), its id, the part.
 * A response may come when the message is cut otherwise, for another carrier or after a reload. */
static inline uint64_t outgoing_token(const struct message *m, unsigned part)
{
    return (uint64_t)spool_cut(m->parts, m->plan) << 55 | m->id << 8 | (part & 255);
}
static inline uint64_t outgoing_token_id(uint64_t token)
{
    return token >> 8 & ((UINT64_C(1) << 47) - 1);
}
static inline uint8_t outgoing_token_cut(uint64_t token)
{
    return (uint8_t)(token >> 55);
}

#endif
