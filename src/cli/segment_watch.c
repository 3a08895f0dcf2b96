/* tessera segment changes, events */
#include "cli/ask.h"
#include "cli/doc.h"
#include "cli/handlers.h"
#include "cli/text.h"

#include <string.h>

static void changes_columns(struct table *t)
{
    table_column(t, "at", TABLE_LEFT);
    table_column(t, "entered", TABLE_RIGHT);
    table_column(t, "left", TABLE_RIGHT);
    table_column(t, "members", TABLE_RIGHT);
    table_column(t, "look", TABLE_LEFT);
}

static void changes_row(struct table *t, const json_t *one)
{
    table_text(t, text_instant(doc_instant(one, "at")).s);
    table_count(t, doc_int(one, "entered"));
    table_count(t, doc_int(one, "left"));
    table_count(t, doc_int(one, "members"));
    table_text(t, doc_text(one, "look"));
}

int run_segment_changes(struct cli *c)
{
    uint64_t limit = 20;
    args_number(&c->args, "limit", &limit);
    const struct ask_list list = { .name = "changes",
                                   .none = "it was not looked at yet; the daemon does every segments.sweep",
                                   .limit = limit,
                                   .columns = changes_columns,
                                   .row = changes_row };
    struct buf path = ask_path("segments", c->args.words[0], "changes", NULL);
    return ask_list_pages(c, &path, &list);
}

static void events_draw(struct cli *c, const json_t *doc, struct buf *out)
{
    buf_printf(out, "segment \"%s\": who enters and leaves is %s in their events\n", c->args.words[0],
               doc_bool(doc, "events") ? "told" : "not told");
}

int run_segment_events(struct cli *c)
{
    const char *word = c->args.words[1];
    if (strcmp(word, "on") != 0 && strcmp(word, "off") != 0) {
        return cli_usage(c, "on or off, not \"%s\"", word);
    }
    json_t *body = json_object();
    json_object_set_new(body, "on", json_boolean(strcmp(word, "on") == 0));
    struct buf path = ask_path("segments", c->args.words[0], "events", NULL);
    return ask_show(c, "POST", &path, body, events_draw);
}
