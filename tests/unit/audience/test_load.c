#include "audience_fixture.h"

static const char *const people = "phone,first_name,tags,home,birth_date\n"
                                  "+447700900001,Ann,VIP;gold,\"-33.8688,151.2093\",1990-01-02\n"
                                  "+447700900002,Bob,,,\n"
                                  "+447700900003,Zo\xC3\xAB,gold,\"50,14\",\n";

static bool put_name(void *ctx, const struct audience_customer *c)
{
    struct buf *b = ctx;
    buf_printf(b, "%u:", c->id);
    audience_customer_text(c, 8, b);
    return buf_printf(b, ";");
}

static void a_batch_is_read_in_the_order_asked_for(void **state)
{
    struct fixture *f = *state;
    static const uint32_t ids[] = { 2, 0, 77, 1, UINT32_MAX, 0 };
    struct buf b = { 0 };
    struct err e = { 0 };
    assert_true(fixture_customers(f, "", people));
    struct audience_view *v = audience_view_begin(f->a, &e);
    assert_true(audience_load_batch(v, ids, 6, put_name, &b, &e));
    assert_string_equal(buf_cstr(&b), "2:Zo\xC3\xAB;0:Ann;1:Bob;0:Ann;");
    audience_view_end(v);
    buf_free(&b);
}

static bool stop_at_once(void *ctx, const struct audience_customer *c)
{
    (void)c;
    ++*(int *)ctx;
    return false;
}

static void a_batch_stops_when_told(void **state)
{
    struct fixture *f = *state;
    static const uint32_t ids[] = { 0, 1, 2 };
    int calls = 0;
    assert_true(fixture_customers(f, "", people));
    struct audience_view *v = audience_view_begin(f->a, NULL);
    assert_true(audience_load_batch(v, ids, 3, stop_at_once, &calls, NULL));
    assert_int_equal(calls, 1);
    audience_view_end(v);
}

static bool put_values(void *ctx, const struct audience_customer *c)
{
    static const uint16_t fields[] = {
        FIELD_MSISDN, FIELD_CREATED, FIELD_CLOCK, FIELD_TAGS, 17, 11, 9, 4000
    };
    struct buf *b = ctx;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        bool set = audience_customer_text(c, fields[i], b);
        buf_printf(b, set ? ";" : "-;");
    }
    return true;
}

static void values_read_as_people_write_them(void **state)
{
    struct fixture *f = *state;
    struct buf b = { 0 };
    struct err e = { 0 };
    assert_true(fixture_customers(f, "", people));
    struct audience_view *v = audience_view_begin(f->a, &e);
    assert_true(audience_load_number(v, 447700900001, put_values, &b, &e));
    assert_string_equal(buf_cstr(&b),
                        "+447700900001;2023-11-14;-;VIP, gold;-33.8688,151.2093;1990-01-02;-;-;");
    assert_false(audience_load_number(v, 447700900009, put_values, &b, &e));
    assert_int_equal(e.code, ERR_NOT_FOUND);
    assert_false(audience_load_id(v, 3, put_values, &b, &e));
    assert_int_equal(e.code, ERR_NOT_FOUND);
    audience_view_end(v);
    buf_free(&b);
}

/* Given a view, then what is written meanwhile is not in it, and is in the next. */
static void a_view_is_a_snapshot(void **state)
{
    struct fixture *f = *state;
    struct err e = { 0 };
    assert_true(fixture_customers(f, "", people));
    struct audience_view *before = audience_view_begin(f->a, &e);
    assert_true(
        fixture_customers(f, "", "phone,first_name,extra\n+447700900004,Dan,1\n+447700900001,Anna,2\n"));
    struct audience_view *after = audience_view_begin(f->a, &e);
    struct buf b = { 0 };
    const uint32_t ids[] = { 0, 3 };
    assert_int_equal(audience_count(before), 3);
    assert_null(schema_find_field(before->schema, STRV("extra")));
    assert_true(audience_load_batch(before, ids, 2, put_name, &b, &e));
    assert_string_equal(buf_cstr(&b), "0:Ann;");
    buf_clear(&b);
    assert_int_equal(audience_count(after), 4);
    assert_non_null(schema_find_field(after->schema, STRV("extra")));
    assert_true(after->change > before->change);
    assert_true(audience_load_batch(after, ids, 2, put_name, &b, &e));
    assert_string_equal(buf_cstr(&b), "0:Anna;3:Dan;");
    audience_view_end(before);
    audience_view_end(after);
    buf_free(&b);
}

/* Given a store that is full, then an import is refused as a whole, and what was there is still read. */
static void a_full_store_refuses_and_keeps(void **state)
{
    struct fixture *f = *state;
    struct err e = { 0 };
    struct buf b = { 0 };
    const struct audience_options small = { .dir = f->dir, .map_size = 2 << 20, .nosync = true };
    const struct audience_import_options o = { .kind = IMPORT_CUSTOMERS, .now = FIXTURE_NOW };
    audience_close(f->a);
    fixture_remove(f->dir);
    f->a = audience_open(&small, &e);
    assert_non_null(f->a);
    assert_true(fixture_customers(f, "", people));
    buf_printf(&b, "phone,first_name\n");
    for (int i = 0; i < 40000; i++) {
        buf_printf(&b, "+4477%08d,Somebody %d\n", i, i);
    }
    struct audience_import *im = audience_import_begin(f->a, &o, &e);
    assert_false(audience_import_chunk(im, 0, (struct strv){ (char *)b.data, b.len }, true, &e));
    assert_int_equal(e.code, ERR_FULL);
    assert_int_equal(audience_import_progress(im)->created, 0);
    /* a smaller part still fits */
    size_t n = 17;
    while (n < 2000 || b.data[n - 1] != '\n') {
        n++;
    }
    assert_true(audience_import_chunk(im, 0, (struct strv){ (char *)b.data, n }, false, &e));
    audience_import_free(im);
    assert_non_null(strstr(fixture_show(f, 447700900001).s, "first_name=Ann;"));
    fixture_verify(f);
    buf_free(&b);
}

#define T(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_batch_is_read_in_the_order_asked_for), T(a_batch_stops_when_told),
        T(values_read_as_people_write_them),       T(a_view_is_a_snapshot),
        T(a_full_store_refuses_and_keeps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
