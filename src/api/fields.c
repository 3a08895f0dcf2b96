/* /v1/fields: what customers and events are made of. */
#include "audience/fields.h"
#include "api/call.h"
#include "api/store.h"
#include "audience/stages.h"

static bool field_put(json_t *list, struct audience_view *view, const struct schema_field *f,
                      uint64_t customers, struct err *e)
{
    struct audience_coverage cover = { 0 };
    json_t *one = json_object();
    json_object_set_new(one, "name", reply_text(f->name));
    json_object_set_new(one, "type", reply_cstr(schema_type_name(f->type)));
    if (f->type == SCHEMA_NUMBER) {
        json_object_set_new(one, "scale", reply_u64(f->scale));
    }
    json_array_append_new(list, one);
    if (f->id == FIELD_MSISDN) { /* every customer has its own */
        cover.customers = cover.distinct = customers;
    } else if (!audience_field_coverage(view, f, &cover, e)) {
        return false;
    }
    json_object_set_new(one, "set", reply_u64(cover.customers));
    json_object_set_new(one, "coverage",
                        json_real(customers != 0 ? (double)cover.customers / (double)customers : 0.0));
    json_object_set_new(one, "changed", reply_instant(cover.changed));
    json_object_set_new(one, "builtin", json_boolean(f->builtin));
    struct strv rules = audience_transitions(view, f->id);
    if (rules.n != 0) {
        json_object_set_new(one, "transitions", reply_text(rules));
    }
    if (cover.distinct != 0) {
        json_object_set_new(one, "distinct", reply_u64(cover.distinct));
    }
    return true;
}

static bool field_put_event(json_t *list, struct audience_view *view, const struct schema_event *ev,
                            struct err *e)
{
    struct audience_event_coverage cover = { 0 };
    if (!audience_event_coverage(view, ev, &cover, e)) {
        return false;
    }
    json_t *attributes = json_array();
    for (size_t i = 0; i < ev->n_attributes; i++) {
        json_t *a = json_object();
        json_object_set_new(a, "name", reply_text(ev->attributes[i].name));
        json_object_set_new(a, "type", reply_cstr(schema_type_name(ev->attributes[i].type)));
        if (ev->attributes[i].type == SCHEMA_NUMBER) {
            json_object_set_new(a, "scale", reply_u64(ev->attributes[i].scale));
        }
        json_array_append_new(attributes, a);
    }
    json_t *one = json_object();
    json_object_set_new(one, "name", reply_text(ev->name));
    json_object_set_new(one, "count", reply_u64(cover.events));
    json_object_set_new(one, "first", reply_instant(cover.first));
    json_object_set_new(one, "last", reply_instant(cover.last));
    json_object_set_new(one, "attributes", attributes);
    json_array_append_new(list, one);
    return true;
}

static void field_run(const struct engine_view *v, struct call *c)
{
    struct audience_view *view = audience_view_begin(v->audience, &c->err);
    if (view == NULL) {
        return;
    }
    uint64_t customers = audience_count(view);
    json_t *fields = json_array(), *events = json_array();
    bool ok = true;
    for (size_t i = 0; ok && i < view->schema->n_fields; i++) {
        const struct schema_field *f = &view->schema->fields[i];
        ok = f->hidden || field_put(fields, view, f, customers, &c->err);
    }
    for (size_t i = 0; ok && i < view->schema->n_events; i++) {
        ok = field_put_event(events, view, &view->schema->events[i], &c->err);
    }
    audience_view_end(view);
    c->out = json_object();
    json_object_set_new(c->out, "fields", fields);
    json_object_set_new(c->out, "events", events);
    json_object_set_new(c->out, "customers", reply_u64(customers));
}

void api_field_list(struct call *c)
{
    call_read(c, field_run, NULL);
}

/* --- PUT /v1/fields/NAME --- */

struct field_asked {
    struct strv type; /* a view into the request */
};

static const struct member FIELD_MEMBERS[] = {
    { "type", MEMBER_TEXT, true, offsetof(struct field_asked, type), 1, 32 },
};

static void field_declare_run(const struct engine_view *v, struct call *c)
{
    const struct field_asked *q = c->job;
    if (audience_declare_field(v->audience, c->param[0], q->type, v->now, &c->err)) {
        c->out = json_object();
        json_object_set_new(c->out, "name", reply_text(c->param[0]));
        json_object_set_new(c->out, "type", reply_text(q->type));
    }
}

void api_field_put(struct call *c)
{
    struct field_asked q = { 0 };
    if (!call_members(c, FIELD_MEMBERS, sizeof FIELD_MEMBERS / sizeof FIELD_MEMBERS[0], &q)) {
        return;
    }
    struct field_asked *j = call_job(c, sizeof *j, NULL);
    if (j != NULL) {
        *j = q;
        call_write(c, field_declare_run, NULL);
    }
}

/* --- PUT /v1/fields/NAME/transitions --- */

struct transitions_asked {
    struct strv transitions;
};

static const struct member TRANSITIONS_MEMBERS[] = {
    { "transitions", MEMBER_TEXT, true, offsetof(struct transitions_asked, transitions), 0,
      STAGES_MAX_RULES },
};

static void field_transitions_run(const struct engine_view *v, struct call *c)
{
    const struct transitions_asked *q = c->job;
    if (audience_set_transitions(v->audience, c->param[0], q->transitions, &c->err)) {
        c->out = json_object();
        json_object_set_new(c->out, "name", reply_text(c->param[0]));
        json_object_set_new(c->out, "transitions", reply_text(q->transitions));
    }
}

void api_field_transitions(struct call *c)
{
    struct transitions_asked q = { 0 };
    if (!call_members(c, TRANSITIONS_MEMBERS, sizeof TRANSITIONS_MEMBERS / sizeof TRANSITIONS_MEMBERS[0],
                      &q)) {
        return;
    }
    struct transitions_asked *j = call_job(c, sizeof *j, NULL);
    if (j != NULL) {
        *j = q;
        call_write(c, field_transitions_run, NULL);
    }
}

/* --- POST /v1/fields/NAME/rename, DELETE /v1/fields/NAME --- */

struct rename_asked {
    struct strv to;
};

static const struct member RENAME_MEMBERS[] = {
    { "to", MEMBER_TEXT, true, offsetof(struct rename_asked, to), 1, SCHEMA_MAX_NAME },
};

static void field_rename_run(const struct engine_view *v, struct call *c)
{
    const struct rename_asked *q = c->job;
    if (audience_rename_field(v->audience, c->param[0], q->to, &c->err)) {
        c->out = json_object();
        json_object_set_new(c->out, "name", reply_text(q->to));
    }
}

/* Segments are looked at with the change itself; campaigns and votes are the loop's. What is added meanwhile
 * is looked at again when it starts. */
static bool field_spared(struct call *c)
{
    if (!engine_campaign_spares(c->api->engine, c->param[0], &c->err) ||
        !engine_vote_spares(c->api->engine, c->param[0], &c->err)) {
        call_reply(c);
        return false;
    }
    return true;
}

void api_field_rename(struct call *c)
{
    struct rename_asked q = { 0 };
    if (!call_members(c, RENAME_MEMBERS, sizeof RENAME_MEMBERS / sizeof RENAME_MEMBERS[0], &q) ||
        !field_spared(c)) {
        return;
    }
    struct rename_asked *j = call_job(c, sizeof *j, NULL);
    if (j != NULL) {
        *j = q;
        call_write(c, field_rename_run, NULL);
    }
}

static void field_drop_run(const struct engine_view *v, struct call *c)
{
    audience_drop_field(v->audience, c->param[0], &c->err);
}

static void field_drop_then(struct call *c)
{
    store_clear_fields(c->api->rebuild);
    call_reply(c);
}

void api_field_drop(struct call *c)
{
    if (field_spared(c)) {
        call_write(c, field_drop_run, field_drop_then);
    }
}

/* --- /v1/fields/NAME/change --- */

struct change_job {
    struct strv type;
    struct audience_changing state;
};

static void field_change_begin(const struct engine_view *v, struct call *c)
{
    struct change_job *j = c->job;
    audience_change_begin(v->audience, c->param[0], j->type, v->now, &j->state, &c->err);
}

static void field_change_begun(struct call *c)
{
    if (c->err.code == ERR_NONE) {
        store_change_field(c->api->rebuild, &((struct change_job *)c->job)->state);
        c->out = store_change_progress(c->api->rebuild);
        c->status = 202;
    }
    call_reply(c);
}

/* Every value is looked at first, on a thread that reads. */
static void field_change_look(const struct engine_view *v, struct call *c)
{
    const struct change_job *j = c->job;
    struct audience_change_check check;
    struct audience_view *view = audience_view_begin(v->audience, &c->err);
    if (view != NULL) {
        audience_change_check(view, c->param[0], j->type, &check, &c->err);
    }
    audience_view_end(view);
}

static void field_change_looked(struct call *c)
{
    if (c->err.code != ERR_NONE) {
        call_reply(c);
    } else {
        call_write(c, field_change_begin, field_change_begun);
    }
}

void api_field_change(struct call *c)
{
    struct field_asked q = { 0 };
    if (!call_members(c, FIELD_MEMBERS, sizeof FIELD_MEMBERS / sizeof FIELD_MEMBERS[0], &q)) {
        return;
    }
    if (store_is_changing(c->api->rebuild)) {
        call_fail(c, ERR_BUSY, "another field is just changing its type");
        return;
    }
    struct change_job *j = call_job(c, sizeof *j, NULL);
    if (j != NULL) {
        j->type = q.type;
        call_read(c, field_change_look, field_change_looked);
    }
}

void api_field_change_show(struct call *c)
{
    c->out = store_change_progress(c->api->rebuild);
    call_reply(c);
}
