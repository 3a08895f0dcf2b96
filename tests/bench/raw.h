/* What the sink and the raw loop share: blocking octets over TCP or TLS, and PDUs that are fixed octets but
 * for their sequence numbers. No codec on purpose: this is the machine's limit that our own path is measured
 * against. Errors end the program: a benchmark that goes on after one measures nothing. */
#ifndef TESSERA_BENCH_RAW_H
#define TESSERA_BENCH_RAW_H

#include "net/openssl.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define RAW_BUFFER 4194304 /* octets: sockets and programs alike, so that no window blocks both sides */

static inline void raw_die(const char *what)
{
    perror(what);
    exit(1);
}

static inline uint64_t raw_now(void) /* monotonic, nanoseconds: the same clock for every process */
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline uint32_t raw_get32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, 4);
    return ntohl(v);
}

static inline void raw_put32(uint8_t *p, uint32_t v)
{
    v = htonl(v);
    memcpy(p, &v, 4);
}

struct raw_io {
    int fd;
    SSL *ssl; /* NULL: plain */
};

static inline void raw_tune(int fd)
{
    int one = 1, size = RAW_BUFFER;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}

/* 0: the peer is gone. */
static inline size_t raw_read(const struct raw_io *io, void *p, size_t n)
{
    ssize_t got = io->ssl ? SSL_read(io->ssl, p, (int)n) : read(io->fd, p, n);
    return got > 0 ? (size_t)got : 0;
}

static inline bool raw_write(const struct raw_io *io, const void *p, size_t n)
{
    for (size_t done = 0; done < n;) {
        ssize_t put = io->ssl ? SSL_write(io->ssl, (const char *)p + done, (int)(n - done))
                              : write(io->fd, (const char *)p + done, n - done);
        if (put <= 0) {
            return false;
        }
        done += (size_t)put;
    }
    return true;
}

static inline struct raw_io raw_connect(uint16_t port, bool tls)
{
    struct raw_io io = { .fd = socket(AF_INET, SOCK_STREAM, 0) };
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    raw_tune(io.fd);
    if (connect(io.fd, (struct sockaddr *)&a, sizeof a) != 0) {
        raw_die("connect");
    }
    if (tls) {
        SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION);
        io.ssl = SSL_new(ctx);
        SSL_set_fd(io.ssl, io.fd);
        if (SSL_connect(io.ssl) != 1) {
            raw_die("TLS handshake");
        }
    }
    return io;
}

/* Whole frames of p[0..n): fn for each, returns the octets consumed. */
typedef void (*raw_frame_fn)(void *ctx, const uint8_t *p, uint32_t n);
static inline size_t raw_frames(const uint8_t *p, size_t n, raw_frame_fn fn, void *ctx)
{
    size_t at = 0;
    while (n - at >= 16) {
        uint32_t len = raw_get32(p + at);
        if (len < 16 || len > 65536) {
            raw_die("command_length");
        }
        if (n - at < len) {
            break;
        }
        fn(ctx, p + at, len);
        at += len;
    }
    return at;
}

/* What every client of the benchmark sends: a submit_sm of 61 octets of text (SMPP 3.4 §4.4.1). */
#define RAW_TEXT   "Your parcel is on its way and arrives between 10:00 and 12:00"
#define RAW_SENDER "TESSERA"
#define RAW_TO     "447700900123"

static inline size_t raw_submit_sm(uint8_t *p)
{
    size_t n = 16;
    memset(p, 0, 16);
    raw_put32(p + 4, 4);
    p[n++] = 0; /* service_type */
    p[n++] = 5, p[n++] = 0;
    memcpy(p + n, RAW_SENDER, sizeof RAW_SENDER);
    n += sizeof RAW_SENDER;
    p[n++] = 1, p[n++] = 1;
    memcpy(p + n, RAW_TO, sizeof RAW_TO);
    n += sizeof RAW_TO;
    memset(p + n, 0,
           9); /* esm_class, protocol, priority, two times, registered_delivery, replace, coding, default */
    p[n + 5] = 1; /* a receipt is asked for */
    n += 9;
    p[n++] = sizeof RAW_TEXT - 1;
    memcpy(p + n, RAW_TEXT, sizeof RAW_TEXT - 1);
    n += sizeof RAW_TEXT - 1;
    raw_put32(p, (uint32_t)n);
    return n;
}

#endif
