/* One bind: an SMPP session over a connection, kept up for ever.
 *
 *   waiting ──► connecting ──► binding ──► bound ──► unbinding ──► waiting | down
 *      ▲             └────────────┴──────────┴──────────────┘ (backoff with jitter)
 *   stopped: the carrier refused our name or password; only an operator (or new options) starts it again
 *
 * A carrier may have several hosts. A bind that fails or breaks goes to the next one at once; when all have
 * failed, the round is over: it waits for its backoff and begins at the first again.
 *
 * Requests of the peer are answered later, when they are durable: link_answer() takes the generation under
 * which the request came, and does nothing when that session is gone (the carrier will send it again). */
#ifndef TESSERA_ENGINE_LINK_H
#define TESSERA_ENGINE_LINK_H

#include "base/random.h"
#include "engine/attempts.h"
#include "engine/engine.h"
#include "session/session.h"

struct conn;
struct link;
struct tls_ctx;

enum link_state {
    LINK_DOWN,
    LINK_WAITING,
    LINK_CONNECTING,
    LINK_BINDING,
    LINK_BOUND,
    LINK_UNBINDING,
    LINK_STOPPED
};
const char *link_state_name(enum link_state s);

struct link_ops {
    void (*on_state)(void *arg, struct link *k, enum link_state before); /* entered link_state(k) */
    void (*on_room)(void *arg, struct link *k);
    void (*on_response)(void *arg, struct link *k, uint64_t token, const struct smpp_pdu *response);
    /* No response came in time, or the session ended first. */
    void (*on_lost)(void *arg, struct link *k, uint64_t token, enum session_lost why);
    void (*on_late)(void *arg, struct link *k, uint64_t token, const struct smpp_pdu *response);
    void (*on_request)(void *arg, struct link *k, const struct smpp_pdu *pdu);
};

struct link_env {
    struct loop *loop;
    const struct log *log;
    struct rnd *rnd;
    struct tls_ctx *tls; /* NULL: plain; a reference is kept */
    struct attempts *attempts;
};

/* `o` is kept by pointer and must outlive the bind; what a reload changes in it holds from the next attempt.
 */
struct link *link_new(const struct carrier_options *o, enum session_bind mode, unsigned id,
                      const struct link_env *env, const struct link_ops *ops, void *arg, struct err *e);
void link_free(struct link *k);                         /* no callbacks */
void link_set_tls(struct link *k, struct tls_ctx *tls); /* for its next connection; a reference is kept */
void link_start(struct link *k, usec_t delay);
/* One round over the first `hosts` only; LINK_DOWN when it has failed. Once bound it is like the others. */
void link_try(struct link *k, unsigned hosts);
/* Instead of link_start: takes over a connection of the carrier's whose input begins with an outbind, and
 * binds there. When it ends: LINK_DOWN. */
bool link_adopt(struct link *k, struct conn *c, struct err *e);
void link_stop(struct link *k, const char *why); /* unbinds in good order, then LINK_DOWN */
void link_hurry(struct link *k);                 /* one that stops waits for no response any longer */
/* Closes at once; what is outstanding is told by on_lost, then no callback any more. */
void link_abandon(struct link *k);
void link_kick(struct link *k); /* the peer is unfit: close, and bind again after the backoff */

enum link_state link_state(const struct link *k);
enum session_bind link_mode(const struct link *k);
unsigned link_host(const struct link *k);          /* which of the carrier's hosts; 0 is the first choice */
usec_t link_certificate(const struct link *k);     /* when the peer's ends, wall; 0: none was shown */
const char *link_last_error(const struct link *k); /* "" when there is none */
unsigned link_id(const struct link *k);
/* Submissions it takes now, 0 when not bound; reservations are taken off. */
unsigned link_room(const struct link *k);
/* Places kept for submissions that wait for their claim to be synced. */
void link_reserve(struct link *k, unsigned n);
void link_release(struct link *k, unsigned n);
/* False: not bound any more, or no room. */
bool link_submit_sm(struct link *k, const struct smpp_sm *sm, const struct smpp_tlv *tlvs, size_t n_tlvs,
                    uint64_t token);
/* What both sides speak, once bound: to a peer of SMPP_V33 no TLV may go (use UDH, not SAR or
 * message_payload). Before that the highest that is configured. */
enum smpp_version link_version(const struct link *k);
/* Any other request with a response: query_sm, cancel_sm, replace_sm. */
bool link_submit(struct link *k, const struct smpp_pdu *pdu, uint64_t token);
uint32_t link_generation(const struct link *k);
void link_answer(struct link *k, uint32_t generation, uint32_t command_id, uint32_t sequence,
                 uint32_t status);
void link_get_status(const struct link *k, struct bind_status *out, usec_t wall_minus_mono);

#endif
