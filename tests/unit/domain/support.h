/* What the tests of domain/ share: where the tables are, instants as text. */
#ifndef TESSERA_TESTS_DOMAIN_SUPPORT_H
#define TESSERA_TESTS_DOMAIN_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/civil.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/strv.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* The path of a table of the source tree's conf/; one static buffer a name. */
static inline const char *conf_path(const char *name)
{
    static char paths[8][512];
    static unsigned next;
    const char *src = getenv("TESSERA_SRC");
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/conf/%s", src ? src : ".", name);
    return path;
}

/* Opens a file of the conformance vectors; skips the test where they are not there. */
static inline FILE *open_vectors(const char *name)
{
    char path[512];
    const char *dir = getenv("TESSERA_VECTORS");
    snprintf(path, sizeof path, "%s/%s", dir ? dir : ".", name);
    FILE *f = fopen(path, "r");
    if (!f) {
        print_message("no %s: skipped\n", name);
        skip();
    }
    return f;
}

/* "2026-03-29T01:00:00Z" */
static inline usec_t instant(const char *text)
{
    int64_t t = 0;
    bool has_offset, has_time;
    if (!civil_parse(strv_from(text), &t, &has_offset, &has_time)) {
        fail_msg("not an instant: %s", text);
    }
    return t;
}

/* To say where a loop failed. */
#define expect(condition, ...)                                                                               \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            print_error("%s:%d: %s: ", __FILE__, __LINE__, #condition);                                      \
            print_error(__VA_ARGS__);                                                                        \
            print_error("\n");                                                                               \
            fail();                                                                                          \
        }                                                                                                    \
    } while (0)

#endif
