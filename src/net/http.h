/* An HTTP/1.1 server (RFC 9112): requests arrive whole, replies may be given at once or later.
 *
 * Built on net/conn.h and net/listener.h, so TLS, limits, backpressure and Unix sockets are theirs.
 * libevent's evhttp was looked at and not taken: it cannot limit connections, does not notice a client that
 * leaves while its reply is being worked out, reads without bound while a reply is being sent, ends the
 * process on some errors, and costs several epoll_ctl a request.
 *
 * A request belongs to its handler from the call until http_reply, which must be called once, in the handler
 * or in any later turn. Until then every view obtained from it stays valid, also when the client has gone:
 * replying then does nothing but free it.
 *
 * Refused before the handler sees anything, with {"error":{"code":"...","message":"..."}}: 400 (malformed; a
 * path with %00, %2F, "." or ".." segments), 408 (too slow), 413 (body over max_body), 417, 431 (headers over
 * max_header), 501 (methods other than those of the enum), 503 (over max_running), 505. A client that closes
 * its sending side counts as gone. */
#ifndef TESSERA_NET_HTTP_H
#define TESSERA_NET_HTTP_H

#include "base/clock.h"
#include "base/err.h"
#include "base/strv.h"
#include "net/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_server;
struct http_request;
struct tls_ctx;

/* 0 means the default in brackets. */
struct http_options {
    size_t max_header;    /* octets of request line and headers [16384] */
    size_t max_body;      /* octets [67108864] */
    size_t max_bodies;    /* octets of all bodies held at once; over it 503 [4 * max_body] */
    unsigned max_running; /* requests waiting for their reply at once [1024] */
    unsigned max_conns;   /* connections of each listening place at once [256] */
    usec_t timeout; /* a connection idle, a head not complete, a body or a reply that stands still so long [60
                       s] */
};

typedef void http_handler_fn(struct http_request *r, void *arg);

struct http_server *http_server_new(struct loop *l, const struct http_options *o, http_handler_fn *handler,
                                    void *arg, struct err *err);
/* A server may listen in several places. A stale Unix socket is removed only if nobody answers on it. */
bool http_server_listen_unix(struct http_server *s, const char *path, unsigned mode, struct err *err);
/* Address as in net/listener.h; `tls` may be NULL (plain); *port (may be NULL) gets the port really taken. */
bool http_server_listen_tcp(struct http_server *s, const char *address, struct tls_ctx *tls, uint16_t *port,
                            struct err *err);
/* Stops accepting and unlinks its Unix sockets; what runs goes on. `stopped` is called once, in a later turn,
 * when the last request has been answered and all connections are closed. */
void http_server_stop(struct http_server *s, void (*stopped)(void *arg), void *arg);
unsigned http_server_running(const struct http_server *s);
/* Closes all; requests not yet answered stay valid for their handlers and count as gone (no more callbacks).
 */
void http_server_free(struct http_server *s);

/* --- the request --- */
enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_PUT, HTTP_PATCH, HTTP_DELETE, HTTP_OPTIONS };

enum http_method http_method(const struct http_request *r);
const char *http_method_name(enum http_method m); /* "GET" */
/* Decoded, begins with '/', NUL follows, valid octets != 0. */
struct strv http_path(const struct http_request *r);
/* The first parameter of that name, decoded ("+" is a space); false when not there. "?x" gives "". */
bool http_query(const struct http_request *r, const char *name, struct strv *value);
/* The i-th parameter in order; false past the end. For refusing unknown ones. */
bool http_query_at(const struct http_request *r, size_t i, struct strv *name, struct strv *value);
struct strv http_header(const struct http_request *r, const char *name); /* "" when not there; any case */
struct strv http_body(const struct http_request *r);                     /* contiguous; a NUL follows */
bool http_is_unix(const struct http_request *r); /* came through a Unix socket: permissions were the check */
bool http_peer_uid(const struct http_request *r, uint32_t *uid); /* Unix sockets only */
bool http_is_gone(const struct http_request *r);                 /* nobody waits for the reply any more */

/* --- the reply --- */
/* Before http_reply. A name or value with CR, LF or other control characters is dropped. */
void http_reply_header(struct http_request *r, const char *name, const char *value);
/* Whole reply; ends the request. `type` may be NULL when n is 0. The body is copied. */
void http_reply(struct http_request *r, int status, const char *type, const void *body, size_t n);

#endif
