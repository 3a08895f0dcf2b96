#include "base/decimal.h"

#include <stdio.h>
#include <string.h>

static const int64_t powers[DECIMAL_MAX_SCALE + 1] = {
    1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000,
};

/* The parts of "-12.50": sign, digits before and behind the point, none of them empty where the syntax wants
 * one. */
struct parts {
    bool negative;
    struct strv whole, fraction;
};

static size_t digit_run(struct strv s)
{
    size_t n = 0;
    while (n < s.n && s.p[n] >= '0' && s.p[n] <= '9') {
        n++;
    }
    return n;
}

static bool split(struct strv s, struct parts *out)
{
    *out = (struct parts){ 0 };
    if (s.n && (s.p[0] == '-' || s.p[0] == '+')) {
        out->negative = s.p[0] == '-';
        s = strv_sub(s, 1, s.n);
    }
    size_t n = digit_run(s);
    if (n == 0) {
        return false;
    }
    out->whole = strv_sub(s, 0, n);
    s = strv_sub(s, n, s.n);
    if (s.n == 0) {
        return true;
    }
    out->fraction = strv_sub(s, 1, s.n);
    return s.p[0] == '.' && out->fraction.n > 0 && digit_run(out->fraction) == out->fraction.n;
}

/* Accumulated downwards, so that INT64_MIN parses. */
static bool push_digit(int64_t *units, int digit)
{
    return !__builtin_mul_overflow(*units, 10, units) && !__builtin_sub_overflow(*units, digit, units);
}

static bool join(const struct parts *p, unsigned scale, int64_t *units)
{
    int64_t v = 0;
    for (size_t i = 0; i < p->whole.n; i++) {
        if (!push_digit(&v, p->whole.p[i] - '0')) {
            return false;
        }
    }
    for (size_t i = 0; i < scale; i++) {
        if (!push_digit(&v, i < p->fraction.n ? p->fraction.p[i] - '0' : 0)) {
            return false;
        }
    }
    for (size_t i = scale; i < p->fraction.n; i++) {
        if (p->fraction.p[i] != '0') {
            return false;
        }
    }
    if (!p->negative && __builtin_sub_overflow((int64_t)0, v, &v)) {
        return false;
    }
    *units = v;
    return true;
}

bool decimal_parse(struct strv s, unsigned scale, int64_t *units)
{
    struct parts p;
    return scale <= DECIMAL_MAX_SCALE && split(s, &p) && join(&p, scale, units);
}

bool decimal_parse_any(struct strv s, int64_t *units, unsigned *scale)
{
    struct parts p;
    if (!split(s, &p)) {
        return false;
    }
    unsigned own = p.fraction.n < DECIMAL_MAX_SCALE ? (unsigned)p.fraction.n : DECIMAL_MAX_SCALE;
    if (!join(&p, own, units)) {
        return false;
    }
    *scale = own;
    return true;
}

bool decimal_rescale(int64_t units, unsigned from, unsigned to, int64_t *out)
{
    if (from > DECIMAL_MAX_SCALE || to > DECIMAL_MAX_SCALE) {
        return false;
    }
    if (to >= from) {
        int64_t v;
        if (__builtin_mul_overflow(units, powers[to - from], &v)) {
            return false;
        }
        *out = v;
        return true;
    }
    if (units % powers[from - to] != 0) {
        return false;
    }
    *out = units / powers[from - to];
    return true;
}

int decimal_cmp(int64_t a, unsigned a_scale, int64_t b, unsigned b_scale)
{
    /* 64 bits times 10^9 fit in 128 */
    __int128 x = a, y = b;
    if (a_scale < b_scale) {
        x *= powers[b_scale - a_scale <= DECIMAL_MAX_SCALE ? b_scale - a_scale : DECIMAL_MAX_SCALE];
    } else {
        y *= powers[a_scale - b_scale <= DECIMAL_MAX_SCALE ? a_scale - b_scale : DECIMAL_MAX_SCALE];
    }
    return (x > y) - (x < y);
}

struct decimal_text decimal_format(int64_t units, unsigned scale)
{
    struct decimal_text t;
    scale = scale <= DECIMAL_MAX_SCALE ? scale : DECIMAL_MAX_SCALE;
    uint64_t v = units < 0 ? 0 - (uint64_t)units : (uint64_t)units;
    const char *sign = units < 0 ? "-" : "";
    unsigned long long whole = v / (uint64_t)powers[scale], part = v % (uint64_t)powers[scale];
    char wide[64]; /* what the compiler believes can come; 32 hold every real value */
    if (scale == 0) {
        snprintf(wide, sizeof wide, "%s%llu", sign, whole);
    } else {
        snprintf(wide, sizeof wide, "%s%llu.%0*llu", sign, whole, (int)scale, part);
    }
    strv_copy(strv_from(wide), t.s, sizeof t.s);
    return t;
}

struct decimal_text decimal_format_short(int64_t units, unsigned scale)
{
    struct decimal_text t = decimal_format(units, scale);
    size_t n = strlen(t.s);
    if (scale > 0) {
        while (t.s[n - 1] == '0') {
            n--;
        }
        if (t.s[n - 1] == '.') {
            n--;
        }
        t.s[n] = '\0';
    }
    return t;
}
