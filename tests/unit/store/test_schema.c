#include "audience_store.h"

#include "store/schema.h"
#include "store/schema_table.h"

static struct schema *load(struct scratch *s)
{
    struct err e = { 0 };
    struct schema *schema = schema_load(s->txn, &e);
    if (!schema) {
        fail_msg("schema: %s", e.text);
    }
    return schema;
}

static void built_in_names_are_there_from_the_start(void **state)
{
    struct scratch *s = *state;
    scratch_begin(s, false);
    struct schema *schema = load(s);
    const struct schema_field *tags = schema_find_field(schema, STRV("tags"));
    assert_int_equal(tags->id, FIELD_TAGS);
    assert_int_equal(tags->type, SCHEMA_SET);
    const struct schema_event *purchase = schema_find_event(schema, STRV("purchase"));
    assert_int_equal(purchase->id, EVENT_PURCHASE);
    assert_int_equal(schema_find_attribute(purchase, STRV("amount"))->scale, 2);
    assert_int_equal(schema_find_attribute(schema_event(schema, EVENT_SENT), STRV("campaign"))->id,
                     ATTRIBUTE_CAMPAIGN);
    assert_null(schema_find_field(schema, STRV("tag")));
    assert_null(schema_find_event(schema, STRV("purchases")));
    schema_free(schema);
}

/* Ids are in the data: a row that is changed or doubled would turn one thing into another. */
static void ids_of_the_built_in_are_unique(void **state)
{
    (void)state;
    for (size_t i = 0; i < schema_rows_count; i++) {
        assert_in_range(schema_rows[i].id, 1, SCHEMA_FIRST_OWN_FIELD - 1);
        assert_true(schema_name_valid(strv_from(schema_rows[i].name)));
        for (size_t j = 0; j < i; j++) {
            bool same = schema_rows[i].id == schema_rows[j].id;
            assert_true(!same || (schema_rows[i].id == ATTRIBUTE_CAMPAIGN &&
                                  schema_rows[i].event != schema_rows[j].event));
        }
    }
    for (size_t i = 0; i < schema_event_rows_count; i++) {
        assert_in_range(schema_event_rows[i].id, 1, SCHEMA_FIRST_OWN_EVENT - 1);
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(schema_event_rows[i].id, schema_event_rows[j].id);
        }
    }
}

static void declared_names_come_back_with_their_ids(void **state)
{
    struct scratch *s = *state;
    struct err e = { 0 };
    scratch_begin(s, true);
    uint16_t income = schema_add_field(s->txn, STRV("income"), SCHEMA_NUMBER, 3, 42, &e);
    uint16_t visit = schema_add_event(s->txn, STRV("visit"), 43, &e);
    uint16_t room = schema_add_attribute(s->txn, visit, STRV("room"), SCHEMA_TEXT, 0, 44, &e);
    uint16_t colour = schema_add_attribute(s->txn, EVENT_PURCHASE, STRV("colour"), SCHEMA_TEXT, 0, 45, &e);
    assert_true(income >= SCHEMA_FIRST_OWN_FIELD && visit >= SCHEMA_FIRST_OWN_EVENT && room && colour);
    assert_true(income != room && room != colour && income != colour);
    scratch_commit(s);
    scratch_reopen(s);
    scratch_begin(s, false);
    struct schema *schema = load(s);
    const struct schema_field *f = schema_find_field(schema, STRV("income"));
    assert_int_equal(f->id, income);
    assert_int_equal(f->scale, 3);
    assert_int_equal(f->created, 42);
    assert_false(f->builtin);
    assert_ptr_equal(schema_field(schema, income), f);
    const struct schema_event *ev = schema_find_event(schema, STRV("visit"));
    assert_int_equal(ev->n_attributes, 1);
    assert_int_equal(schema_attribute(ev, room)->type, SCHEMA_TEXT);
    assert_int_equal(schema_find_attribute(schema_event(schema, EVENT_PURCHASE), STRV("colour"))->id, colour);
    schema_free(schema);
}

static void the_same_twice_is_fine_another_type_is_not(void **state)
{
    struct scratch *s = *state;
    struct err e = { 0 };
    scratch_begin(s, true);
    uint16_t id = schema_add_field(s->txn, STRV("income"), SCHEMA_NUMBER, 2, 0, &e);
    assert_int_equal(schema_add_field(s->txn, STRV("income"), SCHEMA_NUMBER, 2, 0, &e), id);
    assert_int_equal(schema_add_field(s->txn, STRV("income"), SCHEMA_NUMBER, 3, 0, &e), 0);
    assert_int_equal(e.code, ERR_EXISTS);
    assert_string_equal(e.text, "\"income\" is there already, as number(2)");
    assert_int_equal(schema_add_field(s->txn, STRV("tags"), SCHEMA_TEXT, 0, 0, &e), 0);
    assert_int_equal(e.code, ERR_EXISTS);
    assert_int_equal(schema_add_field(s->txn, STRV("tags"), SCHEMA_SET, 0, 0, &e), FIELD_TAGS);
    assert_int_equal(schema_add_attribute(s->txn, EVENT_PURCHASE, STRV("x"), SCHEMA_SET, 0, 0, &e), 0);
    assert_int_equal(schema_add_attribute(s->txn, 9999, STRV("x"), SCHEMA_TEXT, 0, 0, &e), 0);
    assert_int_equal(e.code, ERR_NOT_FOUND);
    assert_true(catalog_ok(s->txn, &e));
}

static void names_are_small_letters(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out; /* NULL: nothing usable */
    } cases[] = {
        { "Birth Date", "birth_date" },
        { "  E-Mail  ", "e_mail" },
        { "first_name", "first_name" },
        { "Total (EUR)", "total_eur" },
        { "2nd", "_2nd" },
        { "a.b", "a.b" },
        { "Größe", "gr_e" },
        { "and", NULL },
        { "", NULL },
        { "a23456789012345678901234567890123456789012345678901234567890123456789", NULL },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char out[SCHEMA_MAX_NAME + 1];
        bool ok = schema_clean_name(strv_from(cases[i].in), out);
        assert_int_equal(ok, cases[i].out != NULL);
        if (ok) {
            assert_string_equal(out, cases[i].out);
        }
    }
    assert_false(schema_name_valid(STRV("Name")));
    assert_false(schema_name_valid(STRV("1a")));
    assert_false(schema_name_valid(STRV("a b")));
    assert_false(schema_name_valid(STRV("")));
}

static void types_have_names(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum schema_type type;
        unsigned scale;
    } cases[] = {
        { "text", SCHEMA_TEXT, 0 },        { "number", SCHEMA_NUMBER, 2 }, { "NUMBER(0)", SCHEMA_NUMBER, 0 },
        { "number(9)", SCHEMA_NUMBER, 9 }, { "yes/no", SCHEMA_BOOL, 0 },   { "bool", SCHEMA_BOOL, 0 },
        { "date", SCHEMA_DATE, 0 },        { "set", SCHEMA_SET, 0 },       { "place", SCHEMA_PLACE, 0 },
        { "number(10)", SCHEMA_NONE, 0 },  { "number(", SCHEMA_NONE, 0 },  { "text(1)", SCHEMA_NONE, 0 },
        { "none", SCHEMA_NONE, 0 },        { "", SCHEMA_NONE, 0 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enum schema_type type = SCHEMA_NONE;
        unsigned scale;
        bool ok = schema_type_parse(strv_from(cases[i].text), &type, &scale);
        assert_int_equal(ok, cases[i].type != SCHEMA_NONE);
        if (ok) {
            assert_int_equal(type, cases[i].type);
            assert_int_equal(scale, cases[i].scale);
        }
    }
}

static void there_is_an_end_to_declaring(void **state)
{
    struct scratch *s = *state;
    struct err e = { 0 };
    scratch_begin(s, true);
    catalog_set_number(s->txn, CATALOG_NEXT_FIELD, SCHEMA_MAX_FIELDS - 1);
    assert_int_not_equal(schema_add_field(s->txn, STRV("last"), SCHEMA_TEXT, 0, 0, &e), 0);
    assert_int_equal(schema_add_field(s->txn, STRV("one_more"), SCHEMA_TEXT, 0, 0, &e), 0);
    assert_int_equal(e.code, ERR_LIMIT);
}

#define T(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(built_in_names_are_there_from_the_start),
        cmocka_unit_test(ids_of_the_built_in_are_unique),
        T(declared_names_come_back_with_their_ids),
        T(the_same_twice_is_fine_another_type_is_not),
        cmocka_unit_test(names_are_small_letters),
        cmocka_unit_test(types_have_names),
        T(there_is_an_end_to_declaring),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
