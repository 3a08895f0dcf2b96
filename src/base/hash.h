/* Hashes: a fast 64-bit one for tables (seeded), and one that is the same for ever (stored, shown, compared).
 */
#ifndef TESSERA_BASE_HASH_H
#define TESSERA_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t hash_bytes(const void *p, size_t n, uint64_t seed); /* wyhash-like; may change between versions */
uint64_t hash_u64(uint64_t v);                               /* a mixing bijection (splitmix64's finaliser) */
uint64_t hash_stable(const void *p, size_t n);               /* FNV-1a 64 then mixed; never changes */
/* SipHash-2-4: without the key nobody can tell which number gave it, but by trying with the key. */
uint64_t hash_keyed(const void *p, size_t n, const uint64_t key[2]);

#endif
