#include "daemon/setting.h"

#include "base/clock.h"
#include "base/nearest.h"
#include "base/strv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool setting_error(struct err *e, const char *path, const config_setting_t *at, const char *fmt, ...)
{
    char text[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    const char *file = at ? config_setting_source_file(at) : NULL;
    return err_set(e, ERR_INVALID, "%s:%u: %s", file ? file : path, at ? config_setting_source_line(at) : 0,
                   text);
}

/* --- values from text --- */

static bool setting_parse_scaled(struct strv s, const char *const *units, const int64_t *factors, size_t n,
                                 int64_t plain, int64_t *out)
{
    size_t digits = 0;
    while (digits < s.n && s.p[digits] >= '0' && s.p[digits] <= '9') {
        digits++;
    }
    int64_t v, factor = 0;
    struct strv unit = strv_trim(strv_sub(s, digits, s.n));
    if (!strv_to_i64(strv_sub(s, 0, digits), &v)) {
        return false;
    }
    if (unit.n == 0) {
        factor = plain;
    }
    for (size_t i = 0; i < n; i++) {
        if (strv_ieq_c(unit, units[i])) {
            factor = factors[i];
        }
    }
    return factor != 0 && !__builtin_mul_overflow(v, factor, out);
}

bool setting_parse_duration(struct strv s, int64_t *usec)
{
    static const char *const units[] = { "ms", "s", "m", "h", "d" };
    static const int64_t factors[] = { USEC_MS, USEC_SEC, USEC_MINUTE, USEC_HOUR, USEC_DAY };
    return setting_parse_scaled(s, units, factors, 5, USEC_SEC, usec);
}

bool setting_parse_size(struct strv s, int64_t *octets)
{
    static const char *const units[] = { "k", "m", "g", "t" };
    static const int64_t factors[] = { 1 << 10, 1 << 20, 1 << 30, INT64_C(1) << 40 };
    return setting_parse_scaled(s, units, factors, 4, 1, octets);
}

static bool setting_parse_mode(struct strv s, int64_t *mode)
{
    *mode = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '7' || *mode > 0777) {
            return false;
        }
        *mode = *mode * 8 + (s.p[i] - '0');
    }
    return s.n > 0;
}

/* Digits, and at most six decimals. */
static bool setting_parse_cost(struct strv s, int64_t *millionths)
{
    struct strv whole = s, rest = { 0 };
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '.') {
            whole = strv_sub(s, 0, i);
            rest = strv_sub(s, i + 1, s.n);
            break;
        }
    }
    uint64_t units, decimals = 0;
    if (!strv_to_u64(whole, &units) || units > INT64_C(1000000) || rest.n > 6 ||
        (rest.n > 0 && !strv_to_u64(rest, &decimals)) || (rest.n == 0 && whole.n < s.n)) {
        return false;
    }
    for (size_t i = rest.n; i < 6; i++) {
        decimals *= 10;
    }
    *millionths = (int64_t)(units * 1000000 + decimals);
    return true;
}

static bool setting_in_choices(struct strv s, const char *choices)
{
    struct strv rest = strv_from(choices), one;
    while (strv_next(&rest, '|', &one)) {
        if (strv_eq(one, s)) {
            return true;
        }
    }
    return false;
}

static const char *setting_wants(const struct setting *r)
{
    switch (r->type) {
    case SETTING_TEXT:
    case SETTING_SECRET: return "a text in quotes";
    case SETTING_NAME: return "a text of letters, digits, '-', '_' and '.'";
    case SETTING_INT:
    case SETTING_UINT:
    case SETTING_U16: return "a whole number";
    case SETTING_BOOL: return "true or false";
    case SETTING_SIZE: return "a size such as \"512M\" or \"4G\"";
    case SETTING_DURATION: return "a duration such as \"200ms\", \"30s\", \"5m\" or \"1h\"";
    case SETTING_MODE: return "permissions in octal, such as \"0660\"";
    case SETTING_COST: return "an amount such as 0.05, with at most six decimals";
    case SETTING_CHOICE:
    case SETTING_VERSION: return r->about;
    }
    return "";
}

enum verdict { FINE, WRONG_KIND, OUT_OF_BOUNDS };

static enum verdict setting_store_number(const struct setting *r, int64_t v, void *place)
{
    if (v < r->min || v > r->max) {
        return OUT_OF_BOUNDS;
    }
    switch (r->type) {
    case SETTING_UINT: *(unsigned *)place = (unsigned)v; break;
    case SETTING_U16: *(uint16_t *)place = (uint16_t)v; break;
    default: *(int64_t *)place = v; break;
    }
    return FINE;
}

static enum verdict setting_store_string(const struct setting *r, struct strv s, char *place)
{
    int64_t most = r->max > 0 ? r->max : (int64_t)r->size - 1;
    if ((int64_t)s.n < r->min || (int64_t)s.n > most) {
        return OUT_OF_BOUNDS;
    }
    if (r->type == SETTING_NAME && !strv_is_name(s)) {
        return WRONG_KIND;
    }
    if (r->type == SETTING_CHOICE && !setting_in_choices(s, r->about)) {
        return WRONG_KIND;
    }
    memset(place, 0, r->size);
    memcpy(place, s.n ? s.p : "", s.n);
    return FINE;
}

static enum verdict setting_store_text(const struct setting *r, struct strv s, void *place)
{
    int64_t v;
    switch (r->type) {
    case SETTING_TEXT:
    case SETTING_NAME:
    case SETTING_SECRET:
    case SETTING_CHOICE: return setting_store_string(r, s, place);
    case SETTING_SIZE: return setting_parse_size(s, &v) ? setting_store_number(r, v, place) : WRONG_KIND;
    case SETTING_DURATION:
        return setting_parse_duration(s, &v) ? setting_store_number(r, v, place) : WRONG_KIND;
    case SETTING_MODE: return setting_parse_mode(s, &v) ? setting_store_number(r, v, place) : WRONG_KIND;
    case SETTING_VERSION:
        if (!setting_in_choices(s, r->about)) {
            return WRONG_KIND;
        }
        *(uint8_t *)place = (uint8_t)((s.p[0] - '0') << 4 | (s.p[2] - '0'));
        return FINE;
    case SETTING_BOOL:
        *(bool *)place = strv_eq_c(s, "true");
        return strv_eq_c(s, "true") || strv_eq_c(s, "false") ? FINE : WRONG_KIND;
    case SETTING_COST: return setting_parse_cost(s, &v) ? setting_store_number(r, v, place) : WRONG_KIND;
    default: return strv_to_i64(s, &v) ? setting_store_number(r, v, place) : WRONG_KIND;
    }
}

static enum verdict setting_store(const struct setting *r, const config_setting_t *s, void *place)
{
    char text[32];
    switch (config_setting_type(s)) {
    case CONFIG_TYPE_STRING:
        if (r->type == SETTING_BOOL || r->type == SETTING_INT || r->type == SETTING_UINT ||
            r->type == SETTING_U16) {
            return WRONG_KIND; /* a number in quotes is more often a mistake than meant */
        }
        return setting_store_text(r, strv_from(config_setting_get_string(s)), place);
    case CONFIG_TYPE_BOOL:
        if (r->type != SETTING_BOOL) {
            return WRONG_KIND;
        }
        *(bool *)place = config_setting_get_bool(s) != 0;
        return FINE;
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64:
        if (r->type == SETTING_BOOL || r->type == SETTING_MODE || r->type <= SETTING_SECRET ||
            (r->type >= SETTING_CHOICE && r->type != SETTING_COST)) {
            return WRONG_KIND;
        }
        snprintf(text, sizeof text, "%lld", config_setting_get_int64(s));
        return setting_store_text(r, strv_from(text), place);
    case CONFIG_TYPE_FLOAT:
        if (r->type != SETTING_VERSION && r->type != SETTING_COST) {
            return WRONG_KIND;
        }
        snprintf(text, sizeof text, r->type == SETTING_COST ? "%.6f" : "%.1f", config_setting_get_float(s));
        return setting_store_text(r, strv_from(text), place);
    default: return WRONG_KIND;
    }
}

/* --- groups --- */

static const struct setting *setting_find(const struct setting_table *t, const char *name)
{
    for (size_t i = 0; i < t->n; i++) {
        if (strcmp(t->rows[i].name, name) == 0) {
            return &t->rows[i];
        }
    }
    return NULL;
}

static bool setting_is_group_name(const struct setting_table *t, const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < t->n; i++) {
        if (strncmp(t->rows[i].name, name, n) == 0 && t->rows[i].name[n] == '.') {
            return true;
        }
    }
    return false;
}

static bool setting_unknown(const struct setting_table *t, const config_setting_t *s, const char *name,
                            struct err *e)
{
    struct nearest near;
    nearest_begin(&near, strv_from(name));
    for (size_t i = 0; i < t->n; i++) {
        nearest_offer(&near, strv_from(t->rows[i].name));
    }
    return nearest_found(&near).n > 0
               ? setting_error(e, t->path, s, "unknown setting \"%s\"; did you mean \"%s\"?", name,
                               near.found)
               : setting_error(e, t->path, s, "unknown setting \"%s\"; `tesserad --settings` lists all",
                               name);
}

static bool setting_read_one(const struct setting_table *t, const struct setting *r, config_setting_t *s,
                             void *out, struct err *e)
{
    switch (setting_store(r, s, (char *)out + r->offset)) {
    case WRONG_KIND: return setting_error(e, t->path, s, "%s must be %s", r->name, setting_wants(r));
    case OUT_OF_BOUNDS:
        if (r->type <= SETTING_SECRET) {
            return setting_error(e, t->path, s, "%s must have %lld to %lld characters", r->name,
                                 (long long)r->min, (long long)(r->max ? r->max : (int64_t)r->size - 1));
        }
        if (r->type == SETTING_DURATION) {
            return setting_error(e, t->path, s, "%s must be from %lld ms to %lld s", r->name,
                                 (long long)(r->min / USEC_MS), (long long)(r->max / USEC_SEC));
        }
        return setting_error(e, t->path, s, "%s must be from %lld to %lld", r->name, (long long)r->min,
                             (long long)r->max);
    case FINE: break;
    }
    return true;
}

static bool setting_walk(const struct setting_table *t, config_setting_t *group, const char *prefix,
                         void *out, const char *besides, struct err *e)
{
    for (int i = 0; i < config_setting_length(group); i++) {
        config_setting_t *s = config_setting_get_elem(group, (unsigned)i);
        char name[160];
        snprintf(name, sizeof name, "%s%s%.100s", prefix, prefix[0] ? "." : "", config_setting_name(s));
        const struct setting *r = setting_find(t, name);
        if (setting_in_choices(strv_from(name), besides)) {
            continue;
        }
        if (r == NULL && config_setting_is_group(s) && setting_is_group_name(t, name)) {
            if (!setting_walk(t, s, name, out, besides, e)) {
                return false;
            }
        } else if (r == NULL) {
            return setting_unknown(t, s, name, e);
        } else if (!setting_read_one(t, r, s, out, e)) {
            return false;
        }
    }
    return true;
}

bool setting_read_group(const struct setting_table *t, config_setting_t *group, void *out,
                        const char *besides, struct err *e)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct setting *r = &t->rows[i];
        if (r->value == NULL && config_setting_get_member(group, r->name) == NULL) {
            return setting_error(e, t->path, group, "%s is missing here", r->name);
        }
        if (r->value != NULL &&
            r->type != SETTING_SECRET) { /* a secret may have come from its file already */
            setting_store_text(r, strv_from(r->value), (char *)out + r->offset);
        }
    }
    return setting_walk(t, group, "", out, besides, e);
}

bool setting_read_secret_file(config_setting_t *group, const char *path, const char *name, char *out,
                              size_t size, struct err *e)
{
    config_setting_t *s = config_setting_get_member(group, name);
    char line[256];
    if (s == NULL) {
        return true;
    }
    const char *file = config_setting_get_string(s);
    int fd = file ? open(file, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) {
        return setting_error(e, path, s, "%s \"%s\": %s", name, file ? file : "",
                             file ? strerror(errno) : "not a text");
    }
    ssize_t n = read(fd, line, sizeof line - 1);
    close(fd);
    line[n > 0 ? n : 0] = 0;
    line[strcspn(line, "\r\n")] = 0;
    bool ok = strlen(line) > 0 && strlen(line) < size;
    if (ok) {
        memcpy(out, line, strlen(line) + 1);
    }
    explicit_bzero(line, sizeof line);
    return ok || setting_error(e, path, s, "%s \"%s\": its first line must have 1 to %zu characters", name,
                               file, size - 1);
}

void setting_describe(const struct setting *rows, size_t n, struct buf *out)
{
    for (size_t i = 0; i < n; i++) {
        buf_printf(out, "%-36s %-22s %s %s\n", rows[i].name,
                   rows[i].value ? rows[i].value : "(must be given)", rows[i].reload ? "r" : " ",
                   rows[i].about);
    }
}
