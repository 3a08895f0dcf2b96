/* Given cells, how a table lies on the terminal. */
#include "support.h"

#include "base/utf8.h"
#include "cli/table.h"

static struct table *people(unsigned width, bool colour)
{
    struct table_look look = { .width = width, .colour = colour, .unicode = true };
    struct table *t = table_new(&look);
    assert_non_null(t);
    table_column(t, "name", TABLE_LEFT);
    table_column(t, "times", TABLE_RIGHT);
    table_column(t, "text", TABLE_LEFT);
    return t;
}

static void row(struct table *t, const char *name, int64_t n, const char *text)
{
    table_text(t, name);
    table_count(t, n);
    table_text(t, text);
}

static void assert_put(struct table *t, const char *want)
{
    struct buf out = { 0 };
    table_put(t, &out);
    assert_string_equal(buf_cstr(&out), want);
    buf_free(&out);
}

static void test_columns_are_aligned_and_numbers_stand_right(void **state)
{
    struct table *t = people(0, false);
    (void)state;
    row(t, "Ann", 7, "hello");
    row(t, "Bartholomew", 12345, "");
    assert_put(t, "name          times  text\n"
                  "Ann               7  hello\n"
                  "Bartholomew  12,345\n");
    table_free(t);
}

static void test_width_is_that_of_the_terminal_not_of_octets(void **state)
{
    struct table *t = people(0, false);
    (void)state;
    row(t, "李小龍", 1, "a");      /* six columns in nine octets */
    row(t, "Zo\xC3\xAB", 2, "b");  /* three in four */
    row(t, "Zoe\xCC\x88", 3, "c"); /* the same with a combining mark */
    assert_put(t, "name    times  text\n"
                  "李小龍      1  a\n"
                  "Zoë         2  b\n"
                  "Zoe\xCC\x88         3  c\n");
    table_free(t);
}

static void test_the_last_column_ends_with_the_terminal(void **state)
{
    struct table *t = people(30, false);
    struct buf out = { 0 };
    (void)state;
    row(t, "Ann", 1, "a text that is much too long for it");
    row(t, "Bob", 2, "李李李李李李李李李李李");
    row(t, "Cy", 3, "fits");
    table_put(t, &out);
    assert_string_equal(buf_cstr(&out), "name  times  text\n"
                                        "Ann       1  a text that is m…\n"
                                        "Bob       2  李李李李李李李李…\n"
                                        "Cy        3  fits\n");
    struct strv rest = { (const char *)out.data, out.len }, line;
    while (strv_next(&rest, '\n', &line)) {
        assert_true(utf8_width(line) <= 30);
    }
    buf_free(&out);
    table_free(t);
}

static void test_pages_keep_their_widths_and_have_one_header(void **state)
{
    struct table *t = people(0, false);
    (void)state;
    row(t, "Bartholomew", 1, "x");
    assert_int_equal(table_rows(t), 1);
    assert_put(t, "name         times  text\n"
                  "Bartholomew      1  x\n");
    assert_int_equal(table_rows(t), 0);
    row(t, "Al", 2, "y");
    assert_put(t, "Al               2  y\n");
    assert_put(t, "");
    table_free(t);
}

static void test_without_titles_there_is_no_header(void **state)
{
    struct table_look look = { .indent = 2 };
    struct table *t = table_new(&look);
    (void)state;
    table_column(t, "", TABLE_LEFT);
    table_column(t, "", TABLE_LEFT);
    table_text(t, "sender");
    table_text(t, "80080");
    table_text(t, "to");
    table_text(t, "+44");
    assert_put(t, "  sender  80080\n"
                  "  to      +44\n");
    table_free(t);
}

static void test_colour_does_not_count_as_width(void **state)
{
    struct table *t = people(0, true);
    (void)state;
    table_styled(t, "Ann", STYLE_BAD);
    table_count(t, 1);
    table_text(t, "x");
    assert_put(t, "\033[2mname\033[0m  \033[2mtimes\033[0m  \033[2mtext\033[0m\n"
                  "\033[31mAnn\033[0m       1  x\n");
    table_free(t);
}

static void test_cells_are_made_harmless(void **state)
{
    struct table *t = people(0, false);
    (void)state;
    row(t, "A\nB", 1, "\033]0;title\a");
    assert_put(t, "name  times  text\n"
                  "A\\nB      1  <U+001B>]0;title<U+0007>\n");
    table_free(t);
}

static void test_an_unfinished_row_is_not_shown(void **state)
{
    struct table *t = people(0, false);
    (void)state;
    row(t, "Ann", 1, "x");
    table_text(t, "half");
    assert_put(t, "name  times  text\n"
                  "Ann       1  x\n");
    table_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_columns_are_aligned_and_numbers_stand_right),
        cmocka_unit_test(test_width_is_that_of_the_terminal_not_of_octets),
        cmocka_unit_test(test_the_last_column_ends_with_the_terminal),
        cmocka_unit_test(test_pages_keep_their_widths_and_have_one_header),
        cmocka_unit_test(test_without_titles_there_is_no_header),
        cmocka_unit_test(test_colour_does_not_count_as_width),
        cmocka_unit_test(test_cells_are_made_harmless),
        cmocka_unit_test(test_an_unfinished_row_is_not_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
