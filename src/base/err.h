/* The one error type that crosses layer boundaries: a class a program can act on and a sentence a person can
 * act on. A function that takes `struct err *` returns false (or NULL, or a negative number) when it set it;
 * every caller may pass NULL when it only needs to know that something failed. */
#ifndef TESSERA_BASE_ERR_H
#define TESSERA_BASE_ERR_H

#include <stdbool.h>

enum err_code {
    ERR_NONE = 0,
    ERR_INVALID,   /* the input is wrong; saying it again will not help */
    ERR_NOT_FOUND, /* the thing named does not exist */
    ERR_EXISTS,    /* it is there already, or is held by somebody else */
    ERR_STATE,     /* not possible in the present state */
    ERR_BUSY,      /* a bounded queue is full: try again later */
    ERR_FULL,      /* disk or map full: try again when space has been made */
    ERR_LIMIT,     /* a configured or protocol limit is exceeded */
    ERR_CORRUPT,   /* stored data is torn or foreign */
    ERR_VERSION,   /* stored data is of a version this program does not read */
    ERR_IO,        /* the operating system refused */
    ERR_NOMEM,
    ERR_INTERNAL,
};

struct err {
    enum err_code code;
    char text[320]; /* UTF-8, NUL-terminated, no newline; numbers of customers are masked in it */
};

/* Sets code and text; a NULL `e` is ignored. Always returns false, so that `return err_set(...)` reads well.
 */
bool err_set(struct err *e, enum err_code code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* As err_set, with ": " and strerror(errno_value) added. */
bool err_set_errno(struct err *e, int errno_value, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "prefix: " before the text there is. Returns false. */
bool err_prefix(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* "invalid", "not_found", ...: stable names, used in logs and by the API. */
const char *err_code_name(enum err_code code);

#endif
