/* NDJSON as rows: each name is a column, whenever it comes first. */
#include "audience/import_inside.h"
#include "audience/import_json.h"
#include "base/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GUESS_RECORDS 1000

/* Lines of a chunk, blank ones left out, each numbered. */
static bool next_line(struct strv *rest, uint64_t *line, struct strv *out)
{
    while (rest->n) {
        strv_next(rest, '\n', out);
        ++*line;
        *out = strv_trim(*out);
        if (out->n) {
            return true;
        }
    }
    return false;
}

/* The names so far, by hash; names of one hash are told apart when they are compared. */
struct names {
    struct audience_import *im;
    struct strv list[IMPORT_MAX_COLUMNS];
    struct hmap places;
    size_t n;
    bool grown, too_many, nomem;
    /* of the line at hand */
    struct strv *fields; /* [n]; NULL: only names are looked for */
    uint32_t *seen;      /* [n]: the line */
    uint32_t stamp;
    struct import_guess *guesses; /* [n] */
    char wrong[96];
};

static uint64_t name_hash(struct strv name)
{
    return hash_bytes(name.p, name.n, 42);
}

static bool names_find(const struct names *x, struct strv name, size_t *at)
{
    uint64_t place;
    if (!hmap_get(&x->places, name_hash(name), &place)) {
        return false;
    }
    *at = place;
    return strv_eq(x->list[place], name);
}

static void names_load(struct names *x, struct audience_import *im)
{
    struct rd r = rd_from(im->header.data, im->header.len);
    hmap_clear(&x->places);
    x->im = im;
    x->n = 0;
    while (rd_left(&r) && !r.failed && x->n < IMPORT_MAX_COLUMNS) {
        x->list[x->n] = rd_lstr(&r);
        x->nomem = x->nomem || !hmap_put(&x->places, name_hash(x->list[x->n]), x->n);
        x->n++;
    }
}

static bool names_leaf(void *ctx, struct strv path, struct strv text)
{
    struct names *x = ctx;
    size_t at;
    (void)text;
    if (names_find(x, path, &at)) {
        return true;
    }
    if (x->n == IMPORT_MAX_COLUMNS) {
        x->too_many = true;
        return false;
    }
    if (hmap_get(&x->places, name_hash(path),
                 NULL)) { /* another name of this hash: of all there are, never */
        return true;
    }
    if (!buf_put_lstr(&x->im->header, path)) {
        x->nomem = true;
        return false;
    }
    x->grown = true;
    names_load(x, x->im); /* the views have moved */
    return true;
}

static bool guess_leaf(void *ctx, struct strv path, struct strv text)
{
    struct names *x = ctx;
    size_t at;
    if (names_find(x, path, &at)) {
        import_guess_add(&x->guesses[at], text);
    }
    return true;
}

static void names_each(struct names *x, struct strv octets, import_json_fn *fn, size_t most)
{
    struct import_json_error bad;
    struct strv line;
    uint64_t number = 0;
    for (size_t n = 0; n < most && !x->too_many && !x->nomem && next_line(&octets, &number, &line); n++) {
        buf_clear(&x->im->texts);
        if (line.n <= IMPORT_MAX_RECORD) {
            import_json_read(line, &x->im->texts, fn, x, &bad);
        }
    }
}

/* The map of all names; types that had been guessed before are kept. */
static bool names_map(struct names *x, struct catalog_txn *t, struct err *e)
{
    struct audience_import *im = x->im;
    struct import_map before = im->map;
    struct schema *schema = schema_load(t, e);
    if (!schema) {
        return false;
    }
    const struct schema_event *ev = schema_find_event(schema, im->o.event);
    im->event = ev ? ev->id : 0;
    im->map = (struct import_map){ 0 };
    bool ok = import_map_make(&im->map, &im->o, schema, x->list, x->n, e);
    schema_free(schema);
    for (size_t i = 0; ok && i < before.n && i < im->map.n; i++) {
        struct import_column *c = &im->map.columns[i];
        if (c->target == IMPORT_FIELD && c->type == SCHEMA_NONE && before.columns[i].type != SCHEMA_NONE) {
            c->type = before.columns[i].type;
            c->scale = before.columns[i].scale;
            im->map.guesses--;
        }
    }
    import_map_free(&before);
    return ok;
}

bool import_rows_names(struct audience_import *im, struct catalog_txn *t, struct strv octets, struct err *e)
{
    struct names *x = calloc(1, sizeof(*x));
    bool ok = x && buf_reserve(&im->texts, IMPORT_MAX_RECORD * 2);
    if (ok) {
        names_load(x, im);
        names_each(x, octets, names_leaf, SIZE_MAX);
        ok = !x->nomem;
    }
    if (!ok) {
        err_set(e, ERR_NOMEM, "out of memory");
    } else if (x->too_many) {
        ok = err_set(e, ERR_LIMIT, "more than %d different names in the file", IMPORT_MAX_COLUMNS);
    } else if (x->n == 0) {
        ok = err_set(e, ERR_INVALID, "there is no line with a JSON object of at most 1 MiB");
    } else if (x->grown || !im->map.columns) {
        ok = names_map(x, t, e);
    }
    if (ok && im->map.guesses) {
        x->guesses = calloc(x->n, sizeof(*x->guesses));
        ok = x->guesses || err_set(e, ERR_NOMEM, "out of memory");
        if (ok) {
            names_each(x, octets, guess_leaf, GUESS_RECORDS);
            import_map_guess(&im->map, x->guesses, true);
        }
        free(x->guesses);
    }
    if (x) {
        hmap_free(&x->places);
    }
    free(x);
    return ok;
}

static bool value_leaf(void *ctx, struct strv path, struct strv text)
{
    struct names *x = ctx;
    size_t at;
    if (!names_find(x, path, &at)) {
        return true; /* of a line that was broken further on */
    }
    if (x->seen[at] == x->stamp) {
        snprintf(x->wrong, sizeof(x->wrong), "the name \"" STRV_FMT "\" is there twice",
                 STRV_ARG(strv_sub(path, 0, 48)));
        return false;
    }
    x->seen[at] = x->stamp;
    x->fields[at] = text;
    return true;
}

static void json_line(struct names *x, struct strv text, uint64_t line)
{
    struct import_json_error bad = { 0 };
    char reason[160];
    memset(x->fields, 0, x->n * sizeof(*x->fields));
    x->stamp++;
    x->wrong[0] = '\0';
    if (text.n > IMPORT_MAX_RECORD) {
        x->im->next.rows++;
        import_reject(x->im, line, "", strv_from(NULL), "the line is longer than 1 MiB");
    } else if (import_json_read(text, &x->im->texts, value_leaf, x, &bad)) {
        import_rows_record(x->im, line, x->fields, x->n);
    } else {
        x->im->next.rows++;
        snprintf(reason, sizeof(reason), "%s (octet %zu)", x->wrong[0] ? x->wrong : bad.reason, bad.octet);
        import_reject(x->im, line, "", strv_sub(text, 0, 40), reason);
    }
}

bool import_rows_read_json(struct audience_import *im, struct strv octets, uint64_t *line, struct err *e)
{
    struct names *x = calloc(1, sizeof(*x));
    struct strv text;
    uint64_t number = *line - 1;
    bool ok = x && import_rows_begin(im, octets.n) && buf_reserve(&im->texts, octets.n * 2 + 16);
    buf_clear(&im->texts);
    if (ok) {
        names_load(x, im);
        x->fields = calloc(x->n + 1, sizeof(*x->fields));
        x->seen = calloc(x->n + 1, sizeof(*x->seen));
        ok = !x->nomem && x->fields && x->seen;
    }
    while (ok && !im->nomem && next_line(&octets, &number, &text)) {
        json_line(x, text, number);
    }
    *line = number + 1;
    ok = ok && !im->nomem;
    if (x) {
        free(x->fields);
        free(x->seen);
        hmap_free(&x->places);
    }
    free(x);
    return ok || err_set(e, ERR_NOMEM, "out of memory");
}
