/* Random numbers as a parameter: a seeded generator for jitter and simulation, never for secrets. */
#ifndef TESSERA_BASE_RANDOM_H
#define TESSERA_BASE_RANDOM_H

#include <stdint.h>

struct rnd {
    uint64_t s[2]; /* xoroshiro128++ */
};

void rnd_seed(struct rnd *r, uint64_t seed);
void rnd_seed_system(struct rnd *r); /* from getrandom(2) */
uint64_t rnd_u64(struct rnd *r);
uint64_t rnd_below(struct rnd *r, uint64_t n); /* 0..n-1 without bias; n >= 1 */
double rnd_unit(struct rnd *r);                /* [0,1) */

#endif
