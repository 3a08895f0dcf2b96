/* tessera customer */
#include "cli/ask.h"
#include "cli/doc.h"
#include "cli/handlers.h"
#include "cli/message_view.h"
#include "cli/text.h"

#include <stdlib.h>
#include <string.h>

static void customer_heading(struct cli *c, struct buf *out, const char *text)
{
    buf_put_u8(out, '\n');
    cli_put_styled(c, out, STYLE_STRONG, text);
    buf_put_u8(out, '\n');
}

/* --- the card --- */

static void customer_put_list(struct buf *text, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        buf_printf(text, "%s%s", i != 0 ? ", " : "", json_string_value(json_array_get(list, i)));
    }
}

static void customer_value(struct buf *text, const json_t *v)
{
    if (json_is_string(v)) {
        buf_put(text, json_string_value(v), json_string_length(v));
    } else if (json_is_array(v)) {
        customer_put_list(text, v);
    } else if (!json_is_null(v)) {
        char *dump = json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT);
        buf_put_strv(text, strv_from(dump));
        free(dump);
    }
}

static void customer_put_head(struct cli *c, const json_t *doc, struct buf *out)
{
    struct buf zones = { 0 };
    cli_put_styled(c, out, STYLE_STRONG, doc_text(doc, "number"));
    buf_put_strv(out, STRV("  "));
    buf_printf(out, "%s", doc_bool(doc, "customer") ? "customer" : "no customer");
    if (doc_text(doc, "region")[0] != '\0') {
        buf_printf(out, "  %s", doc_text(doc, "region"));
    }
    customer_put_list(&zones, doc_get(doc, "zones"));
    if (zones.len != 0) {
        buf_printf(out, "  %s", buf_cstr(&zones));
    }
    if (doc_bool(doc, "suppressed")) {
        buf_put_strv(out, STRV("  "));
        cli_put_styled(c, out, STYLE_BAD, "opted out: gets nothing");
    }
    buf_put_u8(out, '\n');
    buf_free(&zones);
}

static void customer_put_fields(struct cli *c, const json_t *doc, struct buf *out)
{
    const json_t *fields = doc_get(doc, "fields"), *tags = doc_get(doc, "tags");
    const char *name;
    json_t *value;
    if (json_object_size(fields) == 0 && json_array_size(tags) == 0) {
        return;
    }
    struct table *t = cli_table(c, 2);
    table_column(t, "", TABLE_LEFT);
    table_column(t, "", TABLE_LEFT);
    json_object_foreach((json_t *)fields, name, value)
    {
        struct buf text = { 0 };
        customer_value(&text, value);
        table_styled(t, name, STYLE_FAINT);
        table_text(t, buf_cstr(&text));
        buf_free(&text);
    }
    if (json_array_size(tags) != 0) {
        struct buf text = { 0 };
        customer_put_list(&text, tags);
        table_styled(t, "tags", STYLE_FAINT);
        table_text(t, buf_cstr(&text));
        buf_free(&text);
    }
    table_put(t, out);
    table_free(t);
}

static void customer_put_activity(struct cli *c, const json_t *doc, struct buf *out)
{
    const char *name;
    json_t *a;
    struct table *t = cli_table(c, 2);
    table_column(t, "activity", TABLE_LEFT);
    table_column(t, "times", TABLE_RIGHT);
    table_column(t, "last", TABLE_LEFT);
    json_object_foreach((json_t *)doc_get(doc, "activity"), name, a)
    {
        table_text(t, name);
        table_count(t, doc_int(a, "count"));
        table_text(t, text_instant(doc_instant(a, "last")).s);
    }
    if (table_rows(t) != 0) {
        buf_put_u8(out, '\n');
        table_put(t, out);
    }
    table_free(t);
}

static void customer_habit_row(struct table *t, const char *name, struct buf *text)
{
    table_styled(t, name, STYLE_FAINT);
    table_text(t, buf_cstr(text));
    buf_clear(text);
}

static void customer_put_last(struct table *t, const json_t *last, const char *key, const char *name)
{
    struct buf text = { 0 };
    const json_t *one = doc_get(last, key);
    if (json_is_object(one)) {
        int64_t ago = doc_int(one, "ago_s");
        buf_printf(&text, "%s, %s%s", text_instant(doc_instant(one, "at")).s,
                   ago != 0 ? text_duration(ago * USEC_SEC).s : "just now", ago != 0 ? " ago" : "");
    } else {
        buf_put_strv(&text, STRV("never"));
    }
    customer_habit_row(t, name, &text);
    buf_free(&text);
}

static void customer_put_habit(struct cli *c, const json_t *doc, struct buf *out)
{
    const json_t *habit = doc_get(doc, "habit"), *last = doc_get(habit, "last");
    const json_t *receipts = doc_get(habit, "receipts"), *hours = doc_get(habit, "hours");
    const json_t *mostly = doc_get(hours, "mostly");
    long long final = doc_int(receipts, "final");
    struct buf text = { 0 };
    if (!json_is_object(habit)) {
        return;
    }
    customer_heading(c, out, "Habits");
    struct table *t = cli_table(c, 2);
    table_column(t, "", TABLE_LEFT);
    table_column(t, "", TABLE_LEFT);
    customer_put_last(t, last, "inbound", "last inbound");
    customer_put_last(t, last, "sent", "last sent");
    customer_put_last(t, last, "delivered", "last delivered");
    customer_put_last(t, last, "failed", "last failed");
    if (final != 0) {
        buf_printf(&text, "%lld of %lld delivered in %lld days", (long long)doc_int(receipts, "delivered"),
                   final, (long long)doc_int(habit, "days"));
    } else {
        buf_put_strv(&text, STRV("unknown"));
    }
    customer_habit_row(t, "reachability", &text);
    if (json_is_object(mostly)) {
        buf_printf(&text, "mostly %lld-%lld h (%lld of %lld), %s", (long long)doc_int(mostly, "from"),
                   (long long)doc_int(mostly, "to"), (long long)doc_int(mostly, "count"),
                   (long long)doc_int(hours, "events"), doc_text(hours, "zone"));
        customer_habit_row(t, "active", &text);
    }
    table_put(t, out);
    table_free(t);
    buf_free(&text);
}

static void customer_put_quiet(struct cli *c, const json_t *doc, struct buf *out)
{
    const char *name;
    json_t *q;
    struct table *t = cli_table(c, 2);
    table_column(t, "", TABLE_LEFT);
    table_column(t, "", TABLE_LEFT);
    table_column(t, "", TABLE_LEFT);
    json_object_foreach((json_t *)doc_get(doc, "quiet"), name, q)
    {
        struct buf text = { 0 };
        usec_t until = doc_instant(q, "until");
        bool open = doc_bool(q, "open");
        buf_printf(&text, "%s%s%s", open ? "open" : "quiet", until != 0 ? " until " : "",
                   until != 0 ? text_minute(until).s : "");
        table_styled(t, name, STYLE_FAINT);
        table_styled(t, buf_cstr(&text), open ? STYLE_PLAIN : STYLE_WARN);
        table_text(t, doc_text(q, "detail"));
        buf_free(&text);
    }
    if (table_rows(t) != 0) {
        customer_heading(c, out, "Hours");
        table_put(t, out);
    }
    table_free(t);
}

static void customer_put_consent(struct cli *c, const json_t *doc, struct buf *out)
{
    const json_t *list = doc_get(doc, "consent");
    if (json_array_size(list) == 0) {
        return;
    }
    customer_heading(c, out, "Consent");
    struct table *t = cli_table(c, 2);
    table_column(t, "", TABLE_LEFT);
    table_column(t, "", TABLE_LEFT);
    table_column(t, "", TABLE_LEFT);
    table_column(t, "", TABLE_LEFT);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        bool stop = strcmp(doc_text(one, "action"), "stop") == 0;
        table_text(t, text_instant(doc_instant(one, "at")).s);
        table_styled(t, doc_text(one, "action"), stop ? STYLE_BAD : STYLE_GOOD);
        table_text(t, doc_text(one, "how"));
        table_text(t, doc_text(one, "words"));
    }
    table_put(t, out);
    table_free(t);
}

static void customer_put_messages(struct cli *c, const json_t *doc, struct buf *out)
{
    const json_t *list = doc_get(doc, "messages");
    if (json_array_size(list) == 0) {
        return;
    }
    customer_heading(c, out, "Last messages");
    struct table *t = cli_table(c, 2);
    message_columns_of_one(t);
    for (size_t i = 0; i < json_array_size(list); i++) {
        message_row_of_one(t, json_array_get(list, i));
    }
    table_put(t, out);
    table_free(t);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *m = json_array_get(list, i);
        if (strcmp(doc_text(m, "state"), "held") == 0 && doc_strv(m, "detail").n != 0) {
            buf_printf(out, "  %s is held: ", doc_text(m, "id"));
            text_put_clean(out, doc_strv(m, "detail"));
            buf_put_u8(out, '\n');
        }
    }
}

static void customer_draw(struct cli *c, const json_t *doc, struct buf *out)
{
    customer_put_head(c, doc, out);
    customer_put_fields(c, doc, out);
    customer_put_activity(c, doc, out);
    customer_put_habit(c, doc, out);
    customer_put_quiet(c, doc, out);
    customer_put_consent(c, doc, out);
    customer_put_messages(c, doc, out);
}

int run_customer_show(struct cli *c)
{
    struct buf path = ask_path("customers", c->args.words[0], NULL);
    return ask_show(c, "GET", &path, NULL, customer_draw);
}

/* --- export and erasure --- */

int run_customer_export(struct cli *c)
{
    struct buf path = ask_path("customers", c->args.words[0], "export", NULL);
    c->args.json = true;
    return ask_show(c, "GET", &path, NULL, NULL);
}

static void customer_draw_erased(struct cli *c, const json_t *doc, struct buf *out)
{
    int64_t messages = doc_int(doc, "messages");
    buf_printf(out, "%s is erased: %s, %s message%s and inbound messages\n", c->args.words[0],
               doc_bool(doc, "customer") ? "a customer with all events" : "no customer",
               text_count(messages).s, messages == 1 ? "" : "s");
    if (doc_bool(doc, "suppressed")) {
        buf_put_strv(out, STRV("It had opted out and stays so\n"));
    }
    buf_put_strv(out, STRV("\"tessera store compact\" and a restart take it out of the files, too\n"));
}

int run_customer_erase(struct cli *c)
{
    if (!args_flag(&c->args, "yes")) {
        return cli_usage(
            c, "erasing cannot be undone: say --yes (\"tessera customer export %s\" shows what goes)",
            c->args.words[0]);
    }
    struct buf path = ask_path("customers", c->args.words[0], NULL);
    return ask_show(c, "DELETE", &path, NULL, customer_draw_erased);
}

/* --- consent --- */

static void customer_draw_blocked(struct cli *c, const json_t *doc, struct buf *out)
{
    bool block = strcmp(c->args.command->verb, "block") == 0;
    const char *number = doc_text(doc, "number");
    buf_printf(out, "%s %s\n", number[0] != '\0' ? number : c->args.words[0],
               block ? "is blocked: it gets nothing from now on" : "may get messages again");
}

static int customer_consent(struct cli *c, const char *action)
{
    json_t *body = json_object();
    json_object_set_new(body, "number", json_string(c->args.words[0]));
    json_object_set_new(body, "action", json_string(action));
    doc_set_text(body, "words", args_text(&c->args, "words"));
    struct buf path = ask_path("consents", NULL);
    return ask_show(c, "POST", &path, body, customer_draw_blocked);
}

int run_customer_block(struct cli *c)
{
    return customer_consent(c, "stop");
}

int run_customer_unblock(struct cli *c)
{
    return customer_consent(c, "start");
}
