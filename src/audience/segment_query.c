#include "audience/segment_inside.h"

#include "store/documents.h"

/* --- the schema as the language asks for it --- */

static struct query_symbol symbol_of(const struct schema_field *f)
{
    /* The two lists of types are in the same order. */
    _Static_assert((int)QUERY_TYPE_TEXT == (int)SCHEMA_TEXT && (int)QUERY_TYPE_PLACE == (int)SCHEMA_PLACE &&
                       (int)QUERY_TYPE_SET == (int)SCHEMA_SET,
                   "types of schema and language");
    return (struct query_symbol){ .type = (enum query_type)f->type, .scale = f->scale, .id = f->id };
}

static bool ask_field(void *ctx, struct strv name, struct query_symbol *out)
{
    struct audience_view *v = ctx;
    const struct schema_field *f = schema_find_field(v->schema, name);
    if (f && !f->hidden) {
        *out = symbol_of(f);
    }
    return f && !f->hidden;
}

static bool ask_field_name(void *ctx, size_t i, struct strv *name)
{
    struct audience_view *v = ctx;
    if (i >= v->schema->n_fields) {
        return false;
    }
    *name = v->schema->fields[i].hidden ? strv_from(NULL) : v->schema->fields[i].name;
    return true;
}

static bool ask_event(void *ctx, struct strv name, uint32_t *id)
{
    struct audience_view *v = ctx;
    const struct schema_event *ev = schema_find_event(v->schema, name);
    *id = ev ? ev->id : 0;
    return ev != NULL;
}

static bool ask_event_name(void *ctx, size_t i, struct strv *name)
{
    struct audience_view *v = ctx;
    if (i >= v->schema->n_events) {
        return false;
    }
    *name = v->schema->events[i].name;
    return true;
}

static bool ask_attribute(void *ctx, uint32_t event, struct strv name, struct query_symbol *out)
{
    struct audience_view *v = ctx;
    const struct schema_event *ev = schema_event(v->schema, (uint16_t)event);
    const struct schema_field *f = ev ? schema_find_attribute(ev, name) : NULL;
    if (f) {
        *out = symbol_of(f);
    }
    return f != NULL;
}

static bool ask_attribute_name(void *ctx, uint32_t event, size_t i, struct strv *name)
{
    struct audience_view *v = ctx;
    const struct schema_event *ev = schema_event(v->schema, (uint16_t)event);
    if (!ev || i >= ev->n_attributes) {
        return false;
    }
    *name = ev->attributes[i].name;
    return true;
}

static bool ask_segment(void *ctx, struct strv name)
{
    struct audience_view *v = ctx;
    struct segment s;
    return segment_find(v->txn, name, &s) && s.active;
}

struct nth {
    size_t left;
    struct strv name;
    bool found;
};

static bool nth_document(void *ctx, struct strv name, struct strv value)
{
    struct nth *n = ctx;
    (void)value;
    if (n->left-- > 0) {
        return true;
    }
    n->name = name;
    n->found = true;
    return false;
}

static bool ask_segment_name(void *ctx, size_t i, struct strv *name)
{
    struct audience_view *v = ctx;
    struct nth n = { .left = i };
    document_each(v->txn, DOCUMENT_SEGMENT, nth_document, &n);
    *name = n.name;
    return n.found;
}

void segment_query_schema(struct audience_view *v, bool with_segments, struct query_schema *out)
{
    *out = (struct query_schema){
        .ctx = v,
        .field = ask_field,
        .field_name = ask_field_name,
        .event = ask_event,
        .event_name = ask_event_name,
        .attribute = ask_attribute,
        .attribute_name = ask_attribute_name,
        .segment = with_segments ? ask_segment : NULL,
        .segment_name = with_segments ? ask_segment_name : NULL,
    };
}

struct query *segment_parse(struct audience_view *v, struct strv text, const struct query_limits *limits,
                            struct query_error *qe)
{
    struct query_schema schema;
    segment_query_schema(v, true, &schema);
    struct query *q = query_parse(text, limits, qe);
    if (q && !query_check(q, &schema, qe)) {
        query_free(q);
        return NULL;
    }
    return q;
}

/* --- as stored: what every part of the module reads --- */

bool segment_decode(struct strv name, struct strv octets, struct segment *s)
{
    struct rd r = rd_from(octets.p, octets.n);
    if (rd_u8(&r) != SEGMENT_VERSION) {
        return false;
    }
    s->name = name;
    s->version = (uint32_t)rd_varint(&r);
    s->active = rd_u8(&r) != 0;
    s->created = rd_svarint(&r);
    s->changed = rd_svarint(&r);
    s->counted_at = rd_svarint(&r);
    s->count = rd_varint(&r);
    s->counted_change = rd_varint(&r);
    s->counted_version = (uint32_t)rd_varint(&r);
    s->query = rd_lstr(&r);
    s->events = rd_left(&r) > 0 && rd_u8(&r) != 0; /* not in older ones */
    return !r.failed;
}

bool segment_find(struct catalog_txn *t, struct strv name, struct segment *s)
{
    struct strv stored;
    return document_get(t, DOCUMENT_SEGMENT, name, &stored) && segment_decode(name, stored, s);
}
