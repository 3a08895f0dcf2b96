#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What the log wrote into a pipe since the last call, without a wait. */
struct sink {
    struct log log;
    int end;
};

static struct sink sink_open(enum log_level level)
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    return (struct sink){ { .fd = fds[1], .level = level }, fds[0] };
}

static void sink_close(struct sink *s)
{
    close(s->log.fd);
    close(s->end);
}

static size_t sink_read(struct sink *s, char *dst, size_t size)
{
    ssize_t n = read(s->end, dst, size - 1);
    assert_true(n >= 0);
    dst[n] = '\0';
    return (size_t)n;
}

static void a_line_has_time_level_event_and_pairs(void **state)
{
    (void)state;
    struct sink s = sink_open(LOG_INFO);
    char line[256], shape[256];
    log_event(&s.log, LOG_INFO, "bind_up", "carrier=%s window=%d", "alpha", 10);
    size_t n = sink_read(&s, line, sizeof line);
    assert_string_equal(line + 24, " info bind_up carrier=alpha window=10\n");
    memcpy(shape, line, n + 1);
    for (size_t i = 0; i < 24; i++) {
        shape[i] = shape[i] >= '0' && shape[i] <= '9' ? '9' : shape[i];
    }
    assert_memory_equal(shape, "9999-99-99T99:99:99.999Z", 24);
    log_event(&s.log, LOG_WARN, "queue_full", "%s", "");
    sink_read(&s, line, sizeof line);
    assert_string_equal(line + 24, " warn queue_full \n");
    log_event(&s.log, LOG_ERROR, "stopped", NULL);
    sink_read(&s, line, sizeof line);
    assert_string_equal(line + 24, " error stopped\n");
    sink_close(&s);
}

static void what_is_above_the_level_is_not_written(void **state)
{
    (void)state;
    struct sink s = sink_open(LOG_WARN);
    char line[256];
    log_event(&s.log, LOG_DEBUG, "a", "k=%d", 1);
    log_event(&s.log, LOG_INFO, "b", "k=%d", 1);
    log_event(&s.log, LOG_WARN, "c", "k=%d", 1);
    sink_read(&s, line, sizeof line);
    assert_string_equal(line + 24, " warn c k=1\n");
    sink_close(&s);
}

static void journald_gets_its_priority(void **state)
{
    (void)state;
    struct sink s = sink_open(LOG_DEBUG);
    s.log.sd_prefix = true;
    static const char *const want[] = { "<3>2", "<4>2", "<6>2", "<7>2" };
    for (int level = LOG_ERROR; level <= LOG_DEBUG; level++) {
        char line[256];
        log_event(&s.log, (enum log_level)level, "e", "k=%d", 1);
        sink_read(&s, line, sizeof line);
        assert_memory_equal(line, want[level], 4);
    }
    sink_close(&s);
}

static void nobody_can_forge_a_second_line(void **state)
{
    (void)state;
    struct sink s = sink_open(LOG_INFO);
    char line[256];
    log_event(&s.log, LOG_INFO, "inbound", "text=%s", "hi\n2026 info forged\r\x1b[31m");
    size_t n = sink_read(&s, line, sizeof line);
    assert_ptr_equal(strchr(line, '\n'), line + n - 1);
    assert_null(strchr(line, '\x1b'));
    sink_close(&s);
}

static void a_line_too_long_is_cut_and_still_ends(void **state)
{
    (void)state;
    struct sink s = sink_open(LOG_INFO);
    char big[8192], line[8192];
    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    log_event(&s.log, LOG_INFO, "big", "v=%s", big);
    size_t n = sink_read(&s, line, sizeof line);
    assert_in_range(n, 1000, 4096);
    assert_int_equal(line[n - 1], '\n');
    log_event(&s.log, LOG_INFO, big, "v=%s", big);
    n = sink_read(&s, line, sizeof line);
    assert_in_range(n, 1000, 4096);
    assert_int_equal(line[n - 1], '\n');
    sink_close(&s);
}

static void levels_have_names(void **state)
{
    (void)state;
    for (int level = LOG_ERROR; level <= LOG_DEBUG; level++) {
        enum log_level back;
        assert_true(log_level_parse(strv_from(log_level_name((enum log_level)level)), &back));
        assert_int_equal(back, level);
    }
    enum log_level level;
    assert_true(log_level_parse(STRV("WARN"), &level));
    assert_int_equal(level, LOG_WARN);
    assert_false(log_level_parse(STRV("loud"), &level));
    assert_false(log_level_parse(STRV(""), &level));
}

static void quoted_values_are_safe(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } rows[] = {
        { "", "\"\"" },
        { "a b", "\"a b\"" },
        { "say \"hi\" \\ bye", "\"say \\\"hi\\\" \\\\ bye\"" },
        { "a\nb\tc\r", "\"a\\nb\\tc\\r\"" },
        { "\x01\x7f", "\"\\x01\\x7f\"" },
        { "caf\xc3\xa9", "\"caf\xc3\xa9\"" },
        { "\xc3(", "\"\\xc3(\"" },
        { "\xc2\x9b", "\"\\u009b\"" },     /* CSI as a C1 control */
        { "\xe2\x80\xae", "\"\\u202e\"" }, /* right-to-left override */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_string_equal(log_quote(strv_from(rows[i].text)).s, rows[i].want);
    }
    assert_string_equal(log_quote((struct strv){ NULL, 0 }).s, "\"\"");
}

static void quoted_values_are_cut_between_characters(void **state)
{
    (void)state;
    char big[1000];
    for (size_t shift = 0; shift < 4; shift++) {
        memset(big, 'x', shift);
        for (size_t i = shift; i + 4 <= sizeof big; i += 4) {
            memcpy(big + i, "\xf0\x9f\x98\x80", 4);
        }
        struct log_text t = log_quote((struct strv){ big, shift + (sizeof big - shift) / 4 * 4 });
        size_t n = strlen(t.s);
        assert_in_range(n, 240, sizeof t.s - 1);
        assert_string_equal(t.s + n - 4, "...\"");
        assert_int_equal((n - 1 - 4 - shift) % 4, 0);
    }
    memset(big, '\x01', sizeof big); /* every character grows fourfold */
    assert_true(strlen(log_quote((struct strv){ big, sizeof big }).s) < sizeof(struct log_text));
}

static void numbers_are_masked_unless_the_log_shows_them(void **state)
{
    (void)state;
    struct log hidden = { 0 }, shown = { .show_numbers = true };
    assert_string_equal(log_number(&hidden, UINT64_C(447700900123)).s, "+4477009*****");
    assert_string_equal(log_number(&shown, UINT64_C(447700900123)).s, "+447700900123");
    assert_string_equal(log_number(&hidden, 1234).s, "+****");
    assert_string_equal(log_number(&hidden, 123456).s, "+1*****");
    assert_string_equal(log_number(&hidden, 0).s, "-");
    assert_string_equal(log_number(NULL, 123456).s, "+1*****");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_time_level_event_and_pairs),
        cmocka_unit_test(what_is_above_the_level_is_not_written),
        cmocka_unit_test(journald_gets_its_priority),
        cmocka_unit_test(nobody_can_forge_a_second_line),
        cmocka_unit_test(a_line_too_long_is_cut_and_still_ends),
        cmocka_unit_test(levels_have_names),
        cmocka_unit_test(quoted_values_are_safe),
        cmocka_unit_test(quoted_values_are_cut_between_characters),
        cmocka_unit_test(numbers_are_masked_unless_the_log_shows_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
