/* tessera segment */
#include "cli/ask.h"
#include "cli/doc.h"
#include "cli/handlers.h"
#include "cli/text.h"

#include <stdio.h>
#include <string.h>

static json_t *segment_body(struct cli *c, const char *query)
{
    json_t *body = json_object();
    c->query = query;
    doc_set_text(body, "query", query);
    return body;
}

/* --- counts --- */

static void segment_put_query(struct buf *out, struct strv query)
{
    struct strv line;
    while (strv_next(&query, '\n', &line)) {
        buf_put_strv(out, STRV("  "));
        text_put_clean(out, line);
        buf_put_u8(out, '\n');
    }
}

static void segment_put_clauses(struct cli *c, const json_t *doc, struct buf *out)
{
    const json_t *clauses = doc_get(doc, "clauses");
    int64_t customers = doc_int(doc, "customers");
    int64_t unset = doc_int(json_array_get(clauses, 0), "unset");
    if (json_array_size(clauses) < 2) {
        if (unset > 0) { /* else the count says it all */
            buf_printf(out, "%s have nothing to compare\n", text_count(unset).s);
        }
        return;
    }
    struct table *t = cli_table(c, 2);
    table_column(t, "by itself", TABLE_RIGHT);
    table_column(t, "of all", TABLE_RIGHT);
    table_column(t, "unset", TABLE_RIGHT);
    table_column(t, "clause", TABLE_LEFT);
    for (size_t i = 0; i < json_array_size(clauses); i++) {
        const json_t *one = json_array_get(clauses, i);
        struct buf text = { 0 };
        int depth = (int)doc_int(one, "depth");
        buf_printf(&text, "%*s", depth > 1 && depth < 40 ? 2 * (depth - 1) : 0, "");
        buf_put_strv(&text, doc_strv(one, "clause"));
        table_count(t, doc_int(one, "count"));
        table_text(t, text_percent(doc_int(one, "count"), customers).s);
        table_count(t, doc_int(one, "unset"));
        table_text(t, buf_cstr(&text));
        buf_free(&text);
    }
    buf_put_u8(out, '\n');
    table_put(t, out);
    table_free(t);
}

static void segment_put_count(struct cli *c, const json_t *doc, struct buf *out)
{
    int64_t count = doc_int(doc, "count"), reachable = doc_int(doc, "reachable");
    cli_put_styled(c, out, STYLE_STRONG, text_count(count).s);
    buf_printf(out, " of %s customers", text_count(doc_int(doc, "customers")).s);
    if (count != 0) {
        buf_printf(out, " (%s)", text_percent(count, doc_int(doc, "customers")).s);
    }
    if (reachable != count) {
        buf_printf(out, ", %s reachable: %s opted out", text_count(reachable).s,
                   text_count(count - reachable).s);
    }
    buf_put_u8(out, '\n');
}

static void segment_draw_count(struct cli *c, const json_t *doc, struct buf *out)
{
    segment_put_count(c, doc, out);
    segment_put_clauses(c, doc, out);
}

static void segment_put_names(const json_t *names, const char *what, struct buf *out)
{
    for (size_t i = 0; i < json_array_size(names); i++) {
        buf_printf(out, "%s%s", i == 0 ? what : ", ", json_string_value(json_array_get(names, i)));
    }
    if (json_array_size(names) != 0) {
        buf_put_u8(out, '\n');
    }
}

static void segment_draw_show(struct cli *c, const json_t *doc, struct buf *out)
{
    struct buf took = { 0 };
    cli_put_styled(c, out, STYLE_STRONG, doc_text(doc, "name"));
    buf_printf(out, "  version %lld%s\n", (long long)doc_int(doc, "version"),
               json_is_false(doc_get(doc, "active")) ? ", inactive" : "");
    segment_put_query(out, doc_strv(doc, "query"));
    segment_put_names(doc_get(doc, "refers_to"), "refers to ", out);
    segment_put_names(doc_get(doc, "referred_to_by"), "referred to by ", out);
    buf_put_u8(out, '\n');
    segment_put_count(c, doc, out);
    segment_put_clauses(c, doc, out);
    buf_printf(&took, "evaluated %s in %.1f ms", text_instant(doc_instant(doc, "evaluated")).s,
               doc_real(doc, "took_ms"));
    buf_put_u8(out, '\n');
    cli_put_styled(c, out, STYLE_FAINT, buf_cstr(&took));
    buf_put_u8(out, '\n');
    buf_free(&took);
}

int run_segment_show(struct cli *c)
{
    struct buf path = ask_path("segments", c->args.words[0], NULL);
    return ask_show(c, "GET", &path, NULL, segment_draw_show);
}

int run_segment_count(struct cli *c)
{
    struct buf path = { 0 };
    buf_put_strv(&path, STRV("/v1/segments:evaluate"));
    return ask_show(c, "POST", &path, segment_body(c, c->args.words[0]), segment_draw_count);
}

/* --- names --- */

/* 1: there is one of that name, 0: none, -1: failed and noted. */
static int segment_exists(struct cli *c, const char *name)
{
    struct buf path = ask_path("segments", NULL);
    json_t *doc = ask(c, "GET", &path, NULL);
    if (doc == NULL) {
        return -1;
    }
    const json_t *list = doc_get(doc, "segments");
    int found = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        found |= strcmp(doc_text(json_array_get(list, i), "name"), name) == 0;
    }
    json_decref(doc);
    return found;
}

/* Stores it, and says how many it finds now. */
static int segment_put(struct cli *c, const char *what)
{
    const char *name = c->args.words[0];
    struct buf path = ask_path("segments", name, NULL), out = { 0 };
    json_t *doc = ask(c, "PUT", &path, segment_body(c, c->args.words[1]));
    if (doc == NULL || c->args.json) {
        return ask_print(c, doc, NULL);
    }
    buf_printf(&out, "segment \"%s\" %s, version %lld: ", name, what, (long long)doc_int(doc, "version"));
    json_decref(doc);
    path = ask_path("segments", name, NULL);
    doc = ask(c, "GET", &path, NULL);
    if (doc == NULL) {
        buf_free(&out);
        return c->exit;
    }
    segment_put_count(c, doc, &out);
    json_decref(doc);
    return cli_print(c, &out);
}

int run_segment_add(struct cli *c)
{
    int exists = segment_exists(c, c->args.words[0]);
    if (exists < 0) {
        return c->exit;
    }
    if (exists > 0) {
        return cli_fail(c, CLI_FAILED, "\"tessera segment set\" changes it",
                        "there is a segment \"%s\" already", c->args.words[0]);
    }
    return segment_put(c, "added");
}

int run_segment_set(struct cli *c)
{
    int exists = segment_exists(c, c->args.words[0]);
    return exists < 0 ? c->exit : segment_put(c, exists > 0 ? "set" : "added");
}

static void segment_draw_removed(struct cli *c, const json_t *doc, struct buf *out)
{
    (void)doc;
    buf_printf(out, "segment \"%s\" removed\n", c->args.words[0]);
}

int run_segment_remove(struct cli *c)
{
    struct buf path = ask_path("segments", c->args.words[0], NULL);
    return ask_show(c, "DELETE", &path, NULL, segment_draw_removed);
}

static void segment_columns(struct table *t)
{
    table_column(t, "segment", TABLE_LEFT);
    table_column(t, "state", TABLE_LEFT);
    table_column(t, "members", TABLE_RIGHT);
    table_column(t, "swept", TABLE_LEFT);
    table_column(t, "skipped/partial/full", TABLE_RIGHT);
    table_column(t, "last count", TABLE_RIGHT);
    table_column(t, "evaluated", TABLE_LEFT);
    table_column(t, "query", TABLE_LEFT);
}

/* As of the last look of the daemon. */
static void segment_put_watch(struct table *t, const json_t *w)
{
    char looks[80];
    bool there = json_is_object(w);
    snprintf(looks, sizeof looks, "%lld/%lld/%lld", (long long)doc_int(w, "skipped"),
             (long long)doc_int(w, "partial"), (long long)doc_int(w, "full"));
    table_text(t, there ? text_count(doc_int(w, "members")).s : "-");
    table_text(t, there ? text_minute(doc_instant(w, "swept")).s : "-");
    table_text(t, there ? looks : "-");
}

static void segment_row(struct table *t, const json_t *s)
{
    usec_t evaluated = doc_instant(s, "last_evaluated");
    table_strv(t, doc_strv(s, "name"), STYLE_STRONG);
    table_text(t, json_is_false(doc_get(s, "active")) ? "inactive" : "active");
    segment_put_watch(t, doc_get(s, "watch"));
    table_text(t, evaluated != 0 ? text_count(doc_int(s, "last_count")).s : "-");
    table_text(t, evaluated != 0 ? text_minute(evaluated).s : "never");
    table_strv(t, doc_strv(s, "query"), STYLE_PLAIN);
}

int run_segment_list(struct cli *c)
{
    static const struct ask_list LIST = { .name = "segments",
                                          .none = "no segments yet; add one: tessera segment add NAME QUERY",
                                          .columns = segment_columns,
                                          .row = segment_row };
    struct buf path = ask_path("segments", NULL);
    return ask_list_whole(c, &path, &LIST);
}
