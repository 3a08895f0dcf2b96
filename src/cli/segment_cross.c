/* tessera segment cross: customers by each combination of a few conditions. */
#include "cli/ask.h"
#include "cli/doc.h"
#include "cli/handlers.h"
#include "cli/text.h"

#include <stdio.h>
#include <string.h>

#define CROSS_CELLS (1u << ARGS_MAX_WORDS)

/* "A", "not A" */
static struct text cross_side(size_t i, bool holds)
{
    struct text t;
    snprintf(t.s, sizeof t.s, "%s%c", holds ? "" : "not ", (char)('A' + i));
    return t;
}

static void cross_put_conditions(struct cli *c, const json_t *doc, struct buf *out)
{
    const json_t *list = doc_get(doc, "conditions");
    for (size_t i = 0; i < json_array_size(list); i++) {
        cli_put_styled(c, out, STYLE_STRONG, cross_side(i, true).s);
        buf_put_strv(out, STRV("  "));
        text_put_clean(out, doc_strv(json_array_get(list, i), "query"));
        buf_put_u8(out, '\n');
    }
    buf_put_u8(out, '\n');
}

static void cross_cell(struct table *t, int64_t count, int64_t customers)
{
    table_count(t, count);
    table_text(t, text_percent(count, customers).s);
}

/* Of two conditions: one downwards, one across, sums at the ends. */
static struct table *cross_square(struct cli *c, const json_t *doc)
{
    static const char *const TITLES[] = { "", "B", "", "not B", "", "all", "" };
    const json_t *cells = doc_get(doc, "cells");
    int64_t customers = doc_int(doc, "customers"), sums[2] = { 0, 0 };
    struct table *t = cli_table(c, 2);
    for (size_t i = 0; i < sizeof TITLES / sizeof *TITLES; i++) {
        table_column(t, TITLES[i], i == 0 ? TABLE_LEFT : TABLE_RIGHT);
    }
    for (size_t a = 0; a < 2; a++) { /* the cells come with A and B first, then B without A ... */
        int64_t with = doc_int(json_array_get(cells, a), "count"),
                without = doc_int(json_array_get(cells, a + 2), "count");
        table_text(t, cross_side(0, a == 0).s);
        cross_cell(t, with, customers);
        cross_cell(t, without, customers);
        cross_cell(t, with + without, customers);
        sums[0] += with;
        sums[1] += without;
    }
    table_text(t, "all");
    cross_cell(t, sums[0], customers);
    cross_cell(t, sums[1], customers);
    cross_cell(t, customers, customers);
    return t;
}

/* Of any number: a line a combination. */
static struct table *cross_lines(struct cli *c, const json_t *doc)
{
    const json_t *cells = doc_get(doc, "cells");
    struct table *t = cli_table(c, 2);
    table_column(t, "count", TABLE_RIGHT);
    table_column(t, "of all", TABLE_RIGHT);
    table_column(t, "who", TABLE_LEFT);
    for (size_t k = 0; k < json_array_size(cells); k++) {
        const json_t *cell = json_array_get(cells, k), *is = doc_get(cell, "is");
        struct buf who = { 0 };
        for (size_t i = 0; i < json_array_size(is); i++) {
            buf_printf(&who, "%s%s", i == 0 ? "" : ", ",
                       cross_side(i, json_is_true(json_array_get(is, i))).s);
        }
        cross_cell(t, doc_int(cell, "count"), doc_int(doc, "customers"));
        table_text(t, buf_cstr(&who));
        buf_free(&who);
    }
    return t;
}

static void cross_draw(struct cli *c, const json_t *doc, struct buf *out)
{
    bool square = json_array_size(doc_get(doc, "conditions")) == 2;
    cross_put_conditions(c, doc, out);
    struct table *t = (square ? cross_square : cross_lines)(c, doc);
    table_put(t, out);
    table_free(t);
}

/* --- segments of the cells --- */

/* PREFIX-yes-no for the cell in which the first condition is true and the second is not. */
static void cross_name(const char *prefix, const json_t *is, struct buf *out)
{
    buf_put_strv(out, strv_from(prefix));
    for (size_t i = 0; i < json_array_size(is); i++) {
        buf_put_strv(out, json_is_true(json_array_get(is, i)) ? STRV("-yes") : STRV("-no"));
    }
}

/* The names given, or those made of the prefix; false: noted. */
static bool cross_names(struct cli *c, const json_t *cells, struct buf *names)
{
    size_t n = json_array_size(cells), given = 0;
    const char *prefix = args_text(&c->args, "save");
    while (args_text_at(&c->args, "as", given) != NULL) {
        given++;
    }
    if (given != 0 && given != n) {
        cli_usage(c, "there are %zu cells, so --as is given %zu times, in the order of the lines of --json",
                  n, n);
        return false;
    }
    for (size_t k = 0; k < n; k++) {
        if (given != 0) {
            buf_put_strv(&names[k], strv_from(args_text_at(&c->args, "as", k)));
        } else {
            cross_name(prefix, doc_get(json_array_get(cells, k), "is"), &names[k]);
        }
    }
    return true;
}

/* None of the names may be taken: nothing is written over. */
static bool cross_free_names(struct cli *c, const struct buf *names, size_t n)
{
    struct buf path = ask_path("segments", NULL);
    json_t *doc = ask(c, "GET", &path, NULL);
    const json_t *list = doc_get(doc, "segments");
    bool ok = doc != NULL;
    for (size_t i = 0; ok && i < json_array_size(list); i++) {
        for (size_t k = 0; ok && k < n; k++) {
            const char *name = doc_text(json_array_get(list, i), "name");
            if (strv_eq_c((struct strv){ (const char *)names[k].data, names[k].len }, name)) {
                cli_fail(c, CLI_FAILED, "use another name, or \"tessera segment remove\" it first",
                         "there is a segment \"%s\" already", name);
                ok = false;
            }
        }
    }
    json_decref(doc);
    return ok;
}

static bool cross_save_cell(struct cli *c, const json_t *cell, struct buf *name, struct buf *told)
{
    json_t *body = json_object();
    doc_set_text(body, "query", doc_text(cell, "query"));
    struct buf path = ask_path("segments", buf_cstr(name), NULL);
    json_t *doc = ask(c, "PUT", &path, body);
    if (doc != NULL) {
        buf_printf(told, "segment \"%s\" added: %s\n", buf_cstr(name), text_count(doc_int(cell, "count")).s);
    }
    json_decref(doc);
    return doc != NULL;
}

static bool cross_save(struct cli *c, const json_t *doc, struct buf *told)
{
    struct buf names[CROSS_CELLS] = { { 0 } };
    const json_t *cells = doc_get(doc, "cells");
    size_t n = json_array_size(cells) < CROSS_CELLS ? json_array_size(cells) : CROSS_CELLS;
    bool ok = cross_names(c, cells, names) && cross_free_names(c, names, n);
    for (size_t k = 0; ok && k < n; k++) {
        ok = cross_save_cell(c, json_array_get(cells, k), &names[k], told);
    }
    for (size_t k = 0; k < n; k++) {
        buf_free(&names[k]);
    }
    return ok;
}

int run_segment_cross(struct cli *c)
{
    json_t *body = json_object(), *queries = json_array();
    for (size_t i = 0; i < c->args.n_words; i++) {
        json_array_append_new(queries, json_string(c->args.words[i]));
    }
    json_object_set_new(body, "queries", queries);
    struct buf path = { 0 }, told = { 0 };
    buf_put_strv(&path, STRV("/v1/segments:cross"));
    json_t *doc = ask(c, "POST", &path, body);
    bool save = args_text(&c->args, "save") != NULL || args_text(&c->args, "as") != NULL;
    if (doc == NULL || (save && !cross_save(c, doc, &told))) {
        json_decref(doc);
        buf_free(&told);
        return c->exit;
    }
    int status = ask_print(c, doc, cross_draw);
    if (save && !c->args.json && status == CLI_OK) {
        struct buf out = { 0 };
        buf_put_u8(&out, '\n');
        buf_put(&out, told.data, told.len);
        status = cli_print(c, &out);
    }
    buf_free(&told);
    return status;
}
