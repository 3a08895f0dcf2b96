/* A carrier: its binds, its rate, what is in flight on it, and its lanes of messages to be sent. carrier.c
 * keeps the binds and hands what comes in upwards, lane.c looks ahead into the stored queue, dispatch.c
 * decides what goes out and when, outcome.c what becomes of it.
 *
 * Everything here is the loop's. The engine owns carriers, a carrier its binds and what is in its lanes: one
 * `struct outgoing` is in one place at a time, and whoever takes it out frees it or puts it elsewhere. */
#ifndef TESSERA_ENGINE_CARRIER_H
#define TESSERA_ENGINE_CARRIER_H

#include "base/bucket.h"
#include "base/ring.h"
#include "domain/adaptive.h"
#include "engine/fair.h"
#include "engine/outgoing.h"
#include "engine/routing.h"
#include "engine/tlvs.h"

struct engine;

#define CARRIER_BINDS (ENGINE_MAX_BINDS + ENGINE_MAX_OUTBINDS)

/* Messages of a lane that wait for one of the configuration's rates, or for the recipient's last one. */
struct aside {
    struct outgoing *first, *last; /* by id */
    unsigned n;
    usec_t until; /* mono; the first cannot go before */
};

/* The look-ahead into the stored queue of one lane: struct outgoing *, oldest first. */
struct lane {
    struct ring ahead;
    struct aside *asides; /* 0: for recipients; i + 1: for rate i; NULL: none was needed yet */
    size_t n_asides;
    unsigned put_aside;  /* messages in all of them */
    struct hmap waiting; /* recipient -> queue << 32 | messages of it that are put aside */
    uint64_t after;      /* highest id loaded */
    bool loading;        /* a load is under way */
    bool more;           /* the store may have messages behind `after` */
    bool returned;       /* a message is back in the store that comes before what is not loaded yet */
    unsigned coming;     /* READY ones that the store has been given and has not answered yet */
    uint32_t generation; /* loads of an older one are thrown away: the lane was begun anew */
};

struct carrier {
    struct engine *g;
    uint16_t number; /* in the spool's carrier book: never changes, never given to another name */
    struct carrier_options o;
    struct parts_options style; /* how it wants texts: see carrier_style */
    struct tlvs_carrier tlvs;
    uint64_t tlvs_withheld; /* submissions that went without, to a peer of SMPP 3.3 */
    bool configured;        /* false: only known because messages of it are stored */
    bool paused;            /* by an operator: nothing is submitted; see pause.c */
    usec_t paused_since;    /* wall; 0 = not */
    struct tls_ctx *tls;
    struct link *links[ENGINE_MAX_BINDS];
    size_t n_links, next_link;
    struct link *leaving[CARRIER_BINDS]; /* replaced at a reload: they wait for their last responses */
    size_t n_leaving;
    struct link *outbinds[ENGINE_MAX_OUTBINDS]; /* that the carrier has asked for; NULL: free */
    struct link *trying; /* binds to a host that is preferred, to take over from links[trying_for] */
    size_t trying_for;
    usec_t cert_peer, cert_own,
        cert_again;     /* wall: what certificates_second() knew; mono: when to log again */
    usec_t failback_at; /* mono; when the first host is tried; 0: not fixed */
    struct bucket rate;
    struct bucket bind_rate[CARRIER_BINDS]; /* by the id of the bind */
    struct hmap busy; /* recipient -> messages in flight, while the carrier is slowed: its order is kept */
    int64_t claiming; /* parts whose claim is not synced yet; their tokens are taken */
    struct adaptive adaptive;          /* the rate it takes when it asks to slow down */
    usec_t store_until;                /* mono; the store refused a claim */
    struct lane lanes[2 * LANE_COUNT]; /* by class; then those of what is parked */
    struct fair fair;                  /* turns inside a lane */
    struct hmap in_flight;             /* message id -> struct outgoing *: claimed, or being claimed */
    struct loop_task dispatch;
    struct loop_timer wake; /* the one next allowed instant */
    struct outgoing_writer writer;
    struct carrier_routing routing;
    int64_t cost; /* of the parts taken since the start, in millionths */
    uint64_t submitted, answered, failed, lost, receipts, inbound;
    struct carrier_receipts receipt_kinds; /* of the receipts */
    enum { RECEIPTS_BY_ESM_CLASS, RECEIPTS_BY_TEXT, RECEIPTS_BY_EITHER } receipts_by;
    usec_t unreadable_again;      /* mono; when a receipt that nobody can read is logged again */
    uint64_t rate_sum, rate_last; /* parts in this second, in the one before */
};

/* Options are copied. The binds are not started. */
struct carrier *carrier_new(struct engine *g, uint16_t number, const struct carrier_options *o,
                            struct err *e);
void carrier_free(struct carrier *c);
void carrier_start(struct carrier *c);
/* Same name: takes rates and timers; binds whose address, name or number changed are made anew. */
bool carrier_reconfigure(struct carrier *c, const struct carrier_options *o, struct err *e);
void carrier_stop(struct carrier *c, const char *why); /* unbinds in good order */
void carrier_hurry(struct carrier *c);                 /* one that stops waits for no response any longer */
bool carrier_all_down(const struct carrier *c);
const char *carrier_state_name(const struct carrier *c);
void carrier_second(struct carrier *c); /* every second: figures */
/* A bound link with room for `parts` whose own rate allows `cost` now, the least used; NULL when there is
 * none: `*later` (may be NULL) is brought forward to when the rate of one with room allows it. */
struct link *carrier_pick(struct carrier *c, unsigned parts, unsigned cost, usec_t *later);
struct bucket *carrier_bind_rate(struct carrier *c, const struct link *k);
/* Whether TLVs can be sent to it: none of its binds is to a peer of SMPP 3.3. */
bool carrier_takes_tlvs(const struct carrier *c);
/* How a text for it is written now. A carrier that wants its parts by TLVs and does not take any gets them
 * with a header in the text, 8 bits wide. */
struct parts_options carrier_style(const struct carrier *c);
/* Plans the text of a message for the carrier: sets parts (0: above PARTS_MAX) and plan. */
void carrier_plan(const struct carrier *c, struct message *m, struct parts_estimate *out);
/* What the status of a response means here: the carrier's own rules first, then the table of smpp/status.h.
 */
enum smpp_status_class carrier_status_class(const struct carrier *c, uint32_t status);
bool carrier_bound(const struct carrier *c); /* whether any bind takes submissions */
/* The bind of that session, also one that is leaving; NULL: gone. */
struct link *carrier_find_link(const struct carrier *c, unsigned id, uint32_t generation);
/* Closes every bind at once; what is in flight is told as lost. */
void carrier_abandon(struct carrier *c);
/* Whether the options can be taken (certificates are read). Changes nothing. */
bool carrier_check(const struct carrier_options *o, struct err *e);

struct link *carrier_new_link(struct carrier *c, enum session_bind mode, unsigned id, struct err *e);
/* One that is in no list any more ends in good order, with the responses to what is in flight. */
void carrier_retire(struct carrier *c, struct link *k, const char *why);

/* A bind on a connection on which the carrier has said its outbind. False: *why, and the connection is still
 * the caller's. */
bool carrier_adopt(struct carrier *c, struct conn *conn, const char **why);

/* --- failback.c --- */
void failback_second(struct carrier *c);
void failback_on_state(struct carrier *c, struct link *k);
void failback_drop(struct carrier *c); /* whatever is being tried */

/* --- certificates.c --- */
void certificates_second(struct carrier *c);
/* Wall; 0: none. The first of its binds' certificates to end; our own. */
usec_t certificates_peer(const struct carrier *c);
usec_t certificates_own(const struct carrier *c);
int64_t certificates_days(usec_t expires, usec_t wall); /* whole days left; negative: it has expired */

/* --- lane.c: a lane is a class, or LANE_PARKED and a class --- */
#define LANE_PARKED LANE_COUNT
static inline unsigned lane_of(const struct outgoing *o)
{
    return o->m.class_ + (o->m.parked ? LANE_PARKED : 0u);
}
void lane_init(struct lane *l);
void lane_free(struct lane *l);
/* Into the look-ahead by age. False: out of memory. Takes it otherwise; one that is there already is freed.
 */
bool lane_insert(struct lane *l, struct outgoing *o);
struct outgoing *lane_peek(struct carrier *c, unsigned lane); /* stays where it is; NULL: none */
/* Nothing to peek at, but something that comes before all else of its class is on its way back. */
bool lane_waits(const struct carrier *c, unsigned lane);
void lane_pop(struct carrier *c, unsigned lane);
/* READY in the store again (the move has been handed over): it keeps its place by age. Takes it. */
void lane_put_back(struct carrier *c, struct outgoing *o);
void lane_more(struct carrier *c, unsigned lane); /* new READY ones behind the look-ahead */
/* READY ones of the class may be before what is looked ahead at, parked ones too: begin anew. */
void lane_again(struct carrier *c, enum message_class class_);
/* A message just accepted as READY: into the look-ahead, when that has all that comes before it. False: it is
 * to be loaded (lane_more). */
bool lane_offer(struct carrier *c, struct outgoing *o);
/* Nothing of this lane or of one before it waits, in memory or in the store. */
bool lane_is_clear(const struct carrier *c, enum message_class class_);
/* Something of the class is parked, or is about to be. */
bool lane_has_parked(const struct carrier *c, enum message_class class_);

/* Offers each message of the look-ahead to take(); those it takes (true) are its own, the others keep their
 * places. */
void lane_sift(struct carrier *c, enum message_class class_, bool (*take)(void *ctx, struct outgoing *o),
               void *ctx);

/* --- aside.c --- */
/* The first of the lane that the configuration's rates let go now. Those that have to wait are put aside, up
 * to a bound, so that others can pass; order is kept among those of one limit and those to one recipient. It
 * stays where it is. NULL: none; `later` is brought forward to when one may go. */
struct outgoing *aside_peek(struct carrier *c, unsigned lane, usec_t now, usec_t *later);
/* Takes it out. */
void aside_pop(struct carrier *c, struct outgoing *o);
/* Whether a new message that nothing waits before may go at once. */
bool aside_lets(struct carrier *c, struct outgoing *o, usec_t now);
/* When the rates let a campaign's candidate go; `now`: at once. */
usec_t aside_when(struct carrier *c, struct outgoing *o, usec_t now);
void aside_clear(struct lane *l);                   /* frees the messages */
void aside_empty(struct carrier *c, unsigned lane); /* back into the look-ahead */
void aside_forget(struct carrier *c);               /* the rates are others now */
/* Claimed; and in flight no more. */
void aside_fly(struct carrier *c, const struct outgoing *o);
void aside_land(struct carrier *c, const struct outgoing *o);
void aside_slow(struct carrier *c, bool on); /* the carrier is slowed, or no more */

/* --- dispatch.c --- */
/* The parts that go at once: those that are left, or a window. */
unsigned dispatch_parts(const struct carrier *c, const struct outgoing *o);
void dispatch_init(struct carrier *c);
void dispatch_free(struct carrier *c);
void dispatch_kick(struct carrier *c); /* look again at the end of this turn */
/* A new message that nothing stands before and that may go at once: accepted and claimed in one transaction,
 * written to the socket as soon as that is synced. Its id, and o->accepted will be called; 0: it goes the
 * usual way (the caller keeps it). */
uint64_t dispatch_direct(struct carrier *c, struct outgoing *o);
void dispatch_ready_again(struct carrier *c, struct outgoing *o, enum message_reason reason, uint32_t code);

/* --- outcome.c --- */
void outcome_response(struct carrier *c, struct link *k, uint64_t token, const struct smpp_pdu *r);
void outcome_lost(struct carrier *c, struct link *k, uint64_t token, enum session_lost why);
void outcome_late(struct carrier *c, uint64_t token, const struct smpp_pdu *r);
/* The message in flight that a token is of; NULL: none. */
struct outgoing *outcome_find(const struct carrier *c, uint64_t token);
void outcome_forget(struct carrier *c, const struct outgoing *o);
void outcome_second(struct carrier *c); /* every second: the rate found rises */

#endif
