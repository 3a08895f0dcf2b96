#include "cli/values.h"

#include "base/civil.h"
#include "base/decimal.h"

#include <stddef.h>
#include <time.h>

struct unit {
    const char *name;
    int64_t factor;
};

static const struct unit DURATION_UNITS[] = {
    { "w", 7 * USEC_DAY }, { "d", USEC_DAY }, { "h", USEC_HOUR }, { "m", USEC_MINUTE },
    { "s", USEC_SEC },     { "ms", USEC_MS }, { NULL, 0 },
};

static const struct unit SIZE_UNITS[] = {
    { "", 1 },          { "k", 1024 },    { "kib", 1024 },    { "m", 1 << 20 },
    { "mib", 1 << 20 }, { "g", 1 << 30 }, { "gib", 1 << 30 }, { NULL, 0 },
};

/* Cuts "1.5" and "h" off the front. */
static void values_cut(struct strv *rest, struct strv *number, struct strv *unit)
{
    size_t n = 0, u;
    while (n < rest->n && ((rest->p[n] >= '0' && rest->p[n] <= '9') || rest->p[n] == '.')) {
        n++;
    }
    for (u = n; u < rest->n && ((rest->p[u] | 0x20) >= 'a' && (rest->p[u] | 0x20) <= 'z');) {
        u++;
    }
    *number = strv_sub(*rest, 0, n);
    *unit = strv_sub(*rest, n, u - n);
    *rest = strv_sub(*rest, u, rest->n);
}

static const struct unit *values_unit(const struct unit *table, struct strv name)
{
    for (; table->name != NULL; table++) {
        if (strv_ieq_c(name, table->name)) {
            return table;
        }
    }
    return NULL;
}

/* number * factor, exactly; fractions below one are cut. */
static bool values_scale(struct strv number, int64_t factor, int64_t *out)
{
    int64_t units;
    unsigned scale;
    if (number.n == 0 || number.p[number.n - 1] == '.' || !decimal_parse_any(number, &units, &scale) ||
        __builtin_mul_overflow(units, factor, &units)) {
        return false;
    }
    for (; scale > 0; scale--) {
        units /= 10;
    }
    *out = units;
    return true;
}

static bool values_duration_failed(struct strv s, struct err *e)
{
    uint64_t plain;
    if (strv_to_u64(s, &plain)) {
        return err_set(e, ERR_INVALID, "has no unit; write " STRV_FMT "s, " STRV_FMT "m or " STRV_FMT "h",
                       STRV_ARG(s), STRV_ARG(s), STRV_ARG(s));
    }
    return err_set(e, ERR_INVALID, "is no duration such as 90s, 5m, 1h30m, 2d");
}

bool values_parse_duration(struct strv s, usec_t *out, struct err *e)
{
    struct strv rest = s, number, name;
    const struct unit *before = NULL;
    usec_t sum = 0, one;
    if (s.n == 0) {
        return values_duration_failed(s, e);
    }
    while (rest.n != 0) {
        values_cut(&rest, &number, &name);
        const struct unit *unit = name.n != 0 ? values_unit(DURATION_UNITS, name) : NULL;
        if (unit == NULL || unit <= before || !values_scale(number, unit->factor, &one)) {
            return values_duration_failed(s, e);
        }
        if (one > VALUES_MAX_DURATION || (sum += one) > VALUES_MAX_DURATION) {
            return err_set(e, ERR_INVALID, "is longer than 400 days");
        }
        before = unit;
    }
    *out = sum;
    return true;
}

bool values_parse_size(struct strv s, uint64_t *out, struct err *e)
{
    struct strv rest = s, number, name;
    int64_t size;
    values_cut(&rest, &number, &name);
    const struct unit *unit = values_unit(SIZE_UNITS, name);
    if (rest.n != 0 || unit == NULL || !values_scale(number, unit->factor, &size)) {
        return err_set(e, ERR_INVALID, "is no size such as 4096, 64K, 1M");
    }
    *out = (uint64_t)size;
    return true;
}

usec_t values_local_to_wall(int64_t local_usec)
{
    struct civil c = civil_from_usec(local_usec);
    struct tm tm = { .tm_year = c.year - 1900,
                     .tm_mon = c.month - 1,
                     .tm_mday = c.day,
                     .tm_hour = c.hour,
                     .tm_min = c.minute,
                     .tm_sec = c.second,
                     .tm_isdst = -1 };
    return (usec_t)mktime(&tm) * USEC_SEC + c.usec;
}

bool values_parse_instant(struct strv s, struct values_instant *out, struct err *e)
{
    bool has_offset, has_time;
    *out = (struct values_instant){ 0 };
    if (strv_ieq_c(s, "now")) {
        out->relative = true;
        return true;
    }
    if (s.n != 0 && (s.p[0] == '+' || s.p[0] == '-')) {
        out->relative = true;
        if (!values_parse_duration(strv_sub(s, 1, s.n), &out->usec, e)) {
            return false;
        }
        out->usec = s.p[0] == '-' ? -out->usec : out->usec;
        return true;
    }
    if (!civil_parse(s, &out->usec, &has_offset, &has_time)) {
        return err_set(e, ERR_INVALID,
                       "is no instant such as \"2026-11-21 18:30\", 2026-11-21T18:30:00+01:00, now, +2h");
    }
    if (!has_offset) {
        out->usec = values_local_to_wall(out->usec);
    }
    return true;
}
