#include "audience_store.h"

#include "base/random.h"
#include "store/events_lists.h"

enum { EVENT_BOUGHT = 1, EVENT_SEEN = 2 };

/* A plain list of what was appended, to compare with. */
struct model {
    struct row {
        uint16_t type;
        uint32_t customer;
        usec_t at;
        int64_t amount, product; /* attributes 64 and 71 */
        uint32_t arrival;
    } * rows;
    size_t n, cap;
};

static void model_add(struct model *m, struct row r)
{
    if (m->n == m->cap) {
        m->cap = m->cap ? 2 * m->cap : 1024;
        m->rows = realloc(m->rows, m->cap * sizeof(*m->rows));
        assert_non_null(m->rows);
    }
    r.arrival = (uint32_t)m->n;
    m->rows[m->n++] = r;
}

static int64_t day_of(usec_t at)
{
    return (at - (((at % USEC_DAY) + USEC_DAY) % USEC_DAY)) / USEC_DAY;
}

static void append(struct scratch *s, struct model *m, const struct row *rows, size_t n)
{
    uint32_t *customer = malloc(n * sizeof(*customer));
    usec_t *at = malloc(n * sizeof(*at));
    int64_t *amount = malloc(n * sizeof(*amount)), *product = malloc(n * sizeof(*product));
    for (size_t i = 0; i < n; i++) {
        customer[i] = rows[i].customer;
        at[i] = rows[i].at;
        amount[i] = rows[i].amount;
        product[i] = rows[i].product;
        model_add(m, rows[i]);
    }
    const uint16_t ids[] = { 71, 64 };
    const int64_t *const values[] = { product, amount };
    const struct events_batch b = { .type = rows->type,
                                    .n = n,
                                    .customer = customer,
                                    .at = at,
                                    .n_attributes = 2,
                                    .attribute = ids,
                                    .values = values,
                                    .coded = 1 };
    struct err e = { 0 };
    if (!events_append(s->txn, &b, &e)) {
        fail_msg("append: %s", e.text);
    }
    free(customer);
    free(at);
    free(amount);
    free(product);
}

/* What the log holds, in the order it gives. */
struct reading {
    struct model out;
    int64_t day;
    uint32_t first_customer, blocks, blocks_of_part, most_of_part;
};

static bool read_block(void *ctx, const struct events_block *b)
{
    struct reading *r = ctx;
    bool same = r->blocks && r->day == b->day && r->first_customer == b->first_customer;
    assert_true(r->blocks == 0 || b->first_customer > r->first_customer ||
                (b->first_customer == r->first_customer && b->day >= r->day));
    assert_int_equal(b->first_customer % EVENTS_CUSTOMERS, 0);
    assert_int_equal(b->day % EVENTS_DAYS, 0);
    assert_true(events_lists_true(b));
    r->blocks_of_part = same ? r->blocks_of_part + 1 : 1;
    r->most_of_part = r->blocks_of_part > r->most_of_part ? r->blocks_of_part : r->most_of_part;
    r->day = b->day;
    r->first_customer = b->first_customer;
    r->blocks++;
    const struct packed *amount = events_column(b, 64), *product = events_column(b, 71);
    for (uint32_t i = 0; i < b->rows; i++) {
        assert_int_equal(packed_get(&b->customer, i) / EVENTS_CUSTOMERS,
                         b->first_customer / EVENTS_CUSTOMERS);
        assert_in_range(packed_get(&b->second, i), 0, EVENTS_DAYS * 86400 - 1);
        assert_true(i == 0 || packed_get(&b->customer, i) > packed_get(&b->customer, i - 1) ||
                    (packed_get(&b->customer, i) == packed_get(&b->customer, i - 1) &&
                     packed_get(&b->second, i) >= packed_get(&b->second, i - 1)));
        model_add(&r->out,
                  (struct row){ .type = b->type,
                                .customer = (uint32_t)packed_get(&b->customer, i),
                                .at = (b->day * INT64_C(86400) + packed_get(&b->second, i)) * USEC_SEC,
                                .amount = amount ? packed_get(amount, i) : PACKED_UNSET,
                                .product = product ? packed_get(product, i) : PACKED_UNSET });
    }
    return true;
}

static int row_cmp(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
#define CMP(f) (x->f > y->f) - (x->f < y->f)
    const int by[] = { CMP(type), CMP(at), CMP(customer), CMP(amount), CMP(product) };
#undef CMP
    for (size_t i = 0; i < sizeof(by) / sizeof(by[0]); i++) {
        if (by[i] != 0) {
            return by[i];
        }
    }
    return 0;
}

static void compare(const struct model *want, struct model *have, uint16_t type, int64_t from, int64_t to)
{
    struct model w = { 0 };
    for (size_t i = 0; i < want->n; i++) {
        const struct row *r = &want->rows[i];
        if (r->type == type && day_of(r->at) >= from && day_of(r->at) <= to) {
            model_add(&w, *r);
        }
    }
    assert_int_equal(have->n, w.n);
    if (w.n) {
        qsort(w.rows, w.n, sizeof(*w.rows), row_cmp);
        qsort(have->rows, have->n, sizeof(*have->rows), row_cmp);
    }
    for (size_t i = 0; i < w.n; i++) {
        assert_int_equal(row_cmp(&w.rows[i], &have->rows[i]), 0);
    }
    free(w.rows);
}

/* What lies in the window must be given; what is given besides lies in partitions the window touches. */
static void keep_days(struct model *have, int64_t from, int64_t to)
{
    size_t n = 0;
    for (size_t i = 0; i < have->n; i++) {
        int64_t day = day_of(have->rows[i].at);
        if (day >= from && day <= to) {
            have->rows[n++] = have->rows[i];
        } else {
            assert_true(from <= to && day > from - EVENTS_DAYS && day < to + EVENTS_DAYS);
        }
    }
    have->n = n;
}

static void check(struct scratch *s, const struct model *m, uint16_t type, int32_t from, int32_t to)
{
    struct reading all = { 0 }, piece = { 0 };
    assert_true(events_each(s->txn, type, from, to, read_block, &all));
    keep_days(&all.out, from, to);
    compare(m, &all.out, type, from, to);
    for (uint64_t first = 0; first < 10 * EVENTS_CUSTOMERS; first += 2 * EVENTS_CUSTOMERS) {
        assert_true(events_each_of(s->txn, type, (uint32_t)first, (uint32_t)first + 2 * EVENTS_CUSTOMERS - 1,
                                   from, to, read_block, &piece));
    }
    assert_int_equal(piece.blocks, all.blocks);
    keep_days(&piece.out, from, to);
    compare(m, &piece.out, type, from, to);
    free(all.out.rows);
    free(piece.out.rows);
}

static struct row random_row(struct rnd *r, uint16_t type, uint32_t customers, uint32_t days)
{
    int64_t second = (int64_t)rnd_below(r, days * UINT64_C(86400)) - 86400 * 3; /* before 1970, too */
    return (struct row){ .type = type,
                         .customer = (uint32_t)rnd_below(r, customers),
                         .at = second * USEC_SEC,
                         .amount = rnd_below(r, 3) ? (int64_t)rnd_below(r, 100000) - 500 : PACKED_UNSET,
                         .product = rnd_below(r, 4) ? (int64_t)rnd_below(r, 200) + 1 : PACKED_UNSET };
}

/* Given batches of all sizes, late and early, then the log holds exactly what was appended, in any window. */
static void the_log_holds_what_was_appended(void **state)
{
    struct scratch *s = *state;
    struct model m = { 0 };
    struct rnd r;
    struct row *batch = malloc(20000 * sizeof(*batch));
    rnd_seed(&r, 11);
    static const size_t sizes[] = { 1, 1, 2, 10, 300, 1, 5000, 3, 20000, 1, 1, 700, 64, 1, 9000 };
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        uint16_t type = i % 4 == 1 ? EVENT_SEEN : EVENT_BOUGHT;
        for (size_t j = 0; j < sizes[i]; j++) {
            batch[j] = i % 3 ? random_row(&r, type, 500, 6) : random_row(&r, type, 9 * EVENTS_CUSTOMERS, 90);
        }
        scratch_begin(s, true);
        append(s, &m, batch, sizes[i]);
        scratch_commit(s);
    }
    scratch_begin(s, false);
    check(s, &m, EVENT_BOUGHT, INT32_MIN, INT32_MAX);
    check(s, &m, EVENT_SEEN, INT32_MIN, INT32_MAX);
    check(s, &m, EVENT_BOUGHT, -1, 1);
    check(s, &m, EVENT_BOUGHT, 2, 2);
    check(s, &m, EVENT_BOUGHT, 31, 64);
    check(s, &m, EVENT_BOUGHT, 3, 1);
    check(s, &m, 77, INT32_MIN, INT32_MAX);
    int32_t first, last;
    assert_true(events_span(s->txn, EVENT_BOUGHT, &first, &last));
    assert_int_equal(first, -3);
    assert_int_equal(last, 86);
    assert_false(events_span(s->txn, 77, &first, &last));
    free(batch);
    free(m.rows);
}

/* Given events that come one by one, then a partition has few blocks all the same. */
static void a_trickle_does_not_shatter_a_partition(void **state)
{
    struct scratch *s = *state;
    struct model m = { 0 };
    struct rnd r;
    struct reading reading = { 0 };
    rnd_seed(&r, 5);
    scratch_begin(s, true);
    for (int i = 0; i < 9000; i++) {
        struct row row = random_row(&r, EVENT_BOUGHT, 100, 1);
        append(s, &m, &row, 1);
    }
    assert_true(events_each(s->txn, EVENT_BOUGHT, INT32_MIN, INT32_MAX, read_block, &reading));
    compare(&m, &reading.out, EVENT_BOUGHT, INT32_MIN, INT32_MAX);
    assert_true(reading.most_of_part <= 16);
    free(reading.out.rows);
    free(m.rows);
}

static void batches_double_up_like_a_counter(void **state)
{
    struct scratch *s = *state;
    struct model m = { 0 };
    struct rnd r;
    struct row batch[300];
    struct reading reading = { 0 };
    rnd_seed(&r, 6);
    scratch_begin(s, true);
    for (int i = 0; i < 64; i++) {
        for (int j = 0; j < 300; j++) {
            batch[j] = random_row(&r, EVENT_BOUGHT, 100, 1);
        }
        append(s, &m, batch, 300);
    }
    assert_true(events_each(s->txn, EVENT_BOUGHT, INT32_MIN, INT32_MAX, read_block, &reading));
    /* 19,200 rows: a full block and a rest that doubles up */
    assert_true(reading.blocks <= 1 + 8);
    compare(&m, &reading.out, EVENT_BOUGHT, INT32_MIN, INT32_MAX);
    free(reading.out.rows);
    free(m.rows);
}

static void a_customer_is_summed_up(void **state)
{
    struct scratch *s = *state;
    struct model m = { 0 };
    struct rnd r;
    struct row batch[3000];
    rnd_seed(&r, 8);
    scratch_begin(s, true);
    for (int i = 0; i < 3000; i++) {
        batch[i] = random_row(&r, EVENT_BOUGHT, 40, 9);
    }
    append(s, &m, batch, 3000);
    for (uint32_t c = 0; c < 42; c++) {
        struct events_summary have, want = { 0 };
        for (size_t i = 0; i < m.n; i++) {
            if (m.rows[i].customer == c) {
                want.first = !want.count || m.rows[i].at < want.first ? m.rows[i].at : want.first;
                want.last = !want.count || m.rows[i].at > want.last ? m.rows[i].at : want.last;
                want.count++;
            }
        }
        assert_true(events_summarize(s->txn, EVENT_BOUGHT, c, &have));
        assert_int_equal(have.count, want.count);
        assert_int_equal(have.first, want.first);
        assert_int_equal(have.last, want.last);
    }
    free(m.rows);
}

static void an_erased_customer_leaves_no_event(void **state)
{
    struct scratch *s = *state;
    struct model m = { 0 }, left = { 0 };
    struct rnd r;
    struct row batch[2000];
    struct err e = { 0 };
    rnd_seed(&r, 9);
    scratch_begin(s, true);
    for (int type = 1; type <= 2; type++) {
        for (int i = 0; i < 2000; i++) {
            batch[i] = random_row(&r, (uint16_t)type, 12, 300);
        }
        append(s, &m, batch, 2000);
    }
    struct row alone = random_row(&r, EVENT_BOUGHT, 1, 1);
    alone.customer = 5;
    alone.at = 400 * USEC_DAY; /* a block of its own */
    append(s, &m, &alone, 1);
    assert_true(events_erase(s->txn, 5, &e));
    for (size_t i = 0; i < m.n; i++) {
        if (m.rows[i].customer != 5) {
            model_add(&left, m.rows[i]);
        }
    }
    check(s, &left, EVENT_BOUGHT, INT32_MIN, INT32_MAX);
    check(s, &left, EVENT_SEEN, INT32_MIN, INT32_MAX);
    free(m.rows);
    free(left.rows);
}

static void too_many_attributes_start_another_block(void **state)
{
    struct scratch *s = *state;
    struct err e = { 0 };
    uint32_t customer = 1;
    usec_t at = 5;
    int64_t one = 1;
    uint16_t ids[EVENTS_MAX_COLUMNS + 1];
    const int64_t *values[EVENTS_MAX_COLUMNS + 1];
    struct reading reading = { 0 };
    scratch_begin(s, true);
    for (int round = 0; round < 2; round++) {
        for (uint16_t i = 0; i <= EVENTS_MAX_COLUMNS; i++) {
            ids[i] = (uint16_t)(100 + 40 * round + i);
            values[i] = &one;
        }
        struct events_batch b = { .type = 1,
                                  .n = 1,
                                  .customer = &customer,
                                  .at = &at,
                                  .n_attributes = EVENTS_MAX_COLUMNS + 1,
                                  .attribute = ids,
                                  .values = values };
        assert_false(events_append(s->txn, &b, &e));
        assert_int_equal(e.code, ERR_LIMIT);
        b.n_attributes = EVENTS_MAX_COLUMNS;
        assert_true(events_append(s->txn, &b, &e));
    }
    assert_true(events_each(s->txn, 1, INT32_MIN, INT32_MAX, read_block, &reading));
    assert_int_equal(reading.blocks, 2);
    free(reading.out.rows);
}

static void ids_of_events_are_remembered(void **state)
{
    struct scratch *s = *state;
    struct strv v;
    scratch_begin(s, true);
    assert_false(events_id_seen(s->txn, 1, 99));
    assert_true(events_id_put(s->txn, 1, 99));
    assert_true(events_id_seen(s->txn, 1, 99));
    assert_false(events_id_seen(s->txn, 2, 99));
    assert_false(events_ids_get(s->txn, 1, 99, &v));
    assert_true(events_ids_put(s->txn, 1, 99, STRV("x")));
    assert_true(events_ids_get(s->txn, 1, 99, &v));
    assert_true(strv_eq_c(v, "x"));
}

#define T(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_log_holds_what_was_appended),    T(a_trickle_does_not_shatter_a_partition),
        T(batches_double_up_like_a_counter),   T(a_customer_is_summed_up),
        T(an_erased_customer_leaves_no_event), T(too_many_attributes_start_another_block),
        T(ids_of_events_are_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
