#include "base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static void the_stable_hash_never_changes(void **state)
{
    (void)state;
    /* Stored and shown values depend on these; a new value here breaks holdouts of every installation. */
    static const struct {
        const char *text;
        uint64_t hash;
    } rows[] = {
        { "", UINT64_C(0xf52a15e9a9b5e89b) },
        { "a", UINT64_C(0x02c0bdbf481420f8) },
        { "spring:+447700900123", UINT64_C(0x4f850a7c1ec359c8) },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t got = hash_stable(rows[i].text, strlen(rows[i].text));
        if (got != rows[i].hash) {
            fail_msg("\"%s\" is %016llx", rows[i].text, (unsigned long long)got);
        }
    }
    /* what is mixed is FNV-1a: its value of "a", as its authors publish it */
    assert_true(hash_stable("a", 1) == hash_u64(UINT64_C(0xaf63dc4c8601ec8c)));
}

static void the_mixer_is_splitmix64s(void **state)
{
    (void)state;
    /* the first outputs of splitmix64 from state 0, as its authors publish them */
    assert_true(hash_u64(UINT64_C(0x9e3779b97f4a7c15)) == UINT64_C(0xe220a8397b1dcdaf));
    assert_true(hash_u64(UINT64_C(0x9e3779b97f4a7c15) * 2) == UINT64_C(0x6e789e6aa1b965f4));
    assert_true(hash_u64(0) == 0);
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void short_inputs_do_not_collide(void **state)
{
    (void)state;
    /* all inputs of 0 to 2 octets, and one changed octet at each place of longer ones */
    enum { COUNT = 1 + 256 + 65536 + 64 * 255 };
    uint64_t *seen = malloc(COUNT * sizeof *seen);
    size_t n = 0;
    uint8_t raw[64] = { 0 };
    seen[n++] = hash_bytes(raw, 0, 7);
    for (int a = 0; a < 256; a++) {
        raw[0] = (uint8_t)a;
        seen[n++] = hash_bytes(raw, 1, 7);
        for (int b = 0; b < 256; b++) {
            raw[1] = (uint8_t)b;
            seen[n++] = hash_bytes(raw, 2, 7);
        }
    }
    memset(raw, 0, sizeof raw);
    for (size_t at = 0; at < sizeof raw; at++) {
        for (int v = 1; v < 256; v++) {
            raw[at] = (uint8_t)v;
            seen[n++] = hash_bytes(raw, sizeof raw, 7);
        }
        raw[at] = 0;
    }
    assert_int_equal(n, COUNT);
    qsort(seen, n, sizeof *seen, by_value);
    for (size_t i = 1; i < n; i++) {
        assert_true(seen[i] != seen[i - 1]);
    }
    free(seen);
}

static void length_and_seed_matter(void **state)
{
    (void)state;
    uint8_t zeros[64] = { 0 };
    for (size_t a = 0; a < sizeof zeros; a++) {
        assert_true(hash_bytes(zeros, a, 1) != hash_bytes(zeros, a, 2));
        for (size_t b = 0; b < a; b++) {
            assert_true(hash_bytes(zeros, a, 1) != hash_bytes(zeros, b, 1));
        }
    }
}

static void each_input_bit_moves_about_half_of_the_output(void **state)
{
    (void)state;
    for (size_t n = 1; n <= 40; n++) {
        uint8_t raw[40] = { 0 };
        for (size_t i = 0; i < n; i++) {
            raw[i] = (uint8_t)(i * 37 + 11);
        }
        uint64_t base = hash_bytes(raw, n, 9);
        unsigned moved = 0;
        for (size_t bit = 0; bit < n * 8; bit++) {
            raw[bit / 8] ^= (uint8_t)(1u << bit % 8);
            unsigned bits = (unsigned)__builtin_popcountll(base ^ hash_bytes(raw, n, 9));
            raw[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_in_range(bits, 8, 56);
            moved += bits;
        }
        assert_in_range(moved / (n * 8), 24, 40);
    }
}

/* The vectors of the reference implementation: key 00 01 .. 0f, input 00 01 .. of growing length. */
static void test_keyed_is_siphash_2_4(void **state)
{
    static const struct {
        size_t n;
        uint64_t hash;
    } rows[] = {
        { 0, UINT64_C(0x726fdb47dd0e0e31) },
        { 1, UINT64_C(0x74f839c593dc67fd) },
        { 8, UINT64_C(0x93f5f5799a932462) },
        { 15, UINT64_C(0xa129ca6149be45e5) },
    };
    const uint64_t key[2] = { UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908) };
    uint8_t in[16];
    (void)state;
    for (size_t i = 0; i < sizeof in; i++) {
        in[i] = (uint8_t)i;
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_true(hash_keyed(in, rows[i].n, key) == rows[i].hash);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keyed_is_siphash_2_4),
        cmocka_unit_test(the_stable_hash_never_changes),
        cmocka_unit_test(the_mixer_is_splitmix64s),
        cmocka_unit_test(short_inputs_do_not_collide),
        cmocka_unit_test(length_and_seed_matter),
        cmocka_unit_test(each_input_bit_moves_about_half_of_the_output),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
