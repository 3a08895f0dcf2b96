/* The inside of a session, for the files of this folder only: its fields, and the one function that changes
 * its state with those that end it. */
#ifndef TESSERA_SESSION_STATE_H
#define TESSERA_SESSION_STATE_H

#include "session/rules.h"
#include "session/session.h"
#include "session/window.h"

struct session {
    struct session_options o; /* defaults filled in; the strings point into `names` */
    char names[192];
    const struct session_ops *ops;
    void *arg;

    enum session_state state;
    enum session_reason reason;
    enum session_reason unbind_reason; /* what our unbind ends with: UNBOUND, INACTIVE */
    enum session_bind bind;            /* server: as the client asked */
    enum smpp_version version;         /* agreed */
    bool unbind_wanted;                /* session_unbind while binding */
    bool starved;                      /* there was no room since on_room was last told */
    bool overflowed;                   /* output over its limit: closes at the next occasion */
    unsigned misplaced;                /* requests before the bind that were refused */

    struct window window;
    uint32_t unanswered;                        /* requests of the peer */
    uint32_t bind_seq, enquire_seq, unbind_seq; /* ours, waiting for their response; 0 = none */
    uint32_t peer_bind_seq, peer_bind_command;
    uint32_t peer_unbind_seq;
    char peer_system_id[17], peer_system_type[14]; /* server: of the bind, cut */

    usec_t last_in, last_out, last_business;
    usec_t enquire_sent;
    usec_t phase_end; /* of OPEN, BINDING, UNBINDING, LEAVING; of DRAINING when only answers are missing */

    struct buf out;
    struct session_stats stats;
};

/* --- state.c --- */
void state_enter(struct session *s, enum session_state to);
/* Ends the session: outstanding requests are told lost, then on_closed. Nothing when closed already. */
void state_close(struct session *s, enum session_reason reason, const char *text);
void state_bind(struct session *s, usec_t now);                                 /* client: sends it */
void state_bound(struct session *s, const struct session_bound *b, usec_t now); /* with on_bound */
void state_unbind(struct session *s, enum session_reason reason, usec_t now);   /* in good order */
void state_hurry(struct session *s, usec_t now); /* one that drains waits no longer */
void state_leave(struct session *s, uint32_t peer_unbind_seq, usec_t now);
/* Goes on with DRAINING and LEAVING when what they wait for is there, tells on_room; after every input and
 * tick. */
void state_progress(struct session *s, usec_t now);
/* After something was appended to the output: `fine` is what the encoder said. */
bool state_sent(struct session *s, bool fine, usec_t now);
enum smpp_version state_version(uint8_t interface_version); /* the known version at or below it */

static inline usec_t state_after(usec_t t, usec_t delay)
{
    return delay >= USEC_NEVER - t ? USEC_NEVER : t + delay;
}

/* --- names.c --- */
const char *names_reason_text(enum session_reason r); /* a sentence for people */

/* --- input.c --- */
void input_frame(struct session *s, const void *p, size_t n, usec_t now);

#endif
