/* A scratch audience for a test, and importing a text into it. */
#ifndef TESSERA_TESTS_AUDIENCE_FIXTURE_H
#define TESSERA_TESTS_AUDIENCE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audience/import.h"
#include "audience/load.h"
#include "store/dict.h"
#include "store/events.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIXTURE_NOW INT64_C(1700000000000000) /* 2023-11-14T22:13:20Z */

struct fixture {
    char dir[64];
    struct audience *a;
    struct audience_import_progress progress; /* of the last import */
    char rejects[4000];                       /* "line column [value] reason\n" */
};

static inline void fixture_open(struct fixture *f)
{
    const struct audience_options o = { .dir = f->dir, .map_size = (size_t)256 << 20, .nosync = true };
    struct err e = { 0 };
    f->a = audience_open(&o, &e);
    if (!f->a) {
        fail_msg("open: %s", e.text);
    }
}

static inline int fixture_setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    strcpy(f->dir, "/tmp/tessera-audience-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    fixture_open(f);
    *state = f;
    return 0;
}

static inline void fixture_remove(const char *dir)
{
    DIR *d = opendir(dir);
    for (struct dirent *f; d && (f = readdir(d));) {
        char path[400];
        snprintf(path, sizeof(path), "%s/%s", dir, f->d_name);
        unlink(path);
    }
    if (d) {
        closedir(d);
    }
    rmdir(dir);
}

static inline int fixture_teardown(void **state)
{
    struct fixture *f = *state;
    audience_close(f->a);
    fixture_remove(f->dir);
    free(f);
    return 0;
}

static inline void fixture_verify(struct fixture *f)
{
    struct err e = { 0 };
    struct audience_view *v = audience_view_begin(f->a, &e);
    bool ok = v && audience_verify(v, &e);
    audience_view_end(v);
    if (!ok) {
        fail_msg("%s", e.text);
    }
}

static inline void fixture_note(struct fixture *f, struct audience_import *im)
{
    const struct audience_reject *r;
    size_t n = audience_import_rejects(im, &r);
    size_t at = 0;
    f->progress = *audience_import_progress(im);
    f->rejects[0] = '\0';
    for (size_t i = 0; i < n && at < sizeof(f->rejects) - 600; i++) {
        at += (size_t)sprintf(f->rejects + at, "%llu %s [%s] %s\n", (unsigned long long)r[i].line,
                              r[i].column, r[i].value, r[i].reason);
    }
}

/* The whole text in one chunk. False with the error in f->rejects. */
static inline bool fixture_import(struct fixture *f, const struct audience_import_options *o,
                                  struct strv text)
{
    struct err e = { 0 };
    struct audience_import *im = audience_import_begin(f->a, o, &e);
    bool ok = im && audience_import_chunk(im, audience_import_progress(im)->offset, text, true, &e);
    if (ok) {
        fixture_note(f, im);
    } else {
        snprintf(f->rejects, sizeof(f->rejects), "%s", e.text);
    }
    audience_import_free(im);
    return ok;
}

static inline bool fixture_customers(struct fixture *f, const char *mapping, const char *text)
{
    const struct audience_import_options o = { .kind = IMPORT_CUSTOMERS,
                                               .mapping = strv_from(mapping),
                                               .now = FIXTURE_NOW };
    return fixture_import(f, &o, strv_from(text));
}

static inline bool fixture_events(struct fixture *f, const char *type, const char *mapping, const char *text)
{
    const struct audience_import_options o = {
        .kind = IMPORT_EVENTS, .event = strv_from(type), .mapping = strv_from(mapping), .now = FIXTURE_NOW
    };
    return fixture_import(f, &o, strv_from(text));
}

/* "name=value;..." of every set field of a customer, "" when there is none. */
static inline bool fixture_put_field(void *ctx, const struct schema_field *field, struct strv text)
{
    struct buf *b = ctx;
    return buf_printf(b, STRV_FMT "=" STRV_FMT ";", STRV_ARG(field->name), STRV_ARG(text));
}

static inline bool fixture_put_customer(void *ctx, const struct audience_customer *c)
{
    return audience_customer_fields(c, fixture_put_field, ctx);
}

struct fixture_text {
    char s[1000];
};

static inline struct fixture_text fixture_show(struct fixture *f, uint64_t msisdn)
{
    struct fixture_text out = { "" };
    struct buf b = { 0 };
    struct err e = { 0 };
    struct audience_view *v = audience_view_begin(f->a, &e);
    assert_non_null(v);
    audience_load_number(v, msisdn, fixture_put_customer, &b, &e);
    snprintf(out.s, sizeof(out.s), "%s", buf_cstr(&b));
    audience_view_end(v);
    buf_free(&b);
    return out;
}

#endif
