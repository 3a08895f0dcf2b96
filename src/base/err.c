#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A text being built, apart from the error it goes to: the old text may be among the arguments. */
struct draft {
    char s[sizeof((struct err *)NULL)->text];
    size_t n;
    bool cut;
};

static void draft_vadd(struct draft *d, const char *fmt, va_list ap)
{
    size_t room = sizeof d->s - d->n;
    int n = vsnprintf(d->s + d->n, room, fmt, ap);
    if (n < 0) {
        d->s[d->n] = '\0';
    } else if ((size_t)n < room) {
        d->n += (size_t)n;
    } else {
        d->n = sizeof d->s - 1;
        d->cut = true;
    }
}

__attribute__((format(printf, 2, 3))) static void draft_add(struct draft *d, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    draft_vadd(d, fmt, ap);
    va_end(ap);
}

/* A cut may have gone through a character: drops what is left of it at the end. */
static void draft_drop_torn(struct draft *d)
{
    size_t lead = d->n;
    while (lead > 0 && d->n - lead < 3 && ((unsigned char)d->s[lead - 1] & 0xc0) == 0x80) {
        lead--;
    }
    if (lead == 0) {
        return;
    }
    unsigned char c = (unsigned char)d->s[--lead];
    size_t want = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
    if (d->n - lead < want) {
        d->s[lead] = '\0';
    }
}

static bool draft_into(struct draft *d, struct err *e, enum err_code code)
{
    for (size_t i = 0; i < d->n; i++) { /* a newline would tear the log line that carries the text */
        if ((unsigned char)d->s[i] < 0x20 || d->s[i] == 0x7f) {
            d->s[i] = ' ';
        }
    }
    if (d->cut) {
        draft_drop_torn(d);
    }
    memcpy(e->text, d->s, sizeof e->text);
    e->code = code;
    return false;
}

bool err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
    if (!e) {
        return false;
    }
    struct draft d = { 0 };
    va_list ap;
    va_start(ap, fmt);
    draft_vadd(&d, fmt, ap);
    va_end(ap);
    return draft_into(&d, e, code);
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
    struct draft d = { 0 };
    char said[96];
    va_list ap;
    va_start(ap, fmt);
    draft_vadd(&d, fmt, ap);
    va_end(ap);
    draft_add(&d, ": %s", strerror_r(errno_value, said, sizeof said));
    return draft_into(&d, e, err_of_errno(errno_value));
}

bool err_prefix(struct err *e, const char *fmt, ...)
{
    if (!e) {
        return false;
    }
    struct draft d = { 0 };
    va_list ap;
    va_start(ap, fmt);
    draft_vadd(&d, fmt, ap);
    va_end(ap);
    draft_add(&d, ": %s", e->text);
    return draft_into(&d, e, e->code);
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
    size_t i = (size_t)code;
    return i < sizeof names / sizeof names[0] ? names[i] : "unknown";
}
