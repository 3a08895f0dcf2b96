#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audience/set.h"
#include "base/random.h"

#include <stdlib.h>
#include <string.h>

#define SPAN (5 * 65536u)

/* A set of every kind of container: sparse, dense, runs, empty. */
static struct audience_set *random_set(struct rnd *r, bool *model)
{
    struct audience_set *s = audience_set_new();
    memset(model, 0, SPAN);
    for (uint32_t c = 0; c < SPAN / 65536; c++) {
        uint32_t base = c * 65536;
        uint64_t kind = rnd_below(r, 4);
        for (int i = 0; kind == 1 && i < 300; i++) {
            model[base + rnd_below(r, 65536)] = true;
        }
        for (uint32_t i = 0; kind == 2 && i < 65536; i++) {
            model[base + i] = rnd_below(r, 3) == 0;
        }
        for (int i = 0; kind == 3 && i < 5; i++) {
            uint32_t from = (uint32_t)rnd_below(r, 65536), n = (uint32_t)rnd_below(r, 65536 - from + 1);
            memset(model + base + from, 1, n);
            audience_set_add_range(s, base + from, (uint64_t)base + from + n);
        }
    }
    for (uint32_t i = 0; i < SPAN; i++) {
        if (model[i]) {
            audience_set_add(s, i);
        }
    }
    if (rnd_below(r, 2)) {
        audience_set_compact(s);
    }
    return s;
}

static void check(const struct audience_set *s, const bool *model)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < SPAN; i++) {
        n += model[i];
        assert_int_equal(audience_set_contains(s, i), model[i]);
    }
    assert_int_equal(audience_set_count(s), n);
    assert_int_equal(audience_set_empty(s), n == 0);
}

static void operations_agree_with_an_array(void **state)
{
    (void)state;
    static bool a[SPAN], b[SPAN], want[SPAN];
    struct rnd r;
    rnd_seed(&r, 1);
    for (int round = 0; round < 12; round++) {
        struct audience_set *x = random_set(&r, a), *y = random_set(&r, b);
        uint64_t both = 0;
        for (uint32_t i = 0; i < SPAN; i++) {
            want[i] = round % 3 == 0 ? a[i] && b[i] : round % 3 == 1 ? a[i] || b[i] : a[i] && !b[i];
            both += a[i] && b[i];
        }
        assert_int_equal(audience_set_and_count(x, y), both);
        struct audience_set *z = audience_set_copy(x);
        assert_true(round % 3 == 0   ? audience_set_and(z, y)
                    : round % 3 == 1 ? audience_set_or(z, y)
                                     : audience_set_andnot(z, y));
        check(z, want);
        check(x, a); /* the others stay */
        check(y, b);
        assert_int_equal(audience_set_equal(x, z), memcmp(a, want, SPAN) == 0);
        audience_set_free(x);
        audience_set_free(y);
        audience_set_free(z);
    }
}

static void a_set_with_itself(void **state)
{
    (void)state;
    struct audience_set *s = audience_set_new();
    audience_set_add_range(s, 5, 10);
    audience_set_and(s, s);
    audience_set_or(s, s);
    assert_int_equal(audience_set_count(s), 5);
    audience_set_andnot(s, s);
    assert_true(audience_set_empty(s));
    audience_set_free(s);
    audience_set_free(NULL);
}

/* Given words at any multiple of 64, then they go in and come out as they were. */
static void words_go_in_and_out(void **state)
{
    (void)state;
    static bool model[SPAN];
    static uint64_t words[SPAN / 64];
    struct rnd r;
    rnd_seed(&r, 2);
    for (int round = 0; round < 12; round++) {
        struct audience_set *from = random_set(&r, model);
        uint32_t first = (uint32_t)rnd_below(&r, SPAN / 64) * 64;
        size_t n = rnd_below(&r, (SPAN - first) / 64 + 1);
        audience_set_words(from, first, words, n);
        for (size_t i = 0; i < n * 64; i++) {
            assert_int_equal(words[i / 64] >> (i % 64) & 1, model[first + i]);
        }
        struct audience_set *into = audience_set_new();
        audience_set_add(into, 3);
        assert_true(audience_set_add_words(into, first, words, n));
        for (uint32_t i = 0; i < SPAN; i++) {
            bool want = i == 3 || (i >= first && i < first + n * 64 && model[i]);
            assert_int_equal(audience_set_contains(into, i), want);
        }
        audience_set_free(from);
        audience_set_free(into);
    }
}

static void the_last_ids_there_can_be(void **state)
{
    (void)state;
    uint64_t words[3] = { UINT64_MAX, UINT64_MAX, UINT64_MAX };
    uint32_t ids[4];
    struct audience_set *s = audience_set_new();
    assert_true(audience_set_add_words(s, UINT32_MAX - 127, words, 3)); /* the third is past the end */
    assert_int_equal(audience_set_count(s), 128);
    assert_int_equal(audience_set_read(s, UINT32_MAX - 1, ids, 4), 2);
    assert_int_equal(ids[1], UINT32_MAX);
    audience_set_words(s, UINT32_MAX - 63, words, 1);
    assert_true(words[0] == UINT64_MAX);
    audience_set_clear(s);
    assert_true(audience_set_add_range(s, UINT32_MAX, UINT64_MAX));
    assert_int_equal(audience_set_count(s), 1);
    audience_set_free(s);
}

static bool sum(void *ctx, uint32_t id)
{
    uint64_t *n = ctx;
    *n += id;
    return id < 30;
}

static void members_are_read_in_order(void **state)
{
    (void)state;
    static const uint32_t ids[] = { 70000, 10, 30, 20, 40 };
    uint32_t out[10];
    uint64_t n = 0;
    struct audience_set *s = audience_set_new();
    audience_set_add_many(s, ids, 5);
    audience_set_remove(s, 40);
    assert_int_equal(audience_set_read(s, 0, out, 2), 2);
    assert_int_equal(out[0], 10);
    assert_int_equal(out[1], 20);
    assert_int_equal(audience_set_read(s, 21, out, 10), 2);
    assert_int_equal(out[1], 70000);
    assert_int_equal(audience_set_read(s, 70001, out, 10), 0);
    audience_set_each(s, sum, &n);
    assert_int_equal(n, 60);
    audience_set_free(s);
}

static void a_serialised_set_comes_back(void **state)
{
    (void)state;
    static bool model[SPAN];
    struct rnd r;
    struct buf b = { 0 };
    struct err e = { 0 };
    rnd_seed(&r, 4);
    for (int round = 0; round < 12; round++) {
        struct audience_set *s = random_set(&r, model);
        buf_clear(&b);
        assert_true(audience_set_serialize(s, &b));
        struct audience_set *t = audience_set_deserialize((struct strv){ (char *)b.data, b.len }, &e);
        assert_non_null(t);
        assert_true(audience_set_equal(s, t));
        assert_null(audience_set_deserialize((struct strv){ (char *)b.data, b.len - 1 }, &e));
        assert_int_equal(e.code, ERR_CORRUPT);
        buf_put_u8(&b, 0);
        assert_null(audience_set_deserialize((struct strv){ (char *)b.data, b.len }, &e));
        audience_set_free(s);
        audience_set_free(t);
    }
    buf_free(&b);
}

/* Given octets that somebody changed, then they are refused, or they are another valid set: reading it back
 * gives as many members as it says, in order. */
static void changed_octets_never_make_a_broken_set(void **state)
{
    (void)state;
    static bool model[SPAN];
    struct rnd r;
    struct buf b = { 0 };
    int refused = 0;
    rnd_seed(&r, 5);
    for (int round = 0; round < 600; round++) {
        struct audience_set *s = random_set(&r, model);
        buf_clear(&b);
        audience_set_serialize(s, &b);
        audience_set_free(s);
        for (uint64_t i = 0; i <= rnd_below(&r, 3); i++) {
            size_t at = rnd_below(&r, rnd_below(&r, 2) && b.len > 60 ? 60 : b.len);
            b.data[at] = (uint8_t)rnd_u64(&r);
        }
        size_t n = rnd_below(&r, 4) ? b.len : rnd_below(&r, b.len + 1);
        struct audience_set *t = audience_set_deserialize((struct strv){ (char *)b.data, n }, NULL);
        refused += t == NULL;
        if (t) {
            uint32_t ids[512];
            uint64_t seen = 0, from = 0;
            for (size_t got; (got = audience_set_read(t, (uint32_t)from, ids, 512)) > 0; seen += got) {
                for (size_t i = 1; i < got; i++) {
                    assert_true(ids[i] > ids[i - 1]);
                }
                from = (uint64_t)ids[got - 1] + 1;
                if (from > UINT32_MAX) {
                    seen += got;
                    break;
                }
            }
            assert_int_equal(seen, audience_set_count(t));
        }
        audience_set_free(t);
    }
    assert_true(refused > 100);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operations_agree_with_an_array),
        cmocka_unit_test(a_set_with_itself),
        cmocka_unit_test(words_go_in_and_out),
        cmocka_unit_test(the_last_ids_there_can_be),
        cmocka_unit_test(members_are_read_in_order),
        cmocka_unit_test(a_serialised_set_comes_back),
        cmocka_unit_test(changed_octets_never_make_a_broken_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
