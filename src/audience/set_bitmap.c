#include "audience/set_bitmap.h"

#include "audience/words.h"

#include <string.h>

#if defined(__GNUC__) && !defined(__clang__) && defined(__OPTIMIZE__)
#pragma GCC optimize("O3")
#endif

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

/* --- one container, in place --- */

#define CONTAINER_WORDS WORDS_OF_CONTAINER

bool bitmap_container_open(struct strv octets, struct bitmap_container *c)
{
    struct reader r = { (const uint8_t *)octets.p, octets.n, 0, octets.n == 0 };
    const uint8_t *p = take(&r, 4);
    if (p && le16(p) == COOKIE_RUNS && le16(p + 2) == 0) {
        const uint8_t *is_run = take(&r, 1), *head = take(&r, 4),
                      *runs = is_run && *is_run & 1 ? take(&r, 2) : NULL;
        if (head && runs) {
            *c = (struct bitmap_container){ CONTAINER_RUNS, le16(runs), take(&r, (size_t)le16(runs) * 4) };
            return !r.failed;
        }
        return false;
    }
    const uint8_t *n = p && le32(p) == COOKIE_NO_RUNS ? take(&r, 4) : NULL, *head = n ? take(&r, 8) : NULL;
    if (!head || le32(n) != 1) {
        return false;
    }
    uint32_t count = le16(head + 2) + 1;
    bool array = count <= ARRAY_MOST;
    *c = (struct bitmap_container){ array ? CONTAINER_ARRAY : CONTAINER_BITSET, count,
                                    take(&r, array ? (size_t)count * 2 : BITSET_OCTETS) };
    return !r.failed;
}

static void or_run(uint64_t *words, uint32_t first, uint32_t last)
{
    for (uint32_t w = first / 64; w <= last / 64; w++) {
        uint64_t bits = UINT64_MAX;
        bits = w == first / 64 ? bits & UINT64_MAX << first % 64 : bits;
        bits = w == last / 64 ? bits & UINT64_MAX >> (63 - last % 64) : bits;
        words[w] |= bits;
    }
}

void bitmap_container_or(const struct bitmap_container *c, uint64_t *words)
{
    if (c->kind == CONTAINER_BITSET && c->n == 65536) { /* everybody: need not be read */
        memset(words, 0xFF, CONTAINER_WORDS * sizeof(*words));
    } else if (c->kind == CONTAINER_BITSET) {
        for (uint32_t i = 0; i < CONTAINER_WORDS; i++) {
            uint64_t w;
            memcpy(&w, c->p + 8 * (size_t)i, 8);
            words[i] |= w;
        }
    } else if (c->kind == CONTAINER_ARRAY) {
        words_set_list(words, (const list_u16 *)(const void *)c->p, c->n);
    } else {
        for (uint32_t i = 0; i < c->n; i++) {
            uint32_t first = le16(c->p + 4 * (size_t)i), last = first + le16(c->p + 4 * (size_t)i + 2);
            or_run(words, first, last < UINT16_MAX ? last : UINT16_MAX);
        }
    }
}

void bitmap_container_words(const struct bitmap_container *c, uint64_t *words)
{
    if (c->kind == CONTAINER_BITSET) {
        memcpy(words, c->p, BITSET_OCTETS);
        return;
    }
    memset(words, 0, BITSET_OCTETS);
    bitmap_container_or(c, words);
}

bool bitmap_or_words(struct strv octets, uint64_t *words)
{
    struct bitmap_container c;
    if (!bitmap_container_open(octets, &c)) {
        return false;
    }
    bitmap_container_or(&c, words);
    return true;
}

bool bitmap_words(const roaring_bitmap_t *r, uint32_t container, uint64_t *words)
{
    const uint64_t first = (uint64_t)container << 16, end = first + 65536;
    uint64_t n = roaring_bitmap_range_cardinality(r, first, end);
    memset(words, n == 65536 ? 0xFF : 0, CONTAINER_WORDS * sizeof(*words));
    if (n == 0 || n == 65536) {
        return n > 0;
    }
    roaring_uint32_iterator_t it;
    roaring_init_iterator(r, &it);
    if (!roaring_move_uint32_iterator_equalorlarger(&it, (uint32_t)first)) {
        return false;
    }
    uint32_t ids[1024];
    while (n) {
        uint32_t got = roaring_read_uint32_iterator(&it, ids, n < 1024 ? (uint32_t)n : 1024);
        for (uint32_t i = 0; i < got; i++) {
            words[(ids[i] - first) / 64] |= UINT64_C(1) << ids[i] % 64;
        }
        n -= got;
    }
    return true;
}

/* --- made of containers --- */

void bitmap_builder_free(struct bitmap_builder *b)
{
    buf_free(&b->heads);
    buf_free(&b->data);
    *b = (struct bitmap_builder){ 0 };
}

static void array_of_words(uint8_t *out, const uint64_t *words)
{
    for (size_t i = 0, next; i < CONTAINER_WORDS; i = next) {
        uint64_t any = 0;
        for (next = i; next < i + 8; next++) { /* most words of few members are empty */
            any |= words[next];
        }
        for (size_t k = any ? i : next; k < next; k++) {
            for (uint64_t w = words[k]; w; w &= w - 1) {
                uint16_t low = (uint16_t)(k * 64 + (unsigned)__builtin_ctzll(w));
                memcpy(out, &low, 2);
                out += 2;
            }
        }
    }
}

bool bitmap_builder_add(struct bitmap_builder *b, uint16_t container, const uint64_t *words)
{
    uint32_t count = (uint32_t)words_count(words, CONTAINER_WORDS);
    const uint32_t head = container | (count - 1) << 16;
    if (count == 0) {
        return true;
    }
    size_t size = count > ARRAY_MOST ? BITSET_OCTETS : (size_t)count * 2;
    if (!buf_put(&b->heads, &head, 4) || !buf_reserve(&b->data, size)) {
        return false;
    }
    if (count > ARRAY_MOST) {
        memcpy(b->data.data + b->data.len, words, size);
    } else {
        array_of_words(b->data.data + b->data.len, words);
    }
    b->data.len += size;
    b->n++;
    return true;
}

roaring_bitmap_t *bitmap_builder_finish(struct bitmap_builder *b)
{
    struct buf whole = { 0 };
    const uint32_t begin[2] = { COOKIE_NO_RUNS, b->n };
    uint32_t offset = 8 + 8 * b->n;
    roaring_bitmap_t *r = NULL;
    bool ok = buf_reserve(&whole, offset + b->data.len) && buf_put(&whole, begin, 8) &&
              (b->n == 0 || buf_put(&whole, b->heads.data, b->heads.len));
    for (uint32_t i = 0; ok && i < b->n; i++) {
        uint32_t count = le16(b->heads.data + 4 * (size_t)i + 2) + 1;
        ok = buf_put(&whole, &offset, 4);
        offset += count > ARRAY_MOST ? BITSET_OCTETS : count * 2;
    }
    if (ok && (b->n == 0 || buf_put(&whole, b->data.data, b->data.len))) {
        r = roaring_bitmap_portable_deserialize_safe((const char *)whole.data, whole.len);
    }
    buf_free(&whole);
    bitmap_builder_free(b);
    return r;
}
