/* One SMPP session as a state machine without I/O: octets and ticks in, octets and events out (SMPP 3.4 §2.2,
 * 5.0 §2.3). The link that owns the connection feeds session_input(), writes what session_output() holds, and
 * keeps one timer at session_next_tick().
 *
 *              start                bind accepted               session_unbind, inactivity
 *    NEW ──► OPEN ──► BINDING ────────► BOUND ──► DRAINING ──► UNBINDING ───► CLOSED
 *               ▲         │               │  (nothing new; waiting  (unbind sent)    ▲
 *               └─────────┘               │   for responses)                         │
 *             refused (server)            └──► LEAVING (peer's unbind: the same) ────┤
 *    any state: garbage, timeout, session_close, session_disconnected, refused bind ──┘
 *
 * A client sends its bind in session_start() and passes OPEN only when it waits for an outbind; a server
 * waits in OPEN for a bind.
 *
 * Time: `now` is a monotonic instant in microseconds, never going back; durations are microseconds.
 * Memory: everything is allocated in session_new(); the output buffer grows to its limit and stays. Strings
 * of the options are copied. A struct smpp_pdu given to a callback views the input: valid in the call only.
 * Callbacks may call everything here except session_input, session_tick, session_start and session_free.
 * Versions: what both sides speak is the lower of what we offer and what bind_resp tells as
 * sc_interface_version (3.4 §5.3.2.25). To a peer of 3.3 no TLV goes out in any PDU (3.4 §3.4.1, §4.8.3.1):
 * they are left off, but what would lose its text that way (message_payload over 254 octets) is refused, and
 * so is data_sm, which 3.3 does not know. Who writes messages should ask session_version() before.
 * Errors: what the peer does wrong is answered with its command_status, counted, and when nothing else helps
 * the session closes with a reason. After CLOSED the remaining output should still be written, then the
 * connection closed; all later calls are harmless. */
#ifndef TESSERA_SESSION_SESSION_H
#define TESSERA_SESSION_SESSION_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/strv.h"
#include "smpp/pdu.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct session;

enum session_role { SESSION_CLIENT, SESSION_SERVER }; /* ESME, SMSC (MC in 5.0) */
enum session_bind {
    SESSION_TRANSMITTER = 1,
    SESSION_RECEIVER = 2,
    SESSION_TRANSCEIVER = 3
}; /* bits tx, rx */

enum session_state {
    SESSION_NEW,
    SESSION_OPEN,
    SESSION_BINDING,
    SESSION_BOUND,
    SESSION_DRAINING,
    SESSION_UNBINDING,
    SESSION_LEAVING,
    SESSION_CLOSED,
};

enum session_reason {
    SESSION_REASON_NONE,
    SESSION_REASON_LOCAL,           /* session_close() */
    SESSION_REASON_UNBOUND,         /* our unbind, in good order */
    SESSION_REASON_PEER_UNBOUND,    /* the peer's unbind, in good order */
    SESSION_REASON_BIND_REFUSED,    /* see on_bind_failed */
    SESSION_REASON_BIND_TIMEOUT,    /* no bind_resp; server: no bind; client waiting: no outbind */
    SESSION_REASON_ENQUIRE_TIMEOUT, /* the peer does not answer enquire_link and sends nothing else either */
    SESSION_REASON_UNBIND_TIMEOUT,  /* no unbind_resp */
    SESSION_REASON_INACTIVE,        /* no business in the inactivity time; unbound in good order */
    SESSION_REASON_GARBAGE,      /* command_length impossible: octets are out of step (generic_nack sent) */
    SESSION_REASON_PROTOCOL,     /* anything but a bind before being bound, and no end of it */
    SESSION_REASON_OVERFLOW,     /* the output is over its limit, or out of memory: the peer does not read */
    SESSION_REASON_DISCONNECTED, /* session_disconnected() */
};

enum session_lost {
    SESSION_LOST_TIMEOUT, /* no response in time; it may still come, then on_late_response */
    SESSION_LOST_CLOSED,  /* the session ended first */
};

/* 0 means the default in brackets. */
struct session_options {
    enum session_role role;
    enum session_bind bind;     /* client [transceiver] */
    enum smpp_version version;  /* highest spoken [SMPP_V34] */
    enum smpp_version untold;   /* client: what a peer speaks whose bind_resp has no sc_interface_version
                                   [SMPP_V34]; see session_version() */
    struct strv system_id;      /* client: who we are, at most 15 octets; server: told in bind_resp */
    struct strv password;       /* client, at most 8 octets by 3.4; up to 64 are sent as they are */
    struct strv system_type;    /* client, at most 12 octets */
    uint8_t addr_ton, addr_npi; /* client */
    struct strv address_range;  /* client, at most 40 octets */
    bool wait_outbind;          /* client: bind only after the peer's outbind (3.4 §2.2.1) */
    bool strict;                /* refuse requests that smpp_pdu_validate() refuses, and damaged TLVs */
    uint32_t window;            /* most requests of ours without response [10], at most 65536 */
    uint32_t inbound_limit;     /* most requests of the peer not answered yet; above it the session answers
                                   ESME_RTHROTTLED itself [10000] */
    usec_t bind_timeout;        /* [10 s] */
    usec_t response_timeout;    /* [60 s] */
    usec_t enquire_interval;    /* silence of either side before our enquire_link [30 s], USEC_NEVER: never */
    usec_t enquire_timeout;     /* [10 s] */
    usec_t inactivity;          /* without requests or responses but enquire_link: unbind [never] */
    usec_t unbind_timeout;      /* for unbind_resp, and for the last responses before it [5 s] */
    size_t max_pdu;             /* octets, 16..1048576 [SMPP_FRAME_MAX] */
    size_t max_output;          /* octets waiting to be written [4 MiB] */
    uint32_t first_sequence;    /* 1..0x7fffffff [1] */
};

struct session_bound {
    enum smpp_version version;    /* agreed: the lower of both */
    enum session_bind bind;       /* what the client may do */
    struct strv system_id;        /* the peer's; valid in the call */
    struct strv system_type;      /* server: the client's */
    uint8_t sc_interface_version; /* as told in bind_resp; 0 when not told */
};

/* All may be NULL. `arg` is what session_new was given. */
struct session_ops {
    void (*on_bound)(void *arg, const struct session_bound *bound);
    /* Client: the bind was refused; on_closed(BIND_REFUSED) follows. `text` is static. */
    void (*on_bind_failed)(void *arg, uint32_t status, const char *text);
    /* Server: a bind request; answer with session_answer_bind(), inside or later. NULL: every bind is taken.
     */
    void (*on_bind)(void *arg, const struct smpp_pdu *bind);
    /* Client with wait_outbind: true to bind, false to close. NULL: true. */
    bool (*on_outbind)(void *arg, const struct smpp_pdu *outbind);
    /* The response (or generic_nack: see its command_id) to session_submit(). `rtt` from submit to here. */
    void (*on_response)(void *arg, uint64_t token, const struct smpp_pdu *response, usec_t rtt);
    void (*on_response_lost)(void *arg, uint64_t token, enum session_lost why);
    /* A response after SESSION_LOST_TIMEOUT was told; the token's place in the window has been given back. */
    void (*on_late_response)(void *arg, uint64_t token, const struct smpp_pdu *response, usec_t rtt);
    /* A request of the peer: deliver_sm, data_sm, on the server submit_sm, query_sm ... Answer it now or
     * later with session_answer*(), using pdu->command_id and pdu->sequence_number; alert_notification has no
     * answer. pdu->defect may be SMPP_DEFECT_TLVS unless strict. NULL: answered with ESME_RSYSERR. */
    void (*on_pdu)(void *arg, const struct smpp_pdu *pdu);
    /* Room in the window after it had none (full window, or not bound). */
    void (*on_room)(void *arg);
    /* The peer asked to unbind: no new submits; on_closed(PEER_UNBOUND) follows when all is answered. */
    void (*on_unbind)(void *arg);
    /* Once, the last callback. Every outstanding token has been told by on_response_lost before it. */
    void (*on_closed)(void *arg, enum session_reason reason, const char *text);
};

struct session_stats {
    uint64_t pdus_in, pdus_out;
    uint64_t submitted, responses, lost_timeout, lost_closed;
    uint64_t late_responses;       /* after their timeout */
    uint64_t duplicate_responses;  /* a second response to the same request */
    uint64_t unknown_responses;    /* to nothing we know */
    uint64_t mismatched_responses; /* of another operation than the request had; the request keeps waiting */
    uint64_t nacks_in;             /* generic_nack received */
    uint64_t refused;              /* requests of the peer that the session answered with an error itself */
    uint64_t damaged;              /* PDUs with a defect */
    uint64_t enquires_out, enquires_in, enquires_lost;
};

/* NULL and err when an option is impossible or memory is out. `ops` is kept by pointer. */
struct session *session_new(const struct session_options *o, const struct session_ops *ops, void *arg,
                            struct err *err);
void session_free(struct session *s); /* no callbacks; NULL is fine; never inside a callback */

/* The connection is open. A client sends its bind (or waits for outbind), a server waits. */
void session_start(struct session *s, usec_t now);

/* Handles all whole frames of p[0..n) and returns how many octets it consumed; the rest is to be given again
 * with what follows. Once closed everything is consumed. */
size_t session_input(struct session *s, const void *p, size_t n, usec_t now);

/* Does what is due. May be called at any time. */
void session_tick(struct session *s, usec_t now);
usec_t session_next_tick(const struct session *s); /* earliest instant with something due; USEC_NEVER */

/* Octets to write, in order. The link takes them away with buf_consume or buf_clear, outside of callbacks. */
struct buf *session_output(struct session *s);

/* --- requests of ours --- */

/* How many requests may be submitted now: 0 when not bound, or (a client that is receiver only, a server
 * whose peer is transmitter only) not allowed to. */
uint32_t session_window_room(const struct session *s);
uint32_t session_outstanding(const struct session *s);
/* A smaller or larger window within the one of the options; what is outstanding stays. */
void session_set_window(struct session *s, uint32_t window);

/* Encodes the request with a sequence number of the session's, which is returned; its end is told by exactly
 * one of on_response and on_response_lost. 0: refused (no room, not bound, closed, not encodable): nothing
 * happened. For operations with a response only. */
uint32_t session_submit(struct session *s, const struct smpp_pdu *pdu, uint64_t token, usec_t now);
/* The same for the usual case, without building a struct smpp_pdu. */
uint32_t session_submit_sm(struct session *s, const struct smpp_sm *sm, const struct smpp_tlv *tlvs,
                           size_t tlv_count, uint64_t token, usec_t now);
/* Server: outbind (before the bind) and alert_notification, which have no response. */
bool session_notify(struct session *s, const struct smpp_pdu *pdu, usec_t now);

/* --- answers to the peer's requests; false when the session is past answering --- */

/* Status alone (or with an empty message_id, as deliver_sm_resp has it). command_id is that of the request.
 */
bool session_answer(struct session *s, uint32_t command_id, uint32_t sequence, uint32_t status);
/* submit_sm_resp, data_sm_resp with a message_id. */
bool session_answer_id(struct session *s, uint32_t command_id, uint32_t sequence, uint32_t status,
                       struct strv message_id);
/* Any other response: command_id and sequence_number are those of the response. */
bool session_answer_pdu(struct session *s, const struct smpp_pdu *response);
/* Server: status 0 binds, anything else refuses and waits for another bind. */
bool session_answer_bind(struct session *s, uint32_t status, usec_t now);
/* One request of the peer is left without answer on purpose (a simulated fault): nobody waits for it. */
void session_forgo_answer(struct session *s);

/* --- the end --- */

/* In good order: nothing new is submitted, outstanding responses and answers are awaited (at most
 * response_timeout, and unbind_timeout for our answers), then unbind, unbind_resp, on_closed(UNBOUND). Before
 * being bound: a bind under way is awaited, then unbound. */
void session_unbind(struct session *s, usec_t now);
/* The same without waiting: what is outstanding may still be answered until unbind_resp, then it is lost. */
void session_unbind_now(struct session *s, usec_t now);
/* At once, without unbind: on_closed(LOCAL) inside this call. */
void session_close(struct session *s, const char *text, usec_t now);
/* The connection is gone: on_closed(DISCONNECTED), or the orderly reason when unbinding had got that far. */
void session_disconnected(struct session *s, const char *text, usec_t now);

enum session_state session_state(const struct session *s);
enum session_reason session_close_reason(const struct session *s); /* NONE before CLOSED */
/* Agreed once bound; before that the highest we speak. By the letter (3.4 §5.3.2.25, 5.0 §4.1.1.2) a peer
 * that tells no version takes no TLVs, so is 3.3; nearly all carriers that tell none speak 3.4, so that is
 * what is assumed unless `untold` says otherwise. */
enum smpp_version session_version(const struct session *s);
const struct session_stats *session_stats(const struct session *s);

const char *session_state_name(enum session_state st);  /* "bound" */
const char *session_reason_name(enum session_reason r); /* "enquire_timeout": stable, for logs and metrics */
const char *session_bind_name(enum session_bind b);     /* "transceiver" */
bool session_bind_parse(struct strv name, enum session_bind *out); /* also "tx", "rx", "trx" */

#endif
