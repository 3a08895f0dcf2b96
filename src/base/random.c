#include "base/random.h"

#include "base/hash.h"

#include <errno.h>
#include <sys/random.h>
#include <time.h>

static uint64_t rotl(uint64_t v, unsigned n)
{
    return v << n | v >> (64 - n);
}

void rnd_seed(struct rnd *r, uint64_t seed)
{
    /* splitmix64, as the authors of xoroshiro recommend: never gives the all-zero state */
    r->s[0] = hash_u64(seed + UINT64_C(0x9e3779b97f4a7c15));
    r->s[1] = hash_u64(seed + UINT64_C(0x9e3779b97f4a7c15) * 2);
}

void rnd_seed_system(struct rnd *r)
{
    uint64_t seed;
    ssize_t n;
    do {
        n = getrandom(&seed, sizeof seed, 0);
    } while (n < 0 && errno == EINTR);
    if (n != (ssize_t)sizeof seed) { /* a kernel without getrandom: jitter does not need more than the time */
        struct timespec ts;
        clock_gettime(CLOCK_MONOTONIC, &ts);
        seed = (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
    }
    rnd_seed(r, seed);
}

uint64_t rnd_u64(struct rnd *r)
{
    uint64_t a = r->s[0], b = r->s[1];
    uint64_t out = rotl(a + b, 17) + a;
    b ^= a;
    r->s[0] = rotl(a, 49) ^ b ^ b << 21;
    r->s[1] = rotl(b, 28);
    return out;
}

uint64_t rnd_below(struct rnd *r, uint64_t n)
{
    /* Lemire: the high half of a product; the few low halves that would bias it are drawn again */
    unsigned __int128 m = (unsigned __int128)rnd_u64(r) * n;
    if ((uint64_t)m < n) {
        uint64_t floor = (0 - n) % n;
        while ((uint64_t)m < floor) {
            m = (unsigned __int128)rnd_u64(r) * n;
        }
    }
    return (uint64_t)(m >> 64);
}

double rnd_unit(struct rnd *r)
{
    return (double)(rnd_u64(r) >> 11) * 0x1.0p-53;
}
