#include "store/packed.h"

#include <string.h>

/* gcc vectorises these loops from -O3 on only; clang does from -O2. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__OPTIMIZE__)
#pragma GCC optimize("O3")
#endif

#define PACKED_VERSION 1

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "packed columns are little-endian and are read in place"
#endif

bool packed_open_apart(struct packed *p, const void *header, const void *data, size_t n, size_t *used)
{
    const uint8_t *b = header;
    memcpy(&p->base, b, 8);
    memcpy(&p->rows, b + 8, 4);
    p->width = b[12];
    p->data = data;
    bool known = p->width == 0 || p->width == 1 || p->width == 2 || p->width == 4 || p->width == 8;
    if (!known || b[13] != PACKED_VERSION || b[14] || b[15] || (uint64_t)p->rows * p->width > n) {
        return false;
    }
    *used = (size_t)p->rows * p->width;
    return true;
}

bool packed_open(struct packed *p, const void *octets, size_t n, size_t *used)
{
    const uint8_t *b = octets;
    size_t data;
    if (n < PACKED_HEADER || !packed_open_apart(p, b, b + PACKED_HEADER, n - PACKED_HEADER, &data)) {
        return false;
    }
    if (used) {
        *used = PACKED_HEADER + data;
    }
    return true;
}

static uint8_t packed_width(const int64_t *values, uint32_t n, int64_t *base)
{
    int64_t low = INT64_MAX, high = INT64_MIN;
    for (uint32_t i = 0; i < n; i++) {
        /* Unset is the least number there is: as "low" it counts as the greatest. */
        int64_t as_low = values[i] == PACKED_UNSET ? INT64_MAX : values[i];
        low = as_low < low ? as_low : low;
        high = values[i] > high ? values[i] : high;
    }
    *base = 0;
    if (high == PACKED_UNSET) {
        return 0;
    }
    /* Small numbers (codes) stay what they are, so that a predicate on them is the same in every block. */
    *base = low >= 1 && high <= UINT32_MAX ? 1 : low;
    uint64_t top = (uint64_t)high - (uint64_t)*base + 1;
    uint8_t width = top <= UINT8_MAX ? 1 : top <= UINT16_MAX ? 2 : top <= UINT32_MAX ? 4 : 8;
    uint64_t top_of_low = (uint64_t)high - (uint64_t)low + 1;
    uint8_t narrow = top_of_low <= UINT8_MAX    ? 1
                     : top_of_low <= UINT16_MAX ? 2
                     : top_of_low <= UINT32_MAX ? 4
                                                : 8;
    if (narrow < width) {
        *base = low;
        return narrow;
    }
    return width;
}

bool packed_encode(struct buf *out, const int64_t *values, uint32_t n)
{
    int64_t base;
    uint8_t width = packed_width(values, n, &base);
    size_t size = PACKED_HEADER + (size_t)n * width;
    if (!buf_reserve(out, size)) {
        return false;
    }
    uint8_t *b = out->data + out->len;
    memset(b, 0, PACKED_HEADER);
    memcpy(b, &base, 8);
    memcpy(b + 8, &n, 4);
    b[12] = width;
    b[13] = PACKED_VERSION;
    uint8_t *d = b + PACKED_HEADER;
#define RAW(v) ((v) == PACKED_UNSET ? 0 : (uint64_t)(v) - (uint64_t)base + 1)
    switch (width) {
    case 1:
        for (uint32_t i = 0; i < n; i++) {
            d[i] = (uint8_t)RAW(values[i]);
        }
        break;
    case 2:
        for (uint32_t i = 0; i < n; i++) {
            ((packed_u16 *)(void *)d)[i] = (uint16_t)RAW(values[i]);
        }
        break;
    case 4:
        for (uint32_t i = 0; i < n; i++) {
            ((packed_u32 *)(void *)d)[i] = (uint32_t)RAW(values[i]);
        }
        break;
    case 8:
        for (uint32_t i = 0; i < n; i++) {
            ((packed_u64 *)(void *)d)[i] = RAW(values[i]);
        }
        break;
    default: break;
    }
#undef RAW
    out->len += size;
    return true;
}

void packed_unpack(const struct packed *p, uint32_t from, uint32_t n, int64_t *values)
{
    uint64_t before = (uint64_t)p->base - 1;
#define VALUE(raw) ((raw) ? (int64_t)(before + (raw)) : PACKED_UNSET)
    switch (p->width) {
    case 1:
        for (uint32_t i = 0; i < n; i++) {
            uint64_t raw = p->data[from + i];
            values[i] = VALUE(raw);
        }
        break;
    case 2:
        for (uint32_t i = 0; i < n; i++) {
            uint64_t raw = ((const packed_u16 *)(const void *)p->data)[from + i];
            values[i] = VALUE(raw);
        }
        break;
    case 4:
        for (uint32_t i = 0; i < n; i++) {
            uint64_t raw = ((const packed_u32 *)(const void *)p->data)[from + i];
            values[i] = VALUE(raw);
        }
        break;
    case 8:
        for (uint32_t i = 0; i < n; i++) {
            uint64_t raw = ((const packed_u64 *)(const void *)p->data)[from + i];
            values[i] = VALUE(raw);
        }
        break;
    default:
        for (uint32_t i = 0; i < n; i++) {
            values[i] = PACKED_UNSET;
        }
    }
#undef VALUE
}

bool packed_bounds(const struct packed *p, int64_t low, int64_t high, uint64_t *ulow, uint64_t *uhigh)
{
    static const uint64_t top[] = { 0, UINT8_MAX, UINT16_MAX, 0, UINT32_MAX, 0, 0, 0, UINT64_MAX };
    if (p->width == 0 || high < p->base || low > high) {
        return false;
    }
    *ulow = low <= p->base ? 1 : (uint64_t)low - (uint64_t)p->base + 1;
    /* high - base + 1 may be 2^64 only when base is INT64_MIN, which is no value */
    uint64_t span = (uint64_t)high - (uint64_t)p->base;
    *uhigh = span >= top[p->width] ? top[p->width] : span + 1;
    return *ulow <= *uhigh;
}
