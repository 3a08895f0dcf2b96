/* Fields renamed, dropped and changed while customers are written between the parts; index and truth agree
 * after each. */
#include "audience_fixture.h"

#include "audience/audience_inside.h"
#include "audience/fields.h"

#define PEOPLE 40000 /* more than a part */

static void import_text(struct fixture *f, const struct buf *b)
{
    const struct audience_import_options o = { .kind = IMPORT_CUSTOMERS, .now = FIXTURE_NOW };
    struct err e = { 0 };
    struct audience_import *im = audience_import_begin(f->a, &o, &e);
    if (!im || !audience_import_chunk(im, 0, (struct strv){ (const char *)b->data, b->len }, true, &e)) {
        fail_msg("%s", e.text);
    }
    audience_import_free(im);
}

static void import_one(struct fixture *f, const char *text)
{
    struct buf b = { 0 };
    buf_put_strv(&b, strv_from(text));
    import_text(f, &b);
    buf_free(&b);
}

static int setup(void **state)
{
    fixture_setup(state);
    struct buf b = { 0 };
    buf_put_strv(&b, STRV("phone,score,words\n"));
    for (int i = 0; i < PEOPLE; i++) {
        buf_printf(&b, "+4477009%05d,%d.50,w%d;x\n", i, i % 100, i % 9);
    }
    import_text(*state, &b);
    buf_free(&b);
    struct err e = { 0 };
    struct fixture *f = *state;
    assert_true(audience_declare_field(f->a, STRV("code"), STRV("text"), FIXTURE_NOW, &e));
    import_one(f, "phone,code\n+447700900001,17\n+447700900002,18\n");
    return 0;
}

static void clear_all(struct fixture *f)
{
    struct audience_clearing c = { 0 };
    struct err e = { 0 };
    while (!c.finished) {
        if (!audience_clear_fields(f->a, &c, &e)) {
            fail_msg("%s", e.text);
        }
        fixture_verify(f);
    }
}

static const struct schema_field *field_now(struct audience_view *v, const char *name)
{
    return schema_find_field(v->schema, strv_from(name));
}

static uint64_t coverage(struct fixture *f, const char *name, enum schema_type *type)
{
    struct err e = { 0 };
    struct audience_coverage c = { 0 };
    struct audience_view *v = audience_view_begin(f->a, &e);
    const struct schema_field *s = field_now(v, name);
    *type = s ? s->type : SCHEMA_NONE;
    assert_true(!s || audience_field_coverage(v, s, &c, &e));
    audience_view_end(v);
    return c.customers;
}

static void a_dropped_field_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    struct err e = { 0 };
    enum schema_type type;
    assert_int_equal(coverage(f, "words", &type), PEOPLE);
    assert_true(audience_drop_field(f->a, STRV("words"), &e));
    assert_int_equal(coverage(f, "words", &type), 0);
    assert_int_equal(type, SCHEMA_NONE);
    fixture_verify(f);
    clear_all(f);
    struct audience_view *v = audience_view_begin(f->a, &e);
    for (uint16_t id = 512; id < 520; id++) {
        const struct schema_field *s = schema_field(v->schema, id);
        assert_true(s != NULL || dict_count(v->txn, id) == 0);
    }
    audience_view_end(v);
    import_one(f, "phone,words\n+447700900001,new\n"); /* a new field of the old name */
    assert_int_equal(coverage(f, "words", &type), 1);
}

static void a_type_changes_while_customers_are_written(void **state)
{
    struct fixture *f = *state;
    struct err e = { 0 };
    struct audience_changing c;
    enum schema_type type;
    unsigned parts = 0;
    assert_true(audience_change_begin(f->a, STRV("score"), STRV("text"), FIXTURE_NOW, &c, &e));
    assert_false(audience_change_begin(f->a, STRV("code"), STRV("number"), FIXTURE_NOW, &c, &e));
    assert_int_equal(e.code, ERR_BUSY);
    assert_false(audience_drop_field(f->a, STRV("code"), &e));
    while (!c.finished) {
        char line[80];
        coverage(f, "score", &type);
        assert_int_equal(type, SCHEMA_NUMBER); /* until the switch */
        snprintf(line, sizeof(line), "phone,score\n+447700900010,77.25\n+4477008%05u,5\n", parts++);
        import_one(f, line);
        if (!audience_change_part(f->a, &c, &e)) {
            fail_msg("%s", e.text);
        }
        fixture_verify(f);
    }
    assert_true(parts > 2);
    assert_int_equal(coverage(f, "score", &type), PEOPLE + parts);
    assert_int_equal(type, SCHEMA_TEXT);
    clear_all(f);
    struct audience_view *v = audience_view_begin(f->a, &e);
    assert_int_not_equal(dict_find(v->txn, field_now(v, "score")->id, STRV("77.25")), 0);
    audience_view_end(v);
}

static usec_t freshness(struct fixture *f, const char *name)
{
    struct err e = { 0 };
    struct audience_coverage c = { 0 };
    struct audience_view *v = audience_view_begin(f->a, &e);
    assert_true(audience_field_coverage(v, field_now(v, name), &c, &e));
    audience_view_end(v);
    return c.changed;
}

static void how_fresh_a_field_is_stays_when_its_type_changes(void **state)
{
    struct fixture *f = *state;
    struct err e = { 0 };
    struct audience_changing c;
    const usec_t before = freshness(f, "score");
    assert_true(before > 0);
    assert_true(audience_change_begin(f->a, STRV("score"), STRV("text"), FIXTURE_NOW + USEC_DAY, &c, &e));
    while (!c.finished) {
        assert_true(audience_change_part(f->a, &c, &e));
    }
    assert_int_equal(freshness(f, "score"), before);
}

static void what_does_not_fit_changes_nothing(void **state)
{
    struct fixture *f = *state;
    struct err e = { 0 };
    struct audience_change_check check;
    struct audience_changing c;
    enum schema_type type;
    struct audience_view *v = audience_view_begin(f->a, &e);
    assert_true(audience_change_check(v, STRV("code"), STRV("number(0)"), &check, &e));
    assert_int_equal(check.values, 2);
    assert_false(audience_change_check(v, STRV("score"), STRV("number(0)"), &check, &e));
    assert_int_equal(check.bad, PEOPLE);
    assert_false(audience_change_check(v, STRV("tags"), STRV("text"), &check, &e));
    assert_false(audience_change_check(v, STRV("nothing"), STRV("text"), &check, &e));
    assert_int_equal(e.code, ERR_NOT_FOUND);
    audience_view_end(v);

    assert_true(audience_change_begin(f->a, STRV("code"), STRV("number(0)"), FIXTURE_NOW, &c, &e));
    import_one(f, "phone,code\n+447700900003,A4\n"); /* came meanwhile */
    bool ok = true;
    while (ok && !c.finished) {
        ok = audience_change_part(f->a, &c, &e);
    }
    assert_false(ok);
    assert_int_equal(e.code, ERR_INVALID);
    assert_int_equal(coverage(f, "code", &type), 3);
    assert_int_equal(type, SCHEMA_TEXT);
    fixture_verify(f);
    clear_all(f);
    assert_true(audience_change_begin(f->a, STRV("code"), STRV("set"), FIXTURE_NOW, &c, &e));

    /* a process that ends in the middle leaves the field as it was */
    audience_close(f->a);
    fixture_open(f);
    assert_int_equal(coverage(f, "code", &type), 3);
    assert_int_equal(type, SCHEMA_TEXT);
    clear_all(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_dropped_field_leaves_nothing, setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_type_changes_while_customers_are_written, setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(how_fresh_a_field_is_stays_when_its_type_changes, setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(what_does_not_fit_changes_nothing, setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
