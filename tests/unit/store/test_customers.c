#include "audience_store.h"

#include "store/customers.h"
#include "store/packed.h"

static const uint32_t codes[] = { 3, 4, 900 };

static void a_record_comes_back_as_it_was(void **state)
{
    struct scratch *s = *state;
    struct customer_value values[] = {
        { .field = 3, .type = SCHEMA_TEXT, .text = STRV("DE-BY") },
        { .field = 6, .type = SCHEMA_DATE, .number = -25567 },
        { .field = 7, .type = SCHEMA_SET, .codes = codes, .n_codes = 3 },
        { .field = 17, .type = SCHEMA_PLACE, .number = packed_place(-338688000, 1512093000) },
        { .field = 512, .type = SCHEMA_NUMBER, .number = INT64_MAX },
        { .field = 513, .type = SCHEMA_BOOL, .number = PACKED_NO },
        { .field = 4607, .type = SCHEMA_SET, .codes = codes + 1, .n_codes = 1 },
    };
    const struct customer_record r = {
        .msisdn = 999999999999999,
        .created = 1700000000000000,
        .changed = 1600000000000000,
        .clock = 12,
        .values = values,
        .n_values = 7,
    };
    struct customer_arena a = { 0 };
    struct customer_record out;
    struct buf copy = { 0 };
    uint32_t id, found;
    scratch_begin(s, true);
    assert_true(customer_create(s->txn, &r, true, &id));
    scratch_commit(s);
    scratch_begin(s, true);
    assert_true(customer_find(s->txn, r.msisdn, &found));
    assert_int_equal(found, id);
    assert_true(customer_get_copy(s->txn, id, &copy, &a, &out));
    assert_true(customer_get(s->txn, id, &a, &out));
    assert_true(out.msisdn == r.msisdn && out.created == r.created && out.changed == r.changed);
    assert_int_equal(out.clock, 12);
    assert_int_equal(out.n_values, 7);
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(out.values[i].field, values[i].field);
        assert_int_equal(out.values[i].type, values[i].type);
        assert_true(out.values[i].number == values[i].number);
        assert_true(strv_eq(out.values[i].text, values[i].text));
        assert_int_equal(out.values[i].n_codes, values[i].n_codes);
        for (size_t j = 0; j < values[i].n_codes; j++) {
            assert_int_equal(out.values[i].codes[j], values[i].codes[j]);
        }
    }
    assert_true(customer_value(&out, 512)->number == INT64_MAX);
    assert_null(customer_value(&out, 8));
    customer_arena_free(&a);
    buf_free(&copy);
}

static void ids_are_dense_and_never_used_again(void **state)
{
    struct scratch *s = *state;
    struct customer_record r = { .msisdn = 447700900000 };
    uint32_t id;
    scratch_begin(s, true);
    for (uint32_t i = 0; i < 5; i++, r.msisdn++) {
        assert_true(customer_create(s->txn, &r, true, &id));
        assert_int_equal(id, i);
    }
    assert_true(customer_delete(s->txn, 4));
    assert_false(customer_delete(s->txn, 4));
    scratch_commit(s);
    scratch_reopen(s);
    scratch_begin(s, true);
    assert_false(customer_find(s->txn, 447700900004, &id));
    assert_int_equal(customer_limit(s->txn), 5);
    assert_int_equal(catalog_number(s->txn, CATALOG_CUSTOMERS), 4);
    r.msisdn = 447700900004;
    assert_true(customer_create(s->txn, &r, true, &id));
    assert_int_equal(id, 5);
}

static bool gather(void *ctx, uint32_t id, const struct customer_record *r)
{
    char *out = ctx;
    sprintf(out + strlen(out), "%u:%llu;", id, (unsigned long long)r->msisdn % 100);
    return id < 3;
}

static void customers_come_in_order_of_their_ids(void **state)
{
    struct scratch *s = *state;
    char list[100] = "";
    uint32_t id;
    scratch_begin(s, true);
    for (uint64_t i = 0; i < 6; i++) {
        const struct customer_record r = { .msisdn = 447700900050 - i };
        customer_create(s->txn, &r, true, &id);
    }
    customer_delete(s->txn, 2);
    assert_true(customer_each(s->txn, 1, gather, list));
    assert_string_equal(list, "1:49;3:47;");
}

static void a_put_replaces_the_record(void **state)
{
    struct scratch *s = *state;
    struct customer_value v = { .field = 8, .type = SCHEMA_TEXT, .text = STRV("Ann") };
    struct customer_record r = { .msisdn = 447700900000, .values = &v, .n_values = 1 }, out;
    struct customer_arena a = { 0 };
    uint32_t id;
    scratch_begin(s, true);
    customer_create(s->txn, &r, true, &id);
    v.text = STRV("Beatrice");
    customer_put(s->txn, id, &r);
    assert_true(customer_get(s->txn, id, &a, &out));
    assert_true(strv_eq_c(out.values[0].text, "Beatrice"));
    r.n_values = 0;
    customer_put(s->txn, id, &r);
    assert_true(customer_get(s->txn, id, &a, &out));
    assert_int_equal(out.n_values, 0);
    assert_false(customer_get(s->txn, 1, &a, &out));
    customer_arena_free(&a);
}

#define T(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_record_comes_back_as_it_was),
        T(ids_are_dense_and_never_used_again),
        T(customers_come_in_order_of_their_ids),
        T(a_put_replaces_the_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
