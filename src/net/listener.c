#include "net/listener.h"
#include "net/addr.h"
#include "net/conn_impl.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/un.h>
#include <unistd.h>

#define LISTENER_BACKLOG 512
#define LISTENER_PER_TURN                                                                                    \
    64 /* connections taken a turn, so that a flood leaves time for those that are open */
/* Out of descriptors or memory: the connection stays in the backlog, where it would wake us without end. */
#define LISTENER_REST (100 * USEC_MS)

/* Shared with the connections, which may outlive the listener. */
struct listener_count {
    unsigned alive, refs;
};

/* An accepted connection in its TLS handshake, still the listener's. */
struct listener_pending {
    struct listener_pending *next, **link;
    struct listener *listener;
    struct conn *conn;
};

struct listener {
    struct loop *loop;
    int fd;
    struct event readable;
    struct loop_timer rest;
    bool paused;
    struct addr bound;
    char address[ADDR_TEXT];
    struct tls_ctx *tls;
    unsigned max_conns;
    usec_t handshake_timeout;
    struct conn_limits limits;
    listener_accept_fn *accept;
    listener_admit_fn *admit;
    void *arg;
    struct listener_count *count;
    struct listener_pending *pending;
    bool freed;
};

/* --- counting --- */

static void count_unref(struct listener_count *n)
{
    if (!--n->refs)
        free(n);
}

static void listener_on_conn_gone(void *arg)
{
    struct listener_count *n = arg;
    n->alive--;
    count_unref(n);
}

static void listener_count_conn(struct listener *ls, struct conn *c)
{
    ls->count->alive++;
    ls->count->refs++;
    c->on_gone = listener_on_conn_gone;
    c->on_gone_arg = ls->count;
}

/* --- handshakes --- */

static void pending_free(struct listener_pending *p)
{
    *p->link = p->next;
    if (p->next)
        p->next->link = p->link;
    free(p);
}

static void pending_on_connected(struct conn *c, void *arg)
{
    struct listener_pending *p = arg;
    struct listener *ls = p->listener;
    pending_free(p);
    ls->accept(ls, c, ls->arg);
}

static size_t pending_on_data(struct conn *c, void *arg, const uint8_t *p, size_t n)
{
    (void)c;
    (void)arg;
    (void)p;
    (void)n;
    return 0;
}

static void pending_on_closed(struct conn *c, void *arg, enum conn_reason reason, const char *text)
{
    (void)c;
    (void)reason;
    (void)text;
    pending_free(arg);
}

static const struct conn_ops pending_ops = { .on_connected = pending_on_connected,
                                             .on_data = pending_on_data,
                                             .on_closed = pending_on_closed };

/* Between accept and conn_set_ops a plain connection has these; it keeps them only if the callee forgot. */
static void orphan_on_closed(struct conn *c, void *arg, enum conn_reason reason, const char *text)
{
    (void)c;
    (void)arg;
    (void)reason;
    (void)text;
}

static const struct conn_ops orphan_ops = { .on_data = pending_on_data, .on_closed = orphan_on_closed };

static void listener_take_tls(struct listener *ls, int fd)
{
    struct listener_pending *p = calloc(1, sizeof(*p));
    if (!p) {
        close(fd);
        return;
    }
    p->conn = conn_accepted(ls->loop, fd, ls->tls, ls->handshake_timeout, &ls->limits, &pending_ops, p, NULL);
    if (!p->conn || (ls->admit && !ls->admit(p->conn, ls->arg))) {
        conn_free(p->conn);
        free(p);
        return;
    }
    p->listener = ls;
    p->next = ls->pending;
    p->link = &ls->pending;
    if (p->next)
        p->next->link = &p->next;
    ls->pending = p;
    listener_count_conn(ls, p->conn);
}

static void listener_take(struct listener *ls, int fd)
{
    if (ls->tls) {
        listener_take_tls(ls, fd);
        return;
    }
    struct conn *c = conn_accepted(ls->loop, fd, NULL, 0, &ls->limits, &orphan_ops, NULL, NULL);
    if (!c)
        return;
    listener_count_conn(ls, c);
    ls->accept(ls, c, ls->arg);
}

/* --- the socket --- */

static void listener_rest(struct listener *ls)
{
    event_del(&ls->readable);
    loop_timer_in(&ls->rest, LISTENER_REST);
}

static void listener_on_rested(void *arg)
{
    struct listener *ls = arg;
    if (!ls->paused)
        event_add(&ls->readable, NULL);
}

static void listener_on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct listener *ls = arg;
    (void)what;
    for (int i = 0; i < LISTENER_PER_TURN && !ls->freed && !ls->paused; i++) {
        int got = accept4((int)fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (got < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
                listener_rest(ls);
            else if (errno == EINTR || errno == ECONNABORTED || errno == EPROTO)
                continue;
            return;
        }
        if (ls->count->alive >= ls->max_conns)
            close(got);
        else
            listener_take(ls, got);
    }
}

/* --- life --- */

static bool listener_open(struct listener *ls, const struct listener_options *o, struct err *err)
{
    struct addr a;
    if (!o->address == !o->unix_path)
        return err_set(err, ERR_INVALID, "a listener needs either an address or a Unix socket");
    if (o->tls && !tls_is_server(o->tls))
        return err_set(err, ERR_INVALID, "TLS settings of a client cannot be used to listen");
    if (!(o->unix_path ? addr_from_unix(o->unix_path, &a, err) : addr_parse(o->address, &a, err)))
        return false;
    ls->fd = addr_listen(&a, o->mode ? o->mode : 0600, LISTENER_BACKLOG, &ls->bound, err);
    if (ls->fd < 0)
        return false;
    addr_format(&ls->bound, ls->address);
    event_assign(&ls->readable, loop_base(ls->loop), ls->fd, EV_READ | EV_PERSIST, listener_on_readable, ls);
    event_add(&ls->readable, NULL);
    return true;
}

struct listener *listener_new(struct loop *l, const struct listener_options *o, listener_accept_fn *accept_cb,
                              void *arg, struct err *err)
{
    struct listener *ls = calloc(1, sizeof(*ls));
    struct listener_count *n = calloc(1, sizeof(*n));
    if (!ls || !n) {
        free(ls);
        free(n);
        err_set(err, ERR_NOMEM, "out of memory");
        return NULL;
    }
    n->refs = 1;
    ls->count = n;
    ls->loop = l;
    ls->accept = accept_cb;
    ls->admit = o->admit;
    ls->arg = arg;
    ls->max_conns = o->max_conns ? o->max_conns : 1024;
    ls->handshake_timeout = o->handshake_timeout > 0 ? o->handshake_timeout : 10 * USEC_SEC;
    ls->limits = o->limits;
    loop_timer_init(&ls->rest, l, listener_on_rested, ls);
    if (!listener_open(ls, o, err)) {
        free(n);
        free(ls);
        return NULL;
    }
    ls->tls = tls_ref(o->tls);
    return ls;
}

void listener_free(struct listener *ls)
{
    if (!ls || ls->freed)
        return;
    ls->freed = true;
    event_del(&ls->readable);
    loop_timer_stop(&ls->rest);
    if (ls->bound.ss.ss_family == AF_UNIX)
        unlink(((const struct sockaddr_un *)&ls->bound.ss)->sun_path);
    close(ls->fd);
    while (ls->pending) {
        conn_free(ls->pending->conn);
        pending_free(ls->pending);
    }
    tls_free(ls->tls);
    count_unref(ls->count);
    loop_free_later(ls->loop, free, ls);
}

uint16_t listener_port(const struct listener *ls)
{
    return addr_port(&ls->bound);
}

const char *listener_address(const struct listener *ls)
{
    return ls->address;
}

void listener_pause(struct listener *ls)
{
    ls->paused = true;
    loop_timer_stop(&ls->rest);
    event_del(&ls->readable);
}

void listener_resume(struct listener *ls)
{
    if (!ls->paused)
        return;
    ls->paused = false;
    event_add(&ls->readable, NULL);
}

unsigned listener_conns(const struct listener *ls)
{
    return ls->count->alive;
}
