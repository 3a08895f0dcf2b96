/* The schema as it is: names and types, loading, looking up. */
#include "store/schema.h"

#include "base/nearest.h"
#include "store/schema_stored.h"
#include "store/schema_table.h"
#include "store/tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What schema_free has to free behind the public part, which comes first. */
struct schema_owner {
    struct schema s;
    struct schema_field *fields;
    struct schema_field *attributes;
    struct schema_event *events;
    char *names;
};

static const char *const type_names[] = {
    [SCHEMA_NONE] = "none", [SCHEMA_TEXT] = "text", [SCHEMA_NUMBER] = "number", [SCHEMA_DATE] = "date",
    [SCHEMA_BOOL] = "bool", [SCHEMA_SET] = "set",   [SCHEMA_PLACE] = "place",
};

const char *schema_type_name(enum schema_type type)
{
    return (unsigned)type < sizeof(type_names) / sizeof(type_names[0]) ? type_names[type] : "none";
}

bool schema_type_parse(struct strv s, enum schema_type *type, unsigned *scale)
{
    *scale = 0;
    if (strv_ieq_c(s, "yes/no") || strv_ieq_c(s, "boolean")) {
        *type = SCHEMA_BOOL;
        return true;
    }
    struct strv name = s;
    uint64_t digits = 2;
    const char *paren = s.n ? memchr(s.p, '(', s.n) : NULL;
    if (paren) {
        name = strv_sub(s, 0, (size_t)(paren - s.p));
        struct strv inside = strv_sub(s, name.n + 1, s.n);
        if (!inside.n || inside.p[inside.n - 1] != ')' ||
            !strv_to_u64(strv_sub(inside, 0, inside.n - 1), &digits) || digits > 9 ||
            !strv_ieq_c(name, "number")) {
            return false;
        }
    }
    for (size_t i = SCHEMA_TEXT; i < sizeof(type_names) / sizeof(type_names[0]); i++) {
        if (strv_ieq_c(name, type_names[i])) {
            *type = (enum schema_type)i;
            *scale = i == SCHEMA_NUMBER ? (unsigned)digits : 0;
            return true;
        }
    }
    return false;
}

bool schema_type_read(struct strv s, enum schema_type *type, unsigned *scale, struct err *e)
{
    return schema_type_parse(s, type, scale) ||
           err_set(e, ERR_INVALID,
                   "unknown type \"" STRV_FMT "\": text, number, number(digits), date, bool, set or place",
                   STRV_ARG(strv_sub(s, 0, 40)));
}

bool schema_name_valid(struct strv name)
{
    if (name.n == 0 || name.n > SCHEMA_MAX_NAME) {
        return false;
    }
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool letter = (c >= 'a' && c <= 'z') || c == '_';
        if (!letter && (i == 0 || !((c >= '0' && c <= '9') || c == '.'))) {
            return false;
        }
    }
    /* Reserved in the language. */
    return !strv_eq_c(name, "and") && !strv_eq_c(name, "or") && !strv_eq_c(name, "not");
}

bool schema_clean_name(struct strv name, char *out)
{
    size_t n = 0;
    name = strv_trim(name);
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        if (c >= 'A' && c <= 'Z') {
            c = (char)(c + ('a' - 'A'));
        }
        bool letter = (c >= 'a' && c <= 'z') || c == '_';
        bool later = (c >= '0' && c <= '9') || c == '.';
        if (later && n == 0) {
            out[n++] = '_';
        }
        if (!letter && !later) {
            c = '_';
        }
        if (n >= SCHEMA_MAX_NAME) {
            return false;
        }
        if (c == '_' && !letter && (n == 0 || out[n - 1] == '_')) {
            continue;
        }
        out[n++] = c;
    }
    while (n > 0 && out[n - 1] == '_' && n > 1) {
        n--;
    }
    out[n] = '\0';
    return schema_name_valid((struct strv){ out, n });
}

/* --- loading --- */

static bool schema_decode(const struct env_cursor *c, struct schema_stored *out)
{
    struct rd r = rd_from(c->value.p, c->value.n);
    if (c->key.n != 3 || rd_u8(&r) != SCHEMA_RECORD_VERSION) {
        return false;
    }
    out->kind = c->key.p[0];
    out->id = be_get16((const uint8_t *)c->key.p + 1);
    out->type = (enum schema_type)rd_u8(&r);
    out->scale = rd_u8(&r);
    out->event = rd_u16(&r);
    out->created = rd_svarint(&r);
    out->name = rd_lstr(&r);
    return !r.failed && out->type <= SCHEMA_PLACE && out->scale <= 9 && schema_name_valid(out->name);
}

static void schema_add_loaded_field(struct schema_owner *o, const struct schema_stored *s, bool builtin,
                                    bool hidden)
{
    o->fields[o->s.n_fields++] = (struct schema_field){ .id = s->id,
                                                        .type = s->type,
                                                        .scale = s->scale,
                                                        .builtin = builtin,
                                                        .hidden = hidden,
                                                        .created = s->created,
                                                        .name = s->name };
}

static struct strv schema_keep(struct schema_owner *o, size_t *used, struct strv name)
{
    memcpy(o->names + *used, name.p, name.n);
    struct strv kept = { o->names + *used, name.n };
    *used += name.n;
    return kept;
}

/* Attributes are gathered in the order they are met, then dealt out to their events. */
struct schema_loading {
    struct schema_owner *o;
    struct schema_field *attributes;
    uint16_t *owner; /* event of each */
    size_t n_attributes;
    size_t names;
};

static void schema_load_builtin(struct schema_loading *l)
{
    struct schema_owner *o = l->o;
    for (size_t i = 0; i < schema_event_rows_count; i++) {
        const struct schema_event_row *row = &schema_event_rows[i];
        o->events[o->s.n_events++] =
            (struct schema_event){ .id = row->id, .builtin = true, .name = strv_from(row->name) };
    }
    for (size_t i = 0; i < schema_rows_count; i++) {
        const struct schema_row *row = &schema_rows[i];
        struct schema_stored s = {
            .id = row->id, .type = row->type, .scale = row->scale, .name = strv_from(row->name)
        };
        if (!row->event) {
            schema_add_loaded_field(o, &s, true, row->hidden);
            continue;
        }
        l->owner[l->n_attributes] = row->event;
        l->attributes[l->n_attributes++] = (struct schema_field){ .id = s.id,
                                                                  .type = s.type,
                                                                  .scale = s.scale,
                                                                  .builtin = true,
                                                                  .hidden = row->hidden,
                                                                  .name = s.name };
    }
}

static void schema_load_own(struct schema_loading *l, const struct schema_stored *s)
{
    struct schema_owner *o = l->o;
    struct schema_stored kept = *s;
    kept.name = schema_keep(o, &l->names, s->name);
    switch (s->kind) {
    case 'F': schema_add_loaded_field(o, &kept, false, false); break;
    case 'D':
    case 'N':
        kept.name = strv_from(NULL);
        schema_add_loaded_field(o, &kept, false, true);
        break;
    case 'E':
        o->events[o->s.n_events++] =
            (struct schema_event){ .id = s->id, .created = s->created, .name = kept.name };
        break;
    default:
        l->owner[l->n_attributes] = s->event;
        l->attributes[l->n_attributes++] = (struct schema_field){
            .id = s->id, .type = s->type, .scale = s->scale, .created = s->created, .name = kept.name
        };
    }
}

static void schema_deal_attributes(struct schema_loading *l)
{
    struct schema_owner *o = l->o;
    size_t at = 0;
    for (size_t i = 0; i < o->s.n_events; i++) {
        struct schema_event *ev = &o->events[i];
        ev->attributes = o->attributes + at;
        for (size_t j = 0; j < l->n_attributes; j++) {
            if (l->owner[j] == ev->id) {
                o->attributes[at++] = l->attributes[j];
                ev->n_attributes++;
            }
        }
    }
}

struct schema *schema_load(struct catalog_txn *t, struct err *e)
{
    size_t own = env_count(&t->env, TABLE_SCHEMA);
    size_t most = own + schema_rows_count + schema_event_rows_count;
    struct schema_owner *o = calloc(1, sizeof(*o));
    struct schema_loading l = { .o = o };
    struct env_cursor c;
    bool ok = false;
    if (!o) {
        goto out;
    }
    o->fields = calloc(most, sizeof(*o->fields));
    o->attributes = calloc(most, sizeof(*o->attributes));
    o->events = calloc(most, sizeof(*o->events));
    o->names = malloc(own * SCHEMA_MAX_NAME + 1);
    l.attributes = calloc(most, sizeof(*l.attributes));
    l.owner = calloc(most, sizeof(*l.owner));
    if (!o->fields || !o->attributes || !o->events || !o->names || !l.attributes || !l.owner) {
        goto out;
    }
    schema_load_builtin(&l);
    if (env_cursor_open(&c, &t->env, TABLE_SCHEMA)) {
        ok = true;
        for (bool more = env_cursor_first(&c); more && own; more = env_cursor_next(&c), own--) {
            struct schema_stored s;
            if (!schema_decode(&c, &s)) {
                ok = catalog_torn(t);
                break;
            }
            schema_load_own(&l, &s);
        }
        env_cursor_close(&c);
    }
    schema_deal_attributes(&l);
    o->s.fields = o->fields;
    o->s.events = o->events;
out:
    free(l.attributes);
    free(l.owner);
    if (!ok || !catalog_ok(t, NULL)) {
        if (catalog_ok(t, e)) {
            err_set(e, ERR_NOMEM, "out of memory");
        }
        schema_free(o ? &o->s : NULL);
        return NULL;
    }
    return &o->s;
}

void schema_free(struct schema *s)
{
    if (s) {
        struct schema_owner *o = (struct schema_owner *)s; /* its first member */
        free(o->fields);
        free(o->attributes);
        free(o->events);
        free(o->names);
        free(o);
    }
}

/* --- looking up --- */

bool schema_no_field(const struct schema *s, struct strv name, struct err *e)
{
    struct nearest near;
    nearest_begin(&near, name);
    for (size_t i = 0; i < s->n_fields; i++) {
        if (!s->fields[i].hidden) {
            nearest_offer(&near, s->fields[i].name);
        }
    }
    return nearest_refuse(&near, "field", name, "tessera field list", e);
}

bool schema_no_event(const struct schema *s, struct strv name, struct err *e)
{
    struct nearest near;
    nearest_begin(&near, name);
    for (size_t i = 0; i < s->n_events; i++) {
        nearest_offer(&near, s->events[i].name);
    }
    return nearest_refuse(&near, "event", name, "tessera event list", e);
}

bool schema_no_attribute(const struct schema_event *ev, struct strv name, struct err *e)
{
    struct nearest near;
    char what[SCHEMA_MAX_NAME + 16];
    nearest_begin(&near, name);
    for (size_t i = 0; i < ev->n_attributes; i++) {
        nearest_offer(&near, ev->attributes[i].name);
    }
    snprintf(what, sizeof what, STRV_FMT " attribute", STRV_ARG(ev->name));
    return nearest_refuse(&near, what, name, "tessera event list", e);
}

const struct schema_field *schema_find_field(const struct schema *s, struct strv name)
{
    for (size_t i = 0; name.n && i < s->n_fields; i++) { /* what was dropped has no name */
        if (strv_eq(s->fields[i].name, name)) {
            return &s->fields[i];
        }
    }
    return NULL;
}

const struct schema_field *schema_field(const struct schema *s, uint16_t id)
{
    for (size_t i = 0; i < s->n_fields; i++) {
        if (s->fields[i].id == id) {
            return &s->fields[i];
        }
    }
    return NULL;
}

const struct schema_event *schema_find_event(const struct schema *s, struct strv name)
{
    for (size_t i = 0; i < s->n_events; i++) {
        if (strv_eq(s->events[i].name, name)) {
            return &s->events[i];
        }
    }
    return NULL;
}

const struct schema_event *schema_event(const struct schema *s, uint16_t id)
{
    for (size_t i = 0; i < s->n_events; i++) {
        if (s->events[i].id == id) {
            return &s->events[i];
        }
    }
    return NULL;
}

const struct schema_field *schema_find_attribute(const struct schema_event *ev, struct strv name)
{
    for (size_t i = 0; i < ev->n_attributes; i++) {
        if (strv_eq(ev->attributes[i].name, name)) {
            return &ev->attributes[i];
        }
    }
    return NULL;
}

const struct schema_field *schema_attribute(const struct schema_event *ev, uint16_t id)
{
    for (size_t i = 0; i < ev->n_attributes; i++) {
        if (ev->attributes[i].id == id) {
            return &ev->attributes[i];
        }
    }
    return NULL;
}

bool schema_dropped(const struct schema *s, uint16_t except, uint16_t *field)
{
    for (size_t i = 0; i < s->n_fields; i++) {
        if (s->fields[i].hidden && s->fields[i].name.n == 0 && s->fields[i].id != except) {
            *field = s->fields[i].id;
            return true;
        }
    }
    return false;
}
