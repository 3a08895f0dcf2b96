/* Octets in and out of an open connection. */
#include "net/conn_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CONN_KEEP_ROOM ((size_t)256 * 1024) /* an emptied output buffer larger than this is given back */

enum io_result { IO_OK, IO_BLOCKED, IO_EOF, IO_DEAD };

/* --- events --- */

static void conn_want(struct event *ev, bool *armed, bool on)
{
    if (*armed == on)
        return;
    if (on)
        event_add(ev, NULL);
    else
        event_del(ev);
    *armed = on;
}

void conn_want_read(struct conn *c, bool on)
{
    conn_want(&c->readable, &c->reading, on);
}

void conn_want_write(struct conn *c, bool on)
{
    conn_want(&c->writable, &c->writing, on);
}

/* Room for n octets after the content: by moving the content to the front, or by growing. */
uint8_t *conn_buf_room(struct conn_buf *b, size_t n)
{
    if (!b->len)
        b->head = 0;
    if (b->cap - b->head - b->len >= n)
        return b->data + b->head + b->len;
    /* Moving is only worth it when at least as much is gained as is moved: else appending would be quadratic.
     */
    if (b->cap - b->len >= n && b->head >= b->len) {
        memmove(b->data, b->data + b->head, b->len);
        b->head = 0;
        return b->data + b->len;
    }
    size_t cap = b->cap ? b->cap : 4096;
    while (cap - b->len < n)
        cap *= 2;
    uint8_t *data = malloc(cap);
    if (!data)
        return NULL;
    if (b->len)
        memcpy(data, b->data + b->head, b->len);
    free(b->data);
    *b = (struct conn_buf){ .data = data, .len = b->len, .cap = cap };
    return data + b->len;
}

/* --- one system call's worth --- */

static enum io_result conn_tls_result(struct conn *c, enum tls_io r)
{
    switch (r) {
    case TLS_IO_OK: return IO_OK;
    case TLS_IO_WANT_READ:
    case TLS_IO_WANT_WRITE: return IO_BLOCKED;
    case TLS_IO_EOF: return IO_EOF;
    default: break;
    }
    if (tls_stream_errno(c->tls))
        conn_fail_errno(c, tls_stream_errno(c->tls), NULL);
    else
        conn_fail(c, CONN_TLS, "%s: TLS: %s", c->peer, tls_stream_error(c->tls));
    return IO_DEAD;
}

static enum io_result conn_read_some(struct conn *c, uint8_t *p, size_t n, size_t *got)
{
    *got = 0;
    if (c->tls) {
        enum tls_io r = tls_stream_read(c->tls, p, n, got);
        c->read_wants_write = r == TLS_IO_WANT_WRITE;
        if (c->read_wants_write)
            conn_want_write(c, true);
        return conn_tls_result(c, r);
    }
    ssize_t r = recv(c->fd, p, n, 0);
    if (r > 0) {
        *got = (size_t)r;
        return IO_OK;
    }
    if (r == 0)
        return IO_EOF;
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
        return IO_BLOCKED;
    conn_fail_errno(c, errno, NULL);
    return IO_DEAD;
}

/* A failed write does not end the connection by itself: what the peer said before it left is still to be
 * read. */
static enum io_result conn_write_some(struct conn *c, const uint8_t *p, size_t n, size_t *put)
{
    *put = 0;
    if (c->tls) {
        enum tls_io r = tls_stream_write(c->tls, p, n, put);
        c->write_wants_read = r == TLS_IO_WANT_READ;
        return r == TLS_IO_EOF ? IO_BLOCKED : conn_tls_result(c, r);
    }
    ssize_t r = send(c->fd, p, n, MSG_NOSIGNAL);
    if (r >= 0) {
        *put = (size_t)r;
        return IO_OK;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
        return IO_BLOCKED;
    if ((errno == EPIPE || errno == ECONNRESET) && c->state == CONN_OPEN && !c->eof && !c->paused &&
        !c->broken) {
        c->out.head = c->out.len = 0;
        c->broken = errno;
        c->again = true; /* one more read finds the data, then the end */
        loop_defer(&c->on_turn);
        return IO_OK;
    }
    conn_fail_errno(c, errno, NULL);
    return IO_DEAD;
}

/* --- output --- */

static void conn_finish_shutdown(struct conn *c)
{
    if (c->tls)
        tls_stream_close_notify(c->tls);
    shutdown(c->fd, SHUT_WR);
    c->state = CONN_LINGERING;
    if (c->eof)
        conn_fail(c, CONN_LOCAL, "%s: closed", c->peer);
    else
        conn_want_read(c, true);
}

void conn_flush(struct conn *c)
{
    while (c->out.len && (c->state == CONN_OPEN || c->state == CONN_SHUTTING)) {
        size_t put;
        enum io_result r = conn_write_some(c, c->out.data + c->out.head, c->out.len, &put);
        if (r == IO_DEAD)
            return;
        if (r == IO_BLOCKED) {
            c->above |= c->out.len > c->limits.low_water;
            conn_want_write(c, !c->write_wants_read);
            if (c->write_wants_read)
                conn_want_read(c, true);
            return;
        }
        c->octets_out += put;
        if (c->out.len) { /* 0 when a broken pipe has dropped it all */
            c->out.len -= put;
            c->out.head += put;
        }
    }
    if (c->state != CONN_OPEN && c->state != CONN_SHUTTING)
        return;
    if (!c->read_wants_write)
        conn_want_write(c, false);
    if (c->out.cap > CONN_KEEP_ROOM && !c->out.len) {
        free(c->out.data);
        c->out = (struct conn_buf){ 0 };
    }
    if (c->state == CONN_SHUTTING)
        conn_finish_shutdown(c);
}

static void conn_check_drain(struct conn *c)
{
    if (c->state != CONN_OPEN || !c->above || c->out.len > c->limits.low_water)
        return;
    c->above = false;
    if (c->ops->on_drain)
        c->ops->on_drain(c, c->arg);
}

/* --- input --- */

static void conn_deliver(struct conn *c)
{
    if (c->state != CONN_OPEN || c->paused || !c->in.len)
        return;
    size_t used = c->ops->on_data(c, c->arg, c->in.data + c->in.head, c->in.len);
    if (used > c->in.len)
        used = c->in.len;
    c->in.head += used;
    c->in.len -= used;
    if (c->state == CONN_OPEN && !used && !c->paused && !c->again && c->in.len >= c->limits.max_input)
        conn_fail(c, CONN_OVERFLOW, "%s: sent %zu octets without an end of frame", c->peer, c->in.len);
}

/* It may only have closed its sending side: what has been answered in this turn is still written. */
static void conn_end_by_peer(struct conn *c)
{
    if (c->out.len)
        conn_flush(c);
    conn_fail(c, CONN_PEER, "%s: closed by the peer", c->peer);
}

/* The peer has closed. What is still held back (paused, or a cap on frames) is given first. */
static void conn_on_eof(struct conn *c)
{
    c->eof = true;
    conn_want_read(c, false);
    if (c->state == CONN_LINGERING)
        conn_fail(c, CONN_LOCAL, "%s: closed", c->peer);
    else if (c->state == CONN_OPEN && !c->again && !c->paused)
        conn_end_by_peer(c);
}

/* Room for the next read: `in_want` octets, or what the buffer has left when that is at least half as much.
 */
static uint8_t *conn_input_room(struct conn *c, size_t budget, size_t *room)
{
    size_t left = c->limits.max_input - c->in.len, tail = c->in.cap - c->in.head - c->in.len;
    size_t n = tail >= c->in_want / 2 && tail ? tail : c->in_want;
    if (n > left)
        n = left;
    if (n > budget)
        n = budget;
    *room = n;
    return conn_buf_room(&c->in, n);
}

static void conn_read(struct conn *c)
{
    size_t budget = c->limits.read_budget;
    while (c->state == CONN_OPEN && !c->paused && !c->eof && budget && c->in.len < c->limits.max_input) {
        size_t room, got;
        uint8_t *p = conn_input_room(c, budget, &room);
        if (!p) {
            conn_fail(c, CONN_IO, "%s: out of memory", c->peer);
            return;
        }
        enum io_result r = conn_read_some(c, p, room, &got);
        if (r == IO_EOF)
            conn_on_eof(c);
        if (r != IO_OK)
            return;
        c->in.len += got;
        budget -= got;
        conn_deliver(c);
        if (got == room && c->in_want < c->limits.read_budget)
            c->in_want *= 2;
        if (got < room && !(c->tls && tls_stream_pending(c->tls)))
            return; /* the socket is empty; the event tells when it is not */
    }
    /* The event sees the socket, not what TLS holds decrypted: come back by ourselves. */
    if (c->state == CONN_OPEN && c->tls && !budget && !c->paused) {
        c->again = true;
        loop_defer(&c->on_turn);
    }
}

/* After conn_shutdown nobody wants input, but it must be taken off the socket until the peer's end. */
static void conn_discard(struct conn *c)
{
    uint8_t junk[4096];
    for (int i = 0; i < 16 && (c->state == CONN_SHUTTING || c->state == CONN_LINGERING) && !c->eof; i++) {
        ssize_t r;
        if (c->state == CONN_SHUTTING && c->tls) { /* a key update in it may be what the output waits for */
            size_t got;
            enum tls_io t = tls_stream_read(c->tls, junk, sizeof(junk), &got);
            r = t == TLS_IO_OK ? 1 : t == TLS_IO_EOF ? 0 : -1;
            errno = t == TLS_IO_FAILED ? ECONNRESET : EAGAIN;
        } else {
            r = recv(c->fd, junk, sizeof(junk), 0);
        }
        if (r == 0)
            conn_on_eof(c);
        else if (r < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
            conn_fail(c, CONN_LOCAL, "%s: closed", c->peer);
        if (r <= 0)
            return;
    }
}

void conn_end_output(struct conn *c)
{
    c->out.head = c->out.len = 0;
    conn_finish_shutdown(c);
    if (c->state == CONN_LINGERING)
        conn_discard(c);
}

/* --- what wakes a connection --- */

void conn_on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct conn *c = arg;
    (void)fd;
    (void)what;
    if (c->state == CONN_HANDSHAKE) {
        conn_handshake(c);
        return;
    }
    if (c->write_wants_read)
        conn_flush(c);
    if (c->state == CONN_SHUTTING || c->state == CONN_LINGERING) {
        conn_discard(c);
        return;
    }
    if (c->state != CONN_OPEN)
        return;
    if (c->paused &&
        !c->write_wants_read) { /* only now: many pauses end before anything comes, and cost no system call */
        conn_want_read(c, false);
        return;
    }
    if (!c->paused)
        conn_read(c);
}

void conn_on_writable(evutil_socket_t fd, short what, void *arg)
{
    struct conn *c = arg;
    (void)fd;
    (void)what;
    if (c->state == CONN_CONNECTING) {
        conn_opening_writable(c);
        return;
    }
    if (c->state == CONN_HANDSHAKE) {
        conn_handshake(c);
        return;
    }
    if (c->read_wants_write) {
        c->read_wants_write = false;
        if (c->state == CONN_OPEN && !c->paused)
            conn_read(c);
    }
    conn_flush(c);
    conn_check_drain(c);
}

static void conn_read_again(struct conn *c)
{
    c->again = false;
    conn_deliver(c);
    if (c->state != CONN_OPEN || c->paused)
        return;
    if (c->eof) {
        if (!c->again)
            conn_end_by_peer(c);
        return;
    }
    conn_want_read(c, true);
    conn_read(c);
    if (c->broken && c->state == CONN_OPEN)
        conn_fail_errno(c, c->broken, NULL);
}

static void conn_tell_closed(struct conn *c)
{
    if (c->freed)
        return;
    c->ops->on_closed(c, c->arg, c->reason, c->text);
    conn_free(c);
}

void conn_on_turn(void *arg)
{
    struct conn *c = arg;
    if (c->state == CONN_CONNECTING && c->opening && !c->writing)
        conn_opening_writable(c); /* connected inside conn_connect already */
    if (c->state == CONN_OPEN && c->again)
        conn_read_again(c);
    if (c->state == CONN_OPEN || c->state == CONN_SHUTTING) {
        if (!c->writing || c->read_wants_write)
            conn_flush(c);
        conn_check_drain(c);
    }
    if (c->state == CONN_DEAD)
        conn_tell_closed(c);
}
