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

/* --- SipHash-2-4 (Aumasson, Bernstein 2012) --- */

static uint64_t rotate(uint64_t v, unsigned by)
{
    return v << by | v >> (64 - by);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

static void sip_word(uint64_t v[4], uint64_t m)
{
    v[3] ^= m;
    sip_round(v);
    sip_round(v);
    v[0] ^= m;
}

uint64_t hash_keyed(const void *p, size_t n, const uint64_t key[2])
{
    const uint8_t *s = p;
    uint64_t v[4] = { key[0] ^ UINT64_C(0x736f6d6570736575), key[1] ^ UINT64_C(0x646f72616e646f6d),
                      key[0] ^ UINT64_C(0x6c7967656e657261), key[1] ^ UINT64_C(0x7465646279746573) };
    uint64_t last = (uint64_t)n << 56;
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        uint64_t m = 0;
        for (unsigned k = 0; k < 8; k++) {
            m |= (uint64_t)s[i + k] << (8 * k);
        }
        sip_word(v, m);
    }
    for (unsigned k = 0; i + k < n; k++) {
        last |= (uint64_t)s[i + k] << (8 * k);
    }
    sip_word(v, last);
    v[2] ^= 0xff;
    for (unsigned k = 0; k < 4; k++) {
        sip_round(v);
    }
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}
