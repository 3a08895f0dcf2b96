/* From a name to an open connection: resolve, connect to one address after the other, TLS handshake. */
#include "net/conn_impl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void conn_try_next(struct conn *c);

void conn_opening_free(struct conn_opening *o)
{
    if (!o)
        return;
    resolve_cancel(o->job);
    tls_free(o->tls);
    free(o->host);
    free(o->bind_address);
    free(o->tls_name);
    free(o);
}

/* --- TLS --- */

static void conn_ready(struct conn *c)
{
    conn_opened(c);
    if (c->ops->on_connected)
        c->ops->on_connected(c, c->arg);
}

void conn_handshake(struct conn *c)
{
    enum tls_io r = tls_stream_handshake(c->tls);
    conn_want_read(c, r == TLS_IO_WANT_READ);
    conn_want_write(c, r == TLS_IO_WANT_WRITE);
    if (r == TLS_IO_OK) {
        snprintf(c->tls_version, sizeof(c->tls_version), "%s", tls_stream_version(c->tls));
        c->have_expiry = tls_stream_peer_expiry(c->tls, &c->peer_expiry);
        conn_ready(c);
    } else if (r == TLS_IO_EOF) {
        conn_fail(c, CONN_TLS, "%s: the peer closed during the TLS handshake", c->peer);
    } else if (r == TLS_IO_FAILED && tls_stream_errno(c->tls)) {
        conn_fail_errno(c, tls_stream_errno(c->tls), "TLS handshake");
    } else if (r == TLS_IO_FAILED) {
        conn_fail(c, CONN_TLS, "%s: TLS handshake: %s", c->peer, tls_stream_error(c->tls));
    }
}

/* --- connecting --- */

static void conn_connected(struct conn *c)
{
    struct conn_opening *o = c->opening;
    struct err err = { 0 };
    conn_want_write(c, false);
    if (!o->tls) {
        conn_ready(c);
        return;
    }
    c->tls = tls_stream_new(o->tls, c->fd, o->tls_name ? o->tls_name : o->host, &err);
    if (!c->tls) {
        conn_fail(c, CONN_TLS, "%s: %s", c->peer, err.text);
        return;
    }
    c->state = CONN_HANDSHAKE;
    loop_timer_at(&c->timer, o->deadline);
    conn_handshake(c);
}

static void conn_drop_attempt(struct conn *c, enum conn_reason reason, const char *why)
{
    struct conn_opening *o = c->opening;
    o->failure_reason = reason;
    snprintf(o->failure, sizeof(o->failure), "%s", why);
    conn_set_fd(c, -1);
}

void conn_opening_writable(struct conn *c)
{
    int e = 0;
    socklen_t len = sizeof(e);
    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &e, &len))
        e = errno;
    if (!e) {
        conn_connected(c);
        return;
    }
    conn_drop_attempt(c, conn_reason_of(e), strerror(e));
    conn_try_next(c);
}

static bool conn_bind_local(struct conn *c, int fd, int family)
{
    struct addr local;
    const char *text = c->opening->bind_address;
    if (!text)
        return true;
    if (!addr_from_numeric(text, 0, &local) || local.ss.ss_family != family)
        return errno = EADDRNOTAVAIL, false;
    return bind(fd, (const struct sockaddr *)&local.ss, local.len) == 0;
}

/* Starts connecting to one address; false (with the attempt dropped) when that failed at once. */
static bool conn_attempt(struct conn *c, const struct addr *a)
{
    int family = a->ss.ss_family;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        conn_drop_attempt(c, CONN_IO, strerror(errno));
        return false;
    }
    conn_set_fd(c, fd);
    conn_tune_socket(c, fd, family);
    if (!conn_bind_local(c, fd, family)) {
        char why[120];
        snprintf(why, sizeof(why), "cannot connect from %.50s: %s", c->opening->bind_address,
                 strerror(errno));
        conn_drop_attempt(c, CONN_IO, why);
        return false;
    }
    if (!connect(fd, (const struct sockaddr *)&a->ss, a->len)) {
        loop_defer(&c->on_turn); /* never a callback from inside conn_connect */
        return true;
    }
    if (errno != EINPROGRESS) {
        conn_drop_attempt(c, conn_reason_of(errno), strerror(errno));
        return false;
    }
    conn_want_write(c, true);
    return true;
}

static void conn_try_next(struct conn *c)
{
    struct conn_opening *o = c->opening;
    c->state = CONN_CONNECTING;
    while (o->next < o->count) {
        const struct addr *a = &o->addrs[o->next++];
        usec_t now = clock_mono(loop_clock(c->loop)), left = o->deadline - now;
        if (left <= 0)
            break;
        /* Each address gets its share of the time, so that a dead one leaves some for the next. */
        loop_timer_at(&c->timer, now + left / (usec_t)(o->count - o->next + 1));
        if (conn_attempt(c, a))
            return;
    }
    conn_fail(c, o->failure_reason, "%s: %s", c->peer, o->failure);
}

void conn_on_timer(void *arg)
{
    struct conn *c = arg;
    switch (c->state) {
    case CONN_RESOLVING: conn_fail(c, CONN_TIMEOUT, "%s: looking up the name took too long", c->peer); break;
    case CONN_CONNECTING:
        conn_drop_attempt(c, CONN_TIMEOUT, "connecting took too long");
        conn_try_next(c);
        break;
    case CONN_HANDSHAKE: conn_fail(c, CONN_TIMEOUT, "%s: the TLS handshake took too long", c->peer); break;
    case CONN_SHUTTING:
        if (c->out_seen != c->octets_out) { /* slow, but moving */
            c->out_seen = c->octets_out;
            loop_timer_in(&c->timer, c->limits.linger);
            break;
        }
        /* fall through */
    case CONN_LINGERING: conn_fail(c, CONN_LOCAL, "%s: closed, the peer did not", c->peer); break;
    default: break;
    }
}

static void conn_on_resolved(void *arg, const struct addr *addrs, size_t count, const char *error)
{
    struct conn *c = arg;
    struct conn_opening *o = c->opening;
    o->job = NULL;
    if (!count) {
        conn_fail(c, CONN_RESOLVE, "%s: %s", c->peer, error);
        return;
    }
    memcpy(o->addrs, addrs, count * sizeof(*addrs));
    o->count = count;
    conn_try_next(c);
}

/* --- the call --- */

static bool conn_copy(char **to, const char *from)
{
    *to = from ? strdup(from) : NULL;
    return *to || !from;
}

static bool conn_check_options(const struct conn_options *o, struct err *err)
{
    struct addr a;
    if (!o->host == !o->unix_path)
        return err_set(err, ERR_INVALID, "a connection needs either a host or a Unix socket");
    if (o->host && !o->port)
        return err_set(err, ERR_INVALID, "%.80s: port missing", o->host);
    if (o->bind_address && !addr_from_numeric(o->bind_address, 0, &a))
        return err_set(err, ERR_INVALID, "\"%.80s\" is not a numeric address to connect from",
                       o->bind_address);
    if (o->tls && tls_is_server(o->tls))
        return err_set(err, ERR_INVALID, "TLS settings of a server cannot be used to connect");
    return true;
}

static bool conn_start(struct conn *c, const struct conn_options *o, struct err *err)
{
    struct conn_opening *op = c->opening;
    if (o->unix_path) {
        if (!addr_from_unix(o->unix_path, &op->addrs[0], err))
            return false;
        op->count = 1;
        c->is_unix = true;
        addr_format(&op->addrs[0], c->peer);
        conn_try_next(c);
        return true;
    }
    bool numeric = addr_from_numeric(o->host, o->port, &op->addrs[0]);
    snprintf(c->peer, sizeof(c->peer), strchr(o->host, ':') ? "[%.100s]:%u" : "%.100s:%u", o->host, o->port);
    if (numeric) {
        op->count = 1;
        conn_try_next(c);
        return true;
    }
    c->state = CONN_RESOLVING;
    loop_timer_at(&c->timer, op->deadline);
    op->job = resolve_start(c->loop, o->host, o->port, conn_on_resolved, c, err);
    return op->job != NULL;
}

struct conn *conn_connect(struct loop *l, const struct conn_options *o, const struct conn_ops *ops, void *arg,
                          struct err *err)
{
    if (!conn_check_options(o, err))
        return NULL;
    struct conn *c = conn_alloc(l, &o->limits, ops, arg);
    struct conn_opening *op = calloc(1, sizeof(*op));
    if (!c || !op || !conn_copy(&op->host, o->host) || !conn_copy(&op->bind_address, o->bind_address) ||
        !conn_copy(&op->tls_name, o->tls_name)) {
        conn_opening_free(op);
        conn_free(c);
        err_set(err, ERR_NOMEM, "out of memory");
        return NULL;
    }
    c->opening = op;
    op->tls = tls_ref(o->tls);
    c->was_tls = o->tls;
    op->failure_reason = CONN_TIMEOUT;
    snprintf(op->failure, sizeof(op->failure), "connecting took too long");
    op->deadline = clock_mono(loop_clock(l)) + (o->connect_timeout > 0 ? o->connect_timeout : 10 * USEC_SEC);
    if (conn_start(c, o, err))
        return c;
    conn_free(c);
    return NULL;
}
