/* tessera carrier show and statuses */
#include "cli/ask.h"
#include "cli/doc.h"
#include "cli/handlers.h"
#include "cli/status_view.h"
#include "cli/text.h"

#include <string.h>

static void carrier_pair(struct table *t, const char *name, const char *value)
{
    table_styled(t, name, STYLE_FAINT);
    table_text(t, value);
}

/* Everything of it that is set, a row each. */
static void carrier_put_settings(struct table *t, const char *prefix, const json_t *settings)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)settings, name, value)
    {
        struct buf label = { 0 }, text = { 0 };
        size_t n = strlen(name); /* a duration says its unit itself */
        n -= json_is_real(value) && n > 2 && strcmp(name + n - 2, "_s") == 0 ? 2 : 0;
        buf_printf(&label, "%s%.*s", prefix, (int)n, name);
        if (json_is_object(value)) {
            buf_put_u8(&label, '.');
            carrier_put_settings(t, buf_cstr(&label), value);
        } else if (json_is_string(value)) {
            carrier_pair(t, buf_cstr(&label), json_string_value(value));
        } else if (json_is_array(value)) {
            for (size_t i = 0; i < json_array_size(value); i++) {
                buf_printf(&text, "%s%s", i == 0 ? "" : ", ", json_string_value(json_array_get(value, i)));
            }
            carrier_pair(t, buf_cstr(&label), buf_cstr(&text));
        } else if (json_is_integer(value)) {
            buf_printf(&text, "%lld", (long long)json_integer_value(value));
            carrier_pair(t, buf_cstr(&label), buf_cstr(&text));
        } else if (json_is_real(value)) {
            carrier_pair(t, buf_cstr(&label), text_duration((usec_t)(json_real_value(value) * 1e6)).s);
        } else if (json_is_boolean(value)) {
            carrier_pair(t, buf_cstr(&label), json_is_true(value) ? "yes" : "no");
        }
        buf_free(&label);
        buf_free(&text);
    }
}

static void carrier_draw_show(struct cli *c, const json_t *doc, struct buf *out)
{
    json_t *one = json_pack("[O]", (json_t *)(uintptr_t)doc);
    struct table *t = cli_table(c, 2);
    status_draw_carriers(c, one, out);
    json_decref(one);
    buf_put_strv(out, STRV("\nsettings\n"));
    table_column(t, "", TABLE_LEFT);
    table_column(t, "", TABLE_LEFT);
    carrier_put_settings(t, "", doc_get(doc, "settings"));
    table_put(t, out);
    table_free(t);
}

int run_carrier_show(struct cli *c)
{
    struct buf path = ask_path("carriers", c->args.words[0], NULL);
    return ask_show(c, "GET", &path, NULL, carrier_draw_show);
}

static void carrier_draw_statuses(struct cli *c, const json_t *doc, struct buf *out)
{
    const json_t *list = doc_get(doc, "statuses");
    struct table *t = cli_table(c, 0);
    table_column(t, "status", TABLE_LEFT);
    table_column(t, "name", TABLE_LEFT);
    table_column(t, "class", TABLE_LEFT);
    table_column(t, "usually", TABLE_LEFT);
    table_column(t, "then", TABLE_LEFT);
    table_column(t, "meaning", TABLE_LEFT);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *s = json_array_get(list, i);
        const char *name = doc_text(s, "name"), *usually = doc_text(s, "usually");
        bool own = doc_bool(s, "overridden");
        table_text(t, doc_text(s, "hex"));
        table_text(t, name[0] != '\0' ? name : "-");
        table_styled(t, doc_text(s, "class"), own ? STYLE_STRONG : STYLE_PLAIN);
        table_text(t, usually[0] != '\0' ? usually : "-");
        table_text(t, doc_text(s, "then"));
        table_strv(t, doc_strv(s, "text"), STYLE_PLAIN);
    }
    table_put(t, out);
    table_free(t);
}

int run_carrier_statuses(struct cli *c)
{
    struct buf path = ask_path("carriers", c->args.words[0], "statuses", NULL);
    return ask_show(c, "GET", &path, NULL, carrier_draw_statuses);
}
