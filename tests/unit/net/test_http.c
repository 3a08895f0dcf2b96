#include "net_test.h"

#include "base/buf.h"
#include "net/http.h"
#include "net/listener.h"
#include "net/tls.h"
#include "net_cert.h"

#include <errno.h>
#include <sys/stat.h>

static char dir[64];

/* What the handler does is chosen by the path. */
struct bench {
    struct loop *loop;
    struct http_server *server;
    uint16_t port;
    int fd; /* a raw client */
    char out[1 << 21];
    size_t out_len;
    bool ended;
    struct http_request *waiting; /* "/later": answered by the test */
    unsigned handled, stopped;
    size_t last_body;
};

static void reply_echo(struct http_request *r)
{
    struct strv body = http_body(r), q, name, value;
    struct buf out = { 0 };
    buf_printf(&out, "%s " STRV_FMT, http_method_name(http_method(r)), STRV_ARG(http_path(r)));
    for (size_t i = 0; http_query_at(r, i, &name, &value); i++)
        buf_printf(&out, " " STRV_FMT "=" STRV_FMT, STRV_ARG(name), STRV_ARG(value));
    if (http_query(r, "q", &q))
        buf_printf(&out, " q is " STRV_FMT, STRV_ARG(q));
    buf_printf(&out, " x=" STRV_FMT " body=%zu", STRV_ARG(http_header(r, "x-test")), body.n);
    assert_int_equal(body.p[body.n], 0);
    http_reply_header(r, "X-Reply", "yes");
    http_reply_header(r, "X-Bad", "a\r\nSet-Cookie: b");
    http_reply(r, 200, "text/plain", out.data, out.len);
    buf_free(&out);
}

static void on_request(struct http_request *r, void *arg)
{
    static char big[1500000];
    struct bench *b = arg;
    struct strv path = http_path(r);
    b->handled++;
    b->last_body = http_body(r).n;
    if (strv_eq_c(path, "/later")) {
        assert_null(b->waiting);
        b->waiting = r;
    } else if (strv_eq_c(path, "/big")) {
        memset(big, 'b', sizeof(big));
        http_reply(r, 200, "text/plain", big, sizeof(big));
    } else if (strv_eq_c(path, "/empty")) {
        http_reply(r, 204, NULL, NULL, 0);
    } else {
        reply_echo(r);
    }
}

static struct bench *bench_start(const struct http_options *o)
{
    struct bench *b = calloc(1, sizeof(*b));
    b->loop = loop_new(NULL, NULL);
    b->server = http_server_new(b->loop, o, on_request, b, NULL);
    assert_true(http_server_listen_tcp(b->server, "127.0.0.1:0", NULL, &b->port, NULL));
    b->fd = raw_connect(b->port);
    return b;
}

static void bench_free(struct bench *b)
{
    if (b->fd >= 0)
        close(b->fd);
    http_server_free(b->server);
    loop_free(b->loop);
    free(b);
}

static void send_text(struct bench *b, const char *text)
{
    assert_int_equal(write(b->fd, text, strlen(text)), strlen(text));
}

static bool receive(struct bench *b)
{
    if (!raw_read(b->fd, b->out, sizeof(b->out), &b->out_len))
        b->ended = true;
    return true;
}

#define WAIT_TEXT(b, text) WAIT_FOR((b)->loop, (receive(b), strstr((b)->out, text)))
#define WAIT_END(b)        WAIT_FOR((b)->loop, (receive(b), (b)->ended))

static unsigned count(const char *in, const char *what)
{
    unsigned n = 0;
    for (const char *p = in; (p = strstr(p, what)); p += strlen(what))
        n++;
    return n;
}

/* --- requests --- */

static void a_request_is_answered_and_the_connection_kept(void **state)
{
    (void)state;
    struct bench *b = bench_start(NULL);
    send_text(b, "GET /a%20b?q=1+2&z HTTP/1.1\r\nHost: x\r\nX-Test: 7\r\n\r\n");
    WAIT_TEXT(b, "body=0");
    assert_memory_equal(b->out, "HTTP/1.1 200 OK\r\n", 17);
    assert_non_null(strstr(b->out, "\r\n\r\nGET /a b q=1 2 z= q is 1 2 x=7 body=0"));
    assert_non_null(strstr(b->out, "Content-Length: 37\r\n"));
    assert_non_null(strstr(b->out, "Content-Type: text/plain\r\n"));
    assert_non_null(strstr(b->out, "X-Reply: yes\r\n"));
    assert_non_null(strstr(b->out, "Date: "));
    assert_null(strstr(b->out, "Set-Cookie"));
    send_text(b, "DELETE /second HTTP/1.1\r\nHost: x\r\n\r\n");
    WAIT_TEXT(b, "DELETE /second");
    assert_false(b->ended);
    assert_int_equal(http_server_running(b->server), 0);
    bench_free(b);
}

static void the_connection_is_closed_when_the_client_asks_for_it(void **state)
{
    static const char *const requests[] = {
        "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
    };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct bench *b = bench_start(NULL);
        send_text(b, requests[i]);
        WAIT_END(b);
        assert_non_null(strstr(b->out, "body=0"));
        assert_non_null(strstr(b->out, "Connection: close\r\n"));
        bench_free(b);
    }
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    (void)state;
    struct bench *b = bench_start(NULL);
    send_text(b,
              "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nPOST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
              "GET /later HTTP/1.1\r\nHost: x\r\n\r\nGET /4 HTTP/1.1\r\nHost: x\r\n\r\n");
    WAIT_FOR(b->loop, b->waiting);
    WAIT_TEXT(b, "POST /2 x= body=3");
    assert_non_null(strstr(b->out, "GET /1"));
    assert_int_equal(b->handled, 3); /* the fourth waits for the third's reply */
    http_reply(b->waiting, 202, "text/plain", "third", 5);
    WAIT_TEXT(b, "GET /4");
    assert_true(strstr(b->out, "third") < strstr(b->out, "GET /4"));
    bench_free(b);
}

static void a_request_may_come_octet_by_octet(void **state)
{
    static const char text[] = "\r\nPUT /slow HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                               "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    (void)state;
    struct bench *b = bench_start(NULL);
    for (size_t i = 0; i + 1 < sizeof(text); i++) {
        assert_int_equal(write(b->fd, text + i, 1), 1);
        loop_turn(b->loop, USEC_SEC);
    }
    WAIT_TEXT(b, "PUT /slow x= body=5");
    bench_free(b);
}

static void a_large_body_arrives_whole(void **state)
{
    (void)state;
    struct bench *b = bench_start(NULL);
    size_t total = 5000000, sent = 0;
    static char block[65536];
    send_text(b, "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\nExpect: 100-continue\r\n\r\n");
    WAIT_TEXT(b, "HTTP/1.1 100 Continue\r\n\r\n");
    while (sent < total) {
        size_t n = total - sent < sizeof(block) ? total - sent : sizeof(block);
        ssize_t w = send(b->fd, block, n, MSG_DONTWAIT);
        if (w > 0)
            sent += (size_t)w;
        loop_turn(b->loop, 0);
    }
    WAIT_TEXT(b, "body=5000000");
    assert_int_equal(b->last_body, 5000000);
    bench_free(b);
}

static void head_and_204_have_no_body(void **state)
{
    (void)state;
    struct bench *b = bench_start(NULL);
    send_text(b, "HEAD /h HTTP/1.1\r\nHost: x\r\n\r\nGET /empty HTTP/1.1\r\nHost: x\r\n\r\n"
                 "GET /end HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    WAIT_END(b);
    assert_null(strstr(b->out, "HEAD /h"));
    assert_non_null(strstr(b->out, "Content-Length: 17\r\n")); /* what GET would have given */
    const char *second = strstr(b->out, "HTTP/1.1 204 No Content\r\n");
    assert_non_null(second);
    assert_int_equal(count(second, "Content-Length"), 1); /* of the third only */
    bench_free(b);
}

/* --- refusals --- */

static void what_is_wrong_is_refused_with_words_and_a_close(void **state)
{
    static const struct {
        const char *text, *status;
    } cases[] = {
        { "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 garbage\r\n\r\n", "400 Bad Request" },
        { "GET /../x HTTP/1.1\r\nHost: x\r\n\r\n", "400 Bad Request" },
        { "GET / HTTP/1.1\r\n\r\n", "400 Bad Request" },
        { "BREW / HTTP/1.1\r\nHost: x\r\n\r\n", "501 Not Implemented" },
        { "GET / HTTP/3.0\r\nHost: x\r\n\r\n", "505 HTTP Version" },
        { "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n", "413 Content Too Large" },
        { "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n",
          "413 Content Too Large" },
        { "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "400 Bad Request" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct bench *b = bench_start(&(struct http_options){ .max_body = 1000 });
        /* \x00 in the first case ends the C string; what is sent until then must not be enough to hang */
        send_text(b, cases[i].text);
        if (i == 0)
            send_text(b, "\r\n\r\n");
        WAIT_END(b);
        if (!strstr(b->out, cases[i].status))
            fail_msg("case %zu: %s", i, b->out);
        assert_non_null(strstr(b->out, "{\"error\":{\"code\":\"http_"));
        assert_non_null(strstr(b->out, "Connection: close\r\n"));
        assert_int_equal(b->handled, 0);
        bench_free(b);
    }
}

static void a_client_that_sends_on_still_reads_its_413(void **state)
{
    (void)state;
    struct bench *b = bench_start(&(struct http_options){ .max_body = 1000 });
    static char block[300000];
    send_text(b, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n");
    for (size_t sent = 0; sent < sizeof(block);) {
        ssize_t n = send(b->fd, block + sent, sizeof(block) - sent, MSG_DONTWAIT);
        if (n > 0)
            sent += (size_t)n;
        loop_turn(b->loop, 0);
    }
    WAIT_END(b);
    assert_non_null(strstr(b->out, "413 Content Too Large"));
    bench_free(b);
}

static void headers_without_end_are_refused(void **state)
{
    (void)state;
    struct bench *b = bench_start(&(struct http_options){ .max_header = 2000 });
    send_text(b, "GET / HTTP/1.1\r\n");
    for (int i = 0; i < 100 && !b->ended; i++) {
        send(b->fd, "X-Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n", 46, MSG_NOSIGNAL);
        loop_turn(b->loop, 0);
        receive(b);
    }
    WAIT_TEXT(b, "431 Request Header Fields Too Large");
    bench_free(b);
}

static void a_slow_request_is_given_up(void **state)
{
    static const char *const starts[] = { "GET / HT",
                                          "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab" };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct bench *b = bench_start(&(struct http_options){ .timeout = 50 * USEC_MS });
        send_text(b, starts[i]);
        WAIT_END(b);
        assert_non_null(strstr(b->out, "408 Request Timeout"));
        bench_free(b);
    }
}

static void an_idle_connection_is_closed(void **state)
{
    (void)state;
    struct bench *b = bench_start(&(struct http_options){ .timeout = 50 * USEC_MS });
    WAIT_END(b);
    assert_int_equal(b->out_len, 0);
    bench_free(b);
}

static void too_many_waiting_requests_are_refused_for_now(void **state)
{
    (void)state;
    struct bench *b = bench_start(&(struct http_options){ .max_running = 1 });
    send_text(b, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
    WAIT_FOR(b->loop, b->waiting);
    assert_int_equal(http_server_running(b->server), 1);
    int first = b->fd;
    b->fd = raw_connect(b->port);
    send_text(b, "GET /now HTTP/1.1\r\nHost: x\r\n\r\n");
    WAIT_TEXT(b, "503 Service Unavailable");
    http_reply(b->waiting, 200, NULL, NULL, 0);
    send_text(b, "GET /again HTTP/1.1\r\nHost: x\r\n\r\n"); /* the same connection goes on */
    WAIT_TEXT(b, "GET /again");
    close(first);
    bench_free(b);
}

static void the_bodies_held_at_once_are_bounded(void **state)
{
    (void)state;
    struct bench *b = bench_start(&(struct http_options){ .max_body = 800, .max_bodies = 1000 });
    char body[701] = "";
    memset(body, 'x', 700);
    send_text(b, "POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 701\r\n\r\n");
    send_text(b, body);
    loop_turn(b->loop, USEC_SEC);
    loop_turn(b->loop, USEC_MS);
    int first = b->fd;
    b->fd = raw_connect(b->port);
    send_text(b, "POST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 700\r\n\r\n");
    send_text(b, body);
    WAIT_END(b);
    assert_non_null(strstr(b->out, "503 Service Unavailable"));
    close(b->fd);
    b->fd = first;
    b->ended = false;
    send_text(b, "x");
    WAIT_TEXT(b, "POST /1 x= body=701");
    bench_free(b);
}

/* --- replies later --- */

static void a_reply_may_come_later(void **state)
{
    (void)state;
    struct bench *b = bench_start(NULL);
    send_text(b, "POST /later HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody");
    WAIT_FOR(b->loop, b->waiting);
    loop_turn(b->loop, 0);
    assert_true(strv_eq_c(http_body(b->waiting), "body"));
    assert_true(strv_eq_c(http_header(b->waiting, "host"), "x"));
    assert_false(http_is_unix(b->waiting));
    http_reply(b->waiting, 202, "application/json", "{}", 2);
    WAIT_TEXT(b, "202 Accepted");
    assert_int_equal(http_server_running(b->server), 0);
    bench_free(b);
}

static void a_client_that_leaves_is_noticed_and_the_reply_does_nothing(void **state)
{
    (void)state;
    struct bench *b = bench_start(NULL);
    send_text(b, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
    WAIT_FOR(b->loop, b->waiting);
    close(b->fd);
    b->fd = -1;
    WAIT_FOR(b->loop, http_is_gone(b->waiting));
    assert_true(strv_eq_c(http_path(b->waiting), "/later")); /* views stay valid */
    assert_int_equal(http_server_running(b->server), 1);
    http_reply_header(b->waiting, "X", "y");
    http_reply(b->waiting, 200, "text/plain", "x", 1);
    assert_int_equal(http_server_running(b->server), 0);
    bench_free(b);
}

static void a_waiting_request_outlives_its_server(void **state)
{
    (void)state;
    struct bench *b = bench_start(NULL);
    send_text(b, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
    WAIT_FOR(b->loop, b->waiting);
    http_server_free(b->server);
    b->server = NULL;
    loop_turn(b->loop, 0);
    assert_true(http_is_gone(b->waiting));
    http_reply(b->waiting, 200, "text/plain", "x", 1);
    bench_free(b);
}

static void what_a_client_sends_while_it_waits_is_bounded(void **state)
{
    (void)state;
    struct bench *b = bench_start(NULL);
    static char flood[100000];
    size_t sent = 0;
    send_text(b, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
    WAIT_FOR(b->loop, b->waiting);
    for (int stuck = 0; stuck < 50;) {
        ssize_t n = send(b->fd, flood, sizeof(flood), MSG_DONTWAIT);
        stuck = n > 0 ? 0 : stuck + 1;
        sent += n > 0 ? (size_t)n : 0;
        assert_true(sent < (size_t)64 << 20); /* the kernel's buffers only */
        loop_turn(b->loop, 0);
    }
    http_reply(b->waiting, 200, "text/plain", "done", 4);
    WAIT_TEXT(b, "done");
    WAIT_TEXT(b, "431 Request Header"); /* the flood, looked at now */
    bench_free(b);
}

/* --- large replies --- */

static void a_reply_larger_than_the_queue_arrives_whole(void **state)
{
    (void)state;
    struct bench *b = bench_start(NULL);
    send_text(b, "GET /big HTTP/1.1\r\nHost: x\r\n\r\nGET /after HTTP/1.1\r\nHost: x\r\n\r\n");
    WAIT_TEXT(b, "GET /after");
    const char *body = strstr(b->out, "\r\n\r\n") + 4;
    assert_int_equal(strspn(body, "b"), 1500000);
    bench_free(b);
}

static void a_client_that_does_not_read_its_reply_is_dropped(void **state)
{
    (void)state;
    struct bench *b = bench_start(&(struct http_options){ .timeout = 50 * USEC_MS });
    for (int i = 0; i < 30; i++) /* more than the kernel's buffers hold */
        send_text(b, "GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
    WAIT_FOR(b->loop, b->handled > 0);
    usec_t quiet = clock_mono(&test_clock) + 300 * USEC_MS;
    WAIT_FOR(b->loop, clock_mono(&test_clock) > quiet);
    assert_true(b->handled < 30); /* no further request was taken up for one who does not read */
    while (!b->ended) {           /* closed or reset before all of it came */
        b->out_len = 0;
        receive(b);
        if (!b->out_len)
            loop_turn(b->loop, USEC_MS);
    }
    bench_free(b);
}

/* --- places and stopping --- */

static void on_stopped(void *arg)
{
    ((struct bench *)arg)->stopped++;
}

static void a_stop_finishes_what_runs(void **state)
{
    (void)state;
    struct bench *b = bench_start(NULL);
    int idle = raw_connect(b->port);
    send_text(b, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
    WAIT_FOR(b->loop, b->waiting);
    http_server_stop(b->server, on_stopped, b);
    char junk[8];
    size_t len = 0;
    WAIT_FOR(b->loop, !raw_read(idle, junk, sizeof(junk), &len)); /* closed: nothing runs there */
    close(idle);
    assert_int_equal(b->stopped, 0);
    struct sockaddr_in a = { .sin_family = AF_INET,
                             .sin_port = htons(b->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int late = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(late, (struct sockaddr *)&a, sizeof(a)), -1);
    close(late);
    http_reply(b->waiting, 200, "text/plain", "finished", 8);
    WAIT_END(b);
    assert_non_null(strstr(b->out, "finished"));
    assert_non_null(strstr(b->out, "Connection: close"));
    close(b->fd);
    b->fd = -1;
    WAIT_FOR(b->loop, b->stopped);
    loop_turn(b->loop, 0);
    assert_int_equal(b->stopped, 1);
    bench_free(b);
}

static void a_stop_with_nothing_running_is_told_too(void **state)
{
    (void)state;
    struct bench *b = bench_start(NULL);
    close(b->fd);
    b->fd = -1;
    http_server_stop(b->server, on_stopped, b);
    assert_int_equal(b->stopped, 0);
    WAIT_FOR(b->loop, b->stopped == 1);
    bench_free(b);
}

static void a_unix_socket_tells_who_asks(void **state)
{
    (void)state;
    struct bench *b = bench_start(NULL);
    char path[80];
    uint32_t uid = 0;
    struct stat st;
    scratch_dir(dir);
    snprintf(path, sizeof(path), "%s/api.sock", dir);
    assert_true(http_server_listen_unix(b->server, path, 0600, NULL));
    assert_false(http_server_listen_unix(b->server, path, 0600, NULL));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    close(b->fd);
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
    b->fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(b->fd, (struct sockaddr *)&a, sizeof(a)), 0);
    send_text(b, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
    WAIT_FOR(b->loop, b->waiting);
    assert_true(http_is_unix(b->waiting));
    assert_true(http_peer_uid(b->waiting, &uid));
    assert_int_equal(uid, getuid());
    http_reply(b->waiting, 200, "text/plain", "hello", 5);
    WAIT_TEXT(b, "hello");
    bench_free(b);
    assert_int_equal(rmdir(dir), 0); /* the socket is gone */
}

static void the_same_over_tls(void **state)
{
    (void)state;
    struct bench *b = bench_start(NULL);
    struct err err = { 0 };
    char ca[96], cert[96], key[96];
    scratch_dir(dir);
    cert_make_all(dir);
    snprintf(ca, sizeof(ca), "%s/ca.pem", dir);
    snprintf(cert, sizeof(cert), "%s/server.pem", dir);
    snprintf(key, sizeof(key), "%s/server.key", dir);
    struct tls_options so = { .cert_file = cert, .key_file = key }, co = { .ca_file = ca };
    struct tls_ctx *server = tls_server_new(&so, &err), *client = tls_client_new(&co, &err);
    uint16_t port;
    assert_true(http_server_listen_tcp(b->server, "127.0.0.1:0", server, &port, &err));
    struct seen s = { 0 };
    struct conn_options o = { .host = "127.0.0.1", .port = port, .tls = client };
    s.conn = conn_connect(b->loop, &o, &seen_ops, &s, NULL);
    WAIT_FOR(b->loop, s.connected || s.closed);
    assert_string_equal(s.text, "");
    static const char request[] = "GET /big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    assert_true(conn_write(s.conn, request, sizeof(request) - 1));
    WAIT_FOR(b->loop, s.closed);
    assert_int_equal(s.reason, CONN_PEER);
    assert_true(s.in_len > 1500000);
    assert_memory_equal(s.in, "HTTP/1.1 200 OK\r\n", 17);
    seen_free(&s);
    bench_free(b);
    tls_free(server);
    tls_free(client);
    cert_remove_all(dir);
}

static void replies_are_fast_enough_to_be_in_the_way_of_nothing(void **state)
{
    (void)state;
    struct bench *b = bench_start(NULL);
    enum { N = 20000 };
    static const char request[] =
        "POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}";
    static char batch[100 * (sizeof(request) - 1)];
    for (size_t i = 0; i < 100; i++)
        memcpy(batch + i * (sizeof(request) - 1), request, sizeof(request) - 1);
    char *junk = malloc(1 << 20);
    for (unsigned sent = 0; b->handled < N;) {
        if (sent < N && b->handled + 100 > sent) {
            assert_int_equal(write(b->fd, batch, sizeof(batch)), sizeof(batch));
            sent += 100;
        }
        loop_turn(b->loop, USEC_MS);
        while (recv(b->fd, junk, 1 << 20, MSG_DONTWAIT) > 0)
            ;
    }
    assert_int_equal(b->handled, N);
    free(junk);
    bench_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_answered_and_the_connection_kept),
        cmocka_unit_test(the_connection_is_closed_when_the_client_asks_for_it),
        cmocka_unit_test(pipelined_requests_are_answered_in_order),
        cmocka_unit_test(a_request_may_come_octet_by_octet),
        cmocka_unit_test(a_large_body_arrives_whole),
        cmocka_unit_test(head_and_204_have_no_body),
        cmocka_unit_test(what_is_wrong_is_refused_with_words_and_a_close),
        cmocka_unit_test(a_client_that_sends_on_still_reads_its_413),
        cmocka_unit_test(headers_without_end_are_refused),
        cmocka_unit_test(a_slow_request_is_given_up),
        cmocka_unit_test(an_idle_connection_is_closed),
        cmocka_unit_test(too_many_waiting_requests_are_refused_for_now),
        cmocka_unit_test(the_bodies_held_at_once_are_bounded),
        cmocka_unit_test(a_reply_may_come_later),
        cmocka_unit_test(a_client_that_leaves_is_noticed_and_the_reply_does_nothing),
        cmocka_unit_test(a_waiting_request_outlives_its_server),
        cmocka_unit_test(what_a_client_sends_while_it_waits_is_bounded),
        cmocka_unit_test(a_reply_larger_than_the_queue_arrives_whole),
        cmocka_unit_test(a_client_that_does_not_read_its_reply_is_dropped),
        cmocka_unit_test(a_stop_finishes_what_runs),
        cmocka_unit_test(a_stop_with_nothing_running_is_told_too),
        cmocka_unit_test(a_unix_socket_tells_who_asks),
        cmocka_unit_test(the_same_over_tls),
        cmocka_unit_test(replies_are_fast_enough_to_be_in_the_way_of_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
