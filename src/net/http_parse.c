#include "net/http_parse.h"

#include <string.h>

#define HTTP_MAX_CHUNK_OVERHEAD 65536 /* extensions and trailers of one body */

size_t http_head_end(const uint8_t *p, size_t n, size_t from)
{
    from = from > 3 ? from - 3 : 0;
    while (from + 4 <= n) {
        const uint8_t *cr = memchr(p + from, '\r', n - from - 3);
        if (!cr)
            return 0;
        if (!memcmp(cr, "\r\n\r\n", 4))
            return (size_t)(cr - p) + 4;
        from = (size_t)(cr - p) + 1;
    }
    return 0;
}

/* --- characters --- */

static bool is_token_char(unsigned char c)
{
    if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))
        return true;
    return c && strchr("!#$%&'*+-.^_`|~", c);
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Decodes %xx (and "+" when asked) in place. False on a bad escape, a control character, or %00. */
static bool percent_decode(char *p, size_t *n, bool plus, bool refuse_slash)
{
    size_t out = 0;
    for (size_t i = 0; i < *n; i++) {
        int c = (unsigned char)p[i];
        if (c == '%') {
            int hi = *n - i > 2 ? hex_value(p[i + 1]) : -1, lo = *n - i > 2 ? hex_value(p[i + 2]) : -1;
            if (hi < 0 || lo < 0)
                return false;
            c = hi << 4 | lo;
            i += 2;
            if (!c || (refuse_slash && c == '/'))
                return false;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        p[out++] = (char)c;
    }
    *n = out;
    return true;
}

/* --- the request line --- */

static const struct {
    const char *name;
    enum http_method method;
} http_methods[] = {
    { "GET", HTTP_GET },     { "HEAD", HTTP_HEAD },     { "POST", HTTP_POST },       { "PUT", HTTP_PUT },
    { "PATCH", HTTP_PATCH }, { "DELETE", HTTP_DELETE }, { "OPTIONS", HTTP_OPTIONS },
};

const char *http_method_name(enum http_method m)
{
    for (size_t i = 0; i < sizeof(http_methods) / sizeof(*http_methods); i++)
        if (http_methods[i].method == m)
            return http_methods[i].name;
    return "?";
}

/* A "." or ".." between slashes could lead out of what a route was meant for. */
static bool has_dot_segment(struct strv path)
{
    struct strv segment;
    while (strv_next(&path, '/', &segment))
        if (strv_eq_c(segment, ".") || strv_eq_c(segment, ".."))
            return true;
    return false;
}

static int parse_params(char *p, size_t n, struct http_head *h, const char **why)
{
    struct strv rest = { p, n }, one;
    while (strv_next(&rest, '&', &one)) {
        if (!one.n)
            continue;
        if (h->param_count == HTTP_MAX_PARAMS)
            return *why = "too many parameters", 400;
        const char *eq = memchr(one.p, '=', one.n);
        size_t name_n = eq ? (size_t)(eq - one.p) : one.n, value_n = eq ? one.n - name_n - 1 : 0;
        char *name = p + (one.p - p), *value = name + name_n + (eq ? 1 : 0);
        if (!percent_decode(name, &name_n, true, false) || !percent_decode(value, &value_n, true, false))
            return *why = "malformed escape in the query", 400;
        h->params[h->param_count++] = (struct http_field){ { name, name_n }, { value, value_n } };
    }
    return 0;
}

static int parse_target(char *p, size_t n, struct http_head *h, const char **why)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)p[i] <= ' ' || (unsigned char)p[i] >= 0x7f || p[i] == '#')
            return *why = "the request target has a character that must be escaped", 400;
    char *slash = p;
    struct strv target = { p, n };
    if (strv_starts(target, STRV("http://")) || strv_starts(target, STRV("https://")))
        slash =
            n > 8 ? memchr(p + 8, '/', n - 8) : NULL; /* absolute-form: the authority does not matter here */
    if (!n || !slash || *slash != '/')
        return *why = "the request target is not a path", 400;
    n -= (size_t)(slash - p);
    char *query = memchr(slash, '?', n);
    size_t path_n = query ? (size_t)(query - slash) : n;
    if (query) {
        int status = parse_params(query + 1, n - path_n - 1, h, why);
        if (status)
            return status;
    }
    if (!percent_decode(slash, &path_n, false, true))
        return *why = "malformed or forbidden escape in the path", 400;
    slash[path_n] = '\0'; /* where '?' or ' ' was, or earlier */
    h->path = (struct strv){ slash, path_n };
    if (has_dot_segment(h->path))
        return *why = "'.' or '..' in the path", 400;
    return 0;
}

static int parse_request_line(char *p, size_t n, struct http_head *h, const char **why)
{
    char *sp1 = memchr(p, ' ', n);
    if (!sp1 || sp1 == p || n < 9 || sp1 > p + n - 9)
        return *why = "malformed request line", 400;
    struct strv method = { p, (size_t)(sp1 - p) }, version = { p + n - 8, 8 };
    if (p[n - 9] != ' ' || sp1 == p + n - 9)
        return *why = "malformed request line", 400;
    for (size_t i = 0; i < method.n; i++)
        if (!is_token_char((unsigned char)method.p[i]))
            return *why = "malformed request line", 400;
    if (!strv_starts(version, STRV("HTTP/")))
        return *why = "malformed request line", 400;
    if (!strv_eq_c(version, "HTTP/1.1") && !strv_eq_c(version, "HTTP/1.0"))
        return *why = "only HTTP/1.1 and HTTP/1.0 are spoken here", 505;
    h->minor = version.p[7] == '1';
    size_t i = 0, count = sizeof(http_methods) / sizeof(*http_methods);
    while (i < count && !strv_eq_c(method, http_methods[i].name))
        i++;
    if (i == count)
        return *why = "unknown method", 501;
    h->method = http_methods[i].method;
    return parse_target(sp1 + 1, (size_t)(p + n - 9 - (sp1 + 1)), h, why);
}

/* --- headers --- */

static int parse_header_line(char *p, size_t n, struct http_head *h, const char **why)
{
    char *colon = memchr(p, ':', n);
    if (!colon || colon == p)
        return *why = "malformed header", 400;
    struct strv name = { p, (size_t)(colon - p) }, value = { colon + 1, n - (size_t)(colon - p) - 1 };
    for (size_t i = 0; i < name.n; i++)
        if (!is_token_char((unsigned char)name.p[i]))
            return *why = "malformed header name", 400;
    for (size_t i = 0; i < value.n; i++)
        if (((unsigned char)value.p[i] < ' ' && value.p[i] != '\t') || value.p[i] == 0x7f)
            return *why = "control character in a header", 400;
    if (h->header_count == HTTP_MAX_HEADERS)
        return *why = "too many headers", 431;
    h->headers[h->header_count++] = (struct http_field){ name, strv_trim(value) };
    return 0;
}

/* Whether a comma-separated list has the word. */
static bool list_has(struct strv list, const char *word)
{
    struct strv one;
    while (strv_next(&list, ',', &one))
        if (strv_ieq_c(strv_trim(one), word))
            return true;
    return false;
}

/* What the headers say about the message itself (RFC 9112 §6). */
static int interpret_headers(struct http_head *h, const char **why)
{
    unsigned hosts = 0, lengths = 0, encodings = 0;
    h->keep_alive = h->minor == 1;
    for (size_t i = 0; i < h->header_count; i++) {
        struct strv name = h->headers[i].name, value = h->headers[i].value;
        if (strv_ieq_c(name, "host")) {
            hosts++;
        } else if (strv_ieq_c(name, "content-length")) {
            lengths++;
            if (!value.n || !strv_to_u64(value, &h->content_length))
                return *why = "malformed Content-Length", 400;
        } else if (strv_ieq_c(name, "transfer-encoding")) {
            encodings++;
            if (!strv_ieq_c(value, "chunked"))
                return *why = "only the transfer encoding 'chunked' is understood", 501;
            h->chunked = true;
        } else if (strv_ieq_c(name, "connection")) {
            if (list_has(value, "close"))
                h->keep_alive = false;
            else if (list_has(value, "keep-alive"))
                h->keep_alive = true;
        } else if (strv_ieq_c(name, "expect")) {
            if (!strv_ieq_c(value, "100-continue"))
                return *why = "unknown expectation", 417;
            h->expect_continue = h->minor == 1;
        }
    }
    if (hosts > 1 || (h->minor == 1 && !hosts))
        return *why = "exactly one Host header is needed", 400;
    if (lengths + encodings > 1 || (encodings && h->minor == 0))
        return *why = "contradictory length of the body", 400;
    return 0;
}

int http_parse_head(char *text, size_t n, struct http_head *h, const char **why)
{
    char *end = text + n, *p = text;
    h->header_count = h->param_count = 0;
    h->content_length = 0;
    h->chunked = h->keep_alive = h->expect_continue = false;
    for (bool first = true; p < end; first = false) {
        char *cr = memchr(p, '\r', (size_t)(end - p));
        if (!cr || cr + 1 >= end || cr[1] != '\n' || memchr(p, '\n', (size_t)(cr - p)))
            return *why = "lines must end with CR LF", 400;
        size_t line = (size_t)(cr - p);
        if (!line && !first)
            break; /* the empty line at the end */
        int status = first ? parse_request_line(p, line, h, why) : parse_header_line(p, line, h, why);
        if (status)
            return status;
        p = cr + 2;
    }
    return interpret_headers(h, why);
}

/* --- chunks --- */

/* One octet that is not data. 0 or the status to refuse with. */
static int chunk_octet(struct http_chunks *c, uint8_t b)
{
    int digit;
    switch (c->state) {
    case HTTP_CHUNK_SIZE:
        if ((digit = hex_value((char)b)) >= 0) {
            if (++c->digits > 15)
                return 413;
            c->left = c->left << 4 | (uint64_t)digit;
            return 0;
        }
        if (!c->digits)
            return 400;
        if (b == '\r')
            c->state = HTTP_CHUNK_SIZE_LF;
        else if (b == ';' || b == ' ' || b == '\t')
            c->state = HTTP_CHUNK_EXT;
        else
            return 400;
        return 0;
    case HTTP_CHUNK_EXT:
        if (b == '\r')
            c->state = HTTP_CHUNK_SIZE_LF;
        return b == '\n' ? 400 : 0;
    case HTTP_CHUNK_SIZE_LF:
        c->state = c->left ? HTTP_CHUNK_DATA : HTTP_CHUNK_TRAILER;
        c->line = c->digits = 0;
        return b == '\n' ? 0 : 400;
    case HTTP_CHUNK_CR: c->state = HTTP_CHUNK_LF; return b == '\r' ? 0 : 400;
    case HTTP_CHUNK_LF: c->state = HTTP_CHUNK_SIZE; return b == '\n' ? 0 : 400;
    case HTTP_CHUNK_TRAILER: /* trailers are allowed and not used */
        if (b == '\r')
            c->state = HTTP_CHUNK_TRAILER_LF;
        else
            c->line++;
        return b == '\n' ? 400 : 0;
    case HTTP_CHUNK_TRAILER_LF:
        c->state = c->line ? HTTP_CHUNK_TRAILER : HTTP_CHUNK_DONE;
        c->line = 0;
        return b == '\n' ? 0 : 400;
    default: return 400;
    }
}

size_t http_chunks_feed(struct http_chunks *c, const uint8_t *p, size_t n, struct buf *out, size_t max,
                        int *status)
{
    size_t at = 0;
    *status = 0;
    while (at < n && c->state != HTTP_CHUNK_DONE && !*status) {
        if (c->state == HTTP_CHUNK_DATA) {
            size_t take = n - at < c->left ? n - at : (size_t)c->left;
            if (take > max - out->len || !buf_put(out, p + at, take)) {
                *status = 413;
                break;
            }
            at += take;
            c->left -= take;
            if (!c->left)
                c->state = HTTP_CHUNK_CR;
            continue;
        }
        *status = ++c->overhead > HTTP_MAX_CHUNK_OVERHEAD + 8 * out->len ? 400 : chunk_octet(c, p[at]);
        at++;
        if (!*status && c->state == HTTP_CHUNK_DATA && c->left > max - out->len)
            *status = 413;
    }
    return at;
}
