#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/random.h"
#include "store/packed.h"

#include <string.h>

#define U PACKED_UNSET

static void check_round_trip(const int64_t *values, uint32_t n, int width)
{
    struct buf b = { 0 };
    struct packed p;
    size_t used;
    int64_t out[64];
    assert_true(packed_encode(&b, values, n));
    assert_true(packed_open(&p, b.data, b.len, &used));
    assert_int_equal(used, b.len);
    assert_int_equal(p.rows, n);
    assert_int_equal(p.width, width);
    packed_unpack(&p, 0, n, out);
    for (uint32_t i = 0; i < n; i++) {
        assert_true(out[i] == values[i]);
        assert_true(packed_get(&p, i) == values[i]);
    }
    buf_free(&b);
}

static void the_width_fits_the_values(void **state)
{
    (void)state;
    static const struct {
        int64_t values[4];
        uint32_t n;
        int width;
    } cases[] = {
        { { U, U, U }, 3, 0 },
        { { 0 }, 0, 0 },
        { { 1, 255, U }, 3, 1 },
        { { 1, 256, 3 }, 3, 2 },
        { { 1, 65535, 3 }, 3, 2 },
        { { 1, 65536, 3 }, 3, 4 },
        { { 70000, 70254, U }, 3, 1 }, /* far from 0, near each other */
        { { 70000, 70255, U }, 3, 2 },
        { { -5, 5, U }, 3, 1 },
        { { 20000, 20001, 20002 }, 3, 1 }, /* dates */
        { { 0, UINT32_MAX, U }, 3, 8 },
        { { 1, UINT32_MAX, U }, 3, 4 },
        { { INT64_MIN + 1, INT64_MAX, 0, U }, 4, 8 },
        { { INT64_MAX, U }, 2, 1 },
        { { INT64_MIN + 1, U }, 2, 1 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        check_round_trip(cases[i].values, cases[i].n, cases[i].width);
    }
}

/* Given any values and any range, when the range is put on the stored numbers, then it selects the same rows.
 */
static void a_range_selects_the_same_rows_packed(void **state)
{
    (void)state;
    static const uint64_t spreads[] = { 3, 200, 255, 256, 60000, 1000000, UINT64_C(1) << 40, UINT64_MAX };
    struct rnd r;
    struct buf b = { 0 };
    rnd_seed(&r, 7);
    for (int round = 0; round < 4000; round++) {
        uint64_t spread = spreads[rnd_below(&r, 8)];
        int64_t values[16], base = (int64_t)(rnd_u64(&r) >> rnd_below(&r, 63));
        struct packed p;
        for (int i = 0; i < 16; i++) {
            values[i] = rnd_below(&r, 5) == 0 ? U : (int64_t)((uint64_t)base + rnd_below(&r, spread));
        }
        int64_t low = rnd_below(&r, 10) ? values[rnd_below(&r, 16)] : INT64_MIN;
        int64_t high = rnd_below(&r, 10) ? values[rnd_below(&r, 16)] : INT64_MAX;
        buf_clear(&b);
        assert_true(packed_encode(&b, values, 16));
        assert_true(packed_open(&p, b.data, b.len, NULL));
        uint64_t ulow = 1, uhigh = 0;
        bool any = packed_bounds(&p, low, high, &ulow, &uhigh);
        for (uint32_t i = 0; i < 16; i++) {
            bool want = values[i] != U && values[i] >= low && values[i] <= high;
            bool have = any && packed_raw(&p, i) >= ulow && packed_raw(&p, i) <= uhigh;
            assert_int_equal(have, want);
        }
    }
    buf_free(&b);
}

static void torn_blocks_are_refused(void **state)
{
    (void)state;
    struct buf b = { 0 };
    struct packed p;
    const int64_t values[] = { 1, 2, 300 };
    assert_true(packed_encode(&b, values, 3));
    for (size_t n = 0; n < b.len; n++) {
        assert_false(packed_open(&p, b.data, n, NULL));
    }
    static const struct {
        size_t at;
        uint8_t value;
    } bad[] = { { 12, 3 }, { 12, 16 }, { 13, 0 }, { 13, 9 }, { 14, 1 }, { 15, 1 }, { 11, 0x80 } };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        uint8_t copy[64];
        memcpy(copy, b.data, b.len);
        copy[bad[i].at] = bad[i].value;
        assert_false(packed_open(&p, copy, b.len, NULL));
    }
    buf_free(&b);
}

static void a_place_keeps_both_degrees(void **state)
{
    (void)state;
    static const int32_t cases[][2] = {
        { 0, 0 }, { 500800000, 144300000 }, { -338688000, 1512093000 }, { 900000000, -1800000000 }, { -1, -1 }
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t p = packed_place(cases[i][0], cases[i][1]);
        assert_int_equal(packed_latitude_e7(p), cases[i][0]);
        assert_int_equal(packed_longitude_e7(p), cases[i][1]);
        assert_true(p != PACKED_UNSET);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_width_fits_the_values),
        cmocka_unit_test(a_range_selects_the_same_rows_packed),
        cmocka_unit_test(torn_blocks_are_refused),
        cmocka_unit_test(a_place_keeps_both_degrees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
