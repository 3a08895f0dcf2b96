/* /v1/fields: what customers and events are made of. */
#include "api/call.h"
#include "audience/audience.h"

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
