#include "cli/text.h"

#include "base/civil.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct text text_count(int64_t n)
{
    struct text t;
    char digits[24];
    uint64_t magnitude = n < 0 ? -(uint64_t)n : (uint64_t)n;
    size_t len = (size_t)snprintf(digits, sizeof digits, "%" PRIu64, magnitude), at = 0;
    if (n < 0) {
        t.s[at++] = '-';
    }
    for (size_t i = 0; i < len; i++) {
        if (i != 0 && (len - i) % 3 == 0) {
            t.s[at++] = ',';
        }
        t.s[at++] = digits[i];
    }
    t.s[at] = '\0';
    return t;
}

struct text text_size(uint64_t octets)
{
    static const char *const UNITS[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
    struct text t;
    if (octets < 1024) {
        snprintf(t.s, sizeof t.s, "%u B", (unsigned)octets);
        return t;
    }
    unsigned u = 0;
    double value = (double)octets / 1024;
    /* What would be shown as 1024.0 is the next unit's 1.0. */
    for (; value >= 1023.95 && u + 1 < sizeof UNITS / sizeof UNITS[0]; u++) {
        value /= 1024;
    }
    snprintf(t.s, sizeof t.s, "%.1f %s", value, UNITS[u]);
    return t;
}

struct text text_duration(usec_t d)
{
    struct text t;
    const char *sign = d < 0 ? "-" : "";
    d = d < 0 ? -d : d;
    long long s = (d + USEC_SEC / 2) / USEC_SEC;
    if (d < USEC_SEC - USEC_MS / 2) {
        snprintf(t.s, sizeof t.s, "%s%lld ms", sign, (long long)((d + USEC_MS / 2) / USEC_MS));
    } else if (d < 10 * USEC_SEC - USEC_SEC / 20) {
        snprintf(t.s, sizeof t.s, "%s%.1f s", sign, (double)d / (double)USEC_SEC);
    } else if (s < 60) {
        snprintf(t.s, sizeof t.s, "%s%lld s", sign, s);
    } else if (s < 3600) {
        snprintf(t.s, sizeof t.s, "%s%lld m %02lld s", sign, s / 60, s % 60);
    } else if (s < 86400) {
        snprintf(t.s, sizeof t.s, "%s%lld h %02lld m", sign, s / 3600, s / 60 % 60);
    } else {
        snprintf(t.s, sizeof t.s, "%s%lld d %lld h", sign, s / 86400, s / 3600 % 24);
    }
    return t;
}

struct text text_remaining(usec_t d)
{
    struct text t;
    long long s = d > 0 ? (d + USEC_SEC - 1) / USEC_SEC : 0;
    if (s < 3600) {
        snprintf(t.s, sizeof t.s, "%lld:%02lld", s / 60, s % 60);
    } else {
        snprintf(t.s, sizeof t.s, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
    }
    return t;
}

struct text text_percent(int64_t part, int64_t whole)
{
    struct text t = { "" };
    if (whole <= 0) {
        return t;
    }
    double share = 100.0 * (double)part / (double)whole;
    /* Nothing that exists is 0 %, and nothing incomplete is 100 %. */
    if (part > 0 && share < 0.1) {
        snprintf(t.s, sizeof t.s, "< 0.1 %%");
    } else if (part < whole && share > 99.9) {
        snprintf(t.s, sizeof t.s, "> 99.9 %%");
    } else if (part == 0 || part == whole) {
        snprintf(t.s, sizeof t.s, "%s %%", part == 0 ? "0" : "100");
    } else {
        snprintf(t.s, sizeof t.s, "%.1f %%", share);
    }
    return t;
}

static struct text text_local(usec_t wall, const char *format)
{
    struct text t = { "-" };
    if (wall == 0 || wall == USEC_NEVER) {
        return t;
    }
    time_t s = (time_t)(wall / USEC_SEC - (wall % USEC_SEC < 0));
    struct tm tm;
    if (localtime_r(&s, &tm) == NULL || strftime(t.s, sizeof t.s, format, &tm) == 0) {
        snprintf(t.s, sizeof t.s, "%s", civil_format_utc(wall).s);
    }
    return t;
}

struct text text_instant(usec_t wall)
{
    return text_local(wall, "%Y-%m-%d %H:%M:%S %Z");
}

struct text text_minute(usec_t wall)
{
    return text_local(wall, "%Y-%m-%d %H:%M %Z");
}

static bool text_harmful(int32_t cp)
{
    return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || /* controls, and the eight-bit ones */
           (cp >= 0x202a && cp <= 0x202e) ||         /* embeddings and overrides of direction */
           (cp >= 0x2066 && cp <= 0x2069) || cp == 0x200e || cp == 0x200f || cp == 0x2028 || cp == 0x2029;
}

void text_put_clean(struct buf *out, struct strv s)
{
    if (s.n == 0) {
        return;
    }
    const char *p = s.p, *end = s.p + s.n;
    for (;;) {
        const char *at = p;
        int32_t cp = utf8_next(&p, end);
        if (cp == -2) {
            return;
        }
        if (cp == -1) {
            buf_put(out, "\xEF\xBF\xBD", 3);
        } else if (cp == '\n' || cp == '\r' || cp == '\t') {
            buf_put(out, cp == '\n' ? "\\n" : cp == '\r' ? "\\r" : "\\t", 2);
        } else if (text_harmful(cp)) {
            buf_printf(out, "<U+%04X>", (unsigned)cp);
        } else {
            buf_put(out, at, (size_t)(p - at));
        }
    }
}

void text_put_bar(struct buf *out, int64_t part, int64_t whole, unsigned width, bool unicode)
{
    if (part <= 0 || whole <= 0) {
        return;
    }
    unsigned steps = unicode ? 8 : 1;
    double share = part < whole ? (double)part / (double)whole : 1.0;
    unsigned filled = (unsigned)(share * width * steps + 0.5);
    filled = filled == 0 ? 1 : filled; /* what is there can be seen */
    for (unsigned i = 0; i < filled / steps; i++) {
        buf_put_strv(out, unicode ? STRV("\xE2\x96\x88") : STRV("#"));
    }
    if (filled % steps != 0) {
        char block[4];
        buf_put(out, block, utf8_put(0x2588 + steps - filled % steps, block));
    }
}

void text_put_csv(struct buf *out, struct strv s)
{
    bool plain = true;
    for (size_t i = 0; i < s.n; i++) {
        plain = plain && s.p[i] != '"' && s.p[i] != ',' && s.p[i] != '\n' && s.p[i] != '\r';
    }
    if (plain && (s.n == 0 || (s.p[0] != ' ' && s.p[s.n - 1] != ' '))) {
        buf_put_strv(out, s);
        return;
    }
    buf_put_u8(out, '"');
    for (size_t i = 0; i < s.n; i++) {
        buf_put(out, "\"\"", s.p[i] == '"' ? 2 : 0);
        if (s.p[i] != '"') {
            buf_put_u8(out, (uint8_t)s.p[i]);
        }
    }
    buf_put_u8(out, '"');
}

bool text_is_name(const char *word)
{
    return word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")] == '\0';
}
