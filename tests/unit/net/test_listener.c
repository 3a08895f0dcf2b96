#include "net_test.h"

#include "net/listener.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/stat.h>

static char dir[64];

struct server {
    struct loop *loop;
    struct listener *listener;
    struct seen seen[8];
    unsigned accepted;
    bool free_at_once, free_listener;
};

static void on_accept(struct listener *ls, struct conn *c, void *arg)
{
    struct server *s = arg;
    assert_ptr_equal(ls, s->listener);
    assert_true(conn_is_open(c));
    if (s->free_at_once) {
        conn_free(c);
    } else {
        s->seen[s->accepted].conn = c;
        conn_set_ops(c, &seen_ops, &s->seen[s->accepted]);
    }
    s->accepted++;
    if (s->free_listener) {
        listener_free(ls);
        s->listener = NULL;
    }
}

static int setup(void **state)
{
    struct server *s = calloc(1, sizeof(*s));
    scratch_dir(dir);
    s->loop = loop_new(NULL, NULL);
    *state = s;
    return s->loop ? 0 : -1;
}

static int teardown(void **state)
{
    struct server *s = *state;
    for (size_t i = 0; i < 8; i++)
        seen_free(&s->seen[i]);
    listener_free(s->listener);
    loop_free(s->loop);
    free(s);
    return rmdir(dir);
}

static void start(struct server *s, const struct listener_options *o)
{
    struct err err = { 0 };
    s->listener = listener_new(s->loop, o, on_accept, s, &err);
    assert_string_equal(err.text, "");
    assert_non_null(s->listener);
}

static int unix_connect(const char *path)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
    if (!connect(fd, (struct sockaddr *)&a, sizeof(a)))
        return fd;
    close(fd);
    return -1;
}

static void the_kernel_chooses_a_port_and_connections_come_in(void **state)
{
    static const char *const addresses[] = { "127.0.0.1:0", "localhost:0", ":0" };
    struct server *s = *state;
    for (size_t i = 0; i < 3; i++) {
        start(s, &(struct listener_options){ .address = addresses[i] });
        uint16_t port = listener_port(s->listener);
        assert_int_not_equal(port, 0);
        unsigned before = s->accepted;
        int fd = raw_connect(port);
        assert_true(write(fd, "hi", 2) == 2);
        WAIT_FOR(s->loop, s->accepted > before && s->seen[before].in_len == 2);
        assert_memory_equal(conn_peer(s->seen[before].conn),
                            "127.0.0.1:", 10); /* also when it came by [::] */
        assert_int_equal(listener_conns(s->listener), 1);
        close(fd);
        WAIT_FOR(s->loop, s->seen[before].closed);
        assert_int_equal(listener_conns(s->listener), 0);
        listener_free(s->listener);
        s->listener = NULL;
    }
}

static void a_port_in_use_is_reported(void **state)
{
    struct server *s = *state;
    struct err err = { 0 };
    char address[32];
    start(s, &(struct listener_options){ .address = "127.0.0.1:0" });
    snprintf(address, sizeof(address), "127.0.0.1:%u", listener_port(s->listener));
    assert_null(listener_new(s->loop, &(struct listener_options){ .address = address }, on_accept, s, &err));
    assert_int_equal(err.code, ERR_EXISTS);
    assert_non_null(strstr(err.text, address));
}

static void too_many_connections_are_turned_away(void **state)
{
    struct server *s = *state;
    char buf[8];
    size_t len = 0;
    start(s, &(struct listener_options){ .address = "127.0.0.1:0", .max_conns = 2 });
    int fd[4];
    for (int i = 0; i < 3; i++)
        fd[i] = raw_connect(listener_port(s->listener));
    WAIT_FOR(s->loop, !raw_read(fd[2], buf, sizeof(buf), &len));
    assert_int_equal(s->accepted, 2);
    close(fd[0]);
    WAIT_FOR(s->loop, s->seen[0].closed); /* room again */
    fd[3] = raw_connect(listener_port(s->listener));
    WAIT_FOR(s->loop, s->accepted == 3);
    for (int i = 1; i < 4; i++)
        close(fd[i]);
}

static void a_connection_can_be_refused_by_freeing_it(void **state)
{
    struct server *s = *state;
    char buf[8];
    size_t len = 0;
    s->free_at_once = true;
    start(s, &(struct listener_options){ .address = "127.0.0.1:0" });
    int fd = raw_connect(listener_port(s->listener));
    WAIT_FOR(s->loop, !raw_read(fd, buf, sizeof(buf), &len));
    assert_int_equal(listener_conns(s->listener), 0);
    close(fd);
}

static void connections_outlive_their_listener(void **state)
{
    struct server *s = *state;
    s->free_listener = true;
    start(s, &(struct listener_options){ .address = "127.0.0.1:0" });
    int fd = raw_connect(listener_port(s->listener));
    WAIT_FOR(s->loop, s->accepted);
    assert_true(write(fd, "hi", 2) == 2);
    WAIT_FOR(s->loop, s->seen[0].in_len == 2);
    close(fd);
    WAIT_FOR(s->loop, s->seen[0].closed);
}

static void a_paused_listener_leaves_connections_in_the_backlog(void **state)
{
    struct server *s = *state;
    start(s, &(struct listener_options){ .address = "127.0.0.1:0" });
    listener_pause(s->listener);
    int fd = raw_connect(listener_port(s->listener));
    loop_turn(s->loop, 1000);
    assert_int_equal(s->accepted, 0);
    listener_resume(s->listener);
    WAIT_FOR(s->loop, s->accepted);
    close(fd);
}

static void running_out_of_descriptors_is_waited_out_and_does_not_spin(void **state)
{
    struct server *s = *state;
    struct rlimit old, none;
    start(s, &(struct listener_options){ .address = "127.0.0.1:0" });
    int fd = raw_connect(listener_port(s->listener));
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    none = old;
    none.rlim_cur = (rlim_t)fd; /* no new descriptor can be had */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    usec_t began = clock_mono(&test_clock);
    loop_turn(s->loop, 30 * USEC_MS); /* the failed accept */
    loop_turn(s->loop, 30 * USEC_MS); /* sleeps, though the connection is still there */
    assert_true(clock_mono(&test_clock) - began >= 25 * USEC_MS);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_int_equal(s->accepted, 0);
    WAIT_FOR(s->loop, s->accepted);
    close(fd);
}

static void a_unix_socket_has_its_mode_and_knows_the_peer(void **state)
{
    struct server *s = *state;
    char path[80], name[90];
    struct stat st;
    uint32_t uid = 12345;
    snprintf(path, sizeof(path), "%s/api.sock", dir);
    snprintf(name, sizeof(name), "unix:%s", path);
    start(s, &(struct listener_options){ .unix_path = path, .mode = 0660 });
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0660);
    assert_string_equal(listener_address(s->listener), name);
    assert_int_equal(listener_port(s->listener), 0);
    struct seen client = { 0 };
    struct conn_options o = { .unix_path = path };
    client.conn = conn_connect(s->loop, &o, &seen_ops, &client, NULL);
    assert_int_equal(client.connected, 0);
    WAIT_FOR(s->loop, client.connected && s->accepted);
    assert_true(conn_peer_uid(s->seen[0].conn, &uid));
    assert_int_equal(uid, getuid());
    assert_string_equal(conn_peer(s->seen[0].conn), name);
    assert_string_equal(conn_peer(client.conn), name);
    seen_free(&client);
    listener_free(s->listener);
    s->listener = NULL;
    assert_int_equal(stat(path, &st), -1); /* unlinked */
    client.conn = conn_connect(s->loop, &o, &seen_ops, &client, NULL);
    WAIT_FOR(s->loop, client.closed);
    assert_int_equal(client.reason, CONN_REFUSED);
    seen_free(&client);
}

static void a_stale_socket_is_replaced_and_a_live_one_or_a_file_is_not(void **state)
{
    struct server *s = *state;
    struct err err = { 0 };
    char path[80];
    snprintf(path, sizeof(path), "%s/x.sock", dir);
    struct listener_options o = { .unix_path = path };

    /* a process that died leaves its socket behind */
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
    int dead = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(dead, (struct sockaddr *)&a, sizeof(a)), 0);
    assert_int_equal(listen(dead, 1), 0);
    close(dead);
    start(s, &o);

    assert_null(listener_new(s->loop, &o, on_accept, s, &err));
    assert_int_equal(err.code, ERR_EXISTS);
    int fd = unix_connect(path); /* and the first is still there */
    assert_true(fd >= 0);
    WAIT_FOR(s->loop, s->accepted);
    close(fd);
    listener_free(s->listener);
    s->listener = NULL;

    FILE *f = fopen(path, "w");
    fclose(f);
    assert_null(listener_new(s->loop, &o, on_accept, s, &err));
    assert_int_equal(err.code, ERR_EXISTS);
    assert_non_null(strstr(err.text, "not a socket"));
    assert_int_equal(unlink(path), 0);
}

static void impossible_addresses_are_refused(void **state)
{
    static char path[200];
    static const struct listener_options bad[] = {
        { 0 },
        { .address = "x" },
        { .address = "127.0.0.1:0", .unix_path = "/x" },
        { .unix_path = "" },
        { .unix_path = path },
        { .unix_path = "/nonexistent-directory/x.sock" },
    };
    struct server *s = *state;
    memset(path, 'x', sizeof(path) - 1);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct err err = { 0 };
        assert_null(listener_new(s->loop, &bad[i], on_accept, s, &err));
        assert_int_not_equal(err.code, ERR_NONE);
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_kernel_chooses_a_port_and_connections_come_in),
        TEST(a_port_in_use_is_reported),
        TEST(too_many_connections_are_turned_away),
        TEST(a_connection_can_be_refused_by_freeing_it),
        TEST(connections_outlive_their_listener),
        TEST(a_paused_listener_leaves_connections_in_the_backlog),
        TEST(running_out_of_descriptors_is_waited_out_and_does_not_spin),
        TEST(a_unix_socket_has_its_mode_and_knows_the_peer),
        TEST(a_stale_socket_is_replaced_and_a_live_one_or_a_file_is_not),
        TEST(impossible_addresses_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
