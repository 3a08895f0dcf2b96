/* What is wrong with a query, for a program (code, place) and for a person (one sentence that names what was
 * found, what was expected, and a name that is nearly right). Plain data; nothing to free. */
#ifndef TESSERA_QUERY_ERROR_H
#define TESSERA_QUERY_ERROR_H

#include "base/err.h"
#include "base/strv.h"

#include <stdint.h>

enum query_error_code {
    QUERY_OK = 0,
    QUERY_E_CHARACTER,         /* a character the language does not use, or text that is not UTF-8 */
    QUERY_E_STRING,            /* a string that is not closed, or a wrong escape */
    QUERY_E_NUMBER,            /* a number, date or count that cannot be held or does not exist */
    QUERY_E_SYNTAX,            /* something else was expected here */
    QUERY_E_UNKNOWN_FIELD,     /* with a suggestion where a name is near */
    QUERY_E_UNKNOWN_EVENT,     /* as above */
    QUERY_E_UNKNOWN_ATTRIBUTE, /* as above */
    QUERY_E_UNKNOWN_SEGMENT,   /* as above */
    QUERY_E_TYPE,              /* the name exists, but is of another type than the condition needs */
    QUERY_E_ARGUMENT,          /* a function without what it needs, or with what it cannot use */
    QUERY_E_PLACE,             /* right by itself, but not inside `where`, or only there */
    QUERY_E_PATTERN,           /* `matches` with what is no regular expression */
    QUERY_E_COSTLY,            /* a regular expression that takes too many steps on a text there is */
    QUERY_E_CYCLE,             /* a segment that refers to itself, directly or through others */
    QUERY_E_UNSUPPORTED,       /* of the language, but not evaluated by this version */
    QUERY_E_TOO_LONG,          /* limit: length */
    QUERY_E_TOO_DEEP,          /* limit: depth */
    QUERY_E_TOO_MANY,          /* limit: conditions */
    QUERY_E_NOMEM,
};

struct query_error {
    enum query_error_code code;
    uint32_t offset;     /* octets from the beginning of the text */
    uint32_t line;       /* 1-based; 0 when the error has no place */
    uint32_t column;     /* 1-based, in characters, within its line */
    char found[64];      /* as written, cut to fit; "" when it does not apply */
    char expected[128];  /* "a number", `"(" or a name`; "" when it does not apply */
    char suggestion[64]; /* a name that is nearly right, or "" */
    char text[320];      /* the whole sentence: `unknown field "gendr" at 14; did you mean "gender"?` */
};

/* "unknown_field", "syntax", ...: stable names for the API. */
const char *query_error_name(enum query_error_code code);

/* The same as the error of layer boundaries: ERR_LIMIT for the limits, ERR_NOMEM, else ERR_INVALID. Returns
 * false. */
bool query_error_to_err(const struct query_error *e, struct err *out);

/* Fills *e (NULL is ignored) with the formatted sentence, its place ("at 14", or "at line 2, 14") and `tail`,
 * which explains and may be NULL. `text` is the whole query, offset where in it. Returns false. For this
 * folder and the evaluator. */
bool query_error_set(struct query_error *e, enum query_error_code code, struct strv text, uint32_t offset,
                     const char *tail, const char *fmt, ...) __attribute__((format(printf, 6, 7)));
/* Adds `; did you mean "name"?` */
void query_error_suggest(struct query_error *e, struct strv name);

#endif
