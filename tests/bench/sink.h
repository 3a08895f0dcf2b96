/* What the sink counts and is told, in a file that it maps: whoever runs it reads and writes the same octets.
 * 64-bit words of the machine's own order; instants are CLOCK_MONOTONIC nanoseconds. */
#ifndef TESSERA_BENCH_SINK_H
#define TESSERA_BENCH_SINK_H

#include <stdint.h>

#define SINK_TRACKED 65536
#define SINK_PENDING 8192

struct sink_board {
    /* told by the sink */
    uint64_t port;           /* 0 until it listens */
    uint64_t submits;        /* submit_sm received */
    uint64_t receipts;       /* deliver_sm sent */
    uint64_t receipts_acked; /* deliver_sm_resp received */
    uint64_t first, last;    /* instants of submissions, since `submits` was 0 */
    uint64_t last_ack;
    uint64_t binds, bound_at;
    uint64_t muted;       /* submissions left without answer since `mute` */
    uint64_t resolved;    /* of those: seen again since the connection was dropped */
    uint64_t resolved_at; /* when the last of them was */
    uint64_t tracked;
    uint64_t spare[3];
    /* told to the sink */
    uint64_t with_receipts; /* a receipt behind every response */
    uint64_t mute;  /* 1: take submissions and answer nothing; 2: drop the connections, then be well */
    uint64_t track; /* numbers that begin with these digits are written down with their instant */
    uint64_t spare2[13];
    struct {
        uint64_t number, at;
    } list[SINK_TRACKED];
};

#endif
