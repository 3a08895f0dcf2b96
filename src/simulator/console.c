#include "simulator/console.h"

#include "net/conn.h"
#include "net/listener.h"
#include "simulator/control.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONSOLE_LINE_MAX 8192

struct console {
    struct loop *loop;
    struct simulator *sim;
    void (*quit)(void *arg);
    void *arg;
    struct listener *listener;
    struct loop_watch *watch;
    int fd;
    struct buf input, reply;
    struct console_client *clients;
};

struct console_client {
    struct console_client *next, **link;
    struct console *console;
    struct conn *conn;
};

/* Runs the whole lines of p[0..n); returns how many octets they were. */
static size_t console_lines(struct console *c, const void *p, size_t n)
{
    const char *text = p, *end;
    size_t used = 0;
    bool on = true;
    while (on && (end = memchr(text + used, '\n', n - used))) {
        on = control_run(c->sim, (struct strv){ text + used, (size_t)(end - text) - used }, &c->reply);
        used = (size_t)(end - text) + 1;
    }
    if (!on)
        c->quit(c->arg);
    return used;
}

/* --- the Unix socket --- */

static size_t console_on_data(struct conn *conn, void *arg, const uint8_t *p, size_t n)
{
    struct console *c = ((struct console_client *)arg)->console;
    buf_clear(&c->reply);
    size_t used = console_lines(c, p, n);
    conn_write(conn, c->reply.data, c->reply.len);
    return used;
}

static void console_client_free(struct console_client *k)
{
    *k->link = k->next;
    if (k->next)
        k->next->link = k->link;
    free(k);
}

static void console_on_closed(struct conn *conn, void *arg, enum conn_reason reason, const char *text)
{
    (void)conn, (void)reason, (void)text;
    console_client_free(arg);
}

static const struct conn_ops console_ops = { .on_data = console_on_data, .on_closed = console_on_closed };

static void console_on_accept(struct listener *ls, struct conn *conn, void *arg)
{
    (void)ls;
    struct console *c = arg;
    struct console_client *k = calloc(1, sizeof *k);
    if (!k) {
        conn_free(conn);
        return;
    }
    *k = (struct console_client){ .next = c->clients, .link = &c->clients, .console = c, .conn = conn };
    if (k->next)
        k->next->link = &k->next;
    c->clients = k;
    conn_set_ops(conn, &console_ops, k);
}

bool console_listen(struct console *c, const char *unix_path, struct err *err)
{
    struct listener_options o = { .unix_path = unix_path, .limits.max_input = CONSOLE_LINE_MAX };
    c->listener = listener_new(c->loop, &o, console_on_accept, c, err);
    return c->listener != NULL;
}

/* --- standard input --- */

static void console_stop_watch(struct console *c)
{
    loop_watch_free(c->watch);
    c->watch = NULL;
}

static void console_on_readable(void *arg)
{
    struct console *c = arg;
    char chunk[4096];
    ssize_t n = read(c->fd, chunk, sizeof chunk);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n <= 0 || !buf_put(&c->input, chunk, (size_t)n)) { /* end, or a line without end */
        console_stop_watch(c);
        return;
    }
    buf_clear(&c->reply);
    buf_consume(&c->input, console_lines(c, c->input.data, c->input.len));
    fwrite(c->reply.data, 1, c->reply.len, stdout);
    fflush(stdout);
}

void console_watch(struct console *c, int fd)
{
    struct stat st;
    bool readable = fstat(fd, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) || isatty(fd));
    if (!readable)
        return;
    signal(SIGTTIN, SIG_IGN); /* in the background of a terminal read() then fails instead of stopping us */
    c->fd = fd;
    c->watch = loop_watch_new(c->loop, fd, console_on_readable, c, NULL);
}

struct console *console_new(struct loop *l, struct simulator *s, void (*quit)(void *arg), void *arg)
{
    struct console *c = calloc(1, sizeof *c);
    if (c)
        *c = (struct console){
            .loop = l, .sim = s, .quit = quit, .arg = arg, .fd = -1, .input.limit = CONSOLE_LINE_MAX
        };
    return c;
}

void console_free(struct console *c)
{
    if (!c)
        return;
    listener_free(c->listener);
    console_stop_watch(c);
    while (c->clients) {
        conn_free(c->clients->conn);
        console_client_free(c->clients);
    }
    buf_free(&c->input);
    buf_free(&c->reply);
    free(c);
}
