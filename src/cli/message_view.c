#include "cli/message_view.h"

#include "cli/doc.h"
#include "cli/text.h"

#include <string.h>

enum style message_style(const char *state)
{
    static const struct {
        const char *state;
        enum style style;
    } STYLES[] = {
        { "held", STYLE_WARN },         { "uncertain", STYLE_BAD },   { "delivered", STYLE_GOOD },
        { "undeliverable", STYLE_BAD }, { "expired", STYLE_BAD },     { "rejected", STYLE_BAD },
        { "deleted", STYLE_BAD },       { "unknown", STYLE_BAD },     { "failed", STYLE_BAD },
        { "suppressed", STYLE_FAINT },  { "cancelled", STYLE_FAINT },
    };
    for (size_t i = 0; i < sizeof STYLES / sizeof STYLES[0]; i++) {
        if (strcmp(STYLES[i].state, state) == 0) {
            return STYLES[i].style;
        }
    }
    return STYLE_PLAIN;
}

const char *message_state_label(const char *state)
{
    return strcmp(state, "in_flight") == 0 ? "in flight" : state;
}

void message_columns(struct table *t)
{
    table_column(t, "id", TABLE_RIGHT);
    table_column(t, "accepted", TABLE_LEFT);
    table_column(t, "to", TABLE_LEFT);
    table_column(t, "state", TABLE_LEFT);
    table_column(t, "campaign", TABLE_LEFT);
    table_column(t, "class", TABLE_LEFT);
    table_column(t, "text", TABLE_LEFT);
}

static void message_put_state(struct table *t, const json_t *m)
{
    const char *state = doc_text(m, "state");
    table_styled(t, message_state_label(state), message_style(state));
}

/* The name; older campaigns may be known by their number only. */
static void message_put_campaign(struct table *t, const json_t *m)
{
    const char *name = doc_text(m, "campaign");
    table_text(t, name[0] != '\0' ? name : "-");
}

void message_row(struct table *t, const json_t *m)
{
    table_text(t, doc_text(m, "id"));
    table_text(t, text_instant(doc_instant(m, "accepted")).s);
    table_text(t, doc_text(m, "to"));
    message_put_state(t, m);
    message_put_campaign(t, m);
    table_text(t, doc_text(m, "class"));
    table_strv(t, doc_strv(m, "text"), STYLE_PLAIN);
}

void message_columns_of_one(struct table *t)
{
    table_column(t, "id", TABLE_RIGHT);
    table_column(t, "accepted", TABLE_LEFT);
    table_column(t, "state", TABLE_LEFT);
    table_column(t, "campaign", TABLE_LEFT);
    table_column(t, "text", TABLE_LEFT);
}

void message_row_of_one(struct table *t, const json_t *m)
{
    table_text(t, doc_text(m, "id"));
    table_text(t, text_instant(doc_instant(m, "accepted")).s);
    message_put_state(t, m);
    message_put_campaign(t, m);
    table_strv(t, doc_strv(m, "text"), STYLE_PLAIN);
}
