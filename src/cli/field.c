/* tessera field */
#include "cli/ask.h"
#include "cli/doc.h"
#include "cli/handlers.h"
#include "cli/text.h"

#include <string.h>

static void field_type(struct buf *text, const json_t *f)
{
    buf_printf(text, "%s", doc_text(f, "type"));
    if (doc_int(f, "scale") != 0) {
        buf_printf(text, "(%lld)", (long long)doc_int(f, "scale"));
    }
}

static void field_put_fields(struct cli *c, const json_t *doc, struct buf *out)
{
    const json_t *list = doc_get(doc, "fields");
    int64_t customers = doc_int(doc, "customers");
    struct table *t = cli_table(c, 0);
    table_column(t, "field", TABLE_LEFT);
    table_column(t, "type", TABLE_LEFT);
    table_column(t, "set", TABLE_RIGHT);
    table_column(t, "of all", TABLE_RIGHT);
    table_column(t, "values", TABLE_RIGHT);
    table_column(t, "changed", TABLE_LEFT);
    table_column(t, "transitions", TABLE_LEFT);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *f = json_array_get(list, i);
        struct buf type = { 0 };
        field_type(&type, f);
        table_strv(t, doc_strv(f, "name"), STYLE_STRONG);
        table_text(t, buf_cstr(&type));
        table_count(t, doc_int(f, "set"));
        table_text(t, text_percent(doc_int(f, "set"), customers).s);
        table_text(t, doc_get(f, "distinct") != NULL ? text_count(doc_int(f, "distinct")).s : "-");
        table_text(t, text_minute(doc_instant(f, "changed")).s);
        table_strv(t, doc_strv(f, "transitions"), STYLE_PLAIN);
        buf_free(&type);
    }
    table_put(t, out);
    table_free(t);
    buf_printf(out, "%s customers\n", text_count(customers).s);
}

void field_put_events(struct cli *c, const json_t *doc, struct buf *out)
{
    const json_t *list = doc_get(doc, "events");
    struct table *t = cli_table(c, 0);
    table_column(t, "event", TABLE_LEFT);
    table_column(t, "times", TABLE_RIGHT);
    table_column(t, "last", TABLE_LEFT);
    table_column(t, "attributes", TABLE_LEFT);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *e = json_array_get(list, i), *attributes = doc_get(e, "attributes");
        struct buf text = { 0 };
        for (size_t k = 0; k < json_array_size(attributes); k++) {
            const json_t *a = json_array_get(attributes, k);
            buf_printf(&text, "%s%s:", k != 0 ? ", " : "", doc_text(a, "name"));
            field_type(&text, a);
        }
        table_strv(t, doc_strv(e, "name"), STYLE_STRONG);
        table_count(t, doc_int(e, "count"));
        table_text(t, text_minute(doc_instant(e, "last")).s);
        table_text(t, text.len != 0 ? buf_cstr(&text) : "-");
        buf_free(&text);
    }
    if (table_rows(t) != 0) {
        buf_put_u8(out, '\n');
        table_put(t, out);
    }
    table_free(t);
}

static void field_draw(struct cli *c, const json_t *doc, struct buf *out)
{
    field_put_fields(c, doc, out);
    field_put_events(c, doc, out);
}

int run_field_list(struct cli *c)
{
    struct buf path = ask_path("fields", NULL);
    return ask_show(c, "GET", &path, NULL, field_draw);
}

static void field_draw_added(struct cli *c, const json_t *doc, struct buf *out)
{
    buf_printf(out, "%s is %s\n", doc_text(doc, "name"), c->args.words[1]);
}

int run_field_add(struct cli *c)
{
    struct buf path = ask_path("fields", c->args.words[0], NULL);
    json_t *body = json_object();
    json_object_set_new(body, "type", json_string(c->args.words[1]));
    return ask_show(c, "PUT", &path, body, field_draw_added);
}

static void field_draw_renamed(struct cli *c, const json_t *doc, struct buf *out)
{
    buf_printf(out, "%s is called %s now\n", c->args.words[0], doc_text(doc, "name"));
}

int run_field_rename(struct cli *c)
{
    struct buf path = ask_path("fields", c->args.words[0], "rename", NULL);
    json_t *body = json_object();
    json_object_set_new(body, "to", json_string(c->args.words[1]));
    return ask_show(c, "POST", &path, body, field_draw_renamed);
}

static void field_draw_transitions(struct cli *c, const json_t *doc, struct buf *out)
{
    const char *rules = doc_text(doc, "transitions");
    (void)c;
    if (*rules) {
        buf_printf(out, "%s: %s\n", doc_text(doc, "name"), rules);
    } else {
        buf_printf(out, "%s may become anything now\n", doc_text(doc, "name"));
    }
}

int run_field_transitions(struct cli *c)
{
    struct buf path = ask_path("fields", c->args.words[0], "transitions", NULL);
    json_t *body = json_object();
    const char *rules = c->args.words[1];
    json_object_set_new(body, "transitions", json_string(strcmp(rules, "none") == 0 ? "" : rules));
    return ask_show(c, "PUT", &path, body, field_draw_transitions);
}

static void field_draw_dropped(struct cli *c, const json_t *doc, struct buf *out)
{
    (void)doc;
    buf_printf(out, "%s is no more\n", c->args.words[0]);
}

int run_field_drop(struct cli *c)
{
    if (!args_flag(&c->args, "yes")) {
        return cli_usage(c, "dropping a field cannot be undone: say --yes");
    }
    struct buf path = ask_path("fields", c->args.words[0], NULL);
    return ask_show(c, "DELETE", &path, NULL, field_draw_dropped);
}

static void field_draw_changed(struct cli *c, const json_t *doc, struct buf *out)
{
    buf_printf(out, "%s is %s now\n", doc_text(doc, "name"), c->args.words[1]);
}

int run_field_change(struct cli *c)
{
    struct buf path = ask_path("fields", c->args.words[0], "change", NULL);
    json_t *body = json_object();
    json_object_set_new(body, "type", json_string(c->args.words[1]));
    return ask_job(c, &path, body, NULL, field_draw_changed);
}
