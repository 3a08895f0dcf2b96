#include "audience_fixture.h"

static void customers_come_in_with_their_fields(void **state)
{
    struct fixture *f = *state;
    assert_true(
        fixture_customers(f, "Handy=msisdn,Total=income:number(2),Hobbies=interests",
                          "\xEF\xBB\xBF"
                          "Handy,First Name,Birth_Date,Tags,Home,Total,Hobbies,VIP\r\n"
                          "+44 7700 900001,Ann,1990-02-28,VIP;gold,\"50.08, 14.43\",12.5,\"a,b|c\",yes\r\n"
                          "+447700900002,,,,,,,no\r\n"));
    assert_string_equal(f->rejects, "");
    assert_int_equal(f->progress.created, 2);
    assert_int_equal(f->progress.rows, 2);
    assert_int_equal(f->progress.lines, 3);
    assert_true(f->progress.finished);
    assert_string_equal(fixture_show(f, 447700900001).s,
                        "msisdn=+447700900001;created=2023-11-14;tags=VIP, gold;first_name=Ann;"
                        "birth_date=1990-02-28;interests=a, b, c;home=50.08,14.43;income=12.5;vip=yes;");
    assert_string_equal(fixture_show(f, 447700900002).s, "msisdn=+447700900002;created=2023-11-14;vip=no;");
    assert_string_equal(fixture_show(f, 447700900003).s, "");
    fixture_verify(f);
}

static void a_second_file_updates(void **state)
{
    struct fixture *f = *state;
    assert_true(fixture_customers(f, "",
                                  "phone,first_name,tags,tier\n"
                                  "+447700900001,Ann,VIP;gold,a\n"
                                  "+447700900002,Bob,VIP,b\n"
                                  "+447700900003,Cat,,c\n"));
    assert_true(fixture_customers(f, "",
                                  "phone,tier,tags\n"
                                  "+447700900002,,old;VIP\n"
                                  "+447700900003,c,\n"
                                  "+447700900004,d,\n"
                                  "+447700900004,e,x\n"));
    assert_int_equal(f->progress.created, 1);
    assert_int_equal(f->progress.updated, 2); /* 002, and 004 by its second line */
    assert_int_equal(f->progress.unchanged, 1);
    assert_string_equal(fixture_show(f, 447700900002).s,
                        "msisdn=+447700900002;created=2023-11-14;tags=VIP, old;first_name=Bob;tier=b;");
    assert_string_equal(fixture_show(f, 447700900004).s,
                        "msisdn=+447700900004;created=2023-11-14;tags=x;tier=e;");
    assert_true(fixture_customers(f, "", "phone,tags\n+447700900001,silver\n"));
    assert_string_equal(fixture_show(f, 447700900001).s,
                        "msisdn=+447700900001;created=2023-11-14;tags=silver;first_name=Ann;tier=a;");
    fixture_verify(f);
}

static void bad_lines_are_named_and_the_rest_goes_on(void **state)
{
    struct fixture *f = *state;
    assert_true(fixture_customers(f, "score=score:number(1),member=member:yes/no",
                                  "phone,signup,score,member,first_name,home\n"
                                  "+447700900001,2020-01-01,1.5,yes,Ann,\n"
                                  "banana,2020-01-01,1,yes,Bob,\n"
                                  "+447700900002,2020-02-30,1,yes,Bob,\n"
                                  "+447700900003,2020-01-01,1.55,yes,Bob,\n"
                                  "+447700900004,2020-01-01,1,perhaps,Bob,\n"
                                  "+447700900005,2020-01-01,1,yes\n"
                                  "+447700900006,2020-01-01,1,yes,\"Bob,\n"
                                  "+447700900007,2020-01-01,1,yes,B\xff,\n"
                                  "+447700900008,2020-01-01,1,yes,Bob,\"91,0\"\n"
                                  ",2020-01-01,1,yes,Bob,\n"
                                  "+447700900009,2020-01-01,1,yes,Zoe,\n"));
    assert_string_equal(
        f->rejects,
        "3 phone [banana] not an international number (+ and 7 to 15 digits)\n"
        "4 signup [2020-02-30] not a date (2026-11-21)\n"
        "5 score [1.55] not a number with at most 1 digits after the point\n"
        "6 member [perhaps] not yes or no\n"
        "7  [+447700900005] has 4 columns where the header has 6\n"
        "8 first_name [] a quote in the middle of a field, or text after a closing quote\n"
        "9 first_name [B\xEF\xBF\xBD] not UTF-8: write the file anew, as with iconv -f LATIN1 -t UTF-8\n"
        "10 home [91,0] not a place (latitude,longitude in degrees)\n"
        "11 phone [] no number\n");
    assert_int_equal(f->progress.created, 2);
    assert_int_equal(f->progress.rejected, 9);
    assert_int_equal(f->progress.rows, 11);
    fixture_verify(f);
}

static void nul_octets_are_refused(void **state)
{
    struct fixture *f = *state;
    static const char text[] = "phone,first_name\n+447700900001,A\0B\n+4477009\00000,A\n";
    const struct audience_import_options o = { .kind = IMPORT_CUSTOMERS, .now = FIXTURE_NOW };
    assert_true(fixture_import(f, &o, (struct strv){ text, sizeof(text) - 1 }));
    assert_int_equal(f->progress.rejected, 2);
    assert_non_null(strstr(f->rejects, "2 first_name [A"));
    assert_non_null(strstr(f->rejects, "contains a NUL octet"));
}

static void the_header_must_make_sense(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *mapping, *text, *error;
    } cases[] = {
        { "", "", "there is no header" },
        { "", "name,tier\nx,y\n",
          "no column has the number: say which with --map COLUMN=msisdn; columns are \"name\", \"tier\"" },
        { "", "phone|tier\n", "columns are \"phone|tier\" alone (comma, semicolon or tab separate them)" },
        { "", "+447700900001,gold\n+447700900002,gold\n",
          "the first line must name the columns, and this one has values" },
        { "", "phone,tier\r+447700900001,gold\r", "carriage return alone" },
        { "p_alive=p_alive", "phone,p_alive\n+447700900001,1\n", "queries have a meaning for it" },
        { "telefon=msisdn", "phone\n", "names a column \"telefon\" that is not in the file" },
        { "phone", "phone\n", "is not column=target" },
        { "phone=msisdn,a=tier,b=tier", "phone,a,b\n", "\"a\" and \"b\" go to the same place" },
        { "a=tier:number", "phone,a\n", "\"tier\" is there already, as text" },
        { "a=x:colour", "phone,a\n", "unknown type \"colour\"" },
        { "a=No Name", "phone,a\n", "cannot be a name" },
        { "a=created", "phone,a\n", "\"created\" cannot be imported" },
        { "", "phone,\"a\n", "the header is broken" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_false(fixture_customers(f, cases[i].mapping, cases[i].text));
        if (!strstr(f->rejects, cases[i].error)) {
            fail_msg("case %zu: %s", i, f->rejects);
        }
    }
    assert_string_equal(fixture_show(f, 447700900001).s, "");
    static const char wide[] = "\xFF\xFEp\0h\0o\0n\0e\0\n\0";
    const struct audience_import_options o = { .kind = IMPORT_CUSTOMERS, .now = FIXTURE_NOW };
    assert_false(fixture_import(f, &o, (struct strv){ wide, sizeof(wide) - 1 }));
    assert_non_null(strstr(f->rejects, "iconv -f UTF-16"));
}

static void a_value_that_cannot_be_held_is_told_from_what_is_none(void **state)
{
    struct fixture *f = *state;
    assert_true(fixture_customers(f, "whole=whole:number(0),cents=cents:number(2)",
                                  "phone,whole,cents\n"
                                  "+447700900001,12345678901234567890,\n"
                                  "+447700900002,1.5,\n"
                                  "+447700900003,,99999999999999999.99\n"
                                  "+447700900004,,1.234\n"));
    assert_string_equal(
        f->rejects,
        "2 whole [12345678901234567890] too large: at most 18 digits before the point are sure to fit\n"
        "3 whole [1.5] not a whole number\n"
        "4 cents [99999999999999999.99] too large: at most 16 digits before the point are sure to fit\n"
        "5 cents [1.234] not a number with at most 2 digits after the point\n");
}

static void a_column_named_id_has_the_ids_of_events(void **state)
{
    struct fixture *f = *state;
    static const char text[] =
        "id,phone,time,amount\n1,+447700900001,2023-01-05,10\n2,+447700900001,2023-01-05,10\n";
    assert_true(fixture_customers(f, "", "phone\n+447700900001\n"));
    assert_true(fixture_events(f, "purchase", "", text));
    assert_int_equal(f->progress.events, 2);
    assert_true(fixture_events(f, "purchase", "", text));
    assert_int_equal(f->progress.events, 0);
    assert_int_equal(f->progress.repeated, 2);
}

struct columns {
    char text[400];
};

static bool put_column(void *ctx, struct strv column, struct strv target, struct strv type, bool declared)
{
    struct columns *c = ctx;
    sprintf(c->text + strlen(c->text), STRV_FMT ">" STRV_FMT ":" STRV_FMT "%s;", STRV_ARG(column),
            STRV_ARG(target), STRV_ARG(type), declared ? "!" : "");
    return true;
}

static void new_columns_are_declared_by_what_is_in_them(void **state)
{
    struct fixture *f = *state;
    const struct audience_import_options o = { .kind = IMPORT_CUSTOMERS,
                                               .mapping = STRV("secret=-"),
                                               .now = FIXTURE_NOW };
    struct err e = { 0 };
    struct columns c = { "" };
    struct audience_import *im = audience_import_begin(f->a, &o, &e);
    assert_true(audience_import_chunk(im, 0,
                                      STRV("mobile,zip,visits,price,since,active,note,empty,secret,created\n"
                                           "+447700900001,00420,12,1.125,2020-01-01,yes,12x,,1,2\n"
                                           "+447700900002,10115,7,2,2021-01-01T10:00:00Z,no,7,,1,2\n"),
                                      true, &e));
    audience_import_columns(im, put_column, &c);
    assert_string_equal(c.text, "mobile>msisdn:;zip>zip:text!;visits>visits:number!;price>price:number!;"
                                "since>since:date!;active>active:bool!;note>note:text!;empty>empty:text!;"
                                "secret>-:;created>-:;");
    audience_import_free(im);
    assert_string_equal(
        fixture_show(f, 447700900001).s,
        "msisdn=+447700900001;created=2023-11-14;zip=00420;visits=12;price=1.125;since=2020-01-01;"
        "active=yes;note=12x;");
    fixture_verify(f);
}

static void unknown_columns_can_be_left_out(void **state)
{
    struct fixture *f = *state;
    const struct audience_import_options o = { .kind = IMPORT_CUSTOMERS,
                                               .ignore_unknown = true,
                                               .now = FIXTURE_NOW };
    assert_true(fixture_import(f, &o, STRV("phone;odd;tier\n+447700900001;1;gold\n")));
    assert_string_equal(fixture_show(f, 447700900001).s,
                        "msisdn=+447700900001;created=2023-11-14;tier=gold;");
}

static bool sum_block(void *ctx, const struct events_block *b)
{
    int64_t *sum = ctx;
    const struct packed *amount = events_column(b, 64);
    for (uint32_t i = 0; i < b->rows; i++) {
        sum[0]++;
        sum[1] += amount && packed_raw(amount, i) ? packed_get(amount, i) : 0;
    }
    return true;
}

static void sum_events(struct fixture *f, uint16_t type, int64_t *sum)
{
    struct audience_view *v = audience_view_begin(f->a, NULL);
    sum[0] = sum[1] = 0;
    assert_true(events_each(v->txn, type, INT32_MIN, INT32_MAX, sum_block, sum));
    audience_view_end(v);
}

static void events_of_customers_are_stored_once(void **state)
{
    struct fixture *f = *state;
    int64_t sum[2];
    static const char text[] = "order_id,phone,date,amount,product\n"
                               "1,+447700900001,2023-01-05,10.50,TRUCK\n"
                               "2,+447700900002,2023-01-05T12:00:00+01:00,5,truck\n"
                               "B-3,+447700900001,2023-02-01,1,doll\n"
                               "2,+447700900002,2023-01-05T12:00:00+01:00,5,truck\n"
                               "4,+447700900009,2023-01-05,5,truck\n"
                               "B-3,+447700900001,2023-02-01,1,doll\n"
                               ",+447700900001,2023-02-01,1,doll\n"
                               "5,+447700900001,yesterday,1,doll\n";
    assert_true(fixture_customers(f, "", "phone\n+447700900001\n+447700900002\n"));
    assert_true(fixture_events(f, "purchase", "", text));
    assert_int_equal(f->progress.events, 4);
    assert_int_equal(f->progress.repeated, 2);
    assert_string_equal(f->rejects, "6 phone [+447700900009] no customer has this number\n"
                                    "9 date [yesterday] not a time (2026-11-21 or 2026-11-21T22:00:00Z)\n");
    sum_events(f, EVENT_PURCHASE, sum);
    assert_int_equal(sum[0], 4);
    assert_int_equal(sum[1], 1750);
    /* the whole file again: only what has no id is new */
    assert_true(fixture_events(f, "purchase", "", text));
    assert_int_equal(f->progress.events, 1);
    assert_int_equal(f->progress.repeated, 5);
    sum_events(f, EVENT_PURCHASE, sum);
    assert_int_equal(sum[0], 5);
    fixture_verify(f);
}

static void an_event_of_a_new_type_is_declared(void **state)
{
    struct fixture *f = *state;
    const struct audience_import_options o = { .kind = IMPORT_EVENTS,
                                               .event = STRV("visit"),
                                               .mapping = STRV("when=time"),
                                               .create_customers = true,
                                               .now = FIXTURE_NOW };
    assert_true(fixture_import(f, &o,
                               STRV("phone,when,shop,minutes\n"
                                    "+447700900001,2023-01-05T10:00:00Z,Prague,12\n"
                                    "+447700900001,2023-01-06T10:00:00Z,Brno,7\n"
                                    "+447700900002,2023-01-06T10:00:00Z,,\n")));
    assert_int_equal(f->progress.created, 2);
    assert_int_equal(f->progress.events, 3);
    struct audience_view *v = audience_view_begin(f->a, NULL);
    const struct schema_event *ev = schema_find_event(v->schema, STRV("visit"));
    assert_non_null(ev);
    assert_int_equal(schema_find_attribute(ev, STRV("shop"))->type, SCHEMA_TEXT);
    assert_int_equal(schema_find_attribute(ev, STRV("minutes"))->type, SCHEMA_NUMBER);
    struct events_summary s;
    assert_true(events_summarize(v->txn, ev->id, 0, &s));
    assert_int_equal(s.count, 2);
    assert_true(s.last == INT64_C(1672999200) * USEC_SEC);
    struct audience_event_coverage c;
    assert_true(audience_event_coverage(v, ev, &c, NULL));
    assert_int_equal(c.events, 3);
    audience_view_end(v);
    fixture_verify(f);
}

/* --- callbacks --- */

static bool german(void *ctx, struct strv text, struct strv region, uint64_t *msisdn, struct err *e)
{
    (void)ctx;
    (void)region;
    if (text.p[0] != '0') {
        return err_set(e, ERR_INVALID, "not a German number");
    }
    uint64_t national = 0;
    assert_true(strv_to_u64(text, &national));
    *msisdn = UINT64_C(490000000000) + national;
    return true;
}

static usec_t an_hour_earlier(void *ctx, int64_t local)
{
    (void)ctx;
    return local - USEC_HOUR;
}

static bool locate(void *ctx, uint64_t msisdn, struct strv zone, struct strv region,
                   struct audience_place_of *out)
{
    static char text[100];
    (void)ctx;
    snprintf(text, sizeof(text), STRV_FMT " " STRV_FMT, STRV_ARG(region.n ? region : STRV("DE")),
             STRV_ARG(zone.n ? zone : STRV("Europe/Berlin")));
    out->clock = strv_from(text);
    out->region = msisdn % 2 ? STRV("DE") : strv_from("");
    return true;
}

static bool put_clock(void *ctx, uint32_t clock, struct strv text, const struct audience_set *part,
                      uint64_t count)
{
    struct buf *b = ctx;
    (void)clock;
    assert_int_equal(audience_set_count(part), count);
    return buf_printf(b, STRV_FMT "=%llu;", STRV_ARG(text), (unsigned long long)count);
}

static void numbers_times_and_clocks_are_asked_for(void **state)
{
    struct fixture *f = *state;
    const struct audience_locator locator = { .locate = locate };
    struct audience_import_options o = {
        .kind = IMPORT_CUSTOMERS, .now = FIXTURE_NOW, .locator = &locator, .instant_of = an_hour_earlier
    };
    assert_true(fixture_import(f, &o,
                               STRV("phone,zone,region\n"
                                    "+490000000001,,\n+490000000002,,\n+490000000003,Europe/Zurich,DE-BY\n"
                                    "+490000000004,Europe/Zurich,DE-BY\n")));
    assert_non_null(strstr(fixture_show(f, 490000000001).s, "region=DE;"));
    assert_null(strstr(fixture_show(f, 490000000002).s, "region="));
    assert_non_null(strstr(fixture_show(f, 490000000003).s, "region=DE-BY;"));
    /* the zone of the fourth changes, and its clock with it */
    assert_true(fixture_import(f, &o, STRV("phone,zone\n+490000000004,Europe/Vienna\n")));
    struct audience_view *v = audience_view_begin(f->a, NULL);
    struct audience_set *all = audience_existing(v, NULL);
    struct buf b = { 0 };
    struct err e = { 0 };
    assert_true(audience_split_clocks(v, all, put_clock, &b, &e));
    assert_string_equal(buf_cstr(&b), "DE Europe/Berlin=2;DE-BY Europe/Zurich=1;DE-BY Europe/Vienna=1;");
    audience_set_free(all);
    audience_view_end(v);
    buf_free(&b);
    o.kind = IMPORT_EVENTS;
    o.event = STRV("purchase");
    o.parse_number = german;
    assert_true(fixture_import(f, &o, STRV("phone,date\n01,2023-01-05\n+491,2023-01-05\n")));
    assert_string_equal(f->rejects, "3 phone [+491] not a German number\n");
    v = audience_view_begin(f->a, NULL);
    struct events_summary s;
    events_summarize(v->txn, EVENT_PURCHASE, 0, &s);
    assert_true(s.last ==
                (INT64_C(1672876800) - 3600) * USEC_SEC); /* midnight there is 23:00 the day before here */
    audience_view_end(v);
    fixture_verify(f);
}

/* --- chunks --- */

static struct buf many_customers(size_t n)
{
    struct buf b = { 0 };
    buf_put_strv(&b, STRV("phone,first_name,tags,tier\n"));
    for (size_t i = 0; i < n; i++) {
        buf_printf(&b, "+4477%08zu,\"Name\n%zu\",T%zu;U%zu,%s\n", i, i % 100, i % 7, i % 50,
                   i % 3 ? "gold" : "");
    }
    return b;
}

static size_t chunk_end(const struct buf *b, size_t at, size_t most)
{
    size_t end = at, last = at;
    bool quoted = false;
    for (; end < b->len && (end - at < most || last == at); end++) {
        quoted = quoted != (b->data[end] == '"');
        if (b->data[end] == '\n' && !quoted) {
            last = end + 1;
        }
    }
    return end == b->len ? end : last;
}

static struct strv part(const struct buf *b, size_t from, size_t to)
{
    return (struct strv){ (const char *)b->data + from, to - from };
}

static const struct audience_import_options chunked = { .session = STRV("one"),
                                                        .kind = IMPORT_CUSTOMERS,
                                                        .now = FIXTURE_NOW };

static void a_file_comes_in_parts_and_goes_on_after_a_restart(void **state)
{
    struct fixture *f = *state;
    struct buf b = many_customers(3000);
    struct err e = { 0 };
    size_t at = 0;
    int parts = 0;
    while (at < b.len) {
        struct audience_import *im = audience_import_begin(f->a, &chunked, &e);
        assert_non_null(im);
        assert_int_equal(audience_import_progress(im)->offset, at);
        for (int i = 0; i < 2 && at < b.len; i++, parts++) {
            size_t end = chunk_end(&b, at, 10000);
            assert_true(audience_import_chunk(im, at, part(&b, at, end), end == b.len, &e));
            /* sent again, as after a lost answer */
            assert_true(audience_import_chunk(im, at, part(&b, at, end), end == b.len, &e));
            at = end;
        }
        fixture_note(f, im);
        audience_import_free(im);
        audience_close(f->a);
        fixture_open(f);
    }
    assert_true(parts > 5);
    assert_int_equal(f->progress.created, 3000);
    assert_int_equal(f->progress.rows, 3000);
    assert_int_equal(f->progress.updated + f->progress.unchanged, 0);
    assert_int_equal(f->progress.lines, 6001);
    assert_true(f->progress.finished);
    /* over: the same part is passed over, something new is not taken */
    struct audience_import *im = audience_import_begin(f->a, &chunked, &e);
    assert_true(audience_import_chunk(im, 0, part(&b, 0, 1000), false, &e));
    assert_false(audience_import_chunk(im, b.len, STRV("x\n"), true, &e));
    assert_int_equal(e.code, ERR_STATE);
    audience_import_free(im);
    assert_true(audience_import_forget(f->a, STRV("one"), &e));
    im = audience_import_begin(f->a, &chunked, &e);
    assert_int_equal(audience_import_progress(im)->offset, 0);
    audience_import_free(im);
    fixture_verify(f);
    buf_free(&b);
}

static void gaps_and_torn_lines_are_refused(void **state)
{
    struct fixture *f = *state;
    struct err e = { 0 };
    struct audience_import *im = audience_import_begin(f->a, &chunked, &e);
    assert_false(audience_import_chunk(im, 10, STRV("x\n"), false, &e));
    assert_int_equal(e.code, ERR_STATE);
    assert_false(audience_import_chunk(im, 0, STRV("phone\n+4477009"), false, &e));
    assert_int_equal(e.code, ERR_INVALID);
    assert_true(audience_import_chunk(im, 0, STRV("phone\n+447700900001\n"), false, &e));
    assert_false(
        audience_import_chunk(im, 6, STRV("+447700900001\n+447700900002\n"), false, &e)); /* straddles */
    assert_int_equal(e.code, ERR_STATE);
    assert_true(audience_import_chunk(im, 20, strv_from(NULL), true, &e));
    assert_true(audience_import_progress(im)->finished);
    audience_import_free(im);
    const struct audience_import_options other = { .session = STRV("one"),
                                                   .kind = IMPORT_EVENTS,
                                                   .event = STRV("x") };
    assert_null(audience_import_begin(f->a, &other, &e));
    assert_int_equal(e.code, ERR_STATE);
}

static void a_rehearsal_changes_nothing(void **state)
{
    struct fixture *f = *state;
    struct audience_import_options o = {
        .session = STRV("s"), .kind = IMPORT_CUSTOMERS, .validate = true, .now = FIXTURE_NOW
    };
    static const struct strv text =
        STRV("phone,colour,signup\n+447700900001,red,2020-01-01\n+447700900002,red,x\n");
    assert_true(fixture_import(f, &o, text));
    assert_int_equal(f->progress.rejected, 1);
    assert_string_equal(fixture_show(f, 447700900001).s, "");
    struct audience_view *v = audience_view_begin(f->a, NULL);
    assert_null(schema_find_field(v->schema, STRV("colour")));
    assert_int_equal(audience_count(v), 0);
    assert_int_equal(v->change, 0);
    audience_view_end(v);
    o.kind = IMPORT_EVENTS;
    o.event = STRV("purchase");
    assert_true(fixture_import(f, &o, STRV("phone,date\n+447700900001,2020-01-01\n")));
    assert_string_equal(f->rejects, "2 phone [+447700900001] no customer has this number\n");
    o.validate = false;
    o.kind = IMPORT_CUSTOMERS;
    assert_true(fixture_import(f, &o, text));
    assert_int_equal(f->progress.created, 1);
}

static void rejects_are_bounded_and_counted(void **state)
{
    struct fixture *f = *state;
    struct buf b = { 0 };
    struct err e = { 0 };
    const struct audience_import_options o = { .kind = IMPORT_CUSTOMERS, .now = FIXTURE_NOW };
    const struct audience_reject *list;
    buf_put_strv(&b, STRV("phone\n"));
    for (int i = 0; i < 3000; i++) {
        buf_put_strv(&b, STRV("no\n"));
    }
    struct audience_import *im = audience_import_begin(f->a, &o, &e);
    assert_true(audience_import_chunk(im, 0, part(&b, 0, b.len), true, &e));
    assert_int_equal(audience_import_progress(im)->rejected, 3000);
    assert_int_equal(audience_import_rejects(im, &list), AUDIENCE_MAX_REJECTS);
    assert_int_equal(list[999].line, 1001);
    audience_import_take_rejects(im);
    assert_int_equal(audience_import_rejects(im, &list), 0);
    audience_import_free(im);
    buf_free(&b);
}

static void an_erased_customer_is_gone_everywhere(void **state)
{
    struct fixture *f = *state;
    struct err e = { 0 };
    assert_true(fixture_customers(f, "", "phone,tags,tier\n+447700900001,a;b,x\n+447700900002,a,y\n"));
    assert_true(fixture_events(f, "purchase", "",
                               "phone,date\n+447700900001,2023-01-05\n+447700900002,2023-01-05\n"));
    assert_true(audience_erase(f->a, 447700900001, &e));
    assert_false(audience_erase(f->a, 447700900001, &e));
    assert_int_equal(e.code, ERR_NOT_FOUND);
    assert_string_equal(fixture_show(f, 447700900001).s, "");
    int64_t sum[2];
    sum_events(f, EVENT_PURCHASE, sum);
    assert_int_equal(sum[0], 1);
    struct audience_view *v = audience_view_begin(f->a, NULL);
    struct audience_set *a = audience_members(v, FIELD_TAGS, dict_find(v->txn, FIELD_TAGS, STRV("A")), NULL);
    assert_int_equal(audience_set_count(a), 1);
    assert_true(audience_set_contains(a, 1));
    assert_int_equal(audience_count(v), 1);
    audience_set_free(a);
    audience_view_end(v);
    fixture_verify(f);
}

static void coverage_counts_what_is_set(void **state)
{
    struct fixture *f = *state;
    struct audience_coverage c;
    assert_true(fixture_customers(f, "",
                                  "phone,tags,tier,signup\n"
                                  "+447700900001,a;b,x,\n+447700900002,a,X,2020-01-01\n+447700900003,,,\n"));
    struct audience_view *v = audience_view_begin(f->a, NULL);
    assert_true(audience_field_coverage(v, schema_find_field(v->schema, STRV("tags")), &c, NULL));
    assert_int_equal(c.customers, 2);
    assert_int_equal(c.distinct, 2);
    assert_true(audience_field_coverage(v, schema_find_field(v->schema, STRV("tier")), &c, NULL));
    assert_int_equal(c.customers, 2);
    assert_int_equal(c.distinct, 1);
    assert_true(audience_field_coverage(v, schema_find_field(v->schema, STRV("signup")), &c, NULL));
    assert_int_equal(c.customers, 1);
    assert_true(audience_field_coverage(v, schema_find_field(v->schema, STRV("msisdn")), &c, NULL));
    assert_int_equal(c.customers, 3);
    audience_view_end(v);
}

static void fields_are_declared_by_hand_too(void **state)
{
    struct fixture *f = *state;
    struct err e = { 0 };
    assert_true(audience_declare_field(f->a, STRV("income"), STRV("number(2)"), 1, &e));
    assert_true(audience_declare_field(f->a, STRV("income"), STRV("number"), 1, &e));
    assert_false(audience_declare_field(f->a, STRV("income"), STRV("text"), 1, &e));
    assert_int_equal(e.code, ERR_EXISTS);
    assert_false(audience_declare_field(f->a, STRV("x"), STRV("money"), 1, &e));
    assert_int_equal(e.code, ERR_INVALID);
    assert_true(audience_declare_event(f->a, STRV("visit"), 1, &e));
    assert_true(audience_declare_attribute(f->a, STRV("visit"), STRV("shop"), STRV("text"), 1, &e));
    assert_true(audience_declare_attribute(f->a, STRV("tour"), STRV("guide"), STRV("text"), 1, &e));
    struct audience_view *v = audience_view_begin(f->a, NULL);
    assert_non_null(schema_find_attribute(schema_find_event(v->schema, STRV("tour")), STRV("guide")));
    audience_view_end(v);
}

/* Rows for a file of many batches: some are bad, some repeat an id, and towards the end there are quotes. */
static struct strv many_events(struct buf *b, unsigned rows)
{
    buf_put_strv(b, STRV("order_id,msisdn,time,amount,product\n"));
    for (unsigned i = 0; i < rows; i++) {
        unsigned long long number = i % 1000 == 999 ? 0 : 447700900000ULL + i % 3000;
        buf_printf(b, "%u,+%llu,2023-0%u-%02uT%02u:00:00Z,%u.25,", i % 500 == 7 ? i - 1 : i, number,
                   1 + i / 20000 % 9, 1 + i % 28, i % 24, i % 1000);
        if (i > rows - 1000) {
            buf_printf(b, "\"a \"\"quoted\"\"\nproduct %u\"\n", i % 50);
        } else {
            buf_printf(b, "a product that is called %u\n", i % 50);
        }
    }
    return (struct strv){ (const char *)b->data, b->len };
}

/* Given a file too large to be read at once, then what is stored, counted and refused is what comes of it in
 * small parts. */
static void a_large_part_is_the_same_as_many_small_ones(void **state)
{
    struct fixture *f = *state;
    struct buf b = { 0 };
    struct err e = { 0 };
    int64_t large[2], small[2];
    const unsigned rows = 160000;
    struct strv text = many_events(&b, rows);
    assert_true(text.n > (size_t)9 << 20); /* at least three batches */
    assert_true(fixture_customers(f, "", "msisdn\n+447700900001\n"));
    struct audience_import_options o = {
        .kind = IMPORT_EVENTS, .event = STRV("purchase"), .create_customers = true, .now = FIXTURE_NOW
    };
    assert_true(fixture_import(f, &o, text));
    const struct audience_import_progress whole = f->progress;
    char *rejects = strdup(f->rejects);
    sum_events(f, EVENT_PURCHASE, large);
    assert_int_equal(whole.rows, rows);
    assert_int_equal(whole.rejected, rows / 1000);
    assert_int_equal(whole.created, 3000 - 3 - 1); /* three are always bad, one was there */
    assert_int_equal(whole.repeated, rows / 500);
    assert_int_equal(large[0], rows - rows / 1000 - rows / 500);
    fixture_verify(f);

    o.event = STRV("order");
    struct audience_import *im = audience_import_begin(f->a, &o, &e);
    for (size_t at = 0, end; at < text.n; at = end) {
        end = at + 300000;
        while (end < text.n && !(text.p[end - 1] == '\n' && text.p[end] >= '0' && text.p[end] <= '9')) {
            end++;
        }
        end = end < text.n ? end : text.n;
        assert_true(audience_import_chunk(im, at, strv_sub(text, at, end - at), end == text.n, &e));
    }
    fixture_note(f, im);
    audience_import_free(im);
    struct audience_view *v = audience_view_begin(f->a, &e);
    const uint16_t order = schema_find_event(v->schema, STRV("order"))->id;
    audience_view_end(v);
    sum_events(f, order, small);
    assert_int_equal(small[0], large[0]);
    assert_int_equal(f->progress.lines, whole.lines);
    assert_int_equal(f->progress.rejected, whole.rejected);
    assert_int_equal(f->progress.repeated, whole.repeated);
    assert_string_equal(f->rejects, rejects);
    fixture_verify(f);
    free(rejects);
    buf_free(&b);
}

#define T(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(customers_come_in_with_their_fields),
        T(a_second_file_updates),
        T(bad_lines_are_named_and_the_rest_goes_on),
        T(nul_octets_are_refused),
        T(the_header_must_make_sense),
        T(a_value_that_cannot_be_held_is_told_from_what_is_none),
        T(a_column_named_id_has_the_ids_of_events),
        T(new_columns_are_declared_by_what_is_in_them),
        T(unknown_columns_can_be_left_out),
        T(events_of_customers_are_stored_once),
        T(an_event_of_a_new_type_is_declared),
        T(numbers_times_and_clocks_are_asked_for),
        T(a_file_comes_in_parts_and_goes_on_after_a_restart),
        T(gaps_and_torn_lines_are_refused),
        T(a_rehearsal_changes_nothing),
        T(rejects_are_bounded_and_counted),
        T(an_erased_customer_is_gone_everywhere),
        T(coverage_counts_what_is_set),
        T(fields_are_declared_by_hand_too),
        T(a_large_part_is_the_same_as_many_small_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
