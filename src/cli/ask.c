#include "cli/ask.h"

#include "base/civil.h"
#include "base/utf8.h"
#include "cli/doc.h"
#include "cli/text.h"

#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ASK_PAGE 500
#define JOB_LOOK (USEC_SEC / 10)

struct buf ask_path(const char *segment, ...)
{
    struct buf path = { 0 };
    va_list ap;
    buf_put_strv(&path, STRV("/v1"));
    va_start(ap, segment);
    for (; segment != NULL; segment = va_arg(ap, const char *)) {
        client_path_add(&path, segment);
    }
    va_end(ap);
    return path;
}

/* --- what went wrong --- */

/* The line of the query with a mark below the column. */
static void ask_put_place(struct cli *c, const json_t *error)
{
    int64_t line = doc_int(error, "line"), column = doc_int(error, "column");
    struct strv rest = strv_from(c->query), text = { 0 };
    if (c->query == NULL || line < 1 || column < 1) {
        return;
    }
    for (int64_t i = 0; i < line; i++) {
        if (!strv_next(&rest, '\n', &text)) {
            return;
        }
    }
    const char *p = text.p, *end = text.p + text.n;
    for (int64_t i = 1; i < column && p < end; i++) {
        utf8_next(&p, end);
    }
    struct buf shown = { 0 };
    text_put_clean(&shown, strv_sub(text, 0, text.n != 0 ? (size_t)(p - text.p) : 0));
    size_t before = utf8_width((struct strv){ (const char *)shown.data, shown.len });
    buf_clear(&shown);
    text_put_clean(&shown, text);
    buf_printf(&c->message, "\n  %s\n  %*s^", buf_cstr(&shown), (int)before, "");
    buf_free(&shown);
}

static const char *ask_next(const char *code, const struct client_reply *r, char text[160])
{
    if (strcmp(code, "busy") == 0) {
        snprintf(text, 160, "try again in %ld s", r->retry_after > 0 ? r->retry_after : 1);
        return text;
    }
    if (strcmp(code, "full") == 0) {
        return "\"tessera status\" shows how full the stores are";
    }
    return "";
}

static int ask_refused(struct cli *c, const struct client_reply *r)
{
    const json_t *error = doc_get(r->doc, "error");
    struct buf message = { 0 };
    char next[160];
    text_put_clean(&message, doc_strv(error, "message"));
    if (message.len == 0) {
        buf_printf(&message, "the daemon answered with status %ld and no reason", r->status);
    }
    int code = r->status == 404 ? CLI_NOT_FOUND : CLI_FAILED;
    cli_fail(c, code, ask_next(doc_text(error, "code"), r, next), "%s", buf_cstr(&message));
    ask_put_place(c, error);
    buf_free(&message);
    if (c->args.json && !c->document_begun) {
        struct buf out = { 0 };
        char *text = json_dumps(r->doc, JSON_INDENT(2));
        buf_printf(&out, "%s\n", text != NULL ? text : "{}");
        free(text);
        fwrite(out.data, 1, out.len, stdout);
        buf_free(&out);
    }
    return code;
}

int ask_failed(struct cli *c, enum client_result result, const struct client_reply *r, const struct err *e)
{
    switch (result) {
    case CLIENT_ANSWERED: return ask_refused(c, r);
    case CLIENT_UNREACHABLE:
        return cli_fail(c, CLI_UNREACHABLE,
                        r->denied
                            ? "your user may not open its socket: join the group that owns it, or use sudo"
                            : "is tesserad running (systemctl start tesserad)? Another socket: --socket PATH "
                              "or $TESSERA_SOCKET",
                        "%s", e->text);
    case CLIENT_BROKEN: return cli_fail(c, CLI_UNREACHABLE, "the daemon's log says more", "%s", e->text);
    case CLIENT_INTERRUPTED: break;
    }
    return cli_fail(c, CLI_FAILED, "", "%s", e->text);
}

/* --- once --- */

static json_t *ask_again(struct cli *c, const char *method, const char *path, const json_t *body)
{
    struct client_reply r;
    struct err e = { 0 };
    enum client_result result = client_ask(c->client, method, path, body, &r, &e);
    if (result == CLIENT_ANSWERED && r.status >= 200 && r.status < 300) {
        return r.doc;
    }
    ask_failed(c, result, &r, &e);
    json_decref(r.doc);
    return NULL;
}

json_t *ask(struct cli *c, const char *method, struct buf *path, json_t *body)
{
    json_t *doc = ask_again(c, method, buf_cstr(path), body);
    buf_free(path);
    json_decref(body);
    return doc;
}

static void ask_put_json(struct buf *out, const json_t *doc)
{
    char *text = json_dumps(doc, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
    if (text == NULL) {
        out->failed = true;
        return;
    }
    buf_put_strv(out, strv_from(text));
    buf_put_u8(out, '\n');
    free(text);
}

int ask_print(struct cli *c, json_t *doc, ask_draw *draw)
{
    struct buf out = { 0 };
    if (doc == NULL) {
        return c->exit;
    }
    if (c->args.json) {
        ask_put_json(&out, doc);
    } else if (draw != NULL) {
        draw(c, doc, &out);
    }
    json_decref(doc);
    return cli_print(c, &out);
}

int ask_show(struct cli *c, const char *method, struct buf *path, json_t *body, ask_draw *draw)
{
    return ask_print(c, ask(c, method, path, body), draw);
}

const char *ask_instant(struct cli *c, const struct values_instant *t, char text[40])
{
    usec_t at = t->usec;
    if (t->relative) {
        struct buf path = ask_path("status", NULL);
        json_t *doc = ask(c, "GET", &path, NULL);
        if (doc == NULL) {
            return NULL;
        }
        at += doc_instant(doc, "now");
        json_decref(doc);
    }
    snprintf(text, 40, "%s", civil_format_utc(at).s);
    return text;
}

bool ask_schedule(struct cli *c, char text[40], const char **at, const char **local)
{
    struct values_instant t;
    *at = NULL;
    *local = args_text(&c->args, "at-local");
    if (!args_instant(&c->args, "at", &t)) {
        return true;
    }
    if (*local != NULL) {
        cli_usage(c, "--at and --at-local exclude each other");
        return false;
    }
    return (*at = ask_instant(c, &t, text)) != NULL;
}

/* --- again and again --- */

/* The alternate screen, without a cursor; and back. */
static void ask_enter(void)
{
    fputs("\033[?1049h\033[?25l", stdout);
}

static void ask_leave(void)
{
    fputs("\033[?25h\033[?1049l", stdout);
    fflush(stdout);
}

/* As many lines as there is room for. */
static void ask_paint(const struct buf *frame)
{
    unsigned room = term_height(STDOUT_FILENO);
    size_t at = 0, n = frame->len;
    for (unsigned lines = 1; at < n; lines++) {
        const uint8_t *newline = memchr(frame->data + at, '\n', n - at);
        size_t end = newline != NULL ? (size_t)(newline - frame->data) + 1 : n;
        if (room != 0 && lines >= room) {
            break;
        }
        at = end;
    }
    /* Each line is cleared to its end while it is written over: nothing flickers. */
    fputs("\033[H", stdout);
    for (size_t i = 0; i < at; i++) {
        if (frame->data[i] == '\n') {
            fputs("\033[K", stdout);
        }
        putchar(frame->data[i]);
    }
    fputs("\033[J", stdout);
    fflush(stdout);
}

/* False: end. */
static bool ask_pause(bool screen)
{
    int signo = term_sleep(USEC_SEC);
    if (signo == SIGTSTP) {
        if (screen) {
            ask_leave();
        }
        raise(SIGSTOP);
        if (screen) {
            ask_enter();
        }
        return true;
    }
    return signo == 0;
}

int ask_watch(struct cli *c, struct buf *path, ask_draw *draw, bool (*complete)(const json_t *doc))
{
    bool screen = c->term.out && !c->args.json;
    json_t *doc = NULL;
    term_hold_signals(true);
    if (screen) {
        ask_enter();
    }
    for (;;) {
        json_t *new = ask_again(c, "GET", buf_cstr(path), NULL);
        if (new == NULL && term_ending() && doc != NULL) {
            c->message.len = c->next.len = 0; /* Ctrl-C in the middle of a question is no failure */
            c->exit = CLI_OK;
            break;
        }
        json_decref(doc);
        doc = new;
        if (doc == NULL || (complete != NULL && complete(doc))) {
            break;
        }
        if (screen) {
            struct buf frame = { 0 };
            draw(c, doc, &frame);
            buf_printf(&frame, "\n");
            cli_put_styled(c, &frame, STYLE_FAINT, "every second; Ctrl-C ends");
            buf_put_u8(&frame, '\n');
            ask_paint(&frame);
            buf_free(&frame);
        }
        if (!ask_pause(screen)) {
            break;
        }
    }
    if (screen) {
        ask_leave();
    }
    buf_free(path);
    return ask_print(c, doc, draw);
}

/* --- what takes the daemon a while --- */

int ask_job(struct cli *c, struct buf *path, json_t *body, ask_progress *progress, ask_draw *draw)
{
    bool begun = false;
    term_hold_signals(false);
    json_t *doc = ask_again(c, "POST", buf_cstr(path), body);
    json_decref(body);
    while (doc != NULL && doc_bool(doc, "running") && !term_ending()) {
        begun = true;
        if (progress != NULL && c->term.err) {
            progress(doc);
        }
        json_decref(doc);
        term_sleep(JOB_LOOK);
        doc = ask_again(c, "GET", buf_cstr(path), NULL);
    }
    buf_free(path);
    if (progress != NULL && c->term.err) {
        fputs("\r\033[K", stderr);
    }
    if (doc != NULL && doc_bool(doc, "finished")) {
        return ask_print(c, doc, draw);
    }
    if (begun && term_ending()) { /* between two questions, or in the middle of one */
        cli_fail(c, CLI_FAILED, "", "interrupted; the daemon goes on with it");
    } else if (doc != NULL) {
        cli_fail(c, CLI_FAILED, "", "%s", doc_text(doc, "problem"));
    }
    json_decref(doc);
    return c->exit;
}

/* --- lists --- */

struct pages {
    struct cli *c;
    const struct ask_list *l;
    struct table *table;
    uint64_t left;
    bool any;
};

/* One document over all pages, printed as they come. */
static int ask_page_json(struct pages *p, const json_t *list, uint64_t n)
{
    struct buf out = { 0 };
    if (!p->c->document_begun) {
        buf_printf(&out, "{\"%s\": [", p->l->name);
        p->c->document_begun = true;
    }
    for (size_t i = 0; i < n; i++) {
        char *text = json_dumps(json_array_get(list, i), JSON_COMPACT | JSON_REAL_PRECISION(15));
        buf_printf(&out, "%s\n", p->any ? "," : "");
        buf_put_strv(&out, strv_from(text));
        out.failed = out.failed || text == NULL;
        free(text);
        p->any = true;
    }
    return cli_print(p->c, &out);
}

static int ask_page(struct pages *p, const json_t *doc)
{
    const json_t *list = doc_get(doc, p->l->name);
    uint64_t n = json_array_size(list) < p->left ? json_array_size(list) : p->left;
    p->left -= n;
    if (p->c->args.json) {
        return ask_page_json(p, list, n);
    }
    struct buf out = { 0 };
    for (size_t i = 0; i < n; i++) {
        p->l->row(p->table, json_array_get(list, i));
        p->any = true;
    }
    if (table_rows(p->table) != 0) {
        table_put(p->table, &out);
    }
    return cli_print(p->c, &out);
}

static int ask_pages(struct pages *p, const struct buf *path)
{
    char before[64] = "", limit[24];
    int code = CLI_OK;
    while (code == CLI_OK && p->left != 0) {
        struct buf one = { 0 };
        snprintf(limit, sizeof limit, "%" PRIu64, p->left < ASK_PAGE ? p->left : (uint64_t)ASK_PAGE);
        buf_put(&one, path->data, path->len);
        client_path_query(&one, "limit", limit);
        client_path_query(&one, "before", before[0] != '\0' ? before : NULL);
        json_t *doc = ask(p->c, "GET", &one, NULL);
        if (doc == NULL) {
            return p->c->exit;
        }
        code = ask_page(p, doc);
        bool more = strv_copy(doc_strv(doc, "next"), before, sizeof before) && before[0] != '\0';
        json_decref(doc);
        if (!more) {
            break;
        }
    }
    return code;
}

int ask_list_pages(struct cli *c, struct buf *path, const struct ask_list *l)
{
    struct pages p = { .c = c, .l = l, .left = l->limit, .table = cli_table(c, 0) };
    struct buf out = { 0 };
    l->columns(p.table);
    bool json = c->args.json;
    int code = ask_pages(&p, path);
    if (code == CLI_OK && !p.any && !json) {
        buf_printf(&out, "%s\n", l->none);
    }
    if (code == CLI_OK && json) {
        buf_printf(&out, "%s]}\n", p.any ? "\n" : "");
    }
    table_free(p.table);
    buf_free(path);
    return code == CLI_OK ? cli_print(c, &out) : code;
}

int ask_list_whole(struct cli *c, struct buf *path, const struct ask_list *l)
{
    json_t *doc = ask(c, "GET", path, NULL);
    if (doc == NULL || c->args.json) {
        return ask_print(c, doc, NULL);
    }
    struct buf out = { 0 };
    struct table *t = cli_table(c, 0);
    const json_t *list = doc_get(doc, l->name);
    l->columns(t);
    for (size_t i = 0; i < json_array_size(list); i++) {
        l->row(t, json_array_get(list, i));
    }
    if (table_rows(t) != 0) {
        table_put(t, &out);
    } else {
        buf_printf(&out, "%s\n", l->none);
    }
    table_free(t);
    json_decref(doc);
    return cli_print(c, &out);
}

/* --- TLVs --- */

bool ask_tlvs(struct cli *c, json_t *body)
{
    const char *given;
    json_t *tlvs = NULL;
    for (size_t i = 0; (given = args_text_at(&c->args, "tlv", i)) != NULL; i++) {
        const char *eq = strchr(given, '=');
        tlvs = tlvs != NULL ? tlvs : json_object();
        if (eq == NULL || eq == given) {
            json_decref(tlvs);
            cli_usage(c, "--tlv is NAME=VALUE: what is \"%s\"?", given);
            return false;
        }
        char name[64];
        strv_copy((struct strv){ given, (size_t)(eq - given) }, name, sizeof name);
        if (json_object_get(tlvs, name) != NULL) {
            json_decref(tlvs);
            cli_usage(c, "--tlv %s is given twice", name);
            return false;
        }
        json_object_set_new(tlvs, name, json_string(eq + 1));
    }
    if (tlvs != NULL) {
        json_object_set_new(body, "tlvs", tlvs);
    }
    return true;
}

void ask_put_tlvs(struct buf *out, const json_t *tlvs)
{
    const char *name;
    json_t *v;
    json_object_foreach((json_t *)tlvs, name, v)
    {
        buf_printf(out, "%s%s", out->len != 0 ? " " : "", name);
        if (json_is_integer(v)) {
            buf_printf(out, "=%lld", (long long)json_integer_value(v));
        } else if (json_is_string(v)) {
            buf_put_u8(out, '=');
            text_put_clean(out, (struct strv){ json_string_value(v), json_string_length(v) });
        }
    }
}
