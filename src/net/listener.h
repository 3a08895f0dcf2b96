/* A listening socket, TCP (plain or TLS) or Unix, that hands over connections ready for use (after the TLS
 * handshake). Owned by its maker; connections it has handed over live on when it is freed. */
#ifndef TESSERA_NET_LISTENER_H
#define TESSERA_NET_LISTENER_H

#include "base/err.h"
#include "net/conn.h"
#include "net/loop.h"

#include <stdint.h>

struct listener;
struct tls_ctx;

/* Whether a connection may begin its TLS handshake; its peer is known, no more. */
typedef bool listener_admit_fn(struct conn *c, void *arg);

struct listener_options {
    /* "host:port", "192.0.2.1:0", "[::1]:0", ":2775" (all addresses, IPv6 and IPv4); port 0 asks the kernel.
     * The host is a numeric address or "localhost". Or: */
    const char *address;
    const char *unix_path; /* a stale socket there is removed only if nobody answers on it */
    unsigned mode;         /* permissions of the Unix socket [0600] */
    struct tls_ctx *tls;   /* NULL: plain. The listener keeps its own reference */
    unsigned max_conns; /* connections of this listener alive at once, handshakes included; over it new ones
                         * are closed at once [1024] */
    usec_t handshake_timeout; /* [10 s] */
    listener_admit_fn *admit; /* with TLS; NULL: all */
    struct conn_limits limits;
};

/* The connection is the callee's: call conn_set_ops on it before returning (or conn_free). */
typedef void listener_accept_fn(struct listener *ls, struct conn *c, void *arg);

struct listener *listener_new(struct loop *l, const struct listener_options *o, listener_accept_fn *accept,
                              void *arg, struct err *err);
/* Stops listening, drops handshakes, unlinks its Unix socket; NULL is fine. */
void listener_free(struct listener *ls);
uint16_t listener_port(const struct listener *ls);       /* the port really taken; 0 for a Unix socket */
const char *listener_address(const struct listener *ls); /* "127.0.0.1:40123", "unix:/path" */
void listener_pause(struct listener *ls);                /* new connections wait in the kernel's backlog */
void listener_resume(struct listener *ls);
unsigned listener_conns(const struct listener *ls); /* alive now */

#endif
