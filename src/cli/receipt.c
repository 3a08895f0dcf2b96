/* tessera receipt, and what a carrier's receipts are like */
#include "cli/ask.h"
#include "cli/doc.h"
#include "cli/handlers.h"
#include "cli/message_view.h"
#include "cli/receipt_view.h"
#include "cli/text.h"

#include <string.h>

#define RECEIPT_LIMIT 50

static void receipt_columns(struct table *t)
{
    table_column(t, "came", TABLE_LEFT);
    table_column(t, "carrier", TABLE_LEFT);
    table_column(t, "carrier's id", TABLE_LEFT);
    table_column(t, "number", TABLE_LEFT);
    table_column(t, "says", TABLE_LEFT);
    table_column(t, "error", TABLE_RIGHT);
}

static void receipt_row(struct table *t, const json_t *r)
{
    int64_t error = doc_int(r, "error");
    table_text(t, text_instant(doc_instant(r, "at")).s);
    table_strv(t, doc_strv(r, "carrier"), STYLE_PLAIN);
    table_strv(t, doc_strv(r, "carrier_id"), STYLE_STRONG);
    table_text(t, doc_text(r, "number")[0] != '\0' ? doc_text(r, "number") : "-");
    table_styled(t, doc_text(r, "state"), message_style(doc_text(r, "state")));
    table_text(t, error != 0 ? text_count(error).s : "-");
}

int run_receipt_unknown(struct cli *c)
{
    struct ask_list list = { .name = "receipts",
                             .none = "every receipt has found its message",
                             .limit = RECEIPT_LIMIT,
                             .columns = receipt_columns,
                             .row = receipt_row };
    struct buf path = ask_path("receipts", "unknown", NULL);
    bool given = args_number(&c->args, "limit", &list.limit), all = args_flag(&c->args, "all");
    client_path_query(&path, "carrier", args_text(&c->args, "carrier"));
    if (given && all) {
        buf_free(&path);
        return cli_usage(c, "--limit and --all exclude each other");
    }
    if (all) {
        list.limit = UINT64_MAX;
    }
    return ask_list_pages(c, &path, &list);
}

/* --- of a carrier --- */

/* How its receipts' ids come from those of its responses, for a person. */
static const char *receipt_form_text(const char *form)
{
    static const char *const TEXTS[][2] = { { "auto", "not known yet" },
                                            { "same", "as in the response" },
                                            { "hex_dec", "hexadecimal, then decimal" },
                                            { "dec_hex", "decimal, then hexadecimal" } };
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        if (strcmp(TEXTS[i][0], form) == 0) {
            return TEXTS[i][1];
        }
    }
    return form;
}

static void receipt_put_row(struct table *t, const json_t *k)
{
    const json_t *ids = doc_get(k, "receipt_ids"), *kinds = doc_get(k, "receipt_kinds");
    const char *form = doc_text(ids, "form");
    struct buf from = { 0 };
    if (doc_bool(ids, "set")) {
        buf_printf(&from, "receipt_ids");
    } else if (strcmp(form, "auto") != 0) {
        buf_printf(&from, "%s receipts", text_count(doc_int(doc_get(ids, "seen"), form)).s);
    }
    table_strv(t, doc_strv(k, "name"), STYLE_STRONG);
    table_text(t, receipt_form_text(form));
    table_text(t, from.len != 0 ? buf_cstr(&from) : "-");
    table_count(t, doc_int(k, "receipts"));
    table_count(t, doc_int(kinds, "intermediate"));
    table_count(t, doc_int(kinds, "repeated"));
    table_count(t, doc_int(kinds, "contradicting"));
    table_count(t, doc_int(kinds, "unknown"));
    table_count(t, doc_int(kinds, "unreadable"));
    buf_free(&from);
}

void receipt_put_carriers(struct cli *c, const json_t *carriers, struct buf *out)
{
    struct table *t = cli_table(c, 0);
    table_column(t, "receipts of", TABLE_LEFT);
    table_column(t, "ids", TABLE_LEFT);
    table_column(t, "known by", TABLE_LEFT);
    table_column(t, "came", TABLE_RIGHT);
    table_column(t, "on the way", TABLE_RIGHT);
    table_column(t, "repeated", TABLE_RIGHT);
    table_column(t, "contradict.", TABLE_RIGHT);
    table_column(t, "unknown", TABLE_RIGHT);
    table_column(t, "without id", TABLE_RIGHT);
    for (size_t i = 0; i < json_array_size(carriers); i++) {
        receipt_put_row(t, json_array_get(carriers, i));
    }
    if (table_rows(t) != 0) {
        buf_put_u8(out, '\n');
        table_put(t, out);
    }
    table_free(t);
}
