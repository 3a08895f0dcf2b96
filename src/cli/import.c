/* tessera import: a file into the daemon, piece by piece, each a transaction; goes on where it stopped. */
#include "cli/ask.h"
#include "cli/doc.h"
#include "cli/handlers.h"
#include "cli/import_tell.h"
#include "cli/source.h"
#include "cli/text.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#define IMPORT_PIECE         ((size_t)3 << 20)  /* a transaction each: larger ones cost less a row */
#define IMPORT_PIECE_LEAST   ((size_t)64 << 10) /* every daemon takes so much */
#define IMPORT_MAX_BUSY      60                 /* times the daemon may say so in a row */
#define IMPORT_MAX_LOST      5                  /* times it may have forgotten the session in a row */
#define IMPORT_REJECTS_PIECE 1000 /* records: more rejects of one piece the daemon does not list */

struct import {
    struct cli *c;
    struct source source;
    json_t *request;
    bool events, dry_run;
    struct import_tally tally;
    struct import_tell tell;
    char id[80];
    bool finished, again;
    bool before;   /* it had been finished before anything was sent */
    unsigned lost; /* times in a row the daemon had forgotten the session */
};

/* --- what is asked for --- */

static int import_put_map(struct cli *c, json_t *request)
{
    const char *text;
    json_t *map = json_object();
    for (size_t i = 0; (text = args_text_at(&c->args, "map", i)) != NULL; i++) {
        struct strv rest = strv_from(text), column = { 0 };
        char name[256];
        strv_next(&rest, '=', &column);
        if (column.n == 0 || column.n == strlen(text) || rest.n == 0 ||
            !strv_copy(column, name, sizeof name)) {
            json_decref(map);
            return cli_usage(c, "--map: \"%.80s\" is not COLUMN=FIELD or COLUMN=FIELD:TYPE", text);
        }
        if (json_object_get(map, name) != NULL) {
            json_decref(map);
            return cli_usage(c, "--map: the column \"%.80s\" is given twice", name);
        }
        if (json_object_set_new(map, name, json_stringn(rest.p, rest.n)) != 0) {
            json_decref(map);
            return cli_usage(c, "--map: \"%.80s\" is not UTF-8", text);
        }
    }
    if (json_object_size(map) != 0) {
        json_object_set(request, "map", map);
    }
    json_decref(map);
    return CLI_OK;
}

/* Said, or told by the name. */
static bool import_is_ndjson(const struct cli *c)
{
    static const char *const endings[] = { ".ndjson", ".jsonl", ".json" };
    const char *format = args_text(&c->args, "format"), *path = c->args.words[0];
    if (format != NULL) {
        return strcmp(format, "ndjson") == 0;
    }
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        size_t n = strlen(path), e = strlen(endings[i]);
        if (n > e && strcasecmp(path + n - e, endings[i]) == 0) {
            return true;
        }
    }
    return false;
}

static int import_request(struct import *im)
{
    struct cli *c = im->c;
    im->request = json_object();
    json_object_set_new(im->request, "kind", json_string(im->events ? "events" : "customers"));
    if (im->events) {
        doc_set_text(im->request, "type", args_text(&c->args, "type"));
        json_object_set_new(im->request, "create_customers",
                            json_boolean(args_flag(&c->args, "create-customers")));
    }
    doc_set_text(im->request, "region", args_text(&c->args, "region"));
    if (import_is_ndjson(c)) {
        json_object_set_new(im->request, "format", json_string("ndjson"));
    }
    doc_set_text(im->request, "from", args_text(&c->args, "from"));
    if (!im->events) {
        doc_set_text(im->request, "mode", args_text(&c->args, "mode"));
    }
    if (args_flag(&c->args, "atomic")) {
        json_object_set_new(im->request, "atomic", json_true());
    }
    json_object_set_new(im->request, "ignore_unknown", json_boolean(args_flag(&c->args, "ignore-unknown")));
    return import_put_map(c, im->request);
}

/* The daemon knows a session again by name and size: the name says what is in the file. */
static bool import_name(struct import *im, struct err *e)
{
    uint64_t mark;
    struct buf name = { 0 };
    if (!source_fingerprint(&im->source, &mark, e)) {
        return false;
    }
    buf_printf(&name, "%s#%016" PRIx64, im->source.name, mark);
    json_t *text = json_string(buf_cstr(&name));
    if (text == NULL) { /* not UTF-8 */
        buf_clear(&name);
        buf_printf(&name, "#%016" PRIx64, mark);
        text = json_string(buf_cstr(&name));
    }
    buf_free(&name);
    json_object_set_new(im->request, "name", text);
    json_object_set_new(im->request, "size", json_integer((json_int_t)im->source.size));
    return true;
}

/* --- the session --- */

static int import_begin(struct import *im)
{
    struct err e = { 0 };
    struct buf path = ask_path("imports", NULL);
    json_object_set_new(im->request, "dry_run", json_boolean(im->dry_run));
    json_t *doc = ask(im->c, "POST", &path, json_incref(im->request));
    if (doc == NULL) {
        return im->c->exit;
    }
    im->tally = (struct import_tally){ 0 };
    import_tally_add(&im->tally, doc);
    im->finished = doc_bool(doc, "finished");
    uint64_t offset = (uint64_t)doc_int(doc, "offset");
    bool fits = strv_copy(doc_strv(doc, "id"), im->id, sizeof im->id);
    json_decref(doc);
    if (!fits || im->id[0] == '\0') {
        return cli_fail(im->c, CLI_FAILED, "", "the daemon gave the import no name");
    }
    if (!im->finished && !source_seek(&im->source, offset, &e)) {
        return cli_fail(im->c, CLI_FAILED, "", "%s", e.text);
    }
    return CLI_OK;
}

/* What was done before is forgotten, the customers and events are not. */
static int import_forget(struct import *im)
{
    struct buf path = ask_path("imports", im->id, NULL);
    json_t *doc = ask(im->c, "DELETE", &path, NULL);
    if (doc == NULL) {
        return im->c->exit;
    }
    json_decref(doc);
    return import_begin(im);
}

static int import_broke_off(struct import *im, int code)
{
    if (im->source.seekable && !im->dry_run && im->tally.rows != 0) {
        buf_clear(&im->c->next);
        buf_printf(&im->c->next, "%s rows are in; the same command%s goes on from there",
                   text_count(im->tally.rows).s, im->again ? " without --again" : "");
    }
    return code;
}

enum import_step { IMPORT_DONE, IMPORT_AGAIN, IMPORT_SMALLER, IMPORT_LOST, IMPORT_FAILED };

static enum import_step import_answered(struct import *im, struct strv piece, const struct client_reply *r)
{
    struct err e = { 0 };
    uint64_t reached = im->source.offset + piece.n;
    uint64_t told = (uint64_t)doc_int(r->doc, "offset");
    import_tally_add(&im->tally, r->doc);
    if (doc_get(r->doc, "columns") != NULL) {
        json_decref(im->tell.columns);
        im->tell.columns = json_incref(json_object_get(r->doc, "columns"));
    }
    if (!import_tell_rejects(&im->tell, doc_get(r->doc, "rejects"), &e)) {
        cli_fail(im->c, CLI_FAILED, "", "%s", e.text);
        return IMPORT_FAILED;
    }
    im->finished = doc_bool(r->doc, "finished");
    source_take(&im->source, piece);
    if (told != reached && !im->finished && !source_seek(&im->source, told, &e)) {
        cli_fail(im->c, CLI_FAILED, "", "%s", e.text);
        return IMPORT_FAILED;
    }
    return IMPORT_DONE;
}

static enum import_step import_put_piece(struct import *im, struct strv piece, bool last)
{
    struct client_reply r;
    struct err e = { 0 };
    char offset[24];
    struct buf path = ask_path("imports", im->id, NULL);
    snprintf(offset, sizeof offset, "%" PRIu64, im->source.offset);
    client_path_query(&path, "offset", offset);
    client_path_query(&path, "last", last ? "1" : NULL);
    enum client_result result = client_put(im->c->client, buf_cstr(&path), piece, &r, &e);
    enum import_step step = IMPORT_FAILED;
    buf_free(&path);
    if (result == CLIENT_ANSWERED && r.status == 200) {
        step = import_answered(im, piece, &r);
        json_decref(r.doc);
        return step;
    }
    if (result == CLIENT_ANSWERED && r.status == 503) {
        term_sleep((r.retry_after > 0 && r.retry_after < 10 ? r.retry_after : 1) * USEC_SEC / 2);
        step = IMPORT_AGAIN;
    } else if (result == CLIENT_ANSWERED && r.status == 413 &&
               im->source.split.target > IMPORT_PIECE_LEAST) { /* its api.max_body is below what is usual */
        im->source.split.target /= 4;
        step = IMPORT_SMALLER;
    } else if (result == CLIENT_ANSWERED && r.status == 404) {
        step = IMPORT_LOST; /* others had more to do with the daemon than we, or it was started anew */
    }
    ask_failed(im->c, result, &r, &e);
    json_decref(r.doc);
    return step;
}

static void import_forgive(struct import *im)
{
    im->c->message.len = im->c->next.len = 0;
    im->c->exit = CLI_OK;
}

/* One piece, with patience. */
static int import_step(struct import *im, struct strv piece, bool last)
{
    enum import_step step;
    for (unsigned busy = 0; (step = import_put_piece(im, piece, last)) == IMPORT_AGAIN;) {
        if (term_ending()) {
            return cli_fail(im->c, CLI_FAILED, "", "interrupted");
        }
        if (++busy > IMPORT_MAX_BUSY) {
            return im->c->exit;
        }
    }
    if (step == IMPORT_FAILED || (step == IMPORT_LOST && ++im->lost > IMPORT_MAX_LOST)) {
        return im->c->exit;
    }
    import_forgive(im);
    if (step == IMPORT_LOST) {
        return import_begin(im); /* reads anew from where the daemon is */
    }
    im->lost = 0;
    return CLI_OK;
}

static int import_pieces(struct import *im)
{
    struct strv piece;
    bool last;
    struct err e = { 0 };
    while (!im->finished) {
        if (!source_peek(&im->source, &piece, &last, &e)) {
            return cli_fail(im->c, CLI_FAILED, "", "%s", e.text);
        }
        if (term_ending()) {
            return cli_fail(im->c, CLI_FAILED, "", "interrupted");
        }
        int code = import_step(im, piece, last);
        if (code != CLI_OK) {
            return code;
        }
        import_tell_progress(&im->tell, im->source.offset, &im->tally);
    }
    return CLI_OK;
}

/* Rejects of an earlier run that broke off stay in the file. */
static int import_open_rejects(struct import *im)
{
    const char *path = args_text(&im->c->args, "rejects");
    if (path == NULL || im->tell.file != NULL) {
        return CLI_OK;
    }
    im->tell.file = fopen(path, im->tell.began_at != 0 ? "ae" : "we");
    if (im->tell.file == NULL ||
        (ftell(im->tell.file) == 0 && fputs("line,column,value,reason\n", im->tell.file) < 0)) {
        return cli_fail(im->c, CLI_FAILED, "", "%s: %s", path, strerror(errno));
    }
    return CLI_OK;
}

/* From beginning to end; the figures are in im->tally and im->tell. */
static int import_pass(struct import *im, bool dry_run)
{
    im->dry_run = dry_run;
    import_tell_end(&im->tell);
    import_tell_begin(&im->tell, im->c, im->source.name, dry_run ? "checking" : "importing", im->source.size);
    int code = import_begin(im);
    if (code == CLI_OK && im->again && !dry_run && (im->finished || im->source.offset != 0)) {
        code = import_forget(im);
    }
    im->before = im->finished;
    if (code == CLI_OK && !im->finished) {
        im->tell.began_at = im->source.offset;
        im->tell.began_rows = im->tally.rows;
        im->tell.began_rejected = im->tally.rejected;
        code = import_open_rejects(im);
    }
    if (code == CLI_OK && !im->finished) {
        import_tell_progress(&im->tell, im->source.offset, &im->tally);
        code = import_pieces(im);
    }
    import_tell_clear(&im->tell);
    return code == CLI_OK ? code : import_broke_off(im, code);
}

/* --- from the beginning --- */

static int import_done(struct import *im)
{
    struct buf out = { 0 };
    import_tell_show_rejects(&im->tell, im->tally.rejected);
    if (im->c->args.json) {
        json_t *doc = import_tally_json(&im->tally);
        json_object_set_new(doc, "id", json_string(im->id));
        json_object_set_new(doc, "dry_run", json_boolean(im->dry_run));
        json_object_set_new(doc, "finished", json_boolean(im->finished));
        json_object_set_new(doc, "imported_before", json_boolean(im->before));
        json_object_set(doc, "rejects", im->tell.rejects);
        if (im->tell.columns != NULL) {
            json_object_set(doc, "columns", im->tell.columns);
        }
        return ask_print(im->c, doc, NULL);
    }
    if (im->before) {
        cli_put_styled(im->c, &out, STYLE_STRONG, im->source.name);
        buf_printf(&out,
                   " was imported before: %s rows, %s rejected; nothing was sent (--again imports it anew)\n",
                   text_count(im->tally.rows).s, text_count(im->tally.rejected).s);
    } else {
        import_tally_put(im->c, &out, &im->tell, &im->tally, im->dry_run, im->events);
    }
    return cli_print(im->c, &out);
}

static int import_run(struct import *im)
{
    struct cli *c = im->c;
    struct err e = { 0 };
    bool strict = args_flag(&c->args, "strict") || args_flag(&c->args, "atomic"),
         dry_run = args_flag(&c->args, "dry-run");
    if (im->source.seekable && im->source.size == 0) {
        return cli_fail(c, CLI_FAILED, "", "%s is empty%s", im->source.name,
                        im->source.split.lines ? "" : ": the first line must name the columns");
    }
    if (!import_name(im, &e)) {
        return cli_fail(c, CLI_FAILED, "", "%s", e.text);
    }
    if (strict) {
        int code = import_pass(im, true);
        if (code != CLI_OK) {
            return code;
        }
        if (im->tally.rejected != 0) {
            import_done(im);
            return cli_fail(c, CLI_FAILED,
                            "correct the lines above, or leave --strict and --atomic away to import the rest",
                            "%s of %s rows were rejected: nothing was imported",
                            text_count(im->tally.rejected).s, text_count(im->tally.rows).s);
        }
    }
    if (!strict || !dry_run) {
        int code = import_pass(im, dry_run);
        if (code != CLI_OK) {
            return code;
        }
    }
    return import_done(im);
}

static int import_open(struct import *im)
{
    struct cli *c = im->c;
    struct err e = { 0 };
    uint64_t piece = IMPORT_PIECE;
    const char *path = c->args.words[0];
    bool rejects = args_text(&c->args, "rejects") != NULL;
    if ((args_flag(&c->args, "strict") || args_flag(&c->args, "atomic")) && strcmp(path, "-") == 0) {
        return cli_usage(c, "--strict and --atomic read the file twice, which standard input does not allow");
    }
    args_number(&c->args, "piece", &piece);
    im->again = args_flag(&c->args, "again");
    if (!source_open(&im->source, path, (size_t)piece, rejects ? IMPORT_REJECTS_PIECE : 0, &e)) {
        return cli_fail(c, CLI_FAILED, "", "%s", e.text);
    }
    im->source.split.lines = import_is_ndjson(c);
    return CLI_OK;
}

static int import_file(struct cli *c, bool events)
{
    struct import im = { .c = c, .events = events, .source = { .fd = -1 } };
    int code = import_request(&im);
    if (code == CLI_OK) {
        code = import_open(&im);
    }
    if (code == CLI_OK) {
        term_hold_signals(false);
        code = import_run(&im);
    }
    if (im.tell.file != NULL && fclose(im.tell.file) != 0 && code == CLI_OK) {
        code = cli_fail(c, CLI_FAILED, "", "the rejects cannot be written: %s", strerror(errno));
    }
    import_tell_end(&im.tell);
    source_close(&im.source);
    json_decref(im.request);
    return code;
}

int run_import_customers(struct cli *c)
{
    return import_file(c, false);
}

int run_import_events(struct cli *c)
{
    return import_file(c, true);
}
