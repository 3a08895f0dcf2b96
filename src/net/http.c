/* Connections and places of the HTTP server. */
#include "net/http.h"
#include "net/http_impl.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static void http_conn_proceed(struct http_conn *hc);

/* --- output --- */

static size_t http_conn_pending(const struct http_conn *hc)
{
    return hc->pending.len - hc->pending_from + conn_queued(hc->conn);
}

static void http_conn_drop(struct http_conn *hc)
{
    conn_close(hc->conn); /* on_closed comes by the end of the turn and frees */
    hc->state = HTTP_CLOSING;
}

/* The timer that closes a connection which stands still. */
static void http_conn_arm(struct http_conn *hc)
{
    hc->out_seen = conn_octets_out(hc->conn);
    loop_timer_in(&hc->timer, hc->server->options.timeout);
}

/* Moves as much as the connection takes. */
static void http_conn_push(struct http_conn *hc)
{
    size_t left = hc->pending.len - hc->pending_from, room = conn_writable_room(hc->conn);
    while (left && room) {
        size_t n = left < room ? left : room;
        if (!conn_write(hc->conn, hc->pending.data + hc->pending_from, n))
            break;
        hc->pending_from += n;
        left -= n;
        room = conn_writable_room(hc->conn);
    }
    if (left) {
        conn_ask_drain(hc->conn);
        return;
    }
    if (hc->pending.cap > 65536)
        buf_free(&hc->pending);
    buf_clear(&hc->pending);
    hc->pending_from = 0;
}

void http_conn_send(struct http_conn *hc, const void *p, size_t n)
{
    if (!n || (!hc->pending.len && conn_write(hc->conn, p, n)))
        return;
    if (!buf_put(&hc->pending, p, n))
        http_conn_drop(hc); /* out of memory in the middle of a reply: it cannot be made whole */
    else
        http_conn_push(hc);
}

static void http_conn_finish(struct http_conn *hc)
{
    if (hc->close_after || hc->server->stopping) {
        hc->state = HTTP_CLOSING;
        conn_shutdown(hc->conn);
        return;
    }
    hc->state = HTTP_READ_HEAD;
    hc->searched = 0;
    http_conn_arm(hc);
    if (!hc->in_data) {
        conn_resume_read(hc->conn);
        if (hc->rest)
            conn_call_again(hc->conn);
    }
}

void http_conn_reply_done(struct http_conn *hc)
{
    hc->request = NULL;
    if (hc->state == HTTP_CLOSING)
        return;
    if (hc->pending.len) {
        hc->state = HTTP_SENDING;
        http_conn_arm(hc);
    } else {
        http_conn_finish(hc);
    }
}

/* --- input --- */

static struct http_request *http_request_new(struct http_conn *hc, const uint8_t *p, size_t n)
{
    struct http_request *r = calloc(1, sizeof(*r));
    char *text = malloc(n);
    if (!r || !text) {
        free(r);
        free(text);
        return NULL;
    }
    memcpy(text, p, n);
    r->text = text;
    r->hc = hc;
    r->server = hc->server;
    r->is_unix = hc->is_unix;
    r->has_uid = conn_peer_uid(hc->conn, &r->uid);
    return r;
}

static void http_conn_dispatch(struct http_conn *hc)
{
    struct http_request *r = hc->request;
    struct http_server *s = hc->server;
    if (s->running >= s->options.max_running) {
        http_refuse(hc, 503, "too many requests are waiting for their reply");
        return;
    }
    hc->state = HTTP_RUNNING;
    loop_timer_stop(&hc->timer);
    r->next = s->requests;
    r->link = &s->requests;
    if (r->next)
        r->next->link = &r->next;
    s->requests = r;
    s->running++;
    r->dispatched = true;
    s->handler(r, s->arg);
}

/* Returns octets taken; 0: incomplete, or nothing to do. */
static size_t http_conn_read_head(struct http_conn *hc, const uint8_t *p, size_t n)
{
    const char *why = "malformed request";
    if (n >= 2 && p[0] == '\r' && p[1] == '\n' && !hc->searched)
        return 2; /* RFC 9112 §2.2: empty lines before a request are ignored */
    if (!hc->searched) {
        hc->out_seen = conn_octets_out(hc->conn);
        loop_timer_in(&hc->timer,
                      hc->server->options.timeout); /* for the whole head: not moved by trickles */
    }
    size_t end = http_head_end(p, n, hc->searched);
    if (!end || end > hc->server->options.max_header) {
        hc->searched = n;
        if (n > hc->server->options.max_header)
            http_refuse(hc, 431, "headers too large");
        return 0;
    }
    struct http_request *r = hc->request = http_request_new(hc, p, end);
    if (!r) {
        http_conn_drop(hc);
        return 0;
    }
    int status = http_parse_head(r->text, end, &r->head, &why);
    if (!status && r->head.content_length > hc->server->options.max_body)
        status = 413, why = "body too large";
    if (status) {
        hc->close_after = true; /* its body is on the way and will not be read */
        http_refuse(hc, status, why);
        return end;
    }
    hc->close_after |= !r->head.keep_alive;
    hc->chunks = (struct http_chunks){ 0 };
    hc->state = HTTP_READ_BODY;
    if (r->head.expect_continue && n == end && (r->head.chunked || r->head.content_length))
        http_conn_send(hc, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    return end;
}

static size_t http_conn_read_body(struct http_conn *hc, const uint8_t *p, size_t n)
{
    struct http_request *r = hc->request;
    size_t max = hc->server->options.max_body, had = r->body.len, taken;
    bool whole;
    if (r->head.chunked) {
        int status;
        taken = http_chunks_feed(&hc->chunks, p, n, &r->body, max, &status);
        if (status) {
            http_refuse(hc, status, status == 413 ? "body too large" : "malformed chunk");
            return taken;
        }
        whole = hc->chunks.state == HTTP_CHUNK_DONE;
    } else {
        size_t want = (size_t)r->head.content_length - r->body.len;
        taken = n < want ? n : want;
        if (!buf_put(&r->body, p, taken)) {
            http_conn_drop(hc);
            return taken;
        }
        whole = taken == want;
    }
    hc->server->bodies += r->body.len - had;
    if (hc->server->bodies > hc->server->options.max_bodies) {
        hc->close_after = true;
        http_refuse(hc, 503, "too many bodies are being received");
    } else if (whole)
        http_conn_dispatch(hc);
    else if (taken)
        http_conn_arm(hc);
    return taken;
}

static size_t http_on_data(struct conn *c, void *arg, const uint8_t *p, size_t n)
{
    struct http_conn *hc = arg;
    size_t at = 0;
    hc->in_data = true;
    for (;;) {
        size_t taken = 0;
        enum http_conn_state before = hc->state;
        if (hc->state == HTTP_READ_HEAD && n > at)
            taken = http_conn_read_head(hc, p + at, n - at);
        else if (hc->state == HTTP_READ_BODY)
            taken = http_conn_read_body(hc, p + at, n - at);
        at += taken;
        if (!taken && hc->state == before)
            break;
    }
    hc->in_data = false;
    hc->rest = at < n;
    if (hc->state == HTTP_CLOSING)
        return n;
    /* While a reply is worked out only the client's leaving is of interest: keep reading, but not without
     * end. */
    if ((hc->state == HTTP_RUNNING || hc->state == HTTP_SENDING) && n - at > hc->server->options.max_header)
        conn_pause_read(c);
    return at;
}

static void http_on_drain(struct conn *c, void *arg)
{
    struct http_conn *hc = arg;
    (void)c;
    http_conn_push(hc);
    http_conn_proceed(hc);
}

static void http_conn_proceed(struct http_conn *hc)
{
    if (hc->pending.len) {
        if (hc->state == HTTP_SENDING)
            http_conn_arm(hc);
        return;
    }
    if (hc->state == HTTP_SENDING)
        http_conn_finish(hc);
}

static void http_on_closed(struct conn *c, void *arg, enum conn_reason reason, const char *text)
{
    struct http_conn *hc = arg;
    struct http_request *r = hc->request;
    (void)c;
    (void)reason;
    (void)text;
    *hc->link = hc->next;
    if (hc->next)
        hc->next->link = hc->link;
    loop_timer_stop(&hc->timer);
    buf_free(&hc->pending);
    hc->request = NULL;
    http_server_check_stopped(hc->server);
    free(hc);
    if (r && r->dispatched)
        r->hc = NULL; /* its handler will reply to nobody */
    else
        http_request_free(r);
}

static const struct conn_ops http_ops = { .on_data = http_on_data,
                                          .on_drain = http_on_drain,
                                          .on_closed = http_on_closed };

static void http_on_timer(void *arg)
{
    struct http_conn *hc = arg;
    if (hc->state == HTTP_READ_HEAD && !hc->searched) {
        if (http_conn_pending(hc) && conn_octets_out(hc->conn) != hc->out_seen)
            http_conn_arm(hc); /* the last reply is still on its way, and moving */
        else
            http_conn_drop(hc);
    } else if (hc->state == HTTP_READ_HEAD || hc->state == HTTP_READ_BODY) {
        http_refuse(hc, 408, "the request took too long to arrive");
    } else if (hc->state == HTTP_SENDING || (hc->state == HTTP_RUNNING && http_conn_pending(hc))) {
        if (conn_octets_out(hc->conn) != hc->out_seen)
            http_conn_arm(hc);
        else
            http_conn_drop(hc);
    }
}

static void http_on_accept(struct listener *ls, struct conn *c, void *arg)
{
    struct http_place *place = arg;
    struct http_server *s = place->server;
    struct http_conn *hc = calloc(1, sizeof(*hc));
    (void)ls;
    if (!hc) {
        conn_free(c);
        return;
    }
    hc->server = s;
    hc->conn = c;
    hc->is_unix = place->is_unix;
    hc->next = s->conns;
    hc->link = &s->conns;
    if (hc->next)
        hc->next->link = &hc->next;
    s->conns = hc;
    loop_timer_init(&hc->timer, s->loop, http_on_timer, hc);
    conn_set_ops(c, &http_ops, hc);
    http_conn_arm(hc);
}

/* --- the server --- */

struct http_server *http_server_new(struct loop *l, const struct http_options *o, http_handler_fn *handler,
                                    void *arg, struct err *err)
{
    struct http_server *s = calloc(1, sizeof(*s));
    if (!s) {
        err_set(err, ERR_NOMEM, "out of memory");
        return NULL;
    }
    s->loop = l;
    s->handler = handler;
    s->arg = arg;
    if (o)
        s->options = *o;
    if (!s->options.max_header)
        s->options.max_header = 16384;
    if (!s->options.max_body)
        s->options.max_body = 67108864;
    if (!s->options.max_running)
        s->options.max_running = 1024;
    if (!s->options.max_conns)
        s->options.max_conns = 256;
    if (!s->options.max_bodies)
        s->options.max_bodies = 4 * s->options.max_body;
    if (s->options.timeout <= 0)
        s->options.timeout = USEC_MINUTE;
    return s;
}

static bool http_listen(struct http_server *s, struct listener_options *o, struct err *err)
{
    struct http_place *place = calloc(1, sizeof(*place));
    if (!place)
        return err_set(err, ERR_NOMEM, "out of memory");
    /* The connection must hold a head a little over the limit, so that it is refused with words. */
    o->limits.max_input = s->options.max_header + 65536;
    o->limits.low_water = 65536;
    o->max_conns = s->options.max_conns;
    place->server = s;
    place->is_unix = o->unix_path;
    place->listener = listener_new(s->loop, o, http_on_accept, place, err);
    if (!place->listener) {
        free(place);
        return false;
    }
    place->next = s->places;
    s->places = place;
    return true;
}

bool http_server_listen_unix(struct http_server *s, const char *path, unsigned mode, struct err *err)
{
    struct listener_options o = { .unix_path = path, .mode = mode };
    return http_listen(s, &o, err);
}

bool http_server_listen_tcp(struct http_server *s, const char *address, struct tls_ctx *tls, uint16_t *port,
                            struct err *err)
{
    struct listener_options o = { .address = address, .tls = tls };
    if (!http_listen(s, &o, err))
        return false;
    if (port)
        *port = listener_port(s->places->listener);
    return true;
}

static void http_close_places(struct http_server *s)
{
    while (s->places) {
        struct http_place *place = s->places;
        s->places = place->next;
        listener_free(place->listener);
        loop_free_later(s->loop, free, place);
    }
}

static void http_tell_stopped(void *arg)
{
    struct http_server *s = arg;
    void (*stopped)(void *) = s->stopped;
    s->stopped = NULL;
    if (stopped)
        stopped(s->stopped_arg);
}

void http_server_check_stopped(struct http_server *s)
{
    if (s->stopping && !s->running && !s->conns)
        loop_defer(&s->stopped_task);
}

void http_server_stop(struct http_server *s, void (*stopped)(void *arg), void *arg)
{
    if (s->stopping)
        return;
    s->stopping = true;
    s->stopped = stopped;
    s->stopped_arg = arg;
    loop_task_init(&s->stopped_task, s->loop, http_tell_stopped, s);
    http_close_places(s);
    for (struct http_conn *hc = s->conns; hc; hc = hc->next) {
        if (hc->state != HTTP_READ_HEAD)
            continue;
        if (conn_queued(hc->conn)) /* the last reply */
            conn_shutdown(hc->conn);
        else
            conn_close(hc->conn);
        hc->state = HTTP_CLOSING;
    }
    http_server_check_stopped(s);
}

unsigned http_server_running(const struct http_server *s)
{
    return s->running;
}

void http_server_free(struct http_server *s)
{
    if (!s)
        return;
    loop_task_cancel(&s->stopped_task);
    http_close_places(s);
    for (struct http_request *r = s->requests, *next; r; r = next) {
        next = r->next;
        r->hc = NULL;
        r->server = NULL;
    }
    while (s->conns) {
        struct http_conn *hc = s->conns;
        s->conns = hc->next;
        if (hc->request && !hc->request->dispatched)
            http_request_free(hc->request);
        hc->request = NULL;
        hc->state = HTTP_CLOSING;
        loop_timer_stop(&hc->timer);
        conn_free(hc->conn);
        buf_free(&hc->pending);
        loop_free_later(s->loop, free, hc);
    }
    loop_free_later(s->loop, free, s);
}

const char *http_server_date(struct http_server *s)
{
    usec_t second = clock_wall(loop_clock(s->loop)) / USEC_SEC;
    if (second != s->date_second || !s->date[0]) {
        static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
        static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
        struct buf b = { 0 };
        struct tm tm;
        time_t t = (time_t)second;
        gmtime_r(&t, &tm);
        buf_printf(&b, "%s, %02d %s %d %02d:%02d:%02d GMT", days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon],
                   tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
        strv_copy(strv_from(buf_cstr(&b)), s->date, sizeof(s->date));
        buf_free(&b);
        s->date_second = second;
    }
    return s->date;
}
