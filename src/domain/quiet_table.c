#include "domain/quiet_table.h"

#include "base/civil.h"

#include <stdlib.h>
#include <string.h>

#define DAY_MINUTES 1440

enum {
    COL_REGION,
    COL_CLASS,
    COL_VARIANT,
    COL_MON,
    COL_HOLIDAY = COL_MON + 7,
    COL_ZONE,
    COL_MAX_MESSAGES,
    COL_MAX_HOURS,
    COL_BASIS,
    COL_SOURCE,
    COL_AS_OF,
    COL_CONFIDENCE,
    COL_NOTE
};
#define RULE_COLUMNS                                                                                         \
    "region,class,variant,mon,tue,wed,thu,fri,sat,sun,holiday,zone,max_messages,max_hours,basis,source,"     \
    "as_of,confidence,note"

static bool one_of(struct strv s, const char *const *words)
{
    while (*words && !strv_eq_c(s, *words)) {
        words++;
    }
    return *words != NULL;
}

/* --- cells --- */

static bool parse_minutes(struct strv s, uint16_t *out)
{
    if (s.n != 5 || s.p[2] != ':') {
        return false;
    }
    uint64_t h, m;
    if (!strv_to_u64(strv_sub(s, 0, 2), &h) || !strv_to_u64(strv_sub(s, 3, 2), &m) || m > 59) {
        return false;
    }
    *out = (uint16_t)(h * 60 + m);
    return *out <= DAY_MINUTES;
}

/* Keeps the windows apart, so that every edge in a cell is a real one. */
static bool add_window(struct quiet_cell *c, uint16_t from, uint16_t to)
{
    if (from >= to) {
        return false;
    }
    if (c->count > 0 && from < c->windows[c->count - 1].to) {
        return false; /* out of order, or overlapping */
    }
    if (c->count > 0 && from == c->windows[c->count - 1].to) {
        c->windows[c->count - 1].to = to;
        return true;
    }
    if (c->count == QUIET_MAX_WINDOWS) {
        return false;
    }
    c->windows[c->count].from = from;
    c->windows[c->count++].to = to;
    return true;
}

static bool parse_cell(struct strv s, struct quiet_cell *c)
{
    *c = (struct quiet_cell){ .text = s };
    if (strv_eq_c(s, "-")) {
        return true;
    }
    if (strv_eq_c(s, "*")) {
        return add_window(c, 0, DAY_MINUTES);
    }
    struct strv window, from;
    while (strv_next(&s, ',', &window)) {
        uint16_t a, b;
        if (!strv_next(&window, '-', &from) || !parse_minutes(from, &a) || !parse_minutes(window, &b) ||
            !add_window(c, a, b)) {
            return false;
        }
    }
    return c->count > 0;
}

static bool whole_day(const struct quiet_cell *c)
{
    return c->count == 1 && c->windows[0].from == 0 && c->windows[0].to == DAY_MINUTES;
}

/* --- rules --- */

static bool parse_cells(const struct table *t, const struct strv *f, struct quiet_row *r, struct err *e)
{
    static const char *const names[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };
    r->unlimited = true;
    for (unsigned i = 0; i < 7; i++) {
        if (!parse_cell(f[COL_MON + i], &r->days[i])) {
            return table_error(t, e, "%s: not \"-\", \"*\" or windows such as \"08:00-12:00,14:00-20:00\"",
                               names[i]);
        }
        r->unlimited = r->unlimited && whole_day(&r->days[i]);
    }
    r->own_holiday = !strv_eq_c(f[COL_HOLIDAY], "=");
    if (r->own_holiday) {
        if (!parse_cell(f[COL_HOLIDAY], &r->holiday)) {
            return table_error(t, e, "holiday: not \"=\", \"-\", \"*\" or windows");
        }
        r->unlimited = r->unlimited && whole_day(&r->holiday);
    }
    return true;
}

static bool parse_row(const struct table *t, const struct strv *f, struct quiet_row *r, struct err *e)
{
    static const char *const classes[] = { "promotional", "transactional", "all", NULL };
    static const char *const confidences[] = { "high", "medium", "low", NULL };
    if (f[COL_REGION].n == 0 || !strv_copy(f[COL_REGION], r->region, sizeof r->region)) {
        return table_error(t, e, "region: missing or too long");
    }
    if (!one_of(f[COL_CLASS], classes)) {
        return table_error(t, e, "class: not promotional, transactional or all");
    }
    if (!one_of(f[COL_CONFIDENCE], confidences)) {
        return table_error(t, e, "confidence: not high, medium or low");
    }
    if (f[COL_ZONE].n &&
        (!zone_name_valid(f[COL_ZONE]) || !strv_copy(f[COL_ZONE], r->zone, sizeof r->zone))) {
        return table_error(t, e, "zone: not the name of a time zone");
    }
    uint64_t messages = 0, hours = 0;
    if ((f[COL_MAX_MESSAGES].n || f[COL_MAX_HOURS].n) &&
        (!strv_to_u64(f[COL_MAX_MESSAGES], &messages) || !strv_to_u64(f[COL_MAX_HOURS], &hours) ||
         hours == 0 || hours > 24 * 366 || messages > 1000000)) {
        return table_error(t, e, "max_messages and max_hours: not a count in so many hours");
    }
    r->max_messages = (uint32_t)messages;
    r->max_hours = (uint32_t)hours;
    r->class_name = f[COL_CLASS];
    r->basis = f[COL_BASIS];
    r->confidence = f[COL_CONFIDENCE];
    r->source = f[COL_SOURCE];
    return parse_cells(t, f, r, e);
}

static bool add_row(struct quiet_table *t, const struct quiet_row *r, struct err *e)
{
    for (size_t i = 0; i < t->row_count; i++) {
        if (strcmp(t->rows[i].region, r->region) == 0 && strv_eq(t->rows[i].class_name, r->class_name)) {
            return table_error(&t->text, e, "a second primary row of %s " STRV_FMT, r->region,
                               STRV_ARG(r->class_name));
        }
    }
    if (t->row_count == t->row_cap) {
        size_t cap = t->row_cap ? t->row_cap * 2 : 128;
        struct quiet_row *more = realloc(t->rows, cap * sizeof *more);
        if (!more) {
            return err_set(e, ERR_NOMEM, "out of memory");
        }
        t->rows = more;
        t->row_cap = cap;
    }
    t->rows[t->row_count++] = *r;
    return true;
}

static bool load_rules(struct quiet_table *t, const char *path, bool skip_low, bool skip_unverified,
                       struct err *e)
{
    struct strv f[TABLE_MAX_COLUMNS];
    if (!table_load(&t->text, path, RULE_COLUMNS, e)) {
        return false;
    }
    while (table_next(&t->text, f, e)) {
        struct quiet_row r = { 0 };
        if (!parse_row(&t->text, f, &r, e)) {
            return false;
        }
        bool primary = strv_eq_c(f[COL_VARIANT], "primary");
        if (!primary && !strv_eq_c(f[COL_VARIANT], "alt")) {
            return table_error(&t->text, e, "variant: not primary or alt");
        }
        bool skip = (skip_low && strv_eq_c(r.confidence, "low")) ||
                    (skip_unverified && strv_eq_c(r.basis, "unverified"));
        if (primary && !skip && !add_row(t, &r, e)) {
            return false;
        }
    }
    if (e->code != ERR_NONE) {
        return false;
    }
    static const char *const needed[] = { "promotional", "transactional" };
    for (unsigned i = 0; i < 2; i++) {
        if (!quiet_table_row(t, STRV("*"), needed[i]) && !quiet_table_row(t, STRV("*"), "all")) {
            return err_set(e, ERR_INVALID, "%s: no primary row of region * for class %s", path, needed[i]);
        }
    }
    return true;
}

/* --- holidays --- */

static int compare_days(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static int compare_lists(const void *a, const void *b)
{
    return strcmp(((const struct quiet_holidays *)a)->region, ((const struct quiet_holidays *)b)->region);
}

static struct quiet_holidays *list_for(struct quiet_table *t, struct strv region)
{
    /* The file is sorted, so it is nearly always the last one. */
    for (size_t i = t->list_count; i-- > 0;) {
        if (strv_eq_c(region, t->lists[i].region)) {
            return &t->lists[i];
        }
    }
    struct quiet_holidays *more = realloc(t->lists, (t->list_count + 1) * sizeof *more);
    if (!more) {
        return NULL;
    }
    t->lists = more;
    struct quiet_holidays *h = &more[t->list_count++];
    *h = (struct quiet_holidays){ 0 };
    strv_copy(region, h->region, sizeof h->region);
    return h;
}

static bool add_holiday(struct quiet_table *t, struct strv region, int32_t day, struct err *e)
{
    struct quiet_holidays *h = list_for(t, region);
    bool full = h && (h->count & (h->count - 1)) == 0; /* grows at powers of two */
    if (full) {
        int32_t *more = realloc(h->days, (h->count ? h->count * 2 : 1) * sizeof *more);
        if (!more) {
            return err_set(e, ERR_NOMEM, "out of memory");
        }
        h->days = more;
    }
    if (!h) {
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    h->days[h->count++] = day;
    return true;
}

/* Whole years: a list that ends in December knows of no more holidays in that year. */
static void note_year(struct quiet_table *t, int32_t day)
{
    int32_t year;
    unsigned month, mday;
    civil_from_days(day, &year, &month, &mday);
    int32_t from = civil_days(year, 1, 1), to = civil_days(year + 1, 1, 1);
    t->covered_from = from < t->covered_from ? from : t->covered_from;
    t->covered_to = to > t->covered_to ? to : t->covered_to;
}

static bool read_holidays(struct quiet_table *t, struct table *text, struct err *e)
{
    struct strv f[TABLE_MAX_COLUMNS];
    while (table_next(text, f, e)) {
        int32_t day;
        if (f[0].n < 2 || f[0].n > 6) {
            return table_error(text, e, "region: not such as \"DE\" or \"US-FL\"");
        }
        if (!civil_parse_date(f[1], &day)) {
            return table_error(text, e, "date: not such as \"2026-12-25\"");
        }
        if (!add_holiday(t, f[0], day, e)) {
            return false;
        }
        note_year(t, day);
    }
    if (e->code != ERR_NONE) {
        return false;
    }
    for (size_t i = 0; i < t->list_count; i++) {
        qsort(t->lists[i].days, t->lists[i].count, sizeof *t->lists[i].days, compare_days);
    }
    if (t->list_count) {
        qsort(t->lists, t->list_count, sizeof *t->lists, compare_lists);
    }
    return true;
}

static bool load_holidays(struct quiet_table *t, const char *path, struct err *e)
{
    struct table text;
    if (!table_load(&text, path, "region,date,name", e)) {
        return false;
    }
    bool ok = read_holidays(t, &text, e);
    table_free(&text);
    return ok;
}

bool quiet_table_load(struct quiet_table *t, const char *rules_path, const char *holidays_path, bool skip_low,
                      bool skip_unverified, struct err *e)
{
    struct err own;
    e = e ? e : &own;
    e->code = ERR_NONE;
    *t = (struct quiet_table){ .covered_from = INT32_MAX, .covered_to = INT32_MIN };
    if (!load_rules(t, rules_path, skip_low, skip_unverified, e) || !load_holidays(t, holidays_path, e)) {
        quiet_table_free(t);
        return false;
    }
    return true;
}

void quiet_table_free(struct quiet_table *t)
{
    for (size_t i = 0; i < t->list_count; i++) {
        free(t->lists[i].days);
    }
    free(t->lists);
    free(t->rows);
    table_free(&t->text);
    *t = (struct quiet_table){ 0 };
}

const struct quiet_row *quiet_table_row(const struct quiet_table *t, struct strv region,
                                        const char *class_name)
{
    for (size_t i = 0; i < t->row_count; i++) {
        if (strv_eq_c(region, t->rows[i].region) && strv_eq_c(t->rows[i].class_name, class_name)) {
            return &t->rows[i];
        }
    }
    return NULL;
}

const struct quiet_holidays *quiet_table_holidays(const struct quiet_table *t, struct strv region)
{
    size_t low = 0, high = t->list_count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = strv_cmp(strv_from(t->lists[mid].region), region);
        if (order == 0) {
            return &t->lists[mid];
        }
        if (order < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return NULL;
}

bool quiet_holidays_has(const struct quiet_holidays *h, int32_t day)
{
    return h && bsearch(&day, h->days, h->count, sizeof *h->days, compare_days) != NULL;
}
