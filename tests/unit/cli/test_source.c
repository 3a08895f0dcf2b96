/* Given a file, the pieces it is read in: from the beginning, and from where an import stopped. */
#include "support.h"

#include "cli/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/test_source.XXXXXX";

static void write_file(const void *octets, size_t n)
{
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    assert_int_equal(fwrite(octets, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

/* 40,000 rows, some of two lines: 1.3 MB. */
static void make_rows(struct buf *b)
{
    buf_put_strv(b, STRV("phone;note\n"));
    for (int i = 0; i < 40000; i++) {
        buf_printf(b, "+4477009%05d;%s\n", i, i % 7 == 0 ? "\"two\nlines\"" : "one line here");
    }
}

static void test_pieces_from_the_beginning(void **state)
{
    struct buf rows = { 0 };
    struct source s;
    struct err e = { 0 };
    struct strv piece;
    bool last = false;
    size_t at = 0, pieces = 0;
    (void)state;
    make_rows(&rows);
    write_file(rows.data, rows.len);
    assert_true(source_open(&s, path, 65536, 0, &e));
    assert_true(s.seekable);
    assert_int_equal(s.size, rows.len);
    for (; !last; pieces++) {
        assert_true(source_peek(&s, &piece, &last, &e));
        assert_int_equal(s.offset, at);
        assert_true(piece.n != 0 && piece.n <= 65536);
        assert_memory_equal(piece.p, rows.data + at, piece.n);
        assert_int_equal(s.split.delimiter, ';');
        at += piece.n;
        source_take(&s, piece);
    }
    assert_int_equal(at, rows.len);
    assert_true(pieces >= rows.len / 65536);
    source_close(&s);
    buf_free(&rows);
}

static void test_it_goes_on_where_it_stopped(void **state)
{
    struct buf rows = { 0 };
    struct source s;
    struct err e = { 0 };
    struct strv piece;
    bool last;
    (void)state;
    make_rows(&rows);
    write_file(rows.data, rows.len);
    assert_true(source_open(&s, path, 65536, 0, &e));
    assert_true(source_peek(&s, &piece, &last, &e));
    size_t first = piece.n;
    source_close(&s);
    assert_true(source_open(&s, path, 4096, 0, &e));
    assert_true(source_seek(&s, first, &e));
    assert_true(source_peek(&s, &piece, &last, &e));
    assert_int_equal(s.offset, first);
    assert_memory_equal(piece.p, rows.data + first, piece.n);
    assert_int_equal(s.split.delimiter, ';'); /* of the header, which it has not come by */
    assert_true(source_seek(&s, rows.len, &e));
    assert_true(source_peek(&s, &piece, &last, &e));
    assert_int_equal(piece.n, 0); /* everything was sent but the word that this is the end */
    assert_true(last);
    source_close(&s);
    buf_free(&rows);
}

static void test_at_most_so_many_records_a_piece(void **state)
{
    struct source s;
    struct strv piece;
    bool last;
    (void)state;
    write_file("a\n1\n2\n3\n4\n5\n", 12);
    assert_true(source_open(&s, path, 65536, 3, NULL));
    assert_true(source_peek(&s, &piece, &last, NULL));
    assert_true(strv_eq_c(piece, "a\n1\n2\n3\n"));
    assert_false(last);
    source_take(&s, piece);
    assert_true(source_peek(&s, &piece, &last, NULL));
    assert_true(strv_eq_c(piece, "4\n5\n"));
    assert_true(last);
    source_close(&s);
}

static void test_the_last_line_needs_no_newline(void **state)
{
    struct source s;
    struct strv piece;
    bool last;
    (void)state;
    write_file("a,b\n1,2", 7);
    assert_true(source_open(&s, path, 4096, 0, NULL));
    assert_true(source_peek(&s, &piece, &last, NULL));
    assert_true(strv_eq_c(piece, "a,b\n1,2"));
    assert_true(last);
    source_close(&s);
}

static void test_the_end_is_known_with_the_last_piece(void **state)
{
    struct source s;
    struct strv piece;
    bool last;
    char octets[2 + 4097];
    (void)state;
    memset(octets, 'x', sizeof octets);
    memcpy(octets, "a\n", 2);
    octets[sizeof octets - 1] = '\n';
    write_file(octets, sizeof octets);
    assert_true(source_open(&s, path, 4096, 0, NULL));
    assert_true(source_peek(&s, &piece, &last, NULL));
    assert_int_equal(piece.n, 2);
    source_take(&s, piece);
    assert_true(source_peek(&s, &piece, &last, NULL)); /* what was read ends with it: is there more? */
    assert_int_equal(piece.n, 4097);
    assert_true(last);
    source_close(&s);
}

static void test_a_file_that_is_no_csv_is_told_and_not_swallowed(void **state)
{
    struct source s;
    struct err e = { 0 };
    struct strv piece;
    bool last;
    size_t n = SPLIT_MAX_PIECE + 100000;
    char *octets = malloc(n);
    (void)state;
    assert_non_null(octets);
    memset(octets, 'x', n);
    memcpy(octets, "a,b\n", 4);
    write_file(octets, n);
    assert_true(source_open(&s, path, 1 << 20, 0, &e));
    assert_true(source_peek(&s, &piece, &last, &e)); /* the header can go */
    source_take(&s, piece);
    assert_false(source_peek(&s, &piece, &last, &e));
    assert_non_null(strstr(e.text, "longer than 4 MiB"));
    source_close(&s);
    memset(octets, 'x', 4); /* and one without any newline */
    write_file(octets, n);
    assert_true(source_open(&s, path, 1 << 20, 0, &e));
    assert_false(source_peek(&s, &piece, &last, &e));
    assert_non_null(strstr(e.text, "header"));
    source_close(&s);
    free(octets);
}

static uint64_t fingerprint(const char *octets)
{
    struct source s;
    uint64_t mark = 0;
    write_file(octets, strlen(octets));
    assert_true(source_open(&s, path, 4096, 0, NULL));
    assert_true(source_fingerprint(&s, &mark, NULL));
    assert_int_equal(s.offset, 0);
    source_close(&s);
    return mark;
}

static void test_a_file_is_known_by_what_is_in_it(void **state)
{
    (void)state;
    uint64_t one = fingerprint("a\n1\n");
    assert_true(one == fingerprint("a\n1\n"));
    assert_true(one != fingerprint("a\n2\n"));
    assert_true(one != fingerprint("a\n1"));
    assert_true(one != fingerprint(""));
}

static void test_what_cannot_be_read_is_named(void **state)
{
    struct source s;
    struct err e = { 0 };
    (void)state;
    assert_false(source_open(&s, "/nonexistent/shop.csv", 4096, 0, &e));
    assert_non_null(strstr(e.text, "/nonexistent/shop.csv"));
    assert_false(source_open(&s, "/tmp", 4096, 0, &e));
    assert_non_null(strstr(e.text, "directory"));
}

static int make_path(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int remove_path(void **state)
{
    (void)state;
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces_from_the_beginning),
        cmocka_unit_test(test_it_goes_on_where_it_stopped),
        cmocka_unit_test(test_at_most_so_many_records_a_piece),
        cmocka_unit_test(test_the_last_line_needs_no_newline),
        cmocka_unit_test(test_the_end_is_known_with_the_last_piece),
        cmocka_unit_test(test_a_file_that_is_no_csv_is_told_and_not_swallowed),
        cmocka_unit_test(test_a_file_is_known_by_what_is_in_it),
        cmocka_unit_test(test_what_cannot_be_read_is_named),
    };
    return cmocka_run_group_tests(tests, make_path, remove_path);
}
