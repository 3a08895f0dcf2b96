/* Life and interface of a connection. */
#include "net/conn.h"
#include "net/conn_impl.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *conn_reason_name(enum conn_reason r)
{
    static const char *const names[] = {
        [CONN_LOCAL] = "local",     [CONN_PEER] = "peer",       [CONN_RESET] = "reset",
        [CONN_REFUSED] = "refused", [CONN_TIMEOUT] = "timeout", [CONN_RESOLVE] = "resolve",
        [CONN_TLS] = "tls",         [CONN_IO] = "io",           [CONN_OVERFLOW] = "overflow",
    };
    return (size_t)r < sizeof(names) / sizeof(*names) ? names[r] : "?";
}

/* --- life --- */

static struct conn_limits conn_fill_limits(const struct conn_limits *o)
{
    struct conn_limits l = o ? *o : (struct conn_limits){ 0 };
    if (!l.max_input)
        l.max_input = 131072;
    if (!l.read_budget)
        l.read_budget = 65536;
    if (!l.high_water)
        l.high_water = 1048576;
    if (!l.low_water || l.low_water >= l.high_water)
        l.low_water = l.high_water / 4;
    if (l.keepalive <= 0)
        l.keepalive = USEC_MINUTE;
    if (l.linger <= 0)
        l.linger = 5 * USEC_SEC;
    return l;
}

struct conn *conn_alloc(struct loop *l, const struct conn_limits *limits, const struct conn_ops *ops,
                        void *arg)
{
    struct conn *c = calloc(1, sizeof(*c));
    if (!c)
        return NULL;
    c->loop = l;
    c->ops = ops;
    c->arg = arg;
    c->fd = -1;
    c->in_want = CONN_READ_FIRST;
    c->limits = conn_fill_limits(limits);
    loop_task_init(&c->on_turn, l, conn_on_turn, c);
    loop_timer_init(&c->timer, l, conn_on_timer, c);
    return c;
}

void conn_set_fd(struct conn *c, int fd)
{
    if (c->events_set) {
        conn_want_read(c, false);
        conn_want_write(c, false);
        c->events_set = false;
    }
    if (c->fd >= 0)
        close(c->fd);
    c->fd = fd;
    if (fd < 0)
        return;
    event_assign(&c->readable, loop_base(c->loop), fd, EV_READ | EV_PERSIST, conn_on_readable, c);
    event_assign(&c->writable, loop_base(c->loop), fd, EV_WRITE | EV_PERSIST, conn_on_writable, c);
    c->events_set = true;
}

/* Small PDUs must not wait for each other (Nagle), and a peer that vanished must be noticed in bounded time.
 */
void conn_tune_socket(const struct conn *c, int fd, int family)
{
    if (family != AF_INET && family != AF_INET6)
        return;
    int on = 1, probes = 3, idle = (int)(c->limits.keepalive / USEC_SEC), gap;
    idle = idle < 1 ? 1 : idle;
    gap = idle / 3 < 1 ? 1 : idle / 3;
    unsigned give_up = (unsigned)(idle + probes * gap) * 1000;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &gap, sizeof(gap));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &give_up, sizeof(give_up));
}

void conn_opened(struct conn *c)
{
    struct addr a;
    c->state = CONN_OPEN;
    loop_timer_stop(&c->timer);
    conn_opening_free(c->opening);
    c->opening = NULL;
    addr_of_socket(c->fd, false, &a);
    addr_format(&a, c->local);
    conn_want_read(c, true);
    if (c->tls) { /* the handshake may have brought data along, which no event will tell of */
        c->again = true;
        loop_defer(&c->on_turn);
    }
}

/* Everything outside goes at once; the memory when nothing can be on the stack any more. */
static void conn_release(struct conn *c)
{
    loop_timer_stop(&c->timer);
    conn_opening_free(c->opening);
    c->opening = NULL;
    if (c->tls && c->state == CONN_OPEN)
        tls_stream_close_notify(c->tls);
    tls_stream_free(c->tls);
    c->tls = NULL;
    conn_set_fd(c, -1);
    c->state = CONN_DEAD;
    if (c->on_gone)
        c->on_gone(c->on_gone_arg);
    c->on_gone = NULL;
}

void conn_fail(struct conn *c, enum conn_reason reason, const char *fmt, ...)
{
    if (c->state == CONN_DEAD)
        return;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(c->text, sizeof(c->text), fmt, ap);
    va_end(ap);
    c->reason = reason;
    conn_release(c);
    loop_defer(&c->on_turn);
}

enum conn_reason conn_reason_of(int e)
{
    switch (e) {
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENOENT: return CONN_REFUSED; /* ENOENT: no Unix socket there */
    case ECONNRESET:
    case EPIPE:
    case ENOTCONN:
    case ECONNABORTED: return CONN_RESET;
    case ETIMEDOUT: return CONN_TIMEOUT;
    default: return CONN_IO;
    }
}

void conn_fail_errno(struct conn *c, int e, const char *doing)
{
    enum conn_reason r = conn_reason_of(e);
    if (r == CONN_TIMEOUT) /* on an open connection it is the keepalive's verdict */
        r = CONN_RESET;
    conn_fail(c, r, "%s: %s%s%s", c->peer, doing ? doing : "", doing ? ": " : "", strerror(e));
}

static void conn_destroy(void *p)
{
    struct conn *c = p;
    free(c->in.data);
    free(c->out.data);
    free(c);
}

void conn_free(struct conn *c)
{
    if (!c || c->freed)
        return;
    c->freed = true;
    if (c->state != CONN_DEAD)
        conn_release(c);
    loop_task_cancel(&c->on_turn);
    loop_free_later(c->loop, conn_destroy, c);
}

/* --- connections that others opened --- */

struct conn *conn_from_fd(struct loop *l, int fd, const struct conn_limits *limits,
                          const struct conn_ops *ops, void *arg, struct err *err)
{
    return conn_accepted(l, fd, NULL, 0, limits, ops, arg, err);
}

struct conn *conn_accepted(struct loop *l, int fd, struct tls_ctx *tls, usec_t handshake_timeout,
                           const struct conn_limits *limits, const struct conn_ops *ops, void *arg,
                           struct err *err)
{
    struct addr a;
    struct conn *c = conn_alloc(l, limits, ops, arg);
    if (!c) {
        close(fd);
        err_set(err, ERR_NOMEM, "out of memory");
        return NULL;
    }
    evutil_make_socket_nonblocking(fd);
    conn_set_fd(c, fd);
    addr_of_socket(fd, true, &a);
    if (a.ss.ss_family == AF_UNIX) /* the connecting end has no name of its own: show where it came in */
        addr_of_socket(fd, false, &a);
    c->is_unix = a.ss.ss_family == AF_UNIX;
    addr_format(&a, c->peer);
    conn_tune_socket(c, fd, a.ss.ss_family);
    if (!tls) {
        conn_opened(c);
        return c;
    }
    c->was_tls = true;
    c->state = CONN_HANDSHAKE;
    c->tls = tls_stream_new(tls, fd, NULL, err);
    if (!c->tls) {
        conn_free(c);
        return NULL;
    }
    loop_timer_in(&c->timer, handshake_timeout);
    conn_want_read(c, true);
    return c;
}

void conn_set_ops(struct conn *c, const struct conn_ops *ops, void *arg)
{
    c->ops = ops;
    c->arg = arg;
}

/* --- output --- */

size_t conn_writable_room(const struct conn *c)
{
    return c->state == CONN_OPEN && c->out.len < c->limits.high_water ? c->limits.high_water - c->out.len : 0;
}

size_t conn_queued(const struct conn *c)
{
    return c->out.len;
}

uint8_t *conn_reserve(struct conn *c, size_t n)
{
    uint8_t *p = n <= conn_writable_room(c) ? conn_buf_room(&c->out, n) : NULL;
    if (!p)
        conn_ask_drain(c);
    return p;
}

void conn_ask_drain(struct conn *c)
{
    if (c->state != CONN_OPEN)
        return;
    c->above = true;
    loop_defer(&c->on_turn);
}

void conn_commit(struct conn *c, size_t n)
{
    c->out.len += n;
    if (c->out.len >= CONN_FLUSH_ABOVE && !c->writing)
        conn_flush(c);
    loop_defer(&c->on_turn);
}

bool conn_write(struct conn *c, const void *p, size_t n)
{
    if (!n)
        return c->state == CONN_OPEN;
    uint8_t *to = conn_reserve(c, n);
    if (!to)
        return false;
    memcpy(to, p, n);
    conn_commit(c, n);
    return true;
}

/* --- input --- */

void conn_pause_read(struct conn *c)
{
    c->paused = true;
}

void conn_resume_read(struct conn *c)
{
    if (!c->paused)
        return;
    c->paused = false;
    conn_call_again(c);
}

void conn_call_again(struct conn *c)
{
    if (c->state != CONN_OPEN)
        return;
    c->again = true;
    loop_defer(&c->on_turn);
}

/* --- closing --- */

void conn_shutdown(struct conn *c)
{
    if (c->state == CONN_SHUTTING || c->state == CONN_LINGERING || c->state == CONN_DEAD)
        return;
    if (c->state != CONN_OPEN) {
        conn_close(c);
        return;
    }
    c->state = CONN_SHUTTING;
    conn_want_read(c, !c->eof);
    c->out_seen = c->octets_out;
    loop_timer_in(&c->timer, c->limits.linger);
    loop_defer(&c->on_turn);
}

void conn_shutdown_now(struct conn *c)
{
    if (c->state == CONN_OPEN)
        conn_flush(c);
    if (c->state == CONN_OPEN || c->state == CONN_SHUTTING)
        conn_end_output(c);
    conn_close(c);
}

void conn_close(struct conn *c)
{
    conn_fail(c, CONN_LOCAL, "%s: closed", c->peer);
}

/* --- questions --- */

bool conn_is_open(const struct conn *c)
{
    return c->state == CONN_OPEN;
}

const char *conn_peer(const struct conn *c)
{
    return c->peer;
}

const char *conn_local(const struct conn *c)
{
    return c->local;
}

bool conn_peer_uid(const struct conn *c, uint32_t *uid)
{
    struct ucred cred;
    socklen_t len = sizeof(cred);
    if (!c->is_unix || c->fd < 0 || getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &cred, &len))
        return false;
    *uid = (uint32_t)cred.uid;
    return true;
}

bool conn_is_tls(const struct conn *c)
{
    return c->was_tls;
}

const char *conn_tls_version(const struct conn *c)
{
    return c->tls_version;
}

bool conn_peer_cert_expiry(const struct conn *c, usec_t *not_after)
{
    if (c->have_expiry)
        *not_after = c->peer_expiry;
    return c->have_expiry;
}

uint64_t conn_octets_out(const struct conn *c)
{
    return c->octets_out;
}
