#include "base/log.h"

#include "base/civil.h"
#include "base/clock.h"
#include "base/utf8.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_OCTETS 4096

static const struct {
    const char *name;
    int priority; /* sd-daemon(3) */
} levels[] = {
    [LOG_ERROR] = { "error", 3 },
    [LOG_WARN] = { "warn", 4 },
    [LOG_INFO] = { "info", 6 },
    [LOG_DEBUG] = { "debug", 7 },
};

/* Always with milliseconds, so that lines sort and align. */
static int log_stamp(char *dst, size_t size)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    struct civil c = civil_from_usec((int64_t)ts.tv_sec * USEC_SEC);
    return snprintf(dst, size, "%04d-%02u-%02uT%02u:%02u:%02u.%03uZ", (int)c.year, (unsigned)c.month,
                    (unsigned)c.day, (unsigned)c.hour, (unsigned)c.minute, (unsigned)c.second,
                    (unsigned)(ts.tv_nsec / 1000000) % 1000u);
}

/* snprintf's answer as a length inside `room`, which includes the NUL. */
static size_t log_fit(int n, size_t room)
{
    return n < 0 ? 0 : (size_t)n < room ? (size_t)n : room - 1;
}

void log_event(const struct log *l, enum log_level level, const char *event, const char *fmt, ...)
{
    if (level > l->level) {
        return;
    }
    int saved = errno;
    char line[LINE_MAX_OCTETS], stamp[64];
    const size_t room = sizeof line - 1; /* one octet is the newline's */
    char prefix[8] = "";
    if (l->sd_prefix) {
        snprintf(prefix, sizeof prefix, "<%d>", levels[level].priority);
    }
    log_stamp(stamp, sizeof stamp);
    size_t n = log_fit(snprintf(line, room, "%s%s %s %s", prefix, stamp, levels[level].name, event), room);
    if (fmt && *fmt && n + 2 < room) {
        line[n++] = ' ';
        va_list ap;
        va_start(ap, fmt);
        n += log_fit(vsnprintf(line + n, room - n, fmt, ap), room - n);
        va_end(ap);
    }
    for (size_t i = 0; i < n; i++) { /* a forged second line must not be possible */
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f) {
            line[i] = '?';
        }
    }
    line[n++] = '\n';
    while (write(l->fd, line, n) < 0 && errno == EINTR) {
    }
    errno = saved;
}

bool log_level_parse(struct strv s, enum log_level *out)
{
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        if (strv_ieq_c(s, levels[i].name)) {
            *out = (enum log_level)i;
            return true;
        }
    }
    return false;
}

const char *log_level_name(enum log_level level)
{
    return (size_t)level < sizeof levels / sizeof levels[0] ? levels[level].name : "unknown";
}

/* One character of a quoted value: as it is, or escaped. Returns its length in `piece`. */
static size_t log_piece(int32_t cp, const char *from, size_t n, char piece[8])
{
    if (cp == '"' || cp == '\\') {
        piece[0] = '\\';
        piece[1] = (char)cp;
        return 2;
    }
    if (cp == '\n' || cp == '\r' || cp == '\t') {
        piece[0] = '\\';
        piece[1] = cp == '\n' ? 'n' : cp == '\r' ? 'r' : 't';
        return 2;
    }
    if (cp < 0 || cp < 0x20 || cp == 0x7f) {
        return (size_t)snprintf(piece, 8, "\\x%02x", (unsigned char)*from);
    }
    if ((cp >= 0x80 && cp < 0xa0) || (cp >= 0x200e && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069)) {
        return (size_t)snprintf(piece, 8, "\\u%04x", (unsigned)cp); /* C1 controls and direction overrides */
    }
    memcpy(piece, from, n);
    return n;
}

struct log_text log_quote(struct strv s)
{
    struct log_text t;
    const size_t most = sizeof t.s - sizeof "...\""; /* what always stays free for the end */
    const char *p = s.n ? s.p : "", *end = p + s.n;
    size_t n = 0;
    t.s[n++] = '"';
    while (p < end) {
        const char *from = p;
        char piece[8];
        int32_t cp = utf8_next(&p, end);
        size_t len = log_piece(cp, from, (size_t)(p - from), piece);
        if (n + len > most) {
            memcpy(t.s + n, "...", 3);
            n += 3;
            break;
        }
        memcpy(t.s + n, piece, len);
        n += len;
    }
    t.s[n++] = '"';
    t.s[n] = '\0';
    return t;
}

#define MASKED_DIGITS 5

struct log_text log_number(const struct log *l, uint64_t msisdn)
{
    struct log_text t;
    if (msisdn == 0) {
        memcpy(t.s, "-", 2);
        return t;
    }
    int n = snprintf(t.s, sizeof t.s, "+%llu", (unsigned long long)msisdn);
    if (!l || !l->show_numbers) {
        int masked = n - 1 < MASKED_DIGITS ? n - 1 : MASKED_DIGITS;
        memset(t.s + n - masked, '*', (size_t)masked);
    }
    return t;
}
