#include "audience/set_bitmap.h"

#include <string.h>

/* The portable format (https://github.com/RoaringBitmap/RoaringFormatSpec): little-endian; cookie, keys and
 * counts, offsets, containers. */
#define COOKIE_RUNS     12347u
#define COOKIE_NO_RUNS  12346u
#define OFFSETS_FROM    4u    /* with runs, only from so many containers on are there offsets */
#define ARRAY_MOST      4096u /* values in an array container; more are a bitset */
#define BITSET_OCTETS   8192u
#define CONTAINERS_MOST 65536u

struct reader {
    const uint8_t *p;
    size_t left, at;
    bool failed;
};

static const uint8_t *take(struct reader *r, size_t n)
{
    if (r->failed || n > r->left) {
        r->failed = true;
        return NULL;
    }
    const uint8_t *p = r->p;
    r->p += n;
    r->left -= n;
    r->at += n;
    return p;
}

static uint32_t le16(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8;
}

static uint32_t le32(const uint8_t *p)
{
    return le16(p) | le16(p + 2) << 16;
}

static bool array_valid(struct reader *r, uint32_t count)
{
    const uint8_t *p = take(r, (size_t)count * 2);
    if (!p) {
        return false;
    }
    for (uint32_t i = 1; i < count; i++) {
        if (le16(p + 2 * (size_t)i) <= le16(p + 2 * (size_t)i - 2)) {
            return false;
        }
    }
    return true;
}

static bool bitset_valid(struct reader *r, uint32_t count)
{
    const uint8_t *p = take(r, BITSET_OCTETS);
    uint32_t bits = 0;
    for (size_t i = 0; p && i < BITSET_OCTETS; i += 8) {
        uint64_t w;
        memcpy(&w, p + i, 8);
        bits += (uint32_t)__builtin_popcountll(w);
    }
    return p && bits == count;
}

static bool runs_valid(struct reader *r, uint32_t count)
{
    const uint8_t *p = take(r, 2);
    uint32_t n = p ? le16(p) : 0, total = 0;
    int64_t last = -1;
    p = take(r, (size_t)n * 4);
    for (uint32_t i = 0; p && i < n; i++) {
        uint32_t start = le16(p + 4 * (size_t)i), length = le16(p + 4 * (size_t)i + 2);
        if (start <= last || start + length > UINT16_MAX) {
            return false;
        }
        last = start + length;
        total += length + 1;
    }
    return p && n && total == count;
}

bool bitmap_valid(struct strv octets)
{
    struct reader r = { (const uint8_t *)octets.p, octets.n, 0, octets.n == 0 };
    const uint8_t *p = take(&r, 4), *runs = NULL, *offsets = NULL;
    uint32_t n = 0;
    if (p && le16(p) == COOKIE_RUNS) {
        n = le16(p + 2) + 1;
        runs = take(&r, (n + 7) / 8);
    } else if (p && le32(p) == COOKIE_NO_RUNS) {
        p = take(&r, 4);
        n = p ? le32(p) : 0;
    } else {
        return false;
    }
    if (n > CONTAINERS_MOST) {
        return false;
    }
    const uint8_t *heads = take(&r, (size_t)n * 4);
    if (!runs || n >= OFFSETS_FROM) {
        offsets = take(&r, (size_t)n * 4);
    }
    for (uint32_t i = 0; i < n && !r.failed; i++) {
        const uint8_t *head = heads + 4 * (size_t)i;
        uint32_t count = le16(head + 2) + 1;
        if ((i && le16(head) <= le16(head - 4)) || (offsets && le32(offsets + 4 * (size_t)i) != r.at)) {
            return false;
        }
        bool is_run = runs && (runs[i / 8] >> (i % 8) & 1);
        if (!(is_run                ? runs_valid(&r, count)
              : count <= ARRAY_MOST ? array_valid(&r, count)
                                    : bitset_valid(&r, count))) {
            return false;
        }
    }
    return !r.failed && r.left == 0;
}

roaring_bitmap_t *bitmap_from_octets(struct strv octets)
{
    return bitmap_valid(octets) ? roaring_bitmap_portable_deserialize_safe(octets.p, octets.n) : NULL;
}

bool bitmap_add_octets(roaring_bitmap_t *into, struct strv octets)
{
    roaring_bitmap_t *r = bitmap_from_octets(octets);
    if (!r) {
        return false;
    }
    roaring_bitmap_or_inplace(into, r);
    roaring_bitmap_free(r);
    return true;
}

bool bitmap_to_octets(const roaring_bitmap_t *r, struct buf *out)
{
    size_t n = roaring_bitmap_portable_size_in_bytes(r);
    buf_clear(out);
    if (!buf_reserve(out, n)) {
        return false;
    }
    out->len = roaring_bitmap_portable_serialize(r, (char *)out->data);
    return true;
}
