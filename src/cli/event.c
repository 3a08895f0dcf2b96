/* tessera event */
#include "cli/ask.h"
#include "cli/doc.h"
#include "cli/handlers.h"
#include "cli/text.h"

#include <string.h>

/* NAME and what is behind `separator` of the i-th --option into the object. False: noted. */
static bool event_put_pair(struct cli *c, const char *option, const char *text, char separator,
                           json_t *object)
{
    struct strv value = strv_from(text), name = { 0 };
    char key[128];
    strv_next(&value, separator, &name);
    if (name.n == 0 || name.n == strlen(text) || !strv_copy(name, key, sizeof key) ||
        json_object_set_new(object, key, json_stringn(value.p, value.n)) != 0) {
        cli_usage(c, "--%s: \"%.80s\" is not NAME%cVALUE", option, text, separator);
        return false;
    }
    return true;
}

static void event_draw_added(struct cli *c, const json_t *doc, struct buf *out)
{
    (void)c;
    buf_printf(out, "%s can be told and imported\n", doc_text(doc, "name"));
}

int run_event_add(struct cli *c)
{
    json_t *body = json_object(), *attributes = json_object();
    const char *text;
    json_object_set_new(body, "attributes", attributes);
    for (size_t i = 0; (text = args_text_at(&c->args, "attribute", i)) != NULL; i++) {
        if (!event_put_pair(c, "attribute", text, ':', attributes)) {
            json_decref(body);
            return c->exit;
        }
    }
    struct buf path = ask_path("events", c->args.words[0], NULL);
    return ask_show(c, "PUT", &path, body, event_draw_added);
}

static void event_draw_list(struct cli *c, const json_t *doc, struct buf *out)
{
    field_put_events(c, doc, out);
}

int run_event_list(struct cli *c)
{
    struct buf path = ask_path("fields", NULL);
    return ask_show(c, "GET", &path, NULL, event_draw_list);
}

static json_t *event_body(struct cli *c)
{
    const char *text;
    char at[40];
    struct values_instant when;
    json_t *event = json_object();
    bool ok = true;
    json_object_set_new(event, "number", json_string(c->args.words[0]));
    for (size_t i = 0; ok && (text = args_text_at(&c->args, "set", i)) != NULL; i++) {
        ok = event_put_pair(c, "set", text, '=', event);
    }
    doc_set_text(event, "id", args_text(&c->args, "id"));
    if (ok && args_instant(&c->args, "at", &when)) {
        const char *instant = ask_instant(c, &when, at);
        ok = instant != NULL;
        doc_set_text(event, "time", instant);
    }
    if (!ok) {
        json_decref(event);
        return NULL;
    }
    return event;
}

static void event_draw_posted(struct cli *c, const json_t *doc, struct buf *out)
{
    (void)c;
    buf_put_strv(out, doc_int(doc, "duplicates") != 0 ? STRV("it was told before\n") : STRV("told\n"));
}

int run_event_post(struct cli *c)
{
    json_t *event = event_body(c);
    if (event == NULL) {
        return c->exit;
    }
    struct buf path = ask_path("events", NULL);
    client_path_query(&path, "type", c->args.words[1]);
    client_path_query(&path, "region", args_text(&c->args, "region"));
    client_path_query(&path, "create", args_flag(&c->args, "create-customer") ? "1" : NULL);
    json_t *doc = ask(c, "POST", &path, event); /* one object is a batch of one line */
    if (doc == NULL) {
        return c->exit;
    }
    if (doc_int(doc, "rejected") != 0) {
        const json_t *reject = json_array_get(doc_get(doc, "rejects"), 0);
        const char *column = doc_text(reject, "column");
        int code = cli_fail(c, CLI_FAILED, "", "%s%s%s", column, column[0] != '\0' ? ": " : "",
                            doc_text(reject, "reason"));
        json_decref(doc);
        return code;
    }
    return ask_print(c, doc, event_draw_posted);
}
