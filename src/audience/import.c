#include "audience/import.h"

#include "audience/import_inside.h"
#include "store/documents.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SESSION_VERSION  1
#define SESSION_MAX_NAME 64
#define HEADER_MAX       65536u

/* --- a session's progress as it is stored --- */

static bool session_encode(const struct audience_import *im, struct buf *b)
{
    const struct audience_import_progress *p = &im->next;
    const uint64_t numbers[] = { p->offset,    p->lines,  p->rows,     p->created,  p->updated,
                                 p->unchanged, p->events, p->repeated, p->rejected, p->finished };
    buf_clear(b);
    buf_put_u8(b, SESSION_VERSION);
    buf_put_u8(b, (uint8_t)im->o.kind);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        buf_put_varint(b, numbers[i]);
    }
    buf_put_lstr(b, (struct strv){ (const char *)im->header.data, im->header.len });
    return buf_put_varint(b, p->skipped);
}

static bool session_decode(struct audience_import *im, struct strv octets, struct err *e)
{
    struct rd r = rd_from(octets.p, octets.n);
    struct audience_import_progress *p = &im->done;
    uint64_t *const numbers[] = { &p->offset,    &p->lines,  &p->rows,     &p->created, &p->updated,
                                  &p->unchanged, &p->events, &p->repeated, &p->rejected };
    uint8_t version = rd_u8(&r);
    uint8_t kind = rd_u8(&r);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        *numbers[i] = rd_varint(&r);
    }
    p->finished = rd_varint(&r) != 0;
    struct strv header = rd_lstr(&r);
    p->skipped = rd_left(&r) ? rd_varint(&r) : 0; /* of before there were any */
    if (r.failed || version != SESSION_VERSION) {
        return err_set(e, ERR_CORRUPT, "the import's stored progress is torn");
    }
    if (kind != im->o.kind) {
        return err_set(e, ERR_STATE, "an import of this name was begun for something else");
    }
    return buf_put_strv(&im->header, header) || err_set(e, ERR_NOMEM, "out of memory");
}

static bool session_load(struct audience_import *im, struct catalog_txn *t, struct err *e)
{
    struct strv stored;
    if (!im->o.session.n || im->o.validate || !document_get(t, DOCUMENT_IMPORT, im->o.session, &stored)) {
        return catalog_ok(t, e);
    }
    return session_decode(im, stored, e);
}

static bool session_store(struct audience_import *im, struct err *e)
{
    if (!im->o.session.n) {
        return true;
    }
    if (!session_encode(im, &im->copy)) {
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    document_put(im->writer.txn, DOCUMENT_IMPORT, im->o.session,
                 (struct strv){ (const char *)im->copy.data, im->copy.len });
    return catalog_ok(im->writer.txn, e);
}

bool audience_import_forget(struct audience *a, struct strv session, struct err *e)
{
    struct catalog_txn *t = catalog_begin_write(a->catalog, e);
    if (!t) {
        return false;
    }
    document_delete(t, DOCUMENT_IMPORT, session);
    return catalog_commit(t, e);
}

/* --- the header --- */

struct header_reading {
    struct audience_import *im;
    const struct schema *schema;
    bool found, ok;
    struct err *e;
};

static bool header_record(void *ctx, uint64_t line, const struct strv *fields, size_t n)
{
    struct header_reading *h = ctx;
    (void)line;
    h->found = true;
    h->ok = import_map_make(&h->im->map, &h->im->o, h->schema, fields, n, h->e);
    return false;
}

static void header_broken(void *ctx, uint64_t line, size_t column, const char *reason)
{
    struct header_reading *h = ctx;
    (void)line;
    if (!h->found) {
        h->found = true;
        h->ok = err_set(h->e, ERR_INVALID, "the header is broken at column %zu: %s", column + 1, reason);
    }
}

/* What is no CSV in UTF-8 is told by its first line, before it would be taken for one long name. */
static bool header_readable(struct strv text, struct err *e)
{
    bool quoted = false;
    if (text.n && memchr(text.p, '\0', text.n)) {
        return err_set(e, ERR_INVALID, "not UTF-8: write it anew, as with iconv -f UTF-16 -t UTF-8");
    }
    for (size_t i = 0; i + 1 < text.n; i++) {
        quoted = quoted != (text.p[i] == '"');
        if (!quoted && text.p[i] == '\r' && text.p[i + 1] != '\n') {
            return err_set(
                e, ERR_INVALID,
                "its lines end with a carriage return alone: write it anew, as with tr '\\r' '\\n'");
        }
    }
    return true;
}

/* Makes the map of im->header. */
static bool header_read(struct audience_import *im, struct catalog_txn *t, struct err *e)
{
    struct strv text = { (const char *)im->header.data, im->header.len };
    if (im->o.format == IMPORT_NDJSON) {
        return import_rows_names(im, t, strv_from(NULL), e);
    }
    struct schema *schema = header_readable(text, e) ? schema_load(t, e) : NULL;
    uint64_t line = 1;
    if (!schema) {
        return false;
    }
    const struct schema_event *ev = schema_find_event(schema, im->o.event);
    im->event = ev ? ev->id : 0;
    im->delimiter = im->o.delimiter ? im->o.delimiter : import_csv_delimiter(text);
    struct header_reading h = { .im = im, .schema = schema, .e = e };
    const struct import_csv_sink sink = { .ctx = &h, .record = header_record, .broken = header_broken };
    bool ok = import_csv_read(text, im->delimiter, &im->texts, &sink, &line, e);
    if (ok && !h.found) {
        ok = err_set(e, ERR_INVALID, "there is no header: the first line must name the columns");
    }
    schema_free(schema);
    return ok && h.ok;
}

/* How many octets the header takes, byte order mark and its newline included. */
static size_t header_length(struct strv octets)
{
    bool quoted = false;
    for (size_t i = 0; i < octets.n && i < HEADER_MAX; i++) {
        quoted = quoted != (octets.p[i] == '"');
        if (octets.p[i] == '\n' && !quoted) {
            return i + 1;
        }
    }
    return octets.n < HEADER_MAX ? octets.n : 0;
}

/* Takes the header off the front of the first chunk. */
static bool header_take(struct audience_import *im, struct strv *octets, struct err *e)
{
    static const char mark[] = "\xEF\xBB\xBF";
    size_t n = header_length(*octets), skip = strv_starts(*octets, STRV(mark)) ? 3 : 0;
    if (octets->n && !n) {
        return err_set(e, ERR_INVALID, "the header is longer than %u octets, or a quote in it is not closed",
                       HEADER_MAX);
    }
    buf_clear(&im->header);
    if (!buf_put_strv(&im->header, strv_sub(*octets, skip, n - skip))) {
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    for (size_t i = 0; i < n; i++) {
        im->next.lines += octets->p[i] == '\n' || i + 1 == octets->n;
    }
    *octets = strv_sub(*octets, n, octets->n);
    return true;
}

static void stage_forget(struct audience_import *im);

/* --- beginning and ending --- */

static bool options_copy(struct audience_import *im, const struct audience_import_options *o)
{
    im->o = *o;
    char *session = strv_dup(o->session), *event = strv_dup(o->event), *mapping = strv_dup(o->mapping);
    im->o.session = (struct strv){ session, session ? o->session.n : 0 };
    im->o.event = (struct strv){ event, event ? o->event.n : 0 };
    im->o.mapping = (struct strv){ mapping, mapping ? o->mapping.n : 0 };
    char *preset = strv_dup(o->preset);
    im->o.preset = (struct strv){ preset, preset ? o->preset.n : 0 };
    return session && event && mapping && preset;
}

static bool options_check(const struct audience_import_options *o, struct err *e)
{
    if (o->session.n > SESSION_MAX_NAME) {
        return err_set(e, ERR_LIMIT, "the name of an import has at most %d octets", SESSION_MAX_NAME);
    }
    if (o->kind == IMPORT_EVENTS && o->mode != IMPORT_UPSERT) {
        return err_set(e, ERR_INVALID,
                       "update and replace are for customers: events only come to those there are");
    }
    if (o->kind == IMPORT_EVENTS && (!schema_name_valid(o->event) || memchr(o->event.p, '.', o->event.n))) {
        return err_set(e, ERR_INVALID, "say the type of the events: small letters, digits and _");
    }
    return true;
}

static bool import_resume(struct audience_import *im, struct err *e)
{
    struct catalog_txn *t = catalog_begin_read(im->audience->catalog, e);
    bool ok = t && session_load(im, t, e);
    ok = ok && (im->header.len == 0 || header_read(im, t, e));
    catalog_end(t);
    im->next = im->done;
    return ok;
}

struct audience_import *audience_import_begin(struct audience *a, const struct audience_import_options *o,
                                              struct err *e)
{
    if (!options_check(o, e)) {
        return NULL;
    }
    struct audience_import *im = calloc(1, sizeof(*im));
    if (!im) {
        err_set(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    im->audience = a;
    im->staged = -1;
    bool ok = options_copy(im, o) || err_set(e, ERR_NOMEM, "out of memory");
    ok = ok && audience_writer_init(&im->writer, a, e) && import_resume(im, e);
    if (!ok) {
        audience_import_free(im);
        return NULL;
    }
    return im;
}

void audience_import_free(struct audience_import *im)
{
    if (!im) {
        return;
    }
    import_ahead_free(im);
    audience_writer_free(&im->writer);
    stage_forget(im);
    free(im->pieces);
    import_map_free(&im->map);
    free((char *)(uintptr_t)im->o.session.p);
    free((char *)(uintptr_t)im->o.event.p);
    free((char *)(uintptr_t)im->o.mapping.p);
    free((char *)(uintptr_t)im->o.preset.p);
    buf_free(&im->header_before);
    import_log_free(&im->log);
    stages_free(&im->stages);
    schema_free(im->stages_schema);
    buf_free(&im->header);
    buf_free(&im->copy);
    customer_arena_free(&im->arena);
    import_rows_free(im);
    free(im->codes);
    free(im);
}

/* --- a chunk --- */

/* Whether the chunk is to be done (*due), was done before (not *due), or cannot be (false). */
static bool chunk_due(struct audience_import *im, uint64_t offset, struct strv octets, bool is_last,
                      bool *due, struct err *e)
{
    bool before = octets.n ? offset + octets.n <= im->done.offset : im->done.finished;
    *due = !before || (is_last && !im->done.finished);
    if (before) {
        return true;
    }
    if (offset != im->done.offset || im->done.finished) {
        return err_set(e, ERR_STATE, "the next part of this import begins at octet %llu",
                       (unsigned long long)im->done.offset);
    }
    if (!is_last && octets.n && octets.p[octets.n - 1] != '\n') {
        return err_set(e, ERR_INVALID, "the part of the file does not end at the end of a line");
    }
    return true;
}

static int reject_cmp(const void *a, const void *b)
{
    const struct audience_reject *x = a, *y = b;
    return x->line < y->line ? -1 : x->line > y->line;
}

/* What the columns are, when they are not known yet, without changing anything that is stored. */
static bool chunk_header(struct audience_import *im, struct catalog_txn *t, struct strv *octets,
                         struct err *e)
{
    if (im->map.columns != NULL && im->schema_moves != im->audience->schema_moves) {
        import_map_free(&im->map); /* of fields that are called otherwise now, or are no more */
        if (!header_read(im, t, e) || (im->map.guesses && !import_rows_guess(im, *octets, e))) {
            return false;
        }
    }
    im->schema_moves = im->audience->schema_moves;
    if (im->map.columns == NULL) {
        if (!header_take(im, octets, e) || !header_read(im, t, e)) {
            return false;
        }
        if (im->map.guesses && !import_rows_guess(im, *octets, e)) {
            return false;
        }
    }
    return true;
}

/* Header and rows, without changing anything that is stored. */
static bool chunk_read_json(struct audience_import *im, struct catalog_txn *t, struct strv octets,
                            struct err *e)
{
    static const char mark[] = "\xEF\xBB\xBF";
    uint64_t line = im->next.lines + 1;
    if (line == 1 && strv_starts(octets, STRV(mark))) {
        octets = strv_sub(octets, 3, octets.n);
    }
    buf_clear(&im->header_before);
    if (!buf_put(&im->header_before, im->header.data, im->header.len)) {
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    if (im->schema_moves != im->audience->schema_moves) {
        import_map_free(&im->map);
    }
    im->schema_moves = im->audience->schema_moves;
    if ((octets.n || !im->map.columns) && !import_rows_names(im, t, octets, e)) {
        return false;
    }
    bool ok = import_rows_read_json(im, octets, &line, e);
    im->next.lines = line - 1;
    return ok;
}

static bool chunk_read(struct audience_import *im, struct catalog_txn *t, struct strv octets, struct err *e)
{
    if (im->o.format == IMPORT_NDJSON) {
        return chunk_read_json(im, t, octets, e);
    }
    if (!chunk_header(im, t, &octets, e)) {
        return false;
    }
    uint64_t line = im->next.lines + 1;
    if (!import_rows_read(im, octets, &line, e)) {
        return false;
    }
    im->next.lines = line - 1;
    return true;
}

static bool chunk_declare(struct audience_import *im, struct err *e)
{
    if (im->o.kind == IMPORT_EVENTS && !im->event) {
        if (im->o.known_only) {
            struct schema *s = schema_load(im->writer.txn, e);
            bool said = s && schema_no_event(s, im->o.event, e);
            schema_free(s);
            return said;
        }
        im->event = schema_add_event(im->writer.txn, im->o.event, im->o.now, e);
        if (!im->event) {
            return false;
        }
    }
    return import_map_declare(&im->map, im->writer.txn, im->event, &im->o, e);
}

static bool chunk_apply(struct audience_import *im, struct strv octets, struct err *e)
{
    struct catalog_txn *t = im->writer.txn;
    const bool events = im->o.kind == IMPORT_EVENTS;
    import_apply_fn *apply = events ? import_events_apply : import_customers_apply;
    im->log.n = 0;
    bool ok = false;
    im->known = &im->writer.dict;
    im->locator = im->o.locator;
    if (im->o.format != IMPORT_NDJSON && import_is_large(im, octets)) {
        ok = chunk_header(im, t, &octets, e) && chunk_declare(im, e) && import_ahead(im, octets, apply, e);
    } else {
        ok = chunk_read(im, t, octets, e) && chunk_declare(im, e) && apply(im, e);
    }
    return ok && (!events || import_events_store(im, e));
}

static bool chunk_write(struct audience_import *im, struct strv octets, struct err *e)
{
    struct audience_writer *w = &im->writer;
    const struct audience_import_progress *p = &im->next, *d = &im->done;
    w->now = im->o.now;
    if (!audience_writer_begin(w, e)) {
        return false;
    }
    bool ok = chunk_apply(im, octets, e) && session_store(im, e);
    bool changed = p->created != d->created || p->updated != d->updated || p->events != d->events;
    ok = ok && audience_writer_commit(w, changed, e);
    audience_writer_abort(w);
    return ok;
}

static bool chunk_rehearse(struct audience_import *im, struct strv octets, struct err *e)
{
    struct catalog_txn *t = catalog_begin_read(im->audience->catalog, e);
    bool ok = t && chunk_read(im, t, octets, e);
    ok = ok &&
         (im->o.kind == IMPORT_CUSTOMERS ? import_customers_check(im, t, e) : import_events_check(im, t, e));
    catalog_end(t);
    return ok;
}

/* --- the whole file or nothing --- */

static bool stage_put(struct audience_import *im, struct strv octets, struct err *e)
{
    if (im->next.offset > AUDIENCE_ATOMIC_MAX) {
        return err_set(
            e, ERR_LIMIT,
            "at most 1 GiB can be imported all or nothing: split the file, or leave --atomic away");
    }
    if (im->staged < 0) {
        im->staged = open(im->audience->dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    }
    if (im->n_pieces == im->cap_pieces) {
        size_t cap = im->cap_pieces ? im->cap_pieces * 2 : 64;
        uint32_t *p = realloc(im->pieces, cap * sizeof(*p));
        if (!p) {
            return err_set(e, ERR_NOMEM, "out of memory");
        }
        im->pieces = p;
        im->cap_pieces = cap;
    }
    off_t at = (off_t)im->done.offset;
    if (im->staged < 0 || pwrite(im->staged, octets.p, octets.n, at) != (ssize_t)octets.n) {
        return err_set_errno(e, errno, "cannot put the file aside in %s", im->audience->dir);
    }
    im->pieces[im->n_pieces++] = (uint32_t)octets.n;
    return true;
}

static bool stage_apply(struct audience_import *im, struct err *e)
{
    struct buf piece = { 0 };
    off_t at = 0;
    bool ok = true;
    for (size_t i = 0; ok && i < im->n_pieces; at += im->pieces[i++]) {
        size_t n = im->pieces[i];
        buf_clear(&piece);
        ok = buf_reserve(&piece, n + 1) || err_set(e, ERR_NOMEM, "out of memory");
        if (ok && pread(im->staged, piece.data, n, at) != (ssize_t)n) {
            ok = err_set_errno(e, errno, "cannot read what was put aside");
        }
        ok = ok && chunk_apply(im, (struct strv){ (const char *)piece.data, n }, e) &&
             audience_writer_flush(&im->writer, e);
    }
    if (!ok) {
        import_ahead_drop(im); /* it may still be reading the piece */
    }
    buf_free(&piece);
    return ok;
}

static void stage_forget(struct audience_import *im)
{
    if (im->staged >= 0) {
        close(im->staged);
    }
    im->staged = -1;
    im->n_pieces = 0;
}

/* Everything that was put aside, in one transaction. After a failure it begins from nothing. */
static bool stage_write(struct audience_import *im, struct err *e)
{
    struct audience_writer *w = &im->writer;
    im->next = (struct audience_import_progress){ .offset = im->next.offset, .finished = true };
    w->now = im->o.now;
    bool ok = audience_writer_begin(w, e) && stage_apply(im, e);
    if (ok && im->next.rejected) {
        ok = err_set(e, ERR_INVALID, "%llu of %llu rows were rejected: nothing was imported",
                     (unsigned long long)im->next.rejected, (unsigned long long)im->next.rows);
    }
    ok = ok && session_store(im, e) && audience_writer_commit(w, true, e);
    audience_writer_abort(w);
    stage_forget(im);
    if (!ok) {
        im->done = (struct audience_import_progress){ 0 };
        import_map_free(&im->map);
        buf_clear(&im->header);
    }
    return ok;
}

static bool chunk_stage(struct audience_import *im, struct strv octets, bool is_last, struct err *e)
{
    return stage_put(im, octets, e) && (!is_last || stage_write(im, e));
}

void audience_import_soon(struct audience_import *im, struct strv octets)
{
    if (!im->o.validate && !im->o.atomic) {
        im->soon = octets;
    }
}

bool audience_import_chunk(struct audience_import *im, uint64_t offset, struct strv octets, bool is_last,
                           struct err *e)
{
    bool due;
    if (!chunk_due(im, offset, octets, is_last, &due, e)) {
        return false;
    }
    if (!due) {
        return true;
    }
    if (offset < im->done.offset) { /* its rows are done: only that it was the last is new */
        offset = im->done.offset;
        octets = strv_from(NULL);
    }
    bool first = im->map.columns == NULL;
    if (im->schema_moves != im->audience->schema_moves) { /* the map may be made anew */
        import_ahead_drop(im);
    }
    size_t rejects = im->n_rejects;
    im->next = im->done;
    im->next.offset = offset + octets.n;
    im->next.finished = is_last;
    bool ok = im->o.validate ? chunk_rehearse(im, octets, e)
              : im->o.atomic ? chunk_stage(im, octets, is_last, e)
                             : chunk_write(im, octets, e);
    if (ok) {
        im->done = im->next;
        if (im->n_rejects) {
            qsort(im->rejects, im->n_rejects, sizeof(*im->rejects), reject_cmp);
        }
        return true;
    }
    im->n_rejects = rejects;
    import_ahead_drop(im);
    if (first) { /* ids that were given out are not */
        import_map_free(&im->map);
        buf_clear(&im->header);
    } else if (im->o.format == IMPORT_NDJSON) { /* nor are columns that came with it */
        import_map_free(&im->map);
        struct buf header = im->header;
        im->header = im->header_before;
        im->header_before = header;
    }
    return false;
}

/* --- what has come of it --- */

const struct audience_import_progress *audience_import_progress(const struct audience_import *im)
{
    return &im->done;
}

size_t audience_import_rejects(const struct audience_import *im, const struct audience_reject **list)
{
    *list = im->rejects;
    return im->n_rejects;
}

void audience_import_take_rejects(struct audience_import *im)
{
    im->n_rejects = 0;
}

void audience_import_columns(const struct audience_import *im, audience_import_column_fn *fn, void *ctx)
{
    static const char *const names[] = {
        "-", "msisdn", "time", "id", NULL, "how numbers are read", "which rows count"
    };
    for (size_t i = 0; i < im->map.n; i++) {
        const struct import_column *c = &im->map.columns[i];
        bool field = c->target == IMPORT_FIELD;
        if (!fn(ctx, strv_from(c->header), strv_from(field ? c->name : names[c->target]),
                strv_from(field ? schema_type_name(c->type) : ""), c->declared)) {
            return;
        }
    }
}
