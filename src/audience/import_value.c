#include "audience/import_value.h"

#include "base/civil.h"
#include "base/decimal.h"
#include "base/utf8.h"
#include "store/dict.h"
#include "store/packed.h"

#include <string.h>

#define GUESS_MAX_DIGITS 15
#define GUESS_MAX_SCALE  6

static bool text_value(struct strv text, struct err *e)
{
    if (text.n > DICT_MAX_TEXT) {
        return err_set(e, ERR_LIMIT, "longer than %d octets", DICT_MAX_TEXT);
    }
    if (memchr(text.p, '\0', text.n)) {
        return err_set(e, ERR_INVALID, "contains a NUL octet");
    }
    return utf8_valid(text) ||
           err_set(e, ERR_INVALID, "not UTF-8: write the file anew, as with iconv -f LATIN1 -t UTF-8");
}

/* Right by its digits; it cannot be held. */
static bool number_too_large(struct strv text, unsigned scale)
{
    size_t point = text.n, at = text.n && (text.p[0] == '-' || text.p[0] == '+');
    for (size_t i = at; i < text.n; i++) {
        if (text.p[i] == '.' && point == text.n) {
            point = i;
        } else if (text.p[i] < '0' || text.p[i] > '9') {
            return false;
        }
    }
    return point > at && (point == text.n || (point + 1 < text.n && text.n - point - 1 <= scale));
}

static bool number_value(struct strv text, unsigned scale, int64_t *out, struct err *e)
{
    if (decimal_parse(text, scale, out) && *out != PACKED_UNSET) {
        return true;
    }
    if (number_too_large(text, scale)) {
        return err_set(e, ERR_INVALID, "too large: at most %u digits before the point are sure to fit",
                       18 - scale);
    }
    return err_set(e, ERR_INVALID,
                   scale ? "not a number with at most %u digits after the point" : "not a whole number",
                   scale);
}

static bool date_value(struct strv text, int64_t *out, struct err *e)
{
    int64_t at;
    int32_t days;
    bool has_offset, has_time;
    /* Of a time it is the date as written that counts, whatever its offset. */
    if (!civil_parse(text, &at, &has_offset, &has_time) || !civil_parse_date(strv_sub(text, 0, 10), &days)) {
        return err_set(e, ERR_INVALID, "not a date (2026-11-21)");
    }
    *out = days;
    return true;
}

static bool is_word(struct strv text, const char *const *words)
{
    for (; *words; words++) {
        if (strv_ieq_c(text, *words)) {
            return true;
        }
    }
    return false;
}

static bool bool_value(struct strv text, int64_t *out, struct err *e)
{
    static const char *const yes[] = { "yes", "true", "y", "t", "1", NULL };
    static const char *const no[] = { "no", "false", "n", "f", "0", NULL };
    if (!is_word(text, yes) && !is_word(text, no)) {
        return err_set(e, ERR_INVALID, "not yes or no");
    }
    *out = is_word(text, yes) ? PACKED_YES : PACKED_NO;
    return true;
}

/* Degrees scaled by 10^7; further digits (a centimetre) are cut. */
static bool degrees(struct strv text, int64_t limit, int64_t *e7)
{
    text = strv_trim(text);
    const char *point = text.n ? memchr(text.p, '.', text.n) : NULL;
    if (point) {
        text = strv_sub(text, 0, (size_t)(point - text.p) + 8);
    }
    return decimal_parse(text, 7, e7) && *e7 >= -limit * 10000000 && *e7 <= limit * 10000000;
}

static bool place_value(struct strv text, int64_t *out, struct err *e)
{
    int64_t latitude, longitude;
    const char *comma = memchr(text.p, ',', text.n);
    size_t at = comma ? (size_t)(comma - text.p) : text.n;
    if (!comma || !degrees(strv_sub(text, 0, at), 90, &latitude) ||
        !degrees(strv_sub(text, at + 1, text.n), 180, &longitude)) {
        return err_set(e, ERR_INVALID, "not a place (latitude,longitude in degrees)");
    }
    *out = packed_place((int32_t)latitude, (int32_t)longitude);
    return true;
}

bool import_next_member(struct strv *rest, struct strv *member)
{
    while (rest->n) {
        size_t n = 0;
        if (rest->p[0] == IMPORT_MEMBER) { /* each member has one before it */
            const char *end = rest->n > 1 ? memchr(rest->p + 1, IMPORT_MEMBER, rest->n - 1) : NULL;
            n = end ? (size_t)(end - rest->p) : rest->n;
            *member = strv_trim(strv_sub(*rest, 1, n - 1));
            *rest = strv_sub(*rest, n, rest->n);
            if (member->n) {
                return true;
            }
            continue;
        }
        while (n < rest->n && rest->p[n] != ';' && rest->p[n] != '|' && rest->p[n] != ',') {
            n++;
        }
        *member = strv_trim(strv_sub(*rest, 0, n));
        *rest = strv_sub(*rest, n + 1, rest->n);
        if (member->n) {
            return true;
        }
    }
    return false;
}

static bool set_value(struct strv text, struct err *e)
{
    struct strv rest = text, member;
    size_t n = 0;
    while (import_next_member(&rest, &member)) {
        if (!text_value(member, e)) {
            return false;
        }
        if (++n > IMPORT_MAX_MEMBERS) {
            return err_set(e, ERR_LIMIT, "more than %d members", IMPORT_MAX_MEMBERS);
        }
    }
    return true;
}

bool import_value(enum schema_type type, unsigned scale, struct strv text, struct import_cell *out,
                  struct err *e)
{
    text = strv_trim(text);
    *out = (struct import_cell){ .set = text.n > 0, .text = text };
    if (!text.n) {
        return true;
    }
    if (text.p[0] == IMPORT_NESTED) {
        return err_set(e, ERR_INVALID,
                       "a list of objects or lists cannot be imported; leave it out (NAME=-)");
    }
    if (text.p[0] == IMPORT_MEMBER && type != SCHEMA_SET) {
        return err_set(e, ERR_INVALID, "a list, where one value belongs");
    }
    switch (type) {
    case SCHEMA_TEXT: return text_value(text, e);
    case SCHEMA_SET: return set_value(text, e);
    case SCHEMA_NUMBER: return number_value(text, scale, &out->number, e);
    case SCHEMA_DATE: return date_value(text, &out->number, e);
    case SCHEMA_BOOL: return bool_value(text, &out->number, e);
    case SCHEMA_PLACE: return place_value(text, &out->number, e);
    default: return err_set(e, ERR_INTERNAL, "a column without a type");
    }
}

bool import_number(const struct audience_import_options *o, struct strv text, struct strv region,
                   uint64_t *msisdn, struct err *e)
{
    text = strv_trim(text);
    if (text.n > 1 && text.p[0] == '\'') { /* shops write one before, so that spreadsheets leave it alone */
        text = strv_sub(text, 1, text.n);
    }
    if (!text.n) {
        return err_set(e, ERR_INVALID, "no number");
    }
    if (o->parse_number) {
        return o->parse_number(o->ctx, text, region, msisdn, e);
    }
    uint64_t n = 0;
    size_t digits = 0;
    bool ok = true;
    for (size_t i = text.p[0] == '+'; i < text.n && ok; i++) {
        char c = text.p[i];
        if (c >= '0' && c <= '9') {
            ok = ++digits <= 15;
            n = ok ? n * 10 + (uint64_t)(c - '0') : 0;
            ok = ok && n > 0;
        } else {
            ok = digits && strchr(" -.()/", c) && c;
        }
    }
    if (!ok || digits < 7) {
        return err_set(e, ERR_INVALID, "not an international number (+ and 7 to 15 digits)");
    }
    *msisdn = n;
    return true;
}

bool import_time(const struct audience_import_options *o, struct strv text, usec_t *at, struct err *e)
{
    int64_t parsed;
    bool has_offset, has_time;
    if (!civil_parse(strv_trim(text), &parsed, &has_offset, &has_time)) {
        return err_set(e, ERR_INVALID, "not a time (2026-11-21 or 2026-11-21T22:00:00Z)");
    }
    *at = has_offset || !o->instant_of ? parsed : o->instant_of(o->ctx, parsed);
    return true;
}

/* --- guessing --- */

static bool looks_like_number(struct strv text, unsigned *scale)
{
    int64_t units;
    size_t sign = text.p[0] == '-';
    bool zeros = text.n > sign + 1 && text.p[sign] == '0' && text.p[sign + 1] != '.'; /* 00420, a code */
    return !zeros && text.p[0] != '+' && text.n <= GUESS_MAX_DIGITS &&
           decimal_parse_any(text, &units, scale) && *scale <= GUESS_MAX_SCALE;
}

void import_guess_add(struct import_guess *g, struct strv text)
{
    static const char *const words[] = { "yes", "no", "true", "false", NULL };
    int64_t at;
    bool has_offset, has_time;
    unsigned scale = 0;
    text = strv_trim(text);
    if (!text.n) {
        return;
    }
    g->seen++;
    g->set = g->set || text.p[0] == IMPORT_MEMBER;
    g->not_bool = g->not_bool || !is_word(text, words);
    g->not_date = g->not_date || !civil_parse(text, &at, &has_offset, &has_time);
    g->not_number = g->not_number || !looks_like_number(text, &scale);
    if (!g->not_number && scale > g->scale) {
        g->scale = scale;
    }
}

enum schema_type import_guess_type(const struct import_guess *g, unsigned *scale)
{
    *scale = 0;
    if (!g->seen) {
        return SCHEMA_TEXT;
    }
    if (g->set) {
        return SCHEMA_SET;
    }
    if (!g->not_bool) {
        return SCHEMA_BOOL;
    }
    if (!g->not_date) {
        return SCHEMA_DATE;
    }
    if (!g->not_number) {
        *scale = g->scale > 2 ? g->scale : 2; /* the next file may have cents */
        return SCHEMA_NUMBER;
    }
    return SCHEMA_TEXT;
}
