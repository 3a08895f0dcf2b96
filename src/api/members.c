#include "api/members.h"

#include "base/civil.h"
#include "base/nearest.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MEMBERS_MAX 32 /* of one table */

struct strv member_text(const json_t *string)
{
    return (struct strv){ json_string_value(string), json_string_length(string) };
}

const char *nearest_name(struct strv name, const char *const *names, size_t n)
{
    struct nearest near;
    const char *found = NULL;
    nearest_begin(&near, name);
    for (size_t i = 0; i < n; i++) {
        if (nearest_offer(&near, strv_from(names[i]))) {
            found = names[i];
        }
    }
    return found;
}

static bool members_unknown(struct strv name, const struct member *table, size_t n, struct err *e)
{
    const char *names[MEMBERS_MAX] = { NULL };
    for (size_t i = 0; i < n && i < MEMBERS_MAX; i++) {
        names[i] = table[i].name;
    }
    name = strv_sub(name, 0, 64);
    const char *near = nearest_name(name, names, n < MEMBERS_MAX ? n : MEMBERS_MAX);
    if (near != NULL) {
        return err_set(e, ERR_INVALID, "unknown member \"" STRV_FMT "\"; did you mean \"%s\"?",
                       STRV_ARG(name), near);
    }
    if (n == 0) {
        return err_set(e, ERR_INVALID, "unknown member \"" STRV_FMT "\": this request takes none",
                       STRV_ARG(name));
    }
    char known[200] = "";
    size_t at = 0;
    for (size_t i = 0; i < n && at + strlen(table[i].name) + 3 < sizeof known; i++) {
        at += (size_t)snprintf(known + at, sizeof known - at, "%s%s", i != 0 ? ", " : "", table[i].name);
    }
    return err_set(e, ERR_INVALID, "unknown member \"" STRV_FMT "\"; there are: %s", STRV_ARG(name), known);
}

static bool member_read_text(const json_t *v, const struct member *m, void *place, struct err *e)
{
    if (!json_is_string(v)) {
        return err_set(e, ERR_INVALID, "\"%s\" must be a text", m->name);
    }
    struct strv s = member_text(v);
    if ((int64_t)s.n < m->min) {
        return err_set(e, ERR_INVALID, "\"%s\" must not be empty", m->name);
    }
    if ((int64_t)s.n > m->max) {
        return err_set(e, ERR_LIMIT, "\"%s\" has %zu octets; at most %lld are possible", m->name, s.n,
                       (long long)m->max);
    }
    memcpy(place, &s, sizeof s);
    return true;
}

static bool member_read_int(const json_t *v, const struct member *m, void *place, struct err *e)
{
    int64_t i = json_integer_value(v);
    if (!json_is_integer(v) || i < m->min || i > m->max) {
        if (m->max == INT64_MAX) {
            return err_set(e, ERR_INVALID, "\"%s\" must be a whole number, at least %lld", m->name,
                           (long long)m->min);
        }
        return err_set(e, ERR_INVALID, "\"%s\" must be a whole number from %lld to %lld", m->name,
                       (long long)m->min, (long long)m->max);
    }
    memcpy(place, &i, sizeof i);
    return true;
}

static bool member_read_seconds(const json_t *v, const struct member *m, void *place, struct err *e)
{
    double s = json_number_value(v);
    double low = (double)m->min / (double)USEC_SEC, high = (double)m->max / (double)USEC_SEC;
    if (!json_is_number(v) || !(s >= low && s <= high)) {
        return err_set(e, ERR_INVALID, "\"%s\" must be a number of seconds from %.15g to %.15g", m->name, low,
                       high);
    }
    usec_t t = (usec_t)llround(s * (double)USEC_SEC);
    memcpy(place, &t, sizeof t);
    return true;
}

static bool member_read_instant(const json_t *v, const struct member *m, void *place, struct err *e)
{
    usec_t t = 0;
    bool has_offset = false, has_time = false;
    if (!json_is_string(v) || !civil_parse(member_text(v), &t, &has_offset, &has_time) || !has_offset ||
        !has_time) {
        return err_set(e, ERR_INVALID,
                       "\"%s\" must be an instant with its offset, such as \"2026-11-21T22:00:00Z\"",
                       m->name);
    }
    memcpy(place, &t, sizeof t);
    return true;
}

static bool member_read_local(const json_t *v, const struct member *m, void *place, struct err *e)
{
    usec_t t = 0;
    bool has_offset = false, has_time = false;
    if (!json_is_string(v) || !civil_parse(member_text(v), &t, &has_offset, &has_time) || has_offset ||
        !has_time || t <= 0) {
        return err_set(e, ERR_INVALID,
                       "\"%s\" must be a date and a time without offset, such as \"2026-12-01T10:00\"",
                       m->name);
    }
    memcpy(place, &t, sizeof t);
    return true;
}

static bool member_read_texts(const json_t *v, const struct member *m, void *place, struct err *e)
{
    if (!json_is_array(v)) {
        return err_set(e, ERR_INVALID, "\"%s\" must be a list of texts", m->name);
    }
    int64_t n = (int64_t)json_array_size(v);
    if (n < m->min) {
        return err_set(e, ERR_INVALID, "\"%s\" must have at least %lld", m->name, (long long)m->min);
    }
    if (n > m->max) {
        return err_set(e, ERR_LIMIT, "\"%s\" has %lld; at most %lld are possible", m->name, (long long)n,
                       (long long)m->max);
    }
    for (int64_t i = 0; i < n; i++) {
        const json_t *each = json_array_get(v, (size_t)i);
        size_t octets = json_string_length(each);
        if (!json_is_string(each) || octets == 0 || octets > MEMBER_MAX_EACH) {
            return err_set(e, ERR_INVALID, "\"%s\": number %lld must be a text of 1 to %d octets", m->name,
                           (long long)i + 1, MEMBER_MAX_EACH);
        }
    }
    memcpy(place, &v, sizeof v);
    return true;
}

static bool member_read_object(const json_t *v, const struct member *m, void *place, struct err *e)
{
    if (!json_is_object(v)) {
        return err_set(e, ERR_INVALID, "\"%s\" must be an object", m->name);
    }
    int64_t n = (int64_t)json_object_size(v);
    if (n < m->min || n > m->max) {
        return err_set(e, n < m->min ? ERR_INVALID : ERR_LIMIT, "\"%s\" must have %lld to %lld members",
                       m->name, (long long)m->min, (long long)m->max);
    }
    memcpy(place, &v, sizeof v);
    return true;
}

static bool member_read(const json_t *v, const struct member *m, void *place, struct err *e)
{
    switch (m->type) {
    case MEMBER_TEXT: return member_read_text(v, m, place, e);
    case MEMBER_INT: return member_read_int(v, m, place, e);
    case MEMBER_SECONDS: return member_read_seconds(v, m, place, e);
    case MEMBER_INSTANT: return member_read_instant(v, m, place, e);
    case MEMBER_LOCAL: return member_read_local(v, m, place, e);
    case MEMBER_TEXTS: return member_read_texts(v, m, place, e);
    case MEMBER_OBJECT: return member_read_object(v, m, place, e);
    case MEMBER_BOOL: break;
    }
    if (!json_is_boolean(v)) {
        return err_set(e, ERR_INVALID, "\"%s\" must be true or false", m->name);
    }
    bool b = json_is_true(v);
    memcpy(place, &b, sizeof b);
    return true;
}

bool members_read(const json_t *object, const struct member *table, size_t n, void *out, struct err *e)
{
    const char *name;
    json_t *v;
    json_object_foreach((json_t *)object, name, v)
    {
        size_t i = 0;
        while (i < n && strcmp(table[i].name, name) != 0) {
            i++;
        }
        if (i == n) {
            return members_unknown(strv_from(name), table, n, e);
        }
    }
    for (size_t i = 0; i < n; i++) {
        v = json_object_get(object, table[i].name);
        if (v == NULL || (json_is_null(v) && !table[i].required)) {
            if (table[i].required) {
                return err_set(e, ERR_INVALID, "\"%s\" is missing", table[i].name);
            }
            continue;
        }
        if (!member_read(v, &table[i], (char *)out + table[i].at, e)) {
            return false;
        }
    }
    return true;
}
