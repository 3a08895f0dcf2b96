/* TLS settings of a client or a server: protocol versions, trust, own certificate. TLS 1.2 is the least.
 *
 * A client verifies the chain, the dates and the name or address unless told otherwise. A context may be used
 * by any number of connections of one loop; it is counted: tls_ref and tls_free. Reloading is making a new
 * one. */
#ifndef TESSERA_NET_TLS_H
#define TESSERA_NET_TLS_H

#include "base/clock.h"
#include "base/err.h"

#include <stdbool.h>

struct tls_ctx;

struct tls_options {
    const char *ca_file;   /* PEM; NULL: client: the system's store, server: none */
    const char *cert_file; /* PEM chain, own certificate first; a server needs one */
    const char *key_file;  /* PEM; NULL: in cert_file */
    bool insecure;         /* client: accept any certificate (tests only; say so loudly) */
    bool require_client;   /* server: clients must show a certificate that ca_file vouches for */
    bool tls13_only;
};

struct tls_ctx *tls_client_new(const struct tls_options *o, struct err *err);
struct tls_ctx *tls_server_new(const struct tls_options *o, struct err *err);
struct tls_ctx *tls_ref(struct tls_ctx *t);
void tls_free(struct tls_ctx *t); /* gives one reference back; NULL is fine */

/* notAfter of our own certificate, wall clock; false without one. */
bool tls_cert_expiry(const struct tls_ctx *t, usec_t *not_after);

#endif
