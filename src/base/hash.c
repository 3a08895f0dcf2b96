#include "base/hash.h"

#include <string.h>

/* Odd constants with about as many ones as zeros: digits of pi and of the golden ratio. */
#define K0 UINT64_C(0x9e3779b97f4a7c15)
#define K1 UINT64_C(0x243f6a8885a308d3)
#define K2 UINT64_C(0x13198a2e03707345)
#define K3 UINT64_C(0xa4093822299f31d1)

static uint64_t fold(uint64_t a, uint64_t b)
{
    unsigned __int128 m = (unsigned __int128)a * b;
    return (uint64_t)m ^ (uint64_t)(m >> 64);
}

static uint64_t load64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static uint64_t load32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

uint64_t hash_bytes(const void *p, size_t n, uint64_t seed)
{
    const uint8_t *s = p;
    uint64_t h = seed ^ fold(seed ^ K0, K1), a = 0, b = 0;
    size_t left = n;
    for (; left > 16; left -= 16, s += 16) {
        h = fold(load64(s) ^ K2, load64(s + 8) ^ h);
    }
    if (left >= 8) { /* the two loads overlap where fewer than 16 are left */
        a = load64(s);
        b = load64(s + left - 8);
    } else if (left >= 4) {
        a = load32(s);
        b = load32(s + left - 4);
    } else if (left > 0) {
        a = (uint64_t)s[0] << 16 | (uint64_t)s[left / 2] << 8 | s[left - 1];
    }
    return fold(K3 ^ n, fold(a ^ K2, b ^ h) ^ K0);
}

uint64_t hash_u64(uint64_t v)
{
    v = (v ^ v >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    v = (v ^ v >> 27) * UINT64_C(0x94d049bb133111eb);
    return v ^ v >> 31;
}

uint64_t hash_stable(const void *p, size_t n)
{
    const uint8_t *s = p;
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < n; i++) {
        h = (h ^ s[i]) * UINT64_C(0x100000001b3);
    }
    return hash_u64(h);
}
