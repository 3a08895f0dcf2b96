/* A carrier that is as fast as a machine allows: fixed octets, blocking reads, a thread a connection. It
 * takes every bind and every submission, and gives ids that are counted up. See sink.h for what it tells.
 *
 *   sink BOARD [CERT KEY]      with a certificate: TLS 1.3 */
#include "tests/bench/sink.h"
#include "tests/bench/raw.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>

#define SINK_CONNECTIONS 64
#define SINK_WORST       512 /* octets of output one frame can cause */

static struct sink_board *board;
static uint64_t next_id = 1000000;
static int open_fds[SINK_CONNECTIONS];
static uint64_t pending[SINK_PENDING]; /* numbers left without answer; 0: seen again */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

struct peer {
    struct raw_io io;
    uint8_t *in, *out;
    size_t have, n_out;
    uint32_t sequence;
    bool gone;
};

static void peer_flush(struct peer *c)
{
    if (c->n_out > 0 && !raw_write(&c->io, c->out, c->n_out)) {
        c->gone = true;
    }
    c->n_out = 0;
}

/* A frame begun in the output: length and sequence number filled in by what follows. */
static uint8_t *peer_frame(struct peer *c, uint32_t command, uint32_t sequence, size_t body)
{
    uint8_t *p = c->out + c->n_out;
    raw_put32(p, (uint32_t)(16 + body));
    raw_put32(p + 4, command);
    raw_put32(p + 8, 0);
    raw_put32(p + 12, sequence);
    c->n_out += 16 + body;
    return p + 16;
}

static void put_id(uint8_t *p, uint64_t id) /* ten digits */
{
    for (int i = 9; i >= 0; i--, id /= 10) {
        p[i] = (uint8_t)('0' + id % 10);
    }
}

static const uint8_t *skip_text(const uint8_t *p, const uint8_t *end)
{
    while (p < end && *p != 0) {
        p++;
    }
    return p < end ? p + 1 : end;
}

static uint64_t read_digits(const uint8_t *p, const uint8_t *end)
{
    uint64_t v = 0;
    for (; p < end && *p >= '0' && *p <= '9'; p++) {
        v = v * 10 + (uint64_t)(*p - '0');
    }
    return v;
}

static void note_tracked(uint64_t number)
{
    uint64_t v = number;
    while (v > board->track) {
        v /= 10;
    }
    if (v == board->track) {
        uint64_t i = __atomic_fetch_add(&board->tracked, 1, __ATOMIC_RELAXED);
        if (i < SINK_TRACKED) {
            board->list[i].number = number;
            board->list[i].at = raw_now();
        }
    }
}

static void note_muted(uint64_t number)
{
    pthread_mutex_lock(&lock);
    if (board->muted < SINK_PENDING) {
        pending[board->muted++] = number;
    }
    pthread_mutex_unlock(&lock);
}

static void note_resolved(uint64_t number)
{
    pthread_mutex_lock(&lock);
    for (uint64_t i = 0; i < board->muted; i++) {
        if (pending[i] == number) {
            pending[i] = 0;
            board->resolved_at = raw_now();
            board->resolved++;
        }
    }
    pthread_mutex_unlock(&lock);
}

static void put_receipt(struct peer *c, uint64_t id, const uint8_t *source, const uint8_t *to,
                        const uint8_t *end)
{
    static const char text[] = "id:0000000000 sub:001 dlvrd:001 submit date:2611212200 done date:2611212201 "
                               "stat:DELIVRD err:000 text:";
    size_t n_source = (size_t)(skip_text(source, end) - source), n_to = (size_t)(skip_text(to, end) - to);
    size_t body = 1 + 2 + n_to + 2 + n_source + 9 + 1 + sizeof text - 1;
    if (body > SINK_WORST - 64) {
        return;
    }
    uint8_t *p = peer_frame(c, 5, ++c->sequence & 0x7fffffff, body);
    *p++ = 0;
    *p++ = 1, *p++ = 1;
    memcpy(p, to, n_to);
    p += n_to;
    *p++ = 5, *p++ = 0;
    memcpy(p, source, n_source);
    p += n_source;
    memset(p, 0, 9);
    p[0] = 4; /* esm_class: a receipt (SMPP 3.4 §5.2.12) */
    p += 9;
    *p++ = sizeof text - 1;
    memcpy(p, text, sizeof text - 1);
    put_id(p + 3, id);
    __atomic_fetch_add(&board->receipts, 1, __ATOMIC_RELAXED);
}

static void on_submit(struct peer *c, const uint8_t *p, uint32_t n)
{
    const uint8_t *end = p + n, *source = skip_text(p + 16, end) + 2;
    const uint8_t *to = source < end ? skip_text(source, end) + 2 : end;
    if (board->first == 0) {
        board->first = raw_now();
    }
    __atomic_fetch_add(&board->submits, 1, __ATOMIC_RELAXED);
    if (board->track != 0) {
        note_tracked(read_digits(to, end));
    }
    if (board->mute == 1) {
        note_muted(read_digits(to, end));
        return;
    }
    if (board->resolved < board->muted) {
        note_resolved(read_digits(to, end));
    }
    uint64_t id = __atomic_fetch_add(&next_id, 1, __ATOMIC_RELAXED);
    uint8_t *body = peer_frame(c, 0x80000004, raw_get32(p + 12), 11);
    put_id(body, id);
    body[10] = 0;
    if (board->with_receipts) {
        put_receipt(c, id, source, to, end);
    }
}

static void on_frame(void *ctx, const uint8_t *p, uint32_t n)
{
    struct peer *c = ctx;
    uint32_t command = raw_get32(p + 4), sequence = raw_get32(p + 12);
    switch (command) {
    case 4: on_submit(c, p, n); break;
    case 0x80000005: __atomic_fetch_add(&board->receipts_acked, 1, __ATOMIC_RELAXED); break;
    case 1:
    case 2:
    case 9:
        memcpy(peer_frame(c, 0x80000000u | command, sequence, 5), "SINK", 5);
        board->bound_at = raw_now();
        __atomic_fetch_add(&board->binds, 1, __ATOMIC_RELAXED);
        break;
    case 0x15:
    case 6: peer_frame(c, 0x80000000u | command, sequence, 0); break;
    default: break;
    }
    if (c->n_out > RAW_BUFFER - SINK_WORST) {
        peer_flush(c);
    }
}

static void *peer_main(void *arg)
{
    struct peer *c = arg;
    if (c->io.ssl != NULL && SSL_accept(c->io.ssl) != 1) {
        c->gone = true;
    }
    while (!c->gone) {
        size_t n = raw_read(&c->io, c->in + c->have, RAW_BUFFER - c->have);
        if (n == 0) {
            break;
        }
        c->have += n;
        size_t used = raw_frames(c->in, c->have, on_frame, c);
        memmove(c->in, c->in + used, c->have - used);
        c->have -= used;
        board->last = raw_now();
        peer_flush(c);
    }
    for (int i = 0; i < SINK_CONNECTIONS; i++) {
        if (open_fds[i] == c->io.fd) {
            open_fds[i] = -1;
        }
    }
    SSL_free(c->io.ssl);
    close(c->io.fd);
    free(c->in);
    free(c->out);
    free(c);
    return NULL;
}

/* `mute` 2: every connection is reset, and from then on all is well again. */
static void *drop_main(void *arg)
{
    (void)arg;
    while (true) {
        usleep(1000);
        if (__atomic_load_n(&board->mute, __ATOMIC_ACQUIRE) == 2) {
            board->mute = 0;
            for (int i = 0; i < SINK_CONNECTIONS; i++) {
                if (open_fds[i] >= 0) {
                    shutdown(open_fds[i], SHUT_RDWR);
                }
            }
        }
    }
    return NULL;
}

static void serve(int fd, SSL_CTX *tls)
{
    struct peer *c = calloc(1, sizeof *c);
    pthread_t t;
    int slot = 0;
    while (slot < SINK_CONNECTIONS - 1 && open_fds[slot] >= 0) {
        slot++;
    }
    open_fds[slot] = fd;
    raw_tune(fd);
    *c = (struct peer){ .io = { .fd = fd }, .in = malloc(RAW_BUFFER), .out = malloc(RAW_BUFFER) };
    if (tls != NULL) {
        c->io.ssl = SSL_new(tls);
        SSL_set_fd(c->io.ssl, fd);
    }
    pthread_create(&t, NULL, peer_main, c);
    pthread_detach(t);
}

static void map_board(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || ftruncate(fd, sizeof *board) != 0) {
        raw_die(path);
    }
    board = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (board == MAP_FAILED) {
        raw_die("mmap");
    }
}

int main(int argc, char **argv)
{
    if (argc != 2 && argc != 4) {
        fprintf(stderr, "usage: sink BOARD [CERT KEY]\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    SSL_CTX *tls = NULL;
    if (argc == 4) {
        tls = SSL_CTX_new(TLS_server_method());
        SSL_CTX_set_min_proto_version(tls, TLS1_3_VERSION);
        if (SSL_CTX_use_certificate_chain_file(tls, argv[2]) != 1 ||
            SSL_CTX_use_PrivateKey_file(tls, argv[3], SSL_FILETYPE_PEM) != 1) {
            raw_die("certificate");
        }
    }
    for (int i = 0; i < SINK_CONNECTIONS; i++) {
        open_fds[i] = -1;
    }
    map_board(argv[1]);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in a = { .sin_family = AF_INET };
    socklen_t n = sizeof a;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(fd, (struct sockaddr *)&a, sizeof a) != 0 || listen(fd, 16) != 0 ||
        getsockname(fd, (struct sockaddr *)&a, &n) != 0) {
        raw_die("listen");
    }
    pthread_t t;
    pthread_create(&t, NULL, drop_main, NULL);
    board->port = ntohs(a.sin_port);
    while (true) {
        int peer = accept(fd, NULL, NULL);
        if (peer >= 0) {
            serve(peer, tls);
        }
    }
}
