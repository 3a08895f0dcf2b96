#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audience/import_csv.h"

#include <stdlib.h>
#include <string.h>

static bool on_record(void *ctx, uint64_t line, const struct strv *fields, size_t n)
{
    struct buf *b = ctx;
    buf_printf(b, "%llu:", (unsigned long long)line);
    for (size_t i = 0; i < n && i < IMPORT_MAX_COLUMNS; i++) {
        buf_printf(b, "%s", i ? "|" : "");
        buf_put_strv(b, fields[i]);
    }
    return buf_printf(b, ";");
}

static void on_broken(void *ctx, uint64_t line, size_t column, const char *reason)
{
    struct buf *b = ctx;
    buf_printf(b, "%llu!%zu%s;", (unsigned long long)line, column, strstr(reason, "not closed") ? "o" : "");
}

static uint64_t read_all(struct strv text, char delimiter, struct buf *out)
{
    struct buf texts = { 0 };
    struct err e = { 0 };
    uint64_t line = 1;
    const struct import_csv_sink sink = { .ctx = out, .record = on_record, .broken = on_broken };
    buf_clear(out);
    assert_true(import_csv_read(text, delimiter, &texts, &sink, &line, &e));
    buf_free(&texts);
    return line;
}

static void records_come_with_their_lines(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
        uint64_t lines;
    } cases[] = {
        { "", "", 1 },
        { "a,b\n", "1:a|b;", 2 },
        { "a,b", "1:a|b;", 2 },
        { "a,b\r\nc,d\r\n", "1:a|b;2:c|d;", 3 },
        { "a,b\n\n\r\nc,d\n", "1:a|b;4:c|d;", 5 },
        { ",\n", "1:|;", 2 },
        { "\"a,b\",c\n", "1:a,b|c;", 2 },
        { "\"a\nb\",c\nd,e\n", "1:a\nb|c;3:d|e;", 4 },
        { "\"say \"\"hi\"\"\",c\n", "1:say \"hi\"|c;", 2 },
        { "a,\"\"\n", "1:a|;", 2 },
        { "a,\"b\"", "1:a|b;", 2 },
        { " a , b \n", "1:a|b;", 2 },
        /* a stray quote breaks its own line only */
        { "a,5\" pipe\nc,d\n", "1!1;2:c|d;", 3 },
        { "a,\"b\"x\nc,d\n", "1!1;2:c|d;", 3 },
        { "a,\"b\nc,d\ne,f\n", "1!1o;2:c|d;3:e|f;", 4 },
        { "a,\"b\nc,d\ne,\"f\"\n", "1!1;2:c|d;3:e|f;", 4 },
        { "a,\"b", "1!1o;", 2 },
        { "a,\"b\n\n\"c\nd,e\n", "1!1;3!0o;4:d|e;", 5 },
    };
    struct buf out = { 0 };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t line = read_all(strv_from(cases[i].text), ',', &out);
        assert_string_equal(buf_cstr(&out), cases[i].want);
        assert_int_equal(line, cases[i].lines);
    }
    buf_free(&out);
}

/* Given a file in which every line opens a quote, then it is read in bounded time, each line a broken one. */
static void quotes_that_never_close_stay_cheap(void **state)
{
    (void)state;
    struct buf text = { 0 }, out = { 0 };
    for (int i = 0; i < 20001; i++) {
        buf_printf(&text, "\"a%d,b\n", i);
    }
    read_all((struct strv){ (char *)text.data, text.len }, ',', &out);
    size_t broken = 0;
    for (size_t i = 0; i < out.len; i++) {
        broken += out.data[i] == '!';
    }
    assert_int_equal(broken, 20001);
    buf_free(&text);
    buf_free(&out);
}

static void a_record_has_a_longest_length(void **state)
{
    (void)state;
    struct buf text = { 0 }, out = { 0 };
    buf_put_strv(&text, STRV("a,b\nx,"));
    for (size_t i = 0; i < IMPORT_MAX_RECORD; i++) {
        buf_put_u8(&text, 'y');
    }
    buf_put_strv(&text, STRV("\nc,d\n"));
    read_all((struct strv){ (char *)text.data, text.len }, ',', &out);
    assert_string_equal(buf_cstr(&out), "1:a|b;2!0;3:c|d;");
    buf_free(&text);
    buf_free(&out);
}

static void more_columns_than_there_is_room_for(void **state)
{
    (void)state;
    struct buf text = { 0 }, out = { 0 };
    for (size_t i = 0; i < 5000; i++) {
        buf_put_u8(&text, ',');
    }
    buf_put_strv(&text, STRV("\nc,d\n"));
    read_all((struct strv){ (char *)text.data, text.len }, ',', &out);
    assert_non_null(strstr(buf_cstr(&out), "2:c|d;"));
    buf_free(&text);
    buf_free(&out);
}

static void the_header_tells_the_delimiter(void **state)
{
    (void)state;
    assert_int_equal(import_csv_delimiter(STRV("a,b;c\n")), ',');
    assert_int_equal(import_csv_delimiter(STRV("a;b\n")), ';');
    assert_int_equal(import_csv_delimiter(STRV("a\tb\n")), '\t');
    assert_int_equal(import_csv_delimiter(STRV("a\n")), ',');
    assert_int_equal(import_csv_delimiter(strv_from(NULL)), ',');
    struct buf out = { 0 };
    read_all(STRV("a;b,c\n"), ';', &out);
    assert_string_equal(buf_cstr(&out), "1:a|b,c;");
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_come_with_their_lines),
        cmocka_unit_test(quotes_that_never_close_stay_cheap),
        cmocka_unit_test(a_record_has_a_longest_length),
        cmocka_unit_test(more_columns_than_there_is_room_for),
        cmocka_unit_test(the_header_tells_the_delimiter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
