/* tessera customer set, tessera customer add */
#include "cli/ask.h"
#include "cli/doc.h"
#include "cli/handlers.h"
#include "cli/text.h"

#include <string.h>

#define SET_NAME_SIZE 80

/* {"add": [...], "remove": [...]} of the field, made when it is not there yet; NULL: it has a value. */
static json_t *set_edits(json_t *body, const char *name, const char *kind)
{
    json_t *edit = json_object_get(body, name);
    if (edit == NULL) {
        edit = json_object();
        json_object_set_new(body, name, edit);
    }
    if (!json_is_object(edit)) {
        return NULL;
    }
    json_t *list = json_object_get(edit, kind);
    if (list == NULL) {
        list = json_array();
        json_object_set_new(edit, kind, list);
    }
    return list;
}

/* Members as the cell of a file has them. */
static void set_put_members(json_t *list, struct strv text)
{
    while (text.n != 0) {
        size_t n = 0;
        while (n < text.n && strchr(";|,", text.p[n]) == NULL) {
            n++;
        }
        struct strv member = strv_trim(strv_sub(text, 0, n));
        text = strv_sub(text, n + 1, text.n);
        if (member.n != 0) {
            json_array_append_new(list, json_stringn(member.p, member.n));
        }
    }
}

static int set_twice(struct cli *c, const char *name)
{
    return cli_usage(c, "%s is said twice: once is enough, or = and += do not go together", name);
}

/* FIELD=VALUE, FIELD+=MEMBER, FIELD-=MEMBER into the body. */
static int set_put_word(struct cli *c, json_t *body, const char *word)
{
    const char *equals = strchr(word, '=');
    size_t n = equals != NULL ? (size_t)(equals - word) : 0;
    char sign = n != 0 ? word[n - 1] : '\0', name[SET_NAME_SIZE];
    bool edit = sign == '+' || sign == '-';
    if (equals == NULL || !strv_copy(strv_trim((struct strv){ word, n - edit }), name, sizeof name) ||
        name[0] == '\0') {
        return cli_usage(c, "\"%.80s\" is not FIELD=VALUE (or FIELD+=MEMBER, FIELD-=MEMBER)", word);
    }
    struct strv value = strv_trim(strv_from(equals + 1));
    if (value.n == 0) {
        return cli_usage(c, "\"%.80s\" has no value: --unset %s takes the value away", word, name);
    }
    if (edit) {
        json_t *list = set_edits(body, name, sign == '+' ? "add" : "remove");
        if (list == NULL) {
            return set_twice(c, name);
        }
        set_put_members(list, value);
        return CLI_OK;
    }
    if (json_object_get(body, name) != NULL) {
        return set_twice(c, name);
    }
    json_object_set_new(body, name, json_stringn(value.p, value.n));
    return CLI_OK;
}

static json_t *set_body(struct cli *c)
{
    json_t *body = json_object();
    const char *name;
    int code = CLI_OK;
    for (size_t i = 0; code == CLI_OK && i < c->args.n_rest; i++) {
        code = set_put_word(c, body, c->args.rest[i]);
    }
    for (size_t i = 0; code == CLI_OK && (name = args_text_at(&c->args, "unset", i)) != NULL; i++) {
        if (json_object_get(body, name) != NULL) {
            code = set_twice(c, name);
        }
        json_object_set_new(body, name, json_null());
    }
    if (code != CLI_OK) {
        json_decref(body);
        return NULL;
    }
    return body;
}

static void set_cell(struct table *t, const json_t *v)
{
    struct buf text = { 0 };
    for (size_t i = 0; i < json_array_size(v); i++) {
        buf_printf(&text, "%s%s", i != 0 ? ", " : "", json_string_value(json_array_get(v, i)));
    }
    if (json_is_string(v)) {
        buf_put(&text, json_string_value(v), json_string_length(v));
    }
    if (json_is_null(v)) {
        table_styled(t, "unset", STYLE_FAINT);
    } else {
        table_text(t, buf_cstr(&text));
    }
    buf_free(&text);
}

static void set_draw(struct cli *c, const json_t *doc, struct buf *out)
{
    const json_t *changes = doc_get(doc, "changes");
    buf_printf(out, "%s %s\n", doc_text(doc, "number"),
               doc_bool(doc, "created")   ? "is a customer now"
               : doc_bool(doc, "changed") ? "is changed"
                                          : "is so already: nothing is changed");
    if (json_array_size(changes) == 0) {
        return;
    }
    struct table *t = cli_table(c, 2);
    table_column(t, "field", TABLE_LEFT);
    table_column(t, "was", TABLE_LEFT);
    table_column(t, "is", TABLE_LEFT);
    for (size_t i = 0; i < json_array_size(changes); i++) {
        const json_t *one = json_array_get(changes, i);
        table_text(t, doc_text(one, "field"));
        set_cell(t, doc_get(one, "from"));
        set_cell(t, doc_get(one, "to"));
    }
    table_put(t, out);
    table_free(t);
}

int run_customer_set(struct cli *c)
{
    bool add = strcmp(c->args.command->verb, "add") == 0;
    json_t *body = set_body(c);
    if (body == NULL) {
        return c->exit;
    }
    if (!add && !args_flag(&c->args, "create") && json_object_size(body) == 0) {
        json_decref(body);
        return cli_usage(c, "what is to be changed? FIELD=VALUE, FIELD+=MEMBER or --unset FIELD");
    }
    struct buf path = ask_path("customers", c->args.words[0], NULL);
    client_path_query(&path, "region", args_text(&c->args, "region"));
    client_path_query(&path, "create", add || args_flag(&c->args, "create") ? "true" : NULL);
    return ask_show(c, "PATCH", &path, body, set_draw);
}
