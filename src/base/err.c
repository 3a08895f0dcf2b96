#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A newline in the text would tear the log line or the header that carries it. */
static void err_flatten(char *s)
{
    for (; *s; s++) {
        if ((unsigned char)*s < 0x20 || *s == 0x7f) {
            *s = ' ';
        }
    }
}

/* vsnprintf may have cut inside a character: drops the torn sequence at the end. */
static void err_trim_torn(char *s)
{
    size_t n = strlen(s), i = n;
    while (i > 0 && n - i < 4 && ((unsigned char)s[i - 1] & 0xc0) == 0x80) {
        i--;
    }
    if (i == 0) {
        return;
    }
    unsigned char lead = (unsigned char)s[i - 1];
    size_t want = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    if (n - (i - 1) < want) {
        s[i - 1] = '\0';
    }
}

static void err_clean(struct err *e, bool cut)
{
    err_flatten(e->text);
    if (cut) {
        err_trim_torn(e->text);
    }
}

bool err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
    if (!e) {
        return false;
    }
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(e->text, sizeof e->text, fmt, ap);
    va_end(ap);
    e->code = code;
    if (n < 0) {
        e->text[0] = '\0';
    }
    err_clean(e, n >= (int)sizeof e->text);
    return false;
}

static enum err_code err_of_errno(int errno_value)
{
    switch (errno_value) {
    case ENOMEM: return ERR_NOMEM;
    case ENOSPC:
    case EDQUOT: return ERR_FULL;
    case ENOENT: return ERR_NOT_FOUND;
    case EEXIST:
    case EADDRINUSE: return ERR_EXISTS;
    default: return ERR_IO;
    }
}

bool err_set_errno(struct err *e, int errno_value, const char *fmt, ...)
{
    if (!e) {
        return false;
    }
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(e->text, sizeof e->text, fmt, ap);
    va_end(ap);
    e->code = err_of_errno(errno_value);
    if (n < 0) {
        e->text[0] = '\0';
        n = 0;
    }
    if (n < (int)sizeof e->text) {
        char said[96];
        const char *text = strerror_r(errno_value, said, sizeof said);
        n += snprintf(e->text + n, sizeof e->text - (size_t)n, ": %s", text);
    }
    err_clean(e, n >= (int)sizeof e->text);
    return false;
}

bool err_prefix(struct err *e, const char *fmt, ...)
{
    if (!e) {
        return false;
    }
    char old[sizeof e->text];
    memcpy(old, e->text, sizeof old);
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(e->text, sizeof e->text, fmt, ap);
    va_end(ap);
    if (n < 0) {
        n = 0;
    }
    if (n < (int)sizeof e->text) {
        n += snprintf(e->text + n, sizeof e->text - (size_t)n, ": %s", old);
    }
    err_clean(e, n >= (int)sizeof e->text);
    return false;
}

const char *err_code_name(enum err_code code)
{
    static const char *const names[] = {
        [ERR_NONE] = "none",         [ERR_INVALID] = "invalid", [ERR_NOT_FOUND] = "not_found",
        [ERR_EXISTS] = "exists",     [ERR_STATE] = "state",     [ERR_BUSY] = "busy",
        [ERR_FULL] = "full",         [ERR_LIMIT] = "limit",     [ERR_CORRUPT] = "corrupt",
        [ERR_VERSION] = "version",   [ERR_IO] = "io",           [ERR_NOMEM] = "nomem",
        [ERR_INTERNAL] = "internal",
    };
    unsigned i = (unsigned)code;
    return i < sizeof names / sizeof names[0] ? names[i] : "unknown";
}
