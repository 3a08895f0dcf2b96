/* A message: its class and lane, the states of its life, the reasons it is held, refused or ended for, and
 * the one table of moves that are allowed between states. Pure types; who stores and who moves them is
 * elsewhere.
 *
 *   accepted ─► held ─► ready ─► in flight ─► sent ─► delivered | undeliverable | expired
 *                │        │          │  │             | rejected | deleted | unknown
 *                │        │          │  └─► uncertain ─► ready (resend) | failed
 *                │        │          └─► failed, or ready or held again for a retry
 *                └────────┴─► suppressed | expired | cancelled
 *
 * The names are static; nothing here is allocated, no call fails but those that parse. */
#ifndef TESSERA_DOMAIN_MESSAGE_H
#define TESSERA_DOMAIN_MESSAGE_H

#include "base/clock.h"
#include "base/strv.h"

#include <stdbool.h>
#include <stdint.h>

enum message_class { CLASS_OTP, CLASS_TRANSACTIONAL, CLASS_PROMOTIONAL, CLASS_COUNT };
/* The class is the lane too: lane 0 goes first. */
#define LANE_COUNT CLASS_COUNT

const char *message_class_name(enum message_class c); /* "otp", "transactional", "promotional" */
bool message_class_parse(struct strv s, enum message_class *out);

enum message_state {
    MESSAGE_NONE,
    MESSAGE_HELD,      /* waits until an instant, or for somebody */
    MESSAGE_READY,     /* in its carrier's queue */
    MESSAGE_IN_FLIGHT, /* claimed: may be on the wire */
    MESSAGE_UNCERTAIN, /* was in flight, no response was recorded, and nobody has decided yet */
    MESSAGE_SENT,      /* every part was taken by the carrier; receipts may come */
    MESSAGE_DELIVERED, /* final from here on */
    MESSAGE_UNDELIVERABLE,
    MESSAGE_EXPIRED,    /* validity ran out, here or at the carrier */
    MESSAGE_REJECTED,   /* receipt said REJECTD */
    MESSAGE_DELETED,    /* receipt said DELETED */
    MESSAGE_UNKNOWN,    /* receipt said UNKNOWN */
    MESSAGE_FAILED,     /* refused by the carrier for good, out of attempts, or given up as uncertain */
    MESSAGE_SUPPRESSED, /* the recipient has opted out */
    MESSAGE_CANCELLED,
    MESSAGE_STATE_COUNT
};

const char *message_state_name(enum message_state s); /* "in_flight" ... */
bool message_state_parse(struct strv s, enum message_state *out);
/* Nothing is awaited any more; SENT is not final (a receipt may come). */
bool message_state_final(enum message_state s);
bool message_state_settled(enum message_state s); /* final, or SENT: nothing more to do for us */
/* Whether the life above allows the move. A final state moves nowhere, whatever later receipts say: the first
 * counts. But UNKNOWN gives way to any other final state that a receipt can tell. */
bool message_move_allowed(enum message_state from, enum message_state to);

/* name, and a sentence for a person */
#define MESSAGE_REASONS(X)                                                                                   \
    X(NONE, "none", "")                                                                                      \
    X(SCHEDULE, "schedule", "waits for its time")                                                            \
    X(QUIET_HOURS, "quiet_hours", "quiet hours where the recipient lives")                                   \
    X(PAUSED, "paused", "paused by an operator")                                                             \
    X(NO_BIND, "no_bind", "no healthy bind to the carrier")                                                  \
    X(THROTTLED, "throttled", "the carrier asked to slow down")                                              \
    X(RETRY, "retry", "a temporary refusal by the carrier; will be tried again")                             \
    X(UNCERTAIN, "uncertain", "was sent, and no response was recorded")                                      \
    X(SUPPRESSED, "suppressed", "the recipient has opted out")                                               \
    X(STALE, "stale", "its validity ended before it could be sent")                                          \
    X(CANCELLED, "cancelled", "cancelled by an operator")                                                    \
    X(CARRIER_STATUS, "carrier_status", "the carrier refused it")                                            \
    X(CARRIER_RECEIPT, "carrier_receipt", "the carrier's receipt says so")                                   \
    X(ATTEMPTS, "attempts", "out of attempts")                                                               \
    X(NO_ROUTE, "no_route", "no carrier takes this number")                                                  \
    X(BAD_NUMBER, "bad_number", "not a possible number")                                                     \
    X(BAD_SENDER, "bad_sender", "the sender is not possible")                                                \
    X(TOO_LONG, "too_long", "more parts than allowed")                                                       \
    X(NO_TEXT, "no_text", "nothing to send: the text is empty for this recipient")                           \
    X(NO_CLOCK, "no_clock", "no time zone is known for the recipient")                                       \
    X(ERASED, "erased", "the customer was erased")                                                           \
    X(ALPHABET, "alphabet", "it has characters that need UCS-2, which the carrier does not take")

enum message_reason {
#define X(id, name, text) REASON_##id,
    MESSAGE_REASONS(X)
#undef X
        REASON_COUNT
};

const char *message_reason_name(enum message_reason r);
const char *message_reason_text(enum message_reason r);

#define MESSAGE_MAX_PARTS  255
#define MESSAGE_MAX_TEXT   40000 /* octets of UTF-8; 255 parts of 153 septets fit */
#define MESSAGE_MAX_SENDER 20    /* SMPP 3.4 §5.2.9: 21 octets with the NUL */

/* What is said once, at acceptance, and never changes. Views belong to the caller. */
struct message {
    uint64_t id; /* dense, growing, from 1; given by the spool */
    uint64_t to; /* MSISDN */
    struct strv sender;
    struct strv text;       /* UTF-8, personalised */
    struct strv tag;        /* for routes, and to find it by; "" when none; at most 64 octets */
    struct strv tlvs;       /* that go with it, as octets: engine/tlvs.h; "" when none */
    struct strv client_ref; /* the client's own reference, "" when none; at most 64 octets */
    enum message_class class_;
    uint16_t carrier;  /* chosen at intake: its number in the spool's carrier book */
    uint32_t campaign; /* 0 = none */
    uint32_t customer; /* dense customer id + 1; 0 = not a customer */
    uint32_t clock;    /* the recipient's: its number in the spool's clock book; 0 = go by the number */
    bool parked;   /* of a campaign, and accepted so that others of it need not wait for its carrier: READY,
                    * it waits apart from the rest of its class, and takes its campaign's turns */
    uint8_t parts; /* computed at intake, and anew when another carrier takes it */
    uint16_t plan; /* how they are made, 0 = not known: engine/style.h */
    uint16_t reference; /* that joins them at the handset; given by the spool when there is more than one */
    usec_t accepted_at, not_before, valid_until; /* wall; not_before 0 = at once; valid_until 0 = no limit */
};

#endif
