#include "harness.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define HARNESS_NOW  (INT64_C(1795003200) * USEC_SEC) /* 2026-11-18T12:00:00Z */
#define HARNESS_WAIT (30 * USEC_SEC)

static void harness_start(struct harness *h, bool settable)
{
    char facts[1024];
    const char *src = getenv("TESSERA_SRC");
    snprintf(facts, sizeof facts, "%s/conf", src != NULL ? src : ".");
    struct carrier_options carrier = {
        .name = "nowhere",
        .host = "127.0.0.1",
        .port = 1,
        .system_id = "x",
        .password = "x",
        .transceivers = 1,
        .ucs2 = true,
        .version = 0x34,
        .window = 10,
        .rate = 100,
        .burst = 100,
        .response_timeout = 30 * USEC_SEC,
        .enquire_link = 30 * USEC_SEC,
        .bind_timeout = 10 * USEC_SEC,
        .connect_timeout = 10 * USEC_SEC,
        .reconnect_min = 60 * USEC_SEC,
        .reconnect_max = 60 * USEC_SEC,
        .sender = "TESSERA",
    };
    struct engine_options o = {
        .state_dir = h->dir,
        .facts_dir = facts,
        .zone = "Europe/Berlin",
        .spool_map = 64u << 20,
        .audience_map = 64u << 20,
        .clock = &h->clock,
        .log = &h->log,
        .carriers = &carrier,
        .n_carriers = 1,
        .max_parts = 8,
        .max_attempts = 3,
        .retry_min = USEC_SEC,
        .retry_max = USEC_MINUTE,
        .quiet_low_confidence = true,
        .drain_timeout = USEC_SEC,
    };
    struct err e = { 0 };
    h->loop = loop_new(&h->clock, &e);
    assert_non_null(h->loop);
    h->engine = engine_new(&o, h->loop, &e);
    if (h->engine == NULL) {
        fail_msg("engine: %s", e.text);
    }
    engine_start(h->engine);
    struct api_options ao = { .version = "test", .clock = &h->clock, .clock_settable = settable };
    h->api = api_new(h->engine, h->loop, &ao, &e);
    assert_non_null(h->api);
    if (!api_listen_unix(h->api, h->socket, 0600, &e)) {
        fail_msg("listen: %s", e.text);
    }
}

struct harness *harness_new(bool settable)
{
    struct harness *h = calloc(1, sizeof *h);
    assert_non_null(h);
    strcpy(h->dir, "/tmp/tessera-api-XXXXXX");
    assert_non_null(mkdtemp(h->dir));
    snprintf(h->socket, sizeof h->socket, "%s/api.sock", h->dir);
    h->log = (struct log){ .fd = 2, .level = LOG_ERROR };
    clock_set_wall(&h->clock, HARNESS_NOW);
    harness_start(h, settable);
    return h;
}

static void harness_stop(struct harness *h)
{
    api_free(h->api);
    engine_free(h->engine);
    loop_free(h->loop);
}

void harness_restart(struct harness *h)
{
    harness_stop(h);
    harness_start(h, false);
}

static int harness_remove(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void harness_free(struct harness *h)
{
    harness_stop(h);
    nftw(h->dir, harness_remove, 8, FTW_DEPTH | FTW_PHYS);
    json_decref(h->json);
    free(h->body);
    free(h);
}

/* --- the client --- */

static int client_open(const struct harness *h)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    strncpy(a.sun_path, h->socket, sizeof a.sun_path - 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

static void client_send(struct harness *h, int fd, const char *p, size_t n, usec_t until)
{
    while (n > 0) {
        ssize_t w = write(fd, p, n);
        if (w < 0) {
            assert_true(errno == EAGAIN && clock_mono(&h->clock) < until);
            loop_turn(h->loop, USEC_MS);
            continue;
        }
        p += w;
        n -= (size_t)w;
    }
}

static void client_take(struct harness *h, struct strv answer)
{
    const char *end = memmem(answer.p, answer.n, "\r\n\r\n", 4);
    assert_non_null(end);
    strv_copy(strv_sub(answer, 0, (size_t)(end - answer.p) + 2), h->head, sizeof h->head);
    assert_int_equal(sscanf(h->head, "HTTP/1.1 %d", &h->status), 1);
    free(h->body);
    h->body = strv_dup(strv_sub(answer, (size_t)(end + 4 - answer.p), answer.n));
    json_decref(h->json);
    h->json = json_loads(h->body, 0, NULL);
}

static int client_ask(struct harness *h, const char *method, const char *path, const char *body, usec_t until)
{
    struct buf out = { 0 };
    int fd = client_open(h);
    buf_printf(&out, "%s %s HTTP/1.1\r\nHost: tessera\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s",
               method, path, body != NULL ? strlen(body) : 0, body != NULL ? body : "");
    client_send(h, fd, (const char *)out.data, out.len, until);
    buf_free(&out);
    return fd;
}

int harness_begin(struct harness *h, const char *method, const char *path, const char *body)
{
    int fd = client_ask(h, method, path, body, clock_mono(&h->clock) + HARNESS_WAIT);
    for (int i = 0; i < 3; i++) { /* accepted, read, handed on */
        loop_turn(h->loop, 0);
    }
    return fd;
}

void harness_ask(struct harness *h, const char *method, const char *path, const char *body)
{
    struct buf in = { 0 };
    usec_t until = clock_mono(&h->clock) + HARNESS_WAIT;
    int fd = client_ask(h, method, path, body, until);
    for (;;) {
        assert_true(buf_reserve(&in, 65536));
        ssize_t r = read(fd, in.data + in.len, 65536);
        if (r == 0) {
            break;
        }
        if (r < 0) {
            if (errno != EAGAIN || clock_mono(&h->clock) > until) {
                fail_msg("%s %s: no answer", method, path);
            }
            loop_turn(h->loop, USEC_MS);
            continue;
        }
        in.len += (size_t)r;
    }
    close(fd);
    client_take(h, (struct strv){ (const char *)in.data, in.len });
    buf_free(&in);
}

void harness_expect(struct harness *h, int status, const char *method, const char *path, const char *body)
{
    harness_ask(h, method, path, body);
    if (h->status != status) {
        fail_msg("%s %s: %d %s", method, path, h->status, h->body);
    }
}

json_t *harness_get(const struct harness *h, const char *path)
{
    char copy[256];
    char *save = NULL;
    json_t *j = h->json;
    strv_copy(strv_from(path), copy, sizeof copy);
    for (char *w = strtok_r(copy, ".", &save); w != NULL && j != NULL; w = strtok_r(NULL, ".", &save)) {
        j = json_is_array(j) ? json_array_get(j, (size_t)atoi(w)) : json_object_get(j, w);
    }
    return j;
}

long long harness_int(const struct harness *h, const char *path)
{
    json_t *j = harness_get(h, path);
    if (!json_is_integer(j)) {
        fail_msg("no number \"%s\" in %s", path, h->body);
    }
    return json_integer_value(j);
}

const char *harness_text(const struct harness *h, const char *path)
{
    json_t *j = harness_get(h, path);
    if (!json_is_string(j)) {
        fail_msg("no text \"%s\" in %s", path, h->body);
    }
    return json_string_value(j);
}

bool harness_true(const struct harness *h, const char *path)
{
    json_t *j = harness_get(h, path);
    if (!json_is_boolean(j)) {
        fail_msg("no true or false \"%s\" in %s", path, h->body);
    }
    return json_is_true(j);
}

void harness_error(const struct harness *h, const char *code, const char *words)
{
    const char *text = harness_text(h, "error.message");
    assert_string_equal(harness_text(h, "error.code"), code);
    if (strstr(text, words) == NULL) {
        fail_msg("\"%s\" is not in: %s", words, text);
    }
}
