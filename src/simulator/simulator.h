/* The carrier itself: listens, takes binds and submits, sends receipts and inbound messages, and does wrong
 * what it is told to. One per loop thread; everything happens in the loop's callbacks. */
#ifndef TESSERA_SIMULATOR_SIMULATOR_H
#define TESSERA_SIMULATOR_SIMULATOR_H

#include "base/err.h"
#include "net/loop.h"
#include "simulator/faults.h"
#include "simulator/messageid.h"
#include "simulator/outcomes.h"
#include "smpp/pdu.h"

#include <stdbool.h>
#include <stdint.h>

#define SIMULATOR_REPLIES_MAX 16

enum simulator_receipts { SIMULATOR_RECEIPTS_REQUESTED, SIMULATOR_RECEIPTS_ALWAYS, SIMULATOR_RECEIPTS_NEVER };

/* Strings are kept by pointer: they must outlive the simulator. Fill with simulator_defaults() first. */
struct simulator_options {
    const char *listen;                             /* as net/listener.h */
    const char *tls_cert, *tls_key, *tls_client_ca; /* PEM files; NULL cert: plain */
    const char *system_id, *password;               /* what clients must say; NULL: anything */
    const char *smsc_id;                            /* told in bind_resp */
    enum smpp_version version;
    unsigned max_binds; /* of one system_id; above it ESME_RALYBND; 0 = any number */
    uint32_t window;    /* deliver_sm without response, a bind */
    usec_t enquire_interval;
    usec_t response_delay;                /* before each submit_sm_resp */
    usec_t receipt_delay, receipt_jitter; /* receipts come after delay + 0..jitter */
    enum simulator_receipts receipts;
    struct outcomes outcomes;
    struct faults faults;
    usec_t stall_time, late_time; /* of those faults */
    int64_t throttle_rate,
        throttle_burst; /* submits a second, 0 = any number; most at once, 0 = a second's worth */
    double reply_rate;  /* probability that a delivered recipient replies */
    const char *reply_texts[SIMULATOR_REPLIES_MAX];
    unsigned reply_count;
    usec_t reply_delay;   /* after the delivery, plus 0..100 % of it */
    const char *reply_to; /* number replied to; NULL: the sender of the message */
    enum messageid_form id_form, receipt_id_form;
    uint64_t seed;            /* 0: from the system */
    const char *journal_path; /* NULL: none */
    usec_t stop_time;         /* simulator_stop waits so long for clients to unbind, then drops them */
    uint32_t max_waiting;     /* deliveries kept; above it submits get ESME_RMSGQFUL */
};

struct simulator_stats {
    uint64_t connections, binds, binds_refused;
    uint64_t submits, accepted, throttled, refused, faults;
    uint64_t receipts_made, receipts_sent, receipts_acked, receipts_refused;
    uint64_t inbound_made, inbound_sent, inbound_acked, inbound_refused;
    uint64_t redelivered; /* sent again: response lost, or a temporary status */
    uint64_t waiting;     /* deliveries not answered for good yet */
    unsigned bound;       /* now */
};

struct simulator;

void simulator_defaults(struct simulator_options *o);
struct simulator *simulator_new(struct loop *l, const struct simulator_options *o, struct err *err);
void simulator_free(struct simulator *s);           /* closes everything at once; NULL is fine */
uint16_t simulator_port(const struct simulator *s); /* also while down */
const char *simulator_address(const struct simulator *s);
/* False when the journal could not be written (disk full): it ends before that. */
bool simulator_journal_whole(const struct simulator *s);
const struct simulator_stats *simulator_stats(const struct simulator *s);

/* An inbound message after `delay`, in as many parts as it takes; sent to any client that receives. */
bool simulator_inbound(struct simulator *s, struct strv from, struct strv to, struct strv text, usec_t delay,
                       struct err *err);
/* Lines of delay, from, to, text by TAB; empty ones and those with '#' first are passed over. All or nothing.
 */
bool simulator_inbound_file(struct simulator *s, const char *path, struct err *err);

void simulator_set_throttle(struct simulator *s, int64_t rate); /* 0 = none, -1 = nothing passes */
void simulator_set_faults(struct simulator *s, const struct faults *f);
void simulator_set_outcomes(struct simulator *s, const struct outcomes *o);
void simulator_set_response_delay(struct simulator *s, usec_t delay);
void simulator_set_receipt_delay(struct simulator *s, usec_t delay, usec_t jitter);

void simulator_down(struct simulator *s);                /* stops listening and drops every connection */
bool simulator_up(struct simulator *s, struct err *err); /* at the port it had */
void simulator_drop(struct simulator *s);                /* drops every connection and goes on listening */
void simulator_unbind(struct simulator *s);              /* asks every client to go, in good order */
/* Stops listening, unbinds all; `stopped` (once, in a later turn) when the last connection is gone. */
void simulator_stop(struct simulator *s, void (*stopped)(void *arg), void *arg);

#endif
