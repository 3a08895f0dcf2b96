/* tessera preview, and how a text is sent, wherever it is shown. */
#include "cli/preview.h"
#include "cli/ask.h"
#include "cli/doc.h"
#include "cli/handlers.h"
#include "cli/text.h"

#include <stdio.h>
#include <string.h>

static void put_alphabet(struct buf *out, const json_t *doc)
{
    static const struct {
        const char *name, *label;
    } LABELS[] = { { "gsm7", "GSM 7-bit" }, { "ucs2", "UCS-2" }, { "latin1", "Latin-1" } };
    const char *name = doc_text(doc, "alphabet");
    const json_t *languages = doc_get(doc, "languages");
    for (size_t i = 0; i < sizeof LABELS / sizeof LABELS[0]; i++) {
        name = strcmp(LABELS[i].name, name) == 0 ? LABELS[i].label : name;
    }
    buf_printf(out, "%s", name);
    if (doc_text(languages, "locking")[0] != '\0') {
        buf_printf(out, ", %s locking table", doc_text(languages, "locking"));
    }
    if (doc_text(languages, "single")[0] != '\0') {
        buf_printf(out, ", %s single shift table", doc_text(languages, "single"));
    }
}

void preview_put_line(struct buf *out, const json_t *doc)
{
    int64_t parts = doc_int(doc, "parts"), left = doc_int(doc, "left");
    if (parts == 0) { /* the hint says why */
        buf_put_strv(out, STRV("cannot be sent"));
        return;
    }
    buf_printf(out, "%lld %s, ", (long long)parts, parts == 1 ? "part" : "parts");
    put_alphabet(out, doc);
    if (left != 0) {
        buf_printf(out, ", %lld characters left", (long long)left);
    }
}

static void put_character(struct buf *out, const json_t *change, const char *name)
{
    struct strv s = doc_strv(change, name);
    if (s.n == 0) {
        buf_put_strv(out, STRV("nothing"));
    } else if (strv_trim(s).n == 0) {
        buf_put_strv(out, STRV("a space"));
    } else {
        text_put_clean(out, s);
    }
}

void preview_put_replaced(struct cli *c, const json_t *list, struct buf *out)
{
    struct table *t = cli_table(c, 4);
    table_column(t, "character", TABLE_LEFT);
    table_column(t, "", TABLE_LEFT);
    table_column(t, "is sent as", TABLE_LEFT);
    table_column(t, "times", TABLE_RIGHT);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        struct buf cell = { 0 };
        char number[16];
        put_character(&cell, one, "from");
        table_text(t, buf_cstr(&cell));
        snprintf(number, sizeof number, "U+%04X", (unsigned)doc_int(one, "codepoint"));
        table_styled(t, number, STYLE_FAINT);
        buf_clear(&cell);
        put_character(&cell, one, "to");
        table_text(t, buf_cstr(&cell));
        table_count(t, doc_int(one, "count"));
        buf_free(&cell);
    }
    if (table_rows(t) != 0) {
        table_put(t, out);
    }
    table_free(t);
}

void preview_put_rest(struct cli *c, const json_t *doc, const char *indent, struct buf *out)
{
    if (doc_text(doc, "sent_text")[0] != '\0') {
        buf_printf(out, "%ssent as: ", indent);
        text_put_clean(out, doc_strv(doc, "sent_text"));
        buf_put_u8(out, '\n');
    }
    if (doc_text(doc, "advice")[0] != '\0') {
        buf_printf(out, "%s", indent);
        cli_put_styled(c, out, STYLE_WARN, "hint");
        buf_put_strv(out, STRV(": "));
        text_put_clean(out, doc_strv(doc, "advice"));
        buf_put_u8(out, '\n');
    }
}

static void preview_draw(struct cli *c, const json_t *doc, struct buf *out)
{
    preview_put_line(out, doc);
    buf_printf(out, " (carrier %s", doc_text(doc, "carrier"));
    if (doc_int(doc, "parts") > 1) {
        buf_printf(out, ", long messages as %s", doc_text(doc, "long_messages"));
    }
    buf_put_strv(out, STRV(")\n"));
    preview_put_rest(c, doc, "  ", out);
    preview_put_replaced(c, doc_get(doc, "replaced"), out);
}

int run_preview(struct cli *c)
{
    static const char *const NAMES[] = { "carrier", "to", "sender", "class", "tag" };
    json_t *body = json_object();
    doc_set_text(body, "text", c->args.words[0]);
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        doc_set_text(body, NAMES[i], args_text(&c->args, NAMES[i]));
    }
    struct buf path = ask_path("preview", NULL);
    return ask_show(c, "POST", &path, body, preview_draw);
}
