#include "audience/import_inside.h"

#include "base/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GUESS_RECORDS 1000

static void fit(struct strv text, char *out, size_t size)
{
    struct buf clean = { 0 };
    size_t n = 0;
    utf8_put_clean(&clean, strv_sub(text, 0, size));
    struct strv view = { (const char *)clean.data, clean.len };
    for (const char *p = view.p, *end = p + view.n; p && p < end;) { /* whole characters only */
        const char *from = p;
        utf8_next(&p, end);
        if (n + (size_t)(p - from) >= size) {
            break;
        }
        memcpy(out + n, from, (size_t)(p - from));
        n += (size_t)(p - from);
    }
    out[n] = '\0';
    buf_free(&clean);
}

void import_reject(struct audience_import *im, uint64_t line, const char *column, struct strv value,
                   const char *reason)
{
    im->next.rejected++;
    if (im->n_rejects >= AUDIENCE_MAX_REJECTS) {
        return;
    }
    if (im->n_rejects == im->cap_rejects) {
        size_t cap = im->cap_rejects ? im->cap_rejects * 2 : 16;
        struct audience_reject *p = realloc(im->rejects, cap * sizeof(*p));
        if (!p) {
            return; /* it is counted */
        }
        im->rejects = p;
        im->cap_rejects = cap;
    }
    struct audience_reject *r = &im->rejects[im->n_rejects++];
    r->line = line;
    fit(strv_from(column), r->column, sizeof(r->column));
    fit(value, r->value, sizeof(r->value));
    fit(strv_from(reason), r->reason, sizeof(r->reason));
}

/* Room for one more row. */
static bool row_reserve(struct audience_import *im)
{
    if (im->n_rows == im->cap_rows) {
        size_t cap = im->cap_rows ? im->cap_rows * 2 : 1024;
        struct import_row *p = realloc(im->rows, cap * sizeof(*p));
        if (!p) {
            return false;
        }
        im->rows = p;
        im->cap_rows = cap;
    }
    size_t cells = (im->n_rows + 1) * im->map.n_cells;
    if (cells >= im->cap_cells) { /* never empty, so that a pointer into it is one */
        size_t cap = cells * 2 + 1;
        struct import_cell *p = realloc(im->cells, cap * sizeof(*p));
        if (!p) {
            return false;
        }
        im->cells = p;
        im->cap_cells = cap;
    }
    return true;
}

static bool row_column(struct audience_import *im, const struct import_column *c, struct strv text,
                       struct import_row *row, struct import_cell *cells, struct err *e)
{
    switch (c->target) {
    case IMPORT_MSISDN: return import_number(&im->o, text, &row->msisdn, e);
    case IMPORT_TIME: return import_time(&im->o, text, &row->at, e);
    case IMPORT_ID: row->id = strv_trim(text); return true;
    case IMPORT_FIELD: return import_value(c->type, c->scale, text, &cells[c->cell], e);
    default: return true;
    }
}

static bool on_record(void *ctx, uint64_t line, const struct strv *fields, size_t n)
{
    struct audience_import *im = ctx;
    struct err e = { 0 };
    im->next.rows++;
    if (n != im->map.n) {
        char reason[80];
        snprintf(reason, sizeof(reason), "has %zu columns where the header has %zu", n, im->map.n);
        import_reject(im, line, "", n ? fields[0] : strv_from(NULL), reason);
        return true;
    }
    if (!row_reserve(im)) {
        im->nomem = true;
        return false;
    }
    struct import_row *row = &im->rows[im->n_rows];
    *row = (struct import_row){ .line = line };
    for (size_t i = 0; i < n; i++) {
        const struct import_column *c = &im->map.columns[i];
        if (c->target && !row_column(im, c, fields[i], row, im->cells + im->n_rows * im->map.n_cells, &e)) {
            import_reject(im, line, c->header, fields[i], e.text);
            return true;
        }
    }
    im->n_rows++;
    return true;
}

static void on_broken(void *ctx, uint64_t line, size_t column, const char *reason)
{
    struct audience_import *im = ctx;
    im->next.rows++;
    import_reject(im, line, column < im->map.n ? im->map.columns[column].header : "", strv_from(NULL),
                  reason);
}

bool import_rows_read(struct audience_import *im, struct strv octets, uint64_t *line, struct err *e)
{
    const struct import_csv_sink sink = { .ctx = im, .record = on_record, .broken = on_broken };
    im->n_rows = 0;
    im->nomem = false;
    if (!import_csv_read(octets, im->delimiter, &im->texts, &sink, line, e)) {
        return false;
    }
    return !im->nomem || err_set(e, ERR_NOMEM, "out of memory");
}

/* --- guessing --- */

struct guessing {
    struct audience_import *im;
    struct import_guess *guesses;
    size_t records;
};

static bool guess_record(void *ctx, uint64_t line, const struct strv *fields, size_t n)
{
    struct guessing *g = ctx;
    (void)line;
    for (size_t i = 0; n == g->im->map.n && i < n; i++) {
        import_guess_add(&g->guesses[i], fields[i]);
    }
    return ++g->records < GUESS_RECORDS;
}

static void guess_broken(void *ctx, uint64_t line, size_t column, const char *reason)
{
    (void)ctx;
    (void)line;
    (void)column;
    (void)reason;
}

bool import_rows_guess(struct audience_import *im, struct strv octets, struct err *e)
{
    struct guessing g = { .im = im, .guesses = calloc(im->map.n ? im->map.n : 1, sizeof(*g.guesses)) };
    const struct import_csv_sink sink = { .ctx = &g, .record = guess_record, .broken = guess_broken };
    uint64_t line = 1;
    if (!g.guesses) {
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    bool ok = import_csv_read(octets, im->delimiter, &im->texts, &sink, &line, e);
    if (ok) {
        import_map_guess(&im->map, g.guesses);
    }
    free(g.guesses);
    return ok;
}
