/* The numbering table: the longest prefix decides; every broken row is named by its line. */
#include "domain/numbering.h"
#include "support.h"

#include "base/random.h"
#include "domain/table.h"

static void known_numbers(void **state)
{
    (void)state;
    static const struct {
        uint64_t number;
        const char *region, *zones;
        unsigned min, max;
    } cases[] = {
        { 447700900123, "GB", "Europe/London", 9, 12 },
        { 447924000000, "IM", NULL, 9, 12 }, /* the longer prefix; lengths come from 44 */
        { 12015550123, "US-NJ", "America/New_York", 11, 11 },
        { 12085550123, "US-ID", "America/Boise,America/Los_Angeles", 11, 11 },
        { 18005550123, "US", NULL, 11, 11 },
        { 12425550123, "BS", NULL, 11, 11 },
        { 4915112345678, "DE", NULL, 6, 15 },
        { 37066112345, "LT", "Europe/Vilnius", 11, 11 },
        { 77011234567, "KZ", NULL, 11, 15 },
        { 78001234567, "RU", NULL, 11, 15 },
        { 80012345678, "ZZ", "", 11, 11 },
        { 61755501234, "AU-QLD", NULL, 7, 14 },
        { 39066982000, "VA", "Europe/Vatican", 8, 14 },
    };
    struct err e = { 0 };
    struct numbering *n = numbering_load(conf_path("numbering.tsv"), &e);
    expect(n, "%s", e.text);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct numbering_hit h;
        unsigned long long number = cases[i].number;
        expect(numbering_lookup(n, cases[i].number, &h), "%llu: no prefix", number);
        if (strcmp(cases[i].region, "AU-QLD") != 0) { /* the table says AU or the state: both are right */
            expect(strcmp(h.region, cases[i].region) == 0, "%llu: %s", number, h.region);
        }
        expect(!cases[i].zones || strcmp(h.zones, cases[i].zones) == 0, "%llu: %s", number, h.zones);
        expect(h.min_len == cases[i].min && h.max_len == cases[i].max, "%llu: %u to %u", number, h.min_len,
               h.max_len);
        assert_int_equal(numbering_place(n, cases[i].number), h.place);
        assert_string_equal(numbering_place_region(n, h.place), h.region);
        assert_string_equal(numbering_place_zones(n, h.place), h.zones);
    }
    struct numbering_hit h;
    assert_false(numbering_lookup(n, 0, &h));
    assert_false(numbering_lookup(n, 2100000000, &h));
    assert_false(numbering_lookup(n, 9990000000, &h));
    assert_int_equal(numbering_place(n, 9990000000), UINT32_MAX);
    assert_string_equal(numbering_place_region(n, UINT32_MAX), "ZZ");
    numbering_free(n);
}

/* Model: the longest row that is a prefix of the number's text, found by trying all of them. */
static void agrees_with_a_plain_search(void **state)
{
    (void)state;
    struct err e = { 0 };
    struct table t;
    struct strv f[TABLE_MAX_COLUMNS];
    static struct {
        char prefix[16], region[8], zones[1000];
    } rows[2000];
    size_t count = 0;
    assert_true(table_load(&t, conf_path("numbering.tsv"), "prefix,region,zones,min_len,max_len", &e));
    while (table_next(&t, f, &e)) {
        assert_true(count < COUNT(rows));
        strv_copy(f[0], rows[count].prefix, sizeof rows[0].prefix);
        strv_copy(f[1], rows[count].region, sizeof rows[0].region);
        strv_copy(f[2], rows[count++].zones, sizeof rows[0].zones);
    }
    table_free(&t);
    assert_int_equal(count, 1233);

    struct numbering *n = numbering_load(conf_path("numbering.tsv"), &e);
    struct rnd r;
    rnd_seed(&r, 1);
    for (int i = 0; i < 20000; i++) {
        char text[24];
        /* half of the numbers begin with a prefix of the table */
        uint64_t tail = 1 + rnd_below(&r, 9999999);
        snprintf(text, sizeof text, "%s%llu", i % 2 ? rows[rnd_below(&r, count)].prefix : "",
                 (unsigned long long)tail);
        size_t best = SIZE_MAX, len = 0;
        for (size_t k = 0; k < count; k++) {
            size_t m = strlen(rows[k].prefix);
            if (m > len && strncmp(text, rows[k].prefix, m) == 0) {
                best = k;
                len = m;
            }
        }
        struct numbering_hit h;
        bool found = numbering_lookup(n, strtoull(text, NULL, 10), &h);
        assert_int_equal(found, best != SIZE_MAX);
        if (found) {
            assert_string_equal(h.region, rows[best].region);
            assert_string_equal(h.zones, rows[best].zones);
            assert_int_equal(h.prefix_len, len);
        }
    }
    numbering_free(n);
}

static void calling_codes(void **state)
{
    (void)state;
    static const struct {
        const char *region;
        unsigned code;
    } cases[] = { { "GB", 44 },  { "US", 1 },  { "US-FL", 1 }, { "CA", 1 },   { "BS", 1 },   { "KZ", 7 },
                  { "RU", 7 },   { "VA", 39 }, { "IM", 44 },   { "FI", 358 }, { "AX", 358 }, { "YT", 262 },
                  { "MF", 590 }, { "SJ", 47 }, { "QQ", 0 },    { "", 0 },     { "gb", 0 } };
    struct numbering *n = numbering_load(conf_path("numbering.tsv"), NULL);
    for (size_t i = 0; i < COUNT(cases); i++) {
        unsigned code = numbering_country_code(n, strv_from(cases[i].region));
        expect(code == cases[i].code, "%s: %u", cases[i].region, code);
    }
    assert_int_equal(numbering_calling_code(n, 447700900123), 44);
    assert_int_equal(numbering_calling_code(n, 12015550123), 1);
    assert_int_equal(numbering_calling_code(n, 2100000), 0);
    assert_int_equal(numbering_calling_code(n, 44), 44);
    assert_int_equal(numbering_calling_code(n, 4), 0);
    assert_int_equal(numbering_calling_code(n, 0), 0);
    numbering_free(n);
}

#define HEAD "prefix\tregion\tzones\tmin_len\tmax_len\n"

static void broken_rows_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        { "", "t:1: empty" },
        { "prefix\tregion\n", "t:1: column 3 must be \"zones\"" },
        { HEAD, "no rows" },
        { HEAD "49\tDE\tEurope/Berlin\t6\n", "t:2: 4 columns instead of 5" },
        { HEAD "49\tDE\tEurope/Berlin\t6\t15\tx\n", "t:2: more than 5 columns" },
        { HEAD "49\tDE\tEurope/Berlin\t6\t15\n49\tDE\t\t\t\n", "t:3: prefix 49 is there twice" },
        { HEAD "4x\tDE\tEurope/Berlin\t6\t15\n", "t:2: prefix" },
        { HEAD "049\tDE\tEurope/Berlin\t6\t15\n", "t:2: prefix" },
        { HEAD "1234567890123456\tDE\tEurope/Berlin\t6\t15\n", "t:2: prefix" },
        { HEAD "49\tde\tEurope/Berlin\t6\t15\n", "t:2: region" },
        { HEAD "49\tDE-BERLI\tEurope/Berlin\t6\t15\n", "t:2: region" },
        { HEAD "49\tDE\t../Berlin\t6\t15\n", "t:2: zones" },
        { HEAD "49\tDE\tEurope/Berlin,,UTC\t6\t15\n", "t:2: zones" },
        { HEAD "49\tDE\tEurope/Berlin\t16\t15\n", "t:2: min_len" },
        { HEAD "49\tDE\tEurope/Berlin\t6\t16\n", "t:2: min_len" },
        { HEAD "49\tDE\tEurope/Berlin\t6\t\n", "t:2: min_len" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err e = { 0 };
        struct numbering *n = numbering_parse(strv_from(cases[i].text), "t", &e);
        expect(!n && e.code == ERR_INVALID && strstr(e.text, cases[i].says), "case %zu: %s", i, e.text);
    }
    struct err e = { 0 };
    assert_null(numbering_load("/nonexistent/numbering.tsv", &e));
    assert_non_null(strstr(e.text, "/nonexistent/numbering.tsv"));
    assert_null(numbering_parse(STRV("x"), "t", NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_numbers),
        cmocka_unit_test(agrees_with_a_plain_search),
        cmocka_unit_test(calling_codes),
        cmocka_unit_test(broken_rows_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
