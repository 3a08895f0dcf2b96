/* Quiet hours: the tables read by hand for what people expect, and a plain evaluator that asks the C library
 * for every minute, row and zone, for everything else. */
#include "domain/quiet.h"
#include "support.h"

#include "base/random.h"
#include "domain/table.h"

#include <time.h>

struct fixture {
    struct numbering *n;
    struct clocks *c;
    struct zones *z;
    struct quiet *q;      /* no margin: the law as it is */
    struct quiet *margin; /* five minutes */
};

static struct quiet *load(struct fixture *f, usec_t margin, bool skip_low, bool skip_unverified)
{
    struct err e = { 0 };
    struct quiet_options o = { .rules_path = conf_path("quiet_hours.tsv"),
                               .holidays_path = conf_path("holidays.tsv"),
                               .clocks = f->c,
                               .zones = f->z,
                               .margin = margin,
                               .skip_low = skip_low,
                               .skip_unverified = skip_unverified };
    struct quiet *q = quiet_load(&o, &e);
    expect(q, "%s", e.text);
    return q;
}

static int setup(void **state)
{
    static struct fixture f;
    f.n = numbering_load(conf_path("numbering.tsv"), NULL);
    f.c = clocks_new(f.n);
    f.z = zones_new(NULL, NULL);
    f.q = load(&f, 0, false, false);
    f.margin = load(&f, QUIET_DEFAULT_MARGIN, false, false);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    quiet_free(f->q);
    quiet_free(f->margin);
    zones_free(f->z);
    clocks_free(f->c);
    numbering_free(f->n);
    unsetenv("TZ");
    return 0;
}

static uint32_t clock_named(struct fixture *f, const char *text)
{
    struct err e = { 0 };
    uint32_t id = clocks_intern(f->c, strv_from(text), &e);
    expect(e.code == ERR_NONE, "%s: %s", text, e.text);
    return id;
}

/* --- by hand --- */

static void what_people_expect(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *clock;
        enum message_class class_;
        const char *at;
        bool open;
        const char *next; /* when it opens (closed) or closes (open); NULL: never */
        const char *why;
    } cases[] = {
        { "DE Europe/Berlin", CLASS_PROMOTIONAL, "2026-11-21T19:59:59Z", true, "2026-11-21T20:00:00Z",
          "08-21" },
        { "DE Europe/Berlin", CLASS_PROMOTIONAL, "2026-11-21T20:00:00Z", false, "2026-11-22T07:00:00Z",
          "half-open" },
        { "DE Europe/Berlin", CLASS_TRANSACTIONAL, "2026-11-21T23:00:00Z", true, NULL, "* transactional" },
        { "DE Europe/Berlin", CLASS_OTP, "2026-11-21T23:00:00Z", true, NULL, "exempt" },
        /* across both changes of daylight saving */
        { "DE Europe/Berlin", CLASS_PROMOTIONAL, "2026-03-28T20:00:00Z", false, "2026-03-29T06:00:00Z",
          "spring" },
        { "DE Europe/Berlin", CLASS_PROMOTIONAL, "2026-10-24T19:00:00Z", false, "2026-10-25T07:00:00Z",
          "autumn" },
        /* FR: no Sundays, no holidays: Saturday evening before 2026-12-25 (Friday) */
        { "FR Europe/Paris", CLASS_PROMOTIONAL, "2026-12-24T19:30:00Z", false, "2026-12-26T07:00:00Z",
          "Christmas" },
        { "FR-67 Europe/Paris", CLASS_PROMOTIONAL, "2026-12-24T19:30:00Z", false, "2026-12-28T07:00:00Z",
          "26 December is a holiday there, then Sunday" },
        { "FR-75 Europe/Paris", CLASS_PROMOTIONAL, "2026-12-24T19:30:00Z", false, "2026-12-26T07:00:00Z",
          "no list of its own: the country's" },
        /* the state is stricter in the evening, the country in the morning: both must be open */
        { "US-FL America/New_York", CLASS_PROMOTIONAL, "2026-06-02T00:30:00Z", false, "2026-06-02T12:00:00Z",
          "20:30" },
        { "US-TX America/Chicago", CLASS_PROMOTIONAL, "2026-06-07T16:59:00Z", false, "2026-06-07T17:00:00Z",
          "Sunday from 12" },
        { "US-CA America/Los_Angeles", CLASS_PROMOTIONAL, "2026-06-02T15:59:00Z", false,
          "2026-06-02T16:00:00Z", "09 in the state though 08 in the country" },
        /* all zones must be open: New York has 08:00 when Honolulu has 02:00 */
        { "US America/New_York,Pacific/Honolulu", CLASS_PROMOTIONAL, "2026-06-02T14:00:00Z", false,
          "2026-06-02T18:00:00Z", "10:00 and 04:00" },
        { "US America/New_York,Pacific/Honolulu", CLASS_PROMOTIONAL, "2026-06-02T18:00:00Z", true,
          "2026-06-03T01:00:00Z", "14:00 and 08:00" },
        /* the rule's own clock, wherever the person is */
        { "IN Europe/London", CLASS_PROMOTIONAL, "2026-06-02T04:30:00Z", true, "2026-06-02T15:30:00Z",
          "10-21 IST" },
        /* class all holds for transactional as well; the weekend is closed */
        { "KZ Asia/Almaty", CLASS_TRANSACTIONAL, "2026-06-05T16:00:00Z", false, "2026-06-08T04:00:00Z",
          "weekend" },
        { "KZ Asia/Almaty", CLASS_OTP, "2026-06-05T16:00:00Z", true, NULL, "exempt from all, too" },
        /* until midnight, and closed after it */
        { "BD Asia/Dhaka", CLASS_PROMOTIONAL, "2026-06-02T17:59:59Z", true, "2026-06-02T18:00:00Z", "24:00" },
        { "BD Asia/Dhaka", CLASS_PROMOTIONAL, "2026-06-02T18:00:00Z", false, "2026-06-03T02:00:00Z",
          "00:00" },
        /* a holiday with hours of its own */
        { "HN America/Tegucigalpa", CLASS_PROMOTIONAL, "2026-12-25T13:30:00Z", false, "2026-12-25T15:00:00Z",
          "Friday 07, holiday 09" },
        /* no rule for the region: the default */
        { "JP Asia/Tokyo", CLASS_PROMOTIONAL, "2026-06-01T22:00:00Z", false, "2026-06-01T23:00:00Z",
          "08-20" },
        /* no limit stated */
        { "AT Europe/Vienna", CLASS_PROMOTIONAL, "2026-06-02T01:00:00Z", true, NULL, "*" },
        /* nobody knows the clock */
        { "ZZ -", CLASS_PROMOTIONAL, "2026-06-02T12:00:00Z", false, NULL, "no zone" },
        { "ZZ -", CLASS_TRANSACTIONAL, "2026-06-02T12:00:00Z", true, NULL, "no zone is needed" },
        { "DE Europe/Bielefeld", CLASS_PROMOTIONAL, "2026-06-02T12:00:00Z", false, NULL, "no such zone" },
        { "IN Europe/Bielefeld", CLASS_PROMOTIONAL, "2026-06-02T12:00:00Z", true, "2026-06-02T15:30:00Z",
          "the row has its own" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint32_t clock = clock_named(f, cases[i].clock);
        usec_t at = instant(cases[i].at), next = cases[i].next ? instant(cases[i].next) : USEC_NEVER;
        struct quiet_why why;
        bool open = quiet_allowed(f->q, clock, cases[i].class_, at, &why);
        expect(open == cases[i].open, "%s at %s (%s): %s", cases[i].clock, cases[i].at, cases[i].why,
               why.text);
        usec_t got = open ? quiet_closes_at(f->q, clock, cases[i].class_, at)
                          : quiet_next_open(f->q, clock, cases[i].class_, at);
        expect(got == next, "%s at %s (%s): next is %s", cases[i].clock, cases[i].at, cases[i].why,
               civil_format_utc(got).s);
        assert_int_equal(open, why.reason == REASON_NONE);
        expect(open || why.until == next, "%s: until", cases[i].clock);
        struct quiet_state s = quiet_ask(f->q, clock, cases[i].class_, at);
        assert_int_equal(s.open, open);
        assert_true(s.until == next);
        assert_true(s.closes_at == (open ? next : 0));
    }
}

static void reasons_say_what_and_until_when(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *clock, *at;
        enum message_reason reason;
        const char *text;
    } cases[] = {
        { "DE Europe/Berlin", "2026-11-21T22:00:00Z", REASON_QUIET_HOURS,
          "quiet hours in DE (Europe/Berlin) until 2026-11-22 08:00 +01:00; rule: DE promotional "
          "08:00-21:00, "
          "vendor_advice, confidence medium, https://" },
        { "US-FL America/New_York", "2026-06-02T00:30:00Z", REASON_QUIET_HOURS,
          "quiet hours in US-FL (America/New_York) until 2026-06-02 08:00 -04:00; rule: US-FL promotional "
          "08:00-20:00, "
          "law, confidence high, " },
        { "FR Europe/Paris", "2026-12-25T10:00:00Z", REASON_QUIET_HOURS, " - (holiday), " },
        { "ZZ -", "2026-06-02T12:00:00Z", REASON_NO_CLOCK,
          "no time zone is known for the recipient (region ZZ)" },
        { "DE Europe/Bielefeld", "2026-06-02T12:00:00Z", REASON_NO_CLOCK,
          "the time zone Europe/Bielefeld of a recipient in DE cannot be read" },
        { "ZA Africa/Johannesburg", "2032-06-02T12:00:00Z", REASON_QUIET_HOURS, "until further notice" },
        { "ZA Africa/Johannesburg", "2032-06-02T12:00:00Z", REASON_QUIET_HOURS,
          "(holidays of that year not known)" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct quiet_why why;
        assert_false(quiet_allowed(f->q, clock_named(f, cases[i].clock), CLASS_PROMOTIONAL,
                                   instant(cases[i].at), &why));
        assert_int_equal(why.reason, cases[i].reason);
        expect(strstr(why.text, cases[i].text), "%s: %s", cases[i].clock, why.text);
    }
    struct quiet_why why;
    assert_false(quiet_allowed(f->margin, clock_named(f, "DE Europe/Berlin"), CLASS_PROMOTIONAL,
                               instant("2026-11-21T19:57:00Z"), &why));
    expect(strncmp(why.text, "quiet hours begin shortly in DE (Europe/Berlin) until 2026-11-22 08:00 +01:00",
                   75) == 0,
           "%s", why.text);
}

static void margin_stops_early_and_leaves_the_legal_end(void **state)
{
    struct fixture *f = *state;
    uint32_t de = clock_named(f, "DE Europe/Berlin");
    usec_t closes = instant("2026-11-21T20:00:00Z"), opens = instant("2026-11-22T07:00:00Z");
    struct quiet_state s = quiet_ask(f->margin, de, CLASS_PROMOTIONAL, closes - USEC_HOUR);
    assert_true(s.open);
    assert_true(s.until == closes - QUIET_DEFAULT_MARGIN);
    assert_true(s.closes_at == closes);
    assert_true(quiet_allowed(f->margin, de, CLASS_PROMOTIONAL, s.until - 1, NULL));
    assert_false(quiet_allowed(f->margin, de, CLASS_PROMOTIONAL, s.until, NULL));
    assert_true(quiet_next_open(f->margin, de, CLASS_PROMOTIONAL, s.until) == opens);
    assert_true(quiet_closes_at(f->margin, de, CLASS_PROMOTIONAL, s.until) == closes);
    s = quiet_ask(f->margin, de, CLASS_PROMOTIONAL, s.until);
    assert_false(s.open);
    assert_true(s.until == opens);
}

static void rows_in_doubt_can_be_left_out(void **state)
{
    struct fixture *f = *state;
    /* US-CA (09-21) is low; RE only assumes the French rule, and is unverified and low. */
    uint32_t ca = clock_named(f, "US-CA America/Los_Angeles"), re = clock_named(f, "RE Indian/Reunion");
    usec_t half_past_eight = instant("2026-06-02T15:30:00Z"), sunday = instant("2026-06-07T08:00:00Z");
    struct quiet *no_low = load(f, 0, true, false), *no_unverified = load(f, 0, false, true);
    assert_false(quiet_allowed(f->q, ca, CLASS_PROMOTIONAL, half_past_eight, NULL));
    assert_true(quiet_allowed(no_low, ca, CLASS_PROMOTIONAL, half_past_eight, NULL));
    assert_false(quiet_allowed(f->q, re, CLASS_PROMOTIONAL, sunday, NULL));
    assert_true(quiet_allowed(no_low, re, CLASS_PROMOTIONAL, sunday, NULL)); /* now the row of region * */
    assert_true(quiet_allowed(no_unverified, re, CLASS_PROMOTIONAL, sunday, NULL));
    quiet_free(no_low);
    quiet_free(no_unverified);
}

static void caps_of_the_rows(void **state)
{
    struct fixture *f = *state;
    struct quiet_cap caps[2];
    assert_int_equal(quiet_caps(f->q, clock_named(f, "US-FL America/New_York"), CLASS_PROMOTIONAL, caps), 1);
    assert_int_equal(caps[0].max_messages, 3);
    assert_int_equal(caps[0].hours, 24);
    assert_string_equal(caps[0].region, "US-FL");
    assert_int_equal(quiet_caps(f->q, clock_named(f, "US-FL America/New_York"), CLASS_OTP, caps), 0);
    assert_int_equal(quiet_caps(f->q, clock_named(f, "DE Europe/Berlin"), CLASS_PROMOTIONAL, caps), 0);
}

static void impossible_questions_are_closed(void **state)
{
    struct fixture *f = *state;
    uint32_t de = clock_named(f, "DE Europe/Berlin");
    static const usec_t ends[] = { INT64_MIN, INT64_MIN + 1, INT64_MAX - 1, INT64_MAX };
    for (size_t i = 0; i < COUNT(ends); i++) {
        struct quiet_why why;
        assert_false(quiet_allowed(f->q, de, CLASS_PROMOTIONAL, ends[i], &why));
        assert_true(quiet_next_open(f->q, de, CLASS_PROMOTIONAL, ends[i]) == USEC_NEVER);
        assert_true(quiet_closes_at(f->q, de, CLASS_PROMOTIONAL, ends[i]) == ends[i]);
        assert_false(quiet_ask(f->margin, de, CLASS_PROMOTIONAL, ends[i]).open);
        assert_true(quiet_allowed(f->q, de, CLASS_OTP, ends[i], NULL));
    }
    /* A clock that was never given is the unknown one. */
    assert_false(quiet_allowed(f->q, UINT32_MAX, CLASS_PROMOTIONAL, instant("2026-06-02T12:00:00Z"), NULL));
    /* The far past and future are days like others. */
    assert_true(quiet_allowed(f->q, de, CLASS_PROMOTIONAL, instant("1901-06-03T12:00:00Z"), NULL));
    assert_true(quiet_allowed(f->q, de, CLASS_PROMOTIONAL, instant("9999-06-03T12:00:00Z"), NULL));
}

/* --- minute by minute --- */

#define MAX_ROWS    120
#define MAX_MINUTES (12 * 1440)
#define RULE_COLUMNS                                                                                         \
    "region,class,variant,mon,tue,wed,thu,fri,sat,sun,holiday,zone,max_messages,max_hours,basis,source,"     \
    "as_of,confidence,note"

/* The tables as text, read with none of the code under test but the splitting of lines. */
static struct {
    struct table rules, holidays;
    struct strv row[MAX_ROWS][19];
    size_t rows;
    struct strv holiday[4000][3];
    size_t holiday_count;
} plain;

static void read_plain_tables(void)
{
    struct err e = { 0 };
    if (plain.rows) {
        return;
    }
    assert_true(table_load(&plain.rules, conf_path("quiet_hours.tsv"), RULE_COLUMNS, &e));
    while (plain.rows < MAX_ROWS && table_next(&plain.rules, plain.row[plain.rows], &e)) {
        plain.rows++;
    }
    assert_true(table_load(&plain.holidays, conf_path("holidays.tsv"), "region,date,name", &e));
    while (table_next(&plain.holidays, plain.holiday[plain.holiday_count], &e)) {
        plain.holiday_count++;
    }
    assert_int_equal(plain.rows, 90);
    assert_int_equal(plain.holiday_count, 3142);
}

static struct strv *plain_row(const char *region, const char *class_name)
{
    for (size_t i = 0; i < plain.rows; i++) {
        if (strv_eq_c(plain.row[i][0], region) && strv_eq_c(plain.row[i][1], class_name) &&
            strv_eq_c(plain.row[i][2], "primary")) {
            return plain.row[i];
        }
    }
    return NULL;
}

static bool plain_is_holiday(const char *region, const char *date)
{
    for (size_t i = 0; i < plain.holiday_count; i++) {
        if (strv_eq_c(plain.holiday[i][0], region) && strv_eq_c(plain.holiday[i][1], date)) {
            return true;
        }
    }
    return false;
}

static bool plain_has_holidays(const char *region)
{
    for (size_t i = 0; i < plain.holiday_count; i++) {
        if (strv_eq_c(plain.holiday[i][0], region)) {
            return true;
        }
    }
    return false;
}

static bool plain_cell_open(struct strv cell, int minute)
{
    int h1, m1, h2, m2;
    if (strv_eq_c(cell, "*")) {
        return true;
    }
    while (cell.n && cell.p[0] != '-' && sscanf(cell.p, "%d:%d-%d:%d", &h1, &m1, &h2, &m2) == 4) {
        if (minute >= h1 * 60 + m1 && minute < h2 * 60 + m2) {
            return true;
        }
        cell = strv_sub(cell, cell.n > 11 ? 12 : 11, cell.n);
    }
    return false;
}

static bool plain_open(const struct strv *row, const char *region, const char *country, const struct tm *tm)
{
    static char last_key[40];
    static bool last_holiday;
    char date[40], key[40];
    snprintf(date, sizeof date, "%04d-%02d-%02d", tm->tm_year + 1900, tm->tm_mon + 1, tm->tm_mday);
    snprintf(key, sizeof key, "%.10s %.20s", date, region);
    if (strcmp(key, last_key) != 0) {
        last_holiday = plain_is_holiday(region, date) || plain_is_holiday(country, date);
        strcpy(last_key, key);
    }
    int minute = tm->tm_hour * 60 + tm->tm_min;
    struct strv today = row[3 + (tm->tm_wday + 6) % 7], holiday = row[10];
    if (strv_eq_c(holiday, "=")) {
        return plain_cell_open(today, minute);
    }
    if (last_holiday) {
        return plain_cell_open(holiday, minute);
    }
    bool covered = tm->tm_year + 1900 >= 2026 && tm->tm_year + 1900 <= 2030;
    bool listed = plain_has_holidays(region) || plain_has_holidays(country);
    return plain_cell_open(today, minute) && (covered || !listed || plain_cell_open(holiday, minute));
}

/* open[i] for each of `minutes` minutes from `start` (seconds). */
static void plain_evaluate(const char *region, const char *const *zones, size_t zone_count,
                           const char *class_name, int64_t start, size_t minutes, bool *open)
{
    char country[3] = { region[0], region[1], '\0' };
    const char *chain[] = { region, country };
    struct strv *rows[2];
    size_t row_count = 0;
    for (size_t i = 0; i < (region[2] ? 2u : 1u); i++) {
        struct strv *r = plain_row(chain[i], class_name);
        r = r ? r : plain_row(chain[i], "all");
        if (r) {
            rows[row_count++] = r;
        }
    }
    if (row_count == 0) {
        rows[row_count++] = plain_row("*", class_name);
    }
    memset(open, true, minutes);
    for (size_t r = 0; r < row_count; r++) {
        for (size_t z = 0; z < zone_count; z++) {
            char tz[100];
            snprintf(tz, sizeof tz, ":" STRV_FMT,
                     STRV_ARG(rows[r][11].n ? rows[r][11] : strv_from(zones[z])));
            setenv("TZ", tz, 1);
            tzset();
            for (size_t i = 0; i < minutes; i++) {
                time_t t = (time_t)(start + (int64_t)i * 60);
                struct tm tm;
                localtime_r(&t, &tm);
                open[i] = open[i] && plain_open(rows[r], region, country, &tm);
            }
        }
    }
}

/* The module against the model over a stretch of minutes: allowed, when it opens, when it closes, the margin.
 */
static void expect_as_plain(struct fixture *f, const char *text, enum message_class c, const char *from,
                            int days)
{
    static bool open[MAX_MINUTES + 10];
    const char *zones[CLOCKS_MAX_ZONES];
    uint32_t clock = clock_named(f, text);
    unsigned zone_count = clocks_zone_count(f->c, clock);
    for (unsigned i = 0; i < zone_count; i++) {
        zones[i] = clocks_zone(f->c, clock, i);
    }
    int64_t start = instant(from) / USEC_SEC;
    size_t minutes = (size_t)days * 1440;
    assert_true(minutes <= MAX_MINUTES);
    read_plain_tables();
    plain_evaluate(clocks_region(f->c, clock), zones, zone_count, message_class_name(c), start, minutes + 10,
                   open);

    size_t next_open = SIZE_MAX, next_closed = SIZE_MAX, next_margin = SIZE_MAX;
    for (size_t i = minutes; i-- > 0;) {
        usec_t at = (start + (int64_t)i * 60) * USEC_SEC;
        size_t ahead = 0; /* minutes it stays open from here, up to 6 */
        while (ahead < 6 && open[i + ahead]) {
            ahead++;
        }
        next_open = open[i] ? i : next_open;
        next_closed = open[i] ? next_closed : i;
        next_margin = ahead == 6 ? i : next_margin;

        struct civil_text when = civil_format_utc(at);
        expect(quiet_allowed(f->q, clock, c, at, NULL) == open[i], "%s at %s", text, when.s);
        expect(quiet_allowed(f->q, clock, c, at + USEC_MINUTE - 1, NULL) == open[i], "%s after %s", text,
               when.s);
        expect(quiet_allowed(f->margin, clock, c, at, NULL) == (ahead == 6), "%s, margin, at %s", text,
               when.s);
        if (next_open != SIZE_MAX) {
            usec_t want = next_open == i ? at : (start + (int64_t)next_open * 60) * USEC_SEC;
            expect(quiet_next_open(f->q, clock, c, at) == want, "%s opens after %s", text, when.s);
        }
        if (next_margin != SIZE_MAX && i % 7 == 0) {
            usec_t want = (start + (int64_t)next_margin * 60) * USEC_SEC;
            expect(quiet_next_open(f->margin, clock, c, at) == want, "%s, margin, opens after %s", text,
                   when.s);
        }
        if (next_closed != SIZE_MAX && i % 7 == 0) {
            usec_t want = (start + (int64_t)next_closed * 60) * USEC_SEC;
            expect(quiet_closes_at(f->q, clock, c, at) == want, "%s closes after %s", text, when.s);
        }
    }
}

static void every_minute_across_changes_of_the_clock(void **state)
{
    static const struct {
        const char *clock, *from;
        int days;
    } cases[] = {
        { "DE Europe/Berlin", "2027-03-26T00:00:00Z", 4 },
        { "DE Europe/Berlin", "2026-10-23T00:00:00Z", 4 },
        { "AU Australia/Lord_Howe", "2027-04-02T00:00:00Z", 4 },
        { "AU Australia/Lord_Howe", "2026-10-02T00:00:00Z", 4 },
        { "AU Australia/Brisbane,Australia/Lindeman,Australia/Sydney", "2026-10-02T00:00:00Z", 4 },
        { "PT Atlantic/Azores", "2027-03-26T00:00:00Z", 4 },
        { "PT Atlantic/Azores,Atlantic/Madeira,Europe/Lisbon", "2026-10-23T00:00:00Z", 4 },
        { "WS Pacific/Apia", "2011-12-28T00:00:00Z", 4 }, /* 30 December was skipped */
        { "MH Pacific/Kwajalein", "1993-08-19T00:00:00Z", 4 },
        { "MA Africa/Casablanca", "2027-02-05T00:00:00Z", 4 }, /* Ramadan */
        { "MA Africa/Casablanca", "2027-03-12T00:00:00Z", 4 },
        { "BR America/Noronha,America/Recife,America/Sao_Paulo", "2026-10-30T00:00:00Z", 5 },
        { "BR-SP America/Sao_Paulo", "2026-12-23T00:00:00Z", 5 },
        { "CL America/Santiago,Pacific/Easter", "2026-09-04T00:00:00Z", 5 },
        { "EG Africa/Cairo", "2027-04-29T00:00:00Z", 4 },
        { "FR-57 Europe/Paris", "2027-03-25T00:00:00Z",
          6 }, /* Good Friday, Easter, and the change of the clock */
        { "US-RI America/New_York", "2026-10-30T00:00:00Z", 4 },
        { "US-TX America/Chicago,America/Denver", "2027-03-12T00:00:00Z", 4 },
        { "US-LA America/Chicago", "2027-02-06T00:00:00Z", 5 },
        { "US-MS America/New_York", "2027-03-12T00:00:00Z",
          4 }, /* the row has its own zone, the country's not */
        { "US-UT America/Denver", "2026-12-23T00:00:00Z", 4 },
        { "CA-NL America/St_Johns,America/Halifax", "2026-10-30T00:00:00Z", 4 },
        { "NP Asia/Kathmandu", "2026-06-01T00:00:00Z", 2 },
        { "NZ Pacific/Auckland,Pacific/Chatham", "2026-09-25T00:00:00Z", 4 },
        { "KZ Asia/Almaty,Asia/Oral", "2026-12-14T00:00:00Z", 6 },
        { "JO Asia/Amman", "2026-12-23T00:00:00Z", 4 },
        { "ZA Africa/Johannesburg", "2030-12-27T00:00:00Z", 8 }, /* the end of what is known of holidays */
        { "HN America/Tegucigalpa", "2030-12-28T00:00:00Z", 6 },
        { "QA Asia/Qatar", "2025-12-28T00:00:00Z", 6 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        expect_as_plain(*state, cases[i].clock, CLASS_PROMOTIONAL, cases[i].from, cases[i].days);
    }
    expect_as_plain(*state, "KZ Asia/Almaty,Asia/Oral", CLASS_TRANSACTIONAL, "2026-12-14T00:00:00Z", 6);
    expect_as_plain(*state, "DE Europe/Berlin", CLASS_TRANSACTIONAL, "2026-12-14T00:00:00Z", 1);
}

static void every_minute_for_a_number_of_the_whole_us(void **state)
{
    struct fixture *f = *state;
    uint32_t us = clocks_of_number(f->c, 18005550123);
    assert_int_equal(clocks_zone_count(f->c, us), 29);
    char text[CLOCKS_MAX_TEXT + 1];
    strcpy(text, clocks_text(f->c, us));
    expect_as_plain(f, text, CLASS_PROMOTIONAL, "2026-10-31T00:00:00Z", 2);
    expect_as_plain(f, text, CLASS_PROMOTIONAL, "2027-03-13T00:00:00Z", 2);
}

/* Random clocks of the table at random times of the years that the holidays cover. */
static void every_minute_of_random_days(void **state)
{
    struct fixture *f = *state;
    struct rnd r;
    rnd_seed(&r, 20261121);
    uint32_t places = numbering_places(f->n);
    for (int i = 0; i < 60; i++) {
        char text[CLOCKS_MAX_TEXT + 1];
        const char *zones = NULL, *region = NULL;
        do {
            uint32_t place = (uint32_t)rnd_below(&r, places);
            zones = numbering_place_zones(f->n, place);
            region = numbering_place_region(f->n, place);
        } while (!*zones || strlen(zones) > 100);
        snprintf(text, sizeof text, "%s %s", region, zones);
        usec_t from = instant("2026-01-01") + (usec_t)rnd_below(&r, 1800) * USEC_DAY;
        expect_as_plain(f, text, CLASS_PROMOTIONAL, civil_format_utc(from).s, 2);
    }
}

/* next_open and closes_at step over each other: no instant between is of the other kind, up to the horizon.
 */
static void openings_and_closings_alternate(void **state)
{
    struct fixture *f = *state;
    static const char *const clocks[] = { "DE Europe/Berlin", "FR Europe/Paris", "US-TX America/Chicago",
                                          "AU Australia/Lord_Howe", "KZ Asia/Almaty" };
    for (size_t i = 0; i < COUNT(clocks); i++) {
        uint32_t clock = clock_named(f, clocks[i]);
        usec_t at = instant("2026-11-21"), end = at + 500 * USEC_DAY;
        unsigned steps = 0;
        while (at < end) {
            usec_t open = quiet_next_open(f->q, clock, CLASS_PROMOTIONAL, at);
            assert_true(open >= at && open < end + QUIET_HORIZON);
            assert_true(open == at || !quiet_allowed(f->q, clock, CLASS_PROMOTIONAL, open - 1, NULL));
            usec_t closed = quiet_closes_at(f->q, clock, CLASS_PROMOTIONAL, open);
            assert_true(closed > open);
            assert_true(quiet_allowed(f->q, clock, CLASS_PROMOTIONAL, closed - 1, NULL));
            assert_false(quiet_allowed(f->q, clock, CLASS_PROMOTIONAL, closed, NULL));
            at = closed;
            steps++;
        }
        assert_in_range(steps, 300, 520);
    }
}

/* --- tables --- */

static struct quiet *load_texts(struct fixture *f, const char *rules, const char *holidays, struct err *e)
{
    char paths[2][60] = { "/tmp/tessera-quiet-XXXXXX", "/tmp/tessera-quiet-XXXXXX" };
    const char *texts[2] = { rules, holidays };
    for (int i = 0; i < 2; i++) {
        int fd = mkstemp(paths[i]);
        assert_true(fd >= 0);
        FILE *file = fdopen(fd, "w");
        fputs(texts[i], file);
        fclose(file);
    }
    struct quiet_options o = {
        .rules_path = paths[0], .holidays_path = paths[1], .clocks = f->c, .zones = f->z
    };
    struct quiet *q = quiet_load(&o, e);
    remove(paths[0]);
    remove(paths[1]);
    return q;
}

#define RULES_HEAD                                                                                           \
    "region\tclass\tvariant\tmon\ttue\twed\tthu\tfri\tsat\tsun\tholiday\tzone\tmax_messages\tmax_"           \
    "hours\tbasis\tsource\t"                                                                                 \
    "as_of\tconfidence\tnote\n"
#define ROW(region, class, mon, rest, hol, zone, caps)                                                       \
    region "\t" class "\tprimary\t" mon "\t" rest "\t" rest "\t" rest "\t" rest "\t" rest "\t" rest "\t" hol \
                      "\t" zone "\t" caps "\tlaw\thttps://x\t2026\thigh\t\n"
#define DEFAULT ROW("*", "all", "*", "*", "=", "", "\t")

static void broken_tables_are_named_by_line(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *rules, *holidays, *says;
    } cases[] = {
        { RULES_HEAD, "region\tdate\tname\n", "no primary row of region * for class promotional" },
        { RULES_HEAD ROW("*", "promotional", "*", "*", "=", "", "\t"), "region\tdate\tname\n",
          "for class transactional" },
        { RULES_HEAD ROW("*", "al", "*", "*", "=", "", "\t"), "", ":2: class" },
        { RULES_HEAD ROW("", "all", "*", "*", "=", "", "\t"), "", ":2: region" },
        { RULES_HEAD ROW("*", "all", "8:00-20:00", "*", "=", "", "\t"), "", ":2: mon" },
        { RULES_HEAD ROW("*", "all", "08:00-24:01", "*", "=", "", "\t"), "", ":2: mon" },
        { RULES_HEAD ROW("*", "all", "20:00-08:00", "*", "=", "", "\t"), "", ":2: mon" },
        { RULES_HEAD ROW("*", "all", "08:00-08:00", "*", "=", "", "\t"), "", ":2: mon" },
        { RULES_HEAD ROW("*", "all", "08:00-12:00,11:00-13:00", "*", "=", "", "\t"), "", ":2: mon" },
        { RULES_HEAD ROW("*", "all", "=", "*", "=", "", "\t"), "", ":2: mon" },
        { RULES_HEAD ROW("*", "all", "", "*", "=", "", "\t"), "", ":2: mon" },
        { RULES_HEAD ROW("*", "all", "*", "x", "=", "", "\t"), "", ":2: tue" },
        { RULES_HEAD ROW("*", "all", "*", "*", "", "", "\t"), "", ":2: holiday" },
        { RULES_HEAD ROW("*", "all", "*", "*", "=", "../x", "\t"), "", ":2: zone" },
        { RULES_HEAD ROW("*", "all", "*", "*", "=", "", "3\t"), "", ":2: max_messages" },
        { RULES_HEAD DEFAULT DEFAULT, "", ":3: a second primary row" },
        { RULES_HEAD DEFAULT, "region\tdate\tname\nDE\t2026-02-30\tx\n", ":2: date" },
        { RULES_HEAD DEFAULT, "region\tdate\tname\nD\t2026-02-03\tx\n", ":2: region" },
        { RULES_HEAD DEFAULT, "region\tdate\nDE\t2026-02-03\n", ":1: column 3" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err e = { 0 };
        struct quiet *q = load_texts(f, cases[i].rules, cases[i].holidays, &e);
        expect(!q && e.code == ERR_INVALID && strstr(e.text, cases[i].says), "case %zu: %s", i, e.text);
    }
}

static void several_windows_a_day(void **state)
{
    struct fixture *f = *state;
    struct err e = { 0 };
    struct quiet *q = load_texts(f,
                                 RULES_HEAD DEFAULT ROW("DE", "promotional",
                                                        "00:00-06:00,09:00-12:00,12:00-13:00,15:00-24:00",
                                                        "-", "=", "", "\t"),
                                 "region\tdate\tname\n", &e);
    expect(q, "%s", e.text);
    static const struct {
        const char *at, *next;
        bool open;
    } cases[] = {
        { "2026-06-01T00:00:00Z", "2026-06-01T06:00:00Z", true }, /* Monday */
        { "2026-06-01T06:00:00Z", "2026-06-01T09:00:00Z", false },
        { "2026-06-01T11:59:59Z", "2026-06-01T13:00:00Z", true }, /* windows that touch are one */
        { "2026-06-01T13:00:00Z", "2026-06-01T15:00:00Z", false },
        { "2026-06-01T23:59:59Z", "2026-06-02T00:00:00Z", true },
        { "2026-06-02T00:00:00Z", "2026-06-08T00:00:00Z", false },
    };
    uint32_t clock = clock_named(f, "DE UTC");
    for (size_t i = 0; i < COUNT(cases); i++) {
        usec_t at = instant(cases[i].at);
        struct quiet_state s = quiet_ask(q, clock, CLASS_PROMOTIONAL, at);
        expect(s.open == cases[i].open && s.until == instant(cases[i].next), "%s: %s", cases[i].at,
               civil_format_utc(s.until).s);
    }
    quiet_free(q);
}

/* A window that is never open for long enough, and one that is never open. */
static void never_is_an_answer(void **state)
{
    struct fixture *f = *state;
    struct err e = { 0 };
    struct quiet *q = load_texts(f, RULES_HEAD DEFAULT ROW("DE", "promotional", "-", "-", "=", "", "\t"),
                                 "region\tdate\tname\n", &e);
    uint32_t clock = clock_named(f, "DE UTC");
    assert_true(quiet_next_open(q, clock, CLASS_PROMOTIONAL, instant("2026-06-01")) == USEC_NEVER);
    struct quiet_state s = quiet_ask(q, clock, CLASS_PROMOTIONAL, instant("2026-06-01"));
    assert_false(s.open);
    assert_true(s.until == USEC_NEVER);
    quiet_free(q);
    struct quiet_options o = { .margin = -1 };
    assert_null(quiet_load(&o, &e));
    o.margin = 13 * USEC_HOUR;
    assert_null(quiet_load(&o, &e));
}

/* A zone of one offset, as a version-1 file. */
static void write_zone(const char *path, int32_t offset)
{
    uint8_t file[44 + 6 + 4] = "TZif";
    file[39] = 1;
    file[43] = 4;
    for (int i = 0; i < 4; i++) {
        file[44 + i] = (uint8_t)((uint32_t)offset >> (24 - 8 * i));
    }
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(file, 1, sizeof file, f), sizeof file);
    fclose(f);
}

static void reload_of_zones_is_noticed(void **state)
{
    struct fixture *f = *state;
    char dir[] = "/tmp/tessera-quiet-XXXXXX", path[60];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/Zone", dir);
    struct zones *own = zones_new(dir, NULL), *system = f->z;
    f->z = own;
    struct quiet *q = load(f, 0, false, false);
    f->z = system;
    uint32_t clock = clock_named(f, "DE Zone");
    usec_t at = instant("2026-06-02T12:00:00Z");
    assert_false(quiet_allowed(q, clock, CLASS_PROMOTIONAL, at, NULL)); /* there is no such zone yet */
    write_zone(path, 0);
    assert_false(quiet_allowed(q, clock, CLASS_PROMOTIONAL, at, NULL));
    quiet_forget(q);
    assert_true(quiet_allowed(q, clock, CLASS_PROMOTIONAL, at, NULL));
    write_zone(path, 11 * 3600); /* now it is 23:00 there */
    assert_true(quiet_allowed(q, clock, CLASS_PROMOTIONAL, at, NULL));
    assert_true(zones_reload(own, NULL));
    assert_false(quiet_allowed(q, clock, CLASS_PROMOTIONAL, at, NULL));
    quiet_free(q);
    zones_free(own);
    remove(path);
    remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_people_expect),
        cmocka_unit_test(reasons_say_what_and_until_when),
        cmocka_unit_test(margin_stops_early_and_leaves_the_legal_end),
        cmocka_unit_test(rows_in_doubt_can_be_left_out),
        cmocka_unit_test(caps_of_the_rows),
        cmocka_unit_test(impossible_questions_are_closed),
        cmocka_unit_test(every_minute_across_changes_of_the_clock),
        cmocka_unit_test(every_minute_for_a_number_of_the_whole_us),
        cmocka_unit_test(every_minute_of_random_days),
        cmocka_unit_test(openings_and_closings_alternate),
        cmocka_unit_test(broken_tables_are_named_by_line),
        cmocka_unit_test(several_windows_a_day),
        cmocka_unit_test(never_is_an_answer),
        cmocka_unit_test(reload_of_zones_is_noticed),
    };
    int failed = cmocka_run_group_tests(tests, setup, teardown);
    table_free(&plain.rules);
    table_free(&plain.holidays);
    return failed;
}
