/* Names and types against a schema, and the nearest name for one that is unknown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "examples.h"
#include "query/check.h"
#include "query/parse.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

struct row {
    const char *name;
    enum query_type type;
    uint8_t scale;
};

static const struct row fields[] = {
    { "tags", QUERY_TYPE_SET, 0 },        { "gender", QUERY_TYPE_TEXT, 0 },
    { "birth_date", QUERY_TYPE_DATE, 0 }, { "region", QUERY_TYPE_TEXT, 0 },
    { "signup", QUERY_TYPE_DATE, 0 },     { "interests", QUERY_TYPE_SET, 0 },
    { "stage", QUERY_TYPE_TEXT, 0 },      { "tier", QUERY_TYPE_TEXT, 0 },
    { "channels", QUERY_TYPE_SET, 0 },    { "home", QUERY_TYPE_PLACE, 0 },
    { "balance", QUERY_TYPE_NUMBER, 2 },  { "visits", QUERY_TYPE_NUMBER, 0 },
    { "newsletter", QUERY_TYPE_BOOL, 0 },
};
static const char *const events[] = { "purchase", "cart_add", "inbound", "csat", "sent", "reply", "click" };
static const struct row attributes[][6] = {
    { { "amount", QUERY_TYPE_NUMBER, 2 },
      { "department", QUERY_TYPE_TEXT, 0 },
      { "product", QUERY_TYPE_TEXT, 0 },
      { "category", QUERY_TYPE_TEXT, 0 },
      { "due", QUERY_TYPE_DATE, 0 } },
    { { "product", QUERY_TYPE_TEXT, 0 }, { "amount", QUERY_TYPE_TEXT, 0 } },
    { { "text", QUERY_TYPE_TEXT, 0 } },
    { { "score", QUERY_TYPE_NUMBER, 0 } },
    { { "campaign", QUERY_TYPE_TEXT, 0 } },
    { { "campaign", QUERY_TYPE_TEXT, 0 } },
    { { "campaign", QUERY_TYPE_TEXT, 0 } },
};

static bool row_find(const struct row *rows, size_t n, struct strv name, struct query_symbol *out)
{
    for (size_t i = 0; i < n && rows[i].name; i++) {
        if (!strv_eq_c(name, rows[i].name))
            continue;
        *out = (struct query_symbol){ rows[i].type, rows[i].scale, (uint32_t)i };
        return true;
    }
    return false;
}

static bool schema_field(void *ctx, struct strv name, struct query_symbol *out)
{
    (void)ctx;
    return row_find(fields, COUNT(fields), name, out);
}

static bool schema_field_name(void *ctx, size_t i, struct strv *name)
{
    (void)ctx;
    if (i >= COUNT(fields))
        return false;
    *name = strv_from(fields[i].name);
    return true;
}

static bool schema_event(void *ctx, struct strv name, uint32_t *id)
{
    (void)ctx;
    for (size_t i = 0; i < COUNT(events); i++) {
        if (strv_eq_c(name, events[i])) {
            *id = (uint32_t)i;
            return true;
        }
    }
    return false;
}

static bool schema_event_name(void *ctx, size_t i, struct strv *name)
{
    (void)ctx;
    if (i >= COUNT(events))
        return false;
    *name = strv_from(events[i]);
    return true;
}

static bool schema_attribute(void *ctx, uint32_t event, struct strv name, struct query_symbol *out)
{
    (void)ctx;
    return row_find(attributes[event], COUNT(attributes[event]), name, out);
}

static bool schema_attribute_name(void *ctx, uint32_t event, size_t i, struct strv *name)
{
    (void)ctx;
    if (i >= COUNT(attributes[event]) || !attributes[event][i].name)
        return false;
    *name = strv_from(attributes[event][i].name);
    return true;
}

static bool schema_segment(void *ctx, struct strv name)
{
    (void)ctx;
    return strv_eq_c(name, "lapsed-vips");
}

static bool schema_segment_name(void *ctx, size_t i, struct strv *name)
{
    (void)ctx;
    *name = i == 0 ? STRV("lapsed-vips") : STRV("asleep"); /* the second is inactive */
    return i < 2;
}

static const struct query_schema schema = {
    .field = schema_field,
    .field_name = schema_field_name,
    .event = schema_event,
    .event_name = schema_event_name,
    .attribute = schema_attribute,
    .attribute_name = schema_attribute_name,
    .segment = schema_segment,
    .segment_name = schema_segment_name,
};

static void test_every_example_of_the_description_fits_the_schema(void **state)
{
    (void)state;
    for (size_t i = 0; i < 22; i++) { /* the table's own rows come first */
        struct query_error e;
        struct query *q = query_parse(strv_from(query_examples[i].text), NULL, &e);
        assert_non_null(q);
        if (!query_check(q, &schema, &e))
            fail_msg("%s: %s", query_examples[i].text, e.text);
        assert_true(q->checked);
        query_free(q);
    }
}

static void test_symbols_are_filled_in(void **state)
{
    (void)state;
    struct query_error e;
    struct query *q = query_parse(
        strv_from("balance > 5 and sum(purchase.amount where hour in 1..2 and due after today) > 1 and "
                  "count(sent | reply where campaign = \"x\") > 0 and age(birth_date) > 3"),
        NULL, &e);
    assert_non_null(q);
    assert_true(query_check(q, &schema, &e));
    struct query_node *const *c = q->root->operands.items;
    assert_int_equal(c[0]->compare.left->field.symbol.id, 10);
    assert_int_equal(c[0]->compare.left->field.symbol.scale, 2);
    const struct query_aggregate *sum = &c[1]->compare.left->aggregate;
    assert_int_equal(sum->events[0].id, 0);
    assert_int_equal(sum->events[0].symbol.scale, 2);
    assert_int_equal(sum->where->operands.items[0]->range.value->field.builtin, QUERY_HOUR);
    assert_int_equal(sum->where->operands.items[1]->date.field.symbol.id, 4);
    const struct query_aggregate *count = &c[2]->compare.left->aggregate;
    assert_int_equal(count->events[1].id, 5);
    assert_non_null(count->where->text.value.field.per_event);
    assert_int_equal(count->where->text.value.field.per_event[1].type, QUERY_TYPE_TEXT);
    assert_int_equal(c[3]->compare.left->field.symbol.type, QUERY_TYPE_DATE);
    query_free(q);
}

static const struct {
    const char *text, *message;
    enum query_error_code code;
} error_cases[] = {
    { "tags has \"x\" and gendr = \"f\"", "unknown field \"gendr\" at 18; did you mean \"gender\"?",
      QUERY_E_UNKNOWN_FIELD },
    { "stage = \"a\" and gendr = \"f\"", "unknown field \"gendr\" at 17; did you mean \"gender\"?",
      QUERY_E_UNKNOWN_FIELD },
    { "age(birth) > 3", "unknown field \"birth\" at 5; did you mean \"birth_date\"?", QUERY_E_UNKNOWN_FIELD },
    { "purchase.amount > 3",
      "unknown field \"purchase.amount\" at 1; \"purchase\" is an event: ask for count(purchase) and the "
      "like",
      QUERY_E_UNKNOWN_FIELD },
    { "shoe_size > 3", "unknown field \"shoe_size\" at 1", QUERY_E_UNKNOWN_FIELD },
    { "month = 3", "unknown field \"month\" at 1; it has a meaning only inside \"where\"", QUERY_E_PLACE },
    { "count(purchse) > 1", "unknown event \"purchse\" at 7; did you mean \"purchase\"?",
      QUERY_E_UNKNOWN_EVENT },
    { "rfm(purchas).r > 1", "unknown event \"purchas\" at 5; did you mean \"purchase\"?",
      QUERY_E_UNKNOWN_EVENT },
    { "sum(purchase.amout) > 1",
      "unknown attribute of event \"purchase\": \"amout\" at 14; did you mean \"amount\"?",
      QUERY_E_UNKNOWN_ATTRIBUTE },
    { "count(purchase where depratment = \"x\") > 1",
      "unknown attribute of event \"purchase\": \"depratment\" at 22; did you mean \"department\"?",
      QUERY_E_UNKNOWN_ATTRIBUTE },
    { "count(purchase where houre = 3) > 1",
      "unknown attribute of event \"purchase\": \"houre\" at 22; did you mean \"hour\"?",
      QUERY_E_UNKNOWN_ATTRIBUTE },
    { "count(purchase where gender = \"f\") > 1", "unknown attribute of event \"purchase\": \"gender\" at 22",
      QUERY_E_UNKNOWN_ATTRIBUTE },
    { "count(sent | inbound where campaign = \"f\") > 1",
      "unknown attribute of event \"inbound\": \"campaign\" at 28", QUERY_E_UNKNOWN_ATTRIBUTE },
    { "count(purchase | cart_add where amount > 3) > 1",
      "attribute \"amount\" is a number in \"purchase\" but a text in \"cart_add\" at 33", QUERY_E_TYPE },
    { "in segment \"asleep\"", "the segment \"asleep\" is inactive at 12; activate it first",
      QUERY_E_UNKNOWN_SEGMENT },
    { "in segment \"lapsd-vips\"", "unknown segment \"lapsd-vips\" at 12; did you mean \"lapsed-vips\"?",
      QUERY_E_UNKNOWN_SEGMENT },
    { "gender > 3",
      "field \"gender\" is a text, not a number at 1; a text is tested with =, !=, in, contains, starts "
      "with, matches "
      "and a string",
      QUERY_E_TYPE },
    { "balance = \"x\"",
      "field \"balance\" is a number, not a text at 1; a number is tested with =, !=, <, <=, >, >=, between, "
      "in and a "
      "number",
      QUERY_E_TYPE },
    { "signup",
      "field \"signup\" is a date, not a yes/no at 1; a date is tested with before, after, on, within",
      QUERY_E_TYPE },
    { "gender has \"a\"",
      "field \"gender\" is a text, not a set at 1; a text is tested with =, !=, in, contains, starts with, "
      "matches and "
      "a string",
      QUERY_E_TYPE },
    { "tags = \"a\"",
      "field \"tags\" is a set, not a text at 1; a set is tested with has, has any, has all, has none",
      QUERY_E_TYPE },
    { "signup within last 3 hours", "a date has no hours at 1; expected days, weeks, months or years",
      QUERY_E_TYPE },
    { "sum(purchase) > 1", "sum needs an attribute of the event at 1; expected sum(purchase.attribute)",
      QUERY_E_ARGUMENT },
    { "count(purchase.amount) > 1", "count takes an event without an attribute, not \"amount\" at 16",
      QUERY_E_ARGUMENT },
    { "sum(purchase.product) > 1", "sum needs a number, but attribute \"product\" is a text at 14",
      QUERY_E_TYPE },
    { "share(purchase) > 1", "share needs a condition at 1; expected share(event where ...)",
      QUERY_E_ARGUMENT },
    { "min_per(month, inbound, lifetime) > 1",
      "min_per over a lifetime at 25; expected a window with an end and a beginning", QUERY_E_ARGUMENT },
    { "gender matches \"a(b\"", "\"a(b\" is no regular expression at 16: missing closing parenthesis",
      QUERY_E_PATTERN },
    { "signup on today and survey \"x\" status matches \"[\"",
      "\"[\" is no regular expression at 47: missing terminating ] for character class", QUERY_E_PATTERN },
    { "rfm(sent).score > 3",
      "rfm needs a number \"amount\", which the event \"sent\" has not at 5; r and f do without",
      QUERY_E_ARGUMENT },
    { "rfm(purchase).class > 1",
      "rfm class is a text at 1; compare it with a string, or use r, f, m or score", QUERY_E_TYPE },
};

static void test_errors(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(error_cases); i++) {
        struct query_error e;
        struct query *q = query_parse(strv_from(error_cases[i].text), NULL, &e);
        if (!q)
            fail_msg("%s: %s", error_cases[i].text, e.text);
        if (query_check(q, &schema, &e))
            fail_msg("checked: %s", error_cases[i].text);
        assert_false(q->checked);
        assert_string_equal(e.text, error_cases[i].message);
        if (e.code != error_cases[i].code)
            fail_msg("%s: code %s", error_cases[i].text, query_error_name(e.code));
        assert_false(query_check(q, &schema, NULL));
        query_free(q);
    }
}

static void test_segments_are_not_looked_up_without_a_callback(void **state)
{
    (void)state;
    struct query_schema without = schema;
    without.segment = NULL;
    struct query *q = query_parse(strv_from("in segment \"anything\""), NULL, NULL);
    assert_true(query_check(q, &without, NULL));
    query_free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_example_of_the_description_fits_the_schema),
        cmocka_unit_test(test_symbols_are_filled_in),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_segments_are_not_looked_up_without_a_callback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
