/* TZif files made octet by octet: what is valid is read, what is not is refused without reading outside. */
#include "domain/tzif.h"
#include "support.h"

#include "base/buf.h"
#include "base/random.h"

struct type {
    int32_t offset;
    uint8_t dst, name;
};

static void put_header(struct buf *b, uint8_t version, uint32_t leap, uint32_t times, uint32_t types)
{
    buf_put(b, "TZif", 4);
    buf_put_u8(b, version);
    for (int i = 0; i < 15; i++) {
        buf_put_u8(b, 0);
    }
    buf_put_u32(b, 0);
    buf_put_u32(b, 0);
    buf_put_u32(b, leap);
    buf_put_u32(b, times);
    buf_put_u32(b, types);
    buf_put_u32(b, 4);
}

static void put_block(struct buf *b, bool wide, const int64_t *at, const uint8_t *index, uint32_t times,
                      const struct type *types, uint32_t type_count)
{
    for (uint32_t i = 0; i < times; i++) {
        if (wide) {
            buf_put_u64(b, (uint64_t)at[i]);
        } else {
            buf_put_u32(b, (uint32_t)at[i]);
        }
    }
    buf_put(b, index, times);
    for (uint32_t i = 0; i < type_count; i++) {
        buf_put_u32(b, (uint32_t)types[i].offset);
        buf_put_u8(b, types[i].dst);
        buf_put_u8(b, types[i].name);
    }
    buf_put(b, "LMT", 4);
}

static const int64_t at3[] = { 1000, 2000, 3000 };
static const uint8_t index3[] = { 1, 2, 1 };
static const struct type types3[] = { { 300, 0, 0 }, { 3600, 0, 0 }, { 7200, 1, 0 } };

/* A version-2 file: an empty first block as zic -b slim makes it, three transitions, a footer. */
static void put_v2(struct buf *b, const char *footer)
{
    static const struct type one[] = { { 0, 0, 0 } };
    put_header(b, '2', 0, 0, 1);
    put_block(b, false, NULL, NULL, 0, one, 1);
    put_header(b, '2', 0, 3, 3);
    put_block(b, true, at3, index3, 3, types3, 3);
    buf_put(b, footer, strlen(footer));
}

static struct tzif *parse(const struct buf *b, struct err *e)
{
    return tzif_parse((struct strv){ (const char *)b->data, b->len }, e);
}

static void version_1_has_32_bit_times_and_no_footer(void **state)
{
    (void)state;
    struct buf b = { 0 };
    struct err e = { 0 };
    put_header(&b, 0, 0, 3, 3);
    put_block(&b, false, at3, index3, 3, types3, 3);
    struct tzif *z = parse(&b, &e);
    expect(z, "%s", e.text);
    assert_int_equal(tzif_offset(z, INT64_MIN), 300);
    assert_int_equal(tzif_offset(z, 999), 300);
    assert_int_equal(tzif_offset(z, 1000), 3600);
    assert_int_equal(tzif_offset(z, 1999), 3600);
    assert_int_equal(tzif_offset(z, 2000), 7200);
    assert_int_equal(tzif_offset(z, 3000), 3600);
    assert_int_equal(tzif_offset(z, INT64_MAX), 3600);
    assert_int_equal(tzif_next_change(z, 0), 1000);
    assert_int_equal(tzif_next_change(z, 1000), 2000);
    assert_true(tzif_next_change(z, 3000) == TZIF_NEVER);
    tzif_free(z);
    buf_free(&b);
}

static void footer_decides_after_the_last_transition(void **state)
{
    (void)state;
    struct buf b = { 0 };
    struct err e = { 0 };
    put_v2(&b, "\nCET-1CEST,M3.5.0,M10.5.0/3\n");
    struct tzif *z = parse(&b, &e);
    expect(z, "%s", e.text);
    assert_int_equal(tzif_offset(z, 2999), 7200);
    assert_int_equal(tzif_offset(z, instant("2026-03-29T00:59:59Z") / USEC_SEC), 3600);
    assert_int_equal(tzif_offset(z, instant("2026-03-29T01:00:00Z") / USEC_SEC), 7200);
    assert_int_equal(tzif_offset(z, instant("2026-10-25T00:59:59Z") / USEC_SEC), 7200);
    assert_int_equal(tzif_offset(z, instant("2026-10-25T01:00:00Z") / USEC_SEC), 3600);
    assert_int_equal(tzif_next_change(z, instant("2026-07-01T00:00:00Z") / USEC_SEC),
                     instant("2026-10-25T01:00:00Z") / USEC_SEC);
    tzif_free(z);
    buf_free(&b);
}

/* A last transition that changes no offset still tells from when on the footer holds. */
static void footer_does_not_reach_before_the_last_transition(void **state)
{
    (void)state;
    static const uint8_t same[] = { 1, 2, 2 };
    struct buf b = { 0 };
    put_header(&b, '2', 0, 0, 1);
    put_block(&b, false, NULL, NULL, 0, types3, 1);
    put_header(&b, '3', 0, 3, 3);
    put_block(&b, true, at3, same, 3, types3, 3);
    buf_put(&b, "\nCET-1\n", 7);
    struct tzif *z = parse(&b, NULL);
    assert_non_null(z);
    assert_int_equal(tzif_offset(z, 2999), 7200);
    assert_int_equal(tzif_offset(z, 3000), 3600);
    assert_int_equal(tzif_next_change(z, 2500), 3000);
    tzif_free(z);
    buf_free(&b);
}

static void empty_footer_keeps_the_last_offset(void **state)
{
    (void)state;
    struct buf b = { 0 };
    put_v2(&b, "\n\n");
    struct tzif *z = parse(&b, NULL);
    assert_non_null(z);
    assert_int_equal(tzif_offset(z, INT64_MAX), 3600);
    tzif_free(z);
    buf_free(&b);
}

static void posix_rules_of_every_form(void **state)
{
    (void)state;
    static const struct {
        const char *tz, *at;
        int32_t offset;
        const char *next; /* NULL: never */
    } cases[] = {
        { "UTC0", "2026-01-01", 0, NULL },
        { "<+0530>-5:30", "2026-01-01", 19800, NULL },
        { "<-03>3", "2026-01-01", -10800, NULL },
        { "EST5EDT,M3.2.0,M11.1.0", "2026-03-08T06:59:59Z", -18000, "2026-03-08T07:00:00Z" },
        { "EST5EDT,M3.2.0,M11.1.0", "2026-03-08T07:00:00Z", -14400, "2026-11-01T06:00:00Z" },
        /* southern: summer time over the year's end */
        { "AEST-10AEDT,M10.1.0,M4.1.0/3", "2026-12-31T12:00:00Z", 39600, "2027-04-03T16:00:00Z" },
        /* summer time of its own length */
        { "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2026-01-01T00:00:00Z", 39600, "2026-04-04T15:00:00Z" },
        /* negative and long times, RFC 9636 §3.3.1 */
        { "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29T01:00:00Z", -3600, "2026-10-25T01:00:00Z" },
        { "IST-2IDT,M3.4.4/26,M10.5.0", "2026-03-26T23:59:59Z", 7200, "2026-03-27T00:00:00Z" },
        /* negative summer time: Ireland */
        { "IST-1GMT0,M10.5.0,M3.5.0/1", "2026-01-01T00:00:00Z", 0, "2026-03-29T01:00:00Z" },
        /* Julian days: 60 is always 1 March; 59 counted from 0 is 29 February in leap years */
        { "AAA0BBB,J60/0,J300/0", "2028-02-29T12:00:00Z", 0, "2028-03-01T00:00:00Z" },
        { "AAA0BBB,59/0,300/0", "2028-02-28T12:00:00Z", 0, "2028-02-29T00:00:00Z" },
        /* summer time that ends as it begins */
        { "AAA0BBB,J60/0,J60/1", "2026-06-01T00:00:00Z", 0, NULL },
        /* summer time for ever */
        { "EST5EDT,0/0,J365/25", "2026-12-31T23:59:59Z", -14400, NULL },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err e = { 0 };
        struct tzif *z = tzif_from_posix(strv_from(cases[i].tz), &e);
        expect(z, "%s: %s", cases[i].tz, e.text);
        int64_t at = instant(cases[i].at) / USEC_SEC;
        int64_t next = cases[i].next ? instant(cases[i].next) / USEC_SEC : TZIF_NEVER;
        expect(tzif_offset(z, at) == cases[i].offset, "%s: %d", cases[i].tz, tzif_offset(z, at));
        expect(tzif_next_change(z, at) == next, "%s: %lld", cases[i].tz, (long long)tzif_next_change(z, at));
        tzif_free(z);
    }
}

static void posix_strings_that_are_not(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "A",
        "AB1",
        "CET",
        "CET-1CEST",
        "CET-1CEST,",
        "CET-1CEST,M3.5.0",
        "CET-1CEST,M13.1.0,M10.5.0",
        "CET-1CEST,M3.6.0,M10.5.0",
        "CET-1CEST,M3.5.7,M10.5.0",
        "CET-1CEST,M3.5.0,M10.5.0/168",
        "CET-1CEST,M3.5.0,M10.5.0x",
        "CET-25",
        "<CET-1",
        "CET-1:60",
        "CET-1CEST,J0,J365",
        "CET-1CEST,J1,J366",
        "CET-1CEST,1,366",
        "CET--1",
        "CET-1CEST,M3.5.0/,M10.5.0",
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct err e = { 0 };
        expect(!tzif_from_posix(strv_from(bad[i]), &e) && e.code == ERR_CORRUPT, "taken: %s", bad[i]);
    }
}

static void rules_hold_at_the_ends_of_time(void **state)
{
    (void)state;
    struct tzif *z = tzif_from_posix(STRV("CET-1CEST,M3.5.0,M10.5.0/3"), NULL);
    static const int64_t ends[] = { INT64_MIN,        INT64_MIN + 1, -4000000000000000,
                                    4000000000000000, INT64_MAX - 1, INT64_MAX };
    for (size_t i = 0; i < COUNT(ends); i++) {
        struct tzif_span s = tzif_span_at(z, ends[i]);
        assert_true(s.offset == 3600 || s.offset == 7200);
        assert_true(s.from <= ends[i] && (ends[i] < s.to || s.to == TZIF_NEVER));
    }
    /* The same day 400 years on, to the second. */
    int64_t cycle = INT64_C(146097) * 86400, at = instant("2026-03-29T00:59:59Z") / USEC_SEC;
    for (int k = -20; k <= 20; k++) {
        assert_int_equal(tzif_offset(z, at + k * cycle), 3600);
        assert_int_equal(tzif_offset(z, at + 1 + k * cycle), 7200);
    }
    tzif_free(z);
}

static void damaged_files_are_refused(void **state)
{
    (void)state;
    static const struct type far[] = { { 300, 0, 0 }, { 26 * 3600, 0, 0 }, { 7200, 1, 0 } };
    static const struct type names[] = { { 300, 0, 0 }, { 3600, 0, 4 }, { 7200, 1, 0 } };
    static const struct type dst[] = { { 300, 0, 0 }, { 3600, 2, 0 }, { 7200, 1, 0 } };
    static const int64_t unsorted[] = { 1000, 1000, 3000 };
    static const uint8_t foreign[] = { 1, 3, 1 };
    static const struct {
        const char *what;
        uint8_t version;
        uint32_t leap;
        const int64_t *at;
        const uint8_t *index;
        const struct type *types;
        enum err_code code;
    } cases[] = {
        { "offset out of range", 0, 0, at3, index3, far, ERR_CORRUPT },
        { "name out of range", 0, 0, at3, index3, names, ERR_CORRUPT },
        { "dst flag", 0, 0, at3, index3, dst, ERR_CORRUPT },
        { "order of transitions", 0, 0, unsorted, index3, types3, ERR_CORRUPT },
        { "unknown type", 0, 0, at3, foreign, types3, ERR_CORRUPT },
        { "leap seconds", 0, 1, at3, index3, types3, ERR_CORRUPT },
        { "version of the future", '5', 0, at3, index3, types3, ERR_VERSION },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf b = { 0 };
        struct err e = { 0 };
        put_header(&b, cases[i].version, cases[i].leap, 3, 3);
        put_block(&b, false, cases[i].at, cases[i].index, 3, cases[i].types, 3);
        expect(!parse(&b, &e) && e.code == cases[i].code, "%s: %s", cases[i].what, e.text);
        buf_free(&b);
    }
}

static void counts_that_lie_are_refused(void **state)
{
    (void)state;
    static const size_t count_at[] = { 20, 24, 28, 32, 36, 40 };
    static const uint32_t lies[] = { 0xffffffff, 0x7fffffff, 0x20000000, 70000, 300, 5 };
    for (size_t i = 0; i < COUNT(count_at); i++) {
        for (size_t k = 0; k < COUNT(lies); k++) {
            struct buf b = { 0 };
            put_header(&b, 0, 0, 3, 3);
            put_block(&b, false, at3, index3, 3, types3, 3);
            buf_set_u32(&b, count_at[i], lies[k]);
            assert_null(parse(&b, NULL));
            buf_free(&b);
        }
    }
}

/* No prefix and no mutation may be read outside its bounds (seen by the sanitizers) or give an offset that no
 * zone has. */
static void hostile_input_is_survived(void **state)
{
    (void)state;
    assert_null(tzif_parse((struct strv){ 0 }, NULL));
    struct buf b = { 0 };
    struct rnd r;
    rnd_seed(&r, 20261121);
    put_v2(&b, "\nCET-1CEST,M3.5.0,M10.5.0/3\n");
    for (size_t n = 0; n < b.len; n++) {
        uint8_t *exact = malloc(n ? n : 1);
        memcpy(exact, b.data, n);
        struct tzif *z = tzif_parse((struct strv){ (const char *)exact, n }, NULL);
        expect(!z, "a file cut at %zu was taken", n);
        free(exact);
    }
    for (int round = 0; round < 20000; round++) {
        uint8_t *copy = malloc(b.len);
        memcpy(copy, b.data, b.len);
        for (uint64_t k = 1 + rnd_below(&r, 4); k > 0; k--) {
            copy[rnd_below(&r, b.len)] = (uint8_t)rnd_u64(&r);
        }
        struct tzif *z = tzif_parse((struct strv){ (const char *)copy, b.len }, NULL);
        for (int k = 0; z && k < 10; k++) {
            int64_t at = (int64_t)rnd_u64(&r) >> rnd_below(&r, 40);
            struct tzif_span s = tzif_span_at(z, at);
            assert_true(s.from <= at && (at < s.to || s.to == TZIF_NEVER));
            assert_true(s.offset > -26 * 3600 && s.offset < 26 * 3600);
            assert_true(tzif_next_change(z, at) > at || at == INT64_MAX);
        }
        tzif_free(z);
        free(copy);
    }
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(version_1_has_32_bit_times_and_no_footer),
        cmocka_unit_test(footer_decides_after_the_last_transition),
        cmocka_unit_test(footer_does_not_reach_before_the_last_transition),
        cmocka_unit_test(empty_footer_keeps_the_last_offset),
        cmocka_unit_test(posix_rules_of_every_form),
        cmocka_unit_test(posix_strings_that_are_not),
        cmocka_unit_test(rules_hold_at_the_ends_of_time),
        cmocka_unit_test(damaged_files_are_refused),
        cmocka_unit_test(counts_that_lie_are_refused),
        cmocka_unit_test(hostile_input_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
