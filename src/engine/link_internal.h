/* What a bind is, for the files that make one up: link.c, which has its life, and link_wire.c, which has the
 * connection and the session of it. Belongs to the loop. Internal to them: others see link.h. */
#ifndef TESSERA_ENGINE_LINK_INTERNAL_H
#define TESSERA_ENGINE_LINK_INTERNAL_H

#include "engine/link.h"
#include "engine/link_hosts.h"
#include "net/conn.h"

struct link {
    const struct carrier_options *o;
    enum session_bind mode;
    unsigned id;
    struct link_env env;
    const struct link_ops *ops;
    void *arg;
    enum link_state state;
    usec_t since, next_attempt, bound_at;
    struct link_hosts hosts;
    struct attempt attempt;
    usec_t certificate; /* notAfter of the peer's at the last handshake, wall */
    uint32_t generation;
    unsigned reserved;
    bool outbind;    /* the carrier connects, not we */
    bool stopping;   /* link_stop: do not come back */
    bool bind_fault; /* the carrier refused our name or password */
    struct conn *conn;
    struct session *session;
    struct loop_timer timer; /* the session's ticks, or the next attempt */
    struct loop_task flush;
    char last_error[200];
};

static inline usec_t link_now(const struct link *k)
{
    return loop_now(k->env.loop);
}

/* There is something to flush at the end of the turn. */
static inline void link_touch(struct link *k)
{
    loop_defer(&k->flush);
}

/* --- link.c --- */
/* The only place where the state changes (but for link_abandon, which tells nobody). */
void link_move(struct link *k, enum link_state to, const char *why);
void link_set_error(struct link *k, const char *text);
/* The connection is gone or could not be made: the next host, a pause, or the end. */
void link_wait(struct link *k, const char *why);

/* --- link_wire.c --- */
extern const struct conn_ops link_conn_ops; /* argument: the link */
bool link_open_session(struct link *k, struct err *e);
void link_take_certificate(struct link *k, const struct conn *c);
void link_flush(void *arg); /* a task: the session's octets to the connection */

#endif
