/* For net/ only: one TLS session over a descriptor, and what of a context its users need. Every call is
 * non-blocking. The text of an error is for people and names the setting that helps. */
#ifndef TESSERA_NET_TLS_STREAM_H
#define TESSERA_NET_TLS_STREAM_H

#include "net/openssl.h"
#include "net/tls.h"

#include <stddef.h>

enum tls_io { TLS_IO_OK, TLS_IO_WANT_READ, TLS_IO_WANT_WRITE, TLS_IO_EOF, TLS_IO_FAILED };

struct tls_stream;

/* `name`: what the server's certificate must be for (client side only, else NULL). The descriptor stays the
 * caller's. Keeps a reference of the context. */
struct tls_stream *tls_stream_new(struct tls_ctx *ctx, int fd, const char *name, struct err *err);
void tls_stream_free(struct tls_stream *s);
enum tls_io tls_stream_handshake(struct tls_stream *s);
enum tls_io tls_stream_read(struct tls_stream *s, void *p, size_t n, size_t *got);
/* Octets have been taken off the socket that were not read yet, whole records or not: no event will tell. */
bool tls_stream_pending(const struct tls_stream *s);
enum tls_io tls_stream_write(struct tls_stream *s, const void *p, size_t n, size_t *put);
void tls_stream_close_notify(struct tls_stream *s);       /* best effort */
const char *tls_stream_error(const struct tls_stream *s); /* of the last TLS_IO_FAILED */
int tls_stream_errno(const struct tls_stream *s);         /* not 0: the failure was the socket's, not TLS's */
const char *tls_stream_version(const struct tls_stream *s);
bool tls_stream_peer_expiry(const struct tls_stream *s, usec_t *not_after);

/* A server-side SSL for a bufferevent, which takes it over. */
SSL *tls_ssl_new(struct tls_ctx *ctx, struct err *err);
bool tls_is_server(const struct tls_ctx *ctx);
bool tls_x509_expiry(const X509 *x, usec_t *not_after);
/* The verification callback of every context: keeps why the peer's certificate was refused. */
int tls_stream_on_verify(int ok, X509_STORE_CTX *x);

#endif
