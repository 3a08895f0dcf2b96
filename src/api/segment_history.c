/* /v1/segments/NAME: its history, and whether it is in use. */
#include "api/call.h"
#include "audience/segment.h"

struct switch_job {
    bool active;
    struct call_caller caller;
};

static void switch_run(const struct engine_view *v, struct call *c)
{
    const struct switch_job *j = c->job;
    char who[CALL_CALLER_SIZE];
    const struct segment_by by = { v->now, call_caller_name(&j->caller, who) };
    if (segment_set_active(v->audience, c->param[0], j->active, &by, &c->err)) {
        c->out = json_object();
        json_object_set_new(c->out, "name", reply_text(c->param[0]));
        json_object_set_new(c->out, "active", json_boolean(j->active));
    }
}

static void switch_begin(struct call *c, bool active)
{
    struct switch_job *j =
        call_members(c, NULL, 0, NULL) ? call_job(c, sizeof(struct switch_job), NULL) : NULL;
    if (j != NULL) {
        *j = (struct switch_job){ active, call_caller(c) };
        call_write(c, switch_run, NULL);
    }
}

void api_segment_activate(struct call *c)
{
    switch_begin(c, true);
}

void api_segment_deactivate(struct call *c)
{
    switch_begin(c, false);
}

static bool history_put(void *ctx, const struct segment_version *v)
{
    json_t *one = json_object();
    json_object_set_new(one, "version", reply_u64(v->version));
    json_object_set_new(one, "change", reply_cstr(segment_event_name(v->what)));
    json_object_set_new(one, "at", reply_instant(v->at));
    json_object_set_new(one, "who", v->who.n != 0 ? reply_text(v->who) : json_null());
    json_object_set_new(one, "query", v->what != SEGMENT_REMOVED ? reply_text(v->query) : json_null());
    json_array_append_new(ctx, one);
    return true;
}

static bool history_now(void *ctx, const struct segment *s)
{
    const struct segment_version v = { .version = s->version,
                                       .what = s->version == 1 ? SEGMENT_ADDED : SEGMENT_CHANGED,
                                       .at = s->changed,
                                       .query = s->query };
    return history_put(ctx, &v);
}

static void history_run(const struct engine_view *v, struct call *c)
{
    struct audience_view *view = audience_view_begin(v->audience, &c->err);
    if (view == NULL) {
        return;
    }
    json_t *list = json_array();
    segment_history(view, c->param[0], history_put, list);
    /* of a store from before there was a history: what is known is what it is now */
    if (json_array_size(list) != 0 || segment_get(view, c->param[0], history_now, list, &c->err)) {
        c->out = json_object();
        json_object_set_new(c->out, "name", reply_text(c->param[0]));
        json_object_set(c->out, "history", list);
    }
    json_decref(list);
    audience_view_end(view);
}

void api_segment_history(struct call *c)
{
    call_read(c, history_run, NULL);
}
