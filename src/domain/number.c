#include "config.h"

#include "domain/number.h"

#include "base/utf8.h"
#include "domain/dial.h"
#include "domain/number_library.h"

#include <stdio.h>
#include <string.h>

#define MAX_SCANNED 40 /* digits read before it is surely too long */

/* What was written, reduced to digits. */
struct scan {
    char digits[MAX_SCANNED + 1];
    unsigned count;
    bool plus;
    unsigned group;   /* place where the last group of digits begins */
    unsigned zero_at; /* place of a "(0)" in the digits; UINT32_MAX when there is none */
};

/* --- reading characters --- */

/* The value of a decimal digit of the scripts that telephone numbers are written in; -1 for anything else. */
static int digit_value(int32_t c)
{
    if (c < 0x80) {
        return c >= '0' && c <= '9' ? (int)(c - '0') : -1;
    }
    static const int32_t zeros[] = { 0x0660, 0x06f0, 0x07c0, 0x0966, 0x09e6, 0x0a66, 0x0ae6,
                                     0x0b66, 0x0be6, 0x0c66, 0x0ce6, 0x0d66, 0x0e50, 0x0ed0,
                                     0x0f20, 0x1040, 0x17e0, 0x1810, 0xff10 };
    for (size_t i = 0; i < sizeof zeros / sizeof *zeros; i++) {
        if (c >= zeros[i] && c <= zeros[i] + 9) {
            return (int)(c - zeros[i]);
        }
    }
    return -1;
}

static bool is_plus(int32_t c)
{
    return c == '+' || c == 0xff0b || c == 0xfe62;
}

/* What stands between digits and means nothing: space, hyphens, dots, slashes, brackets, invisible marks. */
static bool is_separator(int32_t c)
{
    if (c < 0x80) {
        return c > 0 && strchr(" \t\r\n-./()[]~*", c) != NULL;
    }
    return c == 0xa0 || c == 0xad || c == 0xb7 || (c >= 0x2000 && c <= 0x2015) ||
           (c >= 0x202a && c <= 0x202f) || (c >= 0x2060 && c <= 0x2069) || c == 0x2212 || c == 0x3000 ||
           c == 0x30fc || c == 0xfeff || c == 0xff08 || c == 0xff09 || c == 0xff0d || c == 0xff0e ||
           c == 0xff0f || c == 0xff3b || c == 0xff3d;
}

/* "x12", " ext. 12", ", 12#", "доб. 100": a mark, at most a short word, then digits to the end. */
static bool is_extension(struct strv rest)
{
    const char *p = rest.p, *end = rest.p + rest.n;
    unsigned before = 0, digits = 0;
    for (int32_t c; (c = utf8_next(&p, end)) != -2;) {
        if (digit_value(c) >= 0) {
            digits++;
        } else if (digits == 0) {
            before++;
        } else if (!is_separator(c) && c != '#') {
            return false;
        }
    }
    return before <= 16 && digits >= 1 && digits <= 20;
}

static bool starts_extension(int32_t c)
{
    static const int32_t marks[] = { '~', 'x', 'X',    'e',    'E',    'i',   'I',  '#',
                                     ',', ';', 0xff58, 0xff38, 0xff45, 0x434, 0x414 };
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        if (c == marks[i]) {
            return true;
        }
    }
    return false;
}

static bool scan_text(struct strv text, struct scan *s, struct err *e)
{
    unsigned column = 0;
    int32_t before[2] = { 0, 0 }; /* the characters just read, to see "(0)" */
    if (text.n == 0) {
        return err_set(e, ERR_INVALID, "no digits");
    }
    for (const char *p = text.p, *end = text.p + text.n, *at; p < end;) {
        at = p;
        int32_t c = utf8_next(&p, end);
        int v = digit_value(c);
        column++;
        if (v >= 0) {
            if (s->count == MAX_SCANNED) {
                return err_set(e, ERR_INVALID, "too long: more than %d digits", NUMBER_MAX_DIGITS);
            }
            s->digits[s->count++] = (char)('0' + v);
            before[0] = before[1];
            before[1] = c;
            continue;
        } else if (is_plus(c)) {
            if (s->count > 0) {
                return err_set(e, ERR_INVALID, "a \"+\" in the middle, at column %u", column);
            }
            s->plus = true;
        } else if (s->count >= 6 && starts_extension(c) &&
                   is_extension((struct strv){ at, (size_t)(end - at) })) {
            break;
        } else if (c == '#' && p == end && s->group >= 7) {
            s->count = s->group; /* "... 1234-910#": the last group was an extension */
            break;
        } else if (!is_separator(c)) {
            return err_set(e, ERR_INVALID, "not a telephone number: unexpected character at column %u",
                           column);
        }
        s->group = s->count;
        if (c == ')' && before[1] == '0' && before[0] == '(') {
            s->zero_at = s->count - 1;
        }
        before[0] = before[1];
        before[1] = c;
    }
    s->digits[s->count] = '\0';
    return s->count > 0 || err_set(e, ERR_INVALID, "no digits");
}

static size_t find_nocase(struct strv text, const char *word)
{
    size_t n = strlen(word);
    for (size_t i = 0; i + n <= text.n; i++) {
        if ((text.p[i] | 0x20) == (word[0] | 0x20) && strv_ieq_c(strv_sub(text, i, n), word)) {
            return i;
        }
    }
    return SIZE_MAX;
}

/* RFC 3966: "tel:" before, and a context that a local number is completed with. */
static bool read_text(struct strv text, struct scan *s, struct err *e)
{
    size_t at = find_nocase(text, "tel:");
    if (at != SIZE_MAX) {
        text = strv_sub(text, at + 4, text.n);
    }
    at = find_nocase(text, ";phone-context=");
    if (at != SIZE_MAX) {
        struct strv rest = strv_sub(text, at + 15, text.n), context;
        if (strv_next(&rest, ';', &context) && context.p[0] == '+') {
            if (!scan_text(context, s, e)) {
                return false;
            }
        }
        text = strv_sub(text, 0, at);
    }
    at = find_nocase(text, ";isub=");
    return scan_text(at == SIZE_MAX ? text : strv_sub(text, 0, at), s, e);
}

/* --- making a number --- */

static bool starts(const char *digits, struct strv prefix)
{
    return strncmp(digits, prefix.p, prefix.n) == 0;
}

static unsigned code_length(unsigned code)
{
    return code > 99 ? 3 : code > 9 ? 2 : 1;
}

static uint64_t to_number(const char *digits)
{
    uint64_t v = 0;
    for (; *digits; digits++) {
        v = v * 10 + (uint64_t)(*digits - '0');
    }
    return v;
}

static bool check_length(const struct numbering *n, uint64_t number, struct err *e)
{
    struct numbering_hit hit;
    unsigned count = number_digits(number), code = numbering_calling_code(n, number);
    if (code == 0 || !numbering_lookup(n, number, &hit)) {
        return err_set(e, ERR_INVALID, "no country has this calling code");
    }
    unsigned len = code_length(code);
    if (count < hit.min_len || count > hit.max_len) {
        char wanted[24];
        snprintf(wanted, sizeof wanted, hit.min_len == hit.max_len ? "%u" : "%u to %u", hit.min_len - len,
                 hit.max_len - len);
        return err_set(e, ERR_INVALID, "too %s for %s: %u digits after +%u instead of %s",
                       count < hit.min_len ? "short" : "long", hit.region, count - len, code, wanted);
    }
    return true;
}

/* Digits with the country code first. A trunk "0" that was written all the same ("+44 (0)7700") is left out
 * where the country dials one. */
static bool international(const struct numbering *n, const char *digits, uint64_t *out, struct err *e)
{
    char joined[MAX_SCANNED + 1];
    if (strlen(digits) > NUMBER_MAX_DIGITS + 3) {
        return err_set(e, ERR_INVALID, "too long: more than %d digits", NUMBER_MAX_DIGITS);
    }
    unsigned code = numbering_calling_code(n, to_number(digits));
    if (code == 0 || digits[0] == '0') {
        return err_set(e, ERR_INVALID, "no country has this calling code");
    }
    unsigned len = code_length(code);
    struct numbering_hit hit;
    const char *national = digits + len;
    struct strv region = numbering_lookup(n, to_number(digits), &hit) ? strv_from(hit.region) : STRV("ZZ");
    struct strv trunks = strv_from(dial_of(region, code).trunk), trunk = { 0 };
    while (strv_next(&trunks, ',', &trunk)) {
        if (trunk.p[0] == '0' && starts(national, trunk)) {
            national += trunk.n;
            break;
        }
    }
    if (trunk.n && trunk.p[0] == '0' && starts(national, trunk)) {
        return err_set(e, ERR_INVALID, "a 0 too many after +%u", code);
    }
    snprintf(joined, sizeof joined, "%u%s", code, national);
    if (strlen(joined) > NUMBER_MAX_DIGITS) {
        return err_set(e, ERR_INVALID, "too long: more than %d digits", NUMBER_MAX_DIGITS);
    }
    *out = to_number(joined);
    return check_length(n, *out, e);
}

/* Whether the national number gives a possible one behind the code. */
static bool possible(const struct numbering *n, unsigned code, const char *national, uint64_t *out)
{
    char joined[MAX_SCANNED + 4];
    snprintf(joined, sizeof joined, "%u%s", code, national);
    if (strlen(joined) > NUMBER_MAX_DIGITS) {
        return false;
    }
    *out = to_number(joined);
    return check_length(n, *out, NULL);
}

/* The country's own code first and no "+": too long to be national, or with a "(0)" behind the code. */
static bool with_code(const struct numbering *n, const struct scan *s, unsigned code, const struct dial *d,
                      uint64_t *out)
{
    char code_text[12];
    int len = snprintf(code_text, sizeof code_text, "%u", code);
    uint64_t unused;
    if (!starts(s->digits, strv_from(code_text))) {
        return false;
    }
    bool as_national = s->count <= d->longest && possible(n, code, s->digits, &unused);
    return (s->zero_at == (unsigned)len || !as_national) && international(n, s->digits, out, NULL);
}

static bool national(const struct numbering *n, const struct scan *s, unsigned code, const struct dial *d,
                     uint64_t *out, struct err *e)
{
    unsigned len = code_length(code);
    struct strv prefixes = strv_from(d->trunk), prefix;
    while (strv_next(&prefixes, ',', &prefix)) {
        if (starts(s->digits, prefix) && possible(n, code, s->digits + prefix.n, out)) {
            return true;
        }
    }
    if (with_code(n, s, code, d, out)) {
        return true;
    }
    if (s->count > NUMBER_MAX_DIGITS - len) {
        return err_set(e, ERR_INVALID, "too long: more than %d digits with +%u", NUMBER_MAX_DIGITS, code);
    }
    char joined[MAX_SCANNED + 12];
    snprintf(joined, sizeof joined, "%u%s", code, s->digits);
    *out = to_number(joined);
    return check_length(n, *out, e);
}

/* libphonenumber's reading, taken where it holds the number for valid and our plans for possible. Not where
 * the country's code was written: a German 49151... of 13 digits is a mobile, not one of the area 4915. */
static bool by_library(const struct numbering *n, const struct scan *s, struct strv region, unsigned code,
                       const struct dial *d, uint64_t *out)
{
#ifdef HAVE_LIBPHONENUMBER
    char country[3];
    strv_copy(strv_sub(region, 0, 2), country, sizeof country);
    return !with_code(n, s, code, d, out) && number_library_read(s->digits, country, out) &&
           check_length(n, *out, NULL);
#else
    (void)n, (void)s, (void)region, (void)code, (void)d, (void)out;
    return false;
#endif
}

bool number_has_library(void)
{
#ifdef HAVE_LIBPHONENUMBER
    return true;
#else
    return false;
#endif
}

/* "+" and digits, as most files have them: an import reads millions. False: it is for the ways that can tell
 * more. A trunk 0 behind the country's code is. */
static bool parse_plain(const struct numbering *n, struct strv text, uint64_t *out)
{
    if (text.n < 8 || text.n > NUMBER_MAX_DIGITS + 1 || text.p[0] != '+' || text.p[1] == '0' ||
        !strv_to_u64(strv_sub(text, 1, text.n), out)) {
        return false;
    }
    const unsigned code = numbering_calling_code(n, *out);
    return code != 0 && text.p[1 + code_length(code)] != '0' && check_length(n, *out, NULL);
}

static bool parse(const struct numbering *n, struct strv text, struct strv default_region, uint64_t *out,
                  struct err *e)
{
    struct scan s = { .zero_at = UINT32_MAX };
    if (text.n > NUMBER_MAX_INPUT) {
        return err_set(e, ERR_INVALID, "longer than %d octets", NUMBER_MAX_INPUT);
    }
    if (!read_text(text, &s, e)) {
        return false;
    }
    if (s.plus) { /* no country code begins with 0: a dialled prefix was left behind the "+" */
        const char *digits = s.digits;
        if (strncmp(digits, "00", 2) == 0) {
            digits += 2;
        } else if (strncmp(digits, "011", 3) == 0) {
            digits += 3;
        }
        return international(n, digits, out, e);
    }
    if (strv_eq_c(default_region, "ZZ")) { /* ISO 3166's "unknown" */
        default_region.n = 0;
    }
    unsigned code = default_region.n ? numbering_country_code(n, default_region) : 0;
    struct dial d = { "", "00", 0 };
    if (code) {
        d = dial_of(default_region, code);
    } else if (default_region.n) {
        return err_set(e, ERR_NOT_FOUND, "no region \"" STRV_FMT "\" in the numbering plans",
                       STRV_ARG(strv_sub(default_region, 0, 12)));
    }
    struct strv prefixes = strv_from(d.international), prefix;
    while (strv_next(&prefixes, ',', &prefix)) {
        if (starts(s.digits, prefix)) {
            return s.count > prefix.n ? international(n, s.digits + prefix.n, out, e)
                                      : err_set(e, ERR_INVALID, "nothing after the international prefix");
        }
    }
    if (!code) {
        return err_set(e, ERR_INVALID,
                       "not in international form (\"+44 ...\"), and no default region is set");
    }
    return by_library(n, &s, default_region, code, &d, out) || national(n, &s, code, &d, out, e);
}

bool number_parse(const struct numbering *n, struct strv text, struct strv default_region, uint64_t *out,
                  struct err *e)
{
    bool ok = parse_plain(n, text, out) || parse(n, text, default_region, out, e);
    if (!ok) {
        *out = 0;
    }
    return ok;
}

bool number_parse_digits(struct strv text, uint64_t *out)
{
    if (text.n && text.p[0] == '+') {
        text = strv_sub(text, 1, text.n);
    }
    return text.n <= NUMBER_MAX_DIGITS && text.n > 0 && text.p[0] != '0' && strv_to_u64(text, out);
}

/* --- writing --- */

struct number_text number_format(uint64_t number)
{
    struct number_text t = { "" };
    char digits[24], *p = digits + sizeof digits; /* by hand: one is written into every submission */
    for (uint64_t n = number; n != 0; n /= 10) {
        *--p = (char)('0' + n % 10);
    }
    if (number != 0) {
        t.s[0] = '+';
        memcpy(t.s + 1, p, (size_t)(digits + sizeof digits - p));
    }
    return t;
}

struct number_text number_mask(uint64_t number)
{
    struct number_text t = number_format(number);
    size_t n = strlen(t.s), hidden = n > 6 ? 5 : n > 1 ? n - 1 : 0;
    memset(t.s + n - hidden, '*', hidden);
    return t;
}

unsigned number_digits(uint64_t number)
{
    unsigned n = 0;
    for (; number; number /= 10) {
        n++;
    }
    return n;
}
