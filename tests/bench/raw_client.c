/* The machine's limit: fixed octets out, responses counted, nothing decoded.
 *
 *   raw_client PORT WINDOW MILLISECONDS [tls]      prints responses a second */
#include "tests/bench/raw.h"

struct loop {
    uint64_t responses;
};

static void on_frame(void *ctx, const uint8_t *p, uint32_t n)
{
    (void)p;
    (void)n;
    ((struct loop *)ctx)->responses++;
}

static void await_bind(const struct raw_io *io)
{
    static const uint8_t bind[] = { 0, 0, 0, 0,   0,   0,   0, 9, 0, 0,    0, 0, 0,
                                    0, 0, 1, 'r', 'a', 'w', 0, 0, 0, 0x34, 0, 0, 0 };
    uint8_t out[sizeof bind], in[256];
    memcpy(out, bind, sizeof bind);
    raw_put32(out, sizeof bind);
    if (!raw_write(io, out, sizeof out) || raw_read(io, in, sizeof in) < 16) {
        raw_die("bind");
    }
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: raw_client PORT WINDOW MILLISECONDS [tls]\n");
        return 2;
    }
    size_t window = (size_t)atol(argv[2]), have = 0;
    struct raw_io io = raw_connect((uint16_t)atoi(argv[1]), argc > 4);
    uint8_t *in = malloc(RAW_BUFFER), *out = malloc(window * 256);
    size_t one = raw_submit_sm(out);
    for (size_t i = 1; i < window; i++) {
        memcpy(out + i * one, out, one);
    }
    await_bind(&io);
    struct loop l = { 0 };
    uint64_t began = raw_now(), end = began + (uint64_t)atol(argv[3]) * 1000000, now = began;
    if (!raw_write(&io, out, window * one)) {
        raw_die("write");
    }
    while (now < end) {
        uint64_t before = l.responses;
        size_t n = raw_read(&io, in + have, RAW_BUFFER - have);
        if (n == 0) {
            raw_die("read");
        }
        have += n;
        size_t used = raw_frames(in, have, on_frame, &l);
        memmove(in, in + used, have - used);
        have -= used;
        if (l.responses > before && !raw_write(&io, out, (size_t)(l.responses - before) * one)) {
            raw_die("write");
        }
        now = raw_now();
    }
    printf("%.0f\n", (double)l.responses * 1e9 / (double)(now - began));
    return 0;
}
