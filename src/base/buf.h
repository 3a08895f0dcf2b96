/* Octet buffers that know their bounds: `buf` grows, `rd` is a cursor with a sticky error, so that a
 * caller checks once at the end and no decoder can step outside. Integers are big-endian (network order)
 * unless the name says le. */
#ifndef TESSERA_BASE_BUF_H
#define TESSERA_BASE_BUF_H

#include "base/strv.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- growing buffer; zero-initialise with {0} --- */
struct buf {
    uint8_t *data;
    size_t len, cap;
    size_t limit; /* never grows above this many octets; 0 = no limit */
    bool failed;  /* sticky: out of memory or over the limit; later appends do nothing */
};

void buf_free(struct buf *b);                 /* frees the storage and zeroes the struct, keeping nothing */
void buf_clear(struct buf *b);                /* len = 0, failed = false, keeps the storage */
bool buf_reserve(struct buf *b, size_t more); /* room for `more` octets after len */
bool buf_put(struct buf *b, const void *p, size_t n);
bool buf_put_strv(struct buf *b, struct strv s);
bool buf_put_u8(struct buf *b, uint8_t v);
bool buf_put_u16(struct buf *b, uint16_t v);
bool buf_put_u32(struct buf *b, uint32_t v);
bool buf_put_u64(struct buf *b, uint64_t v);
bool buf_put_varint(struct buf *b, uint64_t v); /* LEB128, at most 10 octets */
bool buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_set_u32(struct buf *b, size_t at, uint32_t v); /* overwrites 4 octets already there */
void buf_consume(struct buf *b, size_t n);              /* drops n octets from the front (memmove) */
/* The content as a NUL-terminated string (the NUL is not counted in len); "" when failed or empty. */
const char *buf_cstr(struct buf *b);

/* --- reading cursor --- */
struct rd {
    const uint8_t *p, *end;
    bool failed; /* sticky: a read went past the end; everything read since is 0 / empty */
};

struct rd rd_from(const void *p, size_t n);
size_t rd_left(const struct rd *r);
uint8_t rd_u8(struct rd *r);
uint16_t rd_u16(struct rd *r);
uint32_t rd_u32(struct rd *r);
uint64_t rd_u64(struct rd *r);
uint64_t rd_varint(struct rd *r);
/* n octets as a view into the input; fails (and gives the empty view) when there are fewer. */
struct strv rd_bytes(struct rd *r, size_t n);
/* A C-Octet String of at most max octets with its NUL: the view is without the NUL. Fails without a NUL in
 * range. */
struct strv rd_cstr(struct rd *r, size_t max);
/* varint length, then that many octets. */
struct strv rd_lstr(struct rd *r);
bool buf_put_lstr(struct buf *b, struct strv s); /* its counterpart */

/* zig-zag signed varints, for records */
bool buf_put_svarint(struct buf *b, int64_t v);
int64_t rd_svarint(struct rd *r);

/* --- fixed-place big-endian access, for keys --- */
static inline void be_put16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}
static inline void be_put32(uint8_t *p, uint32_t v)
{
    be_put16(p, (uint16_t)(v >> 16));
    be_put16(p + 2, (uint16_t)v);
}
static inline void be_put64(uint8_t *p, uint64_t v)
{
    be_put32(p, (uint32_t)(v >> 32));
    be_put32(p + 4, (uint32_t)v);
}
static inline uint16_t be_get16(const uint8_t *p)
{
    return (uint16_t)((unsigned)p[0] << 8 | p[1]);
}
static inline uint32_t be_get32(const uint8_t *p)
{
    return (uint32_t)be_get16(p) << 16 | be_get16(p + 2);
}
static inline uint64_t be_get64(const uint8_t *p)
{
    return (uint64_t)be_get32(p) << 32 | be_get32(p + 4);
}

/* Lower-case hexadecimal; dst needs 2*n+1. */
void hex_encode(const void *p, size_t n, char *dst);
/* Even number of hexadecimal digits; returns octets written or -1. */
long hex_decode(struct strv hex, uint8_t *dst, size_t cap);

#endif
