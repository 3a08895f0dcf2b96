#include "base/buf.h"
#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static void it_grows_and_reads_back_in_network_order(void **state)
{
    (void)state;
    struct buf b = { 0 };
    assert_true(buf_put_u8(&b, 0x01));
    assert_true(buf_put_u16(&b, 0x0203));
    assert_true(buf_put_u32(&b, 0x04050607));
    assert_true(buf_put_u64(&b, UINT64_C(0x08090a0b0c0d0e0f)));
    static const uint8_t want[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
    assert_int_equal(b.len, sizeof want);
    assert_memory_equal(b.data, want, sizeof want);

    struct rd r = rd_from(b.data, b.len);
    assert_int_equal(rd_u8(&r), 0x01);
    assert_int_equal(rd_u16(&r), 0x0203);
    assert_int_equal(rd_u32(&r), 0x04050607);
    assert_true(rd_u64(&r) == UINT64_C(0x08090a0b0c0d0e0f));
    assert_int_equal(rd_left(&r), 0);
    assert_false(r.failed);
    buf_free(&b);
    assert_null(b.data);
    assert_int_equal(b.cap, 0);
}

static void growth_keeps_the_content(void **state)
{
    (void)state;
    struct buf b = { 0 };
    for (uint32_t i = 0; i < 10000; i++) {
        assert_true(buf_put_u32(&b, i * 2654435761u));
    }
    for (uint32_t i = 0; i < 10000; i++) {
        assert_int_equal(be_get32(b.data + 4 * (size_t)i), i * 2654435761u);
    }
    buf_free(&b);
}

static void the_limit_is_exact_and_the_failure_sticks(void **state)
{
    (void)state;
    for (size_t limit = 1; limit < 200; limit += 7) {
        struct buf b = { .limit = limit };
        for (size_t i = 0; i < limit; i++) {
            assert_true(buf_put_u8(&b, (uint8_t)i));
        }
        assert_int_equal(strlen(buf_cstr(&b)), 0); /* first octet is 0; the NUL fits above the limit */
        assert_false(buf_put_u8(&b, 1));
        assert_true(b.failed);
        assert_int_equal(b.len, limit);
        assert_false(buf_put(&b, "", 0));
        assert_string_equal(buf_cstr(&b), "");
        buf_clear(&b);
        assert_true(buf_put_u8(&b, 'x'));
        assert_string_equal(buf_cstr(&b), "x");
        assert_false(buf_reserve(&b, SIZE_MAX));
        buf_free(&b);
    }
}

static void an_absurd_size_fails_without_overflow(void **state)
{
    (void)state;
    struct buf b = { 0 };
    assert_true(buf_put_u8(&b, 1));
    assert_false(buf_reserve(&b, SIZE_MAX));
    assert_true(b.failed);
    buf_free(&b);
}

static void text_is_formatted_whole_or_not_at_all(void **state)
{
    (void)state;
    struct buf b = { 0 };
    assert_string_equal(buf_cstr(&b), "");
    for (int width = 0; width < 300; width++) {
        buf_clear(&b);
        assert_true(buf_printf(&b, "%s", "<"));
        assert_true(buf_printf(&b, "%*s>", width, ""));
        assert_int_equal(b.len, width + 2);
        assert_int_equal(strlen(buf_cstr(&b)), width + 2);
        assert_int_equal(b.data[width + 1], '>');
    }
    buf_free(&b);

    struct buf small = { .limit = 4 };
    assert_true(buf_printf(&small, "%d", 1234));
    assert_false(buf_printf(&small, "%d", 5));
    assert_int_equal(small.len, 4);
    buf_free(&small);
}

static void fixed_places_and_the_front_can_be_changed(void **state)
{
    (void)state;
    struct buf b = { 0 };
    buf_put(&b, "....abcdef", 10);
    buf_set_u32(&b, 0, 0x30313233);
    buf_set_u32(&b, 7, 0x41414141);        /* would end outside: ignored */
    buf_set_u32(&b, SIZE_MAX, 0x41414141); /* the same */
    assert_string_equal(buf_cstr(&b), "0123abcdef");
    buf_consume(&b, 4);
    assert_string_equal(buf_cstr(&b), "abcdef");
    buf_consume(&b, 0);
    assert_int_equal(b.len, 6);
    buf_consume(&b, 7);
    assert_int_equal(b.len, 0);
    buf_free(&b);
}

static void varints_round_trip(void **state)
{
    (void)state;
    struct rnd rnd;
    rnd_seed(&rnd, 1);
    for (int i = 0; i < 20000; i++) {
        uint64_t v = rnd_u64(&rnd) >> rnd_below(&rnd, 64);
        struct buf b = { 0 };
        buf_put_varint(&b, v);
        buf_put_svarint(&b, (int64_t)v);
        buf_put_svarint(&b, (int64_t)(0 - v));
        struct rd r = rd_from(b.data, b.len);
        assert_true(rd_varint(&r) == v);
        assert_true(rd_svarint(&r) == (int64_t)v);
        assert_true(rd_svarint(&r) == (int64_t)(0 - v));
        assert_false(r.failed);
        assert_int_equal(rd_left(&r), 0);
        buf_free(&b);
    }
    static const int64_t edges[] = { 0, -1, 1, INT64_MIN, INT64_MAX };
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
        struct buf b = { 0 };
        buf_put_svarint(&b, edges[i]);
        struct rd r = rd_from(b.data, b.len);
        assert_true(rd_svarint(&r) == edges[i]);
        buf_free(&b);
    }
}

static void a_varint_that_is_torn_or_too_long_fails(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        bool good;
        uint64_t value;
    } rows[] = {
        { "00", true, 0 },
        { "7f", true, 127 },
        { "8001", true, 128 },
        { "ffffffffffffffffff01", true, UINT64_MAX },
        { "ffffffffffffffffff02", false, 0 },   /* bit 64 */
        { "ffffffffffffffffff81", false, 0 },   /* an eleventh octet announced */
        { "8080808080808080808000", false, 0 }, /* eleven octets */
        { "80", false, 0 },
        { "", false, 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t raw[16];
        long n = hex_decode(strv_from(rows[i].hex), raw, sizeof raw);
        assert_true(n >= 0);
        struct rd r = rd_from(raw, (size_t)n);
        assert_true(rd_varint(&r) == rows[i].value);
        assert_int_equal(r.failed, !rows[i].good);
    }
}

static void a_failed_reader_stays_failed_and_gives_nothing(void **state)
{
    (void)state;
    struct rd r = rd_from("\x01\x02\x03", 3);
    assert_int_equal(rd_u32(&r), 0);
    assert_true(r.failed);
    assert_int_equal(rd_left(&r), 0);
    assert_int_equal(rd_u8(&r), 0);
    assert_int_equal(rd_bytes(&r, 0).n, 0);
    assert_null(rd_cstr(&r, 3).p);

    r = rd_from(NULL, 0);
    assert_int_equal(rd_left(&r), 0);
    assert_int_equal(rd_bytes(&r, 0).n, 0);
    assert_false(r.failed);
    assert_int_equal(rd_bytes(&r, SIZE_MAX).n, 0);
    assert_true(r.failed);
}

static void a_c_octet_string_needs_its_nul_in_range(void **state)
{
    (void)state;
    struct rd r = rd_from("abc\0de", 6);
    assert_true(strv_eq_c(rd_cstr(&r, 4), "abc"));
    assert_false(r.failed);
    assert_int_equal(rd_left(&r), 2);
    rd_cstr(&r, 10); /* "de" has no NUL */
    assert_true(r.failed);

    r = rd_from("abc\0de", 6);
    rd_cstr(&r, 3); /* the NUL is the fourth octet */
    assert_true(r.failed);

    r = rd_from("\0", 1);
    assert_int_equal(rd_cstr(&r, 1).n, 0);
    assert_false(r.failed);

    r = rd_from("\0", 1);
    rd_cstr(&r, 0);
    assert_true(r.failed);
}

static void strings_with_lengths_round_trip(void **state)
{
    (void)state;
    struct buf b = { 0 };
    buf_put_lstr(&b, STRV("hello"));
    buf_put_lstr(&b, STRV(""));
    struct rd r = rd_from(b.data, b.len);
    assert_true(strv_eq_c(rd_lstr(&r), "hello"));
    assert_int_equal(rd_lstr(&r).n, 0);
    assert_false(r.failed);
    r = rd_from(b.data, 5); /* cut inside */
    assert_null(rd_lstr(&r).p);
    assert_true(r.failed);
    buf_free(&b);

    uint8_t huge[10];
    memset(huge, 0xff, 9);
    huge[9] = 1;
    r = rd_from(huge, sizeof huge); /* announces 2^64 - 1 octets */
    assert_null(rd_lstr(&r).p);
    assert_true(r.failed);
}

static void random_reads_never_leave_the_input(void **state)
{
    (void)state;
    struct rnd rnd;
    rnd_seed(&rnd, 2);
    for (int round = 0; round < 5000; round++) {
        uint8_t raw[24];
        size_t n = (size_t)rnd_below(&rnd, sizeof raw + 1);
        for (size_t i = 0; i < n; i++) {
            raw[i] = (uint8_t)rnd_u64(&rnd);
        }
        struct rd r = rd_from(raw, n);
        for (int i = 0; i < 12 && !r.failed; i++) {
            size_t before = rd_left(&r);
            struct strv s = { NULL, 0 };
            switch (rnd_below(&rnd, 5)) {
            case 0: rd_u16(&r); break;
            case 1: rd_varint(&r); break;
            case 2: s = rd_bytes(&r, (size_t)rnd_below(&rnd, 10)); break;
            case 3: s = rd_cstr(&r, (size_t)rnd_below(&rnd, 10)); break;
            default: s = rd_lstr(&r); break;
            }
            assert_true(rd_left(&r) <= before);
            assert_true(r.p >= raw && r.p <= raw + n);
            if (s.n) {
                assert_true((const uint8_t *)s.p >= raw && (const uint8_t *)s.p + s.n <= raw + n);
            }
        }
    }
}

static void hexadecimal_round_trips(void **state)
{
    (void)state;
    uint8_t all[256], back[256];
    char text[513];
    for (int i = 0; i < 256; i++) {
        all[i] = (uint8_t)i;
    }
    hex_encode(all, sizeof all, text);
    assert_int_equal(strlen(text), 512);
    assert_memory_equal(text, "000102", 6);
    assert_int_equal(hex_decode(strv_from(text), back, sizeof back), 256);
    assert_memory_equal(all, back, 256);
    assert_int_equal(hex_decode(STRV("DEADbeef"), back, 4), 4);
    assert_memory_equal(back, "\xde\xad\xbe\xef", 4);
    assert_int_equal(hex_decode(STRV(""), back, 0), 0);
    assert_int_equal(hex_decode(STRV("abc"), back, 4), -1);
    assert_int_equal(hex_decode(STRV("ag"), back, 4), -1);
    assert_int_equal(hex_decode(STRV("abcd"), back, 1), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_grows_and_reads_back_in_network_order),
        cmocka_unit_test(growth_keeps_the_content),
        cmocka_unit_test(the_limit_is_exact_and_the_failure_sticks),
        cmocka_unit_test(an_absurd_size_fails_without_overflow),
        cmocka_unit_test(text_is_formatted_whole_or_not_at_all),
        cmocka_unit_test(fixed_places_and_the_front_can_be_changed),
        cmocka_unit_test(varints_round_trip),
        cmocka_unit_test(a_varint_that_is_torn_or_too_long_fails),
        cmocka_unit_test(a_failed_reader_stays_failed_and_gives_nothing),
        cmocka_unit_test(a_c_octet_string_needs_its_nul_in_range),
        cmocka_unit_test(strings_with_lengths_round_trip),
        cmocka_unit_test(random_reads_never_leave_the_input),
        cmocka_unit_test(hexadecimal_round_trips),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
