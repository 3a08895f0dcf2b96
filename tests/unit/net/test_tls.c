#include "net_test.h"

#include "net/listener.h"
#include "net/tls.h"
#include "net_cert.h"

static char dir[64];

static const char *file(const char *name)
{
    static char paths[64][128];
    static unsigned next;
    if (!name)
        return NULL;
    char *p = paths[next++ % 64];
    snprintf(p, sizeof(paths[0]), "%s/%s", dir, name);
    return p;
}

static int make_certificates(void **state)
{
    (void)state;
    scratch_dir(dir);
    cert_make_all(dir);
    return 0;
}

static int remove_certificates(void **state)
{
    (void)state;
    cert_remove_all(dir);
    return 0;
}

/* --- a server that echoes, and one client --- */

struct bench {
    struct loop *loop;
    struct listener *listener;
    struct tls_ctx *server, *client;
    struct seen s; /* the client */
    unsigned accepted, server_closed;
    bool server_client_cert;
};

static size_t echo_on_data(struct conn *c, void *arg, const uint8_t *p, size_t n)
{
    (void)arg;
    size_t take = n < conn_writable_room(c) ? n : conn_writable_room(c);
    if (take)
        conn_write(c, p, take);
    if (take < n)
        conn_pause_read(c);
    return take;
}

static void echo_on_drain(struct conn *c, void *arg)
{
    (void)arg;
    conn_resume_read(c);
}

static void echo_on_closed(struct conn *c, void *arg, enum conn_reason reason, const char *text)
{
    (void)c;
    (void)reason;
    (void)text;
    ((struct bench *)arg)->server_closed++;
}

static void on_accept(struct listener *ls, struct conn *c, void *arg)
{
    static const struct conn_ops ops = { .on_data = echo_on_data,
                                         .on_drain = echo_on_drain,
                                         .on_closed = echo_on_closed };
    struct bench *b = arg;
    usec_t expiry;
    (void)ls;
    b->accepted++;
    b->server_client_cert = conn_peer_cert_expiry(c, &expiry);
    conn_set_ops(c, &ops, b);
}

/* Starts the server with the certificate named, dials it, and turns until connected or closed. */
static void bench_run(struct bench *b, const char *cert, bool require_client,
                      const struct tls_options *client, const char *tls_name)
{
    char pem[32], key[32];
    struct err err = { 0 };
    snprintf(pem, sizeof(pem), "%s.pem", cert);
    snprintf(key, sizeof(key), "%s.key", cert);
    struct tls_options server = { .cert_file = file(pem),
                                  .key_file = file(key),
                                  .require_client = require_client,
                                  .ca_file = require_client ? file("ca.pem") : NULL };
    b->loop = loop_new(NULL, NULL);
    b->server = tls_server_new(&server, &err);
    assert_string_equal(err.text, "");
    b->client = tls_client_new(client, &err);
    assert_string_equal(err.text, "");
    struct listener_options lo = { .address = "127.0.0.1:0", .tls = b->server };
    b->listener = listener_new(b->loop, &lo, on_accept, b, &err);
    assert_non_null(b->listener);
    struct conn_options co = {
        .host = "127.0.0.1", .port = listener_port(b->listener), .tls = b->client, .tls_name = tls_name
    };
    b->s.conn = conn_connect(b->loop, &co, &seen_ops, &b->s, &err);
    assert_non_null(b->s.conn);
    WAIT_FOR(b->loop, b->s.connected || b->s.closed);
}

static void bench_free(struct bench *b)
{
    seen_free(&b->s);
    listener_free(b->listener);
    for (int i = 0; i < 3; i++) /* the server's ends notice */
        loop_turn(b->loop, USEC_MS);
    tls_free(b->server);
    tls_free(b->client);
    loop_free(b->loop);
}

static void a_verified_connection_carries_data_both_ways(void **state)
{
    static const char *const names[] = { "a.example", NULL }; /* NULL: by the address dialled */
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct bench b = { 0 };
        struct tls_options o = { .ca_file = file("ca.pem") };
        usec_t expiry = 0, own = 0;
        bench_run(&b, "server", false, &o, names[i]);
        assert_string_equal(b.s.text, "");
        assert_int_equal(b.s.connected, 1);
        assert_true(conn_is_tls(b.s.conn));
        assert_string_equal(conn_tls_version(b.s.conn), "TLSv1.3");
        assert_true(conn_peer_cert_expiry(b.s.conn, &expiry));
        assert_true(tls_cert_expiry(b.server, &own));
        assert_true(expiry == own);
        usec_t in_days = (expiry - clock_wall(&test_clock)) / USEC_DAY;
        assert_true(in_days == 29 || in_days == 30);
        assert_true(conn_write(b.s.conn, "hello", 5));
        WAIT_FOR(b.loop, b.s.in_len == 5);
        assert_memory_equal(b.s.in, "hello", 5);
        conn_shutdown(b.s.conn);
        WAIT_FOR(b.loop, b.s.closed && b.server_closed);
        assert_int_equal(b.s.reason, CONN_LOCAL);
        bench_free(&b);
    }
}

static void much_data_passes_unchanged_through_full_buffers(void **state)
{
    enum { TOTAL = 3000000 };
    (void)state;
    struct bench b = { 0 };
    struct tls_options o = { .ca_file = file("ca.pem") };
    bench_run(&b, "server", false, &o, "a.example");
    uint32_t next = 0;
    while (next < TOTAL / 4) {
        while (next < TOTAL / 4 && conn_write(b.s.conn, &next, 4))
            next++;
        loop_turn(b.loop, USEC_MS);
        assert_int_equal(b.s.closed, 0);
    }
    WAIT_FOR(b.loop, b.s.in_len == TOTAL);
    for (uint32_t i = 0, v; i < TOTAL / 4; i++) {
        memcpy(&v, b.s.in + 4 * (size_t)i, 4);
        assert_int_equal(v, i);
    }
    bench_free(&b);
}

static void what_is_not_verified_is_refused_with_the_reason(void **state)
{
    static const struct {
        const char *cert, *ca, *name, *says[3];
    } cases[] = {
        { "server", "ca.pem", "b.example", { "certificate is for a.example, 127.0.0.1, not b.example" } },
        { "server", "ca.pem", "192.0.2.9", { "certificate is for a.example, 127.0.0.1, not 192.0.2.9" } },
        { "server", "other-ca.pem", "a.example", { "not trusted", "tls_ca" } },
        { "self", "ca.pem", "a.example", { "self-signed certificate", "tls_ca" } },
        { "expired", "ca.pem", "a.example", { "certificate has expired on 20" } },
        { "future", "ca.pem", "a.example", { "not valid yet" } },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct bench b = { 0 };
        struct tls_options o = { .ca_file = file(cases[i].ca) };
        bench_run(&b, cases[i].cert, false, &o, cases[i].name);
        assert_int_equal(b.s.connected, 0);
        assert_int_equal(b.s.closed, 1);
        assert_int_equal(b.s.reason, CONN_TLS);
        for (int k = 0; k < 3 && cases[i].says[k]; k++)
            if (!strstr(b.s.text, cases[i].says[k]))
                fail_msg("\"%s\" does not say \"%s\"", b.s.text, cases[i].says[k]);
        assert_int_equal(b.accepted, 0);
        bench_free(&b);
    }
}

static void a_self_signed_certificate_can_be_trusted_by_name(void **state)
{
    (void)state;
    struct bench b = { 0 };
    struct tls_options o = { .ca_file = file("self.pem") };
    bench_run(&b, "self", false, &o, "a.example");
    assert_string_equal(b.s.text, "");
    assert_int_equal(b.s.connected, 1);
    bench_free(&b);
}

static void insecure_accepts_anything(void **state)
{
    (void)state;
    struct bench b = { 0 };
    struct tls_options o = { .insecure = true };
    bench_run(&b, "expired", false, &o, "b.example");
    assert_int_equal(b.s.connected, 1);
    bench_free(&b);
}

static void a_server_may_require_a_certificate_of_the_client(void **state)
{
    (void)state;
    struct bench with = { 0 }, without = { 0 }, stranger = { 0 };
    struct tls_options o = { .ca_file = file("ca.pem"),
                             .cert_file = file("client.pem"),
                             .key_file = file("client.key") };
    bench_run(&with, "server", true, &o, "a.example");
    WAIT_FOR(with.loop, with.accepted || with.s.closed);
    assert_int_equal(with.accepted, 1);
    assert_true(with.server_client_cert);
    bench_free(&with);

    struct tls_options none = { .ca_file = file("ca.pem") };
    bench_run(&without, "server", true, &none, "a.example");
    WAIT_FOR(without.loop, without.s.closed); /* TLS 1.3: the refusal comes after our own Finished */
    assert_int_equal(without.s.reason, CONN_TLS);
    assert_non_null(strstr(without.s.text, "requires a client certificate; set tls_cert"));
    assert_int_equal(without.accepted, 0);
    bench_free(&without);

    o.cert_file = file("stranger.pem");
    o.key_file = file("stranger.key");
    bench_run(&stranger, "server", true, &o, "a.example");
    WAIT_FOR(stranger.loop, stranger.s.closed);
    assert_int_equal(stranger.s.reason, CONN_TLS);
    if (!strstr(stranger.s.text, "does not trust our certificate"))
        fail_msg("%s", stranger.s.text);
    bench_free(&stranger);
}

static void a_peer_that_speaks_no_tls(void **state)
{
    (void)state;
    struct loop *l = loop_new(NULL, NULL);
    struct tls_options o = { .ca_file = file("ca.pem") };
    struct tls_ctx *t = tls_client_new(&o, NULL);
    struct seen s = { 0 };
    uint16_t port;
    int ls = raw_listen(&port, 5);
    struct conn_options co = { .host = "127.0.0.1", .port = port, .tls = t };
    s.conn = conn_connect(l, &co, &seen_ops, &s, NULL);
    int fd = accept(ls, NULL, NULL);
    assert_true(write(fd, "220 smtp.example ready\r\n", 24) == 24);
    WAIT_FOR(l, s.closed);
    assert_int_equal(s.reason, CONN_TLS);
    assert_non_null(strstr(s.text, "does not speak TLS"));
    close(fd);

    /* One that accepts and then says nothing: bounded by the connect timeout. */
    co.connect_timeout = 50 * USEC_MS;
    seen_free(&s);
    s.conn = conn_connect(l, &co, &seen_ops, &s, NULL);
    WAIT_FOR(l, s.closed);
    assert_int_equal(s.reason, CONN_TIMEOUT);
    close(ls);
    tls_free(t);
    seen_free(&s);
    loop_free(l);
}

static void a_client_without_tls_does_not_get_through_and_does_not_stay(void **state)
{
    (void)state;
    struct bench b = { 0 };
    char buf[256];
    size_t len = 0;
    struct tls_options o = { .cert_file = file("server.pem"), .key_file = file("server.key") };
    b.loop = loop_new(NULL, NULL);
    b.server = tls_server_new(&o, NULL);
    struct listener_options lo = { .address = "127.0.0.1:0",
                                   .tls = b.server,
                                   .handshake_timeout = 50 * USEC_MS };
    b.listener = listener_new(b.loop, &lo, on_accept, &b, NULL);
    int garbage = raw_connect(listener_port(b.listener)), silent = raw_connect(listener_port(b.listener));
    assert_true(write(garbage, "GET / HTTP/1.1\r\n\r\n", 18) == 18);
    WAIT_FOR(b.loop, listener_conns(b.listener) == 2);
    WAIT_FOR(b.loop, !raw_read(garbage, buf, sizeof(buf), &len) || listener_conns(b.listener) < 2);
    WAIT_FOR(b.loop, listener_conns(b.listener) == 0);
    assert_int_equal(b.accepted, 0);
    close(garbage);
    close(silent);
    bench_free(&b);
}

static void wrong_settings_are_named(void **state)
{
    static const struct {
        bool server;
        const char *ca, *cert, *key, *says;
    } cases[] = {
        { false, "nothing.pem", NULL, NULL, "nothing.pem" },
        { false, "ca.pem", "nothing.pem", NULL, "nothing.pem" },
        { false, "ca.pem", "client.pem", "server.key", "server.key" },
        { false, "ca.pem", NULL, "server.key", "tls_key without tls_cert" },
        { true, NULL, NULL, NULL, "needs a certificate" },
        { true, NULL, "server.key", NULL, "cannot read the certificate" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct err err = { 0 };
        struct tls_options o = { .ca_file = file(cases[i].ca),
                                 .cert_file = file(cases[i].cert),
                                 .key_file = file(cases[i].key) };
        assert_null(cases[i].server ? tls_server_new(&o, &err) : tls_client_new(&o, &err));
        if (!strstr(err.text, cases[i].says))
            fail_msg("\"%s\" does not say \"%s\"", err.text, cases[i].says);
    }
}

static void a_context_of_the_other_side_is_refused(void **state)
{
    (void)state;
    struct loop *l = loop_new(NULL, NULL);
    struct err err = { 0 };
    struct tls_options so = { .cert_file = file("server.pem"), .key_file = file("server.key") }, co = { 0 };
    struct tls_ctx *server = tls_server_new(&so, NULL), *client = tls_client_new(&co, NULL);
    assert_non_null(client);
    struct seen s = { 0 };
    struct conn_options o = { .host = "127.0.0.1", .port = 1, .tls = server };
    assert_null(conn_connect(l, &o, &seen_ops, &s, &err));
    struct listener_options lo = { .address = "127.0.0.1:0", .tls = client };
    assert_null(listener_new(l, &lo, on_accept, NULL, &err));
    tls_free(server);
    tls_free(client);
    loop_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_verified_connection_carries_data_both_ways),
        cmocka_unit_test(much_data_passes_unchanged_through_full_buffers),
        cmocka_unit_test(what_is_not_verified_is_refused_with_the_reason),
        cmocka_unit_test(a_self_signed_certificate_can_be_trusted_by_name),
        cmocka_unit_test(insecure_accepts_anything),
        cmocka_unit_test(a_server_may_require_a_certificate_of_the_client),
        cmocka_unit_test(a_peer_that_speaks_no_tls),
        cmocka_unit_test(a_client_without_tls_does_not_get_through_and_does_not_stay),
        cmocka_unit_test(wrong_settings_are_named),
        cmocka_unit_test(a_context_of_the_other_side_is_refused),
    };
    return cmocka_run_group_tests(tests, make_certificates, remove_certificates);
}
