#include "audience/set_packed.h"

#include <stdlib.h>
#include <string.h>

/* The library's frozen format (roaring.h). */
#define COOKIE        13766u
#define KIND_BITSET   1u
#define KIND_ARRAY    2u
#define KIND_RUNS     3u
#define ALIGNMENT     32u
#define BITSET_OCTETS 8192u
#define TAIL(n)       ((size_t)(n)*5 + 4)

/* --- making --- */

void set_packer_free(struct set_packer *p)
{
    free(p->bits.p);
    free(p->arrays.p);
    buf_free(&p->keys);
    buf_free(&p->counts);
    buf_free(&p->kinds);
    *p = (struct set_packer){ 0 };
}

static bool zone_resize(struct set_packed_zone *z, size_t cap)
{
    cap = (cap + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    uint8_t *to = aligned_alloc(ALIGNMENT, cap);
    if (!to)
        return false;
    if (z->n)
        memcpy(to, z->p, z->n);
    free(z->p);
    z->p = to;
    z->cap = cap;
    return true;
}

/* Room for `more`: as much as the containers to come will take if they are like those before. */
static uint8_t *zone_take(const struct set_packer *p, struct set_packed_zone *z, size_t more)
{
    if (z->cap - z->n < more) {
        const size_t all = z->n + more, left = p->containers > p->n ? p->containers - p->n : 1;
        size_t cap = all + all / (p->n + 1) * left;
        cap = cap > 4 * all && p->n >= 8 ? 4 * all : cap;
        if (!zone_resize(z, cap + cap / 16 + TAIL(p->containers)))
            return NULL;
    }
    uint8_t *to = z->p + z->n;
    z->n += more;
    return to;
}

static uint8_t *packer_take(struct set_packer *p, uint16_t container, size_t count, uint8_t kind, size_t size)
{
    const uint16_t most = (uint16_t)(count - 1);
    if (!buf_put(&p->keys, &container, 2) || !buf_put(&p->counts, &most, 2) || !buf_put_u8(&p->kinds, kind))
        return NULL;
    uint8_t *to = zone_take(p, kind == KIND_BITSET ? &p->bits : &p->arrays, size);
    p->n++;
    return to;
}

bool set_packer_words(struct set_packer *p, uint16_t container, const uint64_t *words, size_t count)
{
    uint16_t list[SET_LIST_MOST + LIST_SLACK];
    if (count <= SET_LIST_MOST)
        return set_packer_list(p, container, list, words_list(words, list));
    uint8_t *to = packer_take(p, container, count, KIND_BITSET, BITSET_OCTETS);
    if (to)
        memcpy(to, words, BITSET_OCTETS);
    return to != NULL;
}

bool set_packer_list(struct set_packer *p, uint16_t container, const list_u16 *list, size_t n)
{
    if (n == 0)
        return true;
    uint8_t *to = packer_take(p, container, n, KIND_ARRAY, n * 2);
    if (to)
        memcpy(to, list, n * 2);
    return to != NULL;
}

/* A packer, read a container at a time. */
struct packed_at {
    const struct set_packer *p;
    size_t bits, arrays;
    uint32_t at;
};

static uint32_t at16(const uint8_t *p, uint32_t i)
{
    uint16_t v;
    memcpy(&v, p + 2 * (size_t)i, 2);
    return v;
}

static uint32_t packed_key(const struct packed_at *x)
{
    return x->at < x->p->n ? at16(x->p->keys.data, x->at) : UINT32_MAX;
}

static bool packed_move(struct packed_at *from, struct set_packer *to)
{
    const uint8_t kind = from->p->kinds.data[from->at];
    const uint16_t key = (uint16_t)packed_key(from);
    const size_t count = at16(from->p->counts.data, from->at) + (size_t)1;
    const size_t size = kind == KIND_BITSET ? BITSET_OCTETS : 2 * count;
    size_t *at = kind == KIND_BITSET ? &from->bits : &from->arrays;
    const uint8_t *octets = (kind == KIND_BITSET ? from->p->bits.p : from->p->arrays.p) + *at;
    uint8_t *out = packer_take(to, key, count, kind, size);
    if (out)
        memcpy(out, octets, size);
    *at += size;
    from->at++;
    return out != NULL;
}

bool set_packer_join(struct set_packer *p, const struct set_packer *other)
{
    if (other->n == 0)
        return true;
    struct set_packer both = { .containers = p->n + other->n };
    struct packed_at a = { .p = p }, b = { .p = other };
    bool ok = zone_resize(&both.arrays, p->arrays.n + other->arrays.n + TAIL(both.containers)) &&
              zone_resize(&both.bits, p->bits.n + other->bits.n + TAIL(both.containers));
    while (ok && (a.at < p->n || b.at < other->n))
        ok = packed_move(packed_key(&a) < packed_key(&b) ? &a : &b, &both);
    if (!ok) {
        set_packer_free(&both);
        return false;
    }
    set_packer_free(p);
    *p = both;
    return true;
}

/* Bitsets and arrays become one zone, with the tail behind. */
static bool packer_join(struct set_packer *p, struct set_packed_zone *z)
{
    const size_t tail = TAIL(p->n);
    *z = p->bits.n ? p->bits : p->arrays;
    const struct set_packed_zone behind = p->bits.n ? p->arrays : p->bits;
    p->bits = p->arrays = (struct set_packed_zone){ 0 };
    bool ok = z->cap - z->n >= behind.n + tail || zone_resize(z, z->n + behind.n + tail);
    if (ok && behind.n)
        memcpy(z->p + z->n, behind.p, behind.n);
    z->n += behind.n;
    free(behind.p);
    return ok;
}

static struct audience_set *set_of_packed(uint8_t *packed, size_t n)
{
    struct audience_set *s = malloc(sizeof *s);
    const roaring_bitmap_t *r = s ? roaring_bitmap_frozen_view((const char *)packed, n) : NULL;
    if (r) { /* nobody changes it: set_own */
        *s = (struct audience_set){ (roaring_bitmap_t *)(uintptr_t)r, packed, n };
        return s;
    }
    free(packed);
    free(s);
    return NULL;
}

struct audience_set *set_packer_finish(struct set_packer *p)
{
    struct set_packed_zone z = { 0 };
    const uint32_t head = COOKIE | p->n << 15, n = p->n;
    if (n == 0) {
        set_packer_free(p);
        return audience_set_new();
    }
    bool ok = packer_join(p, &z);
    if (ok) {
        memcpy(z.p + z.n, p->keys.data, 2 * (size_t)n);
        memcpy(z.p + z.n + 2 * (size_t)n, p->counts.data, 2 * (size_t)n);
        memcpy(z.p + z.n + 4 * (size_t)n, p->kinds.data, n);
        memcpy(z.p + z.n + 5 * (size_t)n, &head, 4);
    }
    set_packer_free(p);
    if (ok)
        return set_of_packed(z.p, z.n + TAIL(n));
    free(z.p);
    return NULL;
}

struct audience_set *set_packed_copy(const struct audience_set *s)
{
    uint8_t *packed = aligned_alloc(ALIGNMENT, (s->packed_n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
    if (!packed)
        return NULL;
    memcpy(packed, s->packed, s->packed_n);
    return set_of_packed(packed, s->packed_n);
}

/* --- reading --- */

bool set_reader_open(struct set_reader *r, const struct audience_set *s)
{
    const uint8_t *p = s->packed;
    size_t n = s->packed_n, bits = 0, runs = 0;
    uint32_t head;
    *r = (struct set_reader){ 0 };
    if (!p) {
        n = roaring_bitmap_frozen_size_in_bytes(s->r);
        p = r->own = aligned_alloc(ALIGNMENT, (n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
        if (!p)
            return false;
        roaring_bitmap_frozen_serialize(s->r, (char *)r->own);
    }
    memcpy(&head, p + n - 4, 4);
    r->n = head >> 15;
    r->keys = p + n - TAIL(r->n);
    r->counts = r->keys + 2 * (size_t)r->n;
    r->kinds = r->counts + 2 * (size_t)r->n;
    for (uint32_t i = 0; i < r->n; i++) {
        bits += r->kinds[i] == KIND_BITSET ? BITSET_OCTETS : 0;
        runs += r->kinds[i] == KIND_RUNS ? 4 * (size_t)at16(r->counts, i) : 0;
    }
    r->bits = p;
    r->runs = p + bits;
    r->arrays = r->runs + runs;
    return true;
}

void set_reader_close(struct set_reader *r)
{
    free(r->own);
    r->own = NULL;
}

bool set_reader_next(struct set_reader *r, uint32_t *container, struct bitmap_container *c)
{
    if (r->at >= r->n)
        return false;
    const uint32_t count = at16(r->counts, r->at);
    *container = at16(r->keys, r->at);
    switch (r->kinds[r->at++]) {
    case KIND_BITSET:
        *c = (struct bitmap_container){ CONTAINER_BITSET, count + 1, r->bits };
        r->bits += BITSET_OCTETS;
        break;
    case KIND_RUNS:
        *c = (struct bitmap_container){ CONTAINER_RUNS, count, r->runs };
        r->runs += 4 * (size_t)count;
        break;
    default:
        *c = (struct bitmap_container){ CONTAINER_ARRAY, count + 1, r->arrays };
        r->arrays += 2 * ((size_t)count + 1);
    }
    return true;
}

bool set_reader_seek(struct set_reader *r, uint32_t container, struct bitmap_container *c)
{
    uint32_t found;
    while (r->at < r->n && at16(r->keys, r->at) <= container)
        if (set_reader_next(r, &found, c) && found == container)
            return true;
    return false;
}

bool set_reader_words(struct set_reader *r, uint32_t container, uint64_t *words)
{
    struct bitmap_container c;
    const bool there = set_reader_seek(r, container, &c);
    if (there)
        bitmap_container_words(&c, words);
    else
        memset(words, 0, BITSET_OCTETS);
    return there;
}
