#include "cli/campaign_view.h"

#include "cli/ask.h"
#include "cli/doc.h"
#include "cli/preview.h"
#include "cli/text.h"

#include <string.h>

#define CAMPAIGN_BAR    30
#define CAMPAIGN_CLOCKS 20 /* shown; the rest is counted */

enum style campaign_style(const char *state)
{
    static const struct {
        const char *state;
        enum style style;
    } STYLES[] = { { "running", STYLE_GOOD }, { "starting", STYLE_GOOD },   { "done", STYLE_PLAIN },
                   { "paused", STYLE_WARN },  { "cancelled", STYLE_FAINT }, { "draft", STYLE_FAINT } };
    for (size_t i = 0; i < sizeof STYLES / sizeof STYLES[0]; i++) {
        if (strcmp(STYLES[i].state, state) == 0) {
            return STYLES[i].style;
        }
    }
    return STYLE_PLAIN;
}

static struct table *campaign_pairs(const struct cli *c)
{
    struct table *t = cli_table(c, 2);
    table_column(t, "", TABLE_LEFT);
    table_column(t, "", TABLE_LEFT);
    return t;
}

static void campaign_pair(struct table *t, const char *name, const char *value)
{
    if (value[0] != '\0' && strcmp(value, "-") != 0) {
        table_styled(t, name, STYLE_FAINT);
        table_text(t, value);
    }
}

static void campaign_pair_names(struct table *t, const char *name, const json_t *list)
{
    struct buf text = { 0 };
    for (size_t i = 0; i < json_array_size(list); i++) {
        buf_printf(&text, "%s%s", i != 0 ? ", " : "", json_string_value(json_array_get(list, i)));
    }
    campaign_pair(t, name, buf_cstr(&text));
    buf_free(&text);
}

static void campaign_put_title(struct cli *c, const json_t *doc, struct buf *out)
{
    cli_put_styled(c, out, STYLE_STRONG, doc_text(doc, "name"));
    buf_put_strv(out, STRV("  "));
    cli_put_styled(c, out, campaign_style(doc_text(doc, "state")), doc_text(doc, "state"));
    buf_put_u8(out, '\n');
}

void campaign_draw(struct cli *c, const json_t *doc, struct buf *out)
{
    struct table *t = campaign_pairs(c);
    usec_t valid = doc_int(doc, "valid_for_s") * USEC_SEC;
    struct buf rate = { 0 };
    campaign_put_title(c, doc, out);
    campaign_pair_names(t, "segments", doc_get(doc, "segments"));
    campaign_pair_names(t, "exclude", doc_get(doc, "exclude"));
    campaign_pair(t, "sender", doc_text(doc, "sender"));
    campaign_pair(t, "text", doc_text(doc, "text"));
    struct buf tlvs = { 0 };
    ask_put_tlvs(&tlvs, doc_get(doc, "tlvs"));
    campaign_pair(t, "TLVs", buf_cstr(&tlvs));
    buf_free(&tlvs);
    campaign_pair(t, "class", doc_text(doc, "class"));
    campaign_pair(t, "valid for", valid != 0 ? text_duration(valid).s : "");
    if (doc_int(doc, "rate") != 0) {
        buf_printf(&rate, "%s parts a second", text_count(doc_int(doc, "rate")).s);
    }
    campaign_pair(t, "rate", buf_cstr(&rate));
    campaign_pair(t, "weight", doc_int(doc, "weight") > 1 ? text_count(doc_int(doc, "weight")).s : "");
    campaign_pair(t, "created", text_instant(doc_instant(doc, "created")).s);
    campaign_pair(t, "started", text_instant(doc_instant(doc, "started")).s);
    campaign_pair(t, "scheduled for", text_instant(doc_instant(doc, "at")).s);
    if (doc_text(doc, "at_local")[0] != '\0') {
        struct buf local = { 0 };
        buf_printf(&local, "%.16s of each recipient's clock", doc_text(doc, "at_local"));
        campaign_pair(t, "scheduled for", buf_cstr(&local));
        buf_free(&local);
    }
    campaign_pair(t, "ended", text_instant(doc_instant(doc, "ended")).s);
    campaign_pair(t, "recipients",
                  doc_instant(doc, "started") != 0 ? text_count(doc_int(doc, "recipients")).s : "-");
    table_put(t, out);
    table_free(t);
    buf_free(&rate);
}

/* --- clocks --- */

static void campaign_put_clocks(struct cli *c, const json_t *clocks, bool preview, struct buf *out)
{
    size_t n = json_array_size(clocks);
    struct table *t = cli_table(c, 2);
    table_column(t, "clock", TABLE_LEFT);
    table_column(t, "recipients", TABLE_RIGHT);
    table_column(t, preview ? "now" : "opens", TABLE_LEFT);
    table_column(t, "why", TABLE_LEFT);
    for (size_t i = 0; i < n && i < CAMPAIGN_CLOCKS; i++) {
        const json_t *k = json_array_get(clocks, i);
        bool open = doc_bool(k, "open");
        usec_t changes = doc_instant(k, open ? "until" : "opens");
        struct buf now = { 0 };
        if (!preview) {
            buf_printf(&now, "%s", text_minute(changes).s);
        } else if (open) {
            buf_printf(&now, "open%s%s", changes != 0 ? " until " : "",
                       changes != 0 ? text_minute(changes).s : "");
        } else {
            buf_printf(&now, "held%s%s", changes != 0 ? " until " : "",
                       changes != 0 ? text_minute(changes).s : "");
        }
        table_text(t, doc_text(k, "clock"));
        table_count(t, doc_int(k, "recipients"));
        table_styled(t, buf_cstr(&now), open ? STYLE_PLAIN : STYLE_WARN);
        table_text(t, doc_text(k, "detail"));
        buf_free(&now);
    }
    table_put(t, out);
    table_free(t);
    if (n > CAMPAIGN_CLOCKS) {
        buf_printf(out, "  and %zu more clocks (--json has all)\n", n - CAMPAIGN_CLOCKS);
    }
}

static void campaign_put_heading(struct cli *c, struct buf *out, const char *text)
{
    buf_put_u8(out, '\n');
    cli_put_styled(c, out, STYLE_STRONG, text);
    buf_put_u8(out, '\n');
}

/* --- preview --- */

/* {"total":310,"1":300,"2":5} as "310 (300 with 1 part, 5 with 2 parts)" */
static void campaign_put_parts(struct buf *line, const json_t *parts)
{
    const char *key;
    json_t *v;
    size_t shown = 0;
    buf_printf(line, "%s", text_count(doc_int(parts, "total")).s);
    json_object_foreach((json_t *)parts, key, v)
    {
        if (strcmp(key, "total") == 0 || json_integer_value(v) == 0) {
            continue;
        }
        buf_printf(line, "%s%s ", shown++ == 0 ? " (" : ", ", text_count(json_integer_value(v)).s);
        if (strcmp(key, "refused") == 0) {
            buf_put_strv(line, STRV("too long or empty, refused"));
        } else {
            buf_printf(line, "with %s part%s", key, strcmp(key, "1") == 0 ? "" : "s");
        }
    }
    buf_printf(line, "%s", shown != 0 ? ")" : "");
}

static void campaign_put_alphabets(struct buf *line, const json_t *alphabets)
{
    const char *key;
    json_t *v;
    json_object_foreach((json_t *)alphabets, key, v)
    {
        if (json_integer_value(v) != 0) {
            buf_printf(line, "%s%s %s", line->len != 0 ? ", " : "", text_count(json_integer_value(v)).s, key);
        }
    }
}

static void campaign_put_texts(struct cli *c, const json_t *doc, struct buf *out)
{
    const json_t *texts = doc_get(doc, "texts");
    if (json_array_size(texts) == 0) {
        return;
    }
    campaign_put_heading(c, out, "Texts");
    for (size_t i = 0; i < json_array_size(texts); i++) {
        const json_t *one = json_array_get(texts, i);
        struct buf head = { 0 };
        buf_printf(&head, "%s  ", doc_text(one, "number"));
        preview_put_line(&head, one);
        buf_put_strv(out, STRV("  "));
        cli_put_styled(c, out, STYLE_FAINT, buf_cstr(&head));
        buf_put_strv(out, STRV("\n    "));
        text_put_clean(out, doc_strv(one, "text"));
        buf_put_u8(out, '\n');
        preview_put_rest(c, one, "    ", out);
        buf_free(&head);
    }
}

static void campaign_put_missing(struct cli *c, const json_t *doc, struct buf *out)
{
    const json_t *missing = doc_get(doc, "missing");
    const char *field;
    json_t *n;
    if (json_object_size(missing) == 0) {
        return;
    }
    campaign_put_heading(c, out, "Placeholders without a value");
    struct table *t = cli_table(c, 2);
    table_column(t, "field", TABLE_LEFT);
    table_column(t, "recipients", TABLE_RIGHT);
    json_object_foreach((json_t *)missing, field, n)
    {
        table_text(t, field);
        table_count(t, json_integer_value(n));
    }
    table_put(t, out);
    table_free(t);
}

void campaign_draw_preview(struct cli *c, const json_t *doc, struct buf *out)
{
    const json_t *parts = doc_get(doc, "parts"), *alphabets = doc_get(doc, "alphabets");
    int64_t recipients = doc_int(doc, "recipients"), sampled = doc_int(doc, "sampled");
    struct table *t = campaign_pairs(c);
    struct buf line = { 0 };
    cli_put_styled(c, out, STYLE_STRONG, c->args.words[0]);
    buf_put_strv(out, STRV("  as it would be sent now\n"));
    campaign_pair(t, "recipients", text_count(recipients).s);
    if (doc_int(doc, "suppressed") != 0) {
        buf_printf(&line, "%s opted out and get nothing", text_count(doc_int(doc, "suppressed")).s);
        campaign_pair(t, "suppressed", buf_cstr(&line));
        buf_clear(&line);
    }
    campaign_put_parts(&line, parts);
    if (sampled != 0 && sampled < recipients) {
        buf_printf(&line, " (an estimate from %s of them)", text_count(sampled).s);
    }
    campaign_pair(t, "parts", buf_cstr(&line));
    buf_clear(&line);
    campaign_put_alphabets(&line, alphabets);
    if (json_object_size(doc_get(doc, "languages")) != 0) {
        buf_put_strv(&line, STRV("; with tables: "));
        struct buf tables = { 0 };
        campaign_put_alphabets(&tables, doc_get(doc, "languages"));
        buf_put(&line, tables.data, tables.len);
        buf_free(&tables);
    }
    campaign_pair(t, "alphabets", buf_cstr(&line));
    if (json_is_number(doc_get(doc, "cost"))) {
        buf_clear(&line);
        buf_printf(&line, "%.2f by the routes as they are", doc_real(doc, "cost"));
        campaign_pair(t, "cost", buf_cstr(&line));
    }
    campaign_pair(t, "held now", text_count(doc_int(doc, "held")).s);
    table_put(t, out);
    table_free(t);
    buf_free(&line);
    campaign_put_missing(c, doc, out);
    if (json_array_size(doc_get(doc, "replaced")) != 0) {
        campaign_put_heading(c, out, "Replaced characters");
        preview_put_replaced(c, doc_get(doc, "replaced"), out);
    }
    if (json_array_size(doc_get(doc, "clocks")) != 0) {
        campaign_put_heading(c, out, "Clocks");
        campaign_put_clocks(c, doc_get(doc, "clocks"), true, out);
    }
    campaign_put_texts(c, doc, out);
}

/* --- report --- */

static const struct {
    const char *name, *label;
    enum style style;
} CAMPAIGN_STATES[] = {
    { "queued", "queued", STYLE_PLAIN },
    { "held", "held", STYLE_WARN },
    { "in_flight", "in flight", STYLE_PLAIN },
    { "uncertain", "uncertain", STYLE_BAD },
    { "sent", "sent, no receipt yet", STYLE_PLAIN },
    { "delivered", "delivered", STYLE_GOOD },
    { "undeliverable", "undeliverable", STYLE_BAD },
    { "expired", "expired", STYLE_BAD },
    { "rejected", "rejected", STYLE_BAD },
    { "deleted", "deleted", STYLE_BAD },
    { "unknown", "unknown", STYLE_BAD },
    { "failed", "failed", STYLE_BAD },
    { "suppressed", "suppressed", STYLE_FAINT },
    { "cancelled", "cancelled", STYLE_FAINT },
};

static void campaign_put_states(struct cli *c, const json_t *doc, struct buf *out)
{
    int64_t recipients = doc_int(doc, "recipients");
    struct table *t = cli_table(c, 2);
    table_column(t, "", TABLE_LEFT);
    table_column(t, "", TABLE_RIGHT);
    table_column(t, "", TABLE_RIGHT);
    table_column(t, "", TABLE_LEFT);
    table_styled(t, "recipients", STYLE_STRONG);
    table_count(t, recipients);
    table_text(t, "");
    table_text(t, "");
    for (size_t i = 0; i < sizeof CAMPAIGN_STATES / sizeof CAMPAIGN_STATES[0]; i++) {
        int64_t n = doc_int(doc, CAMPAIGN_STATES[i].name);
        struct buf bar = { 0 };
        text_put_bar(&bar, n, recipients, CAMPAIGN_BAR, c->term.unicode);
        table_styled(t, CAMPAIGN_STATES[i].label, n == 0 ? STYLE_FAINT : STYLE_PLAIN);
        table_count(t, n);
        table_text(t, n != 0 ? text_percent(n, recipients).s : "");
        table_raw(t, (struct strv){ (const char *)bar.data, bar.len }, CAMPAIGN_STATES[i].style);
        buf_free(&bar);
    }
    table_put(t, out);
    table_free(t);
}

static void campaign_put_failed(struct cli *c, const json_t *doc, struct buf *out)
{
    const json_t *list = doc_get(doc, "failed_by");
    if (json_array_size(list) == 0) {
        return;
    }
    campaign_put_heading(c, out, "Failed");
    struct table *t = cli_table(c, 2);
    table_column(t, "reason", TABLE_LEFT);
    table_column(t, "status", TABLE_LEFT);
    table_column(t, "messages", TABLE_RIGHT);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        table_text(t, doc_text(one, "reason"));
        table_text(t, doc_text(one, "status"));
        table_count(t, doc_int(one, "count"));
    }
    table_put(t, out);
    table_free(t);
}

/* Where there is one carrier and no cost the figures below say it. */
static void campaign_put_costs(struct cli *c, const json_t *doc, struct buf *out)
{
    const json_t *list = doc_get(doc, "by_carrier");
    bool costs = json_is_number(doc_get(doc, "cost"));
    struct buf line = { 0 };
    if (!costs && json_array_size(list) < 2) {
        return;
    }
    campaign_put_heading(c, out, "By carrier");
    struct table *t = cli_table(c, 2);
    table_column(t, "carrier", TABLE_LEFT);
    table_column(t, "parts", TABLE_RIGHT);
    table_column(t, "cost", TABLE_RIGHT);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        buf_clear(&line);
        buf_printf(&line, "%.2f", doc_real(one, "cost"));
        table_text(t, doc_text(one, "carrier"));
        table_count(t, doc_int(one, "parts"));
        table_text(t, costs ? buf_cstr(&line) : "-");
    }
    table_put(t, out);
    table_free(t);
    buf_free(&line);
    if (costs) {
        buf_printf(out, "\ncost %.2f, as the routes had it when the parts went\n", doc_real(doc, "cost"));
    }
}

void campaign_draw_report(struct cli *c, const json_t *doc, struct buf *out)
{
    campaign_put_title(c, doc, out);
    campaign_put_states(c, doc, out);
    campaign_put_failed(c, doc, out);
    campaign_put_costs(c, doc, out);
    if (json_array_size(doc_get(doc, "held_clocks")) != 0) {
        campaign_put_heading(c, out, "Held by quiet hours or schedule");
        campaign_put_clocks(c, doc_get(doc, "held_clocks"), false, out);
    }
    buf_printf(out, "\nreplied %s   opted out %s   parts sent %s%s\n", text_count(doc_int(doc, "replied")).s,
               text_count(doc_int(doc, "opted_out")).s, text_count(doc_int(doc, "parts_sent")).s,
               campaign_complete(doc) ? "   complete" : "");
}

bool campaign_complete(const json_t *doc)
{
    return doc_bool(doc, "complete");
}
