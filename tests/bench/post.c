/* Hands messages in over the API's Unix socket.
 *
 *   post SOCKET COUNT CONNECTIONS FIRST CLASS [INTERVAL_US]
 *
 * Message i goes to the number FIRST + i. Without an interval every connection sends its next request as soon
 * as the last was answered, and one line with the rate is printed. With one, requests are begun so far apart
 * on whichever connection is free, and a line "NUMBER BEGUN ANSWERED" (nanoseconds) is printed for each. */
#include "tests/bench/raw.h"

#include <errno.h>
#include <poll.h>
#include <sys/un.h>

#define POST_CONNECTIONS 512

struct asked {
    uint64_t number, begun, answered;
};

static struct {
    int fd;
    long busy; /* message under way, -1: none */
    size_t have;
    char in[4096];
} conns[POST_CONNECTIONS];
static struct pollfd polls[POST_CONNECTIONS];
static struct asked *asked;
static long count, sent, answered, refused;
static uint64_t first;
static const char *class_;

static void post_send(int c)
{
    char body[256], out[512];
    asked[sent].number = first + (uint64_t)sent;
    int n = snprintf(body, sizeof body, "{\"to\":\"+%llu\",\"text\":\"Your code is %06ld\",\"class\":\"%s\"}",
                     (unsigned long long)asked[sent].number, sent % 1000000, class_);
    n = snprintf(out, sizeof out,
                 "POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                 "Content-Length: %d\r\n\r\n%s",
                 n, body);
    asked[sent].begun = raw_now();
    if (write(conns[c].fd, out, (size_t)n) != n) {
        raw_die("write");
    }
    conns[c].busy = sent++;
}

static void post_answered(int c)
{
    ssize_t n = read(conns[c].fd, conns[c].in + conns[c].have, sizeof conns[c].in - 1 - conns[c].have);
    if (n <= 0) {
        raw_die("read");
    }
    conns[c].have += (size_t)n;
    conns[c].in[conns[c].have] = 0;
    char *head = strstr(conns[c].in, "\r\n\r\n"), *length = strcasestr(conns[c].in, "content-length:");
    if (head == NULL || length == NULL ||
        conns[c].have < (size_t)(head + 4 - conns[c].in) + (size_t)atol(length + 15)) {
        return;
    }
    if (strncmp(conns[c].in, "HTTP/1.1 202", 12) != 0) {
        refused++;
        if (refused == 1) {
            fprintf(stderr, "%s\n", conns[c].in);
        }
    }
    asked[conns[c].busy].answered = raw_now();
    conns[c].busy = -1;
    conns[c].have = 0;
    answered++;
}

static void post_connect(const char *path, int n)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
    for (int i = 0; i < n; i++) {
        conns[i].fd = socket(AF_UNIX, SOCK_STREAM, 0);
        conns[i].busy = -1;
        if (connect(conns[i].fd, (struct sockaddr *)&a, sizeof a) != 0) {
            raw_die(path);
        }
        polls[i] = (struct pollfd){ .fd = conns[i].fd, .events = POLLIN };
    }
}

int main(int argc, char **argv)
{
    if (argc < 6) {
        fprintf(stderr, "usage: post SOCKET COUNT CONNECTIONS FIRST CLASS [INTERVAL_US]\n");
        return 2;
    }
    int n = atoi(argv[3]);
    uint64_t interval = argc > 6 ? (uint64_t)atol(argv[6]) * 1000 : 0;
    count = atol(argv[2]);
    first = strtoull(argv[4], NULL, 10);
    class_ = argv[5];
    n = n < POST_CONNECTIONS ? n : POST_CONNECTIONS;
    asked = calloc((size_t)count, sizeof *asked);
    post_connect(argv[1], n);
    uint64_t began = raw_now();
    while (answered < count) {
        uint64_t now = raw_now();
        for (int c = 0; c < n && sent < count; c++) {
            if (conns[c].busy < 0 && (interval == 0 || now >= began + (uint64_t)sent * interval)) {
                post_send(c);
            }
        }
        struct timespec wait = { .tv_sec = 1 };
        if (interval != 0 && sent < count) {
            uint64_t due = began + (uint64_t)sent * interval;
            now = raw_now();
            wait = (struct timespec){ .tv_nsec = due > now ? (long)((due - now) % 1000000000u) : 0 };
        }
        ppoll(polls, (nfds_t)n, &wait, NULL);
        for (int c = 0; c < n; c++) {
            if (polls[c].revents != 0) {
                post_answered(c);
            }
        }
    }
    double seconds = (double)(raw_now() - began) / 1e9;
    for (long i = 0; interval != 0 && i < count; i++) {
        printf("%llu %llu %llu\n", (unsigned long long)asked[i].number, (unsigned long long)asked[i].begun,
               (unsigned long long)asked[i].answered);
    }
    if (interval == 0) {
        printf("%.0f\n", (double)count / seconds);
    }
    if (refused > 0) {
        fprintf(stderr, "%ld of %ld refused\n", refused, count);
    }
    return refused > 0;
}
