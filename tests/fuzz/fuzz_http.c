/* What a stranger sends to the API: the head of a request, and a body in chunks. The first octet says in how
 * many pieces the chunks come; the rest is a head (when there is an end of one), what follows it is the
 * chunks, and the whole is tried as chunks too. However the octets are cut, the result is the same. */
#include "fuzz.h"

#include "net/http_parse.h"

#include <stdlib.h>
#include <string.h>

#define MAX_BODY 4096

static void require(bool ok)
{
    if (!ok)
        abort();
}

static void inside(struct strv view, const char *text, size_t n)
{
    require(view.n == 0 || (view.p >= text && view.p + view.n <= text + n));
}

static void use(const struct http_head *h, const char *text, size_t n)
{
    require(h->header_count <= HTTP_MAX_HEADERS && h->param_count <= HTTP_MAX_PARAMS);
    inside(h->path, text, n);
    require(h->path.n > 0 && h->path.p[0] == '/' && strlen(h->path.p) == h->path.n);
    require(strstr(h->path.p, "/../") == NULL);
    for (size_t i = 0; i < h->header_count; i++) {
        inside(h->headers[i].name, text, n);
        inside(h->headers[i].value, text, n);
        require(h->headers[i].name.n > 0);
    }
    for (size_t i = 0; i < h->param_count; i++) {
        inside(h->params[i].name, text, n);
        inside(h->params[i].value, text, n);
    }
    require(!(h->chunked && h->content_length > 0));
}

static void head(const uint8_t *p, size_t n)
{
    static struct http_head h;
    const char *why = NULL;
    char *text = malloc(n);
    require(text != NULL);
    memcpy(text, p, n);
    memset(&h, 0, sizeof h);
    int status = http_parse_head(text, n, &h, &why);
    require(status == 0 || (status >= 400 && status < 600 && why != NULL));
    if (status == 0)
        use(&h, text, n);
    free(text);
}

struct result {
    struct buf body;
    int status;
    size_t taken;
    bool done;
};

static void chunks(const uint8_t *p, size_t n, size_t piece, struct result *r)
{
    struct http_chunks c = { 0 };
    while (r->taken < n && r->status == 0 && c.state != HTTP_CHUNK_DONE) {
        size_t give = n - r->taken < piece ? n - r->taken : piece;
        size_t used = http_chunks_feed(&c, p + r->taken, give, &r->body, MAX_BODY, &r->status);
        require(used <= give);
        r->taken += used;
        require(used == give || r->status != 0 || c.state == HTTP_CHUNK_DONE);
        require(r->body.len <= MAX_BODY);
    }
    require(r->status == 0 || r->status == 400 || r->status == 413);
    r->done = c.state == HTTP_CHUNK_DONE;
}

static void body(const uint8_t *p, size_t n, size_t piece)
{
    struct result whole = { 0 }, cut = { 0 };
    chunks(p, n, n + 1, &whole);
    chunks(p, n, piece, &cut);
    require(whole.status == cut.status && whole.done == cut.done);
    if (whole.status == 0) {
        require(whole.taken == cut.taken && whole.body.len == cut.body.len);
        require(whole.body.len == 0 || memcmp(whole.body.data, cut.body.data, whole.body.len) == 0);
    }
    buf_free(&whole.body);
    buf_free(&cut.body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    size_t piece = 1 + data[0] % 16;
    const uint8_t *p = data + 1;
    size_t n = size - 1, end = http_head_end(p, n, 0);
    require(end <= n);
    for (size_t from = 0; from + 1 < n && from < 64; from += piece) { /* searched in pieces */
        size_t seen = http_head_end(p, from, 0);
        require(seen == 0 || seen == end);
        if (seen == 0)
            require(http_head_end(p, n, from) == end);
    }
    if (end) {
        head(p, end);
        body(p + end, n - end, piece);
    }
    body(p, n, piece);
    return 0;
}
