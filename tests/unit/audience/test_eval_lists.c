/* Rows of codes in windows, by the lists of a block: the same as by a look at each row, whatever the window;
 * and lists that lie are refused, and nothing besides is touched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audience/eval_fold.h"
#include "audience/eval_lists.h"
#include "audience/eval_scan.h"
#include "base/random.h"
#include "store/events_block.h"

enum { ROWS = 900, ATTRIBUTE = 72, FIRST = 3 * EVENTS_CUSTOMERS, DAY_S = 86400, START = 64 };

static struct events_rows random_rows(struct rnd *r, uint32_t codes, uint32_t days)
{
    static const uint16_t ids[] = { ATTRIBUTE };
    struct events_rows rows;
    assert_true(events_rows_alloc(&rows, ROWS, ids, 1));
    rows.coded = 1;
    for (uint32_t i = 0; i < ROWS; i++) {
        rows.customer[i] = FIRST + i / 5 * 181;
        rows.second[i] = (int64_t)rnd_below(r, days * UINT64_C(86400));
        rows.column[0][i] = rnd_below(r, 9) ? 1 + (int64_t)rnd_below(r, codes) : PACKED_UNSET;
    }
    return rows;
}

static bool passes(const struct events_rows *rows, uint32_t row, const uint8_t *codes, size_t n, int64_t from,
                   int64_t to)
{
    for (size_t i = 0; i < n; i++)
        if (rows->column[0][row] == codes[i])
            return rows->second[row] >= from && rows->second[row] <= to;
    return false;
}

static void check(const struct events_block *b, const struct events_rows *rows, const uint8_t *codes,
                  size_t n, int64_t from, int64_t to)
{
    static uint8_t small[2 * EVENTS_CUSTOMERS], small_want[2 * EVENTS_CUSTOMERS];
    static int64_t counts[2 * EVENTS_CUSTOMERS], counts_want[2 * EVENTS_CUSTOMERS];
    static uint64_t reached[2 * EVENTS_CUSTOMERS / 64 * FOLD_REACH];
    uint64_t words[SCAN_WORDS(ROWS)], want[SCAN_WORDS(ROWS)] = { 0 };
    struct lists_want w = { 0 };
    bool none;
    uint32_t number, expected = 0;
    size_t entries = 0;
    memset(small, 0, sizeof small);
    memset(small_want, 0, sizeof small_want);
    memset(counts, 0, sizeof counts);
    memset(counts_want, 0, sizeof counts_want);
    for (uint32_t row = 0; row < ROWS; row++)
        if (passes(rows, row, codes, n, from, to)) {
            const size_t cell = EVENTS_CUSTOMERS + (size_t)(rows->customer[row] - FIRST);
            want[row / 64] |= UINT64_C(1) << row % 64;
            small_want[cell]++;
            counts_want[cell]++;
            expected++;
        }
    if (!lists_want(b, ATTRIBUTE, from, to, &w, &none)) {
        assert_true(none);
        assert_int_equal(expected, 0);
        return;
    }
    w.cell = EVENTS_CUSTOMERS;
    lists_ahead(&w, codes, n);
    assert_true(lists_ahead_entries(&w, codes, n, &entries));
    assert_true(lists_words(&w, codes, n, words));
    assert_memory_equal(words, want, sizeof words);
    assert_true(lists_count_small(&w, codes, n, small));
    assert_memory_equal(small, small_want, sizeof small);
    assert_true(lists_count(&w, codes, n, counts));
    assert_memory_equal(counts, counts_want, sizeof counts);
    assert_true(lists_number(&w, codes, n, &number));
    assert_true(number >= expected);
    assert_int_equal(entries, number);
    for (unsigned k = 1; k <= FOLD_REACH; k++) {
        memset(reached, 0, sizeof reached);
        assert_true(lists_reached(&w, codes, n, k, reached));
        for (size_t cell = 0; cell < 2 * EVENTS_CUSTOMERS; cell++)
            for (unsigned i = 0; i < k; i++)
                assert_int_equal(reached[cell / 64 * k + i] >> cell % 64 & 1, small_want[cell] > i);
    }
}

static void lists_agree_with_the_rows(void **state)
{
    (void)state;
    static const uint32_t codes_of[] = { 2, 5, 14, 60, 255 };
    struct rnd r;
    rnd_seed(&r, 1);
    for (unsigned round = 0; round < 60; round++) {
        struct events_rows rows = random_rows(&r, codes_of[round % 5], round % 3 ? EVENTS_DAYS : 5);
        struct events_block b = { .first_customer = FIRST, .day = START };
        struct buf octets = { 0 };
        assert_true(events_block_encode(&octets, &rows, 0, ROWS) &&
                    events_block_decode(&b, octets.data, octets.len) && b.n_lists == 1);
        for (unsigned i = 0; i < 20; i++) {
            uint8_t codes[4] = { (uint8_t)(1 + rnd_below(&r, 255)) };
            size_t n = 1;
            if (i % 2)
                codes[0] = (uint8_t)(1 + rnd_below(&r, codes_of[round % 5]));
            for (; n < 1 + i % 4 && codes[n - 1] < 255; n++)
                codes[n] = (uint8_t)(codes[n - 1] + 1);
            int64_t from = (int64_t)rnd_below(&r, 40 * DAY_S) - 4 * DAY_S, to = from;
            to += (int64_t)rnd_below(&r, i % 5 ? 30 * DAY_S : 9000);
            if (i % 3 == 0) /* whole days */
                from -= from % DAY_S, to += DAY_S - 1 - to % DAY_S;
            check(&b, &rows, codes, n, from, to);
        }
        buf_free(&octets);
        events_rows_free(&rows);
    }
}

/* The arrays lie in memory of just their size: a sanitizer, if not the system, objects to anything beside. */
static void lists_that_lie_touch_nothing(void **state)
{
    (void)state;
    struct rnd r;
    struct buf good = { 0 };
    struct events_block b = { .first_customer = FIRST, .day = START };
    static const uint8_t codes[] = { 1, 2, 3, 9 };
    unsigned refused = 0;
    rnd_seed(&r, 2);
    struct events_rows rows = random_rows(&r, 9, EVENTS_DAYS);
    assert_true(events_block_encode(&good, &rows, 0, ROWS));
    uint8_t *octets = malloc(good.len), *small = malloc(EVENTS_CUSTOMERS);
    int64_t *counts = calloc(EVENTS_CUSTOMERS, sizeof *counts);
    uint64_t *words = malloc(SCAN_WORDS(ROWS) * sizeof *words);
    uint64_t *reached = calloc(EVENTS_CUSTOMERS / 32, sizeof *reached);
    memset(small, 0, EVENTS_CUSTOMERS);
    for (unsigned round = 0; round < 4000; round++) {
        struct lists_want w = { 0 };
        bool none;
        uint32_t number;
        size_t entries = 0;
        memcpy(octets, good.data, good.len);
        for (unsigned i = 0; i < 1 + round % 40; i++)
            octets[rnd_below(&r, good.len)] = (uint8_t)rnd_below(&r, 256);
        if (!events_block_decode(&b, octets, good.len) ||
            !lists_want(&b, ATTRIBUTE, 3 * DAY_S + 77, 20 * DAY_S, &w, &none)) {
            refused++;
            continue;
        }
        lists_ahead(&w, codes, 4);
        bool whole = lists_ahead_entries(&w, codes, 4, &entries);
        whole &= lists_words(&w, codes, 4, words);
        whole &= lists_count_small(&w, codes, 4, small);
        whole &= lists_count(&w, codes, 4, counts);
        whole &= lists_reached(&w, codes, 4, 2, reached);
        whole &= lists_number(&w, codes, 4, &number);
        refused += !whole;
    }
    assert_true(refused > 100 && refused < 4000);
    free(octets);
    free(small);
    free(counts);
    free(words);
    free(reached);
    buf_free(&good);
    events_rows_free(&rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_agree_with_the_rows),
        cmocka_unit_test(lists_that_lie_touch_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
