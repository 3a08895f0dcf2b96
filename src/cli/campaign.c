/* tessera campaign */
#include "base/utf8.h"
#include "cli/ask.h"
#include "cli/campaign_view.h"
#include "cli/doc.h"
#include "cli/handlers.h"
#include "cli/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define CAMPAIGN_MAX_TEXT 65536

/* --- add --- */

static json_t *campaign_names(const struct cli *c, const char *option)
{
    json_t *list = json_array();
    const char *name;
    for (size_t i = 0; (name = args_text_at(&c->args, option, i)) != NULL; i++) {
        json_array_append_new(list, json_string(name));
    }
    return list;
}

/* The file without its last newline. */
static int campaign_read_text(struct cli *c, const char *path, struct buf *text)
{
    char block[4096];
    size_t n;
    bool input = strcmp(path, "-") == 0;
    FILE *f = input ? stdin : fopen(path, "re");
    if (f == NULL) {
        return cli_fail(c, CLI_FAILED, "", "%s: %s", path, strerror(errno));
    }
    text->limit = CAMPAIGN_MAX_TEXT;
    while ((n = fread(block, 1, sizeof block, f)) > 0 && buf_put(text, block, n)) {
    }
    bool broken = ferror(f) != 0;
    int why = errno;
    if (!input) {
        fclose(f);
    }
    if (broken || text->failed) {
        return cli_fail(c, CLI_FAILED, "", "%s: %s", path,
                        broken ? strerror(why) : "too long for a text message");
    }
    if (text->len != 0 && text->data[text->len - 1] == '\n') {
        text->len--;
    }
    if (text->len != 0 && text->data[text->len - 1] == '\r') {
        text->len--;
    }
    struct strv v = { (const char *)text->data, text->len };
    if (v.n == 0 || !utf8_valid(v)) {
        return cli_fail(c, CLI_FAILED, "", "%s is %s", path, v.n == 0 ? "empty" : "not UTF-8");
    }
    return CLI_OK;
}

static int campaign_put_text(struct cli *c, json_t *body)
{
    const char *text = args_text(&c->args, "text"), *file = args_text(&c->args, "text-file");
    struct buf read = { 0 };
    if ((text != NULL) == (file != NULL)) {
        return cli_usage(c, text != NULL ? "--text and --text-file exclude each other"
                                         : "--text TEXT or --text-file FILE is missing: what is to be sent");
    }
    int code = CLI_OK;
    if (text != NULL) {
        doc_set_text(body, "text", text);
    } else if ((code = campaign_read_text(c, file, &read)) == CLI_OK) {
        json_object_set_new(body, "text", json_stringn((const char *)read.data, read.len));
    }
    buf_free(&read);
    return code;
}

static void campaign_draw_added(struct cli *c, const json_t *doc, struct buf *out)
{
    buf_printf(out, "campaign \"%s\" drafted\n", doc_text(doc, "name"));
    buf_printf(out, "  see who gets what:  tessera campaign preview %s\n", c->args.words[0]);
    buf_printf(out, "  send it:            tessera campaign start %s\n", c->args.words[0]);
}

int run_campaign_add(struct cli *c)
{
    json_t *body = json_object();
    usec_t valid_for;
    uint64_t rate, weight;
    json_object_set_new(body, "name", json_string(c->args.words[0]));
    json_object_set_new(body, "segments", campaign_names(c, "segment"));
    json_object_set_new(body, "exclude", campaign_names(c, "exclude"));
    doc_set_text(body, "sender", args_text(&c->args, "sender"));
    doc_set_text(body, "class", args_text(&c->args, "class"));
    if (args_duration(&c->args, "valid-for", &valid_for)) {
        json_object_set_new(body, "valid_for_s", json_integer(valid_for / USEC_SEC));
    }
    if (args_number(&c->args, "rate", &rate)) {
        json_object_set_new(body, "rate", json_integer((json_int_t)rate));
    }
    if (args_number(&c->args, "weight", &weight)) {
        json_object_set_new(body, "weight", json_integer((json_int_t)weight));
    }
    int code = ask_tlvs(c, body) ? campaign_put_text(c, body) : c->exit;
    if (code != CLI_OK) {
        json_decref(body);
        return code;
    }
    struct buf path = ask_path("campaigns", NULL);
    return ask_show(c, "POST", &path, body, campaign_draw_added);
}

/* --- look --- */

static void campaign_columns(struct table *t)
{
    table_column(t, "campaign", TABLE_LEFT);
    table_column(t, "state", TABLE_LEFT);
    table_column(t, "recipients", TABLE_RIGHT);
    table_column(t, "started", TABLE_LEFT);
    table_column(t, "segments", TABLE_LEFT);
}

static void campaign_row(struct table *t, const json_t *k)
{
    const json_t *segments = doc_get(k, "segments");
    usec_t started = doc_instant(k, "started");
    struct buf names = { 0 };
    for (size_t i = 0; i < json_array_size(segments); i++) {
        buf_printf(&names, "%s%s", i != 0 ? ", " : "", json_string_value(json_array_get(segments, i)));
    }
    table_strv(t, doc_strv(k, "name"), STYLE_STRONG);
    table_styled(t, doc_text(k, "state"), campaign_style(doc_text(k, "state")));
    table_text(t, started != 0 ? text_count(doc_int(k, "recipients")).s : "-");
    table_text(t, text_minute(started).s);
    table_text(t, buf_cstr(&names));
    buf_free(&names);
}

int run_campaign_list(struct cli *c)
{
    static const struct ask_list LIST = {
        .name = "campaigns",
        .none = "no campaigns yet; add one: tessera campaign add NAME --segment SEGMENT --text TEXT",
        .columns = campaign_columns,
        .row = campaign_row
    };
    struct buf path = ask_path("campaigns", NULL);
    return ask_list_whole(c, &path, &LIST);
}

int run_campaign_show(struct cli *c)
{
    struct buf path = ask_path("campaigns", c->args.words[0], NULL);
    return ask_show(c, "GET", &path, NULL, campaign_draw);
}

int run_campaign_preview(struct cli *c)
{
    char text[40];
    const char *at, *local;
    if (!ask_schedule(c, text, &at, &local)) {
        return c->exit;
    }
    struct buf path = ask_path("campaigns", c->args.words[0], "preview", NULL);
    client_path_query(&path, "at", at);
    client_path_query(&path, "at_local", local);
    return ask_show(c, "GET", &path, NULL, campaign_draw_preview);
}

int run_campaign_report(struct cli *c)
{
    struct buf path = ask_path("campaigns", c->args.words[0], "report", NULL);
    return args_flag(&c->args, "watch") ? ask_watch(c, &path, campaign_draw_report, campaign_complete)
                                        : ask_show(c, "GET", &path, NULL, campaign_draw_report);
}

/* --- do --- */

static void campaign_draw_acted(struct cli *c, const json_t *doc, struct buf *out)
{
    int64_t recipients = doc_int(doc, "recipients");
    buf_printf(out, "campaign \"%s\" is %s", doc_text(doc, "name"), doc_text(doc, "state"));
    if (recipients != 0) {
        buf_printf(out, ": %s %s", text_count(recipients).s, recipients == 1 ? "recipient" : "recipients");
    }
    buf_put_u8(out, '\n');
    if (strcmp(c->args.command->verb, "start") == 0) {
        const char *local = doc_text(doc, "at_local");
        if (doc_instant(doc, "at") != 0) {
            buf_printf(out, "  scheduled for %s\n", text_minute(doc_instant(doc, "at")).s);
        } else if (local[0] != '\0') {
            buf_printf(out, "  scheduled for %.16s, each by their own clock\n", local);
        }
        buf_printf(out, "  follow it: tessera campaign report %s --watch\n", c->args.words[0]);
    }
}

static int campaign_act(struct cli *c)
{
    struct buf path = ask_path("campaigns", c->args.words[0], c->args.command->verb, NULL);
    return ask_show(c, "POST", &path, json_object(), campaign_draw_acted);
}

int run_campaign_start(struct cli *c)
{
    char text[40];
    const char *at, *local;
    if (!ask_schedule(c, text, &at, &local)) {
        return c->exit;
    }
    json_t *body = json_object();
    doc_set_text(body, "at", at);
    doc_set_text(body, "at_local", local);
    struct buf path = ask_path("campaigns", c->args.words[0], "start", NULL);
    return ask_show(c, "POST", &path, body, campaign_draw_acted);
}

int run_campaign_pause(struct cli *c)
{
    return campaign_act(c);
}

int run_campaign_resume(struct cli *c)
{
    return campaign_act(c);
}

int run_campaign_cancel(struct cli *c)
{
    return campaign_act(c);
}

static void campaign_draw_removed(struct cli *c, const json_t *doc, struct buf *out)
{
    (void)doc;
    buf_printf(out, "campaign \"%s\" removed\n", c->args.words[0]);
}

int run_campaign_remove(struct cli *c)
{
    struct buf path = ask_path("campaigns", c->args.words[0], NULL);
    return ask_show(c, "DELETE", &path, NULL, campaign_draw_removed);
}
