/* /v1/events: types of events declared, and events told one by one or by the batch. */
#include "api/call.h"
#include "api/import_facts.h"
#include "audience/audience.h"

#include <string.h>

/* --- PUT /v1/events/NAME --- */

struct event_asked {
    const json_t *attributes;
};

static const struct member EVENT_MEMBERS[] = {
    { "attributes", MEMBER_OBJECT, false, offsetof(struct event_asked, attributes), 0, 64 },
};

static void event_declare_run(const struct engine_view *v, struct call *c)
{
    const struct event_asked *q = c->job;
    const char *name;
    json_t *type;
    bool ok = audience_declare_event(v->audience, c->param[0], v->now, &c->err);
    json_object_foreach((json_t *)q->attributes, name, type)
    {
        if (ok && !json_is_string(type)) {
            ok = err_set(&c->err, ERR_INVALID, "\"attributes\": the type of \"%.64s\" must be a text", name);
        }
        ok = ok && audience_declare_attribute(v->audience, c->param[0], strv_from(name), member_text(type),
                                              v->now, &c->err);
    }
    if (ok) {
        c->out = json_object();
        json_object_set_new(c->out, "name", reply_text(c->param[0]));
    }
}

void api_event_put(struct call *c)
{
    struct event_asked q = { 0 };
    if (!call_members(c, EVENT_MEMBERS, sizeof EVENT_MEMBERS / sizeof EVENT_MEMBERS[0], &q)) {
        return;
    }
    struct event_asked *j = call_job(c, sizeof *j, NULL);
    if (j != NULL) {
        *j = q;
        call_write(c, event_declare_run, NULL);
    }
}

/* --- POST /v1/events --- */

struct events_job {
    struct import_facts facts;
    struct audience_import_options o;
};

/* An import of one piece, with every name known beforehand. */
static void events_run(const struct engine_view *v, struct call *c)
{
    struct events_job *j = c->job;
    j->facts.facts = v->facts;
    j->o.now = j->o.default_time = v->now;
    struct audience_import *im = audience_import_begin(v->audience, &j->o, &c->err);
    if (im != NULL && audience_import_chunk(im, 0, http_body(c->r), true, &c->err)) {
        const struct audience_import_progress *p = audience_import_progress(im);
        c->out = json_object();
        json_object_set_new(c->out, "events", reply_u64(p->events));
        json_object_set_new(c->out, "duplicates", reply_u64(p->repeated));
        json_object_set_new(c->out, "created", reply_u64(p->created));
        json_object_set_new(c->out, "rejected", reply_u64(p->rejected));
        json_object_set_new(c->out, "rejects", import_put_rejects(im));
    }
    audience_import_free(im);
}

void api_event_post(struct call *c)
{
    bool create = false;
    struct strv type = call_query(c, "type"), region = call_query(c, "region");
    if (!call_query_flag(c, "create", &create)) {
        return;
    }
    if (type.n == 0) {
        call_fail(c, ERR_INVALID, "parameter \"type\" is missing: what the events are, such as \"purchase\"");
        return;
    }
    if (!call_region(c, region)) {
        return;
    }
    struct events_job *j = call_job(c, sizeof *j, NULL);
    if (j == NULL) {
        return;
    }
    j->o = (struct audience_import_options){
        .kind = IMPORT_EVENTS,
        .event = type,
        .mapping = STRV("number=msisdn\ntime=time\nid=id\n"),
        .format = IMPORT_NDJSON,
        .known_only = true,
        .create_customers = create,
    };
    import_facts_init(&j->facts, region, &j->o);
    call_write(c, events_run, NULL);
}
