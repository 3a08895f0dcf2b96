/* Tests of packed rows, 64 to a word, agree with a look at each row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audience/eval_scan.h"
#include "base/random.h"

#define ROWS 300

static bool is_even(const void *ctx, int64_t value)
{
    (void)ctx;
    return value % 2 == 0;
}

static bool expected(int64_t v, const struct scan_test *t)
{
    if (v == PACKED_UNSET)
        return false;
    bool pass = false;
    if (t->kind == SCAN_RANGE)
        pass = v >= t->low && v <= t->high;
    else if (t->kind == SCAN_CODES)
        pass = v >= 0 && v < (int64_t)t->n_codes && (t->codes[v / 64] >> (v % 64) & 1);
    else
        pass = v % 2 == 0;
    return t->outside ? !pass : pass;
}

static void check(const int64_t *values, uint32_t n, const struct scan_test *t)
{
    struct buf b = { 0 };
    assert_true(packed_encode(&b, values, n));
    struct packed p;
    assert_true(packed_open(&p, b.data, b.len, NULL));
    uint64_t a[SCAN_WORDS(ROWS) + 1], c[SCAN_WORDS(ROWS) + 1];
    memset(a, 0xAA, sizeof a);
    memset(c, 0xAA, sizeof c);
    scan_rows(&p, n, t, a);
    scan_values(values, n, t, c);
    for (uint32_t i = 0; i < SCAN_WORDS(n) * 64; i++) {
        bool want = i < n && expected(values[i], t);
        assert_int_equal(a[i / 64] >> (i % 64) & 1, want);
        assert_int_equal(c[i / 64] >> (i % 64) & 1, want);
        if (i < n)
            assert_int_equal(scan_value(values[i], t), want);
    }
    assert_true(a[SCAN_WORDS(n)] == UINT64_C(0xAAAAAAAAAAAAAAAA));
    buf_free(&b);
}

static int64_t random_value(struct rnd *r, unsigned spread)
{
    static const int64_t bases[] = { 0, -1000, 1000000, INT64_MIN / 2, INT64_MAX - 5, INT64_MIN + 1 };
    switch (spread) {
    case 0: return PACKED_UNSET;
    case 1: return 7;
    case 2: return (int64_t)rnd_below(r, 200) - 100;
    case 3: return (int64_t)rnd_below(r, 60000) + 5;
    case 4: return (int64_t)rnd_below(r, UINT64_C(4000000000)) - 2000000000;
    default: return bases[rnd_below(r, 6)] + (int64_t)rnd_below(r, 3);
    }
}

static void test_every_width_agrees_with_a_look_at_each_row(void **state)
{
    (void)state;
    struct rnd r;
    rnd_seed(&r, 5);
    uint64_t codes[4] = { UINT64_C(0x8000000000000082), 5, 0, UINT64_C(1) << 63 };
    for (int round = 0; round < 3000; round++) {
        int64_t v[ROWS];
        uint32_t n = 1 + (uint32_t)rnd_below(&r, ROWS);
        unsigned spread = (unsigned)rnd_below(&r, 6);
        for (uint32_t i = 0; i < n; i++)
            v[i] = rnd_below(&r, 5) == 0 ? PACKED_UNSET : random_value(&r, spread);
        struct scan_test t = { .kind = (enum scan_kind)rnd_below(&r, 3), .outside = rnd_below(&r, 2) };
        t.low = rnd_below(&r, 4) ? random_value(&r, spread ? spread : 2) : SCAN_LOWEST;
        t.high = rnd_below(&r, 4) ? random_value(&r, spread ? spread : 2) : INT64_MAX;
        t.codes = codes;
        t.n_codes = 256;
        t.fn = is_even;
        check(v, n, &t);
    }
}

static void test_bounds_at_the_ends(void **state)
{
    (void)state;
    const int64_t v[] = { PACKED_UNSET, SCAN_LOWEST, -1, 0, 1, INT64_MAX };
    static const struct scan_test tests[] = {
        { .low = SCAN_LOWEST, .high = INT64_MAX },
        { .low = SCAN_LOWEST, .high = INT64_MAX, .outside = true },
        { .low = 1, .high = 0 },
        { .low = 1, .high = 0, .outside = true },
        { .low = SCAN_LOWEST, .high = SCAN_LOWEST },
        { .low = INT64_MAX, .high = INT64_MAX },
        { .low = 0, .high = 0, .outside = true },
    };
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)
        for (uint32_t from = 0; from < 6; from++)
            check(v + from, 6 - from, &tests[i]);
}

static void test_rows_past_the_block_are_unset(void **state)
{
    (void)state;
    const int64_t v[3] = { 1, 2, 3 };
    struct buf b = { 0 };
    struct packed p;
    uint64_t words[4];
    memset(words, 0xFF, sizeof words);
    assert_true(packed_encode(&b, v, 3) && packed_open(&p, b.data, b.len, NULL));
    const struct scan_test t = { .low = 2, .high = 9 };
    scan_rows(&p, 200, &t, words);
    assert_int_equal(words[0], 6);
    assert_int_equal(words[1] | words[2] | words[3], 0);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_width_agrees_with_a_look_at_each_row),
        cmocka_unit_test(test_bounds_at_the_ends),
        cmocka_unit_test(test_rows_past_the_block_are_unset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
