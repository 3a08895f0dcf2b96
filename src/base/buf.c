#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VARINT_MAX 10

void buf_free(struct buf *b)
{
    free(b->data);
    *b = (struct buf){ 0 };
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    b->failed = false;
}

/* Storage always has one octet more than was asked for, so that buf_cstr() can end it without growing. */
bool buf_reserve(struct buf *b, size_t more)
{
    size_t need;
    if (b->failed) {
        return false;
    }
    if (more < b->cap - b->len && (!b->limit || b->len + more <= b->limit)) {
        return true;
    }
    if (__builtin_add_overflow(b->len, more, &need) || (b->limit && need > b->limit) ||
        need > SIZE_MAX / 2 - 64) {
        b->failed = true;
        return false;
    }
    size_t cap = b->cap ? b->cap : 64;
    while (cap <= need) {
        cap *= 2;
    }
    if (b->limit && cap > b->limit + 1 && b->limit < SIZE_MAX) {
        cap = b->limit + 1;
    }
    uint8_t *data = realloc(b->data, cap);
    if (!data) {
        b->failed = true;
        return false;
    }
    b->data = data;
    b->cap = cap;
    return true;
}

bool buf_put(struct buf *b, const void *p, size_t n)
{
    if (!buf_reserve(b, n)) {
        return false;
    }
    if (n) {
        memcpy(b->data + b->len, p, n);
        b->len += n;
    }
    return true;
}

bool buf_put_strv(struct buf *b, struct strv s)
{
    return buf_put(b, s.p, s.n);
}

bool buf_put_u8(struct buf *b, uint8_t v)
{
    return buf_put(b, &v, 1);
}

bool buf_put_u16(struct buf *b, uint16_t v)
{
    uint8_t t[2];
    be_put16(t, v);
    return buf_put(b, t, sizeof t);
}

bool buf_put_u32(struct buf *b, uint32_t v)
{
    uint8_t t[4];
    be_put32(t, v);
    return buf_put(b, t, sizeof t);
}

bool buf_put_u64(struct buf *b, uint64_t v)
{
    uint8_t t[8];
    be_put64(t, v);
    return buf_put(b, t, sizeof t);
}

bool buf_put_varint(struct buf *b, uint64_t v)
{
    uint8_t t[VARINT_MAX];
    size_t n = 0;
    while (v >= 0x80) {
        t[n++] = (uint8_t)(v | 0x80);
        v >>= 7;
    }
    t[n++] = (uint8_t)v;
    return buf_put(b, t, n);
}

bool buf_put_svarint(struct buf *b, int64_t v)
{
    return buf_put_varint(b, (uint64_t)v << 1 ^ (v < 0 ? UINT64_MAX : 0));
}

bool buf_put_lstr(struct buf *b, struct strv s)
{
    return buf_put_varint(b, s.n) && buf_put(b, s.p, s.n);
}

bool buf_printf(struct buf *b, const char *fmt, ...)
{
    for (size_t room = 64;;) {
        if (!buf_reserve(b, 0)) {
            return false;
        }
        room = b->cap - b->len;
        va_list ap;
        va_start(ap, fmt);
        int n = vsnprintf((char *)b->data + b->len, room, fmt, ap);
        va_end(ap);
        if (n < 0) {
            b->failed = true;
            return false;
        }
        if (!buf_reserve(b, (size_t)n)) {
            return false;
        }
        if ((size_t)n < room) {
            b->len += (size_t)n;
            return true;
        }
    }
}

void buf_set_u32(struct buf *b, size_t at, uint32_t v)
{
    if (!b->failed && b->len >= 4 && at <= b->len - 4) {
        be_put32(b->data + at, v);
    }
}

void buf_consume(struct buf *b, size_t n)
{
    if (n >= b->len) {
        b->len = 0;
        return;
    }
    if (n) {
        memmove(b->data, b->data + n, b->len - n);
        b->len -= n;
    }
}

const char *buf_cstr(struct buf *b)
{
    if (b->failed || b->len == 0) {
        return "";
    }
    b->data[b->len] = '\0';
    return (const char *)b->data;
}

struct rd rd_from(const void *p, size_t n)
{
    static const uint8_t none;
    const uint8_t *at = p ? p : &none;
    return (struct rd){ at, at + (p ? n : 0), false };
}

size_t rd_left(const struct rd *r)
{
    return r->failed ? 0 : (size_t)(r->end - r->p);
}

static const uint8_t *rd_need(struct rd *r, size_t n)
{
    if (n > rd_left(r) || r->failed) {
        r->failed = true;
        return NULL;
    }
    const uint8_t *p = r->p;
    r->p += n;
    return p;
}

uint8_t rd_u8(struct rd *r)
{
    const uint8_t *p = rd_need(r, 1);
    return p ? *p : 0;
}

uint16_t rd_u16(struct rd *r)
{
    const uint8_t *p = rd_need(r, 2);
    return p ? be_get16(p) : 0;
}

uint32_t rd_u32(struct rd *r)
{
    const uint8_t *p = rd_need(r, 4);
    return p ? be_get32(p) : 0;
}

uint64_t rd_u64(struct rd *r)
{
    const uint8_t *p = rd_need(r, 8);
    return p ? be_get64(p) : 0;
}

uint64_t rd_varint(struct rd *r)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < VARINT_MAX; i++) {
        uint8_t c = rd_u8(r);
        if (r->failed) {
            return 0;
        }
        if (i == VARINT_MAX - 1 && c > 1) {
            break; /* the tenth octet has room for bit 63 only */
        }
        v |= (uint64_t)(c & 0x7f) << (7 * i);
        if (!(c & 0x80)) {
            return v;
        }
    }
    r->failed = true;
    return 0;
}

int64_t rd_svarint(struct rd *r)
{
    uint64_t v = rd_varint(r);
    return (int64_t)(v >> 1 ^ (v & 1 ? UINT64_MAX : 0));
}

struct strv rd_bytes(struct rd *r, size_t n)
{
    const uint8_t *p = rd_need(r, n);
    return p ? (struct strv){ (const char *)p, n } : (struct strv){ NULL, 0 };
}

struct strv rd_cstr(struct rd *r, size_t max)
{
    size_t left = rd_left(r), span = max < left ? max : left;
    const uint8_t *nul = span ? memchr(r->p, 0, span) : NULL;
    if (!nul) {
        r->failed = true;
        return (struct strv){ NULL, 0 };
    }
    struct strv s = { (const char *)r->p, (size_t)(nul - r->p) };
    r->p = nul + 1;
    return s;
}

struct strv rd_lstr(struct rd *r)
{
    uint64_t n = rd_varint(r);
    if (n > rd_left(r)) {
        r->failed = true;
        return (struct strv){ NULL, 0 };
    }
    return rd_bytes(r, (size_t)n);
}

void hex_encode(const void *p, size_t n, char *dst)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *s = p;
    for (size_t i = 0; i < n; i++) {
        *dst++ = digits[s[i] >> 4];
        *dst++ = digits[s[i] & 15];
    }
    *dst = '\0';
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

long hex_decode(struct strv hex, uint8_t *dst, size_t cap)
{
    if (hex.n % 2 || hex.n / 2 > cap) {
        return -1;
    }
    for (size_t i = 0; i < hex.n / 2; i++) {
        int hi = hex_digit(hex.p[2 * i]), lo = hex_digit(hex.p[2 * i + 1]);
        if (hi < 0 || lo < 0) {
            return -1;
        }
        dst[i] = (uint8_t)(hi << 4 | lo);
    }
    return (long)(hex.n / 2);
}
