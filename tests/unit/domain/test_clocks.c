/* The dictionary of clocks: dense ids, and a text that gives the same clock back. */
#include "domain/clocks.h"
#include "support.h"

#include "base/random.h"

struct fixture {
    struct numbering *n;
    struct clocks *c;
};

static int setup(void **state)
{
    static struct fixture f;
    f.n = numbering_load(conf_path("numbering.tsv"), NULL);
    f.c = clocks_new(f.n);
    *state = &f;
    return f.n && f.c ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    clocks_free(f->c);
    numbering_free(f->n);
    return 0;
}

static void numbers_have_the_clock_of_their_prefix(void **state)
{
    struct fixture *f = *state;
    static const struct {
        uint64_t number;
        const char *text;
    } cases[] = {
        { 447700900123, "GB Europe/London" },
        { 12085550123, "US-ID America/Boise,America/Los_Angeles" },
        { 4915112345678, "DE Europe/Berlin,Europe/Zurich" },
        { 80012345678, "ZZ -" },
        { 9990000000, "ZZ -" },
        { 0, "ZZ -" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint32_t id = clocks_of_number(f->c, cases[i].number);
        expect(strcmp(clocks_text(f->c, id), cases[i].text) == 0, "%llu: %s",
               (unsigned long long)cases[i].number, clocks_text(f->c, id));
        assert_int_equal(clocks_of_number(f->c, cases[i].number), id);
    }
    uint32_t us = clocks_of_number(f->c, 18005550123);
    assert_int_equal(clocks_zone_count(f->c, us), 29);
    assert_string_equal(clocks_zone(f->c, us, 0), "America/Adak");
    assert_string_equal(clocks_zone(f->c, us, 28), "Pacific/Honolulu");
    assert_string_equal(clocks_zone(f->c, us, 29), "");
    assert_string_equal(clocks_region(f->c, us), "US");
}

static void own_zone_wins(void **state)
{
    struct fixture *f = *state;
    struct err e = { 0 };
    uint32_t id = clocks_of_zone(f->c, 12015550123, STRV("America/Los_Angeles"), &e);
    assert_string_equal(clocks_text(f->c, id), "US-NJ America/Los_Angeles");
    assert_int_equal(clocks_of_zone(f->c, 12015550999, STRV("America/Los_Angeles"), &e), id);
    assert_int_equal(clocks_of_zone(f->c, 12015550123, STRV(""), &e), clocks_of_number(f->c, 12015550123));
    assert_int_equal(clocks_of_zone(f->c, 447700900123, STRV("Europe/London"), &e),
                     clocks_of_number(f->c, 447700900123));
    id = clocks_of_zone(f->c, 80012345678, STRV("Asia/Tokyo"), &e);
    assert_string_equal(clocks_text(f->c, id), "ZZ Asia/Tokyo");
    assert_int_equal(e.code, ERR_NONE);
    id = clocks_of_zone(f->c, 447700900123, STRV("../London"), &e);
    assert_int_equal(e.code, ERR_INVALID);
    assert_int_equal(id, clocks_of_number(f->c, 447700900123));
}

static void text_is_canonical(void **state)
{
    struct fixture *f = *state;
    struct err e = { 0 };
    uint32_t id = clocks_intern(f->c, STRV("US-ID America/Boise,America/Los_Angeles"), &e);
    assert_int_equal(clocks_intern(f->c, STRV("US-ID America/Los_Angeles,America/Boise"), &e), id);
    assert_int_equal(clocks_intern(f->c, STRV("US-ID America/Boise,America/Boise,America/Los_Angeles"), &e),
                     id);
    assert_int_not_equal(clocks_intern(f->c, STRV("US America/Boise,America/Los_Angeles"), &e), id);
    assert_int_equal(clocks_intern(f->c, STRV("ZZ -"), &e), CLOCKS_UNKNOWN);
    assert_int_equal(e.code, ERR_NONE);
    static const char *const bad[] = {
        "",           "DE",      "DE ",     "de Europe/Berlin",  "D Europe/Berlin",
        "DE Eur ope", "DE ../x", "DE A,,B", "DEE Europe/Berlin", " Europe/Berlin"
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct err own = { 0 };
        expect(clocks_intern(f->c, strv_from(bad[i]), &own) == CLOCKS_UNKNOWN && own.code == ERR_INVALID,
               "\"%s\"", bad[i]);
    }
}

/* All clocks of the table, written down and read into an empty dictionary in another order, are the same. */
static void every_clock_comes_back_from_its_text(void **state)
{
    struct fixture *f = *state;
    struct rnd r;
    rnd_seed(&r, 2);
    for (int i = 0; i < 50000; i++) {
        clocks_of_number(f->c, rnd_below(&r, 1000000000000000));
    }
    uint32_t count = clocks_count(f->c);
    expect(count > 100, "%u clocks", count);
    struct clocks *other = clocks_new(f->n);
    for (uint32_t id = count; id-- > 0;) {
        struct err e = { 0 };
        uint32_t again = clocks_intern(other, strv_from(clocks_text(f->c, id)), &e);
        expect(e.code == ERR_NONE, "%s: %s", clocks_text(f->c, id), e.text);
        assert_string_equal(clocks_text(other, again), clocks_text(f->c, id));
        assert_string_equal(clocks_region(other, again), clocks_region(f->c, id));
        assert_int_equal(clocks_zone_count(other, again), clocks_zone_count(f->c, id));
        assert_true(again < clocks_count(other));
    }
    assert_int_equal(clocks_count(other), count);
    clocks_free(other);
}

static void full_dictionary_answers_unknown(void **state)
{
    struct fixture *f = *state;
    struct err e = { 0 };
    struct clocks *c = clocks_new(f->n);
    char text[40];
    for (uint32_t i = 1; i < CLOCKS_MAX; i++) {
        snprintf(text, sizeof text, "DE Zone/N%u", i);
        assert_int_equal(clocks_intern(c, strv_from(text), &e), i);
    }
    assert_int_equal(clocks_intern(c, STRV("DE Europe/Berlin"), &e), CLOCKS_UNKNOWN);
    assert_int_equal(e.code, ERR_LIMIT);
    assert_int_equal(clocks_of_number(c, 447700900123), CLOCKS_UNKNOWN);
    assert_int_equal(clocks_intern(c, STRV("DE Zone/N7"), NULL), 7);
    assert_int_equal(clocks_count(c), CLOCKS_MAX);
    char big[2000] = "DE A";
    for (int i = 0; i < 60; i++) {
        snprintf(big + strlen(big), 20, ",Zone/Number%d", i);
    }
    e.code = ERR_NONE;
    assert_int_equal(clocks_intern(c, strv_from(big), &e), CLOCKS_UNKNOWN);
    assert_int_equal(e.code, ERR_LIMIT);
    clocks_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_have_the_clock_of_their_prefix),
        cmocka_unit_test(own_zone_wins),
        cmocka_unit_test(text_is_canonical),
        cmocka_unit_test(every_clock_comes_back_from_its_text),
        cmocka_unit_test(full_dictionary_answers_unknown),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
