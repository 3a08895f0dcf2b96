/* /v1/votes. */
#include "api/call.h"
#include "audience/audience.h"
#include "store/schema.h"
#include "store/spool.h"

#include <string.h>

/* --- as people see it --- */

static json_t *vote_aliases(const struct vote_spec *v)
{
    json_t *o = json_object();
    for (size_t i = 0; i < v->n_options; i++) {
        struct strv rest = v->aliases[i], one;
        char name[256];
        json_t *list = json_array();
        while (strv_next(&rest, ',', &one)) {
            json_array_append_new(list, reply_text(strv_trim(one)));
        }
        if (json_array_size(list) != 0 && strv_copy(v->options[i], name, sizeof name)) {
            json_object_set(o, name, list);
        }
        json_decref(list);
    }
    return o;
}

static json_t *vote_json(const struct vote_spec *v)
{
    json_t *o = json_object(), *options = json_array();
    for (size_t i = 0; i < v->n_options; i++) {
        json_array_append_new(options, reply_text(v->options[i]));
    }
    json_object_set_new(o, "name", reply_text(v->name));
    json_object_set_new(o, "keyword", reply_text(v->keyword));
    json_object_set_new(o, "options", options);
    json_object_set_new(o, "aliases", vote_aliases(v));
    json_object_set_new(o, "last_wins", json_boolean(v->last_wins));
    json_object_set_new(o, "field", v->field.n != 0 ? reply_text(v->field) : json_null());
    return o;
}

static bool vote_listed(void *ctx, const struct vote_spec *v)
{
    json_array_append_new(ctx, vote_json(v));
    return true;
}

void api_vote_list(struct call *c)
{
    json_t *list = json_array();
    engine_vote_each(c->api->engine, vote_listed, list);
    c->out = json_object();
    json_object_set_new(c->out, "votes", list);
    call_reply(c);
}

/* --- PUT /v1/votes/NAME --- */

struct vote_asked {
    struct strv keyword, field;
    const json_t *options, *aliases;
    bool last_wins;
};

struct vote_job {
    struct strv field;
};

static const struct member VOTE_MEMBERS[] = {
    { "keyword", MEMBER_TEXT, true, offsetof(struct vote_asked, keyword), 1, 64 },
    { "options", MEMBER_TEXTS, true, offsetof(struct vote_asked, options), 2, VOTE_MAX_OPTIONS },
    { "aliases", MEMBER_OBJECT, false, offsetof(struct vote_asked, aliases), 0, VOTE_MAX_OPTIONS },
    { "last_wins", MEMBER_BOOL, false, offsetof(struct vote_asked, last_wins), 0, 0 },
    { "field", MEMBER_TEXT, false, offsetof(struct vote_asked, field), 1, SCHEMA_MAX_NAME },
};

static long vote_option(const struct vote_spec *s, const char *name)
{
    for (size_t i = 0; i < s->n_options; i++) {
        if (strv_eq_c(s->options[i], name)) {
            return (long)i;
        }
    }
    return -1;
}

/* {"PIZZA":["P","2"]} into the engine's comma-separated form, all in `text`. */
static bool vote_take_aliases(const json_t *aliases, struct vote_spec *s, struct buf *text, struct err *e)
{
    size_t at[VOTE_MAX_OPTIONS], len[VOTE_MAX_OPTIONS] = { 0 };
    const char *option;
    json_t *list;
    json_object_foreach((json_t *)aliases, option, list)
    {
        long k = vote_option(s, option);
        if (k < 0) {
            return err_set(e, ERR_INVALID, "\"aliases\": \"%.64s\" is none of the options", option);
        }
        if (!json_is_array(list) || json_array_size(list) > VOTE_MAX_ALIASES) {
            return err_set(e, ERR_INVALID, "\"aliases\": \"%.64s\" must have a list of at most %d texts",
                           option, VOTE_MAX_ALIASES);
        }
        at[k] = text->len;
        for (size_t i = 0; i < json_array_size(list); i++) {
            struct strv alias = member_text(json_array_get(list, i));
            if (alias.n == 0 || alias.n > 64 || memchr(alias.p, ',', alias.n) != NULL) {
                return err_set(
                    e, ERR_INVALID,
                    "\"aliases\": \"%.64s\" has one that is not a text of 1 to 64 octets without comma",
                    option);
            }
            buf_printf(text, "%s" STRV_FMT, i != 0 ? "," : "", STRV_ARG(alias));
        }
        len[k] = text->len - at[k];
    }
    for (size_t i = 0; i < s->n_options; i++) {
        if (len[i] != 0) {
            s->aliases[i] = (struct strv){ (const char *)text->data + at[i], len[i] };
        }
    }
    return !text->failed || err_set(e, ERR_NOMEM, "out of memory");
}

static void vote_then_put(struct call *c)
{
    const struct vote_spec *v = engine_vote_get(c->api->engine, c->param[0], &c->err);
    if (v != NULL) {
        c->out = vote_json(v);
    }
    call_reply(c);
}

static bool vote_members(struct call *c, struct vote_asked *q)
{
    return call_members(c, VOTE_MEMBERS, sizeof VOTE_MEMBERS / sizeof VOTE_MEMBERS[0], q);
}

static void vote_put(struct call *c)
{
    struct vote_asked q = { 0 };
    if (c->err.code != ERR_NONE) {
        call_reply(c);
        return;
    }
    if (!vote_members(c, &q)) {
        return;
    }
    struct vote_spec s = {
        .name = c->param[0], .keyword = q.keyword, .last_wins = q.last_wins, .field = q.field
    };
    struct buf text = { 0 };
    s.n_options = json_array_size(q.options);
    for (size_t i = 0; i < s.n_options; i++) {
        s.options[i] = member_text(json_array_get(q.options, i));
    }
    if (q.aliases == NULL || vote_take_aliases(q.aliases, &s, &text, &c->err)) {
        c->status = engine_vote_get(c->api->engine, s.name, NULL) != NULL ? 200 : 201;
        c->then = vote_then_put;
        engine_vote_put(c->api->engine, &s, call_done, c);
    } else {
        call_reply(c);
    }
    buf_free(&text);
}

static void vote_run_field(const struct engine_view *v, struct call *c)
{
    const struct vote_job *j = c->job;
    struct audience_view *view = audience_view_begin(v->audience, &c->err);
    const struct schema_field *f = view != NULL ? schema_find_field(view->schema, j->field) : NULL;
    if (view != NULL && f == NULL) {
        schema_no_field(view->schema, j->field, &c->err);
    } else if (view != NULL && (f->type != SCHEMA_SET || f->hidden)) {
        err_set(&c->err, ERR_INVALID, "\"" STRV_FMT "\" is no set (%s): what is voted for goes into a set",
                STRV_ARG(j->field), schema_type_name(f->type));
    }
    audience_view_end(view);
}

void api_vote_put(struct call *c)
{
    struct vote_asked q = { 0 };
    if (!vote_members(c, &q)) {
        return;
    }
    if (q.field.n == 0) {
        vote_put(c);
        return;
    }
    struct vote_job *j = call_job(c, sizeof *j, NULL);
    if (j != NULL) {
        j->field = q.field;
        call_read(c, vote_run_field, vote_put);
    }
}

void api_vote_remove(struct call *c)
{
    engine_vote_remove(c->api->engine, c->param[0], call_done, c);
}

/* --- GET /v1/votes/NAME --- */

static void vote_run_tally(const struct engine_view *v, struct call *c)
{
    uint64_t counts[VOTE_MAX_OPTIONS] = { 0 }, sum = 0;
    json_t *options = json_object_get(c->out, "options"), *one;
    size_t n = json_array_size(options), i;
    uint64_t voters = spool_vote_tally(v->spool, c->param[0], counts, n);
    for (i = 0; i < n; i++) {
        sum += counts[i];
    }
    json_array_foreach(options, i, one)
    {
        json_object_set_new(one, "votes", reply_u64(counts[i]));
        json_object_set_new(one, "share", json_real(sum != 0 ? (double)counts[i] / (double)sum : 0.0));
    }
    json_object_set_new(c->out, "voters", reply_u64(voters));
}

void api_vote_show(struct call *c)
{
    const struct vote_spec *v = engine_vote_get(c->api->engine, c->param[0], &c->err);
    if (v == NULL) {
        call_reply(c);
        return;
    }
    json_t *options = json_array();
    for (size_t i = 0; i < v->n_options; i++) {
        json_t *one = json_object();
        json_object_set_new(one, "n", reply_u64(i + 1));
        json_object_set_new(one, "option", reply_text(v->options[i]));
        json_array_append_new(options, one);
    }
    c->out = json_object();
    json_object_set_new(c->out, "name", reply_text(v->name));
    json_object_set_new(c->out, "keyword", reply_text(v->keyword));
    json_object_set_new(c->out, "options", options);
    json_object_set_new(c->out, "last_wins", json_boolean(v->last_wins));
    call_read(c, vote_run_tally, NULL);
}
