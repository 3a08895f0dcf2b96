/* NDJSON: what a line says, what is refused and where, and how it becomes columns, whatever comes in which
 * chunk. */
#include "audience_fixture.h"

#include "audience/import_json.h"
#include "audience/import_value.h"

static bool show(void *ctx, struct strv path, struct strv text)
{
    struct buf *b = ctx;
    buf_printf(b, STRV_FMT "=", STRV_ARG(path));
    for (size_t i = 0; i < text.n; i++) {
        buf_put_u8(b, text.p[i] == IMPORT_MEMBER   ? '|'
                      : text.p[i] == IMPORT_NESTED ? '#'
                                                   : (uint8_t)text.p[i]);
    }
    return buf_put_u8(b, ' ');
}

static void a_line_is_read_strictly(void **state)
{
    static const struct {
        const char *line, *told;
        size_t octet; /* 0: fine */
    } rows[] = {
        { "{}", "", 0 },
        { " { } ", "", 0 },
        { "{\"a\":1}", "a=1 ", 0 },
        { "{\"a\":-0.10e+5,\"b\":true,\"c\":null,\"d\":false}", "a=-0.10e+5 b=true c= d=false ", 0 },
        { "{\"a\":{\"b\":{\"c\":\"x\"}},\"d\":\"y\"}", "a.b.c=x d=y ", 0 },
        { "{\"a\":[\"x\",\"y;z\",3]}", "a=|x|y;z|3 ", 0 },
        { "{\"a\":[]}", "a= ", 0 },
        { "{\"a\":[{\"b\":1},[2],3],\"c\":4}", "a=# c=4 ", 0 },
        { "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\"}",
          "a=\"\\/\b\f\n\r\t\xc3\xa9\xf0\x9f\x98\x80 ", 0 },
        { "{\"a\":0.1234567890123456789}", "a=0.1234567890123456789 ", 0 },
        { "", "", 1 },
        { "[1]", "", 1 },
        { "{\"a\":1", "", 7 },
        { "{\"a\":1,}", "", 8 },
        { "{\"a\" 1}", "", 6 },
        { "{a:1}", "", 2 },
        { "{\"a\":01}", "", 8 },
        { "{\"a\":1.}", "", 8 },
        { "{\"a\":+1}", "", 6 },
        { "{\"a\":NaN}", "", 6 },
        { "{\"a\":'x'}", "", 6 },
        { "{\"a\":\"x}", "", 9 },
        { "{\"a\":\"\\x\"}", "", 9 },
        { "{\"a\":\"\\ud800\"}", "", 13 },
        { "{\"a\":\"\\udc00\"}", "", 13 },
        { "{\"a\":\"\x01\"}", "", 7 },
        { "{\"a\":1} {}", "", 9 },
        { "{\"\":1}", "", 4 },
        { "{\"a\":tru}", "", 6 },
        { "{\"a\":[1 2]}", "", 9 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf texts = { 0 }, told = { 0 };
        struct import_json_error bad = { 0 };
        struct strv line = strv_from(rows[i].line);
        buf_reserve(&texts, line.n * 2 + 16);
        bool ok = import_json_read(line, &texts, show, &told, &bad);
        buf_put_u8(&told, 0);
        if (ok != (rows[i].octet == 0) || (ok && strcmp((const char *)told.data, rows[i].told) != 0) ||
            (!ok && bad.octet != rows[i].octet)) {
            fail_msg("%s: %s, octet %zu: %s", rows[i].line, (const char *)told.data, bad.octet,
                     ok ? "" : bad.reason);
        }
        buf_free(&texts);
        buf_free(&told);
    }
}

/* Depth, a long name, and every prefix of a line: nothing is read beyond it. */
static void hostile_lines_are_refused(void **state)
{
    static const char line[] = "{\"a\":{\"b\":[1,\"\\ud83d\\ude00\",{\"c\":[null,-1.5e3]}]},\"d\":\"x\"}";
    struct buf b = { 0 }, texts = { 0 }, told = { 0 };
    struct import_json_error bad;
    (void)state;
    buf_reserve(&texts, 1 << 20);
    for (size_t n = 0; n + 1 < sizeof(line); n++) {
        char *copy = malloc(n + 1); /* so that a sanitizer sees what lies behind */
        memcpy(copy, line, n);
        assert_false(import_json_read((struct strv){ copy, n }, &texts, show, &told, &bad));
        free(copy);
    }
    static const char *const opens[] = { "{\"a\":", "{\"a\":[[", "[" };
    for (size_t k = 0; k < 3; k++) {
        buf_clear(&b);
        buf_put_strv(&b, STRV("{\"a\":"));
        for (int i = 0; i < 100000; i++) {
            buf_put_strv(&b, strv_from(opens[k]));
        }
        assert_false(import_json_read((struct strv){ (char *)b.data, b.len }, &texts, show, &told, &bad));
        assert_string_equal(bad.reason, "too deep");
    }
    buf_clear(&b);
    buf_put_strv(&b, STRV("{\""));
    for (int i = 0; i < 129; i++) {
        buf_put_u8(&b, 'x');
    }
    buf_put_strv(&b, STRV("\":1}"));
    assert_false(import_json_read((struct strv){ (char *)b.data, b.len }, &texts, show, &told, &bad));
    buf_free(&b);
    buf_free(&texts);
    buf_free(&told);
}

/* --- whole imports --- */

static const char people[] = "{\"phone\":\"+447700900001\",\"first_name\":\"Ann\",\"address\":{\"city\":"
                             "\"Bath\"},\"tags\":[\"a;b\",\"vip\"]}\n"
                             "\n"
                             "{\"phone\":\"+447700900002\",\"total\":19.99,\"later\":null}\n"
                             "{\"phone\":\"+447700900003\" \"x\":1}\n"
                             "{\"phone\":\"+447700900004\",\"phone\":\"+447700900005\"}\n"
                             "{\"phone\":\"+447700900006\",\"total\":\"many\"}\n"
                             "{\"phone\":\"+447700900007\",\"later\":7,\"orders\":[{\"id\":1}]}\n"
                             "{\"first_name\":\"Nobody\"}\n";

/* The file in pieces of at most `size` octets, each ending with a line; every piece twice. */
static void import_text(struct fixture *f, const struct audience_import_options *o, const char *text,
                        size_t size)
{
    struct err e = { 0 };
    struct audience_import *im = audience_import_begin(f->a, o, &e);
    if (!im) {
        fail_msg("%s", e.text);
    }
    f->rejects[0] = '\0';
    for (size_t at = 0, n = strlen(text); at < n;) {
        const char *end = strchr(text + at, '\n');
        size_t to = (size_t)(end - text) + 1;
        while (to < n && (size_t)(strchr(text + to, '\n') - text) + 1 - at <= size) {
            to = (size_t)(strchr(text + to, '\n') - text) + 1;
        }
        for (int twice = 0; twice < 2; twice++) {
            if (!audience_import_chunk(im, at, (struct strv){ text + at, to - at }, to == n, &e)) {
                fail_msg("%s", e.text);
            }
        }
        const struct audience_reject *r;
        size_t rejects = audience_import_rejects(im, &r);
        for (size_t i = 0; i < rejects; i++) {
            size_t used = strlen(f->rejects);
            snprintf(f->rejects + used, sizeof(f->rejects) - used, "%d %s: %s\n", (int)r[i].line, r[i].column,
                     r[i].reason);
        }
        audience_import_take_rejects(im);
        at = to;
    }
    f->progress = *audience_import_progress(im);
    audience_import_free(im);
    fixture_verify(f);
}

static void value_is(struct fixture *f, uint64_t number, const char *field, const char *want)
{
    struct err e = { 0 };
    struct audience_view *v = audience_view_begin(f->a, &e);
    uint32_t id;
    struct customer_arena arena = { 0 };
    struct audience_customer c = { .view = v };
    struct buf b = { 0 };
    const struct schema_field *s = schema_find_field(v->schema, strv_from(field));
    bool there = s && customer_find(v->txn, number, &id) && customer_get(v->txn, id, &arena, &c.record) &&
                 audience_customer_text(&c, s->id, &b);
    buf_put_u8(&b, 0);
    if (strcmp(there ? (const char *)b.data : "-", want) != 0) {
        fail_msg("%s of %d: %s instead of %s", field, (int)(number % 100), (const char *)b.data, want);
    }
    buf_free(&b);
    customer_arena_free(&arena);
    audience_view_end(v);
}

static void names_become_columns_whenever_they_come(void **state)
{
    (void)state;
    static const size_t sizes[] = { 1, 200, 100000 };
    for (size_t i = 0; i < 3; i++) {
        void *own;
        fixture_setup(&own);
        struct fixture *f = own;
        const struct audience_import_options o = { .session = STRV("s"),
                                                   .kind = IMPORT_CUSTOMERS,
                                                   .format = IMPORT_NDJSON,
                                                   .mapping = STRV("total=total:number"),
                                                   .now = FIXTURE_NOW };
        import_text(f, &o, people, sizes[i]);
        value_is(f, UINT64_C(447700900001), "first_name", "Ann");
        value_is(f, UINT64_C(447700900001), "address.city", "Bath");
        value_is(f, UINT64_C(447700900001), "tags", "a;b, vip");
        value_is(f, UINT64_C(447700900002), "total", "19.99");
        value_is(f, UINT64_C(447700900002), "later", "-");
        assert_int_equal(f->progress.created, 2);
        assert_int_equal(f->progress.rows, 7);
        assert_int_equal(f->progress.rejected, 5);
        assert_string_equal(f->rejects,
                            "4 : a comma is missing (octet 26)\n"
                            "5 : the name \"phone\" is there twice (octet 49)\n"
                            "6 total: not a number with at most 2 digits after the point\n"
                            "7 orders: a list of objects or lists cannot be imported; leave it out (NAME=-)\n"
                            "8 phone: no number\n");
        fixture_teardown(&own);
    }
}

/* --- modes --- */

static void modes_of_an_import(void **state)
{
    struct fixture *f = *state;
    struct audience_import_options o = { .kind = IMPORT_CUSTOMERS, .now = FIXTURE_NOW };
    const uint64_t ann = UINT64_C(447700900001), bob = UINT64_C(447700900002);
    import_text(f, &o, "phone,first_name,tags,tier\n+447700900001,Ann,a;b,gold\n+447700900002,Bob,c,blue\n",
                1000);

    o.mode = IMPORT_UPDATE;
    import_text(f, &o, "phone,tier\n+447700900001,\n+447700900002,red\n+447700900003,red\n", 1000);
    assert_string_equal(f->rejects, "4 phone: no customer has this number\n");
    value_is(f, ann, "tier", "gold"); /* empty leaves what is there */
    value_is(f, bob, "tier", "red");
    assert_int_equal(f->progress.created, 0);

    o.mode = IMPORT_REPLACE;
    import_text(f, &o, "phone,tier,tags\n+447700900001,,x\n+447700900004,new,\n", 1000);
    value_is(f, ann, "tier", "-");
    value_is(f, ann, "first_name", "-");
    value_is(f, ann, "tags", "x");
    value_is(f, bob, "first_name", "Bob"); /* not in the file */
    value_is(f, UINT64_C(447700900004), "tier", "new");
    assert_int_equal(f->progress.updated, 1);
    assert_int_equal(f->progress.created, 1);
    import_text(f, &o, "phone,tags\n+447700900001,x\n", 1000);
    assert_int_equal(f->progress.unchanged, 1);

    struct err e = { 0 };
    o.kind = IMPORT_EVENTS;
    o.event = STRV("purchase");
    assert_null(audience_import_begin(f->a, &o, &e));
}

/* --- ready mappings --- */

static void a_ready_mapping(void **state)
{
    struct fixture *f = *state;
    struct audience_import_options o = {
        .kind = IMPORT_EVENTS,
        .event = STRV("purchase"),
        .create_customers = true,
        .now = FIXTURE_NOW,
        .preset = STRV("# a comment\n@kind\tevents\nStatus\t@only(paid|done)\tothers are "
                       "none\nMobile\tmsisdn\nPhone\tmsisdn\n"
                       "Date\ttime\nOrder\tid\nItem\tid+product\nQuantity\tquantity\nTotal\tamount\nPrice\t@"
                       "unit amount\n"
                       "Missing\tcategory\n"),
    };
    import_text(f, &o,
                "Order,Item,Quantity,Price,Total,Date,Phone,Mobile,Status,Secret\n"
                "1,Shoes,2,10.50,,2023-01-01,+447700900001,,paid,x\n"
                "1,Socks,3,1.00,2.50,2023-01-01,+447700900001,'+447700900002,DONE,x\n"
                "1,Socks,3,1.00,2.50,2023-01-01,+447700900001,+447700900002,done,x\n"
                "2,Hat,1,9,,2023-01-01,+447700900001,,cancelled,x\n"
                "3,Hat,1,9,,2023-01-01,,,paid,x\n",
                1000);
    assert_int_equal(f->progress.events, 2);
    assert_int_equal(f->progress.repeated, 1);
    assert_int_equal(f->progress.skipped, 1);
    assert_int_equal(f->progress.created, 2);
    assert_string_equal(f->rejects, "6 Mobile: no number\n");
    struct err e = { 0 };
    struct audience_view *v = audience_view_begin(f->a, &e);
    const struct schema_event *p = schema_find_event(v->schema, STRV("purchase"));
    assert_null(schema_find_attribute(p, STRV("secret"))); /* what is not named is left out */
    struct events_summary s;
    uint32_t id;
    assert_true(customer_find(v->txn, UINT64_C(447700900002), &id));
    assert_true(events_summarize(v->txn, EVENT_PURCHASE, id, &s));
    assert_int_equal(s.count, 1);
    audience_view_end(v);
    assert_true(strv_eq_c(audience_import_directive(o.preset, "@kind"), "events"));
    assert_int_equal(audience_import_directive(o.preset, "@type").n, 0);
}

/* What shops do to values: apostrophes, rows that are no thing of its own, columns with a name of their own.
 */
static void a_ready_mapping_knows_its_program(void **state)
{
    struct fixture *f = *state;
    struct audience_import_options o = {
        .kind = IMPORT_EVENTS,
        .event = STRV("purchase"),
        .create_customers = true,
        .now = FIXTURE_NOW,
        .mapping = STRV("Bonus=bonus"),
        .preset = STRV("Phone\tmsisdn\nDate\ttime\nOrder\tid\nItem\t@need id+product\n"
                       "Kept\t@need quantity\n*(shop.size)\tsize:text\n*\tcategory\n"),
    };
    import_text(f, &o,
                "Order,Item,Kept,Date,Phone,Gr\u00f6\u00dfe (Shop.Size),Bonus\n"
                "'1,'t Hooft,2,'2023-01-01,'+447700900001,'=1,'12.50\n" /* an apostrophe of its own */
                "1,Socks,0,2023-01-01,+447700900001,x,\n"               /* came back */
                "1,Socks,0.00,2023-01-01,+447700900001,x,\n"
                "1,Socks,,2023-01-01,+447700900001,x,\n"
                "1,,3,2023-01-01,+447700900001,x,\n" /* no thing at all */
                "'1,'7up,'-1,2023-01-01,+447700900001,'@x,\n"
                "1,7up,-1,2023-01-01,+447700900001,,\n",
                1000);
    assert_string_equal(f->rejects, "");
    assert_int_equal(f->progress.skipped, 4);
    assert_int_equal(f->progress.events, 2);
    assert_int_equal(f->progress.repeated, 1);
    struct err e = { 0 };
    struct audience_view *v = audience_view_begin(f->a, &e);
    const struct schema_event *p = schema_find_event(v->schema, STRV("purchase"));
    assert_int_equal(schema_find_attribute(p, STRV("bonus"))->type, SCHEMA_NUMBER); /* guessed behind it */
    static const struct {
        const char *space, *text;
        bool there;
    } texts[] = { { "product", "'t Hooft", true }, { "product", "7up", true },
                  { "product", "'7up", false },    { "product", "Socks", false },
                  { "size", "=1", true },          { "size", "@x", true },
                  { "size", "x", false },          { "category", "Socks", false } };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const struct schema_field *a = schema_find_attribute(p, strv_from(texts[i].space));
        bool there = dict_find(v->txn, a->id, strv_from(texts[i].text)) != 0;
        if (there != texts[i].there)
            fail_msg("%s \"%s\": %d", texts[i].space, texts[i].text, there);
    }
    audience_view_end(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_read_strictly),
        cmocka_unit_test(hostile_lines_are_refused),
        cmocka_unit_test(names_become_columns_whenever_they_come),
        cmocka_unit_test_setup_teardown(modes_of_an_import, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_ready_mapping, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_ready_mapping_knows_its_program, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
