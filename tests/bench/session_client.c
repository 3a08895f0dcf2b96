/* Our protocol path without a store: session, codec, connection and loop, joined as engine/link.c joins them.
 *
 *   session_client PORT WINDOW MILLISECONDS [tls]      prints responses a second */
#include "net/conn.h"
#include "net/loop.h"
#include "net/tls.h"
#include "session/session.h"
#include "tests/bench/raw.h"

struct client {
    struct loop *loop;
    struct conn *conn;
    struct session *session;
    struct loop_task flush;
    struct loop_timer end;
    uint64_t responses, token, began;
    uint32_t window;
    bool over;
};

static void client_fill(struct client *c)
{
    struct smpp_sm sm = {
        .source_addr_ton = 5,
        .source_addr = STRV(RAW_SENDER),
        .dest_addr_ton = 1,
        .dest_addr_npi = 1,
        .destination_addr = STRV(RAW_TO),
        .registered_delivery = 1,
        .short_message = STRV(RAW_TEXT),
    };
    usec_t now = loop_now(c->loop);
    for (uint32_t room = session_window_room(c->session); room > 0; room--) {
        session_submit_sm(c->session, &sm, NULL, 0, ++c->token, now);
    }
}

static void client_flush(void *arg)
{
    struct client *c = arg;
    if (c->over) {
        return;
    }
    client_fill(c);
    struct buf *out = session_output(c->session);
    size_t n = out->len, room = conn_writable_room(c->conn);
    n = n < room ? n : room;
    if (n > 0 && conn_write(c->conn, out->data, n)) {
        if (n == out->len) {
            buf_clear(out);
        } else {
            buf_consume(out, n);
        }
    }
}

static void client_end(void *arg)
{
    struct client *c = arg;
    c->over = true;
    printf("%.0f\n", (double)c->responses * 1e9 / (double)(raw_now() - c->began));
    loop_stop(c->loop);
}

static void on_bound(void *arg, const struct session_bound *b)
{
    struct client *c = arg;
    (void)b;
    c->began = raw_now();
}

static void on_response(void *arg, uint64_t token, const struct smpp_pdu *r, usec_t rtt)
{
    struct client *c = arg;
    (void)token;
    (void)rtt;
    c->responses += r->command_status == 0;
}

static const struct session_ops session_ops_ = { .on_bound = on_bound, .on_response = on_response };

static void on_connected(struct conn *conn, void *arg)
{
    struct client *c = arg;
    (void)conn;
    session_start(c->session, loop_now(c->loop));
    loop_defer(&c->flush);
}

static size_t on_data(struct conn *conn, void *arg, const uint8_t *p, size_t n)
{
    struct client *c = arg;
    (void)conn;
    size_t used = session_input(c->session, p, n, loop_now(c->loop));
    loop_defer(&c->flush);
    return used;
}

static void on_drain(struct conn *conn, void *arg)
{
    struct client *c = arg;
    (void)conn;
    loop_defer(&c->flush);
}

static void on_closed(struct conn *conn, void *arg, enum conn_reason reason, const char *text)
{
    struct client *c = arg;
    (void)conn;
    (void)reason;
    fprintf(stderr, "%s\n", text);
    exit(c->over ? 0 : 1);
}

static const struct conn_ops conn_ops_ = { on_connected, on_data, on_drain, on_closed };

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: session_client PORT WINDOW MILLISECONDS [tls]\n");
        return 2;
    }
    struct err e = { 0 };
    struct client c = { .window = (uint32_t)atol(argv[2]) };
    struct session_options so = { .window = c.window,
                                  .system_id = STRV("bench"),
                                  .enquire_interval = USEC_NEVER };
    c.loop = loop_new(NULL, &e);
    c.session = session_new(&so, &session_ops_, &c, &e);
    struct conn_options co = { .host = "127.0.0.1", .port = (uint16_t)atoi(argv[1]) };
    if (argc > 4) {
        struct tls_options to = { .insecure = true, .tls13_only = true };
        co.tls = tls_client_new(&to, &e);
    }
    loop_task_init(&c.flush, c.loop, client_flush, &c);
    loop_timer_init(&c.end, c.loop, client_end, &c);
    c.conn = conn_connect(c.loop, &co, &conn_ops_, &c, &e);
    if (c.conn == NULL) {
        fprintf(stderr, "%s\n", e.text);
        return 1;
    }
    loop_timer_in(&c.end, atol(argv[3]) * 1000);
    loop_run(c.loop);
    conn_free(c.conn);
    session_free(c.session);
    tls_free(co.tls);
    loop_free(c.loop);
    return 0;
}
