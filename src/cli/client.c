#include "cli/client.h"

#include "cli/term.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CLIENT_AGENT    "tessera"
#define CLIENT_PATIENCE (10 * USEC_MINUTE) /* a preview of millions takes its time */

struct client {
    CURL *curl;
    struct curl_slist *json_headers, *octet_headers;
    char *socket_path;
    struct buf reply;
};

static size_t client_take(char *data, size_t size, size_t n, void *arg)
{
    struct client *c = arg;
    return buf_put(&c->reply, data, size * n) ? size * n : 0;
}

static int client_on_progress(void *arg, curl_off_t dt, curl_off_t dn, curl_off_t ut, curl_off_t un)
{
    (void)arg;
    (void)dt;
    (void)dn;
    (void)ut;
    (void)un;
    return term_ending() ? 1 : 0;
}

static bool client_set_up(struct client *c)
{
    CURL *h = c->curl;
    /* "Expect:" is switched off: the daemon is next door, and would be waited for. */
    c->json_headers = curl_slist_append(NULL, "Content-Type: application/json");
    c->octet_headers = curl_slist_append(NULL, "Content-Type: text/csv");
    if (c->json_headers == NULL || c->octet_headers == NULL ||
        curl_slist_append(c->octet_headers, "Expect:") == NULL ||
        curl_slist_append(c->json_headers, "Expect:") == NULL) {
        return false;
    }
    return curl_easy_setopt(h, CURLOPT_UNIX_SOCKET_PATH, c->socket_path) == CURLE_OK &&
           curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(h, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(h, CURLOPT_USERAGENT, CLIENT_AGENT) == CURLE_OK &&
           curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, client_take) == CURLE_OK &&
           curl_easy_setopt(h, CURLOPT_WRITEDATA, c) == CURLE_OK &&
           curl_easy_setopt(h, CURLOPT_NOPROGRESS, 0L) == CURLE_OK &&
           curl_easy_setopt(h, CURLOPT_XFERINFOFUNCTION, client_on_progress) == CURLE_OK;
}

struct client *client_new(const char *socket_path, struct err *e)
{
    struct client *c = calloc(1, sizeof *c);
    if (c != NULL) {
        c->reply.limit = CLIENT_MAX_REPLY;
        c->curl = curl_easy_init();
        c->socket_path = strv_dup(strv_from(socket_path));
        if (c->curl != NULL && c->socket_path != NULL && client_set_up(c)) {
            client_set_patience(c, CLIENT_PATIENCE);
            return c;
        }
    }
    client_free(c);
    err_set(e, ERR_INTERNAL, "libcurl cannot be used for the Unix socket %s", socket_path);
    return NULL;
}

void client_free(struct client *c)
{
    if (c != NULL) {
        curl_easy_cleanup(c->curl);
        curl_slist_free_all(c->json_headers);
        curl_slist_free_all(c->octet_headers);
        free(c->socket_path);
        buf_free(&c->reply);
        free(c);
    }
}

void client_set_patience(struct client *c, usec_t d)
{
    curl_easy_setopt(c->curl, CURLOPT_TIMEOUT_MS, (long)(d / USEC_MS));
}

static enum client_result client_failed(struct client *c, CURLcode code, struct client_reply *r,
                                        struct err *e)
{
    long why = 0;
    curl_easy_getinfo(c->curl, CURLINFO_OS_ERRNO, &why);
    switch (code) {
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
        r->missing = why == ENOENT || why == ECONNREFUSED;
        r->denied = why == EACCES || why == EPERM;
        if (why != 0) {
            err_set_errno(e, (int)why, "cannot reach the daemon at %s", c->socket_path);
        } else {
            err_set(e, ERR_IO, "cannot reach the daemon at %s", c->socket_path);
        }
        return CLIENT_UNREACHABLE;
    case CURLE_ABORTED_BY_CALLBACK: err_set(e, ERR_STATE, "interrupted"); return CLIENT_INTERRUPTED;
    case CURLE_WRITE_ERROR:
        err_set(e, ERR_LIMIT, "the daemon's answer is too large, or memory ran out");
        return CLIENT_BROKEN;
    case CURLE_OPERATION_TIMEDOUT:
        err_set(e, ERR_IO, "the daemon at %s does not answer", c->socket_path);
        return CLIENT_BROKEN;
    default:
        err_set(e, ERR_IO, "the connection to the daemon at %s broke: %s", c->socket_path,
                curl_easy_strerror(code));
        return CLIENT_BROKEN;
    }
}

static enum client_result client_run(struct client *c, const char *path, struct client_reply *r,
                                     struct err *e)
{
    struct buf url = { 0 };
    curl_off_t retry_after = 0;
    *r = (struct client_reply){ 0 };
    buf_clear(&c->reply);
    buf_printf(&url, "http://localhost%s", path);
    if (url.failed || curl_easy_setopt(c->curl, CURLOPT_URL, buf_cstr(&url)) != CURLE_OK) {
        buf_free(&url);
        err_set(e, ERR_NOMEM, "out of memory");
        return CLIENT_BROKEN;
    }
    CURLcode code = curl_easy_perform(c->curl);
    buf_free(&url);
    if (code != CURLE_OK) {
        return client_failed(c, code, r, e);
    }
    curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &r->status);
    if (curl_easy_getinfo(c->curl, CURLINFO_RETRY_AFTER, &retry_after) == CURLE_OK) {
        r->retry_after = (long)retry_after;
    }
    json_error_t why;
    r->doc =
        json_loadb((const char *)c->reply.data, c->reply.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &why);
    if (!json_is_object(r->doc)) {
        json_decref(r->doc);
        r->doc = NULL;
        err_set(e, ERR_IO, "what answers at %s (with status %ld) does not speak the API", c->socket_path,
                r->status);
        return CLIENT_BROKEN;
    }
    return CLIENT_ANSWERED;
}

enum client_result client_ask(struct client *c, const char *method, const char *path, const json_t *body,
                              struct client_reply *r, struct err *e)
{
    char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
    bool get = strcmp(method, "GET") == 0;
    curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, c->json_headers);
    if (get) {
        curl_easy_setopt(c->curl, CURLOPT_HTTPGET, 1L);
    } else {
        curl_easy_setopt(c->curl, CURLOPT_POST, 1L);
        curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)(text != NULL ? strlen(text) : 0));
        curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, text != NULL ? text : "");
    }
    curl_easy_setopt(c->curl, CURLOPT_CUSTOMREQUEST, get ? NULL : method);
    enum client_result result = client_run(c, path, r, e);
    free(text);
    return result;
}

enum client_result client_put(struct client *c, const char *path, struct strv octets, struct client_reply *r,
                              struct err *e)
{
    curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, c->octet_headers);
    curl_easy_setopt(c->curl, CURLOPT_POST, 1L);
    curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)octets.n);
    curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, octets.n != 0 ? octets.p : "");
    curl_easy_setopt(c->curl, CURLOPT_CUSTOMREQUEST, "PUT");
    return client_run(c, path, r, e);
}

static void client_put_escaped(struct buf *path, const char *s)
{
    static const char HEX[] = "0123456789ABCDEF";
    for (; *s != '\0'; s++) {
        unsigned char ch = (unsigned char)*s;
        if ((ch >= '0' && ch <= '9') || ((ch | 0x20) >= 'a' && (ch | 0x20) <= 'z') ||
            (ch != '\0' && strchr("-._~", ch) != NULL)) {
            buf_put_u8(path, ch);
        } else {
            buf_put_u8(path, '%');
            buf_put_u8(path, (uint8_t)HEX[ch >> 4]);
            buf_put_u8(path, (uint8_t)HEX[ch & 15]);
        }
    }
}

void client_path_add(struct buf *path, const char *segment)
{
    buf_put_u8(path, '/');
    client_put_escaped(path, segment);
}

void client_path_query(struct buf *path, const char *name, const char *value)
{
    if (value != NULL) {
        buf_put_u8(path, path->len != 0 && memchr(path->data, '?', path->len) != NULL ? '&' : '?');
        client_put_escaped(path, name);
        buf_put_u8(path, '=');
        client_put_escaped(path, value);
    }
}
