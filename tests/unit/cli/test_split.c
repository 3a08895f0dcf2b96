/* Given octets of a CSV file, where its records end, and that pieces never cut one. */
#include "support.h"

#include "base/buf.h"
#include "base/random.h"
#include "cli/split.h"

#include <stdio.h>
#include <string.h>

static void test_headers(void **state)
{
    static const struct {
        const char *octets;
        bool at_end;
        size_t want;
        char delimiter;
    } CASES[] = {
        { "a,b\n1,2\n", false, 4, ',' },
        { "a;b\r\n1;2\n", false, 5, ';' },
        { "a\tb\n", false, 4, '\t' },
        { "phone\n+44\n", false, 6, ',' },
        { "\"a\nb\",c\n1,2\n", false, 8, ',' },
        { "\xEF\xBB\xBF"
          "a;b\n",
          false, 7, ';' },
        { "a,b", false, 0, ',' },
        { "a,b", true, 3, ',' },
        { "\"a\nb\n", false, 0, ',' },
        { "", true, 0, ',' },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct strv octets = strv_from(CASES[i].octets);
        size_t n = split_header(octets, CASES[i].at_end);
        if (n != CASES[i].want || split_delimiter(strv_sub(octets, 0, n)) != CASES[i].delimiter) {
            fail_msg("case %zu: %zu", i, n);
        }
    }
}

static void test_records(void **state)
{
    static const struct {
        const char *octets;
        size_t want; /* more may follow */
        size_t want_at_end;
    } CASES[] = {
        { "a,b\nc\n", 4, 4 },
        { "a,b\r\nc\n", 5, 5 },
        { "\nc\n", 1, 1 },
        { "a,b", 0, 3 },
        { "\"a\nb\",c\nd\n", 8, 8 },
        { "\"a\"\"\nb\",c\nd\n", 10, 10 },
        { "\"a\n\"\n", 5, 5 },
        { "a,\"\"\nb\n", 5, 5 },
        { "\"a\" ,b\nc\n", 7, 7 },
        { " \"a\nb\"\nc\n", 7, 7 },
        { "\"a\nb", 0, 3 },         /* the file ends inside quotes: the first line is refused */
        { "a,b\"c\nd\n", 6, 6 },    /* a quote in the middle: this line is refused, and no other */
        { "\"a\"b\nd\n", 5, 5 },    /* text after a closing quote */
        { "\"a\nb\"c\nd\n", 3, 3 }, /* the same in a second line: what begins there is read anew */
        { "\"a\nb\",c\"d\ne\n", 3, 3 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct strv octets = strv_from(CASES[i].octets);
        size_t open = split_record(octets, ',', false), end = split_record(octets, ',', true);
        if (open != CASES[i].want || end != CASES[i].want_at_end) {
            fail_msg("case %zu: %zu and %zu", i, open, end);
        }
    }
}

static void test_the_delimiter_decides_what_a_quote_is(void **state)
{
    (void)state;
    assert_int_equal(split_record(STRV("a;\"b\nc\"\n"), ';', false), 8);
    assert_int_equal(split_record(STRV("a;\"b\nc\"\n"), ',', false), 5);
}

static void test_a_quote_never_closed_costs_one_line(void **state)
{
    struct buf b = { 0 };
    (void)state;
    buf_put_strv(&b, STRV("1,\"open\n"));
    for (int i = 0; i < 98; i++) {
        buf_printf(&b, "%d,x\n", i);
    }
    struct strv octets = { (const char *)b.data, b.len };
    assert_int_equal(split_record(octets, ',', false), 0); /* 99 lines: it may still close */
    buf_put_strv(&b, STRV("y\nz\n"));
    octets = (struct strv){ (const char *)b.data, b.len };
    assert_int_equal(split_record(octets, ',', false), 8);
    buf_free(&b);
}

static void test_a_record_above_a_mebibyte_costs_one_line(void **state)
{
    struct buf b = { 0 };
    char block[1024];
    (void)state;
    memset(block, 'x', sizeof block);
    buf_put_strv(&b, STRV("1,\"open\n"));
    for (size_t i = 0; i < SPLIT_MAX_RECORD / sizeof block; i++) {
        buf_put(&b, block, sizeof block);
    }
    struct strv octets = { (const char *)b.data, b.len };
    assert_int_equal(split_record(octets, ',', false), 8);
    buf_put_strv(&b, STRV("\nmore\n"));
    octets = (struct strv){ (const char *)b.data, b.len };
    assert_int_equal(split_record(octets, ',', false), 8); /* also when its line has an end */
    buf_free(&b);
}

/* --- properties --- */

/* A well-formed file of random records. */
static void make_file(struct rnd *r, struct buf *b, size_t records)
{
    static const char *const FIELDS[] = {
        "1",        "+447700900123", "",           "\"\"",          "\"a,b\"", "\"q\"\"q\"", "\"line\nline\"",
        "\"\r\n\"", "\"\n\n\n\"",    "Zo\xC3\xAB", "\"\"\"\n\"\"\""
    };
    for (size_t i = 0; i < records; i++) {
        for (uint64_t k = rnd_below(r, 5) + 1; k > 0; k--) {
            const char *field = FIELDS[rnd_below(r, COUNT(FIELDS))];
            buf_put_strv(b, strv_from(field));
            buf_put_strv(b, k > 1 ? STRV(",") : STRV(""));
        }
        buf_put_strv(b, rnd_below(r, 3) == 0 ? STRV("\r\n") : STRV("\n"));
    }
}

static bool even_quotes(const uint8_t *p, size_t n)
{
    bool even = true;
    for (size_t i = 0; i < n; i++) {
        even = even != (p[i] == '"');
    }
    return even;
}

static void test_pieces_are_the_file_and_end_with_a_record(void **state)
{
    struct rnd r;
    (void)state;
    rnd_seed(&r, 20261121);
    for (int round = 0; round < 300; round++) {
        struct buf file = { 0 };
        struct split s = { .delimiter = ',',
                           .target = 1 + rnd_below(&r, 400),
                           .max_records = rnd_below(&r, 6) };
        buf_put_strv(&file, STRV("a,b,c\n"));
        make_file(&r, &file, rnd_below(&r, 60));
        if (file.data[file.len - 1] == '\n' && rnd_below(&r, 2) == 0) {
            file.len--; /* the last line may have no newline */
        }
        size_t done = 0;
        for (size_t visible = 0; done < file.len;) {
            /* Octets come in as they like. */
            visible += visible < file.len ? 1 + rnd_below(&r, 500) : 0;
            visible = visible < file.len ? visible : file.len;
            struct strv octets = { (const char *)file.data + done, visible - done };
            bool at_end = visible == file.len;
            size_t header = done == 0 ? split_header(octets, at_end) : 0;
            size_t n = done == 0 && header == 0 ? 0 : split_piece(&s, octets, header, at_end);
            assert_true(n != 0 || !at_end);
            if (n == 0) {
                continue;
            }
            assert_true(n <= octets.n);
            done += n;
            /* The newline that ends a record has an even number of quotes before it. */
            assert_true(done == file.len || file.data[done - 1] == '\n');
            assert_true(even_quotes(file.data, done));
        }
        assert_int_equal(done, file.len);
        buf_free(&file);
    }
}

static void test_pieces_keep_to_their_size_and_number(void **state)
{
    struct buf file = { 0 };
    struct split s = { .delimiter = ',', .target = 100, .max_records = 0 };
    (void)state;
    for (int i = 0; i < 100; i++) {
        buf_put_strv(&file, STRV("123456789\n"));
    }
    struct strv octets = { (const char *)file.data, file.len };
    assert_int_equal(split_piece(&s, octets, 10, true), 100); /* header included */
    s.target = 109;
    assert_int_equal(split_piece(&s, octets, 0, true), 100);
    s.max_records = 3;
    assert_int_equal(split_piece(&s, octets, 0, true), 30);
    assert_int_equal(split_piece(&s, octets, 10, true), 40); /* the header is no record */
    s = (struct split){ .delimiter = ',', .target = 5 };
    assert_int_equal(split_piece(&s, octets, 0, true), 10); /* at least one record */
    s.target = 100000;
    assert_int_equal(split_piece(&s, octets, 0, false), 0); /* more would fit in */
    assert_int_equal(split_piece(&s, octets, 0, true), 1000);
    assert_int_equal(split_piece(&s, strv_sub(octets, 0, 0), 0, true), 0);
    buf_free(&file);
}

/* Whatever the octets are: no piece is empty before the end, all of them are the file. */
static void test_hostile_files_come_to_an_end(void **state)
{
    static const char ALPHABET[] = "\"\"\",,a\n\n\r ;\t";
    struct rnd r;
    (void)state;
    rnd_seed(&r, 7);
    for (int round = 0; round < 500; round++) {
        struct buf file = { 0 };
        struct split s = { .delimiter = ',', .target = 1 + rnd_below(&r, 50) };
        for (uint64_t n = rnd_below(&r, 2000); n > 0; n--) {
            buf_put_u8(&file, (uint8_t)ALPHABET[rnd_below(&r, sizeof ALPHABET - 1)]);
        }
        for (size_t done = 0; done < file.len;) {
            struct strv octets = { (const char *)file.data + done, file.len - done };
            size_t n = split_piece(&s, octets, 0, true);
            assert_true(n != 0 && n <= octets.n);
            done += n;
            assert_true(done == file.len || file.data[done - 1] == '\n');
        }
        buf_free(&file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_the_delimiter_decides_what_a_quote_is),
        cmocka_unit_test(test_a_quote_never_closed_costs_one_line),
        cmocka_unit_test(test_a_record_above_a_mebibyte_costs_one_line),
        cmocka_unit_test(test_pieces_are_the_file_and_end_with_a_record),
        cmocka_unit_test(test_pieces_keep_to_their_size_and_number),
        cmocka_unit_test(test_hostile_files_come_to_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
