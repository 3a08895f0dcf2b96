/* For net/ only: reading HTTP/1.1 requests (RFC 9112) as pure functions. Strict where leniency has been used
 * for request smuggling: CRLF only, no folded headers, no space before a colon, one Content-Length or
 * chunked, never both. */
#ifndef TESSERA_NET_HTTP_PARSE_H
#define TESSERA_NET_HTTP_PARSE_H

#include "base/buf.h"
#include "base/strv.h"
#include "net/http.h"

#define HTTP_MAX_HEADERS 64
#define HTTP_MAX_PARAMS  32

struct http_field {
    struct strv name, value;
};

struct http_head {
    enum http_method method;
    unsigned minor; /* of the version: 0 or 1 */
    struct strv path;
    struct http_field headers[HTTP_MAX_HEADERS];
    struct http_field params[HTTP_MAX_PARAMS];
    size_t header_count, param_count;
    uint64_t content_length;
    bool chunked, keep_alive, expect_continue;
};

/* Octets up to and with the empty line that ends the head, or 0 when it is not there yet. `from`: how much
 * has been searched before. */
size_t http_head_end(const uint8_t *p, size_t n, size_t from);

/* Parses a head of n octets (http_head_end). `text` is changed (decoded in place, the path NUL-terminated)
 * and must live as long as `h`, which points into it. 0, or the status to refuse it with and *why. */
int http_parse_head(char *text, size_t n, struct http_head *h, const char **why);

/* A body in chunks (RFC 9112 §7.1). Zero-initialise. */
struct http_chunks {
    enum {
        HTTP_CHUNK_SIZE,
        HTTP_CHUNK_EXT,
        HTTP_CHUNK_SIZE_LF,
        HTTP_CHUNK_DATA,
        HTTP_CHUNK_CR,
        HTTP_CHUNK_LF,
        HTTP_CHUNK_TRAILER,
        HTTP_CHUNK_TRAILER_LF,
        HTTP_CHUNK_DONE
    } state;
    uint64_t left;
    unsigned digits;
    size_t line, overhead;
};

/* Takes octets, appends data to `out`; returns how many were taken (less than n only when done or refused).
 * *status is 0, or what to refuse with: 400, 413 when the body is over `max`. */
size_t http_chunks_feed(struct http_chunks *c, const uint8_t *p, size_t n, struct buf *out, size_t max,
                        int *status);

#endif
