#include "net/tls.h"
#include "base/civil.h"
#include "net/tls_stream.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

struct tls_ctx {
    SSL_CTX *ssl;
    unsigned refs;
    bool server;
};

static bool tls_fail(struct err *err, enum err_code code, const char *what, const char *file)
{
    unsigned long e = ERR_peek_last_error();
    const char *reason = e ? ERR_reason_error_string(e) : NULL;
    if (ERR_SYSTEM_ERROR(e))
        reason = strerror(ERR_GET_REASON(e));
    err_set(err, code, "%s%s%s: %s", what, file ? " " : "", file ? file : "", reason ? reason : "failed");
    ERR_clear_error();
    return false;
}

/* OpenSSL would ask the terminal for the password of an encrypted key: a daemon must not. */
static int tls_no_password(char *buf, int size, int rwflag, void *arg)
{
    (void)buf;
    (void)size;
    (void)rwflag;
    (void)arg;
    return -1;
}

static bool tls_load_own(SSL_CTX *c, const struct tls_options *o, struct err *err)
{
    if (!o->cert_file)
        return o->key_file ? err_set(err, ERR_INVALID, "tls_key without tls_cert") : true;
    const char *key = o->key_file ? o->key_file : o->cert_file;
    if (SSL_CTX_use_certificate_chain_file(c, o->cert_file) != 1)
        return tls_fail(err, ERR_INVALID, "cannot read the certificate", o->cert_file);
    if (SSL_CTX_use_PrivateKey_file(c, key, SSL_FILETYPE_PEM) != 1)
        return tls_fail(err, ERR_INVALID, "cannot use the private key", key);
    if (SSL_CTX_check_private_key(c) != 1)
        return tls_fail(err, ERR_INVALID, "the private key does not belong to the certificate", key);
    return true;
}

static bool tls_load_trust(SSL_CTX *c, const struct tls_options *o, bool server, struct err *err)
{
    if (o->ca_file) {
        if (SSL_CTX_load_verify_file(c, o->ca_file) != 1)
            return tls_fail(err, ERR_INVALID, "cannot read the authorities' certificates in", o->ca_file);
        if (server) { /* named to clients, so that they know which certificate to show */
            STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(o->ca_file);
            if (names)
                SSL_CTX_set_client_CA_list(c, names);
        }
        return true;
    }
    if (server)
        return o->require_client
                   ? err_set(err, ERR_INVALID, "client certificates required, but no tls_ca set")
                   : true;
    return SSL_CTX_set_default_verify_paths(c) == 1
               ? true
               : tls_fail(err, ERR_IO, "cannot use the system's certificate store", NULL);
}

static bool tls_configure(SSL_CTX *c, const struct tls_options *o, bool server, struct err *err)
{
    SSL_CTX_set_min_proto_version(c, o->tls13_only ? TLS1_3_VERSION : TLS1_2_VERSION);
    /* Frames carry their own length, so a cut stream is noticed without close_notify, which many peers omit.
     */
    SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_COMPRESSION |
                               SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(c, 1); /* a record in one read, not its header and its body in one each */
    SSL_CTX_set_default_passwd_cb(c, tls_no_password);
    if (server) {
        /* Without a context id, resuming a session with a client certificate would be refused. */
        static const unsigned char id[] = "tessera";
        SSL_CTX_set_session_id_context(c, id, sizeof(id) - 1);
        if (!o->cert_file)
            return err_set(err, ERR_INVALID, "a TLS server needs a certificate (tls_cert)");
    }
    if (!tls_load_own(c, o, err) || !tls_load_trust(c, o, server, err))
        return false;
    int verify =
        server ? (o->require_client ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT : SSL_VERIFY_NONE)
               : (o->insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER);
    SSL_CTX_set_verify(c, verify, tls_stream_on_verify);
    return true;
}

static struct tls_ctx *tls_new(const struct tls_options *o, bool server, struct err *err)
{
    ERR_clear_error();
    struct tls_ctx *t = calloc(1, sizeof(*t));
    if (t)
        t->ssl = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
    if (!t || !t->ssl) {
        free(t);
        tls_fail(err, ERR_NOMEM, "cannot make a TLS context", NULL);
        return NULL;
    }
    t->refs = 1;
    t->server = server;
    if (!tls_configure(t->ssl, o, server, err)) {
        tls_free(t);
        return NULL;
    }
    return t;
}

struct tls_ctx *tls_client_new(const struct tls_options *o, struct err *err)
{
    return tls_new(o, false, err);
}

struct tls_ctx *tls_server_new(const struct tls_options *o, struct err *err)
{
    return tls_new(o, true, err);
}

struct tls_ctx *tls_ref(struct tls_ctx *t)
{
    if (t)
        t->refs++;
    return t;
}

void tls_free(struct tls_ctx *t)
{
    if (!t || --t->refs)
        return;
    SSL_CTX_free(t->ssl);
    free(t);
}

bool tls_is_server(const struct tls_ctx *t)
{
    return t->server;
}

SSL *tls_ssl_new(struct tls_ctx *t, struct err *err)
{
    ERR_clear_error();
    SSL *s = SSL_new(t->ssl);
    if (!s)
        tls_fail(err, ERR_NOMEM, "cannot make a TLS session", NULL);
    return s;
}

bool tls_x509_expiry(const X509 *x, usec_t *not_after)
{
    struct tm tm;
    if (!x || ASN1_TIME_to_tm(X509_get0_notAfter(x), &tm) != 1)
        return false;
    struct civil c = { .year = tm.tm_year + 1900,
                       .month = (uint8_t)(tm.tm_mon + 1),
                       .day = (uint8_t)tm.tm_mday,
                       .hour = (uint8_t)tm.tm_hour,
                       .minute = (uint8_t)tm.tm_min,
                       .second = (uint8_t)tm.tm_sec };
    *not_after = civil_to_usec(&c);
    return true;
}

bool tls_cert_expiry(const struct tls_ctx *t, usec_t *not_after)
{
    return tls_x509_expiry(SSL_CTX_get0_certificate(t->ssl), not_after);
}
