/* What the tests of net/ share: waiting for conditions, never for time; certificates made on the spot. */
#ifndef TESSERA_TESTS_NET_TEST_H
#define TESSERA_TESTS_NET_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "net/conn.h"
#include "net/loop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const struct clock test_clock;

/* Turns the loop until the condition holds; a test that waits longer than this has failed. */
#define WAIT_FOR(l, condition)                                                                               \
    do {                                                                                                     \
        usec_t wait_end_ = clock_mono(&test_clock) + 20 * USEC_SEC;                                          \
        while (!(condition)) {                                                                               \
            assert_true(clock_mono(&test_clock) < wait_end_);                                                \
            loop_turn((l), 50 * USEC_MS);                                                                    \
        }                                                                                                    \
    } while (0)

/* What happened to a connection, told by its callbacks. */
struct seen {
    struct conn *conn;
    unsigned connected, data, drained, closed;
    enum conn_reason reason;
    char text[320];
    uint8_t *in; /* everything consumed */
    size_t in_len, in_cap;
    size_t frame;      /* consume whole frames of so many octets; 0: everything */
    size_t max_data;   /* most octets seen in one callback */
    size_t max_frames; /* consume at most so many frames a callback, then ask to be called again; 0: all */
    bool consume_none;
    bool pause_after_data;
};

static inline void seen_on_connected(struct conn *c, void *arg)
{
    (void)c;
    ((struct seen *)arg)->connected++;
}

static inline size_t seen_on_data(struct conn *c, void *arg, const uint8_t *p, size_t n)
{
    struct seen *s = arg;
    s->data++;
    if (n > s->max_data)
        s->max_data = n;
    if (s->consume_none)
        return 0;
    size_t take = s->frame ? n - n % s->frame : n;
    if (s->max_frames && take > s->max_frames * s->frame) {
        take = s->max_frames * s->frame;
        conn_call_again(c);
    }
    if (s->in_len + take > s->in_cap) {
        s->in_cap = 2 * (s->in_len + take);
        s->in = realloc(s->in, s->in_cap);
        assert_non_null(s->in);
    }
    if (take)
        memcpy(s->in + s->in_len, p, take);
    s->in_len += take;
    if (s->pause_after_data)
        conn_pause_read(c);
    return take;
}

static inline void seen_on_drain(struct conn *c, void *arg)
{
    (void)c;
    ((struct seen *)arg)->drained++;
}

static inline void seen_on_closed(struct conn *c, void *arg, enum conn_reason reason, const char *text)
{
    struct seen *s = arg;
    (void)c;
    s->closed++;
    s->reason = reason;
    snprintf(s->text, sizeof(s->text), "%s", text);
    s->conn = NULL;
}

static const struct conn_ops seen_ops = { .on_connected = seen_on_connected,
                                          .on_data = seen_on_data,
                                          .on_drain = seen_on_drain,
                                          .on_closed = seen_on_closed };

static inline void seen_free(struct seen *s)
{
    conn_free(s->conn);
    free(s->in);
    *s = (struct seen){ 0 };
}

/* A listening TCP socket of 127.0.0.1 that is not ours; *port is the kernel's choice. */
static inline int raw_listen(uint16_t *port, int backlog)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    assert_int_equal(listen(fd, backlog), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    *port = ntohs(a.sin_port);
    return fd;
}

/* A blocking client socket. */
static inline int raw_connect(uint16_t port)
{
    struct sockaddr_in a = { .sin_family = AF_INET,
                             .sin_port = htons(port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    return fd;
}

/* The other end of a connection, non-blocking: appends what is there to *buf. False at the end of the stream.
 */
static inline bool raw_read(int fd, char *buf, size_t cap, size_t *len)
{
    ssize_t n = recv(fd, buf + *len, cap - 1 - *len, MSG_DONTWAIT);
    if (n > 0)
        *len += (size_t)n;
    buf[*len] = '\0';
    return n > 0 || (n < 0 && errno == EAGAIN);
}

static inline void scratch_dir(char dir[64])
{
    snprintf(dir, 64, "/tmp/tessera-net-XXXXXX");
    assert_non_null(mkdtemp(dir));
}

#endif
