/* tessera vote */
#include "cli/ask.h"
#include "cli/doc.h"
#include "cli/handlers.h"
#include "cli/text.h"

#include <string.h>

#define VOTE_BAR 30

/* --- add --- */

/* "A, B" into a list, without what is empty. */
static json_t *vote_split(struct strv text)
{
    struct strv one;
    json_t *list = json_array();
    while (strv_next(&text, ',', &one)) {
        one = strv_trim(one);
        if (one.n != 0) {
            json_array_append_new(list, json_stringn(one.p, one.n));
        }
    }
    return list;
}

static json_t *vote_body(struct cli *c)
{
    json_t *body = json_object(), *aliases = json_object();
    const char *text;
    json_object_set_new(body, "keyword", json_string(args_text(&c->args, "keyword")));
    json_object_set_new(body, "options", vote_split(strv_from(args_text(&c->args, "options"))));
    json_object_set_new(body, "last_wins", json_boolean(args_flag(&c->args, "last-wins")));
    if (args_text(&c->args, "field") != NULL) {
        json_object_set_new(body, "field", json_string(args_text(&c->args, "field")));
    }
    for (size_t i = 0; (text = args_text_at(&c->args, "alias", i)) != NULL; i++) {
        struct strv rest = strv_from(text), option = { 0 };
        char name[256];
        strv_next(&rest, '=', &option);
        option = strv_trim(option);
        if (option.n == 0 || rest.n == 0 || !strv_copy(option, name, sizeof name)) {
            cli_usage(c, "--alias: \"%.80s\" is not OPTION=word,word", text);
            json_decref(aliases);
            json_decref(body);
            return NULL;
        }
        json_t *more = vote_split(rest), *there = json_object_get(aliases, name);
        if (there != NULL) {
            json_array_extend(there, more);
            json_decref(more);
        } else {
            json_object_set_new(aliases, name, more);
        }
    }
    json_object_set_new(body, "aliases", aliases);
    return body;
}

/* 1: there is one of that name, 0: none, -1: failed and noted. */
static int vote_exists(struct cli *c, const char *name)
{
    struct buf path = ask_path("votes", NULL);
    json_t *doc = ask(c, "GET", &path, NULL);
    if (doc == NULL) {
        return -1;
    }
    const json_t *list = doc_get(doc, "votes");
    int found = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        found |= strcmp(doc_text(json_array_get(list, i), "name"), name) == 0;
    }
    json_decref(doc);
    return found;
}

static void vote_draw_added(struct cli *c, const json_t *doc, struct buf *out)
{
    const json_t *options = doc_get(doc, "options");
    buf_printf(out, "vote \"%s\" is open: \"%s ", c->args.words[0], doc_text(doc, "keyword"));
    text_put_clean(out, strv_from(json_string_value(json_array_get(options, 0))));
    buf_printf(out, "\" or \"%s 1\" counts for ", doc_text(doc, "keyword"));
    text_put_clean(out, strv_from(json_string_value(json_array_get(options, 0))));
    if (doc_text(doc, "field")[0] != '\0') {
        buf_printf(out, ", and goes into %s", doc_text(doc, "field"));
    }
    buf_put_u8(out, '\n');
}

int run_vote_add(struct cli *c)
{
    json_t *body = vote_body(c);
    if (body == NULL) {
        return c->exit;
    }
    int exists = vote_exists(c, c->args.words[0]);
    if (exists != 0) {
        json_decref(body);
        return exists < 0
                   ? c->exit
                   : cli_fail(c, CLI_FAILED, "\"tessera vote remove\" makes room, and forgets its votes",
                              "there is a vote \"%s\" already", c->args.words[0]);
    }
    struct buf path = ask_path("votes", c->args.words[0], NULL);
    return ask_show(c, "PUT", &path, body, vote_draw_added);
}

/* --- the rest --- */

static void vote_columns(struct table *t)
{
    table_column(t, "vote", TABLE_LEFT);
    table_column(t, "keyword", TABLE_LEFT);
    table_column(t, "counts", TABLE_LEFT);
    table_column(t, "into", TABLE_LEFT);
    table_column(t, "options", TABLE_LEFT);
}

static void vote_row(struct table *t, const json_t *v)
{
    const json_t *options = doc_get(v, "options");
    struct buf text = { 0 };
    for (size_t i = 0; i < json_array_size(options); i++) {
        buf_printf(&text, "%s%s", i != 0 ? ", " : "", json_string_value(json_array_get(options, i)));
    }
    table_strv(t, doc_strv(v, "name"), STYLE_STRONG);
    table_text(t, doc_text(v, "keyword"));
    table_text(t, doc_bool(v, "last_wins") ? "the last" : "the first");
    table_text(t, doc_text(v, "field"));
    table_text(t, buf_cstr(&text));
    buf_free(&text);
}

int run_vote_list(struct cli *c)
{
    static const struct ask_list LIST = { .name = "votes",
                                          .none =
                                              "no votes yet; add one: tessera vote add NAME --keyword WORD "
                                              "--options A,B",
                                          .columns = vote_columns,
                                          .row = vote_row };
    struct buf path = ask_path("votes", NULL);
    return ask_list_whole(c, &path, &LIST);
}

static void vote_draw_tally(struct cli *c, const json_t *doc, struct buf *out)
{
    const json_t *options = doc_get(doc, "options");
    int64_t sum = 0;
    for (size_t i = 0; i < json_array_size(options); i++) {
        sum += doc_int(json_array_get(options, i), "votes");
    }
    cli_put_styled(c, out, STYLE_STRONG, doc_text(doc, "name"));
    buf_printf(out, "  %s, %s\n", doc_text(doc, "keyword"),
               doc_bool(doc, "last_wins") ? "the last vote of a number counts"
                                          : "the first vote of a number counts");
    struct table *t = cli_table(c, 2);
    table_column(t, "", TABLE_RIGHT);
    table_column(t, "", TABLE_LEFT);
    table_column(t, "", TABLE_RIGHT);
    table_column(t, "", TABLE_RIGHT);
    table_column(t, "", TABLE_LEFT);
    for (size_t i = 0; i < json_array_size(options); i++) {
        const json_t *o = json_array_get(options, i);
        int64_t votes = doc_int(o, "votes");
        struct buf bar = { 0 };
        text_put_bar(&bar, votes, sum, VOTE_BAR, c->term.unicode);
        table_styled(t, text_count(doc_int(o, "n")).s, STYLE_FAINT);
        table_strv(t, doc_strv(o, "option"), STYLE_PLAIN);
        table_count(t, votes);
        table_text(t, text_percent(votes, sum).s);
        table_raw(t, (struct strv){ (const char *)bar.data, bar.len }, STYLE_GOOD);
        buf_free(&bar);
    }
    table_put(t, out);
    table_free(t);
    int64_t voters = doc_int(doc, "voters");
    buf_printf(out, "%s %s\n", text_count(voters).s, voters == 1 ? "voter" : "voters");
}

int run_vote_tally(struct cli *c)
{
    struct buf path = ask_path("votes", c->args.words[0], NULL);
    return args_flag(&c->args, "watch") ? ask_watch(c, &path, vote_draw_tally, NULL)
                                        : ask_show(c, "GET", &path, NULL, vote_draw_tally);
}

static void vote_draw_removed(struct cli *c, const json_t *doc, struct buf *out)
{
    (void)doc;
    buf_printf(out, "vote \"%s\" removed\n", c->args.words[0]);
}

int run_vote_remove(struct cli *c)
{
    struct buf path = ask_path("votes", c->args.words[0], NULL);
    return ask_show(c, "DELETE", &path, NULL, vote_draw_removed);
}
