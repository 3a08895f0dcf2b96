/* What the tests of smpp/ share: conformance vectors read in place, hexadecimal, exactly sized copies. */
#ifndef TESSERA_TESTS_SMPP_SUPPORT_H
#define TESSERA_TESTS_SMPP_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/strv.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Opens $TESSERA_VECTORS/name, or skips the test when it is not there. */
static inline FILE *vectors_open(const char *name)
{
    const char *dir = getenv("TESSERA_VECTORS");
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", dir ? dir : ".", name);
    FILE *f = dir ? fopen(path, "r") : NULL;
    if (!f)
        skip();
    return f;
}

/* The next case of a JSONL file (to be released with json_decref), NULL at the end. */
static inline json_t *vectors_next(FILE *f)
{
    static char line[1 << 20];
    if (!fgets(line, sizeof line, f))
        return NULL;
    json_error_t e;
    json_t *j = json_loads(line, JSON_ALLOW_NUL, &e);
    if (!j)
        fail_msg("vector is not JSON: %s", e.text);
    return j;
}

/* The next row of a TSV file, split in place; comments are passed over. Returns the number of columns, -1 at
 * the end. */
static inline int vectors_row(FILE *f, char *line, size_t size, char *columns[], int max)
{
    do {
        if (!fgets(line, (int)size, f))
            return -1;
        line[strcspn(line, "\r\n")] = '\0';
    } while (line[0] == '#');
    int n = 0;
    for (char *p = line; p && n < max; n++) {
        columns[n] = p;
        p = strchr(p, '\t');
        if (p)
            *p++ = '\0';
    }
    return n;
}

static inline struct strv json_view(const json_t *j)
{
    if (!json_is_string(j))
        return (struct strv){ NULL, 0 };
    return (struct strv){ json_string_value(j), json_string_length(j) };
}

/* Octets in a heap allocation of exactly their number, so that a sanitizer sees any step outside. */
struct octets {
    uint8_t *p;
    size_t n;
};

static inline struct octets octets_copy(const void *p, size_t n)
{
    struct octets o = { malloc(n), n }; /* malloc(0) is a pointer of which no octet may be read */
    assert_true(o.p != NULL || n == 0);
    if (n)
        memcpy(o.p, p, n);
    return o;
}

static inline struct octets octets_from_hex(struct strv hex)
{
    uint8_t *tmp = malloc(hex.n / 2 + 1);
    assert_non_null(tmp);
    long n = hex_decode(hex, tmp, hex.n / 2 + 1);
    assert_true(n >= 0);
    struct octets o = octets_copy(tmp, (size_t)n);
    free(tmp);
    return o;
}

static inline struct strv octets_view(struct octets o)
{
    return (struct strv){ (const char *)o.p, o.n };
}

static inline struct strv buf_view(const struct buf *b)
{
    return (struct strv){ (const char *)b->data, b->len };
}

/* Equality of octets, shown in hexadecimal when it fails. */
static inline void assert_octets(const char *what, struct strv got, struct strv want)
{
    if (strv_eq(got, want))
        return;
    char *g = malloc(2 * got.n + 1), *w = malloc(2 * want.n + 1);
    hex_encode(got.p ? got.p : "", got.n, g);
    hex_encode(want.p ? want.p : "", want.n, w);
    fail_msg("%s:\n  got  %s \"" STRV_FMT "\"\n  want %s \"" STRV_FMT "\"", what, g, STRV_ARG(got), w,
             STRV_ARG(want));
}

#endif
