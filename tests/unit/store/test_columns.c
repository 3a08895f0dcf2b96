#include "audience_store.h"

#include "base/random.h"
#include "store/columns.h"

#define CUSTOMERS (3 * COLUMN_ROWS + 17)

/* Given random changes in several transactions, then every value is what an array says, and blocks hold it.
 */
static void columns_hold_what_was_put(void **state)
{
    struct scratch *s = *state;
    struct rnd r;
    int64_t *want = malloc(CUSTOMERS * sizeof(*want));
    struct column_change changes[600];
    rnd_seed(&r, 3);
    for (uint32_t i = 0; i < CUSTOMERS; i++) {
        want[i] = PACKED_UNSET;
    }
    for (int round = 0; round < 12; round++) {
        uint32_t at = 0;
        size_t n = 0;
        int64_t top = INT64_C(1) << rnd_below(&r, 50);
        while (n < 600 && (at += (uint32_t)rnd_below(&r, 40)) < CUSTOMERS) {
            int64_t v = rnd_below(&r, 6) ? (int64_t)rnd_below(&r, (uint64_t)top) - top / 3 : PACKED_UNSET;
            changes[n++] = (struct column_change){ .customer = at, .value = v };
            want[at] = v;
        }
        scratch_begin(s, true);
        assert_true(column_apply(s->txn, 7, changes, n));
        scratch_commit(s);
    }
    scratch_begin(s, false);
    for (uint32_t i = 0; i < CUSTOMERS; i++) {
        assert_true(column_get(s->txn, 7, i) == want[i]);
        assert_true(column_get(s->txn, 6, i) == PACKED_UNSET);
        assert_true(column_get(s->txn, 8, i) == PACKED_UNSET);
    }
    free(want);
}

static bool count_block(void *ctx, uint32_t block, const struct packed *rows)
{
    uint32_t *seen = ctx;
    assert_int_equal(rows->rows, COLUMN_ROWS);
    seen[0]++;
    seen[1] = block;
    return true;
}

static void blocks_without_a_value_are_not_there(void **state)
{
    struct scratch *s = *state;
    struct column_change c[] = { { .customer = 5, .value = 1 },
                                 { .customer = 5 * COLUMN_ROWS, .value = 300 } };
    struct packed p;
    uint32_t seen[2] = { 0 };
    scratch_begin(s, true);
    column_apply(s->txn, 7, c, 2);
    assert_true(column_block(s->txn, 7, 5, &p));
    assert_int_equal(p.width, 1); /* one value: nothing to tell apart but set from unset */
    assert_false(column_block(s->txn, 7, 1, &p));
    assert_true(column_each(s->txn, 7, 0, count_block, seen));
    assert_int_equal(seen[0], 2);
    assert_int_equal(seen[1], 5);
    c[1].value = PACKED_UNSET;
    column_apply(s->txn, 7, c + 1, 1);
    assert_false(column_block(s->txn, 7, 5, &p));
    seen[0] = 0;
    assert_true(column_each(s->txn, 7, 1, count_block, seen));
    assert_int_equal(seen[0], 0);
}

static void of_equal_changes_the_last_wins(void **state)
{
    struct scratch *s = *state;
    const struct column_change c[] = { { .customer = 5, .value = 1 }, { .customer = 5, .value = 2 } };
    scratch_begin(s, true);
    column_apply(s->txn, 7, c, 2);
    assert_int_equal(column_get(s->txn, 7, 5), 2);
}

/* The sizes are chosen to fill pages: n pages hold n * 4096 - 16 octets. */
static void a_block_fills_its_pages(void **state)
{
    (void)state;
    for (size_t width = 1; width <= 8; width *= 2) {
        size_t octets = PACKED_HEADER + width * COLUMN_ROWS;
        assert_true(octets <= width * 4096 - 16);
        assert_true(octets > width * 4096 - 16 - width * 64);
    }
    assert_int_equal(COLUMN_ROWS % 64, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(columns_hold_what_was_put),
        T(blocks_without_a_value_are_not_there),
        T(of_equal_changes_the_last_wins),
        cmocka_unit_test(a_block_fills_its_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
