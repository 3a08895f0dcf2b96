/* tessera segment explain, why, history, activate, deactivate */
#include "cli/ask.h"
#include "cli/doc.h"
#include "cli/handlers.h"
#include "cli/text.h"

#include <string.h>

static void explain_put_step(struct buf *out, unsigned depth, const json_t *one)
{
    buf_printf(out, "%*s", depth < 40 ? 2 * (int)depth : 80, "");
    buf_put_strv(out, doc_strv(one, "step"));
}

/* --- explain --- */

static void explain_rows(struct table *t, const json_t *steps, unsigned depth)
{
    for (size_t i = 0; i < json_array_size(steps); i++) {
        const json_t *one = json_array_get(steps, i);
        struct buf text = { 0 };
        char ms[32];
        table_count(t, doc_int(one, "looked_at"));
        table_count(t, doc_int(one, "left"));
        table_count(t, doc_int(one, "count"));
        if (doc_get(one, "unset") != NULL) {
            table_count(t, doc_int(one, "unset"));
        } else {
            table_text(t, "");
        }
        snprintf(ms, sizeof ms, "%.2f", doc_real(one, "took_ms"));
        table_text(t, ms);
        table_text(t, doc_text(one, "how"));
        explain_put_step(&text, depth, one);
        table_text(t, buf_cstr(&text));
        buf_free(&text);
        explain_rows(t, doc_get(one, "steps"), depth + 1);
    }
}

static void explain_draw(struct cli *c, const json_t *doc, struct buf *out)
{
    static const char *const TITLES[] = { "looked at", "left", "by itself", "unset", "ms", "by", "step" };
    struct table *t = cli_table(c, 0);
    for (size_t i = 0; i < sizeof TITLES / sizeof *TITLES; i++) {
        table_column(t, TITLES[i], i < 5 ? TABLE_RIGHT : TABLE_LEFT);
    }
    explain_rows(t, doc_get(doc, "steps"), 0);
    table_put(t, out);
    table_free(t);
    buf_printf(out, "\n%s of %s customers, ", text_count(doc_int(doc, "count")).s,
               text_count(doc_int(doc, "customers")).s);
    buf_printf(out, "in %.2f ms when all steps are taken together\n", doc_real(doc, "took_ms"));
}

int run_segment_explain(struct cli *c)
{
    const char *word = c->args.words[0];
    if (text_is_name(word)) {
        struct buf path = ask_path("segments", word, "explain", NULL);
        return ask_show(c, "GET", &path, NULL, explain_draw);
    }
    struct buf path = { 0 };
    json_t *body = json_object();
    c->query = word;
    doc_set_text(body, "query", word);
    buf_put_strv(&path, STRV("/v1/segments:explain"));
    return ask_show(c, "POST", &path, body, explain_draw);
}

/* --- why --- */

static void why_draw(struct cli *c, const json_t *doc, struct buf *out)
{
    const json_t *steps = doc_get(doc, "steps");
    struct table *t = cli_table(c, 2);
    bool named = doc_get(doc, "name") != NULL;
    buf_printf(out, "%s ", doc_text(doc, "number"));
    cli_put_styled(c, out, STYLE_STRONG, doc_bool(doc, "member") ? "is in" : "is not in");
    buf_printf(out, named ? " \"%s\"\n\n" : " what this asks for%s\n\n", doc_text(doc, "name"));
    table_column(t, "", TABLE_LEFT);
    table_column(t, "", TABLE_LEFT);
    for (size_t i = 0; i < json_array_size(steps); i++) {
        const json_t *one = json_array_get(steps, i), *found = doc_get(one, "found");
        struct buf text = { 0 };
        explain_put_step(&text, (unsigned)doc_int(one, "depth"), one);
        table_text(t, buf_cstr(&text));
        buf_clear(&text);
        buf_put_strv(&text, doc_bool(one, "holds") ? STRV("yes") : STRV("no"));
        if (found != NULL) {
            buf_put_strv(&text, STRV(": "));
            buf_put_strv(&text, json_is_null(found) ? STRV("unset") : doc_strv(one, "found"));
        }
        table_styled(t, buf_cstr(&text), doc_bool(one, "holds") ? STYLE_STRONG : STYLE_PLAIN);
        buf_free(&text);
    }
    table_put(t, out);
    table_free(t);
}

int run_segment_why(struct cli *c)
{
    const char *word = c->args.words[0], *number = c->args.words[1];
    struct buf path = { 0 };
    json_t *body = NULL;
    if (text_is_name(word)) {
        path = ask_path("segments", word, "why", NULL);
        client_path_query(&path, "number", number);
        return ask_show(c, "GET", &path, NULL, why_draw);
    }
    body = json_object();
    c->query = word;
    doc_set_text(body, "query", word);
    doc_set_text(body, "number", number);
    buf_put_strv(&path, STRV("/v1/segments:why"));
    return ask_show(c, "POST", &path, body, why_draw);
}

/* --- history --- */

static void history_columns(struct table *t)
{
    table_column(t, "version", TABLE_RIGHT);
    table_column(t, "change", TABLE_LEFT);
    table_column(t, "at", TABLE_LEFT);
    table_column(t, "who", TABLE_LEFT);
    table_column(t, "query", TABLE_LEFT);
}

static void history_row(struct table *t, const json_t *one)
{
    table_count(t, doc_int(one, "version"));
    table_text(t, doc_text(one, "change"));
    table_text(t, text_instant(doc_instant(one, "at")).s);
    table_strv(t, *doc_text(one, "who") != '\0' ? doc_strv(one, "who") : STRV("-"), STYLE_PLAIN);
    table_strv(t, doc_strv(one, "query"), STYLE_PLAIN);
}

int run_segment_history(struct cli *c)
{
    static const struct ask_list LIST = {
        .name = "history", .none = "no changes", .columns = history_columns, .row = history_row
    };
    struct buf path = ask_path("segments", c->args.words[0], "history", NULL);
    return ask_list_whole(c, &path, &LIST);
}

/* --- activate, deactivate --- */

static void switch_draw(struct cli *c, const json_t *doc, struct buf *out)
{
    buf_printf(out, "segment \"%s\" is %s\n", c->args.words[0],
               doc_bool(doc, "active") ? "active" : "inactive");
}

static int switch_ask(struct cli *c, const char *verb)
{
    struct buf path = ask_path("segments", c->args.words[0], verb, NULL);
    return ask_show(c, "POST", &path, json_object(), switch_draw);
}

int run_segment_activate(struct cli *c)
{
    return switch_ask(c, "activate");
}

int run_segment_deactivate(struct cli *c)
{
    return switch_ask(c, "deactivate");
}
