/* What people change of the schema: declaring fields, events and attributes, renaming, dropping, changing
 * types. */
#include "store/schema_stored.h"
#include "store/schema_table.h"
#include "store/tables.h"

#include <string.h>

/* --- storing --- */

static struct strv schema_key(struct env_key *k, char kind, uint16_t id)
{
    k->n = 0;
    key_u8(k, (uint8_t)kind);
    key_u16(k, id);
    return env_key_view(k);
}

static bool schema_store(struct catalog_txn *t, const struct schema_stored *s)
{
    struct env_key k;
    struct buf *b = &t->scratch;
    buf_clear(b);
    buf_put_u8(b, SCHEMA_RECORD_VERSION);
    buf_put_u8(b, (uint8_t)s->type);
    buf_put_u8(b, s->scale);
    buf_put_u16(b, s->event);
    buf_put_svarint(b, s->created);
    if (!buf_put_lstr(b, s->name)) {
        env_fail(&t->env, ERR_NOMEM);
        return false;
    }
    return env_put(&t->env, TABLE_SCHEMA, schema_key(&k, s->kind, s->id), env_view(b->data, b->len));
}

/* --- declaring --- */

static uint16_t schema_next(struct catalog_txn *t, enum catalog_number which, unsigned first, unsigned most,
                            const char *what, struct err *e)
{
    uint64_t given = catalog_number(t, which);
    if (given >= most) {
        err_set(e, ERR_LIMIT, "at most %u %s can be declared", most, what);
        return 0;
    }
    catalog_set_number(t, which, given + 1);
    return (uint16_t)(first + given);
}

static uint16_t schema_declare(struct catalog_txn *t, struct schema_stored *s, enum catalog_number which,
                               struct err *e)
{
    bool event = which == CATALOG_NEXT_EVENT;
    s->id =
        schema_next(t, which, event ? SCHEMA_FIRST_OWN_EVENT : SCHEMA_FIRST_OWN_FIELD,
                    event ? SCHEMA_MAX_EVENTS : SCHEMA_MAX_FIELDS, event ? "types of events" : "fields", e);
    if (!s->id || !schema_store(t, s)) {
        catalog_ok(t, e);
        return 0;
    }
    return s->id;
}

static bool schema_check_name(struct strv name, bool dots, struct err *e)
{
    static const char *const words[] = { "and", "or", "not", "p_alive" };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strv_eq_c(name, words[i])) {
            return err_set(e, ERR_INVALID, "\"%s\" cannot be a name: queries have a meaning for it",
                           words[i]);
        }
    }
    if (!schema_name_valid(name) || (!dots && name.n && memchr(name.p, '.', name.n))) {
        return err_set(e, ERR_INVALID,
                       "\"" STRV_FMT
                       "\" cannot be a name: use small letters, digits and _, no digit first, at most %d",
                       STRV_ARG(strv_sub(name, 0, 80)), SCHEMA_MAX_NAME);
    }
    return true;
}

static uint16_t schema_same(const struct schema_field *have, enum schema_type type, unsigned scale,
                            struct err *e)
{
    if (have->type == type && (type != SCHEMA_NUMBER || have->scale == scale)) {
        return have->id;
    }
    if (have->type == SCHEMA_NUMBER) {
        err_set(e, ERR_EXISTS, "\"" STRV_FMT "\" is there already, as number(%u)", STRV_ARG(have->name),
                have->scale);
    } else {
        err_set(e, ERR_EXISTS, "\"" STRV_FMT "\" is there already, as %s", STRV_ARG(have->name),
                schema_type_name(have->type));
    }
    return 0;
}

uint16_t schema_add_field(struct catalog_txn *t, struct strv name, enum schema_type type, unsigned scale,
                          usec_t now, struct err *e)
{
    if (!schema_check_name(name, true, e)) {
        return 0;
    }
    struct schema *s = schema_load(t, e);
    if (!s) {
        return 0;
    }
    const struct schema_field *have = schema_find_field(s, name);
    struct schema_stored made = {
        .kind = 'F', .type = type, .scale = (uint8_t)scale, .created = now, .name = name
    };
    uint16_t id = have ? schema_same(have, type, scale, e) : schema_declare(t, &made, CATALOG_NEXT_FIELD, e);
    schema_free(s);
    return id;
}

uint16_t schema_add_event(struct catalog_txn *t, struct strv name, usec_t now, struct err *e)
{
    if (!schema_check_name(name, false, e)) {
        return 0;
    }
    struct schema *s = schema_load(t, e);
    if (!s) {
        return 0;
    }
    const struct schema_event *have = schema_find_event(s, name);
    struct schema_stored made = { .kind = 'E', .created = now, .name = name };
    uint16_t id = have ? have->id : schema_declare(t, &made, CATALOG_NEXT_EVENT, e);
    schema_free(s);
    return id;
}

uint16_t schema_add_attribute(struct catalog_txn *t, uint16_t event, struct strv name, enum schema_type type,
                              unsigned scale, usec_t now, struct err *e)
{
    if (!schema_check_name(name, false, e)) {
        return 0;
    }
    if (type == SCHEMA_SET) {
        err_set(e, ERR_INVALID, "an attribute of an event cannot be a set");
        return 0;
    }
    struct schema *s = schema_load(t, e);
    if (!s) {
        return 0;
    }
    uint16_t id = 0;
    const struct schema_event *ev = schema_event(s, event);
    const struct schema_field *have = ev ? schema_find_attribute(ev, name) : NULL;
    struct schema_stored made = {
        .kind = 'A', .event = event, .type = type, .scale = (uint8_t)scale, .created = now, .name = name
    };
    if (!ev) {
        err_set(e, ERR_NOT_FOUND, "there is no such type of event");
    } else {
        id = have ? schema_same(have, type, scale, e) : schema_declare(t, &made, CATALOG_NEXT_FIELD, e);
    }
    schema_free(s);
    return id;
}

/* --- renaming and dropping --- */

/* The stored declaration of a field that people have declared. */
static bool schema_find_own(struct catalog_txn *t, struct strv name, struct schema_stored *out, struct err *e)
{
    struct schema *s = schema_load(t, e);
    const struct schema_field *f = s ? schema_find_field(s, name) : NULL;
    bool ok = false;
    if (s && !f) {
        schema_no_field(s, name, e);
    } else if (f && f->builtin) {
        err_set(e, ERR_INVALID, "\"" STRV_FMT "\" is built in: it stays as it is", STRV_ARG(name));
    } else if (f) {
        *out = (struct schema_stored){
            .kind = 'F', .id = f->id, .type = f->type, .scale = f->scale, .created = f->created, .name = name
        };
        ok = true;
    }
    schema_free(s);
    return ok;
}

bool schema_rename_field(struct catalog_txn *t, struct strv name, struct strv to, struct err *e)
{
    struct schema_stored f;
    if (!schema_check_name(to, true, e) || !schema_find_own(t, name, &f, e)) {
        return false;
    }
    struct schema *s = schema_load(t, e);
    bool taken = s && schema_find_field(s, to);
    schema_free(s);
    if (!s || taken) {
        if (taken) {
            err_set(e, ERR_EXISTS, "there is a field \"" STRV_FMT "\" already", STRV_ARG(to));
        }
        return false;
    }
    f.name = to;
    return schema_store(t, &f) || catalog_ok(t, e);
}

bool schema_drop_field(struct catalog_txn *t, struct strv name, struct err *e)
{
    struct schema_stored f;
    struct env_key k;
    if (!schema_find_own(t, name, &f, e)) {
        return false;
    }
    env_del(&t->env, TABLE_SCHEMA, schema_key(&k, 'F', f.id));
    f.kind = 'D';
    return schema_store(t, &f) || catalog_ok(t, e);
}

uint16_t schema_prepare_field(struct catalog_txn *t, struct strv name, enum schema_type type, unsigned scale,
                              usec_t now, struct err *e)
{
    struct schema_stored old,
        made = { .kind = 'N', .type = type, .scale = (uint8_t)scale, .created = now, .name = name };
    return schema_find_own(t, name, &old, e) ? schema_declare(t, &made, CATALOG_NEXT_FIELD, e) : 0;
}

bool schema_switch_field(struct catalog_txn *t, struct strv name, uint16_t prepared, struct err *e)
{
    struct env_key k;
    struct schema *s = schema_load(t, e);
    const struct schema_field *f = s ? schema_field(s, prepared) : NULL;
    struct schema_stored made = { .kind = 'F', .id = prepared, .name = name };
    if (f) {
        made.type = f->type;
        made.scale = f->scale;
        made.created = f->created;
    }
    bool there = f != NULL || (s && err_set(e, ERR_STATE, "what was prepared is gone"));
    schema_free(s);
    if (!there || !schema_drop_field(t, name, e)) {
        return false;
    }
    env_del(&t->env, TABLE_SCHEMA, schema_key(&k, 'N', prepared));
    return schema_store(t, &made) || catalog_ok(t, e);
}

void schema_forget_field(struct catalog_txn *t, uint16_t field)
{
    struct env_key k;
    env_del(&t->env, TABLE_SCHEMA, schema_key(&k, 'D', field));
    env_del(&t->env, TABLE_SCHEMA, schema_key(&k, 'N', field));
}
