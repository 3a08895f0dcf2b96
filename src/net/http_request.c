/* Requests as handlers see them, and replies. */
#include "net/http_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- life --- */

void http_request_free(struct http_request *r)
{
    if (!r)
        return;
    if (r->dispatched && r->server) {
        *r->link = r->next;
        if (r->next)
            r->next->link = r->link;
        r->server->running--;
        http_server_check_stopped(r->server);
    }
    if (r->server)
        r->server->bodies -= r->body.len;
    buf_free(&r->body);
    buf_free(&r->reply_headers);
    free(r->text);
    free(r);
}

/* --- the request --- */

enum http_method http_method(const struct http_request *r)
{
    return r->head.method;
}

struct strv http_path(const struct http_request *r)
{
    return r->head.path;
}

bool http_query_at(const struct http_request *r, size_t i, struct strv *name, struct strv *value)
{
    if (i >= r->head.param_count)
        return false;
    *name = r->head.params[i].name;
    *value = r->head.params[i].value;
    return true;
}

bool http_query(const struct http_request *r, const char *name, struct strv *value)
{
    for (size_t i = 0; i < r->head.param_count; i++) {
        if (strv_eq_c(r->head.params[i].name, name)) {
            *value = r->head.params[i].value;
            return true;
        }
    }
    return false;
}

struct strv http_header(const struct http_request *r, const char *name)
{
    for (size_t i = 0; i < r->head.header_count; i++)
        if (strv_ieq_c(r->head.headers[i].name, name))
            return r->head.headers[i].value;
    return STRV("");
}

struct strv http_body(const struct http_request *r)
{
    if (!r->body.len)
        return STRV("");
    r->body.data[r->body.len] = 0; /* buf_reserve always leaves one octet for it */
    return (struct strv){ (const char *)r->body.data, r->body.len };
}

bool http_is_unix(const struct http_request *r)
{
    return r->is_unix;
}

bool http_peer_uid(const struct http_request *r, uint32_t *uid)
{
    if (r->has_uid)
        *uid = r->uid;
    return r->has_uid;
}

bool http_is_gone(const struct http_request *r)
{
    return !r->hc;
}

/* --- replies --- */

static const struct {
    int status;
    const char *text;
} http_statuses[] = {
    { 200, "OK" },
    { 201, "Created" },
    { 202, "Accepted" },
    { 204, "No Content" },
    { 301, "Moved Permanently" },
    { 302, "Found" },
    { 303, "See Other" },
    { 304, "Not Modified" },
    { 307, "Temporary Redirect" },
    { 400, "Bad Request" },
    { 401, "Unauthorized" },
    { 403, "Forbidden" },
    { 404, "Not Found" },
    { 405, "Method Not Allowed" },
    { 406, "Not Acceptable" },
    { 408, "Request Timeout" },
    { 409, "Conflict" },
    { 410, "Gone" },
    { 411, "Length Required" },
    { 412, "Precondition Failed" },
    { 413, "Content Too Large" },
    { 415, "Unsupported Media Type" },
    { 417, "Expectation Failed" },
    { 422, "Unprocessable Content" },
    { 428, "Precondition Required" },
    { 429, "Too Many Requests" },
    { 431, "Request Header Fields Too Large" },
    { 500, "Internal Server Error" },
    { 501, "Not Implemented" },
    { 502, "Bad Gateway" },
    { 503, "Service Unavailable" },
    { 504, "Gateway Timeout" },
    { 505, "HTTP Version Not Supported" },
    { 507, "Insufficient Storage" },
};

const char *http_status_text(int status)
{
    for (size_t i = 0; i < sizeof(http_statuses) / sizeof(*http_statuses); i++)
        if (http_statuses[i].status == status)
            return http_statuses[i].text;
    return "Status";
}

static bool header_text_ok(const char *s)
{
    for (; *s; s++)
        if (((unsigned char)*s < ' ' && *s != '\t') || *s == 0x7f)
            return false;
    return true;
}

void http_reply_header(struct http_request *r, const char *name, const char *value)
{
    if (*name && header_text_ok(name) && header_text_ok(value))
        buf_printf(&r->reply_headers, "%s: %s\r\n", name, value);
}

/* Up to the empty line. length < 0: not to be said. */
static void put_reply_head(struct buf *b, struct http_conn *hc, struct http_request *r, int status,
                           const char *type, int64_t length)
{
    buf_printf(b, "HTTP/1.1 %d %s\r\nDate: %s\r\n", status, http_status_text(status),
               http_server_date(hc->server));
    if (type)
        buf_printf(b, "Content-Type: %s\r\n", type);
    if (length >= 0)
        buf_printf(b, "Content-Length: %lld\r\n", (long long)length);
    if (hc->close_after || hc->server->stopping)
        buf_put_strv(b, STRV("Connection: close\r\n"));
    else if (r && r->head.minor == 0)
        buf_put_strv(b, STRV("Connection: keep-alive\r\n"));
    if (r && r->reply_headers.len)
        buf_put(b, r->reply_headers.data, r->reply_headers.len);
    buf_put_strv(b, STRV("\r\n"));
}

static bool status_has_body(int status)
{
    return status >= 200 && status != 204 && status != 304;
}

void http_reply(struct http_request *r, int status, const char *type, const void *body, size_t n)
{
    struct http_conn *hc = r->hc;
    if (hc) {
        struct buf b = { 0 };
        bool has_body = status_has_body(status);
        put_reply_head(&b, hc, r, status, n ? type : NULL, has_body ? (int64_t)n : -1);
        if (!has_body || r->head.method == HTTP_HEAD)
            n = 0;
        if (n && n <= 65536) { /* one write; larger bodies are not copied twice */
            buf_put(&b, body, n);
            n = 0;
        }
        http_conn_send(hc, b.data, b.len);
        http_conn_send(hc, body, n);
        buf_free(&b);
        http_conn_reply_done(hc);
    }
    http_request_free(r);
}

void http_refuse(struct http_conn *hc, int status, const char *why)
{
    char body[320];
    struct buf b = { 0 };
    struct http_request *r = hc->request;
    if (status != 503)
        hc->close_after = true;
    int n =
        snprintf(body, sizeof(body), "{\"error\":{\"code\":\"http_%d\",\"message\":\"%s\"}}\n", status, why);
    put_reply_head(&b, hc, NULL, status, "application/json", n);
    if (!r || r->head.method != HTTP_HEAD)
        buf_put(&b, body, (size_t)n);
    http_conn_send(hc, b.data, b.len);
    buf_free(&b);
    http_conn_reply_done(hc);
    http_request_free(r);
}
