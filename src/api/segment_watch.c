/* /v1/segments/NAME: who entered and left. */
#include "api/segment_watch.h"

#include "api/call.h"
#include "audience/watch.h"

json_t *segment_watch(struct audience_view *view, struct strv name)
{
    struct watch_state s;
    if (!watch_seen(view, name, &s)) {
        return json_null();
    }
    json_t *o = json_object();
    json_object_set_new(o, "since", reply_instant(s.since));
    json_object_set_new(o, "swept", reply_instant(s.at));
    json_object_set_new(o, "last", reply_cstr(watch_kind_name(s.last)));
    json_object_set_new(o, "members", reply_u64(s.members));
    json_object_set_new(o, "entered", reply_u64(s.entered));
    json_object_set_new(o, "left", reply_u64(s.left));
    json_object_set_new(o, "skipped", reply_u64(s.skipped));
    json_object_set_new(o, "partial", reply_u64(s.partial));
    json_object_set_new(o, "full", reply_u64(s.full));
    json_object_set_new(o, "evaluated_customers", reply_u64(s.evaluated));
    return o;
}

/* --- changes --- */

struct changes_job {
    uint64_t before, limit, last;
    json_t *list;
};

static void changes_release(void *job)
{
    json_decref(((struct changes_job *)job)->list);
}

static bool changes_put(void *ctx, const struct watch_change *w)
{
    struct changes_job *j = ctx;
    if (json_array_size(j->list) == j->limit) {
        j->last = w->number + 1; /* there is more: below this one */
        return false;
    }
    json_t *one = json_object();
    json_object_set_new(one, "at", reply_instant(w->at));
    json_object_set_new(one, "entered", reply_u64(w->entered));
    json_object_set_new(one, "left", reply_u64(w->left));
    json_object_set_new(one, "members", reply_u64(w->members));
    json_object_set_new(one, "look", reply_cstr(watch_kind_name(w->kind)));
    json_array_append_new(j->list, one);
    return true;
}

static bool changes_known(void *ctx, const struct segment *s)
{
    (void)ctx;
    (void)s;
    return true;
}

static void changes_run(const struct engine_view *v, struct call *c)
{
    struct changes_job *j = c->job;
    struct audience_view *view = audience_view_begin(v->audience, &c->err);
    if (view == NULL) {
        return;
    }
    if (segment_get(view, c->param[0], changes_known, NULL, &c->err)) {
        j->list = json_array();
        watch_changes(view, c->param[0], j->before, changes_put, j);
        c->out = json_object();
        json_object_set_new(c->out, "name", reply_text(c->param[0]));
        json_object_set_new(c->out, "watch", segment_watch(view, c->param[0]));
        json_object_set(c->out, "changes", j->list);
        call_put_next(c, j->last);
    }
    audience_view_end(view);
}

void api_segment_changes(struct call *c)
{
    uint64_t before = 0, limit = 100;
    struct changes_job *j = call_page(c, &before, &limit) ? call_job(c, sizeof *j, changes_release) : NULL;
    if (j != NULL) {
        j->before = before;
        j->limit = limit;
        call_read(c, changes_run, NULL);
    }
}

/* --- events on and off --- */

struct events_asked {
    bool on;
};

static const struct member EVENTS_MEMBERS[] = {
    { "on", MEMBER_BOOL, true, offsetof(struct events_asked, on), 0, 0 },
};

static void events_run(const struct engine_view *v, struct call *c)
{
    const struct events_asked *q = c->job;
    if (segment_set_events(v->audience, c->param[0], q->on, &c->err)) {
        c->out = json_object();
        json_object_set_new(c->out, "name", reply_text(c->param[0]));
        json_object_set_new(c->out, "events", json_boolean(q->on));
    }
}

void api_segment_events(struct call *c)
{
    struct events_asked q = { false };
    struct events_asked *j = call_members(c, EVENTS_MEMBERS, 1, &q) ? call_job(c, sizeof *j, NULL) : NULL;
    if (j != NULL) {
        *j = q;
        call_write(c, events_run, NULL);
    }
}
