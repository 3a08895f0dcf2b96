#include "audience/set.h"

#include "audience/set_packed.h"
#include "audience/words.h"

#include <stdlib.h>
#include <string.h>

#define CONTAINER_WORDS WORDS_OF_CONTAINER

struct audience_set *audience_set_new(void)
{
    struct audience_set *s = calloc(1, sizeof(*s));
    if (s && !(s->r = roaring_bitmap_create())) {
        free(s);
        return NULL;
    }
    return s;
}

struct audience_set *audience_set_copy(const struct audience_set *s)
{
    if (s->packed) {
        return set_packed_copy(s);
    }
    struct audience_set *c = calloc(1, sizeof(*c));
    if (c && !(c->r = roaring_bitmap_copy(s->r))) {
        free(c);
        return NULL;
    }
    return c;
}

void audience_set_free(struct audience_set *s)
{
    if (s) {
        roaring_bitmap_free(s->r);
        free(s->packed);
        free(s);
    }
}

/* Before it is changed: a packed set becomes one of the library's own. */
static bool set_own(struct audience_set *s)
{
    if (s->packed) {
        roaring_bitmap_t *r = roaring_bitmap_copy(s->r);
        if (!r) {
            return false;
        }
        roaring_bitmap_free(s->r);
        free(s->packed);
        *s = (struct audience_set){ r, NULL, 0 };
    }
    return true;
}

bool audience_set_clear(struct audience_set *s)
{
    bool ok = set_own(s);
    if (ok) {
        roaring_bitmap_clear(s->r);
    }
    return ok;
}

bool audience_set_add(struct audience_set *s, uint32_t id)
{
    bool ok = set_own(s);
    if (ok) {
        roaring_bitmap_add(s->r, id);
    }
    return ok;
}

bool audience_set_add_many(struct audience_set *s, const uint32_t *ids, size_t n)
{
    bool ok = set_own(s);
    if (ok) {
        roaring_bitmap_add_many(s->r, n, ids);
    }
    return ok;
}

bool audience_set_add_range(struct audience_set *s, uint32_t first, uint64_t end)
{
    if (end > (uint64_t)UINT32_MAX + 1) {
        end = (uint64_t)UINT32_MAX + 1;
    }
    if (first >= end) {
        return true;
    }
    bool ok = set_own(s);
    if (ok) {
        roaring_bitmap_add_range_closed(s->r, first, (uint32_t)(end - 1));
    }
    return ok;
}

bool audience_set_remove(struct audience_set *s, uint32_t id)
{
    bool ok = set_own(s);
    if (ok) {
        roaring_bitmap_remove(s->r, id);
    }
    return ok;
}

bool audience_set_contains(const struct audience_set *s, uint32_t id)
{
    return roaring_bitmap_contains(s->r, id);
}

uint64_t audience_set_count(const struct audience_set *s)
{
    return roaring_bitmap_get_cardinality(s->r);
}

bool audience_set_empty(const struct audience_set *s)
{
    return roaring_bitmap_is_empty(s->r);
}

bool audience_set_equal(const struct audience_set *a, const struct audience_set *b)
{
    return roaring_bitmap_equals(a->r, b->r);
}

uint64_t audience_set_and_count(const struct audience_set *a, const struct audience_set *b)
{
    return roaring_bitmap_and_cardinality(a->r, b->r);
}

bool audience_set_and(struct audience_set *a, const struct audience_set *b)
{
    bool ok = a == b || set_own(a);
    if (ok && a != b) {
        roaring_bitmap_and_inplace(a->r, b->r);
    }
    return ok;
}

bool audience_set_or(struct audience_set *a, const struct audience_set *b)
{
    bool ok = a == b || set_own(a);
    if (ok && a != b) {
        roaring_bitmap_or_inplace(a->r, b->r);
    }
    return ok;
}

bool audience_set_andnot(struct audience_set *a, const struct audience_set *b)
{
    if (a == b) {
        return audience_set_clear(a);
    }
    bool ok = set_own(a);
    if (ok) {
        roaring_bitmap_andnot_inplace(a->r, b->r);
    }
    return ok;
}

/* --- words --- */

bool audience_set_add_words(struct audience_set *s, uint32_t first, const uint64_t *words, size_t n)
{
    uint64_t aligned[CONTAINER_WORDS];
    struct bitmap_builder b = { 0 };
    uint64_t at = first / 64, end = at + n, last = ((uint64_t)UINT32_MAX + 1) / 64;
    bool ok = true;
    if (end > last) {
        end = last;
    }
    while (ok && at < end) {
        uint64_t key = at / CONTAINER_WORDS, stop = (key + 1) * CONTAINER_WORDS;
        const uint64_t *from = words + (at - first / 64);
        stop = stop < end ? stop : end;
        if (stop - at < CONTAINER_WORDS) {
            memset(aligned, 0, sizeof(aligned));
            memcpy(aligned + at % CONTAINER_WORDS, from, (stop - at) * 8);
            from = aligned;
        }
        ok = bitmap_builder_add(&b, (uint16_t)key, from);
        at = stop;
    }
    roaring_bitmap_t *r = bitmap_builder_finish(&b);
    ok = ok && r && set_own(s);
    if (ok) {
        roaring_bitmap_or_inplace(s->r, r);
    }
    bitmap_free(r);
    return ok;
}

void audience_set_words(const struct audience_set *s, uint32_t first, uint64_t *words, size_t n)
{
    uint32_t ids[256];
    uint64_t end = first + (uint64_t)n * 64;
    memset(words, 0, n * sizeof(*words));
    roaring_uint32_iterator_t it;
    roaring_init_iterator(s->r, &it);
    if (!roaring_move_uint32_iterator_equalorlarger(&it, first)) {
        return;
    }
    for (;;) {
        uint32_t got = roaring_read_uint32_iterator(&it, ids, 256);
        for (uint32_t i = 0; i < got; i++) {
            if (ids[i] >= end) {
                return;
            }
            words[(ids[i] - first) / 64] |= UINT64_C(1) << ((ids[i] - first) % 64);
        }
        if (got < 256) {
            return;
        }
    }
}

/* All of them, which there is room for. */
static size_t read_all(const struct audience_set *s, uint32_t *ids, size_t max)
{
    struct set_reader r;
    struct bitmap_container c;
    uint64_t words[CONTAINER_WORDS];
    uint32_t container;
    size_t n = 0;
    if (!set_reader_open(&r, s)) {
        return 0;
    }
    while (set_reader_next(&r, &container, &c)) {
        if (c.kind == CONTAINER_ARRAY) {
            const list_u16 *list = (const list_u16 *)(const void *)c.p;
            for (uint32_t i = 0; i < c.n; i++) {
                ids[n + i] = container << 16 | list[i];
            }
            n += c.n;
        } else {
            bitmap_container_words(&c, words);
            n += words_ids(words, container << 16, ids + n, max - n);
        }
    }
    set_reader_close(&r);
    return n;
}

size_t audience_set_read(const struct audience_set *s, uint32_t from, uint32_t *ids, size_t max)
{
    roaring_uint32_iterator_t it;
    if (from == 0 && s->packed && max >= roaring_bitmap_get_cardinality(s->r)) {
        return read_all(s, ids, max);
    }
    if (from == 0 && max >= roaring_bitmap_get_cardinality(s->r)) {
        roaring_bitmap_to_uint32_array(s->r, ids);
        return (size_t)roaring_bitmap_get_cardinality(s->r);
    }
    roaring_init_iterator(s->r, &it);
    if (!roaring_move_uint32_iterator_equalorlarger(&it, from)) {
        return 0;
    }
    return roaring_read_uint32_iterator(&it, ids, max < UINT32_MAX ? (uint32_t)max : UINT32_MAX);
}

void audience_set_each(const struct audience_set *s, bool (*fn)(void *ctx, uint32_t id), void *ctx)
{
    roaring_uint32_iterator_t it;
    for (roaring_init_iterator(s->r, &it); it.has_value; roaring_advance_uint32_iterator(&it)) {
        if (!fn(ctx, it.current_value)) {
            return;
        }
    }
}

bool audience_set_serialize(const struct audience_set *s, struct buf *out)
{
    size_t n = roaring_bitmap_portable_size_in_bytes(s->r);
    if (!buf_reserve(out, n)) {
        return false;
    }
    out->len += roaring_bitmap_portable_serialize(s->r, (char *)out->data + out->len);
    return true;
}

struct audience_set *audience_set_deserialize(struct strv octets, struct err *e)
{
    if (!bitmap_valid(octets)) {
        err_set(e, ERR_CORRUPT, "not a valid set of customers");
        return NULL;
    }
    struct audience_set *s = calloc(1, sizeof(*s));
    if (s) {
        s->r = roaring_bitmap_portable_deserialize_safe(octets.p, octets.n);
    }
    if (!s || !s->r) {
        free(s);
        err_set(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    return s;
}

void audience_set_compact(struct audience_set *s)
{
    if (set_own(s)) { /* it is but larger, else */
        roaring_bitmap_run_optimize(s->r);
        roaring_bitmap_shrink_to_fit(s->r);
    }
}
