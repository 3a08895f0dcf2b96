/* The inside of the simulator, shared by its files only. */
#ifndef TESSERA_SIMULATOR_IMPL_H
#define TESSERA_SIMULATOR_IMPL_H

#include "base/bucket.h"
#include "base/heap.h"
#include "base/ring.h"
#include "net/conn.h"
#include "net/listener.h"
#include "session/session.h"
#include "simulator/delivery.h"
#include "simulator/journal.h"
#include "simulator/kept.h"
#include "simulator/simulator.h"

/* One client's name, whatever binds it has: receipts go to any of them that receives. */
struct account {
    struct account *next;
    char system_id[17];
    struct ring ready; /* struct delivery *: due, to be sent in this order */
    unsigned binds;
};

struct peer_answer { /* a submit_sm_resp that waits for its time */
    usec_t due;
    uint32_t command, sequence, status;
    uint64_t id;
};

struct peer {
    struct peer *next, **link; /* in the list of all */
    struct simulator *sim;
    struct conn *conn;
    struct session *session;
    struct account *account; /* once bound */
    struct loop_timer timer; /* the session's ticks, answers that are due */
    struct loop_timer stall;
    struct loop_task flush;
    struct ring answers; /* in the order of their time but for late ones */
    struct ring late;
};

struct simulator {
    struct simulator_options o;
    struct loop *loop;
    struct listener *listener;
    struct tls_ctx *tls;
    char address[64]; /* with the port taken */
    uint16_t port;
    struct rnd rnd;
    struct bucket throttle;
    uint64_t next_id;
    struct kept kept;
    struct account *accounts;
    struct account *any; /* inbound messages of nobody in particular */
    struct peer *peers;
    struct peer *turn;           /* whose turn it is to be delivered to */
    struct heap waiting;         /* struct delivery by its due time */
    usec_t due_asked, due_given; /* of the last that was to wait */
    struct loop_timer timer;
    struct loop_task dispatch, journal_flush;
    struct journal journal;
    struct buf scratch, text;
    struct simulator_stats stats;
    void (*stopped)(void *arg);
    void *stopped_arg;
    struct loop_task stopping;
    struct loop_timer stop_timer;
};

usec_t impl_wall(const struct simulator *s);
void impl_log(struct simulator *s, const struct journal_line *line);      /* its time is set here */
struct account *impl_account(struct simulator *s, struct strv system_id); /* makes it; NULL: no memory */

/* --- peer.c --- */
void peer_accept(struct simulator *s, struct conn *c);
void peer_free(struct peer *p);  /* at once, without callbacks */
void peer_touch(struct peer *p); /* something was put out: write it, set the timer */

/* An inbound message as by simulator_inbound(); `follows`: it is the reply to this message, or 0. */
bool impl_inbound(struct simulator *s, struct strv from, struct strv to, struct strv text, usec_t delay,
                  uint64_t follows, struct err *err);

/* --- submit.c --- */
void submit_take(struct peer *p, const struct smpp_pdu *pdu);
void submit_receipt(struct simulator *s, const struct kept_message *m); /* when it is due, if one is wanted */

/* --- errand.c --- */
bool errand_take(struct peer *p, const struct smpp_pdu *pdu); /* false: is none of these */

/* --- dispatch.c --- */
void dispatch_add(struct simulator *s, struct delivery *d, usec_t delay); /* takes ownership */
/* What is not on its way yet: the receipts of a message; `replies`: and the replies to it. */
void dispatch_forget(struct simulator *s, uint64_t id, bool replies);
void dispatch_wake(struct simulator *s); /* a client has room */
void dispatch_on_timer(void *arg);
void dispatch_on_task(void *arg);
void dispatch_answered(struct peer *p, uint64_t token, uint32_t status);
void dispatch_lost(struct peer *p, uint64_t token);
void dispatch_free_all(struct simulator *s);

#endif
