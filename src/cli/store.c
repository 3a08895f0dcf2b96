/* tessera store: of the daemon, or of a state directory without one, which tesserad itself looks into. */
#include "cli/ask.h"
#include "cli/doc.h"
#include "cli/handlers.h"
#include "cli/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef TESSERAD
#define TESSERAD "/usr/sbin/tesserad"
#endif

/* Becomes tesserad; comes back only when that is not possible. */
static int store_become(struct cli *c, const char *option)
{
    const char *program = getenv("TESSERAD");
    char *argv[] = { (char *)"tesserad", (char *)(uintptr_t)option,
                     (char *)(uintptr_t)args_text(&c->args, "dir"), c->args.json ? (char *)"--json" : NULL,
                     NULL };
    if (program != NULL) {
        execv(program, argv);
    } else {
        execv(TESSERAD, argv);
        execvp("tesserad", argv);
        program = "tesserad";
    }
    return cli_fail(c, CLI_FAILED, "say where it is with $TESSERAD", "%s: %s", program, strerror(errno));
}

static void store_draw_check(struct cli *c, const json_t *doc, struct buf *out)
{
    static const char *const stores[] = { "audience", "spool" };
    for (size_t i = 0; i < 2; i++) {
        const json_t *one = doc_get(doc, stores[i]);
        bool ok = doc_bool(one, "ok");
        cli_put_styled(c, out, ok ? STYLE_GOOD : STYLE_BAD, ok ? "fine" : "not fine");
        buf_printf(out, "  %s", stores[i]);
        if (!ok) {
            buf_printf(out, ": %s", doc_text(one, "problem"));
        } else if (i == 0) {
            buf_printf(out, ": the index says what %s customers' records say",
                       text_count(doc_int(doc, "customers")).s);
        } else {
            buf_printf(out, ": %s messages, ", text_count(doc_int(doc, "messages")).s);
            buf_printf(out, "%s inbound, ", text_count(doc_int(doc, "inbound")).s);
            buf_printf(out, "%s votes agree", text_count(doc_int(doc, "votes")).s);
        }
        buf_put_u8(out, '\n');
    }
}

int run_store_check(struct cli *c)
{
    if (args_text(&c->args, "dir") != NULL) {
        return store_become(c, "--store-check");
    }
    struct buf path = ask_path("store", "check", NULL);
    json_t *doc = ask(c, "GET", &path, NULL);
    if (doc == NULL) {
        return c->exit;
    }
    bool ok = doc_bool(doc, "ok"), index = doc_bool(doc_get(doc, "audience"), "ok");
    int code = ask_print(c, doc, store_draw_check);
    if (code == CLI_OK && !ok) {
        return cli_fail(c, CLI_FAILED, index ? "" : "\"tessera store rebuild\" makes the index anew",
                        "what is stored does not agree with itself");
    }
    return code;
}

static void store_draw_rebuilt(struct cli *c, const json_t *doc, struct buf *out)
{
    (void)c;
    buf_printf(out, "The index was made anew from the customers' records (%s slices)\n",
               text_count(doc_int(doc, "slices")).s);
}

static void store_progress(const json_t *doc)
{
    fprintf(stderr, "\rrebuilding: slice %s of %s", text_count(doc_int(doc, "slices")).s,
            text_count(doc_int(doc, "of")).s);
}

int run_store_rebuild(struct cli *c)
{
    if (args_text(&c->args, "dir") != NULL) {
        return store_become(c, "--store-rebuild");
    }
    struct buf path = ask_path("store", "rebuild", NULL);
    return ask_job(c, &path, json_object(), store_progress, store_draw_rebuilt);
}

static void store_draw_compact(struct cli *c, const json_t *doc, struct buf *out)
{
    (void)c;
    (void)doc;
    buf_put_strv(out, STRV("At its next start the daemon writes both stores anew, without what was deleted\n"
                           "(systemctl restart tesserad)\n"));
}

int run_store_compact(struct cli *c)
{
    if (args_text(&c->args, "dir") != NULL) {
        return store_become(c, "--store-compact");
    }
    struct buf path = ask_path("store", "compact", NULL);
    return ask_show(c, "POST", &path, json_object(), store_draw_compact);
}
