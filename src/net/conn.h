/* A stream connection: TCP, TCP with TLS, or a Unix socket; non-blocking, in batches.
 *
 *      resolving ──► connecting ──► handshake (TLS) ──► open ──► shutting (flush, then close) ──► closed
 *          └──────────────┴───────────────┴──────────────┴──────────────────────────────────────────┘
 *
 * Ownership: conn_connect and a listener make it. After on_closed has returned, or after conn_free, the
 * connection must not be touched again; its memory goes at the end of the turn. on_closed comes exactly once,
 * unless conn_free was called first. No callback is ever made from inside conn_connect, conn_write,
 * conn_commit, conn_shutdown, conn_close, conn_resume_read or conn_call_again: they come later in the same or
 * in the next turn. Every function may be called from every callback; between closing and on_closed
 * calls do nothing.
 *
 * Input: on_data sees all octets not yet consumed, contiguous, and returns how many it consumed; the rest
 * (the start of an incomplete frame) is kept and seen again with what follows. It should consume all whole
 * frames in a loop. At most `read_budget` new octets are given a turn, so that one busy connection cannot
 * starve the others. A rest of `max_input` octets of which nothing is consumed closes the connection
 * (CONN_OVERFLOW).
 *
 * Output: conn_write appends; everything is written at the end of the turn with as few system calls as it
 * takes (earlier when much has gathered). The queue is bounded by `high_water`. */
#ifndef TESSERA_NET_CONN_H
#define TESSERA_NET_CONN_H

#include "base/clock.h"
#include "base/err.h"
#include "net/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conn;
struct tls_ctx;

enum conn_reason {
    CONN_LOCAL,    /* conn_close or conn_shutdown of our own */
    CONN_PEER,     /* the peer closed in an orderly way */
    CONN_RESET,    /* the peer reset, or the network gave up (RST, EPIPE, keepalive) */
    CONN_REFUSED,  /* nobody listens there, or no route */
    CONN_TIMEOUT,  /* connecting or the TLS handshake took too long */
    CONN_RESOLVE,  /* the name has no address */
    CONN_TLS,      /* handshake or verification failed, or a TLS protocol error later */
    CONN_OVERFLOW, /* the input has no end of frame within max_input */
    CONN_IO,       /* any other system error; also out of memory */
};

const char *conn_reason_name(enum conn_reason r); /* "local", "peer", ...: stable, for logs and metrics */

struct conn_ops {
    void (*on_connected)(struct conn *c, void *arg); /* may be NULL; not called for accepted connections */
    size_t (*on_data)(struct conn *c, void *arg, const uint8_t *p, size_t n); /* octets consumed, <= n */
    /* May be NULL. The queue fell to low_water or under, after the socket or conn_write had refused octets.
     */
    void (*on_drain)(struct conn *c, void *arg);
    /* `text` is a sentence for people, such as "smsc.example:2775: connection refused"; valid in the call. */
    void (*on_closed)(struct conn *c, void *arg, enum conn_reason reason, const char *text);
};

/* 0 means the default in brackets. */
struct conn_limits {
    size_t max_input;   /* largest unconsumed rest, so the largest frame; octets [131072] */
    size_t read_budget; /* new octets given to on_data a turn [65536] */
    size_t high_water;  /* octets of output queued at most [1048576] */
    size_t low_water;   /* on_drain [high_water / 4] */
    usec_t keepalive;   /* idle time before TCP keepalive probes [60 s]; the peer is given up after 3 more
                           thirds */
    usec_t linger; /* conn_shutdown waits so long for a flush that stands still, then for the peer's close [5
                      s] */
};

struct conn_options {
    const char *host;         /* name, IPv4 or IPv6 address (without brackets); or */
    const char *unix_path;    /* a Unix socket */
    uint16_t port;            /* 1..65535 with host */
    const char *bind_address; /* local address (numeric) to connect from, or NULL */
    usec_t connect_timeout;   /* for name, connection and handshake together [10 s] */
    struct tls_ctx *tls;      /* NULL: plain. The connection keeps its own reference */
    const char *tls_name;     /* name or address expected in the certificate, and sent as SNI; NULL: host */
    struct conn_limits limits;
};

/* All strings are copied. NULL and err for impossible options or no memory; what fails later is on_closed.
 * `ops` is kept by pointer (static storage). */
struct conn *conn_connect(struct loop *l, const struct conn_options *o, const struct conn_ops *ops, void *arg,
                          struct err *err);
/* Takes over a connected stream socket (a socketpair in tests, a descriptor passed by systemd): open at once,
 * without on_connected. The descriptor is closed on failure too. */
struct conn *conn_from_fd(struct loop *l, int fd, const struct conn_limits *limits,
                          const struct conn_ops *ops, void *arg, struct err *err);
/* For accepted connections: call it inside the listener's callback. Input that has come already is given in a
 * later turn. */
void conn_set_ops(struct conn *c, const struct conn_ops *ops, void *arg);

/* All or nothing: false when the n octets do not fit under high_water, or the connection is not open (then
 * nothing is taken). After a refusal on_drain tells when to go on. Before on_connected it is refused. */
bool conn_write(struct conn *c, const void *p, size_t n);
/* Zero-copy: room for up to `n` octets to encode into, or NULL (as conn_write refuses); then conn_commit what
 * was used. No other call on this connection between the two. */
uint8_t *conn_reserve(struct conn *c, size_t n);
void conn_commit(struct conn *c, size_t n);
size_t conn_writable_room(const struct conn *c); /* octets conn_write takes now; 0 when not open */
size_t conn_queued(const struct conn *c);        /* octets waiting for the socket */
/* on_drain once, as soon as the queue is at low_water or under: at the end of this turn at the earliest. */
void conn_ask_drain(struct conn *c);

/* Backpressure: no on_data while paused; TCP tells the peer. Pausing inside on_data is fine: the rest is
 * kept. Resuming gives the rest again in a later turn. Not counted: one resume ends any number of pauses. */
void conn_pause_read(struct conn *c);
void conn_resume_read(struct conn *c);
/* on_data again in the next turn with the present rest, though nothing new came (own cap on frames a turn).
 */
void conn_call_again(struct conn *c);

/* No more on_data; flush, close_notify, FIN, then on_closed(CONN_LOCAL). */
void conn_shutdown(struct conn *c);
/* The same without waiting for anybody: what the socket takes at once is written. For a peer that is out of
 * step or gone. */
void conn_shutdown_now(struct conn *c);
void conn_close(struct conn *c); /* queued output is dropped; on_closed(CONN_LOCAL) at the end of this turn */
void conn_free(struct conn *c);  /* closes without any further callback, for destructors; NULL is fine */

bool conn_is_open(const struct conn *c);
/* "192.0.2.1:2775", "[2001:db8::1]:2775", "unix:/path"; never NULL. */
const char *conn_peer(const struct conn *c);
const char *conn_local(const struct conn *c);            /* the same of our own end; "" before it is known */
bool conn_peer_uid(const struct conn *c, uint32_t *uid); /* Unix sockets only (SO_PEERCRED) */
bool conn_is_tls(const struct conn *c);
const char *conn_tls_version(const struct conn *c); /* "TLSv1.3", or "" */
/* notAfter of the peer's certificate, wall clock; false without TLS or certificate. */
bool conn_peer_cert_expiry(const struct conn *c, usec_t *not_after);
uint64_t conn_octets_out(const struct conn *c);

#endif
