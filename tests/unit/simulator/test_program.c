/* tessera-smsc as a process: exit status, port file, commands, TLS, signals. The program runs in a forked
 * child. */
#include "esme.h"

#include "net/tls.h"
#include "net_cert.h"
#include "simulator/program.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

struct child {
    pid_t pid;
    int in, out; /* its standard input and output */
    char dir[64];
};

#define ARGS 16

static int setup(void **state)
{
    struct child *c = calloc(1, sizeof *c);
    strcpy(c->dir, "/tmp/tessera-smsc-XXXXXX");
    *state = c;
    return mkdtemp(c->dir) ? 0 : -1;
}

static int teardown(void **state)
{
    struct child *c = *state;
    cert_remove_all(c->dir);
    free(c);
    return 0;
}

static void run_child(char **argv, int in, int out)
{
    int argc = 0;
    while (argv[argc])
        argc++;
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    for (int fd = 3; fd < 64; fd++)
        close(fd);
    int status = program_run(argc, argv);
    fflush(stdout);
    _exit(status);
}

static void spawn(struct child *c, const char *const *args)
{
    int in[2], out[2];
    char *argv[ARGS + 2] = { (char *)(uintptr_t) "tessera-smsc" };
    for (unsigned i = 0; args[i] && i < ARGS; i++)
        argv[i + 1] = (char *)(uintptr_t)args[i];
    assert_int_equal(pipe(in), 0);
    assert_int_equal(pipe(out), 0);
    fflush(NULL);
    c->pid = fork();
    assert_true(c->pid >= 0);
    if (c->pid == 0)
        run_child(argv, in[0], out[1]);
    close(in[0]);
    close(out[1]);
    c->in = in[1];
    c->out = out[0];
}

/* The next line the child prints, or "" at its end. */
static const char *line(struct child *c)
{
    static char text[1024];
    size_t n = 0;
    while (n + 1 < sizeof text && read(c->out, text + n, 1) == 1 && text[n] != '\n')
        n++;
    text[n] = 0;
    return text;
}

static int finish(struct child *c)
{
    int status;
    close(c->in);
    assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
    close(c->out);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void say(struct child *c, const char *text)
{
    assert_int_equal(write(c->in, text, strlen(text)), strlen(text));
}

static const char *path(const struct child *c, const char *name)
{
    static char paths[8][128];
    static unsigned next;
    char *p = paths[next++ % 8];
    snprintf(p, sizeof paths[0], "%s/%s", c->dir, name);
    return p;
}

static uint16_t read_port(const char *file)
{
    unsigned port = 0;
    FILE *f = fopen(file, "r");
    assert_non_null(f);
    assert_int_equal(fscanf(f, "%u\n", &port), 1);
    fclose(f);
    return (uint16_t)port;
}

static void it_says_help_and_version(void **state)
{
    struct child *c = *state;
    spawn(c, (const char *[]){ "--help", NULL });
    assert_string_equal(line(c), "Usage: tessera-smsc [OPTION]...");
    while (*line(c) || *line(c))
        ;
    assert_int_equal(finish(c), 0);
    spawn(c, (const char *[]){ "--version", NULL });
    assert_int_equal(strncmp(line(c), "tessera-smsc ", 13), 0);
    assert_int_equal(finish(c), 0);
}

static void it_exits_2_for_wrong_usage_and_1_for_failure(void **state)
{
    struct child *c = *state;
    spawn(c, (const char *[]){ "--fast", NULL });
    assert_int_equal(strncmp(line(c), "tessera-smsc: no such option: --fast", 36), 0);
    assert_int_equal(finish(c), 2);
    spawn(c, (const char *[]){ "--listen", "192.0.2.1:1", NULL });
    assert_int_equal(strncmp(line(c), "tessera-smsc: ", 14), 0);
    assert_int_equal(finish(c), 1);
    spawn(c, (const char *[]){ "--listen", "127.0.0.1:0", "--inbound", "/nonexistent", NULL });
    assert_int_equal(finish(c), 1);
}

static void it_fails_when_its_log_is_not_whole(void **state)
{
    struct child *c = *state;
    spawn(c, (const char *[]){ "--listen=127.0.0.1:0", "--log", "/dev/full", NULL });
    line(c);
    say(c, "quit\n");
    assert_int_equal(finish(c), 1);
}

static void it_takes_commands_on_standard_input(void **state)
{
    struct child *c = *state;
    const char *port = path(c, "port");
    spawn(c, (const char *[]){ "--listen=127.0.0.1:0", "--port-file", port, NULL });
    assert_int_equal(strncmp(line(c), "listening on 127.0.0.1:", 23), 0);
    assert_int_not_equal(read_port(port), 0);
    say(c, "throttle 5\nthro");
    assert_string_equal(line(c), "ok");
    say(c, "ttle\n");
    assert_int_equal(strncmp(line(c), "error: throttle N", 17), 0);
    say(c, "quit\n");
    assert_string_equal(line(c), "ok");
    assert_int_equal(strncmp(line(c), "bound=0 connections=0 ", 22), 0);
    assert_int_equal(finish(c), 0);
}

static void it_outlives_its_standard_input_and_unbinds_at_sigterm(void **state)
{
    struct child *c = *state;
    const char *port = path(c, "port");
    spawn(c, (const char *[]){ "--listen=127.0.0.1:0", "--port-file", port, NULL });
    line(c);
    close(c->in);
    c->in = -1;
    struct loop *l = loop_new(NULL, NULL);
    struct esme *e = esme_connect(l, read_port(port), NULL, NULL);
    ESME_UNTIL(l, e->bound);
    kill(c->pid, SIGTERM);
    ESME_UNTIL(l, e->conn_closed);
    assert_int_equal(e->reason, SESSION_REASON_PEER_UNBOUND);
    esme_free(e);
    loop_free(l);
    assert_int_equal(strncmp(line(c), "bound=0 connections=1 binds=1 ", 30), 0);
    assert_int_equal(finish(c), 0);
}

static size_t control_on_data(struct conn *conn, void *arg, const uint8_t *p, size_t n)
{
    (void)conn;
    buf_put(arg, p, n);
    return n;
}

static void control_on_connected(struct conn *conn, void *arg)
{
    (void)arg;
    conn_write(conn, "inbound 447700900123 80800 hi\nstats\nquit\n", 41);
}

static void control_on_closed(struct conn *conn, void *arg, enum conn_reason reason, const char *text)
{
    (void)conn, (void)reason, (void)text;
    buf_put_strv(arg, STRV("closed"));
}

static void it_takes_commands_on_a_unix_socket(void **state)
{
    static const struct conn_ops ops = { .on_connected = control_on_connected,
                                         .on_data = control_on_data,
                                         .on_closed = control_on_closed };
    struct child *c = *state;
    const char *socket = path(c, "control");
    struct buf seen = { 0 };
    spawn(c, (const char *[]){ "--listen=127.0.0.1:0", "--control", socket, "--no-stdin", NULL });
    line(c); /* listening, on both */
    struct loop *l = loop_new(NULL, NULL);
    struct conn_options co = { .unix_path = socket };
    assert_non_null(conn_connect(l, &co, &ops, &seen, NULL));
    ESME_UNTIL(l, strstr(buf_cstr(&seen), "closed"));
    assert_int_equal(strncmp(buf_cstr(&seen), "ok\nok bound=0 ", 14), 0);
    buf_free(&seen);
    loop_free(l);
    assert_int_equal(finish(c), 0);
    assert_int_not_equal(access(socket, F_OK), 0);
}

static void it_speaks_tls(void **state)
{
    struct child *c = *state;
    const char *port = path(c, "port");
    struct err err = { 0 };
    cert_make_all(c->dir);
    spawn(c, (const char *[]){ "--listen=127.0.0.1:0", "--port-file", port, "--tls-cert",
                               path(c, "server.pem"), "--tls-key", path(c, "server.key"), NULL });
    line(c);
    struct loop *l = loop_new(NULL, NULL);
    struct tls_options to = { .ca_file = path(c, "ca.pem") };
    struct tls_ctx *tls = tls_client_new(&to, &err);
    assert_non_null(tls);
    struct esme *e = esme_connect(l, read_port(port), NULL, tls);
    ESME_UNTIL(l, e->bound);
    assert_true(conn_is_tls(e->conn));
    esme_submit(e, 1);
    ESME_UNTIL(l, e->receipts == 1);
    esme_free(e);
    tls_free(tls);
    loop_free(l);
    say(c, "quit\n");
    assert_int_equal(finish(c), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(it_says_help_and_version),
        T(it_exits_2_for_wrong_usage_and_1_for_failure),
        T(it_fails_when_its_log_is_not_whole),
        T(it_takes_commands_on_standard_input),
        T(it_outlives_its_standard_input_and_unbinds_at_sigterm),
        T(it_takes_commands_on_a_unix_socket),
        T(it_speaks_tls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
