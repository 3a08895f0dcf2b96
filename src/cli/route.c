/* tessera route */
#include "cli/ask.h"
#include "cli/doc.h"
#include "cli/handlers.h"
#include "cli/text.h"

#include <string.h>

static void route_put_cost(struct buf *out, double cost)
{
    buf_printf(out, "%.6g", cost);
}

/* "a 3 (0.05), b 1": weights only where they count. */
static void route_put_carriers(struct buf *out, const json_t *r)
{
    const json_t *list = doc_get(r, "carriers");
    bool weighted = strcmp(doc_text(r, "strategy"), "weighted") == 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *k = json_array_get(list, i);
        buf_printf(out, "%s%s", i != 0 ? ", " : "", doc_text(k, "name"));
        if (weighted) {
            buf_printf(out, " %lld", (long long)doc_int(k, "weight"));
        }
        if (doc_real(k, "cost") > 0) {
            buf_printf(out, " (");
            route_put_cost(out, doc_real(k, "cost"));
            buf_printf(out, ")");
        }
    }
}

static void route_put_when(struct buf *out, const json_t *r)
{
    static const char *const NAMES[] = { "prefix", "region", "class", "sender", "campaign", "tag" };
    const json_t *when = doc_get(r, "when");
    size_t before = out->len;
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        if (doc_text(when, NAMES[i])[0] != '\0') {
            buf_printf(out, "%s%s ", out->len != before ? ", " : "", NAMES[i]);
            text_put_clean(out, doc_strv(when, NAMES[i]));
        }
    }
    if (out->len == before) {
        buf_printf(out, "everything");
    }
}

static void route_columns(struct table *t)
{
    table_column(t, "rule", TABLE_RIGHT);
    table_column(t, "strategy", TABLE_LEFT);
    table_column(t, "carriers", TABLE_LEFT);
    table_column(t, "for", TABLE_LEFT);
}

static void route_row(struct table *t, const json_t *r)
{
    struct buf when = { 0 }, carriers = { 0 };
    route_put_when(&when, r);
    route_put_carriers(&carriers, r);
    table_count(t, doc_int(r, "rule"));
    table_text(t, doc_text(r, "strategy"));
    table_strv(t, strv_from(buf_cstr(&carriers)), STYLE_STRONG);
    table_text(t, buf_cstr(&when));
    buf_free(&when);
    buf_free(&carriers);
}

int run_route_list(struct cli *c)
{
    static const struct ask_list LIST = { .name = "routes",
                                          .none = "no routes: the carriers' prefixes decide",
                                          .columns = route_columns,
                                          .row = route_row };
    struct buf path = ask_path("routes", NULL);
    return ask_list_whole(c, &path, &LIST);
}

/* --- explain --- */

static void route_put_choice(struct cli *c, const json_t *doc, struct buf *out)
{
    const char *carrier = doc_text(doc, "carrier");
    bool healthy = doc_bool(doc, "healthy");
    buf_printf(out, "%s ", doc_text(doc, "number"));
    if (doc_text(doc, "region")[0] != '\0') {
        buf_printf(out, "(%s) ", doc_text(doc, "region"));
    }
    if (carrier[0] == '\0') {
        cli_put_styled(c, out, STYLE_BAD, "goes nowhere: no carrier takes it");
        buf_put_u8(out, '\n');
        return;
    }
    buf_printf(out, "%s ", healthy ? "goes to" : "waits for");
    cli_put_styled(c, out, healthy ? STYLE_GOOD : STYLE_BAD, carrier);
    if (doc_int(doc, "rule") != 0) {
        buf_printf(out, " by rule %lld", (long long)doc_int(doc, "rule"));
    } else {
        buf_printf(out, " by the carriers' prefixes");
    }
    if (doc_real(doc, "cost") > 0) {
        buf_printf(out, ", ");
        route_put_cost(out, doc_real(doc, "cost"));
        buf_printf(out, " a part");
    }
    buf_put_u8(out, '\n');
}

/* The carriers of the rule that decides, or would if one were up: what each gets, or why nothing. */
static void route_put_candidates(struct cli *c, const json_t *r, struct buf *out)
{
    const json_t *list = doc_get(r, "carriers");
    struct table *t = cli_table(c, 8);
    table_column(t, "", TABLE_LEFT);
    table_column(t, "", TABLE_LEFT);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *k = json_array_get(list, i);
        double share = doc_real(k, "share");
        bool up = strcmp(doc_text(k, "health"), "up") == 0;
        struct buf text = { 0 };
        if (!up) {
            buf_printf(&text, "%s: %s", doc_text(k, "health"), doc_text(k, "detail"));
        } else if (share > 0) {
            buf_printf(&text, "takes %s", share < 1 ? text_percent((int64_t)(share * 1e6), 1000000).s : "it");
        } else {
            buf_printf(&text, "up, but not the %s",
                       strcmp(doc_text(r, "strategy"), "least_cost") == 0 ? "cheapest" : "first");
        }
        table_styled(t, doc_text(k, "name"), share > 0 ? STYLE_GOOD : STYLE_PLAIN);
        table_text(t, buf_cstr(&text));
        buf_free(&text);
    }
    table_put(t, out);
    table_free(t);
}

static void route_draw(struct cli *c, const json_t *doc, struct buf *out)
{
    const json_t *rules = doc_get(doc, "rules");
    route_put_choice(c, doc, out);
    for (size_t i = 0; i < json_array_size(rules); i++) {
        const json_t *r = json_array_get(rules, i);
        const char *why = doc_text(r, "why");
        if (doc_int(r, "rule") != 0) {
            buf_printf(out, "  rule %lld ", (long long)doc_int(r, "rule"));
            buf_printf(out, "(");
            route_put_when(out, r);
            buf_printf(out, ") %s\n", doc_text(r, "detail"));
        } else {
            buf_printf(out, "  the prefixes of %s: %s\n",
                       doc_text(json_array_get(doc_get(r, "carriers"), 0), "name"), doc_text(r, "detail"));
        }
        if (strcmp(why, "chosen") == 0 || strcmp(why, "nothing_up") == 0) {
            route_put_candidates(c, r, out);
        }
    }
}

int run_route_explain(struct cli *c)
{
    struct buf path = ask_path("routes", "explain", NULL);
    client_path_query(&path, "number", c->args.words[0]);
    client_path_query(&path, "class", args_text(&c->args, "class"));
    client_path_query(&path, "sender", args_text(&c->args, "sender"));
    client_path_query(&path, "campaign", args_text(&c->args, "campaign"));
    client_path_query(&path, "tag", args_text(&c->args, "tag"));
    return ask_show(c, "GET", &path, NULL, route_draw);
}
