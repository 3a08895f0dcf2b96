/* tessera segment top: the customers of whom a number is highest. */
#include "cli/ask.h"
#include "cli/doc.h"
#include "cli/handlers.h"
#include "cli/text.h"

#include <stdio.h>

static void top_draw(struct cli *c, const json_t *doc, struct buf *out)
{
    static const char *const TITLES[] = { "", "number", "value", "name" };
    const json_t *list = doc_get(doc, "top");
    struct table *t = cli_table(c, 2);
    for (size_t i = 0; i < sizeof TITLES / sizeof *TITLES; i++) {
        table_column(t, TITLES[i], i == 0 || i == 2 ? TABLE_RIGHT : TABLE_LEFT);
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        const struct strv first = doc_strv(one, "first_name"), last = doc_strv(one, "last_name");
        struct buf name = { 0 };
        char place[32];
        snprintf(place, sizeof place, "%zu", i + 1);
        table_styled(t, place, STYLE_FAINT);
        table_text(t, doc_text(one, "number"));
        table_styled(t, doc_text(one, "value"), STYLE_STRONG);
        buf_put_strv(&name, first);
        buf_put_strv(&name, first.n != 0 && last.n != 0 ? STRV(" ") : STRV(""));
        buf_put_strv(&name, last);
        table_text(t, buf_cstr(&name));
        buf_free(&name);
    }
    buf_put_strv(out, STRV("by "));
    text_put_clean(out, doc_strv(doc, "by"));
    buf_put_strv(out, STRV("\n\n"));
    table_put(t, out);
    table_free(t);
    buf_printf(out, "%s%s of %s customers have it\n", json_array_size(list) != 0 ? "\n" : "",
               text_count(doc_int(doc, "with")).s, text_count(doc_int(doc, "among")).s);
}

int run_segment_top(struct cli *c)
{
    const char *who = c->args.n_words != 0 ? c->args.words[0] : NULL;
    uint64_t limit;
    struct buf path = { 0 };
    json_t *body = json_object();
    doc_set_text(body, "by", args_text(&c->args, "by"));
    if (who != NULL) {
        doc_set_text(body, text_is_name(who) ? "segment" : "query", who);
    }
    if (args_number(&c->args, "limit", &limit)) {
        json_object_set_new(body, "limit", json_integer((json_int_t)limit));
    }
    buf_put_strv(&path, STRV("/v1/segments:top"));
    return ask_show(c, "POST", &path, body, top_draw);
}
