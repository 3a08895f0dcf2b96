/* The system's zones against the C library, which reads the same files with other code. */
#include "domain/zone.h"
#include "support.h"

#include "base/random.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void c_library_zone(const char *name)
{
    char tz[100];
    snprintf(tz, sizeof tz, ":%s", name);
    setenv("TZ", tz, 1);
    tzset();
}

static int32_t c_library_offset(int64_t seconds)
{
    time_t t = (time_t)seconds;
    struct tm tm;
    assert_non_null(localtime_r(&t, &tm));
    return (int32_t)tm.tm_gmtoff;
}

static void expect_same(const struct zone *z, int64_t seconds)
{
    int32_t ours = zone_offset(z, seconds * USEC_SEC), theirs = c_library_offset(seconds);
    expect(ours == theirs, "%s at %lld: %d, the C library says %d", zone_name(z), (long long)seconds, ours,
           theirs);
}

/* Every transition from 1900 to 2100 to the second, and random instants to the year 3000. */
static void expect_same_zone(const struct zone *z, struct rnd *r)
{
    c_library_zone(zone_name(z));
    unsigned changes = 0;
    int64_t end = instant("2100-01-01") / USEC_SEC;
    for (usec_t at = instant("1900-01-01"); at != USEC_NEVER && at / USEC_SEC < end; changes++) {
        expect_same(z, at / USEC_SEC);
        expect_same(z, at / USEC_SEC - 1);
        usec_t next = zone_next_change(z, at);
        assert_true(next > at);
        if (next != USEC_NEVER) {
            expect(zone_offset(z, next) != zone_offset(z, next - 1), "%s: no change", zone_name(z));
            expect(zone_offset(z, next - 1) == zone_offset(z, at), "%s: a change was missed", zone_name(z));
        }
        at = next;
    }
    assert_true(changes < 1000);
    for (int i = 0; i < 200; i++) {
        expect_same(z, (int64_t)rnd_below(r, 34713100800u) - 2208988800); /* 1900 to 3000 */
    }
}

static void every_zone_agrees_with_the_c_library(void **state)
{
    (void)state;
    struct err e = { 0 };
    struct zones *zones = zones_new(NULL, &e);
    struct rnd r;
    rnd_seed(&r, 4);
    char path[300], line[1000], name[100];
    snprintf(path, sizeof path, "%s/tzdata.zi", zones_dir(zones));
    FILE *f = fopen(path, "r");
    if (!f) {
        print_message("no tzdata.zi: skipped\n");
        zones_free(zones);
        skip();
    }
    unsigned count = 0;
    while (fgets(line, sizeof line, f)) { /* zones and links */
        if (sscanf(line, "Z %99s", name) == 1 || sscanf(line, "L %*s %99s", name) == 1) {
            const struct zone *z = zones_get(zones, strv_from(name), &e);
            expect(z || e.code == ERR_NOT_FOUND, "%s: %s", name, e.text);
            if (z) {
                expect_same_zone(z, &r);
                count++;
            }
        }
    }
    fclose(f);
    expect(count > 300, "only %u zones", count);
    unsetenv("TZ");
    zones_free(zones);
}

static void local_readings_and_back(void **state)
{
    (void)state;
    static const struct {
        const char *zone, *local, *utc, *why;
    } cases[] = {
        { "Europe/Berlin", "2026-07-01T12:00:00Z", "2026-07-01T10:00:00Z", "summer" },
        { "Europe/Berlin", "2026-03-29T02:30:00Z", "2026-03-29T01:00:00Z", "gap: the transition" },
        { "Europe/Berlin", "2026-10-25T02:30:00Z", "2026-10-25T00:30:00Z", "overlap: the earlier" },
        { "Europe/Berlin", "2026-10-25T03:00:00Z", "2026-10-25T02:00:00Z", "after the overlap" },
        { "Australia/Lord_Howe", "2026-10-04T02:15:00Z", "2026-10-03T15:30:00Z", "gap of half an hour" },
        { "Pacific/Apia", "2011-12-30T12:00:00Z", "2011-12-30T10:00:00Z", "a day that never was" },
        { "Pacific/Kwajalein", "1993-08-21T12:00:00Z", "1993-08-21T12:00:00Z", "another" },
        { "Asia/Kathmandu", "2026-01-01T05:45:00Z", "2026-01-01T00:00:00Z", "three quarters" },
    };
    struct zones *zones = zones_new(NULL, NULL);
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct zone *z = zones_get(zones, strv_from(cases[i].zone), NULL);
        assert_non_null(z);
        usec_t got = zone_instant(z, instant(cases[i].local));
        expect(got == instant(cases[i].utc), "%s %s (%s): %s", cases[i].zone, cases[i].local, cases[i].why,
               civil_format_utc(got).s);
    }
    zones_free(zones);
}

/* zone_instant(zone_local(t)) is t, or in the second pass of an overlap the first. */
static void round_trip_of_readings(void **state)
{
    (void)state;
    static const char *const names[] = { "Europe/Berlin",     "Australia/Lord_Howe",
                                         "Africa/Casablanca", "Pacific/Apia",
                                         "Atlantic/Azores",   "America/Sao_Paulo",
                                         "Asia/Kathmandu",    "UTC",
                                         "America/Nuuk" };
    struct zones *zones = zones_new(NULL, NULL);
    struct rnd r;
    rnd_seed(&r, 5);
    for (size_t i = 0; i < COUNT(names); i++) {
        const struct zone *z = zones_get(zones, strv_from(names[i]), NULL);
        assert_non_null(z);
        for (int k = 0; k < 5000; k++) {
            usec_t t = (usec_t)rnd_below(&r, 4102444800u) * USEC_SEC + (usec_t)rnd_below(&r, 1000000);
            usec_t back = zone_instant(z, zone_local(z, t));
            assert_true(back <= t);
            assert_true(zone_local(z, back) == zone_local(z, t));
            struct zone_span s = zone_span_at(z, t);
            assert_true(back == t || s.from > back);
        }
    }
    zones_free(zones);
}

static void names_that_are_not_zones(void **state)
{
    (void)state;
    static const char *const invalid[] = {
        "",        "/etc/passwd",    "../../etc/passwd", "Europe/../UTC", "Europe//Berlin",
        "Europe/", ".hidden",        "Europe/Ber lin",   "tzdata.zi",     "-x",
        "a\\b",    "Europe/Berlin\n"
    };
    struct zones *zones = zones_new(NULL, NULL);
    for (size_t i = 0; i < COUNT(invalid); i++) {
        struct err e = { 0 };
        assert_false(zone_name_valid(strv_from(invalid[i])));
        assert_null(zones_get(zones, strv_from(invalid[i]), &e));
        assert_int_equal(e.code, ERR_INVALID);
    }
    static const char *const missing[] = { "Europe/Bielefeld", "Europe", "Europe/Berlin/Mitte" };
    for (size_t i = 0; i < COUNT(missing); i++) {
        struct err e = { 0 };
        assert_null(zones_get(zones, strv_from(missing[i]), &e));
        expect(e.code == ERR_NOT_FOUND, "%s: %s", missing[i], e.text);
    }
    char longest[ZONE_MAX_NAME + 2];
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_false(zone_name_valid(strv_from(longest)));
    assert_true(zone_name_valid(STRV("Etc/GMT+5")));
    assert_int_equal(zones_loaded(zones), 0);
    zones_free(zones);
}

/* --- a directory of our own --- */

static char dir[] = "/tmp/tessera-zones-XXXXXX";

static void write_file(const char *name, const void *data, size_t n)
{
    char path[100];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, n, f), n);
    fclose(f);
}

static void remove_file(const char *name)
{
    char path[100];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    unlink(path);
}

/* A version-1 file of one offset. */
static void write_zone(const char *name, int32_t offset)
{
    uint8_t file[44 + 6 + 4] = "TZif";
    file[39] = 1;
    file[43] = 4;
    for (int i = 0; i < 4; i++) {
        file[44 + i] = (uint8_t)((uint32_t)offset >> (24 - 8 * i));
    }
    write_file(name, file, sizeof file);
}

static void reload_brings_new_data_in_or_changes_nothing(void **state)
{
    (void)state;
    struct err e = { 0 };
    strcpy(dir + strlen(dir) - 6, "XXXXXX");
    assert_non_null(mkdtemp(dir));
    write_zone("Aa", 3600);
    write_zone("Bb", 7200);
    write_file("tzdata.zi", "# version 2026x\n", 16);
    struct zones *zones = zones_new(dir, &e);
    assert_string_equal(zones_version(zones), "2026x");
    const struct zone *a = zones_get(zones, STRV("Aa"), &e), *b = zones_get(zones, STRV("Bb"), &e);
    assert_int_equal(zone_offset(a, 0), 3600);
    assert_ptr_equal(zones_get(zones, STRV("Aa"), NULL), a);

    write_zone("Aa", 1800);
    write_file("tzdata.zi", "# version 2027a\n", 16);
    assert_int_equal(zone_offset(a, 0), 3600);
    unsigned generation = zones_generation(zones);
    assert_true(zones_reload(zones, &e));
    assert_int_equal(zone_offset(a, 0), 1800);
    assert_int_equal(zone_offset(b, 0), 7200);
    assert_string_equal(zones_version(zones), "2027a");
    assert_int_not_equal(zones_generation(zones), generation);

    generation = zones_generation(zones);
    write_zone("Aa", 900);
    write_file("Bb", "TZif, but torn", 14);
    assert_false(zones_reload(zones, &e));
    assert_int_equal(e.code, ERR_CORRUPT);
    assert_non_null(strstr(e.text, "\"Bb\""));
    assert_int_equal(zone_offset(a, 0), 1800);
    assert_int_equal(zones_generation(zones), generation);

    remove_file("tzdata.zi");
    remove_file("Bb");
    write_file("+VERSION", "2026f\n", 6);
    zones_free(zones);
    zones = zones_new(dir, &e);
    assert_string_equal(zones_version(zones), "2026f");
    zones_free(zones);
    remove_file("+VERSION");
    remove_file("Aa");
    setenv("TZDIR", dir, 1);
    zones = zones_new(NULL, &e);
    assert_string_equal(zones_version(zones), "unknown");
    assert_string_equal(zones_dir(zones), dir);
    zones_free(zones);
    unsetenv("TZDIR");
    rmdir(dir);
    assert_null(zones_new("/nonexistent", &e));
    assert_int_equal(e.code, ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_zone_agrees_with_the_c_library),
        cmocka_unit_test(local_readings_and_back),
        cmocka_unit_test(round_trip_of_readings),
        cmocka_unit_test(names_that_are_not_zones),
        cmocka_unit_test(reload_brings_new_data_in_or_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
