/* tessera message, inbound and send */
#include "cli/ask.h"
#include "cli/doc.h"
#include "cli/handlers.h"
#include "cli/message_view.h"
#include "cli/preview.h"
#include "cli/text.h"

#include <string.h>

#define MESSAGE_LIMIT 50

static int message_limit(struct cli *c, uint64_t *limit)
{
    bool given = args_number(&c->args, "limit", limit), all = args_flag(&c->args, "all");
    if (given && all) {
        return cli_usage(c, "--limit and --all exclude each other");
    }
    if (!given) {
        *limit = all ? UINT64_MAX : MESSAGE_LIMIT;
    }
    return CLI_OK;
}

/* --- lists --- */

static int message_query_instant(struct cli *c, struct buf *path, const char *name)
{
    struct values_instant t;
    char text[40];
    if (!args_instant(&c->args, name, &t)) {
        return CLI_OK;
    }
    if (ask_instant(c, &t, text) == NULL) {
        return c->exit;
    }
    client_path_query(path, name, text);
    return CLI_OK;
}

int run_message_list(struct cli *c)
{
    struct ask_list list = {
        .name = "messages", .none = "no such messages", .columns = message_columns, .row = message_row
    };
    struct buf path = ask_path("messages", NULL);
    int code = message_limit(c, &list.limit);
    client_path_query(&path, "number", args_text(&c->args, "number"));
    client_path_query(&path, "campaign", args_text(&c->args, "campaign"));
    client_path_query(&path, "carrier", args_text(&c->args, "carrier"));
    client_path_query(&path, "tag", args_text(&c->args, "tag"));
    client_path_query(&path, "state", args_text(&c->args, "state"));
    if (code == CLI_OK) {
        code = message_query_instant(c, &path, "from");
    }
    if (code == CLI_OK) {
        code = message_query_instant(c, &path, "to");
    }
    if (code != CLI_OK) {
        buf_free(&path);
        return code;
    }
    return ask_list_pages(c, &path, &list);
}

static void inbound_columns(struct table *t)
{
    table_column(t, "id", TABLE_RIGHT);
    table_column(t, "at", TABLE_LEFT);
    table_column(t, "from", TABLE_LEFT);
    table_column(t, "to", TABLE_LEFT);
    table_column(t, "meant", TABLE_LEFT);
    table_column(t, "text", TABLE_LEFT);
    table_column(t, "TLVs", TABLE_LEFT);
}

static void inbound_row(struct table *t, const json_t *m)
{
    struct buf meant = { 0 };
    const char *vote = doc_text(m, "vote"), *consent = doc_text(m, "consent");
    if (consent[0] != '\0') {
        buf_printf(&meant, "%s", consent);
    } else if (vote[0] != '\0') {
        buf_printf(&meant, "vote %s", vote);
    }
    table_text(t, doc_text(m, "id"));
    table_text(t, text_instant(doc_instant(m, "at")).s);
    table_text(t, doc_text(m, "from"));
    table_text(t, doc_text(m, "to"));
    table_text(t, meant.len != 0 ? buf_cstr(&meant) : "-");
    table_strv(t, doc_strv(m, "text"), STYLE_PLAIN);
    buf_clear(&meant);
    ask_put_tlvs(&meant, doc_get(m, "tlvs"));
    table_text(t, buf_cstr(&meant));
    buf_free(&meant);
}

int run_inbound_list(struct cli *c)
{
    struct ask_list list = {
        .name = "inbound", .none = "nothing came in", .columns = inbound_columns, .row = inbound_row
    };
    struct buf path = ask_path("inbound", NULL);
    client_path_query(&path, "number", args_text(&c->args, "number"));
    int code = message_limit(c, &list.limit);
    if (code != CLI_OK) {
        buf_free(&path);
        return code;
    }
    return ask_list_pages(c, &path, &list);
}

/* --- one --- */

static void message_pair(struct table *t, const char *name, const char *value)
{
    if (value[0] != '\0' && strcmp(value, "-") != 0) {
        table_styled(t, name, STYLE_FAINT);
        table_text(t, value);
    }
}

static void message_put_parts(struct cli *c, const json_t *doc, struct buf *out)
{
    const json_t *parts = doc_get(doc, "parts");
    struct table *t = cli_table(c, 2);
    table_column(t, "part", TABLE_RIGHT);
    table_column(t, "state", TABLE_LEFT);
    table_column(t, "status", TABLE_LEFT);
    table_column(t, "carrier's id", TABLE_LEFT);
    table_column(t, "on its way", TABLE_LEFT);
    table_column(t, "error", TABLE_RIGHT);
    for (size_t i = 0; i < json_array_size(parts); i++) {
        const json_t *p = json_array_get(parts, i), *status = doc_get(p, "status");
        table_count(t, doc_int(p, "n"));
        table_styled(t, message_state_label(doc_text(p, "state")), message_style(doc_text(p, "state")));
        table_text(t, json_is_integer(status)  ? text_count(json_integer_value(status)).s
                      : json_is_string(status) ? json_string_value(status)
                                               : "-");
        table_text(t, doc_text(p, "carrier_id"));
        table_text(t, doc_text(p, "stage")[0] != '\0' ? doc_text(p, "stage") : "-");
        table_text(t, doc_int(p, "error") != 0 ? text_count(doc_int(p, "error")).s : "-");
    }
    if (table_rows(t) != 0) {
        buf_put_u8(out, '\n');
        table_put(t, out);
    }
    table_free(t);
}

/* What is next, as of then. */
static void message_history_next(struct table *t, const json_t *e)
{
    const char *what = doc_text(e, "what");
    usec_t until = doc_instant(e, "until");
    table_text(t, until != 0                       ? text_instant(until).s
                  : strcmp(what, "held") == 0      ? "when somebody resumes it"
                  : strcmp(what, "uncertain") == 0 ? "when somebody decides"
                  : strcmp(what, "ready") == 0     ? "as soon as it can"
                                                   : "-");
}

static void message_history_row(struct table *t, const json_t *e)
{
    const char *what = doc_text(e, "what"), *host = doc_text(e, "host");
    bool failed = json_is_true(doc_get(e, "tried"));
    struct buf said = { 0 };
    if (failed) {
        buf_printf(&said, "tried: %s", message_state_label(what));
    } else {
        buf_printf(&said, "%s", message_state_label(what));
    }
    if (doc_int(e, "count") > 1) {
        buf_printf(&said, " (%lld times)", (long long)doc_int(e, "count"));
    }
    table_text(t, text_instant(doc_instant(e, "at")).s);
    table_styled(t, buf_cstr(&said), failed ? STYLE_WARN : message_style(what));
    buf_clear(&said);
    buf_printf(&said, "%s%s%s", doc_text(e, "carrier"), host[0] != '\0' ? " " : "", host);
    table_text(t, said.len != 0 ? buf_cstr(&said) : "-");
    message_history_next(t, e);
    buf_clear(&said);
    ask_put_tlvs(&said, doc_get(e, "tlvs"));
    if (said.len != 0) {
        table_text(t, buf_cstr(&said));
    } else {
        table_strv(t, doc_strv(e, doc_text(e, "text")[0] != '\0' ? "text" : "detail"), STYLE_PLAIN);
    }
    buf_free(&said);
}

/* Left out when all went at once: the instants above say it. */
static void message_put_history(struct cli *c, const json_t *doc, struct buf *out)
{
    const json_t *history = doc_get(doc, "history");
    bool any = false;
    struct table *t = cli_table(c, 2);
    table_column(t, "when", TABLE_LEFT);
    table_column(t, "what", TABLE_LEFT);
    table_column(t, "carrier", TABLE_LEFT);
    table_column(t, "next", TABLE_LEFT);
    table_column(t, "why", TABLE_LEFT);
    for (size_t i = 0; i < json_array_size(history); i++) {
        const json_t *e = json_array_get(history, i);
        any = any || doc_get(e, "tried") != NULL;
        message_history_row(t, e);
    }
    if (any) {
        buf_put_u8(out, '\n');
        table_put(t, out);
    }
    table_free(t);
}

static void message_draw(struct cli *c, const json_t *doc, struct buf *out)
{
    static const struct {
        const char *member, *label;
    } INSTANTS[] = { { "accepted", "accepted" },
                     { "until", "held until" },
                     { "valid_until", "valid until" },
                     { "sent", "sent" },
                     { "final", "final" } };
    static const char *const TEXTS[] = { "to",      "sender", "class", "campaign",
                                         "carrier", "tag",    "ref",   "detail" };
    const char *state = doc_text(doc, "state");
    struct table *t = cli_table(c, 2);
    table_column(t, "", TABLE_LEFT);
    table_column(t, "", TABLE_LEFT);
    buf_put_strv(out, STRV("message "));
    cli_put_styled(c, out, STYLE_STRONG, doc_text(doc, "id"));
    buf_put_strv(out, STRV("  "));
    cli_put_styled(c, out, message_style(state), message_state_label(state));
    buf_put_u8(out, '\n');
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        message_pair(t, strcmp(TEXTS[i], "detail") == 0 ? "why" : TEXTS[i], doc_text(doc, TEXTS[i]));
    }
    message_pair(t, "text", doc_text(doc, "text"));
    struct buf tlvs = { 0 };
    ask_put_tlvs(&tlvs, doc_get(doc, "tlvs"));
    message_pair(t, "TLVs", buf_cstr(&tlvs));
    buf_free(&tlvs);
    for (size_t i = 0; i < sizeof INSTANTS / sizeof INSTANTS[0]; i++) {
        if (strcmp(INSTANTS[i].member, "until") != 0 || strcmp(state, "held") == 0) {
            message_pair(t, INSTANTS[i].label, text_instant(doc_instant(doc, INSTANTS[i].member)).s);
        }
    }
    if (doc_int(doc, "attempts") > 1) {
        message_pair(t, "attempts", text_count(doc_int(doc, "attempts")).s);
    }
    table_put(t, out);
    table_free(t);
    message_put_parts(c, doc, out);
    message_put_history(c, doc, out);
}

int run_message_show(struct cli *c)
{
    struct buf path = ask_path("messages", c->args.words[0], NULL);
    return ask_show(c, "GET", &path, NULL, message_draw);
}

static void message_draw_acted(struct cli *c, const json_t *doc, struct buf *out)
{
    const char *state = doc_text(doc, "state"), *why = doc_text(doc, "detail");
    bool waits = strcmp(state, "held") == 0 && why[0] != '\0';
    (void)c;
    buf_printf(out, "message %s is %s%s%s\n", doc_text(doc, "id"), message_state_label(state),
               waits ? ": " : "", waits ? why : "");
}

/* What the carrier said, part by part. */
static void message_draw_asked(struct cli *c, const json_t *doc, struct buf *out)
{
    const json_t *asked = doc_get(doc, "asked");
    struct table *t = cli_table(c, 2);
    message_draw_acted(c, doc, out);
    table_column(t, "part", TABLE_RIGHT);
    table_column(t, "carrier says", TABLE_LEFT);
    table_column(t, "at", TABLE_LEFT);
    table_column(t, "error", TABLE_LEFT);
    table_column(t, "", TABLE_LEFT);
    for (size_t i = 0; i < json_array_size(asked); i++) {
        const json_t *p = json_array_get(asked, i);
        bool ok = json_is_true(doc_get(p, "ok"));
        const char *state = doc_text(p, "state"), *status = doc_text(p, "status");
        usec_t final = doc_instant(p, "final");
        table_count(t, doc_int(p, "n"));
        table_styled(t,
                     ok && state[0] != '\0' ? state
                     : ok                   ? "yes"
                     : status[0] != '\0'    ? status
                                            : "-",
                     ok ? STYLE_PLAIN : STYLE_WARN);
        table_text(t, final != 0 ? text_instant(final).s : "-");
        table_text(t, doc_int(p, "error") != 0 ? text_count(doc_int(p, "error")).s : "-");
        table_strv(t, doc_strv(p, "detail"), STYLE_PLAIN);
    }
    if (table_rows(t) != 0) {
        buf_put_u8(out, '\n');
        table_put(t, out);
    }
    table_free(t);
}

int run_message_cancel(struct cli *c)
{
    json_t *body = json_object();
    struct buf path = ask_path("messages", c->args.words[0], "cancel", NULL);
    if (!args_flag(&c->args, "at-carrier")) {
        return ask_show(c, "POST", &path, body, message_draw_acted);
    }
    json_object_set_new(body, "at_carrier", json_true());
    return ask_show(c, "POST", &path, body, message_draw_asked);
}

static int message_act(struct cli *c, const char *verb)
{
    struct buf path = ask_path("messages", c->args.words[0], verb, NULL);
    return ask_show(c, "POST", &path, json_object(), message_draw_acted);
}

int run_message_pause(struct cli *c)
{
    return message_act(c, "pause");
}

int run_message_resume(struct cli *c)
{
    return message_act(c, "resume");
}

int run_message_query(struct cli *c)
{
    struct buf path = ask_path("messages", c->args.words[0], "query", NULL);
    return ask_show(c, "POST", &path, json_object(), message_draw_asked);
}

int run_message_replace(struct cli *c)
{
    json_t *body = json_object();
    doc_set_text(body, "text", args_text(&c->args, "text"));
    struct buf path = ask_path("messages", c->args.words[0], "replace", NULL);
    return ask_show(c, "POST", &path, body, message_draw_asked);
}

int run_message_resolve(struct cli *c)
{
    bool resend = args_flag(&c->args, "resend");
    if (resend == args_flag(&c->args, "fail")) {
        return cli_usage(c, "say either --resend or --fail");
    }
    json_t *body = json_object();
    json_object_set_new(body, "action", json_string(resend ? "resend" : "fail"));
    struct buf path = ask_path("messages", c->args.words[0], "resolve", NULL);
    return ask_show(c, "POST", &path, body, message_draw_acted);
}

/* --- send --- */

static void send_draw(struct cli *c, const json_t *doc, struct buf *out)
{
    const char *state = doc_text(doc, "state");
    usec_t until = doc_instant(doc, "until");
    buf_put_strv(out, STRV("message "));
    cli_put_styled(c, out, STYLE_STRONG, doc_text(doc, "id"));
    buf_printf(out, " to %s: %s, ", doc_text(doc, "to"), message_state_label(state));
    preview_put_line(out, doc);
    buf_put_u8(out, '\n');
    if (strcmp(state, "held") == 0) {
        buf_printf(out, "  held%s%s: ", until != 0 ? " until " : "", until != 0 ? text_minute(until).s : "");
        text_put_clean(out, doc_strv(doc, "detail"));
        buf_put_u8(out, '\n');
    }
    preview_put_rest(c, doc, "  ", out);
    preview_put_replaced(c, doc_get(doc, "replaced"), out);
}

int run_send(struct cli *c)
{
    usec_t valid_for;
    char text[40];
    const char *at, *local;
    json_t *body = json_object();
    doc_set_text(body, "to", args_text(&c->args, "to"));
    doc_set_text(body, "text", c->args.words[0]);
    doc_set_text(body, "class", args_text(&c->args, "class"));
    doc_set_text(body, "sender", args_text(&c->args, "sender"));
    doc_set_text(body, "ref", args_text(&c->args, "ref"));
    doc_set_text(body, "tag", args_text(&c->args, "tag"));
    if (!ask_tlvs(c, body)) {
        json_decref(body);
        return c->exit;
    }
    if (args_duration(&c->args, "valid-for", &valid_for)) {
        json_object_set_new(body, "valid_for_s", json_integer(valid_for / USEC_SEC));
    }
    if (!ask_schedule(c, text, &at, &local)) {
        json_decref(body);
        return c->exit;
    }
    doc_set_text(body, "send_at", at);
    doc_set_text(body, "send_at_local", local);
    struct buf path = ask_path("messages", NULL);
    return ask_show(c, "POST", &path, body, send_draw);
}
