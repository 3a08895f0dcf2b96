#include "audience/set.h"

#include "audience/set_bitmap.h"
#include "audience/words.h"

#include <stdlib.h>
#include <string.h>

#define CONTAINER_WORDS WORDS_OF_CONTAINER

struct audience_set *audience_set_new(void)
{
    struct audience_set *s = malloc(sizeof(*s));
    if (s && !(s->r = roaring_bitmap_create())) {
        free(s);
        return NULL;
    }
    return s;
}

struct audience_set *audience_set_copy(const struct audience_set *s)
{
    struct audience_set *c = malloc(sizeof(*c));
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
        free(s);
    }
}

void audience_set_clear(struct audience_set *s)
{
    roaring_bitmap_clear(s->r);
}

bool audience_set_add(struct audience_set *s, uint32_t id)
{
    roaring_bitmap_add(s->r, id);
    return true;
}

bool audience_set_add_many(struct audience_set *s, const uint32_t *ids, size_t n)
{
    roaring_bitmap_add_many(s->r, n, ids);
    return true;
}

bool audience_set_add_range(struct audience_set *s, uint32_t first, uint64_t end)
{
    if (end > (uint64_t)UINT32_MAX + 1) {
        end = (uint64_t)UINT32_MAX + 1;
    }
    if (first < end) {
        roaring_bitmap_add_range_closed(s->r, first, (uint32_t)(end - 1));
    }
    return true;
}

void audience_set_remove(struct audience_set *s, uint32_t id)
{
    roaring_bitmap_remove(s->r, id);
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
    if (a != b) {
        roaring_bitmap_and_inplace(a->r, b->r);
    }
    return true;
}

bool audience_set_or(struct audience_set *a, const struct audience_set *b)
{
    if (a != b) {
        roaring_bitmap_or_inplace(a->r, b->r);
    }
    return true;
}

bool audience_set_andnot(struct audience_set *a, const struct audience_set *b)
{
    if (a == b) {
        roaring_bitmap_clear(a->r);
    } else {
        roaring_bitmap_andnot_inplace(a->r, b->r);
    }
    return true;
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
    if (!ok || !r) {
        bitmap_free(r);
        return false;
    }
    roaring_bitmap_or_inplace(s->r, r);
    roaring_bitmap_free(r);
    return true;
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

/* Container after container: each set's as words once, which then are in the cache for all the pairs. */
static void overlap_container(struct bitmap_view *views, size_t n, uint32_t container,
                              uint64_t (*words)[CONTAINER_WORDS], bool *any, uint64_t *counts)
{
    for (size_t i = 0; i < n; i++) {
        any[i] = bitmap_view_words(&views[i], container, words[i]);
        for (size_t k = 0; any[i] && k <= i; k++) {
            counts[i * n + k] += any[k] ? words_and_count(words[i], words[k], CONTAINER_WORDS) : 0;
        }
    }
}

bool audience_sets_overlap(const struct audience_set *const *sets, size_t n, uint64_t *counts)
{
    uint64_t(*words)[CONTAINER_WORDS] = malloc((n + 1) * sizeof(*words));
    bool *any = calloc(n + 1, sizeof(*any));
    struct bitmap_view *views = calloc(n + 1, sizeof(*views));
    bool ok = words && any && views;
    uint32_t last = 0;
    memset(counts, 0, n * n * sizeof(*counts));
    for (size_t i = 0; ok && i < n; i++) {
        uint32_t most = roaring_bitmap_is_empty(sets[i]->r) ? 0 : roaring_bitmap_maximum(sets[i]->r);
        last = most > last ? most : last;
        ok = bitmap_view_open(&views[i], sets[i]->r);
    }
    for (uint32_t c = 0; ok && c <= last >> 16; c++) {
        overlap_container(views, n, c, words, any, counts);
    }
    for (size_t i = 0; i < n * n; i++) {
        counts[i] = i / n < i % n ? counts[i % n * n + i / n] : counts[i];
    }
    for (size_t i = 0; views && i < n; i++) {
        bitmap_view_free(&views[i]);
    }
    free(views);
    free(words);
    free(any);
    return ok;
}

size_t audience_set_read(const struct audience_set *s, uint32_t from, uint32_t *ids, size_t max)
{
    roaring_uint32_iterator_t it;
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
    struct audience_set *s = malloc(sizeof(*s));
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
    roaring_bitmap_run_optimize(s->r);
    roaring_bitmap_shrink_to_fit(s->r);
}
