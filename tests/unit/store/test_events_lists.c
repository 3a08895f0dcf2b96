#include "audience_store.h"

#include "base/random.h"
#include "store/events_block.h"
#include "store/tables.h"

enum { ROWS = 3000, BOUGHT = 1, DEPARTMENT = 72, AMOUNT = 64 };

struct given {
    uint32_t customer[ROWS];
    usec_t at[ROWS];
    int64_t department[ROWS], amount[ROWS];
};

static void random_rows(struct given *g, uint32_t n, uint32_t codes, uint64_t seed)
{
    struct rnd r;
    rnd_seed(&r, seed);
    for (uint32_t i = 0; i < n; i++) {
        g->customer[i] = EVENTS_CUSTOMERS + (uint32_t)rnd_below(&r, EVENTS_CUSTOMERS);
        g->at[i] = (int64_t)rnd_below(&r, EVENTS_DAYS * UINT64_C(86400)) * USEC_SEC;
        g->department[i] = rnd_below(&r, 10) ? 1 + (int64_t)rnd_below(&r, codes) : PACKED_UNSET;
        g->amount[i] = (int64_t)rnd_below(&r, 100000);
    }
}

static void append(struct scratch *s, const struct given *g, size_t n, uint64_t coded)
{
    struct err e = { 0 };
    const uint16_t ids[] = { DEPARTMENT, AMOUNT };
    const int64_t *const values[] = { g->department, g->amount };
    const struct events_batch b = { .type = BOUGHT,
                                    .n = n,
                                    .customer = g->customer,
                                    .at = g->at,
                                    .n_attributes = 2,
                                    .attribute = ids,
                                    .values = values,
                                    .coded = coded };
    if (!events_append(s->txn, &b, &e)) {
        fail_msg("append: %s", e.text);
    }
}

struct found {
    uint32_t blocks, lists, rows, cells;
};

/* Each entry of each list is in the place where the columns say it belongs, and none is missing. */
static bool look(void *ctx, const struct events_block *b)
{
    struct found *f = ctx;
    struct events_lists l;
    f->blocks++;
    f->rows += b->rows;
    f->lists += (uint32_t)b->n_lists;
    assert_true(events_lists_true(b));
    assert_false(events_lists_of(b, AMOUNT, &l));
    if (!events_lists_of(b, DEPARTMENT, &l)) {
        return true;
    }
    f->cells = l.cells;
    const struct packed *column = events_column(b, DEPARTMENT);
    for (uint32_t row = 0; row < b->rows; row++) {
        const int64_t code = packed_get(column, row);
        uint32_t from, end, times = 0;
        if (code == PACKED_UNSET) {
            continue;
        }
        const uint32_t cell = (uint32_t)packed_get(&b->second, row) / l.span_s;
        assert_true(events_lists_range(&l, (uint32_t)code, cell, cell, &from, &end));
        for (uint32_t i = from; i < end; i++) {
            if (l.row[i] == row) {
                assert_int_equal(b->first_customer + l.customer[i], packed_get(&b->customer, row));
                times++;
            }
        }
        assert_int_equal(times, 1);
    }
    return true;
}

static struct found look_at_all(struct scratch *s)
{
    struct found f = { 0 };
    assert_true(events_each(s->txn, BOUGHT, INT32_MIN, INT32_MAX, look, &f));
    return f;
}

static void each_text_has_its_rows(void **state)
{
    struct scratch *s = *state;
    struct given g;
    scratch_begin(s, true);
    random_rows(&g, ROWS, 20, 1);
    append(s, &g, ROWS, 1);
    const struct found f = look_at_all(s);
    assert_int_equal(f.rows, ROWS);
    assert_int_equal(f.lists, 1);
    assert_int_equal(f.cells, EVENTS_DAYS);
}

/* Many texts for the rows: days are told apart less, so that the lists stay small. */
static void lists_stay_small(void **state)
{
    struct scratch *s = *state;
    struct given g;
    scratch_begin(s, true);
    random_rows(&g, ROWS, 255, 2);
    append(s, &g, ROWS, 1);
    const struct found f = look_at_all(s);
    assert_int_equal(f.lists, 1);
    assert_int_equal(f.cells, 4); /* 255 * 4 starts of 2 octets: less than an octet a row */
}

/* What comes bit by bit is merged, and what is merged has lists; so has what an erased customer leaves. */
static void merged_blocks_have_lists_too(void **state)
{
    struct scratch *s = *state;
    struct given g;
    struct err e = { 0 };
    uint32_t left = 0;
    scratch_begin(s, true);
    for (uint64_t i = 0; i < 12; i++) {
        random_rows(&g, 500, 20, 10 + i);
        append(s, &g, 500, 1);
        for (uint32_t k = 0; k < 500; k++) {
            left += g.customer[k] != g.customer[0] || i < 11;
        }
    }
    struct found f = look_at_all(s);
    assert_int_equal(f.rows, 6000);
    assert_int_equal(f.lists, f.blocks);
    assert_true(events_erase(s->txn, g.customer[0], &e));
    f = look_at_all(s);
    assert_true(f.rows <= left);
    assert_int_equal(f.lists, f.blocks);
}

static void what_gains_nothing_has_no_lists(void **state)
{
    struct scratch *s = *state;
    struct given g;
    static const struct {
        uint32_t rows, codes;
        uint64_t coded;
    } rows[] = {
        { ROWS, 20, 0 },                  /* no texts */
        { ROWS, 256, 1 },                 /* one code has no list: none has */
        { ROWS, 1, 1 },                   /* the column says it all */
        { EVENTS_LISTS_ROWS - 1, 20, 1 }, /* few rows */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        scratch_begin(s, true);
        random_rows(&g, rows[i].rows, rows[i].codes, 3);
        g.department[5] = rows[i].codes;
        append(s, &g, rows[i].rows, rows[i].coded);
        assert_int_equal(look_at_all(s).lists, 0);
        catalog_end(s->txn);
        s->txn = NULL;
    }
}

/* A batch that goes on to later days leaves a partition behind: it is put together. */
static void a_partition_that_is_left_is_one_block(void **state)
{
    struct scratch *s = *state;
    struct given g;
    struct found f = { 0 };
    scratch_begin(s, true);
    random_rows(&g, 2000, 20, 4);
    append(s, &g, 2000, 1);
    random_rows(&g, 1000, 20, 5);
    for (size_t i = 500; i < 1000; i++) {
        g.at[i] += EVENTS_DAYS * USEC_DAY;
    }
    append(s, &g, 1000, 1);
    assert_true(events_each(s->txn, BOUGHT, 0, EVENTS_DAYS - 1, look, &f));
    assert_int_equal(f.rows, 2500);
    assert_int_equal(f.blocks, 1);
}

/* --- stores of before --- */

static uint64_t version(struct scratch *s)
{
    return env_meta_get(&s->txn->env, "version");
}

static void a_store_without_lists_opens_and_gets_them(void **state)
{
    struct scratch *s = *state;
    static const char *const tables[] = { "schema", "dict", "text" };
    struct given g;
    struct err e = { 0 };
    const struct env_options before = { .dir = s->dir,
                                        .name = "audience",
                                        .format = "tessera-audience",
                                        .version = 4,
                                        .map_size = 1 << 20,
                                        .tables = tables,
                                        .n_tables = 3 };
    catalog_close(s->catalog);
    scratch_remove(s->dir);
    env_close(env_open(&before, &e));
    scratch_open(s);
    scratch_begin(s, true);
    random_rows(&g, 2000, 20, 6);
    append(s, &g, 2000, 0); /* as it was written before */
    assert_int_equal(version(s), 4);
    assert_int_equal(look_at_all(s).lists, 0);
    append(s, &g, 2000, 1);
    assert_int_equal(version(s), 5);
    const struct found f = look_at_all(s);
    assert_int_equal(f.rows, 4000);
    assert_int_equal(f.lists, f.blocks);
    scratch_commit(s);
    catalog_close(s->catalog);
    scratch_open(s);
    scratch_begin(s, false);
    assert_int_equal(look_at_all(s).rows, 4000);
}

/* --- made anew --- */

static bool is_department(const void *ctx, uint16_t attribute)
{
    (void)ctx;
    return attribute == DEPARTMENT;
}

static bool is_whole(void *ctx, const struct events_block *b)
{
    bool *whole = ctx;
    *whole = *whole && events_lists_true(b);
    return true;
}

/* One entry of the block's first list names another customer. */
static void damage(struct scratch *s)
{
    struct env_cursor c;
    struct events_block b;
    struct events_lists l;
    assert_true(env_cursor_open(&c, &s->txn->env, TABLE_EVENT) && env_cursor_first(&c));
    assert_true(events_block_decode(&b, c.value.p, c.value.n) && events_lists_of(&b, DEPARTMENT, &l));
    const size_t at = (size_t)((const char *)l.customer - c.value.p), n = c.value.n;
    uint8_t key[14], *octets = malloc(n);
    memcpy(key, c.key.p, sizeof(key));
    memcpy(octets, c.value.p, n);
    octets[at] ^= 1;
    assert_true(env_cursor_put(&c, env_view(key, sizeof(key)), env_view(octets, n)));
    env_cursor_close(&c);
    free(octets);
}

static void lists_are_made_anew_where_they_lie_or_miss(void **state)
{
    struct scratch *s = *state;
    struct given g;
    struct err e = { 0 };
    bool whole = true;
    scratch_begin(s, true);
    random_rows(&g, 2000, 20, 6);
    append(s, &g, 2000, 0);
    assert_int_equal(look_at_all(s).lists, 0);
    assert_true(events_lists_renew(s->txn, 0, is_department, NULL, &e)); /* other customers */
    assert_int_equal(look_at_all(s).lists, 0);
    assert_true(events_lists_renew(s->txn, 1, is_department, NULL, &e));
    struct found f = look_at_all(s);
    assert_int_equal(f.lists, f.blocks);
    assert_int_equal(f.rows, 2000);
    damage(s);
    assert_true(events_each(s->txn, BOUGHT, INT32_MIN, INT32_MAX, is_whole, &whole));
    assert_false(whole);
    assert_true(events_lists_renew(s->txn, 1, is_department, NULL, &e));
    f = look_at_all(s);
    assert_int_equal(f.lists, f.blocks);
    assert_int_equal(f.rows, 2000);
}

/* --- what is stored is not believed --- */

static struct events_rows block_rows(const struct given *g, uint32_t n)
{
    static const uint16_t ids[] = { AMOUNT, DEPARTMENT };
    struct events_rows rows;
    assert_true(events_rows_alloc(&rows, n, ids, 2));
    rows.coded = 2;
    for (uint32_t i = 0; i < n; i++) {
        rows.customer[i] = EVENTS_CUSTOMERS + i * 7;
        rows.second[i] = g->at[i] / USEC_SEC;
        rows.column[0][i] = g->amount[i];
        rows.column[1][i] = g->department[i];
    }
    return rows;
}

/* Every octet of the head and the lists changed in some way: refused, or found not to be true, or it was the
 * same after all; and never read past its end (the octets lie in a piece of memory of just their size). */
static void torn_lists_are_found(void **state)
{
    (void)state;
    struct given g;
    struct buf b = { 0 };
    struct rnd r;
    random_rows(&g, 600, 9, 7);
    struct events_rows rows = block_rows(&g, 600);
    assert_true(events_block_encode(&b, &rows, 0, 600));
    uint8_t *octets = malloc(b.len);
    struct events_block block = { .first_customer = EVENTS_CUSTOMERS };
    memcpy(octets, b.data, b.len);
    assert_true(events_block_decode(&block, octets, b.len));
    assert_int_equal(block.n_lists, 1);
    assert_true(events_lists_true(&block));
    const size_t from = (size_t)(block.lists - octets), end = (size_t)(block.customer.data - octets);
    rnd_seed(&r, 8);
    unsigned refused = 0, untrue = 0;
    for (size_t at = from; at < end; at++) {
        memcpy(octets, b.data, b.len);
        octets[at] ^= (uint8_t)(1 + rnd_below(&r, 255));
        const bool decoded = events_block_decode(&block, octets, b.len);
        refused += !decoded;
        if (decoded && events_lists_true(&block)) {
            octets[at] = b.data[at]; /* padding only */
            assert_true(b.data[at] == 0);
        } else {
            untrue += decoded;
        }
    }
    assert_true(refused > 0 && untrue > 1000);
    for (size_t n = 0; n < b.len; n++) { /* and cut short */
        uint8_t *cut = malloc(n ? n : 1);
        memcpy(cut, b.data, n);
        assert_true(!events_block_decode(&block, cut, n) || n + 8 > b.len);
        free(cut);
    }
    free(octets);
    buf_free(&b);
    events_rows_free(&rows);
}

/* A question for a window reads spans of days up to the last instant the directory tells of. */
static void instants_outside_of_the_partition_are_refused(void **state)
{
    (void)state;
    enum { END = EVENTS_DAYS * 86400, LEAST = 8, GREATEST = 12 };
    static const struct {
        size_t at;
        uint32_t second;
        bool ok;
    } rows[] = {
        { GREATEST, END - 1, true }, { GREATEST, END, false }, { GREATEST, UINT32_MAX, false },
        { LEAST, 0, true },          { LEAST, END, false },    { LEAST, UINT32_MAX, false },
    };
    struct given g;
    struct buf b = { 0 };
    random_rows(&g, 600, 9, 7);
    struct events_rows of = block_rows(&g, 600);
    struct events_block block = { .first_customer = EVENTS_CUSTOMERS };
    assert_true(events_block_encode(&b, &of, 0, 600));
    assert_true(events_block_decode(&block, b.data, b.len));
    const size_t directory = (size_t)(block.lists - b.data);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint32_t was;
        memcpy(&was, b.data + directory + rows[i].at, 4);
        memcpy(b.data + directory + rows[i].at, &rows[i].second, 4);
        assert_int_equal(events_block_decode(&block, b.data, b.len), rows[i].ok);
        memcpy(b.data + directory + rows[i].at, &was, 4);
    }
    buf_free(&b);
    events_rows_free(&of);
}

/* Rows of a torn block, merged with others or left by somebody who is erased: written without lists, and
 * nothing beside them. */
static void rows_of_no_day_of_the_partition_get_no_lists(void **state)
{
    (void)state;
    static const int64_t seconds[] = { -1, EVENTS_DAYS * INT64_C(86400), INT64_C(1) << 40, INT64_MIN };
    struct given g;
    random_rows(&g, 600, 9, 7);
    g.department[300] = 3;
    for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
        struct buf b = { 0 };
        struct events_rows of = block_rows(&g, 600);
        struct events_block block = { .first_customer = EVENTS_CUSTOMERS };
        of.second[300] = seconds[i];
        assert_true(events_block_encode(&b, &of, 0, 600));
        assert_true(events_block_decode(&block, b.data, b.len));
        assert_int_equal(block.n_lists, 0);
        buf_free(&b);
        events_rows_free(&of);
    }
}

#define T(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(each_text_has_its_rows),
        T(lists_stay_small),
        T(merged_blocks_have_lists_too),
        T(what_gains_nothing_has_no_lists),
        T(a_partition_that_is_left_is_one_block),
        T(a_store_without_lists_opens_and_gets_them),
        T(lists_are_made_anew_where_they_lie_or_miss),
        cmocka_unit_test(torn_lists_are_found),
        cmocka_unit_test(instants_outside_of_the_partition_are_refused),
        cmocka_unit_test(rows_of_no_day_of_the_partition_get_no_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
