#include "domain/table.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool table_error(const struct table *t, struct err *e, const char *fmt, ...)
{
    char what[240];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    return err_set(e, ERR_INVALID, "%s:%u: %s", t->name, t->line, what);
}

static bool table_check_header(struct table *t, const char *columns, struct err *e)
{
    struct strv wanted = strv_from(columns), line, name, want;
    t->columns = 0;
    t->line = 1;
    if (!strv_next(&t->rest, '\n', &line)) {
        return table_error(t, e, "empty: the names of the columns are missing");
    }
    while (strv_next(&wanted, ',', &want)) {
        t->columns++;
        if (!strv_next(&line, '\t', &name) || !strv_eq(name, want)) {
            return table_error(t, e, "column %u must be \"" STRV_FMT "\"", t->columns, STRV_ARG(want));
        }
    }
    if (line.n) {
        return table_error(t, e, "more than %u columns", t->columns);
    }
    return true;
}

static bool table_begin(struct table *t, const char *columns, struct err *e)
{
    t->rest = (struct strv){ t->text, t->size };
    if (!table_check_header(t, columns, e)) {
        table_free(t);
        return false;
    }
    return true;
}

static bool table_read(FILE *f, struct table *t, const char *path, struct err *e)
{
    size_t cap = 0;
    for (;;) {
        if (t->size == cap) {
            cap = cap ? cap * 2 : 1 << 16;
            char *more = cap > TABLE_MAX_BYTES ? NULL : realloc(t->text, cap);
            if (!more) {
                return err_set(e, ERR_LIMIT, "%s: too large", path);
            }
            t->text = more;
        }
        size_t got = fread(t->text + t->size, 1, cap - t->size, f);
        t->size += got;
        if (got == 0) {
            return !ferror(f) || err_set_errno(e, errno, "%s", path);
        }
    }
}

bool table_load(struct table *t, const char *path, const char *columns, struct err *e)
{
    *t = (struct table){ .name = path };
    FILE *f = fopen(path, "re");
    if (!f) {
        return err_set_errno(e, errno, "%s", path);
    }
    bool ok = table_read(f, t, path, e);
    fclose(f);
    if (!ok) {
        table_free(t);
        return false;
    }
    return table_begin(t, columns, e);
}

bool table_from(struct table *t, struct strv text, const char *name, const char *columns, struct err *e)
{
    *t = (struct table){ .name = name, .size = text.n, .text = malloc(text.n ? text.n : 1) };
    if (!t->text) {
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    if (text.n) {
        memcpy(t->text, text.p, text.n);
    }
    return table_begin(t, columns, e);
}

void table_free(struct table *t)
{
    free(t->text);
    t->text = NULL;
    t->size = 0;
    t->rest = (struct strv){ 0 };
}

bool table_next(struct table *t, struct strv *fields, struct err *e)
{
    struct strv line = { 0 };
    do {
        if (!strv_next(&t->rest, '\n', &line)) {
            return false;
        }
        t->line++;
    } while (line.n == 0);
    for (unsigned i = 0; i < t->columns; i++) {
        fields[i] = (struct strv){ line.p, 0 };
        const char *tab = line.n ? memchr(line.p, '\t', line.n) : NULL;
        if (!tab && i + 1 < t->columns) {
            return table_error(t, e, "%u columns instead of %u", i + 1, t->columns);
        }
        if (tab && i + 1 == t->columns) {
            return table_error(t, e, "more than %u columns", t->columns);
        }
        size_t n = tab ? (size_t)(tab - line.p) : line.n;
        fields[i].n = n;
        line.p += n + (tab ? 1 : 0);
        line.n -= n + (tab ? 1 : 0);
    }
    return true;
}
