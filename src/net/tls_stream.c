#include "net/tls_stream.h"
#include "base/buf.h"
#include "base/civil.h"
#include "base/strv.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tls_stream {
    SSL *ssl;
    struct tls_ctx *ctx;
    char name[256]; /* "" on the server side */
    char why[256];  /* why the certificate was refused, or the last error */
    int sys_errno;
};

/* --- why a certificate was refused, in words --- */

/* A name from a certificate goes into logs: only printable ASCII is let through. */
static void tls_put_name(struct buf *out, const unsigned char *p, int n)
{
    for (int i = 0; i < n && i < 100; i++)
        buf_put_u8(out, p[i] > 0x20 && p[i] < 0x7f ? p[i] : '?');
}

static void tls_put_general_name(struct buf *out, const GENERAL_NAME *g)
{
    char text[INET6_ADDRSTRLEN];
    if (g->type == GEN_DNS) {
        tls_put_name(out, ASN1_STRING_get0_data(g->d.dNSName), ASN1_STRING_length(g->d.dNSName));
    } else if (g->type == GEN_IPADD) {
        int n = ASN1_STRING_length(g->d.iPAddress);
        if ((n == 4 || n == 16) &&
            inet_ntop(n == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(g->d.iPAddress), text, sizeof(text)))
            buf_put_strv(out, strv_from(text));
    }
}

static void tls_put_cert_names(struct buf *out, const X509 *x)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
    int count = names ? sk_GENERAL_NAME_num(names) : 0, shown = 0;
    for (int i = 0; i < count && shown < 3; i++) {
        const GENERAL_NAME *g = sk_GENERAL_NAME_value(names, i);
        if (g->type != GEN_DNS && g->type != GEN_IPADD)
            continue;
        if (shown++)
            buf_put_strv(out, STRV(", "));
        tls_put_general_name(out, g);
    }
    if (count > shown)
        buf_put_strv(out, STRV(", ..."));
    GENERAL_NAMES_free(names);
    if (!shown) {
        char cn[100] = "nobody";
        X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName, cn, sizeof(cn));
        tls_put_name(out, (const unsigned char *)cn, (int)strlen(cn));
    }
}

static void tls_put_verify_reason(struct buf *out, int code, const X509 *x, const char *name)
{
    usec_t t;
    switch (code) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        buf_printf(out, "certificate is for ");
        tls_put_cert_names(out, x);
        buf_printf(out, ", not %s; if it is right, set tls_name", name);
        break;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        buf_printf(out, "self-signed certificate; set tls_ca to a file with it if you trust it");
        break;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        buf_printf(out, "certificate is signed by an authority that is not trusted; set tls_ca");
        break;
    case X509_V_ERR_CERT_HAS_EXPIRED:
        buf_printf(out, "certificate has expired");
        if (tls_x509_expiry(x, &t))
            buf_printf(out, " on %s", civil_format_utc(t).s);
        buf_printf(out, "; its owner must renew it");
        break;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        buf_printf(out, "certificate is not valid yet; is the system's clock right?");
        break;
    default: buf_printf(out, "certificate refused: %s", X509_verify_cert_error_string(code));
    }
}

int tls_stream_on_verify(int ok, X509_STORE_CTX *x)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(x, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls_stream *s = ssl ? SSL_get_app_data(ssl) : NULL;
    if (ok || !s || s->why[0])
        return ok;
    struct buf text = { .limit = 1024 };
    tls_put_verify_reason(&text, X509_STORE_CTX_get_error(x), X509_STORE_CTX_get_current_cert(x), s->name);
    snprintf(s->why, sizeof(s->why), "%s", buf_cstr(&text));
    buf_free(&text);
    return ok;
}

/* --- errors of the protocol --- */

static const struct {
    int reason;
    const char *text;
} tls_reasons[] = {
    { SSL_R_WRONG_VERSION_NUMBER, "the peer does not speak TLS on this port" },
    { SSL_R_HTTP_REQUEST, "the peer does not speak TLS (it sent an HTTP request)" },
    { SSL_R_UNSUPPORTED_PROTOCOL, "the peer offers no TLS version that is allowed; see tls_min" },
    { SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, "the peer accepts none of our TLS versions; see tls_min" },
    { SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED,
      "the peer requires a client certificate; set tls_cert and tls_key" },
    { SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE,
      "the peer refused the handshake (no common cipher, or it requires a client certificate)" },
    { SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, "the client showed no certificate" },
    { SSL_R_TLSV1_ALERT_UNKNOWN_CA,
      "the peer does not trust our certificate; ask for which authority tls_cert must be of" },
    { SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, "the peer refused our certificate; see tls_cert" },
    { SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED,
      "the peer says that our certificate has expired; renew tls_cert" },
    { SSL_R_TLSV1_UNRECOGNIZED_NAME, "the peer does not know the name we asked for" },
};

static const char *tls_reason_text(unsigned long e)
{
    for (size_t i = 0; i < sizeof(tls_reasons) / sizeof(*tls_reasons); i++)
        if (ERR_GET_LIB(e) == ERR_LIB_SSL && ERR_GET_REASON(e) == tls_reasons[i].reason)
            return tls_reasons[i].text;
    const char *text = ERR_reason_error_string(e);
    return text ? text : "protocol error";
}

static enum tls_io tls_stream_result(struct tls_stream *s, int ret, int saved_errno)
{
    unsigned long e;
    switch (SSL_get_error(s->ssl, ret)) {
    case SSL_ERROR_NONE: return TLS_IO_OK;
    case SSL_ERROR_WANT_READ: return TLS_IO_WANT_READ;
    case SSL_ERROR_WANT_WRITE: return TLS_IO_WANT_WRITE;
    case SSL_ERROR_ZERO_RETURN: return TLS_IO_EOF;
    case SSL_ERROR_SYSCALL:
        if (!saved_errno && !ERR_peek_error())
            return TLS_IO_EOF;
        s->sys_errno = saved_errno ? saved_errno : EIO;
        snprintf(s->why, sizeof(s->why), "%s", strerror(s->sys_errno));
        break;
    default:
        e = ERR_peek_error();
        if (!s->why[0] || ERR_GET_REASON(e) != SSL_R_CERTIFICATE_VERIFY_FAILED)
            snprintf(s->why, sizeof(s->why), "%s", tls_reason_text(e));
    }
    ERR_clear_error();
    return TLS_IO_FAILED;
}

/* --- the session --- */

static bool tls_stream_expect(struct tls_stream *s, const char *name)
{
    unsigned char address[16];
    X509_VERIFY_PARAM *p = SSL_get0_param(s->ssl);
    if (inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1)
        return X509_VERIFY_PARAM_set1_ip_asc(p, name) == 1;
    X509_VERIFY_PARAM_set_hostflags(p, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return X509_VERIFY_PARAM_set1_host(p, name, 0) == 1 && SSL_set_tlsext_host_name(s->ssl, name) == 1;
}

struct tls_stream *tls_stream_new(struct tls_ctx *ctx, int fd, const char *name, struct err *err)
{
    struct tls_stream *s = calloc(1, sizeof(*s));
    if (!s) {
        err_set(err, ERR_NOMEM, "out of memory");
        return NULL;
    }
    s->ctx = tls_ref(ctx);
    s->ssl = tls_ssl_new(ctx, err);
    if (!s->ssl || SSL_set_fd(s->ssl, fd) != 1) {
        tls_stream_free(s);
        return NULL;
    }
    SSL_set_app_data(s->ssl, s);
    if (tls_is_server(ctx)) {
        SSL_set_accept_state(s->ssl);
        return s;
    }
    SSL_set_connect_state(s->ssl);
    if (name && (!strv_copy(strv_from(name), s->name, sizeof(s->name)) || !tls_stream_expect(s, name))) {
        err_set(err, ERR_INVALID, "\"%.80s\" cannot be the name of a certificate", name);
        tls_stream_free(s);
        return NULL;
    }
    return s;
}

void tls_stream_free(struct tls_stream *s)
{
    if (!s)
        return;
    SSL_free(s->ssl);
    tls_free(s->ctx);
    free(s);
}

static void tls_stream_begin(struct tls_stream *s)
{
    (void)s;
    ERR_clear_error(); /* SSL_get_error looks at the thread's queue, where another session may have left
                          something */
    errno = 0;
}

enum tls_io tls_stream_handshake(struct tls_stream *s)
{
    tls_stream_begin(s);
    int ret = SSL_do_handshake(s->ssl);
    return ret == 1 ? TLS_IO_OK : tls_stream_result(s, ret, errno);
}

enum tls_io tls_stream_read(struct tls_stream *s, void *p, size_t n, size_t *got)
{
    tls_stream_begin(s);
    *got = 0;
    int ret = SSL_read_ex(s->ssl, p, n, got);
    return ret == 1 ? TLS_IO_OK : tls_stream_result(s, ret, errno);
}

bool tls_stream_pending(const struct tls_stream *s)
{
    return SSL_has_pending(s->ssl) == 1;
}

enum tls_io tls_stream_write(struct tls_stream *s, const void *p, size_t n, size_t *put)
{
    tls_stream_begin(s);
    *put = 0;
    int ret = SSL_write_ex(s->ssl, p, n, put);
    return ret == 1 ? TLS_IO_OK : tls_stream_result(s, ret, errno);
}

void tls_stream_close_notify(struct tls_stream *s)
{
    tls_stream_begin(s);
    if (SSL_is_init_finished(s->ssl))
        SSL_shutdown(s->ssl);
    ERR_clear_error();
}

const char *tls_stream_error(const struct tls_stream *s)
{
    return s->why;
}

int tls_stream_errno(const struct tls_stream *s)
{
    return s->sys_errno;
}

const char *tls_stream_version(const struct tls_stream *s)
{
    return SSL_get_version(s->ssl);
}

bool tls_stream_peer_expiry(const struct tls_stream *s, usec_t *not_after)
{
    return tls_x509_expiry(SSL_get0_peer_certificate(s->ssl), not_after);
}
