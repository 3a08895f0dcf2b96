/* For net/ only: the inside of a connection, shared by conn.c (life and interface), conn_open.c (from name to
 * open) and conn_io.c (octets). */
#ifndef TESSERA_NET_CONN_IMPL_H
#define TESSERA_NET_CONN_IMPL_H

#include "net/addr.h"
#include "net/conn.h"
#include "net/loop_base.h"
#include "net/resolve.h"
#include "net/tls_stream.h"

enum conn_state {
    CONN_RESOLVING,
    CONN_CONNECTING,
    CONN_HANDSHAKE,
    CONN_OPEN,
    CONN_SHUTTING,  /* conn_shutdown: output is being flushed, input is thrown away */
    CONN_LINGERING, /* our FIN is sent; waiting for the peer's, so that unread input does not make a RST of it
                     */
    CONN_DEAD,      /* descriptor closed; on_closed is due */
};

struct conn_buf {
    uint8_t *data;
    size_t head, len, cap; /* content is data[head .. head+len) */
};

/* What only a connection that is being made needs. */
struct conn_opening {
    char *host, *bind_address, *tls_name;
    struct tls_ctx *tls;
    struct resolve_job *job;
    struct addr addrs[RESOLVE_MAX];
    size_t count, next;
    char failure[160]; /* of the address tried last */
    enum conn_reason failure_reason;
    usec_t deadline;
};

struct conn {
    struct loop *loop;
    const struct conn_ops *ops;
    void *arg;
    enum conn_state state;
    int fd; /* -1: none */
    struct event readable, writable;
    bool events_set;       /* readable and writable have been assigned to fd */
    bool reading, writing; /* they are armed */
    bool paused, again, eof;
    bool write_wants_read, read_wants_write; /* TLS: the other direction must move first */
    bool above;                              /* octets were refused; on_drain is owed */
    bool freed;
    int broken; /* errno of a write that failed, while the input is being read to its end */
    struct conn_buf in, out;
    size_t in_want; /* octets to ask for next; doubles while reads are filled */
    struct conn_limits limits;
    struct loop_task on_turn; /* end of turn: flush, read again, open, close */
    struct loop_timer timer;  /* connecting, then lingering */
    struct tls_stream *tls;
    struct conn_opening *opening;
    void (*on_gone)(void *arg); /* a listener counts its connections */
    void *on_gone_arg;
    enum conn_reason reason;
    char text[320];
    char peer[ADDR_TEXT], local[ADDR_TEXT];
    uint64_t octets_out, out_seen; /* out_seen: when the linger timer was armed */
    bool is_unix, was_tls;
    bool have_expiry;
    usec_t peer_expiry;
    char tls_version[16];
};

#define CONN_READ_FIRST ((size_t)16 * 1024)
#define CONN_FLUSH_ABOVE                                                                                     \
    ((size_t)64 * 1024) /* more output than this does not wait for the end of the turn                       \
                         */

/* conn.c */
struct conn *conn_alloc(struct loop *l, const struct conn_limits *limits, const struct conn_ops *ops,
                        void *arg);
/* Closes the descriptor at once; on_closed comes at the end of the turn. */
void conn_fail(struct conn *c, enum conn_reason reason, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The same, naming the peer and an errno. */
void conn_fail_errno(struct conn *c, int e, const char *doing);
enum conn_reason conn_reason_of(int e);
void conn_set_fd(struct conn *c, int fd);
void conn_tune_socket(const struct conn *c, int fd, int family);
void conn_opened(struct conn *c); /* state becomes open; no callback */
/* For the listener: a connection just accepted, in the handshake when `tls` is given (then ops->on_connected
 * comes), else open. */
struct conn *conn_accepted(struct loop *l, int fd, struct tls_ctx *tls, usec_t handshake_timeout,
                           const struct conn_limits *limits, const struct conn_ops *ops, void *arg,
                           struct err *err);

/* conn_open.c */
void conn_opening_free(struct conn_opening *o);
void conn_opening_writable(struct conn *c);
void conn_handshake(struct conn *c);
void conn_on_timer(void *arg);

/* conn_io.c */
void conn_want_read(struct conn *c, bool on);
void conn_want_write(struct conn *c, bool on);
void conn_on_readable(evutil_socket_t fd, short what, void *arg);
void conn_on_writable(evutil_socket_t fd, short what, void *arg);
void conn_on_turn(void *arg);
void conn_flush(struct conn *c); /* makes no callback */
/* Our end of the output, and what has come already is thrown away: left on the socket it would make a reset
 * of the close, which takes our last octets along. */
void conn_end_output(struct conn *c);
uint8_t *conn_buf_room(struct conn_buf *b, size_t n);

#endif
