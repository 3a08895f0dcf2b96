#include "base/strv.h"

#include <stdlib.h>
#include <string.h>

static char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool ascii_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct strv strv_from(const char *s)
{
    return (struct strv){ s, s ? strlen(s) : 0 };
}

bool strv_eq(struct strv a, struct strv b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool strv_eq_secret(struct strv secret, struct strv said)
{
    volatile unsigned char differs = secret.n != said.n;
    for (size_t i = 0; i < said.n; i++) {
        unsigned char c = secret.n > 0 ? (unsigned char)secret.p[i % secret.n] : 0;
        differs = (unsigned char)(differs | (c ^ (unsigned char)said.p[i]));
    }
    return differs == 0;
}

bool strv_eq_c(struct strv a, const char *b)
{
    return strv_eq(a, strv_from(b));
}

bool strv_ieq_c(struct strv a, const char *b)
{
    struct strv v = strv_from(b);
    if (a.n != v.n) {
        return false;
    }
    for (size_t i = 0; i < a.n; i++) {
        if (ascii_lower(a.p[i]) != ascii_lower(v.p[i])) {
            return false;
        }
    }
    return true;
}

int strv_cmp(struct strv a, struct strv b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int d = n ? memcmp(a.p, b.p, n) : 0;
    return d ? d : (a.n > b.n) - (a.n < b.n);
}

bool strv_starts(struct strv a, struct strv prefix)
{
    return a.n >= prefix.n && strv_eq((struct strv){ a.p, prefix.n }, prefix);
}

struct strv strv_trim(struct strv a)
{
    while (a.n && ascii_space(a.p[0])) {
        a.p++;
        a.n--;
    }
    while (a.n && ascii_space(a.p[a.n - 1])) {
        a.n--;
    }
    return a;
}

struct strv strv_sub(struct strv a, size_t from, size_t n)
{
    if (from >= a.n) {
        return (struct strv){ a.p ? a.p + a.n : NULL, 0 };
    }
    if (n > a.n - from) {
        n = a.n - from;
    }
    return (struct strv){ a.p + from, n };
}

bool strv_next(struct strv *rest, char sep, struct strv *field)
{
    if (rest->n == 0) {
        return false;
    }
    const char *at = memchr(rest->p, sep, rest->n);
    size_t n = at ? (size_t)(at - rest->p) : rest->n;
    *field = (struct strv){ rest->p, n };
    size_t used = at ? n + 1 : n;
    rest->p += used;
    rest->n -= used;
    return true;
}

bool strv_to_u64(struct strv a, uint64_t *out)
{
    uint64_t v = 0;
    if (a.n == 0) {
        return false;
    }
    for (size_t i = 0; i < a.n; i++) {
        if (a.p[i] < '0' || a.p[i] > '9' || __builtin_mul_overflow(v, 10u, &v) ||
            __builtin_add_overflow(v, (unsigned)(a.p[i] - '0'), &v)) {
            return false;
        }
    }
    *out = v;
    return true;
}

bool strv_to_i64(struct strv a, int64_t *out)
{
    bool negative = a.n && a.p[0] == '-';
    if (negative || (a.n && a.p[0] == '+')) {
        a.p++;
        a.n--;
    }
    uint64_t v;
    if (!strv_to_u64(a, &v) || v > (uint64_t)INT64_MAX + negative) {
        return false;
    }
    *out = negative ? (int64_t)(0 - v) : (int64_t)v;
    return true;
}

char *strv_dup(struct strv a)
{
    char *s = a.n < SIZE_MAX ? malloc(a.n + 1) : NULL;
    if (!s) {
        return NULL;
    }
    if (a.n) {
        memcpy(s, a.p, a.n);
    }
    s[a.n] = '\0';
    return s;
}

bool strv_copy(struct strv a, char *dst, size_t size)
{
    size_t n = a.n < size ? a.n : size - 1;
    if (n) {
        memcpy(dst, a.p, n);
    }
    dst[n] = '\0';
    return n == a.n;
}

#define DISTANCE_MAX 64

unsigned strv_distance(struct strv a, struct strv b)
{
    if (a.n > DISTANCE_MAX || b.n > DISTANCE_MAX) {
        return 99;
    }
    /* Optimal string alignment: three rows suffice, as a transposition reaches two rows back. */
    uint8_t rows[3][DISTANCE_MAX + 1];
    uint8_t *before = rows[0], *last = rows[1], *row = rows[2];
    memset(rows, 0, sizeof rows);
    for (size_t j = 0; j <= b.n; j++) {
        last[j] = (uint8_t)j;
    }
    for (size_t i = 1; i <= a.n; i++) {
        row[0] = (uint8_t)i;
        for (size_t j = 1; j <= b.n; j++) {
            unsigned best = last[j - 1] + (a.p[i - 1] != b.p[j - 1]);
            best = last[j] + 1u < best ? last[j] + 1u : best;
            best = row[j - 1] + 1u < best ? row[j - 1] + 1u : best;
            if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1] &&
                before[j - 2] + 1u < best) {
                best = before[j - 2] + 1u;
            }
            row[j] = (uint8_t)best;
        }
        uint8_t *spare = before;
        before = last;
        last = row;
        row = spare;
    }
    return last[b.n];
}

bool strv_is_name(struct strv a)
{
    for (size_t i = 0; i < a.n; i++) {
        char c = a.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
              c == '_' || c == '.')) {
            return false;
        }
    }
    return true;
}
