#include "net_test.h"

#include "net/addr.h"

#include <errno.h>
#include <fcntl.h>

static int setup(void **state)
{
    *state = loop_new(NULL, NULL);
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    loop_free(*state);
    return 0;
}

/* A connection over a socketpair; the other end is a plain descriptor. */
static int pair(struct loop *l, struct seen *s, const struct conn_limits *limits)
{
    int fd[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
    s->conn = conn_from_fd(l, fd[0], limits, &seen_ops, s, NULL);
    assert_non_null(s->conn);
    return fd[1];
}

static size_t drain_fd(int fd)
{
    char junk[65536];
    size_t sum = 0;
    ssize_t n;
    while ((n = recv(fd, junk, sizeof(junk), MSG_DONTWAIT)) > 0)
        sum += (size_t)n;
    return sum;
}

/* --- input --- */

static void a_frame_in_pieces_is_seen_whole_in_the_end(void **state)
{
    struct loop *l = *state;
    struct seen s = { .frame = 8 };
    int fd = pair(l, &s, NULL);
    const char *pieces[] = { "a", "bcd", "efgABC", "DEFGH", "1234567" };
    for (size_t i = 0; i < 5; i++) {
        unsigned before = s.data;
        assert_true(write(fd, pieces[i], strlen(pieces[i])) > 0);
        WAIT_FOR(l, s.data > before);
    }
    assert_int_equal(s.in_len, 16);
    assert_memory_equal(s.in, "abcdefgABCDEFGH1", 16);
    assert_true(write(fd, "8", 1) == 1); /* 23 octets so far: the third frame is complete with the 24th */
    assert_true(write(fd, "9", 1) == 1);
    WAIT_FOR(l, s.in_len == 16 + 8 || s.closed);
    assert_memory_equal(s.in + 16, "23456789", 8);
    close(fd);
    WAIT_FOR(l, s.closed);
    assert_int_equal(s.reason, CONN_PEER);
    seen_free(&s);
}

static void input_without_an_end_of_frame_closes_the_connection(void **state)
{
    struct loop *l = *state;
    struct seen s = { .consume_none = true };
    struct conn_limits limits = { .max_input = 1000 };
    int fd = pair(l, &s, &limits);
    char big[4000] = { 0 };
    assert_true(write(fd, big, 999) == 999);
    WAIT_FOR(l, s.max_data == 999);
    assert_int_equal(s.closed, 0);
    assert_true(write(fd, big, 1) == 1);
    WAIT_FOR(l, s.closed);
    assert_int_equal(s.reason, CONN_OVERFLOW);
    assert_int_equal(s.max_data, 1000);
    close(fd);
    seen_free(&s);
}

static void one_busy_connection_does_not_starve_another(void **state)
{
    struct loop *l = *state;
    struct conn_limits limits = { .read_budget = 4096 };
    struct seen busy = { 0 }, quiet = { 0 };
    int fd_busy = pair(l, &busy, &limits), fd_quiet = pair(l, &quiet, &limits);
    static char flood[100000];
    assert_true(send(fd_busy, flood, sizeof(flood), MSG_DONTWAIT) > 65536);
    assert_true(write(fd_quiet, "x", 1) == 1);
    loop_turn(l, USEC_SEC);
    assert_int_equal(busy.in_len, 4096); /* no more than its budget */
    assert_int_equal(quiet.in_len, 1);   /* served in the same turn */
    loop_turn(l, USEC_SEC);
    assert_int_equal(busy.in_len, 8192);
    close(fd_busy);
    close(fd_quiet);
    seen_free(&busy);
    seen_free(&quiet);
}

static void a_cap_on_frames_a_turn_keeps_the_rest_even_over_the_end_of_the_stream(void **state)
{
    struct loop *l = *state;
    struct seen s = { .frame = 10, .max_frames = 1 };
    int fd = pair(l, &s, NULL);
    assert_true(write(fd, "0123456789abcdefghijABCDEFGHIJ", 30) == 30);
    close(fd);
    loop_turn(l, USEC_SEC);
    assert_int_equal(s.in_len, 10 + 10); /* one at the event, one more at the end of the turn */
    WAIT_FOR(l, s.closed);
    assert_int_equal(s.in_len, 30);
    assert_int_equal(s.reason, CONN_PEER);
    seen_free(&s);
}

static void a_paused_connection_gives_nothing_until_resumed(void **state)
{
    struct loop *l = *state;
    struct seen s = { .pause_after_data = true, .frame = 2 };
    int fd = pair(l, &s, NULL);
    assert_true(write(fd, "ab", 2) == 2);
    WAIT_FOR(l, s.in_len == 2);
    assert_true(write(fd, "cdef", 4) == 4);
    loop_turn(l, 1000);
    loop_turn(l, 1000);
    assert_int_equal(s.in_len, 2);
    s.pause_after_data = false;
    conn_resume_read(s.conn);
    assert_int_equal(s.in_len, 2); /* not from inside the call */
    WAIT_FOR(l, s.in_len == 6);
    assert_memory_equal(s.in, "abcdef", 6);
    close(fd);
    seen_free(&s);
}

static void backpressure_reaches_the_peer(void **state)
{
    struct loop *l = *state;
    struct seen s = { 0 };
    int fd = pair(l, &s, NULL);
    static char flood[1 << 20];
    conn_pause_read(s.conn);
    ssize_t sent = 0, n;
    while ((n = send(fd, flood, sizeof(flood), MSG_DONTWAIT)) > 0) {
        sent += n;
        loop_turn(l, 0);
    }
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(s.in_len, 0);
    conn_resume_read(s.conn);
    WAIT_FOR(l, s.in_len == (size_t)sent);
    close(fd);
    seen_free(&s);
}

/* --- output --- */

static void what_one_turn_writes_leaves_together_at_its_end(void **state)
{
    struct loop *l = *state;
    struct seen s = { 0 };
    int fd = pair(l, &s, NULL);
    char got[16];
    assert_true(conn_write(s.conn, "one", 3));
    assert_true(conn_write(s.conn, "two", 3));
    uint8_t *room = conn_reserve(s.conn, 100);
    assert_non_null(room);
    memcpy(room, "three", 5);
    conn_commit(s.conn, 5);
    assert_int_equal(recv(fd, got, sizeof(got), MSG_DONTWAIT), -1);
    assert_int_equal(conn_queued(s.conn), 11);
    loop_turn(l, USEC_SEC);
    assert_int_equal(recv(fd, got, sizeof(got), MSG_DONTWAIT), 11);
    assert_memory_equal(got, "onetwothree", 11);
    assert_int_equal(conn_octets_out(s.conn), 11);
    assert_int_equal(s.drained, 0); /* nothing had been refused */
    close(fd);
    seen_free(&s);
}

static void the_output_is_bounded_and_on_drain_tells_when_to_go_on(void **state)
{
    struct loop *l = *state;
    struct seen s = { 0 };
    struct conn_limits limits = { .high_water = 100000, .low_water = 20000 };
    int fd = pair(l, &s, &limits);
    static char block[10000];
    size_t written = 0;
    while (conn_write(s.conn, block, sizeof(block))) { /* until the kernel and the queue are full */
        written += sizeof(block);
        loop_turn(l, 0);
        assert_true(written < (size_t)64 << 20);
    }
    assert_true(conn_queued(s.conn) <= 100000);
    assert_true(conn_writable_room(s.conn) < sizeof(block));
    assert_false(conn_write(s.conn, block, sizeof(block)));
    loop_turn(l, 1000);
    assert_int_equal(s.drained, 0);
    size_t got = 0;
    WAIT_FOR(l, (got += drain_fd(fd), s.drained));
    assert_true(conn_queued(s.conn) <= 20000);
    WAIT_FOR(l, (got += drain_fd(fd), got == written));
    assert_int_equal(s.drained, 1);
    assert_int_equal(conn_writable_room(s.conn), 100000);
    close(fd);
    seen_free(&s);
}

static void a_write_that_can_never_fit_is_refused(void **state)
{
    struct loop *l = *state;
    struct seen s = { 0 };
    struct conn_limits limits = { .high_water = 10 };
    int fd = pair(l, &s, &limits);
    assert_false(conn_write(s.conn, "12345678901", 11));
    assert_true(conn_write(s.conn, "1234567890", 10));
    assert_null(conn_reserve(s.conn, 1));
    loop_turn(l, USEC_SEC);
    assert_int_equal(s.drained, 1);
    close(fd);
    seen_free(&s);
}

static void asking_for_a_drain_gives_one_even_when_nothing_is_queued(void **state)
{
    struct loop *l = *state;
    struct seen s = { 0 };
    int fd = pair(l, &s, NULL);
    conn_ask_drain(s.conn);
    assert_int_equal(s.drained, 0);
    WAIT_FOR(l, s.drained == 1);
    close(fd);
    seen_free(&s);
}

static void large_output_arrives_unchanged(void **state)
{
    struct loop *l = *state;
    struct seen from = { 0 }, to = { 0 };
    int fd[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
    from.conn = conn_from_fd(l, fd[0], NULL, &seen_ops, &from, NULL);
    to.conn = conn_from_fd(l, fd[1], NULL, &seen_ops, &to, NULL);
    uint32_t next = 0, total = 1000000;
    while (next < total) {
        while (next < total && conn_write(from.conn, &next, 4))
            next++;
        unsigned drained = from.drained;
        WAIT_FOR(l, next == total || from.drained > drained);
    }
    WAIT_FOR(l, to.in_len == 4 * (size_t)total);
    for (uint32_t i = 0; i < total; i++) {
        uint32_t v;
        memcpy(&v, to.in + 4 * (size_t)i, 4);
        assert_int_equal(v, i);
    }
    seen_free(&from);
    seen_free(&to);
}

/* --- the end --- */

static void closing_tells_once_and_not_from_inside_the_call(void **state)
{
    struct loop *l = *state;
    struct seen s = { 0 };
    int fd = pair(l, &s, NULL);
    conn_write(s.conn, "x", 1);
    conn_close(s.conn);
    conn_close(s.conn);
    assert_int_equal(s.closed, 0);
    assert_false(conn_is_open(s.conn));
    assert_false(conn_write(s.conn, "x", 1));
    loop_turn(l, USEC_SEC);
    assert_int_equal(s.closed, 1);
    assert_int_equal(s.reason, CONN_LOCAL);
    loop_turn(l, 0);
    assert_int_equal(s.closed, 1);
    close(fd);
    seen_free(&s);
}

static void a_freed_connection_is_silent(void **state)
{
    struct loop *l = *state;
    struct seen s = { 0 };
    int fd = pair(l, &s, NULL);
    assert_true(write(fd, "x", 1) == 1);
    conn_free(s.conn);
    s.conn = NULL;
    loop_turn(l, 0);
    loop_turn(l, 0);
    assert_int_equal(s.data + s.closed, 0);
    assert_int_equal(drain_fd(fd), 0);
    close(fd);
}

static size_t free_in_data(struct conn *c, void *arg, const uint8_t *p, size_t n)
{
    struct seen *s = arg;
    (void)p;
    s->data++;
    s->conn = NULL;
    conn_free(c);
    return n;
}

static void a_connection_may_be_freed_inside_its_callback(void **state)
{
    static const struct conn_ops ops = { .on_data = free_in_data, .on_closed = seen_on_closed };
    struct loop *l = *state;
    struct seen s = { 0 };
    int fd[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
    s.conn = conn_from_fd(l, fd[0], NULL, &ops, &s, NULL);
    assert_true(write(fd[1], "x", 1) == 1);
    WAIT_FOR(l, s.data);
    assert_int_equal(s.closed, 0);
    close(fd[1]);
}

static void shutdown_flushes_everything_first(void **state)
{
    struct loop *l = *state;
    struct seen s = { 0 };
    int fd = pair(l, &s, NULL);
    static char block[500000];
    assert_true(conn_write(s.conn, block, sizeof(block)));
    assert_true(write(fd, "late", 4) == 4);
    conn_shutdown(s.conn);
    size_t got = 0;
    WAIT_FOR(l, (got += drain_fd(fd), got == sizeof(block)));
    assert_int_equal(s.closed, 0); /* waits for the peer's end, so that nothing is lost by a reset */
    close(fd);
    WAIT_FOR(l, s.closed);
    assert_int_equal(s.reason, CONN_LOCAL);
    assert_int_equal(s.data, 0);
    seen_free(&s);
}

static void shutdown_does_not_wait_for_ever(void **state)
{
    struct loop *l = *state;
    struct seen s = { 0 };
    struct conn_limits limits = { .linger = 20 * USEC_MS };
    int fd = pair(l, &s, &limits);
    conn_shutdown(s.conn);
    WAIT_FOR(l, s.closed);
    assert_int_equal(s.reason, CONN_LOCAL);
    close(fd);
    seen_free(&s);
}

static void a_shutdown_now_writes_what_fits_and_waits_for_nobody(void **state)
{
    struct loop *l = *state;
    struct seen s = { 0 };
    char got[8];
    int fd = pair(l, &s, NULL);
    assert_true(write(fd, "unread", 6) == 6);
    assert_true(conn_write(s.conn, "last", 4));
    conn_shutdown_now(s.conn);
    assert_int_equal(s.closed, 0); /* never from inside the call */
    loop_turn(l, 0);
    assert_int_equal(s.closed, 1); /* the peer has done nothing at all */
    assert_int_equal(s.reason, CONN_LOCAL);
    assert_int_equal(s.data, 0);
    assert_int_equal(read(fd, got, sizeof got), 4);
    assert_memory_equal(got, "last", 4);
    assert_int_equal(read(fd, got, sizeof got), 0); /* an end, no reset */
    close(fd);
    seen_free(&s);
}

static void what_the_peer_said_before_it_left_is_read_although_writing_fails(void **state)
{
    struct loop *l = *state;
    struct seen s = { 0 };
    int fd = pair(l, &s, NULL);
    assert_true(write(fd, "bye", 3) == 3);
    close(fd);
    assert_true(conn_write(s.conn, "x", 1)); /* EPIPE at the flush */
    WAIT_FOR(l, s.closed);
    assert_int_equal(s.in_len, 3);
    assert_true(s.reason == CONN_PEER || s.reason == CONN_RESET);
    seen_free(&s);
}

static void writing_to_a_peer_that_reads_no_more_ends_the_connection(void **state)
{
    struct loop *l = *state;
    struct seen s = { 0 };
    int fd = pair(l, &s, NULL);
    shutdown(fd, SHUT_RD);
    assert_true(conn_write(s.conn, "x", 1));
    WAIT_FOR(l, s.closed);
    assert_int_equal(s.reason, CONN_RESET);
    close(fd);
    seen_free(&s);
}

static void an_answer_is_written_to_a_peer_that_closed_only_its_sending_side(void **state)
{
    static const struct conn_ops ops = { .on_data = seen_on_data, .on_closed = seen_on_closed };
    struct loop *l = *state;
    struct seen s = { 0 };
    int fd[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
    s.conn = conn_from_fd(l, fd[0], NULL, &ops, &s, NULL);
    assert_true(conn_write(s.conn, "answer", 6));
    shutdown(fd[1], SHUT_WR);
    WAIT_FOR(l, s.closed);
    assert_int_equal(drain_fd(fd[1]), 6);
    close(fd[1]);
    seen_free(&s);
}

/* --- connecting --- */

static struct conn *dial(struct loop *l, struct seen *s, const char *host, uint16_t port, usec_t timeout)
{
    struct conn_options o = { .host = host, .port = port, .connect_timeout = timeout };
    s->conn = conn_connect(l, &o, &seen_ops, s, NULL);
    assert_non_null(s->conn);
    assert_int_equal(s->connected + s->closed, 0);
    return s->conn;
}

static void a_connection_by_address_and_by_name(void **state)
{
    static const char *const hosts[] = { "127.0.0.1", "localhost" };
    struct loop *l = *state;
    for (size_t i = 0; i < 2; i++) {
        struct seen s = { 0 };
        uint16_t port;
        int ls = raw_listen(&port, 5);
        char peer[64];
        dial(l, &s, hosts[i], port, 0);
        assert_false(conn_write(s.conn, "early", 5));
        WAIT_FOR(l, s.connected || s.closed);
        assert_int_equal(s.connected, 1);
        snprintf(peer, sizeof(peer), "%s:%u", hosts[i], port);
        assert_string_equal(conn_peer(s.conn), peer);
        assert_non_null(strstr(conn_local(s.conn), "127.0.0.1:"));
        assert_false(conn_is_tls(s.conn));
        int fd = accept(ls, NULL, NULL);
        assert_true(write(fd, "hello", 5) == 5);
        WAIT_FOR(l, s.in_len == 5);
        close(fd);
        WAIT_FOR(l, s.closed);
        close(ls);
        seen_free(&s);
    }
}

static void a_connection_over_ipv6(void **state)
{
    struct loop *l = *state;
    struct addr a, bound;
    struct seen s = { 0 };
    assert_true(addr_parse("[::1]:0", &a, NULL));
    int ls = addr_listen(&a, 0, 5, &bound, NULL);
    if (ls < 0)
        skip(); /* a machine without IPv6 */
    dial(l, &s, "::1", addr_port(&bound), 0);
    WAIT_FOR(l, s.connected || s.closed);
    assert_int_equal(s.connected, 1);
    assert_memory_equal(conn_peer(s.conn), "[::1]:", 6);
    close(ls);
    seen_free(&s);
}

static void nobody_listens(void **state)
{
    struct loop *l = *state;
    struct seen s = { 0 };
    uint16_t port;
    int ls = raw_listen(&port, 1);
    close(ls);
    dial(l, &s, "127.0.0.1", port, 0);
    WAIT_FOR(l, s.closed);
    assert_int_equal(s.reason, CONN_REFUSED);
    assert_non_null(strstr(s.text, "Connection refused"));
    assert_int_equal(s.connected, 0);
    assert_int_equal(s.closed, 1);
    seen_free(&s);
}

static void a_name_that_does_not_exist(void **state)
{
    struct loop *l = *state;
    struct seen s = { 0 };
    dial(l, &s, "no-such-host.invalid", 2775, 15 * USEC_SEC); /* RFC 6761: .invalid never resolves */
    WAIT_FOR(l, s.closed);
    assert_true(s.reason == CONN_RESOLVE || s.reason == CONN_TIMEOUT);
    seen_free(&s);
}

static void connecting_is_bounded_in_time(void **state)
{
    struct loop *l = *state;
    struct seen s = { 0 };
    uint16_t port;
    int ls = raw_listen(&port, 0), filler[64], fillers = 0;
    /* Fill the backlog: then the kernel drops further SYNs, which looks like a host that does not answer. */
    for (bool full = false; !full && fillers < 64; fillers++) {
        struct sockaddr_in a = { .sin_family = AF_INET,
                                 .sin_port = htons(port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        filler[fillers] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        connect(filler[fillers], (struct sockaddr *)&a, sizeof(a));
        socklen_t len = sizeof(a);
        full = getpeername(filler[fillers], (struct sockaddr *)&a, &len) != 0;
    }
    usec_t began = clock_mono(&test_clock);
    dial(l, &s, "127.0.0.1", port, 60 * USEC_MS);
    WAIT_FOR(l, s.closed);
    assert_int_equal(s.reason, CONN_TIMEOUT);
    assert_true(clock_mono(&test_clock) - began >= 59 * USEC_MS);
    while (fillers)
        close(filler[--fillers]);
    close(ls);
    seen_free(&s);
}

static void a_connection_being_made_can_be_dropped(void **state)
{
    struct loop *l = *state;
    struct seen s = { 0 };
    uint16_t port;
    int ls = raw_listen(&port, 5);
    dial(l, &s, "localhost", port, 0);
    conn_free(s.conn);
    dial(l, &s, "127.0.0.1", port, 0);
    conn_close(s.conn);
    WAIT_FOR(l, s.closed);
    loop_turn(l, 20 * USEC_MS);
    assert_int_equal(s.connected, 0);
    assert_int_equal(s.closed, 1);
    close(ls);
    seen_free(&s);
}

static void the_local_address_can_be_chosen(void **state)
{
    struct loop *l = *state;
    struct seen s = { 0 };
    uint16_t port;
    int ls = raw_listen(&port, 5);
    struct conn_options o = { .host = "127.0.0.1", .port = port, .bind_address = "127.0.0.2" };
    s.conn = conn_connect(l, &o, &seen_ops, &s, NULL);
    WAIT_FOR(l, s.connected);
    assert_memory_equal(conn_local(s.conn), "127.0.0.2:", 10);
    seen_free(&s);
    o.bind_address = "192.0.2.7"; /* not ours */
    s.conn = conn_connect(l, &o, &seen_ops, &s, NULL);
    WAIT_FOR(l, s.closed);
    assert_non_null(strstr(s.text, "192.0.2.7"));
    close(ls);
    seen_free(&s);
}

static void impossible_options_are_refused_at_once(void **state)
{
    struct loop *l = *state;
    static const struct conn_options bad[] = {
        { .port = 1 },
        { .host = "127.0.0.1" },
        { .host = "a", .port = 1, .unix_path = "/x" },
        { .host = "127.0.0.1", .port = 1, .bind_address = "eth0" },
        { .unix_path = "" },
    };
    struct seen s = { 0 };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct err err = { 0 };
        assert_null(conn_connect(l, &bad[i], &seen_ops, &s, &err));
        assert_int_equal(err.code, ERR_INVALID);
    }
    loop_turn(l, 0);
    assert_int_equal(s.closed, 0);
}

static void addresses_are_read_strictly(void **state)
{
    static const struct {
        const char *in, *out; /* NULL: refused */
    } cases[] = {
        { "127.0.0.1:80", "127.0.0.1:80" },
        { "[::1]:2775", "[::1]:2775" },
        { "localhost:1", "127.0.0.1:1" },
        { ":0", "[::]:0" },
        { "*:9", "[::]:9" },
        { "[::ffff:192.0.2.1]:5", "192.0.2.1:5" },
        { "::1:80", NULL },
        { "127.0.0.1", NULL },
        { "127.0.0.1:65536", NULL },
        { "127.0.0.1:-1", NULL },
        { "127.0.0.1:", NULL },
        { "example.org:80", NULL },
        { "[::1:80", NULL },
        { "", NULL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct addr a;
        char text[ADDR_TEXT];
        bool ok = addr_parse(cases[i].in, &a, NULL);
        assert_int_equal(ok, cases[i].out != NULL);
        if (!ok)
            continue;
        addr_format(&a, text);
        assert_string_equal(text, cases[i].out);
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_frame_in_pieces_is_seen_whole_in_the_end),
        TEST(input_without_an_end_of_frame_closes_the_connection),
        TEST(one_busy_connection_does_not_starve_another),
        TEST(a_cap_on_frames_a_turn_keeps_the_rest_even_over_the_end_of_the_stream),
        TEST(a_paused_connection_gives_nothing_until_resumed),
        TEST(backpressure_reaches_the_peer),
        TEST(what_one_turn_writes_leaves_together_at_its_end),
        TEST(the_output_is_bounded_and_on_drain_tells_when_to_go_on),
        TEST(a_write_that_can_never_fit_is_refused),
        TEST(asking_for_a_drain_gives_one_even_when_nothing_is_queued),
        TEST(large_output_arrives_unchanged),
        TEST(closing_tells_once_and_not_from_inside_the_call),
        TEST(a_freed_connection_is_silent),
        TEST(a_connection_may_be_freed_inside_its_callback),
        TEST(shutdown_flushes_everything_first),
        TEST(shutdown_does_not_wait_for_ever),
        TEST(a_shutdown_now_writes_what_fits_and_waits_for_nobody),
        TEST(what_the_peer_said_before_it_left_is_read_although_writing_fails),
        TEST(writing_to_a_peer_that_reads_no_more_ends_the_connection),
        TEST(an_answer_is_written_to_a_peer_that_closed_only_its_sending_side),
        TEST(a_connection_by_address_and_by_name),
        TEST(a_connection_over_ipv6),
        TEST(nobody_listens),
        TEST(a_name_that_does_not_exist),
        TEST(connecting_is_bounded_in_time),
        TEST(a_connection_being_made_can_be_dropped),
        TEST(the_local_address_can_be_chosen),
        TEST(impossible_options_are_refused_at_once),
        TEST(addresses_are_read_strictly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
