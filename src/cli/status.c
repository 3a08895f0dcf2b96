/* tessera status, health and clock */
#include "cli/ask.h"
#include "cli/doc.h"
#include "cli/handlers.h"
#include "cli/message_view.h"
#include "cli/receipt_view.h"
#include "cli/status_view.h"
#include "cli/text.h"

#include <stdio.h>
#include <string.h>

#define HEALTH_PATIENCE (10 * USEC_SEC) /* not to answer is not to be well */

/* --- status --- */

static enum style status_style(const char *state)
{
    static const struct {
        const char *state;
        enum style style;
    } STYLES[] = { { "up", STYLE_GOOD },      { "bound", STYLE_GOOD },     { "degraded", STYLE_WARN },
                   { "paused", STYLE_WARN },  { "waiting", STYLE_WARN },   { "connecting", STYLE_WARN },
                   { "binding", STYLE_WARN }, { "unbinding", STYLE_WARN }, { "draining", STYLE_WARN },
                   { "down", STYLE_BAD },     { "stopped", STYLE_BAD } };
    for (size_t i = 0; i < sizeof STYLES / sizeof STYLES[0]; i++) {
        if (strcmp(STYLES[i].state, state) == 0) {
            return STYLES[i].style;
        }
    }
    return STYLE_PLAIN;
}

static void status_put_head(struct cli *c, const json_t *doc, struct buf *out)
{
    usec_t now = doc_instant(doc, "now"), started = doc_instant(doc, "started");
    buf_printf(out, "tesserad %s  ", doc_text(doc, "version"));
    cli_put_styled(c, out, status_style(doc_text(doc, "state")), doc_text(doc, "state"));
    if (now >= started && started != 0) {
        buf_printf(out, " for %s", text_duration(now - started).s);
    }
    buf_printf(out, "  %s  tzdata %s", text_instant(now).s, doc_text(doc, "tzdata"));
    if (doc_bool(doc, "test_clock")) {
        cli_put_styled(c, out, STYLE_WARN, "  test clock");
    }
    buf_put_u8(out, '\n');
}

/* A carrier that has asked to slow down: since when and why, and what was found that it takes. */
static void status_put_found(const json_t *k, struct buf *out)
{
    static const struct {
        const char *cause, *text;
    } CAUSES[] = { { "throttled", "says that it is sent too much" },
                   { "queue_full", "says that its queue is full" },
                   { "congested", "says that it is congested" } };
    const json_t *rate = doc_get(k, "rate");
    const char *cause = doc_text(rate, "cause");
    if (doc_int(rate, "found") == 0) {
        return;
    }
    for (size_t i = 0; i < sizeof CAUSES / sizeof CAUSES[0]; i++) {
        cause = strcmp(cause, CAUSES[i].cause) == 0 ? CAUSES[i].text : cause;
    }
    buf_printf(out, "%s %s (since %s): it is sent %s parts/s", doc_text(k, "name"), cause,
               text_instant(doc_instant(rate, "since")).s, text_count(doc_int(rate, "found")).s);
    if (doc_instant(k, "throttled_until") != 0) {
        buf_printf(out, ", and nothing until %s", text_instant(doc_instant(k, "throttled_until")).s);
    }
    buf_put_u8(out, '\n');
}

static void status_put_carriers(struct cli *c, const json_t *carriers, struct buf *out)
{
    struct table *t = cli_table(c, 0);
    table_column(t, "carrier", TABLE_LEFT);
    table_column(t, "state", TABLE_LEFT);
    table_column(t, "parts/s", TABLE_RIGHT);
    table_column(t, "limit", TABLE_RIGHT);
    table_column(t, "found", TABLE_RIGHT);
    table_column(t, "otp", TABLE_RIGHT);
    table_column(t, "transact.", TABLE_RIGHT);
    table_column(t, "promo.", TABLE_RIGHT);
    table_column(t, "in flight", TABLE_RIGHT);
    table_column(t, "submitted", TABLE_RIGHT);
    table_column(t, "failed", TABLE_RIGHT);
    table_column(t, "receipts", TABLE_RIGHT);
    table_column(t, "inbound", TABLE_RIGHT);
    for (size_t i = 0; i < json_array_size(carriers); i++) {
        const json_t *k = json_array_get(carriers, i), *rate = doc_get(k, "rate"),
                     *queue = doc_get(k, "queue");
        table_strv(t, doc_strv(k, "name"), STYLE_STRONG);
        table_styled(t, doc_text(k, "state"), status_style(doc_text(k, "state")));
        table_count(t, doc_int(rate, "last_s"));
        table_text(t, doc_int(rate, "limit") != 0 ? text_count(doc_int(rate, "limit")).s : "none");
        table_styled(t, doc_int(rate, "found") != 0 ? text_count(doc_int(rate, "found")).s : "-",
                     doc_int(rate, "found") != 0 ? STYLE_WARN : STYLE_PLAIN);
        table_count(t, doc_int(queue, "otp"));
        table_count(t, doc_int(queue, "transactional"));
        table_count(t, doc_int(queue, "promotional"));
        table_count(t, doc_int(k, "in_flight"));
        table_count(t, doc_int(k, "submitted"));
        table_count(t, doc_int(k, "failed"));
        table_count(t, doc_int(k, "receipts"));
        table_count(t, doc_int(k, "inbound"));
    }
    if (table_rows(t) != 0) {
        table_put(t, out);
    } else {
        buf_put_strv(out, STRV("no carriers are configured: nothing can be sent\n"));
    }
    table_free(t);
    for (size_t i = 0; i < json_array_size(carriers); i++) {
        const json_t *k = json_array_get(carriers, i);
        status_put_found(k, out);
        if (doc_bool(k, "paused")) {
            buf_printf(out, "%s was paused %s; go on: tessera carrier resume %s\n", doc_text(k, "name"),
                       text_minute(doc_instant(k, "paused_since")).s, doc_text(k, "name"));
        }
    }
}

/* With how long the peer's certificate is good for. */
static void status_put_tls(struct table *t, const json_t *b)
{
    const json_t *certificate = doc_get(b, "certificate");
    int64_t days = doc_int(certificate, "days_left");
    char text[100];
    snprintf(text, sizeof text, "yes, %s %s", text_count(days).s, days == 1 ? "day" : "days");
    table_text(t, !doc_bool(b, "tls")            ? "no"
                  : !json_is_object(certificate) ? "yes"
                  : days < 0                     ? "yes, expired"
                                                 : text);
}

/* The limits that hold for few: what for, and how many messages wait for each. */
static void status_put_rates(struct cli *c, const json_t *rates, struct buf *out)
{
    static const char *const KEYS[] = { "sender", "region", "prefix", "class", "carrier" };
    if (json_array_size(rates) == 0) {
        return;
    }
    struct table *t = cli_table(c, 0);
    table_column(t, "rate for", TABLE_LEFT);
    table_column(t, "limit", TABLE_RIGHT);
    table_column(t, "burst", TABLE_RIGHT);
    table_column(t, "waiting", TABLE_RIGHT);
    for (size_t i = 0; i < json_array_size(rates); i++) {
        const json_t *r = json_array_get(rates, i);
        struct buf what = { 0 };
        for (size_t k = 0; k < sizeof KEYS / sizeof KEYS[0]; k++) {
            if (doc_text(r, KEYS[k])[0] != '\0') {
                buf_printf(&what, "%s%s %s", what.len != 0 ? ", " : "", KEYS[k], doc_text(r, KEYS[k]));
            }
        }
        table_text(t, what.len != 0 ? buf_cstr(&what) : "all");
        table_count(t, doc_int(r, "rate"));
        table_count(t, doc_int(r, "burst"));
        table_count(t, doc_int(r, "waiting"));
        buf_free(&what);
    }
    table_put(t, out);
    table_free(t);
}

static void status_put_bind(struct table *t, const json_t *carrier, const json_t *b)
{
    const json_t *window = doc_get(b, "window");
    usec_t next = doc_instant(b, "next_attempt");
    char used[2 * sizeof(struct text)];
    struct buf remark = { 0 };
    snprintf(used, sizeof used, "%s/%s", text_count(doc_int(window, "used")).s,
             text_count(doc_int(window, "size")).s);
    buf_printf(&remark, "%s", doc_text(b, "last_error"));
    if (strcmp(doc_text(b, "state"), "stopped") == 0) {
        buf_printf(&remark, "%sstopped until it is mended: tessera carrier resume %s",
                   remark.len != 0 ? "; " : "", doc_text(carrier, "name"));
    }
    if (doc_bool(b, "outbind")) {
        buf_printf(&remark, "%sthe carrier asked for it (outbind)", remark.len != 0 ? "; " : "");
    }
    if (!doc_bool(b, "first_choice") && strcmp(doc_text(b, "state"), "bound") == 0) {
        buf_printf(&remark, "%snot the first host", remark.len != 0 ? "; " : "");
    }
    if (next != 0) {
        buf_printf(&remark, "%snext attempt %s", remark.len != 0 ? "; " : "", text_instant(next).s);
    }
    table_text(t, doc_text(carrier, "name"));
    table_text(t, text_count(doc_int(b, "id")).s);
    table_text(t, doc_text(b, "mode"));
    table_text(t, doc_text(b, "host"));
    table_styled(t, doc_text(b, "state"), status_style(doc_text(b, "state")));
    table_text(t, used);
    table_text(t, doc_text(b, "version"));
    status_put_tls(t, b);
    table_text(t, text_instant(doc_instant(b, "since")).s);
    table_text(t, buf_cstr(&remark));
    buf_free(&remark);
}

static void status_put_binds(struct cli *c, const json_t *carriers, struct buf *out)
{
    struct table *t = cli_table(c, 0);
    table_column(t, "bind of", TABLE_LEFT);
    table_column(t, "", TABLE_RIGHT);
    table_column(t, "mode", TABLE_LEFT);
    table_column(t, "host", TABLE_LEFT);
    table_column(t, "state", TABLE_LEFT);
    table_column(t, "window", TABLE_RIGHT);
    table_column(t, "SMPP", TABLE_LEFT);
    table_column(t, "TLS", TABLE_LEFT);
    table_column(t, "since", TABLE_LEFT);
    table_column(t, "", TABLE_LEFT);
    for (size_t i = 0; i < json_array_size(carriers); i++) {
        const json_t *k = json_array_get(carriers, i), *binds = doc_get(k, "binds");
        for (size_t n = 0; n < json_array_size(binds); n++) {
            status_put_bind(t, k, json_array_get(binds, n));
        }
    }
    if (table_rows(t) != 0) {
        buf_put_u8(out, '\n');
        table_put(t, out);
    }
    table_free(t);
}

static void status_put_warnings(struct cli *c, const json_t *warnings, struct buf *out)
{
    for (size_t i = 0; i < json_array_size(warnings); i++) {
        struct buf line = { 0 };
        text_put_clean(&line, strv_from(json_string_value(json_array_get(warnings, i))));
        buf_put_strv(out, i == 0 ? STRV("\n") : STRV(""));
        cli_put_styled(c, out, STYLE_WARN, buf_cstr(&line));
        buf_put_u8(out, '\n');
        buf_free(&line);
    }
}

static void status_put_outbind(const json_t *o, struct buf *out)
{
    if (json_is_object(o)) {
        buf_printf(out, "\noutbinds at %s  %s waiting, %s bound, %s refused\n", doc_text(o, "listen"),
                   text_count(doc_int(o, "waiting")).s, text_count(doc_int(o, "accepted")).s,
                   text_count(doc_int(o, "refused")).s);
    }
}

static void status_put_queue(struct cli *c, const json_t *queue, struct buf *out)
{
    const char *state;
    json_t *n;
    struct table *t = cli_table(c, 2);
    table_column(t, "", TABLE_LEFT);
    table_column(t, "", TABLE_RIGHT);
    json_object_foreach((json_t *)queue, state, n)
    {
        if (json_integer_value(n) != 0) {
            table_styled(t, message_state_label(state), message_style(state));
            table_count(t, json_integer_value(n));
        }
    }
    buf_put_strv(out, STRV("\nmessages\n"));
    if (table_rows(t) == 0) {
        buf_put_strv(out, STRV("  none\n"));
    }
    table_put(t, out);
    table_free(t);
}

static void status_put_store(struct buf *out, const char *name, const json_t *s)
{
    buf_printf(out, "  %-9s %s of %s (%s)", name, text_size((uint64_t)doc_int(s, "used")).s,
               text_size((uint64_t)doc_int(s, "map_size")).s,
               text_percent(doc_int(s, "used"), doc_int(s, "map_size")).s);
}

static void status_put_stores(struct cli *c, const json_t *doc, struct buf *out)
{
    const json_t *spool = doc_get(doc, "spool"), *audience = doc_get(doc, "audience"),
                 *recovered = doc_get(doc, "recovered");
    buf_put_strv(out, STRV("\nstores\n"));
    status_put_store(out, "spool", spool);
    buf_printf(out, "  %s messages", text_count(doc_int(spool, "messages")).s);
    if (doc_instant(spool, "oldest") != 0) {
        buf_printf(out, ", the oldest of %s", text_minute(doc_instant(spool, "oldest")).s);
    }
    if (doc_int(spool, "deleted") != 0) {
        buf_printf(out, "; %s old ones deleted", text_count(doc_int(spool, "deleted")).s);
    }
    buf_put_u8(out, '\n');
    status_put_store(out, "audience", audience);
    buf_printf(out, "  %s customers, %s events", text_count(doc_int(audience, "customers")).s,
               text_count(doc_int(audience, "events")).s);
    if (doc_int(audience, "feed_pending") != 0) {
        buf_printf(out, ", %s to be noted", text_count(doc_int(audience, "feed_pending")).s);
    }
    buf_printf(out, "\n  %s %s opted out\n", text_count(doc_int(doc, "suppressed_numbers")).s,
               doc_int(doc, "suppressed_numbers") == 1 ? "number" : "numbers");
    if (doc_bool(spool, "intake_closed")) {
        buf_put_strv(out, STRV("  "));
        cli_put_styled(c, out, STYLE_BAD, "no new messages are taken: the spool is full");
        buf_put_u8(out, '\n');
    }
    if (doc_int(spool, "orphan_receipts") != 0) {
        bool one = doc_int(spool, "orphan_receipts") == 1;
        buf_printf(out, "  %s %s for %s message: tessera receipt unknown\n",
                   text_count(doc_int(spool, "orphan_receipts")).s, one ? "receipt waits" : "receipts wait",
                   one ? "its" : "their");
    }
    if (doc_int(recovered, "in_flight") != 0) {
        buf_printf(out, "  at the start %s were in flight: %s sent again, %s held, %s given up\n",
                   text_count(doc_int(recovered, "in_flight")).s, text_count(doc_int(recovered, "resent")).s,
                   text_count(doc_int(recovered, "held")).s, text_count(doc_int(recovered, "failed")).s);
    }
}

static void status_draw(struct cli *c, const json_t *doc, struct buf *out)
{
    status_put_head(c, doc, out);
    buf_put_u8(out, '\n');
    status_put_carriers(c, doc_get(doc, "carriers"), out);
    status_put_rates(c, doc_get(doc, "rates"), out);
    status_put_binds(c, doc_get(doc, "carriers"), out);
    status_put_outbind(doc_get(doc, "outbind"), out);
    status_put_warnings(c, doc_get(doc, "warnings"), out);
    status_put_queue(c, doc_get(doc, "queue"), out);
    status_put_stores(c, doc, out);
}

int run_status(struct cli *c)
{
    struct buf path = ask_path("status", NULL);
    return args_flag(&c->args, "watch") ? ask_watch(c, &path, status_draw, NULL)
                                        : ask_show(c, "GET", &path, NULL, status_draw);
}

/* --- carriers --- */

void status_draw_carriers(struct cli *c, const json_t *carriers, struct buf *out)
{
    status_put_carriers(c, carriers, out);
    status_put_binds(c, carriers, out);
    receipt_put_carriers(c, carriers, out);
}

static void carrier_draw(struct cli *c, const json_t *doc, struct buf *out)
{
    status_draw_carriers(c, doc_get(doc, "carriers"), out);
}

int run_carrier_list(struct cli *c)
{
    struct buf path = ask_path("carriers", NULL);
    return ask_show(c, "GET", &path, NULL, carrier_draw);
}

static void carrier_draw_acted(struct cli *c, const json_t *doc, struct buf *out)
{
    const json_t *queue = doc_get(doc, "queue");
    int64_t waiting = doc_int(queue, "otp") + doc_int(queue, "transactional") + doc_int(queue, "promotional");
    buf_printf(out, "carrier \"%s\" is %s", doc_text(doc, "name"), doc_text(doc, "state"));
    if (doc_bool(doc, "paused")) {
        buf_printf(out, ": nothing is submitted; %s wait\n  go on: tessera carrier resume %s",
                   text_count(waiting).s, c->args.words[0]);
    }
    buf_put_u8(out, '\n');
}

static int carrier_act(struct cli *c)
{
    struct buf path = ask_path("carriers", c->args.words[0], c->args.command->verb, NULL);
    return ask_show(c, "POST", &path, json_object(), carrier_draw_acted);
}

int run_carrier_pause(struct cli *c)
{
    return carrier_act(c);
}

int run_carrier_resume(struct cli *c)
{
    return carrier_act(c);
}

/* --- health --- */

/* Not well is an answer, too: 503 with the problems. */
int run_health(struct cli *c)
{
    struct client_reply r;
    struct err e = { 0 };
    struct buf out = { 0 };
    client_set_patience(c->client, HEALTH_PATIENCE);
    enum client_result result = client_ask(c->client, "GET", "/healthz", NULL, &r, &e);
    const json_t *problems = doc_get(r.doc, "problems");
    if (result != CLIENT_ANSWERED || (r.status != 200 && doc_get(r.doc, "error") != NULL)) {
        ask_failed(c, result, &r, &e);
        json_decref(r.doc);
        return c->exit;
    }
    buf_printf(&out, "%s\n", doc_text(r.doc, "status"));
    for (size_t i = 0; i < json_array_size(problems); i++) {
        buf_put_strv(&out, STRV("  "));
        text_put_clean(&out, strv_from(json_string_value(json_array_get(problems, i))));
        buf_put_u8(&out, '\n');
    }
    int well = r.status == 200 ? CLI_OK : CLI_FAILED, code;
    if (c->args.json) {
        buf_free(&out);
        code = ask_print(c, r.doc, NULL);
    } else {
        json_decref(r.doc);
        code = cli_print(c, &out);
    }
    return code != CLI_OK ? code : well;
}

/* --- the test clock --- */

static void clock_draw(struct cli *c, const json_t *doc, struct buf *out)
{
    (void)c;
    buf_printf(out, "%s  (%s)\n", text_instant(doc_instant(doc, "now")).s, doc_text(doc, "now"));
}

int run_clock_show(struct cli *c)
{
    struct buf path = ask_path("clock", NULL);
    return ask_show(c, "GET", &path, NULL, clock_draw);
}

int run_clock_set(struct cli *c)
{
    struct values_instant t;
    struct err e = { 0 };
    char text[40];
    if (!values_parse_instant(strv_from(c->args.words[0]), &t, &e)) {
        return cli_usage(c, "TIME \"%.80s\" %s", c->args.words[0], e.text);
    }
    if (ask_instant(c, &t, text) == NULL) {
        return c->exit;
    }
    json_t *body = json_object();
    json_object_set_new(body, "now", json_string(text));
    struct buf path = ask_path("clock", NULL);
    return ask_show(c, "PUT", &path, body, clock_draw);
}
