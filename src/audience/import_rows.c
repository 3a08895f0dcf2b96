#include "audience/import_inside.h"

#include "base/decimal.h"
#include "base/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

/* A place for one more; NULL: there are enough, or no memory. */
static struct audience_reject *reject_place(struct audience_import *im)
{
    if (im->n_rejects >= AUDIENCE_MAX_REJECTS) {
        return NULL;
    }
    if (im->n_rejects == im->cap_rejects) {
        size_t cap = im->cap_rejects ? im->cap_rejects * 2 : 16;
        struct audience_reject *p = realloc(im->rejects, cap * sizeof(*p));
        if (!p) {
            return NULL; /* it is counted */
        }
        im->rejects = p;
        im->cap_rejects = cap;
    }
    return &im->rejects[im->n_rejects++];
}

void import_rejects_take(struct audience_import *im, struct audience_import *reader)
{
    for (size_t i = 0; i < reader->n_rejects; i++) {
        struct audience_reject *r = reject_place(im);
        if (r) {
            *r = reader->rejects[i];
        }
    }
    reader->n_rejects = 0;
}

void import_reject(struct audience_import *im, uint64_t line, const char *column, struct strv value,
                   const char *reason)
{
    struct audience_reject *r = reject_place(im);
    im->next.rejected++;
    if (!r) {
        return;
    }
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

/* What is known of a record while its columns are gone through. */
struct reading {
    struct audience_import *im;
    struct import_row *row;
    struct import_cell *cells;
    struct strv region;
    bool at, skip;                   /* the time is there; the row does not count */
    size_t multiply;                 /* place + 1 of the cell that is an amount of one */
    const struct import_column *bad; /* the first number that cannot be read, */
    struct strv bad_text;
    struct err bad_err; /* and why */
};

static bool is_one_of(struct strv text, struct strv list)
{
    struct strv word;
    while (strv_next(&list, '|', &word)) {
        if (word.n == text.n && strncasecmp(word.p, text.p, text.n) == 0) {
            return true;
        }
    }
    return false;
}

/* What begins like a number or a formula a spreadsheet would take for one, so programs write an apostrophe
 * before it. One before a letter belongs to a name. */
static struct strv unprotected(const struct audience_import *im, struct strv text)
{
    struct strv t = im->o.preset.n ? strv_trim(text) : strv_from(NULL);
    bool is = t.n > 1 && t.p[0] == '\'' && memchr("+-=@0123456789", t.p[1], 14);
    return is ? strv_sub(t, 1, t.n) : text;
}

/* Neither empty nor 0. */
static bool is_something(struct strv text)
{
    int64_t units = 1;
    unsigned scale;
    text = strv_trim(text);
    return text.n && !(decimal_parse_any(text, &units, &scale) && units == 0);
}

/* Parts of the id are joined in a buffer that has room for all of the chunk and does not move. */
static void reading_id(struct reading *r, struct strv text)
{
    struct buf *ids = &r->im->ids;
    text = strv_trim(text);
    if (text.n && r->row->id.n) {
        if (r->row->id.p + r->row->id.n != (const char *)ids->data + ids->len) {
            size_t at = ids->len;
            buf_put_strv(ids, r->row->id);
            r->row->id.p = (const char *)ids->data + at;
        }
        buf_put_u8(ids, '/');
        buf_put_strv(ids, text);
        r->row->id.n += 1 + text.n;
    } else if (text.n) {
        r->row->id = text;
    }
}

static bool reading_number(struct reading *r, const struct import_column *c, struct strv text)
{
    struct err e = { 0 };
    if (r->row->msisdn == 0 && strv_trim(text).n &&
        !import_number(&r->im->o, text, r->region, &r->row->msisdn, &e)) {
        r->row->msisdn = 0;
        if (!r->bad) {
            r->bad = c;
            r->bad_text = text;
            r->bad_err = e;
        }
    }
    return true;
}

static bool row_column(struct reading *r, const struct import_column *c, struct strv text, struct err *e)
{
    struct import_cell *cell = &r->cells[c->cell];
    text = unprotected(r->im, text);
    if (c->need && !is_something(text)) {
        r->skip = true;
        return true;
    }
    if (c->in_id) {
        reading_id(r, text);
    }
    switch (c->target) {
    case IMPORT_MSISDN: return reading_number(r, c, text);
    case IMPORT_TIME:
        if (r->at || ((c->rank || r->im->o.default_time) && !strv_trim(text).n)) {
            return true;
        }
        r->at = true;
        return import_time(&r->im->o, text, &r->row->at, e);
    case IMPORT_ID: reading_id(r, text); return true;
    case IMPORT_LOCALE: r->region = r->region.n ? r->region : strv_trim(text); return true;
    case IMPORT_ONLY: r->skip = !is_one_of(strv_trim(text), c->only); return true;
    case IMPORT_FIELD:
        if (cell->set) { /* by a column that counts more */
            return true;
        }
        if (!import_value(c->type, c->scale, text, cell, e)) {
            return false;
        }
        r->multiply = c->unit && cell->set ? c->cell + 1 : r->multiply;
        return true;
    default: return true;
    }
}

static bool reading_end(struct reading *r)
{
    struct audience_import *im = r->im;
    if (r->row->msisdn == 0) {
        const char *column = r->bad ? r->bad->header : "";
        for (size_t i = 0; !r->bad && i < im->map.n; i++) {
            const struct import_column *c = &im->map.columns[im->map.order[i]];
            column = c->target == IMPORT_MSISDN && !column[0] ? c->header : column;
        }
        import_reject(im, r->row->line, column, r->bad_text, r->bad ? r->bad_err.text : "no number");
        return false;
    }
    if (im->o.kind == IMPORT_EVENTS && !r->at) {
        if (!im->o.default_time) {
            import_reject(im, r->row->line, "", strv_from(NULL), "no time");
            return false;
        }
        r->row->at = im->o.default_time;
    }
    const struct import_cell *q = im->map.quantity ? &r->cells[im->map.quantity - 1] : NULL;
    if (r->multiply && q && q->set) {
        struct import_cell *amount = &r->cells[r->multiply - 1];
        if (__builtin_mul_overflow(amount->number, q->number, &amount->number)) {
            import_reject(im, r->row->line, "", strv_from(NULL), "amount times quantity is too large");
            return false;
        }
    }
    return true;
}

bool import_rows_record(void *ctx, uint64_t line, const struct strv *fields, size_t n)
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
    struct reading r = { .im = im,
                         .row = &im->rows[im->n_rows],
                         .cells = im->cells + im->n_rows * im->map.n_cells };
    *r.row = (struct import_row){ .line = line };
    if (im->map.n_cells) {
        memset(r.cells, 0, im->map.n_cells * sizeof(*r.cells));
    }
    for (size_t i = 0; i < n; i++) {
        size_t at = im->map.order[i];
        const struct import_column *c = &im->map.columns[at];
        if ((c->target || c->in_id) && !row_column(&r, c, fields[at], &e)) {
            import_reject(im, line, c->header, fields[at], e.text);
            return true;
        }
        if (r.skip) {
            im->next.skipped++;
            return true;
        }
    }
    if (reading_end(&r)) {
        import_row_ready(im, r.row, r.cells);
        im->n_rows++;
    }
    return true;
}

static void on_broken(void *ctx, uint64_t line, size_t column, const char *reason)
{
    struct audience_import *im = ctx;
    im->next.rows++;
    import_reject(im, line, column < im->map.n ? im->map.columns[column].header : "", strv_from(NULL),
                  reason);
}

bool import_rows_begin(struct audience_import *im, size_t octets)
{
    im->n_rows = 0;
    im->nomem = false;
    im->n_members = 0;
    buf_clear(&im->records);
    buf_clear(&im->ids);
    import_plan_make(im);
    return buf_reserve(&im->ids, octets + 16);
}

bool import_rows_read_some(struct audience_import *im, struct strv octets, size_t most, size_t *used,
                           uint64_t *line, struct err *e)
{
    const struct import_csv_sink sink = { .ctx = im, .record = import_rows_record, .broken = on_broken };
    if (!import_rows_begin(im, import_csv_room(octets, most))) {
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    if (!import_csv_read_some(octets, most, used, im->delimiter, &im->texts, &sink, line, e)) {
        return false;
    }
    return !im->nomem || err_set(e, ERR_NOMEM, "out of memory");
}

bool import_rows_read(struct audience_import *im, struct strv octets, uint64_t *line, struct err *e)
{
    size_t used;
    return import_rows_read_some(im, octets, octets.n, &used, line, e);
}

void import_rows_free(struct audience_import *im)
{
    buf_free(&im->texts);
    buf_free(&im->ids);
    buf_free(&im->records);
    free(im->rows);
    free(im->cells);
    free(im->members);
    free(im->values);
    free(im->rejects);
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
        import_guess_add(&g->guesses[i], unprotected(g->im, fields[i]));
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
        import_map_guess(&im->map, g.guesses, false);
    }
    free(g.guesses);
    return ok;
}
